"""What an adversary of the code tried: each was a way to lose a result, to pay anew, or to be told the wrong thing."""

import json
import os
import random
import shutil
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from client.scripted import Step, say
from fox_nb import (
    DownloadFailed,
    Fox,
    FoxError,
    InvalidRequest,
    NotFound,
    StoreError,
    SubmissionUnknown,
    TaskFailed,
    tasks,
)
from fox_nb.client import accounts
from fox_nb.client.exchange import Exchange
from fox_nb.client.transport import HttpTransport
from fox_nb.session import backoff, irregular, poll_loop
from fox_nb.session.task import Task
from fox_nb.settings import Polling
from fox_nb.store.ledger import Ledger
from gateways import Gateway
from processes import PATIENCE

pytestmark = pytest.mark.usefixtures("noise")

DAY = 86_400.0


def later(fox: Fox, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this Fox think that so much time has passed."""
    monkeypatch.setattr(fox.session, "now", lambda: time.time() + seconds)
    for part in (fox.session.poller, fox.session.uploads):
        monkeypatch.setattr(part, "_now", fox.session.now)


# -- pictures that somebody has deleted ---------------------------------------------------------------------------


@pytest.fixture
def deleted(open_fox: Callable[..., Fox]) -> Task:
    """A task of two pictures, both deleted from the folder since."""
    task = open_fox().generate("a fox that is thrown away", num_outputs=2).wait()
    for image in task.images:
        image.path.unlink()
    return task


def test_what_was_paid_for_stays_completed(
    deleted: Task, open_fox: Callable[..., Fox], sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days after, asking again sends nothing: the task is completed, and says that its files are gone and what to do."""
    fox = open_fox()
    later(fox, 3 * DAY, monkeypatch)
    task = fox.generate("a fox that is thrown away", num_outputs=2)
    with pytest.raises(DownloadFailed) as gone:
        task.wait()
    for words in ("deleted from the folder", "links have died", "$0.18", "take=2"):
        assert words in str(gone.value)
    assert gone.value.gone
    assert (task.status, fox.session.row(task.identity).error_code) == ("completed", "")
    assert task.retry().status == "completed"
    assert len(sandbox.creations) == 1
    assert "completed" in fox.tasks()._repr_html_()
    assert "deleted" in fox.tasks().to_frame().error[0]


def test_a_page_says_what_is_gone(deleted: Task, open_fox: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its page shows what is left of the pictures, says that they are gone, and links to no file that is not there."""
    from fox_nb.display.task_pages import task_page

    fox = open_fox()
    later(fox, 3 * DAY, monkeypatch)
    page = task_page(fox.generate("a fox that is thrown away", num_outputs=2))
    assert "deleted from the folder" in page
    assert "take=2" in page
    assert "Open the full picture" not in page


def test_who_uses_a_file_that_is_gone_is_told_how_it_comes_back(deleted: Task, tmp_path: Path) -> None:
    """Neither Python's own error nor advice about folders and free space: those are not what is missing."""
    (tmp_path / "there.jpg").write_bytes(b"another")
    for use in (
        deleted[0].pil,
        lambda: np.asarray(deleted[0]),
        lambda: deleted[0].save(tmp_path),
        lambda: deleted[0].save(tmp_path / "there.jpg"),
    ):
        with pytest.raises(FoxError, match=r"was deleted .*\.wait\(\)"):
            use()


def test_one_of_two_is_left(deleted: Task, open_fox: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has deleted one of two pictures by intention runs the notebook on with the other one."""
    deleted.images[1].path.write_bytes(b"put back")
    fox = open_fox()
    later(fox, 3 * DAY, monkeypatch)
    task = fox.generate("a fox that is thrown away", num_outputs=2).wait()
    assert [image.path.exists() for image in task.images] == [False, True]


def test_what_was_made_of_a_deleted_picture_is_known(
    open_fox: Callable[..., Fox], sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run again, a notebook gets the edit of a picture that was deleted since; one that was never uploaded can't be edited."""
    fox = open_fox()
    other, picture = fox.generate("a fox", num_outputs=2).wait().images
    edited = fox.edit("at night", picture).wait().images[0].path
    other.path.unlink()
    picture.path.unlink()
    fox = open_fox()
    later(fox, 3 * DAY, monkeypatch)
    with pytest.raises(DownloadFailed):
        fox.generate("a fox", num_outputs=2).wait()
    other, picture = fox.tasks(text="a fox")[-1].images
    assert fox.edit("at night", picture).wait().images[0].path == edited
    with pytest.raises(StoreError, match="Hand over the picture itself"):
        fox.edit("at noon", other)
    assert len(sandbox.creations) == 2


def test_a_sweep_whose_pictures_are_gone_runs_to_its_end(
    open_fox: Callable[..., Fox], sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each cell says that its picture is gone; none counts as a failure that would stop the run, and none is made anew."""
    ratios = ["1:1", "2:3", "3:2", "3:4", "4:3", "9:16", "16:9"]
    fox = open_fox()
    fox.sweep("phota-image", prompt="a fox", aspect_ratio=ratios, at_once=1, per_second=50).run()
    for task in fox.tasks():
        task.images[0].path.unlink()
    fox = open_fox()
    later(fox, 3 * DAY, monkeypatch)
    sweep = fox.sweep("phota-image", prompt="a fox", aspect_ratio=ratios, at_once=1, per_second=50)
    sweep.run()
    frame = sweep.to_frame()
    assert list(frame.status) == ["completed"] * len(ratios)
    assert all("take=2" in error for error in frame.error)
    assert len(sandbox.creations) == len(ratios)


@pytest.mark.usefixtures("short_pauses")
def test_links_that_died_early(deleted: Task, open_fox: Callable[..., Fox], sandbox: Any) -> None:
    """Within the day, when the gateway has them no more, the task stays completed, and the download's error is told."""
    sandbox.misbehave("expired", on="result", times=50)
    task = open_fox().generate("a fox that is thrown away", num_outputs=2)
    with pytest.raises(DownloadFailed, match="expired"):
        task.wait()
    assert task.status == "completed"
    sandbox.behave()
    assert open_fox().generate("a fox that is thrown away", num_outputs=2).wait().images[0].path.exists()
    assert len(sandbox.creations) == 1


def test_folders_that_are_deleted_or_moved_under_way(fox: Fox, tmp_path: Path) -> None:
    """The store's folders are made again, for their owner alone, or followed to a bigger disk: nothing paid is lost."""
    fox.generate("a fox").wait()
    for place in (fox.store.pictures, fox.store.sources):
        shutil.rmtree(place)
    assert fox.edit("at night", np.zeros((48, 64, 3), "uint8")).wait().images[0].path.exists()
    modes = [stat.S_IMODE(place.stat().st_mode) for place in (fox.store.pictures, fox.store.sources)]
    assert os.name != "posix" or modes == [0o700, 0o700]
    fox.store.pictures.rename(tmp_path / "big")
    fox.store.pictures.symlink_to(tmp_path / "big")
    picture = fox.generate("a cat").wait().images[0].path
    assert picture.parent == (tmp_path / "big").resolve()


# -- tasks that the gateway does not know ----------------------------------------------------------------------------


def test_a_404_does_not_end_a_paid_task(
    open_fox: Callable[..., Fox], sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another key, another host or a bad hour: who waits is told, the task is not given up, and is found again later."""
    monkeypatch.setattr(irregular, "LOST_AFTER", 0.0)
    monkeypatch.setattr(irregular, "IRREGULAR_FOR", 0.0)
    sandbox.misbehave("status", on="read", status=404, times=100_000)  # also for a wait that begins after it was told
    fox = open_fox()
    task = fox.generate("a fox that is not known for a moment")
    with pytest.raises(NotFound):
        task.wait()
    assert task.status in {"pending", "processing"}
    sandbox.behave()
    assert fox.generate("a fox that is not known for a moment").wait().status == "completed"
    assert len(sandbox.creations) == 1


@pytest.mark.usefixtures("short_pauses")
def test_a_404_after_a_day_is_an_end(fox: Fox, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no link can live any more either, and it is said for a while, the task has come to nothing, and says so."""
    monkeypatch.setattr(irregular, "IRREGULAR_FOR", 0.1)
    sandbox.misbehave("status", on="read", status=404, times=100_000)
    task = fox.generate("a fox of which nobody knows")
    later(fox, 2 * DAY, monkeypatch)
    with pytest.raises(TaskFailed, match="no longer knows this task"):
        task.wait()
    assert task.status == "failed"


def test_a_clock_that_is_set_under_way(fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that seems to be decades old, as the machine learned the time only now, survives a 404 and is polled on."""
    monkeypatch.setattr(backoff, "LONGEST_PAUSE", 0.1)
    monkeypatch.setattr(poll_loop, "pause_after", lambda *_: 0.1)
    after = iter([say(200, {"id": "task-unified-1", "status": "processing"}), say(404, {"error": {"message": "who?"}})])
    is_set = threading.Event()

    def poll(gateway: Gateway, _count: int, task_id: str) -> Step:
        done = say(200, gateway.completed(task_id))
        return next(after, done) if is_set.is_set() else say(200, {"id": task_id, "status": "processing"})

    with Gateway(poll=poll) as gateway:
        fox = fox_at(gateway)
        later(fox, -1.7e9, monkeypatch)
        task = fox.generate("a fox on a board without a clock")
        later(fox, 0, monkeypatch)
        is_set.set()
        assert task.wait(PATIENCE).status == "completed"


# -- what the gateway answers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("estimate", "seconds"), [(30.0, 30.0), (45_000.0, 135.0), (1e308, 135.0), (-5.0, 45.0), (0.0, 45.0)]
)
def test_an_estimate_that_is_none(fox: Fox, estimate: float, seconds: float) -> None:
    """A task that is said to take hours (in milliseconds, perhaps) is looked at soon: it may be done as any other."""
    assert fox.session.poller.seconds("phota-image", "1K", estimate) == seconds
    assert backoff.next_poll(6.0, seconds, Polling(), random.Random(1)) < 60


def test_a_night_without_a_kernel_teaches_nothing(open_fox: Callable[..., Fox]) -> None:
    """A task whose end was seen in the morning is no reason to look at the next one hours after it was sent."""
    fox = open_fox()
    fox.generate("a fox in the evening").wait()
    with fox.store.journal.writing() as db:
        db.execute("UPDATE task SET accepted = accepted - 43200")
    assert open_fox().session.poller.seconds("phota-image", "1K") == 45.0


@pytest.mark.parametrize("price", [1e300, 1e308, 10_001, "1e999"])
def test_a_price_that_is_none(price: Any) -> None:
    """A price that no picture has is none: the estimate stands, and nothing overflows."""
    item = {"model_name": "phota-image", "quota_type": 1, "model_price": price}
    prices = accounts.read_prices({"data": [item], "group_ratio": {"default": 10}}, "default")
    assert prices is not None
    assert prices.of("phota-image") is None


def test_an_id_that_would_be_another_call(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task whose id is '..' can never be asked for: its fate is unknown, and told at once."""
    said = json.dumps({"id": "..", "status": "pending"}).encode()
    monkeypatch.setattr(HttpTransport, "send", lambda *_, **__: Exchange(200, {}, said))
    with pytest.raises(SubmissionUnknown, match="a task with an id"):
        fox.generate("a fox with an odd id")


def test_a_profile_that_comes_with_a_picture(fox: Fox) -> None:
    """A training that gives a preview beside the profile's id loses neither: an id that is lost is lost for good."""
    task = fox.create_profile("https://photos.example/ada.zip")
    fox.session.poller.leave(task)
    told = tasks.read(
        {
            "id": task.id,
            "status": "completed",
            "results": [{"url": "https://cdn.example/preview.png"}, {"result_type": "profile", "profile_id": "ada-1"}],
        }
    )
    assert told is not None
    journal = fox.store.journal
    journal.progressed(journal.get(task.identity), told)
    journal.completed(journal.get(task.identity), time.time())
    row = journal.get(task.identity)
    assert (row.state, row.profile_id, row.urls) == ("completed", "ada-1", ["https://cdn.example/preview.png"])


# -- what a person says --------------------------------------------------------------------------------------------------


def test_the_id_of_another_task_settles_nothing(fox: Fox, sandbox: Any) -> None:
    """With an id that belongs to another task its pictures would be taken for this one's."""
    done = fox.generate("a cat").wait()
    sandbox.misbehave("lost_answer", on="create", times=1)
    with pytest.raises(SubmissionUnknown) as lost:
        fox.generate("a fox")
    task = lost.value.task
    with pytest.raises(InvalidRequest, match="'a cat'"):
        task.settle(paid=True, task_id=done.id)
    with pytest.raises(InvalidRequest, match="was accepted"):
        task.settle(paid=False, task_id=sandbox.creations[1]["task_id"])
    assert task.status == "unknown"
    assert task.settle(paid=True, task_id=sandbox.creations[1]["task_id"]).wait().status == "completed"


@pytest.mark.parametrize("limit", [None, "5", 1.5])
def test_a_limit_that_is_no_number(fox: Fox, limit: Any) -> None:
    """A slip in a call is never told as damage to the store."""
    with pytest.raises(InvalidRequest, match="limit is"):
        fox.tasks(limit=limit)


@pytest.mark.parametrize("text", [5, b"fox", ["fox"]])
def test_what_is_searched_for_is_a_text(fox: Fox, text: Any) -> None:
    """Anything else is refused in words, and does not find nothing."""
    with pytest.raises(InvalidRequest, match="text is"):
        fox.tasks(text=text)


def test_a_model_that_is_misspelt(fox: Fox) -> None:
    """A list that is empty for a slip would look like pictures that are lost."""
    with pytest.raises(InvalidRequest, match="Did you mean 'phota-image'"):
        fox.tasks(model="phota-imgae")


def test_a_part_of_the_list_says_that_it_is_one(fox: Fox) -> None:
    """Who asks for the newest task is told how many there are."""
    for prompt in ("a fox", "a cat", "an owl"):
        fox.generate(prompt)
    assert repr(fox.tasks(limit=1)).startswith("3 tasks, the newest 1 of them:\n")
    assert repr(fox.tasks()).startswith("3 tasks\n")


# -- money ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("budget", "pictures"), [(2.01, 0), (2.07, 23)])
def test_a_shared_budget_is_spent_to_the_cent(
    open_fox: Callable[..., Fox], tmp_path: Path, budget: float, pictures: int
) -> None:
    """2.07 USD, which no float is, are enough for 2.07 USD."""
    fox = open_fox(budget=budget, ledger=tmp_path / "ledger.sqlite")
    if pictures:
        assert fox.generate("as many foxes as there is money for", num_outputs=pictures).status != "refused"
    else:
        assert fox.session.left == budget


def test_a_ledger_that_cannot_be_used(
    open_fox: Callable[..., Fox], sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the shared purse cannot be opened nothing is sent, at the first asking or by hand, and the money is back."""
    fox = open_fox(budget=1.0, ledger=tmp_path / "ledger.sqlite")
    sandbox.misbehave("failed", times=1)
    with pytest.raises(TaskFailed) as failed:
        fox.generate("a fox").wait()
    task = failed.value.task

    def locked(*_: Any, **__: Any) -> int:
        raise StoreError("The ledger cannot be used (database is locked).")

    monkeypatch.setattr(Ledger, "hold", locked)
    for ask in (task.retry, lambda: fox.generate("a cat")):
        with pytest.raises(StoreError, match="ledger"):
            ask()
        assert fox.tasks()[0].status == "refused"
    assert len(sandbox.creations) == 1
    monkeypatch.undo()
    assert task.retry().wait().status == "completed"


def test_a_slice_of_the_list_is_a_list_of_tasks(fox: Fox) -> None:
    """It shows itself, is waited for and becomes a frame as the whole does; a list of Python's is a line of text in a cell."""
    for number in range(3):
        fox.generate(f"fox {number}")
    newest = fox.tasks()[:2].wait()
    assert [task.request["prompt"] for task in newest] == ["fox 2", "fox 1"]
    assert repr(newest).startswith("2 tasks")
    assert list(newest.to_frame()["prompt"]) == ["fox 2", "fox 1"]


def test_a_listener_s_failure_refuses_only_what_is_ours(fox: Fox, sandbox: Any) -> None:
    """Who fails while he is told of a task that somebody else sends does not take it away from him."""
    task = fox.generate("a fox")

    def fails(_task: Task) -> None:
        raise ValueError("a front end that has gone")

    with pytest.raises(ValueError, match="front end"):
        fox.session.submit("phota-image", {"prompt": "a fox"}, journalled=fails)
    assert task.wait().status == "completed"
    assert len(sandbox.creations) == 1


def test_a_journal_that_was_taken_away(fox: Fox, sandbox: Any) -> None:
    """Somebody deletes the store under an open kernel: what cannot be journalled any more is not sent."""
    fox.generate("a fox").wait()
    for path in fox.store.folder.glob("journal.sqlite*"):
        path.unlink()
    with pytest.raises(StoreError):
        fox.generate("a cat")
    assert len(sandbox.creations) == 1
