"""The fault run: everything goes wrong at random, kernels are killed, and still nothing is paid twice or lost."""

import pytest

from artifacts import Places
from counts import Count
from faults.schedule import Run


def play(places: Places, seed: int, count: Count) -> None:
    counts = Run(places, seed).play()
    count(
        "schedule of faults",
        seed,
        **{name: n for name, n in vars(counts).items() if isinstance(n, int) and name != "seed"},
    )
    count("faults that came to pass", seed, **counts.happened)
    assert counts.wrong == []
    assert counts.most_for_one == 1
    assert counts.sent_beyond_the_budget == 0
    assert counts.held_back_by_the_budget > 0, "a budget that holds nothing back shows nothing"
    assert counts.completed > counts.tasks / 2
    assert counts.unknown + counts.by_hand > 0, "a schedule that cuts nothing off shows nothing"
    assert counts.kills >= counts.kills_while_answered > 0
    assert counts.journal_locked > 0
    assert counts.bill_agrees > counts.tasks / 2
    assert counts.refunded > 0


def test_a_schedule_of_faults(artifacts: Places, count: Count) -> None:
    """A hundred tasks in three kernels: no identity is made twice, every completed picture is whole, the rest is told."""
    play(artifacts, 1, count)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(2, 22))
def test_many_schedules_of_faults(artifacts: Places, seed: int, count: Count) -> None:
    """The same over twenty more schedules, more than two thousand tasks in all."""
    play(artifacts, seed, count)
