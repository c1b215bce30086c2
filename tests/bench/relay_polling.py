"""Relay polling: two hundred seats that poll one relay as the client does: how long an answer takes, and the relay's memory."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles
from typing import Any

import psutil

from bench.rows import Row, Table
from bench.surroundings import Surroundings
from classroom.room import Classroom
from fox_nb.session.backoff import next_poll
from fox_nb.settings import Polling
from processes import Child

BARE = """
import asyncio
from tornado import web
class Task(web.RequestHandler):
    def get(self): self.finish({"id": "task", "status": "processing", "progress": 50})
async def main():
    server = web.Application([(r"/.*", Task)], log_function=lambda _: None).listen(0, "127.0.0.1")
    print(next(iter(server._sockets.values())).getsockname()[1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
"""A server of the same kind that does nothing: what the machine, just now, lets anybody be."""
SEATS = 200
MOST_SECONDS, MOST_MEMORY = 0.050, 200 << 20
MARKED = "sk-bench-0123456789"


def measure(surroundings: Surroundings) -> Table:
    seconds = surroundings.sized(60, 10)
    seats = surroundings.sized(SEATS, 10)
    names = [f"Seat {number}" for number in range(seats)]
    env = surroundings.environment
    with Child("-m", "fox_nb.cli", "sandbox", "--speed=1", env=env) as sandbox, Child("-c", BARE, env=env) as bare:
        port = int(bare.line("its port"))
        room = Classroom(surroundings.places, sandbox.line("its address"), key=MARKED)
        try:
            room.seat(*names)
            room.start()
            assert room.process is not None
            relay = psutil.Process(room.process.pid)
            cores = apart(relay, psutil.Process())
            busy, began = sum(relay.cpu_times()[:2]), time.monotonic()
            with ThreadPoolExecutor(seats) as pool:
                looks = [
                    one for some in pool.map(lambda name: polled(room, name, seconds, port), names) for one in some
                ]
            busy, wall = sum(relay.cpu_times()[:2]) - busy, time.monotonic() - began
            memory = relay.memory_info().rss
        finally:
            room.stop()
    (middle, late), (bare_middle, bare_late) = (
        (median(one), quantiles(one, n=20)[-1]) for one in zip(*looks, strict=True)
    )
    rows = [
        Row("an answer, median", f"{middle * 1000:.0f} ms", f"{bare_middle * 1000:.0f} ms", middle / bare_middle),
        Row(
            "an answer, 95th percentile",
            f"{late * 1000:.0f} ms",
            f"{bare_late * 1000:.0f} ms",
            late / bare_late,
            goal="50 ms",
            met=late <= MOST_SECONDS,
        ),
        Row("the relay's memory", f"{memory >> 20} MB", goal="200 MB", met=memory <= MOST_MEMORY),
        Row("the relay's share of one core", f"{busy / wall:.0%}"),
    ]
    how = (
        f"{seats} seats at one relay, each with one task after the other at a sandbox of the service's own speed, polled "
        f"for {seconds} s when the client's poller would, {cores}; {len(looks):,} answers; load of the machine {load()}. "
        "Beside it: a bare tornado server, asked by the same seats right after."
    )
    return Table("A relay with 200 seats", how, rows)


def apart(relay: psutil.Process, others: psutil.Process) -> str:
    """Give the relay one core, which the goal is about, and all else that runs here the others; return the words for it."""
    cores = others.cpu_affinity() if hasattr(others, "cpu_affinity") else []
    if len(cores) < 2:
        return "all on the same cores"
    for one in (others, *others.children(recursive=True)):
        for thread in one.threads():
            psutil.Process(thread.id).cpu_affinity(cores[1:])
    for thread in relay.threads():
        psutil.Process(thread.id).cpu_affinity(cores[:1])
    return "the relay on a core of its own, the sandbox and the seats on the others"


def load() -> str:
    return f"{psutil.getloadavg()[0]:.1f} on {psutil.cpu_count()} cores"


def polled(room: Classroom, name: str, seconds: float, port: int) -> list[tuple[float, float]]:
    """The seconds that each look of one seat took, and one at the bare server; they begin one after the other, as people do."""
    took: list[tuple[float, float]] = []
    chance = random.Random(name)
    time.sleep(chance.uniform(0, 10))
    line = http.client.HTTPConnection("127.0.0.1", room.port, timeout=60)
    bare = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {room.tokens[name]}", "Content-Type": "application/json", "X-Fox-Take": "1"}

    def ask(method: str, path: str, body: Any = None) -> Any:
        line.request(method, path, json.dumps(body) if body else None, headers)
        return json.loads(line.getresponse().read())

    end = time.monotonic() + seconds
    for number in itertools.count():
        state = ask("POST", "/v1/images/generations", {"model": "phota-image", "prompt": f"{name}, {number}"})
        estimate, accepted = state["task_info"].get("estimated_time", 30.0), time.monotonic()
        while state["status"] not in {"completed", "failed"}:
            waited = time.monotonic() - accepted
            time.sleep(next_poll(waited, estimate, Polling(), chance) - waited)
            if time.monotonic() > end:
                return took
            begun = time.perf_counter()
            state = ask("GET", f"/v1/tasks/{state['id']}")
            answered = time.perf_counter()
            bare.request("GET", "/")
            bare.getresponse().read()
            took.append((answered - begun, time.perf_counter() - answered))
    return took
