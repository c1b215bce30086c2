"""Places: where something is shown (a cell's output, a widget) and how that is changed later, from any thread."""

from __future__ import annotations

import base64
import os
import sys
import uuid
from html import escape
from typing import TYPE_CHECKING, Any

from fox_nb.images.inline import data_uri
from fox_nb.settings import in_voila

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import ipywidgets as w

    Bundle = dict[str, Any]

WAIT_VARIABLE = "FOX_NB_WAIT"
"""Set where a notebook is run without a screen: a task in a cell is waited for: nobody is there to see it change."""


def view_of(widget: w.Widget) -> dict[str, Any]:
    """Return what front ends show a widget for, in a bundle."""
    about = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return {"application/vnd.jupyter.widget-view+json": about}


def in_notebook() -> bool:
    """Return True when Jupyter's own Python kernel runs this code.

    Other hosts have a `get_ipython`, too, but what it gives lacks this or that of what changes an output later
    (Solara's has no `get_parent`, xeus-python's publisher no socket): they get words, and bundles as things stand.
    """
    kernels = sys.modules.get("ipykernel.zmqshell")
    if kernels is None:
        return False
    from IPython import get_ipython

    return isinstance(get_ipython(), kernels.ZMQInteractiveShell)


def is_unseen() -> bool:
    """Return True where a notebook is run without a screen: then a widget's view would be a hole in the page."""
    return in_notebook() and bool(os.environ.get(WAIT_VARIABLE))


def bundle(html: str, words: str = "") -> Bundle:
    """Return an output that is HTML where that can be shown, and words elsewhere."""
    return {"text/html": html, "text/plain": words}


def output_for(widget: w.Widget, words: str = "") -> Bundle:
    """Return an output that is a widget's view and nothing else; where nobody looks that would be a hole there."""
    return bundle("") if is_unseen() else {**bundle("", words), **view_of(widget)}


def is_last_value() -> bool:
    """Return True while a cell's last value is shown."""
    from IPython import get_ipython

    return in_notebook() and getattr(get_ipython().displayhook, "msg", None) is not None


def show_last_value(thing: Any) -> None:
    """Show a cell's last value as a display; whoever else asks, as `display` and Output widgets do, gets its bundle.

    A widget that was closed has none: it stands there by its name, as any other does.
    """
    from IPython.display import display

    if not is_last_value() or thing._repr_mimebundle_ is None:
        raise NotImplementedError
    display(thing._repr_mimebundle_(), raw=True)


class Shown:
    """What shows itself by a function that it was handed; without one, and outside of Jupyter, by its static page."""

    _show: Callable[[Any], Any] | None
    _ipython_display_ = show_last_value

    def _repr_html_(self) -> str:
        raise NotImplementedError

    def _repr_mimebundle_(self, **_: Any) -> Any:
        return self._show(self) if in_notebook() and self._show is not None else {}

    def _display_(self) -> Any:
        """Return what marimo shows, which asks for this first."""
        from IPython.display import HTML

        return HTML(self._repr_html_()) if self._show is None else self._show(self)


class CellOutput:
    """An output that front ends know by its id."""

    def __init__(self, parent: Mapping[str, Any], display_id: str = "") -> None:
        self._parent = parent
        self.area = area_of(parent)
        self.id = display_id or uuid.uuid4().hex
        self._first: Bundle = {}
        self._metadata: Mapping[str, Any] = {}

    def prepare(self, content: Mapping[str, Any]) -> None:
        """Give it its id; what captures a cell (`%%capture`) keeps the bundle itself, which is changed there."""
        content["transient"]["display_id"] = self.id
        self._first = content["data"]
        self._metadata = content.get("metadata", {})

    def show(self, shown: Bundle) -> None:
        """Send it anew, as something that the running cell says: runs without a screen listen to that alone.

        An Output widget swallows what the cell says that it captures; then that says it, too, which made the place.
        """
        self._first.clear()
        self._first.update(shown)
        here = parent_here()
        content = {"data": shown, "metadata": self._metadata, "transient": {"display_id": self.id}}
        for parent in (here,) if output_of(here) is None else (here, self._parent):
            send("update_display_data", content, parent)


class Box:
    """A widget, where an update of an output would not be seen: in an Output widget (ipywidgets#1844), and in Voila.

    Only what stands there is changed. Assigning the Output's own `outputs` would send all of them again, and lose
    what the browser has added to them and this kernel has not heard of yet.
    """

    def __init__(self, parent: Mapping[str, Any]) -> None:
        import ipywidgets as w

        self._box = w.HTML()
        self.area = area_of(parent)

    def prepare(self, content: Mapping[str, Any]) -> None:
        """Put the widget's view beside the page, which stays where widgets are not shown."""
        self._box.value = _as_html(content["data"])
        content["data"].update(view_of(self._box))

    def show(self, shown: Bundle) -> None:
        """Change the widget."""
        self._box.value = _as_html(shown)


Place = CellOutput | Box
"""Where something is shown; its `area` is what is cleared together: what one run of a cell, or one widget, shows."""


def _as_html(shown: Bundle) -> str:
    """Return anything that a notebook shows as the HTML of a widget."""
    if shown.get("text/html"):
        return str(shown["text/html"])
    image = next((kind for kind in ("image/png", "image/jpeg") if kind in shown), None)
    if image is not None:
        picture = shown[image] if isinstance(shown[image], bytes) else base64.b64decode(shown[image])
        return f'<img alt="" src="{data_uri(picture, image)}">'
    return f"<pre>{escape(str(shown.get('text/plain', '')))}</pre>"


def place_for(parent: Mapping[str, Any], display_id: str = "") -> Place:
    """Return a place for what is displayed on behalf of a message."""
    if in_voila() or output_of(parent) is not None:
        return Box(parent)
    return CellOutput(parent, display_id)


def open_place(shown: Bundle, *, is_next: bool = False) -> Place:
    """Show something here and now; returns where.

    IPython waits each time until what was printed is sent; what is next to something that was just shown need not.
    """
    from IPython import get_ipython

    place = place_for(parent_here())
    content: dict[str, Any] = {"data": dict(shown), "metadata": {}, "transient": {}}
    place.prepare(content)
    publisher = get_ipython().display_pub
    if is_next and isinstance(publisher, sys.modules["ipykernel.zmqshell"].ZMQDisplayPublisher):  # nothing captures it
        send("display_data", content, parent_here())
    else:
        publisher.publish(content["data"], transient=content["transient"])
    return place


def area_here() -> str:
    """Return the area into which something would go that is displayed here and now."""
    return area_of(parent_here())


def parent_here() -> Mapping[str, Any]:
    """Return the header of the message on behalf of which something would be displayed here and now."""
    parent: Mapping[str, Any] = _kernels_own().parent_header
    return parent


def send(message: str | Mapping[str, Any], content: Mapping[str, Any] | None = None, parent: Any = None) -> None:
    """Send a message, or one of this kind, to the front ends, whatever captures what the running cell displays."""
    own = _kernels_own()
    own.session.send(own.pub_socket, message, content, parent=parent, ident=own.topic)


def _kernels_own() -> Any:
    """Return what the kernel itself sends with; for `display_pub` IPython puts another one while a cell is captured."""
    from IPython import get_ipython

    return get_ipython().displayhook


def area_of(parent: Mapping[str, Any]) -> str:
    """Return the area of what is displayed on behalf of a message."""
    output = output_of(parent)
    return str(parent.get("msg_id", "")) if output is None else output.model_id


def outputs() -> Iterator[w.Output]:
    """Give all Output widgets of this kernel; they are looked for only where ipywidgets is in use."""
    if "ipywidgets" in sys.modules:
        from ipywidgets import Output
        from ipywidgets.widgets.widget import _instances

        yield from (widget for widget in list(_instances.values()) if isinstance(widget, Output))


def outputs_of(parent: Mapping[str, Any]) -> list[w.Output]:
    """Return the Output widgets, one in another, that capture what is displayed on behalf of a message."""
    message = parent.get("msg_id")
    return [output for output in outputs() if message and output.msg_id == message]


def output_of(parent: Mapping[str, Any]) -> w.Output | None:
    """Return the Output widget that captures what is displayed on behalf of a message."""
    return next(iter(outputs_of(parent)), None)
