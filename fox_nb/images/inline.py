"""Inline: a picture as a ``data:`` URI, which stays in the notebook with it."""

from __future__ import annotations

import base64


def data_uri(picture: bytes, mime: str = "image/webp") -> str:
    """Write a picture as a ``data:`` URI for an ``<img>``."""
    return f"data:{mime};base64,{base64.b64encode(picture).decode('ascii')}"
