"""Comparing as a person does it in JupyterLab: see the plan, press Run, watch it fill, look closely, take it away."""

import json
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from artifacts import MARKED_KEY
from kernels import notebook
from lab import Lab, NotebookPage, Voila, Watched
from processes import PEAK

OPEN = f"""
import sys
sys.path.append({str(Path(__file__).parents[1])!r})
import fox_nb
from fox_nb.settings import Polling
from portraits import invented, portrait
from pathlib import Path
if not Path('portrait.jpg').exists():
    portrait(invented('mira'), (1024, 1280), seed=8).save('portrait.jpg', quality=92)
fox = fox_nb.Fox(polling=Polling(first_looks=(.2,), at_least=.2, per_second=50))
"""
MEASURING = f"""{PEAK}
import psutil, tempfile, time
from fox_nb.images.tiles import make_tiles
BEGAN = psutil.Process().memory_info().rss
def grown():
    return peak() - BEGAN
def tiling(picture):
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        make_tiles(picture, Path(folder))
        return time.perf_counter() - start
"""
THREE = "sweep = fox.compare_enhance('portrait.jpg', creativity=[0, .5, 1], resemblance='0..1 step 0.5', per_second={})\nsweep"
FIVE = "sweep = fox.compare_enhance('portrait.jpg', creativity='0..1 step 0.25', resemblance='0..1 step 0.25', resolution='{}', per_second={})\nsweep"
SEEN = """() => new Promise((tell) => {
    const canvases = [...document.querySelectorAll('td[role=gridcell] canvas')];
    if (!canvases.length) tell([]);
    const look = new IntersectionObserver((found) => {
        look.disconnect();
        tell(found.filter((one) => one.intersectionRatio > 0).map((one) => canvases.indexOf(one.target)));
    });
    canvases.forEach((canvas) => look.observe(canvas));
})"""
"""The numbers of the canvases of which a person sees some; only these are painted. The browser says which: the grid's own
area cuts some off, and Jupyter's panel, which ends above the window's lower edge."""
PAINTED = f"""async () => {{
    const seen = await ({SEEN})();
    return seen.length > 0 && seen.every((index) => {{
        const canvas = document.querySelectorAll('td[role=gridcell] canvas')[index];
        return canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[3] === 255;
    }});
}}"""
ALL_DONE = "count => document.querySelectorAll('td .foxc-frame[data-state=done]').length === count"
SETTLED = "() => document.querySelector('.foxc-compare')?.getAttribute('aria-busy') === 'false'"
PIXELS = """index => {
    const canvas = document.querySelectorAll('td[role=gridcell] canvas')[index];
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let i = 0; i < data.length; i += 997) sum = (sum * 31 + data[i]) % 4294967296;
    return sum;
}"""
MANY = """
sweep = fox.sweep('phota-image', prompt='a {animal} in {place}', animal=[f'fox {n}' for n in range(25)],
                  place=[f'wood {n}' for n in range(40)], at_once=16, per_second=100, ask_above=1000)
sweep.run()
before = grown()
"""
LONG = 400
"""Seconds for a grid on a machine that does other things as well."""


@pytest.fixture
def env(sandbox: Any) -> dict[str, str]:
    return {"FOXAPI_KEY": MARKED_KEY, "FOXAPI_BASE_URL": sandbox.base_url}


def painted(page: Watched) -> None:
    """Wait until every cell of which a person sees some is painted: by looks from here, since no wait of a page's awaits."""
    page.until(lambda: page.page.evaluate(PAINTED) or None, "the cells that are seen to be painted", seconds=LONG)


def press_run(page: Watched) -> None:
    page.page.get_by_role("button", name=re.compile("^Run: ")).click()


def wait_until_all_is_made(page: Watched, count: int) -> None:
    """All are made and measured, and every cell that is on the screen is painted."""
    page.locator(f".fox-sweep :text('{count} of {count}')").first.wait_for(timeout=LONG * 1000)
    page.wait_for("() => document.querySelector('.fox-sweep .fox-bar').hidden", seconds=LONG)
    page.wait_for(ALL_DONE, count, seconds=LONG)
    painted(page)


def settle(page: Watched, *keys: str) -> float:
    """Press keys; return how many milliseconds the last one took until the screen showed all that it should."""
    for key in keys:
        page.page.evaluate("() => { delete document.querySelector('.foxc-compare').dataset.settledMs; }")
        page.page.keyboard.press(key)
        page.wait_for("() => !!document.querySelector('.foxc-compare').dataset.settledMs")
        page.wait_for(SETTLED)
    return float(page.page.evaluate("() => document.querySelector('.foxc-compare').dataset.settledMs"))


def pan(page: Watched, across: float, down: float) -> float:
    """Drag the picture by so much of a cell, all but the start in one move, to pixels that were not seen before."""
    frame = page.locator("td[role=gridcell]").first.locator(".foxc-frame")
    box = frame.bounding_box()
    assert box is not None
    x, y = (box[side] + box[length] / 2 for side, length in (("x", "width"), ("y", "height")))
    mouse = page.page.mouse
    mouse.move(x - across * box["width"] / 2, y - down * box["height"] / 2)
    mouse.down()
    mouse.move(x - across * (box["width"] / 2 - 8), y - down * (box["height"] / 2 - 8))
    page.wait_frames()
    page.wait_for(SETTLED)
    page.page.evaluate("() => { delete document.querySelector('.foxc-compare').dataset.settledMs; }")
    mouse.move(x + across * box["width"] / 2, y + down * box["height"] / 2)
    page.wait_for("() => !!document.querySelector('.foxc-compare').dataset.settledMs")
    page.wait_for(SETTLED)
    mouse.up()
    return float(page.page.evaluate("() => document.querySelector('.foxc-compare').dataset.settledMs"))


def looks_closely(page: Watched) -> None:
    """Zooming one cell moves all others; the divider works by mouse and keyboard."""
    page.locator("td[role=gridcell]").nth(1).click()
    painted(page)
    seen = page.page.evaluate(SEEN)
    assert len(seen) >= 9
    before = {index: page.page.evaluate(PIXELS, index) for index in seen}
    settle(page, "+", "+", "+", "ArrowLeft")
    page.until(
        lambda: all(page.page.evaluate(PIXELS, index) != before[index] for index in seen) or None,
        "every cell to have moved",
    )
    settle(page, "0")
    page.page.keyboard.press("s")
    slider = page.page.get_by_role("slider")
    slider.focus()
    page.page.keyboard.press("End")
    assert slider.get_attribute("aria-valuenow") == "100"
    page.page.keyboard.press("Home")
    assert slider.get_attribute("aria-valuenow") == "0"
    box = page.locator("td[role=gridcell]").nth(1).locator(".foxc-frame").bounding_box()
    assert box is not None
    mouse = page.page.mouse
    mouse.move(box["x"] + 3, box["y"] + box["height"] / 2)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2, steps=4)
    mouse.up()
    assert slider.get_attribute("aria-valuenow") == "70"
    page.page.keyboard.press("Escape")


def let_the_last_end(sandbox: Any) -> None:
    """What lasts for an hour, so that the sweep was seen to run, ends; what is still to be sent takes its usual time."""
    sandbox.behave()
    sandbox.advance(3600)


def has_its_numbers(page: NotebookPage) -> bool | None:
    """Whether the saved grid has numbers: they come after the pictures, and the page that stays after them."""
    return bool(re.search(r"SSIM \d\.\d", json.dumps(page.save().cells[1].outputs))) or None


def kept_without_a_kernel(lab: Lab, path: Path, count: int, *, most: int = 1_500_000) -> None:
    """The saved file is small; where nothing runs it shows the grid with its numbers: trusted, one that zooms, else a table."""
    assert path.stat().st_size < most
    for trusted in (True, False):
        again = lab.open(path, kernel=False, trusted=trusted)
        if trusted:
            table = again.page.frame_locator("iframe[data-fox-alive]").locator(".foxc-compare")
            table.locator("td .foxc-frame[data-state=done]").nth(count - 1).wait_for()
        else:
            table = again.output(1)  # cleaned of all marks
            table.locator("td img").nth(count - 1).wait_for()
        assert "Resemblance" in table.inner_text()
        assert "SSIM" in table.inner_text()
        assert f"{count} of {count}" in again.output(1).inner_text()
        again.close()


def test_the_plan_is_seen_and_nothing_is_sent(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """Shape, pictures, amount, minutes and Run are there; showing it twice, and opening the file again, sends nothing."""
    page = lab.open(notebook(OPEN, THREE.format(20), "sweep"), env=env)
    page.run_all()
    runs = page.page.get_by_role("button", name=re.compile("^Run: "))
    for number in (0, 1):  # what the controls show comes when the page asks
        runs.nth(number).wait_for()
    text = page.outputs_text(1)
    for words in ("3 by 3", "Pictures 9", "Paid for already 0", "$1.17", "About", "Run: 9 pictures, up to $1.17"):
        assert words in text
    assert runs.count() == 2
    assert page.locator("[data-fox-stays]").first.is_hidden()
    saved = page.save()
    assert "Run this cell again for its Run button" in json.dumps(saved.cells[1].outputs)
    assert sandbox.creations == []
    assert page.errors() == []
    assert page.console_errors == []


def test_a_grid_fills_and_stays(lab: Lab, sandbox: Any, env: dict[str, str], axe: str) -> None:
    """Run is pressed: one bar, pictures in their cells as they land, numbers; the saved file has all of it."""
    sandbox.misbehave("lasts", seconds=3600, after=8, times=1)
    page = lab.open(notebook(OPEN, THREE.format(6)), env=env)
    page.run_all()
    press_run(page)
    page.locator(".fox-sweep progress").wait_for()
    page.locator(".fox-words", has_text=re.compile("8 of 9 done.*(about .* left|nearly there)")).wait_for()
    page.wait_for(ALL_DONE, 8, seconds=LONG)
    let_the_last_end(sandbox)
    wait_until_all_is_made(page, 9)
    page.locator("td[role=gridcell]:has-text('SSIM')").nth(8).wait_for()
    assert len(sandbox.creations) == 9
    assert page.page.get_by_role("button", name=re.compile("^Run: ")).count() == 0
    looks_closely(page)
    assert page.violations(axe, ".fox-sweep") == []
    page.set_theme("dark")
    painted(page)
    assert page.violations(axe, ".fox-sweep") == []
    page.until(lambda: has_its_numbers(page), "the saved page")
    page.run_cell(1)
    wait_until_all_is_made(page, 9)
    assert len(sandbox.creations) == 9
    page.until(lambda: has_its_numbers(page), "the saved page again")
    assert page.console_errors == []
    page.close()
    kept_without_a_kernel(lab, page.path, 9)


@pytest.mark.usefixtures("noise")
def test_a_failed_cell_is_tried_again_from_its_place(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """The reason stands in the cell; its button sends that one alone, and the picture comes into its place."""
    sandbox.misbehave("failed", times=1, message="<b>the upstream said no</b>")
    page = lab.open(notebook(OPEN, THREE.format(20)), env=env)
    page.run_all()
    press_run(page)
    page.locator("td:has-text('<b>the upstream said no</b>')").wait_for(timeout=LONG * 1000)
    page.locator(".fox-sweep :text('8 of 9')").first.wait_for(timeout=LONG * 1000)
    page.page.get_by_role("button", name=re.compile("^Try .* again for ")).click()
    wait_until_all_is_made(page, 9)
    assert len(sandbox.creations) == 10


@pytest.mark.usefixtures("noise")
def test_more_than_the_set_amount_asks_once_more(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """The first press asks, No takes it back, Yes sends."""
    page = lab.open(
        notebook(
            OPEN,
            "fox.compare_enhance('portrait.jpg', creativity=[0, 1], resemblance=[.5], ask_above=0.1)",
        ),
        env=env,
    )
    page.run_all()
    page.page.get_by_role("button", name=re.compile("^Run: ")).dblclick()  # whose second half is no Yes
    page.locator(":text('more than $0.10')").first.wait_for()
    assert sandbox.creations == []
    page.page.get_by_role("button", name="No, not now").click()
    page.locator(":text('more than $0.10')").first.wait_for(state="hidden")
    press_run(page)
    page.page.get_by_role("button", name="Yes, spend up to $0.26").click()
    wait_until_all_is_made(page, 2)
    assert len(sandbox.creations) == 2


@pytest.mark.usefixtures("noise")
def test_a_cell_that_runs_shows_its_progress_and_leaves_one_grid(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """`.run()` in a cell shows the bar, then the result once: the saved file has each picture a single time."""
    sandbox.misbehave("lasts", seconds=3600, after=8, times=1)
    page = lab.open(notebook(OPEN, THREE.format(6).replace("\nsweep", ".run()\nsweep")), env=env)
    page.run_cell(0)
    page.run_cell(1, wait=False)
    page.output(1).locator("progress").first.wait_for()
    let_the_last_end(sandbox)
    page.wait_idle(seconds=LONG)
    wait_until_all_is_made(page, 9)
    page.until(lambda: has_its_numbers(page), "the saved page")
    saved = json.dumps(page.save().cells[1].outputs)
    # nine, the original, and the original once more for the hover; and the ten of the view that lives without a kernel
    assert saved.count("data:image/webp") == 21
    assert len(sandbox.creations) == 9


def test_a_reloaded_page_shows_the_grid_and_what_else_there_is(lab: Lab, env: dict[str, str]) -> None:
    """While its kernel lives a page that is loaded anew has the live viewer again, and a person's own widgets beside it."""
    sweep = "sweep = fox.sweep('phota-image', prompt='a fox').run()\nsweep"
    page = lab.open(notebook(OPEN, sweep, "import ipywidgets\nipywidgets.IntSlider(7)"), env=env)
    page.run_all()
    page.wait_for(ALL_DONE, 1)
    page.page.evaluate("() => window.foxTestNotebook.context.save()")
    page.page.reload()
    page.wait_for(ALL_DONE, 1)
    page.locator(".widget-slider").wait_for()


@pytest.mark.long
@pytest.mark.alone
def test_twenty_five_at_4k(
    lab: Lab, browser: Browser, sandbox: Any, env: dict[str, str], record_property: Callable[[str, object], None]
) -> None:
    """The kernel is killed in the middle of them, the next one sends what is missing; then zoom, divider, memory, files."""
    page = killed_half_way(lab, sandbox, env)
    looks_closely(page)
    page.locator("td[role=gridcell]").first.click()
    settled = [settle(page, key) for key in ("+", "+", "1")]
    settled += [pan(page, *way) for way in [(-0.9, 0), (0, -0.9), (-0.9, 0.9), (0, 0.9)] * 3]
    settled += [settle(page, key) for key in ("-", "-", "0")]
    page.kernel_value("sweep.save_html('compare.html')")
    page.until(lambda: "SSIM" in json.dumps(page.save().cells[1].outputs) or None, "the saved page")
    figures = {
        "ms until a zoom or pan has settled, median": statistics.median(settled),
        "ms until a zoom or pan has settled, longest": max(settled),
        "bytes that the kernel grew by at the most": int(page.kernel_value("grown()")),
        "seconds that the tiles of one picture take": float(page.kernel_value("tiling(sweep.tasks[0].images[0].path)")),
        "bytes of the saved notebook": page.path.stat().st_size,
        "bytes of the exported page": (page.folder / "compare.html").stat().st_size,
    }
    for name, value in figures.items():
        record_property(name, value)
        print(f"{name}: {value}")
    page.close()
    assert figures["ms until a zoom or pan has settled, median"] < 300
    assert figures["bytes that the kernel grew by at the most"] < 400_000_000
    assert figures["bytes of the exported page"] < 10_000_000
    kept_without_a_kernel(lab, page.path, 25)
    exported_works(browser, page.folder / "compare.html")


WAYS = [(-0.9, 0), (0, -0.9), (-0.9, 0), (0, 0.9), (0, 0.9), (0.9, 0.9)]
"""To pixels that were not seen before, and never beyond the edge of 768 of them."""


@pytest.mark.long
@pytest.mark.alone
@pytest.mark.timeout(3600)
def test_a_thousand_cells(lab: Lab, env: dict[str, str], record_property: Callable[[str, object], None]) -> None:
    """A sweep of a thousand cells, run, is seen within 2 s, pans within 300 ms (the median) and takes 400 MB at the most.

    The limits are those that were promised, on a machine that does nothing else.
    """
    page = lab.open(notebook(OPEN + MEASURING, MANY, "sweep"), env=env)
    page.run_cell(0)
    page.run_cell(1, seconds=LONG * 6)
    assert page.errors() == []
    asked = time.monotonic()
    page.run_cell(2, wait=False)
    painted(page)
    opened = time.monotonic() - asked
    page.wait_idle(seconds=LONG)
    page.until(lambda: "of 1,000 are in this table" in json.dumps(page.outputs(2)) or None, "the page that stays")
    page.wait_for(SETTLED, seconds=LONG)
    made = [page.locator("td[role=gridcell] canvas").count()]
    page.locator("td[role=gridcell]").first.click()
    settled = [settle(page, key) for key in ("+", "+", "1")]
    settled += [pan(page, *way) for way in WAYS]
    page.page.evaluate("() => { document.querySelector('.foxc-scroll').scrollTop = 1e6; }")
    page.wait_for(SETTLED, seconds=LONG)
    painted(page)
    made.append(page.locator("td[role=gridcell] canvas").count())
    figures = {
        "seconds from Run until the first cells are seen": opened,
        "ms until a zoom or pan has settled, median": statistics.median(settled),
        "ms until a zoom or pan has settled, longest": max(settled),
        "bytes that the kernel grew by at the most": int(page.kernel_value("grown()")),
        "of them while the sweep was run": int(page.kernel_value("before")),
        "cells that were made": made,
    }
    for name, value in figures.items():
        record_property(name, value)
        print(f"{name}: {value}")
    assert max(made) < 100
    assert opened < 2
    assert statistics.median(settled) < 300
    assert figures["bytes that the kernel grew by at the most"] < 400_000_000


def test_the_exported_page_works_offline(lab: Lab, browser: Browser, sandbox: Any, env: dict[str, str]) -> None:
    """Nine pictures become one file below 4 MB that zooms and slides from file: with the network off."""
    page = lab.open(notebook(OPEN, THREE.format(20) + ".run()", "str(sweep.save_html('compare.html'))"), env=env)
    page.run_all(seconds=LONG)
    assert page.errors() == []
    assert (page.folder / "compare.html").stat().st_size < 4_000_000
    exported_works(browser, page.folder / "compare.html")


def killed_half_way(lab: Lab, sandbox: Any, env: dict[str, str]) -> NotebookPage:
    """Eight are made and four under way when the kernel is killed; those four end only later, so no creation is on the wire."""
    sandbox.misbehave("lasts", seconds=3600, after=8, times=4)
    page = lab.open(notebook(OPEN + MEASURING, FIVE.format("4K", 20)), env=env)
    page.run_all()
    press_run(page)
    half_way = "[t.status for t in fox.tasks() if t.id].count('completed'), sum(bool(t.id) for t in fox.tasks())"
    page.until(lambda: page.kernel_value(half_way) == "(8, 12)" or None, "half of the pictures", seconds=LONG)
    page.restart_kernel()
    assert len(sandbox.creations) == 12
    sandbox.advance(3600)
    page.run_all()
    page.page.get_by_role("button", name=re.compile("^Run: 13 pictures")).wait_for()
    press_run(page)
    wait_until_all_is_made(page, 25)
    assert len(sandbox.creations) == 25
    return page


def exported_works(browser: Browser, path: Path) -> None:
    context = browser.new_context(viewport={"width": 1200, "height": 1600}, offline=True)
    page = Watched(context.new_page())
    asked: list[str] = []
    page.page.on("request", lambda request: asked.append(request.url))
    page.page.goto(path.as_uri())
    painted(page)
    looks_closely(page)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.console_errors == []
    context.close()


@pytest.mark.usefixtures("noise")
def test_voila_runs_a_sweep_by_its_button(voila: Voila, sandbox: Any, env: dict[str, str]) -> None:
    """In Voila nothing is sent by the visit; Run fills the grid inside the widget."""
    picture = "Path('portrait.jpg').read_bytes()"  # in an app no file of the server is opened by its name
    page = voila.open(notebook(OPEN, f"fox.compare_enhance({picture}, creativity=[0, 1], resemblance=[.5])"), env=env)
    page.page.get_by_role("button", name=re.compile("^Run: ")).wait_for()
    assert sandbox.creations == []
    press_run(page)
    wait_until_all_is_made(page, 2)
    assert len(sandbox.creations) == 2
