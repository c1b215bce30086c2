"""Responses: what an HTTP answer of the gateway means, as a value or as the typed error for it."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import replace
from datetime import UTC
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from fox_nb.errors import (
    ConnectionLost,
    GatewayError,
    InvalidRequest,
    KeyMissing,
    NotConnected,
    RateLimited,
    RequestRejected,
    class_of,
)
from fox_nb.settings import redact
from fox_nb.tasks import (
    DONE,
    LONGEST_ID,
    REQUEST_IDS,
    UPLOAD_GONE,
    WAITING,
    WORKING,
    TaskState,
    json_in,
    read,
    usable_id,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from fox_nb.client.exchange import Exchange

LONG_ANSWER = 4 << 20
"""Bytes that a list of all models or prices may have."""
LONG_STATE = 64 << 20
"""Bytes that a task may have, as it is created, too: its pictures may stand in it, four large PNG among them."""
PATIENCE = 90.0
"""Seconds after which a call that may be sent again is not any more."""
LONGEST_BODY = 500
"""Characters of an answer's body that an error carries."""
TAKE, CAN_TELL, TAKE_MISSING = "X-Fox-Take", "can-tell-takes", "take_missing"
"""The header that says which take it is; what says, in the User-Agent, that it would if asked; how a relay asks."""
SENT_BEFORE = "sent_before"
"""A relay's code for a seat's own creation whose fate nobody knows, where it is asked for again and was not sent."""
OF_CLASS = "of_class"
"""By what a relay marks its errors, whose 4xx all mean that nothing was sent. True where the words are its own: except
of a wrong value they say what to do, and no console does."""

_DOCUMENTED_FAILURES = frozenset({"failed", "cancelled"})
_TASK_ERROR = "task_error"
_NOTHING = "\ufeff\0 \t\r\n"
_PAGE = f"[{_NOTHING}]*+<"
_LONGEST_MESSAGE, _LONGEST_PAGE, _LONGEST_HEADER, LONGEST_REQUEST_ID = 600, 200, 200, 80
"""Characters that are shown of a gateway's message, of the words of a proxy's page, of a header, of a request's id."""
_LOOKED_AT = 20_000
"""Characters of a text that are looked at at all."""
_LONGEST_KEY = 2_000
"""Characters that a key takes at most, however it is spelled."""
_UNSEEN = r"(?is)<(style|script|head)\b.*?(</\1\s*>|$)|<!--.*?(-->|$)"
_TAG = r"<[^>]*(>|$)"
LONGEST_ASKED = 3600.0
"""Seconds: no `Retry-After` is believed to mean more."""
_REQUEST_ID = r"(?i)request[ _-]?id\s*[:=]\s*([\w.-]{4,80})"


class Purpose(Enum):
    """What a call is for; it decides what an error means for the money."""

    CREATE = "create"
    READ = "read"
    UPLOAD = "upload"


_NOT_ACCEPTED = "The task was not accepted, nothing was paid."
_UNKNOWN = "You may or may not have been charged; it was not sent again."
_FREE = {
    Purpose.READ: "Asking costs nothing; a task that is on its way goes on.",
    Purpose.UPLOAD: "Uploads cost nothing, and no task was sent.",
}

_TODO_REPORT = "This is a difference between fox_nb and the gateway: please report it with the text above."
_TODO_BY_STATUS = {
    400: _TODO_REPORT,
    401: "Check the key: give it as api_key= or in $FOXAPI_KEY, and make sure that it belongs to this base URL.",
    402: "Top up the balance in FoxAPI's console, or use a key that has some.",
    403: "Look in FoxAPI's console at what this key may do.",
    404: "Check the base URL and the id; tasks of another key or gateway are not known here.",
    413: "Make the file smaller: fewer or smaller photos, JPEG instead of PNG.",
    422: "Change what the message names and try again.",
    429: "Wait a little and try again, with fewer tasks at once.",
    503: "No channel is free for this model just now: try again in a few minutes.",
}
_OF_A_PROMPT = (
    *("content_policy_violation", "content_policy", "content_filter"),
    *("moderation_blocked", "prompt_blocked", "sensitive_words_detected"),
)
"""What gateways call a prompt or picture that their filter does not let through."""
_TODO_BY_CODE = {
    "model_not_found": "Check the model's name, and whether this key may use it: client.models().",
    "no_compatible_channel": "No channel takes these settings just now: try other ones, or later.",
    "unsupported_advanced_options": "Leave out the optional parameters that the message names.",
    "invalid_file_type": "Use a JPEG, PNG or WebP picture, or a ZIP of them for a profile.",
    "invalid_image_url": "Use a public http(s) link to the picture, or give the picture itself.",
    **dict.fromkeys(
        _OF_A_PROMPT,
        "Change the words of the prompt, or the picture: a filter does not let them through.",
    ),
}
_TODO_UNKNOWN_FATE = (
    "Look into FoxAPI's console (usage log) whether it was accepted, before you send it again knowingly."
)
_TODO_BETWEEN = (
    "It may be this network's log-in or filter, or the base URL is not FoxAPI's: open the base URL in a browser, "
    "or show this to who looks after the network."
)
_TODO_REDIRECT = (
    "It may be this network's log-in: open the base URL in a browser. Only if FoxAPI says that it has moved there, "
    "give that address as base_url= or in $FOXAPI_BASE_URL."
)
_CDN_REFUSAL = "error code: 1010"
_WORDS = {
    400: "did not understand the request",
    401: "does not accept the key",
    402: "says that the balance does not cover this",
    403: "denies access",
    404: "does not know this",
    413: "finds the file too large",
    429: "gets too many requests",
}
_REFUSES = "refuses the request"
_REDIRECTS = range(300, 400)
_ASKS_TO_LOG_IN = {407: "A proxy on the way wants a log-in", 511: "This network wants a log-in"}
"""Answers that no gateway gives."""
_SAME_FOR_A_PAGE = frozenset({413, 429})
"""Refusals after which there is the same to do when a page of a CDN or proxy says them."""
_OF_A_FILTER = frozenset({401, 403})
"""Refusals that one in between says in JSON of its own, too."""
_LEADING = range(200, 400)
"""Answers whose `Location` is where that which was made is to be found, or where it is to be asked for."""
REFUSALS = range(400, 500)
_REFUSED_BEFORE = frozenset(
    {400, 401, 402, 403, 404, 405, 407, 410, 411, 412, 413, 414, 415, 417, 421, 422, 426, 428, 431, 451}
)
"""The documented refusals, and those that mean the same whoever says them: the request went no further.

No other is one, whatever it says: a conflict (409), a lock (423), a failure upstream (424), a client that is gone (499)
can be said of a request that was taken.
"""
_OWN_RATE_LIMIT = "rate_limit_error"

CREATE_PATH = "/v1/images/generations"
_UNIFIED_ID = r"\btask-(?=[A-Za-z_-]*\d)[\w-]{8,100}\b"
_TASK_PATH = r".*/v1/tasks/([^/]+)/?"


def certainly_not_accepted(error: BaseException) -> bool:
    """Return True when the creation that raised this error certainly made no task.

    Never connected, refused by fox_nb itself, by a 4xx that is said before a request is taken, by the gateway's own
    429 or a class's relay, or sent to the same call elsewhere by a redirect that was not followed. After anything
    else (5xx, a broken connection, a time-out, 408, 409, a 429 of a proxy, a redirect to something else, an answer
    that is no task, a 4xx that speaks of one) nobody knows.
    """
    if isinstance(error, GatewayError):
        return error.not_accepted
    return isinstance(error, (NotConnected, InvalidRequest, KeyMissing))


def may_be_an_upload(error: BaseException) -> bool:
    """Return True for what may be refused since the gateway has thrown out an upload before its time."""
    return isinstance(error, RequestRejected) and error.not_accepted and error.code in {UPLOAD_GONE, ""}


def is_asking(answer: Exchange) -> bool:
    """Return True when a creation was not accepted, since the relay of a class wants to know which take it is."""
    return answer.status == HTTPStatus.PRECONDITION_REQUIRED and (_error_in(answer) or {}).get("code") == TAKE_MISSING


def is_refusal(answer: Exchange) -> bool:
    """Return True when an answer to a creation proves that no task was made."""
    if _task_in(answer):
        return False
    if answer.status in _REDIRECTS:
        # the same call at another address; anything else may be where the task that was made is to be found
        place = _place_of(answer)
        same_call = place is not None and place.path.rstrip("/").endswith(CREATE_PATH)
        return same_call and answer.status != HTTPStatus.SEE_OTHER
    error = _error_in(answer) or {}
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS and OF_CLASS not in error:
        kind = error.get("type")
        return isinstance(kind, str) and kind.strip().lower() == _OWN_RATE_LIMIT
    return answer.status in _REFUSED_BEFORE or (answer.status in REFUSALS and OF_CLASS in error)


def _error_in(answer: Exchange) -> dict[str, Any] | None:
    """Return the error that an answer describes; None where it describes none, or says more: that is no proof."""
    content, around = json_in(_text(answer.body))
    error = content.get("error") if isinstance(content, dict) and not around.strip(_NOTHING) else None
    return error if isinstance(error, dict) else None


def is_taken(answer: Exchange, base_url: str) -> bool:
    """Return True for a task that an answer points to, or with no error beside it: it was made, whatever the status."""
    content = decoded(answer)
    is_alone = not (isinstance(content, dict) and content.get("error"))
    return _pointed_to(answer, base_url) is not None or (bool(_task_in(answer)) and is_alone)


def is_state(answer: Exchange, task_id: str) -> bool:
    """Return True for the state of a task in whatever answer; beside an HTTP error a failure may be that of the call.

    So it is the task's only where the documented error says so, and never of a moment in which the service is busy.
    """
    task = read(decoded(answer), asked=task_id) if task_id else None
    if task is None or task.id != task_id:
        return False
    if task.status in _DOCUMENTED_FAILURES:
        is_passing = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status == HTTPStatus.TOO_MANY_REQUESTS
        return not is_passing and (_error_in(answer) or {}).get("type") == _TASK_ERROR
    asked_to_wait = answer.status == HTTPStatus.TOO_MANY_REQUESTS or "Retry-After" in answer.headers
    return task.status in DONE or (task.status in WAITING | WORKING and not asked_to_wait)


def _task_in(answer: Exchange) -> str:
    """Return the id beside a word for what waits, goes on or is done: a task's, for that is no word of a refusal."""
    task = read(decoded(answer))
    return task.id if task is not None and task.status in WAITING | WORKING | DONE else ""


def _named_in(answer: Exchange) -> str:
    """Return the one id in an answer that can't be read otherwise: with it a task is found again."""
    found = set(re.findall(_UNIFIED_ID, _text(answer.body)))
    return found.pop() if len(found) == 1 else ""


def made_by(answer: Exchange, base_url: str) -> TaskState | None:
    """Return the task that a creation has made: what its answer says, with the id that is in it or in its address."""
    state, pointed = read(decoded(answer), created=True), _pointed_to(answer, base_url)
    return replace(state, id=pointed.id) if state and pointed and not state.id else state or pointed


def _pointed_to(answer: Exchange, base_url: str) -> TaskState | None:
    """Return the task of this gateway that an answer points to: whoever answers a creation so has taken it."""
    place = _place_of(answer)
    if place is None or place.hostname not in {None, urlsplit(base_url).hostname}:
        return None
    found = re.fullmatch(_TASK_PATH, place.path)
    task_id = usable_id(unquote(found[1])) if found else ""
    return TaskState(id=task_id, status="pending") if task_id else None


def _place_of(answer: Exchange) -> SplitResult | None:
    """Return where an answer says that it goes on; None where it says nothing of the kind."""
    with contextlib.suppress(ValueError):
        location = str(answer.headers.get("Location", "")).strip()
        return urlsplit(urljoin(CREATE_PATH, location)) if location and answer.status in _LEADING else None
    return None


def moved_path(answer: Exchange, base_url: str, path: str) -> str:
    """Return the other path of the very same gateway where the same is to be read; '' where an answer points elsewhere.

    The same is what has the same name: the key goes to no other host, and to no page that has taken the call's place.
    """
    location = str(answer.headers.get("Location", "")).strip()
    if answer.status not in _REDIRECTS or not location:
        return ""
    with contextlib.suppress(ValueError):
        place = urljoin(base_url + path, location)
        name, asked = (urlsplit(one).path.rstrip("/").rpartition("/")[2] for one in (place, path))
        if place.startswith(f"{base_url}/") and name == asked and place != base_url + path:
            return place.removeprefix(base_url)
    return ""


def decoded(answer: Exchange) -> Any:
    """Return the object or list that an answer holds, whatever stands around it; None when it holds none.

    The scripts of a web page hold objects, too: none of these is an answer.
    """
    return None if _is_page(answer) else json_in(_text(answer.body))[0]


def _is_page(answer: Exchange) -> bool:
    return re.match(_PAGE, _text(answer.body)) is not None


def error_of(answer: Exchange, purpose: Purpose, key: SecretStr | None, *, wanted: str = "") -> GatewayError:
    """Return the typed error for an answer.

    Parameters
    ----------
    answer : Exchange
        Any answer that is not what was asked for.
    purpose : Purpose
        What the call was for.
    key : SecretStr or None
        Removed from whatever the error carries.
    wanted : str
        For an answer with a good status: what should have stood in it.
    """
    status = answer.status
    body = shown_body(answer, key)
    answered = decoded(answer)
    error = _error_fields(answered, key)
    kind = class_of(status)
    facts: dict[str, Any] = {"http_status": status, "body": body, **error}
    facts["not_accepted"] = refused = purpose is Purpose.CREATE and is_refusal(answer)
    facts["money"] = (_NOT_ACCEPTED if refused else _UNKNOWN) if purpose is Purpose.CREATE else _FREE[purpose]
    of_class = (_error_in(answer) or {}).get(OF_CLASS) is True
    by_words = of_class and status != HTTPStatus.UNPROCESSABLE_ENTITY
    facts["todo"] = "" if by_words else _todo(answer, error["code"], body, purpose, refused=refused)
    facts["request_id"] = request_id = request_id_of(answer, key)
    may_be_made = purpose is Purpose.CREATE and not refused
    task_id = shown(_task_in(answer) or _named_in(answer), key, LONGEST_ID) if may_be_made else ""
    begins = "The relay of your class says" if of_class else _words(answer, wanted, key)
    # where a task may have been made its id is not lost behind a message
    is_all = purpose is not Purpose.CREATE or refused or (isinstance(answered, dict) and answered.keys() == {"error"})
    detail = (error["message"] if is_all else "") or _words_of_page(body)
    names = ", ".join(
        part
        for part in (
            f"HTTP {status}",
            error["type"],
            error["code"],
            task_id and f"task {task_id}",
            named(request_id),
            _header_line(answer, "Retry-After", key),
            _header_line(answer, "Location", key) if status not in _REDIRECTS else "",
        )
        if part
    )
    what = f"{begins} ({names})" + (f": {detail.rstrip('.')}." if detail else ", without a word.")
    if kind is RateLimited:
        return RateLimited(what, retry_after=retry_after(answer.headers), **facts)
    return kind(what, **facts)


def shown_body(answer: Exchange, key: SecretStr | None) -> str:
    """Return the start of an answer's body as it may be shown."""
    return shown(_text(answer.body), key, LONGEST_BODY)


def request_id_of(answer: Exchange, key: SecretStr | None) -> str:
    """Return the name by which the gateway's support finds a call; '' when the answer held none."""
    found = (shown(str(answer.headers.get(name, "")), key, LONGEST_REQUEST_ID) for name in REQUEST_IDS)
    return next((request_id for request_id in found if request_id), "")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` asks for, given as a number or as a date; None without a good one.

    It is an hour at the most: whoever sleeps for as long as a stranger says may sleep until the links have died.
    """
    text = str(headers.get("Retry-After", "")).strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return min(float(text[:12]), LONGEST_ASKED)
    at = _moment(text)
    return None if at is None else min(max(0.0, at - time.time()), LONGEST_ASKED)


def date_of(answer: Exchange) -> float | None:
    """Return the other side's own time, in seconds since 1970; None where it did not say."""
    return _moment(str(answer.headers.get("Date", "")))


def _moment(text: str) -> float | None:
    """Return a header's date in seconds since 1970; None for none."""
    from email.utils import parsedate_to_datetime

    with contextlib.suppress(ValueError, TypeError, OverflowError, OSError):
        moment = parsedate_to_datetime(text)  # HTTP's third form names no zone; all of them are GMT
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None


def _header_line(answer: Exchange, header: str, key: SecretStr | None) -> str:
    value = shown(str(answer.headers.get(header, "")), key, _LONGEST_HEADER)
    return f"{header}: {value}" if value else ""


def not_connected(reason: str, base_url: str, purpose: Purpose) -> NotConnected:
    """Return the error for a gateway that was never reached."""
    money = _NOT_ACCEPTED if purpose is Purpose.CREATE else _FREE[purpose]
    return NotConnected(
        f"The gateway at {base_url} was not reached: {reason}.",
        money=money,
        todo="Check the network, the proxy and the base URL: `fox-nb doctor` says where the way ends.",
    )


def named(request_id: str) -> str:
    """Return a request's id with what it is; '' without one."""
    return f"request id {request_id}" if request_id else ""


def connection_lost(reason: str, purpose: Purpose, so_far: str = "", request_id: str = "") -> ConnectionLost:
    """Return the error for a request that went out and whose answer did not come whole."""
    answered = f" It had answered: {so_far}" if so_far else ""
    about = f" ({named(request_id)})" if request_id else ""
    creating = purpose is Purpose.CREATE
    return ConnectionLost(
        f"The request went out and no whole answer came back{about}: {reason}.{answered}",
        request_id=request_id,
        money=_UNKNOWN if creating else _FREE[purpose],
        todo=_TODO_UNKNOWN_FATE if creating else "Try again in a moment.",
    )


def shown(text: str, key: SecretStr | None, longest: int) -> str:
    """Return a text of the gateway as it may be shown: key removed, one line, no control characters, bounded.

    No half of a key is left at the end: what is cut before the keys are removed loses its own end as well.
    """
    start = redact(text[: 2 * _LOOKED_AT], key)
    clean = (start if len(text) <= 2 * _LOOKED_AT else start[:-_LONGEST_KEY])[:_LOOKED_AT]
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in clean).split())
    if len(line) <= longest:
        return line
    request_id = re.search(_REQUEST_ID, line[longest:])
    return f"{line[:longest]}… " + (f"(request_id: {request_id[1]})" if request_id else f"({len(text):,} characters)")


def _words_of_page(body: str) -> str:
    """Return what a page of a proxy or CDN says, without its tags; what is no page stays as it is."""
    if not body.startswith("<"):
        return body
    import html

    bare = re.sub(_TAG, " ", re.sub(_UNSEEN, " ", body))
    return " ".join(html.unescape(bare).split())[:_LONGEST_PAGE]


def _text(body: bytes) -> str:
    """Return a body as text; bytes that are none stay what no id may hold."""
    return body.decode("utf-8", errors="surrogateescape")


def _error_fields(answer: Any, key: SecretStr | None) -> dict[str, str]:
    """Return the gateway's own type, code and message out of ``{"error": {…}}`` and its relatives."""
    error = answer.get("error", answer) if isinstance(answer, dict) else {}
    if isinstance(error, str):
        error = {"message": error}
    if not isinstance(error, dict):
        error = {}
    return {
        "type": _short(error.get("type"), key),
        "code": _short(error.get("code"), key),
        "message": _short(error.get("message"), key, _LONGEST_MESSAGE),
    }


def _short(value: Any, key: SecretStr | None, longest: int = 80) -> str:
    """Codes are strings, sometimes numbers; anything else is left to the body."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    try:
        return shown(str(value), key, longest)
    except ValueError:  # an int of more digits than Python writes
        return ""


def _words(answer: Exchange, wanted: str, key: SecretStr | None) -> str:
    """Say what came, and from whom: what stands between is not told as the gateway."""
    status = answer.status
    if status in _REDIRECTS:
        place = shown(str(answer.headers.get("Location", "")), key, _LONGEST_HEADER)
        where = place or "without saying which"
        return f"The answer points to another address, {where}, which is not followed with the key"
    if status in _ASKS_TO_LOG_IN:
        return _ASKS_TO_LOG_IN[status]
    if _is_page(answer):
        return "A web page came in place of the gateway's answer"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "The gateway failed"
    if status in REFUSALS:
        return f"The gateway {_WORDS.get(status, _REFUSES)}"
    return f"The gateway answered something that is not {wanted or 'what was asked for'}"


def _todo(answer: Exchange, code: str, body: str, purpose: Purpose, *, refused: bool) -> str:
    """Return what to do: by what is known most exactly, and the status last."""
    status = answer.status
    if _CDN_REFUSAL in body.lower():
        return "A network in front of the gateway refused this program, not your key: try from another network."
    between = _todo_between(answer)
    if purpose is Purpose.CREATE and not refused:
        return f"{_TODO_UNKNOWN_FATE} {between}".rstrip()
    if between:
        return between
    if status == HTTPStatus.FORBIDDEN and purpose is Purpose.UPLOAD and _error_in(answer):
        return "The account's upload storage is probably full: upload with auto_cleanup=True, or wait 72 hours."
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and _is_page(answer):
        return "Try again in a moment; if it stays, show this to who looks after the network, or to FoxAPI's support."
    server = "Try again in a moment; if it stays, tell FoxAPI's support the text above."
    usual = server if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _TODO_REPORT
    todo = _TODO_BY_CODE.get(code) or _TODO_BY_STATUS.get(status, usual)
    if _may_be_between(answer):
        todo = _TODO_BETWEEN if todo is _TODO_REPORT else f"{todo} {_TODO_BETWEEN}"
    return todo


def _todo_between(answer: Exchange) -> str:
    """Return what to do about a network that answers in the gateway's place; '' where none does, or has a fault."""
    status = answer.status
    if status in _REDIRECTS:
        return _TODO_REDIRECT
    is_page = _is_page(answer) and _may_be_between(answer)
    return _TODO_BETWEEN if is_page or status in _ASKS_TO_LOG_IN else ""


def _may_be_between(answer: Exchange) -> bool:
    """Return True for what the gateway's pages know of no gateway: each of its refusals is described in JSON."""
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in _SAME_FOR_A_PAGE:
        return False
    return decoded(answer) is None or (answer.status in _OF_A_FILTER and _error_in(answer) is None)
