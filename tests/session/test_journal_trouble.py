"""A journal that cannot be written for a while: what only this kernel knows is kept, told, and written later."""

import contextlib
import json
import logging
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from client.scripted import Step, say
from fox_nb import ConnectionLost, Fox, FoxError, InvalidRequest, StoreError, SubmissionUnknown, TaskFailed, WaitTimeout
from fox_nb.atomic import BUSY_SECONDS
from fox_nb.session.task import Task
from fox_nb.store import schema
from gateways import Gateway
from processes import PATIENCE, ended, until

PHOTO = np.zeros((64, 64, 3), dtype=np.uint8)


@contextlib.contextmanager
def locked(fox: Fox) -> Iterator[None]:
    """Another process has the journal for itself, for longer than this Fox waits."""
    with fox.store.journal.reading() as connection:
        connection.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(fox.store.journal.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()
        with contextlib.suppress(StoreError), fox.store.journal.reading() as connection:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")


@pytest.fixture
def lock_after(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Fox, str], contextlib.ExitStack]]:
    """`lock_after(fox, "create")` locks the journal as soon as that call of the client has its answer; close it to end."""
    with contextlib.ExitStack() as held:

        def arrange(fox: Fox, name: str) -> contextlib.ExitStack:
            call = getattr(fox.session.client, name)

            def then_locked(*sent: Any, **more: Any) -> Any:
                try:
                    return call(*sent, **more)
                finally:
                    monkeypatch.setattr(fox.session.client, name, call)
                    held.enter_context(locked(fox))

            monkeypatch.setattr(fox.session.client, name, then_locked)
            return held

        yield arrange


def test_an_answer_that_cannot_be_noted(
    open_fox: Callable[..., Fox], sandbox: Any, lock_after: Callable[[Fox, str], contextlib.ExitStack]
) -> None:
    """Its id is told, kept, and in the journal for every kernel once that can be written, without anybody asking again."""
    fox, other = open_fox(), open_fox()
    lock = lock_after(fox, "create")
    with pytest.raises(StoreError) as told:
        fox.generate("a fox")
    task_id = sandbox.creations[0]["task_id"]
    for words in (task_id, "paid for, once", "keeps that id", "settle(paid=True"):
        assert words in str(told.value)
    lock.close()
    until(lambda: other.store.journal.with_id(task_id) or None, "the id to be in the journal")
    assert fox.generate("a fox").wait().id == other.generate("a fox").wait().id == task_id
    assert len(sandbox.creations) == 1


def test_what_is_kept_is_written_at_the_end(
    open_fox: Callable[..., Fox], lock_after: Callable[[Fox, str], contextlib.ExitStack], caplog: Any, sandbox: Any
) -> None:
    """Closing writes what could not be written before; where it still can't, the id is told a last time."""
    fox, other = open_fox(), open_fox()
    for prompt, opened in (("a fox", True), ("a cat", False)):
        closing = open_fox()
        lock = lock_after(closing, "create")
        with pytest.raises(StoreError):
            closing.generate(prompt)
        if opened:
            lock.close()
        closing.close()
        lock.close()
        task_id = sandbox.creations[-1]["task_id"]
        assert bool(other.store.journal.with_id(task_id)) == opened
        assert (f"It will never know: task {task_id} was accepted ('{prompt}'" in caplog.text) != opened
    assert fox.generate("a fox").wait().images


def test_what_was_never_sent_is_never_on_its_way(
    fox: Fox, sandbox: Any, lock_after: Callable[[Fox, str], contextlib.ExitStack]
) -> None:
    """The journal fails between the upload and the creating call: nothing was sent, nothing is spent, asking again sends."""
    lock = lock_after(fox, "upload_file")
    with pytest.raises(StoreError):
        fox.edit("red", PHOTO)
    assert sandbox.creations == []
    lock.close()
    until(lambda: fox.tasks()[0].row.state == "refused" or None, "the row to say that nothing was sent")
    assert fox.spent == 0
    assert fox.edit("red", PHOTO).wait().status == "completed"
    assert len(sandbox.creations) == 1


def test_a_lost_answer_that_cannot_be_noted(
    fox: Fox, sandbox: Any, lock_after: Callable[[Fox, str], contextlib.ExitStack]
) -> None:
    """It is told as what it is, and is unknown as soon as the journal can be written; nothing is sent again."""
    sandbox.misbehave("lost_answer", on="create", times=1)
    lock = lock_after(fox, "create")
    with pytest.raises(ConnectionLost, match="You may or may not have been charged"):
        fox.generate("a fox")
    lock.close()
    with pytest.raises(SubmissionUnknown):
        fox.generate("a fox")
    assert len(sandbox.creations) == 1


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("name", ["task", "download"])
def test_who_waits_is_told_and_the_work_goes_on(
    fox: Fox, caplog: Any, lock_after: Callable[[Fox, str], contextlib.ExitStack], name: str
) -> None:
    """A look or a picture that cannot be noted ends the waiting in words, not in tracebacks, and is noted later by itself."""
    lock = lock_after(fox, name)
    task = fox.generate("a fox")
    with pytest.raises(StoreError, match="locked by another process"):
        task.wait()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    lock.close()
    until(lambda: task.status == "completed" or None, "the task to be completed by itself", show=lambda: task)
    assert task.wait().images[0].path.exists()


def test_a_store_that_is_moved_and_put_back(
    fox: Fox, sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits is told that the folder is gone, and nothing more is sent; put back, the same cell goes on."""
    folder, ask, moves = fox.store.folder, fox.session.client.task, [tmp_path / "elsewhere"]

    def ask_and_move(*asked: Any, **more: Any) -> Any:
        answer = ask(*asked, **more)
        if moves:  # once: a poll may be under way while it is put back
            folder.rename(moves.pop())
        return answer

    monkeypatch.setattr(fox.session.client, "task", ask_and_move)
    task = fox.generate("a fox")
    for fails in (task.wait, lambda: fox.generate("a cat")):
        with pytest.raises(StoreError, match="moved or deleted while it was open"):
            fails()
    monkeypatch.undo()
    (tmp_path / "elsewhere").rename(folder)
    assert fox.generate("a fox") is task
    assert task.wait().images[0].path.exists()
    assert len(sandbox.creations) == 1


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.unlink(), r"history file \S+journal.sqlite was moved or deleted .* put a backup there"),
        (lambda path: path.rename(path.with_name("old")).with_name(path.name).mkdir(), "was moved or deleted"),
        (lambda path: path.write_bytes(b""), r"journal.sqlite is empty. It was left as it is. Keep a copy"),
    ],
)
def test_a_history_that_is_gone(fox: Fox, sandbox: Any, spoil: Callable[[Path], object], told: str) -> None:
    """Who waits is told that it is the file, not the folder, and by which id the paid task is known."""
    sandbox.misbehave("stuck", times=50)
    task = fox.generate("a fox")
    spoil(fox.store.journal.path)
    with pytest.raises(StoreError, match=told) as error:
        task.wait(PATIENCE)
    assert f"task.settle(task_id={sandbox.creations[0]['task_id']!r})" in str(error.value)


def test_one_trouble_names_each_task_by_its_own_id(fox: Fox, sandbox: Any) -> None:
    """What is told to several, again and again, says of each the one id, once."""
    sandbox.misbehave("lasts", seconds=900, times=2)
    first, second = fox.generate("a fox"), fox.generate("a bear")
    until(lambda: (first.id and second.id) or None, "their ids")
    trouble = StoreError("The history can't be read.", todo="Look at it.")
    for _ in range(2):
        first.note(trouble)
        second.note(trouble)
    assert trouble.todo == "Look at it."
    assert [str(task.trouble).count("Its id is") for task in (first, second)] == [1, 1]
    assert first.id not in str(second.trouble)


def test_memory_that_has_run_out_loses_no_id(fox: Fox, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be written for want of it is kept, told, and written later, as on a full disk."""
    charge = fox.store.journal._charge

    def full(*_: Any) -> None:
        monkeypatch.setattr(fox.store.journal, "_charge", charge)
        raise MemoryError

    monkeypatch.setattr(fox.store.journal, "_charge", full)
    with pytest.raises(StoreError, match=r"accepted it as task .* could not be written down: There is no memory left"):
        fox.generate("a fox")
    assert fox.generate("a fox").wait(PATIENCE).images
    assert len(sandbox.creations) == 1


def test_a_journal_that_another_program_keeps_is_told_before_the_minute_is_over(
    fox: Fox, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for less than SQLite does hears why nothing goes on, and when the time that was given is over."""
    monkeypatch.setattr("fox_nb.store.journal_reader.LOCKED_AFTER", 0.1)
    sandbox.misbehave("stuck", times=50)
    task = fox.generate("a fox")
    other = sqlite3.connect(fox.store.journal.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        until(lambda: fox.session.poller.holds_all, "a poll that waits for the file")
        with pytest.raises(WaitTimeout, match=r"journal.sqlite has not answered for \d+ s"):
            task.wait(0.3)
    finally:
        other.close()


def test_settling_says_why_not(fox: Fox, sandbox: Any) -> None:
    """What the journal knows better is not settled in silence; what it knows already is settled without a word."""
    done = fox.generate("a cat").wait()
    assert done.settle(paid=True, task_id=done.id) is done
    with pytest.raises(InvalidRequest, match=f"settles nothing: the task is completed, as {done.id}"):
        done.settle(paid=False)
    sandbox.misbehave("lost_answer", on="create", times=1)
    with pytest.raises(SubmissionUnknown) as lost:
        fox.generate("a fox")
    with pytest.raises(InvalidRequest, match="settles nothing: the task is completed"):
        done.settle(paid=True, task_id=sandbox.creations[1]["task_id"])
    assert lost.value.task.settle(paid=False).settle(paid=False).status == "refused"


@pytest.mark.parametrize("paid", [True, False])
def test_an_id_that_is_found_after_all(fox: Fox, sandbox: Any, paid: bool) -> None:
    """Settled without its id, and found in the gateway's console later: its pictures are fetched, and it costs once."""
    sandbox.misbehave("lost_answer", on="create", times=1)
    with pytest.raises(SubmissionUnknown) as lost:
        fox.generate("a fox")
    task = lost.value.task.settle(paid=paid)
    assert task.settle(task_id=sandbox.creations[0]["task_id"]).wait().images
    assert fox.spent == pytest.approx(0.09)
    assert len(sandbox.creations) == 1


@contextlib.contextmanager
def written_over(
    fox_at: Callable[..., Fox], backup: Path, status: int, meanwhile: Callable[[Fox], None] = lambda _: None
) -> Iterator[tuple[Fox, Gateway]]:
    """A Fox over whose journal an older copy is written while its second creation, answered so, is on the wire."""

    def create(gateway: Gateway, count: int, task_id: str) -> Step:
        if count == 2:
            fox.store.journal.path.write_bytes(backup.read_bytes())
            meanwhile(fox)
            return say(status, gateway.accepted(task_id) if status == 200 else b"boom")
        return say(200, gateway.accepted(task_id))

    with Gateway(create=create) as gateway:
        fox = fox_at(gateway)
        fox.generate("a fox").wait(PATIENCE)
        backup.write_bytes(fox.store.journal.path.read_bytes())
        yield fox, gateway


@pytest.mark.parametrize("status", [200, 500])
def test_an_older_copy_that_is_written_over_the_journal(
    status: int, fox_at: Callable[..., Fox], tmp_path: Path
) -> None:
    """A backup that comes back while a request is on the wire loses nothing of it: it is journalled anew, sent once."""
    with written_over(fox_at, tmp_path / "backup.sqlite", status) as (fox, gateway):
        for asking in (fox, fox_at(gateway)):
            if status == 200:
                assert asking.generate("a cat").wait(PATIENCE).images[0].path.exists()
            else:
                with pytest.raises(SubmissionUnknown, match="a cat"):
                    asking.generate("a cat")
        assert (fox.spent, len(gateway.creations())) == (pytest.approx(0.18), 2)


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("ended", ["completed", "failed", "unknown", "retried"])
def test_an_older_copy_that_is_written_over_what_was_sent(
    ended: str, fox_at: Callable[..., Fox], tmp_path: Path
) -> None:
    """What a kernel holds is journalled anew when it is asked for: the same outcome, paid once; the next take is the next."""
    backup = tmp_path / "backup.sqlite"

    def create(gateway: Gateway, count: int, task_id: str) -> Step:
        return say(500, b"boom") if count == 2 and ended == "unknown" else say(200, gateway.accepted(task_id))

    def poll(gateway: Gateway, _count: int, task_id: str) -> Step:
        fails = task_id.endswith("-2") and ended in {"failed", "retried"}
        return say(200, {"id": task_id, "status": "failed"} if fails else gateway.completed(task_id))

    def outcome(task: Task) -> tuple[Any, ...]:
        return task.id, task.status, task.cost.amount, [image.path for image in task.images], task.row.sent

    with Gateway(create=create, poll=poll) as gateway:
        fox = fox_at(gateway)
        fox.generate("a fox").wait(PATIENCE)
        backup.write_bytes(fox.store.journal.path.read_bytes())
        try:
            task = fox.generate("a cat")
            task.wait(PATIENCE)
        except SubmissionUnknown as lost:
            task = lost.task
        except TaskFailed:
            if ended == "retried":
                backup.write_bytes(fox.store.journal.path.read_bytes())
                task.retry().wait(PATIENCE)
        before, spent, sent = outcome(task), fox.spent, len(gateway.creations())
        fox.store.journal.path.write_bytes(backup.read_bytes())
        with contextlib.suppress(SubmissionUnknown):
            assert fox.generate("a cat") is task
        assert (outcome(task), fox.spent, len(gateway.creations())) == (before, spent, sent)
        fox.store.journal.path.write_bytes(backup.read_bytes())
        assert fox.session.submit("phota-image", {"prompt": "a cat"}, "new").take == 2


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize(("copied", "in_a_poll"), [("before", False), ("on the wire", False), ("on the wire", True)])
def test_an_older_copy_that_is_written_over_what_is_waited_for(
    copied: str, in_a_poll: bool, fox_at: Callable[..., Fox], tmp_path: Path
) -> None:
    """Whoever waits gets the pictures all the same, and a Fox that is made later finds them, too."""
    backup, replaced = tmp_path / "backup.sqlite", threading.Event()

    def copy() -> None:
        backup.write_bytes(fox.store.journal.path.read_bytes())

    def replace() -> None:
        fox.store.journal.path.write_bytes(backup.read_bytes())
        replaced.set()

    def create(gateway: Gateway, count: int, task_id: str) -> Step:
        if count == 2 and copied == "on the wire":
            copy()
        return say(200, gateway.accepted(task_id))

    def poll(gateway: Gateway, _count: int, task_id: str) -> Step:
        if task_id.endswith("-1") or replaced.is_set():
            return say(200, gateway.completed(task_id))
        if in_a_poll:
            replace()
        return say(200, {"id": task_id, "status": "processing", "progress": 50})

    with Gateway(create=create, poll=poll) as gateway:
        fox = fox_at(gateway)
        fox.generate("a fox").wait(PATIENCE)
        copy()
        task = fox.generate("a cat", num_outputs=2)
        if not in_a_poll:
            until(lambda: task.status == "processing" or None, "the task to be under way")
            replace()
        assert len(task.wait(PATIENCE).images) == 2
        assert len(fox_at(gateway).generate("a cat", num_outputs=2).wait(PATIENCE).images) == 2
        assert (fox.spent, len(gateway.creations())) == (pytest.approx(0.27), 2)


def test_the_bill_is_read_where_an_older_copy_has_lost_a_task(fox: Fox, sandbox: Any) -> None:
    """What is charged is told, though a task that somebody holds is not in the file."""
    before = fox.store.journal.path.read_bytes()
    task = fox.generate("a fox").wait(PATIENCE)
    fox.store.journal.path.write_bytes(before)
    assert [one.amount for one in fox.reconcile().strays] == [task.cost.amount]


@pytest.mark.parametrize("status", [200, 500, 402])
def test_what_is_on_the_wire_when_an_older_copy_is_written_over_the_journal(
    status: int, fox_at: Callable[..., Fox], tmp_path: Path
) -> None:
    """Asked for again before its answer it is the same task, and the next take another one: each is paid once."""
    asked = list[Task]()

    def ask(fox: Fox) -> None:
        asked.append(fox.session.submit("phota-image", {"prompt": "a cat"}))
        asked.append(fox.session.submit("phota-image", {"prompt": "a cat"}, "new"))

    with written_over(fox_at, tmp_path / "backup.sqlite", status, ask) as (fox, gateway):
        with pytest.raises(FoxError) if status != 200 else contextlib.nullcontext():
            fox.generate("a cat")
        same, other = asked
        with pytest.raises(FoxError) if status != 200 else contextlib.nullcontext():
            same.wait(PATIENCE)
        assert (same.take, same.status) == (1, {200: "completed", 500: "unknown", 402: "refused"}[status])
        assert (other.wait(PATIENCE).take, len(gateway.creations())) == (2, 3)
        assert fox.spent == pytest.approx(0.18 if status == 402 else 0.27)


def test_what_one_fox_could_not_reserve_ends_nothing_that_another_has_sent(fox_at: Callable[..., Fox]) -> None:
    """Where a locked journal kept a cell from being sent, and a new Fox sends it, the older one, still at work, undoes nothing."""
    polled, answered = threading.Event(), threading.Event()

    def poll(_gateway: Gateway, count: int, task_id: str) -> Step:
        polled.wait(PATIENCE)
        return say(200, {"id": task_id, "status": "processing", "progress": min(count, 99)})

    with Gateway(poll=poll) as gateway:
        older = fox_at(gateway)
        owl = older.generate("an owl")
        with older.store.journal.reading() as connection:
            connection.execute("PRAGMA busy_timeout = 20")
        with contextlib.closing(sqlite3.connect(older.store.journal.path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM task").fetchone()  # as a browser for SQLite does: nobody else commits
            with pytest.raises(StoreError, match="locked"):
                older.generate("a fox")
        gateway.create = lambda _gateway, _count, _task_id: (answered.wait(PATIENCE), say(502, b"<html>"))[1]
        newer = fox_at(gateway)

        def ask() -> None:
            with pytest.raises(SubmissionUnknown):
                newer.generate("a fox")

        asking = threading.Thread(target=ask)
        asking.start()
        until(lambda: gateway.counts["create"] == 2 or None, "the creating call")
        polled.set()
        until(lambda: owl.progress or None, "the older one to write")
        answered.set()
        ended(asking)
        with pytest.raises(SubmissionUnknown):
            newer.generate("a fox")
        assert gateway.counts["create"] == 2


def test_a_disk_that_can_only_be_read_shows_what_is_known(
    fox_at: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store is opened and looked at where nothing can be written, also one whose kernel was killed while it sent."""

    def for_reading(path: Path, _missing: object) -> sqlite3.Connection:  # as SQLite itself, but for root
        file = f"file:{path}?mode=ro"
        return sqlite3.connect(file, uri=True, isolation_level=None, check_same_thread=False)

    with Gateway() as gateway:
        with fox_at(gateway) as fox:
            fox.generate("a fox").wait()
            fox.generate("an owl").wait()
            gone = json.dumps([socket.gethostname(), 2**22 + 1, 1.0])
            with fox.store.journal.writing() as connection:
                where = "WHERE json_extract(request, '$.prompt') = 'an owl'"
                connection.execute(f"UPDATE task SET state = 'sending', owner = ? {where}", (gone,))
                connection.execute("DELETE FROM fact WHERE name LIKE 'no class%'")
        monkeypatch.setattr(schema, "open_database", for_reading)
        capsys.readouterr()
        archived = fox_at(gateway)
        assert "from earlier: 1 in progress" in capsys.readouterr().err
        assert [(task.status, len(task.images)) for task in archived.tasks()] == [("pending", 1), ("completed", 1)]
        with pytest.raises(StoreError, match="cannot be opened or written"):
            archived.generate("a cat")
        assert gateway.counts["create"] == 2
