"""Landing: a completed task's pictures are fetched, proven whole, and put in their place before their links die."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fox_nb.errors import DownloadFailed, FoxError
from fox_nb.store import PictureRow, aside, moved, numbered, picture_name, put, sha256_of

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from pathlib import Path

    from fox_nb.client import Client
    from fox_nb.images.check import Facts
    from fox_nb.store import Store, TaskRow

LINKS_LIVE = 24 * 3600.0
"""Seconds that the links of results work."""

_KEPT = "It is paid for; the gateway keeps it for 24 hours."
_LATER = "Run the cell again in a moment: it is fetched anew, for nothing. If it stays, tell FoxAPI's support."


def land(client: Client, store: Store, row: TaskRow, urls: Sequence[str]) -> dict[int, DownloadFailed]:
    """Fetch what is not here yet; each is journalled as soon as it is whole, and none waits for another's luck.

    Parameters
    ----------
    client, store, row
        Who fetches, where to, and for which task.
    urls : sequence of str
        The links as the gateway gives them now. A link that is known by now is the picture that it was; one that is
        new is known by its bytes, where they are those of a picture whose link has changed. Its place says nothing.

    Returns
    -------
    dict of int to DownloadFailed
        What failed, by the number of the picture.

    Raises
    ------
    StoreError
        The disk is full or not writable.
    """
    landing = _Landing(client, store, row, urls)
    failures: dict[int, DownloadFailed] = {}
    for place, url in landing.due():
        number = landing.number_of(place, url, failures)
        try:
            landing.fetch(number, url)
        except DownloadFailed as error:
            failures[number] = error.with_traceback(None)
    # a picture may have come by another link than the one that failed
    return {number: error for number, error in failures.items() if number not in landing.here}


def pictures_here(store: Store, row: TaskRow) -> int:
    """Return how many of a task's pictures are on the disk."""
    return sum(store.path(picture.file).exists() for picture in row.pictures)


class _Landing:
    """One task's pictures on their way to the disk."""

    def __init__(self, client: Client, store: Store, row: TaskRow, urls: Sequence[str]) -> None:
        self._client = client
        self._store = store
        self._row = row
        self._given = set(urls)
        self._known = {picture.number: picture for picture in row.pictures}
        known = row.urls
        for picture in row.pictures:
            known = moved(known, picture)
        self._links = numbered(known, urls, self._known, row.wanted)
        self.here = {number for number, picture in self._known.items() if store.path(picture.file).exists()}

    def due(self) -> list[tuple[int, str]]:
        """Return what is to be fetched: the links of today first, since a picture may have moved to one of them."""
        links = [(number, url) for number, url in enumerate(self._links, start=1) if number not in self.here]
        return sorted(links, key=lambda link: link[1] not in self._given)

    def number_of(self, number: int, url: str, failures: Container[int]) -> int:
        """Return which picture a link is thought to give: a free number rather than one that is more than wanted."""
        if number <= self._row.wanted or url not in self._given:
            return number
        numbers = (n for n, link in enumerate(self._links, start=1) if link not in self._given and n not in failures)
        return next((free for free in numbers if free not in self._known), number)

    def fetch(self, number: int, url: str) -> None:
        """Fetch one picture, unless it has come by another link meanwhile."""
        enough = url not in self._given and len(self.here) >= self._row.wanted  # it had been given, and is not now
        if number in self.here or enough or not url:
            return
        with aside(self._store.pictures, private=True) as part:
            self._client.download(url, part, repeat=False)
            self._put(number, url, part)

    def _put(self, number: int, url: str, part: Path) -> None:
        from fox_nb.images.thumbnail import LARGEST, keep

        edge, _ = LARGEST
        facts, small = _checked(part, f"picture {number} of {self._row.model}")
        digest, size = sha256_of(part), part.stat().st_size
        number = self._recognised(number, digest)
        row = self._row
        file = f"pictures/{picture_name(row.words, row.identity, row.take, number, facts.extension, row.asked)}"
        if number not in self.here:
            put(part, self._store.path(file))
        picture = PictureRow(number, file, digest, url, facts.mime, facts.width, facts.height, size)
        self._store.journal.landed(row, picture)
        self._known[number] = picture
        self._links = moved(self._links, picture)
        self.here.add(number)
        keep(small, self._store.path(file), self._store.thumbnails, edge)

    def _recognised(self, number: int, digest: str) -> int:
        """Return which picture this is: the one with these bytes whose own link is not given any more, or a new one."""
        moved = [known for known in self._known.values() if known.url not in self._given]
        same = next((known.number for known in moved if known.sha256 == digest), None)
        lost = next((known.number for known in moved if known.number not in self.here), None)
        if number in self._known or same is not None:
            return number if same is None else same
        return number if lost is None or number <= self._row.wanted else lost


def _checked(part: Path, name: str) -> tuple[Facts, bytes]:
    """Prove that a file is a whole and safe picture; a decoder that fails in its own way proves that it is not."""
    from fox_nb.images.check import DOWNLOADED
    from fox_nb.images.thumbnail import LARGEST, check_and_thumbnail

    edge, max_bytes = LARGEST
    try:
        return check_and_thumbnail(
            part, edge=edge, max_bytes=max_bytes, bounds=DOWNLOADED, refuse=_no_picture, name=name
        )
    except (FoxError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the pictures beside this one are fetched
        failed = _no_picture(f"{name} cannot be read ({type(error).__name__}).")
    raise failed


def _no_picture(what: str, **_of_a_person_s_own_file: str) -> DownloadFailed:
    """Return the error for what came in place of a picture; what a person's own file would need is no help here."""
    return DownloadFailed(what, money=_KEPT, todo=_LATER)


def not_fetched(failures: Mapping[int, DownloadFailed], row: TaskRow) -> DownloadFailed:
    """Return one error for what could not be fetched of a task, by number."""
    total = max(row.wanted, len(row.pictures) + len(failures))
    first = next(iter(failures.values()))
    if total == 1:
        return first
    numbers = ", ".join(str(number) for number in sorted(failures))
    here = f"{len(row.pictures)} of {total} pictures are here; "
    which = f"picture {numbers} of {total}" if len(failures) == 1 else f"pictures {numbers} of {total}"
    return DownloadFailed(
        f"{here}{which} could not be fetched: {first.what}",
        gone=all(error.gone for error in failures.values()),
        money=first.money,
        todo=_LATER,
    )
