"""The table of hostile answers and texts: what the gateway or a person sends, and what has to come of it."""

import dataclasses
from typing import Any

CANARY = "window.__canary=1"
TEXTS = {
    "script": f"<script>{CANARY}</script>",
    "handler": f"<img src=x onerror='{CANARY}'>",
    "svg": f'"><svg onload="{CANARY}">',
    "quotes": f"' onmouseover='{CANARY}' \" autofocus onfocus=\"{CANARY}",
    "end of style": f"</style></textarea></title><script>{CANARY}</script>",
    "link": f"javascript:{CANARY}",
    "markdown": f'[x](javascript:{CANARY}) ![x](x " onerror={CANARY})',
    "template": "{{7*7}} ${7*7} %(x)s {0} [[profile]]",
    "control characters": "line\r\nline\x00\x08\x1b[31mred\x1b]0;title\x07\x7f\x85",
    "right to left": "abc\u202egpj.exe\u2066\u200f\u061cdef\u2069",
    "separators": "\u2028\u2029\ufeff one",
    "path": "../../x",
    "absolute path": "/etc/cron.d/x",
    "windows": "CON.png:stream\\..\\aux",
    "entities": "&lt;script&gt;&amp;amp;&#x3c;b&#x3e;",
}
LONG = "<b>" + "A" * 10_000_000
"""Ten megabytes, which no page may hold."""

IMAGE = {"model": "grok-imagine-image", "prompt": "a fox"}


@dataclasses.dataclass(frozen=True)
class Case:
    """One row.

    Attributes
    ----------
    faults
        What the sandbox does: fault, on which call, its parameters.
    ends
        How the task ends: ``completed``, or the name of the error that is raised.
    says
        What its message has to say; the error's type alone would not help a person.
    request
        What is asked for.
    """

    ends: str
    says: str = ""
    faults: tuple[tuple[str, str | None, dict[str, Any]], ...] = ()
    request: dict[str, Any] = dataclasses.field(default_factory=lambda: dict(IMAGE))


def _links(*urls: str) -> tuple[tuple[str, str | None, dict[str, Any]], ...]:
    return (("links", None, {"urls": list(urls), "times": 1}),)


def _result(fault: str, **parameters: Any) -> tuple[tuple[str, str | None, dict[str, Any]], ...]:
    return ((fault, "result", {"times": 50, **parameters}),)


def _json(on: str, kind: str) -> tuple[tuple[str, str | None, dict[str, Any]], ...]:
    return (("json", on, {"kind": kind, "times": 1}),)


JSON_KINDS = ("deep", "huge", "wrong_types", "not_json", "list", "null", "empty", "invalid_utf8")

CASES: dict[str, Case] = {
    # links
    "a link to a file": Case("DownloadFailed", "over http or https alone", _links("file:///etc/passwd")),
    "a link that is a script": Case("DownloadFailed", "over http or https alone", _links(f"javascript:{CANARY}")),
    "a link with its data": Case("DownloadFailed", "HTML or XML text", _links("data:text/html,<b>x</b>")),
    "a link to ftp": Case("DownloadFailed", "over http or https alone", _links("ftp://127.0.0.1/x")),
    "a link that is none": Case("DownloadFailed", "no address", _links("http://[::1")),
    "a link with a line break": Case("DownloadFailed", "no address", _links("http://127.0.0.1/\r\nX-Evil: 1")),
    "a link of a megabyte": Case("WaitTimeout", "kept by the gateway", _links("http://127.0.0.1/" + "a" * 2_000_000)),
    "a link of many letters": Case("DownloadFailed", "no address", _links("http://127.0.0.1/" + "a" * 100_000)),
    "a thousand links": Case("DownloadFailed", "alone", _links(*(f"file:///{n}" for n in range(1000)))),
    "a redirect to a file": Case(
        "DownloadFailed", "over http or https alone", _result("redirect", to="file:///etc/passwd")
    ),
    "a redirect to a script": Case(
        "DownloadFailed", "over http or https alone", _result("redirect", to="javascript:alert(1)")
    ),
    "a redirect to itself": Case("DownloadFailed", "without end", _result("redirect")),
    "a link to another path": Case("DownloadFailed", "HTTP 404", _links("{base}/sandbox/../../../../x")),
    # pictures
    "HTML for a picture": Case("DownloadFailed", "web page", _result("page", message=TEXTS["script"])),
    "a picture cut off": Case("DownloadFailed", "", _result("truncated", fraction=0.6)),
    "nothing for a picture": Case("DownloadFailed", "", _result("truncated", fraction=0.0)),
    "a picture of 1x1": Case("completed", "", _result("picture", kind="tiny")),
    "an animation": Case("completed", "", _result("picture", kind="animated")),
    "an SVG with a script": Case("DownloadFailed", "SVG", _result("picture", kind="svg")),
    "a picture 50,000 px wide": Case("DownloadFailed", "50000 ", _result("picture", kind="wide")),
    "a decompression bomb": Case("DownloadFailed", "20,000", _result("picture", kind="bomb")),
    "a picture that calls itself HTML": Case("completed", "", _result("content_type", value="text/html")),
    # JSON
    **{f"a look: {kind} JSON": Case("completed", "", _json("read", kind)) for kind in JSON_KINDS},
    **{f"a creation: {kind} JSON": Case("SubmissionUnknown", "was sent", _json("create", kind)) for kind in JSON_KINDS},
    "a status that nobody knows": Case(
        "WaitTimeout", "not done", (("unknown_status", None, {"status": TEXTS["script"], "times": 1}),)
    ),
    "an error of ten megabytes": Case("TaskFailed", "", (("failed", None, {"message": LONG, "times": 1}),)),
    "a refusal of ten megabytes": Case(
        "SubmissionUnknown", "", (("server_error", "create", {"message": LONG, "times": 1}),)
    ),
    "a refusal of a megabyte": Case(
        "RequestRejected", "", (("status", "create", {"status": 422, "message": LONG[:900_000], "times": 1}),)
    ),
    # texts
    **{
        f"a prompt: {name}": Case("completed", request={**IMAGE, "prompt": text})
        for name, text in TEXTS.items()
        if name != "control characters"
    },
    "a prompt: control characters": Case(
        "InvalidRequest", "prompt", request={**IMAGE, "prompt": TEXTS["control characters"]}
    ),
    **{
        f"an error: {name}": Case("TaskFailed", "", (("failed", None, {"message": text, "code": text, "times": 1}),))
        for name, text in TEXTS.items()
    },
    **{
        f"a refusal: {name}": Case(
            "RequestRejected", "", (("status", "create", {"status": 422, "message": text, "code": text, "times": 1}),)
        )
        for name, text in TEXTS.items()
    },
    "a prompt of ten megabytes": Case("InvalidRequest", "prompt", request={**IMAGE, "prompt": LONG}),
    "a prompt with half a character": Case("InvalidRequest", "prompt", request={**IMAGE, "prompt": "\ud800"}),
    "a name of a model": Case("InvalidRequest", "model", request={"model": TEXTS["script"], "prompt": "a fox"}),
    "a name of a parameter": Case("InvalidRequest", "script", request={**IMAGE, TEXTS["script"]: 1}),
}
