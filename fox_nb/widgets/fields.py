"""Fields: one control for each kind of parameter; what is special to a parameter is read from its hint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fox_nb.widgets.control import Stack
from fox_nb.widgets.field import Field
from fox_nb.widgets.native import Choice, Number, Several, Taker
from fox_nb.widgets.pictures import PictureField
from fox_nb.widgets.prompt import Prompt
from fox_nb.widgets.slider import Slider

if TYPE_CHECKING:
    from fox_nb.parameters import Parameter
    from fox_nb.widgets.control import Control
    from fox_nb.widgets.field import Bench, Profiles

FEW = 3
"""So many options stand side by side; more are a list."""
NO_PROFILES = "None yet. Train one under Profiles, or with fox.create_profile(…)."


class PromptField(Field):
    """Long text; where the hint says so, profiles go into it as ``[[id]]``, chosen from a list."""

    def __init__(self, parameter: Parameter, profiles: Profiles) -> None:
        super().__init__(parameter)
        self._profiles = profiles
        self.prompt = Prompt(label=parameter.label, help=parameter.help, placeholder=parameter.hint.example)
        self.prompt.observe(lambda _: self.tell(), "value")
        self.control = self.prompt
        self._taker = Taker(label="Profile", beside=self.prompt.id)
        self._taker.on_take(self._put)
        self._part = Stack([self.prompt, self._taker]) if parameter.hint.profile_tokens else self.prompt
        self.refresh()

    @property
    def part(self) -> Control:
        """The text, and where it may name people the list of them."""
        return self._part

    def meant(self, value: Any) -> Any:
        """Return the text; None for an empty one."""
        return value if isinstance(value, str) and value.strip() else None

    def set(self, value: Any) -> None:
        """Fill the text."""
        self.prompt.value = value or ""

    def _put(self, key: str, text: Any) -> None:
        """Put a profile into the text as the browser has it: with subshells it is ahead of what has arrived here."""
        if isinstance(text, str) and text != self.prompt.value:
            self.prompt.value = text
        self.prompt.insert(f"[[{key}]]")

    def put_away(self, words: str) -> None:
        """Prompts are always used."""

    def refresh(self) -> None:
        """Offer the profiles that the store knows now."""
        names = self._profiles.names()
        self.prompt.names = names
        first = "Put a person into the prompt…" if names else "None yet"
        self._taker.options = [[first, ""], *([_named(key, name), key] for key, name in names.items())]
        self._taker.help = "" if names else "Train one under Profiles, or with fox.create_profile(…)."


class ChoiceField(Field):
    """One of a few options as buttons, of many as a list; with a first line for 'not set' where it may be so."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        few = len(parameter.options) <= FEW and not parameter.nullable
        options: list[list[str | None]] = [[option, option] for option in parameter.options]
        if parameter.nullable:
            options.insert(0, ["not set", None])
        self.control = Choice(
            kind="buttons" if few else "list",
            options=options,
            value=parameter.default,
            label=parameter.label,
            help=parameter.help,
        )
        self.control.observe(lambda _: self.tell(), "value")


class NumberField(Field):
    """A whole number within bounds."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self.control = Number(
            value=parameter.default,
            min=int(parameter.minimum or 0),
            max=int(parameter.hint.panel_maximum or parameter.maximum or 100),
            label=parameter.label,
            help=parameter.help,
        )
        self.control.observe(lambda _: self.tell(), "value")

    def set(self, value: Any) -> None:
        """Fill the number; one beyond the panel's own bound, asked for from code, widens it."""
        self.control.max = max(self.control.max, int(value or 0))
        self.control.value = int(value or self.parameter.default)


class LevelField(Field):
    """A number on a slider that can be left unset."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self.control = Slider(
            label=parameter.label, help=parameter.help, min=parameter.minimum or 0.0, max=parameter.maximum or 1.0
        )
        self.control.observe(lambda _: self.tell(), "value")

    def put_away(self, words: str) -> None:
        """Levels are always used."""


class ProfilesField(Field):
    """Any number of the profiles that the store knows."""

    def __init__(self, parameter: Parameter, profiles: Profiles) -> None:
        super().__init__(parameter)
        self._profiles = profiles
        self.control = Several(label=parameter.label, help=parameter.help, empty=NO_PROFILES)
        self.control.observe(lambda _: self.tell(), "value")
        self.refresh()

    def meant(self, value: Any) -> Any:
        """Return the ids that are chosen; None for none."""
        return list(value) or None if isinstance(value, (list, tuple)) else None

    def set(self, value: Any) -> None:
        """Choose these ids; ids that the store does not know are offered under themselves."""
        self._offer(value or ())
        self.control.value = list(value or ())

    def refresh(self) -> None:
        """Offer the profiles that the store knows now, and keep what is chosen."""
        self._offer(self.control.value)

    def _offer(self, chosen: Any) -> None:
        names = {**{key: key for key in chosen}, **self._profiles.names()}
        self.control.offer([(_named(key, name), key) for key, name in names.items()])
        self.control.help = self.parameter.help if names else ""


def field_for(parameter: Parameter, bench: Bench) -> Field:
    """Return the control for a parameter, chosen by its type and its hint."""
    if parameter.hint.kind == "prompt":
        return PromptField(parameter, bench.profiles)
    if parameter.hint.kind == "profile":
        return ProfilesField(parameter, bench.profiles)
    if parameter.hint.kind in {"picture", "archive"}:
        return PictureField(parameter, bench)
    if parameter.options:
        return ChoiceField(parameter)
    if parameter.type is int:
        return NumberField(parameter)
    return LevelField(parameter)


def _named(key: str, name: str) -> str:
    return name if name == key else f"{name} ({key[:12]})"
