"""Memory: which tasks a notebook's cell has shown, kept in the store, so that a re-run of the cell shows them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    def note(self, cell: str, identities: list[str]) -> None:
        """Remember what a cell shows, the newest last; nothing where a front end does not name its cells."""
        if cell:
            self._session.store.catalog.set_fact(_NAME + cell, " ".join(identities))

    def of(self, cell: str) -> Iterator[Task]:
        """Give what a cell has shown, in any kernel; what the store or this gateway no longer has is left out."""
        if not cell:
            return
        for identity in self._session.store.catalog.facts(_NAME + cell).get("", "").split():
            try:
                row = self._session.row(identity)
            except KeyError:
                continue
            if row.gateway == self._session.gateway.name:
                yield self._session.task(row)
