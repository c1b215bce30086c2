"""Live: the tasks of a panel that are under way, each with its progress and a Stop watching; one ticker for all."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import ipywidgets as w

from fox_nb.session import pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.session import Task

TICK = 1.0


class Live:
    """Rows of tasks under way.

    Attributes
    ----------
    widget : ipywidgets.VBox
        The rows; announced politely to screen readers.
    """

    def __init__(self) -> None:
        self.widget = w.VBox([])
        self._rows: dict[Task, _Row] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ticking = False

    def add(self, task: Task, when_over: Callable[[Task], None]) -> None:
        """Show a task until it is over or no longer watched."""
        with self._lock:
            if task in self._rows:
                return
            row = self._rows[task] = _Row(task)
            self._arrange()
            if not self._ticking:
                self._ticking = True
                threading.Thread(target=self._tick, name="fox_nb-ticker", daemon=True).start()

        def changed(task: Task) -> None:
            over = task.is_over
            if over or row.left:
                forget()
                self._remove(task)
                if over:
                    when_over(task)
            else:
                row.update()

        forget = task.on_change(changed)
        changed(task)

    def _remove(self, task: Task) -> None:
        with self._lock:
            if self._rows.pop(task, None) is not None:
                self._arrange()
            self._wake.set()

    def _arrange(self) -> None:
        self.widget.children = tuple(row.widget for row in reversed(self._rows.values()))

    def _tick(self) -> None:
        """Bring the seconds up to date; ends when nothing is under way."""
        while True:
            self._wake.wait(TICK)
            with self._lock:
                self._wake.clear()
                rows = list(self._rows.values())
                if not rows:
                    self._ticking = False
                    return
            for row in rows:
                row.update()


class _Row:
    def __init__(self, task: Task) -> None:
        self._task = task
        self.left = False
        self._html = w.HTML(pages.task_page(task), layout=w.Layout(flex="1 1 auto", min_width="0"))
        stop = w.Button(
            description="Stop watching",
            tooltip="The gateway has no cancel: it is made and paid for, and fox.tasks() has it when it is ready",
            layout=w.Layout(width="auto", flex="0 0 auto"),
        )
        stop.on_click(lambda _: self._leave())
        self.widget = w.HBox([self._html, stop], layout=w.Layout(align_items="center"))

    def update(self) -> None:
        self._html.value = pages.task_page(self._task)

    def _leave(self) -> None:
        self.left = True
        self._task.stop_watching()
