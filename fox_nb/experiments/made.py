"""Made: what viewers, pages, tables and files read of an experiment, and what each kind of it does in its own way."""

from __future__ import annotations

from typing import Any

from fox_nb.experiments.measuring import Numbers
from fox_nb.experiments.picture_files import about, result
from fox_nb.experiments.plan import Plan, PlannedCell, Slot
from fox_nb.experiments.runner import Runner
from fox_nb.render.comparison import Cell, ComparedPicture, Take
from fox_nb.session import Cost, Image, Session
from fox_nb.session.code import call


class Made:
    """A plan, and how far its run is."""

    session: Session
    plan: Plan
    runner: Runner
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
        return self.plan.seconds(self.runner.at_once, self.runner.per_second)

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

    def cell(self, planned: PlannedCell) -> Cell:
        """Return one cell as a viewer takes it: a take for each picture."""
        if planned.impossible:
            return Cell(planned.label, [Take(state="impossible", reason=planned.impossible)])
        return Cell(
            label=planned.label,
            takes=[take for slot in planned.slots for take in self._takes(planned, slot)],
            original=self.own_original(planned),
        )

    def _takes(self, planned: PlannedCell, slot: Slot) -> list[Take]:
        task, lines = slot.task, self.call_of(slot)
        state = "failed" if slot.state == "unknown" else slot.state  # its reason says which
        if state != "done" or task is None:
            price = self.session.prices.cost(slot.request).short if state == "failed" else ""
            return [Take(number=slot.take, state=state, reason=slot.why, code=lines, retry_price=price)]
        images = task.images
        facts = about(task, len(images))
        if not images:  # a profile has none
            return [Take(slot.take, "done", note=facts, code=lines)]
        takes = []
        for image in images:
            metrics, missing = self.measured(planned, slot, image)
            note = ", ".join(filter(None, [facts, missing]))
            picture = result(image, self.session.store.thumbnails)
            takes.append(Take(slot.take, "done", picture, metrics=metrics, note=note, code=lines))
        return takes

    def call_of(self, slot: Slot) -> str:
        """Return the call that asks for one picture again; the file that it names is hashed once."""
        known = self.codes.get(slot)
        if known is None:
            body = slot.request.body()
            given = [item for value in slot.values.values() for item in (value if isinstance(value, list) else [value])]
            here = {
                f"sha256:{item.sha256}": str(item.path)
                for item in given
                if hasattr(item, "sha256") and getattr(item, "path", None) is not None
            }
            known = self.codes[slot] = call(body, slot.take, {**self.session.uploads.origins(body), **here})
        return known

    def static(self, *, live: bool = False) -> str:
        """Return the pictures as HTML that needs no kernel; `live` says that a viewer stands in for it."""
        raise NotImplementedError
