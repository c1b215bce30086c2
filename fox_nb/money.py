"""Money: an amount in USD as it is written wherever a person reads it."""

PLAY = " (play money)"
MICRO_PER_USD = 1_000_000


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
