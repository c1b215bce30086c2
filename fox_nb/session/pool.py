"""Pool: a few daemon threads that do the slow things, so that neither a cell nor a callback waits.

Why not concurrent.futures: its threads are joined when the interpreter ends, so that a dead network would keep a
kernel from ending for a minute. What is cut off here is safe: it is journalled, and files are written aside.
"""

from __future__ import annotations

import collections
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


class Pool:
    """Threads by need, at most `size` of them; they end when they have had nothing to do for a while.

    Parameters
    ----------
    size : int
        How many at the most.
    name : str
        What the threads are called.
    idle : float
        Seconds without work after which a thread ends.
    """

    def __init__(self, size: int, name: str, *, idle: float = 10.0) -> None:
        self._size = size
        self._name = name
        self._idle = idle
        self._work: collections.deque[tuple[Future[Any], Callable[[], Any]]] = collections.deque()
        self._changed = threading.Condition()
        self._threads = 0
        self._waiting = 0
        self._closed = False

    def submit(self, work: Callable[[], Value]) -> Future[Value]:
        """Have `work` done; its value or its error is in the future."""
        future: Future[Value] = Future()
        with self._changed:
            if self._closed:
                future.cancel()
                return future
            self._work.append((future, work))
            if len(self._work) > self._waiting and self._threads < self._size:
                self._threads += 1
                threading.Thread(target=self._run, name=f"fox_nb-{self._name}", daemon=True).start()
            self._changed.notify()
        return future

    def close(self, *, wait: bool = False) -> None:
        """Let the threads end; work that has not begun is cancelled, what has begun goes on.

        Parameters
        ----------
        wait : bool
            True waits for what has begun.
        """
        with self._changed:
            self._closed = True
            dropped = [future for future, _ in self._work]
            self._work.clear()
            self._changed.notify_all()
        for future in dropped:
            future.cancel()
        if wait:
            with self._changed:
                self._changed.wait_for(lambda: self._threads == 0)

    def _run(self) -> None:
        while (item := self._next()) is not None:
            future, work = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - it is raised where the future is read
                future.set_exception(error)

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        """Wait for work; None when there was none for a while or the pool is closed, and the thread is to end."""
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: self._work or self._closed, self._idle)
            finally:
                self._waiting -= 1
            if self._work:
                return self._work.popleft()
            self._threads -= 1
            self._changed.notify_all()
            return None
