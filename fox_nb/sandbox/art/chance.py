"""Chance that repeats itself: everything random comes from a digest of words, never from the process."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float64]
Field = npt.NDArray[np.float32]
_GRAIN = 512  # pixels of the grain tile's side


def digest(*parts: object) -> int:
    """Return a number of 64 bits that depends on the parts' text alone, the same in any process."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def stream(*parts: object) -> np.random.Generator:
    """Return a generator of its own for this purpose, so that one drawing does not shift another's numbers."""
    return np.random.default_rng(digest(*parts))


def ridge(rng: np.random.Generator, count: int, *, detail: int = 6, rough: float = 0.5, start: int = 2) -> Floats:
    """Return `count` heights, about -1..1, of a skyline made of ever finer waves."""
    at = np.linspace(0, 1, count)
    total = np.zeros(count)
    size = 1.0
    for octave in range(detail):
        knots = start * 2**octave + 3
        values = rng.uniform(-1, 1, knots)
        place = at * (knots - 3) + 1
        low = np.floor(place).astype(int)
        f = smoothstep(place - low)
        total += size * (values[low] * (1 - f) + values[np.minimum(low + 1, knots - 1)] * f)
        size *= rough
    return total / 1.4


def smoothstep(share: Floats) -> Floats:
    """Return the share (0..1) with a soft beginning and end."""
    return share * share * (3 - 2 * share)


def clouds(rng: np.random.Generator, width: int, height: int, *, cells: float = 4, octaves: int = 5) -> Floats:
    """Return a field of soft noise, 0..1, `cells` blobs high."""
    total = np.zeros((height, width), np.float64)
    size, weight = 1.0, 0.0
    for octave in range(octaves):
        rows = max(2, round(cells * 2**octave))
        columns = max(2, round(rows * width / height))
        seed = Image.fromarray(rng.random((rows, columns), dtype=np.float32), "F")
        total += size * np.asarray(seed.resize((width, height), Image.Resampling.BICUBIC), np.float64)
        weight += size
        size *= 0.55
    total /= weight
    low, high = float(total.min()), float(total.max())
    return (total - low) / (high - low + 1e-9)


@lru_cache(maxsize=8)
def grain_tile(strength: float) -> Image.Image:
    """Return a square of film grain around 128, made once; it repeats without a seam."""
    fine = stream("grain", _GRAIN).normal(0, 1, (_GRAIN, _GRAIN))
    soft = (fine + np.roll(fine, 1, 0) + np.roll(fine, 1, 1) + np.roll(fine, (1, 1), (0, 1))) / 2
    values = 128 + strength * (0.55 * fine + 0.6 * soft)
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8), "L")


def tiled(tile: Image.Image, size: tuple[int, int], shift: tuple[int, int] = (0, 0)) -> Image.Image:
    """Return a picture of `size` paved with a tile, moved by `shift` pixels."""
    side_x, side_y = tile.size
    out = Image.new(tile.mode, size)
    for y in range(-(shift[1] % side_y), size[1], side_y):
        for x in range(-(shift[0] % side_x), size[0], side_x):
            out.paste(tile, (x, y))
    return out


def averaged(field: npt.ArrayLike, cells: int) -> Field:
    """Return the field with its means over so many cells a side, and soft ways between them."""
    image = Image.fromarray(np.asarray(field, np.float32))
    return np.asarray(image.reduce(cells).resize(image.size, Image.Resampling.BICUBIC))
