"""HTTP faults: the table of what can go wrong on a call, each with its parameters and its effect on the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from fox_nb.sandbox.answers import Answer, error_answer, html_answer

Parameters = Mapping[str, Any]
Subject = TypeVar("Subject")

CALLS = ("create", "read", "upload", "models", "pricing", "balance", "bill", "result", "file")
"""The calls that can go wrong: creations, reads of a task, uploads, lists, prices, billing, a key's bill, and files."""
FILES = ("result", "file")

TEXT = {"type": "string"}
DONE = {"done": {"type": "boolean", "description": "Whether the call's work is done before it goes wrong"}}
MESSAGE = {"message": {**TEXT, "description": "The error's text"}}
HEADER = {"type": "string", "pattern": "^[ -~]*$"}
RETRY = {
    "retry_after": {**HEADER, "type": ["number", "string"], "description": "The Retry-After header"},
}


@dataclass(frozen=True)
class Fault(Generic[Subject]):
    """One row of a table: a fault of a call changes its answer, one of a task the state that a read sees."""

    about: str
    effect: Callable[[Subject, Parameters], Subject]
    calls: tuple[str, ...] = CALLS
    parameters: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    done: bool = True
    """Whether the call's work is done first, where the fault itself does not say."""


def _hang_up(answer: Answer, _p: Parameters) -> Answer:
    return replace(answer, hang_up=True)


def _cut(answer: Answer, p: Parameters) -> Answer:
    return replace(answer, keep=int(len(answer.body) * p.get("fraction", 0.5)))


def _slow(answer: Answer, p: Parameters) -> Answer:
    return replace(answer, delay=p["seconds"])


def _never(answer: Answer, _p: Parameters) -> Answer:
    return replace(answer, silent=True)


def _refusal(status: int, kind: str, message: str) -> Fault[Answer]:
    """Return the row of an error that the gateway itself answers with."""

    def effect(_answer: Answer, p: Parameters) -> Answer:
        headers = {"Retry-After": str(p["retry_after"])} if "retry_after" in p else {}
        return error_answer(status, {"message": p.get("message", message), "type": kind}, **headers)

    return Fault(str(status), effect, parameters={**DONE, **RETRY, **MESSAGE}, done=False)


def _status(_answer: Answer, p: Parameters) -> Answer:
    message = p.get("message", "The sandbox was told to answer so.")
    error = {"message": message, "type": p.get("type", "server_error")} | ({"code": p["code"]} if "code" in p else {})
    answer = {
        "json": lambda: error_answer(p["status"], error),
        "html": lambda: html_answer(f"<html><body>{message}</body></html>", p["status"]),
        "empty": lambda: Answer(p["status"]),
    }[p.get("body", "json")]()
    if "retry_after" in p:
        answer.headers["Retry-After"] = str(p["retry_after"])
    return answer


FRACTION = {"fraction": {"type": "number", "minimum": 0, "exclusiveMaximum": 1, "description": "How much is sent"}}
BROKEN = "Internal server error, request_id: 20260319-sandbox"

HTTP_FAULTS: dict[str, Fault[Answer]] = {
    "lost_answer": Fault("The work is done, and the connection is closed without an answer", _hang_up),
    "hang_up": Fault("The connection is closed before anything is done", _hang_up, done=False),
    "cut": Fault("The answer breaks off in the middle of its body", _cut, parameters=FRACTION),
    "slow": Fault(
        "The answer comes late",
        _slow,
        parameters={"seconds": {"type": "number", "minimum": 0, "maximum": 3600}},
        required=("seconds",),
    ),
    "never": Fault("The answer never comes, while the connection stays open", _never, parameters=DONE),
    "rate_limit": _refusal(429, "rate_limit_error", "Too many requests."),
    "server_error": _refusal(500, "server_error", BROKEN),
    "unavailable": _refusal(503, "service_unavailable", "No channel is available."),
    "no_balance": _refusal(402, "insufficient_quota", "The balance is used up."),
    "bad_key": _refusal(401, "authentication_error", "The key is not valid."),
    "status": Fault(
        "Any error status, with a JSON, HTML or empty body",
        _status,
        parameters={
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "body": {"enum": ["json", "html", "empty"]},
            "type": TEXT,
            "code": {"type": ["string", "number"]},
            **DONE,
            **RETRY,
            **MESSAGE,
        },
        required=("status",),
        done=False,
    ),
    "expired": replace(_refusal(410, "not_found", "This link has expired."), about="The link is dead", calls=FILES),
}
