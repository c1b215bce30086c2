"""Uploading: a file to send, its name and the form that it goes in, and what the gateway says of it."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from fox_nb.client.accounts import counted
from fox_nb.client.exchange import Part
from fox_nb.errors import InvalidRequest
from fox_nb.filetypes import KINDS, is_zip, sniff

HEAD = 32
"""So many first bytes tell what a file is."""
_LONGEST_NAME = 120
_LONGEST_TEXT = 2000
_BOUNDARY_BYTES = 16
_LINK = r"(?i)https?://\S+"

_CONTENT_TYPES = {
    **{ending.removeprefix("."): mime for mime, ending in KINDS.values()},
    "jpeg": "image/jpeg",
    "heif": "image/heif",
    "tiff": "image/tiff",
    "zip": "application/zip",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in the gateway's storage; it lives for 72 hours.

    Attributes
    ----------
    url : str
        The link to hand to a task.
    id, file_name : str
        The gateway's own words; '' when it gave none.
    size : int or None
        Bytes that arrived.
    created : float or None
        Seconds since 1970, by the gateway's clock.
    """

    url: str
    id: str = ""
    file_name: str = ""
    size: int | None = None
    created: float | None = None


def form(file: BinaryIO, file_name: str, fields: dict[str, str]) -> tuple[list[Part], str]:
    """Return a multipart form with one file, which is read while it is sent, and some fields; and its content type.

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
    return [before, (file, start, size), after], content_type


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
    if is_zip(start):
        return "zip"
    kind = sniff(start)
    return KINDS[kind][1].removeprefix(".") if kind else ""


def read_upload(answer: Any) -> Upload | None:
    """Read an upload's answer; None when it holds no http(s) link, or an error beside it.

    A task is paid for with whatever link it is given.
    """
    if not isinstance(answer, dict) or answer.get("success") is False or answer.get("error"):
        return None
    if isinstance(answer.get("data"), dict) and "url" not in answer:
        answer = answer["data"]
    link = answer.get("url")
    url = link.strip() if isinstance(link, str) else ""
    if not re.fullmatch(_LINK, url) or not url.isprintable() or len(url) > _LONGEST_TEXT:
        return None
    size = counted(answer.get("size"))
    return Upload(
        url=url,
        id=_text(answer.get("id")),
        file_name=_text(answer.get("filename")),
        size=None if size is None else int(size),
        created=counted(answer.get("created")),
    )


def _text(value: Any) -> str:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""
