"""Fixtures: a Fox on a sandbox of the test's own, looking often enough that nothing waits."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np  # noqa: F401 - the sandbox's thread imports it, and pytest.approx trips over a half of it
import pytest

from fox_nb import Fox
from fox_nb.session import poll_loop, poller


@pytest.fixture
def fox_at(open_any: Callable[..., Fox], tmp_path: Path) -> Callable[..., Fox]:
    """Opens a Fox at a gateway of the test's own: ``fox_at(gateway)``; another one is another kernel on the same store."""
    at = partial(open_any, store=tmp_path / "own_runs")
    return lambda gateway, **given: at(base_url=gateway.url, **given)


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried once more is tried at once: how long the pauses are, is for test_backoff.py."""
    for module in (poll_loop, poller):
        monkeypatch.setattr(module, "pause_after", lambda *_: 0.05)
    monkeypatch.setattr(poller, "FETCH_AGAIN_AFTER", 0.05)
