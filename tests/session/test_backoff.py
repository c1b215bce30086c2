"""Schedule: few looks, soon enough, never too many; tried on thousands of made-up tasks, none of which takes any time."""

import itertools
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.made_up import added_up, alone, durations, every, follow, learning, ours
from fox_nb.session.backoff import LONGEST_PAUSE, LONGEST_QUIET, learned, next_poll, pause_after, quiet
from fox_nb.settings import Polling

MOST_GETS = 13
ESTIMATES = [20.0, 45.0, 1200.0]
"""Seconds: a small picture, a picture, a profile."""

waits = st.floats(0, 1e6)
estimates = st.floats(0.01, 1e5)
pollings = st.builds(
    Polling,
    first_looks=st.lists(st.floats(0.1, 60), max_size=3, unique=True).map(lambda looks: tuple(sorted(looks))),
    at_least=st.floats(0.05, 30),
    jitter=st.floats(0, 1),
)


@pytest.mark.parametrize("estimate", ESTIMATES)
def test_right_estimate(estimate: float) -> None:
    """Where the estimate is right, 13 GETs are enough to learn of a task's end 5 % of its time later."""
    rng = random.Random(1)
    found = added_up(alone(ours, estimate, durations(estimate, rng), rng, 4000))
    assert found.gets <= MOST_GETS
    assert found.share <= 0.05 or found.delay <= 1


@pytest.mark.parametrize("wrong", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("estimate", [20.0, 45.0])
def test_wrong_estimate_is_learned(estimate: float, wrong: float) -> None:
    """Over a model's first twenty pictures both goals hold, also when the gateway's own estimate is off by twice."""
    rng = random.Random(2)
    duration = durations(wrong * estimate, rng)
    found = added_up(task for _ in range(200) for task in learning(ours, estimate, duration, rng, 20))
    assert found.gets <= MOST_GETS
    assert found.felt <= 1


@pytest.mark.parametrize("estimate", ESTIMATES)
def test_wrong_estimate_alone(estimate: float) -> None:
    """The very first task under a wrong estimate costs either few GETs or little delay; no schedule can promise both."""
    rng = random.Random(3)
    too_long = added_up(alone(ours, estimate, durations(estimate / 2, rng), rng, 2000))
    too_short = added_up(alone(ours, estimate, durations(estimate * 2, rng), rng, 2000))
    assert too_long.gets <= MOST_GETS
    assert too_short.share <= 0.05


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.2])
def test_steady_durations_are_learned(sigma: float) -> None:
    """Where a model takes nearly the same time always, the looks gather there: no more GETs, and half the delay."""
    rng = random.Random(9)
    duration = durations(45, rng, sigma)
    found = added_up(task for _ in range(100) for task in learning(ours, 45, duration, rng, 40)[20:])
    assert found.gets <= MOST_GETS
    assert found.share <= 0.03


def test_what_is_learned() -> None:
    """The middle and the spread; a night in which the kernel slept changes neither much."""
    middle, spread = learned([44, 45, 45, 46, 45, 44, 46, 45, 45, 30_000])
    assert middle == 45
    assert spread < 0.3
    assert learned([45])[1] < learned([45, 90])[1] < 0.5


@pytest.mark.parametrize("estimate", ESTIMATES)
def test_early_failure(estimate: float) -> None:
    """A task that fails 2 s after it was accepted is seen to have failed within a second, at the first look or the second."""
    rng = random.Random(4)
    found = added_up(alone(ours, estimate, lambda: 2.0, rng, 1000))
    assert found.delay <= 1
    assert found.gets <= 2


def test_beside_fixed_intervals() -> None:
    """Half a second, as replicate's client has it, asks at least seven times as often."""
    rng = random.Random(5)
    fixed = added_up(alone(every(0.5), 45, durations(45, rng), rng, 500))
    assert fixed.gets > 7 * added_up(alone(ours, 45, durations(45, rng), rng, 500)).gets


@given(waits, estimates, pollings, st.integers(), st.floats(0.01, 2))
def test_never_sooner_than_allowed(waited: float, estimate: float, polling: Polling, seed: int, spread: float) -> None:
    """Whatever is asked for, two looks at one task are never nearer to each other than `at_least`."""
    looked = next_poll(waited, estimate, polling, random.Random(seed), spread)
    assert looked - waited >= polling.at_least * (1 - 1e-6)


@given(estimates, pollings, st.integers(), st.floats(0, 1e10))
def test_no_gap_without_end(estimate: float, polling: Polling, seed: int, waited: float) -> None:
    """The next look is at most a minute, a first look or the estimate away, jitter included, however long ago it began."""
    looked = next_poll(waited, estimate, polling, random.Random(seed))
    longest = max(polling.at_least, estimate, LONGEST_PAUSE, *polling.first_looks)
    assert looked - waited <= longest * (1 + polling.jitter) + 1e-5


def test_looks_after_two_and_six_seconds() -> None:
    """A picture that takes 45 s is looked at after 2 s and 6 s, jitter added and never taken off, then from 16 s on."""
    for seed in range(200):
        looks = follow(300, 45, ours, random.Random(seed)).looks
        assert 2 <= looks[0] <= 2.3
        assert 6 <= looks[1] <= 6.6
        assert 16 <= looks[2] <= 18


def test_intervals_grow() -> None:
    """Without jitter, each interval after the estimate is over is at least as long as the one before."""
    still = Polling(jitter=0)
    looks = follow(2000, 45, lambda w, e, spread, rng: next_poll(w, e, still, rng, spread), random.Random(6)).looks
    intervals = [after - before for before, after in itertools.pairwise(looks) if before > 45]
    assert len(intervals) > 30
    assert all(second >= first * (1 - 1e-9) for first, second in itertools.pairwise(intervals))


def test_two_clocks() -> None:
    """A look that comes a breath before its time, by another clock, is that look, and not followed by one more."""
    still, rng = Polling(jitter=0), random.Random(7)
    assert next_poll(1.9999, 45, still, rng) == 6
    begins = next_poll(5.9999, 45, still, rng)
    assert 16 < begins < 17
    assert next_poll(begins - 1e-6, 45, still, rng) > 19


def test_thirty_classmates() -> None:
    """Of thirty who press at the same moment, never more than half are heard in the same tenth of a second."""
    looks = [follow(200, 45, ours, random.Random(seed)).looks for seed in range(30)]
    heard = Counter(int(look * 10) for mine in looks for look in mine)
    assert max(heard.values()) <= 15


@given(st.none() | st.floats())
def test_no_quiet_without_end(asked: float | None) -> None:
    """What the gateway asks for holds for minutes at the most, however long the links live; nonsense holds for nothing."""
    assert 0 <= quiet(asked) <= LONGEST_QUIET
    if asked is not None and 0 < asked <= LONGEST_QUIET:
        assert quiet(asked) == asked
    if asked is None or not asked < 3600:
        assert quiet(asked) == 0


def test_pauses_grow() -> None:
    """Looks without an answer come later and later, up to a minute, each pause varied."""
    pauses = [pause_after(failures, random.Random(8)) for failures in range(12)]
    assert pauses == sorted(pauses)
    assert pauses[-1] <= LONGEST_PAUSE
    assert max(pause_after(10, random.Random(seed)) for seed in range(30)) == LONGEST_PAUSE
    assert len({pause_after(3, random.Random(seed)) for seed in range(30)}) == 30
