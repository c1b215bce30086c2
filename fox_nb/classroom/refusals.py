"""Refusals: what the relay does not do, told as the gateway tells its own errors, so that every client knows them."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from fox_nb.client.responses import OF_CLASS, SENT_BEFORE
from fox_nb.errors import FoxError, GatewayError, InvalidRequest, NotConnected, RateLimited

INVALID = "invalid_request_error"
_NOT_COVERED = "The class's account does not cover this."
_OF_THE_ACCOUNT = {401: "The gateway does not accept the class's key.", 402: _NOT_COVERED, 403: _NOT_COVERED}
"""What is told of the gateway's answers about the class's key and balance, which are no student's business."""
_OF_THE_REQUEST = frozenset({400, 413, 422})
"""What a student can mend: the gateway's words are handed on with these alone, for others may tell of the account."""
_SOON = 5.0
"""Seconds after which there may be room for another creation; fox_nb asks again by itself, a few times."""


class Refusal(Exception):
    """An answer with an error in it.

    Parameters
    ----------
    status : int
        The HTTP status. Any 4xx with this body says that nothing was sent and nothing was paid.
    message : str
        For the student.
    kind, code : str
        The gateway's own words.
    retry_after : float, optional
        Seconds for which nobody should ask again.
    ours : bool
        False for the gateway's own words, to which a student's fox_nb adds its advice about them.
    """

    def __init__(
        self,
        status: int,
        message: str,
        kind: str = INVALID,
        code: str = "",
        retry_after: float | None = None,
        *,
        ours: bool = True,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.error: dict[str, Any] = {"message": message, "type": kind, OF_CLASS: ours}
        if code:
            self.error["code"] = code


def unknown_token() -> Refusal:
    """Return the answer to a token that is no seat's."""
    words = "This token is no seat of this class. Check FOXAPI_KEY and FOXAPI_BASE_URL."
    return Refusal(401, words, "authentication_error")


def removed() -> Refusal:
    """Return the answer to a seat that was removed while it was asking."""
    return Refusal(403, "This seat was removed. Ask your teacher.", "access_denied")


def not_found(what: str) -> Refusal:
    """Return the answer for what does not exist, or is somebody else's: which of the two is not told."""
    return Refusal(404, f"There is no such {what}. Check what you ask for.", "not_found")


def nobody_knows(when: str, code: str = "submission_unknown") -> Refusal:
    """Return the answer for a creation whose own answer never came."""
    return Refusal(
        502,
        f"It was sent at {when} and no usable answer came, so nobody knows whether it was accepted. It is not sent "
        "again. Ask your teacher, who can look it up in the bill.",
        "server_error",
        code,
    )


def left_alone(seconds: float) -> Refusal:
    """Return the answer while the gateway has asked not to be asked."""
    words = "The gateway wants to be left alone for a while. Try again later."
    return Refusal(429, words, "rate_limit_error", retry_after=seconds)


def too_many(count: int) -> Refusal:
    """Return the answer to a seat that has so many creations on their way already."""
    words = f"You have {count} requests on their way. Wait until one is answered; nothing was sent for this one."
    return Refusal(429, words, "rate_limit_error", retry_after=_SOON)


def no_turn() -> Refusal:
    """Return the answer to who would be sent so late that nobody waits for the answer any more."""
    words = "The gateway or the class's disk is slow just now. Nothing was sent. Try again in a moment."
    return Refusal(429, words, "rate_limit_error", retry_after=_SOON)


def asked_before(when: str, *, is_own: bool) -> Refusal:
    """Return the answer to who asks for what was asked for before, when nobody knows what became of that.

    A seat's own may be charged to it, and stays reserved: that may be asked for from a folder that knows nothing of it.
    """
    if is_own:
        return nobody_knows(when, SENT_BEFORE)
    return Refusal(
        409,
        f"The same picture was asked for at {when} by another seat, and nobody knows whether it was accepted. It was "
        "not sent again. Ask your teacher, or ask for another variation.",
    )


def refused_to_another() -> Refusal:
    """Return the answer to who asks for what another seat asks for, when that was refused meanwhile."""
    return Refusal(409, "The same picture was asked for just now, and refused. Nothing was sent for you. Ask again.")


def taken_over() -> Refusal:
    """Return the answer of a relay that another one of the same class has followed."""
    return Refusal(409, "Another relay has taken this class over; nothing was sent. Ask your teacher for its address.")


def nothing_sent(refusal: Refusal) -> Refusal:
    """Return what is told of trouble before a creation is sent: no 5xx, which would leave its fate open."""
    if refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return refusal
    return Refusal(429, f"{refusal.error['message']} Nothing was sent.", "rate_limit_error")


def journal_away() -> Refusal:
    """Return the answer while the class's database cannot be reached."""
    return Refusal(503, "The class's database cannot be reached just now. Try again in a moment.", "server_error")


def as_refusal(error: BaseException) -> Refusal:
    """Return what a student is told of an error: what is certain for the relay must be certain for them."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, InvalidRequest):
        return Refusal(422, error.what)
    if isinstance(error, NotConnected):
        return Refusal(429, "The relay cannot reach the gateway just now. Try again in a moment.", "rate_limit_error")
    if isinstance(error, GatewayError):
        if words := _OF_THE_ACCOUNT.get(error.http_status):
            return Refusal(403, f"{words} Tell your teacher.", "access_denied")
        status = error.http_status if error.http_status in range(400, 600) else 409 if error.not_accepted else 502
        asked = error.retry_after if isinstance(error, RateLimited) else None
        words = error.message or error.what
        if ours := status not in _OF_THE_REQUEST:
            words = f"The gateway did not do this (HTTP {error.http_status}). {_advice(status)}"
        return Refusal(status, words, error.type or "server_error", error.code, asked, ours=ours)
    is_ours, what = not isinstance(error, FoxError), f"The gateway did not answer. {_advice(503)}"
    if is_ours:
        is_away = isinstance(error, (SQLAlchemyError, OSError))
        away = f"The class's database or folder cannot be reached just now. {_advice(503)}"
        what = away if is_away else f"The relay failed at this. {_advice(0)}"
    return Refusal(503 if is_ours else 502, what, "server_error")


def _advice(status: int) -> str:
    """Return what a student can do about an answer whose own words are kept from them."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "Wait a little and try again, with fewer tasks at once."
    return "Try again in a moment." if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "Tell your teacher."


def clock(when: float) -> str:
    """Return a time of the day."""
    return time.strftime("%H:%M", time.localtime(when))
