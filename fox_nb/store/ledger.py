"""Ledger, for apps with visitors: one purse for many stores, so that one budget holds for all of them together."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from fox_nb.atomic import BUSY_SECONDS, PRIVATE_FILE, open_database
from fox_nb.errors import NOTHING_SENT, StoreError
from fox_nb.settings import named
from fox_nb.store.journal_reader import OpenDatabase, check_budget
from fox_nb.store.schema import no_locks
from fox_nb.workdir import given_path, whole

_MADE = (
    "CREATE TABLE purse (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE held (
        number  INTEGER PRIMARY KEY,   -- one a sending
        gateway TEXT NOT NULL,
        account TEXT NOT NULL,         -- fingerprint of the key, with this ledger's own salt
        micro   INTEGER NOT NULL,      -- millionths of a USD
        visitor TEXT NOT NULL,         -- whose store
        what    TEXT NOT NULL,         -- the task's identity there
        at      REAL NOT NULL
    )""",
    "CREATE INDEX held_by_account ON held (gateway, account, micro)",
    "INSERT INTO purse VALUES ('salt', lower(hex(randomblob(16))))",
)


class Ledger(OpenDatabase):
    """The sum of what many stores have spent; a sending takes from it first, and gets back what was not accepted.

    What a process held when it was killed stays held: nobody knows whether it was paid for, so a budget may be kept too
    strictly, and never too loosely.

    Parameters
    ----------
    path : str or Path
        The file; made when missing, with its folder.

    Raises
    ------
    StoreError
        It cannot be used.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = whole(given_path(path, "ledger"))
        super().__init__(f"ledger {self._shown}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if (unlocked := no_locks(self.path.parent, "ledger")) is not None:
                raise unlocked
            self._open()
            with contextlib.suppress(OSError):
                self.path.chmod(PRIVATE_FILE)
            self.salt: str = self._connection.execute("SELECT value FROM purse WHERE name = 'salt'").fetchone()[0]
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from None

    def _open(self) -> None:
        try:
            self._connection = open_database(self.path, _missing)
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def hold(
        self,
        gateway: str,
        account: str,
        micro_usd: int,
        *,
        budget: int,
        visitor: str,
        what: str,
        now: float,
        play: bool,
    ) -> int:
        """Take an amount out of the budget, in one transaction; returns the number to give it back by.

        Raises
        ------
        BudgetExceeded
            The budget of all visitors together has not so much left.
        """
        with self.writing() as connection:
            left = budget - _spent(connection, gateway, account)
            todo = "whoever runs this app for a larger budget"
            check_budget(micro_usd, left, budget, play=play, of="all visitors'", todo=todo)
            row = connection.execute(
                "INSERT INTO held (gateway, account, micro, visitor, what, at) VALUES (?, ?, ?, ?, ?, ?)",
                (gateway, account, micro_usd, visitor, what, now),
            )
            return int(row.lastrowid or 0)

    def give_back(self, number: int) -> None:
        """Put back what was held for a sending that was certainly not accepted; as soon as the file can be written."""
        with contextlib.suppress(StoreError):
            self._note(
                "what was held for a sending that was not accepted is free again",
                lambda connection: connection.execute("DELETE FROM held WHERE number = ?", (number,)),
            )

    def spent(self, gateway: str, account: str) -> int:
        """Return in micro-USD what all visitors together have spent."""
        with self.writing() if self._owed else self.reading() as connection:
            return _spent(connection, gateway, account)

    @property
    def _shown(self) -> str:
        return named(self.path)

    def _unusable(self, error: Exception) -> StoreError:
        code = getattr(error, "sqlite_errorname", "")
        what, todo = f"cannot be used ({error})", "Check the folder's rights and the free space."
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            if (unlocked := no_locks(self.path.parent, "ledger")) is not None:
                return unlocked
            what = f"has been locked by another program for {BUSY_SECONDS:.0f} s"
            todo = "Try again in a moment; if it stays so, end the program that hangs."
        elif code == "SQLITE_READONLY_DBMOVED":
            what, todo = "was moved or deleted while it was open", "Put it back where it was, or restart the app."
        return StoreError(f"The ledger {self._shown} {what}.", money=NOTHING_SENT, todo=todo)


def _missing(connection: sqlite3.Connection) -> tuple[str, ...]:
    made = connection.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('purse', 'held')").fetchone()[0]
    return () if made else _MADE


def _spent(connection: sqlite3.Connection, gateway: str, account: str) -> int:
    query = "SELECT coalesce(sum(micro), 0) FROM held WHERE gateway = ? AND account = ?"
    return int(connection.execute(query, (gateway, account)).fetchone()[0])
