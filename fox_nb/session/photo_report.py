"""Photo report: the photos for a profile, however they were handed over, each with what is wrong with it."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from PIL import Image as Pillow

from fox_nb.errors import InvalidRequest
from fox_nb.filetypes import is_zip
from fox_nb.images.arrays import from_array
from fox_nb.images.check import orientation_of
from fox_nb.images.photo_archive import FoundPhotos, photos_in
from fox_nb.images.photos import Photo, PhotoReport
from fox_nb.images.pixels import plain
from fox_nb.images.png_colours import icc_of
from fox_nb.images.sources import is_upload, listed, refuse_server_files, taken
from fox_nb.models import is_link
from fox_nb.parameters import shown
from fox_nb.session.renderer import TERMINAL, Renderer, Shows
from fox_nb.workdir import given_path

_AS_THEY_ARE = {"1", "L", "LA", "P", "RGB", "RGBA"}


@dataclass(frozen=True, repr=False)
class TrainingPhotoReport(Shows, PhotoReport):
    """What was found out about photos; in a cell a contact sheet with what is wrong with each.

    Attributes
    ----------
    ignored : str
        A sentence about files that are no pictures; '' when there were none.
    renderer : Renderer
        Shows it.
    """

    ignored: str = ""
    renderer: Renderer = TERMINAL

    def __repr__(self) -> str:
        lines = [self.summary, *([self.ignored] if self.ignored else [])]
        for photo in self.photos:
            lines += [f"  {photo.name}: {problem.words}" for problem in photo.problems]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Pixels that are in memory; they are written without loss whenever they are asked for."""

    name: str
    image: Pillow.Image = field(repr=False)

    @property
    def data(self) -> bytes:
        image = self.image.copy() if self.image.mode in _AS_THEY_ARE else plain(self.image)
        stream = io.BytesIO()
        exif = Pillow.Exif()
        exif[0x0112] = orientation_of(self.image)
        image.save(stream, "PNG", compress_level=1, exif=exif, icc_profile=icc_of(self.image) or b"")
        return stream.getvalue()


def found_in(photos: Any) -> FoundPhotos:
    """Find the photos in a folder, in a ZIP (path or bytes), or in a list of whatever stands for a photo.

    Raises
    ------
    InvalidRequest
        There is no such folder or archive, or something in the list does not stand for a photo.
    """
    if isinstance(photos, PhotoReport):
        return FoundPhotos(tuple(fact.source for fact in photos.photos))
    if isinstance(photos, (bytearray, memoryview)):
        photos = bytes(photos)
    if callable(getattr(photos, "read", None)) or is_upload(photos):
        photos = taken(photos, "photos")
    _refuse_link(photos)
    if isinstance(photos, (str, os.PathLike, bytes)):
        return photos_in(photos)
    try:
        given = listed(photos)
        items = list(photos) if given is None else given
    except TypeError:
        raise InvalidRequest(
            f"photos is a {type(photos).__name__}, which holds no photos.",
            parameter="photos",
            value=photos,
            allowed="a folder, a ZIP, or a list of photos",
            todo="Give a folder, a ZIP, or a list of paths, PIL images, bytes, arrays or earlier results.",
        ) from None
    found = [_photo(item, number) for number, item in enumerate(items, 1)]
    if len(found) == 1 and isinstance(found[0], bytes) and is_zip(found[0][:4]):  # as an upload widget holds one
        return photos_in(found[0])
    return FoundPhotos(tuple(found))


def _refuse_link(given: Any) -> None:
    if is_link(given):
        raise InvalidRequest(
            f"photos is {shown(given)}, a link: what is looked at here are files.",
            parameter="photos",
            value=given,
            todo="Give a folder, a ZIP or a list of files; fox.create_profile(…) takes the link of a ZIP.",
        )


def _photo(item: Any, number: int) -> Photo:
    _refuse_link(item)
    if isinstance(item, str) and item[:5].casefold() not in {"data:", "file:"}:
        refuse_server_files("photos")
        return given_path(item, "photos")
    if isinstance(item, os.PathLike) and not hasattr(item, "path"):
        refuse_server_files("photos")
        return item
    if hasattr(type(item), "data") and hasattr(type(item), "name"):
        return cast("Photo", item)  # a file that was picked, or one of an archive: read when it is looked at
    try:
        inner = taken(item, "photos")
    except InvalidRequest as error:
        if "does not stand for a picture" not in error.what:
            raise
        raise InvalidRequest(
            f"photos holds a {type(item).__name__}, which does not stand for a photo.",
            parameter="photos",
            value=item,
            todo="Give paths, PIL images, bytes, arrays or earlier results.",
        ) from None
    if isinstance(inner, (bytes, Path)):
        return inner
    return _Drawn(f"photo {number}", inner if isinstance(inner, Pillow.Image) else from_array(inner, "photos"))
