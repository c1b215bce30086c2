"""Axes: what people write as values is what they mean, and what can't be meant is refused with what may be."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fox_nb.errors import InvalidRequest
from fox_nb.experiments.axes import MOST_VALUES, axis_of, label, steps
from fox_nb.models import MODELS
from fox_nb.parameters import Parameter, parameters


def parameter(name: str, model: str = "phota-image-enhance") -> Parameter:
    return next(p for p in parameters(MODELS[model]) if p.name == name)


LEVEL = parameter("creativity")
COUNT = parameter("num_outputs", "phota-image")
SIZE = parameter("resolution", "phota-image")
RATIO = parameter("aspect_ratio", "grok-imagine-image")
PROMPT = parameter("prompt", "phota-image")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0..1 step 0.25", (0, 0.25, 0.5, 0.75, 1)),
        ("0 to 1 by .5", (0, 0.5, 1)),
        ("0…1 STEP 0.5", (0, 0.5, 1)),
        ("0-1", (0, 0.25, 0.5, 0.75, 1)),
        ("1..0 step 0.5", (1, 0.5, 0)),
        ("0..1 step 0.3", (0, 0.3, 0.6, 0.9)),
        ("0, 0.5, 1", (0, 0.5, 1)),
        ("0; .5 ;1", (0, 0.5, 1)),
        ("0.2 0.8", (0.2, 0.8)),
        ("none, 0.5", (None, 0.5)),
        ("0.5", (0.5,)),
        ("0.5..0.5", (0.5,)),
    ],
)
def test_numbers_as_people_write_them(text: str, values: tuple[float, ...]) -> None:
    """Ranges and lists as text give the values that a reader expects."""
    axis = axis_of(LEVEL, text)
    assert axis is not None
    assert axis.values == values


def test_options_as_people_write_them() -> None:
    """Options go in a row with commas; one option alone is a plain value, and so is a prompt whatever it holds."""
    axis = axis_of(SIZE, "1K, 4K")
    assert axis is not None
    assert axis.values == ("1K", "4K")
    assert axis_of(SIZE, "4K") is None
    assert axis_of(RATIO, "16:9") is None
    assert axis_of(PROMPT, "a fox, 0..1 step 0.25") is None


@given(
    start=st.decimals(0, 1, places=2),
    end=st.decimals(0, 1, places=2),
    step=st.decimals(min_value=Decimal("0.01"), max_value=1, places=2),
    words=st.sampled_from([("..", "step"), ("...", "by"), (" to ", "step"), ("…", "by"), (" - ", "STEP")]),
)
def test_every_range_goes_from_its_start_by_its_step_and_not_beyond_its_end(
    start: Decimal, end: Decimal, step: Decimal, words: tuple[str, str]
) -> None:
    """Whatever the numbers, the values are the start plus whole steps, exact to the digit, and the next would be beyond."""
    axis = axis_of(LEVEL, f"{start}{words[0]}{end} {words[1]} {step}")
    assert axis is not None
    sign = 1 if end >= start else -1
    exact = [start + sign * number * step for number in range(len(axis.values))]
    assert axis.values == tuple(float(value) for value in exact)
    assert abs(end - start) - step < abs(exact[-1] - start) <= abs(end - start)


@given(st.lists(st.floats(0, 1).map(lambda value: round(value, 4)), min_size=1, max_size=60))
def test_a_list_a_tuple_a_generator_and_an_array_mean_the_same(values: list[float]) -> None:
    """The form does not matter; each value is there once, in the order given, and what was left out is counted."""
    axes = [axis_of(LEVEL, form) for form in (values, tuple(values), iter(values), np.array(values))]
    for axis in axes:
        assert axis is not None
        assert list(axis.values) == list(dict.fromkeys(values))
        assert axis.repeated == len(values) - len(set(values))
        assert all(type(value) is float for value in axis.values)


def test_numpy_ranges_give_the_numbers_that_are_meant() -> None:
    """arange's 0.30000000000000004 is 0.3, linspace and fractions are as they read, and NumPy's whole numbers are whole."""
    assert axis_of(LEVEL, np.arange(0, 0.5, 0.1)).values == (0, 0.1, 0.2, 0.3, 0.4)  # type: ignore[union-attr]
    assert axis_of(LEVEL, np.linspace(0, 1, 4)).values == (0, 0.3333, 0.6667, 1)  # type: ignore[union-attr]
    assert axis_of(LEVEL, [Fraction(1, 4), 0.25, Fraction(1, 3)]).values == (0.25, 0.3333)  # type: ignore[union-attr]
    assert axis_of(COUNT, np.arange(1, 4)).values == (1, 2, 3)  # type: ignore[union-attr]
    assert axis_of(COUNT, range(1, 4)).values == (1, 2, 3)  # type: ignore[union-attr]
    assert axis_of(SIZE, np.array(["1K", "4K"])).values == ("1K", "4K")  # type: ignore[union-attr]


def test_plain_values_are_no_axis() -> None:
    """One number, None and one picture vary nothing."""
    assert axis_of(LEVEL, 0.5) is None
    assert axis_of(LEVEL, None) is None
    assert axis_of(parameter("image_url"), "photo.jpg") is None
    assert axis_of(parameter("image_urls", "phota-image-edit"), ["a.jpg", "b.jpg"]) is None
    assert axis_of(parameter("image_url"), np.zeros(3)) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "without a value"),
        ("", "without a value"),
        ("0..1 step 0", "steps of 0"),
        ("0..1 step 0.0001", "at most|values"),
        ("0, half, 1", "no number"),
        ("inf", "no number"),
        ("0, snan", "no number"),
        ("1e9999", "no number"),
        (range(10**12), "more than"),
        (iter(int, 1), "more than"),
    ],
)
def test_what_can_not_be_meant_is_refused(value: object, words: str) -> None:
    """No value, far too many, steps of nothing and words are refused at once, by the parameter's name."""
    with pytest.raises(InvalidRequest, match=words) as refused:
        axis_of(LEVEL, value)
    assert refused.value.parameter == "creativity"
    assert "creativity" in refused.value.what


@given(st.text(max_size=40))
def test_any_text_gives_values_or_a_refusal_and_nothing_else(text: str) -> None:
    """Whatever is typed, the answer is an axis of numbers or InvalidRequest."""
    try:
        axis = axis_of(LEVEL, text)
    except InvalidRequest:
        return
    assert axis is not None
    assert 0 < len(axis.values) <= MOST_VALUES


def test_labels_are_short_and_plain() -> None:
    """Values read as people write them; a long row of them is one line."""
    assert [label(value) for value in (0.5, 1.0, None, "4K", ["a", "b"], [])] == [
        "0.5",
        "1",
        "not set",
        "4K",
        "a, b",
        "none",
    ]
    assert steps([label(number / 100) for number in range(50)]) == "0, 0.01, 0.02, …, 0.49"
