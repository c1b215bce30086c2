"""The bill at a real sandbox: what was charged, refunded and is left; asked seldom, and never settled by itself."""

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artifacts import MARKED_KEY
from counts import Count
from fox_nb import BudgetExceeded, Fox, FoxError, InvalidRequest, SubmissionUnknown, TaskFailed
from processes import Child, until

pytestmark = pytest.mark.usefixtures("noise")


def lose(fox: Fox, sandbox: Any, prompt: str, **fault: Any) -> Any:
    """Send something whose answer is lost; the task."""
    sandbox.misbehave("lost_answer", on="create", **fault)
    with pytest.raises(SubmissionUnknown) as lost:
        fox.generate(prompt)
    return lost.value.task


def fail(fox: Fox, sandbox: Any, prompt: str) -> Any:
    sandbox.misbehave("failed")
    task = fox.generate(prompt)
    with pytest.raises(TaskFailed):
        task.wait()
    return task


def test_what_was_charged_and_what_came_back(fox: Fox, sandbox: Any) -> None:
    """A cost is reserved until the bill is read, then charged or refunded with the log's own time; spent and the frame say the same."""
    made, failed = fox.generate("a fox").wait(), fail(fox, sandbox, "bad luck")
    assert (made.cost.kind, str(made.cost)) == ("reserved", "$0.09 reserved (play money)")
    assert fox.spent == pytest.approx(0.18)
    said = fox.reconcile()
    assert (said.found, said.ambiguous, said.missing, said.left_over, said.note) == (2, 0, 0, 0, "")
    assert (made.cost.kind, float(made.cost), failed.cost.kind, float(failed.cost)) == ("charged", 0.09, "refunded", 0)
    assert abs((made.cost.at or 0) - made.sent_at) < 120
    assert "refunded" in str(failed.error)
    assert fox.spent == pytest.approx(0.09)
    frame = fox.tasks().to_frame()
    assert frame["charged_usd"].tolist() == [0.09, 0.09]
    assert frame["refunded_usd"].tolist()[0] == 0.09
    assert frame["usd"].tolist() == [0, 0.09]
    page = fox.reconcile()._repr_html_()
    assert "$0.18 (play money) charged" in page


def test_what_was_forgotten_was_made_and_paid_for(fox: Fox, sandbox: Any) -> None:
    """A picture whose person was forgotten is told as paid, and takes no refund of a task that really failed."""
    sandbox.set(log={"ids": "none"})
    fox.profiles.add("profile_1", "Ada")
    made = fox.generate("[[profile_1]] at sea").wait()
    fox.profiles.forget("Ada")
    assert "It was made and paid for, $0.09" in made.error.money
    failed = fail(fox, sandbox, "bad luck")
    fox.reconcile()
    assert (made.cost.kind, failed.cost.kind) == ("charged", "refunded")
    assert fox.spent == pytest.approx(0.09)


class Counted(int):
    """A sending's number that counts how often it is compared."""

    compared = 0

    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return int(self) == other


def test_a_bill_of_many_is_no_work_for_each_pair(fox: Fox, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand sendings, charged, open and settled, none is looked for among the others."""
    fox.generate("a fox").wait()
    bills = fox.store.bills
    (one,) = bills.sendings(fox.session.gateway.name, fox.session.account)
    kinds = [{"charged": 90_000, "charged_at": 1.0}, {}, {"is_settled": True}]
    many = [one._replace(number=Counted(n), task_id=f"task-{n}", **kinds[n % 3]) for n in range(1000, 2000)]
    monkeypatch.setattr(bills, "sendings", lambda *_who: many)
    said = fox.reconcile()
    assert (said.found, said.missing) == (333, 334)
    assert Counted.compared < 30_000


def test_a_lost_answer_finds_its_fate(fox: Fox, sandbox: Any) -> None:
    """The bill proposes charged with its time and id; nothing is settled until the person says so, and then its pictures come."""
    sandbox.set(log={"ids": "all"})
    task = lose(fox, sandbox, "a fox")
    assert task.proposal.word == "not asked"
    (proposal,) = fox.reconcile().proposals
    assert (proposal.word, proposal.paid, task.status) == ("charged", True, "unknown")
    assert proposal.task_id == sandbox.creations[0]["task_id"]
    assert "shows a charge of $0.09" in str(task.error)
    task.settle(paid=True, task_id=proposal.task_id).wait()
    assert task.images[0].path.exists()
    assert len(sandbox.creations) == 1


def test_absence_proves_nothing(fox: Fox, sandbox: Any) -> None:
    """Of what never came nothing is found, and that is all that is said: it stays unknown and reserved."""
    sandbox.set(log={"missing": 1.0})
    lost = lose(fox, sandbox, "a fox")
    made = fox.generate("a cat").wait()
    said = fox.reconcile()
    assert (said.found, said.missing) == (0, 2)
    assert [one.word for one in said.proposals] == ["nothing found"]
    assert "proves nothing" in str(said)
    assert (lost.status, lost.cost.kind, made.cost.kind) == ("unknown", "reserved", "reserved")
    assert fox.spent == pytest.approx(0.18)


def test_a_lost_answer_that_was_paid_back(fox: Fox, sandbox: Any) -> None:
    """Where the log has both charge and refund, the proposal is that it cost nothing."""
    sandbox.misbehave("failed")
    task = lose(fox, sandbox, "a fox")
    (made,) = sandbox.creations
    until(lambda: fox.session.client.task(made["task_id"]).failed or None, "the failure that is paid back")
    (proposal,) = fox.reconcile().proposals
    assert (proposal.word, proposal.paid) == ("refunded", False)
    assert float(task.cost) == 0
    task.settle(paid=False)
    assert fox.spent == 0
    assert "Ask again" in task.error.todo


def test_equal_tasks_and_a_clock_that_is_off(fox: Fox, sandbox: Any) -> None:
    """Ten equal pictures and ten equal lines, a minute and a half ahead: each was charged, though whose is whose is open."""
    sandbox.set(log={"ahead": 90, "order": "shuffled", "same_id": True})
    tasks = [fox.generate("a fox", take=take) for take in range(1, 11)]
    said = fox.reconcile()
    assert (said.found, said.ambiguous) == (10, 0)
    assert {task.cost.kind for task in tasks} == {"charged"}


def test_a_poll_takes_nothing_back(fox: Fox, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that was under way while the bill was read does not hide what the bill has said."""
    sandbox.misbehave("stuck")
    task, ask = fox.generate("a fox"), fox.session.client.task
    asked, go_on = threading.Event(), threading.Event()

    def slowly(*what: Any, **more: Any) -> Any:
        answer = ask(*what, **more)
        asked.set()
        assert go_on.wait(60)
        return answer

    monkeypatch.setattr(fox.session.client, "task", slowly)
    asked.clear()
    assert asked.wait(60)
    fox.reconcile()
    assert task.cost.kind == "charged"
    heard = threading.Event()
    task.on_change(lambda _task: heard.set())
    go_on.set()
    assert heard.wait(60)
    assert task.cost.kind == "charged"


def test_a_budget_counts_the_larger_until_a_refund_is_seen(open_fox: Callable[..., Fox], sandbox: Any) -> None:
    """While the key's group is unknown the dearest is reserved; the bill lowers what is spent, not what is counted; a refund gives back."""
    sandbox.set(groups={"default": 1, "cheap": 0.5, "dear": 2}, group="cheap")
    fox = open_fox(budget=0.2)
    before = fox.price("phota-image")
    assert (float(before), before.group, before.is_group_known) == (0.09, "default", False)
    assert "not known yet" in str(before)
    task = fail(fox, sandbox, "bad luck")
    assert fox.left == pytest.approx(0.02)
    after = fox.price("phota-image")
    assert (float(after), after.group, after.is_group_known) == (0.045, "cheap", True)
    sandbox.set(log={"refund_delay": 3600})
    fox.reconcile()
    assert (task.cost.kind, float(task.cost)) == ("charged", 0.045)
    assert fox.spent == pytest.approx(0.045)
    assert fox.left == pytest.approx(0.02)
    with pytest.raises(BudgetExceeded):
        fox.generate("one more")
    sandbox.set(log={})
    fox.reconcile(fresh=True)
    assert fox.left == fox.budget == 0.2
    assert fox.generate("one more").cost == pytest.approx(0.045), "another kernel knows the group, too"
    assert open_fox(budget=0.2).price("phota-image") == pytest.approx(0.045)


def test_a_price_takes_what_a_call_takes(fox: Fox) -> None:
    """Number and size count, what is not given is at its default; a wrong name or value is refused at the door."""
    assert fox.price("phota-image", num_outputs=2, resolution="4K") == pytest.approx(0.36)
    assert fox.price({"model": "grok-imagine-image", "prompt": "a fox", "num_outputs": 4}) == pytest.approx(0.08)
    assert fox.price("phota-image-enhance", image_url="a.jpg") == pytest.approx(0.13)
    for wrong in ({"resolution": "16K"}, {"creativity": 0.5}, {"num_outputs": 0}):
        with pytest.raises(InvalidRequest):
            fox.price("phota-image", **wrong)
    assert not len(fox.tasks())


def test_tasks_by_their_status(fox: Fox, sandbox: Any) -> None:
    """Each status finds its own; a word that is none is refused."""
    fox.generate("a fox").wait()
    fail(fox, sandbox, "bad luck")
    lose(fox, sandbox, "lost")
    assert [len(fox.tasks(status=word)) for word in ("completed", "failed", "unknown", "pending", "")] == [
        1,
        1,
        1,
        0,
        3,
    ]
    with pytest.raises(InvalidRequest, match="completed"):
        fox.tasks(status="done")


def test_the_account(fox: Fox, sandbox: Any) -> None:
    """Used, left, end and models, as the gateway has them; asked once, and from then on less what was spent meanwhile."""
    sandbox.set(key_limit=1.0, key_expires=4_000_000_000)
    account = fox.account
    assert (account.left, account.used, account.granted, account.ends_at) == (1.0, 0.0, 1.0, 4_000_000_000)
    assert not account.is_unlimited
    fox.generate("a fox")
    assert fox.account.left == pytest.approx(0.91)
    assert fox.account.asked_at == account.asked_at
    assert "Left" in account._repr_html_()
    assert re.search(r"gateway asked \d{4}-\d\d-\d\d \d\d:\d\d \S+>$", repr(account))  # whose page is kept for years


def test_an_account_goes_down_with_what_was_sent_since(fox: Fox, sandbox: Any) -> None:
    """What came back of an earlier picture hides nothing of what is sent after the account was asked for."""
    sandbox.set(key_limit=1.0)
    fail(fox, sandbox, "bad luck")
    left = fox.account.left
    fox.reconcile()
    fox.generate("a fox")
    assert (fox.account.left, fox.account.granted) == (pytest.approx(left - 0.09), 1.0)


def test_an_account_goes_up_with_what_came_back_since(fox: Fox, sandbox: Any) -> None:
    """A refund that the log shows of what was sent before the account was asked is counted in."""
    sandbox.set(key_limit=1.0, log={"refund_delay": 2})
    fail(fox, sandbox, "bad luck")
    asked = fox.account
    until(lambda: fox.reconcile(fresh=True).refunded or None, "the refund", pause=lambda _: time.sleep(1))
    assert (fox.account.left, fox.account.used, fox.account.asked_at) == (1.0, 0.0, asked.asked_at)


def test_an_account_by_the_older_calls(fox: Fox, sandbox: Any) -> None:
    """A gateway that does not have the newer call is asked by the older ones; one that has neither is told, and nothing breaks."""
    sandbox.misbehave("status", on="bill", status=404)
    assert fox.account.is_unlimited
    assert fox.account.trouble == ""


def test_too_many_reads_are_told_once_and_change_nothing_else(
    fox: Fox, sandbox: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    """A 429 on the bill is said once; pictures are made as before, and nobody asks again for twenty minutes."""
    sandbox.set(bill_reads=0)
    for _ in range(3):
        assert fox.account.left is None
        assert "not read" in fox.reconcile(fresh=True).note
    assert fox.generate("a fox").wait().status == "completed"
    assert capfd.readouterr().err.count("too many questions") == 1


def test_whoever_has_no_key_of_their_own(open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """A visitor of an app sees neither the key's account nor its bill."""
    fox = open_fox(store=tmp_path / "visitor", ledger=tmp_path / "ledger.sqlite", budget=1.0)
    assert fox.account.left is None
    assert "people who run this app" in fox.account.trouble
    with pytest.raises(FoxError, match="see its bill"):
        fox.reconcile()


CURIOUS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from fox_nb import Fox
foxes = [Fox(base_url=sys.argv[1], store=sys.argv[2]) for _ in range(int(sys.argv[3]))]
print("ready", flush=True)
sys.stdin.readline()
def ask(fox):
    account = fox.account
    fox.reconcile()
    return float(account.left)
with ThreadPoolExecutor(len(foxes)) as threads:
    print(*threads.map(ask, foxes), flush=True)
"""


@pytest.mark.parametrize("processes", [3, pytest.param(30, marks=[pytest.mark.long, pytest.mark.timeout(1800)])])
def test_thirty_kernels_ask_at_once(sandbox: Any, tmp_path: Path, count: Count, processes: int) -> None:
    """Thirty kernels that share a store ask for account and bill within a minute: one read of each, and all know the answer."""
    sandbox.set(key_limit=1.0)
    gateway = sandbox._server.gateway
    reads = []
    read = gateway.read_bill
    gateway.read_bill = lambda told, account: (reads.append(told.__name__), read(told, account))[1]
    env, each = {**os.environ, "FOXAPI_KEY": MARKED_KEY}, str(30 // processes)
    with contextlib.ExitStack() as stack:
        kernels = [
            stack.enter_context(Child("-c", CURIOUS, sandbox.base_url, str(tmp_path / "runs"), each, env=env))
            for _ in range(processes)
        ]
        assert {kernel.line("its kernels", seconds=600) for kernel in kernels} == {"ready"}
        for kernel in kernels:
            kernel.tell("go")
        told = [word for kernel in kernels for word in kernel.line("what they were told").split()]
    logs, accounts = reads.count("log"), reads.count("account")
    count("kernels that ask for the bill", f"in {processes} processes", kernels=len(told), logs=logs, accounts=accounts)
    assert (len(told), logs, accounts) == (30, 1, 1)
    assert set(told) == {"1.0"}
