"""Rewrite: what must be done to a picture before it leaves, and doing it."""

from __future__ import annotations

import io
from dataclasses import dataclass

import PIL.Image
from PIL import Image

from fox_nb.images.check import Opened
from fox_nb.images.pixels import as_seen, sized
from fox_nb.images.png_colours import profile_of

_STAYS_EXACT = {"PNG", "GIF", "BMP"}
_CLEAN_SEGMENTS = {"APP0", "APP14"}
_PRIVATE = {"exif", "xmp", "XML:com.adobe.xmp", "photoshop", "comment"}
_EXACT_PIXELS = 4_200_000
_QUALITIES = (95, 90, 84, 76)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an upload may be; beyond it a picture is scaled down or compressed.

    Attributes
    ----------
    long_side : int
        Pixels along the longer side. The default lets the models' own 4K results (5,504 px) pass untouched.
    max_bytes : int
        Size of the file.
    """

    long_side: int = 6000
    max_bytes: int = 20_000_000


def stays_exact(picture: Opened, size: int, limits: Limits) -> bool:
    """Tell whether a rewritten picture is a PNG, for its transparency or for pixels that were exact before."""
    if picture.image.has_transparency_data:
        return True
    return picture.facts.format in _STAYS_EXACT and size <= limits.max_bytes


def rewritten(picture: Opened, size: int, limits: Limits) -> bytes:
    """Turn upright, scale down, change to sRGB, and write the pixels alone."""
    exact = stays_exact(picture, size, limits)
    profile = profile_of(picture.image)
    return written(picture.decode(limits.long_side), picture.orientation, profile, exact=exact, limits=limits)


def written(image: Image.Image, orientation: int, profile: bytes | None, *, exact: bool, limits: Limits) -> bytes:
    """Write the pixels of a decoded image within the limits, as PNG when `exact`, else as JPEG."""
    image = sized(image, limits.long_side)
    image = as_seen(image, orientation, profile)
    while True:
        for data in (_png(image),) if exact else (_jpeg(image, quality) for quality in _QUALITIES):
            if len(data) <= limits.max_bytes or max(image.size) == 1:
                return data
        image = sized(image, max(1, int(max(image.size) * 0.8)))


def is_small(image: Image.Image) -> bool:
    """Tell whether a PNG of it is quick to write and to send (about four million pixels)."""
    return image.width * image.height <= _EXACT_PIXELS


def tells_more_than_pixels(image: Image.Image) -> bool:
    """Look for EXIF, GPS, XMP, comments, thumbnails, second pictures: everything that is not needed to see it."""
    if _PRIVATE & image.info.keys() or getattr(image, "text", None):
        return True
    segments = getattr(image, "applist", ())
    return any(
        name not in _CLEAN_SEGMENTS and not (name == "APP2" and data.startswith(b"ICC_PROFILE\0"))
        for name, data in segments
    )


def _bare(image: Image.Image) -> Image.Image:
    """Forget what the encoders would write beside the pixels."""
    image = image.copy()
    image.info = {}
    return image


def _png(image: Image.Image) -> bytes:
    """Write a PNG; what lies below full transparency is no part of what is seen."""
    stream = io.BytesIO()
    if image.mode == "RGBA":
        seen = PIL.Image.new("RGBA", image.size)
        seen.paste(image, mask=image.getchannel("A").point(lambda alpha: 255 if alpha else 0))
        image = seen
    _bare(image).save(stream, "PNG", compress_level=3)
    return stream.getvalue()


def _jpeg(image: Image.Image, quality: int) -> bytes:
    stream = io.BytesIO()
    _bare(image).convert("RGB").save(stream, "JPEG", quality=quality, subsampling=0 if quality > 90 else 2)  # noqa: PLR2004
    return stream.getvalue()
