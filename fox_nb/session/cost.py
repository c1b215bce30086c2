"""Cost: an amount in USD that knows whether it is an estimate or play money."""

from __future__ import annotations

from typing import Self

from fox_nb.money import dollars


class Cost(float):
    """An amount in USD that knows what it is.

    Attributes
    ----------
    is_estimate : bool
        True where it comes from the table of estimates, not from the gateway's price list.
    is_play_money : bool
        True on the sandbox.
    credits_reserved : float or None
        What the gateway says that it reserved, in its own unit.
    """

    is_estimate: bool
    is_play_money: bool
    credits_reserved: float | None

    def __new__(
        cls, usd: float, *, is_estimate: bool, is_play_money: bool = False, credits_reserved: float | None = None
    ) -> Self:
        """Make an amount of USD."""
        cost = super().__new__(cls, usd)
        cost.is_estimate = is_estimate
        cost.is_play_money = is_play_money
        cost.credits_reserved = credits_reserved
        return cost

    @property
    def short(self) -> str:
        """The amount alone, as it stands on buttons: $0.09."""
        return dollars(self)

    def __str__(self) -> str:
        about = [word for word, so in (("play money", self.is_play_money), ("estimate", self.is_estimate)) if so]
        return f"{self.short} ({', '.join(about)})" if about else self.short

    __repr__ = __str__
