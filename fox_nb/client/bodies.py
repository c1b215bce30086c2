"""Request bodies: sent in pieces, with a known length, and a record of whether any of it was ever taken."""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, BinaryIO

from fox_nb.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 64 * 1024
"""Bytes that are read or sent at a time."""

_LONGEST_NAME = 120
_BOUNDARY_BYTES = 16

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"BM", "bmp"),
    (b"II*\0", "tif"),
    (b"MM\0*", "tif"),
)
_CONTENT_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "heic": "image/heic",
    "heif": "image/heif",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "zip": "application/zip",
}


class Body:
    """A body of known length that is sent in small pieces, each of which may take the connection's time-out.

    Given to `requests` as one block, all of it would have to leave within the time-out for *connecting*.

    Parameters
    ----------
    parts : bytes or file
        What is sent, one behind the other.
    seconds : float
        How long sending may take in all.
    content_type : str
        The Content-Type that belongs to it.

    Attributes
    ----------
    taken : bool
        True once any of it was asked for. The headers go first: while this is False, no request was made.
    """

    def __init__(self, *parts: bytes | tuple[BinaryIO, int, int], seconds: float, content_type: str) -> None:
        self._parts = parts
        self._seconds = seconds
        self._length = sum(len(part) if isinstance(part, bytes) else part[2] for part in parts)
        self.content_type = content_type
        self.taken = False

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        if self.taken:
            raise RuntimeError("a body is sent once")  # no library below may decide to send it again
        self.taken = True
        end = time.monotonic() + self._seconds
        for part in self._parts:
            for piece in _cut(part):
                if time.monotonic() > end:
                    raise TimeoutError("sending took too long")
                yield piece

    def again(self) -> Body:
        """Return the same body for another attempt."""
        return Body(*self._parts, seconds=self._seconds, content_type=self.content_type)


def _cut(part: bytes | tuple[BinaryIO, int, int]) -> Iterator[bytes]:
    if isinstance(part, bytes):
        yield from (part[at : at + PIECE] for at in range(0, len(part), PIECE))
        return
    file, start, left = part
    file.seek(start)
    while left:
        piece = file.read(min(PIECE, left))
        if not piece:
            raise OSError("the file became shorter while it was sent")
        left -= len(piece)
        yield piece


def json_body(value: Any, seconds: float) -> Body:
    """Return the JSON of a value as a body.

    Raises
    ------
    InvalidRequest
        When it cannot be written as JSON: not of JSON's types, NaN, too deep, or text with half a character.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        reason = str(error)[:200]
    else:
        return Body(text, seconds=seconds, content_type="application/json")
    raise InvalidRequest(f"The request cannot be written as JSON: {reason}.", todo="Use plain text, numbers and lists.")


def file_body(file: BinaryIO, file_name: str, fields: dict[str, str], seconds: float) -> Body:
    """Return a multipart body with one file, which is read while it is sent, and some fields.

    The frame is made by urllib3 around a mark; the mark's place is where the file goes.
    """
    from urllib3.fields import RequestField
    from urllib3.filepost import encode_multipart_formdata

    start = file.tell()
    size = file.seek(0, os.SEEK_END) - start
    mark = os.urandom(_BOUNDARY_BYTES).hex()
    field = RequestField(name="file", data=mark, filename=file_name)
    field.make_multipart(content_type=_CONTENT_TYPES.get(_ending(file_name), "application/octet-stream"))
    frame, content_type = encode_multipart_formdata(
        [field, *(RequestField.from_tuples(name, value) for name, value in fields.items())]
    )
    before, _, after = frame.partition(mark.encode())
    return Body(before, (file, start, size), after, seconds=seconds, content_type=content_type)


@contextlib.contextmanager
def opened(source: Path | str | BinaryIO | bytes) -> Iterator[tuple[BinaryIO, str]]:
    """Yield a file that can be measured and sent again, and its own name; close it when it was opened here.

    Raises
    ------
    InvalidRequest
        When it cannot be read or holds nothing.
    """
    with contextlib.ExitStack() as stack:
        name = ""
        if isinstance(source, (str, Path)):
            file, name = stack.enter_context(_opened_path(Path(source))), Path(source).name
        elif isinstance(source, (bytes, bytearray, memoryview)):
            file = io.BytesIO(source)
        else:
            named = getattr(source, "name", "")
            name = named if isinstance(named, str) else ""
            file = source if source.seekable() else io.BytesIO(source.read())
        start = file.tell()
        empty = file.seek(0, os.SEEK_END) <= start
        file.seek(start)
        if empty:
            raise InvalidRequest("The file to upload is empty.", parameter="file", value=name)
        yield file, name


def _opened_path(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        reason = error.strerror or type(error).__name__
    raise InvalidRequest(
        f"The file {path.name!r} cannot be read: {reason}.", parameter="file", value=str(path), todo="Check the path."
    )


def safe_name(name: str | None, start: bytes) -> str:
    """Return a short file name without folders, with the ending that the file's first bytes ask for.

    Parameters
    ----------
    name : str or None
        What the person calls it.
    start : bytes
        The file's first bytes.
    """
    last = PurePath((name or "").replace("\\", "/")).name
    kept = "".join(sign if sign.isprintable() and sign not in '"<>|:*?' else "_" for sign in last).strip(" .")
    kind = _kind(start)
    if not kept:
        return f"upload.{kind or 'bin'}"
    if kind and _ending(kept) not in _CONTENT_TYPES:
        kept = f"{kept}.{kind}"
    if len(kept) > _LONGEST_NAME:
        ending = PurePath(kept).suffix[:20]
        kept = kept[: _LONGEST_NAME - len(ending)] + ending
    return kept


def _ending(name: str) -> str:
    return PurePath(name).suffix.lstrip(".").lower()


def _kind(start: bytes) -> str:
    for signature, kind in _SIGNATURES:
        if start.startswith(signature):
            return kind
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "webp"
    if start[4:8] == b"ftyp":
        return "avif" if start[8:12] in {b"avif", b"avis"} else "heic"
    return ""
