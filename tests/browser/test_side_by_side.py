"""Any pictures side by side in JupyterLab: compared by hand, no key reaches the notebook, and it lives on without a kernel."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from comparisons import PIXEL
from kernels import notebook

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from lab import Lab, NotebookPage

FOUR = """
import fox_nb
import numpy as np
from PIL import Image
small = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
base = Image.fromarray(small).resize((640, 480), Image.Resampling.BICUBIC)
base.save('base.png')
Image.new('RGB', (640, 480), (200, 40, 40)).save('red.png')
fox_nb.compare(['base.png', 'red.png', np.asarray(base)[::-1], base.resize((320, 240))], original='base.png')
"""
READY = "() => document.querySelector('.foxc-compare')?.getAttribute('aria-busy') === 'false'"
FRAME = "iframe[data-fox-alive]"


@pytest.fixture
def page(lab: Lab) -> NotebookPage:
    opened = lab.open(notebook(FOUR, "2 + 2"))
    opened.run_all()
    opened.wait_for(READY)
    return opened


def test_no_key_reaches_the_notebook_wherever_one_clicked(page: NotebookPage) -> None:
    """Clicks on heads, words, the bar's gaps and cells, each followed by every letter: no cell is changed, none deleted."""
    before = [(cell.cell_type, cell.source) for cell in page.save().cells]
    places = [
        ".foxc-scroll thead th",
        ".foxc-bar",
        ".foxc-zoom",
        ".foxc-facts strong",
        "td .foxc-numbers",
        "td .foxc-frame",
    ]
    for place in places:
        page.locator(place).first.click()
        assert page.page.evaluate("() => !!document.activeElement.closest('.foxc-live')"), place
        for letter in (*string.ascii_lowercase, "d", "d", "0", "0"):
            if letter == "f":
                continue  # full screen: asked for below
            page.page.keyboard.press(letter)
        page.page.keyboard.press("?")
        for letter in "ddxab":
            page.page.keyboard.press(letter)
        page.page.keyboard.press("Escape")
    assert page.locator(".jp-Dialog").count() == 0
    assert [(cell.cell_type, cell.source) for cell in page.save().cells] == before


def test_the_tools_are_one_row_that_does_not_move(page: NotebookPage) -> None:
    """At 1280 pixels every tool stands in one row, at the same place whichever is chosen; F fills the screen."""
    page.set_size(1280, 900)
    page.locator("td[role=gridcell]").first.click()
    boxes = "() => [...document.querySelectorAll('.foxc-bar :is(button, select, input)')].map(tool => tool.getBoundingClientRect().toJSON())"
    first = page.page.evaluate(boxes)
    assert max(box["bottom"] for box in first) - min(box["top"] for box in first) < 40
    for key in ("s", "d", "a", "r", "+"):
        page.page.keyboard.press(key)
        now = page.page.evaluate(boxes)
        assert [(box["x"], box["width"]) for box in now] == [(box["x"], box["width"]) for box in first], key
    page.page.keyboard.press("f")
    page.wait_for("() => document.fullscreenElement?.classList.contains('foxc-compare')")
    page.page.keyboard.press("f")
    page.wait_for("() => !document.fullscreenElement")


LONG = [pytest.param(place, marks=pytest.mark.long) for place in ("Notebook 7", "nbconvert's HTML")]


@pytest.mark.parametrize("place", ["JupyterLab", *LONG])
def test_it_lives_on_without_a_kernel(page: NotebookPage, lab: Lab, place: str, request: pytest.FixtureRequest) -> None:
    """Reopened with no kernel, a zoom in one cell moves all, divider and difference work; untrusted, the table is there."""
    page.locator("td[role=gridcell]:has-text('SSIM')").nth(1).wait_for()
    page.until(lambda: "SSIM" in str(page.save().cells[0].outputs) or None, "the numbers in the saved page")
    assert page.path.stat().st_size < 1_500_000
    page.close()
    if place == "JupyterLab":
        again = lab.open(page.path, kernel=False)
        moves_together(again.page)
        again.close()
        untrusted = lab.open(page.path, kernel=False, trusted=False)
        untrusted.output(0).locator("td img").nth(3).wait_for()
        assert untrusted.locator("iframe[data-fox-alive]").count() == 0
        assert untrusted.output(0).locator("td img").count() == 4
    elif place == "Notebook 7":
        opened = request.getfixturevalue("notebook7").open(page.path)
        opened.shutdown_kernel()
        moves_together(opened.page)
    else:
        html, _ = HTMLExporter().from_notebook_node(nbformat.read(page.path, as_version=4))
        file = page.folder / "exported.html"
        file.write_text(html, encoding="utf-8")
        exported = lab.context.new_page()
        # MathJax and require.js are asked for by nbconvert's page, and are not to be had here
        exported.route(re.compile("^https?:"), lambda route: route.abort())
        exported.goto(file.as_uri())
        moves_together(exported)
        exported.close()


def moves_together(page: Page) -> None:
    """Look closely at a comparison that no kernel stands behind: zoom, divider, difference."""
    inside = page.frame_locator(FRAME)
    cells = inside.locator("td[role=gridcell]")
    expect(cells).to_have_count(4)
    assert page.locator(".foxc-static").first.is_hidden()
    frame = page.locator(FRAME).element_handle().content_frame()
    assert frame is not None
    frame.wait_for_function(READY)

    def pixel(cell: int, x: float, y: float) -> list[int]:
        frame.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        found: list[int] = frame.evaluate(PIXEL, [f"td[role=gridcell]:nth-of-type({cell})", x, y])
        return found

    cells.first.click()
    before = [pixel(cell, 0.2, 0.2) for cell in (1, 3, 4)]
    page.keyboard.press("1")
    for _ in range(3):
        page.keyboard.press("+")
    after = [pixel(cell, 0.2, 0.2) for cell in (1, 3, 4)]
    assert all(one != other for one, other in zip(before, after, strict=True))
    page.keyboard.press("0")
    cells.nth(1).click()
    page.keyboard.press("s")
    slider = inside.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    assert slider.get_attribute("aria-valuenow") == "0"
    assert pixel(2, 0.5, 0.5)[0] > 150
    page.keyboard.press("End")
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    expect(inside.get_by_role("button", name="Difference")).to_have_attribute("aria-pressed", "true")
