"""Frame: a sweep as tables for pandas, one row a picture, or one a setting with mean and spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fox_nb.errors import ExtraMissing

if TYPE_CHECKING:
    import pandas as pd

    from fox_nb.experiments.grid import Sweep

NUMBERS = ("psnr", "ssim", "sharpness", "colour_shift")


def pictures(sweep: Sweep) -> pd.DataFrame:
    """Return one row a picture; what is not made yet is a row without a file."""
    table: pd.DataFrame = _pandas().DataFrame(_rows(sweep))
    return table


def summary(sweep: Sweep) -> pd.DataFrame:
    """Return mean, spread (standard deviation over the takes) and count of each number for each setting."""
    table = pictures(sweep)
    axes = [axis.parameter.name for axis in (sweep.plan.columns, sweep.plan.rows) if axis is not None]
    numbers = [name for name in NUMBERS if name in table and table[name].notna().any()]
    if not axes or not numbers:
        return table[[*axes, "take", "status"]]
    grouped = table.groupby(axes, sort=False, dropna=False)[numbers].agg(["mean", "std", "count"])
    grouped.columns = ["_".join(pair) for pair in grouped.columns.to_flat_index()]
    return grouped.reset_index()


def _rows(sweep: Sweep) -> list[dict[str, Any]]:
    plan = sweep.plan
    axes = {axis.parameter.name: None for axis in (plan.columns, plan.rows) if axis is not None}
    rows = []
    for planned in plan.all_cells:
        body = {name: value for name, value in planned.request.body().items() if name != "model"}
        original = sweep.originals.of(plan.model, planned.values)
        for slot in planned.slots:
            task = slot.task
            images = task.images if task is not None else []
            facts = {
                "model": planned.request.model,
                **axes,
                **body,
                "take": slot.take,
                "status": task.status if task is not None else "not sent",
                "task_id": task.id if task is not None else "",
                "seconds": task.waited if task is not None and task.status == "completed" else None,
                # of several pictures of one task each has its share, so that the column's sum is what was spent
                "usd": float(task.cost) / max(1, len(images)) if task is not None else 0.0,
                "error": slot.why,
            }
            for image in images:
                numbers, note = sweep.measuring.found(image.path, original)
                size = {"width": image.width, "height": image.height}
                rows.append({**facts, "file": str(image.path), **size, **numbers, "note": note})
            if not images:
                rows.append({**facts, "file": ""})
    return rows


def _pandas() -> Any:
    try:
        import pandas as pd
    except ImportError:
        raise ExtraMissing(
            "A data frame needs pandas, which is not installed here.", todo='Run `pip install "fox_nb[metrics]"`.'
        ) from None
    return pd
