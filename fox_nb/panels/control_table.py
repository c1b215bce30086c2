"""Control table: which control a parameter gets, by its kind and its type."""

from __future__ import annotations

from fox_nb.panels.controls import ChoiceControl, Control, FieldContext, LevelControl, NumberControl
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
    if parameter.options:
        return ChoiceControl(parameter)
    return NumberControl(parameter) if parameter.type is int else LevelControl(parameter)
