"""The live viewer in JupyterLab: full pixels on demand, little sent, nothing kept that belongs elsewhere."""

from __future__ import annotations

import json
from ast import literal_eval
from base64 import b64decode
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from kernels import notebook

if TYPE_CHECKING:
    from pathlib import Path

    from lab import Lab, NotebookPage

COMPARISON = """
import queue
import numpy as np
from pathlib import Path
from PIL import Image
from fox_nb.render.comparison import Axis, Cell, ComparedPicture, Comparison, Take
from fox_nb.panels.viewer import Viewer
from fox_nb.render.comparison_kept import kept
from IPython.display import HTML, display

SIDE = 1536
def picture(name, seed):
    path = Path(f"{name}.png")
    pixels = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, compress_level=0)
    return ComparedPicture(path.absolute(), SIDE, SIDE)

original = picture("original", 99)
cells = [[Cell(f"creativity {r}, resemblance {c}", [Take(1, "done", picture(f"{r}{c}", 3 * r + c), metrics={"ssim": 0.5},
    code=f"fox.enhance(photo, creativity={r})")]) for c in range(2)] for r in range(2)]
cells[1][1] = Cell("creativity 1, resemblance 1", [Take(1, "failed", reason="the upstream refused it")])
placed = {(c, r): cells[r][c] for r in range(2) for c in range(2)}
comparison = Comparison("Enhance", [Axis("resemblance", ["0", "1"]), Axis("creativity", ["0", "1"])], placed, original)
tried = queue.Queue()  # put in by a thread of the viewer's
viewer = Viewer(comparison, on_retry=lambda *place: tried.put(place))
asked, want = [], viewer._tiles.want
viewer._tiles.want = lambda view, add, drop: (asked.extend(add), want(view, add, drop))
display(HTML(kept(comparison)), viewer)
"""
READY = "() => document.querySelector('.foxc-compare')?.getAttribute('aria-busy') === 'false'"


@pytest.fixture
def page(lab: Lab) -> NotebookPage:
    opened = lab.open(notebook(COMPARISON, "2 + 2"))
    opened.run_all()
    opened.wait_for(READY)
    return opened


def settle(page: NotebookPage, *keys: str) -> None:
    """Press keys, and wait until the screen shows all that it should."""
    for key in keys:
        page.page.evaluate("() => { delete document.querySelector('.foxc-compare').dataset.settledMs; }")
        page.page.keyboard.press(key)
        page.wait_for("() => !!document.querySelector('.foxc-compare').dataset.settledMs")
        page.wait_for(READY)


def test_full_pixels_are_shown_as_they_are_in_the_file(page: NotebookPage) -> None:
    """At 1:1 the canvases hold the very pixels of their files, all of the same place."""
    page.locator("td[role=gridcell]").first.click()
    settle(page, "1", "ArrowRight", "ArrowDown")
    places = [
        place_of(canvas_pixels(page, index), page.folder / f"{name}.png")
        for index, name in enumerate(["00", "01", "10"])
    ]
    assert None not in places
    assert len(set(places)) == 1


def test_only_what_is_on_the_screen_is_fetched(page: NotebookPage) -> None:
    """At 1:1 the kernel is asked for tiles of cells that are seen, in their middle; for the others when they come into view."""
    page.set_size(1200, 500)
    page.locator("td[role=gridcell]").first.click()
    page.wait_frames()
    page.wait_for(READY)  # what these frames have asked for is here
    page.kernel_value("asked.clear()")
    settle(page, "1")
    area = page.locator(".foxc-scroll")
    area.evaluate("area => area.scrollTo(0, 0)")
    hidden = page.locator("td[role=gridcell]").nth(2).locator(".foxc-frame").bounding_box()
    seen = area.bounding_box()
    assert hidden is not None
    assert seen is not None
    assert hidden["y"] > seen["y"] + seen["height"]
    fetched = literal_eval(page.kernel_value("sorted({key.split('/')[0] for key in asked})"))
    names = literal_eval(page.kernel_value("[cells[r][c].takes[0].picture.id for r, c in ((0, 0), (0, 1), (1, 0))]"))
    assert names[0] in fetched
    assert names[2] not in fetched
    assert literal_eval(page.kernel_value("len([key for key in asked if key.startswith(original.id + '/0/')])")) < 16
    page.locator("td[role=gridcell]").nth(2).scroll_into_view_if_needed()
    page.until(lambda: names[2] in page.kernel_value("asked") or None, "the tiles of the cell that came into view")


def canvas_pixels(page: NotebookPage, index: int) -> np.ndarray:
    width, height, data = page.page.evaluate(
        """index => {
            const canvas = document.querySelectorAll('td[role=gridcell] canvas')[index];
            const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let bytes = '';
            for (let i = 0; i < data.length; i += 32768) bytes += String.fromCharCode(...data.subarray(i, i + 32768));
            return [canvas.width, canvas.height, btoa(bytes)];
        }""",
        index,
    )
    return np.frombuffer(b64decode(data), dtype=np.uint8).reshape(height, width, 4)[:, :, :3]


def place_of(shown: np.ndarray, file: Path) -> tuple[int, int] | None:
    """Where in the file's picture these pixels are, to the pixel; None when they are nowhere in it."""
    with Image.open(file) as image:
        whole = np.asarray(image)
    height, width = shown.shape[:2]
    for top, left in np.argwhere(np.all(whole == shown[0, 0], axis=-1)):
        if np.array_equal(shown, whole[top : top + height, left : left + width]):
            return int(left), int(top)
    return None


def test_the_viewer_stands_in_for_the_table_and_sends_no_picture_twice(page: NotebookPage) -> None:
    """While the viewer lives the table is hidden, and its pictures are the viewer's previews: none comes by message."""
    page.locator("[data-fox-comparison]").wait_for(state="hidden")
    assert page.locator("[data-fox-comparison] img").count() == 4
    painted = """() => [...document.querySelectorAll('.foxc-compare canvas')].slice(0, 4).map(canvas => {
        const {data} = canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
        return data[3];
    })"""
    page.until(lambda: page.page.evaluate(painted) == [255, 255, 255, 255] or None, "the previews to be painted")


def test_keys_stay_in_the_viewer(page: NotebookPage) -> None:
    """D twice deletes no cell, 0 twice asks for no restart, B and A insert none: the notebook hears nothing."""
    page.locator("td[role=gridcell]").first.click()
    for key in ["d", "d", "0", "0", "b", "a", "x", "i", "i", "m", "Enter", "Escape"]:
        page.page.keyboard.press(key)
    assert page.locator(".jp-Notebook .jp-Cell").count() == 2
    assert page.locator(".jp-Dialog").count() == 0
    assert [cell["cell_type"] for cell in page.save().cells] == ["code", "code"]


def test_a_cell_changes_while_it_is_shown(page: NotebookPage) -> None:
    """Trying a failed cell again calls back, and its new picture appears in its place, zoom and all.

    A press that has begun is heard though another cell changes meanwhile.
    """
    page.locator("td[role=gridcell]").first.click()
    settle(page, "+")
    before = page.locator(".foxc-zoom").inner_text()
    page.page.get_by_role("button", name="Try creativity 1, resemblance 1 again").hover()
    page.page.mouse.down()
    page.kernel_value("viewer.update_cell((0, 0), Cell('now another', [Take(1, 'done', picture('00', 0))]))")
    page.locator("td[role=gridcell][aria-label^='now another']").wait_for()
    page.page.mouse.up()
    assert page.kernel_value("tried.get(timeout=60)") == "((1, 1), 1)"
    page.kernel_value(
        "viewer.update_cell((1, 1), Cell('creativity 1, resemblance 1', [Take(1, 'done', picture('11', 7), metrics={'ssim': 0.25})]))"
    )
    page.locator("td[role=gridcell]:has-text('SSIM 0.250')").wait_for()
    page.wait_for(
        """() => {
            const canvas = document.querySelectorAll('td[role=gridcell] canvas')[3];
            return canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[3] === 255;
        }"""
    )
    assert page.locator(".foxc-zoom").inner_text() == before


def test_the_saved_notebook_shows_the_table_without_a_kernel(page: NotebookPage, lab: Lab) -> None:
    """Saved and opened with no kernel, untrusted, the table with all pictures is there; no pixels were saved as widget state."""
    page.locator("td[role=gridcell]").first.click()
    settle(page, "1")
    saved = page.save()
    assert len(json.dumps(saved)) < 900_000
    page.close()
    again = lab.open(page.path, kernel=False, trusted=False)
    table = again.output(0)  # cleaned of all marks
    table.locator("img").nth(3).wait_for()
    assert table.locator("img").count() == 4
    assert "the upstream refused it" in table.inner_text()
    assert "run this cell to zoom" in table.inner_text()


def test_when_the_kernel_is_gone_the_viewer_goes_on_with_what_it_has(page: NotebookPage) -> None:
    """After the kernel has ended, zoom and divider still work on what the page holds."""
    page.locator("td[role=gridcell]").first.click()
    page.shutdown_kernel()
    page.page.keyboard.press("s")
    slider = page.page.get_by_role("slider")
    slider.focus()
    page.page.keyboard.press("End")
    assert slider.get_attribute("aria-valuenow") == "100"
    before = page.locator(".foxc-zoom").inner_text()
    page.page.keyboard.press("+")
    page.wait_for("before => document.querySelector('.foxc-zoom').textContent !== before", before)


def test_it_is_accessible_in_jupyters_themes(page: NotebookPage, axe: str) -> None:
    """axe finds nothing serious in the viewer in either theme, with the divider on."""
    page.locator("td[role=gridcell]").first.click()
    page.page.keyboard.press("s")
    page.page.get_by_role("slider").wait_for()
    assert page.violations(axe, ".foxc-compare") == []
    page.set_theme("dark")
    assert page.violations(axe, ".foxc-compare") == []
