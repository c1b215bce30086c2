"""Incoming files: put together from the pieces that a browser sends, in order, counted, and proven by their hash."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

PIECE = 900_000
"""Bytes in one message: with its header it stays below 1 MB, far from a server's limit of 10 MiB."""

_MOST_AT_ONCE = 4
_GIVEN_UP_AFTER = 180.0  # its sender asks every 12 s, in a page behind others once a minute


class Refused(Exception):
    """A file is not taken; the text, which is for the person, says why."""


@dataclass(slots=True)
class _Partial:
    name: str
    mime: str
    size: int
    thumbnail: bytes
    touched: float
    pieces: list[bytes] = field(default_factory=list)
    received: int = 0
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)


@dataclass(frozen=True, slots=True)
class PickedFile:
    """A file that a person chose on their own computer.

    Attributes
    ----------
    name : str
        The file's name without its folder. It comes from outside: escape it before it reaches HTML.
    mime : str
        What the browser took it for, such as ``image/jpeg``; the bytes may say otherwise.
    data : bytes
        The file, or the smaller picture that the browser made of it.
    """

    name: str
    mime: str
    data: bytes = field(repr=False)


class Incoming:
    """The files that are on their way from the browsers of one picker.

    Not locked: its picker does that.

    Parameters
    ----------
    clock : callable
        Seconds, ever growing; by default ``time.monotonic``.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._partials: dict[str, _Partial] = {}

    def begin(self, key: str, name: str, mime: str, size: int, *, most: int, thumbnail: bytes = b"") -> None:
        """Make ready for a file of `size` bytes; Refused when that is none, or more than `most`."""
        now = self._clock()
        # A page that was reloaded or closed never ends what it began.
        for old in [k for k, partial in self._partials.items() if now - partial.touched > _GIVEN_UP_AFTER]:
            del self._partials[old]
        if size <= 0:
            raise Refused(f"{name} is empty.")
        if size > most:
            raise Refused(f"{name} is too large: {size / 1e6:,.0f} MB, and at most {most / 1e6:,.0f} MB are taken.")
        if len(self._partials) >= _MOST_AT_ONCE:
            raise Refused(f"{name} has to wait: {_MOST_AT_ONCE} files are on their way. Try again when they are here.")
        self._partials[key] = _Partial(name, mime, size, thumbnail, now)

    def put(self, key: str, offset: int, piece: bytes) -> int | None:
        """Add a piece and return how many bytes are here; a piece that is not the next one adds nothing.

        None when no such file is on its way.
        """
        partial = self._partials.get(key)
        if partial is None:
            return None
        partial.touched = self._clock()
        if offset == partial.received and partial.received + len(piece) <= partial.size:
            partial.pieces.append(piece)
            partial.digest.update(piece)
            partial.received += len(piece)
        return partial.received

    def finish(self, key: str, sha256: str) -> tuple[PickedFile, bytes]:
        """Give the whole file and its thumbnail; Refused when it is not whole.

        `sha256` is '' where the browser has none to give: it hashes only in pages from https or from this machine.
        """
        partial = self._partials.pop(key, None)
        if partial is None:
            raise Refused("A file was lost on its way, perhaps since the kernel was restarted. Choose it again.")
        if partial.received != partial.size or (sha256 and sha256 != partial.digest.hexdigest()):
            raise Refused(f"{partial.name} arrived incomplete. Choose it again.")
        return PickedFile(partial.name, partial.mime, b"".join(partial.pieces)), partial.thumbnail

    def drop(self, key: str) -> None:
        """Forget a file that its sender gave up."""
        self._partials.pop(key, None)
