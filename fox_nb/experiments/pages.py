"""Pages: an experiment as the static HTML that stays in the notebook: its plan, how far it is, what was made."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from fox_nb.display.notebook import ticking
from fox_nb.display.places import in_notebook
from fox_nb.experiments import spread
from fox_nb.experiments.axes import steps
from fox_nb.experiments.made import Made
from fox_nb.experiments.plan import UNKNOWN, Plan, PlannedCell, State, counted
from fox_nb.render.comparison import Comparison
from fox_nb.render.html import bdi, clock, day, duration, escape, facts_line, frame, head, note

_LARGEST_MAP = 16
_MOST_REASONS = 5
_MARKS = {"done": "made", "running": "in progress", "failed": "failed", "unknown": "unknown", "pending": "new"}
_MAP_STYLE = (
    "<style>.fox-nb.fox-nb .fx-map{width:auto;margin:6px 0 8px}"
    ".fox-nb.fox-nb .fx-map :is(th,td){padding:3px 10px;text-align:center;max-width:140px;white-space:normal}"
    ".fox-nb.fox-nb .fx-map tbody th{text-align:right}"
    ".fox-nb.fox-nb .fx-map td{border:1px solid var(--l)}"
    ".fox-nb.fox-nb .fx-map .fx-made{background:color-mix(in srgb,var(--a) 22%,transparent)}"
    ".fox-nb.fox-nb .fx-map .fx-failed{background:color-mix(in srgb,var(--e) 22%,transparent)}</style>"
)


def plan_page(made: Made) -> str:
    """Say what a run makes and costs, and draw what is made of it already."""
    plan = made.plan
    facts = [made.size, ("Pictures", f"{plan.pictures:,}"), ("Paid for already", f"{plan.paid_already:,}")]
    if plan.missing:
        facts += [("To make", f"{plan.to_make:,}"), ("May cost", str(made.cost)), ("About", duration(made.seconds))]
    left = made.session.left
    if left is not None and plan.missing:
        facts.append(("Left of the budget", str(left)))
    short = ""
    if left is not None and left < plan.reserved_for(plan.missing):  # more than the cost while the group is not known
        short = (
            f"The budget {'does' if left < made.cost else 'may'} not cover all of it: the run stops when it is used up."
        )
    return frame(
        _MAP_STYLE,
        head(made.title, sandbox=made.session.gateway.is_sandbox),
        facts_line(facts),
        *([_map(plan)] if _is_drawn(plan) else []),
        *(note(line) for line in [*made.about(), *_impossible(plan)]),
        note(short),
    )


def about_axes(plan: Plan) -> list[str]:
    """Say what the axes of a plan are, where its map does not."""
    lines = []
    shown = plan.axes[2:] if _is_drawn(plan) else plan.axes
    lines += [f"{axis.parameter.label}: {steps(axis.labels)}" for axis in shown]
    lines += [
        f"{axis.parameter.label}: {axis.repeated} of the values were given twice and count once."
        for axis in plan.axes
        if axis.repeated
    ]
    if len(plan.takes) > 1:
        lines.append(f"{len(plan.takes)} variations of each setting, to see how much varies.")
    return lines


def _impossible(plan: Plan) -> list[str]:
    """Say how many cells can't be made, and why; equal reasons once."""
    cells = plan.impossible
    if not cells:
        return []
    why = Counter(cell.impossible for cell in cells).most_common(_MOST_REASONS)
    many = f"{len(cells):,} of {len(plan.cells):,} combinations can't be made and cost nothing."
    return [many, *(f"{count:,}: {reason}" for reason, count in why)]


def _is_drawn(plan: Plan) -> bool:
    return bool(plan.axes) and max(len(axis.values) for axis in plan.axes[:2]) <= _LARGEST_MAP


def _map(plan: Plan) -> str:
    """Draw the grid's shape along its first two axes: which cells are made and which are new."""
    columns, rows = [*plan.axes, None][:2]
    assert columns is not None  # noqa: S101 - what has no axis is not drawn
    heads = "".join(f'<th scope="col">{bdi(label, 60)}</th>' for label in columns.labels)
    name = bdi(columns.parameter.label)
    corner = f"<th>{bdi(rows.parameter.label)} ↓<br>{name} →</th>" if rows else f"<th>{name}</th>"
    shown: dict[tuple[int, int], list[PlannedCell]] = {}
    for cell in plan.cells:
        column, row = [*cell.key, 0][:2]
        shown.setdefault((row, column), []).append(cell)
    lines = "".join(
        f'<tr><th scope="row">{bdi(label, 60)}</th>'
        f"{''.join(_mark(shown[row, column]) for column in range(len(columns.values)))}</tr>"
        for row, label in enumerate(rows.labels if rows else [""])
    )
    return (
        f'<div class="fx-wide"><table class="fx-map"><thead><tr>{corner}{heads}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _mark(cells: list[PlannedCell]) -> str:
    counts = counted(slot for cell in cells for slot in cell.slots)
    if not counts:
        return "<td>can't be made</td>"
    if len(counts) > 1:
        return f"<td>{counts['done']} of {counts.total()}</td>"
    (state,) = counts
    css = {"done": "fx-made", "failed": "fx-failed", "unknown": "fx-failed"}.get(state)
    return f'<td class="{css}">{_MARKS[state]}</td>' if css else f"<td>{_MARKS[state]}</td>"


def begun_page(made: Made) -> str:
    """Head what is made in part or under way: what it is, and what it has cost."""
    plan = made.plan
    facts = [("Pictures", f"{plan.count('done'):,} of {plan.pictures:,}"), ("Cost so far", str(plan.spent))]
    if plan.missing:
        facts.append(("The rest may cost", str(made.cost)))
    return frame(head(made.title, sandbox=made.session.gateway.is_sandbox), facts_line(facts))


def how_far(made: Made, *, left: bool = True) -> str:
    """Say how far a run is, in words that stay true; the time left only where nobody counts it down."""
    plan, counts = made.plan, made.plan.counts()
    failed, running = counts["failed"], counts["running"]
    words = f"{counts['done']:,} of {plan.pictures:,} done"
    words += f", {failed:,} failed" if failed else ""
    words += f", {counts['unknown']:,} {UNKNOWN}" if counts["unknown"] else ""
    words += f", {running:,} in progress" if running else ""
    if made.runner.running:
        words += f", about {duration(made.seconds)} left" if left else ""
    elif plan.missing:
        words += f", {plan.to_make:,} not sent"
    elif made.developing:
        words += f", {made.developing} still being prepared"
    return words


def findings(compared: Comparison, *troubles: str) -> list[str]:
    """Say what the numbers show, and what is missing to show more."""
    cells = [cell for _, cell in compared.in_order()]
    finding = spread.words(cells)
    if len(compared.originals()) > 1 and finding:  # a number against one says nothing beside one against another
        finding = "The pictures have different originals, each measured against its own: no setting is called closest."
    return [line for line in (finding, *troubles) if line]


def over_of(counts: Counter[State]) -> int:
    """Return how many pictures nothing more comes of by itself."""
    return counts["done"] + counts["failed"] + counts["unknown"]


def progress_page(made: Made) -> str:
    """Say how far a run is: the one bar, the time left. When it is over, what was made stands below."""
    counts = made.plan.counts()
    total, over = counts.total(), over_of(counts)
    now = clock(datetime.now().astimezone(), seconds=True)
    bar = f'<progress max="{total}" value="{over}" aria-label="{escape(made.title, 120)}"></progress>'
    going = over < total or made.developing
    return frame(
        head(made.title, sandbox=made.session.gateway.is_sandbox) if going else "",
        bar if going else "",
        f'<p class="fx-line">{escape(f"At {now}: {how_far(made)}." if going else f"{how_far(made)}.")}</p>',
        note("Run this cell again to go on; only what is missing is sent." if going else ""),
    )


def page(made: Made, *, live: bool = False, at: datetime | None = None) -> str:
    """Show it without a kernel: its plan, or its pictures when something of it is made; `at` as of `summary_page`."""
    if not made.plan.count("done"):
        todo = "Run this cell again for its Run button, or call .run()" if in_notebook() else "Call .run()"
        todo += "; what is paid for is not sent again."
        return plan_page(made) + frame(note(todo))
    return summary_page(made, at) + made.static(live=live)


def summary_page(made: Made, at: datetime | None = None) -> str:
    """Stand above the pictures: how many are made, what they cost, what their numbers show; true a year later.

    `at` is when anything of it has last changed, where that is known; else it is as of now.
    """
    plan, now, counts = made.plan, at or datetime.now().astimezone(), made.plan.counts()
    facts = [
        ("Pictures", f"{counts['done']:,} of {plan.pictures:,}"),
        ("Cost", str(plan.spent)),
        ("As of", f"{day(now)}, {clock(now)}"),
    ]
    if failed := counts["failed"]:
        facts.insert(1, ("Failed", f"{failed:,}"))
    if unknown := counts["unknown"]:
        facts.insert(-2, ("Unknown", f"{unknown:,}, may be paid"))
    missing = counts["pending"] + counts["running"]
    todo = "Run this cell again to see the rest; only what is missing is sent." if missing else ""
    return frame(
        head(made.title, sandbox=made.session.gateway.is_sandbox),
        facts_line(facts),
        *(note(line) for line in [*made.findings_so_far(), *_impossible(plan)]),
        note(todo),
    )


@contextlib.contextmanager
def running(made: Made) -> Iterator[Callable[[], None]]:
    """Show a run while a cell waits for it: one bar, and pictures that fill in; these are sent ever more seldom.

    An update sends all pictures again. So it is sent when twice as many are there as the last time, which makes all of
    them together no more than twice the last one. When the run is over it makes way: what shows it then has them.
    """
    if not in_notebook():
        yield lambda: None
        return
    from IPython.display import HTML, display

    with ticking(lambda: progress_page(made)) as tick:
        place = display(HTML(""), display_id=True)
        due = Doubling(made.plan.count("done"))

        def show() -> None:
            tick()
            if due.now(made.plan.count("done")):
                place.update(HTML(made.static()))

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
