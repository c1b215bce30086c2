"""A comparison in flat colours, and what a person asks of its page: so that a test knows the colour of every place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from fox_nb.render.comparison import Axis, Cell, ComparedPicture, Comparison, Take
from lab import Watched

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator

EVIL = '<img src=x onerror="window.ran=1">'
SIDE = 512
ORIGINAL, OTHER = (200, 40, 40), (40, 120, 200)
PIXEL = """([selector, fx, fy]) => {
    const canvas = document.querySelector(selector + ' canvas');
    const {data} = canvas.getContext('2d').getImageData(fx * canvas.width, fy * canvas.height, 1, 1);
    return [...data.slice(0, 3)];
}"""
NO_HOLD = """() => {
    const real = window.foxTimer = window.setTimeout;
    window.setTimeout = (what, ms, ...more) => real(what, ms === 280 ? 1e6 : ms, ...more);
}"""
"""A press that a slow machine moves late is a drag, and no hold."""


def flat(folder: Path, name: str, colour: tuple[int, int, int]) -> ComparedPicture:
    """One colour, with a white square in the middle of the upper left quarter."""
    image = Image.new("RGB", (SIDE, SIDE), colour)
    image.paste("white", (SIDE // 8, SIDE // 8, SIDE * 3 // 8, SIDE * 3 // 8))
    image.save(folder / f"{name}.png")
    return ComparedPicture(folder / f"{name}.png", SIDE, SIDE)


def comparison(folder: Path) -> Comparison:
    """Three by three: red original, every cell a blue of its own; one has two takes, one has failed."""
    cells = []
    for r in range(3):
        row = []
        for c in range(3):
            blue = (OTHER[0], OTHER[1] + 10 * r, OTHER[2] + 10 * c)
            code = f"fox.enhance({EVIL!r}, {r}, {c})"
            takes = [Take(1, "done", flat(folder, f"{r}{c}", blue), metrics={"ssim": 0.5}, code=code)]
            if (r, c) == (1, 1):
                takes.append(Take(2, "done", flat(folder, "second", (10, 200, 10)), metrics={"ssim": 0.7}, code=code))
            if (r, c) == (2, 2):
                takes = [Take(1, "failed", reason=f"refused {EVIL}", code=code)]
            row.append(Cell(f"creativity {r}, resemblance {c} {EVIL}", takes))
        cells.append(row)
    values = ["0", EVIL, "1"]
    original = flat(folder, "original", ORIGINAL)
    return laid_out(f"Enhance {EVIL}", Axis("creativity", values), Axis("resemblance", values), cells, original)


def laid_out(
    title: str, rows: Axis | None, columns: Axis, cells: list[list[Cell]], original: ComparedPicture | None = None
) -> Comparison:
    """A comparison of rows and columns, or of one row."""
    placed = {(c,) if rows is None else (c, r): cell for r, line in enumerate(cells) for c, cell in enumerate(line)}
    return Comparison(title, [columns] if rows is None else [columns, rows], placed, original)


class Page(Watched):
    """The exported page, and what a person asks of it."""

    def open(self, path: Path) -> None:
        """Open it, and wait until its grid is drawn with all its pictures."""
        self.page.goto(path.as_uri())
        self.wait_for("() => document.querySelector('.foxc-compare')?.getAttribute('aria-busy') === 'false'")
        self.wait_for("() => [...document.images].every(image => image.complete)")

    def cell(self, row: int, column: int) -> Locator:
        return self.locator("td[role=gridcell]").nth(3 * row + column)

    def pixel(self, row: int, column: int, x: float = 0.6, y: float = 0.6) -> list[int]:
        """The colour at a place of a cell, given in fractions of it, once the page has been painted."""
        return self.colour(f"tbody tr:nth-child({row + 1}) td:nth-of-type({column + 1})", x, y)

    def colour(self, selector: str, x: float, y: float) -> list[int]:
        """The colour at a place of what has a canvas, likewise."""
        self.wait_frames()
        found: list[int] = self.page.evaluate(PIXEL, [selector, x, y])
        return found

    def drag(self, row: int, column: int, start: tuple[float, float], end: tuple[float, float]) -> None:
        box = self.cell(row, column).locator(".foxc-frame").bounding_box()
        assert box is not None
        self.page.evaluate(NO_HOLD)
        mouse = self.page.mouse
        mouse.move(box["x"] + start[0] * box["width"], box["y"] + start[1] * box["height"])
        mouse.down()
        mouse.move(box["x"] + end[0] * box["width"], box["y"] + end[1] * box["height"], steps=5)
        mouse.up()
        self.page.evaluate("() => { window.setTimeout = window.foxTimer; }")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)


def near(seen: list[int], expected: tuple[int, ...], far: int = 12) -> bool:
    return max(abs(a - b) for a, b in zip(seen, expected, strict=True)) <= far
