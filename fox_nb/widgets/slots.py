"""Slots: where a panel's results stay: plain HTML outputs below it, each sent once, there without a kernel too."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from fox_nb.session.showing import bundle, in_notebook, in_voila

SLOTS = 40
"""How many results one run of the cell has room for; an output cannot be added to a cell after it has run."""


class Slots:
    """Places for results, newest on top.

    Why outputs and not widgets: a widget's view is gone from a saved notebook, an HTML output stays. Why many: an
    update of an output sends all of it again, so each result has one of its own. Voila shows no update of an output
    after the run, so there they are widgets.
    """

    def __init__(self) -> None:
        self._free: list[Any] = []
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
            box = w.HTML(html)
            self._inside.children = (box, *self._inside.children)
            return Slot(box)
        slot = Slot(self._free[-1] if self._free else None)
        if len(self._free) > 1:  # the topmost is used again and again once all others are full
            self._free.pop()
        slot.update(html)
        return slot


class Slot:
    """One place."""

    def __init__(self, place: Any) -> None:
        self._place = place
        self._html = ""

    def update(self, html: str) -> None:
        """Show this instead, if it is not what is shown already."""
        if html == self._html:
            return
        self._html = html
        if isinstance(self._place, w.HTML):
            self._place.value = html
        elif self._place is not None:
            self._place.update(bundle(html), raw=True)
