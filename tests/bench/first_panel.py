"""First panel: from a fresh kernel's first import to controls that can be seen, in JupyterLab in Chromium, in turn."""

from __future__ import annotations

from bench.pages import run_until
from bench.rows import Row, Table, median, seconds
from bench.surroundings import Surroundings
from kernels import notebook
from lab import NotebookPage

MOST = 1.1
_OURS = """import fox_nb
panel = fox_nb.Fox().panel("phota-image")
panel"""
_COUNT = 10
"""Widgets of the plain box: as many as the panel's parts, prompt to results."""
_PLAIN = """import ipywidgets, pydantic
kinds = [ipywidgets.Textarea, ipywidgets.Dropdown, ipywidgets.IntText, ipywidgets.FloatSlider, ipywidgets.HTML]
ipywidgets.VBox([*(kinds[number % 5]() for number in range({count} - 1)), ipywidgets.Button(description="Generate")])"""
_LEAST = """import anywidget, ipywidgets
class Control(anywidget.AnyWidget):
    _esm = "export default { render({ el }) { el.append(Object.assign(document.createElement('button'), { textContent: 'Generate' })); } };"
ipywidgets.VBox([Control(), ipywidgets.HTML()])"""
_SEEN = """() => [...document.querySelectorAll('.jp-OutputArea button')].some(
    button => button.textContent.includes('Generate') && button.checkVisibility() && button.getBoundingClientRect().height > 10)"""


def measure(surroundings: Surroundings) -> Table:
    turns = surroundings.sized(9, 4)
    ours = surroundings.lab.open(notebook(_OURS))
    _fresh(ours)
    plain = surroundings.lab.open(notebook(_PLAIN.format(count=_COUNT)))
    least = surroundings.lab.open(notebook(_LEAST))
    pages = (ours, plain, least)
    for page in pages[1:]:
        _fresh(page)
    found = [[_fresh(page) for page in pages] for _ in range(turns)]
    for page in pages:
        page.close()
    panel, beside, bare = (median(times) for times in zip(*found, strict=True))
    ratio = median([a / b for a, b, _ in found])
    peer = f"`import ipywidgets, pydantic` and {_COUNT} plain widgets: {seconds(beside)}"
    rows = [
        Row("a kernel's first panel, from import", seconds(panel), peer, ratio, f"at most {MOST:g}", ratio <= MOST),
        Row(
            "the least that a panel with an anywidget takes",
            seconds(bare),
            f"the same: {seconds(beside)}",
            median([c / b for _, b, c in found]),
        ),
    ]
    how = (
        f"From 'Run' in a fresh kernel until Generate is on the screen; medians of {turns} turns in three open pages, after one "
        "run of each."
    )
    note = "The second line is nothing of fox_nb: one anywidget of one line, and one plain widget."
    return Table("The first panel", how, rows, [note])


def _fresh(page: NotebookPage) -> float:
    """Seconds from Run to the controls, in a kernel that has imported nothing."""
    page.page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    page.page.bring_to_front()
    page.restart_kernel()
    return run_until(page, _SEEN)
