"""Comparison files: one page that works offline with divider, zoom and differences, and a contact sheet."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from bisect import bisect_right
from copy import copy
from dataclasses import replace
from itertools import islice
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageDraw

from fox_nb.atomic import reason_of, write
from fox_nb.errors import FoxError, InvalidRequest
from fox_nb.images.inline import size_words
from fox_nb.images.pixels import fitted
from fox_nb.images.saving import FORMATS
from fox_nb.render.comparison import facts, numbers, preview_size, previews, version_of
from fox_nb.render.comparison_table import WITHOUT_PICTURE, static_grid
from fox_nb.render.facets import facets
from fox_nb.render.fonts import font_for, writable
from fox_nb.render.html import escape, notes
from fox_nb.workdir import given_path

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from PIL.ImageFont import FreeTypeFont, ImageFont

    from fox_nb.render.comparison import Axis, ComparedPicture, Comparison, Key
    from fox_nb.render.facets import Facet

    Font = FreeTypeFont | ImageFont

PAGE_BYTES = 10_000_000
"""The most that an exported page of 25 pictures may take; previews give way to it."""

PAGE_EDGE = 1024
_STATIC = Path(__file__).parents[1] / "static"
_LARGEST_PREVIEW = 400_000
_SMALLEST_PREVIEW = 12_000
_BASE64 = 4 / 3
_PAGE_WORDS = 200_000
_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; padding: 12px 16px; background: Canvas; color: CanvasText; font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 18px; margin: 0 0 4px; }
p { margin: 0 0 4px; }
"""

_OFFLINE = (
    f"<p>Previews of at most {PAGE_EDGE} px; the pictures themselves are not in this file. "
    "Press <kbd>?</kbd> for the keys.</p>"
)

_LONGEST = {"PNG": 65_500, "JPEG": 65_500, "WEBP": 16_383}
"""Pixels down or across; a sheet with more rows or columns is cut into pages."""
_TALLEST_HEAD = 2000
_SHEET_EDGE = 4000
_INK, _SOFT, _PAPER, _FIELD = "#1b1b1b", "#5c5c5c", "#ffffff", "#eeeeee"


def save_html(comparison: Comparison, path: str | os.PathLike[str], *, findings: Sequence[str] = ()) -> Path:
    """Save a page that works offline: divider, linked zoom, differences, with previews of at most 1024 px.

    Parameters
    ----------
    comparison : Comparison
        What to save.
    path : str or path
        The file.
    said : sequence of str
        What the numbers show, in sentences.

    Returns
    -------
    Path
        The file.
    """
    count = max(1, len(comparison.pictures()))
    # the script and the words are counted generously; what is left is shared out evenly
    share = (PAGE_BYTES - _PAGE_WORDS) / _BASE64 / count
    limit = int(min(_LARGEST_PREVIEW, max(_SMALLEST_PREVIEW, share)))
    return _put(
        comparison, given_path(path), page(comparison, PAGE_EDGE, limit, findings=findings, note=_OFFLINE).encode()
    )


def page(comparison: Comparison, edge: int, max_bytes: int, *, findings: Sequence[str] = (), note: str = "") -> str:
    """Return a page that needs nothing but itself, and may load nothing: previews, their script and their table.

    Parameters
    ----------
    comparison : Comparison
        What to show.
    edge, max_bytes : int
        What each preview may take.
    said : sequence of str
        What the numbers show, in sentences.
    note : str
        Markup that says what this page is; with it the title is seen, too.
    """
    images = dict(previews(comparison, edge, max_bytes))
    sizes = {name: _size(data) for name, data in images.items() if data}
    code = (_STATIC / "comparison_page.js").read_text(encoding="utf-8")  # one module, as it has to open from file:
    style = (_STATIC / "viewer.css").read_text(encoding="utf-8")
    mark = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    rules = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{mark}'; "
        "base-uri 'none'; form-action 'none'"
    )
    # in a script element only "<" could end it or begin markup
    words = json.dumps(facts(comparison, sizes), ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    table = static_grid(comparison, images=images, hover=False, titled=False)
    title = escape(comparison.title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{rules}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_PAGE_STYLE}{style}</style></head><body><main>"
        f"{f'<h1>{title}</h1>{notes(findings)}{note}' if note else ''}"
        f'{table}</main><script type="application/json" id="fox-facts">{words}</script>'
        f'<script type="module">{code}</script></body></html>'
    )


def save_image(comparison: Comparison, path: str | os.PathLike[str], *, findings: Sequence[str] = ()) -> Path:
    """Save a labelled contact sheet: the first take of every cell, the original first.

    A sheet that is saved again takes the place of the one before; a further page overwrites nothing.

    Parameters
    ----------
    comparison : Comparison
        What to save.
    path : str or path
        The file; its ending says the format: .png, .jpg or .webp.
    said : sequence of str
        What the numbers show, in sentences.

    Returns
    -------
    Path
        The file; what its format has no room for is in others beside it, with ``-2``, ``-3`` … in their names.

    Raises
    ------
    InvalidRequest
        The ending is none of those.
    FoxError
        A file stands where a further page belongs, or it cannot be written; nothing is written then.
    """
    path = given_path(path)
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise InvalidRequest(
            f"A contact sheet can't be saved as {path.name!r}.",
            parameter="path",
            value=str(path),
            allowed=", ".join(FORMATS),
            todo="Let its name end in .png or .jpg.",
        )
    sheet = _Sheet(comparison, list(facets(comparison)), findings)
    parts = (sheet.of(part).drawn() for part in _parts(sheet, _LONGEST[form]))
    drawn = [_encoded(_stacked(page), form) for page in _pages(parts, _LONGEST[form])]
    pages = {
        path.with_stem(f"{path.stem}-{number}") if number > 1 else path: data for number, data in enumerate(drawn, 1)
    }
    taken = [page.name for page, data in pages.items() if page != path and _is_another(page, data)]
    if taken:
        names = f"{', '.join(taken[:3])}{' …' if taken[3:] else ''}"
        what = f"The sheet needs {len(pages)} files, and {names} is there already: nothing is overwritten or saved."
        raise FoxError(what, todo="Choose another name, or remove what is there.")
    for page, data in pages.items():
        _put(comparison, page, data)
    return path


def _encoded(sheet: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    try:
        sheet.save(out, form, quality=90)
    except (OSError, ValueError) as error:
        what = f"A sheet of {size_words(sheet.width, sheet.height)} px can't be made as {form}: {error}."
        raise FoxError(what, todo="Save it as .png, or compare fewer pictures at once.") from None
    return out.getvalue()


def _is_another(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() != data
    except OSError:
        return path.exists()


def _parts(whole: _Sheet, longest: int) -> Iterator[Facet]:
    """Give the tables of a comparison, cut where they have more rows or columns than a sheet has room for."""
    for facet in whole.facets:
        sheet = whole.of(facet)
        down = max(1, (longest - _TALLEST_HEAD) // (sheet.height + sheet.gap))
        across = max(1, (longest - sheet.left) // (sheet.side + sheet.gap))
        for left in range(0, sheet.across, across):
            columns = facet.columns and replace(facet.columns, labels=facet.columns.labels[left : left + across])
            for top in range(0, len(facet.lines), down):
                rows = facet.rows and replace(facet.rows, labels=facet.rows.labels[top : top + down])
                lines = [line[left : left + across] for line in facet.lines[top : top + down]]
                yield replace(facet, columns=columns, rows=rows, lines=lines)


def _pages(parts: Iterable[Image.Image], tallest: int) -> Iterator[list[Image.Image]]:
    """Put as many parts on each page as it is tall."""
    page: list[Image.Image] = []
    for part in parts:
        if page and sum(other.height for other in page) + part.height > tallest:
            yield page
            page = []
        page.append(part)
    yield page


def _stacked(drawn: Sequence[Image.Image]) -> Image.Image:
    """Put the parts of a comparison below each other."""
    if len(drawn) == 1:
        return drawn[0]
    whole = Image.new("RGB", (max(part.width for part in drawn), sum(part.height for part in drawn)), _PAPER)
    top = 0
    for part in drawn:
        whole.paste(part, (0, top))
        top += part.height
    return whole


class _Sheet:
    """Sizes and fonts of a contact sheet, whose parts are of one scale; `of` gives a part its places."""

    facet: Facet
    across: int
    beside: int
    left: int

    def __init__(self, comparison: Comparison, facets: Sequence[Facet], findings: Sequence[str]) -> None:
        self.comparison, self.facets = comparison, facets
        across, down = len(facets[0].lines[0]), sum(len(facet.lines) for facet in facets)
        self.side = max(64, min(512, _SHEET_EDGE // max(across + (comparison.original is not None), down)))
        text = max(11, self.side // 20)
        titles = (facet.title for facet in facets)
        words = [comparison.title, *titles, *findings, *(word for axis in comparison.axes for word in _words(axis))]
        self.font, self.title_font = font_for(words, text), font_for(words, round(text * 1.5))
        self.line = round(text * 1.35)
        self.gap = max(4, self.side // 48)
        cells = comparison.cells.values()
        lines = max((len(numbers(cell.summary())) for cell in cells), default=0) + (facets[0].columns is None)
        self.picture_height = round(self.side * self._shape())
        self.height = self.picture_height + self.line * lines + self.gap
        self.findings = list(findings)
        if any(len(cell.takes) > 1 for cell in cells):
            self.findings.append(
                "The first variation of each setting; numbers are mean and spread of all its variations."
            )
        self.draw = ImageDraw.Draw(Image.new("RGB", (1, 1)))

    def of(self, facet: Facet) -> _Sheet:
        """Return the sheet of one table, or of a part of it."""
        part = copy(self)
        part.facet, part.across, part.beside = facet, len(facet.lines[0]), self._beside(facet.rows)
        part.left = self.gap + (self.side + self.gap if self.comparison.original else 0) + part.beside
        return part

    def _shape(self) -> float:
        """Height for width: the original's, else the first picture's."""
        first = next(iter(self.comparison.pictures().values()), None)
        return 1.0 if first is None else min(2.5, max(0.4, first.height / first.width))

    def drawn(self) -> Image.Image:
        rows, original = self.facet.rows, self.comparison.original
        beside, left = self.beside, self.left
        width = left + self.across * (self.side + self.gap)
        head = self._head(width - 2 * self.gap)
        labels = [self._wrapped(words, self.side, self.font) for words in self._labels()]
        top = 2 * self.gap + sum(map(self._tall, head)) + max(map(self._tall, labels), default=0)
        sheet = Image.new("RGB", (width, top + len(self.facet.lines) * (self.height + self.gap)), _PAPER)
        self.draw = ImageDraw.Draw(sheet)
        y = self.gap
        for text in head:
            y += self._write(text, (self.gap, y))
        if original:
            self._picture(sheet, original, (self.gap, top))
            if self.facet.columns is not None:
                self._write_above(self._wrapped("Original", self.side, self.font), (self.gap, top))
            else:
                self._write(
                    self._wrapped("Original", self.side, self.font), (self.gap, top + self.picture_height + self.gap)
                )
        for c, text in enumerate(labels):
            self._write_above(text, (left + c * (self.side + self.gap), top))
        for r, line in enumerate(self.facet.lines):
            y = top + r * (self.height + self.gap)
            if rows is not None:
                words = f"{rows.name}\n{rows.labels[r]}".strip()
                self._write(self._wrapped(words, beside - 2 * self.gap, self.font, lines=8), (left - beside, y))
            for c, key in enumerate(line):
                self._cell(sheet, key, (left + c * (self.side + self.gap), y))
        return sheet

    def _head(self, width: int) -> list[_Text]:
        words = f"{self.comparison.title}: {self.facet.title}" if self.facet.title else self.comparison.title
        title = self._wrapped(words, width, self.title_font)
        return [title, *(self._wrapped(words, width, self.font, _SOFT) for words in self.findings)]

    def _beside(self, rows: Axis | None) -> int:
        """Room for the values of the rows: as much as their words take, within bounds."""
        if rows is None:
            return 0
        widest = max(self.draw.textlength(words, font=self.font) for words in (rows.name, *rows.labels))
        return min(self.side * 6 // 10, round(widest) + 1) + 2 * self.gap

    def _labels(self) -> list[str]:
        """Say what stands above each column; the parameter's name once, where the rows have one too."""
        columns = self.facet.columns
        if columns is None:
            return []
        if self.facet.rows is None:
            return [columns.words(c) for c in range(len(columns.labels))]
        return [f"{'' if c else columns.name}\n{label}" for c, label in enumerate(columns.labels)]

    def _cell(self, sheet: Image.Image, key: Key | None, at: tuple[int, int]) -> None:
        cell = self.comparison.cells.get(key) if key is not None else None
        if key is None or cell is None:
            return
        x, y = at
        take = next((take for take in cell.takes if take.picture is not None), cell.takes[0])
        if take.picture is None or not self._picture(sheet, take.picture, at):
            self.draw.rectangle((x, y, x + self.side - 1, y + self.picture_height - 1), _FIELD)
            words = WITHOUT_PICTURE.get(take.state, "no picture") + (f": {take.reason}" if take.reason else "")
            self._write(self._wrapped(words, self.side - 2 * self.gap, self.font, _SOFT), (x + self.gap, y + self.gap))
        y += self.picture_height + self.gap // 2
        lines = [f"{name} {value}" for name, value in numbers(cell.summary())]
        if self.facet.columns is None:
            lines.insert(0, self.comparison.axes[0].words(key[0]))
        for words in lines:
            self._write(self._wrapped(words, self.side, self.font, _SOFT, lines=1), (x, y))
            y += self.line

    def _picture(self, sheet: Image.Image, picture: ComparedPicture, at: tuple[int, int]) -> bool:
        data = picture.preview(*preview_size(1))
        if not data:
            return False
        with Image.open(io.BytesIO(data)) as preview:
            small = fitted(preview.convert("RGBA"), (self.side, self.picture_height))
        sheet.paste(small, at, small)
        return True

    def _wrapped(self, words: str, width: int, font: Font, ink: str = _INK, *, lines: int = 4) -> _Text:
        """Keep words within a width: broken between words, or within a long one, cut with an ellipsis."""
        words = writable(words[: lines * width], font)  # no sign that is seen is narrower than a pixel
        broken = list(islice(_broken(self.draw, words, width, font), lines + 1))
        if len(broken) > lines:
            broken[lines - 1 :] = [broken[lines - 1][: _fitting(self.draw, broken[lines - 1], width, font, "…")] + "…"]
        return _Text("\n".join(broken), font, ink)

    def _tall(self, text: _Text) -> int:
        """Pixels down, with the space that follows."""
        box = self.draw.multiline_textbbox((0, 0), text.words, font=text.font, spacing=self.gap)
        return round(box[3]) + self.gap

    def _write(self, text: _Text, at: tuple[int, int]) -> int:
        self.draw.multiline_text(at, text.words, fill=text.ink, font=text.font, spacing=self.gap)
        return self._tall(text)

    def _write_above(self, text: _Text, at: tuple[int, int]) -> None:
        self._write(text, (at[0], at[1] - self._tall(text)))


class _Text(NamedTuple):
    """Words that are broken into lines already."""

    words: str
    font: Font
    ink: str


def _words(axis: Axis) -> tuple[str, ...]:
    return (axis.name, *axis.labels)


def _broken(draw: ImageDraw.ImageDraw, words: str, width: int, font: Font) -> Iterator[str]:
    """Give lines that fit, broken between words; a word that fits none, such as a link or Chinese, within it."""
    for line in words.split("\n"):
        piece = ""
        for word in line.split():
            longer, rest = f"{piece} {word}".strip(), word
            if draw.textlength(longer, font=font) <= width:
                piece = longer
                continue
            if piece:
                yield piece
            while (fits := _fitting(draw, rest, width, font)) < len(rest):
                yield rest[:fits]
                rest = rest[fits:]
            piece = rest
        yield piece


def _fitting(draw: ImageDraw.ImageDraw, words: str, width: int, font: Font, end: str = "") -> int:
    """Return how many signs of a text fit into a width with an end, at least one."""
    longer = range(2, len(words) + 1)
    return 1 + bisect_right(longer, width, key=lambda count: ceil(draw.textlength(words[:count] + end, font=font)))


def _size(picture: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(picture)) as image:
        return image.size


def _put(comparison: Comparison, path: Path, data: bytes) -> Path:
    """Write a file whole or not at all, and over none of the pictures that it shows, nor over a copy of one."""
    there = version_of(path) if path.is_file() else ()
    shown = [take.picture for cell in comparison.cells.values() for take in cell.takes]
    try:
        if any(
            path.resolve() in (picture.path.resolve(), Path(picture.source or picture.path).resolve())
            or there in (picture.version, picture.made_of)
            for picture in [comparison.original, *shown]
            if picture is not None
        ):
            what = f"{path} is one of the pictures themselves; it is not overwritten."
            raise InvalidRequest(what, parameter="path", value=str(path), todo="Choose another name.")
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, data)
    except OSError as error:
        raise FoxError(f"{path} could not be written: {reason_of(error)}.", todo="Choose another place.") from None
    return path
