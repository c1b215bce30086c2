"""The widget manager of VS Code's Jupyter extension, in a page of its own in Chromium: VS Code's manager, not VS Code."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from artifacts import Places
from servers import JupyterServer
from watched import PATIENCE, Watched

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SCRIPT = Path(__file__).with_name("vscode_page.js")
MANAGER = "@vscode/jupyter-ipywidgets8"
PACKAGES = [f"{MANAGER}@1.0.9", "@jupyterlab/services@7", "requirejs@2.3", "esbuild@0.28"]
PAGE = """<!doctype html>
<html style="--vscode-editor-background: #1e1e1e; --vscode-editor-foreground: #d4d4d4; color-scheme: dark">
<body class="vscode-dark" style="background: #1e1e1e; color: #d4d4d4"><script src="/require.js"></script><script>var process = {env: {}};</script>
<script type="module" src="/page.js"></script></body></html>"""
CONTRAST = """async source => {
    (0, eval)(source);
    const found = await axe.run(document.body, {runOnly: ['color-contrast']});
    return found.violations.flatMap(one => one.nodes.map(node => node.html + node.failureSummary));
}"""


@pytest.fixture
def files(artifacts: Places) -> dict[str, Path]:
    """The page's scripts, from npm's packages."""
    folder = artifacts.fresh("vscode", private=True)
    quiet = ["--no-save", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(["npm", "install", "--prefix", folder, *quiet, *PACKAGES], check=True, timeout=600)
    (folder / SCRIPT.name).write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    bundle = [folder / "node_modules/.bin/esbuild", SCRIPT.name, "--bundle", "--format=esm", "--outfile=page.js"]
    # the manager's own build asks for Node's modules where there is Node
    subprocess.run([*bundle, "--log-level=error", "--define:global=window"], cwd=folder, check=True, timeout=120)
    return {"/page.js": folder / "page.js", "/require.js": folder / "node_modules/requirejs/require.js"}


@pytest.fixture
def page(
    context: BrowserContext, lab_server: JupyterServer, files: dict[str, Path], sandbox_env: dict[str, str]
) -> Any:
    """A dark page of the Jupyter server's address, with a kernel."""
    extensions = Path(sys.prefix, "share", "jupyter")
    assert context.browser is not None
    # Who has logged in gets no page to do so but JupyterLab, whose scripts stay in the window.
    stranger = context.browser.new_context()
    page = Watched(stranger.new_page())

    def answer(route: Route) -> None:
        path = "/" + route.request.url.split("?")[0].removeprefix(lab_server.url)
        if path.startswith("/nbextensions/"):
            route.fulfill(path=extensions / path[1:])
        else:
            route.fulfill(path=files[path], content_type="text/javascript")

    for path in ("page.js", "require.js", "nbextensions/**"):
        page.page.route(f"{lab_server.url}{path}", answer)
    # what Chromium takes for a page from elsewhere has no WebSocket to this machine: so one of the server's own is written over
    page.page.goto(f"{lab_server.url}login")
    page.page.set_content(PAGE)
    page.wait_for("() => !!window.start")
    about = {"baseUrl": lab_server.url, "token": lab_server.token, "name": lab_server.kernelspec(sandbox_env)}
    page.page.evaluate("about => window.start(about)", about)
    yield page
    stranger.close()
    for kernel in lab_server.request("GET", "api/kernels"):  # type: ignore[attr-defined]
        lab_server.request("DELETE", f"api/kernels/{kernel['id']}")


def run(page: Watched, code: str) -> None:
    """Run a cell, and wait for its end, though not for ever."""
    bounded = (
        "([code, limit]) => Promise.race([window.run(code), new Promise(done => setTimeout(done, limit, 'no end'))])"
    )
    assert page.page.evaluate(bounded, [code, PATIENCE * 1000]) == "ok", page.console_errors


def test_vscodes_widget_manager(page: Watched, axe: str, ran: Any) -> None:
    """Panel, studio and viewer are drawn, a press makes a picture, and on a dark page all words are light on dark."""
    ran(f"VS Code's widget manager ({MANAGER} 1.0.9), not VS Code itself")
    run(page, "import fox_nb\nfox = fox_nb.Fox()")
    run(page, "fox.panel('phota-image')")
    page.page.get_by_label("Prompt", exact=True).fill("a bear in the snow")
    page.page.get_by_role("button", name="Generate").click()
    expect(page.page.get_by_role("button", name="Larger view: a bear in the snow")).to_be_visible(
        timeout=PATIENCE * 1000
    )
    run(page, "fox.studio()")
    page.page.get_by_role("tab", name="Enhance", exact=True).click()
    expect(page.page.get_by_role("slider", name="Creativity")).to_be_visible(timeout=PATIENCE * 1000)
    run(page, "fox_nb.compare([*fox.tasks(), fox.generate('a fox').wait()])")
    page.locator(".foxc-live").scroll_into_view_if_needed()
    expect(page.locator(".foxc-live .foxc-zoom")).to_contain_text("%", timeout=PATIENCE * 1000)
    assert page.page.evaluate(CONTRAST, axe) == []
    assert page.console_errors == []
