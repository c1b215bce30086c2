"""Lost answers: what the gateway's bill says of a task whose answer never came; a person accepts it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from fox_nb.errors import InvalidRequest
from fox_nb.money import MICRO_PER_USD
from fox_nb.parameters import not_allowed, shown, unboxed
from fox_nb.session.matching import AMBIGUOUS, AMOUNT
from fox_nb.session.prices import Cost
from fox_nb.store import TaskRow


class Proposal(NamedTuple):
    """What the bill says of a task whose answer was lost.

    Attributes
    ----------
    word : str
        charged, refunded, ambiguous, nothing found, or not asked.
    words : str
        The same as a sentence.
    paid : bool or None
        What to say to `settle`; None where the bill proves nothing.
    task_id : str
        The id that the log names: with it the pictures are not lost.
    title : str
        What the task is about.
    """

    word: str
    words: str
    paid: bool | None = None
    task_id: str = ""
    title: str = ""

    @property
    def code(self) -> str:
        """The call that accepts it; '' where there is nothing to accept."""
        if self.paid is None:
            return ""
        return f"task.settle(paid={self.paid}{f', task_id={self.task_id!r}' if self.task_id else ''})"

    def __repr__(self) -> str:
        return f"{self.title[:60]}: {self.words} {self.code}".rstrip()


def proposal_of(row: TaskRow) -> Proposal:
    """Return what the bill says of a task of unknown fate, as far as the journal knows it."""
    if row.is_named_since and row.named != row.bill_task:  # of a sending before the one that the amounts are of
        return Proposal("charged", "The bill has charged it, and named it since.", True, row.named, row.words)
    if row.bill and row.bill_charged is not None:  # of the sending whose answer was lost, not of those before it
        at = f" at {moment(row.bill_seen_at)}" if row.bill_seen_at is not None else ""
        amount = Cost(row.bill_charged / MICRO_PER_USD, is_estimate=False, is_play_money=row.is_play_money).amount
        if row.bill_refunded >= row.bill_charged:
            return Proposal("refunded", f"The bill shows {amount} charged and refunded{at}.", False, "", row.words)
        fits = ", one of several equal ones" if row.bill == AMOUNT else ""
        return Proposal("charged", f"The bill shows a charge of {amount}{at}{fits}.", True, row.bill_task, row.words)
    if row.bill == AMBIGUOUS:
        words = "The bill has charges that fit this and other requests: which was charged is not certain."
        return Proposal(AMBIGUOUS, words, title=row.words)
    if row.bill:
        words = "Nothing was found on the bill, which proves nothing."
        return Proposal("nothing found", words, title=row.words)
    return Proposal("not asked", "fox.reconcile() looks for it on the gateway's bill.", title=row.words)


def next_step(proposal: Proposal) -> str:
    """Say what to do about a lost answer: accept what the bill has shown, else look it up."""
    if proposal.code:
        return f"Say {proposal.code} to accept that, or task.retry() to send it again."
    return (
        "Look at your bill for that minute (fox.reconcile() does), then say task.settle(paid=True), "
        "task.settle(paid=False), or task.retry() to send it again."
    )


def next_try(row: TaskRow) -> str:
    """Say what to do about a task that came to nothing."""
    if row.is_named_since:
        return (
            f"The bill has named it: task.settle(task_id={row.named!r}) fetches its pictures, within 24 hours; "
            "task.retry() sends it again, which is charged again."
        )
    if row.state == "refused":
        return "Ask again: it is sent as if for the first time."
    return "task.retry() sends it again and may be charged again; a changed request is a new one."


def yes_or_no(paid: Any) -> bool:
    """Return what was said of a payment; nothing else is taken for it: a None would give back what was paid."""
    plain = unboxed(paid)
    if isinstance(plain, bool):
        return plain
    raise InvalidRequest(
        f"paid is {'missing' if paid is None else shown(paid)}; allowed is True or False.",
        parameter="paid",
        value=paid,
        allowed="True or False",
        todo="Look at your bill (fox.reconcile() does), then say paid=True, paid=False or task_id='…', its id; "
        "while it proves nothing, settle nothing.",
    )


def id_or_none(task_id: Any) -> str:
    """Return a task's id, '' for none; what can't be one is refused before anything looks for it."""
    from fox_nb.tasks import usable_id  # what reads answers is not loaded before there is one

    if task_id is None or (isinstance(task_id, str) and not task_id.strip()):
        return ""
    found = usable_id(task_id) if isinstance(task_id, str) else ""
    if not found:
        raise not_allowed(
            "task_id",
            task_id,
            "an id as the gateway gives it, such as 'task-unified-…'",
            todo="Copy it from the gateway's console; without one say paid=True or paid=False alone.",
        )
    return found


def moment(seconds: float, *, whole: bool = False) -> str:
    """Write a moment as people read it, in local time; the date where it is not today, and `whole` with its zone."""
    try:
        local = datetime.fromtimestamp(seconds).astimezone()
    except (ValueError, OverflowError, OSError):
        return "an unknown time"
    if whole:
        return f"{local:%Y-%m-%d %H:%M %Z}"
    return f"{local:%H:%M:%S}" if local.date() == datetime.now().astimezone().date() else f"{local:%Y-%m-%d %H:%M}"
