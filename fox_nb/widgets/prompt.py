"""The prompt box: text that knows its cursor, shows who the ``[[profile_id]]`` in it are, and is never late."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import traitlets

from fox_nb.widgets.control import Control

if TYPE_CHECKING:
    from collections.abc import Callable

_MENTION = re.compile(r"\[\[([^\[\]\n]+)\]\]")


class Prompt(Control):
    """A text area that grows with its text.

    Parameters
    ----------
    value : str
        The text. It follows the typing with a short delay, at once when the box loses the focus; a press of a button
        therefore always finds the latest text.
    placeholder : str
        An example, shown while the box is empty.
    names : dict of str to str
        The known profiles' names by their ids, shown below a text that mentions them; unknown ids are pointed out.
    limit : int
        From how many characters on the service may refuse a prompt; counted aloud near it. 0 for no limit.
    rows : int
        Lines of an empty box.
    """

    module = "prompt"

    value = traitlets.Unicode("").tag(sync=True)
    placeholder = traitlets.Unicode("").tag(sync=True)
    names = traitlets.Dict(key_trait=traitlets.Unicode(), value_trait=traitlets.Unicode()).tag(sync=True)
    limit = traitlets.Int(2000, min=0).tag(sync=True)
    rows = traitlets.Int(3, min=1).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._cursor: tuple[int, int] | None = None
        self._submit_callbacks: list[Callable[[str], None]] = []
        super().__init__(**traits)

    @property
    def mentioned(self) -> tuple[str, ...]:
        """The ids that stand as ``[[id]]`` in the text, in their order, each once."""
        return tuple(dict.fromkeys(_MENTION.findall(self.value)))

    def insert(self, text: str) -> None:
        """Put `text` at the cursor, in place of what is selected there, with blanks between it and its neighbours.

        Where the cursor never was in the box, it goes to the end.
        """
        value = self.value
        start, end = self._cursor or (len(value), len(value))
        before, after = value[:start], value[end:]
        if before and not before[-1].isspace():
            text = f" {text}"
        if not after[:1].isspace() and not (after and after[0] in ".,;:!?)"):
            text = f"{text} "
        at = len(before) + len(text)
        self._cursor = (at, at)
        self.value = before + text + after
        self.send({"type": "put", "value": self.value, "at": at})

    def on_submit(self, callback: Callable[[str], None]) -> None:
        """Call `callback(page)` when Ctrl+Enter (on a Mac Cmd+Enter) is pressed; `value` is the latest by then.

        The page is the one in which it was: others may show the same prompt.
        """
        self._submit_callbacks.append(callback)

    @traitlets.observe("value")
    def _forget_a_cursor_beyond_the_end(self, change: dict[str, Any]) -> None:
        if self._cursor and self._cursor[1] > len(change["new"]):
            self._cursor = None

    def _on_text(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        text, at = content.get("value"), content.get("at")
        if not isinstance(text, str):
            return
        self.take(value=text)
        if isinstance(at, list) and all(isinstance(place, int) for place in at) and len(at) == 2:  # noqa: PLR2004
            start, end = sorted(min(max(place, 0), len(text)) for place in at)
            self._cursor = (start, end)

    def _on_submit(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self._on_text(content, buffers)
        for callback in tuple(self._submit_callbacks):
            callback(str(content.get("page") or ""))
