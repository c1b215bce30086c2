"""Pixel sizes: what the models make of an aspect ratio and a resolution."""

from __future__ import annotations

_PHOTA = {"1:1": (1024, 1024), "16:9": (1376, 768), "4:3": (1200, 896), "3:2": (1232, 816)}
_GROK = {
    "1:1": (1024, 1024),
    "4:3": (1280, 896),
    "3:2": (1296, 864),
    "16:9": (1408, 768),
    "2:1": (1408, 704),
    "19.5:9": (1248, 576),
    "20:9": (1280, 576),
}
"""Pictures that lie; those that stand have the same sides the other way round."""
_TIMES = {"1K": 1, "4K": 4}


def size_of(model: str, aspect_ratio: str, resolution: str) -> tuple[int, int]:
    """Return the width and height in pixels of one of a model's pictures.

    Parameters
    ----------
    model : str
        A model's name; those that start with ``grok`` have sizes of their own.
    aspect_ratio : str
        Such as ``"16:9"``.
    resolution : str
        ``"1K"`` or ``"4K"``, which has four times the pixels a side.

    Raises
    ------
    ValueError
        If the model has no such aspect ratio, or there is no such resolution.
    """
    lying = _GROK if model.startswith("grok") else _PHOTA
    turned = ":".join(reversed(aspect_ratio.split(":")))
    if not {aspect_ratio, turned} & set(lying):
        raise ValueError(f"{model} has no aspect ratio {aspect_ratio!r}; it has {', '.join(lying)}, lying or standing")
    width, height = lying[aspect_ratio] if aspect_ratio in lying else lying[turned][::-1]
    times = _times(resolution)
    return width * times, height * times


def enhanced_size(image_size: tuple[int, int], resolution: str) -> tuple[int, int]:
    """Return the size of an enhanced picture: the given one's shape with a long side of 1024 (1K) or 4096 (4K)."""
    long_side = 1024 * _times(resolution)
    width, height = image_size
    share = long_side / max(width, height)
    return max(1, round(width * share)), max(1, round(height * share))


def _times(resolution: str) -> int:
    if resolution not in _TIMES:
        raise ValueError(f"there is no resolution {resolution!r}; there are 1K and 4K")
    return _TIMES[resolution]
