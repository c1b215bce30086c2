"""Template: a prompt with words to be filled in, ``a {animal} in {place}``; `{{` stands for a brace."""

from __future__ import annotations

import cmath
import itertools
import numbers
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fox_nb.errors import InvalidRequest
from fox_nb.experiments.axes import word
from fox_nb.experiments.table_reader import HALVES, is_missing
from fox_nb.parameters import Parameter, shown

KEPT = frozenset({"take", "takes", "original", "at_once", "per_second", "ask_above", "executor"})
"""Names that a sweep takes for itself, so that no word of a prompt can have them."""
_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


def names_in(text: Any) -> list[str]:
    """Return the names in braces of a prompt, in their order."""
    found = _PART.finditer(text) if isinstance(text, str) else ()
    return list(dict.fromkeys(part[1] for part in found if part[1] and part[1].isidentifier()))


def filled(text: Any, words: Mapping[str, Any]) -> Any:
    """Fill a prompt in; without any words it is no template, and its braces are its own.

    Raises
    ------
    InvalidRequest
        A name in it has no value.
    """
    if not words or not isinstance(text, str):
        return text

    def word(part: re.Match[str]) -> str:
        if part[1] is None:
            return part[0][0]
        if part[1] not in words:
            raise InvalidRequest(
                f"The prompt {shown(text)} has a {part[0]}, and {part[1]} has no values.",
                parameter="prompt",
                value=text,
                allowed=f"{part[1]}=[…] beside it, or {{{part[0]}}} for braces that stay",
                todo=f"Give {part[1]}=[…]."
                if part[1].isidentifier() and part[1] != "prompt"
                else "Write double braces for braces that stay.",
            )
        return word_of(part[1], words[part[1]])

    return _PART.sub(word, text)


def word_of(name: str, value: Any) -> str:
    """Return a value as it goes into a prompt: texts, numbers and dates, whole, as Python writes them.

    Raises
    ------
    InvalidRequest
        It is nothing that can be written: missing, endless, half a character, a picture, a list.
    """
    written = None if is_missing(value) else word(value)
    if written is None or _is_endless(value) or HALVES.search(written):
        raise InvalidRequest(
            f"{name} is {shown(value)}, which can't be written into a prompt.",
            parameter=name,
            value=value,
            allowed="a text, a number or a date",
        )
    return written


def refuse_as_words(prompt: Any, kept: Mapping[str, Any]) -> None:
    """Refuse values for a name in braces that a sweep keeps for itself, and that say nothing to it."""
    for name in itertools.chain.from_iterable(map(names_in, prompt if isinstance(prompt, (list, tuple)) else [prompt])):
        if isinstance(kept.get(name), (str, list, tuple)):
            raise no_word(name, "is a setting of the sweep itself")


def no_word(name: str, why: str) -> InvalidRequest:
    """Return the error for a name in braces that can be filled in under another name alone."""
    return InvalidRequest(
        f"{{{name}}} can't be a word of the prompt: {name} {why}.",
        parameter=name,
        todo=f"Name it otherwise, or write {{{{{name}}}}} for braces that stay.",
    )


def _is_endless(value: Any) -> bool:
    if isinstance(value, Decimal):
        return not value.is_finite()
    is_exact = isinstance(value, numbers.Rational)  # and may be larger than any float
    return isinstance(value, numbers.Complex) and not is_exact and not cmath.isfinite(value)


def parameter_of(name: str) -> Parameter:
    """Return what stands for a name of a template where parameters are listed."""
    return Parameter(
        name=name,
        label=name.replace("_", " ").capitalize(),
        help="Goes into the prompt.",
        type=str,
    )
