"""Fields: one control for each kind of parameter; what is special to a parameter is read from its hint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets as w

from fox_nb.errors import InvalidRequest
from fox_nb.widgets.picker import Entry, Picker
from fox_nb.widgets.prompt import Prompt
from fox_nb.widgets.slider import Slider

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.parameters import Parameter

LABEL_WIDTH = "8.5em"
_WIDE = {"description_width": LABEL_WIDTH}
_TOGGLE_OPTIONS = 3


class Profiles(Protocol):
    """The names that the store knows profiles by."""

    def names(self) -> dict[str, str]:
        """Return the profiles' names by their ids."""


class Field:
    """One parameter's control.

    Attributes
    ----------
    widget : ipywidgets.Widget
        What is shown.
    """

    widget: w.Widget

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter

    @property
    def value(self) -> Any:
        """What the request gets; None leaves it out."""
        return self.widget.value

    def set(self, value: Any) -> None:
        """Fill the control; None empties it."""
        self.widget.value = value

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each change."""
        self.widget.observe(lambda _: callback(), "value")

    def enable(self, *, on: bool) -> None:
        """Let it be used, or put it away where it has no meaning."""
        self.widget.disabled = not on


class PromptField(Field):
    """Long text; where the hint says so, profiles go into it as ``[[id]]``, chosen from a list."""

    def __init__(self, parameter: Parameter, profiles: Profiles) -> None:
        super().__init__(parameter)
        self._profiles = profiles
        self.prompt = Prompt(
            label=parameter.label, placeholder="A portrait of a woman in a vintage library, soft light"
        )
        self.widget = self.prompt
        if parameter.hint.profile_tokens:
            self._chooser = w.Dropdown(description="Profile", style=_WIDE, layout=_line())
            self._chooser.observe(self._chosen, "value")
            self.widget = w.VBox([self.prompt, self._chooser])
            self.refresh()

    @property
    def value(self) -> Any:
        """The text."""
        return self.prompt.value

    def set(self, value: Any) -> None:
        """Fill the text."""
        self.prompt.value = value or ""

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each change."""
        self.prompt.observe(lambda _: callback(), "value")

    def enable(self, *, on: bool) -> None:
        """Prompts are always used."""

    def refresh(self) -> None:
        """Offer the profiles that the store knows now."""
        names = self._profiles.names()
        self.prompt.names = names
        if self.parameter.hint.profile_tokens:
            first = "Put a person into the prompt…" if names else "None yet: train one under Profiles"
            self._chooser.options = [(first, ""), *((f"{name} ({key})", key) for key, name in names.items())]
            self._chooser.disabled = not names

    def _chosen(self, change: dict[str, Any]) -> None:
        if change["new"]:
            self.prompt.insert(f"[[{change['new']}]]")
            self._chooser.value = ""


class ChoiceField(Field):
    """One of a few options as buttons, of many as a list; with a first line for 'not set' where it may be so."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        few = len(parameter.options) <= _TOGGLE_OPTIONS and not parameter.nullable
        options: list[tuple[str, str | None]] = [(option, option) for option in parameter.options]
        if parameter.nullable:
            options.insert(0, ("not set: the service decides", None))
        control = w.ToggleButtons if few else w.Dropdown
        self.widget = control(
            options=options,
            value=parameter.default,
            description=parameter.label,
            tooltip=parameter.help,
            style={**_WIDE, "button_width": "4.5em"} if few else _WIDE,
            layout=_line(),
        )


class NumberField(Field):
    """A whole number within bounds."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self.widget = w.BoundedIntText(
            value=parameter.default,
            min=int(parameter.minimum or 0),
            max=int(parameter.hint.panel_maximum or parameter.maximum or 100),
            description=parameter.label,
            tooltip=parameter.help,
            style=_WIDE,
            layout=_line(),
        )


class LevelField(Field):
    """A number on a slider that can be left unset."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self.widget = Slider(
            label=parameter.label,
            help=parameter.help,
            min=parameter.minimum or 0.0,
            max=parameter.maximum or 1.0,
            label_width=LABEL_WIDTH,
        )

    def enable(self, *, on: bool) -> None:
        """Levels are always used."""


class ProfilesField(Field):
    """Any number of the profiles that the store knows."""

    def __init__(self, parameter: Parameter, profiles: Profiles) -> None:
        super().__init__(parameter)
        self._profiles = profiles
        self.widget = w.SelectMultiple(
            description=parameter.label, tooltip=parameter.help, rows=3, style=_WIDE, layout=_line()
        )
        self.refresh()

    @property
    def value(self) -> Any:
        """The ids that are chosen; None for none."""
        return list(self.widget.value) or None

    def set(self, value: Any) -> None:
        """Choose these ids; ids that the store does not know are offered under themselves."""
        names = {**{key: key for key in value or ()}, **self._profiles.names()}
        self.widget.options = [(name, key) for key, name in names.items()]
        self.widget.value = tuple(value or ())

    def refresh(self) -> None:
        """Offer the profiles that the store knows now, and keep what is chosen."""
        self.set(self.value)


class PictureField(Field):
    """Pictures, several or one: from this computer, from a URL or a file of the notebook's folder."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        most = (parameter.most_items or 8) if parameter.many else 1
        archive = parameter.hint.kind == "archive"
        self.picker = Picker(
            label=parameter.label,
            help=parameter.help,
            max_files=most,
            accept_archives=archive,
            **({"accept": []} if archive else {}),
        )
        self._place = w.Text(
            placeholder="https://… or a file of this folder", description="or from", style=_WIDE, layout=_line()
        )
        self._place.continuous_update = False
        self._add = w.Button(
            description="Add", tooltip="Add the picture of this URL or file", layout=w.Layout(width="auto")
        )
        self._add.on_click(lambda _: self._add_place())
        self._callbacks: list[Callable[[], None]] = []
        self.picker.on_change(lambda _: self._tell())
        self.picker.on_files(lambda _: self._tell())
        self.widget = w.VBox([self.picker, w.HBox([self._place, self._add])])

    @property
    def value(self) -> Any:
        """The pictures, as a list where the parameter is one; None for none."""
        values = [getattr(value, "data", value) for value in self.picker.values]
        if self.parameter.many:
            return values or None
        return values[0] if values else None

    def set(self, value: Any) -> None:
        """Put these pictures in place of all."""
        several = value if isinstance(value, list) else [] if value is None else [value]
        self.picker.show([entry(item) for item in several])
        self._tell()

    def add(self, value: Any) -> None:
        """Add one more, such as an earlier result."""
        self.picker.add(entry(value))
        self._tell()

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each change."""
        self._callbacks.append(callback)

    def enable(self, *, on: bool) -> None:
        """Pictures are always used."""

    def _add_place(self) -> None:
        place = self._place.value.strip()
        if not place:
            return
        try:
            self.add(place)
        except (ValueError, InvalidRequest) as error:
            self.picker.error = str(error)
        else:
            self._place.value = ""

    def _tell(self) -> None:
        for callback in self._callbacks:
            callback()


def entry(value: Any) -> Entry:
    """Return a picker's line for an earlier result, a path or a URL."""
    thumbnail = (
        value.thumbnail(256, max_bytes=16_000) if hasattr(value, "thumbnail") and hasattr(value, "path") else b""
    )
    name = value.path.name if hasattr(value, "path") else str(value)
    return Entry(value=value, name=name[:120], thumbnail=thumbnail)


def field_for(parameter: Parameter, profiles: Profiles) -> Field:
    """Return the control for a parameter, chosen by its type and its hint."""
    if parameter.hint.kind == "prompt":
        return PromptField(parameter, profiles)
    if parameter.hint.kind == "profile":
        return ProfilesField(parameter, profiles)
    if parameter.hint.kind in {"picture", "archive"}:
        return PictureField(parameter)
    if parameter.options:
        return ChoiceField(parameter)
    if parameter.type is int:
        return NumberField(parameter)
    return LevelField(parameter)


def _line() -> w.Layout:
    return w.Layout(width="auto", max_width="36em")
