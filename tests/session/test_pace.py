"""Pace: what the poll loop promises the gateway for all tasks of a kernel together."""

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pytest

from fox_nb.session.poll_loop import PollLoop, PollResult
from fox_nb.settings import Polling
from processes import until


@dataclass
class Watched:
    """A task that never ends."""

    waited: float = 0.0
    estimate: float = 1.0
    spread: float = 0.4


class AtOnce:
    """A pool that does the work where it is given, so that the moment of giving is the moment of the look."""

    def submit(self, work: Callable[[], Any]) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(work())
        return done


class Clock(threading.local):
    """The machine's clock, and what the poll loop's thread last read on it: a busy machine then changes no figure."""

    last = 0.0

    def __call__(self) -> float:
        self.last = time.monotonic()
        return self.last


class Log:
    """When which task was looked at, and what each look says it found."""

    def __init__(self) -> None:
        self.looks: list[tuple[float, int]] = []
        self.answers: list[PollResult] = []
        self.clock = Clock()
        self._lock = threading.Lock()

    def look(self, task: Watched) -> PollResult:
        with self._lock:
            self.looks.append((self.clock.last, id(task)))
            return self.answers.pop(0) if self.answers else PollResult()

    def __len__(self) -> int:
        return len(self.looks)


@pytest.fixture
def log() -> Log:
    """Nothing seen yet."""
    return Log()


@pytest.fixture
def watch(log: Log) -> Iterator[Callable[..., None]]:
    """Watch so many tasks under a Polling: ``watch(30, at_least=…, per_second=…)``."""
    started: list[PollLoop] = []

    def begin(count: int, **pace: Any) -> None:
        polling = Polling(first_looks=(), **pace)
        poll_loop = PollLoop(log.look, AtOnce(), polling, clock=log.clock, rng=random.Random(1))  # type: ignore[arg-type]
        started.append(poll_loop)
        for number in range(count):
            poll_loop.watch(f"{number}", Watched())

    yield begin
    for poll_loop in started:
        poll_loop.stop()


def test_so_many_a_second_for_all(log: Log, watch: Callable[..., None]) -> None:
    """Thirty tasks that are all due at once are looked at one after the other, at the pace that all share."""
    watch(30, at_least=0.01, per_second=50)
    until(lambda: len(log) > 40 or None, "forty looks")
    times = [at for at, _ in log.looks]
    assert all(later - earlier >= 1 / 50 - 1e-9 for earlier, later in itertools.pairwise(times))


@pytest.mark.usefixtures("short_pauses")
def test_so_often_for_one(log: Log, watch: Callable[..., None]) -> None:
    """One task alone is never looked at more often than `at_least`, also when looks get no answer."""
    log.answers = [PollResult(), PollResult(answered=False), PollResult()]
    watch(1, at_least=0.3, per_second=1000)
    until(lambda: len(log) >= 4 or None, "four looks")
    times = [at for at, _ in log.looks]
    assert all(later - earlier >= 0.3 - 1e-9 for earlier, later in itertools.pairwise(times))


def test_retry_after_holds_for_all(log: Log, watch: Callable[..., None]) -> None:
    """Once one look is told to come back later, no other task of the kernel is looked at before."""
    log.answers = [PollResult(), PollResult(answered=False, everybody_waits=1.0)]
    watch(30, at_least=0.01, per_second=200)
    until(lambda: len(log) > 20 or None, "twenty looks")
    times = [at for at, _ in log.looks]
    assert times[2] - times[1] >= 1.0 - 1e-9
    assert len({task for _, task in log.looks[:2]}) == 2
