"""The request classes: what they take, what they refuse, and how they say it."""

import decimal
import fractions
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fox_nb import MODELS, Fox, InvalidRequest
from fox_nb.models import check, request_class, validate
from fox_nb.parameters import parameters

GOOD: dict[str, dict[str, Any]] = {
    "phota-image": {"prompt": "a fox"},
    "phota-image-edit": {"prompt": "at night", "image_urls": ["https://example.com/a.jpg"]},
    "phota-image-enhance": {"image_url": "https://example.com/a.jpg"},
    "phota-create-profile": {"image_archive_url": "https://example.com/a.zip"},
    "grok-imagine-image": {"prompt": "a fox"},
}

REFUSED = [
    ("phota-image", {}, "prompt", "is missing"),
    ("phota-image", {"prompt": ""}, "prompt", "is empty"),
    ("phota-image", {"prompt": " \n"}, "prompt", "is empty"),
    ("phota-image", {"prompt": 7}, "prompt", "7"),
    ("phota-image", {"prompt": "half \ud800"}, "prompt", "surrogate"),
    ("phota-image", {"prompt": "a\0b"}, "prompt", "NUL"),
    ("phota-image", {"prompt": "x" * 10_000_000}, "prompt", "longer than 20,000"),
    ("phota-image", {"prompt": "a", "aspect_ratio": "16x9"}, "aspect_ratio", "Did you mean '16:9'?"),
    ("phota-image", {"prompt": "a", "aspect_ratio": "16/9"}, "aspect_ratio", "Did you mean '16:9'?"),
    ("phota-image", {"prompt": "a", "aspect_ratio": "20:9"}, "aspect_ratio", "one of 1:1, 2:3, 3:2"),
    ("phota-image", {"prompt": "a", "aspect_ratio": None}, "aspect_ratio", "None"),
    ("phota-image", {"prompt": "a", "resolution": "4k"}, "resolution", "Did you mean '4K'?"),
    ("phota-image", {"prompt": "a", "resolution": "2K"}, "resolution", "one of 1K, 4K"),
    ("phota-image", {"prompt": "a", "num_outputs": 0}, "num_outputs", "from 1 to"),
    ("phota-image", {"prompt": "a", "num_outputs": 1.5}, "num_outputs", "whole number"),
    ("phota-image", {"prompt": "a", "num_outputs": "2"}, "num_outputs", "'2'"),
    ("phota-image", {"prompt": "a", "num_outputs": True}, "num_outputs", "True"),
    ("phota-image", {"prompt": "a", "aspect_raito": "1:1"}, "aspect_raito", "Did you mean 'aspect_ratio'?"),
    ("phota-image", {"prompt": "a", "seed": 1}, "seed", "No model has a seed"),
    ("phota-image", {"promt": "a fox"}, "promt", "Did you mean 'prompt'?"),
    ("phota-image-edit", {"prompt": "a", "image_urls": []}, "image_urls", "at least 1"),
    ("phota-image-edit", {"prompt": "a", "image_urls": ["ftp://x/y.png"]}, "image_urls", "http(s) URL"),
    ("phota-image-edit", {"prompt": "a", "image_urls": ["javascript:alert(1)"]}, "image_urls", "http(s) URL"),
    ("phota-image-edit", {**GOOD["phota-image-edit"], "profile_ids": "p"}, "profile_ids", "a list"),
    ("phota-image-edit", {**GOOD["phota-image-edit"], "profile_ids": [""]}, "profile_ids", "empty"),
    ("phota-image-enhance", {**GOOD["phota-image-enhance"], "creativity": 1.2}, "creativity", "from 0 to 1"),
    ("phota-image-enhance", {**GOOD["phota-image-enhance"], "creativity": -0.1}, "creativity", "from 0 to 1"),
    ("phota-image-enhance", {**GOOD["phota-image-enhance"], "resemblance": float("nan")}, "resemblance", "nan"),
    ("phota-image-enhance", {**GOOD["phota-image-enhance"], "resemblance": "0.5"}, "resemblance", "'0.5'"),
    ("phota-image-enhance", {**GOOD["phota-image-enhance"], "creativity": np.array(True)}, "creativity", "truth value"),
    (
        "phota-image-enhance",
        {**GOOD["phota-image-enhance"], "creativity": np.datetime64(0, "ns")},
        "creativity",
        "time",
    ),
    ("phota-image-enhance", {"image_url": "https://a b/c"}, "image_url", "space"),
    ("phota-image-enhance", {"image_url": "https://a/" + "b" * 9000}, "image_url", "longer than"),
    ("phota-create-profile", {"image_archive_url": "photos.zip"}, "image_archive_url", "http(s) URL"),
    ("grok-imagine-image", {"prompt": "a", "num_outputs": 5}, "num_outputs", "from 1 to 4"),
    ("grok-imagine-image", {"prompt": "a", "output_format": "JPG"}, "output_format", "Did you mean 'jpg'?"),
    ("grok-imagine-image", {"prompt": "a", "output_format": "gif"}, "output_format", "jpg, jpeg, png, webp"),
    ("grok-imagine-image", {"prompt": "a", "image_urls": ["https://a.b/c"] * 4}, "image_urls", "1 to 3"),
    ("grok-imagine-image", {"prompt": "a", "image_urls": ["https://a.b/c"], "aspect_ratio": "1:1"}, "", "aspect_ratio"),
]


@pytest.mark.parametrize(("model", "values", "parameter", "words"), REFUSED)
def test_refusals(model: str, values: dict[str, Any], parameter: str, words: str) -> None:
    """A bad value is refused in words that name the parameter, the value, what is allowed and what was meant."""
    with pytest.raises(InvalidRequest) as refused:
        validate(model, values)
    assert refused.value.parameter == parameter
    assert words in str(refused.value)
    assert "Nothing was sent" in str(refused.value)
    assert len(str(refused.value)) < 700, "a refused value is never repeated at length"


@pytest.mark.parametrize("number", [10**400, fractions.Fraction(10**400), float("inf")])
def test_numbers_beyond_all_bounds(number: Any) -> None:
    """A number that no float can be is refused as any other that is too large, and in a price, too."""
    for model, name in (("phota-image-enhance", "creativity"), ("phota-image", "num_outputs")):
        with pytest.raises(InvalidRequest, match=f"{name} is .*allowed is"):
            validate(model, {**GOOD[model], name: number})
        with pytest.raises(InvalidRequest, match=f"{name} is .*allowed is"):
            check(model, name, number)


@pytest.mark.parametrize("model", [None, 7, "", "phota-imgae", ["phota-image"]])
def test_unknown_model(model: Any) -> None:
    """A model that is not known is refused with the list of those that are."""
    with pytest.raises(InvalidRequest, match="allowed is one of phota-image, "):
        request_class(model)


def test_near_miss_of_a_model() -> None:
    """A model's name with a slip of the finger is met with what was meant."""
    with pytest.raises(InvalidRequest, match="Did you mean 'phota-image'"):
        request_class("phota-imgae")


@pytest.mark.parametrize("model", list(MODELS))
def test_smallest_request(model: str) -> None:
    """The required parameters alone make a body with the page's defaults, and nothing that is None."""
    body = validate(model, GOOD[model]).body()
    assert body["model"] == model
    assert None not in body.values()
    for parameter in parameters(MODELS[model]):
        assert (parameter.name in body) == (parameter.required or parameter.default is not None)


@pytest.mark.parametrize(
    "number",
    [
        0.3, 0.1 + 0.2, np.float32(0.3), np.float64(0.30000000000000004), np.array(0.30000000000000004),
        decimal.Decimal("0.3"), decimal.Decimal("0.30000000000000004"),
    ],
)  # fmt: skip
def test_numbers_are_numbers(number: Any) -> None:
    """NumPy's numbers are taken as numbers, and a float is kept to four decimals: the same setting is the same request."""
    request = validate("phota-image-enhance", {**GOOD["phota-image-enhance"], "creativity": number})
    assert request.body()["creativity"] == 0.3


@pytest.mark.parametrize(
    "number", [2, 2.0, np.int64(2), np.float64(2.0), np.uint8(2), np.array(2.0), decimal.Decimal("2.0")]
)
def test_whole_numbers(number: Any) -> None:
    """A whole number is one whatever its type."""
    body = validate("phota-image", {"prompt": "a", "num_outputs": number}).body()
    assert body["num_outputs"] == 2
    assert type(body["num_outputs"]) is int


def test_empty_lists_are_left_out() -> None:
    """No profiles and no pictures are nothing, never null and never an empty list."""
    body = validate("grok-imagine-image", {"prompt": "a", "image_urls": [], "aspect_ratio": "2:1"}).body()
    assert "image_urls" not in body


@pytest.mark.parametrize(
    ("model", "values", "usd"),
    [
        ("phota-image", {}, 0.09),
        ("phota-image", {"num_outputs": 3, "resolution": "4K"}, 0.54),
        ("phota-image-edit", {"resolution": "4K"}, 0.18),
        ("phota-image-enhance", {"resolution": "4K"}, 0.13),
        ("phota-create-profile", {}, 2.90),
        ("grok-imagine-image", {"num_outputs": 4}, 0.08),
    ],
)
def test_estimates(model: str, values: dict[str, Any], usd: float) -> None:
    """Each picture is billed on its own, and 4K twice where the pages say so."""
    assert validate(model, {**GOOD[model], **values}).usd_at() == pytest.approx(usd)


def _bad_values() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Requests with one parameter that no page allows."""
    junk = st.one_of(
        st.booleans(),
        st.lists(st.integers(), min_size=1),
        st.dictionaries(st.text(), st.text()),
        st.binary(max_size=20),
    )

    def bad(parameter: Any) -> st.SearchStrategy[Any]:
        if parameter.options:
            return st.one_of(st.text().filter(lambda text: text not in parameter.options), st.integers(), junk)
        if parameter.type is int:
            outside = st.one_of(st.integers(max_value=0), st.integers(min_value=int(parameter.maximum) + 1))
            return st.one_of(outside, st.floats(0.01, 0.99), st.text(), junk)
        if parameter.type is float:
            outside = st.one_of(st.floats(max_value=-0.001), st.floats(min_value=1.001), st.just(float("nan")))
            return st.one_of(outside, st.text(), junk)
        if parameter.hint.kind in {"picture", "archive"}:
            return st.one_of(
                st.sampled_from(
                    ["", "nowhere.png", "ftp://a/b", "javascript:alert(1)", "data:image/png;base64,AAAA", "//a"]
                ),
                st.integers(),
                st.booleans(),
                st.dictionaries(st.text(), st.text()),
            )
        if parameter.many:
            return st.one_of(st.just([""]), st.integers(), st.booleans(), st.lists(st.integers(), min_size=1))
        return st.one_of(st.just("  "), st.integers(), junk)

    def one(model: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
        wrong = st.one_of([st.tuples(st.just(p.name), bad(p)) for p in parameters(MODELS[model])])
        known = {parameter.name for parameter in parameters(MODELS[model])}
        foreign = st.tuples(st.text(min_size=1).filter(lambda name: name not in known), st.text())
        return st.one_of(wrong, foreign).map(lambda pair: (model, {**GOOD[model], pair[0]: pair[1]}))

    return st.sampled_from(list(MODELS)).flatmap(one)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(request=_bad_values())
def test_two_hundred_bad_requests(request: tuple[str, dict[str, Any]], fox_on_a_witness: tuple[Fox, Any]) -> None:
    """Two hundred bad requests are all refused by Fox before anything is sent or journalled."""
    fox, sandbox = fox_on_a_witness
    model, values = request
    with pytest.raises(InvalidRequest):
        fox.submit({"model": model, **values})
    assert sandbox.creations == []
    assert len(fox.tasks()) == 0


@pytest.fixture(scope="module")
def fox_on_a_witness(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A Fox on a sandbox that tells what it received."""
    from fox_nb.sandbox import Sandbox

    with Sandbox() as running, Fox(running.key, running.base_url, tmp_path_factory.mktemp("store") / "fox_runs") as fox:
        yield fox, running
