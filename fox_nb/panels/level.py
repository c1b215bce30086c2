"""Level: a number that can be left unset, and then looks unset instead of like a zero."""

from __future__ import annotations

import math
from typing import Any

import ipywidgets as w
import traitlets
from ipywidgets.widgets.trait_types import InstanceDict
from ipywidgets.widgets.widget_description import DescriptionStyle

from fox_nb.panels.script import Scripted

_DECIMALS = 4


class _Number(traitlets.CFloat):  # type: ignore[type-arg]
    """A number of any kind, NumPy's and Decimal, as ipywidgets' sliders take them; a text is none."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Return it as a float."""
        if isinstance(value, str | bytes):
            self.error(obj, value)
        return super().validate(obj, value)


class Level(Scripted, w.ValueWidget):  # type: ignore[misc]
    """A slider with a number beside it, and with a state 'not set'; linkable like ipywidgets' own.

    Parameters
    ----------
    value : float or None
        The number, to four decimals and within the bounds; None while it is not set (the default).
    min, max, step : float
        Bounds and step, by default 0, 1 and 0.01.
    description, tooltip : str
        What it is called, and a sentence of help.
    disabled : bool
        Whether it is switched off.
    style : ipywidgets.DescriptionStyle
        How wide the description is.
    """

    part = "level"

    value = _Number(None, allow_none=True).tag(sync=True)
    min = _Number(0.0).tag(sync=True)
    max = _Number(1.0).tag(sync=True)
    step = _Number(0.01).tag(sync=True)
    description = traitlets.Unicode("").tag(sync=True)
    disabled = traitlets.Bool(default_value=False).tag(sync=True)
    style = InstanceDict(DescriptionStyle).tag(sync=True, **w.widget_serialization)

    @traitlets.validate("value")
    def _bounded(self, proposal: dict[str, Any]) -> float | None:
        value: float | None = proposal["value"]
        if value is None:
            return None
        if not math.isfinite(value):
            raise traitlets.TraitError("A level is a finite number, or None for not set.")
        within: float = min(self.max, max(self.min, value))
        return round(within, _DECIMALS)

    @traitlets.validate("min", "max")
    def _in_order(self, proposal: dict[str, Any]) -> float:
        bound: float = proposal["value"]
        if not (bound <= self.max if proposal["trait"].name == "min" else self.min <= bound):
            raise traitlets.TraitError("A level's min is a number that is not above its max.")
        return bound

    @traitlets.observe("min", "max")
    def _narrowed(self, _change: object) -> None:
        if self.value is not None:
            self.value = min(self.max, max(self.min, self.value))
