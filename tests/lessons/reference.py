"""The reference, made from the docstrings: every public name, the methods of what people hold, the models, the commands."""

import argparse
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fox_nb
from fox_nb.cli import _parser
from fox_nb.experiments import Batch, Sweep
from fox_nb.local import SandboxControls
from fox_nb.models import MODELS
from fox_nb.parameters import parameters
from fox_nb.session.billing import Account, Reconciliation
from fox_nb.session.lost_answers import Proposal
from fox_nb.session.task import Cost
from fox_nb.session.tasklist import TaskList
from fox_nb.session.training import TrainedProfiles
from fox_nb.store import Store

TARGET = Path(__file__).parents[2] / "docs" / "reference.md"
HELD = (
    fox_nb.Fox,
    fox_nb.Task,
    fox_nb.Image,
    Cost,
    Account,
    Reconciliation,
    Proposal,
    TaskList,
    TrainedProfiles,
    Sweep,
    Batch,
    Store,
    SandboxControls,
    fox_nb.Client,
)
"""What people hold in their hands, in the order in which they meet it."""
OF_THE_FLOORS = {
    "TaskList": {"index", "count"},
    "Task": {"note", "renew", "row", "follow"},
    "Fox": set(),
    "Cost": set(dir(float)),
}
"""Methods that other parts use, or that come with a class from elsewhere."""
VARIABLES = """
| variable | what it says |
|---|---|
| `FOXAPI_KEY` | the key; without it the sandbox answers |
| `FOXAPI_BASE_URL` | another host of the gateway |
| `FOXAPI_PLAIN_HTTP` | the one host besides this machine to which the key may go without TLS: a relay in a network that you trust |
| `FOX_NB_WAIT` | `1`: a task that a cell shows is waited for; for runs without a screen |
| `FOX_NB_SANDBOX_SPEED` | how many times faster than the service the sandbox is; 10 without it |
| `FOX_NB_SANDBOX_DIR` | where the sandbox keeps its tasks and pictures |
""".strip()
_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)


def reference() -> str:
    """The whole page."""
    parts = [
        "# Reference",
        "Made from the docstrings by `make lessons`; a test holds it against them.",
        *_models(),
        *(part for held in HELD for part in _class(held)),
        "## Functions",
        *_function(fox_nb.ask_key),
        *_function(fox_nb.run),
        *_errors(),
        *_commands(),
        *_variables(),
    ]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def undocumented() -> list[str]:
    """Public names, and public methods of what people hold, that have no docstring."""
    names = [name for name in fox_nb.__all__ if name not in {"__version__", "MODELS"}]
    found = [name for name in names if not inspect.getdoc(getattr(fox_nb, name))]
    return found + [
        f"{held.__name__}.{name}" for held in HELD for name, member in _members(held) if not inspect.getdoc(member)
    ]


def _models() -> Iterator[str]:
    yield "## Models"
    yield "What `fox_nb.MODELS` holds, by the gateway's names."
    for request in MODELS.values():
        yield f"### {request.model}"
        yield f"{request.about} Asked for by `fox.{request.method}(…)`. The gateway's page: *{request.page}*."
        rows = ["| parameter | allowed | if left out | |", "|---|---|---|---|"]
        for parameter in parameters(request):
            default = (
                "required"
                if parameter.required
                else "not sent"
                if parameter.default is None
                else f"`{parameter.default}`"
            )
            rows.append(f"| `{parameter.name}` | {_cell(parameter.allowed)} | {default} | {_cell(parameter.help)} |")
        yield "\n".join(rows)


def _class(held: type) -> Iterator[str]:
    yield f"## {held.__name__}"
    signature = _signature(held) if held in {fox_nb.Fox, fox_nb.Client} else ""
    if signature:
        yield f"```text\n{held.__name__}{signature}\n```"
    yield _markdown(inspect.getdoc(held) or "")
    for name, member in _members(held):
        if isinstance(member, property) or not callable(member):
            yield f"### .{name}"
        else:
            yield f"### .{name}{_signature(member)}" if len(_signature(member)) < 60 else f"### .{name}(…)"
            if len(_signature(member)) >= 60:
                yield f"```text\n{name}{_signature(member)}\n```"
        yield _markdown(inspect.getdoc(member) or "")


def _members(held: type) -> Iterator[tuple[str, Any]]:
    left_out = OF_THE_FLOORS.get(held.__name__, set())
    for name in dict.fromkeys(name for base in held.__mro__ if base is not object for name in vars(base)):
        member = inspect.getattr_static(held, name)
        if name.startswith("_") or name in left_out:
            continue
        if isinstance(member, (classmethod, staticmethod)):
            member = member.__func__
        if type(member).__name__ in {"cached_property", "made_once"}:
            member = property(member.func, doc=member.__doc__)
        if inspect.isfunction(member) or isinstance(member, property):
            yield name, member


def _function(function: Any) -> Iterator[str]:
    yield f"### fox_nb.{function.__name__}{_signature(function)}"
    yield _markdown(inspect.getdoc(function) or "")


def _errors() -> Iterator[str]:
    from fox_nb import errors

    yield "## Errors"
    yield "All are at the top, as `fox_nb.FoxError`; each has `.what`, `.money` and `.todo`."
    yield "```text\n" + (errors.__doc__ or "").split("\n\n", 1)[1].strip() + "\n```"
    for name in fox_nb.__all__:
        if isinstance(getattr(fox_nb, name), type) and issubclass(getattr(fox_nb, name), errors.FoxError):
            yield f"### fox_nb.{name}"
            yield _markdown(inspect.getdoc(getattr(fox_nb, name)) or "")


def _commands() -> Iterator[str]:
    yield "## Commands"
    (commands,) = [action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)]
    about = {choice.dest: choice.help for choice in commands._choices_actions}
    rows = ["| command | what it does |", "|---|---|"]
    for name, parser in commands.choices.items():
        usage = (
            " ".join(parser.format_usage().removeprefix("usage: ").split()).replace("[-h] ", "").replace(" [-h]", "")
        )
        rows.append(f"| `{_cell(usage)}` | {_cell(about[name])} |")
    yield "\n".join(rows)


def _variables() -> Iterator[str]:
    yield "## Environment variables"
    yield VARIABLES


def _signature(function: Any) -> str:
    try:
        signature = inspect.signature(function)
    except ValueError:
        return "()"
    shown = []
    for parameter in signature.parameters.values():
        if parameter.name in {"self", "cls"}:
            continue
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        default = "" if parameter.default is parameter.empty else f"={_default(parameter.default)}"
        if parameter.kind is parameter.KEYWORD_ONLY and not any(part.startswith("*") for part in shown):
            shown.append("*")
        shown.append(f"{stars}{parameter.name}{default}")
    return f"({', '.join(shown)})"


def _default(value: Any) -> str:
    return repr(value) if isinstance(value, (str, int, float, tuple, type(None))) else "…"


def _markdown(docstring: str) -> str:
    """A docstring in NumPy's style as Markdown: its sections as lists."""
    pieces = _SECTION.split(docstring)
    text = [_inline(pieces[0].strip())]
    for title, body in zip(pieces[1::2], pieces[2::2], strict=True):
        text.append(f"*{title}*")
        text.append("\n".join(_entries(body)))
    return "\n\n".join(part for part in text if part)


def _entries(body: str) -> Iterator[str]:
    for entry in re.split(r"\n(?=\S)", inspect.cleandoc(body)):
        head, *rest = entry.split("\n")
        name, _, kind = head.partition(" : ")
        about = _inline(" ".join(line.strip() for line in rest))
        code = name if name.startswith("`") else f"`{name}`"
        yield f"- {code}{f' ({kind})' if kind else ''}{f': {about}' if about else ''}"


def _inline(text: str) -> str:
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def _cell(text: str) -> str:
    return _inline(text or "").replace("|", "\\|").replace("\n", " ")
