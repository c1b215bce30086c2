"""Renderer: what shows a session's things; a session is handed one, and without it has words on a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Collection, Iterator
from typing import Any


class Renderer:
    """What shows things, and alone knows where and how: as words, for scripts and consoles; others go on from here."""

    def html(self, thing: Any) -> str:
        """Return how a thing looks now; '' where only words are shown."""
        return ""

    def bundle(
        self, thing: Any, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Return how a thing looks now, by MIME type; where that is then displayed it is brought up to date.

        Where some types alone are asked for, or others not, as by ``display(…, exclude=[…])``, that holds to its end.
        """
        return {"text/plain": repr(thing)}

    def show_value(self, thing: Any) -> None:
        """Show a thing as a cell's value; NotImplementedError when its bundle, or nothing, is wanted."""
        raise NotImplementedError

    @contextlib.contextmanager
    def waiting(self, task: Any) -> Iterator[Callable[[], None]]:
        """Keep one line up to date while somebody waits and sees it; gives what is called about once a second."""
        if task.is_over or not _is_terminal():
            yield lambda: None
            return
        try:
            yield lambda: _line(f"{task.model}: {task.status} {task.progress} %, {task.waited:.0f} s")
        finally:
            _line(f"{task.model}: {task.status}, {task.waited:.0f} s\n")

    @contextlib.contextmanager
    def progress_line(self) -> Iterator[Callable[[str], None]]:
        """Give what says how far some work is, in words that go when it is over; a script's output is its own."""
        yield lambda _: None

    def notify(self, words: str) -> None:
        """Say something that is good to know, on stderr where there is one: a program without a console has none."""
        if sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):  # whoever read it is gone, or it was closed
                sys.stderr.write(f"fox_nb: {words}\n")


TERMINAL = Renderer()


class Shows:
    """What shows itself by the renderer that it was handed.

    Jupyter asks for `_ipython_display_` first, everybody else (marimo, Panel, ipywidgets' Output) for a bundle.
    """

    renderer: Renderer

    def _ipython_display_(self) -> None:
        self.renderer.show_value(self)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None, **_: Any
    ) -> dict[str, Any]:
        return self.renderer.bundle(self, include, exclude)

    def _repr_html_(self) -> str:
        return self.renderer.html(self)


def _is_terminal() -> bool:
    """Return True where stderr is one: what a program puts in its place may be closed, or never heard of terminals."""
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


def _line(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # the window is gone: what is waited for comes all the same
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
