"""Pictures: the field for pictures: from this computer, a URL, a file near the notebook, or an earlier result."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fox_nb.errors import FoxError, InvalidRequest
from fox_nb.models import LOCAL_PICTURE
from fox_nb.widgets.control import Stack
from fox_nb.widgets.field import Field
from fox_nb.widgets.native import Place, Several
from fox_nb.widgets.picker import Entry, PickedFile, Picker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fox_nb.parameters import Parameter
    from fox_nb.widgets.control import Control
    from fox_nb.widgets.field import Bench

MOST_PICTURES = 8
"""How many pictures a panel takes where the reference page gives no limit."""
MOST_SUGGESTIONS = 100
NO_WAY_BACK = "The service trains on their face and keeps what it learns: there is no call to delete it."
_MOST_LOOKED_AT = 3000
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".bmp", ".gif", ".tif", ".tiff", ".avif")
_ARCHIVES = (".zip",)
_EDGE, _BYTES = 256, 16_000


class PictureField(Field):
    """Pictures, several or one, or an archive of them."""

    def __init__(self, parameter: Parameter, bench: Bench) -> None:
        super().__init__(parameter)
        self._bench = bench
        archive = parameter.hint.kind == "archive"
        self._suffixes = _ARCHIVES if archive else _PICTURES
        self.picker = Picker(
            label=parameter.label,
            help=parameter.help,
            max_files=(parameter.most_items or MOST_PICTURES) if parameter.many else 1,
            accept_archives=archive,
            **({"accept": []} if archive else {}),
        )
        self.place = Place(label="Link or file", empty="https://… or photo.jpg")
        self.place.on_add(self._typed)
        self.place.on_ask(lambda: bench.later(self._suggest))
        self.picker.on_change(lambda _: self.tell())
        self.picker.on_files(lambda _: self.tell())
        self.control = self.picker
        self._consent = _Consent(parameter.hint.consent) if parameter.hint.consent else None
        self._part = Stack([self.picker, self.place, *self.valued[1:]])

    @property
    def part(self) -> Control:
        """The list, the line for links and files, and the question of consent."""
        return self._part

    @property
    def valued(self) -> list[Control]:
        """The pictures, and whether somebody agreed."""
        return [self.picker] if self._consent is None else [self.picker, self._consent]

    def check(self, seen: Mapping[str, Any]) -> None:
        """Refuse what nobody agreed to."""
        if self._consent is not None:
            self._consent.check(seen)

    def read(self, seen: Mapping[str, Any]) -> Any:
        """Return the pictures that the browser shows, as a list where the parameter is one; None for none."""
        entries = self.picker.seen(seen.get(self.picker.id))
        values = [entry.value.data if isinstance(entry.value, PickedFile) else entry.value for entry in entries]
        if self.parameter.many:
            return values or None
        return values[0] if values else None

    def set(self, value: Any) -> None:
        """Put these pictures in place of all; their thumbnails follow."""
        several = value if isinstance(value, list) else [] if value is None else [value]
        entries = [self._entry(item) for item in several]
        self.picker.show(entries)
        self._look_at(entries)
        self.tell()

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
        entry = replace(entry, name=name or entry.name)
        self.picker.error = ""
        self.picker.add(entry)
        self._look_at([entry])
        self.tell()

    def put_away(self, words: str) -> None:
        """Pictures are always used."""

    def tell(self) -> None:
        """Tell of other pictures; who is seen in them has to be asked anew."""
        if self._consent is not None:
            self._consent.value = []
        super().tell()

    def _typed(self, text: str) -> None:
        """Take over what was typed, if it can stand for a picture."""
        from fox_nb.images.sources import as_link_or_path

        try:
            as_link_or_path(text, self.parameter.name)
            self.add(text)
        except (FoxError, ValueError) as error:
            self.picker.error = str(error)
        else:
            self.place.done()

    def _entry(self, value: Any) -> Entry:
        if isinstance(value, str) and LOCAL_PICTURE.fullmatch(value):
            source = self._bench.store.catalog.source(value.removeprefix("sha256:"))
            name = Path(source.origin or source.file).name if source is not None else "no longer in the store"
            return Entry(value, name)
        if isinstance(value, str) and value.startswith(("https://", "http://")):
            return Entry(value, value, "link")
        if hasattr(value, "path"):
            return Entry(value, value.path.name, f"{value.width} × {value.height}")  # noqa: RUF001 - the sign for 'by'
        return Entry(value, Path(value).name, "file")

    def _look_at(self, entries: list[Entry]) -> None:
        """Make thumbnails, away from this thread."""
        if self._suffixes is _PICTURES:
            self._bench.later(lambda: self._make_thumbnails(entries))

    def _make_thumbnails(self, entries: list[Entry]) -> None:
        for entry in entries:
            self._make_thumbnail(entry)

    def _make_thumbnail(self, entry: Entry) -> None:
        from fox_nb.images.thumbnail import cached_thumbnail

        path = self._path(entry.value)
        if path is None:
            return
        try:
            small = cached_thumbnail(path, self._bench.store.thumbnails, _EDGE, max_bytes=_BYTES)
        except (FoxError, OSError) as error:
            self.picker.error = str(error)
            return
        self.picker.update(replace(entry, thumbnail=small))

    def _path(self, value: Any) -> Path | None:
        """Return the file that stands behind a value; None for a link."""
        if hasattr(value, "path"):
            return Path(value.path)
        if LOCAL_PICTURE.fullmatch(value):
            source = self._bench.store.catalog.source(value.removeprefix("sha256:"))
            return self._bench.store.path(source.file) if source is not None else None
        return None if value.startswith(("https://", "http://")) else Path(value).expanduser()

    def _suggest(self) -> None:
        self.place.options = [[name, name] for name in _files_near(Path.cwd(), self._suffixes)]


class _Consent(Several):
    """A tick without which nothing is sent."""

    def __init__(self, sentence: str) -> None:
        super().__init__(label="Consent", help=NO_WAY_BACK)
        self.offer([(sentence, "agreed")])

    def check(self, seen: Mapping[str, Any]) -> None:
        """Refuse what nobody agreed to."""
        if not seen.get(self.id, self.value):
            raise InvalidRequest(
                "Consent is not ticked.",
                parameter="agreed",
                value=False,
                todo="Ask the person in the photos; when they agree, tick it.",
            )


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
