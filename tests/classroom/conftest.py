"""Fixtures: a class on the sandbox: a relay in a process of its own, seats, and students who ask it over real HTTP."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np  # noqa: F401 - the sandbox's thread imports it, and pytest.approx trips over a half of it
import pytest

from artifacts import MARKED_KEY, Places
from classroom.room import Classroom
from fox_nb import Fox


@pytest.fixture(scope="module")
def shared(artifacts: Places) -> Iterator[tuple[Classroom, Any]]:
    """A class and its sandbox for the tests of one file that need no fresh ones: to start a relay is dear."""
    from fox_nb.sandbox import Sandbox

    with Sandbox(keys=[MARKED_KEY], speed=500) as sandbox:
        one = Classroom(artifacts, sandbox.base_url)
        yield one, sandbox
        one.stop()


@pytest.fixture
def classroom(sandbox: Any, artifacts: Places) -> Iterator[Classroom]:
    """A class on the sandbox; the relay is started by the test."""
    one = Classroom(artifacts, sandbox.base_url)
    yield one
    one.stop()


@pytest.fixture
def student(classroom: Classroom, tmp_path: Path, open_any: Callable[..., Fox]) -> Callable[..., Fox]:
    """Opens a Fox as a student's kernel does: ``student("Ada")``."""

    def make(name: str, **given: Any) -> Fox:
        at = {"api_key": classroom.tokens[name], "base_url": classroom.url, "store": tmp_path / name}
        return open_any(**{**at, **given})

    return make
