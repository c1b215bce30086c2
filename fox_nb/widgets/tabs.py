"""Tabs: pages of a studio, switched in the browser: by mouse, by arrow keys, or from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from fox_nb.widgets.control import Control

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Tabs(Control):
    """Several pages of which one is seen.

    Parameters
    ----------
    children : sequence of Control
        The pages.
    titles : list of str
        What stands on the tabs.
    selected : int
        Which page is seen.
    """

    module = "tabs"

    titles = traitlets.List(traitlets.Unicode()).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)

    def __init__(self, children: Sequence[Control], **traits: Any) -> None:
        self._shown: list[Callable[[int], None]] = []
        super().__init__(children, **traits)

    def go(self, index: int) -> None:
        """Show a page, and take the keyboard's focus along."""
        self.send({"type": "go", "index": index})

    def on_show(self, callback: Callable[[int], None]) -> None:
        """Call `callback(index)` when a page is gone to."""
        self._shown.append(callback)

    def _on_select(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        index = content.get("index")
        if isinstance(index, int) and 0 <= index < len(self.titles):
            self.take(selected=index)
            for callback in tuple(self._shown):
                callback(index)
