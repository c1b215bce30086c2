"""Panel: one model's form, its price, Generate, what is under way, and the results below."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from fox_nb.errors import FoxError
from fox_nb.session import pages
from fox_nb.session.pool import Pool
from fox_nb.widgets.control import missing_front_end
from fox_nb.widgets.form import Form
from fox_nb.widgets.live import Live
from fox_nb.widgets.slots import Slots

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
        self.form = Form(model, session.profiles)
        self._pool = Pool(4, "panel")
        self._lock = threading.Lock()
        self._pressed = float("-inf")
        self._live = Live()
        self._slots = Slots()
        self._cost = w.HTML()
        self._said = w.HTML()
        self._button = w.Button(
            description="Generate" if self.form.request.method in {"generate", "imagine"} else self.form.request.title,
            button_style="primary",
            tooltip="Ctrl+Enter in the prompt does the same",
            layout=w.Layout(width="auto", min_width="9em"),
        )
        self._button.on_click(lambda _: self.press())
        self.form.on_submit(self.press)
        self.form.on_change(self._show_cost)
        self.widget = w.VBox(
            [
                w.HTML(pages.panel_head(self.form.request, sandbox=session.gateway.is_sandbox)),
                missing_front_end(self.form.controls),
                *(field.widget for field in self.form.fields.values()),
                w.HBox([self._button, self._cost], layout=w.Layout(align_items="center", flex_flow="row wrap")),
                self._said,
                self._live.widget,
                *([self._slots.widget] if self._slots.widget is not None else []),
            ],
            layout=w.Layout(max_width="60em"),
        )
        self.widget.add_class("fox-nb-panel")
        self._show_cost()
        self._pool.submit(self._ask_prices)

    def press(self) -> None:
        """Ask for what the form says, as a new take; a double click is one press."""
        now = time.monotonic()
        with self._lock:
            if self._button.disabled or now - self._pressed < DOUBLE_CLICK:
                return
            self._pressed = now
            self._button.disabled = True
        self._said.value = ""
        values = self.form.values
        self._pool.submit(lambda: self._submit(values))

    def _submit(self, values: dict[str, Any]) -> None:
        try:
            self._session.submit(self.form.request.model, values, "new", journalled=self._journalled)
        except FoxError as error:
            self._said.value = pages.error_page(error)
        finally:
            self._button.disabled = False

    def _journalled(self, task: Task) -> None:
        """Show the task; from here on it cannot be lost, so the next press may come."""
        self.follow(task)
        self._button.disabled = False

    def follow(self, task: Task) -> None:
        """Show a task's progress in the panel and its pictures below."""
        slot = self._slots.take(pages.task_page(task))
        self._live.add(task, lambda task: slot.update(pages.task_page(task)))

    def _ask_prices(self) -> None:
        self._session.prices.ask()
        self._show_cost()

    def _show_cost(self) -> None:
        self._cost.value = pages.cost_line(self._session.prices.cost(self.form.example()), self._session.left)

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
        display(bundle, raw=True)
        self._slots.display()
        for row in self._session.unfinished():
            if row.model == self.form.request.model and row.state != "unknown":
                task = self._session.task(row)
                self._session.watch(task)
                self.follow(task)

    def __repr__(self) -> str:
        return f"<Panel {self.form.request.model}>"
