"""Plan: every cell of a grid as a checked request, what is paid for already, what the rest costs; sends nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fox_nb.errors import InvalidRequest
from fox_nb.experiments.axes import Axis, axis_of, label
from fox_nb.models import request_class
from fox_nb.parameters import parameters
from fox_nb.session import Cost
from fox_nb.store import BEING_SENT, ON_ITS_WAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fox_nb.models import Request
    from fox_nb.session import Session, Task

    State = Literal["pending", "running", "done", "failed"]

MOST_TAKES = 20
_AT_LEAST_LEFT = 0.1  # of its estimate, that a task which is late is thought to need still


@dataclass(eq=False)
class Slot:
    """One request and its take; cells that ask for the very same share it.

    Attributes
    ----------
    request : Request
        The checked request.
    values : dict
        All parameters, as they are asked for.
    take : int
        Its take.
    task : Task or None
        The task, once it is known.
    reason : str
        Why there is none, in words.
    """

    request: Request
    values: dict[str, Any]
    take: int
    task: Task | None = None
    reason: str = ""

    @property
    def state(self) -> State:
        """How it stands."""
        if self.task is None:
            return "failed" if self.reason else "pending"
        if self.task.status == "completed":
            return "done"
        return "running" if self.on_its_way and self.task.trouble is None else "failed"

    @property
    def on_its_way(self) -> bool:
        """True when it was sent and nobody knows its end yet."""
        return self.task is not None and (self.task.row.state in BEING_SENT or self.task.row.state in ON_ITS_WAY)

    @property
    def is_made(self) -> bool:
        """True once the gateway has made it, whether or not its pictures have landed."""
        return self.task is not None and bool(self.task.row.urls)

    @property
    def why(self) -> str:
        """What went wrong, in words; '' when nothing did."""
        if self.reason or self.task is None or self.task.error is None:
            return self.reason
        return str(self.task.error)


@dataclass(eq=False)
class PlannedCell:
    """One setting of the varied parameters.

    Attributes
    ----------
    row, column : int
        Where it stands.
    settings : dict
        The varied parameters' values.
    slots : list of Slot
        One a take.
    """

    row: int
    column: int
    settings: dict[str, Any]
    slots: list[Slot] = field(default_factory=list)

    @property
    def request(self) -> Request:
        """The checked request."""
        return self.slots[0].request

    @property
    def values(self) -> dict[str, Any]:
        """All parameters, as they are asked for."""
        return self.slots[0].values

    @property
    def label(self) -> str:
        """The setting in words."""
        return ", ".join(f"{name} {label(value)}" for name, value in self.settings.items()) or "as given"


class Plan:
    """A grid of requests.

    Parameters
    ----------
    session : Session
        Checks, knows what is paid for, and knows prices.
    model : str
        The gateway's name of the model.
    given : mapping
        Parameters; one or two of them lists.
    takes : int
        Pictures from each setting.

    Raises
    ------
    InvalidRequest
        A value is not allowed, more than two parameters vary, or there is nothing to make; nothing was sent.
    """

    def __init__(self, session: Session, model: str, given: Mapping[str, Any], takes: int = 1) -> None:
        self.session = session
        self.model = request_class(model)
        if not isinstance(takes, int) or isinstance(takes, bool) or not 1 <= takes <= MOST_TAKES:
            raise InvalidRequest(
                f"takes is {takes!r}; allowed is a whole number from 1 to {MOST_TAKES}.", parameter="takes", value=takes
            )
        self.takes = takes
        self.fixed, axes = self._split(session.sources.ready(model, given))
        self.columns = axes[0] if axes else None
        self.rows = axes[1] if len(axes) > 1 else None
        self._slots: dict[tuple[str, int], Slot] = {}
        self.cells = [[self._cell(row, column) for column in range(self.shape[1])] for row in range(self.shape[0])]
        self.refresh()

    def _split(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Axis]]:
        """Tell the parameters that vary from those that don't; an unknown one is left for the request to refuse."""
        known = {parameter.name: parameter for parameter in parameters(self.model)}
        found = {name: axis_of(known[name], value) for name, value in given.items() if name in known}
        axes = [axis for axis in found.values() if axis is not None]
        if len(axes) > 2:  # noqa: PLR2004 - rows and columns; a list of one value can stand as that value
            axes = [axis for axis in axes if len(axis.values) > 1]
        if len(axes) > 2:  # noqa: PLR2004 - rows and columns
            names = ", ".join(axis.parameter.name for axis in axes)
            raise InvalidRequest(
                f"{len(axes)} parameters vary ({names}); a grid has rows and columns.",
                allowed="one or two lists",
                todo="Give one value to all but two of them.",
            )
        varied = {axis.parameter.name for axis in axes}
        fixed = {
            name: value if (axis := found.get(name)) is None else axis.values[0]
            for name, value in given.items()
            if name not in varied
        }
        return fixed, axes

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.rows.values) if self.rows else 1, len(self.columns.values) if self.columns else 1

    def _cell(self, row: int, column: int) -> PlannedCell:
        settings = {
            axis.parameter.name: axis.values[index]
            for axis, index in ((self.columns, column), (self.rows, row))
            if axis is not None
        }
        values = {name: value for name, value in {**self.fixed, **settings}.items() if value is not None}
        request, _ = self.session.validated(self.model.model, values)
        words = request.canonical()
        takes = range(1, self.takes + 1)
        slots = [self._slots.setdefault((words, take), Slot(request, values, take)) for take in takes]
        return PlannedCell(row, column, settings, slots)

    def refresh(self) -> None:
        """Look up in the journal what is known of each picture."""
        for slot in self.slots:
            row = self.session.known(slot.request, slot.take)
            slot.task = self.session.task(row) if row is not None and row.state != "refused" else None

    @property
    def all_cells(self) -> list[PlannedCell]:
        """The cells, row by row."""
        return [cell for line in self.cells for cell in line]

    @property
    def slots(self) -> list[Slot]:
        """What is asked for, row by row; what several cells have in common stands once."""
        return list(self._slots.values())

    def cells_of(self, slot: Slot) -> list[PlannedCell]:
        """Return the cells that show a picture."""
        return [cell for cell in self.all_cells if slot in cell.slots]

    @property
    def tasks(self) -> list[Task]:
        """The tasks that are known."""
        return [slot.task for slot in self.slots if slot.task is not None]

    @property
    def missing(self) -> list[Slot]:
        """What has still to be sent."""
        return [slot for slot in self.slots if slot.task is None]

    @property
    def pictures(self) -> int:
        """How many pictures the whole grid has."""
        return sum(slot.request.outputs for slot in self.slots)

    @property
    def paid_already(self) -> int:
        """How many of them are paid for: done, under way, or failed after they were accepted."""
        return sum(slot.request.outputs for slot in self.slots if slot.task is not None)

    @property
    def cost(self) -> Cost:
        """What the missing ones may cost in all, in USD."""
        return self._sum(self.session.prices.cost(slot.request) for slot in self.missing)

    @property
    def spent(self) -> Cost:
        """What the pictures of this grid have cost so far, in USD."""
        return self._sum(task.cost for task in self.tasks)

    def _sum(self, costs: Any) -> Cost:
        found = list(costs)
        return Cost(
            sum(found),
            is_estimate=any(cost.is_estimate for cost in found),
            is_play_money=self.session.gateway.is_sandbox,
        )

    def count(self, state: State) -> int:
        """How many slots stand so."""
        return sum(slot.state == state for slot in self.slots)

    def seconds(self, at_once: int, per_second: float) -> float:
        """Return about how long it takes until all is done, with so many at a time and so many sent a second."""
        waiting = [self.session.seconds_for(slot.request) for slot in self.missing]
        running = [
            max(slot.task.estimate - slot.task.waited, _AT_LEAST_LEFT * slot.task.estimate)
            for slot in self.slots
            if slot.task is not None and slot.state == "running"
        ]
        longest = max([*waiting, *running], default=0.0)
        return max(longest, sum(waiting + running) / at_once, len(waiting) / per_second)
