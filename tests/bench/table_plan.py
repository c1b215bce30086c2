"""Table plan: 10,000 rows of a data frame, checked, priced and looked up in the journal, beyond pandas' own reading."""

from __future__ import annotations

import subprocess
import sys

from bench.rows import Row, Table, median, seconds, size
from bench.surroundings import Surroundings

MOST = 3.0
_CODE = """import time
import pandas as pd, psutil
import fox_nb
fox = fox_nb.Fox()
frame = pd.DataFrame({{"shot": range({rows}), "prompt": [f"mist, number {{number}}" for number in range({rows})],
                      "aspect_ratio": ["1:1", "16:9"] * ({rows} // 2)}})
frame.to_csv("prompts.csv", index=False)
start = time.perf_counter()
read = pd.read_csv("prompts.csv")
alone = time.perf_counter() - start
fox.batch(read.head(2), "phota-image")
before = psutil.Process().memory_info().rss
start = time.perf_counter()
batch = fox.batch(read, "phota-image")
float(batch.cost)
took = time.perf_counter() - start
assert batch.pictures == {rows}
print(took, alone, psutil.Process().memory_info().rss - before)"""


def measure(surroundings: Surroundings) -> Table:
    rows = surroundings.sized(10_000, 1_000)
    found = [_once(surroundings, rows) for _ in range(3)]
    took, alone, memory = (median(figures) for figures in zip(*found, strict=True))
    row = Row(
        f"{rows:,} rows planned and priced",
        f"{seconds(took)}, {size(memory)}",
        f"pandas reads their CSV in {seconds(alone)}",
        None,
        f"at most {MOST:g} s",
        took <= MOST,
    )
    how = "The middle of three fresh kernels: a data frame is handed to `fox.batch`; every row is validated, identified and looked up."
    return Table("A table's plan", how, [row])


def _once(surroundings: Surroundings, rows: int) -> list[float]:
    said = subprocess.run(
        [sys.executable, "-c", _CODE.format(rows=rows)],
        capture_output=True,
        text=True,
        check=False,
        env=surroundings.environment,
        cwd=surroundings.folder("table"),
    )
    if said.returncode:
        raise RuntimeError(said.stderr)
    return [float(figure) for figure in said.stdout.splitlines()[-1].split()]
