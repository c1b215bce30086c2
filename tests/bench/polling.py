"""Polling: GETs and delay for made-up tasks, by the very function that places the looks."""

from __future__ import annotations

import random

from bench.least import least_of_all
from bench.made_up import Sum, added_up, alone, durations, every, learning, ours
from bench.rows import Row, Table, seconds
from bench.surroundings import Surroundings

MOST_GETS = 13
ESTIMATE = 45.0
TWENTY = 20


def measure(surroundings: Surroundings) -> Table:
    count = surroundings.sized(20_000, 1000)
    rows = []
    for name, wrong in (("right", 1.0), ("twice too long", 0.5), ("twice too short", 2.0)):
        rng = random.Random(1)
        duration = durations(wrong * ESTIMATE, rng)
        first = added_up(alone(ours, ESTIMATE, duration, rng, count))
        learned = added_up(
            task for _ in range(count // TWENTY) for task in learning(ours, ESTIMATE, duration, rng, TWENTY)
        )
        replicate = added_up(alone(every(0.5), ESTIMATE, duration, rng, count // 10))
        fal = added_up(alone(every(0.1), ESTIMATE, duration, rng, count // 20))
        beside = f"replicate {_words(replicate)}; fal {_words(fal)}"
        ratio = learned.gets / replicate.gets
        what = f"estimate {name}, a model's first {TWENTY} tasks"
        rows.append(Row(what, _words(learned), beside, ratio, "13 GETs, 5 % or 1 s", _holds(learned)))
        rows.append(_first(name, first, first.gets / replicate.gets))
    rng = random.Random(2)
    failed = added_up(alone(ours, ESTIMATE, lambda: 2.0, rng, count))
    at_two = added_up(alone(every(0.5), ESTIMATE, lambda: 2.0, rng, 100))
    rows.append(
        Row(
            "fails after 2 s",
            _words(failed),
            f"replicate {_words(at_two)}",
            failed.gets / at_two.gets,
            "13 GETs, 5 % or 1 s",
            _holds(failed),
        )
    )
    how = (
        f"{count:,} made-up tasks a line, log-normal (sigma 0.4) around 45 s or what the line says, looked at by "
        "`next_poll` with the usual `Polling()`; replicate's and fal's intervals (0.5 s, 0.1 s) as their clients have them. The goal for the delay holds where a task's delay is, on average, at most 5 % of "
        "its duration or a second, whichever is more."
    )
    worst = least_of_all()
    note = (
        "No schedule can hold both goals for the very first task under a wrong estimate: with sigma 0.4, the least that any "
        f"placing of looks reaches for the three estimates at once is {worst:.2f} times the goals. So the looks are placed for a "
        "right estimate, and what the store has learned sets it right from the second task on."
    )
    return Table("Looks at a task under way", how, rows, [note])


def _first(name: str, found: Sum, ratio: float) -> Row:
    if name == "right":
        return Row("estimate right, one task", _words(found), "", ratio, "13 GETs, 5 % or 1 s", _holds(found))
    return Row(f"estimate {name}, the very first task", _words(found), "", ratio)


def _words(found: Sum) -> str:
    return f"{found.gets:.3g} GETs, {seconds(found.delay)} ({found.share:.1%}) late"


def _holds(found: Sum) -> bool:
    return found.gets <= MOST_GETS and (found.share <= 0.05 or found.delay <= 1 or found.felt <= 1)
