"""Journal: each identity once, each charge once; every change is one committed transaction."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple

from fox_nb.errors import StoreError
from fox_nb.store.journal_reader import COUNTED_SUM, GIVEN_BACK, NEWEST_OF, PLAYS, JournalReader, Owed, check_budget
from fox_nb.store.rows import (
    ANSWER_LOST,
    BEING_SENT,
    NOT_PAID,
    ON_ITS_WAY,
    SHARED,
    TRAINS,
    kept,
    moved,
    numbered,
    owner_is_gone,
    process_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fox_nb.store.rows import PictureRow, TaskRow
    from fox_nb.tasks import TaskState

LONGEST_SENDING = 900.0
"""Seconds, longer than any creating call may take: a row that is older has lost its process."""
LONGEST_UPLOADS = 7200.0
"""The same for what uploads its pictures first."""

JOURNAL = "journal.sqlite"
"""What its file is called in a store."""
_SETTLED_AS_PAID = "You settled it as paid; its answer was lost, and with it the way to its pictures."

_SAME_SENDING = f"identity = ? AND (SELECT {NEWEST_OF.format('task')}) = ?"
_SAME_TASK = "identity = ? AND task_id = ?"
_CHARGE_IS = "UPDATE charge SET state = ? WHERE number = ?"
_PUT_BACK = (
    *("state", "asked", "sent", "accepted", "finished", "task_id", "progress", "estimate", "credits"),
    *("links", "profile_id", "error_code", "error", "request_id"),
)
"""What is written anew of a task that the file has lost."""


class Asked(NamedTuple):
    """A request on its way into the journal.

    Attributes
    ----------
    gateway, account : str
        Which gateway, and the fingerprint of the key.
    model, request : str
        The model and the canonical JSON.
    micro_usd : int
        What it may cost, in millionths of a USD.
    price_is_estimate : bool
        True where the price is not the gateway's own.
    """

    gateway: str
    account: str
    model: str
    request: str
    micro_usd: int
    price_is_estimate: bool


def request_hash(canonical: str) -> str:
    """Return the hash of a request's canonical JSON."""
    return hashlib.sha256(canonical.encode()).hexdigest()


def identity_of(gateway: str, canonical: str, take: int) -> str:
    """Return what makes two askings the same picture, one take of a request at a gateway, as 64 hex digits."""
    return hashlib.sha256(f"{gateway}\n{take}\n{canonical}".encode()).hexdigest()


class Journal(JournalReader):
    """The SQLite file that knows every task; may be used from several threads and processes at once.

    What became of a sending is known to this process alone. Where it cannot be written (the disk is full, another
    process has the file) whoever wrote it gets a `StoreError`, and it goes before whatever is written next.
    """

    # -- asking and sending ---------------------------------------------------------------------------------

    def ask(
        self, asked: Asked, take: int | None, *, budget: int | None, now: float, held: Iterable[TaskRow] = ()
    ) -> tuple[TaskRow, bool]:
        """Find what is known of a request, or journal it and reserve its cost, in one transaction.

        Parameters
        ----------
        asked : Asked
            The request.
        take : int or None
            The take; None for the next number not yet used.
        budget : int or None
            The limit in micro-USD on all charges of this gateway and account.
        now : float
            The time.
        held : iterable of TaskRow
            What this process knows of tasks of the same request: those that the file has lost are put back first.

        Returns
        -------
        row, ours : TaskRow, bool
            `ours` is True when this call is the one that has to send it.

        Raises
        ------
        BudgetExceeded
            Nothing was journalled.
        """
        with self._reserving() as (connection, reserved):
            for one in held:
                self._put_back(connection, one, now)
            if take is None:
                key = (asked.gateway, request_hash(asked.request))
                take = connection.execute(
                    "SELECT coalesce(max(take), 0) + 1 FROM task WHERE gateway = ? AND request_hash = ?", key
                ).fetchone()[0]
            identity = identity_of(asked.gateway, asked.request, take)
            row = self._settled_owner(connection, identity, now)
            if row is not None and (row.state != "refused" or row.is_named_since):
                return row, False
            self._reserve(connection, identity, asked, budget, now, take=take)
            reserved.append(self._known(connection, identity))
        return reserved[0], True

    def retry(self, seen: TaskRow, asked: Asked, *, budget: int | None, now: float) -> tuple[TaskRow, bool]:
        """Journal a second sending of a failed, unknown or refused task, knowingly; its cost is one more charge.

        `seen` is what the person knows of it: what another kernel has sent since, and nobody knows the fate of, is
        told first.
        """
        identity = seen.identity
        with self._reserving() as (connection, reserved):
            row = self._settled_owner(connection, identity, now)
            if row is None or row.state not in {"failed", "unknown", "refused"}:
                return self._known(connection, identity), False
            if row.state == "unknown" and row.charge != seen.charge:
                return row, False
            self._reserve(connection, identity, asked, budget, now, take=row.take)
            connection.execute("DELETE FROM picture WHERE identity = ?", (identity,))
            reserved.append(self._known(connection, identity))
        return reserved[0], True

    @contextlib.contextmanager
    def _reserving(self) -> Iterator[tuple[sqlite3.Connection, list[TaskRow]]]:
        """One transaction, and what it has reserved: of that nothing is sent where the commit fails, written or not."""
        reserved: list[TaskRow] = []
        try:
            with self.writing() as connection:
                yield connection, reserved
        except StoreError as error:
            with self._lock:
                self._owed += [Owed(self._never_sent(row, error.what), "nothing was sent") for row in reserved]
            raise

    def _never_sent(self, row: TaskRow, why: str) -> Callable[[sqlite3.Connection], object]:
        """Return what ends a reservation that may not have been written: another one may have its number by now."""

        def write(connection: sqlite3.Connection) -> None:
            query = "SELECT 1 FROM charge WHERE number = ? AND at = ?"
            if connection.execute(query, (row.charge, row.sent)).fetchone() is not None:
                self._end_sending(connection, row, "refused", "never_sent", why, row.sent or row.asked)

        return write

    def _reserve(
        self,
        connection: sqlite3.Connection,
        identity: str,
        asked: Asked,
        budget: int | None,
        now: float,
        *,
        take: int,
        number: int | None = None,
    ) -> None:
        if budget is not None:
            left = budget - self._sum(connection, COUNTED_SUM, asked.gateway, asked.account)
            of = {"gateway": asked.gateway, "account": asked.account}
            (play,) = connection.execute(f"SELECT {PLAYS.format(':gateway', ':account')}", of).fetchone()
            todo = "make a new Fox with a larger budget=…"
            check_budget(asked.micro_usd, left, budget, play=bool(play), of="your", todo=todo)
        connection.execute(
            "INSERT INTO task (identity, gateway, account, model, request, request_hash, take, state, owner, "
            "asked, sent) VALUES (?, ?, ?, ?, ?, ?, ?, 'preparing', ?, ?, ?) "
            "ON CONFLICT (identity) DO UPDATE SET account = excluded.account, state = excluded.state, "
            "owner = excluded.owner, sent = excluded.sent, accepted = NULL, finished = NULL, task_id = '', "
            "progress = 0, estimate = NULL, credits = NULL, links = '[]', profile_id = '', error_code = '', "
            "error = '', request_id = ''",
            (
                identity,
                asked.gateway,
                asked.account,
                asked.model,
                asked.request,
                request_hash(asked.request),
                take,
                process_name(os.getpid()),
                now,
                now,
            ),
        )
        connection.execute(
            "INSERT INTO charge (number, identity, gateway, account, micro, estimate, state, at) "
            "VALUES (?, ?, ?, ?, ?, ?, 'held', ?)",
            (number, identity, asked.gateway, asked.account, asked.micro_usd, asked.price_is_estimate, now),
        )

    def sending(self, row: TaskRow, now: float) -> bool:
        """Note that the creating call is about to be made; from here on a lost answer is unknown.

        Returns False, and the call must not be made, when the row has passed to somebody else meanwhile.
        """
        with self.writing() as connection:
            ours = self._change(
                connection,
                "state = 'sending', sent = ?",
                (now,),
                f"{_SAME_SENDING} AND owner = ? AND state IN ('preparing', 'sending')",
                (row.identity, row.charge, process_name(os.getpid())),
            )
            if ours:  # a second try goes on with the first one's beginning: the bill may name either
                connection.execute("UPDATE charge SET sent = coalesce(sent, ?) WHERE number = ?", (now, row.charge))
            return ours

    def accepted(
        self, sent: TaskRow, answer: TaskState, now: float, *, is_shared: bool = False, is_joined: bool = False
    ) -> None:
        """Note the task's id; what it costs is kept from here on, failed or not.

        What a class's relay joined to what it had is the sending before whose answer was lost: it costs once. Or it is
        another task's, as the same pixels were given in another file: that has cost what both do.

        An answer that comes after its sending was taken for lost, or was settled, is taken in all the same. One with
        the id of another task, such as a cache's, says nothing of this one: its fate is unknown.
        """

        def write(connection: sqlite3.Connection) -> None:
            row = self._here(connection, sent, now)
            query = "SELECT 1 FROM task WHERE task_id = ? AND gateway = ? AND identity != ?"
            is_anothers = connection.execute(query, (answer.id, row.gateway, row.identity)).fetchone() is not None
            if is_anothers and not is_joined:
                words = f"the gateway answered with {answer.id}, the id of another task"
                self._end_sending(connection, row, "unknown", "", words, now, answer.request_id)
                return
            self._charge(connection, row, "kept")
            self._change(
                connection,
                "state = 'pending', accepted = ?, finished = NULL, task_id = ?, estimate = ?, credits = ?, "
                "request_id = ?, error_code = '', error = ''",
                (now, answer.id, answer.estimated_time, answer.credits_reserved, answer.request_id),
                _SAME_SENDING,
                (row.identity, row.charge),
            )
            columns = "UPDATE charge SET accepted = ?, task_id = ?, bill = coalesce(?, bill) WHERE number = ?"
            connection.execute(columns, (now, answer.id, SHARED if is_shared else None, row.charge))
            if is_joined:
                before = "UPDATE charge SET state = 'back' WHERE identity = ? AND number != ? AND state = 'held'"
                connection.execute(before, (row.identity, row.charge))
            if is_anothers and not is_shared:
                self._charge(connection, row, "back")

        self._note(f"task {answer.id} was accepted ({sent.words[:80]!r}, take {sent.take})", write)

    def refused(self, row: TaskRow, code: str, error: str, now: float, request_id: str = "") -> None:
        """Note that the gateway certainly did not take it; what was reserved is given back."""
        ended = (row, "refused", code, error, now, request_id)
        self._note(f"nothing was sent of {row.words[:80]!r}", lambda file: self._end_sending(file, *ended))

    def unknown(self, row: TaskRow, error: str, now: float, request_id: str = "") -> None:
        """Note that nobody knows whether the gateway took it; what was reserved stays so."""
        ended = ("unknown", "", error, now, request_id)
        self._note(
            f"the answer to {row.words[:80]!r} was lost",
            lambda file: self._end_sending(file, self._here(file, row, now), *ended),
        )

    def settle(
        self, identity: str, *, paid: bool, now: float, task_id: str = "", seen: int | None = None
    ) -> int | None:
        """Note what the person found out of a sending whose answer was lost; with its id it is under way again.

        `seen` is the number of the sending that the person knows of: of one that another kernel has sent since, and
        lost, too, they have found out nothing.

        Returns the number of that sending's charge; None, and changes nothing, where the journal knows better.
        """
        with self.writing() as connection:
            row = self._settled_owner(connection, identity, now)
            was_lost = row is not None and (row.state in {"unknown", "refused"} or row.error_code == ANSWER_LOST)
            if row is not None and not task_id and row.state not in {"unknown", *BEING_SENT}:
                return self._settle_before(connection, row, paid=paid)
            if row is None or not (was_lost if task_id else row.state == "unknown"):
                return None
            charge = row.charge
            if row.state == "unknown" and seen is not None and seen != charge:
                query = "SELECT 1 FROM charge WHERE number = ? AND identity = ? AND state = 'held'"
                if connection.execute(query, (seen, identity)).fetchone() is None:
                    return None
                charge = seen
            if task_id:
                columns = "state = 'pending', accepted = sent, finished = NULL, task_id = ?, error_code = '', "
                self._change(connection, f"{columns}error = ''", (task_id,), "identity = ?", (identity,))
                found = connection.execute(
                    f"SELECT number FROM charge c WHERE identity = ? AND (bill_task = ? OR ? AND {GIVEN_BACK}) "  # noqa: S608 - made of constants
                    "ORDER BY bill_task = ? DESC, state = 'settled' DESC, number DESC LIMIT 1",
                    (identity, task_id, row.state == "refused", task_id),
                ).fetchone()
                if found:
                    charge = int(found[0])
                connection.execute("UPDATE charge SET task_id = ?, state = 'kept' WHERE number = ?", (task_id, charge))
            elif charge != row.charge:
                connection.execute(_CHARGE_IS, ("paid" if paid else "settled", charge))
            elif paid:
                self._end_sending(connection, row, "failed", ANSWER_LOST, _SETTLED_AS_PAID, now)
            else:
                self._end_sending(connection, row, "refused", NOT_PAID, "You settled it as not paid.", now)
            return charge

    def _settle_before(self, connection: sqlite3.Connection, row: TaskRow, *, paid: bool) -> int | None:
        """Settle the newest lost sending before the one that a task's state is of, which says nothing of it."""
        found = connection.execute(
            "SELECT max(number) FROM charge WHERE identity = ? AND state = 'held'", (row.identity,)
        ).fetchone()[0]
        if found is not None:
            connection.execute(_CHARGE_IS, ("paid" if paid else "settled", found))
        return None if found is None else int(found)

    def lost(self, identity: str, charge: int) -> tuple[float, list[float]]:
        """Return when a charge was sent, and when others without an answer that anybody knows of, newest first."""
        query = """
            SELECT number, coalesce(sent, at) FROM charge
            WHERE number = ? OR (identity = ? AND state = 'held' AND charged IS NULL) ORDER BY number DESC
        """
        with self.reading() as connection:
            sent = {int(number): float(at) for number, at in connection.execute(query, (charge, identity))}
        return sent.pop(charge), [*sent.values()]

    # -- what the gateway says afterwards: of this task, not of one that was sent again meanwhile -----------------

    def progressed(self, row: TaskRow, answer: TaskState, *, is_shared: bool = False) -> None:
        """Note the gateway's word on a task that is under way."""
        state = answer.status if answer.status in ON_ITS_WAY else "processing"
        given = [kept(result.url) for result in answer.results if result.url]
        profiles = (result.profile_id for result in answer.results if result.profile_id)
        profile = next(profiles, "") if row.model == TRAINS else ""
        with self.writing() as connection:
            now = self._row(connection, row.identity) or row  # another kernel may have seen other links meanwhile
            links = json.dumps(numbered(now.urls, given, {one.number for one in now.pictures}, row.wanted))
            self._change(
                connection,
                "state = ?, progress = ?, links = ?, profile_id = coalesce(nullif(?, ''), profile_id), "
                "credits = coalesce(?, credits)",
                (state, answer.progress, links, profile, answer.credits_reserved),
                f"{_SAME_TASK} AND state IN ('pending', 'processing')",
                (row.identity, row.task_id),
            )
            if is_shared:
                connection.execute("UPDATE charge SET bill = ? WHERE task_id = ?", (SHARED, row.task_id))

    def downloaded(self, row: TaskRow, picture: PictureRow) -> None:
        """Note a picture that is whole and on the disk."""
        with self.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO picture (identity, number, file, sha256, url, mime, width, height, bytes) "
                "SELECT identity, ?, ?, ?, ?, ?, ?, ?, ? FROM task WHERE identity = ? AND task_id = ?",
                (*picture, row.identity, row.task_id),
            )
            now = self._row(connection, row.identity)
            if now is not None and now.urls[picture.number - 1 : picture.number] != [picture.url]:
                links = moved(now.urls, picture)
                self._change(connection, "links = ?", (json.dumps(links),), _SAME_TASK, (row.identity, row.task_id))

    def completed(self, row: TaskRow, now: float) -> None:
        """Note that all of a task's results are here; it stays completed when its files are fetched once more."""
        with self.writing() as connection:
            self._change(
                connection,
                "finished = CASE state WHEN 'completed' THEN finished ELSE ? END, state = 'completed', "
                "progress = 100, error_code = '', error = ''",
                (now,),
                _SAME_TASK,
                (row.identity, row.task_id),
            )

    def failed(self, row: TaskRow, code: str, error: str, now: float) -> None:
        """Note that the task came to nothing; nobody promises a refund, so its cost is kept.

        Nothing is written when another kernel has seen another end of it meanwhile.
        """
        states = "'pending', 'processing'" if row.on_its_way else f"'{row.state}'"
        with self.writing() as connection:
            self._change(
                connection,
                "state = 'failed', error_code = ?, error = ?, finished = ?",
                (code, error, now),
                f"{_SAME_TASK} AND state IN ({states})",
                (row.identity, row.task_id),
            )

    def find(self, identity: str, now: float) -> TaskRow | None:
        """Return what is known of an identity, or None."""
        with self.reading() as connection:
            row = self._row(connection, identity)
        if row is None or row.state not in BEING_SENT:
            return row
        with self.writing() as connection:
            return self._settled_owner(connection, identity, now)

    def find_all(self, identities: Sequence[str], now: float) -> dict[str, TaskRow]:
        """Return what is known of many identities, as `find` does, in a few queries."""
        found = self.rows(identities)
        for row in [row for row in found.values() if row.state in BEING_SENT]:
            settled = self.find(row.identity, now)
            if settled is not None:
                found[row.identity] = settled
        return found

    def unfinished(self, gateway: str, now: float) -> list[TaskRow]:
        """Return the tasks that are under way or unknown; sendings whose process is gone become unknown.

        Where the file can only be read they stay as they are: what is known is shown.
        """
        with contextlib.suppress(StoreError):
            for row in self.tasks(gateway, states=tuple(BEING_SENT)):
                self.find(row.identity, now)
        return self.tasks(gateway, states=(*BEING_SENT, *ON_ITS_WAY, "unknown"))

    # -- the small parts ----------------------------------------------------------------------------------------

    def _here(self, connection: sqlite3.Connection, row: TaskRow, now: float) -> TaskRow:
        """Return a sending; one that the file has lost, as an older copy was written over it, is journalled anew."""
        found = connection.execute("SELECT identity FROM charge WHERE number = ?", (row.charge,)).fetchone()
        if found == (row.identity,):
            return row
        number = row.charge if found is None else None  # what is on the wire knows its sending by that
        known = self._row(connection, row.identity)
        micro = row.micro_usd - (known.micro_usd if known is not None else 0)  # a row's is that of all its sendings
        asked = Asked(row.gateway, row.account, row.model, row.request, max(0, micro), row.price_is_estimate)
        self._reserve(connection, row.identity, asked, None, now, take=row.take, number=number)
        return self._known(connection, row.identity)

    def put_back(self, row: TaskRow, now: float) -> TaskRow | None:
        """Journal a task anew that the file has lost; returns what the file knows then."""
        with self.writing() as connection:
            self._put_back(connection, row, now)
            return self._row(connection, row.identity)

    def _put_back(self, connection: sqlite3.Connection, row: TaskRow, now: float) -> None:
        """Journal anew what was sent and the file has lost, as `_here` does; what the file knows of it stays."""
        known = self._row(connection, row.identity)
        if known is not None and (known.state == row.state or (row.task_id and known.task_id == row.task_id)):
            return
        if row.state in {"refused", "preparing"}:
            return
        here, before = self._here(connection, row, now), {"unknown", *BEING_SENT} if row.task_id else BEING_SENT
        is_older = known is not None and known.charge == row.charge and known.state in before
        if here is row and not is_older:
            return
        self._charge(connection, here, "paid" if row.error_code == ANSWER_LOST else "kept" if row.task_id else "held")
        connection.execute(
            "UPDATE charge SET sent = ?, accepted = ?, task_id = ?, bill = ? WHERE number = ?",
            (row.sent, row.accepted, row.task_id, SHARED if row.bill == SHARED else "", here.charge),
        )
        columns, values = ", ".join(f"{name} = ?" for name in _PUT_BACK), [getattr(row, name) for name in _PUT_BACK]
        self._change(connection, columns, tuple(values), "identity = ?", (row.identity,))
        connection.executemany(
            "INSERT OR REPLACE INTO picture (identity, number, file, sha256, url, mime, width, height, bytes) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(row.identity, *picture) for picture in row.pictures],
        )

    def _end_sending(
        self,
        connection: sqlite3.Connection,
        row: TaskRow,
        state: str,
        code: str,
        error: str,
        now: float,
        request_id: str = "",
    ) -> None:
        """End a sending, unless somebody has settled it or sent it again meanwhile."""
        ended = self._change(
            connection,
            "state = ?, error_code = ?, error = ?, finished = ?, request_id = coalesce(nullif(?, ''), request_id)",
            (state, code, error, now, request_id),
            f"{_SAME_SENDING} AND owner = ? AND state IN ('preparing', 'sending', 'unknown')",
            (row.identity, row.charge, row.owner),
        )
        if ended and (state == "refused" or code == ANSWER_LOST):
            self._charge(connection, row, "paid" if code == ANSWER_LOST else "settled" if code == NOT_PAID else "back")
            why = "you settled as paid" if code == ANSWER_LOST else f"was not paid: {error}"
            self._lost_before(connection, row.identity, why)

    def _lost_before(self, connection: sqlite3.Connection, identity: str, why: str) -> None:
        """Be of unknown fate again, or paid and lost, as the sending before was: the newer one says nothing of it."""
        now = self._known(connection, identity)
        state, sent = connection.execute("SELECT state, sent FROM charge WHERE number = ?", (now.charge,)).fetchone()
        columns = "error_code = ?, error = ?, sent = coalesce(?, sent), state = ?"
        if state == "held":
            values = ("", f"it was sent once more since, which {why}", sent, "unknown")
            self._change(connection, columns, values, "identity = ?", (identity,))
        elif state == "paid" and now.error_code == NOT_PAID:
            values = (ANSWER_LOST, _SETTLED_AS_PAID, sent, "failed")
            self._change(connection, columns, values, "identity = ?", (identity,))

    def _change(
        self, connection: sqlite3.Connection, columns: str, values: tuple[Any, ...], where: str, keys: tuple[Any, ...]
    ) -> bool:
        """Change a row where it is still as it was taken for; False when it is not."""
        query = f"UPDATE task SET {columns} WHERE {where}"  # noqa: S608 - made of constants
        return connection.execute(query, (*values, *keys)).rowcount == 1

    def _charge(self, connection: sqlite3.Connection, row: TaskRow, state: str) -> None:
        """Keep what one sending costs, or give it back."""
        connection.execute(_CHARGE_IS, (state, row.charge))

    def _settled_owner(self, connection: sqlite3.Connection, identity: str, now: float) -> TaskRow | None:
        """Return a row; if it belongs to a process that is gone, what that means is written first."""
        row = self._row(connection, identity)
        if row is None or row.state not in BEING_SENT:
            return row
        uploads = row.state == "preparing" and "sha256:" in row.request
        late = now - (row.sent or row.asked) > (LONGEST_UPLOADS if uploads else LONGEST_SENDING)
        if not late and not owner_is_gone(row.owner):
            return row
        if row.state == "preparing":
            words = "The process ended before it was sent."
            self._end_sending(connection, row, "refused", "never_sent", words, now)
        else:
            self._end_sending(connection, row, "unknown", "", "The process ended before the answer came.", now)
        return self._row(connection, identity)
