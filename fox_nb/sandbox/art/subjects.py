"""Subjects: which drawing belongs to which word, and where they stand in a scene."""

# ruff: noqa: PLR2004
# (a drawing is made of numbers)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from fox_nb.sandbox.art import creatures, table, towers, vehicles
from fox_nb.sandbox.art.animals import BEASTS, beast
from fox_nb.sandbox.art.canvas import Canvas
from fox_nb.sandbox.art.colour import NAMED, lighter, mix, rgb
from fox_nb.sandbox.art.curves import ellipse
from fox_nb.sandbox.art.light import Light, portrait_light
from fox_nb.sandbox.art.spot import Ask, Spot
from fox_nb.sandbox.art.things import boat, house

Draw = Callable[[Canvas, Light, Ask, Spot], None]


def _moon(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:  # noqa: ARG001 (all are called alike)
    """Draw a large moon in the upper sky."""
    side = 1 if ask.rng("moon").random() < 0.5 else -1
    x, y, r = c.w * (0.5 + 0.2 * side), c.h * 0.24, 0.12
    c.glow(x, y, r * 3.2, lighter(light.low, 0.05), alpha=0.6)
    disc = ellipse(x, y, r)
    c.fill(disc, rgb("#f8f1da"))
    pits = [
        (-0.3, -0.2, 0.26),
        (0.25, 0.3, 0.2),
        (0.42, -0.3, 0.12),
        (-0.15, 0.5, 0.13),
        (-0.6, 0.2, 0.1),
        (0.05, -0.6, 0.14),
    ]
    c.fill(
        [ellipse(x + a * r, y + b * r, s * r) for a, b, s in pits],
        mix(rgb("#f8f1da"), light.middle, 0.3),
        alpha=0.7,
        inside=disc,
        blur=0.003,
    )
    if "crescent" in ask.brief.text:
        c.fill(ellipse(x + r * 0.45, y - r * 0.1, r * 0.95), light.sky(0.75), inside=disc)


def _sun(c: Canvas, light: Light, ask: Ask, spot: Spot) -> None:  # noqa: ARG001 (all are called alike)
    """Draw a large sun in the upper sky, with a wide glow."""
    side = 1 if ask.rng("sun").random() < 0.5 else -1
    x, y = c.w * (0.5 + 0.2 * side), c.h * 0.26
    c.glow(x, y, 0.6, light.sun, alpha=0.7)
    c.fill(ellipse(x, y, 0.09), mix(light.sun, rgb("#ffe9a0"), 0.4))


SUBJECTS: dict[str, Draw] = {
    **{name: partial(beast, name) for name in BEASTS},
    "deer": creatures.deer,
    "owl": creatures.owl,
    "bird": creatures.bird,
    "fish": creatures.fish,
    "whale": creatures.whale,
    "butterfly": creatures.butterfly,
    "tree": towers.big_tree,
    "house": house,
    "castle": towers.castle,
    "lighthouse": towers.lighthouse,
    "windmill": towers.windmill,
    "boat": boat,
    "car": vehicles.car,
    "train": vehicles.train,
    "bicycle": vehicles.bicycle,
    "balloon": vehicles.balloon,
    "rocket": vehicles.rocket,
    "robot": vehicles.robot,
    "flower": table.flowers,
    "cup": table.cup,
    "book": table.book,
    "fruit": table.fruit,
    "lamp": table.lamp,
    "guitar": table.guitar,
    "moon": _moon,
    "sun": _sun,
    "particles": table.particles,
}
_TALL = {
    **dict.fromkeys(("lighthouse", "castle", "guitar", "balloon"), 1.95),
    **dict.fromkeys(("windmill", "deer", "tree"), 1.7),
    **dict.fromkeys(("cup", "boat", "robot", "rocket", "flower", "rabbit"), 1.5),
}
_IN_THE_SKY = ("moon", "sun", "particles")
_FAR_OFF = ("castle", "lighthouse", "windmill", "house", "tree", "boat", "train", "whale", "balloon")


def in_own_colours(light: Light, colours: tuple[str, ...]) -> Light:
    """Return the light with the colours that a prompt names, for what is painted in a colour of its own choice."""
    if not colours:
        return light
    _, second, third = light.accent
    return replace(light, accent=(NAMED[colours[0]], second, NAMED[colours[1]] if len(colours) > 1 else third))


def draw_subjects(c: Canvas, light: Light, ask: Ask, spot: Spot, *, far: bool | None = None) -> None:
    """Draw the things that the prompt names, side by side around a spot: great ones behind, small ones in front.

    With `far` only those that stand far off are drawn, or only the near ones.
    """
    names = [name for name in ask.brief.subjects if far is None or (name in _FAR_OFF) == far]
    light = in_own_colours(portrait_light(light), ask.brief.colours)
    for name in (n for n in names if n in _IN_THE_SKY):
        SUBJECTS[name](c, light, ask, spot)
    standing = sorted((n for n in names if n not in _IN_THE_SKY), key=lambda n: n not in _FAR_OFF)
    count = len(standing)
    for k, name in enumerate(standing):
        size = spot.size * (1.25 if count == 1 else 0.85)
        x = spot.x + (k - (count - 1) / 2) * min(0.4 * c.w, 1.15 * size)
        y = spot.y
        if name in _FAR_OFF:
            y, size = spot.y - 0.12 * c.h, size * 0.85
        if name == "balloon":
            y = 0.8 * c.h
        room = (y - 0.06 * c.h) / _TALL.get(name, 1.2)
        SUBJECTS[name](c, light, ask, Spot(x, y, min(size, room)))
