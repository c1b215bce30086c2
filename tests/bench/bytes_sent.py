"""Bytes sent: what the browser is sent for the first view of a 5 by 5 comparison at 4K, and for a panel with 20 landings."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from bench.pages import Traffic, run_until
from bench.rows import Row, Table, size
from bench.stores import photographs, results
from bench.surroundings import Surroundings
from fox_nb.panels.record import SHOWN
from kernels import notebook

MOST = 1_500_000
FIVE = 5
PEERS_TAKE = 4

_COMPARED = f"""import fox_nb
fox = fox_nb.Fox()
fox.sweep("phota-image", prompt={[f"a fox, number {n}" for n in range(FIVE)]!r},
          aspect_ratio=["1:1", "4:3", "3:4", "16:9", "9:16"], resolution="4K")"""
_WIDGETS = """from glob import glob
from pathlib import Path
import ipywidgets
ipywidgets.GridBox([ipywidgets.Image(value=Path(path).read_bytes(), format="png", width=180) for path in sorted(glob("*.png"))])"""
_LANDINGS = """import fox_nb
fox = fox_nb.Fox()
panel = fox.panel("phota-image")
panel"""
_PRESS = "[panel.follow(fox.generate(f'a fox, number {{number}}')) for number in range({count})] and None"
_REDRAWN = """from base64 import b64encode
from IPython.display import HTML, display
import fox_nb
fox = fox_nb.Fox()
pictures = [task.images[0].thumbnail(512) for task in fox.tasks(limit={count})]
shown = display(HTML(""), display_id=True)
for number in range(len(pictures)):
    shown.update(HTML("".join(f'<img width=180 src="data:image/webp;base64,{{b64encode(one).decode()}}">'
                              for one in pictures[:number + 1])))"""
_QUIET = """() => [...document.querySelectorAll('.jp-OutputArea-output img')].filter(img => img.complete && img.naturalWidth).length
    >= {count}"""


def measure(surroundings: Surroundings) -> Table:
    traffic = Traffic(surroundings.context)
    side = surroundings.sized(4096, 1024)
    originals = photographs(surroundings.folder("compared"), PEERS_TAKE, side)
    compared = _compared(surroundings, traffic, originals)
    widgets = _widgets(surroundings, traffic, originals) * FIVE**2 / PEERS_TAKE
    count = surroundings.sized(20, 4)
    panel, sent, redrawn = _panel(surroundings, traffic, count)
    twice = len(sent) - len(set(sent))
    rows = [
        Row(
            f"the first view of {FIVE} by {FIVE} pictures of {side} px",
            size(compared),
            f"25 `ipywidgets.Image` ({PEERS_TAKE}, scaled): {size(widgets)}",
            compared / widgets,
            "at most 1.5 MB",
            compared <= MOST,
        ),
        Row(
            f"a panel with {count} landings: pictures sent",
            f"{len(sent)} ({len(set(sent))} different)",
            f"one grid that is updated at each landing: {count * (count + 1) // 2}",
            len(sent) / (count * (count + 1) / 2),
            "each once",
            twice == 0 and len(sent) <= count,
        ),
        Row(f"a panel with {count} landings: bytes", size(panel), f"that grid: {size(redrawn)}", panel / redrawn),
    ]
    how = (
        "All that the page's websockets receive from 'Run' on, the kernel's own messages included, until all pictures are "
        "there and nothing has come for two seconds."
    )
    return Table("What is sent to the browser", how, rows)


def _compared(surroundings: Surroundings, traffic: Traffic, originals: list[Path]) -> int:
    with surroundings.sandbox(50) as gateway:
        page = surroundings.lab.open(notebook(_COMPARED), env=gateway.kernel)
        fox = gateway.fox(page.folder / "fox_runs")
        cells = [
            {"prompt": f"a fox, number {number}", "aspect_ratio": ratio, "resolution": "4K"}
            for ratio in ("1:1", "4:3", "3:4", "16:9", "9:16")
            for number in range(FIVE)
        ]
        results(fox, "phota-image", cells, 1, originals)
        fox.close()
        sent = _run(page, traffic, FIVE**2)
        page.close()
        shutil.rmtree(page.folder)
    return sent


def _widgets(surroundings: Surroundings, traffic: Traffic, originals: list[Path]) -> int:
    page = surroundings.lab.open(notebook(_WIDGETS), env=surroundings.peer_kernel())
    for file in originals:
        os.link(file, page.folder / file.name)
    sent = _run(page, traffic, len(originals))
    page.close()
    return sent


def _panel(surroundings: Surroundings, traffic: Traffic, count: int) -> tuple[int, list[str], int]:
    with surroundings.sandbox(50) as gateway:
        page = surroundings.lab.open(notebook(_LANDINGS, _PRESS.format(count=count)), env=gateway.kernel)
        _run(page, traffic, 2 * min(count, SHOWN))
        page.save()
        sent, pictures = traffic.bytes, traffic.pictures()
        page.close()
        redraw = surroundings.lab.open(notebook(_REDRAWN.format(count=count)), env=gateway.kernel)
        shutil.copytree(page.folder / "fox_runs", redraw.folder / "fox_runs", dirs_exist_ok=True)
        redrawn = _run(redraw, traffic, count)
        redraw.close()
    return sent, pictures, redrawn


def _run(page, traffic: Traffic, pictures: int) -> int:
    """Run all cells until so many pictures are there and it is quiet; return the bytes that came."""
    traffic.clear()
    run_until(page, _QUIET.format(count=pictures))
    page.wait_idle()
    came = -1
    while came != traffic.bytes:
        came = traffic.bytes
        page.page.wait_for_timeout(2000)
    return came
