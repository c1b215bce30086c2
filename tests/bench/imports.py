"""Imports: seconds of the import statement alone, in fresh interpreters, in pairs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.rows import Row, Table, median, seconds
from bench.surroundings import Surroundings

_TIMED = "import time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"
HEAVY = "import requests, pydantic, sqlite3"
ELSEWHERE = ("replicate", "fal_client", "openai")


def measure(surroundings: Surroundings) -> Table:
    runs = surroundings.sized(15, 5)
    environment = surroundings.environment
    with_fox = "import fox_nb; fox_nb.Fox()"
    folder = surroundings.folder("imports")

    def once(statement: str, python: str | Path = sys.executable) -> float:
        command = [python, "-c", _TIMED.format(statement=statement)]
        said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=folder)
        return float(said.stdout.split()[-1])

    def pairs(statement: str, beside: str) -> tuple[float, float, float]:
        once(statement), once(beside)
        found = [(once(statement), once(beside)) for _ in range(runs)]
        return median([a for a, _ in found]), median([b for _, b in found]), median([a / b for a, b in found])

    rows = []
    for statement, beside, most in (("import fox_nb", "import requests", 0.2), (with_fox, HEAVY, 1.2)):
        ours, peer, ratio = pairs(statement, beside)
        row = Row(
            f"`{statement}`", seconds(ours), f"`{beside}`: {seconds(peer)}", ratio, f"at most {most:g}", ratio <= most
        )
        rows.append(row)
    for peer_name in ELSEWHERE:
        once(f"import {peer_name}", surroundings.peers_python)
        found = [
            (once(with_fox), once(f"import {peer_name}", surroundings.peers_python)) for _ in range(max(3, runs // 3))
        ]
        ours, peer = median([a for a, _ in found]), median([b for _, b in found])
        ratio = median([a / b for a, b in found])
        rows.append(Row(f"`{with_fox}`", seconds(ours), f"`import {peer_name}`: {seconds(peer)}", ratio))
    how = (
        f"Seconds of the statement inside a fresh interpreter, files in the page cache; medians of {runs} pairs "
        "(the ratio is the median of the pairs' ratios)."
    )
    return Table("Import", how, rows)
