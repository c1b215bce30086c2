"""Export: what was made as files for others: an image folder that Hugging Face `datasets` loads, or Parquet."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from fox_nb.atomic import aside, put, reason_of, write
from fox_nb.errors import ExtraMissing, FoxError
from fox_nb.experiments.axes import label, picture_names
from fox_nb.experiments.made import Made
from fox_nb.experiments.table_reader import in_words, is_missing
from fox_nb.images.saving import Folder, file_stem
from fox_nb.parameters import unboxed
from fox_nb.session import Image
from fox_nb.workdir import given_path

METADATA = "metadata.jsonl"
NAME = "{index:03}-{prompt}"
_ITS_OWN = re.compile(r"(?:.*_)?file_names?|image")
"""Names that `datasets` takes for its own: a table's column of that name gets another one."""
_OURS = frozenset({"index", "label", "take", "number", "task_id", "seconds", "usd", "width", "height"})
_CHANGING = frozenset({"file_name", "index", "seconds", "usd"})
"""What may differ between two saves of the same picture."""
_PICTURES_AT_ONCE = 32
_MARK = "fox_nb"
"""By which a Parquet file is known for ours."""
_WORD = 2**63
_PLAIN = (int, float, bool, type(None))


def records(made: Made) -> Iterator[tuple[Image, dict[str, Any]]]:
    """Give each picture that is on the disk with what is known of it, cell by cell."""
    carried, named = _free_names(made), picture_names(made.plan.axes)
    for index, cell in enumerate(made.plan.cells):
        facts = made.facts(cell)
        facts = {
            "label": cell.settings["row"] if "label" in carried else facts["label"],
            **{carried.get(name, name): value for name, value in facts.items() if name != "label" or name in carried},
        }
        for slot in cell.slots:
            task = slot.task
            if task is None:
                continue
            # of cells that share a picture the first has what it cost: the column's sum is what was spent
            usd = float(task.cost) / max(1, len(task.images)) if slot.cells[0] is cell else 0.0
            for image in task.images:
                if not image.path.exists():
                    continue
                yield (
                    image,
                    {
                        "index": index,
                        **{name: _value(value) for name, value in facts.items()},
                        **{name: _value(value) for name, value in slot.request.body().items()},
                        **named(cell.key),
                        "take": slot.take,
                        "number": image.number,
                        "task_id": task.id,
                        "seconds": round(task.waited, 3) if task.status == "completed" else None,
                        "usd": usd,
                        "width": image.width,
                        "height": image.height,
                    },
                )


def _here(made: Made) -> list[tuple[Image, dict[str, Any]]]:
    """Return the pictures that there are with what is known of each, and tell where some of those made are gone."""
    found = list(records(made))
    came = sum(len(slot.task.images) for cell in made.plan.cells for slot in cell.slots if slot.task is not None)
    if not found:
        why = next((slot.why for slot in made.plan.slots if slot.why), "Call run() first.")
        raise FoxError("There is no picture to save.", todo=why)
    if len(found) < came:
        made.session.renderer.notify(f"{len(found):,} of {came:,} pictures are here to be saved.")
    return found


def _free_names(made: Made) -> dict[str, str]:
    """Give each column that was carried along a name that is neither ours, nor `datasets`' own, nor another one's."""
    columns = getattr(made.plan, "carried", [])
    names = {}
    for column in columns:
        free = _text(column)
        while free in _OURS or _ITS_OWN.fullmatch(free) or (free != column and free in columns):
            free += "_column"
        names[column] = free
    return names


def save(made: Made, folder: str | os.PathLike[str], name: str = NAME) -> Path:
    """Save the pictures and ``metadata.jsonl``; what another save has put there stays."""
    found, names = _here(made), _free_names(made)
    place = Folder(folder)
    earlier = _earlier(place.path / METADATA)
    by_file: dict[str, list[dict[str, Any]]] = {}
    for row in earlier:
        by_file.setdefault(row["file_name"], []).append(row)
    lines: dict[str, dict[str, Any]] = {}
    known = {field: None for _, facts in found for field in facts}
    for image, facts in found:
        theirs = {column: facts.get(free) for column, free in names.items()}
        stem = file_stem(name, {**theirs, **known, "prompt": "", "label": "", **facts})
        # the same picture with other words is a line of its own, which needs a file of its own
        file = place.add(image.path, stem, partial(_belongs, by_file, facts))
        lines[file] = {"file_name": file, **facts}
    stay = [row for row in earlier if row["file_name"] not in lines]
    if stay:
        many, stay_there = ("1 picture", "stays") if len(stay) == 1 else (f"{len(stay):,} pictures", "stay")
        made.session.renderer.notify(
            f"{many} of an earlier save {stay_there} in {place.path} and its {METADATA}, beside these "
            f"{len(lines):,}; for these alone save into a new folder."
        )
    rows = _columns([*stay, *lines.values()])
    text = "".join(f"{json.dumps(row, ensure_ascii=False, allow_nan=False)}\n" for row in rows)
    try:
        write(place.path / METADATA, text.encode())
    except OSError as error:
        raise FoxError(f"{METADATA} could not be written in {place.path}: {reason_of(error)}.") from None
    return place.path


def _earlier(path: Path) -> list[dict[str, Any]]:
    """Return the lines of an earlier save."""
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
        return [{**row, "file_name": str(row["file_name"])} for row in rows]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError):
        raise FoxError(
            f"{path} is there already, and no list of pictures that could be added to.", todo="Choose another folder."
        ) from None


def _belongs(earlier: Mapping[str, list[dict[str, Any]]], facts: Mapping[str, Any], file: str) -> bool:
    """Tell whether a file's earlier lines, if there are any, say the same."""
    return all(_alike(row, facts) for row in earlier.get(file, ()))


def _alike(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two lines say the same, whatever type their columns were given."""
    names = (row.keys() | other.keys()) - _CHANGING
    pairs = [(row.get(name), other.get(name)) for name in names]
    return all(one == another or str(one) == str(another) for one, another in pairs)


def save_parquet(made: Made, path: str | os.PathLike[str]) -> Path:
    """Write one Parquet file: a row a picture, its bytes in the column ``image`` as `datasets` and pandas read them."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise ExtraMissing(
            "Writing Parquet needs pyarrow, which is not installed here.", todo='Run `pip install "fox_nb[parquet]"`.'
        ) from None
    target = given_path(path)
    if target.exists() and not _is_ours(target):
        what = f"There is a file {target} already, which save_parquet has not written; it is not overwritten."
        raise FoxError(what, todo="Choose another name.")
    found = _here(made)
    facts = pa.Table.from_pylist(_columns([facts for _, facts in found]))
    image_type = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    about = {"huggingface": json.dumps({"info": {"features": {"image": {"_type": "Image"}}}}), _MARK: "save_parquet"}
    schema = pa.schema([("image", image_type), *facts.schema], metadata=about)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with aside(target.parent) as part:
            with parquet.ParquetWriter(part, schema) as writer:
                for start in range(0, len(found), _PICTURES_AT_ONCE):
                    pictures = [image for image, _ in found[start : start + _PICTURES_AT_ONCE]]
                    column = [{"bytes": image.path.read_bytes(), "path": image.path.name} for image in pictures]
                    columns = facts.slice(start, len(pictures)).columns
                    writer.write_table(pa.table([pa.array(column, image_type), *columns], schema=schema))
            put(part, target)
    except OSError as error:
        raise FoxError(f"{target} could not be written: {reason_of(error)}.", todo="Choose another place.") from None
    return target


def _is_ours(path: Path) -> bool:
    """Tell whether an earlier `save_parquet` has written a file: run again, it takes that one's place."""
    from pyarrow import parquet

    try:
        return _MARK.encode() in (parquet.read_schema(path).metadata or {})
    except (OSError, ValueError):  # pyarrow's for what is no Parquet is a ValueError
        return False


def _columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each row every column, and each column one type."""
    kinds: dict[str, set[type]] = {}
    for row in rows:
        for name, value in row.items():
            kinds.setdefault(name, set()).update(() if value is None else (type(value),))
    as_text = {name for name, found in kinds.items() if len(found) > 1 and not found <= {int, float}}
    as_float = {name for name, found in kinds.items() if found == {int, float}}

    def as_cell(name: str, value: Any) -> Any:
        if value is None:
            return None
        return str(value) if name in as_text else float(value) if name in as_float else value

    return [{name: as_cell(name, row.get(name)) for name in kinds} for row in rows]


def _value(value: Any) -> Any:
    """Return a value as JSON has it."""
    plain = unboxed(value)
    if is_missing(plain) or (isinstance(plain, float) and math.isinf(plain)):
        return None
    if isinstance(plain, int) and not -_WORD <= plain < _WORD:
        return str(plain)
    if isinstance(plain, str):
        return _text(plain)
    if isinstance(plain, _PLAIN):
        return plain
    if isinstance(plain, list) and all(isinstance(item, str) for item in plain):
        return [_text(item) for item in plain]
    return _text(label(plain) if hasattr(plain, "sha256") or isinstance(plain, (list, tuple)) else in_words(plain))


def _text(text: str) -> str:
    """Return a text as a file can have it: halves of characters, which JSON lets through, are none."""
    return text.encode(errors="replace").decode()
