"""Threads that cannot be started: what was told as an error is never sent, and everything ends."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from client.scripted import Step, say
from fox_nb import Fox, FoxError
from fox_nb.session.pool import Pool
from gateways import Gateway

pytestmark = pytest.mark.usefixtures("noise")

WAIT = 60.0


class Limit:
    """No new thread of fox_nb's with one of these names, as where a container has used up its number of processes."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.hit = 0


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Limit]:
    """`limit.names` are the threads that cannot be started from then on."""
    limit, start = Limit(), threading.Thread.start

    def limited(thread: threading.Thread) -> None:
        if limit.names and thread.name.startswith(limit.names):
            limit.hit += 1
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    yield limit
    limit.names = ()


def closes(fox: Fox) -> bool:
    """Whether close() returns."""
    closed = threading.Event()
    threading.Thread(target=lambda: (fox.close(), closed.set()), daemon=True).start()
    return closed.wait(WAIT)


def test_what_is_due_soon_is_done_once_a_thread_can_be_had(limit: Limit) -> None:
    """Work that no thread was to be had for is not taken for what is under way already: asked for again it is done."""
    pool, done = Pool(1, "soon"), threading.Event()
    limit.names = ("fox_nb-soon",)
    with pytest.raises(FoxError, match="cannot start another thread"):
        pool.soon(done.set)
    limit.names = ()
    pool.soon(done.set)
    assert done.wait(WAIT)
    pool.close(wait=True)


@pytest.mark.parametrize("name", ["fox_nb-asking", "fox_nb-sending"])
def test_what_was_told_as_an_error_is_never_sent(fox: Fox, sandbox: Any, limit: Limit, name: str) -> None:
    """Without a thread to send it a request is refused in words, is not sent with the next one, and asks anew as new."""
    limit.names = (name,)
    with pytest.raises(FoxError, match=r"cannot start another thread.*Nothing was sent"):
        fox.generate("told as an error")
    limit.names = ()
    fox.generate("the next one").wait()
    assert [creation["body"]["prompt"] for creation in sandbox.creations] == ["the next one"]
    assert fox.spent == pytest.approx(0.09)
    assert fox.generate("told as an error").wait().status == "completed"
    assert closes(fox)


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_interrupted_before_it_was_begun_is_not_sent_with_the_next_call(
    when: str, fox: Fox, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who stops a cell while its thread is being started pays for nothing of it, then or later."""
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        if when == "after":
            start(thread)
        monkeypatch.setattr(threading.Thread, "start", start)
        raise KeyboardInterrupt

    fox.session.prices.ask()
    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fox.generate("never mind")
    fox.generate("the next one").wait(WAIT)
    assert [creation["body"]["prompt"] for creation in sandbox.creations] == ["the next one"]
    assert closes(fox)


def test_a_task_that_nobody_can_look_after_says_so(fox: Fox, sandbox: Any, limit: Limit) -> None:
    """It was sent, so asking tells no error; who waits is told, and the same cell gets it when there is room again."""
    limit.names = ("fox_nb-poll-loop",)
    task = fox.generate("a fox")
    with pytest.raises(FoxError, match=r"cannot start another thread.*paid for once"):
        task.wait()
    limit.names = ()
    assert fox.generate("a fox").wait().status == "completed"
    assert len(sandbox.creations) == 1


def test_what_was_accepted_is_written_down_whoever_pays(
    fox_at: Callable[..., Fox], limit: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that says that a class pays is that of a paid task, also where the price list gets no thread."""

    def create(gateway: Gateway, _count: int, task_id: str) -> Step:
        monkeypatch.setattr("fox_nb.session.prices.ASK_AGAIN", 0.0)
        limit.names = ("fox_nb-prices",)
        return say(200, {**gateway.accepted(task_id), "usage": {"class_pays": True}})

    with Gateway(create=create) as gateway:
        task = fox_at(gateway).generate("a fox").wait(WAIT)
    assert (task.id, limit.hit > 0) == (*gateway.tasks, True)


def test_a_plan_that_cannot_begin_says_so_and_begins_later(fox: Fox, sandbox: Any, limit: Limit) -> None:
    """Without its thread a run is an error in words that has sent nothing; the next one makes the pictures, and ends."""
    plan = fox.sweep("phota-image", prompt=["a fox", "a cat"])
    limit.names = ("fox_nb-sweep",)
    with pytest.raises(FoxError, match=r"cannot start another thread.*Nothing was sent"):
        plan.run()
    assert sandbox.creations == []
    limit.names = ("fox_nb-sweep-asking",)  # the run itself asks where nobody else can
    ran = threading.Event()
    threading.Thread(target=lambda: (plan.run(), ran.set()), daemon=True).start()
    assert ran.wait(WAIT)
    assert [one.status for one in fox.tasks()] == ["completed"] * 2


@pytest.mark.parametrize("name", ["fox_nb-polling", "fox_nb-downloads"])
def test_looking_goes_on_with_the_threads_there_are(fox: Fox, sandbox: Any, limit: Limit, name: str) -> None:
    """Where polls and downloads get no threads of their own the poll loop makes them itself, one after the other."""
    limit.names = (name,)
    tasks = [fox.generate(f"fox {number}", num_outputs=2) for number in range(3)]
    for task in tasks:
        assert len(task.wait().images) == 2
    assert limit.hit
    assert len(sandbox.creations) == 3
    assert closes(fox)


def test_one_thread_does_what_five_were_for(limit: Limit) -> None:
    """With one thread running, what is handed in later is done by that one."""
    pool, go = Pool(4, "few"), threading.Event()
    first = pool.submit(go.wait)
    limit.names = ("fox_nb-few",)
    others = [pool.submit(lambda number=number: number) for number in range(4)]  # type: ignore[misc]
    go.set()
    assert first.result(WAIT)
    assert [other.result(WAIT) for other in others] == [0, 1, 2, 3]
    pool.close(wait=True)


def test_a_fox_may_be_closed_from_its_own_thread(fox: Fox, sandbox: Any) -> None:
    """Whoever closes it while he is told of a task does not wait for himself, and nothing is sent after that."""
    with pytest.raises(FoxError, match="was closed before the request was sent"):
        fox.session.submit("phota-image", {"prompt": "a fox"}, journalled=lambda _task: fox.session.close())
    assert sandbox.creations == []


def test_tasks_are_listed_while_others_come(fox: Fox) -> None:
    """Whoever goes through the tasks of a kernel, as the bill does, is not stopped by another thread that asks for more."""
    row = fox.generate("a fox").wait().row
    keep = []

    def add() -> None:
        keep.extend(fox.session.task(row._replace(identity=str(number))) for number in range(4_000))

    adding = threading.Thread(target=add)
    adding.start()
    while adding.is_alive():
        fox.session.held()
    adding.join(WAIT)
    assert len(keep) == 4_000
