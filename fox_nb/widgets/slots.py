"""Slots: where a panel's results stay: plain HTML outputs below it, there without a kernel too."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import ipywidgets as w

from fox_nb.display.places import bundle, in_notebook, in_voila

SLOTS = 20
"""How many outputs one run of the cell makes for results: none can be added after it has run, and a browser draws each,
empty as it is, before it comes to the panel."""
TOGETHER = 1_000_000
"""Characters of the results that share the topmost output once all others are taken: servers drop messages that are
much larger. Older ones leave the notebook; the history has them all."""


class Slots:
    """Places for results, newest on top.

    Why outputs and not widgets: a widget's view is gone from a saved notebook, an HTML output stays. Why many: an
    update of an output sends all of it again, so each result has one of its own, as long as there are any. Voila shows
    no update of an output after the run, so there they are widgets.
    """

    def __init__(self) -> None:
        self._free: list[Any] = []
        self._last: _Output | None = None
        self._inside: w.VBox | None = w.VBox([]) if in_voila() else None

    @property
    def widget(self) -> w.VBox | None:
        """The box that holds results inside of the panel; None where they are outputs."""
        return self._inside

    def display(self) -> None:
        """Make the outputs, empty; has to be called while the cell runs."""
        if self._inside is not None or not in_notebook():
            return
        from IPython.display import display

        self._free = [display(bundle(""), raw=True, display_id=True) for _ in range(SLOTS)]

    def take(self, html: str) -> Slot:
        """Show something in the next place above the others."""
        if self._inside is not None:
            box = w.HTML()
            self._inside.children = (box, *self._inside.children)
            return Slot(_Box(box), html)
        if self._free:
            self._last = _Output(self._free.pop())
        return Slot(self._last, html)


class Slot:
    """One place, and what is shown there; None for a place outside of notebooks, where nothing is."""

    def __init__(self, place: _Output | _Box | None, html: str) -> None:
        self._place = place
        self.html = ""
        self.update(html)

    def update(self, html: str) -> None:
        """Show this instead, if it is not what is shown already."""
        if html != self.html:
            self.html = html
            if self._place is not None:
                self._place.show(self)


class _Box:
    """A widget for one result."""

    def __init__(self, box: w.HTML) -> None:
        self._box = box

    def show(self, slot: Slot) -> None:
        self._box.value = slot.html


class _Output:
    """An output for one result, or for the newest of all where no other is left."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._slots: list[Slot] = []
        self._html = ""
        self._lock = threading.Lock()

    def show(self, slot: Slot) -> None:
        with self._lock:
            if slot not in self._slots:
                self._slots.insert(0, slot)
            size = itertools.accumulate(len(slot.html) for slot in self._slots)
            kept = [slot for slot, so_far in zip(self._slots, size, strict=True) if so_far <= TOGETHER]
            html = "".join(slot.html for slot in kept or self._slots[:1])
            if html != self._html:
                self._html = html
                self._handle.update(bundle(html), raw=True)
