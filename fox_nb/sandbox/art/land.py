"""Scenes of open land: mountains, meadow and winter; and the plants that stand in them."""

from __future__ import annotations

import numpy as np

from fox_nb.sandbox.art.canvas import Canvas, Fade
from fox_nb.sandbox.art.chance import Floats, ridge
from fox_nb.sandbox.art.colour import Colour, lighter, mix, rgb
from fox_nb.sandbox.art.curves import Points, moved, points, ribbon, smooth
from fox_nb.sandbox.art.drawing import Spot, draw, read_drawing
from fox_nb.sandbox.art.light import Light
from fox_nb.sandbox.art.scene import Ask
from fox_nb.sandbox.art.sky import birds, paint_sky

_KNOTS = 260  # points along a skyline


def mountains(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw ranges behind ranges, snow on the far ones, pines on the near."""
    rng = ask.rng("mountains")
    horizon = c.h * float(rng.uniform(0.56, 0.64))
    sun = paint_sky(c, light, rng, horizon, weather=ask.brief.weather)
    rock = mix(rgb("#6d7486"), light.accent[2], 0.25)
    for k in range(2):
        base = horizon + 0.03 * k
        count = 2 + k + int(c.w > 1.15)
        peaks(c, light, rng, base, c.h * (0.42 - 0.12 * k), count, rock, sun=sun[0], far=0.72 - 0.2 * k)
    wood = mix(rgb("#4f7a5a"), light.accent[2], 0.15)
    for k in range(4):
        t = k / 3
        base = horizon + (c.h - horizon) * (0.02 + 0.72 * t**1.25)
        line = base + ridge(rng, _KNOTS, detail=5, rough=0.45) * (0.045 + 0.03 * t)
        colour = light.lit(lighter(wood, -0.1 * t), 0.62 * (1 - t) ** 1.2)
        pines(c, rng, line, colour, count=round(90 - 62 * t), size=0.022 + 0.12 * t**2)
        c.ground(line, Fade(colour, mix(colour, light.low, 0.42 * (1 - t)), float(line.min()), base + 0.16),
                 bottom=min(c.h, base + 0.34))  # fmt: skip
    birds(c, light, rng, sun[0] + 0.12, horizon * 0.45)
    return Spot(c.w * 0.5, c.h * 0.93, 0.34)


def winter(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw snow hills with blue shade and pines under snow."""
    rng = ask.rng("winter")
    horizon = c.h * float(rng.uniform(0.52, 0.6))
    sun = paint_sky(c, light, rng, horizon, weather=ask.brief.weather)
    peaks(c, light, rng, horizon, c.h * 0.3, 3, rgb("#9fb0cc"), sun=sun[0], far=0.6)
    snow = rgb("#eef3fb")
    for k in range(4):
        t = k / 3
        base = horizon + (c.h - horizon) * (0.03 + 0.7 * t**1.2)
        line = base + ridge(rng, _KNOTS, detail=3, rough=0.4) * (0.03 + 0.04 * t)
        white = mix(light.lit(snow, 0.4 * (1 - t)), light.sun, 0.2)
        green = light.lit(rgb("#3f5f62"), 0.6 * (1 - t))
        pines(c, rng, line, green, count=round(60 - 46 * t), size=0.03 + 0.14 * t**1.6, snow=white)
        blue = mix(light.lit(rgb("#b4c6e6")), light.middle, 0.25)
        c.ground(line, Fade(white, blue, float(line.min()), base + 0.3))
    return Spot(c.w * 0.5, c.h * 0.92, 0.34)


def meadow(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw rolling fields with rows, lone trees and flowers in front."""
    rng = ask.rng("meadow")
    horizon = c.h * float(rng.uniform(0.5, 0.6))
    paint_sky(c, light, rng, horizon, weather=ask.brief.weather)
    hills(c, light, rng, horizon, 5)
    grass(c, light, rng, c.h * 1.01, 0.1, lighter(light.lit(rgb("#5f8f55")), -0.1))
    blooms(c, light, rng, c.h * 0.84, c.h * 1.0, 60)
    return Spot(c.w * 0.5, c.h * 0.92, 0.34)


def hills(c: Canvas, light: Light, rng: np.random.Generator, horizon: float, count: int) -> None:
    """Draw rolling fields down to the picture's foot, with trees on the middle ones."""
    greens = [rgb(code) for code in ("#7fa45c", "#a8b25a", "#5f8f55", "#c9b458", "#6f9a4a")]
    for k in range(count):
        t = k / (count - 1)
        base = horizon + (c.h - horizon) * (0.72 * t**1.2)
        line = base + ridge(rng, _KNOTS, detail=3, rough=0.4) * (0.035 + 0.03 * t)
        colour = light.lit(mix(greens[int(rng.integers(5))], light.accent[1], 0.12), 0.62 * (1 - t))
        if 0 < k < count - 1:
            for _ in range(5):
                x = rng.random() * c.w
                y = float(np.interp(x, np.linspace(0, c.w, _KNOTS), line)) + 0.004
                green = light.lit(greens[int(rng.integers(5))], 0.6 * (1 - t))
                draw(c, light, "tree", Spot(x, y, 0.04 + 0.05 * t), flip=bool(rng.random() < 0.5), main=green)
        foot = mix(lighter(colour, -0.07), light.low, 0.2 * (1 - t))
        c.ground(line, Fade(lighter(colour, 0.03), foot, float(line.min()), base + 0.2))
        if count > 2 and k in (2, 3):
            _furrows(c, rng, line, lighter(colour, -0.07 if k == 2 else 0.06), base)


def _furrows(c: Canvas, rng: np.random.Generator, line: Floats, colour: Colour, base: float) -> None:
    field = np.concatenate([np.stack([np.linspace(0, c.w, _KNOTS), line], 1), [(c.w, c.h), (0, c.h)]])
    focus = c.w * rng.uniform(0.2, 0.8)
    rows: list[Points] = []
    for k in range(-16, 17):
        near = focus + k * 0.13
        rows.append(points((focus + k * 0.03, base - 0.06), (near, base + 0.2), (near + 0.02, base + 0.2)))
    c.fill(rows, colour, alpha=0.5, inside=field)


def peaks(c: Canvas, light: Light, rng: np.random.Generator, base: float, height: float, count: int, rock: Colour, *,
          sun: float, far: float) -> None:  # fmt: skip
    """Draw mountains with a side in the sun, one in shade, and snow on both."""
    xs = np.linspace(0, c.w, _KNOTS)
    tops = c.w * (np.arange(count) + 0.5 + rng.uniform(-0.3, 0.3, count)) / count
    highest = base - height * rng.uniform(0.55, 1.0, count)
    steep = rng.uniform(0.8, 1.15, count) * height * 3.2 / (c.w * 3.4 / count + 0.2)
    slopes = highest[:, None] + np.abs(xs - tops[:, None]) * steep[:, None]
    rough = ridge(rng, _KNOTS, detail=7, rough=0.62, start=6) * height * 0.09
    line = np.minimum(base + 0.02, slopes.min(axis=0)) + rough
    colour = light.lit(rock, far)
    c.ground(line, Fade(colour, mix(colour, light.low, 0.75), float(line.min()), base + 0.02), bottom=base + 0.12)
    body = np.concatenate([np.stack([xs, line], 1), [(c.w, base + 0.2), (0, base + 0.2)]])
    snow, dim = [], []
    for x, y in zip(tops, np.interp(tops, xs, line), strict=True):
        side = 1 if sun < x else -1
        deep = base - y
        middle = x + side * 0.02 + np.cumsum(rng.normal(0.004 * side, 0.014, 14)) * deep * 2.4
        middle[0] = x
        spine = np.stack([middle, y + np.linspace(0, 1, 14) * deep * 1.05], 1)
        away = points((x + side * deep * 1.5, base + 0.02), (x + side * deep * 0.4, y - 0.02), (x, y - 0.01))
        dim.append(np.concatenate([spine, away]))
        zig = np.linspace(-1, 1, 15)
        hang = deep * (0.3 + 0.12 * rng.random(15) + 0.12 * (np.arange(15) % 2))
        cap = np.stack([x + zig * deep * 0.62, y + hang + np.abs(zig) * deep * 0.3], 1)
        snow.append(np.concatenate([cap, points((x + deep, y - 0.04), (x, y - 0.06), (x - deep, y - 0.04))]))
    white = light.lit(rgb("#ffffff"), far * 0.5)
    c.fill(snow, mix(white, light.sun, 0.3), alpha=0.92, inside=body)
    c.fill(dim, mix(light.lit(rgb("#47506e"), far), light.top, 0.25), alpha=0.5, inside=body)


def pines(c: Canvas, rng: np.random.Generator, line: Floats, colour: Colour, *, count: int, size: float,
          snow: Colour | None = None) -> None:  # fmt: skip
    """Plant pines in groups along a skyline."""
    centres = rng.random(max(3, count // 9)) * c.w
    groups = rng.choice(centres, count) + rng.normal(0, 0.055, count)
    xs = np.sort(np.concatenate([groups, rng.random(count // 4) * c.w]))
    ys = np.interp(xs, np.linspace(0, c.w, len(line)), line) + 0.012
    sizes = size * rng.uniform(0.55, 1.25, len(xs))
    pine, caps = read_drawing("pine")[""]
    places = list(zip(xs, ys, sizes, strict=True))
    c.fill([moved(pine.shapes[k % 4], x, y, size=s) for k, (x, y, s) in enumerate(places)], colour)
    if snow is not None:
        c.fill([moved(cap, x, y, size=s) for x, y, s in places for cap in caps.shapes], snow, alpha=0.9)


def grass(c: Canvas, light: Light, rng: np.random.Generator, y: float, size: float, colour: Colour,
          count: int = 260) -> None:  # fmt: skip
    """Draw blades of grass along the picture's foot."""
    for share, tone in ((0.5, -0.04), (0.3, 0.03), (0.2, 0.1)):
        blades: list[Points] = []
        for _ in range(round(count * share)):
            x, tall, bend = rng.random() * c.w, size * rng.uniform(0.4, 1.15), rng.normal(0, 0.3)
            spine = smooth([(0, 0), (bend * 0.25, -0.55), (bend, -1)], closed=False, steps=4)
            blades.append(moved(ribbon(spine, (0.07, 0.045, 0.004)), x, y + rng.uniform(0, 0.02), size=tall))
        c.fill(blades, mix(lighter(colour, tone), light.sun, max(0.0, tone)))


def blooms(c: Canvas, light: Light, rng: np.random.Generator, top: float, bottom: float, count: int) -> None:
    """Scatter small flowers over a strip of meadow."""
    tones = (*light.accent[:2], rgb("#f6efe2"))
    for k, y in enumerate(np.sort(rng.uniform(top, bottom, count))):
        size = 0.006 + 0.014 * (y - top) / (bottom - top)
        spot = Spot(rng.random() * c.w, y + 4 * size, size)
        draw(c, light, "bloom", spot, flip=bool(rng.random() < 0.5), main=tones[k % 3])
