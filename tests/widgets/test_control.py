"""What all controls share: signs of life, and words for a Jupyter that lacks their front end."""

from fox_nb.widgets.control import missing_front_end, source
from fox_nb.widgets.slider import Slider
from widgets.browsers import Browser


def test_a_control_is_alive_once_a_browser_says_so():
    """Whoever asked to be told hears of each start."""
    slider = Slider()
    heard = []
    slider.on_ready(lambda: heard.append(1))
    assert not slider.alive
    for _ in range(2):
        Browser(slider).say("ready")
    assert slider.alive
    assert heard == [1, 1]


def test_the_note_goes_with_the_first_sign_of_life():
    """It names the remedy, is there until one control has shown itself, and is not there beside one that had before."""
    one, other = Slider(), Slider()
    note = missing_front_end([one, other])
    assert "pip install anywidget" in note.value
    assert note.layout.display is None
    Browser(other).say("ready")
    assert note.layout.display == "none"
    assert missing_front_end([one, other]).layout.display == "none"


def test_modules_lose_comments_and_indentation_and_nothing_else():
    """What is saved with every notebook has no comments in it, and every line of code."""
    module = source("slider.js")
    assert "//" not in module
    assert "export default {" in module
    assert "\n\n" not in module
