"""A comparison's other forms in a real browser: many cells, a narrow screen, no script, the plain table, the plots."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from comparisons import EVIL, ORIGINAL, Page, comparison, flat, laid_out, near
from fox_nb.images.inline import data_uri
from fox_nb.render import plots
from fox_nb.render.comparison import Axis, Cell, ComparedPicture, Take
from fox_nb.render.comparison_files import save_html
from fox_nb.render.comparison_table import static_grid
from watched import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


def test_two_hundred_cells_are_one_grid(browser: Browser, tmp_path: Path) -> None:
    """Ten rows of twenty: the page stays small, the last cell is reached by keys, drawn as its own, and its values are in sight."""

    def cell(row: int, column: int) -> Cell:
        path = tmp_path / f"{row}-{column}.png"
        Image.new("RGB", (64, 64), (20 * row, 12 * column, 90)).save(path)
        return Cell(f"a {row}, b {column}", [Take(1, "done", ComparedPicture(path, 64, 64))])

    axes = Axis("a", [str(row) for row in range(10)]), Axis("b", [str(column) for column in range(20)])
    cells = [[cell(row, column) for column in range(20)] for row in range(10)]
    path = save_html(laid_out("many", *axes, cells), tmp_path / "compare.html")
    assert path.stat().st_size < 1_500_000
    context = browser.new_context(viewport={"width": 1200, "height": 900}, offline=True)
    page = Page(context.new_page())
    page.open(path)
    page.locator("td[role=gridcell]").first.click()
    page.press(*["ArrowRight"] * 19, *["ArrowDown"] * 9)
    assert page.locator(".foxc-facts strong").inner_text() == "a 9, b 19"
    page.wait_for(
        """expected => {
            const canvas = [...document.querySelectorAll('td canvas')].at(-1);
            const {data} = canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
            return expected.every((value, i) => Math.abs(data[i] - value) < 12);
        }""",
        [180, 228, 90],
    )
    area = page.locator(".foxc-scroll").bounding_box()
    assert area is not None
    for head in (page.locator("[role=grid] thead th").last, page.locator("[role=grid] tbody th").last):
        box = head.bounding_box()
        assert box is not None
        assert area["x"] <= box["x"]
        assert box["x"] + box["width"] <= area["x"] + area["width"]
        assert area["y"] <= box["y"]
        assert box["y"] <= area["y"] + area["height"]
    context.close()


def test_one_to_one_shows_the_pictures_own_pixels(browser: Browser, tmp_path: Path) -> None:
    """At 1:1 the canvas holds the preview's pixels as they are, and beyond it each is a sharp square."""
    checks = np.indices((600, 600)).sum(axis=0) % 2 * 255
    Image.fromarray(np.stack([checks] * 3, axis=-1).astype(np.uint8)).save(tmp_path / "a.png")
    cell = Cell("a", [Take(1, "done", ComparedPicture(tmp_path / "a.png", 600, 600))])
    path = save_html(laid_out("t", None, Axis("x", ["1", "2"]), [[cell, cell]]), tmp_path / "compare.html")
    context = browser.new_context(viewport={"width": 700, "height": 800})
    page = Page(context.new_page())
    page.open(path)
    page.cell(0, 0).click()
    row = """() => {
        const canvas = document.querySelector('td canvas');
        const {data} = canvas.getContext('2d').getImageData(20, 30, 64, 1);
        return [...data].filter((_, i) => i % 4 === 0).map(value => value > 127 ? 1 : 0).join('');
    }"""
    page.press("1")
    page.pixel(0, 0)
    assert page.page.evaluate(row) in {"01" * 32, "10" * 32}
    page.page.get_by_role("button", name="Zoom in (+)").click()
    for _ in range(12):
        page.press("+")
    page.pixel(0, 0)
    runs = {len(run) for run in page.page.evaluate(row).replace("10", "1 0").replace("01", "0 1").split()[1:-1]}
    assert runs <= {23, 24, 25}
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_in_light_and_dark_and_at_400_pixels(
    browser: Browser, tmp_path: Path, axe: str, scheme: str
) -> None:
    """axe finds nothing serious in any mode, and a narrow screen needs no sideways scrolling of the page."""
    path = save_html(comparison(tmp_path), tmp_path / "compare.html")
    context = browser.new_context(viewport={"width": 400, "height": 800}, color_scheme=scheme, bypass_csp=True)
    page = Page(context.new_page())
    page.open(path)
    page.cell(0, 0).click()
    assert page.violations(axe) == []
    page.press("s")
    assert page.violations(axe) == []
    page.press("d", "Enter", "c")
    assert page.violations(axe) == []
    page.press("?")
    assert page.violations(axe) == []
    assert page.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    context.close()


def test_without_a_script_the_plain_table_is_there(browser: Browser, tmp_path: Path) -> None:
    """Where scripts are off the page is the table with all pictures."""
    path = save_html(comparison(tmp_path), tmp_path / "compare.html")
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator("[data-fox-comparison] img").count() == 10
    assert page.locator("caption").is_visible()
    context.close()


def test_a_hover_over_the_plain_table_shows_the_original(browser: Browser, tmp_path: Path) -> None:
    """In the saved table, with no script at all, the pointer over a cell brings the original to its place."""
    path = tmp_path / "table.html"
    path.write_text(f"<!doctype html><meta charset=utf-8>{static_grid(comparison(tmp_path))}", encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.goto(path.as_uri())
    cell = page.locator(".foxc-shot").nth(1)

    def colour() -> list[int]:
        with Image.open(io.BytesIO(cell.screenshot())) as image:
            return list(image.convert("RGB").getpixel((image.width * 6 // 10, image.height * 6 // 10)))

    page.mouse.move(0, 0)
    assert near(colour(), (40, 120, 210))
    cell.hover()
    assert near(colour(), ORIGINAL)
    context.close()


def test_plots_with_hostile_labels_run_nothing(browser: Browser, tmp_path: Path) -> None:
    """ipyplot's three forms with labels that are scripts: each is read as text, tabs open by mouse and key, nothing runs."""
    uris = [data_uri(flat(tmp_path, str(n), (40 * n, 90, 90)).preview(64, 4_000)) for n in range(4)]
    labels = [EVIL, "'\"><script>window.ran=1</script>", EVIL, "plain"]
    forms = [plots.plot_class_tabs(uris, labels, labels), plots.plot_class_representations(uris, labels)]
    path = tmp_path / "plots.html"
    path.write_text("<!doctype html><meta charset=utf-8>" + "".join([*forms, plots.plot_images(uris, labels)]), "utf-8")
    context = browser.new_context(offline=True)
    page = Page(context.new_page())
    page.page.goto(path.as_uri())
    page.wait_for("() => [...document.images].every(image => image.complete && image.naturalWidth)")
    tabs = page.locator("input[type=radio]")
    assert tabs.count() == 3
    assert page.locator("input[type=radio] + label").all_inner_texts() == list(dict.fromkeys(labels))
    assert page.locator(".tab:visible img").count() == 2
    page.locator("label:text-is('plain')").click()
    assert page.locator(".tab:visible img").count() == 1
    page.press("ArrowLeft")
    assert page.locator(".tab:visible").inner_text().strip() == labels[1]
    assert page.page.evaluate("() => window.ran") is None
    page.page.evaluate("markup => document.body.insertAdjacentHTML('beforeend', markup)", EVIL)
    page.wait_for("() => window.ran === 1")
    context.close()
