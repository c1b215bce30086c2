"""Surface: the one widget of a panel: all its controls share one line to the browser, and one module of script.

Why one: a browser takes milliseconds to start each anywidget and to open each line, and a notebook that saves the state
of its widgets saves each one's module again. What it saves of the controls is how they were when they were opened, and
nothing of what was typed.
"""

from __future__ import annotations

import functools
import logging
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets
import traitlets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fox_nb.widgets.control import Control

_HERE = Path(__file__).parent
_IDLE = re.compile(r"^[ \t]*(?://.*|/\*.*\*/[ \t]*)?\n|^[ \t]+", re.MULTILINE)

_REMEDY = (
    "If there are no controls here, or boxes that speak of a JavaScript error instead, Jupyter lacks their front end."
    " Install it where Jupyter itself runs (pip install anywidget; that may be another environment than this kernel's),"
    " then reload this page."
)

_NOTE = """<style>.fox-nb-panel {{ max-width: 860px; gap: 4px }}
@keyframes fox-late {{ to {{ visibility: visible }} }}
.fox-late {{ visibility: hidden; animation: fox-late 0s {seconds}s forwards; line-height: 1.4 }}</style>
<p class="fox-late" role="note">{remedy}</p>"""


@functools.cache
def source(name: str) -> str:
    """Read a browser module or style sheet that lies beside this file, without its indentation and lines of comment."""
    return _IDLE.sub("", (_HERE / name).read_text(encoding="utf-8"))


@functools.cache
def script(modules: frozenset[str]) -> str:
    """Join the modules of some controls to one, each in a scope of its own, and the surface's own behind them."""
    parts = []
    for name in sorted(modules):
        own = source(f"{name}.js").replace("export default ", "const MODULE = ")
        parts.append(f'MODULES["{name}"] = (() => {{\n{own}return MODULE;\n}})();\n')
    return "".join([source("dom.js"), "const MODULES = {};\n", *parts, source("surface.js")])


@functools.cache
def style(modules: frozenset[str]) -> str:
    """Join the style sheets of some controls, and the surface's own behind them."""
    own = [f"{name}.css" for name in sorted(modules)]
    return "".join(source(name) for name in [*own, "surface.css"] if (_HERE / name).exists())


class Surface(anywidget.AnyWidget):
    """Controls as one widget.

    Parameters
    ----------
    root : Control
        What is drawn, with all that is in it; a control is part of one surface.

    Attributes
    ----------
    alive : bool
        Whether a browser has ever said that it shows this surface.
    """

    _esm = traitlets.Unicode("").tag(sync=True)
    _css = traitlets.Unicode("").tag(sync=True)
    parts: traitlets.List[Control] = traitlets.List().tag(
        sync=True, to_json=lambda parts, _: [part.state() for part in parts]
    )

    def __init__(self, root: Control) -> None:
        self.alive = False
        self._lock = threading.RLock()
        self._ready_callbacks: list[Callable[[], object]] = []
        parts = list(root.walk())
        self._by_id = {part.id: part for part in parts}
        for part in parts:
            part.line = self
        modules = frozenset(part.module for part in parts)
        # A page keeps one style sheet for each id.
        name = f"fox_nb {' '.join(sorted(modules))}"
        super().__init__(parts=parts, _esm=script(modules), _css=style(modules), _anywidget_id=name)
        self.on_msg(self._heard)

    def on_ready(self, callback: Callable[[], object]) -> None:
        """Call `callback()` each time that a browser has started this surface."""
        self._ready_callbacks.append(callback)

    def carry(self, control: Control, content: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Send a message to a control's browser side."""
        self._say({"part": control.id, "said": content}, buffers)

    def update(self, control: Control, name: str) -> None:
        """Bring the browser's copy of one of a control's traits up to date."""
        with self._lock:  # read in here: of two threads that have set it, the last to say so says what it is
            self._say({"part": control.id, "set": {name: getattr(control, name)}})

    # A change that another thread makes while the state is being sent comes after it.

    def open(self) -> None:
        """Make the line to the browser, with the state of all controls."""
        with self._lock:
            super().open()

    def send_state(self, key: Any = None) -> None:
        """Send the state of all controls."""
        with self._lock:
            super().send_state(key)

    def _say(self, content: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        with self._lock:
            self.send(content, list(buffers) or None)

    def _heard(self, _widget: object, content: Any, buffers: Sequence[memoryview]) -> None:
        if not isinstance(content, dict):
            return
        if content.get("ready"):
            self.alive = True
            self._catch_up(content.get("parts"))
            for callback in tuple(self._ready_callbacks):
                callback()
            for each in self.parts:
                try:
                    each.hear({"type": "ready"})
                except Exception:
                    logging.getLogger("fox_nb").exception("A control did not start; the others do.")
        elif (part := self._by_id.get(str(content.get("part")))) is not None:
            part.hear(content.get("said"), buffers)

    def _catch_up(self, known: Any) -> None:
        """Send what has changed since the state that a browser has: nobody hears what is said while a page reloads."""
        for state in known if isinstance(known, list) else ():
            part = self._by_id.get(str(state.get("id")))
            if part is None:
                continue
            with self._lock:
                new = {name: value for name, value in part.state().items() if state.get(name) != value}
                if new:
                    self._say({"part": part.id, "set": new})


def missing_front_end(surface: Surface, *, seconds: float = 4) -> ipywidgets.HTML:
    """Make a note, made of ipywidgets alone, that says what to do when `surface` does not show itself.

    A JupyterLab without anywidget draws a red box 'Click to show javascript error.' for it and looks at no other type
    of data beside it; ipywidgets' own controls work there. Nobody can ask the browser what it has.

    The note stays out of sight for some seconds, so that it does not flash where all is well, and goes for good as soon
    as the surface is alive. A kernel that is busy meanwhile cannot hear that: therefore it says 'if'.

    Parameters
    ----------
    surface : Surface
        What it is shown beside.
    seconds : float
        After how long it is seen.
    """
    note = ipywidgets.HTML(_NOTE.format(seconds=seconds, remedy=_REMEDY))

    def hide() -> None:
        note.layout.display = "none"

    surface.on_ready(hide)
    if surface.alive:
        hide()
    return note
