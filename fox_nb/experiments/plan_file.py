"""Plan file: a plan as JSON, to be run again, extended, or laid beside another run; read like anything from outside.

A file holds words and numbers, links, and the hashes of pictures; never a key, a gateway, or the path of a file. So a
plan from somebody else can neither name a file of this computer nor raise what is spent without asking.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fox_nb.atomic import reason_of, write
from fox_nb.errors import FoxError, InvalidRequest
from fox_nb.experiments.axes import MOST_VALUES, word
from fox_nb.experiments.batch_plan import BatchPlan
from fox_nb.experiments.sweep_plan import SweepPlan
from fox_nb.experiments.table_reader import MOST_ROWS, Table, in_words, is_missing, once
from fox_nb.images.sources import LARGEST_FILE, refuse_server_files
from fox_nb.models import LOCAL_PICTURE, MODELS, bare, file_names, is_link
from fox_nb.parameters import as_number, parameters, shown, unboxed
from fox_nb.session import Session
from fox_nb.store import sha256_of
from fox_nb.workdir import given_path, whole

_Scalar = str | int | float | bool | None
_Value = _Scalar | list[_Scalar]

FORMAT = "fox_nb plan"
VERSION = 1
LARGEST = 200_000_000
_TOO_LARGE = f"it has more than {LARGEST:,} bytes"
_WRITTEN = "Give a file that plan.to_json(…) has written."
_IN_PARTS = "Plan it in parts, or with fewer columns."
_MOST_TOLD = 5
_TYPES = (["str"], ["int"], ["float"], ["bool"])
"""How pydantic calls what a value was tried as."""
PICTURES = frozenset[str]().union(*map(file_names, MODELS.values()))
_ARCHIVES = {one.name for cls in MODELS.values() for one in parameters(cls) if one.hint.kind == "archive"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class _Axis(_Part):
    name: str = Field(max_length=200)
    values: list[_Value] = Field(min_length=1, max_length=MOST_VALUES)


class _Plan(_Part):
    format: str
    version: int


class _Sweep(_Plan):
    kind: Literal["sweep"]
    models: list[str] = Field(min_length=1, max_length=100)
    fixed: dict[str, _Value] = Field(max_length=100)
    axes: list[_Axis] = Field(max_length=100)
    take: int
    takes: int
    original: str | None = None

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [*self.fixed, *(axis.name for axis in self.axes)]
        if len(set(names)) < len(names):
            raise ValueError("a parameter stands in it twice")
        return self


class _Row(_Part):
    label: _Scalar
    cells: dict[str, _Value] = Field(max_length=1000)


class _Batch(_Plan):
    kind: Literal["batch"]
    model: str | None
    columns: list[str] = Field(max_length=1000)
    rows: list[_Row] = Field(min_length=1, max_length=MOST_ROWS)

    @model_validator(mode="after")
    def _in_columns(self) -> Self:
        unknown = next((name for row in self.rows for name in row.cells if name not in self.columns), None)
        if unknown is not None:
            raise ValueError(f"a row has {shown(unknown)}, which is not among the columns")
        return self


def sweep_words(plan: SweepPlan, original: Any = None) -> dict[str, Any]:
    """Return what a sweep's file says; `original` is what a person named to compare with."""
    axes = [axis for axis in plan.axes if axis.parameter.name != "model"]
    given = {**plan.fixed, **{axis.parameter.name: list(axis.values) for axis in axes}}
    words = {
        name: _word_in_file(name, value) if name in plan.own_words else _as_in_file(plan.session, name, value)
        for name, value in given.items()
        if name != "model"
    }
    return {
        "format": FORMAT,
        "version": VERSION,
        "kind": "sweep",
        "models": list(plan.models),
        "fixed": {name: words[name] for name in plan.fixed if name != "model"},
        "axes": [{"name": axis.parameter.name, "values": words[axis.parameter.name]} for axis in axes],
        "take": plan.takes.start,
        "takes": len(plan.takes),
        **({} if original is None else {"original": _as_in_file(plan.session, "original", original)}),
    }


def batch_words(plan: BatchPlan) -> dict[str, Any]:
    """Return what a batch's file says."""
    rows = []
    for cell in plan.cells:
        given = plan.table.rows[cell.key[0]]
        read = {**given, **cell.values}
        if not plan.is_empty(given.get("take")):
            read["take"] = cell.slots[0].take  # as it was read: in a plan's file, texts are no numbers
        asked = {name: read.get(name) for name in plan.sent}
        carried = {name: as_json(given.get(name)) for name in plan.carried}
        words = {
            name: _as_in_file(plan.session, name, value) for name, value in asked.items() if not plan.is_empty(value)
        }
        rows.append({"label": as_json(cell.settings["row"]), "cells": {**carried, **words}})
    return {
        "format": FORMAT,
        "version": VERSION,
        "kind": "batch",
        "model": plan.model,
        "columns": plan.table.columns,
        "rows": rows,
    }


def save_plan(words: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write a plan's file, whole or not at all; it takes the place of an older plan, and of nothing else."""
    target = given_path(path)
    data = f"{json.dumps(words, ensure_ascii=False, indent=1, allow_nan=False)}\n".encode()
    _checked(target, words, _IN_PARTS)  # what is written can be read again
    if len(data) > LARGEST:
        raise _refused(target, _TOO_LARGE, _IN_PARTS)
    try:
        if target.exists():
            with target.open("rb") as file:
                if f'"format": "{FORMAT}"'.encode() not in file.read(200):
                    raise InvalidRequest(
                        f"{target.name} is there already, and is no plan: it was left as it is.",
                        parameter="path",
                        value=path,
                        todo="Choose another name.",
                    )
        target.parent.mkdir(parents=True, exist_ok=True)
        write(target, data)
    except OSError as error:
        raise FoxError(
            f"The plan could not be written to {target}: {reason_of(error)}.", todo="Choose another place."
        ) from None
    return target


def read_plan(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a plan's file, and refuse in words whatever is none.

    Raises
    ------
    InvalidRequest
        It is not there, too large, no JSON, or something in it cannot be what it is; nothing was sent.
    """
    refuse_server_files("plan")
    place = given_path(path)
    try:
        if place.exists() and not place.is_file():  # reading a pipe would wait for ever
            raise _refused(place, "it is no file")
        if place.stat().st_size > LARGEST:
            raise _refused(place, _TOO_LARGE)
        words = json.loads(place.read_bytes(), object_pairs_hook=once, parse_constant=_no_constant)
    except FileNotFoundError:
        raise _refused(place, f"there is no such file in {whole(place).parent}") from None
    except OSError as error:
        raise _refused(place, str(error)) from None
    except InvalidRequest:
        raise
    except (ValueError, RecursionError) as error:
        raise _refused(place, f"it is no JSON: {error or 'nested too deeply'}") from None
    return _checked(place, words)


def check_pictures(
    session: Session,
    words: Mapping[str, Any],
    replaced: Iterable[str] = (),
    folder: str | os.PathLike[str] | None = None,
) -> None:
    """Refuse a plan whose pictures are neither links nor known to this store.

    Parameters
    ----------
    session : Session
        Knows the store.
    words : mapping
        What the file says.
    replaced : iterable of str
        The parameters that are given anew, so that the file's own does not count.
    folder : path, optional
        Where pictures lie that the store doesn't know; those that are found are kept in it.
    """
    if words["kind"] == "sweep":
        found = [*words["fixed"].items(), *((axis["name"], axis["values"]) for axis in words["axes"])]
    else:
        found = [item for row in words["rows"] for item in row["cells"].items()]
    pictures = [item for item in found if item[0] in PICTURES]
    named: dict[str, dict[str, bool]] = {}
    for name, value in [*pictures, ("original", words.get("original"))]:
        if name in replaced:
            continue
        for item in _flat(value):
            if is_link(item):
                named.setdefault(name, {})[item] = True
                continue
            if not isinstance(item, str) or not LOCAL_PICTURE.fullmatch(item):
                raise InvalidRequest(
                    f"The plan's {name} is {shown(item)}; a plan names pictures by links or by their hashes.",
                    parameter=name,
                    value=item,
                    allowed="a link, or sha256:…",
                    todo=f"Give the picture itself: fox.load_plan(…, {name}=…).",
                )
            is_here = session.store.catalog.source(item.removeprefix("sha256:")) is not None
            named.setdefault(name, {})[item] = is_here
    if folder is not None:
        _look_for(session, named, folder)
    for name, known in named.items():
        if not all(known.values()):
            raise _not_here(name, known, is_batch=words["kind"] == "batch")


def _look_for(session: Session, named: Mapping[str, dict[str, bool]], folder: str | os.PathLike[str]) -> None:
    """Keep in the store what it lacks and a folder has, and note that it is here."""
    found = _pictures_in(folder, {item for known in named.values() for item, is_here in known.items() if not is_here})
    for name, known in named.items():
        for item in found.keys() & known.keys():
            one = session.uploads.one(found[item], name, archive=name in _ARCHIVES)
            if not isinstance(one, str):
                session.uploads.keep({one.sha256: one})
                known[item] = item == f"sha256:{one.sha256}"  # it may have been changed just now


def _pictures_in(folder: str | os.PathLike[str], wanted: set[str]) -> dict[str, Path]:
    """Return the files, in a folder and those in it, that have the hashes of pictures."""
    place = given_path(folder, "pictures")
    if not place.is_dir():
        what = f"pictures is {shown(folder)}, which is no folder that is there."
        raise InvalidRequest(what, parameter="pictures", value=folder, allowed="a folder")
    found: dict[str, Path] = {}
    for path in (Path(root, name) for root, _, names in os.walk(place) for name in names):
        if found.keys() == wanted:
            break
        with contextlib.suppress(OSError):  # somebody else's, or gone meanwhile
            if path.is_file() and 0 < path.stat().st_size <= LARGEST_FILE:  # reading a pipe would wait for ever
                name = f"sha256:{sha256_of(path)}"
                found |= {name: path} if name in wanted else {}
    return found


def _not_here(name: str, known: Mapping[str, bool], *, is_batch: bool) -> InvalidRequest:
    """Return what is said of pictures that are not in this store; one that is given would stand in every row."""
    missing = [f"{item[:19]}…" for item, is_here in known.items() if not is_here]
    todo = f"Give the picture itself: fox.load_plan(…, {name}=…)"
    if len(known) > 1:
        anew = f"Give all {len(known)} again, in the plan's order: fox.load_plan(…, {name}=[…])"
        anew = "Plan again from your table: fox.batch(table)" if is_batch else anew
        todo = f"{anew}; or load the plan where it was written: Fox(store=…)"
    several = len(missing) > 1
    lie = "their files lie" if several else "its file lies"
    todo = f"Say where {lie}: fox.load_plan(…, pictures=folder). Or: {todo[0].lower()}{todo[1:]}."
    return InvalidRequest(
        f"The plan's {name} {'are the pictures' if several else 'is the picture'} {', '.join(missing)}, which "
        f"{'are' if several else 'is'} not in this folder.",
        parameter=name,
        value=list(known),
        todo=todo,
    )


def table_of(words: Mapping[str, Any], changes: Mapping[str, Any]) -> Table:
    """Return a batch's file as the table that it was; changes hold for every row."""
    rows = [{**row["cells"], **changes} for row in words["rows"]]
    columns = [*words["columns"], *(name for name in changes if name not in words["columns"])]
    return Table(columns, rows, [as_json(row["label"]) for row in words["rows"]])


def _checked(place: Path, words: Any, todo: str = _WRITTEN) -> dict[str, Any]:
    if isinstance(words, dict) and words.get("format") == FORMAT and type(words.get("version")) is int:
        if words["version"] > VERSION:
            raise _refused(place, f"a newer fox_nb wrote it (version {words['version']})", "Update fox_nb.")
        if words["version"] < 1:
            raise _refused(place, f"there is no version {words['version']} of plans")
        if words.get("kind") not in ("sweep", "batch"):
            raise _refused(place, f"its kind is {shown(words.get('kind'))}, neither 'sweep' nor 'batch'")
    else:
        raise _refused(place, f'it is not marked as one ("format": {FORMAT!r}, "version": {VERSION})')
    try:
        return (_Batch if words["kind"] == "batch" else _Sweep).model_validate(words).model_dump()
    except ValidationError as error:
        wrong = dict(map(_fault, error.errors(include_url=False, include_input=False)))
        faults = [f"{where}: {why}" for where, why in wrong.items()][:_MOST_TOLD]
        raise _refused(place, "; ".join(faults), todo) from None


def _fault(one: Any) -> tuple[str, str]:
    """Return where a plan's file is wrong, and why; of a value that may be of several types once."""
    parts = [str(part) for part in one["loc"] if not str(part).startswith("list[")]
    if len(parts) < len(one["loc"]) or parts[-1:] in _TYPES:
        where = parts[:-1] if parts[-1:] in _TYPES else parts
        return ".".join(where)[:100], "allowed is a text, a number, true, false or null"
    return ".".join(parts)[:100] or "the whole", one["msg"].removeprefix("Value error, ")[:200]


def _as_in_file(session: Session, name: str, value: Any) -> Any:
    """Return a value as the file has it; a picture is kept in the store and stands by its hash."""
    value = bare(value) if isinstance(value, tuple) else value  # a profile stands by its id
    if isinstance(value, (list, tuple)):
        return [_as_in_file(session, name, item) for item in value]
    if hasattr(value, "sha256") and hasattr(value, "file_name"):
        session.uploads.keep({value.sha256: value})
        return f"sha256:{value.sha256}"
    plain = as_number(value)  # of a fraction requests have four places, too
    if plain is None or isinstance(plain, (str, int, float)):
        return plain
    raise InvalidRequest(f"{name} is {shown(value)}, which no plan can hold.", parameter=name, value=value)


def _word_in_file(name: str, value: Any) -> Any:
    """Return a word of a prompt as the file has it: it goes into the prompt again as it did, or it is refused."""
    if isinstance(value, list):
        return [_word_in_file(name, item) for item in value]
    written = value if type(value) in {str, int, float, bool} else word(value)
    if written is None:
        raise InvalidRequest(f"{name} is {shown(value)}, which no plan can hold.", parameter=name, value=value)
    return written


def as_json(value: Any) -> Any:
    """Return a label, or what a column carries along, as the file has it."""
    if is_missing(value):
        return None
    plain = unboxed(value)
    if isinstance(plain, (bool, int)) or (isinstance(plain, float) and math.isfinite(plain)):
        return plain
    return in_words(plain).encode(errors="replace").decode()  # a text cut in the middle of a letter is none


def _flat(value: Any) -> Iterable[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    elif value is not None:
        yield value


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _refused(place: Path, why: str, todo: str = _WRITTEN) -> InvalidRequest:
    return InvalidRequest(
        f"{place.name or place} is no plan that can be used: {why}.", parameter="plan", value=place, todo=todo
    )
