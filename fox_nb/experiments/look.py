"""Look: an experiment's cells as viewers, files and plots take them."""

from __future__ import annotations

from fox_nb.experiments.made import Made
from fox_nb.experiments.picture_files import about, result
from fox_nb.experiments.plan import PlannedCell, Slot
from fox_nb.render.comparison import Cell, Take
from fox_nb.session.code import call


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
    state = "failed" if slot.state == "unknown" else slot.state  # its reason says which
    if state != "done" or task is None:
        price = made.session.prices.cost(slot.request).short if state == "failed" else ""
        return [Take(number=slot.take, state=state, reason=slot.why, code=lines, retry_price=price)]
    images = task.images
    told = about(task, len(images))
    if not images:  # a profile has none
        return [Take(slot.take, "done", note=told, code=lines)]
    takes = []
    for image in images:
        metrics, missing = made.measured(planned, slot, image)
        note = ", ".join(filter(None, [told, missing]))
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
