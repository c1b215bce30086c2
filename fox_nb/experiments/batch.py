"""Batch: the rows of a table in the hand: run like a sweep, and the table again with what came of each row."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fox_nb.errors import InvalidRequest
from fox_nb.experiments.axes import sameness
from fox_nb.experiments.batch_plan import BatchPlan, known_of
from fox_nb.experiments.experiment import Experiment
from fox_nb.experiments.plan import PlannedCell
from fox_nb.experiments.plan_file import PICTURES, as_json, batch_words, table_of
from fox_nb.experiments.table_reader import Table, read_table
from fox_nb.models import MODELS
from fox_nb.money import MICRO_PER_USD
from fox_nb.parameters import meant, meant_name, shown
from fox_nb.render.comparison import Axis, Comparison
from fox_nb.render.comparison_kept import kept
from fox_nb.render.html import frame, note
from fox_nb.session import Session, Task
from fox_nb.session.tasklist import pandas
from fox_nb.store import SHARED

MOST_SHOWN = 500
"""So many rows are shown as pictures; all of them are in `to_frame` and `save`."""
MOST_KEPT = 48
"""So many stay in the saved notebook."""


class Batch(Experiment):
    """The rows of a table, each a request; nothing is sent until `run`.

    Parameters
    ----------
    session : Session
        What sends and watches.
    table
        A data frame, a list of dicts, or the path of a CSV, TSV, JSON lines or Parquet file.
    model : str, optional
        The model of the rows that name none.
    **options
        ``at_once``, ``per_second``, ``ask_above`` and ``show``, as `Experiment` takes them.
    """

    kind = "batch"
    plan: BatchPlan

    def __init__(self, session: Session, table: Any, model: str | None = None, **options: Any) -> None:
        planned = isinstance(table, Table)
        plan = BatchPlan(session, table, model, 1.0) if planned else BatchPlan(session, read_table(table), model)
        super().__init__(session, plan, **options)

    @classmethod
    def from_words(
        cls, session: Session, words: Mapping[str, Any], changes: Mapping[str, Any], **options: Any
    ) -> Batch:
        """Return the batch that a plan's file means, with some of it changed in every row."""
        changes = dict(changes)
        model = changes.pop("model", words["model"])
        allowed = {"take"}.union(*map(known_of, MODELS))
        for name in changes.keys() - allowed:
            raise InvalidRequest(
                f"A batch can't be given {shown(name)} for every row.{meant(name, tuple(sorted(allowed)))}",
                parameter=name,
                allowed=", ".join(sorted(allowed)),
            )
        return cls(session, table_of(words, changes), model, **options)

    def _words(self) -> dict[str, Any]:
        return batch_words(self.plan)

    def __len__(self) -> int:
        return len(self.plan.cells)

    @property
    def title(self) -> str:
        """What it is, in a line."""
        return f"{super().title}: a table of {self._in_words}"

    @property
    def size(self) -> tuple[str, str]:
        """Name and value of how large it is."""
        return "Rows", f"{len(self):,}"

    @property
    def _in_words(self) -> str:
        """How large it is, in a line."""
        return f"{len(self):,} row{'s' * (len(self) != 1)}"

    def about(self) -> list[str]:
        """Say which columns are sent, which are carried along, and how many rows are equal."""
        plan = self.plan
        lines = [f"Sent: {', '.join(plan.sent) or 'no column'}."]
        if plan.carried:
            near = [f"{name!r}:{hint}" for name in plan.carried if (hint := meant_name(name, _unused(plan)))]
            lines.append(" ".join([f"Carried along, not sent: {', '.join(plan.carried)}.", *near]))
        if plan.repeated:
            again = "row asks" if plan.repeated == 1 else "rows ask"
            lines.append(f"{plan.repeated:,} {again} for the same as an earlier one: made and paid once.")
        return lines

    def __repr__(self) -> str:
        return "\n".join([super().__repr__(), *self.about()])

    def _place(self, cell: PlannedCell, _one_sided: set[str]) -> dict[str, Any]:
        asked = {name: sameness(value) for name, value in cell.values.items() if name == "prompt" or name in PICTURES}
        return {**asked, "row": as_json(cell.settings["row"])}  # as a plan's file has it, where it may come from

    # -- looking --------------------------------------------------------------------------------------------------

    def comparison(self, most: int = MOST_SHOWN) -> Comparison:
        """Return its first pictures side by side, for a viewer or a page."""
        cells = self.plan.cells[:most]
        rows = Axis("Row", [str(cell.settings["row"]) for cell in cells])
        return Comparison(self.title, [rows], {cell.key: self.cell(cell) for cell in cells})

    def static(self, *, live: bool = False) -> str:
        """Return the first pictures as HTML that needs no kernel."""
        more = len(self) - MOST_KEPT
        shortened = f"These are the first {MOST_KEPT}; .to_frame() has all {len(self):,}, .save(folder) their files."
        shown = kept(self.comparison(MOST_KEPT), live=live, titled=False)
        return shown + (frame(note(shortened)) if more > 0 else "")

    # -- taking away ----------------------------------------------------------------------------------------------

    def facts(self, cell: PlannedCell) -> dict[str, Any]:
        """Return what a row has beside its request: its label, and the columns that were carried along."""
        row = self.plan.table.rows[cell.key[0]]
        return {"label": cell.settings["row"], **{name: row.get(name) for name in self.plan.carried}}

    def to_frame(self) -> Any:
        """Return the table again, its index kept, with what came of each row: status, files, task, time, cost, error.

        A data frame comes back as the kind that it was; other tables become one of pandas, or of polars.

        Returns
        -------
        data frame
            With the columns ``status``, ``files``, ``task_id``, ``seconds``, ``estimated_usd``, ``charged_usd`` and
            ``error``; where the table has a column of that name, ours begins with ``fox_``. Of equal rows,
            which are one task, the first has the costs: those of all its sendings. What a class pays costs nothing.

        Raises
        ------
        ExtraMissing
            Neither pandas nor polars is installed.
        """
        import narwhals as nw

        table, results = self.plan.table, [_result(self, cell) for cell in self.plan.cells]
        if table.native is not None:
            frame = table.native
        else:
            backend = _backend()
            columns = {name: _series(name, [row.get(name) for row in table.rows], backend) for name in table.columns}
            frame = nw.from_dict(columns)
        ours = {name: name for name in results[0]}
        while taken := [name for name, column in ours.items() if column in table.columns]:
            ours |= {name: f"fox_{ours[name]}" for name in taken}
        types: dict[str, Any] = dict.fromkeys(ours, nw.Float64)
        types |= {**dict.fromkeys(("status", "task_id", "error"), nw.String), "files": nw.List(nw.String)}
        if frame.implementation.is_pandas_like():
            types["files"] = None  # a column of plain lists: one with a type of its own would need pyarrow
        series = [
            nw.new_series(column, [result[name] for result in results], types[name], backend=frame.implementation)
            for name, column in ours.items()
        ]
        made = frame.with_columns(*series).to_native()
        if table.native is None and hasattr(made, "index") and list(table.labels) != list(range(len(self))):
            made.index = list(table.labels)  # of a plan's file: the labels are all that is left of the frame's index
        return made


def _series(name: str, values: Sequence[Any], backend: Literal["pandas", "polars"]) -> Any:
    """Return a column of what was no data frame; where the library has no type for it, as texts."""
    import narwhals as nw

    try:
        return nw.new_series(name, values, backend=backend)
    except Exception:  # noqa: BLE001 - for halves of characters, and for values of several types, each has its own
        texts = [None if value is None else str(value) for value in map(as_json, values)]
        return nw.new_series(name, texts, nw.String, backend=backend)


def _result(batch: Batch, cell: PlannedCell) -> dict[str, Any]:
    """Return what came of a row."""
    slot = cell.slots[0]
    task = slot.task
    is_first = slot.cells[0] is cell
    cost = float(batch.session.prices.cost(slot.request)) if task is None else task.row.micro_usd / MICRO_PER_USD
    class_pays = task is not None and task.cost.kind == SHARED
    charged = _charged(task) if task is not None else None
    return {
        "status": task.status if task is not None else "not sent",
        "files": [str(image.path) for image in task.images] if task is not None else [],
        "task_id": task.id if task is not None else "",
        "seconds": task.waited if task is not None and task.status == "completed" else None,
        "estimated_usd": cost if is_first and not class_pays else 0.0,
        "charged_usd": charged if charged is None or is_first else 0.0,
        "error": slot.why,
    }


def _charged(task: Task) -> float | None:
    """Return what the gateway's bill says of it, refunds taken off; None where it says nothing yet."""
    row = task.row
    return None if row.charged is None else (row.charged - row.refunded) / MICRO_PER_USD


def _unused(plan: BatchPlan) -> tuple[str, ...]:
    return tuple(name for name in ("take", *itertools.chain(*map(known_of, plan.models))) if name not in plan.sent)


def _backend() -> Literal["pandas", "polars"]:
    from importlib.util import find_spec

    if find_spec("pandas") is None and find_spec("polars") is not None:
        return "polars"
    pandas()
    return "pandas"
