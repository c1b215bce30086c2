"""Side by side: any pictures as a comparison: results of any models, files, arrays, links; no gateway or store needed.

Pictures of different sizes and shapes are laid over each other by one rule: each is fitted into the same frame, as
large as it goes, in the middle. Numbers that compare pixels are there for pictures of one shape alone.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import date
from numbers import Number
from typing import Any, Self
from unicodedata import normalize

from fox_nb.display.places import Shown
from fox_nb.errors import FoxError, InvalidRequest
from fox_nb.experiments.arranged import MOST_PICTURES, arranged
from fox_nb.experiments.axes import steps, word
from fox_nb.experiments.compared import Compared, scaled, unlike_scales
from fox_nb.experiments.measuring import MeasuringPool
from fox_nb.experiments.picture_files import PictureFiles
from fox_nb.images.metrics import same_shape
from fox_nb.models import LOCAL_PICTURE, pictures_given
from fox_nb.parameters import shown
from fox_nb.render.comparison import Axis, Cell, ComparedPicture, Comparison, Key, Reference, Take, stands_at
from fox_nb.render.comparison_kept import kept
from fox_nb.render.html import frame, note
from fox_nb.session import Session, Task
from fox_nb.session.task import listening, notify_listeners
from fox_nb.sharing import OfOneProcess

Listener = Callable[[list[Key]], None]

_CHANGED = "was changed after it was laid here; call compare again"
_KINDS = "a task, a picture of one, a path, a PIL image, an array, bytes or a link; or lists or a dict of them"


class Pictures(OfOneProcess, Shown, Compared):
    """Pictures side by side.

    Parameters
    ----------
    axes : sequence of (str, sequence of str)
        Name and labels of each axis; the first goes across, the second down.
    cells : mapping
        By place (a number for each axis): whatever stands for a picture, or a task, whose pictures then share the cell.
    original
        What all are compared with: whatever stands for a picture.
    found : bool
        Whether nobody has named the original: one that can't be had is then told, and refuses nothing.
    reference : tuple, optional
        The place of the original where it is among the cells; None on an axis means where the cell itself stands.
    title : str
        What is compared.
    session : Session, optional
        Whose store keeps previews and numbers, and which fetches links; without one a folder for this kernel does.
    executor : concurrent.futures.Executor, optional
        What cuts and measures the pictures; threads of this kernel without one.
    show : callable, optional
        Shows it in a cell; without it a static table does.

    Raises
    ------
    InvalidRequest
        Something stands for no picture.
    """

    def __init__(
        self,
        axes: Sequence[tuple[str, Sequence[str]]],
        cells: Mapping[Key, Any],
        *,
        original: Any = None,
        found: bool = False,
        reference: Reference | None = None,
        title: str = "Side by side",
        session: Session | None = None,
        executor: Executor | None = None,
        show: Callable[[Pictures], Any] | None = None,
    ) -> None:
        self._files = PictureFiles(session)
        self._show = show
        self._listeners: list[Listener] = []
        self.executor = executor
        self._measuring = MeasuringPool(self._files.numbers, self._on_measured, executor)
        named = [Axis(name, list(labels)) for name, labels in axes]
        made = {key: self._cell(named, key, source) for key, source in cells.items()}
        self._missing = ""
        try:
            whole = self._files.picture(original, "original") if original is not None else None
        except FoxError as error:
            if not found:
                raise
            whole, self._missing = None, f"There is no original to compare with: {error.what}"
        if whole is not None and reference is None:  # what has a cell for itself is not added once more
            shown = (take.picture for cell in made.values() for take in cell.takes if take.picture is not None)
            whole = self._files.among(shown, whole) or whole
            reference = next((key for key, cell in made.items() if [t.picture for t in cell.takes] == [whole]), None)
        self._comparison = Comparison(title, named, made, whole if reference is None else None, reference)

    def _cell(self, axes: Sequence[Any], key: Key, source: Any) -> Cell:
        label = ", ".join(filter(None, (axis.words(at) for axis, at in zip(axes, key, strict=True))))
        return Cell(label, self._files.takes(source, label or "pictures"))

    def comparison(self) -> Comparison:
        """Return the pictures as a viewer takes them, with the numbers that are there by now."""
        given = self._comparison
        cells = {key: self._measured(key, cell) for key, cell in given.cells.items()}
        original = given.original if given.original and not given.original.has_changed else None
        return Comparison(given.title, given.axes, cells, original, given.reference)

    def _measured(self, key: Key, cell: Cell) -> Cell:
        originals = [self._comparison.original_of(key, at) for at in range(len(cell.takes))]
        return replace(cell, takes=list(map(self._now, cell.takes, originals)))

    def _now(self, take: Take, original: ComparedPicture | None) -> Take:
        """Return a picture with the numbers that are there, and without those that would be of another one."""
        picture = take.picture
        if picture is None:
            return take
        if picture.has_changed:
            return replace(take, state="failed", picture=None, reason=f"{picture.name} {_CHANGED}")
        if original is None:
            return take
        numbers, note = self._measuring.found(picture.path, original.path)
        if original.has_changed:
            numbers, note = {}, f"the original {original.name} {_CHANGED}"
        note = note or unlike_scales(picture, original) or (scaled(picture, original) if numbers else "")
        return replace(take, metrics=numbers, note=", ".join(filter(None, [take.note, note])))

    def start(self) -> None:
        """Begin to measure and to cut what is there, in the background."""
        for _, take, original in self._comparison.compared():
            if take.picture is not None and original is not None and not unlike_scales(take.picture, original):
                self._measuring.develop(replace(take.picture, tiles=None), original.path)  # a viewer cuts by need

    def measure(self) -> Self:
        """Wait until all pictures are measured against their original."""
        self.start()
        self._measuring.wait()
        return self

    @property
    def left(self) -> int:
        """How many pictures are still to be measured."""
        return self._measuring.left

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with the places whose numbers have come, with none when all have; returns what ends that."""
        return listening(self._listeners, listener)

    def _on_measured(self, path: Any) -> None:
        takes = self._comparison.compared()
        keys = dict.fromkeys(key for key, take, _ in takes if take.picture and take.picture.path == path)
        notify_listeners(self._listeners, [*keys])

    def findings(self) -> list[str]:
        """Say which pictures can't be compared pixel by pixel, and what is missing to measure them."""
        lines = [shapes(self._comparison), self._missing, self._not_measured(), self._measuring.trouble]
        return [line for line in lines if line]

    def _not_measured(self) -> str:
        """Say how many pictures have no numbers, since a file has changed, scales are two, or there is no original."""
        given, found = self._comparison, Counter[str]()
        for key, take, original in given.compared():
            if take.picture is None:
                continue
            if take.picture.has_changed or (original is not None and original.has_changed):
                found["their file or their original was changed since; call compare again"] += 1
            elif original is not None and unlike_scales(take.picture, original):
                found["their values were read by another scale than the original's"] += 1
            elif original is None and given.reference is not None and not given.is_reference(key):
                found["their original is missing"] += 1
        return " ".join(f"{count} of the pictures can't be compared: {why}." for why, count in found.items())

    def __repr__(self) -> str:
        given = self._comparison
        shown = [take.picture for _, take, _ in given.compared()]
        beside = [] if given.original in shown else [given.original]
        count = sum(picture is not None for picture in [*beside, *shown])
        return f"<{count} picture{'s' if count != 1 else ''} side by side>"

    def _repr_html_(self) -> str:
        return page(self)


def page(pictures: Pictures, *, live: bool = False) -> str:
    """Return what stays in a notebook: the table, and with `live` the view that needs no kernel."""
    return kept(pictures.comparison(), live=live) + findings_html(pictures)


def findings_html(pictures: Pictures) -> str:
    """Return what is told of the pictures beside them, as HTML."""
    lines = pictures.findings()
    return frame(*map(note, lines)) if lines else ""


def shapes(comparison: Comparison) -> str:
    """Say by which rule pictures of different shapes are laid over each other; '' where all have one."""

    def other(picture: ComparedPicture, than: ComparedPicture) -> bool:
        return not same_shape((picture.width, picture.height), (than.width, than.height))

    pairs = [(take.picture, original) for _, take, original in comparison.compared() if take.picture is not None]
    others = sum(original is not None and other(picture, original) for picture, original in pairs)
    if others:
        return (
            f"{others} of {len(pairs)} pictures have another shape than what they are compared with: they are fitted "
            "into its frame, in the middle, and their pixels are not compared."
        )
    if pairs and any(other(picture, pairs[0][0]) for picture, _ in pairs):
        return "The pictures have different shapes: each is fitted into the same frame, in the middle."
    return ""


def compare(
    pictures: Any,
    *,
    labels: Any = None,
    original: Any = None,
    title: str = "",
    session: Session | None = None,
    executor: Executor | None = None,
    show: Callable[[Pictures], Any] | None = None,
) -> Pictures:
    """Lay any pictures side by side: what `fox_nb.compare` says of its parameters holds here.

    Parameters
    ----------
    pictures, labels, original, title
        See `fox_nb.compare`.
    session, executor, show
        See `Pictures`.

    Raises
    ------
    InvalidRequest
        There is no picture, or something stands for none.
    """
    made_from = None
    if isinstance(pictures, Task):
        _wait([pictures])
        made_from = _own_original([pictures])
        pictures = [pictures] if len(pictures.images) < 2 else pictures  # noqa: PLR2004 - several stand side by side
    axes, cells = arranged(pictures, labels)
    if not cells:
        raise InvalidRequest("There is no picture to compare.", parameter="pictures", allowed=_KINDS)
    if len(cells) > MOST_PICTURES:
        raise InvalidRequest(
            f"{len(cells):,} pictures are more than can be laid side by side.",
            parameter="pictures",
            allowed=f"at most {MOST_PICTURES:,}",
        )
    _wait(cells.values())
    reference = _reference(original, axes)
    if reference is not None and not any(stands_at(key, reference) for key in cells):
        what = f"original is {original!r}, and no picture stands there to compare with."
        raise InvalidRequest(what, parameter="original", value=original, todo="Fill that place, or name another one.")
    found = original is None
    if found:
        original = made_from or _own_original(cells.values())
    return Pictures(
        axes,
        cells,
        original=None if reference is not None else original,
        found=found,
        reference=reference,
        title=str(title or "Side by side"),
        session=session,
        executor=executor,
        show=show,
    )


def _reference(original: Any, axes: Sequence[tuple[str, Sequence[str]]]) -> Reference | None:
    """Return the places that a label names; None for what is no label, and may be a picture."""
    label = str(original) if isinstance(original, tuple) else word(original)  # which a column of a MultiIndex is
    label = label and normalize("NFC", label)  # a keyboard writes ü as one letter, the files of a Mac as two
    for number, (_, labels) in enumerate(axes):
        composed = [normalize("NFC", one) for one in labels]
        if label in composed:
            return tuple(composed.index(label) if at == number else None for at in range(len(axes)))
    if isinstance(original, Number | date):  # no picture is called by one, as one is by a path
        todo = f"Give one of {'; '.join(steps(labels) for _, labels in axes)}, or a picture."
        raise InvalidRequest(
            f"original is {shown(original)}, no label.", parameter="original", value=original, todo=todo
        )
    return None


def _wait(sources: Any) -> None:
    """Wait for tasks that are under way; how they ended stands in their cells."""
    for source in sources:
        if isinstance(source, Task) and not source.is_over:
            with contextlib.suppress(FoxError):
                source.wait()


def _own_original(sources: Any) -> Any:
    """Return the picture that all of them were made from; None where there are several, or none."""
    tasks = list(sources)
    given = [pictures_given(task.request) if isinstance(task, Task) else [] for task in tasks]
    if not given or len(given[0]) != 1 or any(one != given[0] for one in given):
        return None
    (alone,) = given[0]
    return next(iter(tasks[0].originals), None) if LOCAL_PICTURE.fullmatch(alone) else alone
