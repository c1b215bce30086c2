"""Picture grid: 64 results of 4096 px in one output: bytes in the notebook, seconds until all are seen, kernel memory."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from bench.pages import peak, pictures_seen, resident, run_until
from bench.rows import Row, Table, seconds, size
from bench.stores import photographs, results
from bench.surroundings import Surroundings
from kernels import notebook
from lab import NotebookPage

MODEL = "phota-image"
PROMPTS = [f"a fox, number {number}" for number in range(8)]
TAKES = 8
PEERS_TAKE = 4
MOST_BYTES, MOST_MEMORY = 3_000_000, 200_000_000
MOST_COLD, MOST_STORED = 1 / 4, 1 / 20

_OURS = f"""import fox_nb
fox = fox_nb.Fox()
fox.sweep({MODEL!r}, prompt={PROMPTS!r}, resolution="4K", takes={TAKES})"""
_PLOT = """from glob import glob
import ipyplot
ipyplot.plot_images(sorted(glob("*.png")), max_images=64, img_width=180, force_b64={embedded})"""
_WIDGETS = """from glob import glob
from pathlib import Path
import ipywidgets
ipywidgets.GridBox([ipywidgets.Image(value=Path(path).read_bytes(), format="png", width=180) for path in sorted(glob("*.png"))],
                   layout=ipywidgets.Layout(grid_template_columns="repeat(8, 180px)"))"""
_STATE = "len(__import__('json').dumps(ipywidgets.Widget.get_manager_state()))"


@dataclass(frozen=True)
class _Found:
    took: float
    saved: int
    memory: int
    state: int = 0

    def extended(self, one: _Found, taken: int, count: int) -> _Found:
        """What `count` pictures take, on the straight line through one picture and the `taken` ones of this."""

        def along(few: float, many: float) -> float:
            return many + (many - few) / (taken - 1) * (count - taken)

        return _Found(
            along(one.took, self.took),
            round(along(one.saved, self.saved)),
            round(along(one.memory, self.memory)),
            round(along(one.state, self.state)),
        )


def measure(surroundings: Surroundings) -> Table:
    count = len(PROMPTS) * TAKES
    side = surroundings.sized(4096, 2048)
    folder = surroundings.folder("photographs")
    originals = photographs(folder, PEERS_TAKE, side)
    cold, stored = _ours(surroundings, originals, count)
    plot = _peer(surroundings, originals, _PLOT.format(embedded=True), count)
    links = _peer(surroundings, originals, _PLOT.format(embedded=False), count)
    widgets = _peer(surroundings, originals, _WIDGETS, count, state=True)
    saved = f"ipyplot {size(plot.saved)}; by links, without pictures in it, {size(links.saved)}; Image widgets "
    saved += f"{size(widgets.state)} where widget state is saved, {size(widgets.saved)} and no picture where not"
    rows = [
        _row(
            "bytes in the saved notebook",
            stored.saved,
            plot.saved,
            saved,
            "at most 3 MB",
            size,
            stored.saved <= MOST_BYTES,
        ),
        _timed("seconds until all are seen, no thumbnail stored", cold, plot, links, widgets, MOST_COLD),
        _timed("the same, thumbnails stored", stored, plot, links, widgets, MOST_STORED),
        _memory("kernel memory above idle, no thumbnail stored", cold, plot, widgets),
        _memory("the same, thumbnails stored", stored, plot, widgets),
    ]
    how = (
        f"{count} PNGs of {side} px, {size(originals[0].stat().st_size)} each, as a sweep of 8 by 8 shows them, in fresh kernels; "
        "from 'Run', imports included, until every picture is decoded in the page; memory is the kernel's peak above its "
        f"size when idle. Beside it the same files: `ipyplot.plot_images` with the pictures in the page (`force_b64`) and by "
        f"links, and `ipywidgets.Image` in a GridBox; measured with 1 and with {PEERS_TAKE} pictures, and extended to {count} as a "
        "straight line."
    )
    return Table(f"A grid of {count} results", how, rows)


def _row(what, ours, peer, beside, goal, unit, met) -> Row:
    return Row(what, unit(ours), beside, ours / peer, goal, met)


def _timed(what: str, ours: _Found, plot: _Found, links: _Found, widgets: _Found, most: float) -> Row:
    beside = f"ipyplot {seconds(plot.took)}; by links {seconds(links.took)}; Image widgets {seconds(widgets.took)}"
    ratio = ours.took / plot.took
    return Row(what, seconds(ours.took), beside, ratio, f"at most 1/{1 / most:g} of ipyplot's", ratio <= most)


def _memory(what: str, ours: _Found, plot: _Found, widgets: _Found) -> Row:
    beside = f"ipyplot {size(plot.memory)}; Image widgets {size(widgets.memory)}"
    return Row(what, size(ours.memory), beside, ours.memory / plot.memory, "at most 200 MB", ours.memory <= MOST_MEMORY)


def _ours(surroundings: Surroundings, originals: list[Path], count: int) -> tuple[_Found, _Found]:
    with surroundings.sandbox(50) as gateway:
        page = surroundings.lab.open(notebook(_OURS), env=gateway.kernel)
        fox = gateway.fox(page.folder / "fox_runs")
        cells = [{"prompt": prompt, "resolution": "4K"} for prompt in PROMPTS]
        assert results(fox, MODEL, cells, TAKES, originals) == count
        fox.close()
        cold = _seen(page, count, least=100)
        page.page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        page.restart_kernel()
        stored = _seen(page, count, least=100)
        page.close()
        shutil.rmtree(page.folder)
    return cold, stored


def _peer(surroundings: Surroundings, files: list[Path], code: str, count: int, *, state: bool = False) -> _Found:
    found = []
    for taken in (1, len(files)):
        page = surroundings.lab.open(notebook(code), env=surroundings.peer_kernel())
        for file in files[:taken]:
            os.link(file, page.folder / file.name)
        found.append(_seen(page, taken, least=1000, state=state))
        page.close()
        shutil.rmtree(page.folder)
    return found[1].extended(found[0], len(files), count)


def _seen(page: NotebookPage, count: int, *, least: int, state: bool = False) -> _Found:
    pid = page.kernel_pid()
    idle = resident(pid)
    took = run_until(page, pictures_seen(count, least))
    page.wait_idle(seconds=600)
    kept = int(page.kernel_value(_STATE)) if state else 0
    page.save()
    page.wait_for("() => !window.foxTestNotebook.context.model.dirty")
    return _Found(took, page.path.stat().st_size, peak(pid) - idle, kept)
