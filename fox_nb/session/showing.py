"""Showing: one display a task in its cell, brought up to date from threads; lines on a terminal elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

from fox_nb.session import pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fox_nb.session.task import Task

VOILA_PATIENCE = 300.0
"""Voila shows no update after the notebook has run, so a task in a cell is waited for, at most so many seconds."""


def in_notebook() -> bool:
    """Return True when a Jupyter kernel runs this code."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


WAIT_VARIABLE = "FOX_NB_WAIT"
"""Set where a notebook is run without a screen: a task in a cell is waited for: nobody is there to see it change."""


def in_voila() -> bool:
    """Return True when Voila runs this notebook: its outputs show no update after the run."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila")


def bundle(html: str, words: str = "") -> dict[str, str]:
    """Return an output that is HTML where that can be shown, and words elsewhere."""
    return {"text/html": html, "text/plain": words}


class _Shown:
    """A display in one execution of one cell; pictures are sent once, when all are there.

    Parameters
    ----------
    html : str
        What is shown.
    words : str
        The same for a console and for exports that take no HTML.
    """

    def __init__(self, html: str, words: str = "") -> None:
        from IPython.display import display

        self.cell = _this_cell()
        self._last = html
        self._lock = threading.Lock()
        self._handle = display(bundle(html, words), raw=True, display_id=True)

    def update(self, html: str, words: str = "") -> None:
        """Send the display anew where it has changed."""
        with self._lock:
            if html != self._last:
                self._last = html
                self._handle.update(bundle(html, words), raw=True)


_shown: weakref.WeakKeyDictionary[Task, _Shown] = weakref.WeakKeyDictionary()


def show(task: Task) -> None:
    """Show a task as a cell's value: its progress while it is under way, then its pictures, in one place."""
    if not in_notebook():
        raise NotImplementedError  # IPython on a terminal then shows the repr
    if (in_voila() or os.environ.get(WAIT_VARIABLE)) and not task.is_over:
        with contextlib.suppress(Exception):  # how it ended stands on the page
            task.wait(VOILA_PATIENCE)
    was_over = task.is_over  # asked before its page is made: what ends between the two is still followed
    shown = _shown.get(task)
    if shown is not None and shown.cell == _this_cell():
        shown.update(pages.task_page(task), repr(task))
    else:
        shown = _shown[task] = _Shown(pages.task_page(task), repr(task))
    if not was_over:
        _follow(task, shown)


def _follow(task: Task, shown: _Shown) -> None:
    task.follow(lambda task, _over: shown.update(pages.task_page(task), repr(task)))


@contextlib.contextmanager
def waiting(task: Task) -> Iterator[Callable[[], None]]:
    """Show progress while a cell or a script waits; gives what is called about once a second."""
    if task.is_over:
        yield lambda: None
    elif in_notebook():
        shown = _shown.get(task)
        if shown is None or shown.cell != _this_cell():
            shown = _shown[task] = _Shown(pages.task_page(task), repr(task))
        try:
            yield lambda: None if task.is_over else shown.update(pages.task_page(task), repr(task))
        finally:
            page = pages.done_line(task) if task.status == "completed" else pages.task_page(task)
            shown.update(page, repr(task))
    elif sys.stderr.isatty():
        try:
            yield lambda: _line(f"{task.model}: {task.status} {task.progress} %, {task.waited:.0f} s")
        finally:
            _line(f"{task.model}: {task.status}, {task.waited:.0f} s\n")
    else:
        yield lambda: None


@contextlib.contextmanager
def ticking(page: Callable[[], str]) -> Iterator[Callable[[], None]]:
    """Show a page in a cell that is made anew at each tick; nothing is shown elsewhere."""
    if not in_notebook():
        yield lambda: None
        return
    shown = _Shown(page())
    try:
        yield lambda: shown.update(page())
    finally:
        shown.update(page())


def _line(text: str) -> None:
    sys.stderr.write(f"\r\x1b[K{text}")
    sys.stderr.flush()


def _this_cell() -> Any:
    from IPython import get_ipython

    shell = get_ipython()
    return (id(shell), shell.execution_count) if shell is not None else None
