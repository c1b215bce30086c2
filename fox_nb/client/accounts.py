"""Accounts: models, prices and balance, read tolerantly out of calls that the service does not document."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

UNLIMITED = 1e8
"""The limit that the gateway gives for an account without one, in USD."""

MOST_USD = 10_000.0
"""A call that costs more is a slip in the list, or no price in USD: it is taken for a model without one."""

LEAST_USD = 1e-6
"""The smallest amount that a budget counts: what costs less is 0, and that is no price."""

_PRICE_A_CALL = 1
_HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class Prices:
    """What the gateway asks for a call, in USD.

    Attributes
    ----------
    usd : mapping of str to float
        The models with a fixed price a call, the group's ratio included.
    """

    usd: Mapping[str, float] = field(default_factory=dict)

    def of(self, model: str) -> float | None:
        """Return the price of one call in USD; None when the gateway names none."""
        return self.usd.get(model)


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account may spend and has spent.

    Attributes
    ----------
    limit_usd : float or None
        None when there is no limit.
    used_usd : float
        Spent so far.
    """

    limit_usd: float | None
    used_usd: float

    @property
    def left_usd(self) -> float | None:
        """What is left in USD; None when there is no limit."""
        return None if self.limit_usd is None else self.limit_usd - self.used_usd


def read_models(answer: Any) -> list[str] | None:
    """Read ``{"data": [{"id": …}]}``; None when it is no list of models."""
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
        return None
    names = (item.get("id") for item in answer["data"] if isinstance(item, dict))
    return [name for name in names if isinstance(name, str) and name]


def read_prices(answer: Any, group: str) -> Prices | None:
    """Read the price list; None when it is none.

    Models that are paid by the token are left out. Of several rows of one model the dearest counts; 0 is no price,
    neither a model's nor a group's: a picture that costs nothing would pass every budget.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
        return None
    ratio = _ratio(answer.get("group_ratio"), group)
    found: dict[str, float] = {}
    for item in answer["data"]:
        if not isinstance(item, dict) or number(item.get("quota_type")) != _PRICE_A_CALL:
            continue
        name, price = item.get("model_name"), number(item.get("model_price"))
        if isinstance(name, str) and name and price is not None and LEAST_USD <= price * ratio <= MOST_USD:
            found[name] = max(found.get(name, 0.0), price * ratio)
    return Prices(found)


def read_balance(subscription: Any, usage: Any) -> Balance | None:
    """Read the two billing answers; None when either lacks its number."""
    limit = _limit(subscription)
    used = number(usage.get("total_usage")) if isinstance(usage, dict) else None
    if limit is None or used is None:
        return None
    return Balance(None if limit >= UNLIMITED else limit, used / _HUNDREDTHS)


def names_a_limit(subscription: Any) -> bool:
    """Return True when the first of the two answers is as it should be, so that the other one is at fault."""
    return _limit(subscription) is not None


def _limit(subscription: Any) -> float | None:
    return number(subscription.get("hard_limit_usd")) if isinstance(subscription, dict) else None


def number(value: Any) -> float | None:
    """Return a finite number that is not negative, also out of a text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and found >= 0 else None


def _ratio(ratios: Any, group: str) -> float:
    """Return the factor of the user's group; 1 when the list does not name it."""
    ratio = number(ratios.get(group)) if isinstance(ratios, dict) else None
    return 1.0 if ratio is None else ratio
