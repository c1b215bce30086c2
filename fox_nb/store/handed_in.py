"""Handed in: what others made and sent: stores found in whatever ZIP they are in, and journals read with care."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path, PurePosixPath

from pydantic import TypeAdapter

from fox_nb.atomic import open_database
from fox_nb.errors import StoreError
from fox_nb.store.journal import JOURNAL, Journal
from fox_nb.store.packs import SUFFIX
from fox_nb.store.rows import TaskRow

MOST_UNPACKED = 4 << 30
"""Bytes that one ZIP may hold when it is unpacked; only what is shown is unpacked at all."""
MOST_OF_A_PERSON, MOST_OF_A_FILE = 4 << 30, 64 << 30
"""Bytes that are unpacked of one person's work, and of one file with all in it: ZIPs in ZIPs may hold any more."""
LARGEST_JOURNAL = 1 << 30
_MOST_MEMBERS, _MOST_STORES = 100_000, 1000
_PIECE = 1 << 20
_LOCKED = 0x1
_UNFINISHED = f"{JOURNAL}-journal"
_NAMES_A_FILE = bytes.fromhex("d9d505f920a163d7")
"""What an unfinished journal of SQLite ends with that names another file, which SQLite would then delete."""
_STEPS, _MOST_STEPS = 100_000, 3000
"""SQLite's steps between two looks, and looks until it is ended: a view may have rows without end."""
_LONGEST_WORDS = 20_000
_ROW = TypeAdapter(TaskRow)


class TooMuch(Exception):
    """More was to be unpacked than anybody's work is."""


class Room:
    """How many bytes may still be unpacked."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, size: int) -> None:
        """Take so much of it, or raise `TooMuch`."""
        self.left -= size
        if self.left < 0:
            raise TooMuch("it is too large when unpacked")


class OtherStore:
    """A store that somebody handed in: a folder, or a folder in a ZIP; only read, a file at a time.

    Attributes
    ----------
    name : str
        What tells whose it is: the first folder in the ZIP that not all share, or the ZIP in it; '' for the ZIP as a
        whole.
    """

    def __init__(self, name: str, place: Path | _Folder) -> None:
        self.name = name
        self._place = place

    def has(self, file: str) -> bool:
        """Return True when the file is in the store, and not somewhere else by way of it."""
        if isinstance(self._place, _Folder):
            return file in self._place.members
        with suppress(OSError, ValueError):  # what no file can be called
            path = (self._place / file).resolve()
            return path.is_relative_to(self._place.resolve()) and path.is_file()
        return False

    def fetch(self, file: str, target: Path, most: int, rooms: Sequence[Room]) -> Path:
        """Return a path to the file: its own, or `target`, unpacked.

        Raises
        ------
        TooMuch
            One of the rooms is full.
        ValueError, OSError, RuntimeError, zipfile.BadZipFile
            It is larger than `most`, or cannot be unpacked.
        """
        if isinstance(self._place, _Folder):
            return _unpacked(self._place.archive, self._place.members[file], target, most, rooms)
        path = self._place / file
        if path.stat().st_size > most:
            raise ValueError("it is too large")
        return path

    def _copy(self, file: str, copy: Path, rooms: Sequence[Room]) -> None:
        got = self.fetch(file, copy, LARGEST_JOURNAL, rooms)
        if got != copy:
            shutil.copyfile(got, copy)

    def rows(self, folder: Path, rooms: Sequence[Room]) -> tuple[list[TaskRow], int]:
        """Return the tasks of its journal, and how many entries are not what fox_nb writes.

        A copy is read, in `folder`: what was handed in is not written to, not even to be brought up to date.

        Raises
        ------
        ValueError, sqlite3.Error, StoreError, TooMuch
            It is no journal, or one without an end.
        """
        copy = folder / f"{JOURNAL}-{len(list(folder.iterdir()))}"
        self._copy(JOURNAL, copy, rooms)
        if self.has(_UNFINISHED):  # packed while it was written: SQLite puts the copy right by it
            undo = copy.with_name(f"{copy.name}-journal")
            self._copy(_UNFINISHED, undo, rooms)
            _refuse_names(undo)
        if not copy.stat().st_size:
            raise StoreError("Its history is empty.")
        with closing(open_database(copy, lambda _: ())) as connection:
            _refuse_foreign(connection)  # before it is brought up to date: a trigger of somebody else's would run then
        with closing(Journal(copy)) as journal:
            with journal.reading() as connection:
                looks = itertools.count()
                connection.set_progress_handler(lambda: next(looks) > _MOST_STEPS, _STEPS)
            names = journal.gateways()
            known = [name for name in names if isinstance(name, str)]
            found = [row for name in known for row in journal.tasks(name)]
        rows = [row for row in (_checked(row) for row in found) if row is not None]
        return sorted(rows, key=lambda row: -row.asked), len(found) - len(rows) + len(names) - len(known)


@dataclasses.dataclass(frozen=True)
class _Folder:
    """A folder of a ZIP that holds a journal: its files by their names below it."""

    archive: Path
    members: dict[str, zipfile.ZipInfo]


def found_in_zip(path: Path, folder: Path, rooms: Sequence[Room]) -> Iterator[OtherStore | tuple[str, Path]]:
    """Find the stores of a ZIP, wherever they are in it, and the packs and ZIPs in it, each as a name and a path.

    Whoever packed it: with a folder around everything or without, with backslashes as some Windows programs do, with
    what macOS adds. Nothing is unpacked by a name that it brings.

    Raises
    ------
    ValueError, TooMuch
        It is locked, too large when unpacked, or holds too many.
    """
    members = _members(path)
    around = _around(members)
    roots = [name.removesuffix(JOURNAL) for name in members if name == JOURNAL or name.endswith(f"/{JOURNAL}")]
    kinds = (".zip", SUFFIX)
    inner = [
        name
        for name in members
        if name.lower().endswith(kinds) and "sources" not in PurePosixPath(name).parts  # a store keeps trainings there
    ]
    if len(roots) + len(inner) > _MOST_STORES:
        raise ValueError("there are too many folders and ZIPs in it")
    for root in roots:
        below = {name[len(root) :]: info for name, info in members.items() if name.startswith(root)}
        yield OtherStore(_first(root[around:]) if inner else "", _Folder(path, below))
    for number, name in enumerate(inner):
        target = folder / f"inner-{number}{PurePosixPath(name).suffix.lower()}"
        _unpacked(path, members[name], target, MOST_UNPACKED, rooms)
        is_alone = len(inner) == 1 and not roots and "/" not in name[around:]
        yield "" if is_alone else _first(name[around:]), target


def _members(path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return a ZIP's files by their names as they were meant; what leads out of it is nothing of ours."""
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > _MOST_MEMBERS or sum(info.file_size for info in infos) > MOST_UNPACKED:
        raise ValueError("it is too large when unpacked")
    if any(info.flag_bits & _LOCKED for info in infos):
        raise ValueError("it is locked by a password")
    named = {re.sub(r"^([A-Za-z]:)?/+|^(\./)+", "", info.filename.replace("\\", "/")): info for info in infos}
    return {name: info for name, info in named.items() if not {"..", "__MACOSX"} & set(PurePosixPath(name).parts)}


def _around(names: Iterable[str]) -> int:
    """Return the length of the folders that all files of a ZIP are in: those tell nobody apart."""
    folders = [name.split("/")[:-1] for name in names]
    shared = itertools.takewhile(lambda steps: len(set(steps)) == 1, zip(*folders, strict=False))
    return sum(len(steps[0]) + 1 for steps in shared)


def _first(name: str) -> str:
    return PurePosixPath(PurePosixPath(name).parts[0]).stem if name else ""


def _unpacked(archive: Path, member: zipfile.ZipInfo, target: Path, most: int, rooms: Sequence[Room]) -> Path:
    """Unpack one member under a name of ours; stop where it is larger than it may be, whatever it says of itself."""
    left = most
    for room in rooms:
        room.take(_PIECE)  # the least that looking for it takes: a journal may name one member a million times
    with zipfile.ZipFile(archive) as opened, opened.open(member) as source, target.open("wb") as file:
        while piece := source.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise ValueError("it is too large when unpacked")
            for room in rooms:
                room.take(len(piece))
            file.write(piece)
    return target


def _refuse_names(undo: Path) -> None:
    """Refuse an unfinished journal that leads out of its folder."""
    with undo.open("rb") as file:
        file.seek(max(0, undo.stat().st_size - len(_NAMES_A_FILE)))
        names_a_file = file.read() == _NAMES_A_FILE
    if names_a_file:
        raise ValueError("its history was not written by fox_nb")


def _refuse_foreign(connection: sqlite3.Connection) -> None:
    """Refuse a journal that holds more than tables: views and triggers do what they like while they are read."""
    kinds = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE type NOT IN ('table', 'index') OR sql LIKE 'CREATE VIRTUAL%'"
    ).fetchone()
    if kinds[0]:
        raise ValueError("its history was not written by fox_nb")


def _checked(row: TaskRow) -> TaskRow | None:
    """Return a row whose every value is of its kind; None for any other."""
    try:
        _ROW.validate_python(row, strict=True)
        body = json.loads(row.request)
    except (ValueError, RecursionError):  # pydantic's own error is a ValueError
        return None
    is_whole = isinstance(body, dict) and row.net >= 0 and math.isfinite(row.asked)
    return row if is_whole and len(row.words) <= _LONGEST_WORDS else None
