"""Pictures view: pictures side by side in a cell: the page that stays, and the viewer that stands for it."""

from __future__ import annotations

import threading
from typing import Any

import ipywidgets as w

from fox_nb.display.places import in_notebook
from fox_nb.experiments import Pictures
from fox_nb.experiments.side_by_side import findings_html, page
from fox_nb.panels.kept_page import KeptPage
from fox_nb.panels.record import replace_earlier
from fox_nb.panels.viewer import Viewer, beside
from fox_nb.render.comparison import Key
from fox_nb.session.pool import Pool


class PicturesView:
    """One showing of pictures; their numbers come as they are measured.

    Parameters
    ----------
    pictures : Pictures
        What is shown; it is held as long as the viewer lives, since its files may be.

    Attributes
    ----------
    widget : Viewer
        The viewer.
    """

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._pool = Pool(1, "pictures-view")
        self._lock = threading.Lock()
        self._dirty: set[Key] = set()
        self._is_over = False
        self.widget = Viewer(pictures.comparison(), executor=pictures.executor)
        self.widget.holds = self
        self._kept = KeptPage(lambda: page(pictures, live=True))
        self._findings: w.HTML | None = None
        self._forget = pictures.on_change(self._changed)

    def show(self) -> Any:
        """Display the page that stays and return the viewer's output, or both for marimo; begin to measure."""
        if in_notebook():
            shown: Any = self._kept.show(self.widget)
            if self._kept.is_blank:
                self._kept.renew()
        else:
            shown = beside(page(self._pictures, live=True), self.widget)
        self._pictures.start()
        return shown

    def inside(self) -> tuple[w.DOMWidget, ...]:
        """Return what shows it inside of a box: the viewer, and what is told of the pictures; begin to measure."""
        self._findings = w.HTML(findings_html(self._pictures))
        self._pictures.start()
        return self.widget, self._findings

    def close(self) -> None:
        """End the view, its threads and its tiles."""
        self._forget()
        self._pool.close()
        self._kept.close()
        self.widget.close()
        if self._findings is not None:
            self._findings.close()

    def _changed(self, keys: list[Key]) -> None:
        """Note what to show anew; without a place everything is measured, so the page is kept."""
        with self._lock:
            self._dirty.update(keys)
            self._is_over |= not keys
        self._pool.soon(self._update)

    def _update(self) -> None:
        with self._lock:
            dirty, self._dirty = self._dirty, set()
            is_over, self._is_over = self._is_over, False
        cells = self._pictures.comparison().cells
        for key in dirty:
            self.widget.update_cell(key, cells[key])
        if is_over and not self._pictures.left:
            self._kept.renew()
            if self._findings is not None:
                self._findings.value = findings_html(self._pictures)


def show(pictures: Pictures) -> Any:
    """Show pictures; returns the output of the viewer, or what marimo shows."""
    view = PicturesView(pictures)
    replace_earlier(view.close)
    return view.show()
