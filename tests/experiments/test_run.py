"""Run: a few at a time, at a rate, resumed where it stood, stopped when all goes wrong; nothing is paid twice."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artifacts import MARKED_KEY
from fox_nb import Fox, FoxError
from fox_nb.panels.sweep_view import SweepView
from processes import Child, until

pytestmark = pytest.mark.usefixtures("noise")
KERNEL = """
import sys
from fox_nb import Fox
from fox_nb.settings import Polling
fox = Fox(base_url=sys.argv[1], store=sys.argv[2], polling=Polling(first_looks=(.05,), at_least=.05, per_second=200))
fox.compare_enhance(sys.argv[3], creativity="0..1 step 0.25", resemblance="0..1 step 0.25", per_second=20).run()
print("done", flush=True)
"""


def kernel(sandbox: Any, store: Path, photo: Path) -> Child:
    """A process that runs a sweep of 25."""
    env = {**os.environ, "FOXAPI_KEY": MARKED_KEY}
    return Child("-c", KERNEL, sandbox.base_url, str(store), str(photo), env=env)


def bodies(sandbox: Any) -> list[tuple[float, float, int]]:
    """What the server was asked for."""
    return [(c["body"]["creativity"], c["body"]["resemblance"], c["take"]) for c in sandbox.creations]


def test_killed_half_way_and_resumed(sandbox: Any, open_fox: Callable[..., Fox], photo: Path, tmp_path: Path) -> None:
    """A kernel is killed in the middle of 25; the next sends only what is missing: the server counts 25 in all."""
    sandbox.misbehave("lasts", seconds=3600, after=8, times=4)
    fox = open_fox()

    def half_way() -> bool | None:
        """No creation is on the wire, so that the kill meets none: its fate would be unknown, and told, not sent again."""
        accepted = [task.status for task in fox.tasks() if task.id]
        return True if len(accepted) == 12 and accepted.count("completed") == 8 else None

    with kernel(sandbox, tmp_path / "fox_runs", photo):
        until(half_way, "half of the pictures")
    assert len(sandbox.creations) == 12
    sandbox.advance(3600)
    sweep = fox.compare_enhance(photo, creativity="0..1 step 0.25", resemblance="0..1 step 0.25", per_second=50)
    assert sweep.paid_already == len(sandbox.creations)
    sweep.run()
    assert sweep.plan.count("done") == 25
    assert len(sandbox.creations) == 25
    assert len(set(bodies(sandbox))) == 25


def test_an_interrupt_sends_no_more_and_a_second_run_goes_on(fox: Fox, photo: Path, sandbox: Any) -> None:
    """Stopped while it runs, what is under way lands; running again sends the rest, and each is sent once."""
    sandbox.misbehave("lasts", seconds=3600, after=2, times=2)
    sweep = fox.compare_enhance(photo, creativity="0..1 step 0.25", resemblance=[0.2, 0.8], at_once=2, per_second=50)
    sweep.start()
    until(lambda: sweep.plan.count("done") >= 2 or None, "two pictures")
    sweep.runner.stop()
    sandbox.behave()
    sandbox.advance(3600)
    sweep.runner.wait()
    made = len(sandbox.creations)
    assert 2 <= made < 10
    assert sweep.plan.count("done") == made
    assert sweep.plan.count("running") == 0
    sweep.run()
    assert len(bodies(sandbox)) == len({*bodies(sandbox)}) == 10


def test_ctrl_c_leaves_the_rest_going(fox: Fox, photo: Path, sandbox: Any) -> None:
    """KeyboardInterrupt during run() ends the waiting, sends no more, and what is under way lands all the same."""
    sandbox.misbehave("lasts", seconds=3600, after=3, times=2)
    sweep = fox.compare_enhance(photo, creativity="0..1 step 0.125", resemblance=[0.5], at_once=2, per_second=20)

    def interrupt() -> None:
        until(lambda: len(sandbox.creations) == 5 or None, "three pictures, and two that last")
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        sweep.run()
    sandbox.behave()
    sandbox.advance(3600)
    sweep.runner.wait()
    assert sweep.plan.count("done") == len(sandbox.creations) == 5
    assert "Stopped. Nothing more is sent" in SweepView(sweep)._state()["said"], "who stops it by hand has not failed"


def test_a_longer_axis_pays_for_the_new_cells_only(fox: Fox, photo: Path, sandbox: Any) -> None:
    """Three values, then five: two more are sent; the same again sends nothing."""
    fox.compare_enhance(photo, creativity=[0, 0.5, 1], resemblance=[0.5]).run()
    longer = fox.compare_enhance(photo, creativity="0..1 step 0.25", resemblance=[0.5])
    assert longer.paid_already == 3
    longer.run()
    assert len(sandbox.creations) == 5
    fox.compare_enhance(photo, creativity="0..1 step 0.25", resemblance=[0.5]).run()
    assert len(sandbox.creations) == 5


def test_takes_are_pictures_of_their_own(fox: Fox, photo: Path, sandbox: Any) -> None:
    """takes=3 makes three pictures of each setting; more takes pay for the new ones only."""
    fox.compare_enhance(photo, creativity=[0.8], resemblance=[0.2], takes=2).run()
    sweep = fox.compare_enhance(photo, creativity=[0.8], resemblance=[0.2], takes=3).run()
    assert sorted(take for _, _, take in bodies(sandbox)) == [1, 2, 3]
    paths = {take.picture.path.read_bytes() for take in sweep.comparison().cells[0, 0].takes if take.picture}
    assert len(paths) == 3


def test_only_so_many_at_a_time_and_a_second(open_fox: Callable[..., Fox], photo: Path, sandbox: Any) -> None:
    """At no moment are more than at_once under way at the gateway; creations keep apart by the rate."""
    fox = open_fox()
    sweep = fox.compare_enhance(photo, creativity="0..1 step 0.125", resemblance=[0.5], at_once=2, per_second=20)
    most = 0
    seen = threading.Lock()

    def look(_: object) -> None:
        nonlocal most
        with seen:
            most = max(most, sum(slot.on_its_way and not slot.is_made for slot in sweep.plan.slots))

    sweep.on_change(look)
    start = time.monotonic()
    sweep.run()
    assert 1 <= most <= 2
    assert time.monotonic() - start >= 8 / 20
    assert len(sandbox.creations) == 9


def test_a_failed_cell_is_tried_again_alone(fox: Fox, photo: Path, sandbox: Any) -> None:
    """One of three fails after it was accepted: its reason stands in its cell; trying it again sends that one only."""
    sandbox.misbehave("failed", times=1)
    sweep = fox.compare_enhance(photo, creativity=[0, 0.5, 1], resemblance=[0.5], at_once=1).run()
    assert [slot.state for slot in sweep.plan.slots] == ["failed", "done", "done"]
    assert "failed" in sweep.comparison().cells[0, 0].takes[0].reason
    assert len(sweep.plan.missing) == 0
    assert len(sandbox.creations) == 3
    task = sweep.retry(0, 0)
    assert task is not None
    task.wait()
    assert len(sandbox.creations) == 4
    assert sweep.run().plan.count("done") == 3
    assert len(sandbox.creations) == 4


def test_what_was_not_accepted_is_sent_by_the_next_run(fox: Fox, photo: Path, sandbox: Any) -> None:
    """A creation that the gateway refused is no payment: its cell says why, and running again sends it."""
    sandbox.misbehave("status", on="create", status=422, times=1)
    sweep = fox.compare_enhance(photo, creativity=[0, 0.5], resemblance=[0.5], at_once=1).run()
    assert [slot.state for slot in sweep.plan.slots] == ["failed", "done"]
    assert sweep.comparison().cells[0, 0].takes[0].reason
    assert sweep.run().plan.count("done") == 2


def test_many_failures_in_a_row_stop_the_sweep(fox: Fox, photo: Path, sandbox: Any) -> None:
    """After five failures in a row nothing more is sent, and the error says why and what was not paid."""
    sandbox.misbehave("failed", rate=1)
    sweep = fox.compare_enhance(photo, creativity="0..1 step 0.05", resemblance=[0.5], at_once=1, per_second=50)
    with pytest.raises(FoxError, match="5 failures in a row"):
        sweep.run()
    assert len(sandbox.creations) == 5
    sandbox.behave()
    assert sweep.run().plan.count("done") == 16


def test_a_key_that_is_refused_stops_at_once(open_fox: Callable[..., Fox], photo: Path, sandbox: Any) -> None:
    """What every further request would meet as well stops the sweep with the first, and is said where nothing else was to be sent, too."""
    fox = open_fox(api_key="another-key")
    sweep = fox.compare_enhance(photo, creativity="0..1 step 0.1", resemblance=[0.5], at_once=1)
    with pytest.raises(FoxError, match="The sweep was stopped"):
        sweep.run()
    assert sandbox.creations == []
    assert len(sweep.plan.missing) == 11
    with pytest.raises(FoxError, match="The sweep was stopped"):
        fox.compare_enhance(photo, creativity=[0.1], resemblance=[0.5]).run()


def test_a_key_that_is_refused_when_all_was_sent(open_fox: Callable[..., Fox], sandbox: Any) -> None:
    """Nothing is called not paid of what was accepted before."""
    sandbox.misbehave("status", on="read", status=401)
    with pytest.raises(FoxError) as stopped:
        open_fox().sweep("phota-image", prompt=["a fox"]).run()
    assert len(sandbox.creations) == 1
    assert "not paid." not in stopped.value.money
    assert "not paid again" in stopped.value.todo


def test_a_budget_that_ends_at_the_last_cell_is_told(open_fox: Callable[..., Fox]) -> None:
    """Nothing is left to stop then, and what was not sent is told all the same."""
    sweep = open_fox(budget=0.2).sweep("phota-image", prompt=["a fox", "an owl", "a bear"], at_once=1)
    with pytest.raises(FoxError, match="budget"):
        sweep.run()
    assert sweep.plan.count("done") == 2


def test_what_was_made_by_another_call_has_no_error_of_before(fox: Fox, photo: Path, sandbox: Any) -> None:
    """The table says of a row what is, not what was."""
    sandbox.misbehave("status", on="create", status=422, times=1)
    sweep = fox.compare_enhance(photo, creativity=[0], resemblance=[0.5]).run()
    assert sweep.to_frame()["error"][0]
    fox.enhance(photo, resolution="1K", creativity=0, resemblance=0.5).wait()
    sweep.plan.refresh()
    assert list(sweep.to_frame()[["status", "error"]].iloc[0]) == ["completed", ""]


def test_what_another_kernel_has_under_way_is_followed(
    sandbox: Any, open_fox: Callable[..., Fox], photo: Path, tmp_path: Path
) -> None:
    """Shown in a new kernel, a sweep watches what is under way and lands it, without sending anything."""
    sandbox.misbehave("stuck", times=1)
    first = open_fox()
    task = first.enhance(photo, resolution="1K", creativity=0.5, resemblance=0.5)
    first.close()
    sandbox.behave()
    sweep = open_fox().compare_enhance(photo, creativity=[0.5, 1], resemblance=[0.5])
    sweep.watch()
    assert sweep.runner.running
    assert not sweep.runner.sending
    assert [found.id for found in sweep.tasks] == [task.id]
    assert len(sandbox.creations) == 1


def test_the_threads_of_a_sweep_end_with_its_fox(sandbox: Any, open_fox: Callable[..., Fox], photo: Path) -> None:
    """A Fox that is closed while a sweep waits leaves no thread that waits for ever."""
    sandbox.misbehave("stuck")
    fox = open_fox()
    sweep = fox.compare_enhance(photo, creativity=[0, 0.5, 1], resemblance=[0.5], per_second=50)
    sweep.runner._pool._idle = 0.1  # seconds; else ten are waited for here
    sweep.start()
    until(lambda: len(sandbox.creations) == 3 or None, "three creations")
    fox.close()
    until(lambda: not sweep.runner.running or None, "the runner to end")
    until(
        lambda: not [t for t in threading.enumerate() if t.name in {"fox_nb-sweep", "fox_nb-darkroom"}] or None,
        "the sweep's threads to end",
    )


@pytest.mark.parametrize("raised", [RuntimeError, SystemExit])
def test_a_listener_that_breaks_does_not_break_the_run(fox: Fox, photo: Path, raised: type[BaseException]) -> None:
    """Whatever a display does, the pictures are made, and the others who listen are told."""
    sweep, told = fox.compare_enhance(photo, creativity=[0, 1], resemblance=[0.5]), list[object]()

    def broken(_: object) -> None:
        raise raised("the display has gone")

    sweep.on_change(broken)
    sweep.on_change(told.append)
    assert sweep.run().plan.count("done") == 2
    assert told
