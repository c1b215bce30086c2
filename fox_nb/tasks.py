"""Tasks: what the gateway says of a task, read tolerantly from both documented shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

END_STATES = frozenset({"completed", "failed", "cancelled"})
"""The gateway's words after which nothing more happens, but for a completed task that lacks its results."""

_LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a task: a picture behind a link that lives for 24 hours, or a trained profile.

    Attributes
    ----------
    url : str
        The picture's link; '' for a profile.
    profile_id : str
        The profile's id; '' for a picture.
    """

    url: str = ""
    profile_id: str = ""


@dataclass(frozen=True, slots=True)
class TaskState:
    """What the gateway says of a task at one moment.

    Attributes
    ----------
    id : str
        The task's id; '' when the answer held none.
    status : str
        The gateway's word: pending, processing, completed, failed, cancelled, or one not known yet.
    progress : int
        0 to 100.
    results : tuple of Result
        Empty until completed; empty for a moment after, too (the race).
    error_code, error_message : str
        Set only when failed.
    estimated_time : float or None
        Seconds in all, as the gateway guessed when it accepted the task.
    credits_reserved : float or None
        What the gateway says it reserved, in its own unit.
    request_id : str
        By which the gateway's support finds the call that created it; '' when the answer named none.
    """

    id: str
    status: str
    progress: int = 0
    results: tuple[Result, ...] = ()
    error_code: str = ""
    error_message: str = ""
    estimated_time: float | None = None
    credits_reserved: float | None = None
    request_id: str = ""

    @property
    def finished(self) -> bool:
        """True when nothing more will happen: completed with its results, failed or cancelled."""
        return self.status in END_STATES and (self.status != "completed" or bool(self.results))

    @property
    def failed(self) -> bool:
        """True when the gateway gave up on the task."""
        return self.status in {"failed", "cancelled"}


def read(answer: Any) -> TaskState | None:
    """Read a task out of the gateway's JSON, in the newer or the older documented form.

    Parameters
    ----------
    answer
        The decoded JSON of ``POST /v1/images/generations`` or ``GET /v1/tasks/{id}``.

    Returns
    -------
    TaskState or None
        None when the answer is no task: not an object, or without a status.
    """
    if not isinstance(answer, dict):
        return None
    if isinstance(answer.get("data"), dict) and "status" not in answer:
        answer = answer["data"]
    status = answer.get("status")
    if not isinstance(status, str) or not status:
        return None
    error = answer.get("error")
    error = error if isinstance(error, dict) else {"message": error} if error else {}
    return TaskState(
        id=_text(answer.get("id")),
        status=_whole(status.lower()[:40]),
        progress=int(min(100.0, max(0.0, _number(answer.get("progress")) or 0.0))),
        results=_results(answer),
        error_code=_text(error.get("code")),
        error_message=_text(error.get("message")),
        estimated_time=_number(_inside(answer, "task_info").get("estimated_time")),
        credits_reserved=_number(_inside(answer, "usage").get("credits_reserved")),
    )


def _results(answer: dict[str, Any]) -> tuple[Result, ...]:
    results = answer.get("results")
    if isinstance(results, list):
        found = [_result(item) for item in results]
    else:
        output = _inside(answer, "output")
        urls = output.get("urls")
        links = urls if isinstance(urls, list) and urls else [output.get("url")]
        found = [_result(link) for link in links]
    return tuple(result for result in found if result.url or result.profile_id)


def _result(item: Any) -> Result:
    if isinstance(item, str):
        return Result(url=_whole(item))
    if not isinstance(item, dict):
        return Result()
    url = item.get("url")
    return Result(url=_whole(url) if isinstance(url, str) else "", profile_id=_text(item.get("profile_id")))


def _inside(answer: dict[str, Any], name: str) -> dict[str, Any]:
    value = answer.get(name)
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    """Codes are strings, sometimes numbers; whatever they are, they end as a bounded text."""
    if value is None or isinstance(value, (dict, list, bool)):
        return ""
    try:
        return _whole(str(value)[:_LONGEST_TEXT])
    except ValueError:  # a whole number of more digits than Python writes
        return ""


def _whole(text: str) -> str:
    """Return the text without halves of characters, which JSON may hold and neither SQLite nor a file takes."""
    return text.encode("utf-8", errors="replace").decode()


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) < float("inf") else None
