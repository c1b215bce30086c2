"""Fonts: the one on this machine that can write a contact sheet's labels, and what stands for signs that none has."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_KNOWN = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "arial.ttf", "Arial.ttf", "segoeui.ttf",
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "wqy-microhei.ttc", "msyh.ttc", "malgun.ttf", "meiryo.ttc",
    "PingFang.ttc", "Hiragino Sans GB.ttc", "Arial Unicode.ttf", "DroidSansFallbackFull.ttf",
)  # fmt: skip
"""What systems come with; Pillow looks for these names where each system keeps its fonts."""
_MISSING = "\ufffe"
"""No sign at all: a font draws its empty box for it."""


def font_for(texts: Iterable[str], size: int) -> Font:
    """Return the font that has the most of the signs in some texts; of equals the plainest."""
    signs = {sign for text in texts for sign in _seen(text) if _is_drawn(sign)}
    fonts = [_plain(size), *(font for name in _KNOWN if (font := _named(name, size)) is not None)]
    return max(fonts, key=lambda font: sum(_has(font, sign) for sign in signs))


def writable(text: str, font: Font) -> str:
    """Return a text whose signs that the font lacks are their letter without accents, or ``[U+72D0]``."""
    signs = _seen(text)
    return "".join(sign if not _is_drawn(sign) or _has(font, sign) else _in_place_of(sign, font) for sign in signs)


def _seen(text: str) -> str:
    """Join letters and accents, which macOS writes apart, and leave out what nobody sees: fonts have boxes for it."""
    return "".join(sign for sign in unicodedata.normalize("NFC", text) if not _is_unseen(sign))


def _is_unseen(sign: str) -> bool:
    is_control = unicodedata.category(sign) in {"Cc", "Cf"} and sign not in "\t\n"
    return is_control or "VARIATION SELECTOR" in unicodedata.name(sign, "")


def _in_place_of(sign: str, font: Font) -> str:
    if unicodedata.category(sign)[0] == "M":  # its letter says enough
        return ""
    plain = "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
    if plain != sign and plain and all(_has(font, part) for part in plain):
        return plain
    return f"[U+{ord(sign):04X}]"


def _is_drawn(sign: str) -> bool:
    return unicodedata.category(sign)[0] not in "ZC" or unicodedata.category(sign) == "Co"


@lru_cache(maxsize=16)
def _plain(size: int) -> Font:
    return ImageFont.load_default(size)


@lru_cache(maxsize=64)
def _named(name: str, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


@lru_cache(maxsize=65_536)
def _has(font: Font, sign: str) -> bool:
    """Tell whether a font has a sign: else it draws what it draws for none."""
    font = _apart(font)
    one, none = font.getmask(sign), font.getmask(_MISSING)
    return (one.size, bytes(one)) != (none.size, bytes(none))


@lru_cache(maxsize=64)
def _apart(font: Font) -> Font:
    """Return the font without what joins signs, which draws a circle for the letter of a mark, beside the empty box."""
    if isinstance(font, ImageFont.FreeTypeFont):
        return font.font_variant(layout_engine=ImageFont.Layout.BASIC)
    return font
