"""Cost: an amount in USD that knows whether it is an estimate or play money."""

from __future__ import annotations

from typing import Any, Self

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
    kind : str
        Of a task: estimated, reserved, charged or refunded; '' for a price.
    charged, refunded : Cost or None
        What the gateway's log says of it; None where it says nothing. The amount itself is what is left of them.
    at : float or None
        The log's own time of that, seconds since 1970.
    group : str
        The group whose price it is; '' where the price list has no groups to tell apart.
    is_group_known : bool
        False while nobody knows the key's own group.
    """

    is_estimate: bool
    is_play_money: bool
    credits_reserved: float | None
    kind: str
    charged: Cost | None
    refunded: Cost | None
    at: float | None
    group: str
    is_group_known: bool

    def __new__(
        cls,
        usd: float,
        *,
        is_estimate: bool,
        is_play_money: bool = False,
        credits_reserved: float | None = None,
        kind: str = "",
        charged: Cost | None = None,
        refunded: Cost | None = None,
        at: float | None = None,
        group: str = "",
        is_group_known: bool = True,
    ) -> Self:
        """Make an amount of USD."""
        cost = super().__new__(cls, usd)
        cost.is_estimate = is_estimate
        cost.is_play_money = is_play_money
        cost.credits_reserved = credits_reserved
        cost.kind = kind
        cost.charged, cost.refunded, cost.at = charged, refunded, at
        cost.group, cost.is_group_known = group, is_group_known
        return cost

    def __getnewargs_ex__(self) -> tuple[tuple[float], dict[str, Any]]:
        """Be copied, and travel between processes, with all that it knows."""
        return (float(self),), vars(self)

    @property
    def amount(self) -> str:
        """The amount as it stands in a sentence: $0.09, with a word on play money."""
        return dollars(self, play=self.is_play_money)

    @property
    def is_settled(self) -> bool:
        """True where no bill is going to say more: it was refunded, or nothing was kept."""
        return self.kind == "refunded" or not self

    @property
    def about(self) -> list[str]:
        """What kind of money it is, in words: play money, an estimate, whose price."""
        words = [word for word, so in (("play money", self.is_play_money), ("estimate", self.is_estimate)) if so]
        if self.group:
            words.append(f"price of group {self.group}" + ("" if self.is_group_known else ", yours is not known yet"))
        return words

    @property
    def short(self) -> str:
        """The amount alone, as it stands on buttons: $0.09."""
        return dollars(self)

    def __str__(self) -> str:
        about = [word for word in self.about if not (self.kind and word == "estimate")]
        if self.kind == "refunded" and self.refunded is not None:
            about.append(f"{self.refunded.short} came back")
        words = f"{self.short} {self.kind}".rstrip()
        return f"{words} ({', '.join(about)})" if about else words

    __repr__ = __str__
