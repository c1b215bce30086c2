"""A panel among other widgets: set, observed, linked and laid out by ipywidgets' own calls; boxes, tabs, Output; twice, moved, closed."""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Locator

from fox_nb.models import MODELS
from fox_nb.panels.controls import FEW
from fox_nb.parameters import Parameter, parameters
from kernels import notebook
from lab import Lab, NotebookPage
from servers import until
from studios import OPEN, double_click, open_studio, received
from watched import PATIENCE

ROUNDS = int(os.environ.get("FOX_NB_ROUNDS", "10"))
SET_UP = f"{OPEN}\nimport ipywidgets as w\n"


@pytest.fixture
def env(sandbox_env: dict[str, str]) -> dict[str, str]:
    return sandbox_env


def value(page: NotebookPage, expression: str, wanted: str) -> None:
    """Wait until an expression in the kernel has a value."""
    until(lambda: page.kernel_value(expression) == wanted or None, wanted, show=lambda: page.kernel_value(expression))


def opened(lab: Lab, env: dict[str, str], *cells: str) -> NotebookPage:
    page = lab.open(notebook(SET_UP, *cells), env=env)
    page.run_all()
    page.locator(".fox-press").first.wait_for()
    return page


WATCHED = """\
panels, heard, peers = {}, {}, {}

def make(model):
    panels[model] = panel = fox.panel(model)
    names = [name for name in panel.controls if panel.has_trait(name)]
    panel.observe(lambda change: heard.update({(model, change["name"]): change["new"]}), names)

def link(control, peer, trait):
    w.jslink((control, trait), (peer, trait))
    peers[control] = lambda: getattr(peer, trait) == getattr(control, trait)"""
BUTTON = "el.querySelectorAll('button')[{}].matches('.mod-active')"
LINKS = [f"https://example.com/{name}.jpg" for name in "ab"]


class Tried(NamedTuple):
    """How one control is tried: what Python sets and how that is seen, what a person does, and what is heard of it."""

    sets: Any
    is_seen: str
    """In the page, of the control's element."""
    acts: Callable[[Locator], object]
    heard: Any
    peer: str = ""
    """What it is linked to in the browser; pickers and persons have their value in Python alone."""
    trait: str = "value"


def types(role: Any, text: str) -> Callable[[Locator], object]:
    """Type into a field, and leave it."""

    def act(control: Locator) -> None:
        control.get_by_role(role).last.fill(text)
        control.get_by_role(role).last.press("Tab")

    return act


def adds(control: Locator) -> None:
    """Add a link to the pictures."""
    control.get_by_role("combobox").fill(LINKS[1])
    control.get_by_role("button", name="Add").click()


def chooses(parameter: Parameter) -> Tried:
    """Choose in a list or press one of a few buttons, the first of the options."""
    first = int(parameter.nullable)
    is_list = parameter.nullable or len(parameter.options) > FEW

    def act(control: Locator) -> None:
        if is_list:
            control.locator("select").select_option(index=first)
        else:
            control.locator("button").nth(first).click()

    seen = "el.querySelector('select').selectedIndex === {}" if is_list else BUTTON
    peer = f"w.Dropdown(options={[*[None] * first, *parameter.options]})"
    return Tried(parameter.options[1], seen.format(first + 1), act, parameter.options[0], peer, "index")


def tried(parameter: Parameter) -> Tried:
    """Return how the control of a parameter is tried, by its kind."""
    match parameter.hint.kind:
        case "prompt":
            seen = "el.querySelector('textarea').value === 'a bear'"
            return Tried("a bear", seen, types("textbox", "an owl"), "an owl", "w.Textarea()")
        case "profile":
            seen = "el.querySelectorAll('input:checked').length === 1"
            return Tried(["profile_x"], seen, lambda control: control.get_by_role("checkbox").click(), None)
        case "picture" | "archive":
            seen = "el.querySelectorAll('.fox-item').length === 1"
            return Tried(LINKS[:1], seen, adds, LINKS if parameter.many else LINKS[1])
    if parameter.options:
        return chooses(parameter)
    if parameter.type is int:
        return Tried(2, "el.querySelector('input').value === '2'", types("spinbutton", "3"), 3, "w.IntText()")
    seen = "el.querySelector('input[type=number]').value === '0.25'"
    return Tried(0.25, seen, types("spinbutton", "0.75"), 0.75, "w.FloatSlider(max=1.0)")


def test_controls_are_set_observed_linked_and_laid_out_by_ipywidgets_calls(lab: Lab, env: dict[str, str]) -> None:
    """Every control of every model: what Python sets is seen, what a person sets is heard, links hold in the browser, layout and `disabled` are obeyed."""
    page = opened(lab, env, WATCHED, *[f"make({model!r})" for model in MODELS], "w.VBox(list(panels.values()))")
    for at, (model, request) in enumerate(MODELS.items()):
        for parameter in parameters(request):
            name, how = parameter.name, tried(parameter)
            control = page.locator(".fox-nb-panel").nth(at).locator(f".fox-for-{name}")
            ours = f"panels[{model!r}].controls[{name!r}]"
            page.kernel_value(f"setattr({ours}, 'value', {how.sets!r})")
            element = control.element_handle()
            page.page.wait_for_function(f"el => {how.is_seen}", arg=element, timeout=1000 * PATIENCE)
            if how.peer:
                page.kernel_value(f"link({ours}, {how.peer}, {how.trait!r})")
            how.acts(control)
            value(page, f"heard.get(({model!r}, {name!r}), '')", repr(how.heard))
            if how.peer:
                value(page, f"peers[{ours}]()", "True")
            page.kernel_value(f"setattr({ours}.layout, 'width', '321px')")
            page.page.wait_for_function(
                "el => Math.abs(el.getBoundingClientRect().width - 321) < 2", arg=element, timeout=1000 * PATIENCE
            )
            if parameter.type is float:
                anew = f"{ours}, 'style', {{'description_width': '88px'}}"
                for width, sets in (77, f"{ours}.style, 'description_width', '77px'"), (88, anew):
                    page.kernel_value(f"setattr({sets})")
                    page.page.wait_for_function(
                        f"el => el.querySelector('label').offsetWidth === {width}", arg=element, timeout=1000 * PATIENCE
                    )
            page.kernel_value(f"setattr({ours}, 'disabled', True)")
            page.page.wait_for_function(
                "el => [...el.querySelectorAll('input, textarea, select, button')]"
                ".every(part => part.disabled || !part.checkVisibility())",
                arg=element,
                timeout=1000 * PATIENCE,
            )
    left_on = "[name for panel in panels.values() for name, control in panel.controls.items() if not control.disabled]"
    assert page.kernel_value(left_on) == "['agreed']"
    assert page.errors() == []
    assert page.console_errors == []


def test_results_come_along_wherever_a_panel_is_put(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """In a Tab beside another, shown twice, in an Output, moved to another box and closed; the file keeps the pictures."""
    page = opened(
        lab,
        env,
        """\
panel, other = fox.panel(prompt="a fox"), fox.panel("phota-image-edit")
tab = w.Tab([panel, other])
tab""",
        "box = w.HBox([w.Label('beside'), panel])\nbox",
        "out = w.Output()\nout",
        "with out:\n    display(panel)",
    )
    page.cell(1).locator(".fox-press").first.click()
    for cell in (1, 2, 3):
        page.cell(cell).locator(".fox-newest img").first.wait_for()
    page.wait_for("() => [...document.querySelectorAll('.fox-newest img')].every(image => image.naturalWidth)")
    page.kernel_value("setattr(box, 'children', ())")
    page.cell(2).locator(".fox-newest").wait_for(state="detached")
    page.kernel_value("setattr(tab, 'children', (other, panel))")
    page.cell(1).get_by_role("tab").nth(1).click()
    page.cell(1).locator(".fox-newest img").locator("visible=true").wait_for()
    double_click(page, 0)
    page.cell(1).locator(".fox-press").locator("visible=true").click()
    page.cell(3).locator(".fox-card").nth(1).wait_for()
    assert len(sandbox.creations) == 2
    page.kernel_value("(panel.close(), setattr(tab, 'children', (other,)))")
    page.cell(3).locator(".fox-newest").wait_for(state="detached")
    saved = page.save()
    pages = [output.get("data", {}).get("text/html", "") for cell in saved.cells for output in cell.outputs]
    assert sum("<img" in page for page in pages) == 2
    page.close()
    again = lab.open(page.path, kernel=False)
    again.locator(".fx-pic img").nth(1).wait_for()
    assert again.locator(".fx-pic img").first.is_visible()


@pytest.mark.timeout(600 if ROUNDS < 100 else 2400)
def test_typing_and_pressing_fast_sends_what_was_on_the_screen(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """Also while a cell runs: the press reads the controls in its own page."""
    busy = """\
import pathlib, time
gate, end = pathlib.Path("gate"), time.monotonic() + 60
pathlib.Path("begun").touch()
while not gate.exists() and time.monotonic() < end:
    time.sleep(0.01)
gate.unlink()"""
    page = open_studio(lab, env, busy, what="fox.panel()").page
    area, typed = page.page.get_by_role("textbox", name="Prompt"), []
    for number in range(ROUNDS):
        is_busy = number % 5 == 4
        if is_busy:
            page.run_cell(2, wait=False)
            page.until(lambda: (page.folder / "begun").exists() or None, "the cell to begin")
            (page.folder / "begun").unlink()
        words = " ".join([f"{number} foxes"] * (1 + number % 3))
        area.fill("")
        page.page.keyboard.type(words, delay=0)
        typed.append(words)
        area.press("Control+Enter")
        if is_busy:
            (page.folder / "gate").touch()
            page.wait_idle()
        page.locator(".fox-press:not([aria-disabled=true])").wait_for()
    sent = [body["prompt"] for body in received(page, sandbox, len(typed))]
    assert sorted(sent) == sorted(typed)
    assert page.errors() == []


@pytest.mark.parametrize("shown", ["panel", "w.Tab([panel, fox.panel()])"])
def test_a_run_of_the_cell_again_shows_its_results_again(
    lab: Lab, sandbox: Any, env: dict[str, str], shown: str
) -> None:
    """In this kernel and in the next, in a box, too; nothing is sent again, and the file keeps the picture."""
    page = opened(lab, env, f"panel = fox.panel(prompt='a fox')\n{shown}")
    page.locator(".fox-press").locator("visible=true").click()
    newest = page.locator(".fox-newest img").locator("visible=true")
    newest.wait_for()
    page.run_cell(1)
    newest.wait_for()
    page.restart_kernel()
    page.run_all()
    newest.wait_for()
    page.wait_for("() => document.querySelector('.fox-newest img')?.naturalWidth > 500")
    assert len(sandbox.creations) == 1
    saved = page.save()
    assert sum("<img" in output.get("data", {}).get("text/html", "") for output in saved.cells[1].outputs) == 1


def test_a_press_into_a_kernel_that_has_ended_says_so(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """After a restart and after a shutdown nothing is 'Sending…': the button is itself, and the words say what to do."""
    page = opened(lab, env, "panel = fox.panel(prompt='a fox')\npanel")
    for end in (page.restart_kernel, page.shutdown_kernel):
        end()
        page.locator(".fox-press").click()
        page.locator("text=was restarted or has ended: run the cell again. Nothing was sent.").wait_for()
        assert page.locator(".fox-press").inner_text().startswith("Generate")
    assert not sandbox.creations


def test_a_notebook_without_its_kernel_begins_with_the_pictures(lab: Lab, sandbox: Any, env: dict[str, str]) -> None:
    """Then comes the card, in a box, too, which says what Jupyter's line below it means; while the panel lives, neither is seen twice."""
    page = opened(lab, env, "panel = fox.panel(prompt='a fox')\npanel", "w.Tab([fox.panel('phota-image-edit')])")
    page.locator(".fox-press").first.click()
    page.locator(".fox-newest img").wait_for()
    page.wait_for("() => document.querySelector('[data-fox-record] img')")
    page.cell(2).locator("[data-fox-record]").wait_for(state="attached")
    assert page.locator("[data-fox-record]").locator("visible=true").count() == 0
    page.save()
    page.close()
    again = lab.open(page.path, kernel=False)
    again.locator(".fx-pic img").wait_for()
    again.cell(2).get_by_text("Loading widget...", exact=True).wait_for()
    for cell, first in ((1, "a fox"), (2, "Edit")):
        words = again.outputs_text(cell)
        at = [words.index(one) for one in (first, "Run this cell to use it", "shows an error", "\nLoading widget...")]
        assert at == sorted(at)
    assert again.locator(".fox-press").count() == 0
