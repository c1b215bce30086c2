"""Memory: which tasks a notebook's cell has shown, kept in the store, so that a re-run of the cell shows them again."""

from __future__ import annotations

import contextlib

from fox_nb.session import Session, Task

_NAME = "shown in cell "


class Memory:
    """What was shown where.

    Parameters
    ----------
    session : Session
        Whose tasks.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def note(self, cell: str, identities: list[str], earlier: int) -> None:
        """Remember what a cell shows, the newest last, and how many there were before; nothing where it has no id."""
        if cell:
            self._session.store.catalog.set_fact(_NAME + cell, " ".join([str(earlier), *identities]))

    def of(self, cell: str) -> tuple[int, list[Task]]:
        """Return what `note` was told in any kernel; what the store or this gateway no longer has is left out."""
        noted = self._session.store.catalog.facts(_NAME + cell).get("", "") if cell else ""
        earlier, *identities = noted.split() or ["0"]
        tasks = []
        for identity in identities:
            with contextlib.suppress(KeyError):
                row = self._session.row(identity)
                if row.gateway == self._session.gateway.name:
                    tasks.append(self._session.task(row))
        return int(earlier) if earlier.isdecimal() else 0, tasks
