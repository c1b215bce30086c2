"""Table reader: rows from a data frame, a list of dicts, or a CSV, TSV, JSON lines or Parquet file, as they stand."""

from __future__ import annotations

import csv
import json
import numbers
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fox_nb.errors import ExtraMissing, InvalidRequest
from fox_nb.images.sources import refuse_server_files
from fox_nb.parameters import shown
from fox_nb.workdir import given_path, whole

MOST_ROWS = 100_000
LARGEST_FILE = 200_000_000
HALVES = re.compile("[\ud800-\udfff]")
"""Of characters: they are no text."""
_NAMED = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
_KINDS = "a data frame (pandas, polars, Arrow), a list of dicts, or the path of a .csv, .tsv, .jsonl or .parquet file"


@dataclass(frozen=True)
class Table:
    """Rows of whatever stands for a table.

    Attributes
    ----------
    columns : list of str
        Their names.
    rows : sequence of mapping
        One a row, by the columns' names.
    labels : sequence
        The rows' own labels: an index, or the position from 0.
    lines : sequence of int
        On which line of its file each row begins; empty where there is no such file.
    native
        The data frame that it came from, as narwhals has it; None for others.
    is_text : bool
        Whether its cells are texts, in which a number is written out and an empty cell is no value.
    decimal : str
        What stands before the decimals of such a number.
    """

    columns: list[str]
    rows: Sequence[Mapping[str, Any]]
    labels: Sequence[Any]
    lines: Sequence[int] = field(default_factory=list)
    native: Any = None
    is_text: bool = False
    decimal: str = "."

    def __post_init__(self) -> None:
        """Refuse names that stand twice or are no text, wherever the table comes from."""
        twice = next((name for name, count in Counter(self.columns).items() if count > 1), None)
        if twice is not None:
            what = f"The table has the column {shown(twice)} twice."
            raise _refused(what, self.columns, "Give each column its own name.")
        half = next(filter(HALVES.search, self.columns), None)
        if half is not None:
            what = f"The table has a column {shown(half)}, whose name is cut in the middle of a character."
            raise _refused(what, self.columns, "Rename it.")

    def __len__(self) -> int:
        return len(self.rows)


def read_table(source: Any) -> Table:
    """Read the rows of a table.

    Parameters
    ----------
    source
        A data frame that narwhals knows, a list of dicts, or a path.

    Raises
    ------
    InvalidRequest
        It is none of that, or damaged, empty or far too large; nothing was sent.
    ExtraMissing
        Nothing is installed that reads Parquet.
    """
    if isinstance(source, (str, os.PathLike)):
        table = _file(given_path(source, "table"))
    elif isinstance(source, (list, tuple)):
        table = _records(list(source))
    else:
        table = _frame(source)
    if not table.rows:
        raise _refused("The table has no rows: there is nothing to make.", source)
    if len(table) > MOST_ROWS:
        raise _refused(f"The table has {len(table):,} rows; allowed are {MOST_ROWS:,}.", source)
    return table


def is_missing(value: Any) -> bool:
    """Return True for what stands where a table has no value: None, NaN, NaT, pandas' NA."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, numbers.Real) and bool(value != value)  # noqa: PLR0124 - only NaN differs from itself


def in_words(value: Any) -> str:
    """Return what a file has of a value that is no text, number or list; of pictures and bytes not what they hold."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"{len(value):,} bytes"
    if isinstance(value, Mapping):  # as Hugging Face's tables have pictures
        return str({name: in_words(item) if isinstance(item, bytes) else item for name, item in value.items()})
    is_picture = hasattr(type(value), "__array_interface__") and getattr(value, "ndim", 2) > 1
    return type(value).__name__ if is_picture else str(value)  # such a one's own words change with each kernel


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, or refuse one that has a name twice: one of its values would be lost in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def _frame(source: Any) -> Table:
    import narwhals as nw

    try:
        frame = nw.from_native(source, eager_only=True)
        columns = frame.columns
    except TypeError:
        if hasattr(source, "collect") or hasattr(source, "compute"):
            raise _refused("The table is lazy: its rows are not there yet.", source, "Collect it first.") from None
        raise _refused(f"A {type(source).__name__} does not stand for a table.", source) from None
    except Exception as error:  # noqa: BLE001 - narwhals has errors of its own, such as for a column that stands there twice
        raise _refused(f"The table can't be read: {_line(error)}", source) from None
    names = [str(name) for name in columns]
    index = nw.maybe_get_index(frame)
    labels = range(len(frame)) if index is None else index.tolist()
    rows = [dict(zip(names, row, strict=True)) for row in frame.iter_rows()]
    return Table(names, rows, labels, native=frame.clone())  # what is planned stays as it was planned


def _records(source: list[Any], lines: Sequence[int] = ()) -> Table:
    names: dict[str, None] = {}
    for number, row in enumerate(source):
        if not isinstance(row, Mapping):
            raise _refused(f"Row {number} is {shown(row)}, not a dict.", source)
        for name in row:
            if not isinstance(name, str):
                raise _refused(f"Row {number} has a column {shown(name)}, whose name is no text.", source)
        names.update(dict.fromkeys(row))
    return Table(list(names), [dict(row) for row in source], range(len(source)), lines)


def _file(path: Path) -> Table:
    refuse_server_files("table")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise _refused(f"{path.name}: a table's file ends in {', '.join(_READERS)}.", path)
    try:
        size = path.stat().st_size
        if not path.is_file():  # reading a pipe would wait for ever
            raise _refused(f"{path.name} is no file.", path)
        if size > LARGEST_FILE:
            raise _refused(f"{path.name} has {size:,} bytes; allowed are {LARGEST_FILE:,}.", path)
        return reader(path)
    except FileNotFoundError:
        raise _refused(f"File not found: {path.name} (looked in {whole(path).parent}).", path) from None
    except UnicodeDecodeError:
        raise _refused(f"{path.name} is not written in UTF-8.", path, "Save it as UTF-8.") from None
    except (OSError, csv.Error) as error:
        raise _refused(f"{path.name} can't be read: {_line(error)}", path) from None


def _csv(path: Path, delimiter: str = "") -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        if not delimiter:
            head = file.readline()
            delimiter = ";" if ";" in head and "," not in head else ","
            file.seek(0)
        lines = csv.reader(file, delimiter=delimiter, strict=True)
        names = next(lines, [])
        rows, begins, before = [], [], lines.line_num
        for cells in lines:
            begin, before = before + 1, lines.line_num
            if not cells:
                continue
            if len(cells) > len(names):
                what = f"{path.name}, line {begin}: {len(cells)} cells where there are {len(names)} columns."
                raise _refused(what, path, f"Put what holds {_NAMED[delimiter]} between quotes.")
            rows.append(dict(zip(names, cells, strict=False)))
            begins.append(begin)
    decimal = "," if delimiter == ";" else "."  # Excel writes semicolons where its decimals have commas
    return Table(names, rows, range(len(rows)), begins, is_text=True, decimal=decimal)


def _tsv(path: Path) -> Table:
    return _csv(path, "\t")


def _json_lines(path: Path) -> Table:
    rows, begins = [], []
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line, object_pairs_hook=once)
            except (ValueError, RecursionError) as error:
                raise _refused(f"{path.name}, line {number} is no JSON: {_line(error)}", path) from None
            if not isinstance(row, dict):
                raise _refused(f"{path.name}, line {number} is no JSON object.", path)
            rows.append(row)
            begins.append(number)
    return _records(rows, begins)


def _parquet(path: Path) -> Table:
    import narwhals as nw

    last: ImportError | None = None
    for backend in ("pandas", "polars", "pyarrow"):
        try:
            return _frame(nw.read_parquet(str(path), backend=backend).to_native())
        except ImportError as error:
            last = error
        except FileNotFoundError:
            raise
        except Exception as error:  # noqa: BLE001 - each library has errors of its own
            raise _refused(f"{path.name} can't be read: {_line(error)}", path) from None
    raise ExtraMissing(
        f"Reading {path.name} needs a library that is not installed here ({last}).",
        todo='Run `pip install "fox_nb[parquet]"`.',
    )


_READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}


def _line(error: Exception) -> str:
    return f"{' '.join(str(error).split())[:200].rstrip('.')}."


def _refused(what: str, source: Any, todo: str = "") -> InvalidRequest:
    return InvalidRequest(what, parameter="table", value=source, allowed=_KINDS, todo=todo or f"Give {_KINDS}.")
