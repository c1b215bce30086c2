"""Plan: cells that ask for pictures, as checked requests: what is paid for, what the rest costs; sends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fox_nb.errors import InvalidRequest
from fox_nb.experiments.axes import PlanAxis, label
from fox_nb.models import Request, mentioned, request_class
from fox_nb.parameters import shown
from fox_nb.session import Cost, Session, Task
from fox_nb.store import BEING_SENT, ON_ITS_WAY

State = Literal["pending", "running", "done", "failed", "unknown"]
UNKNOWN = "unknown, may be paid (fox.reconcile() or task.settle(…))"
"""What is said of a picture whose answer was lost."""

_AT_LEAST_LEFT = 0.1  # of its estimate, that a task which is late is thought to need still


@dataclass(eq=False, slots=True)
class Slot:
    """One request and its take; cells that ask for the very same share it.

    Attributes
    ----------
    identity : str
        What the journal knows it by.
    request : Request
        The checked request.
    values : dict
        All parameters, as they are asked for.
    take : int
        Its take.
    cells : list of PlannedCell
        Those that show it.
    task : Task or None
        The task, once it is known.
    reason : str
        Why there is none, in words.
    """

    identity: str
    request: Request
    values: Mapping[str, Any]
    take: int
    cells: list[PlannedCell] = field(default_factory=list, repr=False)
    task: Task | None = None
    reason: str = ""

    @property
    def state(self) -> State:
        """How it stands."""
        if self.task is None:
            return "failed" if self.reason else "pending"
        if self.task.status == "completed":
            return "done"
        if self.task.status == "unknown":
            return "unknown"
        return "running" if self.on_its_way and self.task.trouble is None else "failed"

    @property
    def on_its_way(self) -> bool:
        """True when it was sent and nobody knows its end yet."""
        return self.task is not None and (self.task.row.state in BEING_SENT or self.task.row.state in ON_ITS_WAY)

    @property
    def is_made(self) -> bool:
        """True once the gateway has made it, whether or not its pictures are on the disk."""
        return self.task is not None and bool(self.task.row.urls)

    @property
    def pictures(self) -> int:
        """How many pictures it stands for: once it is done those that have come, till then those that are asked for.

        A profile, which has none, stands for one.
        """
        come = len(self.task.row.pictures) if self.task and self.state == "done" else 0
        return come or self.request.outputs

    @property
    def why(self) -> str:
        """What went wrong, in words; '' when nothing did."""
        # what was refused may have been made by another call since
        reason = "" if self.state == "done" else self.reason
        if reason or self.task is None or self.task.error is None:
            return reason
        return str(self.task.error)


@dataclass(eq=False, slots=True)
class PlannedCell:
    """One setting of what varies.

    Attributes
    ----------
    key : tuple of int
        Where it stands: on each axis of the plan which of its values.
    settings : mapping
        What varies, and its value here.
    label : str
        The setting in words.
    values : mapping
        All parameters, as they are asked for.
    slots : list of Slot
        One a take; none where the model can't make it.
    impossible : str
        Why the model can't make it; '' for all others.
    """

    key: tuple[int, ...]
    settings: Mapping[str, Any]
    label: str
    values: Mapping[str, Any]
    slots: list[Slot] = field(default_factory=list)
    impossible: str = ""


class Plan:
    """Cells, and the pictures that they ask for, each once.

    Parameters
    ----------
    session : Session
        Knows what is paid for, and prices.
    takes : range
        Which takes of each cell.

    Attributes
    ----------
    axes : tuple of PlanAxis
        What varies.
    cells : list of PlannedCell
        Along the first axis first, as a page of rows is read.
    fixed : dict
        What all cells have in common.
    models : tuple of str
        The gateway's names of the models.
    """

    def __init__(self, session: Session, takes: range = range(1, 2)) -> None:
        self.session = session
        self.takes = takes
        self.axes: tuple[PlanAxis, ...] = ()
        self.cells: list[PlannedCell] = []
        self.fixed: dict[str, Any] = {}
        self.models: tuple[str, ...] = ()
        self._slots: dict[str, Slot] = {}

    def _ask(self, cell: PlannedCell, request: Request, takes: Iterable[int]) -> None:
        """Add what a cell asks for; what an earlier one asks for already is shared with it."""
        for take in takes:
            identity = self.session.identity(request, take)
            slot = self._slots.get(identity)
            if slot is None:
                slot = self._slots[identity] = Slot(identity, request, cell.values, take)
            slot.cells.append(cell)
            cell.slots.append(slot)

    def _look_up(self) -> None:
        """Find out what is known of all that is asked for, the persons in it, too."""
        self.session.profiles.point_out(key for slot in self.slots for key in mentioned(slot.request))
        self.refresh()

    @property
    def classes(self) -> list[type[Request]]:
        """The request classes of the models."""
        return [request_class(name) for name in self.models]

    def at(self, key: tuple[int, ...]) -> PlannedCell:
        """Return the cell at a place; refuses one that is not there."""
        sizes = [len(axis.values) for axis in self.axes]
        inside = all(type(index) is int and 0 <= index < size for index, size in zip(key, sizes, strict=False))
        if len(key) != len(sizes) or not inside:
            raise InvalidRequest(
                f"There is no cell {shown(key)}; the sizes are {', '.join(map(str, sizes))}, columns first, from 0.",
                parameter="row",
                value=key,
            )
        place = 0
        for size, index in reversed(list(zip(sizes, key, strict=True))):
            place = place * size + index
        return self.cells[place]

    def slot(self, cell: PlannedCell, take: int | None = None) -> Slot:
        """Return one picture of a cell, by its take; the first without it.

        Raises
        ------
        InvalidRequest
            The cell has none, or not this one.
        """
        for slot in cell.slots:
            if take is None or slot.take == take:
                return slot
        has = ", ".join(str(slot.take) for slot in cell.slots) or "none"
        raise InvalidRequest(
            f"{cell.label} has no take {take}; it has {has}.", parameter="take", value=take, allowed=has
        )

    def refresh(self) -> None:
        """Look up in the journal what is known of each picture."""
        known = self.session.store.journal.find_all(list(self._slots), self.session.now())
        for identity, slot in self._slots.items():
            row = known.get(identity)
            slot.task = self.session.task(row) if row is not None and row.state != "refused" else None

    @property
    def slots(self) -> list[Slot]:
        """What is asked for, cell by cell; what several cells have in common stands once."""
        return list(self._slots.values())

    @property
    def impossible(self) -> list[PlannedCell]:
        """The cells that their model can't make."""
        return [cell for cell in self.cells if cell.impossible]

    @property
    def tasks(self) -> list[Task]:
        """The tasks that are known."""
        return [slot.task for slot in self._slots.values() if slot.task is not None]

    @property
    def missing(self) -> list[Slot]:
        """What has still to be sent."""
        return [slot for slot in self._slots.values() if slot.task is None]

    @property
    def failed(self) -> list[Slot]:
        """What was refused, or was accepted and has failed: the latter is sent again only knowingly."""
        return [slot for slot in self._slots.values() if slot.state == "failed" and not slot.on_its_way]

    @property
    def pictures(self) -> int:
        """How many pictures there are in all."""
        return sum(slot.request.outputs for slot in self._slots.values())

    @property
    def to_make(self) -> int:
        """How many of them have still to be sent."""
        return sum(slot.request.outputs for slot in self.missing)

    @property
    def paid_already(self) -> int:
        """How many of them are paid for: done, under way, or failed after they were accepted."""
        return sum(slot.request.outputs for slot in self._slots.values() if slot.task is not None)

    @property
    def cost(self) -> Cost:
        """What the missing ones may cost in all, in USD."""
        return self.cost_of(self.missing)

    def cost_of(self, slots: Iterable[Slot]) -> Cost:
        """Return what sending these may cost, in USD."""
        return self._sum(self.session.prices.cost(slot.request) for slot in slots)

    def reserved_for(self, slots: Iterable[Slot]) -> Cost:
        """Return what a budget counts for these, in USD: by the dearest group while the key's own is not known."""
        return self._sum(self.session.prices.reserved(slot.request) for slot in slots)

    @property
    def spent(self) -> Cost:
        """What the pictures have cost so far, in USD."""
        return self._sum(task.cost for task in self.tasks)

    def _sum(self, costs: Any) -> Cost:
        found = list(costs)
        return Cost(
            sum(found),
            is_estimate=any(cost.is_estimate for cost in found),
            is_play_money=self.session.prices.is_play_money,
        )

    def counts(self) -> Counter[State]:
        """How many pictures stand how."""
        return counted(self._slots.values())

    def count(self, state: State) -> int:
        """How many pictures stand so."""
        return self.counts()[state]

    def seconds(self, at_once: int, per_second: float) -> float:
        """Return about how long it takes until all is done, with so many at a time and so many sent a second."""
        waiting = [self.session.poller.seconds_for(slot.request) for slot in self.missing]
        running = [
            max(slot.task.estimate - slot.task.waited, _AT_LEAST_LEFT * slot.task.estimate)
            for slot in self._slots.values()
            if slot.task is not None and slot.state == "running"
        ]
        longest = max([*waiting, *running], default=0.0)
        return max(longest, sum(waiting + running) / at_once, len(waiting) / per_second)


def counted(slots: Iterable[Slot]) -> Counter[State]:
    """Return how many pictures stand how."""
    found: Counter[State] = Counter()
    for slot in slots:
        found[slot.state] += slot.pictures
    return found


def words_of(settings: Mapping[str, Any]) -> str:
    """Return settings as a person reads them."""
    return ", ".join(f"{name} {label(value)}" for name, value in settings.items()) or "as given"
