"""The table in docs/places.md of what the long tests ran, where, and when; `make long` has it written, a line a test."""

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from fox_nb import atomic

TABLE = "FOX_NB_PLACES"
"""Names the file with the table; nothing is written while it is not set."""
LINES = re.compile(r"(?<=\|---\|---\|---\|\n)(\|.*\n)*(?=\n<!-- ran -->)")


def versions(python: Path, *names: str) -> str:
    """The distributions that stand in a venv of its own, with their versions."""
    folders = [str(folder) for folder in python.parents[1].glob("lib/python*/site-packages")]
    return ", ".join(f"{one.name} {one.version}" for name in names for one in distributions(name=name, path=folders))


@pytest.fixture
def ran(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Called by a test with the place that it runs in, and its version."""

    def told(place: str) -> None:
        record_property("ran in", place)
        record_property("sentence", " ".join(request.node.obj.__doc__.split()))

    return told


def write(report: pytest.TestReport) -> None:
    """Put a test's place, sentence and end into the table, instead of what stood there of this test.

    One that fails before it can say where it runs, as where a host can't be installed, leaves the place that stands there.
    """
    said: dict[str, Any] = dict(report.user_properties)
    if not (report.when == "call" or report.failed) or not (path := os.environ.get(TABLE)):
        return
    test = f"`{Path(report.nodeid).name}`"
    text = Path(path).read_text(encoding="utf-8")
    found = LINES.search(text)
    assert found, f"{path} has no table to write to"
    stood = found[0].splitlines(keepends=True)
    before = [kept.rpartition(" | ")[0] for kept in stood if test in kept]
    if "ran in" in said:
        before = [f"| {said['ran in']} | {said['sentence']} {test}"]
    if not before:
        return  # of a run that a long test starts: two of them at once would write over each other
    now = [f"{about} | {report.outcome}, {datetime.now(UTC):%d %B %Y} |\n" for about in before]
    lines = "".join(sorted([*(kept for kept in stood if test not in kept), *now], key=str.lower))
    atomic.write(Path(path), (text[: found.start()] + lines + text[found.end() :]).encode())
