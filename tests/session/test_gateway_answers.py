"""What the poller and the downloads make of a gateway's answers: nothing lost, nothing paid twice, nothing told wrong."""

import base64
import errno
import gzip
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from client.scripted import Step, hang_up, never, say, stall
from fox_nb import (
    BudgetExceeded,
    DownloadFailed,
    Fox,
    FoxError,
    StoreError,
    SubmissionUnknown,
    TaskFailed,
    UnexpectedAnswer,
    WaitTimeout,
)
from fox_nb.session import irregular, poller
from fox_nb.session.downloads import not_fetched
from fox_nb.session.task import Task
from fox_nb.settings import Timeouts
from fox_nb.store import sha256_of
from gateways import Answer, Gateway, always, picture
from processes import until

PATIENCE = 60.0
"""Seconds after which a wait that should have ended is taken for one that never ends."""


# -- by what the gateway's support finds a call ---------------------------------------------------------------------


def test_a_failed_task_names_its_creating_call(fox_at: Callable[..., Fox]) -> None:
    """The request id of the creation is kept, for every later kernel, and stands in what the person copies to the support."""

    def failed(_gateway: Gateway, _count: int, task_id: str) -> Step:
        return say(200, {"id": task_id, "status": "failed", "error": {"code": "generation_failed", "message": "no"}})

    def accepted(gateway: Gateway, _count: int, task_id: str) -> Step:
        return say(200, gateway.accepted(task_id), X_Request_Id="req-of-the-creation")

    with Gateway(create=accepted, poll=failed) as gateway:
        with pytest.raises(TaskFailed, match="request id req-of-the-creation"):
            fox_at(gateway).generate("a fox").wait(PATIENCE)
        task = fox_at(gateway).generate("a fox")
    assert task.request_id == "req-of-the-creation"


def test_a_lost_answer_names_its_call_where_it_can(fox_at: Callable[..., Fox]) -> None:
    """What is known of a creation whose fate is unknown is told: the id in its headers, by which the support finds it."""
    with Gateway(create=always(say(500, b"boom", X_Oneapi_Request_Id="req-of-a-500"))) as gateway:
        fox = fox_at(gateway)
        with pytest.raises(SubmissionUnknown, match="request id req-of-a-500"):
            fox.generate("a fox")
        assert fox.tasks()[0].request_id == "req-of-a-500"


def test_a_refusal_names_its_call(fox_at: Callable[..., Fox]) -> None:
    """A refusal that the person does not understand can be handed to the support as well."""
    refusal = say(422, {"error": {"message": "no", "type": "x"}}, X_Request_Id="req-of-a-422")
    with Gateway(create=always(refusal)) as gateway:
        fox = fox_at(gateway)
        with pytest.raises(FoxError, match="request id req-of-a-422"):
            fox.generate("a fox")
        assert fox.tasks()[0].request_id == "req-of-a-422"


# -- each link lands by itself ----------------------------------------------------------------------------------------


def but(number: int, step: Step) -> Answer:
    """Every link gives its picture but one, which answers so."""

    def file(gateway: Gateway, _count: int, path: str) -> Step:
        return step if path.endswith(f"/{number}.png") else say(200, gateway.picture(path))

    return file


NO_PICTURE = {
    "is gone": say(404, {"error": "gone"}),
    "is forbidden": say(403, "<html>signature</html>"),
    "breaks": say(500, b"boom"),
    "is a page": say(200, "<html><script>alert(1)</script></html>", Content_Type="image/png"),
    "is empty": say(200, b""),
    "is half a picture": say(200, picture(7), cut=40),
    "is too short": say(200, picture(7)[:60]),
    "has a damaged byte": say(200, picture(7)[:-17] + b"?" + picture(7)[-16:]),
    "leads in circles": say(302, Location="?again"),
    "leads into a file": say(302, Location="file:///etc/passwd"),
}


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("case", NO_PICTURE)
def test_one_bad_link_of_four_costs_one_picture(case: str, fox_at: Callable[..., Fox]) -> None:
    """The three others land; which one failed is told by its number, after one more try; a later asking fetches it."""
    with Gateway(file=but(2, NO_PICTURE[case])) as gateway:
        task = fox_at(gateway).generate("four foxes", num_outputs=4)
        with pytest.raises(DownloadFailed, match="3 of 4 pictures are here; picture 2 of 4 could not be fetched"):
            task.wait(PATIENCE)
        assert [image.number for image in task.images] == [1, 3, 4]
        # A wait that begins after it was told asks anew.
        assert gateway.fetched(2) in {2, 4} or case == "leads in circles"
        assert [gateway.fetched(number) for number in (1, 3, 4)] == [1, 1, 1]
        assert task.status == "processing"
        with pytest.raises(DownloadFailed, match="picture 2 of 4"):
            fox_at(gateway).resume()[0].wait(PATIENCE)
        gateway.file = but(0, say(404))
        fox = fox_at(gateway)
        again = fox.generate("four foxes", num_outputs=4).wait(PATIENCE)
        assert [image.number for image in again.images] == [1, 2, 3, 4]
        assert again.images[1].path.read_bytes() == gateway.picture(f"/out/{task.id}/2.png")
        assert list(fox.resume()) == []
        assert len(gateway.creations()) == 1


def test_what_the_journal_calls_here_is_on_the_disk_itself(
    fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture, and what was uploaded for it, outlive a loss of power that comes when the journal has them."""
    synced: dict[int, int] = {}

    def fsync(number: int, sync: Callable[[int], None] = os.fsync) -> None:
        sync(number)
        synced[os.fstat(number).st_ino] = os.fstat(number).st_size

    monkeypatch.setattr(os, "fsync", fsync)
    with Gateway() as gateway:
        gateway.reads["/v1/files/upload/stream"] = say(200, {"url": "https://example.com/photo.png"})
        fox = fox_at(gateway)
        task = fox.edit("a fox", PIL.Image.new("RGB", (40, 40))).wait(PATIENCE)
        files = [task.images[0].path, *fox.store.sources.iterdir()]
        assert [synced.get(file.stat().st_ino) == file.stat().st_size for file in files] == [True, True]
        if os.name == "posix":
            assert {folder.stat().st_ino for folder in (fox.store.pictures, fox.store.sources)} <= synced.keys()


class OnAFullDisk(type(Path())):  # type: ignore[misc]
    """A place where nothing more can be written, as on systems that have a ``/dev/full``."""

    def open(self, *_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_told_with_its_own_remedy(fox_at: Callable[..., Fox], tmp_path: Path) -> None:
    """Of several pictures as of one: room is made for this store; in another one, all of them would be paid for again."""
    with Gateway() as gateway:
        fox = fox_at(gateway)
        task = fox.generate("three foxes", num_outputs=3).wait(PATIENCE)
        with pytest.raises(DownloadFailed, match="No space left") as full:
            fox.session.client.download(gateway.links(task.id)[0], OnAFullDisk(tmp_path / "a.png"))
    told = not_fetched({1: full.value, 2: full.value}, task.row)
    assert told.todo.startswith("Make room")
    assert "store=" not in str(told)


def test_a_picture_that_cannot_be_kept_is_not_sent(
    fox_at: Callable[..., Fox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is told in words before anything is sent, where the copy of what is to be uploaded has no room."""
    (tmp_path / "photo.png").write_bytes(picture(1))
    with Gateway() as gateway:
        fox = fox_at(gateway)
        monkeypatch.setattr(Path, "write_bytes", OnAFullDisk.open)
        with pytest.raises(StoreError, match=r"No space left on device.*Nothing was sent"):
            fox.edit("at night", tmp_path / "photo.png")
        assert not gateway.creations()


@pytest.mark.usefixtures("short_pauses")
def test_a_page_says_what_is_missing_below_what_is_there(fox_at: Callable[..., Fox]) -> None:
    """Three pictures that are paid for are seen, although the fourth could not be fetched."""
    from fox_nb.display.task_pages import task_page

    with Gateway(file=but(2, say(404))) as gateway:
        task = fox_at(gateway).generate("four foxes", num_outputs=4)
        with pytest.raises(DownloadFailed):
            task.wait(PATIENCE)
        page = task_page(task)
    assert page.count("<img") == 3
    assert "picture 2 of 4" in page


def test_a_link_that_never_answers_holds_up_no_other(fox_at: Callable[..., Fox]) -> None:
    """While one host is waited for, the other pictures are here already, and who looks is told of each."""
    seen: set[int] = set()

    def listen(task: Task) -> None:
        task.on_change(lambda task: seen.add(len(task.images)))

    with Gateway(file=but(1, never)) as gateway:
        request = {"prompt": "four foxes", "num_outputs": 4}
        task = fox_at(gateway).session.submit("phota-image", request, journalled=listen)
        until(lambda: 3 in seen or None, "the three others")
        assert [image.number for image in task.images] == [2, 3, 4]
        assert task.is_watched
        assert "3 of 4 pictures are here." in task._repr_html_()


@pytest.mark.usefixtures("short_pauses")
def test_what_was_told_is_fetched_when_it_can_be(fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks again overnight: a kernel that runs on fetches what it can before the links have died."""
    monkeypatch.setattr(poller, "FIRST_PATIENT_PAUSE", 0.2)
    with Gateway(file=but(2, say(500))) as gateway:
        task = fox_at(gateway).generate("four foxes", num_outputs=4)
        with pytest.raises(DownloadFailed):
            task.wait(PATIENCE)
        gateway.file = but(0, say(500))
        until(lambda: task.status == "completed" or None, "the picture to be fetched by itself")
        assert (len(task.images), task.error) == (4, None)


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("answer", [(404, {"error": {"message": "gone"}}), (200, {"status": "failed"})])
def test_what_is_here_stays_when_the_gateway_has_forgotten_it(
    answer: Any, fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day later nobody knows the task: the pictures that came are its end, and nothing is offered to be paid again."""
    monkeypatch.setattr(irregular, "IRREGULAR_FOR", 0.2)
    with Gateway(file=but(2, say(500))) as gateway:
        fox = fox_at(gateway)
        with pytest.raises(DownloadFailed):
            fox.generate("two foxes", num_outputs=2).wait(PATIENCE)
        status, body = answer
        gateway.poll = lambda _gateway, _count, task_id: say(status, {**body, "id": task_id})
        fox.session.poller._now = lambda: time.time() + 25 * 3600
        task = fox.resume()[0]
        with pytest.raises(DownloadFailed, match=r"has failed, and gave 1 of 2 pictures(: .*\))?\. You may") as told:
            task.wait(PATIENCE)
        assert "Run the cell again" not in str(told.value), "nothing more comes of it"
        assert (task.status, len(task.images), len(gateway.tasks)) == ("completed", 1, 1)


@pytest.mark.usefixtures("short_pauses")
def test_who_asks_again_is_not_told_of_the_time_before(fox_at: Callable[..., Fox]) -> None:
    """What another kernel took for all there is, is fetched when somebody asks again; old trouble is no answer to that."""
    with Gateway(file=but(2, say(500))) as gateway:
        fox = fox_at(gateway)
        with pytest.raises(DownloadFailed):
            fox.generate("four foxes", num_outputs=4).wait(PATIENCE)
        task = fox.tasks()[0]
        fox.store.journal.completed(task.row, time.time())  # the other kernel
        gateway.file = but(0, say(500))
        assert len(fox.generate("four foxes", num_outputs=4).wait(PATIENCE).images) == 4


@pytest.mark.usefixtures("short_pauses")
def test_a_gateway_that_is_odd_for_long_is_asked_further(
    fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page of a network that wants a log-in ends no task: when it is gone, the picture lands without being asked for."""
    monkeypatch.setattr(irregular, "IRREGULAR_FOR", 0.0)
    monkeypatch.setattr(poller, "FIRST_PATIENT_PAUSE", 0.2)
    with Gateway(poll=always(say(200, "<html>Please log in to this network</html>"))) as gateway:
        task = fox_at(gateway).generate("a fox")
        with pytest.raises(UnexpectedAnswer, match="log in"):
            task.wait(PATIENCE)
        gateway.poll = lambda gateway, _count, task_id: say(200, gateway.completed(task_id))
        until(lambda: task.status == "completed" or None, "the picture to land by itself")


def test_a_link_that_gives_no_picture_is_told_soon(fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch) -> None:
    """One more try a moment later, and then the person knows: nobody waits for minutes on a page in place of a picture."""
    monkeypatch.setattr(poller, "FETCH_AGAIN_AFTER", 0.3)
    asked: list[float] = []

    def file(_gateway: Gateway, _count: int, _path: str) -> Step:
        asked.append(time.monotonic())
        return say(200, "<html>Please log in</html>")

    with Gateway(file=file) as gateway, pytest.raises(DownloadFailed, match="web page"):
        fox_at(gateway).generate("a fox").wait(PATIENCE)
    assert len(asked) in {2, 4}  # a wait that begins after it was told asks anew
    assert asked[1] - asked[0] >= poller.FETCH_AGAIN_AFTER


# -- results that come late, twice, or in another order ----------------------------------------------------------------


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("first", [0, 1, 3])
def test_results_that_grow_are_waited_for(first: int, fox_at: Callable[..., Fox]) -> None:
    """Completed with fewer links than were asked for is not the end: what comes a little later lands, too."""

    def poll(gateway: Gateway, count: int, task_id: str) -> Step:
        return say(
            200, gateway.completed(task_id) | ({"results": gateway.results(task_id)[:first]} if count < 4 else {})
        )

    with Gateway(poll=poll) as gateway:
        task = fox_at(gateway).generate("four foxes", num_outputs=4).wait(PATIENCE)
        assert [image.number for image in task.images] == [1, 2, 3, 4]
        assert [gateway.fetched(number) for number in (1, 2, 3, 4)] == [1, 1, 1, 1]
        assert task.error is None


@pytest.mark.usefixtures("short_pauses")
def test_results_that_never_grow_are_told(fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while the person is told '1 of 4', the one is kept, and what comes later still is fetched by the same cell."""
    monkeypatch.setattr(irregular, "FEWER_FOR", 0.5)

    def poll(gateway: Gateway, _count: int, task_id: str) -> Step:
        return say(200, gateway.completed(task_id) | {"results": gateway.results(task_id)[:1]})

    with Gateway(poll=poll) as gateway:
        task = fox_at(gateway).generate("four foxes", num_outputs=4)
        with pytest.raises(DownloadFailed, match="gave 1 of 4 pictures"):
            task.wait(PATIENCE)
        assert (task.status, len(task.images)) == ("completed", 1)
        assert "1 of 4 pictures" in repr(task)
        again = fox_at(gateway).generate("four foxes", num_outputs=4).wait(PATIENCE)  # the notebook runs on with it
        assert "1 of 4 pictures" in repr(again)
        gateway.poll = lambda gateway, _count, task_id: say(200, gateway.completed(task_id))
        whole = fox_at(gateway).generate("four foxes", num_outputs=4).wait(PATIENCE)
        assert (whole.error, len(whole.images)) == (None, 4)
        assert len(gateway.creations()) == 1


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("results", [None, [], {}, [{}], "soon"])
def test_completed_without_any_result_is_told_and_goes_on_later(
    results: object, fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever on results that don't come; they are fetched when they have come."""
    monkeypatch.setattr(irregular, "NONE_FOR", 0.5)
    with Gateway(
        poll=lambda gateway, _count, task_id: say(200, gateway.completed(task_id, results=results))
    ) as gateway:
        fox = fox_at(gateway)
        task = fox.generate("a fox")
        with pytest.raises(DownloadFailed, match=r"gave no result: \{.id.: .task"):
            task.wait(PATIENCE)
        gateway.poll = lambda gateway, _count, task_id: say(200, gateway.completed(task_id))
        assert list(fox.resume()) == [task]
        assert task.wait(PATIENCE).status == "completed"


@pytest.mark.usefixtures("short_pauses")
def test_a_profile_s_id_is_no_picture(fox_at: Callable[..., Fox]) -> None:
    """A task that was to give a picture is not over without one, whatever else its answer names."""

    def poll(gateway: Gateway, count: int, task_id: str) -> Step:
        late = {"results": None, "profile_id": "ada-1"} if count < 3 else {}
        return say(200, gateway.completed(task_id) | late)

    with Gateway(poll=poll) as gateway:
        task = fox_at(gateway).generate("a fox").wait(PATIENCE)
        assert (len(task.images), task.profile_id) == (1, "")


@pytest.mark.usefixtures("short_pauses")
def test_what_went_in_is_never_fetched_as_what_came_out(fox_at: Callable[..., Fox]) -> None:
    """An answer that names an edit's two inputs beside its one result has one picture, the result."""

    def poll(gateway: Gateway, _count: int, task_id: str) -> Step:
        return say(200, gateway.completed(task_id, images=[f"{gateway.url}/out/input/{n}.png" for n in (1, 2)]))

    with Gateway(poll=poll) as gateway:
        links = ["https://example.com/1.png", "https://example.com/2.png"]
        task = fox_at(gateway).edit("at night", links).wait(PATIENCE)
        assert task.row.urls == gateway.links(task.row.task_id)
        assert not any("/out/input" in one.path for one in gateway.received)


@pytest.mark.usefixtures("short_pauses")
def test_pictures_are_told_apart_by_their_links(fox_at: Callable[..., Fox]) -> None:
    """Whatever the order of an answer, and however often it names a link: each link is one picture, and keeps its number."""

    def poll(gateway: Gateway, count: int, task_id: str) -> Step:
        links = gateway.links(task_id)
        orders = [[0], [1, 0, 0], [3, 0], [2, 2, 1], [3, 2, 1, 0]]
        return say(200, gateway.completed(task_id, *(links[at] for at in orders[min(count, len(orders)) - 1])))

    with Gateway(poll=poll, file=but(3, say(500))) as gateway:
        task = fox_at(gateway).generate("four foxes", num_outputs=4)
        with pytest.raises(DownloadFailed, match="3 of 4 pictures are here"):
            task.wait(PATIENCE)
        gateway.file = but(0, say(404))
        task = fox_at(gateway).generate("four foxes", num_outputs=4).wait(PATIENCE)
        found = {image.url.rpartition("/")[2]: image for image in task.images}
        assert len({image.number for image in task.images}) == len(found) == 4
        for name, image in found.items():
            assert image.path.read_bytes() == gateway.picture(f"/out/{task.id}/{name}")
        assert [gateway.fetched(number) for number in (1, 2, 4)] == [1, 1, 1]


@pytest.mark.usefixtures("short_pauses")
def test_links_that_are_signed_anew_do_not_stand_for_results_that_are_still_to_come(fox_at: Callable[..., Fox]) -> None:
    """More links are known than pictures are asked for, and one of these has not come: it is waited for."""

    def poll(gateway: Gateway, count: int, task_id: str) -> Step:
        ready = [0, 1] if count == 1 else [1, 0, 2] if count < 4 else [3, 2, 1, 0]
        signed = [f"{gateway.links(task_id)[at]}?signature={count}" for at in ready]
        return say(200, gateway.completed(task_id, *signed))

    with Gateway(poll=poll) as gateway:
        task = fox_at(gateway).generate("four foxes", num_outputs=4).wait(PATIENCE)
    assert len({image.path.read_bytes() for image in task.images}) == len(task.images) == 4


def test_a_task_that_never_says_that_it_is_done_is_fetched_all_the_same(
    fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its links stand there and live for a day: no word is waited for until they have died."""
    monkeypatch.setattr(poller, "LONGEST_ESTIMATE", 0.01)

    def poll(gateway: Gateway, _count: int, task_id: str) -> Step:
        return say(200, gateway.completed(task_id) | {"status": "processing"})

    with Gateway(poll=poll) as gateway:
        assert len(fox_at(gateway).generate("a fox").wait(PATIENCE).images) == 1


@pytest.mark.usefixtures("short_pauses")
def test_a_picture_whose_link_was_signed_anew_is_known_by_its_bytes(fox_at: Callable[..., Fox]) -> None:
    """Links that change with every answer, and their order with them, make no picture come twice, and none get lost."""

    def poll(gateway: Gateway, count: int, task_id: str) -> Step:
        signed = [f"{link}?signature={count}" for link in gateway.links(task_id)]
        return say(200, gateway.completed(task_id, *(signed if count % 2 else reversed(signed))))

    with Gateway(poll=poll, file=but(2, say(403))) as gateway:
        task = fox_at(gateway).generate("three foxes", num_outputs=3)
        with pytest.raises(DownloadFailed, match="2 of 3 pictures are here"):
            task.wait(PATIENCE)
        gateway.file = but(0, say(404))
        task = fox_at(gateway).generate("three foxes", num_outputs=3).wait(PATIENCE)
        pictures = {image.path.read_bytes() for image in task.images}
        assert pictures == {gateway.picture(f"/out/{task.id}/{number}.png") for number in (1, 2, 3)}
        task.images[1].path.unlink()
        lost = task.images[1].sha256
        task = fox_at(gateway).generate("three foxes", num_outputs=3).wait(PATIENCE)
        assert [image.number for image in task.images] == [1, 2, 3]
        assert sha256_of(task.images[1].path) == lost


def test_pictures_that_stand_in_the_answer_land_like_any_other(fox_at: Callable[..., Fox]) -> None:
    """By their bytes, each once, whatever else is wrong with one of them; the journal keeps a name of each alone."""
    whole = [base64.b64encode(picture(number)).decode() for number in range(4)]

    def poll(gateway: Gateway, _count: int, task_id: str) -> Step:
        link = f"data:image/png;base64,{whole[3][:60]}" if gateway.file is None else gateway.links(task_id)[3]
        results = [
            {"url": f"data:image/png;base64,{whole[0]}"},
            {"b64_json": whole[1]},
            {"b64_json": whole[2]},
            {"url": link},
        ]
        return say(200, gateway.completed(task_id) | {"results": results})

    with Gateway(poll=poll) as gateway:
        gateway.file = None
        fox = fox_at(gateway)
        task = fox.generate("four foxes", num_outputs=4)
        with pytest.raises(DownloadFailed, match=r"3 of 4 pictures are here; picture 4 of 4"):
            task.wait(PATIENCE)
        gateway.file = always(say(200, picture(3)))
        fox = fox_at(gateway)
        task = fox.generate("four foxes", num_outputs=4).wait(PATIENCE)
        assert [image.path.read_bytes() for image in task.images] == [picture(number) for number in range(4)]
        row = fox.store.journal.get(task.identity)
        assert max(map(len, row.urls)) < 200
        task.images[1].path.unlink()
        task = fox_at(gateway).generate("four foxes", num_outputs=4).wait(PATIENCE)
        assert task.images[1].path.read_bytes() == picture(1)
        assert len(gateway.creations()) == 1


# -- answers that make no sense -------------------------------------------------------------------------------------------

TIMES = ["1000000000", "99999999999999999999", "Wed, 21 Oct 9999 07:28:00 GMT", "-5", "nan", "inf", "1e400", "soon", ""]


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("asked", TIMES)
@pytest.mark.parametrize("status", [429, 503])
def test_no_time_from_outside_stops_the_poller(status: int, asked: str, fox_at: Callable[..., Fox]) -> None:
    """One silly Retry-After holds up neither its own task nor the others of the kernel."""

    def poll(gateway: Gateway, count: int, task_id: str) -> Step:
        if task_id == "task-unified-1" and count == 1:
            return say(status, {"error": {"message": "slow down", "type": "rate_limit_error"}}, Retry_After=asked)
        return say(200, gateway.completed(task_id))

    with Gateway(poll=poll) as gateway:
        fox = fox_at(gateway)
        first, second = fox.generate("a fox"), fox.generate("another fox")
        assert first.wait(PATIENCE).status == second.wait(PATIENCE).status == "completed"


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize(
    "answer",
    [
        say(404, {"error": {"message": "no such task", "type": "not_found"}}),
        say(403, "<html>error code: 1010</html>"),
        say(200, [1, 2]),
        say(
            200, {"id": "task-of-somebody-else", "status": "completed", "results": [{"url": "http://127.0.0.1/a.png"}]}
        ),
        say(200, b"\x1f\x8b\x08\0" + bytes(99), Content_Encoding="gzip"),
        say(200, gzip.compress(bytes(20 << 20)), Content_Encoding="gzip"),
        say(302, Location="/elsewhere"),
        stall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id\r\nzz\r\n'),
        hang_up,
    ],
)
def test_a_bad_hour_of_the_gateway_is_sat_out(answer: Step, fox_at: Callable[..., Fox]) -> None:
    """Three looks that find nonsense, a stranger's task among it, end nothing; the fourth brings the task's own picture."""

    def poll(gateway: Gateway, count: int, task_id: str) -> Step:
        return answer if count < 4 else say(200, gateway.completed(task_id))

    with Gateway(poll=poll) as gateway:
        task = fox_at(gateway, timeouts=Timeouts(read=5)).generate("a fox").wait(PATIENCE)
        assert task.images[0].path.read_bytes() == gateway.picture(f"/out/{task.id}/1.png")


@pytest.mark.usefixtures("short_pauses")
def test_a_bad_moment_that_is_told_late_is_none_of_a_task_that_has_ended(
    fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two polls the one that fails may be told after the other has seen the end: the task stays completed, for good."""

    def poll(gateway: Gateway, count: int, task_id: str) -> Step:
        return say(429, {"error": {"message": "busy"}}) if count == 1 else say(200, gateway.completed(task_id))

    with Gateway(poll=poll) as gateway:
        fox = fox_at(gateway)
        late, passed = threading.Event(), threading.Event()
        lasting = irregular.Irregular.lasting

        def slowly(self: Any, name: str, what: str) -> tuple[float, int]:
            if what == "RateLimited":
                late.set()
                assert passed.wait(PATIENCE)
            return lasting(self, name, what)

        monkeypatch.setattr(irregular.Irregular, "lasting", slowly)
        renewed, renew = threading.Event(), Task.renew
        task = fox.generate("a fox")
        assert late.wait(PATIENCE)
        fox.session.poller.leave(task)  # as when it was told of, and is polled at once for whoever asks again
        task.wait(PATIENCE)

        def told(self: Task, *trouble: Any, **more: Any) -> None:
            renew(self, *trouble, **more)
            renewed.set()

        monkeypatch.setattr(Task, "renew", told)
        passed.set()
        assert renewed.wait(PATIENCE)
        assert task.wait(PATIENCE).error is None


@pytest.mark.usefixtures("short_pauses")
def test_a_picture_that_another_has_fetched_meanwhile_is_not_told_as_missing(
    fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who could not fetch one of four says nothing of it where all four are here by then."""
    missing = poller.Poller._what_is_missing

    def slowly(self: poller.Poller, task: Task, row: Any, error: FoxError | None) -> tuple[float | None, Any]:
        found = missing(self, task, row, error)
        if self is fox.session.poller:
            gateway.file = but(0, say(404))
            other.generate("four foxes", num_outputs=4).wait(PATIENCE)
        return found

    with Gateway(file=but(2, say(404))) as gateway:
        fox, other = fox_at(gateway), fox_at(gateway)
        monkeypatch.setattr(poller.Poller, "_what_is_missing", slowly)
        task = fox.generate("four foxes", num_outputs=4)
        assert len(task.wait(PATIENCE).images) == 4
        assert task.error is None


def test_what_makes_no_sense_for_long_is_told(fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits is told in the gateway's own words, the task stays under way, and the same cell goes on with it."""
    monkeypatch.setattr(irregular, "IRREGULAR_FOR", 0.2)
    with Gateway(poll=always(say(200, {"id": "another", "status": "completed"}))) as gateway:
        task = fox_at(gateway).generate("a fox")
        with pytest.raises(UnexpectedAnswer, match="another"):
            task.wait(PATIENCE)
        assert task.status == "pending"
        gateway.poll = lambda gateway, _count, task_id: say(200, gateway.completed(task_id))
        assert fox_at(gateway).generate("a fox").wait(PATIENCE).images[0].path.exists()


@pytest.mark.parametrize("word", ["succeeded", "completed ", "Success", "ALL DONE, HAVE FUN"])
def test_done_in_other_words_lands(word: str, fox_at: Callable[..., Fox]) -> None:
    """The links stand beside the word: they are fetched before they die."""
    with Gateway(poll=lambda gateway, _count, task_id: say(200, gateway.completed(task_id, status=word))) as gateway:
        assert fox_at(gateway).generate("a fox").wait(PATIENCE).images[0].path.exists()


def test_a_word_that_nobody_knows_is_told_with_the_answer(
    fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a stage of the work, so it is looked at for a while; then the person reads what the gateway says."""
    monkeypatch.setattr(poller, "LONGEST_ESTIMATE", 0.01)
    odd = {"status": "pondering", "thoughts": "many"}
    with Gateway(poll=lambda _gateway, _count, task_id: say(200, odd | {"id": task_id})) as gateway:
        task = fox_at(gateway).generate("a fox")
        with pytest.raises(UnexpectedAnswer, match=r"'pondering'.*thoughts"):
            task.wait(PATIENCE)
        assert task.status == "processing"


@pytest.mark.parametrize("word", ["expired", "TIMEOUT", "stopped"])
def test_an_error_beside_a_word_that_nobody_knows_is_the_end(word: str, fox_at: Callable[..., Fox]) -> None:
    """The gateway sets it when a task has failed alone: it is told in its own words, and nobody waits on."""
    error = {"code": "", "message": "upstream timed out", "type": "task_error"}
    odd = {"status": word, "results": None, "error": error}
    with Gateway(poll=lambda _gateway, _count, task_id: say(200, odd | {"id": task_id})) as gateway:
        task = fox_at(gateway).generate("a fox")
        with pytest.raises(TaskFailed, match="upstream timed out") as failed:
            task.wait(PATIENCE)
        assert (task.status, failed.value.code) == ("failed", word.lower())


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("word", ["failed", "cancelled"])
def test_what_was_made_of_a_task_before_it_failed_is_fetched(word: str, fox_at: Callable[..., Fox]) -> None:
    """It is paid for: its links are followed, also again, the reason is told, and nothing is offered to be paid anew."""
    blocked = {"status": word, "error": {"code": "partial", "message": "2 of 4 were blocked"}}

    def poll(gateway: Gateway, _count: int, task_id: str) -> Step:
        return say(200, gateway.completed(task_id, *gateway.links(task_id)[:2]) | blocked)

    with Gateway(poll=poll, file=but(2, say(500))) as gateway:
        with fox_at(gateway) as fox, pytest.raises(DownloadFailed, match="could not be fetched"):
            fox.generate("four foxes", num_outputs=4).wait(PATIENCE)
        gateway.file = but(0, say(404))
        with pytest.raises(DownloadFailed, match=r"gave 2 of 4 pictures: 2 of 4 were blocked \(partial\)"):
            fox_at(gateway).generate("four foxes", num_outputs=4).wait(PATIENCE)
        again = fox_at(gateway).generate("four foxes", num_outputs=4).wait(PATIENCE)  # told once
        assert (again.status, [image.number for image in again.images]) == ("completed", [1, 2])
        assert (gateway.fetched(1), len(gateway.creations())) == (1, 1)


NO_MORE_LINKS: dict[str, Callable[[str], Step]] = {
    "failed": lambda task_id: say(
        200, {"id": task_id, "status": "failed", "results": None, "error": {"message": "no"}}
    ),
    "cancelled": lambda task_id: say(200, {"id": task_id, "status": "cancelled"}),
    "of an unknown word": lambda task_id: say(200, {"id": task_id, "status": "archived"}),
    "forgotten": lambda _: say(404, {"error": {"message": "no such task", "type": "not_found"}}),
    "out of order": lambda _: say(500, {"error": {"message": "no", "type": "server_error"}}),
    "a page": lambda _: say(200, "<html>Please log in to this network</html>"),
    "of another key": lambda _: say(401, {"error": {"message": "expired", "type": "authentication_error"}}),
}


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("case", [*NO_MORE_LINKS, "stuck"])
def test_links_that_an_earlier_answer_gave_are_followed_whatever_the_gateway_says_now(
    case: str, fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are paid for and die within a day: of two that were named beside work that went on none is lost."""
    monkeypatch.setattr(irregular, "IRREGULAR_FOR", 0.05)
    monkeypatch.setattr(irregular, "LOST_AFTER", 0.05)
    monkeypatch.setattr(poller, "LONGEST_ESTIMATE", 0.01)

    def poll(gateway: Gateway, count: int, task_id: str) -> Step:
        if count > 1 and case != "stuck":
            return NO_MORE_LINKS[case](task_id)
        return say(200, gateway.completed(task_id, *gateway.links(task_id)[:2]) | {"status": "processing"})

    with Gateway(poll=poll) as gateway:
        task = fox_at(gateway).generate("four foxes", num_outputs=4)
        until(lambda: len(task.images) == 2 or None, "both pictures")
        assert task.status in {"processing", "completed"}, "nothing is offered to be paid for anew"
        gateway.poll = lambda gateway, _count, task_id: say(200, gateway.completed(task_id))
        assert len(fox_at(gateway).generate("four foxes", num_outputs=4).wait(PATIENCE).images) == 4
        assert len(gateway.creations()) == 1


@pytest.mark.usefixtures("short_pauses")
def test_a_gateway_that_forgets_what_it_has_completed_costs_no_picture(
    fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the links' host had a bad minute, and the gateway no longer knows the task then, the links are followed on."""
    monkeypatch.setattr(irregular, "IRREGULAR_FOR", 0.05)
    monkeypatch.setattr(irregular, "LOST_AFTER", 0.05)
    with Gateway(file=always(say(503, b"no"))) as gateway:
        task = fox_at(gateway).generate("two foxes", num_outputs=2)
        with pytest.raises(DownloadFailed, match="could not be fetched"):
            task.wait(PATIENCE)
        gateway.file = but(0, say(404))
        gateway.poll = lambda _gateway, _count, task_id: NO_MORE_LINKS["forgotten"](task_id)
        for fox in (fox_at(gateway), fox_at(gateway)):  # the second one finds it done
            assert len(fox.generate("two foxes", num_outputs=2).wait(PATIENCE).images) == 2
        assert (gateway.fetched(1) > 1, len(gateway.creations())) == (True, 1)


@pytest.mark.usefixtures("short_pauses")
def test_a_training_is_not_done_by_a_picture(fox_at: Callable[..., Fox]) -> None:
    """A preview, whether it comes or not, is no profile: the id that comes later is waited for, for it is lost for good."""
    for file in (but(0, say(404)), but(1, say(404))):

        def poll(gateway: Gateway, count: int, task_id: str) -> Step:
            profile = {"result_type": "profile", "profile_id": "ada-1"}
            return say(
                200, gateway.completed(task_id) | {"results": [*gateway.results(task_id), *[profile] * (count > 2)]}
            )

        with Gateway(poll=poll, file=file) as gateway:
            task = fox_at(gateway).create_profile("https://photos.example/ada.zip").wait(PATIENCE)
            assert (task.status, task.profile_id) == ("completed", "ada-1")


def test_who_waits_is_told_why_nobody_asks(fox_at: Callable[..., Fox]) -> None:
    """Where the gateway wants to be left alone for minutes, each task that waits for that says so when its time is over."""
    busy = say(429, {"error": {"message": "slow down, please", "type": "rate_limit_error"}}, Retry_After="3000")
    with Gateway(poll=always(busy)) as gateway:
        fox = fox_at(gateway)
        first = fox.generate("a fox")
        until(lambda: fox.session.poller.holds_all, "the pause of all")
        for task in (first, fox.generate("another fox")):
            with pytest.raises(WaitTimeout, match=r"is not done after .* slow down, please"):
                task.wait(0.01)


# -- creations --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_a_creation_that_is_answered_by_a_redirect_to_its_task(status: int, fox_at: Callable[..., Fox]) -> None:
    """It is under way, paid for once, and its picture lands."""

    def create(_gateway: Gateway, _count: int, task_id: str) -> Step:
        return say(status, b"", Location=f"/v1/tasks/{task_id}")

    with Gateway(create=create) as gateway:
        for _ in range(2):
            assert fox_at(gateway).generate("a fox").wait(PATIENCE).images[0].path.exists()
        assert len(gateway.creations()) == 1


GIVEN_AT_ONCE = {
    "links": lambda gateway, task_id: {"results": gateway.results(task_id)},
    "links without a host": lambda _, task_id: {"results": [{"url": f"/out/{task_id}/{n}.png"} for n in (1, 2)]},
    "pictures": lambda gateway, task_id: {
        "data": [{"b64_json": base64.b64encode(gateway.picture(link)).decode()} for link in gateway.links(task_id)],
        "request": "of two megabytes, as large pictures are " * 50_000,
    },
}


@pytest.mark.parametrize("case", GIVEN_AT_ONCE)
def test_what_the_answer_to_a_creation_holds_is_not_lost(case: str, fox_at: Callable[..., Fox]) -> None:
    """A gateway that is done by then may not know the task a moment later: its pictures are taken as they came."""

    def create(gateway: Gateway, _count: int, task_id: str) -> Step:
        done = gateway.accepted(task_id) | {"status": "completed"}
        return say(200, done | GIVEN_AT_ONCE[case](gateway, task_id))

    with Gateway(create=create, poll=always(say(404, {"error": {"message": "no such task"}}))) as gateway:
        fox = fox_at(gateway)
        assert len(fox.generate("two foxes", num_outputs=2).wait(PATIENCE).images) == 2
        assert (len(fox.tasks(status="completed")), len(gateway.creations())) == (1, 1)


def test_a_number_is_the_id_of_a_line_in_a_table(fox_at: Callable[..., Fox]) -> None:
    """The engine's own answer has the task's id beside it: by that it is asked for."""

    def create(gateway: Gateway, _count: int, task_id: str) -> Step:
        return say(200, {"code": "success", "data": {"id": 17, "task_id": task_id, "status": "QUEUED"}})

    with Gateway(create=create) as gateway:
        assert fox_at(gateway).generate("a fox").wait(PATIENCE).id == "task-unified-1"


def test_the_id_of_another_task_is_no_answer(fox_at: Callable[..., Fox]) -> None:
    """A cache that answers two requests alike gives no task another one's picture: that one's fate is unknown."""
    with Gateway(create=lambda gateway, _count, _id: say(200, gateway.accepted("task-unified-1"))) as gateway:
        assert fox_at(gateway).generate("a fox").wait(PATIENCE).id == "task-unified-1"
        for _ in range(2):
            with pytest.raises(SubmissionUnknown, match="task-unified-1, the id of another task"):
                fox_at(gateway).generate("another")
        fox = fox_at(gateway)
        assert [task.status for task in fox.tasks()] == ["unknown", "completed"]
        assert (fox.spent, len(gateway.creations())) == (pytest.approx(0.18), 2)


def test_only_a_relay_says_that_the_class_pays(fox_at: Callable[..., Fox]) -> None:
    """The same word in another gateway's answers takes nothing off what the budget counts."""
    said = {"usage": {"class_pays": True}}
    with Gateway(
        create=lambda gateway, _count, task_id: say(200, gateway.accepted(task_id) | said),
        poll=lambda gateway, _count, task_id: say(200, gateway.completed(task_id) | said),
    ) as gateway:
        fox = fox_at(gateway, budget=0.10)
        assert fox.generate("a fox").wait(PATIENCE).cost.kind != "shared"
        with pytest.raises(BudgetExceeded):
            fox.generate("another")
        assert fox.spent == pytest.approx(0.09)


def test_a_class_is_known_before_its_prices_come(fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry that a relay joins to what was lost costs once also where its price list comes too late, or never."""
    monkeypatch.setattr("fox_nb.session.prices.PATIENCE", 0.05)

    def create(gateway: Gateway, count: int, _id: str) -> Step:
        return hang_up if count == 1 else say(200, gateway.accepted("task-unified-1") | {"usage": {"joined": True}})

    with Gateway(create=create) as gateway:
        gateway.reads = {"/class/seat": say(200, {"class": "biology", "seat": "Ada"}), "/api/pricing": never}
        with pytest.raises(SubmissionUnknown):
            fox_at(gateway).generate("a fox")
        fox = fox_at(gateway)
        assert fox.tasks()[0].retry().wait(PATIENCE).images
        assert fox.spent == pytest.approx(0.09)


UNCERTAIN = {
    "a proxy's 429": say(429, "<html>Too Many Requests</html>", Retry_After="1"),
    "an empty 429": say(429),
    "a redirect to a page": say(302, Location="/welcome"),
    "no id": say(200, {"status": "pending"}),
    "an id that is none": say(200, {"status": "pending", "id": ".."}),
    "a proxy that gave up": say(499),
    "a request that is being processed": say(409, {"error": {"message": "the same request is being processed"}}),
    "a task beside an error": say(422, {"id": "task-1", "status": "pending", "error": {"message": "slow"}}),
}


@pytest.mark.parametrize("case", UNCERTAIN)
def test_what_proves_nothing_is_of_unknown_fate(case: str, fox_at: Callable[..., Fox]) -> None:
    """It is told, kept on the budget, and never sent again by itself, nor by the same cell."""
    with Gateway(create=always(UNCERTAIN[case])) as gateway:
        for _ in range(2):
            with pytest.raises(SubmissionUnknown) as lost:
                fox_at(gateway).generate("a fox")
            assert "nothing was paid" not in str(lost.value).lower()
        assert len(gateway.creations()) == 1


def test_what_may_be_an_id_is_told_and_kept(fox_at: Callable[..., Fox]) -> None:
    """Nobody could find the paid task without it when the kernel has ended."""
    with Gateway(create=always(say(200, {"message": "ok", "job": "task-1"}))) as gateway:
        for _ in range(2):
            with pytest.raises(SubmissionUnknown, match="task-1"):
                fox_at(gateway).generate("a fox")
        assert "task-1" in fox_at(gateway).tasks()[0].row.error
