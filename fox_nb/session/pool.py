"""Pool: a few daemon threads that do the slow things, so that neither a cell nor a callback waits.

Why not concurrent.futures: its threads are joined when the interpreter ends, so that a dead network would keep a
kernel from ending for a minute. What is cut off here is safe: it is journalled, and files are written aside.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import math
import numbers
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from fox_nb.errors import NOTHING_SENT, FoxError
from fox_nb.parameters import not_allowed

Value = TypeVar("Value")
PROMPT = 2.0
"""Seconds for which nobody wonders what is waited for."""
LONGEST_TOLD = 0.5
"""Seconds for which whoever has news waits until those that listen have been told."""
_ITS_PARENT = "_ipykernel_parent_thread_ident"
"""Where threads begin threads and a dead one's number comes again, older ipykernels seek the cell of what one prints or
logs in a circle, for ever (ipython/ipykernel#1269): they seek no further where the main thread began it."""


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
        self._threads: set[threading.Thread] = set()
        self._waiting = 0
        self._closed = False
        self._due: set[Callable[[], object]] = set()

    def submit(self, work: Callable[[], Value]) -> Future[Value]:
        """Have `work` done; its value or its error is in the future.

        Raises
        ------
        FoxError
            There is no thread to do it and none can be started; it is not done, now or later.
        """
        future: Future[Value] = Future()
        with self._changed:
            if self._closed:
                _drop(future)
                return future
            item = (future, work)
            try:
                self._work.append(item)
                if len(self._work) > self._waiting and len(self._threads) < self._size:
                    try:
                        self._threads.add(start(self._run, f"fox_nb-{self._name}"))
                    except FoxError:
                        if not self._threads:  # else one of those does it, a little later
                            raise
                self._changed.notify()
            except BaseException:  # an interrupt, too: what nobody waits for is not done with the next call
                with contextlib.suppress(ValueError):
                    self._work.remove(item)
                raise
        return future

    def soon(self, work: Callable[[], object], pause: float = 0.0) -> None:
        """Have `work` done after a pause in seconds: once, however often it is asked for until then."""
        with self._changed:
            if work in self._due:
                return
            self._due.add(work)

        def due() -> None:
            time.sleep(pause)
            self._due.discard(work)
            work()

        try:
            self.submit(due)
        except BaseException:  # it is not done, so it may be asked for again
            self._due.discard(work)
            raise

    def close(self, *, wait: bool = False, late: Callable[[], object] = lambda: None) -> None:
        """Let the threads end; work that has not begun is cancelled, what has begun goes on.

        Parameters
        ----------
        wait : bool
            True waits for what has begun; a thread of this pool does not wait for itself.
        late : callable, optional
            Called once when that takes longer than a person takes for prompt.
        """
        this = {threading.current_thread()}
        with self._changed:
            self._closed = True
            dropped = [future for future, _ in self._work]
            self._work.clear()
            self._changed.notify_all()
        for future in dropped:
            _drop(future)
        if not wait:
            return
        with self._changed:
            over = self._changed.wait_for(lambda: self._threads <= this, PROMPT)
        if not over:
            with contextlib.suppress(Exception):  # whatever is awaited here is awaited without those words, too
                late()
            with self._changed:
                self._changed.wait_for(lambda: self._threads <= this)

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
            self._threads.discard(threading.current_thread())
            self._changed.notify_all()
            return None


class OneAtATime:
    """Work that is done anew whenever it is due: by one thread at a time, and once for all that happens meanwhile."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_due = self._is_late = False
        self._thread: int | None = None
        """Who is at it; 0 while a thread of the pool is on its way to it."""

    def due(self, work: Callable[[], object], pool: Pool) -> None:
        """Have it done, by a thread of the pool or the main thread itself; it is waited for, but not for long."""
        this = threading.get_ident()
        with self._changed:
            self._is_due = True
            if self._thread == this:
                return  # which does it once more
            is_free, self._thread = self._thread is None, self._thread or 0
        if is_free:
            self._begin(functools.partial(self._run, work), pool)
        with self._changed:
            if not self._is_late:
                self._is_late = not self._changed.wait_for(lambda: self._thread is None, LONGEST_TOLD)

    def _begin(self, run: Callable[[], object], pool: Pool) -> None:
        if threading.current_thread() is threading.main_thread():
            run()
            return
        try:
            pool.submit(run)
        except FoxError:  # no thread is to be had
            run()

    def _run(self, work: Callable[[], object]) -> None:
        try:
            while self._goes_on():
                work()
        except BaseException:
            self._ends()
            raise

    def _goes_on(self) -> bool:
        with self._changed:
            if not self._is_due:
                self._ends()
                return False
            self._is_due, self._thread = False, threading.get_ident()
            return True

    def _ends(self) -> None:
        with self._changed:
            self._thread, self._is_late = None, False
            self._changed.notify_all()


def _drop(future: Future[Any]) -> None:
    """Cancel what nobody has begun, and tell those who wait for several: `cancel` alone does not."""
    future.cancel()
    future.set_running_or_notify_cancel()


def result(future: Future[Value]) -> Value:
    """Wait for a future as a person can interrupt it.

    A signal that comes just before a wait begins is seen when that wait has ended: so none lasts longer than a second.
    """
    while True:
        try:
            return future.result(timeout=1.0)
        except TimeoutError:
            if future.done():
                return future.result()


def deadline(timeout: Any) -> float:
    """Return until when somebody waits, by the monotonic clock; without a time-out for ever.

    Raises
    ------
    InvalidRequest
        It is no number of seconds.
    """
    with contextlib.suppress(OverflowError):
        if timeout is None:
            return math.inf
        if isinstance(timeout, numbers.Real) and not isinstance(timeout, bool) and not math.isnan(timeout):
            return time.monotonic() + float(timeout)
    todo = "The task is not touched: call wait() again."
    raise not_allowed("timeout", timeout, "a number of seconds, or None", todo=todo)


def start(run: Callable[[], object], name: str, money: str = NOTHING_SENT) -> threading.Thread:
    """Return a thread that runs, and ends with the kernel.

    Raises
    ------
    FoxError
        It cannot be started: too many run, or the kernel is ending.
    """
    thread = threading.Thread(target=run, name=name, daemon=True)
    if hasattr(thread, _ITS_PARENT):
        setattr(thread, _ITS_PARENT, threading.main_thread().ident)
    try:
        thread.start()
    except (RuntimeError, MemoryError) as error:
        raise FoxError(
            f"Python cannot start another thread here ({error}).",
            money=money,
            todo="Close notebooks or programs that you don't need, or restart the kernel, then run the cell again.",
        ) from None
    return thread
