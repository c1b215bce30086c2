"""Pixel sizes: what the models make of an aspect ratio and a resolution."""

from __future__ import annotations

_PHOTA = {
    "1:1": (1024, 1024),
    "16:9": (1376, 768),
    "9:16": (768, 1376),
    "4:3": (1200, 896),
    "3:4": (896, 1200),
    "3:2": (1232, 816),
    "2:3": (816, 1232),
}
_GROK = {
    "1:1": (1024, 1024),
    "3:4": (896, 1280),
    "4:3": (1280, 896),
    "9:16": (768, 1408),
    "16:9": (1408, 768),
    "2:3": (864, 1296),
    "3:2": (1296, 864),
    "9:19.5": (576, 1248),
    "19.5:9": (1248, 576),
    "9:20": (576, 1280),
    "20:9": (1280, 576),
    "1:2": (704, 1408),
    "2:1": (1408, 704),
}
_LONG_SIDE = {"1K": 1024, "4K": 4096}


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
    table = _GROK if model.startswith("grok") else _PHOTA
    if aspect_ratio not in table:
        raise ValueError(f"{model} has no aspect ratio {aspect_ratio!r}; it has {', '.join(table)}")
    times = _times(resolution)
    width, height = table[aspect_ratio]
    return width * times, height * times


def enhanced_size(image_size: tuple[int, int], resolution: str) -> tuple[int, int]:
    """Return the size of an enhanced picture: the given one's shape with a long side of 1024 (1K) or 4096 (4K)."""
    long_side = 1024 * _times(resolution)
    width, height = image_size
    share = long_side / max(width, height)
    return max(1, round(width * share)), max(1, round(height * share))


def _times(resolution: str) -> int:
    if resolution not in _LONG_SIDE:
        raise ValueError(f"there is no resolution {resolution!r}; there are 1K and 4K")
    return _LONG_SIDE[resolution] // 1024
