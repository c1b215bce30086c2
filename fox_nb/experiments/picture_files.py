"""Picture files: whatever stands for a picture as a file that viewers and measurements read."""

from __future__ import annotations

import contextlib
import filecmp
import functools
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from fox_nb.atomic import aside, put, write
from fox_nb.client import Client
from fox_nb.errors import DownloadFailed, FoxError, InvalidRequest
from fox_nb.images.arrays import from_array, is_deep, white_of
from fox_nb.images.check import DOWNLOADED, check, opened, orientation_of, refuse_misread
from fox_nb.images.pixels import DEEP, as_seen, scale_of
from fox_nb.images.png_colours import icc_of, profile_of
from fox_nb.images.sources import taken
from fox_nb.render.comparison import ComparedPicture, Take, version_of
from fox_nb.session import Image, Session, Task
from fox_nb.settings import in_voila
from fox_nb.sharing import temporary_folder

Scale = tuple[float, float] | None

_PLAIN_FORMATS = frozenset({"JPEG", "PNG", "WEBP", "GIF"})
"""What every viewer reads as it stands; pictures of phones, scanners and instruments are written anew."""
NOWHERE = "https://gateway.invalid"
"""The gateway of somebody who has none: links are fetched without one, and none leads into a private network."""


class PictureFiles:
    """Gives each picture a file: its own, or one in a folder that is gone with this kernel.

    Parameters
    ----------
    session : Session, optional
        Whose store keeps previews, tiles and numbers, and whose client fetches links.
    """

    def __init__(self, session: Session | None = None) -> None:
        self._session = session
        self._known: dict[tuple[str, Scale], ComparedPicture] = {}

    @functools.cached_property
    def _folder(self) -> Path:
        return temporary_folder(self, "fox-nb-compared-")  # whoever shows its pictures holds this

    @property
    def _thumbs(self) -> Path:
        return self._session.store.thumbnails if self._session is not None else self._folder / "thumbnails"

    @property
    def _keeps(self) -> bool:
        """Whether what is made of pictures outlives this kernel."""
        return self._session is not None

    @property
    def numbers(self) -> Path | None:
        """Where numbers are kept from one time to the next."""
        return self._thumbs / "numbers" if self._keeps else None

    def takes(self, source: Any, name: str) -> list[Take]:
        """Return what a cell shows of a picture or of a task's pictures.

        Raises
        ------
        InvalidRequest
            It stands for no picture.
        """
        if not isinstance(source, Task):
            return [Take(1, "done", self.picture(source, name))]
        code, images = source.code(), source.images
        note = about(source, len(images))
        takes = [
            Take(number, "done", result(image, self._thumbs, tiled=self._keeps), note=note, code=code)
            for number, image in enumerate(images, start=1)
            if image.path.exists()
        ]
        return takes or [Take(1, "failed", reason=str(source.error or "It has no picture."), note=note, code=code)]

    def picture(self, source: Any, name: str) -> ComparedPicture:
        """Return a picture as viewers take it; the same pixels in memory give the same file.

        Raises
        ------
        InvalidRequest
            It stands for no picture, or can't be read.
        DownloadFailed
            Its link can't be fetched.
        """
        found = taken(source, name)
        if isinstance(source, Image):
            return result(source, self._thumbs, tiled=self._keeps)
        if isinstance(found, str):
            return replace(self._of_file(self._fetched(found), name), source=found)
        if isinstance(found, bytes):
            return self._of_file(self._written(found, check(found, name=name).extension), name)
        if isinstance(found, Path):
            return replace(self._of_file(found.absolute(), name), source=found.absolute())
        return replace(self._of_file(*self._in_memory(found, name)), source=_opened_from(found))

    def among(self, shown: Iterable[ComparedPicture], one: ComparedPicture) -> ComparedPicture | None:
        """Return the picture that is this one, however it was handed over: file, bytes, or pixels in memory."""
        alike = [picture for picture in shown if picture.scale == one.scale]
        alike.sort(key=lambda picture: picture.path != one.path)  # nothing has to be read for that
        pixels: Callable[[Path], str] = functools.cache(_pixels)
        return next((picture for picture in alike if self._is_same(picture, one, pixels)), None)

    def _is_same(self, one: ComparedPicture, other: ComparedPicture, pixels: Callable[[Path], str]) -> bool:
        with contextlib.suppress(OSError, FoxError):  # removed just now
            if one.path == other.path or filecmp.cmp(one.path, other.path, shallow=False):
                return True
            size = (other.width, other.height)
            drawn = "_folder" in vars(self) and self._folder in {one.path.parent, other.path.parent}
            return drawn and (one.width, one.height) == size and pixels(one.path) == pixels(other.path)
        return False

    def _in_memory(self, found: Any, name: str) -> tuple[Path, str, Scale]:
        try:
            if isinstance(found, Pillow.Image):
                refuse_misread(found, functools.partial(InvalidRequest, parameter=name), name)
                found.load()
                return self._drawn(found), name, scale_of(found)
            path, array = self._drawn(from_array(found, name)), np.asarray(found)
            return path, name, (0, white_of(array.max())) if is_deep(array) else None
        except FoxError:
            raise
        except (OSError, ValueError) as error:  # such as an image that was closed
            todo = "Give its path, or open it again."
            raise InvalidRequest(f"{name}: this picture can't be read: {error}.", parameter=name, todo=todo) from None

    def _of_file(self, path: Path, name: str, scale: Scale = None) -> ComparedPicture:
        own = version_of(path)
        key = (own[1], scale)
        if key not in self._known:
            facts = check(path, name=f"{name} ({path.name})")
            scale = scale or _scale_of(path)
            shown = ComparedPicture(path, facts.width, facts.height, thumbs=self._thumbs, scale=scale, version=own)
            if facts.format not in _PLAIN_FORMATS or scale:
                shown = replace(shown, path=self._plain(path), version=None, made_of=own)
            self._known[key] = shown
        known = self._known[key]
        return replace(known, path=path) if known.version is not None else known  # a copy is a file of its own

    def _written(self, data: bytes, suffix: str) -> Path:
        path = self._folder / f"{hashlib.sha256(data).hexdigest()[:32]}{suffix}"
        if not path.exists():
            write(path, data, private=True)
        return path

    def _drawn(self, image: Pillow.Image, orientation: int | None = None) -> Path:
        """Write pixels that are in memory without loss, as they are seen."""
        turned = orientation_of(image) if orientation is None else orientation
        out = io.BytesIO()
        profile = icc_of(image) if orientation is None else profile_of(image)
        as_seen(image, turned, profile).save(out, "PNG", compress_level=1, icc_profile=b"")
        return self._written(out.getvalue(), ".png")

    def _plain(self, path: Path) -> Path:
        with opened(path) as picture:
            return self._drawn(picture.decode(), picture.orientation)

    def _fetched(self, link: str) -> Path:
        path = self._folder / hashlib.sha256(link.encode()).hexdigest()[:32]
        if not path.exists():
            try:
                fetch(link, path, self._session, name=link)
            except DownloadFailed as error:
                # its words are of a result that was paid for, which no link of a person's is
                todo = "Check the link, or give the picture's file."
                raise DownloadFailed(error.what, gone=error.gone, todo=todo) from None
        return path


def fetch(link: str, place: Path, session: Session | None, **named: Any) -> None:
    """Put the picture behind a link into a file, whole or not at all; `named` says what `check` calls and refuses."""
    with aside(place.parent, private=True) as part, _fetcher(link, session) as client:
        client.download(link, part)
        check(part, bounds=DOWNLOADED, **named)
        put(part, place)


@contextlib.contextmanager
def _fetcher(link: str, session: Session | None) -> Iterator[Client]:
    """Give what fetches a link that a person named; what a visitor names is not looked for in the server's network."""
    own = session.client if session is not None else None
    if own is None or (in_voila() and not link.startswith(f"{own.base_url}/")):
        with Client(NOWHERE) as nobody:
            yield nobody
    else:
        yield own


def result(image: Image, thumbs: Path, *, tiled: bool = True) -> ComparedPicture:
    """Return a task's picture as a viewer takes it, with the place for its tiles.

    Their folder is named by its bytes, too: the same request in another store gives other pixels the same file name.
    """
    tiles = thumbs / "tiles" / f"{image.path.stem}-{image.sha256[:8]}" if tiled else None
    return ComparedPicture(image.path, image.width, image.height, tiles=tiles, thumbs=thumbs, source=image.path)


def _opened_from(picture: Any) -> Path | None:
    """Return the file that an image of Pillow's was opened from."""
    name = getattr(picture, "filename", None)
    path = Path(os.fsdecode(name)).absolute() if isinstance(name, (str, bytes, os.PathLike)) and name else None
    return path if path is not None and path.is_file() else None


def _pixels(path: Path) -> str:
    """Return the hash of a picture's pixels as they are seen."""
    with opened(path) as picture:
        return hashlib.sha256(picture.seen(max(picture.image.size)).convert("RGBA").tobytes()).hexdigest()


def _scale_of(path: Path) -> Scale:
    with opened(path) as picture:
        return scale_of(picture.decode()) if picture.image.mode in DEEP else None


def about(task: Task, count: int) -> str:
    """Return in a line what a task's pictures, so many, say of it: its id, how long it took, what it cost them all."""
    cost = f"{task.cost} for {count} pictures" if count > 1 else str(task.cost)
    return ", ".join(filter(None, [task.id, f"{task.waited:.0f} s" if task.status == "completed" else "", cost]))
