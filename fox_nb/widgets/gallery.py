"""Gallery: results that can be pressed: a strip of the newest, or the rows of the history.

Pixels are never traits: the browser asks for each thumbnail once, for a larger view when somebody opens it, and for the
whole file in pieces when somebody saves it. All of that is read on other threads.
"""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

import traitlets

from fox_nb.display import task_pages
from fox_nb.errors import FoxError
from fox_nb.render.html import clip, clock, day, duration
from fox_nb.widgets.actions import lines_of
from fox_nb.widgets.control import Control

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.session import Image, Task

PIECE = 900_000
"""Bytes of a file in one message; servers refuse messages of 10 MB."""
_THUMB = (224, 7_000)
_PREVIEW = (1280, 160_000)
_LONGEST_TITLE = 400
_LONGEST_WORDS = 600

Action = tuple[str, str]


class Gallery(Control):
    """Tasks with their pictures and what can be done with them.

    Parameters
    ----------
    later : callable
        Has slow work done on another thread.
    actions : callable
        Gives the names and words of the buttons of a task; all of them stand in the larger view.
    mode : str
        'strip' or 'table'.
    rows : int
        How many rows a page of a table has.
    quick : int
        How many of the buttons stand beside each picture.
    """

    module = "gallery"

    mode = traitlets.Unicode("strip").tag(sync=True)
    empty = traitlets.Unicode("").tag(sync=True)
    rows = traitlets.Int(20).tag(sync=True)
    quick = traitlets.Int(2).tag(sync=True)

    def __init__(
        self,
        later: Callable[[Callable[[], Any]], Any],
        actions: Callable[[Task], list[Action]],
        **traits: Any,
    ) -> None:
        self._later = later
        self._actions = actions
        self._tasks: dict[str, Task] = {}
        self._acts: list[Callable[[str, Task, int], None]] = []
        self._lock = threading.Lock()
        super().__init__(**traits)

    def on_act(self, callback: Callable[[str, Task, int], None]) -> None:
        """Call `callback(name, task, number of the picture)` on another thread when a button is pressed.

        What it raises is said below the results.
        """
        self._acts.append(callback)

    def item(self, task: Task) -> dict[str, Any]:
        """Say of a task what its card or row shows."""
        actions = self._actions(task)
        when = datetime.fromtimestamp(task.asked_at).astimezone()
        return {
            "key": task.identity,
            "title": clip(task_pages.title(task), _LONGEST_TITLE),
            "status": task.status,
            "facts": [[name, clip(value, 120)] for name, value in task_pages.facts(task)],
            "when": f"{day(when)}, {clock(when)}",
            "pictures": [{"number": i.number, "width": i.width, "height": i.height} for i in task.images],
            "words": [clip(line, _LONGEST_WORDS) for line in _words(task, actions) if line],
            "actions": [list(action) for action in actions],
        }

    def wrong(self, error: Exception, **about: Any) -> None:
        """Say what went wrong with a press, as an alert."""
        self.send({"type": "wrong", "lines": [clip(line, _LONGEST_WORDS) for line in lines_of(error)], **about})

    def _image(self, content: dict[str, Any]) -> Image | None:
        task = self._tasks.get(str(content.get("key")))
        images = task.images if task is not None else []
        return next((image for image in images if image.number == content.get("number")), None)

    # What a browser says

    def _on_thumb(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._later(lambda: self._small("thumb", content, *_THUMB))

    def _on_preview(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._later(lambda: self._small("preview", content, *_PREVIEW))

    def _small(self, kind: str, content: dict[str, Any], edge: int, max_bytes: int) -> None:
        image = self._image(content)
        if image is None:
            return
        try:
            small = image.thumbnail(edge, max_bytes=max_bytes)
        except (FoxError, OSError) as error:
            self.wrong(error)
            return
        self.send({"type": kind, "key": content["key"], "number": image.number}, [small])

    def _on_open(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        task = self._tasks.get(str(content.get("key")))
        if task is not None:
            self._later(lambda: self.send({"type": "detail", "key": task.identity, **_detail(task)}))

    def _on_piece(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._later(lambda: self._send_piece(content))

    def _send_piece(self, content: dict[str, Any]) -> None:
        image, at = self._image(content), content.get("at")
        if image is None or not isinstance(at, int) or at < 0:
            return
        about = {"key": content["key"], "number": image.number}
        try:
            with image.path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(at)
                data = file.read(PIECE)
        except OSError as error:
            self.wrong(error, **about)
            return
        self.send(
            {"type": "piece", **about, "at": at, "size": size, "name": image.path.name, "mime": image.mime}, [data]
        )

    def _on_act(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        task, number = self._tasks.get(str(content.get("key"))), content.get("number")
        if task is not None and isinstance(number, int):
            self._later(lambda: self._act(str(content.get("name")), task, number))

    def _act(self, name: str, task: Task, number: int) -> None:
        try:
            for callback in tuple(self._acts):
                callback(name, task, number)
        except Exception as error:  # noqa: BLE001 - nobody else would ever see it: this is a thread of our own
            self.wrong(error)


def _words(task: Task, actions: list[Action]) -> tuple[str, ...]:
    """Say what went wrong; what to do next is a button where there is one, and else stands in the error."""
    error = task.error
    if error is None:
        return ()
    if [name for name, _ in actions] == ["retry"]:
        return (error.what, error.money, "Try again sends the same once more, which may cost again.")
    return (error.what, error.money, error.todo)


class Results(Gallery):
    """The newest results of a panel, as a strip.

    Parameters
    ----------
    most : int
        How many tasks it holds; the journal has them all.
    """

    most = traitlets.Int(24)

    def add(self, task: Task) -> None:
        """Put a task that is over at the front, or show anew what became of it."""
        with self._lock:
            self._tasks = dict([(task.identity, task), *self._tasks.items()][: self.most])
        self.send({"type": "item", "item": self.item(task), "most": self.most})

    def remove(self, task: Task) -> None:
        """Take a task out, such as one that is tried again."""
        with self._lock:
            self._tasks.pop(task.identity, None)
        self._send_list()

    def _send_list(self) -> None:
        with self._lock:
            tasks = list(self._tasks.values())
        self.send({"type": "list", "items": [self.item(task) for task in tasks]})

    def _on_ready(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self._send_list()
        super()._on_ready(content, buffers)


def _detail(task: Task) -> dict[str, Any]:
    """Say what the larger view shows beside the picture."""
    extra = [("Profile", task.profile_id)] if task.profile_id else []
    took = [("Took", duration(task.waited))] if task.status == "completed" else []
    sent = datetime.fromtimestamp(task.asked_at).astimezone()
    facts = [
        ("Model", task.model),
        *task_pages.facts(task)[1:],
        *extra,
        *took,
        ("Asked", f"{day(sent)}, {clock(sent)}"),
    ]
    if task.id:
        facts.append(("Task", task.id))
    return {
        "facts": [[name, clip(value, _LONGEST_WORDS)] for name, value in facts],
        "names": {str(image.number): task_pages.near(image.path) for image in task.images},
        "code": task.code(),
    }
