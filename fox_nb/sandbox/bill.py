"""Bill: what the gateway charged and gave back, as its log and a key's own account tell it, derived from the tasks."""

from __future__ import annotations

import hashlib
import json
import random
from collections import deque
from collections.abc import Iterable
from typing import Any

from fox_nb.sandbox.database import Task
from fox_nb.sandbox.options import QUOTA, UNLIMITED, Settings
from fox_nb.sandbox.problems import Problem
from fox_nb.sandbox.states import failed_at

CHARGE, REFUND = 2, 6
"""What the engine calls the two kinds of entries."""
READS_WITHIN = 1200.0
"""Seconds in which so many reads of the bill are let through as the settings say."""


class Reads:
    """The reads of the bill of the last twenty minutes; whoever passes the limit is refused."""

    def __init__(self) -> None:
        self._at: deque[float] = deque()

    def count(self, now: float, most: int) -> None:
        """Let a read through, or raise `Problem`."""
        while self._at and self._at[0] <= now - READS_WITHIN:
            self._at.popleft()
        if len(self._at) >= most:
            raise Problem(429, f"No more than {most} reads in 20 minutes.", "rate_limit_error")
        self._at.append(now)


def used(tasks: Iterable[Task], settings: Settings, now: float) -> int:
    """Return the quota that a key's tasks have cost, less what was given back."""
    return sum(task.quota - (task.quota if _refund_at(task, settings, now) is not None else 0) for task in tasks)


def account(tasks: Iterable[Task], settings: Settings, now: float) -> dict[str, Any]:
    """Return what a key's own account answers; one without a limit counts below zero, as the engine does."""
    limit, spent = settings.key_limit, used(tasks, settings, now)
    unlimited = limit >= UNLIMITED
    granted = 0 if unlimited else round(limit * QUOTA)
    return {
        "object": "token_usage",
        "name": "sandbox",
        "total_granted": granted,
        "total_used": spent,
        "total_available": granted - spent,
        "unlimited_quota": unlimited,
        "expires_at": int(settings.key_expires),
        "model_limits": dict.fromkeys(settings.models, True),
        "model_limits_enabled": True,
    }


def log(tasks: Iterable[Task], settings: Settings, now: float) -> list[dict[str, Any]]:
    """Return the entries of a key's log, as true or as odd as the settings say."""
    how = settings.log
    found: list[tuple[float, dict[str, Any]]] = []
    for task in tasks:
        if task.created + how.get("delay", 0) <= now and not _is_missing(task.id, "charge", how):
            found.append((task.created, _entry(task, CHARGE, named=how.get("ids") == "all")))
        back = _refund_at(task, settings, now)
        if back is not None and not _is_missing(task.id, "refund", how):
            found.append((back, _entry(task, REFUND, named=how.get("ids") != "none")))
    found.sort(key=lambda one: one[0], reverse=how.get("order") != "oldest")
    entries = [
        {"id": 7 if how.get("same_id") else number, "created_at": int(at + how.get("ahead", 0)), **entry}
        for number, (at, entry) in enumerate(found, start=1)
    ][: how.get("most", 1000)]
    if how.get("order") == "shuffled":
        random.Random(len(entries)).shuffle(entries)
    return entries


def _entry(task: Task, kind: int, *, named: bool) -> dict[str, Any]:
    other = {"task_id": task.id} if named else {"model_price": task.quota / QUOTA}
    return {
        "type": kind,
        "model_name": task.request["model"],
        "quota": task.quota,
        "group": task.group,
        "token_name": "sandbox",
        "other": json.dumps(other),
    }


def _refund_at(task: Task, settings: Settings, now: float) -> float | None:
    """Return when a failed task was refunded, of what is seen by now."""
    failed = failed_at(task, now) if settings.refunds else None
    back = None if failed is None else failed + settings.log.get("refund_delay", 0)
    return back if back is not None and back <= now else None


def _is_missing(task_id: str, kind: str, how: dict[str, Any]) -> bool:
    """Leave out the part of the entries that the settings say, always the same ones."""
    drawn = int.from_bytes(hashlib.sha256(f"{task_id} {kind}".encode()).digest()[:4])
    part: float = how.get("missing", 0)
    return drawn < part * 2**32
