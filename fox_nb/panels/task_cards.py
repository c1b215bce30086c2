"""Task cards: tasks with their pictures and what can be done with them, in the browser: results, and the history.

Pixels are never traits: the browser asks for a picture that it finds nowhere in its page, for a larger view when
somebody opens it, and for the whole file in pieces when somebody saves it. All of that is read on other threads.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from fox_nb.display import task_pages
from fox_nb.errors import FoxError
from fox_nb.panels.press import lines_of
from fox_nb.panels.script import Scripted
from fox_nb.panels.titles import Titles
from fox_nb.render.html import clip, duration, when
from fox_nb.session import Image, Task
from fox_nb.settings import in_voila

PIECE = 900_000
"""Bytes of a file in one message; servers refuse messages of 10 MB."""
_THUMB = (224, 7_000)
_LARGE = (1280, 160_000)
_LONGEST_TITLE = 400
_LONGEST_WORDS = 600


class Action(NamedTuple):
    """A button of a task.

    Attributes
    ----------
    name : str
        What a browser says when it is pressed.
    words : str
        What stands on it.
    run : callable
        Does it, for the picture of a number.
    """

    name: str
    words: str
    run: Callable[[int], object]


def press_button(name: str, actions: list[Action], number: int = 0) -> None:
    """Do what a button says; one that a task has no longer, as it was pressed before, does nothing."""
    for action in actions:
        if action.name == name:
            action.run(number)


class TaskCards(Scripted):
    """Tasks with their pictures and what can be done with them.

    What a button does runs on another thread; what that raises is said below the tasks. Then it tells "acted".

    Parameters
    ----------
    titles : Titles
        What tasks are called.
    later : callable
        Has slow work done on another thread.
    actions : callable
        Gives the buttons of a task; all of them stand in the larger view.
    """

    def __init__(
        self,
        titles: Titles,
        later: Callable[[Callable[[], Any]], Any],
        actions: Callable[[Task], list[Action]],
        **traits: Any,
    ) -> None:
        self._titles = titles
        self._run_later = later
        self._actions = actions
        super().__init__(**traits)

    @property
    def tasks(self) -> dict[str, Task]:
        """Those that are shown, by identity."""
        return {}

    def task(self, key: object) -> Task | None:
        """Return the task that a browser speaks of."""
        return self.tasks.get(str(key))

    def item(self, task: Task) -> dict[str, Any]:
        """Say of a task what its card or row shows."""
        actions = self._actions(task)
        return {
            "key": task.identity,
            "title": clip(self._titles.of(task), _LONGEST_TITLE),
            "prompt": clip(str(task.request.get("prompt") or ""), _LONGEST_TITLE),
            "status": task.status,
            "facts": [[name, clip(value, 120)] for name, value in task_pages.facts(task)],
            "when": when(task.asked_at),
            "pictures": [{"number": i.number, "width": i.width, "height": i.height} for i in task.images],
            "words": [clip(line, _LONGEST_WORDS) for line in _words(task, actions) if line],
            "actions": [[action.name, action.words] for action in actions],
            "before": self._titles.given(task) is not None,
        }

    def wrong(self, error: Exception, **about: Any) -> None:
        """Say what went wrong with a press, as an alert."""
        self.send_message("wrong", lines=[clip(line, _LONGEST_WORDS) for line in lines_of(error)], **about)

    def _later(self, work: Callable[[], object], **about: Any) -> None:
        """Have it done on another thread; what goes wrong there is said here, for nobody else would ever see it.

        `about` says of what file a piece was asked for: whoever waits for it then waits no longer.
        """

        def done() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - whatever it is, a person pressed something
                self.wrong(error, **about)

        self._run_later(done)

    def _image(self, content: dict[str, Any]) -> Image | None:
        task = self.task(content.get("key"))
        images = task.images if task is not None else []
        return next((image for image in images if image.number == content.get("number")), None)

    # What a browser says

    def _on_pixels(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Send a picture in the size of what it is looked at in; "before" is the one that its task was given."""
        self._later(lambda: self._send_pixels(content, str(content.get("what"))))

    def _send_pixels(self, content: dict[str, Any], what: str) -> None:
        from fox_nb.images.thumbnail import cached_thumbnail, size_for  # loads Pillow: no panel comes later for it

        task, image = self.task(content.get("key")), self._image(content)
        if task is None:
            return
        sizes = {"thumb": _THUMB, "large": _LARGE, "before": _LARGE}
        edge, max_bytes = sizes.get(what) or size_for(len(task.images))
        pixels = list[bytes]()
        if what == "before" and (given := self._titles.given(task)) is not None:
            pixels = [cached_thumbnail(given, self._titles.store.thumbnails, edge, max_bytes=max_bytes)]
        elif what != "before" and image is not None:
            pixels = [image.thumbnail(edge, max_bytes=max_bytes)]
        self.send_message("pixels", pixels, what=what, key=task.identity, number=content.get("number"))

    def _on_open(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        task = self.task(content.get("key"))
        if task is not None:
            self._later(lambda: self.send_message("detail", key=task.identity, **_detail(task)))

    def _on_piece(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        about = {word: content.get(word) for word in ("key", "number", "by")}
        self._later(lambda: self._send_piece(content, about), **about)

    def _send_piece(self, content: dict[str, Any], about: dict[str, Any]) -> None:
        image = self._image(content)
        if image is not None:
            self._send_part(image.path, image.mime, content, about)

    def _send_part(self, path: Path, mime: str, content: dict[str, Any], about: dict[str, Any]) -> None:
        """Send one piece of a file, for the downloads of the page that asked for it; FoxError if it can't be read."""
        at = content.get("at")
        if not isinstance(at, int) or at < 0:
            return
        try:
            with path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(at)
                data = file.read(PIECE)
        except OSError as error:
            raise FoxError(f"{path.name} cannot be read: {error.strerror}.") from error
        self.send_message("piece", [data], **about, at=at, size=size, name=path.name, mime=mime)

    def _on_act(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        task, number = self.task(content.get("key")), content.get("number")
        if task is not None and isinstance(number, int):
            self._later(lambda: self._act(str(content.get("name")), task, number))

    def _act(self, name: str, task: Task, number: int) -> None:
        try:
            press_button(name, self._actions(task), number)
        finally:
            self._emit("acted")


def _words(task: Task, actions: list[Action]) -> tuple[str, ...]:
    """Say what went wrong; what to do next is a button where there is one, and else stands in the error."""
    if task.profile_id:
        return (f"The profile is trained: write [[{task.profile_id}]] into a prompt.",)
    error = task.error
    if error is None:
        return ()
    if [action.name for action in actions][:1] == ["retry"] and not in_voila():
        return (error.what, error.money, "'Try again' sends it once more, and may be charged again.")
    return tuple(lines_of(error))


def _detail(task: Task) -> dict[str, Any]:
    """Say what the larger view shows beside the picture."""
    extra = [("Profile", task.profile_id)] if task.profile_id else []
    took = [("Took", duration(task.waited))] if task.status == "completed" else []
    facts = [
        ("Model", task.model),
        *task_pages.facts(task)[1:],
        *extra,
        *took,
        ("Asked", when(task.asked_at)),
    ]
    if task.id:
        facts.append(("Task", task.id))
    return {
        "facts": [[name, clip(value, _LONGEST_WORDS)] for name, value in facts],
        "names": {str(image.number): task_pages.near(image.path) for image in task.images},
        "code": task.code(),
        "text": str(task.request.get("prompt") or ""),
    }
