"""Comparison: pictures laid out by one or two parameters, and the plain table of them that a notebook keeps.

The table needs no script and no kernel. It reads well with its style taken away, as viewers do that clean notebooks;
with it, the headers stay in sight and a hover shows the original in a cell's place. Every picture is in it once, as
a small preview; the original a second time, for the hover, whatever the number of cells.
"""

from __future__ import annotations

import hashlib
import math
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fox_nb.errors import FoxError
from fox_nb.images.inline import data_uri
from fox_nb.images.metrics import EXPLANATIONS
from fox_nb.images.thumbnail import EDGE, cached_thumbnail, thumbnail
from fox_nb.images.tiles import Pyramid
from fox_nb.render.html import bdi, clip, escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

State = Literal["pending", "running", "done", "failed"]

_STATE_WORDS = {"pending": "not made yet", "running": "sent, not seen yet"}
_NUMBERS = {
    "psnr": ("PSNR", "{} dB", 1),
    "ssim": ("SSIM", "{}", 3),
    "sharpness": ("Sharpness", "{}x", 2),
    "colour_shift": ("Colour shift", "{}", 1),
}
_PREVIEWS = ((32, 512, 32_000), (64, 384, 16_000), (128, 288, 8_000), (256, 224, 4_500))
_LEAST_PREVIEW = (160, 3_000)
_SHOWN_WIDTH = 180


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
    """

    path: Path
    width: int
    height: int
    tiles: Path | None = None
    thumbs: Path | None = None

    @property
    def id(self) -> str:
        """A name for the browser that tells nothing of the machine's folders."""
        return "p" + hashlib.blake2s(str(self.path.absolute()).encode(errors="replace"), digest_size=6).hexdigest()

    def preview(self, edge: int, max_bytes: int) -> bytes:
        """Return a WebP of at most so many pixels and bytes; empty when the picture can't be read."""
        try:
            if self.thumbs is None or edge > EDGE:  # an export's large previews are not worth keeping
                return thumbnail(self.path, edge=edge, max_bytes=max_bytes)
            return cached_thumbnail(self.path, self.thumbs, edge, max_bytes=max_bytes)
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
        pending, running, done or failed.
    picture : ComparedPicture or None
        The picture, once it is done.
    reason : str
        Why it failed.
    metrics : mapping of str to float or None
        Numbers by name: psnr, ssim, sharpness, colour_shift, or any other.
    note : str
        What else is told of it, such as the task's id and the time it took.
    """

    number: int = 1
    state: State = "pending"
    picture: ComparedPicture | None = None
    reason: str = ""
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One setting of the parameters.

    Attributes
    ----------
    label : str
        The setting in words, such as ``creativity 0.5, resemblance 0.2``.
    takes : sequence of Take
        At least one.
    code : str
        The call that makes it.
    """

    label: str
    takes: Sequence[Take] = (Take(),)
    code: str = ""

    def summary(self) -> dict[str, tuple[float, float | None]]:
        """Mean of each number over the takes, and its spread.

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
        return {
            name: (statistics.fmean(found), _spread(found) if len(found) > 1 else None)
            for name, found in values.items()
        }


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter and its values; an axis with no name and one empty label is no axis."""

    name: str = ""
    labels: Sequence[str] = ("",)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Pictures by the values of one or two parameters.

    Attributes
    ----------
    title : str
        What is compared.
    rows, columns : Axis
        The parameters; `rows` is without a name when there is only one.
    cells : list of list of Cell
        By row, then column.
    original : ComparedPicture or None
        What all of them were made from.
    """

    title: str
    rows: Axis
    columns: Axis
    cells: list[list[Cell]]
    original: ComparedPicture | None = None

    def __post_init__(self) -> None:
        shape = (len(self.rows.labels), len(self.columns.labels))
        if 0 in shape or [len(line) for line in self.cells] != [shape[1]] * shape[0]:
            raise ValueError(f"A comparison of {shape[0]} by {shape[1]} values needs as many cells.")
        if any(not cell.takes for line in self.cells for cell in line):
            raise ValueError("A cell needs at least one take, be it one that is pending.")

    @property
    def id(self) -> str:
        """The same for the same comparison, so that a viewer finds the table that stands for it."""
        words = [self.title, self.rows.name, *self.rows.labels, self.columns.name, *self.columns.labels]
        words.append(self.original.id if self.original else "")
        return "c" + hashlib.blake2s("\x1f".join(words).encode(errors="replace"), digest_size=6).hexdigest()

    def pictures(self) -> dict[str, ComparedPicture]:
        """Every picture once, by its id, the original first."""
        found = [self.original, *(take.picture for line in self.cells for cell in line for take in cell.takes)]
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
            plus = "" if spread is None or not math.isfinite(spread) else f" ± {spread:.{digits}f}"
            words.append((label, form.format(f"{mean:.{digits}f}{plus}")))
    return words


def picture_facts(picture: ComparedPicture, *, size: tuple[int, int] | None = None) -> dict[str, Any]:
    """Say of a picture what the browser needs; of a preview alone, its own size and the picture's in words."""
    if size is not None:
        full = f"{picture.width} x {picture.height}"
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
            "numbers": numbers(take.metrics),
            "picture": take.picture and picture_facts(take.picture, size=sizes.get(take.picture.id)),
        }
        for take in cell.takes
    ]
    return {"label": clip(cell.label), "code": cell.code, "numbers": numbers(cell.summary()), "takes": takes}


def facts(comparison: Comparison, sizes: Mapping[str, tuple[int, int]] | None = None) -> dict[str, Any]:
    """Say of a comparison what the browser needs, as JSON's types; no pixels and no paths."""
    original = comparison.original
    return {
        "id": comparison.id,
        "title": clip(comparison.title),
        "rows": _axis_facts(comparison.rows),
        "columns": _axis_facts(comparison.columns),
        "original": original and picture_facts(original, size=(sizes or {}).get(original.id)),
        "cells": [[cell_facts(cell, sizes) for cell in line] for line in comparison.cells],
        "explanations": {_NUMBERS[name][0]: words for name, words in EXPLANATIONS.items()},
    }


def _axis_facts(axis: Axis) -> dict[str, Any]:
    return {"name": clip(axis.name), "labels": [clip(label) for label in axis.labels]}


def previews(
    comparison: Comparison, edge: int | None = None, max_bytes: int | None = None
) -> Iterator[tuple[str, bytes]]:
    """Give each picture's id and preview, of a size that suits their number unless one is given."""
    pictures = comparison.pictures()
    suits = preview_size(len(pictures))
    for name, picture in pictures.items():
        yield name, picture.preview(edge or suits[0], max_bytes or suits[1])


def static_grid(
    comparison: Comparison, *, images: Mapping[str, bytes] | None = None, hover: bool = True, live: bool = False
) -> str:
    """Lay the comparison out as HTML without a script.

    Parameters
    ----------
    comparison : Comparison
        What to show.
    images : mapping of str to bytes, optional
        Previews by the picture's id, as WebP; made when they are not given.
    hover : bool
        Whether a hover over a cell shows the original there.
    live : bool
        Whether a live viewer stands in for the table while there is a kernel: a line then says how to get it.

    Returns
    -------
    str
        A fragment of HTML.
    """
    images = dict(previews(comparison)) if images is None else images
    name = comparison.id
    parts = [f'<div class="foxc-static" id="fox-{name}" data-fox-comparison="{name}">']
    parts.append(_style(comparison, images, hover=hover))
    if comparison.original is not None:
        shown = _image(comparison.original, images, "Original", _SHOWN_WIDTH)
        size = f"{comparison.original.width} x {comparison.original.height} px"
        parts.append(f"<figure>{shown}<figcaption><b>Original</b> {size}</figcaption></figure>")
    parts.append(
        f'<div class="foxc-static-scroll" role="region" aria-label="Table of the comparison" tabindex="0">'
        f"{_table(comparison, images)}</div>"
    )
    parts.append(_explanations(comparison))
    if live:
        parts.append(
            "<p><small>This is the saved table. With a running kernel, run this cell to zoom, to compare with a "
            "divider and to see differences. If the cell has run and no viewer shows, Jupyter lacks anywidget: "
            "<code>fox-nb doctor</code> says what to do.</small></p>"
        )
    parts.append("</div>")
    return "".join(parts)


def _style(comparison: Comparison, images: Mapping[str, bytes], *, hover: bool) -> str:
    box = f"#fox-{comparison.id}"
    back = "var(--jp-layout-color1,Canvas)"
    line = "1px solid var(--jp-border-color1,#8888)"
    rules = [
        f"{box}{{display:flex;flex-wrap:wrap;gap:10px;align-items:flex-start}}",
        f"{box}[hidden]{{display:none}}",
        f"{box} figure{{margin:0;flex:0 0 {_SHOWN_WIDTH}px}}",
        f"{box} img{{display:block;width:100%;height:auto;margin:0}}",
        f"{box} .foxc-static-scroll{{flex:1 1 300px;min-width:0;max-height:90vh;overflow:auto;border:{line}}}",
        f"{box} table{{border-collapse:separate;border-spacing:0;margin:0;font-size:12px}}",
        f"{box} caption{{text-align:left;padding:4px;font-weight:bold}}",
        f"{box} th,{box} td{{padding:4px;text-align:center;vertical-align:top;border:0;background:{back}}}",
        f"{box} thead th{{position:sticky;top:0;z-index:2;border-bottom:{line}}}",
        f"{box} tbody th{{position:sticky;left:0;z-index:1;border-right:{line};vertical-align:middle}}",
        f"{box} .foxc-takes{{display:flex;gap:3px;min-width:{_SHOWN_WIDTH}px}}",
        f"{box} .foxc-shot{{flex:1 1 0;background:center/contain no-repeat}}",
        f"{box}>details,{box}>p{{flex:1 0 100%;margin:0}}",
        f"{box} dt{{font-weight:bold}}",
    ]
    original = comparison.original and images.get(comparison.original.id)
    if hover and original:
        seen = f"{box} .foxc-shot:hover"
        rules.append(f"{seen}{{background-image:url({data_uri(original)})}}{seen} img{{opacity:0}}")
    return f"<style>{''.join(rules)}</style>"


def _table(comparison: Comparison, images: Mapping[str, bytes]) -> str:
    rows, columns = comparison.rows, comparison.columns
    two = bool(rows.name)
    heads = [
        f'<th scope="col">{bdi(label if two else f"{columns.name} {label}".strip())}</th>' for label in columns.labels
    ]
    if two:
        heads.insert(0, f"<th>{bdi(rows.name)} ↓ {bdi(columns.name)} →</th>")
    lines = []
    for label, line in zip(rows.labels, comparison.cells, strict=True):
        head = f'<th scope="row">{bdi(label)}</th>' if two else ""
        lines.append(f"<tr>{head}{''.join(_cell(cell, images) for cell in line)}</tr>")
    return (
        f"<table><caption>{bdi(comparison.title)}</caption>"
        f"<thead><tr>{''.join(heads)}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


def _cell(cell: Cell, images: Mapping[str, bytes]) -> str:
    width = max(40, _SHOWN_WIDTH // len(cell.takes))
    shots = "".join(f'<div class="foxc-shot">{_take(cell, take, images, width)}</div>' for take in cell.takes)
    words = "<br>".join(escape(f"{name} {value}") for name, value in numbers(cell.summary()))
    return f'<td><div class="foxc-takes">{shots}</div>{words}</td>'


def _take(cell: Cell, take: Take, images: Mapping[str, bytes], width: int) -> str:
    if take.picture is not None:
        label = cell.label if len(cell.takes) == 1 else f"{cell.label}, take {take.number}"
        return _image(take.picture, images, label, width)
    if take.state == "failed":
        return f"failed: {bdi(take.reason)}" if take.reason else "failed"
    return _STATE_WORDS.get(take.state, take.state)


def _image(picture: ComparedPicture, images: Mapping[str, bytes], label: str, width: int) -> str:
    data = images.get(picture.id)
    if not data:
        return f"{bdi(label)}: the picture's file can't be read"
    height = max(1, round(width * picture.height / picture.width))
    return (
        f'<img src="{data_uri(data)}" alt="{escape(label)}" title="{escape(label)}" width="{width}" '
        f'height="{height}" data-fox-picture="{picture.id}">'
    )


def _explanations(comparison: Comparison) -> str:
    shown = {name for line in comparison.cells for cell in line for name in cell.summary()}
    said = [
        f"<dt>{_NUMBERS[name][0]}</dt><dd>{escape(words)}</dd>" for name, words in EXPLANATIONS.items() if name in shown
    ]
    if not said:
        return ""
    return f"<details><summary>What the numbers can and can't tell</summary><dl>{''.join(said)}</dl></details>"


def _spread(values: list[float]) -> float:
    return statistics.stdev(values) if all(map(math.isfinite, values)) else math.nan
