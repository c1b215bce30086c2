"""The README's picture: the panel with what it made, taken in a real JupyterLab."""

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from artifacts import Places
from kernels import notebook
from lab import Lab, launch
from servers import JupyterServer

TARGET = Path(__file__).parents[2] / "docs" / "images" / "panel.png"
PROMPT = "A red fox in a snowy forest at dawn, soft golden light"
LARGEST = 200_000


def take_picture(folder: Path) -> str:
    """Press Generate in a real page, and save what a person sees; returns a line on it."""
    places = Places(folder / "browser")
    places.searched.mkdir(parents=True)
    places.private.mkdir(mode=0o700)
    with JupyterServer(places) as server, sync_playwright() as playwright:
        chromium = launch(playwright)
        context = chromium.new_context(viewport={"width": 1180, "height": 1400})
        server.forget_settings()
        lab = Lab(context, server)
        page = lab.open(notebook("import fox_nb\nfox = fox_nb.Fox()", "fox.panel('phota-image')"))
        page.run_all()
        page.page.get_by_role("textbox", name="Prompt").click()
        page.page.keyboard.type(PROMPT)
        page.page.get_by_role("combobox", name="Aspect ratio").select_option("16:9")
        page.page.get_by_role("spinbutton", name="Pictures").fill("2")
        page.locator(".fox-press").click()
        page.locator(".fox-newest img").nth(1).wait_for()
        page.wait_for("() => [...document.querySelectorAll('.fox-newest img')].every(image => image.naturalWidth)")
        page.page.keyboard.press("Escape")
        seen = page.output(1).screenshot(animations="disabled")
        lab.close()
        chromium.close()
    return _save(Image.open(io.BytesIO(seen)).convert("RGB"))


def _save(seen: Image.Image) -> str:
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    for colours in (256, 192, 128, 96, 64, 48):
        seen.quantize(colours, dither=Image.Dither.NONE).save(TARGET, optimize=True)
        if TARGET.stat().st_size < LARGEST:
            break
    return f"{TARGET.name}: {seen.width} x {seen.height}, {TARGET.stat().st_size / 1000:.0f} kB"
