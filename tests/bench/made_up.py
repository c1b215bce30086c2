"""Made-up tasks: how often a schedule asks, and how late it learns; no clock, no network, thousands a second."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import mean

from fox_nb.session.backoff import USUAL_SPREAD, learned, next_poll
from fox_nb.settings import Polling

SIGMA = 0.4
"""Of the log-normal durations."""
LONGEST_WITHOUT_HARM = 1.0
"""Seconds of delay that nobody minds, however short the task was."""
REMEMBERED = 20
"""So many of the newest durations does the store look at."""

Next = Callable[[float, float, float, random.Random], float]
"""Seconds waited, the estimate and its spread, the dice: seconds since the acceptance at which the next look is due."""


def ours(waited: float, estimate: float, spread: float, rng: random.Random) -> float:
    return next_poll(waited, estimate, Polling(), rng, spread)


def every(seconds: float) -> Next:
    """A schedule that asks at a fixed interval, as the clients of other gateways do."""
    return lambda waited, _estimate, _spread, _rng: waited + seconds


@dataclass(frozen=True)
class Followed:
    """One task, followed to its end."""

    duration: float
    looks: tuple[float, ...]

    @property
    def delay(self) -> float:
        return self.looks[-1] - self.duration


@dataclass(frozen=True)
class Sum:
    """Many tasks: how often they were asked for, and how late their ends were seen."""

    gets: float
    delay: float
    share: float
    """Mean of the delay's share of the duration."""
    felt: float
    """Mean of the delay, as a part of what nobody minds: 5 % of the duration, or a second."""


def follow(
    duration: float, estimate: float, schedule: Next, rng: random.Random, spread: float = USUAL_SPREAD
) -> Followed:
    looks = [0.0]
    while looks[-1] < duration:
        looks.append(schedule(looks[-1], estimate, spread, rng))
    return Followed(duration, tuple(looks[1:]))


def durations(middle: float, rng: random.Random, sigma: float = SIGMA) -> Callable[[], float]:
    return lambda: middle * math.exp(rng.gauss(0, sigma))


def alone(
    schedule: Next, estimate: float, duration: Callable[[], float], rng: random.Random, count: int
) -> list[Followed]:
    """Tasks of which nothing is learned."""
    return [follow(duration(), estimate, schedule, rng) for _ in range(count)]


def learning(
    schedule: Next, told: float, duration: Callable[[], float], rng: random.Random, count: int
) -> list[Followed]:
    """The first tasks of a model in a store, one after the other: the estimate is told, then learned from those before."""
    followed: list[Followed] = []
    for _ in range(count):
        seen = [task.looks[-1] for task in followed[-REMEMBERED:]]
        estimate, spread = learned(seen) if seen else (told, USUAL_SPREAD)
        followed.append(follow(duration(), estimate, schedule, rng, spread))
    return followed


def added_up(followed: Iterable[Followed]) -> Sum:
    tasks = list(followed)
    return Sum(
        gets=mean(len(task.looks) for task in tasks),
        delay=mean(task.delay for task in tasks),
        share=mean(task.delay / task.duration for task in tasks),
        felt=mean(task.delay / max(0.05 * task.duration, LONGEST_WITHOUT_HARM) for task in tasks),
    )
