"""Resume: after kill -9, in another kernel, the same line goes on where it stood; what is unknown is told."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artifacts import MARKED_KEY
from fox_nb import Fox, SubmissionUnknown, Task
from processes import Child, until

KERNEL = """
import sys
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
    sandbox.misbehave("hang_up", on="read", times=3)
    fox = open_fox()
    seen: list[str] = []

    def listen(task: Task) -> None:
        task.on_change(lambda task: seen.append(str(task.trouble)) if task.trouble else None)

    task = fox.session.submit("phota-image", {"prompt": "a fox"}, journalled=listen)
    assert task.wait().status == "completed"
    assert seen
    assert len(sandbox.creations) == 1


def test_nothing_of_one_gateway_for_another(sandbox: Any, open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """The sandbox is one gateway whatever its port: a second one gives back what the first one made."""
    from fox_nb.sandbox import Sandbox

    made = open_fox().generate("a fox").wait().images[0].path
    with Sandbox(keys=[MARKED_KEY], speed=500) as second:
        fox = open_fox(base_url=second.base_url)
        assert fox.generate("a fox").images[0].path == made
        assert second.creations == []
