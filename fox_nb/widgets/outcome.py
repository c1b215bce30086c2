"""Outcome: what becomes of a panel's tasks: progress, the strip of results, and the outputs that stay below."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from fox_nb.display import task_pages
from fox_nb.widgets.control import Stack
from fox_nb.widgets.gallery import Results
from fox_nb.widgets.live import Live
from fox_nb.widgets.slots import Slot, Slots

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from fox_nb.session import Session, Task
    from fox_nb.widgets.gallery import Action

RETRY = ("retry", "Try again")
SETTLE = (("unpaid", "It was not charged"), ("paid", "It was charged"), ("retry", "Send it again"))


class Outcome:
    """Follows tasks from the journal to their pictures.

    Parameters
    ----------
    session : Session
        What watches.
    later : callable
        Has slow work done on another thread.
    uses : callable
        Gives the buttons of a completed task.
    landed : callable
        Called with each task that is over.

    Attributes
    ----------
    part : Control
        What is under way, and the strip.
    """

    def __init__(
        self,
        session: Session,
        later: Callable[[Callable[[], Any]], Any],
        uses: Callable[[Task], list[Action]],
        landed: Callable[[Task], None],
    ) -> None:
        self._session = session
        self._uses = uses
        self._landed = landed
        self._lock = threading.Lock()
        self._slot_of: dict[str, Slot] = {}
        self._followed: set[str] = set()
        self.slots = Slots()
        self.live = Live()
        self.results = Results(later, self.actions, label="Results")
        self.results.on_act(self.act)
        self.part = Stack([self.live, self.results])

    def actions(self, task: Task) -> list[Action]:
        """Return what can be done with a task, as it stands."""
        if task.status == "unknown":
            return list(SETTLE)
        if task.status in {"failed", "refused"}:
            return [RETRY]
        return self._uses(task) if task.status == "completed" else []

    def follow(self, task: Task) -> None:
        """Show a task's progress, and what became of it; one that is followed already stays as it is."""
        with self._lock:
            if task.identity in self._followed:
                return
            self._followed.add(task.identity)
            if task.identity not in self._slot_of:
                self._slot_of[task.identity] = self.slots.take(task_pages.sent_page(task))
        self.live.add(task, self._over)

    def resume(self, models: Collection[str]) -> None:
        """Go on with what an earlier kernel left unfinished; what is unknown is told."""
        for row in self._session.unfinished():
            if row.model in models:
                task = self._session.task(row)
                self._session.watch(task)
                self.follow(task)

    def act(self, name: str, task: Task, _number: int) -> None:
        """Do what a button says: send again, or settle.

        Raises
        ------
        FoxError
            It was not accepted.
        """
        if name == "retry":
            self._retry(task)
        elif name in {"paid", "unpaid"}:
            task.settle(paid=name == "paid")
            self._over(task)

    def _retry(self, task: Task) -> None:
        def sent(task: Task) -> None:
            if not task.is_over:
                self.results.remove(task)
                self.follow(task)

        forget = task.on_change(sent)
        try:
            task.retry()
        finally:
            forget()
            if task.is_over:
                self._over(task)

    def _over(self, task: Task) -> None:
        with self._lock:
            self._followed.discard(task.identity)
            slot = self._slot_of.get(task.identity)
        if slot is not None:
            slot.update(task_pages.task_page(task))
        if task.images or task.status != "completed":  # a trained profile is listed under Profiles
            self.results.add(task)
        self._landed(task)
