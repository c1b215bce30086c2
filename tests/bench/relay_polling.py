"""Relay polling: two hundred seats that poll one relay as the client does: how long an answer takes, and the relay's memory."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles

import psutil

from bench.rows import Row, Table
from bench.surroundings import Surroundings
from classroom.room import Classroom
from fox_nb.client import Client
from fox_nb.sandbox import Sandbox
from fox_nb.settings import Polling

SEATS = 200
MOST_SECONDS, MOST_MEMORY = 0.050, 200 << 20
MARKED = "sk-bench-0123456789"


def measure(surroundings: Surroundings) -> Table:
    seconds = surroundings.sized(60, 5)
    seats = surroundings.sized(SEATS, 10)
    names = [f"Seat {number}" for number in range(seats)]
    with Sandbox(keys=[MARKED], speed=1) as sandbox:
        room = Classroom(surroundings.places, sandbox.base_url, key=MARKED)
        try:
            room.seat(*names)
            room.start()
            with ThreadPoolExecutor(seats) as pool:
                answers = sorted(
                    one for some in pool.map(lambda name: polled(room, name, seconds), names) for one in some
                )
            assert room.process is not None
            memory = psutil.Process(room.process.pid).memory_info().rss
        finally:
            room.stop()
    late = quantiles(answers, n=20)[-1]
    rows = [
        Row("an answer, 95th percentile", f"{late * 1000:.0f} ms", goal="50 ms", met=late <= MOST_SECONDS),
        Row("the relay's memory", f"{memory >> 20} MB", goal="200 MB", met=memory <= MOST_MEMORY),
    ]
    how = f"{seats} seats with a task each at one relay, polled for {seconds} s with the usual `Polling()`; {len(answers):,} answers."
    return Table("A relay with 200 seats", how, rows)


def polled(room: Classroom, name: str, seconds: float) -> list[float]:
    """The seconds that each look of one seat took."""
    pace = Polling()
    took = []
    with Client(room.url, room.tokens[name]) as client:
        task = client.create({"model": "phota-image", "prompt": name}, headers={"X-Fox-Take": "1"}).id
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(max(pace.at_least, 2.0))
            begun = time.perf_counter()
            client.task(task)
            took.append(time.perf_counter() - begun)
    return took
