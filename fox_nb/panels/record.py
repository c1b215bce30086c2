"""Record: what stays of a panel in the saved notebook: plain HTML outputs of its cell, hidden while the panel lives."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

from fox_nb.display.places import bundle, in_notebook, in_voila

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.session import Task

SLOTS = 12
"""Outputs for results: none can be added once the cell has run, and a browser draws each, empty as it is."""


class Record:
    """The newest dozen results as outputs of the cell that made or showed the panel, and a card below them.

    Why outputs: a widget's view is gone from a saved notebook, and with it all that it shows, wherever it was put; an
    HTML output stays. Why one for each result: an update of an output sends all of it again. They stand before the
    panel's view, so that a notebook that is opened without its kernel shows the pictures, and what the error box below
    them means. The panel's script hides them while it shows the results itself, and takes the pictures from there.

    Parameters
    ----------
    card : callable
        Gives what the panel is, for the number of earlier results that are not shown.
    page : callable
        Gives a task as HTML.
    """

    def __init__(self, card: Callable[[int], str], page: Callable[[Task], str]) -> None:
        self.mark = f"fox-{uuid.uuid4().hex[:12]}"
        self._make_card = card
        self._page = page
        self._lock = threading.RLock()
        self._cell: Any = None
        self._slots: list[Any] = []
        self._card: Any = None
        self._shown: dict[str, tuple[int, str]] = {}
        self._tasks: list[Task] = []

    def open(self, *, card: bool = False) -> None:
        """Make the outputs, in a cell that runs; with the card where the panel itself follows.

        Parameters
        ----------
        card : bool
            Whether the panel is about to be shown here.
        """
        cell = running_cell()
        if cell is None:
            return
        from IPython.display import display

        with self._lock:
            if cell != self._cell:
                before, self._slots = (
                    self._slots,
                    [display(bundle(""), raw=True, display_id=True) for _ in range(SLOTS)],
                )
                self._cell, self._card, self._shown = cell, None, {}
                for task in self._tasks[-SLOTS:]:
                    self._fill(task)
                for slot in before:
                    slot.update(bundle(""), raw=True)
            if card and self._card is None:
                self._card = display(self._marked(self._make_card(self._earlier)), raw=True, display_id=True)

    def put(self, task: Task) -> None:
        """Show a task, as it stands, above the others; the oldest makes room where there is none."""
        with self._lock:
            if task not in self._tasks:
                self._tasks.append(task)
                if self._card is not None and self._earlier:
                    self._card.update(self._marked(self._make_card(self._earlier)), raw=True)
            self._fill(task)

    @property
    def _earlier(self) -> int:
        return max(0, len(self._tasks) - SLOTS)

    def _fill(self, task: Task) -> None:
        if not self._slots:
            return
        number, before = self._shown.get(task.identity, (-1, ""))
        if number < 0:
            # From the lowest up, so that the newest stands on top; after a dozen around again.
            number = SLOTS - 1 - self._tasks.index(task) % SLOTS
            self._shown = {key: at for key, at in self._shown.items() if at[0] != number}
        html = self._page(task)
        if html != before:
            self._shown[task.identity] = number, html
            self._slots[number].update(self._marked(html), raw=True)

    def _marked(self, html: str) -> dict[str, str]:
        return bundle(f'<div data-fox-record="{self.mark}">{html}</div>')


def running_cell() -> Any:
    """Return what tells the run of a cell from others; None where none runs, and where outputs can't be changed."""
    if not in_notebook() or in_voila():
        return None
    from IPython import get_ipython

    shell = get_ipython()
    parent = shell.get_parent()
    kind = parent.get("header", {}).get("msg_type", "") if isinstance(parent, dict) else ""
    return parent["header"]["msg_id"] if kind == "execute_request" else None
