"""Pages: a sweep as the static HTML that stays in the notebook: its plan, how far it is, and its grid."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING

from fox_nb.display.notebook import ticking
from fox_nb.display.places import in_notebook
from fox_nb.experiments import look, spread
from fox_nb.experiments.axes import steps
from fox_nb.render.html import bdi, clock, day, duration, escape, facts_line, frame, head, note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fox_nb.experiments.grid import Sweep
    from fox_nb.experiments.plan import PlannedCell
    from fox_nb.render.comparison import Comparison

_LARGEST_MAP = 16
_MARKS = {"done": "made", "running": "under way", "failed": "failed", "pending": "new"}
_MAP_STYLE = (
    "<style>.fox-nb.fox-nb .fx-map{width:auto;margin:6px 0 8px}"
    ".fox-nb.fox-nb .fx-map :is(th,td){padding:3px 10px;text-align:center;max-width:140px;white-space:normal}"
    ".fox-nb.fox-nb .fx-map tbody th{text-align:right}"
    ".fox-nb.fox-nb .fx-map td{border:1px solid var(--l)}"
    ".fox-nb.fox-nb .fx-map .fx-made{background:color-mix(in srgb,var(--a) 22%,transparent)}"
    ".fox-nb.fox-nb .fx-map .fx-failed{background:color-mix(in srgb,var(--e) 22%,transparent)}</style>"
)


def plan_page(sweep: Sweep) -> str:
    """Say what a run makes and costs, and draw the grid's shape."""
    plan = sweep.plan
    rows, columns = plan.shape
    facts = [
        ("Grid", f"{rows} by {columns}"),
        ("Pictures", str(plan.pictures)),
        ("Paid for already", str(plan.paid_already)),
    ]
    if plan.missing:
        facts += [("To make", str(sum(slot.request.outputs for slot in plan.missing))), ("May cost", str(sweep.cost))]
        facts += [("About", duration(sweep.seconds))]
    left = sweep.session.left
    if left is not None and plan.missing:
        facts.append(("Left of the budget", str(left)))
    short = left is not None and left < sweep.cost
    return frame(
        _MAP_STYLE,
        head(look.title(sweep), sandbox=sweep.session.gateway.is_sandbox),
        facts_line(facts),
        _map(sweep),
        *(note(line) for line in _about(sweep)),
        note("The budget does not hold all of it: the run stops where it is used up." if short else ""),
    )


def _about(sweep: Sweep) -> list[str]:
    plan = sweep.plan
    axes = [axis for axis in (plan.columns, plan.rows) if axis is not None]
    lines = []
    if max(plan.shape) > _LARGEST_MAP:
        lines += [f"{axis.parameter.label}: {steps(axis.values)}" for axis in axes]
    lines += [
        f"{axis.parameter.label}: {axis.repeated} of the values given stood there already and count once."
        for axis in axes
        if axis.repeated
    ]
    if sweep.takes > 1:
        lines.append(f"{sweep.takes} takes of each setting, so that the spread is seen.")
    return lines


def _map(sweep: Sweep) -> str:
    """Draw the grid's shape: which cells are made and which are new."""
    plan = sweep.plan
    if max(plan.shape) > _LARGEST_MAP:
        return ""
    columns, rows = plan.columns, plan.rows
    heads = "".join(f'<th scope="col">{bdi(label, 60)}</th>' for label in (columns.labels if columns else [""]))
    name = bdi(columns.parameter.label) if columns else ""
    corner = f"<th>{bdi(rows.parameter.label)} ↓<br>{name} →</th>" if rows else f"<th>{name}</th>"
    labels = rows.labels if rows else [""]
    lines = "".join(
        f'<tr><th scope="row">{bdi(label, 60)}</th>{"".join(_mark(cell) for cell in line)}</tr>'
        for label, line in zip(labels, plan.cells, strict=True)
    )
    return (
        f'<div class="fx-wide"><table class="fx-map"><thead><tr>{corner}{heads}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _mark(cell: PlannedCell) -> str:
    states = [slot.state for slot in cell.slots]
    made = states.count("done")
    if len(set(states)) > 1:
        return f"<td>{made} of {len(states)}</td>"
    word = _MARKS[states[0]]
    css = {"done": ' class="fx-made"', "failed": ' class="fx-failed"'}.get(states[0], "")
    return f"<td{css}>{word}</td>"


def begun_page(sweep: Sweep) -> str:
    """Head a sweep of which something is made or under way: what it is, and what it has cost."""
    plan = sweep.plan
    facts = [("Pictures", f"{plan.count('done')} of {len(plan.slots)}"), ("Cost so far", str(plan.spent))]
    if plan.missing:
        facts.append(("The rest may cost", str(sweep.cost)))
    return frame(head(look.title(sweep), sandbox=sweep.session.gateway.is_sandbox), facts_line(facts))


def how_far(sweep: Sweep, *, left: bool = True) -> str:
    """Say how far a run is, in words that stay true; the time left only where nobody counts it down."""
    plan = sweep.plan
    done, failed, running = plan.count("done"), plan.count("failed"), plan.count("running")
    total = len(plan.slots)
    words = f"{done} of {total} done"
    words += f", {failed} failed" if failed else ""
    words += f", {running} under way" if running else ""
    if sweep.runner.running:
        words += f", about {duration(sweep.seconds)} left" if left else ""
    elif plan.missing:
        words += f", {len(plan.missing)} not sent"
    elif sweep.measuring.left:
        words += f", {sweep.measuring.left} still to be cut and measured"
    return words


def findings(sweep: Sweep, compared: Comparison) -> list[str]:
    """Say what the numbers show, and what is missing to show more."""
    cells = [cell for line in compared.cells for cell in line]
    return [line for line in (spread.words(cells), sweep.originals.trouble, sweep.measuring.trouble) if line]


def progress_page(sweep: Sweep) -> str:
    """Say how far a run is: the one bar, the time left. When it is over, the sweep with its title stands below."""
    plan = sweep.plan
    total, over = len(plan.slots), plan.count("done") + plan.count("failed")
    now = clock(datetime.now().astimezone(), seconds=True)
    bar = f'<progress max="{total}" value="{over}" aria-label="{escape(look.title(sweep), 120)}"></progress>'
    going = over < total or sweep.measuring.left
    return frame(
        head(look.title(sweep), sandbox=sweep.session.gateway.is_sandbox) if going else "",
        bar if going else "",
        f'<p class="fx-line">{escape(f"At {now}: {how_far(sweep)}." if going else f"{how_far(sweep)}.")}</p>',
        note("Run this cell again to go on; only what is missing is sent." if going else ""),
    )


def page(sweep: Sweep, *, live: bool = False) -> str:
    """Show a sweep without a kernel: its plan, or its grid when something of it is made."""
    from fox_nb.render.comparison_table import static_grid

    plan = sweep.plan
    if not plan.count("done"):
        todo = "Run this cell again for its Run button, or call .run(); what is paid for is not sent again."
        return plan_page(sweep) + frame(note(todo))
    compared = look.comparison(sweep)
    return summary_page(sweep, compared) + static_grid(compared, live=live, titled=False)


def summary_page(sweep: Sweep, compared: Comparison) -> str:
    """Stand above the grid: how much of it is made, what it cost, what its numbers show; true a year later."""
    plan, now = sweep.plan, datetime.now().astimezone()
    facts = [
        ("Pictures", f"{plan.count('done')} of {len(plan.slots)}"),
        ("Cost", str(plan.spent)),
        ("As of", f"{day(now)}, {clock(now)}"),
    ]
    if failed := plan.count("failed"):
        facts.insert(1, ("Failed", str(failed)))
    missing = len(plan.missing) + plan.count("running")
    todo = "Run this cell again to see the rest; only what is missing is sent." if missing else ""
    return frame(
        head(look.title(sweep), sandbox=sweep.session.gateway.is_sandbox),
        facts_line(facts),
        *(note(line) for line in findings(sweep, compared)),
        note(todo),
    )


@contextlib.contextmanager
def running(sweep: Sweep) -> Iterator[Callable[[], None]]:
    """Show a run while a cell waits for it: one bar, and a grid that fills; the grid is sent ever more seldom.

    An update sends a whole grid again. So it is sent when twice as many pictures are there as the last time, which
    makes all of them together no more than twice the last one. When the run is over it makes way: what shows the sweep
    then has the grid.
    """
    if not in_notebook():
        yield lambda: None
        return
    from IPython.display import HTML, display

    from fox_nb.render.comparison_table import static_grid

    with ticking(lambda: progress_page(sweep)) as tick:
        place = display(HTML(""), display_id=True)
        due = Doubling(sweep.plan.count("done"))

        def show() -> None:
            tick()
            if due.now(sweep.plan.count("done")):
                place.update(HTML(static_grid(look.comparison(sweep), titled=False)))

        try:
            yield show
        finally:
            place.update(HTML(""))


class Doubling:
    """Says when it is time to send a grid again: when twice as many pictures are there as the last time."""

    def __init__(self, done: int) -> None:
        self._next = max(1, 2 * done)

    def now(self, done: int) -> bool:
        """Return True when enough is new, and wait for twice as much from then on."""
        if done < self._next:
            return False
        self._next = 2 * done
        return True
