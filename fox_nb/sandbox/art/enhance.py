"""Enhancing: a sharper, larger picture, with as much invented detail as the two settings let in.

The detail is one layer, made from the picture and the seed alone; creativity and resemblance only say how strongly it
is laid on. So the result leaves the original on a straight path, and each setting moves it one way only.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from fox_nb.sandbox.art.chance import Field, averaged, digest, stream, tiled
from fox_nb.sandbox.art.encoding import as_rgb
from fox_nb.sandbox.art.figure import Figure
from fox_nb.sandbox.art.mark import mark, unmarked

_CREATIVITY, _RESEMBLANCE = 0.3, 0.7  # what unset settings stand for
_WAYS = 8  # directions that the invented strokes may take
_TILE = 512  # pixels of a stroke tile's side
_WORK = 384  # pixels of the long side at which the picture's directions are found


def strength_of(creativity: float | None, resemblance: float | None) -> float:
    """Return how strongly detail is laid on, about 0..1: it grows with creativity and falls with resemblance."""
    c = _CREATIVITY if creativity is None else creativity
    r = _RESEMBLANCE if resemblance is None else resemblance
    return (0.05 + 0.95 * c) * (1 - 0.9 * r)


def enhance(
    image: Image.Image,
    size: tuple[int, int],
    *,
    creativity: float | None,
    resemblance: float | None,
    seed: int,
    figures: Sequence[Figure] = (),
) -> Image.Image:
    """Return a picture enlarged and sharpened, with invented detail.

    Parameters
    ----------
    image : Image
        Any picture; a mark is taken off first and set again.
    size : tuple of int
        The result's pixels; see `fox_nb.sandbox.art.sizes.enhanced_size`.
    creativity : float, optional
        0..1: how much detail is invented. None is like 0.3.
    resemblance : float, optional
        0..1: how close the result stays to the original. None is like 0.7.
    seed : int
        Another seed is other detail.
    figures : sequence of Figure
        People who are in the picture. Skin bears little invention anyway, so that they stay who they are; their
        names only make it other detail.
    """
    given = unmarked(as_rgb(image))
    share = strength_of(creativity, resemblance)
    kind = digest(seed, *(figure.id for figure in figures))
    return mark(_laid_on(_enlarged(given, size, share), _texture(given, size, kind), share))


def _enlarged(image: Image.Image, size: tuple[int, int], share: float) -> Image.Image:
    """Return the picture at a new size, its edges and its local contrast raised before, which costs less."""
    grows = size[0] >= image.width
    if not grows:
        image = image.resize(size, Image.Resampling.LANCZOS)
    sharp = image.filter(ImageFilter.UnsharpMask(1.2, 60, 2))
    sharp = sharp.filter(ImageFilter.UnsharpMask(max(image.size) / 64, round(30 * share), 0))
    return sharp.resize(size, Image.Resampling.BICUBIC) if grows else sharp


def _directions(image: Image.Image) -> tuple[Field, Field]:
    """Return the angle along the picture's edges and how busy it is there (0..1), at working size."""
    share = _WORK / max(image.size)
    small = image.convert("L").resize(
        (max(8, round(image.width * share)), max(8, round(image.height * share))), Image.Resampling.BOX
    )
    grey = np.asarray(small.filter(ImageFilter.GaussianBlur(1)), np.float32) / 255
    gy, gx = (np.asarray(g, np.float32) for g in np.gradient(grey))
    blur = [averaged(f, 13) for f in (gx * gx, gy * gy, gx * gy)]
    angle = 0.5 * np.arctan2(2 * blur[2], blur[0] - blur[1]) + math.pi / 2
    busy = np.sqrt(np.maximum(blur[0] + blur[1], 0))
    return angle.astype(np.float32), np.clip(busy / (np.percentile(busy, 90) + 1e-4), 0, 1).astype(np.float32)


@lru_cache(maxsize=2 * _WAYS)
def _strokes(way: int, kind: int) -> Image.Image:
    """Return a seamless tile of brush strokes that run in one of the directions, around 128."""
    rng = stream("stroke tile", way, kind)
    angle = math.pi * way / _WAYS
    tile = Image.new("L", (_TILE, _TILE), 128)
    draw = ImageDraw.Draw(tile)
    for _ in range(1500):
        x, y = rng.random(2) * _TILE
        length, bend = rng.uniform(10, 46), rng.normal(0, 0.16)
        tone = int(min(max(128 + rng.normal(0, 58), 8), 248))
        path = [
            (math.cos(angle + bend * t) * length * t, math.sin(angle + bend * t) * length * t) for t in (-0.5, 0, 0.5)
        ]
        width = (1, 1, 2, 3)[rng.integers(4)]
        for dx, dy in itertools.product((-_TILE, 0, _TILE), repeat=2):  # what leaves on one side comes in on the other
            draw.line([(x + px + dx, y + py + dy) for px, py in path], fill=tone, width=width)
    return tile.filter(ImageFilter.GaussianBlur(0.6))


@lru_cache(maxsize=2 * _WAYS)
def _brushwork(way: int, grown: int) -> Image.Image:
    """Return strokes that are as large in the picture as at 1K, with finer ones between them where there is room."""
    coarse = _strokes(way, 0)
    if grown <= 1:
        return coarse
    side = _TILE * grown
    large = coarse.resize((side, side), Image.Resampling.BICUBIC)
    return ImageChops.add(large, tiled(_strokes(way, 1), (side, side)), 1, -128)


def _texture(image: Image.Image, size: tuple[int, int], seed: int) -> Image.Image:
    """Return the invented detail, an ``L`` layer around 128: strokes that follow the picture's edges."""
    angle, busy = _directions(image)
    turn = (angle / math.pi * _WAYS) % _WAYS
    strength = (0.35 + 0.65 * busy) * _spared(image, (busy.shape[1], busy.shape[0]))
    grown = max(1, round(math.sqrt(size[0] * size[1]) / 1024))
    layer = Image.new("L", size, 128)
    for way in range(_WAYS):
        apart = np.abs((turn - way + _WAYS / 2) % _WAYS - _WAYS / 2)
        mask = np.clip(1.1 - apart, 0, 1) * strength
        small = Image.fromarray((np.clip(mask, 0, 1) * 255).astype(np.uint8), "L")
        shift = ((digest(seed, way) % 509) * grown, (digest(way, seed) % 499) * grown)
        layer.paste(tiled(_brushwork(way, grown), size, shift), (0, 0), small.resize(size, Image.Resampling.BILINEAR))
    return layer


def _spared(image: Image.Image, size: tuple[int, int]) -> Field:
    """Return how much invention each place bears: skin bears less."""
    y, cb, cr = (
        np.asarray(band, np.float32) for band in image.resize(size, Image.Resampling.BOX).convert("YCbCr").split()
    )
    skin = np.clip(1 - np.hypot((cb - 108) / 18, (cr - 152) / 16), 0, 1) * (y > 40)  # too dark to tell
    return np.asarray(1 - 0.55 * np.clip(averaged(skin, 7) * 1.6, 0, 1), np.float32)


def _laid_on(image: Image.Image, layer: Image.Image, share: float) -> Image.Image:
    """Return the picture with the detail laid on: its lights a little warm, its darks a little cool."""
    bands = []
    for warmth in (1.3, 1.2, 0.95):
        table = [min(255, max(0, round(128 + (v - 128) * share * warmth))) for v in range(256)]
        bands.append(layer.point(table))
    return ImageChops.add(image, Image.merge("RGB", bands), 1, -128)
