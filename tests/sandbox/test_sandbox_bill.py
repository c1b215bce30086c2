"""The sandbox's bill: what a key was charged and paid back, with all that is known to be odd about a gateway's log."""

import json
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from fox_nb.sandbox import Sandbox
from sandbox.asking import Asking

pytestmark = pytest.mark.usefixtures("noise")

ACCOUNT, LOG = "/api/usage/token/", "/api/log/token"


def entries(asking: Asking) -> list[dict[str, Any]]:
    return asking.get(LOG).json()["data"]


def told(asking: Asking) -> list[tuple[int, str, int]]:
    return [(one["type"], one["model_name"], one["quota"]) for one in entries(asking)]


def task_ids(asking: Asking) -> list[str | None]:
    return [json.loads(one["other"]).get("task_id") for one in entries(asking)]


def test_a_failed_task_is_charged_and_paid_back(asking: Asking, own: Sandbox) -> None:
    """The log has a charge of each task and the refund of the one that failed, with its id; the account has the sum."""
    asking.done(model="phota-image", prompt="a fox", resolution="4K")
    own.misbehave("failed")
    failed = asking.ended(asking.create(model="grok-imagine-image", prompt="a fox", num_outputs=2)["id"])
    assert told(asking) == [
        (6, "grok-imagine-image", 20_000),
        (2, "grok-imagine-image", 20_000),
        (2, "phota-image", 90_000),
    ]
    assert task_ids(asking) == [failed["id"], None, None]
    assert asking.get(ACCOUNT).json()["data"]["total_used"] == 90_000


def test_a_log_can_be_late_odd_and_full_of_holes(asking: Asking, own: Sandbox) -> None:
    """Entries come late, are missing, name their tasks or don't, repeat their ids, and stand in any order."""
    own.set(log={"delay": 3600, "ahead": 90})
    ids = [asking.create(model="phota-image", prompt=f"fox {number}")["id"] for number in range(12)]
    assert entries(asking) == []
    own.advance(3600)
    assert len(entries(asking)) == 12
    date = parsedate_to_datetime(asking.get("/v1/models").headers["Date"]).timestamp()
    assert date - own._do(own._server.gateway.clock.now) == pytest.approx(90, abs=5)
    own.set(log={"ids": "all", "order": "oldest", "same_id": True})
    assert task_ids(asking) == ids
    assert len({one["id"] for one in entries(asking)}) == 1
    for part in (0.5, 0.25, 0.75, 0.1, 0.9):  # which are missing goes by their ids, and these are drawn by chance
        own.set(log={"ids": "all", "missing": part})
        some = task_ids(asking)
        if 0 < len(some) < 12:
            break
    assert 0 < len(some) < 12
    assert some == task_ids(asking), "what is missing stays missing"
    own.set(log={"ids": "all", "order": "shuffled", "most": 11})
    mixed = task_ids(asking)
    assert mixed != sorted(mixed, key=ids.index)
    assert len(mixed) == 11


def test_a_group_pays_its_own_ratio(asking: Asking, own: Sandbox) -> None:
    """The price list names the groups; a task and its charge name the key's, and cost what it pays."""
    own.set(groups={"default": 1, "school": 0.8}, group="school")
    assert asking.get("/api/pricing").json()["group_ratio"] == {"default": 1, "school": 0.8}
    assert asking.done(model="phota-image", prompt="a fox")["usage"]["user_group"] == "school"
    assert [(one["group"], one["quota"]) for one in entries(asking)] == [("school", 36_000)]


def test_no_more_than_twenty_reads_in_twenty_minutes(asking: Asking, own: Sandbox) -> None:
    """The twenty-first read of account or log is 429; twenty minutes later there are twenty more."""
    for number in range(20):
        assert asking.get((ACCOUNT, LOG)[number % 2]).status_code == 200
    assert {asking.get(path).status_code for path in (ACCOUNT, LOG)} == {429}
    own.advance(1201)
    assert asking.get(LOG).status_code == 200


def test_a_key_has_a_limit_and_an_end() -> None:
    """Each key has a limit of its own and says what is left; when its time is over it is refused with 401."""
    with Sandbox(speed=1000, keys=["other"], key_limit=0.2) as own:
        asking, other = Asking(own), Asking(own)
        other.session.headers["Authorization"] = "Bearer other"
        asking.create(model="phota-image", prompt="a fox", num_outputs=2)
        assert asking.refused(402, model="phota-image", prompt="a fox")["type"] == "insufficient_quota"
        assert asking.get(ACCOUNT).json()["data"]["total_available"] == 10_000
        assert other.get(ACCOUNT).json()["data"]["total_available"] == 100_000
        own.set(key_expires=1_000_000_000)
        assert asking.get("/v1/models").status_code == 401
        asking.session.close()
        other.session.close()
