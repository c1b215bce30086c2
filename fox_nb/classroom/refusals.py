"""Refusals: what the relay does not do, told as the gateway tells its own errors, so that every client knows them."""

from __future__ import annotations

import time
from typing import Any

INVALID = "invalid_request_error"


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
    """

    def __init__(self, status: int, message: str, kind: str = INVALID, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": kind, **({"code": code} if code else {})}


def unknown_token() -> Refusal:
    """Return the answer to a token that is no seat's."""
    return Refusal(401, "This token is no seat of this class.", "authentication_error")


def not_found(what: str) -> Refusal:
    """Return the answer for what does not exist, or is somebody else's: which of the two is not told."""
    return Refusal(404, f"There is no such {what}.", "not_found")


def nobody_knows(when: str) -> Refusal:
    """Return the answer for a creation whose own answer never came."""
    return Refusal(
        502,
        f"It was sent at {when} and no usable answer came, so nobody knows whether it was accepted. It is not sent "
        "again. Ask your teacher, who can look it up in the bill.",
        "server_error",
        "submission_unknown",
    )


def asked_by_another(when: str) -> Refusal:
    """Return the answer to who asks for what another seat asked for, when nobody knows what became of that."""
    return Refusal(
        409,
        f"The same picture was asked for {when}, and nobody knows whether it was accepted. Nothing was sent for you. "
        "Ask your teacher, or ask for another variation.",
    )


def refused_to_another() -> Refusal:
    """Return the answer to who asks for what another seat asks for, when that was refused meanwhile."""
    return Refusal(409, "The same picture was asked for just now, and refused. Nothing was sent for you. Ask again.")


def nothing_sent(refusal: Refusal) -> Refusal:
    """Return what is told of trouble before a creation is sent: no 5xx, which would leave its fate open."""
    if refusal.status < 500:  # noqa: PLR2004 - the class of server errors
        return refusal
    return Refusal(429, f"{refusal.error['message']} Nothing was sent.", "rate_limit_error")


def journal_away() -> Refusal:
    """Return the answer while the class's database cannot be reached."""
    return Refusal(503, "The class's journal cannot be reached just now.", "server_error")


def clock(when: float) -> str:
    """Return a time of the day."""
    return time.strftime("%H:%M", time.localtime(when))
