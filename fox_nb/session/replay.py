"""Replay: a recorded lesson in place of a gateway: what is in the pack is shown, nothing is sent, nothing is paid."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Never

from fox_nb.atomic import aside
from fox_nb.client.calls import TransportClient
from fox_nb.client.exchange import Call
from fox_nb.errors import NOTHING_SENT, NotRecorded, PackError
from fox_nb.models import Request, take_number
from fox_nb.session.code import call
from fox_nb.session.prices import Cost, PriceList
from fox_nb.session.session import Session
from fox_nb.session.task import Task
from fox_nb.settings import Gateway
from fox_nb.store import PictureRow, Store, identity_of, picture_name, put, request_hash, sha256_of
from fox_nb.store.packs import Pack, RecordedPicture, RecordedTask, without_links
from fox_nb.store.people import write_name
from fox_nb.store.replayed import add, takes

_SANDBOX = "Ask for what was recorded (fox.tasks() lists it), or ask the sandbox with fox_nb.Fox()."


class ReplaySession(Session):
    """A session whose gateway is a pack.

    Parameters
    ----------
    pack : Pack
        What was recorded.
    store : Store
        Where its pictures are put; what is there already is left as it is.
    **options
        What `Session` takes.

    Raises
    ------
    PackError
        A file in it is no picture.
    StoreError
        The store cannot be written.
    """

    def __init__(self, pack: Pack, store: Store, **options: Any) -> None:
        super().__init__(Gateway(pack.gateway), TransportClient(_Nobody(pack)), store, **options)
        self._pack = pack
        self._shown: dict[str, int] = {}
        self._turns = threading.Lock()
        self.prices = _Free(self.client, is_play_money=False)
        _install(pack, store)

    def submit(
        self,
        model: str,
        values: Mapping[str, Any],
        take: Any = 1,
        *,
        journalled: Callable[[Task], None] | None = None,
    ) -> Task:
        """Return what was recorded for a request; a panel's next take is the next recorded one, round and round.

        Raises
        ------
        InvalidRequest
            The request cannot be what it is.
        NotRecorded
            It is not in the pack; nothing was sent.
        """
        request, _ = self.validated(model, values)
        number = take_number(take)
        if number is None:
            number = self._next(request)
        row = self.known(request, number)
        if row is None:
            raise self._not_recorded(request, number)
        task = self.task(row)
        task.reused = True
        if journalled is not None:
            journalled(task)
        return task

    def identity(self, request: Request, take: int) -> str:
        """Return what a request's take was recorded by: its pictures' links are in no pack."""
        return identity_of(self.gateway.name, without_links(request.canonical()), take)

    def retry(self, task: Task) -> None:
        """Refuse: what was recorded stays as it is."""
        raise NotRecorded(f"{self._pack.path.name} is a recording.", money=NOTHING_SENT, todo=_SANDBOX)

    def _next(self, request: Request) -> int:
        key = request_hash(without_links(request.canonical()))
        recorded = takes(self.store.journal, self._pack.gateway, key)
        with self._turns:
            turn = self._shown.get(key, 0)
            self._shown[key] = turn + 1
        return recorded[turn % len(recorded)] if recorded else 1

    def _not_recorded(self, request: Request, take: int) -> NotRecorded:
        return NotRecorded(
            f"{self._pack.path.name} has no recording of {call(request.body(), take, {})}.",
            money=NOTHING_SENT,
            todo=_SANDBOX,
        )


class _Nobody:
    """The transport of a recording's calls: whatever would go over the network is refused."""

    key = None

    def __init__(self, pack: Pack) -> None:
        self.base_url = pack.gateway
        self._name = pack.path.name

    def send(self, call: Call) -> Never:
        """Refuse a call, and a download."""
        what = call.link or f"{call.method} {call.path}"
        raise NotRecorded(
            f"{self._name} is a recording, and has no answer to {what}.", money=NOTHING_SENT, todo=_SANDBOX
        )

    def close(self) -> None:
        """There is nothing to close."""


class _Free(PriceList):
    """Replaying costs nothing."""

    def ask(self) -> None:
        """There is nobody to ask."""

    def cost(self, request: Request) -> Cost:
        """Return no cost."""
        return Cost(0.0, is_estimate=False)


def _install(pack: Pack, store: Store) -> None:
    """Put into the store what is not there yet, with every file proven to be a picture."""
    for task in pack.manifest.tasks:
        identity = identity_of(pack.gateway, task.request, task.take)
        row = store.journal.find(identity, task.asked)
        if row is not None and all(store.path(picture.file).exists() for picture in row.pictures):
            continue
        downloaded = [_download(pack, store, task, identity, picture) for picture in task.pictures]
        add(store.journal, pack.gateway, task, identity, request_hash(task.request), downloaded)
    for profile_id, name in pack.manifest.profiles.items():
        with store.journal.writing() as connection:
            write_name(connection, pack.gateway, profile_id, name, 0.0)


def _download(pack: Pack, store: Store, task: RecordedTask, identity: str, picture: RecordedPicture) -> PictureRow:
    from fox_nb.images.check import DOWNLOADED, check
    from fox_nb.images.thumbnail import cached_thumbnail

    refuse = partial(PackError, money=NOTHING_SENT)
    with aside(store.pictures, private=True) as part:
        pack.write(picture, part)
        facts = check(part, bounds=DOWNLOADED, refuse=refuse, name=f"a picture in {pack.path.name}")
        name = picture_name(task.words, identity, task.take, picture.number, facts.extension, task.asked)
        path: Path = store.pictures / name
        if not path.exists() or sha256_of(path) != picture.sha256:
            put(part, path)
    cached_thumbnail(path, store.thumbnails)
    size = facts.width, facts.height
    return PictureRow(picture.number, f"pictures/{name}", picture.sha256, "", facts.mime, *size, picture.bytes)
