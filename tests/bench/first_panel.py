"""First panel: from a fresh kernel's first import to controls that can be seen, in JupyterLab in Chromium, in pairs."""

from __future__ import annotations

from bench.pages import run_until
from bench.rows import Row, Table, median, seconds
from bench.surroundings import Surroundings
from kernels import notebook
from lab import NotebookPage

MOST = 1.3
_OURS = """import fox_nb
panel = fox_nb.Fox().panel("phota-image")
panel"""
_COUNT = (
    "(lambda count: count(count, panel.widget))(lambda count, widget: "
    "sum(count(count, child) for child in getattr(widget, 'children', ())) or 1)"
)
_PLAIN = """import ipywidgets, pydantic
kinds = [ipywidgets.Textarea, ipywidgets.Dropdown, ipywidgets.IntText, ipywidgets.FloatSlider, ipywidgets.HTML]
ipywidgets.VBox([*(kinds[number % 5]() for number in range({count} - 1)), ipywidgets.Button(description="Generate")])"""
_SEEN = """() => [...document.querySelectorAll('.jp-OutputArea button')].some(
    button => button.textContent.includes('Generate') && button.checkVisibility() && button.getBoundingClientRect().height > 10)"""


def measure(surroundings: Surroundings) -> Table:
    pairs = surroundings.sized(11, 5)
    ours = surroundings.lab.open(notebook(_OURS))
    _fresh(ours)
    count = int(ours.kernel_value(_COUNT))
    plain = surroundings.lab.open(notebook(_PLAIN.format(count=count)))
    _fresh(plain)
    found = [(_fresh(ours), _fresh(plain)) for _ in range(pairs)]
    ours.close()
    plain.close()
    mine, theirs = median([a for a, _ in found]), median([b for _, b in found])
    ratio = median([a / b for a, b in found])
    beside = f"`import ipywidgets, pydantic` and {count} plain widgets: {seconds(theirs)}"
    rows = [
        Row("a kernel's first panel, from import", seconds(mine), beside, ratio, f"at most {MOST:g}", ratio <= MOST)
    ]
    how = (
        f"From 'Run' in a fresh kernel until Generate is on the screen; medians of {pairs} pairs in two open pages, after one "
        "run of each."
    )
    return Table("The first panel", how, rows)


def _fresh(page: NotebookPage) -> float:
    """Seconds from Run to the controls, in a kernel that has imported nothing."""
    page.page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    page.page.bring_to_front()
    page.restart_kernel()
    return run_until(page, _SEEN)
