"""What is written on a picture: the small 'sandbox' mark, found again and taken off, and words that were not drawn."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

_SMALLEST = 96  # a picture with a shorter side than this has no room for it
_INK = (250, 246, 236)
_PLATE = (22, 22, 28)
_TEXT = "sandbox"
_SURE = 0.62  # how well (correlation) a corner must match the mark to be taken for it


@lru_cache(maxsize=16)
def _stamp(height: int) -> tuple[Image.Image, Image.Image]:
    """Return the plate's and the letters' masks for a mark of that many pixels' height."""
    fine = 4
    font = ImageFont.load_default(size=max(6.0, height * fine * 0.56))
    gap = height * fine * 0.045
    widths = [font.getlength(letter) for letter in _TEXT]
    full = round(sum(widths) + gap * (len(_TEXT) - 1) + height * fine * 0.85)
    plate = Image.new("L", (full, height * fine))
    ImageDraw.Draw(plate).rounded_rectangle((0, 0, full - 1, height * fine - 1), radius=height * fine // 2, fill=150)
    letters = Image.new("L", plate.size)
    draw = ImageDraw.Draw(letters)
    x = height * fine * 0.425
    for letter, width in zip(_TEXT, widths, strict=True):
        draw.text((x, height * fine * 0.46), letter, fill=235, font=font, anchor="lm")
        x += width + gap
    return plate.reduce(fine), letters.reduce(fine)


def _place(size: tuple[int, int]) -> tuple[Image.Image, Image.Image, tuple[int, int]] | None:
    if min(size) < _SMALLEST:
        return None
    unit = math.sqrt(size[0] * size[1])
    plate, letters = _stamp(max(9, round(unit * 0.0235)))
    margin = round(unit * 0.016)
    if plate.width + 2 * margin > size[0]:
        return None
    return plate, letters, (size[0] - plate.width - margin, size[1] - plate.height - margin)


def mark(image: Image.Image) -> Image.Image:
    """Return the picture (RGB) with the mark in its lower right corner, scaled with the picture."""
    out = image.convert("RGB")
    place = _place(out.size)
    if place is not None:
        plate, letters, corner = place
        out.paste(_PLATE, corner, plate)
        out.paste(_INK, corner, letters)
    return out


def noted(image: Image.Image, words: Sequence[str]) -> Image.Image:
    """Return the picture with a line of what it was asked to show and does not, so that nobody looks for it."""
    if not words or min(image.size) < _SMALLEST * 2:
        return image
    unit = math.sqrt(image.width * image.height)
    font = ImageFont.load_default(size=max(9.0, unit * 0.017))
    text = "not drawn: " + ", ".join(_writable(words))
    while len(text) > 12 and font.getlength(text) > image.width * 0.72:
        text = text[: -max(2, len(text) // 12)].rstrip(" ,…") + "…"
    left, foot = unit * 0.016, image.height - unit * 0.016
    plate = (left, foot - unit * 0.03, left + font.getlength(text) + unit * 0.02, foot)
    out = image.copy()
    layer = Image.new("L", image.size)
    ImageDraw.Draw(layer).rounded_rectangle(plate, radius=unit * 0.006, fill=150)
    out.paste(_PLATE, (0, 0), layer)
    ImageDraw.Draw(out).text((left + unit * 0.01, foot - unit * 0.015), text, fill=_INK, font=font, anchor="lm")
    return out


def _writable(words: Sequence[str]) -> list[str]:
    """Return words in letters that Pillow's own font has, without accents; it has an empty box for any other."""
    parts = (unicodedata.normalize("NFKD", word) for word in words)
    plain = ["".join(sign for sign in part if not unicodedata.combining(sign)) for part in parts]
    written = list(dict.fromkeys(word for word in plain if word.isascii()))
    others = sum(not word.isascii() for word in plain)
    return [*written, *([f"{others} word{'s' * (others > 1)} in other letters"] if others else [])]


def is_marked(image: Image.Image) -> bool:
    """Return whether the mark stands in the picture's corner, also after JPEG or a change of size."""
    place = _place(image.size)
    if place is None:
        return False
    plate, letters, (x, y) = place
    seen = np.asarray(image.crop((x, y, x + plate.width, y + plate.height)).convert("L"), np.float32)
    within = np.asarray(plate) > 140
    wanted = np.asarray(letters, np.float32)[within]
    got = seen[within]
    if got.std() < 8:
        return False
    return float(np.corrcoef(wanted, got)[0, 1]) > _SURE


def unmarked(image: Image.Image) -> Image.Image:
    """Return the picture (RGB) without its mark: what stands above it is mirrored into its place."""
    out = image.convert("RGB")
    place = _place(out.size)
    if place is None or not is_marked(out):
        return out
    plate, _, (x, y) = place
    soft = max(2, plate.height // 6)
    left, top = max(0, x - 2 * soft), max(0, y - 2 * soft)
    right, bottom = min(out.width, x + plate.width + 2 * soft), min(out.height, y + plate.height + 2 * soft)
    tall = bottom - top
    above = out.crop((left, max(0, top - tall), right, top))
    patch = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((right - left, tall))
    mask = Image.new("L", patch.size)
    ImageDraw.Draw(mask).rectangle((soft, soft, patch.width - soft, patch.height - soft), fill=255)
    out.paste(patch, (left, top), mask.filter(ImageFilter.GaussianBlur(soft / 2)))
    return out
