"""Control table: which control a parameter gets, by its kind and its type."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from fox_nb.panels.controls import (
    ChoiceControl,
    Control,
    FieldContext,
    LevelControl,
    NumberControl,
    TextControl,
    TickControl,
)
from fox_nb.panels.persons import PersonsControl, PromptControl
from fox_nb.parameters import Parameter


def control_for(parameter: Parameter, field_context: FieldContext) -> Control:
    """Return the control for a parameter, chosen by its type and its hint."""
    match parameter.hint.kind:
        case "prompt":
            return PromptControl(parameter, field_context)
        case "profile":
            return PersonsControl(parameter, field_context)
        case "picture" | "archive":
            from fox_nb.panels.picture_control import PictureControl  # what takes files is not loaded without need

            return PictureControl(parameter, field_context)
        case "":
            return _control_for_plain(parameter)
        case kind:
            assert_never(kind)


def _control_for_plain(parameter: Parameter) -> Control:
    """Return the control for a value of no particular kind."""
    made: Callable[[Parameter], Control]
    if parameter.options:
        made = ChoiceControl
    elif parameter.is_text:
        made = TextControl
    elif parameter.type is bool:
        made = TickControl
    else:
        made = LevelControl if parameter.default is None else NumberControl
    return made(parameter)
