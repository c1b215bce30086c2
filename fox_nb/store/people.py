"""People: the profiles of a gateway with their names, and forgetting one with all that shows the person."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from fox_nb.store.catalog import UPLOADS_LIVE, Source
from fox_nb.store.files import copy_of
from fox_nb.store.journal import Journal
from fox_nb.store.rows import BEING_SENT, FORGOTTEN, ON_ITS_WAY, TRAINS, TaskRow

_TRAINING = "training "
"""A name that waits for its id is kept under this and the training's identity. No id holds a blank."""
_GONE = "the profile that it belongs to was forgotten here, and its results were removed"

_ROWS = """
    SELECT t.profile_id, coalesce(given.name, waiting.name, ''), t.asked, t.identity, t.state
    FROM task t
    LEFT JOIN profile given ON given.gateway = t.gateway AND given.profile_id = t.profile_id AND t.profile_id != ''
    LEFT JOIN profile waiting ON waiting.gateway = t.gateway AND waiting.profile_id = :waiting || t.identity
    WHERE t.gateway = :gateway AND t.model = :training AND t.error_code != :forgotten
    UNION ALL
    SELECT p.profile_id, p.name, p.at, '', 'completed' FROM profile p
    WHERE p.gateway = :gateway AND substr(p.profile_id, 1, length(:waiting)) != :waiting
      AND p.profile_id NOT IN (SELECT t.profile_id FROM task t WHERE t.gateway = :gateway AND t.model = :training)
    ORDER BY 3, 1
"""


class ProfileRow(NamedTuple):
    """A profile that is trained, under way, came to nothing, or was added by its id.

    Attributes
    ----------
    profile_id, name : str
        '' while there is none.
    at : float
        When it was asked for or added, seconds since 1970.
    identity, state : str
        Of its training; '' and 'completed' where it was added.
    """

    profile_id: str
    name: str
    at: float
    identity: str
    state: str

    @property
    def holds_its_name(self) -> bool:
        """Whether nobody else can have the name: it can be used, or may yet come to be."""
        return bool(self.profile_id) or self.state not in {"failed", "refused"}


class Belongings(NamedTuple):
    """What a store has of a person, found by a profile's id.

    Attributes
    ----------
    tasks : tuple of TaskRow
        The training, what names the id, and what was made from the results of these.
    under_way : tuple of TaskRow
        Those of them whose results may still land.
    sources : tuple of Source
        The local files that they were given and that nothing else needs.
    shared : tuple of Source
        Those that something else needs.
    copies : tuple of Source
        What was written for the upload of pictures that were made here.
    others : tuple of str
        The pictures of all other tasks, relative to the store.
    uploads_until : float
        Until when the gateway keeps what was uploaded; 0 when nothing is left there.
    """

    tasks: tuple[TaskRow, ...]
    under_way: tuple[TaskRow, ...]
    sources: tuple[Source, ...]
    shared: tuple[Source, ...]
    copies: tuple[Source, ...]
    others: tuple[str, ...]
    uploads_until: float

    @property
    def files(self) -> tuple[str, ...]:
        """What is to be removed, relative to the store."""
        pictures = [picture.file for task in self.tasks for picture in task.pictures]
        linked = [copy_of(link) for task in self.tasks for link in _given(task.body)]
        return tuple(dict.fromkeys([*pictures, *linked, *(source.file for source in (*self.sources, *self.copies))]))


class People:
    """The profiles of a store. No two gateways' are ever mixed: every call names one.

    What shows a person is looked for at all of them: the service has moved, and a recording of it is replayed.

    Parameters
    ----------
    journal : Journal
        Where names and tasks are.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def rows(self, gateway: str) -> list[ProfileRow]:
        """Return a gateway's profiles and trainings, oldest first."""
        with self._journal.reading() as connection:
            return self._rows(connection, gateway)

    def name_training(self, gateway: str, identity: str, name: str, now: float) -> None:
        """Keep the name that a training's profile gets as soon as its id is known, in whatever kernel that is."""
        with self._journal.writing() as connection:
            write_name(connection, gateway, _TRAINING + identity, name, now)

    def name(self, gateway: str, profile_id: str, name: str, now: float) -> ProfileRow | None:
        """Give a profile a name, or another one; where another profile has it, return that and change nothing."""
        with self._journal.writing() as connection:
            for row in self._rows(connection, gateway):
                if row.profile_id != profile_id and row.holds_its_name and same(name, row.name, row.profile_id):
                    return row
            write_name(connection, gateway, profile_id, name, now)
            return None

    def belongings(self, gateway: str, profile_id: str, now: float) -> Belongings:
        """Return what the store has of the person; changes nothing."""
        with self._journal.reading() as connection:
            return self._belongings(connection, gateway, profile_id, now)

    def forget(self, gateway: str, profile_id: str, now: float, remove: Callable[[Belongings], None]) -> Belongings:
        """Take out of the journal what shows the person; the requests and their charges stay.

        Parameters
        ----------
        gateway, profile_id, now
            Which profile, and the time.
        remove : callable
            Removes the files. Whatever it raises leaves the journal as it was, so that forgetting can be repeated.

        Returns
        -------
        Belongings
            What was removed; nothing was while any of it is `under_way`.
        """
        with self._journal.writing() as connection:
            found = self._belongings(connection, gateway, profile_id, now)
            if found.under_way:
                return found
            remove(found)
            for row in found.tasks:
                connection.execute("DELETE FROM picture WHERE identity = ?", (row.identity,))
                connection.execute("UPDATE task SET links = '[]', profile_id = '' WHERE identity = ?", (row.identity,))
                connection.execute(
                    "UPDATE task SET state = 'failed', error_code = ?, error = ? "
                    "WHERE identity = ? AND state = 'completed'",
                    (FORGOTTEN, _GONE, row.identity),
                )
            gone = [source.sha256 for source in found.sources]
            gone += [picture.sha256 for row in found.tasks for picture in row.pictures]
            connection.executemany("DELETE FROM source WHERE sha256 = ?", [(sha256,) for sha256 in gone])
            connection.executemany("DELETE FROM upload WHERE sha256 = ?", [(sha256,) for sha256 in gone])
            names = {(gateway, profile_id)}
            names |= {(row.gateway, key) for row in found.tasks for key in (profile_id, _TRAINING + row.identity)}
            connection.executemany("DELETE FROM profile WHERE gateway = ? AND profile_id = ?", sorted(names))
            return found

    def _rows(self, connection: sqlite3.Connection, gateway: str) -> list[ProfileRow]:
        facts = {"gateway": gateway, "waiting": _TRAINING, "training": TRAINS, "forgotten": FORGOTTEN}
        found = connection.execute(_ROWS, facts).fetchall()
        rows = [ProfileRow(*row) for row in found]
        once = {row.profile_id or row.identity: row for row in reversed(rows)}
        return list(reversed(once.values()))

    def _belongings(self, connection: sqlite3.Connection, gateway: str, profile_id: str, now: float) -> Belongings:
        rows = [row for name in self._journal.gateways() for row in self._journal.tasks(name)]
        tasks = _showing(rows, profile_id)
        ours = {row.identity for row in tasks}
        needed = {
            name
            for identity, request in connection.execute(
                "SELECT identity, request FROM task "
                "WHERE state NOT IN ('failed', 'refused') AND request LIKE '%sha256:%'"
            )
            if identity not in ours
            for name in re.findall(r"sha256:([0-9a-f]{64})", request)
        }
        named = dict.fromkeys(
            value.removeprefix("sha256:") for row in tasks for value in _given(row.body) if value.startswith("sha256:")
        )
        own = {picture.sha256 for row in tasks for picture in row.pictures}
        sources = [
            Source(*row)
            for sha256 in named
            for row in connection.execute(
                "SELECT sha256, file, origin, mime FROM source "
                "WHERE sha256 = ? AND file NOT IN (SELECT file FROM picture)",
                (sha256,),
            )
        ]
        return Belongings(
            tasks=tuple(tasks),
            under_way=tuple(row for row in tasks if row.state in BEING_SENT or row.state in ON_ITS_WAY),
            sources=tuple(source for source in sources if source.sha256 not in needed | own),
            shared=tuple(source for source in sources if source.sha256 in needed - own),
            copies=tuple(source for source in sources if source.sha256 in own),
            others=tuple(picture.file for row in rows if row.identity not in ours for picture in row.pictures),
            uploads_until=self._uploads_until(connection, gateway, [*named, *own], now),
        )

    def _uploads_until(self, connection: sqlite3.Connection, gateway: str, hashes: Sequence[str], now: float) -> float:
        ends = [
            at + UPLOADS_LIVE
            for sha256 in hashes
            for (at,) in connection.execute("SELECT at FROM upload WHERE gateway = ? AND sha256 = ?", (gateway, sha256))
        ]
        return max((end for end in ends if end > now), default=0.0)


def same(name: str, *others: str) -> bool:
    """Return True when people would take a name for one of the others: case, width and blanks don't tell."""
    return _key(name) in {_key(other) for other in others if other}


@lru_cache(4096)
def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def write_name(connection: sqlite3.Connection, gateway: str, key: str, name: str, now: float) -> None:
    """Give a profile a name, or another one, whoever else has it."""
    connection.execute(
        "INSERT INTO profile (gateway, profile_id, name, at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (gateway, profile_id) DO UPDATE SET name = excluded.name",
        (gateway, key, name, now),
    )


def _showing(rows: Sequence[TaskRow], profile_id: str) -> list[TaskRow]:
    """Return the tasks that show the person: by its id or training, then on and on by the pictures made there."""
    token = re.compile(rf"\[\[\s*{re.escape(profile_id)}\s*\]\]")
    found = {
        row.identity: row
        for row in rows
        if profile_id in filter(None, (row.profile_id, row.identity))
        or token.search(str(row.body.get("prompt", "")))
        or profile_id in (row.body.get("profile_ids") or ())
    }
    archives = {row.body.get("image_archive_url") for row in found.values()} - {None}
    for row in rows:  # trainings on the same photos that came to nothing
        if row.body.get("image_archive_url") in archives and row.state in {"failed", "refused", "unknown"}:
            found[row.identity] = row
    newest = list(found.values())
    while newest:
        results = {mark for row in newest for mark in _results(row)}
        newest = [row for row in rows if row.identity not in found and results.intersection(_given(row.body))]
        found.update((row.identity, row) for row in newest)
    return list(found.values())


def _results(row: TaskRow) -> Iterator[str]:
    yield from filter(None, row.urls)
    for picture in row.pictures:
        yield f"sha256:{picture.sha256}"
        if picture.url:
            yield picture.url


def _given(body: dict[str, Any]) -> Iterator[str]:
    """Give every picture and archive that a request names."""
    for name, value in body.items():
        if name not in {"model", "prompt", "profile_ids"}:
            yield from (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str))
