"""Results: the newest of a panel at reading size, the dozen before it small, and a line for those that are older."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

import traitlets

from fox_nb.panels.task_cards import TaskCards
from fox_nb.session import Task

MOST = 12


class Results(TaskCards):
    """What a panel has made, newest first.

    Parameters
    ----------
    keeps : callable
        Says whether an output of the notebook keeps a task's pictures: the browser takes them from there.
    record : str
        The mark of these outputs: they are hidden while it is on the screen.
    """

    part = "results"

    record = traitlets.Unicode("").tag(sync=True)

    def __init__(self, *args: Any, keeps: Callable[[Task], bool], **traits: Any) -> None:
        self._keeps = keeps
        self._lock = threading.RLock()
        # Held while it is told, too: a list that is older than what was added since would take that out again.
        self._before = 0
        self._folded: set[str] = set()
        super().__init__(*args, **traits)
        self.on("ready", self.refresh)

    def item(self, task: Task) -> dict[str, Any]:
        """Say of a task what its card shows, and whether an output keeps its pictures."""
        return {**super().item(task), "kept": self._keeps(task)}

    def add(self, task: Task) -> None:
        """Put a task that is over in front, or show anew what became of it."""
        with self._lock:
            before = self._tasks
            self._tasks = before if task.identity in before else {task.identity: task, **before}
            self._folded.discard(task.identity)  # it was sent again, and comes back
            self._fold()
            self.say("item", item=self.item(task), most=MOST, earlier=self._earlier)

    def has(self, task: Task) -> bool:
        """Return True while a task is among what is shown."""
        with self._lock:
            return task.identity in self._tasks

    def add_before(self, tasks: Iterable[Task], earlier: int) -> None:
        """Put tasks behind those that are shown, which are newer, and count those that were there even before."""
        with self._lock:
            self._tasks.update({task.identity: task for task in tasks if task.identity not in self._tasks})
            self._before += earlier
            self._fold()
            self.refresh()

    def _fold(self) -> None:
        while len(self._tasks) > MOST:
            self._folded.add(self._tasks.popitem()[0])

    @property
    def _earlier(self) -> int:
        """How many results are older than those that are shown."""
        return self._before + len(self._folded)

    def remove(self, task: Task) -> None:
        """Take a task out, such as one that is tried again."""
        with self._lock:
            self._tasks.pop(task.identity, None)
            self.refresh()

    def refresh(self) -> None:
        """Show anew what is shown: what can be done with a result may have become something else."""
        with self._lock:
            self.say("list", items=[self.item(task) for task in self._tasks.values()], earlier=self._earlier)
