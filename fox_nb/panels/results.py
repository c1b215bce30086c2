"""Results: the newest of a panel at reading size, the dozen before it small, and a line for those that are older."""

from __future__ import annotations

import threading
from typing import Any

import traitlets

from fox_nb.panels.record import SHOWN, Record
from fox_nb.panels.task_cards import TaskCards
from fox_nb.session import Task


class Results(TaskCards):
    """What a panel has made, newest first, as the record has it.

    Parameters
    ----------
    source : Record
        Knows what is over, and whether an output of the notebook keeps a task's pictures: the browser takes them from
        there.
    model : str or None
        Whose results of those in the record; None for all.
    record : str
        The mark of the record's outputs: they are hidden while it is on the screen.
    """

    part = "results"

    record = traitlets.Unicode("").tag(sync=True)

    def __init__(self, *args: Any, source: Record, model: str | None, **traits: Any) -> None:
        self._source = source
        self._model = model
        self._lock = threading.Lock()
        # Held while it is told, too: a list that is older than what was added since would take that out again.
        super().__init__(*args, **traits)
        self.on("ready", self.refresh)

    @property
    def tasks(self) -> dict[str, Task]:
        """What is shown, by identity, the newest first."""
        return {task.identity: task for task in self._source.over(self._model)[0]}

    def task(self, key: object) -> Task | None:
        """Return any result that there is: what is being saved is saved when newer ones have taken its place, too."""
        return next((task for task in self._source.results if task.identity == key), None)

    @property
    def earlier(self) -> int:
        """How many results are older than those that are shown."""
        return self._source.over(self._model)[1]

    def item(self, task: Task) -> dict[str, Any]:
        """Say of a task what its card shows, and whether an output keeps its pictures."""
        return {**super().item(task), "kept": self._source.keeps(task)}

    def show(self, task: Task) -> None:
        """Show a task that is over in front, or anew what became of it; one that is older is counted alone."""
        with self._lock:
            if task.identity in self.tasks:
                self.send_message("item", item=self.item(task), most=SHOWN, earlier=self.earlier)

    def refresh(self) -> None:
        """Show anew what is shown: what can be done with a result may have become something else."""
        with self._lock:
            tasks, earlier = self._source.over(self._model)
            self.send_message("list", items=[self.item(task) for task in tasks], earlier=earlier)
