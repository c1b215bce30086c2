"""Scenes of open land: mountains, meadow, desert, winter, forest and garden."""

# ruff: noqa: PLR2004, RUF005
# (a drawing is made of numbers, and a pair that is added to points moves them)

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art.canvas import Canvas, Fade
from fox_nb.sandbox.art.chance import Floats, ridge
from fox_nb.sandbox.art.colour import Colour, lighter, mix, rgb
from fox_nb.sandbox.art.curves import Points, ellipse, moved, points, ribbon, smooth
from fox_nb.sandbox.art.plants import blooms, grass, pines, tree
from fox_nb.sandbox.art.sky import birds, paint_sky
from fox_nb.sandbox.art.spot import Ask, Spot

if TYPE_CHECKING:
    from fox_nb.sandbox.art.light import Light

_KNOTS = 260  # points along a skyline


def peaks(
    rng: np.random.Generator, c: Canvas, base: float, height: float, count: int
) -> tuple[Floats, list[tuple[float, float]]]:
    """Return a jagged skyline (units from the top) and the places of its summits."""
    xs = np.linspace(0, c.w, _KNOTS)
    tops = []
    line = np.full(_KNOTS, base + 0.02)
    for k in range(count):
        x = c.w * (k + 0.5 + rng.uniform(-0.3, 0.3)) / count
        y = base - height * rng.uniform(0.55, 1.0)
        slope = rng.uniform(0.8, 1.15)
        line = np.minimum(line, y + np.abs(xs - x) * slope * height * 3.2 / (c.w * 3.4 / count + 0.2))
        tops.append((x, y))
    rough = ridge(rng, _KNOTS, detail=7, rough=0.62, start=6) * height * 0.09
    return line + rough, [(x, float(np.interp(x, xs, line + rough))) for x, _ in tops]


def mountains(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw ranges behind ranges, snow on the far ones, pines on the near."""
    rng = ask.rng("mountains")
    horizon = c.h * float(rng.uniform(0.56, 0.64))
    sun = paint_sky(c, light, rng, horizon, weather=ask.weather)
    rock = mix(rgb("#6d7486"), light.accent[2], 0.25)
    for k in range(2):
        base = horizon + 0.03 * k
        line, tops = peaks(rng, c, base, c.h * (0.42 - 0.12 * k), 2 + k + int(c.w > 1.15))
        colour = light.lit(rock, 0.72 - 0.2 * k)
        c.ground(line, Fade(colour, mix(colour, light.low, 0.75), float(line.min()), base + 0.02), bottom=base + 0.12)
        facets(c, light, rng, line, tops, sun[0], base, 0.66 - 0.2 * k)
    wood = mix(rgb("#4f7a5a"), light.accent[2], 0.15)
    for k in range(4):
        t = k / 3
        base = horizon + (c.h - horizon) * (0.02 + 0.72 * t**1.25)
        line = base + ridge(rng, _KNOTS, detail=5, rough=0.45, start=2) * (0.045 + 0.03 * t)
        far = 0.62 * (1 - t) ** 1.2
        colour = light.lit(lighter(wood, -0.1 * t), far)
        pines(c, rng, line, colour, count=round(90 - 62 * t), size=0.022 + 0.12 * t**2)
        c.ground(line, Fade(colour, mix(colour, light.low, 0.42 * (1 - t)), float(line.min()), base + 0.16),
                 bottom=min(c.h, base + 0.34))  # fmt: skip
    birds(c, light, rng, sun[0] + 0.12, horizon * 0.45)
    return Spot(c.w * 0.5, c.h * 0.93, 0.34)


def facets(c: Canvas, light: Light, rng: np.random.Generator, line: Floats, tops: list[tuple[float, float]], sun: float,
           base: float, far: float) -> None:  # fmt: skip
    """Give mountains a side in the sun, one in shade, and snow on both."""
    xs = np.linspace(0, c.w, _KNOTS)
    snow, dim, stripes = [], [], []
    skyline = np.concatenate([np.stack([xs, line], 1), [(c.w, base + 0.2), (0, base + 0.2)]])
    for x, y in tops:
        side = 1 if sun < x else -1
        deep = base - y
        ys = np.linspace(0, 1, 14)
        middle = x + side * 0.02 + np.cumsum(rng.normal(0.004 * side, 0.014, 14)) * deep * 2.4
        middle[0] = x
        spine = np.stack([middle, y + ys * deep * 1.05], 1)
        away = points((x + side * deep * 1.5, base + 0.02), (x + side * deep * 0.4, y - 0.02), (x, y - 0.01))
        dim.append(np.concatenate([spine, away]))
        zig = np.linspace(-1, 1, 15)
        hang = deep * (0.3 + 0.12 * rng.random(15) + 0.12 * (np.arange(15) % 2))
        cap = np.stack([x + zig * deep * 0.62, y + hang + np.abs(zig) * deep * 0.3], 1)
        snow.append(np.concatenate([cap, points((x + deep, y - 0.04), (x, y - 0.06), (x - deep, y - 0.04))]))
        for _ in range(5):
            a = rng.uniform(0.2, 0.9)
            sx = x - side * deep * a * rng.uniform(0.1, 0.7)
            stripes.append(
                points(
                    (sx, y + deep * a),
                    (sx + 0.006, y + deep * a),
                    (sx - side * 0.05 * rng.random(), y + deep * (a + 0.3)),
                )
            )
    white = light.lit(rgb("#ffffff"), far * 0.55)
    c.fill(snow, mix(white, light.sun, 0.3), alpha=0.92, inside=skyline)
    c.fill(stripes, light.lit(rgb("#c9ccd8"), far), alpha=0.35, inside=skyline)
    c.fill(dim, mix(light.lit(rgb("#47506e"), far), light.top, 0.25), alpha=0.5, inside=skyline)


def meadow(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw rolling fields with rows, lone trees and flowers in front."""
    rng = ask.rng("meadow")
    horizon = c.h * float(rng.uniform(0.5, 0.6))
    paint_sky(c, light, rng, horizon, weather=ask.weather)
    greens = [rgb(code) for code in ("#7fa45c", "#a8b25a", "#5f8f55", "#c9b458", "#6f9a4a")]
    for k in range(5):
        t = k / 4
        base = horizon + (c.h - horizon) * (0.72 * t**1.2)
        line = base + ridge(rng, _KNOTS, detail=3, rough=0.4, start=2) * (0.035 + 0.03 * t)
        colour = light.lit(mix(greens[int(rng.integers(5))], light.accent[1], 0.12), 0.62 * (1 - t))
        if k in (1, 2, 3):
            for _ in range(5):
                x = rng.random() * c.w
                tree(
                    c,
                    light,
                    rng,
                    x,
                    float(np.interp(x, np.linspace(0, c.w, _KNOTS), line)) + 0.004,
                    0.04 + 0.05 * t,
                    far=0.6 * (1 - t),
                )
        c.ground(
            line,
            Fade(
                lighter(colour, 0.03),
                mix(lighter(colour, -0.07), light.low, 0.2 * (1 - t)),
                float(line.min()),
                base + 0.2,
            ),
        )
        if k in (2, 3):
            _furrows(c, rng, line, lighter(colour, -0.07 if k == 2 else 0.06), base)
    grass(c, light, rng, c.h * 1.01, 0.1, lighter(light.lit(greens[2]), -0.1))
    blooms(c, light, rng, c.h * 0.84, c.h * 1.0, 60)
    return Spot(c.w * 0.5, c.h * 0.92, 0.34)


def _furrows(c: Canvas, rng: np.random.Generator, line: Floats, colour: Colour, base: float) -> None:
    xs = np.linspace(0, c.w, _KNOTS)
    field = np.concatenate([np.stack([xs, line], 1), [(c.w, c.h), (0, c.h)]])
    focus = c.w * rng.uniform(0.2, 0.8)
    rows: list[Points] = []
    for k in range(-16, 17):
        near = focus + k * 0.13
        rows.append(points((focus + k * 0.03, base - 0.06), (near, base + 0.2), (near + 0.02, base + 0.2)))
    c.fill(rows, colour, alpha=0.5, inside=field)


def desert(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw dunes with one side in the sun and one in shade."""
    rng = ask.rng("desert")
    horizon = c.h * float(rng.uniform(0.5, 0.58))
    sun = paint_sky(c, light, rng, horizon, weather=ask.weather, cover=0.12)
    sand = mix(rgb("#e0a35f"), light.accent[0], 0.12)
    mesa = _mesas(rng, c, horizon)
    colour = light.lit(rgb("#b5694a"), 0.55)
    c.ground(mesa, Fade(colour, mix(colour, light.low, 0.6), float(mesa.min()), horizon + 0.02), bottom=horizon + 0.1)
    for k in range(5):
        t = k / 4
        base = horizon + (c.h - horizon) * (0.04 + 0.74 * t**1.2)
        _dune(c, light, rng, base, t, sand, 1 if sun[0] < c.w / 2 else -1)
    if not ask.brief.subjects:
        for _ in range(2):
            cactus(
                c,
                light,
                rng,
                c.w * float(rng.choice((0.12, 0.2, 0.8, 0.88))),
                c.h * float(rng.uniform(0.86, 0.96)),
                0.22,
            )
    return Spot(c.w * 0.5, c.h * 0.92, 0.34)


def _mesas(rng: np.random.Generator, c: Canvas, horizon: float) -> Floats:
    xs = np.linspace(0, c.w, _KNOTS)
    line = np.full(_KNOTS, horizon + 0.01)
    for _ in range(4):
        x, wide, tall = rng.random() * c.w, rng.uniform(0.05, 0.16), rng.uniform(0.04, 0.13)
        flat = np.clip((wide - np.abs(xs - x)) / 0.025, 0, 1)
        foot = np.clip((wide * 1.7 - np.abs(xs - x)) / (wide * 0.9), 0, 1) * 0.3
        line = np.minimum(line, horizon + 0.01 - tall * np.maximum(flat, foot))
    return line + ridge(rng, _KNOTS, detail=6, start=12) * 0.003


def _dune(c: Canvas, light: Light, rng: np.random.Generator, base: float, t: float, sand: Colour, side: int) -> None:
    """Draw one dune: a crest that sweeps down towards the viewer parts the bright slope from the dark."""
    far = 0.5 * (1 - t)
    xs = np.linspace(0, c.w, _KNOTS)
    tall, wide = 0.05 + 0.08 * t, rng.uniform(0.4, 0.7)
    x = c.w * rng.uniform(0.15, 0.85)
    away = np.abs(xs - x) / wide
    line = base + 0.02 * t - tall * np.exp(-(away**1.3) * 1.6) + ridge(rng, _KNOTS, detail=2, start=2) * 0.012
    bright, dark = (
        light.lit(mix(sand, light.sun, 0.2), far),
        light.lit(mix(lighter(sand, -0.17), light.shade, 0.22), far),
    )
    top = float(line.min())
    c.ground(line, Fade(bright, light.lit(lighter(sand, -0.05), far), top, base + 0.25))
    body = np.concatenate([np.stack([xs, line], 1), [(c.w, c.h), (0, c.h)]])
    a = np.linspace(0, 1, 30)
    deep = 0.16 + 0.3 * t
    sweep = x + side * (0.12 * np.sin(a * 4.2) * a + 0.22 * a * wide) * (0.6 + t)
    spine = np.stack([sweep, np.interp(x, xs, line) - 0.002 + a * deep], 1)
    lee = np.concatenate([spine, points((x + side * 2, base + deep), (x + side * 2, top - 0.02))])
    c.fill(lee, Fade(dark, mix(dark, bright, 0.55), top, base + deep), inside=body)
    ripple = [
        np.stack([xs, line + 0.02 + d + 0.004 * np.sin(xs * 40 + d * 300)], 1)
        for d in np.linspace(0.01, 0.12, 6) * (0.5 + t)
    ]
    c.stroke(ripple, 0.0016, dark, alpha=0.25 * t)


def cactus(c: Canvas, light: Light, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    """Draw a tall cactus with two arms, its foot at (x, y)."""
    green = light.lit(rgb("#4f7f55"))
    side = 1 if rng.random() < 0.5 else -1
    arms = [[(0.0, 0.02), (0.0, -0.5), (0.0, -1.0)], [(0.0, -0.38), (0.2 * side, -0.42), (0.24 * side, -0.72)],
            [(0.0, -0.52), (-0.18 * side, -0.56), (-0.21 * side, -0.86)]]  # fmt: skip
    lines = [moved(smooth(points(*arm), closed=False), x, y, size=size) for arm in arms]
    shapes = [ribbon(line, w * size) for line, w in zip(lines, (0.16, 0.11, 0.1), strict=True)]
    tips = [
        ellipse(float(line[-1, 0]), float(line[-1, 1]), w * size / 2, steps=20)
        for line, w in zip(lines, (0.16, 0.11, 0.1), strict=True)
    ]
    c.fill(ellipse(x + 0.06 * size, y + 0.02, 0.3 * size, 0.03 * size), light.shade, alpha=0.35, blur=0.006)
    c.fill(
        [*shapes, *tips], Fade(lighter(green, 0.05), lighter(green, -0.1), x - 0.2 * size, x + 0.2 * size, across=True)
    )
    c.stroke(
        [line + (d * size, 0) for line in lines for d in (-0.03, 0.0, 0.03)],
        0.008 * size,
        lighter(green, -0.12),
        alpha=0.6,
    )
    c.fill(ellipse(float(lines[0][-1, 0]), float(lines[0][-1, 1]), 0.035 * size), light.accent[0])


def winter(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw snow hills with blue shade and pines under snow."""
    rng = ask.rng("winter")
    horizon = c.h * float(rng.uniform(0.52, 0.6))
    sun = paint_sky(c, light, rng, horizon, weather=ask.weather)
    line, tops = peaks(rng, c, horizon, c.h * 0.3, 3)
    colour = light.lit(rgb("#9fb0cc"), 0.6)
    c.ground(line, Fade(colour, mix(colour, light.low, 0.7), float(line.min()), horizon), bottom=horizon + 0.1)
    facets(c, light, rng, line, tops, sun[0], horizon, 0.5)
    snow = rgb("#eef3fb")
    for k in range(4):
        t = k / 3
        base = horizon + (c.h - horizon) * (0.03 + 0.7 * t**1.2)
        line = base + ridge(rng, _KNOTS, detail=3, rough=0.4, start=2) * (0.03 + 0.04 * t)
        pines(
            c,
            rng,
            line,
            light.lit(rgb("#3f5f62"), 0.6 * (1 - t)),
            count=round(60 - 46 * t),
            size=0.03 + 0.14 * t**1.6,
            snow=mix(light.lit(snow, 0.4 * (1 - t)), light.sun, 0.2),
        )
        top = mix(light.lit(snow, 0.3 * (1 - t)), light.sun, 0.22)
        c.ground(line, Fade(top, mix(light.lit(rgb("#b4c6e6")), light.middle, 0.25), float(line.min()), base + 0.3))
    return Spot(c.w * 0.5, c.h * 0.92, 0.34)
