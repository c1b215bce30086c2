"""Notebook: the renderer for kernels and other places of HTML; where there is no kernel it has a terminal's words."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from fox_nb.display import live, task_pages
from fox_nb.display.places import area_here, bundle, in_notebook, is_last_value, is_unseen, open_place
from fox_nb.display.printed import printable
from fox_nb.session.pool import deadline
from fox_nb.session.renderer import Renderer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from fox_nb.display.places import Bundle
    from fox_nb.session import Task

LONGEST_WAIT = 300.0
"""Seconds for which a task is waited for where nobody looks."""


class Notebook(Renderer):
    """Shows a session's things wherever Jupyter shows something."""

    def __init__(self) -> None:
        self._local = threading.local()
        if in_notebook():
            live.listen()  # what shows something first may be captured, and sent by another cell

    def __reduce__(self) -> tuple[type[Notebook], tuple[()]]:
        """Travel with what it shows: there it is a new one."""
        return Notebook, ()

    def html(self, thing: Any) -> str:
        """Return how a thing looks now."""
        return task_pages.page(thing)

    def bundle(
        self, thing: Any, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> Bundle:
        """Return how a thing looks now; what is under way is brought up to date wherever that is displayed."""

        def draw(thing: Any) -> Bundle:
            shown = _drawn(thing)
            return {kind: shown[kind] for kind in shown if kind in (include or shown) and kind not in (exclude or ())}

        if not in_notebook():
            return draw(thing)
        live.listen()
        if is_unseen():
            self._wait_unseen(thing)
        under_way = [task for task in task_pages.tasks_of(thing) if not task.is_over]
        if not under_way:
            return draw(thing)
        display = live.LiveDisplay(thing, draw, [] if thing in under_way else under_way)
        live.announce(display)
        return display.shown

    def show_value(self, thing: Any) -> None:
        """Show a cell's last value as a display, which can be changed later; a result of a cell cannot.

        Whoever else asks, as `display` or an Output widget do, gets the bundle. Where a cell has waited for a task
        and then ends with it, the pictures take the place of the progress.
        """
        from IPython.display import display

        from fox_nb.session import Task

        if not is_last_value():
            raise NotImplementedError
        place = live.take_wait(thing, area_here()) if isinstance(thing, Task) and thing.is_over else None
        if place is not None:
            place.show(_drawn(thing))
        else:
            display(self.bundle(thing), raw=True)

    @contextlib.contextmanager
    def waiting(self, task: Task) -> Iterator[Callable[[], None]]:
        """Show progress while a cell or a script waits; gives what is called about once a second."""
        if not in_notebook():
            with super().waiting(task) as show:
                yield show
            return
        now = _drawn(task)  # before it is asked whether it has ended: a line of progress never shows the pictures
        try:
            over = task.has_ended or task.is_over
            shown = over or getattr(self._local, "unseen", False) or live.is_in(task, area_here())
            with contextlib.nullcontext(lambda: None) if shown else self._progress(task, now) as tick:
                yield tick
        finally:
            live.finish(task)

    @contextlib.contextmanager
    def _progress(self, task: Task, last: Bundle) -> Iterator[Callable[[], None]]:
        line = live.wait_line(task, area_here(), lambda: open_place(last))
        if line.shown is not None:
            line.place.show(last)
        live.listen()

        def tick() -> None:
            nonlocal last
            now = _drawn(task)
            if now != last and not task.has_ended:
                last = now
                line.place.show(now)

        try:
            yield tick
        finally:
            self._waited(task, line)

    @staticmethod
    def _waited(task: Task, line: live.WaitLine) -> None:
        """Count a task that is completed; another one keeps a place of its own, and comes to its end there."""
        place = line.place
        if task.status == "completed":
            line.done += 1
            line.shown = bundle(task_pages.done_line(task, line.done), repr(task))
        elif line.shown is not None:
            place = open_place(_drawn(task))
        if line.shown is not None:
            line.place.show(line.shown)
            line.is_free = True
        if task.status != "completed":
            live.stand(task, _drawn, place)

    @contextlib.contextmanager
    def progress_line(self) -> Iterator[Callable[[str], None]]:
        """Give what says how far some work is: in the cell, where nothing of it stays."""
        words = ""
        with ticking(lambda: task_pages.words_page(words)) as tick:

            def notify(now: str) -> None:
                nonlocal words
                words = now
                tick()

            try:
                yield notify
            finally:
                words = ""

    def notify(self, words: str) -> None:
        """Say it in the cell, or on a script's stderr."""
        if in_notebook():
            print(f"fox_nb: {words}")  # noqa: T201 - a line in the cell is what is asked for
        else:
            super().notify(words)

    def _wait_unseen(self, thing: Any) -> None:
        """Wait for a task, or for those of a list that this kernel looks after; others may have been left for years."""
        until = deadline(LONGEST_WAIT)
        self._local.unseen = True
        try:
            for task in task_pages.tasks_of(thing):
                if task.is_watched or (task is thing and not task.is_over):
                    with contextlib.suppress(Exception):  # how it ended stands on the page
                        task.wait(max(0.0, until - time.monotonic()))
        finally:
            self._local.unseen = False


@contextlib.contextmanager
def ticking(page: Callable[[], str]) -> Iterator[Callable[[], None]]:
    """Show a page in a cell that is made anew at each tick; nothing is shown elsewhere."""
    if not in_notebook():
        yield lambda: None
        return
    last = page()
    place = open_place(bundle(last))

    def tick() -> None:
        nonlocal last
        now = page()
        if now != last:
            last = now
            place.show(bundle(now))

    try:
        yield tick
    finally:
        tick()


def _drawn(thing: Any) -> Bundle:
    return printable(task_pages.page(thing), repr(thing))
