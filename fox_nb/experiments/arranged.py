"""Arranged: what somebody hands over to be laid side by side, as rows and columns: lists, dicts, columns of tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from fox_nb.errors import InvalidRequest
from fox_nb.experiments.names import names_of
from fox_nb.images.sources import listed

if TYPE_CHECKING:
    from fox_nb.render.comparison import Key

Axes = list[tuple[str, list[str]]]

MOST_PICTURES = 2000


def arranged(pictures: Any, labels: Any) -> tuple[Axes, dict[Key, Any]]:
    """Tell rows and columns of what was given; empty places of a table are left out.

    Raises
    ------
    InvalidRequest
        The labels don't fit.
    """
    if isinstance(labels, str) and not _is_frame(pictures):
        what = f"labels is {labels!r}: one text, where a list is meant."
        raise InvalidRequest(what, parameter="labels", value=labels, allowed="a list")
    axes, cells = _of_frame(pictures, labels) if _is_frame(pictures) else _of_lists(pictures, labels)
    return axes, {key: source for key, source in cells.items() if not _is_missing(source)}


def _of_lists(pictures: Any, labels: Any) -> tuple[Axes, dict[Key, Any]]:
    if _is_by_label(pictures):
        names, values = [str(name) for name in pictures], list(pictures.values())
    else:
        names, values = _index_of(pictures), _items(pictures)
    if not any(_row(value) is not None for value in values):
        names = _checked(labels, len(values), "labels") or names or names_of(values)
        return [("", _unlike(names))], {(at,): value for at, value in enumerate(values)}
    rows = [_row(value) or {"1": value} for value in values]
    down, across = labels if labels is not None and len(labels) == 2 else (labels, None)  # noqa: PLR2004 - a pair
    width = max(len(row) for row in rows)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if all(name.isdigit() for name in columns):
        columns = [str(number) for number in range(1, width + 1)]
    down = _checked(down, len(rows), "labels of the rows") or names or [str(at) for at in range(1, len(rows) + 1)]
    shown = _checked(across, len(columns), "labels of the columns") or columns
    cells: dict[Key, Any] = {
        (columns.index(name), at): value for at, row in enumerate(rows) for name, value in row.items()
    }
    return [("", _unlike(shown)), ("", _unlike(down))], cells


def _of_frame(frame: Any, labels: Any) -> tuple[Axes, dict[Key, Any]]:
    """Take a data frame of any library: its columns go across, its rows down."""
    columns = [str(name) for name in frame.columns]
    values = {str(name): list(frame[name]) for name in frame.columns}
    index = _index_of(frame)
    if isinstance(labels, str):
        if labels not in values:
            what = f"labels is {labels!r}, which is no column of the table."
            raise InvalidRequest(what, parameter="labels", value=labels, allowed=", ".join(columns))
        columns.remove(labels)
        index, labels = [str(value) for value in values[labels]], None
    count = len(values[columns[0]]) if columns else 0
    down = _checked(labels, count, "labels") or index or [str(at) for at in range(1, count + 1)]
    cells: dict[Key, Any] = {(c, r): value for c, name in enumerate(columns) for r, value in enumerate(values[name])}
    return [("", _unlike(columns) or [""]), ("", _unlike(down) or [""])], cells


def _is_frame(given: Any) -> bool:
    return hasattr(given, "columns") and hasattr(given, "__getitem__") and not isinstance(given, Mapping)


def _is_by_label(given: Any) -> bool:
    """Tell a dict of pictures from the one that an upload widget holds for a file."""
    return isinstance(given, Mapping) and "content" not in given and listed(given) is None


def _index_of(given: Any) -> list[str]:
    """Return the labels of a table's rows, or of a column; nothing for those that only count."""
    index = getattr(given, "index", None)
    if index is None or callable(index) or type(index).__name__ == "RangeIndex":
        return []
    return [str(label) for label in index]


def _items(given: Any) -> list[Any]:
    """Return what stands side by side: of a single task its pictures."""
    if hasattr(given, "images") and not hasattr(given, "path"):
        return list(given.images) or [given]
    found = listed(given)
    if found is not None:
        return found
    if getattr(given, "ndim", None) == 4:  # noqa: PLR2004 - a batch of pictures
        return list(given)
    rows = isinstance(given, Iterator) and not hasattr(given, "read")
    if rows or (hasattr(given, "to_list") and getattr(given, "ndim", 1) == 1):
        return list(islice(given, MOST_PICTURES + 1))
    return [given]


def _row(value: Any) -> dict[str, Any] | None:
    """Return what stands beside each other in one row; None for a single picture."""
    if isinstance(value, (list, tuple)):
        return {str(at): item for at, item in enumerate(value, start=1)}
    return {str(name): item for name, item in value.items()} if _is_by_label(value) else None


def _checked(labels: Any, count: int, name: str) -> list[str]:
    if labels is None:
        return []
    found = [str(label) for label in labels]
    if len(found) != count:
        what = f"{name}: {len(found)} for {count}."
        raise InvalidRequest(what, parameter="labels", value=len(found), allowed=f"{count} of them")
    return found


def _unlike(names: Sequence[str]) -> list[str]:
    """Give a number to names that stand there already, so that no two places are called the same."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return found


def _is_missing(source: Any) -> bool:
    """Tell an empty place of a table: None, NaN, pandas' NA, or no text."""
    return source is None or source == "" if isinstance(source, (str, type(None))) else _is_nan(source)


def _is_nan(source: Any) -> bool:
    return isinstance(source, float) or type(source).__name__ in {"NAType", "NaTType"}
