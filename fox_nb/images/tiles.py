"""Tiles: a picture cut into small squares at every size, so that a viewer fetches only what is on the screen.

Level 0 is the picture itself, lossless, pixel for pixel as it is decoded. Each further level is half as wide
and high and lossy: it is only ever seen smaller than the picture. All tiles of a picture stand in one file,
because a grid of 25 pictures would otherwise be eight thousand files, which network folders take badly. The
file is written under another name and moved into its place, so a reader sees a whole one or none, and any
number of kernels may make it at once.

WebP's fastest lossless setting was measured against PNG in all its settings: on a picture of 4096x4096 it
takes half the time of PNG and two thirds of its bytes. Squares of 256 fetch a third of the bytes of squares
of 512 where cells are small.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image, ImageOps

from fox_nb.atomic import aside, put
from fox_nb.errors import FoxError, StoreError
from fox_nb.images import turns
from fox_nb.images.check import opened
from fox_nb.images.pixels import DEEP, plain, to_srgb
from fox_nb.images.png_colours import profile_of
from fox_nb.settings import named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TILE = 256
"""Side of a tile in pixels; the last ones of a row or column are smaller."""

SMALLEST_LEVEL = 512
"""Levels are made until the long side is at most this many pixels."""

_FILE = "tiles.fox"
_MAGIC = b"FOXTILE2"
_ENTRY = struct.Struct("<QII")  # offset, length, CRC-32 of one tile
_TRAILER = struct.Struct("<QII8s")  # offset, length and CRC-32 of the contents list; magic
_HEAD = 65_536
_LARGEST_PROFILE = 4096
_JPEG_QUALITY = 85

_makers = turns.Alone()


@dataclass(frozen=True, slots=True)
class Pyramid:
    """The sizes of a tiled picture; they follow from its width and height alone.

    Attributes
    ----------
    width, height : int
        Pixels of the picture as it is seen, turned upright.
    tile : int
        Side of a tile in pixels.
    """

    width: int
    height: int
    tile: int = TILE

    @property
    def levels(self) -> int:
        """How many levels there are; level 0 is the picture itself."""
        long_side, levels = max(self.width, self.height), 1
        while long_side > SMALLEST_LEVEL:
            long_side = -(-long_side // 2)
            levels += 1
        return levels

    def size(self, level: int) -> tuple[int, int]:
        """Width and height of a level, in pixels."""
        return -(-self.width // 2**level), -(-self.height // 2**level)

    def tiles(self, level: int) -> tuple[int, int]:
        """How many tiles a level has, across and down."""
        width, height = self.size(level)
        return -(-width // self.tile), -(-height // self.tile)

    def number(self, level: int, x: int, y: int) -> int:
        """Place of a tile in the file: level by level, row by row.

        Raises
        ------
        IndexError
            There is no such tile.
        """
        if not 0 <= level < self.levels:
            raise IndexError(f"The picture has levels 0 to {self.levels - 1}, not {level}.")
        across, down = self.tiles(level)
        if not (0 <= x < across and 0 <= y < down):
            raise IndexError(f"Level {level} has {across} by {down} tiles; there is none at {x}, {y}.")
        before = sum(a * d for a, d in map(self.tiles, range(level)))
        return before + y * across + x


def make_tiles(picture: Path, folder: Path, *, later: bool = False) -> Pyramid:
    """Cut a picture into tiles, unless that was done before.

    One is cut at a time, so that no second one is in memory.

    Parameters
    ----------
    picture : Path
        The picture's file.
    folder : Path
        Where its tiles go; one folder for one picture. It is made when it is missing.
    later : bool
        Nobody waits for them: whatever else needs a big picture goes first.

    Returns
    -------
    Pyramid
        The sizes.

    Raises
    ------
    FoxError
        The picture can't be read.
    OSError
        The folder can't be written.
    """
    stamp = _stamp(picture)
    with _makers.at(folder):
        found = _contents(folder / _FILE)
        if found is not None and found.stamp == stamp:
            return found.pyramid
        with turns.big.taken(later=later):
            image = _decoded(picture)
            try:
                return _write(image, folder, stamp)
            finally:
                image.close()


def read_tile(folder: Path, level: int, x: int, y: int, *, picture: Path | None = None) -> bytes:
    """Return one tile as the bytes of a WebP (level 0) or JPEG file.

    Parameters
    ----------
    folder : Path
        What `make_tiles` was given.
    level, x, y : int
        The level, and the tile's column and row in it, from 0.
    picture : Path, optional
        The picture: tiles that are missing or damaged are then made again from it.

    Raises
    ------
    IndexError
        There is no such tile.
    StoreError
        The tiles are missing or damaged and no picture was given.
    """
    data = _read(folder, level, x, y)
    if data is None and picture is not None:
        with contextlib.suppress(FileNotFoundError):
            (folder / _FILE).unlink()
        make_tiles(picture, folder)
        data = _read(folder, level, x, y)
    if data is None:
        raise StoreError(
            f"The tiles in {named(folder)} are missing or damaged.",
            money="No picture is lost by that.",
            todo="Delete that folder: the tiles are made again from the picture.",
        )
    return data


@dataclass(frozen=True, slots=True)
class _Contents:
    pyramid: Pyramid
    stamp: str
    entries: bytes

    def entry(self, number: int) -> tuple[int, int, int]:
        offset, length, crc = _ENTRY.unpack_from(self.entries, number * _ENTRY.size)
        return offset, length, crc


def _read(folder: Path, level: int, x: int, y: int) -> bytes | None:
    path = folder / _FILE
    found = _contents(path)
    if found is None:
        return None
    offset, length, crc = found.entry(found.pyramid.number(level, x, y))
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(length)
    except FileNotFoundError:
        return None
    return data if len(data) == length and zlib.crc32(data) == crc else None


def _contents(path: Path) -> _Contents | None:
    """Return what a file of tiles holds; None when it is missing or its list is damaged."""
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return _parsed(path, (facts.st_size, facts.st_ino, facts.st_mtime_ns))


@lru_cache(maxsize=256)
def _parsed(path: Path, version: tuple[int, int, int]) -> _Contents | None:
    try:
        with path.open("rb") as file:
            file.seek(version[0] - _TRAILER.size)
            offset, length, crc, magic = _TRAILER.unpack(file.read(_TRAILER.size))
            if magic != _MAGIC:
                return None
            file.seek(offset)
            contents = file.read(length)
    except (OSError, ValueError, struct.error):  # ValueError: a nonsensical offset
        return None
    if len(contents) != length or zlib.crc32(contents) != crc:
        return None
    words, _, entries = contents.partition(b"\n")
    facts = json.loads(words)
    return _Contents(Pyramid(facts["width"], facts["height"], facts["tile"]), facts["stamp"], entries)


def _write(image: Image.Image, folder: Path, stamp: str) -> Pyramid:
    pyramid = Pyramid(image.width, image.height)
    with aside(folder, private=True) as part:
        with part.open("wb") as file:
            entries = b"".join(_ENTRY.pack(*entry) for entry in _cut(image, pyramid, file))
            facts = {"width": pyramid.width, "height": pyramid.height, "tile": pyramid.tile, "stamp": stamp}
            contents = json.dumps(facts).encode() + b"\n" + entries
            offset = file.tell()
            file.write(contents)
            file.write(_TRAILER.pack(offset, len(contents), zlib.crc32(contents), _MAGIC))
        put(part, folder / _FILE)
    return pyramid


def _cut(image: Image.Image, pyramid: Pyramid, file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Write every tile and give its entry for the list."""
    for level in range(pyramid.levels):
        if level:
            image = image.reduce(2)
        across, down = pyramid.tiles(level)
        for y in range(down):
            for x in range(across):
                data = _encoded(image, x * pyramid.tile, y * pyramid.tile, pyramid.tile, exact=level == 0)
                yield file.tell(), len(data), zlib.crc32(data)
                file.write(data)


def _encoded(image: Image.Image, left: int, top: int, side: int, *, exact: bool) -> bytes:
    square = image.crop((left, top, min(left + side, image.width), min(top + side, image.height)))
    profile = image.info.get("icc_profile") or b""
    out = io.BytesIO()
    if exact:
        # exact: also the colours of pixels that can't be seen are kept
        square.save(out, "WEBP", lossless=True, method=0, quality=0, exact=True, icc_profile=profile)
    elif square.mode == "RGBA":
        square.save(out, "WEBP", quality=_JPEG_QUALITY, method=0, icc_profile=profile)
    else:
        square.save(out, "JPEG", quality=_JPEG_QUALITY, icc_profile=profile)
    return out.getvalue()


def _decoded(picture: Path) -> Image.Image:
    """Decode a picture, upright, as RGB or RGBA; a small colour profile goes with each tile, a large one is applied."""
    with opened(picture, refuse=FoxError) as found:
        image: Image.Image = found.image
        image.load()
        profile = profile_of(image) or b""
        ImageOps.exif_transpose(image, in_place=True)
        profile_fits = image.mode in ("RGB", "RGBA", "P", "PA") and len(profile) <= _LARGEST_PROFILE
        if not profile_fits:
            image = to_srgb(image if image.mode == "CMYK" else plain(image), profile)
        elif image.mode in DEEP:
            image = plain(image)
        mode = "RGBA" if image.has_transparency_data else "RGB"
        if image.mode != mode:
            image = image.convert(mode)
        elif image is found.image:
            image = found.take()
    image.info = {"icc_profile": profile} if profile and profile_fits else {}
    return image


def _stamp(picture: Path) -> str:
    """Return what tells one file's bytes from another's; copying or touching a file changes nothing."""
    with picture.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        crc = zlib.crc32(file.read(_HEAD))
        file.seek(max(0, size - _HEAD))
        crc = zlib.crc32(file.read(_HEAD), crc)
    return f"{size}-{crc:08x}"
