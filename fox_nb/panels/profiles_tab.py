"""The Profiles tab: train a profile from photos that were looked at, and keep the names of those that are known."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as w

from fox_nb.errors import FoxError, InvalidRequest
from fox_nb.models import CreateProfile
from fox_nb.panels.head import head, key_is_empty, money_note
from fox_nb.panels.known_profiles import KnownProfiles
from fox_nb.panels.outcome import remedies
from fox_nb.panels.persons import PersonName
from fox_nb.panels.picture_control import consent_box
from fox_nb.panels.press import Press, lines_of
from fox_nb.panels.script import Layout, observe_always
from fox_nb.panels.task_cards import press_button
from fox_nb.panels.titles import Titles
from fox_nb.panels.training_photos import TrainingPhotos
from fox_nb.parameters import parameters
from fox_nb.render.html import when
from fox_nb.session import Session, Task
from fox_nb.session.pool import Pool
from fox_nb.session.training import TrainedProfiles
from fox_nb.store import FORGOTTEN

_STARTED = "{name} is being trained. This goes on when you close the notebook."


class ProfilesTab(w.VBox):  # type: ignore[misc]
    """An ipywidgets.VBox that trains a profile, and shows, renames, adds and forgets those that the store knows.

    Parameters
    ----------
    session : Session
        What sends and watches.
    changed : callable
        Called when the names have changed: selectors elsewhere should offer them.
    journalled : callable
        Called with each task as soon as the journal has it.
    """

    def __init__(
        self, session: Session, *, changed: Callable[[], None], journalled: Callable[[Task], None] = lambda _: None
    ) -> None:
        self._session = session
        self._pool = Pool(2, "profiles")
        self._changed = changed
        self._told_of = journalled
        self._lock = threading.Lock()
        self._price = ""
        self._parts: tuple[w.Widget, ...] = ()
        self._refused = ""
        """Why the key can pay for nothing."""
        self.profiles = TrainedProfiles(session)
        self.photos = TrainingPhotos(self.profiles, self._pool.submit, self._notify)
        self.name = PersonName(placeholder="Ada")
        self.agreed = consent_box(parameters(CreateProfile)[0].hint.consent)
        self.press = Press(
            controls={"photos": self.photos.picker, "name": self.name, "agreed": self.agreed},
            description=CreateProfile.press,
        )
        self.known = KnownProfiles()
        self.press.on("press", self._pressed)
        self.known.on("act", self._acted)
        self.known.on("ready", self._opened)
        for part in (self.name, self.photos.picker, self.agreed):
            observe_always(part, self._show_lacking)
        observe_always(self.photos.picker, self._withdraw_consent)
        words = w.HTML(head(CreateProfile, sandbox=session.gateway.is_sandbox), layout=Layout())
        self._parts = (words, self.photos.picker, self.name, self.agreed, self.press, self.known)
        super().__init__(self._parts, layout=Layout(), _dom_classes=("fox-nb-panel",))
        self._show_lacking()
        self._pool.submit(self._ask_prices)

    def close(self) -> None:
        """Close the tab and all its parts; a training that was begun goes on."""
        for part in self._parts:
            part.close()
        self._pool.close()
        super().close()

    def refresh(self) -> None:
        """List the profiles anew."""
        self._pool.submit(self._list)

    # -- training -----------------------------------------------------------------------------------------------

    def _notify(self, words: str) -> None:
        self.press.notify(words)
        self._show_lacking()

    def _lacks(self, name: str, *, agreed: bool) -> str:
        """Say what has to be done before a profile can be trained; '' when it can be."""
        lacking = [self.photos.lacking, "" if name.strip() else "a name", "" if agreed else "consent"]
        missing = [words for words in lacking if words]
        if not missing:
            return ""
        listed = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
        return f"To train, add {listed}."

    def _show_lacking(self) -> None:
        self.press.error = []
        self.press.hint = self._lacks(self.name.value, agreed=self.agreed.value) or self._refused

    def _withdraw_consent(self) -> None:
        """Take the tick away with the last photo: who is in the next ones has to be asked anew."""
        if not self.photos.picker.value:
            self.agreed.value = False

    def _pressed(self, seen: Mapping[str, Any]) -> None:
        name, agreed = str(seen.get("name", self.name.value)), bool(seen.get("agreed", self.agreed.value))
        self.press.begin(
            self._pool.submit, lambda: self._train(name, seen.get("photos"), agreed=agreed), self._show_anew
        )

    def _train(self, name: str, keys: Any, *, agreed: bool) -> None:
        try:
            if self._refused:  # it may have been topped up since
                self._ask_prices()
            self._report_outcome(self._trained(self.photos.sheet(keys), name, agreed=agreed))
        except Exception:
            self.press.notify("")
            raise

    def _show_anew(self) -> None:
        self.show_cost()
        self._list()

    def _trained(self, sheet: Any, name: str, *, agreed: bool) -> Task:
        lacks = self._lacks(name, agreed=agreed) or self._refused
        if lacks:
            raise InvalidRequest(lacks)

        def train(take: int | str) -> Task:
            return self.profiles.train(
                sheet,
                name,
                agreed=agreed,
                take=take,
                on_progress=self._notify,
                journalled=lambda task: self._begun(task, name),
            )

        try:
            return train(1)
        except InvalidRequest as error:
            if error.value != FORGOTTEN:
                raise
            return train("new")  # a person who ticks and presses once more means it

    def _begun(self, task: Task, name: str) -> None:
        """Show the task, and empty the form: from here on it cannot be lost. The session's thread is not held up."""
        self._show_progress(task)
        self._told_of(task)
        if not task.reused:
            self._pool.submit(lambda: self._emptied(name))

    def _emptied(self, name: str) -> None:
        self.photos.clear()
        self.name.value, self.agreed.value = "", False  # the next person has to be asked, too
        self._notify(_STARTED.format(name=name))
        self.press.stay_in_view()
        self._list()

    def _report_outcome(self, task: Task) -> None:
        if task.status in {"failed", "unknown"} and task.error is not None:
            raise task.error
        if task.reused and task.status == "completed":
            name = self.profiles[task.profile_id].name
            self.press.notify(f"These photos already trained {name}: nothing was sent or charged.")

    def follow(self, task: Task) -> None:
        """Look after a training and show its progress beside the button; list the profiles anew when it is over."""
        self._session.poller.watch(task)
        self._show_progress(task)

    def _show_progress(self, task: Task) -> None:
        if not task.is_over:
            title_of = Titles(self._session).of
            self.press.follow(task, title_of, lambda task: self._pool.submit(lambda: self._over(task)))

    def _over(self, task: Task) -> None:
        if task.status == "completed":
            name = self.profiles[task.profile_id].name
            self.press.notify(f"{name} is trained: choose it in the other tabs, or write [[{task.profile_id}]].")
        elif task.error is not None:
            self.press.fail(task.error)
        self._list()
        self._changed()

    def _opened(self) -> None:
        self._pool.submit(self._go_on)

    def _go_on(self) -> None:
        """Pick up what an earlier kernel left unfinished; sends nothing."""
        for task in self.profiles.trainings:
            if task.status in {"pending", "processing"}:
                self.follow(task)
        self._list()

    # -- the list -----------------------------------------------------------------------------------------------

    def _list(self) -> None:
        waiting = [self._waiting(task) for task in self.profiles.trainings]
        known = [
            {
                "key": profile.id,
                "id": profile.id,
                "name": profile.name,
                "since": f"since {when(profile.at)}",
                "state": "",
                "actions": [],
            }
            for profile in reversed(list(self.profiles))
        ]
        self.known.show([*waiting, *known])

    def _waiting(self, task: Task) -> dict[str, Any]:
        actions = [[action.name, action.words] for action in remedies(self._session, task, self._show_progress)]
        if task.status in {"failed", "refused"}:
            actions.append(["plan", "Forget\u2026"])
        words = {"failed": "its training failed", "refused": "was not sent", "unknown": "sent, and no answer came"}
        state = f"{words.get(task.status, 'being trained')}, asked for {when(task.asked_at)}"
        name = self.profiles.name_of(task)
        return {"key": task.identity, "id": "", "name": name, "since": "", "state": state, "actions": actions}

    def _acted(self, act: str, key: str, text: str) -> None:
        self._pool.submit(lambda: self._act(act, key, text))

    def _act(self, act: str, key: str, text: str) -> None:
        try:
            if act == "plan":
                self.known.notify("plan", self.profiles.forget(key, dry_run=True).lines, key=key)
                return
            if act == "rename":
                self.known.notify("said", [f"Renamed: {self.profiles.rename(key, text).name}"])
            elif act == "add":
                self.known.notify("said", [f"Added: {self.profiles.add(key, text).name}"])
                self.known.send_message("added")  # the lines for an id and its name are empty again
            elif act == "forget":
                self.known.notify("said", self.profiles.forget(key).lines)
            else:
                for task in [task for task in self.profiles.trainings if task.identity == key]:
                    press_button(act, remedies(self._session, task, self._show_progress))
        except Exception as error:  # noqa: BLE001 - as in _train
            self.known.notify("wrong", lines_of(error))
        self._list()
        self._changed()

    # -- the price ----------------------------------------------------------------------------------------------

    def _ask_prices(self) -> None:
        self.show_cost()
        self._session.prices.ask()
        self.show_cost()
        with contextlib.suppress(FoxError):  # a price is shown without it; a press says what is wrong
            self._session.billing.account(quiet=True)
            self.show_cost()

    def show_cost(self) -> None:
        """Say what a training would cost, and what is left."""
        cost = self._session.prices.cost(CreateProfile.unchecked())
        with self._lock:
            account = self._session.billing.known_account()
            was, self._price = self._price, cost.short
            self.press.price, self.press.note = cost.short, money_note(cost, self._session.left, account)
            is_class = self._session.prices.is_class
            self._refused = key_is_empty(account, self._session.now(), is_class=is_class)
            self.press.hint = self._lacks(self.name.value, agreed=self.agreed.value) or self._refused
        if was not in {"", cost.short}:
            self._list()  # 'Try again' names its price, too

    def __repr__(self) -> str:
        return "<ProfilesTab>"
