"""Pictures for tests: whole ones of every kind, and hostile ones."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image


def gradient(width: int = 320, height: int = 200, mode: str = "RGB") -> Image.Image:
    """Draw a picture whose left top is red and whose right bottom is blue."""
    red = Image.linear_gradient("L").rotate(90).resize((width, height))
    blue = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (red, Image.new("L", (width, height), 40), blue)).convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def decoded(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def noise(edge: int) -> Image.Image:
    """Draw what compresses worst."""
    return Image.merge("RGB", [Image.effect_noise((edge, edge), 90 + shift) for shift in range(3)])


def camera_exif(orientation: int = 1) -> Image.Exif:
    """Make the EXIF data of a phone: maker, orientation, place."""
    exif = Image.Exif()
    exif[0x010F] = "ACME Phones"
    exif[0x0112] = orientation
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (48.0, 51.0, 30.0)
    return exif


def png_of(width: int, height: int, rows: int | None = None) -> bytes:
    """Write a PNG's bytes by hand: a header that claims a size, and `rows` black rows (all by default)."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packer = zlib.compressobj(9)
    count = height if rows is None else rows
    body = b"".join(packer.compress(bytes(1 + 3 * width)) for _ in range(count)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def grey_profile() -> bytes:
    """Make a scanner's profile, in which grey values are light itself: 55 of 255 is sRGB's 128."""
    words = {b"desc": b"desc\0\0\0\0\0\0\0\5grey" + bytes(79), b"kTRC": b"curv\0\0\0\0\0\0\0\1\1\0\0\0"}
    white = bytes.fromhex("0000f6d6 00010000 0000d32d")
    words[b"wtpt"] = b"XYZ \0\0\0\0" + white
    at, table, data = 132 + 12 * len(words), b"", b""
    for name, word in words.items():
        table += name + struct.pack(">II", at + len(data), len(word))
        data += word + bytes(-len(word) % 4)
    head = struct.pack(">I4sI4s4s4s12s4s", at + len(data), b"lcms", 0x02400000, b"mntr", b"GRAY", b"XYZ ", b"", b"acsp")
    return head + bytes(68 - len(head)) + white + bytes(48) + struct.pack(">I", len(words)) + table + data
