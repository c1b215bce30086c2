"""The Profiles tab, used by a person: photos chosen and looked at, consent, training, the name in Generate, forgetting."""

from pathlib import Path
from typing import Any

import pytest

from lab import Lab
from studios import Studio, bodies, for_the_docs, open_studio

BROKEN = "broken.jpg"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twelve sample photos of one person, the last one small, and a thirteenth that is none."""
    from fox_nb.sandbox import art

    folder = tmp_path_factory.mktemp("ada")
    for number in range(12):
        photo = art.portrait(art.figure_from_id("ada"), (1024, 1024), seed=number)
        photo.thumbnail((400, 400) if number == 11 else photo.size)
        photo.save(folder / f"photo {number + 1:02}.jpg", quality=85)
    (folder / BROKEN).write_bytes(b"\xff\xd8\xff no picture")
    return sorted(folder.iterdir())


@pytest.fixture
def env(sandbox_env: dict[str, str]) -> dict[str, str]:
    return sandbox_env


def open_profiles(lab: Lab, env: dict[str, str], *cells: str) -> Studio:
    studio = open_studio(lab, env, *cells)
    studio.go("Profiles")
    return studio


def choose(studio: Studio, photos: list[Path]) -> None:
    """Choose photos of this computer and wait until they have been looked at."""
    studio.here.locator("input[type=file]").set_input_files(photos)
    studio.here.locator(".fox-training .fox-status:has-text('photos can be used')").wait_for()


def fill(studio: Studio, name: str) -> None:
    studio.here.get_by_role("textbox", name="Name", exact=True).first.fill(name)
    studio.here.get_by_role("checkbox", name="agreed").check()


def test_a_person_trains_a_profile_and_generates_with_it(
    lab: Lab, sandbox: Any, env: dict[str, str], photos: list[Path]
) -> None:
    """Twelve photos, consent, Train; its name in Generate; after a restart it is still offered; two presses forget it."""
    studio = open_profiles(lab, env)
    page: Any = studio.page
    choose(studio, [photo for photo in photos if photo.name != BROKEN])
    studio.here.locator(".fox-item").nth(11).wait_for()
    train = studio.here.get_by_role("button", name="Train")
    train.click(force=True)  # a person can press it, too; the test's browser would wait until it is on
    assert sandbox.creations == [], "without a name and consent Train is off"
    assert "consent" in studio.here.locator(".fox-training .fox-status").inner_text()
    fill(studio, "Ada")
    assert "2.90 USD" in studio.here.locator(".fox-training .fox-cost").inner_text()
    assert "play money" in studio.here.locator(".fox-training .fox-cost").inner_text()
    for_the_docs(page, "studio-profiles")
    train.click()
    row = studio.here.locator(".fox-known .fox-row:has-text('Ada')")
    row.get_by_role("button", name="Copy the id of Ada").wait_for()
    profile = row.locator("code").inner_text()
    assert [body["model"] for body in bodies(sandbox)] == ["phota-create-profile"]

    studio.go("Generate")
    studio.prompt("reading in a library, soft light ")
    studio.here.get_by_role("combobox", name="Profile").select_option(label=f"Ada ({profile[2:-2][:12]})")
    studio.here.locator(".fox-prompt :text('Ada')").first.wait_for()
    studio.press()
    page.until(lambda: len(sandbox.creations) == 2 or None, "the picture's creation")
    assert profile in bodies(sandbox)[1]["prompt"]

    page.restart_kernel()
    page.run_cell(0)
    page.run_cell(1)
    studio.go("Generate")
    assert "Ada" in studio.here.get_by_role("combobox", name="Profile").inner_text()
    studio.go("Profiles")
    forget(studio, page)
    assert len(sandbox.creations) == 2
    assert page.errors() == []
    assert page.console_errors == []


def forget(studio: Studio, page: Any) -> None:
    """The first press says what goes and what the gateway still holds; the second does it."""
    studio.here.get_by_role("button", name="Forget Ada").click()
    plan = studio.here.get_by_role("group", name="Forget Ada?")
    plan.wait_for()
    assert "still holds the trained profile" in plan.inner_text()
    studio.here.get_by_role("button", name="Keep Ada").click()
    plan.wait_for(state="detached")
    studio.here.get_by_role("button", name="Forget Ada").click()
    studio.here.get_by_role("button", name="Forget Ada for good").click()
    studio.here.locator(".fox-said:has-text('Ada is forgotten')").wait_for()
    assert list((page.folder / "fox_runs" / "sources").iterdir()) == []
    studio.go("Generate")
    assert "Ada" not in studio.here.get_by_role("combobox", name="Profile").inner_text()


def test_each_photo_says_what_is_wrong_with_it(lab: Lab, sandbox: Any, env: dict[str, str], photos: list[Path]) -> None:
    """From a folder of the notebook; what is taken out counts no more, and below ten Train is off."""
    studio = open_profiles(lab, env)
    page: Any = studio.page
    (page.folder / "ada").mkdir()
    for photo in photos[-10:]:
        (page.folder / "ada" / photo.name).write_bytes(photo.read_bytes())
    (page.folder / "ada" / BROKEN).write_bytes(b"no picture")
    studio.here.get_by_role("combobox", name="or folder, ZIP").fill("ada")
    studio.here.get_by_role("button", name="Add or folder, ZIP").click()
    broken = studio.here.locator(f".fox-item:has-text('{BROKEN}')")
    broken.locator(":text('left out')").wait_for()
    status = studio.here.locator(".fox-training .fox-status")
    status.locator(":scope:has-text('10 of 11 photos can be used')").wait_for()
    assert "weak: Small: 400 x 400 pixels" in studio.here.locator(".fox-item:has-text('photo 12')").inner_text()
    broken.get_by_role("button", name="Remove").click()
    status.locator(":scope:has-text('10 of 10 photos can be used')").wait_for()
    studio.here.locator(".fox-item").first.get_by_role("button", name="Remove").click()
    status.locator(":scope:has-text('9 of 9 photos can be used')").wait_for()
    fill(studio, "Ada")
    assert "at least 10 photos" in studio.here.locator(".fox-training .fox-off").inner_text()
    studio.here.get_by_role("button", name="Train").click(force=True)
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
    for theme in ("light", "dark"):
        page.set_theme(theme)
        for width in (1200, 400):
            page.set_size(width, 1600)
            assert page.violations(axe, ".fox-page:not([hidden])") == []
    wide = "() => { const e = document.querySelector('.fox-page:not([hidden])'); return e.scrollWidth <= e.clientWidth + 1; }"
    assert page.wait_for(wide)


def test_a_training_is_picked_up_by_the_next_kernel(
    lab: Lab, sandbox: Any, env: dict[str, str], photos: list[Path]
) -> None:
    """It stands in the list while it is under way, also after a restart, and then under its name; it is sent once."""
    train = "fox.profiles.train('ada', name='Ada', agreed=True)\nprint('sent')"
    studio = open_profiles(lab, env, train)
    page: Any = studio.page
    (page.folder / "ada").mkdir()
    for photo in photos:
        (page.folder / "ada" / photo.name).write_bytes(photo.read_bytes())
    page.run_cell(2)
    page.restart_kernel()
    page.run_cell(0)
    page.run_cell(1)
    studio.go("Profiles")
    row = studio.here.locator(".fox-known .fox-row:has-text('Ada')")
    row.get_by_role("button", name="Rename Ada").wait_for()
    assert len(sandbox.creations) == 1
