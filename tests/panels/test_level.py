"""The level, from Python's side."""

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets

import fox_nb
from fox_nb.panels.level import Level


def test_a_level_starts_unset() -> None:
    """Nothing is set until somebody sets it."""
    assert Level(description="Creativity").value is None


def test_a_number_keeps_four_decimals_and_the_bounds() -> None:
    """What a loop of floats makes of 0.3 is 0.3, and nothing leaves the bounds."""
    level = Level()
    level.value = 0.1 + 0.2
    assert level.value == 0.3
    level.value = float(np.arange(0, 1, 0.1)[3])
    assert level.value == 0.3
    level.value = 7
    assert level.value == 1
    assert Level(value=4, min=2, max=10).value == 4
    level.max = 0.5
    assert level.value == 0.5


@pytest.mark.parametrize("value", [np.float32(0.3), np.array(0.1 + 0.2), Decimal("0.3"), Fraction(3, 10)])
def test_a_number_of_any_kind_is_one(value: Any) -> None:
    """As an ipywidgets' slider takes it, and so a link from one."""
    assert Level(value=value).value == 0.3
    assert Level(max=np.int64(3)).max == 3


@pytest.mark.parametrize(("bound", "value"), [("min", 2), ("max", -1), ("min", float("nan"))])
def test_a_bound_beyond_the_other_is_refused(bound: str, value: float) -> None:
    """And the value stays; both may be moved at once."""
    level = Level(value=0.5)
    with pytest.raises(traitlets.TraitError, match="not above its max"):
        setattr(level, bound, value)
    assert (level.min, level.value, level.max) == (0, 0.5, 1)
    with level.hold_trait_notifications():
        level.min, level.max = 2, 4
    assert (level.min, level.value, level.max) == (2, 2, 4)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.5"])
def test_what_is_no_number_is_refused(value: object) -> None:
    """A level's value is a finite number or None."""
    with pytest.raises(traitlets.TraitError):
        Level().value = value


def test_the_browser_sets_and_unsets() -> None:
    """A change in the browser arrives, with its observers told; unsetting gives None again."""
    level = Level()
    seen = []
    level.observe(lambda change: seen.append(change["new"]), "value")
    for value in (0.25, None):
        level._handle_msg({"content": {"data": {"method": "update", "state": {"value": value}}}, "buffers": []})
    assert seen == [0.25, None]


def test_the_ring_of_an_unset_level_is_whole_in_firefox() -> None:
    """Firefox makes four specks of a dashed ring this small."""
    styles = (Path(fox_nb.__file__).parent / "static" / "panels.css").read_text(encoding="utf-8")
    rings = re.findall(r"::-moz-range-thumb\s*\{([^}]*)\}", styles)
    assert [("border:" in ring, "dashed" in ring) for ring in rings] == [(True, False)] * 2
