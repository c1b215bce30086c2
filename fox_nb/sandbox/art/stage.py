"""Scenes made for showing somebody: a studio backdrop, and a theatre's stage."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art.canvas import Canvas, Fade
from fox_nb.sandbox.art.colour import lighter, mix, rgb
from fox_nb.sandbox.art.curves import Points, box, ellipse, moved, points
from fox_nb.sandbox.art.spot import Ask, Spot

if TYPE_CHECKING:
    from fox_nb.sandbox.art.light import Light


def stage(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw a studio backdrop with one large round of light, or a stage with curtain and beams."""
    rng = ask.rng("stage")
    tone = mix(light.accent[int(rng.integers(3))], light.middle, 0.35)
    if any(word in ask.brief.text for word in ("stage", "theat", "concert", "spotlight")):
        _theatre(c, light, rng)
        return Spot(c.w * 0.5, c.h * 0.93, 0.34)
    dim = light.dark
    wall = lighter(tone, -0.16) if dim else mix(tone, rgb("#f3e6d2"), 0.45)
    c.ground(np.zeros(4), Fade(lighter(wall, 0.03), lighter(wall, -0.1), 0, c.h))
    x, y, r = c.w * (0.5 + rng.uniform(-0.06, 0.06)), c.h * 0.43, 0.4 * min(c.w, c.h)
    disc = mix(light.accent[1], tone, 0.25) if not dim else mix(light.accent[0], tone, 0.3)
    c.fill(ellipse(x, y, r * 1.02), Fade(lighter(disc, 0.06), lighter(disc, -0.06), y - r, y + r))
    ring = ellipse(x, y, r * 1.14)
    c.stroke(np.concatenate([ring, ring[:2]]), 0.004, lighter(disc, 0.08), alpha=0.7)
    leaves: list[Points] = []
    for k in range(16):
        a = math.pi * (0.12 + 0.76 * k / 15)
        leaves.append(
            moved(
                _broad_leaf(rng),
                x - r * 1.14 * math.cos(a),
                y + r * 1.14 * math.sin(a),
                size=r * 0.34,
                turn=a - math.pi / 2 + rng.normal(0, 0.5),
            )
        )
    c.fill(leaves[::2], light.lit(mix(light.accent[2], rgb("#3f6a55"), 0.5)))
    c.fill(leaves[1::2], light.lit(mix(light.accent[2], rgb("#86a56a"), 0.6)))
    c.glow(x - r * 0.5, y - r * 0.7, r * 1.8, light.sun, alpha=0.4)
    return Spot(c.w * 0.5, c.h * 0.92, 0.36)


def _broad_leaf(rng: np.random.Generator) -> Points:
    """Return a broad leaf of unit length that points up."""
    t = np.linspace(0, 1, 12)
    wide = rng.uniform(0.2, 0.32) * np.sin(np.pi * t**0.75)
    return np.concatenate([np.stack([wide, -t], 1), np.stack([-wide, -t], 1)[::-1]])


def _theatre(c: Canvas, light: Light, rng: np.random.Generator) -> None:
    c.ground(np.zeros(4), Fade(rgb("#120a14"), rgb("#2b1420"), 0, c.h))
    floor = c.h * 0.82
    c.fill(box(-0.01, floor, c.w + 0.01, c.h + 0.01), Fade(rgb("#6b3b26"), rgb("#2f1912"), floor, c.h))
    for x, lean, tone in ((0.22, 0.18, light.accent[0]), (0.78, -0.18, light.accent[2]), (0.5, 0.0, rgb("#fff2cf"))):
        beam = points(
            (c.w * x - 0.01, -0.02),
            (c.w * x + 0.01, -0.02),
            (c.w * (x + lean) + 0.2, floor + 0.06),
            (c.w * (x + lean) - 0.2, floor + 0.06),
        )
        c.fill(beam, mix(tone, rgb("#ffffff"), 0.3), alpha=0.3, blur=0.015, mode="screen")
        c.fill(
            ellipse(c.w * (x + lean), floor + 0.06, 0.22, 0.04),
            mix(tone, rgb("#ffffff"), 0.4),
            alpha=0.4,
            blur=0.012,
            mode="screen",
        )
    red = rgb("#8e1f2c")
    for side in (0, 1):
        for k in range(7):
            x = c.w * 0.032 * k
            a, b = (x, x + c.w * 0.036) if side == 0 else (c.w - x - c.w * 0.036, c.w - x)
            foot = c.h * (0.95 - 0.02 * k)
            c.fill(
                points((a, -0.01), (b, -0.01), (b, foot), (a, foot + 0.01)),
                Fade(lighter(red, 0.03), lighter(red, -0.14), a, b, across=True),
            )
    c.fill(
        [ellipse(c.w * (k + 0.5) / 9, -0.02, c.w / 15, 0.09 + 0.01 * (k % 2)) for k in range(9)],
        Fade(lighter(red, -0.06), lighter(red, 0.02), 0, 0.09),
    )
    c.stroke(
        [ellipse(c.w * (k + 0.5) / 9, -0.02, c.w / 15, 0.092 + 0.01 * (k % 2)) for k in range(9)], 0.004, rgb("#d9a53a")
    )
    dust = [ellipse(rng.random() * c.w, rng.random() * floor, rng.uniform(0.0006, 0.002), steps=8) for _ in range(120)]
    c.fill(dust, rgb("#fff2cf"), alpha=0.35, mode="screen")
