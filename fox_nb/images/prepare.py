"""Prepare: what a person hands over where a link to an image is asked for, made ready for the upload.

A path, a PIL image, bytes, an array or an earlier result becomes a `Prepared`: checked at once, identified by
what it is (never by the link that it is uploaded to), and turned into the bytes for the upload only when
these are asked for: its pixels, turned upright, in sRGB, no larger than they may be, and written anew. None of the
bytes that were given leave this computer, so that nothing can hide among them: no place and camera, no second picture
behind the end of the first. A link with http or https stays a link.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from fox_nb.errors import InvalidRequest
from fox_nb.filetypes import KINDS
from fox_nb.images import check, photo_archive, pixels, rewrite
from fox_nb.images.arrays import from_array
from fox_nb.images.check import Facts
from fox_nb.images.inline import size_words
from fox_nb.images.photos import AT_LEAST
from fox_nb.images.png_colours import icc_of
from fox_nb.images.rewrite import Limits
from fox_nb.images.sources import clipped, listed, refused, taken
from fox_nb.settings import in_voila

_PACKS = 'Say fox.profiles.train(photos, "Ruth", agreed=True): it packs photos, or a folder of them, itself.'
UPLOADED = Limits()
"""What an upload may be."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A checked picture or archive, ready to be uploaded.

    Attributes
    ----------
    sha256 : str
        Its identity, hexadecimal: the hash of a file's or of given bytes as they are; for PIL images and
        arrays the hash of mode, size and pixels, so that no version of an encoder changes it.
    file_name : str
        A safe, short name for the upload.
    facts : Facts or None
        What the picture is, before anything is done to it; None for an archive.
    path : Path or None
        The file that it came from.
    warning : str
        What is good to know before it is sent; '' for nothing.
    """

    sha256: str
    file_name: str
    facts: Facts | None
    path: Path | None = None
    _make: Callable[[], bytes] = field(repr=False, compare=False, default=bytes)
    warning: str = ""

    def bytes_for_upload(self) -> bytes:
        """Make the bytes that are sent; takes about a second for a large picture.

        Raises
        ------
        InvalidRequest
            The file has changed since it was checked, or is gone.
        """
        return self._make()


def prepare(source: Any, *, parameter: str = "image_url") -> Prepared | str:
    """Take whatever stands for a picture.

    Parameters
    ----------
    source
        A link (http or https), a local path, a ``file:`` or ``data:`` URL, bytes, an open file, what an upload widget
        or an IPython Image holds, a PIL image, an array (as `from_array` takes it), or an earlier result (anything with
        ``.path``).
    parameter : str
        The parameter that it was given for; named in errors.

    Returns
    -------
    Prepared or str
        A picture to upload, or the link as it was given.

    Raises
    ------
    InvalidRequest
        It is no picture, not whole, not there, or a kind of link that a gateway cannot follow.
    """
    found = taken(source, parameter)
    if isinstance(found, str):
        return found
    if isinstance(found, Path):
        return _from_file(found, parameter)
    if isinstance(found, bytes):
        facts, suffix = _look(found, "what was given", parameter)
        sha256 = hashlib.sha256(found).hexdigest()
        name, make = _file_name("picture", sha256, suffix), partial(_rewritten, found)
        return Prepared(sha256, name, facts, None, make, _of_several("What was given", facts))
    image = found if isinstance(found, Image.Image) else from_array(found, parameter)
    return _from_image(image, parameter)


def prepare_archive(source: Any, *, parameter: str = "image_archive_url") -> Prepared | str:
    """Take whatever stands for a ZIP of photos: a link, a local path, bytes or an open file.

    It is packed anew for the upload, with nothing in it but the pixels of its photos.

    Raises
    ------
    InvalidRequest
        It is not a ZIP archive, is locked by a password, or holds no pictures.
    """
    several = listed(source)
    is_path = isinstance(source, (str, os.PathLike)) and not in_voila()
    is_folder = is_path and os.path.isdir(source)  # noqa: PTH112 - pathlib raises for a text that is too long for one
    if is_folder or (several is not None and len(several) > 1):
        what = f"{clipped(str(source))} is a folder" if several is None else f"{len(several)} pictures were given"
        raise refused(parameter, f"{what}, where a ZIP of photos is meant.", _PACKS)
    found = taken(source if several is None else several, parameter)
    if isinstance(found, str):
        return found
    if not isinstance(found, (bytes, Path)):
        raise refused(parameter, "a picture was given, where a ZIP of photos is meant.", "Pack the photos as a .zip.")
    name, stem = (found.name, found.stem) if isinstance(found, Path) else ("what was given", "photos")
    count = _photos_in(found, name, parameter)
    few = f"{name} holds {count} photo{'s' * (count != 1)}; at least {AT_LEAST} are asked for." * (count < AT_LEAST)
    path = found if isinstance(found, Path) else None
    data = _read(found, parameter) if isinstance(found, Path) else found
    sha256 = hashlib.sha256(data).hexdigest()

    def make() -> bytes:
        return photo_archive.packed(found if isinstance(found, bytes) else _unchanged(found, sha256, parameter))

    return Prepared(sha256, _file_name(stem, sha256, ".zip"), None, path, make, few)


def _from_file(path: Path, parameter: str) -> Prepared:
    """Prepare a file; it is read again for the upload, so that fifty waiting photos are not held in memory."""
    data = _read(path, parameter)
    facts, suffix = _look(data, path.name, parameter)
    sha256 = hashlib.sha256(data).hexdigest()

    def make() -> bytes:
        return _rewritten(_unchanged(path, sha256, parameter))

    return Prepared(sha256, _file_name(path.stem, sha256, suffix), facts, path, make, _of_several(path.name, facts))


def _from_image(image: Image.Image, parameter: str) -> Prepared:
    """Prepare decoded pixels; a copy is kept, because the person may go on drawing on theirs."""
    check.refuse_misread(image, partial(InvalidRequest, parameter=parameter), f"{parameter}: the PIL image")
    try:
        held = image.copy()
    except Exception as error:  # Pillow reads lazily: a damaged file can raise anything here
        raise refused(
            parameter, f"the PIL image cannot be read: {error}.", "Open the file again, or give its path."
        ) from error
    width, height = held.size
    if not width or not height or max(held.size) > check.LOCAL.side or width * height > check.LOCAL.pixels:
        what = f"a picture of {size_words(width, height)} pixels cannot be uploaded."
        raise refused(parameter, what, "Scale it first: image.thumbnail((4096, 4096)).")
    if held.mode in pixels.DEEP:
        pixels.plain(held, parameter)  # what is no brightness is refused now, not when it is sent
    orientation = check.orientation_of(held)
    profile = icc_of(held)
    exact = held.has_transparency_data or rewrite.is_small(held)
    kind = "PNG" if exact else "JPEG"
    facts = Facts(kind, *KINDS[kind], *check.size_as_seen(held.size, orientation))
    sha256 = _hash_of_pixels(held, orientation, profile)

    def make() -> bytes:
        return rewrite.written(held, orientation, profile, exact=exact, limits=UPLOADED)

    return Prepared(sha256, _file_name("picture", sha256, facts.extension), facts, None, make)


def _hash_of_pixels(image: Image.Image, orientation: int, profile: bytes | None) -> str:
    """Hash what is seen: the pixels, how they are turned, and the colour space that they are meant in."""
    digest = hashlib.sha256(f"{image.mode} {image.width} {image.height} {orientation} ".encode())
    digest.update(image.tobytes())
    palette = image.getpalette() if image.mode in {"P", "PA"} else None
    for extra in (palette, image.info.get("transparency"), profile):
        digest.update(repr(extra).encode() if extra is not None else b"-")
    return digest.hexdigest()


def _look(data: bytes, name: str, parameter: str) -> tuple[Facts, str]:
    """Check a picture to its end; give its facts, and the suffix of what is sent."""

    def refuse(what: str, *, todo: str = "") -> InvalidRequest:
        return InvalidRequest(f"{parameter}: {what}", parameter=parameter, value=name, todo=todo)

    with check.opened(data, refuse=refuse, name=name) as picture:
        picture.decode()
        if picture.image.mode in pixels.DEEP:
            pixels.plain(picture.image, parameter)  # what is no brightness is refused now, not when it is sent
        exact = rewrite.stays_exact(picture, len(data), UPLOADED)
        return picture.facts, ".png" if exact else ".jpg"


def _of_several(name: str, facts: Facts) -> str:
    """Say that of a scan's pages, or of what moves, one picture is sent and paid for."""
    return f"{name} has several pages or frames: the first is sent." if facts.is_animated else ""


def _rewritten(data: bytes) -> bytes:
    with check.opened(data) as picture:
        return rewrite.rewritten(picture, len(data), UPLOADED)


def _read(path: Path, parameter: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise refused(
            parameter, f"{path.name} cannot be read: {error.strerror}.", "Check the path and its permissions."
        ) from error


def _unchanged(path: Path, sha256: str, parameter: str) -> bytes:
    data = _read(path, parameter)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise refused(parameter, f"{path.name} has changed since the request was made.", "Make the request again.")
    return data


def _photos_in(source: Path | bytes, name: str, parameter: str) -> int:
    """Return how many photos a ZIP holds; refuse what is none, or has none."""
    entries = photo_archive.members(source, name, partial(refused, parameter))
    count = sum(photo_archive.is_photo(entry.filename) for entry in entries)
    if not count:
        what = f"{name} holds no pictures ({len(entries)} files)."
        raise refused(parameter, what, f"Pack at least {AT_LEAST} photos (JPEG, PNG, WebP or HEIC) of one person.")
    return count


def _file_name(stem: str, sha256: str, suffix: str) -> str:
    """Name an upload so that every system takes it and no two pictures share a name."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", stem)[:40].strip("-")
    return f"{slug or 'picture'}-{sha256[:8]}{suffix}"
