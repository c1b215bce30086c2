"""Browsers beside Chromium, as Debian has them: one short story in JupyterLab and in an exported page."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from comparisons import PIXEL, near
from hands import Hands, firefox, webkit
from kernels import notebook
from processes import until
from servers import JupyterServer
from studios import OPEN

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(1200),
    pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning"),  # Selenium's own
]

COMPARE = """\
from PIL import Image, ImageDraw
def flat(colour):
    picture = Image.new("RGB", (512, 512), colour)
    picture.paste("white", (64, 64, 192, 192))
    return picture
shown = fox_nb.compare([flat("#2878c8"), flat("#28c878")], original=flat("#c82828"))
shown.save_html("page.html")
shown"""
ORIGINAL, FIRST = (200, 40, 40), (40, 120, 200)
OPENED = """path => {
    const shell = window.jupyterapp?.shell;
    const notebook = [...(shell?.widgets('main') ?? [])].find(widget => widget.context?.path === path);
    if (notebook?.sessionContext.session?.kernel?.status !== 'idle') return false;
    shell.activateById(notebook.id);  // WebKitGTK gives it no focus by itself
    if (shell.currentWidget !== notebook) return false;
    shell.collapseLeft();
    notebook.content.widgets.forEach((cell, number) => { cell.node.dataset.number = number; });
    window.foxNotebook = notebook;
    return true;
}"""
RUN = """number => {
    window.foxNotebook.content.activeCellIndex = number;
    return window.jupyterapp.commands.execute('notebook:run-cell').then(() => true);
}"""
VALUE = """async expression => {
    const content = {code: '', silent: true, user_expressions: {value: expression}};
    const reply = await window.foxNotebook.sessionContext.session.kernel.requestExecute(content).done;
    return reply.content.user_expressions.value.data['text/plain'];
}"""
PICTURE = """selector => {
    const found = document.querySelector(selector);
    return !!found && found.naturalWidth > 0;
}"""
TEXT = "([selector, text]) => document.querySelector(selector)?.textContent === text"
DRAWN = "viewer => document.querySelector(viewer + ' .foxc-compare')?.getAttribute('aria-busy') === 'false'"
WHITE = f"cell => ({PIXEL})([cell, 0.85, 0.85]).every(value => value > 243)"
SPLIT = (
    "([selector, value]) => document.querySelector(selector + ' [role=slider]').getAttribute('aria-valuenow') === value"
)


@pytest.mark.parametrize("browser", [firefox, webkit])
def test_the_story(
    browser: Callable[[], AbstractContextManager[Hands]],
    lab_server: JupyterServer,
    sandbox: Any,
    sandbox_env: dict[str, str],
    ran: Callable[[str], None],
) -> None:
    """A panel is pressed, the studio's slider set, a comparison looked at by mouse and keys, in JupyterLab and as a page of its own."""
    path = lab_server.take(
        notebook(OPEN, 'fox.panel("phota-image")', "studio = fox.studio()\nstudio", COMPARE), sandbox_env
    )
    lab_server.sign(path)
    lab_server.forget_settings()
    name = path.relative_to(lab_server.root).as_posix()
    with browser() as hands:
        ran(f"{hands.name}: JupyterLab")
        hands.open(f"{lab_server.url}lab/workspaces/other/tree/{name}?reset&token={lab_server.token}")
        hands.wait(OPENED, name)
        for number in range(4):
            hands.ask(RUN, number)
        press_a_panel(hands, '[data-number="1"]', sandbox)
        set_a_level(hands, '[data-number="2"]')
        look_closely(hands, '[data-number="3"] .foxc-live')
        hands.open((path.parent / "page.html").as_uri())
        look_closely(hands, "body")


def press_a_panel(hands: Hands, cell: str, sandbox: Any) -> None:
    hands.type(f"{cell} textarea", "a bear in the snow")
    hands.click(f"{cell} .fox-press")
    hands.wait(PICTURE, f"{cell} [aria-label='Larger view: a bear in the snow'] img")
    assert [creation["body"]["prompt"] for creation in sandbox.creations] == ["a bear in the snow"]


def set_a_level(hands: Hands, cell: str) -> None:
    hands.click(f"{cell} [role=tab]", "Enhance")
    hands.click(f"{cell} .fox-level .fox-range")
    hands.press("ArrowRight")
    creativity = 'studio.panels["phota-image-enhance"].values["creativity"]'
    hands.wait(f"async expression => await ({VALUE})(expression) === '0.51'", creativity)


def look_closely(hands: Hands, viewer: str) -> None:
    """Zoom, pan and divide, by the mouse and by keys."""
    cell = f"{viewer} td[role=gridcell]"
    hands.wait(DRAWN, viewer)
    until(lambda: near(hands.ask(PIXEL, [cell, 0.6, 0.6]), FIRST) or None, "the first picture's colour")
    hands.click(f"{viewer} .foxc-bar button", "1:1")
    hands.wait(TEXT, [f"{viewer} .foxc-zoom", "100 %"])
    hands.click(cell)
    hands.press("0", "+", "+", "+")
    hands.drag(f"{cell} .foxc-frame", (0.1, 0.1), (0.5, 0.5), (0.95, 0.95))
    for other in (cell, f"{viewer} td[role=gridcell]:last-of-type"):
        hands.wait(WHITE, other)
    hands.press("0", "s")
    hands.drag(f"{cell} .foxc-frame", (0.5, 0.5), (0.8, 0.5))
    hands.wait(SPLIT, [cell, "80"])
    until(lambda: near(hands.ask(PIXEL, [cell, 0.7, 0.8]), ORIGINAL) or None, "the original left of the divider")
    hands.press("End")
    hands.wait(SPLIT, [cell, "100"])
