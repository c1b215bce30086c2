"""What a person does in JupyterLab, Notebook 7 and Voila, as methods: open, run, look, save, come back without a kernel.

The pages are real ones in a real Chromium; the fixtures are in `tests/browser/conftest.py`. Waits are for conditions, with
bounds that a loaded machine of two cores keeps.
"""

import itertools
import shutil
import urllib.parse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import nbformat
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright
from playwright.sync_api import TimeoutError as Late

from one_page import OnePage, wear
from servers import JupyterServer, Server, VoilaServer
from watched import PATIENCE, Watched

FIRST_ANSWER = 25
"""Seconds that a new kernel has for its first answer before it is knocked at; nothing is lost if it was only slow."""

CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

_NOTEBOOK = "window.foxTestNotebook"
_IDLE = (
    f"() => !{_NOTEBOOK}.foxRunning && {_NOTEBOOK}.sessionContext.session?.kernel?.status === 'idle'"
    f" && {_NOTEBOOK}.content.widgets.every(cell => cell.promptNode?.textContent !== '[*]:')"
)
# ipykernel 7.3 replies past the stream that reads its socket (ipython/ipykernel#1438; mended in 7.4): a request that arrives
# meanwhile lies unread for good, and so does all that follows on its connection; one connection more wakes the kernel. It is
# asked when nothing else is under way: its status may be an answer to the server, while the page's own request lies there.
_ANSWERED = f"""() => {{
    const notebook = {_NOTEBOOK}, kernel = notebook.sessionContext.session?.kernel;
    if (!notebook.foxRunning && !notebook.foxAsked && kernel?.status === 'idle') {{
        notebook.foxAsked = true;
        kernel.requestKernelInfo().then(() => {{ notebook.foxAnswered = true; }}, () => {{ notebook.foxAsked = false; }});
    }}
    return !!notebook.foxAnswered;
}}"""

_KERNEL = f"""() => {{
    const {{session, kernelDisplayStatus}} = {_NOTEBOOK}.sessionContext;
    return `${{session?.kernel?.id}} ${{session?.kernel?.connectionStatus}} ${{kernelDisplayStatus}}`;
}}"""

_OPEN = """async path => {
    await window.jupyterapp.serviceManager.kernelspecs.refreshSpecs();
    await window.jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook'});
}"""
_NO_KERNELS = """async () => {
    const app = window.jupyterapp;
    await app.restored;
    const asUsual = app.docRegistry.getKernelPreference.bind(app.docRegistry);
    app.docRegistry.getKernelPreference = (...args) =>
        ({...asUsual(...args), shouldStart: false, canStart: false, autoStartDefault: false});
}"""


def launch(playwright: Playwright) -> Browser:
    """Start the first of the browsers that is on PATH; RuntimeError if there is none."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        raise RuntimeError(f"no Chromium on PATH: `.ci/chromium` installs it, or install one of {', '.join(CHROMIUMS)}")
    return playwright.chromium.launch(executable_path=found, args=FLAGS)


def _nobody() -> None:
    """Where nobody counts the kernels that were knocked at."""


class NotebookPage(Watched):
    """A notebook open in JupyterLab or Notebook 7."""

    def __init__(
        self,
        page: Page,
        path: Path,
        server: JupyterServer,
        one_page: OnePage | None = None,
        silent: Callable[[], object] = _nobody,
    ) -> None:
        super().__init__(page)
        self.path = path
        self.folder = path.parent
        self.server = server
        self._silent = silent
        self._one_page = one_page
        self._is_open = True

    def wait_open(self) -> None:
        """Wait until the notebook stands there, and give it the room of the file browser, which a narrow screen needs."""
        self.wait_for(
            "name => window.jupyterapp?.shell.currentWidget?.context?.path === name"
            " && window.jupyterapp.shell.currentWidget.context.isReady && !!document.querySelector('.jp-Notebook .jp-Cell')",
            self.path.relative_to(self.server.root).as_posix(),
        )
        self.page.evaluate(
            f"() => {{ {_NOTEBOOK} = window.jupyterapp.shell.currentWidget; window.jupyterapp.shell.collapseLeft?.(); }}"
        )

    # Running

    def run_all(self, *, wait: bool = True, seconds: float = PATIENCE) -> None:
        """Press 'Run All Cells'; return when all have ended, or at once."""
        self._start("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        if wait:
            self.wait_idle(seconds=seconds)

    def run_cell(self, index: int, *, wait: bool = True, seconds: float = PATIENCE) -> None:
        """Run one cell, as Ctrl+Enter does."""
        self.page.evaluate(f"index => {{ {_NOTEBOOK}.content.activeCellIndex = index; }}", index)
        self._start("window.jupyterapp.commands.execute('notebook:run-cell')")
        if wait:
            self.wait_idle(seconds=seconds)

    def wait_idle(self, *, seconds: float = PATIENCE) -> None:
        """Wait until no cell waits or runs and the kernel is idle."""
        self.wait_for(_IDLE, seconds=seconds)

    def is_idle(self) -> bool:
        """Whether no cell waits or runs and the kernel is idle."""
        return bool(self.page.evaluate(_IDLE))

    def _start(self, promise: str) -> None:
        self.page.evaluate(
            f"""() => {{
                const notebook = {_NOTEBOOK};
                notebook.foxRunning = (notebook.foxRunning ?? 0) + 1;
                {promise}
                    .catch(error => console.error(error))
                    .finally(() => {{ notebook.foxRunning -= 1; }});
            }}"""
        )

    # Looking

    def cell(self, index: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def output(self, index: int) -> Locator:
        """The output area of a cell, scrolled into view."""
        area = self.cell(index).locator(".jp-Cell-outputArea")
        area.scroll_into_view_if_needed()
        return area

    def outputs_text(self, index: int) -> str:
        """What a person reads below a cell."""
        return self.output(index).inner_text()

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """The outputs of a cell as the notebook's model has them."""
        found: list[dict[str, Any]] = self.page.evaluate(
            f"index => {_NOTEBOOK}.content.widgets[index].model.outputs?.toJSON() ?? []", index
        )
        return found

    def errors(self) -> list[str]:
        """The error messages and the text on stderr that the cells have shown."""
        cells = self.page.evaluate(
            f"() => {_NOTEBOOK}.content.widgets.flatMap(cell => cell.model.outputs?.toJSON() ?? [])"
        )
        failed = [f"{o['ename']}: {o['evalue']}" for o in cells if o["output_type"] == "error"]
        return failed + ["".join(o["text"]) for o in cells if o.get("name") == "stderr"]

    def save(self) -> nbformat.NotebookNode:
        """Save, and return the notebook as JupyterLab wrote it."""
        self.page.evaluate(f"() => {_NOTEBOOK}.context.save()")
        return nbformat.read(self.path, as_version=4)

    def set_theme(self, theme: Literal["light", "dark"]) -> None:
        """Change Jupyter's theme, and wait until the page wears it."""
        wear(self.page, theme)

    # The kernel

    def kernel_value(self, expression: str) -> str:
        """The repr of a Python expression's value in the kernel; an error there raises RuntimeError."""
        answer = self.page.evaluate(
            f"expression => {_NOTEBOOK}.sessionContext.session.kernel.requestExecute("
            "{code: '', silent: true, user_expressions: {value: expression}}).done"
            ".then(reply => reply.content.user_expressions.value)",
            expression,
        )
        if answer["status"] != "ok":
            raise RuntimeError(f"{answer['ename']}: {answer['evalue']}")
        return str(answer["data"]["text/plain"])

    def kernel_pid(self) -> int:
        return int(self.kernel_value("__import__('os').getpid()"))

    def restart_kernel(self) -> None:
        """Restart the kernel without clearing anything, and wait until it is ready."""
        self._restart()
        self.wait_answer()

    def _restart(self) -> None:
        self._ask_anew("restartKernel()")

    def _ask_anew(self, after: str) -> None:
        self.page.evaluate(f"() => {{ {_NOTEBOOK}.foxAsked = {_NOTEBOOK}.foxAnswered = false; }}")
        self._start(f"{_NOTEBOOK}.sessionContext.{after}")

    def wait_answer(self, *, chances: int = 4) -> None:
        """Wait until a new kernel, in which nothing has run, has answered this page; one that is silent is knocked at."""
        try:
            self.wait_for(_ANSWERED, seconds={0: PATIENCE, 1: PATIENCE / 3}.get(chances, FIRST_ANSWER))
        except Late as late:
            if not chances:
                late.add_note(f"the kernel: {self.page.evaluate(_KERNEL)}\nthe server: {self.server.last_said()}")
                raise
            self._silent()
            if chances == 2:  # nothing has run in it: another one, and connections of its own
                self._restart()
            if chances == 1:  # a server drops a question on a connection that just closes
                self._ask_anew("session.kernel.reconnect()")
            with self.server.knock(self.folder):
                self.wait_answer(chances=chances - 1)
        self.wait_idle()

    def shutdown_kernel(self) -> None:
        """Shut the kernel down and leave the page open, as a server that culls idle kernels does."""
        self.page.evaluate(f"() => {_NOTEBOOK}.sessionContext.shutdown()")
        self.wait_for(f"() => !{_NOTEBOOK}.sessionContext.session")

    def close(self) -> None:
        """Close the page, or leave it to the next notebook, and end this notebook's kernel."""
        if not self._is_open:
            return
        self._is_open = False
        if self._one_page is None:
            self.page.close()
        else:
            self._deaf()
            self._one_page.clear()
        name = self.path.relative_to(self.server.root).as_posix()
        for session in self.server.request("GET", "api/sessions"):  # type: ignore[attr-defined]
            if session["path"] == name:
                self.server.end_session(session["id"])


class VoilaPage(Watched):
    """A notebook that Voila has run and shows as a page."""

    def __init__(self, page: Page, path: Path) -> None:
        super().__init__(page)
        self.path = path
        self.folder = path.parent

    def close(self) -> None:
        """Leave, as a visitor does; Voila ends the kernel a little later."""
        if not self.page.is_closed():
            self.page.close()


class _Opener:
    """Opens notebooks, each in a page of its own, and closes them all."""

    def __init__(self, context: BrowserContext, server: Server) -> None:
        self.context = context
        self._opened: list[NotebookPage | VoilaPage] = []

    def close(self) -> None:
        while self._opened:
            self._opened.pop().close()


class Lab(_Opener):
    """JupyterLab: ``lab.open(notebook)`` gives its page."""

    _numbers = itertools.count()
    _tree = "/tree"
    _address = "lab/workspaces/test{number}{path}?reset&token={token}"

    def __init__(
        self,
        context: BrowserContext,
        server: JupyterServer,
        reused: tuple[OnePage | None, OnePage | None] = (None, None),
        silent: Callable[[], object] = _nobody,
    ) -> None:
        super().__init__(context, server)
        self.server = server
        self.silent = silent
        """Called for each kernel that had to be knocked at."""
        self._with_kernel, self._without = reused

    def open(
        self,
        notebook: nbformat.NotebookNode | Path | str,
        *,
        kernel: bool = True,
        trusted: bool = True,
        env: Mapping[str, str] | None = None,
    ) -> NotebookPage:
        """Open a copy of `notebook` (a file is copied with what lies beside it) in a folder of its own.

        Parameters
        ----------
        kernel
            Without one, the notebook is opened as 'No Kernel': only what was saved is there.
        trusted
            A notebook that came from elsewhere is not, and Jupyter then cleans its HTML and runs no script of it.
        env
            What the kernel has in its environment beside the clean one.
        """
        path = self.server.take(notebook, env)
        self.server.sign(path, trusted=trusted)
        # A page that was made to open notebooks without a kernel does so for good, and needs to be one of its own.
        one_page = self._with_kernel if kernel else self._without
        if one_page is not None and not one_page.is_free:
            one_page = None
        page, new = one_page.take() if one_page is not None else (self.context.new_page(), True)
        opened = NotebookPage(page, path, self.server, one_page, self.silent)
        self._opened.append(opened)
        self._show(opened, kernel=kernel, new=new)
        return opened

    def _show(self, opened: NotebookPage, *, kernel: bool, new: bool) -> None:
        name = opened.path.relative_to(self.server.root).as_posix()
        if new:
            self._goto(opened, f"{self._tree}/{name}" if kernel else "")
            if not kernel:
                opened.page.evaluate(_NO_KERNELS)
        if not (new and kernel):
            opened.page.evaluate(_OPEN, name)
        opened.wait_open()
        if kernel:
            opened.wait_answer()

    def _goto(self, opened: NotebookPage, name: str) -> None:
        address = self._address.format(
            number=next(self._numbers), path=urllib.parse.quote(name), token=self.server.token
        )
        opened.page.goto(self.server.url + address)
        opened.wait_for("() => !!window.jupyterapp?.shell")


class Notebook7(Lab):
    """Notebook 7: the same calls, in its one-document page."""

    _tree = ""
    _address = "notebooks{path}?token={token}"

    def open(self, *args: Any, kernel: bool = True, **options: Any) -> NotebookPage:
        if not kernel:
            raise ValueError("Notebook 7 opens no notebook without its kernel; open it and call shutdown_kernel()")
        return super().open(*args, kernel=kernel, **options)


class Voila(_Opener):
    """Voila: ``voila.open(notebook)`` runs it and gives the page that a visitor sees."""

    def __init__(self, context: BrowserContext, server: VoilaServer) -> None:
        super().__init__(context, server)
        self.server = server

    def open(self, notebook: nbformat.NotebookNode | Path | str, *, env: Mapping[str, str] | None = None) -> VoilaPage:
        path = self.server.take(notebook, env)
        opened = VoilaPage(self.context.new_page(), path)
        self._opened.append(opened)
        name = urllib.parse.quote(path.relative_to(self.server.root).as_posix())
        opened.page.goto(f"{self.server.url.rstrip('/')}/voila/render/{name}")
        opened.wait_for(
            "() => document.readyState === 'complete' && !!document.querySelector('.jp-Notebook, #rendered_cells')"
            " && !document.querySelector('#loading')?.checkVisibility()"
        )
        return opened
