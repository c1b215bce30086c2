"""Inline: a picture as a ``data:`` URI, which stays in the notebook with it, and its size in words."""

from __future__ import annotations

import base64


def data_uri(picture: bytes, mime: str = "image/webp") -> str:
    """Write a picture as a ``data:`` URI for an ``<img>``."""
    return f"data:{mime};base64,{base64.b64encode(picture).decode('ascii')}"


def size_words(width: int, height: int) -> str:
    """Write a picture's size in pixels: width, the sign for 'by', height; scripts write it by sizeWords."""
    return f"{width} \u00d7 {height}"
