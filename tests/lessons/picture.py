"""The README's pictures: the panel with what it made, and a comparison with its divider, taken in a real JupyterLab."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from artifacts import Places
from kernels import notebook
from lab import Lab, NotebookPage, launch
from servers import JupyterServer

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
PROMPT = "A red fox in a snowy forest at dawn, soft golden light"
COMPARE = f"""\
photo = {str(ROOT / "notebooks" / "samples" / "old-portrait.jpg")!r}
made = [fox.enhance(photo, creativity=level).wait() for level in (0, 0.5, 1)]
fox_nb.compare(made, labels=["creativity 0", "creativity 0.5", "creativity 1"], original=photo)"""
LARGEST = 100_000


def take_picture(folder: Path) -> str:
    """Press Generate, and divide a comparison, in a real page; save what a person sees; returns a line on each."""
    places = Places(folder / "browser")
    places.searched.mkdir(parents=True)
    places.private.mkdir(mode=0o700)
    with JupyterServer(places) as server, sync_playwright() as playwright:
        chromium = launch(playwright)
        context = chromium.new_context(viewport={"width": 1180, "height": 1400})
        server.forget_settings()
        lab = Lab(context, server)
        page = lab.open(notebook("import fox_nb\nfox = fox_nb.Fox()", "fox.panel('phota-image')", COMPARE))
        page.run_all()
        said = [_panel(page), _comparison(page)]
        lab.close()
        chromium.close()
    return "\n".join(said)


def _panel(page: NotebookPage) -> str:
    panel = page.output(1)
    page.page.get_by_role("textbox", name="Prompt").click()
    page.page.keyboard.type(PROMPT)
    page.page.get_by_role("combobox", name="Aspect ratio").select_option("16:9")
    page.page.get_by_role("spinbutton", name="Pictures").fill("2")
    page.locator(".fox-press").click()
    page.locator(".fox-newest img").nth(1).wait_for()
    page.wait_for("() => [...document.querySelectorAll('.fox-newest img')].every(image => image.naturalWidth)")
    page.page.keyboard.press("Escape")
    return _save("panel", panel.screenshot(animations="disabled"))


def _comparison(page: NotebookPage) -> str:
    page.output(2)
    page.locator("td[role=gridcell]").nth(1).click()
    page.page.keyboard.press("s")
    page.wait_for("() => document.querySelector('.foxc-compare').getAttribute('aria-busy') === 'false'")
    return _save("comparison", page.locator(".foxc-live").screenshot(animations="disabled"))


def _save(name: str, seen: bytes) -> str:
    IMAGES.mkdir(parents=True, exist_ok=True)
    target = IMAGES / f"{name}.webp"
    picture = Image.open(io.BytesIO(seen)).convert("RGB")
    for quality in (88, 75, 60, 45):
        picture.save(target, quality=quality, method=6)
        if target.stat().st_size < LARGEST:
            break
    return f"{target.name}: {picture.width} x {picture.height}, {target.stat().st_size / 1000:.0f} kB"
