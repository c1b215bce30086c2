"""Look: a sweep as pages and as the comparison that viewers, files and plots are made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fox_nb.errors import ExtraMissing, FoxError, InvalidRequest
from fox_nb.session.code import call
from fox_nb.sweep.axes import label, steps

if TYPE_CHECKING:
    from fox_nb.render.comparison import Axis, Cell, ComparedPicture, Comparison, Take
    from fox_nb.session import Image
    from fox_nb.sweep.grid import Sweep
    from fox_nb.sweep.plan import Plan, PlannedCell, Slot

PLOTS = ("tabs", "representations", "images")
_PLOT_EDGE = 384


def original_of(plan: Plan, given: Any) -> Path | None:
    """Return the file that the pictures are compared with: the one given, or the local picture that all cells have."""
    if given is not None:
        prepared = plan.session.sources.ready("phota-image-enhance", {"image_url": given})["image_url"]
        return _file(prepared)
    fixed = plan.fixed.get("image_url", plan.fixed.get("image_urls"))
    first = fixed[0] if isinstance(fixed, list) and fixed else fixed
    return _file(first)


def _file(picture: Any) -> Path | None:
    path = getattr(picture, "path", None)
    return Path(path) if path is not None else None


def comparison(sweep: Sweep) -> Comparison:
    """Return the sweep's grid as it stands."""
    from fox_nb.render.comparison import Axis, Comparison

    plan = sweep.plan

    def axis(planned: Any) -> Axis:
        return Axis(planned.parameter.label, planned.labels) if planned is not None else Axis()

    return Comparison(
        title=title(sweep),
        rows=axis(plan.rows),
        columns=axis(plan.columns),
        cells=[[cell(sweep, planned) for planned in line] for line in plan.cells],
        original=_compared_original(sweep),
    )


def title(sweep: Sweep) -> str:
    """Return what varies, in a line."""
    plan = sweep.plan
    varied = [axis.parameter.label.lower() for axis in (plan.columns, plan.rows) if axis is not None]
    about = plan.fixed.get("prompt")
    return f"{plan.model.title} by {' and '.join(varied) or 'nothing'}" + (f": {about}" if about else "")


def cell(sweep: Sweep, planned: PlannedCell) -> Cell:
    """Return one cell as a viewer takes it: a take for each picture."""
    from fox_nb.render.comparison import Cell

    takes = [take for slot in planned.slots for take in _takes(sweep, slot)]
    return Cell(label=planned.label, takes=takes, code=code(sweep, planned, planned.slots[0].take))


def _takes(sweep: Sweep, slot: Slot) -> list[Take]:
    from fox_nb.render.comparison import Take

    task = slot.task
    if task is None or task.status in {"failed", "refused", "unknown"}:
        reason = slot.reason or (str(task.error) if task is not None and task.error is not None else "")
        return [Take(number=slot.take, state="failed" if reason else "pending", reason=reason)]
    if task.status != "completed":
        return [Take(number=slot.take, state="running", reason=str(task.trouble or ""))]
    note = f"{task.id}, {task.waited:.0f} s, {task.cost}"
    return [
        Take(number=slot.take, state="done", picture=compared(sweep, image), metrics=numbers(sweep, image), note=note)
        for image in task.images
    ]


def compared(sweep: Sweep, image: Image) -> ComparedPicture:
    """Return a result as a viewer takes it, with the place for its tiles."""
    from fox_nb.render.comparison import ComparedPicture

    store = sweep.session.store
    return ComparedPicture(
        path=image.path,
        width=image.width,
        height=image.height,
        tiles=store.thumbnails / "tiles" / image.path.stem,
        thumbs=store.thumbnails,
    )


def _compared_original(sweep: Sweep) -> ComparedPicture | None:
    from fox_nb.images.check import check
    from fox_nb.render.comparison import ComparedPicture

    path = sweep.original
    if path is None:
        return None
    try:
        facts = check(path)
    except FoxError:
        return None
    store = sweep.session.store
    tiles = store.thumbnails / "tiles" / f"{path.stem}-{facts.width}x{facts.height}"
    return ComparedPicture(path=path, width=facts.width, height=facts.height, tiles=tiles, thumbs=store.thumbnails)


def numbers(sweep: Sweep, image: Image) -> dict[str, float | None]:
    """Return what is measured of a picture against the original; nothing without one or without scikit-image."""
    if sweep.original is None:
        return {}
    from fox_nb.images.metrics import EXPLANATIONS, measure

    key = str(image.path)
    known = sweep.measured
    if key not in known:
        try:
            found = measure(image.path, sweep.original).to_dict()
            known[key] = {name: found[name] for name in EXPLANATIONS}
        except ExtraMissing as error:
            sweep.without_numbers = str(error)
            return {}
        except FoxError:
            known[key] = {}
    return known[key]


def code(sweep: Sweep, planned: PlannedCell, take: int) -> str:
    """Return the call that asks for one picture again."""
    body = planned.request.body()
    origins = {
        f"sha256:{value.sha256}": str(value.path)
        for given in planned.values.values()
        for value in (given if isinstance(given, list) else [given])
        if getattr(value, "path", None) is not None and hasattr(value, "sha256")
    }
    return call(body, take, {**sweep.session.sources.origins(body), **origins})


def page(sweep: Sweep) -> str:
    """Show a sweep without a kernel: its grid when something of it is made, else its plan."""
    from fox_nb.render.comparison import static_grid

    made = any(task.status == "completed" for task in sweep.tasks)
    return plan_page(sweep) + (static_grid(comparison(sweep)) if made else "")


def plan_page(sweep: Sweep) -> str:
    """Say what a run makes and costs."""
    from fox_nb.render.html import duration, facts_line, frame, head, note

    plan = sweep.plan
    rows, columns = plan.shape
    facts = [
        ("Grid", f"{rows} by {columns}"),
        ("Pictures", str(plan.pictures)),
        ("Paid for already", str(plan.paid_already)),
    ]
    if plan.missing:
        facts += [
            ("To make", str(len(plan.missing))),
            ("May cost", str(sweep.cost)),
            ("About", duration(sweep.seconds)),
        ]
    axes = [
        f"{axis.parameter.label}: {steps(axis.values)}"
        + (f" ({axis.repeated} repeated, left out)" if axis.repeated else "")
        for axis in (plan.columns, plan.rows)
        if axis is not None
    ]
    if sweep.takes > 1:
        axes.append(f"{sweep.takes} takes of each")
    return frame(
        head(title(sweep), sandbox=sweep.session.gateway.is_sandbox), facts_line(facts), *(note(line) for line in axes)
    )


def progress_page(sweep: Sweep) -> str:
    """Say how far a run is, in words that stay true."""
    from datetime import datetime

    from fox_nb.render.html import clock, duration, escape, frame, head, note

    plan = sweep.plan
    slots = [slot for planned in plan.all_cells for slot in planned.slots]
    done = sum(slot.task is not None and slot.task.status == "completed" for slot in slots)
    failed = sum(bool(slot.reason) for slot in slots)
    left = duration(plan.seconds(sweep.at_once)) if plan.missing else "seconds"
    now = clock(datetime.now().astimezone(), seconds=True)
    words = f"At {now}: {done} of {len(slots)} done" + (f", {failed} failed" if failed else "")
    words += f", about {left} left." if done + failed < len(slots) else "."
    bar = f'<progress max="{len(slots)}" value="{done}" aria-label="{escape(title(sweep), 120)}"></progress>'
    again = "" if done == len(slots) else note("Run this cell again to go on; only what is missing is sent.")
    return frame(
        head(title(sweep), sandbox=sweep.session.gateway.is_sandbox), bar, f'<p class="fa">{escape(words)}</p>', again
    )


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

    axis = sweep.plan.columns
    uris, labels = [], []
    for planned in sweep.plan.all_cells:
        for slot in planned.slots:
            for image in slot.task.images if slot.task is not None else ():
                uris.append(data_uri(image.thumbnail(_PLOT_EDGE, max_bytes=20_000)))
                value = planned.settings[axis.parameter.name] if axis is not None else ""
                labels.append(
                    f"{axis.parameter.label} {label(value)}" if axis is not None and kind != "images" else planned.label
                )
    draw = {
        "tabs": plots.plot_class_tabs,
        "representations": plots.plot_class_representations,
        "images": plots.plot_images,
    }
    return HTML(draw[kind](uris, labels))
