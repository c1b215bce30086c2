"""Detached: the backend of a task from another process: what is known is shown, the rest is asked for here."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Never, Protocol, Self

from fox_nb.errors import FoxError
from fox_nb.session.backoff import USUAL_SPREAD
from fox_nb.session.code import call
from fox_nb.session.irregular import usual
from fox_nb.session.pool import Pool
from fox_nb.store import TaskRow


class Arrived(Protocol):
    """What is asked of a task that came from another process."""

    @property
    def has_ended(self) -> bool:
        """True when nothing more happens by itself."""

    def code(self) -> str:
        """Return the call that asks for the same."""


class Detached:
    """What a pickled task, or one from before a fork, can still be asked; nothing of it reads the journal.

    Parameters
    ----------
    folder : Path
        The store's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.telling = Pool(1, "telling")

    @property
    def poller(self) -> Self:
        """Itself: it looks after nothing."""
        return self

    @property
    def holds_all(self) -> None:
        """Nothing: nobody asks."""

    def watch(self, task: Arrived) -> None:
        """Nobody looks after it here; one that had ended needs nobody."""
        if not task.has_ended:
            self._refuse(task)

    def is_watching(self, task: Arrived) -> bool:
        """Return False."""
        del task
        return False

    def retry(self, task: Arrived) -> None:
        """Refuse."""
        self._refuse(task)

    def settle(self, task: Arrived, *, paid: bool, task_id: str = "") -> None:
        """Refuse."""
        del paid, task_id
        self._refuse(task)

    def row(self, identity: str) -> TaskRow:
        """Refuse."""
        raise FoxError(f"The task {identity[:12]}… came from another process.", todo="Ask for it again here.")

    def path(self, file: str) -> Path:
        """Return where a file of the store is."""
        return self._folder / file

    def expected(self, row: TaskRow) -> tuple[float, float]:
        """Return how many seconds a task is thought to take, and how far off that may be."""
        return row.estimate or usual(row.model), USUAL_SPREAD

    def originals(self, row: TaskRow) -> list[Path]:
        """Return nothing: only the journal knows which files they are."""
        del row
        return []

    def code(self, row: TaskRow) -> str:
        """Return the call that asks for the same."""
        return call(row.body, row.take, {})

    def now(self) -> float:
        """Return the time."""
        return time.time()

    def _refuse(self, task: Arrived) -> Never:
        raise FoxError(
            f"This task came here from another process, as it was there: {task!r}.",
            money="It is not harmed by that, and not sent again.",
            todo=f"Ask for it again here, which finds it and pays for nothing: {task.code()}",
        )
