"""Fixtures: a Fox on a sandbox of the test's own, looking often enough that nothing waits."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np  # noqa: F401 - the sandbox's thread imports it, and pytest.approx trips over a half of it
import pytest

from artifacts import MARKED_KEY
from fox_nb import Fox
from fox_nb.settings import Polling
from gateways import Gateway

EAGER = Polling(first_looks=(0.05,), at_least=0.05, per_second=200)


@pytest.fixture
def open_fox(sandbox: Any, tmp_path: Path) -> Iterator[Callable[..., Fox]]:
    """Opens a Fox as another kernel would: ``open_fox(store=…, budget=…)``; all are closed at the end."""
    opened = []

    def make(**arguments: Any) -> Fox:
        given = {"api_key": MARKED_KEY, "base_url": sandbox.base_url, "store": tmp_path / "fox_runs", "polling": EAGER}
        fox = Fox(**{**given, **arguments})
        opened.append(fox)
        return fox

    yield make
    for fox in opened:
        fox.close()


@pytest.fixture
def fox(open_fox: Callable[..., Fox]) -> Fox:
    """One Fox."""
    return open_fox()


@pytest.fixture
def fox_at(tmp_path: Path) -> Iterator[Callable[..., Fox]]:
    """Opens a Fox at a gateway of the test's own: ``fox_at(gateway)``; another one is another kernel on the same store."""
    opened = []

    def make(gateway: Gateway, **arguments: Any) -> Fox:
        given = {"api_key": MARKED_KEY, "base_url": gateway.url, "store": tmp_path / "own_runs", "polling": EAGER}
        fox = Fox(**{**given, **arguments})
        opened.append(fox)
        return fox

    yield make
    for fox in opened:
        fox.close()
