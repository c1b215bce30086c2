"""The Profiles tab, used by a person: what is wrong with photos, names kept by the keyboard, training that goes on."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from lab import Lab
from studios import RUTH, Studio, accepted, bodies, open_studio

BROKEN = "broken.jpg"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twelve sample photos of one person, the last one small."""
    folder = tmp_path_factory.mktemp("ada")
    for number, photo in enumerate(RUTH, start=1):
        with Image.open(photo) as picture:
            picture.thumbnail((400, 400) if number == len(RUTH) else picture.size)
            picture.save(folder / f"photo {number:02}.jpg", quality=90)
    return sorted(folder.iterdir())


@pytest.fixture
def env(sandbox_env: dict[str, str]) -> dict[str, str]:
    return sandbox_env


def open_profiles(lab: Lab, env: dict[str, str], *cells: str) -> Studio:
    studio = open_studio(lab, env, *cells)
    studio.go("Profiles")
    return studio


def test_each_photo_says_what_is_wrong_with_it(lab: Lab, sandbox: Any, env: dict[str, str], photos: list[Path]) -> None:
    """From a folder of the notebook; what is taken out counts no more, and below ten Train is off."""
    studio = open_profiles(lab, env)
    page: Any = studio.page
    (page.folder / "ada").mkdir()
    for photo in photos[-10:]:
        (page.folder / "ada" / photo.name).write_bytes(photo.read_bytes())
    (page.folder / "ada" / BROKEN).write_bytes(b"no picture")
    studio.here.get_by_role("combobox", name="Folder or ZIP").fill("ada")
    studio.here.get_by_role("button", name="Add Folder or ZIP").click()
    broken = studio.here.locator(f".fox-item:has-text('{BROKEN}')")
    broken.locator(":text('left out')").wait_for()
    status = studio.here.locator(".fox-actions .fox-status")
    status.locator(":scope:has-text('10 of 11 photos can be used')").wait_for()
    assert (
        "weak \u00b7 Small: 400 \u00d7 400 pixels" in studio.here.locator(".fox-item:has-text('photo 12')").inner_text()
    )
    broken.get_by_role("button", name="Remove").click()
    status.locator(":scope:has-text('10 of 10 photos can be used')").wait_for()
    studio.here.locator(".fox-item").first.get_by_role("button", name="Remove").click()
    status.locator(":scope:has-text('9 of 9 photos can be used')").wait_for()
    studio.name_and_agree("Ada")
    assert "at least 10 usable photos" in studio.here.locator(".fox-actions .fox-note").inner_text()
    studio.here.locator(".fox-press").click(force=True)
    studio.here.locator(".fox-error:has-text('To train, add at least 10 usable photos.')").wait_for()
    assert sandbox.creations == []


def test_what_is_missing_is_said_in_words(lab: Lab, sandbox: Any, env: dict[str, str], photos: list[Path]) -> None:
    """Photos, a name and consent are each asked for, before a press and after one; neither name nor file is saved as state."""
    studio = open_profiles(lab, env)
    page: Any = studio.page
    note = studio.here.locator(".fox-actions .fox-note")
    assert "To train, add at least 10 usable photos, a name and consent." in note.inner_text()
    studio.choose_photos(photos)
    studio.here.get_by_role("textbox", name="Name", exact=True).first.fill("Ada Lovelace")
    note.locator(':scope:has-text("To train, add consent.")').wait_for()
    studio.here.locator(".fox-press").click(force=True)
    studio.here.locator('.fox-error:has-text("To train, add consent.")').wait_for()
    studio.here.get_by_role("checkbox", name="agreed").check()
    studio.here.locator(".fox-actions .fox-error").wait_for(state="hidden")
    note.locator(':scope:not(:has-text("To train"))').wait_for()
    state = page.kernel_value(
        "__import__('json').dumps(__import__('ipywidgets').Widget.get_manager_state(), default=str)"
    )
    assert "agreed" in state
    assert "Lovelace" not in state
    assert "photo 01" not in state
    assert sandbox.creations == []


def test_names_by_the_keyboard_in_both_themes(lab: Lab, env: dict[str, str], axe: str) -> None:
    """Add by id, rename by Enter, a hostile name stays text; axe finds nothing, wide and at 400 px."""
    studio = open_profiles(lab, env)
    page: Any = studio.page
    studio.here.locator("summary:has-text('Add a profile')").press("Enter")
    studio.here.get_by_role("textbox", name="Id", exact=True).fill("[[profile_1]]")
    name = studio.here.locator(".fox-adding").get_by_role("textbox", name="Name", exact=True)
    name.fill("<b>Ada</b>")
    name.press("Enter")
    row = studio.here.locator(".fox-known .fox-row")
    row.wait_for()
    assert row.locator(".fox-name").inner_text() == "<b>Ada</b>"
    row.get_by_role("button", name="Rename").press("Enter")
    editing = row.get_by_role("textbox", name="New name")
    editing.fill("Grace")
    editing.press("Enter")
    row.locator(".fox-name:text-is('Grace')").wait_for()
    row.get_by_role("button", name="Forget").press("Enter")
    studio.here.get_by_role("group", name="Forget Grace?").wait_for()
    keep = studio.here.get_by_role("button", name="Keep Grace")
    assert keep.evaluate("element => element.getRootNode().activeElement === element")
    for theme in ("light", "dark"):
        page.set_theme(theme)
        for width in (1200, 400):
            page.set_size(width, 1600)
            assert page.violations(axe, ".fox-nb-panel:has(.fox-known)") == []
    wide = "() => { const e = document.querySelector('.fox-nb-panel:has(.fox-known)'); return e.scrollWidth <= e.clientWidth + 1; }"
    assert page.wait_for(wide)
    studio.here.get_by_role("button", name="Forget Grace for good").press("Enter")
    row.wait_for(state="detached")
    page.wait_for("() => document.activeElement.matches('.fox-adding summary')")


def test_a_training_is_picked_up_by_the_next_kernel(
    lab: Lab, sandbox: Any, env: dict[str, str], photos: list[Path]
) -> None:
    """What stays in view, was under way before a restart and is listed after it; sent once, with the photos seen."""
    sandbox.set(speed=1)
    studio = open_studio(lab, env, what="studio = fox.studio()\nstudio")
    page: Any = studio.page
    studio.go("Profiles")
    studio.choose_photos(photos)
    # With subshells the word that a photo was taken out may come after the press; here it never comes.
    page.kernel_value("setattr(studio.profiles.photos.picker, '_on_remove', lambda *_: None)")
    studio.here.get_by_role("button", name="Remove: photo 01.jpg").click()
    studio.here.locator(".fox-item:has-text('photo 01')").wait_for(state="detached")
    studio.name_and_agree("Ada")
    page.set_size(1280, 800)
    studio.press()
    row = studio.here.locator(".fox-known .fox-row:has-text('Ada')")
    row.locator(".fox-since:has-text('being trained')").wait_for()
    expect(studio.here.locator(".fox-actions .fox-status:has-text('Ada is being trained')")).to_be_in_viewport()
    # The row stands there before the training is sent, and one that a restart kept from being sent is over.
    accepted(page, 1)
    (packed,) = (page.folder / "fox_runs" / "sources").glob("*.zip")
    assert len(zipfile.ZipFile(packed).namelist()) == len(photos) - 1
    page.restart_kernel()
    page.run_cell(0)
    page.run_cell(1)
    studio.go("Profiles")
    row.locator(".fox-since:has-text('being trained')").wait_for()
    sandbox.advance(3600)
    row.get_by_role("button", name="Rename Ada").wait_for()
    assert [body["model"] for body in bodies(sandbox)] == ["phota-create-profile"]
