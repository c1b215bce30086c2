"""Prices: what a request may cost, by the gateway's list where it names the model, else by an estimate."""

from __future__ import annotations

import logging
import math
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from typing import TYPE_CHECKING

from fox_nb.errors import FoxError
from fox_nb.money import dollars
from fox_nb.session.cost import Cost
from fox_nb.session.pool import Pool
from fox_nb.store import MICRO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fox_nb.client import Client
    from fox_nb.models import Request


ASK_AGAIN = 60.0
"""Seconds before a gateway is asked for its prices again: it may raise them while a kernel lives."""

PATIENCE = 2.0
"""Seconds that a call is held by the price list, however slowly that comes."""


class PriceList:
    """The gateway's prices, asked for now and then; while a gateway gives none, the estimates stand.

    A price that was raised counts from then on, and is told. One that was lowered counts in the next kernel: of two
    lists that contradict each other the dearer one is right for a limit.
    """

    def __init__(self, client: Client, *, is_play_money: bool) -> None:
        self._client = client
        self._is_play_money = is_play_money
        self._lock = threading.Lock()
        self._usd: Mapping[str, float] = {}
        self._counted: dict[str, float] = {}
        self._asked = float("-inf")
        self._fetching: Future[None] | None = None
        self._pool = Pool(1, "prices", idle=0.0)

    def ask(self) -> None:
        """Fetch the list where it is due, for at most `PATIENCE`; what comes later counts for the next call."""
        with self._lock:
            if time.monotonic() - self._asked >= ASK_AGAIN and (self._fetching is None or self._fetching.done()):
                self._asked = time.monotonic()
                self._fetching = self._pool.submit(self._fetch)
            fetching, left = self._fetching, self._asked + PATIENCE - time.monotonic()
        if fetching is None or fetching.cancelled():  # closed
            return
        try:
            fetching.result(max(0.0, left))
        except (FoxError, Late):
            return

    def cost(self, request: Request) -> Cost:
        """Return what a request may cost by what is known now; asks nobody."""
        price = self._usd.get(request.model)
        self._counted[request.model] = request.usd if price is None else price
        return Cost(request.usd_at(price), is_estimate=price is None, is_play_money=self._is_play_money)

    def close(self) -> None:
        """End the asking."""
        self._pool.close()

    def _fetch(self) -> None:
        listed = self._client.pricing(within=PATIENCE).usd
        self._usd = {**self._usd, **{name: max(usd, self._usd.get(name, 0.0)) for name, usd in listed.items()}}
        for name, was in list(self._counted.items()):
            if (now := self._usd.get(name, was)) > was:
                logging.getLogger("fox_nb").warning(
                    "%s now costs %s a call; until now %s was counted. From here on the new price counts.",
                    name,
                    dollars(now),
                    dollars(was),
                )


def micro_usd(cost: Cost) -> int:
    """Return an amount in millionths of a USD, rounded up: a budget is a hard limit."""
    return math.ceil(round(float(cost) * MICRO_PER_USD, 3))
