"""Panels: controls that are ipywidgets, a press, results, history: one model's panel and the studio."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Put the collection of garbage off while much is loaded and made that stays: one in the midst finds none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
