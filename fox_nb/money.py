"""Money: an amount in USD as it is written wherever a person reads it."""

PLAY = " (play money)"
MICRO_PER_USD = 1_000_000
MICRO_A_QUOTA = 2
"""Millionths of a USD in one quota, the engine's own unit: 500,000 are 1 USD (observed)."""
LEAST_USD = 1 / MICRO_PER_USD
"""The smallest amount that a budget counts: what costs less is 0, and that is no price."""
MOST_USD = 10_000.0
"""A call that costs more is a slip in the list, or no price in USD: it is taken for a model without one."""
MOST_OF_A_CLASS = 1_000_000.0
"""USD that a class, a group or a seat may be given."""


def dollars(usd: float, *, play: bool = False) -> str:
    """Write an amount: ``$0.09``; with four decimals where two would hide some of it, and said to be play money.

    Parameters
    ----------
    usd : float
        The amount.
    play : bool
        Whether it is the sandbox's.
    """
    usd = round(float(usd), 4)
    return (f"${usd:,.2f}" if usd == round(usd, 2) else f"${usd:,.4f}") + PLAY * play


def apart(costs: int, left: int) -> tuple[str, str]:
    """Write what costs more micro-USD than are left, and what is left: rounded so that the two never look the same."""
    up, down = (micro // 100 * 100 / MICRO_PER_USD for micro in (costs + 99, max(0, left)))
    return dollars(up), dollars(down)
