"""Journal: each identity once, each charge once; every change is one committed transaction."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fox_nb.errors import BudgetExceeded
from fox_nb.store.history import History
from fox_nb.store.rows import BEING_SENT, ON_ITS_WAY, owner_is_gone, this_process

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from fox_nb.store.rows import PictureRow, TaskRow
    from fox_nb.tasks import TaskState

MICRO = 1_000_000
OWNER_SECONDS = {"preparing": 7200.0, "sending": 900.0}
"""Longer than any upload, and than any HTTP time-out of the creating call: an older row has lost its process."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request on its way into the journal.

    Attributes
    ----------
    gateway, account : str
        Which gateway, and the fingerprint of the key.
    model, request, request_hash : str
        The model, the canonical JSON and its hash.
    micro : int
        What it may cost, in millionths of a USD.
    price_is_estimate : bool
        True where the price is not the gateway's own.
    """

    gateway: str
    account: str
    model: str
    request: str
    request_hash: str
    micro: int
    price_is_estimate: bool


class Journal(History):
    """The SQLite file that knows every task; may be used from several threads and processes at once."""

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, committed as a whole or not at all."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    # -- asking and sending ---------------------------------------------------------------------------------

    def ask(
        self, asked: Asked, identity_of: Any, take: int | None, *, budget: int | None, state: str, now: float
    ) -> tuple[TaskRow, bool]:
        """Find what is known of a request, or journal it and reserve its cost, in one transaction.

        Parameters
        ----------
        asked : Asked
            The request.
        identity_of : callable
            Makes an identity of a take's number.
        take : int or None
            The take; None for the next number not yet used.
        budget : int or None
            The limit in micro-USD on all charges of this gateway and account.
        state : str
            'preparing' when pictures have to be uploaded first, else 'sending'.
        now : float
            The time.

        Returns
        -------
        row, ours : TaskRow, bool
            `ours` is True when this call is the one that has to send it.

        Raises
        ------
        BudgetExceeded
            Nothing was journalled.
        """
        with self.writing() as connection:
            if take is None:
                key = (asked.gateway, asked.request_hash)
                take = connection.execute(
                    "SELECT coalesce(max(take), 0) + 1 FROM task WHERE gateway = ? AND request_hash = ?", key
                ).fetchone()[0]
            identity = identity_of(take)
            row = self._settled_owner(connection, identity, now)
            if row is not None and row.state != "refused":
                return row, False
            self._reserve(connection, identity, asked, budget, now, known=row is not None, take=take, state=state)
            row = self._row(connection, identity)
            assert row is not None  # noqa: S101 - it was written two lines above
            return row, True

    def retry(self, identity: str, asked: Asked, *, budget: int | None, state: str, now: float) -> tuple[TaskRow, bool]:
        """Journal a second sending of a failed, unknown or refused task, knowingly; its cost is one more charge."""
        with self.writing() as connection:
            row = self._settled_owner(connection, identity, now)
            if row is None or row.state not in {"failed", "unknown", "refused"}:
                return self.get(identity), False
            self._reserve(connection, identity, asked, budget, now, known=True, take=row.take, state=state)
            if row.state == "unknown":
                self._charges(connection, identity, "held", "kept", but_newest=True)
            connection.execute("DELETE FROM picture WHERE identity = ?", (identity,))
            return self.get(identity), True

    def _reserve(
        self,
        connection: sqlite3.Connection,
        identity: str,
        asked: Asked,
        budget: int | None,
        now: float,
        *,
        known: bool,
        take: int,
        state: str,
    ) -> None:
        if budget is not None:
            left = budget - self._spent(connection, asked.gateway, asked.account)
            if asked.micro > left:
                raise BudgetExceeded(
                    f"This would cost {asked.micro / MICRO:.2f} USD; of the budget of {budget / MICRO:.2f} USD "
                    f"{max(0, left) / MICRO:.2f} USD are left.",
                    needed=asked.micro / MICRO,
                    left=max(0, left) / MICRO,
                    todo="Ask for fewer or smaller pictures, or raise budget=….",
                )
        if known:
            connection.execute(
                "UPDATE task SET account = ?, state = ?, owner = ?, sent = ?, accepted = NULL, finished = NULL, "
                "task_id = '', progress = 0, estimate = NULL, credits = NULL, links = '[]', profile_id = '', "
                "error_code = '', error = '' WHERE identity = ?",
                (asked.account, state, this_process(), now, identity),
            )
        else:
            connection.execute(
                "INSERT INTO task (identity, gateway, account, model, request, request_hash, take, state, owner, "
                "asked, sent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    identity,
                    asked.gateway,
                    asked.account,
                    asked.model,
                    asked.request,
                    asked.request_hash,
                    take,
                    state,
                    this_process(),
                    now,
                    now,
                ),
            )
        connection.execute(
            "INSERT INTO charge (identity, gateway, account, micro, estimate, state, at) "
            "VALUES (?, ?, ?, ?, ?, 'held', ?)",
            (identity, asked.gateway, asked.account, asked.micro, asked.price_is_estimate, now),
        )

    def sending(self, identity: str, now: float) -> bool:
        """Note that the creating call is about to be made; from here on a lost answer is unknown.

        Returns False, and the call must not be made, when the row has passed to somebody else meanwhile.
        """
        with self.writing() as connection:
            changed = connection.execute(
                "UPDATE task SET state = 'sending', sent = ? WHERE identity = ? AND owner = ? "
                "AND state IN ('preparing', 'sending')",
                (now, identity, this_process()),
            )
            return changed.rowcount == 1

    def accepted(self, identity: str, told: TaskState, now: float) -> None:
        """Note the task's id; what it costs is kept from here on, failed or not."""
        with self.writing() as connection:
            connection.execute(
                "UPDATE task SET state = 'pending', accepted = ?, task_id = ?, estimate = ?, credits = ? "
                "WHERE identity = ?",
                (now, told.id, told.estimated_time, told.credits_reserved, identity),
            )
            self._charges(connection, identity, "held", "kept")

    def refused(self, identity: str, code: str, error: str, now: float) -> None:
        """Note that the gateway certainly did not take it; what was reserved is given back."""
        with self.writing() as connection:
            self._end(connection, identity, "refused", code, error, now)
            self._charges(connection, identity, "held", "back")

    def unknown(self, identity: str, error: str, now: float) -> None:
        """Note that nobody knows whether the gateway took it; what was reserved stays so."""
        with self.writing() as connection:
            self._end(connection, identity, "unknown", "", error, now)

    def settle(self, identity: str, *, paid: bool, now: float) -> None:
        """Note what the person found out of an unknown sending."""
        with self.writing() as connection:
            row = self._settled_owner(connection, identity, now)
            if row is None or row.state != "unknown":
                return
            if paid:
                words = "You settled it as paid; its answer was lost, and with it the way to its pictures."
                self._end(connection, identity, "failed", "answer_lost", words, now)
                self._charges(connection, identity, "held", "kept")
            else:
                self._end(connection, identity, "refused", "settled", "You settled it as not paid.", now)
                self._charges(connection, identity, "held", "back")

    # -- what the gateway says afterwards -------------------------------------------------------------------

    def told(self, identity: str, told: TaskState) -> None:
        """Note the gateway's word on a task that is under way."""
        state = told.status if told.status in ON_ITS_WAY else "processing"
        links = json.dumps([result.url for result in told.results if result.url])
        self._update(
            identity,
            "state = ?, progress = ?, links = ?, credits = coalesce(?, credits)",
            (state, told.progress, links, told.credits_reserved),
        )

    def landed(self, identity: str, picture: PictureRow) -> None:
        """Note a picture that is whole and on the disk."""
        with self.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO picture (identity, number, file, sha256, url, mime, width, height, bytes) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    identity,
                    picture.number,
                    picture.file,
                    picture.sha256,
                    picture.url,
                    picture.mime,
                    picture.width,
                    picture.height,
                    picture.bytes,
                ),
            )

    def completed(self, identity: str, now: float, *, profile_id: str = "") -> None:
        """Note that all of a task's results are here."""
        self._update(
            identity,
            "state = 'completed', progress = 100, finished = ?, profile_id = ?, error_code = '', error = ''",
            (now, profile_id),
        )

    def failed(self, identity: str, code: str, error: str, now: float) -> None:
        """Note that the task came to nothing; nobody promises a refund, so its cost is kept."""
        with self.writing() as connection:
            self._end(connection, identity, "failed", code, error, now)

    def find(self, identity: str, now: float) -> TaskRow | None:
        """Return what is known of an identity, or None."""
        with self.writing() as connection:
            return self._settled_owner(connection, identity, now)

    def unfinished(self, gateway: str, now: float) -> list[TaskRow]:
        """Return the tasks that are under way or unknown; sendings whose process is gone become unknown."""
        with self.writing() as connection:
            orphans = connection.execute(
                "SELECT identity FROM task WHERE gateway = ? AND state IN ('preparing', 'sending')",
                (gateway,),
            ).fetchall()
            for (identity,) in orphans:
                self._settled_owner(connection, identity, now)
        return self.tasks(gateway, states=(*BEING_SENT, *ON_ITS_WAY, "unknown"))

    # -- the small parts ----------------------------------------------------------------------------------------

    def _update(self, identity: str, columns: str, values: tuple[Any, ...]) -> None:
        with self.writing() as connection:
            connection.execute(f"UPDATE task SET {columns} WHERE identity = ?", (*values, identity))  # noqa: S608

    def _end(
        self, connection: sqlite3.Connection, identity: str, state: str, code: str, error: str, now: float
    ) -> None:
        connection.execute(
            "UPDATE task SET state = ?, error_code = ?, error = ?, finished = ? WHERE identity = ?",
            (state, code, error, now, identity),
        )

    def _charges(
        self, connection: sqlite3.Connection, identity: str, old: str, new: str, *, but_newest: bool = False
    ) -> None:
        newest = "AND number < (SELECT max(number) FROM charge WHERE identity = ?1)" if but_newest else ""
        query = f"UPDATE charge SET state = ?3 WHERE identity = ?1 AND state = ?2 {newest}"  # noqa: S608 - constants
        connection.execute(query, (identity, old, new))

    def _settled_owner(self, connection: sqlite3.Connection, identity: str, now: float) -> TaskRow | None:
        """Return a row; if it belongs to a process that is gone, what that means is written first."""
        row = self._row(connection, identity)
        if row is None or row.state not in BEING_SENT:
            return row
        late = now - (row.sent or row.asked) > OWNER_SECONDS[row.state]
        if not late and not owner_is_gone(row.owner):
            return row
        if row.state == "preparing":
            self._end(connection, identity, "refused", "never_sent", "The process ended before it was sent.", now)
            self._charges(connection, identity, "held", "back")
        else:
            self._end(connection, identity, "unknown", "", "The process ended before the answer came.", now)
        return self._row(connection, identity)
