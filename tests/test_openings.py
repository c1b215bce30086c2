"""Openings: many processes open or make the same new file at the same moment, and each finds it whole."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import openings
from artifacts import Places
from fox_nb.atomic import ALONE, ASIDE
from fox_nb.classroom.tables import Database
from fox_nb.store import Store
from fox_nb.store.ledger import Ledger
from processes import Child, clean_environment

WIDTH = 4
FULL, EXTRA = 2, 3
"""SQLite's numbers for what a commit waits for."""
EXPECTED = {"sandbox": {"held", "in use"}, "address": {"whole"}}
"""What the openers of one file may say; where nothing stands here, all say the same, whatever it is."""


@pytest.mark.parametrize("kind", openings.OPENERS)
def test_whoever_opens_a_new_file_gets_it(kind: str, tmp_path: Path, artifacts: Places) -> None:
    """Forty openings by four processes at once: each gets the one file, whole, and nothing half-made is left."""
    opened_together(kind, 40, tmp_path, artifacts)


@pytest.mark.long
@pytest.mark.parametrize("kind", openings.OPENERS)
def test_whoever_opens_a_new_file_gets_it_however_often(kind: str, tmp_path: Path, artifacts: Places) -> None:
    """Two thousand openings: each gets the one file, whole, and nothing half-made is left."""
    opened_together(kind, 2000, tmp_path, artifacts)


def opened_together(kind: str, number: int, folder: Path, artifacts: Places) -> None:
    Image.linear_gradient("L").resize((600, 400)).save(folder / openings.PICTURE)
    script = [str(Path(openings.__file__)), kind]
    with contextlib.ExitStack() as stack:
        openers = [stack.enter_context(Child(*script, env=clean_environment(artifacts))) for _ in range(WIDTH)]
        for count in range(number // WIDTH):
            place = folder / str(count)
            place.mkdir()
            (place / openings.PICTURE).hardlink_to(folder / openings.PICTURE)
            for opener in openers:
                opener.tell(str(place))
            said = {opener.line(f"the end of opening {count}") for opener in openers}
            assert said <= EXPECTED[kind] if kind in EXPECTED else len(said) == 1, (count, said)
            assert kind != "sandbox" or "held" in said
            assert not list(place.rglob(f"{ASIDE}*"))


@pytest.mark.parametrize(
    ("open_it", "name"),
    [(lambda place: Store(place).journal, "journal.sqlite"), (lambda place: Ledger(place / "l"), "l")],
)
def test_who_opens_a_file_once_more_lets_go_of_no_lock(
    open_it: Callable[[Path], Any], name: str, tmp_path: Path, artifacts: Places
) -> None:
    """While a thread writes, its own process may open the file again, as a first cell that is run anew does: no other gets in."""
    code = """if True:
        import sqlite3, sys
        connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
        for _ in sys.stdin:
            try:
                connection.execute("BEGIN IMMEDIATE")
                print("in", flush=True)
            except sqlite3.OperationalError as error:
                print(error, flush=True)
    """
    first = open_it(tmp_path / "place")
    with Child("-c", code, str(tmp_path / "place" / name), env=clean_environment(artifacts)) as other:
        with first.reading() as connection, connection:
            connection.execute(ALONE)
            open_it(tmp_path / "place").close()
            other.tell("try")
            assert other.line("what another process is told") == "database is locked"
        other.tell("try")
        assert other.line("what it is told afterwards") == "in"
    first.close()


@pytest.mark.parametrize("kind", ["store", "ledger", "class"])
@pytest.mark.parametrize("can_sync", [True, False])
def test_what_is_committed_outlives_a_loss_of_power(
    kind: str, can_sync: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal syncs the folder of its rollback journal, too, for else its last commit is undone; where that can be done at all."""

    def fsync(number: int, sync: Callable[[int], None] = os.fsync) -> None:
        if stat.S_ISDIR(os.fstat(number).st_mode) and not can_sync:
            raise OSError(errno.EINVAL, "Invalid argument")  # as VirtualBox's shared folders say
        sync(number)

    monkeypatch.setattr(os, "fsync", fsync)
    if kind == "class":
        database = Database(tmp_path / "class")
        said = database.change(lambda connection: connection.exec_driver_sql("PRAGMA synchronous").scalar())
        database.close()
    else:
        opened = Store(tmp_path / "store").journal if kind == "store" else Ledger(tmp_path / "ledger")
        with opened.reading() as connection:
            said = connection.execute("PRAGMA synchronous").fetchone()[0]
        opened.close()
    assert said == (EXTRA if can_sync and os.name == "posix" else FULL)
