"""Atomic: how a file that several processes make comes to be: written aside and renamed, or made in one transaction.

The ground that the floors and the sandbox both stand on: it knows files, and nothing of the gateway.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

ASIDE = ".part-"
"""How the name of a file begins while it is not whole."""

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
        Whether it is its owner's alone, from its first byte on; it is there then, and empty.
    """
    path = folder / f"{ASIDE}{secrets.token_hex(16)}"
    try:
        if private:
            path.touch(0o600, exist_ok=False)
        yield path
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def put(written: Path, target: Path, *, synced: bool = False) -> None:
    """Put a written file in its place; the last of several processes wins, and each is whole.

    Parameters
    ----------
    written, target : Path
        Of one folder, or at least of one disk.
    synced : bool
        Whether it has to survive a loss of power.
    """
    if synced:
        with written.open("rb+") as file:
            os.fsync(file.fileno())
    written.replace(target)


def write(target: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file whole or not at all."""
    with aside(target.parent, private=private) as part:
        part.write_bytes(data)
        put(part, target)


def open_database(
    path: Path, missing: Callable[[sqlite3.Connection], Sequence[str]], *, synchronous: str = "FULL"
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
        SQLite's word for what a commit waits for.

    Raises
    ------
    sqlite3.Error
        And whatever `missing` raises; the file is left as it was.
    """
    import sqlite3

    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        with transaction(connection, "DEFERRED"):
            complete = not missing(connection)
        if not complete:
            with transaction(connection):
                for statement in missing(connection):
                    connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """One transaction, committed as a whole or not at all; `kind` is SQLite's word for when others have to wait."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
