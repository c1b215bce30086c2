"""Picker: pictures that are chosen, dropped, pasted, named by a link or a path, or taken from earlier results.

The browser scales what is larger than the limit and sends it in messages below 1 MB, a few at a time, each answered.
What was picked is a value in Python that isn't synced: pixels, thumbnails and the names of files are never part of the
state that notebooks save. Every view, also one after a reload of the page, asks for the list.
"""

from __future__ import annotations

import os
import threading
import unicodedata
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ipywidgets as w
import traitlets

from fox_nb.errors import FoxError, InvalidRequest
from fox_nb.filetypes import is_data
from fox_nb.images.inline import size_words
from fox_nb.images.sources import listed
from fox_nb.models import is_link
from fox_nb.panels.incoming import Incoming, PickedFile, Refused
from fox_nb.panels.script import Chosen, Scripted
from fox_nb.parameters import is_same

__all__ = ["PickedFile", "Picker", "PickerEntry"]

PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/tiff", "image/avif")
"""Types that go through as they are. What else the browser can decode (HEIC in Safari) is made a JPEG there."""

_LONGEST_NAME = 120
_LARGEST_THUMBNAIL = 100_000


@dataclass(frozen=True, slots=True)
class PickerEntry:
    """One picture in the picker's list.

    Attributes
    ----------
    value : object
        What it stands for: a `PickedFile`, or whatever Python put there (a URL, a path, an earlier result).
    name, note : str
        What is written below it.
    thumbnail : bytes
        A small JPEG, PNG or WebP, at most 100 kB; b'' for none.
    key : str
        Tells it from the others.
    """

    value: Any = field(repr=False)
    name: str
    note: str = ""
    thumbnail: bytes = field(default=b"", repr=False)
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        if len(self.thumbnail) > _LARGEST_THUMBNAIL:
            raise ValueError(f"A thumbnail has at most {_LARGEST_THUMBNAIL:,} bytes, not {len(self.thumbnail):,}.")

    @classmethod
    def of(cls, value: Any) -> PickerEntry:
        """Make the entry of a value that says itself what it is called."""
        if isinstance(value, PickedFile):
            return cls(value, value.name)
        if is_link(value):
            return cls(value, value, "link")
        if isinstance(value, str) and is_data(value):
            return cls(value, "data: URL", "picture in a text")
        if hasattr(value, "path") and hasattr(value, "width"):
            return cls(value, value.path.name, size_words(value.width, value.height))
        if isinstance(value, str | os.PathLike):
            return cls(value, Path(value).name, "file")
        return cls(value, f"from Python: {type(value).__name__}")


class Picker(Scripted, w.ValueWidget):  # type: ignore[misc]
    """Chooses pictures, several or one.

    It tells "files", with those of one choice, once all of them are here and in the list; "change", with the entries,
    when a person added, removed or moved something (`observe` tells of code, too); "place", with the text, when a link
    or path was typed (`taken` empties the line); "ask" when somebody goes to that line: the time to `offer` some. A
    FoxError that is raised there is said below the list.

    Parameters
    ----------
    value : sequence
        What is chosen, in its order: whatever the calls take for a picture (links, paths, earlier results, bytes, PIL
        images), and a `PickedFile` for what came from the person's computer. Settable, observable, not synced.
    description, tooltip : str
        What it is called, and a sentence of help.
    disabled : bool
        Whether it is switched off.
    most : int
        The most pictures. With 1, another choice takes the place of the one before.
    long_side : int
        Pictures with a longer side are scaled to it in the browser, default 4096 px; 0 sends the files as they are.
    max_bytes : int
        The largest file that is taken, after scaling, default 100 MB.
    accept : list of str
        Media types that are sent as they are; what else the browser can decode is made a JPEG.
    accept_archives : bool
        Whether ZIP files are taken too; they come as a `PickedFile` of type ``application/zip``.
    place, place_hint : str
        What the line for links and paths is called, and the example in it.
    contact_sheet : bool
        Whether it is shown as large pictures without an order.
    entry_of : callable
        Gives for one of `value` what its line in the list says.
    """

    part = "picker"

    value = Chosen()
    description = traitlets.Unicode("Pictures").tag(sync=True)
    disabled = traitlets.Bool(default_value=False).tag(sync=True)
    most = traitlets.Int(20, min=1).tag(sync=True)
    long_side = traitlets.Int(4096, min=0).tag(sync=True)
    max_bytes = traitlets.Int(100_000_000, min=1).tag(sync=True)
    accept = traitlets.List(traitlets.Unicode(), default_value=list(PICTURES)).tag(sync=True)
    accept_archives = traitlets.Bool(default_value=False).tag(sync=True)
    place = traitlets.Unicode("Link or file").tag(sync=True)
    place_hint = traitlets.Unicode("https://\u2026 or photo.jpg").tag(sync=True)
    contact_sheet = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, *, entry_of: Callable[[Any], PickerEntry] = PickerEntry.of, **traits: Any) -> None:
        self._entry_of = entry_of
        self._list_lock = threading.RLock()
        self._entries: tuple[PickerEntry, ...] = ()
        self._error = ""
        self._incoming = Incoming()
        self._batches: dict[str, list[str]] = {}
        super().__init__(**traits)

    @property
    def entries(self) -> tuple[PickerEntry, ...]:
        """What is in the list, in its order."""
        return self._entries

    @property
    def error(self) -> str:
        """What is said below the list as an alert; '' for nothing. It goes away at the next choice and change."""
        return self._error

    @error.setter
    def error(self, words: str) -> None:
        self._error = words
        self.retain_message("error", words=words)

    @traitlets.observe("value")
    def _mended(self, _change: object) -> None:
        """Take back what was wrong with what may be gone; whoever looks at the pictures says anew what still is."""
        if self._error:
            self.error = ""

    def seen(self, keys: Any) -> tuple[PickerEntry, ...]:
        """Return the entries that a browser shows: a press may be ahead of what has arrived here.

        Parameters
        ----------
        keys : list of str, or None
            What the browser says; None where it says nothing, which gives all entries.

        Raises
        ------
        InvalidRequest
            One of them is still on its way.
        """
        if not isinstance(keys, list):
            return self._entries
        known = {entry.key: entry for entry in self._entries}
        if not all(isinstance(key, str) and key in known for key in keys):
            raise InvalidRequest(
                f"{self.description}: what you chose is still being uploaded.",
                todo="Wait until it has arrived, then press again.",
            )
        return tuple(known[key] for key in keys)

    def show(self, entries: Iterable[PickerEntry]) -> None:
        """Put these in place of the whole list."""
        self._change(lambda _: tuple(entries), by_person=False)

    def add(self, entry: PickerEntry) -> None:
        """Put one more at the list's end; where it holds one only, in its place. ValueError when it is full."""
        if len(self._entries) >= self.most > 1:
            raise ValueError(f"The list is full: it takes {self.most}.")
        self._change(lambda entries: (*entries, entry)[-self.most :], by_person=False)

    def update(self, entry: PickerEntry) -> None:
        """Show this in place of the entry that has its key, if that one is still there."""
        self._change(lambda entries: tuple(entry if e.key == entry.key else e for e in entries), by_person=False)

    def offer(self, names: list[str]) -> None:
        """Offer these beside the line for links and paths."""
        self.send_message("offer", names=names)

    def taken(self) -> None:
        """Empty the line for links and paths: what it said was taken over."""
        self.send_message("taken")

    def within_bounds(self, value: Any) -> tuple[Any, ...]:
        """Return several pictures, or one, as `value` has them; InvalidRequest where they are too many."""
        found = listed(value)
        several = tuple(found) if found is not None else () if value is None else (value,)
        if len(several) > self.most:
            raise InvalidRequest(
                f"{self.description}: {len(several)} given, but at most {self.most} fit here.",
                parameter=self.description,
                value=f"{len(several)} pictures",
                allowed=f"at most {self.most}",
            )
        return several

    def chosen(self, value: Any) -> tuple[Any, ...]:
        """Show what code has put in, and return it; what was in the list before keeps its place in the browser."""
        several = self.within_bounds(value)
        with self._list_lock:
            left = list(self._entries)
            if is_same(several, tuple(entry.value for entry in left)):
                return several
            entries = []
            for one in several:
                known = next((entry for entry in left if is_same(entry.value, one)), None)
                if known is not None:
                    left.remove(known)
                entries.append(known or self._entry_of(one))
            self._entries = tuple(entries)
        self._send_list()
        return several

    def _change(
        self,
        made: Callable[[tuple[PickerEntry, ...]], tuple[PickerEntry, ...]],
        *,
        by_person: bool = True,
        by: object = "",
    ) -> None:
        try:
            with self._list_lock:
                self._entries = made(self._entries)
                self.value = tuple(entry.value for entry in self._entries)  # in here: of two threads the last counts
        finally:
            self._send_list(by)  # whatever an observer did: the page that pressed waits for it
        if by_person:
            self._emit("change", self._entries)

    def _emit(self, event: str, *what: object) -> None:
        try:
            super()._emit(event, *what)
        except FoxError as error:
            self.error = str(error)

    def _send_list(self, by: object = "") -> None:
        with self._list_lock:  # else an older list could come after a newer one
            items = [{"key": e.key, "name": e.name, "note": e.note, "thumb": bool(e.thumbnail)} for e in self._entries]
            self.send_message("list", items=items, by=by)

    # What a browser says

    def _on_ready(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self._send_list()
        super()._on_ready(content, buffers)

    def _on_thumbs(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Send the thumbnails that a browser does not have, one a message."""
        wanted = content.get("keys")
        for entry in self._entries:
            if isinstance(wanted, list) and entry.key in wanted and entry.thumbnail:
                self.send_message("thumb", [entry.thumbnail], key=entry.key)

    def _on_choice(self, _content: dict[str, Any], _buffers: list[bytes]) -> None:
        self.error = ""

    def _on_place(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        text = content.get("text")
        if isinstance(text, str) and text.strip():
            self.error = ""
            self._emit("place", text.strip())

    def _on_ask(self, _content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._emit("ask")

    def _on_remove(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        by = content.get("by")
        self._change(lambda entries: tuple(e for e in entries if e.key != content.get("key")), by=by)

    def _on_order(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Take over the order that somebody made; what their browser has not heard of yet comes last."""
        keys = content.get("keys")
        if isinstance(keys, list):
            place = {key: at for at, key in enumerate(keys) if isinstance(key, str)}
            by = content.get("by")
            self._change(lambda entries: tuple(sorted(entries, key=lambda e: place.get(e.key, len(place)))), by=by)

    def _on_begin(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        key, name, mime, size = (content.get(word) for word in ("id", "name", "mime", "size"))
        if not (isinstance(key, str) and isinstance(name, str) and isinstance(mime, str) and isinstance(size, int)):
            return
        name = clean_name(name)
        if mime not in self.accept and not (self.accept_archives and mime == "application/zip"):
            self.send_message("refused", id=key, words=f"{name} is of a type that is not taken here.")
            return
        thumbnail = buffers[0] if buffers and len(buffers[0]) <= _LARGEST_THUMBNAIL else b""
        try:
            with self._list_lock:
                self._incoming.begin(key, name, mime, size, most=self.max_bytes, thumbnail=thumbnail)
        except Refused as refused:
            self.send_message("refused", id=key, words=str(refused))

    def _on_piece(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        """Take a piece, say how much of its file is here; one who has heard nothing for a while brings none."""
        key = content.get("id")
        with self._list_lock:
            received = self._incoming.put(str(key), int(content.get("at", -1)), b"".join(buffers))
        if received is None and any(entry.key == key for entry in self._entries):
            self.send_message("done", id=key)  # who asks has not heard it
        elif received is None:
            words = "A file was lost on its way, perhaps since the kernel was restarted. Choose it again."
            self.send_message("refused", id=key, words=words)
        else:
            self.send_message("ack", id=key, received=received, asked=content.get("number", 0))

    def _on_drop(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        with self._list_lock:
            self._incoming.drop(str(content.get("id")))

    def _on_end(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        key, batch = str(content.get("id")), str(content.get("batch"))
        try:
            with self._list_lock:
                file, thumbnail = self._incoming.finish(key, str(content.get("sha256") or ""))
                self._batches.setdefault(batch, []).append(key)
        except Refused as refused:
            self.send_message("refused", id=key, words=str(refused))
            return
        if len(self._entries) >= self.most > 1:
            self.send_message("refused", id=key, words=f"{file.name} is one too many: at most {self.most} here.")
            return
        entry = PickerEntry(file, file.name, str(content.get("note") or "")[:_LONGEST_NAME], thumbnail, key)
        self._change(lambda entries: (*entries, entry)[-self.most :])
        self.send_message("done", id=key)

    def _on_batch(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """All files of one choice are through, or were refused."""
        with self._list_lock:
            keys = self._batches.pop(str(content.get("batch")), [])
            files = [entry.value for entry in self._entries if entry.key in keys]
        if files:
            self._emit("files", files)


def clean_name(name: str) -> str:
    """Take folders and control characters (also those that turn the direction of writing) out of a file's name."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C").strip()
    return shown[:_LONGEST_NAME] or "unnamed"
