"""Made things: boats, houses, towers, vehicles, and what stands on a table."""

# ruff: noqa: PLR2004
# (a drawing is made of numbers)

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art.canvas import Canvas, Fade
from fox_nb.sandbox.art.colour import Colour, lighter, mix, rgb
from fox_nb.sandbox.art.curves import Points, box, ellipse, moved, points, round_box, smooth

if TYPE_CHECKING:
    from fox_nb.sandbox.art.light import Light
    from fox_nb.sandbox.art.spot import Ask, Spot


class Kit:
    """Draws the parts of a thing in the thing's own measure: its foot's middle is (0, 0), its height about 1."""

    def __init__(self, c: Canvas, light: Light, spot: Spot, *, flip: bool = False, far: float = 0.0) -> None:
        self.c, self.light, self.spot, self.flip, self.far = c, light, spot, flip, far

    def at(self, shape: Points) -> Points:
        """Return canvas places of a part."""
        return moved(shape, self.spot.x, self.spot.y, size=self.spot.size, flip=self.flip)

    def tone(self, colour: Colour) -> Colour:
        """Return a colour in this light."""
        return self.light.lit(colour, self.far)

    def part(self, shape: Points | list[Points], colour: Colour, *, to: Colour | None = None, alpha: float = 1,
             blur: float = 0, mode: str = "", inside: Points | None = None) -> None:  # fmt: skip
        """Fill a part; with `to` it fades from top to bottom. The colours are as in white light."""
        shapes = [self.at(s) for s in ([shape] if isinstance(shape, np.ndarray) else shape)]
        paint: Colour | Fade = self.tone(colour)
        if to is not None:
            low = min(float(s[:, 1].min()) for s in shapes)
            high = max(float(s[:, 1].max()) for s in shapes)
            paint = Fade(self.tone(colour), self.tone(to), low, high)
        fence = None if inside is None else self.at(inside)
        self.c.fill(shapes, paint, alpha=alpha, blur=blur * self.spot.size, mode=mode, inside=fence)

    def line(self, shape: Points | list[Points], width: float, colour: Colour, *, alpha: float = 1) -> None:
        """Draw lines of a part."""
        shapes = [self.at(s) for s in ([shape] if isinstance(shape, np.ndarray) else shape)]
        self.c.stroke(shapes, width * self.spot.size, self.tone(colour), alpha=alpha)

    def lamp(self, x: float, y: float, radius: float, *, alpha: float = 0.8) -> None:
        """Let a lamp glow, in the dark hours alone."""
        if self.light.dark:
            (place,) = self.at(points((x, y)))
            self.c.glow(place[0], place[1], radius * self.spot.size, rgb("#ffc873"), alpha=alpha)

    def window(self, shape: Points | list[Points]) -> None:
        """Fill windows: lit in the dark hours, else with the sky's reflection."""
        shapes = [self.at(s) for s in ([shape] if isinstance(shape, np.ndarray) else shape)]
        if self.light.dark:
            self.c.fill(shapes, rgb("#ffd588"))
            return
        self.c.fill(shapes, mix(mix(self.light.middle, self.light.shade, 0.55), self.light.low, self.far * 0.7))

    def shadow(self, wide: float = 0.6, tall: float = 0.06) -> None:
        """Lay a soft shadow on the ground."""
        self.c.fill(
            self.at(ellipse(0.08, 0.0, wide, tall)),
            mix(self.light.shade, (0, 0, 0), 0.3),
            alpha=0.35,
            blur=0.05 * self.spot.size,
        )


def boat(c: Canvas, light: Light, ask: Ask, spot: Spot, *, rowing: bool = False) -> None:
    """Draw a sailing boat, or a rowing boat, with its mirror image."""
    flip = ask.rng("boat").random() < 0.5
    kit = Kit(c, light, spot, flip=flip)
    hull = smooth(
        points((-0.55, -0.16), (0, -0.12), (0.62, -0.2), (0.5, -0.03), (0.3, 0.05), (-0.38, 0.05), (-0.5, -0.04))
    )
    dark = mix(light.shade, light.middle, 0.2)
    kit.c.fill(kit.at(hull * (1, -0.8) + (0, 0.1)), dark, alpha=0.35, blur=0.02 * spot.size)
    if rowing:
        kit.part(hull, mix(light.accent[0], rgb("#6b4328"), 0.55), to=rgb("#3a2618"))
        kit.line(smooth(points((-0.55, -0.16), (0, -0.12), (0.62, -0.2)), closed=False), 0.03, rgb("#d9b98c"))
        kit.part(ellipse(0.0, -0.5, 0.085), rgb("#3a2c28"))
        kit.part(
            smooth(points((-0.14, -0.1), (-0.12, -0.36), (0, -0.43), (0.12, -0.36), (0.14, -0.1))), light.accent[1]
        )
        kit.line(points((0.05, -0.28), (0.62, 0.06)), 0.026, rgb("#8a6440"))
        return
    for side, curve in ((1, 0.16), (-1, 0.1)):
        tip, foot = (0.0, -1.32), (0.46 * side if side > 0 else -0.42, -0.24)
        belly = (0.34 * side + curve * side, -0.62)
        sail = np.concatenate([smooth([tip, belly, foot], closed=False), points((0.02 * side, -0.2))])
        tone = rgb("#fbf4e4") if side > 0 else mix(light.accent[0], rgb("#fbf4e4"), 0.15)
        kit.part(sail, mix(tone, light.sun, 0.2), to=lighter(tone, -0.08))
        kit.c.fill(kit.at(sail * (1, -0.5) + (0, 0.06)), light.lit(tone), alpha=0.16, blur=0.02 * spot.size)
    kit.line(points((0, -1.36), (0, -0.1)), 0.022, rgb("#4a3426"))
    kit.part(hull, mix(light.accent[2], rgb("#20303c"), 0.45), to=rgb("#141c26"))
    kit.line(smooth(points((-0.55, -0.16), (0, -0.12), (0.62, -0.2)), closed=False), 0.025, rgb("#f4e8cf"))
    kit.lamp(0.0, -0.25, 0.5)


def parasol(c: Canvas, light: Light, spot: Spot) -> None:
    """Draw a striped parasol and a towel on the sand."""
    kit = Kit(c, light, spot)
    kit.part(points((-0.1, 0.02), (0.62, -0.03), (0.8, 0.1), (0.02, 0.16)), light.accent[2])
    kit.part(points((0.1, 0.01), (0.22, 0.0), (0.38, 0.13), (0.24, 0.14)), rgb("#f7ecd8"))
    kit.shadow(0.55, 0.07)
    kit.line(points((0.02, -0.95), (-0.06, 0.05)), 0.028, rgb("#e9dcc4"))
    for k in range(6):
        a, b = -0.62 + 1.24 * k / 6, -0.62 + 1.24 * (k + 1) / 6
        rim = smooth([(a, _rim(a)), ((a + b) / 2, _rim((a + b) / 2) - 0.03), (b, _rim(b))], closed=False, steps=5)
        tone = light.accent[0] if k % 2 else rgb("#fbf3e2")
        kit.part(np.concatenate([_rib(a), rim, _rib(b)[::-1]]), tone, to=lighter(tone, -0.08))


def _rim(x: float) -> float:
    """Return how low a parasol's cloth hangs, `x` from its pole."""
    return -0.66 - 0.1 * math.cos(x * 2.2)


def _rib(x: float) -> Points:
    """Return the line from a parasol's tip to its rim."""
    return smooth([(0.02, -1.1), (0.02 + x * 0.62, -0.98), (x, _rim(x))], closed=False, steps=6)


def house(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw a cottage with a steep roof, a chimney and lit windows."""
    kit = Kit(c, light, spot, flip=ask.rng("house").random() < 0.5)
    kit.shadow(0.75, 0.06)
    wall, roof = rgb("#f2e4cb"), mix(light.accent[0], rgb("#7a3b2c"), 0.45)
    snowy = "snow" in ask.weather or ask.brief.scene == "winter"
    kit.part(box(0.2, -0.95, 0.33, -0.5), rgb("#8c5a48"))
    kit.part(box(-0.5, -0.46, 0.55, 0.02), lighter(wall, -0.1), to=lighter(wall, -0.16))
    kit.part(
        points((-0.5, 0.02), (-0.5, -0.46), (-0.22, -0.86), (0.06, -0.46), (0.06, 0.02)), wall, to=lighter(wall, -0.05)
    )
    kit.part(points((-0.22, -0.9), (0.4, -0.9), (0.64, -0.42), (0.04, -0.42)), roof, to=lighter(roof, -0.08))
    kit.line(
        [points((-0.22 + 0.62 * t, -0.9), (0.04 + 0.6 * t, -0.42)) for t in (0.2, 0.4, 0.6, 0.8)],
        0.008,
        lighter(roof, -0.12),
        alpha=0.6,
    )
    kit.line(points((-0.56, -0.38), (-0.22, -0.89), (0.06, -0.44)), 0.045, lighter(roof, 0.06))
    if snowy:
        kit.part(
            smooth(
                points(
                    (-0.24, -0.93),
                    (0.42, -0.93),
                    (0.58, -0.6),
                    (0.4, -0.64),
                    (0.24, -0.58),
                    (0.1, -0.64),
                    (-0.02, -0.6),
                    (-0.2, -0.86),
                )
            ),
            rgb("#f4f7fd"),
        )
    kit.part(round_box(-0.32, -0.28, -0.14, 0.02, 0.02), mix(light.accent[2], rgb("#3c2c22"), 0.3))
    kit.window([box(-0.3, -0.6, -0.14, -0.42), box(0.16, -0.32, 0.28, -0.14), box(0.36, -0.32, 0.48, -0.14)])
    for x, y in ((-0.22, -0.51), (0.22, -0.23), (0.42, -0.23)):
        kit.line([points((x, y - 0.09), (x, y + 0.09)), points((x - 0.07, y), (x + 0.07, y))], 0.012, rgb("#fbf3e4"))
        kit.lamp(x, y, 0.42, alpha=0.5)
    (top,) = kit.at(points((0.26, -0.98)))
    for k in range(5):
        c.glow(
            top[0] + 0.03 * k * spot.size * 2,
            top[1] - 0.09 * (k + 0.4) * spot.size * 2,
            (0.08 + 0.03 * k) * spot.size * 1.6,
            mix(light.low, rgb("#ffffff"), 0.4),
            alpha=0.4 - 0.06 * k,
            mode="",
            power=1.4,
        )
