"""Replayed: a pack's tasks in the journal, under a gateway of their own, where they cost nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fox_nb.store.journal_reader import ON_THE_SANDBOX, ON_THE_SERVICE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fox_nb.store.journal import Journal
    from fox_nb.store.packs import RecordedTask
    from fox_nb.store.rows import PictureRow


class Replayed:
    """What a pack put into a journal.

    Parameters
    ----------
    journal : Journal
        Where.
    gateway : str
        The name of the gateway that the pack plays.
    """

    def __init__(self, journal: Journal, gateway: str) -> None:
        self._journal = journal
        self._gateway = gateway

    def add(self, task: RecordedTask, identity: str, request_hash: str, pictures: Sequence[PictureRow]) -> None:
        """Write a task with its pictures, and what it cost when it was recorded, in one transaction."""
        account = ON_THE_SANDBOX if task.sandbox else ON_THE_SERVICE
        values = {
            "identity": identity,
            "gateway": self._gateway,
            "account": account,
            "model": task.model,
            "request": task.request,
            "request_hash": request_hash,
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
        with self._journal.writing() as connection:
            connection.execute("DELETE FROM charge WHERE identity = ?", (identity,))
            connection.execute("DELETE FROM picture WHERE identity = ?", (identity,))
            connection.execute("DELETE FROM task WHERE identity = ?", (identity,))
            connection.execute(f"INSERT INTO task ({columns}) VALUES ({marks})", tuple(values.values()))  # noqa: S608
            connection.execute(
                "INSERT INTO charge (identity, gateway, account, micro, estimate, state, at) "
                "VALUES (?, ?, ?, ?, ?, 'kept', ?)",
                (identity, self._gateway, account, task.micro, task.price_is_estimate, task.asked),
            )
            connection.executemany(
                "INSERT INTO picture (identity, number, file, sha256, url, mime, width, height, bytes) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(identity, *picture) for picture in pictures],
            )

    def takes(self, request_hash: str) -> list[int]:
        """Return the recorded takes of a request, in their order."""
        with self._journal.reading() as connection:
            found = connection.execute(
                "SELECT take FROM task WHERE gateway = ? AND request_hash = ? ORDER BY take",
                (self._gateway, request_hash),
            )
            return [take for (take,) in found]
