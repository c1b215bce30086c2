"""Hand in: one press that sends a student's work to the teacher; nothing is there where no relay of a class answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import ipywidgets as w

from fox_nb.panels.press import Press
from fox_nb.session import Session
from fox_nb.settings import in_voila


class HandIn:
    """The press, which comes into a place once it is known that a class is behind the session.

    Parameters
    ----------
    session : Session
        Whose work it is.
    later : callable
        Has slow work done on another thread.
    place : ipywidgets.VBox
        Where it stands, behind the first child.
    """

    def __init__(self, session: Session, later: Callable[[Callable[[], Any]], Any], place: w.VBox) -> None:
        self._session = session
        self._later = later
        self._place = place
        self._lock = threading.Lock()
        self._is_offered = False

    def offer(self) -> None:
        """Ask who answers, and show the press where it is a class; slow."""
        if self._is_offered or in_voila():
            return
        self._session.prices.ask()
        with self._lock:
            if self._is_offered or not self._session.prices.is_class:
                return
            self._is_offered = True
        press = Press(description="Hand in", note="Sends your notebooks and pictures to your teacher.")
        press.on("press", lambda _: press.begin(self._later, lambda: self._hand_in(press)))
        first, *rest = self._place.children
        self._place.children = (first, press, *rest)

    def _hand_in(self, press: Press) -> None:
        press.notify("")
        self._session.hand_in()
        press.notify(f"Handed in at {time.strftime('%H:%M')}. You may hand in again: your teacher sees each time.")
