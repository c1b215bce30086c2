"""The comparison's view in the browser: the bundles that `make scripts` makes of the modules in this folder."""

from __future__ import annotations

from pathlib import Path

_STATIC = Path(__file__).parents[2] / "static"


def page_script() -> str:
    """Return the script of an exported page: one module, since it has to open from ``file:``."""
    return (_STATIC / "comparison_page.js").read_text(encoding="utf-8")


def style() -> str:
    """Return the style sheet of the view."""
    return (_STATIC / "viewer.css").read_text(encoding="utf-8")
