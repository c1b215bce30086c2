"""Scenes beyond the land: open sky, space, under water, and the abstract."""

# ruff: noqa: PLR2004, RUF005
# (a drawing is made of numbers, and a pair that is added to points moves them)

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art.canvas import Canvas, Fade
from fox_nb.sandbox.art.chance import clouds, ridge
from fox_nb.sandbox.art.colour import NAMED, Colour, lighter, mix, rgb, saturated, turned
from fox_nb.sandbox.art.curves import Points, ellipse, leaf, moved, points, ribbon, smooth
from fox_nb.sandbox.art.sky import birds, cumulus, paint_sky, stars
from fox_nb.sandbox.art.spot import Ask, Spot

if TYPE_CHECKING:
    from fox_nb.sandbox.art.light import Light


def sky(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw heaped clouds one behind the other, over a thin strip of land."""
    rng = ask.rng("sky")
    horizon = c.h * 0.96
    paint_sky(c, light, rng, horizon, weather=ask.weather, cover=0.25)
    for k in range(5):
        t = k / 4
        for _ in range(3 - k // 2):
            cumulus(
                c,
                light,
                rng,
                rng.random() * c.w,
                c.h * (0.46 + 0.4 * t + rng.uniform(-0.06, 0.06)),
                0.24 + 0.36 * t,
                far=0.75 - 0.65 * t,
            )
    birds(c, light, rng, c.w * rng.uniform(0.3, 0.7), c.h * 0.24, 9)
    for k in range(3):
        line = c.h * (0.9 + 0.04 * k) + ridge(rng, 160, detail=4, start=2) * 0.02
        tone = light.lit(mix(rgb("#5f7f66"), light.accent[2], 0.2), 0.6 - 0.25 * k)
        c.ground(line, Fade(tone, lighter(tone, -0.05), c.h * 0.88, c.h))
    return Spot(c.w * 0.5, c.h * 0.72, 0.34)


def space(c: Canvas, light: Light, ask: Ask) -> Spot:  # noqa: ARG001 (all are called alike)
    """Draw a nebula, a ringed planet, and a rocky ground to stand on."""
    rng = ask.rng("space")
    base = (
        NAMED[ask.brief.colours[0]]
        if ask.brief.colours
        else (rgb("#5a3fb0"), rgb("#2f6fb8"), rgb("#b0407f"), rgb("#1f8a86"))[int(rng.integers(4))]
    )
    rows, columns = 200, max(40, round(200 * c.w / c.h))
    dark = mix(rgb("#05060f"), lighter(base, -0.35), 0.35)
    field = np.zeros((rows, columns, 3)) + np.array(dark)
    for tone, power in ((base, 0.85), (turned(base, 60), 0.6), (turned(base, -50), 0.5)):
        fog = clouds(rng, columns, rows, cells=3, octaves=6)
        across, down = np.linspace(0, 1, columns)[None, :], np.linspace(0, 1, rows)[:, None]
        band = np.exp(-(((down - 0.2 - 0.6 * across * rng.uniform(0.3, 1)) / 0.42) ** 2))
        strength = np.clip((fog - 0.38) * 2.2, 0, 1) * band * power
        field = 255 - (255 - field) * (1 - strength[..., None] * np.array(saturated(tone, 1.1)) / 255)
    c.soft(field)
    stars(c, rng, c.h * 1.05, 420)
    x, y, r = c.w * rng.choice((0.3, 0.68)), c.h * rng.uniform(0.3, 0.42), rng.uniform(0.15, 0.22)
    _planet(c, rng, x, y, r, saturated(turned(base, 150), 0.75), x > c.w / 2)
    _planet(
        c,
        rng,
        c.w - x * rng.uniform(0.8, 1.1),
        c.h * rng.uniform(0.12, 0.55),
        r * 0.24,
        turned(base, -80),
        x > c.w / 2,
        ring=False,
    )
    line = c.h * 0.86 - np.abs(ridge(rng, 240, detail=7, start=3)) * 0.09
    tone = mix(lighter(base, -0.2), rgb("#3a3040"), 0.5)
    c.ground(line, Fade(lighter(tone, 0.07), lighter(tone, -0.12), float(line.min()), c.h))
    line = c.h * 0.94 - np.abs(ridge(rng, 240, detail=6, start=2)) * 0.05
    c.ground(line, Fade(lighter(tone, -0.04), lighter(tone, -0.2), float(line.min()), c.h))
    pits = [(rng.random() * c.w, c.h * rng.uniform(0.955, 1.0), rng.uniform(0.01, 0.04)) for _ in range(8)]
    c.fill([ellipse(a, b, s, s * 0.28) for a, b, s in pits], lighter(tone, -0.16))
    c.fill([ellipse(a, b + s * 0.07, s * 0.9, s * 0.2) for a, b, s in pits], lighter(tone, -0.08))
    return Spot(c.w * (0.72 if x < c.w / 2 else 0.28), c.h * 0.92, 0.3)


def _planet(
    c: Canvas,
    rng: np.random.Generator,
    x: float,
    y: float,
    r: float,
    tone: Colour,
    from_left: bool,
    *,
    ring: bool = True,
) -> None:
    disc = ellipse(x, y, r, steps=90)
    turn = rng.uniform(-0.5, -0.2)
    c.glow(x, y, r * 1.7, lighter(tone, 0.1), alpha=0.5)
    if ring:
        _rings(c, x, y, r, turn, tone, back=True)
    c.fill(disc, tone)
    for k in range(9):
        v = -0.9 + 0.2 * k + rng.uniform(-0.05, 0.05)
        xs = np.linspace(-1.1, 1.1, 24)
        top = np.stack([xs, v + 0.1 * (xs**2) + 0.03 * np.sin(xs * 7 + k)], 1)
        stripe = np.concatenate([top, (top + (0, rng.uniform(0.04, 0.16)))[::-1]])
        c.fill(
            moved(stripe, x, y, size=r, turn=turn),
            turned(lighter(tone, rng.uniform(-0.12, 0.12)), rng.uniform(-18, 18)),
            alpha=0.6,
            inside=disc,
        )
    side = 1 if from_left else -1
    c.fill(ellipse(x + side * r * 0.55, y + r * 0.3, r * 1.1), rgb("#04040c"), alpha=0.72, blur=r * 0.22, inside=disc)
    c.fill(ellipse(x - side * r * 0.5, y - r * 0.45, r * 0.5), rgb("#ffffff"), alpha=0.25, blur=r * 0.18, inside=disc)
    if ring:
        _rings(c, x, y, r, turn, tone, back=False)


def _rings(c: Canvas, x: float, y: float, r: float, turn: float, tone: Colour, *, back: bool) -> None:
    a = np.linspace(math.pi, 2 * math.pi, 60) if back else np.linspace(0, math.pi, 60)
    for inner, outer, alpha in ((1.35, 1.5, 0.5), (1.54, 1.82, 0.75), (1.86, 1.95, 0.4)):
        band = np.concatenate(
            [
                np.stack([outer * np.cos(a), 0.26 * outer * np.sin(a)], 1),
                np.stack([inner * np.cos(a), 0.26 * inner * np.sin(a)], 1)[::-1],
            ]
        )
        c.fill(moved(band, x, y, size=r, turn=turn), lighter(mix(tone, rgb("#f2e2c4"), 0.6), 0.02), alpha=alpha)


def underwater(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw beams from the surface, shoals, corals and kelp."""
    rng = ask.rng("underwater")
    top, deep = (rgb("#8fe0da"), rgb("#0d3a5c")) if not light.dark else (rgb("#2f7f96"), rgb("#041a33"))
    if ask.brief.colours:
        top, deep = mix(top, light.middle, 0.4), mix(deep, light.shade, 0.4)
    c.ground(np.zeros(4), Fade(top, deep, -0.05, c.h * 0.95))
    x = c.w * rng.uniform(0.3, 0.7)
    c.glow(x, -0.05, 0.8, rgb("#eafff2"), alpha=0.7)
    beams: list[list[Points]] = [[], [], []]
    for k in range(9):
        a, wide = x + rng.normal(0, 0.16), rng.uniform(0.01, 0.05)
        foot = a + (a - x) * 2.2 + rng.normal(0, 0.08)
        beams[k % 3].append(points((a, -0.02), (a + wide, -0.02), (foot + wide * 3, c.h * 0.95), (foot, c.h * 0.95)))
    for group in beams:
        c.fill(group, rgb("#dffcf0"), alpha=0.14, blur=0.014, mode="screen")
    for k in range(3):
        t = k / 2
        line = c.h * (0.76 + 0.1 * k) + ridge(rng, 200, detail=5, start=3) * 0.045
        tone = mix(mix(deep, rgb("#2a5f6a"), 0.5), rgb("#e2c48f"), 0.12 + 0.1 * t)
        _reef(c, rng, line, mix(deep, top, 0.3 * (1 - t)), t, light)
        c.ground(line, Fade(lighter(tone, 0.05), lighter(tone, -0.09), float(line.min()), c.h))
        _shoal(c, rng, light, t, mix(deep, top, 0.45))
    bubbles = [(rng.random() * c.w, rng.random() * c.h, rng.uniform(0.002, 0.011)) for _ in range(46)]
    rings = [ellipse(a, b, s, steps=24) for a, b, s in bubbles]
    c.fill(rings, rgb("#ffffff"), alpha=0.12)
    c.stroke([np.concatenate([q, q[:1]]) for q in rings], 0.0012, rgb("#eafffb"), alpha=0.6)
    return Spot(c.w * 0.5, c.h * 0.72, 0.3)


def _shoal(c: Canvas, rng: np.random.Generator, light: Light, t: float, water: Colour) -> None:
    x, y, flip = c.w * rng.uniform(0.2, 0.8), c.h * rng.uniform(0.2, 0.62), rng.random() < 0.5
    body = smooth(points((-0.55, 0), (-0.2, -0.2), (0.25, -0.19), (0.5, 0.0), (0.25, 0.18), (-0.2, 0.19)), steps=5)
    tail = points((-0.45, 0), (-0.8, -0.24), (-0.7, 0), (-0.8, 0.24))
    fish: list[Points] = []
    for _ in range(16 - 5 * round(t * 2)):
        a, b, s = x + rng.normal(0, 0.12), y + rng.normal(0, 0.06), (0.018 + 0.035 * t) * rng.uniform(0.7, 1.2)
        turn = rng.normal(0, 0.12)
        fish += [moved(body, a, b, size=s, turn=turn, flip=flip), moved(tail, a, b, size=s, turn=turn, flip=flip)]
    tones = (light.accent[1], light.accent[0], rgb("#ffe9c0"))
    c.fill(fish, mix(tones[int(rng.integers(3))], water, 0.65 * (1 - t)))


def _reef(
    c: Canvas,
    rng: np.random.Generator,
    line: np.ndarray[tuple[int], np.dtype[np.float64]],
    water: Colour,
    t: float,
    light: Light,
) -> None:
    palette = (rgb("#e8657a"), rgb("#f0a04b"), rgb("#8a63c0"), rgb("#3fae92"), light.accent[0])
    for _ in range(7):
        x = rng.random() * c.w
        y = float(np.interp(x, np.linspace(0, c.w, len(line)), line)) + 0.015
        tone = mix(palette[int(rng.integers(5))], water, 0.72 * (1 - t) + 0.1)
        size = (0.07 + 0.1 * t) * rng.uniform(0.7, 1.3)
        kind = int(rng.integers(3))
        if kind == 0:
            _branching(c, rng, x, y, size, tone)
        elif kind == 1:
            balls = [
                ellipse(
                    x + rng.normal(0, 0.3) * size,
                    y - abs(rng.normal(0.25, 0.2)) * size,
                    size * rng.uniform(0.12, 0.28),
                    steps=18,
                )
                for _ in range(12)
            ]
            c.fill(balls, Fade(lighter(tone, 0.08), lighter(tone, -0.1), y - size, y))
        else:
            blades = []
            for _ in range(6):
                sway = rng.normal(0, 0.2)
                spine = smooth([(0, 0.05), (sway, -0.5), (-sway * 0.6, -1.1), (sway, -1.7)], closed=False, steps=6)
                blades.append(
                    moved(
                        ribbon(spine, (0.1, 0.14, 0.09, 0.01)),
                        x + rng.normal(0, 0.25) * size,
                        y,
                        size=size * rng.uniform(0.7, 1.2),
                    )
                )
            c.fill(
                blades,
                Fade(
                    lighter(mix(rgb("#3f8f5f"), water, 0.6 * (1 - t)), 0.08),
                    mix(rgb("#1f5a44"), water, 0.5 * (1 - t)),
                    y - 1.7 * size,
                    y,
                ),
            )


def _branching(c: Canvas, rng: np.random.Generator, x: float, y: float, size: float, tone: Colour) -> None:
    twigs: list[Points] = []
    stack = [(x, y, -math.pi / 2, size * 0.42, size * 0.13, 0)]
    while stack:
        a, b, angle, length, wide, depth = stack.pop()
        ea, eb = a + length * math.cos(angle), b + length * math.sin(angle)
        twigs.append(ribbon(points((a, b), (ea, eb)), (wide, wide * 0.8)))
        twigs.append(ellipse(ea, eb, wide * 0.42, steps=10))
        if depth < 3:  # three forks make a coral
            stack += [
                (ea, eb, angle + s * rng.uniform(0.3, 0.65), length * 0.74, wide * 0.74, depth + 1) for s in (-1, 1)
            ]
    c.fill(twigs, Fade(lighter(tone, 0.08), lighter(tone, -0.08), y - size * 1.2, y))


def abstract(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw arcs, discs and waves in three or four colours, laid over each other like paper."""
    rng = ask.rng("abstract")
    paper = (
        mix(mix(light.low, rgb("#f6ecd8"), 0.5), light.middle, 0.15)
        if not light.dark
        else mix(light.top, light.shade, 0.4)
    )
    c.ground(np.zeros(4), Fade(lighter(paper, 0.02), lighter(paper, -0.07), 0, c.h))
    tones = [*light.accent, mix(light.middle, light.top, 0.5), light.shade]
    x, y, r = c.w * rng.uniform(0.32, 0.68), c.h * rng.uniform(0.3, 0.46), rng.uniform(0.2, 0.3)
    c.glow(x, y, r * 2.3, light.sun, alpha=0.55, mode="")
    first = tones[int(rng.integers(2))]
    c.fill(ellipse(x, y, r, steps=120), Fade(lighter(first, 0.08), lighter(first, -0.06), y - r, y + r))
    _arches(c, rng, tones)
    for k in range(5):
        t = k / 4
        base = c.h * (0.6 + 0.3 * t)
        xs = np.linspace(0, c.w, 160)
        line = (
            base + (0.05 + 0.03 * t) * np.sin(xs * rng.uniform(3, 6) + rng.uniform(0, 6)) + 0.02 * np.sin(xs * 11 + k)
        )
        tone = mix(tones[(k + int(rng.integers(2))) % 5], tones[(k + 2) % 5], 0.3)
        shade = np.concatenate([np.stack([xs, line - 0.006], 1), np.stack([xs, line + 0.03], 1)[::-1]])
        c.fill(shade, light.shade, alpha=0.35, blur=0.012)
        c.ground(line, Fade(lighter(tone, 0.05), lighter(tone, -0.08), float(line.min()), base + 0.25))
        for j in range(1, 4):
            c.stroke(np.stack([xs, line + 0.014 * j], 1), 0.0016, lighter(tone, 0.12), alpha=0.5 - 0.1 * j)
    c.fill(
        [ellipse(rng.random() * c.w, rng.random() * c.h * 0.5, rng.uniform(0.003, 0.01), steps=24) for _ in range(12)],
        light.accent[1],
        alpha=0.85,
    )
    sprig = smooth([(0, 0), (0.05, -0.4), (0.16, -0.8)], closed=False, steps=6)
    foot = (c.w * rng.choice((0.14, 0.86)), c.h * 0.98)
    leaves = [
        moved(moved(leaf(0.26, 0.1), px, py, turn=s * 0.9 + 0.2), *foot, size=0.36)
        for px, py in sprig[2:]
        for s in (-1, 1)
    ]
    c.fill([*leaves, moved(ribbon(sprig, (0.02, 0.006)), *foot, size=0.36)], lighter(light.shade, 0.04), alpha=0.9)
    return Spot(c.w * 0.5, c.h * 0.9, 0.36)


def _arches(c: Canvas, rng: np.random.Generator, tones: list[Colour]) -> None:
    x, y, r = c.w * rng.choice((0.22, 0.78)), c.h * rng.uniform(0.6, 0.72), rng.uniform(0.2, 0.28)
    a = np.linspace(math.pi, 2 * math.pi, 60)
    for k in range(5):
        q = r * (1 - 0.17 * k)
        bow = np.concatenate(
            [np.stack([x + q * np.cos(a), y + q * np.sin(a)], 1), points((x + q, c.h * 1.01), (x - q, c.h * 1.01))]
        )
        c.fill(bow, lighter(tones[k % 5], 0.02 * k), alpha=0.95)
