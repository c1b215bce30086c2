"""Fixtures of the browser tests: one Chromium, one Jupyter server and one Voila a worker; every test here is marked `browser`."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from artifacts import Places
from counts import Count
from lab import Lab, Notebook7, Voila, launch
from one_page import SIZE, OnePage
from servers import JupyterServer, VoilaServer
from watched import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)  # five seconds are Playwright's own

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The worker's Chromium."""
    with sync_playwright() as playwright:
        loop = asyncio.get_running_loop()
        launched = launch(playwright)
        yield launched
        asyncio._set_running_loop(loop)
        launched.close()


@pytest.fixture(scope="module")
def browser(chromium: Browser) -> Iterator[Browser]:
    """The worker's Chromium, for a file of tests.

    Playwright's sync API leaves its event loop as this thread's running one, so that `asyncio.run` fails; that is kept from
    the tests that come later in the same worker.
    """
    asyncio._set_running_loop(chromium._loop)
    yield chromium
    asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def profile(chromium: Browser) -> BrowserContext:
    """The worker's browser profile, which loads Jupyter's own scripts once; nothing moves by itself, which would cost time."""
    asyncio._set_running_loop(chromium._loop)  # made before `browser`, whose end in an earlier file took it away
    made = chromium.new_context(viewport=SIZE, accept_downloads=True, reduced_motion="reduce")
    made.set_default_timeout(PATIENCE * 1000)  # of every page, those that are not `Watched`, too
    return made


@pytest.fixture(scope="module")
def context(browser: Browser, profile: BrowserContext) -> BrowserContext:
    """The profile, for a file of tests."""
    assert browser is profile.browser
    return profile


@pytest.fixture(scope="session")
def one_page(profile: BrowserContext) -> OnePage:
    """The page in which the worker's notebooks are opened one after the other."""
    return OnePage(profile)


@pytest.fixture(scope="session")
def still_page(profile: BrowserContext) -> OnePage:
    """The page for notebooks that are opened without a kernel."""
    return OnePage(profile)


@pytest.fixture(scope="session")
def lab_server(artifacts: Places, kernel: list[str] | None) -> Iterator[JupyterServer]:
    """The worker's Jupyter server, for JupyterLab and Notebook 7."""
    with JupyterServer(artifacts, kernel) as server:
        yield server


@pytest.fixture(scope="session")
def voila_server(artifacts: Places, kernel: list[str] | None) -> Iterator[VoilaServer]:
    """The worker's Voila."""
    with VoilaServer(artifacts, kernel) as server:
        yield server


@pytest.fixture
def silent(count: Count, request: pytest.FixtureRequest) -> Callable[[], None]:
    """Counts the kernels that gave no answer at their start until they were knocked at."""
    return lambda: count("kernels of", request.node.name, silent_at_their_start_and_knocked_at=1)


@pytest.fixture
def lab(
    context: BrowserContext,
    lab_server: JupyterServer,
    one_page: OnePage,
    still_page: OnePage,
    silent: Callable[[], None],
    request: pytest.FixtureRequest,
) -> Iterator[Lab]:
    """JupyterLab as a new user has it; pages and kernels end with the test, and after a failure the application, too."""
    lab_server.forget_settings()
    failed = request.session.testsfailed
    opener = Lab(context, lab_server, (one_page, still_page), silent)
    yield opener
    if request.session.testsfailed > failed:
        one_page.leave()
        still_page.leave()
    opener.close()


@pytest.fixture
def notebook7(context: BrowserContext, lab_server: JupyterServer, silent: Callable[[], None]) -> Iterator[Notebook7]:
    """Notebook 7, likewise."""
    lab_server.forget_settings()
    opener = Notebook7(context, lab_server, silent=silent)
    yield opener
    opener.close()


@pytest.fixture
def voila(context: BrowserContext, voila_server: VoilaServer) -> Iterator[Voila]:
    """Voila, likewise."""
    opener = Voila(context, voila_server)
    yield opener
    opener.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, for ``page.violations(axe)``."""
    path = HERE / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        pytest.fail(f"no axe-core: run `npm install --prefix {HERE.relative_to(Path.cwd())}` (`make test` does)")
    return path.read_text(encoding="utf-8")
