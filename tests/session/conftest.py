"""Fixtures: a Fox on a sandbox of the test's own, looking often enough that nothing waits."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np  # noqa: F401 - the sandbox's thread imports it, and pytest.approx trips over a half of it
import pytest

from fox_nb import Fox


@pytest.fixture
def fox_at(open_any: Callable[..., Fox], tmp_path: Path) -> Callable[..., Fox]:
    """Opens a Fox at a gateway of the test's own: ``fox_at(gateway)``; another one is another kernel on the same store."""
    at = partial(open_any, store=tmp_path / "own_runs")
    return lambda gateway, **given: at(base_url=gateway.url, **given)


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a poll that got no answer the next one comes at once: how long that pause is, is for test_backoff.py."""
    monkeypatch.setattr("fox_nb.session.poll_loop.pause_after", lambda *_: 0.05)
