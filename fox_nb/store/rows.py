"""Rows: what the journal says of a task, its pictures, its charges, as plain frozen values."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

ON_ITS_WAY = frozenset({"pending", "processing"})
"""States of a task that the gateway has accepted and not ended."""
BEING_SENT = frozenset({"preparing", "sending"})
"""States that belong to a process: uploading its pictures, or waiting for the creation's answer."""
CLOCK_STEP = 30.0
"""Start times are read off the clock, which may be set meanwhile; a pid is hardly used anew within so many seconds."""


class PictureRow(NamedTuple):
    """One picture on disk; `file` is relative to the store."""

    number: int
    file: str
    sha256: str
    url: str
    mime: str
    width: int
    height: int
    bytes: int


@dataclass(frozen=True)
class TaskRow:
    """What the journal knows of one identity; times are seconds since 1970.

    `charge` is the number of its newest sending: what came of a sending is written only while it is still the newest.
    """

    identity: str
    gateway: str
    account: str
    model: str
    request: str
    take: int
    state: str
    owner: str
    asked: float
    sent: float | None
    accepted: float | None
    finished: float | None
    task_id: str
    progress: int
    estimate: float | None
    credits: float | None
    links: str
    profile_id: str
    error_code: str
    error: str
    request_id: str
    micro: int
    price_is_estimate: bool
    charge: int
    pictures: tuple[PictureRow, ...]

    @cached_property
    def body(self) -> dict[str, Any]:
        """The request as the gateway's JSON body, local files as ``sha256:…``."""
        body: dict[str, Any] = json.loads(self.request)
        return body

    @property
    def urls(self) -> list[str]:
        """The links that the gateway gave for the results."""
        urls: list[str] = json.loads(self.links)
        return urls

    @property
    def on_its_way(self) -> bool:
        """True from the acceptance until it has ended."""
        return self.state in ON_ITS_WAY

    @property
    def words(self) -> str:
        """What the task was about, for a person: the prompt, else the model."""
        return str(self.body.get("prompt") or self.model)


@lru_cache(maxsize=1)
def _boot() -> tuple[int, str]:
    return os.getpid(), json.dumps([socket.gethostname(), os.getpid(), _started(os.getpid())])


def this_process() -> str:
    """Name this process: host, pid, start time."""
    pid, owner = _boot()
    if pid != os.getpid():
        _boot.cache_clear()
        owner = _boot()[1]
    return owner


def owner_is_gone(owner: str) -> bool:
    """Return True when the process is certainly gone; another host's cannot be known from here."""
    try:
        host, pid, started = json.loads(owner)
    except ValueError:
        return True
    if host != socket.gethostname():
        return False
    now = _started(pid)
    return now is None or abs(now - started) > CLOCK_STEP


def _started(pid: int) -> float | None:
    """Return when a process began, so that a pid used anew is not taken for it; None when there is none."""
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None
