"""The main job as a person does it: a prompt, a shape, Generate; another cell meanwhile; pictures that stay in the file."""

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from artifacts import MARKED_KEY
from kernels import notebook
from lab import Lab, Notebook7, NotebookPage, Voila, Watched
from studios import OPEN as QUICK
from studios import accepted, double_click

OPEN = "import fox_nb\nfox = fox_nb.Fox()"
PANEL = "fox.panel('phota-image')"
WORK = "from pathlib import Path\nimport time\nPath('started').touch()\nwhile not Path('enough').exists(): time.sleep(0.02)\nprint('counted to', 40 + 2)"
PROMPT = "a red fox in the snow, golden morning"
LARGEST_NOTEBOOK = 300_000
LAPTOP = (1280, 800)


@pytest.fixture
def calm() -> Iterator[Any]:
    """A sandbox at its own pace: what is seen on the way stays until `hurry`, on a slow machine, too."""
    from fox_nb.sandbox import Sandbox

    with Sandbox(keys=[MARKED_KEY], speed=1) as running:
        yield running


@pytest.fixture
def env(calm: Any) -> dict[str, str]:
    return {"FOXAPI_KEY": MARKED_KEY, "FOXAPI_BASE_URL": calm.base_url}


def fill(page: Watched, prompt: str = PROMPT, resolution: str = "1K") -> None:
    """Type a prompt, pick 16:9, a resolution and two pictures, by the names of the controls."""
    page.page.get_by_role("textbox", name="Prompt").click()
    page.page.keyboard.type(prompt)
    page.page.get_by_role("combobox", name="Aspect ratio").select_option("16:9")
    page.page.get_by_role("button", name=resolution, exact=True).click()
    page.page.get_by_role("spinbutton", name="Pictures").fill("2")


def press(page: Watched) -> None:
    page.locator(".fox-press").click()


def pictures(page: Watched) -> Locator:
    """The newest result's pictures where the panel lives, else those that stay of it."""
    return page.locator(".fox-newest img, .fx-pic img").locator("visible=true")


def ratios(page: Watched) -> list[float]:
    """The natural ratio of each picture that is shown."""
    seen = "[...document.querySelectorAll('.fox-newest img, .fx-pic img')].filter(i => i.checkVisibility())"
    found: list[float] = page.wait_for(
        f"() => {{ const all = {seen};"
        " return all.length && all.every(i => i.naturalWidth) && all.map(i => i.naturalWidth / i.naturalHeight); }"
    )
    return found


def hurry(calm: Any) -> None:
    """Have all made at once: what was to be seen on the way was seen."""
    calm.set(speed=500)
    calm.advance(300)


def seen_under_way(page: Watched, calm: Any) -> None:
    page.locator(".fox-live progress").wait_for()
    hurry(calm)


def seen_without_scrolling(page: Watched, calm: Any) -> None:
    """On a laptop's screen, the way of a press stands where the eyes are, and so does what comes of it."""
    expect(page.locator(".fox-live progress")).to_be_in_viewport()
    hurry(calm)
    expect(pictures(page).first).to_be_in_viewport(ratio=0.25)


def two_wide_pictures(page: Watched) -> None:
    pictures(page).nth(1).wait_for()
    assert ratios(page) == pytest.approx([16 / 9, 16 / 9], abs=0.02)


def test_a_person_makes_two_pictures_and_works_on_meanwhile(lab: Lab, calm: Any, env: dict[str, str]) -> None:
    """Prompt, 16:9, 4K, two outputs, Generate; another cell runs meanwhile; the progress moves; two 16:9 pictures stay."""
    page = lab.open(notebook(OPEN, PANEL, WORK), env=env)
    page.run_cell(0)
    page.run_cell(1)
    fill(page, resolution="4K")
    page.page.get_by_role("spinbutton", name="Pictures").press("Tab")
    page.locator(".fox-press:has-text('Generate \u00b7 $0.36')").wait_for()
    press(page)
    bar = page.locator(".fox-live progress")
    bar.wait_for()
    page.run_cell(2, wait=False)
    page.until(lambda: (page.folder / "started").exists() or None, "the other cell to run")
    first = float(bar.get_attribute("value") or 0)
    page.wait_for("first => Number(document.querySelector('.fox-live progress')?.value) > first", first)
    seconds = re.compile(r"(waiting for its turn|being made).* (about .* s left|usual .* s)")
    page.locator(".fox-live .fox-words", has_text=seconds).wait_for()
    hurry(calm)
    two_wide_pictures(page)
    assert page.cell(2).locator(".jp-InputArea-prompt").inner_text() == "[*]:", "the pictures came while the cell ran"
    (page.folder / "enough").touch()
    page.wait_idle()
    assert page.outputs_text(2).strip() == "counted to 42"
    assert "a red fox in the snow" in page.locator(".fox-actions [role=status]").inner_text()
    assert [c["body"] for c in calm.creations] == [
        {"model": "phota-image", "prompt": PROMPT, "aspect_ratio": "16:9", "resolution": "4K", "num_outputs": 2}
    ]
    for file in (page.folder / "fox_runs" / "pictures").iterdir():
        with Image.open(file) as picture:
            width, height = picture.size
        assert width > 4000
        assert width / height == pytest.approx(16 / 9, abs=0.02)
    assert page.errors() == []
    assert page.console_errors == []
    saved = page.save()
    page.close()
    kept_without_a_kernel(lab, page.path, saved)


def test_two_amounts_are_no_formula(lab: Lab) -> None:
    """JupyterLab sets what stands between two dollars as mathematics; our amounts and prompts stay as they are."""
    cells = (
        "from IPython.display import HTML, display\nfrom fox_nb.render.html import frame, note",
        "display(HTML(frame(note('Costs $0.36, but only $0.20 is left.'))))\ndisplay(HTML('<p>$x^2$</p>'))",
    )
    page = lab.open(notebook(*cells))
    page.run_all()
    page.locator("mjx-container").first.wait_for()
    assert page.locator("mjx-container").count() == 1
    assert "Costs $0.36, but only $0.20 is left." in page.outputs_text(1)


def kept_without_a_kernel(lab: Lab, path: Path, saved: nbformat.NotebookNode) -> None:
    """The file is small, and shows both pictures where nothing runs, also when nobody trusts it."""
    assert path.stat().st_size < LARGEST_NOTEBOOK
    for trusted in (True, False):
        again = lab.open(path, kernel=False, trusted=trusted)
        two_wide_pictures(again)
        again.close()
    text = nbformat.writes(saved)
    shown = re.findall(r"data:image/webp;base64,([A-Za-z0-9+/=]+)", text)
    assert [Image.open(io.BytesIO(base64.b64decode(data))).width for data in shown] == [896, 896]


def test_pressing_twice_makes_one_creation(lab: Lab, calm: Any, env: dict[str, str]) -> None:
    """A double click, and Ctrl+Enter right after it, are one press, seen without scrolling; a press after the pictures came is another take."""
    page = lab.open(notebook(QUICK, PANEL), env=env)
    page.run_all()
    double_click(page, 3600)
    page.set_size(*LAPTOP)
    fill(page)
    page.locator(".fox-press").dblclick()
    page.page.get_by_role("textbox", name="Prompt").press("Control+Enter")
    seen_without_scrolling(page, calm)
    two_wide_pictures(page)
    assert len(calm.creations) == 1
    page.locator(".fox-press:has-text('Another variation')").wait_for()
    double_click(page, 0)
    press(page)
    page.locator(".fox-results .fox-card").nth(1).wait_for()
    assert [creation["take"] for creation in calm.creations] == [1, 2]


def test_pressing_twice_while_a_cell_runs_makes_one_creation(lab: Lab, calm: Any, env: dict[str, str]) -> None:
    """Presses that a busy kernel hears late, and all at once, are one press too."""
    page = lab.open(notebook(QUICK, PANEL, WORK), env=env)
    page.run_cell(0)
    page.run_cell(1)
    fill(page)
    page.run_cell(2, wait=False)
    page.until(lambda: (page.folder / "started").exists() or None, "the other cell to run")
    page.locator(".fox-press").evaluate("button => { for (const _ of [1, 2, 3]) button.click(); }")
    (page.folder / "enough").touch()
    seen_under_way(page, calm)
    page.wait_idle()
    two_wide_pictures(page)
    assert len(calm.creations) == 1


def test_what_is_typed_while_a_cell_runs_is_what_is_sent(lab: Lab, calm: Any, env: dict[str, str]) -> None:
    """Kernels with subshells may hear the press before the typing; the press takes along what the form says."""
    page = lab.open(notebook(QUICK, PANEL, WORK), env=env)
    page.run_cell(0)
    page.run_cell(1)
    fill(page, "a dull grey stone")
    page.run_cell(2, wait=False)
    page.until(lambda: (page.folder / "started").exists() or None, "the other cell to run")
    page.page.get_by_role("textbox", name="Prompt").fill(PROMPT)
    page.page.get_by_role("combobox", name="Aspect ratio").select_option("9:16")
    page.page.get_by_role("textbox", name="Prompt").press("End")
    page.page.keyboard.type(" at dusk")
    page.locator(".fox-press").evaluate("button => button.click()")  # by voice, say: the focus stays in the text
    page.locator(".fox-press[aria-disabled=true]").or_(page.locator(".fox-live progress")).first.wait_for()
    (page.folder / "enough").touch()
    page.wait_idle()
    hurry(calm)
    pictures(page).nth(1).wait_for()
    (body,) = [creation["body"] for creation in calm.creations]
    assert (body["prompt"], body["aspect_ratio"]) == (f"{PROMPT} at dusk", "9:16")


def test_ctrl_enter_presses_in_its_own_page_alone(lab: Lab, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """The same notebook in a second page shows the panel, too, with an older text: one creation, of the text that was typed."""
    page = lab.open(notebook(QUICK, PANEL), env=sandbox_env)
    page.run_all()
    area = page.page.get_by_role("textbox", name="Prompt")
    area.fill("an older text")
    area.blur()
    page.save()
    name = page.path.relative_to(page.server.root).as_posix()
    other = page.page.context.new_page()
    try:
        other.goto(f"{page.server.url}lab/workspaces/beside/tree/{name}?reset&token={page.server.token}")
        other.locator(".fox-press").wait_for()
        assert other.get_by_role("textbox", name="Prompt").input_value() == "an older text"
        page.page.bring_to_front()
        area.fill(PROMPT)
        area.press("Control+Enter")
        pictures(page).first.wait_for()
        other.locator(".fox-newest img").first.wait_for()
        assert [creation["body"]["prompt"] for creation in sandbox.creations] == [PROMPT]
    finally:
        other.close()


def test_a_click_on_a_picture_shows_it_larger(lab: Lab, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """Where the panel lives, in its larger view; in the file that stays, by mouse and by Enter, with the way to the whole file."""
    page = lab.open(notebook(QUICK, PANEL), env=sandbox_env)
    page.run_all()
    fill(page, resolution="4K")
    press(page)
    two_wide_pictures(page)
    pictures(page).first.click()
    page.wait_for("() => document.querySelector('dialog[open] .fox-large')?.naturalWidth > 1000")
    page.page.keyboard.press("Escape")
    page.save()
    page.close()
    again = lab.open(page.path, kernel=False)
    small = pictures(again).first.bounding_box()["width"]
    pictures(again).first.click()
    again.wait_for("small => document.querySelector('.fx-pic img').getBoundingClientRect().width > small * 1.5", small)
    again.locator(".fx-pic summary").first.press("Enter")
    again.wait_for("small => document.querySelector('.fx-pic img').getBoundingClientRect().width < small * 1.1", small)


def test_the_same_panel_in_notebook_7(notebook7: Notebook7, calm: Any, env: dict[str, str]) -> None:
    """The main job in Notebook 7; opened again with a new kernel, the pictures and the card stand above Jupyter's error."""
    page = notebook7.open(notebook(QUICK, PANEL), env=env)
    page.run_all()
    page.set_size(*LAPTOP)
    fill(page)
    press(page)
    seen_without_scrolling(page, calm)
    two_wide_pictures(page)
    assert len(calm.creations) == 1
    page.save()
    assert page.path.stat().st_size < LARGEST_NOTEBOOK
    assert page.errors() == []
    page.close()
    again = notebook7.open(page.path, env=env)
    again.locator("text='Error displaying widget: model not found'").wait_for()
    two_wide_pictures(again)
    words = again.outputs_text(1)
    assert words.index(PROMPT) < words.index("Run this cell to use it") < words.index("Error displaying widget")


def test_the_same_panel_in_voila(voila: Voila, calm: Any, env: dict[str, str]) -> None:
    """The main job in Voila, where the results stand inside of the panel; opening the page sends nothing."""
    page = voila.open(notebook(QUICK, PANEL), env=env)
    page.locator(".fox-press").wait_for()
    assert calm.creations == []
    page.set_size(*LAPTOP)
    fill(page)
    press(page)
    seen_without_scrolling(page, calm)
    two_wide_pictures(page)
    assert len(calm.creations) == 1


def test_without_a_key_everything_says_sandbox(lab: Lab) -> None:
    """One line says where the pictures come from, one how to use a key; the panel and the pictures are marked."""
    page = lab.open(notebook(OPEN, PANEL))
    page.run_all()
    said = page.outputs_text(0).strip()
    assert len(page.outputs(0)) == 1
    assert len("".join(page.outputs(0)[0]["text"]).strip().splitlines()) == 2
    assert "sandbox" in said
    assert "FOXAPI_KEY" in said
    page.locator(".fox-nb-panel .fox-pill:has-text('sandbox')").wait_for()
    fill(page)
    press(page)
    two_wide_pictures(page)
    assert page.output(1).locator("[data-fox-record] .fx-pill:has-text('sandbox')").count() == 2
    assert "play money" in page.locator(".fox-actions").inner_text()


def test_what_is_missing_is_said_and_announced(lab: Lab, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """An empty prompt is named, with the money, in an alert; nothing is sent, and the next press counts."""
    page = lab.open(notebook(QUICK, PANEL), env=sandbox_env)
    page.run_all()
    press(page)
    alert = page.locator(".fox-actions [role=alert]:has-text('Prompt is empty.')")
    alert.wait_for()
    assert "Nothing was sent, nothing was paid." in alert.inner_text()
    fill(page)
    press(page)
    two_wide_pictures(page)
    assert page.locator(".fox-actions [role=alert]").inner_text() == ""
    assert len(sandbox.creations) == 1


def test_a_restarted_kernel_goes_on_where_it_stood(lab: Lab, env: dict[str, str], calm: Any) -> None:
    """Running the cell again after a restart in the middle shows the same task under way, and then its pictures."""
    calm.set(speed=0.2)  # for 240 s, which a busy machine's restart may take; `hurry` is further
    page: NotebookPage = lab.open(notebook(QUICK, PANEL), env=env)
    page.run_all()
    fill(page)
    press(page)
    page.locator(".fox-live progress").wait_for()
    accepted(page, 1)
    page.restart_kernel()
    page.run_all()
    seen_under_way(page, calm)
    two_wide_pictures(page)
    assert len(calm.creations) == 1
