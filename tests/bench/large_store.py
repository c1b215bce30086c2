"""Large store: opening, the first page of the history and one look-up, with 20,000 tasks in the journal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bench.rows import Row, Table, median, seconds
from bench.stores import fill
from bench.surroundings import Surroundings
from fox_nb import Fox
from fox_nb.panels.history_tab import HistoryTab
from fox_nb.store import Store

MOST = 0.1


def measure(surroundings: Surroundings) -> Table:
    folder = surroundings.folder("large") / "fox_runs"
    count, few = surroundings.sized(20_000, 2000), 20
    with surroundings.sandbox(50) as gateway:
        asked = {}
        for name, tasks in (("many", count), ("few", few)):
            fox = gateway.fox(folder / name)
            asked[name] = fill(fox, tasks)
            fox.close()
        found = {name: _measured(lambda name=name: gateway.fox(folder / name), asked[name]) for name in asked}
    rows = []
    for what, ours in found["many"].items():
        beside = found["few"][what]
        small = f"with {few} tasks: {seconds(beside)}"
        rows.append(Row(what, seconds(ours), small, ours / beside, "under 100 ms", ours < MOST))
    how = (
        f"A journal of {count:,} completed tasks with a picture each; medians of 9 runs, the file in the page cache. "
        "Beside it the same on a journal of 20 tasks."
    )
    return Table(f"A store of {count:,} tasks", how, rows)


def _measured(open_fox: Callable[[], Fox], identity: str) -> dict[str, float]:
    fox = open_fox()
    folder, session = fox.store.folder, fox.session
    history = HistoryTab(session, lambda work: work(), lambda _task: [])

    def page(**asked: Any) -> None:
        [history.item(task) for task in session.tasks(limit=20, **asked)]

    found = {
        "opening it": _median(lambda: Store(folder).close()),
        "the first page of History": _median(page),
        "the first page of what holds a word": _median(lambda: page(text="number 17")),
        "a look-up by identity": _median(lambda: session.store.journal.find(identity, time.time())),
        "what is unfinished": _median(session.unfinished),
        "how long a model takes": _median(
            lambda: session.store.journal.durations(session.gateway.name, "phota-image", "1K")
        ),
    }
    fox.close()
    return found


def _median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(9):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)
