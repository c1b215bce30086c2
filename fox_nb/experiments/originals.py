"""Originals: the file that stands for the picture that a model was given, so that results can be laid beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fox_nb.errors import DownloadFailed, FoxError
from fox_nb.experiments.picture_files import fetch
from fox_nb.images.check import check
from fox_nb.models import Request
from fox_nb.parameters import parameters
from fox_nb.render.comparison import ComparedPicture, version_of
from fox_nb.session import Session
from fox_nb.store import copy_of

_LOCAL = "sha256:"
_AS_ORIGINAL = "Hand over its file as original=…."


class Originals:
    """The originals of a sweep.

    Parameters
    ----------
    session : Session
        Knows the store, and fetches what is a link.
    given
        The one that a person named for all cells; by default each cell's own picture is its original.
    """

    def __init__(self, session: Session, given: Any = None) -> None:
        self._session = session
        self.given = None if given is None else session.uploads.one(given, "original")
        self._facts: dict[Path, ComparedPicture | None] = {}
        self.trouble = ""

    def of(self, request: type[Request], values: Mapping[str, Any]) -> Path | None:
        """Return the file of a cell's original; None when there is none, or none yet."""
        picture = self._picture(request, values)
        return None if picture is None else self._file(picture)

    def fetch(self, request: type[Request], values: Mapping[str, Any]) -> None:
        """Get what has no file yet: pixels are kept in the store, as their sending would; a link is fetched, once."""
        picture = self._picture(request, values)
        if picture is None or self._file(picture) is not None:
            return
        try:
            if isinstance(picture, str):
                place = self._session.path(copy_of(picture))
                fetch(picture, place, self._session, refuse=DownloadFailed, name="the original")
            else:
                self._session.uploads.keep({picture.sha256: picture})
        except (FoxError, OSError) as error:
            self.trouble = f"There is no original to compare with: {error} {_AS_ORIGINAL}"

    def compared(self, path: Path) -> ComparedPicture | None:
        """Return an original as a viewer takes it; None when it can't be read."""
        if path not in self._facts:
            self._facts[path] = self._looked_at(path)
        return self._facts[path]

    def _looked_at(self, path: Path) -> ComparedPicture | None:
        store, version = self._session.store, version_of(path)
        try:
            facts = check(path)
        except (FoxError, OSError):
            return None
        tiles = store.thumbnails / "tiles" / version[1][:32]
        return ComparedPicture(path, facts.width, facts.height, tiles=tiles, thumbs=store.thumbnails, version=version)

    def _picture(self, request: type[Request], values: Mapping[str, Any]) -> Any:
        """Return what stands where the model takes a picture; of several the first."""
        if self.given is not None:
            return self.given
        name = next((p.name for p in parameters(request) if p.hint.kind == "picture"), "")
        value = values.get(name)
        return next(iter(value), None) if isinstance(value, (list, tuple)) else value

    def _file(self, picture: Any) -> Path | None:
        """Return the file that has the picture by now; one that is nowhere is told for as long as it is."""
        found, path = self._found(picture), getattr(picture, "path", None)
        if path is not None:
            gone = f"There is no original to compare with: {path.name} was changed or removed. {_AS_ORIGINAL}"
            if found is None:
                self.trouble = gone
            elif self.trouble == gone:
                self.trouble = ""
        return found

    def _found(self, picture: Any) -> Path | None:
        path = getattr(picture, "path", None)
        if path is not None and version_of(path)[1] == picture.sha256:  # what lies there by now may be another one
            return Path(path)
        if isinstance(picture, str) and not picture.startswith(_LOCAL):
            kept = self._session.path(copy_of(picture))
            return kept if kept.exists() else None
        sha256 = picture.removeprefix(_LOCAL) if isinstance(picture, str) else getattr(picture, "sha256", "")
        source = self._session.store.catalog.source(sha256)
        copy = self._session.path(source.file) if source is not None else None
        return copy if copy is not None and copy.exists() else None
