"""Tabs: pages of a studio, switched in the browser: by mouse, by arrow keys, or from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as w
import traitlets

from fox_nb.widgets.control import Control, source

if TYPE_CHECKING:
    from collections.abc import Callable


class Tabs(Control):
    """Several pages of which one is seen.

    Parameters
    ----------
    titles : list of str
        What stands on the tabs.
    children : list of ipywidgets.Widget
        The pages.
    selected : int
        Which page is seen.
    """

    _esm = source("tabs.js")
    _css = source("tabs.css")

    titles = traitlets.List(traitlets.Unicode()).tag(sync=True)
    children = traitlets.List(traitlets.Instance(w.Widget)).tag(sync=True, **w.widget_serialization)
    selected = traitlets.Int(0).tag(sync=True, echo_update=False)

    def __init__(self, **traits: Any) -> None:
        self._shown: list[Callable[[int], None]] = []
        super().__init__(**traits)

    def go(self, index: int) -> None:
        """Show a page, and take the keyboard's focus along."""
        self.send({"type": "go", "index": index})

    def on_show(self, callback: Callable[[int], None]) -> None:
        """Call `callback(index)` when a page is gone to."""
        self._shown.append(callback)

    def _on_select(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        index = content.get("index")
        if isinstance(index, int) and 0 <= index < len(self.titles):
            self.set_state({"selected": index})
            for callback in tuple(self._shown):
                callback(index)
