"""Home: what `take_home()` packs: a person's notebooks, and the store as it is, in one ZIP to go on with elsewhere."""

from __future__ import annotations

import re
import sqlite3
import zipfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from fox_nb.atomic import ASIDE, aside, open_database
from fox_nb.store.files import place_of, zipped
from fox_nb.store.journal import JOURNAL, Journal
from fox_nb.workdir import below, notebook_folder


def take_home(store: Path, parts: Sequence[Path], journal: Journal, target: str | Path) -> Path:
    """Write one ZIP of a store's folder: these parts of it and its journal; see `Store.take_home`."""
    path = place_of(target, "my-work.zip")
    name = _member(below(store, notebook_folder()) or store.name)
    with zipped(path) as archive, aside(path.parent, private=True) as copy:
        _copy_journal(journal, copy)
        archive.write(copy, f"{name}/{JOURNAL}", zipfile.ZIP_DEFLATED)
        for folder in parts:
            for file in sorted(folder.glob("*")):  # none where somebody has deleted it
                if file.is_file() and not file.name.startswith(ASIDE):
                    archive.write(file, f"{name}/{folder.name}/{_member(file.name)}")
        for notebook in _notebooks():
            member, number = _member(notebook.name), 1
            while member in archive.namelist():  # one whose name was replaced in part may be called as another is
                number += 1
                member = f"{_member(notebook.stem)}-{number}{notebook.suffix}"
            archive.write(notebook, member, zipfile.ZIP_DEFLATED)
    return path


def _member(name: str) -> str:
    """Return a file's name as a ZIP takes it: without the bytes that are no UTF-8, which old ZIPs have brought."""
    return re.sub("[\ud800-\udfff]", "_", name)


def _notebooks() -> list[Path]:
    """Return the notebooks beside the one that runs; an editor's lock, a link to nothing, is none of them."""
    here = notebook_folder()
    found = sorted(here.glob("*.ipynb")) if here is not None else []
    return [path for path in found if path.is_file() and not path.name.startswith(".")]


def _copy_journal(journal: Journal, target: Path) -> None:
    """Copy the journal as it stands between two transactions, while other kernels go on."""
    with closing(open_database(target, lambda _: ())) as copy, journal.reading() as connection:
        try:
            connection.backup(copy)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "") in {"SQLITE_FULL", "SQLITE_IOERR_WRITE"}:  # its copy's alone
                raise OSError(f"its history was copied to {target.parent}: {error}") from None
            raise
