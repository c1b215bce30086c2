"""Made: what pages, tables and files read of an experiment, and what each kind of it does in its own way."""

from __future__ import annotations

from typing import Any

from fox_nb.experiments.measuring import Numbers
from fox_nb.experiments.plan import Plan, PlannedCell, Slot
from fox_nb.experiments.runner import Runner
from fox_nb.render.comparison import ComparedPicture
from fox_nb.session import Cost, Image, Session


class Made:
    """A plan, and how far its run is."""

    session: Session
    plan: Plan
    runner: Runner
    at_once: int
    per_second: float
    codes: dict[Slot, str]

    @property
    def title(self) -> str:
        """What it is, in a line."""
        return " and ".join(dict.fromkeys(cls.title for cls in self.plan.classes))

    @property
    def cost(self) -> Cost:
        """What the missing ones may cost, in USD: after the run nothing; what was made has cost `spent`."""
        return self.plan.cost

    @property
    def seconds(self) -> float:
        """About how long the missing ones take."""
        return self.plan.seconds(self.at_once, self.per_second)

    @property
    def size(self) -> tuple[str, str]:
        """Name and value of how large it is."""
        return "Cells", f"{len(self.plan.cells):,}"

    @property
    def developing(self) -> int:
        """How many pictures have still to be cut and measured."""
        return 0

    def about(self) -> list[str]:
        """Say what a person should know of the plan, a sentence a line."""
        return []

    def findings_so_far(self) -> list[str]:
        """Say what the pictures that are made show, a sentence a line."""
        return []

    def facts(self, cell: PlannedCell) -> dict[str, Any]:
        """Return what is told of a cell's pictures beside their request."""
        return {"label": cell.label}

    def own_original(self, cell: PlannedCell) -> ComparedPicture | None:
        """Return what a cell was made from, where cells have different originals."""
        return None

    def measured(self, cell: PlannedCell, slot: Slot, image: Image) -> tuple[Numbers, str]:
        """Return the numbers of a picture that are there by now, and why some are missing."""
        return {}, ""

    def static(self, *, live: bool = False) -> str:
        """Return the pictures as HTML that needs no kernel; `live` says that a viewer stands in for it."""
        raise NotImplementedError
