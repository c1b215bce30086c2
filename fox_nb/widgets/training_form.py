"""The training form: what the profile is to be called, whether the person agreed, and the button that sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from fox_nb.render.html import clip
from fox_nb.widgets.control import Control

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.errors import FoxError

_LONGEST = 1000


class TrainingForm(Control):
    """A name, a tick for the person's consent, and Train, which is off until all of it is there.

    Names are no traits: they stay out of the saved notebook.

    Parameters
    ----------
    consent : str
        What the person in the photos has to agree to.
    fields : list of str
        The ids of the controls whose values a press takes along.
    cost, cost_note : str
        What a press will cost, and what kind of money that is.
    lacking : str
        What the photos lack, such as 'at least 10 photos'; '' when they will do.
    busy : bool
        Whether a press is being dealt with.
    said : str
        How things stand; announced politely.
    error : list of str
        What went wrong, the money, what to do; announced at once.
    """

    module = "training_form"

    consent = traitlets.Unicode("").tag(sync=True)
    fields = traitlets.List(traitlets.Unicode()).tag(sync=True)
    cost = traitlets.Unicode("").tag(sync=True)
    cost_note = traitlets.Unicode("").tag(sync=True)
    lacking = traitlets.Unicode("").tag(sync=True)
    busy = traitlets.Bool(default_value=False).tag(sync=True)
    said = traitlets.Unicode("").tag(sync=True)
    error = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self.name, self.agreed = "", False
        self._presses: list[Callable[[str, bool, dict[str, Any]], None]] = []
        super().__init__(**traits)

    def on_press(self, callback: Callable[[str, bool, dict[str, Any]], None]) -> None:
        """Call `callback(name, agreed, values)` at each press; the values are those of `fields`, by their ids."""
        self._presses.append(callback)

    def clear(self) -> None:
        """Empty the name, and take the tick away: the next person has to be asked, too."""
        self.name, self.agreed = "", False
        self._send_filled()

    def fail(self, error: FoxError) -> None:
        """Say what went wrong, in the three sentences of every error."""
        self.error = [clip(line, _LONGEST) for line in (error.what, error.money, error.todo) if line]

    def _send_filled(self) -> None:
        self.send({"type": "filled", "name": self.name, "agreed": self.agreed})

    def _take(self, content: dict[str, Any]) -> None:
        self.name, self.agreed = str(content.get("name") or ""), content.get("agreed") is True

    def _on_ready(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self._send_filled()
        super()._on_ready(content, buffers)

    def _on_fill(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._take(content)

    def _on_press(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._take(content)
        values = content.get("values")
        try:
            for callback in tuple(self._presses):
                callback(self.name, self.agreed, values if isinstance(values, dict) else {})
        finally:
            self.send({"type": "heard"})
