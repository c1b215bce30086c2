"""Persons: profiles that are chosen by name, and never named in what a notebook saves."""

import json
from typing import Any

import ipywidgets as w
import numpy as np
import pytest

from fox_nb.errors import InvalidRequest
from fox_nb.models import request_class
from fox_nb.panels.control_table import control_for
from fox_nb.panels.controls import FieldContext
from fox_nb.panels.persons import Mentions, PersonName, Persons
from fox_nb.parameters import parameters
from panels.browsers import Browser

NAMES = {"p-ruth-0123456789": "Ruth", "p-ada": "Ada"}


class Known:
    def __init__(self) -> None:
        self.people = dict(NAMES)

    def names(self) -> dict[str, str]:
        return self.people


def control(model: str, name: str, profiles: Any = None) -> Any:
    (parameter,) = (p for p in parameters(request_class(model)) if p.name == name)
    return control_for(parameter, FieldContext(profiles or Known(), None, lambda work: work(), w.Layout()))


def test_a_profile_is_chosen_by_its_name_or_its_id():
    """From code either serves; the value is the ids, and an id that the store doesn't know stays one."""
    persons = Persons(description="People")
    persons.offer(NAMES)
    persons.value = ["Ada", "p-ruth-0123456789", "p-elsewhere"]
    assert persons.value == ("p-ada", "p-ruth-0123456789", "p-elsewhere")
    persons.value = "Ruth"
    assert persons.value == ("p-ruth-0123456789",)


@pytest.mark.parametrize("several", [["p-ada"], ("p-ada",), {"p-ada"}, np.array(["p-ada"]), iter(["p-ada"])])
def test_several_profiles_are_whatever_has_items(several: Any):
    """A list, a column of a table, a set."""
    assert Persons(description="People", value=several).value == ("p-ada",)


@pytest.mark.parametrize("wrong", [5, 3.2, False, object(), [5], [""], [None], {"p-ada": "Ada"}, np.array(5)])
def test_what_is_no_profile_is_refused_in_words(wrong: Any):
    """And what was chosen stays."""
    persons = Persons(description="People", value=["p-ada"])
    with pytest.raises(InvalidRequest, match="People: a profile is chosen by its id or its name"):
        persons.value = wrong
    assert persons.value == ("p-ada",)


def test_a_tick_in_one_page_is_seen_in_the_other():
    """The page that ticked may be ahead: it is told, once, when its own tick is answered."""
    persons = Persons()
    browser = Browser(persons)
    persons.offer(NAMES)
    told = []
    persons.observe(lambda change: told.append(change["new"]), "value")
    browser.say("choose", ids=["p-ada", "p-unknown"], page="one")
    assert told == [("p-ada",)]
    assert browser.of("persons")[-1] == {
        "type": "persons",
        "items": [["p-ruth-0123456789", "Ruth (p-ruth-01234)"], ["p-ada", "Ada (p-ada)"]],
        "chosen": ["p-ada"],
        "empty": browser.of("persons")[-1]["empty"],
        "by": "one",
    }
    assert [content["by"] for content in browser.of("persons")].count("one") == 1
    persons.value = []
    assert browser.of("persons")[-1]["by"] == ""


def test_a_page_shows_what_an_observer_made_of_its_tick():
    """What counts in Python is what the page is told, and so what its next press sends."""
    persons = Persons()
    browser = Browser(persons)
    persons.offer(NAMES)
    persons.observe(lambda change: setattr(persons, "value", change["new"][:1]), "value")
    browser.say("choose", ids=list(NAMES), page="one")
    answers = [content["chosen"] for content in browser.of("persons") if content["by"] == "one"]
    assert answers == [list(persons.value)] == [["p-ruth-0123456789"]]


def test_no_name_is_in_the_state():
    """Neither those of the persons offered nor who is chosen; the prompt's list keeps them out, too."""
    persons, mentions = Persons(), Mentions(prompt=w.Textarea(), puts=True)
    for widget in (persons, mentions):
        widget.offer(NAMES)
    persons.value = ["Ruth"]
    shown = [w.Widget.__repr__(persons), w.Widget.__repr__(mentions)]  # older anywidgets have it in a cell's output
    saved = json.dumps([persons.get_state(), mentions.get_state(), *shown], default=str)
    assert "Ruth" not in saved
    assert "p-ruth" not in saved


def test_the_control_reads_what_the_page_showed():
    """At a press the page's own ticks count; none of them leaves the parameter out; a name serves where it is set."""
    people = control("phota-image-edit", "profile_ids")
    people.set(people.checked(["Ruth"], "phota-image-edit"))
    assert people.read() == ["p-ruth-0123456789"]
    assert people.read({"profile_ids": ["p-ada"]}) == ["p-ada"]
    assert people.read({"profile_ids": []}) is None


def test_names_that_are_new_in_the_store_are_offered():
    """A refresh keeps what is chosen."""
    known = Known()
    people = control("phota-image-edit", "profile_ids", known)
    browser = Browser(people.widget)
    people.set(["p-ada"])
    known.people["p-new"] = "Grace"
    people.refresh()
    assert [name for _, name in browser.of("persons")[-1]["items"]][-1] == "Grace (p-new)"
    assert people.read() == ["p-ada"]


@pytest.mark.parametrize("first", ["p-ada", "Grace"])
def test_a_choice_that_is_made_during_a_refresh_stays(first: str, monkeypatch: pytest.MonkeyPatch):
    """The refresh is on another thread: it takes back nobody, whether or not it finds the id of a name."""
    persons = Persons(description="People")
    persons.offer(NAMES)
    persons.value = [first]
    chosen, later = persons.chosen, [["p-ruth-0123456789"]]

    def overtaken(value: Any) -> tuple[str, ...]:
        found = chosen(value)
        if later:
            persons.value = later.pop()
        return found

    monkeypatch.setattr(persons, "chosen", overtaken)
    persons.offer({**NAMES, "p-new": "Grace"})
    assert persons.value == ("p-ruth-0123456789",)


def test_a_name_that_an_observer_changes_is_changed_in_the_page_that_typed_it():
    """A page that is ahead keeps what is typed there only where that is what the name is."""
    name = PersonName()
    browser = Browser(name)
    name.observe(lambda change: setattr(name, "value", change["new"].title()), "value")
    browser.say("typed", name="Ada", page="p1")
    browser.say("typed", name="Ada lovelace", page="p1")
    assert [(said["name"], said["by"]) for said in browser.of("name")] == [
        ("Ada", "p1"), ("Ada lovelace", "p1"), ("Ada Lovelace", ""),
    ]  # fmt: skip


def test_a_prompt_that_may_name_people_offers_them_below():
    """The Textarea is the control; what stands below it is laid out with it."""
    prompt = control("phota-image", "prompt")
    assert isinstance(prompt.widget, w.Textarea)
    mentions = prompt.parts[1]
    assert (mentions.prompt is prompt.widget, mentions.puts) == (True, True)
    assert not control("phota-image-edit", "prompt").parts[1].puts
