"""The studio, used by a person: pictures flow from tab to tab, failures are told, the history finds everything again."""

import io
import re
import shutil
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from artifacts import MARKED_KEY
from kernels import Runner, notebook
from lab import Lab
from studios import OPEN, RUTH, Studio, double_click, for_the_docs, open_studio, photo, received
from watched import PATIENCE

FOX = "a red fox in the snow, golden morning"


@pytest.fixture
def env(sandbox_env: dict[str, str]) -> dict[str, str]:
    return sandbox_env


def test_a_row_of_the_history_fills_its_form_again(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """Text, options, levels and pictures stand in the form as they were; what was unset is unset."""
    studio = open_studio(lab, env)
    page = studio.page
    studio.prompt(FOX)
    studio.choose("Aspect ratio", "3:4")
    studio.press()
    studio.shown(1)
    studio.here.locator("button:has-text('Enhance this')").click()
    studio.picked(1)
    studio.level("Resemblance", "0.25")
    studio.choose("Resolution", "1K")
    studio.press()
    studio.shown(1)
    studio.level("Creativity", "0.9")
    studio.go("History")
    studio.rows.nth(1).wait_for()
    studio.rows.nth(0).locator("button:has-text('Use these settings')").click()
    studio.is_at("Enhance")
    studio.picked(1)
    page.wait_for("() => document.querySelector('.fox-nb-panel:not(.lm-mod-hidden) .fox-item img')?.naturalWidth")
    page.locator(".fox-nb-panel:not(.lm-mod-hidden) .fox-level.fox-unset:has-text('Creativity')").wait_for()
    double_click(page, 0)
    studio.press()
    first, again = received(page, sandbox, 3)[1:]
    assert first == again
    assert "creativity" not in again
    studio.go("History")
    studio.rows.last.locator("button:has-text('Use these settings')").click()
    studio.is_at("Generate")
    page.wait_for(
        "() => document.querySelector('.fox-nb-panel:not(.lm-mod-hidden) .fox-for-aspect_ratio select')?.value === '3:4'"
    )


def test_the_bill_is_seen_before_and_after_a_press(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """What the key has left stands beside the button; where the gateway says nothing is, it is off and says why; the history shows what was charged and what came back."""
    sandbox.set(key_limit=0.18)
    sandbox.misbehave("failed", times=1, message="the upstream said no")
    later = "fox.session.billing._now = lambda: fox.session.now() + 601\nfox.account"
    studio = open_studio(lab, env, "fox.reconcile()", later)
    studio.here.locator(":text('$0.18 left on the key')").first.wait_for()
    for words in ("a fox that fails", "a fox that is made"):
        studio.prompt(words)
        studio.press()
        studio.here.locator(f".fox-card:has-text('{words}')").first.wait_for()
    studio.here.locator(":text('the key has only $0.00 left')").first.wait_for()
    assert [body["prompt"] for body in received(studio.page, sandbox, 2)] == ["a fox that fails", "a fox that is made"]
    studio.here.locator(":text('the upstream said no')").first.wait_for()
    studio.page.run_cell(2)
    studio.go("History")
    studio.rows.filter(has_text="a fox that is made").locator(":text('$0.09 charged')").wait_for()
    failed = studio.rows.filter(has_text="a fox that fails")
    failed.locator(":text('refunded')").wait_for()
    studio.page.page.get_by_role("button", name="Grid", exact=True).click()
    assert failed.locator(".fox-count").inner_text() == "failed"
    sandbox.set(key_limit=0)
    studio.page.run_cell(3)
    studio.go("Generate")
    studio.prompt("a fox that is not paid")
    studio.here.locator(":text('This key has nothing left')").first.wait_for()
    assert studio.here.locator(".fox-press").is_disabled()


def test_the_history_is_found_by_model_text_and_date(lab: Lab, env: dict[str, str]) -> None:
    """Among three thousand rows, page by page; only the thumbnails of the rows that are seen are sent."""
    fill = (
        "import json\nfrom datetime import datetime\nwith fox.store.journal.writing() as db:\n"
        "    for n in range(3000):\n"
        "        model = 'phota-image' if n % 3 else 'grok-imagine-image'\n"
        "        body = json.dumps({'model': model, 'prompt': f'picture number {n} of <b>many</b>'})\n"
        '        db.execute("INSERT INTO task (identity, gateway, account, model, request, request_hash, take, state, owner,"\n'
        "                   \" asked, sent) VALUES (?, 'sandbox', 'sandbox', ?, ?, ?, 1, 'refused', '', ?, ?)\",\n"
        "                   (f'{n:064x}', model, body, f'{n:064x}', *[datetime(2024, 1, 1 + n % 28, 12).timestamp() + n] * 2))\n"
    )
    page = lab.open(notebook(OPEN, "fox.studio()", fill), env=env)
    page.run_cell(0)
    page.run_cell(2)
    page.run_cell(1)
    studio = Studio(page)
    studio.go("History")
    where = page.locator(".fox-where")
    page.locator(".fox-where:has-text('1 to 20 of 3,000')").wait_for()
    page.page.get_by_role("button", name="Older").click()
    page.locator(".fox-where:has-text('21 to 40 of 3,000')").wait_for()
    page.page.get_by_role("combobox", name="Model").select_option(label="Grok")
    page.locator(".fox-where:has-text('1 to 20 of 1,000')").wait_for()
    page.page.get_by_role("searchbox", name="Text").fill("number 270 of <b>")
    page.locator(".fox-where:has-text('1 to 1 of 1')").wait_for()
    assert "picture number 270 of <b>many</b>" in studio.rows.inner_text()
    page.page.get_by_role("searchbox", name="Text").fill("100%_")
    page.locator(".fox-note:has-text('No results.')").wait_for()
    page.page.get_by_role("searchbox", name="Text").fill("")
    page.page.get_by_label("From", exact=True).fill("2024-01-27")
    page.page.get_by_label("To", exact=True).fill("2024-01-27")
    page.wait_for("() => /of 36$/.test(document.querySelector('.fox-where').textContent)")
    assert set(re.findall(r"\d+ Jan 2024", studio.rows.first.inner_text())) == {"27 Jan 2024"}
    assert where.is_visible()
    assert page.errors() == []


def test_a_failed_task_is_told_in_words_and_tried_again(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """Reason, money and Try again, whose key press goes on beside it; the form keeps what it had; the picture comes."""
    sandbox.misbehave("failed")
    studio = open_studio(lab, env)
    page = studio.page
    studio.prompt(FOX)
    studio.choose("Aspect ratio", "9:16")
    studio.press()
    card = page.locator(".fox-results .fox-failed")
    card.wait_for()
    assert "You may have been charged" in card.inner_text()
    page.locator(".fx-bad:has-text('failed')").wait_for(state="attached")
    page.locator(".fox-results button:has-text('Try again')").press("Enter")
    page.wait_for("() => document.activeElement.matches('.fox-press')")
    studio.shown(1)
    page.locator(".fx-pic img").wait_for(state="attached")
    assert page.locator(".fx-bad").count() == 0
    assert studio.here.get_by_role("textbox", name="Prompt").input_value() == FOX
    assert len(sandbox.creations) == 2


def test_a_lost_answer_is_settled_by_hand(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """Nothing is sent again by itself; 'It was not charged' gives the money back, and the next press is a new one."""
    sandbox.misbehave("hang_up", "create")
    studio = open_studio(lab, env)
    page = studio.page
    studio.prompt(FOX)
    studio.press()
    page.locator(".fox-actions [role=alert]:has-text('no usable answer came')").wait_for()
    words = ["It was not charged", "It was charged", "Send it again \u00b7 $0.09", "Check the bill"]
    expect(studio.here.locator(".fox-card button")).to_have_text(words, timeout=PATIENCE * 1000)
    page.locator(".fox-results button:has-text('It was not charged')").click()
    page.locator(".fox-results .fox-failed:has-text('You settled it as not paid')").wait_for()
    assert len(sandbox.creations) == 1
    assert page.kernel_value("float(fox.spent)") == "0.0"


def test_several_tasks_at_once_and_one_no_longer_watched(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """Each has its own progress; Hide says that there is no cancel, and the pictures come into the history, counted in its grid, whose larger view can do what the list's can."""
    sandbox.misbehave("lasts", seconds=900, times=3)  # however slow this machine is
    studio = open_studio(lab, env)
    page = studio.page
    studio.number(2)
    for prompt in ("a lighthouse", "a red fox", "a teapot"):
        studio.prompt(prompt)
        studio.press()
        page.locator(f".fox-live .fox-under-way:has-text('{prompt}') progress").wait_for()
    assert page.locator(".fox-live progress").count() == 3
    for_the_docs(page, "studio-under-way")
    page.page.get_by_role("button", name="Hide: a red fox").click()
    page.locator(".fox-actions [role=status]:has-text('be cancelled')").wait_for()
    assert page.locator(".fox-live progress").count() == 2
    sandbox.advance(1000)
    studio.shown(3)
    studio.go("History")
    page.locator(".fox-line:has-text('a red fox') img").wait_for()
    count = page.locator(".fox-line:has-text('a red fox') .fox-count")
    assert count.is_hidden()  # the row has it in its line
    page.page.get_by_role("button", name="Grid", exact=True).click()
    assert count.inner_text() == "2 pictures"
    page.locator(".fox-line:has-text('a red fox') .fox-thumb").click()
    for words in ("Use these settings", "Save", "Copy code"):
        assert page.locator(f"dialog[open] button:has-text('{words}')").is_visible()


def test_pictures_come_from_links_files_and_results(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """A URL goes as it is, a file beside the notebook is suggested and uploaded, what is neither is refused in words."""
    studio = open_studio(lab, env)
    page: Any = studio.page
    Image.new("RGB", (640, 480), "teal").save(page.folder / "sea.jpg")
    studio.go("Edit")
    studio.here.get_by_role("combobox", name="Link or file").focus()
    page.wait_for(
        "() => [...document.querySelectorAll('.fox-nb-panel:not(.lm-mod-hidden) datalist option')].some(o => o.value === 'sea.jpg')"
    )
    studio.add_place("see.jpg")
    page.locator(".fox-picker [role=alert]:has-text('Did you mean sea.jpg?')").wait_for()
    studio.add_place("sea.jpg")
    studio.picked(1)
    page.wait_for("() => document.querySelector('.fox-nb-panel:not(.lm-mod-hidden) .fox-item img')?.naturalWidth")
    studio.add_place("https://example.com/a.jpg")
    studio.picked(2)
    studio.prompt("make it stormy")
    studio.press()
    (body,) = received(page, sandbox, 1)
    assert body["image_urls"][0].startswith(sandbox.base_url)
    assert body["image_urls"][1] == "https://example.com/a.jpg"


def test_photos_of_a_phone_are_sent_upright_small_and_bare(
    lab: Lab, sandbox: Any, env: dict[str, str], tmp_path: Path
) -> None:
    """One that is too large and one as it is: shown at once, uploaded with the press alone, without place and camera."""
    photo(tmp_path / "big.jpg", 4200, 3360, quality=60, orientation=6)
    photo(tmp_path / "small.jpg", 900, 600, orientation=6)
    studio = open_studio(lab, env, what="fox.panel('phota-image-edit')")
    page: Any = studio.page
    page.locator("input[type=file]").set_input_files([tmp_path / "big.jpg", tmp_path / "small.jpg"])
    studio.prompt("a little brighter")
    page.wait_for(
        "() => { const all = [...document.querySelectorAll('.fox-item img')];"
        " return all.length === 2 && all.every(image => image.naturalHeight > image.naturalWidth); }"
    )
    assert sandbox._do(sandbox._server.gateway.ledger.uploads) == []
    page.locator(".fox-picker .fox-aloud:has-text('2 of 2 added')").wait_for(state="attached")
    studio.press()
    (body,) = received(page, sandbox, 1)
    for url, size in zip(body["image_urls"], [(3277, 4096), (600, 900)], strict=True):
        with urllib.request.urlopen(url) as answer:
            sent = Image.open(io.BytesIO(answer.read()))
        assert sent.size == size
        assert dict(sent.getexif()) == {}
        red, green, _ = sent.convert("RGB").resize((1, 3)).getpixel((0, 0))
        assert red > 180, "its left third has become its upper one"
        assert green < 60


def test_groks_aspect_ratio_is_put_away_beside_pictures(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """It says why, is not sent, and is as before once the pictures are gone; where it is not set, it says so."""
    studio = open_studio(lab, env)
    page: Any = studio.page
    shutil.copy(RUTH[0], page.folder)
    studio.go("Grok")
    ratio = studio.here.get_by_role("combobox", name="Aspect ratio")
    expect(ratio).to_have_value("not set")
    studio.prompt("give her a straw hat")
    studio.choose("Aspect ratio", "2:1")
    studio.add_place(RUTH[0].name)
    page.wait_for("() => document.querySelector('.fox-nb-panel:not(.lm-mod-hidden) .fox-item img')?.naturalWidth")
    page.locator(".fox-for-aspect_ratio:has-text('Not used together with pictures to edit')").wait_for()
    assert ratio.is_disabled()
    for_the_docs(page, "studio-grok")
    studio.press()
    assert "aspect_ratio" not in received(page, sandbox, 1)[0]
    studio.here.get_by_role("button", name="Remove").click()
    page.locator(".fox-for-aspect_ratio:has-text('Not used together')").wait_for(state="detached")
    studio.press()
    assert received(page, sandbox, 2)[1]["aspect_ratio"] == "2:1"
    studio.choose("Aspect ratio", "not set")
    studio.press()
    assert "aspect_ratio" not in received(page, sandbox, 3)[2]
    expect(ratio).to_have_value("not set")


def test_a_result_is_seen_larger_and_saved_whole(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """The larger view has its facts, and Close in sight on a phone; Save gives the very bytes of the file, also when they are many pieces."""
    studio = open_studio(lab, env, what="studio = fox.studio()\nstudio")
    page: Any = studio.page
    studio.prompt(FOX)
    studio.choose("Resolution", "4K")
    studio.number(2)
    studio.press()
    studio.shown(1)
    studio.cards.first.locator(".fox-thumb").nth(1).click()
    page.wait_for("() => document.querySelector('dialog[open] .fox-large')?.naturalWidth > 1000")
    page.page.keyboard.press("ArrowRight")
    page.wait_for("() => /-1\\.jpg/.test(document.querySelector('dialog[open]').innerText)")
    words = page.locator("dialog[open]").inner_text()
    assert "phota-image" in words
    assert "4096 × 4096" in words  # noqa: RUF001
    with page.page.expect_download() as saving:
        page.locator("dialog[open] button:has-text('Save')").click()
    (file,) = (page.folder / "fox_runs" / "pictures").glob("*-t1-1.jpg")
    assert saving.value.suggested_filename == file.name
    assert saving.value.path().read_bytes() == file.read_bytes()
    assert Image.open(io.BytesIO(file.read_bytes())).size == (4096, 4096)
    page.set_size(400, 800)
    box = page.locator("dialog[open]").bounding_box()
    assert 2 * box["x"] + box["width"] == pytest.approx(400, abs=2), "it stands in the middle"
    expect(page.locator("dialog[open] button:has-text('Close')")).to_be_in_viewport()
    page.kernel_value("studio.panels['phota-image'].follow(fox.generate('another').wait())")
    studio.cards.nth(1).wait_for(state="attached")  # what had opened the view is drawn anew
    page.page.keyboard.press("Escape")
    page.wait_for("() => document.activeElement.className === 'fox-thumb'")


def test_no_pixels_are_saved_with_the_state_of_widgets(runner: Runner, sandbox: Any, env: dict[str, str]) -> None:
    """Programs that write the state of widgets into the notebook write the controls there, and no picture."""
    ask = "task = fox.generate('a fox', num_outputs=3).wait(60)\nstudio.panels['phota-image'].follow(task)\nstudio.panels['phota-image-edit'].take_result(task, 1)"
    made = runner.execute(notebook(OPEN, "studio = fox.studio()\nstudio", ask), env=env)
    state = made.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    written = str(state)
    assert "base64" not in written
    assert MARKED_KEY not in written
    assert len(written) < 90_000
