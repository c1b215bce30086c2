"""The poll loop and its pool: one chain of polls a task, threads that end, work that is not lost."""

import math
import threading
from concurrent.futures import CancelledError, wait
from typing import Any

import pytest

from fox_nb.session.poll_loop import PollLoop, PollResult
from fox_nb.session.pool import Pool
from fox_nb.settings import Polling
from processes import ended, until


class Subject:
    waited = 0.0
    estimate = 0.01
    spread = 0.1


def poll_loop(look: Any, **polling: Any) -> PollLoop:
    given: dict[str, Any] = {"first_looks": (0.01,), "at_least": 0.01, "per_second": 1000, **polling}
    return PollLoop(look, Pool(2, "test"), Polling(**given))


def test_left_and_watched_again_is_looked_at_once_a_turn() -> None:
    """However often a task is left and watched anew, it has one chain of looks."""
    looks = threading.Semaphore(0)
    one = poll_loop(lambda _subject: looks.release() or PollResult(soon=3600.0))
    for _ in range(5):
        one.watch("a", Subject(), delay=0.05)
        one.leave("a")
    one.watch("a", Subject(), delay=0.05)
    assert looks.acquire(timeout=60)
    assert not looks.acquire(timeout=0.3)
    one.stop()


def test_a_pace_without_first_looks() -> None:
    """A pace may name no first looks at all."""
    looked = threading.Event()
    one = poll_loop(lambda _subject: looked.set() or PollResult(soon=3600.0), first_looks=())
    one.watch("a", Subject())
    assert looked.wait(60)
    one.stop()


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("raised", [ZeroDivisionError, SystemExit])
def test_a_look_that_fails_is_made_again(caplog: pytest.LogCaptureFixture, raised: type[BaseException]) -> None:
    """Whatever goes wrong in a poll is logged, and the task is polled again."""
    looks: list[int] = []
    enough = threading.Event()

    def look(_subject: Subject) -> PollResult:
        looks.append(1)
        if len(looks) < 3:
            raise raised
        enough.set()
        return PollResult(soon=3600.0)

    one = poll_loop(look)
    one.watch("a", Subject())
    assert enough.wait(60)
    one.stop()
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 2


@pytest.mark.parametrize("soon", [1e12, float("inf"), float("nan")])
def test_a_time_that_nobody_can_sleep_for_stops_nobody(soon: float) -> None:
    """One task whose next look is due in ten thousand years does not keep the others from being looked at."""
    looked = threading.Event()

    def look(subject: Subject) -> PollResult:
        if subject is odd:
            return PollResult(soon=soon)
        looked.set()
        return PollResult(soon=3600.0)

    odd, other = Subject(), Subject()
    one = poll_loop(look)
    one.watch("odd", odd, delay=0.0)
    until(lambda: 3600 < one._watched["odd"].at - one._clock() < math.inf or None, "the odd one to have been looked at")
    one.watch("other", other, delay=0.01)
    assert looked.wait(60)
    assert one.is_watching("odd")
    one.stop()


def test_a_turn_that_fails_is_told_and_the_next_one_comes(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong between two looks, the tasks are looked after further, and it is told."""
    monkeypatch.setattr("fox_nb.session.poll_loop.AFTER_A_FAILURE", 0.01)
    looked = threading.Event()
    one = poll_loop(lambda _subject: looked.set() or PollResult(soon=3600.0))
    fails, next_due = [ZeroDivisionError(), OverflowError()], one._next_due

    def fail(next_turn: float) -> Any:
        if fails:
            raise fails.pop()
        return next_due(next_turn)

    monkeypatch.setattr(one, "_next_due", fail)
    one.watch("a", Subject(), delay=0.0)
    assert looked.wait(60)
    one.stop()
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 2


@pytest.mark.parametrize("raised", [OverflowError, SystemExit])
def test_what_a_look_found_and_could_not_be_noted_is_looked_at_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, raised: type[BaseException]
) -> None:
    """A task whose own figures break the schedule is not left alone for ever."""
    monkeypatch.setattr("fox_nb.session.poll_loop.AFTER_A_FAILURE", 0.01)
    looks = threading.Semaphore(0)

    class Broken(Subject):
        @property
        def waited(self) -> float:  # type: ignore[override]
            raise raised

    one = poll_loop(lambda _subject: looks.release() or PollResult())
    one.watch("a", Broken(), delay=0.0)
    assert all(looks.acquire(timeout=60) for _ in range(3))
    one.stop()
    assert "polled again" in caplog.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_has_died_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it looked after is known still: who waits finds out, and asks for it to be looked after."""
    looked = threading.Event()
    one = poll_loop(lambda _subject: looked.set() or PollResult(soon=3600.0))

    def dies(_next_turn: float) -> None:
        raise SystemExit

    monkeypatch.setattr(one, "_next_due", dies)
    one.watch("a", Subject(), delay=0.0)
    until(lambda: not one.is_watching("a") or None, "the thread to be gone")
    monkeypatch.undo()
    one.watch("a", Subject())
    assert looked.wait(60)
    one.stop()


def test_a_pool_that_closes() -> None:
    """What has begun is waited for where that is asked; what has not is cancelled; its threads end."""
    pool = Pool(1, "closing")
    begun, go_on = threading.Event(), threading.Event()
    first = pool.submit(lambda: begun.set() or go_on.wait(60))
    second = pool.submit(lambda: None)
    assert begun.wait(60)
    closing = threading.Thread(target=lambda: pool.close(wait=True))
    closing.start()
    until(lambda: second.cancelled() or None, "what has not begun to be cancelled")
    assert closing.is_alive()
    late = pool.submit(lambda: None)
    assert set(wait([second, late], 60).done) == {second, late}  # who waits for several is told, too
    go_on.set()
    ended(closing)
    assert first.result(60) is True
    with pytest.raises(CancelledError):
        late.result(60)
    assert not any(thread.name == "fox_nb-closing" for thread in threading.enumerate())
