"""Downloads: a completed task's pictures are fetched, proven whole, and put in their place before their links die."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import CancelledError, Future, as_completed, wait
from typing import TYPE_CHECKING, NamedTuple

from fox_nb.atomic import aside
from fox_nb.errors import DownloadFailed, FoxError
from fox_nb.store import PictureRow, Store, TaskRow, kept, moved, numbered, picture_name, put, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence
    from pathlib import Path

    from fox_nb.client import Client
    from fox_nb.images.check import Facts
    from fox_nb.session.pool import Pool

LINKS_LIVE = 24 * 3600.0
"""Seconds that the links of results work."""

_MOST_NAMED = 12
"""So many pictures are named by their number."""
_KEPT = "It is paid for; the gateway keeps it for 24 hours."
_LATER = "Run the cell again later, or in another network: that is free. If it stays, tell FoxAPI's support."


def download_results(
    client: Client, store: Store, row: TaskRow, urls: Sequence[str], pool: Pool, on_stored: Callable[[], object]
) -> dict[int, DownloadFailed]:
    """Fetch what is not here yet; each is journalled as soon as it is whole, and none waits for another's luck.

    Parameters
    ----------
    client, store, row
        Who fetches, where to, and for which task.
    urls : sequence of str
        The links as the gateway gives them now. A link that is known by now is the picture that it was; one that is
        new is known by its bytes, where they are those of a picture whose link has changed. Its place says nothing.
    pool : Pool
        Where they are fetched, beside each other.
    on_stored : callable
        Called after each one that is journalled: another may be waited for long.

    Returns
    -------
    dict of int to DownloadFailed
        What failed, by the number of the picture.

    Raises
    ------
    StoreError
        The disk is full or not writable.
    """
    downloads = _Downloads(client, store, row, urls, on_stored)
    failures: dict[int, DownloadFailed] = {}
    todays, older = downloads.due()
    for links in (todays, older):  # a picture may have moved to one of the links of today
        failures |= downloads.fetch(links, pool)
    return {number: error for number, error in failures.items() if number not in downloads.here}


def pictures_here(store: Store, row: TaskRow) -> int:
    """Return how many of a task's pictures are on the disk."""
    # Path.exists raises where a network folder is away; what cannot be seen is not here
    return sum(os.path.exists(store.path(picture.file)) for picture in row.pictures)  # noqa: PTH110


class _Downloads:
    """One task's pictures on their way to the disk."""

    def __init__(
        self, client: Client, store: Store, row: TaskRow, urls: Sequence[str], on_stored: Callable[[], object]
    ) -> None:
        self._client = client
        self._store = store
        self._row = row
        self._on_stored = on_stored
        self._given = {kept(url): url for url in urls}
        self._known = {picture.number: picture for picture in row.pictures}
        known = row.urls
        for picture in row.pictures:
            known = moved(known, picture)
        self._links = numbered(known, [*self._given], self._known, row.wanted)
        self.here = {number for number, picture in self._known.items() if store.path(picture.file).exists()}

    def due(self) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
        """Return what is to be fetched: by the links of today, and by those that are not given any more."""
        links = [(number, url) for number, url in enumerate(self._links, start=1) if url and number not in self.here]
        return [one for one in links if one[1] in self._given], [one for one in links if one[1] not in self._given]

    def fetch(self, links: Sequence[tuple[int, str]], pool: Pool) -> dict[int, DownloadFailed]:
        """Fetch links beside each other and put what comes in its place at once; return what failed, by number."""
        failed: list[tuple[int, str, DownloadFailed]] = []
        later: list[tuple[int, str, Path, _Checked]] = []
        with contextlib.ExitStack() as files:
            under_way: dict[Future[_Checked], tuple[int, str, Path]] = {}
            for number, url in links:
                enough = url not in self._given and len(self.here) >= self._row.wanted
                if number in self.here or enough:
                    continue
                part = files.enter_context(aside(self._store.pictures, private=True))
                under_way[self._begin(url, part, number, pool)] = number, url, part
            files.callback(wait, under_way)  # before the files are removed that the others still write to
            for done in as_completed(under_way):
                number, url, part = under_way[done]
                try:
                    checked = done.result()
                except CancelledError:
                    failed.append((number, url, _no_picture("The Fox was closed before the picture was fetched.")))
                except DownloadFailed as error:
                    failed.append((number, url, error.with_traceback(None)))
                else:
                    if number > self._row.wanted and self._recognised(number, checked.digest) == number:
                        later.append((number, url, part, checked))  # when the others have their numbers
                    else:
                        self._put(number, url, part, checked)
            for number, url, part, checked in later:
                self._put(self._free(number), url, part, checked)
        return self._numbered(failed)

    def _begin(self, url: str, part: Path, number: int, pool: Pool) -> Future[_Checked]:
        def fetch() -> _Checked:
            self._client.download(self._given.get(url, url), part, repeat=False)
            return _checked(part, f"picture {number} of {self._row.model}")

        try:
            return pool.submit(fetch)
        except FoxError:  # no thread is to be had: this one fetches
            done: Future[_Checked] = Future()
            try:
                done.set_result(fetch())
            except BaseException as error:  # noqa: BLE001 - it is raised where the future is read
                done.set_exception(error)
            return done

    def _free(self, number: int, taken: Container[int] = ()) -> int:
        """Return the number of a picture that is still missing, rather than one that is more than wanted."""
        numbers = range(1, self._row.wanted + 1)
        return next((free for free in numbers if free not in self._known and free not in taken), number)

    def _numbered(self, failed: Sequence[tuple[int, str, DownloadFailed]]) -> dict[int, DownloadFailed]:
        failures: dict[int, DownloadFailed] = {}
        for number, _, error in sorted(failed, key=lambda one: one[0]):
            fitting = number if number <= self._row.wanted else self._free(number, failures)
            failures[fitting] = error
        return failures

    def _put(self, number: int, url: str, part: Path, checked: _Checked) -> None:
        from fox_nb.images.thumbnail import LARGEST, keep

        number = self._recognised(number, checked.digest)
        row, facts = self._row, checked.facts
        file = f"pictures/{picture_name(row.words, row.identity, row.take, number, facts.extension, row.asked)}"
        size = part.stat().st_size
        if number not in self.here:
            put(part, self._store.path(file))
        picture = PictureRow(number, file, checked.digest, url, facts.mime, facts.width, facts.height, size)
        self._store.journal.downloaded(row, picture)
        self._known[number] = picture
        self._links = moved(self._links, picture)
        self.here.add(number)
        keep(checked.thumbnail, self._store.path(file), self._store.thumbnails, LARGEST[0])
        self._on_stored()

    def _recognised(self, number: int, digest: str) -> int:
        """Return which picture this is: the one with these bytes whose own link is not given any more, or a new one."""
        relinked = [known for known in self._known.values() if known.url not in self._given]
        same = next((known.number for known in relinked if known.sha256 == digest), None)
        lost = next((known.number for known in relinked if known.number not in self.here), None)
        if number in self._known or same is not None:
            return number if same is None else same
        return number if lost is None or number <= self._row.wanted else lost


class _Checked(NamedTuple):
    """What is known of a file that is a whole and safe picture."""

    facts: Facts
    thumbnail: bytes
    digest: str


def _checked(part: Path, name: str) -> _Checked:
    """Prove that a file is a whole and safe picture; a decoder that fails in its own way proves that it is not."""
    from fox_nb.images.check import DOWNLOADED
    from fox_nb.images.thumbnail import LARGEST, check_and_thumbnail

    edge, max_bytes = LARGEST
    try:
        facts, thumbnail = check_and_thumbnail(
            part, edge=edge, max_bytes=max_bytes, bounds=DOWNLOADED, refuse=_no_picture, name=name
        )
        return _Checked(facts, thumbnail, sha256_of(part))
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
    numbers = ", ".join(str(number) for number in sorted(failures)[:_MOST_NAMED])
    numbers += f" and {len(failures) - _MOST_NAMED} more" if len(failures) > _MOST_NAMED else ""
    here = f"{len(row.pictures)} of {total} pictures are here; "
    which = f"picture {numbers} of {total}" if len(failures) == 1 else f"pictures {numbers} of {total}"
    return DownloadFailed(
        f"{here}{which} could not be fetched: {first.what}",
        gone=all(error.gone for error in failures.values()),
        money=first.money,
        todo=first.todo,
    )
