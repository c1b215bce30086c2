"""Photo archives: photos found in a folder or a ZIP, and packed for the training with nothing in them but pixels."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from fox_nb.errors import InvalidRequest
from fox_nb.images import check, rewrite
from fox_nb.images.photos import LARGEST_FILE, LONG_SIDE, HasData, Photo, bytes_of, name_of
from fox_nb.images.pixels import is_called_srgb, on_white, plain
from fox_nb.images.png_colours import icc_of, profile_of
from fox_nb.images.rewrite import Limits
from fox_nb.images.sources import refuse_server_files
from fox_nb.workdir import given_path

MAX_BYTES = 48_000_000
"""Public clients of the gateway hold their uploads below 50 MB."""

SUFFIXES = {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".heic", ".heif", ".avif", ".tif", ".tiff", ".bmp", ".gif"}
_MOST_MEMBERS = 1000
_LOCKED = 0x1
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class FoundPhotos:
    """Photos of a folder or an archive, in natural order (2 before 10).

    Attributes
    ----------
    photos : tuple
        Paths, or members of the archive that are read when they are asked for; made for `photos.inspect`.
    ignored : tuple of str
        Names of what is no picture by its name; hidden files and folders are not even mentioned.
    """

    photos: tuple[Photo, ...]
    ignored: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """Say what was ignored; '' when nothing was."""
        if not self.ignored:
            return ""
        shown = ", ".join(self.ignored[:3]) + (", …" if len(self.ignored) > 3 else "")  # noqa: PLR2004 - three names
        files = (
            "1 file that is no picture" if len(self.ignored) == 1 else f"{len(self.ignored)} files that are no pictures"
        )
        return f"Ignored {files}: {shown}."


@dataclass(frozen=True, slots=True)
class _Member:
    """A photo inside a ZIP, read only when its bytes are asked for."""

    archive: Path | bytes
    inside: str
    name: str

    @property
    def data(self) -> bytes:
        try:
            with _opened(self.archive) as archive, archive.open(self.inside) as stream:
                data = stream.read(LARGEST_FILE + 1)
        except Exception as error:  # a hostile archive can make the decompressors raise anything
            raise InvalidRequest(f"{self.name} cannot be unpacked: {error}.", todo="Pack it again.") from error
        if len(data) > LARGEST_FILE:
            raise InvalidRequest(f"{self.name} is too large to be a photo.", todo="Save it as a JPEG.")
        return data


def photos_in(source: str | os.PathLike[str] | bytes | HasData) -> FoundPhotos:
    """Find the photos of a folder (not of the folders in it) or of a ZIP archive.

    Parameters
    ----------
    source
        A folder, a ZIP file, its bytes, or bytes with a name.

    Raises
    ------
    InvalidRequest
        There is no such folder, or it is not a ZIP that can be opened.
    """
    if isinstance(source, bytes):
        return _in_archive(source, "the archive")
    if not isinstance(source, str | os.PathLike):
        return _in_archive(source.data, source.name)
    refuse_server_files("photos")
    path = given_path(source, "photos")
    if path.is_file():
        return _in_archive(path, path.name)
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in entries if entry.is_file() and not entry.name.startswith(".")]
    except OSError as error:
        what = f"The folder {path} cannot be read: {error.strerror}."
        raise InvalidRequest(what, value=str(path), todo="Check its path and permissions.") from error
    photos, ignored = _sorted_out(names)
    return FoundPhotos(tuple(path / name for name in photos), tuple(ignored))


def pack(photos: Sequence[Photo], target: Path) -> str:
    """Pack photos into a ZIP with nothing in it but pixels.

    Each is turned upright, scaled to at most 4096 px, changed to sRGB and written anew as JPEG without EXIF, place,
    names or times. The files are called 01.jpg, 02.jpg and so on. The same photos have the same name. One photo at a
    time is in memory. Each has its share of `MAX_BYTES`, and is compressed more if need be.

    Parameters
    ----------
    photos : sequence
        As of `photos.inspect`.
    target : Path
        Where the archive is written: a name aside.

    Returns
    -------
    str
        Names the photos, hexadecimal: it is the hash of the archive that version 0.1 made of them, so that what
        was trained then is found again, and not paid again.

    Raises
    ------
    InvalidRequest
        There are no photos, or one of them can't be read.
    """
    with target.open("wb") as stream, tempfile.TemporaryFile(dir=target.parent) as older:
        _write(photos, stream, older)
        older.seek(0)
        return hashlib.file_digest(older, "sha256").hexdigest()


def packed(given: bytes) -> bytes:
    """Pack the photos of a ZIP anew, as `pack` does.

    Raises
    ------
    InvalidRequest
        One of them can't be read, or there are none.
    """
    stream = io.BytesIO()
    _write(photos_in(given).photos, stream)
    return stream.getvalue()


def _write(photos: Sequence[Photo], stream: IO[bytes], older: IO[bytes] | None = None) -> None:
    """Write the archive; into `older` the one that is its name."""
    if not photos:
        raise InvalidRequest("There are no photos to pack.", todo="Choose at least 10 photos of one person.")
    limits = Limits(long_side=LONG_SIDE, max_bytes=max(50_000, MAX_BYTES // len(photos)))
    digits = max(2, len(str(len(photos))))
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive,
        zipfile.ZipFile(older, "w", zipfile.ZIP_STORED) if older else nullcontext() as before,
    ):
        for number, photo in enumerate(photos, 1):
            name = name_of(photo, number)
            data = bytes_of(photo, name)
            pixels = _only_pixels(data, name, limits)
            archive.writestr(_member(f"{number:0{digits}d}.jpg"), pixels)
            if before is not None:
                went = data if _went_as_it_is(data, name, limits) else _went_without_gamma(data, name, limits) or pixels
                before.writestr(_member(f"{number:0{digits}d}.jpg"), went)


def _member(name: str) -> zipfile.ZipInfo:
    """Name a file of the archive; times, systems and permissions tell of a person, and change the bytes."""
    member = zipfile.ZipInfo(name, _LONG_AGO)
    member.create_system = 3
    member.external_attr = _PLAIN_FILE
    return member


def _only_pixels(data: bytes, name: str, limits: Limits, *, with_gamma: bool = True) -> bytes:
    with check.opened(data, name=name) as picture:
        profile = profile_of(picture.image) if with_gamma else icc_of(picture.image)
        image = picture.decode(limits.long_side)
        if image.mode != "CMYK":
            image = on_white(plain(image))  # a JPEG would make black of what is transparent
        return rewrite.written(image, picture.orientation, profile, exact=False, limits=limits)


def _went_without_gamma(data: bytes, name: str, limits: Limits) -> bytes:
    """Return what version 0.1 made of a PNG whose colours it did not know from its chunks; b'' for all others."""
    with check.opened(data, name=name) as picture:
        if profile_of(picture.image) == icc_of(picture.image):
            return b""
    return _only_pixels(data, name, limits, with_gamma=False)


def _went_as_it_is(data: bytes, name: str, limits: Limits) -> bool:
    """Return True for what version 0.1 took for clean and passed on."""
    if not data.endswith(b"\xff\xd9"):
        return False
    with check.opened(data, name=name) as picture:
        if picture.facts.format != "JPEG":
            return False
        image = picture.image
        image.load()
        is_large = len(data) > limits.max_bytes or max(image.size) > limits.long_side
        is_turned = picture.orientation > 1 or image.mode == "CMYK" or not is_called_srgb(profile_of(image))
        return not (is_large or is_turned or rewrite.tells_more_than_pixels(image))


def _in_archive(source: Path | bytes, name: str) -> FoundPhotos:
    entries = members(source, name, lambda what, todo: InvalidRequest(what, todo=todo))
    files = [info.filename for info in entries if not info.is_dir()]
    if len(files) > _MOST_MEMBERS:
        raise InvalidRequest(f"{name} holds {len(files):,} files.", todo="Pack at most 50 photos of one person.")
    shown = {file: _visible(file) for file in files}
    photos, ignored = _sorted_out([inside for inside, last in shown.items() if last])
    return FoundPhotos(
        tuple(_Member(source, inside, shown[inside]) for inside in photos), tuple(shown[i] for i in ignored)
    )


def members(source: Path | bytes, name: str, refuse: Callable[[str, str], InvalidRequest]) -> list[zipfile.ZipInfo]:
    """Return what is in a ZIP; refuse, by what is wrong and what to do, one that is not whole or has a password."""
    try:
        with _opened(source) as archive:
            found = archive.infolist()
    except Exception as error:  # a hostile archive can make the reader raise anything
        todo = "Pack the photos themselves as a .zip; .rar and .7z do not serve."
        raise refuse(f"{name} is not a whole ZIP archive ({error}).", todo) from error
    if any(info.flag_bits & _LOCKED for info in found if not info.is_dir()):
        raise refuse(f"{name} is locked by a password.", "Pack the photos without one.")
    return found


def _opened(source: Path | bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(source if isinstance(source, Path) else io.BytesIO(source))


def _visible(inside: str) -> str:
    """Give a member's name without its folders; '' for hidden ones and what macOS adds."""
    parts = PurePosixPath(inside.replace("\\", "/")).parts
    hidden = not parts or "__MACOSX" in parts or parts[-1].startswith(".")
    return "" if hidden else parts[-1]


def is_photo(inside: str) -> bool:
    """Return True for a member of a ZIP that is a photo by its name, and neither hidden nor what macOS adds."""
    return PurePosixPath(_visible(inside)).suffix.lower() in SUFFIXES


def _sorted_out(names: list[str]) -> tuple[list[str], list[str]]:
    pictures: list[str] = []
    others: list[str] = []
    for name in sorted(names, key=_natural):
        (pictures if PurePosixPath(name).suffix.lower() in SUFFIXES else others).append(name)
    return pictures, others


def _natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    parts = re.findall(r"(\d+)|(\D+)", name.casefold())
    return [(0, int(digits[:18]), "") if digits else (1, 0, text) for digits, text in parts], name
