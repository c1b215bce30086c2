"""Schedule: when a task is looked at next; pure, so that it can be tried on thousands of made-up tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from fox_nb.settings import Polling

GROWTH = 0.1
"""Between two looks passes this share of the time already waited: the delay that people feel is relative."""
UNLIKELY_BEFORE = 0.45
"""Share of the estimate before which hardly any task is done: no looks but the first ones."""


def next_look(waited: float, estimate: float, polling: Polling, dice: random.Random) -> float:
    """Return how long after the acceptance the next look is due.

    Parameters
    ----------
    waited : float
        Seconds since the task was accepted.
    estimate : float
        Seconds that it is thought to take in all.
    polling : Polling
        First looks, shortest interval, jitter.
    dice : random.Random
        For the jitter, which keeps thirty classmates apart.

    Returns
    -------
    float
        Seconds since the acceptance; at least ``polling.at_least`` after `waited`.
    """
    early = [look for look in polling.first_looks if look > waited and look <= max(estimate, polling.at_least)]
    if early:
        due = early[0]
    elif waited < UNLIKELY_BEFORE * estimate:
        due = UNLIKELY_BEFORE * estimate
    else:
        due = waited + GROWTH * waited
    interval = max(due - waited, 0.0) * (1 + polling.jitter * dice.uniform(-1, 1))
    return waited + max(interval, polling.at_least)


def pause_after(failures: int, dice: random.Random) -> float:
    """Return the seconds to wait after so many looks in a row that got no answer: growing, at most a minute."""
    return min(60.0, 1.5 * 2.0 ** min(failures, 10)) * dice.uniform(0.75, 1.25)
