"""What is made of a bill at a gateway that answers oddly: nobody's money is taken for another's, and nothing is forgotten."""

import contextlib
import copy
import html
import json
import pickle
import re
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any

import numpy as np
import pytest

from client.scripted import say
from fox_nb import (
    BudgetExceeded,
    ConfirmationNeeded,
    Fox,
    FoxError,
    InvalidRequest,
    NotFound,
    SubmissionUnknown,
    UnexpectedAnswer,
)
from fox_nb.session import billing, pool
from fox_nb.session.lost_answers import moment
from gateways import Answer, Gateway, always
from processes import ended, until

PHOTO = np.zeros((40, 40, 3), "uint8")
REFUSED = say(422, {"error": {"message": "no", "type": "x"}})
LOST = say(502, b"<html>bad gateway</html>")
FAILED: Answer = lambda _gateway, _count, task_id: say(  # noqa: E731 - an answer like the others
    200, {"id": task_id, "status": "failed", "error": {"code": "x", "message": "no"}}
)


def entry(at: float, *, quota: int = 45_000, task_id: str = "", refund: bool = False, **more: Any) -> dict[str, Any]:
    """One line of the log: $0.09, if nothing else is said."""
    kind, other = 6 if refund else 2, json.dumps({"task_id": task_id} if task_id else {})
    line = {"created_at": int(at), "model_name": "phota-image", "quota": quota, "type": kind, "other": other}
    return {**line, "group": "default", **more}


def tell(gateway: Gateway, *entries: dict[str, Any]) -> None:
    gateway.reads["/api/log/token"] = say(200, {"data": list(entries)})


def price(gateway: Gateway, usd: float, **ratios: Any) -> None:
    listed = [{"model_name": "phota-image", "quota_type": 1, "model_price": usd}]
    gateway.reads["/api/pricing"] = say(200, {"data": listed, "group_ratio": ratios or {"default": 1}})


def ask(fox: Fox, prompt: str = "a fox") -> Any:
    """Ask for a picture, however that ends; the task."""
    with contextlib.suppress(FoxError):
        fox.generate(prompt).wait(60)
    return fox.tasks()[0]


def again(task: Any) -> None:
    with pytest.raises(FoxError):
        task.retry().wait(60)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway whose bill is what a test tells."""
    with Gateway() as gateway:
        price(gateway, 0.09)
        tell(gateway)
        yield gateway


@pytest.mark.parametrize("refunded", [True, False])
def test_a_proposal_is_of_the_newest_sending(gateway: Gateway, fox_at: Callable[..., Fox], refunded: bool) -> None:
    """What the bill says of a failed sending proposes nothing of a retry whose answer was lost."""
    gateway.poll = FAILED
    fox = fox_at(gateway)
    task = ask(fox)
    now = time.time()
    tell(gateway, entry(now), *([entry(now, refund=True, task_id=task.id)] * refunded))
    fox.reconcile()
    time.sleep(1.1)  # the log's time is in whole seconds
    gateway.create = always(LOST)
    again(task)
    (proposal,) = fox.reconcile(fresh=True).proposals
    assert (proposal.word, proposal.paid) == ("nothing found", None)
    assert fox.spent == pytest.approx(0.09 if refunded else 0.18)


@pytest.mark.parametrize("is_named", [True, False])
def test_what_the_bill_has_shown_is_what_is_advised(
    gateway: Gateway, fox_at: Callable[..., Fox], is_named: bool
) -> None:
    """Nobody is sent to a bill that was read, or told to say that it was paid where its id brings the pictures."""
    gateway.create = always(LOST)
    fox = fox_at(gateway)
    task = ask(fox)
    looked = "fox.reconcile() does"
    assert looked in task.error.todo
    tell(gateway, entry(time.time(), task_id=next(iter(gateway.tasks)) if is_named else ""))
    fox.reconcile()
    assert task.proposal.code in task.error.todo
    assert looked not in task.error.todo
    page = html.unescape(re.sub(r"<[^>]+>", "", task._repr_html_()))
    assert task.proposal.words in page
    assert f"{task.proposal.code} to accept that" in page
    assert ("may not have been charged" in page, "task.settle(paid=False)" in page) == (False, False)
    assert ("task_id=" in task.proposal.code) == is_named


@pytest.mark.parametrize("paid", [True, False])
def test_what_was_settled_comes_when_the_bill_names_it(
    gateway: Gateway, fox_at: Callable[..., Fox], paid: bool
) -> None:
    """Who settled before the log had its id is told of it then, by the bill and by the task; and the pictures come."""
    gateway.create = always(LOST)
    fox = fox_at(gateway)
    task = ask(fox)
    task.settle(paid=paid)
    assert ("task.retry()" if paid else "Ask again") in task.error.todo
    assert fox.reconcile().proposals == ()
    lost = next(iter(gateway.tasks))
    tell(gateway, entry(time.time(), task_id=lost))
    assert [one.task_id for one in fox.reconcile(fresh=True).proposals] == [lost]
    fetched = f"task.settle(task_id={lost!r})"
    assert fetched in task.error.todo
    with pytest.raises(FoxError, match=re.escape(fetched)):
        fox.generate("a fox").wait()
    assert task.settle(task_id=lost).wait(60).images
    assert fox.reconcile(fresh=True).proposals == ()
    assert (float(fox.spent), len(gateway.tasks)) == (pytest.approx(0.09), 1)


def test_a_retry_that_is_refused_forgets_nothing(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """A lost answer stays of unknown fate when its retry is refused; what is settled is that one, and it counts once."""
    gateway.create = always(LOST)
    fox = fox_at(gateway)
    task = ask(fox)
    lost = next(iter(gateway.tasks))
    gateway.create = always(REFUSED)
    again(task)
    assert (task.status, task.proposal.word, len(fox.session.unfinished())) == ("unknown", "not asked", 1)
    assert fox.spent == pytest.approx(0.09)
    task.settle(paid=False)
    assert (task.status, float(fox.spent)) == ("refused", 0)
    tell(gateway, entry(time.time(), task_id=lost))
    task.settle(paid=True, task_id=lost).wait(60)
    fox.reconcile()
    assert (float(fox.spent), str(task.cost)) == (pytest.approx(0.09), "$0.09 charged")


@pytest.mark.parametrize("paid", [True, False])
def test_what_the_bill_names_comes_though_it_was_sent_once_more_and_refused(
    gateway: Gateway, fox_at: Callable[..., Fox], paid: bool
) -> None:
    """What was settled, then refused when it was sent anew, is not paid for again by the same cell once the bill names it."""
    gateway.create = always(LOST)
    fox = fox_at(gateway)
    task = ask(fox)
    task.settle(paid=paid)
    (lost,) = gateway.tasks
    gateway.create = always(REFUSED)
    again(task)
    assert "Ask again" in task.error.todo
    tell(gateway, entry(time.time(), task_id=lost))
    assert [one.code for one in fox.reconcile().proposals] == [f"task.settle(paid=True, task_id={lost!r})"]
    with pytest.raises(FoxError, match=re.escape(f"task.settle(task_id={lost!r})")):
        fox.generate("a fox").wait()
    assert gateway.counts["create"] == 2
    assert task.settle(task_id=lost).wait(60).images
    assert fox.reconcile(fresh=True).proposals == ()
    assert float(fox.spent) == pytest.approx(0.09)


def test_what_the_bill_names_of_a_failed_task_is_not_its_lost_retry(
    gateway: Gateway, fox_at: Callable[..., Fox]
) -> None:
    """Nobody is told to fetch the pictures of a task that has failed, as its retry was lost and settled as not paid."""
    gateway.poll = FAILED
    fox = fox_at(gateway)
    task = ask(fox)
    tell(gateway, entry(time.time(), task_id=task.id))
    gateway.create = always(LOST)
    again(task)
    task.settle(paid=False)
    assert fox.reconcile().proposals == ()
    assert "settle" not in task.error.todo
    gateway.create = lambda gateway, _count, task_id: say(200, gateway.accepted(task_id))
    ask(fox)
    assert gateway.counts["create"] == 3


def test_what_is_on_the_wire_is_on_the_bill_already(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """The charge of a request whose answer is still awaited is never told as that of an equal one whose answer was lost."""
    gateway.create = always(LOST)
    fox = fox_at(gateway)
    ask(fox)
    answered = threading.Event()
    gateway.create = lambda gateway, _count, task_id: (answered.wait(60), say(200, gateway.accepted(task_id)))[1]
    asking = threading.Thread(target=ask, args=[fox, "an owl"])
    asking.start()
    until(lambda: gateway.counts["create"] == 2 or None, "the second creating call")
    tell(gateway, entry(time.time(), task_id=list(gateway.tasks)[1]))
    assert [(one.word, one.code) for one in fox.reconcile().proposals] == [("ambiguous", "")]
    answered.set()
    ended(asking)
    assert [one.word for one in fox.reconcile(fresh=True).proposals] == ["nothing found"]
    assert fox.spent == pytest.approx(0.18)


def test_a_bill_from_before_an_answer_was_lost_says_nothing_of_it(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """What was on the wire when the bill was read is not told as looked for and not found once its answer is lost."""
    answered = threading.Event()
    gateway.create = lambda _gateway, _count, _task_id: (answered.wait(60), LOST)[1]
    fox = fox_at(gateway)
    asking = threading.Thread(target=ask, args=[fox])
    asking.start()
    until(lambda: gateway.counts["create"] or None, "the creating call")
    said = fox.reconcile()
    assert (said.found, said.ambiguous, said.missing) == (0, 0, 0)
    answered.set()
    ended(asking)
    task = fox.tasks()[0]
    assert (task.status, task.proposal.word) == ("unknown", "not asked")
    assert [one.word for one in fox.reconcile(fresh=True).proposals] == ["nothing found"]


def lose(gateway: Gateway, fox: Fox, times: int) -> tuple[Any, list[float]]:
    """A task that was sent so often without an answer, and when, oldest first."""
    gateway.create = always(LOST)
    task = ask(fox)
    for _ in range(times - 1):
        again(task)
    return task, [one.sent for one in fox.session.store.bills.sendings(fox.session.gateway.name, fox.session.account)]


def test_of_two_lost_sendings_it_is_told_which_is_settled(
    gateway: Gateway, fox_at: Callable[..., Fox], capsys: pytest.CaptureFixture[str]
) -> None:
    """A task whose retry was lost, too, is settled twice: each time it is said which, and what is left keeps its money."""
    fox = fox_at(gateway)
    task, (older, newer) = lose(gateway, fox, 2)
    assert fox.spent == pytest.approx(0.18)
    capsys.readouterr()
    assert task.settle(paid=False).status == "unknown"
    told = capsys.readouterr().err
    assert f"at {moment(newer)} is settled; what was sent at {moment(older)} is still unknown" in told
    assert (fox.spent, task.sent_at) == (pytest.approx(0.09), older)
    assert task.settle(paid=False).status == "refused"
    assert (float(fox.spent), capsys.readouterr().err) == (0, "")


@pytest.mark.parametrize("by", [{"paid": False}, {"paid": True}, {"task_id": "task-unified-1"}])
def test_what_another_kernel_has_lost_since_is_not_settled(
    gateway: Gateway, fox_at: Callable[..., Fox], capsys: pytest.CaptureFixture[str], by: dict[str, Any]
) -> None:
    """Who has looked up a lost sending, and doesn't know that another kernel has lost its retry, settles that one alone."""
    fox, other = fox_at(gateway), fox_at(gateway)
    task, (older,) = lose(gateway, fox, 1)
    theirs = other.tasks()[0]
    again(theirs)
    capsys.readouterr()
    task.settle(**by)
    left = "stays reserved" if "task_id" in by else "is still unknown"
    told = f"at {moment(older)} is settled; what was sent at {moment(theirs.sent_at)} {left}"
    assert told in capsys.readouterr().err
    assert fox.spent == pytest.approx(0.09 if by == {"paid": False} else 0.18)
    if "task_id" in by:
        assert task.wait(60).images
    else:
        assert (task.status, task.sent_at) == ("unknown", theirs.sent_at)
    assert task.settle(paid=False).status == {True: "failed", False: "refused", None: "completed"}[by.get("paid")]
    assert fox.spent == pytest.approx(0 if by == {"paid": False} else 0.09)


def test_what_another_kernel_has_settled_and_lost_since_is_told_first(
    gateway: Gateway, fox_at: Callable[..., Fox]
) -> None:
    """Where that sending is settled already, the one that was lost since is told, and nothing is said of it unseen."""
    fox, other = fox_at(gateway), fox_at(gateway)
    task, _ = lose(gateway, fox, 1)
    theirs = other.tasks()[0].settle(paid=False)
    again(theirs)
    with pytest.raises(SubmissionUnknown):
        task.settle(paid=False)
    assert (task.status, task.sent_at, float(fox.spent)) == ("unknown", theirs.sent_at, pytest.approx(0.09))
    assert task.settle(paid=False).status == "refused"


def test_what_the_bill_has_found_is_what_is_settled(
    gateway: Gateway, fox_at: Callable[..., Fox], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of three lost sendings the bill shows the newest: settled is that one, and the two others are told as unknown."""
    fox = fox_at(gateway)
    task, sent = lose(gateway, fox, 3)
    with fox.session.store.journal.writing() as connection:
        connection.execute("UPDATE charge SET charged = 90000 WHERE number = ?", (task.row.charge,))
    capsys.readouterr()
    task.settle(paid=True)
    first, second, third = map(moment, sent)
    told = f"what was sent at {third} is settled; what was sent at {second}, {first} is still unknown: settle it, too."
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "status", "usd"),
    [
        ((True, False), "failed", 0.09),
        ((True, True), "failed", 0.18),
        ((False, True), "failed", 0.09),
        ((False, False), "refused", 0),
    ],
)
def test_each_lost_sending_is_settled(
    gateway: Gateway, fox_at: Callable[..., Fox], said: tuple[bool, bool], status: str, usd: float
) -> None:
    """Of two lost sendings each is settled by itself, whatever was said of the other; nothing stays reserved."""
    fox = fox_at(gateway)
    task, (older, _) = lose(gateway, fox, 2)
    assert (task.settle(paid=said[0]).status, task.sent_at) == ("unknown", older)
    assert task.settle(paid=said[1]).status == status
    assert (float(fox.spent), fox.session.unfinished()) == (pytest.approx(usd), [])
    gateway.create = always(LOST)
    if status == "failed":  # asking again sends nothing: it is paid
        assert ask(fox).status == "failed"


def test_what_was_lost_before_a_retry_is_settled(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """A sending whose answer was lost can be settled after its retry has made the picture, and that stays as it is."""
    fox = fox_at(gateway)
    task, _ = lose(gateway, fox, 1)
    gateway.create = lambda gateway, _count, task_id: say(200, gateway.accepted(task_id))
    task.retry().wait(60)
    assert fox.spent == pytest.approx(0.18)
    assert (task.settle(paid=False).status, float(fox.spent)) == ("completed", pytest.approx(0.09))
    with pytest.raises(InvalidRequest, match="settles nothing"):
        task.settle(paid=False)


@pytest.mark.parametrize(
    ("slow", "words"),
    [
        ("create", r"the gateway's answer to 'a slow fox', at most \d+ s: it may be paid for"),
        ("/v1/files/upload/stream", "the upload for 'a slow fox': nothing of it is paid yet"),
    ],
)
def test_closing_says_what_it_waits_for(
    slow: str,
    words: str,
    gateway: Gateway,
    fox_at: Callable[..., Fox],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """While an answer is slow, close() says in one line what it awaits, nothing of another kernel's, and ends with it."""
    answered, said = threading.Event(), []
    uploaded = say(200, {"id": "file-1", "url": f"{gateway.url}/up/p.png", "size": 1})
    gateway.reads["/v1/files/upload/stream"] = lambda server, line: (answered.wait(60), uploaded(server, line))[1]
    gateway.create = lambda gateway, _count, task_id: (answered.wait(60), say(200, gateway.accepted(task_id)))[1]
    monkeypatch.setattr(pool, "PROMPT", 0.05)
    fox, other = fox_at(gateway), fox_at(gateway)
    elsewhere = threading.Thread(target=ask, args=[other, "a slow owl"])
    elsewhere.start()
    until(lambda: gateway.counts["create"] or None, "the other kernel's creating call")
    seen = fox.tasks()
    asked = {
        "create": lambda: fox.generate("a slow fox"),
        "/v1/files/upload/stream": lambda: fox.edit("a slow fox", PHOTO),
    }
    asking = threading.Thread(target=asked[slow])
    asking.start()
    until(lambda: gateway.counts[slow] == 1 + (slow == "create") or None, "the call that is slow")
    assert len(seen) == 1
    closing = threading.Thread(target=fox.session.close)
    capsys.readouterr()
    closing.start()
    until(lambda: (said.append(capsys.readouterr().err), "".join(said) or None)[1], "a word")
    answered.set()
    ended(closing, asking, elsewhere)
    said.append(capsys.readouterr().err)
    assert re.fullmatch(rf"fox_nb: closing waits for {words}\.\n", "".join(said))


def test_what_closing_drops_was_not_paid(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """What close() sends no more is refused at once for whoever holds it, and says that nothing was paid."""
    answered, held = threading.Event(), []
    gateway.create = lambda gateway, _count, task_id: (answered.wait(60), say(200, gateway.accepted(task_id)))[1]
    fox = fox_at(gateway)

    def ask_for(prompt: str) -> None:
        with contextlib.suppress(FoxError):
            fox.session.submit("phota-image", {"prompt": prompt}, journalled=held.append)

    threads = [threading.Thread(target=ask_for, args=[f"fox {number}"]) for number in range(7)]
    for thread in threads:
        thread.start()
    until(lambda: (len(held) == 7 and gateway.counts["create"] == 4) or None, "four creating calls")
    threads.append(threading.Thread(target=fox.session.close))
    threads[-1].start()
    until(lambda: sum(task.status == "refused" for task in held) == 3 or None, "three to be refused")
    answered.set()
    ended(*threads)
    assert all("Nothing was paid" in str(task.error) for task in held if task.status == "refused")
    assert (len(gateway.tasks), float(fox.spent)) == (4, pytest.approx(0.36))


@pytest.mark.parametrize(
    "wrong",
    [
        {"task_id": " ", "paid": None},
        {"paid": None},
        {"paid": "no"},
        {"paid": 1},
        {"paid": True, "task_id": ["x"]},
        {"paid": True, "task_id": "\ud800"},
        {"paid": True, "task_id": ".."},
    ],
)
def test_what_settles_nothing(gateway: Gateway, fox_at: Callable[..., Fox], wrong: dict[str, Any]) -> None:
    """Neither True nor False, or an id that is none, is refused at the door: nothing is given back, nothing is booked."""
    gateway.create = always(LOST)
    fox = fox_at(gateway)
    task = ask(fox)
    with pytest.raises(InvalidRequest, match=list(wrong)[-1]):
        task.settle(**wrong)
    assert (task.status, fox.spent) == ("unknown", pytest.approx(0.09))
    with pytest.raises(InvalidRequest, match=r"paid is missing; .* or task_id=.…., its id; .* settle nothing"):
        task.settle()
    assert task.settle(paid=np.bool_(False)).status == "refused"


def test_a_refund_of_another_program(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """What came back to another program with the same key gives this one's budget nothing back."""
    gateway.poll = FAILED
    fox = fox_at(gateway, budget=0.1)
    task, now = ask(fox), time.time()
    tell(gateway, entry(now), entry(now + 3600), entry(now + 3660, refund=True))
    said = fox.reconcile()
    assert (str(task.cost), float(fox.left or 0)) == ("$0.09 charged", pytest.approx(0.01))
    assert "1 charge of $0.09 on the bill fits no request of this folder." in said.lines


def test_a_charge_that_turns_up_after_it_was_settled(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """What was settled as not paid, and is on the bill after all, is told and counts as spent again."""
    gateway.create = always(LOST)
    fox = fox_at(gateway)
    ask(fox).settle(paid=False)
    assert fox.spent == 0
    tell(gateway, entry(time.time()))
    said = fox.reconcile()
    assert "1 charge of $0.09 on the bill, though you settled it as not paid." in said.lines
    assert (float(fox.spent), said.strays) == (pytest.approx(0.09), ())


def test_a_model_of_a_newer_version_is_in_nobodys_way(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """What a newer fox_nb has made in this folder, and has seen the price of, keeps the bill from nothing else."""
    newer, fox = "phota-video", fox_at(gateway)
    listed = [{"model_name": name, "quota_type": 1, "model_price": 0.09} for name in ("phota-image", newer)]
    gateway.reads["/api/pricing"] = say(200, {"data": listed, "group_ratio": {"default": 1}})
    fox.store.catalog.set_fact(f"listed {fox.session.gateway.name} {fox.session.account}", json.dumps({newer: [0.09]}))
    ask(fox)
    theirs = ask(fox, "a film of a fox")
    with fox.store.journal.writing() as connection:
        request = json.dumps({**theirs.request, "model": newer})
        connection.execute(
            "UPDATE task SET model = ?, request = ? WHERE identity = ?", (newer, request, theirs.identity)
        )
    tell(gateway, entry(time.time()))
    assert (fox.reconcile().found, fox.tasks()[0].model) == (1, newer)
    assert newer in fox.tasks()._repr_html_()


def test_the_group_is_that_of_the_newest_charge(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """Of several groups in the log the key's is that of the newest charge, in whatever order they stand there."""
    price(gateway, 0.09, default=10, cheap=1)
    fox = fox_at(gateway, budget=1.0)
    task, now = ask(fox), time.time()
    old = [entry(now - 9e5, group="cheap"), entry(now - 8e5, group="dear")]
    tell(gateway, old[0], entry(now, quota=450_000, task_id=task.id), old[1])
    fox.reconcile()
    assert (round(fox.price(), 6), fox.price().group, fox.price().is_group_known) == (0.9, "default", True)
    assert fox.left == pytest.approx(0.1)


def test_two_equal_charges_of_one_task(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """Charged twice in one second counts twice, the same line twice once, and a later log that was cut takes neither back."""
    fox = fox_at(gateway)
    task, now = ask(fox), time.time()
    line = entry(now, task_id=task.id, id=101)
    tell(gateway, line, {**line, "id": 102}, line)
    fox.reconcile()
    assert float(task.cost) == pytest.approx(0.18)
    tell(gateway, {**line, "id": 102})
    fox.reconcile(fresh=True)
    assert (float(task.cost), float(fox.spent)) == pytest.approx((0.18, 0.18))


def test_a_price_that_was_lowered(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """After a price fell the charge by the new list is found, though the budget goes on with the old one."""
    fox = fox_at(gateway)
    ask(fox)
    price(gateway, 0.05)
    fox.session.prices._asked = float("-inf")
    ask(fox, "a cat")
    tell(gateway, entry(time.time()), entry(time.time(), quota=25_000))
    assert (fox.reconcile().found, float(fox.spent)) == (2, pytest.approx(0.14))


def test_a_price_that_changed_before_the_bill_was_read(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """A charge by a list that only an earlier kernel has seen is found, though what was reserved was the dearest group's."""
    price(gateway, 0.09, default=1, vip=2)
    first = fox_at(gateway)
    task = ask(first)
    assert str(task.cost) == "$0.18 reserved"
    first.close()
    price(gateway, 0.10, default=1, vip=2)
    tell(gateway, entry(task.sent_at))
    later = fox_at(gateway)
    assert later.reconcile().lines == ["1 request on the bill: $0.09 charged, $0.00 refunded."]
    assert str(later.tasks()[0].cost) == "$0.09 charged"


def test_a_gateway_that_tells_no_bill(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """Where the log is no call of the gateway's, that is said, and no task is looked for."""
    del gateway.reads["/api/log/token"]
    with pytest.raises(NotFound, match="tells a key no bill"):
        fox_at(gateway).reconcile()


def test_what_is_left_is_less_than_what_it_costs(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """Two amounts that differ by a millionth of a USD are two amounts in the words, too."""
    price(gateway, 0.09, default=0.33334)
    fox = fox_at(gateway, budget=0.06)
    ask(fox)
    with pytest.raises(BudgetExceeded, match=r"Costs \$0\.0301, but only \$0\.0299 of your \$0\.06 budget"):
        fox.generate("a wolf")


def test_a_read_that_failed_is_none(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """After a failed read nobody says that it was read, nobody waits for it, and what was wrong is told."""
    gateway.reads["/api/log/token"] = gateway.reads["/api/usage/token/"] = say(500, {"error": {"message": "boom"}})
    fox = fox_at(gateway)
    with pytest.raises(FoxError, match="boom"):
        fox.reconcile()
    said = fox.reconcile()
    assert said.read_at is None
    assert "could not be read" in said.note
    assert "boom" in said.note
    assert "boom" in fox.account.trouble
    before = time.monotonic()
    assert "boom" in fox.account.trouble
    assert fox_at(gateway).account.trouble
    assert time.monotonic() - before < billing.OTHERS_READING
    tell(gateway)
    assert fox.reconcile(fresh=True).read_at is not None


def test_a_log_that_is_slow_to_come(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """A log that takes ten seconds, its Date written at their end, gives a lost answer that was never taken no other's charge."""
    fox, late = fox_at(gateway), [0.0]
    fox.session.now = fox.session.billing._now = lambda: time.time() + late[0]
    lost, _ = lose(gateway, fox, 1)
    gateway.create = lambda gateway, _count, task_id: say(200, gateway.accepted(task_id))
    late[0] = 5
    made = ask(fox, "a cat")
    told = {"data": [entry(made.sent_at)]}

    def slowly(server: Any, line: Any) -> bool:
        late[0] += 10
        return say(200, told, Date=formatdate(fox.session.now(), usegmt=True))(server, line)

    gateway.reads["/api/log/token"] = slowly
    said = fox.reconcile()
    assert (said.found, said.ambiguous, lost.proposal.paid) == (0, 2, None)


def test_an_account_of_a_clock_that_was_ahead(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """What was asked by a clock that is years ahead is asked for again when the clock is mended."""
    said = {"name": "k", "total_used": 45_000, "total_available": 1_500_000}
    gateway.reads["/api/usage/token/"] = say(200, {"data": said})
    fox = fox_at(gateway)
    fox.session.billing._now = lambda: time.time() + 1e8
    assert fox.account.left == 3
    fox.session.billing._now = time.time
    gateway.reads["/api/usage/token/"] = say(200, {"data": {**said, "total_available": 0}})
    assert (fox.account.left, fox.account.is_empty) == (0, True)


@pytest.mark.parametrize("kind", [[], {}, None, True, "top-up", 1, "1"])
def test_an_entry_of_an_odd_kind(gateway: Gateway, fox_at: Callable[..., Fox], kind: Any) -> None:
    """A line of the log that is no charge and no refund is left out, whatever its kind is."""
    tell(gateway, entry(time.time(), type=kind), entry(time.time()), entry(time.time(), quota=0))
    assert fox_at(gateway).reconcile().left_over == 1


@pytest.mark.parametrize("name", ["quota", "type", "created_at"])
def test_a_log_that_writes_texts(gateway: Gateway, fox_at: Callable[..., Fox], name: str) -> None:
    """A number that the log writes as a text is that number."""
    fox = fox_at(gateway)
    ask(fox)
    line = entry(time.time())
    tell(gateway, line | {name: str(line[name])})
    assert fox.reconcile().found == 1


@pytest.mark.parametrize(
    "back", [{"type": 6, "quota": -45_000}, {"type": 2, "quota": -45_000}, {"type": 6, "quota": "-45000"}]
)
def test_what_came_back_may_be_written_as_less_than_nothing(
    gateway: Gateway, fox_at: Callable[..., Fox], back: dict[str, Any]
) -> None:
    """A refund with a minus before it, or a charge of less than nothing for a task, gives back what that has cost."""
    gateway.poll = FAILED
    fox = fox_at(gateway, budget=0.09)
    task = ask(fox)
    tell(gateway, entry(time.time(), task_id=task.id), entry(time.time(), task_id=task.id, **back))
    said = fox.reconcile()
    assert (float(said.charged), float(said.refunded), float(fox.spent), float(fox.left)) == (0.09, 0.09, 0, 0.09)


@pytest.mark.parametrize("quota", [-45_000, "--45000", "-", -0.0, True, float("nan")])
def test_less_than_nothing_that_names_no_task_gives_nothing_back(
    gateway: Gateway, fox_at: Callable[..., Fox], quota: Any
) -> None:
    """A charge of less than nothing that is nobody's, or what is no number at all, takes nothing off what was spent."""
    gateway.poll = FAILED
    fox = fox_at(gateway)
    task = ask(fox)
    tell(gateway, entry(time.time(), task_id=task.id), entry(time.time(), quota=quota))
    assert (float(fox.reconcile().refunded), float(fox.spent)) == (0, 0.09)


def test_a_model_is_known_in_whatever_case_its_name_stands(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """A log that writes a model's name in other letters than the price list is of that model."""
    fox = fox_at(gateway)
    ask(fox)
    tell(gateway, entry(time.time(), model_name="Phota-Image"))
    assert fox.reconcile().found == 1


@pytest.mark.parametrize(
    "line", ["x", {}, entry(0), entry(9, created_at="2026-11-29 05:00:00"), entry(9, type="charge")]
)
def test_a_log_that_cannot_be_read(gateway: Gateway, fox_at: Callable[..., Fox], line: Any) -> None:
    """A log of which no line can be read is told with its text, and never taken for one without lines."""
    fox = fox_at(gateway)
    tell(gateway, line)
    with pytest.raises(UnexpectedAnswer, match="a key's log"):
        fox.reconcile()
    tell(gateway, entry(9, type=1), entry(9, quota=0))
    assert fox.reconcile(fresh=True).left_over == 0


def test_a_cost_travels(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """A cost and an account are copied and pickled with all that they know."""
    gateway.reads["/api/usage/token/"] = say(200, {"data": {"name": "k", "total_used": 45_000, "total_available": 9}})
    fox = fox_at(gateway)
    task, now = ask(fox), time.time()
    tell(gateway, entry(now, task_id=task.id))
    fox.reconcile()
    for one in (pickle.loads(pickle.dumps(task.cost)), copy.deepcopy(task.cost), copy.copy(task.cost)):
        assert (float(one), one.kind, one.at, str(one.charged)) == (0.09, "charged", int(now), "$0.09")
    assert repr(pickle.loads(pickle.dumps(fox.account))) == repr(fox.account)


@pytest.mark.parametrize("model", [5, None, ["phota-image"], {"model": "phota-image", 5: 6}])
def test_a_price_of_what_is_no_model(gateway: Gateway, fox_at: Callable[..., Fox], model: Any) -> None:
    """What is no model, or has no such parameter, is refused in words."""
    with pytest.raises(InvalidRequest):
        fox_at(gateway).price(model)


def test_numbers_out_of_all_bounds(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """A budget or a limit that no number here can hold is refused at the door; a take has a price like any other."""
    for budget in (1e305, 10**400, 10**5000):
        with pytest.raises(InvalidRequest, match="budget"):
            fox_at(gateway, budget=budget)
    fox = fox_at(gateway)
    with pytest.raises(InvalidRequest, match="limit"):
        fox.tasks(limit=10**30)
    assert fox.price(take=2) == fox.price(take="new") == fox.price()
    with pytest.raises(InvalidRequest, match="take"):
        fox.price(take=0)


def test_a_plan_asks_by_the_dearest_group(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """While nobody knows whose price is paid, a plan that the dearest group would pay too much for is not sent unasked."""
    price(gateway, 0.09, default=1, vip=40)
    with pytest.raises(ConfirmationNeeded, match=r"\$7.20"):
        fox_at(gateway).sweep("phota-image", prompt=["a", "b"]).run()
    assert not gateway.tasks


def test_a_group_that_costs_more_is_told(
    gateway: Gateway, fox_at: Callable[..., Fox], caplog: pytest.LogCaptureFixture
) -> None:
    """When a task's state names a dearer group than the price that was shown, each kernel says so as when the list had changed."""
    price(gateway, 0.09, default=1, vip=40)
    gateway.poll = lambda gateway, _count, task_id: say(200, gateway.completed(task_id, usage={"user_group": "vip"}))
    foxes = [fox_at(gateway), fox_at(gateway)]
    assert [str(fox.price()) for fox in foxes] == ["$0.09 (price of group default, yours is not known yet)"] * 2
    ask(foxes[0])
    assert [str(fox.price()) for fox in foxes] == ["$3.60 (price of group vip)"] * 2
    assert [message[:34] for message in caplog.messages] == ["phota-image now costs $3.60 a call"] * 2


def test_what_a_failed_task_reserved_is_known(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """What the gateway says that it reserved, and for which group, is taken from whatever a poll finds, a failure too."""
    price(gateway, 0.09, default=1, cheap=0.5)
    gateway.poll = lambda _gateway, _count, task_id: say(
        200, {"id": task_id, "status": "failed", "usage": {"credits_reserved": 22_500, "user_group": "cheap"}}
    )
    fox = fox_at(gateway)
    assert ask(fox).cost.credits_reserved == 22_500
    assert fox.price() == pytest.approx(0.045)


@pytest.mark.parametrize("default", [0, "x", None])
@pytest.mark.parametrize("said", [{}, {"usage": {"user_group": "vip"}}])
def test_a_default_group_without_a_ratio(
    gateway: Gateway, fox_at: Callable[..., Fox], default: Any, said: dict[str, Any]
) -> None:
    """A budget counts the dearest group that has one, and then the key's own, so nothing passes it."""
    price(gateway, 0.09, default=default, vip=4)
    gateway.create = lambda gateway, _count, task_id: say(200, {**gateway.accepted(task_id), **said})
    fox = fox_at(gateway, budget=1.0)
    assert fox.price().is_estimate
    with pytest.raises(BudgetExceeded):
        [fox.generate(f"fox {number}") for number in range(12)]
    assert len(gateway.tasks) == 2
    assert float(fox.spent) == pytest.approx(0.72)
