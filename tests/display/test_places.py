"""Wherever a task is displayed in a notebook, that place shows its own task and comes to its end; in real kernels."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from artifacts import MARKED_KEY, Places
from fox_nb import Fox
from gateways import EAGER
from kernels import Runner, notebook, printed
from processes import Child, clean_environment

pytestmark = pytest.mark.usefixtures("noise")

OPEN = """\
import fox_nb, threading, ipywidgets as w
from IPython.display import HTML, clear_output, display, update_display
from fox_nb.settings import Polling
fox = fox_nb.Fox(polling=Polling(first_looks=(0.05,), at_least=0.05, per_second=100))
gate, look = threading.Event(), fox.session.client.task
fox.session.client.task = lambda *a, **k: (gate.wait(300), look(*a, **k))[1]
def opens(task):
    task._be_watched = gate.set  # called when the wait has begun, and its line stands there
    return task
def waited(words):
    gate.clear()
    return opens(fox.generate(words)).wait()"""
"""Nothing that is under way goes on before ``gate.set()``, or the wait for a task that `opens` was given."""

COUNTING = """\
pictures, publisher = [], get_ipython().display_pub
class Counting(type(publisher.session)):
    def send(self, stream, message, content=None, parent=None, **options):
        shown = (content or message["content"]) if stream is publisher.pub_socket else {}
        if isinstance(shown, dict) and "data" in shown:
            pictures.append(str(shown).count("<img"))
        return super().send(stream, message, content, parent, **options)
publisher.session.__class__ = Counting
"""
"""Counts in ``pictures`` how many each message shows."""

Run = Callable[..., list[nbformat.NotebookNode]]


@pytest.fixture
def run(runner: Runner, sandbox_env: dict[str, str]) -> Run:
    """Runs cells after `OPEN`, and gives theirs."""

    def run(*cells: str, **env: str) -> list[nbformat.NotebookNode]:
        made: list[nbformat.NotebookNode] = runner.execute(notebook(OPEN, *cells), env={**sandbox_env, **env}).cells[1:]
        return made

    return run


def seen(cell: nbformat.NotebookNode) -> list[str]:
    """Whose pictures a cell shows, the text that it prints, '' for a page without a picture."""
    return [
        output.get("text", "").strip()
        or ", ".join(re.findall(r'<img [^>]*alt="([^"]*)"', output.get("data", {}).get("text/html", "")))
        for output in cell.outputs
    ]


def test_a_cell_that_ends_with_a_task(run: Run) -> None:
    """A cell's last value is shown under way, and has its pictures when another cell has waited for them."""
    cell, _ = run("t = fox.generate('one fox')\nt", "gate.set()\nt.wait()")
    assert seen(cell) == ["one fox"]


def test_two_displays_in_one_cell(run: Run) -> None:
    """Each of two displays of one task, made while it was under way, comes to its end where it stands."""
    cell, _ = run("t = fox.generate('one fox')\ndisplay(t)\nprint('---')\ndisplay(t)", "gate.set()\nt.wait()")
    assert seen(cell) == ["one fox", "---", "one fox"]


def test_one_display_of_two_tasks(run: Run) -> None:
    """`display(a, b)` shows each at its own place."""
    cell, _ = run(
        "a, b = fox.generate('one fox'), fox.generate('two foxes')\ndisplay(a, b)", "gate.set()\na.wait(), b.wait();"
    )
    assert seen(cell) == ["one fox", "two foxes"]


@pytest.mark.parametrize("wait", ["True", "False"])
def test_after_clear_output(run: Run, wait: str) -> None:
    """What is displayed after `clear_output` is there, whatever was shown of the task in the same cell before."""
    cell, _, waited, ended = run(
        f"t = fox.generate('one fox')\nfor _ in range(3):\n    clear_output({wait})\n    display(t)",
        "gate.set()\nt.wait();",
        f"gate.clear()\nu = opens(fox.generate('two foxes'))\ndisplay(u)\nclear_output({wait})\nu.wait();",
        f"v = fox.generate('three foxes').wait()\nclear_output({wait})\nv",
    )
    assert seen(cell) == ["one fox"]
    assert ["completed" in output.data["text/plain"] for output in waited.outputs] == [True]
    assert seen(ended) == ["three foxes"]


def test_a_cell_that_waits_and_ends_with_the_task(run: Run) -> None:
    """Progress and pictures of one cell are one output; who displays it while waiting for it sees it once, too."""
    ended, displayed = run(
        "gate.set()\nfox.generate('one fox').wait()", "t = fox.generate('two foxes')\ndisplay(t)\nt.wait();"
    )
    assert (seen(ended), seen(displayed)) == (["one fox"], ["two foxes"])


def test_waiting_in_a_loop_leaves_one_line(run: Run) -> None:
    """Who waits for several tasks in one cell finds one line that counts them, and below it what the cell ends with."""
    (cell,) = run("for words in ('one', 'two', 'three'):\n    t = waited(words)\nt")
    assert ["3 tasks completed, the last" in output.data["text/html"] for output in cell.outputs] == [True, False]
    assert seen(cell) == ["", "three"]


@pytest.mark.parametrize("last", ["", "t"])
def test_waiting_with_a_time_out_leaves_one_display(run: Run, last: str) -> None:
    """Who waits for one task a little while at a time finds it once, and at its end, whoever has waited for that."""
    again = "for _ in range(3):\n    try: t.wait(0.1)\n    except fox_nb.WaitTimeout: pass"
    left, ended, _ = run(
        f"t = fox.generate('one fox')\n{again}",
        f"{again}\ngate.set()\nt.wait()\n{last or 'None'}",
        "t.wait();",
    )
    assert (seen(left), seen(ended)) == (["one fox"], ["one fox"])


def test_waiting_with_a_time_out_beside_others(run: Run) -> None:
    """The line that counts others is not about a task that is still under way, which has a place of its own."""
    cell, _ = run(
        "waited('one fox')\ngate.clear()\nlate = fox.generate('late')\n"
        "for _ in range(2):\n    try: late.wait(0.1)\n    except fox_nb.WaitTimeout: pass",
        "gate.set()\nlate.wait();",
    )
    assert seen(cell) == ["", "late"]


def test_a_display_with_an_id(run: Run) -> None:
    """`display(task, display_id=True)` is live; its handle shows another task, live as well, or anything else for good."""
    cells = run(
        "a, b, c, d = (fox.generate(words) for words in ('one', 'two', 'three', 'four'))",
        "display(a, display_id=True).display(a)",
        "handle = display(a, display_id=True)\nhandle.update(b)",
        "update = display(HTML(''), display_id='mine')\nupdate_display(c, display_id='mine')",
        "handle = display(d, display_id=True)\nhandle.update(HTML('<b>gone</b>'))",
        "gate.set()\n[task.wait() for task in (a, b, c, d)];",
    )
    assert [seen(cell) for cell in cells[1:4]] == [["one", "one"], ["two"], ["three"]]
    assert cells[4].outputs[0].data["text/html"] == "<b>gone</b>"


def test_a_display_of_some_kinds_alone(run: Run) -> None:
    """`display(…, include=…)` and `exclude=…` come to their end in these kinds, and with the metadata that they had."""
    cell, _ = run(
        "t = fox.generate('one fox')\ndisplay(t, exclude=['text/html'])\n"
        "display(t, include=['text/html'], metadata={'text/html': {'isolated': True}})",
        "gate.set()\nt.wait();",
    )
    without, alone = cell.outputs
    assert sorted(without.data) == ["image/jpeg", "text/plain"]
    assert "completed, 1 picture" in without.data["text/plain"]
    assert sorted(alone.data) == ["text/html"]
    assert (seen(cell)[1], alone.metadata) == ("one fox", {"text/html": {"isolated": True}})


def test_a_list_of_tasks(run: Run) -> None:
    """A list that is shown while its tasks are under way has all pictures in the end, and is sent again a few times only."""
    _, shown, in_box, said = run(
        COUNTING + "tasks = [fox.generate(f'fox {number}') for number in range(8)]",
        "fox.tasks()",
        "out = w.Output()\nout.append_display_data(fox.tasks()[:1])",
        "gate.set()\n[task.wait() for task in tasks]\n"
        "print(len([count for count in pictures if count > 1]) <= 4, '<img' in str(out.outputs))",
    )
    (page,) = (output.data["text/html"] for output in shown.outputs)
    assert (page.count("<img"), "pending" in page) == (8, False)
    assert (in_box.outputs, printed(said).strip()) == ([], "True True")


def test_what_is_appended_to_an_output_widget(run: Run) -> None:
    """`append_display_data` gets a page of the present state, which comes to its end, beside what else stands there."""
    _, _, said = run(
        "out = w.Output()\nt = fox.generate('one fox')\nout.append_stdout('before')\nout.append_display_data(t)",
        "first = dict(out.outputs[1]['data'])\ngate.set()\nt.wait();",
        "import json\nprint(json.dumps([first, *out.outputs]))",
    )
    first, before, after = json.loads(printed(said))
    assert first["text/html"]
    assert "<img" not in first["text/html"]
    assert before["text"] == "before"
    assert 'alt="one fox"' in after["data"]["text/html"]


@pytest.mark.parametrize(
    "thing", ["fox.panel()", "fox.studio()", "fox.sweep('phota-image', prompt='one')", "fox.compare([t, t])"]
)
def test_what_is_a_widget_is_shown_where_it_is_asked_for(run: Run, thing: str) -> None:
    """As any widget: an Output that it is appended to has its view, a display its id, and that what is put there later."""
    *_, said, shown, handed, updated = run(
        f"gate.set()\nt = fox.generate('one').wait()\nthing = {thing}",
        "out = w.Output()\nout.append_display_data(thing)\nprint('widget-view' in str(out.outputs))",
        "display(thing, display_id='mine')",
        "handle = display(HTML('before'), display_id='other')",
        "handle.update(thing)",
    )

    def views(cell: nbformat.NotebookNode) -> int:
        return sum("widget-view" in str(output) for output in cell.outputs)

    assert printed(said).strip() == "True"
    assert [views(cell) for cell in (said, shown, handed, updated)] == [0, 1, 1, 0]


def test_a_panel_that_was_closed_is_shown_by_its_name(run: Run) -> None:
    """As any widget that was closed, and without an error in the cell."""
    cells = run("panel = fox.panel()\npanel.close()\npanel", "studio = fox.studio()\nstudio.close()\ndisplay(studio)")
    assert [cell.outputs[-1]["data"] for cell in cells] == [
        {"text/plain": "<Panel phota-image>"},
        {"text/plain": "<Studio>"},
    ]
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]


def test_two_that_look_the_same(run: Run) -> None:
    """Of tasks that look the same under way each Output has its own pictures, also if a cell waits for them at once."""
    _, said = run(
        """\
from PIL import Image
from fox_nb.display import task_pages
tasks = [fox.edit("night", [Image.new("RGB", (300, 300), colour)]) for colour in ("red", "blue")]
still = task_pages.progress_of(tasks[0])
task_pages.progress_of = lambda task: still
outs = [w.Output() for _ in tasks]
for out, task in zip(outs, tasks):
    out.append_display_data(task)
threading.Timer(0.5, gate.set).start()
[task.wait() for task in tasks];""",
        "print(*[f'data-fox=\"{task.identity}/1\"' in str(out.outputs) for out, task in zip(outs, tasks)])",
    )
    assert printed(said).split() == ["True", "True"]


def test_another_thread_puts_what_is_done_in_the_place(run: Run) -> None:
    """A completed task that a thread puts where another stands stays there when that other one is completed, too."""
    _, cell, _ = run(
        "gate.set()\ndone = fox.generate('done').wait()\ngate.clear()",
        """\
t = fox.generate('one fox')
thread = threading.Thread(target=display(t, display_id=True).update, args=(done,))
thread.start()
thread.join()""",
        "gate.set()\nt.wait();",
    )
    assert seen(cell) == ["done"]


@pytest.mark.parametrize(
    "way", ["display(t)", "x = threading.Thread(target=display, args=(t,)); x.start(); x.join()", "t.wait()"]
)
def test_in_an_output_widget(runner: Runner, sandbox_env: dict[str, str], way: str) -> None:
    """What is shown in an Output, which takes no updates, is a widget there, and comes to its end."""
    shown = f"out = w.Output()\nt = fox.generate('one fox')\nwith out:\n    {way}\nout"
    if way == "t.wait()":
        shown = shown.replace("t = fox.generate('one fox')", "t = opens(fox.generate('one fox'))")
    cells = (shown, "gate.set()\nt.wait();", "print(out.model_id)")
    made = runner.execute(notebook(OPEN, *cells), env=sandbox_env)
    state = made.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    (entry,) = state[printed(made.cells[3]).strip()]["state"]["outputs"]
    view = entry["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert ("completed" if way[1:] == "wait()" else "one fox") in state[view]["state"]["value"]


@pytest.mark.parametrize("outs", ["outer, inner = w.Output(), w.Output()", "inner, outer = w.Output(), w.Output()"])
def test_an_output_widget_in_another(run: Run, outs: str) -> None:
    """What `interact` clears in an Output of its own, such as what it has shown before, goes on in the Output around it."""
    *_, said = run(
        f"""\
from ipywidgets.widgets.widget import _instances
{outs}
t, u = fox.generate('one fox'), fox.generate('two foxes')
with outer:
    display(t)
    with inner:
        display(u)
        clear_output()
        display(u)
outer""",
        "gate.set()\nt.wait(), u.wait();",
        """\
for out in (outer, inner):
    print(*(_instances[one['data']['application/vnd.jupyter.widget-view+json']['model_id']].value for one in out.outputs))""",
    )
    assert re.findall(r'alt="([^"]*)"', printed(said)) == ["one fox", "two foxes"]


def test_updates_of_what_stands_in_an_output_widget(run: Run) -> None:
    """A handle of what an Output shows puts the same task, another one, or anything else there, whenever it is used."""
    *_, said = run(
        """\
from ipywidgets.widgets.widget import _instances
from PIL import Image
t, u = fox.generate('one fox'), fox.generate('two foxes')
outs, handles = [w.Output() for _ in range(7)], []
for out in outs:
    with out:
        handles.append(display(t, display_id=True))
with outs[0]:
    handles[0].update(t)
handles[1].update(u)
handles[2].update(HTML('gone'))""",
        "gate.set()\nt.wait(), u.wait()\nfor handle, new in zip(handles[3:], (u, Image.new('RGB', (9, 9)), '<b>', fox.panel())):\n    handle.update(new)",
        """\
for out in outs:
    print(_instances[out.outputs[0]['data']['application/vnd.jupyter.widget-view+json']['model_id']].value)""",
    )
    assert re.findall(r'alt="([^"]*)"|(gone|&lt;b&gt;|&lt;Panel)', printed(said)) == [
        *(("one fox", ""), ("two foxes", ""), ("", "gone"), ("two foxes", ""), ("", ""), ("", "&lt;b&gt;")),
        ("", "&lt;Panel"),
    ]


def test_a_cell_stays_live_while_an_output_widget_captures(run: Run) -> None:
    """What comes while another cell's output is captured is sent as the first cell's, or a page loses it; a run without one hears it."""
    cell, said = run(
        "t = fox.generate('one fox')\ndisplay(t)\nmade_by = get_ipython().display_pub.parent_header['msg_id']",
        """\
sent, publisher = [], get_ipython().display_pub
class Listening(type(publisher.session)):
    def send(self, stream, message, content=None, parent=None, **options):
        if message == "update_display_data":
            sent.append(parent["msg_id"])
        return super().send(stream, message, content, parent, **options)
publisher.session.__class__, plain = Listening, publisher.session.__class__
gate.set()
with w.Output():
    t.wait()
publisher.session.__class__ = plain
print(made_by in sent)""",
    )
    assert (seen(cell), printed(said).strip()) == (["one fox"], "True")


def test_in_a_captured_cell(run: Run) -> None:
    """`%%capture` and `capture_output` stop no call that shows something, and keep what it has shown to its end."""
    *_, waited, others, panel, slow = run(
        "gate.set()",
        "%%capture cap\nt = waited('one fox')\nt",
        """\
from IPython.utils.capture import capture_output
with capture_output() as also:
    fox.sweep('phota-image', prompt='two', aspect_ratio=['1:1', '2:3']).run()
    fox.profiles.look('.')
    fox.studio()
    gate.clear()
    u = fox.generate('three foxes')
    try: u.wait(0.1)
    except fox_nb.WaitTimeout: pass""",
        "%%capture of_panel\nfox.panel('phota-image', prompt='four').submit()",
        "gate.set()\nu.wait();\nfox.tasks()[0].wait();",
        "cap.show()",
        "print(bool(also.outputs))",
        "of_panel.show()",
        "also.outputs[-1]",
    )
    assert seen(waited) == ["", "one fox"]
    assert "completed" in waited.outputs[0].data["text/plain"]
    assert seen(others) == ["True"]
    assert "four" in seen(panel)
    assert seen(slow) == ["three foxes"]


@pytest.mark.parametrize("again", ["cap.show()", "cap()", "display(*cap.outputs)"])
def test_what_was_captured_is_shown_twice(run: Run, again: str) -> None:
    """What `%%capture` has kept of a task under way comes to its end wherever, and however often, it is shown."""
    shown = "%%capture cap\nt = fox.generate('one fox')\ndisplay(t)"
    _, first, second, _ = run(shown, "cap.show()", again, "gate.set()\nt.wait();")
    assert (seen(first), seen(second)) == (["one fox"], ["one fox"])


def test_what_stands_in_a_cell_while_another_is_captured(run: Run) -> None:
    """A display and a panel come to their end also where that happens while `%%capture` has what another cell says."""
    display, panel, _ = run(
        "t = fox.generate('one fox')\ndisplay(t)",
        "panel = fox.panel('phota-image', prompt='two foxes')\ndisplay(panel)\nu = panel.submit()",
        """\
%%capture
over = [threading.Event() for _ in range(2)]
for task, event in zip((t, panel.task), over):
    task.follow(lambda task, ended, event=event: ended and event.set())
gate.set()
[event.wait(60) for event in over]""",
    )
    assert seen(display) == ["one fox"]
    assert "two foxes" in seen(panel)


def test_nothing_is_sent_again_for_another(run: Run) -> None:
    """Of many tasks that land beside each other in a cell, each picture is sent once."""
    cell, said = run(
        COUNTING + "tasks = [fox.generate(f'fox {number}') for number in range(6)]\ndisplay(*tasks)",
        "gate.set()\n[task.wait() for task in tasks]\nprint(sum(pictures))",
    )
    assert seen(cell) == [f"fox {number}" for number in range(6)]
    assert printed(said).strip() == "6"


def test_a_line_of_progress_never_shows_the_pictures(run: Run) -> None:
    """Where the task ends just while that line is drawn, there is none."""
    late = """\
from fox_nb.display import notebook
import time
drawn = notebook._drawn
def late(task):
    gate.set()
    while not task.has_ended: time.sleep(0.01)
    return drawn(task)
notebook._drawn = late
fox.generate('one fox').wait();"""
    (cell,) = run(late)
    assert cell.outputs == []


def test_a_notebook_without_a_screen_waits(run: Run) -> None:
    """Where `FOX_NB_WAIT` is set, what is displayed is complete at once, in whatever way it is displayed."""
    last, shown, appended, listed = run(
        "gate.set()\nfox.generate('one')",
        "display(fox.generate('two'))",
        "out = w.Output()\nout.append_display_data(fox.generate('three'))\nprint('<img' in str(out.outputs))",
        "four = fox.generate('four')\nfox.tasks()",
        FOX_NB_WAIT="1",
    )
    assert (seen(last), seen(shown), seen(appended)) == (["one"], ["two"], ["True"])
    assert [output.data["text/html"].count("<img") for output in listed.outputs] == [4]


def test_a_notebook_without_a_screen_has_no_hole(run: Run) -> None:
    """There a panel, a plan and a comparison are what stays of them, and no widget's view that a page can't draw."""
    cells = run(
        "gate.set()\nfox.panel('phota-image')",
        "fox.studio()",
        "fox.sweep('phota-image', prompt='one', aspect_ratio=['1:1', '2:3'])",
        "fox_nb.compare([fox.generate('two').wait(), fox.generate('three').wait()])",
        FOX_NB_WAIT="1",
    )
    pages = ["".join(output.get("data", {}).get("text/html", "") for output in cell.outputs) for cell in cells]
    for words, page in zip(("Generate: phota-image", "Studio", "its Run button", 'alt="three"'), pages, strict=True):
        assert words in page
    assert "widget-view" not in json.dumps(cells)
    assert "VBox(" not in json.dumps(cells)


def test_a_notebook_without_a_screen_holds_no_widgets(runner: Runner, sandbox_env: dict[str, str]) -> None:
    """Nor their state, for which its page would ask a CDN; a widget of the person's own is kept as ever."""
    cells = (
        "import fox_nb, ipywidgets\nfox = fox_nb.Fox()\nfox.panel('phota-image')",
        "fox.studio()",
        "made = fox.sweep('phota-image', prompt='one', aspect_ratio=['1:1', '2:3'])\nmade",
        "made.run()\nmade",
        "fox_nb.compare([fox.generate('two').wait(), fox.generate('three').wait()])",
    )
    env = {**sandbox_env, "FOX_NB_WAIT": "1"}
    assert "widgets" not in runner.execute(notebook(*cells), env=env).metadata
    own = runner.execute(notebook(*cells[:1], "ipywidgets.HTML('mine')"), env=env)
    assert "HTMLModel" in json.dumps(own.metadata.widgets)


FOREIGN = """\
import fox_nb, ipykernel.zmqshell, IPython
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.kernel = object()
fox = fox_nb.Fox()
async def awaited():
    return await fox.generate("two foxes")
tasks = [fox.generate("one fox").wait(), fox_nb.run(awaited())]
shell.display_formatter.format(tasks[0])
IPython.display.display(*tasks, fox.tasks(), fox.panel("phota-image"), fox.sweep("phota-image", prompt="a", takes=2))
print(*[task.status for task in tasks])
"""


def test_in_a_shell_that_lacks_what_jupyters_has(sandbox_env: dict[str, str], artifacts: Places) -> None:
    """Solara, xeus-python and others have an IPython with a kernel that can't change outputs: nothing is missed after it is paid."""
    with Child("-c", FOREIGN, env=clean_environment(artifacts, sandbox_env), cwd=artifacts.fresh("foreign")) as child:
        said = [child.line("what became of two tasks")]
        while "completed completed" not in said[-1]:
            said.append(child.line("what became of two tasks"))
        assert child.end() == 0
    assert not any("Traceback" in line for line in said)


def test_outside_of_jupyter(sandbox: Any, tmp_path: Path) -> None:
    """marimo and others get a bundle of the present state without asking IPython; a console's display declines."""
    sandbox.set(speed=10)
    fox = Fox(MARKED_KEY, sandbox.base_url, tmp_path / "runs", polling=EAGER)
    task = fox.generate("one fox")
    before = task._repr_mimebundle_()
    assert "<img" not in before["text/html"]
    assert before["text/plain"].startswith("<Task phota-image p")
    sandbox.advance(300)
    assert 'alt="one fox"' in task.wait()._repr_mimebundle_()["text/html"]
    with pytest.raises(NotImplementedError):
        task._ipython_display_()
    plan = fox.sweep("phota-image", prompt="a fox", aspect_ratio=["1:1", "2:3"])
    assert "Call .run()" in plan._repr_html_()
    panel = fox.panel("phota-image", prompt="a <b>bear</b>")
    assert "fox.generate(&#x27;a &lt;b&gt;bear&lt;/b&gt;&#x27;)" in panel._display_().data
    panel.close()
    for thing in (task.images[0], fox.tasks(), fox.profiles):
        assert thing._repr_mimebundle_(include=None, exclude=None)["text/html"] == thing._repr_html_()
    fox.close()
