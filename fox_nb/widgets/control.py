"""Control: one control of a surface: its state, its messages and its sign of life."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import traitlets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_numbers = itertools.count(1)
_NOTHING = object()


class Line(Protocol):
    """What carries a control's words to the browsers that show it."""

    def carry(self, control: Control, content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        """Send a message to the control's browser side."""

    def update(self, control: Control, name: str) -> None:
        """Bring the browser's copy of one of the control's traits up to date."""


class Control(traitlets.HasTraits):
    """A part of a surface; its browser side is the module of its name beside this file.

    The traits that are tagged ``sync=True`` are its state in the browser. What the browser says are messages
    ``{"type": …}``: one of type ``x`` is handled by the method ``_on_x(content, buffers)``, others are ignored.
    Handlers run on whatever thread the kernel chooses; callbacks are called without any lock held.

    Parameters
    ----------
    children : sequence of Control
        The controls that are drawn inside of it.
    label : str
        What the control is called, beside it and to screen readers.
    help : str
        A sentence below it.

    Attributes
    ----------
    id : str
        What the control is called on its surface.
    line : Line or None
        The surface that it is part of; what is said before there is one, nobody hears.
    """

    module: ClassVar[str]

    label = traitlets.Unicode("").tag(sync=True)
    help = traitlets.Unicode("").tag(sync=True)

    def __init__(self, children: Sequence[Control] = (), **traits: Any) -> None:
        self.id = f"c{next(_numbers)}"
        self.children = tuple(children)
        self.line: Line | None = None
        self._hearing = threading.local()  # kernels with subshells hear a control on several threads at once
        self._ready_callbacks: list[Callable[[], object]] = []
        super().__init__(**traits)
        self.observe(self._tell, self.trait_names(sync=True))

    def walk(self) -> Iterator[Control]:
        """Give this control and all that are in it, each before what it holds."""
        yield self
        for child in self.children:
            yield from child.walk()

    def state(self) -> dict[str, Any]:
        """Return all that a browser needs to draw it."""
        synced = {name: getattr(self, name) for name in self.trait_names(sync=True)}
        return {"id": self.id, "module": self.module, "children": [child.id for child in self.children], **synced}

    def send(self, content: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Send a message to the browser side."""
        if self.line is not None:
            self.line.carry(self, content, buffers)

    def take(self, **values: Any) -> None:
        """Take over what a browser says of its state; it is told only where that became something else."""
        self._hearing.said = values
        try:
            for name, value in values.items():
                setattr(self, name, value)
        finally:
            self._hearing.said = {}

    def hear(self, content: Any, buffers: Sequence[Any] = ()) -> None:
        """Deal with a message of the browser side."""
        kind = content.get("type") if isinstance(content, dict) else None
        handler = getattr(self, f"_on_{kind}", None) if isinstance(kind, str) and kind.isalpha() else None
        if handler is not None:
            handler(content, [bytes(buffer) for buffer in buffers or ()])

    def on_ready(self, callback: Callable[[], object]) -> None:
        """Call `callback()` each time that a browser has started this control."""
        self._ready_callbacks.append(callback)

    def _tell(self, change: dict[str, Any]) -> None:
        name, value = change["name"], change["new"]
        said = getattr(self._hearing, "said", {})
        if self.line is not None and said.get(name, _NOTHING) != value:
            self.line.update(self, name)

    def _on_ready(self, _content: dict[str, Any], _buffers: list[bytes]) -> None:
        for callback in tuple(self._ready_callbacks):
            callback()


class Stack(Control):
    """Controls below each other.

    Parameters
    ----------
    kind : str
        The class of CSS that tells it from others.
    """

    module = "stack"

    kind = traitlets.Unicode("").tag(sync=True)


class Words(Control):
    """Words between controls: HTML, with all that comes from outside escaped."""

    module = "words"

    html = traitlets.Unicode("").tag(sync=True)
