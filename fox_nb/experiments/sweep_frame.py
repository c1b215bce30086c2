"""Sweep frame: a sweep as tables for pandas, one row a picture, or one a setting with mean and spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fox_nb.experiments.axes import PlanAxis, label, picture_names, sameness
from fox_nb.images.metrics import EXPLANATIONS
from fox_nb.session.tasklist import framed

if TYPE_CHECKING:
    import pandas as pd

    from fox_nb.experiments.made import Made


def pictures(sweep: Made) -> pd.DataFrame:
    """Return one row a picture; what is not made yet is a row without a file."""
    return framed(_rows(sweep))


def summary(sweep: Made) -> pd.DataFrame:
    """Return mean, spread (standard deviation over the takes) and count of each number for each setting.

    Where nothing is measured it is how the pictures of each stand.
    """
    table = pictures(sweep)
    axes = [axis.parameter.name for axis in sweep.plan.axes]
    numbers = [name for name in EXPLANATIONS if name in table and table[name].notna().any()]
    by: Any = axes or (lambda _: 0)  # without an axis all are of one setting
    settings = table.groupby(by, sort=False, dropna=False)
    if numbers:
        grouped = settings[numbers].agg(["mean", "std", "count"])
        grouped.columns = ["_".join(pair) for pair in grouped.columns.to_flat_index()]
    else:
        grouped = settings[["status"]].agg(_once)
    return grouped.reset_index(drop=not axes)


def _once(words: pd.Series[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def _rows(sweep: Made) -> list[dict[str, Any]]:
    rows = []
    named = picture_names(sweep.plan.axes)
    columns = {axis.parameter.name: _column_values(axis) for axis in sweep.plan.axes}
    for planned in sweep.plan.cells:
        pictures = named(planned.key)
        axes = {name: columns[name][at] for name, at in zip(columns, planned.key, strict=False)} | pictures
        if planned.impossible:
            why = {"take": sweep.plan.takes[0], "status": "impossible", "usd": 0.0, "error": planned.impossible}
            asked = {name: _plain(value) for name, value in planned.values.items()} | pictures  # noqa: PD011 - no frame
            rows.append({"model": sweep.plan.models[0], **axes, **asked, **why, "file": ""})
        for slot in planned.slots:
            task = slot.task
            images = task.images if task is not None else []
            # what varies stands as it was given, also where the model leaves it out
            facts = {
                "model": slot.request.model,
                **axes,
                **{name: _plain(value) for name, value in slot.request.body().items()},
                **pictures,  # which their requests know by hashes alone
                "take": slot.take,
                "status": task.status if task is not None else "not sent",
                "task_id": task.id if task is not None else "",
                "seconds": task.waited if task is not None and task.status == "completed" else None,
                # several pictures of one task have each their share, and of cells that share one the first has it all:
                # so the column's sum is what was spent
                "usd": float(task.cost) / max(1, len(images)) if task and slot.cells[0] is planned else 0.0,
                "error": slot.why,
            }
            for image in images:
                numbers, note = sweep.measured(planned, slot, image)
                size = {"width": image.width, "height": image.height}
                rows.append({**facts, "file": str(image.path), **size, **numbers, "note": note})
            if not images:
                rows.append({**facts, "file": ""})
    return rows


def _column_values(axis: PlanAxis) -> list[Any]:
    """Return what varies as a table takes it: words that are one to it, such as 1 and True, as they are written."""
    given = axis.values  # noqa: PD011 - no frame
    return axis.labels if len(set(map(sameness, given))) < len(given) else list(map(_plain, given))


def _plain(value: Any) -> Any:
    """Return a value as a table takes it: a picture by its name."""
    return value if value is None or isinstance(value, (str, int, float)) else label(value)
