"""One of several processes that open or make the same new file at the same moment, again and again.

A line on stdin is a new folder; a line on stdout says what came of it: what the opener saw, or the error.
"""

import asyncio
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

PICTURE = "picture.png"
"""What thumbnails and tiles are made of; it stands in the folder."""


def store(folder: Path) -> str:
    from fox_nb.store import Store

    opened = Store(folder / "runs")
    opened.close()
    return opened.salt


def ledger(folder: Path) -> str:
    from fox_nb.store.ledger import Ledger

    opened = Ledger(folder / "ledger.sqlite")
    opened.close()
    return opened.salt


def sandbox(folder: Path) -> str:
    """The sandbox's folder is one process's at a time; the others are told so."""
    from fox_nb.sandbox.daemon import start_lightly

    start_lightly()
    from fox_nb.sandbox.gateway import FolderInUse, Gateway
    from fox_nb.sandbox.options import Settings

    try:
        opened = Gateway(folder / "sandbox", Settings())
    except FolderInUse:
        return "in use"
    asyncio.run(opened.close())
    return "held"


def sandbox_ledger(folder: Path) -> str:
    """Were the lock of the folder not to hold, as on some network folders, the database would be whole all the same."""
    from fox_nb.sandbox.database import Ledger

    opened = Ledger(folder / "ledger.sqlite3")
    try:
        return opened.fact("token", str(os.getpid()))
    finally:
        opened.close()


def address(folder: Path) -> str:
    """Each writes its own; whoever reads finds one of them, whole."""
    from fox_nb.sandbox import process
    from fox_nb.sandbox.source import source_mark

    os.environ["FOX_NB_SANDBOX_DIR"] = str(folder)
    key = f"{os.getpid():0>9000}"  # more than a page, so that a part of it would be seen
    process.write_address(
        folder, process.Address("http://127.0.0.1:1", key, os.getpid(), "1", 1.0, source_mark(), "host")
    )
    found = process.read_address()
    return "whole" if found is not None and found.key == f"{found.pid:0>9000}" else f"read {found}"


def thumbnail(folder: Path) -> str:
    from fox_nb.images.thumbnail import cached_thumbnail

    return hashlib.sha256(cached_thumbnail(folder / PICTURE, folder / "thumbnails")).hexdigest()


def tiles(folder: Path) -> str:
    from fox_nb.images.tiles import make_tiles, read_tile

    pyramid = make_tiles(folder / PICTURE, folder / "tiles")
    return hashlib.sha256(read_tile(folder / "tiles", pyramid.levels - 1, 0, 0)).hexdigest()


OPENERS: dict[str, Callable[[Path], str]] = {
    opener.__name__: opener for opener in (store, ledger, sandbox, sandbox_ledger, address, thumbnail, tiles)
}

if __name__ == "__main__":
    open_it = OPENERS[sys.argv[1]]
    for line in sys.stdin:
        try:
            outcome = open_it(Path(line.strip()))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
            outcome = f"{type(error).__name__}: {error}"
        print(" ".join(outcome.split()), flush=True)
