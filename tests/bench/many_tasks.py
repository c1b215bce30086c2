"""Many tasks: 200 of 20 s each, at most 16 at once, from the first sent to the last on the disk."""

from __future__ import annotations

import subprocess
import sys

from bench.peer_servers import Fal, PeerServer, Replicate
from bench.rows import Row, Table, seconds
from bench.surroundings import Surroundings

AT_ONCE = 16
MOST = 1.05
_OURS = """import sys, time
import fox_nb
from fox_nb.settings import Polling
fox = fox_nb.Fox(polling=Polling(at_least=0.02, per_second=1000))
prompts = [f"mist, number {{number}}" for number in range({prompts})]
fox.session.prices.ask()
sweep = fox.sweep("phota-image", prompt=prompts, takes={takes}, at_once={at_once}, per_second=1000)
asked, ask = [], fox.session.client.task
fox.session.client.task = lambda *args, **options: asked.append(1) or ask(*args, **options)
start = time.perf_counter()
sweep.run(confirm=True)
took = time.perf_counter() - start
assert len([task for task in fox.tasks() if task.status == "completed"]) == {prompts} * {takes}
print(took, len(asked))"""
_REPLICATE = """import time, replicate
from concurrent.futures import ThreadPoolExecutor
client = replicate.Client("key", base_url={url!r})
def one(number):
    made = client.models.predictions.create(("fox", "paint"), input={{"prompt": str(number)}})
    made.wait()
start = time.perf_counter()
with ThreadPoolExecutor({at_once}) as pool:
    list(pool.map(one, range({count})))
print(time.perf_counter() - start)"""
_FAL = """import os, time
os.environ["FAL_KEY"] = "key"
import fal_client
from fal_client import client
client.QUEUE_URL_FORMAT = {url!r} + "/"
from concurrent.futures import ThreadPoolExecutor
start = time.perf_counter()
with ThreadPoolExecutor({at_once}) as pool:
    list(pool.map(lambda number: fal_client.subscribe("fox/paint", {{"prompt": str(number)}}), range({count})))
print(time.perf_counter() - start)"""


def measure(surroundings: Surroundings) -> Table:
    prompts, takes = 10, surroundings.sized(20, 5)
    lasts = surroundings.sized(20, 4)
    count = prompts * takes
    ours, polls = _ours(surroundings, prompts, takes, lasts)
    ideal = -(-count // AT_ONCE) * lasts
    few = 2 * AT_ONCE
    replicate, replicate_polls = _peer(surroundings, Replicate(lasts=lasts), _REPLICATE, few)
    fal, fal_polls = _peer(surroundings, Fal(lasts=lasts), _FAL, few)
    beside = (
        f"{few} tasks in threads: replicate {replicate / (2 * lasts):.3f} of their ideal with {replicate_polls:.0f} GETs "
        f"each, fal {fal / (2 * lasts):.3f} with {fal_polls:.0f}"
    )
    rows = [
        Row(
            f"{count} tasks of {lasts} s, at most {AT_ONCE} at once",
            f"{seconds(ours)} with {polls:.1f} GETs each",
            f"ideal: {ideal} s; {beside}",
            ours / ideal,
            f"at most {MOST} of the ideal",
            ours / ideal <= MOST,
        )
    ]
    how = (
        f"A sweep of {count} pictures on a sandbox in another process, from the first sent to the last proven, stored and journalled; "
        f"the ideal is {-(-count // AT_ONCE)} rounds of {lasts} s. `Polling(at_least=0.02, per_second=1000)`. The peers fetch no pictures."
    )
    return Table("Many tasks", how, rows)


def _ours(surroundings: Surroundings, prompts: int, takes: int, lasts: float) -> tuple[float, float]:
    code = _OURS.format(prompts=prompts, takes=takes, at_once=AT_ONCE)
    with surroundings.sandbox(45 / lasts) as gateway:
        environment = {**surroundings.environment, **gateway.kernel}
        took, asked = _run([sys.executable, "-c", code], environment, surroundings)
    return took, asked / (prompts * takes)


def _peer(surroundings: Surroundings, server: PeerServer, code: str, count: int) -> tuple[float, float]:
    with server:
        command = [str(surroundings.peers_python), "-c", code.format(url=server.url, at_once=AT_ONCE, count=count)]
        took, *_ = _run(command, surroundings.environment, surroundings)
        return took, server.reads / count


def _run(command: list[str], environment: dict[str, str], surroundings: Surroundings) -> list[float]:
    folder = surroundings.folder("many")
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)
    if said.returncode:
        raise RuntimeError(said.stderr)
    return [float(figure) for figure in said.stdout.splitlines()[-1].split()]
