"""A panel from Python's side: what its form gives and takes, what a press does, and what it never waits for."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from artifacts import MARKED_KEY
from fox_nb import Fox, InvalidRequest
from fox_nb.models import MODELS
from fox_nb.parameters import parameters
from fox_nb.sandbox import Sandbox
from fox_nb.settings import Polling
from fox_nb.store import Store
from fox_nb.widgets.field import Bench
from fox_nb.widgets.form import Form
from fox_nb.widgets.native import Choice, Number, Place, Several
from fox_nb.widgets.panel import Panel
from servers import until
from widgets.browsers import Browser


class Names:
    """The names of profiles, as a store knows them."""

    def __init__(self, **names: str) -> None:
        self.known = names

    def names(self) -> dict[str, str]:
        return self.known


@pytest.fixture
def fox(sandbox: Any, tmp_path: Any) -> Iterator[Fox]:
    polling = Polling(first_looks=(0.1,), at_least=0.1, per_second=50)
    with Fox(api_key=sandbox.key, base_url=sandbox.base_url, store=tmp_path / "fox_runs", polling=polling) as fox:
        yield fox


def form_of(model: str, tmp_path: Any, **names: str) -> Form:
    return Form(model, Bench(Names(**names), Store(tmp_path / "store"), lambda work: work()))


@pytest.mark.parametrize("model", MODELS)
def test_a_form_that_nobody_touched_has_the_defaults_and_nothing_else(model: str, tmp_path: Any) -> None:
    """What the reference pages give no default for is not there."""
    wanted = {p.name: p.default for p in parameters(MODELS[model]) if p.default is not None}
    assert form_of(model, tmp_path).values == wanted


def test_a_form_gives_back_what_it_was_filled_with(tmp_path: Any) -> None:
    """Values, levels, profiles and pictures; what is not named goes back to its default."""
    form = form_of("phota-image-enhance", tmp_path, profile_a="Ada")
    values = {
        "image_url": "https://example.com/a.jpg", "resolution": "1K", "creativity": 0.0, "profile_ids": ["profile_a", "profile_x"],
    }  # fmt: skip
    form.fill(values)
    assert form.values == values
    form.fill({})
    assert form.values == {"resolution": "4K"}


def test_what_is_missing_is_named_by_its_label(tmp_path: Any) -> None:
    """In a person's words, before anything is sent."""
    with pytest.raises(InvalidRequest, match="Picture to enhance is empty"):
        form_of("phota-image-enhance", tmp_path).whole_values({})


def test_what_the_browser_says_at_a_press_counts(tmp_path: Any) -> None:
    """Kernels with subshells may hear the press before the typing."""
    form = form_of("phota-image", tmp_path)
    ids = dict(zip(form.fields, form.value_ids, strict=True))
    seen = {ids["prompt"]: "a fox", ids["num_outputs"]: 3, ids["aspect_ratio"]: "9:16"}
    assert form.whole_values(seen) == {
        "prompt": "a fox", "num_outputs": 3, "resolution": "1K", "aspect_ratio": "9:16",
    }  # fmt: skip


def test_pictures_that_were_taken_out_are_not_sent(tmp_path: Any) -> None:
    """What the browser shows at a press counts, although the message that a picture was removed comes after it."""
    form = form_of("grok-imagine-image", tmp_path)
    form.fill({"prompt": "a fox", "image_urls": ["https://example.com/a.jpg", "https://example.com/b.jpg"]})
    field = form.picture_field
    assert field is not None
    first, second = (entry.key for entry in field.picker.entries)
    assert form.whole_values({field.picker.id: [second]})["image_urls"] == ["https://example.com/b.jpg"]
    ratio = form.fields["aspect_ratio"].control.id
    seen = {field.picker.id: [], ratio: "2:1"}
    assert form.whole_values(seen) == {"prompt": "a fox", "num_outputs": 1, "aspect_ratio": "2:1"}
    with pytest.raises(InvalidRequest, match="has not arrived"):
        form.whole_values({field.picker.id: [first, "on its way"]})


def test_faces_are_sent_with_consent_alone(tmp_path: Any) -> None:
    """The panel that trains from an archive asks, and asks anew when there is another archive."""
    form = form_of("phota-create-profile", tmp_path)
    with pytest.raises(InvalidRequest, match="Photos is empty"):
        form.whole_values({})
    form.fill({"image_archive_url": "https://example.com/ada.zip"})
    consent = form.fields["image_archive_url"].valued[1]
    with pytest.raises(InvalidRequest, match="Consent is not ticked"):
        form.whole_values({})
    assert form.whole_values({consent.id: ["agreed"]}) == {"image_archive_url": "https://example.com/ada.zip"}
    Browser(consent).say("value", value=["agreed"])
    form.whole_values({})
    form.fill({"image_archive_url": "https://example.com/bo.zip"})
    with pytest.raises(InvalidRequest, match="Consent is not ticked"):
        form.whole_values({})


@pytest.mark.parametrize("value", [None, "5:4", 7, ["1K"], {"a": 1}])
def test_a_choice_takes_only_its_options(value: Any) -> None:
    """Whatever a browser sends."""
    choice = Choice(options=[["1K", "1K"], ["4K", "4K"]], value="1K")
    Browser(choice).say("value", value=value)
    assert choice.value == "1K"


def test_numbers_and_ticks_stay_within_what_is_offered() -> None:
    """A number is bounded, a truth value is none; of ticks only those that are offered count, in their order."""
    number = Number(value=1, min=1, max=8)
    for sent, wanted in [(99, 8), (True, 8), ("3", 8), (-1, 1)]:
        Browser(number).say("value", value=sent)
        assert number.value == wanted
    several = Several()
    several.offer([("Ada", "a"), ("Bo", "b")])
    Browser(several).say("value", value=["b", "x", "a"])
    assert several.value == ["a", "b"]
    several.offer([("Bo", "b")])
    assert several.value == ["b"]


def test_an_empty_place_is_not_handed_on() -> None:
    """Blanks are nothing; what is handed on is stripped."""
    place, got = Place(), []
    place.on_add(got.append)
    for text in ("  ", None, 4, " a.jpg "):
        Browser(place).say("add", value=text)
    assert got == ["a.jpg"]


def test_building_panels_and_a_studio_sends_nothing(fox: Fox, sandbox: Any) -> None:
    """Voila runs the whole notebook for every visitor."""
    for model in MODELS:
        fox.panel(model)
    fox.studio()
    assert sandbox.creations == []


def test_a_press_does_not_wait_for_the_gateway(tmp_path: Any) -> None:
    """It comes back while the answer is still out; the form may be pressed again as soon as the journal has it."""
    with Sandbox(keys=[MARKED_KEY]) as sandbox:
        fox = Fox(api_key=MARKED_KEY, base_url=sandbox.base_url, store=tmp_path / "fox_runs")
        sandbox.misbehave("never", "create")
        panel = fox.panel()
        panel.form.fill({"prompt": "a fox"})
        before = threading.active_count()
        panel.press()
        until(lambda: sandbox.creations or None, "the creation")
        assert fox.tasks()[0].status == "pending"
        panel.form.fill({"prompt": "another fox"})
        panel.press()
        until(lambda: len(sandbox.creations) > 1 or None, "the other creation")
        assert threading.active_count() < before + 12
    fox.close()  # it waits for every answer that is out: 'never' ends with the sandbox


def test_two_presses_of_the_same_are_one_and_of_another_are_two(fox: Fox, sandbox: Any) -> None:
    """Within a second the same again is the same press; what was changed in between is not."""
    panel: Panel = fox.panel()
    panel.form.fill({"prompt": "a fox"})
    panel.press()
    panel.press()
    until(lambda: sandbox.creations or None, "the creation")
    panel.form.fill({"prompt": "a cat"})
    until(lambda: None if panel._asking._actions.busy else True, "the button")
    panel.press()
    until(lambda: len(sandbox.creations) > 1 or None, "the other creation")
    assert [creation["body"]["prompt"] for creation in sandbox.creations] == ["a fox", "a cat"]
