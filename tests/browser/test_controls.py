"""The slider, the prompt box and the picker as a person meets them: by mouse, by keyboard, by paste, in both themes."""

import hashlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator

from artifacts import Places
from kernels import notebook
from lab import Lab, NotebookPage, Voila
from servers import JupyterServer, until
from studios import photo

CONTROLS = """
import hashlib, io
import ipywidgets as w
from PIL import Image
from fox_nb.panels.head import when_missing
from fox_nb.panels.level import Level
from fox_nb.panels.persons import Mentions, Persons
from fox_nb.panels.picker import PickerEntry, Picker
from fox_nb.panels.press import Press

def small(colour):
    stream = io.BytesIO(); Image.new("RGB", (160, 100), colour).save(stream, "JPEG"); return stream.getvalue()

prompt = w.Textarea(description="Prompt", rows=3)
mentions = Mentions(prompt=prompt, puts=True)
mentions.offer({"p-1": "Ada <b>L.</b>"})
slider = Level(description="Creativity", tooltip="How much is invented.")
other = Level(description="Resemblance", value=0.3)
picker = Picker(description="Pictures", most=4)
people = Persons(description="People")
button = w.Button(description="Generate")
seen, files, late = [], [], []
press = Press(description="Press", controls={"prompt": prompt, "level": slider})
press.on("press", lambda values: seen.append((values["prompt"], values["level"])))
picker.on("files", files.extend)
"""
PANEL = "box = w.VBox([w.VBox([prompt, mentions]), slider, other, picker, press, button, people]); box.add_class('fox-nb-panel'); box"


@pytest.fixture
def page(lab: Lab) -> NotebookPage:
    """A notebook that shows the three controls beside a button."""
    opened = lab.open(notebook(CONTROLS, PANEL, "1"))
    opened.run_all()
    for part in (".fox-mentions", ".fox-level >> nth=1", ".fox-picker", ".fox-press"):
        opened.locator(part).wait_for(state="attached")
    return opened


def value(page: NotebookPage, expression: str, wanted: str) -> None:
    """Wait until an expression in the kernel has a value."""
    until(lambda: page.kernel_value(expression) == wanted or None, wanted, show=lambda: page.kernel_value(expression))


def choose(page: NotebookPage, *paths: Path) -> None:
    """Press the button and choose files in the browser's dialog."""
    with page.page.expect_file_chooser() as chooser:
        page.locator("button:has-text('Choose pictures')").click()
    chooser.value.set_files([str(path) for path in paths])


def items(page: NotebookPage) -> Locator:
    return page.locator(".fox-picker .fox-item")


# The slider


def test_a_slider_that_nobody_touched_looks_unset_and_is_none(page: NotebookPage) -> None:
    """It says 'not set' to eyes and to screen readers, and shows no number."""
    slider = page.locator(".fox-level").first
    assert slider.locator("input[type=range]").get_attribute("aria-valuetext") == "not set"
    assert slider.locator("input[type=number]").input_value() == ""
    assert "How much is invented." in slider.inner_text()
    assert slider.locator("button").is_disabled()
    assert page.kernel_value("slider.value") == "None"


def test_a_slider_is_moved_by_keys_and_unset_again(page: NotebookPage) -> None:
    """Arrows, Home, End and page keys set it, in the notebook's own page too; Delete makes it unset."""
    page.page.get_by_role("slider", name="Creativity").focus()
    for key, wanted in [
        ("ArrowRight", "0.51"), ("ArrowUp", "0.52"), ("ArrowLeft", "0.51"), ("End", "1.0"), ("Home", "0.0"),
        ("PageUp", "0.1"), ("Delete", "None"), ("Enter", "0.5"), ("Backspace", "None"), (" ", "0.5"),
    ]:  # fmt: skip
        page.page.keyboard.press(key)
        value(page, "slider.value", wanted)
    assert page.page.evaluate("() => document.activeElement.getAttribute('aria-valuetext')") == "0.5"
    page.locator("button[aria-label='Clear Creativity']").click()
    value(page, "slider.value", "None")
    assert page.page.evaluate("() => document.activeElement.type") == "range"
    page.page.keyboard.press("Control+Enter")  # a press from a slider that is not set sends none of its own
    value(page, "seen[-1:]", "[('', None)]")


def test_a_click_on_the_middle_of_an_unset_slider_sets_it(page: NotebookPage) -> None:
    """Its resting place is a value like any other."""
    page.page.get_by_role("slider", name="Creativity").click()
    value(page, "slider.value", "0.5")


def test_a_number_can_be_typed(page: NotebookPage) -> None:
    """Typed numbers are held within the bounds and to four decimals; an empty field means unset."""
    number = page.page.get_by_label("Resemblance, as a number")
    for typed, wanted in [("0.123456", "0.1235"), ("7", "1.0"), ("", "None"), ("0.2", "0.2")]:
        number.fill(typed)
        number.press("Tab")
        value(page, "other.value", wanted)
    page.kernel_value("setattr(other, 'value', None)")
    page.locator(".fox-level.fox-unset input[aria-label^=Resemblance]").wait_for()


# The prompt box


def test_generate_sees_what_was_typed_just_before(page: NotebookPage) -> None:
    """A press of the button right after typing finds the latest text, even when the kernel is behind with earlier changes."""
    area = page.page.get_by_role("textbox", name="Prompt")
    page.run_cell(2)
    page.kernel_value("setattr(prompt, 'slow', prompt.observe(lambda _: __import__('time').sleep(0.7), 'value'))")
    area.click()
    page.page.keyboard.type("a fox", delay=30)
    page.wait_for("() => new Promise(resolve => setTimeout(() => resolve(true), 350))")
    page.page.keyboard.type(" in the snow at night")
    page.page.get_by_role("slider", name="Creativity").click()
    page.locator(".fox-press").click()
    value(page, "seen", "[('a fox in the snow at night', 0.5)]")


def test_ctrl_enter_submits_and_runs_no_cell(page: NotebookPage) -> None:
    """The keys belong to the prompt box while it has the focus; the notebook does not run its cell again."""
    page.page.get_by_role("textbox", name="Prompt").click()
    page.page.keyboard.type("two foxes")
    page.page.keyboard.press("Shift+Enter")
    page.page.keyboard.type("play")
    page.page.keyboard.press("Control+Enter")
    value(page, "seen", repr([("two foxes\nplay", None)]))
    assert page.cell(1).locator(".jp-InputArea-prompt").inner_text() == "[2]:"


def test_a_profile_is_put_at_the_cursor_and_named(page: NotebookPage) -> None:
    """It goes where the cursor was; known ids are named below, unknown ones pointed out, as text and not as HTML."""
    area = page.page.get_by_role("textbox", name="Prompt")
    area.click()
    page.page.keyboard.type("🦊 by the sea with [[nobody]]")
    for _ in range(24):
        page.page.keyboard.press("ArrowLeft")
    page.page.get_by_role("combobox", name="Profile").select_option(label="Ada <b>L.</b> (p-1)")
    page.wait_for("() => document.querySelector('textarea').value === '🦊 by [[p-1]] the sea with [[nobody]]'")
    assert area.evaluate("area => area.value.slice(area.selectionStart)") == " the sea with [[nobody]]"
    value(page, "prompt.value", "'🦊 by [[p-1]] the sea with [[nobody]]'")
    people = page.locator(".fox-people li")
    assert people.all_inner_texts()[0].startswith("Ada <b>L.</b> [[p-1]]")
    assert "[[nobody]] is not among your profiles" in people.all_inner_texts()[1]


def test_new_names_do_not_take_away_what_is_being_typed(page: NotebookPage) -> None:
    """A change from Python to anything but the text leaves unsent typing alone."""
    page.page.get_by_role("textbox", name="Prompt").click()
    page.page.keyboard.type("x")
    page.kernel_value("mentions.offer({})")
    page.page.keyboard.type("y")
    value(page, "prompt.value", "'xy'")


def test_the_box_grows_and_counts_near_the_limit(page: NotebookPage) -> None:
    """Long text makes the box taller, and near 2,000 characters it counts."""
    area = page.page.get_by_role("textbox", name="Prompt")
    before = area.bounding_box()["height"]
    area.fill("word " * 330)
    assert area.bounding_box()["height"] > before * 1.5
    assert "1,650 of 2,000 characters" in page.locator(".fox-mentions").inner_text()
    area.fill("🦊" * 2001)
    assert "2,001 of 2,000 characters: the service may refuse" in page.locator(".fox-mentions").inner_text()


# The picker


def test_a_photo_of_30_megabytes_goes_through(page: NotebookPage, tmp_path: Path) -> None:
    """Scaled upright in the browser by default; byte for byte where scaling is off. Nothing of it is in the notebook."""
    data = photo(tmp_path / "big.jpg", 5000, 4000, quality=97, orientation=6)
    assert len(data) > 30_000_000
    choose(page, tmp_path / "big.jpg")
    value(page, "len(files)", "1")
    got = page.kernel_value("(files[0].mime, Image.open(io.BytesIO(files[0].data)).size)")
    assert got == "('image/jpeg', (3277, 4096))"
    top = page.kernel_value("Image.open(io.BytesIO(files[0].data)).resize((1, 3)).getpixel((0, 0))")
    red, green, _ = map(int, re.findall(r"\d+", top))
    assert red > 180
    assert green < 60
    page.kernel_value("setattr(picker, 'long_side', 0)")
    choose(page, tmp_path / "big.jpg")
    value(page, "len(files)", "2")
    assert page.kernel_value("hashlib.sha256(files[1].data).hexdigest()") == repr(hashlib.sha256(data).hexdigest())
    assert "scaled from 4000" in items(page).first.inner_text()
    page.save()
    assert page.path.stat().st_size < 50_000
    assert page.console_errors == []


def test_pictures_are_dropped_pasted_ordered_and_removed(page: NotebookPage, tmp_path: Path) -> None:
    """Dropped and pasted files join the list; from the keyboard one is moved and one removed, and the focus stays there."""
    photo(tmp_path / "one <i>.jpg", 60, 40)
    choose(page, tmp_path / "one <i>.jpg")
    items(page).first.wait_for()
    drop = """async () => {
        const canvas = Object.assign(document.createElement('canvas'), {width: 40, height: 30});
        const blob = await new Promise(resolve => canvas.toBlob(resolve));
        const data = new DataTransfer();
        data.items.add(new File([blob], 'two.png', {type: 'image/png'}));
        document.querySelector('.fox-zone').dispatchEvent(
            new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
    }"""
    page.page.evaluate(drop)
    items(page).nth(1).wait_for()
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.page.evaluate(
        """async () => {
            const canvas = Object.assign(document.createElement('canvas'), {width: 40, height: 30});
            canvas.getContext('2d').fillRect(0, 0, 40, 30);
            const blob = await new Promise(resolve => canvas.toBlob(resolve));
            await navigator.clipboard.write([new ClipboardItem({'image/png': blob})]);
        }"""
    )
    page.locator(".fox-choose").focus()
    page.page.keyboard.press("Control+V")
    items(page).nth(2).wait_for()
    value(page, "[f.name for f in files]", "['one <i>.jpg', 'two.png', 'image.png']")
    for _ in range(4):  # over the line for links and its button
        page.page.keyboard.press("Tab")
    page.page.keyboard.press("Enter")
    value(page, "[e.name for e in picker.entries]", "['two.png', 'one <i>.jpg', 'image.png']")
    focused = "() => document.activeElement.getAttribute('aria-label')"
    page.wait_for(f"() => ({focused})() === 'Remove: two.png'")
    page.page.keyboard.press("Enter")
    value(page, "[v.name for v in picker.value]", "['one <i>.jpg', 'image.png']")
    page.wait_for(f"() => ({focused})() === 'Remove: one <i>.jpg'")
    assert "1. one <i>.jpg" in items(page).first.inner_text()
    assert items(page).locator("img").count() == 2


def test_a_press_on_remove_is_heard_while_thumbnails_come(page: NotebookPage) -> None:
    """A line that says the same stays: its button is still there when the mouse that is down on it goes up."""
    page.kernel_value("setattr(picker, '_on_thumbs', lambda *asked: late.append(asked))")
    page.kernel_value(
        "picker.show([PickerEntry(None, colour, '', small(colour), colour) for colour in ('red', 'blue')])"
    )
    value(page, "[key for asked, _ in late for key in asked['keys']]", "['red', 'blue']")
    page.page.get_by_role("button", name="Remove: red").hover()
    page.page.mouse.down()
    page.kernel_value("[Picker._on_thumbs(picker, *asked) for asked in late]")
    items(page).locator("img").nth(1).wait_for()
    page.page.mouse.up()
    value(page, "[entry.name for entry in picker.entries]", "['blue']")


def test_what_was_removed_does_not_come_back(page: NotebookPage) -> None:
    """A list that the kernel made before it heard the newest press is not shown: pictures and focus stay as pressed."""
    page.kernel_value("picker.show([PickerEntry(None, name, key=name) for name in ('a', 'b', 'c')])")
    items(page).nth(2).wait_for()
    hold = "lambda kind, **said: late.append(said) if kind == 'list' else Picker.send_message(picker, kind, **said)"
    page.kernel_value(f"setattr(picker, 'send_message', {hold})")
    page.page.get_by_role("button", name="Move earlier: b").focus()
    for left in ("['b', 'a', 'c']", "['a', 'c']"):
        page.page.keyboard.press("Enter")  # then it is on the same picture's Remove
        value(page, "[entry.name for entry in picker.entries]", left)
    seen = "() => [document.activeElement.ariaLabel, ...[...document.querySelectorAll('.fox-item')].map(at => at.dataset.key)]"
    for words in ("the first answer", "the second answer"):
        page.kernel_value("Picker.send_message(picker, 'list', **late.pop(0))")
        page.kernel_value(f"setattr(picker, 'error', {words!r})")
        page.locator(f".fox-picker [role=alert]:has-text({words!r})").wait_for()
        assert page.page.evaluate(seen) == ["Remove: a", "a", "c"]


def test_whoever_is_among_people_stays_there(page: NotebookPage) -> None:
    """A list that becomes another one leaves the keyboard where it was, or beside whom it was on."""
    focused = "() => [document.activeElement.value, document.querySelectorAll('.fox-persons input').length].join()"
    page.kernel_value("people.offer({name: name for name in 'abc'})")
    page.locator(".fox-persons input[value=b]").focus()
    for offered, now in (("bc", "b,2"), ("ca", "c,2"), ("a", "a,1")):
        page.kernel_value(f"people.offer({{name: name for name in {offered!r}}})")
        page.wait_for(f"() => ({focused})() === {now!r}")


def test_what_cannot_be_used_is_said(page: NotebookPage, tmp_path: Path) -> None:
    """Text, a damaged picture, a HEIC photo and one too many are each said, by name; the others go through."""
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic")
    for name in ("a", "b"):
        photo(tmp_path / f"{name}.jpg", 50, 50)
    choose(page, *(tmp_path / name for name in ("notes.txt", "broken.jpg", "phone.heic", "a.jpg", "b.jpg")))
    value(page, "[f.name for f in files]", "['a.jpg']")
    alert = page.locator(".fox-picker [role=alert]")
    page.wait_for(
        "() => document.querySelector('.fox-aloud[role=status]') && /1 of 4 added/.test(document.querySelector('.fox-picker .fox-aloud').textContent)"
    )
    assert alert.inner_text().splitlines() == [
        "At most 4 here: 1 file was left out.",
        "notes.txt is not a picture that can be used here.",
        "broken.jpg cannot be read as a picture; the file may be damaged.",
        "phone.heic is a HEIC photo, which this browser cannot open. Save it as JPEG first.",
    ]
    page.kernel_value("setattr(picker, 'error', 'b <i>too</i>')")
    page.wait_for("() => document.querySelector('.fox-picker [role=alert]').innerText.includes('b <i>too</i>')")


def test_a_file_waits_for_a_busy_kernel_and_can_be_cancelled(page: NotebookPage, tmp_path: Path) -> None:
    """While the kernel is busy the file waits, and says so; Cancel ends it, and the one after it goes through."""
    photo(tmp_path / "a.jpg", 1500, 1500, quality=95)
    photo(tmp_path / "b.jpg", 50, 50)
    page.page.evaluate(
        "() => { const real = window.foxTimer = window.setTimeout;"
        " window.setTimeout = (what, ms, ...more) => real(what, ms === 12000 ? 300 : ms, ...more); }"
    )
    gate = page.folder / "gate"
    page.kernel_value(
        "setattr(picker, '_on_piece', lambda c, b, real=picker._on_piece: "
        f"(all(__import__('time').sleep(0.05) is None for _ in iter(lambda: __import__('os').path.exists({str(gate)!r}), True)), real(c, b)))"
    )
    choose(page, tmp_path / "a.jpg", tmp_path / "b.jpg")
    page.locator(".fox-way:has-text('a.jpg: waiting for the kernel')").wait_for()
    page.page.evaluate("() => { window.setTimeout = window.foxTimer; }")
    page.locator(".fox-way button:has-text('Cancel')").click()
    page.locator(".fox-way:has-text('2 of 2: b.jpg')").wait_for()
    gate.touch()
    value(page, "[f.name for f in files]", "['b.jpg']")
    page.wait_for("() => document.activeElement.matches('.fox-choose')")  # the button that was pressed is gone
    choose(page, tmp_path / "a.jpg")
    value(page, "[f.name for f in files]", "['b.jpg', 'a.jpg']")
    assert page.kernel_value("picker._incoming._partials") == "{}"


def test_a_reloaded_page_and_a_second_view_show_the_list(page: NotebookPage, tmp_path: Path) -> None:
    """What was picked, and what Python showed, is there again with its thumbnails after a reload and in another view."""
    photo(tmp_path / "a.jpg", 60, 40)
    page.kernel_value("picker.show([PickerEntry('https://x/y', 'a link', 'link', small('teal'))])")
    choose(page, tmp_path / "a.jpg")
    value(page, "len(files)", "1")
    loaded = "n => [...document.querySelectorAll('.fox-thumb')].filter(i => i.complete && i.naturalWidth).length === n"
    page.wait_for(loaded, 2)
    page.page.evaluate("() => window.foxTestNotebook.context.save()")
    page.page.reload()
    page.wait_for(loaded, 2)
    page.page.wait_for_function(
        "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
    )
    page.page.evaluate("() => { window.foxTestNotebook = window.jupyterapp.shell.currentWidget; }")
    photo(tmp_path / "b.jpg", 60, 40)
    choose(page, tmp_path / "b.jpg")
    value(page, "[e.name for e in picker.entries]", "['a link', 'a.jpg', 'b.jpg']")
    page.page.evaluate("() => { window.foxTestNotebook.content.widgets[2].model.sharedModel.setSource('box'); }")
    page.run_cell(2)
    page.wait_for(loaded, 6)


def test_the_picker_works_in_voila(voila: Voila, tmp_path: Path) -> None:
    """In Voila a photo reaches the kernel just so."""
    photo(tmp_path / "a.jpg", 1500, 1500, quality=95)
    show = "text = w.HTML(); picker.on('files', lambda f: setattr(text, 'value', f'{len(f)} of {len(f[0].data)}')); w.VBox([picker, text])"
    page = voila.open(notebook(CONTROLS, show))
    with page.page.expect_file_chooser() as chooser:
        page.locator("button:has-text('Choose pictures')").click()
    chooser.value.set_files(str(tmp_path / "a.jpg"))
    page.locator(f".widget-html-content:has-text('1 of {(tmp_path / 'a.jpg').stat().st_size}')").wait_for()


# Where Jupyter lacks the front end


def test_a_jupyter_without_anywidget_is_told_what_to_do(
    artifacts: Places, context: BrowserContext, lab: Lab, tmp_path: Path
) -> None:
    """In a Jupyter that has ipywidgets but not anywidget, a note says so; where all is well it is never seen."""
    show = "missing = w.HTML(when_missing()); press.on('ready', missing.close)\nw.VBox([missing, prompt, slider, press, button])"
    note = ".fox-late:has-text('pip install anywidget')"
    well = lab.open(notebook(CONTROLS, show))
    well.run_all()
    well.locator(".fox-press").wait_for()
    well.locator(note).wait_for(state="hidden")
    well.close()
    (tmp_path / "labconfig").mkdir()
    (tmp_path / "labconfig" / "page_config.json").write_text('{"disabledExtensions": {"anywidget": true}}')
    server = JupyterServer(artifacts)
    server.env["JUPYTER_CONFIG_DIR"] = str(tmp_path)
    with server:
        opener = Lab(context, server)
        try:
            page = opener.open(notebook(CONTROLS, show))
            page.run_all()
            page.locator("button:has-text('Generate')").wait_for()
            hidden = "getComputedStyle(note).visibility === 'hidden'"  # or its four seconds are over
            waits = f"note => {hidden} || note.getAnimations().every(wait => wait.playState === 'finished')"
            assert page.locator(note).evaluate(waits), "it does not flash where all is well"
            page.locator(note).evaluate("note => note.getAnimations().forEach(wait => wait.finish())")
            page.locator(note).wait_for(state="visible")
            assert page.locator(".fox-press").count() == 0
        finally:
            opener.close()


# For everybody


def test_axe_finds_nothing_and_nothing_is_cut_off_when_narrow(page: NotebookPage, axe: str) -> None:
    """No serious violation in either theme, with everything shown; at 400 px nothing reaches beyond the cell."""
    page.kernel_value("setattr(prompt, 'value', 'with [[p-1]] and [[nobody]] ' + 'word ' * 400)")
    page.kernel_value(
        "picker.show([PickerEntry(1, 'a very long name ' * 5, 'note', small('teal')), PickerEntry(2, 'none')])"
    )
    page.kernel_value("setattr(picker, 'error', 'Something is wrong.')")
    page.locator(".fox-item").nth(1).wait_for()
    wide = "() => [...document.querySelectorAll('.widget-textarea, .fox-mentions, .fox-level, .fox-picker')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.className)"
    for width in (1200, 400):
        page.set_size(width, 1600)
        assert page.page.evaluate(wide) == []
        for theme in ("light", "dark"):
            page.set_theme(theme)
            assert page.violations(axe, ".jp-OutputArea-output .widget-box") == []
