"""Atomic: how a file that several processes make comes to be: written aside and renamed, or made in one transaction.

The ground that the floors and the sandbox both stand on: it knows files, and nothing of the gateway.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

ASIDE = ".part-"
"""How the name of a file begins while it is not whole."""

LONGEST_WRITE = 3600.0
"""Seconds after which a file aside that nobody has written to is what a killed process left."""

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
_OTHERS = 0o077

ALONE = "BEGIN IMMEDIATE"
"""Begins a transaction that writes; in ``with connection:``, which commits it as a whole, or not at all: begun before
that it would stay open, and the file locked, where an interrupt ends the waiting for it."""
BUSY_SECONDS = 60.0
"""How long one process waits for another's transaction."""


@contextlib.contextmanager
def aside(folder: Path, *, private: bool = False) -> Iterator[Path]:
    """Give a name in `folder` to write to; what is not put in its place when the block ends is removed.

    Parameters
    ----------
    folder : Path
        Where the file will stand.
    private : bool
        Whether it is its owner's alone, from its first byte on; it is there then, and empty, and so is a folder that
        was missing, or that somebody has deleted.
    """
    path = folder / f"{ASIDE}{secrets.token_hex(16)}"
    try:
        if private:
            private_folder(folder)
            path.touch(PRIVATE_FILE, exist_ok=False)
            path.chmod(PRIVATE_FILE)  # whatever the umask is
        yield path
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def remove_leftovers(*folders: Path, unwritten: float = LONGEST_WRITE) -> None:
    """Remove what killed processes left half-written in folders: files aside, not written to for so many seconds."""
    for folder in folders:
        with contextlib.suppress(OSError):
            for path in list(folder.glob(f"{ASIDE}*")):
                with contextlib.suppress(OSError):  # somebody else's, or gone meanwhile
                    facts = path.lstat()
                    if stat.S_ISREG(facts.st_mode) and time.time() - facts.st_mtime > unwritten:
                        path.unlink()


def put(written: Path, target: Path, *, synced: bool = False) -> None:
    """Put a written file in its place; the last of several processes wins, and each is whole.

    Parameters
    ----------
    written, target : Path
        Of one folder, or at least of one disk.
    synced : bool
        Whether it has to survive a loss of power: what a journal names, and cannot be made again.
    """
    if synced:
        with written.open("rb+") as file:
            os.fsync(file.fileno())
    written.replace(target)
    if synced:
        _sync_folder(target.parent)


def _sync_folder(folder: Path) -> bool:
    """Have a folder's list of files on the disk itself; False where a system or a disk does that for no folder."""
    try:
        opened = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        os.fsync(opened)
    except OSError:
        return False
    finally:
        os.close(opened)
    return True


def write(target: Path, data: bytes, *, private: bool = False, synced: bool = False) -> None:
    """Write a file whole or not at all; `private` and `synced` as for `aside` and `put`."""
    with aside(target.parent, private=private) as part:
        part.write_bytes(data)
        put(part, target, synced=synced)


def reason_of(error: OSError) -> str:
    """Return what a system says of a file, with its name, unless that is one aside: nobody has seen that name."""
    told = error.strerror or str(error)
    return told if error.filename is None or ASIDE in str(error.filename) else f"{told}: {error.filename}"


def private_folder(folder: Path) -> None:
    """Make a folder that is its owner's alone, with what is missing above it; one that is there stays as it is."""
    for missing in reversed([place for place in (folder, *folder.parents) if not place.exists()]):
        with contextlib.suppress(FileExistsError):  # another process was first
            missing.mkdir(PRIVATE_FOLDER)
            missing.chmod(PRIVATE_FOLDER)


def close_to_others(folder: Path) -> None:
    """Take away what others of this machine may do with a folder and all that is in it; links are not followed."""
    if os.name != "posix":
        return
    for root, folders, files in os.walk(folder, topdown=False):
        for name in (*files, *folders, ""):
            path = Path(root, name)
            with contextlib.suppress(OSError):  # somebody else's, or gone meanwhile
                mode = path.lstat().st_mode
                if mode & _OTHERS and not stat.S_ISLNK(mode):
                    path.chmod(stat.S_IMODE(mode) & ~_OTHERS)


def is_open_to_others(path: Path) -> bool:
    """Return True when others of this machine may read or enter a file or folder that is there, and is no link."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return os.name == "posix" and bool(mode & _OTHERS) and not stat.S_ISLNK(mode)


def open_database(
    path: Path, missing: Callable[[sqlite3.Connection], Sequence[str]], *, synchronous: str = ""
) -> sqlite3.Connection:
    """Open an SQLite file, made or brought up to date as needed.

    Rollback journal: WAL is not supported on the network folders where homes often are. Transactions are begun by hand.

    Parameters
    ----------
    path : Path
        The file; made when missing.
    missing : callable
        Looks at the file and returns the statements that bring it up to date. What it reads is of one moment: it is
        called in a transaction, and where anything is missing once more, alone in the file, since another process may
        have been first.
    synchronous : str
        SQLite's word for what a commit waits for; by default for all that outlives a loss of power.

    Raises
    ------
    sqlite3.Error
        And whatever `missing` raises; the file is left as it was.
    """
    import sqlite3

    with contextlib.suppress(OSError):  # SQLite says it better; the files that it makes beside this one are alike
        _make_empty(path)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA synchronous = {synchronous or durable(path.parent)}")
        connection.execute("BEGIN DEFERRED")
        with connection:
            complete = not missing(connection)
        if not complete:
            connection.execute(ALONE)
            with connection:
                for statement in missing(connection):
                    connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def durable(folder: Path) -> str:
    """Return SQLite's word for commits that outlive a loss of power, as far as a folder's disk can.

    After FULL the last one may be undone then, as the folder is not synced in which its rollback journal was deleted;
    what was sent since would be sent again. Where no folder can be synced every commit by EXTRA would fail.
    """
    return "EXTRA" if _sync_folder(folder) else "FULL"


def _make_empty(path: Path) -> None:
    """Have a file there that is its owner's alone; it is itself never opened here.

    Who closes a file lets go of all locks that their process has on it: of SQLite's in another thread, too, which may
    be in the middle of a transaction (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    if not path.exists():
        with aside(path.parent, private=True) as part:
            os.link(part, path)  # which another process may have done first
