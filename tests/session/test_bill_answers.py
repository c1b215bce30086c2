"""What is made of a bill at a gateway that answers oddly: nobody's money is taken for another's, and nothing is forgotten."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from client.scripted import say
from fox_nb import Fox, FoxError, InvalidRequest
from gateways import Answer, Gateway, always

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


def price(gateway: Gateway, usd: float, **ratios: float) -> None:
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


def test_a_retry_that_is_refused_forgets_nothing(gateway: Gateway, fox_at: Callable[..., Fox]) -> None:
    """A lost answer stays of unknown fate when its retry is refused; what is settled is that one, and it counts once."""
    gateway.create = always(LOST)
    fox = fox_at(gateway)
    task = ask(fox)
    lost = next(iter(gateway.tasks))
    gateway.create = always(say(422, {"error": {"message": "no", "type": "x"}}))
    again(task)
    assert (task.status, task.proposal.word, len(fox.session.unfinished())) == ("unknown", "not asked", 1)
    assert fox.spent == pytest.approx(0.09)
    task.settle(paid=False)
    assert (task.status, float(fox.spent)) == ("refused", 0)
    tell(gateway, entry(time.time(), task_id=lost))
    task.settle(paid=True, task_id=lost).wait(60)
    fox.reconcile()
    assert (float(fox.spent), str(task.cost)) == (pytest.approx(0.09), "$0.09 charged")


@pytest.mark.parametrize(
    "wrong",
    [
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
    assert task.settle(paid=np.bool_(False)).status == "refused"
