"""Pictures from words: the scene, who and what is in it, its light and its style."""

# ruff: noqa: PLR2004
# (a drawing is made of numbers)

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from fox_nb.sandbox.art import city, inside, land, stage, water, wide, woods
from fox_nb.sandbox.art.canvas import Canvas
from fox_nb.sandbox.art.chance import digest
from fox_nb.sandbox.art.finish import finished
from fox_nb.sandbox.art.inside import indoors
from fox_nb.sandbox.art.light import Light, light_for
from fox_nb.sandbox.art.mark import mark
from fox_nb.sandbox.art.people import cast, draw_people, sit
from fox_nb.sandbox.art.sky import falling
from fox_nb.sandbox.art.spot import Ask, Spot
from fox_nb.sandbox.art.subjects import draw_subjects
from fox_nb.sandbox.art.words import Brief, read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fox_nb.sandbox.art.figure import Figure

SCENES: dict[str, Callable[[Canvas, Light, Ask], Spot]] = {
    "mountains": land.mountains,
    "sea": water.sea,
    "lake": water.lake,
    "beach": water.beach,
    "city": city.city,
    "forest": woods.forest,
    "garden": woods.garden,
    "library": inside.library,
    "room": inside.room,
    "stage": stage.stage,
    "sky": wide.sky,
    "space": wide.space,
    "underwater": wide.underwater,
    "abstract": wide.abstract,
    "meadow": land.meadow,
    "desert": land.desert,
    "winter": land.winter,
}


def generate(prompt: str, size: tuple[int, int], *, seed: int, figures: Sequence[Figure] = ()) -> Image.Image:
    """Return a picture of what a prompt says.

    Parameters
    ----------
    prompt : str
        Any text. Its words choose scene, hour, weather, colours, style and subjects; ``[[profile_id]]`` is left
        aside, as the people come as `figures`.
    size : tuple of int
        Width and height in pixels; the composition does not depend on their number.
    seed : int
        Another seed is another composition of the same.
    figures : sequence of Figure
        The people in the picture.

    Returns
    -------
    Image
        In RGB, with the sandbox's mark; the same arguments give the same pixels anywhere.
    """
    return mark(paint(read(prompt), size, seed, figures))


def paint(brief: Brief, size: tuple[int, int], seed: int, figures: Sequence[Figure] = ()) -> Image.Image:
    """Return a brief's picture, without the mark."""
    shape = _drawable(size)
    if shape != size:
        return ImageOps.fit(paint(brief, shape, seed, figures), size)
    light = light_for(brief.hour, brief.weather, brief.tints, (brief.key, seed))
    people = cast(brief, seed, figures)
    ask = Ask(brief, seed)
    inner = indoors(light) if brief.scene in ("library", "room", "stage") else light
    if people:
        c = Canvas(size)
        c.image = backdrop(brief, light, size, seed)
        draw_people(c, inner, people, brief, seed)
        side = 1 if ask.rng("beside").random() < 0.5 else -1
        draw_subjects(c, inner, ask, Spot(c.w * (0.5 + 0.33 * side), c.h * 0.99, 0.24 * min(c.w, c.h)), far=False)
    else:
        c = Canvas(size, light.low)
        spot = SCENES[brief.scene](c, light, ask)
        draw_subjects(c, inner, ask, spot)
    if inner is light:  # it does not rain indoors
        falling(c, light, ask.rng("falling"), brief.weather)
    return finished(c.image, brief.styles, seed)


def _drawable(size: tuple[int, int]) -> tuple[int, int]:
    """Return a size, or for a mere strip the smallest one around it in which a scene can be laid out."""
    width, height = size
    return max(width, height // 4), max(height, width // 4)


def backdrop(brief: Brief, light: Light, size: tuple[int, int], seed: int, blur: float = 0.006) -> Image.Image:
    """Return the scene as it looks behind people: out of focus."""
    share = min(1.0, 700 / np.sqrt(size[0] * size[1]))
    small = (max(1, round(size[0] * share)), max(1, round(size[1] * share)))
    c = Canvas(small, light.low)
    ask = Ask(brief, seed)
    spot = SCENES[brief.scene](c, light, ask)
    aside = 0.3 * c.w * (1 if ask.rng("behind").random() < 0.5 else -1)
    draw_subjects(c, light, ask, Spot(c.w / 2 + aside, spot.y - 0.1 * c.h, spot.size), far=True)
    soft = c.image.filter(ImageFilter.GaussianBlur(blur * c.unit))
    return soft.resize(size, Image.Resampling.BICUBIC)


def stand_in(url: str, size: tuple[int, int] = (1024, 1024)) -> Image.Image:
    """Return a picture made from a URL's text alone, for the sandbox fetches nothing from elsewhere."""
    words = " ".join(part for part in url.replace("%20", " ").replace("-", " ").replace("_", " ").split("/")[3:])
    brief = read(words)
    if brief.names_nothing:
        topics = (
            "a portrait of a woman",
            "a portrait of a man",
            "mountains",
            "sea",
            "lake",
            "meadow",
            "city",
            "forest",
        )
        brief = read(f"{topics[digest('url', url) % len(topics)]} {url}")
    return paint(brief, size, digest("stand-in", url) % 2**31)


def portrait(figure: Figure, size: tuple[int, int], *, seed: int, scene: str = "") -> Image.Image:
    """Return a portrait of one figure, without a mark: the same person, in another pose, another light, elsewhere.

    Parameters
    ----------
    figure : Figure
        The person.
    size : tuple of int
        Width and height in pixels.
    seed : int
        Another seed is another angle, expression, light and background.
    scene : str
        Words for the background; if empty, the seed chooses.
    """
    hours = ("day", "golden", "day", "dawn", "grey", "sunset")
    places = ("garden", "city", "beach", "library", "room", "meadow", "lake", "studio")
    words = scene or f"{places[digest('place', seed) % 8]} {hours[digest('hour', seed) % 6]}"
    brief = read(words)
    light = light_for(brief.hour, brief.weather, brief.tints, ("portrait", seed))
    c = Canvas(size)
    c.image = backdrop(brief, light, size, seed)
    sit(c, light, figure, seed)
    return finished(c.image, brief.styles, seed)
