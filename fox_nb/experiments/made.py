"""Made: what pages, tables and files read of an experiment, whatever kind it is."""

from __future__ import annotations

from typing import Any, Protocol

from fox_nb.experiments.measuring import Numbers
from fox_nb.experiments.plan import Plan, PlannedCell, Slot
from fox_nb.experiments.runner import Runner
from fox_nb.render.comparison import ComparedPicture
from fox_nb.session import Cost, Image, Session


class Made(Protocol):
    """A plan, and how far its run is; the attributes are those of `Experiment`."""

    session: Session
    runner: Runner
    codes: dict[Slot, str]

    @property
    def plan(self) -> Plan:
        """What is asked for."""

    @property
    def title(self) -> str:
        """What it is, in a line."""

    @property
    def size(self) -> tuple[str, str]:
        """Name and value of how large it is."""

    @property
    def cost(self) -> Cost:
        """What the missing ones may cost."""

    @property
    def seconds(self) -> float:
        """How long they take."""

    @property
    def developing(self) -> int:
        """How many pictures have still to be cut and measured."""

    def about(self) -> list[str]:
        """Say what a person should know of the plan."""

    def findings_so_far(self) -> list[str]:
        """Say what the pictures that are made show."""

    def static(self, *, live: bool = False) -> str:
        """Return the pictures as HTML that needs no kernel."""

    def facts(self, cell: PlannedCell) -> dict[str, Any]:
        """Return what is told of a cell's pictures beside their request."""

    def own_original(self, cell: PlannedCell) -> ComparedPicture | None:
        """Return what a cell was made from, where cells have different originals."""

    def measured(self, cell: PlannedCell, slot: Slot, image: Image) -> tuple[Numbers, str]:
        """Return the numbers of a picture that are there by now, and why some are missing."""
