"""Batch plan: the rows of a table as checked requests; all that is wrong with any of them is told at once."""

from __future__ import annotations

import contextlib
import difflib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from fox_nb.errors import InvalidRequest
from fox_nb.experiments.axes import PlanAxis
from fox_nb.experiments.plan import Plan, PlannedCell
from fox_nb.experiments.table_reader import Table, is_missing
from fox_nb.experiments.template import parameter_of
from fox_nb.models import MODELS, MOST_TAKES, faults, request_class, take_number
from fox_nb.parameters import Parameter, meant, parameters, shown
from fox_nb.session import Session

MOST_LISTED = 50
"""So many wrong cells are listed; the rest is counted."""
_WIDEST = 60
_MOST_COLUMNS = 20
_NEAR = 0.8
"""So alike that one is the other misspelt: 'image_id' is no 'image_url'."""
_STANDS_FOR = "sha256:" + "0" * 64  # a picture that is refused already, so that the rest of its row is still checked
_SEVERAL = re.compile(r"\.\w+\s*[;,|]")
"""Between names of files that stand in one cell."""
_WRITTEN = re.compile(r"\s*[-+]?(?:[0-9]{1,400}\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*")


class Wrong(NamedTuple):
    """One cell of a table that can't be asked for."""

    label: Any
    line: int
    column: str
    value: str
    allowed: str


class BatchPlan(Plan):
    """The rows of a table, each a request.

    Parameters
    ----------
    session : Session
        Checks, knows what is paid for, and knows prices.
    table : Table
        The rows: columns that are parameters of a row's model, ``model`` and ``take``; others are carried along.
    model : str, optional
        The model of the rows that name none.
    nearness : float
        How alike names are, from 0 to 1, of which one is the other misspelt; 1 for a table that was planned before.

    Attributes
    ----------
    table : Table
        The rows.
    model : str or None
        The model of the rows that name none.
    sent, carried : list of str
        The columns that go into the requests, and the others.

    Raises
    ------
    InvalidRequest
        Something in some rows can't be asked for; the error lists all of it. Nothing was sent.
    """

    def __init__(self, session: Session, table: Table, model: str | None = None, nearness: float = _NEAR) -> None:
        super().__init__(session)
        if model is not None:
            request_class(model)
        self.table = table
        self.model = model
        self._pictures: dict[tuple[str, str], Any] = {}
        known = {"model", "take"}.union(*map(known_of, MODELS))
        self.sent = [name for name in table.columns if name in known]
        self.carried = [name for name in table.columns if name not in known]
        self._refuse_near_names(known, 1.0)
        self.axes = (PlanAxis(parameter_of("row"), tuple(table.labels)),)
        self._wrong: list[Wrong] = []
        self._wrong_rows: set[int] = set()
        used: dict[str, None] = {}
        for number, row in enumerate(table.rows):
            asked = self._row(number, row)
            if asked is not None:
                used[asked] = None
        self.models = tuple(used)
        if self._wrong:
            raise _refusal(self._wrong, len(self._wrong_rows), table)
        self._refuse_near_names(set().union(*map(known_of, self.models)), nearness)
        self._look_up()

    def _refuse_near_names(self, known: set[str], nearness: float) -> None:
        """Refuse a column whose name is nearly a parameter's: carried along, it would be paid at its default.

        Parameters
        ----------
        known : set of str
            The names that are meant.
        nearness : float
            How alike names are, from 0 to 1, spaces and capitals aside.
        """
        unused = {_folded(name): name for name in sorted(known.difference(self.table.columns))}
        for name in self.carried:
            words = "_".join(re.findall(r"[^\W_]+", name.casefold()))
            if any(words.startswith(f"{one}_") for one in known):
                continue  # 'resolution_note' is no misspelling
            for near in difflib.get_close_matches(_folded(name), unused, 1, nearness):
                raise InvalidRequest(
                    f"The column {shown(name)} is no parameter; {unused[near]!r} is.",
                    parameter=name,
                    value=name,
                    allowed=unused[near],
                    todo="Rename the column; or rename it to something else, if it is not to be sent.",
                )

    def _row(self, number: int, row: Mapping[str, Any]) -> str | None:
        """Add a row's request, or note what is wrong with it; return its model."""
        given = {name: row[name] for name in self.sent if name in row and not self.is_empty(row[name])}
        model, take = given.pop("model", self.model), given.pop("take", 1)
        if model is None:
            self._note(number, "model", "", f"one of {', '.join(MODELS)}; or fox.batch(table, model=…)")
            return None
        if not isinstance(model, str) or model not in MODELS:
            self._note(number, "model", model, f"one of {', '.join(MODELS)}.{meant(model, tuple(MODELS))}")
            return None
        known = known_of(model)
        values = {name: self._value(known.get(name), value) for name, value in given.items()}
        number_of_take = self._take(number, take)
        refused = self._name_pictures(number, known, values) or number_of_take is None
        try:
            request, _ = self.session.validated(model, values)
        except InvalidRequest as error:  # by the model, or by the session alone: a link to this machine
            for fault in faults(model, self.session.uploads.name(model, values)[0]) or [error]:
                self._note_fault(number, model, fault)
            return None
        if refused or number_of_take is None:
            return None
        label = f"{self.table.labels[number]}: {str(values.get('prompt', model))[:_WIDEST]}"
        cell = PlannedCell((number,), {"row": self.table.labels[number]}, label, values)
        self._ask(cell, request, [number_of_take])
        self.cells.append(cell)
        return model

    def is_empty(self, value: Any) -> bool:
        """Return True for a cell that has no value."""
        return not value if isinstance(value, str) else type(value) is not int and is_missing(value)

    def _value(self, parameter: Parameter | None, value: Any) -> Any:
        """Read a number that is written out, a list that is written as JSON, and one that is an array."""
        if parameter is not None and parameter.many and (isinstance(value, tuple) or getattr(value, "ndim", 0) == 1):
            return list(value)
        if parameter is None or not isinstance(value, str):
            return value
        if self.table.is_text and not parameter.options and parameter.type in {int, float}:
            return self._number(value)
        if parameter.many and value.lstrip().startswith("["):
            try:
                items = json.loads(value)
            except (ValueError, RecursionError):
                return value
            return items if isinstance(items, list) else value
        return value

    def _number(self, text: str) -> Any:
        """Return the number that a text of a file means; the text itself where it means none."""
        written = text.replace(self.table.decimal, ".")
        if not _WRITTEN.fullmatch(written):
            return text
        return float(written) if set(written) & set(".eE") else int(written)

    def _take(self, number: int, take: Any) -> int | None:
        whole = self._number(take) if isinstance(take, str) and self.table.is_text else take
        with contextlib.suppress(TypeError, ValueError, OverflowError):  # InvalidRequest is a ValueError
            if (found := take_number(int(whole) if float(whole).is_integer() else whole)) is not None:
                return found
        self._note(number, "take", take, f"a whole number from 1 to {MOST_TAKES}")
        return None

    def _name_pictures(self, number: int, known: Mapping[str, Parameter], values: dict[str, Any]) -> bool:
        """Have each picture checked and hashed once, however many rows name it."""
        refused = False
        for name, parameter in known.items():
            value = values.get(name)
            if not parameter.hint.is_file or value is None:
                continue
            if isinstance(value, list) and not parameter.many:  # as the column 'files' of a result has them
                self._note(number, name, value, f"one picture a row: df.explode({name!r})")
                values[name], refused = _STANDS_FOR, True
                continue
            try:
                values[name] = [self._picture(item, name, parameter) for item in value] if isinstance(
                    value, list
                ) else self._picture(value, name, parameter)  # fmt: skip
            except InvalidRequest as error:
                several = parameter.many and isinstance(value, str) and _SEVERAL.search(value)
                hint = ' Several are a JSON list: ["a.jpg", "b.jpg"].' if several else ""
                self._note(number, name, value, f"{error.what} {error.todo}".rstrip() + hint)
                values[name] = [_STANDS_FOR] if parameter.many else _STANDS_FOR
                refused = True
        return refused

    def _picture(self, item: Any, name: str, parameter: Parameter) -> Any:
        if not isinstance(item, str):
            return self.session.uploads.one(item, name, archive=parameter.hint.kind == "archive")
        key = (item, parameter.hint.kind)
        if key not in self._pictures:
            self._pictures[key] = self.session.uploads.one(item, name, archive=parameter.hint.kind == "archive")
        return self._pictures[key]

    def _note_fault(self, number: int, model: str, fault: InvalidRequest) -> None:
        known, name = known_of(model), fault.parameter
        if name not in known:
            has = f"nothing: {model} has no {name}" if name else fault.what
            self._note(number, name, fault.value, has)
            return
        allowed = fault.allowed + meant(fault.value, known[name].options)
        self._note(number, name, fault.value, allowed or f"{fault.what} {fault.todo}".rstrip(), fault.why)

    def _note(self, number: int, column: str, value: Any, allowed: str, why: str = "") -> None:
        line = self.table.lines[number] if self.table.lines else 0
        is_empty = value is None or (isinstance(value, str) and not value)
        words = "" if is_empty else f"{shown(value)} ({why})" if why else shown(value)
        self._wrong_rows.add(number)
        self._wrong.append(Wrong(self.table.labels[number], line, column, words, allowed))

    @property
    def repeated(self) -> int:
        """How many rows ask for the very same as an earlier one."""
        return len(self.cells) - len(self._slots)


@cache
def known_of(model: str) -> dict[str, Parameter]:
    """Return a model's parameters by their names."""
    return {parameter.name: parameter for parameter in parameters(MODELS[model])}


def _folded(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _refusal(wrong: Sequence[Wrong], bad: int, table: Table) -> InvalidRequest:
    """Return the one error for all that is wrong in so many rows: row, column, value and what is allowed."""
    names = ("row", "line", "column", "value", "allowed") if wrong[0].line else ("row", "column", "value", "allowed")
    lines = [
        [str(one.label), *([str(one.line)] if wrong[0].line else []), one.column, one.value or "(empty)", one.allowed]
        for one in wrong[:MOST_LISTED]
    ]
    widths = [max(len(name), *(min(_WIDEST, len(line[at])) for line in lines)) for at, name in enumerate(names)]
    shown_as = [
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
        for line in [list(names), *lines]
    ]
    more = [f"and {len(wrong) - MOST_LISTED:,} more"] * (len(wrong) > MOST_LISTED)
    what = f"{bad:,} of {len(table):,} rows can't be asked for:"
    columns = ", ".join(map(shown, table.columns[:_MOST_COLUMNS]))
    absent = [f"The table has no column {name!r}; it has {columns}.{meant(name, tuple(table.columns))}"
              for name in dict.fromkeys(one.column for one in wrong)
              if name and name != "model" and name not in table.columns]  # fmt: skip
    return InvalidRequest(
        "\n".join([what, "", *shown_as, *more, "", *absent]),
        parameter="table",
        value=[one._asdict() for one in wrong],
        allowed="see its lines",
        todo="Fix these cells, or leave their rows out, then run it again.",
    )
