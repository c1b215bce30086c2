"""Which control a parameter gets: a class with parameters of every shape, and with shapes that there is no control for."""

from collections.abc import Iterator
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest

from fox_nb import Fox, InvalidRequest, models
from fox_nb.magics import parse
from fox_nb.models import Level, Request, Text, mentioned, validate
from fox_nb.parameters import Bounds, Hint, parameters

Steps = Annotated[int, Bounds(ge=10, le=5000)]


@dataclass(frozen=True, kw_only=True)
class Shapes(Request):
    """A parameter of every shape."""

    model: ClassVar[str] = "shapes"
    method: ClassVar[str] = "shapes"
    title: ClassVar[str] = "Shapes"
    about: ClassVar[str] = "Every shape."
    press: ClassVar[str] = "Go"
    page: ClassVar[str] = "None"
    usd: ClassVar[float] = 0.01

    prompt: Annotated[Text, Hint(kind="prompt")]
    word: Text
    fits: Literal["tight", "wide"]
    seed: Steps
    avoid: Annotated[Text | None, Hint(profile_tokens=True)] = None
    style: Text = "oil"
    raw: bool = False
    steps: Steps | None = None
    width: Steps = 1024
    strength: Level = 0.5
    warmth: Level | None = None
    shape: Literal["1:1", "3:4"] = "1:1"
    kind: Literal["jpg", "png"] | None = None


DEFAULTS = {"style": "oil", "raw": False, "width": 1024, "strength": 0.5, "shape": "1:1"}
SET = {
    "prompt": "a fox", "word": "sea", "fits": "wide", "seed": 10, "avoid": "fog", "style": "ink", "raw": True,
    "steps": 40, "width": 2000, "strength": 0.25, "warmth": 0.75, "shape": "3:4", "kind": "png",
}  # fmt: skip


@pytest.fixture
def fox(sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fox]:
    monkeypatch.setattr(models, "MODELS", {**models.MODELS, "shapes": Shapes})
    with Fox(api_key=sandbox.key, base_url=sandbox.base_url, store=tmp_path / "fox_runs") as fox:
        yield fox


def test_every_shape_has_a_control_of_its_own(fox: Fox) -> None:
    """Text is typed, a bool ticked, what may be unset has a place for it, and what has a default a plain number."""
    controls = fox.panel("shapes").controls
    wanted = {
        "Textarea": ["prompt", "word", "avoid", "style"],
        "ToggleButtons": ["fits", "shape"],
        "Level": ["seed", "steps", "warmth"],
        "Checkbox": ["raw"],
        "BoundedIntText": ["width"],
        "BoundedFloatText": ["strength"],
        "Dropdown": ["kind"],
    }
    assert {name: type(control).__name__ for name, control in controls.items()} == {
        name: kind for kind, names in wanted.items() for name in names
    }


def test_what_nobody_touched_is_the_default(fox: Fox) -> None:
    """It stands in the trait, in the control and in what is sent; what has none is not sent, and missed where it must be."""
    panel = fox.panel("shapes")
    assert panel.values == DEFAULTS
    assert {name: panel.controls[name].value for name in DEFAULTS} == DEFAULTS
    with pytest.raises(InvalidRequest, match="Prompt is empty"):
        panel.submit()
    for name in ("word", "fits", "seed"):
        panel.fill({key: SET[key] for key in ("prompt", "word", "fits", "seed") if key != name})
        with pytest.raises(InvalidRequest, match=f"{name.capitalize()} is empty"):
            panel.submit()


def test_what_is_set_is_sent_as_its_type(fox: Fox) -> None:
    """From code and from a browser, whose levels are all floats; None is the default again."""
    panel = fox.panel("shapes", **SET)
    assert panel.values == {name: getattr(panel, name) for name in SET} == SET
    seen = {name: control.value for name, control in panel.controls.items()} | {"fits": 1, "shape": 1, "kind": 2}
    body = validate("shapes", panel._whole(seen)).body()
    assert body == {"model": "shapes", **SET}
    assert type(body["steps"]) is int
    for name in SET:
        setattr(panel, name, None)
    assert panel.values == DEFAULTS


@pytest.mark.usefixtures("fox")
def test_a_text_that_may_name_profiles_may_be_empty() -> None:
    """Nobody is looked for in it then; else whoever it names is pointed out as in every prompt."""
    least = {name: SET[name] for name in ("prompt", "word", "fits", "seed")}
    assert mentioned(validate("shapes", least)) == []
    assert mentioned(validate("shapes", {**least, "avoid": "[[p_1]] in fog"})) == ["p_1"]


def test_a_number_may_not_leave_its_bounds(fox: Fox) -> None:
    """What is allowed is said, as of every other parameter."""
    panel = fox.panel("shapes")
    for name, value, words in [
        ("steps", 9, "a whole number from 10 to 5000, or None"),
        ("width", 9, "a whole number from 10 to 5000"),
        ("strength", 2, "a number from 0 to 1"),
        ("raw", "yes", "True or False"),
    ]:
        with pytest.raises(InvalidRequest, match=words):
            setattr(panel, name, value)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("False", False), ("maybe", "maybe")])
def test_a_bool_can_be_written_in_a_magic(text: str, value: object) -> None:
    """What is neither stays a text, for the request class to refuse."""
    assert parse(Shapes, ["--raw", text], "") == {"raw": value}


@pytest.mark.parametrize(
    ("kind", "default", "words"),
    [
        (Literal[1, 2], 1, "none of str, bool, int, float and a Literal of texts"),
        (dict[str, str], None, "none of str, bool"),
        (int | str, 1, "none of str, bool"),
        (list[Text], None, "no Hint says of which kind"),
        (int, 1, "both of its Bounds"),
        (Annotated[float, Bounds(le=1)] | None, None, "both of its Bounds"),
        (Steps | None, 20, "None as its default"),
        (bool | None, None, "a bool needs a default"),
    ],
)
def test_a_shape_without_a_control_is_refused_when_the_class_is_read(kind: Any, default: Any, words: str) -> None:
    """In words that name the parameter, before any panel is shown and anything is sent."""
    odd = make_dataclass("Odd", [("steps", kind, default)], bases=(Request,), frozen=True, kw_only=True)
    with pytest.raises(TypeError, match=f"steps: .*{words}"):
        parameters(odd)
