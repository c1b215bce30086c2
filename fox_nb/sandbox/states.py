"""States: what a read says of a task, derived from the clock, what is drawn, and the task's faults."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from fox_nb.sandbox.database import Task
from fox_nb.sandbox.plans import link_name
from fox_nb.sandbox.task_faults import State, with_faults

PENDING_PART = 0.08
"""The part of its time that a task waits before it is worked on."""
WHOLE_SECONDS = 10
"""From here on an estimate is told in whole seconds, as the pages show it."""
ALMOST = 99
"""The progress of a task whose time is up and whose pictures are still being drawn."""


def state_of(task: Task, now: float) -> State:
    """Return the task's state by the clock, with what its faults make of it."""
    part = (now - task.created) / task.seconds if task.seconds > 0 else 1.0
    if part < PENDING_PART:
        state = State("pending", 0)
    elif task.error is not None:
        state = State("failed", min(ALMOST, int(100 * part)), task.error)
    elif part >= 1 and task.made is not None:
        state = State("completed", 100)
    else:
        state = State("processing", min(ALMOST, int(100 * part)))
    return with_faults(replace(state, reads=task.reads), task.fates)


def failed_at(task: Task, now: float) -> float | None:
    """Return when the task failed or was cancelled, as a read at this moment would find it; None where it would not."""
    if state_of(task, now).status not in {"failed", "cancelled"}:
        return None
    part = next((task_fault.get("part", 0) for task_fault in task.fates if task_fault["fault"] == "failed"), 0)
    return task.created + max(PENDING_PART, part) * task.seconds


def under_way(task: Task, now: float) -> bool:
    """Whether the task will still change by itself."""
    return not task.finished or now < task.created + task.seconds


def accepted(task: Task) -> dict[str, Any]:
    """Return the answer to the creation of a task; as the pages show it, it names neither what it costs nor whose."""
    return {
        "id": task.id,
        "object": "image.generation.task",
        "type": "image",
        "model": task.request["model"],
        "status": "pending",
        "progress": 0,
        "created": int(task.created),
        "task_info": {"can_cancel": True, "estimated_time": _seconds(task.estimate)},
    }


def shown(task: Task, state: State, base_url: str, *, older_form: bool) -> dict[str, Any]:
    """Return the answer to a read of a task."""
    view = accepted(task) | {"status": state.word or state.status, "progress": state.progress, "error": None}
    view["error"] = dict(state.error) if state.status == "failed" and state.error else None
    view["usage"] = {"credits_reserved": task.credits, "user_group": task.group}
    results = _results(task, state, base_url) if state.status == "completed" and not state.withheld else None
    if results is not None and state.order is not None:
        results = [results[at] for at in state.order if at < len(results)]
    if not (older_form or state.older_form) or task.profile_id is not None:
        return view | {"results": results}
    return view | {"output": _older(results, task)}


def _results(task: Task, state: State, base_url: str) -> list[dict[str, Any]]:
    if task.profile_id is not None:
        return [{"result_type": "profile", "profile_id": task.profile_id}]
    if state.links is not None:
        return [{"url": link} for link in state.links]
    day = time.strftime("%Y%m%d", time.gmtime(task.created))
    made = task.made or []
    results = [
        {"url": f"{base_url}/results/{day}/{task.token}/{link_name(index, picture)}"}
        for index, picture in enumerate(made)
    ]
    if task.request["model"].startswith("phota"):  # the pages show both: links alone, and links that say more
        for result, picture in zip(results, made, strict=True):
            result |= {
                "content_type": picture["media_type"],
                "width": picture["width"],
                "height": picture["height"],
            }
    return results


def _older(results: list[dict[str, Any]] | None, task: Task) -> dict[str, Any] | None:
    if not results:
        return None
    links = [result["url"] for result in results]
    size = {name: task.made[0][name] for name in ("width", "height")} if task.made else {}
    return {"url": links[0], "urls": links, **size}


def _seconds(value: float) -> float:
    return round(value) if value >= WHOLE_SECONDS else round(value, 2)
