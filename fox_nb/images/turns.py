"""Turns: who may have a big picture in memory: one of 4096 px takes 67 MB, and a third more to be scaled or cut."""

from __future__ import annotations

import ctypes
import itertools
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from fox_nb.sharing import renew_in_children

if TYPE_CHECKING:
    from collections.abc import Iterator


class Turns:
    """Lets a few threads at a time at something, in the order in which they came; a forked child begins anew.

    Parameters
    ----------
    at_once : int
        How many.
    """

    def __init__(self, at_once: int = 1) -> None:
        self._at_once = at_once
        self._numbers = itertools.count()
        self._after_fork()
        renew_in_children(self)

    def _after_fork(self) -> None:
        self._changed = threading.Condition()
        self._holders: set[int] = set()
        self._waiting: set[tuple[bool, int]] = set()
        self._first: set[object] = set()

    @contextmanager
    def taken(self, *, later: bool = False) -> Iterator[None]:
        """Wait for a turn, unless this thread has one; at its end what was freed is given back to the system.

        Parameters
        ----------
        later : bool
            Nobody waits for what is done: all others go first, also those of `first` that have no turn just now.
        """
        this = threading.get_ident()
        if this in self._holders:
            yield
            return
        ticket = (later, next(self._numbers))
        try:
            with self._changed:
                self._waiting.add(ticket)
                self._changed.wait_for(lambda: self._is_next(ticket))
                self._waiting.remove(ticket)
                self._holders.add(this)
            try:
                yield
            finally:
                give_memory_back()
        finally:
            with self._changed:
                self._waiting.discard(ticket)
                self._holders.discard(this)
                self._changed.notify_all()

    def _is_next(self, ticket: tuple[bool, int]) -> bool:
        is_free = len(self._holders) < self._at_once and ticket == min(self._waiting)
        return is_free and not (ticket[0] and self._first)

    @contextmanager
    def first(self) -> Iterator[None]:
        """Go before whatever is done later, for all turns that are taken meanwhile."""
        this = object()
        try:
            with self._changed:
                self._first.add(this)
            yield
        finally:
            with self._changed:
                self._first.discard(this)
                self._changed.notify_all()


class Alone:
    """Lets one thread of this process at a time work on a file or folder; other kernels do no harm."""

    def __init__(self) -> None:
        self._after_fork()
        renew_in_children(self)

    def _after_fork(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[Path, threading.Lock] = WeakValueDictionary()

    @contextmanager
    def at(self, path: Path) -> Iterator[None]:
        """Wait until nobody else is at it."""
        with self._guard:
            lock = self._locks.setdefault(path, threading.Lock())
        with lock:
            yield


def give_memory_back() -> None:
    """Give what was freed back to the system: glibc keeps it for the thread that has freed it."""
    with suppress(OSError, AttributeError, TypeError):  # not glibc: Windows, macOS, Alpine
        ctypes.CDLL(None).malloc_trim(0)


big = Turns()
"""Of big pictures one is decoded at a time: four threads held 290 MB after decoding one each."""
