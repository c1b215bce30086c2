"""Metrics: what four numbers say of a picture beside its original, both scaled to one size.

The structural similarity is taken on the brightness, and the colour shift on a small copy: so measuring a 4K
picture takes half a second and little memory, where the same on all its pixels takes 15 s and 2 GB. Pictures
of another shape than the original can't be laid over it, so those numbers are left out, with the reason,
rather than computed on something cropped that nobody sees.
"""

from __future__ import annotations

import math
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from fox_nb.errors import ExtraMissing, FoxError
from fox_nb.images.check import opened
from fox_nb.images.inline import size_words
from fox_nb.images.pixels import as_seen, on_white
from fox_nb.images.png_colours import profile_of
from fox_nb.images.turns import Turns, big

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

EDGE = 1024
"""The longest side, in pixels, at which pictures are measured."""

EXPLANATIONS: Mapping[str, str] = {
    "psnr": (
        "PSNR, in decibels: how close the pixels are to the original's; more is closer, above 40 is hard to "
        "tell apart. It can't tell good changes from bad ones: a shift by one pixel costs as much as damage."
    ),
    "ssim": (
        "SSIM, up to 1: how much of the original's structure (edges, textures) is still in its place, in the "
        "brightness alone. It tells how much was changed, not whether it looks better; new detail lowers it."
    ),
    "sharpness": (
        "Sharpness, as a multiple of the original's: the strength of the fine edges at the measured size. "
        "Noise and ringing count as sharpness too, and detail finer than the measured size doesn't count."
    ),
    "colour_shift": (
        "Colour shift, in CIE ΔE2000: the mean distance of colours seen from afar; below 1 nobody sees it, "
        "above 5 everybody does. It is a mean: a small part that has changed much hardly shows in it."
    ),
}
"""What each number can and can't tell."""

_COLOUR_EDGE = 256
_SAME_SHAPE = 0.02
_SMALLEST = 16
_FLAT = 1e-3
_STRIP = 256

_turns = Turns(2)  # a sweep of twenty-five 4K pictures held 860 MB at its end


def measure(picture: Path, original: Path) -> tuple[dict[str, float | None], str]:
    """Measure a picture against its original, both scaled to `EDGE` or to the smaller of the two.

    Parameters
    ----------
    picture, original : Path
        The files.

    Returns
    -------
    numbers : dict of str to float or None
        By the names of `EXPLANATIONS`: PSNR is infinite when every pixel is the same, of pictures of one size at their
        full size.
    note : str
        Why a number is None; '' when all are there.

    Raises
    ------
    ExtraMissing
        scikit-image is not installed.
    FoxError
        A file can't be read.
    """
    _skimage("metrics")
    with _turns.taken():
        found, note = _measured(picture, original)
        return dict.fromkeys(EXPLANATIONS) | found, note


def _measured(picture: Path, original: Path) -> tuple[dict[str, float | None], str]:
    """Return the numbers that can be had."""
    own, others = _size(picture), _size(original)
    long_side = min(EDGE, max(own), max(others))
    size = _scaled(others, long_side)
    if not same_shape(own, others):
        sharpness = _sharpness(_read(picture, _scaled(own, long_side)), _original(original, size))
        note = (
            f"The picture is {size_words(*own)}, the original {size_words(*others)}: two shapes, so their "
            "pixels can't be compared one by one."
        )
        return {"sharpness": sharpness}, note
    if min(size) < _SMALLEST:
        return {}, f"{size_words(*size)} pixels are too few to measure."
    here, there = _read(picture, size), _original(original, size)
    psnr = _psnr(here, there)
    if psnr == math.inf and own == others != size:
        psnr = _psnr_of_all(picture, original)
    found: dict[str, float | None] = {
        "psnr": psnr,
        "ssim": _ssim(here, there),
        "sharpness": _sharpness(here, there),
        "colour_shift": _colour_shift(here, there),
    }
    is_flat = found["sharpness"] is None
    return found, "The original is one flat colour, so there is no sharpness to compare with." if is_flat else ""


def _skimage(part: str) -> Any:
    try:
        return import_module(f"skimage.{part}")
    except ImportError as error:
        raise ExtraMissing(
            "Measuring pictures needs scikit-image, which is not installed here.",
            money="The pictures themselves are there.",
            todo='Install it with: pip install "fox_nb[metrics]"',
        ) from error


def _psnr(here: Pixels, there: Pixels) -> float:
    return _decibels(float(np.mean(np.square(here.astype(np.float32) - there))))


def _psnr_of_all(picture: Path, original: Path) -> float:
    """Return the number of the whole pictures: scaled down two that differ in a few pixels may be the same."""
    with big.taken():
        there, here = np.asarray(_whole(original)), _whole(picture)
        error = 0.0
        for top in range(0, here.height, _STRIP):
            strip = np.asarray(here.crop((0, top, here.width, min(top + _STRIP, here.height))), dtype=np.int32)
            error += float(np.square(strip - there[top : top + _STRIP]).sum())
    return _decibels(error / there.size)


def _decibels(error: float) -> float:
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def _ssim(here: Pixels, there: Pixels) -> float:
    # Gaussian weights of sigma 1.5: the settings of the paper that defined SSIM (Wang et al., 2004)
    return float(
        _skimage("metrics").structural_similarity(
            _brightness(here),
            _brightness(there),
            data_range=255.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def _sharpness(here: Pixels, there: Pixels) -> float | None:
    reference = _edges(there)
    return None if reference < _FLAT else _edges(here) / reference


def _edges(pixels: Pixels) -> float:
    """Return the variance of the Laplacian of the brightness."""
    b = _brightness(pixels)
    laplacian = b[:-2, 1:-1] + b[2:, 1:-1] + b[1:-1, :-2] + b[1:-1, 2:] - 4 * b[1:-1, 1:-1]
    return float(laplacian.var()) if laplacian.size else 0.0


def _colour_shift(here: Pixels, there: Pixels) -> float:
    color = _skimage("color")
    size = _scaled((here.shape[1], here.shape[0]), min(_COLOUR_EDGE, max(here.shape)))
    labs = [
        color.rgb2lab(np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX)))
        for pixels in (here, there)
    ]
    return float(color.deltaE_ciede2000(*labs).mean())


def _brightness(pixels: Pixels) -> NDArray[np.float32]:
    return np.asarray(pixels @ np.array([0.299, 0.587, 0.114], dtype=np.float32))


def _size(picture: Path) -> tuple[int, int]:
    """Return width and height as the picture is seen, turned upright."""
    with opened(picture, refuse=FoxError) as found:
        return found.facts.width, found.facts.height


def same_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Return True where one picture, scaled, lies over the other pixel by pixel."""
    return abs(one[0] * other[1] / (one[1] * other[0]) - 1) <= _SAME_SHAPE


def _scaled(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    factor = long_side / max(size)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _original(picture: Path, size: tuple[int, int]) -> Pixels:
    facts = picture.stat()
    return _kept(picture, size, (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size))


@lru_cache(maxsize=2)
def _kept(picture: Path, size: tuple[int, int], version: tuple[int, int, int]) -> Pixels:  # noqa: ARG001 - part of the key
    """Read the original once for all cells of a grid: 3 MB, kept for the last two."""
    return _read(picture, size)


def _read(picture: Path, size: tuple[int, int]) -> Pixels:
    """Decode a picture as an upload of it is seen, on white where it is transparent, at the given size."""
    with opened(picture, refuse=FoxError) as found:
        image = found.image
        # a JPEG is decoded at twice the size or more, so that the scaling is Pillow's own for all formats
        image.draft("RGB", (2 * max(size), 2 * max(size)))
        seen = as_seen(image, found.orientation, profile_of(image))
        small = on_white(seen).resize(size, Image.Resampling.LANCZOS, reducing_gap=3)
    return np.asarray(small)


def _whole(picture: Path) -> Image.Image:
    with opened(picture, refuse=FoxError) as found:
        return on_white(found.seen(max(found.image.size)))
