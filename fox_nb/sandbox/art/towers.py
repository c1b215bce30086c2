"""Buildings that stand alone: castle, lighthouse and windmill; and a single large tree."""

# ruff: noqa: PLR2004
# (a drawing is made of numbers)

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art.colour import lighter, mix, rgb
from fox_nb.sandbox.art.curves import box, ellipse, moved, points, round_box, smooth
from fox_nb.sandbox.art.plants import tree
from fox_nb.sandbox.art.spot import Ask, Spot
from fox_nb.sandbox.art.things import Kit

if TYPE_CHECKING:
    from fox_nb.sandbox.art.canvas import Canvas
    from fox_nb.sandbox.art.light import Light


def castle(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a castle with pointed towers and pennants."""
    k = Kit(c, light, Spot(spot.x, spot.y, spot.size * 1.25), flip=bool(ask.rng("castle").random() < 0.5))
    stone, roof = rgb("#c9bda8"), mix(light.accent[2], rgb("#44506e"), 0.5)
    k.shadow(0.8, 0.05)
    towers = ((-0.5, 0.17, 0.72), (-0.22, 0.15, 1.0), (0.08, 0.2, 0.82), (0.34, 0.14, 1.12), (0.56, 0.17, 0.62))
    k.part(box(-0.55, -0.42, 0.6, 0.02), lighter(stone, -0.06), to=lighter(stone, -0.12))
    k.part([box(x, -0.47, x + 0.045, -0.41) for x in np.arange(-0.54, 0.58, 0.08)], lighter(stone, -0.06))
    for x, wide, tall in towers:
        k.part(box(x - wide / 2, -tall, x + wide / 2, 0.02), lighter(stone, 0.03), to=lighter(stone, -0.08))
        k.part(box(x + wide * 0.12, -tall, x + wide / 2, 0.02), lighter(stone, -0.14), alpha=0.45)
        k.part(box(x - wide * 0.6, -tall - 0.03, x + wide * 0.6, -tall + 0.03), lighter(stone, -0.02))
        k.part(
            points((x - wide * 0.66, -tall - 0.03), (x, -tall - wide * 2.1), (x + wide * 0.66, -tall - 0.03)),
            lighter(roof, 0.06),
            to=lighter(roof, -0.06),
        )
        k.part(
            points((x + wide * 0.1, -tall - 0.03), (x, -tall - wide * 2.1), (x + wide * 0.66, -tall - 0.03)),
            lighter(roof, -0.12),
            alpha=0.5,
        )
        top = -tall - wide * 2.1
        k.line(points((x, top), (x, top - 0.12)), 0.009, rgb("#3a3436"))
        k.part(
            smooth(
                points(
                    (x, top - 0.12),
                    (x + 0.07, top - 0.105),
                    (x + 0.12, top - 0.085),
                    (x + 0.06, top - 0.07),
                    (x, top - 0.06),
                ),
                steps=4,
            ),
            light.accent[0],
        )
        slits = [
            round_box(x - 0.02, -tall + h, x + 0.02, -tall + h + 0.07, 0.02) for h in np.arange(0.1, tall - 0.15, 0.2)
        ]
        k.window(slits)
        k.lamp(x, -tall + 0.14, 0.2, alpha=0.5)
    k.part(round_box(-0.02, -0.22, 0.18, 0.3, 0.1), rgb("#4a3428"), inside=box(-1, -1, 1, 0.02))


def lighthouse(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a striped lighthouse on its rock, with a beam in the dark hours."""
    k = Kit(c, light, Spot(spot.x, spot.y, spot.size * 1.35), flip=bool(ask.rng("lighthouse").random() < 0.5))
    if light.dark or light.glowing:
        for reach in (1.0, -1.0):
            beam = points((0, -1.12), (reach * 2.6, -1.5), (reach * 2.6, -0.95))
            k.c.fill(
                k.at(beam), rgb("#fff0bf"), alpha=0.4 if light.dark else 0.22, blur=0.05 * spot.size, mode="screen"
            )
    rock = smooth(
        points((-0.7, 0.1), (-0.5, -0.08), (-0.22, -0.16), (0.2, -0.14), (0.42, -0.05), (0.75, 0.1), (0, 0.16))
    )
    k.part(rock, rgb("#6a6258"), to=rgb("#38343a"))
    k.part(
        [
            smooth(points((-0.3, -0.1), (-0.1, -0.02), (-0.2, 0.08), (-0.45, 0.06))),
            smooth(points((0.2, -0.06), (0.4, 0.0), (0.3, 0.08), (0.12, 0.04))),
        ],
        rgb("#857b6c"),
        alpha=0.5,
    )
    tower = points((-0.155, -0.1), (-0.1, -1.0), (0.1, -1.0), (0.155, -0.1))
    k.part(tower, rgb("#f7efe0"))
    red = mix(light.accent[0], rgb("#c23a2c"), 0.5)
    k.part([box(-0.3, -0.1 - 0.9 * (j + 1) / 6, 0.3, -0.1 - 0.9 * j / 6) for j in (1, 3, 5)], red, inside=tower)
    k.part(points((0.03, -0.1), (0.02, -1.0), (0.1, -1.0), (0.155, -0.1)), rgb("#2a2030"), alpha=0.25)
    k.part(box(-0.15, -1.04, 0.15, -1.0), rgb("#3a3238"))
    k.line(
        [points((x, -1.1), (x, -1.03)) for x in np.linspace(-0.14, 0.14, 7)] + [points((-0.14, -1.1), (0.14, -1.1))],
        0.01,
        rgb("#3a3238"),
    )
    k.c.fill(
        k.at(box(-0.075, -1.2, 0.075, -1.03)),
        rgb("#fff0b8") if light.dark or light.glowing else mix(light.low, light.middle, 0.4),
    )
    k.line([points((x, -1.2), (x, -1.03)) for x in (-0.075, 0.0, 0.075)], 0.012, rgb("#3a3238"))
    k.part(smooth(points((-0.11, -1.19), (0, -1.36), (0.11, -1.19)), steps=6), red)
    k.lamp(0, -1.12, 0.6)
    k.window([round_box(-0.03, -0.62, 0.03, -0.52, 0.03), round_box(-0.03, -0.86, 0.03, -0.78, 0.03)])
    k.part(round_box(-0.045, -0.25, 0.045, -0.05, 0.045), rgb("#4a3428"))


def windmill(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a mill with four lattice sails."""
    rng = ask.rng("windmill")
    k = Kit(c, light, Spot(spot.x, spot.y, spot.size * 1.15), flip=bool(rng.random() < 0.5))
    k.shadow(0.5, 0.05)
    wall = points((-0.26, 0.02), (-0.15, -0.76), (0.15, -0.76), (0.26, 0.02))
    k.part(wall, rgb("#f2e6d0"), to=rgb("#d2c0a2"))
    k.part(points((0.05, 0.02), (0.04, -0.76), (0.15, -0.76), (0.26, 0.02)), rgb("#2a2030"), alpha=0.18)
    roof = mix(light.accent[0], rgb("#6f3a2c"), 0.5)
    k.part(
        smooth(points((-0.19, -0.74), (-0.15, -0.92), (0, -1.0), (0.15, -0.92), (0.19, -0.74), (0, -0.72))),
        lighter(roof, 0.04),
        to=lighter(roof, -0.08),
    )
    k.part(round_box(-0.06, -0.2, 0.06, 0.02, 0.05), rgb("#5a4030"))
    k.window([round_box(-0.035, -0.42, 0.035, -0.32, 0.02), round_box(-0.03, -0.62, 0.03, -0.54, 0.02)])
    k.lamp(0, -0.37, 0.3)
    turn = rng.uniform(0, math.pi / 2)
    for q in range(4):
        a = turn + q * math.pi / 2
        cloth = moved(box(0.02, -0.62, 0.13, -0.12), 0, -0.84, turn=a)
        k.part(cloth, rgb("#fbf4e6"), alpha=0.92)
        bars = [moved(points((0.0, -y), (0.13, -y)), 0, -0.84, turn=a) for y in np.linspace(0.12, 0.62, 8)]
        bars += [moved(points((x, -0.12), (x, -0.62)), 0, -0.84, turn=a) for x in (0.05, 0.09, 0.13)]
        k.line(bars, 0.007, rgb("#7a5a40"))
        k.line(moved(points((0, 0), (0, -0.66)), 0, -0.84, turn=a), 0.022, rgb("#4a3428"))
    k.part(ellipse(0, -0.84, 0.035), rgb("#3a2a22"))


def big_tree(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw one large tree."""
    tones = {
        "red": rgb("#b5402c"),
        "pink": rgb("#f0a8bc"),
        "orange": rgb("#d9822e"),
        "yellow": rgb("#e0b23a"),
        "gold": rgb("#d9a53a"),
    }
    named = [*ask.brief.colours, *(["orange"] if "autumn" in ask.brief.text.split() else [])]
    colour = next((tones[name] for name in named if name in tones), None)
    Kit(c, light, spot).shadow(0.8, 0.07)
    tree(c, light, ask.rng("tree"), spot.x, spot.y, spot.size * 1.5, colour=colour)
