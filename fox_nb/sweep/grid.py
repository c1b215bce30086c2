"""Grid: a plan in the hand: see what it costs, run it, look at its pictures, take them away as files or tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fox_nb.errors import ConfirmationNeeded, FoxError
from fox_nb.sweep import frame, look
from fox_nb.sweep.plan import Plan
from fox_nb.sweep.runner import Runner

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd

    from fox_nb.render.comparison import Comparison
    from fox_nb.session import Cost, Session, Task
    from fox_nb.sweep.plan import PlannedCell

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
        Tasks under way at a time.
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
        self.ask_above = ask_above
        self.at_once = at_once
        self._show = show
        self.takes = self.plan.takes
        self.measured: dict[str, dict[str, float | None]] = {}
        self.without_numbers = ""
        self._listeners: list[Callable[[PlannedCell], None]] = []
        self.original = look.original_of(self.plan, original)
        self.runner = Runner(self.plan, at_once=at_once, per_second=per_second, changed=self._changed)

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
        """How many of them are paid for already."""
        return self.plan.paid_already

    @property
    def cost(self) -> Cost:
        """What the missing ones may cost, in USD."""
        return self.plan.cost

    @property
    def seconds(self) -> float:
        """About how long the missing ones take."""
        return self.plan.seconds(self.at_once)

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
        from fox_nb.session.showing import ticking

        self.start(confirm=confirm)
        try:
            with ticking(lambda: look.progress_page(self)) as tick:
                self.runner.wait(tick)
        except KeyboardInterrupt:
            self.runner.stop()
            raise
        if self.runner.stopped_because:
            raise FoxError(
                f"The sweep was stopped: {self.runner.stopped_because}",
                money=f"{len(self.plan.missing)} of {self.pictures} pictures were not sent and not paid.",
                todo="Mend the cause, then run it again: only what is missing is sent.",
            )
        return self

    def start(self, *, confirm: bool = False) -> None:
        """Begin in the background, as the Run button does; raises as `run`."""
        self.session.prices.ask()
        self.plan.refresh()
        cost = self.cost
        if cost > self.ask_above and not confirm:
            raise ConfirmationNeeded(
                f"This makes {len(self.plan.missing)} tasks and may cost {cost}, more than {self.ask_above:.2f} USD.",
                money="Nothing was sent.",
                todo="Say run(confirm=True), or vary fewer values.",
            )
        self.runner.start()

    def retry(self, row: int, column: int, take: int = 1) -> Task | None:
        """Send one failed picture again, knowingly; the others stay as they are."""
        cell = self.plan.cells[row][column]
        slot = cell.slots[take - 1]
        if slot.task is None:
            slot.task = self.session.submit(self.plan.model.model, cell.values, take)
        else:
            slot.task.retry()
        slot.reason = ""
        slot.task.on_change(lambda _: self._changed(cell))
        self._changed(cell)
        return slot.task

    def on_change(self, listener: Callable[[PlannedCell], None]) -> Callable[[], None]:
        """Call `listener` with a cell whenever something of it has changed; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def _changed(self, cell: PlannedCell) -> None:
        for listener in list(self._listeners):
            listener(cell)

    # -- looking ----------------------------------------------------------------------------------------------------

    @property
    def tasks(self) -> list[Task]:
        """The tasks behind the cells."""
        return self.plan.tasks

    def comparison(self) -> Comparison:
        """Return the grid as it stands, with its numbers, for a viewer or a page."""
        return look.comparison(self)

    def code(self, row: int, column: int, take: int = 1) -> str:
        """Return the call that asks for one picture of the grid again, free."""
        return look.code(self, self.plan.cells[row][column], take)

    def __repr__(self) -> str:
        rows, columns = self.shape
        return (
            f"<Sweep {self.plan.model.model}, {rows} x {columns}, {self.pictures} pictures, "
            f"{self.paid_already} paid for already, the rest may cost {self.cost}>"
        )

    def _ipython_display_(self) -> None:
        from fox_nb.session.showing import in_notebook

        if not in_notebook():
            raise NotImplementedError
        if self._show is not None:
            self._show(self)
            return
        from IPython.display import HTML, display

        display(HTML(look.page(self)))

    # -- taking away --------------------------------------------------------------------------------------------------

    def to_frame(self) -> pd.DataFrame:
        """Return one row a picture: settings, take, task, time, file, cost and numbers.

        Raises
        ------
        ExtraMissing
            pandas is not installed.
        """
        return frame.pictures(self)

    def summary(self) -> pd.DataFrame:
        """Return one row a setting: mean and spread of each number over its takes.

        Raises
        ------
        ExtraMissing
            pandas is not installed.
        """
        return frame.summary(self)

    def save_html(self, path: str | os.PathLike[str]) -> Path:
        """Write one page that works offline: slider, linked zoom, 1024 px previews."""
        from fox_nb.render.comparison_files import save_html

        return save_html(self.comparison(), path)

    def save_image(self, path: str | os.PathLike[str]) -> Path:
        """Write a labelled contact sheet."""
        from fox_nb.render.comparison_files import save_image

        return save_image(self.comparison(), path)

    def plot(self, kind: str = "tabs") -> Any:
        """Return an ipyplot view of thumbnails.

        Parameters
        ----------
        kind : str
            ``tabs`` by the values of the columns, ``representations`` (one picture for each value), or ``images``.
        """
        return look.plot(self, kind)
