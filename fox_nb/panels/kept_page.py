"""Kept page: the output that stays of a viewer in the saved notebook, made once the viewer itself is on its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fox_nb.display.places import Place, open_place, output_for
from fox_nb.display.printed import printable
from fox_nb.panels.record import can_follow
from fox_nb.session.pool import Pool


class KeptPage:
    """The page of one showing.

    Parameters
    ----------
    make : callable
        Gives its HTML; that may take seconds, since the previews of hundreds of pictures are made for it.
    """

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make
        self._pool = Pool(1, "kept-page")
        self._html = ""
        self._output: Place | None = None

    def show(self, widget: Any, *, now: bool = False) -> dict[str, Any]:
        """Display it, and return the output of the widget that stands for it; where somebody looks it begins blank.

        Parameters
        ----------
        widget : ipywidgets.Widget
            What a person sees.
        now : bool
            Whether the page is made in a moment, and so is there at once.
        """
        follows = not now and can_follow()
        self._html = "" if follows else self._make()
        # IPython's own updates go into whatever captures the cell that runs then
        self._output = open_place(printable(self._html))
        return output_for(widget)

    @property
    def is_blank(self) -> bool:
        """True as long as it was never made."""
        return not self._html

    def renew(self) -> None:
        """Have it made anew on a thread of its own, where it was displayed; many calls become one."""
        self._pool.soon(self._renew)

    def close(self) -> None:
        """Leave it as it is."""
        self._pool.close()

    def _renew(self) -> None:
        if self._output is None:
            return
        html = self._make()
        if html != self._html:
            self._html = html
            self._output.show(printable(html))
