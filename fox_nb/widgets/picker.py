"""The picker: pictures from the visitor's own computer, chosen, dropped or pasted, in an order beside earlier ones.

The browser scales what is larger than the limit and sends it in messages below 1 MB, a few at a time, each answered.
Neither pixels nor thumbnails are ever traits, which would end in the saved notebook. The list of what was picked
lives here; every view, also one after a reload of the page, asks for it.
"""

from __future__ import annotations

import threading
import unicodedata
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import traitlets

from fox_nb.errors import FoxError, InvalidRequest
from fox_nb.widgets.control import Control
from fox_nb.widgets.incoming import Incoming, PickedFile, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Entry", "PickedFile", "Picker"]

PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/tiff", "image/avif")
"""Types that go through as they are. What else the browser can decode (HEIC in Safari) is made a JPEG there."""

_LONGEST_NAME = 120
_LARGEST_THUMBNAIL = 100_000


@dataclass(frozen=True, slots=True)
class Entry:
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


class Picker(Control):
    """Chooses pictures, several or one.

    Parameters
    ----------
    max_files : int
        The most entries of the list. With 1, another choice takes the place of the one before.
    long_side : int
        Pictures with a longer side are scaled to it in the browser, default 4096 px; 0 sends the files as they are.
    max_bytes : int
        The largest file that is taken, after scaling, default 100 MB.
    accept : list of str
        Media types that are sent as they are; what else the browser can decode is made a JPEG.
    accept_archives : bool
        Whether ZIP files are taken too; they come as a `PickedFile` of type ``application/zip``.
    error : str
        What is said below the list as an alert; '' for nothing. The picker clears it at the next choice.
    """

    module = "picker"

    max_files = traitlets.Int(20, min=1).tag(sync=True)
    long_side = traitlets.Int(4096, min=0).tag(sync=True)
    max_bytes = traitlets.Int(100_000_000, min=1).tag(sync=True)
    accept = traitlets.List(traitlets.Unicode(), default_value=list(PICTURES)).tag(sync=True)
    accept_archives = traitlets.Bool(default_value=False).tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._lock = threading.Lock()
        self._entries: tuple[Entry, ...] = ()
        self._incoming = Incoming()
        self._thumbnails: dict[str, bytes] = {}
        self._batches: dict[str, list[str]] = {}
        self._files_callbacks: list[Callable[[list[PickedFile]], None]] = []
        self._change_callbacks: list[Callable[[tuple[Entry, ...]], None]] = []
        super().__init__(**traits)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is in the list, in its order."""
        return self._entries

    @property
    def values(self) -> list[Any]:
        """The entries' values, in their order."""
        return [entry.value for entry in self._entries]

    def seen(self, keys: Any) -> tuple[Entry, ...]:
        """Return the entries that a browser shows: with subshells it is ahead of what has arrived here.

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
                f"{self.label}: what you chose has not arrived here as a whole.",
                todo="Wait until the list stands still, then press again.",
            )
        return tuple(known[key] for key in keys)

    def show(self, entries: Iterable[Entry]) -> None:
        """Put these in place of the whole list."""
        self._change(lambda _: tuple(entries), tell=False)

    def add(self, entry: Entry) -> None:
        """Put one more at the list's end; where it holds one only, in its place. ValueError when it is full."""
        if len(self._entries) >= self.max_files > 1:
            raise ValueError(f"The list is full: it takes {self.max_files}.")
        self._change(lambda entries: (*entries, entry)[-self.max_files :], tell=False)

    def update(self, entry: Entry) -> None:
        """Show this in place of the entry that has its key, if that one is still there."""
        self._change(lambda entries: tuple(entry if e.key == entry.key else e for e in entries), tell=False)

    def on_files(self, callback: Callable[[list[PickedFile]], None]) -> None:
        """Call `callback(files)` once the files of one choice are all here; they are in the list by then.

        A FoxError that it raises is said below the list.
        """
        self._files_callbacks.append(callback)

    def on_change(self, callback: Callable[[tuple[Entry, ...]], None]) -> None:
        """Call `callback(entries)` when a person added, removed or moved something. Not for `show` and `add`."""
        self._change_callbacks.append(callback)

    def _change(self, made: Callable[[tuple[Entry, ...]], tuple[Entry, ...]], *, tell: bool = True) -> None:
        with self._lock:
            self._entries = made(self._entries)
        self._send_list()
        if tell:
            self._call(self._change_callbacks, self._entries)

    def _call(self, callbacks: list[Callable[[Any], None]], what: object) -> None:
        for callback in tuple(callbacks):
            try:
                callback(what)
            except FoxError as error:
                self.error = str(error)

    def _send_list(self) -> None:
        items = [{"key": e.key, "name": e.name, "note": e.note, "thumb": bool(e.thumbnail)} for e in self._entries]
        self.send({"type": "list", "items": items})

    # What a browser says

    def _on_ready(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self._send_list()
        super()._on_ready(content, buffers)

    def _on_thumbs(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Send the thumbnails that a browser does not have, one a message."""
        wanted = content.get("keys")
        for entry in self._entries:
            if isinstance(wanted, list) and entry.key in wanted and entry.thumbnail:
                self.send({"type": "thumb", "key": entry.key}, [entry.thumbnail])

    def _on_choice(self, _content: dict[str, Any], _buffers: list[bytes]) -> None:
        self.error = ""

    def _on_remove(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._change(lambda entries: tuple(e for e in entries if e.key != content.get("key")))

    def _on_order(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Take over the order that somebody made; what their browser has not heard of yet comes last."""
        keys = content.get("keys")
        if isinstance(keys, list):
            place = {key: at for at, key in enumerate(keys) if isinstance(key, str)}
            self._change(lambda entries: tuple(sorted(entries, key=lambda e: place.get(e.key, len(place)))))

    def _on_begin(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        key, name, mime, size = (content.get(word) for word in ("id", "name", "mime", "size"))
        if not (isinstance(key, str) and isinstance(name, str) and isinstance(mime, str) and isinstance(size, int)):
            return
        name = clean_name(name)
        if mime not in self.accept and not (self.accept_archives and mime == "application/zip"):
            self.send({"type": "refused", "id": key, "words": f"{name} is of a type that is not taken here."})
            return
        try:
            with self._lock:
                self._incoming.begin(key, name, mime, size, most=self.max_bytes)
                thumbnail = buffers[0] if buffers else b""
                self._thumbnails[key] = thumbnail if len(thumbnail) <= _LARGEST_THUMBNAIL else b""
        except Refused as refused:
            self.send({"type": "refused", "id": key, "words": str(refused)})

    def _on_piece(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        with self._lock:
            received = self._incoming.put(str(content.get("id")), int(content.get("at", -1)), b"".join(buffers))
        self._acknowledge(content, received)

    def _on_ask(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Say how much of a file is here: its sender has heard nothing for a while."""
        with self._lock:
            received = self._incoming.received(str(content.get("id")))
        self._acknowledge(content, received)

    def _acknowledge(self, content: dict[str, Any], received: int | None) -> None:
        key = content.get("id")
        if received is None:
            words = "A file was lost on its way, perhaps since the kernel was restarted. Choose it again."
            self.send({"type": "refused", "id": key, "words": words})
        else:
            self.send({"type": "ack", "id": key, "received": received, "asked": content.get("number", 0)})

    def _on_drop(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        with self._lock:
            self._incoming.drop(str(content.get("id")))
            self._thumbnails.pop(str(content.get("id")), None)

    def _on_end(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        key, batch = str(content.get("id")), str(content.get("batch"))
        try:
            with self._lock:
                thumbnail = self._thumbnails.pop(key, b"")
                file = self._incoming.finish(key, str(content.get("sha256") or ""))
                self._batches.setdefault(batch, []).append(key)
        except Refused as refused:
            self.send({"type": "refused", "id": key, "words": str(refused)})
            return
        if len(self._entries) >= self.max_files > 1:
            words = f"{file.name} is one too many: at most {self.max_files} here."
            self.send({"type": "refused", "id": key, "words": words})
            return
        entry = Entry(file, file.name, str(content.get("note") or "")[:_LONGEST_NAME], thumbnail, key)
        self._change(lambda entries: (*entries, entry)[-self.max_files :])
        self.send({"type": "done", "id": key})

    def _on_batch(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """All files of one choice are through, or were refused."""
        with self._lock:
            keys = self._batches.pop(str(content.get("batch")), [])
            files = [entry.value for entry in self._entries if entry.key in keys]
        if files:
            self._call(self._files_callbacks, files)


def clean_name(name: str) -> str:
    """Take folders and control characters (also those that turn the direction of writing) out of a file's name."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C").strip()
    return shown[:_LONGEST_NAME] or "unnamed"
