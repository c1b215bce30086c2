"""The last coat: vignette and film grain, and the styles that a prompt may ask for."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from fox_nb.sandbox.art.chance import clouds, digest, grain_tile, stream, tiled
from fox_nb.sandbox.art.colour import rgb

_ON_PAPER = frozenset(("watercolour", "sketch", "pixel"))


def grained(image: Image.Image, strength: float, seed: int) -> Image.Image:
    """Return the picture with film grain, which also hides the steps of soft gradients."""
    tile = grain_tile(strength)
    shift = (digest("grain", seed) % tile.width, digest("grain-y", seed) % tile.height)
    band = tiled(tile, image.size, shift)
    return ImageChops.add(image, Image.merge("RGB", (band, band, band)), 1, -128)


def vignette(image: Image.Image, strength: float) -> Image.Image:
    """Return the picture with its corners darkened."""
    x = (np.arange(64) + 0.5) / 32 - 1
    far = np.sqrt((x[None, :] ** 2 + x[:, None] ** 2) / 2)
    mask = Image.fromarray((255 * strength * np.clip((far - 0.45) / 0.6, 0, 1) ** 1.8).astype(np.uint8), "L")
    out = image.copy()
    out.paste((12, 8, 20), (0, 0), mask.resize(image.size, Image.Resampling.BICUBIC))
    return out


def finished(image: Image.Image, styles: tuple[str, ...], seed: int) -> Image.Image:
    """Return a new picture in its styles, with darker corners and grain unless it stands on paper."""
    out = styled(image, styles, seed)
    return out if _ON_PAPER & set(styles) else grained(vignette(out, 0.24), 2.4, seed)


def styled(image: Image.Image, styles: tuple[str, ...], seed: int) -> Image.Image:
    """Return the picture in the styles, one after the other."""
    for style in styles:
        image = _STYLES[style](image, seed)
    return image


def _reduced(image: Image.Image, side: int) -> Image.Image:
    """Return the picture with about as many pixels as a square of this side, for what is soft or coarse at any size."""
    return image.reduce(max(1, round(math.sqrt(image.width * image.height) / side)))


def _toned(image: Image.Image, dark: str, middle: str, bright: str, share: float) -> Image.Image:
    """Return the picture blended with itself in one ink, its greys between three colours."""
    return Image.blend(image, ImageOps.colorize(image.convert("L"), dark, bright, middle), share)


def _mono(image: Image.Image, _seed: int) -> Image.Image:
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=0.5)
    return ImageOps.colorize(grey, "#0d0d10", "#f7f4ee")


def _sepia(image: Image.Image, _seed: int) -> Image.Image:
    return _toned(image, "#20130c", "#946f4b", "#f8ebcf", 0.72)


def _faded(image: Image.Image, _seed: int) -> Image.Image:
    """Make an old print: warm, its blacks not quite black."""
    return _toned(image, "#2c1d18", "#94745a", "#fbf0d8", 0.2)


def _soft(image: Image.Image, _seed: int) -> Image.Image:
    haze = _reduced(image, 256).filter(ImageFilter.GaussianBlur(4)).resize(image.size, Image.Resampling.BILINEAR)
    return Image.blend(image, ImageChops.screen(image, haze), 0.2)


def _dramatic(image: Image.Image, _seed: int) -> Image.Image:
    return vignette(ImageEnhance.Contrast(image).enhance(1.15), 0.5)


def _watercolour(image: Image.Image, seed: int) -> Image.Image:
    """Washes with darker rims, on a paper that shows through."""
    small = _reduced(image, 480).filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.ModeFilter(5))
    wash = ImageEnhance.Color(ImageEnhance.Brightness(small).enhance(1.12)).enhance(1.1)
    rim = wash.convert("L").filter(ImageFilter.FIND_EDGES).filter(ImageFilter.GaussianBlur(0.8))
    rim = rim.point([255 - min(70, round(v * 0.9)) for v in range(256)])
    wash = ImageChops.multiply(wash, Image.merge("RGB", (rim, rim, rim)))
    big = wash.resize(image.size, Image.Resampling.BICUBIC)
    big = Image.blend(big, image, 0.16)
    return grained(_edge_fade(big, seed), 4, seed)


def _edge_fade(image: Image.Image, seed: int) -> Image.Image:
    """Let the picture run out raggedly into white paper at its rim."""
    rows = 160
    columns = max(20, round(rows * image.width / image.height))
    noise = clouds(stream("wash", seed), columns, rows, cells=12, octaves=4)
    y, x = np.mgrid[0:rows, 0:columns]
    edge = np.minimum(np.minimum(x, columns - 1 - x), np.minimum(y, rows - 1 - y)) / rows
    cover = np.clip((edge - 0.075 * noise) / 0.02, 0, 1)
    mask = Image.fromarray((255 * (1 - cover)).astype(np.uint8), "L").resize(image.size, Image.Resampling.BICUBIC)
    out = image.copy()
    out.paste(rgb("#fbf7ee"), (0, 0), mask)
    return out


def _oil(image: Image.Image, seed: int) -> Image.Image:
    """Short strokes of thick paint with light on their ridges."""
    small = _reduced(image, 420).filter(ImageFilter.ModeFilter(7))
    relief = small.convert("L").filter(ImageFilter.EMBOSS)
    big = ImageEnhance.Color(small).enhance(1.15).resize(image.size, Image.Resampling.BICUBIC)
    ridge = relief.resize(image.size, Image.Resampling.BICUBIC)
    big = ImageChops.overlay(big, Image.merge("RGB", (ridge, ridge, ridge)))
    return grained(big, 5, seed)


def _sketch(image: Image.Image, seed: int) -> Image.Image:
    """Pencil: lines where the picture changes, hatching where it is dark."""
    grey = _reduced(image.convert("L"), 1100)
    blur = grey.filter(ImageFilter.GaussianBlur(5))
    lines = np.asarray(grey, np.float32) / np.maximum(np.asarray(blur, np.float32), 1)
    y, x = np.mgrid[0 : grey.height, 0 : grey.width].astype(np.float32)
    dark = 1 - np.asarray(blur, np.float32) / 255
    hatch = np.clip(1.3 - np.clip(dark - 0.3, 0, 1) * (1.1 + np.sin((x + y) * 1.1)) * 0.8, 0, 1)
    hatch *= np.clip(1.2 - np.clip(dark - 0.6, 0, 1) * (1.1 + np.sin((x - y) * 1.0)) * 0.9, 0, 1)
    tone = np.clip(lines, 0.25, 1.0) ** 2.2 * np.clip(hatch, 0.2, 1)
    drawn = Image.fromarray((tone * 255).astype(np.uint8), "L").resize(image.size, Image.Resampling.BICUBIC)
    return grained(ImageOps.colorize(drawn, "#23211f", "#f6f1e6"), 4, seed)


def _pixel(image: Image.Image, _seed: int) -> Image.Image:
    """Big square pixels and few colours."""
    unit = math.sqrt(image.width * image.height)
    cells = (max(1, round(image.width / unit * 128)), max(1, round(image.height / unit * 128)))
    small = ImageEnhance.Color(image.resize(cells, Image.Resampling.BOX)).enhance(1.15)
    few = small.quantize(40, dither=Image.Dither.NONE).convert("RGB")
    return few.resize(image.size, Image.Resampling.NEAREST)


_STYLES: dict[str, Callable[[Image.Image, int], Image.Image]] = {
    "soft": _soft,
    "dramatic": _dramatic,
    "oil": _oil,
    "watercolour": _watercolour,
    "sepia": _sepia,
    "faded": _faded,
    "mono": _mono,
    "sketch": _sketch,
    "pixel": _pixel,
}
