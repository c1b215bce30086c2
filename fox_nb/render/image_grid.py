"""Image grid: a task's pictures as they stay in the notebook.

Each picture is a fold whose summary is the picture: a click, or Enter on the keyboard, opens it to the output's whole
width, without a script and without a second copy of its bytes. Columns follow the number and the shape of the
pictures; where styles are taken away, what remains is the pictures in their right shape, one below the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fox_nb.images.inline import size_words
from fox_nb.render.html import Facts, bdi, code_block, escape, facts_line, frame, head, img, joined, link, note, notes

_LAYOUTS = ((1, 400, 620), (2, 300, 880), (4, 240, 1100), (12, 184, 0))
_MANY = (150, 0)
_SIDE_BY_SIDE = 2


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a grid.

    Attributes
    ----------
    thumbnail : bytes
        What is shown, 5 to 90 kB (see ``fox_nb.images.thumbnail``).
    mime : str
        The thumbnail's type.
    width, height : int
        Pixels of the full picture.
    alt : str
        What it shows, for those who don't see it: the prompt, mostly.
    caption : str
        Stands beneath; '' for none.
    href : str or None
        The full file's path relative to the notebook, when it is there.
    facts : sequence of (name, value)
        Stand beneath the opened picture.
    mark : str
        By which a live panel in the same page finds the picture; '' for none.
    """

    thumbnail: bytes
    mime: str
    width: int
    height: int
    alt: str
    caption: str = ""
    href: str | None = None
    facts: Facts = ()
    mark: str = ""


def grid(
    pictures: Sequence[Picture],
    *,
    title: str,
    facts: Facts = (),
    notes_below: Iterable[str] = (),
    sandbox: bool = False,
    reused: str | None = None,
    code: str | None = None,
    empty: str = "There are no pictures here.",
) -> str:
    """Show pictures with what they are.

    Parameters
    ----------
    pictures : sequence of Picture
        In their order; none gives the `empty` sentence.
    title : str
        The first line: the prompt, mostly.
    facts : sequence of (name, value)
        One line below the title.
    notes_below : iterable of str
        Sentences under the pictures.
    sandbox : bool
        Marks pictures of the sandbox.
    reused : str, optional
        Says that nothing was made and paid, and how to get another take.
    code : str, optional
        Python lines behind 'Show code'.
    empty : str
        What stands where no picture is.

    Returns
    -------
    str
        HTML.
    """
    shown = sheet(pictures) if pictures else note(empty)
    return frame(
        head(title, sandbox=sandbox),
        facts_line(facts),
        note(reused or ""),
        shown,
        notes(notes_below),
        code_block(code) if code else "",
    )


def sheet(pictures: Sequence[Picture], *, column: int = 0) -> str:
    """Lay pictures out in columns that suit their number (or of the width `column`), their shape and the page's width.

    The columns are an inline style: JupyterLab keeps these in notebooks that it doesn't trust, and drops blocks.
    """
    fitting = next(((least, most) for count, least, most in _LAYOUTS if len(pictures) <= count), _MANY)
    column, widest = (column, 0) if column else fitting
    ratios = [max(1, picture.width) / max(1, picture.height) for picture in pictures]
    lean = min(1.4, max(0.7, math.sqrt(sum(ratios) / len(ratios))))
    column = round(column * lean)
    narrow = "100%" if len(pictures) <= _SIDE_BY_SIDE else "47%"  # on a phone: one column, or two
    limit = f";max-width:{round(widest * lean)}px" if widest else ""
    columns = f"display:grid;grid-template-columns:repeat(auto-fill,minmax(min({narrow},{column}px),1fr)){limit}"
    return (
        f'<div class="fx-grid" style="{columns}">' + "".join(cell(picture, column) for picture in pictures) + "</div>"
    )


def cell(picture: Picture, shown: int) -> str:
    """Write one picture with its caption, and behind the fold its facts and the way to the full file.

    The summary is a block inline, for the same reason as the columns: else a triangle stands beside each picture.
    """
    seen = img(picture.thumbnail, picture.mime, (picture.width, picture.height), picture.alt, shown, mark=picture.mark)
    caption = f'<br><span class="fx-cap">{bdi(picture.caption, 200)}</span>' if picture.caption else ""
    size = f"{size_words(picture.width, picture.height)} px"
    full = link(picture.href, "Open the full picture") if picture.href else ""
    below = [joined([("", size), *picture.facts]), full]
    return (
        f'<details class="fx-pic" style="--r:{picture.width / max(1, picture.height):.3f}">'
        f'<summary style="display:block" title="{escape("Larger or smaller")}">{seen}{caption}</summary>'
        f'<p class="fx-line">{" <span class=fx-dim>·</span> ".join(part for part in below if part)}</p></details>'
    )
