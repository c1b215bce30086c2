"""Arranged: what somebody hands over to be laid side by side, as rows and columns: lists, dicts, columns of tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from fox_nb.errors import InvalidRequest
from fox_nb.experiments.names import names_of
from fox_nb.experiments.table_reader import is_missing, read_table
from fox_nb.images.sources import is_upload, listed
from fox_nb.parameters import shown
from fox_nb.render.comparison import Key
from fox_nb.render.html import unlike
from fox_nb.session import Task

Axes = list[tuple[str, list[str]]]

MOST_PICTURES = 2000


def arranged(pictures: Any, labels: Any) -> tuple[Axes, dict[Key, Any]]:
    """Tell rows and columns of what was given; empty places of a table are left out.

    Raises
    ------
    InvalidRequest
        The labels don't fit.
    """
    axes, cells = _of_frame(pictures, labels) if _is_frame(pictures) else _of_lists(pictures, labels)
    return axes, {key: source for key, source in cells.items() if not _is_empty(source)}


def _of_lists(pictures: Any, labels: Any) -> tuple[Axes, dict[Key, Any]]:
    if _is_by_label(pictures):
        names, values = [str(name) for name in pictures], list(pictures.values())
    else:
        names, values = _index_of(pictures), _items(pictures)
    if not any(_row(value) is not None for value in values):
        names = _checked(labels, len(values), "labels") or names or names_of(values)
        return [("", unlike(names))], {(at,): value for at, value in enumerate(values)}
    rows = [_row(value) or {"1": value} for value in values]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells: dict[Key, Any] = {
        (columns.index(name), at): value for at, row in enumerate(rows) for name, value in row.items()
    }
    return _axes(columns, names, len(rows), labels), cells


def _of_frame(frame: Any, labels: Any) -> tuple[Axes, dict[Key, Any]]:
    """Take a data frame of any library: its columns go across, its rows down."""
    table = read_table(frame)
    columns, index = list(table.columns), _index_of(frame)
    if isinstance(labels, (str, int)):
        name = str(labels)
        if name not in columns:
            what = f"labels is {labels!r}, which is no column of the table."
            raise InvalidRequest(what, parameter="labels", value=labels, todo=f"Give one of {', '.join(columns)}.")
        columns.remove(name)
        index, labels = [str(row[name]) for row in table.rows], None
    cells: dict[Key, Any] = {(c, r): row[name] for r, row in enumerate(table.rows) for c, name in enumerate(columns)}
    return _axes(columns or [""], index, len(table), labels), cells


def _axes(columns: list[str], names: list[str], count: int, labels: Any) -> Axes:
    """Return what stands above the columns and beside the rows: the labels that were given, or their own names."""
    if count == len(columns) == 2 and isinstance(labels, list):  # noqa: PLR2004 - both readings fit
        _refuse_two_keys(labels)
    down, across = labels if _is_pair(labels) else (labels, None)
    beside = _checked(down, count, "labels of the rows") or names or [str(at) for at in range(1, count + 1)]
    above = _checked(across, len(columns), "labels of the columns") or columns
    return [("", unlike(above)), ("", unlike(beside))]


def _is_pair(labels: Any) -> bool:
    """Tell the rows' labels and the columns' from the labels of two rows."""
    two = isinstance(labels, (list, tuple)) and len(labels) == 2  # noqa: PLR2004 - a pair
    return two and all(part is None or (isinstance(part, Iterable) and not isinstance(part, str)) for part in labels)


def _refuse_two_keys(labels: list[Any]) -> None:
    """Refuse two pairs in a list, as a table's index gives them: two rows' labels, or the rows' and the columns'."""
    if all(isinstance(part, tuple) and len(part) == 2 for part in labels):  # noqa: PLR2004 - pairs
        raise InvalidRequest(
            f"labels is {shown(labels)}: the labels of two rows, or of the rows and of the columns?",
            parameter="labels",
            value=labels,
            todo="Give texts for the rows, [str(label) for label in labels]; "
            "or two lists for both, ([…], […]): the rows', the columns'.",
        )


def _is_frame(given: Any) -> bool:
    kind = type(given)  # what a column's labels are called is its own attributes', too
    return hasattr(kind, "columns") and hasattr(kind, "__getitem__") and not isinstance(given, Mapping)


def _is_by_label(given: Any) -> bool:
    """Tell a dict of pictures from the one that an upload widget holds for a file."""
    return isinstance(given, Mapping) and not is_upload(given) and listed(given) is None


def _index_of(given: Any) -> list[str]:
    """Return the labels of a table's rows, or of a column; nothing for those that only count."""
    index = getattr(given, "index", None)
    if index is None or callable(index) or type(index).__name__ == "RangeIndex":
        return []
    return [str(label) for label in index]


def _items(given: Any) -> list[Any]:
    """Return what stands side by side: of a single task its pictures, of a sweep or a batch its tasks."""
    if isinstance(getattr(type(given), "tasks", None), property):  # what Fox has of that name is a call
        return list(given.tasks)
    if isinstance(given, Task):
        return list(given.images) or [given]
    found = listed(given)
    if found is not None:
        return found
    if getattr(given, "ndim", None) == 4:  # noqa: PLR2004 - a batch of pictures
        return list(given)
    rows = isinstance(given, Iterator) and not hasattr(given, "read")
    rows = rows or (isinstance(given, Sequence) and not isinstance(given, (str, bytes, bytearray, memoryview)))
    if rows or (hasattr(given, "to_list") and getattr(given, "ndim", 1) == 1):
        return list(islice(given, MOST_PICTURES + 1))
    return [given]


def _row(value: Any) -> dict[str, Any] | None:
    """Return what stands beside each other in one row; None for a single picture."""
    if isinstance(value, (list, tuple)):
        return {str(at): item for at, item in enumerate(value, start=1)}
    if not _is_by_label(value):
        return None
    return dict(zip(unlike([str(name) for name in value]), value.values(), strict=True))


def _checked(labels: Any, wanted: int, name: str) -> list[str]:
    if labels is None:
        return []
    if isinstance(labels, str) or not isinstance(labels, Iterable) or getattr(labels, "ndim", 1) == 0:
        what = f"{name}: {shown(labels)} is one thing, where a list is meant."
        raise InvalidRequest(what, parameter="labels", value=labels, allowed="a list")
    found = [str(label) for label in islice(labels, MOST_PICTURES + 1)]
    if len(found) != wanted:
        what = f"{name}: {len(found)} for {wanted}."
        raise InvalidRequest(what, parameter="labels", value=len(found), allowed=f"{wanted} of them")
    return found


def _is_empty(source: Any) -> bool:
    """Tell an empty place of a table; of one of texts it is no text."""
    return is_missing(source) or (isinstance(source, str) and not source)
