"""Sweep view: a plan with its Run button, its progress, and the viewer that fills as pictures land.

Two outputs of one cell: the page that stays in the saved notebook, and the controls. While the controls live, they hide
that page. All that they show comes by messages when a browser asks, so a notebook that was saved with its widgets'
state shows no Run button that does nothing, and no progress of long ago.
"""

from __future__ import annotations

import threading
import uuid
from datetime import datetime
from typing import Any

import ipywidgets as w

from fox_nb.display.places import in_notebook, is_unseen
from fox_nb.display.task_pages import error_page, words_page
from fox_nb.errors import ConfirmationNeeded, FoxError
from fox_nb.experiments import pages
from fox_nb.experiments.experiment import Experiment
from fox_nb.experiments.plan import PlannedCell
from fox_nb.experiments.runner import BY_HAND
from fox_nb.panels.head import when_missing
from fox_nb.panels.kept_page import KeptPage
from fox_nb.panels.press import in_words
from fox_nb.panels.record import replace_earlier
from fox_nb.panels.script import Scripted
from fox_nb.panels.viewer import Viewer, beside
from fox_nb.render.comparison import Key
from fox_nb.session.pool import Pool


def show(sweep: Experiment) -> Any:
    """Show the page that stays of a sweep; return the output of the controls and the viewer that stand for it.

    In marimo, which has no boxes, so no controls, return what it shows: the page, and the viewer if there is a picture.
    """
    if not in_notebook():
        return beside(pages.page(sweep), *([Viewer(sweep.comparison())] if sweep.plan.count("done") else []))
    view = SweepView(sweep)
    replace_earlier(view.close)
    return view.show()


class SweepControls(Scripted):
    """The plan, the buttons, the one progress bar and what went wrong.

    It tells "run", with whether a person has confirmed the price, "no" and "stop" when these are pressed.

    Parameters
    ----------
    hides : str
        The mark of the saved page that it stands for.
    """

    part = "sweep_view"

    def __init__(self, hides: str) -> None:
        self._hides = hides
        super().__init__()

    def notify(self, **state: Any) -> None:
        """Show this instead."""
        self.send_message("state", hides=self._hides, **state)

    def _on_run(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._emit("run", content.get("sure") is True)

    def _on_no(self, _content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._emit("no")

    def _on_stop(self, _content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._emit("stop")


class SweepView:
    """One showing of a sweep.

    Parameters
    ----------
    sweep : Experiment
        What is shown.

    Attributes
    ----------
    widget : ipywidgets.VBox
        The controls, and the viewer once there is something to see.
    """

    def __init__(self, sweep: Experiment) -> None:
        self._sweep = sweep
        self._mark = f"fox-sweep-{uuid.uuid4().hex[:12]}"
        self._pool = Pool(1, "sweep-view")
        self._acting = Pool(1, "sweep-run")
        self._lock = threading.Lock()
        self._dirty: dict[Key, PlannedCell] = {}
        self._message = ""
        self._asks = False
        self._starting = False
        self._due = pages.Doubling(sweep.plan.count("done"))
        self._kept = KeptPage(self._saved_page)
        self._stale = False
        self._changed_at = datetime.now().astimezone()
        self._viewer: Viewer | None = None
        self._controls = SweepControls(self._mark)
        self._controls.on("run", self._press)
        self._controls.on("no", self._refuse)
        self._controls.on("stop", sweep.runner.stop)
        self._controls.on("ready", self._update_soon)
        self._place = w.VBox([])
        self._missing = w.HTML(when_missing())
        self._controls.on("ready", self._not_missing)
        self.widget = w.VBox([self._controls, self._place, self._missing])
        self._forget = sweep.on_change(self._changed)

    def show(self) -> dict[str, Any]:
        """Display the page that stays, return the controls' output; sends nothing, and follows what is under way."""
        shown = self._kept.show(self.widget, now=not self._sweep.plan.count("done"))
        self._stale |= self._kept.is_blank  # it is made behind the viewer: it takes as long, and nobody waits for it
        self._sweep.watch()
        self._update_soon()
        self._acting.submit(self._learn_prices)
        return shown

    def close(self) -> None:
        """End the view and its threads; the sweep itself goes on."""
        self._forget()
        self._pool.close(wait=True)
        self._acting.close()
        self._kept.close()
        for box in (self.widget, self._place):
            box.close()
        for part in (self._controls, self._missing, self._viewer):
            if part is not None:
                part.close()

    def _not_missing(self) -> None:
        """Take away what to do without controls, of the box first: one that holds a closed widget can't be reloaded."""
        self.widget.children = (self._controls, self._place)
        self._missing.close()

    # -- what a person does -----------------------------------------------------------------------------------------

    def _press(self, sure: bool) -> None:
        with self._lock:
            if self._starting:
                return
            self._starting = True
        try:
            self._acting.submit(lambda: self._begin(sure=sure))
        except FoxError as error:  # there is no thread to do it
            self._message, self._asks, self._starting = error_page(error), False, False
            self._update_soon()

    def _refuse(self) -> None:
        self._message, self._asks = "", False
        self._update_soon()

    def _begin(self, *, sure: bool) -> None:
        try:
            self._sweep.start(confirm=sure and self._asks)
            self._message, self._asks = "", False
        except ConfirmationNeeded as asked:
            self._message, self._asks = words_page(f"{asked.what} {asked.money}"), True
        except Exception as error:  # noqa: BLE001 - nobody else would ever see it: this is a thread of our own
            self._message, self._asks = error_page(in_words(error)), False
        finally:
            self._starting = False
            self._changed([])

    def _retry(self, key: Key, take: int) -> None:
        self._acting.submit(lambda: self._try_again(key, take))

    def _try_again(self, key: Key, take: int) -> None:
        plan = self._sweep.plan
        try:
            self._sweep.runner.again(plan.slot(plan.at(key[: len(plan.axes)]), take))
            self._message = ""
        except Exception as error:  # noqa: BLE001 - as in _begin
            self._message = error_page(in_words(error))
        self._changed(self._sweep.plan.cells)

    def _learn_prices(self) -> None:
        """Ask the gateway's price list, so that the amounts are its own; without an answer the estimates stand."""
        self._sweep.session.prices.ask()
        if self._sweep.plan.missing or self._sweep.plan.failed:
            self._changed([cell for slot in self._sweep.plan.failed for cell in slot.cells])

    # -- what has changed -------------------------------------------------------------------------------------------

    def _changed(self, cells: list[PlannedCell]) -> None:
        """Note what to show anew, here and in the page that stays."""
        with self._lock:
            self._dirty.update({cell.key: cell for cell in cells})
            self._stale = True
            if cells:
                self._changed_at = datetime.now().astimezone()
        self._update_soon()

    def _update_soon(self) -> None:
        """Say how things stand; many changes become one message."""
        self._pool.soon(self._update)

    def _update(self) -> None:
        with self._lock:
            dirty, self._dirty = self._dirty, {}
        if self._viewer is not None:
            self._bring_up_to_date(self._viewer, dirty)
        elif not is_unseen() and (self._sweep.runner.running or self._sweep.tasks):
            # here, and with what is there by now: what changes from now on comes by the next update, so none is missed
            self._viewer = Viewer(self._sweep.comparison(), on_retry=self._retry, executor=self._sweep.executor)
            self._place.children = (self._viewer,)
        self._controls.notify(**self._state())
        ended = not self._sweep.runner.running and not self._sweep.developing
        if self._stale and (ended or self._kept.is_blank or self._due.now(self._sweep.plan.count("done"))):
            self._stale = False
            self._kept.renew()

    def _bring_up_to_date(self, viewer: Viewer, dirty: dict[Key, PlannedCell]) -> None:
        for key, planned in dirty.items():
            place = key or (0,)
            shown = viewer.comparison.cells.get(place)  # of a long table not all rows are shown
            if shown is not None and (cell := self._sweep.cell(planned)) != shown:
                viewer.update_cell(place, cell)

    def _saved_page(self) -> str:
        # as of the last change: the clock alone is no reason to send all of it again
        page = pages.page(self._sweep, live=True, at=self._changed_at)
        return f'<div data-fox-stays="{self._mark}">{page}</div>'

    def _state(self) -> dict[str, Any]:
        """Say all that the controls show."""
        sweep, plan, runner = self._sweep, self._sweep.plan, self._sweep.runner
        counts = plan.counts()
        going = runner.running
        begun = going or bool(sweep.tasks)
        lines = sweep.findings_so_far() if self._viewer is not None and not going else []
        message = self._message
        if runner.stopped_because and not message:
            todo = "Run sends what is missing."
            if runner.stopped_because in BY_HAND:
                message = words_page(f"Stopped. Nothing more is sent; pictures in progress still arrive. {todo}")
            else:
                message = error_page(FoxError(f"The {sweep.kind} was stopped: {runner.stopped_because}", todo=todo))
        return {
            "plan": pages.plan_page(sweep) if plan.missing and not begun else pages.begun_page(sweep),
            "run": self._run_words(),
            "asks": self._asks,
            "canRun": bool(plan.missing) and not runner.sending and not self._starting,
            "canStop": runner.sending,
            "total": counts.total(),
            "over": pages.over_of(counts),
            "failed": counts["failed"] + counts["unknown"],
            "words": pages.how_far(sweep, left=False) if begun else "",
            "left": sweep.seconds if going else None,
            "going": going or sweep.developing > 0,
            "lines": lines,
            "said": message,
        }

    def _run_words(self) -> str:
        missing = self._sweep.plan.to_make
        if self._asks:
            return f"Yes, spend up to {self._sweep.cost}"
        return f"Run: {missing} picture{'s' if missing != 1 else ''}, up to {self._sweep.cost}" if missing else ""
