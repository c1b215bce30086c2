"""Landing: a completed task's pictures are fetched, proven whole, and put in their place before their links die."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fox_nb.errors import DownloadFailed
from fox_nb.store import PictureRow, aside, picture_name, put, sha256_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fox_nb.client import Client
    from fox_nb.store import Store, TaskRow

LINKS_LIVE = 24 * 3600.0
"""Seconds that the links of results work."""


def land(client: Client, store: Store, row: TaskRow, urls: Sequence[str]) -> None:
    """Fetch what is not here yet, one after the other; each is journalled as soon as it is whole.

    Raises
    ------
    DownloadFailed
        A link has died, or what came is no safe picture; the pictures before it are kept.
    StoreError
        The disk is full or not writable.
    """
    from fox_nb.images.check import DOWNLOADED
    from fox_nb.images.thumbnail import LARGEST, check_and_thumbnail, keep

    edge, max_bytes = LARGEST

    here = {picture.number for picture in row.pictures if store.path(picture.file).exists()}
    for number, url in enumerate(urls, start=1):
        if number in here:
            continue
        with aside(store.pictures) as part:
            client.download(url, part)
            facts, small = check_and_thumbnail(
                part,
                edge=edge,
                max_bytes=max_bytes,
                bounds=DOWNLOADED,
                refuse=_no_picture,
                name=f"picture {number} of {row.model}",
            )
            file = f"pictures/{picture_name(row.words, row.identity, row.take, number, facts.extension, row.asked)}"
            digest, size = sha256_of(part), part.stat().st_size
            put(part, store.path(file))
        picture = PictureRow(
            number=number,
            file=file,
            sha256=digest,
            url=url,
            mime=facts.mime,
            width=facts.width,
            height=facts.height,
            bytes=size,
        )
        store.journal.landed(row, picture)
        keep(small, store.path(file), store.thumbnails, edge)


def _no_picture(what: str, **_of_a_person_s_own_file: str) -> DownloadFailed:
    """Return the error for what came in place of a picture; what a person's own file would need is no help here."""
    return DownloadFailed(
        what,
        money="It is paid for; the gateway keeps it for 24 hours.",
        todo="Run the cell again in a moment: it is fetched anew, for nothing. If it stays, tell FoxAPI's support.",
    )
