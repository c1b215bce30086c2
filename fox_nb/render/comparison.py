"""Comparison: pictures laid out by any number of parameters: what tables, viewers, pages and sheets are made of."""

from __future__ import annotations

import hashlib
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from fox_nb.errors import FoxError
from fox_nb.images import turns
from fox_nb.images.inline import size_words
from fox_nb.images.metrics import EXPLANATIONS
from fox_nb.images.thumbnail import EDGE, cached_thumbnail, thumbnail
from fox_nb.images.tiles import Pyramid
from fox_nb.render.html import LONGEST, clip, unlike
from fox_nb.store import sha256_of

State = Literal["pending", "running", "done", "failed", "impossible"]

Key = tuple[int, ...]
"""The place of a cell: for each axis which of its values, in the order of the axes."""
Reference = tuple[int | None, ...]
"""Which cells others are compared with: those at these places, None standing for any."""

Version = tuple[int, str]
"""What tells a file from what it was: its size, and the SHA-256 of its bytes."""

_NUMBERS = {
    "psnr": ("PSNR", "{} dB", 1),
    "ssim": ("SSIM", "{}", 3),
    "sharpness": ("Sharpness", "{}x", 2),
    "colour_shift": ("Colour shift", "{}", 1),
}
LABELS = {name: words[0] for name, words in _NUMBERS.items()}
"""What each number is called."""

_PREVIEWS = ((32, 512, 32_000), (64, 384, 16_000), (128, 288, 8_000), (256, 224, 4_500))
_LEAST_PREVIEW = (160, 3_000)
LIVE_PREVIEW = (288, 8_000)
"""Edge and bytes of a live viewer's preview at the least: only those are sent that somebody looks at."""


def version_of(path: Path) -> Version:
    """Return what tells a file from what it will be; one that was only touched is the same."""
    try:
        return path.stat().st_size, hash_of(path)
    except OSError:
        return 0, ""


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, computed once for a version of it."""
    facts = path.stat()
    return _hash(path, (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size))  # whoever copies a file may keep its time


@lru_cache(maxsize=2_000)
def _hash(path: Path, _facts: tuple[int, int, int]) -> str:
    return sha256_of(path)


@dataclass(frozen=True, slots=True)
class ComparedPicture:
    """A picture on disk.

    Attributes
    ----------
    path : Path
        Its file.
    width, height : int
        Its pixels as it is seen, turned upright.
    tiles : Path or None
        The folder of its tiles, for the live viewer; None lets the viewer make them for itself.
    thumbs : Path or None
        A folder that keeps previews from one time to the next.
    scale : tuple of float, or None
        The numbers that were read as black and white, of a picture of more than eight bits.
    version : Version, or None
        Of a file that others may change: what it was when it was laid here.
    made_of : Version, or None
        Of a file that was made to be shown: what the person's own one was.
    source : Path, str or None
        The person's own file or link, which `path` may stand for; None of pixels and bytes.
    """

    path: Path
    width: int
    height: int
    tiles: Path | None = field(default=None, compare=False)
    thumbs: Path | None = field(default=None, compare=False)
    scale: tuple[float, float] | None = None
    version: Version | None = field(default=None, compare=False)
    made_of: Version | None = field(default=None, compare=False)
    source: Path | str | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """What a person calls its file."""
        return Path(self.source or self.path).name

    @property
    def has_changed(self) -> bool:
        """True of a file that is another one by now, or gone: sizes, numbers and previews are of what it was."""
        return self.version is not None and self.version != version_of(self.path)

    @property
    def id(self) -> str:
        """A name for the browser that tells nothing of the machine's folders."""
        return "p" + hashlib.blake2s(str(self.path.absolute()).encode(errors="replace"), digest_size=6).hexdigest()

    def preview(self, edge: int, max_bytes: int) -> bytes:
        """Return a WebP of at most so many pixels and bytes; empty when it can't be read, or is another one."""
        if self.has_changed:
            return b""
        try:
            if self.thumbs is None or edge > EDGE:  # an export's large previews are not worth keeping
                return thumbnail(self.path, edge=edge, max_bytes=max_bytes)
            version = self.version[1] if self.version is not None else ""
            return cached_thumbnail(self.path, self.thumbs, edge, max_bytes=max_bytes, version=version)
        except (FoxError, OSError):
            return b""


@dataclass(frozen=True, slots=True)
class Take:
    """One picture of a cell, or why there is none.

    Attributes
    ----------
    number : int
        The take's number.
    state : str
        pending, running, done, failed, or impossible: a model can't make it, so it is never asked for.
    picture : ComparedPicture or None
        The picture, once it is done.
    reason : str
        Why it failed, or why it can't be made.
    metrics : mapping of str to float or None
        Numbers by name: psnr, ssim, sharpness, colour_shift, or any other that a mean and a spread mean something of.
    note : str
        What else is told of it, such as the task's id and the time it took.
    code : str
        The call that asks for it again.
    retry_price : str
        What trying it again costs, as it stands on a button.
    """

    number: int = 1
    state: State = "pending"
    picture: ComparedPicture | None = None
    reason: str = ""
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    note: str = ""
    code: str = ""
    retry_price: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One setting of the parameters.

    Attributes
    ----------
    label : str
        The setting in words, such as ``creativity 0.5, resemblance 0.2``.
    takes : sequence of Take
        At least one.
    original : ComparedPicture or None
        What this cell was made from, where cells have different originals.
    """

    label: str
    takes: Sequence[Take] = (Take(),)
    original: ComparedPicture | None = None

    def which(self, index: int) -> str:
        """Say which of its pictures this is; several may be of one take, and '' stands for the only one."""
        number, count = self.takes[index].number, len(self.takes)
        if count == 1:
            return ""
        alone = len({take.number for take in self.takes}) == count
        return f"variation {number}" if alone else f"variation {number}, picture {index + 1} of {count}"

    def summary(self) -> dict[str, tuple[float, float | None]]:
        """Mean of each number over the takes, and its spread; the takes that are the same pixels count where all are.

        Returns
        -------
        dict
            By name, the mean and the sample's standard deviation (None for a single take).
        """
        values: dict[str, list[float]] = {}
        for take in self.takes:
            for name, value in take.metrics.items():
                if value is not None:
                    values.setdefault(name, []).append(value)
        finite = {name: [value for value in found if math.isfinite(value)] or found for name, found in values.items()}
        return {
            name: (statistics.fmean(found), _spread(found) if len(found) > 1 else None)
            for name, found in finite.items()
        }


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter and its values; one without a name is for pictures that just stand side by side."""

    name: str = ""
    labels: Sequence[str] = ("",)

    @property
    def heads(self) -> list[str]:
        """Its labels as they are shown: cut where they are long, and no two alike by that."""
        return unlike([clip(label, LONGEST - len(" (1000000)")) for label in self.labels])

    def words(self, number: int) -> str:
        """Name one of its values where the axis itself isn't named."""
        return f"{self.name} {self.labels[number]}".strip()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Pictures by the values of any number of parameters.

    Two axes are shown at a time, at first the first one across and the second down; viewers have choosers for the rest,
    tables without a script have a part for each combination of it.

    Attributes
    ----------
    title : str
        What is compared.
    axes : sequence of Axis
        The parameters, one at least.
    cells : dict
        By their places. Where one is missing nothing stands; one that changes is put in anew.
    original : ComparedPicture or None
        What all of them were made from, when it is none of the cells.
    reference : tuple or None
        The place of the original when it is one of the cells; None on an axis stands for where the cell itself is: with
        ``(0, None)`` the first picture of each row is what the others of that row are compared with.
    shape : float
        Width for height of what is still to be made, so that nothing moves when it comes; 0 where it isn't known.
    """

    title: str
    axes: Sequence[Axis]
    cells: dict[Key, Cell]
    original: ComparedPicture | None = None
    reference: Reference | None = None
    shape: float = 0.0

    def __post_init__(self) -> None:
        sizes = [len(axis.labels) for axis in self.axes]
        if not sizes or 0 in sizes:
            raise ValueError("A comparison needs an axis, and each axis a value.")
        for key, cell in self.cells.items():
            if len(key) != len(sizes) or not all(0 <= at < size for at, size in zip(key, sizes, strict=True)):
                raise ValueError(f"A comparison of {' by '.join(map(str, sizes))} values has no place {key}.")
            if not cell.takes:
                raise ValueError("A cell needs at least one take, be it one that is pending.")

    @property
    def id(self) -> str:
        """The same for the same comparison, so that a viewer finds the table that stands for it."""
        words = [self.title, *(word for axis in self.axes for word in (axis.name, *axis.labels))]
        words.append(self.original.id if self.original else "")
        return "c" + hashlib.blake2s("\x1f".join(words).encode(errors="replace"), digest_size=6).hexdigest()

    def original_of(self, key: Key, at: int = 0) -> ComparedPicture | None:
        """Return what one of a cell's takes is compared with: where the reference has several, the one of its place.

        None for the original itself, and where there is none.
        """
        if self.original is not None or self.reference is None:
            mine, original = [take.picture for take in self.cells[key].takes[at : at + 1]], self.cells[key].original
            original = original or self.original
            return original if mine != [original] else None
        there = tuple(at if fixed is None else fixed for at, fixed in zip(key, self.reference, strict=True))
        cell = self.cells.get(there) if there != key else None
        takes = [*cell.takes[at : at + 1], *cell.takes] if cell is not None else []
        return next((take.picture for take in takes if take.picture), None)

    def compared(self) -> Iterator[tuple[Key, Take, ComparedPicture | None]]:
        """Give each take with the place of its cell, and what it is compared with."""
        for key, cell in self.cells.items():
            for at, take in enumerate(cell.takes):
                yield key, take, self.original_of(key, at)

    def originals(self, cells: Iterable[Cell] | None = None) -> list[ComparedPicture]:
        """Return what the cells were made from: the original of all, or each cell's own one once, in their order."""
        cells = (cell for _, cell in self.in_order()) if cells is None else cells
        found = [self.original] if self.original else [cell.original for cell in cells]
        return [picture for picture in dict.fromkeys(found) if picture is not None]

    def is_reference(self, key: Key) -> bool:
        """Return True for a cell that others are compared with."""
        return self.reference is not None and stands_at(key, self.reference)

    def in_order(self) -> Iterator[tuple[Key, Cell]]:
        """Give the cells row by row, as they are shown at first: the first axis changes fastest."""
        yield from sorted(self.cells.items(), key=lambda item: item[0][::-1])

    def pictures(self, cells: Iterable[Cell] | None = None) -> dict[str, ComparedPicture]:
        """Every picture once, by its id, the original first; of these cells alone when they are given."""
        cells = (cell for _, cell in self.in_order()) if cells is None else cells
        found = [self.original]
        for cell in cells:
            found += [cell.original, *(take.picture for take in cell.takes)]
        return {picture.id: picture for picture in found if picture is not None}


def preview_size(count: int) -> tuple[int, int]:
    """Choose edge and bytes of each preview, so that `count` of them make a table of about a megabyte."""
    for most, edge, limit in _PREVIEWS:
        if count <= most:
            return edge, limit
    return _LEAST_PREVIEW


def numbers(metrics: Mapping[str, float | None] | Mapping[str, tuple[float, float | None]]) -> list[tuple[str, str]]:
    """Put numbers into words: ``[("SSIM", "0.871 ± 0.012"), …]``; those that are missing are left out."""
    words = []
    for name, value in metrics.items():
        label, form, digits = _NUMBERS.get(name, (name.replace("_", " "), "{}", 3))
        mean, spread = value if isinstance(value, tuple) else (value, None)
        if mean is None:
            continue
        if not math.isfinite(mean):
            words.append((label, "same pixels" if mean > 0 else "none"))
        else:
            words.append((label, form.format(f"{mean:.{digits}f}{_plus(spread, digits)}")))
    return words


def _plus(spread: float | None, digits: int) -> str:
    """Put a spread into words; one that is smaller than the digits shown is not called nothing."""
    if spread is None or not math.isfinite(spread):
        return ""
    least = 10**-digits
    return f" ± <{least}" if 0 < spread < least / 2 else f" ± {spread:.{digits}f}"


def picture_facts(picture: ComparedPicture, *, size: tuple[int, int] | None = None) -> dict[str, Any]:
    """Say of a picture what the browser needs; of a preview alone, its own size and the picture's in words."""
    if size is not None:
        full = size_words(picture.width, picture.height)
        return {"id": picture.id, "width": size[0], "height": size[1], "levels": 0, "full": full}
    pyramid = Pyramid(picture.width, picture.height)
    return {
        "id": picture.id,
        "width": picture.width,
        "height": picture.height,
        "levels": pyramid.levels,
        "tile": pyramid.tile,
    }


def cell_facts(cell: Cell, sizes: Mapping[str, tuple[int, int]] | None = None) -> dict[str, Any]:
    """Say of a cell what the browser needs; `sizes` are those of previews, by id, where only these are there."""
    sizes = sizes or {}
    takes = [
        {
            "number": take.number,
            "state": take.state,
            "reason": clip(take.reason),
            "note": clip(take.note),
            "code": take.code,
            "price": clip(take.retry_price),
            "numbers": numbers(take.metrics),
            "picture": take.picture and picture_facts(take.picture, size=sizes.get(take.picture.id)),
        }
        for take in cell.takes
    ]
    original = cell.original and picture_facts(cell.original, size=sizes.get(cell.original.id))
    words = {"label": clip(cell.label), "numbers": numbers(cell.summary()), "takes": takes}
    return {**words, "original": original} if original else words


def facts(comparison: Comparison, sizes: Mapping[str, tuple[int, int]] | None = None) -> dict[str, Any]:
    """Say of a comparison what the browser needs, as JSON's types; no pixels and no paths."""
    original, reference = next(iter(comparison.originals()), None), comparison.reference
    own = {"own": True} if original and comparison.original is None else {}  # a cell without one has none
    return {
        **own,
        "id": comparison.id,
        "title": clip(comparison.title),
        "axes": [{"name": clip(axis.name), "labels": axis.heads} for axis in comparison.axes],
        "original": original and picture_facts(original, size=(sizes or {}).get(original.id)),
        "reference": ",".join("*" if at is None else str(at) for at in reference or ()),
        "shape": comparison.shape,
        "cells": {place(key): cell_facts(cell, sizes) for key, cell in comparison.in_order()},
        "explanations": {LABELS[name]: words for name, words in EXPLANATIONS.items()},
    }


def stands_at(key: Key, reference: Reference) -> bool:
    """Return True for a cell that others are compared with."""
    return all(fixed in (None, at) for at, fixed in zip(key, reference, strict=True))


def place(key: Key) -> str:
    """Write a cell's place as the browser's names of cells."""
    return ",".join(map(str, key))


def previews(
    comparison: Comparison,
    edge: int | None = None,
    max_bytes: int | None = None,
    *,
    cells: Iterable[Cell] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Give each picture's id and preview, of these cells alone; its size suits their number unless one is given."""
    pictures = comparison.pictures(cells)
    suits = preview_size(len(pictures))
    with turns.big.first():
        for name, picture in pictures.items():
            yield name, picture.preview(edge or suits[0], max_bytes or suits[1])


def _spread(values: list[float]) -> float:
    return statistics.stdev(values) if all(map(math.isfinite, values)) else math.nan
