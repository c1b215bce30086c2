"""A class on one relay, as its people see it: the teacher's page for everybody's eyes, and a student's press to hand in."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from classroom.room import Classroom
from images.pictures import encoded, gradient
from processes import until
from studios import open_studio
from watched import PATIENCE, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from artifacts import Places
    from lab import Lab

FITS = "() => document.documentElement.scrollWidth <= innerWidth"
SMALLEST = """() => Math.min(...[...document.querySelectorAll('main *')].filter(e => e.checkVisibility() && e.innerText)
    .map(e => parseFloat(getComputedStyle(e).fontSize)))"""
READABLE = 14
OFTEN = """const [later, end] = [setTimeout, AbortSignal.timeout];
    window.setTimeout = (look, ms, ...more) => later(look, ms === 3000 ? 200 : ms, ...more);
    AbortSignal.timeout = (ms) => end.call(AbortSignal, ms === 10000 ? 2000 : ms);"""
"""The teacher's page asks five times a second, not every three seconds, and waits two seconds for an answer, not ten."""


@pytest.fixture
def room(sandbox: Any, artifacts: Places) -> Iterator[Classroom]:
    """A class with Ada, whose relay runs."""
    one = Classroom(artifacts, sandbox.base_url)
    one.seat("Ada", "Ben")
    one.start()
    yield one
    one.stop()


def test_a_student_hands_in_and_everybody_can_read_the_teachers_page(
    room: Classroom, lab: Lab, browser: Browser, axe: str, sandbox: Any
) -> None:
    """One press in the history sends a student's work; on the teacher's pages, light and dark, axe finds nothing serious."""
    studio = open_studio(lab, {"FOXAPI_KEY": room.tokens["Ada"], "FOXAPI_BASE_URL": room.url})
    studio.prompt("a red fox in the snow")
    studio.press()
    studio.shown(1)
    studio.go("History")
    studio.page.page.get_by_role("button", name="Hand in").click()
    studio.page.locator(".fox-status:has-text('Handed in at')").wait_for()
    assert len(list((room.folder / "handed_in" / "Ada").glob("*.zip"))) == 1
    sandbox.misbehave("lost_answer", on="create", times=1)
    room.ask("POST", "/v1/images/generations", "Ben", json={"model": "phota-image", "prompt": "a lost boat"})
    photo = {"file_data": base64.b64encode(encoded(gradient(256, 256), "PNG")).decode()}
    link = room.ask("POST", "/v1/files/upload/base64", "Ben", json=photo).json()["url"]
    without_words = {"model": "phota-image-enhance", "image_url": link}
    assert room.ask("POST", "/v1/images/generations", "Ben", json=without_words).ok
    until(lambda: len([*(room.folder / "files").iterdir()]) == 3 or None, "both pictures, beside what was uploaded")
    for theme in ("light", "dark"):
        context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=theme)
        page = Watched(context.new_page())
        page.page.goto(f"{room.url}/teacher")
        assert page.violations(axe) == [], theme
        page.page.get_by_label("Password").fill((room.folder / "teacher.txt").read_text().strip())
        page.page.get_by_role("button", name="Log in").click()
        page.locator(".pictures img").first.wait_for()
        page.locator("summary").first.click()
        assert page.violations(axe) == [], theme
        assert page.page.evaluate(SMALLEST) >= READABLE
        assert page.page.evaluate(FITS)
        page.page.set_viewport_size({"width": 400, "height": 800})
        assert page.page.evaluate(FITS), "on a phone"
        page.locator(".pictures a").first.click()
        page.locator("img.large").wait_for()
        assert page.page.evaluate(FITS), "on a phone"
        assert page.violations(axe) == [], theme
        assert page.page.evaluate(SMALLEST) >= READABLE
        assert page.console_errors == []
        context.close()


def test_a_teacher_knows_whether_the_table_lives(room: Classroom, browser: Browser) -> None:
    """While the relay is silent or away the page says since when; then it goes on without a log-in; logged out it says so."""
    context = browser.new_context()
    context.add_init_script(OFTEN)
    page = Watched(context.new_page())
    page.page.goto(f"{room.url}/teacher")
    page.page.get_by_label("Password").fill((room.folder / "teacher.txt").read_text().strip())
    with page.page.expect_response("**/live*", timeout=PATIENCE * 1000):  # The page's script came and runs
        page.page.get_by_role("button", name="Log in").click()
    page.locator("#live th:has-text('Ada')").wait_for()
    said = page.locator("#connection")
    with room.frozen():
        said.filter(has_text="Not connected since").wait_for()
    expect(said).to_have_text("", timeout=PATIENCE * 1000)
    room.kill()
    said.filter(has_text="Not connected since").wait_for()
    room.seat("Cem")
    room.start()
    page.locator("#live th:has-text('Cem')").wait_for()
    expect(said).to_have_text("", timeout=PATIENCE * 1000)
    (room.folder / "teacher.txt").write_text("another password\n")
    said.filter(has_text="You are logged out").wait_for()
    page.page.get_by_role("button", name="Stop all").click()
    page.page.get_by_label("Password").wait_for()
    context.close()


def test_nothing_is_handed_in_where_there_is_no_class(lab: Lab, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """On a gateway that is no class's relay the history has no such button."""
    studio = open_studio(lab, sandbox_env)
    studio.go("History")
    until(
        lambda: studio.page.locator(".fox-pager").count() or None,
        "the history",
        pause=studio.page.page.wait_for_timeout,
    )
    assert studio.page.page.get_by_role("button", name="Hand in").count() == 0
