"""HTTP faults: the table of what can go wrong on a call, each with its parameters and its effect on the answer."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any

from fox_nb.sandbox.answers import Answer, error_answer, html_answer, json_answer

Parameters = Mapping[str, Any]
Effect = Callable[[Answer, Parameters], Answer]

CALLS = ("create", "read", "upload", "models", "pricing", "balance", "bill", "result", "file")
"""The calls that can go wrong: creations, reads of a task, uploads, lists, prices, billing, a key's bill, and files."""

TEXT = {"type": "string"}
DONE = {"done": {"type": "boolean", "description": "Whether the call's work is done before it goes wrong"}}
MESSAGE = {"message": {**TEXT, "description": "The error's text"}}
HEADER = {"type": "string", "pattern": "^[ -~]*$"}
RETRY = {
    "retry_after": {**HEADER, "type": ["number", "string"], "description": "The Retry-After header"},
}


@dataclass(frozen=True)
class HttpFault:
    """One row of the table."""

    about: str
    effect: Effect
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


def _refusal(status: int, kind: str, message: str) -> HttpFault:
    """Return the row of an error that the gateway itself answers with."""

    def effect(_answer: Answer, p: Parameters) -> Answer:
        headers = {"Retry-After": str(p["retry_after"])} if "retry_after" in p else {}
        return error_answer(status, {"message": p.get("message", message), "type": kind}, **headers)

    return HttpFault(str(status), effect, parameters={**DONE, **RETRY, **MESSAGE}, done=False)


def _page(_answer: Answer, p: Parameters, *, status: int, text: str) -> Answer:
    return html_answer(f"<!DOCTYPE html><html><body><h1>{p.get('message', text)}</h1></body></html>", status)


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


def _json(answer: Answer, p: Parameters) -> Answer:
    make: Mapping[str, Callable[[], bytes]] = {
        "deep": lambda: b"[" * 100_000 + b"]" * 100_000,
        "huge": lambda: json.dumps({"id": "x" * 20_000_000, "status": "completed"}).encode(),
        "wrong_types": lambda: b'{"id": 7, "status": ["completed"], "progress": "all", "results": {"url": 1}}',
        "not_json": lambda: b"{'id': task",
        "list": lambda: b"[]",
        "null": lambda: b"null",
        "empty": lambda: b"",
        "invalid_utf8": lambda: b'{"id": "\xff\xfe"}',
    }
    return replace(json_answer(None, answer.status), body=make[p["kind"]]())


def _prices(answer: Answer, p: Parameters) -> Answer:
    said = json.loads(answer.body)
    cheap = [row | {"model_price": row["model_price"] / 2} for row in said["data"]]
    rows = {"twice": [*said["data"], *cheap], "free": [row | {"model_price": 0} for row in cheap], "none": []}
    return replace(answer, body=json.dumps(said | {"data": rows[p["kind"]]}).encode())


def _other_task(answer: Answer, _p: Parameters) -> Answer:
    return replace(answer, body=json.dumps(json.loads(answer.body) | {"id": "task-of-somebody-else"}).encode())


def _see_task(answer: Answer, p: Parameters) -> Answer:
    task_id = json.loads(answer.body).get("id")
    return Answer(p.get("status", 302), headers={"Location": f"/v1/tasks/{task_id}"}) if task_id else answer


def _early(answer: Answer, p: Parameters) -> Answer:
    return replace(answer, early=p.get("status", 103))


def _truncated(answer: Answer, p: Parameters) -> Answer:
    return replace(answer, body=answer.body[: int(len(answer.body) * p.get("fraction", 0.5))])


def _content_type(answer: Answer, p: Parameters) -> Answer:
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    return replace(answer, headers=headers | ({"Content-Type": p["value"]} if p.get("value") else {}))


def _redirect(_answer: Answer, p: Parameters) -> Answer:
    return Answer(p.get("status", 302), headers={"Location": p.get("to", "?again")})


def _picture(_answer: Answer, p: Parameters) -> Answer:
    media_type, make = PICTURES[p["kind"]]
    return Answer(200, make(), {"Content-Type": media_type})


def _png(width: int, height: int) -> bytes:
    """Return a black 1-bit PNG, row by row, so that a bomb does not go off here."""
    packer = zlib.compressobj()
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = width.to_bytes(4) + height.to_bytes(4) + b"\x01\x00\x00\x00\x00"

    def chunk(name: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4)

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _animation() -> bytes:
    from PIL import Image

    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "blue")]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=80, loop=0)
    return file.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>parent.pwned = 1</script></svg>'
PICTURES: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "bomb": ("image/png", lru_cache(maxsize=1)(partial(_png, 20_000, 20_000))),
    "wide": ("image/png", partial(_png, 50_000, 40)),
    "tiny": ("image/png", partial(_png, 1, 1)),
    "animated": ("image/gif", _animation),
    "svg": ("image/svg+xml", lambda: SVG),
}

FRACTION = {"fraction": {"type": "number", "minimum": 0, "exclusiveMaximum": 1, "description": "How much is sent"}}
FILES = ("result", "file")
BROKEN = "Internal server error, request_id: 20260319-sandbox"

HTTP_FAULTS: Mapping[str, HttpFault] = {
    "lost_answer": HttpFault("The work is done, and the connection is closed without an answer", _hang_up),
    "hang_up": HttpFault("The connection is closed before anything is done", _hang_up, done=False),
    "cut": HttpFault("The answer breaks off in the middle of its body", _cut, parameters=FRACTION),
    "slow": HttpFault(
        "The answer comes late",
        _slow,
        parameters={"seconds": {"type": "number", "minimum": 0, "maximum": 3600}},
        required=("seconds",),
    ),
    "never": HttpFault("The answer never comes, while the connection stays open", _never, parameters=DONE),
    "rate_limit": _refusal(429, "rate_limit_error", "Too many requests."),
    "server_error": _refusal(500, "server_error", BROKEN),
    "bad_gateway": HttpFault(
        "502 with a page of HTML",
        partial(_page, status=502, text="502 Bad Gateway"),
        parameters={**DONE, **MESSAGE},
        done=False,
    ),
    "unavailable": _refusal(503, "service_unavailable", "No channel is available."),
    "cdn_forbidden": HttpFault(
        "403 with a CDN's page of HTML", partial(_page, status=403, text="error code: 1010"), done=False
    ),
    "no_balance": _refusal(402, "insufficient_quota", "The balance is used up."),
    "bad_key": _refusal(401, "authentication_error", "The key is not valid."),
    "too_large_page": HttpFault(
        "413 with a CDN's page of HTML",
        partial(_page, status=413, text="413 Request Entity Too Large"),
        calls=("upload", "create"),
        done=False,
    ),
    "status": HttpFault(
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
    "json": HttpFault(
        "A body that claims to be JSON and is deep, huge, of wrong types, empty or no JSON at all",
        _json,
        parameters={
            "kind": {"enum": ["deep", "huge", "wrong_types", "not_json", "list", "null", "empty", "invalid_utf8"]}
        },
        required=("kind",),
        calls=("create", "read", "upload", "models", "pricing", "balance", "bill"),
    ),
    "prices": HttpFault(
        "A price list with each model twice, once at half its price, with prices of 0, or without a row",
        _prices,
        ("pricing",),
        {"kind": {"enum": ["twice", "free", "none"]}},
        ("kind",),
    ),
    "other_task": HttpFault("An answer about another task", _other_task, ("read",)),
    "see_task": HttpFault(
        "The work is done, and a redirect points to the task",
        _see_task,
        ("create",),
        {"status": {"enum": [301, 302, 303, 307, 308]}},
    ),
    "early": HttpFault(
        "A 1xx answer comes before the real one",
        _early,
        parameters={"status": {"enum": [100, 102, 103]}},
    ),
    "expired": replace(_refusal(410, "not_found", "This link has expired."), about="The link is dead", calls=FILES),
    "truncated": HttpFault("The file is shorter than it should be", _truncated, FILES, FRACTION),
    "page": HttpFault(
        "A page of HTML instead of a picture", partial(_page, status=200, text="Please log in"), FILES, MESSAGE
    ),
    "content_type": HttpFault(
        "A wrong Content-Type, or none where the value is left out", _content_type, FILES, {"value": HEADER}
    ),
    "redirect": HttpFault(
        "A redirect; to the same link again where 'to' is left out",
        _redirect,
        FILES,
        {"to": HEADER, "status": {"enum": [301, 302, 303, 307, 308]}},
    ),
    "picture": HttpFault(
        "Another picture: a decompression bomb, one 50,000 px wide, one of 1x1, an animation, an SVG with a script",
        _picture,
        FILES,
        {"kind": {"enum": list(PICTURES)}},
        ("kind",),
    ),
}
