"""Nesting: async code run to its end, in a script or inside a loop that runs already, as in a cell."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import sys
import threading
from collections.abc import Awaitable
from typing import TypeVar

from fox_nb.errors import InvalidRequest

Value = TypeVar("Value")


def run(coroutine: Awaitable[Value]) -> Value:
    """Run async code to its end, in a script or in a cell.

    In a cell an event loop runs already; only then, and only because this was asked for, nest_asyncio lets it nest. On
    Python 3.14 and newer that is its fork nest-asyncio2, which knows their tasks. A loop that can't be patched, such as
    uvloop's, waits while the code runs on a loop of its own in a thread.

    Parameters
    ----------
    coroutine
        What an ``async def`` gives when it is called, or anything else that can be awaited, such as a task; no task of
        a loop that waits meanwhile.

    Raises
    ------
    InvalidRequest
        It cannot be awaited, here or at all.
    """
    if not inspect.isawaitable(coroutine):
        raise InvalidRequest(
            f"fox_nb.run is for what can be awaited, which {type(coroutine).__name__} is not.",
            parameter="coroutine",
            todo="Give it the call of an async function, fox_nb.run(three()), or a task.",
        )
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _run_alone(coroutine)
    if not isinstance(loop, asyncio.BaseEventLoop):
        if asyncio.isfuture(coroutine):
            raise InvalidRequest(
                f"fox_nb.run can't wait for a task of this {type(loop).__name__}, which stands still meanwhile.",
                parameter="coroutine",
                todo="Say `await` in place of fox_nb.run, or give it the call of the async function itself.",
            )
        return _run_beside(coroutine)
    if sys.version_info >= (3, 14):
        import nest_asyncio2 as nest_asyncio
    else:
        import nest_asyncio
    nest_asyncio.apply(loop)
    return loop.run_until_complete(coroutine)


def _run_alone(coroutine: Awaitable[Value]) -> Value:
    """Run it on a loop of its own."""
    with asyncio.Runner() as runner:
        return runner.run(_awaited(coroutine))


def _run_beside(coroutine: Awaitable[Value]) -> Value:
    """Run it in a thread while the loop here waits; an interrupt of the waiting ends it there, too."""
    from concurrent.futures import ThreadPoolExecutor

    begun: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Value]]] = []
    interrupted = threading.Event()

    async def noted() -> Value:
        task = asyncio.ensure_future(_awaited(coroutine))
        begun.append((asyncio.get_running_loop(), task))
        if interrupted.is_set():
            task.cancel()
        return await task

    with ThreadPoolExecutor(1, "fox_nb-run") as thread:
        try:
            return thread.submit(contextvars.copy_context().run, _run_alone, noted()).result()
        except KeyboardInterrupt:
            interrupted.set()
            for loop, task in begun:
                with contextlib.suppress(RuntimeError):  # it has ended in this moment
                    loop.call_soon_threadsafe(task.cancel)
            raise


async def _awaited(coroutine: Awaitable[Value]) -> Value:
    return await coroutine
