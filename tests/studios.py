"""The studio as a person uses it, by the names of its controls; and its pictures for the docs, when these are asked for."""

import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image
from playwright.sync_api import Locator

from kernels import notebook
from lab import Lab, NotebookPage, Watched

OPEN = """\
import fox_nb
from fox_nb.settings import Polling
often = Polling(first_looks=tuple(n / 4 for n in range(1, 400)), at_least=0.25, per_second=20)
fox = fox_nb.Fox(polling=often)"""
"""A Fox that looks at its tasks as often as a test's sandbox is quick."""
RUTH = sorted(Path(__file__).parents[1].glob("notebooks/samples/ruth/*.jpg"))
"""Twelve sample photos of one person."""
SCREENSHOTS = "FOX_NB_SCREENSHOTS"
"""Where to put pictures for the docs; nothing is put anywhere while it is not set."""
LARGEST_SCREENSHOT = 150_000

_SEEN = "[...document.querySelectorAll('.fox-nb-panel')].filter(panel => panel.checkVisibility())"


class Studio:
    """A page that shows `fox.studio()`, or one panel, in its second cell."""

    def __init__(self, page: Watched) -> None:
        self.page = page

    @property
    def here(self) -> Locator:
        """The tab that is seen, or the one panel."""
        return self.page.locator(".fox-nb-panel, .fox-history").locator("visible=true").first

    def go(self, name: str) -> None:
        self.page.page.get_by_role("tab", name=name, exact=True).click()
        self.is_at(name)
        self.here.locator(".fox-press, .fox-pager").first.wait_for(state="attached")

    def is_at(self, name: str) -> None:
        self.page.locator(f"[role=tab][aria-selected=true]:has-text('{name}')").wait_for()

    def prompt(self, text: str) -> None:
        self.here.get_by_role("textbox", name="Prompt").fill(text)

    def choose(self, name: str, option: str) -> None:
        """Choose an option of a list or of buttons, by its words."""
        buttons = self.here.locator(f".widget-toggle-buttons:has(.widget-label:has-text('{name}'))")
        choices = self.here.get_by_role("combobox", name=name)
        buttons.or_(choices).first.wait_for()
        if buttons.count():
            buttons.get_by_role("button", name=option, exact=True).click()
        else:
            choices.select_option(label=option)

    def number(self, value: int) -> None:
        field = self.here.get_by_role("spinbutton", name="Pictures")
        field.fill(str(value))
        field.press("Tab")

    def level(self, name: str, value: str) -> None:
        field = self.here.get_by_label(f"{name}, as a number")
        field.fill(value)
        field.press("Tab")

    def add_place(self, text: str) -> None:
        """Type a URL or a path, and add it."""
        self.here.get_by_role("combobox", name="Link or file").fill(text)
        self.here.get_by_role("button", name="Add Link or file").click()

    def choose_photos(self, photos: list[Path]) -> None:
        """Choose photos of this computer for a profile, and wait until they have been looked at."""
        self.here.locator("input[type=file]").set_input_files(photos)
        self.here.locator(".fox-actions .fox-status:has-text('photos can be used')").wait_for()

    def name_and_agree(self, name: str) -> None:
        """Name a profile, and say that the person agreed."""
        self.here.get_by_role("textbox", name="Name", exact=True).first.fill(name)
        self.here.get_by_role("checkbox", name="agreed").check()

    def press(self) -> None:
        self.here.locator(".fox-press").click()

    @property
    def cards(self) -> Locator:
        """The results of the tab that is seen, the newest first."""
        return self.here.locator(".fox-results .fox-card")

    @property
    def rows(self) -> Locator:
        return self.page.locator(".fox-rows .fox-line")

    def shown(self, count: int) -> None:
        """Wait until the tab that is seen has so many results, each with its pictures."""
        self.page.wait_for(
            f"count => {{ const all = {_SEEN}.flatMap(panel => [...panel.querySelectorAll('.fox-results .fox-card')]);"
            " return all.length === count"
            " && all.every(card => [...card.querySelectorAll('img')].every(img => img.naturalWidth)); }",
            count,
        )

    def picked(self, count: int) -> None:
        self.page.wait_for(
            f"count => {_SEEN}.flatMap(panel => [...panel.querySelectorAll('.fox-item')]).length === count",
            count,
        )


def open_studio(lab: Lab, env: Mapping[str, str], *cells: str, what: str = "fox.studio()", **options: Any) -> Studio:
    """Open a notebook that makes a Fox and shows the studio, or what else is to be shown; more cells follow."""
    page = lab.open(notebook(OPEN, what, *cells), env=env, **options)
    page.run_cell(0)
    page.run_cell(1)
    page.locator(".fox-press").first.wait_for()
    return Studio(page)


def photo(path: Path, width: int, height: int, *, quality: int = 92, orientation: int = 1) -> bytes:
    """Write a phone's photo: a JPEG of noise, which compresses badly, its left third red as it is stored, and its place."""
    pixels = np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)
    pixels[:, : width // 3] //= 4
    pixels[:, : width // 3, 0] += 190
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Model] = "a phone"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (47.0, 22.0, 7.0)
    Image.fromarray(pixels).save(path, quality=quality, subsampling=0, exif=exif)
    return path.read_bytes()


def bodies(sandbox: Any) -> list[dict[str, Any]]:
    """What the sandbox was asked for, oldest first."""
    return [creation["body"] for creation in sandbox.creations]


def received(page: Watched, sandbox: Any, count: int) -> list[dict[str, Any]]:
    """Wait until the sandbox has received so many creations."""
    look: Callable[[], Any] = lambda: bodies(sandbox) if len(sandbox.creations) >= count else None  # noqa: E731
    found: list[dict[str, Any]] = page.until(look, f"{count} creations")
    return found


def double_click(page: Any, seconds: float) -> None:
    """Have a second press be the same one within so long: a slow machine needs more than a second for both, and a quick
    one has the pictures by then."""
    page.kernel_value(f"setattr(__import__('fox_nb.panels.panel').panels.panel, 'DOUBLE_CLICK', {seconds})")


def accepted(page: Any, count: int) -> None:
    """Wait until the kernel knows so many tasks by their ids: what a restart cuts off before may be unknown for good."""
    known = "sum(bool(task.id) for task in fox.tasks())"
    page.until(lambda: page.kernel_value(known) == str(count) or None, f"{count} tasks to be accepted")


def for_the_docs(page: NotebookPage, name: str) -> None:
    """Save the panel or studio as a small picture for the docs, when somebody has asked for these."""
    folder = os.environ.get(SCREENSHOTS)
    if not folder:
        return
    page.page.evaluate("() => document.activeElement?.blur()")
    shot = Image.open(io.BytesIO(page.locator(".fox-nb-studio").screenshot(animations="disabled")))
    for quality in (88, 75, 60, 45):
        data = io.BytesIO()
        shot.convert("RGB").save(data, "WEBP", quality=quality, method=6)
        if data.tell() < LARGEST_SCREENSHOT:
            break
    Path(folder).mkdir(parents=True, exist_ok=True)
    Path(folder, f"{name}.webp").write_bytes(data.getvalue())
