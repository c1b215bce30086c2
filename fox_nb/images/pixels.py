"""Pixels: decoded pictures made plain: upright, eight bits, sRGB."""

from __future__ import annotations

import io

from PIL import Image, ImageCms

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turn a picture as EXIF's orientation (1 to 8) says."""
    turn = _TURNS.get(orientation)
    return image.transpose(turn) if turn is not None else image


def plain(image: Image.Image) -> Image.Image:
    """Give the picture as L, RGB or RGBA, eight bits a channel; alpha only where something is transparent."""
    if image.mode in _DEEP:
        image = _eight_bits(image)
    if image.mode in {"L", "RGB"} and "transparency" not in image.info:
        return image
    if image.mode == "1":
        return image.convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    lowest, _ = image.getchannel("A").getextrema()
    return image.convert("RGB") if lowest == 255 else image  # noqa: PLR2004 - opaque


def sized(image: Image.Image, edge: int) -> Image.Image:
    """Scale the picture down to a long side of `edge` pixels; a smaller one stays as it is."""
    longest = max(image.size)
    if longest <= edge:
        return image
    if image.mode not in {"L", "RGB", "RGBA", "CMYK"}:
        image = plain(image)
    width, height = (max(1, round(side * edge / longest)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)


def is_srgb(profile: bytes | None) -> bool:
    """Tell whether an ICC profile is sRGB's, or none at all, which means sRGB."""
    if not profile:
        return True
    try:
        description = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError):
        return True
    return "srgb" in description.lower()


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Change the colours from the picture's ICC profile to sRGB; a nonsensical profile is passed over."""
    if is_srgb(profile):
        return image
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image.convert("RGB") if image.mode in {"RGBA", "L"} else image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
        target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        changed = ImageCms.profileToProfile(colours, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    if changed is None:
        return image
    if alpha is not None:
        changed.putalpha(alpha)
    return changed


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale deep grey values to eight bits: 16 bits by their range, other numbers by the range they use."""
    import numpy as np

    values = np.nan_to_num(np.asarray(image).astype(np.float64))
    if image.mode.startswith("I;16") or (image.mode == "I" and 255 < values.max() <= 65_535):  # noqa: PLR2004 - ranges
        values = values / 257
    elif values.min() < 0 or values.max() > 255:  # noqa: PLR2004 - beyond eight bits
        values = (values - values.min()) * (255 / (values.max() - values.min()))
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))
