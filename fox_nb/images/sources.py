"""Sources: telling links, files and pictures in memory apart, and saying what to do with what is none of them."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import deque
from collections.abc import Iterator, KeysView, Mapping, ValuesView
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fox_nb.errors import InvalidRequest
from fox_nb.filetypes import data_in, is_data, is_zip, sniff
from fox_nb.models import is_link
from fox_nb.settings import in_voila
from fox_nb.workdir import as_text, given_path, working_folder

# Left to re's own cache: compiling them would cost every panel.
_SCHEME = r"^([A-Za-z][A-Za-z0-9+.\-]+):"
_URL = _SCHEME + "//"
_KINDS = "a link (https://…), a local path, a PIL image, bytes, an open file, an array or an earlier result"
_INVISIBLE = "\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
"""What Windows and web pages put around a text that is copied from them."""
_OF_AN_UPLOAD = frozenset({"content", "name", "type", "size", "last_modified", "lastModified", "metadata", "error"})
_BASE64 = r"[A-Za-z0-9+/_\s-]+=*\s*"
_LONGEST_SHOWN = 120
_LONGEST_LINK = 8000
_LONGEST_PATH = 4096
_MOST_NEIGHBOURS = 5000
_SEVERAL = (list, tuple, deque, KeysView, ValuesView, Iterator)
_MOST_GIVEN = 10_000
"""So many are taken of what may have no end."""
LARGEST_FILE = 400_000_000


def taken(source: Any, parameter: str) -> Any:
    """Return what a source stands for: a link, the path of a file that is there, bytes, a PIL image or an array.

    Taken are links, paths, ``file:`` and ``data:`` URLs, bytes, open files, what an upload widget or an IPython Image
    holds, and earlier results. In an app that Voila shows, no path is: only who runs it may choose files of its server.

    Raises
    ------
    InvalidRequest
        It stands for nothing of that, or there is no such file.
    """
    source = text_of(source)
    inner = inner_source(source, parameter)
    if inner is not source:
        if hasattr(source, "images") or hasattr(source, "pil"):  # ours: no other file can be meant
            _refuse_deleted(Path(inner), parameter)
        return _existing(os.fspath(inner), parameter)  # an earlier result: no words of somebody's, but a file of ours
    if isinstance(source, bytes):
        return bytes(source)
    if isinstance(source, (str, os.PathLike)):
        return as_link_or_path(source, parameter)
    is_array = hasattr(type(source), "__array_interface__") or hasattr(type(source), "__array__")
    if is_array and not listed(source):  # a table's column of paths is one
        return _file_in(source) or source  # PIL's images among them
    if not is_array:
        with suppress(TypeError, ValueError, BufferError), memoryview(source) as buffer:  # array.array's, mmap's
            return buffer.tobytes() if buffer.ndim == 1 else source
    held = _held(source, parameter)
    if isinstance(held, (bytes, memoryview)) and getattr(source, "format", "") == "url":  # ipywidgets' Image of a link
        held = bytes(held).decode(errors="replace")
    if held is not None:
        return taken(held, parameter)
    what = f"{type(source).__name__} does not stand for a picture."
    raise refused(parameter, what, f"Give {_KINDS}.", allowed=_KINDS)


def listed(value: Any) -> list[Any] | None:
    """Return the pictures of a list, a generator (once), a column or array of paths, or an upload widget; else None.

    A set has no order that stays, so it would be another request, paid again, in the next kernel.
    """
    if hasattr(value, "to_pylist"):  # pyarrow's
        value = value.to_pylist()
    if isinstance(value, _SEVERAL) and not hasattr(value, "read"):
        found = list(islice(value, _MOST_GIVEN + 1 if isinstance(value, Iterator) else None))
        if isinstance(value, Iterator) and len(found) > _MOST_GIVEN:
            raise InvalidRequest(f"More than {_MOST_GIVEN} pictures came, perhaps without end.", todo="Give a list.")
        return found
    if isinstance(value, Mapping):  # an upload widget of ipywidgets 7 holds its files by their names
        files = list(value.values())
        return files if files and all(is_upload(file) for file in files) else None
    of_texts = getattr(getattr(value, "dtype", None), "kind", "") in {"O", "U", "T"}
    of_polars = str(getattr(value, "dtype", "")) in {"String", "Binary"}
    if of_polars or (of_texts and getattr(value, "ndim", None) == 1):
        return list(value)
    if hasattr(value, "accept") and hasattr(value, "value"):  # the upload widget itself
        return listed(value.value)
    return None


def is_upload(value: Any) -> bool:
    """Tell what an upload widget holds for a file from a dict of pictures, one of which may be called content."""
    return (
        isinstance(value, Mapping)
        and value.keys() <= _OF_AN_UPLOAD
        and isinstance(value.get("content"), (bytes, bytearray, memoryview))
    )


def inner_source(source: Any, parameter: str) -> Any:
    """Reach into an earlier result: a picture of a task (``.path``), or a task with a single one (``.images``)."""
    if isinstance(source, (str, bytes, bytearray, memoryview)) or is_read(source):
        return source
    if isinstance(source, os.PathLike) and not hasattr(source, "path"):
        return source
    images = getattr(source, "images", None)
    if images is not None and not hasattr(source, "path"):
        images = list(images)
        if len(images) != 1:
            what = f"a task with {len(images)} pictures was given, where one picture is meant."
            raise refused(parameter, what, "Give one of them, such as task.images[0].", value=source)
        source = images[0]
    if not hasattr(source, "path"):
        return source
    if source.path is None:
        todo = "Wait for its task first: task.wait()."
        raise refused(parameter, "this result has no picture on disk.", todo, value=source)
    return source.path


def is_read(source: Any) -> bool:
    """Tell what holds its bytes itself: the ``path`` of a cloud's open file is a place there, and no file of ours."""
    return callable(getattr(source, "read", None)) or callable(getattr(source, "read_bytes", None))


def text_of(source: Any) -> Any:
    """Return the text of what libraries have for texts: a URL, whose ``path`` is no file's, and pyarrow's cells."""
    if hasattr(source, "as_py"):
        return source.as_py()
    if isinstance(source, (str, bytes, os.PathLike)) or not hasattr(source, "path") or is_read(source):
        return source
    text = source.geturl() if callable(getattr(source, "geturl", None)) else str(source)
    return text if re.match(_URL, text) else source


def _file_in(array: Any) -> bytes | None:
    """Return the file whose bytes an array holds, as `cv2.imencode` and HDF5 give one: no brightness."""
    shape = getattr(array, "shape", ())
    if str(getattr(array, "dtype", "")).startswith("|V") and not shape:
        return bytes(array)
    is_row = len(shape) == 1 or (len(shape) == 2 and 1 in shape)  # noqa: PLR2004 - OpenCV's older ones are a column
    if not is_row or not str(getattr(array, "dtype", "")).endswith("uint8"):
        return None
    import numpy as np

    data = np.asarray(array).tobytes()
    return data if sniff(data[:32]) or is_zip(data[:4]) else None


def _held(source: Any, parameter: str) -> Any:
    """Return the bytes or the place that an object from elsewhere holds; None when it holds neither."""
    if is_upload(source):
        return source["content"]
    if isinstance(source, Mapping) and source.keys() == {"bytes", "path"}:  # as Hugging Face's tables have pictures
        return source["bytes"] or source["path"]
    if callable(getattr(source, "read", None)):
        return _read(source, parameter)
    if callable(getattr(source, "read_bytes", None)):
        return _read_path(source, parameter)
    several = listed(source)
    if several is not None and len(several) != 1:  # an upload widget in which nothing was chosen yet has none
        what, todo = f"{len(several)} pictures were given, where one is meant.", "Give one of them."
        if not several:
            what, todo = "no picture was given.", "Choose or give one first."
        raise refused(parameter, what, todo, value=len(several))
    if several:
        return several[0]
    places = [getattr(source, name, None) for name in ("data", "value", "url", "filename")]  # IPython's and widgets'
    return next((place for place in places if isinstance(place, (bytes, bytearray, memoryview, str)) and place), None)


def _read(file: Any, parameter: str) -> bytes:
    """Read an open file from its start, as Pillow does, and leave it where it stood."""
    data = bytearray()
    try:
        can_seek = file.seekable() if hasattr(file, "seekable") else hasattr(file, "seek")
        place = file.tell() if can_seek else None
        if place is not None:
            file.seek(0)
        while isinstance(part := file.read(LARGEST_FILE + 1 - len(data)), bytes) and part:
            data += part  # a pipe, and what is not buffered, gives less at a time than there is
        if place is not None:
            file.seek(place)
    except (OSError, ValueError, TypeError, AttributeError, LookupError) as error:
        what = f"the open file cannot be read ({error})."
        raise refused(parameter, what, "Open it again, or give its path.") from error
    if isinstance(part, str):
        raise refused(parameter, "the file is open for text.", 'Open it for bytes: open(path, "rb").')
    if len(data) > LARGEST_FILE:
        raise refused(parameter, f"the file has more than {LARGEST_FILE / 1e6:,.0f} MB.", "Make it smaller first.")
    return bytes(data)


def _read_path(path: Any, parameter: str) -> bytes:
    """Read what is a path though none of this computer's: a file in a ZIP, in a package or in a cloud."""
    try:
        file = path.open("rb")
    except (OSError, KeyError, ValueError) as error:
        shown = clipped(str(path))
        raise refused(parameter, f"{shown} cannot be read ({error}).", "Check the path.", value=shown) from error
    with file:
        return _read(file, parameter)


def refuse_server_files(parameter: str) -> None:
    """Refuse any path in an app that Voila shows, in the same words whatever lies there.

    This is below all widgets: no text of a visitor's, by whatever way it comes, opens, lists or names a file of the
    server or of another visitor.

    Raises
    ------
    InvalidRequest
        This is such an app.
    """
    if in_voila():
        raise refused(
            parameter,
            "only links and pictures from your own computer can be used here.",
            "Give a link with https://, or choose a file of your computer.",
            allowed="a link (https://…) or an upload",
        )


def as_link_or_path(source: str | os.PathLike[Any], parameter: str) -> str | bytes | Path:
    """Give the link as it stands, a data URL's bytes, or the path of a file that is there; refuse everything else."""
    if isinstance(source, str):
        text = source.strip().strip(_INVISIBLE).strip()
        bare = text[1:-1] if text[:1] in "\"'" and text[:1] == text[-1:] else ""
        if is_data(bare) or is_link(bare) or _is_file_url(bare):
            text = bare
        if is_data(text):
            return _of_data(text, parameter)
        link = text if is_link(text) else ""
        if not link:
            refuse_server_files(parameter)
        source = _unquoted(_of_file_url(text, parameter))
        link = _as_link(source, parameter)
        if link:
            return link
    else:
        refuse_server_files(parameter)
    return _existing(os.fspath(source), parameter)


def _of_data(text: str, parameter: str) -> bytes:
    try:
        return data_in(text)
    except ValueError as error:
        shown = clipped(text)
        what = f"{shown} is not a whole data URL ({error})."
        raise refused(parameter, what, "Give the picture's bytes.", value=shown) from None


def _is_file_url(text: str) -> bool:
    return text[:5].casefold() == "file:"


def _of_file_url(text: str, parameter: str) -> str:
    """Return the path of a file URL; any other text as it is."""
    if not _is_file_url(text):
        return text
    from urllib.request import url2pathname  # it loads HTTP, and no panel needs that

    try:
        parts = urlsplit(text)
    except ValueError:
        parts = None
    if parts is None or parts.netloc.casefold() not in {"", "localhost"}:
        shown = clipped(text)
        what = f"{shown} is a file of another computer."
        raise refused(parameter, what, "Copy the file to this computer first.", value=shown)
    return url2pathname(parts.path)


def _unquoted(text: str) -> str:
    """Take the quotes away that file managers put around a path that is copied."""
    if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'" and not os.path.lexists(text):  # noqa: PLR2004 - two quotes
        return text[1:-1]
    return text


def _as_link(text: str, parameter: str) -> str:
    match = re.match(_SCHEME, text)
    if not match:
        return ""
    scheme, shown = match.group(1).lower(), clipped(text)
    if scheme not in {"http", "https"}:
        if scheme != "javascript" and "//" not in text[: match.end() + 2]:  # a file may be called 'portrait:2.png'
            return ""
        what = f"{shown} is a link that the gateway cannot follow ({scheme}:)."
        raise refused(parameter, what, f"Give {_KINDS}.", value=shown, allowed=_KINDS)
    if len(text) > _LONGEST_LINK or any(not " " < char < "\x7f" for char in text if char.isascii()):
        what = f"{shown} is not a whole link: it holds blanks, or is far too long."
        raise refused(parameter, what, "Copy the link again.", value=shown)
    try:
        host = urlsplit(text).hostname
    except ValueError:
        host = None
    if not host:
        raise refused(parameter, f"{shown} names no host.", "Copy the link again.", value=shown)
    return text


def _existing(name: str | bytes, parameter: str) -> Path:
    text = os.fsdecode(name)
    shown = clipped(text)
    path = given_path(text, parameter) if text.startswith("~") else Path(text)
    if not text:
        raise refused(parameter, "it is empty.", f"Give {_KINDS}.", value="", allowed=_KINDS)
    if len(text) > _LONGEST_PATH:
        what = f"{shown} is too long for a path ({len(text):,} characters)."
        todo = f"Give {_KINDS}."
        if re.fullmatch(_BASE64, text):
            todo = "Is it base64? Then give the bytes: base64.b64decode(text)."
        raise refused(parameter, what, todo, value=shown, allowed=_KINDS)
    if not os.path.lexists(path):  # macOS writes an é as an e and its accent, and a keyboard elsewhere as one letter
        forms = (Path(unicodedata.normalize(form, path.as_posix())) for form in ("NFC", "NFD"))
        path = next((form for form in forms if os.path.lexists(form)), path)
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        reason = "file not found" if isinstance(error, FileNotFoundError) else "it cannot be read"
        reason = "this link leads to no file" if path.is_symlink() else reason
        raise refused(parameter, f"{reason}: {shown}{_looked_in(path)}.", _advice(path, text), value=shown) from error
    if path.is_dir():
        raise refused(parameter, f"{shown} is a folder.", _inside(path), value=shown)
    if not path.is_file():
        raise refused(parameter, f"{shown} is not a plain file.", "Give a file.", value=shown)
    if found.st_size > LARGEST_FILE:
        what = f"{shown} has {found.st_size / 1e6:,.0f} MB, more than is opened here."
        raise refused(parameter, what, "Make it smaller first.", value=shown)
    return path


def _refuse_deleted(path: Path, parameter: str) -> None:
    if not path.exists():
        what = f"the file of this result was deleted ({clipped(path.name)})."
        raise refused(parameter, what, "Ask for it again with .wait(): for 24 hours it is downloaded again, for free.")


def _advice(path: Path, text: str) -> str:
    """Say what was probably meant."""
    import difflib

    if re.match(r"^(www\.|[\w-]+(\.[\w-]+)*\.(com|org|net|io|cc|dev)/)", text):
        return f"If it is a link: https://{clipped(text)}"
    names = _names(path.parent)
    if names is None:
        return f"The folder {clipped(str(path.parent))} is not there: check the path."
    lowered = {name.lower(): name for name in names if name != path.name}
    near = [lowered[name] for name in difflib.get_close_matches(path.name.lower(), lowered, n=3, cutoff=0.6)]
    if near:
        return "Did you mean " + " or ".join(as_text(str(path.parent / name)) for name in near) + "?"
    return "Check the path."


def _looked_in(path: Path) -> str:
    """Say where a relative path was looked for."""
    if path.is_absolute():
        return ""
    here = working_folder()
    if here is None:
        return " (the kernel's own folder was deleted)"
    return f" (looked in {as_text(str((here / path).parent))})"


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


def link_name(link: str) -> str:
    """Return what the file behind a link is called; '' where it has no name, or the link is none after all."""
    with suppress(ValueError):
        return Path(urlsplit(link).path).name
    return ""


def refused(parameter: str, what: str, todo: str, **about: Any) -> InvalidRequest:
    """Return the refusal of what was given for a parameter; `about` is its value, and what is allowed."""
    return InvalidRequest(f"{parameter}: {what}", parameter=parameter, todo=todo, **about)


def clipped(text: str) -> str:
    """Shorten what is repeated in an error."""
    shown = "".join(char if char.isprintable() else "�" for char in text[: _LONGEST_SHOWN + 1])
    return shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "…"
