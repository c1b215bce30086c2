"""Task list: what `fox.tasks()` gives: tasks, newest first; shows itself as a table, gives itself as a data frame."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, overload

from fox_nb.errors import ExtraMissing, FoxError, WaitTimeout
from fox_nb.models import MODELS
from fox_nb.parameters import not_allowed, parameters
from fox_nb.session.pool import deadline
from fox_nb.session.renderer import Renderer, Shows
from fox_nb.session.task import Task
from fox_nb.store import BEING_SENT

if TYPE_CHECKING:
    import pandas as pd


_LINES = 20
STATUSES = ("pending", "processing", "completed", "failed", "refused", "unknown")


class TaskList(Shows, Sequence[Task]):
    """Tasks, newest first.

    Parameters
    ----------
    tasks : sequence of Task
        The tasks.
    total : int
        How many the journal has for the same question.
    sandbox : bool
        True for play money.
    renderer : Renderer
        Shows it.
    empty : str
        What is said where there are none; by default how to make the first.
    """

    def __init__(
        self, tasks: Sequence[Task], *, total: int, sandbox: bool, renderer: Renderer, empty: str = ""
    ) -> None:
        self.renderer = renderer
        self._tasks = list(tasks)
        self._total = total
        self.is_sandbox = sandbox
        self.empty = empty

    @overload
    def __getitem__(self, index: int) -> Task: ...
    @overload
    def __getitem__(self, index: slice) -> TaskList: ...
    def __getitem__(self, index: int | slice) -> Task | TaskList:
        if not isinstance(index, slice):
            return self._tasks[index]
        part = self._tasks[index]
        return TaskList(part, total=len(part), sandbox=self.is_sandbox, renderer=self.renderer, empty=self.empty)

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def total(self) -> int:
        """How many the journal has for the same question, those beyond the limit included."""
        return self._total

    def __repr__(self) -> str:
        head = f"{self._total} task{'' if self._total == 1 else 's'}"
        shown = self._tasks[:_LINES]
        if len(shown) < self._total:
            head += f", the newest {len(shown)} of them:"
        return "\n".join([head, *(f"  {task!r}" for task in shown)])

    def wait(self, timeout: float | None = None) -> Self:
        """Wait for those that are in progress, and return the list; one that fails stays in it, with its `error`.

        Parameters
        ----------
        timeout : float, optional
            Seconds for all together; without it as long as it takes.

        Raises
        ------
        WaitTimeout
            The time is over; the tasks go on and `wait` may be called again.
        FoxError
            The gateway cannot be asked of some (key, rights), or a picture cannot be fetched; nothing is lost.
        """
        until = deadline(timeout)
        left = [task for task in self._tasks if not task.has_ended]
        for task in left:
            task._begin_to_wait()  # noqa: SLF001 - all at once, before the first is waited for
        trouble: FoxError | None = None
        for task in left:
            try:
                task.wait(None if timeout is None else max(0.0, until - time.monotonic()))
            except WaitTimeout as error:
                going_on = sum(not task.has_ended for task in left)
                trouble = WaitTimeout(
                    f"{going_on} of {len(left)} tasks are not done after {timeout:g} s.",
                    task=task,
                    money=error.money,
                    todo="Call wait() again, or fox.resume() later: they are watched, never sent twice.",
                )
                break
            except FoxError as error:
                trouble = trouble or (None if task.has_ended else error)
        if trouble is not None:
            raise trouble
        failed = sum(task.has_ended and task.status != "completed" for task in left)
        if failed:
            self.renderer.notify(f"{failed} of {len(left)} tasks failed: each one's error says why.")
        return self

    def to_frame(self) -> pd.DataFrame:
        """Return one row a task: request, take, state, times, cost in USD, files.

        `asked` is this computer's local time without a zone, as spreadsheets take it: ``to_excel`` works.

        Raises
        ------
        ExtraMissing
            pandas is not installed.
        """
        rows = [{**task.request, **{name: fact(task) for name, fact in _FACTS.items()}} for task in self._tasks]
        known = [parameter.name for model in MODELS.values() for parameter in parameters(model)]
        asked = [name for name in ("model", *known) if not rows or any(name in row for row in rows)]
        columns = dict.fromkeys([*asked, *_FACTS, *(name for row in rows for name in row)])
        frame = framed(rows, list(columns))
        return frame if rows else frame.astype({"asked": "datetime64[us]"})


def pandas() -> Any:
    """Return pandas, or say how to get it."""
    try:
        import pandas as pd
    except ImportError:
        raise ExtraMissing(
            "A data frame needs pandas, which is not installed here.", todo='Run `pip install "fox_nb[metrics]"`.'
        ) from None
    return pd


def framed(rows: list[dict[str, Any]], columns: list[str] | None = None) -> pd.DataFrame:
    """Return rows as a data frame; a column with a file's name that is not UTF-8 keeps it, which pandas' texts can't.

    Raises
    ------
    ExtraMissing
        pandas is not installed.
    """
    make = pandas().DataFrame
    try:
        frame: pd.DataFrame = make(rows, columns=columns)
    except UnicodeEncodeError:
        frame = make(rows, columns=columns, dtype=object)
        for name in frame:
            with contextlib.suppress(UnicodeEncodeError):
                frame[name] = frame[name].infer_objects()
    return frame


def states_of(status: str) -> tuple[str, ...]:
    """Return the journal's states that `Task.status` calls so; none for ''.

    Raises
    ------
    InvalidRequest
        There is no such status.
    """
    if not status:
        return ()
    if status not in STATUSES:
        raise not_allowed("status", status, f"one of {', '.join(STATUSES)}")
    return (status, *sorted(BEING_SENT)) if status == "pending" else (status,)


_FACTS: dict[str, Callable[[Task], Any]] = {
    "take": lambda task: task.take,
    "status": lambda task: task.status,
    "task_id": lambda task: task.id,
    "asked": lambda task: datetime.fromtimestamp(task.asked_at),  # noqa: DTZ006 - with zones a change of summer time makes objects of them
    "seconds": lambda task: task.waited if task.row.finished and task.row.accepted else None,
    "usd": lambda task: float(task.cost),
    "usd_is_estimate": lambda task: task.cost.is_estimate,
    "charged_usd": lambda task: None if task.cost.charged is None else float(task.cost.charged),
    "refunded_usd": lambda task: None if task.cost.refunded is None else float(task.cost.refunded),
    "profile_id": lambda task: task.profile_id,
    "error": lambda task: task.error.what if task.error else "",
    "files": lambda task: [str(image.path) for image in task.images],
}
"""Columns that are there before there is a task, so that a first run can filter by them."""
