"""Answers: what a call gives back, and how much of it reaches the one who asked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
HTML = "text/html; charset=utf-8"


@dataclass
class Answer:
    """An HTTP answer on its way out.

    The last five say how it is delivered: after a pause of `delay` seconds, only the first `keep` bytes of the body
    (with the Content-Length of all of it), not at all while the connection stays open (`silent`), or not at all
    with the connection closed (`hang_up`); `early` is the status of an answer that comes before it.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    keep: int | None = None
    silent: bool = False
    hang_up: bool = False
    early: int = 0


def json_answer(value: Any, status: int = 200, **headers: str) -> Answer:
    """Return an answer with a JSON body."""
    return Answer(status, json.dumps(value).encode(), {"Content-Type": JSON, **headers})


def html_answer(text: str, status: int) -> Answer:
    """Return an answer with a page, as things that stand before a gateway give it."""
    return Answer(status, text.encode(), {"Content-Type": HTML})


def error_answer(status: int, error: dict[str, Any], **headers: str) -> Answer:
    """Return the gateway's own error answer."""
    return json_answer({"error": error}, status, **headers)
