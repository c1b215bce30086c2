"""Plants: pines, leafy trees, grass, flowers and palms."""

# ruff: noqa: PLR2004
# (a drawing is made of numbers)

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art.canvas import Canvas, Fade
from fox_nb.sandbox.art.colour import Colour, lighter, mix, rgb
from fox_nb.sandbox.art.curves import Points, ellipse, leaf, moved, points, ribbon, smooth

if TYPE_CHECKING:
    from fox_nb.sandbox.art.chance import Floats
    from fox_nb.sandbox.art.light import Light


def pine(rng: np.random.Generator, x: float, y: float, size: float) -> Points:
    """Return a pine's outline with its foot at (x, y)."""
    tiers = 6
    right = [(0.02, -1.0)]
    for k in range(tiers):
        t = (k + 1) / tiers
        wide = 0.05 + 0.21 * t
        right += [(wide * rng.uniform(0.85, 1.1), -1 + 0.86 * t + 0.03), (wide * 0.45, -1 + 0.86 * t - 0.01)]
    right += [(0.03, -0.12), (0.03, 0.05)]
    half = np.array(right)
    left = half[::-1] * (-1, 1)
    left[:, 0] *= rng.uniform(0.9, 1.05)
    return moved(np.concatenate([half, left]), x, y, size=size)


def pines(c: Canvas, rng: np.random.Generator, line: Floats, colour: Colour, *, count: int, size: float,
          snow: Colour | None = None) -> None:  # fmt: skip
    """Plant pines in groups along a skyline."""
    centres = rng.random(max(3, count // 9)) * c.w
    xs = np.sort(
        np.concatenate([rng.choice(centres, count) + rng.normal(0, 0.055, count), rng.random(count // 4) * c.w])
    )
    ys = np.interp(xs, np.linspace(0, c.w, len(line)), line) + 0.012
    sizes = size * rng.uniform(0.55, 1.25, len(xs))
    trees = [pine(rng, x, y, s) for x, y, s in zip(xs, ys, sizes, strict=True)]
    c.fill(trees, colour)
    if snow is not None:
        caps = []
        for x, y, s in zip(xs, ys, sizes, strict=True):
            for t in (0.2, 0.42, 0.66):
                w = 0.05 + 0.17 * t
                caps.append(
                    moved(
                        points(
                            (0, -1.02 + 0.8 * t - 0.12),
                            (w, -1 + 0.86 * t),
                            (w * 0.3, -1 + 0.86 * t - 0.04),
                            (-w * 0.2, -1 + 0.86 * t),
                            (-w * 0.7, -1 + 0.86 * t - 0.01),
                        ),
                        x,
                        y,
                        size=s,
                    )
                )
        c.fill(caps, snow, alpha=0.9)


def tree(c: Canvas, light: Light, rng: np.random.Generator, x: float, y: float, size: float, *, far: float = 0.0,
         colour: Colour | None = None) -> None:  # fmt: skip
    """Draw a leafy tree with its foot at (x, y)."""
    green = colour or mix(rgb("#4f7f45"), rgb("#8f9a3c"), float(rng.random()))
    bark = light.lit(rgb("#5a4030"), far)
    trunk = smooth([(0, 0.02), (0.02, -0.3), (-0.01, -0.6)], closed=False, steps=6)
    c.fill(moved(ribbon(trunk, (0.11, 0.07, 0.04)), x, y, size=size), bark)
    branches = []
    for side in (-1, 1):
        bough = smooth([(0.0, -0.3), (side * 0.12, -0.48), (side * 0.22, -0.6)], closed=False, steps=5)
        branches.append(moved(ribbon(bough, (0.05, 0.02)), x, y, size=size))
    c.fill(branches, bark)
    balls = [(0.0, -0.72, 0.26), (-0.22, -0.6, 0.2), (0.22, -0.62, 0.2), (-0.12, -0.88, 0.19), (0.13, -0.88, 0.18)]
    balls += [(rng.normal(0, 0.2), -0.7 + rng.normal(0, 0.12), rng.uniform(0.07, 0.15)) for _ in range(9)]
    base = light.lit(green, far)
    dark = mix(lighter(base, -0.09), light.shade, 0.12)
    bright = mix(lighter(base, 0.07), light.sun, 0.2)
    c.fill([moved(ellipse(a, b, r, steps=24), x, y, size=size) for a, b, r in balls], dark)
    c.fill([moved(ellipse(a - 0.03, b - 0.04, r * 0.85, steps=24), x, y, size=size) for a, b, r in balls], base)
    c.fill(
        [moved(ellipse(a - 0.07, b - 0.09, r * 0.5, steps=20), x, y, size=size) for a, b, r in balls],
        bright,
        alpha=0.55,
    )
    if size > 0.15:  # only near trees show their leaves
        leaves: list[Points] = []
        for a, b, r in balls:
            around = rng.uniform(0, 2 * math.pi, 16)
            out = r * rng.uniform(0.5, 1.08, 16)
            places = np.stack(
                [x + (a + out * np.cos(around)) * size, y + (b + out * np.sin(around)) * size, rng.uniform(0, 6.3, 16)],
                1,
            )
            leaves += [moved(leaf(0.05, 0.03), px, py, size=size, turn=turn) for px, py, turn in places.tolist()]
        c.fill(leaves[::2], lighter(base, 0.05))
        c.fill(leaves[1::4], bright, alpha=0.7)
        c.fill(leaves[3::4], dark, alpha=0.8)


def grass(
    c: Canvas, light: Light, rng: np.random.Generator, y: float, size: float, colour: Colour, count: int = 260
) -> None:
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
    y = np.sort(rng.uniform(top, bottom, count))
    tones = [light.lit(tone) for tone in (*light.accent[:2], rgb("#f6efe2"))]
    stems: list[Points] = []
    heads: list[list[Points]] = [[], [], []]
    hearts: list[Points] = []
    for k, b in enumerate(y):
        x, size = rng.random() * c.w, 0.006 + 0.014 * (b - top) / (bottom - top + 1e-9)
        lean = rng.normal(0, 0.4)
        stems.append(points((x + lean * size, b + size * 4), (x, b)))
        heads[k % 3] += [
            moved(ellipse(0, -0.75, 0.36, 0.62, steps=12), x, b, size=size, turn=a + lean)
            for a in np.arange(6) * math.pi / 3
        ]
        hearts.append(ellipse(x, b, size * 0.36, steps=12))
    c.stroke(stems, 0.0022, lighter(light.lit(rgb("#4f7f45")), -0.05))
    for tone, group in zip(tones, heads, strict=True):
        c.fill(group, tone)
    c.fill(hearts, light.lit(rgb("#e8b23a")))


def palm(
    c: Canvas, light: Light, rng: np.random.Generator, x: float, y: float, size: float, lean: float = 0.25
) -> None:
    """Draw a palm tree with its foot at (x, y)."""
    spine = smooth([(0, 0.02), (lean * 0.15, -0.4), (lean * 0.6, -0.75), (lean, -1)], closed=False)
    bark = light.lit(rgb("#6a4a35"))
    c.fill(
        moved(ribbon(spine, (0.075, 0.045, 0.035)), x, y, size=size),
        Fade(lighter(bark, 0.05), lighter(bark, -0.08), y - size, y),
    )
    rings = [
        moved(points((-0.022, 0.006), (0.022, 0)), x + px * size, y + py * size, size=size) for px, py in spine[::2]
    ]
    c.stroke(rings, 0.006 * size, lighter(bark, -0.12), alpha=0.6)
    green = light.lit(rgb("#3f7a4a"))
    for pass_, tone in enumerate((-0.1, 0.0, 0.08)):
        fronds = []
        for k in range(7):
            a = math.pi * (k / 6) * 1.25 - math.pi * 1.125 + rng.normal(0, 0.12) + pass_ * 0.16
            reach = 0.46 * rng.uniform(0.85, 1.1)
            tip = (reach * math.cos(a), reach * math.sin(a) * 0.75 + 0.2)
            mid = (tip[0] * 0.5, tip[1] * 0.5 - 0.13)
            rib = smooth([(0, 0), mid, tip], closed=False, steps=9)
            fronds.append(moved(_frond(rib), x + lean * size, y - size, size=size))
        c.fill(fronds, mix(lighter(green, tone), light.sun, max(0.0, tone)))
    nuts = [
        ellipse(x + (lean + dx) * size, y + (-1 + dy) * size, 0.024 * size)
        for dx, dy in ((-0.02, 0.02), (0.025, 0.025), (0.0, 0.045))
    ]
    c.fill(nuts, light.lit(rgb("#5d4028")))


def _frond(rib: Points) -> Points:
    """Return a feathered outline along a palm leaf's rib."""
    n = len(rib)
    along = np.gradient(rib, axis=0)
    along /= np.hypot(along[:, 0], along[:, 1])[:, None]
    side = np.stack([-along[:, 1], along[:, 0]], 1)
    wide = 0.085 * np.sin(np.pi * np.linspace(0.1, 1, n) ** 0.8) + 0.005
    wide = np.where(np.arange(n) % 2, wide, wide * 0.35)[:, None]
    return np.concatenate([rib + side * wide + along * wide * 0.8, (rib - side * wide + along * wide * 0.8)[::-1]])


def flower(c: Canvas, light: Light, rng: np.random.Generator, x: float, y: float, size: float, colour: Colour) -> None:
    """Draw one near flower on its stem, with leaves: a daisy, a tulip, a rose or a poppy."""
    bend = float(rng.normal(0, 0.12))
    stem = smooth([(0, 0), (bend * 0.3, -0.45), (bend, -0.86)], closed=False)
    green = light.lit(rgb("#4a8046"))
    c.fill(moved(ribbon(stem, (0.035, 0.022, 0.02)), x, y, size=size), lighter(green, -0.05))
    leaves = [
        moved(leaf(0.4, 0.13), x + bend * 0.2 * size, y - h * size, size=size, turn=a)
        for h, a in ((0.25, 0.8), (0.4, -0.75))
    ]
    c.fill(leaves, Fade(lighter(green, 0.05), lighter(green, -0.08), y - 0.7 * size, y))
    hx, hy = x + bend * size, y - 0.88 * size
    tone = light.lit(colour)
    kind = int(rng.integers(4))
    r = 0.17 * size
    if kind == 0:
        ring = [moved(leaf(1.25, 0.5), hx, hy, size=r, turn=a) for a in np.arange(13) * (2 * math.pi / 13)]
        c.fill(ring[::2], lighter(tone, -0.05))
        c.fill(ring[1::2], tone)
        c.fill(ellipse(hx, hy, r * 0.38), light.lit(rgb("#e3a72e")))
        c.fill(ellipse(hx - r * 0.08, hy - r * 0.1, r * 0.2), light.lit(rgb("#f6cf62")), blur=r * 0.06)
    elif kind == 1:
        for lean, dark in ((-0.55, -0.08), (0.55, -0.06), (0.0, 0.02)):
            petal = smooth([(0, 0.55), (-0.5, 0.2), (-0.42, -0.5), (0, -1.15), (0.42, -0.5), (0.5, 0.2)])
            c.fill(
                moved(petal * (0.8, 1) + (lean * 0.55, 0), hx, hy, size=r, turn=lean * 0.35),
                Fade(lighter(tone, dark + 0.06), lighter(tone, dark - 0.06), hy - r, hy + r),
            )
    elif kind == 2:  # the kinds are just numbered
        for k in range(4):
            turn = rng.uniform(0, 6)
            ring = [
                moved(ellipse(0, -0.52, 0.52, 0.5, steps=18), hx, hy, size=r * (1.05 - 0.24 * k), turn=turn + a)
                for a in np.arange(5) * (2 * math.pi / 5)
            ]
            c.fill(ring, lighter(tone, -0.09 + 0.05 * k))
            c.stroke([np.concatenate([p, p[:1]]) for p in ring], r * 0.025, lighter(tone, -0.14 + 0.05 * k), alpha=0.5)
        c.fill(ellipse(hx, hy, r * 0.16), lighter(tone, -0.14))
    else:
        cup = [moved(ellipse(dx, 0.05, 0.68, 0.82, steps=26), hx, hy, size=r) for dx in (-0.45, 0.45, 0)]
        for k, shape in enumerate(cup):
            c.fill(shape, Fade(lighter(tone, 0.05), lighter(tone, -0.1 + 0.03 * k), hy - r, hy + r))
        c.fill(ellipse(hx, hy + r * 0.1, r * 0.26, r * 0.2), light.lit(rgb("#2c2030")))


def house_plant(c: Canvas, light: Light, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    """Draw a potted plant with broad leaves, its pot's foot at (x, y)."""
    pot = points((-0.2, -0.3), (0.2, -0.3), (0.15, 0), (-0.15, 0))
    clay = light.lit(mix(rgb("#c4714c"), light.accent[0], 0.2))
    c.fill(moved(ellipse(0.05, 0, 0.28, 0.05), x, y, size=size), light.shade, alpha=0.35, blur=0.01)
    for tone, count in ((-0.08, 9), (0.0, 8), (0.07, 6)):
        leaves, stems = [], []
        for _ in range(count):
            a, reach = rng.uniform(-1.1, 1.1), rng.uniform(0.3, 0.62)
            stem = smooth(
                [(0, -0.28), (0.2 * a, -0.28 - reach * 0.6), (0.48 * a, -0.28 - reach)], closed=False, steps=5
            )
            stems.append(moved(ribbon(stem, (0.02, 0.012)), x, y, size=size))
            leaves.append(moved(moved(leaf(0.36, 0.2), *stem[-1], turn=a * 1.3), x, y, size=size))
        green = light.lit(lighter(rgb("#3f7f52"), tone))
        c.fill(stems, lighter(green, -0.06))
        c.fill(leaves, green)
    c.fill(
        moved(pot, x, y, size=size),
        Fade(lighter(clay, 0.05), lighter(clay, -0.08), x - 0.2 * size, x + 0.2 * size, across=True),
    )
    c.fill(
        moved(points((-0.23, -0.36), (0.23, -0.36), (0.22, -0.28), (-0.22, -0.28)), x, y, size=size),
        lighter(clay, 0.04),
    )
