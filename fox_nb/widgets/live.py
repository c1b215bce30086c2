"""Live: the tasks of a panel that are under way, each with its progress and a Stop watching.

The seconds run in the browser; a message goes there only when something has changed. Nothing of it is a trait, so no
saved notebook shows a task that has long ended as under way.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from fox_nb.display import task_pages
from fox_nb.render.html import clip
from fox_nb.widgets.control import Control

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.session import Task

LEFT = (
    "No longer watched here: {title}. The gateway has no cancel, so it is made and paid for; "
    "it will be in the history when it is ready."
)


class Live(Control):
    """Rows of tasks under way; news of them is announced politely to screen readers."""

    module = "live"

    def __init__(self, **traits: Any) -> None:
        self._tasks: dict[str, Task] = {}
        self._lock = threading.Lock()
        super().__init__(**traits)

    def add(self, task: Task, when_over: Callable[[Task], None]) -> None:
        """Show a task until it is over, then call `when_over(task)`; a task that is shown already stays as it is."""
        with self._lock:
            if task.identity in self._tasks:
                return
            self._tasks[task.identity] = task

        def changed(task: Task, over: bool) -> None:
            if not over:
                self._show(task)
                return
            self._remove(task, f"{clip(task_pages.title(task), 80)}: {task.status}.")
            when_over(task)

        task.follow(changed)

    def _show(self, task: Task) -> None:
        if task.identity in self._tasks:
            self.send({"type": "item", "item": _item(task)})

    def _remove(self, task: Task, said: str) -> None:
        with self._lock:
            shown = self._tasks.pop(task.identity, None)
        if shown is not None:
            self.send({"type": "gone", "key": task.identity, "said": said})

    def _on_ready(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        with self._lock:
            tasks = list(self._tasks.values())
        self.send({"type": "list", "items": [_item(task) for task in tasks]})
        super()._on_ready(content, buffers)

    def _on_stop(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Take a row away; the task itself is still looked after, so that nothing that is paid for is lost."""
        task = self._tasks.get(str(content.get("key")))
        if task is not None:
            self._remove(task, LEFT.format(title=clip(task_pages.title(task), 80)))


def _item(task: Task) -> dict[str, Any]:
    return {
        "key": task.identity,
        "title": clip(task_pages.title(task), 200),
        "status": task.status,
        "percent": task.progress,
        "gone": task.waited,
        "estimated": task.estimate,
        "note": clip(task.trouble) if task.trouble is not None else "",
    }
