"""Resume: after kill -9, in another kernel, the same line goes on where it stood; what is unknown is told."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artifacts import MARKED_KEY
from client.scripted import Step, say
from fox_nb import AuthenticationError, Fox, SubmissionUnknown, Task, WaitTimeout
from gateways import Gateway
from processes import PATIENCE, Child, until

pytestmark = pytest.mark.usefixtures("noise")

KERNEL = """
import sys
import threading
from fox_nb import Fox
fox = Fox(base_url=sys.argv[1], store=sys.argv[2])
task = fox.generate("a fox in the snow")
print(task.id, flush=True)
task.wait()
print("done", flush=True)
"""


def kernel(sandbox: Any, store: Path) -> Child:
    """A process that asks for a picture and waits for it."""
    return Child("-c", KERNEL, sandbox.base_url, str(store), env={**os.environ, "FOXAPI_KEY": MARKED_KEY})


def test_killed_while_it_was_under_way(sandbox: Any, open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """A kernel is killed while its task is under way: the next one watches the same task to its end, for nothing."""
    sandbox.misbehave("stuck", times=1)
    with kernel(sandbox, tmp_path / "fox_runs") as first:
        task_id = first.line("the task's id")
    sandbox.behave()
    fox = open_fox()
    assert [task.id for task in fox.resume()] == [task_id]
    task = fox.generate("a fox in the snow")
    assert task.id == task_id
    assert task.status in {"pending", "processing"}
    assert len(sandbox.creations) == 1


def test_killed_while_a_creation_is_answered(sandbox: Any, open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """A kernel is killed while the gateway answers: the creation is unknown, with its time and what to check."""
    sandbox.misbehave("slow", on="create", seconds=30, times=1)
    with kernel(sandbox, tmp_path / "fox_runs"):
        until(lambda: sandbox.creations or None, "the creation to arrive")
    fox = open_fox()
    with pytest.raises(SubmissionUnknown, match="The process ended before the answer came"):
        fox.generate("a fox in the snow")
    assert [task.status for task in fox.resume()] == ["unknown"]
    assert len(sandbox.creations) == 1


def test_run_all_twice(sandbox: Any, open_fox: Callable[..., Fox]) -> None:
    """The same lines in a new kernel make no creation and give the same files."""

    def lines(fox: Fox) -> list[str]:
        picture = fox.generate("a fox", num_outputs=2).wait().images[1]
        edited = fox.edit("at night", picture).wait().images[0]
        enhanced = fox.enhance(edited, resolution="1K", creativity=0.1 + 0.2).wait().images[0]
        return [str(image.path) for image in (picture, edited, enhanced)]

    first = lines(open_fox())
    received = len(sandbox.creations)
    assert lines(open_fox()) == first
    assert len(sandbox.creations) == received == 3


def test_deleted_pictures_are_fetched_again(sandbox: Any, open_fox: Callable[..., Fox]) -> None:
    """Pictures that somebody deleted are fetched again while their links live, for nothing."""
    path = open_fox().generate("a fox").wait().images[0].path
    path.unlink()
    again = open_fox().generate("a fox").wait()
    assert again.images[0].path == path
    assert path.exists()
    assert len(sandbox.creations) == 1


@pytest.mark.usefixtures("short_pauses")
def test_an_hour_without_network(sandbox: Any, open_fox: Callable[..., Fox]) -> None:
    """While the gateway cannot be reached the task waits, says so, and goes on when it is back."""
    sandbox.misbehave("hang_up", on="read", times=10_000)
    fox = open_fox()
    told = threading.Event()

    def listen(task: Task) -> None:
        task.on_change(lambda task: told.set() if task.trouble else None)

    task = fox.session.submit("phota-image", {"prompt": "a fox"}, journalled=listen)
    assert told.wait(PATIENCE)
    sandbox.behave()
    assert task.wait(PATIENCE).status == "completed"
    assert len(sandbox.creations) == 1


def test_nothing_of_one_gateway_for_another(sandbox: Any, open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """The sandbox is one gateway whatever its port: a second one gives back what the first one made."""
    from fox_nb.sandbox import Sandbox

    made = open_fox().generate("a fox").wait().images[0].path
    with Sandbox(keys=[MARKED_KEY], speed=500) as second:
        fox = open_fox(base_url=second.base_url)
        assert fox.generate("a fox").images[0].path == made
        assert second.creations == []


LEAVES = """
import os, sys
from fox_nb import Fox
with Fox(base_url=sys.argv[1], store=sys.argv[2]) as fox:
    fox.generate("a fox").wait()
    if sys.argv[3:]:
        fox.generate("a bear"), fox.generate("a cat")
if hasattr(os, "fork") and os.fork() == 0:
    sys.exit()
if hasattr(os, "fork"):
    os.wait()
"""


def script_says(sandbox: Any, store: Path, *arguments: str) -> list[str]:
    """What a script says on stderr, whether it leaves two tasks in progress or none."""
    command = [sys.executable, "-W", "ignore", "-c", LEAVES, sandbox.base_url, str(store), *arguments]
    env = {**os.environ, "FOXAPI_KEY": MARKED_KEY}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=240)
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_a_script_that_ends_too_soon_says_so(sandbox: Any, open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """A script says who answers; one that ends without its pictures says once what gets them, and that gets them."""
    sandbox.misbehave("lasts", seconds=3600, times=2, after=1)
    *first, left = script_says(sandbox, tmp_path / "fox_runs", "and goes")
    assert first[0].startswith("fox_nb: running on the built-in sandbox")
    assert max(map(len, first)) < 100
    assert left.startswith("fox_nb: 2 tasks are still in progress. They are paid for; fox.resume().wait() gets the")
    sandbox.advance(3600)
    assert [task.images[0].path.exists() for task in open_fox().resume().wait(PATIENCE)] == [True, True]
    assert script_says(sandbox, tmp_path / "fox_runs") == first
    assert len(sandbox.creations) == 3


SENDS = """
import sys
from fox_nb import Fox
Fox(base_url=sys.argv[1], store=sys.argv[2]).generate("a fox")
"""


def test_a_script_that_is_stopped_while_it_sends_waits_for_the_answer(
    fox_at: Callable[..., Fox], tmp_path: Path
) -> None:
    """Ctrl+C while a creation is on the wire loses no id: its picture is got like any other task's."""
    sent, stopped = threading.Event(), threading.Event()

    def create(gateway: Gateway, _count: int, task_id: str) -> Step:
        sent.set()
        assert stopped.wait(PATIENCE)
        return say(200, gateway.accepted(task_id))

    with Gateway(create=create) as gateway:
        env = {**os.environ, "FOXAPI_KEY": MARKED_KEY}
        with Child("-c", SENDS, gateway.url, str(tmp_path / "own_runs"), env=env) as script:
            assert sent.wait(PATIENCE)
            script.send_signal(signal.SIGINT)
            while script.line("the interrupt") != "KeyboardInterrupt":
                pass
            stopped.set()
            assert script.end() != 0
        assert fox_at(gateway).resume()[0].wait(PATIENCE).status == "completed"
        assert len(gateway.creations()) == 1


def test_an_empty_key_is_told(
    sandbox: Any, open_fox: Callable[..., Fox], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the sandbox answers because the key's variable is empty, that is what is said."""
    monkeypatch.setenv("FOXAPI_KEY", "")
    open_fox()
    said = capsys.readouterr()
    assert (said.out, "FOXAPI_KEY is set, but empty" in said.err) == ("", True)


def test_a_list_is_waited_for(sandbox: Any, open_fox: Callable[..., Fox], capsys: pytest.CaptureFixture[str]) -> None:
    """All that is in progress is waited for together; what fails stays in the list, and is told."""
    sandbox.misbehave("lasts", seconds=3600, times=3)
    sandbox.misbehave("failed", times=1)
    fox = open_fox()
    for number in range(3):
        fox.generate(f"a fox, {number}")
    with pytest.raises(WaitTimeout, match=r"^3 of 3 tasks are not done after 0\.01 s"):
        fox.tasks().wait(0.01)
    fox.close()  # else it may see the end of one before the list is made
    sandbox.advance(3600)
    fox = open_fox()
    assert [task.status for task in fox.resume().wait(PATIENCE)] == ["completed", "completed", "failed"]
    assert "1 of 3 tasks failed" in capsys.readouterr().err
    assert len(fox.tasks().wait(PATIENCE)) == 3  # which asks nobody: all of it has ended


def test_a_list_of_what_cannot_be_asked_about(sandbox: Any, open_fox: Callable[..., Fox]) -> None:
    """Where the gateway refuses to be asked, waiting for the list raises that, as each task's own does."""
    sandbox.misbehave("lasts", seconds=3600, times=2)
    for number in range(2):
        open_fox().generate(f"a fox, {number}")
    sandbox.misbehave("status", on="read", status=401, times=100_000)
    with pytest.raises(AuthenticationError):
        open_fox().resume().wait(PATIENCE)
