"""Picture control: a parameter for pictures or an archive of them; what was typed is looked up, thumbnails follow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import ipywidgets as w

from fox_nb.errors import FoxError, InvalidRequest
from fox_nb.filetypes import data_in, is_data
from fox_nb.images.sources import as_link_or_path, is_read, taken, text_of
from fox_nb.models import LOCAL_PICTURE, is_link
from fox_nb.panels.controls import Control, FieldContext, about
from fox_nb.panels.picker import PickedFile, Picker, PickerEntry
from fox_nb.panels.script import Layout
from fox_nb.parameters import Parameter
from fox_nb.settings import in_voila
from fox_nb.store import sha256_of
from fox_nb.workdir import given_path, working_folder

MOST_PICTURES = 8
"""How many pictures a panel takes where the reference page gives no limit."""
MOST_SUGGESTIONS = 100
NO_WAY_BACK = "The service trains on their face and keeps what it learns: there is no call to delete it."
_MOST_LOOKED_AT = 3000
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".bmp", ".gif", ".tif", ".tiff", ".avif")
_ARCHIVES = (".zip",)
_EDGE, _BYTES = 256, 16_000


class PictureControl(Control):
    """Pictures, several or one, or an archive of them."""

    widget: Picker

    def __init__(self, parameter: Parameter, field_context: FieldContext) -> None:
        self._field_context = field_context
        archive = parameter.hint.kind == "archive"
        self._suffixes = _ARCHIVES if archive else _PICTURES
        own: dict[str, Any] = {"accept": [], "place_hint": "https://\u2026 or photos.zip"} if archive else {}
        if in_voila():
            own |= {"place": "Link", "place_hint": "https://\u2026"}
        picker = Picker(
            entry_of=self._checked_entry,
            **about(parameter),
            most=(parameter.most_items or MOST_PICTURES) if parameter.many else 1,
            accept_archives=archive,
            **own,
        )
        super().__init__(parameter, picker)
        picker.on("place", self._typed)
        if not in_voila():  # a visitor isn't told what lies on the server
            picker.on("ask", lambda: field_context.later(self._suggest))
        self.on_change(self._look_later)
        if parameter.hint.consent:
            self._consent = consent_box(parameter.hint.consent)
            self.parts = (picker, self._consent)
            self.valued["agreed"] = self._consent
            self.on_change(self._withdraw_consent)

    def read(self, seen: Mapping[str, Any] | None = None) -> Any:
        """Return the pictures that the browser shows, as a list where the parameter is one; None for none."""
        entries = self.widget.seen(None if seen is None else seen.get(self.parameter.name))
        values = [entry.value.data if isinstance(entry.value, PickedFile) else entry.value for entry in entries]
        if self.parameter.many:
            return values or None
        return values[0] if values else None

    @property
    def value(self) -> Any:
        """What is chosen: a list where the parameter is one, else one picture or None."""
        chosen = list(self.widget.value)
        return chosen if self.parameter.many else chosen[0] if chosen else None

    def checked(self, value: Any, model: str) -> Any:
        """Return the pictures, each of which can stand for one, and no more than fit."""
        pictures = self.widget.within_bounds(value)
        for one in pictures:
            self._must_be_picture(one)
        return list(pictures) if self.parameter.many else pictures[0] if pictures else None

    def add(self, value: Any, name: str = "") -> None:
        """Add one more, such as an earlier result; its thumbnail follows.

        Parameters
        ----------
        value
            What stands for it.
        name : str, optional
            What it is called in the list; by default by its file.

        Raises
        ------
        ValueError
            There is no room for one more.
        """
        entry = self._entry(value)
        self.widget.error = ""
        self.widget.add(replace(entry, name=name or entry.name))

    def check(self, seen: Mapping[str, Any] | None = None) -> None:
        """Refuse what nobody agreed to."""
        agreed = self.valued.get("agreed")
        if agreed is not None and not (seen or {}).get("agreed", agreed.value):
            way = "tick it" if seen is not None else 'say panel.controls["agreed"].value = True'
            raise InvalidRequest(
                "Consent is not ticked.",
                parameter="agreed",
                value=False,
                todo=f"Ask the person in the photos; when they agree, {way}.",
            )

    def _withdraw_consent(self) -> None:
        """Take the tick away with other pictures: who is seen in them has to be asked anew."""
        self._consent.value = False

    def _typed(self, text: str) -> None:
        """Take over what was typed, if it can stand for a picture."""
        try:
            as_link_or_path(text, self.parameter.name)
            self.add(text)
        except (FoxError, ValueError) as error:
            self.widget.error = str(error)
        else:
            self.widget.taken()

    def _must_be_picture(self, value: Any) -> None:
        """Refuse what can't stand for one; what came by a browser, and what the store has, is known to."""
        if not (isinstance(value, PickedFile) or (isinstance(value, str) and LOCAL_PICTURE.fullmatch(value))):
            taken(value, self.parameter.name)

    def _checked_entry(self, value: Any) -> PickerEntry:
        self._must_be_picture(value)
        return self._entry(value)

    def _entry(self, value: Any) -> PickerEntry:
        if isinstance(value, str) and LOCAL_PICTURE.fullmatch(value):
            source = self._field_context.store.catalog.source(value.removeprefix("sha256:"))
            name = Path(source.origin or source.file).name if source is not None else "no longer in the folder"
            return PickerEntry(value, name)
        return PickerEntry.of(value)

    def _look_later(self) -> None:
        """Have thumbnails made of what has none, away from this thread."""
        missing = [entry for entry in self.widget.entries if not entry.thumbnail]
        if missing and self._suffixes is _PICTURES:
            self._field_context.later(lambda: self._make_thumbnails(missing))

    def _make_thumbnails(self, entries: list[PickerEntry]) -> None:
        for entry in entries:
            try:
                small = self._thumbnail(entry.value)
            except (FoxError, OSError, ValueError) as error:
                if entry.key in {one.key for one in self.widget.entries}:  # it may have been taken out meanwhile
                    self.widget.error = str(error)
            else:
                if small:
                    self.widget.update(replace(entry, thumbnail=small))

    def _thumbnail(self, value: Any) -> bytes:
        """Return a small picture of what a value stands for; b'' for a link and for what is no file."""
        from fox_nb.images.thumbnail import cached_thumbnail, thumbnail

        if isinstance(value, str) and is_data(value):
            return thumbnail(data_in(value), edge=_EDGE, max_bytes=_BYTES)
        path = self._path(value)
        if path is None:
            return b""
        is_ours = hasattr(value, "path") or (isinstance(value, str) and LOCAL_PICTURE.fullmatch(value))
        thumbs, version = self._field_context.store.thumbnails, "" if is_ours else sha256_of(path)
        return cached_thumbnail(path, thumbs, _EDGE, max_bytes=_BYTES, version=version)

    def _path(self, value: Any) -> Path | None:
        """Return the file that stands behind a value; None for a link and for what is no file."""
        value = text_of(value)
        if isinstance(value, os.PathLike):
            return given_path(value, self.parameter.name)
        if hasattr(value, "path") and not is_read(value):
            return Path(value.path)
        if not isinstance(value, str) or is_link(value):
            return None
        if LOCAL_PICTURE.fullmatch(value):
            source = self._field_context.store.catalog.source(value.removeprefix("sha256:"))
            return self._field_context.store.path(source.file) if source is not None else None
        return given_path(value, self.parameter.name)

    def _suggest(self) -> None:
        here = working_folder()
        self.widget.offer([] if here is None else _files_near(here, self._suffixes))


def consent_box(sentence: str) -> w.Checkbox:
    """Ask whether the person in the photos agreed."""
    classes = ("fox-agreed", "fox-for-agreed")
    return w.Checkbox(description=sentence, tooltip=NO_WAY_BACK, indent=False, layout=Layout(), _dom_classes=classes)


def _files_near(folder: Path, suffixes: tuple[str, ...]) -> list[str]:
    """Name the files of a folder and of the folders in it, by their relative paths; hidden ones are left out."""

    def names(inside: Path, depth: int) -> Iterator[str]:
        try:
            found = sorted(os.scandir(inside), key=lambda item: item.name.casefold())
        except OSError:
            return
        for item in found:
            if item.name.startswith("."):
                continue
            if item.name.lower().endswith(suffixes):
                yield Path(item.path).relative_to(folder).as_posix()
            elif depth and item.is_dir(follow_symlinks=False):
                yield from names(Path(item.path), depth - 1)
            else:
                yield ""

    looked_at = islice(names(folder, 1), _MOST_LOOKED_AT)
    return list(islice((name for name in looked_at if name), MOST_SUGGESTIONS))
