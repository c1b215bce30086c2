"""Saving: pictures copied to where a person wants them, under names of their choice; nothing is overwritten."""

from __future__ import annotations

import os
import re
import shutil
import string
import sys
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fox_nb.atomic import aside, put, reason_of
from fox_nb.errors import FoxError, InvalidRequest
from fox_nb.parameters import meant, shown
from fox_nb.workdir import given_path

LONGEST_NAME = 120
_MOST_BYTES = 200
_MOST_ALIKE = 100_000
_SPEC = re.compile(r"[<>^]?0?\d{0,3}(?:\.\d{1,3})?[dfs]?")
_ZEROS = re.compile(r"^([<>^]?)0")
_RESERVED = re.compile(r"((?:con|prn|aux|nul|(?:com|lpt)[\d¹²³]) *)(\..*)?", re.IGNORECASE)
"""What Windows takes for a device, whatever follows a dot."""
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def file_stem(pattern: str, fields: Mapping[str, Any]) -> str:
    """Fill in the pattern of a file's name, and make of it a name that every system takes.

    Parameters
    ----------
    pattern : str
        Such as ``{index:03}-{prompt}``; a plain width or precision may follow a name.
    fields : mapping
        What may be filled in.

    Raises
    ------
    InvalidRequest
        The pattern names something else.
    """
    if not isinstance(pattern, str):
        raise InvalidRequest(f"name is {shown(pattern)}, which is no text.", parameter="name", value=pattern)
    try:
        parts = list(string.Formatter().parse(pattern))
    except ValueError as error:
        raise InvalidRequest(f"name is {pattern!r}: {error}.", parameter="name", value=pattern) from None
    for _, name, spec, conversion in parts:
        if name in fields and (conversion or not _SPEC.fullmatch(spec or "")):
            what = f"name is {pattern!r}: after {name} only a width or a precision may stand, as in {{{name}:03}}."
            raise InvalidRequest(what, parameter="name", value=pattern)
        if name is not None and name not in fields:
            raise InvalidRequest(
                f"name is {pattern!r}: {{{name}}} is nothing that it can be made of.{meant(name, tuple(fields))}",
                parameter="name",
                value=pattern,
                allowed=f"a text with any of {', '.join(f'{{{field}}}' for field in fields)}",
            )
    words = (text + ("" if name is None else _formatted(fields[name], spec or "")) for text, name, spec, _ in parts)
    return _safe("".join(words))


def _formatted(value: Any, spec: str) -> str:
    value = "" if value is None else value
    if isinstance(value, str):
        spec = _ZEROS.sub(r"\1", spec)  # they are for numbers: i7 would become i70
    try:
        return format(value, spec)
    except (TypeError, ValueError):  # a width for numbers, and this row has a text there
        return str(value)


def _safe(text: str) -> str:
    known = sys.getfilesystemencoding()  # ASCII or Latin-1 where the locale says so
    plain = unicodedata.normalize("NFC", text).encode(known, errors="replace").decode(known)
    plain = re.sub(r"[^\w .,()+@=-]+", "-", plain)
    plain = re.sub(r"\s+", " ", plain)[:LONGEST_NAME].strip(" .-")
    while len(plain.encode()) > _MOST_BYTES:
        plain = plain[:-1]
    return _RESERVED.sub(r"\1-\2", plain) if _RESERVED.fullmatch(plain) else plain.rstrip(" .") or "picture"


class Folder:
    """A folder that pictures are saved in, each under a name of its own.

    Parameters
    ----------
    path : path
        The folder; made when it is not there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = given_path(path, "folder")
        try:
            if self.path.suffix.lower() in FORMATS and not self.path.is_dir():
                raise InvalidRequest(
                    f"folder is {str(path)!r}, the name of a picture.",
                    parameter="folder",
                    value=path,
                    allowed="a folder",
                    todo=f"Give a folder; one picture of a task is saved by task[0].save({str(path)!r}).",
                )
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FoxError(
                f"The folder {self.path} can't be made: {reason_of(error)}.", todo="Choose another one."
            ) from None
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def add(self, source: Path, stem: str, fits: Callable[[str], bool] = lambda _: True) -> str:
        """Save a picture, and return its name: another one where that is taken; the very same file is left as it is.

        `fits` refuses a name that is taken by other words than the picture's own, though not by another picture.
        """
        first = f"{stem}{source.suffix}".casefold()
        number = self._next.get(first, 1)
        while _numbered(stem, number, source.suffix).casefold() in self._taken:
            number += 1
        self._next[first] = number  # of thousands that are alike, none is counted from 1 again
        for other in range(number, _MOST_ALIKE):
            name = _numbered(stem, other, source.suffix)
            if name.casefold() in self._taken or not fits(name):
                continue
            target = self.path / name
            if target.exists() and not _same(source, target):
                continue
            self._taken.add(name.casefold())
            if not target.exists():
                copy(source, target)
            return name
        raise FoxError(f"{self.path} is full of files named {stem}.", todo="Choose another folder, or another name=….")


def _numbered(stem: str, number: int, suffix: str) -> str:
    return f"{stem}{f'-{number}' if number > 1 else ''}{suffix}"


def refuse_deleted(picture: Path) -> None:
    """Say how a picture comes back whose file is not there: no other folder, and no free space, would help."""
    if not picture.exists():
        raise FoxError(
            f"The file of this picture was deleted ({picture.name}).",
            todo="Ask for it again with .wait(): for 24 hours it is downloaded again, for free.",
        )


def copy(source: Path, target: Path) -> None:
    """Copy a picture whole or not at all."""
    try:
        with aside(target.parent) as part:
            shutil.copyfile(source, part)
            put(part, target)
    except OSError as error:
        raise FoxError(
            f"{target.name} could not be saved in {target.parent}: {reason_of(error)}.",
            money="The picture itself is safe: this would have been a copy.",
            todo="Free some space, or choose another folder.",
        ) from None


def save_picture(source: Path, path: str | os.PathLike[str]) -> Path:
    """Save one picture as a file, in the format that the file's name says; a folder takes it under its own name.

    Raises
    ------
    FoxError
        Its own file was deleted, another one stands there, or it cannot be written.
    """
    refuse_deleted(source)
    target = given_path(path)
    try:
        if target.is_dir():
            target /= source.name
        ending, own = target.suffix.lower(), source.suffix.lower()
        wanted = FORMATS.get(ending, "")
        is_same = ending == own or wanted == FORMATS.get(own)
        if not wanted and not is_same:
            raise InvalidRequest(
                f"{target.name} does not end in a picture's suffix.",
                parameter="path",
                value=target,
                allowed=f"a folder, or a file that ends in {', '.join(FORMATS)}",
                todo=f"Give a folder, or a file that ends in {', '.join(dict.fromkeys((own, *FORMATS)))}.",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        with aside(target.parent) as part:
            if is_same:
                shutil.copyfile(source, part)
            else:
                _convert(source, part, wanted)
            if target.exists():
                if not _same(part, target):
                    raise FoxError(
                        f"There is another file {target} already; it is not overwritten.",
                        todo="Choose another name, or remove that file.",
                    )
                return target
            put(part, target)
    except OSError as error:
        raise FoxError(f"{target} could not be saved: {reason_of(error)}.", todo="Choose another place.") from None
    return target


def _convert(source: Path, target: Path, wanted: str) -> None:
    from PIL import Image

    from fox_nb.images.check import orientation_of
    from fox_nb.images.pixels import as_seen, on_white
    from fox_nb.images.png_colours import profile_of

    with Image.open(source) as image:
        profile = profile_of(image) or b""
        keeps = image.mode in {"RGB", "RGBA", "P"}  # colours are written: a profile of inks or greys is none of theirs
        seen = as_seen(image, orientation_of(image), b"" if keeps else profile)
        written = on_white(seen) if wanted == "JPEG" else seen
        options = {"quality": 95} if wanted != "PNG" else {}
        written.save(target, wanted, icc_profile=profile if keeps else b"", **options)


def _same(one: Path, other: Path) -> bool:
    import filecmp

    return filecmp.cmp(one, other, shallow=False)
