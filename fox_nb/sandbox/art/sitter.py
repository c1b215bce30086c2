"""A person who sits for a portrait: where the head is, how it is turned, and how places on it come onto the canvas.

Places are given in heads: the middle of the face is the origin, the chin is at (0, 1), the crown at (0, -1).
"""

# ruff: noqa: PLR2004
# (a drawing is made of numbers)

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fox_nb.sandbox.art.canvas import Canvas, Fade, Paint
from fox_nb.sandbox.art.colour import Colour, lighter, mix, saturated, turned
from fox_nb.sandbox.art.curves import Points, moved, smooth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fox_nb.sandbox.art.figure import Figure
    from fox_nb.sandbox.art.light import Light


@dataclass(frozen=True)
class Pose:
    """How somebody sits: place and size in canvas units, the head's turn and tilt, the smile, the light's side."""

    x: float
    y: float
    size: float
    turn: float = 0.0
    tilt: float = 0.0
    smile: float = 0.5
    side: int = 1


class Sitter:
    """Puts a figure, a pose and a light together, and draws in the head's own measure."""

    def __init__(self, canvas: Canvas, figure: Figure, pose: Pose, light: Light) -> None:
        self.canvas, self.figure, self.pose, self.light = canvas, figure, pose, light
        self.skin = light.lit(figure.skin)
        self.shadow = saturated(turned(mix(lighter(self.skin, -0.13), light.shade, 0.16), -6), 1.12)
        self.glint = mix(lighter(self.skin, 0.08), light.sun, 0.25)
        self.hair = light.lit(figure.hair)
        self.young = figure.age < 0.3
        self.wide = 0.74 - 0.07 * figure.length + 0.03 * (1 - figure.soft) - 0.02 * self.young

    def at(self, shape: Points | Sequence[tuple[float, float]], depth: float = 0.0) -> Points:
        """Return canvas places of points on the head; what lies nearer (depth) moves more when the head turns."""
        p = np.asarray(shape, np.float64)
        x = p[:, 0] + self.pose.turn * 0.15 * depth
        return moved(np.stack([x, p[:, 1]], 1), self.pose.x, self.pose.y, size=self.pose.size, turn=self.pose.tilt)

    def upright(self, shape: Points | Sequence[tuple[float, float]]) -> Points:
        """Return canvas places of points on the body, which does not tilt with the head."""
        return moved(np.asarray(shape, np.float64), self.pose.x, self.pose.y, size=self.pose.size)

    def shape(self, knots: Sequence[tuple[float, float]] | Points, depth: float = 0.0) -> Points:
        """Return the smooth closed outline through points on the head."""
        return self.at(smooth(np.asarray(knots, np.float64)), depth)

    def fill(self, shapes: Points | Sequence[Points], paint: Paint, *, blur: float = 0, **how: Any) -> None:
        """Fill canvas shapes; the blur is in heads."""
        self.canvas.fill(shapes, paint, blur=blur * self.pose.size, **how)

    def stroke(self, lines: Points | Sequence[Points], width: float, paint: Paint, *, blur: float = 0,
               **how: Any) -> None:  # fmt: skip
        """Draw canvas lines; width and blur are in heads."""
        self.canvas.stroke(lines, width * self.pose.size, paint, blur=blur * self.pose.size, **how)

    def lit_fade(self, colour: Colour, depth: float = 0.1) -> Fade:
        """Return a gradient across the person, from the light's side to the other."""
        bright, dim = lighter(colour, depth * 0.6), mix(lighter(colour, -depth), self.light.shade, 0.15)
        first, last = (dim, bright) if self.pose.side > 0 else (bright, dim)
        return Fade(first, last, self.pose.x - 1.1 * self.pose.size, self.pose.x + 1.1 * self.pose.size, across=True)
