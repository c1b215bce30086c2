"""Printed: the small picture that stands beside an output's HTML, for exports that take none, such as PDF and LaTeX."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

from fox_nb.display.task_pages import small_picture

_EDGE = 400
_ACROSS = 4
_MOST = 8
"""Pictures on one print; more are too small to be seen on a page."""


def printed(thing: Any) -> str:
    """Return a task's pictures, or one, as a JPEG in base64; '' for what shows none."""
    images = [image for image in getattr(thing, "images", [thing]) if getattr(image, "path", None)][:_MOST]
    found = [small_picture(image) for image in images if image.path.exists()]
    small = [picture for picture in found if picture is not None]
    return base64.b64encode(_sheet(small)).decode() if small else ""


def _sheet(thumbnails: Sequence[bytes]) -> bytes:
    from PIL import Image as Pillow
    from PIL import ImageOps

    columns = min(_ACROSS, len(thumbnails))
    edge = _EDGE if columns == 1 else _EDGE // 2
    small = [ImageOps.contain(Pillow.open(io.BytesIO(one)).convert("RGB"), (edge, edge)) for one in thumbnails]
    height = max(picture.height for picture in small)
    sheet = Pillow.new(
        "RGB", (sum(picture.width for picture in small[:columns]), height * -(-len(small) // columns)), "white"
    )
    for place, picture in enumerate(small):
        left = sum(before.width for before in small[place // columns * columns : place])
        sheet.paste(picture, (left, place // columns * height))
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=70)
    return out.getvalue()
