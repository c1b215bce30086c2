"""Panel: one model's form, its price, Generate, what is under way, and the results below."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from fox_nb.errors import FoxError
from fox_nb.session import pages
from fox_nb.session.pool import Pool
from fox_nb.widgets.actions import Actions
from fox_nb.widgets.control import missing_front_end
from fox_nb.widgets.field import Bench
from fox_nb.widgets.form import Form
from fox_nb.widgets.live import Live
from fox_nb.widgets.slots import Slots
from fox_nb.widgets.theme import THEME

if TYPE_CHECKING:
    from fox_nb.session import Session, Task

DOUBLE_CLICK = 1.0
"""Seconds within which a second press is the same press."""


class Panel:
    """The panel of one model.

    Parameters
    ----------
    session : Session
        What sends and watches.
    model : str
        The gateway's name of the model.

    Attributes
    ----------
    widget : ipywidgets.VBox
        The controls; the results are outputs below it.
    """

    def __init__(self, session: Session, model: str) -> None:
        self._session = session
        self._pool = Pool(4, "panel")
        self.form = Form(model, Bench(session.profiles, session.store, self._pool.submit))
        self._lock = threading.Lock()
        self._pricing = threading.Lock()
        self._pressed = float("-inf")
        self._live = Live()
        self._slots = Slots()
        request = self.form.request
        self._actions = Actions(words="Generate" if request.method in {"generate", "imagine"} else request.title)
        self._actions.on_press(self.press)
        self.form.on_submit(self.press)
        self.form.on_change(self._cost_changed)
        controls = [*self.form.controls, self._actions, self._live]
        self.widget = w.VBox(
            [
                w.HTML(THEME + pages.panel_head(request, sandbox=session.gateway.is_sandbox)),
                *(field.widget for field in self.form.fields.values()),
                self._actions,
                self._live,
                missing_front_end(controls),
                *([self._slots.widget] if self._slots.widget is not None else []),
            ]
        )
        self.widget.add_class("fox-nb-panel")
        self._pool.submit(self._ask_prices)

    def press(self) -> None:
        """Ask for what the form says, as a new take; a double click is one press."""
        now = time.monotonic()
        with self._lock:
            if self._actions.busy or now - self._pressed < DOUBLE_CLICK:
                return
            self._pressed = now
            self._actions.busy = True
        self._actions.error = []
        try:
            values = self.form.whole_values()
        except FoxError as error:
            self._failed(error)
        else:
            self._pool.submit(lambda: self._submit(values))

    def _submit(self, values: dict[str, Any]) -> None:
        try:
            self._session.submit(self.form.request.model, values, "new", journalled=self._journalled)
        except FoxError as error:
            self._failed(error)
        finally:
            self._actions.busy = False
            self._show_cost()

    def _failed(self, error: FoxError) -> None:
        """Say what went wrong; the form stays as it is, and the next press may come at once."""
        self._actions.fail(error)
        with self._lock:
            self._pressed = float("-inf")
            self._actions.busy = False

    def _journalled(self, task: Task) -> None:
        """Show the task; from here on it cannot be lost, so the next press may come."""
        self.follow(task)
        self._actions.busy = False

    def follow(self, task: Task) -> None:
        """Show a task's progress in the panel and its pictures below."""
        slot = self._slots.take(pages.sent_page(task))
        self._live.add(task, lambda task: slot.update(pages.task_page(task)))

    def _cost_changed(self) -> None:
        self._pool.submit(self._show_cost)

    def _ask_prices(self) -> None:
        self._show_cost()
        self._session.prices.ask()
        self._show_cost()

    def _show_cost(self) -> None:
        """Say what a press would cost; the last one to do so has read the form last."""
        with self._pricing:
            cost = self._session.prices.cost(self.form.example())
            self._actions.cost, self._actions.cost_note = pages.cost_words(cost, self._session.left)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        bundle = {
            "text/plain": repr(self),
            "text/html": pages.panel_card(self.form.request, sandbox=self._session.gateway.is_sandbox),
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.widget.model_id,
            },
        }
        self.form.refresh()
        display(bundle, raw=True)
        self._slots.display()
        for row in self._session.unfinished():
            if row.model == self.form.request.model and row.state != "unknown":
                task = self._session.task(row)
                self._session.watch(task)
                self.follow(task)

    def __repr__(self) -> str:
        return f"<Panel {self.form.request.model}>"
