"""The fault run: everything goes wrong at random, kernels are killed, and still nothing is paid twice or lost."""

from collections.abc import Callable

import pytest

from artifacts import Places
from faults.schedule import Run


def play(places: Places, seed: int, record_property: Callable[[str, object], None]) -> None:
    counts = Run(places, seed).play()
    print(counts)
    record_property("faults", {name: value for name, value in vars(counts).items() if name != "wrong"})
    assert counts.wrong == []
    assert counts.most_for_one == 1
    assert counts.completed > counts.tasks / 2
    assert counts.unknown + counts.by_hand > 0, "a schedule that cuts nothing off shows nothing"
    assert counts.kills >= counts.kills_while_answered > 0


def test_a_schedule_of_faults(artifacts: Places, record_property: Callable[[str, object], None]) -> None:
    """A hundred tasks in three kernels: no identity is made twice, every completed picture is whole, the rest is told."""
    play(artifacts, 1, record_property)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(2, 14))
def test_many_schedules_of_faults(artifacts: Places, seed: int, record_property: Callable[[str, object], None]) -> None:
    """The same over many schedules, more than a thousand tasks in all."""
    play(artifacts, seed, record_property)
