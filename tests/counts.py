"""Counts: what tests have counted on the server's side, told at the end of the run, whichever worker ran them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

Count = Callable[..., None]
_PROPERTY = "counted"


@pytest.fixture
def count(record_property: Callable[[str, object], None]) -> Count:
    """Keeps numbers for the end of the run: ``count("races", "of three processes", sent=40, received=40)``."""

    def keep(what: str, which: object, **numbers: int) -> None:
        record_property(_PROPERTY, (what, str(which), numbers))

    return keep


def lines(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """One line for each thing that was counted, and for several of a kind their sum (of a ``most…`` the most)."""
    kinds: dict[str, list[tuple[str, Counter[str]]]] = {}
    for report in reports:
        for name, value in report.user_properties:
            if name == _PROPERTY:
                what, which, numbers = value
                kinds.setdefault(what, []).append((which, Counter(numbers)))
    for what, found in sorted(kinds.items()):
        for which, numbers in sorted(found, key=lambda one: (len(one[0]), one[0])):
            yield _line(f"{what} {which}", numbers)
        if len(found) > 1:
            names = dict.fromkeys(name for _, numbers in found for name in numbers)
            of_all = {name: [numbers[name] for _, numbers in found] for name in names}
            yield _line(
                f"{what}, all {len(found)}",
                {name: max(each) if name.startswith("most") else sum(each) for name, each in of_all.items()},
            )


def _line(title: str, numbers: Any) -> str:
    return f"{title}: " + ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in numbers.items())
