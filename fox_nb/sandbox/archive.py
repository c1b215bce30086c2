"""Archive: the sandbox's files on disk, uploads and pictures, written aside and renamed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from fox_nb.atomic import ASIDE, remove_leftovers
from fox_nb.filetypes import KINDS, is_zip, sniff

LONGEST_NAME = 100

UNKNOWN = "application/octet-stream"


class Archive:
    """Two folders: `uploads`, by the token of their link, and `pictures`, by what they show."""

    def __init__(self, folder: Path) -> None:
        self.uploads = folder / "uploads"
        self.pictures = folder / "pictures"
        for place in (self.uploads, self.pictures):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)

    def drop_pictures_except(self, names: Iterable[str]) -> None:
        """Remove the pictures that nothing leads to any more, and what was left half-written."""
        kept = set(names)
        remove_leftovers(self.pictures)
        for path in self.pictures.iterdir():
            if path.name not in kept and not path.name.startswith(ASIDE):
                path.unlink(missing_ok=True)


def kind_of(data: bytes) -> str:
    """Return the media type of a file by its first bytes."""
    if is_zip(data):
        return "application/zip"
    return KINDS.get(sniff(data[:32]), (UNKNOWN, ""))[0]


def safe_name(name: str) -> str:
    """Return a file name that every system and every link takes: no folders, no control characters, not long."""
    base = re.split(r"[\\/]", name)[-1]
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", base).strip("._-")
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending) > LONGEST_NAME // 2:
        return plain[:LONGEST_NAME] or "file"
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}"
