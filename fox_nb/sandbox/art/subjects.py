"""Subjects: which drawing belongs to which word, and where they stand in a scene."""

from __future__ import annotations

from collections.abc import Callable

from fox_nb.sandbox.art.canvas import Canvas
from fox_nb.sandbox.art.light import Light
from fox_nb.sandbox.art.spot import Ask, Spot

SUBJECTS: dict[str, Callable[[Canvas, Light, Ask, Spot], None]] = {}


def draw_subjects(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:
    """Draw the things that the prompt names, side by side around a spot."""
    for name in ask.brief.subjects:
        if name in SUBJECTS:
            SUBJECTS[name](c, light, ask, spot)
