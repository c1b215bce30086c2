"""Panel: one model's form, its price, its button, what is under way, and the results below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as w

from fox_nb.display import task_pages
from fox_nb.session.pool import Pool
from fox_nb.widgets.asking import Asking
from fox_nb.widgets.control import Stack
from fox_nb.widgets.outcome import Outcome
from fox_nb.widgets.surface import Surface, missing_front_end

if TYPE_CHECKING:
    from collections.abc import Collection

    from fox_nb.session import Session, Task
    from fox_nb.widgets.control import Control
    from fox_nb.widgets.form import Form
    from fox_nb.widgets.gallery import Action

FILL = ("fill", "Use these settings")


class Board:
    """What a panel and the studio have in common: controls in a widget, results as outputs below it.

    Parameters
    ----------
    session : Session
        What sends and watches.
    """

    widget: w.VBox

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pool = Pool(4, "panel")
        self.outcome = Outcome(session, self._pool.submit, self._uses, self._landed)
        self.outcome.results.on_act(self._use)

    def _lay_out(self, part: Control) -> w.VBox:
        """Put the controls above what becomes of a press, with a word for where no front end is."""
        surface = Surface(Stack([part, self.outcome.part], kind="fox-panel"))
        inside = [self.outcome.slots.widget] if self.outcome.slots.widget is not None else []
        box = w.VBox([surface, *inside, missing_front_end(surface)])
        box.add_class("fox-nb-panel")
        return box

    def _uses(self, task: Task) -> list[Action]:
        """Return the buttons of a completed task."""
        raise NotImplementedError

    def _use(self, name: str, task: Task, number: int) -> None:
        """Do what such a button says."""
        raise NotImplementedError

    def _landed(self, task: Task) -> None:
        """Take note of a task that is over."""

    def _show(self, card: str, models: Collection[str]) -> None:
        """Display the controls, the room for results below them, and what is under way."""
        from IPython.display import display

        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        bundle = {"text/plain": repr(self), "text/html": card, "application/vnd.jupyter.widget-view+json": view}
        display(bundle, raw=True)
        self.outcome.slots.display()
        self.outcome.resume(models)


class Panel(Board):
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
        super().__init__(session)
        self._asking = Asking(session, model, self._pool, self.outcome.follow)
        self.widget = self._lay_out(self._asking.part)

    @property
    def form(self) -> Form:
        """The controls, which give and take plain values."""
        return self._asking.form

    def press(self) -> None:
        """Ask for what the form says, as a new take."""
        self._asking.press()

    def _uses(self, task: Task) -> list[Action]:
        words = self.form.request.on_result
        own = [FILL] if task.model == self.form.request.model else []
        return [*([("use", words)] if words and task.images else []), *own]

    def _use(self, name: str, task: Task, number: int) -> None:
        if name == "use":
            self.form.take_result(task, number)
        elif name == FILL[0]:
            self.form.fill(task.request)

    def _ipython_display_(self) -> None:
        request = self.form.request
        self.form.refresh()
        self._show(task_pages.panel_card(request, sandbox=self._session.gateway.is_sandbox), [request.model])

    def __repr__(self) -> str:
        return f"<Panel {self.form.request.model}>"
