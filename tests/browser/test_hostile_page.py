"""All hostile texts in one notebook: in JupyterLab, in the saved file without a kernel, and in its HTML export, no script of them runs."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

import studios
from hostile.cases import CANARY, TEXTS
from kernels import Runner, notebook
from lab import Lab, NotebookPage

OPEN = f"""
import json
from IPython.display import display
{studios.OPEN}
TEXTS = json.loads({json.dumps(TEXTS)!r})
for number, text in enumerate(TEXTS.values()):
    try:
        fox.profiles.add(f"profile-{{number}}", text[:60])
    except fox_nb.InvalidRequest as error:
        print(error)
"""
PROMPTS = """
tasks = []
for text in TEXTS.values():
    try:
        tasks.append(fox.imagine(text))
    except fox_nb.InvalidRequest as error:
        print(error)
for task in tasks:
    display(task.wait())
"""
ERRORS = """
tasks = []
for take, text in enumerate(TEXTS.values(), start=1):
    with fox.sandbox.misbehaving("failed", message=text, code=text):
        tasks.append(fox.imagine("a fox", take=take))
for task in tasks:
    try:
        task.wait()
    except fox_nb.TaskFailed as error:
        print(error)
    display(task)
"""
RAISED = "fox.generate('a fox', aspect_ratio=TEXTS['script'])"
LISTS = "display(fox.tasks(), fox.profiles, fox.studio())"
PANEL = "fox.panel('phota-image-edit')"
CELLS = 6


def is_silent(page: Page) -> bool:
    """Whether no script of ours has run in a page and its frames."""
    return all(frame.evaluate("window.__canary") is None for frame in page.frames)


def show_all(page: NotebookPage) -> None:
    """Scroll through all cells: JupyterLab renders an output when it comes into view."""
    for cell in range(CELLS):
        page.output(cell)
    page.output(1).locator(".fx-pic img").first.wait_for()


@pytest.mark.usefixtures("noise")
def test_no_script_runs(lab: Lab, runner: Runner, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """The canary stays silent in the page, in the saved notebook and in the export; asked directly, it sings."""
    page = lab.open(notebook(OPEN, PROMPTS, ERRORS, LISTS, PANEL, RAISED), env=sandbox_env)
    page.run_all()
    errors = page.errors()
    assert len(errors) == 1, errors
    assert "aspect_ratio" in errors[0]
    show_all(page)
    page.locator(".fox-nb-panel").last.wait_for()
    assert len([one for one in sandbox.creations if one["task_id"]]) == 2 * len(TEXTS) - 1
    assert is_silent(page.page)
    saved = page.save()
    page.close()
    for trusted in (True, False):
        again = lab.open(page.path, kernel=False, trusted=trusted)
        show_all(again)
        assert is_silent(again.page)
        again.close()
    export = page.folder / "export.html"
    export.write_text(runner.export_html(saved), encoding="utf-8")
    bare = lab.context.new_page()
    bare.route("https://**", lambda route: route.abort())  # nbconvert's own scripts, from a CDN
    bare.goto(export.as_uri())
    bare.locator(".fx-pic img").first.wait_for()
    assert is_silent(bare)
    bare.evaluate(
        "canary => { document.body.insertAdjacentHTML('beforeend', `<img src=x onerror='${canary}'>`); }", CANARY
    )
    bare.wait_for_function("window.__canary === 1")
    bare.close()
