"""What all controls share: their line to the browser, signs of life, words for a Jupyter that lacks their front end."""

import json
import re
import threading
from pathlib import Path

import traitlets

from fox_nb.widgets import surface as made
from fox_nb.widgets.control import Stack, Words
from fox_nb.widgets.slider import Slider
from fox_nb.widgets.surface import Surface, missing_front_end
from widgets.browsers import Browser


def test_a_control_is_ready_whenever_a_browser_starts_its_surface():
    """Whoever asked to be told hears of each start."""
    slider = Slider()
    surface = Surface(Stack([slider]))
    heard = []
    slider.on_ready(lambda: heard.append(1))
    assert not surface.alive
    for _ in range(2):
        surface._handle_custom_msg({"ready": True}, [])
    assert surface.alive
    assert heard == [1, 1]


def test_the_note_goes_with_the_first_sign_of_life():
    """It names the remedy, is there until the surface has shown itself, and is not there beside one that had before."""
    surface = Surface(Slider())
    note = missing_front_end(surface)
    assert "pip install anywidget" in note.value
    assert note.layout.display is None
    surface._handle_custom_msg({"ready": True}, [])
    assert note.layout.display == "none"
    assert missing_front_end(surface).layout.display == "none"


def test_a_browser_that_comes_later_gets_everything_as_it_is_then():
    """Each control with its module, what it holds and its state, the root first."""
    slider, words = Slider(label="Creativity", value=0.2), Words(html="<b>a</b>")
    surface = Surface(Stack([words, slider], kind="x"))
    slider.value = 0.4
    root, first, second = surface.get_state("parts")["parts"]
    assert (root["module"], root["children"], root["kind"]) == ("stack", [words.id, slider.id], "x")
    assert (first["module"], first["html"]) == ("words", "<b>a</b>")
    assert (second["module"], second["label"], second["value"]) == ("slider", "Creativity", 0.4)


def test_a_page_that_was_reloaded_catches_up():
    """What changed between the state that it was given and its sign of life was said to nobody, and is sent anew."""
    slider, words = Slider(label="Creativity"), Words(html="a")
    surface = Surface(Stack([words, slider]))
    known = json.loads(json.dumps(surface.get_state("parts")["parts"]))
    slider.value = 0.4
    sent = []
    surface.send = lambda content, _buffers=None: sent.append(content)
    surface._handle_custom_msg({"ready": True, "parts": known}, [])
    assert sent == [{"part": slider.id, "set": {"value": 0.4}}]


def test_one_control_that_fails_does_not_keep_the_others_from_starting():
    """It is logged, and they hear of the page."""
    first, second = Slider(), Slider()
    surface = Surface(Stack([first, second]))
    heard = []
    first.on_ready(lambda: 1 / 0)
    second.on_ready(lambda: heard.append(1))
    surface._handle_custom_msg({"ready": True}, [])
    assert heard == [1]


def test_what_a_browser_says_is_not_said_back_to_it_unless_it_became_something_else():
    """A value that was rounded is told, one that was taken as it was is not; a change from Python always is."""
    slider = Slider()
    browser = Browser(slider)
    browser.say("value", value=0.25)
    assert slider.value == 0.25
    assert browser.state == {}
    browser.say("value", value=0.123456)
    assert browser.state == {"value": 0.1235}
    slider.value = 0.9
    slider.label = "Level"
    assert browser.state == {"value": 0.9, "label": "Level"}


def test_two_threads_that_hear_at_once_say_nothing_back():
    """Kernels with subshells may: neither takes the other's value for a change from Python."""
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Slider):
        @traitlets.validate("value")
        def _bounded(self, proposal):
            if proposal["value"] == 0.2:
                begun.set()
                go_on.wait(30)
            return proposal["value"]

    slider = Slow()
    browser = Browser(slider)
    first = threading.Thread(target=lambda: browser.say("value", value=0.2))
    first.start()
    begun.wait(30)
    browser.say("value", value=0.3)
    go_on.set()
    first.join(30)
    assert browser.state == {}


def test_messages_reach_the_control_that_they_are_for():
    """What is for no control, or is no message at all, does nothing."""
    one, other = Slider(), Slider()
    surface = Surface(Stack([one, other]))
    for content in (
        {"part": other.id, "said": {"type": "value", "value": 1}},
        {"part": "c0"},
        {"part": [1]},
        {"part": one.id},
        None,
        [],
    ):
        surface._handle_custom_msg(content, [])
    assert (one.value, other.value) == (None, 1)


def test_modules_lose_comments_and_indentation_and_nothing_else():
    """What is saved with every notebook has no comments in it, and every line of code."""
    folder = Path(made.__file__).parent
    for path in folder.glob("*.[jc]s*"):
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        code = [line for line in lines if line and not re.match(r"//|/\*.*\*/$", line)]
        assert made.source(path.name).splitlines() == code


def test_the_script_holds_what_its_controls_need_and_no_more():
    """A panel's notebook, which saves it, does not carry the history's or the photo picker's script, and stays small."""
    modules = frozenset({"actions", "gallery", "live", "native", "prompt", "stack", "words"})
    script = made.script(modules)
    assert script.count("export default") == 1
    assert 'MODULES["prompt"]' in script
    assert 'MODULES["picker"]' not in script
    assert len(script) < 40_000
    assert len(made.style(modules)) < 24_000
