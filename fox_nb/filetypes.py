"""Filetypes: the formats of pictures, which one a file has, told by its first bytes, and how a damaged ZIP shows."""

import base64
import re
import zipfile
import zlib
from urllib.parse import unquote_to_bytes

DAMAGED_ZIP = (OSError, ValueError, RuntimeError, EOFError, zlib.error, zipfile.BadZipFile)
"""All that `zipfile` raises for what is damaged, locked or packed in a way that it does not know."""

KINDS = {
    "JPEG": ("image/jpeg", ".jpg"),
    "PNG": ("image/png", ".png"),
    "WEBP": ("image/webp", ".webp"),
    "GIF": ("image/gif", ".gif"),
    "BMP": ("image/bmp", ".bmp"),
    "TIFF": ("image/tiff", ".tif"),
    "AVIF": ("image/avif", ".avif"),
    "HEIF": ("image/heic", ".heic"),
}
"""The formats of pictures, with their MIME type and the ending of their names."""
_DATA = r"(?i)data:[^,]*?(;base64)?,"
_SIGNS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"II+\x00": "TIFF",
    b"MM\x00+": "TIFF",
    b"BM": "BMP",
}
_BRANDS = dict.fromkeys((b"avif", b"avis"), "AVIF") | dict.fromkeys(
    (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"), "HEIF"
)
_BMP_HEADERS = {size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124)}


def is_zip(head: bytes) -> bool:
    """Say whether a file's first four bytes are those of a ZIP, be it an empty one."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def is_data(text: str) -> bool:
    """Say whether a text is a ``data:`` URL, which holds a file itself."""
    return text[:5].casefold() == "data:"


def data_in(url: str) -> bytes:
    """Return what a ``data:`` URL holds, in either alphabet of base64; dropping what is in none would change it.

    Raises
    ------
    ValueError
        It is not whole.
    """
    head = re.match(_DATA, url)
    data = unquote_to_bytes(url[head.end() :]) if head is not None else b""
    if head is None or not head[1]:
        return data
    data = b"".join(line.strip() for line in data.splitlines())
    data = data.translate(bytes.maketrans(b"-_", b"+/"), b"\t\f").rstrip(b"=")
    return base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)


def sniff(head: bytes) -> str:
    """Name the format of a file by its first bytes; '' when it is no format that is known here."""
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "")
    if head[:4] == b"RIFF":
        return "WEBP" if head[8:12] == b"WEBP" else ""
    if head[:2] == b"BM" and head[14:18] not in _BMP_HEADERS:
        return ""
    return next((kind for sign, kind in _SIGNS.items() if head.startswith(sign)), "")
