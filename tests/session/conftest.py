"""Fixtures: a Fox on a sandbox of the test's own, looking often enough that nothing waits."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np  # noqa: F401 - the sandbox's thread imports it, and pytest.approx trips over a half of it
import pytest

from artifacts import MARKED_KEY
from fox_nb import Fox
from gateways import EAGER, Gateway


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
