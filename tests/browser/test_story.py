"""The whole story, as a person lives it: a face is trained, pictured, edited and enhanced, found again, and asked for by code."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Locator

from lab import Lab, NotebookPage
from studios import RUTH, Studio, bodies, for_the_docs, open_studio

MADE = 5
"""A profile, a picture, an edit, and an enhancement at each of two settings."""


def test_the_whole_story(lab: Lab, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """Twelve photos, a picture with her, an edit of it, two enhancements; all found after a restart; their code is free."""
    studio = open_studio(lab, sandbox_env, "1")
    page: Any = studio.page
    profile = train(studio, sandbox, RUTH)
    picture_with(studio, profile)
    edit_and_enhance(studio)
    made = bodies(sandbox)
    assert [body["model"] for body in made] == [
        "phota-create-profile", "phota-image", "phota-image-edit", "phota-image-enhance", "phota-image-enhance",
    ]  # fmt: skip
    assert made[1]["prompt"] == f"reading in a library, soft light [[{profile}]] "
    assert made[2]["image_urls"][0].startswith(sandbox.base_url)
    assert [body["creativity"] for body in made[3:]] == [0, 1]
    assert made[3]["image_url"] == made[4]["image_url"] != made[2]["image_urls"][0]
    page.restart_kernel()
    page.run_cell(0)
    page.run_cell(1)
    studio.go("Generate")
    offered(studio).filter(has_text="Ruth").wait_for()
    studio.go("History")
    studio.rows.nth(MADE - 1).wait_for()
    page.wait_for("() => [...document.querySelectorAll('.fox-line img')].filter(i => i.naturalWidth).length === 4")
    for_the_docs(page, "studio-history")
    the_copied_code_is_free(studio, page)
    assert len(sandbox.creations) == MADE
    forget(studio, page)
    assert page.errors() == []
    assert page.console_errors == []


def train(studio: Studio, sandbox: Any, photos: list[Path]) -> str:
    """Choose photos, look at what is said of them, name, consent, Train; return the profile's id."""
    studio.go("Profiles")
    studio.choose_photos(photos)
    studio.here.locator(".fox-item").nth(len(photos) - 1).wait_for()
    button = studio.here.locator(".fox-press")
    button.click(force=True)  # a person can press it, too; the test's browser would wait until it is on
    assert sandbox.creations == [], "without a name and consent Train is off"
    assert "consent" in studio.here.locator(".fox-actions").inner_text()
    studio.name_and_agree("Ruth")
    studio.here.locator(".fox-press:has-text('Train \u00b7 $2.90')").wait_for()
    assert "play money" in studio.here.locator(".fox-actions").inner_text()
    for_the_docs(studio.page, "studio-profiles")
    button.click()
    named = studio.page.page.get_by_role("button", name="Copy the id of Ruth")
    row = studio.here.locator(".fox-known .fox-row", has=named)
    row.wait_for()
    return row.locator("code").inner_text().strip("[]")


def offered(studio: Studio) -> Locator:
    """The list of those who can be put into a prompt; it hears of a change after the tab that makes it."""
    return studio.here.get_by_role("combobox", name="Profile")


def picture_with(studio: Studio, profile: str) -> None:
    """Put her into a prompt by her name, and make a picture."""
    studio.go("Generate")
    studio.prompt("reading in a library, soft light ")
    studio.here.get_by_role("combobox", name="Profile").select_option(label=f"Ruth ({profile[:12]})")
    studio.here.locator(".fox-people:has-text('Ruth')").wait_for()
    studio.press()
    studio.shown(1)
    for_the_docs(studio.page, "studio-generate")


def edit_and_enhance(studio: Studio) -> None:
    """From the picture to Edit by one press, from there to Enhance by another; two settings."""
    studio.here.locator("button:has-text('Edit this')").click()
    studio.is_at("Edit")
    studio.picked(1)
    studio.prompt("at night, under the northern lights")
    studio.press()
    studio.shown(1)
    for_the_docs(studio.page, "studio-edit")
    studio.here.locator("button:has-text('Enhance this')").first.click()
    studio.is_at("Enhance")
    studio.picked(1)
    for creativity in (0, 1):
        studio.level("Creativity", str(creativity))
        studio.press()
        studio.shown(1 + creativity)
    for_the_docs(studio.page, "studio-enhance")


def the_copied_code_is_free(studio: Studio, page: NotebookPage) -> None:
    """Copied from the larger view of each row and pasted into a cell, the lines run and give the same for free."""
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for row in range(MADE):
        studio.rows.nth(row).locator(".fox-title").click()
        page.wait_for("() => document.querySelector('dialog[open] .fox-code').textContent.startsWith('fox.')")
        page.locator("dialog[open] button:has-text('Copy code')").click()
        page.locator("dialog[open] button:has-text('Copied')").wait_for()
        page.page.keyboard.press("Escape")
        editor = page.cell(2).locator(".cm-content")
        editor.click()
        for keys in ("Control+A", "Control+V"):
            page.page.keyboard.press(keys)
        page.run_cell(2)
        assert "shown again for free" in page.outputs_text(2), page.outputs_text(2)


def forget(studio: Studio, page: Any) -> None:
    """The first press says what goes and what the gateway still holds; the second does it."""
    studio.go("Profiles")
    studio.here.get_by_role("button", name="Forget Ruth").click()
    plan = studio.here.get_by_role("group", name="Forget Ruth?")
    plan.wait_for()
    assert "still holds the trained profile" in plan.inner_text()
    studio.here.get_by_role("button", name="Keep Ruth").click()
    plan.wait_for(state="detached")
    studio.here.get_by_role("button", name="Forget Ruth").click()
    studio.here.get_by_role("button", name="Forget Ruth for good").click()
    studio.here.locator(".fox-said:has-text('Ruth is forgotten')").wait_for()
    assert list((page.folder / "fox_runs" / "sources").iterdir()) == []
    studio.go("Generate")
    offered(studio).filter(has_not_text="Ruth").wait_for()
