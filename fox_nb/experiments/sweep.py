"""Sweep: pictures by any number of axes, looked at, measured, taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fox_nb.experiments import pages, sweep_frame
from fox_nb.experiments.axes import sameness
from fox_nb.experiments.compared import Compared
from fox_nb.experiments.experiment import Experiment
from fox_nb.experiments.measuring import Measured, MeasuringPool
from fox_nb.experiments.originals import Originals
from fox_nb.experiments.picture_files import result
from fox_nb.experiments.plan_file import sweep_words
from fox_nb.experiments.sweep_plan import SweepPlan
from fox_nb.render.comparison import Axis, ComparedPicture, Comparison
from fox_nb.render.comparison_kept import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd

    from fox_nb.experiments.plan import PlannedCell, Slot
    from fox_nb.session import Image, Session, Task


class Sweep(Compared, Experiment):
    """Any number of parameters varied; nothing is sent until `run`.

    Parameters
    ----------
    session : Session
        What sends and watches.
    model : str or list of str
        The gateway's name of the model; several are an axis.
    given : mapping
        Parameters; the first list makes the columns, the second the rows, each further one is chosen from.
    takes : int
        Pictures from each setting: one cannot tell a setting's effect from chance.
    take : int
        The first of them.
    original
        What the pictures are compared with; by default the picture that the model was given.
    **options
        ``at_once``, ``per_second``, ``ask_above`` and ``show``, as `Experiment` takes them.
    """

    kind = "sweep"
    plan: SweepPlan

    def __init__(
        self,
        session: Session,
        model: Any,
        given: Mapping[str, Any],
        *,
        takes: int = 1,
        take: int = 1,
        original: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(session, SweepPlan(session, model, given, takes, take), **options)
        self.originals = Originals(session, original)
        pictures = [axis for axis in self.plan.axes if axis.parameter.hint.kind == "picture"]
        self.originals_vary = original is None and any(len(axis.values) > 1 for axis in pictures)
        self._shown_by: dict[Path, set[Slot]] = {}
        """Which cells show a picture: of a thousand none is looked for at each number."""
        self.measuring = MeasuringPool(session.store.thumbnails / "numbers", self._on_measured, self.executor)

    @property
    def takes(self) -> int:
        """Pictures from each setting."""
        return len(self.plan.takes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, columns, and how many values each further axis has."""
        axes = self.plan.axes
        columns, rows, *more = [*(len(axis.values) for axis in axes), 1, 1][: max(2, len(axes))]
        return rows, columns, *more

    @property
    def title(self) -> str:
        """What varies, in a line."""
        varied = [axis.parameter.label.lower() for axis in self.plan.axes]
        *most, last = varied or ["nothing"]
        models = " and ".join(dict.fromkeys(cls.title for cls in self.plan.classes))
        about = self.plan.fixed.get("prompt")
        by = f"{', '.join(most)} and {last}" if most else last
        return f"{models} by {by}" + (f": {about}" if about else "")

    @property
    def size(self) -> tuple[str, str]:
        """Name and value of how large it is."""
        return "Grid", " by ".join(map(str, self.shape))

    @property
    def developing(self) -> int:
        """How many pictures have still to be cut and measured."""
        return self.measuring.left

    def about(self) -> list[str]:
        """Say what varies, where the plan's map does not, and which braces of the prompt are sent as they stand."""
        braces = [f"{{{name}}} is sent unchanged: {name} has no values." for name in self.plan.left_as_it_is]
        return [*pages.about_axes(self.plan), *braces]

    def findings_so_far(self) -> list[str]:
        """Say what the numbers show so far."""
        return pages.findings(self.comparison(), self.originals.trouble, self.measuring.trouble)

    def static(self, *, live: bool = False) -> str:
        """Return the grid as HTML that needs no kernel: a table for each combination of the further axes."""
        return kept(self.comparison(), live=live, titled=bool(self.plan.axes[2:]))

    def facts(self, cell: PlannedCell) -> dict[str, Any]:
        """Return what varies in a cell, the model aside, which its request names."""
        settings = {name: value for name, value in cell.settings.items() if name != "model"}
        return {"label": cell.label, **settings}

    def own_original(self, cell: PlannedCell) -> ComparedPicture | None:
        """Return what a cell was made from, where cells have different originals."""
        path = self.originals.of(type(cell.slots[0].request), cell.values) if self.originals_vary else None
        return self.originals.compared(path) if path is not None else None

    def measured(self, cell: PlannedCell, slot: Slot, image: Image) -> Measured:
        """Return the numbers of a picture that are there by now, and why some are missing."""
        return self.measuring.found(image.path, self.originals.of(type(slot.request), cell.values))

    def _words(self) -> dict[str, Any]:
        return sweep_words(self.plan, self.originals.given)

    @classmethod
    def from_words(
        cls, session: Session, words: Mapping[str, Any], changes: Mapping[str, Any], **options: Any
    ) -> Sweep:
        """Return the sweep that a plan's file means, with some of it changed."""
        changes = dict(changes)
        models = words["models"] if len(words["models"]) > 1 else words["models"][0]
        model = changes.pop("model", models)
        of_itself = {name: changes.pop(name, words[name]) for name in ("takes", "take", "original")}
        saved = {**words["fixed"], **{axis["name"]: axis["values"] for axis in words["axes"]}}
        # None takes out what is in the file: another model may lack it
        given = {name: value for name, value in {**saved, **changes}.items() if value is not None or name not in saved}
        return cls(session, model, given, **of_itself, **options)

    def _place(self, cell: PlannedCell, one_sided: set[str]) -> dict[str, Any]:
        places = zip(self.plan.axes, cell.key, strict=False)  # one cell alone has no axis
        varied = {axis.parameter.name: axis.place(at) for axis, at in places}
        # what one plan alone varies is the same where the other asks for it in all its cells, be it by default
        settings = {**self.plan.fixed, **cell.settings}
        words = {name: settings[name] for name in self.plan.own_words | {"prompt"} if name in settings}
        asked = {**cell.slots[0].request.body(), **words}
        return {**varied, **{name: sameness(asked.get(name), whole=True) for name in one_sided}}

    def _prepare(self) -> None:
        self.originals.trouble = ""  # what was missed by an earlier run may be there by now
        for slot in self.plan.slots:
            self.originals.fetch(type(slot.request), slot.values)
        self._develop(self.plan.slots)

    def _finish(self, tick: Callable[[], None]) -> None:
        self.measuring.wait(tick)

    def _develop(self, slots: list[Slot]) -> None:
        """Have those pictures cut and measured that are on the disk, and their originals cut; returns at once."""
        for slot in slots:
            if slot.state != "done" or slot.task is None:
                continue
            original = self.originals.of(type(slot.request), slot.values)
            for image in slot.task.images:
                self._shown_by.setdefault(image.path, set()).add(slot)
                self.measuring.develop(result(image, self.session.store.thumbnails), original)
            shown = self.originals.compared(original) if original is not None else None
            if shown is not None:
                self.measuring.develop(shown, None)

    def watch(self) -> None:
        """Follow what is in progress already, and measure what is made; sends nothing."""
        super().watch()
        self._develop(self.plan.slots)

    def retry(self, row: int, column: int, take: int | None = None, *further: int) -> Task | None:
        """Send one failed picture again, knowingly; the others stay as they are.

        Parameters
        ----------
        row : int
            The cell's row, from 0.
        column : int
            Its column, from 0.
        take : int, optional
            Which of its takes; the first without it.
        *further : int
            The place on each further axis, from 0.

        Raises
        ------
        FoxError
            It was not accepted.
        """
        return self.runner.again(self._slot(row, column, take, further))

    def _slot(self, row: int, column: int, take: int | None, further: tuple[int, ...]) -> Slot:
        count = len(self.plan.axes)
        place = (column, row, *further, *[0] * count)
        return self.plan.slot(self.plan.at(place[:count] if not any(place[count:]) else place), take)

    def _changed(self, slot: Slot | None) -> None:
        if slot is not None:
            self._develop([slot])
        super()._changed(slot)

    def _on_measured(self, picture: Path | None) -> None:
        slots = tuple(self._shown_by.get(picture, ())) if picture is not None else ()
        self._notify([cell for slot in slots for cell in slot.cells])

    # -- looking ----------------------------------------------------------------------------------------------------

    def comparison(self) -> Comparison:
        """Return the grid as it stands, with the numbers that are there by now, for a viewer or a page."""
        common = None if self.originals_vary else self._common_original()
        return Comparison(
            title=self.title,
            axes=[Axis(axis.parameter.label, axis.labels) for axis in self.plan.axes] or [Axis()],
            cells={cell.key or (0,): self.cell(cell) for cell in self.plan.cells},
            original=self.originals.compared(common) if common is not None else None,
            shape=_shape(self.plan.fixed.get("aspect_ratio")),
        )

    def _common_original(self) -> Path | None:
        """Return the original of all cells that have one; of several models not every one takes a picture."""
        each = (self.originals.of(type(slot.request), slot.values) for slot in self.plan.slots)
        return next((original for original in each if original is not None), None)

    def code(self, row: int, column: int, take: int | None = None, *further: int) -> str:
        """Return the call that asks for one picture of the grid again, free.

        Parameters
        ----------
        row : int
            The cell's row, from 0.
        column : int
            Its column, from 0.
        take : int, optional
            Which of its takes; the first without it.
        *further : int
            The place on each further axis, from 0.

        Raises
        ------
        InvalidRequest
            There is no such cell or take.
        """
        return self.call_of(self._slot(row, column, take, further))

    def measure(self) -> Sweep:
        """Wait until all pictures that are made are measured; numbers of an earlier run are taken from the store."""
        self._develop(self.plan.slots)
        self.measuring.wait()
        return self

    def findings(self) -> list[str]:
        """Return what the numbers show, in words; nothing is called closest that the spread can't tell apart."""
        return self.measure().findings_so_far()

    # -- taking away --------------------------------------------------------------------------------------------------

    def to_frame(self) -> pd.DataFrame:
        """Return one row a picture: settings, take, task, time, file, cost and numbers.

        Raises
        ------
        ExtraMissing
            pandas is not installed.
        """
        return sweep_frame.pictures(self.measure())

    def summary(self) -> pd.DataFrame:
        """Return one row a setting: mean and spread of each number over its takes.

        Raises
        ------
        ExtraMissing
            pandas is not installed.
        """
        return sweep_frame.summary(self.measure())


def _shape(aspect_ratio: Any) -> float:
    """Return width for height of what is to be made; 0 where the service chooses."""
    width, _, height = str(aspect_ratio or "").partition(":")
    return int(width) / int(height) if width.isdigit() and height.isdigit() and int(height) else 0.0
