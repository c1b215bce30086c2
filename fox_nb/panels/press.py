"""Press: the button of a panel, what a press costs, what went wrong, and what is under way, all where the eyes are."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import ipywidgets as w
import traitlets

from fox_nb.errors import FoxError, KeyMissing, SubmissionUnknown
from fox_nb.panels.script import Scripted
from fox_nb.render.html import clip
from fox_nb.session import Task
from fox_nb.settings import in_voila

LOOK_IT_UP = "Check your bill for that minute, then press below what you found."
ACCEPT_IT = "Press below to accept that, or what you found yourself."
_LONGEST = 1000
_OF_THE_ACCOUNT = re.compile(r"\(HTTP (40[123]|5\d\d)\b")
"""In what the gateway says of key and account, or of itself, whether it comes now or from the journal."""
_CODE = re.compile(r"\w\(|\w=|FOXAPI")
"""What only who writes code can do."""
_HIDDEN = "Hidden: {title}. It can't be cancelled: it will still be made and charged, and comes into the history."


def in_words(error: Exception) -> FoxError:
    """Return an error of ours as it is; one that nobody foresaw by its name, with a word on what is safe."""
    if isinstance(error, FoxError):
        return error
    if isinstance(error, ValueError):
        return FoxError(str(error))
    reason = error.strerror if isinstance(error, OSError) and in_voila() else error  # no visitor is told a path
    return FoxError(
        f"Something went wrong in this notebook: {type(error).__name__}: {reason}",
        money="What was sent before is in the history and is not sent again.",
    )


def lines_of(error: Exception) -> list[str]:
    """Return an error's sentences, to a visitor those that are for one."""
    ours = in_words(error)
    if in_voila():
        return [line for line in _for_a_visitor(ours) if line]
    todo = _next_press(error) if isinstance(error, SubmissionUnknown) else ours.todo
    return [line for line in (ours.what, ours.money, todo) if line]


def _next_press(error: SubmissionUnknown) -> str:
    """Say which button is next: the one that accepts what the bill has shown, where it was read."""
    proposal = error.task.proposal if error.task is not None else None
    return ACCEPT_IT if proposal is not None and proposal.code else LOOK_IT_UP


def _for_a_visitor(error: FoxError) -> tuple[str, ...]:
    """Say it to somebody who has neither key nor bill nor code here, and is told nothing of the account."""
    if isinstance(error, SubmissionUnknown):
        return "No usable answer came.", "It may count in this app's budget.", "Ask for another picture."
    if isinstance(error, KeyMissing) or _OF_THE_ACCOUNT.search(error.what):
        return "This app can't do that just now.", error.money, "Tell the people who run it."
    return error.what, error.money, "" if _CODE.search(error.todo) else error.todo


class Press(Scripted):
    """A button that hands over, in one message, what the controls show in its page; tasks under way stand beside it.

    The seconds of what is under way run in the browser; a message goes there only when something has changed. Nothing
    of it is synced, so no saved notebook shows a task that has long ended as under way; nor is what went wrong, which
    may name files and people.

    At each press it tells "press", with what the controls showed by their names.

    Parameters
    ----------
    controls : dict of str to ipywidgets.Widget
        The widgets whose values a press takes along, by name.
    description : str
        What stands on the button.
    hint : str
        What has to be done before a press makes sense; the button looks switched off until then, and says so.
    price, note : str
        What a press will cost, and what kind of money that is.
    again : bool
        Whether nothing was changed since the last press.
    busy : bool
        Whether a press is being dealt with.
    error : list of str
        What went wrong, the money, what to do; announced at once.
    """

    part = "press"

    controls = traitlets.Dict(value_trait=traitlets.Instance(w.Widget)).tag(sync=True, **w.widget_serialization)
    description = traitlets.Unicode("").tag(sync=True)
    hint = traitlets.Unicode("").tag(sync=True)
    price = traitlets.Unicode("").tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)
    again = traitlets.Bool(default_value=False).tag(sync=True)
    busy = traitlets.Bool(default_value=False).tag(sync=True)
    error: traitlets.List[str] = traitlets.List(traitlets.Unicode())

    def __init__(self, **traits: Any) -> None:
        self._under_way: dict[str, tuple[Task, Callable[[Task], str]]] = {}
        """What is shown: the tasks and what names them."""
        self._turn = 0
        """Which press is, or was last, being dealt with."""
        self._lock = threading.Lock()
        super().__init__(**traits)

    def begin(
        self,
        later: Callable[[Callable[[], Any]], Any],
        work: Callable[[], object],
        then: Callable[[], object] = lambda: None,
    ) -> None:
        """Have what a press asks for done on another thread, one press at a time; what goes wrong is said here.

        Parameters
        ----------
        later : callable
            Has slow work done on another thread.
        work : callable
            Does it; it may set `busy` to False as soon as another press may come.
        then : callable, optional
            Called after it, whatever became of it; where there is no thread to do it, nothing has become of it.
        """
        with self._lock:
            if self.busy:
                return
            self._turn += 1
            turn, self.busy = self._turn, True
        self.error = []

        def done() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - nobody else would ever see it: a person pressed something
                self.fail(error)
            finally:
                self._end(turn)
            then()

        try:
            later(done)
        except FoxError as error:  # there is no thread to do it
            self.fail(error)
            self._end(turn)

    def _end(self, turn: int) -> None:
        with self._lock:
            if turn == self._turn:  # else the button is another press's by now
                self.busy = False

    def fail(self, error: Exception) -> None:
        """Say what went wrong, in the three sentences of every error."""
        self.error = [clip(line, _LONGEST) for line in lines_of(error)]

    def notify(self, words: str) -> None:
        """Say below the button how things stand; announced politely."""
        self.retain_message("said", said=words)

    def stay_in_view(self) -> None:
        """Stay where it is seen by whoever pressed it: what stood above it is gone."""
        self.send_message("stay")

    def follow(self, task: Task, title_of: Callable[[Task], str], when_over: Callable[[Task], object]) -> None:
        """Show a task until it is over, then call `when_over(task)`; one that is shown already stays as it is."""
        with self._lock:
            if task.identity in self._under_way:
                return
            self._under_way[task.identity] = task, title_of

        def changed(task: Task, over: bool) -> None:
            if not over:
                self._send_row(task, title_of)
                return
            self._remove(task, f"{clip(title_of(task), 80)}: {task.status}.")
            when_over(task)

        task.follow(changed)

    def show(self, task: Task, title_of: Callable[[Task], str]) -> None:
        """Show a task that is followed once more, where a person has hidden it."""
        with self._lock:
            if not task.is_over:
                self._under_way.setdefault(task.identity, (task, title_of))
        self._send_row(task, title_of)

    def _send_row(self, task: Task, title_of: Callable[[Task], str]) -> None:
        item = _row(task, title_of(task))
        with self._lock:  # else a page could hear of it after it is gone, and would show it for good
            if task.identity in self._under_way:
                self.send_message("row", item=item)

    def _remove(self, task: Task, status: str) -> None:
        with self._lock:
            if self._under_way.pop(task.identity, None) is not None:
                self.send_message("gone", key=task.identity, said=status)

    @traitlets.observe("error")
    def _error_changed(self, change: dict[str, Any]) -> None:
        self.retain_message("error", lines=change["new"])

    # What a browser says

    def _on_ready(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        super()._on_ready(content, buffers)
        with self._lock:
            shown = list(self._under_way.values())
        for task, title_of in shown:
            self._send_row(task, title_of)

    def _on_press(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        values = content.get("values")
        try:
            self._emit("press", values if isinstance(values, dict) else {})
        finally:
            self.send_message("received")

    def _on_hide(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Take a row away; the task itself is still looked after, so that nothing that is paid for is lost."""
        shown = self._under_way.get(str(content.get("key")))
        if shown is not None:
            task, title_of = shown
            self._remove(task, _HIDDEN.format(title=clip(title_of(task), 80)))


def _row(task: Task, title: str) -> dict[str, Any]:
    return {
        "key": task.identity,
        "title": clip(title, 200),
        "status": task.status,
        "percent": task.progress,
        "gone": task.waited,
        "estimated": task.estimate,
        "note": clip(task.trouble) if task.trouble is not None else "",
    }
