"""Files: names that a person can read and every system takes, and landing a file whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
import unicodedata
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from fox_nb.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_WORDS = 40
ASIDE = ".part-"
"""How a file is called while it is not whole."""


def place_of(given: str | Path, usual: str) -> Path:
    """Return where a file is to be written: in a folder under its usual name; a bare name gets the usual ending."""
    path = Path(given).expanduser().absolute()
    if path.is_dir():
        return path / usual
    path.parent.mkdir(parents=True, exist_ok=True)
    return path if path.suffix else path.with_suffix(Path(usual).suffix)


def picture_name(words: str, identity: str, take: int, number: int, extension: str, at: float) -> str:
    """Return a picture's file name: day, words, identity, take, number, and the extension with its dot.

    Begins with the date, so that it is never a name such as ``CON``; only ``a-z 0-9 - .``, at most 80 characters.
    """
    day = time.strftime("%Y-%m-%d", time.localtime(at))
    return f"{day}-{slug(words)}-{identity[:8]}-t{take}-{number}{extension}"


def slug(words: str) -> str:
    """Return a text as a short part of a file name; 'picture' when nothing of it can be kept."""
    plain = unicodedata.normalize("NFKD", words[:400]).encode("ascii", "ignore").decode().casefold()
    short = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_WORDS].strip("-")
    return short or "picture"


def sha256_of(path: Path) -> str:
    """Return the hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """Give a name in `folder` to write to; what is not put in its place when the block ends is removed."""
    path = folder / f"{ASIDE}{uuid.uuid4().hex}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def put(written: Path, target: Path) -> None:
    """Put a written file in its place, synced to the disk; the last of several processes wins, each is whole."""
    try:
        with written.open("rb+") as file:
            os.fsync(file.fileno())
        written.replace(target)
    except OSError as error:
        raise StoreError(
            f"{target} could not be written ({error.strerror or error}).",
            money="What was paid for stays with the gateway for 24 hours.",
            todo="Check the free space and the folder's rights, then run the cell again.",
        ) from None
