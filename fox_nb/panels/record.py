"""Record: what stays of a panel in the saved notebook: plain HTML outputs of its cell, hidden while the panel lives."""

from __future__ import annotations

import contextlib
import itertools
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

from fox_nb.display.places import Place, bundle, in_notebook, is_unseen, open_place, output_of
from fox_nb.display.printed import printable
from fox_nb.display.task_pages import task_page
from fox_nb.errors import StoreError
from fox_nb.panels.memory import Memory
from fox_nb.session import Task
from fox_nb.settings import in_voila

SHOWN = 12
OUTPUTS = 21
"""Outputs for results and card: none can be added once a cell has run, and a browser draws each, empty as it is."""
_OF_A_CELL = 44
"""Such outputs of all panels of a cell: JupyterLab shows its first 50, and hides what stands below."""
_used: dict[str, int] = {}
"""How many of these the running cell has."""
_ready: dict[str, list[Place]] = {}
"""Those of the running cell that are made and no panel's yet."""


_shown: dict[str, tuple[int, list[Callable[[], None]]]] = {}
"""What ends each view that a notebook cell shows, and in which execution of it they were made."""


class Record:
    """The newest dozen results as outputs of the cell that made or showed the panel, and a card once it is seen.

    Why outputs: a widget's view is gone from a saved notebook, and with it all that it shows, wherever it was put;
    an HTML output stays. Why one for each result: an update of an output sends all of it again. Why more of them
    than are shown: they are filled from the lowest up, so that the newest stands on top, and only when the top is
    reached are those that are shown sent again, from the lowest up. They stand before the panel's view, so that a
    notebook that is opened without its kernel shows the pictures, and what the error box below them means. The
    panel's script hides them while it shows the results itself, and takes the pictures from there.

    Parameters
    ----------
    card : callable
        Gives what the panel is, for the number of earlier results that are not shown.
    memory : Memory
        Knows what has been shown here in earlier runs of the cell.
    """

    def __init__(self, card: Callable[[int], str], memory: Memory) -> None:
        self._memory = memory
        self.mark = f"fox-{uuid.uuid4().hex[:12]}"
        self._make_card = card
        self._lock = threading.RLock()
        self._cell: Any = None
        self._places: list[Place] = []
        """Those for results, then the one for the card."""
        self._is_seen = False
        self._displayed: set[str | None] = set()
        """Cells that show the panel by itself, and go on doing so when another one does, too."""
        self._at: dict[str, int] = {}
        self._html: dict[int, str] = {}
        self._tasks: list[Task] = []
        self._over: set[str] = set()
        self.results: list[Task] = []
        """Those that are over, the newest first, as far as they stand in the outputs."""
        self._before = Counter[str]()
        self._known: set[str] = set()
        self._recalled: list[Task] = []
        self._old: set[str] = set()
        """Those of them that had their pictures."""

    def open(self) -> None:
        """Make the outputs, in a cell that runs: nobody sees them while there is nothing in them."""
        cell = running_cell()
        if cell is None:
            return
        if output_of(_parent()["header"]) is not None:
            _when_the_cell_ends(self.open)
            return
        with self._lock:
            if cell == self._cell:
                return
            before = self._places[:-1] if self._cell in self._displayed else self._places
            self._places = _ready.pop(cell, []) or _opened_in(cell)
            self._cell, self._at, self._html = cell, {}, {}
            self._memory.stand_in(cell_id(), cell)
            self._arrange()
            self._count()
            for place in before:
                place.show(bundle(""))

    def show_card(self, cell: str | None = None) -> None:
        """Have the card stay from now on: the panel is shown, in whatever box, or by itself in a cell."""
        with self._lock:
            self._is_seen = True
            self._displayed.add(cell)
            self._count()

    def put(self, task: Task) -> None:
        """Show a task as it stands, above the others when it is new or has just come to its end."""
        with self._lock:
            with contextlib.suppress(StoreError):
                self.take_back()
            is_over = task.is_over
            is_new = task not in self._tasks or (is_over and task.identity not in self._over)
            if is_new:
                rest = [one for one in self._tasks if one is not task]
                # below what is still under way: that is the newest when it lands, and nothing is sent anew then
                under_way = sum(1 for _ in itertools.takewhile(self._is_under_way, reversed(rest))) if is_over else 0
                rest.insert(len(rest) - under_way, task)
                self._tasks = rest
            (self._over.add if is_over else self._over.discard)(task.identity)
            try:
                if is_new:
                    self._count()
                    self._note()
                self._arrange(task, has_landed=is_new)
            finally:
                self._publish()

    def _is_under_way(self, task: Task) -> bool:
        return task.identity not in self._over

    def keeps(self, task: Task) -> bool:
        """Whether a task stands in the outputs."""
        return task.identity in self._at

    def over(self, model: str | None) -> tuple[list[Task], int]:
        """Return the newest results, of all models or of one, the newest first, and how many there are before those.

        Waits for nobody: the lock is held while the store is slow.
        """
        found = [task for task in self.results if model in {None, task.model}]
        before = self._before.total() if model is None else self._before[model]
        return found[:SHOWN], before + len(found[SHOWN:])

    def recalled(self, model: str | None) -> list[Task]:
        """Return what earlier runs of the cell have shown, of all models or of one, in the order of its making."""
        with self._lock:
            with contextlib.suppress(StoreError):
                self.take_back()
            return sorted((task for task in self._recalled if model in {None, task.model}), key=lambda t: t.asked_at)

    def is_news(self, task: Task) -> bool:
        """Whether a task's pictures have come since."""
        return task.identity not in self._old

    def take_back(self) -> None:
        """Show what earlier runs of the cell have shown, below what is new, whichever of the two comes first."""
        with self._lock:
            if self._memory.place in self._known:
                return
            tasks, earlier = self._memory.read()
            self._known.add(self._memory.place)
            self._recalled = [*self._recalled, *tasks]
            self._old.update(task.identity for task in tasks if task.images)
            self._before = self._before + earlier
            self._over.update(task.identity for task in tasks if task.is_over)
            self._tasks = [*tasks, *(task for task in self._tasks if task not in tasks)]
            self._count()
            self._arrange()
            self._publish()

    def _publish(self) -> None:
        """Let panels have the results from now on: they take the pictures from the outputs."""
        self.results = [task for task in reversed(self._tasks) if task.identity in self._over]

    def _note(self) -> None:
        """Remember what is shown; where the store cannot be read or written that is lost, and nothing else."""
        if self._memory.place not in self._known:
            return
        kept, older = list[str](), Counter[str]()
        of_model = Counter[str]()
        for task in reversed(self._tasks):
            of_model[task.model] += 1
            if of_model[task.model] <= SHOWN:
                kept.append(task.identity)
            else:
                older[task.model] += 1
        with contextlib.suppress(StoreError):
            self._memory.note(kept[::-1], self._before + older)

    def _count(self) -> None:
        """Have the card say how many results are older."""
        if self._places and self._is_seen:
            self._fill(self._slots, self._make_card(self.earlier))

    @property
    def earlier(self) -> int:
        """How many results there were before those that are shown."""
        return self._before.total() + max(0, len(self._tasks) - self._shown)

    @property
    def _slots(self) -> int:
        """How many results there is room for."""
        return max(0, len(self._places) - 1)

    @property
    def _shown(self) -> int:
        return min(SHOWN, self._slots) or SHOWN

    def _arrange(self, changed: Task | None = None, *, has_landed: bool = False) -> None:
        """Have the newest stand in their order, and send what has changed or stands elsewhere now."""
        slots = self._slots
        if not slots:
            return
        newest = self._tasks[-self._shown :]
        at, below = dict[str, int](), slots
        for task in newest:
            # what lands now, or later, stands below what has landed: moving that would send its pictures anew
            has_place = task.identity in self._over and not (has_landed and task is changed)
            stands = self._at.get(task.identity, slots) if has_place else slots
            at[task.identity] = below = stands if stands < below else below - 1
        if below < 0:
            at = {task.identity: slots - 1 - number for number, task in enumerate(newest)}
        before, self._at = self._at, at
        for slot in set(before.values()) - set(at.values()):
            self._fill(slot, "")
        for task in newest:
            slot = at[task.identity]
            if task is changed or before.get(task.identity) != slot:
                page = task_page(task)
                # what has landed only now comes by itself, and may stand elsewhere then
                self._fill(slot, page if task.identity in self._over or not task.is_over else "")

    def _fill(self, place: int, html: str) -> None:
        if html != self._html.get(place, ""):
            self._html[place] = html
            self._places[place].show(printable(f'<div data-fox-record="{self.mark}">{html}</div>' if html else ""))


def open_outputs() -> None:
    """Make the outputs of the running cell's next panel, if it is to have some: a browser draws them meanwhile."""
    cell = running_cell()
    if cell is not None and cell not in _ready and output_of(_parent()["header"]) is None:
        _ready.clear()
        _ready[cell] = _opened_in(cell)


def _opened_in(cell: str) -> list[Place]:
    return [open_place(bundle(""), is_next=number > 0) for number in range(_outputs_in(cell))]


def _outputs_in(cell: str) -> int:
    """Return how many outputs a cell's next panel has: half of what is left, as others may follow, but never one."""
    used = _used.get(cell, 0)
    left = _OF_A_CELL - used
    outputs = min(OUTPUTS, left, max(2, (left + 1) // 2))  # the card's and a result's
    _used.clear()
    _used[cell] = used + outputs
    return outputs


def running_cell() -> str | None:
    """Return what tells the run of a cell from others; None where none runs, and where outputs can't be changed."""
    if not in_notebook() or in_voila():
        return None
    header = _parent().get("header", {})
    return str(header["msg_id"]) if header.get("msg_type") == "execute_request" else None


def cell_id() -> str:
    """Return the id that the running cell has in its notebook; '' where a front end does not say it."""
    return str((_parent().get("metadata") or {}).get("cellId", ""))


def can_follow() -> bool:
    """Whether what fills an output of the running cell later is seen and saved: a notebook's page shows it.

    What runs a notebook without a screen names no cell, and listens to none that has ended.
    """
    return bool(running_cell() and cell_id()) and output_of(_parent()["header"]) is None and not is_unseen()


def replace_earlier(close: Callable[[], None]) -> None:
    """End the views that an earlier run of the same cell has shown: nobody sees them any more; `close` ends the new."""
    cell = cell_id() if in_notebook() else ""
    if not cell:
        return
    from IPython import get_ipython

    execution = get_ipython().execution_count
    count, views = _shown.get(cell, (execution, []))
    if count != execution:
        for close_earlier in views:
            close_earlier()
        views = []
    _shown[cell] = (execution, [*views, close])


def _parent() -> dict[str, Any]:
    """Return the message on behalf of which this runs."""
    from IPython import get_ipython

    parent: dict[str, Any] = get_ipython().get_parent() or {}
    return parent


def _when_the_cell_ends(work: Callable[[], None]) -> None:
    """Do it at the end of the cell that runs, once no Output widget captures what it says."""
    from IPython import get_ipython

    events = get_ipython().events

    def once(*_: Any) -> None:
        events.unregister("post_run_cell", once)
        work()

    events.register("post_run_cell", once)
