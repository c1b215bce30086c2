"""Threads: those of a class's relay, all of which are there before the first student comes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from fox_nb.errors import NOTHING_SENT, FoxError


def threads(count: int, name: str) -> ThreadPoolExecutor:
    """Return an executor that has all of its threads.

    One that starts them by need keeps what it refuses for want of a thread, and does it with the next work that comes:
    a creation that a student was told of as an error would be sent, and paid for, and its id be lost.

    Raises
    ------
    FoxError
        The system gives this program no more threads.
    """
    executor, all_there = ThreadPoolExecutor(count, name), threading.Event()
    try:
        for _ in range(count):
            executor.submit(all_there.wait)
    except (RuntimeError, MemoryError) as error:
        executor.shutdown(wait=False, cancel_futures=True)
        raise FoxError(
            f"Python cannot start the threads that a class needs ({error}).",
            money=NOTHING_SENT,
            todo="End programs that you don't need, or have this system allow more threads, then start it again.",
        ) from None
    finally:
        all_there.set()
    return executor
