"""Asking: one model's form, what a press will cost, and the press: once at a time, and never waited for."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from fox_nb.display import task_pages
from fox_nb.errors import FoxError
from fox_nb.widgets.actions import Actions
from fox_nb.widgets.control import Stack, Words
from fox_nb.widgets.field import Bench
from fox_nb.widgets.form import Form

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fox_nb.session import Session, Task
    from fox_nb.session.pool import Pool

DOUBLE_CLICK = 1.0
"""Seconds within which a second press is the same press."""


class Asking:
    """The controls of one model and its button.

    Parameters
    ----------
    session : Session
        What sends.
    model : str
        The gateway's name of the model.
    pool : Pool
        Where slow work is done.
    journalled : callable
        Called with each task as soon as the journal has it.

    Attributes
    ----------
    part : Control
        What is shown.
    """

    def __init__(self, session: Session, model: str, pool: Pool, journalled: Callable[[Task], None]) -> None:
        self._session = session
        self._pool = pool
        self._tell = journalled
        self.form = Form(model, Bench(session.profiles, session.store, pool.submit))
        self._lock = threading.Lock()
        self._pricing = threading.Lock()
        self._pressed = float("-inf")
        self._values: dict[str, Any] | None = None
        self._actions = Actions(words=self.form.request.press, fields=self.form.value_ids)
        self._actions.on_press(self.press)
        self.form.on_submit(self._actions.press)
        self.form.on_change(self._cost_changed)
        head = Words(html=task_pages.panel_head(self.form.request, sandbox=session.gateway.is_sandbox))
        self.part = Stack([head, *(field.part for field in self.form.fields.values()), self._actions])
        self._cost_changed()
        self._actions.on_ready(lambda: pool.submit(self._ask_prices))

    def press(self, seen: Mapping[str, Any] | None = None) -> None:
        """Ask for what the form says, as a new take; a double click is one press.

        Parameters
        ----------
        seen : mapping, optional
            What the browser's controls say by their ids: with subshells it is ahead of what has arrived here.
        """
        try:
            values = self.form.whole_values(seen or {})
        except FoxError as error:
            self._actions.fail(error)
            return
        now = time.monotonic()
        with self._lock:
            again = values == self._values and now - self._pressed < DOUBLE_CLICK
            if self._actions.busy or again:
                return
            self._pressed, self._values = now, values
            self._actions.busy = True
        self._actions.error = []
        self._pool.submit(lambda: self._submit(values))

    def _submit(self, values: dict[str, Any]) -> None:
        handed_on: list[Task] = []

        def journalled(task: Task) -> None:
            handed_on.append(task)
            self._journalled(task)

        try:
            self._session.submit(self.form.request.model, values, "new", journalled=journalled)
        except Exception as error:  # noqa: BLE001 - nobody else would ever see it: this is a thread of our own
            self._failed(error)
        finally:
            if not handed_on:  # else the button may be another press's by now
                self._actions.busy = False
            self._show_cost()

    def _failed(self, error: Exception) -> None:
        """Say what went wrong; the form stays as it is, and the next press may come at once."""
        self._actions.fail(error)
        with self._lock:
            self._values = None

    def _journalled(self, task: Task) -> None:
        """Hand the task on; from here on it cannot be lost, so the next press may come."""
        self._tell(task)
        self._actions.busy = False

    def _ask_prices(self) -> None:
        """Ask once somebody sees the panel: no panel comes to the screen later for the sake of its price."""
        self._session.prices.ask()
        self._show_cost()

    def _cost_changed(self) -> None:
        self._pool.submit(self._show_cost)

    def _show_cost(self) -> None:
        """Say what a press would cost; the last one to do so has read the form last."""
        with self._pricing:
            cost = self._session.prices.cost(self.form.example())
            self._actions.cost, self._actions.cost_note = task_pages.cost_words(cost, self._session.left)
