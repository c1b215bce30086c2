"""Training photos: chosen here or in a folder, looked at in the background, each shown with what is wrong with it."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fox_nb.errors import FoxError
from fox_nb.images.inline import size_words
from fox_nb.panels.picker import PickedFile, Picker, PickerEntry
from fox_nb.panels.press import lines_of
from fox_nb.settings import in_voila
from fox_nb.workdir import given_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.images.photos import PhotoFact
    from fox_nb.session.photo_report import TrainingPhotoReport
    from fox_nb.session.training import TrainedProfiles

MOST_PHOTOS = 100
_MOST_FOLDERS = 50
_ZIP = "application/zip"
_ABOUT_OTHERS = frozenset({"duplicate", "alike"})
_HELP = "Clear photos of one person: other angles, light, expressions. A ZIP works, too."


class _Outdated(Exception):
    """The photos have changed while they were looked at."""


class TrainingPhotos:
    """A picker whose list is the contact sheet.

    Parameters
    ----------
    profiles : TrainedProfiles
        What looks at photos.
    later : callable
        Has slow work done on another thread.
    on_progress : callable
        Called with words on how far the looking is, and with what it found; '' for nothing.
    """

    def __init__(
        self,
        profiles: TrainedProfiles,
        later: Callable[[Callable[[], Any]], Any],
        on_progress: Callable[[str], None],
    ) -> None:
        self._profiles = profiles
        self._later = later
        self._on_progress = on_progress
        self._looking = threading.Lock()
        self._keys: tuple[str, ...] = ()
        self._sheet: TrainingPhotoReport | None = None
        self._own_notes: dict[str, str] = {}
        self._ignored = ""
        self.picker = Picker(
            description="Photos",
            tooltip=_HELP,
            most=MOST_PHOTOS,
            accept_archives=True,
            contact_sheet=True,
            place="" if in_voila() else "Folder or ZIP",  # a visitor neither sees nor uses what lies on the server
            place_hint="a folder beside the notebook",
        )
        if not in_voila():
            self.picker.on("place", lambda text: later(lambda: self._take_place(text)))
            self.picker.on("ask", lambda: later(self._suggest))
        self.picker.on("files", self._arrived)
        self.picker.on("change", lambda entries: self._look_later() if len(entries) < len(self._keys) else None)

    @property
    def lacking(self) -> str:
        """What is missing before a profile can be trained; '' when it can be."""
        from fox_nb.images.photos import AT_LEAST

        if self._sheet is not None and self._sheet.enough:
            return ""
        return f"at least {AT_LEAST} usable photos"

    def sheet(self, seen: Any = None) -> TrainingPhotoReport:
        """Return what was found out about the photos that are chosen now; looks first where that is not known yet.

        Parameters
        ----------
        seen : list of str, optional
            Which photos a browser shows, by their keys: with subshells it is ahead of what has arrived here.

        Raises
        ------
        FoxError
            A photo that is shown is still on its way.
        """
        while True:
            with self._looking:
                entries = self.picker.seen(seen)
                keys = tuple(entry.key for entry in entries)
                if self._sheet is not None and keys == self._keys:
                    return self._sheet
                try:
                    sheet = self._without_removed(keys) or self._looked_at(entries, seen)
                except _Outdated:
                    continue
                self._sheet, self._keys = sheet, keys
                self._show(entries, sheet)
                return sheet

    def clear(self) -> None:
        """Take all photos out of the list."""
        self.picker.show([])  # first: it ends a look that is under way
        with self._looking:
            self._sheet, self._keys, self._ignored = None, (), ""
            self._own_notes.clear()

    def _look_later(self) -> None:
        self._later(self._look)

    def _look(self) -> None:
        try:
            sheet = self.sheet()
        except Exception as error:  # noqa: BLE001 - nobody else would ever see it: this is a thread of our own
            self.picker.error = " ".join(lines_of(error))
            self._on_progress("")
            return
        words = [sheet.summary, self._ignored] if sheet.photos else []
        self._on_progress(" ".join(word for word in words if word))

    def _looked_at(self, entries: tuple[PickerEntry, ...], seen: Any) -> TrainingPhotoReport:
        keys = [entry.key for entry in entries]

        def on_progress(words: str) -> None:
            if [entry.key for entry in self.picker.seen(seen)] != keys:
                raise _Outdated
            self._on_progress(words)

        return self._profiles.look([entry.value for entry in entries], on_progress=on_progress)

    def _without_removed(self, keys: tuple[str, ...]) -> TrainingPhotoReport | None:
        """Return the sheet without photos that were taken out, where no word about the others mentions them."""
        if self._sheet is None or not keys or not set(keys) < set(self._keys):
            return None
        by_key = dict(zip(self._keys, self._sheet.photos, strict=True))
        kept = tuple(by_key[key] for key in keys)
        if any(problem.kind in _ABOUT_OTHERS for photo in kept for problem in photo.problems):
            return None
        return replace(self._sheet, photos=kept)

    def _show(self, entries: tuple[PickerEntry, ...], sheet: TrainingPhotoReport) -> None:
        """Write below each photo what is wrong with it."""
        for entry, photo in zip(entries, sheet.photos, strict=True):
            own = self._own_notes.setdefault(entry.key, entry.note)
            note = _note(photo) or own or size_words(photo.width, photo.height)
            thumbnail = entry.thumbnail or photo.thumbnail
            if (note, thumbnail) != (entry.note, entry.thumbnail):
                self.picker.update(replace(entry, note=note, thumbnail=thumbnail))

    # Where photos come from

    def _arrived(self, files: list[PickedFile]) -> None:
        """Put the photos of an archive in its place, then look at all."""
        from fox_nb.images.photo_archive import photos_in

        entries: list[PickerEntry] = []
        ignored: list[str] = []
        error: FoxError | None = None
        for entry in self.picker.entries:
            if isinstance(entry.value, PickedFile) and entry.value.mime == _ZIP:
                try:
                    found = photos_in(entry.value)
                except FoxError as failed:
                    error = failed
                else:
                    entries += [_entry(photo) for photo in found.photos]
                    ignored.append(found.note)
            else:
                entries.append(entry)
        if any(file.mime == _ZIP for file in files):
            self.picker.show(entries[:MOST_PHOTOS])
            self._report_left_out(ignored, len(entries) - MOST_PHOTOS)
        self._look_later()
        if error is not None:
            raise error

    def _report_left_out(self, ignored: list[str], left_out: int) -> None:
        """Say what was not taken of a folder or an archive: what is no picture beside what the look finds."""
        self._ignored = " ".join(note for note in ignored if note)
        if left_out > 0:
            were = "1 was" if left_out == 1 else f"{left_out} were"
            self.picker.error = f"At most {MOST_PHOTOS} photos here: {were} left out."

    def _take_place(self, text: str) -> None:
        from fox_nb.images.photo_archive import FoundPhotos, photos_in

        try:
            path = given_path(text, "photos")
            single = path.is_file() and path.suffix.lower() != ".zip"
            found = FoundPhotos((path,)) if single else photos_in(path)
        except (FoxError, OSError) as error:
            self.picker.error = str(error)
            return
        room = MOST_PHOTOS - len(self.picker.entries)
        self.picker.error = "" if found.photos else f"{text} holds no photos."
        for photo in found.photos[:room]:
            self.picker.add(_entry(photo))
        self._report_left_out([found.note], len(found.photos) - room)
        self.picker.taken()
        self._look()

    def _suggest(self) -> None:
        """Offer the folders and archives beside the notebook."""
        try:
            found = sorted(os.scandir(Path.cwd()), key=lambda item: item.name.casefold())
        except OSError:
            return
        names = [
            item.name
            for item in found
            if not item.name.startswith(".") and (item.is_dir() or item.name.lower().endswith(".zip"))
        ]
        self.picker.offer(names[:_MOST_FOLDERS])


def _entry(photo: Any) -> PickerEntry:
    return PickerEntry(photo, Path(photo).name if isinstance(photo, os.PathLike) else photo.name)


def _note(photo: PhotoFact) -> str:
    from fox_nb.render.contact_sheet import MARKS  # which loads what looks at photos

    return "\n".join(f"{MARKS[problem.severity]} \u00b7 {problem.words}" for problem in photo.problems)
