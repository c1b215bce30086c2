"""`fox-nb lab` as a newcomer meets it: one command, and the first lesson stands there and runs."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from artifacts import MARKED_KEY, Places
from lab import Watched
from servers import Server, free_port


class FoxLab(Server):
    """`fox-nb lab` in an empty folder, started by somebody who has a key in their environment."""

    name = "fox-lab"

    def __init__(self, places: Places) -> None:
        super().__init__(places)
        self.env |= {
            "FOXAPI_KEY": MARKED_KEY,
            "FOX_NB_SANDBOX_DIR": str(places.fresh("sandbox")),
        }
        self.env.pop("JUPYTER_PATH", None)  # its kernel is this Python's, and so is the front end that it needs

    def command(self) -> list[str]:
        return ["fox_nb.cli", "lab", "lessons", "--no-browser", f"--port={free_port()}"]

    def address(self) -> str | None:
        found = re.search(r"http://127\.0\.0\.1:\d+/lab/tree/\S+", self._log_text())
        return found and found[0]


@pytest.fixture
def fox_lab(artifacts: Places) -> Iterator[FoxLab]:
    with FoxLab(artifacts) as running:
        yield running


def test_one_command_opens_the_first_lesson(fox_lab: FoxLab, context: BrowserContext) -> None:
    """It copies the lessons, opens the first, which runs from the menu on the sandbox whatever key is set, and asks nothing."""
    page = Watched(context.new_page())
    page.page.goto(fox_lab.url)
    page.page.get_by_role("heading", name="01 First pictures").wait_for()
    page.run_from_menu()
    page.page.get_by_role("button", name="Generate").wait_for()
    page.until(lambda: len(list(fox_lab.root.glob("lessons/fox_runs/pictures/*"))) == 3 or None, "three pictures")
    assert "drawn pictures, play money" in fox_lab.log.read_text()
    assert (fox_lab.root / "lessons" / "samples" / "old-portrait.jpg").exists()
    assert page.locator(".jp-Dialog, .Toastify__toast").count() == 0
    assert page.console_errors == []
    page.page.close()  # it would go on asking a server that has ended
