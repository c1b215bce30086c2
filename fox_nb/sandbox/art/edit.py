"""Edits: the given picture stays, and what the prompt names changes: background, hour, weather, colours, style."""

# ruff: noqa: PLR2004
# (a drawing is made of numbers)

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from fox_nb.sandbox.art.canvas import Canvas
from fox_nb.sandbox.art.chance import digest, stream
from fox_nb.sandbox.art.colour import NAMED, Colour, mix, rgb
from fox_nb.sandbox.art.cutout import subject_mask
from fox_nb.sandbox.art.files import as_rgb
from fox_nb.sandbox.art.finish import STYLE_NAMES, styled, vignette
from fox_nb.sandbox.art.light import Light, light_for
from fox_nb.sandbox.art.mark import mark, unmarked
from fox_nb.sandbox.art.people import draw_beside
from fox_nb.sandbox.art.picture import backdrop
from fox_nb.sandbox.art.sky import falling, stars
from fox_nb.sandbox.art.spot import Ask, Spot
from fox_nb.sandbox.art.subjects import draw_subjects
from fox_nb.sandbox.art.words import Brief, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fox_nb.sandbox.art.figure import Figure


def edit(images: Sequence[Image.Image], prompt: str, size: tuple[int, int], *, seed: int,
         figures: Sequence[Figure] = ()) -> Image.Image:  # fmt: skip
    """Return the first picture changed as the prompt says.

    Parameters
    ----------
    images : sequence of Image
        One or more pictures. The first one's subject stays; a second one becomes the scene behind it; further
        ones are pinned on as prints.
    prompt : str
        A named scene replaces what is behind the subject; hours, weather, colours and styles change the whole; a
        thing or an animal is put into the picture.
    size : tuple of int
        Width and height of the result; the picture is cut to its shape.
    seed : int
        Another seed is another way of doing it.
    figures : sequence of Figure
        People who shall be in the picture.

    Raises
    ------
    ValueError
        If there is no picture.
    """
    if not images:
        raise ValueError("an edit needs at least one picture")
    brief = read(prompt)
    given = [unmarked(as_rgb(image)) for image in images]
    base = ImageOps.fit(given[0], size, Image.Resampling.BICUBIC, centering=(0.5, 0.4))
    light = light_for(brief.hour, brief.weather, brief.tints, (brief.key, seed))
    out, mask = _scene_changed(base, given, brief, light, seed)
    if brief.hour_named and not brief.scene_named:
        out = _hour_changed(out, mask or subject_mask(base), brief, light, seed)
    for name in brief.tints:
        out = _coloured(out, NAMED[name])
    c = Canvas(size)
    c.image = out
    ask = Ask(brief, seed)
    if brief.subjects:
        side = 1 if ask.rng("edit side").random() < 0.5 else -1
        spot = Spot(c.w * (0.5 + 0.3 * side), c.h * 0.96, 0.3 * min(c.w, c.h))
        # a new background has what stands far off already
        draw_subjects(c, light, ask, spot, far=False if mask is not None and len(given) == 1 else None)
    if figures:
        draw_beside(c, light, figures, brief, seed)
    for k, extra in enumerate(given[2:5]):
        c.image = _pinned(c.image, extra, k, ask)
    falling(c, light, ask.rng("falling"), brief.weather)
    if "snow" in brief.weather and not brief.scene_named:
        c.image = _frosted(c.image)
    styles = tuple(s for s in brief.styles if s in STYLE_NAMES)
    if styles:
        c.image = styled(c.image, styles, seed)
    elif _unchanged(brief, given, figures):
        c.image = _regraded(c.image, light, seed)
    return mark(c.image)


def _unchanged(brief: Brief, given: Sequence[Image.Image], figures: Sequence[Figure]) -> bool:
    return not (brief.scene_named or brief.hour_named or brief.weather or brief.colours or brief.subjects or figures
                or len(given) > 1)  # fmt: skip


def _scene_changed(base: Image.Image, given: Sequence[Image.Image], brief: Brief, light: Light,
                   seed: int) -> tuple[Image.Image, Image.Image | None]:  # fmt: skip
    """Put the named scene, or the second picture, behind the subject."""
    if len(given) > 1:
        behind = ImageOps.fit(given[1], base.size, Image.Resampling.BICUBIC)
    elif brief.scene_named or "background" in brief.text:
        behind = vignette(backdrop(brief, light, base.size, seed, blur=0.004), 0.3)
    else:
        return base, None
    mask = subject_mask(base)
    front = _under(base, light, 0.45) if brief.scene_named or brief.hour_named else base
    out = Image.composite(front, behind, mask)
    # light from behind wraps a little round the subject's edge
    small = (max(1, base.width // 8), max(1, base.height // 8))
    soft = mask.resize(small, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(max(2, sum(small) / 90)))
    rim = ImageChops.multiply(ImageChops.invert(soft), mask.resize(small, Image.Resampling.BOX)).resize(base.size)
    out.paste(ImageChops.screen(out, behind), (0, 0), rim.point([round(v * 0.8) for v in range(256)]))
    return out, mask


def _under(image: Image.Image, light: Light, share: float) -> Image.Image:
    """Return the picture as seen under another light."""
    table: list[int] = []
    for factor, low in zip(light.tint, light.low, strict=True):
        f = 1 + (factor - 1) * share
        table += [min(255, round(v * f + (low - 128) * 0.07 * share * (1 - v / 255))) if v else 0 for v in range(256)]
    return image.point([max(0, v) for v in table])


def _hour_changed(image: Image.Image, mask: Image.Image, brief: Brief, light: Light, seed: int) -> Image.Image:
    """Light the whole picture anew, most of all what looks like sky."""
    c = Canvas(image.size)
    c.image = _under(image, light, 1.0 if light.dark else 0.85)
    rows, columns = 96, max(8, round(96 * c.w / c.h))
    behind = 1 - np.asarray(mask.resize((columns, rows), Image.Resampling.BOX), np.float32) / 255
    down = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    rng = stream("hour", brief.key, seed)
    grey = np.asarray(image.convert("L").resize((columns, rows), Image.Resampling.BOX), np.float32) / 255
    bright = np.clip((grey - 0.3) * 2.2, 0, 1)
    sky = behind * np.clip(1.15 - down * 1.6, 0, 1) * (0.35 + 0.65 * bright)
    c.veil(sky * 0.75, light.top)
    c.veil(behind * np.exp(-(((down - 0.55) / 0.24) ** 2)) * (0.3 + 0.4 * bright), light.low)
    x = c.w * (0.2 if rng.random() < 0.5 else 0.8)
    if light.hour == "night":
        front = c.image.copy()
        stars(c, rng, c.h * 0.55, 170)
        c.glow(x, c.h * 0.16, 0.3, light.low, alpha=0.8)
        c.glow(x, c.h * 0.16, 0.05, light.sun, alpha=1, power=0.35)
        c.image.paste(front, (0, 0), mask)
    else:
        c.glow(x, c.h * 0.4, 0.75, mix(light.low, light.sun, 0.4), alpha=0.65, power=1.8)
    return c.image


def _coloured(image: Image.Image, colour: Colour) -> Image.Image:
    """Move the picture's hues towards a colour and keep its light."""
    if max(colour) - min(colour) < 24:  # black, white and greys have no hue
        level = sum(colour) / 3 / 255
        pale = Image.merge("RGB", [image.convert("L")] * 3)
        curve = [round(255 * (v / 255) ** (1.7 - 1.3 * level)) for v in range(256)]
        return Image.blend(image, pale.point(curve * 3), 0.75)
    y, cb, cr = image.convert("YCbCr").split()
    _, want_b, want_r = Image.new("RGB", (1, 1), colour).convert("YCbCr").getpixel((0, 0))  # type: ignore[misc]  # three bands give a tuple
    moved = [
        band.point([round(v * 0.4 + (128 + (want - 128) * 1.1) * 0.6) for v in range(256)])
        for band, want in ((cb, want_b), (cr, want_r))
    ]
    return Image.merge("YCbCr", (y, *moved)).convert("RGB")


def _frosted(image: Image.Image) -> Image.Image:
    """Cool the picture and let snow lie on what is bright."""
    grey = image.convert("L")
    cold = Image.blend(image, Image.new("RGB", image.size, rgb("#b9cbe6")), 0.22)
    cold.paste(rgb("#f6f9ff"), (0, 0), grey.point([round(max(0, v - 95) * 0.75) for v in range(256)]))
    return cold


def _regraded(image: Image.Image, light: Light, seed: int) -> Image.Image:
    """Words that mean nothing here still leave their mark: a colour in the shadows, another in the lights."""
    dark, bright = light.accent[digest("grade", seed) % 3], light.sun
    table: list[int] = []
    for k in range(3):
        table += [
            min(255, round(v * 0.82 + 0.34 * dark[k] * (1 - v / 255) ** 2 + 0.2 * bright[k] * (v / 255) ** 1.5))
            for v in range(256)
        ]
    return vignette(image.point(table), 0.55)


def _pinned(image: Image.Image, extra: Image.Image, place: int, ask: Ask) -> Image.Image:
    """Pin a further picture onto a lower corner, as a print with a white rim."""
    side = round(min(image.size) * 0.27)
    rim = max(2, side // 18)
    print_ = ImageOps.expand(ImageOps.fit(extra, (side, side)), rim, fill=rgb("#fbf8f1"))
    turn = float(ask.rng(f"pin {place}").uniform(4, 9)) * (-1 if place % 2 else 1)
    mask = Image.new("L", print_.size, 255).rotate(turn, Image.Resampling.BICUBIC, expand=True)
    tilted = print_.rotate(turn, Image.Resampling.BICUBIC, expand=True)
    x = round(image.width * 0.03) if place % 2 == 0 else image.width - tilted.width - round(image.width * 0.03)
    y = round(image.height * (0.94 if place < 2 else 0.5)) - tilted.height
    out = image.copy()
    shade = Image.new("L", image.size)
    ImageDraw.Draw(shade).rectangle((x + rim, y + 2 * rim, x + tilted.width, y + tilted.height + rim), fill=110)
    step = max(1, side // 64)
    soft = shade.reduce(step).filter(ImageFilter.GaussianBlur(3)).resize(image.size, Image.Resampling.BICUBIC)
    out.paste((10, 8, 14), (0, 0), soft)
    out.paste(tilted, (x, y), mask)
    return out
