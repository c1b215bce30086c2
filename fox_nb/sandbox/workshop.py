"""Workshop: draws the tasks' pictures in a few threads, each picture once, first come first served."""

from __future__ import annotations

import asyncio
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fox_nb.sandbox.database import Ledger, Task
from fox_nb.sandbox.options import RESULT_LIFE, Clock
from fox_nb.sandbox.problems import Unusable

MOST_THREADS = 2
"""Requests are still answered in some 10 ms while two draw; a third would only add memory, 350 MB for a 4K picture."""
MEMORY_FOR_TWO = 3_000_000_000

log = logging.getLogger(__name__)


class Workshop:
    """Carries out plans. Start it on the loop whose thread the ledger's callers run on."""

    def __init__(self, ledger: Ledger, folder: Path, clock: Clock) -> None:
        self._ledger = ledger
        self._folder = folder
        self._clock = clock
        self._pool = ThreadPoolExecutor(_threads(), thread_name_prefix="sandbox-draws")
        self._steps: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether something is being drawn."""
        return bool(self._tasks)

    def begin(self, task: Task) -> None:
        """Begin with a task; what it becomes is in the ledger as soon as it is known."""
        job = asyncio.get_running_loop().create_task(self._finish(task))
        self._tasks.add(job)
        job.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End; what is being drawn is drawn to its end, what waits stays unfinished in the ledger."""
        for job in tuple(self._tasks):
            job.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, lambda: self._pool.shutdown(wait=True, cancel_futures=True))

    async def _finish(self, task: Task) -> None:
        made: list[dict[str, Any]] = []
        error: dict[str, Any] | None = None
        try:
            steps = [self._step(step) for step in task.plan]
            made = [await asyncio.shield(step) for step in steps]
        except Unusable as problem:
            error = problem.as_error()
        except Exception:
            log.exception("task %s could not be drawn", task.id)
            error = Unusable("internal_error", "The sandbox could not draw this; see its log.").as_error()
        self._keep(task, made, error)

    def _keep(self, task: Task, made: list[dict[str, Any]], error: dict[str, Any] | None) -> None:
        if error is None and task.profile_id is not None:
            self._ledger.keep_profile(task.profile_id, made[0]["figure"])
            made = []
        # the row may have changed meanwhile (a read was counted, a fault was added)
        row = self._ledger.task(task.id) or task
        row.made, row.error = (made, None) if error is None else (None, error)
        ends = max(self._clock.now(), task.created + task.seconds)
        self._ledger.keep_task(row, ends + RESULT_LIFE)

    def _step(self, step: dict[str, Any]) -> asyncio.Future[dict[str, Any]]:
        name = step.get("name", f"train {step.get('profile_id')}")
        if name not in self._steps:
            loop = asyncio.get_running_loop()
            future = loop.run_in_executor(self._pool, _carry_out, step, self._folder)
            self._steps[name] = future
            future.add_done_callback(lambda done: self._forget(name, done))
        return self._steps[name]

    def _forget(self, name: str, done: asyncio.Future[dict[str, Any]]) -> None:
        self._steps.pop(name, None)
        if not done.cancelled():
            done.exception()  # seen here, so that asyncio need not tell of it when every task has gone


def _threads() -> int:
    """Return how many pictures are drawn at a time: one where JupyterHub or Binder says that memory is short."""
    limit = os.environ.get("MEM_LIMIT", "")
    short = limit.isdigit() and 0 < int(limit) < MEMORY_FOR_TWO
    return 1 if short else max(1, min(MOST_THREADS, os.cpu_count() or 1))


def _carry_out(step: dict[str, Any], folder: Path) -> dict[str, Any]:
    # imported in the thread that draws: NumPy and Pillow would hold up the loop
    from fox_nb.sandbox.pictures import carry_out

    return carry_out(step, folder)
