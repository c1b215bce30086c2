"""Runner: sends what a plan lacks, so many at a time, and follows each picture until it has landed."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from fox_nb.errors import BudgetExceeded, FoxError, InvalidRequest, KeyMissing
from fox_nb.session.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.session import Task
    from fox_nb.sweep.plan import Plan, PlannedCell, Slot

STOP_AFTER = 5
"""So many failures in a row stop a sweep: something is wrong with all of it."""


class Runner:
    """One run of a plan.

    Parameters
    ----------
    plan : Plan
        What to make.
    at_once : int
        How many tasks are under way at a time.
    per_second : float
        How many creations a second are sent at the most.
    changed : callable
        Called with a cell whenever something of it has changed; from any thread.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        at_once: int = 4,
        per_second: float = 2.0,
        changed: Callable[[PlannedCell], None] = lambda _: None,
    ) -> None:
        self.plan = plan
        self.stopped_because = ""
        self._at_once = at_once
        self._per_second = per_second
        self._changed = changed
        self._pool = Pool(at_once, "sweep")
        self._state = threading.Condition()
        self._stop = threading.Event()
        self._in_flight = 0
        self._failures = 0
        self._next_turn = 0.0
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """True while something is sent or awaited."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin in the background; what is under way already is watched too."""
        if self.running:
            return
        self._stop.clear()
        self.stopped_because = ""
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name="fox_nb-sweep", daemon=True)
        self._thread.start()

    def stop(self, why: str = "stopped by hand") -> None:
        """Send nothing more; what is under way goes on and lands."""
        with self._state:
            self.stopped_because = self.stopped_because or why
            self._stop.set()
            self._state.notify_all()

    def wait(self, tick: Callable[[], None] = lambda: None) -> None:
        """Wait until all is done or stopped; calls `tick` about once a second."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(1.0)
            tick()

    def _run(self) -> None:
        for cell in self.plan.all_cells:
            for slot in cell.slots:
                if slot.task is not None and not slot.task.is_over:
                    with self._state:
                        self._in_flight += 1
                    self._follow(cell, slot, slot.task)
        missing = iter(self.plan.missing)
        for cell, slot in missing:
            if not self._my_turn():
                break
            self._pool.submit(lambda cell=cell, slot=slot: self._send(cell, slot))  # type: ignore[misc]
        with self._state:
            self._state.wait_for(lambda: self._in_flight == 0)
        self._pool.close()
        self._pool = Pool(self._at_once, "sweep")
        self.plan.refresh()

    def _my_turn(self) -> bool:
        """Wait for a free place and for the rate; False when the sweep has been stopped."""
        with self._state:
            self._state.wait_for(lambda: self._in_flight < self._at_once or self._stop.is_set())
            if self._stop.is_set():
                return False
            self._in_flight += 1
        pause = self._next_turn - time.monotonic()
        if pause > 0 and self._stop.wait(pause):
            self._landed()
            return False
        self._next_turn = time.monotonic() + 1 / self._per_second
        return True

    def _send(self, cell: PlannedCell, slot: Slot) -> None:
        try:
            task = self.plan.session.submit(self.plan.model.model, cell.values, slot.take)
        except FoxError as error:
            slot.reason = str(error)
            slot.task = getattr(error, "task", None)
            self._ended(error)
            self._changed(cell)
            self._landed()
            return
        slot.task, slot.reason = task, ""
        self._follow(cell, slot, task)

    def _follow(self, cell: PlannedCell, slot: Slot, task: Task) -> None:
        """Tell of each change of a task, and give its place free when it is over."""
        over = threading.Event()

        def tell(task: Task) -> None:
            if task.is_over:
                if over.is_set():
                    return
                over.set()
                forget()
                slot.reason = str(task.error) if task.error is not None else ""
                self._ended(task.error)
                with contextlib.suppress(Exception):
                    self._changed(cell)
                self._landed()
            else:
                self._changed(cell)

        forget = task.on_change(tell)
        self.plan.session.watch(task)
        tell(task)

    def _ended(self, error: FoxError | None) -> None:
        with self._state:
            self._failures = self._failures + 1 if error is not None else 0
            failures = self._failures
        if isinstance(error, (BudgetExceeded, KeyMissing, InvalidRequest)):
            self.stop(str(error))
        elif failures >= STOP_AFTER:
            self.stop(f"{failures} failures in a row, the last: {error}")

    def _landed(self) -> None:
        with self._state:
            self._in_flight -= 1
            self._state.notify_all()
