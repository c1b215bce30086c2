"""The slider: a number that can be left unset, and then looks unset instead of like a zero."""

from __future__ import annotations

import math
from typing import Any

import traitlets

from fox_nb.widgets.control import Control

_DECIMALS = 4


class Slider(Control):
    """A slider with a number beside it, and with a state 'not set'.

    Parameters
    ----------
    value : float or None
        The number, to four decimals and within the bounds; None while it is not set (the default).
    min, max, step : float
        Bounds and step, by default 0, 1 and 0.01.
    unset_words : str
        What 'not set' means, shown below the slider while it is so.
    """

    module = "slider"

    value = traitlets.Float(None, allow_none=True).tag(sync=True)
    min = traitlets.Float(0.0).tag(sync=True)
    max = traitlets.Float(1.0).tag(sync=True)
    step = traitlets.Float(0.01).tag(sync=True)
    unset_words = traitlets.Unicode("Not set: the service decides.").tag(sync=True)

    @traitlets.validate("value")
    def _bounded(self, proposal: dict[str, Any]) -> float | None:
        value: float | None = proposal["value"]
        if value is None:
            return None
        if not math.isfinite(value):
            raise traitlets.TraitError("A slider's value is a finite number, or None for not set.")
        return round(min(self.max, max(self.min, value)), _DECIMALS)

    def _on_value(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        value = content.get("value")
        if value is None or (isinstance(value, int | float) and math.isfinite(value)):
            self.take(value=value)
