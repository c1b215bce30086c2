"""The class's journal where its database fails: a lost COMMIT, a hung question, a lost row, an end, a seat that is made anew."""

import asyncio
import sqlite3
import threading
import time
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest
import requests
from sqlalchemy import delete, event, insert
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import OperationalError

import fox_nb
from classroom.room import answering
from fox_nb.classroom import forwarding
from fox_nb.classroom.bookings import Bookings, Wanted, named_in
from fox_nb.classroom.refusals import Refusal
from fox_nb.classroom.seats import Roster, Seat, Seats
from fox_nb.classroom.tables import CLASS, Database, creation, setting
from fox_nb.classroom.upstream import Upstream
from fox_nb.client import Client
from fox_nb.errors import DownloadFailed, FoxError
from fox_nb.tasks import Result, TaskState
from processes import PATIENCE, until

FOX = {"model": "phota-image", "prompt": "a fox"}


@pytest.fixture
def ada(tmp_path, sandbox, monkeypatch):
    """A class of one seat in this process, and that seat's calls."""
    monkeypatch.setattr(forwarding, "WATCH_EVERY", 0.2)
    database = Database(tmp_path / "class")
    seats = Seats(database)
    one = SimpleNamespace(database=database, seats=seats, token=dict(seats.make(["Ada"], 1, 5))["Ada"])
    with answering(tmp_path / "class", sandbox.base_url) as url:

        def ask(path: str, body: object = None) -> requests.Response:
            headers = {"Authorization": f"Bearer {one.token}", "X-Fox-Take": "1"}
            return requests.request("POST" if body else "GET", url + path, json=body, headers=headers, timeout=PATIENCE)

        one.url, one.ask, one.create = url, ask, lambda: ask("/v1/images/generations", FOX)
        yield one
    database.close()


def test_a_commit_whose_answer_is_lost_reserves_nothing_for_ever(ada, sandbox, monkeypatch):
    """Who is told that nothing was sent has their money back, though the journal had it; asked again, it is sent once."""
    commit, lost = DefaultDialect.do_commit, []

    def losing(dialect, connection):
        booked = connection.total_changes
        commit(dialect, connection)
        if not lost and booked:
            lost.append(booked)
            raise sqlite3.OperationalError("the line is gone")

    monkeypatch.setattr(DefaultDialect, "do_commit", losing)
    refused = ada.create()
    assert (refused.status_code, "Nothing was sent" in refused.text, len(lost)) == (429, True, 1)
    until(lambda: ada.seats.spent() == 0 or None, "the money to be given back")
    assert sandbox.creations == []
    assert ada.create().ok
    assert (ada.seats.spent(), len(sandbox.creations)) == (90_000, 1)


@pytest.mark.parametrize(
    "trouble", [OperationalError("SELECT", {}, Exception("away")), OSError(28, "No space left on device"), IndexError()]
)
def test_trouble_before_it_is_sent_is_told_as_such(ada, sandbox, monkeypatch, trouble):
    """Where the links of a creation can't be had, a seat is told that nothing was sent, and has its money back."""

    async def failing(*_args):
        raise trouble

    for part in ("_linked", "_request"):
        with monkeypatch.context() as context:
            context.setattr(forwarding.Forwarder, part, failing)
            refused = ada.create()
        assert (refused.status_code, "Nothing was sent" in refused.text) == (429, True)
        assert (ada.seats.spent(), sandbox.creations) == (0, [])
    assert ada.create().ok


def test_a_class_needs_no_thread_that_it_may_not_get(ada, sandbox, tmp_path, monkeypatch):
    """Where no thread is to be had any more a relay works on; none begins that would send later what it has refused."""
    start = threading.Thread.start

    def limited(thread):
        if thread.name.startswith(("relay-", "class-")):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    task = ada.create().json()["id"]
    sandbox.advance(900)
    done = until(lambda: (said := ada.ask(f"/v1/tasks/{task}").json())["results"] and said, "the picture")
    assert ada.ask(done["results"][0]["url"].removeprefix(ada.url)).ok
    assert [one["body"]["prompt"] for one in sandbox.creations] == ["a fox"]
    for begin in (lambda: Database(tmp_path / "other"), lambda: Upstream(Client(sandbox.base_url), is_sandbox=True)):
        with pytest.raises(FoxError, match="cannot start the threads"):
            begin()


def test_a_result_that_could_not_be_fetched_is_fetched_later(ada, tmp_path, monkeypatch):
    """A picture whose first download fails comes later, though nobody asks for it any more."""
    monkeypatch.setattr(forwarding, "GATHER_EVERY", 0.2)
    tries = []
    download = Upstream.download

    async def failing_once(upstream, url, target):
        tries.append(url)
        if len(tries) == 1:
            raise DownloadFailed("the disk is full")
        return await download(upstream, url, target)

    monkeypatch.setattr(Upstream, "download", failing_once)
    task = ada.create().json()["id"]
    until(lambda: ada.ask(f"/v1/tasks/{task}").json()["status"] == "completed" or None, "the task's end")
    files = tmp_path / "class" / "files"
    until(lambda: [path for path in files.iterdir() if len(path.name) == 43] or None, "the picture")
    assert len(tries) == 2


def test_a_creation_that_the_journal_has_lost_is_told(ada, sandbox, caplog):
    """A database that was put back to what it was meanwhile hides no creation: its id is in the log, and the answer leaves its fate open."""
    sandbox.misbehave("slow", on="create", times=1, seconds=4)
    told = []
    asking = threading.Thread(target=lambda: told.append(ada.create().status_code))
    asking.start()
    until(lambda: ada.database.execute(delete(creation)) or None, "the creation to be booked")
    asking.join(PATIENCE)
    assert told[0] >= 500
    (made,) = sandbox.creations
    assert f"accepted as {made['task_id']}, and is not in the database any more" in caplog.text


def test_what_is_being_read_when_a_relay_ends_is_read_to_its_end(tmp_path, sandbox, monkeypatch):
    """The database is closed after that: a connection that comes back later would be nobody's."""
    begun, seen = threading.Event(), []
    under_way, close = Bookings.under_way, Database.close

    def slow(bookings):
        begun.set()
        time.sleep(1)
        seen.append(under_way(bookings))
        return []

    monkeypatch.setattr(forwarding, "WATCH_EVERY", 0.2)
    monkeypatch.setattr(Bookings, "under_way", slow)
    monkeypatch.setattr(Database, "close", lambda database: (seen.append("closed"), close(database)))
    with answering(tmp_path / "class", sandbox.base_url):
        assert begun.wait(PATIENCE)
    assert seen == [[], "closed"]


def test_a_seat_that_is_made_anew_sees_nothing_of_the_one_before(ada, sandbox):
    """Who gets the name of a seat that was removed is shown none of its tasks, also when they were asked for just before."""
    sandbox.misbehave("stuck", times=1)
    task = ada.create().json()["id"]
    assert ada.ask(f"/v1/tasks/{task}").ok
    ada.seats.remove("Ada")
    ada.token = dict(ada.seats.make(["Ada"], 1, 5))["Ada"]
    until(lambda: ada.ask(f"/v1/tasks/{task}").status_code == 404 or None, "the task to be gone")


@pytest.mark.parametrize("own_failed", [False, True])
def test_a_seat_keeps_its_own_picture_when_sharing_begins(tmp_path, own_failed):
    """Asked again, a seat is given what was made for it; what was made for another one where its own has failed."""
    database = Database(tmp_path / "class")
    Seats(database).make(["Ada", "Ben"], 1, 5)
    bookings = Bookings(database)
    shared = Wanted("shared", "phota-image", "{}", "a fox", 90_000, otherwise="own")
    own = replace(shared, identity="own", otherwise="shared")

    def made(name, wanted, task, status="completed"):
        row = bookings.reserve(Seat(name, 0), wanted, 1.0).result(PATIENCE)
        bookings.accepted(row.id, task).result(PATIENCE)
        bookings.end(row, TaskState(task, status), 2.0).result(PATIENCE)

    asked = [
        lambda: made("Ada", replace(own, otherwise=""), "task-ada", "failed" if own_failed else "completed"),
        lambda: made("Ben", replace(shared, otherwise=""), "task-ben"),
    ]
    for ask in reversed(asked) if own_failed else asked:
        ask()
    again = bookings.reserve(Seat("Ada", 0), shared, 3.0).result(PATIENCE)
    assert (again.task, again.booked) == (("task-ben", CLASS) if own_failed else ("task-ada", "Ada"))
    database.close()


def test_of_who_was_removed_no_result_is_kept(tmp_path):
    """What the gateway names of a task after its student was removed stands nowhere: all that they made was to go."""
    database = Database(tmp_path / "class")
    seats, bookings = Seats(database), Bookings(database)
    seats.make(["Ada"], 1, 5)
    row = bookings.reserve(Seat("Ada", 0), Wanted("one", "phota-image", "{}", "a fox", 90_000), 1.0).result(PATIENCE)
    bookings.accepted(row.id, "task-ada").result(PATIENCE)
    named = TaskState("task-ada", "processing", results=(Result("https://cdn.example/ada.png"),))
    bookings.named(row.id, named).result(PATIENCE)
    assert named_in(bookings.row(row.id)).results == named.results
    seats.remove("Ada")
    bookings.named(row.id, named).result(PATIENCE)
    assert bookings.row(row.id).answer is None
    database.close()


def test_of_two_relays_one_books(tmp_path):
    """A relay on a copy of the folder takes the class over: what the first was sending is unknown, and it books no more."""
    url, wanted = f"sqlite:///{tmp_path / 'one.sqlite'}", Wanted("identity", "phota-image", "{}", "a fox", 90_000)
    here, copy = (Database(tmp_path / name, url) for name in ("class", "copy"))
    Seats(here).make(["Ada", "Ben"], 1, 5)
    first, second = Bookings(here), Bookings(copy)
    first.begin()
    row = first.reserve(Seat("Ada", 0), wanted, 1.0).result(PATIENCE)
    assert second.begin() == 1
    other = replace(wanted, identity="other")
    with pytest.raises(Refusal, match="Another relay") as refused:
        first.reserve(Seat("Ada", 0), other, 2.0).result(PATIENCE)
    assert refused.value.status < 500
    with pytest.raises(Refusal, match="nobody knows"):
        second.reserve(Seat("Ben", 0), wanted, 2.0).result(PATIENCE)
    assert second.reserve(Seat("Ben", 0), other, 2.0).result(PATIENCE).state == "sending"
    assert first.sending("other").result(PATIENCE) == []  # it is not the first one's to give back
    assert first.accepted(row.id, "task-1").result(PATIENCE).state == "accepted"
    here.close()
    copy.close()


def test_a_database_that_fails_is_asked_once_for_all_who_wait(tmp_path):
    """Thirty who come while the seats cannot be read are told so by one failure, not one after the other."""
    database = Database(tmp_path / "class")
    reads: Counter[str] = Counter()

    def fail(*_about: object) -> None:
        reads["seats"] += 1
        raise sqlite3.OperationalError("the line is gone")

    event.listen(database._engine, "before_cursor_execute", fail)
    roster = Roster(Seats(database))

    async def all_at_once() -> list[object]:
        return await asyncio.gather(*(roster.admit("token") for _ in range(30)), return_exceptions=True)

    told = fox_nb.run(all_at_once())
    assert all(isinstance(one, (OperationalError, sqlite3.OperationalError)) for one in told)
    assert reads["seats"] == 1
    database.close()


def test_what_is_refused_at_the_end_is_not_written(tmp_path):
    """Who brings a change to a journal that is closing is either told that it is written, or it is not."""
    database, go_on = Database(tmp_path / "class"), threading.Event()
    reading = Database(tmp_path / "class")
    first = database.changing(lambda _connection: go_on.wait(PATIENCE))
    closing = threading.Thread(target=database.close)
    second = database.executing(insert(setting).values(name="in time", value=""))
    closing.start()
    until(lambda: database._writer._shutdown or None, "the end to be near")
    with pytest.raises(RuntimeError):
        database.executing(insert(setting).values(name="too late", value=""))
    go_on.set()
    closing.join(PATIENCE)
    assert first.result(PATIENCE)
    assert second.result(PATIENCE) == 1
    assert (reading.setting("in time", "none"), reading.setting("too late", "none")) == ("", "none")
    reading.close()
