"""Journal reader: the journal's file, open for one thread at a time; what is read there: tasks, sums, the budget."""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import re
import sqlite3
import threading
import time
import unicodedata
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, Unpack

from fox_nb.atomic import ALONE
from fox_nb.errors import NOTHING_SENT, BudgetExceeded, FoxError, StoreError
from fox_nb.money import MICRO_PER_USD, PLAY, apart, dollars
from fox_nb.settings import SANDBOX, named
from fox_nb.store.rows import SHARED, PictureRow, TaskRow
from fox_nb.store.schema import connect, unreadable

SPENT = f"""coalesce(sum(CASE WHEN c.bill = '{SHARED}' THEN 0
    WHEN c.refunded IS NULL THEN coalesce(c.charged, c.micro)
    ELSE max(0, coalesce(c.charged, c.micro) - c.refunded) END), 0)"""
"""What sendings have cost: what was charged, where that is known, else what was reserved; less what came back."""

COUNTED_SUM = f"""coalesce(sum(CASE WHEN c.bill = '{SHARED}' THEN 0
    WHEN c.refunded IS NULL THEN max(c.micro, coalesce(c.charged, 0))
    ELSE max(0, coalesce(c.charged, c.micro) - c.refunded) END), 0)"""
"""What a budget counts: of the reserved and the charged the larger, until a refund is seen."""

COSTS_ANYTHING = "c.state != 'back' AND (c.state != 'settled' OR c.charged IS NOT NULL)"
"""Which sendings cost anything: none that was refused, or that a person settled as not paid; the bill knows better."""
GIVEN_BACK = "c.state IN ('back', 'settled')"
_SAYS_NOTHING = f"2 * ({GIVEN_BACK}) + (c.state = 'paid')"  # a rank: 0 speaks of the task, 1 was settled as paid
NEWEST_OF = f"number FROM charge c WHERE c.identity = {{}}.identity ORDER BY {_SAYS_NOTHING}, number DESC LIMIT 1"
"""The sending that a task's state is of: the newest; what was refused or settled says nothing of those before."""

ON_THE_SERVICE, ON_THE_SANDBOX = "recorded on the service", "recorded on the sandbox"
"""Accounts of what was paid when it was recorded: nobody's budget here."""
REHEARSAL = "rehearsal"
"""The first word of the fact's name that says of a gateway and an account that their money is play money."""
PLAYS = f"""({{0}} = '{SANDBOX}' OR {{1}} = '{ON_THE_SANDBOX}'
    OR EXISTS (SELECT 1 FROM fact WHERE name = '{REHEARSAL} ' || {{0}} || ' ' || {{1}}))"""  # noqa: S608 - made of constants
"""Whether the money of a gateway and an account is play money."""

_OF_IT = f"FROM charge c WHERE c.identity = t.identity AND {COSTS_ANYTHING}"
_FROM_NEWEST = f"FROM charge n WHERE n.number = (SELECT {NEWEST_OF.format('t')})"

_TASK = f"""
    SELECT t.identity, t.gateway, t.account, t.model, t.request, t.take, t.state, t.owner, t.asked, t.sent, t.accepted,
           t.finished, t.task_id, t.progress, t.estimate, t.credits, t.links, t.profile_id, t.error_code, t.error,
           t.request_id,
           coalesce((SELECT sum(micro) {_OF_IT}), 0), coalesce((SELECT max(estimate) {_OF_IT}), 0),
           {PLAYS.format("t.gateway", "t.account")}, (SELECT {NEWEST_OF.format("t")}),
           (SELECT {SPENT} {_OF_IT}), (SELECT sum(charged) {_OF_IT}), coalesce((SELECT sum(refunded) {_OF_IT}), 0),
           (SELECT max(coalesce(refunded_at, charged_at)) {_OF_IT}),
           (SELECT count(*) {_OF_IT} AND charged IS NULL AND refunded IS NULL AND bill != '{SHARED}'),
           coalesce((SELECT bill {_FROM_NEWEST}), ''), coalesce((SELECT bill_task {_FROM_NEWEST}), ''),
           (SELECT charged {_FROM_NEWEST}), coalesce((SELECT refunded {_FROM_NEWEST}), 0),
           (SELECT coalesce(refunded_at, charged_at) {_FROM_NEWEST}),
           coalesce((SELECT bill_task FROM charge c WHERE c.identity = t.identity AND c.state IN ('settled', 'paid')
                     AND c.charged > coalesce(c.refunded, 0) AND c.bill_task != '' ORDER BY number DESC LIMIT 1), '')
    FROM task t
"""  # noqa: S608 - made of constants


def check_budget(micro_usd: int, left: int, whole: int, *, play: bool, of: str, todo: str) -> None:
    """Refuse what costs more micro-USD than are left of a budget; `of` says whose it is, `todo` how it is raised."""
    if micro_usd > left:
        needed, has, all_of_it = (max(0, micro) / MICRO_PER_USD for micro in (micro_usd, left, whole))
        costs, only = apart(micro_usd, left)
        raise BudgetExceeded(
            f"Costs {costs}{PLAY * play}, but only {only} of {of} {dollars(all_of_it)} budget is left.",
            needed=needed,
            left=has,
            todo=f"Ask for fewer or smaller pictures, or {todo}.",
        )


LOCKED_AFTER = 5.0
"""Seconds that nothing takes which is done with the file, unless it waits for another program."""

_FLAGS = list(TaskRow.__annotations__).index("price_is_estimate")
"""Where the two columns are that are true or false."""

_PICTURE = "SELECT identity, number, file, sha256, url, mime, width, height, bytes FROM picture"

_UNSEEN = (
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
"""Letters and marks that are not shown, as Unicode has them, and what it has set aside for more of that kind."""
_CONTROLS = {"Cc", "Cf"}
"""Unicode's categories of what else is not shown: soft hyphens, joiners, marks of direction, control characters."""
_AMONG = "IN (SELECT value FROM json_each(?))"
"""Any number of values, as a list in JSON: a statement takes a bounded number of its own."""


class Chosen(TypedDict, total=False):
    """Which tasks are meant: those of a model, with a text in their prompt, asked for between two times, in states."""

    model: str
    text: str
    since: float | None
    until: float | None
    states: Sequence[str]


class Owed(NamedTuple):
    """What could not be written when it became known; `words` say it to a person should it never be."""

    write: Callable[[sqlite3.Connection], object]
    words: str


class OpenDatabase(ABC):
    """A file that SQLite has open: for one thread at a time, and in a child process for none.

    No fork happens in a transaction: SQLite's own state in the child would be that of a half-made one. What has to be
    known, and could not be written, goes before whatever is written next.

    Parameters
    ----------
    name : str
        What it is called in an error.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.path: Path
        self._connection: sqlite3.Connection
        self._lock = threading.RLock()
        self._closed, self._opened_by = False, os.getpid()
        self._busy_since: float | None = None
        self._is_read_only = False
        """It could not be written when it was opened, which SQLite sticks to: it is opened anew until it can be."""
        self._owed: list[Owed] = []
        _open.add(self)

    def close(self) -> None:
        """Close the file, after a last attempt at what could not be written before."""
        self._pay_up()
        with self._lock:
            self._closed = True
            self._connection.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to one thread at a time; what SQLite cannot do becomes an error of ours."""
        with self._in_use():
            try:
                yield self._connection
            except sqlite3.Error as error:
                self._is_read_only |= getattr(error, "sqlite_errorname", "") == "SQLITE_READONLY"
                raise self._unusable(error) from None
            except MemoryError:
                raise StoreError(
                    f"There is no memory left to read or write the {self._name}.",
                    money="Nothing more was sent.",
                    todo="Delete large variables or close other programs, then run the cell again.",
                ) from None

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, committed as a whole or not at all."""
        with self.reading() as connection:
            with connection:
                connection.execute(ALONE)
                for owed in self._owed:
                    try:
                        owed.write(connection)
                    except (FoxError, sqlite3.Error, MemoryError):
                        raise
                    except Exception as error:  # noqa: BLE001 - what can never be written keeps nothing else from being written
                        logging.getLogger("fox_nb").warning("It will never be noted: %s (%s).", owed.words, error)
                yield connection
            self._owed.clear()
            self._is_read_only = False

    def _note(self, words: str, write: Callable[[sqlite3.Connection], object]) -> None:
        """Write what is not to be lost; what cannot be written now is kept."""
        with self._lock:
            self._owed.append(Owed(write, words))
            try:
                with self.writing():
                    pass
            except StoreError:
                atexit.register(self._pay_up)
                raise

    def _pay_up(self) -> None:
        """Write what is still owed, at the last moment; what cannot be is told."""
        with self._lock:
            atexit.unregister(self._pay_up)
            if not self._owed or self._closed:
                return
            try:
                with self.writing():
                    pass
            except StoreError as error:
                lost = "; ".join(owed.words for owed in self._owed)
                logging.getLogger("fox_nb").warning("%s It will never know: %s.", error, lost)

    @abstractmethod
    def _open(self) -> None:
        """Open the file, for the first time or anew."""

    @abstractmethod
    def _unusable(self, error: sqlite3.Error) -> StoreError:
        """Return the error of ours for what SQLite cannot do with it."""

    @contextlib.contextmanager
    def _in_use(self) -> Iterator[None]:
        """Have it for this thread alone.

        Raises
        ------
        StoreError
            It was closed, or belongs to the process that this one was forked from.
        """
        with self._lock:
            if self._closed and self._opened_by != os.getpid():
                raise StoreError(
                    f"The {self._name} was opened before this process was forked, and is the other one's.",
                    money=NOTHING_SENT,
                    todo="Make the sweep, batch or panel again here, from the same Fox: it goes on where that stood.",
                )
            if self._closed:
                raise StoreError(
                    f"The {self._name} was closed, with the Fox that it belongs to.",
                    money=NOTHING_SENT,
                    todo="Make a new Fox: it goes on where this one stood.",
                )
            if self._busy_since is not None:
                yield
                return
            self._busy_since = time.monotonic()
            try:
                # one that was deleted is not made anew: it would know of nothing that is paid for
                if self._is_read_only and self.path.exists():
                    before = self._connection
                    self._open()
                    before.close()
                yield
            finally:
                self._busy_since = None

    @property
    def busy_for(self) -> float:
        """Seconds since a thread began with what it does with it, or waits for; 0 while none does. Waits for nobody."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since


_open: weakref.WeakSet[OpenDatabase] = weakref.WeakSet()


def _hold() -> None:
    for database in list(_open):
        database._lock.acquire()  # noqa: SLF001 - its own class


def _release() -> None:
    for database in list(_open):
        with contextlib.suppress(RuntimeError):  # opened since, or not this thread's
            database._lock.release()  # noqa: SLF001


def _close_in_child() -> None:
    for database in list(_open):
        database._lock = threading.RLock()  # noqa: SLF001
        database._closed = True  # noqa: SLF001 - a file that SQLite has open may not be used in two processes
        database._busy_since = None  # noqa: SLF001


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_close_in_child)


class JournalReader(OpenDatabase):
    """The reading side of the journal; may be used from several threads and processes at once."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"history file {named(path)}")
        self.path = path
        self._open()

    def _open(self) -> None:
        self._connection = connect(self.path)
        self._connection.create_function("folded", 1, folded, deterministic=True)

    def _unusable(self, error: sqlite3.Error) -> StoreError:
        return unreadable(self.path, error)

    @property
    def locked(self) -> StoreError | None:
        """What is amiss while a thread has waited for the file for some seconds; else None. Waits for nobody itself."""
        seconds = self.busy_for
        if seconds < LOCKED_AFTER:
            return None
        what = f"The history file {named(self.path)} has not answered for {seconds:.0f} s"
        return StoreError(f"{what}: another program may have locked it.")

    def get(self, identity: str) -> TaskRow:
        """Return one row as it stands."""
        with self.reading() as connection:
            return self._known(connection, identity)

    def rows(self, identities: Sequence[str]) -> dict[str, TaskRow]:
        """Return those of many rows that are there, as they stand, by their identity."""
        with self.reading() as connection:
            found = connection.execute(f"{_TASK} WHERE t.identity {_AMONG}", (json.dumps([*identities]),)).fetchall()
            return {row.identity: row for row in self._with_pictures(connection, found)}

    def with_id(self, task_id: str) -> list[TaskRow]:
        """Return the tasks that have the gateway's id, of whatever gateway."""
        with self.reading() as connection:
            return self._with_pictures(
                connection, connection.execute(f"{_TASK} WHERE t.task_id = ?", (task_id,)).fetchall()
            )

    def gateways(self) -> list[str]:
        """Return the names of all gateways that a task is of."""
        with self.reading() as connection:
            return [row[0] for row in connection.execute("SELECT DISTINCT gateway FROM task")]

    def tasks(self, gateway: str, *, limit: int = -1, offset: int = 0, **chosen: Unpack[Chosen]) -> list[TaskRow]:
        """Return a gateway's tasks, newest first, filtered."""
        where, values = _filter(gateway, **chosen)
        with self.reading() as connection:
            found = connection.execute(
                f"{_TASK} WHERE {where} ORDER BY t.asked DESC, t.rowid DESC LIMIT ? OFFSET ?",
                (*values, limit, offset),
            ).fetchall()
            return self._with_pictures(connection, found)

    def count(self, gateway: str, **chosen: Unpack[Chosen]) -> int:
        """Return how many tasks a filter finds."""
        where, values = _filter(gateway, **chosen)
        with self.reading() as connection:
            query = f"SELECT count(*) FROM task t WHERE {where}"  # noqa: S608 - made of constants
            return int(connection.execute(query, values).fetchone()[0])

    def spent(self, gateway: str, account: str, *, since: float = 0.0) -> int:
        """Return in micro-USD what was spent by what was sent since: charged where known, what is reserved included."""
        with self.reading() as connection:
            return self._sum(connection, SPENT, gateway, account, since)

    def counted(self, gateway: str, account: str) -> int:
        """Return in micro-USD what a budget counts: never less than what was spent."""
        with self.reading() as connection:
            return self._sum(connection, COUNTED_SUM, gateway, account)

    def durations(self, gateway: str, model: str, resolution: str) -> list[float]:
        """Return how many seconds the newest twenty completed tasks of a model and size took."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT finished - accepted FROM task WHERE gateway = ? AND state = 'completed' AND model = ? "
                "AND coalesce(json_extract(request, '$.resolution'), '') = ? ORDER BY asked DESC LIMIT 20",
                (gateway, model, resolution),
            ).fetchall()
        return [seconds for (seconds,) in rows if seconds is not None]

    def picture_of(self, sha256: str, file: str) -> TaskRow | None:
        """Return the task that made a picture, found by its path in the store, else by its bytes."""
        with self.reading() as connection:
            found = connection.execute(
                "SELECT identity FROM picture WHERE sha256 = ? OR file = ? ORDER BY file = ? DESC LIMIT 1",
                (sha256, file, file),
            ).fetchone()
            return self._row(connection, found[0]) if found else None

    def _sum(self, connection: sqlite3.Connection, what: str, gateway: str, account: str, since: float = 0.0) -> int:
        where = f"gateway = ? AND account = ? AND coalesce(sent, at) >= ? AND {COSTS_ANYTHING}"
        query = f"SELECT {what} FROM charge c WHERE {where}"  # noqa: S608 - made of constants
        return int(connection.execute(query, (gateway, account, since)).fetchone()[0])

    def _row(self, connection: sqlite3.Connection, identity: str) -> TaskRow | None:
        found = connection.execute(f"{_TASK} WHERE t.identity = ?", (identity,)).fetchall()
        return self._with_pictures(connection, found)[0] if found else None

    def _known(self, connection: sqlite3.Connection, identity: str) -> TaskRow:
        row = self._row(connection, identity)
        if row is None:
            raise StoreError(
                f"The history file {named(self.path)} no longer knows this task: another one was put in its place.",
                money="Nothing more was sent.",
                todo="Put the old file back, or run the cell again: what this kernel knows of is written down again.",
            )
        return row

    def _with_pictures(self, connection: sqlite3.Connection, found: list[tuple[Any, ...]]) -> list[TaskRow]:
        pictures: dict[str, list[PictureRow]] = {}
        identities = json.dumps([row[0] for row in found], default=repr)  # in a stranger's file it may be anything
        rows = connection.execute(f"{_PICTURE} WHERE identity {_AMONG} ORDER BY number", (identities,))
        for identity, *facts in rows:
            pictures.setdefault(identity, []).append(PictureRow(*facts))
        at, then = _FLAGS, _FLAGS + 2
        whole = ((*row[:at], *map(bool, row[at:then]), *row[then:], tuple(pictures.get(row[0], ()))) for row in found)
        return [TaskRow(*facts) for facts in whole]


def _filter(
    gateway: str,
    *,
    model: str = "",
    text: str = "",
    since: float | None = None,
    until: float | None = None,
    states: Sequence[str] = (),
) -> tuple[str, list[Any]]:
    where, values = ["t.gateway = ?"], [gateway]
    conditions: list[tuple[str, Any]] = [
        ("t.model = ?", model or None),
        ("instr(folded(json_extract(t.request, '$.prompt')), ?)", folded(text) or None),
        ("t.asked >= ?", since),
        ("t.asked < ?", until),
    ]
    for condition, value in conditions:
        if value is not None:
            where.append(condition)
            values.append(value)
    if states:
        where.append(f"t.state {_AMONG}")
        values.append(json.dumps([*states]))
    return " AND ".join(where), values


def folded(text: str | None) -> str:
    """Return a text as searched for: 'E\u0301CLAIR' is 'éclair', ß is ss, İ is i, a tab a blank; no sign is unseen."""
    whole = (text or "").encode("utf-8", errors="replace").decode()  # SQLite takes no half of a character
    if not (whole.isascii() and whole.isprintable()):
        seen = (one for one in whole if one.isspace() or unicodedata.category(one) not in _CONTROLS)
        whole = unicodedata.normalize("NFKC", re.sub(_UNSEEN, "", "".join(seen)))
    plain = unicodedata.normalize("NFKC", whole.casefold())
    return " ".join(plain.replace("i\u0307", "i").replace("\u0131", "i").split())
