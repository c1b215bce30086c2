"""Pictures from words: the scene, who and what is in it, its light and its style."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from fox_nb.sandbox.art import city, forest, land, water
from fox_nb.sandbox.art.canvas import Canvas
from fox_nb.sandbox.art.cast import cast, draw_people
from fox_nb.sandbox.art.chance import digest
from fox_nb.sandbox.art.colour import NAMED, TABLES, palette, rgb
from fox_nb.sandbox.art.drawing import Spot, draw
from fox_nb.sandbox.art.figure import Figure
from fox_nb.sandbox.art.finish import finished
from fox_nb.sandbox.art.light import Light, portrait_light
from fox_nb.sandbox.art.mark import mark, noted
from fox_nb.sandbox.art.scene import Ask
from fox_nb.sandbox.art.sky import falling, paint_sky
from fox_nb.sandbox.art.vocabulary import ROOMS, missing, read

_ROOM_SIZE = (1.25, 0.8)
"""The drawings of rooms, in their units."""
_TALL = {
    **dict.fromkeys(("lighthouse", "castle", "guitar", "balloon"), 1.95),
    **dict.fromkeys(("windmill", "deer", "tree"), 1.7),
    **dict.fromkeys(("cup", "boat", "robot", "rocket", "flower", "rabbit"), 1.5),
}
_FAR_OFF = ("castle", "lighthouse", "windmill", "house", "tree", "boat", "train", "whale", "balloon")
_SIZES = {"tree": 1.2}
_FURS = {name: palette(codes) for name, codes in TABLES["furs"].items()}


def generate(prompt: str, size: tuple[int, int], *, seed: int, figures: Sequence[Figure] = ()) -> Image.Image:
    """Return a picture of what a prompt says.

    Parameters
    ----------
    prompt : str
        Any text. Its words choose scene, hour, weather, colours, style and subjects, and those that can't be drawn
        stand on the picture; ``[[profile_id]]`` is left aside, as the people come as `figures`.
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
    brief = read(prompt)
    return mark(noted(paint(Ask(brief, seed), size, figures), missing(brief)))


def paint(ask: Ask, size: tuple[int, int], figures: Sequence[Figure] = ()) -> Image.Image:
    """Return the picture that is asked for, without the mark."""
    shape = _drawable(size)
    if shape != size:
        return ImageOps.fit(paint(ask, shape, figures), size)
    brief, light = ask.brief, ask.light
    people = cast(ask, figures)
    inner = _indoors(light) if brief.scene in ROOMS else light
    c = Canvas(size, light.low)
    if people:
        c.image = backdrop(ask, light, size)
        draw_people(c, inner, people, ask)
        side = 1 if ask.rng("beside").random() < 0.5 else -1
        draw_subjects(c, inner, ask, Spot(c.w * (0.5 + 0.33 * side), c.h * 0.99, 0.24 * min(c.w, c.h)), far=False)
    else:
        spot = SCENES[brief.scene](c, light, ask)
        draw_subjects(c, inner, ask, spot)
    if inner is light:  # it does not rain indoors
        falling(c, light, ask.rng("falling"), brief.weather)
    return finished(c.image, brief.styles, ask.seed)


def _drawable(size: tuple[int, int]) -> tuple[int, int]:
    """Return a size, or for a mere strip the smallest one around it in which a scene can be laid out."""
    width, height = size
    return max(width, height // 4), max(height, width // 4)


def backdrop(ask: Ask, light: Light, size: tuple[int, int]) -> Image.Image:
    """Return the scene as it looks behind people: out of focus."""
    share = min(1.0, 700 / np.sqrt(size[0] * size[1]))
    c = Canvas((max(1, round(size[0] * share)), max(1, round(size[1] * share))), light.low)
    spot = SCENES[ask.brief.scene](c, light, ask)
    aside = 0.3 * c.w * (1 if ask.rng("behind").random() < 0.5 else -1)
    draw_subjects(c, light, ask, Spot(c.w / 2 + aside, spot.y - 0.1 * c.h, spot.size), far=True)
    return c.image.filter(ImageFilter.GaussianBlur(0.006 * c.unit)).resize(size, Image.Resampling.BICUBIC)


def stand_in(url: str, size: tuple[int, int] = (1024, 1024)) -> Image.Image:
    """Return a picture made from a URL's text alone, for the sandbox fetches nothing from elsewhere."""
    words = " ".join(part for part in url.replace("%20", " ").replace("-", " ").replace("_", " ").split("/")[3:])
    brief = read(words)
    if not (brief.scene_named or brief.subjects or brief.people):
        topics = ("portrait of a woman", "portrait of a man", "mountains", "sea", "lake", "meadow", "city", "forest")
        brief = read(f"{topics[digest('url', url) % len(topics)]} {url}")
    return paint(Ask(brief, digest("stand-in", url) % 2**31), size)


def draw_subjects(c: Canvas, light: Light, ask: Ask, spot: Spot, *, far: bool | None = None) -> None:
    """Draw the things that the prompt names, side by side around a spot: great ones behind, small ones in front.

    With `far` only those that stand far off are drawn, or only the near ones.
    """
    brief = ask.brief
    light = portrait_light(light)
    if brief.colours:  # what is painted in a colour of its own choice takes the one that is named
        third = NAMED[brief.colours[1]] if len(brief.colours) > 1 else light.accent[2]
        light = replace(light, accent=(NAMED[brief.colours[0]], light.accent[1], third))
    names = sorted(
        (n for n in brief.subjects if far is None or (n in _FAR_OFF) == far), key=lambda n: n not in _FAR_OFF
    )
    for k, name in enumerate(names):
        size = spot.size * (1.25 if len(names) == 1 else 0.85)
        x, y = spot.x + (k - (len(names) - 1) / 2) * min(0.4 * c.w, 1.15 * size), spot.y
        if name in _FAR_OFF:
            y, size = spot.y - 0.12 * c.h, size * 0.85
        if name in {"balloon", "bird", "butterfly", "rocket"}:
            y = min(y, 0.8 * c.h)
        room = (y - 0.06 * c.h) / _TALL.get(name, 1.2)
        _draw_one(c, light, ask, name, Spot(x, y, min(size, room) * _SIZES.get(name, 1)))


def _draw_one(c: Canvas, light: Light, ask: Ask, name: str, spot: Spot) -> None:
    rng = ask.rng(name)
    flip = bool(rng.random() < 0.5)
    if name == "flower":
        for k in range(7):
            x, size = spot.x + (k - 3) * 0.3 * spot.size + rng.normal(0, 0.02), spot.size * rng.uniform(0.85, 1.35)
            bloom = light if ask.brief.colours else replace(light, accent=(light.accent[k % 2], *light.accent[1:]))
            draw(c, bloom, f"flower{(k + ask.seed) % 4}", Spot(float(x), spot.y, float(size)), flip=flip != (k % 2 > 0))
        return
    furs = _FURS.get(name, palette("#806048"))
    fur = furs[0 if ask.seed % 3 == 0 else int(rng.integers(len(furs)))]
    if name == "tree":
        named = [NAMED[n] for n in ask.brief.colours if n in {"red", "pink", "orange", "yellow", "gold"}]
        fur = named[0] if named else rgb("#d9822e") if "autumn" in ask.brief.text else fur
    else:
        named = [rgb(tone) for colour, tone in TABLES["named_furs"].items() if colour in ask.brief.colours]
        fur = named[0] if named else fur
    draw(c, light, name, spot, flip=flip, main=fur)


def _indoors(light: Light) -> Light:
    """Return the light as it is in a room: lamps make up for the night."""
    if light.dark:
        return replace(light, tint=(0.82, 0.68, 0.56))
    r, g, b = light.tint
    return replace(light, tint=(min(1.02, r), g * 0.97, b * 0.92))


def _room(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw a room that fills the picture, whatever its shape."""
    wide, tall = _ROOM_SIZE
    size = max(c.w / wide, c.h / tall)
    flip = bool(ask.rng("room").random() < 0.5)
    x = c.w / 2 + wide * size / 2 * (1 if flip else -1)
    draw(c, _indoors(light), ask.brief.scene, Spot(x, (c.h - tall * size) / 2, size), flip=flip)
    return Spot(c.w * 0.5, c.h * 0.9, 0.36 if ask.brief.scene == "studio" else 0.28)


def _sky(c: Canvas, light: Light, ask: Ask) -> Spot:
    """Draw nothing but sky, above low hills."""
    rng = ask.rng("sky")
    paint_sky(c, light, rng, c.h * 0.97, weather=ask.brief.weather, cover=0.5)
    land.hills(c, light, rng, c.h * 0.93, 2)
    return Spot(c.w * 0.5, c.h * 0.8, 0.36)


SCENES: dict[str, Callable[[Canvas, Light, Ask], Spot]] = {
    "mountains": land.mountains,
    "meadow": land.meadow,
    "winter": land.winter,
    "sea": water.sea,
    "lake": water.lake,
    "beach": water.beach,
    "city": city.city,
    "forest": forest.forest,
    "sky": _sky,
    "studio": _room,
    "library": _room,
    "room": _room,
}
