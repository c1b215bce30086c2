"""The Profiles tab: train a profile from photos that were looked at, and keep the names of those that are known."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fox_nb.display import task_pages
from fox_nb.errors import FoxError, InvalidRequest
from fox_nb.models import CreateProfile
from fox_nb.parameters import parameters
from fox_nb.session.pool import Pool
from fox_nb.session.training import TrainedProfiles
from fox_nb.store.people import FORGOTTEN
from fox_nb.widgets.control import Stack, Words
from fox_nb.widgets.known_profiles import KnownProfiles
from fox_nb.widgets.pictures import NO_WAY_BACK
from fox_nb.widgets.training_form import TrainingForm
from fox_nb.widgets.training_photos import TrainingPhotos

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.session import Session, Task

_RETRY = [["retry", "Try again"], ["plan", "Forget\u2026"]]
_SETTLE = [["unpaid", "It was not charged"], ["paid", "It was charged"], ["retry", "Send it again"]]
_STARTED = "{name} is being trained. It goes on when the notebook is closed; its name is kept for when it is done."


class ProfilesTab:
    """Train a profile, and see, rename, add and forget those that the store knows.

    Parameters
    ----------
    session : Session
        What sends and watches.
    follow : callable
        Shows a task's progress.
    changed : callable
        Called when the names have changed: selectors elsewhere should offer them.

    Attributes
    ----------
    part : Control
        What is shown.
    """

    def __init__(
        self,
        session: Session,
        *,
        follow: Callable[[Task], None],
        changed: Callable[[], None],
    ) -> None:
        self._session = session
        self._pool = Pool(2, "profiles")
        self._follow = follow
        self._changed = changed
        self._lock = threading.Lock()
        self._followed: set[str] = set()
        self.profiles = TrainedProfiles(session)
        self.photos = TrainingPhotos(self.profiles, self._pool.submit, self._told)
        self.form = TrainingForm(
            lacking=self.photos.lacking,
            consent=parameters(CreateProfile)[0].hint.consent,
            help=NO_WAY_BACK,
            fields=[self.photos.picker.id],
        )
        self.known = KnownProfiles(label="Known profiles")
        self.form.on_press(self._press)
        self.known.on_act(self._acted)
        self.known.on_ready(self._opened)
        head = Words(html=task_pages.panel_head(CreateProfile, sandbox=session.gateway.is_sandbox))
        self.part = Stack([head, self.photos.part, self.form, self.known])
        self._pool.submit(self._ask_prices)

    def refresh(self) -> None:
        """List the profiles anew."""
        self._pool.submit(self._list)

    # -- training -----------------------------------------------------------------------------------------------

    def _told(self, words: str) -> None:
        self.form.said = words
        self.form.lacking = self.photos.lacking

    def _press(self, name: str, agreed: bool, values: dict[str, Any]) -> None:
        with self._lock:
            if self.form.busy:
                return
            self.form.busy = True
        self.form.error = []
        keys = values.get(self.photos.picker.id)
        self._pool.submit(lambda: self._train(name, agreed, keys))

    def _train(self, name: str, agreed: bool, keys: Any) -> None:
        try:
            sheet = self.photos.sheet(keys)
            task = self._trained(sheet, name, agreed=agreed)
            self._say_outcome(task)
        except FoxError as error:
            self.form.fail(error)
            self.form.said = ""
        finally:
            self.form.busy = False
            self.form.lacking = self.photos.lacking
            self._show_cost()
            self._list()

    def _trained(self, sheet: Any, name: str, *, agreed: bool) -> Task:
        def train(take: int | str) -> Task:
            return self.profiles.train(
                sheet, name, agreed=agreed, take=take, told=self._told, journalled=lambda task: self._begun(task, name)
            )

        try:
            return train(1)
        except InvalidRequest as error:
            if error.value != FORGOTTEN:
                raise
            return train("new")  # a person who ticks and presses once more means it

    def _begun(self, task: Task, name: str) -> None:
        """Show the task, and empty the form: from here on it cannot be lost. The session's thread is not held up."""
        self._follow_until_over(task)
        if not task.reused:
            self._pool.submit(lambda: self._emptied(name))

    def _emptied(self, name: str) -> None:
        self.photos.clear()
        self.form.clear()
        self._told(_STARTED.format(name=name))
        self._list()

    def _say_outcome(self, task: Task) -> None:
        if task.status in {"failed", "unknown"} and task.error is not None:
            raise task.error
        if task.reused and task.status == "completed":
            name = self.profiles[task.profile_id].name
            self.form.said = f"These photos trained {name} already: nothing was sent or paid."

    def _follow_until_over(self, task: Task) -> None:
        """Show a task's progress, and list the profiles anew when it is over."""
        with self._lock:
            if task.is_over or task.identity in self._followed:
                return
            self._followed.add(task.identity)

        def changed(task: Task) -> None:
            if not task.is_over:
                return
            forget()
            with self._lock:
                if task.identity not in self._followed:
                    return
                self._followed.discard(task.identity)
            self._pool.submit(lambda: self._over(task))

        forget = task.on_change(changed)
        self._follow(task)
        changed(task)

    def _over(self, task: Task) -> None:
        if task.status == "completed":
            name = self.profiles[task.profile_id].name
            self.form.said = f"{name} is trained: choose it in the other tabs, or write [[{task.profile_id}]]."
        elif task.error is not None:
            self.form.fail(task.error)
        self._list()
        self._changed()

    def _opened(self) -> None:
        self._pool.submit(self._go_on)

    def _go_on(self) -> None:
        """Pick up what an earlier kernel left unfinished; sends nothing."""
        for task in self.profiles.trainings:
            if task.status in {"pending", "processing"}:
                self._session.watch(task)
                self._follow_until_over(task)
        self._list()

    # -- the list -----------------------------------------------------------------------------------------------

    def _list(self) -> None:
        waiting = [_waiting(task, self.profiles.name_of(task)) for task in self.profiles.trainings]
        known = [
            {
                "key": profile.id,
                "id": profile.id,
                "name": profile.name,
                "since": f"since {_day(profile.at)}",
                "state": "",
                "actions": [],
            }
            for profile in reversed(list(self.profiles))
        ]
        self.known.show([*waiting, *known])

    def _acted(self, act: str, key: str, text: str) -> None:
        self._pool.submit(lambda: self._act(act, key, text))

    def _act(self, act: str, key: str, text: str) -> None:
        try:
            if act == "plan":
                self.known.plan(key, self.profiles.forget(key, dry_run=True).lines)
                return
            if act in {"retry", "paid", "unpaid"}:
                self._settle(act, key)
            elif act == "rename":
                self.known.say(f"Renamed: {self.profiles.rename(key, text).name}")
            elif act == "add":
                self.known.say(f"Added: {self.profiles.add(key, text).name}")
                self.known.added()
            elif act == "forget":
                self.known.say(*self.profiles.forget(key).lines)
        except FoxError as error:
            self.known.wrong(error.what, error.money, error.todo)
        self._list()
        self._changed()

    def _settle(self, act: str, key: str) -> None:
        """Send a training again, or note what the person found out of one whose answer was lost."""
        task = next((task for task in self.profiles.trainings if task.identity == key), None)
        if task is None:
            return
        if act == "retry":
            task.retry()
            self._follow_until_over(task)
        else:
            task.settle(paid=act == "paid")

    # -- the price ----------------------------------------------------------------------------------------------

    def _ask_prices(self) -> None:
        self._show_cost()
        self._session.prices.ask()
        self._show_cost()

    def _show_cost(self) -> None:
        cost = self._session.prices.cost(CreateProfile.unchecked())
        self.form.cost, self.form.cost_note = task_pages.cost_words(cost, self._session.left)

    def __repr__(self) -> str:
        return "<ProfilesTab>"


def _waiting(task: Task, name: str) -> dict[str, Any]:
    actions = _SETTLE if task.status == "unknown" else _RETRY if task.status in {"failed", "refused"} else []
    words = {"failed": "its training failed", "refused": "was not sent", "unknown": "sent, and no answer came"}
    since = _day(task.asked_at)
    state = f"{words.get(task.status, 'being trained')}, asked for {since}"
    return {"key": task.identity, "id": "", "name": name, "since": "", "state": state, "actions": actions}


def _day(at: float) -> str:
    from fox_nb.render.html import clock, day

    when = datetime.fromtimestamp(at).astimezone()
    return f"{day(when)}, {clock(when)}"
