"""Forwarding: what the relay makes of a gateway that is slow, wrong or gone: nothing paid is lost, and nobody is held up."""

import base64
import errno
import itertools
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import PIL.Image
import PIL.PngImagePlugin
import pytest
import requests
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from classroom.browsing import log_in, token_in
from classroom.room import answering
from client.scripted import Step, say
from fox_nb import Fox
from fox_nb.classroom import deposits, endpoints, forwarding
from fox_nb.classroom.bookings import AT_ONCE
from fox_nb.classroom.seats import Seats
from fox_nb.classroom.tables import DATABASE, Database, creation, deposit
from fox_nb.classroom.upstream import ASKERS, FETCHERS, FRESH_IN_THE_SANDBOX, SENDERS
from fox_nb.errors import AccessDenied, SubmissionUnknown
from fox_nb.session import irregular
from fox_nb.settings import Timeouts
from gateways import EAGER, Gateway, always
from processes import PATIENCE, until

FOX = {"model": "phota-image", "prompt": "a fox"}
DAY = 86400.0


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A class of two, its relay in this process, and the gateway behind it, which answers as a test wants."""
    monkeypatch.setattr(forwarding, "WATCH_EVERY", 0.2)
    database = Database(tmp_path / "class")
    seats = Seats(database)
    one = SimpleNamespace(database=database, seats=seats, tokens=dict(seats.make(["Ada", "Ben"], 5, 10)), path=tmp_path)
    with Gateway() as gateway, answering(tmp_path / "class", gateway.url) as url:

        def ask(name: str, path: str, body: object = None, **about: Any) -> requests.Response:
            headers = {"Authorization": f"Bearer {one.tokens[name]}", "X-Fox-Take": "1"}
            method = "GET" if body is None else "POST"
            about = {"timeout": PATIENCE, **about}
            return requests.request(method, url + path, json=body, headers=headers, **about)

        one.gateway, one.url, one.ask = gateway, url, ask
        one.create = lambda name="Ada", body=FOX: ask(name, "/v1/images/generations", body).json()["id"]
        one.ended = lambda task, name="Ada": until(lambda: _ended(ask(name, f"/v1/tasks/{task}")), "the task's end")
        yield one
    database.close()


def _ended(answer: requests.Response) -> Any:
    return answer.json() if answer.ok and (answer.json()["results"] or answer.json()["error"]) else None


def _refused(answer: requests.Response) -> requests.Response | None:
    return None if answer.ok else answer


def later(lesson: Any, seconds: float) -> None:
    """Let all that the class has asked for be as old as that."""
    for table, times in ((creation, ("asked", "ended")), (deposit, ("made", "linked"))):
        lesson.database.execute(update(table).values({name: table.c[name] - seconds for name in times}))


@pytest.fixture
def student(lesson: Any, open_any: Callable[..., Fox]) -> Callable[..., Fox]:
    """Opens a Fox as a student's kernel does."""
    return lambda name, **given: open_any(
        api_key=lesson.tokens[name], base_url=lesson.url, store=lesson.path / name, polling=EAGER, **given
    )


# -- how a task ends ---------------------------------------------------------------------------------------------------


def test_results_that_grow_are_waited_for(lesson, student):
    """A task that first names one of its four pictures is looked at further: a student has all that the class paid for."""
    gateway = lesson.gateway
    gateway.poll = lambda gateway, count, task: say(
        200, gateway.completed(task, *gateway.links(task)[: 1 if count < 3 else 4])
    )
    assert len(student("Ada").generate("four foxes", num_outputs=4).wait(PATIENCE).images) == 4


@pytest.mark.parametrize(
    ("later", "count"),
    [
        (say(200, {"id": "task-unified-1", "status": "failed", "results": []}), 2),
        (say(404, {"error": {"message": "no such task", "type": "not_found"}}), 4),
        (say(500, {"error": {"message": "internal", "type": "server_error"}}), 4),
    ],
    ids=["failed", "forgotten", "in trouble"],
)
def test_what_was_named_before_is_had_whatever_is_said_later(lesson, monkeypatch, later, count):
    """Links that an earlier answer gave are followed when the gateway fails the task, forgets it or is in trouble."""
    monkeypatch.setattr(irregular, "IRREGULAR_FOR", 0.0)
    monkeypatch.setattr(irregular, "LOST_AFTER", 0.0)

    def poll(gateway, polls, task):
        status = "completed" if count < 4 else "processing"
        return say(200, gateway.completed(task, *gateway.links(task)[:count], status=status)) if polls < 2 else later

    lesson.gateway.poll = poll
    results = lesson.ended(lesson.create(body={**FOX, "num_outputs": 4}))["results"]
    assert len(results) == count
    for result in results:
        until(lambda link=result["url"]: requests.get(link, timeout=PATIENCE).ok or None, "the picture")


def test_a_training_is_not_done_by_a_picture(lesson):
    """A training whose picture is named before its profile's id is looked at further: the id is what was paid for."""
    trained = {"result_type": "profile", "profile_id": "profile-abc"}
    lesson.gateway.poll = lambda gateway, count, task: say(
        200, {**gateway.completed(task), "results": [*gateway.results(task), *[trained] * (count >= 3)]}
    )
    body = {"model": "phota-create-profile", "image_archive_url": "https://example.com/a.zip"}
    assert trained in lesson.ended(lesson.create(body=body))["results"]


def test_fewer_results_than_asked_for_are_had_after_a_while(lesson, monkeypatch):
    """What the gateway never names in full is told as it is, and its one picture can be had."""
    monkeypatch.setattr(irregular, "FEWER_FOR", 0.0)
    lesson.gateway.poll = lambda gateway, _count, task: say(200, gateway.completed(task, gateway.links(task)[0]))
    assert len(lesson.ended(lesson.create(body={**FOX, "num_outputs": 4}))["results"]) == 1


@pytest.mark.parametrize(
    ("named", "count"),
    [(lambda links, polls: links[: 3 if polls < 2 else 1], 3), (lambda links, polls: links[polls % 2 :: 2], 4)],
    ids=["fewer", "others"],
)
def test_results_that_are_not_named_any_more_are_had(lesson, monkeypatch, named, count):
    """What one answer named is paid for and had, though the next ones name fewer, or others; a link signed anew is none."""
    monkeypatch.setattr(irregular, "FEWER_FOR", 0.0)
    lesson.gateway.poll = lambda gateway, polls, task: say(
        200, gateway.completed(task, *(f"{link}?signed={polls}" for link in named(gateway.links(task), polls)))
    )
    results = lesson.ended(lesson.create(body={**FOX, "num_outputs": 4}))["results"]
    assert len(results) == count
    pictures = {until(lambda link=one["url"]: _picture(link), "the picture") for one in results}
    assert len(pictures) == count


def _picture(link: str) -> bytes | None:
    answer = requests.get(link, timeout=PATIENCE)
    return answer.content if answer.ok else None


@pytest.mark.parametrize("journal", ["at hand", "away"])
@pytest.mark.parametrize(
    ("given", "count"),
    [
        (lambda gateway, task: {"results": gateway.results(task)}, 4),
        (lambda gateway, task: {"results": gateway.results(task)[:3]}, 3),
        (lambda gateway, task: {"results": [{"b64_json": _coded(gateway, link)} for link in gateway.links(task)]}, 4),
    ],
    ids=["links", "fewer", "pictures"],
)
def test_what_the_answer_to_a_creation_names_is_had(lesson, monkeypatch, given, count, journal):
    """A gateway that is done by then may not know the task a moment later, and the journal be away: a class has what it paid for."""
    monkeypatch.setattr(irregular, "IRREGULAR_FOR", 0.0)
    monkeypatch.setattr(irregular, "LOST_AFTER", 0.0)
    if journal == "away":
        away = iter([OperationalError("UPDATE", {}, sqlite3.OperationalError("database is locked"))])
        for name in ("end", "named"):
            call = getattr(forwarding.Bookings, name)
            monkeypatch.setattr(forwarding.Bookings, name, _once(away, call))
    gateway, inline = lesson.gateway, select(deposit.c.token).where(deposit.c.origin.startswith("data:"))
    gateway.create = lambda gateway, _count, task: say(200, gateway.completed(task) | given(gateway, task))
    gateway.poll = always(say(404, {"error": {"message": "no such task", "type": "not_found"}}))
    results = lesson.ended(lesson.create(body={**FOX, "num_outputs": 4}))["results"]
    assert len({until(lambda link=one["url"]: _picture(link), "the picture") for one in results}) == count
    assert gateway.counts["create"] == 1
    until(lambda: not lesson.database.read(inline) or None, "the journal to hold no picture that is a file")


def _once(errors: Iterator[Exception], call: Callable[..., Any]) -> Callable[..., Any]:
    def failing(*args: Any) -> Any:
        for error in errors:
            raise error
        return call(*args)

    return failing


def _coded(gateway: Gateway, link: str) -> str:
    return base64.b64encode(gateway.picture(link)).decode()


def test_the_next_relay_has_what_was_named_to_the_one_before(tmp_path, monkeypatch):
    """A relay that is started anew brings the results that an earlier one was told of, though the gateway has forgotten the task."""
    monkeypatch.setattr(irregular, "IRREGULAR_FOR", 0.0)
    monkeypatch.setattr(irregular, "LOST_AFTER", 0.0)
    database, body = Database(tmp_path / "class"), {**FOX, "num_outputs": 4}
    token = dict(Seats(database).make(["Ada"], 1, 5))["Ada"]
    about = {"headers": {"Authorization": f"Bearer {token}"}, "timeout": PATIENCE}
    with Gateway() as gateway:
        gateway.poll = lambda gateway, _count, task: say(200, gateway.completed(task, *gateway.links(task)[:3]))
        with answering(tmp_path / "class", gateway.url) as url:
            task = requests.post(f"{url}/v1/images/generations", json=body, **about).json()["id"]
            assert not _ended(requests.get(f"{url}/v1/tasks/{task}", **about))
            until(lambda: database.read(select(creation.c.answer))[0].answer, "what was named to be written down")
        gateway.poll = always(say(404, {"error": {"message": "no such task", "type": "not_found"}}))
        with answering(tmp_path / "class", gateway.url) as url:
            told = until(lambda: _ended(requests.get(f"{url}/v1/tasks/{task}", **about)), "the task's end")
            assert len({until(lambda link=one["url"]: _picture(link), "the picture") for one in told["results"]}) == 3
    database.close()


def test_many_pictures_come_in_their_order(lesson):
    """The eleventh picture of a task comes after the tenth, for a student and for the teacher."""
    task = lesson.create(body={**FOX, "num_outputs": 11})
    names = [result["url"].rpartition("/")[2] for result in lesson.ended(task)["results"]]
    assert names == [f"{number}" for number in range(1, 12)]
    teacher = log_in(SimpleNamespace(url=lesson.url, folder=lesson.path / "class"))
    page = teacher.get(f"{lesson.url}/teacher", timeout=PATIENCE).text
    view = teacher.get(f"{lesson.url}/teacher/view/1", timeout=PATIENCE).text
    shown = [re.findall(r'/teacher/picture/([^?"]+)', text) for text in (page, view)]
    tokens = [result["url"].split("/")[-2] for result in lesson.ended(task)["results"]]
    assert shown == [tokens[:1], tokens]
    assert "1 of 11" in page


def test_every_picture_of_the_page_has_a_name(lesson):
    """What was made without words is told by its settings to who hears the page, there and in the larger view."""
    lesson.ended(lesson.create(body={"model": "phota-image-enhance", "image_url": "https://example.com/a.png"}))
    teacher = log_in(SimpleNamespace(url=lesson.url, folder=lesson.path / "class"))
    for path in ("", "/view/1"):
        page = teacher.get(f"{lesson.url}/teacher{path}", timeout=PATIENCE).text
        assert re.findall(r'<img[^>]* alt="([^"]*)"', page) == ["Enhance"]


@pytest.mark.parametrize(
    ("told", "scheme"), [("https", "https"), ("https, http", "https"), ("http,https", "http"), ("x", "http")]
)
def test_links_are_of_the_outermost_proxy(lesson, told, scheme):
    """Behind several proxies, each of which adds its word, links and the teacher's cookie are for what a browser speaks."""
    task = lesson.create()
    lesson.ended(task)
    headers = {"X-Forwarded-Proto": told, "Authorization": f"Bearer {lesson.tokens['Ada']}"}
    answer = requests.get(f"{lesson.url}/v1/tasks/{task}", headers=headers, timeout=PATIENCE).json()
    assert answer["results"][0]["url"].partition(":")[0] == scheme
    browser = requests.Session()
    form = {"_xsrf": token_in(browser.get(f"{lesson.url}/teacher", timeout=PATIENCE).text)}
    form["password"] = (lesson.path / "class" / "teacher.txt").read_text().strip()
    about = {"headers": headers, "timeout": PATIENCE, "allow_redirects": False}
    cookie = browser.post(f"{lesson.url}/teacher/login", data=form, **about).headers["Set-Cookie"]
    assert ("Secure" in cookie) is (scheme == "https")


def test_pictures_beside_another_word_are_had(lesson, monkeypatch):
    """All links beside 'processing', for longer than any task takes, are the task's pictures."""
    monkeypatch.setattr(forwarding, "LONGEST_ESTIMATE", 0.0)
    lesson.gateway.poll = lambda gateway, _count, task: say(200, gateway.completed(task, status="processing"))
    assert lesson.ended(lesson.create())["status"] == "completed"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (say(404, {"error": {"message": "no such task", "type": "not_found"}}), "not_found"),
        (say(200, {"id": "task-unified-1", "status": "completed", "results": []}), "no_results"),
    ],
)
def test_what_comes_to_nothing_ends_after_a_day(lesson, monkeypatch, answer, code):
    """A task that the gateway has forgotten, or completed with nothing, is not asked about for ever; its students are told."""
    for name in ("IRREGULAR_FOR", "NONE_FOR"):
        monkeypatch.setattr(irregular, name, 0.0)
    lesson.gateway.poll = lambda *_: answer
    task = lesson.create()
    assert lesson.ask("Ada", f"/v1/tasks/{task}").status_code in {200, 404}
    later(lesson, 1.1 * DAY)
    assert lesson.ended(task)["error"]["code"] == code


def test_who_comes_back_days_later_has_what_is_kept(lesson):
    """A student whose kernel was away for longer than a gateway's links live is told links under which the picture is."""
    task = lesson.create()
    first = lesson.ended(task)["results"]
    until(lambda: requests.get(first[0]["url"], timeout=PATIENCE).ok or None, "the picture")
    later(lesson, 1.1 * DAY)
    assert requests.get(first[0]["url"], timeout=PATIENCE).status_code == 410
    # What has ended just now is in the relay's memory for a moment longer, with the times of before.
    until(lambda: requests.get(lesson.ended(task)["results"][0]["url"], timeout=PATIENCE).ok or None, "a living link")


# -- money -------------------------------------------------------------------------------------------------------------


def test_what_the_class_pays_is_on_no_students_budget(student):
    """Two who share a picture see in their bill, the second at once, that it was shared, and have their money for another one."""
    ada, ben = student("Ada"), student("Ben", budget=0.10)
    for fox in (ada, ben):
        task = fox.generate("a fox").wait(PATIENCE)
    assert (str(task.cost), float(ben.spent), float(ben.left)) == (
        shared := "$0.00 shared (play money, the class pays)",
        0,
        0.10,
    )
    batch = ben.batch([{"prompt": "a fox"}], model="phota-image")
    assert (batch.spent, batch.to_frame()["estimated_usd"].sum()) == (0, 0)
    for fox in (ada, ben):
        found = fox.reconcile(fresh=True)
        assert (float(fox.spent), found.shared, found.missing) == (0, 1, 0)
        assert "the class pays" in str(found)
        assert str(fox.tasks()[0].cost) == shared
        fox.reconcile(fresh=True)  # a log that says no more of it takes nothing back
        assert float(fox.spent) == 0
    assert float(ben.left) == 0.10
    assert ben.generate("a wolf").wait(PATIENCE).images


def test_who_is_joined_while_a_picture_is_made_is_told(lesson, student):
    """A student whom another one joins before the picture is there learns that the class pays with it."""
    joined = threading.Event()
    lesson.gateway.poll = lambda gateway, _count, task: say(
        200, gateway.completed(task) if joined.is_set() else {"id": task, "status": "processing"}
    )
    ada, ben = student("Ada"), student("Ben")
    alone = ada.generate("a fox")
    assert alone.cost.kind != "shared"
    second = ben.generate("a fox")
    assert second.cost.kind == "shared"
    joined.set()
    assert [task.wait(PATIENCE).cost.kind for task in (alone, second)] == ["shared", "shared"]
    assert (float(ada.spent), float(ben.spent)) == (0, 0)


def test_a_dead_link_blocks_no_picture(lesson, student, monkeypatch):
    """A picture whose link was dead before the relay had it is, after a while, sent again for who asks again, once."""
    gateway = lesson.gateway
    gateway.file = lambda gateway, _count, path: say(404 if "unified-1/" in path else 200, gateway.picture(path))
    task = lesson.create()
    (result,) = lesson.ended(task)["results"]
    assert requests.get(result["url"], timeout=PATIENCE).status_code == 410
    assert lesson.create() == task  # it may be a bad moment of the host's
    monkeypatch.setattr(deposits, "DEAD_AFTER", 0.0)
    assert lesson.create("Ben") == task  # who has not seen that is told the same
    again = {lesson.create(name) for name in ("Ada", "Ben", "Ada")}
    assert len(again) == 1
    assert again != {task}
    assert student("Ada").generate("a fox").wait(PATIENCE).images


@pytest.mark.parametrize("status", [401, 402, 403, 404, 429, 500])
def test_the_classes_account_is_no_students_business(lesson, status):
    """What the gateway says of the key, its owner and their balance is told to the teacher, and to no seat, whatever it answers."""
    error = {"message": "$3.03 left of teacher@school.org", "type": "rate_limit_error", "code": "quota"}
    lesson.gateway.poll = lambda *_: say(status, {"error": error})  # before there is a task to be watched
    told = [lesson.create()]
    lesson.gateway.create = lesson.gateway.poll
    refused = lesson.ask("Ada", "/v1/images/generations", {**FOX, "prompt": "a wolf"})
    polled = until(lambda: _refused(lesson.ask("Ada", f"/v1/tasks/{told[0]}")), "the refusal of a poll")
    assert not [answer.text for answer in (refused, polled) if "school.org" in answer.text or "3.03" in answer.text]
    advice = r"Wait a little|[Tt]ry again|(Ask|Tell) your teacher"
    assert [bool(re.search(advice, answer.json()["error"]["message"])) for answer in (refused, polled)] == [True, True]
    assert ("does not accept" in refused.text, "does not cover" in refused.text) == (
        status == 401,
        status in {402, 403},
    )
    assert lesson.seats.spent("Ada") == 90_000 * (2 if status == 500 else 1)
    teacher = log_in(SimpleNamespace(url=lesson.url, folder=lesson.path / "class"))
    told_to_teacher = teacher.get(f"{lesson.url}/teacher", timeout=PATIENCE).text
    assert ("school.org" in told_to_teacher) is (status != 500)


def test_the_id_of_anothers_task_shows_nobody_its_picture(lesson, student):
    """Two creations that a cache answers with one id: the second one's fate is unknown, and no student sees the other's picture."""
    lesson.gateway.create = lambda gateway, _count, _task: say(200, gateway.accepted(next(iter(gateway.tasks))))
    assert student("Ada").generate("my own face").wait(PATIENCE).images
    with pytest.raises(SubmissionUnknown):
        student("Ben").generate("a boat")
    assert lesson.seats.spent() == 180_000  # it may be paid for
    assert lesson.ask("Ben", f"/v1/tasks/{next(iter(lesson.gateway.tasks))}").status_code == 404
    teacher = log_in(SimpleNamespace(url=lesson.url, folder=lesson.path / "class"))
    assert "Id in the bill" in teacher.get(f"{lesson.url}/teacher", timeout=PATIENCE).text


def test_a_lost_picture_is_found_by_its_id(lesson, student):
    """With the id that the teacher found in the bill a lost picture is fetched for who asked; no other id is taken for it."""
    gateway, url = lesson.gateway, lesson.url
    others = lesson.create("Ben", {**FOX, "prompt": "a wolf"})
    gateway.create, accept = (lambda *_: say(500, {"error": {"message": "broken"}})), gateway.create
    gateway.poll = lambda gateway, _count, task: (
        say(200, gateway.completed(task)) if task in gateway.tasks else say(404, {"error": {"message": "no such task"}})
    )
    ada = student("Ada")
    with pytest.raises(SubmissionUnknown):
        ada.generate("a fox")
    gateway.create = accept
    (lost,) = {*gateway.tasks} - {others}
    teacher = log_in(SimpleNamespace(url=url, folder=lesson.path / "class"))
    page = teacher.get(f"{url}/teacher", timeout=PATIENCE).text
    (number,) = re.findall(r'name="number" value="(\d+)">\s*<label>Id in the bill', page)

    def settle(task: str, paid: str = "1") -> str:
        form = {"_xsrf": token_in(page), "number": number, "paid": paid, "task": task}
        return teacher.post(f"{url}/teacher/settle", data=form, timeout=PATIENCE).text

    told = [settle(".."), settle(lost, paid=""), settle("task-unified-99"), settle(others)]
    expected = ["no id of a task", "was accepted", "does not know this", "id of another one: Ben"]
    assert [words in one for words, one in zip(expected, told, strict=True)] == [True] * 4
    assert [one.word for one in ada.reconcile(fresh=True).proposals] == ["nothing found"]
    assert "Id in the bill" not in settle(f" {lost} ")
    (proposal,) = ada.reconcile(fresh=True).proposals
    assert (proposal.word, proposal.task_id) == ("charged", lost)
    until(lambda: len([*(lesson.path / "class" / "files").iterdir()]) == 2 or None, "the pictures of both")
    ada.tasks()[0].settle(task_id=proposal.task_id)
    assert ada.generate("a fox").wait(PATIENCE).images
    assert len(gateway.tasks) == 2


# -- a gateway that is slow, or wants to be left alone -----------------------------------------------------------------


def test_slow_polls_hold_up_no_creation(lesson):
    """A picture is asked for at once, however many polls of others are waiting for the gateway."""
    polled, over = [], threading.Event()

    def poll(gateway: Gateway, _count: int, task: str) -> Step:
        polled.append(task)
        over.wait(PATIENCE)
        return say(200, gateway.completed(task))

    lesson.gateway.poll = poll
    for number in range(ASKERS + 2):
        lesson.create(body={**FOX, "prompt": f"fox {number}"})
    until(lambda: len(polled) == ASKERS or None, "the polls")
    assert lesson.create(body={**FOX, "prompt": "a wolf"})
    assert len(polled) == ASKERS
    over.set()


def test_one_student_holds_up_nobody(lesson, student):
    """Of many pictures that a seat asks for at once a few are sent at a time; nobody waits for them, and no sweep loses a cell."""
    over = threading.Event()

    def create(gateway: Gateway, _count: int, task: str) -> Step:
        if "hog" in gateway.tasks[task]["prompt"]:
            over.wait(PATIENCE)
        return say(200, gateway.accepted(task))

    lesson.gateway.create = create
    with ThreadPoolExecutor(40) as pool:
        bodies = [{**FOX, "prompt": f"hog {number}"} for number in range(20)]
        told = [pool.submit(lesson.ask, "Ada", "/v1/images/generations", body) for body in bodies]
        until(lambda: sum(one.done() for one in told) == 20 - AT_ONCE or None, "the refusals")
        refused = [one.result(PATIENCE) for one in told if one.done()]
        assert {(one.status_code, one.json()["error"]["of_class"]) for one in refused} == {(429, True)}
        assert all("nothing was sent" in one.text and 0 < int(one.headers["Retry-After"]) <= 30 for one in refused)
        sent = [one["prompt"] for one in lesson.gateway.tasks.values()]
        joined = pool.submit(lesson.create, body={**FOX, "prompt": sent[0]})
        assert student("Ben").generate("a fox").wait(PATIENCE).images
        over.set()
        assert joined.result(PATIENCE)
    assert lesson.seats.spent("Ada") == AT_ONCE * 90_000
    run = student("Ada").sweep("phota-image", prompt=[f"fox {number}" for number in range(30)]).run()
    assert len(run.tasks) == 30
    assert len(lesson.gateway.tasks) == AT_ONCE + 1 + 30


@pytest.mark.parametrize("looked", [False, True])
def test_a_retry_that_is_joined_to_what_was_lost_costs_once(lesson, student, looked):
    """Who retries what their relay was sending all the while counts it once, as the relay does; also after a look at the bill."""
    over = threading.Event()

    def create(gateway: Gateway, _count: int, task: str) -> Step:
        over.wait(PATIENCE)
        return say(200, gateway.accepted(task))

    lesson.gateway.create = create
    with student("Ada", timeouts=Timeouts(read=1.0)) as impatient, pytest.raises(SubmissionUnknown):
        impatient.generate("a fox")
    ada = student("Ada")
    over.set()
    until(lambda: lesson.ask("Ada", "/api/log/token").json()["data"] or None, "the charge on the bill")
    if looked:
        assert [one.word for one in ada.reconcile(fresh=True).proposals] == ["charged"]
    (task,) = ada.tasks()
    assert task.retry().wait(PATIENCE).images
    told = [float(ada.spent)]
    ada.reconcile(fresh=True)
    assert [*told, float(ada.spent), lesson.seats.spent("Ada") / 1e6] == [0.09] * 3
    assert len(lesson.gateway.tasks) == 1


def test_the_same_pixels_in_another_file_cost_once(lesson, student):
    """A relay knows a picture by what is uploaded: of one that two files hold it has one task, which both get, and one pays for."""
    lesson.gateway.reads["/v1/files/upload/stream"] = say(200, {"url": "https://example.com/a.png"})
    pixels, note = PIL.Image.effect_noise((320, 240), 60), PIL.PngImagePlugin.PngInfo()
    note.add_text("Author", "Ada")
    pixels.save(lesson.path / "a.png")
    pixels.save(lesson.path / "b.png", pnginfo=note)
    ada = student("Ada", budget=0.18)
    tasks = [ada.edit("a fox", lesson.path / name).wait(PATIENCE) for name in ("a.png", "b.png")]
    assert [len(task.images) for task in tasks] == [1, 1]
    assert len(lesson.gateway.creations()) == 1
    assert [float(tasks[0].cost), float(tasks[1].cost), float(ada.spent), float(ada.left)] == [0.09, 0, 0.09, 0.09]
    ada.reconcile(fresh=True)
    assert [float(ada.spent), lesson.seats.spent("Ada")] == [0.09, 90_000]


def test_a_pause_that_the_gateway_asks_for_is_the_students_to_make(lesson, student):
    """A 429 is told at once, with its pause, and never slept through while a student's kernel gives up: that one asks again."""
    limit, accept = {"error": {"message": "too many", "type": "rate_limit_error"}}, lesson.gateway.create
    lesson.gateway.create = lambda *_: say(429, limit, Retry_After="29")
    refused = lesson.ask("Ada", "/v1/images/generations", FOX)
    assert (refused.status_code, refused.headers["Retry-After"], len(lesson.gateway.creations())) == (429, "29", 1)
    lesson.gateway.create = lambda gateway, count, task: (
        say(429, limit, Retry_After="0") if count < 4 else accept(gateway, count, task)
    )
    assert student("Ben").generate("a fox").wait(PATIENCE).images
    assert (lesson.seats.spent("Ada"), lesson.seats.spent(), len(lesson.gateway.creations())) == (0, 90_000, 4)
    teacher = log_in(SimpleNamespace(url=lesson.url, folder=lesson.path / "class"))
    assert "Refused last" not in teacher.get(f"{lesson.url}/teacher", timeout=PATIENCE).text


def test_an_upload_that_takes_its_time_has_nothing_sent_behind_a_students_back(lesson, monkeypatch):
    """While a picture is still on its way to the gateway a student is told in time that nothing was sent; once it is there, it is."""
    over, url = threading.Event(), "https://storage.example/1.png"

    def slow(gateway: Gateway, line: socket.socket) -> bool:
        over.wait(PATIENCE)
        return say(200, {"id": "file-1", "url": url})(gateway, line)

    lesson.gateway.reads["/v1/files/upload/stream"] = slow
    file = {"file_data": base64.b64encode(b"a picture").decode(), "file_name": "a.png"}
    link = lesson.ask("Ada", "/v1/files/upload/base64", file).json()["url"]
    body = {"model": "phota-image-enhance", "image_url": link}
    with monkeypatch.context() as context:
        context.setattr(endpoints, "IN_TIME", 0.5)
        refused = lesson.ask("Ada", "/v1/images/generations", body)
    assert (refused.status_code, "Nothing was sent" in refused.text, lesson.seats.spent()) == (429, True, 0)
    over.set()
    assert lesson.create(body=body)
    assert lesson.gateway.counts["/v1/files/upload/stream"] == 1
    assert [one.json["image_url"] for one in lesson.gateway.creations()] == [url]


def test_one_students_uploads_hold_up_nobody(lesson, monkeypatch):
    """However many large pictures one seat has on their way to the gateway, another one's goes at once."""
    over, begun = threading.Event(), []

    def upload(gateway: Gateway, line: socket.socket) -> bool:
        is_large = b"large" in gateway.current.request.body
        if is_large:
            begun.append(1)
            over.wait(PATIENCE)
        return say(200, {"id": "file-1", "url": "https://storage.example/1.png"})(gateway, line)

    def given(name: str, data: bytes) -> str:
        file = {"file_data": base64.b64encode(data).decode(), "file_name": "a.png"}
        return lesson.ask(name, "/v1/files/upload/base64", file).json()["url"]

    def edit(name: str, link: str) -> requests.Response:
        return lesson.ask(name, "/v1/images/generations", {"model": "phota-image-enhance", "image_url": link})

    lesson.gateway.reads["/v1/files/upload/stream"] = upload
    large = [given("Ada", b"large %d" % number) for number in range(FETCHERS + 1)]
    with monkeypatch.context() as context, ThreadPoolExecutor(len(large)) as pool:
        context.setattr(endpoints, "IN_TIME", 2)
        refused = [answer.status_code for answer in pool.map(edit, itertools.repeat("Ada"), large)]
    assert {*refused} == {429}
    assert edit("Ben", given("Ben", b"small")).ok
    assert len(begun) <= deposits.UPLOADS_OF_A_SEAT
    over.set()


def test_work_that_is_handed_in_holds_up_no_picture(lesson, monkeypatch):
    """While somebody's large work is written to the disk, another one's picture is taken in."""
    over, begun, hand_in = threading.Event(), threading.Event(), deposits.Deposits.hand_in

    def slow(self: Any, *handed_in: Any) -> str:
        begun.set()
        over.wait(PATIENCE)
        return hand_in(self, *handed_in)

    monkeypatch.setattr(deposits.Deposits, "hand_in", slow)
    headers = {"Authorization": f"Bearer {lesson.tokens['Ada']}"}
    about = {"data": b"PK\x05\x06" + bytes(18), "headers": headers, "timeout": PATIENCE}
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(requests.post, f"{lesson.url}/class/hand-in", **about)
        assert begun.wait(PATIENCE)
        try:
            assert lesson.ask("Ben", "/v1/files/upload/base64", {"file_data": "YQ=="}, timeout=20).ok
        finally:
            over.set()
        assert work.result(PATIENCE).ok


def test_a_full_disk_is_told_in_words(lesson, monkeypatch):
    """A student whose picture or work finds no room on the class's disk is told that it is the disk, and nothing of its place."""
    full = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device", str(lesson.path)))
    monkeypatch.setattr(deposits, "write", full)
    told = lesson.ask("Ada", "/v1/files/upload/base64", {"file_data": "YQ=="})
    assert (told.status_code, "database or folder cannot be reached" in told.json()["error"]["message"]) == (503, True)
    assert str(lesson.path) not in told.text


def test_a_clock_that_leaps_removes_nothing(lesson, monkeypatch):
    """A clock that is set a month ahead and back again removes no picture and no work; one that stays there does, in an hour."""
    lesson.ended(lesson.create())
    (path,) = until(lambda: [*(lesson.path / "class" / "files").glob("?" * 43)] or None, "the picture")
    kept = deposits.Deposits(lesson.database, Mock(), 14 * DAY)
    month = time.time() + 30 * DAY
    for now in (month, month + 10, time.time(), month):
        kept.sweep(now)
    assert path.exists()
    monkeypatch.setattr(deposits, "LEAP", 0.0)
    kept.sweep(month)
    assert not path.exists()


@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_locked_journal_is_told_in_time(lesson, monkeypatch, lock):
    """Where another program holds the class's journal, students hear in time that nothing was sent, and nothing is, later either."""
    monkeypatch.setattr(forwarding, "LATE", 0.1)
    other = sqlite3.connect(lesson.path / "class" / DATABASE, isolation_level=None)
    with monkeypatch.context() as context:
        context.setattr(endpoints, "IN_TIME", 0.5)
        other.execute(f"BEGIN {lock}")
        refused = lesson.ask("Ada", "/v1/images/generations", FOX)
    assert (refused.status_code, re.search("(?i)nothing was sent", refused.text) is not None) == (429, True)
    other.execute("ROLLBACK")
    other.close()
    assert lesson.create(body={**FOX, "prompt": "a wolf"})  # written behind what came before
    until(lambda: lesson.seats.spent() == 90_000 or None, "what was booked too late to be given back")
    assert [one.json["prompt"] for one in lesson.gateway.creations()] == ["a wolf"]
    assert lesson.create()


def test_nothing_is_sent_behind_a_students_back(lesson, monkeypatch):
    """Where the gateway is so slow that a turn comes too late, a student is told in time that nothing was sent, and nothing is."""
    over = threading.Event()

    def create(gateway: Gateway, _count: int, task: str) -> Step:
        over.wait(PATIENCE)
        return say(200, gateway.accepted(task))

    lesson.tokens |= dict(lesson.seats.make(["Cem"], 5))
    lesson.gateway.create = create
    with ThreadPoolExecutor(SENDERS) as pool:
        for number in range(SENDERS):
            body = {**FOX, "prompt": f"fox {number}"}
            pool.submit(lesson.ask, "Ada" if number % 2 else "Ben", "/v1/images/generations", body)
        until(lambda: len(lesson.gateway.tasks) == SENDERS or None, "all that is sent at once")
        with monkeypatch.context() as context:
            context.setattr(endpoints, "IN_TIME", 0.5)
            refused = lesson.ask("Cem", "/v1/images/generations", FOX)
        assert (refused.status_code, "Nothing was sent" in refused.text, lesson.seats.spent("Cem")) == (429, True, 0)
        over.set()
    assert lesson.ask("Cem", "/v1/images/generations", {**FOX, "prompt": "a wolf"}).ok
    assert len(lesson.gateway.tasks) == SENDERS + 1


def test_who_has_left_is_booked_nothing(lesson):
    """A student whose kernel gave up while the prices were asked for has nothing sent for them behind their back."""

    left = threading.Event()

    def slow(gateway: Gateway, line: socket.socket) -> bool:
        left.wait(PATIENCE)
        return say(404)(gateway, line)

    lesson.gateway.reads["/api/pricing"] = slow
    with pytest.raises(requests.ReadTimeout):
        lesson.ask("Ada", "/v1/images/generations", FOX, timeout=0.2)
    lesson.ask("Ben", "/class/seat")  # whoever is answered after that, the relay has seen Ada leave
    left.set()
    for prompt in ("a wolf", "a bear"):
        lesson.create("Ben", {**FOX, "prompt": prompt})
    assert (lesson.seats.spent("Ada"), len(lesson.gateway.creations())) == (0, 2)


def test_a_gateway_that_wants_to_be_left_alone_is(lesson):
    """After a 429 no task is polled before its time is over, and who asks is told how long that is."""
    lesson.gateway.poll = lambda *_: say(429, {"error": {"message": "too many"}}, Retry_After="60")
    tasks = [lesson.create(body={**FOX, "prompt": prompt}) for prompt in ("a fox", "a wolf")]
    for one in tasks:
        until(lambda task=one: lesson.ask("Ada", f"/v1/tasks/{task}").status_code == 429 or None, "the refusal")
    told = [lesson.ask("Ada", f"/v1/tasks/{task}") for task in tasks * 5]
    polls = sum(count for call, count in lesson.gateway.counts.items() if "/tasks/" in call)
    assert polls <= len(tasks)  # the second one may have been on its way
    assert {answer.status_code for answer in told} == {429}
    assert all(0 < int(answer.headers["Retry-After"]) <= 60 for answer in told)


def test_thirty_at_once_are_one_at_the_gateway(lesson):
    """Thirty who poll a task, and then fetch its picture, at the same time are one poll and one download of the gateway's."""
    polled, fetched, over, there = [], [], threading.Event(), threading.Event()

    def poll(gateway: Gateway, _count: int, task: str) -> Step:
        polled.append(task)
        over.wait(PATIENCE)
        return say(200, gateway.completed(task))

    def file(gateway: Gateway, _count: int, path: str) -> Step:
        fetched.append(path)
        there.wait(PATIENCE)
        return say(200, gateway.picture(path))

    lesson.gateway.poll, lesson.gateway.file = poll, file
    task = lesson.create()
    with ThreadPoolExecutor(30) as pool:

        def told() -> set[str]:
            return {*pool.map(lambda _: lesson.ask("Ada", f"/v1/tasks/{task}").json()["status"], range(30))}

        until(lambda: (told() and polled) or None, "the poll")
        assert (len(polled), told() <= {"pending", "processing"}) == (1, True)
        over.set()
        (result,) = lesson.ended(task)["results"]
        files = [pool.submit(requests.get, result["url"], timeout=PATIENCE) for _ in range(30)]
        until(lambda: fetched or None, "the download")
        there.set()
        assert len({one.result(PATIENCE).content for one in files}) == 1
    assert (len(polled), len(fetched)) == (1, 1)


def test_a_gateway_in_trouble_is_polled_no_more_often(lesson):
    """Many polls of one task are few at a gateway that fails, as at one that answers."""
    lesson.gateway.poll = lambda *_: say(500, {"error": {"message": "broken"}})
    task, began = lesson.create(), time.monotonic()
    for _ in range(20):
        lesson.ask("Ada", f"/v1/tasks/{task}")
    most = 2 + (time.monotonic() - began) / FRESH_IN_THE_SANDBOX
    assert lesson.gateway.counts[f"/v1/tasks/{task}"] <= most


def test_a_link_is_fetched_when_a_picture_needs_it(lesson):
    """A seat fills no storage of the class with links: the gateway fetches one when a creation names it, and once."""
    fetched = "https://storage.example/1.png"
    lesson.gateway.reads["/v1/files/upload/url"] = say(200, {"id": "file-1", "url": fetched})
    for link in ("sha256:" + "a" * 64, "file:///etc/passwd"):
        assert lesson.ask("Ada", "/v1/files/upload/url", {"url": link}).status_code == 422
    url = lesson.ask("Ada", "/v1/files/upload/url", {"url": "https://example.com/a.png"}).json()["url"]
    assert lesson.gateway.counts["/v1/files/upload/url"] == 0
    for prompt in ("in the rain", "at night"):
        lesson.create(body={"model": "phota-image-edit", "prompt": prompt, "image_urls": [url]})
    assert lesson.gateway.counts["/v1/files/upload/url"] == 1
    assert [one.json["image_urls"] for one in lesson.gateway.creations()] == [[fetched]] * 2


def test_no_file_stands_for_a_link(lesson):
    """Nobody uploads a file that holds a classmate's link as its text: what that link shows would be another picture."""
    link = "https://example.com/a.png"
    fetched = "https://storage.example/1.png"
    lesson.gateway.reads["/v1/files/upload/url"] = say(200, {"id": "file-1", "url": fetched})
    file = {"file_data": base64.b64encode(link.encode()).decode(), "file_name": "a.png"}
    assert lesson.ask("Ben", "/v1/files/upload/base64", file).status_code == 422
    url = lesson.ask("Ada", "/v1/files/upload/url", {"url": link}).json()["url"]
    lesson.create(body={"model": "phota-image-edit", "prompt": "at night", "image_urls": [url]})
    assert [one.json["image_urls"] for one in lesson.gateway.creations()] == [[fetched]]


def test_what_was_under_way_when_a_seat_ended_is_had(lesson, student):
    """A seat's end stops new pictures alone: what was paid for before comes, its bill too, and is handed in; a later end lets it go on."""
    lesson.gateway.poll = lambda gateway, count, task: say(
        200, {"id": task, "status": "processing"} if count == 1 else gateway.completed(task)
    )
    ada = student("Ada")
    task = ada.generate("a fox")
    lesson.seats.end("Ada", time.time() - 1)
    assert task.wait(PATIENCE).images[0].pil()
    assert ada.reconcile().found == 1
    with pytest.raises(AccessDenied, match="open until"):
        ada.generate("a bear")
    ada.hand_in()
    lesson.seats.end("Ada", None)
    assert ada.generate("a bear").wait(PATIENCE).images


def test_where_nobody_can_be_admitted_nothing_was_sent(lesson, monkeypatch):
    """Whatever goes wrong before a request is read, a student is told that nothing was sent: a 5xx would leave its fate open."""
    monkeypatch.setattr(Seats, "by_digest", Mock(side_effect=RuntimeError("can't start new thread")))
    refused = until(lambda: _refused(lesson.ask("Ada", "/v1/images/generations", FOX)), "the refusal")
    assert (refused.status_code, refused.json()["error"]["of_class"]) == (429, True)
    assert "Nothing was sent" in refused.text


def test_of_who_was_removed_nothing_is_kept_that_comes_later(lesson, student):
    """No link to their pictures stands in the class's journal, and no word of the gateway's on what they asked for, whenever it came."""
    gateway, gone, kept = lesson.gateway, [], lesson.path / "class" / DATABASE
    uploaded = {"url": "https://cdn.example/ada.png", "id": "f", "filename": "x", "size": 3, "created_at": 1}

    def upload(server: Any, line: socket.socket) -> bool:
        if gateway.counts["/v1/files/upload/stream"] == 2:
            gone.append(lesson.seats.remove("Ada"))
        return say(200, {"data": uploaded})(server, line)

    def poll(gateway: Gateway, _count: int, task: str) -> Step:
        if "a fox" in gateway.tasks[task]["prompt"]:
            return say(200, gateway.completed(task))
        error = {"code": "x", "message": f"{gateway.tasks[task]['prompt']} is refused"}
        ending = {"status": "failed", "error": error} if gone else {"status": "processing"}
        return say(200, {"id": task, **ending})

    gateway.reads["/v1/files/upload/stream"], gateway.poll = upload, poll
    (result,) = lesson.ended(lesson.create())["results"]
    lesson.create(body={"model": "phota-image-edit", "prompt": "ada by night", "image_urls": [result["url"]]})
    assert b"cdn.example" in kept.read_bytes()
    with pytest.raises(AccessDenied, match="removed"):  # while their own file is on its way to the gateway
        student("Ada").edit("ada by day", gateway.picture("of her own"))
    until(lambda: lesson.database.read(select(creation).where(creation.c.state == "failed")), "the failure")
    assert [words for words in (b"cdn.example", b"ada by", b"is refused") if words in kept.read_bytes()] == []
    assert lesson.database.read(select(deposit)) == []
