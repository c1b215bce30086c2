"""Compared: what can be done with pictures that stand side by side, whoever has put them there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from fox_nb.display.printed import Printed
from fox_nb.errors import InvalidRequest
from fox_nb.images.inline import data_uri, size_words
from fox_nb.render import plots
from fox_nb.render.comparison_files import save_html, save_image
from fox_nb.render.html import unlike
from fox_nb.session.tasklist import framed

if TYPE_CHECKING:
    import os
    from pathlib import Path

    import pandas as pd

    from fox_nb.render.comparison import ComparedPicture, Comparison

PLOTS = ("tabs", "representations", "images")
_STATUS = {"done": "completed", "running": "processing"}
"""Of a cell, in the words of a task's status."""
_PLOT = (384, 20_000)
_WHOLE_SCALES = ((0, 1), (0, 255), (0, 4095), (0, 65_535))
"""Those that a picture of eight bits can be compared with; others are stretched by the picture's own numbers."""


class Compared:
    """Pictures side by side; who makes them says which, and how they are measured."""

    def comparison(self) -> Comparison:
        """Return the pictures as they stand, with the numbers that are there by now."""
        raise NotImplementedError

    def measure(self) -> Self:
        """Wait until everything is measured that can be."""
        raise NotImplementedError

    def findings(self) -> list[str]:
        """Return what the numbers show, in words."""
        raise NotImplementedError

    def to_frame(self) -> pd.DataFrame:
        """Return one row a picture: where it stands, its own file or link, size and numbers.

        Raises
        ------
        ExtraMissing
            pandas is not installed.
        """
        comparison = self.measure().comparison()
        unnamed = ("picture",) if len(comparison.axes) == 1 else ("column", "row")
        names = unlike([axis.name or unnamed[at] for at, axis in enumerate(comparison.axes)])
        rows = []
        for key, cell in comparison.in_order():
            labels = [axis.labels[at] for axis, at in zip(comparison.axes, key, strict=True)]
            words = dict(zip(names, labels, strict=True))
            for take in cell.takes:
                picture = take.picture
                size = {"width": picture.width, "height": picture.height} if picture else {}
                file = str((picture and picture.source) or "")
                about = {
                    "take": take.number,
                    "status": _STATUS.get(take.state, take.state),
                    "error": take.reason,
                    "file": file,
                }
                rows.append({**words, **about, **size, **take.metrics, "note": take.note})
        return framed(rows)

    def save_html(self, path: str | os.PathLike[str]) -> Path:
        """Write one page that works offline: divider, linked zoom, differences, 1024 px previews.

        Parameters
        ----------
        path : path
            The HTML file.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        FoxError
            There is nothing to write, or it cannot be written.
        """
        return save_html(self.measure().comparison(), path, findings=self.findings())

    def save_image(self, path: str | os.PathLike[str]) -> Path:
        """Write a labelled contact sheet.

        Parameters
        ----------
        path : path
            The image file.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        FoxError
            There is nothing to write, or it cannot be written.
        """
        return save_image(self.measure().comparison(), path, findings=self.findings())

    def plot(self, kind: str = "tabs") -> Printed:
        """Return an ipyplot view of thumbnails.

        Parameters
        ----------
        kind : str
            ``tabs`` by the values of the columns, ``representations`` (one picture for each value), or ``images``.
        """
        if kind not in PLOTS:
            allowed = ", ".join(PLOTS)
            what = f"kind is {kind!r}; allowed is one of {allowed}."
            raise InvalidRequest(what, parameter="kind", value=kind, allowed=allowed)
        comparison = self.comparison()
        uris, columns, rest = [], [], []
        for key, cell in comparison.in_order():
            first, *others = [axis.words(at) for axis, at in zip(comparison.axes, key, strict=True)]
            for at, take in enumerate(cell.takes):
                preview = take.picture.preview(*_PLOT) if take.picture else b""
                if preview:
                    uris.append(data_uri(preview))
                    columns.append(first or cell.label)
                    rest.append(", ".join(filter(None, [*others, cell.which(at)])))
        if kind == "tabs":
            return Printed(plots.plot_class_tabs(uris, columns, rest if any(rest) else ()))
        if kind == "representations":
            return Printed(plots.plot_class_representations(uris, columns))
        both = [", ".join(filter(None, pair)) for pair in zip(columns, rest, strict=True)]
        return Printed(plots.plot_images(uris, both))


def scaled(picture: ComparedPicture, original: ComparedPicture) -> str:
    """Say that a picture's pixels are not the original's one by one; '' where they are."""
    if (picture.width, picture.height) == (original.width, original.height):
        return ""
    return (
        f"measured on scaled copies, since the original is {size_words(original.width, original.height)}: such numbers "
        "are not those of pictures of its own size"
    )


def unlike_scales(picture: ComparedPicture, original: ComparedPicture) -> str:
    """Say that the pixels of two pictures were read by two scales, so that no number may compare them; '' otherwise."""
    scales = {picture.scale, original.scale}
    if len(scales) == 1 or (None in scales and scales <= {None, *_WHOLE_SCALES}):
        return ""
    here, there = ("{:g} to {:g}".format(*(one.scale or (0, 255))) for one in (picture, original))
    return f"its values were read as {here}, the original's as {there}: their pixels can't be compared"
