"""Replayed: a pack's tasks in the journal, under a gateway of their own, where they cost nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fox_nb.store.journal_reader import ON_THE_SANDBOX, ON_THE_SERVICE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fox_nb.store.journal import Journal
    from fox_nb.store.packs import RecordedTask
    from fox_nb.store.rows import PictureRow


def add(
    journal: Journal, gateway: str, task: RecordedTask, identity: str, key: str, pictures: Sequence[PictureRow]
) -> None:
    """Write a task with its pictures, and what it cost when it was recorded, in one transaction; `key` is its hash."""
    account = ON_THE_SANDBOX if task.sandbox else ON_THE_SERVICE
    values = {
        "identity": identity,
        "gateway": gateway,
        "account": account,
        "model": task.model,
        "request": task.request,
        "request_hash": key,
        "take": task.take,
        "state": task.state,
        "owner": "",
        "asked": task.asked,
        "sent": task.asked,
        "accepted": task.accepted,
        "finished": task.finished,
        "progress": 100 if task.state == "completed" else 0,
        "profile_id": task.profile_id,
        "error_code": task.error_code,
        "error": task.error,
    }
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    with journal.writing() as connection:
        connection.execute("DELETE FROM charge WHERE identity = ?", (identity,))
        connection.execute("DELETE FROM picture WHERE identity = ?", (identity,))
        connection.execute("DELETE FROM task WHERE identity = ?", (identity,))
        connection.execute(f"INSERT INTO task ({columns}) VALUES ({marks})", tuple(values.values()))  # noqa: S608
        connection.execute(
            "INSERT INTO charge (identity, gateway, account, micro, estimate, state, at) "
            "VALUES (?, ?, ?, ?, ?, 'kept', ?)",
            (identity, gateway, account, task.micro, task.price_is_estimate, task.asked),
        )
        connection.executemany(
            "INSERT INTO picture (identity, number, file, sha256, url, mime, width, height, bytes) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(identity, *picture) for picture in pictures],
        )


def takes(journal: Journal, gateway: str, key: str) -> list[int]:
    """Return the recorded takes of a request, by its hash, in their order."""
    with journal.reading() as connection:
        found = connection.execute(
            "SELECT take FROM task WHERE gateway = ? AND request_hash = ? ORDER BY take",
            (gateway, key),
        )
        return [take for (take,) in found]
