"""Backoff: when a task is polled next; pure, so that it can be tried on thousands of made-up tasks."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from fox_nb.settings import Polling

# These shares hold a mean of 13 GETs and a delay of 5 % for log-normal durations (sigma 0.4) around the estimate, also
# over the first twenty tasks of a model whose estimate is wrong by twice; see tests/session/test_backoff.py.
USUAL_SPREAD = 0.4
"""Sigma of the logarithm of durations, where nothing is learned."""
FIRST = 2.55
"""Spreads below the estimate before which hardly any task is done: no polls but the early ones."""
OF_ESTIMATE = 0.175
"""Between two polls passes this share of the estimate for each unit of spread ..."""
OF_WAITED = 0.055
"""... and, from some spreads above the estimate on, this share of the time waited: people feel a delay as relative."""
LATE = 1.0
"""Spreads above the estimate from which on a small spread is no longer believed."""
THIS_ONE = 1.01
"""What was due within a hundredth of the time waited was this poll: two clocks never agree."""
WORTH = 6
"""So many durations is the usual spread worth, while few are known."""

LONGEST_PAUSE = 60.0
"""Seconds between two polls that got no answer, or of a task that takes long: its clock may have been set meanwhile."""
LONGEST_QUIET = 300.0
"""Seconds for which the gateway may ask not to be asked at all; far below the life of the links."""


def next_poll(
    waited: float, estimate: float, polling: Polling, rng: random.Random, spread: float = USUAL_SPREAD
) -> float:
    """Return how long after the acceptance the next poll is due.

    Parameters
    ----------
    waited : float
        Seconds since the task was accepted.
    estimate : float
        Seconds that it is thought to take in all.
    polling : Polling
        First polls, shortest interval, jitter.
    rng : random.Random
        For the jitter, which keeps thirty classmates apart; it only ever adds, so no poll is made too soon.
    spread : float
        How far off the estimate may be: sigma of the logarithm of durations.

    Returns
    -------
    float
        Seconds since the acceptance; at least ``polling.at_least`` after `waited`.
    """
    passed = THIS_ONE * waited
    begins = estimate * math.exp(-FIRST * spread)
    polls = [*(poll for poll in polling.first_looks if poll < begins), begins]
    interval = OF_ESTIMATE * spread * estimate
    if waited > estimate * math.exp(LATE * spread):
        interval = max(interval, min(OF_WAITED * waited, LONGEST_PAUSE))
    due = min((poll for poll in polls if poll > passed), default=waited + interval)
    pause = (due - waited) * (1 + polling.jitter * rng.random())
    return waited + max(pause, polling.at_least)


def learned(durations: Sequence[float]) -> tuple[float, float]:
    """Return what durations teach: the middle one, and their spread, which a few that are far off do not change."""
    from statistics import median

    middle = median(durations)
    off = median(abs(math.log(duration / middle)) for duration in durations if duration > 0)
    seen = (off / 0.6745) ** 2  # of a normal distribution half lies within so many sigmas
    known = len(durations)
    return middle, math.sqrt((WORTH * USUAL_SPREAD**2 + known * seen) / (WORTH + known))


def pause_after(failures: int, rng: random.Random) -> float:
    """Return the seconds to wait after so many polls in a row that got no answer: growing, at most a minute."""
    return min(LONGEST_PAUSE, 1.5 * 2.0 ** min(failures, 10) * rng.uniform(0.75, 1.25))


def quiet(asked: float | None) -> float:
    """Return for how many seconds nobody asks the gateway, of those that it asked for.

    Who asks for an hour or more has no clock, or no wish to answer ever: that is told, and not believed.
    """
    from fox_nb.client.responses import LONGEST_ASKED

    return min(asked, LONGEST_QUIET) if asked is not None and 0 < asked < LONGEST_ASKED else 0.0
