"""People in a picture: who they are, how they sit, and drawing them from the back to the front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fox_nb.sandbox.art.canvas import Canvas
from fox_nb.sandbox.art.curves import Points, moved
from fox_nb.sandbox.art.drawing import Part, paint_parts, read_drawing
from fox_nb.sandbox.art.figure import Figure, invented
from fox_nb.sandbox.art.light import Light, portrait_light
from fox_nb.sandbox.art.scene import Ask

_FRINGED = ("long", "wavy", "bob")


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


def cast(ask: Ask, figures: Sequence[Figure]) -> list[Figure]:
    """Return who is in the picture: the given figures, else those that the prompt's words ask for."""
    if figures:
        return list(figures)[:4]
    softness = {"woman": 0.88, "man": 0.14}
    return [
        invented(
            f"{who}/{k}/{ask.brief.key}/{ask.seed}",
            soft=softness.get(who),
            age=0.1 if who == "child" else 0.4,
            traits=ask.brief.traits,
        )
        for k, who in enumerate(ask.brief.people)
    ]


def draw_people(c: Canvas, light: Light, figures: Sequence[Figure], ask: Ask) -> None:
    """Draw the figures side by side, each with a pose of the picture's own."""
    rng, traits = ask.rng("pose"), ask.brief.traits
    count = len(figures)
    size = min(0.245 * c.h, 0.3 * c.w) / (1 if count == 1 else 0.66 + 0.3 * count)
    size *= 1.25 if "close" in traits else 1
    side = 1 if rng.random() < 0.5 else -1
    for k, figure in enumerate(figures):
        spread = (k - (count - 1) / 2) * min(0.92 * c.w / count, 3.3 * size)
        small = 0.86 if figure.age < 0.3 else 1.0
        smile = float(rng.uniform(0.25, 0.95))
        smile = 0.95 if "smile" in traits else 0.1 if "serious" in traits else smile
        alone = float(rng.uniform(-0.8, 0.8))
        pose = Pose(
            x=c.w / 2 + spread + float(rng.uniform(-0.05, 0.05)) * c.w / count,
            y=c.h * 0.475 + (1 - small) * size * 1.3 + float(rng.uniform(-0.02, 0.02)),
            size=size * small * float(rng.uniform(0.96, 1.04)),
            turn=alone if count == 1 else abs(alone) * (1 if spread < 0 else -1),
            tilt=float(rng.normal(0, 0.05)),
            smile=smile,
            side=side,
        )
        draw_person(c, light, figure, pose)


def draw_beside(c: Canvas, light: Light, figures: Sequence[Figure], ask: Ask) -> None:
    """Draw people into a given picture, in its lower corners, so that the picture stays what it is."""
    rng = ask.rng("beside")
    first = 1 if rng.random() < 0.5 else -1
    size = 0.15 * min(c.h, c.w * 1.2)
    for k, figure in enumerate(figures[:2]):
        side = first * (-1) ** k
        x, y = c.w / 2 + side * (c.w / 2 - 1.45 * size), c.h - 2.4 * size
        smile = float(rng.uniform(0.4, 0.9))
        draw_person(c, light, figure, Pose(x, y, size, turn=-0.5 * side, tilt=0.03 * side, smile=smile, side=-side))


def draw_person(c: Canvas, light: Light, figure: Figure, pose: Pose) -> None:
    """Draw one person: the groups of ``bust.svg`` that make up their looks, in their own colours."""
    bust = read_drawing("bust")
    tones = {name: getattr(figure, name) for name in ("skin", "hair", "eyes", "clothes", "second")}
    narrow = 1.04 - 0.08 * figure.length

    def place(shape: Points, part: Part) -> Points:
        out = shape * (pose.side * narrow, 1.0)
        if "data-still" in part.more:
            return moved(shape * (pose.side, 1.0), pose.x, pose.y, size=pose.size)
        out[:, 0] += pose.turn * 0.15 * part.number("data-depth")
        return moved(out, pose.x, pose.y, size=pose.size, turn=pose.tilt)

    for name in _groups(figure, pose.smile):
        paint_parts(c, portrait_light(light), bust.get(name, ()), tones, place, pose.size)


def _groups(figure: Figure, smile: float) -> list[str]:
    """Return the groups that a person is made of, from the back to the front."""
    kind = "soft" if figure.soft > 0.5 else "strong"
    fringe = "-fringe" if figure.fringe and figure.style in _FRINGED else ""
    marks = {"lines": figure.age > 0.8, "freckles": figure.freckles, "earrings": figure.earrings}
    return [
        f"behind-{figure.style}",
        f"body-{kind}-{figure.garment}",
        f"face-{kind}",
        *(name for name, there in marks.items() if there),
        f"beard-{figure.beard}",
        f"mouth-{kind}-{0 if smile < 0.35 else 1 if smile < 0.75 else 2}",
        f"eyes-{kind}",
        f"hair-{figure.style}{fringe}",
        f"glasses-{figure.glasses}",
    ]
