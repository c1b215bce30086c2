"""Task faults: the table of what can become of a task, each with its parameters and its effect on what a read sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class State:
    """What a read of a task would say; `reads` counts the earlier reads that found it completed."""

    status: str
    progress: int
    error: Mapping[str, Any] | None = None
    word: str = ""
    """Another word for the status."""
    withheld: bool = False
    order: tuple[int, ...] | None = None
    """Which of its results are told, by their places; some may be missing, or come twice."""
    links: tuple[str, ...] | None = None
    older_form: bool = False
    reads: int = 0


@dataclass(frozen=True)
class TaskFault:
    """One row of the table."""

    about: str
    effect: Callable[[State, Parameters], State]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()


def _race(state: State, p: Parameters) -> State:
    if state.status == "completed" and state.reads < p.get("reads", 1):
        return replace(state, progress=50, withheld=True)
    return state


def _failed(state: State, p: Parameters) -> State:
    if state.status == "pending" or (state.status == "processing" and state.progress < 100 * p.get("part", 0)):
        return state
    error = {
        "code": p.get("code", "generation_failed"),
        "message": p.get("message", "The picture could not be made. request_id: 20260319-sandbox"),
        "type": p.get("type", "task_error"),
    }
    return replace(state, status="failed", error=error)


def _cancelled(state: State, _p: Parameters) -> State:
    return state if state.status == "pending" else replace(state, status="cancelled")


def _stuck(state: State, p: Parameters) -> State:
    most = p.get("progress", 99)
    return replace(state, status="processing", progress=min(state.progress, most))


def _word(state: State, p: Parameters) -> State:
    return replace(state, status=p["status"]) if state.status != "pending" else state


def _done_word(state: State, p: Parameters) -> State:
    return replace(state, word=p["word"]) if state.status == "completed" else state


def _growing(state: State, p: Parameters) -> State:
    if state.status == "completed" and state.reads < p.get("reads", 2):
        return replace(state, order=tuple(range(p.get("first", 1))))
    return state


def _shuffled(state: State, _p: Parameters) -> State:
    backwards = tuple(range(99, -1, -1))
    return replace(state, order=(*backwards, 0) if state.reads % 2 else (*reversed(backwards), 1))


def _older_form(state: State, _p: Parameters) -> State:
    return replace(state, older_form=True)


def _links(state: State, p: Parameters) -> State:
    return replace(state, links=tuple(p["urls"]))


def _lasts(state: State, _p: Parameters) -> State:
    """Leave the state alone: the task's duration was set by this when it was created."""
    return state


TASK_FAULTS: Mapping[str, TaskFault] = {
    "race": TaskFault(
        "The first reads of the completed task have no results",
        _race,
        {"reads": {"type": "integer", "minimum": 1, "description": "How many reads"}},
    ),
    "failed": TaskFault(
        "The task fails",
        _failed,
        {
            "code": {"type": ["string", "number"]},
            "message": {"type": "string"},
            "type": {"type": "string"},
            "part": {"type": "number", "minimum": 0, "maximum": 1, "description": "At what part of its time"},
        },
    ),
    "cancelled": TaskFault("The task is cancelled", _cancelled),
    "stuck": TaskFault(
        "The task stays in processing for ever",
        _stuck,
        {"progress": {"type": "integer", "minimum": 0, "maximum": 100, "description": "Where it stops"}},
    ),
    "unknown_status": TaskFault(
        "The task has a status that nobody knows", _word, {"status": {"type": "string"}}, ("status",)
    ),
    "done_word": TaskFault(
        "The completed task is called by another word",
        _done_word,
        {"word": {"type": "string", "minLength": 1}},
        ("word",),
    ),
    "growing": TaskFault(
        "The first reads of the completed task have the first results alone",
        _growing,
        {
            "reads": {"type": "integer", "minimum": 1, "description": "How many reads"},
            "first": {"type": "integer", "minimum": 0, "description": "How many results they have"},
        },
    ),
    "shuffled": TaskFault("The results change their order from read to read, and one comes twice", _shuffled),
    "older_form": TaskFault("The results come in the older documented form", _older_form),
    "links": TaskFault(
        "The results have these links instead of their own",
        _links,
        {"urls": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
        ("urls",),
    ),
    "lasts": TaskFault(
        "The task takes this many seconds, whatever the speed",
        _lasts,
        {"seconds": {"type": "number", "minimum": 0, "maximum": 1_000_000}},
        ("seconds",),
    ),
}


def with_faults(state: State, task_faults: list[dict[str, Any]]) -> State:
    """Return the state after all faults of the task."""
    for task_fault in task_faults:
        state = TASK_FAULTS[task_fault["fault"]].effect(state, task_fault)
    return state


def seconds_with_faults(seconds: float, task_faults: list[dict[str, Any]]) -> float:
    """Return the task's duration: its own, or what a fault says of it."""
    return next((task_fault["seconds"] for task_fault in task_faults if task_fault["fault"] == "lasts"), seconds)
