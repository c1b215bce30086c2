"""Head: what stands above a panel's controls, and what stands there where Jupyter lacks the front end of its press."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from IPython.display import HTML

from fox_nb.display.places import is_unseen
from fox_nb.models import Request
from fox_nb.parameters import parameters
from fox_nb.session import Cost
from fox_nb.session.billing import Account
from fox_nb.session.code import call
from fox_nb.session.lost_answers import moment
from fox_nb.settings import key_advice, on_binder

_SECONDS = 4
_MISSING = f"""<style>@keyframes fox-late {{ to {{ visibility: visible }} }}
.fox-late {{ visibility: hidden; animation: fox-late 0s {_SECONDS}s forwards; line-height: 1.4 }}</style>
<p class="fox-late" role="note">If there is no button to press here, or a box that speaks of a JavaScript error instead,
Jupyter lacks its front end. Install it where Jupyter itself runs (pip install anywidget; that may be another
environment than this kernel's), then reload this page.</p>"""


def head(request: type[Request], *, sandbox: bool) -> str:
    """Head a panel: the model, what it does, and whether it is play."""
    pill = ' <span class="fox-pill">sandbox</span>' if sandbox else ""
    advice = f"<p>{html.escape(key_advice())}</p>" if on_binder() else ""
    return (
        f'<div class="fox-head"><p><strong>{html.escape(request.title)}</strong>{pill} '
        f"<span>{html.escape(request.about)} {html.escape(request.model)}</span></p>{advice}</div>"
    )


def when_missing() -> str:
    """Say what to do when the press is not there: a JupyterLab without anywidget shows ipywidgets' controls alone.

    It stays out of sight for some seconds, so that it does not flash where all is well, and is taken away as soon as
    the press is alive. A kernel that is busy meanwhile cannot hear that: therefore it says 'if'.
    """
    return _MISSING


class _Name(str):
    """Stands in code for a value, unquoted: a text in its place would be asked for, and paid."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def in_marimo(panels: Mapping[type[Request], Mapping[str, Any]]) -> HTML:
    """Say why marimo shows no panels, and the calls that do there what a press of each would, by its values."""
    codes = []
    for request, values in panels.items():
        known = {name: value if isinstance(value, (str, int, float)) else _Name(name) for name, value in values.items()}
        missing = {parameter.name: _Name(parameter.name) for parameter in parameters(request) if parameter.required}
        code = call({"model": request.model, **missing, **known}, 1, {})
        codes.append(f"<code>{html.escape(code)}</code>")
    return HTML(
        "<p>marimo can't show this, because it is made of Jupyter's own widgets; "
        f"the same from code, pictures included: {'; '.join(codes)}</p>"
    )


def card(title: str, *, sandbox: bool, earlier: int = 0) -> str:
    """Stand below a panel's pictures where no kernel runs, above the box that Jupyter shows for the panel itself."""
    from fox_nb.render import html as page

    more = (
        f" {earlier} earlier result{'s are' if earlier > 1 else ' is'} in the folder: see fox.tasks()."
        if earlier
        else ""
    )
    below = "" if is_unseen() else " Until then Jupyter shows an error, 'Loading widget...' or nothing in its place."
    text = f"Run this cell to use it.{below}{more}"
    return page.frame(page.head(title, sandbox=sandbox), page.note(text))


def money_note(cost: Cost, left: Cost | None, account: Account | None = None) -> str:
    """Say what kind of money a price is, and what the budget and the key have left."""
    about = cost.about
    if left is not None:
        few = left < cost
        about.append(f"{'only ' * few}{left.short} of the budget left{': too little' * few}")
    key = account.left if account is not None else None
    if key is not None:
        only = f"the key has only {key.short} left" if key < cost else f"{key.short} left on the key"
        about.append(only)
    return f"({', '.join(about)})" if about else ""


def key_is_empty(account: Account, now: float, *, is_class: bool) -> str:
    """Say why a press makes no sense with this key; '' where it does, as in a class, which may pay for a seat."""
    if is_class:
        return ""
    at = f" (asked at {moment(account.asked_at)})" if account.asked_at is not None else ""
    if account.is_empty:
        return f"This key has nothing left{at}. Have it topped up, or use another one."
    if account.ends_at is not None and account.ends_at <= now:
        return f"This key ended at {moment(account.ends_at)}. Use another one."
    return ""
