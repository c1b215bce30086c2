"""Busy kernel: round trips of `1+1` while 200 tasks are watched, beside an idle kernel and replicate's asynchronous client."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from bench.peer_servers import Replicate
from bench.rows import Row, Table, seconds
from bench.surroundings import Surroundings
from fox_nb.settings import Polling

MOST = 0.05
_WATCH = """import fox_nb
fox = fox_nb.Fox()
panel = fox.panel("phota-image")
display(panel)
tasks = fox.resume()
assert len(tasks) == {count}, len(tasks)"""
_REPLICATE = """import asyncio, replicate
client = replicate.Client("key", base_url={url!r})
async def one(number):
    made = await client.models.predictions.async_create(("fox", "paint"), input={{"prompt": str(number)}})
    await made.async_wait()
tasks = [asyncio.ensure_future(one(number)) for number in range({count})]"""


def measure(surroundings: Surroundings) -> Table:
    count = surroundings.sized(200, 20)
    trips = surroundings.sized(300, 60)
    with surroundings.sandbox(50) as gateway:
        gateway.misbehave("stuck", times=count, progress=40)
        folder = surroundings.folder("busy")
        fox = gateway.fox(folder / "fox_runs", Polling(first_looks=(3600.0,), at_least=3600.0))
        for number in range(count):
            fox.generate(f"a fox, number {number}")
        fox.close()
        with kernel(surroundings, folder, env=gateway.kernel) as client:
            idle = round_trips(client, trips)
            client.execute_interactive(_WATCH.format(count=count), timeout=120, output_hook=_no_output)
            ours = round_trips(client, trips)
    with Replicate(lasts=3600) as server, kernel(surroundings, folder, python=surroundings.peers_python) as client:
        client.execute_interactive(_REPLICATE.format(url=server.url, count=count), timeout=120, output_hook=_no_output)
        theirs = round_trips(client, trips)
    beside = f"idle {_words(idle)}; {count} `async_wait` of replicate in the kernel's loop {_words(theirs)}"
    rows = [
        Row(
            f"`1+1` while {count} tasks are watched",
            _words(ours),
            beside,
            _p95(ours) / _p95(idle),
            "95th percentile at most 50 ms",
            _p95(ours) <= MOST,
        )
    ]
    how = (
        f"Round trips in a real ipykernel, {trips} of them, one every 50 ms; the tasks are under way at the sandbox (which Fox() "
        "asks up to 20 times a second), resumed in a panel that is shown. The ratio is to the idle kernel."
    )
    return Table("The kernel while tasks are watched", how, rows)


@contextmanager
def kernel(
    surroundings: Surroundings, folder: Path, *, python: Path | None = None, env: dict[str, str] | None = None
) -> Iterator[BlockingKernelClient]:
    """A real kernel of this environment, or of another Python."""
    manager = KernelManager()
    spec = manager.kernel_spec
    assert spec is not None
    if python is not None:
        spec.argv[0] = str(python)
    environment = {**surroundings.environment, **(env or {})}
    manager.start_kernel(cwd=str(folder), env=environment, stderr=subprocess.DEVNULL)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def round_trips(client: BlockingKernelClient, count: int) -> list[float]:
    """Seconds from sending `1+1` to its reply, so many times."""
    found = []
    for _ in range(count):
        start = time.perf_counter()
        sent = client.execute("1+1", store_history=False)
        while client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != sent:
            pass
        found.append(time.perf_counter() - start)
        _drop(client)
        time.sleep(0.05)
    return found


def _drop(client: BlockingKernelClient) -> None:
    while client.iopub_channel.msg_ready():
        client.get_iopub_msg(timeout=1)


def _no_output(_message: object) -> None:
    """What a kernel prints is not looked at."""


def _p95(found: list[float]) -> float:
    return statistics.quantiles(found, n=20)[-1]


def _words(found: list[float]) -> str:
    return f"{seconds(statistics.median(found))} (95 %: {seconds(_p95(found))})"
