"""Control table: which control a parameter gets, by its kind and its type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fox_nb.panels.controls import Bench, ChoiceControl, Control, LevelControl, NumberControl
from fox_nb.panels.persons import PersonsControl, PromptControl
from fox_nb.panels.picture_control import PictureControl

if TYPE_CHECKING:
    from fox_nb.parameters import Parameter


def control_for(parameter: Parameter, bench: Bench) -> Control:
    """Return the control for a parameter, chosen by its type and its hint."""
    match parameter.hint.kind:
        case "prompt":
            return PromptControl(parameter, bench)
        case "profile":
            return PersonsControl(parameter, bench)
        case "picture" | "archive":
            return PictureControl(parameter, bench)
    if parameter.options:
        return ChoiceControl(parameter)
    return NumberControl(parameter) if parameter.type is int else LevelControl(parameter)
