"""Controls: one ipywidget for each parameter, and how its value is read; which one it is says the control table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import ipywidgets as w
import traitlets

from fox_nb.models import check
from fox_nb.panels.script import Layout, observe_always
from fox_nb.parameters import Parameter
from fox_nb.session.profiles import Profiles
from fox_nb.store import Store

FEW = 3
"""So many options stand side by side; more are a list."""
_STEPS = {int: 1, float: 0.01}


class FieldContext(NamedTuple):
    """What controls need from outside.

    Attributes
    ----------
    profiles : Profiles
        The people that can be chosen.
    store : Store
        Where earlier pictures are, and thumbnails.
    later : callable
        Has slow work done on another thread.
    layout : Layout
        One for all that nobody lays out: each of its own would be another model for the browser, and in the file.
    """

    profiles: Profiles
    store: Store
    later: Callable[[Callable[[], Any]], Any]
    layout: Layout


def about(parameter: Parameter, *, small: bool = False) -> dict[str, Any]:
    """Return what every control is told when it is made; others may stand beside a small one."""
    classes = (f"fox-for-{parameter.name}", *["fox-small"] * small)
    return {
        "description": parameter.label,
        "tooltip": parameter.help,
        "layout": Layout(),
        "_dom_classes": classes,
    }


class Control:
    """One parameter's control.

    The press gathers, in the browser, what each widget in `valued` shows there: the attribute ``seen`` of its model
    where there is one (for what is no plain value, such as the keys of chosen files), else ``value``, else ``index``.
    A kernel may hear a press before what was typed, so `read` goes by that where it is given.

    Parameters
    ----------
    parameter : Parameter
        What it is for.
    widget : ipywidgets.Widget
        What has the value: ``panel.controls[name]``.

    Attributes
    ----------
    parts : tuple of ipywidgets.Widget
        What is laid out in the panel: the widget, and what belongs to it.
    valued : dict of str to ipywidgets.Widget
        The widgets whose values a press takes along, by the names under which it hands them over.
    """

    def __init__(self, parameter: Parameter, widget: w.Widget) -> None:
        self.parameter = parameter
        self.widget = widget
        self.parts: tuple[w.Widget, ...] = (widget,)
        self.valued = {parameter.name: widget}
        self._away = ""
        self._before: tuple[bool, str] = False, ""

    def read(self, seen: Mapping[str, Any] | None = None) -> Any:
        """Return what the request gets; None leaves it out.

        Parameters
        ----------
        seen : mapping, optional
            What the browser's widgets showed at a press, by the names of `valued`.

        Raises
        ------
        InvalidRequest
            What is shown there isn't here yet.
        """
        if seen is not None and self.parameter.name in seen:
            return self._meant(self._shown(seen[self.parameter.name]))
        return self._meant(self.widget.value)

    @property
    def value(self) -> Any:
        """The plain value that it shows, as the panel's attribute has it."""
        return self.read()

    def checked(self, value: Any, model: str) -> Any:
        """Return a plain value as `set` takes it.

        Raises
        ------
        InvalidRequest
            The model would refuse it.
        """
        if value is None:
            return self.parameter.default
        empty = isinstance(value, str) and not value
        return None if empty and self.parameter.default is None else check(model, self.parameter.name, value)

    def lacks(self, value: Any) -> str:
        """Return what it takes, where that was narrowed from code and a checked value is none of it; '' where it is."""
        return ""

    def set(self, value: Any) -> None:
        """Show a plain value that was checked already; None empties it."""
        self.widget.value = value

    def add(self, value: Any, name: str = "") -> None:
        """Add a picture, such as an earlier result, under a name.

        Raises
        ------
        ValueError
            There is no room for one more.
        """
        raise ValueError(f"{self.parameter.label} takes no pictures.")

    def check(self, seen: Mapping[str, Any] | None = None) -> None:
        """Refuse what must not be sent as it stands; most controls leave that to the request class."""

    def sent(self, value: Any) -> Any:
        """Return what is sent for what was read, on whatever thread may wait for the store."""
        return value

    def put_away(self, words: str) -> None:
        """Switch it off and say why; '' gives back what it was, which code may have set."""
        if words == self._away:
            return
        if not self._away:
            self._before = self.widget.disabled, self.widget.tooltip
        self._away = words
        self.widget.disabled, self.widget.tooltip = (True, words) if words else self._before

    def refresh(self) -> None:
        """Take over what is new in the store."""

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each change, by a person or from code."""
        observe_always(self.widget, callback)

    def _shown(self, value: Any) -> Any:
        """Return the widget's value for what a browser says."""
        return value

    def _meant(self, value: Any) -> Any:
        """Return what the request gets for the widget's value."""
        return value


class TextControl(Control):
    """Text; an empty one is left out, and shows what then stands for it."""

    def __init__(self, parameter: Parameter) -> None:
        text = parameter.default or ""
        placeholder = parameter.hint.example or text
        super().__init__(parameter, w.Textarea(text, **about(parameter), placeholder=placeholder, rows=3))

    @property
    def value(self) -> Any:
        """The text."""
        return self.widget.value

    def checked(self, value: Any, model: str) -> Any:
        """Return the text."""
        return super().checked(value, model) or ""

    def set(self, value: Any) -> None:
        """Show the text."""
        self.widget.value = value or ""

    def _meant(self, value: Any) -> Any:
        return value if isinstance(value, str) and value.strip() else None


class Dropdown(w.Dropdown):  # type: ignore[misc]
    """A list with None as an option like any other; ipywidgets takes it for nothing chosen, and shows a blank box."""

    @traitlets.observe("value")
    def _propagate_value(self, change: dict[str, Any]) -> None:
        if change["new"] is None and None in self._options_values:
            self.index = self._options_values.index(None)
        else:
            super()._propagate_value(change)


class ChoiceControl(Control):
    """One of a few options as buttons, of many as a list; with a first line for 'not set' where it may be so."""

    def __init__(self, parameter: Parameter) -> None:
        options: list[tuple[str, str | None]] = [(option, option) for option in parameter.options]
        if parameter.nullable:
            options.insert(0, ("not set", None))
        few = len(parameter.options) <= FEW and not parameter.nullable
        made = w.ToggleButtons if few else Dropdown
        values = [value for _, value in options]
        chosen = values.index(parameter.default) if parameter.default in values else None
        super().__init__(parameter, made(options=options, index=chosen, **about(parameter, small=True)))

    @property
    def _options(self) -> tuple[str | None, ...]:
        """The values that can be chosen; `options` has them in whatever form somebody gave them."""
        options: tuple[str | None, ...] = self.widget._options_values  # noqa: SLF001 - there is no other way
        return options

    def lacks(self, value: Any) -> str:
        """Return the options where it is none of them."""
        is_open = value is None and self.parameter.required  # nothing is chosen yet
        return "" if is_open or value in self._options else f"one of {', '.join(map(str, self._options))}"

    def _shown(self, value: Any) -> Any:
        """Return the option: ipywidgets' browser side knows its place alone."""
        options = self._options
        return options[value] if isinstance(value, int) and 0 <= value < len(options) else self.widget.value


class TickControl(Control):
    """Yes or no."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter, w.Checkbox(value=parameter.default, indent=False, **about(parameter)))


class NumberControl(Control):
    """A number within bounds that has a default."""

    def __init__(self, parameter: Parameter) -> None:
        made = w.BoundedIntText if parameter.type is int else w.BoundedFloatText
        number = made(
            value=parameter.default,
            min=parameter.minimum,
            max=parameter.hint.panel_maximum or parameter.maximum,
            step=_STEPS[parameter.type],
            **about(parameter, small=True),
        )
        super().__init__(parameter, number)

    def lacks(self, value: Any) -> str:
        """Return the least number where it is less."""
        kind = "a whole number" if self.parameter.type is int else "a number"
        return f"{kind} from {self.widget.min} on" if value < self.widget.min else ""

    def set(self, value: Any) -> None:
        """Show the number; one beyond the panel's own bound, asked for from code, widens it."""
        number = self.parameter.default if value is None else value
        self.widget.max = max(self.widget.max, number)
        self.widget.value = number


class LevelControl(Control):
    """A number within bounds that can be left unset."""

    def __init__(self, parameter: Parameter) -> None:
        from fox_nb.panels.level import Level  # as what takes files

        bounds = {"min": parameter.minimum, "max": parameter.maximum}
        super().__init__(parameter, Level(**about(parameter), **bounds, step=_STEPS[parameter.type]))

    def lacks(self, value: Any) -> str:
        """Return the bounds where it is outside of them."""
        level = self.widget
        inside = value is None or level.min <= value <= level.max
        return "" if inside else f"a number from {level.min:g} to {level.max:g}, or None"

    def _meant(self, value: Any) -> Any:
        """Return a whole number as one, where only such are taken: the widget has floats."""
        is_whole = self.parameter.type is int and isinstance(value, float) and value.is_integer()
        return int(value) if is_whole else value
