"""Sweep plan: every combination of the values of any number of axes; what a model can't make costs nothing."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fox_nb.errors import InvalidRequest
from fox_nb.experiments.axes import PlanAxis, as_asked, axis_of, is_row
from fox_nb.experiments.plan import Plan, PlannedCell, words_of
from fox_nb.experiments.template import KEPT, filled, names_in, no_word, parameter_of
from fox_nb.images.metrics import EXPLANATIONS
from fox_nb.models import MODELS, MOST_TAKES, counted, request_class, take_number
from fox_nb.parameters import Parameter, meant_name, parameters, shown
from fox_nb.session import Session

_MOST_OF_A_CELL = 20
MOST_CELLS = 20_000
COLUMNS = frozenset(EXPLANATIONS) | {"model", "take", "status", "task_id", "seconds", "usd", "error", "file", "width"}
COLUMNS |= {"height", "note", "run", "row", "column", "picture", "index", "label", "image", "number", "file_name"}
"""Names that the tables of a sweep have of their own."""
_MODEL = parameter_of("model")._replace(options=tuple(MODELS))
"""What stands for the model where parameters are listed."""


class SweepPlan(Plan):
    """All combinations of what varies.

    Parameters
    ----------
    session : Session
        Checks, knows what is paid for, and knows prices.
    model : str or list of str
        The gateway's name of the model; several are an axis.
    given : mapping
        Parameters; each list is an axis, the first goes across, the second down. Names in braces in the prompt may
        be given, too; `{model}` is the model's.
    takes : int
        Pictures from each setting.
    take : int
        The first of them; another one makes the whole plan anew.

    Raises
    ------
    InvalidRequest
        A value is not allowed by any of the models, or there is nothing to make; nothing was sent.
    """

    def __init__(self, session: Session, model: Any, given: Mapping[str, Any], takes: int = 1, take: int = 1) -> None:
        super().__init__(session, _takes(takes, take))
        models = axis_of(_MODEL, list(model) if isinstance(model, (list, tuple)) else model)
        self.models = models.values if models is not None else (model,)
        classes = [request_class(name) for name in self.models]
        # of pyarrow's columns the plain values
        given = {name: one.to_pylist() if hasattr(one, "to_pylist") else one for name, one in given.items()}
        if isinstance(given.get("prompt"), Iterator) or is_row(given.get("prompt")):
            given["prompt"] = list(given["prompt"])
        for name in self.models:
            given = session.uploads.ready(name, given)
        self.words = {name for prompt in _prompts(given.get("prompt")) for name in names_in(prompt)} - {"prompt"}
        known: dict[str, Parameter] = {}
        for parameter in itertools.chain.from_iterable(parameters(cls) for cls in reversed(classes)):
            known[parameter.name] = parameter
        self.own_words = self.words - known.keys() - {"model"}
        self._check_names(given, known)
        known |= {name: parameter_of(name) for name in self.own_words}
        found = {name: axis for name, value in given.items() if (axis := axis_of(known[name], value)) is not None}
        self.axes = _in_order([*([models] if models is not None else []), *found.values()])
        self.fixed = {name: as_asked(known[name], value) for name, value in given.items() if name not in found}
        self.left_as_it_is = [] if self.words & {"model", *given} else sorted(self.words)
        self.cells = self._cells()
        self._refuse_what_no_model_takes()
        self._look_up()

    def _check_names(self, given: Mapping[str, Any], known: Mapping[str, Parameter]) -> None:
        names = (*known, *sorted(self.own_words - COLUMNS))
        for name in sorted(self.own_words) if self.words & {"model", *given} else ():  # else its braces are its own
            if name in KEPT - COLUMNS:
                raise no_word(name, "is a setting of the sweep itself")
            if name in COLUMNS or name.endswith(("_file_name", "_file_names")):
                raise no_word(name, "is a column of the tables that a sweep gives")
        for name in given:
            if name not in names:
                more = meant_name(name, names)
                raise InvalidRequest(
                    f"{', '.join(self.models)} has no parameter {shown(name)}; it has {', '.join(known)}, and the "
                    f"prompt has no {{{name}}}.{more}",
                    parameter=name,
                    allowed=", ".join(names),
                )

    def _cells(self) -> list[PlannedCell]:
        count = math.prod(len(axis.values) for axis in self.axes)
        if count > MOST_CELLS:
            raise InvalidRequest(
                f"These {len(self.axes)} lists make {count:,} combinations; allowed are {MOST_CELLS:,}.",
                todo="Vary fewer values, or ask for rows of your own with fox.batch(table).",
            )
        names, labels = [axis.parameter.name for axis in self.axes], [axis.labels for axis in self.axes]
        self._refused: list[tuple[PlannedCell, InvalidRequest]] = []
        cells = []
        for turned in itertools.product(*(range(len(axis.values)) for axis in reversed(self.axes))):
            key = turned[::-1]
            values = [axis.values[index] for axis, index in zip(self.axes, key, strict=True)]
            words = dict(zip(names, [axis[index] for axis, index in zip(labels, key, strict=True)], strict=True))
            cells.append(self._cell(key, dict(zip(names, values, strict=True)), words_of(words)))
        return cells

    def _cell(self, key: tuple[int, ...], settings: dict[str, Any], label: str) -> PlannedCell:
        asked = {"model": self.models[0], **self.fixed, **settings}
        words = {name: asked[name] for name in self.words & asked.keys()}
        model = asked.pop("model")
        values = {name: value for name, value in asked.items() if value is not None and name not in self.own_words}
        cell = PlannedCell(key, settings, label, values)
        try:
            if words:
                values["prompt"] = filled(values.get("prompt"), words)
            request, _ = self.session.validated(model, values)
        except InvalidRequest as error:
            cell.impossible = error.what
            self._refused.append((cell, error))
        else:
            self._ask(cell, request, self.takes)
        return cell

    def _refuse_what_no_model_takes(self) -> None:
        """Raise what is wrong with a value that none of its cells can be made with, or with all of them."""
        if not self._refused:
            return
        if len(self._refused) == len(self.cells):
            raise self._refused[0][1]
        places = {axis.parameter.name: at for at, axis in enumerate(self.axes)}
        wrong = Counter((error.parameter, cell.key[places[error.parameter]])
                        for cell, error in self._refused if error.parameter in places)  # fmt: skip
        for cell, error in self._refused:
            at = places.get(error.parameter)
            if at is not None and wrong[error.parameter, cell.key[at]] * len(self.axes[at].values) == len(self.cells):
                raise error


def _takes(takes: Any, take: Any) -> range:
    count = counted(takes)
    if count is None or count > _MOST_OF_A_CELL:
        raise InvalidRequest(
            f"takes is {takes!r}; allowed is a whole number from 1 to {_MOST_OF_A_CELL}.",
            parameter="takes",
            value=takes,
        )
    first = take_number(take)
    if first is None:
        raise InvalidRequest(
            'take is "new"; a sweep is made of known takes, so that running it again costs nothing.',
            parameter="take",
            value=take,
            allowed=f"a whole number from 1 to {MOST_TAKES}",
        )
    return range(first, first + count)


def _prompts(given: Any) -> Iterable[Any]:
    return given if isinstance(given, (list, tuple)) else [given]


def _in_order(axes: list[PlanAxis]) -> tuple[PlanAxis, ...]:
    """Put axes that don't vary behind those that do, where only two can be seen at once."""
    return tuple(sorted(axes, key=lambda axis: len(axis.values) == 1) if len(axes) > 2 else axes)  # noqa: PLR2004 - rows and columns
