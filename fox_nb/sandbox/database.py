"""Database: the sandbox's tasks, uploads, profiles and received creations, in SQLite, so that they outlive it."""

from __future__ import annotations

import json
import secrets
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fox_nb.atomic import open_database

TABLES = {
    "facts": "(name text primary key, value text not null)",
    "tasks": """(
        id text primary key, token text not null unique, digest text not null, created real not null,
        expires real not null, finished integer not null default 0, credits integer not null, row text not null
    )""",
    "uploads": "(token text primary key, created real not null, size integer not null, row text not null)",
    "profiles": "(id text primary key, figure text not null)",
    "creations": "(number integer primary key, row text not null)",
}
INDEXES = {"tasks_by_digest": "tasks (digest)", "tasks_unfinished": "tasks (finished, created)"}


@dataclass
class Task:
    """A task as it was accepted, and what became of its drawing.

    `plan` says what is to be drawn, `made` the pictures on disk (name, media type, width, height) once all are there,
    `error` why they can't be.
    """

    id: str
    token: str
    digest: str
    created: float
    seconds: float
    estimate: float
    credits: int
    request: dict[str, Any]
    plan: list[dict[str, Any]]
    fates: list[dict[str, Any]] = field(default_factory=list)
    profile_id: str | None = None
    made: list[dict[str, Any]] | None = None
    error: dict[str, Any] | None = None
    reads: int = 0
    account: str = ""
    group: str = "default"
    quota: int = 0

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to draw."""
        return self.made is not None or self.error is not None


@dataclass
class Upload:
    """A stored upload."""

    token: str
    id: str
    filename: str
    kind: str
    sha256: str
    size: int
    created: float


class Ledger:
    """The database in the sandbox's folder.

    One process at a time holds it (a lock on the folder sees to that). It is play money, so a lost power supply may
    cost the last rows; a killed process may not.
    """

    def __init__(self, path: Path) -> None:
        self._database = open_database(path, _missing, synchronous="OFF")

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._database.execute(sql, values).fetchall()

    def fact(self, name: str, default: str) -> str:
        """Return a fact of the folder; the first one to ask sets it."""
        self._run("insert or ignore into facts values (?, ?)", name, default)
        value: str = self._run("select value from facts where name = ?", name)[0][0]
        return value

    def set_fact(self, name: str, value: str) -> None:
        """Keep a fact of the folder."""
        self._run("insert or replace into facts values (?, ?)", name, value)

    def keep_task(self, task: Task, expires: float) -> None:
        """Store a task, new or changed."""
        self._run(
            "insert or replace into tasks values (?, ?, ?, ?, ?, ?, ?, ?)",
            task.id,
            task.token,
            task.digest,
            task.created,
            expires,
            task.finished,
            task.credits,
            json.dumps(vars(task)),
        )

    def task(self, task_id: str) -> Task | None:
        """Return a task by its id."""
        return _task(self._run("select row from tasks where id = ?", task_id))

    def task_of_link(self, token: str) -> tuple[Task, float] | None:
        """Return the task whose result links hold this token, and when they expire."""
        rows = self._run("select row, expires from tasks where token = ?", token)
        task = _task(rows)
        return (task, rows[0][1]) if task else None

    def unfinished(self) -> list[Task]:
        """Return the tasks with something left to draw, oldest first."""
        rows = self._run("select row from tasks where finished = 0 order by created")
        return [Task(**json.loads(row)) for (row,) in rows]

    def latest_end(self) -> float:
        """Return when the last task of all will be, or was, completed by the clock."""
        rows = self._run("select max(created + json_extract(row, '$.seconds')) from tasks")
        return rows[0][0] or 0.0

    def takes_of(self, digest: str) -> int:
        """Return how many tasks of the same request there are."""
        count: int = self._run("select count(*) from tasks where digest = ?", digest)[0][0]
        return count

    def quota(self) -> int:
        """Return what all tasks cost, in the engine's own unit."""
        total: int = self._run("select coalesce(sum(json_extract(row, '$.quota')), 0) from tasks")[0][0]
        return total

    def tasks_of(self, account: str) -> list[Task]:
        """Return the tasks of a key, oldest first."""
        query = "select row from tasks where json_extract(row, '$.account') = ? order by created, rowid"
        return [Task(**json.loads(row)) for (row,) in self._run(query, account)]

    def pictures_in_use(self, now: float) -> set[str]:
        """Return the names of the picture files that links still lead to, or that are being drawn."""
        rows = self._run("select row from tasks where expires > ? or finished = 0", now)
        return {step["name"] for (row,) in rows for step in json.loads(row)["plan"] if "name" in step}

    def add_upload(self, upload: Upload) -> None:
        """Store a new upload's row."""
        row = json.dumps(vars(upload))
        self._run("insert into uploads values (?, ?, ?, ?)", upload.token, upload.created, upload.size, row)

    def upload(self, token: str) -> Upload | None:
        """Return an upload by the token in its link."""
        rows = self._run("select row from uploads where token = ?", token)
        return Upload(**json.loads(rows[0][0])) if rows else None

    def uploads(self) -> list[Upload]:
        """Return all uploads, oldest first."""
        rows = self._run("select row from uploads order by created, rowid")
        return [Upload(**json.loads(row)) for (row,) in rows]

    def forget_upload(self, token: str) -> None:
        """Remove an upload's row."""
        self._run("delete from uploads where token = ?", token)

    def keep_profile(self, profile_id: str, figure: dict[str, Any]) -> None:
        """Store what a trained profile looks like."""
        self._run("insert or replace into profiles values (?, ?)", profile_id, json.dumps(figure))

    def profile(self, profile_id: str) -> dict[str, Any] | None:
        """Return what a trained profile looks like; None if it was not trained here."""
        rows = self._run("select figure from profiles where id = ?", profile_id)
        return json.loads(rows[0][0]) if rows else None

    def add_creation(self, row: dict[str, Any]) -> None:
        """Witness a creating POST."""
        self._run("insert into creations (row) values (?)", json.dumps(row))

    def creations(self) -> list[dict[str, Any]]:
        """Return every creating POST that was received, oldest first."""
        return [json.loads(row) for (row,) in self._run("select row from creations order by number")]


def _missing(database: sqlite3.Connection) -> list[str]:
    made = {name for (name,) in database.execute("select name from sqlite_master")}
    tables = [f"create table {name} {columns}" for name, columns in TABLES.items() if name not in made]
    return tables + [f"create index {name} on {columns}" for name, columns in INDEXES.items() if name not in made]


def _task(rows: list[tuple[Any, ...]]) -> Task | None:
    return Task(**json.loads(rows[0][0])) if rows else None


def new_token() -> str:
    """Return a part of a link that can't be guessed."""
    return secrets.token_urlsafe(18)
