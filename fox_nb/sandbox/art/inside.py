"""Scenes indoors: a library, a room with a window, and a stage or studio."""

# ruff: noqa: PLR2004, RUF005
# (a drawing is made of numbers, and a pair that is added to points moves them)

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art.canvas import Canvas, Fade
from fox_nb.sandbox.art.colour import Colour, lighter, mix, rgb
from fox_nb.sandbox.art.curves import Points, box, ellipse, points, ribbon, round_box, smooth
from fox_nb.sandbox.art.plants import house_plant
from fox_nb.sandbox.art.spot import Ask, Spot

if TYPE_CHECKING:
    from fox_nb.sandbox.art.light import Light

_SPINES = tuple(
    rgb(code)
    for code in ("#7a2e2b", "#2f4a3c", "#27415e", "#b98a3e", "#8a5a34", "#5a3550", "#c9b48a", "#3b342e", "#a64f33")
)


def indoors(light: Light) -> Light:
    """Return the light as it is in a room: lamps make up for the night."""
    if light.dark:
        return replace(light, tint=(0.82, 0.68, 0.56))
    r, g, b = light.tint
    return replace(light, tint=(min(1.02, r), g * 0.97, b * 0.92))


def arch(x: float, foot: float, wide: float, tall: float) -> Points:
    """Return a window's outline with a round top."""
    a = np.linspace(math.pi, 2 * math.pi, 24)
    r = wide / 2
    bow = np.stack([x + r * np.cos(a), foot - tall + r + r * np.sin(a)], 1)
    return np.concatenate([bow, points((x + r, foot), (x - r, foot))])


def view(c: Canvas, light: Light, rng: np.random.Generator, pane: Points) -> None:
    """Paint what is seen through a window: sky, sun or moon, hills."""
    low, high = pane.min(axis=0), pane.max(axis=0)
    tall = high[1] - low[1]
    c.fill(pane, Fade(mix(light.top, light.middle, 0.5), light.low, low[1], high[1] - 0.2 * tall))
    sx, sy = (
        low[0] + (high[0] - low[0]) * rng.uniform(0.25, 0.75),
        low[1] + tall * (0.34 if light.sun_height > 0.4 else 0.55),
    )
    c.fill(ellipse(sx, sy, 0.026), light.sun, inside=pane)
    if light.hour == "night":
        dots = [
            ellipse(
                rng.uniform(low[0], high[0]),
                rng.uniform(low[1], low[1] + tall * 0.6),
                rng.uniform(0.0006, 0.0016),
                steps=8,
            )
            for _ in range(50)
        ]
        c.fill(dots, rgb("#ffffff"), alpha=0.8, inside=pane)
    for k, far in enumerate((0.65, 0.45, 0.2)):
        xs = np.linspace(low[0] - 0.01, high[0] + 0.01, 40)
        base = high[1] - tall * (0.3 - 0.09 * k)
        line = base + 0.025 * np.sin(xs * rng.uniform(9, 16) + rng.uniform(0, 6)) * (1 - 0.2 * k)
        hill = np.concatenate([np.stack([xs, line], 1), points((high[0], high[1]), (low[0], high[1]))])
        c.fill(hill, light.lit(mix(rgb("#6f8f6a"), light.accent[2], 0.25), far), inside=pane)


def shaft(c: Canvas, light: Light, pane: Points, slant: float, reach: float) -> None:
    """Let light fall from a window into the room."""
    if light.dark:
        return
    low, high = pane.min(axis=0), pane.max(axis=0)
    beam = points(
        (low[0], low[1]), (high[0], low[1]), (high[0] + slant + 0.1, high[1] + reach), (low[0] + slant, high[1] + reach)
    )
    c.fill(beam, light.sun, alpha=0.2, blur=0.02, mode="screen")
    x, y = (low + high) / 2
    c.glow(x, y, 0.6, light.sun, alpha=0.35)


def library(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw shelves to the ceiling, an arched window, a ladder and a lamp."""
    rng = ask.rng("library")
    inner = indoors(light)
    wood = inner.lit((rgb("#5a3a24"), rgb("#4a3226"), rgb("#6b4526"))[int(rng.integers(3))])
    c.ground(np.zeros(4), Fade(lighter(wood, -0.1), lighter(wood, -0.15), 0, c.h))
    floor = c.h * 0.86
    middle = c.w * float(rng.choice((0.24, 0.5, 0.76)))
    wide = min(0.3, c.w * 0.34)
    pane = arch(middle, floor * 0.72, wide, floor * 0.58)
    _shelves(c, inner, rng, wood, floor, (middle - wide * 0.66, middle + wide * 0.66))
    c.fill(box(middle - wide * 0.64, -0.1, middle + wide * 0.64, floor), lighter(wood, -0.05))
    c.fill(arch(middle, floor * 0.73, wide * 1.14, floor * 0.62), lighter(wood, 0.05))
    view(c, light, rng, pane)
    bars = [
        points((middle, 0), (middle, floor * 0.72)),
        *(points((middle - wide / 2, y), (middle + wide / 2, y)) for y in np.linspace(floor * 0.3, floor * 0.6, 3)),
    ]
    c.stroke(bars, 0.008, lighter(wood, -0.02))
    c.fill(box(middle - wide * 0.62, floor * 0.72, middle + wide * 0.62, floor * 0.745), lighter(wood, 0.07))
    _ladder(c, floor, wood, middle + (wide if middle < c.w / 2 else -wide))
    boards = Fade(lighter(wood, 0.04), lighter(wood, -0.06), floor, c.h)
    c.fill(box(-0.01, floor, c.w + 0.01, c.h + 0.01), boards)
    c.stroke(
        [
            points((middle + (x - middle) * 0.75, floor), (middle + (x - middle) * 1.35, c.h))
            for x in np.linspace(-0.3, c.w + 0.3, 15)
        ],
        0.003,
        lighter(wood, -0.1),
        alpha=0.6,
    )
    shaft(c, light, pane, 0.3 * (1 if middle < c.w / 2 else -1), c.h * 0.4)
    lamp_x = c.w * (0.82 if middle < c.w / 2 else 0.16)
    _desk_lamp(c, inner, lamp_x, floor)
    _dust(c, light, rng)
    return Spot(c.w * 0.5, c.h * 0.96, 0.32)


def _shelves(
    c: Canvas, light: Light, rng: np.random.Generator, wood: Colour, floor: float, free: tuple[float, float]
) -> None:
    """Fill the wall with books, but for the place of the window."""
    books: list[Points] = []
    tones: list[Colour] = []
    bands: list[Points] = []
    gloss: list[Points] = []
    rows = 6
    step = floor / rows
    planks: list[Points] = []
    for row in range(rows):
        top, foot = row * step, (row + 1) * step - 0.012
        planks.append(box(-0.01, foot, c.w + 0.01, foot + 0.012))
        x = -0.02
        while x < c.w:
            thick = rng.uniform(0.009, 0.024)
            if free[0] - thick < x < free[1]:
                x = free[1]
                continue
            if rng.random() < 0.05:  # a gap between books
                x += rng.uniform(0.02, 0.05)
                continue
            tall = step * rng.uniform(0.58, 0.84)
            lean = rng.normal(0, 0.004) if rng.random() < 0.15 else 0.0
            spine = points((x + lean, foot - tall), (x + thick + lean, foot - tall), (x + thick, foot), (x, foot))
            tone = _SPINES[int(rng.integers(len(_SPINES)))]
            books.append(spine)
            tones.append(light.lit(mix(lighter(tone, float(rng.choice((-0.05, 0.0, 0.05)))), wood, 0.18)))
            gloss.append(
                points(
                    (x + lean + thick * 0.2, foot - tall),
                    (x + lean + thick * 0.4, foot - tall),
                    (x + thick * 0.4, foot),
                    (x + thick * 0.2, foot),
                )
            )
            if rng.random() < 0.6:
                bands += [box(x, foot - tall * h, x + thick, foot - tall * h + 0.0035) for h in (0.16, 0.82)]
            x += thick + 0.0012
        c.fill(box(-0.01, top - 0.002, c.w + 0.01, top + step * 0.22), lighter(wood, -0.19), alpha=0.85)
    c.patches(books, tones)
    c.fill(gloss, light.sun, alpha=0.13)
    c.fill(bands, light.lit(rgb("#d8b25a")), alpha=0.75)
    c.fill(planks, Fade(lighter(wood, 0.08), lighter(wood, 0.01), 0, floor))
    posts = [
        box(x - 0.008, -0.01, x + 0.008, floor)
        for x in np.arange(0.02, c.w, 0.26)
        if not free[0] - 0.01 < x < free[1] + 0.01
    ]
    c.fill(posts, lighter(wood, 0.06))
    c.fill([p + (0.012, 0) for p in posts], lighter(wood, -0.16), alpha=0.5, blur=0.004)


def _ladder(c: Canvas, floor: float, wood: Colour, x: float) -> None:
    tone = lighter(wood, 0.14)
    rails = [points((x + d, floor + 0.02), (x + d * 0.7 + 0.09, 0.12)) for d in (-0.045, 0.045)]
    rungs = [
        (rails[0][0] + (rails[0][1] - rails[0][0]) * t, rails[1][0] + (rails[1][1] - rails[1][0]) * t)
        for t in np.linspace(0.06, 0.97, 10)
    ]
    c.stroke([points(tuple(a), tuple(b)) for a, b in rungs], 0.007, lighter(tone, -0.05))
    c.stroke(rails, 0.011, tone)


def _desk_lamp(c: Canvas, light: Light, x: float, floor: float) -> None:
    y = floor + 0.015
    c.fill(box(x - 0.14, y, x + 0.14, y + 0.2), light.lit(rgb("#4a2f1e")))
    c.fill(box(x - 0.16, y - 0.016, x + 0.16, y + 0.004), light.lit(rgb("#7a5232")))
    c.stroke(points((x, y - 0.016), (x, y - 0.11)), 0.009, light.lit(rgb("#c99a45")))
    c.fill(ellipse(x, y - 0.018, 0.035, 0.01), light.lit(rgb("#a87a32")))
    shade = smooth(
        points(
            (x - 0.075, y - 0.105),
            (x - 0.055, y - 0.15),
            (x, y - 0.168),
            (x + 0.055, y - 0.15),
            (x + 0.075, y - 0.105),
            (x, y - 0.1),
        ),
        steps=6,
    )
    c.glow(x, y - 0.1, 0.34, rgb("#ffc66e"), alpha=0.8)
    c.fill(shade, Fade(rgb("#2f7a5a"), rgb("#a9d8a0"), y - 0.17, y - 0.1))
    books = [box(x - 0.12, y - 0.04, x - 0.045, y - 0.028), box(x - 0.115, y - 0.028, x - 0.04, y - 0.016)]
    for book, tone in zip(books, (_SPINES[0], _SPINES[2]), strict=True):
        c.fill(book, light.lit(tone))


def _dust(c: Canvas, light: Light, rng: np.random.Generator) -> None:
    specks = [ellipse(rng.random() * c.w, rng.random() * c.h, rng.uniform(0.0006, 0.002), steps=8) for _ in range(90)]
    c.fill(specks, light.sun, alpha=0.3, mode="screen")


def room(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw a quiet room: window, curtain, pictures, a plant, and a table in front."""
    rng = ask.rng("room")
    inner = indoors(light)
    walls = (rgb("#d9c2a4"), rgb("#a9bfae"), rgb("#c99f86"), rgb("#8fa6b0"), rgb("#c8b6c4"))
    wall = inner.lit(mix(walls[int(rng.integers(len(walls)))], light.accent[0], 0.12))
    side = 1 if rng.random() < 0.5 else -1
    floor = c.h * 0.8
    first, last = (lighter(wall, 0.04), lighter(wall, -0.07))
    c.ground(np.zeros(4), Fade(*((first, last) if side < 0 else (last, first)), 0, c.w, across=True))
    x, wide = c.w * (0.5 - 0.24 * side), min(0.36, c.w * 0.4)
    pane = box(x - wide / 2, c.h * 0.14, x + wide / 2, c.h * 0.58)
    c.fill(pane * 1 + (0.008, 0.012), lighter(wall, -0.14), alpha=0.5, blur=0.012)
    c.fill(
        round_box(x - wide / 2 - 0.02, c.h * 0.14 - 0.02, x + wide / 2 + 0.02, c.h * 0.58 + 0.02, 0.004),
        inner.lit(rgb("#f6efe2")),
    )
    view(c, light, rng, pane)
    c.stroke(
        [points((x, c.h * 0.14), (x, c.h * 0.58)), points((x - wide / 2, c.h * 0.36), (x + wide / 2, c.h * 0.36))],
        0.011,
        inner.lit(rgb("#f6efe2")),
    )
    c.fill(box(x - wide / 2 - 0.035, c.h * 0.6, x + wide / 2 + 0.035, c.h * 0.62), inner.lit(rgb("#efe6d6")))
    _curtains(c, inner, x, wide, light.accent[2])
    _pictures(c, inner, rng, c.w * (0.5 + 0.26 * side), c.h * 0.27, light)
    c.fill(box(-0.01, floor - 0.012, c.w + 0.01, floor), inner.lit(rgb("#f3ead9")))
    wood = inner.lit(rgb("#a9744a"))
    c.fill(box(-0.01, floor, c.w + 0.01, c.h + 0.01), Fade(lighter(wood, 0.03), lighter(wood, -0.08), floor, c.h))
    planks = [points((c.w / 2 + (k * 0.09) * 0.8, floor), (c.w / 2 + k * 0.09 * 2.0, c.h)) for k in range(-14, 15)]
    c.stroke(planks, 0.0025, lighter(wood, -0.12), alpha=0.6)
    house_plant(c, inner, rng, c.w * (0.5 + 0.38 * side), floor + 0.06, 0.34)
    shaft(c, light, pane, 0.28 * side, c.h * 0.3)
    _pendant(c, light, c.w * (0.5 + 0.12 * side))
    _table(c, inner)
    return Spot(c.w * (0.5 + 0.06 * side), c.h * 0.87, 0.26)


def _curtains(c: Canvas, light: Light, x: float, wide: float, colour: Colour) -> None:
    tone = light.lit(mix(colour, rgb("#f0e2cc"), 0.45))
    for side in (-1, 1):
        edge = x + side * (wide / 2 + 0.03)
        inner = edge - side * wide * 0.2
        cloth = smooth(
            points(
                (edge + side * 0.03, c.h * 0.1),
                (inner, c.h * 0.1),
                (inner + side * 0.012, c.h * 0.36),
                (inner + side * 0.035, c.h * 0.52),
                (inner - side * 0.0, c.h * 0.75),
                (edge + side * 0.045, c.h * 0.75),
            ),
            steps=8,
        )
        c.fill(cloth, tone)
        folds = [
            ribbon(
                points(
                    (edge - side * wide * 0.2 * t, c.h * 0.1),
                    (edge - side * wide * 0.17 * t, c.h * 0.45),
                    (edge - side * wide * 0.2 * t, c.h * 0.74),
                ),
                (0.004, 0.008, 0.012),
            )
            for t in (0.1, 0.38, 0.66, 0.9)
        ]
        c.fill(folds, lighter(tone, -0.08), alpha=0.7, inside=cloth)
    c.stroke(points((x - wide * 0.75, c.h * 0.1), (x + wide * 0.75, c.h * 0.1)), 0.008, light.lit(rgb("#6b4a2e")))


def _pictures(c: Canvas, light: Light, rng: np.random.Generator, x: float, y: float, outside: Light) -> None:
    for dx, dy, w, h in ((-0.06, 0.0, 0.11, 0.15), (0.075, -0.02, 0.085, 0.1), (0.075, 0.095, 0.085, 0.075)):
        frame = box(x + dx - w / 2, y + dy - h / 2, x + dx + w / 2, y + dy + h / 2)
        c.fill(frame + (0.004, 0.007), rgb("#20181a"), alpha=0.3, blur=0.006)
        c.fill(frame, light.lit(rgb("#4a3526")))
        inset = 0.008
        sheet = box(x + dx - w / 2 + inset, y + dy - h / 2 + inset, x + dx + w / 2 - inset, y + dy + h / 2 - inset)
        tone = outside.accent[int(rng.integers(3))]
        c.fill(sheet, light.lit(mix(tone, rgb("#f6ecd8"), 0.75)))
        c.fill(ellipse(x + dx + rng.normal(0, 0.01), y + dy - h * 0.1, w * 0.2), light.lit(tone), inside=sheet)
        hill = smooth(
            points(
                (x + dx - w, y + dy + h),
                (x + dx - w * 0.3, y + dy + h * 0.08),
                (x + dx + w * 0.2, y + dy + h * 0.2),
                (x + dx + w, y + dy + h),
            )
        )
        c.fill(hill, light.lit(mix(outside.accent[2], rgb("#3a4a44"), 0.4)), inside=sheet)


def _pendant(c: Canvas, light: Light, x: float) -> None:
    y = c.h * 0.2
    c.stroke(points((x, -0.01), (x, y - 0.05)), 0.003, rgb("#2b2320"))
    c.fill(
        smooth(
            points(
                (x - 0.07, y),
                (x - 0.05, y - 0.045),
                (x, y - 0.06),
                (x + 0.05, y - 0.045),
                (x + 0.07, y),
                (x, y + 0.006),
            ),
            steps=6,
        ),
        light.lit(mix(light.accent[0], rgb("#e8c99a"), 0.2)),
    )
    if light.dark:
        c.fill(ellipse(x, y, 0.045, 0.009), rgb("#fff0c4"))
        c.glow(x, y + 0.01, 0.55, rgb("#ffc46a"), alpha=0.75, power=1.8)
    else:
        c.fill(ellipse(x, y, 0.06, 0.008), rgb("#f7e8c6"), alpha=0.8)


def _table(c: Canvas, light: Light) -> None:
    wood = light.lit(rgb("#7f5233"))
    top = c.h * 0.865
    c.fill(box(c.w * 0.06, top + 0.01, c.w * 0.94, top + 0.05), rgb("#1c1210"), alpha=0.35, blur=0.02)
    c.fill(
        round_box(c.w * 0.05, top - 0.006, c.w * 0.95, top + 0.03, 0.008),
        Fade(lighter(wood, 0.1), wood, top, top + 0.03),
    )
    c.fill(
        box(c.w * 0.08, top + 0.03, c.w * 0.92, c.h + 0.02),
        Fade(lighter(wood, -0.09), lighter(wood, -0.02), top + 0.03, c.h),
    )
