"""Runner: sends what a plan lacks, so many at a time, and follows each task until its pictures are here."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from fox_nb.errors import (
    AccessDenied,
    AuthenticationError,
    BudgetExceeded,
    FoxError,
    InsufficientBalance,
    InvalidRequest,
    KeyMissing,
    StoreError,
)
from fox_nb.experiments.plan import Plan, Slot
from fox_nb.session import Task
from fox_nb.session.pool import Pool, start

STOP_AFTER = 5
"""So many failures in a row stop a sweep: something is wrong with all of it."""

NOT_SENT = (BudgetExceeded, KeyMissing, StoreError)
"""Errors that are the whole sweep's and no cell's: nothing was sent, and nothing else can be."""

FOR_ALL = (*NOT_SENT, AuthenticationError, AccessDenied, InsufficientBalance, InvalidRequest)
"""Errors that the next request would meet as well: the first one stops the sweep."""

BY_HAND = ("stopped by hand", "paused", "interrupted")
"""Why a run has ended that somebody has stopped: that is no failure."""

_TICK = 1.0


class Runner:
    """Makes a plan's pictures.

    Parameters
    ----------
    plan : Plan
        What to make.
    at_once : int
        How many tasks are under way at the gateway at a time.
    per_second : float
        How many creations a second are sent at the most.
    changed : callable
        Called with a slot whenever something of it has changed, and with None when the run itself has: begun, stopped,
        ended. It is called from any thread and should return at once.
    """

    def __init__(
        self, plan: Plan, *, at_once: int, per_second: float, changed: Callable[[Slot | None], None] = lambda _: None
    ) -> None:
        self.plan = plan
        self.stopped_because = ""
        self.stopped_by: FoxError | None = None
        self.at_once = at_once
        self.per_second = per_second
        self._listener = changed
        self._pool = Pool(at_once, "sweep-asking")
        self._state = threading.Condition()
        self._queue: deque[tuple[Slot, bool]] = deque()
        self._in_flight: dict[Slot, Callable[[], None]] = {}
        self._failures = 0
        self._next_turn = 0.0
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """True while something is sent or awaited."""
        with self._state:
            return self._thread is not None

    @property
    def sending(self) -> bool:
        """True while there is something that it has still to send."""
        with self._state:
            return bool(self._queue)

    def start(self, *, again: bool = False) -> None:
        """Send what is missing, in the background; one that was stopped goes on.

        Parameters
        ----------
        again : bool
            True sends what has failed instead, knowingly, and nothing else.
        """
        wanted = self.plan.failed if again else self.plan.missing
        with self._state:
            self.stopped_because, self.stopped_by = "", None
            self._failures = 0
            self._queue = deque((slot, again) for slot in wanted if slot not in self._in_flight)
        self.watch()
        self._go()

    def watch(self) -> None:
        """Follow what is under way already, from an earlier kernel or another one; sends nothing."""
        for slot in self.plan.slots:
            with self._state:
                if not slot.on_its_way or slot in self._in_flight:
                    continue
                self._in_flight[slot] = _nothing
            self._go()
            self._follow(slot)

    def again(self, slot: Slot) -> Task | None:
        """Send one failed picture again, knowingly, and follow it; one that is on its way is watched again.

        Returns
        -------
        Task or None
            The task; None while another thread is just sending it.

        Raises
        ------
        FoxError
            It was not accepted.
        """
        with self._state:
            if slot in self._in_flight:
                return slot.task
            self._in_flight[slot] = _nothing
        self._go()
        asked = self._asked(slot, again=True)
        if isinstance(asked, FoxError):
            raise asked
        return asked

    def stop(self, why: str = BY_HAND[0]) -> None:
        """Send nothing more; what is under way goes on and is downloaded."""
        if self.sending:
            self._stopped(why)

    def _stopped(self, why: str, error: FoxError | None = None) -> None:
        with self._state:
            if not self.stopped_because:
                self.stopped_because, self.stopped_by = why, error
            self._queue.clear()
            self._state.notify_all()
        self._notify(None)

    def wait(self, tick: Callable[[], None] = lambda: None) -> None:
        """Wait until all is done or stopped; calls `tick` about once a second."""
        while self.running:
            with self._state:
                self._state.wait_for(lambda: self._thread is None, _TICK)
            tick()

    def _go(self) -> None:
        with self._state:
            if self._thread is None and (self._queue or self._in_flight):
                try:
                    self._thread = start(self._run, "fox_nb-sweep")
                except FoxError:  # nothing is begun: the next run begins anew
                    self._queue.clear()
                    self._in_flight.clear()
                    raise
            self._state.notify_all()
        self._notify(None)

    def _run(self) -> None:
        while (found := self._next()) is not None:
            ask = partial(self._asked_in_turn, *found)
            try:
                self._pool.submit(ask)
            except FoxError:  # no thread is to be had: this one asks
                ask()
        self._notify(None)

    def _next(self) -> tuple[Slot, bool] | None:
        """Wait for a free place and for the rate; None when nothing is left to send or to wait for."""
        left_alone: set[Slot] = set()
        with self._state:
            while self._queue or self._in_flight:
                pause = self._next_turn - time.monotonic()
                if self._queue and self._has_room() and pause <= 0:
                    found = self._queue.popleft()
                    self._in_flight[found[0]] = _nothing
                    self._next_turn = time.monotonic() + 1 / self.per_second
                    return found
                if not self._state.wait(min(_TICK, pause) if pause > 0 else _TICK):
                    left_alone = self._let_go(left_alone)
            self._thread = None
            self._state.notify_all()
        return None

    def _has_room(self) -> bool:
        """Whether one more may be sent: what only has to be downloaded is in nobody's way, up to as many again."""
        downloading = sum(slot.is_made for slot in self._in_flight)
        return len(self._in_flight) - min(downloading, self.at_once) < self.at_once

    def _let_go(self, before: set[Slot]) -> set[Slot]:
        """Give up the places of tasks that nobody looks after any more, such as when the session was closed.

        Between two polls a task may seem so for a moment; so only what seems so twice is let go.
        """
        now = {
            slot
            for slot, forget in self._in_flight.items()
            if forget is not _nothing and slot.task is not None and not slot.task.is_watched
        }
        for slot in before & now:
            self._in_flight.pop(slot)()
        return now - before

    def _asked_in_turn(self, slot: Slot, again: bool) -> Task | FoxError:
        """Send one whose turn has come; what was sent again meanwhile, and lost, is told, and not sent once more."""
        return self._asked(slot, again=again and slot.state != "unknown")

    def _asked(self, slot: Slot, *, again: bool = False) -> Task | FoxError:
        """Send one, note what came of it, and follow it."""
        slot.reason = ""
        try:
            task = slot.task
            if again and task is not None:
                if not slot.on_its_way:
                    task.retry()
            else:
                task = self.plan.session.submit(slot.request.model, slot.values, slot.take)
        except FoxError as error:
            return self._not_sent(slot, error)
        except Exception as error:
            logging.getLogger("fox_nb").exception("A picture of a sweep could not be asked for.")
            return self._not_sent(slot, FoxError(f"It could not be asked for: {type(error).__name__}: {error}"))
        slot.task = task
        self._follow(slot)
        return task

    def _not_sent(self, slot: Slot, error: FoxError) -> FoxError:
        slot.reason = "" if isinstance(error, NOT_SENT) else str(error)
        task = getattr(error, "task", None) or slot.task
        slot.task = None if task is None or task.status == "refused" else task
        self._over(slot, error)
        return error

    def _follow(self, slot: Slot) -> None:
        """Tell of each change of a task, and give its place free when it is over."""
        task = slot.task
        assert task is not None  # noqa: S101 - those that call have looked
        over = threading.Lock()

        def on_change(task: Task) -> None:
            if not task.is_over:
                self._notify(slot)
                if slot.is_made:
                    with self._state:
                        self._state.notify_all()
            elif over.acquire(blocking=False):  # once, of several threads that may tell
                self._over(slot, task.error)

        forget = task.on_change(on_change)
        with self._state:
            if slot in self._in_flight:
                self._in_flight[slot] = forget
        self.plan.session.poller.watch(task)
        on_change(task)

    def _over(self, slot: Slot, error: FoxError | None) -> None:
        with self._state:
            self._failures = self._failures + 1 if error is not None else 0
            failures = self._failures
        if isinstance(error, FOR_ALL):
            # its money is its own: others may have been sent and paid; the last one's trouble stands nowhere else
            self._stopped(f"{error.what} {error.todo}".rstrip(), error)
        elif error is not None and failures >= STOP_AFTER:
            self.stop(f"{failures} failures in a row, the last: {error}")
        self._notify(slot)
        with self._state:
            self._in_flight.pop(slot, _nothing)()
            self._state.notify_all()

    def _notify(self, slot: Slot | None) -> None:
        with contextlib.suppress(Exception):  # what is shown must never keep the next picture from being made
            self._listener(slot)


def _nothing() -> None:
    """Stand for what ends the listening, while nobody listens yet."""
