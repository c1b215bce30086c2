"""Folder: the store itself: its journal, its pictures, the files that requests named, and thumbnails."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from fox_nb.atomic import close_to_others, is_open_to_others, private_folder, remove_leftovers, write
from fox_nb.errors import NOTHING_SENT, StoreDamaged, StoreError
from fox_nb.settings import named
from fox_nb.sharing import OfOneProcess
from fox_nb.store.bills import Bills
from fox_nb.store.catalog import Catalog
from fox_nb.store.files import sha256_of
from fox_nb.store.journal import JOURNAL, Journal
from fox_nb.store.schema import no_locks
from fox_nb.workdir import as_text, given_path, working_folder

if TYPE_CHECKING:
    from fox_nb.store.packs import Packed
    from fox_nb.store.rows import TaskRow

_A_DAY = 86_400.0


class Store(OfOneProcess):
    """A folder with the journal, the pictures, the files that requests named, and thumbnails.

    Parameters
    ----------
    folder : str or Path
        Where; made when missing. Its place is fixed now: a later change of the working directory does not move it.

    Raises
    ------
    StoreError
        The folder cannot be used, is damaged or was made by a newer fox_nb; it is left as it is.
    """

    def __init__(self, folder: str | Path) -> None:
        try:
            self.folder = Path(folder).expanduser().absolute()
        except (TypeError, RuntimeError, OSError) as error:  # no path, nobody's home, a folder that is gone
            todo = 'Give the path of a folder with store=…, or leave it out for "fox_runs".'
            if working_folder() is None:
                todo = "The folder in which you work was deleted: change to another with %cd, or give a whole path."
            raise StoreError(
                f"store is {folder!r}, which is no place for a folder ({error}).", money=NOTHING_SENT, todo=todo
            ) from None
        places = (self.pictures, self.sources, self.thumbnails)
        try:
            self._refuse_what_is_no_store()
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            itself = self.folder.resolve()
            if any(is_open_to_others(part) for part in (itself, *places, self.folder / JOURNAL)):
                close_to_others(itself)  # version 0.1 left faces and prompts open to whoever is here
            for place in places:
                private_folder(place)
            ignore = self.folder / ".gitignore"
            if not ignore.exists():
                write(ignore, b"# Faces and prompts live here: not for git.\n*\n", private=True)
        except (OSError, ValueError, RuntimeError) as error:  # a path with NUL, a link in a circle
            raise StoreError(
                f"The folder {named(self.folder)} cannot be made ({getattr(error, 'strerror', None) or error}).",
                money=NOTHING_SENT,
                todo="It is a link that leads nowhere: remove it, or give another folder with store=…."
                if os.path.islink(self.folder) and not os.path.exists(self.folder)  # noqa: PTH110, PTH114 - neither raises
                else "Give a folder that you may write to with store=….",
            ) from None
        unlocked = no_locks(self.folder)
        if unlocked is not None:
            raise unlocked
        self.journal = Journal(self.folder / JOURNAL)
        self.catalog = Catalog(self.journal)
        self.bills = Bills(self.journal)
        self.salt = self.catalog.fact("salt", secrets.token_hex(16))
        remove_leftovers(self.folder, *places, unwritten=_A_DAY)  # the clocks of network drives differ

    def __repr__(self) -> str:
        return f"Store({str(self.folder)!r})"

    @property
    def pictures(self) -> Path:
        """Folder of the results."""
        return self.folder / "pictures"

    @property
    def sources(self) -> Path:
        """Folder of the local files that requests named."""
        return self.folder / "sources"

    @property
    def thumbnails(self) -> Path:
        """Folder of thumbnails and tiles; may be deleted, they are made again."""
        return self.folder / "thumbnails"

    def path(self, file: str) -> Path:
        """Return the path of a file that the journal names.

        Parameters
        ----------
        file : str
            As the journal has it, from the store's folder on.

        Raises
        ------
        StoreError
            It lies outside of the store.
        """
        path = self.folder / file
        places = (self.folder, self.pictures, self.sources, self.thumbnails)
        place = next((place for place in (path, *path.parents) if place in places), self.folder)
        path = path.resolve()
        if not path.is_relative_to(place.resolve()):
            raise StoreError(
                f"The history names {file!r}, which lies outside of its folder; it is not opened.",
                todo=f"If a link stands there, put the file itself in its place; else {JOURNAL} back from a backup.",
            )
        return path

    def task_of(self, picture: str | Path) -> TaskRow | None:
        """Find the task that made a picture, by the file's bytes or, when it was changed, by its name.

        Parameters
        ----------
        picture : path
            The file, wherever it is now.

        Returns
        -------
        TaskRow or None
            What the store knows of the task; None where it knows no such picture.

        Raises
        ------
        InvalidRequest
            It is no path.
        """
        path = given_path(picture, "picture")
        try:
            digest = sha256_of(path) if path.is_file() else ""
        except OSError:
            digest = ""
        return self.journal.picture_of(digest, f"pictures/{as_text(path.name)}")

    def export(self, path: str | Path) -> Packed:
        """Write what is finished into one file, which ``Fox(replay=…)`` plays without a key, a network or a cost.

        In it are the requests, their takes, how they ended, what they cost, and the pictures as they are. No key and no
        link is in it; prompts and pictures are. What is in progress or unknown is left out.

        Parameters
        ----------
        path : str or Path
            The file, such as ``"lesson.foxpack"``; an older one is replaced.

        Returns
        -------
        Packed
            What was written, with its fingerprint.

        Raises
        ------
        PackError
            Nothing is finished here; what was recorded elsewhere does not count. An older file stays.
        StoreError
            The file cannot be written, or is there and is something else.
        """
        from fox_nb.store.packs import export

        return export(self.journal, self.path, path)

    def take_home(self, path: str | Path = "my-work.zip") -> Path:
        """Write one ZIP with the notebooks of the current folder and this whole store, to go on with elsewhere.

        Unpacked, its notebooks find every picture again, and pay for none of them twice. The store holds no key; the
        notebooks go along as they are: ``fox-nb scan`` says whether somebody has typed one into them. A store that does
        not lie below them comes under its own name: put its folder to where ``Fox(store=…)`` says.

        Parameters
        ----------
        path : str or Path
            The file; an older one is replaced.
        """
        from fox_nb.store.home import take_home

        return take_home(self.folder, (self.pictures, self.sources), self.journal, path)

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()

    def _refuse_what_is_no_store(self) -> None:
        """Refuse a folder with pictures and without a journal, and one with other things in it."""
        if self._has_journal():
            return
        own = {self.pictures.name, self.sources.name, self.thumbnails.name}
        files = [file for place in (self.pictures, self.sources) if place.is_dir() for file in place.iterdir()]
        names = sorted(path.name for path in self.folder.iterdir()) if self.folder.is_dir() else []
        others = [name for name in names if name not in own and not name.startswith((".", JOURNAL))]
        if self._has_journal():
            return  # another kernel has made the store just now, with its first picture
        if files:
            raise StoreDamaged(
                f"The folder {named(self.folder)} has lost its history: {JOURNAL} is missing or empty, and pictures "
                "are there.",
                money="Nothing was sent or changed; a new history would know of nothing that is paid for.",
                todo=f"Put {JOURNAL} back from a backup, or go on with a new store=….",
            )
        if others:
            raise StoreError(
                f"The folder {named(self.folder)} is none of fox_nb's: other things are in it "
                f"({', '.join(others[:3])[:100]}).",
                money=NOTHING_SENT,
                todo='fox_nb needs a folder of its own: give the path of a new one, such as store="fox_runs".',
            )

    def _has_journal(self) -> bool:
        journal = self.folder / JOURNAL
        return journal.exists() and journal.stat().st_size > 0
