"""The relay: a student's usual Fox on a seat of a class; thirty students, one bill; what a kill leaves behind."""

import contextlib
import io
import json
import os
import random
import re
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import requests
from PIL import Image
from sqlalchemy import Engine, event, update

import fox_nb
from artifacts import MARKED_KEY
from classroom.browsing import log_in, token_in
from classroom.room import Classroom, answering
from client.scripted import say
from fox_nb import Fox
from fox_nb.classroom import forwarding
from fox_nb.classroom.bookings import Bookings, Wanted
from fox_nb.classroom.gallery import write_gallery
from fox_nb.classroom.relay import Options, Relay, behind
from fox_nb.classroom.seats import Seat, Seats
from fox_nb.classroom.tables import CLASS, Database, creation, deposit
from fox_nb.classroom.upstream import Upstream
from fox_nb.cli import main
from fox_nb.client import Client
from fox_nb.client.accounts import CHARGE, REFUND
from fox_nb.errors import (
    BudgetExceeded,
    ConnectionLost,
    FoxError,
    GatewayError,
    NotConnected,
    SubmissionUnknown,
    TaskFailed,
)
from fox_nb.money import MICRO_PER_USD
from gateways import EAGER, Gateway
from processes import PATIENCE, until
from servers import free_port

NAMES = [f"Student {number}" for number in range(1, 31)]


def test_a_student_works_as_on_the_gateway(classroom, student, sandbox):
    """A seat's token and the relay's address are all that a student needs: pictures, edits of own files, account and price."""
    classroom.seat("Ada")
    classroom.start()
    fox = student("Ada")
    task = fox.generate("a fox in the snow").wait()
    assert task.images[0].pil().size == (1024, 1024)
    edited = fox.edit("in the rain", Image.new("RGB", (64, 64), "red")).wait()
    assert edited.images[0].path.exists()
    again = fox.edit("at night", task.images[0]).wait()
    assert again.images[0].path.exists()
    assert float(fox.spent) == 0.27
    assert [row["body"]["model"] for row in sandbox.creations] == [
        "phota-image",
        "phota-image-edit",
        "phota-image-edit",
    ]
    usage = classroom.ask("GET", "/api/usage/token/", "Ada").json()["data"]
    assert (usage["name"], usage["total_used"], usage["total_granted"]) == ("Ada", 135_000, 50_000_000)
    log = classroom.ask("GET", "/api/log/token", "Ada").json()["data"]
    assert [row["quota"] for row in log] == [45_000] * 3


def test_an_upload_that_the_gateway_has_no_more_is_made_again(classroom, student, sandbox):
    """A student whose edit failed for it asks again, and the class pays for one with a link that lives."""
    classroom.seat("Ada")
    classroom.start()
    fox, picture = student("Ada"), Image.new("RGB", (64, 64), "red")
    fox.edit("in the rain", picture).wait()
    sandbox.advance(300 * 3600)  # of the gateway's clock alone
    with pytest.raises(TaskFailed) as failed:
        fox.edit("at night", picture).wait()
    failed.value.task.retry().wait()
    rain, night, again = (row["body"]["image_urls"] for row in sandbox.creations)
    assert rain == night != again


def lesson(classroom, name, folder):
    """One student's lesson, as a kernel asks for it: two pictures, an edit of a file that all have, one of their own."""
    image = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(image, "PNG")
    with Client(classroom.url, classroom.tokens[name]) as client:
        link = client.upload_file(image.getvalue(), file_name="teal.png").url
        asked = [
            ({"model": "phota-image", "prompt": "a fox in the snow"}, 1),
            ({"model": "phota-image", "prompt": "a fox in the snow"}, 2),
            ({"model": "phota-image-edit", "prompt": "in the rain", "image_urls": [link]}, 1),
        ]
        tasks = [client.create(body, take=take).id for body, take in asked]

        def over(task):
            state = client.task(task)
            return state if state.finished else None

        states = [until(lambda task=task: over(task), task) for task in tasks]
        target = folder / f"{name}.png"
        assert client.download(states[0].results[0].url, target).size == target.stat().st_size > 1000
        return tasks, [state.status for state in states]


@pytest.mark.usefixtures("noise")
@pytest.mark.parametrize("options", [(), ("--no-share",)])
def test_the_same_lesson_of_thirty_is_paid_once(classroom, sandbox, tmp_path, options):
    """Thirty students with one lesson make the creations of one, or thirty times as many with --no-share; every cent adds up."""
    classroom.seat(*NAMES)
    classroom.start(*options)
    with ThreadPoolExecutor(len(NAMES)) as pool:
        told = list(pool.map(lambda name: lesson(classroom, name, tmp_path), NAMES))
    assert all(states == ["completed"] * 3 for _, states in told)
    times = len(NAMES) if options else 1
    assert len({tuple(tasks) for tasks, _ in told}) == times
    creations = sandbox.creations
    assert len(creations) == 3 * times
    assert Counter(row["take"] for row in creations) == {1: 2 * times, 2: times}
    with Client(sandbox.base_url, classroom.env["FOXAPI_KEY"]) as gateway:
        paid = round(gateway.balance().used_usd * MICRO_PER_USD)
    spent = [classroom.seats.spent(name) for name in NAMES]
    assert sum(spent) + classroom.seats.spent(CLASS) == classroom.seats.spent() == paid == 270_000 * times
    assert spent == [270_000 if options else 0] * len(NAMES)
    bills = [classroom.ask("GET", "/api/log/token", name).json()["data"] for name in NAMES[:2]]
    of = [
        {kind: sum(row["quota"] for row in bill if row["type"] == kind) for kind in (CHARGE, REFUND)} for bill in bills
    ]
    assert of == [{CHARGE: 135_000, REFUND: 0 if options else 135_000}] * 2
    assert all(json.loads(row["other"])["shared"] is not bool(options) for bill in bills for row in bill)


@pytest.fixture
def journal_threads():
    """The names of the threads that ask a class's database in this process, whoever it is."""
    names: set[str] = set()

    def note(*_about: object) -> None:
        names.add(threading.current_thread().name)

    for what in ("before_cursor_execute", "commit"):
        event.listen(Engine, what, note)
    yield names
    for what in ("before_cursor_execute", "commit"):
        event.remove(Engine, what, note)


def test_nobody_waits_for_the_disk_of_another(tmp_path, sandbox, journal_threads):
    """While a student works and the teacher looks and marks, the thread that answers everybody never asks the database."""
    database = Database(tmp_path / "class")
    ((_, token),) = Seats(database).make(["Ada"], 1, 5)
    database.close()
    with answering(tmp_path / "class", sandbox.base_url, keep=24_000) as url:
        journal_threads.clear()  # what was read before it answered
        with Fox(api_key=token, base_url=url, store=tmp_path / "runs", polling=EAGER) as fox:
            fox.edit("in the rain", Image.new("RGB", (64, 64), "red")).wait()
            fox.reconcile()
            fox.hand_in()
        teacher = log_in(SimpleNamespace(url=url, folder=tmp_path / "class"))
        page = teacher.get(f"{url}/teacher", timeout=PATIENCE).text
        assert "removed after 1000 days" in page
        for path in ("live", "view/1", "class.csv"):
            assert teacher.get(f"{url}/teacher/{path}", timeout=PATIENCE).ok
        form = {"_xsrf": token_in(page), "number": "1", "mark": "A"}
        assert teacher.post(f"{url}/teacher/grade", data=form, timeout=PATIENCE).ok
    assert {name.partition("_")[0] for name in journal_threads} == {"class-journal", "relay-working"}


def test_a_database_is_of_one_folder(tmp_path, sandbox):
    """A relay of another folder is refused a class's database in words; the folder's own opens it again and again."""
    url = f"sqlite:///{tmp_path / 'one.sqlite'}"

    def relay(name: str) -> Relay:
        upstream = Upstream(Client(sandbox.base_url, MARKED_KEY), is_sandbox=True)
        return Relay(Options(tmp_path / name, database=url), upstream)

    for _ in range(2):
        fox_nb.run(relay("class").close())
    with pytest.raises(FoxError, match="another folder"):
        relay("other")


def test_the_journal_in_a_folder_is_of_that_folder(tmp_path, sandbox):
    """A second relay that is given the first one's own file as its database is refused, too."""
    upstream = Upstream(Client(sandbox.base_url, MARKED_KEY), is_sandbox=True)
    first = Relay(Options(tmp_path / "class"), upstream)
    with pytest.raises(FoxError, match="another folder"):
        Relay(Options(tmp_path / "other", database=f"sqlite:///{tmp_path / 'class' / 'class.sqlite'}"), upstream)
    fox_nb.run(first.close())


def test_a_class_is_of_one_gateway(tmp_path, sandbox):
    """A rehearsal's pictures and play money never come into the paid class: another gateway than made them is refused in words."""

    def relay(*, is_sandbox: bool) -> Relay:
        return Relay(Options(tmp_path / "class"), Upstream(Client(sandbox.base_url, MARKED_KEY), is_sandbox=is_sandbox))

    database = Database(tmp_path / "class")
    ((_, token),) = Seats(database).make(["Ada"], 1, 5)
    database.close()
    fox_nb.run(relay(is_sandbox=False).close())  # which made nothing: seats that were made stay good
    with answering(tmp_path / "class", sandbox.base_url) as url, Client(url, token) as ada:
        ada.create({"model": "phota-image", "prompt": "a fox"}, take=1)
    with pytest.raises(FoxError, match="is of the sandbox"):
        relay(is_sandbox=False)
    fox_nb.run(relay(is_sandbox=True).close())
    assert len(sandbox.creations) == 1


def test_a_seat_pays_the_price_of_the_keys_group(tmp_path):
    """Once the gateway has named the key's group, seats are told and booked what it charges, by the next relay, too."""
    from fox_nb.sandbox import Sandbox

    database = Database(tmp_path / "class")
    seats = Seats(database)
    ((_, token),) = seats.make(["Ada"], 1, 5)
    booked = [0]
    with Sandbox(keys=[MARKED_KEY], speed=500, groups={"default": 1, "vip": 2}) as sandbox:
        for prompts in (("a fox", "a wolf"), ("a bear",)):
            with answering(tmp_path / "class", sandbox.base_url) as url, Client(url, token) as ada:
                for prompt in prompts:
                    told = until(lambda ask=ada.pricing: ask().usd.get("phota-image"), "the price")
                    task = ada.create({"model": "phota-image", "prompt": prompt}, take=1).id
                    booked.append(seats.spent())
                    assert round(told * MICRO_PER_USD) == booked[-1] - booked[-2]
                    until(lambda ask=ada.task, task=task: ask(task).results or None, "its end")
    database.close()
    assert booked == [0, 180_000, 270_000, 360_000]  # the dearest group's while nobody knows it


def test_a_shared_picture_is_had_as_long_as_it_is_kept(tmp_path, sandbox, monkeypatch):
    """Who asks days later for what another has paid has it, unpaid; when its file has been removed it is made anew."""
    monkeypatch.setattr(forwarding, "WATCH_EVERY", 0.2)
    database, files = Database(tmp_path / "class"), tmp_path / "class" / "files"
    tokens = dict(Seats(database).make(["Ada", "Ben", "Cem"], 1, 5))

    def has_picture(url: str, name: str) -> bool:
        with Client(url, tokens[name]) as one:
            task = one.create({"model": "phota-image", "prompt": "a fox"}, take=1).id
            link = until(lambda: one.task(task).results or None, "its end")[0].url
            return one.download(link, tmp_path / f"{name}.png").size > 1000

    def wait(days: int) -> None:
        seconds = days * 86400.0
        database.execute(update(deposit).values(made=deposit.c.made - seconds))
        database.execute(update(creation).values(ended=creation.c.ended - seconds))
        for path in files.iterdir():
            os.utime(path, (path.stat().st_mtime - seconds,) * 2)

    with answering(tmp_path / "class", sandbox.base_url) as url:
        assert has_picture(url, "Ada")
        wait(days=2)
        assert has_picture(url, "Ben")
        assert len(sandbox.creations) == 1
        wait(days=20)
        until(lambda: not any(files.iterdir()) or None, "the file to be removed")
        assert has_picture(url, "Cem")
        assert len(sandbox.creations) == 2
    database.close()


def test_a_rehearsals_money_is_play_money_everywhere(tmp_path, sandbox, capsys):
    """Behind a relay on the sandbox all that a student is told of money says so, in the next kernel, the gallery and the seats, too."""
    database = Database(tmp_path / "class")
    ((_, token),) = Seats(database).make(["Ada"], 1, 5)
    with answering(tmp_path / "class", sandbox.base_url) as url:
        at = {"api_key": token, "base_url": url, "store": tmp_path / "Ada" / "fox_runs", "polling": EAGER}
        with Fox(**at, budget=1) as fox:
            assert "left $1.00 (play money)" in repr(fox.account)  # before anything is asked for
            task = fox.generate("a fox").wait()
            plan = fox.sweep("phota-image", prompt=["a fox", "a bear"])
            told = [task.cost, fox.spent, fox.left, fox.budget, fox.account.used, plan.cost, fox.price("phota-image")]
            assert ["play money" in str(one) for one in told] == [True] * len(told)
            Seats(database).raise_budget("Ada", -0.9)
            with pytest.raises(FoxError, match=r"of your \$0\.10 \(play money\) budget"):
                fox.generate("a wolf")
    with Fox(**at, budget=0.1) as fox:
        assert "play money" in str(fox.spent)
        with pytest.raises(BudgetExceeded, match="play money"):
            fox.generate("a bear")
    (person,) = write_gallery([tmp_path / "Ada"], tmp_path / "page.html")
    assert (person.usd, person.play) == (0.0, 0.09)
    assert main(["seats", "list", f"--folder={tmp_path / 'class'}"]) == 0
    assert "All: $0.09 (play money) of $5.00 (play money)" in capsys.readouterr().out
    database.close()


def test_what_is_not_sent_again_costs_nothing_again(classroom, student, sandbox, tmp_path):
    """A student who presses retry on a lost answer counts the first sending alone; where that is not known, it is told and counted, too."""
    classroom.seat("Ada")
    classroom.start()
    fox = student("Ada")
    sandbox.misbehave("lost_answer", on="create", times=1)
    with pytest.raises(SubmissionUnknown):
        fox.generate("a fox")
    (task,) = fox.tasks()
    for _ in range(2):
        with pytest.raises(GatewayError, match="not sent again"):
            task.retry()
    anew = student("Ada", store=tmp_path / "a new computer")
    with pytest.raises(SubmissionUnknown, match=r"not sent again.*may have been charged"):
        anew.generate("a fox")
    with pytest.raises(GatewayError, match="not sent again"):
        anew.tasks()[0].retry()
    for one in (fox, anew):
        assert ([task.status for task in one.tasks()], float(one.spent)) == (["unknown"], 0.09)
    assert (classroom.seats.spent(), len(sandbox.creations)) == (90_000, 1)


def test_a_student_is_the_seat_whatever_token_and_address(tmp_path, sandbox, monkeypatch):
    """With a new token and at another address a student has the same history, money and bill; in another class there, none of it."""
    database = Database(tmp_path / "class")
    seats = Seats(database)
    ((_, token),) = seats.make(["Ada"], 1, 5)
    at = {"store": tmp_path / "runs", "budget": 0.2, "polling": EAGER}
    edit = {"prompt": "a red boat", "image_urls": Image.new("RGB", (600, 600), "red")}
    with answering(tmp_path / "class", sandbox.base_url) as url:
        with monkeypatch.context() as older, Fox(token, url, **at) as fox:
            older.setattr("fox_nb.session.as_known", lambda gateway, *_: gateway)  # a store of before
            fox.edit(**edit).wait()
        with Fox(token, url, **at) as fox:
            assert fox.spent == pytest.approx(0.09)
        with Fox(seats.renew("Ada"), url, **at) as fox:  # as JupyterHub gives one whenever a server starts
            assert fox.spent == pytest.approx(0.09)
            assert [repr(fox.reconcile()), fox.edit(**edit).reused] == [
                "1 request on the bill: $0.09 (play money) charged, $0.00 (play money) refunded.",
                True,
            ]
            assert fox.session.uploads.links(fox.tasks()[0].row.body)[1], "the upload is made anew"
            with pytest.raises(BudgetExceeded):
                fox.generate("two more", num_outputs=2)
    with Fox(seats.renew("Ada"), url, **at) as fox:  # the relay is away
        assert fox.spent == pytest.approx(0.09)
    monkeypatch.setattr("classroom.room.Options", lambda folder: Options(folder, port=free_port()))
    kept = socket.create_server(("127.0.0.1", int(url.rpartition(":")[2])))  # for the class that comes there next
    with kept, answering(tmp_path / "class", sandbox.base_url) as moved:
        assert moved != url
        with Fox(seats.renew("Ada"), moved, **at) as fox:
            assert fox.spent == pytest.approx(0.09)
            assert fox.edit(**edit, take="new").wait().take == 2
        with Fox(seats.renew("Ada"), moved, **at) as fox:
            assert [task.take for task in fox.tasks()] == [2, 1]
    others = Database(tmp_path / "rehearsal")
    ((_, token),) = Seats(others).make(["Ada"], 1, 5)
    monkeypatch.setattr("classroom.room.Options", lambda folder: Options(folder, port=int(url.rpartition(":")[2])))
    with answering(tmp_path / "rehearsal", sandbox.base_url) as again, Fox(token, again, **at) as fox:
        assert (again, fox.spent, len(fox.tasks())) == (url, 0, 0)
    others.close()
    database.close()


def test_a_relay_takes_the_port_that_it_had(classroom):
    """Started again it answers where it did; where another program does now, at a free port, and that is told."""
    classroom.start()
    was = classroom.port
    for is_free in (True, False):
        classroom.kill()
        classroom.port = 0
        with contextlib.nullcontext() if is_free else socket.create_server(("127.0.0.1", was)):
            classroom.start()
            assert (classroom.port == was) is is_free
    until(lambda: f"port {was}" in classroom.log.read_text() or None, "the word of it")


def test_a_relay_says_what_is_behind_it(artifacts):
    """A key that is not accepted, a gateway that is away or fails, and what the last relay was sending are told as it starts."""
    with Gateway() as gateway:
        one = Classroom(artifacts, gateway.url)
        gateway.reads["/v1/models"] = say(401, {"error": {"message": "invalid token"}})
        one.seat("Ada")
        wanted = Wanted("fox", "phota-image", "{}", "a fox", 90_000)
        database = Database(one.folder)
        Bookings(database).reserve(Seat("Ada", 0), wanted, 1.0).result(PATIENCE)
        database.close()
        one.start()
        told = until(lambda: one.log.read_text() if "teacher's page." in one.log.read_text() else None, "the last line")
        one.stop()
        assert "does not accept this key" in told
        assert "1 creation was being sent" in told
        upstream = Upstream(Client(gateway.url, MARKED_KEY, reads_tries=1), is_sandbox=False)
        said = []
        for status, body in ((200, {"data": [{"id": "phota-image"}]}), (500, {"error": {"message": "broken"}})):
            gateway.reads["/v1/models"] = say(status, body)
            upstream._models_asked = float("-inf")
            said.append(fox_nb.run(behind(upstream)))
    said.append(fox_nb.run(behind(upstream)))
    upstream.close()
    assert ["pictures cost" in words for words in said] == [True, True, False]
    assert ("broken" in said[1], "cannot be reached" in said[2]) == (True, True)


def test_a_relay_without_seats_says_in_which_folder(artifacts, sandbox):
    """In another folder than the class's a relay begins another class, of nobody: it says so, until there is a seat."""
    one = Classroom(artifacts, sandbox.base_url)
    nobody = f"There are no seats in {one.folder}, so nobody is answered"
    try:
        one.start()
        until(lambda: nobody in one.log.read_text() or None, "what it says", show=one.log.read_text)
        one.kill()
        one.seat("Ada")
        one.start()
        until(lambda: one.log.read_text().count("is behind it") == 2 or None, "the last line", show=one.log.read_text)
    finally:
        one.stop()
    assert one.log.read_text().count(nobody) == 1


def test_what_nobody_knows_is_on_no_bill(tmp_path, sandbox):
    """A lost answer is found on a student's bill when the teacher has found it on the class's, and not before."""
    database = Database(tmp_path / "class")
    ((_, token),) = Seats(database).make(["Ada"], 1, 5)
    sandbox.misbehave("lost_answer", on="create", times=1)
    with (
        answering(tmp_path / "class", sandbox.base_url) as url,
        Fox(api_key=token, base_url=url, store=tmp_path / "runs", polling=EAGER) as fox,
    ):
        with pytest.raises(SubmissionUnknown):
            fox.generate("a fox")
        assert [one.word for one in fox.reconcile(fresh=True).proposals] == ["nothing found"]
        Bookings(database).settle(1, paid=True, now=time.time())
        assert [one.word for one in fox.reconcile(fresh=True).proposals] == ["charged"]
    database.close()


def test_a_relay_that_begins_or_ends_to_share_sends_nothing_again(tmp_path, sandbox):
    """What a seat has asked for is not sent and paid again since its relay was started with another choice of --no-share."""
    database = Database(tmp_path / "class")
    tokens = dict(Seats(database).make(["Ada", "Ben"], 1, 5))
    asked = [("Ada", "a fox"), ("Ben", "a fox"), ("Ada", "a wolf"), ("Ada", "a lost fox"), ("Ben", "a bear")]
    known: dict[tuple[str, str], str] = {}

    def create(url, name, prompt):
        headers = {"Authorization": f"Bearer {tokens[name]}", "X-Fox-Take": "1"}
        body = {"model": "phota-image", "prompt": prompt}
        answer = requests.post(f"{url}/v1/images/generations", json=body, headers=headers, timeout=PATIENCE).json()
        return answer["id"] if "id" in answer else answer["error"]["code"]

    for share, new in ((True, asked[:4]), (False, asked[4:]), (True, []), (False, [])):
        with answering(tmp_path / "class", sandbox.base_url, share=share) as url:
            for name, prompt in new:
                if "lost" in prompt:
                    sandbox.misbehave("lost_answer", on="create", times=1)
                known[name, prompt] = create(url, name, prompt)
                if "lost" in prompt:
                    assert known[name, prompt] == "submission_unknown"
                    known[name, prompt] = "sent_before"
            assert {one: create(url, *one) for one in known} == known
    assert Counter(row["body"]["prompt"] for row in sandbox.creations) == Counter({prompt for _, prompt in asked})
    database.close()


def test_a_relay_asks_which_variation_it_is(classroom, student, sandbox):
    """A kernel that heard nothing of a relay when it asked for prices, since that was just away, still shares what others paid for."""
    classroom.seat("Ada", "Ben")
    classroom.start()
    ada, ben = student("Ada"), student("Ben")
    classroom.kill()
    for fox in (ada, ben):
        fox.price("phota-image")
    classroom.start()
    first, second = (fox.generate("a fox", take=3).wait() for fox in (ada, ben))
    assert first.images[0].path.read_bytes() == second.images[0].path.read_bytes()
    assert [row["take"] for row in sandbox.creations] == [3]


def test_two_kernels_share_by_themselves(classroom, student, sandbox):
    """Two students' kernels that run the same cell learn what the relay understands, and one task is made for both."""
    classroom.seat("Ada", "Ben")
    classroom.start()
    ada, ben = (student(name).generate("a fox", take=3).wait() for name in ("Ada", "Ben"))
    assert ada.images[0].path.read_bytes() == ben.images[0].path.read_bytes()
    assert [row["take"] for row in sandbox.creations] == [3]


def test_a_failure_is_told_to_all_and_paid_once(classroom, student, sandbox, tmp_path):
    """Who asks for what has failed for another is told the same failure; who saw it fail has it sent again, knowingly."""
    classroom.seat("Ada", "Ben")
    classroom.start()
    sandbox.misbehave("failed", times=1)
    failed = student("Ada").generate("a fox")
    for task in (failed, student("Ben").generate("a fox")):
        with pytest.raises(TaskFailed):
            task.wait()
    assert len(sandbox.creations) == 1
    assert failed.retry().wait().images
    assert student("Ben", store=tmp_path / "another").generate("a fox").wait().images
    assert len(sandbox.creations) == 2


def test_what_the_gateway_gives_back_is_given_back(tmp_path, sandbox, monkeypatch):
    """A failure that the gateway refunds costs neither seat nor class, is on the student's bill, and is told as before."""
    monkeypatch.setattr(forwarding, "WATCH_EVERY", 0.1)
    monkeypatch.setattr(forwarding, "BILL_EVERY", 0.1)
    database = Database(tmp_path / "class")
    seats = Seats(database)
    tokens = dict(seats.make(["Ada", "Ben"], 0.10, 0.20))
    sandbox.misbehave("failed", times=1)
    with answering(tmp_path / "class", sandbox.base_url) as url, Client(sandbox.base_url, MARKED_KEY) as gateway:
        with Fox(api_key=tokens["Ada"], base_url=url, store=tmp_path / "Ada", polling=EAGER, budget=0.10) as ada:
            failed = ada.generate("a fox")
            with pytest.raises(TaskFailed):
                failed.wait()
            until(lambda: seats.spent() == 0 or None, "the refund")
            assert gateway.usage().used_usd == 0
            assert float(ada.reconcile(fresh=True).refunded) == 0.09
            assert ada.tasks()[0].status == "failed"
            ben = Fox(api_key=tokens["Ben"], base_url=url, store=tmp_path / "Ben", polling=EAGER)
            with ben, pytest.raises(TaskFailed):
                ben.generate("a fox").wait()
            assert failed.retry().wait().images
        assert seats.spent() == seats.spent("Ada") == round(gateway.usage().used_usd * MICRO_PER_USD) == 90_000
    database.close()


def test_a_student_reads_what_a_student_can_do(classroom, student, sandbox, tmp_path):
    """What the relay refuses is told with what a student can do, and no advice for the owner of the account stands behind it."""
    classroom.seat("Ada", "Ben", each=0.1)
    classroom.start()
    database = Database(classroom.folder)
    ada, ben = student("Ada"), student("Ben")
    ada.generate("a fox").wait()
    sandbox.misbehave("lost_answer", on="create", times=1)
    photo = {"prompt": "a boat", "image_urls": Image.new("RGB", (600, 600), "red")}
    told = []

    def refused(work):
        with pytest.raises(FoxError) as error:
            work()
        told.append(str(error.value))

    with pytest.raises(SubmissionUnknown):
        ben.generate("a lost fox")
    refused(lambda: ben.session.client.create({"model": "phota-image", "prompt": "a lost fox"}, take=1))
    refused(lambda: ada.generate("a lost fox"))
    refused(lambda: ada.generate("a bear"))
    database.set("words", "bear")
    refused(lambda: ada.generate("a bear"))
    refused(lambda: ada.session.client.create({"model": "phota-image", "prompt": "x", "num_outputs": 9}, take=1))
    refused(lambda: ada.session.client.task("task-of-nobody"))
    database.set("stopped", "1")
    refused(lambda: ada.generate("a bear"))
    refused(lambda: student("Ben", api_key="no-seat-of-this-class", store=tmp_path / "other").generate("a fox"))
    classroom.seats.block("Ada")
    until(lambda: classroom.ask("GET", "/v1/models", "Ada").status_code == 403 or None, "the seat to be blocked")
    refused(lambda: ada.edit(**photo))
    refused(ada.hand_in)
    database.close()
    assert len(told) == 10
    assert [words for words in told if not words.startswith("The relay of your class says (HTTP ")] == []
    assert [words for words in told if not re.search(r"[Tt]eacher|again|Check|Change (what|the words)", words)] == []
    assert [words for words in told if re.search("console|auto_cleanup|report it|support", words)] == []


def test_an_empty_seat_presses_for_what_the_class_has(classroom, student, sandbox):
    """What another one has made costs a seat nothing, so its panel asks the relay, whose own words say what it can't pay."""
    classroom.seat("Ben")
    classroom.seat("Ada", each=0)
    classroom.start()
    ada, made = student("Ada"), student("Ben").generate("a bear").wait(PATIENCE)
    panel = ada.panel("phota-image", prompt="a bear")
    assert ada.account.is_empty
    panel._seen()
    until(lambda: (ada.session.prices.is_class and not panel._press.hint) or None, "a panel that can be pressed")
    assert panel.submit().wait(PATIENCE).images[0].path.read_bytes() == made.images[0].path.read_bytes()
    panel.prompt = "an owl"
    with pytest.raises(GatewayError, match="ask your teacher"):
        panel.submit()
    assert len(sandbox.creations) == 1


@pytest.mark.parametrize("fault", ["page", "truncated"])
def test_what_is_no_picture_is_not_kept(classroom, student, sandbox, fault):
    """A page or half a file that a link gave once is fetched again: every student has the picture that was paid for."""
    classroom.seat("Ada")
    classroom.start()
    sandbox.misbehave(fault, on="result", times=1)
    assert student("Ada").generate("a fox").wait(PATIENCE).images[0].pil().size == (1024, 1024)


def test_the_take_is_told_to_no_gateway(tmp_path):
    """A gateway that has not said that it is a class's relay is sent no header that its pages don't know."""
    from gateways import Gateway

    with Gateway() as gateway:
        with Fox(api_key="sk-0123456789", base_url=gateway.url, store=tmp_path / "runs") as fox:
            fox.generate("a fox")
        sent = [call for call in gateway.received if call.method == "POST"]
        assert sent
        assert not [name for call in sent for name in call.headers if name.lower().startswith("x-")]


def test_no_budget_is_passed_in_forty_races(classroom, sandbox):
    """Forty requests at once on a seat, then on all seats, spend what the budgets allow and no cent more."""
    classroom.seat(*NAMES[:8], each=0.30, total=1.00)
    classroom.start()

    def press(number: int) -> int:
        name = NAMES[0] if number < 40 else NAMES[number % 8]
        body = {"model": "phota-image", "prompt": f"fox {number}"}
        return classroom.ask("POST", "/v1/images/generations", name, json=body).status_code

    with ThreadPoolExecutor(40) as pool:
        answers = [Counter(pool.map(press, range(begin, begin + 40))) for begin in (0, 40)]
    assert answers == [{200: 3, 402: 37}, {200: 8, 402: 32}]
    assert len(sandbox.creations) == 11
    assert max(classroom.seats.spent(name) for name in NAMES[:8]) == 270_000
    assert classroom.seats.spent() == 990_000


def test_what_was_not_accepted_is_given_back(classroom, sandbox):
    """A refusal of the gateway costs nothing and is told as the gateway tells it; what is unknown stays reserved."""
    classroom.seat("Ada")
    classroom.start()
    body = {"model": "phota-image", "prompt": "a fox"}
    with Client(classroom.url, classroom.tokens["Ada"]) as client:
        sandbox.misbehave("server_error", on="create", times=1)
        with pytest.raises(GatewayError) as unknown:
            client.create(body, take=1)
        assert (unknown.value.http_status, unknown.value.not_accepted) == (502, False)
        assert classroom.seats.spent("Ada") == 90_000
        with pytest.raises(GatewayError, match=r"nobody knows.*not sent again") as again:
            client.create(body, take=1)
        assert not again.value.not_accepted
        with pytest.raises(GatewayError, match="image_url") as refused:
            client.create({"model": "phota-image-enhance", "image_url": "https://nowhere.invalid/a b"})
        assert refused.value.not_accepted
        assert classroom.seats.spent("Ada") == 90_000
    assert len(sandbox.creations) == 1


def asked(classroom, number):
    """One request, as a person asks who presses retry until it is known."""
    body = {"model": "phota-image", "prompt": f"fox {number}"}
    with Client(classroom.url, classroom.tokens[NAMES[number % 6]]) as client:
        for _ in range(200):
            try:
                return number, client.create(body, take=1).id
            except (ConnectionLost, NotConnected):
                time.sleep(0.3)
            except GatewayError as error:
                if error.code in {"submission_unknown", "sent_before"}:
                    return number, ""
                time.sleep(0.3)
    raise AssertionError(number)


@pytest.mark.usefixtures("noise")
@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.long)])
def test_kill_9_loses_and_doubles_nothing(classroom, sandbox, count):
    """The relay is killed at random while students create and the gateway errs: no identity is created twice, no task is lost."""
    classroom.seat(*NAMES[:6])
    classroom.start()
    chance = random.Random(16)
    sandbox.misbehave("lost_answer", on="create", rate=0.05, times=count)
    sandbox.misbehave("server_error", on="read", rate=0.1, times=count)
    done = threading.Event()

    def kill_now_and_then() -> None:
        for _ in range(count // 20):
            if done.wait(chance.uniform(0.2, 2.0)):
                return
            classroom.kill()
            classroom.start()

    killer = threading.Thread(target=kill_now_and_then)
    killer.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(lambda number: asked(classroom, number), range(count)))
    finally:
        done.set()
        killer.join(PATIENCE)
        assert not killer.is_alive(), f"waited {PATIENCE} s in vain for the killer"
    made = Counter(row["body"]["prompt"] for row in sandbox.creations)
    assert max(made.values()) == 1
    ids = {row["body"]["prompt"]: row["task_id"] for row in sandbox.creations}
    known = {f"fox {number}": task for number, task in told if task}
    assert all(ids[words] == task for words, task in known.items())
    unknown = [f"fox {number}" for number, task in told if not task]
    with Client(sandbox.base_url, classroom.env["FOXAPI_KEY"]) as gateway:
        paid = round(gateway.balance().used_usd * MICRO_PER_USD)
    assert classroom.seats.spent() == count * 90_000  # what is unknown stays reserved
    assert paid == 90_000 * len(made) >= 90_000 * len(known)
    print(f"{count} tasks, {len(known)} known, {len(unknown)} unknown")
    for number, task in told[:6]:
        if task:
            path = f"/v1/tasks/{task}"
            state = until(lambda n=number, p=path: completed(classroom.ask("GET", p, NAMES[n % 6])), "its end")
            assert (
                classroom.ask("GET", "/files/" + state["results"][0]["url"].partition("/files/")[2]).status_code == 200
            )


def completed(answer: requests.Response) -> dict | None:
    return answer.json() if answer.ok and answer.json()["status"] == "completed" else None
