"""Prices: what a request may cost, by the gateway's list where it names the model, else by an estimate."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from typing import TYPE_CHECKING

from fox_nb.errors import FoxError
from fox_nb.session.cost import Cost
from fox_nb.store import MICRO

if TYPE_CHECKING:
    from fox_nb.client import Client, Prices
    from fox_nb.models import Request


ASK_AGAIN = 60.0
"""Seconds before a gateway that gave no prices is asked for them again."""


class PriceList:
    """The gateway's prices, asked for until they are known; a gateway that gives none leaves the estimates."""

    def __init__(self, client: Client, *, is_play_money: bool) -> None:
        self._client = client
        self._is_play_money = is_play_money
        self._lock = threading.Lock()
        self._prices: Prices | None = None
        self._asked = float("-inf")

    def ask(self) -> None:
        """Fetch the list, if it is not known; without an answer the estimates stand, and it is asked for later."""
        with self._lock:
            if self._prices is not None or time.monotonic() - self._asked < ASK_AGAIN:
                return
            with contextlib.suppress(FoxError):
                self._prices = self._client.pricing()
            self._asked = time.monotonic()

    def cost(self, request: Request) -> Cost:
        """Return what a request may cost by what is known now; asks nobody."""
        price = self._prices.of(request.model) if self._prices is not None else None
        return Cost(request.usd_at(price), is_estimate=price is None, is_play_money=self._is_play_money)


def micro(cost: Cost) -> int:
    """Return an amount in millionths of a USD, rounded up: a budget is a hard limit."""
    return math.ceil(round(float(cost) * MICRO, 3))
