"""Experiment: a plan in the hand, whatever made it: what it costs, run, paused, tried again, taken away."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Self

from fox_nb.display.places import Shown
from fox_nb.errors import NOTHING_SENT, ConfirmationNeeded, FoxError, InvalidRequest
from fox_nb.experiments import export, pages
from fox_nb.experiments.made import Made
from fox_nb.experiments.measuring import checked
from fox_nb.experiments.plan import UNKNOWN, Plan, PlannedCell, Slot
from fox_nb.experiments.plan_file import save_plan
from fox_nb.experiments.runner import BY_HAND, Runner
from fox_nb.experiments.side_by_side import Pictures
from fox_nb.money import dollars
from fox_nb.parameters import as_number, shown, unboxed
from fox_nb.render.comparison import Comparison
from fox_nb.session import Cost, Session, Task
from fox_nb.session.task import listening, notify_listeners
from fox_nb.sharing import OfOneProcess

Listener = Callable[[list[PlannedCell]], None]

ASK_ABOVE = 5.0
"""USD above which a run asks once more."""
_MOST = 10**15


class Experiment(OfOneProcess, Shown, Made):
    """A plan, and the run of it; nothing is sent until `run`.

    Parameters
    ----------
    session : Session
        What sends and watches.
    plan : Plan
        What is asked for.
    at_once : int
        Tasks in progress at the gateway at a time.
    per_second : float
        Creations a second at the most.
    ask_above : float, optional
        USD above which `run` asks once more; 5 without it.
    executor : concurrent.futures.Executor, optional
        What cuts and measures the pictures; threads of this kernel without one.
    show, show_pictures : callable, optional
        Show it, and what it is laid beside, in a cell; without them static pages do.
    """

    def __init__(
        self,
        session: Session,
        plan: Plan,
        *,
        at_once: int = 4,
        per_second: float = 2.0,
        ask_above: float | None = None,
        executor: Executor | None = None,
        show: Callable[[Any], Any] | None = None,
        show_pictures: Callable[[Any], None] | None = None,
    ) -> None:
        self.session = session
        self.plan = plan
        tasks = int(_positive("at_once", at_once, whole=True))
        self.runner = Runner(plan, at_once=tasks, per_second=_positive("per_second", per_second), changed=self._changed)
        self.ask_above = _positive("ask_above", ASK_ABOVE if ask_above is None else ask_above, or_zero=True)
        self.codes: dict[Slot, str] = {}
        self.executor = checked(executor)
        self._show = show
        self._show_pictures = show_pictures
        self._listeners: list[Listener] = []

    # -- before it is paid for ------------------------------------------------------------------------------------

    @property
    def pictures(self) -> int:
        """How many pictures it has."""
        return self.plan.pictures

    @property
    def paid_already(self) -> int:
        """How many of them are paid for already: made, in progress, or failed after they were accepted."""
        return self.plan.paid_already

    @property
    def spent(self) -> Cost:
        """What those that were sent have cost so far, in USD; those that an earlier run has made, too."""
        return self.plan.spent

    # -- making ---------------------------------------------------------------------------------------------------

    def run(self, *, confirm: bool = False) -> Self:
        """Make what is missing and wait for it; an interrupt sends no more and leaves the rest going.

        Parameters
        ----------
        confirm : bool
            True sends what costs more than `ask_above`, too.

        Raises
        ------
        ConfirmationNeeded
            It costs more than `ask_above` USD; nothing was sent.
        BudgetExceeded, InsufficientBalance, FoxError
            It was stopped: by what the next request would meet as well, of that class, or by many failures in a row.
            What was downloaded is here.
        """
        return self._run(confirm=confirm, again=False)

    def retry_failed(self, *, confirm: bool = False) -> Self:
        """Send what has failed again, and nothing else, knowingly: each is charged again; then wait.

        What has an unknown fate is not among it: ``task.settle(…)`` or ``task.retry()`` decide about each. What was
        never sent is for `run`.

        Parameters
        ----------
        confirm : bool
            As in `run`.

        Raises
        ------
        FoxError
            As by `run`.
        """
        return self._run(confirm=confirm, again=True)

    def _run(self, *, confirm: bool, again: bool) -> Self:
        try:
            with pages.running(self) as tick:
                self.start(confirm=confirm, again=again)
                self.runner.wait(tick)
                self._finish(tick)
                tick()
        except KeyboardInterrupt:
            self.runner.stop("interrupted")
            raise
        if self.runner.stopped_because:
            raise self._stopped(again=again)
        return self

    def _stopped(self, *, again: bool) -> FoxError:
        """Return what has stopped the run, of the class that a call of its own would have raised."""
        left, why, error = self.plan.to_make, self.runner.stopped_because, self.runner.stopped_by
        by_hand = why in BY_HAND
        what = f"The {self.kind} was {why}." if by_hand else f"The {self.kind} was stopped: {why}"
        money = f"{left} of {self.pictures} pictures were not sent and not paid." if left else "All were sent."
        sent = "only what is missing is sent" if left else "what was accepted is fetched, and not paid again"
        call = "run it again"
        if again:
            money = "What was not sent again is not charged again."
            call, sent = "call retry_failed() again", "only what has failed is sent"
        anew = "" if by_hand else f"; where that takes a new Fox, make the {self.kind} again with it"
        todo = f"{call.capitalize() if by_hand else f'Fix the cause, then {call}'}{anew}: {sent}."
        return error.reworded(what, money=money, todo=todo) if error else FoxError(what, money=money, todo=todo)

    def start(self, *, confirm: bool = False, again: bool = False) -> None:
        """Begin in the background, as the Run button does; raises as `run`.

        Parameters
        ----------
        confirm : bool
            As in `run`.
        again : bool
            True sends what has failed again instead, and nothing else.
        """
        if not self.runner.running:
            self.plan.refresh()
        if again and (unknown := self.plan.count("unknown")):
            self.session.renderer.notify(f"{unknown:,} left alone: {UNKNOWN}.")
        wanted = self.plan.failed if again else self.plan.missing
        planned = self.plan.cost_of(wanted)
        self.session.prices.ask()
        cost = self.plan.cost_of(wanted)
        if cost != planned and not planned.is_estimate:
            self.session.renderer.notify(f"Prices have changed since the plan: {planned} then, {cost} now.")
        most = self.plan.reserved_for(wanted)  # more than the cost while the group is not known
        if most > self.ask_above and not confirm:
            count = sum(slot.request.outputs for slot in wanted)
            raise ConfirmationNeeded(
                f"This makes {count:,} picture{'s' * (count != 1)} and may cost {most}, "
                f"more than {dollars(self.ask_above)}.",
                money=NOTHING_SENT,
                todo=f"Say {'retry_failed' if again else 'run'}(confirm=True), or ask for fewer.",
            )
        self._prepare()
        self.runner.start(again=again)

    def pause(self) -> None:
        """Send nothing more for now; what is in progress is still downloaded. `run` or `start` go on with the rest."""
        self.runner.stop("paused")

    def watch(self) -> None:
        """Follow what is in progress already; sends nothing."""
        self.runner.watch()

    @property
    def tasks(self) -> list[Task]:
        """The tasks that are known, in the order in which they were asked for."""
        return self.plan.tasks

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with the cells of which something has changed; returns what ends that.

        It is called from any thread, and with no cells when the run itself has changed: begun, stopped, ended.
        """
        return listening(self._listeners, listener)

    def _changed(self, slot: Slot | None) -> None:
        self._notify(slot.cells if slot is not None else [])

    def _notify(self, cells: list[PlannedCell]) -> None:
        notify_listeners(self._listeners, cells)

    # -- what each kind does in its own way -----------------------------------------------------------------------

    kind = "experiment"

    @property
    def _in_words(self) -> str:
        """How large it is, in a line."""
        return self.size[1]

    def comparison(self) -> Comparison:
        """Return the pictures as they stand, for a viewer or a page."""
        raise NotImplementedError

    def _prepare(self) -> None:
        """Do what has to be done before anything is sent."""

    def _finish(self, tick: Callable[[], None]) -> None:
        """Wait for what is done with pictures that are on the disk."""

    # -- again ----------------------------------------------------------------------------------------------------

    def to_json(self, path: str | os.PathLike[str]) -> Path:
        """Write the plan as a file for ``fox.load_plan``; its pictures are kept in the store and stand by their hashes.

        There is no key in it, no gateway, and no path of a file.

        Parameters
        ----------
        path : path
            The JSON file; nothing but an earlier plan is replaced.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        FoxError
            It cannot be written.
        """
        return save_plan(self._words(), path)

    def against(self, baseline: Experiment) -> Pictures:
        """Lay each cell beside the same cell of another run, which it is compared with.

        Parameters
        ----------
        baseline : Sweep or Batch
            The other run: another take, another model, or another store's; `fox.load_plan` gives it from a file.

        Returns
        -------
        Pictures
            Side by side, with differences and numbers, as ``fox.compare`` gives them.

        Raises
        ------
        InvalidRequest
            The two have no cell in common that is made.
        """
        if not isinstance(baseline, Experiment):
            raise InvalidRequest(
                f"baseline is a {type(baseline).__name__}, not a run.",
                parameter="baseline",
                value=baseline,
                todo="Give a sweep or a batch: fox.load_plan(path) makes one of a file.",
            )
        mine, others = ({axis.parameter.name for axis in run.plan.axes} for run in (self, baseline))
        theirs = baseline._places(mine ^ others)
        pairs = {
            cell.key: (theirs[place], cell) for place, cell in self._places(mine ^ others).items() if place in theirs
        }
        several = max(len(self.plan.takes), len(baseline.plan.takes)) > 1
        made = {
            (at, *key, *([number] if several else [])): slot.task
            for key, pair in pairs.items()
            for at, cell in enumerate(pair)
            for number, slot in enumerate(cell.slots)
            if slot.task is not None and slot.task.images
        }
        if {place[0] for place in made} != {0, 1}:
            raise InvalidRequest(
                "There is no cell of which both runs have a picture.",
                parameter="baseline",
                value=baseline,
                todo="Run both; their labels, prompts, pictures and values have to be the same.",
            )
        axes = [(axis.parameter.label, axis.labels) for axis in self.plan.axes]
        if several:
            axes.append(("Variation", [str(n + 1) for n in range(max(len(self.plan.takes), len(baseline.plan.takes)))]))
        return Pictures(
            [("Run", ["baseline", "now"]), *axes],
            made,
            reference=(0, *(None for _ in axes)),
            title=f"{self.title}, against {baseline.title}" if baseline.title != self.title else self.title,
            session=self.session,
            executor=self.executor,
            show=self._show_pictures,
        )

    def _places(self, one_sided: set[str]) -> dict[tuple[Any, ...], PlannedCell]:
        """Return the cells by what they are found again by in another run, equal ones in their order."""
        seen: Counter[tuple[Any, ...]] = Counter()
        places = {}
        for cell in self.plan.cells:
            if not cell.impossible:
                place = tuple(sorted(self._place(cell, one_sided).items()))
                seen[place] += 1
                places[*place, seen[place]] = cell
        return places

    def _place(self, cell: PlannedCell, one_sided: set[str]) -> Mapping[str, Any]:
        """Return what a cell has of its own, alike for the same in another plan; one plan alone varies `one_sided`."""
        raise NotImplementedError

    def _words(self) -> dict[str, Any]:
        """Return what the plan's file says."""
        raise NotImplementedError

    # -- taking away ----------------------------------------------------------------------------------------------

    def save(self, folder: str | os.PathLike[str], name: str = export.NAME) -> Path:
        """Save the pictures with a ``metadata.jsonl``, as Hugging Face's `datasets` loads an image folder.

        Nothing is overwritten: where a name is taken by another file, the picture gets another one. Saved again, the
        folder has what has been made since, too.

        Parameters
        ----------
        folder : path
            Where to; made when it is not there.
        name : str
            The names of the files, from ``{index}`` (the position, from 0), ``{label}`` (the row's or the cell's own),
            ``{prompt}`` and every other column of the metadata.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        InvalidRequest
            The name asks for something that is not there.
        FoxError
            There is no picture to save, or the folder cannot be written.
        """
        return export.save(self, folder, name)

    def save_parquet(self, path: str | os.PathLike[str]) -> Path:
        """Write one Parquet file, a row a picture, its bytes in the column ``image``.

        Parameters
        ----------
        path : path
            The file; an earlier one of `save_parquet` is replaced, and no other.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ExtraMissing
            pyarrow is not installed.
        FoxError
            There is no picture to save, another file has that name, or it cannot be written.
        """
        return export.save_parquet(self, path)

    # -- looking --------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        counts = self.plan.counts()
        words = f"<{type(self).__name__} {', '.join(self.plan.models)}, {self._in_words}, "
        words += f"{self.pictures:,} picture{'s' * (self.pictures != 1)}, {counts['done']} made"
        words += f", {counts['failed']} failed" if counts["failed"] else ""
        words += f", {counts['unknown']} {UNKNOWN}" if counts["unknown"] else ""
        return words + (f", the rest may cost {self.cost}>" if self.plan.missing else ">")

    def _repr_html_(self) -> str:
        return pages.page(self)


def _positive(name: str, value: Any, *, whole: bool = False, or_zero: bool = False) -> float:
    """Return a setting of the run, or say what it may be."""
    value = unboxed(value) if whole else as_number(value)
    good = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not good or not (value >= 0 if or_zero else value > 0) or (isinstance(value, int) and value > _MOST):
        kind = "a whole number" if whole else "a number"
        least = "from 0 on" if or_zero else "above 0"
        raise InvalidRequest(f"{name} is {shown(value)}; allowed is {kind} {least}.", parameter=name, value=value)
    return float(value)
