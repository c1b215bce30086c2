"""HTML: escaping what comes from outside, and the few pieces that every output is made of.

Text from outside is clipped first, so ten megabytes cost nothing; control characters become spaces, marks that turn
the direction of writing are taken out, and what is left stands in a ``<bdi>``, so that it can't reorder its neighbours.

Not by Jinja2's autoescape: neither a kernel nor ipywidgets has it loaded, and importing it, 50 to 230 ms as measured,
would delay the first panel. So nothing escapes by itself here: what forgets to is found by tests alone, which hand
hostile texts to these outputs, and in a browser to tasks, lists and panels (``tests/render/test_render.py``,
``tests/browser/test_hostile_page.py``).
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from urllib.parse import quote

from fox_nb.images.inline import data_uri
from fox_nb.render.style import STYLE

Facts = Sequence[tuple[str, str]]

PLAIN = "mathjax_ignore tex2jax_ignore"
"""Classes by which MathJax, new and old, leaves our texts alone: two dollars make no formula of what is between."""
LONGEST = 300
_LONGEST_CODE = 20_000
_LONGEST_PATH = 1000
_TURNS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# Left to re's own cache: compiling them would cost every panel.
_UNSEEN = f"[\x00-\x1f\x7f-\x9f\ufeff\u2028\u2029{_TURNS}]+"
_UNSEEN_IN_CODE = f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{_TURNS}]"
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA = rf"\s*{_SIGN}|[\t\r\n]"
_INSIDE = rf"([;\t\r\n][ \t]{{0,9}})(?={_SIGN})"
"""Where a formula begins for who splits cells at other signs than commas, as Excel does in half of Europe."""
_PICTURE_TYPES = {"image/webp", "image/jpeg", "image/png", "image/gif"}
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MINUTE, _HOUR = 60, 3600


def clip(text: object, longest: int = LONGEST) -> str:
    """Make one line of at most `longest` characters that can be shown; '…' says that more was there."""
    whole = text if isinstance(text, str) else str(text)
    start = whole[: longest * 4]
    seen = re.sub(_UNSEEN, " ", start).encode("utf-8", "replace").decode("utf-8")
    seen = re.sub(" {2,}", " ", seen).strip()
    if len(seen) <= longest and len(start) == len(whole):
        return seen
    return seen[: longest - 1].rstrip() + "…"


def escape(text: object, longest: int = LONGEST) -> str:
    """Clip and escape a text for an attribute or for between tags."""
    return html.escape(clip(text, longest), quote=True)


def bdi(text: object, longest: int = LONGEST) -> str:
    """Clip and escape a text from outside, and keep its direction of writing to itself."""
    return f"<bdi>{escape(text, longest)}</bdi>"


def unlike(names: Sequence[str]) -> list[str]:
    """Give a number to names that stand there already, so that no two places are called the same."""
    found: dict[str, None] = {}
    numbers: dict[str, Iterator[int]] = {}  # of thousands that are alike, none is counted from 2 again
    for name in names:
        other = name
        while other in found:
            other = f"{name} ({next(numbers.setdefault(name, itertools.count(2)))})"
        found[other] = None
    return list(found)


def table_cell(value: object) -> object:
    """Return a value as a CSV takes it: a text that a spreadsheet would run becomes one that it shows."""
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    if not isinstance(value, str):
        return value
    return re.sub(_INSIDE, r"\1'", f"'{value}" if re.match(_FORMULA, value) else value)


def code_block(code: str) -> str:
    """Put Python lines behind a fold, ready to be copied."""
    shown = code if len(code) <= _LONGEST_CODE else code[:_LONGEST_CODE] + "\n# … (shortened)"
    shown = re.sub(_UNSEEN_IN_CODE, lambda match: f"\\u{ord(match[0]):04x}", shown)
    shown = html.escape(shown.encode("utf-8", "replace").decode("utf-8"), quote=True)
    return f'<details class="fx-code"><summary>Show code</summary><pre><code>{shown}</code></pre></details>'


def frame(*parts: str, role: str = "", label: str = "") -> str:
    """Put the parts of an output together with the style that they share."""
    attributes = (f' role="{role}"' if role else "") + (f' aria-label="{escape(label, 120)}"' if label else "")
    return f'{STYLE}<div class="fox-nb {PLAIN}"{attributes}>{"".join(parts)}</div>'


def head(title: object, *, sandbox: bool = False, pill: str = "") -> str:
    """Write an output's first line; not a heading, because JupyterLab's table of contents would collect it."""
    pills = "".join(f' <span class="fx-pill">{escape(word, 40)}</span>' for word in (pill, "sandbox" * sandbox) if word)
    return f'<p class="fx-head"><strong>{bdi(title)}</strong>{pills}</p>'


def facts_line(facts: Facts) -> str:
    """Write facts as one line that reads without any style: name value · name value."""
    if not facts:
        return ""
    return '<p class="fx-line">' + joined(facts) + "</p>"


def joined(facts: Facts) -> str:
    """Join names and values; a fact with no name is its value alone."""
    pieces = (
        (f'<span class="fx-dim">{escape(name, 60)}</span> ' if name else "") + bdi(value, 160) for name, value in facts
    )
    return ' <span class="fx-dim">·</span> '.join(f"<span>{piece}</span>" for piece in pieces)


def note(text: str, css: str = "fx-line fx-dim") -> str:
    """Write a paragraph of plain text; nothing for an empty one."""
    return f'<p class="{css}">{bdi(text, 1000)}</p>' if text else ""


def notes(texts: Iterable[str]) -> str:
    """Write several paragraphs."""
    return "".join(note(text) for text in texts)


def img(picture: bytes, mime: str, size: tuple[int, int], alt: object, shown: int, *, mark: str = "") -> str:
    """Write a picture, `shown` pixels wide where no style reaches, in its right shape before it is decoded."""
    if mime not in _PICTURE_TYPES:
        raise ValueError(f"{mime!r} is no picture that browsers show")
    width, height = max(1, size[0]), max(1, size[1])
    across = max(1, min(shown, width))
    down = max(1, round(across * height / width))
    source = data_uri(picture, mime)
    marked = f' data-fox="{escape(mark)}"' if mark else ""
    return f'<img src="{source}" alt="{escape(alt)}" width="{across}" height="{down}" decoding="async"{marked}>'


def link(href: str, text: str) -> str:
    """Link to a file by its relative path; quoted whole, so it is a path whatever it looks like."""
    if len(href) > _LONGEST_PATH:
        return escape(text)
    path = quote(href.lstrip("/"), safe="/", errors="replace")
    return f'<a href="{path}" target="_blank" rel="noopener">{escape(text)}</a>'


def clock(when: datetime, *, seconds: bool = False) -> str:
    """Write a time of day: 12:01 or 12:01:30."""
    return f"{when:%H:%M:%S}" if seconds else f"{when:%H:%M}"


def day(when: datetime) -> str:
    """Write a date that nobody reads the other way round: 3 May 2025."""
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def when(at: float) -> str:
    """Write a moment, given in seconds since 1970, as day and time here: 3 May 2025, 12:01."""
    here = datetime.fromtimestamp(at).astimezone()
    return f"{day(here)}, {clock(here)}"


def duration(seconds: float) -> str:
    """Write a length of time as people say it: 8 s, 2 min 5 s, 1 h 20 min."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        minutes, rest = divmod(whole, _MINUTE)
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"  # noqa: PLR2004 - seconds matter little
    hours, rest = divmod(whole, _HOUR)
    return f"{hours} h {rest // _MINUTE} min" if rest >= _MINUTE else f"{hours} h"
