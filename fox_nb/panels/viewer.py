"""Viewer: the comparison, live: linked zoom down to the pixel, divider, differences, on pictures of any size.

Nothing of the pictures is the widget's state, which notebooks save: everything goes by messages, small ones from the
browser, binary ones to it. The browser says which tiles its screen needs and which no longer; callbacks only note that
down, and a pool of two threads reads and sends. What is on its way is bounded, so that on a slow line a tile that
nobody looks at any more isn't sent at all.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fox_nb.images import turns
from fox_nb.images.tiles import make_tiles, read_tile
from fox_nb.panels.script import Scripted
from fox_nb.render.comparison import (
    LIVE_PREVIEW,
    Cell,
    ComparedPicture,
    Comparison,
    Key,
    cell_facts,
    facts,
    place,
    preview_size,
)
from fox_nb.session.pool import Pool
from fox_nb.sharing import temporary_folder

Retry = Callable[[Key, int], None]

_BATCH_BYTES = 400_000
_MOST_ON_THE_WAY = 4_000_000
_MOST_WANTED = 4_000


class Viewer(Scripted):
    """The live view of a comparison.

    Parameters
    ----------
    comparison : Comparison
        What to show.
    on_retry : callable, optional
        Called with a cell's place and the take's number when somebody wants a failed one tried again. It is called
        from one of the viewer's threads, so it may take its time.
    executor : concurrent.futures.Executor, optional
        What cuts pictures whose tiles a folder keeps; a thread of this kernel without one.
    """

    script = "viewer"
    part = "viewer"
    holds: object = None
    """Whatever its pictures' files live as long as."""

    def __init__(
        self, comparison: Comparison, *, on_retry: Retry | None = None, executor: Executor | None = None
    ) -> None:
        self._comparison = comparison
        self._retry = on_retry
        self._pool = Pool(2, "viewer")
        self._tiles = TileService(self._pool, self.send_message, executor)
        self._tiles.know(comparison.pictures())
        self._turn = threading.Lock()
        super().__init__()

    @property
    def comparison(self) -> Comparison:
        """What is shown, with all that `update_cell` has changed."""
        return self._comparison

    def update_cell(self, key: Key, cell: Cell) -> None:
        """Show something else in one cell; only that cell is sent, and its preview when it is looked at."""
        self._comparison.cells[key] = cell
        self._tiles.know(self._comparison.pictures())
        self._pool.submit(lambda: self._send_cell(key))

    def close(self) -> None:
        """End the view, its threads, and the tiles that it made for itself."""
        self._tiles.close()
        self._pool.close()
        super().close()

    # What a browser says; nothing here reads a file or waits.

    def _on_hello(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._send_all(str(content.get("view", "")))

    def _on_previews(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Send the previews of pictures that are looked at and that the page doesn't have."""
        view, ids = str(content.get("view", "")), content.get("ids")
        names = [name for name in ids if isinstance(name, str)][:_MOST_WANTED] if isinstance(ids, list) else []
        self._pool.submit(lambda: self._send_previews(view, names))

    def _on_tiles(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        add, drop = ([key for key in content.get(name) or () if isinstance(key, str)] for name in ("add", "drop"))
        self._tiles.want(str(content.get("view", "")), add, drop)

    def _on_got(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        size = content.get("bytes")
        self._tiles.got(str(content.get("view", "")), size if isinstance(size, int) else 0)

    def _on_bye(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._tiles.leave(str(content.get("view", "")))

    def _on_retry(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        retry, take = self._retry, content.get("take")
        key = next((key for key in self._comparison.cells if place(key) == content.get("cell")), None)
        if retry is not None and key is not None and isinstance(take, int):
            self._pool.submit(lambda: retry(key, take))

    def _send_all(self, view: str) -> None:
        with self._turn:
            self.send_message("comparison", view=view, facts=facts(self._comparison), retry=self._retry is not None)

    def _send_cell(self, key: Key) -> None:
        """Send a cell as it is by now: of several changes whichever is sent last, from whatever thread, is the last."""
        with self._turn:
            self.send_message("cell", at=place(key), cell=cell_facts(self._comparison.cells[key]))

    def _send_previews(self, view: str, names: list[str]) -> None:
        pictures = self._comparison.pictures()
        edge, most = preview_size(len(pictures))
        size = max(edge, LIVE_PREVIEW[0]), max(most, LIVE_PREVIEW[1])
        with turns.big.first():
            for name in filter(pictures.get, names):
                picture = pictures[name]
                data = picture.preview(*size)
                if not data and picture.has_changed:
                    self._tiles.lose(name, _changed(picture))
                # be it empty: the browser asks for its tiles then, which may be there all the same
                self.send_message("previews", [data], view=view, ids=[name])


def beside(html: str, *viewers: Viewer) -> Any:
    """Return what marimo shows: a page, and the viewer that stands for it while a kernel runs."""
    import marimo

    return marimo.vstack([marimo.Html(html), *viewers])


def _changed(picture: ComparedPicture) -> str:
    return f"{picture.name} was changed after it was laid here: it is shown as it was, as far as it was sent."


def _unread(picture: ComparedPicture, error: Exception) -> str:
    if picture.has_changed:
        return _changed(picture)
    why = getattr(error, "strerror", None) or error  # an error of the system's names the whole path, too
    return f"The full pixels of {picture.name} can't be read, so its preview is shown: {why}"


@dataclass
class _View:
    """What one browser view waits for, oldest first, and how many bytes are on their way to it."""

    wanted: dict[str, None] = field(default_factory=dict)
    on_the_way: int = 0
    busy: bool = False


class TileService:
    """Answers what browser views want, from a pool's threads.

    Parameters
    ----------
    pool : Pool
        Where files are read. Tiles that are missing are made elsewhere, so that those that are there don't wait.
    send_message : callable
        Sends a message to the browser, as a widget's `send_message`.
    executor : concurrent.futures.Executor, optional
        As of the viewer.
    """

    def __init__(self, pool: Pool, send_message: Callable[..., None], executor: Executor | None = None) -> None:
        self._pool = pool
        self._maker = Pool(1, "tiles")
        self._send_message = send_message
        self._executor = executor
        self._lock = threading.Lock()
        self._pictures: dict[str, ComparedPicture] = {}
        self._views: dict[str, _View] = {}
        self._making: set[str] = set()
        self._ready: set[str] = set()
        self._lost: dict[str, str] = {}
        self._own: Path | None = None
        self._closed = False

    def know(self, pictures: dict[str, ComparedPicture]) -> None:
        """Take these pictures for what there is."""
        with self._lock:
            for name in pictures.keys() - self._pictures.keys():
                self._lost.pop(name, None)
            self._pictures = dict(pictures)

    def want(self, view: str, add: list[str], drop: list[str]) -> None:
        """Note which tiles a view needs, as ``picture/level/x/y``, and which no longer."""
        with self._lock:
            state = self._views.setdefault(view, _View())
            for key in drop:
                state.wanted.pop(key, None)
            for key in add[: max(0, _MOST_WANTED - len(state.wanted))]:
                state.wanted[key] = None
            names = {key.split("/", 1)[0] for key in add}
            lost = {name: reason for name, reason in self._lost.items() if name in names}
        for name, reason in lost.items():  # a view that came later
            self._send_message("lost", id=name, reason=reason)
        self._go_on(view)

    def got(self, view: str, size: int) -> None:
        """Note that bytes have arrived: as many more may be sent."""
        with self._lock:
            state = self._views.get(view)
            if state is None:
                return
            state.on_the_way = max(0, state.on_the_way - size)
        self._go_on(view)

    def leave(self, view: str) -> None:
        """Forget a view."""
        with self._lock:
            self._views.pop(view, None)

    def close(self) -> None:
        """Forget all views and the tiles that were made here."""
        self._maker.close()
        with self._lock:
            self._closed = True
            self._views.clear()
            own, self._own = self._own, None
        if own is not None:
            shutil.rmtree(own, ignore_errors=True)

    def _go_on(self, view: str) -> None:
        with self._lock:
            state = self._views.get(view)
            if self._closed or state is None or state.busy or not state.wanted:
                return
            if state.on_the_way >= _MOST_ON_THE_WAY:
                return
            state.busy = True
            self._pool.submit(lambda: self._serve(view, state))

    def _serve(self, view: str, state: _View) -> None:
        """Send what the view wants until nothing is left, or enough is on its way."""
        while True:
            batch: list[tuple[str, bytes]] = []
            size = 0
            while size < _BATCH_BYTES:
                key = self._next(state)
                if key is None:
                    break
                data = self._tile(key)
                if data is not None:
                    batch.append((key, data))
                    size += len(data)
            with self._lock:
                state.on_the_way += size
                state.busy = bool(batch) and state.on_the_way < _MOST_ON_THE_WAY and view in self._views
                more = state.busy
            if batch:
                self._send_message("tiles", [data for _, data in batch], view=view, keys=[key for key, _ in batch])
            if not more:
                break
        self._go_on_if_ready(view, state)

    def _go_on_if_ready(self, view: str, state: _View) -> None:
        """Start again if something came in between the last look and the end."""
        with self._lock:
            waiting = any(key.split("/", 1)[0] not in self._making for key in state.wanted)
        if waiting:
            self._go_on(view)

    def _next(self, state: _View) -> str | None:
        """Take the next tile that can be read; have those made that can't yet."""
        with self._lock:
            for key in state.wanted:
                name = key.split("/", 1)[0]
                if name in self._ready or name not in self._pictures:
                    del state.wanted[key]
                    return key
                if name not in self._making:
                    self._making.add(name)
                    picture = self._pictures[name]
                    self._maker.submit(lambda name=name, picture=picture: self._make(name, picture))  # type: ignore[misc]
        return None

    def _tile(self, key: str) -> bytes | None:
        name, *numbers = key.split("/")
        picture = self._pictures.get(name)
        if picture is None:
            return None
        try:
            level, x, y = map(int, numbers)
            whole = None if picture.has_changed else picture.path
            return read_tile(self._folder(name, picture), level, x, y, picture=whole)
        except (ValueError, IndexError):
            return None  # not a tile of this picture: a browser that is ahead of us, or behind
        except Exception as error:  # noqa: BLE001 - a decoder meets a damaged file with errors of many kinds
            self.lose(name, _unread(picture, error))
            return None

    def _make(self, name: str, picture: ComparedPicture) -> None:
        try:
            if not picture.has_changed:
                self._cut(picture, self._folder(name, picture))
        except Exception as error:  # noqa: BLE001 - likewise
            self.lose(name, _unread(picture, error))
            return
        if picture.has_changed:  # perhaps while it was cut
            self.lose(name, _changed(picture))
            return
        with self._lock:
            self._ready.add(name)
            self._making.discard(name)
            views = list(self._views)
        for view in views:
            self._go_on(view)

    def _cut(self, picture: ComparedPicture, folder: Path) -> None:
        if self._executor is not None and picture.tiles is not None:  # other machines see the store, not our own folder
            with contextlib.suppress(RuntimeError, CancelledError):  # it was shut down since, so it is done here
                self._executor.submit(make_tiles, picture.path, folder).result()
                return
        make_tiles(picture.path, folder)

    def lose(self, name: str, reason: str) -> None:
        """Tell the browser that only the preview is left of a picture, and why."""
        with self._lock:
            picture = self._pictures.pop(name, None)
            self._making.discard(name)
            if picture is not None:
                self._lost[name] = reason
        if picture is not None:
            self._send_message("lost", id=name, reason=reason)

    def _folder(self, name: str, picture: ComparedPicture) -> Path:
        if picture.tiles is not None:
            return picture.tiles
        with self._lock:
            if self._own is None:
                self._own = temporary_folder(self, "fox-nb-tiles-")
            return self._own / name
