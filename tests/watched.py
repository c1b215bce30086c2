"""A page of the browser tests, whatever it shows: waits, screenshots, axe-core, and every error that its console told."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page

from processes import T, until

PATIENCE = 90
"""Seconds that a wait may take unless a test says otherwise."""

LOOKS = 50
"""Milliseconds between two looks of a wait; without it the page draws sixty frames a second for them, which costs a core."""

NOT_OURS = (
    r"favicon\.ico",
    # JupyterLab asks for workspaces, settings or checkpoints that a new user does not have yet.
    r"Failed to load resource: the server responded with a status of 404 .*/api/(contents/.*/checkpoints|workspaces|settings)",
    # ipywidgets' manager looks for the kernel of a notebook that is opened without one.
    r"reading 'kernel'\)[\s\S]*@jupyter-widgets/jupyterlab-manager",
)
"""Console errors that Jupyter itself writes on a plain notebook."""


class Watched:
    """A browser page whose console errors and uncaught exceptions are kept."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.console_errors: list[str] = []
        page.set_default_timeout(PATIENCE * 1000)
        self._listeners = {
            "console": self._console,
            "pageerror": lambda error: self._keep(f"uncaught: {error.stack or error}"),
        }
        for event, listener in self._listeners.items():
            page.on(event, listener)  # type: ignore[call-overload]

    def _deaf(self) -> None:
        """Hear no more of the page: somebody else goes on with it."""
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._keep(f"{message.text} {message.location.get('url', '')}")

    def _keep(self, text: str) -> None:
        if not any(re.search(known, text) for known in NOT_OURS):
            self.console_errors.append(text)

    def locator(self, selector: str, **options: Any) -> Locator:
        """Elements anywhere in the page."""
        return self.page.locator(selector, **options)

    def wait_for(self, script: str, argument: object = None, *, seconds: float = PATIENCE) -> Any:
        """Wait until a JavaScript expression or function is true in the page, and return its value."""
        return self.page.wait_for_function(script, arg=argument, timeout=seconds * 1000, polling=LOOKS).json_value()

    def until(self, look: Callable[[], T | None], what: str, *, seconds: float = PATIENCE) -> T:
        """Wait in Python, while the page's events (console errors, downloads) go on arriving; see `servers.until`."""
        return until(
            look,
            what,
            seconds=seconds,
            show=lambda: self.console_errors,
            pause=lambda wait: self.page.wait_for_timeout(wait * 1000),
        )

    def run_from_menu(self) -> None:
        """Run the notebook that is open in JupyterLab, as a person does where no command can be called from outside."""
        self.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").locator("visible=true").wait_for()
        # That is its status before there is a kernel, too; the bar below names the kernel and what it does.
        self.locator("#jp-main-statusbar", has_text="| Idle").wait_for()
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def set_size(self, width: int, height: int) -> None:
        """Change the window's size, and wait until the page is laid out for it and knows what is in sight."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.wait_frames()

    def wait_frames(self) -> None:
        """Wait until the page was drawn anew: observers of sizes and of what is in sight hear of a change only then."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def screenshot(self, path: Path | str, target: Locator | None = None) -> None:
        """Save what is on the screen, or one element whole, as a PNG."""
        (target or self.page).screenshot(path=str(path), animations="disabled")

    def violations(self, axe: str, selector: str | None = None, *, only: str | None = None) -> list[str]:
        """What axe-core holds against the page, or the part under `selector`, by all rules or one kind: serious and critical."""
        self.page.evaluate("source => { (0, eval)(source); }", axe)
        found = self.page.evaluate(
            "([selector, only]) => axe.run(selector ?? document,"
            " {resultTypes: ['violations'], ...(only && {runOnly: [only]})}).then(r => r.violations)",
            [selector, only],
        )
        return [
            f"{v['impact']} {v['id']}: {v['help']}: " + "; ".join(node["html"][:300] for node in v["nodes"])
            for v in found
            if v["impact"] in {"serious", "critical"}
        ]
