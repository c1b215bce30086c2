"""Hub: the relay as a service of JupyterHub: a user's own Hub token is the seat, and groups give budgets."""

from __future__ import annotations

import asyncio
import os
import re
import time
import unicodedata
from collections.abc import Mapping
from math import inf
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubAuth

from fox_nb.classroom.refusals import Refusal, unknown_token
from fox_nb.classroom.seats import Seat, Seats, checked_name, digest, is_name, may_stand


def service_prefix() -> str:
    """Return below which path a Hub's proxy leads to this service; '' where no Hub has started it."""
    return os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "").rstrip("/")


def service_address() -> tuple[str, int] | None:
    """Return where the Hub's proxy expects this service; None where no Hub has started it."""
    url = urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL", ""))
    return (url.hostname, url.port) if url.hostname and url.port else None


BELIEVED, BELIEVED_WITHOUT_HUB = 10.0, 300.0
"""Seconds for which who may come is believed; and while the Hub does not answer."""
PATIENCE = 5.0
"""Seconds that a request waits for the Hub: the gateway is asked after that, and the student waits for both."""
_LONGEST_NAME, _DIGEST = 79, 32
_LIKE_OURS = r"\((-[0-9a-f]+)?\)"


def seat_name(user: str) -> str:
    """Return the name of a user's seat, a folder's too: what such a name can't have stands in it by its number.

    A name that a seat can have is its user's seat, as it is. No two users come to one: of all others every '(' begins
    a number, '()' is put in where something begins anew, and who is really called so is one of the others.
    """
    name = unicodedata.normalize("NFC", user)
    is_composed = name == user  # else another one may be called what it comes to
    if is_composed and is_name(name) and not re.search(_LIKE_OURS, name):
        return name
    name = "".join(sign if may_stand(sign) and sign != "(" else _by_number(sign) for sign in name)
    if not name[:1].isalnum():
        name = f"u(){name}"
    if name.endswith((" ", ".")):
        name = f"{name[:-1]}{_by_number(name[-1])}"
    if len(name) > _LONGEST_NAME or not is_composed:
        name = f"{name[: _LONGEST_NAME - _DIGEST - 2]}(){digest(user)[:_DIGEST]}"
    return checked_name(name)


def _by_number(sign: str) -> str:
    return f"(-{ord(sign):x})"


class HubSeats:
    """The users of a Hub who may come, and what their groups may spend.

    Parameters
    ----------
    seats : Seats
        Of the class: a user gets one when they first come.
    groups : mapping of str to int
        What each member of a group may spend, in millionths of a USD; who is in several has the largest.
    """

    def __init__(self, seats: Seats, groups: Mapping[str, int]) -> None:
        self._seats = seats
        self._groups = groups
        self._auth = HubAuth()
        self._admitted: dict[str, tuple[float, float, str, int]] = {}
        """Who has come by which token: when the Hub was asked, and answered, last, and what their groups give."""

    async def admit(self, token: str) -> Seat:
        """Return the seat of the user whose token this is.

        Raises
        ------
        Refusal
            The Hub does not know it, or the user may not use this service.
        """
        key, now = digest(token), time.monotonic()
        asked, answered, name, budget = self._admitted.get(key, (-inf, -inf, "", 0))
        if now - asked > BELIEVED:
            try:
                name, budget = await asyncio.wait_for(self._asked(token), PATIENCE)
                answered = now
            except Refusal:
                self._admitted.pop(key, None)
                raise
            except Exception:  # noqa: BLE001 - of a Hub that ends in its answer, HubAuth raises what its own HTTP does
                if now - answered > BELIEVED_WITHOUT_HUB:
                    words = "JupyterHub does not answer just now. Try again in a moment."
                    raise Refusal(429, words, "rate_limit_error") from None
            self._admitted[key] = (now, answered, name, budget)
        return await asyncio.to_thread(self._seats.of_hub, name, budget)

    async def _asked(self, token: str) -> tuple[str, int]:
        """Return the name of a user's seat and what their groups give, as the Hub has it now."""
        user = await self._auth.user_for_token(token, use_cache=False, sync=False)
        if user is None:
            raise unknown_token()
        budgets = [self._groups[name] for name in user.get("groups", ()) if name in self._groups]
        if not budgets or user.get("kind") != "user" or not self._auth.check_scopes(self._auth.access_scopes, user):
            raise Refusal(403, "You have no seat in this class. Ask your teacher.", "access_denied")
        return seat_name(user["name"]), max(budgets)
