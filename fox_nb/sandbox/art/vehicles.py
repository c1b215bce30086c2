"""What drives and flies: car, train, bicycle, balloon, rocket; and a robot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art.colour import lighter, mix, rgb
from fox_nb.sandbox.art.curves import Points, box, ellipse, moved, points, ribbon, round_box, smooth
from fox_nb.sandbox.art.spot import Ask, Spot
from fox_nb.sandbox.art.things import Kit

if TYPE_CHECKING:
    from fox_nb.sandbox.art.canvas import Canvas
    from fox_nb.sandbox.art.light import Light

_STEEL = rgb("#b9bfc6")
_RUBBER = rgb("#23212a")
_HALF = 0.5


def _kit(c: Canvas, light: Light, ask: Ask, spot: Spot, name: str, size: float = 1.0) -> Kit:
    return Kit(c, light, Spot(spot.x, spot.y, spot.size * size), flip=bool(ask.rng(name).random() < _HALF))


def _wheel(k: Kit, x: float, y: float, r: float) -> None:
    k.part(ellipse(x, y, r), _RUBBER)
    k.part(ellipse(x, y, r * 0.6), _STEEL)
    k.line(
        [points((x, y), (x + r * 0.55 * math.cos(a), y + r * 0.55 * math.sin(a))) for a in np.arange(5) * 1.257],
        r * 0.12,
        lighter(_STEEL, -0.2),
    )
    k.part(ellipse(x, y, r * 0.18), lighter(_STEEL, -0.25))


def car(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a small round car with luggage on its roof."""
    k = _kit(c, light, ask, spot, "car", 0.95)
    paint = light.accent[0]
    k.shadow(0.8, 0.06)
    for x, w, y, tone in ((-0.22, 0.3, -0.7, "#8a5a38"), (0.08, 0.22, -0.68, "#d9b060"), (-0.1, 0.2, -0.8, "#3f6f74")):
        k.part(round_box(x - w / 2, y - 0.05, x + w / 2, y + 0.06, 0.02), rgb(tone))
    body = smooth(
        points(
            (-0.78, -0.14),
            (-0.78, -0.3),
            (-0.62, -0.37),
            (-0.5, -0.4),
            (-0.36, -0.6),
            (0.16, -0.62),
            (0.38, -0.4),
            (0.7, -0.34),
            (0.8, -0.22),
            (0.78, -0.1),
            (0, -0.07),
        ),
        steps=8,
    )
    k.part(body, lighter(paint, 0.07), to=lighter(paint, -0.1))
    k.window(
        [
            smooth(points((-0.34, -0.4), (-0.27, -0.55), (-0.06, -0.56), (-0.06, -0.4)), steps=5),
            smooth(points((0.0, -0.4), (0.0, -0.56), (0.13, -0.55), (0.28, -0.4)), steps=5),
        ]
    )
    k.line(
        [
            points((-0.03, -0.58), (-0.03, -0.12)),
            smooth(points((-0.76, -0.26), (0, -0.29), (0.78, -0.25)), closed=False),
        ],
        0.014,
        lighter(paint, -0.16),
        alpha=0.8,
    )
    k.part([box(-0.86, -0.16, -0.7, -0.1), box(0.7, -0.16, 0.86, -0.1)], _STEEL)
    k.part(ellipse(0.74, -0.25, 0.05, 0.055), rgb("#fff2c4"))
    (lamp,) = k.at(points((0.76, -0.25)))
    if light.dark:
        k.c.glow(lamp[0], lamp[1], 0.6 * k.spot.size, rgb("#ffe6a0"), alpha=0.8)
    for x in (-0.46, 0.46):
        k.part(ellipse(x, -0.1, 0.17), lighter(paint, -0.22), inside=box(-1, -0.4, 1, -0.07))
        _wheel(k, x, -0.08, 0.13)


def train(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a steam engine with a carriage."""
    k = _kit(c, light, ask, spot, "train", 1.05)
    paint, trim = mix(light.accent[2], rgb("#22413f"), 0.4), rgb("#d9a53a")
    k.line([points((-2.4, 0.03), (2.4, 0.03))], 0.03, rgb("#5a4a44"))
    k.part([box(x, 0.045, x + 0.07, 0.075) for x in np.arange(-2.4, 2.4, 0.17)], rgb("#5a4030"))
    k.part(round_box(-1.5, -0.62, -0.5, -0.1, 0.03), mix(light.accent[0], rgb("#6f2f28"), 0.35), to=rgb("#4a2420"))
    k.part(round_box(-1.54, -0.68, -0.46, -0.6, 0.03), rgb("#3a2c2a"))
    k.window([round_box(-1.44 + 0.23 * j, -0.52, -1.28 + 0.23 * j, -0.34, 0.02) for j in range(4)])
    k.part(round_box(-0.42, -0.72, -0.02, -0.1, 0.03), paint, to=lighter(paint, -0.08))
    k.part(round_box(-0.47, -0.78, 0.03, -0.7, 0.03), lighter(paint, -0.1))
    k.window([round_box(-0.33, -0.62, -0.11, -0.42, 0.02)])
    k.part(round_box(-0.04, -0.5, 0.7, -0.14, 0.16), lighter(paint, 0.08), to=lighter(paint, -0.1))
    k.part([box(x, -0.5, x + 0.025, -0.14) for x in (0.12, 0.32, 0.52)], trim)
    k.part(points((0.46, -0.5), (0.42, -0.8), (0.62, -0.8), (0.58, -0.5)), rgb("#2c2a30"))
    k.part(ellipse(0.18, -0.5, 0.07, 0.08), trim)
    k.part(points((0.66, -0.1), (0.92, 0.02), (0.5, 0.02)), trim)
    k.part(ellipse(0.71, -0.34, 0.045), rgb("#fff2c4"))
    for x, r in ((-1.3, 0.09), (-1.05, 0.09), (-0.75, 0.09), (-0.25, 0.13), (0.06, 0.13), (0.36, 0.1), (0.58, 0.1)):
        _wheel(k, x, 0.02 - r, r)
    k.line(points((-0.25, -0.08), (0.4, -0.08)), 0.03, _STEEL)
    (top,) = k.at(points((0.52, -0.82)))
    side = 1 if k.flip else -1
    for j in range(8):
        k.c.glow(
            top[0] + side * 0.11 * j * k.spot.size,
            top[1] - (0.1 + 0.07 * j) * k.spot.size,
            (0.12 + 0.05 * j) * k.spot.size,
            mix(light.low, rgb("#ffffff"), 0.5),
            alpha=0.75 - 0.07 * j,
            mode="",
            power=1.1,
        )


def bicycle(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a bicycle with a basket of flowers."""
    k = _kit(c, light, ask, spot, "bicycle", 0.95)
    paint = light.accent[0]
    k.shadow(0.7, 0.04)
    for x in (-0.45, 0.45):
        ring = ellipse(x, -0.3, 0.28, steps=60)
        spokes = [
            points((x, -0.3), (x + 0.27 * math.cos(a), -0.3 + 0.27 * math.sin(a))) for a in np.arange(16) * math.pi / 8
        ]
        k.line(spokes, 0.005, _STEEL, alpha=0.9)
        k.line(np.concatenate([ring, ring[:2]]), 0.035, _RUBBER)
    seat, crank, head, hub = (-0.2, -0.72), (-0.06, -0.3), (0.3, -0.76), (-0.45, -0.3)
    k.line(
        [
            points(seat, crank),
            points(crank, head),
            points(seat, (0.27, -0.68)),
            points(hub, crank),
            points(hub, (-0.17, -0.66)),
            points(head, (0.45, -0.3)),
        ],
        0.035,
        paint,
    )
    k.line(
        [
            points((0.3, -0.76), (0.27, -0.9)),
            smooth(points((0.16, -0.86), (0.27, -0.92), (0.36, -0.88)), closed=False),
            points(seat, (-0.21, -0.78)),
        ],
        0.026,
        _STEEL,
    )
    k.part(smooth(points((-0.34, -0.8), (-0.2, -0.83), (-0.08, -0.79), (-0.2, -0.76))), rgb("#5a3a28"))
    k.part(ellipse(*crank, 0.06), lighter(_STEEL, -0.15))
    k.line(points((crank[0] - 0.08, crank[1] + 0.1), (crank[0] + 0.08, crank[1] - 0.1)), 0.02, _RUBBER)
    rng = ask.rng("basket")
    for j in range(12):
        k.part(
            ellipse(0.33 + 0.028 * j % 0.3 + 0.06, -0.88 - rng.random() * 0.09, 0.035),
            (light.accent[1], rgb("#f7dbe4"), light.accent[0])[j % 3],
        )
    basket = points((0.33, -0.88), (0.67, -0.88), (0.62, -0.64), (0.38, -0.64))
    k.part(basket, rgb("#b9854e"), to=rgb("#8f6238"))
    k.line([points((0.33, y), (0.67, y)) for y in (-0.82, -0.76, -0.7)], 0.01, rgb("#e0b880"), alpha=0.8)


def balloon(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a hot-air balloon, and two smaller ones far off."""
    rng = ask.rng("balloon")
    for far, dx, dy, size in ((0.6, -0.34, -0.3, 0.26), (0.45, 0.36, -0.12, 0.36), (0.0, 0.0, 0.0, 1.0)):
        s = spot.size * 1.25 * size
        k = Kit(c, light, Spot(spot.x + dx * c.w * 0.9 + rng.normal(0, 0.02), spot.y + dy * c.h, s), far=far)
        _one_balloon(k, [light.accent[(j + int(rng.integers(3))) % 3] for j in range(3)])


def _one_balloon(k: Kit, tones: list[tuple[int, int, int]]) -> None:
    def bow(x: float) -> Points:
        return smooth(
            [(0, -1.32), (x * 0.36, -1.22), (x * 0.5, -0.9), (x * 0.34, -0.52), (x * 0.12, -0.3)], closed=False
        )

    edges = [-1.0, -0.72, -0.28, 0.28, 0.72, 1.0]
    for j in range(5):
        gore = np.concatenate([bow(edges[j]), bow(edges[j + 1])[::-1]])
        tone = tones[j % 2] if j % 2 else mix(tones[2], rgb("#fbf1dc"), 0.55)
        k.part(gore, lighter(tone, 0.05), to=lighter(tone, -0.1))
    outline = np.concatenate([bow(-1.0), bow(1.0)[::-1]])
    k.part(
        smooth(points((0.5, -1.3), (0.1, -0.3), (0.7, -0.3), (0.8, -1.0))),
        rgb("#1a1024"),
        alpha=0.3,
        blur=0.08,
        inside=outline,
    )
    k.part(ellipse(-0.2, -1.05, 0.09, 0.17, turn=0.3), rgb("#ffffff"), alpha=0.35, blur=0.04, inside=outline)
    k.line([points((x * 0.1, -0.3), (x * 0.08, -0.14)) for x in (-1, -0.3, 0.3, 1)], 0.006, rgb("#4a3a30"))
    k.part(round_box(-0.09, -0.15, 0.09, 0.0, 0.02), rgb("#a9744a"), to=rgb("#6f4a2e"))
    k.line([points((-0.09, y), (0.09, y)) for y in (-0.11, -0.06)], 0.008, rgb("#d9ad78"))
    k.lamp(0, -0.3, 0.4)


def rocket(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a rocket that takes off, on a plume of fire."""
    k = Kit(c, light, Spot(spot.x, spot.y - 0.12, spot.size * 1.1))
    turn = 0.25 if ask.rng("rocket").random() < _HALF else -0.25
    (x, y) = k.at(points((0, 0.0)))[0]
    k.c.glow(x - 0.1 * turn, y, 0.55 * k.spot.size * 1.3, rgb("#ff9a4a"), alpha=0.8)
    for wide, long, tone in ((0.2, 0.62, "#ff7a3a"), (0.14, 0.46, "#ffc04a"), (0.07, 0.3, "#fff6d8")):
        flame = smooth(points((-wide * 0.7, -0.16), (wide * 0.7, -0.16), (wide, 0.05), (0.02, long), (-wide, 0.05)))
        k.c.fill(k.at(moved(flame, turn=turn)), rgb(tone), blur=0.008)
    paint = light.accent[0]
    fins = [points((s * 0.14, -0.45), (s * 0.36, -0.2), (s * 0.34, 0.0), (s * 0.12, -0.14)) for s in (-1, 1)]
    k.part([moved(f, turn=turn) for f in fins], paint, to=lighter(paint, -0.12))
    hull = smooth(
        points((0, -1.25), (0.13, -1.0), (0.19, -0.6), (0.14, -0.14), (-0.14, -0.14), (-0.19, -0.6), (-0.13, -1.0))
    )
    k.part(moved(hull, turn=turn), rgb("#f7f1e6"), to=rgb("#c9c6cc"))
    k.part(
        moved(points((0.06, -1.3), (0.3, -1.3), (0.3, 0), (0.04, 0)), turn=turn),
        rgb("#2a2a44"),
        alpha=0.22,
        inside=moved(hull, turn=turn),
    )
    nose = smooth(points((0, -1.25), (0.13, -1.0), (0, -0.96), (-0.13, -1.0)))
    k.part(moved(nose, turn=turn), paint)
    k.part(moved(ellipse(0, -0.72, 0.095), turn=turn), lighter(_STEEL, -0.15))
    k.c.fill(k.at(moved(ellipse(0, -0.72, 0.07), turn=turn)), rgb("#8fd6f0"))
    k.c.fill(k.at(moved(ellipse(-0.02, -0.745, 0.025), turn=turn)), rgb("#f4fdff"))
    k.part(moved(points((-0.018, -0.36), (0.018, -0.36), (0.018, 0.02), (-0.018, 0.02)), turn=turn), paint)


def robot(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a friendly robot."""
    k = _kit(c, light, ask, spot, "robot", 1.15)
    paint = mix(light.accent[2], rgb("#8fb0b8"), 0.45)
    dark = lighter(paint, -0.25)
    k.shadow(0.42, 0.05)
    for s in (-1, 1):
        k.part(ribbon(points((s * 0.12, -0.32), (s * 0.13, -0.06)), 0.075), dark)
        k.part(round_box(s * 0.14 - 0.1, -0.08, s * 0.14 + 0.1, 0.01, 0.04), paint)
        arm = smooth(
            points((s * 0.24, -0.6), (s * 0.38, -0.48), (s * 0.36 + 0.03 * s, -0.3 if s < 0 else -0.72)), closed=False
        )
        k.part(ribbon(arm, 0.06), dark)
        k.part(ellipse(float(arm[-1, 0]), float(arm[-1, 1]), 0.06), paint)
    k.part(round_box(-0.26, -0.7, 0.26, -0.28, 0.09), lighter(paint, 0.06), to=lighter(paint, -0.08))
    k.part(round_box(-0.15, -0.58, 0.15, -0.4, 0.03), lighter(paint, -0.16))
    k.part([ellipse(-0.08 + 0.08 * j, -0.52, 0.022) for j in range(3)], light.accent[0])
    k.part([box(-0.11 + 0.05 * j, -0.46, -0.08 + 0.05 * j, -0.43) for j in range(5)], light.accent[1])
    k.part(box(-0.06, -0.75, 0.06, -0.69), dark)
    k.part(round_box(-0.24, -1.08, 0.24, -0.74, 0.12), lighter(paint, 0.1), to=paint)
    k.part(round_box(-0.18, -1.0, 0.18, -0.81, 0.08), rgb("#182430"))
    for s in (-1, 1):
        (x, y) = k.at(points((s * 0.08, -0.915)))[0]
        k.c.fill(k.at(ellipse(s * 0.08, -0.915, 0.042)), rgb("#8ff4ff"))
        k.c.fill(k.at(ellipse(s * 0.08 + 0.01, -0.925, 0.014)), rgb("#ffffff"))
        k.c.glow(x, y, 0.14 * k.spot.size, rgb("#7ff0ff"), alpha=0.7)
        k.part(ellipse(s * 0.25, -0.91, 0.035, 0.06), dark)
    k.c.stroke(
        k.at(smooth(points((-0.06, -0.85), (0, -0.832), (0.06, -0.85)), closed=False)),
        0.012 * k.spot.size,
        rgb("#8ff4ff"),
    )
    k.line(points((0, -1.08), (0, -1.2)), 0.018, dark)
    k.part(ellipse(0, -1.22, 0.035), light.accent[0])
    k.lamp(0, -1.22, 0.25)
