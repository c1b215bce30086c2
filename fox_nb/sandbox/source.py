"""Source: tells one state of the sandbox's program files from another, in a millisecond, without importing them."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent


class SourceMark(NamedTuple):
    """When the newest of the files came to this machine, and a hash of the names, sizes and times of all."""

    newest: int
    digest: str


def source_mark() -> SourceMark:
    """Return the mark of the sandbox's files as they are on disk now."""
    return _mark(PACKAGE)


@lru_cache(maxsize=1)
def art_mark() -> str:
    """Return what a picture's file is named by beside its request, so that yesterday's art isn't shown today."""
    return _mark(PACKAGE / "art").digest


def _mark(folder: Path) -> SourceMark:
    digest = hashlib.sha256()
    newest = 0
    for name, size, changed in sorted(_files(str(folder), "")):
        digest.update(f"{name} {size} {changed}\n".encode())
        newest = max(newest, changed)
    return SourceMark(newest, digest.hexdigest()[:16])


def _files(folder: str, prefix: str) -> list[tuple[str, int, int]]:
    files = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name == "__pycache__":
                continue
            if entry.is_dir():
                files += _files(entry.path, f"{prefix}{entry.name}/")
            else:
                stat = entry.stat()
                files.append((prefix + entry.name, stat.st_size, stat.st_mtime_ns))
    return files
