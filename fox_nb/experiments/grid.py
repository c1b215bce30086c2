"""Grid: a plan in the hand: see what it costs, run it, look at its pictures, take them away as files or tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fox_nb.errors import ConfirmationNeeded, FoxError, InvalidRequest
from fox_nb.experiments import frame, look, pages
from fox_nb.experiments.measuring import MeasuringPool
from fox_nb.experiments.originals import Originals
from fox_nb.experiments.plan import Plan
from fox_nb.experiments.runner import Runner

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd

    from fox_nb.experiments.plan import PlannedCell, Slot
    from fox_nb.render.comparison import Comparison
    from fox_nb.session import Cost, Session, Task

    Listener = Callable[[list[PlannedCell]], None]

ASK_ABOVE = 5.0
"""USD above which a run asks once more."""


class Sweep:
    """One or two parameters varied, as a row or a grid of pictures; nothing is sent until `run`.

    Parameters
    ----------
    session : Session
        What sends and watches.
    model : str
        The gateway's name of the model.
    given : mapping
        Parameters; the first list makes the columns, the second the rows.
    takes : int
        Pictures from each setting: one cannot tell a setting's effect from chance.
    original
        What the pictures are compared with; by default the picture that the model was given.
    at_once : int
        Tasks under way at the gateway at a time.
    per_second : float
        Creations a second at the most.
    ask_above : float
        USD above which `run` asks once more.
    show : callable, optional
        Shows a sweep in a cell; without it a static page does.
    """

    def __init__(
        self,
        session: Session,
        model: str,
        given: Mapping[str, Any],
        *,
        takes: int = 1,
        original: Any = None,
        at_once: int = 4,
        per_second: float = 2.0,
        ask_above: float = ASK_ABOVE,
        show: Callable[[Sweep], None] | None = None,
    ) -> None:
        self.session = session
        self.plan = Plan(session, model, given, takes)
        self.takes = self.plan.takes
        self.at_once = _positive("at_once", at_once, whole=True)
        self.per_second = _positive("per_second", per_second)
        self.ask_above = ask_above
        self.originals = Originals(session, original)
        self.codes: dict[Slot, str] = {}
        self.measuring = MeasuringPool(session.store, self._on_measured)
        self.runner = Runner(self.plan, at_once=int(self.at_once), per_second=self.per_second, changed=self._changed)
        self._show = show
        self._listeners: list[Listener] = []

    # -- before it is paid for ------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.plan.shape

    @property
    def pictures(self) -> int:
        """How many pictures the grid has."""
        return self.plan.pictures

    @property
    def paid_already(self) -> int:
        """How many of them are paid for already: made, under way, or failed after they were accepted."""
        return self.plan.paid_already

    @property
    def cost(self) -> Cost:
        """What the missing ones may cost, in USD."""
        return self.plan.cost

    @property
    def seconds(self) -> float:
        """About how long the missing ones take."""
        return self.plan.seconds(int(self.at_once), self.per_second)

    # -- making ---------------------------------------------------------------------------------------------------

    def run(self, *, confirm: bool = False) -> Sweep:
        """Make what is missing and wait for it; an interrupt sends no more and leaves the rest going.

        Parameters
        ----------
        confirm : bool
            True sends what costs more than `ask_above`, too.

        Raises
        ------
        ConfirmationNeeded
            It costs more than `ask_above` USD; nothing was sent.
        FoxError
            The sweep was stopped: the budget, the key, or many failures in a row. What has landed is here.
        """
        try:
            with pages.running(self) as tick:
                self.start(confirm=confirm)
                self.runner.wait(tick)
                self.measuring.wait(tick)
                tick()
        except KeyboardInterrupt:
            self.runner.stop("interrupted")
            raise
        if self.runner.stopped_because:
            left = sum(slot.request.outputs for slot in self.plan.missing)
            raise FoxError(
                f"The sweep was stopped: {self.runner.stopped_because}",
                money=f"{left} of {self.pictures} pictures were not sent and not paid.",
                todo="Mend the cause, then run it again: only what is missing is sent.",
            )
        return self

    def start(self, *, confirm: bool = False) -> None:
        """Begin in the background, as the Run button does; raises as `run`."""
        self.session.prices.ask()
        if not self.runner.running:
            self.plan.refresh()
        cost = self.cost
        if cost > self.ask_above and not confirm:
            raise ConfirmationNeeded(
                f"This makes {sum(slot.request.outputs for slot in self.plan.missing)} pictures and may cost {cost}, "
                f"more than {self.ask_above:.2f} USD.",
                money="Nothing was sent.",
                todo="Say run(confirm=True), or vary fewer values.",
            )
        for slot in self.plan.slots:
            self.originals.fetch(self.plan.model, slot.values)
        look.develop(self, self.plan.slots)
        self.runner.start()

    def watch(self) -> None:
        """Follow what is under way already, and measure what is made; sends nothing."""
        self.runner.watch()
        look.develop(self, self.plan.slots)

    def retry(self, row: int, column: int, take: int = 1) -> Task | None:
        """Send one failed picture again, knowingly; the others stay as they are.

        Parameters
        ----------
        row, column : int
            The cell, from 0.
        take : int
            Which of its takes.

        Raises
        ------
        FoxError
            It was not accepted.
        """
        return self.runner.again(self.plan.cells[row][column].slots[take - 1])

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with the cells of which something has changed; returns what ends that.

        It is called from any thread, and with no cells when the run itself has changed: begun, stopped, ended.
        """
        self._listeners.append(listener)

        def forget() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return forget

    def _changed(self, slot: Slot | None) -> None:
        if slot is not None:
            look.develop(self, [slot])
        self._notify(self.plan.cells_of(slot) if slot is not None else [])

    def _on_measured(self, picture: Path | None) -> None:
        cells = [
            cell
            for cell in self.plan.all_cells
            for slot in cell.slots
            if slot.task is not None and any(image.path == picture for image in slot.task.images)
        ]
        self._notify(cells)

    def _notify(self, cells: list[PlannedCell]) -> None:
        for listener in list(self._listeners):
            listener(cells)

    # -- looking ----------------------------------------------------------------------------------------------------

    @property
    def tasks(self) -> list[Task]:
        """The tasks behind the cells."""
        return self.plan.tasks

    def comparison(self) -> Comparison:
        """Return the grid as it stands, with the numbers that are there by now, for a viewer or a page."""
        return look.comparison(self)

    def code(self, row: int, column: int, take: int = 1) -> str:
        """Return the call that asks for one picture of the grid again, free."""
        return look.code(self, self.plan.cells[row][column].slots[take - 1])

    def __repr__(self) -> str:
        rows, columns = self.shape
        done, failed = self.plan.count("done"), self.plan.count("failed")
        words = f"<Sweep {self.plan.model.model}, {rows} x {columns}, {self.pictures} pictures, {done} made"
        words += f", {failed} failed" if failed else ""
        return words + (f", the rest may cost {self.cost}>" if self.plan.missing else ">")

    def _ipython_display_(self) -> None:
        from fox_nb.display.places import in_notebook

        if not in_notebook():
            raise NotImplementedError
        if self._show is not None:
            self._show(self)
            return
        from IPython.display import HTML, display

        display(HTML(pages.page(self)))

    def measure(self) -> Sweep:
        """Wait until all pictures that are made are measured; numbers of an earlier run are taken from the store."""
        look.develop(self, self.plan.slots)
        self.measuring.wait()
        return self

    def findings(self) -> list[str]:
        """Return what the numbers show, in words; nothing is called closest that the spread can't tell apart."""
        return pages.findings(self.measure(), self.comparison())

    # -- taking away --------------------------------------------------------------------------------------------------

    def to_frame(self) -> pd.DataFrame:
        """Return one row a picture: settings, take, task, time, file, cost and numbers.

        Raises
        ------
        ExtraMissing
            pandas is not installed.
        """
        return frame.pictures(self.measure())

    def summary(self) -> pd.DataFrame:
        """Return one row a setting: mean and spread of each number over its takes.

        Raises
        ------
        ExtraMissing
            pandas is not installed.
        """
        return frame.summary(self.measure())

    def save_html(self, path: str | os.PathLike[str]) -> Path:
        """Write one page that works offline: slider, linked zoom, 1024 px previews."""
        from fox_nb.render.comparison_files import save_html

        return save_html(self.measure().comparison(), path, said=self.findings())

    def save_image(self, path: str | os.PathLike[str]) -> Path:
        """Write a labelled contact sheet."""
        from fox_nb.render.comparison_files import save_image

        return save_image(self.measure().comparison(), path, said=self.findings())

    def plot(self, kind: str = "tabs") -> Any:
        """Return an ipyplot view of thumbnails.

        Parameters
        ----------
        kind : str
            ``tabs`` by the values of the columns, ``representations`` (one picture for each value), or ``images``.
        """
        return look.plot(self, kind)


def _positive(name: str, value: Any, *, whole: bool = False) -> float:
    """Return a setting of the run, or say what it may be."""
    good = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool) and value > 0
    if not good:
        kind = "a whole number" if whole else "a number"
        raise InvalidRequest(f"{name} is {value!r}; allowed is {kind} above 0.", parameter=name, value=value)
    return float(value)
