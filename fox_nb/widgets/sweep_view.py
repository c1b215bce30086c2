"""Sweep view: a plan with its Run button, its progress, and the viewer that fills as pictures land."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import ipywidgets as w
from IPython.display import HTML, display

from fox_nb.errors import ConfirmationNeeded, FoxError
from fox_nb.render.comparison import static_grid
from fox_nb.session import pages
from fox_nb.session.pool import Pool
from fox_nb.sweep import look
from fox_nb.widgets.viewer import Viewer

if TYPE_CHECKING:
    from fox_nb.sweep import Sweep
    from fox_nb.sweep.plan import PlannedCell

TICK = 1.0


def show(sweep: Sweep) -> None:
    """Show a sweep in a cell: the static grid that stays, and the controls and the viewer for it."""
    SweepView(sweep).show()


class SweepView:
    """One showing of a sweep.

    Parameters
    ----------
    sweep : Sweep
        What is shown.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._pool = Pool(2, "sweep-view")
        self._said = w.HTML()
        self._progress = w.HTML(look.plan_page(sweep))
        self._run = w.Button(description="Run", button_style="primary", layout=w.Layout(width="auto", min_width="9em"))
        self._stop = w.Button(
            description="Stop",
            tooltip="Send nothing more; what is under way lands",
            layout=w.Layout(width="auto", display="none"),
        )
        self._confirmed = False
        self._run.on_click(lambda _: self._press())
        self._stop.on_click(lambda _: sweep.runner.stop())
        self._viewer: Viewer | None = None
        self._place = w.VBox([])
        self.widget = w.VBox([self._progress, w.HBox([self._run, self._stop]), self._said, self._place])
        self._label()

    def show(self) -> None:
        """Display the static grid, then the controls."""
        self._static = display(HTML(look.page(self._sweep)), display_id=True)
        display(self.widget)
        if any(task.status == "completed" for task in self._sweep.tasks):
            self._open_viewer()
        self._sweep.on_change(self._changed)
        if self._sweep.runner.running:
            self._follow()

    def _label(self) -> None:
        missing = len(self._sweep.plan.missing)
        self._run.description = f"Run: {missing} to make, {self._sweep.cost}" if missing else "All made"
        self._run.disabled = not missing

    def _press(self) -> None:
        self._run.disabled = True
        self._said.value = ""
        self._pool.submit(self._begin)

    def _begin(self) -> None:
        try:
            self._sweep.start(confirm=self._confirmed)
        except ConfirmationNeeded as asked:
            self._confirmed = True
            self._said.value = pages.error_page(asked)
            self._run.description = f"Yes, spend up to {self._sweep.cost}"
            self._run.disabled = False
            return
        except FoxError as error:
            self._said.value = pages.error_page(error)
            self._label()
            return
        self._open_viewer()
        self._follow()

    def _follow(self) -> None:
        self._stop.layout.display = ""
        threading.Thread(target=self._until_done, name="fox_nb-sweep-view", daemon=True).start()

    def _until_done(self) -> None:
        self._sweep.runner.wait(self._tick)
        self._tick()
        self._stop.layout.display = "none"
        self._confirmed = False
        if self._sweep.runner.stopped_because:
            self._said.value = pages.error_page(
                FoxError(
                    f"The sweep was stopped: {self._sweep.runner.stopped_because}", todo="Run sends what is missing."
                )
            )
        self._label()
        self._static.update(HTML(static_grid(self._sweep.comparison(), live=True)))

    def _tick(self) -> None:
        self._progress.value = look.progress_page(self._sweep)

    def _open_viewer(self) -> None:
        if self._viewer is None:
            self._viewer = Viewer(
                self._sweep.comparison(), on_retry=self._retry
            )
            self._place.children = (self._viewer,)

    def _retry(self, row: int, column: int, take: int) -> None:
        try:
            self._sweep.retry(row, column, take)
        except FoxError as error:
            self._said.value = pages.error_page(error)

    def _changed(self, cell: PlannedCell) -> None:
        self._pool.submit(lambda: self._update(cell))

    def _update(self, cell: PlannedCell) -> None:
        if self._viewer is not None:
            self._viewer.update_cell(cell.row, cell.column, look.cell(self._sweep, cell))
