"""Native: the browser's lists, buttons, ticks, numbers and lines of text, with label, help and an order of messages.

Why not those of ipywidgets: their changes are held back while an earlier one is under way, so that a press of Generate
overtakes them; their toggle buttons and lists of several are not tied to a label; each has a label of another width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from fox_nb.widgets.control import Control

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LONGEST_PLACE = 9000


class Native(Control):
    """What the native controls have in common.

    Parameters
    ----------
    away : str
        Why the control is switched off just now, said in place of its help; '' while it is in use.
    empty : str
        What is said where there is nothing to choose from, or nothing typed yet.
    """

    module = "native"

    kind = traitlets.Unicode("list").tag(sync=True)
    options = traitlets.List(traitlets.List()).tag(sync=True)
    away = traitlets.Unicode("").tag(sync=True)
    empty = traitlets.Unicode("").tag(sync=True)
    takes = traitlets.Bool(default_value=False).tag(sync=True)
    min = traitlets.Int(0).tag(sync=True)
    max = traitlets.Int(100).tag(sync=True)

    @property
    def choices(self) -> list[str | None]:
        """The values that can be chosen."""
        return [value for _, value in self.options]


class Choice(Native):
    """One of several values: a list, or a few buttons side by side.

    Parameters
    ----------
    options : list of [str, str or None]
        Words and values; the value None stands for 'not set'.
    value : str or None
        What is chosen.
    """

    value = traitlets.Unicode(None, allow_none=True).tag(sync=True)

    @traitlets.validate("value")
    def _known(self, proposal: dict[str, Any]) -> str | None:
        value: str | None = proposal["value"]
        if value not in self.choices:
            raise traitlets.TraitError(f"{value!r} is not among {self.choices}.")
        return value

    def _on_value(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        if content.get("value") in self.choices:
            self.take(value=content["value"])


class Several(Native):
    """Any number of values, each with a tick."""

    kind = traitlets.Unicode("ticks").tag(sync=True)
    value = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def offer(self, options: Sequence[tuple[str, str]]) -> None:
        """Offer these words and values, and keep what is chosen of them."""
        self.options = [list(option) for option in options]
        self.value = [value for value in self.value if value in self.choices]

    def _on_value(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        chosen = content.get("value")
        if isinstance(chosen, list):
            self.take(value=[value for value in self.choices if value in chosen])


class Number(Native):
    """A whole number within bounds, typed or stepped."""

    kind = traitlets.Unicode("number").tag(sync=True)
    value = traitlets.Int(0).tag(sync=True)

    @traitlets.validate("value")
    def _bounded(self, proposal: dict[str, Any]) -> int:
        return int(min(self.max, max(self.min, proposal["value"])))

    def _on_value(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        value = content.get("value")
        if isinstance(value, int) and not isinstance(value, bool):
            self.take(value=value)


class Taker(Native):
    """A list from which things are taken: it stands at its first line again after each.

    Parameters
    ----------
    beside : str
        The id of the control for which they are; its value in the browser comes with each.
    """

    beside = traitlets.Unicode("").tag(sync=True)
    takes = traitlets.Bool(default_value=True).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._taken: list[Callable[[str, Any], None]] = []
        super().__init__(**traits)

    def on_take(self, callback: Callable[[str, Any], None]) -> None:
        """Call `callback(value, value of the control beside)` when something is taken."""
        self._taken.append(callback)

    def _on_value(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        value = content.get("value")
        if value and value in self.choices:
            for callback in tuple(self._taken):
                callback(value, content.get("text"))


class Place(Native):
    """A line for a URL or a file's path, with suggestions.

    Attributes
    ----------
    options : list of [str, str]
        Suggestions: words and values.
    """

    kind = traitlets.Unicode("place").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._added: list[Callable[[str], None]] = []
        self._asked: list[Callable[[], None]] = []
        super().__init__(**traits)

    def on_add(self, callback: Callable[[str], None]) -> None:
        """Call `callback(text)` when Add or Enter is pressed; `done` empties the line."""
        self._added.append(callback)

    def on_ask(self, callback: Callable[[], None]) -> None:
        """Call `callback()` when somebody goes to the line: the time to look for suggestions."""
        self._asked.append(callback)

    def done(self) -> None:
        """Empty the line: what it said was taken over."""
        self.send({"type": "added"})

    def _on_add(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        text = content.get("value")
        if isinstance(text, str) and text.strip():
            for callback in tuple(self._added):
                callback(text.strip()[:_LONGEST_PLACE])

    def _on_ask(self, _content: dict[str, Any], _buffers: list[bytes]) -> None:
        for callback in tuple(self._asked):
            callback()
