"""Files: names that a person can read and every system takes, and putting a file in its place whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import re
import sqlite3
import time
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path

from fox_nb import atomic
from fox_nb.atomic import aside
from fox_nb.errors import StoreError
from fox_nb.settings import named
from fox_nb.workdir import given_path

LONGEST_WORDS = 40
_OF_IDENTITY = 12


def place_of(given: str | Path, usual: str) -> Path:
    """Return where a ZIP is to be written: in a folder under its usual name; a bare name gets the usual ending."""
    path = given_path(given)
    try:
        path = path.absolute()
    except OSError as error:
        raise StoreError(
            f"{path} is no place for a file: the kernel's own folder was deleted.",
            todo="Give a whole path, or say os.chdir(…) first.",
        ) from error
    try:
        if path.is_dir():
            path /= usual
        elif not path.suffix:
            path = path.with_suffix(f".{usual.rpartition('.')[2]}")
        path.parent.mkdir(parents=True, exist_ok=True)
        spare_others(path, b"PK")
    except OSError as error:
        raise StoreError(
            f"{path} is no place for a file ({error}).", todo="Give a path in a folder that you may write to."
        ) from error
    return path


def spare_others(path: Path, begins: bytes) -> None:
    """Refuse to write over a notebook, a journal, a picture: over all that does not begin as what is written does."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        if file.read(len(begins)) not in {b"", begins}:
            raise StoreError(
                f"{path} is there already and is something else: it was left as it is.", todo="Choose another name."
            )


@contextlib.contextmanager
def zipped(path: Path) -> Iterator[zipfile.ZipFile]:
    """Give a ZIP to write to, put in its place whole or not at all; what goes wrong becomes an error of ours."""
    try:
        with aside(path.parent) as part:
            # stored, since pictures do not become smaller
            with zipfile.ZipFile(part, "w", strict_timestamps=False) as archive:
                yield archive
            atomic.put(part, path, synced=True)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"{path} could not be written ({error}).",
            todo="Check the free space, and that you may read what goes into it and write to its folder.",
        ) from error


def picture_name(words: str, identity: str, take: int, number: int, extension: str, at: float) -> str:
    """Return a picture's file name: day, words, identity, take, number, and the extension with its dot.

    Begins with the date, so that it is never a name such as ``CON``; only ``a-z 0-9 - .``, at most 90 characters. It
    has so much of the identity that rows of a table whose prompts begin alike have names of their own: of eight digits
    two are alike in one of eighty tables of 10,000 rows, and one picture took the other's place.
    """
    day = time.strftime("%Y-%m-%d", time.localtime(at))
    return f"{day}-{slug(words)}-{identity[:_OF_IDENTITY]}-t{take}-{number}{extension}"


def copy_of(link: str) -> str:
    """Return where the copy of a linked picture is that others are compared with, relative to the store."""
    return f"thumbnails/originals/{hashlib.sha256(link.encode()).hexdigest()[:32]}"


def slug(words: str) -> str:
    """Return a text as a short part of a file name; 'picture' when nothing of it can be kept."""
    plain = unicodedata.normalize("NFKD", words[:400]).encode("ascii", "ignore").decode().casefold()
    short = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_WORDS].strip("-")
    return short or "picture"


def sha256_of(path: Path) -> str:
    """Return the hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put(written: Path, target: Path) -> None:
    """Put a written file in its place, synced to the disk; the last of several processes wins, each is whole."""
    try:
        atomic.put(written, target, synced=True)
    except OSError as error:
        raise StoreError(
            f"{named(target)} could not be written ({error.strerror or error}).",
            money="What was paid for stays with the gateway for 24 hours.",
            todo="Check the free space and the folder's rights, then run the cell again.",
        ) from None
