"""Things for a table or a hand: cup, book, fruit, lantern, guitar, flowers in a vase."""

# ruff: noqa: PLR2004
# (a drawing is made of numbers)

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art.colour import Colour, lighter, mix, rgb
from fox_nb.sandbox.art.curves import Points, box, ellipse, leaf, moved, points, ribbon, round_box, smooth
from fox_nb.sandbox.art.plants import flower
from fox_nb.sandbox.art.spot import Ask, Spot
from fox_nb.sandbox.art.things import Kit

if TYPE_CHECKING:
    from fox_nb.sandbox.art.canvas import Canvas
    from fox_nb.sandbox.art.light import Light

_INSIDE = ("room", "library", "stage")


def cup(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a cup of coffee on its saucer, steaming."""
    k = Kit(c, light, spot, flip=bool(ask.rng("cup").random() < 0.5))
    china = mix(light.accent[2], rgb("#f7efe0"), 0.55)
    k.shadow(0.62, 0.08)
    k.part(ellipse(0, -0.04, 0.58, 0.1), lighter(china, 0.03), to=lighter(china, -0.1))
    k.part(ellipse(0, -0.055, 0.36, 0.055), lighter(china, -0.1))
    ring = ellipse(0.42, -0.4, 0.15, 0.16)
    k.line(np.concatenate([ring, ring[:2]]), 0.065, lighter(china, -0.05))
    body = smooth(
        points(
            (-0.42, -0.64),
            (-0.41, -0.4),
            (-0.3, -0.12),
            (-0.15, -0.05),
            (0.15, -0.05),
            (0.3, -0.12),
            (0.41, -0.4),
            (0.42, -0.64),
            (0, -0.6),
        ),
        steps=8,
    )
    k.part(body, lighter(china, 0.04), to=lighter(china, -0.08))
    k.part(
        smooth(points((0.12, -0.7), (0.5, -0.7), (0.5, 0), (0.1, 0), (0.22, -0.3))),
        rgb("#2a1a20"),
        alpha=0.24,
        blur=0.06,
        inside=body,
    )
    k.part(
        smooth(points((-0.34, -0.55), (-0.28, -0.56), (-0.22, -0.2), (-0.27, -0.2))),
        rgb("#ffffff"),
        alpha=0.5,
        blur=0.02,
        inside=body,
    )
    k.part(ellipse(0, -0.63, 0.42, 0.085), lighter(china, 0.08))
    coffee = ellipse(0, -0.62, 0.375, 0.066)
    k.part(coffee, rgb("#5a3320"))
    k.part(ellipse(0, -0.62, 0.3, 0.05), rgb("#b57a48"), inside=coffee)
    for j in range(5):
        k.part(
            moved(
                smooth(
                    points((0, 0.02), (-0.06, -0.012), (-0.03, -0.028), (0, -0.014), (0.03, -0.028), (0.06, -0.012))
                ),
                0,
                -0.585 - 0.016 * j,
                size=1.6 - 0.27 * j,
            ),
            rgb("#f6e6cc") if j % 2 == 0 else rgb("#b57a48"),
            inside=coffee,
        )
    for x, bend in ((-0.12, 0.1), (0.02, -0.12), (0.15, 0.08)):
        steam = smooth(points((x, -0.72), (x + bend, -0.95), (x - bend, -1.2), (x + bend * 0.6, -1.48)), closed=False)
        k.c.fill(k.at(ribbon(steam, (0.02, 0.06, 0.05, 0.01))), rgb("#ffffff"), alpha=0.5, blur=0.018 * spot.size)


def book(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a stack of books, an open one on top."""
    k = Kit(c, light, spot, flip=bool(ask.rng("book").random() < 0.5))
    k.shadow(0.7, 0.06)
    y = 0.0
    for j, (w, h) in enumerate(((1.1, 0.14), (0.98, 0.11), (1.04, 0.13))):
        tone = mix(light.accent[j % 3], rgb("#4a3030"), 0.3)
        dx = 0.05 * (-1) ** j
        k.part(round_box(-w / 2 + dx, y - h, w / 2 + dx, y, 0.02), lighter(tone, 0.03), to=lighter(tone, -0.07))
        k.part(
            round_box(-w / 2 + dx + 0.05, y - h + 0.022, w / 2 + dx + 0.004, y - 0.022, 0.01),
            rgb("#f3e8d0"),
            to=rgb("#dccdb0"),
        )
        k.part(
            [box(-w / 2 + dx + 0.06 + 0.1 * q, y - h, -w / 2 + dx + 0.075 + 0.1 * q, y) for q in (-0.4, 0.0)],
            rgb("#d9b25a"),
        )
        y -= h
    for s in (-1, 1):
        page = smooth(
            points((0, y - 0.02), (s * 0.2, y - 0.14), (s * 0.6, y - 0.12), (s * 0.64, y - 0.03), (s * 0.3, y - 0.03)),
            steps=8,
        )
        k.part(page, rgb("#fbf4e2"), to=rgb("#e2d4b8"))
        k.line(
            [
                smooth(
                    points(
                        (s * 0.08, y - 0.06 - d * 0.7), (s * 0.25, y - 0.115 - d * 0.2), (s * 0.54, y - 0.095 + d * 0.4)
                    ),
                    closed=False,
                )
                for d in (0, 0.015, 0.03)
            ],
            0.006,
            rgb("#8a7a68"),
            alpha=0.6,
        )


def fruit(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a bowl of fruit."""
    rng = ask.rng("fruit")
    k = Kit(c, light, Spot(spot.x, spot.y, spot.size * 1.1), flip=bool(rng.random() < 0.5))
    k.shadow(0.62, 0.07)
    tones = ("#c8382c", "#e88a2a", "#e6b930", "#8fae3a", "#b03050")
    spots = [
        (-0.3, -0.5, 0.19),
        (0.3, -0.5, 0.2),
        (0.0, -0.55, 0.22),
        (-0.16, -0.72, 0.18),
        (0.18, -0.74, 0.19),
        (0.0, -0.92, 0.17),
    ]
    for n, (x, y, r) in enumerate(spots):
        _fruit(k, x, y, r, rgb(tones[(n + int(rng.integers(5))) % 5]), stem=n != 4)  # one of them lies on its stem
    bowl = smooth(
        points((-0.58, -0.46), (-0.5, -0.2), (-0.26, -0.05), (0.26, -0.05), (0.5, -0.2), (0.58, -0.46), (0, -0.42)),
        steps=8,
    )
    china = mix(light.accent[2], rgb("#eee4d4"), 0.35)
    k.part(bowl, lighter(china, 0.05), to=lighter(china, -0.12))
    k.part(box(-0.2, -0.07, 0.2, 0.0), lighter(china, -0.1))
    k.line(smooth(points((-0.53, -0.34), (0, -0.27), (0.53, -0.34)), closed=False), 0.02, rgb("#fbf4e6"), alpha=0.7)
    _fruit(k, 0.74, -0.14, 0.15, rgb(tones[int(rng.integers(5))]), stem=True)


def _fruit(k: Kit, x: float, y: float, r: float, tone: Colour, *, stem: bool) -> None:
    shape = moved(
        smooth(
            points(
                (0, -0.86),
                (0.55, -1.0),
                (1.0, -0.4),
                (0.8, 0.55),
                (0.3, 0.98),
                (0, 0.9),
                (-0.3, 0.98),
                (-0.8, 0.55),
                (-1.0, -0.4),
                (-0.55, -1.0),
            )
        ),
        x,
        y,
        size=r,
    )
    k.part(shape, lighter(tone, 0.06), to=lighter(tone, -0.1))
    k.part(ellipse(x + r * 0.55, y + r * 0.3, r * 0.75), lighter(tone, -0.25), alpha=0.45, blur=r * 0.3, inside=shape)
    k.part(ellipse(x - r * 0.38, y - r * 0.42, r * 0.24, r * 0.32, turn=0.5), rgb("#ffffff"), alpha=0.55, blur=r * 0.08)
    if stem:
        k.part(
            ribbon(
                smooth(
                    points((x, y - r * 0.82), (x + r * 0.08, y - r * 1.1), (x + r * 0.25, y - r * 1.3)), closed=False
                ),
                (0.02, 0.014),
            ),
            rgb("#5a3f28"),
        )
        k.part(moved(leaf(r * 0.75, r * 0.36), x + r * 0.1, y - r * 1.05, turn=1.1), rgb("#5a8a3f"))


def lamp(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:  # noqa: ARG001 (all are called alike)
    """Draw a lantern with a flame."""
    k = Kit(c, light, Spot(spot.x, spot.y, spot.size * 0.95))
    iron = rgb("#3a3034")
    k.shadow(0.4, 0.06)
    (x, y) = k.at(points((0, -0.45)))[0]
    k.c.glow(x, y, 1.7 * k.spot.size, rgb("#ffb44f"), alpha=0.85)
    k.part(round_box(-0.3, -0.08, 0.3, 0.0, 0.03), iron)
    k.c.fill(k.at(points((-0.24, -0.08), (-0.2, -0.78), (0.2, -0.78), (0.24, -0.08))), rgb("#ffdf9a"), alpha=0.55)
    k.c.fill(k.at(ellipse(0, -0.14, 0.07, 0.07)), rgb("#f6ead0"))
    flame = smooth(points((0, -0.56), (0.075, -0.38), (0.05, -0.24), (0, -0.2), (-0.05, -0.24), (-0.075, -0.36)))
    k.c.fill(k.at(flame), rgb("#ffa53a"), blur=0.01 * k.spot.size)
    k.c.fill(k.at(moved(flame, 0, -0.1, size=0.6)), rgb("#fff6d0"))
    k.line([points((s * 0.24, -0.08), (s * 0.2, -0.78)) for s in (-1, -0.33, 0.33, 1)], 0.026, iron)
    k.part([points((-0.3, -0.77), (0.3, -0.77), (0.12, -0.98), (-0.12, -0.98)), box(-0.06, -1.04, 0.06, -0.97)], iron)
    ring = ellipse(0, -1.12, 0.1)
    k.line(np.concatenate([ring, ring[:2]]), 0.025, iron)


def guitar(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a guitar that leans in its stand."""
    k = Kit(c, light, Spot(spot.x, spot.y, spot.size * 1.15), flip=bool(ask.rng("guitar").random() < 0.5))
    turn, wood = 0.14, mix(rgb("#c98a48"), light.accent[0], 0.15)

    def at(shape: Points) -> Points:
        return moved(shape, 0.0, 0.0, turn=turn)

    k.shadow(0.4, 0.05)
    body = smooth(
        points(
            (0, -0.78),
            (0.16, -0.76),
            (0.2, -0.62),
            (0.15, -0.5),
            (0.26, -0.3),
            (0.24, -0.08),
            (0, -0.01),
            (-0.24, -0.08),
            (-0.26, -0.3),
            (-0.15, -0.5),
            (-0.2, -0.62),
            (-0.16, -0.76),
        )
    )
    k.part(at(body * (1.06, 1.02)), rgb("#4a2c1c"))
    k.part(at(body), lighter(wood, 0.06), to=lighter(wood, -0.08))
    grain = [at(points((x, -0.76), (x * 1.15, -0.02))) for x in np.linspace(-0.22, 0.22, 16)]
    k.c.stroke(
        [k.at(g) for g in grain], 0.004 * k.spot.size, k.tone(lighter(wood, -0.12)), alpha=0.4, inside=k.at(at(body))
    )
    k.part(at(ellipse(0, -0.5, 0.095)), rgb("#2a1a14"))
    ring = at(ellipse(0, -0.5, 0.115))
    k.line(np.concatenate([ring, ring[:2]]), 0.012, rgb("#f0dcae"))
    k.part(at(box(-0.035, -1.42, 0.035, -0.6)), rgb("#3a241a"))
    k.line([at(points((-0.035, y), (0.035, y))) for y in np.linspace(-1.38, -0.7, 12)], 0.007, rgb("#d9d0c0"))
    k.part(at(points((-0.035, -1.4), (-0.06, -1.62), (0.06, -1.62), (0.035, -1.4))), rgb("#4a2c1c"))
    k.part([at(ellipse(s * 0.075, -1.46 - 0.06 * j, 0.016)) for s in (-1, 1) for j in range(3)], rgb("#e6dcc8"))
    k.part(at(box(-0.1, -0.25, 0.1, -0.21)), rgb("#2a1a14"))
    k.line(
        [at(points((x, -1.42), (x * 1.6, -0.22))) for x in np.linspace(-0.026, 0.026, 6)],
        0.0035,
        rgb("#f4efe4"),
        alpha=0.9,
    )


def flowers(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a bunch in a vase indoors, or tall flowers on the ground."""
    rng = ask.rng("flowers")
    named = {
        "red": "#c8372d",
        "white": "#fbf5ea",
        "pink": "#ea8fb0",
        "yellow": "#f2cb3d",
        "purple": "#8a5bb8",
        "blue": "#5b82cf",
        "orange": "#ee8a35",
    }
    tones = [rgb(named[n]) for n in ask.brief.colours if n in named] or [
        light.accent[0],
        light.accent[1],
        rgb("#f2c4d2"),
    ]
    if ask.brief.scene not in _INSIDE:
        for j in range(7):
            x = spot.x + (j - 3) * 0.3 * spot.size + rng.normal(0, 0.02)
            flower(c, light, rng, x, spot.y + 0.02, spot.size * rng.uniform(0.85, 1.35), tones[j % len(tones)])
        return
    k = Kit(c, light, spot)
    k.shadow(0.4, 0.06)
    for j in range(9):
        a = (j - 4) / 4
        flower(
            c,
            light,
            rng,
            spot.x + a * 0.2 * spot.size,
            spot.y - 0.45 * spot.size,
            spot.size * (0.95 - 0.28 * abs(a)) * rng.uniform(0.85, 1.1),
            tones[j % len(tones)],
        )
    china = mix(light.accent[2], rgb("#e9e2d6"), 0.35)
    vase = smooth(
        points(
            (-0.16, -0.72),
            (-0.12, -0.58),
            (-0.28, -0.32),
            (-0.24, -0.08),
            (-0.14, 0.0),
            (0.14, 0.0),
            (0.24, -0.08),
            (0.28, -0.32),
            (0.12, -0.58),
            (0.16, -0.72),
            (0, -0.7),
        ),
        steps=8,
    )
    k.part(vase, lighter(china, 0.05), to=lighter(china, -0.12))
    k.part(
        smooth(points((0.06, -0.75), (0.4, -0.7), (0.4, 0.05), (0.05, 0.05), (0.14, -0.3))),
        rgb("#20161c"),
        alpha=0.25,
        blur=0.05,
        inside=vase,
    )
    k.part(ellipse(-0.14, -0.34, 0.035, 0.13, turn=0.15), rgb("#ffffff"), alpha=0.5, blur=0.02)


def particles(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:  # noqa: ARG001 (all are called alike)
    """Sparks that burst outwards from the middle."""
    rng = ask.rng("particles")
    tones = (
        (rgb("#ffd36b"), rgb("#fff3c4"), rgb("#ff9f45"))
        if not ask.brief.colours or "gold" in ask.brief.colours
        else (light.accent[0], rgb("#ffffff"), light.accent[1])
    )
    x, y = c.w * 0.5, c.h * 0.46
    c.glow(x, y, 0.62, tones[0], alpha=0.5)
    for n, tone in enumerate(tones):
        angle = rng.uniform(0, 2 * math.pi, 240)
        far = 0.12 + 0.62 * rng.random(240) ** 0.8
        size = rng.uniform(0.0012, 0.0055, 240) * (0.4 + far)
        px, py = x + far * np.cos(angle), y + far * np.sin(angle) * 0.95
        c.fill(
            [ellipse(a, b, s, steps=12) for a, b, s in zip(px, py, size, strict=True)],
            tone,
            alpha=0.9,
            mode="" if n == 0 else "screen",
        )
        trails = [
            points((a, b), (a - 0.03 * math.cos(t) * q, b - 0.03 * math.sin(t) * q))
            for a, b, t, q in zip(px[:90], py[:90], angle[:90], far[:90] * 2.4, strict=True)
        ]
        c.stroke(trails, 0.0013, tone, alpha=0.45)
    for _ in range(16):
        t, q = rng.uniform(0, 2 * math.pi), rng.uniform(0.2, 0.66)
        c.glow(x + q * math.cos(t), y + q * math.sin(t), rng.uniform(0.015, 0.04), tones[1], alpha=0.8)
