"""Edits: an own drawing is drawn anew from what was asked; a foreign photo gets another light, weather or style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageFilter, ImageOps

from fox_nb.sandbox.art.canvas import Canvas
from fox_nb.sandbox.art.cast import draw_beside
from fox_nb.sandbox.art.colour import NAMED, Colour, rgb
from fox_nb.sandbox.art.drawing import Spot
from fox_nb.sandbox.art.encoding import as_rgb
from fox_nb.sandbox.art.figure import Figure
from fox_nb.sandbox.art.finish import styled, vignette
from fox_nb.sandbox.art.light import GRADES, Light
from fox_nb.sandbox.art.mark import mark, noted, unmarked
from fox_nb.sandbox.art.picture import draw_subjects, paint
from fox_nb.sandbox.art.scene import Ask
from fox_nb.sandbox.art.sky import falling, stars
from fox_nb.sandbox.art.vocabulary import missing, read


@dataclass(frozen=True)
class Drawn:
    """How the sandbox drew a picture: the prompts that led to it, the first one first, the seed and the people."""

    prompts: tuple[str, ...]
    seed: int
    figures: tuple[Figure, ...] = ()


def edit(images: Sequence[Image.Image], prompt: str, size: tuple[int, int], *, seed: int,
         figures: Sequence[Figure] = (), drawn: Drawn | None = None) -> Image.Image:  # fmt: skip
    """Return the first picture changed as the prompt says.

    Parameters
    ----------
    images : sequence of Image
        One or more pictures; those after the first are pinned on as prints.
    prompt : str
        What shall be different.
    size : tuple of int
        Width and height of the result; the picture is cut to its shape.
    seed : int
        Another seed is another way of doing it.
    figures : sequence of Figure
        People who shall be in the picture.
    drawn : Drawn, optional
        How the first picture was drawn, if the sandbox drew it: then it is drawn anew, and night is night.

    Raises
    ------
    ValueError
        If there is no picture.
    """
    if not images:
        raise ValueError("an edit needs at least one picture")
    wish = read(prompt)
    if drawn is not None:
        brief = read(drawn.prompts[0])
        for words in (*drawn.prompts[1:], prompt):
            brief = brief.changed_by(read(words))
        out = paint(Ask(brief, drawn.seed), size, tuple(dict.fromkeys((*drawn.figures, *figures))))
        undrawn = missing(replace(wish, scene=brief.scene))
    else:
        given = unmarked(as_rgb(images[0]))
        base = ImageOps.fit(given, size, Image.Resampling.BICUBIC, centering=(0.5, 0.4))
        out = _changed(base, Ask(wish, seed), figures)
        gone = (f"without {word}" for word in wish.without)
        undrawn = (*((wish.scene,) if wish.scene_named else ()), *wish.unknown, *gone)
    for place, extra in enumerate(images[1:4]):
        out = _pinned(out, unmarked(as_rgb(extra)), place, Ask(wish, seed))
    return mark(noted(out, undrawn))


def _changed(base: Image.Image, ask: Ask, figures: Sequence[Figure]) -> Image.Image:
    """Return a foreign picture in another light; who and what is in it stays as it is."""
    wish, seed, light = ask.brief, ask.seed, ask.light
    out = base
    if wish.scene_named:
        out = _graded(out, *GRADES[wish.scene])
        out = _graded(out, light.accent[seed % 3], light.sun)  # before the hour: a grade lifts the darks of a night
    if wish.hour_named or wish.weather:
        out = _relit(out, light)
    for name in wish.tints:
        out = _coloured(out, NAMED[name])
    c = Canvas(base.size)
    c.image = out
    if wish.hour_named and light.hour == "night":
        stars(c, ask.rng("stars"), c.h * 0.3, 90)
    side = 1 if ask.rng("edit side").random() < 0.5 else -1
    draw_subjects(c, light, ask, Spot(c.w * (0.5 + 0.3 * side), c.h * 0.96, 0.3 * min(c.w, c.h)))
    draw_beside(c, light, figures, ask)
    falling(c, light, ask.rng("falling"), wish.weather)
    if "snow" in wish.weather:
        c.image = _frosted(c.image)
    out = styled(c.image, wish.styles, seed)
    named = wish.scene_named or wish.hour_named or wish.weather or wish.tints or wish.styles or wish.subjects or figures
    # words that mean nothing here still leave their mark
    return out if named else _graded(out, light.accent[seed % 3], light.sun)


def _relit(image: Image.Image, light: Light) -> Image.Image:
    """Return the picture as seen under another light: its colours, and how far the darks sink."""
    table: list[int] = []
    depth = 1.35 if light.hour == "night" else 1.2 if light.hour == "dusk" else 1.0
    for factor, low in zip(light.tint, light.low, strict=True):
        strength = factor**1.1 if light.dark else factor
        table += [min(255, round(255 * (v / 255) ** depth * strength + 0.08 * low * (v / 255))) for v in range(256)]
    out = image.point(table)
    return vignette(out, 0.55) if light.dark else out


def _coloured(image: Image.Image, colour: Colour) -> Image.Image:
    """Move the picture's hues towards a colour and keep its lights and darks."""
    return Image.blend(image, ImageOps.colorize(image.convert("L"), "black", "white", colour), 0.6)


def _frosted(image: Image.Image) -> Image.Image:
    """Cool the picture and let snow lie on what is bright."""
    grey = image.convert("L")
    cold = Image.blend(image, Image.new("RGB", image.size, rgb("#b9cbe6")), 0.22)
    cold.paste(rgb("#f6f9ff"), (0, 0), grey.point([round(max(0, v - 95) * 0.75) for v in range(256)]))
    return cold


def _graded(image: Image.Image, dark: Colour, bright: Colour) -> Image.Image:
    """Return the picture with one colour in its shadows and another in its lights."""
    table: list[int] = []
    for low, high in zip(dark, bright, strict=True):
        table += [
            min(255, round(v * 0.8 + 0.36 * low * (1 - v / 255) ** 2 + 0.22 * high * (v / 255) ** 1.5))
            for v in range(256)
        ]
    return vignette(image.point(table), 0.4)


def _pinned(image: Image.Image, extra: Image.Image, place: int, ask: Ask) -> Image.Image:
    """Pin a further picture onto a lower corner, as a print with a white rim."""
    side = round(min(image.size) * 0.3)
    rim = max(2, side // 18)
    print_ = ImageOps.expand(ImageOps.fit(extra, (side, side)), rim, fill=rgb("#fbf8f1"))
    turn = float(ask.rng(f"pin {place}").uniform(4, 9)) * (-1 if place % 2 else 1)
    tilted = print_.convert("RGBA").rotate(turn, Image.Resampling.BICUBIC, expand=True)
    x = round(image.width * 0.03) if place % 2 == 0 else image.width - tilted.width - round(image.width * 0.03)
    y = round(image.height * (0.94 if place < 2 else 0.5)) - tilted.height
    shade = Image.new("L", image.size)
    shade.paste(130, (x + rim, y + 2 * rim), tilted)
    soft = shade.filter(ImageFilter.GaussianBlur(side / 22))
    out = image.copy()
    out.paste((10, 8, 14), (0, 0), soft)
    out.paste(tilted, (x, y), tilted)
    return out
