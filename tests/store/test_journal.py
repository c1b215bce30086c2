"""The journal's transitions: what came of a sending is written only while it is the newest, whoever is late."""

import json
import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fox_nb.store import LONGEST_SENDING, Asked, PictureRow, Store, TaskRow, identity_of, rows
from fox_nb.store.journal import Journal
from fox_nb.store.ledger import Ledger
from fox_nb.tasks import Result, TaskState
from processes import until

NOW = 1_800_000_000.0
PRICE = 90_000
ASKED = Asked("gateway", "account", "phota-image", '{"model":"phota-image","prompt":"a fox"}', PRICE, False)
FIRST, SECOND = (identity_of(ASKED.gateway, ASKED.request, take) for take in (1, 2))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal."""
    store = Store(tmp_path / "fox_runs")
    yield store.journal
    store.close()


def ask(journal: Journal, take: int | None = 1, *, budget: int | None = None, now: float = NOW) -> tuple[TaskRow, bool]:
    return journal.ask(ASKED, take, budget=budget, now=now)


def sent(journal: Journal) -> TaskRow:
    """A row whose creating call is on the wire."""
    row, ours = ask(journal)
    assert ours
    assert journal.sending(row, NOW)
    return row


def lost(journal: Journal) -> TaskRow:
    row = sent(journal)
    journal.unknown(row, "the answer never came", NOW)
    return row


def told(task_id: str, status: str = "pending", **facts: Any) -> TaskState:
    return TaskState(task_id, status, **facts)


def picture(number: int = 1) -> PictureRow:
    return PictureRow(number, "pictures/x.jpg", "sha", "http://x/y", "image/jpeg", 8, 8, 100)


def state(journal: Journal) -> str:
    return journal.get(FIRST).state


def spent(journal: Journal) -> int:
    return journal.spent("gateway", "account")


def test_every_way_out_of_a_sending(journal: Journal) -> None:
    """What is journalled is reserved; refused gives back, accepted and unknown keep."""
    row, _ = ask(journal)
    assert (state(journal), spent(journal)) == ("preparing", PRICE)
    journal.refused(row, "RateLimited", "429 to the end", NOW)
    assert (state(journal), spent(journal)) == ("refused", 0)
    row, ours = ask(journal)
    assert ours, "certainly not accepted is sent as if for the first time"
    assert journal.sending(row, NOW)
    journal.unknown(row, "the answer never came", NOW)
    assert (state(journal), spent(journal)) == ("unknown", PRICE)
    assert ask(journal) == (journal.get(FIRST), False)


def test_an_answer_that_comes_late_is_taken_in(journal: Journal) -> None:
    """A sending that was taken for lost, and whose answer comes after all, is a task like any other."""
    row = lost(journal)
    journal.accepted(row, told("task-1"), NOW + 5000)
    assert (state(journal), spent(journal)) == ("pending", PRICE)
    assert journal.get(FIRST).task_id == "task-1"


def test_an_answer_that_comes_after_a_settlement_is_taken_in(journal: Journal) -> None:
    """Settled as not paid, and then it was accepted: it is a task again, and its cost counts again."""
    row = lost(journal)
    journal.settle(FIRST, paid=False, now=NOW)
    assert (state(journal), spent(journal)) == ("refused", 0)
    journal.accepted(row, told("task-1"), NOW)
    assert (state(journal), spent(journal)) == ("pending", PRICE)


def test_a_late_answer_does_not_touch_a_later_sending(journal: Journal) -> None:
    """After a retry by hand, the first sending's answer changes nothing but what it cost."""
    first = lost(journal)
    second, ours = journal.retry(journal.get(FIRST), ASKED, budget=None, now=NOW)
    assert ours
    assert spent(journal) == 2 * PRICE
    assert not journal.sending(first, NOW), "the first one may not be sent any more"
    for late in (
        lambda: journal.accepted(first, told("task-1"), NOW),
        lambda: journal.refused(first, "x", "late", NOW),
        lambda: journal.unknown(first, "late", NOW),
    ):
        late()
        assert state(journal) == "preparing"
    journal.accepted(second, told("task-2"), NOW)
    assert journal.get(FIRST).task_id == "task-2"
    assert spent(journal) == 2 * PRICE


def test_a_late_look_does_not_touch_a_later_task(journal: Journal) -> None:
    """Another kernel that still looks at the failed task changes nothing of the one that was sent again."""
    journal.accepted(sent(journal), told("task-1"), NOW)
    old = journal.get(FIRST)
    journal.failed(old, "code", "it failed", NOW)
    journal.retry(journal.get(FIRST), ASKED, budget=None, now=NOW)
    for late in (
        lambda: journal.failed(old, "code", "it failed", NOW),
        lambda: journal.progressed(old, told("task-1", "processing", progress=50)),
        lambda: journal.downloaded(old, picture()),
        lambda: journal.completed(old, NOW),
    ):
        late()
        row = journal.get(FIRST)
        assert (row.state, row.progress, row.pictures) == ("preparing", 0, ())


def test_an_end_is_an_end(journal: Journal) -> None:
    """Once completed, no kernel that saw the task earlier makes it fail or go on."""
    journal.accepted(sent(journal), told("task-1"), NOW)
    seen = journal.get(FIRST)
    journal.progressed(seen, told("task-1", "completed", progress=100, results=(Result(url="http://x/y"),)))
    journal.downloaded(seen, picture())
    journal.completed(seen, NOW + 40)
    done = journal.get(FIRST)
    journal.failed(seen, "not_found", "gone", NOW + 50)
    journal.progressed(seen, told("task-1", "processing", progress=10))
    journal.completed(seen, NOW + 5000)
    assert journal.get(FIRST) == done
    assert done.urls == ["http://x/y"]
    assert (done.state, done.finished) == ("completed", NOW + 40)


def test_settling_is_for_what_is_unknown(journal: Journal) -> None:
    """In every other state it changes nothing."""
    row = sent(journal)
    journal.settle(FIRST, paid=False, now=NOW)
    assert (state(journal), spent(journal)) == ("sending", PRICE)
    journal.accepted(row, told("task-1"), NOW)
    journal.settle(FIRST, paid=False, now=NOW)
    assert (state(journal), spent(journal)) == ("pending", PRICE)


@pytest.mark.parametrize(
    ("before", "seconds", "after"),
    [
        ("preparing", LONGEST_SENDING - 1, "preparing"),
        ("preparing", LONGEST_SENDING + 1, "refused"),
        ("sending", LONGEST_SENDING - 1, "sending"),
        ("sending", LONGEST_SENDING + 1, "unknown"),
        ("sending", -86_400, "sending"),
        ("sending", 10 * 365 * 86_400, "unknown"),
    ],
)
def test_time_and_clock_steps(journal: Journal, before: str, seconds: float, after: str) -> None:
    """Longer than any time-out is lost, unsent is refused; a clock that steps costs nothing: the answer still counts."""
    row, _ = ask(journal)
    if before == "sending":
        journal.sending(row, NOW)
    found = journal.find(FIRST, NOW + seconds)
    assert found is not None
    assert found.state == after
    assert journal.sending(row, NOW) == (after in {"preparing", "sending"})
    if before == "sending":
        journal.accepted(row, told("task-1"), NOW)
        assert (state(journal), spent(journal)) == ("pending", PRICE)


@pytest.mark.parametrize(
    ("step", "after"), [(0.0, "sending"), (20.0, "sending"), (-20.0, "sending"), (3600.0, "unknown")]
)
def test_a_process_whose_start_time_moves(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, step: float, after: str
) -> None:
    """A start time is read off the clock: a small step is the same process, a large one may be another with its pid."""
    sent(journal)
    as_it_was = rows._started
    monkeypatch.setattr(rows, "_started", lambda pid: as_it_was(pid) + step)
    journal.find(FIRST, NOW)
    assert state(journal) == "sending"  # this one is there, whatever its clock says
    monkeypatch.setattr(rows, "process_name", lambda _pid: "another kernel")
    monkeypatch.setattr(os, "getpid", lambda: 0)  # its pid is another one, too
    journal.find(FIRST, NOW)
    assert state(journal) == after


def test_a_container_that_is_started_again_at_once(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """An earlier process with this one's host and pid is gone, though it began but seconds before: its answer is lost."""
    host, pid, started = json.loads(rows.process_name(os.getpid()))
    earlier = json.dumps([host, pid, started - 5])
    monkeypatch.setattr("fox_nb.store.journal.process_name", lambda _pid: earlier)
    sent(journal)
    monkeypatch.undo()
    journal.find(FIRST, NOW)
    assert state(journal) == "unknown"


def test_another_machine_s_process_is_not_judged(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a process of another host lives cannot be known from here: only time tells."""
    monkeypatch.setattr("fox_nb.store.journal.process_name", lambda _pid: '["elsewhere", 1, 0.0]')
    sent(journal)
    monkeypatch.undo()
    for seconds, after in ((LONGEST_SENDING - 1, "sending"), (LONGEST_SENDING + 1, "unknown")):
        found = journal.find(FIRST, NOW + seconds)
        assert found is not None
        assert found.state == after


def test_the_newest_take_counts_what_was_refused(journal: Journal) -> None:
    """'new' is the next number not yet used, also when the last one was refused: it may be asked for by its number."""
    first, _ = ask(journal, None)
    journal.refused(first, "x", "y", NOW)
    second, _ = ask(journal, None)
    assert (first.take, second.take) == (1, 2)


def test_a_charge_for_each_sending(journal: Journal) -> None:
    """Refused, unknown, settled and sent again: what is kept is what may have been paid, to the cent."""
    first = lost(journal)
    second, _ = journal.retry(journal.get(FIRST), ASKED, budget=None, now=NOW)
    assert second.charge > first.charge
    journal.refused(second, "x", "y", NOW)
    assert (state(journal), spent(journal)) == ("unknown", PRICE), "nothing is known of the first one, so it stays"
    assert ask(journal) == (journal.get(FIRST), False)
    third, _ = journal.retry(journal.get(FIRST), ASKED, budget=None, now=NOW)
    journal.sending(third, NOW)
    journal.unknown(third, "lost again", NOW)
    assert spent(journal) == 2 * PRICE
    journal.settle(FIRST, paid=False, now=NOW)
    assert (state(journal), spent(journal)) == ("unknown", PRICE), "the third one is settled, the first one is not"
    assert journal.get(FIRST).micro_usd == PRICE
    journal.settle(FIRST, paid=False, now=NOW)
    assert (state(journal), spent(journal)) == ("refused", 0)
    assert journal.settle(FIRST, paid=True, task_id="task-1", now=NOW)
    assert spent(journal) == PRICE, "what turns out to have been accepted after all counts once"


def test_a_sending_that_an_older_copy_has_lost_counts_once(journal: Journal) -> None:
    """The answer to a retry that is not in the file any more books that retry alone, not the sending before it again."""
    journal.accepted(sent(journal), told("task-1"), NOW)
    journal.failed(journal.get(FIRST), "x", "boom", NOW)
    older = sqlite3.connect(":memory:")
    with closing(older), closing(sqlite3.connect(journal.path)) as file:
        file.backup(older)
        again, _ = journal.retry(journal.get(FIRST), ASKED, budget=None, now=NOW)
        assert journal.sending(again, NOW)
        older.backup(file)
    journal.accepted(again, told("task-2"), NOW)
    assert (journal.get(FIRST).task_id, spent(journal)) == ("task-2", 2 * PRICE)


def hold(ledger: Ledger) -> int:
    about: dict[str, Any] = {"budget": PRICE, "visitor": "ada", "what": FIRST, "now": NOW, "play": False}
    return ledger.hold("gateway", "account", PRICE, **about)


WRITING: dict[str, tuple[Callable[[Path], Any], Callable[[Any], object]]] = {
    "journal": (lambda folder: Store(folder / "fox_runs").journal, ask),
    "ledger": (lambda folder: Ledger(folder / "ledger.sqlite"), hold),
}


@pytest.mark.parametrize("what", WRITING)
def test_an_interrupt_of_the_waiting_for_a_locked_file_leaves_no_lock(what: str, tmp_path: Path) -> None:
    """Who no longer waits for another program has the file locked neither for that nor for this kernel, nor written."""
    made, write = WRITING[what]
    with (
        closing(made(tmp_path)) as database,
        closing(sqlite3.connect(database.path, isolation_level=None, check_same_thread=False)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        main = threading.main_thread().ident or 0

        def interrupt() -> None:
            until(lambda: database.busy_for > 0.3 or None, "the waiting to begin")
            signal.pthread_kill(main, signal.SIGINT)
            other.execute("ROLLBACK")

        interrupting = threading.Thread(target=interrupt, daemon=True)
        interrupting.start()
        with pytest.raises(KeyboardInterrupt):
            write(database)
        interrupting.join(60)
        other.execute("PRAGMA busy_timeout = 20")
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
        write(database)  # for the first time: what was interrupted holds nothing of the budget
