"""Bills: what the journal knows of each sending for the gateway's log to be held against, and what that log said."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from fox_nb.store.journal import LONGEST_SENDING, Journal
from fox_nb.store.journal_reader import NEWEST_OF
from fox_nb.store.rows import FORGOTTEN, SHARED

AFTER_TROUBLE = 60.0
"""Seconds after which what could not be read is asked for again."""
LOST_FOR = 120.0
"""Seconds after an answer was lost in which the gateway may still have charged for it."""
READS_WITHIN = 1200.0
"""Seconds in which a gateway lets so many reads of the bill through."""
MOST_READS = 18
"""So many are made from one store; the gateway's own limit is about 20, for all behind one address."""


class Sending(NamedTuple):
    """A sending that may be on the bill, and what the gateway's log has said of it.

    Times are seconds since 1970, by this computer's clock, those of the log by its own; amounts millionths of a USD.

    Attributes
    ----------
    number : int
        The journal's number of the sending.
    model : str
        The gateway's name of the model, in small letters.
    amounts : frozenset of int
        What it may have been charged: what was reserved, and what a bill may have in its place.
    sent, until : float
        Between these two it was accepted, if it was.
    task_id : str
        The gateway's id; '' where it never came.
    may_be_refunded : bool
        True where it came to nothing, or nobody knows.
    charged, charged_at, refunded, refunded_at, named
        What the log said; the last is the task that it named.
    is_settled : bool
        True where a person has said that it was not paid: it is thought of only where a charge is nobody else's.
    bill : str
        How sure the log is of it; '' while it was not asked.
    request : str
        The request's canonical JSON.
    accepted, credits : float or None
        When it was accepted, and what the gateway said then that it reserved.
    is_awaited : bool
        True while it is on the wire: its charge may be on the bill already, and that none is there says nothing.
    """

    number: int
    model: str
    amounts: frozenset[int]
    sent: float
    until: float
    task_id: str = ""
    may_be_refunded: bool = False
    charged: int | None = None
    charged_at: float | None = None
    refunded: int | None = None
    refunded_at: float | None = None
    named: str = ""
    is_settled: bool = False
    bill: str = ""
    request: str = ""
    accepted: float | None = None
    credits: float | None = None
    is_awaited: bool = False


class Bills:
    """The journal's side of the bill."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def sendings(self, gateway: str, account: str) -> list[Sending]:
        """Return what may have been charged, oldest first; what certainly was not accepted is left out.

        What is on the wire may be on the bill before its answer is here: without it, its charge would be that of
        another one whose answer was lost.
        """
        query = f"""
            WITH timed AS (SELECT *, coalesce(sent, at) AS begun FROM charge)
            SELECT c.number, lower(t.model), c.micro, c.begun, coalesce(
                    c.accepted,
                    min(c.begun + {LONGEST_SENDING}, CASE WHEN c.number = n.number THEN t.finished END + {LOST_FOR}),
                    c.begun + {LONGEST_SENDING}
                ),
                c.task_id,
                c.number != n.number OR t.state NOT IN ('sending', 'pending', 'processing', 'completed')
                    AND t.error_code != '{FORGOTTEN}',
                c.charged, c.charged_at, c.refunded, c.refunded_at, c.bill_task, c.state = 'settled', c.bill,
                t.request, c.accepted, CASE WHEN c.number = n.number THEN t.credits END,
                c.number = n.number AND t.state = 'sending'
            FROM timed c JOIN task t ON t.identity = c.identity
                JOIN charge n ON n.number = (SELECT {NEWEST_OF.format("t")})
            WHERE c.gateway = ? AND c.account = ? AND c.state != 'back'
                AND NOT (c.number = n.number AND t.state = 'preparing')
            ORDER BY c.number
        """  # noqa: S608 - made of constants
        with self._journal.reading() as connection:
            rows = connection.execute(query, (gateway, account)).fetchall()
        return [Sending(number, model, frozenset({micro}), *facts) for number, model, micro, *facts in rows]

    def came_back(self, gateway: str, account: str, *, since: float) -> int:
        """Return in micro-USD what came back since then of what was sent before, as far as the log has shown it."""
        query = (
            "SELECT coalesce(sum(refunded), 0) FROM charge "
            "WHERE gateway = ? AND account = ? AND coalesce(sent, at) < ? AND refunded_at >= ?"
        )
        with self._journal.reading() as connection:
            return int(connection.execute(query, (gateway, account, since, since)).fetchone()[0])

    def note(self, found: Iterable[Sending]) -> None:
        """Write what the log says, in one transaction; what was seen once stays, though the log may forget it."""
        with self._journal.writing() as connection:
            connection.executemany(
                "UPDATE charge SET bill = CASE WHEN bill = ? OR NOT ? AND NOT (charged IS NULL AND refunded IS NULL) "
                "THEN bill ELSE ? END, "
                "charged = coalesce(?, charged), charged_at = coalesce(?, charged_at), "
                "refunded = coalesce(?, refunded), refunded_at = coalesce(?, refunded_at), "
                "bill_task = coalesce(nullif(?, ''), bill_task) WHERE number = ?",
                [
                    (
                        SHARED,
                        one.charged is not None or one.refunded is not None,
                        one.bill,
                        one.charged,
                        one.charged_at,
                        one.refunded,
                        one.refunded_at,
                        one.named,
                        one.number,
                    )
                    for one in found
                    if not one.is_awaited or one.charged is not None
                ],
            )

    # -- how often the gateway is asked, by all kernels that share the store -----------------------------------------

    def may_read(self, gateway: str, account: str, what: str, now: float, *, every: float, reads: int = 1) -> bool:
        """Take a turn at reading a key's account or log; False when it is not to be read now.

        Parameters
        ----------
        what : str
            ``account`` or ``log``.
        every : float
            Seconds for which one read of a key serves all.
        reads : int
            How many calls that may take; all are counted, whatever becomes of them.
        """
        with self._journal.writing() as connection:
            connection.execute(
                "DELETE FROM bill_read WHERE at <= ? OR at > ?", (now - READS_WITHIN, now + READS_WITHIN)
            )
            made, refused = connection.execute(
                "SELECT count(CASE WHEN what NOT LIKE '% %' THEN 1 END), count(CASE what WHEN 'refused' THEN 1 END) "
                "FROM bill_read WHERE gateway = ?",
                (gateway,),
            ).fetchone()
            last, failed = (_last(connection, gateway, account, of) for of in (what, f"{what} failed"))
            wait = every if last is None or failed is None or failed < last else min(every, AFTER_TROUBLE)
            if refused or made + reads > MOST_READS or (last is not None and now - last < wait):
                return False
            row = (gateway, account, what, now)
            connection.executemany("INSERT INTO bill_read VALUES (?, ?, ?, ?)", [row] * reads)
        return True

    def refused(self, gateway: str, account: str, now: float) -> None:
        """Note that the gateway had too many reads: for as long as it counts them nobody here asks again."""
        with self._journal.writing() as connection:
            connection.execute("INSERT INTO bill_read VALUES (?, ?, 'refused', ?)", (gateway, account, now))

    def is_refused(self, gateway: str) -> bool:
        """Return True while the gateway is left alone because it has had too many reads."""
        query = "SELECT count(*) FROM bill_read WHERE gateway = ? AND what = 'refused'"
        with self._journal.reading() as connection:
            return bool(connection.execute(query, (gateway,)).fetchone()[0])

    def ended(self, gateway: str, account: str, what: str, now: float, *, whole: bool) -> None:
        """Note the end of a read, with the whole answer or without."""
        row = (gateway, account, f"{what} {'read' if whole else 'failed'}", now)
        with self._journal.writing() as connection:
            connection.execute("INSERT INTO bill_read VALUES (?, ?, ?, ?)", row)

    def last_read(self, gateway: str, account: str, what: str) -> float | None:
        """Return when a key's account or log was read last, as a whole; None when that is long ago."""
        with self._journal.reading() as connection:
            return _last(connection, gateway, account, f"{what} read")

    def last_failure(self, gateway: str, account: str, what: str) -> float | None:
        """Return when a key's account or log could not be read last; None when that is long ago."""
        with self._journal.reading() as connection:
            return _last(connection, gateway, account, f"{what} failed")

    def begun(self, gateway: str, account: str, what: str) -> float | None:
        """Return when a read began that has not ended; None where none has."""
        with self._journal.reading() as connection:
            last, *ends = (_last(connection, gateway, account, what + end) for end in ("", " read", " failed"))
        return None if last is None or any(end is not None and end >= last for end in ends) else last


def _last(connection: sqlite3.Connection, gateway: str, account: str, what: str) -> float | None:
    query = "SELECT max(at) FROM bill_read WHERE gateway = ? AND account = ? AND what = ?"
    found: float | None = connection.execute(query, (gateway, account, what)).fetchone()[0]
    return found
