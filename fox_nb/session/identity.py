"""Identity: what makes two askings the same picture: gateway, request and take."""

from __future__ import annotations

import hashlib
from typing import Any

from fox_nb.errors import InvalidRequest
from fox_nb.models import MOST_TAKES
from fox_nb.parameters import shown


def request_hash(canonical: str) -> str:
    """Return the hash of a request's canonical JSON."""
    return hashlib.sha256(canonical.encode()).hexdigest()


def identity_of(gateway: str, canonical: str, take: int) -> str:
    """Return the identity of one take of a request at a gateway, as 64 hex digits."""
    return hashlib.sha256(f"{gateway}\n{take}\n{canonical}".encode()).hexdigest()


def take_number(take: Any) -> int | None:
    """Return a take's number; None for ``"new"``, the next one not yet used.

    Raises
    ------
    InvalidRequest
        It is neither a whole number from 1 on nor ``"new"``.
    """
    if isinstance(take, str) and take == "new":
        return None
    number = take.item() if getattr(take, "ndim", None) == 0 else take  # NumPy's numbers are numbers, its arrays not
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= MOST_TAKES:
        return number
    raise InvalidRequest(
        f'take is {shown(take)}; allowed is a whole number from 1 to {MOST_TAKES}, or "new" for the next one.',
        parameter="take",
        value=take,
        allowed=f'a whole number from 1 to {MOST_TAKES}, or "new"',
    )
