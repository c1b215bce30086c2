"""Look: a sweep as the comparison that viewers, files and plots are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fox_nb.errors import InvalidRequest
from fox_nb.experiments.axes import label
from fox_nb.session.code import call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fox_nb.experiments.axes import Axis
    from fox_nb.experiments.made import Made, MadeSweep
    from fox_nb.experiments.plan import PlannedCell, Slot
    from fox_nb.render.comparison import Cell, ComparedPicture, Comparison, Take
    from fox_nb.session import Image

PLOTS = ("tabs", "representations", "images")
_PLOT = (384, 20_000)


def title(sweep: MadeSweep) -> str:
    """Return what varies, in a line."""
    varied = [axis.parameter.label.lower() for axis in sweep.plan.axes]
    *most, last = varied or ["nothing"]
    models = " and ".join(dict.fromkeys(cls.title for cls in sweep.plan.classes))
    about = sweep.plan.fixed.get("prompt")
    by = f"{', '.join(most)} and {last}" if most else last
    return f"{models} by {by}" + (f": {about}" if about else "")


def comparison(sweep: MadeSweep, further: tuple[int, ...] = ()) -> Comparison:
    """Return the sweep's grid as it stands; never measures.

    Parameters
    ----------
    sweep : MadeSweep
        What is looked at.
    further : tuple of int
        The place on each axis beyond the first two; the first value of each without it.
    """
    from fox_nb.render import comparison as made

    plan = sweep.plan
    rest = (*further, *(0 for _ in plan.axes[2 + len(further) :]))
    shown = [made.Axis(axis.parameter.label, axis.labels) for axis in plan.axes[:2]]
    columns, rows = [*shown, made.Axis(), made.Axis()][:2]
    keys = [
        [(column, row, *rest)[: len(plan.axes)] for column in range(len(columns.labels))]
        for row in range(len(rows.labels))
    ]
    also = ", ".join(f"{axis.parameter.label} {axis.labels[at]}" for axis, at in zip(plan.axes[2:], rest, strict=True))
    common = next((sweep.originals.of(cls, plan.fixed) for cls in sweep.plan.classes), None)
    return made.Comparison(
        title=", ".join(filter(None, [title(sweep), also])),
        rows=rows,
        columns=columns,
        cells=[[cell(sweep, plan.at(key)) for key in line] for line in keys],
        original=sweep.originals.compared(common) if common is not None else None,
    )


def cell(made: Made, planned: PlannedCell) -> Cell:
    """Return one cell as a viewer takes it: a take for each picture."""
    from fox_nb.render.comparison import Cell, Take

    if planned.impossible:
        return Cell(planned.label, [Take(state="impossible", reason=planned.impossible)])
    return Cell(
        label=planned.label,
        takes=[take for slot in planned.slots for take in _takes(made, planned, slot)],
        code=code(made, planned.slots[0]),
    )


def _takes(made: Made, planned: PlannedCell, slot: Slot) -> list[Take]:
    from fox_nb.render.comparison import Take

    task, lines = slot.task, code(made, slot)
    if slot.state != "done" or task is None:
        return [Take(number=slot.take, state=slot.state, reason=slot.why, code=lines)]
    takes = []
    for image in task.images:
        metrics, missing = made.measured(planned, slot, image)
        note = ", ".join(filter(None, [task.id, f"{task.waited:.0f} s", str(task.cost), missing]))
        picture = compared(made, image)
        takes.append(Take(slot.take, "done", picture, metrics=metrics, note=note, code=lines))
    return takes


def compared(made: Made, image: Image) -> ComparedPicture:
    """Return a result as a viewer takes it, with the place for its tiles."""
    from fox_nb.render.comparison import ComparedPicture

    thumbs = made.session.store.thumbnails
    return ComparedPicture(
        image.path, image.width, image.height, tiles=thumbs / "tiles" / image.path.stem, thumbs=thumbs
    )


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
    """Have those pictures cut and measured that have landed, and their originals cut; returns at once."""
    for slot in slots:
        if slot.state != "done" or slot.task is None:
            continue
        original = sweep.originals.of(type(slot.request), slot.values)
        for image in slot.task.images:
            sweep.measuring.develop(compared(sweep, image), original)
        shown = sweep.originals.compared(original) if original is not None else None
        if shown is not None:
            sweep.measuring.develop(shown, None)


def plot(sweep: MadeSweep, kind: str) -> Any:
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
    for planned in sweep.plan.cells:
        for slot in planned.slots:
            for image in slot.task.images if slot.task is not None else ():
                preview = compared(sweep, image).preview(*_PLOT)
                if preview:
                    uris.append(data_uri(preview))
                    columns.append(_words(planned, slot, sweep.plan.axes[:1]) or planned.label)
                    rest.append(_words(planned, slot, sweep.plan.axes[1:], takes=len(sweep.plan.takes)))
    if kind == "tabs":
        return HTML(plots.plot_class_tabs(uris, columns, rest if any(rest) else ()))
    if kind == "representations":
        return HTML(plots.plot_class_representations(uris, columns))
    both = [", ".join(filter(None, pair)) for pair in zip(columns, rest, strict=True)]
    return HTML(plots.plot_images(uris, both))


def _words(planned: PlannedCell, slot: Slot, axes: Sequence[Axis], *, takes: int = 1) -> str:
    """Name a picture by its values on some axes, and by its take where there are several."""
    values = [f"{axis.parameter.label} {label(planned.settings[axis.parameter.name])}" for axis in axes]
    return ", ".join([*values, *([f"variation {slot.take}"] if takes > 1 else [])])
