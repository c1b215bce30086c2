"""Look: an experiment's cells as viewers, files and plots take them, and a sweep as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fox_nb.experiments.made import Made, MadeSweep
from fox_nb.experiments.picture_files import about, result
from fox_nb.experiments.plan import PlannedCell, Slot
from fox_nb.render.comparison import Axis, Cell, Comparison, Take
from fox_nb.session.code import call


def title(sweep: MadeSweep) -> str:
    """Return what varies, in a line."""
    varied = [axis.parameter.label.lower() for axis in sweep.plan.axes]
    *most, last = varied or ["nothing"]
    models = " and ".join(dict.fromkeys(cls.title for cls in sweep.plan.classes))
    about = sweep.plan.fixed.get("prompt")
    by = f"{', '.join(most)} and {last}" if most else last
    return f"{models} by {by}" + (f": {about}" if about else "")


def comparison(sweep: MadeSweep) -> Comparison:
    """Return the sweep's grid as it stands; never measures."""
    plan = sweep.plan
    common = None if sweep.originals_vary else _common_original(sweep)
    return Comparison(
        title=title(sweep),
        axes=[Axis(axis.parameter.label, axis.labels) for axis in plan.axes] or [Axis()],
        cells={planned.key or (0,): cell(sweep, planned) for planned in plan.cells},
        original=sweep.originals.compared(common) if common is not None else None,
        shape=_shape(plan.fixed.get("aspect_ratio")),
    )


def _common_original(sweep: MadeSweep) -> Path | None:
    """Return the original of all cells that have one; of several models not every one takes a picture."""
    each = (sweep.originals.of(type(slot.request), slot.values) for slot in sweep.plan.slots)
    return next((original for original in each if original is not None), None)


def _shape(aspect_ratio: Any) -> float:
    """Return width for height of what is to be made; 0 where the service chooses."""
    width, _, height = str(aspect_ratio or "").partition(":")
    return int(width) / int(height) if width.isdigit() and height.isdigit() and int(height) else 0.0


def cell(made: Made, planned: PlannedCell) -> Cell:
    """Return one cell as a viewer takes it: a take for each picture."""
    if planned.impossible:
        return Cell(planned.label, [Take(state="impossible", reason=planned.impossible)])
    return Cell(
        label=planned.label,
        takes=[take for slot in planned.slots for take in _takes(made, planned, slot)],
        code=code(made, planned.slots[0]),
        original=made.own_original(planned),
    )


def _takes(made: Made, planned: PlannedCell, slot: Slot) -> list[Take]:
    task, lines = slot.task, code(made, slot)
    if slot.state != "done" or task is None:
        price = made.session.prices.cost(slot.request).short if slot.state == "failed" else ""
        return [Take(number=slot.take, state=slot.state, reason=slot.why, code=lines, retry_price=price)]
    if not task.images:  # a profile has none
        return [Take(slot.take, "done", note=about(task), code=lines)]
    takes = []
    for image in task.images:
        metrics, missing = made.measured(planned, slot, image)
        note = ", ".join(filter(None, [about(task), missing]))
        picture = result(image, made.session.store.thumbnails)
        takes.append(Take(slot.take, "done", picture, metrics=metrics, note=note, code=lines))
    return takes


def code(made: Made, slot: Slot) -> str:
    """Return the call that asks for one picture again; the file that it names is hashed once."""
    known = made.codes.get(slot)
    if known is None:
        body = slot.request.body()
        given = [item for value in slot.values.values() for item in (value if isinstance(value, list) else [value])]
        here = {
            f"sha256:{item.sha256}": str(item.path)
            for item in given
            if hasattr(item, "sha256") and getattr(item, "path", None) is not None
        }
        known = made.codes[slot] = call(body, slot.take, {**made.session.sources.origins(body), **here})
    return known


def develop(sweep: MadeSweep, slots: list[Slot]) -> None:
    """Have those pictures cut and measured that are on the disk, and their originals cut; returns at once."""
    for slot in slots:
        if slot.state != "done" or slot.task is None:
            continue
        original = sweep.originals.of(type(slot.request), slot.values)
        for image in slot.task.images:
            sweep.measuring.develop(result(image, sweep.session.store.thumbnails), original)
        shown = sweep.originals.compared(original) if original is not None else None
        if shown is not None:
            sweep.measuring.develop(shown, None)
