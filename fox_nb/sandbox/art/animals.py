"""Animals that sit and look at you: fox, cat, dog, wolf, bear and rabbit, from one build."""

# ruff: noqa: PLR2004, RUF005
# (a drawing is made of numbers, and a pair that is added to points moves them)

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art.colour import Colour, lighter, mix, rgb
from fox_nb.sandbox.art.curves import Points, ellipse, points, ribbon, smooth
from fox_nb.sandbox.art.things import Kit

if TYPE_CHECKING:
    from fox_nb.sandbox.art.canvas import Canvas
    from fox_nb.sandbox.art.light import Light
    from fox_nb.sandbox.art.spot import Ask, Spot

_MIRROR = np.array((-1.0, 1.0))


@dataclass(frozen=True)
class Beast:
    """What tells one sitting animal from another; places as in `Kit`, right half only."""

    furs: tuple[str, ...]
    pale: str
    dark: str
    head: tuple[tuple[float, float], ...]
    ear: tuple[tuple[float, float], ...]
    tail: str
    eyes: str
    mask: bool = False
    socks: bool = False
    stripes: bool = False
    whiskers: bool = False
    collar: bool = False
    muzzle: float = 0.0
    wide: float = 1.0
    dark_tips: bool = False


_POINTED = ((0.0, -0.9), (0.13, -0.88), (0.2, -0.76), (0.29, -0.63), (0.14, -0.54), (0.0, -0.46))
_ROUND = ((0.0, -0.93), (0.15, -0.9), (0.24, -0.76), (0.22, -0.6), (0.12, -0.51), (0.0, -0.49))
BEASTS = {
    "fox": Beast(("#d9672b", "#e0782f", "#c9562a"), "#fbf1e2", "#3a2622", _POINTED,
                 ((0.05, -0.86), (0.13, -1.02), (0.22, -1.12), (0.245, -0.95), (0.21, -0.76)), "bushy", "#e0a030",
                 mask=True, socks=True, dark_tips=True),
    "wolf": Beast(("#7d8691", "#9a9fa6", "#5f6670"), "#eef0ee", "#3c4148", _POINTED,
                  ((0.05, -0.86), (0.11, -1.0), (0.18, -1.07), (0.215, -0.93), (0.2, -0.76)), "bushy", "#d9c04a",
                  mask=True),
    "cat": Beast(("#e0a050", "#8d8a86", "#3a3538", "#c98a5a", "#d8d2c8"), "#fbf4ea", "#4a3a34", _ROUND,
                 ((0.06, -0.88), (0.14, -1.0), (0.21, -1.06), (0.235, -0.93), (0.225, -0.77)), "thin", "#8fbf4a",
                 stripes=True, whiskers=True),
    "dog": Beast(("#c68a4e", "#8a5a38", "#e6cfa4", "#5a4236"), "#fbf1e0", "#5c3c28", _ROUND,
                 ((0.1, -0.9), (0.22, -0.92), (0.34, -0.74), (0.32, -0.52), (0.23, -0.54), (0.19, -0.74)), "short",
                 "#5a3820", collar=True, muzzle=1.0),
    "bear": Beast(("#6e4a30", "#8a5f3c", "#4a3428"), "#d9b78a", "#2e201a", _ROUND,
                  ((0.1, -0.9), (0.12, -0.99), (0.2, -1.01), (0.25, -0.93), (0.22, -0.83)), "none", "#2a1a12",
                  muzzle=0.9, wide=1.3),
    "rabbit": Beast(("#cdb79c", "#f0eae0", "#9a8a7c", "#b08a66"), "#fffaf2", "#7c6650", _ROUND,
                    ((0.03, -0.88), (0.05, -1.15), (0.12, -1.36), (0.19, -1.3), (0.18, -1.05), (0.14, -0.86)), "ball",
                    "#3a2620", whiskers=True, muzzle=0.5, wide=0.9),
}  # fmt: skip


def beast(name: str, c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw one of the sitting animals."""
    kind, rng = BEASTS[name], ask.rng(name)
    fur = rgb(kind.furs[0 if ask.seed % 3 == 0 else int(rng.integers(len(kind.furs)))])
    for colour, tone in (
        ("black", "#2a272b"),
        ("white", "#f1ede4"),
        ("grey", "#8f9196"),
        ("brown", "#7a5236"),
        ("orange", "#e08a34"),
    ):
        if colour in ask.brief.colours:
            fur = rgb(tone)
    k = Kit(c, light, spot, flip=bool(rng.random() < 0.5))
    k.shadow(0.5 * kind.wide, 0.05)
    _tail(k, kind, fur)
    _body(k, kind, fur, rng)
    _head(k, kind, fur, rng)


def _both(shape: Points) -> list[Points]:
    return [shape, shape * _MIRROR]


def _symmetric(half: tuple[tuple[float, float], ...]) -> Points:
    right = np.array(half)
    return smooth(np.concatenate([right, (right * _MIRROR)[-2:0:-1]]))


def _tail(k: Kit, kind: Beast, fur: Colour) -> None:
    if kind.tail == "bushy":
        tail = smooth(
            points(
                (0.1, -0.08),
                (0.32, 0.0),
                (0.56, -0.06),
                (0.68, -0.3),
                (0.6, -0.6),
                (0.5, -0.44),
                (0.42, -0.24),
                (0.28, -0.17),
            )
        )
        tip = smooth(
            points((0.7, -0.32), (0.62, -0.64), (0.48, -0.42), (0.56, -0.4), (0.58, -0.33), (0.62, -0.37), (0.66, -0.3))
        )
        k.part(tail, lighter(fur, -0.01), to=lighter(fur, -0.1))
        k.part(tip, rgb(kind.pale), inside=tail)
        strands = [
            smooth([(0.2 + d, -0.08 - d * 0.1), (0.48 + d * 0.5, -0.12 - d), (0.6, -0.5)], closed=False)
            for d in (0, 0.04, 0.08)
        ]
        k.line(strands, 0.01, lighter(fur, -0.14), alpha=0.4)
    elif kind.tail == "thin":
        spine = smooth(points((0.15, -0.04), (0.4, 0.0), (0.55, -0.14), (0.5, -0.36), (0.58, -0.5)), closed=False)
        k.part(ribbon(spine, (0.1, 0.085, 0.07)), lighter(fur, -0.06))
        k.part(ellipse(0.58, -0.5, 0.036), lighter(fur, -0.06))
    elif kind.tail == "short":
        spine = smooth(points((0.18, -0.1), (0.36, -0.18), (0.46, -0.36)), closed=False)
        k.part(ribbon(spine, (0.12, 0.08, 0.02)), lighter(fur, -0.07))
    elif kind.tail == "ball":
        k.part(ellipse(0.28, -0.1, 0.085), rgb(kind.pale))


def _body(k: Kit, kind: Beast, fur: Colour, rng: np.random.Generator) -> None:
    s = np.array((kind.wide, 1.0))
    trunk = _symmetric(((0.0, -0.58), (0.13, -0.52), (0.19, -0.36), (0.265, -0.16), (0.25, 0.0), (0.0, 0.015))) * s
    k.part(trunk, lighter(fur, 0.01), to=lighter(fur, -0.1))
    k.part(
        smooth(points((-0.05, -0.6), (-0.4, -0.5), (-0.4, 0.1), (-0.08, 0.05), (-0.16, -0.3))) * s,
        lighter(fur, -0.2),
        alpha=0.4,
        blur=0.06,
        inside=trunk,
    )
    k.part(_both(ellipse(0.2, -0.11, 0.115, 0.125) * s), lighter(fur, -0.035), to=lighter(fur, -0.12))
    chest = np.array(
        [
            (0.0, -0.56),
            (0.12, -0.5),
            (0.13, -0.4),
            (0.095, -0.36),
            (0.1, -0.28),
            (0.06, -0.25),
            (0.045, -0.15),
            (0.0, -0.1),
        ]
    )
    k.part(np.concatenate([chest, (chest * _MIRROR)[::-1]]) * s, rgb(kind.pale), to=lighter(rgb(kind.pale), -0.06))
    for side in (-1, 1):
        leg = smooth(points((side * 0.09, -0.32), (side * 0.085, -0.15), (side * 0.088, -0.01)), closed=False)
        k.part(
            ribbon(leg * s, (0.005, 0.08, 0.082, 0.074, 0.07)),
            fur,
            to=rgb(kind.dark) if kind.socks else lighter(fur, -0.06),
        )
        k.part(
            ellipse(side * 0.09 * kind.wide, -0.005, 0.06, 0.036), rgb(kind.dark) if kind.socks else lighter(fur, 0.03)
        )
        k.line(
            [
                points((side * 0.09 * kind.wide + d, -0.012), (side * 0.09 * kind.wide + d, 0.018))
                for d in (-0.018, 0.018)
            ],
            0.006,
            lighter(rgb(kind.dark), -0.06),
            alpha=0.6,
        )
    _fur(k, trunk, fur, rng)
    if kind.stripes:
        bars = [
            ribbon(
                smooth(points((side * 0.27, y), (side * 0.2, y + 0.015), (side * 0.14, y)), closed=False),
                (0.034, 0.026, 0.004),
            )
            * s
            for side in (-1, 1)
            for y in (-0.4, -0.31, -0.22, -0.13)
        ]
        k.part(bars, lighter(fur, -0.13), alpha=0.75, inside=trunk)


def _fur(k: Kit, shape: Points, fur: Colour, rng: np.random.Generator) -> None:
    """Draw short hairs over a shape."""
    low, high = shape.min(axis=0), shape.max(axis=0)
    hairs: list[list[Points]] = [[], []]
    for j in range(300):
        x, y = rng.uniform(low, high)
        lean = x * 0.18 + rng.normal(0, 0.015)
        hairs[j % 2].append(
            ribbon(points((x, y), (x + lean * 0.5, y + 0.03), (x + lean, y + 0.055)), (0.001, 0.0055, 0.0005))
        )
    k.part(hairs[0], lighter(fur, 0.08), alpha=0.45, inside=shape)
    k.part(hairs[1], lighter(fur, -0.1), alpha=0.4, inside=shape)


def _head(k: Kit, kind: Beast, fur: Colour, rng: np.random.Generator) -> None:
    dark, pale = rgb(kind.dark), rgb(kind.pale)
    head = _symmetric(kind.head)
    floppy = kind.collar
    ears = _both(smooth(np.array(kind.ear)))
    if not floppy:
        k.part(ears, lighter(fur, -0.04))
        inner = [(e - e.mean(axis=0)) * (0.6, 0.66) + e.mean(axis=0) + (0, 0.012) for e in ears]
        k.part(inner, dark if kind.mask else mix(rgb("#e8a9a0"), fur, 0.25))
        if kind.dark_tips:
            for ear in ears:
                k.part(
                    ellipse(float(ear[ear[:, 1].argmin(), 0]), float(ear[:, 1].min()), 0.09, 0.075), dark, inside=ear
                )
    k.part(ellipse(0, -0.49, 0.2, 0.06), rgb("#1c1418"), alpha=0.3, blur=0.03)
    if kind.collar:
        k.line(smooth(points((-0.15, -0.5), (0, -0.45), (0.15, -0.5)), closed=False), 0.05, k.light.accent[0])
        k.part(ellipse(0, -0.425, 0.03), rgb("#e8c15a"))
    k.part(head, lighter(fur, 0.04), to=lighter(fur, -0.03))
    k.part(
        smooth(points((-0.06, -0.95), (-0.35, -0.9), (-0.35, -0.4), (-0.12, -0.45), (-0.17, -0.7))),
        lighter(fur, -0.2),
        alpha=0.3,
        blur=0.05,
        inside=head,
    )
    _fur(k, head, fur, rng)
    if kind.mask:
        cheek = smooth(
            points((0.3, -0.63), (0.17, -0.66), (0.1, -0.63), (0.055, -0.68), (0.0, -0.6), (0.0, -0.44), (0.15, -0.53))
        )
        k.part(_both(cheek), pale, inside=head)
    if kind.muzzle:
        k.part(ellipse(0, -0.575, 0.105 * kind.muzzle + 0.02, 0.085), mix(pale, fur, 0.15))
        k.part(
            smooth(points((-0.03, -0.92), (0.03, -0.92), (0.045, -0.7), (-0.045, -0.7))),
            mix(pale, fur, 0.3),
            alpha=0.6 * kind.collar,
        )
    if kind.stripes:
        k.part(_both(ellipse(0.06, -0.565, 0.075, 0.06)), pale)
        bars = [ribbon(points((x, -0.93), (x * 0.7, -0.82)), (0.022, 0.004)) for x in (-0.07, 0, 0.07)]
        bars += [
            ribbon(points((side * 0.24, y), (side * 0.15, y + 0.01)), (0.022, 0.003))
            for side in (-1, 1)
            for y in (-0.7, -0.63)
        ]
        k.part(bars, lighter(fur, -0.15), alpha=0.8, inside=head)
    if floppy:
        k.part([e + (0.012, 0.02) for e in ears], rgb("#1c1418"), alpha=0.25, blur=0.02)
        k.part(ears, lighter(fur, -0.1), to=lighter(fur, -0.15))
    _face(k, kind, dark)


def _face(k: Kit, kind: Beast, dark: Colour) -> None:
    ink = rgb("#1a1214")
    eyes = _both(smooth(points((0.055, -0.69), (0.085, -0.735), (0.13, -0.725), (0.135, -0.69), (0.1, -0.665))))
    k.part([e * 1.0 for e in eyes], ink)
    k.part(_both(ellipse(0.097, -0.698, 0.03, 0.03)), rgb(kind.eyes))
    k.part(_both(ellipse(0.097, -0.698, 0.013 if kind.whiskers else 0.018, 0.026)), ink)
    k.c.fill([k.at(ellipse(x, -0.712, 0.0095)) for x in (0.108, -0.086)], (255, 255, 255))
    nose_y = -0.5 if kind.mask else -0.61 if kind.muzzle else -0.6
    nose = smooth(
        points(
            (-0.034, nose_y - 0.018),
            (0, nose_y - 0.026),
            (0.034, nose_y - 0.018),
            (0.012, nose_y + 0.018),
            (-0.012, nose_y + 0.018),
        )
    )
    k.part(nose, ink if not kind.whiskers else mix(rgb("#d98a86"), dark, 0.25))
    k.part(ellipse(0.008, nose_y - 0.012, 0.008, 0.005), rgb("#ffffff"), alpha=0.7)
    if not kind.mask:
        mouths = [
            smooth(
                points((0, nose_y + 0.015), (side * 0.012, nose_y + 0.05), (side * 0.055, nose_y + 0.045)), closed=False
            )
            for side in (-1, 1)
        ]
        k.line(mouths, 0.008, dark)
    if kind.whiskers:
        hairs = [
            smooth(
                points((side * 0.07, -0.57 + d), (side * 0.2, -0.59 + 2 * d), (side * 0.33, -0.57 + 3.4 * d)),
                closed=False,
            )
            for side in (-1, 1)
            for d in (-0.012, 0.004, 0.02)
        ]
        k.line(hairs, 0.004, rgb("#fffaf0"), alpha=0.85)
