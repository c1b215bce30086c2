"""What people already have keeps working: a store, a recorded lesson and a notebook that fox_nb 0.1 wrote."""

import json
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import fox_nb
from artifacts import MARKED_KEY, Places
from fox_nb.store import Store
from kernels import printed
from processes import clean_environment

DATA = Path(__file__).parent / "data" / "fox_nb-0.1"


@pytest.fixture
def folder(artifacts: Places) -> Path:
    """A folder with the store of 0.1 in it: an image, its edit, one of Grok, and a task that failed."""
    place = artifacts.fresh("older")
    with zipfile.ZipFile(DATA / "fox_runs.zip") as archive:
        archive.extractall(place)
    return place


def test_an_older_store_opens_and_goes_on(folder: Path, sandbox: Any) -> None:
    """What 0.1 paid for is there, costs what it cost and is reused; what failed then is told, and new tasks go into the same store."""
    with fox_nb.Fox(MARKED_KEY, sandbox.base_url, folder / "fox_runs") as fox:
        states = [(task.model, task.status) for task in fox.tasks()]
        assert states == [
            ("phota-image", "failed"),
            ("grok-imagine-image", "completed"),
            ("phota-image-edit", "completed"),
            ("phota-image", "completed"),
        ]
        assert float(fox.spent) == pytest.approx(0.29)
        assert [image.pil().size for task in fox.tasks() for image in task.images] == [
            (1408, 768),
            (1024, 1024),
            (1024, 1024),
        ]
        again = fox.generate("a fox in the snow").wait(60)
        assert again.reused
        assert fox.edit("make it night", again.images[0]).wait(60).reused
        with pytest.raises(fox_nb.TaskFailed, match="no luck"):
            fox.generate("bad luck").wait(60)
        assert not sandbox.creations
        assert fox.generate("a fox in the snow", take=2).wait(60).images[0].path.exists()
        assert len(sandbox.creations) == 1
        assert "a fox in the snow" in fox.tasks()._repr_html_()


def test_a_parameter_of_a_newer_version_is_in_nobodys_way(folder: Path, sandbox: Any) -> None:
    """A request that a newer fox_nb has made is shown as it is; its code is that request, and asks for no other picture."""
    with fox_nb.Fox(MARKED_KEY, sandbox.base_url, folder / "fox_runs") as fox:
        failed = fox.tasks(status="failed")[0]
        with fox.store.journal.writing() as connection:
            newer = json.dumps({**failed.request, "style": "ink"})
            connection.execute("UPDATE task SET request = ? WHERE identity = ?", (newer, failed.identity))
        failed = fox.tasks(status="failed")[0]
        assert fox.panel("phota-image")._outcome.actions(failed)[0].name == "retry"
        assert fox.reconcile().found == 0
        with pytest.raises(fox_nb.InvalidRequest, match="has no parameter 'style'"):
            eval(failed.code(), {"fox": fox})
        assert not sandbox.creations


def test_an_older_recorded_lesson_plays(tmp_path: Path) -> None:
    """A lesson that 0.1 recorded shows its pictures here, without a gateway."""
    with fox_nb.Fox(replay=DATA / "lesson.foxpack", store=tmp_path / "runs") as fox:
        assert fox.generate("a fox in the snow").wait(60).images[0].pil().size == (1024, 1024)


def test_an_older_notebook_runs_again_and_pays_nothing(
    folder: Path, runner: Any, own_sandbox: Mapping[str, str]
) -> None:
    """A notebook of 0.1 runs from top to bottom on its store; all that it shows was paid for already."""
    shutil.copy(DATA / "notebook.ipynb", folder)
    ran = runner.execute(folder / "notebook.ipynb", env=own_sandbox, folder=folder)
    assert printed(ran.cells[-1]) == "failed 4\n"
    for cell in ran.cells[2:4]:
        assert any("<img" in output.get("data", {}).get("text/html", "") for output in cell.outputs)


def test_a_newer_store_is_refused_in_words(folder: Path, artifacts: Places) -> None:
    """A store that a newer fox_nb has changed is refused with what to do, and is not touched."""
    journal = folder / "fox_runs" / "journal.sqlite"
    Store(folder / "fox_runs").close()
    with sqlite3.connect(journal) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.close()
    before = journal.read_bytes()
    code = textwrap.dedent("""\
        import sys, fox_nb
        try:
            fox_nb.Fox(store=sys.argv[1]).tasks()
        except fox_nb.FoxError as error:
            print(error)
    """)
    said = subprocess.run(
        [sys.executable, "-c", code, str(folder / "fox_runs")],
        env=clean_environment(artifacts, {}), capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    assert "newer" in said
    assert "Update fox_nb" in said
    assert journal.read_bytes() == before
