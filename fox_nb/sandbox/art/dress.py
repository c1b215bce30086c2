"""Neck, shoulders and what is worn on them."""

# ruff: noqa: RUF005
# (a pair that is added to points moves them)

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art.chance import stream
from fox_nb.sandbox.art.colour import lighter, mix
from fox_nb.sandbox.art.curves import Points, ellipse, points, smooth

if TYPE_CHECKING:
    from fox_nb.sandbox.art.sitter import Sitter


def _neck(s: Sitter) -> float:
    """Return half the neck's width."""
    return 0.33 + 0.08 * (1 - s.figure.soft) - 0.05 * s.young


def _reach(s: Sitter) -> float:
    """Return half the shoulders' width."""
    f = s.figure
    return (1.5 + 0.3 * (1 - f.soft) + 0.1 * (f.beard != "")) * (0.78 if s.young else 1)


def throat(s: Sitter) -> Points:
    """Return the neck's outline on the canvas."""
    n = _neck(s)
    right = points((n, 0.5), (n * 0.96, 1.1), (n * 1.25, 1.45))
    return s.upright(smooth(np.concatenate([right * (-1, 1), [(0, 1.75)], right[::-1]])))


def trunk(s: Sitter) -> Points:
    """Return the outline of shoulders and chest on the canvas, down to below the picture."""
    n, reach, drop = _neck(s), _reach(s), 1.62 - 0.12 * s.young
    right = points((n * 1.15, 1.32), (0.75, 1.5), (reach * 0.86, drop + 0.08), (reach, drop + 0.6), (reach * 1.06, 3.2),
                   (reach * 1.04, 6.5))  # fmt: skip
    return s.upright(smooth(np.concatenate([right * (-1, 1), right[::-1], [(0, 1.6)]])))


def body(s: Sitter) -> None:
    """Draw neck, shoulders and garment."""
    f, chest, neck, reach = s.figure, trunk(s), throat(s), _reach(s)
    s.fill(chest, s.lit_fade(s.light.lit(f.clothes), 0.09))
    _folds(s, chest, reach)
    s.fill(neck, s.lit_fade(s.skin, 0.07))
    under = s.upright(ellipse(-0.06 * s.pose.side, 1.08, 0.55, 0.24))
    s.fill(under, s.shadow, alpha=0.6, blur=0.07, inside=neck)
    _GARMENTS[f.garment](s, _neck(s))
    edge = [(s.pose.side * reach * k, y) for k, y in ((0.8, 1.62), (0.96, 2.02), (1.02, 2.82))]
    s.stroke(s.upright(smooth(edge, closed=False)), 0.035, s.light.sun, alpha=0.3, blur=0.02, inside=chest)


def _folds(s: Sitter, chest: Points, reach: float) -> None:
    rng = stream("folds", s.figure.id)
    cloth = s.light.lit(s.figure.clothes)
    for k in (-1, 1):
        crease = smooth([(k * 0.62, 2.0), (k * 0.8, 2.5), (k * 0.74, 3.4)], closed=False)
        s.stroke(s.upright(crease), 0.05, lighter(cloth, -0.11), alpha=0.5, blur=0.03)
    lines = []
    for _ in range(5):
        x, y = rng.uniform(-reach * 0.7, reach * 0.7), rng.uniform(2.1, 3.0)
        lines.append(s.upright(smooth([(x, y), (x * 0.92, y + 0.3), (x * 0.95, y + 0.7)], closed=False)))
    s.stroke(lines, 0.03, lighter(cloth, -0.08), alpha=0.45, blur=0.02)
    away = -s.pose.side
    dim = [(away * 0.7, 1.4), (away * 0.55, 3.0), (away * 0.6, 6.0), (away * 2.4, 6.0), (away * 2.4, 1.4)]
    s.fill(s.upright(smooth(dim)), mix(lighter(cloth, -0.15), s.light.shade, 0.3), alpha=0.4, blur=0.15, inside=chest)


def _tee(s: Sitter, neck: float) -> None:
    cloth = s.light.lit(s.figure.clothes)
    band = smooth(
        [(-neck * 1.3, 1.38), (-neck * 0.8, 1.66), (0, 1.78), (neck * 0.8, 1.66), (neck * 1.3, 1.38)], closed=False
    )
    s.stroke(s.upright(band + (0, 0.05)), 0.03, lighter(cloth, -0.16), alpha=0.5, blur=0.02)
    s.stroke(s.upright(band), 0.075, lighter(cloth, 0.05))


def _shirt(s: Sitter, neck: float) -> None:
    cloth = s.light.lit(s.figure.clothes)
    second = lighter(cloth, 0.07)
    s.stroke(s.upright(points((0, 1.9), (0.02, 4.2))), 0.03, lighter(cloth, -0.13), alpha=0.7)
    s.fill([s.upright(ellipse(0.07, y, 0.032)) for y in (2.25, 2.75, 3.25)], lighter(cloth, 0.2))
    for k in (-1, 1):
        flap = points((k * neck * 1.12, 1.22), (k * neck * 1.5, 1.36), (k * 0.62, 1.78), (k * 0.3, 2.02), (0, 1.76))
        s.fill(s.upright(flap + (0.01, 0.05)), lighter(cloth, -0.18), alpha=0.45, blur=0.03)
        s.fill(s.upright(flap), second)


def _roll(s: Sitter, neck: float) -> None:
    cloth = s.light.lit(s.figure.clothes)
    wide = neck * 1.2
    tube = smooth([(-wide, 1.02), (-wide * 1.05, 1.3), (-wide * 1.15, 1.6), (0, 1.78), (wide * 1.15, 1.6),
                   (wide * 1.05, 1.3), (wide, 1.02), (0, 1.16)])  # fmt: skip
    s.fill(s.upright(tube), s.lit_fade(lighter(cloth, 0.03), 0.1))
    ribs = [s.upright(points((x * wide, 1.14 + 0.05 * (1 - x * x)), (x * wide * 1.1, 1.6 + 0.1 * (1 - x * x))))
            for x in (-0.7, -0.45, -0.2, 0.05, 0.3, 0.55, 0.78)]  # fmt: skip
    s.stroke(ribs, 0.018, lighter(cloth, -0.1), alpha=0.6)
    s.stroke(s.upright(smooth([(-wide, 1.05), (0, 1.19), (wide, 1.05)], closed=False)), 0.03, lighter(cloth, 0.1))


def _coat(s: Sitter, neck: float) -> None:
    cloth, second = s.light.lit(s.figure.clothes), s.light.lit(s.figure.second)
    inner = points(
        (-neck * 1.25, 1.36), (0, 1.72), (neck * 1.25, 1.36), (0.34, 2.4), (0.05, 3.4), (-0.05, 3.4), (-0.34, 2.4)
    )
    s.fill(s.upright(inner), second)
    s.stroke(
        s.upright(smooth([(-neck * 1.2, 1.42), (0, 1.76), (neck * 1.2, 1.42)], closed=False)),
        0.05,
        lighter(second, 0.08),
    )
    for k in (-1, 1):
        lapel = points(
            (k * neck * 1.2, 1.28),
            (k * 0.72, 1.46),
            (k * 0.9, 1.95),
            (k * 0.66, 2.0),
            (k * 0.72, 2.2),
            (k * 0.02, 3.5),
            (k * 0.34, 2.2),
        )
        s.fill(s.upright(lapel + (0.02 * k, 0.04)), lighter(cloth, -0.18), alpha=0.5, blur=0.03)
        s.fill(s.upright(lapel), lighter(cloth, 0.06))


def _scarf(s: Sitter, neck: float) -> None:
    second = s.light.lit(s.figure.second)
    wrap = smooth([(-neck * 1.5, 1.1), (-neck * 2.0, 1.45), (-neck * 1.3, 1.78), (0, 1.92), (neck * 1.3, 1.78),
                   (neck * 2.0, 1.45), (neck * 1.5, 1.1), (0, 1.26)])  # fmt: skip
    end = smooth([(0.1, 1.7), (0.5, 1.72), (0.66, 2.9), (0.22, 3.0)], steps=6)
    s.fill(s.upright(end), s.lit_fade(lighter(second, -0.05), 0.08))
    s.fill(s.upright(wrap), s.lit_fade(second, 0.1))
    folds = [
        s.upright(smooth([(-neck * 1.7, 1.3 + d), (0, 1.5 + d), (neck * 1.7, 1.26 + d)], closed=False))
        for d in (0, 0.12, 0.24)
    ]
    s.stroke(folds, 0.025, lighter(second, -0.13), alpha=0.6, blur=0.01)
    fringe = [s.upright(points((0.24 + 0.07 * k, 2.95), (0.23 + 0.075 * k, 3.12))) for k in range(6)]
    s.stroke(fringe, 0.03, second)


_GARMENTS = {"tee": _tee, "shirt": _shirt, "roll": _roll, "coat": _coat, "scarf": _scarf}
