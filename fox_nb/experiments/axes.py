"""Axes: the values of a parameter that is varied, as lists, NumPy ranges, or text as people write it."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import numbers
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from fox_nb.errors import InvalidRequest
from fox_nb.models import as_real, as_whole
from fox_nb.parameters import Parameter, shown, unboxed
from fox_nb.render.html import unlike
from fox_nb.workdir import as_text

MOST_VALUES = 1000
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"
_RANGE = re.compile(
    rf"\s*({_NUMBER})\s*(?:\.\.\.?|…|to|-)\s*({_NUMBER})(?:\s*(?:step|by)\s*({_NUMBER}))?\s*", re.IGNORECASE
)
_MOST_DIGITS = 18
_PARTS = 4
"""A range without a step is cut into so many parts: 0..1 is 0, 0.25, 0.5, 0.75, 1."""


@dataclass(frozen=True, slots=True)
class PlanAxis:
    """A parameter that is varied.

    Attributes
    ----------
    parameter : Parameter
        Which.
    values : tuple
        Its values, each once, in the order given.
    repeated : int
        How many values were given a second time and left out.
    """

    parameter: Parameter
    values: tuple[Any, ...]
    repeated: int = 0

    @property
    def labels(self) -> list[str]:
        """The values as a person reads them, no two alike: files of one name are numbered."""
        return unlike([label(value, whole=self.parameter.type is str) for value in self.values])

    def place(self, at: int) -> Any:
        """Return what one of the values is found again by, in another plan or a file."""
        return sameness(self.values[at], whole=self.parameter.type is str)


def axis_of(parameter: Parameter, given: Any) -> PlanAxis | None:
    """Return the axis that a value means, or None when it is one plain value.

    Parameters
    ----------
    parameter : Parameter
        What is varied.
    given
        A list, tuple, range, generator or NumPy array of values; for numbers and options also a text such as
        ``"0..1 step 0.25"`` or ``"1K, 4K"``. A parameter that is a list itself is varied by a list of lists.

    Raises
    ------
    InvalidRequest
        There is no value in it, or far too many.
    """
    several = _several(parameter, given)
    if several is None:
        return None
    if not several:
        raise InvalidRequest(
            f"{parameter.name} is a list without a value: there is nothing to make.",
            parameter=parameter.name,
            value=given,
            allowed="at least one value",
        )
    if len(several) > MOST_VALUES:
        raise InvalidRequest(
            f"{parameter.name} has more than {MOST_VALUES:,} values.",
            parameter=parameter.name,
            allowed=f"at most {MOST_VALUES:,}",
        )
    values = [as_asked(parameter, value) for value in several]
    kept: dict[Any, Any] = {}
    for value in values:
        kept.setdefault(sameness(value, whole=parameter.type is str), value)
    return PlanAxis(parameter, tuple(kept.values()), repeated=len(values) - len(kept))


def picture_names(axes: Sequence[PlanAxis]) -> Callable[[Sequence[int]], dict[str, str]]:
    """Return what gives, for the place of a cell, the names of the pictures that vary there."""
    pictures = [(at, axis) for at, axis in enumerate(axes) if axis.parameter.hint.kind == "picture"]
    named = [(at, axis.parameter.name, axis.labels) for at, axis in pictures]
    return lambda key: {name: labels[key[at]] for at, name, labels in named}


def as_asked(parameter: Parameter, value: Any) -> Any:
    """Return a number as requests take it, a word as it is written; what requests refuse stays as it is."""
    if parameter.type is str:
        kind = getattr(getattr(value, "dtype", None), "kind", "")
        plain = unboxed(value) if kind and kind in "biufU" else value
        return float(str(value)) if kind == "f" and plain is not value else plain  # float32's 0.1 is no 0.100000001
    with contextlib.suppress(ValueError):
        return {int: as_whole, float: as_real}.get(parameter.type, unboxed)(value)
    return value


def word(value: Any) -> str | None:
    """Return a text, a number or a date whole, as Python writes it; None for what can't be written."""
    if not isinstance(value, str | numbers.Number | dt.date | dt.time) and type(value).__name__ != "datetime64":
        return None
    try:
        return str(value)
    except ValueError:  # a number of thousands of digits
        return None


def label(value: Any, *, whole: bool = False) -> str:
    """Return a value as a person reads it; `whole` as it goes into a prompt."""
    if value is None:
        return "not set"
    if isinstance(value, float) and not whole:
        return f"{value:.10g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(label(item, whole=whole) for item in value) or "none"
    written = word(value)
    if written is not None:
        return written
    path = getattr(value, "path", None)
    return as_text(str(getattr(path, "name", "") or getattr(value, "file_name", "") or type(value).__name__))


def sameness(value: Any, *, whole: bool = False) -> Any:
    """Return what is alike for the same value, also where one of them came from a file; of words what is written."""
    if isinstance(value, (list, tuple)):
        return tuple(sameness(item, whole=whole) for item in value)
    if hasattr(value, "sha256"):
        return f"sha256:{value.sha256}"
    if value is None or (isinstance(value, (int, float)) and not whole):
        return value
    return label(value, whole=True)


def _several(parameter: Parameter, given: Any) -> list[Any] | None:
    if isinstance(given, str):
        return _from_text(parameter, given)
    if parameter.many:
        nested = isinstance(given, (list, tuple)) and any(
            item is None or isinstance(item, (list, tuple)) for item in given
        )
        return list(given) if nested else None
    if isinstance(given, (list, tuple, range, Iterator)):
        return list(itertools.islice(given, MOST_VALUES + 1))
    return list(itertools.islice(given, MOST_VALUES + 1)) if is_row(given) and not parameter.hint.is_file else None


def is_row(given: Any) -> bool:
    """Tell values in an array, or in a column of a table of any library, from a single one."""
    return getattr(given, "ndim", None) == 1 or hasattr(type(given), "to_list")


def _from_text(parameter: Parameter, text: str) -> list[Any] | None:
    """Read ``0..1 step 0.25``, ``0, 0.5, 1`` or ``1K, 4K``; None for a text that is one value."""
    if parameter.type in {int, float} and not parameter.options:
        found = _RANGE.fullmatch(text)
        if found:
            return _range(parameter, *found.groups())
        return [_number(parameter, part) for part in re.split(r"[,;\s]+", text.strip()) if part]
    if parameter.options and text not in parameter.options and re.search(r"[,;]", text):
        return [part.strip() for part in re.split(r"[,;]", text) if part.strip()]
    return None


def _range(parameter: Parameter, first: str, last: str, step: str | None) -> list[Any]:
    start, end = Decimal(first), Decimal(last)
    whole = parameter.type is int
    width = abs(Decimal(step)) if step else (Decimal(1) if whole else abs(end - start) / _PARTS)
    if not width and start != end:
        raise InvalidRequest(
            f"{parameter.name} goes by steps of 0.", parameter=parameter.name, allowed="a step above 0"
        )
    count = int(abs(end - start) / width) if width else 0
    if count >= MOST_VALUES:
        raise InvalidRequest(
            f"{parameter.name} has {count + 1:,} values.", parameter=parameter.name, allowed=f"at most {MOST_VALUES:,}"
        )
    sign = 1 if end >= start else -1
    return [_number(parameter, str(start + sign * number * width)) for number in range(count + 1)]


def _number(parameter: Parameter, text: str) -> Any:
    if text.casefold() in {"none", "unset"}:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number.adjusted() > _MOST_DIGITS:
        raise InvalidRequest(
            f"{parameter.name} holds {shown(text)}, which is no number.",
            parameter=parameter.name,
            value=text,
            allowed=f'{parameter.allowed}; or a range such as "0..1 step 0.25"',
        )
    return number


def steps(labels: Sequence[str]) -> str:
    """Return the labels of values in one short line."""
    return ", ".join(labels if len(labels) <= 6 else [*labels[:3], "…", labels[-1]])  # noqa: PLR2004 - one line
