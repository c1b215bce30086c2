"""Persons: trained profiles, chosen by name; no name and no choice is part of the state that notebooks save."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets as w
import traitlets

from fox_nb.errors import InvalidRequest
from fox_nb.models import bare
from fox_nb.panels.controls import Control, FieldContext, TextControl, about
from fox_nb.panels.script import Chosen, Scripted
from fox_nb.parameters import Parameter
from fox_nb.store.people import same

NO_PROFILES = "No profiles yet"
MAY_BE_REFUSED_FROM = 2000
"""From how many characters on the service may refuse a prompt."""


class Persons(Scripted, w.ValueWidget):  # type: ignore[misc]
    """Any number of profiles, each with a tick and its name.

    Parameters
    ----------
    value : sequence of str
        The ids of those that are chosen. Settable (names and profiles of `fox.profiles` serve, too), observable, not
        synced.
    description, tooltip : str
        What it is called, and a sentence of help.
    disabled : bool
        Whether it is switched off.
    """

    part = "persons"

    value = Chosen()
    description = traitlets.Unicode("").tag(sync=True)
    disabled = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._names: dict[str, str] = {}
        super().__init__(**traits)
        self.on("ready", self._send_names)

    def offer(self, names: Mapping[str, str]) -> None:
        """Offer profiles, names by their ids, and what is chosen already; who was chosen by name is now so by id."""
        self._names = dict(names)
        before = self.value
        ids = self.chosen(before)
        if ids != before and self.value == before:  # what is chosen meanwhile, on another thread, has its ids already
            self.value = ids
        self._send_names()

    def known(self, ids: Any) -> tuple[str, ...]:
        """Return those of some ids that are offered, in the order in which they are."""
        wanted = {self._id(one) for one in ids if isinstance(one, str)} if isinstance(ids, list | tuple) else ()
        return tuple(key for key in self._offered() if key in wanted)

    def _offered(self) -> dict[str, str]:
        """Return the names by id; ids that no name is known for stand for themselves."""
        return {**self._names, **{key: key for key in self.value if key not in self._names}}

    def _send_names(self, by: str = "") -> None:
        items = [[key, name if name == key else f"{name} ({key[:12]})"] for key, name in self._offered().items()]
        self.send_message(
            "persons",
            items=items,
            chosen=list(self.value),
            empty=f"{NO_PROFILES}: train one in the studio.",
            by=by,
        )

    def chosen(self, value: Any) -> tuple[str, ...]:
        """Return the ids of profiles that are given by id or by name, several or one.

        Raises
        ------
        InvalidRequest
            It is neither.
        """
        given: Any = bare(value)
        try:
            several = [] if given is None else [given] if isinstance(given, str | Mapping) else [*map(bare, given)]
        except TypeError:  # it has no items
            several = [given]
        if not all(isinstance(one, str) and one.strip() for one in several):
            raise InvalidRequest(
                f"{self.description}: a profile is chosen by its id or its name.",
                parameter=self.description,
                value=value,
                allowed="ids or names of profiles",
            )
        return tuple(dict.fromkeys(self._id(str(one)) for one in several))

    def _id(self, given: str) -> str:
        """Return the id of a name that is known; what is an id, or neither, as it is."""
        ids = [given] if given in self._names else [key for key, name in self._names.items() if same(given, name)]
        return next(iter(ids), given)

    @traitlets.observe("value")
    def _value_set(self, _change: object) -> None:
        self._send_names()

    def _on_choose(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        try:
            self.value = self.known(content.get("ids"))
        finally:  # each choice is answered once, by what has become of it: an observer may have changed it
            self._send_names(by=str(content.get("page")))


class PersonName(Scripted, w.ValueWidget):  # type: ignore[misc]
    """A line for a person's name.

    Parameters
    ----------
    value : str
        The name, without blanks around it. Settable, observable, not synced.
    description, tooltip : str
        What it is called, and a sentence of help.
    placeholder : str
        An example, shown while it is empty.
    disabled : bool
        Whether it is switched off.
    """

    part = "name"

    value = traitlets.Unicode("")
    description = traitlets.Unicode("Name").tag(sync=True)
    placeholder = traitlets.Unicode("").tag(sync=True)
    disabled = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._typed = "", ""
        super().__init__(**traits)
        self.on("ready", self._send_name)

    @traitlets.observe("value")
    def _value_set(self, _change: object) -> None:
        self._send_name()

    def _send_name(self) -> None:
        page, text = self._typed
        self.send_message(
            "name", name=self.value, by=page if self.value == text else ""
        )  # an observer may have changed it

    def _on_typed(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._typed = str(content.get("page")), str(content.get("name") or "").strip()
        try:
            self.value = self._typed[1]
        finally:
            self._typed = "", ""


class Mentions(Scripted):
    """Who is named in a prompt as ``[[profile_id]]``, a list to put somebody in at the cursor, and the prompt's length.

    While the prompt is empty, examples to begin with stand there.

    Parameters
    ----------
    prompt : ipywidgets.Textarea
        The prompt; in the browser, this stands below it, in one box with it.
    puts : bool
        Whether profiles can be put into it.
    limit : int
        From how many characters on the service may refuse a prompt; counted near it.
    examples : list of str
        What a person may begin with, at a click.
    """

    part = "mentions"

    prompt = traitlets.Instance(w.Textarea).tag(sync=True, **w.widget_serialization)
    puts = traitlets.Bool(default_value=False).tag(sync=True)
    limit = traitlets.Int(MAY_BE_REFUSED_FROM).tag(sync=True)
    examples: traitlets.List[str] = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def offer(self, names: Mapping[str, str]) -> None:
        """Offer profiles: names by their ids."""
        self.retain_message("names", names=dict(names), empty=NO_PROFILES)


class PersonsControl(Control):
    """Any number of the profiles that the store knows."""

    widget: Persons

    def __init__(self, parameter: Parameter, field_context: FieldContext) -> None:
        self._profiles = field_context.profiles
        super().__init__(parameter, Persons(**about(parameter)))
        self.refresh()

    def checked(self, value: Any, model: str) -> Any:
        """Return the ids of profiles that are given by id or by name; ids that the store doesn't know, too."""
        self.refresh()
        return self._meant(self.widget.chosen(value))

    def refresh(self) -> None:
        """Offer the profiles that the store knows now, and keep what is chosen."""
        self.widget.offer(self._profiles.names())

    def sent(self, value: Any) -> Any:
        """Return the ids, by what the store knows now: a name is no id."""
        return self.checked(value, "")

    def _shown(self, value: Any) -> Any:
        return self.widget.known(value)

    def _meant(self, value: Any) -> Any:
        return list(value) or None


class PromptControl(TextControl):
    """A prompt, with what is known of the people in it below."""

    def __init__(self, parameter: Parameter, field_context: FieldContext) -> None:
        super().__init__(parameter)
        self._profiles = field_context.profiles
        self._mentions = Mentions(
            prompt=self.widget,
            puts=parameter.hint.profile_tokens,
            examples=list(parameter.hint.examples),
            layout=field_context.layout,
        )
        self.parts = (self.widget, self._mentions)
        self.refresh()

    def refresh(self) -> None:
        """Offer the profiles that the store knows now."""
        self._mentions.offer(self._profiles.names())
