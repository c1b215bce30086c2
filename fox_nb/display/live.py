"""Live displays: every showing of what is under way, wherever somebody has displayed it, comes to its end.

A task, or a list of them, gives its bundle to whoever asks. Whoever displays it sends that bundle by IPython's
publisher, where a hook recognizes it and makes it a place of its own, with an id that it was given or a new one. What
isn't sent may have been put into an Output widget (`append_display_data`), where it is found again.
"""

from __future__ import annotations

import threading
import uuid
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any

from fox_nb.display.places import Box, CellOutput, area_of, outputs, outputs_of, place_for, send

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fox_nb.display.places import Bundle, Place
    from fox_nb.session import Task

    Message = dict[str, Any]

_NOT_SENT_YET = 32
"""Bundles of one thread that are remembered until they are sent: `display` sends each before it asks for the next."""
_MOST_LINES = 32
"""Cells whose line of what they have waited for is remembered."""


class LiveDisplay:
    """One showing of a task, or of something that lists tasks.

    Parameters
    ----------
    thing : Task or any
        What is shown.
    draw : callable
        Gives its bundle.
    tasks : sequence of Task
        Those of a list that are under way. It is shown anew whenever half of those that were left have ended: each
        showing sends all of its small pictures again.
    """

    def __init__(self, thing: Any, draw: Callable[[Any], Bundle], tasks: Sequence[Task] = ()) -> None:
        self.thing = thing
        self.tasks = list(tasks) or [thing]
        self._is_list = bool(tasks)
        self._draw = draw
        self._mark = f"<!--{uuid.uuid4().hex}-->"
        self._left = set(self.tasks)
        self._left_when_drawn = len(self._left)
        self.shown = self._drawn()
        self._place: Place | None = None
        self._over = False
        self._lock = threading.RLock()
        _standing.note(self)
        for task in self.tasks:
            task.follow(self._changed)

    def stand_at(self, place: Place, display_id: str, send_first: Callable[[], None]) -> None:
        """Take a place by sending the first message to it; what has changed meanwhile follows."""
        with self._lock:
            send_first()
            self._place = place
            if not self._over:
                _standing.add(self, place, display_id)
            self._show()

    def twin(self, html: str) -> LiveDisplay:
        """Return another showing of the same, which begins with a page of this one."""
        twin = LiveDisplay(self.thing, self._draw, self.tasks if self._is_list else ())
        twin.shown = {**twin.shown, "text/html": html}
        return twin

    def finish(self, task: Task) -> None:
        """Come to the end now, where the task has: whoever has waited for it finds it everywhere."""
        if task.is_over:
            self._changed(task, True)

    def leave(self) -> None:
        """Change nothing any more: something else is shown at the place."""
        with self._lock:
            self._place, self._over = None, True

    def _changed(self, task: Task, ended: bool) -> None:
        with self._lock:
            if self._over:
                return
            if ended:
                self._left.discard(task)
            over = not self._left
            if self._place is None:
                if over:
                    self._show_where_appended()
            elif not self._is_list or len(self._left) <= self._left_when_drawn // 2:
                self._show()
            self._over = over
        if over:
            _standing.remove(self)

    def _drawn(self) -> Bundle:
        """Return how it looks now; a page is marked: another showing may look the same."""
        shown = self._draw(self.thing)
        return {**shown, "text/html": shown["text/html"] + self._mark} if "text/html" in shown else shown

    def _show(self) -> None:
        self._left_when_drawn = len(self._left)
        now = self._drawn()
        if now != self.shown and self._place is not None:
            self._place.show(now)
        self.shown = now

    def _show_where_appended(self) -> None:
        """Bring Output widgets up to date that somebody has put the bundle into."""
        before = _html({"data": self.shown})
        for output in outputs() if before else ():
            if any(_html(entry) == before for entry in output.outputs):
                self.shown = self._drawn()
                output.outputs = tuple(
                    {**entry, "data": self.shown} if _html(entry) == before else entry for entry in output.outputs
                )


def _html(entry: dict[str, Any]) -> Any:
    return entry.get("data", {}).get("text/html")


class WaitLine:
    """Where a cell says what it has waited for: one line that counts, however many tasks there are.

    Attributes
    ----------
    place : Place
        Where it stands.
    done : int
        How many tasks have completed there.
    said : Bundle or None
        What was said of them.
    is_free : bool
        Whether nobody waits there just now.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.done = 0
        self.shown: Bundle | None = None
        self.is_free = False


class _Standing:
    """What stands where: displays of tasks under way, and what was shown to those who waited."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: weakref.WeakSet[LiveDisplay] = weakref.WeakSet()
        self._displays: dict[LiveDisplay, tuple[Place, str]] = {}
        self._boxes: dict[str, Box] = {}
        self._waits: weakref.WeakKeyDictionary[Task, WaitLine] = weakref.WeakKeyDictionary()
        self._lines: dict[str, WaitLine] = {}

    def note(self, display: LiveDisplay) -> None:
        """Note a display wherever it will be, and be it only a bundle that somebody appends to an Output."""
        with self._lock:
            self._live.add(display)

    def add(self, display: LiveDisplay, place: Place, display_id: str) -> None:
        """Note a display, and the id by which something else can be put into its place."""
        with self._lock:
            self._displays[display] = place, display_id

    def keep_box(self, display_id: str, box: Box) -> None:
        """Remember what is changed where an update of this id is ignored, also when its task is over."""
        with self._lock:
            self._boxes[display_id] = box

    def box(self, display_id: str) -> Box | None:
        """Return the widget that stands where this id was displayed, if it is one."""
        with self._lock:
            return self._boxes.get(display_id)

    def remove(self, display: LiveDisplay) -> None:
        """Forget a display."""
        with self._lock:
            self._displays.pop(display, None)

    def replaced(self, display_id: str) -> None:
        """Have those leave that stand where something else is shown now."""
        with self._lock:
            gone = [display for display, (_, there) in self._displays.items() if there == display_id]
        for display in gone:
            display.leave()
            self.remove(display)

    def cleared(self, area: str, *, surely: bool = True) -> None:
        """Have those leave that stood in an area: whoever displays a task there again has to see it.

        Those that may stand there still, as in an Output widget around the one that was cleared, go on.
        """
        with self._lock:
            gone = [display for display, (place, _) in self._displays.items() if place.area == area]
            if surely:
                self._boxes = {there: box for there, box in self._boxes.items() if box.area != area}
            self._forget_line(self._lines.get(area))
        for display in gone:
            if surely:
                display.leave()
            self.remove(display)

    def again(self, html: str) -> LiveDisplay | None:
        """Return one more display of a task whose page is sent once more, such as what a cell was captured with."""
        with self._lock:
            known = next((display for display in self._displays if display.shown.get("text/html") == html), None)
        return None if known is None else known.twin(html)

    def is_in(self, task: Task, area: str) -> bool:
        """Return True when a task is shown in an area, and comes to its end there."""
        with self._lock:
            return any(display.thing is task and place.area == area for display, (place, _) in self._displays.items())

    def finish(self, task: Task) -> None:
        """Bring all displays of a task to their end that has come to its own."""
        with self._lock:
            displays = [display for display in self._live if task in display.tasks]
        for display in displays:
            display.finish(task)

    def wait_line(self, task: Task, area: str, opened: Callable[[], Place]) -> WaitLine:
        """Return where to show to who waits how far a task is: the area's line, or a new one at the place `opened`."""
        with self._lock:
            line = self._lines.get(area)
            if line is not None and line.is_free:
                line.is_free = False
                self._keep_line(line)
                return line
        line = WaitLine(opened())
        with self._lock:
            self._waits[task] = self._lines[line.place.area] = line
            if len(self._lines) > _MOST_LINES:
                del self._lines[next(iter(self._lines))]
        return line

    def take_wait(self, task: Task, area: str) -> Place | None:
        """Return the place of the line that is about this task alone, once, if it is in this area."""
        with self._lock:
            line = self._waits.get(task)
            if line is None or line.place.area != area:
                return None
            self._forget_line(line)
            return line.place

    def _keep_line(self, line: WaitLine) -> None:
        """No task's pictures may take the place of a line that is about several."""
        for task in [task for task, known in self._waits.items() if known is line]:
            del self._waits[task]

    def _forget_line(self, line: WaitLine | None) -> None:
        if line is not None:
            self._keep_line(line)
            self._lines = {area: known for area, known in self._lines.items() if known is not line}


_standing = _Standing()
is_in, finish, wait_line, take_wait = _standing.is_in, _standing.finish, _standing.wait_line, _standing.take_wait
_local = threading.local()


def stand(task: Task, draw: Callable[[Task], Bundle], place: Place) -> None:
    """Show a task from now on at a place where something of it is shown already."""
    display = LiveDisplay(task, draw)
    display.stand_at(place, getattr(place, "id", ""), lambda: place.show(display.shown))


def announce(display: LiveDisplay) -> None:
    """Recognize what this thread is about to display."""
    if not hasattr(_local, "announced"):
        _local.announced = deque(maxlen=_NOT_SENT_YET)
    _local.announced.append(display)


def listen() -> None:
    """Look at what this thread sends, as the last of all hooks: this one may send a message itself.

    Hooks are a thread's own: what another thread puts into a display's place, and is nothing of ours, is seen only if
    that thread has shown something of ours before.
    """
    from IPython import get_ipython

    publisher = get_ipython().display_pub
    if hasattr(publisher, "unregister_hook"):
        publisher.unregister_hook(_on_message)
        publisher.register_hook(_on_message)


def _on_message(message: Message) -> Message | None:
    """See a task being displayed, something that takes its place, or that all is cleared."""
    kind, content, parent = message["header"]["msg_type"], message["content"], message["parent_header"]
    if kind == "clear_output":
        _standing.cleared(area_of(parent), surely=len(outputs_of(parent)) < 2)  # noqa: PLR2004 - one in another
        return message
    display_id = content.get("transient", {}).get("display_id", "")
    if display_id:
        _standing.replaced(display_id)
    is_update = kind == "update_display_data"
    place: Place | None = _standing.box(display_id) if is_update else None
    display = _announced(content.get("data", {}))
    if display is None:
        if place is not None:
            place.prepare(content)
        return message
    if place is None:
        place = CellOutput(parent, display_id) if is_update else place_for(parent, display_id)
    if display_id and isinstance(place, Box):
        _standing.keep_box(display_id, place)
    place.prepare(content)
    display.stand_at(place, content["transient"].get("display_id", ""), lambda: send(message))
    return None


def _announced(data: Bundle) -> LiveDisplay | None:
    """Return the display whose page is sent, or all of it where no page is wanted; once more sent, a new one."""
    announced: deque[LiveDisplay] = getattr(_local, "announced", deque())
    html = data.get("text/html")

    def is_sent(display: LiveDisplay) -> bool:
        return display.shown == data if html is None else display.shown.get("text/html") == html

    display = next((display for display in reversed(announced) if is_sent(display)), None)
    if display is None:
        return None if html is None else _standing.again(html)
    announced.remove(display)
    return display
