"""Pixels: decoded pictures made plain: upright, eight bits, sRGB."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms, ImageFile

from fox_nb.images.arrays import BYTE, ROUNDING, WORD, from_array, white_of

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SLIGHTLY = 12
"""Of 255, by which one maker's sRGB differs from another's, mostly in the darkest."""
DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turn a picture as EXIF's orientation (1 to 8) says."""
    turn = _TURNS.get(orientation)
    return image.transpose(turn) if turn is not None else image


def plain(image: Image.Image, parameter: str = "picture") -> Image.Image:
    """Give the picture as L, RGB or RGBA, eight bits a channel; alpha only where something is transparent.

    `parameter` is named in the error.

    Raises
    ------
    InvalidRequest
        Its numbers are no brightness.
    """
    if image.mode in DEEP:
        clear, values = image.info.get("transparency"), np.asarray(image)
        image = _eight_bits(image, parameter)
        if clear is not None:
            image.putalpha(Image.fromarray(np.where(values == clear, 0, BYTE).astype(np.uint8)))
    if image.mode in {"L", "RGB"} and "transparency" not in image.info:
        return image
    if image.mode == "1" and "transparency" not in image.info:
        return image.convert("L")
    if image.mode == "LAB":
        return _of_lab(image)
    if image.mode == "La":
        image = image.convert("LA")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    lowest, _ = image.getchannel("A").getextrema()
    return image.convert("RGB") if lowest == 255 else image  # noqa: PLR2004 - opaque


def as_seen(image: Image.Image, orientation: int, profile: bytes | None) -> Image.Image:
    """Give the picture as an upload, a thumbnail and a measurement take it: eight bits, in sRGB, upright.

    Raises
    ------
    InvalidRequest
        Its numbers are no brightness.
    """
    image = to_srgb(image if image.mode == "CMYK" else plain(image), profile)
    seen = upright(plain(image), orientation)
    # an opened file asks on saving where the process stands, and that folder may have been deleted
    return seen.copy() if isinstance(seen, ImageFile.ImageFile) else seen


def on_white(image: Image.Image) -> Image.Image:
    """Give the picture in RGB, on white where it is transparent."""
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image)
        image = white
    return image if image.mode == "RGB" else image.convert("RGB")  # which copies also what is RGB: 67 MB at 4K


def sized(image: Image.Image, edge: int) -> Image.Image:
    """Scale the picture down to a long side of `edge` pixels; a smaller one stays as it is."""
    longest = max(image.size)
    if longest <= edge:
        return image
    if image.mode not in {"L", "RGB", "RGBA", "CMYK"} or "transparency" in image.info:
        image = plain(image)  # first: a colour that stands for nothing would be blended into those beside it
    width, height = (max(1, round(side * edge / longest)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)


def fitted(image: Image.Image, box: tuple[int, int]) -> Image.Image:
    """Scale the picture so that it just fits into a box; of the narrowest one a pixel stays to be seen."""
    factor = min(box[0] / image.width, box[1] / image.height)
    return image.resize((max(1, round(image.width * factor)), max(1, round(image.height * factor))))


def is_called_srgb(profile: bytes | None) -> bool:
    """Tell whether an ICC profile bears sRGB's name, or is none at all, which means sRGB."""
    if not profile:
        return True
    try:
        description = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError):
        return True
    return "srgb" in description.lower()


def is_srgb(profile: bytes | None) -> bool:
    """Tell whether an ICC profile is sRGB's: some with its name have numbers of light itself, as Krita's and GIMP's."""
    return not profile or (is_called_srgb(profile) and _changes_little(profile))


@lru_cache(maxsize=8)
def _changes_little(profile: bytes) -> bool:
    steps = np.array([0, 60, 128, 200, BYTE], np.uint8)
    samples = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(25, 5, 3)
    image, srgb = Image.fromarray(samples), ImageCms.createProfile("sRGB")
    try:
        changed = ImageCms.profileToProfile(image, io.BytesIO(profile), srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return True
    return bool(np.abs(np.asarray(changed, int) - samples).max() <= _SLIGHTLY)


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Change the colours from the picture's ICC profile to sRGB; a nonsensical profile is passed over."""
    if is_srgb(profile):
        return image
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image.convert("RGB") if image.mode in {"RGBA", "L"} else image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
        if source.profile.xcolor_space.strip() == "GRAY":
            grey = image.convert("L")
            if image.mode == "L" or grey.convert("RGB") == colours:  # to colours it is nonsense
                colours = grey
        target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        changed = ImageCms.profileToProfile(colours, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    if changed is None:
        return image
    if alpha is not None:
        changed.putalpha(alpha)
    return changed


def _of_lab(image: Image.Image) -> Image.Image:
    lab, srgb = (ImageCms.ImageCmsProfile(ImageCms.createProfile(name)) for name in ("LAB", "sRGB"))
    changed = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    return changed if changed is not None else image


def scale_of(image: Image.Image) -> tuple[float, float] | None:
    """Return the numbers that are black and white in a picture of deep grey values; None for one of eight bits.

    Whole numbers go by their bits, as those of an array do, floats from 0 to 1. Pillow's own floats go from 0 to 255,
    so that these are understood, too; other floats, as instruments measure them, are stretched from the lowest to the
    highest, as viewers show them.
    """
    if image.mode not in DEEP:
        return None
    low, high = image.getextrema()
    if not (
        isinstance(low, (int, float)) and isinstance(high, (int, float))
    ):  # of several bands, which no deep one has
        return None
    if image.mode != "F":
        return 0, white_of(high)
    if low >= -ROUNDING and high <= 1 + ROUNDING:
        return 0, 1
    return (0, BYTE) if low >= 0 and high <= BYTE else (low, high)


def _eight_bits(image: Image.Image, parameter: str) -> Image.Image:
    values = np.asarray(image)
    if image.mode == "F" and values.size and np.isfinite(values).all():
        black, white = scale_of(image) or (0, 1)
        values = (values - black) / (white - black) if white > black else values * 0 + 1
    elif image.mode != "F" and values.size and values.min() >= 0 and values.max() <= WORD:
        values = values.astype(np.uint16)
    return from_array(values, parameter)
