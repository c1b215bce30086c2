"""Panels: controls that are ipywidgets, a press, results, history: one model's panel and the studio."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator

from fox_nb.display.places import is_unseen

_unseen = threading.RLock()


@contextlib.contextmanager
def building() -> Iterator[None]:
    """Put the collection of garbage off while much is loaded and made that stays: one in the midst finds none.

    Where nobody looks widgets tell no page of themselves: their state would be saved, and a page ask a CDN for it.
    """
    import comm

    with _unseen if is_unseen() else contextlib.nullcontext():  # two at once would leave it as the first one set it
        was_on, before = gc.isenabled(), comm.create_comm
        gc.disable()
        if is_unseen():
            comm.create_comm = comm.DummyComm
        try:
            yield
        finally:
            comm.create_comm = before
            if was_on:
                gc.enable()


def begin_page() -> None:
    """Send what a page can begin with while its panel is still being loaded: the outputs, and the script."""
    from fox_nb.panels.record import open_outputs

    open_outputs()
    from fox_nb.panels.script import send_ahead

    send_ahead()
