"""Task faults: the table of what can become of a task, each with its parameters and its effect on what a read sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fox_nb.sandbox.http_faults import Fault, Parameters

ON_TASK = ("task",)
"""What a task fault is scheduled on: the next task that is created."""


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


def _lasts(state: State, _p: Parameters) -> State:
    """Leave the state alone: the task's duration was set by this when it was created."""
    return state


TASK_FAULTS: dict[str, Fault[State]] = {
    "race": Fault(
        "The first reads of the completed task have no results",
        _race,
        ON_TASK,
        {"reads": {"type": "integer", "minimum": 1, "description": "How many reads"}},
    ),
    "failed": Fault(
        "The task fails",
        _failed,
        ON_TASK,
        {
            "code": {"type": ["string", "number"]},
            "message": {"type": "string"},
            "type": {"type": "string"},
            "part": {"type": "number", "minimum": 0, "maximum": 1, "description": "At what part of its time"},
        },
    ),
    "cancelled": Fault("The task is cancelled", _cancelled, ON_TASK),
    "stuck": Fault(
        "The task stays in processing for ever",
        _stuck,
        ON_TASK,
        {"progress": {"type": "integer", "minimum": 0, "maximum": 100, "description": "Where it stops"}},
    ),
    "lasts": Fault(
        "The task takes this many seconds, whatever the speed",
        _lasts,
        ON_TASK,
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
