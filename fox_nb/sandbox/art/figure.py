"""A figure: what makes a drawn person the same person in every picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from fox_nb.sandbox.art.chance import stream
from fox_nb.sandbox.art.colour import Colour, lighter, palette

SKINS = palette("#f6d8c2 #efc5a4 #e2ad84 #cf9468 #b0744b #8a5636 #6b412b")
HAIRS = palette("#211a1c #33241f #4d3223 #6e4427 #8f5a2c #b5522a #d39a4a #e3bf78 #8d8a88 #d9d5ce")
EYES = palette("#5b3a22 #3f2a1d #4f7f6a #4d79a8 #7a6a3f #6b7f8c")
CLOTHES = palette("#c8503a #d9983a #3f7f74 #2f5d8a #6a4c86 #b8496b #e8dcc4 #3a3f4c #7d8f55 #8a4b32")
LONG = ("long", "wavy", "curly", "bun", "bob", "ponytail")
SHORT = ("short", "side", "crop", "curls", "swept", "bald")


@dataclass(frozen=True)
class Figure:
    """One person, as the sandbox draws them.

    Attributes
    ----------
    id : str
        The profile's id.
    skin, hair, eyes, clothes, second : Colour
        Colours of skin, hair, irises, garment, and of what goes with it (collar, scarf).
    style : str
        Shape of the hair, one of `LONG` or `SHORT`.
    fringe : bool
        Whether the hair falls over the forehead.
    soft : float
        From an angular face with strong brows (0) to soft features with long lashes (1).
    length : float
        From a round face (0) to a long one (1).
    glasses : str
        ``""``, ``"round"`` or ``"square"``.
    beard : str
        ``""``, ``"moustache"``, ``"short"`` or ``"full"``.
    garment : str
        ``"tee"``, ``"shirt"``, ``"roll"``, ``"coat"`` or ``"scarf"``.
    age : float
        0 a child, 0.4 grown up, 1 old.
    freckles, earrings : bool
        Small marks that are remembered.
    """

    id: str
    skin: Colour
    hair: Colour
    eyes: Colour
    clothes: Colour
    second: Colour
    style: str
    fringe: bool
    soft: float
    length: float
    glasses: str
    beard: str
    garment: str
    age: float
    freckles: bool
    earrings: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Figure:
        """Return the figure that `to_dict` wrote down; unknown keys are left aside.

        Raises
        ------
        KeyError
            If a value is missing.
        """
        values: dict[str, Any] = {f.name: data[f.name] for f in fields(cls)}
        colours = {k: tuple(v) for k, v in values.items() if isinstance(v, list)}
        return cls(**(values | colours))


def invented(key: object, *, soft: float | None = None, age: float = 0.4, traits: tuple[str, ...] = ()) -> Figure:
    """Return a person made up from a key: always the same one from the same.

    Parameters
    ----------
    key : object
        The person's identity; its text is what counts.
    soft : float, optional
        See `Figure`; left to the key if None.
    age : float
        See `Figure`.
    traits : tuple of str
        Words of the prompt's vocabulary, such as ``"glasses"`` or ``"beard"``, that hold for this person.
    """
    rng = stream("figure", key)
    warm = float(rng.random()) if soft is None else soft
    gentle = warm > 0.5  # the middle of the range
    old = "old" in traits or age > 0.8
    skin = SKINS[int(rng.integers(len(SKINS)))]
    dark = SKINS.index(skin) > 3  # rarely goes with fair hair
    pool = (8, 9) if old else tuple(range(4 if dark else 8))
    hair = HAIRS[pool[int(rng.integers(len(pool)))]]
    for word, shade in (("blond", 7), ("redhead", 5), ("dark-haired", 1)):
        hair = HAIRS[shade] if word in traits else hair
    styles = LONG if gentle else SHORT[: 6 if age > 0.5 else 5]  # nobody young is bald
    style = styles[int(rng.integers(len(styles)))]
    named = {"curly": "curly" if gentle else "curls", "long-haired": "long", "short-haired": "crop"}
    style = next((shape for trait, shape in named.items() if trait in traits), style)
    beard = ("", "", "", "short", "full", "moustache")[int(rng.integers(6))]
    clothes = CLOTHES[int(rng.integers(len(CLOTHES)))]
    glasses = ("", "", "", "round", "square")[int(rng.integers(5))]
    second = CLOTHES[int(rng.integers(len(CLOTHES)))]
    grown = age > 0.3  # a child's face has neither beard nor strong features
    return Figure(
        id=str(key),
        skin=skin,
        hair=hair,
        eyes=EYES[int(rng.integers(2 if dark else len(EYES)))],
        clothes=clothes,
        second=second if second != clothes else lighter(clothes, 0.22),
        style=style,
        fringe=bool(rng.random() < 0.45),
        soft=warm if grown else max(warm, 0.6),
        length=float(rng.random()) if grown else 0.1,
        glasses=(glasses or "round") if "glasses" in traits else glasses,
        beard="" if gentle or not grown else (beard or "full") if "beard" in traits else beard,
        garment=("tee", "shirt", "roll", "coat", "scarf")[int(rng.integers(5))],
        age=1.0 if old else age,
        freckles=bool(rng.random() < 0.3),
        earrings=bool(gentle and rng.random() < 0.5),
    )
