"""Rows: what was measured beside what, against which goal, and the page that is made of them."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"

_HEAD = """# Benchmarks

Written by `make bench`; don't edit it. Each row was measured in one run on one machine, this project and what a user would
pick instead in turn, on the same work. Read the ratios: seconds differ from machine to machine, and this one may have been
busy. Single rows: `python tests/bench {names}`.

{machine}
"""


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes
    ----------
    what : str
        What was done.
    ours, peer : str
        What it took, here and elsewhere; '' where there is nothing to put beside it.
    ratio : float or None
        Ours by the peer's.
    goal : str
        What it should be; '' for a line that is only told.
    met : bool or None
        Whether it is; None without a goal.
    """

    what: str
    ours: str
    peer: str = ""
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None

    def cells(self) -> list[str]:
        verdict = {True: "yes", False: "**no**", None: ""}[self.met]
        return [self.what, self.ours, self.peer, "" if self.ratio is None else f"{self.ratio:.3g}", self.goal, verdict]


@dataclass(frozen=True)
class Table:
    """What one file measures.

    Attributes
    ----------
    title : str
        Its heading.
    how : str
        How it was measured, in a sentence or two.
    rows : sequence of Row
        Its lines.
    notes : sequence of str
        What has to be said beside the figures.
    """

    title: str
    how: str
    rows: Sequence[Row]
    notes: Sequence[str] = field(default_factory=tuple)

    def markdown(self) -> str:
        header = ["what", "fox_nb", "beside it", "ratio", "goal", "met"]
        lines = [header, ["---"] * len(header), *(row.cells() for row in self.rows)]
        table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
        notes = "".join(f"\n- {note}" for note in self.notes)
        return f"## {self.title}\n\n{self.how}\n\n{table}\n{notes}\n"


def page(tables: Sequence[Table], names: Sequence[str], *, seconds: float) -> str:
    """The whole page, with the machine's description."""
    head = _HEAD.format(names=" ".join(names), machine=machine(seconds))
    return head + "\n" + "\n".join(table.markdown() for table in tables)


def machine(seconds: float) -> str:
    """Say on what it was measured, when, and how busy it was beside."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        processor = models[0].partition(":")[2].strip() if models else processor
    facts = [
        f"{os.cpu_count()} processors ({processor})",
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB of memory",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"the whole run took {seconds / 60:.0f} minutes",
    ]
    return f"Machine: {', '.join(facts)}."


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def seconds(value: float) -> str:
    """Write a time so that its digits mean something."""
    if value < 1:
        return f"{value * 1000:.3g} ms"
    return f"{value:.3g} s"


def size(count: float) -> str:
    """Write bytes in decimal units."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count:.0f} bytes"
