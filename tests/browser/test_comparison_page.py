"""The exported comparison in a real browser, from `file:` with no network: what a person sees and does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from comparisons import EVIL, ORIGINAL, OTHER, Page, comparison, flat, laid_out, near
from fox_nb.render.comparison import Axis, Cell, ComparedPicture, Take
from fox_nb.render.comparison_files import save_html

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Any:
    path = save_html(comparison(tmp_path), tmp_path / "compare.html")
    context = browser.new_context(viewport={"width": 1200, "height": 1000}, offline=True)
    opened = Page(context.new_page())
    requests: list[str] = []
    opened.page.on("request", lambda request: requests.append(request.url))
    opened.open(path)
    yield opened
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert opened.console_errors == []
    assert opened.page.evaluate("() => window.ran") is None
    context.close()


def test_all_cells_are_drawn_with_their_values_on_both_axes(page: Page) -> None:
    """Each cell shows its own picture, the original stands beside, and labels are text."""
    assert near(page.pixel(0, 0), OTHER)
    assert near(page.pixel(1, 2), (40, 130, 220))
    assert near(page.colour(".foxc-original", 0.6, 0.6), ORIGINAL)
    assert page.locator("[role=grid] thead th").all_inner_texts()[1:] == ["0", EVIL, "1"]
    assert page.locator("[role=grid] tbody th").all_inner_texts() == ["0", EVIL, "1"]
    assert EVIL in page.cell(2, 2).inner_text()
    assert page.locator("[data-fox-comparison]").is_hidden()


def test_zooming_one_cell_moves_all_others(page: Page) -> None:
    """A wheel turn over the white square of one cell brings that square into every cell and the original."""
    assert not near(page.pixel(2, 0, 0.5, 0.5), (255, 255, 255))
    box = page.cell(0, 1).locator(".foxc-frame").bounding_box()
    assert box is not None
    page.cell(0, 1).click(position={"x": 5, "y": 5})
    page.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    for _ in range(4):
        page.page.mouse.wheel(0, -400)
    for row, column in ((0, 0), (0, 1), (1, 1), (2, 0)):
        assert near(page.pixel(row, column, 0.3, 0.3), (255, 255, 255)), (row, column)
    assert near(page.colour(".foxc-original", 0.3, 0.3), (255, 255, 255))
    page.press("0")
    assert near(page.pixel(2, 0, 0.6, 0.6), (40, 140, 200))


def test_panning_one_cell_moves_all_others(page: Page) -> None:
    """Dragging the zoomed picture to the lower right brings its upper left into every cell; arrows do the same."""
    page.cell(1, 0).click()
    page.press("+", "+", "+")
    assert not near(page.pixel(0, 2, 0.5, 0.5), (255, 255, 255))
    page.drag(1, 0, (0.1, 0.1), (0.95, 0.95))
    assert near(page.pixel(0, 2, 0.85, 0.85), (255, 255, 255))
    page.press(*["ArrowRight", "ArrowDown"] * 8)
    assert near(page.pixel(0, 2, 0.5, 0.5), (40, 120, 220))


def test_a_wheel_over_a_grid_that_nobody_uses_scrolls_the_page(page: Page) -> None:
    """Without a click or Ctrl the wheel is the page's; with Ctrl it zooms at once."""
    zoom = page.locator(".foxc-zoom")
    before = zoom.inner_text()
    page.cell(0, 0).hover()
    page.page.mouse.wheel(0, -200)
    assert near(page.pixel(0, 0), OTHER)
    assert zoom.inner_text() == before
    page.page.keyboard.down("Control")
    page.page.mouse.wheel(0, -400)
    page.page.keyboard.up("Control")
    page.pixel(0, 0)
    assert zoom.inner_text() != before


def test_the_divider_works_by_mouse(page: Page) -> None:
    """Left of the divider is the original, right of it the cell; dragging moves it, in this cell alone."""
    page.cell(1, 0).click()
    page.press("s")
    assert near(page.pixel(1, 0, 0.45, 0.8), ORIGINAL)
    assert near(page.pixel(1, 0, 0.55, 0.8), (40, 130, 200))
    assert near(page.pixel(0, 0, 0.45, 0.8), OTHER)
    page.drag(1, 0, (0.5, 0.5), (0.8, 0.5))
    slider = page.cell(1, 0).get_by_role("slider")
    assert slider.get_attribute("aria-valuenow") == "80"
    assert near(page.pixel(1, 0, 0.75, 0.8), ORIGINAL)
    page.press("+", "+")
    page.drag(1, 0, (0.8, 0.5), (0.2, 0.5))
    assert slider.get_attribute("aria-valuenow") == "20"


def test_the_divider_works_by_keyboard(page: Page) -> None:
    """Tab reaches it; arrows, Home and End move it; it says where it stands."""
    page.cell(0, 0).click()
    page.press("s", "Tab")
    slider = page.cell(0, 0).get_by_role("slider")
    assert slider.evaluate("node => node === document.activeElement")
    page.press("ArrowRight")
    assert slider.get_attribute("aria-valuenow") == "52"
    page.press("Shift+ArrowLeft", "ArrowLeft")
    assert slider.get_attribute("aria-valuenow") == "40"
    page.press("End")
    assert near(page.pixel(0, 0, 0.95, 0.8), ORIGINAL)
    page.press("Home")
    assert near(page.pixel(0, 0, 0.05, 0.8), OTHER)
    assert slider.get_attribute("aria-valuetext") == "0 % Original"
    page.press("Escape")
    assert slider.count() == 0


def test_the_divider_works_by_touch(browser: Browser, tmp_path: Path) -> None:
    """A finger drags the divider, and two fingers zoom."""
    path = save_html(comparison(tmp_path), tmp_path / "compare.html")
    context = browser.new_context(viewport={"width": 400, "height": 800}, has_touch=True, offline=True)
    page = Page(context.new_page())
    page.open(path)
    page.cell(0, 0).tap()
    page.page.get_by_role("button", name="Divider").tap()
    box = page.cell(0, 0).locator(".foxc-frame").bounding_box()
    assert box is not None
    finger = context.new_cdp_session(page.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": i}
            for i, (x, y) in enumerate(points)
        ]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", (0.5, 0.5))
    touch("touchMove", (0.6, 0.5))
    touch("touchMove", (0.75, 0.5))
    touch("touchEnd")
    assert page.cell(0, 0).get_by_role("slider").get_attribute("aria-valuenow") == "75"
    before = page.locator(".foxc-zoom").inner_text()
    touch("touchStart", (0.4, 0.3))
    touch("touchStart", (0.4, 0.3), (0.6, 0.3))
    touch("touchMove", (0.2, 0.3), (0.8, 0.3))
    touch("touchMove", (0.1, 0.3), (0.9, 0.3))
    touch("touchEnd")
    page.pixel(0, 0)
    assert page.locator(".foxc-zoom").inner_text() != before
    context.close()


def test_any_cell_can_be_what_others_are_compared_with(page: Page) -> None:
    """R makes a cell the one to compare with; the list does the same."""
    page.cell(1, 1).click()
    page.press("]", "r")
    page.cell(0, 2).click()
    page.press("s")
    assert near(page.pixel(0, 2, 0.3, 0.8), (10, 200, 10))
    assert near(page.pixel(0, 2, 0.7, 0.8), (40, 120, 220))
    page.page.get_by_label("Compare with").select_option("0,0")
    assert near(page.pixel(0, 2, 0.3, 0.8), OTHER)


def test_holding_shows_the_original(page: Page) -> None:
    """A long press, the O key, space and the button show the original as long as they are held."""
    mouse = page.page.mouse
    page.cell(0, 0).locator(".foxc-frame").hover()
    mouse.down()
    page.wait_for("() => document.querySelector('.foxc-status').textContent === 'Original'")
    assert near(page.pixel(0, 0), ORIGINAL)
    assert near(page.pixel(0, 1), (40, 120, 210))
    mouse.up()
    assert near(page.pixel(0, 0), OTHER)
    for key in ("o", " "):
        page.page.keyboard.down(key)
        assert near(page.pixel(0, 0), ORIGINAL)
        page.page.keyboard.up(key)
        assert near(page.pixel(0, 0), OTHER)
    page.page.get_by_role("button", name="Hold to compare").hover()
    mouse.down()
    assert near(page.pixel(0, 0), ORIGINAL)
    mouse.up()
    assert near(page.pixel(0, 0), OTHER)


def test_the_difference_is_the_distance_times_the_gain(page: Page) -> None:
    """Each channel shows how far the two are apart, times the gain, up to white; in all cells when asked."""
    page.cell(0, 0).click()
    page.press("d", "Shift+G", "Shift+G")
    assert near(page.pixel(0, 0), (160, 80, 160))
    assert near(page.pixel(0, 0, 0.25, 0.25), (0, 0, 0))
    assert near(page.pixel(1, 0), (40, 130, 200))
    page.press("a")
    assert near(page.pixel(1, 0), (160, 90, 160))
    page.press("g")
    assert near(page.pixel(0, 0), (255, 160, 255))
    assert page.locator("[role=status]").inner_text() == "Gain 2"
    page.press("Escape")
    assert near(page.pixel(0, 0), OTHER)


def test_what_shines_through_is_no_difference(browser: Browser, tmp_path: Path) -> None:
    """Of two equal pictures nothing is left, be they half transparent; against another one it is as on white."""
    shown = []
    for name, alpha in (("half", 128), ("same", 128), ("opaque", 255)):
        Image.new("RGBA", (320, 320), (200, 40, 40, alpha)).save(tmp_path / f"{name}.png")
        shown.append(ComparedPicture(tmp_path / f"{name}.png", 320, 320))
    half, *others = shown
    cells = [[Cell(picture.name, [Take(1, "done", picture)]) for picture in others]]
    path = save_html(laid_out("t", None, Axis("x", ["1", "2"]), cells, half), tmp_path / "compare.html")
    context = browser.new_context(offline=True)
    page = Page(context.new_page())
    page.open(path)
    page.cell(0, 0).click()
    page.press("d", "a", "Shift+G", "Shift+G")
    assert near(page.pixel(0, 0), (0, 0, 0))
    assert near(page.pixel(0, 1), (27, 107, 107))
    page.press("Escape")
    assert near(page.pixel(0, 1), (200, 40, 40))
    context.close()


def test_takes_are_flipped_through(page: Page) -> None:
    """] and [ go round the takes of a cell, and the words say which one is shown."""
    page.cell(1, 1).click()
    assert "SSIM 0.600 ± 0.141" in page.cell(1, 1).inner_text()
    page.press("]")
    assert near(page.pixel(1, 1), (10, 200, 10))
    assert "variation 2" in page.cell(1, 1).inner_text()
    page.press("]")
    assert near(page.pixel(1, 1), (40, 130, 210))
    page.press("[")
    assert near(page.pixel(1, 1), (10, 200, 10))


def test_a_take_that_failed_is_found(browser: Browser, tmp_path: Path) -> None:
    """Beside a take that is done the cell says that another has failed; pressed, it shows that one's reason, and [ goes back."""
    takes = [Take(1, "done", flat(tmp_path, "done", OTHER)), Take(2, "failed", reason="content policy")]
    path = save_html(laid_out("t", None, Axis("x", ["1"]), [[Cell("x 1", takes)]]), tmp_path / "compare.html")
    context = browser.new_context(offline=True)
    page = Page(context.new_page())
    page.open(path)
    cell = page.cell(0, 0)
    assert "content policy" not in cell.inner_text()
    page.page.get_by_role("button", name="1 failed: x 1").click()
    assert "content policy" in cell.inner_text()
    assert page.page.get_by_role("button", name="1 failed: x 1").count() == 0
    page.press("[")
    assert near(page.pixel(0, 0), OTHER)
    context.close()


def test_each_take_is_compared_with_the_one_of_its_number(browser: Browser, tmp_path: Path) -> None:
    """Beside a reference of several takes the second has the second, until another one is chosen there."""
    takes = {
        name: [
            Take(at, "done", flat(tmp_path, f"{name}{at}", colour)) for at, colour in enumerate((OTHER, ORIGINAL), 1)
        ]
        for name in ("before", "now")
    }
    cells = [[Cell(name, found) for name, found in takes.items()]]
    whole = replace(laid_out("t", None, Axis("", list(takes)), cells), reference=(0,))
    context = browser.new_context(offline=True)
    page = Page(context.new_page())
    page.open(save_html(whole, tmp_path / "compare.html"))
    page.cell(0, 1).click()
    page.press("]", "d")
    assert near(page.pixel(0, 1), (0, 0, 0))
    page.cell(0, 0).click()
    page.press("]", "[")
    page.cell(0, 1).click()
    assert not near(page.pixel(0, 1), (0, 0, 0))
    context.close()


def test_a_cell_can_be_seen_large(page: Page) -> None:
    """Enter and a double click show one cell over the whole width, with its divider; Esc goes back."""
    page.cell(0, 1).dblclick()
    stage = page.locator(".foxc-stage")
    assert stage.is_visible()
    assert page.locator("table[role=grid]").is_hidden()
    page.press("s")
    page.wait_for("() => !document.querySelector('.foxc-stage [role=slider]').hidden")
    assert near(page.colour(".foxc-stage", 0.3, 0.9), ORIGINAL)
    page.press("ArrowDown")
    assert stage.get_attribute("aria-label") == f"creativity 1, resemblance 1 {EVIL}"
    page.press("Escape")
    assert page.locator("table[role=grid]").is_visible()
    page.press("Enter")
    assert stage.is_visible()


def test_arrows_go_from_cell_to_cell(page: Page) -> None:
    """When the whole picture is seen arrows move the focus, which is visible; the facts below are that cell's."""
    page.cell(0, 0).click()
    page.press("ArrowRight", "ArrowDown", "ArrowDown")
    focused = page.cell(2, 1)
    assert focused.evaluate(
        "node => node === document.activeElement && getComputedStyle(node.querySelector('.foxc-frame')).boxShadow !== 'none'"
    )
    assert page.locator(".foxc-facts strong").inner_text() == f"creativity 2, resemblance 1 {EVIL}"
    page.press("c")
    assert page.locator(".foxc-facts code").inner_text() == f"fox.enhance({EVIL!r}, 2, 1)"


def test_the_keys_are_explained(page: Page) -> None:
    """? shows what every key does, wherever one is; Esc closes it and leaves the rest as it was."""
    dialog = page.page.get_by_role("dialog")
    page.press("?")
    assert "Zoom in" in dialog.inner_text()
    page.press("Escape")
    page.cell(0, 0).click()
    page.press("s", "?")
    assert "Zoom in" in dialog.inner_text()
    page.press("Escape")
    assert dialog.count() == 0
    assert page.cell(0, 0).get_by_role("slider").count() == 1


def test_the_headers_stay_in_sight(page: Page) -> None:
    """Scrolled to the last cell, the value of its column and row are still on the screen."""
    page.set_size(500, 500)
    page.cell(2, 1).scroll_into_view_if_needed()
    page.page.evaluate("() => document.querySelector('.foxc-scroll').scrollTo(9999, 9999)")
    area = page.locator(".foxc-scroll").bounding_box()
    head, side = (
        page.locator("[role=grid] thead th").nth(3).bounding_box(),
        page.locator("[role=grid] tbody th").nth(2).bounding_box(),
    )
    assert area is not None
    assert head is not None
    assert side is not None
    assert abs(head["y"] - area["y"]) < 4
    assert abs(side["x"] - area["x"]) < 4
