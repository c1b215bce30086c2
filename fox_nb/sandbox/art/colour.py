"""Colours: mixing them the way an eye would, and the named ones that a prompt may ask for."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Colour = tuple[int, int, int]
Array = npt.NDArray[np.float32]

TABLES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("palettes.toml").read_text("utf-8"))

_TO_LMS = np.array(((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
                    (0.0883024619, 0.2817188376, 0.6299787005)))  # fmt: skip
_TO_LAB = np.array(((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
                    (0.0259040371, 0.7827717662, -0.8086757660)))  # fmt: skip
_FROM_LAB, _FROM_LMS = np.linalg.inv(_TO_LAB), np.linalg.inv(_TO_LMS)


def rgb(code: str) -> Colour:
    """Return the colour that a code such as ``"#d9722e"`` names."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def palette(codes: str) -> tuple[Colour, ...]:
    """Return the colours of several codes, with blanks between them."""
    return tuple(rgb(code) for code in codes.split())


def to_lab(colour: Colour) -> tuple[float, float, float]:
    """Return a colour's OKLab lightness (0..1) and its two opponent hues."""
    share = np.array(colour) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    lightness, a, b = (_TO_LAB @ np.cbrt(_TO_LMS @ linear)).tolist()
    return lightness, a, b


def from_lab(lab: Sequence[float]) -> Colour:
    """Return the displayable colour nearest to an OKLab triple."""
    r, g, b = np.rint(_displayed(np.array(lab))).astype(int).tolist()
    return r, g, b


def _displayed(lab: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the red, green and blue, 0..255, of OKLab triples along the last axis."""
    linear = np.clip((lab @ _FROM_LAB.T) ** 3 @ _FROM_LMS.T, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Return the colour ``share`` (0..1) of the way from `a` to `b`, as the eye sees it."""
    share = min(1.0, max(0.0, share))
    return from_lab([x + (y - x) * share for x, y in zip(to_lab(a), to_lab(b), strict=True)])


def lighter(colour: Colour, amount: float) -> Colour:
    """Return the colour lighter by `amount` of OKLab lightness; a negative amount darkens."""
    lightness, a, b = to_lab(colour)
    return from_lab((min(1.0, max(0.0, lightness + amount)), a, b))


def hued(colour: Colour, towards: Colour, share: float) -> Colour:
    """Return the colour with its hue moved towards another's, its lightness nearly kept."""
    l1, a1, b1 = to_lab(colour)
    l2, a2, b2 = to_lab(towards)
    keep = 1 - share
    return from_lab((l1 + (l2 - l1) * share * 0.25, a1 * keep + a2 * share, b1 * keep + b2 * share))


def times(colour: Colour, light: Sequence[float]) -> Colour:
    """Return the colour as it looks under a coloured light (factors of red, green and blue)."""
    r, g, b = (round(min(255.0, c * f)) for c, f in zip(colour, light, strict=True))
    return r, g, b


def ramp(stops: Sequence[tuple[float, Colour]], length: int) -> Array:
    """Return `length` colours (rows of red, green, blue) along stops of (place 0..1, colour)."""
    at, labs = [place for place, _ in stops], np.array([to_lab(colour) for _, colour in stops])
    places = np.linspace(0, 1, length)
    return _displayed(np.stack([np.interp(places, at, labs[:, k]) for k in range(3)], axis=1)).astype(np.float32)


NAMED: dict[str, Colour] = {name: rgb(code) for name, code in TABLES["named"].items()}
