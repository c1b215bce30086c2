"""Leaving: a script that ends while tasks are in progress says so: they are paid for, and have no pictures yet."""

from __future__ import annotations

import atexit
import os
from typing import TYPE_CHECKING

from fox_nb.session.renderer import TERMINAL

if TYPE_CHECKING:
    from pathlib import Path

IN_PROGRESS: set[tuple[Path, str]] = set()
"""By their store and identity: what this process has looked after and not seen the end of, closed Foxes' tasks too."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=IN_PROGRESS.clear)  # the parent says what is its own


def tell_at_exit() -> None:
    """Have it said when this process ends; said once, however often this is called."""
    atexit.unregister(_tell)
    atexit.register(_tell)


def _tell() -> None:
    count = len(IN_PROGRESS)
    if count:
        are, them = ("tasks are", "They are") if count > 1 else ("task is", "It is")
        TERMINAL.say(
            f"{count} {are} still in progress. {them} paid for; fox.resume().wait() gets the pictures, within 24 hours."
        )
