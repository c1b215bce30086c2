"""The watcher and its pool: one chain of looks a task, threads that end, work that is not lost."""

import threading
from concurrent.futures import CancelledError
from typing import Any

import pytest

from fox_nb.session.pool import Pool
from fox_nb.session.watcher import Seen, Watcher
from fox_nb.settings import Polling
from processes import until


class Subject:
    waited = 0.0
    estimate = 0.01
    spread = 0.1


def watcher(look: Any, **polling: Any) -> Watcher[Subject]:
    given: dict[str, Any] = {"first_looks": (0.01,), "at_least": 0.01, "per_second": 1000, **polling}
    return Watcher(look, Pool(2, "test"), Polling(**given))


def test_left_and_watched_again_is_looked_at_once_a_turn() -> None:
    """However often a task is left and watched anew, it has one chain of looks."""
    looks = threading.Semaphore(0)
    one = watcher(lambda _subject: looks.release() or Seen(soon=3600.0))
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
    one = watcher(lambda _subject: looked.set() or Seen(soon=3600.0), first_looks=())
    one.watch("a", Subject())
    assert looked.wait(60)
    one.stop()


def test_a_look_that_fails_is_made_again(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in a look is logged, and the task is looked at again."""
    monkeypatch.setattr("fox_nb.session.watcher.pause_after", lambda *_: 0.01)
    looks: list[int] = []
    enough = threading.Event()

    def look(_subject: Subject) -> Seen:
        looks.append(1)
        if len(looks) < 3:
            raise ZeroDivisionError
        enough.set()
        return Seen(soon=3600.0)

    one = watcher(look)
    one.watch("a", Subject())
    assert enough.wait(60)
    one.stop()
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 2


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
    go_on.set()
    closing.join(60)
    assert first.result() is True
    with pytest.raises(CancelledError):
        pool.submit(lambda: None).result()
    assert not any(thread.name == "fox_nb-closing" for thread in threading.enumerate())
