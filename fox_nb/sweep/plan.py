"""Plan: every cell of a grid as a checked request, what is paid for already, what the rest costs; sends nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fox_nb.errors import InvalidRequest
from fox_nb.models import request_class
from fox_nb.parameters import parameters
from fox_nb.session import Cost
from fox_nb.session.identity import take_number
from fox_nb.store import BEING_SENT, ON_ITS_WAY
from fox_nb.sweep.axes import Axis, axis_of, label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fox_nb.models import Request
    from fox_nb.session import Session, Task

MOST_TAKES = 20


@dataclass
class Slot:
    """One picture of a cell: a request and a take.

    Attributes
    ----------
    take : int
        Its take.
    task : Task or None
        The task, once it is known.
    reason : str
        Why there is none, in words.
    """

    take: int
    task: Task | None = None
    reason: str = ""


@dataclass
class PlannedCell:
    """One setting of the varied parameters.

    Attributes
    ----------
    row, column : int
        Where it stands.
    settings : dict
        The varied parameters' values.
    values : dict
        All parameters, as they are asked for.
    request : Request
        The checked request.
    slots : list of Slot
        One a take.
    """

    row: int
    column: int
    settings: dict[str, Any]
    values: dict[str, Any]
    request: Request
    slots: list[Slot] = field(default_factory=list)

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
        number = take_number(takes)
        if number is None or number > MOST_TAKES:
            raise InvalidRequest(
                f"takes is {takes!r}; allowed is a whole number from 1 to {MOST_TAKES}.", parameter="takes", value=takes
            )
        self.takes = number
        self.fixed, axes = self._split(session.sources.ready(model, given))
        self.columns = axes[0] if axes else None
        self.rows = axes[1] if len(axes) > 1 else None
        self.cells = [[self._cell(row, column) for column in range(self.shape[1])] for row in range(self.shape[0])]
        self.refresh()

    def _split(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Axis]]:
        """Tell the parameters that vary from those that don't; an unknown one is left for the request to refuse."""
        known = {parameter.name: parameter for parameter in parameters(self.model)}
        found = {name: axis_of(known[name], value) for name, value in given.items() if name in known}
        axes = [axis for axis in found.values() if axis is not None]
        if len(axes) > 2:  # noqa: PLR2004 - rows and columns; a list of one value can stand as that value
            axes = [axis for axis in axes if len(axis.values) > 1]
        varied = {axis.parameter.name for axis in axes}
        fixed = {}
        for name, value in given.items():
            axis = found.get(name)
            if name not in varied:
                fixed[name] = value if axis is None else axis.values[0]
        if len(axes) > 2:  # noqa: PLR2004 - rows and columns
            names = ", ".join(axis.parameter.name for axis in axes)
            raise InvalidRequest(
                f"{len(axes)} parameters vary ({names}); a grid has rows and columns.",
                allowed="one or two lists",
                todo="Give one value to all but two of them.",
            )
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
        return PlannedCell(row, column, settings, values, request, [Slot(take) for take in range(1, self.takes + 1)])

    def refresh(self) -> None:
        """Look up in the journal what is known of each picture."""
        for cell in self.all_cells:
            for slot in cell.slots:
                row = self.session.known(cell.request, slot.take)
                slot.task = self.session.task(row) if row is not None and row.state != "refused" else None

    @property
    def all_cells(self) -> list[PlannedCell]:
        """The cells, row by row."""
        return [cell for line in self.cells for cell in line]

    @property
    def tasks(self) -> list[Task]:
        """The tasks that are known."""
        return [slot.task for cell in self.all_cells for slot in cell.slots if slot.task is not None]

    @property
    def missing(self) -> list[tuple[PlannedCell, Slot]]:
        """What has still to be sent; pictures that two cells have in common stand once."""
        found: dict[tuple[str, int], tuple[PlannedCell, Slot]] = {}
        for cell in self.all_cells:
            for slot in cell.slots:
                if slot.task is None:
                    found.setdefault((cell.request.canonical(), slot.take), (cell, slot))
        return list(found.values())

    @property
    def pictures(self) -> int:
        """How many pictures the whole grid has."""
        return sum(cell.request.outputs * len(cell.slots) for cell in self.all_cells)

    @property
    def paid_already(self) -> int:
        """How many of them are paid for: done, under way, or failed after they were accepted."""
        return sum(cell.request.outputs for cell in self.all_cells for slot in cell.slots if slot.task is not None)

    @property
    def cost(self) -> Cost:
        """What the missing ones may cost in all, in USD."""
        costs = [self.session.prices.cost(cell.request) for cell, _ in self.missing]
        return Cost(
            sum(costs),
            is_estimate=any(cost.is_estimate for cost in costs),
            is_play_money=self.session.gateway.is_sandbox,
        )

    @property
    def under_way(self) -> int:
        """How many tasks are on their way."""
        return sum(task.row.state in BEING_SENT or task.row.state in ON_ITS_WAY for task in self.tasks)

    def seconds(self, at_once: int) -> float:
        """Return about how long the missing ones take, so many at a time."""
        waits = -(-len(self.missing) // at_once)
        example = self.cells[0][0].request
        return waits * self.session.seconds_for(example)
