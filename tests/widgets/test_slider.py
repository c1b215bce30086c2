"""The slider, from Python's side."""

import numpy as np
import pytest
import traitlets

from fox_nb.widgets.slider import Slider
from widgets.browsers import Browser


def test_a_slider_starts_unset():
    """Nothing is set until somebody sets it."""
    assert Slider(label="Creativity").value is None


def test_a_number_keeps_four_decimals_and_the_bounds():
    """What a loop of floats makes of 0.3 is 0.3, and nothing leaves the bounds."""
    slider = Slider()
    slider.value = 0.1 + 0.2
    assert slider.value == 0.3
    slider.value = float(np.arange(0, 1, 0.1)[3])
    assert slider.value == 0.3
    slider.value = 7
    assert slider.value == 1
    assert Slider(value=4, min=2, max=10).value == 4


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.5"])
def test_what_is_no_number_is_refused(value):
    """A slider's value is a finite number or None."""
    with pytest.raises(traitlets.TraitError):
        Slider().value = value


def test_the_browser_sets_and_unsets():
    """A change in the browser arrives, with its observers told; unsetting gives None again; nonsense changes nothing."""
    slider = Slider()
    seen = []
    slider.observe(lambda change: seen.append(change["new"]), "value")
    browser = Browser(slider)
    browser.say("value", value=0.25)
    browser.say("value", value="much")
    browser.say("value", value=float("nan"))
    assert slider.value == 0.25
    browser.say("value", value=None)
    assert seen == [0.25, None]
