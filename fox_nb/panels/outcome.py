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


class Outcome:
    """Follows tasks from the journal to their pictures.

    Parameters
    ----------
    session : Session
        What watches.
    later : callable
        Has slow work done on another thread.
    model : str or None
        Whose tasks of those in the record; None for all.
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
        model: str | None,
        press: Press,
        record: Record,
        uses: Callable[[Task], list[Action]],
        ended: Callable[[Task], None],
        layout: Layout,
    ) -> None:
        self._session = session
        self._model = model
        self._titles = Titles(session)
        self._press = press
        self._record = record
        self._uses = uses
        self._ended = ended
        self._began = session.now()
        self._lock = threading.Lock()
        self._followed: set[str] = set()
        self._listened: weakref.WeakSet[Task] = weakref.WeakSet()
        mark = record.mark if not in_voila() else ""
        self.results = Results(
            self._titles, later, self.actions, source=record, model=model, record=mark, layout=layout
        )

    def actions(self, task: Task) -> list[Action]:
        """Return what can be done with a task, as it stands; what costs money says how much."""
        return self._uses(task) if task.status == "completed" else remedies(self._session, task, self.show)

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

    def show_again(self) -> None:
        """Show what earlier runs of the cell have shown, and go on with what of it is under way."""
        self._record.take_back()
        self.results.refresh()
        for task in self._record.recalled(self._model):
            if task.status in ON_ITS_WAY:
                self.show(task)
            else:
                self._listen(task)

    def resume(self, model: str) -> None:
        """Go on with what was left unfinished before the panel was; what is unknown is told.

        What was asked for since, by another cell, is shown there: a browser may show the panel much later.
        """
        for row in self._session.unfinished():
            if row.model == model and row.asked <= self._began:
                task = self._session.task(row)
                self._session.poller.watch(task)
                self.follow(task)

    def _over(self, task: Task) -> None:
        with self._lock:
            self._followed.discard(task.identity)
        self._listen(task)
        try:
            self._record.put(task)  # first: the results take their pictures from it
        finally:
            self.results.show(task)
            self._ended(task)

    def _listen(self, task: Task) -> None:
        """Hear of what becomes of a result, whoever sends it again or settles it: this panel, another one or code."""
        with self._lock:
            if task in self._listened:
                return
            self._listened.add(task)
        task.on_change(self._changed)

    def _changed(self, task: Task) -> None:
        shown = task.identity in self.results.tasks
        if not task.is_over:
            self.follow(task)
            if shown:
                self.results.refresh()
        elif shown:
            self._over(task)


def remedies(session: Session, task: Task, show: Callable[[Task], object]) -> list[Action]:
    """Return the buttons of a task that came to nothing: what the bill proposes first; what costs money says how much.

    Each, when it has done its work, calls `show` with the task. A visitor has no bill.
    """
    if task.status not in {"unknown", "failed", "refused"}:
        return []

    def action(name: str, words: str, do: Callable[..., object], **given: Any) -> Action:
        return Action(name, words, lambda _: (do(**given), show(task)))

    again = "Send it again" if task.status == "unknown" else "Try again"
    if task.model in MODELS:
        values = {name: value for name, value in task.request.items() if name != "model"}
        again += f" \u00b7 {session.prices.cost(MODELS[task.model].unchecked(**values)).short}"
    retry, proposal, settling = action("retry", again, task.retry), task.proposal, list[Action]()
    if in_voila():
        return [retry]
    if proposal is not None:
        settling = [
            action("unpaid", "It was not charged", task.settle, paid=False),
            action("paid", "It was charged", task.settle, paid=True),
        ]
        if proposal.paid is not None:
            words = f"Accept: {proposal.word}{', and fetch its pictures' if proposal.task_id else ''}"
            proposed = action("accept", words, task.settle, paid=proposal.paid, task_id=proposal.task_id)
            settling.insert(0, proposed)
    elif task.row.is_named_since:
        settling = [action("accept", "Fetch its pictures", task.settle, task_id=task.row.named)]
    bill = [action("bill", "Check the bill", _look_at_the_bill, session=session)] * (not task.cost.is_settled)
    return [*settling, retry, *bill]


def _look_at_the_bill(session: Session) -> None:
    result = session.reconcile(fresh=True)
    if result.note:
        raise FoxError(result.note, money="Nothing was changed.", todo="Pictures are not touched by that.")
