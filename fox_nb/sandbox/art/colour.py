"""Colours: mixing them the way an eye would, and the named ones that a prompt may ask for."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Colour = tuple[int, int, int]
Array = npt.NDArray[np.float32]

_TO_LMS = ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
           (0.0883024619, 0.2817188376, 0.6299787005))  # fmt: skip
_TO_LAB = ((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
           (0.0259040371, 0.7827717662, -0.8086757660))  # fmt: skip
_FROM_LAB = ((1.0, 0.3963377774, 0.2158037573), (1.0, -0.1055613458, -0.0638541728),
             (1.0, -0.0894841775, -1.2914855480))  # fmt: skip
_FROM_LMS = ((4.0767416621, -3.3077115913, 0.2309699292), (-1.2684380046, 2.6097574011, -0.3413193965),
             (-0.0041960863, -0.7034186147, 1.7076147010))  # fmt: skip


def rgb(code: str) -> Colour:
    """Return the colour that a code such as ``"#d9722e"`` names."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def palette(codes: str) -> tuple[Colour, ...]:
    """Return the colours of several codes, with blanks between them."""
    return tuple(rgb(code) for code in codes.split())


def _rows(matrix: Sequence[Sequence[float]], v: Sequence[float]) -> tuple[float, float, float]:
    a, b, c = (row[0] * v[0] + row[1] * v[1] + row[2] * v[2] for row in matrix)
    return a, b, c


def to_lab(colour: Colour) -> tuple[float, float, float]:
    """Return a colour's OKLab lightness (0..1) and its two opponent hues."""
    linear = [(c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return _rows(_TO_LAB, [math.copysign(abs(v) ** (1 / 3), v) for v in _rows(_TO_LMS, linear)])


def from_lab(lab: Sequence[float]) -> Colour:
    """Return the displayable colour nearest to an OKLab triple."""
    linear = _rows(_FROM_LMS, [v**3 for v in _rows(_FROM_LAB, lab)])
    r, g, b = (
        round(255 * min(1.0, max(0.0, 12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055)))
        for v in (max(v, 0.0) for v in linear)
    )
    return r, g, b


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Return the colour ``share`` (0..1) of the way from `a` to `b`, as the eye sees it."""
    share = min(1.0, max(0.0, share))
    return from_lab([x + (y - x) * share for x, y in zip(to_lab(a), to_lab(b), strict=True)])


def lighter(colour: Colour, amount: float) -> Colour:
    """Return the colour lighter by `amount` of OKLab lightness; a negative amount darkens."""
    lightness, a, b = to_lab(colour)
    return from_lab((min(1.0, max(0.0, lightness + amount)), a, b))


def saturated(colour: Colour, factor: float) -> Colour:
    """Return the colour with its chroma multiplied by `factor`."""
    lightness, a, b = to_lab(colour)
    return from_lab((lightness, a * factor, b * factor))


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


def lightness(colour: Colour) -> float:
    """Return a colour's OKLab lightness, 0..1."""
    return to_lab(colour)[0]


def ramp(stops: Sequence[tuple[float, Colour]], length: int) -> Array:
    """Return `length` colours (rows of red, green, blue) along stops of (place 0..1, colour)."""
    fine: list[tuple[float, Colour]] = []
    for (p, a), (q, b) in pairwise(stops):
        fine += [(p + (q - p) * k / 8, mix(a, b, k / 8)) for k in range(8)]
    fine.append(stops[-1])
    places = np.linspace(0, 1, max(length, 1))
    at = [p for p, _ in fine]
    channels = [np.interp(places, at, [c[k] for _, c in fine]) for k in range(3)]
    return np.stack(channels, axis=1).astype(np.float32)


_NAMES = """
red #c8372d  crimson #a3162e  scarlet #d4301f  orange #e8802a  amber #f0a62e  yellow #f2cb3d
gold #d9a53a  green #3f8f56  emerald #1f9468  olive #7d7f3a  mint #9fdcc0  teal #1f8a8a
turquoise #35b8b4  cyan #38c3dc  blue #2f6fc4  navy #1d2f63  indigo #43389e  purple #7a46a8
violet #8a5bd0  lavender #b6a3e0  magenta #c8349b  pink #ea8fb0  coral #ef7b63  brown #805636
beige #dcc7a3  cream #f3e6c8  white #f4f1ea  silver #b9bfc6  grey #8b8f94  black #1b1b20
"""
NAMED: dict[str, Colour] = {name: rgb(code) for name, code in re.findall(r"(\w+) (#\w+)", _NAMES)}
