"""Outcome: what becomes of a panel's tasks: under way beside the button, then in its results and in the record."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

from fox_nb.errors import FoxError
from fox_nb.models import MODELS
from fox_nb.panels.press import Press
from fox_nb.panels.record import Record
from fox_nb.panels.results import Results
from fox_nb.panels.script import Layout
from fox_nb.panels.task_cards import Action
from fox_nb.panels.titles import Titles
from fox_nb.session import Session, Task
from fox_nb.settings import in_voila
from fox_nb.store import ON_ITS_WAY

BILL = ("bill", "Check the bill")


FREE_ACTIONS = frozenset({"paid", "unpaid", "accept", BILL[0]})
"""Buttons that send nothing."""


def settle(session: Session, task: Task, name: str) -> None:
    """Look at the bill, accept what it proposes, or note what the person found out.

    Raises
    ------
    FoxError
        The bill cannot be read now, or says otherwise; nothing was changed.
    """
    if name == BILL[0]:
        said = session.reconcile(fresh=True)
        if said.note:
            raise FoxError(said.note, money="Nothing was changed.", todo="Pictures are not touched by that.")
    elif name != "accept":
        task.settle(paid=name == "paid")
    elif task.row.is_named_since:
        task.settle(task_id=task.row.bill_task)
    elif task.proposal is not None and task.proposal.paid is not None:
        task.settle(paid=task.proposal.paid, task_id=task.proposal.task_id)


def settling(task: Task) -> list[Action]:
    """Return the buttons that settle a lost answer, what the bill proposes first; a visitor has no bill."""
    proposal = task.proposal
    if in_voila():
        return []
    if proposal is None:
        return [("accept", "Fetch its pictures")] * task.row.is_named_since
    by_hand = [("unpaid", "It was not charged"), ("paid", "It was charged")]
    if proposal.paid is None:
        return by_hand
    pictures = ", and fetch its pictures" if proposal.task_id else ""
    return [("accept", f"Accept: {proposal.word}{pictures}"), *by_hand]


class Outcome:
    """Follows tasks from the journal to their pictures.

    Parameters
    ----------
    session : Session
        What watches.
    later : callable
        Has slow work done on another thread.
    titles : Titles
        What tasks are called.
    press : Press
        Beside what tasks under way stand.
    record : Record
        What stays of them in the notebook.
    uses : callable
        Gives the buttons of a completed task.
    ended : callable
        Called with each task that is over.
    layout : Layout
        How the results are laid out.

    Attributes
    ----------
    results : Results
        What is shown of those that are over.
    """

    def __init__(
        self,
        session: Session,
        later: Callable[[Callable[[], Any]], Any],
        titles: Titles,
        press: Press,
        record: Record,
        uses: Callable[[Task], list[Action]],
        ended: Callable[[Task], None],
        layout: Layout,
    ) -> None:
        self._session = session
        self._titles = titles
        self._press = press
        self._record = record
        self._uses = uses
        self._ended = ended
        self._began = session.now()
        self._lock = threading.Lock()
        self._followed: set[str] = set()
        self._listened: weakref.WeakSet[Task] = weakref.WeakSet()
        mark = record.mark if not in_voila() else ""
        self.results = Results(titles, later, self.actions, keeps=record.keeps, record=mark, layout=layout)
        self.results.on("act", self.act)

    def actions(self, task: Task) -> list[Action]:
        """Return what can be done with a task, as it stands; what costs money says how much."""
        return remedies(self._session, task) or (self._uses(task) if task.status == "completed" else [])

    def follow(self, task: Task) -> None:
        """Show a task's progress, and what became of it; one that is followed already stays as it is."""
        with self._lock:
            if task.identity in self._followed:
                return
            self._followed.add(task.identity)
        self._record.put(task)
        self._press.follow(task, self._titles.of, self._over)

    def show(self, task: Task) -> None:
        """Show a task as it stands: one that is over at once, one under way until it is."""
        if task.status in ON_ITS_WAY:
            self._session.poller.watch(task)
            self.follow(task)
            self._press.show(task, self._titles.of)
        else:
            self._over(task)

    def show_again(self, tasks: list[Task], earlier: int) -> None:
        """Show what an earlier run of the cell has shown, the oldest first, and count those that were there before."""
        over = [task for task in tasks if task.status not in ON_ITS_WAY]
        if over or earlier:
            self.results.add_before(reversed(over), earlier)
        for task in tasks:
            if task in over:
                self._listen(task)
            else:
                self.show(task)

    def resume(self, model: str) -> None:
        """Go on with what was left unfinished before the panel was; what is unknown is told.

        What was asked for since, by another cell, is shown there: a browser may show the panel much later.
        """
        for row in self._session.unfinished():
            if row.model == model and row.asked <= self._began:
                task = self._session.task(row)
                self._session.poller.watch(task)
                self.follow(task)

    def act(self, name: str, task: Task, _number: int) -> None:
        """Do what a button says: send again, settle, or look at the bill.

        Raises
        ------
        FoxError
            It was not accepted.
        """
        if name == "retry":
            self._listen(task)
            task.retry()
        elif name in FREE_ACTIONS:
            settle(self._session, task, name)
            self.show(task)

    def _over(self, task: Task) -> None:
        with self._lock:
            self._followed.discard(task.identity)
        self._listen(task)
        try:
            self._record.put(task)  # first: the results take their pictures from it
        finally:
            self.results.add(task)
            self._ended(task)

    def _listen(self, task: Task) -> None:
        """Hear of what becomes of a result, whoever sends it again or settles it: this panel, another one or code."""
        with self._lock:
            if task in self._listened:
                return
            self._listened.add(task)
        task.on_change(self._changed)

    def _changed(self, task: Task) -> None:
        shown = self.results.has(task)
        if not task.is_over:
            if shown:
                self.results.remove(task)
            self.follow(task)
        elif shown:
            self._over(task)


def must_be_of_outcome(name: str) -> None:
    """Raise LookupError for a button that `Outcome.act` doesn't do either: a press must not come to nothing."""
    if name != "retry" and name not in FREE_ACTIONS:
        raise LookupError(f"nothing does what the button {name!r} says")


def remedies(session: Session, task: Task) -> list[Action]:
    """Return the buttons of a task that came to nothing; what costs money says how much."""
    if task.status not in {"unknown", "failed", "refused"}:
        return []
    again = "Send it again" if task.status == "unknown" else "Try again"
    if task.model in MODELS:
        values = {name: value for name, value in task.request.items() if name != "model"}
        again += f" \u00b7 {session.prices.cost(MODELS[task.model].unchecked(**values)).short}"
    return [*settling(task), ("retry", again), *[BILL] * (not task.cost.is_settled and not in_voila())]
