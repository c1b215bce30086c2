"""Poll loop: one thread that polls all tasks of a kernel, at the pace that the gateway can be asked."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fox_nb.errors import FoxError
from fox_nb.session.backoff import next_poll, pause_after
from fox_nb.session.pool import Pool, start
from fox_nb.settings import Polling

if TYPE_CHECKING:
    from fox_nb.session.task import Task

LONGEST_SLEEP = 60.0
"""Seconds: a clock that is set, or a time that nobody can sleep for, never holds the thread for longer."""
LONGEST_DELAY = 86_400.0
AFTER_A_FAILURE = 5.0
"""Seconds before a turn or a poll that failed for a reason of our own is made again."""


class PollResult(NamedTuple):
    """What a poll of a task found.

    Attributes
    ----------
    done : bool
        The poll has seen itself to what comes next: it has left the task, or has it watched anew.
    answered : bool
        False when the gateway gave no answer, or it could not be noted: the next poll comes later and later.
    everybody_waits : float
        Seconds for which the gateway asked not to be asked at all (``Retry-After``).
    soon : float or None
        Seconds until the next poll, where the poll itself knows better than the schedule.
    """

    done: bool = False
    answered: bool = True
    everybody_waits: float = 0.0
    soon: float | None = None


@dataclass(eq=False, slots=True)
class _Due:
    """When a task is polled next; for ever from now while that is being done."""

    key: str
    subject: Task
    at: float
    failures: int = 0


class PollLoop:
    """Polls each task when it is due, until a poll says that it is done.

    Parameters
    ----------
    poll : callable
        Polls one task; runs in `pool`; says what it found.
    pool : Pool
        Where polls run.
    polling : Polling
        The pace for one task and for all.
    clock : callable
        Seconds that only grow.
    rng : Random, optional
        Spreads the pauses.
    """

    def __init__(
        self,
        poll: Callable[[Task], PollResult],
        pool: Pool,
        polling: Polling,
        *,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        self._poll = poll
        self._pool = pool
        self._polling = polling
        self._clock = clock
        self._rng = rng or random.Random()
        self._changed = threading.Condition()
        self._watched: dict[str, _Due] = {}
        self._quiet_until = 0.0
        self._thread: threading.Thread | None = None
        self._stopped = False

    def watch(self, key: str, subject: Task, *, delay: float | None = None) -> None:
        """Follow a task from now on, first after `delay` seconds; one that is watched already stays as it is.

        Raises
        ------
        FoxError
            There is no thread for it, and none can be started; it is not followed.
        """
        # before the lock: what is learned of it stands in the journal, which may be locked for a while
        delay = self._due_in(subject) if delay is None else delay
        with self._changed:
            if self._stopped:
                return
            self._have_a_thread()
            if key in self._watched:
                return
            self._put(key, subject, delay)

    def leave(self, key: str) -> None:
        """Stop following a task; it goes on at the gateway."""
        with self._changed:
            self._watched.pop(key, None)
            self._changed.notify()

    def is_watching(self, key: str) -> bool:
        """Return True while a task is followed; False when the thread that would do it has died."""
        with self._changed:
            return key in self._watched and self._thread is not None and self._thread.is_alive()

    @property
    def is_quiet(self) -> bool:
        """True while nothing is polled, as the gateway has asked for a pause."""
        return self._clock() < self._quiet_until

    def stop(self) -> None:
        """End the thread; nothing more is polled."""
        with self._changed:
            self._stopped = True
            self._watched.clear()
            self._changed.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=5)

    def _have_a_thread(self) -> None:
        """Start the thread where there is none, or where it has died: what it followed is still known."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = start(self._run, "fox_nb-poll-loop", "The task goes on and is paid for once.")

    def _due_in(self, subject: Task) -> float:
        waited = max(0.0, subject.waited)
        if waited > min(self._polling.first_looks, default=0.0):
            return 0.0  # of an earlier kernel: the first poll tells where it stands
        return self._pause(subject, waited)

    def _pause(self, subject: Task, waited: float) -> float:
        return next_poll(waited, subject.estimate, self._polling, self._rng, subject.spread) - waited

    def _put(self, key: str, subject: Task, delay: float, failures: int = 0) -> None:
        delay = min(LONGEST_DELAY, delay)  # in this order what is no number is that long, too
        self._watched[key] = _Due(key, subject, self._clock() + delay, failures)
        self._changed.notify()

    def _run(self) -> None:
        """Turn until nothing is left to follow; whatever goes wrong in a turn is told, and the next one comes."""
        while True:
            try:
                self._turns()
            except Exception:
                logging.getLogger("fox_nb").exception("Following the tasks failed; it goes on.")
                with self._changed:
                    self._changed.wait(AFTER_A_FAILURE)
            else:
                return

    def _turns(self) -> None:
        next_turn = 0.0
        while True:
            with self._changed:
                due = self._next_due(next_turn)
                if due is None:
                    self._thread = None
                    return
            next_turn = self._clock() + 1 / self._polling.per_second
            self._have_polled(due)

    def _have_polled(self, due: _Due) -> None:
        """Have the pool poll; where it can start no thread this one polls, and the others wait for their turn."""
        try:
            self._pool.submit(lambda: self._one(due))
        except FoxError:
            self._one(due)
        except BaseException:
            self._not_forgotten(due)
            raise

    def _next_due(self, next_turn: float) -> _Due | None:
        """Wait until a poll is due; None when nothing is left to follow."""
        while self._watched:
            first = min(self._watched.values(), key=lambda due: due.at)
            wait = max(first.at, next_turn, self._quiet_until) - self._clock()
            if wait <= 0:
                first.at = math.inf
                return first
            self._changed.wait(min(wait, LONGEST_SLEEP))
        return None

    def _one(self, due: _Due) -> None:
        if not self._is_current(due):
            return
        try:
            self._note(due, self._safely(due.subject))
        except BaseException:
            logging.getLogger("fox_nb").exception("What a poll found could not be noted; the task is polled again.")
            self._not_forgotten(due)

    def _not_forgotten(self, due: _Due) -> None:
        """Poll again later what could not be polled, unless somebody follows it anew already."""
        with self._changed:
            if self._is_current(due) and not self._stopped:
                self._put(due.key, due.subject, AFTER_A_FAILURE, due.failures + 1)

    def _note(self, due: _Due, seen: PollResult) -> None:
        """Say when the next poll is due: for this task, and for all where the gateway asked for a pause."""
        pause = 0.0 if seen.done else self._until_next(due, seen)  # before the lock, as above
        with self._changed:
            if seen.everybody_waits > 0:
                # a little longer, by chance: else thirty classmates who were all sent away come back as one
                wait = seen.everybody_waits * (1 + self._polling.jitter * self._rng.random())
                self._quiet_until = max(self._quiet_until, self._clock() + wait)
            if not seen.done and self._is_current(due):
                self._put(due.key, due.subject, pause, 0 if seen.answered else due.failures + 1)

    def _is_current(self, due: _Due) -> bool:
        with self._changed:
            return self._watched.get(due.key) is due

    def _until_next(self, due: _Due, seen: PollResult) -> float:
        if not seen.answered:
            return max(pause_after(due.failures, self._rng), self._polling.at_least)
        if seen.soon is not None:
            return seen.soon
        return self._pause(due.subject, max(0.0, due.subject.waited))

    def _safely(self, subject: Task) -> PollResult:
        """Poll; whatever goes wrong in it never ends the watching."""
        try:
            return self._poll(subject)
        except BaseException:  # the pool's future, which would hold it, is read by nobody
            if self._stopped:  # the store was closed meanwhile
                return PollResult(done=True)
            logging.getLogger("fox_nb").exception("A poll of a task failed; it is polled again.")
            return PollResult(answered=False)
