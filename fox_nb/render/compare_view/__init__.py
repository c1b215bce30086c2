"""The comparison's view in the browser: ES modules and a style sheet, joined here without a build step.

A notebook's widget and an exported page both need one script of one piece: the widget because it travels as a
string, the page because it must open from ``file:``. So the modules share one scope once they are joined, and no
two of them may name the same thing at their top.
"""

from __future__ import annotations

import re
from pathlib import Path

_HERE = Path(__file__).parent
_MODULES = ("view.js", "pictures.js", "pane.js", "frame.js", "bar.js", "keys.js", "labels.js", "grid.js")
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=class |function |const )", re.MULTILINE)


def script(start: str) -> str:
    """Join the modules to one.

    Parameters
    ----------
    start : str
        The module that puts the view to work; its imports name only the others, and it comes last. Its
        ``export default`` stays.

    Returns
    -------
    str
        One ES module.
    """
    modules = [(_HERE / name).read_text(encoding="utf-8") for name in _MODULES]
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", module)) for module in [*modules, start])


def page_script() -> str:
    """Return the script of an exported page."""
    return script((_HERE / "page.js").read_text(encoding="utf-8"))


def style() -> str:
    """Return the style sheet of the view."""
    return (_HERE / "style.css").read_text(encoding="utf-8")
