"""Names: what pictures are called that nobody has named: tasks by what they differ in, files by their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fox_nb.experiments.axes import label
from fox_nb.filetypes import is_data
from fox_nb.images.sources import is_upload, link_name
from fox_nb.models import MODELS
from fox_nb.session import Task
from fox_nb.workdir import as_text

_LONGEST = 80


def names_of(sources: Sequence[Any]) -> list[str]:
    """Name each of some pictures."""
    tasks = [source for source in sources if isinstance(source, Task)]
    differing = _differing(tasks)
    return [
        _of_task(source, differing) if isinstance(source, Task) else _of(source) or f"picture {at}"
        for at, source in enumerate(sources, start=1)
    ]


def _differing(tasks: Sequence[Task]) -> list[str]:
    """Return the names of what tasks differ in: the model first, then parameters, the take last."""
    facts = [_facts(task) for task in tasks]
    names = dict.fromkeys(name for fact in facts for name in fact)
    return [name for name in names if len({repr(fact.get(name)) for fact in facts}) > 1]


def _facts(task: Task) -> dict[str, Any]:
    return {"model": task.model, **{k: v for k, v in task.request.items() if k != "model"}, "take": task.take}


def _of_task(task: Task, differing: Sequence[str]) -> str:
    facts = _facts(task)
    words = [_words(name, facts[name]) for name in differing if name in facts] or [str(facts.get("prompt") or "")]
    return _short(", ".join(filter(None, words)) or task.model)


def _words(name: str, value: Any) -> str:
    if name == "model":
        return MODELS[value].title if value in MODELS else str(value)
    if name == "prompt":
        return str(value)
    return f"variation {value}" if name == "take" else f"{name.replace('_', ' ')} {label(value)}"


def _of(source: Any) -> str:
    """Name a file, also one that was uploaded, a link, or a picture that knows where it came from."""
    if isinstance(source, str):
        if is_data(source):
            return ""
        return _short(link_name(source) if "://" in source else Path(source).name)
    if is_upload(source):
        return _short(str(source.get("name") or ""))
    place = getattr(source, "path", None) or getattr(source, "filename", None)
    if place is None and hasattr(source, "__fspath__"):
        place = source
    try:
        return _short(Path(place).name) if place else ""
    except TypeError:
        return ""


def _short(text: str) -> str:
    text = as_text(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"
