"""The forest: trunks behind trunks into the haze."""

from __future__ import annotations

import numpy as np

from fox_nb.sandbox.art.canvas import Canvas, Fade
from fox_nb.sandbox.art.chance import ridge
from fox_nb.sandbox.art.colour import Colour, lighter, mix, rgb
from fox_nb.sandbox.art.curves import Points, ellipse, moved, points, ribbon, smooth
from fox_nb.sandbox.art.drawing import Spot, draw
from fox_nb.sandbox.art.light import Light
from fox_nb.sandbox.art.scene import Ask

_LEAF = smooth(points((0, 0), (0.011, -0.017), (0, -0.042), (-0.011, -0.017)))
"""A leaf that starts at the origin and points up."""


def forest(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw trunks behind trunks into the haze, with beams of light and ferns."""
    rng = ask.rng("forest")
    autumn = "autumn" in ask.brief.text or "fall" in ask.brief.text.split() or rng.random() < 0.25
    green = rgb("#c9792e") if autumn else mix(rgb("#5d8a4a"), rgb("#3f7f6a"), float(rng.random()))
    snowy = "snow" in ask.brief.weather
    misty = mix(light.low, light.lit(green), 0.22)
    c.ground(np.zeros(4), Fade(mix(light.middle, light.lit(green), 0.35), misty, 0, c.h * 0.75))
    x = c.w * float(rng.uniform(0.3, 0.7))
    c.glow(x, c.h * 0.3, 0.6, mix(light.sun, light.low, 0.3), alpha=0.75 if not light.dark else 0.4)
    floor = c.h * 0.74
    for k in range(4):
        t = k / 3
        far = 0.82 * (1 - t) ** 0.8
        _trunks(c, light, rng, t, far, floor, green)
        base = floor + (c.h - floor) * (t * 0.62 - 0.12)
        line = base + ridge(rng, 160, detail=5, start=3) * 0.018
        earth = light.lit(rgb("#e6edf6") if snowy else mix(green, rgb("#4a4a2c"), 0.5), far)
        c.ground(line, Fade(mix(earth, light.low, 0.15), lighter(earth, -0.06), base, c.h))
        if k == 1:  # the beams fall between the rows
            _beams(c, light, rng, x)
    _canopy(c, light, rng, green)
    _ferns(c, light, rng, rgb("#c3d2e2") if snowy else mix(green, rgb("#3f6a3c"), 0.4))
    if light.dark:
        spots = [(rng.random() * c.w, c.h * rng.uniform(0.4, 0.92)) for _ in range(34)]
        for a, b in spots:
            c.glow(a, b, 0.02, rgb("#ffe38a"), alpha=0.8)
        c.fill([ellipse(a, b, 0.0018, steps=10) for a, b in spots], rgb("#fff6cf"))
    return Spot(c.w * 0.5, c.h * 0.93, 0.36)


def _trunks(
    c: Canvas, light: Light, rng: np.random.Generator, t: float, far: float, floor: float, green: Colour
) -> None:
    count = round(17 - 13 * t)
    bark = light.lit(mix(rgb("#5a4638"), green, 0.12), far)
    shapes: list[Points] = []
    tones: list[Colour] = []
    for k in range(count):
        x = c.w * (k + rng.uniform(0.1, 0.9)) / count
        if t > 0.7 and abs(x - c.w / 2) < 0.2 * c.w:  # the nearest trunks leave the middle free
            x = c.w * (0.06 if x < c.w / 2 else 0.94)
        wide = (0.012 + 0.065 * t**1.6) * rng.uniform(0.7, 1.3)
        foot = floor + (c.h - floor) * t * 0.75 + rng.uniform(0, 0.03)
        lean = rng.normal(0, 0.025)
        spine = smooth(
            [(x, foot), (x + lean * 0.4, foot * 0.6), (x + lean, foot * 0.25), (x + lean * 1.3, -0.05)], closed=False
        )
        own = lighter(bark, float(rng.uniform(-0.03, 0.03)))
        for _ in range(3):
            y = foot * rng.uniform(0.1, 0.6)
            side = rng.choice((-1, 1))
            arm = [(x + lean * 0.6, y), (x + side * wide * 2.4, y - 0.04), (x + side * wide * 4, y - 0.1)]
            shapes.append(ribbon(smooth(arm, closed=False, steps=5), (wide * 0.3, wide * 0.2, wide * 0.06)))
        shapes.append(ribbon(spine, (wide * 1.7, wide * 1.05, wide * 0.9, wide * 0.85, wide * 0.8)))
        tones += [lighter(own, -0.02)] * 3 + [own]
        for place, part, shade in ((0.26, 0.5, -0.045), (-0.34, 0.1, 0.04), (0.1, 0.04, -0.05), (-0.12, 0.05, -0.04)):
            shapes.append(ribbon(spine + (wide * place, 0), (wide * part * 1.6, wide * part, wide * part * 0.8)))
            tones.append(lighter(own, shade))
    c.patches(shapes, tones)
    crowns: list[Points] = []
    for _ in range(round(34 - 16 * t)):
        x, y = rng.random() * c.w, rng.uniform(-0.05, 0.3 - 0.12 * t) * c.h
        crowns.append(ellipse(x, y, rng.uniform(0.04, 0.1) * (0.6 + t * 0.6), rng.uniform(0.025, 0.06), steps=20))
    c.fill(crowns, mix(light.lit(lighter(green, -0.1 * t), far), light.low, 0.1), alpha=0.6)


def _beams(c: Canvas, light: Light, rng: np.random.Generator, x: float) -> None:
    beams: list[Points] = []
    for _ in range(6):
        top, wide = x + rng.normal(0, 0.24), rng.uniform(0.02, 0.07)
        slant = (x - c.w / 2) * -0.8 + rng.normal(0, 0.04)
        foot = (top + wide * 2.2 + slant, c.h * 0.86), (top + slant, c.h * 0.86)
        beams.append(points((top, -0.05), (top + wide, -0.05), *foot))
    c.fill(beams, mix(light.sun, light.low, 0.3), alpha=0.2 if not light.dark else 0.1, blur=0.014, mode="screen")


def _canopy(c: Canvas, light: Light, rng: np.random.Generator, green: Colour) -> None:
    """Hang near leaves into the picture's top."""
    leaves: list[Points] = []
    tones: list[Colour] = []
    for tone, count, low in ((-0.17, 300, 0.16), (-0.08, 190, 0.12), (0.03, 100, 0.1)):
        x = rng.random(count) * c.w
        reach = low * c.h * (0.4 + 2.1 * np.abs(x / c.w - 0.5))
        y, size, turn = rng.uniform(-0.02, 1, count) * reach, rng.uniform(0.6, 1.3, count), rng.uniform(1.2, 5, count)
        leaves += [moved(_LEAF, a, b, size=s, turn=q) for a, b, s, q in zip(x, y, size, turn, strict=True)]
        tones += [mix(light.lit(lighter(green, tone)), light.shade, 0.25 if tone < 0 else 0.0)] * count
    c.patches(leaves, tones)


def _ferns(c: Canvas, light: Light, rng: np.random.Generator, green: Colour) -> None:
    for tone, y, count in ((-0.15, 0.95, 11), (-0.03, 0.99, 9), (0.06, 1.03, 8)):
        for _ in range(count):
            spot = Spot(rng.random() * c.w, c.h * y, rng.uniform(0.08, 0.15))
            draw(c, light, "fern", spot, flip=bool(rng.random() < 0.5), main=lighter(green, tone))
