"""The studio for everybody: axe-core, the keyboard alone, narrow columns, enlarged pages, words that are read aloud."""

from typing import Any

import pytest

from lab import Lab, NotebookPage, Watched
from studios import Studio, open_studio, received

TABS = ("Generate", "Edit", "Enhance", "Profiles", "Grok", "History")
PANEL = ".jp-OutputArea-output:has(.fox-nb-panel)"
CUT_OFF = """() => [...document.querySelectorAll('.fox-nb-panel *, .fox-nb *')].filter(element => element.checkVisibility()
    && !element.closest('datalist, dialog, .lm-TabBar') && getComputedStyle(element).position !== 'absolute'
    && element.getBoundingClientRect().right > element.closest('.jp-OutputArea-output').getBoundingClientRect().right + 1
  ).map(element => element.className || element.tagName)"""
"""What reaches beyond its output; a strip of results and the larger view scroll by themselves."""
FOCUS = """() => { const e = document.activeElement;
    return [e.tagName, e.type ?? '', e.getAttribute('aria-label') ?? e.labels?.[0]?.innerText ?? e.innerText ?? ''].join('|'); }"""


@pytest.fixture
def studio(lab: Lab, sandbox: Any, sandbox_env: dict[str, str]) -> Studio:
    """A studio with a picture, a failure, a task under way and a picture in Edit."""
    opened = open_studio(lab, sandbox_env)
    opened.prompt("a red fox in the snow")
    opened.press()
    opened.shown(1)
    opened.here.locator("button:has-text('Edit this')").click()
    opened.is_at("Edit")
    opened.picked(1)
    opened.go("Generate")
    sandbox.misbehave("failed")
    opened.prompt("a broken vase")
    opened.press()
    opened.page.locator(".fox-results .fox-failed").wait_for()
    sandbox.set(speed=1)
    opened.prompt("a slow train")
    opened.press()
    opened.page.locator(".fox-live progress").wait_for()
    return opened


def test_axe_finds_nothing_serious_in_any_tab(studio: Studio, axe: str) -> None:
    """Neither in a tab, nor in an alert, nor in the larger view, in the light and in the dark theme."""
    page: Any = studio.page
    for name in ("Edit", "Grok"):
        studio.go(name)
        studio.press()
        studio.here.locator("[role=alert] p").first.wait_for()
    for theme, only in (("light", None), ("dark", "cat.color")):  # a theme is colours, all else is the same
        page.set_theme(theme)
        for name in TABS:
            studio.go(name)
            if name == "History":
                studio.rows.first.wait_for()
            assert page.violations(axe, PANEL, only=only) == [], (theme, name)
        studio.go("Generate")
        page.locator(".fox-results .fox-thumb").locator("visible=true").last.click()
        page.wait_for("() => document.querySelector('dialog[open] .fox-code').textContent.startsWith('fox.')")
        assert page.violations(axe, "dialog[open]", only=only) == [], theme
        page.page.keyboard.press("Escape")


def tab_to(page: Watched, wanted: str) -> None:
    """Press Tab until the control with this name has the focus, as somebody without a mouse does."""
    for _ in range(60):
        page.page.keyboard.press("Tab")
        if wanted in page.page.evaluate(FOCUS):
            return
    raise AssertionError(f"Tab never came to {wanted!r}; it stands on {page.page.evaluate(FOCUS)!r}")


def test_the_keyboard_alone_makes_a_picture(lab: Lab, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """Tab, arrows and Enter: to a tab, into the prompt, through the options, to the button, to the larger view and back."""
    page = open_studio(lab, sandbox_env).page
    keys = page.page.keyboard
    keys.press("Escape")
    tab_to(page, "LI||Generate")
    keys.press("ArrowLeft")
    keys.press("Enter")
    Studio(page).is_at("History")
    keys.press("ArrowRight")
    keys.press("Enter")
    Studio(page).is_at("Generate")
    tab_to(page, "Prompt")
    keys.type("a lighthouse in a storm")
    tab_to(page, "Pictures")
    keys.press("ArrowUp")
    tab_to(page, "BUTTON|button|1K")
    keys.press("Enter")
    tab_to(page, "Aspect ratio")
    keys.press("ArrowDown")
    tab_to(page, "BUTTON|button|Generate \u00b7")
    keys.press("Enter")
    (body,) = received(page, sandbox, 1)
    assert body == {
        "model": "phota-image", "prompt": "a lighthouse in a storm", "num_outputs": 2, "resolution": "1K", "aspect_ratio": "2:3",
    }  # fmt: skip
    assert page.page.evaluate(FOCUS).startswith(("BUTTON|button|Another", "BUTTON|button|Sending"))
    page.locator(".fox-results .fox-thumb img").nth(1).wait_for()
    tab_to(page, "Larger view")
    keys.press("Enter")
    page.locator("dialog[open]").wait_for()
    keys.press("Escape")
    assert "Larger view" in page.page.evaluate(FOCUS)
    tab_to(page, "Edit this")
    keys.press("Enter")
    Studio(page).is_at("Edit")
    page.wait_for(
        "() => document.activeElement.getAttribute('role') === 'tab' && document.activeElement.innerText === 'Edit'"
    )
    assert page.cell(1).locator(".jp-InputArea-prompt").inner_text() == "[2]:"


def test_nothing_is_cut_off_where_it_is_narrow(studio: Studio) -> None:
    """At 200 % on 1200 px and in a phone's column nothing reaches beyond its place; in the latter labels stand above."""
    page: Any = studio.page
    for width in (600, 400):
        page.set_size(width, 1600)
        for name in TABS:
            studio.go(name)
            if name == "History":
                studio.rows.first.wait_for()
            what = f"{name} to fit into {width} px; first cut off was {page.page.evaluate(CUT_OFF)}"
            page.until(lambda: page.page.evaluate(CUT_OFF) == [] or None, what)
    studio.go("Generate")
    label, field = (studio.here.locator(f".fox-for-aspect_ratio {part}") for part in (".widget-label", "select"))
    assert label.bounding_box()["y"] + 10 < field.bounding_box()["y"]


def test_progress_and_errors_are_read_aloud(lab: Lab, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """Live regions are there before their words change, so that screen readers notice."""
    page: NotebookPage = open_studio(lab, sandbox_env, what="fox.panel()").page  # type: ignore[assignment]
    page.page.evaluate(
        "() => { window.regions = [...document.querySelectorAll('.fox-actions [role=alert], .fox-actions [role=status]')]; }"
    )
    studio = Studio(page)
    studio.press()
    page.wait_for(
        "() => window.regions.some(region => region.isConnected && /Prompt is empty/.test(region.textContent))"
    )
    studio.prompt("a red fox")
    studio.press()
    page.wait_for(
        "() => window.regions.some(region => region.isConnected && /a red fox: completed/.test(region.textContent))"
    )
    assert page.page.evaluate("() => window.regions.map(region => region.getAttribute('role'))") == ["alert", "status"]


def test_what_comes_from_outside_is_shown_as_text(lab: Lab, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """A prompt, a profile's name and a reason that look like HTML run nowhere."""
    evil = "<img src=x onerror='window.ran = 1'><b>bold</b>"
    sandbox.misbehave("failed", message=evil)
    name = (
        "from fox_nb.store.people import People\n"
        f"People(fox.store.journal).name('sandbox', 'profile_x', {evil!r}, 1.0)\nfox.studio()"
    )
    studio = open_studio(lab, sandbox_env, what=name)
    page = studio.page
    studio.prompt(f"{evil} [[profile_x]]")
    studio.press()
    page.locator(".fox-results .fox-failed").wait_for()
    studio.number(2)
    studio.press()
    studio.shown(2)
    studio.go("History")
    studio.rows.nth(1).wait_for()
    studio.rows.first.locator(".fox-title").click()
    page.locator("dialog[open] .fox-code").wait_for()
    assert page.page.evaluate("() => window.ran") is None
    assert (
        page.page.evaluate("() => document.querySelectorAll('.fox-nb-panel b, .fox-nb b').length")
        == page.locator(".fox-failed > b").count()
    )
