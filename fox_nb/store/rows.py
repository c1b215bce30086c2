"""Rows: what the journal says of a task, its pictures, its charges, as plain frozen values."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Container, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from fox_nb.filetypes import is_data

ON_ITS_WAY = frozenset({"pending", "processing"})
"""States of a task that the gateway has accepted and not ended."""
BEING_SENT = frozenset({"preparing", "sending"})
"""States that belong to a process: uploading its pictures, or waiting for the creation's answer."""
TRAINS = "phota-create-profile"
"""The model whose result is a profile; an id beside any other one's pictures is no result."""
FORGOTTEN = "forgotten"
"""Error code of a task that was made and paid for, whose results were removed when a profile was forgotten."""
ANSWER_LOST, NOT_PAID = "answer_lost", "settled"
"""Error codes of what a person has settled as paid without its id, and as not paid."""
REPLAYED = "pack "
"""How the names of replayed gateways begin: what was recorded costs nothing here, and is not packed again."""
SHARED = "shared"
"""How sure the bill is of a sending for which a class pays, and not this seat: its relay has said so."""
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


class TaskRow(NamedTuple):
    """What the journal knows of one identity; times are seconds since 1970.

    `charge` is the number of its newest sending that was not given back, where there is one: what came of a sending is
    written only while it is still that.
    `micro_usd` is what was reserved for all its sendings; `charged` and `refunded` are what the gateway's log says of
    them, `net` prefers that to what was reserved, and `unbilled` counts those of which it says nothing yet. `bill`,
    `bill_task`, `bill_charged` and `bill_refunded` are of the sending `charge` alone: how sure the log is of it, which
    task it names, the amounts, and when. `named` is the task that the log has charged and named of a sending that a
    person had settled without its id. `is_play_money` is of the sandbox, also by way of a recording or a rehearsal.

    The fields stand in the order of the query's columns (`_TASK` in `journal_reader.py`), the two flags side by side.
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
    micro_usd: int
    price_is_estimate: bool
    is_play_money: bool
    charge: int
    net: int
    charged: int | None
    refunded: int
    bill_at: float | None
    unbilled: int
    bill: str
    bill_task: str
    bill_charged: int | None
    bill_refunded: int
    bill_seen_at: float | None
    named: str
    pictures: tuple[PictureRow, ...]

    @property
    def is_recorded(self) -> bool:
        """True for what a pack has brought: what it cost was paid elsewhere."""
        return self.gateway.startswith(REPLAYED)

    @property
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
    def wanted(self) -> int:
        """How many results were asked for."""
        count = self.body.get("num_outputs", 1)
        return count if isinstance(count, int) and count > 0 else 1

    @property
    def is_named_since(self) -> bool:
        """True for what was settled without its id, which the bill has charged and named since: it can be fetched.

        Also where it was sent once more since, and refused.
        """
        return bool(self.named) and (self.state == "refused" or self.error_code == ANSWER_LOST)

    @property
    def on_its_way(self) -> bool:
        """True from the acceptance until it has ended."""
        return self.state in ON_ITS_WAY

    def unless_older(self, found: TaskRow) -> TaskRow:
        """Return what a journal says, unless it is an older copy, which doesn't know yet that this was accepted."""
        return self if self.task_id and not found.task_id and found.charge == self.charge else found

    @property
    def words(self) -> str:
        """What the task was about, for a person: the prompt, else the model."""
        return str(self.body.get("prompt") or self.model)


def numbered(known: Sequence[str], given: Sequence[str], downloaded: Container[int], wanted: int) -> list[str]:
    """Return a task's links by the number of their pictures, after an answer of the gateway.

    A link keeps its number whatever its place in the answer, and one that is left out is not forgotten: it makes room
    only where more links than wanted are known, and never where its picture is on the disk.
    """
    links = list(known)
    free = [at for at, url in enumerate(links) if url not in given and at + 1 not in downloaded]
    for url in given:
        if url in links:
            continue
        if len(links) >= wanted and free:
            links[free.pop(0)] = url
        else:
            links.append(url)
    return links


def kept(link: str) -> str:
    """Return a link as it is written down: a picture that stands in its answer has a name by its bytes instead."""
    is_whole = is_data(link) and "," in link
    return f"data:sha256-{hashlib.sha256(link.encode()).hexdigest()}" if is_whole else link


def moved(links: Sequence[str], picture: PictureRow) -> list[str]:
    """Return a task's links after a picture has come by another one than it once had: that is its link from now on."""
    changed, at = [*links, *[""] * (picture.number - len(links))], picture.number - 1
    if picture.url in changed:
        changed[changed.index(picture.url)] = changed[at]
    changed[at] = picture.url
    return changed


@lru_cache(maxsize=1)
def process_name(pid: int) -> str:
    """Name a process of this machine: host, pid, start time."""
    return json.dumps([socket.gethostname(), pid, _started(pid)])


def owner_is_gone(owner: str) -> bool:
    """Return True when the process is certainly gone; another host's cannot be known from here."""
    if owner == process_name(os.getpid()):  # whose start is another one when the clock has been set
        return False
    try:
        host, pid, started = json.loads(owner)
    except ValueError:
        return True
    if host != socket.gethostname():
        return False
    if pid == os.getpid():  # an earlier one's: in a container that was started again the numbers are the same
        return True
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
