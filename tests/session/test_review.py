"""What a reader of the code asked: a closed Fox, a listener that fails, an old row, a download that fails once."""

import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fox_nb
from fox_nb import Fox, FoxError, InvalidRequest, StoreError
from fox_nb.errors import DownloadFailed
from fox_nb.session import poller
from fox_nb.session.poll_loop import PollResult
from fox_nb.session.poller import Poller
from fox_nb.session.task import Task
from processes import PATIENCE

pytestmark = pytest.mark.usefixtures("noise")


def test_waiting_on_a_closed_fox_says_so(fox: Fox) -> None:
    """A task of a Fox that was closed is looked at by nobody: waiting for it ends with an error, not never."""
    task = fox.generate("a fox that goes to sleep")
    fox.close()
    with pytest.raises(FoxError, match="closed"):
        task.wait(timeout=PATIENCE)


def test_closing_ends_a_wait(fox: Fox, sandbox: Any) -> None:
    """Who waits while another thread closes the Fox is told, too."""
    sandbox.misbehave("stuck", times=50)
    task = fox.generate("a fox that is closed while somebody waits")
    threading.Timer(0.2, fox.close).start()
    with pytest.raises(FoxError, match="closed"):
        task.wait(timeout=PATIENCE)


@pytest.mark.parametrize("raised", [RuntimeError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_listener_that_fails_is_its_own_trouble(
    fox: Fox, raised: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """Who listens to a task is told what happens, whatever an earlier listener does; sending and polling go on."""
    seen = threading.Event()

    def breaks(_task: Task) -> None:
        raise raised("the page is gone")

    def listen(task: Task) -> None:
        task.on_change(breaks)
        task.on_change(lambda task: seen.set() if task.status == "completed" else None)

    task = fox.session.submit("phota-image", {"prompt": "a fox with two listeners"}, journalled=listen)
    task.wait(timeout=PATIENCE)
    assert seen.wait(PATIENCE)
    assert raised.__name__ in caplog.text


def test_listeners_that_never_return_hold_up_nobody_else(fox: Fox) -> None:
    """Their own tasks come to their end, and so do others, whose listeners are told."""
    let_go, told = threading.Event(), threading.Event()

    def submit(prompt: str, listener: Callable[[Task], object]) -> Task:
        journalled = lambda task: task.on_change(listener)  # noqa: E731
        return fox.session.submit("phota-image", {"prompt": prompt}, journalled=journalled)

    tasks = [submit(f"a fox that blocks, number {number}", lambda _: let_go.wait()) for number in range(12)]
    try:
        tasks.append(submit("a fox that comes", lambda task: told.set() if task.status == "completed" else None))
        assert all(task.wait(PATIENCE).images for task in tasks)
        assert told.wait(PATIENCE)
        assert fox_nb.run(submit("a fox awaited", lambda _: let_go.wait())).images
    finally:
        let_go.set()


def test_an_older_row_does_not_undo_the_end(fox: Fox) -> None:
    """A list that was read before a task ended does not make it unfinished again."""
    task = fox.generate("a fox that is listed while it lands")
    older = fox.session.store.journal.get(task.identity)
    task.wait(timeout=PATIENCE)
    fox.session.task(older)
    assert task.status == "completed"


def test_a_download_that_ends_its_thread(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, and made again; it is never taken for one that is under way still."""
    download_results = poller.download_results

    def ends(*_: Any) -> dict[int, DownloadFailed]:
        monkeypatch.setattr(poller, "download_results", download_results)
        raise SystemExit

    monkeypatch.setattr(poller, "download_results", ends)
    with pytest.raises(StoreError, match="SystemExit"):
        fox.generate("a fox whose thread ends").wait(timeout=PATIENCE)
    assert fox.generate("a fox whose thread ends").wait(timeout=PATIENCE).images[0].path.exists()


def test_a_download_that_fails_while_somebody_begins_to_wait(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first download that fails is made again, also when somebody began to wait while it was under way."""
    begun, looked = threading.Event(), threading.Event()
    download_results, look = poller.download_results, Poller._poll

    def first_fails(*arguments: Any) -> dict[int, DownloadFailed]:
        if begun.is_set():
            return download_results(*arguments)
        begun.set()
        looked.wait(PATIENCE)
        return {1: DownloadFailed("The connection broke.")}

    def looks(looker: Poller, task: Task) -> PollResult:
        seen = look(looker, task)
        if begun.is_set():
            looked.set()
        return seen

    monkeypatch.setattr(poller, "download_results", first_fails)
    monkeypatch.setattr(poller, "FETCH_AGAIN_AFTER", 0.05)
    monkeypatch.setattr(Poller, "_poll", looks)
    task = fox.generate("a fox whose first download breaks")
    assert begun.wait(PATIENCE)
    threading.Timer(2, looked.set).start()
    task.wait(timeout=PATIENCE)
    assert task.images[0].path.exists()


@pytest.mark.parametrize(("budget", "pictures"), [(2.07, 23), (float("inf"), 1)])
def test_a_budget_is_spent_to_the_cent(open_fox: Callable[..., Fox], budget: float, pictures: int) -> None:
    """A budget of exactly what the pictures cost is enough, and one without end is none."""
    fox = open_fox(budget=budget)
    assert fox.generate("as many foxes as there is money for", num_outputs=pictures).status != "refused"


def test_a_deleted_picture_hides_nothing_else(fox: Fox) -> None:
    """The list of tasks and the task itself still show themselves when somebody has deleted a picture."""
    task = fox.generate("a fox that is thrown away").wait(timeout=PATIENCE)
    task.images[0].path.unlink()
    for thumbnail in fox.store.thumbnails.iterdir():
        thumbnail.unlink()
    assert "thrown away" in fox.tasks()._repr_html_()


def test_a_deleted_picture_is_fetched_by_the_link_of_today(fox: Fox) -> None:
    """What was deleted from the store is fetched anew where the gateway has it now, not where it once was."""
    task = fox.generate("a fox whose link has moved").wait(timeout=PATIENCE)
    task.images[0].path.unlink()
    with fox.store.journal.writing() as connection:
        connection.execute("UPDATE task SET links = '[\"http://127.0.0.1:9/gone.jpg\"]'")
    fox.session.task(fox.session.row(task.identity))
    assert fox.generate("a fox whose link has moved").wait(timeout=PATIENCE).images[0].path.exists()


@pytest.mark.parametrize("request_", [None, "phota-image", 3])
def test_a_request_that_is_no_mapping(fox: Fox, request_: Any) -> None:
    """What cannot be a request is refused in our words, with an example."""
    with pytest.raises(InvalidRequest, match="mapping such as"):
        fox.submit(request_)


@pytest.mark.parametrize("take", [np.array([1, 2]), np.array([1]), [1], None, 2.5, math.nan, math.inf, True])
def test_a_take_that_is_no_number(fox: Fox, take: Any) -> None:
    """An array is no take, nor is a half; a whole number of any kind is one."""
    with pytest.raises(InvalidRequest, match="take is"):
        fox.generate("a fox", take=take)
    assert {fox.generate("a fox", take=take).take for take in (2, 2.0, np.int64(2), np.float64(2))} == {2}


@pytest.mark.parametrize("place", [None, 3, "~nobody-of-that-name/runs"])
def test_a_store_that_is_no_place(open_fox: Callable[..., Fox], place: Any) -> None:
    """What cannot be a folder is refused in our words."""
    with pytest.raises(StoreError, match="store is"):
        open_fox(store=place)


def test_a_frame_of_no_tasks_has_its_columns(fox: Fox) -> None:
    """A notebook that filters its tasks runs on an empty store, too; the request's parameters stand first."""
    frame = fox.tasks().to_frame()
    assert frame[frame.status == "completed"].empty
    assert frame.asked.dt.date.empty
    fox.generate("a fox in a table").wait(timeout=PATIENCE)
    columns = list(fox.tasks().to_frame())
    assert columns[:2] == ["model", "prompt"]
    assert "image_url" not in columns
    assert set(columns) < set(frame)
