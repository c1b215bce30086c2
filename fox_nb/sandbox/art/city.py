"""The city: towers behind towers with lit windows, and a river or a quay in front."""

from __future__ import annotations

import numpy as np

from fox_nb.sandbox.art.canvas import Canvas, Fade
from fox_nb.sandbox.art.colour import Colour, lighter, mix, rgb
from fox_nb.sandbox.art.curves import Points, box, ellipse, points
from fox_nb.sandbox.art.drawing import Spot, draw
from fox_nb.sandbox.art.light import Light
from fox_nb.sandbox.art.scene import Ask
from fox_nb.sandbox.art.sky import birds, paint_sky
from fox_nb.sandbox.art.water import mirror, ripples

_ROOFS = (
    points((0, 0), (1, 0), (1, -0.5)),
    points((0, 0), (1, 0), (0.5, -0.75)),
    points((0, 0), (0.48, -0.72), (0.48, -1.05), (0.52, -1.05), (0.52, -0.72), (1, 0)),
    points((0.2, 0), (0.2, -0.3), (0.35, -0.3), (0.35, -0.55), (0.65, -0.55), (0.65, -0.3), (0.8, -0.3), (0.8, 0)),
    points((0.42, 0), (0.42, -0.2), (0.48, -0.2), (0.48, -1.2), (0.52, -1.2), (0.52, -0.2), (0.58, -0.2), (0.58, 0)),
    box(0.15, -0.15, 0.35, 0),
    ellipse(0.5, 0, 0.4, 0.34),
)
"""What stands on the towers, each a unit wide with its upper left corner at the origin."""


def city(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw a skyline in haze, which a river mirrors; what shall stand in the city has a quay to stand on."""
    rng = ask.rng("city")
    foot = c.h * float(rng.uniform(0.66, 0.78))
    paint_sky(c, light, rng, foot - 0.02, weather=ask.brief.weather)
    tint = (rgb("#7f8fa6"), rgb("#8a7f8c"), rgb("#6f8a90"))[int(rng.integers(3))]
    for k in range(4):
        t = k / 3
        colour = light.lit(mix(lighter(tint, -0.14 * t), light.accent[k % 3], 0.1 + 0.12 * t), 0.72 * (1 - t) ** 0.8)
        _row(c, light, rng, foot, t, colour)
    deep = mix(mix(light.top, light.lit(rgb("#24506a")), 0.5), light.shade, 0.3)
    c.fill(box(0, foot - 0.012, c.w, foot + 0.002), mix(light.shade, light.low, 0.2))
    mirror(c, rng, foot, deep, 0.6)
    ripples(c, rng, foot + 0.006, c.h, mix(light.low, light.sun, 0.4), 170, alpha=0.3)
    if light.dark:
        ripples(c, rng, foot + 0.004, c.h, rgb("#ffcf87"), 130, alpha=0.4)
    if any(name != "boat" for name in ask.brief.subjects):
        draw(c, light, "quay", Spot(c.w / 2, c.h * 0.84, 1))  # wider than any picture
    birds(c, light, rng, c.w * 0.4, c.h * 0.2, 5)
    return Spot(c.w * 0.5, c.h * 0.94, 0.3)


def _row(c: Canvas, light: Light, rng: np.random.Generator, foot: float, t: float, colour: Colour) -> None:
    """Draw one row of buildings, `t` (0 far, 1 near)."""
    blocks: list[Points] = []
    sides: list[Points] = []
    lit: list[Points] = []
    dull: list[Points] = []
    roofs: list[Points] = []
    x = -0.04
    while x < c.w:
        wide = rng.uniform(0.045, 0.1) * (0.8 + 0.6 * t)
        centre = np.exp(-(((x / c.w - 0.5) / 0.33) ** 2))
        tall = (0.13 + 0.4 * centre * rng.random() ** 1.2 + 0.1 * rng.random()) * c.h * (1.08 - 0.46 * t)
        top = foot - tall
        blocks.append(box(x, top, x + wide, foot + 0.01))
        sides.append(box(x + wide * 0.66, top, x + wide, foot + 0.01))
        roofs.append(_ROOFS[int(rng.integers(len(_ROOFS)))] * wide + (x, top + 0.001))
        for window in _windows(x, top, wide, foot, t):
            chance = rng.random()
            if chance < (0.34 if light.dark else 0.08):
                lit.append(window)
            elif chance < 0.85:  # some windows can't be told from the wall
                dull.append(window)
        x += wide * rng.uniform(0.8, 1.25)
    haze = mix(colour, light.low, 0.55 * (1 - 0.5 * t))
    c.fill(blocks + roofs, Fade(colour, haze, foot - 0.5 * c.h, foot))
    c.fill(sides, lighter(colour, -0.06), alpha=0.5)
    c.fill(dull, lighter(colour, -0.09 if light.dark else 0.07), alpha=0.25 + 0.4 * t)
    c.fill(lit, mix(rgb("#ffd58a"), light.low, 0.3 * (1 - t)), alpha=0.35 + 0.6 * t)
    if light.dark:
        for window in lit[:: max(1, len(lit) // 26)]:
            x0, y0 = window.mean(axis=0)
            c.glow(x0, y0, 0.03, rgb("#ffb45c"), alpha=0.45 * t)


def _windows(x: float, top: float, wide: float, foot: float, t: float) -> list[Points]:
    step = 0.0105 + 0.0035 * t
    columns = max(2, int(wide * 0.9 / step))
    gap = wide / (columns + 0.6)
    out = []
    y = top + step
    while y < foot - step:
        out += [
            box(x + gap * (k + 0.45), y, x + gap * (k + 0.45) + gap * 0.52, y + step * 0.55) for k in range(columns)
        ]
        y += step * 1.25
    return out
