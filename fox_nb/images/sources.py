"""Sources: telling links from local files, and saying what to do with what is neither."""

from __future__ import annotations

import difflib
import os
import re
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fox_nb.errors import InvalidRequest
from fox_nb.workdir import working_folder

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]+):")
_NOT_FOLLOWED = {
    "file": "Give the path itself, without file://; the file is then uploaded.",
    "data": "Give the picture's bytes instead (base64.b64decode of what follows the comma).",
    "javascript": "Give a link with https://, a local path, a PIL image, bytes, an array or an earlier result.",
}
_KINDS = "a link (https://…), a local path, a PIL image, bytes, an array or an earlier result"
_LONGEST_SHOWN = 120
_LONGEST_LINK = 8000
_LONGEST_PATH = 4096
_MOST_NEIGHBOURS = 5000
LARGEST_FILE = 400_000_000


def inner_source(source: Any, parameter: str) -> Any:
    """Reach into an earlier result: a picture of a task (``.path``), or a task with a single one (``.images``)."""
    if isinstance(source, (str, bytes, bytearray, memoryview)):
        return source
    if isinstance(source, os.PathLike) and not hasattr(source, "path"):
        return source
    images = getattr(source, "images", None)
    if images is not None and not hasattr(source, "path"):
        images = list(images)
        if len(images) != 1:
            what = f"{parameter}: a task with {len(images)} pictures was given, where one picture is meant."
            raise InvalidRequest(
                what, parameter=parameter, value=source, todo="Give one of them, such as task.images[0]."
            )
        source = images[0]
    if not hasattr(source, "path"):
        return source
    if source.path is None:
        what = f"{parameter}: this result has no picture on disk."
        raise InvalidRequest(what, parameter=parameter, value=source, todo="Wait for its task first: task.wait().")
    return source.path


def as_link_or_path(source: Any, parameter: str) -> str | Path:
    """Give the link as it stands, or the path of a file that is there; refuse everything else with what to do."""
    if isinstance(source, str):
        text = source.strip()
        link = _as_link(text, parameter)
        if link:
            return link
        source = text
    elif not isinstance(source, os.PathLike):
        what = f"{parameter}: {type(source).__name__} does not stand for a picture."
        raise InvalidRequest(what, parameter=parameter, value=source, allowed=_KINDS, todo=f"Give {_KINDS}.")
    return _existing(os.fspath(source), parameter)


def _as_link(text: str, parameter: str) -> str:
    match = _SCHEME.match(text)
    if not match:
        return ""
    scheme = match.group(1).lower()
    if scheme not in {"http", "https"}:
        known = scheme in _NOT_FOLLOWED or "//" in text[: match.end() + 2]
        if not known:  # a file may be called 'portrait:2.png'
            return ""
        what = f"{parameter}: {clipped(text)} is a link that the gateway cannot follow ({scheme}:)."
        todo = _NOT_FOLLOWED.get(scheme, _NOT_FOLLOWED["javascript"])
        raise InvalidRequest(what, parameter=parameter, value=clipped(text), allowed=_KINDS, todo=todo)
    if len(text) > _LONGEST_LINK or any(not " " < char < "\x7f" for char in text if char.isascii()):
        what = f"{parameter}: {clipped(text)} is not a whole link: it holds blanks, or is far too long."
        raise InvalidRequest(what, parameter=parameter, value=clipped(text), todo="Copy the link again.")
    try:
        host = urlsplit(text).hostname
    except ValueError:
        host = None
    if not host:
        what = f"{parameter}: {clipped(text)} names no host."
        raise InvalidRequest(what, parameter=parameter, value=clipped(text), todo="Copy the link again.")
    return text


def _existing(name: str | bytes, parameter: str) -> Path:
    text = os.fsdecode(name)
    path = Path(text).expanduser() if text.startswith("~") else Path(text)
    if not text:
        what = f"{parameter}: it is empty."
        raise InvalidRequest(what, parameter=parameter, value="", allowed=_KINDS, todo=f"Give {_KINDS}.")
    if len(text) > _LONGEST_PATH:
        what = f"{parameter}: {clipped(text)} is too long for a path ({len(text):,} characters)."
        raise InvalidRequest(what, parameter=parameter, value=clipped(text), allowed=_KINDS, todo=f"Give {_KINDS}.")
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        shown = clipped(text)
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else "it cannot be read"
        raise InvalidRequest(
            f"{parameter}: {reason}: {shown}.", parameter=parameter, value=shown, todo=_advice(path, text)
        ) from error
    if path.is_dir():
        raise InvalidRequest(
            f"{parameter}: {clipped(text)} is a folder.", parameter=parameter, value=clipped(text), todo=_inside(path)
        )
    if not path.is_file():
        what = f"{parameter}: {clipped(text)} is not a plain file."
        raise InvalidRequest(what, parameter=parameter, value=clipped(text), todo="Give a file.")
    if found.st_size > LARGEST_FILE:
        what = f"{parameter}: {clipped(text)} has {found.st_size / 1e6:,.0f} MB, more than is opened here."
        raise InvalidRequest(what, parameter=parameter, value=clipped(text), todo="Make it smaller first.")
    return path


def _advice(path: Path, text: str) -> str:
    """Say what was probably meant."""
    if re.match(r"^(www\.|[\w-]+(\.[\w-]+)*\.(com|org|net|io|cc|dev)/)", text):
        return f"If it is a link: https://{clipped(text)}"
    names = _names(path.parent)
    if names is None:
        return f"The folder {clipped(str(path.parent))} is not there; {_here()}."
    lowered = {name.lower(): name for name in names}
    near = [lowered[name] for name in difflib.get_close_matches(path.name.lower(), lowered, n=3, cutoff=0.6)]
    if near:
        return "Did you mean " + " or ".join(str(path.parent / name) for name in near) + "?"
    return f"Relative paths start at the kernel's folder: {_here()}."


def _here() -> str:
    here = working_folder()
    return f"the kernel works in {here}" if here is not None else "the kernel's own folder was deleted"


def _inside(folder: Path) -> str:
    pictures = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".gif")
    names = sorted(name for name in _names(folder) or () if name.lower().endswith(pictures))
    if not names:
        return "Give one picture; this folder holds none."
    return f"Give one picture, such as {folder / names[0]}."


def _names(folder: Path) -> list[str] | None:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in islice(entries, _MOST_NEIGHBOURS)]
    except (OSError, ValueError):
        return None


def clipped(text: str) -> str:
    """Shorten what is repeated in an error."""
    shown = "".join(char if char.isprintable() else "�" for char in text[: _LONGEST_SHOWN + 1])
    return shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "…"
