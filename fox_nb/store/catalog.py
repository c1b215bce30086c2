"""Catalog: what the journal keeps beside the tasks: local files, uploads, profiles' names, facts."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fox_nb.settings import Gateway
    from fox_nb.store.journal import Journal

UPLOADS_LIVE = 72 * 3600.0
"""Seconds that an upload lives at the gateway."""
_CLASS = "class "
UPLOAD_MARGIN = 6 * 3600.0
"""An upload this near to its end is made anew: the task may be taken up late."""


class Source(NamedTuple):
    """A local file that requests name by the hash of its bytes; `file` is its copy in the store."""

    sha256: str
    file: str
    origin: str
    mime: str


class Catalog:
    """The journal's smaller tables."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def add_source(self, source: Source) -> None:
        """Remember a local file; the newest place it was taken from is kept."""
        with self._journal.writing() as connection:
            connection.execute(
                "INSERT INTO source (sha256, file, origin, mime) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (sha256) DO UPDATE SET file = excluded.file, "
                "origin = CASE excluded.origin WHEN '' THEN origin ELSE excluded.origin END",
                (source.sha256, source.file, source.origin, source.mime),
            )

    def source(self, sha256: str) -> Source | None:
        """Return a local file by its hash."""
        with self._journal.reading() as connection:
            row = connection.execute(
                "SELECT sha256, file, origin, mime FROM source WHERE sha256 = ?", (sha256,)
            ).fetchone()
        return Source(*row) if row else None

    def remember_upload(self, gateway: str, account: str, sha256: str, url: str, now: float) -> None:
        """Remember where a local file was uploaded to."""
        with self._journal.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO upload (gateway, account, sha256, url, at) VALUES (?, ?, ?, ?, ?)",
                (gateway, account, sha256, url, now),
            )

    def upload(self, gateway: str, account: str, sha256: str, now: float) -> str | None:
        """Return the link of an upload that will live for some hours yet; one from the future is of a wrong clock."""
        since, until = now - UPLOADS_LIVE + UPLOAD_MARGIN, now + UPLOAD_MARGIN
        with self._journal.reading() as connection:
            row = connection.execute(
                "SELECT url FROM upload WHERE gateway = ? AND account = ? AND sha256 = ? AND at BETWEEN ? AND ?",
                (gateway, account, sha256, since, until),
            ).fetchone()
        return str(row[0]) if row else None

    def forget_upload(self, gateway: str, account: str, sha256: str) -> None:
        """Forget an upload that the gateway no longer has."""
        with self._journal.writing() as connection:
            connection.execute(
                "DELETE FROM upload WHERE gateway = ? AND account = ? AND sha256 = ?",
                (gateway, account, sha256),
            )

    def known(self, gateway: Gateway, key: str) -> Gateway:
        """Return a gateway with what the journal calls the class there, and the account of a seat's key.

        Parameters
        ----------
        gateway : Gateway
            Which one; of what is new nothing is added.
        key : str
            The key's fingerprint; '' for the key that was learned last.
        """
        name, _, account = self.facts(f"key {gateway.base_url} {key}").get("", "").rpartition(" ")
        return dataclasses.replace(gateway, known_as=name, account=account) if account else gateway

    def name_seat(self, address: str, key: str, class_id: str, seat: str) -> None:
        """Note whose seat a key opens. A class and a seat are called what they were first: addresses and keys change.

        A second class at the same address is another one, though the first is called by that.
        """
        known = self.facts(_CLASS)
        is_taken = address in (known[other] for other in known.keys() - {class_id})
        name = self.fact(f"{_CLASS}{class_id}", f"{address}#{class_id[:8]}" if is_taken else address)
        account = self.fact(f"seat {class_id} {seat}", key)
        for one in (key, ""):
            self.set_fact(f"key {address} {one}", f"{name} {account}")

    def fact(self, name: str, default: str) -> str:
        """Return a fact of the store; the first one to ask writes its default, for all kernels."""
        with self._journal.reading() as connection:
            row = connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        if row is None:
            with self._journal.writing() as connection:
                connection.execute("INSERT OR IGNORE INTO fact (name, value) VALUES (?, ?)", (name, default))
                row = connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return str(row[0])

    def set_fact(self, name: str, value: str) -> None:
        """Write a fact of the store; '' takes it out."""
        with self._journal.writing() as connection:
            connection.execute("DELETE FROM fact WHERE name = ?", (name,))
            if value:
                connection.execute("INSERT INTO fact (name, value) VALUES (?, ?)", (name, value))

    def facts(self, prefix: str) -> dict[str, str]:
        """Return the facts whose names begin with `prefix`, without it."""
        with self._journal.reading() as connection:
            rows = connection.execute(
                "SELECT name, value FROM fact WHERE substr(name, 1, ?) = ? ORDER BY rowid", (len(prefix), prefix)
            ).fetchall()
        return {str(name)[len(prefix) :]: str(value) for name, value in rows}
