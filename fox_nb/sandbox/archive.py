"""Archive: the sandbox's files on disk, uploads and pictures, written aside and renamed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from fox_nb.atomic import ASIDE, remove_leftovers
from fox_nb.filetypes import KINDS, is_zip, sniff

LONGEST_NAME = 100
MOST_RECIPES = 4000
"""So many are kept; the oldest go first."""

UNKNOWN = "application/octet-stream"


class Archive:
    """Three folders: `uploads`, by the token of their link, `pictures`, by what they show, and their `recipes`."""

    def __init__(self, folder: Path) -> None:
        self.uploads = folder / "uploads"
        self.pictures = folder / "pictures"
        self.recipes = folder / "recipes"
        for place in (self.uploads, self.pictures, self.recipes):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)

    def sweep(self, in_use: Iterable[str]) -> None:
        """Remove the pictures that nothing leads to any more, the oldest recipes, and what was left half-written."""
        kept = set(in_use)
        remove_leftovers(self.uploads, self.pictures, self.recipes)
        oldest = sorted(_whole(self.recipes), key=lambda path: path.stat().st_mtime)[:-MOST_RECIPES]
        for path in (*(path for path in _whole(self.pictures) if path.name not in kept), *oldest):
            path.unlink(missing_ok=True)


def _whole(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(ASIDE)]


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
