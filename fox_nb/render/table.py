"""Table: a list of tasks as HTML, one row a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fox_nb.money import PLAY, dollars
from fox_nb.render.html import bdi, clock, day, duration, escape, frame, head, img, note
from fox_nb.render.image_grid import Picture

_EDGE = 56


@dataclass(frozen=True, slots=True)
class TableLine:
    """One task of the list.

    Attributes
    ----------
    title : str
        The prompt, or what else tells the task.
    model, status : str
        The model's name, the task's state.
    asked : datetime
        When it was asked for, in local time.
    took : float or None
        Seconds from its acceptance to its end.
    cost : float or None
        USD; None where nobody said.
    take : int
        Its take.
    count : int
        How many pictures it has.
    picture : Picture or None
        Its first one, best of 112 px and 3 kB (`cached_thumbnail(…, edge=112, max_bytes=4000)`).
    settings : sequence of str
        Its values of the settings in which the rows differ.
    """

    title: str
    model: str
    status: str
    asked: datetime
    took: float | None = None
    cost: float | None = None
    take: int = 1
    count: int = 0
    picture: Picture | None = None
    settings: Sequence[str] = ()


def tasks_table(
    rows: Sequence[TableLine],
    *,
    total: int | None = None,
    sandbox: bool = False,
    settings: Sequence[str] = (),
    empty: str = "",
) -> str:
    """List tasks, and say how many more there are.

    Parameters
    ----------
    rows : sequence of TableLine
        The tasks.
    total : int, optional
        How many there are.
    sandbox : bool
        True for play money.
    settings : sequence of str
        What the rows' `settings` are called.
    empty : str
        What is said where there are none; by default how to make the first.
    """
    if not rows:
        first = "None yet. The first one: fox.generate('a red fox in the snow')"
        return frame(head("Tasks", sandbox=sandbox), note(empty or first))
    more = (total or 0) - len(rows)
    names = (
        ("", ""),
        ("Request", ""),
        (f"Cost{PLAY * sandbox}", "fx-num"),  # here, it is in sight however many settings there are
        ("State", ""),
        *((escape(label, 40), "") for label in settings),
        ("Model", ""),
        ("Asked", ""),
        ("Took", "fx-num"),
    )
    header = "".join(f'<th scope="col"{_css(css)}>{name}</th>' for name, css in names)
    body = "".join(_row(row) for row in rows)
    return frame(
        head("Tasks", sandbox=sandbox),
        f'<div class="fx-wide" tabindex="0" role="region" aria-label="Tasks">'
        f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table></div>",
        note(f"and {more:,} more" if more > 0 else ""),
    )


def _row(row: TableLine) -> str:
    picture = ""
    if row.picture is not None:
        size = row.picture.width, row.picture.height
        shown = max(1, round(size[0] * _EDGE / max(*size, 1)))
        picture = img(row.picture.thumbnail, row.picture.mime, size, "", shown)
    extra = [f"variation {row.take}"] * (row.take > 1) + [f"{row.count} pictures"] * (row.count > 1)
    small = f'<br><small class="fx-dim">{escape(" · ".join(extra))}</small>' if extra else ""
    cells = (
        (picture, ""),
        (bdi(row.title, 140) + small, "fx-text"),
        (dollars(row.cost) if row.cost is not None else "", "fx-num"),
        (escape(row.status, 40), ""),
        *((bdi(value, 60), "") for value in row.settings),
        (escape(row.model, 60), ""),
        (f"{day(row.asked)}, {clock(row.asked)}", ""),
        (duration(row.took) if row.took is not None else "", "fx-num"),
    )
    return "<tr>" + "".join(f"<td{_css(css)}>{content}</td>" for content, css in cells) + "</tr>"


def _css(css: str) -> str:
    """Align where no style reaches, too: a class for pages, an attribute for viewers that drop classes."""
    return ' class="fx-num" align="right"' if css == "fx-num" else f' class="{css}"' if css else ""
