"""Main: `python tests/bench [--small] [ROW …]`; all rows together are written to docs/benchmarks.md, single ones are shown."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[0] = str(TESTS)

ROWS = (
    "imports",
    "polling",
    "large_store",
    "first_panel",
    "picture_grid",
    "arrival",
    "bytes_sent",
    "busy_kernel",
    "many_tasks",
    "table_plan",
    "relay_polling",
)
"""One file each."""


def main() -> int:
    """Measure, and write the page when everything was measured."""
    from bench.rows import PAGE, page
    from bench.surroundings import Surroundings

    parser = argparse.ArgumentParser(prog="python tests/bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of: {', '.join(ROWS)}")
    parser.add_argument("--small", action="store_true", help="a quick try of everything; nothing is written")
    chosen = parser.parse_args()
    unknown = set(chosen.rows) - set(ROWS)
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    began, tables = time.monotonic(), []
    with Surroundings(small=chosen.small) as surroundings:
        for name in chosen.rows or ROWS:
            start = time.monotonic()
            tables.append(importlib.import_module(f"bench.{name}").measure(surroundings))
            print(tables[-1].markdown(), f"({name}: {time.monotonic() - start:.0f} s)\n", sep="\n", flush=True)
    if not chosen.rows and not chosen.small:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(tables, ROWS, seconds=time.monotonic() - began), encoding="utf-8")
        print(f"written: {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
