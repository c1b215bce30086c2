"""Pictures as files: reading any of Pillow's modes as RGB, and writing JPEG, PNG and WebP."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

_OPTIONS = {"jpeg": {"quality": 90}, "png": {"compress_level": 1}, "webp": {"quality": 88, "method": 1}}
"""What each format is written with."""


def _kind(name: str) -> str:
    kind = "jpeg" if name.lower() in ("jpg", "jpeg") else name.lower()
    if kind not in _OPTIONS:
        raise ValueError(f"the sandbox writes jpeg, png and webp, not {name!r}")
    return kind


def encode(image: Image.Image, format: str = "jpeg") -> bytes:  # noqa: A002 (Pillow's word for it)
    """Return a picture as the bytes of a JPEG, PNG or WebP file.

    Raises
    ------
    ValueError
        If the format is none of these.
    """
    kind = _kind(format)
    out = io.BytesIO()
    image.convert("RGB").save(out, kind, **_OPTIONS[kind])
    return out.getvalue()


def mime(format: str) -> str:  # noqa: A002 (Pillow's word for it)
    """Return a format's media type, such as ``"image/jpeg"``."""
    return f"image/{_kind(format)}"


def as_rgb(image: Image.Image) -> Image.Image:
    """Return any picture upright and in RGB; see-through parts stand on a warm white."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode == "RGB":
        return upright
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        paper = Image.new("RGBA", layer.size, (244, 241, 234, 255))
        return Image.alpha_composite(paper, layer).convert("RGB")
    if upright.mode.startswith(("I", "F")):
        low, high = (float(v) for v in upright.convert("F").getextrema())  # type: ignore[arg-type]  # one band has two numbers
        span = (high - low) or 1.0
        return upright.convert("F").point(lambda v: v * (255 / span) - low * 255 / span).convert("L").convert("RGB")
    return upright.convert("RGB")
