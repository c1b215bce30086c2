"""Studio: all models' panels and the history in tabs, with results flowing between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fox_nb.display import task_pages
from fox_nb.models import MODELS, CreateProfile
from fox_nb.store import ON_ITS_WAY
from fox_nb.widgets.asking import Asking
from fox_nb.widgets.history import History
from fox_nb.widgets.panel import FILL, Board
from fox_nb.widgets.profiles_tab import ProfilesTab
from fox_nb.widgets.tabs import Tabs

if TYPE_CHECKING:
    from fox_nb.session import Session, Task
    from fox_nb.widgets.control import Control
    from fox_nb.widgets.gallery import Action

WATCH = ("watch", "Watch it")


class Studio(Board):
    """Tabs made of the request classes, in their order, and the history.

    Parameters
    ----------
    session : Session
        What sends and watches.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.profiles = ProfilesTab(session, follow=self._follow, changed=self._refresh)
        self.askings = {
            model: Asking(session, model, self._pool, self._follow) for model in MODELS if model != CreateProfile.model
        }
        self.history = History(session, self._pool.submit, self._row_actions, label="History")
        self.history.on_act(self._act)
        titles = [*(request.title for request in MODELS.values()), "History"]
        by_model = {CreateProfile.model: self.profiles.part, **{m: a.part for m, a in self.askings.items()}}
        pages_of_it: list[Control] = [*(by_model[model] for model in MODELS), self.history]
        self.tabs = Tabs(pages_of_it, titles=titles, label="Studio")
        self.tabs.on_show(self._shown)
        self.widget = self._lay_out(self.tabs)

    def _follow(self, task: Task) -> None:
        self.outcome.follow(task)
        self.history.refresh()

    def _uses(self, task: Task) -> list[Action]:
        found = [(f"use:{model}", request.on_result) for model, request in MODELS.items() if request.on_result]
        uses = found if task.images else []
        known = [FILL] if task.model in self.askings else []
        return [*uses[:2], *known, *uses[2:]]

    def _row_actions(self, task: Task) -> list[Action]:
        """Return the buttons of a row of the history; one that is under way can be watched here, too."""
        if task.status in ON_ITS_WAY:
            return [WATCH]
        known = [FILL] if task.model in self.askings and task.status != "completed" else []
        return [*self.outcome.actions(task), *known]

    def _act(self, name: str, task: Task, number: int) -> None:
        self.outcome.act(name, task, number)
        self._use(name, task, number)

    def _use(self, name: str, task: Task, number: int) -> None:
        if name == WATCH[0]:
            self._session.watch(task)
            self.outcome.follow(task)
        elif name == FILL[0]:
            self.askings[task.model].form.fill(task.request)
            self._go(task.model)
        elif name.startswith("use:"):
            model = name.removeprefix("use:")
            self.askings[model].form.take_result(task, number)
            self._go(model)

    def _go(self, model: str) -> None:
        self.tabs.go(list(MODELS).index(model))

    def _shown(self, index: int) -> None:
        """Bring up to date what somebody goes to."""
        if index == len(MODELS):
            self.history.refresh()
        elif list(MODELS)[index] == CreateProfile.model:
            self.profiles.refresh()

    def _landed(self, task: Task) -> None:
        if task.profile_id:
            self._refresh()
        self.history.refresh()

    def _refresh(self) -> None:
        for asking in self.askings.values():
            asking.form.refresh()

    def _ipython_display_(self) -> None:
        self._refresh()
        self._show(task_pages.studio_card(sandbox=self._session.gateway.is_sandbox), list(MODELS))

    def __repr__(self) -> str:
        return "<Studio>"
