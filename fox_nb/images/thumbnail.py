"""Thumbnails: small WebP pictures that live in the notebook itself, for a few kilobytes each.

WebP, because at 512 px it is a third of a JPEG's size for 4 ms of work, keeps transparency, and shows in
every browser that Jupyter supports. Nothing of the original's metadata comes along.

A picture of 4096 px takes 0.1 to 0.7 s to decode, its largest thumbnail 0.01 s: so the picture itself is decoded
once, and every smaller thumbnail is made of the largest one.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import re
from contextlib import suppress
from pathlib import Path

from PIL import Image

from fox_nb.atomic import aside, put
from fox_nb.errors import DownloadFailed, FoxError
from fox_nb.images import check
from fox_nb.images.check import Facts, PictureLimits, Refuse, Source
from fox_nb.images.pixels import plain, sized
from fox_nb.images.turns import Alone

MIME = "image/webp"
EDGE = 512
MAX_BYTES = 32_000
LARGEST = (896, 90_000)
"""Edge and bytes of the largest thumbnail, of which smaller ones are made."""
_SIZE_AT = {80: 1.0, 70: 0.82, 58: 0.71, 46: 0.62, 34: 0.52}  # of quality 80's bytes, measured
_LOWEST = 46
_FASTEST_GOOD_METHOD = 2
_FEW, _SOME = 2, 8
_makers = Alone()


def size_for(count: int) -> tuple[int, int]:
    """Choose the edge in pixels and the limit in bytes for each of `count` pictures that one output shows.

    A single picture is looked at large, sixty-four are an overview: the output stays below some 3 MB, and two
    pictures below 300 kB.
    """
    if count <= _FEW:
        return LARGEST
    if count <= _SOME:
        return 640, 50_000
    return EDGE, MAX_BYTES


def thumbnail(
    source: Source,
    *,
    edge: int = EDGE,
    max_bytes: int = MAX_BYTES,
    bounds: PictureLimits = check.LOCAL,
) -> bytes:
    """Make a small picture: upright, in sRGB, its transparency kept, never larger than the original.

    Parameters
    ----------
    source : Path or bytes
        The picture's file, or its bytes.
    edge : int
        The long side in pixels.
    max_bytes : int
        The limit in bytes; quality and, in the end, the size give way to it.
    bounds
        As of :func:`fox_nb.images.check.check`.

    Returns
    -------
    bytes
        A WebP file.
    """
    return check_and_thumbnail(source, edge=edge, max_bytes=max_bytes, bounds=bounds)[1]


def check_and_thumbnail(
    source: Source,
    *,
    edge: int = EDGE,
    max_bytes: int = MAX_BYTES,
    bounds: PictureLimits = check.DOWNLOADED,
    refuse: Refuse = DownloadFailed,
    name: str = "",
) -> tuple[Facts, bytes]:
    """Prove that a picture is whole and make its thumbnail with one decoding for both."""
    with check.opened(source, bounds=bounds, refuse=refuse, name=name) as picture:
        return picture.facts, _encoded(picture.seen(edge), max_bytes)


def cached_thumbnail(
    path: Path,
    thumbs_dir: Path,
    edge: int = EDGE,
    *,
    max_bytes: int = MAX_BYTES,
    bounds: PictureLimits = check.LOCAL,
    version: str = "",
) -> bytes:
    """Give a picture's thumbnail from the folder of such, made when it is missing, not of this picture, or too large.

    A thumbnail bears its picture's time of change, so one look tells whether it still belongs. When the
    picture is gone, the thumbnail is what is left of it, and is given. A folder that can't be written costs
    time, nothing else.

    `version` is the hash of a file that is not the store's own: what unpacks or copies another one into its place
    may give that the very same time.
    """
    kept = thumbs_dir / kept_name(path, thumbs_dir, edge, version)
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        changed = None
    with _makers.at(kept):  # a viewer and the page that stays want the same ones at the same time
        with suppress(OSError):
            facts = kept.stat()
            if changed is None or (facts.st_mtime_ns == changed and facts.st_size <= max_bytes):
                return kept.read_bytes()
        made = b""
        if edge < LARGEST[0]:
            large = cached_thumbnail(path, thumbs_dir, LARGEST[0], max_bytes=LARGEST[1], bounds=bounds, version=version)
            with suppress(FoxError):  # kept, and damaged since: then of the picture itself
                made = thumbnail(large, edge=edge, max_bytes=max_bytes)
        made = made or thumbnail(path, edge=edge, max_bytes=max_bytes, bounds=bounds)
        if changed is not None:
            with suppress(OSError):
                _keep(made, kept, changed)
        return made


def keep(made: bytes, path: Path, thumbs_dir: Path, edge: int) -> None:
    """Put a thumbnail that is made already where `cached_thumbnail` finds it."""
    with suppress(OSError):
        _keep(made, thumbs_dir / kept_name(path, thumbs_dir, edge), path.stat().st_mtime_ns)


def encoded(image: Image.Image, *, edge: int = EDGE, max_bytes: int = MAX_BYTES) -> bytes:
    """Make a thumbnail of a Pillow image that is decoded already."""
    return _encoded(plain(sized(image, edge)), max_bytes)


def _encoded(image: Image.Image, max_bytes: int) -> bytes:
    """Encode below the limit; a guess from the last size spares most of the tries that noise would need."""
    if image.mode == "L":
        image = image.convert("RGB")
    quality = 80
    while True:
        data = _webp(image, quality)
        if len(data) <= max_bytes or max(image.size) == 1:
            return data
        full = len(data) / _SIZE_AT[quality]
        fitting = (lower for lower in _SIZE_AT if lower < quality and full * _SIZE_AT[lower] <= max_bytes)
        quality = next(fitting, _LOWEST)
        if full * _SIZE_AT[quality] > max_bytes:
            shrink = min(0.9, math.sqrt(max_bytes / (full * _SIZE_AT[quality])))
            image = sized(image, max(1, int(max(image.size) * shrink)))


def _webp(image: Image.Image, quality: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=quality, method=_FASTEST_GOOD_METHOD, icc_profile=b"", exif=b"", xmp=b"")
    return stream.getvalue()


def kept_name(path: Path, thumbs_dir: Path, edge: int, version: str = "") -> str:
    """Name by the way from the folder to the picture, so that a store that is moved keeps its thumbnails."""
    try:
        way = os.path.relpath(path.resolve(), thumbs_dir.resolve())
    except ValueError:  # two drives on Windows
        way = str(path.resolve())
    mark = hashlib.sha256((way.replace(os.sep, "/") + version).encode("utf-8", "surrogateescape")).hexdigest()[:10]
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem)[:40].strip("-")
    return f"{stem or 'picture'}-{edge}-{mark}.webp"


def _keep(made: bytes, kept: Path, changed: int) -> None:
    with aside(kept.parent, private=True) as part:
        part.write_bytes(made)
        os.utime(part, ns=(changed, changed))
        put(part, kept)
