"""Tasks: what the gateway says of a task, read tolerantly from all known shapes, and by meaning where a word is new."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fox_nb.filetypes import is_data

WAITING = frozenset({"pending", "queued", "submitted", "created", "waiting", "in_queue", "not_start", "not_started"})
WORKING = frozenset({"processing", "running", "in_progress", "generating", "started"})
DONE = frozenset({"completed", "complete", "succeeded", "success", "successful", "done", "finished"})
_FAILED = "fail failed failure error expired timeout timed_out rejected refused denied aborted killed terminated"
FAILED = frozenset({*_FAILED.split(), "cancelled", "canceled", "interrupted", "not_found"})
"""What the gateway, its older back ends and its relatives call the stages of a task, in small letters."""
KNOWN = WAITING | WORKING | DONE | FAILED

UPLOAD_GONE = "invalid_image_url"
"""Code of a failure that may mean that the gateway has thrown out an upload before its time."""
LARGEST_PICTURE = 200 << 20
"""Bytes of a result: a 4096 px PNG has about 20 MB."""
LONGEST_ID = 500
REQUEST_IDS = ("X-Request-Id", "X-Oneapi-Request-Id")
"""Headers by which the gateway's support finds a call; the second one is the engine's own."""
_DOCUMENTED = ("results", "output")
"""Where results stand. Other places count only where these have none: what went in stands in an answer, too."""
_LIKELY = (
    *_DOCUMENTED,
    *("result", "outputs", "images", "data", "task_result", "generated_images", "result_urls", "result_url"),
    *("output_urls", "output_url", "download_urls", "download_url", "urls", "url"),
)
"""Where a task that is done may have them; no name of a parameter is among these."""
_OF_A_RESULT = (
    *("image", "images", "src", "href", "link", "file", "download_url", "result_url", "output_url"),
    *(*_DOCUMENTED, "result", "data", "image_url", "image_urls"),
)
"""What a result without `url` and `urls` may call its picture; what may be the name of an input comes last."""
_IDS = ("id", "task_id", "taskId")
_LIKE_AN_ID = r"(?=.*\d)(?=.*[A-Za-z])[\w-]{8,}"
_LINK = r"(?i)https?://\S+|data:image/\S+"
_LIKE_A_REASON = r"(?i)error|fail|reason|detail|message|cause"
_LONGEST_TEXT = 2000
_LONGEST_WORD = 40
_LONGEST_NAME = 100
_DEEPEST = 4
_FIRST_BAD_CODE = 300
_GOOD = ("", "ok", "success")
_LONGEST_WHOLE_NUMBER = 1000
"""Digits; Python itself refuses to read far longer ones, and with them the whole answer."""


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a task: a picture behind a link that lives for 24 hours, or a trained profile.

    Attributes
    ----------
    url : str
        The picture's link, or a ``data:`` URL that holds it; '' for a profile.
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
        The task's id; '' when the answer held none that can be used.
    status : str
        The gateway's word in small letters: pending, processing, completed, failed, cancelled, or another one; '' where
        it gave none that is a word.
    progress : int
        0 to 100.
    results : tuple of Result
        Empty until completed; empty for a moment after, too (the race). Each link stands here once.
    error_code, error_message : str
        Set only when failed.
    estimated_time : float or None
        Seconds in all, as the gateway guessed when it accepted the task.
    credits_reserved : float or None
        What the gateway says it reserved, in its own unit.
    user_group : str
        The group whose prices the key pays; '' when the answer named none.
    class_pays : bool
        A class's relay says that others have asked for the same, so that it costs this seat nothing.
    joined : bool
        A class's relay says that it had been asked for the same before, and sent nothing now.
    request_id : str
        By which the gateway's support finds the call that created it; '' when the answer named none.
    body : str
        The answer itself, shortened, where its status is a word that nobody knows, or it is completed without a result.
    """

    id: str
    status: str
    progress: int = 0
    results: tuple[Result, ...] = ()
    error_code: str = ""
    error_message: str = ""
    estimated_time: float | None = None
    credits_reserved: float | None = None
    user_group: str = ""
    class_pays: bool = False
    joined: bool = False
    request_id: str = ""
    body: str = ""

    @property
    def is_known(self) -> bool:
        """True when its status is a word of which we know what it means."""
        return self.status in KNOWN

    @property
    def completed(self) -> bool:
        """True when the gateway is done with it: it says so, or its results stand beside no word that anybody knows."""
        return self.status in DONE or (bool(self.results) and not self.is_known)

    @property
    def finished(self) -> bool:
        """True when nothing more will happen: completed with its results, failed or cancelled."""
        return self.failed or (self.completed and bool(self.results))

    @property
    def failed(self) -> bool:
        """True when the gateway gave up on the task: it says so, or an error stands beside a word that nobody knows."""
        return self.status in FAILED or bool(self.error_code or self.error_message)


def read(answer: Any, *, created: bool = False, asked: str = "") -> TaskState | None:
    """Read a task out of the gateway's JSON, in the newer or the older documented form.

    Parameters
    ----------
    answer
        The decoded JSON of ``POST /v1/images/generations`` or ``GET /v1/tasks/{id}``.
    created : bool
        True for the answer to a creation: an id without a word beside it is that of a task that waits.
    asked : str
        The id that was asked for; of several that an answer names it is the task's.

    Returns
    -------
    TaskState or None
        None when the answer is no task: not an object, or with neither a status nor results.
    """
    outer = _one(answer)
    answer = _unwrapped(outer)
    task_id = _id_of(answer, asked)
    status = _word(answer.get("status"))
    results = _results(answer, is_done=status in DONE or not (status or created))
    if not status and not results:
        parts = (outer, _one(outer.get("data")), answer)
        task_id = _only_id(parts)
        if not created or not task_id or any(map(_is_a_refusal, parts)):
            return None
        status = "pending"
    code, message = ("", "")
    if status in FAILED:
        code, message = _error(answer)
    elif status not in KNOWN and not results:  # these words alone: a "message" may be of the work
        code, message = _error({name: answer.get(name) for name in ("error", "fail_reason")})
    return TaskState(
        id=task_id,
        status=status,
        progress=int(min(100.0, number(answer.get("progress")) or 0.0)),
        results=results,
        error_code=code,
        error_message=message,
        estimated_time=number(_inside(answer, "task_info").get("estimated_time")),
        credits_reserved=number(_inside(answer, "usage").get("credits_reserved")),
        user_group=usable_name(_inside(answer, "usage").get("user_group")),
        class_pays=_inside(answer, "usage").get("class_pays") is True,
        joined=_inside(answer, "usage").get("joined") is True,
    )


def json_in(text: str) -> tuple[Any, str]:
    """Return the first object or list in a text, and what stands around it; None and all of it where there is none.

    An id or a link is not lost by a line break in the echo of a prompt, or by what a network adds to an answer.
    """
    start = re.search(r"[\[{]", text)
    if start:
        with contextlib.suppress(ValueError, RecursionError):
            decoder = json.JSONDecoder(strict=False, parse_int=whole_number, object_pairs_hook=_object)
            found, end = decoder.raw_decode(text, start.start())
            return found, text[: start.start()] + text[end:]
    return None, text


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; where a name stands in it twice, nothing takes the place of what was said before."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name not in found or value not in (None, "", [], {}):
            found[name] = value
    return found


def usable_id(value: Any) -> str:
    """Return an id by which a task can be asked for; '' for what is none: '..' would be another call."""
    text = value.strip() if isinstance(value, str) else "" if isinstance(value, float) else _text(value)
    return text if text.strip(".") and len(text) <= LONGEST_ID and text.isprintable() else ""


def _id_of(answer: dict[str, Any], asked: str) -> str:
    """Return a task's id: the one that was asked for, else a text; a number beside one is that of a line in a table."""
    ids = sorted((answer.get(name) for name in _IDS), key=lambda value: not isinstance(value, str))
    found = [one for one in map(usable_id, ids) if one]
    return asked if asked in found else next(iter(found), "")


def _only_id(parts: Iterable[dict[str, Any]]) -> str:
    """Return the id that an answer calls its task's, or the only one; '' where one of several may be the call's."""
    for names in (("task_id", "taskId"), ("id",), ("data", "result") if any(map(_says_success, parts)) else ()):
        ids = [part.get(name) for part in parts for name in names]
        found = {usable_id(value) for value in ids if "data" not in names or _is_like_an_id(value)} - {""}
        if found:
            return found.pop() if len(found) == 1 else ""
    return ""


def _says_success(answer: dict[str, Any]) -> bool:
    """Return True where an answer says in so many words that it is a good one."""
    code = answer.get("code")
    return answer.get("success") is True or number(code) in {0, 200} or _word(code) in {"success", "ok", "0", "200"}


def _is_like_an_id(value: Any) -> bool:
    """Return True for a text that may be one where it stands without a name."""
    return isinstance(value, str) and bool(re.fullmatch(_LIKE_AN_ID, value.strip()))


def _one(answer: Any) -> dict[str, Any]:
    """Return an object, or the one in a list; an empty one for all else."""
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    return answer if isinstance(answer, dict) else {}


def _unwrapped(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the object that speaks of the task: the answer itself, or what its data, its task or its result holds."""
    for depth in range(_DEEPEST):
        inner = _one(answer.get("data")) or _one(answer.get("task"))
        if not inner and not answer.keys() & {"status", "task_id"}:
            inner = _one(answer.get("result"))  # of what names its task that is what came of it
        if not inner or "id" in answer or ("status" in answer and (depth or "status" not in inner)):
            break
        named = answer.keys() & {"task_id", "taskId"}
        if named and not inner.keys() & {*_IDS}:
            return answer | inner
        if depth and (named or answer.keys() & {*_DOCUMENTED}):  # what is in there is somebody else's
            break
        answer = inner
    return answer


def _is_a_refusal(answer: dict[str, Any]) -> bool:
    """Return True for what speaks of an error, or makes no sense: an id beside that may be the call's, not a task's."""
    is_told = any(answer.get(name) for name in ("error", "errors", "detail"))
    return is_told or answer.get("success") is False or any(_is_bad(answer.get(name)) for name in ("status", "code"))


def _is_bad(code: Any) -> bool:
    """Return True for a number of HTTP's that is no success, in a text, too, and for a word of another meaning."""
    word = _word(code)
    if word.isdecimal():
        return int(word) >= _FIRST_BAD_CODE
    if isinstance(code, (int, float)) and not isinstance(code, bool):
        return not 0 <= code < _FIRST_BAD_CODE
    return isinstance(code, (bool, dict, list)) or word not in _GOOD


def _word(value: Any) -> str:
    """Return a status in small letters, one way to write it: 'Completed ' and 'NOT FOUND' are what they mean."""
    if not isinstance(value, str):
        return ""
    word = re.sub(r"[\s_-]+", "_", value.strip(" \t\r\n.!").lower()[:_LONGEST_WORD])
    return _whole(word)


def _error(answer: dict[str, Any]) -> tuple[str, str]:
    """Return the code and the words of a failure, wherever they stand; what is like a reason is kept as it is."""
    error = answer.get("error") or {}
    if not isinstance(error, dict):
        error = {"message": error}
    texts = [error.get("message"), answer.get("fail_reason"), answer.get("message")]
    message = next((text for text in map(_text, texts) if text), "")
    if not message:
        named = answer | {"error": None} | error
        like = {name: value for name, value in named.items() if value and re.search(_LIKE_A_REASON, name)}
        with contextlib.suppress(RecursionError):
            message = _text(json.dumps(like, ensure_ascii=False)) if like else ""
    return _text(error.get("code")), message


def _results(answer: dict[str, Any], *, is_done: bool) -> tuple[Result, ...]:
    """Return the results, each once; of a task that is not done, what stands where it is documented."""
    found = _placed(answer, _DOCUMENTED, 0, is_done=is_done)
    if not found and is_done:
        while isinstance(inner := answer.get("data"), dict):  # may hold what was asked for, too: it is no result
            answer = answer | {"data": None} | inner
        found = [*_placed(answer, _LIKELY, 0, sure=False), *_profile(answer)]
    return tuple(found)


def _placed(places: dict[str, Any], names: Iterable[str], depth: int, **how: bool) -> list[Result]:
    """Return the results of the first place that has any, or of a later one that has these and more."""
    found: list[Result] = []
    for name in names:
        here = dict.fromkeys(_found(places.get(name), depth, **how))  # a link that comes twice is one picture
        if here.keys() > set(found):
            found = list(here)
    return found


def _found(value: Any, depth: int = 0, *, sure: bool = True, is_done: bool = True) -> Iterator[Result]:
    """Yield the results in a list, an object, a text of JSON or a link; unsure of its place, only a whole link."""
    how = {"sure": sure, "is_done": is_done}
    if isinstance(value, str):
        text = value.strip()
        if text.startswith(("[", "{")):
            yield from _found(json_in(text)[0], depth + 1, **how)
        elif re.fullmatch(_LINK, text) or (text and depth and sure):
            yield Result(url=_whole(text))
    elif isinstance(value, list) and depth < _DEEPEST:
        for item in value:
            yield from _found(item, depth + 1, **how)
    elif isinstance(value, dict) and depth < _DEEPEST:
        profile = _profile(value)
        links = [link for name in ("urls", "url") for link in _found(value.get(name), depth + 1, is_done=is_done)]
        links = links or _inline(value)
        yield from profile + links
        if is_done and not profile and not links:
            numbered = [inner for name, inner in value.items() if name.isdecimal()]
            yield from [*_found(numbered, depth, **how)] or _placed(value, _OF_A_RESULT, depth + 1, sure=False)


def _inline(result: dict[str, Any]) -> list[Result]:
    """Return the picture that stands in a result itself, as a ``data:`` URL."""
    encoded = result.get("b64_json")
    text = _whole(encoded.strip()) if isinstance(encoded, str) else ""
    return [Result(url=text if is_data(text) else f"data:;base64,{text}")] if text else []


def _profile(result: dict[str, Any]) -> list[Result]:
    """Return the trained profile that a result is."""
    named = [result.get("profile_id"), result.get("profileId"), _one(result.get("profile")).get("id")]
    if _word(result.get("result_type")) == "profile":
        named.append(result.get("id"))
    return [Result(profile_id=profile_id) for profile_id in map(usable_id, named) if profile_id][:1]


def usable_name(value: Any) -> str:
    """Return a name as it can be shown and kept; '' for what is none."""
    text = value.strip() if isinstance(value, str) else ""
    return text if len(text) <= _LONGEST_NAME and text.isprintable() else ""


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


def whole_number(digits: str) -> float:
    """Read a whole number of JSON; one that is longer than any that means something is infinite."""
    return int(digits) if len(digits) <= _LONGEST_WHOLE_NUMBER else math.inf


def number(value: Any) -> float | None:
    """Return a finite number that is not negative; None for anything else, a text of one among it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) and found >= 0 else None
