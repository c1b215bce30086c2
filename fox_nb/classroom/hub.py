"""Hub: the relay as a service of JupyterHub: a user's own Hub token is the seat, and groups give budgets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubAuth
from tornado.web import HTTPError

from fox_nb.classroom.refusals import Refusal, unknown_token
from fox_nb.classroom.seats import Seat, Seats, checked_name
from fox_nb.errors import InvalidRequest


def service_prefix() -> str:
    """Return below which path a Hub's proxy leads to this service; '' where no Hub has started it."""
    return os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "").rstrip("/")


def service_address() -> tuple[str, int] | None:
    """Return where the Hub's proxy expects this service; None where no Hub has started it."""
    url = urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL", ""))
    return (url.hostname, url.port) if url.hostname and url.port else None


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

    async def admit(self, token: str) -> Seat:
        """Return the seat of the user whose token this is.

        Raises
        ------
        Refusal
            The Hub does not know it, or the user may not use this service.
        """
        try:
            user = await self._auth.user_for_token(token, sync=False)
        except HTTPError:
            words = "JupyterHub does not answer just now. Try again in a moment."
            raise Refusal(429, words, "rate_limit_error") from None
        if user is None:
            raise unknown_token()
        budgets = [self._groups[name] for name in user.get("groups", ()) if name in self._groups]
        if not budgets or user.get("kind") != "user" or not self._auth.check_scopes(self._auth.access_scopes, user):
            raise Refusal(403, "You have no seat in this class. Ask your teacher.", "access_denied")
        try:
            name = checked_name(user["name"])
        except InvalidRequest as error:
            raise Refusal(403, error.what, "access_denied") from None
        return await asyncio.to_thread(self._seats.of_hub, name, max(budgets))
