"""Sending: what becomes of a creation whose answer is late, lost, broken or a refusal; it is never sent twice by itself."""

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import pytest

import fox_nb
import gateways
from client.scripted import say
from fox_nb import Fox, FoxError, InvalidRequest, RequestRejected, SubmissionUnknown, TaskFailed, WaitTimeout
from fox_nb.client import Client
from fox_nb.session import Session, Task
from fox_nb.session.submission import SENDERS
from fox_nb.settings import DEFAULT_BASE_URL, Gateway, Polling, Timeouts, checked_key, hidden
from fox_nb.store import Store
from processes import PATIENCE, ended, until

LOST = [
    ("lost_answer", {}),
    ("hang_up", {}),
    ("cut", {}),
    ("server_error", {}),
    ("server_error", {"done": True}),
    ("bad_gateway", {}),
    ("unavailable", {}),
    ("json", {"kind": "not_json"}),
    ("json", {"kind": "wrong_types"}),
    ("json", {"kind": "empty"}),
]


@pytest.mark.parametrize(("fault", "parameters"), LOST, ids=str)
def test_a_lost_answer_is_sent_once(fox: Fox, sandbox: Any, fault: str, parameters: dict[str, Any]) -> None:
    """A creation whose answer is lost is told as unknown and was received once; asking again tells it again."""
    sandbox.misbehave(fault, on="create", times=50, **parameters)
    for _ in range(3):
        with pytest.raises(SubmissionUnknown) as lost:
            fox.generate("a fox")
        words = str(lost.value)
        assert words.startswith("'a fox' was sent at ")
        assert "num_outputs" not in words
        assert "$0.09" in words
        assert "task.settle(paid=True)" in words
    assert len(sandbox.creations) == 1
    assert fox.tasks()[0].status == "unknown"
    assert fox.spent == pytest.approx(0.09), "what may have been paid stays reserved until it is settled"


def test_an_answer_that_never_comes(sandbox: Any, store: Store) -> None:
    """When the gateway never answers, the time-out tells it as unknown, and nothing is sent again."""
    sandbox.misbehave("never", on="create", times=50)
    key = checked_key(hidden(sandbox.key))
    client = Client(sandbox.base_url, key, timeouts=Timeouts(connect=5, read=1))
    session = Session(
        Gateway(sandbox.base_url, key, is_sandbox=True),
        client,
        store,
        polling=Polling(first_looks=(0.05,), at_least=0.05, per_second=200),
    )
    with pytest.raises(SubmissionUnknown):
        session.submit("phota-image", {"prompt": "a fox"})
    session.close()
    client.close()
    assert len(sandbox.creations) == 1


@pytest.fixture
def store(tmp_path: Any) -> Any:
    """A store."""
    store = Store(tmp_path / "fox_runs")
    yield store
    store.close()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("bad_key", fox_nb.AuthenticationError),
        ("no_balance", fox_nb.InsufficientBalance),
        ("cdn_forbidden", fox_nb.AccessDenied),
    ],
)
def test_a_refusal_is_sent_again_when_asked_again(fox: Fox, sandbox: Any, fault: str, error: type[Exception]) -> None:
    """What the gateway certainly did not accept costs nothing, and asking again sends it as if for the first time."""
    sandbox.misbehave(fault, on="create", times=1)
    with pytest.raises(error):
        fox.generate("a fox")
    assert fox.spent == 0
    assert fox.tasks()[0].status == "refused"
    assert fox.generate("a fox").wait().status == "completed"
    assert fox.spent == pytest.approx(0.09)


@pytest.mark.parametrize("host", ["localhost:8888", "127.0.0.1", "192.168.1.4", "[::1]"])
def test_a_link_that_the_gateway_cannot_open(open_fox: Callable[..., Fox], fox: Fox, host: str) -> None:
    """What lies in one's own network is refused before it is paid for, unless the gateway lies there, too."""
    far = open_fox(base_url=DEFAULT_BASE_URL)
    values = {"prompt": "at night", "image_urls": ["https://example.com/a.jpg", f"http://{host}/files/photo.jpg"]}
    with pytest.raises(InvalidRequest, match="your own network"):
        far.session.validated("phota-image-edit", values)
    fox.session.validated("phota-image-edit", values)


def test_settled_as_not_paid(fox: Fox, sandbox: Any) -> None:
    """An unknown task that was not paid gives its reservation back, and asking again sends it."""
    sandbox.misbehave("hang_up", on="create", times=1)
    with pytest.raises(SubmissionUnknown) as lost:
        fox.generate("a fox")
    lost.value.task.settle(paid=False)
    assert fox.spent == 0
    assert fox.generate("a fox").wait().status == "completed"
    assert len(sandbox.creations) == 2


def test_settled_as_paid(fox: Fox, sandbox: Any) -> None:
    """An unknown task that was paid keeps its cost; its pictures are lost, and only a retry by hand sends again."""
    sandbox.misbehave("lost_answer", on="create", times=1)
    with pytest.raises(SubmissionUnknown) as lost:
        fox.generate("a fox")
    lost.value.task.settle(paid=True)
    again = fox.generate("a fox")
    with pytest.raises(TaskFailed, match="answer was lost"):
        again.wait()
    assert len(sandbox.creations) == 1
    assert again.retry().wait().status == "completed"
    assert fox.spent == pytest.approx(0.18)
    assert again.cost == pytest.approx(0.18)
    assert len(sandbox.creations) == 2


def test_a_failed_task_is_the_same_failure(fox: Fox, sandbox: Any) -> None:
    """A task that the gateway accepted and failed is the same failure when asked again; a retry is by hand."""
    sandbox.misbehave("failed", times=1, code="content_policy", message="That cannot be drawn.")
    for _ in range(2):
        with pytest.raises(TaskFailed) as failed:
            fox.generate("a fox").wait()
        assert failed.value.code == "content_policy"
        assert "That cannot be drawn" in str(failed.value)
        assert "refunds are not guaranteed" in str(failed.value)
    assert len(sandbox.creations) == 1
    assert fox.generate("a fox").retry().wait().images


def test_a_number_as_a_code(fox: Fox, sandbox: Any) -> None:
    """Codes are strings, sometimes numbers."""
    sandbox.misbehave("failed", times=1, code=4021, message="no")
    with pytest.raises(TaskFailed) as failed:
        fox.generate("a fox").wait()
    assert failed.value.code == "4021"


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("fault", ["rate_limit", "server_error", "bad_gateway", "cut", "lost_answer"])
def test_looks_that_fail_are_repeated(fox: Fox, sandbox: Any, fault: str) -> None:
    """A look that gets no answer is made again; the task is not harmed."""
    sandbox.misbehave(fault, on="read", times=2)
    assert fox.generate("a fox").wait().status == "completed"
    assert len(sandbox.creations) == 1


@pytest.mark.usefixtures("short_pauses")
def test_the_race(fox: Fox, sandbox: Any) -> None:
    """'completed' without results is not an end."""
    sandbox.misbehave("race", times=1)
    assert len(fox.generate("a fox").wait().images) == 1


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("fault", ["truncated", "page", "expired"])
def test_a_broken_download_is_repeated(fox: Fox, sandbox: Any, fault: str) -> None:
    """A picture that comes cut off, as HTML, or with a link that has died is fetched again, with what is whole on disk."""
    sandbox.misbehave(fault, on="result", times=1)
    image = fox.generate("a fox").wait().images[0]
    assert image.pil().size == (1024, 1024)
    assert len(sandbox.creations) == 1


def test_a_deadline(fox: Fox, sandbox: Any) -> None:
    """A deadline that passes tells so, and the work goes on."""
    sandbox.misbehave("stuck", times=1)
    task = fox.generate("a fox")
    with pytest.raises(WaitTimeout, match="never sent twice") as late:
        task.wait(0.3)
    assert isinstance(late.value, TimeoutError)
    assert task.is_watched
    for timeout in ("5", Decimal(5), timedelta(seconds=5), [5], True, float("nan"), 10**400):
        with pytest.raises(InvalidRequest, match="allowed is a number of seconds"):
            task.wait(timeout)


def press_ctrl_c() -> None:
    """Interrupt the main thread, from any thread."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def test_an_interrupt_leaves_the_work_going(fox: Fox, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A KeyboardInterrupt ends the waiting and nothing else."""
    task = fox.generate("a fox")
    monkeypatch.setattr(fox.session.poller, "watch", lambda _task: press_ctrl_c())  # what wait() does first
    with pytest.raises(KeyboardInterrupt):
        task.wait()
    monkeypatch.undo()
    assert task.wait().status == "completed"
    assert len(sandbox.creations) == 1


def test_an_interrupt_while_sending(fox: Fox, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A KeyboardInterrupt while the creation is on the wire loses nothing: its answer is taken in all the same."""
    interrupted, create = threading.Event(), fox.session.client.create

    def slowly(*sent: Any, **more: Any) -> Any:
        answer = create(*sent, **more)
        press_ctrl_c()
        # CPython sees a signal that comes just before the main thread begins to wait only when that wait has ended.
        if not interrupted.wait(10):
            press_ctrl_c()
        assert interrupted.wait(60)
        return answer

    monkeypatch.setattr(fox.session.client, "create", slowly)
    with pytest.raises(KeyboardInterrupt):
        fox.generate("a fox")
    interrupted.set()
    assert fox.generate("a fox").wait().status == "completed"
    assert len(sandbox.creations) == 1


def test_a_forgotten_upload_is_made_again(fox: Fox, sandbox: Any, tmp_path: Any) -> None:
    """An upload that the gateway threw out before its time is uploaded anew, and the task is made once."""
    picture = fox.generate("a cat").wait().images[0]
    fox.edit("blue", picture).wait()
    sandbox.misbehave("status", on="create", times=1, status=422)
    assert fox.edit("red", picture).wait().status == "completed"
    edits = [c for c in sandbox.creations if c["body"]["model"] == "phota-image-edit" and c["task_id"]]
    assert len(edits) == 2


def test_a_422_that_speaks_of_a_task_is_not_sent_again(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may have been accepted is sent once, though its upload may have been thrown out, too."""
    picture = fox.generate("a cat").wait().images[0]
    fox.edit("blue", picture).wait()
    refusals = iter([RequestRejected("The gateway refuses the request, and names a task.", http_status=422)])
    monkeypatch.setattr(fox.session.client, "create", Mock(side_effect=refusals))
    with pytest.raises(SubmissionUnknown):
        fox.edit("red", picture)


def test_an_upload_that_a_task_failed_for_is_made_again(fox: Fox, sandbox: Any) -> None:
    """Taken up when its upload was thrown out already, a task fails; a retry has a link that lives, and is paid for once."""
    picture = fox.generate("a cat").wait().images[0]
    fox.edit("blue", picture).wait()
    sandbox.advance(300 * 3600)  # of the gateway's clock alone
    with pytest.raises(TaskFailed, match="leads to nothing") as failed:
        fox.edit("red", picture).wait()
    failed.value.task.retry().wait()
    blue, red, again = (creation["body"]["image_urls"] for creation in sandbox.creations[1:])
    assert blue == red != again


def test_uploads_hold_up_nothing_that_has_none(fox_at: Callable[..., Fox]) -> None:
    """While more requests wait for their uploads than are sent at once, one of words alone is sent."""
    over = threading.Event()

    def slow(gateway: Any, line: Any) -> bool:
        over.wait(PATIENCE)
        return say(200, {"id": "file-1", "url": "https://storage.example/1.png"})(gateway, line)

    with gateways.Gateway() as gateway, ThreadPoolExecutor(SENDERS + 2) as callers:
        gateway.reads["/v1/files/upload/stream"] = slow
        fox = fox_at(gateway)
        edits = [callers.submit(fox.edit, "blue", gateways.picture(number)) for number in range(SENDERS + 1)]
        until(lambda: (len(fox.tasks()) > SENDERS and gateway.counts["/v1/files/upload/stream"]) or None, "the uploads")
        words = callers.submit(fox.generate, "a fox")
        try:
            until(lambda: gateway.tasks or None, "the request of words alone")
        finally:
            over.set()
        assert [one.result(PATIENCE).wait(PATIENCE).status for one in (words, *edits)] == ["completed"] * (SENDERS + 2)


def test_an_upload_near_its_end_is_made_again(fox: Fox, sandbox: Any) -> None:
    """Uploads live for 72 hours: one of yesterday is used again, one whose last hour has come is uploaded anew."""
    picture = fox.generate("a cat").wait().images[0]
    for prompt, hours in (("blue", 24), ("red", 47), ("green", 0)):
        fox.edit(prompt, picture).wait()
        with fox.store.journal.writing() as db:
            db.execute("UPDATE upload SET at = at - ?", (hours * 3600,))
    blue, red, green = (creation["body"]["image_urls"] for creation in sandbox.creations[1:])
    assert blue == red != green


def test_an_upload_of_a_clock_that_was_ahead_is_made_again(fox: Fox, sandbox: Any) -> None:
    """A link is not sent for as long as the clock was ahead when its file was uploaded: it is dead long before."""
    picture = fox.generate("a cat").wait().images[0]
    fox.edit("blue", picture).wait()
    with fox.store.journal.writing() as db:
        db.execute("UPDATE upload SET at = at + 30 * 86400")
    fox.edit("red", picture).wait()
    blue, red = (creation["body"]["image_urls"] for creation in sandbox.creations[1:])
    assert blue != red


def test_many_threads_make_one_creation(fox: Fox, sandbox: Any) -> None:
    """The same asking from many threads at once is one creation and one task."""
    tasks: list[Any] = []
    threads = [threading.Thread(target=lambda: tasks.append(fox.generate("a fox"))) for _ in range(12)]
    for thread in threads:
        thread.start()
    ended(*threads)
    assert len({id(task) for task in tasks}) == 1
    assert tasks[0].wait().status == "completed"
    assert len(sandbox.creations) == 1


def test_new_takes(fox: Fox, sandbox: Any) -> None:
    """`take="new"` is the next number not yet used; each take is another picture, the same take the same one."""
    first, second, third = fox.generate("a fox"), fox.generate("a fox", take="new"), fox.generate("a fox", take="new")
    assert (first.take, second.take, third.take) == (1, 2, 3)
    pictures = {task.wait().images[0].path.read_bytes() for task in (first, second, third)}
    assert len(pictures) == 3
    assert fox.generate("a fox", take=2) is second
    assert len(sandbox.creations) == 3


def test_looks_stop_with_the_last_task(fox: Fox) -> None:
    """Threads end when nothing is under way: the poll loop stops with its last task."""
    fox.generate("a fox").wait()
    deadline = time.monotonic() + 60
    while any(thread.name == "fox_nb-poll-loop" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def awaited(task: Task) -> Task:
    return await task


def test_another_kernel_sends_again_or_settles(open_fox: Callable[..., Fox], sandbox: Any) -> None:
    """Who waits for a task that had ended badly learns what another kernel with the same store made of it since."""
    one, other = open_fox(), open_fox()
    sandbox.misbehave("failed", times=1)
    task = one.generate("a fox")
    with pytest.raises(TaskFailed):
        task.wait()
    other.generate("a fox").retry()
    assert task.wait().images
    sandbox.misbehave("lost_answer", times=1)
    with pytest.raises(SubmissionUnknown) as lost:
        one.generate("an owl")
    with pytest.raises(SubmissionUnknown) as still:
        other.generate("an owl")
    still.value.task.settle(paid=False)
    with pytest.raises(FoxError, match="settled"):
        fox_nb.run(awaited(lost.value.task))
    assert lost.value.task.status == "refused"
    assert len(sandbox.creations) == 3


def test_two_kernels_watch_one_task(open_fox: Callable[..., Fox], sandbox: Any) -> None:
    """Two kernels with one store ask for the same: one creation, and both have the picture."""
    one, other = open_fox(), open_fox()
    first, second = one.generate("a fox"), other.generate("a fox")
    assert first.wait().images[0].path == second.wait().images[0].path
    assert second.reused
    assert len(sandbox.creations) == 1
