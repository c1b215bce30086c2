"""JupyterHub: the relay as a service of a real Hub behind its real proxy, with the configuration that people copy."""

from __future__ import annotations

import copy
import re
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from artifacts import MARKED_KEY, Places
from fox_nb.cli import main
from lab import NotebookPage
from one_page import SIZE
from processes import RUN_MARK
from servers import Server, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
LESSON = ROOT / "notebooks" / "01-first-pictures.ipynb"
PROXY = Path(__file__).parent / "node_modules" / ".bin" / "configurable-http-proxy"
SLOW = 400
# What is of this machine and of a test alone; services, groups, roles and the spawner's environment are those to copy.
CONFIG = f"""
load_subconfig({str(ROOT / "docs" / "jupyterhub_config.py")!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{{proxy}}"
c.JupyterHub.hub_port = {{hub}}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{{api}}"
c.ConfigurableHTTPProxy.command = [{str(PROXY)!r}]
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{{root}}/home/{{{{username}}}}"
c.Spawner.args = ["--allow-root", "--LabApp.expose_app_in_browser=True"]
c.Spawner.env_keep.append({RUN_MARK!r})
c.Spawner.start_timeout = c.Spawner.http_timeout = {SLOW}
c.Spawner.environment["FOXAPI_BASE_URL"] = "http://127.0.0.1:{{proxy}}/services/fox"
c.JupyterHub.services[0]["url"] = "http://127.0.0.1:{{relay}}"
"""


class Hub(Server):
    """A Hub with its proxy and a relay on the sandbox; everybody may log in, and has a folder of their own."""

    name = "hub"

    def __init__(self, places: Places, upstream: str) -> None:
        super().__init__(places)
        ports = {name: free_port() for name in ("proxy", "hub", "api", "relay")}
        (self.root / "config.py").write_text(CONFIG.format(**ports, root=self.root))
        self.env["FOXAPI_BASE_URL"] = upstream
        # As docs/teaching.md says it: the key in a file of the class's folder, and what all may spend.
        folder = self.root / "fox_class"
        assert main(["seats", "raise", "--all", "20", f"--folder={folder}"]) == 0
        places.private.joinpath("class-key.txt").write_text(MARKED_KEY)
        (folder / "key.txt").symlink_to(places.private / "class-key.txt")

    def command(self) -> list[str]:
        return ["jupyterhub", "-f", "config.py"]

    def address(self) -> str | None:
        found = re.search(r"JupyterHub is now running at (\S+)", self._log_text())
        return found and found[1]

    def lesson(self, browser: Browser, name: str, more: str = "") -> NotebookPage:
        """Log in as a person does, open the lesson at ``/user/NAME/`` and run it, with one more cell at its end."""
        of_user = copy.copy(self)
        of_user.root = self.root / "home" / name
        of_user.root.mkdir(parents=True)
        notebook = nbformat.read(LESSON, as_version=4)
        notebook.cells.append(nbformat.v4.new_code_cell(more))
        nbformat.write(notebook, of_user.root / LESSON.name)
        page = browser.new_context(viewport=SIZE).new_page()
        opened = NotebookPage(page, of_user.root / LESSON.name, of_user)  # type: ignore[arg-type]
        page.goto(f"{self.url}/hub/login?next=%2Fuser%2F{name}%2Flab%2Ftree%2F{LESSON.name}")
        page.locator("#username_input").fill(name)
        page.locator("#password_input").fill("any")
        page.locator("#login_submit").click()
        page.get_by_role("button", name="Launch Server").click()
        page.wait_for_url(f"{self.url}/user/{name}/lab/**", timeout=SLOW * 1000)
        opened.wait_open()
        opened.wait_answer()
        opened.run_all(seconds=SLOW)
        return opened


@pytest.fixture
def hub(sandbox: Any, artifacts: Places) -> Iterator[Hub]:
    with Hub(artifacts, sandbox.base_url) as one:
        yield one


@pytest.mark.long
@pytest.mark.timeout(4 * SLOW)
def test_users_of_a_hub_have_seats_by_their_groups(hub: Hub, browser: Browser, sandbox: Any, ran: Any) -> None:
    """Two users run the lesson by their Hub tokens, which is paid once, and see only their own; who is in no group is refused."""
    ran(f"jupyterhub {version('jupyterhub')} with its proxy, Chromium")
    ada = hub.lesson(browser, "ada", 'print(fox.generate("of Ada alone").wait().images)')
    assert ada.errors() == []
    asked = [row["body"]["prompt"] for row in sandbox.creations]
    assert asked[-1] == "of Ada alone"
    assert len(asked) == len(set(asked)) == 3
    of_ada = sandbox.creations[-1]["task_id"]
    own = f"assert sorted(task.request['prompt'] for task in fox.tasks()) == {sorted(asked[:2])!r}"
    ben = hub.lesson(browser, "ben", f"{own}\nfox.session.client.task({of_ada!r})")
    assert [error.partition(":")[0] for error in ben.errors()] == ["NotFound"]
    assert len(sandbox.creations) == 3
    eve = hub.lesson(browser, "eve")
    assert [error.partition(":")[0] for error in eve.errors()] == ["AccessDenied"]
    assert len(sandbox.creations) == 3
