"""A panel from Python's side: its traits and controls, what is refused, what a press does, and what it never waits for."""

import base64
import contextlib
import gc
import html
import io
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_overloads

import ipywidgets as w
import numpy as np
import pytest
import traitlets
from ipywidgets.embed import dependency_state
from PIL import Image, ImageColor

from artifacts import MARKED_KEY
from fox_nb import Fox, FoxError, InvalidRequest, StoreError, SubmissionUnknown, TaskFailed
from fox_nb.models import MODELS
from fox_nb.panels import panel as panel_file
from fox_nb.panels import typed
from fox_nb.panels.controls import ChoiceControl
from fox_nb.panels.hand_in import HandIn
from fox_nb.panels.head import in_marimo
from fox_nb.panels.known_profiles import KnownProfiles
from fox_nb.panels.task_cards import press_button
from fox_nb.parameters import parameters
from fox_nb.sandbox import Sandbox
from fox_nb.session import Task
from gateways import EAGER
from panels.browsers import Browser
from servers import until

pytestmark = pytest.mark.usefixtures("noise")

LINK = "https://example.com/{}.jpg"


@pytest.fixture
def fox(sandbox: Any, tmp_path: Path) -> Iterator[Fox]:
    with Fox(api_key=sandbox.key, base_url=sandbox.base_url, store=tmp_path / "fox_runs", polling=EAGER) as fox:
        yield fox


@pytest.mark.parametrize("model", MODELS)
def test_a_panel_that_nobody_touched_has_the_defaults_and_nothing_else(fox: Fox, model: str) -> None:
    """What the reference pages give no default for is not there; every parameter is a trait and has a control with a value."""
    panel = fox.panel(model)
    assert panel.values == {p.name: p.default for p in parameters(MODELS[model]) if p.default is not None}
    for parameter in parameters(MODELS[model]):
        assert panel.has_trait(parameter.name)
        assert isinstance(panel.controls[parameter.name], w.Widget)
        assert panel.controls[parameter.name].has_trait("value")
        assert parameter.name in dir(panel)


def test_traits_and_controls_follow_each_other(fox: Fox) -> None:
    """Setting one shows in the other, and observers hear of both; links of ipywidgets and traitlets work."""
    panel = fox.panel("phota-image-enhance", creativity=0.25)
    heard: list[Any] = []
    panel.observe(lambda change: heard.append((change["name"], change["new"])), ["creativity", "resolution"])
    assert panel.controls["creativity"].value == 0.25
    panel.controls["creativity"].value = 0.5
    panel.resolution = "1K"
    assert panel.controls["resolution"].value == "1K"
    assert heard == [("creativity", 0.5), ("resolution", "1K")]
    slider = w.FloatSlider(max=1.0)
    traitlets.link((slider, "value"), (panel, "creativity"))
    panel.creativity = 0.75
    assert slider.value == 0.75
    slider.value = 0.5
    assert panel.values["creativity"] == 0.5
    other = fox.panel("phota-image-enhance", creativity=0.25)
    w.jslink((other.controls["creativity"], "value"), (slider, "value"))
    other.creativity = None
    assert "creativity" not in other.values


def test_a_panel_goes_wherever_boxes_go(fox: Fox) -> None:
    """It is a VBox: in boxes, tabs and interactive_output."""
    panel = fox.panel(prompt="a fox")
    box = w.Tab([w.HBox([panel, fox.panel("phota-image-edit")]), w.VBox([panel])])
    assert box.children[1].children == (panel,)
    shown = w.interactive_output(lambda prompt: print(prompt), {"prompt": panel.controls["prompt"]})  # noqa: PLW0108
    assert isinstance(shown, w.Output)
    panel.prompt = "a bear"
    assert panel.controls["prompt"].value == "a bear"
    panel.layout.width = "300px"


@pytest.mark.parametrize("model", MODELS)
def test_every_control_serves_interact(fox: Fox, model: str) -> None:
    """Its function gets what the control shows."""
    for control in fox.panel(model).controls.values():
        calls = w.interactive(lambda shown: None, shown=control)
        calls.update()
        assert calls.kwargs == {"shown": control.value}


def test_it_gives_back_what_it_was_filled_with(fox: Fox) -> None:
    """Values, levels, profiles and pictures; what is not named goes back to its default; `values` fills it, too."""
    panel = fox.panel("phota-image-enhance")
    values = {"image_url": LINK.format("a"), "resolution": "1K", "creativity": 0.0, "profile_ids": ["profile_x"]}
    panel.fill(values)
    assert panel.values == values
    panel.fill({})
    assert panel.values == {"resolution": "4K"}
    panel.values = {"image_url": LINK.format("b")}
    assert panel.image_url == LINK.format("b")
    panel.values.update(resolution="1K")  # a dict of its own: what is set stays as it is
    assert panel.values["resolution"] == panel.resolution == "4K"
    panel, heard = fox.panel("phota-image-edit", image_urls=[LINK.format("a")]), list[Any]()
    panel.observe(lambda change: heard.append((change["old"], change["new"])), "image_urls")
    panel.image_urls.append(LINK.format("b"))
    assert panel.image_urls == panel.values["image_urls"] == [LINK.format("a")]
    panel.image_urls += [LINK.format("b")]
    assert panel.image_urls == panel.values["image_urls"] == [LINK.format("a"), LINK.format("b")]
    assert heard == [([LINK.format("a")], panel.image_urls)]


def test_profiles_are_told_of_once_and_sent_by_their_ids(fox: Fox, sandbox: Any) -> None:
    """Whether they are set by name, by id or as one of `fox.profiles`, and also where the store learns of a name later."""
    early = fox.panel("phota-image-edit", prompt="at night", image_urls=[LINK.format("a")], profile_ids="Grace")
    panel = fox.panel("phota-image-edit")
    heard: list[Any] = []
    panel.observe(lambda change: heard.append((change["old"], change["new"])), "profile_ids")
    ada = fox.profiles.add("profile_ada", "Ada")
    ids = ["profile_ada"]
    for same in (["Ada"], ids, ("ada",), ada, [ada], "[[profile_ada]]"):
        panel.profile_ids = same
        panel.fill({"profile_ids": same})
        assert panel.profile_ids == panel.values["profile_ids"] == ids
    panel.profile_ids = []
    assert panel.profile_ids is None
    assert heard == [(None, ids), (ids, None)]
    assert fox.panel("phota-image-edit", profile_ids=ada).profile_ids == ids
    fox.profiles.add("profile_grace", "Grace")
    pressed(early, profile_ids=["Grace"])  # a page that has not heard of it yet
    until(lambda: sandbox.creations or None, "the creation")
    assert sandbox.creations[0]["body"]["profile_ids"] == early.profile_ids == ["profile_grace"]


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda panel: setattr(panel, "promt", "x"), "Did you mean 'prompt'"),
        (lambda panel: panel.fill({"promt": "x"}), "Did you mean 'prompt'"),
        (lambda panel: setattr(panel, "values", {"promt": "x"}), "Did you mean 'prompt'"),
        (
            lambda panel: setattr(panel, "num_outputs", 500),
            "num_outputs is 500; allowed is a whole number from 1 to 100",
        ),
        (lambda panel: panel.fill({"prompt": "a", "num_outputs": 500}), "num_outputs is 500"),
        (lambda panel: setattr(panel, "aspect_ratio", "16x9"), "Did you mean '16:9'"),
        (lambda panel: setattr(panel, "prompt", 7), "prompt is 7"),
        (lambda panel: panel.fill(["prompt"]), "not a dict of parameters"),
        (lambda panel: setattr(panel, "values", 5), "not a dict of parameters"),
        (lambda panel: panel.fill({"seed": 1}), "No model has a seed"),
        (lambda panel: setattr(panel, "take", 2), "Each press, and each panel"),
        (lambda panel: panel.observe(print, "promt"), "Did you mean 'prompt'"),
        (lambda panel: panel.observe(print, ["prompt", "imges"]), "Did you mean 'images'"),
        (lambda panel: setattr(panel, "fill", {"prompt": "a bear"}), "no parameter 'fill'"),
        (lambda panel: setattr(panel, "submit", "a bear"), "no parameter 'submit'"),
        (lambda panel: setattr(panel, "request", None), "no parameter 'request'"),
        (lambda panel: setattr(panel, "controls", {}), "no parameter 'controls'"),
        (lambda panel: setattr(panel, "resolution", 3), "resolution is 3"),
        (lambda panel: panel.checked("promt", "x"), "Did you mean 'prompt'"),
        (lambda panel: panel.controls["promt"], "Did you mean 'prompt'"),
        (
            lambda panel: panel.fill({"model": "phota-image-edit", "prompt": "a bear"}),
            "this is the panel of phota-image.",
        ),
    ],
)
def test_wrong_names_and_values_are_refused_in_words(fox: Fox, attempt: Any, words: str) -> None:
    """Never dropped or clipped; nothing of what came with them is taken over."""
    panel = fox.panel(prompt="a fox")
    before = panel.values
    for held in (contextlib.nullcontext, panel.hold_trait_notifications):
        with pytest.raises(InvalidRequest, match=words.replace("(", "\\(")), held():
            attempt(panel)
        assert panel.values == before


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda panel: setattr(panel, "resolution", "4K"), "resolution is '4K'; allowed here is one of 1K, 8K"),
        (lambda panel: setattr(panel, "creativity", 0.9), "creativity is 0.9; allowed here is a number from 0 to 0.5"),
        (lambda panel: panel.fill({"image_url": LINK.format("a"), "creativity": 0.9}), "creativity is 0.9"),
    ],
)
def test_what_a_narrowed_control_lacks_is_refused_in_words(fox: Fox, attempt: Any, words: str) -> None:
    """A teacher may offer less than the model takes: then the attribute, the control and what is sent stay the same."""
    panel = fox.panel("phota-image-enhance", creativity=0.75)
    panel.controls["resolution"].options = ["1K", "8K"]
    panel.controls["creativity"].max = 0.5
    before = panel.values
    assert (before["creativity"], before["resolution"]) == (0.5, "1K")
    with pytest.raises(InvalidRequest, match=words):
        attempt(panel)
    assert panel.values == before
    assert (panel.creativity, panel.resolution) == (0.5, "1K")
    panel.fill({"image_url": LINK.format("a")})
    assert panel.values == {"image_url": LINK.format("a"), "resolution": "1K"}


def test_a_press_sends_the_option_that_a_narrowed_control_shows(fox: Fox, sandbox: Any) -> None:
    """Whatever form its options were given in."""
    panel = fox.panel(prompt="a fox")
    panel.controls["aspect_ratio"].options = ["1:1", "16:9"]
    panel.controls["resolution"].options = {"small": "1K"}
    panel.controls["num_outputs"].min = 2
    pressed(panel, aspect_ratio=1, resolution=0)
    until(lambda: sandbox.creations or None, "the creation")
    assert sandbox.creations[0]["body"] == {
        "model": "phota-image", "prompt": "a fox", "num_outputs": 2, "resolution": "1K", "aspect_ratio": "16:9",
    }  # fmt: skip
    with pytest.raises(InvalidRequest, match="num_outputs is 1; allowed here is a whole number from 2 on"):
        panel.num_outputs = 1


@pytest.mark.parametrize("model", MODELS)
def test_what_code_has_switched_off_stays_off(fox: Fox, model: str) -> None:
    """Whatever else changes, and with its words; what is off beside other parameters is then what it was before."""
    panel = fox.panel(model)
    changes = {
        "prompt": "a fox", "num_outputs": 2, "resolution": "1K", "aspect_ratio": "16:9", "creativity": 0.5,
        "resemblance": 0.5, "output_format": "png", "profile_ids": ["profile_x"], "image_url": LINK.format("a"),
        "image_urls": [LINK.format("a")], "image_archive_url": LINK.format("a"),
    }  # fmt: skip
    assert set(panel.controls) - {"agreed"} <= set(changes)
    for control in panel.controls.values():
        control.disabled, control.tooltip = True, "Chosen for this exercise"
    for name in (parameter.name for parameter in parameters(MODELS[model])):
        for value in (changes[name], None):
            setattr(panel, name, value)
    assert [(one.disabled, one.tooltip) for one in panel.controls.values()] == [
        (True, "Chosen for this exercise")
    ] * len(panel.controls)


def test_values_that_are_set_while_notifications_are_held_fill_the_panel(fox: Fox) -> None:
    """Controls, traits and what is sent have them at once, and who observes hears of them at the end."""
    panel = fox.panel(prompt="a fox")
    heard: list[Any] = []
    panel.observe(lambda change: heard.append(change["new"]), "prompt")
    with panel.hold_trait_notifications():
        panel.values = {"prompt": "a bear"}
        assert heard == []
        panel.prompt = "a cat"
        assert panel.submit().request["prompt"] == "a cat"
    assert panel.values["prompt"] == panel.prompt == panel.controls["prompt"].value == "a cat"
    assert heard == ["a cat"]
    panel.unobserve_all()
    panel.prompt = "a fox"
    assert panel.controls["prompt"].value == "a fox"


def test_what_a_control_is_given_while_its_notifications_are_held_is_sent(fox: Fox) -> None:
    """Its pictures and persons, too, whose values are looked at as they are set."""
    fox.profiles.add("profile_ada", "Ada")
    panel = fox.panel("phota-image-edit", prompt="at night", image_urls=[LINK.format("before")])
    pictures, persons = panel.controls["image_urls"], panel.controls["profile_ids"]
    with pictures.hold_trait_notifications(), persons.hold_trait_notifications():
        pictures.value, persons.value = LINK.format("now"), "Ada"
        sent = panel.submit().request
    assert (sent["image_urls"], sent["profile_ids"]) == ([LINK.format("now")], ["profile_ada"])
    assert (panel.image_urls, panel.profile_ids) == ([LINK.format("now")], ["profile_ada"])


@pytest.mark.parametrize("name", ["values", "prompt", "resolution"])
def test_whoever_observes_a_panel_that_is_filled_hears_when_all_is_set(fox: Fox, sandbox: Any, name: str) -> None:
    """Once: it may submit, and would pay for what nobody has asked for; where it fails, all is set all the same."""
    panel = fox.panel(prompt="a fox", aspect_ratio="16:9")
    values = {"prompt": "a bear", "num_outputs": 2, "resolution": "4K", "aspect_ratio": "9:16"}

    def submit(_change: object) -> None:
        assert panel.submit().request == {"model": "phota-image", **panel.values}
        raise ValueError("the observer's own mistake")

    panel.observe(submit, name)
    with pytest.raises(ValueError, match="mistake"):
        panel.values = values
    assert panel.values == values
    assert [creation["body"] for creation in sandbox.creations] == [{"model": "phota-image", **values}]


def test_a_subclass_that_observes_a_panel_sends_what_is_set(fox: Fox) -> None:
    """Its own observers hear before all others; one that sets something else is obeyed, and each is told once."""

    class Own(panel_file.panel_class("phota-image")):  # type: ignore[misc]
        @traitlets.observe("prompt", "num_outputs")
        def _asks(self, change: dict[str, Any]) -> None:
            self.num_outputs = min(2, self.num_outputs)
            asked.append((change["new"], self.submit().request if change["name"] == "prompt" else None))

    asked: list[Any] = []
    panel = Own(fox.session)
    panel.prompt = "a fox"
    panel.num_outputs = 4
    panel.values = {"prompt": "a bear", "num_outputs": 3}
    assert [new for new, _ in asked] == ["a fox", 2, 4, 2, "a bear", 3]
    assert (panel.num_outputs, panel.controls["num_outputs"].value, panel.values["num_outputs"]) == (2, 2, 2)
    assert [(sent["prompt"], sent["num_outputs"]) for _, sent in asked if sent] == [("a fox", 1), ("a bear", 2)]


def test_a_subclass_has_what_it_declares(fox: Fox) -> None:
    """An attribute or a method of its own; a slip of the pen is refused all the same, and so is what a panel itself has."""

    class Own(panel_file.panel_class("phota-image")):  # type: ignore[misc]
        lesson = None

        def double(self) -> None:
            self.num_outputs *= 2

    panel = Own(fox.session, {"prompt": "a fox", "num_outputs": 2})
    panel.lesson = 3
    panel.double()
    assert (panel.lesson, panel.values["num_outputs"]) == (3, 4)
    for name in ("leson", "submit"):
        with pytest.raises(InvalidRequest, match=f"no parameter '{name}'"):
            setattr(panel, name, None)


@pytest.mark.parametrize("model", [["phota-image"], {"model": "phota-image"}, np.array(["phota-image"]), None])
def test_what_is_no_models_name_is_refused_in_words(fox: Fox, model: Any) -> None:
    """Also what Python can't look up in a table."""
    with pytest.raises(InvalidRequest, match="allowed is one of phota-image"):
        fox.panel(model)


def test_a_panel_that_was_closed_says_so(fox: Fox) -> None:
    """In place of what ipywidgets lacks by then."""
    for closed, name in ((fox.panel(), "panel"), (fox.studio(), "studio")):
        closed.close()
        for show in (lambda one=closed: w.VBox([one]), closed.open):
            with pytest.raises(AttributeError, match=rf"This {name} was closed\. Make a new one: fox\.{name}\("):
                show()


def test_values_are_those_of_now_for_every_observer(fox: Fox) -> None:
    """Whoever is told of a parameter finds it there."""
    panel = fox.panel(prompt="a fox")
    heard: list[Any] = []
    panel.observe(lambda _: heard.append(panel.values["prompt"]), "prompt")
    panel.prompt = "a bear"
    panel.controls["prompt"].value = "a cat"
    assert heard == ["a bear", "a cat"]


def test_what_is_not_set_says_so_in_its_list(fox: Fox) -> None:
    """At first, and after it was unset from code or by a person; its value is None all the same."""
    panel = fox.panel("grok-imagine-image")
    choice = panel.controls["aspect_ratio"]
    assert (choice.label, choice.value, panel.aspect_ratio) == ("not set", None, None)
    for unset in (
        lambda: setattr(panel, "aspect_ratio", None),
        lambda: setattr(choice, "value", None),
        lambda: choice.set_state({"index": 0}),
    ):
        panel.aspect_ratio = "2:1"
        unset()
        assert (choice.label, choice.value, panel.aspect_ratio) == ("not set", None, None)


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_the_default_wherever_one_looks(fox: Fox, model: str) -> None:
    """A parameter that is set to None has the model's own value: in the trait, in its control and in what is sent."""
    panel = fox.panel(model)
    expected = {parameter.name: getattr(panel, parameter.name) for parameter in parameters(MODELS[model])}
    for name in expected:
        setattr(panel, name, None)
    assert {name: getattr(panel, name) for name in expected} == expected
    assert panel.values == fox.panel(model).values


def test_pictures_are_looked_at_when_they_are_set(fox: Fox, tmp_path: Path) -> None:
    """A column of paths is as many pictures; what stands for none is refused at once, and nothing is taken over."""
    photo = tmp_path / "photo.png"
    Image.new("RGB", (64, 64), "red").save(photo)
    panel = fox.panel("phota-image-edit", prompt="at night")
    panel.image_urls = np.array([str(photo)] * 2)
    assert panel.image_urls == [str(photo)] * 2
    for nonsense in (5, [object()], {photo}, np.array([str(photo)] * 50)):
        with pytest.raises(InvalidRequest):
            panel.image_urls = nonsense
        with pytest.raises(InvalidRequest):
            panel.controls["image_urls"].value = nonsense
    assert panel.image_urls == list(panel.controls["image_urls"].value) == [str(photo)] * 2


def test_a_picture_in_a_text_is_no_file(fox: Fox, sandbox: Any) -> None:
    """A long data: URL, as browsers copy it, is taken whole, has a thumbnail, and is not looked for on the disk."""
    stream = io.BytesIO()
    Image.effect_noise((300, 200), 60).save(stream, "PNG")
    text = f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
    panel = fox.panel("phota-image-edit", prompt="at night")
    picker = panel.controls["image_urls"]
    picker._on_place({"text": f" {text}\n"}, [])
    until(lambda: picker.error or picker.entries[0].thumbnail or None, "the thumbnail")
    assert (picker.error, panel.image_urls, picker.entries[0].name) == ("", [text], "data: URL")
    assert panel.submit().wait().status == "completed"


def test_a_chosen_file_is_seen_as_it_is_now(fox: Fox, tmp_path: Path) -> None:
    """One that was unpacked into the place of another, with its time, is not shown by the thumbnail of that."""
    photo = tmp_path / "photo.png"
    for colour in ("red", "blue"):
        Image.new("RGB", (64, 64), colour).save(photo)
        os.utime(photo, (1e9, 1e9))
        picker = fox.panel("phota-image-edit", prompt="at night", image_urls=[photo]).controls["image_urls"]
        small = until(lambda: picker.entries[0].thumbnail or None, "the thumbnail")  # noqa: B023 - called at once
        with Image.open(io.BytesIO(small)) as shown:
            seen = shown.convert("RGB").getpixel((32, 32))
        assert np.allclose(seen, ImageColor.getrgb(colour), atol=8)


def test_what_was_wrong_with_a_picture_goes_with_it(fox: Fox, tmp_path: Path) -> None:
    """Whether a person or code takes it out; what is wrong with another one is said again."""
    files = [tmp_path / name for name in ("good.png", "one.png", "other.png")]
    Image.new("RGB", (64, 64), "red").save(files[0])
    for broken in files[1:]:
        broken.write_bytes(b"no picture")
    panel = fox.panel("phota-image-edit", image_urls=files)
    picker = panel.controls["image_urls"]
    until(lambda: picker.error.startswith("other.png is not a picture") or None, "what is wrong with the last one")
    Browser(picker).say("remove", key=picker.entries[2].key)
    until(lambda: picker.error.startswith("one.png is not a picture") or None, "what is wrong with the other one")
    panel.image_urls = files[:1]
    assert picker.error == ""
    Browser(picker).say("place", text="nope.png")
    assert picker.error.startswith("image_urls: file not found: nope.png (looked in ")
    panel.fill({})
    assert picker.error == ""


def test_names_that_are_gone_say_what_to_do(fox: Fox) -> None:
    """For one release; other names that are not there say what was probably meant."""
    panel = fox.panel()
    for name, words in [("widget", "ipywidget itself"), ("form", r"panel\.prompt"), ("promt", "Did you mean 'prompt'")]:
        with pytest.raises(AttributeError, match=words):
            getattr(panel, name)
    assert not hasattr(panel, "nothing")
    with pytest.raises(InvalidRequest) as caught:
        panel.fill({"values": {}})
    assert "Did you mean" not in str(caught.value)
    with pytest.raises(InvalidRequest, match="'promt'"):
        fox.panel(promt="a fox")
    studio = fox.studio()
    for name, words in [("phota-imgae", "Did you mean 'phota-image'"), ("phota-create-profile", r"studio\.profiles")]:
        with pytest.raises(InvalidRequest, match=words):
            studio.panels[name]
    assert "promt" not in fox.panel().controls
    for name, words in [("widget", "ipywidget itself"), ("tabs", r"studio\.panels"), ("prompt", "is not there")]:
        with pytest.raises(AttributeError, match=words):
            getattr(studio, name)
        with pytest.raises(InvalidRequest, match=r"studio\.panels\[model\]\.prompt = "):
            setattr(studio, name, "a fox")


def test_a_number_beyond_the_panels_own_bound_widens_it(fox: Fox) -> None:
    """The bound is against a slip of the hand, not against code."""
    panel = fox.panel(num_outputs=12)
    assert panel.controls["num_outputs"].value == 12


@pytest.mark.parametrize("model", MODELS)
def test_its_saved_state_is_small(fox: Fox, model: str) -> None:
    """JupyterLab, which leaves defaults out, saves few kB for a panel, and so does what writes all; a layout says what is set."""
    panel = fox.panel(model)
    assert len(json.dumps(dependency_state([panel], drop_defaults=True))) < 15_000
    assert len(json.dumps(dependency_state([panel], drop_defaults=False))) < 17_500
    panel.controls[parameters(MODELS[model])[0].name].layout.width = "321px"
    assert "321px" in json.dumps(dependency_state([panel], drop_defaults=False))


def test_the_studios_saved_state_is_small(fox: Fox) -> None:
    """The same for all models and their history; what writes all, as nbclient does, writes some more."""
    studio = fox.studio()
    assert len(json.dumps(dependency_state([studio], drop_defaults=True))) < 60_000
    assert len(json.dumps(dependency_state([studio], drop_defaults=False))) < 85_000


def test_a_trait_that_is_added_to_a_studio_can_be_set(fox: Fox) -> None:
    """As on every widget."""
    studio = fox.studio()
    studio.add_traits(lesson=traitlets.Int(3))
    studio.lesson = 4
    assert studio.lesson == 4


def test_a_studio_whose_tabs_were_laid_out_anew_goes_where_they_are(fox: Fox) -> None:
    """A result is handed to the panel that its button names, also where that has no tab."""
    studio, task = fox.studio(), fox.generate("a fox").wait()
    edit, enhance = studio.panels["phota-image-edit"], studio.panels["phota-image-enhance"]
    studio.children = [studio.panels["phota-image"], w.VBox([enhance]), edit]
    for panel, number in ((edit, 2), (studio.panels["phota-image"], 1)):
        with pytest.raises(ValueError, match=f"There is no picture {number}, or nothing here takes one"):
            panel.take_result(task, number)
    for model in ("phota-image-edit", "phota-image-enhance"):
        press_button(f"use:{model}", studio._uses(task), 1)
    assert (edit.image_urls, enhance.image_url) == (task.images, task.images[0])
    assert studio.selected_index == 2


def test_a_closed_studio_leaves_no_threads(fox: Fox) -> None:
    """All that is in it is closed with it."""
    studio = fox.studio()
    inside = [studio.profiles, *studio.panels.values()]
    studio.close()
    assert all(widget.comm is None for widget in [studio, studio.history, *inside])
    assert all(widget._pool._closed for widget in [studio, *inside])


def test_what_is_closed_closes_its_own_parts_wherever_they_were_laid(fox: Fox) -> None:
    """A panel and a studio whose children were laid out anew end whole; a person's own widgets among them stay."""
    panel, studio, own = fox.panel(), fox.studio(), (w.Label("mine"), w.Label("too"))
    panel.children = (w.HBox([panel.controls["prompt"]]), own[0])
    studio.children = (own[1], studio.panels["phota-image"])
    inside = [studio.history, studio.profiles, *studio.panels.values()]
    parts = [panel._press, *panel.controls.values(), *(panel._press for panel in studio.panels.values())]
    panel.close()
    studio.close()
    assert [widget.comm for widget in (*inside, *parts)] == [None] * len([*inside, *parts])
    assert all(widget._pool._closed for widget in (panel, studio, studio.profiles, *studio.panels.values()))
    assert all(widget.comm is not None for widget in own)


def test_who_takes_all_observers_away_means_their_own(fox: Fox) -> None:
    """A cell that is run again does: attribute, `values`, price, button and the tick of consent follow the controls all the same."""
    panel, training = fox.panel(prompt="a fox"), fox.panel("phota-create-profile", image_archive_url=LINK.format("a"))
    training.controls["agreed"].value = True
    heard: list[Any] = []
    panel.observe(lambda change: heard.append((change["name"], change["new"])), ["num_outputs", "resolution"])
    for control in (*panel.controls.values(), *training.controls.values()):
        control.observe(heard.append, "value")
        control.unobserve_all("value")
        control.unobserve_all()
    panel.controls["num_outputs"].value = 4
    panel.controls["resolution"].set_state({"index": 1})  # as a browser says it
    assert heard == [("num_outputs", 4), ("resolution", "4K")]
    assert (
        (panel.num_outputs, panel.resolution) == (4, "4K") == (panel.values["num_outputs"], panel.values["resolution"])
    )
    until(lambda: panel._press.price == "$0.72" or None, "the price")
    panel.controls["resolution"].value = "1K"
    assert panel.controls["resolution"].index == 0
    training.image_archive_url = LINK.format("b")
    assert not training.controls["agreed"].value
    studio, looks = fox.studio(), list[int]()
    studio.unobserve_all()
    studio.profiles.refresh = lambda: looks.append(1)
    studio.selected_index = studio.children.index(studio.profiles)
    assert looks == [1]


def test_an_attribute_is_what_its_control_shows(fox: Fox) -> None:
    """Also where a subclass would have refused it: that is what a press sends."""

    class Own(panel_file.panel_class("phota-image")):  # type: ignore[misc]
        @traitlets.validate("prompt")
        def _no_bears(self, proposal: dict[str, Any]) -> str:
            if "bear" in proposal["value"]:
                raise traitlets.TraitError("no bears")
            return str(proposal["value"]).strip()

    panel = Own(fox.session, {"prompt": " a fox "})
    assert panel.prompt == panel.controls["prompt"].value == "a fox"
    with pytest.raises(traitlets.TraitError):
        panel.prompt = "a bear"
    assert panel.prompt == panel.controls["prompt"].value == "a fox"
    with pytest.raises(traitlets.TraitError):
        panel.controls["prompt"].value = "a bear"
    assert panel.prompt == panel.controls["prompt"].value == panel.values["prompt"] == "a bear"


@pytest.mark.parametrize("act", ["accept", "bill", "paid", "unpaid", "retry"])
def test_a_training_has_the_remedies_of_any_task(act: str) -> None:
    """What is offered of a lost answer in the profiles is heard there, too."""
    known = KnownProfiles()
    heard: list[str] = []
    known.on("act", lambda act, _key, _text: heard.append(act))
    Browser(known).say("act", act=act, key="k", text="")
    assert heard == [act]


def test_a_button_that_a_task_has_no_longer_does_nothing(fox: Fox, sandbox: Any) -> None:
    """In a panel of its own and in the studio: who pressed 'Try again' twice has sent it once, and reads of no error."""
    sandbox.misbehave("failed", times=1)
    task = fox.generate("a fox")
    with pytest.raises(TaskFailed):
        task.wait(60)
    studio, panel = fox.studio(), fox.panel()
    panel.follow(task)
    results, history = Browser(panel._outcome.results), Browser(studio.history)
    studio.history._run_later = results.widget._run_later = lambda work: work()
    history.say("ready")
    for _ in range(2):
        for cards in (results, history):
            cards.say("act", key=task.identity, name="retry", number=0)
            task.wait(60)
    assert len(sandbox.creations) == 2
    assert results.of("wrong") == history.of("wrong") == []


def test_what_is_missing_is_named_by_its_label(fox: Fox) -> None:
    """In a person's words, before anything is sent."""
    with pytest.raises(InvalidRequest, match="Picture to enhance is empty"):
        fox.panel("phota-image-enhance").submit()


def raising(error: BaseException) -> Any:
    """A function that cannot do what it should."""

    def call(*_: Any, **__: Any) -> None:
        raise error

    return call


def pressed(panel: Any, **values: Any) -> None:
    """Press as a browser does, with what it shows."""
    panel._press._handle_custom_msg({"type": "press", "values": values}, [])


def test_what_the_browser_says_at_a_press_counts(fox: Fox, sandbox: Any) -> None:
    """Kernels with subshells may hear the press before the typing; a list's and a button's place stands for its option."""
    panel = fox.panel()
    pressed(panel, prompt="a fox", num_outputs=3, aspect_ratio=5, resolution=0)
    until(lambda: sandbox.creations or None, "the creation")
    assert sandbox.creations[0]["body"] == {
        "model": "phota-image", "prompt": "a fox", "num_outputs": 3, "resolution": "1K", "aspect_ratio": "9:16",
    }  # fmt: skip
    until(lambda: panel.task is not None or None, "the task")


def test_faces_are_sent_with_consent_alone(fox: Fox, sandbox: Any) -> None:
    """Who trains from an archive or from photos is asked, and asked anew for another archive or when no photo is left."""
    panel = fox.panel("phota-create-profile")
    with pytest.raises(InvalidRequest, match="Photos is empty"):
        panel.submit()
    panel.image_archive_url = "https://example.com/ada.zip"
    with pytest.raises(InvalidRequest, match=r"Consent is not ticked.*say panel.controls\[\"agreed\"\].value = True"):
        panel.submit()
    pressed(panel)
    assert panel._press.error[-1] == "Ask the person in the photos; when they agree, tick it."
    agreed = panel.controls["agreed"]
    with pytest.raises(InvalidRequest, match="no parameter 'agreed'"):
        panel.fill({"image_archive_url": panel.image_archive_url, "agreed": True})
    assert not agreed.value
    agreed.value = True
    panel.image_archive_url = "https://example.com/grace.zip"
    with pytest.raises(InvalidRequest, match="Consent is not ticked"):
        panel.submit()
    assert sandbox.creations == []
    agreed.value = True
    panel.submit()
    assert len(sandbox.creations) == 1
    form = fox.studio().profiles
    form.photos.picker.value = [LINK.format("ada"), LINK.format("ada2")]
    form.agreed.value = True
    Browser(form.photos.picker).say("remove", key=form.photos.picker.entries[0].key)
    assert form.agreed.value
    form.photos.picker.value = ()
    assert not form.agreed.value


@pytest.mark.parametrize("place", [99, -1, "1K", None, {}])
def test_a_choice_takes_only_its_options(place: Any) -> None:
    """Whatever a browser sends."""
    parameter = next(p for p in parameters(MODELS["phota-image"]) if p.name == "resolution")
    assert ChoiceControl(parameter).read({"resolution": place}) == "1K"


def test_what_a_closed_folder_keeps_from_being_made_is_told_once(fox: Fox) -> None:
    """A panel and a studio whose folder cannot be read are refused in words; what was begun of them ends in silence."""
    fox.store.close()
    for make in (fox.panel, fox.studio):
        with pytest.raises(StoreError, match="closed"):
            make()
    gc.collect()


def test_building_panels_and_a_studio_sends_nothing(fox: Fox, sandbox: Any) -> None:
    """Voila runs the whole notebook for every visitor."""
    for model in MODELS:
        fox.panel(model)
    fox.studio()
    assert sandbox.creations == []


def test_a_press_does_not_wait_for_the_gateway(tmp_path: Path) -> None:
    """It comes back while the answer is still out; the panel may be pressed again as soon as the journal has it."""
    with Sandbox(keys=[MARKED_KEY]) as sandbox:
        fox = Fox(api_key=MARKED_KEY, base_url=sandbox.base_url, store=tmp_path / "fox_runs")
        sandbox.misbehave("never", "create")
        panel = fox.panel(prompt="a fox")
        before = threading.active_count()
        pressed(panel)
        until(lambda: sandbox.creations or None, "the creation")
        assert fox.tasks()[0].status == "pending"
        panel.prompt = "another fox"
        pressed(panel)
        until(lambda: len(sandbox.creations) > 1 or None, "the other creation")
        assert threading.active_count() < before + 12
    fox.close()  # it waits for every answer that is out: 'never' ends with the sandbox


def test_a_press_does_not_wait_for_the_journal(fox: Fox, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program may hold it for a minute: who is chosen is looked up there on another thread."""
    values = {"prompt": "at night", "image_urls": [LINK.format("a")], "profile_ids": ["profile_x"]}
    panel, asked, names = fox.panel("phota-image-edit", **values), list[int](), fox.session.profiles.names
    monkeypatch.setattr(fox.session.profiles, "names", lambda: asked.append(threading.get_ident()) or names())
    pressed(panel)
    until(lambda: sandbox.creations or None, "the creation")
    assert asked
    assert threading.get_ident() not in asked


def test_two_presses_of_the_same_are_one_and_of_another_are_two(
    fox: Fox, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a second the same again is the same press; what was changed in between is not."""
    monkeypatch.setattr(panel_file, "time", SimpleNamespace(monotonic=lambda: 0.0))
    panel = fox.panel(prompt="a fox")
    pressed(panel)
    pressed(panel)
    until(lambda: sandbox.creations or None, "the creation")
    panel.prompt = "a cat"
    until(lambda: None if panel._press.busy else True, "the button")
    pressed(panel)
    until(lambda: len(sandbox.creations) > 1 or None, "the other creation")
    assert [creation["body"]["prompt"] for creation in sandbox.creations] == ["a fox", "a cat"]


def test_a_key_that_is_held_is_one_press(fox: Fox, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long, and with the clock of the front end's repeats; after a rest the same press is another variation."""
    clock = [0.0]
    monkeypatch.setattr(panel_file, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    panel = fox.panel(prompt="a fox")
    for _ in range(40):
        pressed(panel)
        until(lambda: None if panel._press.busy else True, "the button")
        clock[0] += 0.1
    assert len(until(lambda: sandbox.creations or None, "the creation")) == 1
    clock[0] += 2
    pressed(panel)
    until(lambda: len(sandbox.creations) == 2 or None, "another variation")


def test_a_press_that_finds_no_thread_says_so_and_the_next_is_heard(
    fox: Fox, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel may have as many threads as it can have: the button does not stay off for ever, here and in the profiles."""
    start, form = threading.Thread.start, fox.studio().profiles
    monkeypatch.setattr(form._pool, "submit", raising(FoxError("Python cannot start another thread here.")))
    panel = fox.panel()

    def no_more(thread: threading.Thread) -> None:
        if thread.name == "fox_nb-panel":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", no_more)
    for press in (panel._press, form.press):
        press._handle_custom_msg({"type": "press", "values": {"prompt": "a fox"}}, [])
        assert press.error[0].startswith("Python cannot start another thread here")
        assert not press.busy
    assert sandbox.creations == []
    monkeypatch.undo()
    pressed(panel, prompt="a fox")
    until(lambda: sandbox.creations or None, "the creation")
    assert panel._press.error == []


def test_the_press_from_code_gives_the_task_and_its_pictures(fox: Fox) -> None:
    """The panel has them, too, as soon as somebody has waited; another press is another variation, and says so."""
    panel = fox.panel(prompt="a fox")
    heard: list[Any] = []
    panel.observe(lambda change: heard.append(change["new"]), "task")
    task = panel.submit()
    assert panel.task is task
    assert heard == [task]
    task.wait(60)
    assert [image.path for image in panel.images] == [image.path for image in task.images]
    assert panel._press.again
    assert panel.submit().take == 2
    panel.prompt = "a bear"
    assert not panel._press.again


def test_a_press_is_told_while_a_price_is_worked_out(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """That the button is busy goes out at once: kept back until the price is known it may go out when it is no longer so."""
    panel, begun, may_end = fox.panel(prompt="a fox"), threading.Event(), threading.Event()
    told: list[Any] = []
    monkeypatch.setattr(panel._press, "send_state", lambda **sent: told.append(sent["key"]))
    monkeypatch.setattr(panel_file, "money_note", lambda *_: (begun.set(), may_end.wait(60), "a note")[2])
    pricing = threading.Thread(target=panel.show_cost)
    pricing.start()
    assert begun.wait(60)
    panel._press.busy = True
    assert "busy" in told
    may_end.set()
    pricing.join(60)
    assert panel._press.note == "a note"


def test_a_class_is_offered_one_button_to_hand_in(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many looks at the history wait for the price list, which says who answers, at once."""
    both = threading.Barrier(2, timeout=60)
    monkeypatch.setattr(fox.session.prices, "is_class", True)
    monkeypatch.setattr(fox.session.prices, "ask", both.wait)
    place = w.VBox([w.Label()])
    hand_in = HandIn(fox.session, lambda run: run(), place)
    looks = [threading.Thread(target=hand_in.offer) for _ in range(2)]
    for look in looks:
        look.start()
    for look in looks:
        look.join(60)
    assert [type(child).__name__ for child in place.children] == ["Label", "Press"]


@pytest.mark.parametrize("trait", ["task", "images"])
def test_whoever_observes_may_wait_ask_for_more_and_fail(fox: Fox, sandbox: Any, trait: str) -> None:
    """A press and submit() go out all the same, those of other panels too, and the next press after them."""

    def waits(change: dict[str, Any]) -> None:
        panel.task.wait(60)
        waited.append(change["new"])

    def asks(change: dict[str, Any]) -> None:
        fox.imagine(change["owner"].prompt).wait(60)

    def fails(_: dict[str, Any]) -> None:
        raise ValueError("the observer's own mistake")

    panel, waited, spoilt = fox.panel(prompt="a fox"), list[Any](), fox.panel(prompt="an owl")
    panel.observe(waits, trait)
    pressed(panel)
    until(lambda: waited or None, "the observer")
    panel.prompt = "a bear"
    task = panel.submit()
    assert panel.task is task
    until(lambda: len(waited) == 2 or None, "the observer, once more")
    spoilt.observe(fails, trait)
    pressed(spoilt)
    until(lambda: spoilt.images or None, "the picture")
    spoilt.unobserve_all(trait)
    chained = [fox.panel(prompt=f"picture {number}") for number in range(9)]
    for one in chained:
        one.observe(asks, trait)
        pressed(one)
    until(lambda: len(sandbox.creations) == 3 + 2 * len(chained) or None, "those, and what their observers ask for")
    assert [one._press.busy for one in (panel, spoilt, *chained)] == [False] * 11
    assert [one._press.error for one in (panel, spoilt, *chained)] == [[]] * 11
    spoilt.prompt = "an owl at night"
    pressed(spoilt)
    until(lambda: "an owl at night" in [one["body"]["prompt"] for one in sandbox.creations] or None, "the next press")


def test_an_observer_that_exits_takes_nothing_from_submit(fox: Fox, caplog: pytest.LogCaptureFixture) -> None:
    """What was sent and paid for is given back all the same."""
    panel = fox.panel(prompt="a fox")
    panel.observe(raising(SystemExit("the observer's own")), "task")
    assert panel.submit().wait(60) is panel.task
    assert "the observer's own" in caplog.text


def test_an_observer_that_fails_keeps_nothing_from_being_up_to_date(fox: Fox) -> None:
    """What a control shows is what `values` has, and what the button's price is of."""
    panel = fox.panel(prompt="a fox")
    panel.observe(raising(ValueError("the observer's own mistake")), "num_outputs")
    with pytest.raises(ValueError, match="mistake"):
        panel.controls["num_outputs"].value = 4
    assert panel.values["num_outputs"] == 4
    until(lambda: panel._press.price == "$0.36" or None, "the price")


def test_a_panel_takes_up_what_was_asked_for_before_it_alone(fox: Fox, sandbox: Any) -> None:
    """A browser may show it while a later cell waits for a picture of its own: that is no result of the panel."""
    sandbox.misbehave("stuck")
    before = fox.generate("a fox")
    panel = fox.panel()
    later = fox.generate("a bear")
    panel._outcome.resume("phota-image")
    assert before.identity in panel._outcome._followed
    assert later.identity not in panel._outcome._followed


def test_what_is_over_is_not_shown_again_by_a_page_that_came_meanwhile(fox: Fox, sandbox: Any) -> None:
    """A row that comes after its task's end would stand there for good."""
    sandbox.misbehave("lasts", seconds=900)
    panel = fox.panel(prompt="a fox")
    browser = Browser(panel._press)
    task = panel.submit()
    sandbox.advance(1000)

    def title_of(task: Task) -> str:
        if not task.is_over:
            task.wait(60)
            until(lambda: browser.of("gone") or None, "the end of the row")
        return "a fox"

    panel._press._under_way[task.identity] = task, title_of
    browser.say("ready")
    assert [content["type"] for content, _ in browser.heard if content["type"] in ("row", "gone")][-1] == "gone"


def test_what_was_hidden_can_be_watched_again(fox: Fox, sandbox: Any) -> None:
    """By the button of its row in History, or from code; its progress hides no more than before, and it ends once."""
    sandbox.misbehave("lasts", seconds=900)
    studio = fox.studio()
    panel = studio.panels["phota-image"]
    browser = Browser(panel._press)
    panel.prompt = "a fox"
    task = panel.submit()
    browser.say("hide", key=task.identity)
    for watch in (lambda: press_button("watch", studio._row_actions(task)), lambda: panel.follow(task)):
        browser.heard.clear()
        browser.say("ready")
        assert browser.of("row") == []
        for show in (watch, lambda: browser.say("ready")):
            browser.heard.clear()
            show()
            assert {said["item"]["key"] for said in browser.of("row")} == {task.identity}
        browser.say("hide", key=task.identity)
        assert len(browser.of("gone")) == 1
    panel.follow(task)
    sandbox.advance(1000)
    task.wait(60)
    until(lambda: task.identity in panel._outcome.results.tasks or None, "the result")
    assert len(browser.of("gone")) == 2
    assert panel._press._under_way == {}


def test_what_is_being_saved_is_saved_when_a_dozen_newer_ones_have_come(fox: Fox) -> None:
    """A large picture goes to its page in pieces, for minutes on a slow line: the rest of them come, too."""
    panel = fox.panel()
    results = panel._outcome.results
    first, *newer = [fox.generate("picture", take=take).wait(60) for take in range(1, 14)]
    results._run_later = lambda work: work()
    browser = Browser(results)
    panel.follow(first)
    whole = first.images[0].path.read_bytes()
    browser.say("piece", key=first.identity, number=1, at=0, by="page")
    for task in newer:
        panel.follow(task)
    assert first.identity not in results.tasks
    browser.say("piece", key=first.identity, number=1, at=100, by="page")
    pieces = [buffers[0] for content, buffers in browser.heard if content["type"] == "piece"]
    assert pieces == [whole, whole[100:]]


def test_an_earlier_result_that_comes_back_is_counted_once(fox: Fox, sandbox: Any) -> None:
    """Sent again by code when a dozen newer ones had taken its place, it stands in front, as in the notebook's file."""
    panel = fox.panel()
    results = panel._outcome.results
    sandbox.misbehave("failed", times=1)
    first = fox.generate("picture")
    with pytest.raises(TaskFailed):
        first.wait(60)
    for task in (first, *(fox.generate("picture", take=take).wait(60) for take in range(2, 15))):
        panel.follow(task)
    browser = Browser(results)
    assert first.identity not in results.tasks
    first.retry().wait(60)
    until(lambda: (first.identity in results.tasks and browser.of("item")) or None, "it in front")
    assert browser.of("item")[-1]["earlier"] == 2


def test_its_pictures_are_the_newest_that_there_are(fox: Fox, sandbox: Any) -> None:
    """A task that fails, or is still under way, hides none that was asked for before, and observers hear of each that comes."""
    panel = fox.panel(prompt="a slow fox")
    heard: list[Any] = []
    panel.observe(lambda change: heard.append(change["new"]), "images")
    sandbox.misbehave("lasts", seconds=900, times=1)
    slow = panel.submit()
    panel.prompt = "a quick fox"
    sandbox.misbehave("failed")
    with pytest.raises(TaskFailed):
        panel.submit().wait(60)
    sandbox.advance(1000)
    slow.wait(60)
    assert panel.images == slow.images
    until(lambda: heard or None, "its pictures to be heard of")
    sandbox.behave()
    quick = panel.submit().wait(60)
    assert panel.images == quick.images
    until(lambda: len(heard) == 2 or None, "both to be heard of")
    assert heard == [slow.images, quick.images]


def test_what_cannot_be_looked_up_is_called_by_its_own_words(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that cannot be read names nobody, and keeps no result away."""
    panel = fox.panel(prompt="[[profile_ruth]] in the snow")
    browser = Browser(panel._press)
    monkeypatch.setattr(fox.session.profiles, "names", raising(StoreError("The journal is locked.")))
    panel.submit().wait(60)
    said = until(lambda: [message["said"] for message in browser.of("gone")] or None, "the end to be said")
    assert said == ["[[profile_ruth]] in the snow: completed."]
    until(lambda: panel._outcome.results.tasks or None, "the result")


def test_an_error_goes_away_when_the_value_changes(fox: Fox) -> None:
    """Not at the next press."""
    panel = fox.panel()
    pressed(panel, prompt="")
    assert panel._press.error[0] == "Prompt is empty."
    panel.prompt = "a fox"
    assert panel._press.error == []


def test_results_keep_the_newest_dozen(fox: Fox) -> None:
    """Older ones are counted, and each is sent once."""
    panel = fox.panel()
    results = panel._outcome.results
    browser = Browser(results)
    tasks = [fox.generate(f"picture {number}").wait(60) for number in range(14)]
    for task in tasks:
        panel.follow(task)
    items = browser.of("item")
    assert [item["item"]["title"] for item in items] == [f"picture {number}" for number in range(14)]
    assert items[-1]["earlier"] == 2
    assert list(results.tasks) == [task.identity for task in reversed(tasks[2:])]


@pytest.mark.parametrize("model", MODELS)
def test_type_checkers_know_what_a_panel_has(fox: Fox, model: str) -> None:
    """The classes that they are told of have the names of the real ones, and every parameter."""
    real = type(fox.panel(model))
    told = getattr(typed, real.__name__)
    assert list(told.__annotations__) == [parameter.name for parameter in parameters(MODELS[model])]
    calls = [overload.__annotations__ for overload in get_overloads(Fox.panel)]
    assert {"model": f"Literal[{model!r}]", "values": "Any", "return": real.__name__} in calls


def test_what_is_over_is_said_by_the_name_that_history_has(fox: Fox, tmp_path: Path) -> None:
    """An enhancement has no prompt: below the button it is called by its picture, too."""
    photo = tmp_path / "photo.png"
    Image.new("RGB", (64, 64), "red").save(photo)
    panel = fox.panel("phota-image-enhance", image_url=photo)
    browser = Browser(panel._press)
    panel.submit().wait()
    said = until(lambda: [message["said"] for message in browser.of("gone")] or None, "the end to be said")
    assert said == ["Enhance: photo.png: completed."]


def test_a_panel_that_trains_says_which_profile_it_is(fox: Fox, tmp_path: Path) -> None:
    """What has no name yet is called by its archive, and the id that was paid for stands among the results."""
    archive = tmp_path / "ada.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for number in range(10):
            photo = io.BytesIO()
            Image.new("RGB", (64, 64), (20 * number, 0, 0)).save(photo, "PNG")
            packed.writestr(f"{number}.png", photo.getvalue())
    panel = fox.panel("phota-create-profile", image_archive_url=archive)
    panel.controls["agreed"].value = True
    results = Browser(panel._outcome.results)
    task = panel.submit().wait()
    card = until(lambda: results.of("item") or None, "the result")[-1]["item"]
    assert card["title"] == "Training: ada.zip"
    assert "photos.zip" in panel.controls["image_archive_url"].place_hint
    assert f"[[{task.profile_id}]]" in card["words"][0]


def test_a_result_that_is_sent_again_or_settled_elsewhere_is_shown_so(fox: Fox, sandbox: Any) -> None:
    """From code or by another panel: the card that said 'failed' is under way, then has its pictures."""
    panel = fox.panel(prompt="a fox")
    results, press = Browser(panel._outcome.results), Browser(panel._press)

    def shown(status: str) -> None:
        until(lambda: status in [card["item"]["status"] for card in results.of("item")[-1:]] or None, status)

    sandbox.misbehave("failed")
    task = panel.submit()
    shown("failed")
    assert len(press.of("gone")) == 1
    fox.tasks()[0].retry().wait()
    shown("completed")
    assert results.of("list")[-1]["items"] == [], "it was taken out while it was under way"
    until(lambda: len(press.of("gone")) == 2 or None, "each end to be said once")
    assert panel.images == task.images
    sandbox.misbehave("lost_answer", on="create")
    panel.prompt = "an owl"
    with pytest.raises(SubmissionUnknown):
        panel.submit()
    shown("unknown")
    fox.tasks()[0].settle(paid=False)
    shown("refused")


@pytest.mark.parametrize("model", MODELS)
def test_marimos_code_asks_for_nothing_that_was_not_given(model: str) -> None:
    """What a panel's press would still need stands there by its name: pasted as it is, the call costs nothing."""
    code = html.unescape(in_marimo({MODELS[model]: {}}).data.partition("<code>")[2].partition("</code>")[0])
    with pytest.raises(NameError):
        eval(code, {"fox": SimpleNamespace(**{MODELS[model].method: lambda *_: None})})
    given = in_marimo({MODELS["phota-image-edit"]: {"prompt": "a fox", "profile_ids": ["one"]}}).data
    assert "fox.edit('a fox', image_urls, profile_ids=profile_ids)" in html.unescape(given)


def test_a_studio_in_marimo_names_the_call_of_every_model(fox: Fox) -> None:
    """Where it can't be shown, no model is left out of what is said in its place."""
    said = fox.studio()._display_().data
    assert [request.method for request in MODELS.values() if f"<code>fox.{request.method}(" not in said] == []
