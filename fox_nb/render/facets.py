"""Facets: a comparison of any number of axes cut into tables of rows and columns, for what has no script to choose."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fox_nb.render.comparison import Axis, Comparison, Key

ACROSS = 6
"""A single axis with more values than this is wrapped into lines."""


@dataclass(frozen=True, slots=True)
class Facet:
    """One table of a comparison.

    Attributes
    ----------
    title : str
        The values of the further axes; '' when there are none.
    columns : Axis or None
        What goes across; None for an axis that is wrapped: each cell then needs its own words.
    rows : Axis or None
        What goes down; None when there is one axis only.
    lines : list of list
        The places by row and column; None where a wrapped line is at its end.
    """

    title: str
    columns: Axis | None
    rows: Axis | None
    lines: list[list[Key | None]]


def facets(comparison: Comparison) -> Iterator[Facet]:
    """Cut a comparison into tables: the first axis goes across, the second down, each value of the rest is one."""
    columns, *others = comparison.axes
    if not others:
        yield _single(columns)
        return
    rows, *further = others
    for rest in itertools.product(*(range(len(axis.labels)) for axis in reversed(further))):
        chosen = rest[::-1]
        title = ", ".join(axis.words(at) for axis, at in zip(further, chosen, strict=True))
        lines: list[list[Key | None]] = [
            [(column, row, *chosen) for column in range(len(columns.labels))] for row in range(len(rows.labels))
        ]
        if not further or any(key in comparison.cells for line in lines for key in line):
            yield Facet(title, columns, rows, lines)


def _single(axis: Axis) -> Facet:
    keys: list[Key | None] = [(number,) for number in range(len(axis.labels))]
    if len(keys) <= ACROSS:
        return Facet("", axis, None, [keys])
    keys += [None] * (-len(keys) % ACROSS)
    return Facet("", None, None, [keys[start : start + ACROSS] for start in range(0, len(keys), ACROSS)])
