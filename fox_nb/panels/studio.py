"""Studio: all models' panels and the history in tabs, with results flowing between them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from fox_nb.display.places import show_last_value
from fox_nb.errors import InvalidRequest
from fox_nb.models import MODELS, CreateProfile
from fox_nb.panels.hand_in import HandIn
from fox_nb.panels.head import card, in_marimo
from fox_nb.panels.history_tab import HistoryTab
from fox_nb.panels.memory import Memory
from fox_nb.panels.outcome import remedies
from fox_nb.panels.panel import PAUSE, Panel, below_record, fill_action, panel_class
from fox_nb.panels.panel_traits import ByName
from fox_nb.panels.profiles_tab import ProfilesTab
from fox_nb.panels.record import Record
from fox_nb.panels.script import Layout, observe_always
from fox_nb.panels.task_cards import Action
from fox_nb.parameters import meant, not_allowed
from fox_nb.session.pool import Pool
from fox_nb.store import ON_ITS_WAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.display import HTML

    from fox_nb.experiments import Pictures
    from fox_nb.panels.pictures_view import PicturesView
    from fox_nb.session import Session, Task

_GONE = {
    "widget": " is gone: the studio is an ipywidget itself; show it, or put it into a box, as it is",
    "tabs": " is gone: studio.panels has the panels by their models, studio.selected_index says which tab is shown",
}
_CLOSED = "This studio was closed. Make a new one: fox.studio()."


class Studio(w.Tab):  # type: ignore[misc]
    """An ipywidgets.Tab of the models' panels, in their order, and the history.

    Attributes
    ----------
    panels : dict of str to Panel
        The panels by their models' names.
    """

    history: HistoryTab
    panels: dict[str, Panel]
    profiles: ProfilesTab

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pool = Pool(2, "studio")
        self._forget: Callable[[], None] = lambda: None  # what is half made is closed, too
        self._by_model: dict[str, Panel | ProfilesTab] = {}
        self._side: PicturesView | None = None
        self.history = HistoryTab(session, self._pool.submit, self._row_actions)
        self._compared = w.VBox([], layout=Layout())
        self._past = w.VBox([self.history, self._compared], layout=Layout())
        self._record = Record(self._card, Memory(session, "studio"))
        given: dict[str, Any] = {
            "record": self._record,
            "uses": self._uses,
            "journalled": lambda _: self.history.refresh(),
            "ended": self._ended,
        }
        panels = {model: panel_class(model)(session, **given) for model in MODELS if model != CreateProfile.model}
        self.panels = ByName(panels, _no_panel)
        self.profiles = ProfilesTab(session, changed=self._profiles_changed, journalled=given["journalled"])
        self._by_model = {CreateProfile.model: self.profiles, **self.panels}
        self.history.on("acted", self.history.refresh)
        self.history.on("compare", self._show_side_by_side)
        self._hand_in = HandIn(session, self._pool.submit, self._past)
        tabs = [*(self._by_model[model] for model in MODELS), self._past]
        titles = [*(request.title for request in MODELS.values()), "History"]
        super().__init__(tabs, titles=titles, layout=Layout(), _dom_classes=("fox-nb-studio",))
        observe_always(self, self._catch_up, "selected_index")
        self._record.open()
        self._forget = session.on_sent(lambda: self._pool.soon(self._catch_up, PAUSE))

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name.startswith("_") or hasattr(type(self), name) or name in Studio.__annotations__):
            raise InvalidRequest(
                f"studio.{name}{_GONE.get(name, ' is nothing that can be set')}.",
                parameter=name,
                todo="Each panel in it has its model's parameters: studio.panels[model].prompt = …",
            )
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name == "model_id":  # ipywidgets' own, until it is closed
            raise AttributeError(_CLOSED)
        raise AttributeError(f"studio.{name}{_GONE.get(name, ' is not there')}.", name=name, obj=self)

    def open(self) -> None:
        """Begin to be shown; what was closed has no tabs any more."""
        if self.comm is None and self.history.comm is None:
            raise AttributeError(_CLOSED)
        super().open()

    def close(self) -> None:
        """Close the studio and its own tabs, wherever they were laid; what is in progress goes on."""
        self._forget()
        for part in (*self._by_model.values(), *self._past.children, self._past):
            part.close()
        if self._side is not None:
            self._side.close()
        self._pool.close()
        super().close()

    def _uses(self, task: Task) -> list[Action]:
        uses = [
            self._leads(model, Action(f"use:{model}", request.on_result, partial(self.panels[model].take_result, task)))
            for model, request in MODELS.items()
            if request.on_result and task.images
        ]
        return [*uses[:2], *self._fill(task), *uses[2:]]

    def _fill(self, task: Task) -> list[Action]:
        known = self.panels.get(task.model)
        return [self._leads(task.model, fill_action(known, task))] if known else []

    def _leads(self, model: str, action: Action) -> Action:
        """Return a button that shows a model's tab then."""

        def run(number: int) -> None:
            action.run(number)
            self._go(model)

        return action._replace(run=run)

    def _row_actions(self, task: Task) -> list[Action]:
        """Return the buttons of a row of the history; one that is under way can be watched in its tab, too."""
        if task.status == "completed":
            return self._uses(task)
        tab = self._by_model.get(task.model)
        show: Callable[[Task], object] = tab.follow if tab else lambda _: None
        if task.status in ON_ITS_WAY:
            watch = Action("watch", "Show its progress", lambda _: show(task))
            return [self._leads(task.model, watch)] if tab else []
        return [*remedies(self._session, task, show), *self._fill(task)]

    def _show_side_by_side(self, pictures: Pictures) -> None:
        """Show several of the history side by side, below it; what was there before ends."""
        from fox_nb.panels.pictures_view import PicturesView

        before, self._side = self._side, PicturesView(pictures)
        self._compared.children = self._side.inside()
        if before is not None:
            before.close()

    def _go(self, model: str) -> None:
        """Show a model's tab, wherever it stands: somebody may have laid out the tabs anew, or have left it out."""
        if self._by_model[model] in self.children:
            self.selected_index = self.children.index(self._by_model[model])

    def _catch_up(self) -> None:
        """Bring up to date what is shown: somebody goes there, or something was sent, by code, too, or is over."""
        shown = None if self.selected_index is None else self.children[self.selected_index]
        if shown is self._past:
            self.history.refresh()
            self._pool.submit(self._hand_in.offer)
        elif shown is self.profiles:
            self.profiles.refresh()
        if isinstance(shown, (Panel, ProfilesTab)):
            self._pool.submit(shown.show_cost)  # what one tab has spent the others have no longer

    def _ended(self, task: Task) -> None:
        if task.profile_id:
            self._refresh()
        self.history.refresh()

    def _profiles_changed(self) -> None:
        self._refresh()
        self.history.refresh()

    def _refresh(self) -> None:
        for panel in self.panels.values():
            panel.refresh()

    def _card(self, earlier: int) -> str:
        return card("Studio: all models and the history", sandbox=self._session.gateway.is_sandbox, earlier=earlier)

    _ipython_display_ = show_last_value

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        shown = below_record(self, self._record)
        for panel in self.panels.values():
            panel.resume()
        return shown

    def _display_(self) -> HTML:
        return in_marimo({**{one.request: one.values for one in self.panels.values()}, CreateProfile: {}})

    def __repr__(self) -> str:
        return "<Studio>"


def _no_panel(name: str) -> InvalidRequest:
    """Return the error for a model that has no panel in the studio."""
    models = tuple(model for model in MODELS if model != CreateProfile.model)
    todo = "Profiles are trained in studio.profiles." if name == CreateProfile.model else ""
    return not_allowed("model", name, f"one of {', '.join(models)}", hint=meant(name, models), todo=todo)
