"""The faults that only tests ask for: what a gateway does that is broken, or wants to do harm; for their sandboxes."""

import io
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial

from fox_nb.sandbox.answers import Answer, html_answer, json_answer
from fox_nb.sandbox.http_faults import DONE, FILES, FRACTION, HEADER, HTTP_FAULTS, MESSAGE, Fault, Parameters
from fox_nb.sandbox.task_faults import ON_TASK, TASK_FAULTS, State


def _page(_answer: Answer, p: Parameters, *, status: int, text: str) -> Answer:
    return html_answer(f"<!DOCTYPE html><html><body><h1>{p.get('message', text)}</h1></body></html>", status)


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


HTTP_FAULTS.update(
    {
        "bad_gateway": Fault(
            "502 with a page of HTML",
            partial(_page, status=502, text="502 Bad Gateway"),
            parameters={**DONE, **MESSAGE},
            done=False,
        ),
        "cdn_forbidden": Fault(
            "403 with a CDN's page of HTML", partial(_page, status=403, text="error code: 1010"), done=False
        ),
        "too_large_page": Fault(
            "413 with a CDN's page of HTML",
            partial(_page, status=413, text="413 Request Entity Too Large"),
            calls=("upload", "create"),
            done=False,
        ),
        "json": Fault(
            "A body that claims to be JSON and is deep, huge, of wrong types, empty or no JSON at all",
            _json,
            parameters={
                "kind": {"enum": ["deep", "huge", "wrong_types", "not_json", "list", "null", "empty", "invalid_utf8"]}
            },
            required=("kind",),
            calls=("create", "read", "upload", "models", "pricing", "balance", "bill"),
        ),
        "prices": Fault(
            "A price list with each model twice, once at half its price, with prices of 0, or without a row",
            _prices,
            ("pricing",),
            {"kind": {"enum": ["twice", "free", "none"]}},
            ("kind",),
        ),
        "other_task": Fault("An answer about another task", _other_task, ("read",)),
        "see_task": Fault(
            "The work is done, and a redirect points to the task",
            _see_task,
            ("create",),
            {"status": {"enum": [301, 302, 303, 307, 308]}},
        ),
        "early": Fault(
            "A 1xx answer comes before the real one",
            _early,
            parameters={"status": {"enum": [100, 102, 103]}},
        ),
        "truncated": Fault("The file is shorter than it should be", _truncated, FILES, FRACTION),
        "page": Fault(
            "A page of HTML instead of a picture", partial(_page, status=200, text="Please log in"), FILES, MESSAGE
        ),
        "content_type": Fault(
            "A wrong Content-Type, or none where the value is left out", _content_type, FILES, {"value": HEADER}
        ),
        "redirect": Fault(
            "A redirect; to the same link again where 'to' is left out",
            _redirect,
            FILES,
            {"to": HEADER, "status": {"enum": [301, 302, 303, 307, 308]}},
        ),
        "picture": Fault(
            "Another picture: a decompression bomb, one 50,000 px wide, one of 1x1, an animation, an SVG with a script",
            _picture,
            FILES,
            {"kind": {"enum": list(PICTURES)}},
            ("kind",),
        ),
    }
)
TASK_FAULTS.update(
    {
        "unknown_status": Fault(
            "The task has a status that nobody knows", _word, ON_TASK, {"status": {"type": "string"}}, ("status",)
        ),
        "done_word": Fault(
            "The completed task is called by another word",
            _done_word,
            ON_TASK,
            {"word": {"type": "string", "minLength": 1}},
            ("word",),
        ),
        "growing": Fault(
            "The first reads of the completed task have the first results alone",
            _growing,
            ON_TASK,
            {
                "reads": {"type": "integer", "minimum": 1, "description": "How many reads"},
                "first": {"type": "integer", "minimum": 0, "description": "How many results they have"},
            },
        ),
        "shuffled": Fault("The results change their order from read to read, and one comes twice", _shuffled, ON_TASK),
        "older_form": Fault("The results come in the older documented form", _older_form, ON_TASK),
        "links": Fault(
            "The results have these links instead of their own",
            _links,
            ON_TASK,
            {"urls": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
            ("urls",),
        ),
    }
)
