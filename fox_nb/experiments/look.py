"""Look: a sweep as the comparison that viewers, files and plots are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fox_nb.errors import InvalidRequest
from fox_nb.experiments.axes import label
from fox_nb.session.code import call

if TYPE_CHECKING:
    from fox_nb.experiments import axes
    from fox_nb.experiments.grid import Sweep
    from fox_nb.experiments.plan import PlannedCell, Slot
    from fox_nb.render.comparison import Cell, ComparedPicture, Comparison, Take
    from fox_nb.session import Image

PLOTS = ("tabs", "representations", "images")
_PLOT = (384, 20_000)


def title(sweep: Sweep) -> str:
    """Return what varies, in a line."""
    plan = sweep.plan
    varied = [axis.parameter.label.lower() for axis in (plan.columns, plan.rows) if axis is not None]
    about = plan.fixed.get("prompt")
    return f"{plan.model.title} by {' and '.join(varied) or 'nothing'}" + (f": {about}" if about else "")


def comparison(sweep: Sweep) -> Comparison:
    """Return the sweep's grid as it stands; never measures."""
    from fox_nb.render.comparison import Axis, Comparison

    plan = sweep.plan

    def axis(planned: Any) -> Axis:
        return Axis(planned.parameter.label, planned.labels) if planned is not None else Axis()

    common = sweep.originals.of(plan.model, plan.fixed)
    return Comparison(
        title=title(sweep),
        rows=axis(plan.rows),
        columns=axis(plan.columns),
        cells=[[cell(sweep, planned) for planned in line] for line in plan.cells],
        original=sweep.originals.compared(common) if common is not None else None,
    )


def cell(sweep: Sweep, planned: PlannedCell) -> Cell:
    """Return one cell as a viewer takes it: a take for each picture."""
    from fox_nb.render.comparison import Cell

    takes = [take for slot in planned.slots for take in _takes(sweep, planned, slot)]
    return Cell(label=planned.label, takes=takes, code=code(sweep, planned.slots[0]))


def _takes(sweep: Sweep, planned: PlannedCell, slot: Slot) -> list[Take]:
    from fox_nb.render.comparison import Take

    task, lines = slot.task, code(sweep, slot)
    if slot.state != "done" or task is None:
        return [Take(number=slot.take, state=slot.state, reason=slot.why, code=lines)]
    original = sweep.originals.of(sweep.plan.model, planned.values)
    takes = []
    for image in task.images:
        metrics, missing = sweep.measuring.found(image.path, original)
        note = ", ".join(filter(None, [task.id, f"{task.waited:.0f} s", str(task.cost), missing]))
        picture = compared(sweep, image)
        takes.append(Take(slot.take, "done", picture, metrics=metrics, note=note, code=lines))
    return takes


def compared(sweep: Sweep, image: Image) -> ComparedPicture:
    """Return a result as a viewer takes it, with the place for its tiles."""
    from fox_nb.render.comparison import ComparedPicture

    thumbs = sweep.session.store.thumbnails
    return ComparedPicture(
        image.path, image.width, image.height, tiles=thumbs / "tiles" / image.path.stem, thumbs=thumbs
    )


def code(sweep: Sweep, slot: Slot) -> str:
    """Return the call that asks for one picture again; the file that it names is hashed once."""
    known = sweep.codes.get(slot)
    if known is None:
        body = slot.request.body()
        given = [item for value in slot.values.values() for item in (value if isinstance(value, list) else [value])]
        here = {
            f"sha256:{item.sha256}": str(item.path)
            for item in given
            if hasattr(item, "sha256") and getattr(item, "path", None) is not None
        }
        known = sweep.codes[slot] = call(body, slot.take, {**sweep.session.sources.origins(body), **here})
    return known


def develop(sweep: Sweep, slots: list[Slot]) -> None:
    """Have those pictures cut and measured that have landed, and their originals cut; returns at once."""
    plan = sweep.plan
    for slot in slots:
        if slot.state != "done" or slot.task is None:
            continue
        original = sweep.originals.of(plan.model, slot.values)
        for image in slot.task.images:
            sweep.measuring.develop(compared(sweep, image), original)
        shown = sweep.originals.compared(original) if original is not None else None
        if shown is not None:
            sweep.measuring.develop(shown, None)


def plot(sweep: Sweep, kind: str) -> Any:
    """Return an ipyplot view of thumbnails, its labels the values of the columns."""
    if kind not in PLOTS:
        raise InvalidRequest(
            f"kind is {kind!r}; allowed is one of {', '.join(PLOTS)}.",
            parameter="kind",
            value=kind,
            allowed=", ".join(PLOTS),
        )
    from IPython.display import HTML

    from fox_nb.images.inline import data_uri
    from fox_nb.render import plots

    uris, columns, rest = [], [], []
    for planned in sweep.plan.all_cells:
        for slot in planned.slots:
            for image in slot.task.images if slot.task is not None else ():
                preview = compared(sweep, image).preview(*_PLOT)
                if preview:
                    uris.append(data_uri(preview))
                    columns.append(_words(planned, slot, sweep.plan.columns) or planned.label)
                    rest.append(_words(planned, slot, sweep.plan.rows, takes=sweep.takes))
    if kind == "tabs":
        return HTML(plots.plot_class_tabs(uris, columns, rest if any(rest) else ()))
    if kind == "representations":
        return HTML(plots.plot_class_representations(uris, columns))
    both = [", ".join(filter(None, pair)) for pair in zip(columns, rest, strict=True)]
    return HTML(plots.plot_images(uris, both))


def _words(planned: PlannedCell, slot: Slot, axis: axes.Axis | None, *, takes: int = 1) -> str:
    """Name a picture by its value on an axis, and by its take where there are several."""
    value = f"{axis.parameter.label} {label(planned.settings[axis.parameter.name])}" if axis is not None else ""
    return ", ".join(filter(None, [value, f"take {slot.take}" if takes > 1 else ""]))
