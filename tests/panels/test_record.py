"""The record of a panel's results, in a real kernel: what stands in the saved notebook, and in which order."""

import functools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fox_nb import Fox
from fox_nb.panels.memory import Memory
from fox_nb.panels.record import OUTPUTS
from gateways import EAGER
from kernels import Runner, notebook, printed

pytestmark = pytest.mark.usefixtures("noise")

_ADVANCE = """import json, os, time, urllib.request
def advance():
    address, key = os.environ['FOXAPI_BASE_URL'], os.environ['FOXAPI_KEY']
    headers = {'Authorization': f'Bearer {key}', 'Content-Type': 'application/json'}
    urllib.request.urlopen(urllib.request.Request(f'{address}/sandbox/settings', b'{"advance": 1000}', headers)).close()
"""
_OPEN = """import fox_nb
fox = fox_nb.Fox()
get_ipython().get_parent()['metadata']['cellId'] = 'one'  # as JupyterLab names its cells
panel = fox.panel()
panel"""
_FOLLOW = (
    _ADVANCE
    + """
card, cards = panel._record._places[-1], []
send, card.show = card.show, lambda bundle: (cards.append(str(bundle)), send(bundle))
tasks = [fox.generate(f"picture {number}") for number in range(22)]
for task in tasks:
    task.wait(60)
late = fox.generate("picture late")
for task in [*tasks[:8], late, *tasks[8:]]:
    panel.follow(task)
advance()
late.wait(60)
def wait_for(panel):
    while len(panel._outcome.results.tasks) < 12 or late.identity not in panel._outcome.results.tasks:
        time.sleep(0.05)
wait_for(panel)
print(len(cards), len(set(cards)))"""
)
_OUT_OF_ORDER = """import time
sent = set()
for place in panel._record._places[:-1]:
    def show(bundle, place=place, send=place.show):
        if "<img" in (html := str(bundle["text/html"])):
            sent.add((html[html.index("picture "):][:10], place))
        send(bundle)
    place.show = show
tasks = []
for number in range(12):
    tasks.append(fox.generate(f"picture {number:02}"))
    panel.follow(tasks[-1])
for task in reversed(tasks):
    task.wait(60)
while len(panel._outcome.results.tasks) < 12:
    time.sleep(0.05)
print(len(sent))"""
_AGAIN = """get_ipython().get_parent()['metadata']['cellId'] = 'one'
again = fox.panel()
display(again)
wait_for(again)"""

_WAYS = """import fox_nb, time, ipywidgets as w
from fox_nb.settings import Polling
fox = fox_nb.Fox(polling=Polling(first_looks=tuple(n / 20 for n in range(1, 1200)), at_least=0.05, per_second=100))
def in_cell(name):
    get_ipython().get_parent()['metadata']['cellId'] = name  # as JupyterLab names its cells
def seen(*panels):  # by a browser, which says so wherever they stand
    for panel in panels:
        panel._press._handle_custom_msg({'type': 'ready'}, [])
    return panels
def make(panel, *words):
    for panel.prompt in words:
        task = panel.submit()
        until(lambda: task.identity in panel._outcome.results.tasks)
def until(found):
    end = time.monotonic() + 60
    while not found():
        assert time.monotonic() < end
        time.sleep(0.05)
def listed(panel):
    return [task.request['prompt'] for task in panel._outcome.results.tasks.values()]"""


def shown(cell: Any) -> list[str]:
    """Return which results stand in a cell, from the top down, then what its card says of earlier ones."""
    pages = [output["data"].get("text/html", "") for output in cell.outputs if "data" in output]
    found = [re.search(r"picture \w+|\d+ earlier results", page) for page in pages]
    return [match[0] for match in found if match]


def test_the_newest_dozen_stand_in_their_order(runner: Runner, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """More than a dozen, more than there are outputs for, and one that was asked for early and arrives last; run anew, too.

    The card is sent when it says something else, and not at each landing.
    """
    sandbox.misbehave("lasts", seconds=900, after=22)
    made = runner.execute(notebook(_OPEN, _FOLLOW, _AGAIN), env=sandbox_env)
    assert printed(made.cells[1]).splitlines()[-1] == "11 11"
    newest = ["picture late", *(f"picture {number}" for number in range(21, 10, -1))]
    assert shown(made.cells[0]) == [*newest, "11 earlier results"]
    assert shown(made.cells[2]) == [*newest, "11 earlier results"]


def test_a_picture_is_sent_once_whatever_lands_first(runner: Runner, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """What lands before older tasks takes no place from what has landed: that would be sent anew when there is no more room."""
    for number in range(12):
        sandbox.misbehave("lasts", seconds=8 - 0.6 * number, after=number, times=1)
    ran = runner.execute(notebook(_OPEN, _OUT_OF_ORDER), env=sandbox_env)
    assert printed(ran.cells[1]) == "12\n"


@pytest.mark.parametrize("way", ["display(a, b)", "display(w.Tab([a, b]))"])
def test_each_of_two_panels_shows_its_own_again(runner: Runner, sandbox_env: dict[str, str], way: str) -> None:
    """Panels of one cell keep their results apart when the cell is run again, also those of one model, shown or in a box."""
    run = f"in_cell('one')\na, b = seen(fox.panel(), fox.panel())\n{way}"
    make = "make(a, 'picture a1', 'picture a2')\nmake(b, 'picture b1', 'picture b2')"
    again = f"{run}\nuntil(lambda: len(listed(a)) == len(listed(b)) == 2)\nprint(listed(a), listed(b))"
    first, _, again = runner.execute(notebook(_WAYS, run, make, again), env=sandbox_env).cells[1:]
    assert printed(again).splitlines()[-1] == "['picture a2', 'picture a1'] ['picture b2', 'picture b1']"
    assert shown(first) == shown(again) == ["picture a2", "picture a1", "picture b2", "picture b1"]


def test_many_panels_of_a_cell_leave_room_for_themselves(runner: Runner, sandbox_env: dict[str, str]) -> None:
    """JupyterLab shows the first 50 outputs of a cell: the box with ten panels is among them, and the first five show results."""
    run = "in_cell('one')\npanels = seen(*(fox.panel() for _ in range(10)))\ndisplay(w.VBox(panels))"
    make = "for number, panel in enumerate(panels[:3]):\n    make(panel, *(f'picture {number}{letter}' for letter in 'abcdefg'))"
    make += "\nmake(panels[4], 'picture 4a', 'picture 4b')"
    make += (
        "\nresults = panels[2]._outcome.results\nprint([results.item(task)['kept'] for task in results.tasks.values()])"
    )
    first, made = runner.execute(notebook(_WAYS, run, make), env=sandbox_env).cells[1:]
    assert len(first.outputs) < 50
    assert shown(first)[14:] == [*(f"picture 2{letter}" for letter in "gfedc"), "2 earlier results", "picture 4b"]
    # a browser takes those from the outputs and asks at once for the others
    assert printed(made).splitlines()[-1] == str([True] * 5 + [False] * 2)


def test_its_outputs_come_before_what_a_panel_is_made_of(runner: Runner, sandbox_env: dict[str, str]) -> None:
    """A browser draws the outputs while the panel is loaded; those of a panel that was refused are the next one's."""
    listen = "loaded = []\nget_ipython().display_pub.register_hook("
    listen += "lambda message: loaded.append('fox_nb.panels.panel' in sys.modules) or message)"
    refused = "try:\n    fox.panel('phota')\nexcept fox_nb.InvalidRequest:\n    pass"
    run = f"import fox_nb, sys\nfox = fox_nb.Fox()\n{listen}\n{refused}\npanel = fox.panel()\nprint(loaded[0])\npanel"
    (cell,) = runner.execute(notebook(run), env=sandbox_env).cells
    assert printed(cell).splitlines()[-1] == "False"
    assert sum("data" in output for output in cell.outputs) == OUTPUTS + 1


def test_its_outputs_are_captured_with_what_else_a_cell_shows(runner: Runner, sandbox_env: dict[str, str]) -> None:
    """Where a panel is made while the cell is captured, all of its outputs are, and none is in the page."""
    capture = "from IPython.utils.capture import capture_output\nwith capture_output() as captured:\n    fox.panel()"
    cell = runner.execute(notebook(_WAYS, f"{capture}\nprint(len(captured.outputs))"), env=sandbox_env).cells[1]
    assert [output.get("text") for output in cell.outputs] == [f"{OUTPUTS}\n"]


def test_a_press_takes_nothing_from_what_was_shown_before(
    runner: Runner, sandbox: Any, sandbox_env: dict[str, str]
) -> None:
    """What was under way, and what is asked for before a browser has the panel, stands above the earlier results."""
    sandbox.misbehave("lasts", seconds=900, after=2, times=1)
    begin = "in_cell('one')\na, = seen(fox.panel())\nmake(a, 'picture 1', 'picture 2')\na.prompt = 'picture slow'\na.submit();"
    fresh = "in_cell('one')\nfox.close(); fox = fox_nb.Fox()\na = fox.panel()"
    listed = (
        "seen(a)\ndisplay(w.HBox([a]))\nuntil(lambda: len(listed(a)) == 3 and a._press._under_way)\nprint(listed(a))"
    )
    pressed, again = f"{fresh}\nmake(a, 'picture 3')\n{listed}", f"{fresh}\n{listed}"
    for cell in runner.execute(notebook(_WAYS, begin, pressed, again), env=sandbox_env).cells[2:]:
        assert printed(cell).splitlines()[-1] == "['picture 3', 'picture 2', 'picture 1']"
        assert shown(cell) == ["picture slow", "picture 3", "picture 2", "picture 1"]


def test_a_studio_in_a_box_shows_its_results_again(runner: Runner, sandbox_env: dict[str, str]) -> None:
    """Each in its model's panel, whichever of them a browser shows first."""
    run = "in_cell('one')\nstudio = fox.studio()\na, b = studio.panels['phota-image'], studio.panels['grok-imagine-image']"
    make = "make(a, 'picture 1')\nmake(b, 'picture 2')"
    seen = "display(w.VBox([studio]))\nseen(b)\nuntil(lambda: listed(a) and listed(b))\nprint(listed(a), listed(b))"
    *_, again = runner.execute(notebook(_WAYS, run, make, f"{run}\n{seen}"), env=sandbox_env).cells
    assert printed(again).splitlines()[-1] == "['picture 1'] ['picture 2']"


def test_each_tab_of_a_studio_shows_its_own_dozen_again(runner: Runner, sandbox_env: dict[str, str]) -> None:
    """Many in one tab take nothing from another, and what is older is counted where it was, run after run."""
    run = "in_cell('one')\nstudio = fox.studio()\na, b = seen(studio.panels['phota-image'], studio.panels['grok-imagine-image'])"
    make = "make(a, *[f'picture a{n}' for n in range(3)])\nmake(b, *[f'picture b{n}' for n in range(14)])"
    say = """def state():
    return [(len(listed(one)), listed(one)[-1:], one._outcome.results.earlier) for one in (a, b)] + [studio._record.earlier]
wanted = [(3, ['picture a0'], 0), (12, ['picture b2'], 2), 5]
until(lambda: state() == wanted)
print('all there')"""
    cells = runner.execute(notebook(_WAYS, run, make, say, run, say, run, say), env=sandbox_env).cells
    assert [printed(cells[number]) for number in (3, 5, 7)] == ["all there\n"] * 3


@pytest.mark.parametrize("what", ["fox.panel()", "fox.studio().panels['phota-image']"])
def test_what_is_shown_again_is_the_panels_own(
    runner: Runner, sandbox: Any, sandbox_env: dict[str, str], what: str
) -> None:
    """Its task and pictures are there as soon as the panel is, until there are newer ones; observers are told of those alone."""
    sandbox.misbehave("failed", after=2, times=1)
    run = f"""in_cell('one')
panel, told = {what}, []
for trait in ('task', 'images'):
    panel.observe(lambda change: told.append(change['new']), trait)"""
    make = "make(panel, 'picture 1', 'picture 2')"
    same = """task, pictures = panel.task, panel.images
assert task.request['prompt'] == 'picture 2' and pictures == task.images != []
seen(panel)
until(lambda: len(listed(panel)) == 2)
make(panel, 'picture that fails')
assert panel.images == pictures and told == [panel.task]
make(panel, 'picture 4')
until(lambda: len(told) == 3)
print(told[1:] == [panel.task, panel.images], len(fox.tasks()))"""
    cells = runner.execute(notebook(_WAYS, run, make, run, same), env=sandbox_env).cells
    assert printed(cells[-1]).splitlines()[-1] == "True 4"


@pytest.mark.parametrize(
    ("fault", "press", "on"),
    [
        ({"fault": "lasts", "seconds": 900}, "panel.submit();", "until(lambda: panel._press._under_way)\nadvance()"),
        ({"fault": "failed"}, "make(panel, 'picture')", "until(lambda: listed(panel))\npanel.task.retry()"),
    ],
)
def test_pictures_that_come_after_a_re_run_are_told_of(
    runner: Runner, sandbox: Any, sandbox_env: dict[str, str], fault: dict[str, Any], press: str, on: str
) -> None:
    """What was under way, and what is sent again, is news to whoever observes the panel that shows it again."""
    sandbox.misbehave(**fault, times=1)
    run = """in_cell('one')
panel, told = fox.panel(prompt='picture'), []
panel.observe(lambda change, told=told: told.append(change['new']), 'images')
seen(panel)"""
    same = f"{run}\n{on}\nuntil(lambda: told)\nprint(told == [panel.images], len(panel.images))"
    cells = runner.execute(notebook(_ADVANCE, _WAYS, f"{run}\n{press}", same), env=sandbox_env).cells
    assert printed(cells[-1]).splitlines()[-1] == "True 1"


def test_wherever_it_is_seen_a_card_above_says_what_the_error_box_means(
    runner: Runner, sandbox_env: dict[str, str]
) -> None:
    """By itself, also in two cells, in a box, a Tab or an Output, a studio too; once, and not where nobody sees it, or no longer."""
    ways = (
        "panel",
        "w.Tab([w.VBox([panel])])",
        "out = w.Output()\ndisplay(out)\nwith out:\n    display(panel)\nout",
        "studio = fox.studio()\npanel = studio.panels['phota-image']\nstudio",
        "studio = fox.studio()\npanel = studio.panels['phota-image']\nw.HBox([studio])",
    )
    wait = "seen(panel)\nuntil(lambda: 'Run this cell' in str(panel._record._html))"
    cells = [
        f"in_cell('one')\npanel = fox.panel()\n{before}\ndisplay({what})\n{wait}"
        for before, _, what in (way.rpartition("\n") for way in ways)
    ]
    unseen = "in_cell('one')\n(moved,), unseen = seen(fox.panel()), fox.panel()"
    moves = f"in_cell('two')\npanel = moved\ndisplay(panel)\n{wait}"
    both = moves.replace("moved", "panel")
    found = []
    for cell in runner.execute(notebook(_WAYS, *cells, unseen, moves, both), env=sandbox_env).cells[1:]:
        shown = [output["data"] for output in cell.outputs if "data" in output]
        found.append(["Run this cell to use it" in data.get("text/html", "") for data in shown if any(data.values())])
    assert [(one[:1], sum(one)) for one in found] == [([True], 1)] * 5 + [([], 0), ([True], 1), ([True], 1)]


@pytest.fixture
def fox(sandbox: Any, tmp_path: Path) -> Iterator[Fox]:
    """A Fox with a store of its own."""
    with Fox(api_key=sandbox.key, base_url=sandbox.base_url, store=tmp_path / "fox_runs", polling=EAGER) as fox:
        yield fox


def _memory(fox: Fox, monkeypatch: pytest.MonkeyPatch, notebook: str, run: str) -> Memory:
    monkeypatch.setenv("JPY_SESSION_NAME", notebook)
    made = Memory(fox.session, "phota-image")
    made.stand_in("one", run)
    return made


def test_a_copy_of_a_notebook_remembers_for_itself(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its cells have the same ids: it begins with what the original has shown, and changes nothing of that."""
    memory = functools.partial(_memory, fox, monkeypatch)
    a, b = (fox.generate(words).wait(60) for words in ("picture a", "picture b"))
    memory("/home/ada/a.ipynb", "1").note([a.identity], Counter({"phota-image": 3}))
    copy = memory("/home/ada/b.ipynb", "2")
    assert copy.read() == ([a], Counter({"phota-image": 3}))
    copy.note([a.identity, b.identity], Counter())
    assert copy.read() == ([a, b], Counter())
    assert memory("/home/ada/a.ipynb", "3").read() == ([a], Counter({"phota-image": 3}))


def test_a_task_that_the_journal_no_longer_has_leaves_the_others(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """What else the cell has shown is shown again, in its order."""
    memory = _memory(fox, monkeypatch, "/home/ada/a.ipynb", "1")
    a, b = (fox.generate(words).wait(60) for words in ("picture a", "picture b"))
    memory.note([b.identity, "0" * 64, a.identity], Counter())
    assert memory.read() == ([b, a], Counter())


def test_results_come_though_nothing_can_be_remembered(runner: Runner, sandbox_env: dict[str, str]) -> None:
    """A full disk, or another program's lock, costs what a re-run would show: the saved notebook has its result."""
    full = """write = type(fox.store.catalog).set_fact
def full(self, name, value):
    if name.startswith('shown in'):
        raise fox_nb.StoreError('The disk is full.')
    write(self, name, value)
type(fox.store.catalog).set_fact = full
in_cell('one')
a, = seen(fox.panel())
make(a, 'picture 1')
until(lambda: listed(a))
print(listed(a))"""
    *_, cell = runner.execute(notebook(_WAYS, full), env=sandbox_env).cells
    assert printed(cell).splitlines()[-1] == "['picture 1']"
    assert shown(cell) == ["picture 1"]
    assert "<img" in "".join(output.data["text/html"] for output in cell.outputs if "data" in output)
