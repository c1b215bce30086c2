"""Actions: a panel's last line: the button, what a press will cost, what became of it, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from fox_nb.errors import FoxError
from fox_nb.render.html import clip
from fox_nb.widgets.control import Control

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 1000


def lines_of(error: Exception) -> list[str]:
    """Return an error's sentences; of one that nobody foresaw, its name and a word on what is safe."""
    if isinstance(error, FoxError):
        return [line for line in (error.what, error.money, error.todo) if line]
    if isinstance(error, ValueError):
        return [str(error)]
    return [
        f"Something went wrong in this notebook: {type(error).__name__}: {error}",
        "What was sent is in the journal and is not sent again.",
    ]


class Actions(Control):
    """A button that is pressed once at a time, with its price and two lines that are read aloud.

    Parameters
    ----------
    fields : list of str
        The ids of the controls whose values a press takes along.
    words, busy_words : str
        What stands on the button, and what while a press is being dealt with.
    cost, cost_note : str
        What a press will cost, and what kind of money that is.
    said : str
        How things stand; announced politely.
    error : list of str
        What went wrong, the money, what to do; announced at once.
    """

    module = "actions"

    fields = traitlets.List(traitlets.Unicode()).tag(sync=True)
    words = traitlets.Unicode("Generate").tag(sync=True)
    busy_words = traitlets.Unicode("Sending…").tag(sync=True)
    busy = traitlets.Bool(default_value=False).tag(sync=True)
    cost = traitlets.Unicode("").tag(sync=True)
    cost_note = traitlets.Unicode("").tag(sync=True)
    said = traitlets.Unicode("").tag(sync=True)
    error = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._presses: list[Callable[[dict[str, Any]], None]] = []
        super().__init__(**traits)

    def on_press(self, callback: Callable[[dict[str, Any]], None]) -> None:
        """Call `callback(values)` at each press, with what the browser's controls say by their ids."""
        self._presses.append(callback)

    def press(self, page: str) -> None:
        """Have a page press the button, with all that its controls say; others that show it do not."""
        self.send({"type": "press", "page": page})

    def fail(self, error: Exception) -> None:
        """Say what went wrong, in the three sentences of every error; of one that is not ours, what it is."""
        self.error = [clip(line, _LONGEST) for line in lines_of(error)]

    def _on_press(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        values = content.get("values")
        try:
            for callback in tuple(self._presses):
                callback(values if isinstance(values, dict) else {})
        finally:
            self.send({"type": "heard"})
