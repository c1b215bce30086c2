"""The lessons as people meet them: from git without a kernel, as a page without scripts, and the studio as an app."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Locator, Page

from artifacts import MARKED_KEY, Places
from lab import Lab, Voila, VoilaPage, Watched
from lessons import outputs
from servers import JupyterServer
from watched import PATIENCE

ALL = [*outputs.LESSONS, outputs.STUDIO]
ERROR_BOXES = (
    ".jp-RenderedText[data-mime-type='application/vnd.jupyter.error'], "
    ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr'], .jupyter-widgets-error-widget, .lm-Widget.jupyter-widgets"
)


def pictures_saved(path: Path) -> int:
    """How many pictures the committed file shows."""
    return outputs.count(nbformat.read(path, as_version=4))


def seen(page: Page, within: str) -> tuple[int, int]:
    """How many pictures are shown below cells, and how many of them are really pictures."""
    found = page.locator(f"{within} img")
    return found.count(), sum(
        bool(width) for width in found.evaluate_all("all => all.map(i => i.complete && i.naturalWidth)")
    )


def test_committed_lessons_show_their_pictures_to_strangers(lab: Lab) -> None:
    """Opened untrusted and without a kernel, every lesson shows each picture that it holds, and no error box and no bare widget."""
    render_everything(lab.server)
    for path in ALL:
        page = lab.open(path, kernel=False, trusted=False)
        wait_for_pictures(page, pictures_saved(path))
        assert page.locator(ERROR_BOXES).count() == 0
        assert "VBox(children" not in page.page.inner_text(".jp-Notebook")
        assert page.console_errors == []
        page.close()


def render_everything(server: JupyterServer) -> None:
    """Have JupyterLab put whole notebooks into the page; as it comes, it has only what is on the screen."""
    settings = Path(
        server.env["JUPYTERLAB_SETTINGS_DIR"], "@jupyterlab", "notebook-extension", "tracker.jupyterlab-settings"
    )
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps({"windowingMode": "none"}))


def wait_for_pictures(page: Watched, wanted: int) -> None:
    """Wait until so many pictures are shown below cells, and each of them is really one."""
    page.until(lambda: seen(page.page, ".jp-OutputArea") == (wanted, wanted) or None, f"{wanted} pictures")


@pytest.fixture
def without_scripts(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1000, "height": 1400})
    context.set_default_timeout(PATIENCE * 1000)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in ALL])
def test_an_export_needs_no_script(path: Path, without_scripts: Page, artifacts: Places) -> None:
    """What `nbconvert --to html` makes of a lesson shows all its pictures in a browser that runs no script."""
    html, _ = HTMLExporter().from_notebook_node(nbformat.read(path, as_version=4))
    page = artifacts.fresh("export") / "lesson.html"
    page.write_text(html, encoding="utf-8")
    # MathJax and require.js are asked for by nbconvert's page, and are not to be had here.
    without_scripts.route(re.compile("^https?://"), lambda route: route.abort())
    without_scripts.goto(page.as_uri())
    shown = without_scripts.locator(".jp-OutputArea img:visible")
    # A comparison's table steps back for the frame that shows its pictures; Chromium runs the frame's script all the same.
    framed = without_scripts.locator(".foxc-alive ~ .foxc-static img")
    assert shown.count() + framed.count() == pictures_saved(path)
    frames = [frame.locator("img:visible, .foxc-frame:visible") for frame in without_scripts.frames[1:]]
    assert len(frames) == without_scripts.locator(".foxc-alive").count()
    for pictures in (shown, *frames):
        assert pictures.count() > 0
        for number in range(pictures.count()):
            box = pictures.nth(number).bounding_box()
            assert box is not None
            assert box["height"] > 20


@pytest.fixture
def gateway() -> Iterator[Any]:
    from fox_nb.sandbox import Sandbox

    with Sandbox(keys=[MARKED_KEY], speed=100) as running:
        yield running


def prompt(page: VoilaPage) -> Locator:
    """The prompt box of the tab that is open."""
    return page.page.get_by_role("textbox", name="Prompt").locator("visible=true").first


def test_the_studio_is_an_app_for_many(voila: Voila, gateway: Any, artifacts: Places) -> None:
    """Two visitors of Voila's page send nothing by coming; what one of them makes is in that one's store alone."""
    data = artifacts.fresh("data")  # where a person's applications keep their data: outside what Voila serves
    env = {"FOXAPI_KEY": MARKED_KEY, "FOXAPI_BASE_URL": gateway.base_url, "XDG_DATA_HOME": str(data)}
    first = voila.open(outputs.STUDIO, env=env)
    prompt(first).wait_for()
    second = voila.open(outputs.STUDIO, env=env)
    prompt(second).wait_for()
    assert gateway.creations == []
    prompt(first).click()
    first.page.keyboard.type("a fox")
    first.page.get_by_role("button", name="Generate").locator("visible=true").click()
    first.locator("img").first.wait_for()
    assert len(gateway.creations) == 1
    stores = {
        path.parent: len(list((path.parent / "pictures").glob("*.*")))
        for path in data.glob("fox_nb/visitors/*/*/journal.sqlite")
    }
    assert sorted(stores.values()) == [0, 1]
