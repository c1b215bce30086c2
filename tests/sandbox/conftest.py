"""Fixtures of the sandbox's own tests: one that runs, and someone who asks it."""

from collections.abc import Iterator

import pytest

from fox_nb.sandbox import Sandbox
from sandbox.asking import Asking


@pytest.fixture(autouse=True)
def drawn_once() -> None:
    """Here all is drawn anew: the drawing is what is tried."""


@pytest.fixture
def own() -> Iterator[Sandbox]:
    """A quick sandbox of the test's own."""
    with Sandbox(speed=1000) as sandbox:
        yield sandbox


@pytest.fixture
def asking(own: Sandbox) -> Iterator[Asking]:
    """Someone who asks it."""
    someone = Asking(own)
    yield someone
    someone.session.close()
