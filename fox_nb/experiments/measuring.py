"""Measuring: each picture, as soon as it is here, is cut into tiles and measured against its original.

Both are work for seconds, so they are done in threads of their own, once: tiles and numbers are kept beside the
thumbnails, and whoever shows the sweep again finds them there.
"""

from __future__ import annotations

import functools
import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from fox_nb.atomic import write
from fox_nb.errors import ExtraMissing, FoxError, InvalidRequest
from fox_nb.images import metrics
from fox_nb.images.tiles import make_tiles
from fox_nb.parameters import shown
from fox_nb.render.comparison import LIVE_PREVIEW, ComparedPicture, hash_of
from fox_nb.session.pool import Pool

Numbers = dict[str, float | None]
Measured = tuple[Numbers, str]
_Asked = tuple[Path, Path | None]

_THREADS = 2
_HANDED_OUT = 16
"""So many pictures at a time are with an executor."""
_VERSION = 4
"""Of what is measured: another one is measured anew."""


class MeasuringPool:
    """Develops pictures in the background.

    Parameters
    ----------
    folder : Path or None
        Where numbers are kept from one time to the next; None keeps them for this kernel alone.
    changed : callable
        Called when the numbers of a picture are there, with its file, and with None when all is done; from any thread.
    executor : concurrent.futures.Executor, optional
        What cuts and measures, such as processes, or Dask's on other machines that see the same files; threads of this
        kernel without one.
    """

    def __init__(
        self,
        folder: Path | None,
        changed: Callable[[Path | None], None] = lambda _: None,
        executor: Executor | None = None,
    ) -> None:
        self._folder = folder
        self._changed = changed
        self._executor = checked(executor)
        self._pool = Pool(_THREADS if executor is None else _HANDED_OUT, "measuring")
        self._state = threading.Condition()
        self._asked: set[_Asked] = set()
        self._failed: dict[_Asked, str] = {}
        self._left = 0
        self._found: dict[tuple[Path, Path], Measured] = {}

    @property
    def left(self) -> int:
        """How many pictures are not done yet."""
        with self._state:
            return self._left

    @property
    def trouble(self) -> str:
        """Why some pictures could not be done, in words; '' when all could."""
        with self._state:
            return next(iter(self._failed.values()), "")

    def develop(self, picture: ComparedPicture, original: Path | None) -> None:
        """Have a picture cut and measured, once, and again when that failed; returns at once."""
        key = (picture.path, original)
        with self._state:
            if key in self._asked:
                return
            self._asked.add(key)
            self._failed.pop(key, None)
            self._left += 1
        self._pool.submit(lambda: self._work(picture, original))

    def found(self, picture: Path, original: Path | None) -> Measured:
        """Return what has been measured so far, and why some of it is missing; never measures."""
        with self._state:
            return self._found.get((picture, original), ({}, "")) if original is not None else ({}, "")

    def wait(self, tick: Callable[[], None] = lambda: None) -> None:
        """Wait until all is done; calls `tick` about once a second."""
        while self.left:
            with self._state:
                self._state.wait_for(lambda: not self._left, 1.0)
            tick()

    def _work(self, picture: ComparedPicture, original: Path | None) -> None:
        trouble = ""
        try:
            # numbers first: they are on the grid at once, while tiles are for whoever zooms in
            if original is not None:
                trouble = self._measure(picture.path, original)
            self._cut(picture)
        except Exception as error:
            logging.getLogger("fox_nb").exception("A picture of a sweep could not be cut or measured.")
            trouble = f"Some pictures could not be cut or measured: {type(error).__name__}: {error}"[:300]
        finally:
            with self._state:
                if trouble:
                    self._failed[picture.path, original] = trouble
                    self._asked.discard((picture.path, original))
                self._left -= 1
                done = not self._left
                self._state.notify_all()
            if done:
                self._changed(None)

    def _cut(self, picture: ComparedPicture) -> None:
        if picture.tiles is None:
            return
        try:
            self._do(functools.partial(make_tiles, later=True), picture.path, picture.tiles)
        except (FoxError, OSError) as error:  # the viewer tries again, and tells whoever looks
            logging.getLogger("fox_nb").info("No tiles of %s: %s", picture.path.name, error)
        picture.preview(*LIVE_PREVIEW)  # kept: of a thousand a viewer shows sixty at once

    def _measure(self, picture: Path, original: Path) -> str:
        """Measure a picture; returns what is missing for that, in words."""
        try:
            kept = self._folder and self._folder / f"{hash_of(picture)[:32]}-{hash_of(original)[:32]}.json"
            found = _read(kept) if kept else None
            if found is None:
                found = self._do(_measure, picture, original)
                if kept:
                    _keep(kept, found)
        except ExtraMissing as error:
            return str(error)
        except (FoxError, OSError, ValueError) as error:
            found = {}, f"It can't be measured: {error}"
        with self._state:
            self._found[picture, original] = found
        self._changed(picture)
        return ""

    def _do(self, work: Callable[..., Any], *paths: Path) -> Any:
        return work(*paths) if self._executor is None else self._executor.submit(work, *paths).result()


def checked(executor: Any) -> Executor | None:
    """Return what takes work, or None.

    Raises
    ------
    InvalidRequest
        It takes none.
    """
    if executor is None or callable(getattr(executor, "submit", None)):
        found: Executor | None = executor
        return found
    what = f"executor is {shown(executor)}, which takes no work."
    allowed = "a concurrent.futures.Executor, such as ProcessPoolExecutor()"
    raise InvalidRequest(what, parameter="executor", value=executor, allowed=allowed)


def _measure(picture: Path, original: Path) -> Measured:
    """Measure a picture; here or in another process."""
    return metrics.measure(picture, original)


def _read(kept: Path) -> Measured | None:
    try:
        stored = json.loads(kept.read_text(encoding="utf-8"))
        if stored["version"] != _VERSION:
            return None
        return {str(name): value for name, value in stored["numbers"].items()}, str(stored["note"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _keep(kept: Path, found: Measured) -> None:
    """Write numbers aside and put them in their place; a folder that can't be written costs time, nothing else."""
    words = json.dumps({"version": _VERSION, "numbers": found[0], "note": found[1]})
    try:
        write(kept, words.encode(), private=True)
    except OSError as error:
        logging.getLogger("fox_nb").info("Numbers are not kept in %s: %s", kept.parent, error)
