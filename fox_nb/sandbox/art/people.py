"""People in a picture: who they are, how they sit, and drawing them from the back to the front."""

# ruff: noqa: PLR2004
# (a drawing is made of numbers)

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fox_nb.sandbox.art import dress, face, hair
from fox_nb.sandbox.art.canvas import Canvas, Fade
from fox_nb.sandbox.art.chance import stream
from fox_nb.sandbox.art.colour import lighter, mix
from fox_nb.sandbox.art.figure import Figure, invented
from fox_nb.sandbox.art.light import Light, portrait_light
from fox_nb.sandbox.art.sitter import Pose, Sitter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fox_nb.sandbox.art.words import Brief


def cast(brief: Brief, seed: int, figures: Sequence[Figure]) -> list[Figure]:
    """Return who is in the picture: the given figures, else those that the prompt's words ask for."""
    if figures:
        return list(figures)[:4]
    out = []
    for k, who in enumerate(brief.people):
        soft = {"woman": 0.88, "man": 0.14}.get(who)
        key = (who, k, brief.key, seed)
        out.append(
            invented("/".join(map(str, key)), soft=soft, age=0.1 if who == "child" else 0.4, traits=brief.traits)
        )
    return out


def draw_people(c: Canvas, light: Light, figures: Sequence[Figure], brief: Brief, seed: int) -> None:
    """Draw the figures side by side, each with a pose of the picture's own."""
    light = portrait_light(light)
    rng = stream("pose", brief.key, seed)
    count = len(figures)
    close = "close" in brief.traits
    size = min(0.245 * c.h, 0.3 * c.w) / (1 if count == 1 else 0.66 + 0.3 * count) * (1.25 if close else 1)
    side = 1 if rng.random() < 0.5 else -1
    for k, figure in enumerate(figures):
        spread = (k - (count - 1) / 2) * min(0.92 * c.w / count, 3.3 * size)
        shift = rng.uniform(-0.05, 0.05) * c.w if count == 1 else rng.uniform(-0.01, 0.01)
        small = 0.86 if figure.age < 0.3 else 1.0
        smile = float(rng.uniform(0.25, 0.95))
        if "smile" in brief.traits:
            smile = max(smile, 0.85)
        if "serious" in brief.traits:
            smile = min(smile, 0.15)
        pose = Pose(
            x=c.w / 2 + spread + shift,
            y=c.h * 0.475 + (1 - small) * size * 1.3 + rng.uniform(-0.02, 0.02),
            size=size * small * rng.uniform(0.96, 1.04),
            turn=float(rng.uniform(-0.8, 0.8))
            if count == 1
            else float(rng.uniform(0.1, 0.6)) * (1 if spread < 0 else -1),
            tilt=float(rng.normal(0, 0.05)),
            smile=smile,
            side=side,
        )
        if "silhouette" in brief.traits:
            plain = replace(figure, style="bun" if figure.soft > 0.5 else "short")
            draw_silhouette(Sitter(c, plain, pose, light))
        else:
            draw_person(Sitter(c, figure, pose, light))


def draw_person(s: Sitter) -> None:
    """Draw one person."""
    hair.behind(s)
    dress.body(s)
    face.ears(s)
    outline = face.outline(s)
    face.head(s, outline)
    face.nose(s)
    face.beard(s, outline)
    face.mouth(s)
    face.eyes(s)
    hair.on_top(s)
    face.glasses(s)


def draw_silhouette(s: Sitter) -> None:
    """Draw one person's outline against the light."""
    p, light = s.pose, s.light
    s.canvas.glow(p.x, p.y, 3.2 * p.size, light.sun, alpha=0.75)
    shapes = [dress.trunk(s), dress.throat(s), face.outline(s)]
    back = hair.back_outline(s)
    if back is not None:
        shapes.append(back)
    if s.figure.style != "bald":
        outer, inner = hair.cap_lines(s)
        shapes.append(s.at(np.concatenate([outer, inner[::-1]]), 0.25))
    dark = mix(lighter(light.shade, -0.05), light.top, 0.2)
    s.fill(shapes, mix(light.sun, light.accent[1], 0.4), blur=0.05, alpha=0.9)
    s.fill(shapes, Fade(lighter(dark, 0.03), mix(dark, light.accent[0], 0.25), p.y - p.size, p.y + 2.6 * p.size))


def draw_beside(c: Canvas, light: Light, figures: Sequence[Figure], brief: Brief, seed: int) -> None:
    """Draw people into a given picture, in its lower corners, so that the picture stays what it is."""
    rng = stream("beside", brief.key, seed)
    first = 1 if rng.random() < 0.5 else -1
    size = 0.15 * min(c.h, c.w * 1.2)
    for k, figure in enumerate(figures[:2]):
        side = first * (-1) ** k
        pose = Pose(
            x=c.w / 2 + side * (c.w / 2 - 1.45 * size),
            y=c.h - 2.4 * size,
            size=size,
            turn=-0.5 * side,
            tilt=0.03 * side,
            smile=float(rng.uniform(0.4, 0.9)),
            side=-side,
        )
        draw_person(Sitter(c, figure, pose, portrait_light(light)))


def sit(c: Canvas, light: Light, figure: Figure, seed: int) -> None:
    """Draw one person for a portrait: another angle, expression and side of the light with each seed."""
    rng = stream("sit", figure.id, seed)
    small = 0.86 if figure.age < 0.3 else 1.0
    size = min(0.255 * c.h, 0.3 * c.w) * small * float(rng.uniform(0.88, 1.1))
    pose = Pose(
        x=c.w * (0.5 + float(rng.uniform(-0.05, 0.05))),
        y=c.h * 0.47 + float(rng.uniform(-0.02, 0.03)),
        size=size,
        turn=float(rng.uniform(-1, 1)),
        tilt=float(rng.normal(0, 0.07)),
        smile=float(rng.uniform(0.05, 1.0)),
        side=1 if rng.random() < 0.5 else -1,
    )
    draw_person(Sitter(c, figure, pose, portrait_light(light)))
