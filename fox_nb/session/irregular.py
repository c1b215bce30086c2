"""Irregular: what of a task is not as it should be, since when, and how long that is borne: by a kernel, by a relay."""

from __future__ import annotations

import threading
import time
from typing import Generic, TypeVar

from fox_nb.errors import (
    AccessDenied,
    AuthenticationError,
    FoxError,
    GatewayError,
    InsufficientBalance,
    NotFound,
    RateLimited,
    ServerError,
)
from fox_nb.models import MODELS

LOST_AFTER = 120.0
"""Seconds for which a 404 may be the gateway's own slowness in learning of a new task; it ends a task after a day."""
IRREGULAR_FOR = 20.0
"""Seconds for which answers that make no sense are borne, in a row, before whoever waits is told."""
FEWER_FOR = 30.0
"""Seconds for which a completed task that has given fewer results than asked for is polled further."""
NONE_FOR = 120.0
"""The same for one that has given none at all."""
FEWEST_POLLS = 4
"""So many answers at least have given fewer, however long the gateway said nothing meanwhile."""
UNKNOWN_MODEL_SECONDS = 60.0
MOST_BELIEVED = 3.0
"""Times the usual seconds that a gateway's estimate counts: by a longer one, such as milliseconds, all is seen late."""
LONGEST_ESTIMATE = 10.0
"""Times the estimate for which a word is borne that may be a stage of the work, and 'processing' beside all links."""

Name = TypeVar("Name")


class Irregular(Generic[Name]):
    """For how long, and in how many polls in a row, the same has been amiss with each task."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[Name, dict[str, tuple[float, int]]] = {}

    def lasting(self, task: Name, what: str) -> tuple[float, int]:
        """Count once more what is amiss; return for how many seconds it has been so, and how often before."""
        now = time.monotonic()
        with self._lock:
            seen = self._seen.setdefault(task, {})
            since, count = seen.get(what, (now, 0))
            seen[what] = (since, count + 1)
        return now - since, count

    def forget(self, task: Name, but: str = "") -> None:
        """Begin anew with a task, but for one thing."""
        with self._lock:
            seen = self._seen.pop(task, {})
            if but in seen:
                self._seen[task] = {but: seen[but]}


def usual(model: str) -> float:
    """Return how many seconds a model takes where nobody knows better."""
    return MODELS[model].seconds if model in MODELS else UNKNOWN_MODEL_SECONDS


def may_still_come(given: int, seconds: float, polls: int) -> bool:
    """Return True while a completed task that names so few of its results may just be slow to name the others."""
    return seconds < (FEWER_FOR if given else NONE_FOR) or polls < FEWEST_POLLS


def tolerated_for(error: FoxError, age: float) -> float:
    """Return for how many seconds in a row an answer is taken for a bad moment of the gateway's."""
    if isinstance(error, (AuthenticationError, InsufficientBalance, AccessDenied)) and error.message:
        return 0.0  # its own word, not the page of something in between
    if isinstance(error, NotFound):
        return max(LOST_AFTER - max(0.0, age), IRREGULAR_FOR)  # a clock that was set back makes no task younger
    passing = isinstance(error, (RateLimited, ServerError)) or not isinstance(error, GatewayError)
    return float("inf") if passing else IRREGULAR_FOR


def links_alone_after(error: FoxError, age: float) -> float:
    """Return after how many seconds in a row of no answer the links of earlier ones are followed without one."""
    return min(tolerated_for(error, age), IRREGULAR_FOR)
