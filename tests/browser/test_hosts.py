"""Hosts that are no Jupyter front end, as they are installed today: marimo, Solara, HoloViz Panel, each in a real browser."""

import contextlib
import functools
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from artifacts import Places
from ran_in import versions
from servers import Server, free_port
from watched import Watched

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
SLOW = 180_000
"""Milliseconds in which a host has run its page: it begins when a browser asks for it."""

MARIMO = """\
import marimo
app = marimo.App()

@app.cell
def _():
    import fox_nb
    fox = fox_nb.Fox()
    task = fox.generate("one fox").wait()
    task
    return fox, fox_nb, task

@app.cell
def _(fox, task):
    fox.tasks()
    return

@app.cell
def _(fox, fox_nb, task):
    fox_nb.compare([task, fox.generate("two foxes").wait()], labels=["left", "right"])
    return

@app.cell
def _(fox):
    sweep = fox.sweep("phota-image", prompt="a barn", aspect_ratio=["1:1", "16:9"])
    sweep.run()
    sweep
    return

@app.cell
def _(fox):
    fox.panel("phota-image", prompt="a <b>bear</b>")
    return
"""
SOLARA = """\
import fox_nb, solara
fox = fox_nb.Fox()

async def awaited():
    return await fox.generate("two foxes")

@solara.component
def Page():
    solara.display(solara.use_memo(lambda: fox.generate("one fox").wait(), []))
    solara.display(solara.use_memo(lambda: fox_nb.run(awaited()), []))
    solara.display(solara.use_memo(lambda: fox.panel("phota-image"), []))
"""
PANEL = """\
import fox_nb, panel
panel.extension("ipywidgets")
fox = fox_nb.Fox()
pictures = fox_nb.compare([fox.generate("one fox").wait(), fox.generate("two foxes").wait()])
panel.Column(fox.tasks()[0], pictures, fox.panel("phota-image")).servable()
"""


class Host(Server):
    """One of them, with its page; what it would fetch from a CDN comes from the registries' own packages."""

    def __init__(self, places: Places, python: Path, env: dict[str, str], name: str, page: str, *options: str) -> None:
        self.name = name
        super().__init__(places)
        # As if they were installed beside fox_nb: Solara else asks a CDN for the front end of anywidget.
        data, config = Path(sys.prefix, "share", "jupyter"), Path(sys.prefix, "etc", "jupyter")
        self.env |= {**env, "JUPYTER_PATH": str(data), "JUPYTER_CONFIG_PATH": str(config)}
        self._file = self.root / "page.py"
        self._file.write_text(page, encoding="utf-8")
        self._port = free_port()
        self._argv = [str(python.parent / name), *options, f"--port={self._port}", str(self._file)]

    def argv(self) -> list[str]:
        return self._argv

    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}{'/page' if self.name == 'panel' else ''}"


@pytest.fixture(scope="module")
def python(artifacts: Places) -> Path:
    """A Python that has them; all else comes from the environment that runs the tests."""
    folder = artifacts.fresh("hosts", private=True)
    venv.create(folder, with_pip=True, symlinks=True)
    python = folder / "bin" / "python"
    own = next(folder.glob("lib/python*/site-packages"))
    (own / "all-else.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    wanted = ["marimo", "panel", "ipywidgets_bokeh", "solara"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True, timeout=1200)
    return python


@pytest.fixture(scope="module")
def npm(artifacts: Places) -> Callable[[str, str], Path]:
    """Gives the folder of a package of npm's."""

    @functools.cache
    def package(name: str, version: str) -> Path:
        folder = artifacts.fresh("npm", private=True)
        options = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run(["npm", "install", "--prefix", folder, *options, f"{name}@{version}"], check=True, timeout=600)
        return folder / "node_modules" / name

    return package


@pytest.fixture
def page(context: BrowserContext, npm: Callable[[str, str], Path]) -> Iterator[Watched]:
    """A page for which npm's packages are where the hosts look for them."""

    def answer(route: Route) -> None:
        name, version, rest = re.search(
            r"/((?:@[^/]+/)?[^/@]+)@([^/]+)/(.+)$", route.request.url.split("?")[0]
        ).groups()  # type: ignore[union-attr]
        path = npm(name, version.removesuffix(".*")) / rest
        kind = {".css": "text/css"}.get(path.suffix, "text/javascript")
        found = path if path.exists() else path.with_name(f"{path.name}.js")
        route.fulfill(path=found, content_type=kind, headers={"Access-Control-Allow-Origin": "*"})

    page = Watched(context.new_page())
    page.page.set_default_timeout(SLOW)
    for address in ("**/_solara/cdn/**", "https://unpkg.com/**"):
        page.page.route(address, answer)
    yield page
    page.page.close()


def press(page: Watched, prompt: str) -> None:
    """Type and press as a person does, and see the picture."""
    page.page.get_by_label("Prompt", exact=True).fill(prompt)
    page.page.get_by_role("button", name="Generate").click()
    expect(page.page.get_by_role("button", name=f"Larger view: {prompt}")).to_be_visible(timeout=SLOW)


@pytest.fixture
def host(
    artifacts: Places, python: Path, page: Watched, sandbox_env: dict[str, str], ran: Callable[[str], None]
) -> Iterator[Callable[..., None]]:
    """Starts a host and opens its page."""
    with contextlib.ExitStack() as running:

        def start(*of_the_host: str) -> None:
            ran(
                versions(
                    python, *([of_the_host[0], "ipywidgets_bokeh"] if of_the_host[0] == "panel" else of_the_host[:1])
                )
            )
            host = Host(artifacts, python, sandbox_env, *of_the_host)
            page.page.goto(running.enter_context(host).url)

        yield start


def test_marimo(host: Callable[..., None], page: Watched) -> None:
    """In marimo a task, a list, a sweep and a comparison are pictures, the viewer is live, and a panel says what to do instead."""
    host("marimo", MARIMO, "run", "--headless", "--no-token")
    expect(page.page.get_by_text("marimo can't show this")).to_contain_text(
        "fox.generate('a <b>bear</b>')", timeout=SLOW
    )
    expect(page.locator("table img").first).to_be_visible()
    expect(page.locator("img[alt='one fox']").first).to_be_visible()
    viewers = page.locator(".foxc-live")
    expect(viewers).to_have_count(2, timeout=SLOW)
    for viewer in viewers.all():
        viewer.get_by_text("1:1", exact=True).click(timeout=SLOW)
        expect(viewer.locator(".foxc-zoom")).to_have_text("100 %", timeout=SLOW)
        assert (
            viewer.get_by_text("1:1", exact=True).evaluate("button => getComputedStyle(button).borderStyle") == "solid"
        )
    expect(page.locator("[data-fox-comparison] >> visible=true")).to_have_count(0)


def test_solara(host: Callable[..., None], page: Watched) -> None:
    """In Solara waiting and awaiting end well, a task is its pictures, and a panel works."""
    host("solara", SOLARA, "run", "--production", "--host=127.0.0.1")
    for prompt in ("one fox", "two foxes"):
        expect(page.locator(f"img[alt='{prompt}']")).to_be_visible(timeout=SLOW)
    press(page, "a bear in the snow")


def test_holoviz_panel(host: Callable[..., None], page: Watched) -> None:
    """In HoloViz Panel tasks and comparisons are pictures, and a panel works and is dressed as it is elsewhere."""
    host("panel", PANEL, "serve", "--address=127.0.0.1")
    expect(page.locator("img[alt='two foxes']").first).to_be_visible(timeout=SLOW)
    expect(page.locator("[data-fox-comparison] img").first).to_be_visible()
    press(page, "a bear in the snow")
