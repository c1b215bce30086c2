"""Magics: ``%%fox generate --aspect-ratio 3:4``, the prompt as the cell's body; options are the models' parameters."""

from __future__ import annotations

import argparse
import contextlib
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never, cast

from IPython.core.magic import Magics, line_cell_magic, magics_class

from fox_nb.errors import InvalidRequest
from fox_nb.fox import Fox
from fox_nb.models import MODELS, Request
from fox_nb.parameters import meant, meant_name, parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from fox_nb.session import Task

_EXPRESSION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*|\[\d+\])*")
"""A variable, or what is reached from one without a call: ``photo``, ``task.images[0]``."""
_QUOTED = re.compile(r"""(?P<before>(?:--[\w-]+=)?)(?P<mark>["'])(?P<inside>.*?)(?P=mark)(?!\S)|\S+""")
"""A word, or what quotes keep together: they open before a word or behind '=', and close before a blank."""
_NAME_OF_FOX = "fox"
_DASH = "\0"
"""Before a word that is a value, though it begins with a dash: argparse takes such a word for an option."""

VERBS = {request.method.replace("_", "-"): request for request in MODELS.values()}
"""What stands after ``%%fox``."""

_EXPLAINED = """\
Ask a model for pictures.

As a cell, with the prompt as its body:

    %%fox generate --aspect-ratio 3:4 --num-outputs 2
    a red fox in the snow

or on one line: %fox generate a red fox in the snow --aspect-ratio 3:4

The value is the task: it shows its progress, then its pictures. The same request is the same picture, for free;
--take 2 is another one, --take new the next. Pictures are variables, paths or URLs:

    %%fox edit --image-urls photo sea.jpg task.images[0]
    make it night

The variable `fox` is the Fox that asks; where there is none, one is made by that name.
"""


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def explanation() -> str:
    """Return what ``%fox?`` shows: how to write it, and every option of every model."""
    return "\n".join([_EXPLAINED, *(_explained(verb, request) for verb, request in VERBS.items())])


def _explained(verb: str, request: type[Request]) -> str:
    lines = [f"%%fox {verb}: {request.about} ({request.model})"]
    for parameter in parameters(request):
        if parameter.hint.kind == "prompt":
            continue
        default = "" if parameter.required else f"; {parameter.default if parameter.default is not None else 'not set'}"
        lines.append(f"    {_option(parameter.name)}: {parameter.allowed}{default}. {parameter.help}")
    return "\n".join(lines) + "\n"


@magics_class
class FoxMagics(Magics):
    """The line and cell magic ``fox``."""

    @line_cell_magic
    def fox(self, line: str, cell: str | None = None) -> Task | None:
        """Ask a model for pictures; `explanation` says how."""
        words = _words(line)
        if not words:
            print(explanation())  # noqa: T201 - somebody has asked what it is
            return None
        request = _request_of(words.pop(0))
        values = parse(request, words, cell or "")
        take = values.pop("take", 1)
        for parameter in parameters(request):
            if parameter.hint.is_file and parameter.name in values:
                values[parameter.name] = self._pictures(values[parameter.name])
        return self._fox().submit({"model": request.model, **values}, take=take)

    fox.__doc__ = explanation()

    @property
    def _shell(self) -> InteractiveShell:
        """The shell that has registered these magics."""
        return cast("InteractiveShell", self.shell)

    def _fox(self) -> Fox:
        """Return the person's Fox; make one where there is none, and never beside another thing by its name.

        Whoever writes ``fox = fox.generate(…)`` has lost a Fox with a budget: one without it would go on paying.
        """
        names = self._shell.user_ns
        if names.get(_NAME_OF_FOX) is None:
            names[_NAME_OF_FOX] = Fox()
        found = names[_NAME_OF_FOX]
        if not isinstance(found, Fox):
            raise InvalidRequest(
                f"The variable `{_NAME_OF_FOX}` is not a Fox; its type is {type(found).__name__}.",
                todo="Make it one again, as before: fox = fox_nb.Fox(…); give what is in it now another name.",
            )
        return found

    def _pictures(self, value: Any) -> Any:
        """Put variables in the place of their names; what is a file, and everything else, is a path or a URL."""
        if isinstance(value, list):
            return [self._pictures(item) for item in value]
        whole = _EXPRESSION.fullmatch(value)
        if not whole or re.split(r"[.\[]", value, maxsplit=1)[0] not in self._shell.user_ns or Path(value).is_file():
            return value
        try:
            return self._shell.ev(value)
        except (AttributeError, LookupError, TypeError) as error:
            raise InvalidRequest(
                f"{value} is neither a file nor anything that a variable has: {error}.",
                value=value,
                todo="Give a variable such as photo or task.images[0], a path or a URL.",
            ) from None


def parse(request: type[Request], words: Iterable[str], body: str) -> dict[str, Any]:
    """Return the values that a line and a cell's body say; what they are worth, the request class says.

    Parameters
    ----------
    request : type of Request
        Whose parameters are options.
    words : iterable of str
        The line's words after the verb.
    body : str
        The cell's body: the prompt.

    Raises
    ------
    InvalidRequest
        There is no such option, or it has no value.
    """
    options = _Options(request)
    given, unplaced = options.parse_known_args([*options.split(words)])
    free = [_plain(word) for word in unplaced]
    unknown = next((word.partition("=")[0] for word in free if word.startswith("--")), "")
    if unknown:
        options.error(f"there is no option {unknown}.{meant_name(unknown, (*options.allowed,))}")
    found = vars(given)
    texts = [text for text in (" ".join(free), body.strip()) if text]
    prompt = next((parameter.name for parameter in parameters(request) if parameter.hint.kind == "prompt"), "")
    if prompt and prompt not in found and texts:
        found[prompt] = texts.pop()
    if texts:
        options.error(f"{texts[0][:80]!r} has no place in this request; every value stands after its option.")
    return found


class _Options(argparse.ArgumentParser):
    """A request's parameters as options; what is wrong with a line is an `InvalidRequest`."""

    def __init__(self, request: type[Request]) -> None:
        super().__init__(request.method, add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
        self.allowed = {_option(parameter.name): parameter.allowed for parameter in parameters(request)}
        self._many = {_option(parameter.name) for parameter in parameters(request) if parameter.many}
        for parameter in parameters(request):
            more: dict[str, Any] = {"nargs": "+", "action": "extend"} if parameter.many else {}
            self.add_argument(_option(parameter.name), type=partial(_value, parameter.type), **more)
        self.add_argument("--take", type=partial(_value, int))

    def split(self, words: Iterable[str]) -> Iterator[str]:
        """Tell argparse what it takes otherwise: several values behind '=', and values that begin with one dash."""
        for word in words:
            name, equals, value = word.partition("=")
            if equals and name in self._many:
                yield from (name, _DASH + value)
            elif word.startswith("-") and not word.startswith("--"):
                yield _DASH + word
            else:
                yield word

    def error(self, message: str) -> Never:
        """Raise what argparse would print before it ends the kernel."""
        empty = re.fullmatch(r"argument (\S+): expected .*", message)
        if empty:
            message = f"{empty[1]} has no value."
            allowed = self.allowed.get(empty[1], "a whole number or new")
            todo = f"It is {allowed}."
        else:
            allowed = ", ".join((*self.allowed, "--take"))
            todo = f"The options are {allowed}."
        raise InvalidRequest(f"{self.prog}: {message}", allowed=allowed, todo=todo)


def _value(kind: type, text: str) -> Any:
    """Make numbers of what are numbers, and True or False; all else stays a text, for the request class to refuse."""
    text = _plain(text)
    if kind is bool:
        return {"true": True, "false": False}.get(text.casefold(), text)
    with contextlib.suppress(ValueError):
        return kind(text) if kind in {int, float} else text
    return text


def _plain(word: str) -> str:
    return word.removeprefix(_DASH)


def _words(line: str) -> list[str]:
    """Split a line, in which a backslash is no escape: paths of Windows are full of them.

    Quotes in a prompt are its own, unless one pair stands around all of it, and so are those in a name (``it's.png``).
    """
    found = list(_QUOTED.finditer(line))
    options = next((at for at, word in enumerate(found) if word[0].startswith("--")), len(found))
    is_whole = options == 2  # noqa: PLR2004 - the verb, and one word or quoted text
    return [
        word["before"] + word["inside"] if word["mark"] and (is_whole or at >= options) else word[0]
        for at, word in enumerate(found)
    ]


def _request_of(verb: str) -> type[Request]:
    known = {**VERBS, **MODELS}
    found = known.get(verb.replace("_", "-"))
    if found is None:
        raise InvalidRequest(
            f"%fox has no {verb!r}; it has {', '.join(VERBS)}.{meant(verb, tuple(VERBS))}",
            value=verb,
            allowed=", ".join(VERBS),
            todo="%fox? explains.",
        )
    return found
