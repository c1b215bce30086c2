"""Photos to train a profile from: looked at before they are packed, each with what is wrong with it, in words."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from PIL import Image

from fox_nb.errors import FoxError, InvalidRequest
from fox_nb.images import check, impressions
from fox_nb.images.inline import size_words
from fox_nb.images.thumbnail import encoded
from fox_nb.workdir import as_text

AT_LEAST = 10
BEST = (30, 50)
LONG_SIDE = 4096
"""A longer side is scaled down to this, here and by the service."""

ONE_K = 1_000_000
"""1K or larger is advised. What counts is the number of pixels, about 1024 x 1024, whatever the shape."""

LARGEST_FILE = 150_000_000
_THUMB_EDGE, _THUMB_BYTES = 160, 4_000
_LOOKED_AT = 640

Severity = Literal["out", "weak", "note"]


class HasData(Protocol):
    """Bytes with a name, such as a file that was picked in the browser or a member of an archive."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def data(self) -> bytes:
        """Its bytes; read when they are asked for."""


Photo = str | os.PathLike[str] | bytes | HasData
"""What stands for a photo: a path, bytes, or bytes with a name."""


@dataclass(frozen=True, slots=True)
class PhotoProblem:
    """What is wrong with a photo.

    Attributes
    ----------
    kind : str
        unreadable, duplicate, small, blurred, alike or large.
    severity : str
        'out': it can't be used and is left out; 'weak': it is used, another would be better; 'note': good to know.
    words : str
        One sentence for a person. Names in it come from outside: escape it before it reaches HTML.
    """

    kind: str
    severity: Severity
    words: str


@dataclass(frozen=True, slots=True)
class PhotoFact:
    """A photo and what is wrong with it.

    Attributes
    ----------
    name : str
        The file's name.
    width, height : int
        Pixels as it is seen, turned upright; 0 when it is unreadable.
    problems : tuple of PhotoProblem
        Empty when all is well.
    sha256 : str
        Of its bytes, hexadecimal; '' when they can't be read.
    thumbnail : bytes
        A WebP of at most 160 px and 4 kB, so that fifty fit into a notebook; b'' when it is unreadable.
    source
        What was given for it.
    """

    name: str
    width: int
    height: int
    problems: tuple[PhotoProblem, ...] = ()
    sha256: str = ""
    thumbnail: bytes = field(default=b"", repr=False)
    source: Photo = field(default=b"", repr=False, compare=False)

    @property
    def usable(self) -> bool:
        """Whether it goes into the archive."""
        return not any(problem.severity == "out" for problem in self.problems)


@dataclass(frozen=True, slots=True)
class PhotoReport:
    """What was found out about photos, in their order.

    Attributes
    ----------
    photos : tuple of PhotoFact
        All of them, usable or not.
    """

    photos: tuple[PhotoFact, ...]

    @property
    def usable(self) -> tuple[PhotoFact, ...]:
        """The photos that go into the archive."""
        return tuple(photo for photo in self.photos if photo.usable)

    @property
    def enough(self) -> bool:
        """Whether a profile can be trained: at least ten photos are usable."""
        return len(self.usable) >= AT_LEAST

    @property
    def summary(self) -> str:
        """Say in one or two sentences how many there are, and whether that will do."""
        count, usable = len(self.photos), len(self.usable)
        weak = sum(any(p.severity == "weak" for p in photo.problems) for photo in self.usable)
        can = f"{usable} of {count} photos can be used" if count != 1 else f"{usable} of 1 photo can be used"
        if usable < AT_LEAST:
            verdict = f"at least {AT_LEAST} are needed, {BEST[0]} to {BEST[1]} are best."
        elif usable < BEST[0]:
            verdict = f"that is enough, and {BEST[0]} to {BEST[1]} would give a better likeness."
        elif usable <= BEST[1]:
            verdict = "a good number."
        else:
            verdict = f"more than the {BEST[1]} that are advised; leave the weakest out."
        if not weak:
            return f"{can}: {verdict}"
        return f"{can}: {verdict} {weak} of them {'has' if weak == 1 else 'have'} a weakness."


def inspect(photos: Iterable[Photo], *, progress: Callable[[int], None] | None = None) -> PhotoReport:
    """Look at photos, one after the other.

    Nothing that a file holds makes this fail: text, damaged pictures and decompression bombs are problems of theirs.
    It takes about 0.1 s for a photo of 12 million pixels, and the memory of one photo.

    Parameters
    ----------
    photos : iterable
        Paths, bytes, or bytes with a name (``.name`` and ``.data``).
    progress : callable, optional
        Called with the number of photos looked at so far, after each.

    Returns
    -------
    PhotoReport
        A fact for each photo, in the same order.
    """
    facts: list[PhotoFact] = []
    prints: list[tuple[int, str]] = []
    first_with: dict[str, str] = {}
    for number, photo in enumerate(photos, 1):
        facts.append(_look(photo, name_of(photo, number), first_with, prints))
        if progress is not None:
            progress(number)
    return PhotoReport(tuple(facts))


def name_of(photo: Photo, number: int) -> str:
    """Give a photo's name, without its folder; bytes are called by their number."""
    if isinstance(photo, str | os.PathLike):
        return as_text(Path(photo).name)
    return f"photo {number}" if isinstance(photo, bytes) else photo.name


def bytes_of(photo: Photo, name: str) -> bytes:
    """Read a photo's bytes; InvalidRequest, with the reason, when they can't be had."""
    try:
        if isinstance(photo, str | os.PathLike):
            path = Path(photo)
            if not path.is_file():
                raise InvalidRequest(f"{name} is not there, or is no file.", todo="Check its path.")
            if path.stat().st_size > LARGEST_FILE:
                raise InvalidRequest(f"{name} is too large to be a photo.", todo="Save it as a JPEG.")
            return path.read_bytes()
        return photo if isinstance(photo, bytes) else photo.data
    except OSError as error:
        raise InvalidRequest(f"{name} cannot be read: {error.strerror}.", todo="Check its permissions.") from error


def _look(photo: Photo, name: str, first_with: dict[str, str], prints: list[tuple[int, str]]) -> PhotoFact:
    try:
        data = bytes_of(photo, name)
        facts, small = _decoded(data, name)
    except FoxError as error:
        problem = PhotoProblem("unreadable", "out", f"{error.what} {error.todo}".strip())
        return PhotoFact(name, 0, 0, (problem,), source=photo)
    sha256 = hashlib.sha256(data).hexdigest()
    thumbnail = encoded(small, edge=_THUMB_EDGE, max_bytes=_THUMB_BYTES)
    twin = first_with.setdefault(sha256, name)
    if twin is not name:
        found = [PhotoProblem("duplicate", "out", f"The same file as {twin}; one of them is enough.")]
    else:
        found = [*_weaknesses(facts, small), *_alike(impressions.fingerprint(small), name, prints)]
    return PhotoFact(name, facts.width, facts.height, tuple(found), sha256, thumbnail, photo)


def _decoded(data: bytes, name: str) -> tuple[check.Facts, Image.Image]:
    with check.opened(data, name=name) as picture:
        return picture.facts, picture.seen(_LOOKED_AT)


def _weaknesses(facts: check.Facts, small: Image.Image) -> list[PhotoProblem]:
    size = f"{size_words(facts.width, facts.height)} pixels"
    found = []
    if facts.width * facts.height < ONE_K:
        found.append(
            PhotoProblem("small", "weak", f"Small: {size}; 1K or larger (about {size_words(1024, 1024)}) is advised.")
        )
    if impressions.blur(small) >= impressions.BLURRED:
        found.append(PhotoProblem("blurred", "weak", "It looks blurred; a sharp one is better."))
    if max(facts.width, facts.height) > LONG_SIDE:
        found.append(PhotoProblem("large", "note", f"{size}; it is scaled down to {LONG_SIDE:,}."))
    return found


def _alike(fingerprint: int, name: str, prints: list[tuple[int, str]]) -> list[PhotoProblem]:
    near = [(bits, other) for seen, other in prints if (bits := (seen ^ fingerprint).bit_count()) <= impressions.ALIKE]
    prints.append((fingerprint, name))
    if not near:
        return []
    words = f"Almost the same as {min(near)[1]}; different angles, light and expressions are better."
    return [PhotoProblem("alike", "weak", words)]
