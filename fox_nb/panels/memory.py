"""Memory: which tasks a panel in a notebook's cell has shown, kept in the store, so that a re-run shows them again."""

from __future__ import annotations

import hashlib
import os
from collections import Counter

from fox_nb.session import Session, Task

_runs: dict[str, tuple[str, Counter[str]]] = {}
"""The latest run of each notebook cell, and how many of each kind it has had so far."""


class Memory:
    """What was shown where: in which cell, and there in which panel of its kind.

    Cells keep their ids in a copy of a notebook. So each notebook remembers for itself, and begins, when it has nothing
    of its own yet, with what the cell has shown under another name.

    Parameters
    ----------
    session : Session
        Whose tasks.
    kind : str
        What shows them: a model's panel, or the studio.

    Attributes
    ----------
    place : str
        Where that is; '' where front ends do not say which cell runs.
    """

    def __init__(self, session: Session, kind: str) -> None:
        self._session = session
        self._kind = kind
        self.place = ""

    def stand_in(self, cell: str, run: str) -> None:
        """Be about the next one of its kind in this run of a cell."""
        latest, counts = _runs.get(cell, ("", Counter[str]()))
        if run != latest:
            counts = Counter()
        _runs[cell] = run, counts
        self.place = f"shown in cell {cell} {self._kind} {counts[self._kind]} " if cell else ""
        counts[self._kind] += 1

    def note(self, identities: list[str], earlier: Counter[str]) -> None:
        """Remember what is shown, the newest last, and how many there were before, by model."""
        if self.place:
            counts = ",".join(f"{model}:{count}" for model, count in earlier.items()) or "0"
            self._session.store.catalog.set_fact(self.place + _notebook(), " ".join([counts, *identities]))

    def read(self) -> tuple[list[Task], Counter[str]]:
        """Return what `note` was told in any kernel; what the store or this gateway no longer has is left out."""
        known = self._session.store.catalog.facts(self.place) if self.place else {}
        noted = known.get(_notebook()) or next(reversed(known.values()), "")
        earlier, *identities = noted.split() or ["0"]
        rows = self._session.store.journal.rows(identities)
        found = [rows[identity] for identity in identities if identity in rows]
        tasks = [self._session.task(row) for row in found if row.gateway == self._session.gateway.name]
        counts = [part.rpartition(":") for part in earlier.split(",")]
        return tasks, +Counter({model: int(count) for model, _, count in counts if count.isdecimal()})


def _notebook() -> str:
    """Return what tells this notebook from others, where Jupyter's server says its path."""
    return hashlib.sha256(os.environ.get("JPY_SESSION_NAME", "").encode(errors="replace")).hexdigest()[:12]
