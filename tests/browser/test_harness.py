"""The browser tests' own tools, tried on plain ipywidgets: what they report is what a person would see."""

from pathlib import Path
from typing import Any

import psutil
import pytest

from kernels import Runner, notebook
from lab import Lab, Notebook7, Voila, Watched
from one_page import OnePage
from processes import until

HELLO = """\
import os
import ipywidgets as w
from IPython.display import HTML, display
print('said', 6 * 7)"""
PRESS = """\
b = w.Button(description='Press me')
t = w.Label('not yet')
b.on_click(lambda _: setattr(t, 'value', 'pressed'))
display(w.VBox([b, t]))
display(HTML('<p class="card" style="color:red">kept</p><img src=x onerror="window.ran = true">'))"""
PLAIN = [HELLO, PRESS]


def press(page: Watched) -> None:
    page.locator("button:has-text('Press me')").click()
    page.locator(".widget-label:has-text('pressed')").wait_for()


def test_a_notebook_runs_in_jupyterlab(lab: Lab, tmp_path: Path) -> None:
    """A person runs cells, presses a widget, changes the theme, saves, restarts and shuts the kernel down."""
    page = lab.open(notebook(*PLAIN), env={"GREETING": "hello"})
    page.run_all()
    assert page.outputs_text(0).strip() == "said 42"
    press(page)
    assert page.kernel_value("os.environ['GREETING']") == "'hello'"
    page.set_theme("dark")
    page.set_size(900, 700)
    page.screenshot(tmp_path / "dark.png")
    assert (tmp_path / "dark.png").stat().st_size > 10_000
    saved = page.save()
    assert saved.cells[0].outputs[0].text == "said 42\n"
    before = page.kernel_pid()
    page.restart_kernel()
    assert page.kernel_pid() != before
    page.run_cell(0)
    assert page.outputs(0)[0]["text"] == "said 42\n"
    pid = page.kernel_pid()
    page.shutdown_kernel()
    until(lambda: None if psutil.pid_exists(pid) else True, "the kernel to end")
    assert page.errors() == []


def test_a_kernel_that_gives_no_answer_is_knocked_at(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told each time, at the start and after a restart, and a kernel that was only slow takes no harm."""
    knocks: list[str] = []
    monkeypatch.setattr("lab.FIRST_ANSWER", 0.001)
    lab.silent = lambda: knocks.append("told")
    page = lab.open(notebook(*PLAIN))
    assert knocks
    knocks.clear()
    page.restart_kernel()
    assert knocks
    page.run_all()
    press(page)
    assert page.errors() == []


def test_the_next_notebook_finds_the_page_as_it_was_at_first(lab: Lab) -> None:
    """JupyterLab is loaded once for a file of tests: kernel, outputs, theme, size and console are the next notebook's own."""
    first = lab.open(notebook(*PLAIN), env={"GREETING": "hello"})
    first.run_all()
    first.set_theme("dark")
    first.set_size(400, 700)
    first.page.evaluate("() => console.error('planted')")
    first.close()
    next_one = lab.open(notebook("GREETING = 1"))
    assert next_one.page is first.page
    assert next_one.locator(".jp-Cell").count() == 1
    assert next_one.kernel_value("'os' in globals() or 'GREETING' in __import__('os').environ") == "False"
    assert next_one.page.evaluate("() => [document.body.dataset.jpThemeLight, innerWidth]") == ["true", 1200]
    assert next_one.console_errors == []
    beside = lab.open(notebook("1"))
    assert beside.page is not first.page


def test_without_a_kernel_only_what_was_saved_is_there(lab: Lab) -> None:
    """A saved notebook opened as 'No Kernel' shows its text and HTML, starts no kernel, and its widget is gone."""
    page = lab.open(notebook(*PLAIN))
    page.run_all()
    page.save()
    page.close()
    until(lambda: not lab.server.kernels() or None, "the kernel to end", show=lab.server.kernels)
    again = lab.open(page.path, kernel=False)
    assert again.outputs_text(0).strip() == "said 42"
    assert again.output(1).locator("p.card").inner_text() == "kept"
    assert again.locator("button:has-text('Press me')").count() == 0
    assert not lab.server.kernels()


@pytest.mark.parametrize(("trusted", "ran"), [(True, True), (False, False)])
def test_an_untrusted_notebook_runs_no_script(
    lab: Lab, still_page: OnePage, runner: Runner, trusted: bool, ran: bool
) -> None:
    """Only in a trusted notebook does saved HTML keep its handlers."""
    still_page.leave()  # what has run in a page stays in its globals
    page = lab.open(runner.execute(notebook(*PLAIN)), kernel=False, trusted=trusted)
    page.output(1).locator("p.card").wait_for()
    page.wait_for("() => [...document.querySelectorAll('.jp-OutputArea img')].every(image => image.complete)")
    if ran:
        page.wait_for("() => window.ran === true")
    assert page.page.evaluate("() => window.ran === true") is ran


def test_a_notebook_runs_in_notebook_7(notebook7: Notebook7) -> None:
    """Notebook 7 is driven by the same calls."""
    page = notebook7.open(notebook(*PLAIN))
    page.run_all()
    assert page.outputs_text(0).strip() == "said 42"
    press(page)
    page.set_theme("dark")
    assert page.save().cells[0].execution_count == 1


def test_a_notebook_runs_in_voila(voila: Voila) -> None:
    """Voila runs the notebook for its visitor, in a kernel that knows it is Voila's."""
    page = voila.open(
        notebook(*PLAIN, "print(os.environ['SERVER_SOFTWARE'], os.environ['GREETING'])"), env={"GREETING": "hi"}
    )
    press(page)
    assert "voila/" in page.locator("body").inner_text()


def test_console_errors_are_seen(lab: Lab) -> None:
    """A plain notebook writes no error to the console, nor does a change of theme; one that does, or that throws, is found out."""
    page = lab.open(notebook(*PLAIN[:1]))
    page.run_all()
    page.set_theme("dark")
    page.set_theme("light")
    assert page.console_errors == []
    page.page.evaluate("() => { console.error('planted'); setTimeout(() => { throw new Error('thrown'); }); }")
    page.until(lambda: len(page.console_errors) == 2 or None, "two errors")


def test_axe_finds_what_is_wrong(lab: Lab, axe: str) -> None:
    """axe-core passes a labelled control and holds an unlabelled one against the page."""
    page = lab.open(
        notebook(
            "from IPython.display import HTML",
            "HTML('<label>Prompt <input class=good></label>')",
            "HTML('<input class=bad>')",
        )
    )
    page.run_all()
    assert page.violations(axe, "label:has(.good)") == []
    assert any("label" in finding for finding in page.violations(axe, ".jp-Cell-outputArea:has(.bad)"))


def test_errors_in_cells_are_told(lab: Lab) -> None:
    """An exception and a line on stderr are both listed."""
    page = lab.open(notebook("import sys; print('careful', file=sys.stderr)", "1 / 0"))
    page.run_all()
    assert sorted(page.errors()) == ["ZeroDivisionError: division by zero", "careful\n"]
    assert page.console_errors == []


def test_the_marked_key_reaches_a_kernel_and_no_file(
    lab: Lab, runner: Runner, sandbox_env: dict[str, str], sandbox: Any
) -> None:
    """A kernel with the marked key makes a picture; the end of the run shows that the key stayed out of what was saved."""
    cells = ["import fox_nb\nfox = fox_nb.Fox()", "task = fox.generate('a fox in the snow').wait()\ntask"]
    page = lab.open(notebook(*cells), env=sandbox_env)
    page.run_all()
    assert page.errors() == []
    page.output(1).locator("img").first.wait_for()
    runner.export_html(page.save())
    assert runner.execute(page.path, env=sandbox_env, folder=page.folder).cells[1].outputs
    assert len(sandbox.creations) == 1
