"""Script: what our own widgets have in common: a script that isn't part of their state, and messages by name."""

from __future__ import annotations

import functools
import hashlib
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import ipywidgets as w
import traitlets

from fox_nb.panels.record import can_follow

_STATIC = Path(__file__).parents[1] / "static"
_LOADER = _STATIC / "loader.js"
_SAME_PAGE = 5.0
"""Seconds within which a page that asks again has not yet got the answer that is on its way."""


@functools.cache
def bundle(script: str) -> tuple[str, tuple[bytes, bytes]]:
    """Return the hash, the script and the style of some of the panels' own widgets; `make scripts` makes them."""
    files = ((_STATIC / f"{script}.js").read_bytes(), (_STATIC / f"{script}.css").read_bytes())
    return hashlib.sha256(b"".join(files)).hexdigest()[:12], files


class Layout(w.Layout):  # type: ignore[misc]
    """A layout that says what is set and nothing else: the browser and a saved notebook know that the rest is not."""

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return what is set; asked for single traits, their values, set or not."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        return state if key is not None else {name: value for name, value in state.items() if value is not None}


class Chosen(traitlets.TraitType[Any, Any]):
    """What is chosen, not synced; looked at at once: validators are put off while notifications are held."""

    default_value = ()

    def validate(self, obj: Any, value: Any) -> tuple[Any, ...]:
        """Return what the widget takes it for."""
        chosen: tuple[Any, ...] = obj.chosen(value)
        return chosen


class Scripted(anywidget.AnyWidget):
    """An anywidget of fox_nb's own.

    What notebooks save of a widget is its state. Its script is in there with every anywidget; here that is a few lines
    which have the script of all of them sent as a message, once a page. To the pages that see a kernel's first one it
    comes with that: a kernel that runs a cell hears no question.

    What the browser says are messages ``{"type": …}``: one of type ``x`` is handled by the method
    ``_on_x(content, buffers)``, others are ignored. Handlers run on whatever thread the kernel chooses. What comes of
    it is told to those who asked by `on`: a class's docstring says of which events, with what. Each tells "ready"
    whenever a browser has started it.

    Attributes
    ----------
    script : str
        The bundle that it is in.
    part : str
        What it is called in the script's ``parts``.
    is_alive : bool
        Whether a browser has ever shown it.
    """

    script: ClassVar[str] = "panels"
    part: ClassVar[str]

    _esm = traitlets.Unicode("").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self.is_alive = False
        self._listeners: dict[str, list[Callable[..., object]]] = {}
        self._retained: dict[str, dict[str, Any]] = {}
        self._retaining = threading.RLock()
        loader = _LOADER.read_text(encoding="utf-8")
        loader = loader.replace("@hash@", bundle(self.script)[0]).replace("@part@", self.part)
        if "layout" not in traits:
            traits["layout"] = Layout()
        super().__init__(_esm=loader, **traits)
        self.on_msg(self._on_message)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return what browsers are told: a kernel's first, when a page's cell opens it, tells the script as well."""
        state: dict[str, Any] = super().get_state(key, drop_defaults)
        return state | _notifier(self.script).enclosed() if key is None and can_follow() else state

    def _repr_keys(self) -> Iterator[str]:
        """Name what a cell's output may say: what is not synced, such as people and files, is in no saved notebook."""
        return (name for name in super()._repr_keys() if name in self.keys)

    def send_message(self, kind: str, buffers: Sequence[bytes] = (), **content: Any) -> None:
        """Send a message to the browsers that show it."""
        self.send({"type": kind, **content}, list(buffers) or None)

    def retain_message(self, kind: str, **content: Any) -> None:
        """Send a message now, and to pages that show the widget later, unless another of its kind has come since."""
        with self._retaining:
            self._retained[kind] = content
            self.send_message(kind, **content)

    def on(self, event: str, callback: Callable[..., object]) -> None:
        """Call `callback` at each event of that name."""
        self._listeners.setdefault(event, []).append(callback)

    def _emit(self, event: str, *what: object) -> None:
        for callback in tuple(self._listeners.get(event, ())):
            callback(*what)

    def _on_message(self, _widget: object, content: Any, buffers: Sequence[memoryview]) -> None:
        if not isinstance(content, dict):
            return
        if content.get("ask") == "script":
            _notifier(self.script).asked(self, str(content.get("page")))
            return
        kind = content.get("type")
        is_ours = isinstance(kind, str) and kind.isalpha() and kind != "message"  # that would be this method itself
        handler = getattr(self, f"_on_{kind}", None) if is_ours else None
        if handler is not None:
            handler(content, [bytes(buffer) for buffer in buffers or ()])

    def _on_ready(self, _content: dict[str, Any], _buffers: list[bytes]) -> None:
        self.is_alive = True
        for kind in list(self._retained):
            with self._retaining:  # else another thread's news could be sent before what they replace
                self.send_message(kind, **self._retained[kind])
        for callback in tuple(self._listeners.get("ready", ())):
            try:
                callback()
            except Exception:
                logging.getLogger("fox_nb").exception("A part of a panel did not start; the others do.")


class _Ahead(Scripted):
    """What brings the script before there is a widget that is shown; gone as soon as it has."""

    part = "ahead"

    def __init__(self) -> None:
        super().__init__()
        self.on("ready", self.layout.close)
        self.on("ready", self.close)


@functools.cache
def send_ahead() -> None:
    """Send the script to the page of this kernel, so that it is loaded there while the first panel is made."""
    if can_follow():
        _Ahead()


def observe_always(widget: Any, callback: Callable[[], object], name: str = "value") -> None:
    """Call `callback` after each change of a trait, for good: who takes all observers of a widget away means their own.

    What ipywidgets' classes observe themselves stays, too: without it a list's value does not follow its place.
    """
    take_away = widget.unobserve_all

    def on_change(_change: object) -> None:
        callback()

    def unobserve_all(names: Any = traitlets.All) -> None:
        take_away(names)
        for handler in type(widget).trait_events().values():
            if isinstance(handler, traitlets.ObserveHandler):
                handler.instance_init(widget)
        widget.observe(on_change, name)

    widget.unobserve_all = unobserve_all
    widget.observe(on_change, name)


class _Notifier:
    """Sends a script: with the first widget that needs it, and to pages that ask."""

    def __init__(self, script: str) -> None:
        self._name, self._files = bundle(script)
        self._lock = threading.Lock()
        self._answered: dict[str, float] = {}
        self._opened = itertools.count()

    def enclosed(self) -> dict[str, Any]:
        """Return what the first widget's state has beside its own: pages take it out of there at once."""
        return {"files": list(self._files)} if next(self._opened) == 0 else {}

    def asked(self, widget: Scripted, page: str) -> None:
        """Answer a page, unless an answer to it is on its way."""
        now = time.monotonic()
        with self._lock:
            if now - self._answered.get(page, float("-inf")) < _SAME_PAGE:
                return
            self._answered[page] = now
        widget.send({"script": self._name}, list(self._files))


@functools.cache
def _notifier(script: str) -> _Notifier:
    """Return the one that sends a script."""
    return _Notifier(script)
