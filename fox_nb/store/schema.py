"""Schema: the journal's tables, how an older store is brought up to date, and the errors of one that can't be used."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from fox_nb.atomic import BUSY_SECONDS, aside, open_database
from fox_nb.errors import NOTHING_SENT, StoreDamaged, StoreError, StoreTooNew
from fox_nb.settings import named

APPLICATION_ID = 0x464F584E
"""'FOXN': tells a journal from any other SQLite file."""

MIGRATIONS = (
    """
    CREATE TABLE task (
        identity     TEXT PRIMARY KEY,      -- hash of gateway, request and take
        gateway      TEXT NOT NULL,
        account      TEXT NOT NULL,         -- fingerprint of the key
        model        TEXT NOT NULL,
        request      TEXT NOT NULL,         -- canonical JSON; local files as sha256:…
        request_hash TEXT NOT NULL,
        take         INTEGER NOT NULL,
        state        TEXT NOT NULL,         -- preparing, sending, or what Task.status says
        owner        TEXT NOT NULL,         -- the process that sends it: host, pid, start time
        asked        REAL NOT NULL,         -- seconds since 1970, as all times
        sent         REAL,
        accepted     REAL,
        finished     REAL,
        task_id      TEXT NOT NULL DEFAULT '',
        progress     INTEGER NOT NULL DEFAULT 0,
        estimate     REAL,                  -- seconds, as the gateway guessed
        credits      REAL,                  -- what the gateway says it reserved
        links        TEXT NOT NULL DEFAULT '[]',
        profile_id   TEXT NOT NULL DEFAULT '',
        error_code   TEXT NOT NULL DEFAULT '',
        error        TEXT NOT NULL DEFAULT '',
        UNIQUE (gateway, request_hash, take)
    );
    CREATE INDEX task_by_time ON task (gateway, asked);
    CREATE INDEX task_unfinished ON task (gateway, state) WHERE state NOT IN ('completed', 'failed', 'refused');
    CREATE INDEX task_by_id ON task (task_id);

    CREATE TABLE picture (
        identity TEXT NOT NULL REFERENCES task (identity),
        number   INTEGER NOT NULL,
        file     TEXT NOT NULL,             -- relative to the store
        sha256   TEXT NOT NULL,
        url      TEXT NOT NULL,
        mime     TEXT NOT NULL,
        width    INTEGER NOT NULL,
        height   INTEGER NOT NULL,
        bytes    INTEGER NOT NULL,
        PRIMARY KEY (identity, number)
    );
    CREATE INDEX picture_by_hash ON picture (sha256);

    CREATE TABLE charge (
        number   INTEGER PRIMARY KEY,       -- one a sending; a retry is another
        identity TEXT NOT NULL REFERENCES task (identity),
        gateway  TEXT NOT NULL,
        account  TEXT NOT NULL,
        micro    INTEGER NOT NULL,          -- millionths of a USD
        estimate INTEGER NOT NULL,          -- 1 where the price is not the gateway's own
        state    TEXT NOT NULL,             -- held, kept, back, or settled by a person: settled (not paid), paid
        at       REAL NOT NULL
    );
    CREATE INDEX charge_by_account ON charge (gateway, account, state, micro);
    CREATE INDEX charge_by_identity ON charge (identity);

    CREATE TABLE source (
        sha256 TEXT PRIMARY KEY,            -- a local file that requests name
        file   TEXT NOT NULL,               -- its copy, relative to the store
        origin TEXT NOT NULL,               -- where the person took it from, for 'show code'
        mime   TEXT NOT NULL
    );

    CREATE TABLE upload (
        gateway TEXT NOT NULL,
        account TEXT NOT NULL,
        sha256  TEXT NOT NULL,
        url     TEXT NOT NULL,
        at      REAL NOT NULL,
        PRIMARY KEY (gateway, account, sha256)
    );

    CREATE TABLE profile (
        gateway    TEXT NOT NULL,
        profile_id TEXT NOT NULL,
        name       TEXT NOT NULL,
        at         REAL NOT NULL,
        PRIMARY KEY (gateway, profile_id)
    );

    CREATE TABLE fact (
        name  TEXT PRIMARY KEY,
        value TEXT NOT NULL
    );
    """,
    """
    -- by what the gateway's support finds the newest creating call
    ALTER TABLE task ADD COLUMN request_id TEXT NOT NULL DEFAULT ''
    """,
    """
    -- each sending by itself, and what the gateway's own log says of it, in millionths of a USD and by its own clock:
    -- NULL while nobody has seen it there. bill is how sure that is, bill_task the task that the log names
    ALTER TABLE charge ADD COLUMN sent REAL;
    ALTER TABLE charge ADD COLUMN accepted REAL;
    ALTER TABLE charge ADD COLUMN task_id TEXT NOT NULL DEFAULT '';
    ALTER TABLE charge ADD COLUMN charged INTEGER;
    ALTER TABLE charge ADD COLUMN charged_at REAL;
    ALTER TABLE charge ADD COLUMN refunded INTEGER;
    ALTER TABLE charge ADD COLUMN refunded_at REAL;
    ALTER TABLE charge ADD COLUMN bill TEXT NOT NULL DEFAULT '';
    ALTER TABLE charge ADD COLUMN bill_task TEXT NOT NULL DEFAULT '';
    UPDATE charge SET (sent, accepted, task_id) =
        (SELECT t.sent, t.accepted, t.task_id FROM task t WHERE t.identity = charge.identity)
        WHERE number IN (SELECT max(number) FROM charge GROUP BY identity);
    CREATE TABLE bill_read (
        gateway TEXT NOT NULL,
        account TEXT NOT NULL,
        what    TEXT NOT NULL,             -- account, log, or the refusal of one
        at      REAL NOT NULL
    );
    CREATE INDEX bill_read_by_time ON bill_read (gateway, at)
    """,
)
"""One script a version; a new version appends one and never changes an older one."""


def connect(path: Path) -> sqlite3.Connection:
    """Open a journal, made or brought up to date as needed.

    Raises
    ------
    StoreDamaged, StoreTooNew, StoreError
        The file is not a journal, is a newer one, or cannot be opened; it is left as it is.
    """

    def missing(connection: sqlite3.Connection) -> list[str]:
        version = _version(connection, path)
        statements = []
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            statements += [*script.split(";\n"), f"PRAGMA user_version = {number}"]
        return [*statements, f"PRAGMA application_id = {APPLICATION_ID}"] if statements else []

    try:
        return open_database(path, missing)
    except sqlite3.Error as error:
        raise unreadable(path, error) from None


LONGEST_PATH = 500
"""Bytes that SQLite opens everywhere."""
_SHOWN_OF_A_PATH = 80
_OF_THE_DISK = tuple(f"SQLITE_{what}" for what in ("FULL", "IOERR", "READONLY", "CANTOPEN", "PERM", "NOMEM"))


def unreadable(path: Path, error: sqlite3.Error) -> StoreError:
    """Return the error for a journal that SQLite cannot work with."""
    words, code = str(error), getattr(error, "sqlite_errorname", "")
    if code == "SQLITE_READONLY_DBMOVED" or not path.parent.exists():
        what, todo = f"folder {named(path.parent)}", "or make a new Fox(store=…) for where it is now"
        if path.parent.exists():  # what stands there now, if anything, is another file
            what, todo = f"history file {named(path)}", "or put a backup there and make a new Fox"
        return StoreError(
            f"The {what} was moved or deleted while it was open.",
            money="Nothing more was sent.",
            todo=f"Put it back where it was, {todo}, then run the cell again.",
        )
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return no_locks(path.parent) or StoreError(
            f"The history file {named(path)} has been locked by another process for {BUSY_SECONDS:.0f} s.",
            money="Nothing more was sent.",
            todo="End the kernel that hangs, then run the cell again.",
        )
    if isinstance(error, (sqlite3.InterfaceError, sqlite3.ProgrammingError)):
        return StoreError(
            f"The history file {named(path)} was asked for what it cannot be ({words}): that is a fault of fox_nb.",
            money="It was left as it is.",
            todo="Please report it, with the call that you made.",
        )
    if code == "SQLITE_CANTOPEN" and len(os.fsencode(path)) > LONGEST_PATH:
        return StoreError(
            f"The path of the folder is too long for SQLite: {named(path)[:_SHOWN_OF_A_PATH]}….",
            money="Nothing more was sent.",
            todo="Give a folder with a shorter path with store=….",
        )
    if code.startswith(_OF_THE_DISK):
        remedy = "Check the free space and the folder's rights"
        if _is_out_of_files():
            words, remedy = (
                "this program has too many files open",
                "Close figures or connections, or restart the kernel",
            )
        return StoreError(
            f"The history file {named(path)} cannot be opened or written ({words}).",
            money="Nothing more was sent.",
            todo=f"{remedy}, then run the cell again; another store=… would pay again for what this one has.",
        )
    is_empty = path.is_file() and path.stat().st_size == 0
    return StoreDamaged(
        f"The history file {named(path)} is {'empty' if is_empty else f'damaged or not one of fox_nb ({words})'}.",
        money="It was left as it is" + ("." if is_empty else "; what it knows is not lost yet."),
        todo="Keep a copy of the folder; put a backup in its place, or go on with a new store=….",
    )


def _is_out_of_files() -> bool:
    """Return True where this program can open no file at all: SQLite says the same of a folder without rights."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in {errno.EMFILE, errno.ENFILE}
    return False


def no_locks(folder: Path, argument: str = "store") -> StoreError | None:
    """Return what is wrong where files cannot be locked at all: SQLite takes that for a lock of somebody else's.

    `argument` is by what Fox is given another place.
    """
    try:
        import fcntl
    except ImportError:
        return None
    try:
        with aside(folder) as path, path.open("wb") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}:
            return StoreError(
                f"Files in {named(folder)} cannot be locked ({error.strerror}), as on some network drives; without "
                "locks two kernels would damage what is in it.",
                money=NOTHING_SENT,
                todo=f"Give a place on a disk of this machine with {argument}=…, or have the drive's locks turned on.",
            )
    return None


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the journal's version; 0 for a new file."""

    def number(pragma: str) -> int:
        with closing(connection.execute(f"PRAGMA {pragma}")) as rows:
            return int(rows.fetchone()[0])

    version, application = number("user_version"), number("application_id")
    empty = application == 0 and version == 0
    if empty:
        with closing(connection.execute("SELECT count(*) FROM sqlite_master")) as rows:
            empty = rows.fetchone()[0] == 0
    if not empty and application != APPLICATION_ID:
        raise StoreDamaged(
            f"{named(path)} is an SQLite file, but not a history of fox_nb.",
            money="It was left as it is.",
            todo="Give another place with store=….",
        )
    if version > len(MIGRATIONS):
        raise StoreTooNew(
            f"The history file {named(path)} was made by a newer fox_nb (its version {version}, known here "
            f"{len(MIGRATIONS)}).",
            money="It was left as it is.",
            todo="Update fox_nb from where you have it, or give another place with store=….",
        )
    return version
