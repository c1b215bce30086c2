"""Every row of the table of identity, from several kernels at once, and the moments between two rows."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from artifacts import MARKED_KEY
from fox_nb import BudgetExceeded, Fox, FoxError, InvalidRequest, NotFound, StoreError, SubmissionUnknown, TaskFailed
from fox_nb.session.task import Task
from fox_nb.settings import Timeouts
from kernels import Runner, notebook, printed
from processes import PATIENCE, Child, ended, until

pytestmark = pytest.mark.usefixtures("noise")

EDITS = """
import sys
from fox_nb import Fox
fox = Fox(base_url=sys.argv[1], store=sys.argv[2])
print("ready", flush=True)
fox.edit("in the snow", sys.argv[3]).wait()
print("done", flush=True)
"""


@pytest.fixture
def start(sandbox: Any, tmp_path: Path) -> Iterator[Callable[[], Child]]:
    """Starts another kernel that edits a picture; all are gone at the end."""
    Image.new("RGB", (64, 64), "orange").save(tmp_path / "fox.png")
    arguments = [sandbox.base_url, str(tmp_path / "fox_runs"), str(tmp_path / "fox.png")]
    with contextlib.ExitStack() as stack:

        def start() -> Child:
            env = {**os.environ, "FOXAPI_KEY": MARKED_KEY}
            kernel = stack.enter_context(Child("-c", EDITS, *arguments, env=env))
            assert kernel.line("the kernel") == "ready"
            return kernel

        yield start


def in_state(fox: Fox, *states: str) -> Task:
    """Wait until the journal has a row in one of these states."""

    def look() -> Task | None:
        return next((task for task in fox.tasks() if task.row.state in states), None)

    return until(look, f"a task that is {states}")


def test_watched_from_here_while_another_kernel_still_sends_it(
    sandbox: Any, open_fox: Callable[..., Fox], start: Callable[..., Any], tmp_path: Path
) -> None:
    """The same asking, while the first kernel waits for its answer, is the same task, and is watched to its end."""
    sandbox.misbehave("slow", on="create", seconds=6, times=1)
    first = start()
    fox = open_fox()
    in_state(fox, "sending")
    task = fox.edit("in the snow", tmp_path / "fox.png")
    assert task.reused
    assert (task.status, task.id) == ("pending", "")
    assert task.wait().status == "completed"
    assert first.end() == 0
    assert len(sandbox.creations) == 1


def test_killed_while_it_uploads(
    sandbox: Any, open_fox: Callable[..., Fox], start: Callable[..., Any], tmp_path: Path
) -> None:
    """A kernel that dies before the creating call has sent nothing: refused, its money back, sent when asked again."""
    sandbox.misbehave("slow", on="upload", seconds=600, times=1)
    first = start()
    fox = open_fox()
    in_state(fox, "preparing")
    until(lambda: not sandbox.faults or None, "the upload to arrive")
    assert fox.spent == pytest.approx(0.09)
    first.kill()
    task = in_state(fox, "refused") if fox.resume() else fox.tasks()[0]
    assert (task.status, task.row.error_code) == ("refused", "never_sent")
    assert fox.spent == 0
    assert sandbox.creations == []
    assert fox.edit("in the snow", tmp_path / "fox.png").wait().status == "completed"
    assert len(sandbox.creations) == 1


def lose(fox: Fox, sandbox: Any, prompt: str = "a fox", *, made: bool = True) -> Task:
    """Ask for a picture whose answer is lost."""
    sandbox.misbehave("lost_answer" if made else "hang_up", on="create", times=1)
    with pytest.raises(SubmissionUnknown) as lost:
        fox.generate(prompt)
    return lost.value.task  # type: ignore[no-any-return]


@pytest.mark.parametrize("paid", [True, False])
def test_settled_from_another_kernel(sandbox: Any, open_fox: Callable[..., Fox], paid: bool) -> None:
    """What one kernel settles holds for the other, which asks with the task in its hand."""
    one, other = open_fox(), open_fox()
    lose(one, sandbox, made=paid)
    (theirs,) = other.resume()
    theirs.settle(paid=paid)
    assert one.spent == other.spent == pytest.approx(0.09 if paid else 0)
    if paid:
        with pytest.raises(TaskFailed, match="answer was lost"):
            one.generate("a fox").wait()
    else:
        assert one.generate("a fox").wait().status == "completed"
    assert len(sandbox.creations) == (1 if paid else 2)


def test_sent_again_from_another_kernel(sandbox: Any, open_fox: Callable[..., Fox]) -> None:
    """A retry in one kernel is the task of all: the one that had lost it finds it done."""
    one, other = open_fox(), open_fox()
    mine = lose(one, sandbox)
    (theirs,) = other.resume()
    assert theirs.retry().wait().status == "completed"
    again = one.generate("a fox")
    assert again is mine
    assert again.wait().images[0].path == theirs.images[0].path
    assert one.spent == pytest.approx(0.18), "the lost one may have been paid, too"
    assert len(sandbox.creations) == 2


def test_a_retry_that_another_kernel_has_lost_is_told_first(sandbox: Any, open_fox: Callable[..., Fox]) -> None:
    """Who sends a failed task again, and doesn't know that another kernel has, and lost the answer, is told, not charged."""
    one, other = open_fox(), open_fox()
    sandbox.misbehave("failed", times=1)
    mine = one.generate("a fox")
    with pytest.raises(TaskFailed):
        mine.wait()
    theirs = other.generate("a fox")
    sandbox.misbehave("lost_answer", on="create", times=1)
    with pytest.raises(SubmissionUnknown):
        theirs.retry()
    with pytest.raises(SubmissionUnknown, match="not sent again"):
        mine.retry()
    assert (mine.status, len(sandbox.creations)) == ("unknown", 2)
    assert mine.retry().wait().status == "completed", "now it is known"
    assert len(sandbox.creations) == 3


def test_two_kernels_send_it_again_at_once(sandbox: Any, open_fox: Callable[..., Fox]) -> None:
    """Two retries of one lost sending at the same moment are one."""
    foxes = [open_fox() for _ in range(3)]
    lose(foxes[0], sandbox)
    tasks = [fox.resume()[0] for fox in foxes]
    together(*(lambda task=task: task.retry().wait() for task in tasks))
    assert len(sandbox.creations) == 2
    assert {task.status for task in tasks} == {"completed"}


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Make calls at once; what each gave or raised."""
    gate, found = threading.Barrier(len(calls), timeout=PATIENCE), [None] * len(calls)

    def one(number: int, call: Callable[[], Any]) -> None:
        gate.wait()
        try:
            found[number] = call()
        except FoxError as error:
            found[number] = error

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    ended(*threads)
    return found


def done(fox: Fox, _sandbox: Any) -> None:
    fox.generate("a fox").wait()


def under_way(fox: Fox, sandbox: Any) -> None:
    sandbox.misbehave("stuck", times=1)
    fox.generate("a fox")


def refused(fox: Fox, sandbox: Any) -> None:
    sandbox.misbehave("no_balance", on="create", times=1)
    with pytest.raises(FoxError):
        fox.generate("a fox")


def failed(fox: Fox, sandbox: Any) -> None:
    sandbox.misbehave("failed", times=1)
    with pytest.raises(TaskFailed):
        fox.generate("a fox").wait()


@pytest.mark.parametrize(
    ("before", "received", "becomes"),
    [
        (lambda _fox, _sandbox: None, 1, {"pending", "processing", "completed"}),
        (done, 1, {"completed"}),
        (under_way, 1, {"pending", "processing"}),
        (refused, 2, {"pending", "processing", "completed"}),
        (failed, 1, {"failed"}),
        (lose, 1, {"unknown"}),
    ],
    ids=["nothing", "done", "on its way", "refused", "failed", "unknown"],
)
def test_every_row_of_the_table_from_four_kernels_at_once(
    sandbox: Any, open_fox: Callable[..., Fox], before: Any, received: int, becomes: set[str]
) -> None:
    """Whatever the journal says, four kernels that ask at once get the same of it, and send it once at the most."""
    foxes = [open_fox() for _ in range(4)]
    before(foxes[0], sandbox)
    found = together(*(lambda fox=fox: fox.generate("a fox") for fox in foxes))
    tasks = [one.task if isinstance(one, SubmissionUnknown) else one for one in found]
    assert len(sandbox.creations) == received
    assert {task.identity for task in tasks} == {tasks[0].identity}
    assert {task.status for task in tasks} <= becomes
    assert all(isinstance(one, SubmissionUnknown) for one in found) == (becomes == {"unknown"})
    assert len(foxes[0].tasks()) == 1


def test_what_is_unknown_is_reserved(sandbox: Any, open_fox: Callable[..., Fox]) -> None:
    """A lost sending keeps its part of the budget, for all kernels, until somebody settles it."""
    one, other = open_fox(budget=0.10), open_fox(budget=0.10)
    lost = lose(one, sandbox, made=False)
    for fox in (one, other):
        with pytest.raises(BudgetExceeded) as refused:
            fox.generate("a cat")
        assert refused.value.left == pytest.approx(0.01)
    with pytest.raises(BudgetExceeded):
        lost.retry()
    assert lost.status == "unknown"
    lost.settle(paid=False)
    assert other.generate("a cat").wait().status == "completed"


def test_a_lost_task_whose_id_is_found(sandbox: Any, fox: Fox) -> None:
    """With the id from the gateway's console nothing is lost: it is watched, and its pictures land."""
    lost = lose(fox, sandbox)
    with pytest.raises(NotFound):
        lost.settle(paid=True, task_id="task-of-somebody-else")
    assert lost.status == "unknown"
    lost.settle(paid=True, task_id=sandbox.creations[0]["task_id"])
    assert lost.wait().images
    assert fox.generate("a fox") is lost
    assert len(sandbox.creations) == 1
    assert fox.spent == pytest.approx(0.09)


def test_a_journal_that_cannot_note_the_answer(sandbox: Any, fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full just then, the person gets the task's id in the error, and how to use it."""

    def full(*_: Any, **__: Any) -> None:
        raise StoreError("The journal cannot be written (disk full).")

    monkeypatch.setattr(fox.store.journal, "accepted", full)
    with pytest.raises(StoreError) as told:
        fox.generate("a fox")
    assert sandbox.creations[0]["task_id"] in str(told.value)
    assert "task.settle(paid=True, task_id=" in str(told.value)


def test_what_fails_between_journal_and_sending_is_not_sent(sandbox: Any, fox: Fox) -> None:
    """Somebody who is told of the task and fails: nothing was sent, the money is back, and asking again sends it."""

    def fails(_task: Task) -> None:
        raise ValueError("a front end that has gone")

    with pytest.raises(ValueError, match="front end"):
        fox.session.submit("phota-image", {"prompt": "a fox"}, journalled=fails)
    assert (fox.tasks()[0].status, fox.spent, sandbox.creations) == ("refused", 0, [])
    assert fox.generate("a fox").wait().status == "completed"


def test_closing_waits_for_an_answer(sandbox: Any, open_fox: Callable[..., Fox]) -> None:
    """A Fox that is closed while a creation is on the wire takes in its answer first: it holds what is paid for."""
    fox = open_fox()
    sandbox.misbehave("slow", on="create", seconds=1.5, times=1)
    asking = threading.Thread(target=lambda: together(lambda: fox.generate("a fox")))
    asking.start()
    until(lambda: sandbox.creations or None, "the creation to arrive")
    fox.close()
    ended(asking)
    other = open_fox()
    (task,) = other.tasks()
    assert task.id == sandbox.creations[0]["task_id"]
    assert other.generate("a fox").wait().status == "completed"
    assert len(sandbox.creations) == 1


def test_a_closed_fox_says_so(fox: Fox, sandbox: Any) -> None:
    """Asking a Fox that was closed is an error that says what to do, and sends nothing."""
    fox.session  # noqa: B018 - made, so that it can be closed
    fox.close()
    with pytest.raises(FoxError, match="closed"):
        fox.generate("a fox")
    with pytest.raises(StoreError, match="Make a new Fox"):
        fox.tasks()
    assert sandbox.creations == []


def test_time_outs_that_other_kernels_would_not_wait_for(open_fox: Callable[..., Fox]) -> None:
    """A creation may not take longer than the time after which other kernels take it for lost."""
    fox = open_fox(timeouts=Timeouts(read=1000))
    with pytest.raises(InvalidRequest, match="time-outs"):
        fox.generate("a fox")


def test_a_new_fox_says_what_is_unfinished(
    runner: Runner, sandbox: Any, sandbox_env: dict[str, str], tmp_path: Path
) -> None:
    """In a kernel, a new Fox says how much is under way and unknown; resume and tasks show it with time and cost."""
    from fox_nb.sandbox import Sandbox

    assert isinstance(sandbox, Sandbox)
    sandbox.misbehave("stuck", times=1)
    first = ["import fox_nb\nfox = fox_nb.Fox()", "fox.generate('a fox that takes long')", "fox.generate('lost')"]
    folder = runner.places.fresh("unfinished")
    sandbox.misbehave("lost_answer", on="create", times=1, after=1)
    runner.execute(notebook(*first), env=sandbox_env, folder=folder, allow_errors=True)
    second = ["import fox_nb\nfox = fox_nb.Fox()", "fox.resume()", "print(fox.resume())\nfox.tasks()"]
    node = runner.execute(notebook(*second), env=sandbox_env, folder=folder)
    said = printed(node.cells[0])
    assert "from earlier: 1 in progress, 1 unknown. fox.resume() goes on with them." in said
    table = node.cells[1].outputs[0]["data"]["text/html"]
    for words in ("a fox that takes long", "lost", "unknown", "0.09"):
        assert words in table
    assert "<Task phota-image unknown" in printed(node.cells[2])
    assert len(sandbox.creations) == 2
