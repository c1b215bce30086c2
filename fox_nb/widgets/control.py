"""The base of the controls that ipywidgets lacks: ordered messages, a sign of life, words where no front end is.

Why messages and not only traits: ipywidgets holds back a trait's change while an earlier one is under way, but never
a button's click. So a click can overtake the text that was typed before it. Custom messages keep their order.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets
import traitlets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ONLY_COMMENT = re.compile(r"^\s*(//.*|/\*.*\*/\s*)?$")

_REMEDY = (
    "If there are no controls here, or boxes that speak of a JavaScript error instead, Jupyter lacks their front end."
    " Install it where Jupyter itself runs (pip install anywidget; that may be another environment than this kernel's),"
    " then reload this page."
)

_NOTE = """<style>@keyframes fox-late {{ to {{ visibility: visible }} }}
.fox-late {{ visibility: hidden; animation: fox-late 0s {seconds}s forwards; line-height: 1.4 }}</style>
<p class="fox-late" role="note">{remedy}</p>"""


def source(name: str) -> str:
    """Read a browser module or style sheet that lies beside this file, without its indentation and lines of comment.

    Each control saves its module again with the notebook, wherever the state of widgets is saved.
    """
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return "\n".join(line.strip() for line in lines if not _ONLY_COMMENT.match(line)) + "\n"


class Control(anywidget.AnyWidget):
    """An anywidget whose browser side talks in custom messages ``{"type": …}`` and says ``ready`` once it runs.

    A message of type ``x`` is handled by the method ``_on_x(content, buffers)``; others are ignored. Handlers run
    on whatever thread the kernel chooses, one after the other; callbacks are called without any lock held.

    Parameters
    ----------
    label : str
        What the control is called, beside it and to screen readers.
    help : str
        A sentence below it.
    """

    label = traitlets.Unicode("").tag(sync=True)
    help = traitlets.Unicode("").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._ready_callbacks: list[Callable[[], object]] = []
        self._alive = False
        super().__init__(**traits)
        self.on_msg(self._dispatch)

    @property
    def alive(self) -> bool:
        """Whether a browser has ever said that it shows this control."""
        return self._alive

    def on_ready(self, callback: Callable[[], object]) -> None:
        """Call `callback()` each time that a browser has started this control."""
        self._ready_callbacks.append(callback)

    def _dispatch(self, _widget: object, content: Any, buffers: Sequence[memoryview]) -> None:
        kind = content.get("type") if isinstance(content, dict) else None
        handler = getattr(self, f"_on_{kind}", None) if isinstance(kind, str) and kind.isalpha() else None
        if handler is not None:
            handler(content, [bytes(buffer) for buffer in buffers or ()])

    def _on_ready(self, _content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._alive = True
        for callback in tuple(self._ready_callbacks):
            callback()


def missing_front_end(controls: Sequence[Control], *, seconds: float = 4) -> ipywidgets.HTML:
    """Make a note, made of ipywidgets alone, that says what to do when none of `controls` shows itself.

    A JupyterLab without anywidget draws a red box 'Click to show javascript error.' for each such control and looks at
    no other type of data beside it; ipywidgets' own controls work there. Nobody can ask the browser what it has.

    The note stays out of sight for some seconds, so that it does not flash where all is well, and goes for good as soon
    as one control is alive. A kernel that is busy meanwhile cannot hear that: therefore it says 'if'.

    Parameters
    ----------
    controls : sequence of Control
        The controls beside which it is shown.
    seconds : float
        After how long it is seen.
    """
    note = ipywidgets.HTML(_NOTE.format(seconds=seconds, remedy=_REMEDY))

    def hide() -> None:
        note.layout.display = "none"

    for control in controls:
        control.on_ready(hide)
    if any(control.alive for control in controls):
        hide()
    return note
