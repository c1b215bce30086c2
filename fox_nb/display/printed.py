"""Printed: the small pictures that stand beside an output's HTML, for exports that take none, such as PDF and LaTeX."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from fox_nb.display.places import bundle, in_notebook

if TYPE_CHECKING:
    from fox_nb.display.places import Bundle

_EDGE = 400
_ACROSS = 4
_MOST = 8
"""Pictures on one print; more are too small to be seen on a page."""
_PICTURE = r'<img [^<>]*?\bsrc="data:image/[a-z]+;base64,([^"]+)"'


def printable(html: str, words: str = "") -> Bundle:
    """Return a page as an output; in a notebook the first of its pictures stand beside it, as a JPEG in base64."""
    shown = bundle(html, words)
    if in_notebook() and (small := [base64.b64decode(one[1]) for one in islice(re.finditer(_PICTURE, html), _MOST)]):
        shown["image/jpeg"] = base64.b64encode(_sheet(small)).decode()
    return shown


class Printed:
    """A page that shows itself, in exports without HTML by its pictures.

    Parameters
    ----------
    data : str
        Its HTML.
    """

    def __init__(self, data: str) -> None:
        self.data = data

    def _repr_html_(self) -> str:
        return self.data

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return printable(self.data)


def _sheet(thumbnails: Sequence[bytes]) -> bytes:
    from PIL import Image as Pillow

    from fox_nb.images.pixels import fitted, on_white

    columns = min(_ACROSS, len(thumbnails))
    edge = _EDGE if columns == 1 else _EDGE // 2
    small = [fitted(on_white(Pillow.open(io.BytesIO(one))), (edge, edge)) for one in thumbnails]
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
