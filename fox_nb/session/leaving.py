"""Leaving: a script that ends while tasks are in progress says so: they are paid for, and have no pictures yet.

One that ends while a request is on the wire waits a little for the answer: it holds the id of what is paid for.
"""

from __future__ import annotations

import atexit
import os
import time
from typing import TYPE_CHECKING

from fox_nb.session.renderer import TERMINAL

if TYPE_CHECKING:
    from pathlib import Path

IN_PROGRESS: set[tuple[Path, str]] = set()
"""By their store and identity: what this process has looked after and not seen the end of, closed Foxes' tasks too."""

ON_THE_WIRE: set[tuple[Path, str]] = set()
"""The same of what is being sent just now."""
LONGEST_ANSWER = 15.0
"""Seconds for which the end of a script waits for the answers to that."""

if hasattr(os, "register_at_fork"):  # the parent says what is its own
    os.register_at_fork(after_in_child=IN_PROGRESS.clear)
    os.register_at_fork(after_in_child=ON_THE_WIRE.clear)


def warn_at_exit() -> None:
    """Have it said when this process ends; said once, however often this is called."""
    atexit.unregister(_warn)
    atexit.register(_warn)


def _await_answers() -> None:
    if ON_THE_WIRE:
        TERMINAL.notify(
            f"waiting at most {LONGEST_ANSWER:.0f} s for the gateway's answer, as it may be paid for; Ctrl+C ends that."
        )
    end = time.monotonic() + LONGEST_ANSWER
    while ON_THE_WIRE and time.monotonic() < end:
        time.sleep(0.05)


def _warn() -> None:
    _await_answers()
    count = len(IN_PROGRESS)
    if count:
        are, them = ("tasks are", "They are") if count > 1 else ("task is", "It is")
        TERMINAL.notify(
            f"{count} {are} still in progress. {them} paid for; fox.resume().wait() gets the pictures, within 24 hours."
        )
