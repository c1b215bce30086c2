"""Private: what a store holds is its owner's alone, on a machine that many use."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fox_nb import Fox
from fox_nb.store import Store
from fox_nb.store.ledger import Ledger

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="needs a system where files have modes"),
    pytest.mark.usefixtures("noise"),
]


@pytest.fixture(params=[0o000, 0o002, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """What others may read or enter, of a folder and all that is in it."""
    everything = [folder, *folder.rglob("*")]
    return [f"{path.name} {stat.filemode(path.stat().st_mode)}" for path in everything if path.stat().st_mode & 0o077]


@pytest.mark.usefixtures("umask")
def test_nothing_in_a_store_is_for_others(open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """Whatever the umask: journal, pictures, what was uploaded, thumbnails, tiles and temporary files are the owner's."""
    fox = open_fox(store=tmp_path / "here" / "fox_runs")
    picture = fox.generate("a fox").wait().images[0]
    fox.edit("at night", picture).wait()
    fox.enhance(picture.path).wait().images[0].thumbnail(64)
    assert len(list(fox.store.folder.rglob("*"))) > 12
    assert open_to_others(fox.store.folder) == []
    with fox.store.journal.writing() as connection:
        connection.execute("UPDATE task SET progress = 1")
        beside = fox.store.folder / "journal.sqlite-journal"
        assert not beside.exists() or not beside.stat().st_mode & 0o077


def test_an_older_store_is_closed_when_it_is_opened(open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """A store that was left open to others is closed with all that is in it; what it has is still there."""
    with open_fox() as fox:
        fox.generate("a fox").wait()
    folder = tmp_path / "fox_runs"
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    outside = tmp_path / "elsewhere.txt"
    outside.write_text("not the store's")
    outside.chmod(0o644)
    (folder / "pictures" / "link").symlink_to(outside)
    Store(folder).close()
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644, "a link is not followed"
    (folder / "pictures" / "link").unlink()
    assert open_to_others(folder) == []
    assert open_fox().generate("a fox").reused


@pytest.mark.usefixtures("umask")
def test_a_ledger_is_for_nobody_else(tmp_path: Path) -> None:
    """The purse of all visitors is its owner's alone."""
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can be somebody else")
def test_somebody_else_reads_nothing(open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """Another user of the machine can list and read nothing of a store."""
    fox = open_fox()
    path = fox.generate("a fox").wait().images[0].path
    for place in (path, fox.store.folder / "journal.sqlite"):
        look = f"import os; os.setuid(65534); open({str(place)!r}, 'rb').read(1)"
        done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False, timeout=240)
        assert "Permission denied" in done.stderr


def test_what_is_exported_is_as_the_person_s_other_files(open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """A pack or a ZIP is made to be given away: it follows the umask."""
    before = os.umask(0o022)
    try:
        fox: Any = open_fox()
        fox.generate("a fox").wait()
        for path in (fox.store.export(tmp_path / "lesson").path, fox.store.take_home(tmp_path / "home.zip")):
            assert stat.S_IMODE(path.stat().st_mode) == 0o644
    finally:
        os.umask(before)
