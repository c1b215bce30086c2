"""Schedule: when a task is looked at next; pure, so that it can be tried on thousands of made-up tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from fox_nb.settings import Polling

# The three shares hold a mean of 13 GETs and a delay of 5 % for log-normal durations (sigma 0.4) around the estimate,
# also over the first twenty tasks of a model whose estimate is wrong by twice; see tests/session/test_schedule.py.
HARDLY_BEFORE = 0.36
"""Share of the estimate before which hardly any task is done: no looks but the first ones."""
OF_ESTIMATE = 0.07
OF_WAITED = 0.055
"""Between two looks passes this share of the estimate, later of the time waited: people feel a delay as relative."""
THIS_ONE = 1.01
"""What was due within a hundredth of the time waited was this look: two clocks never agree."""


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
        For the jitter, which keeps thirty classmates apart; it only ever adds, so no look is made too soon.

    Returns
    -------
    float
        Seconds since the acceptance; at least ``polling.at_least`` after `waited`.
    """
    passed = THIS_ONE * waited
    begins = HARDLY_BEFORE * estimate
    looks = [*(look for look in polling.first_looks if look < begins), begins]
    later = waited + max(OF_ESTIMATE * estimate, OF_WAITED * waited)
    due = min((look for look in looks if look > passed), default=later)
    interval = (due - waited) * (1 + polling.jitter * dice.random())
    return waited + max(interval, polling.at_least)


def pause_after(failures: int, dice: random.Random) -> float:
    """Return the seconds to wait after so many looks in a row that got no answer: growing, at most a minute."""
    return min(60.0, 1.5 * 2.0 ** min(failures, 10)) * dice.uniform(0.75, 1.25)
