"""Results below a panel: each in an output of its own, newest on top, and none lost from the notebook when these run out."""

import re
from typing import Any

from fox_nb.widgets.slots import SLOTS, TOGETHER, Slot, _Output
from kernels import Runner, notebook

MORE = 3
PANEL = """\
import fox_nb, time
from fox_nb.settings import Polling
fox = fox_nb.Fox(polling=Polling(first_looks=(0.05,), at_least=0.05, per_second=100))
panel = fox.panel("phota-image")
panel"""
PRESS = f"""\
for number in range({SLOTS + MORE}):
    panel.form.fill({{"prompt": f"picture {{number}}."}})
    panel.press()
    while len(fox.tasks()) <= number or not fox.tasks()[0].is_over:
        time.sleep(0.02)
while len(panel.outcome.results._tasks) < {SLOTS + MORE}:
    time.sleep(0.02)"""


def test_more_results_than_outputs(runner: Runner, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """The notebook keeps them all: one in each output, the newest together in the topmost."""
    sandbox.set(speed=1000)
    made = runner.execute(notebook(PANEL, PRESS), env=sandbox_env)
    pages = [output["data"]["text/html"] for output in made.cells[0].outputs if output.get("data", {}).get("text/html")]
    shown = [re.findall(r"picture (\d+)\.</", page) for page in pages if "<img" in page]
    numbers = [[int(number) for number in dict.fromkeys(page)] for page in shown]
    assert [number for page in numbers for number in page] == list(reversed(range(SLOTS + MORE)))
    assert [len(page) for page in numbers] == [MORE + 1] + [1] * (SLOTS - 1)


class Handle:
    """Keeps what an output was told to show."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def update(self, data: dict[str, str], *, raw: bool) -> None:
        self.shown.append(data["text/html"])


def test_the_topmost_output_stays_small_and_in_order() -> None:
    """Servers drop large messages: the oldest give way, and one that lands late does not come before the newer ones."""
    handle = Handle()
    output = _Output(handle)
    large = "x" * (TOGETHER // 2)
    first, second = Slot(output, "first"), Slot(output, f"second {large}")
    third = Slot(output, f"third {large}")
    assert handle.shown[-1] == third.html
    before = len(handle.shown)
    first.update("first, landed")
    assert len(handle.shown) == before
    second.update("second")
    assert handle.shown[-1] == f"{third.html}secondfirst, landed"
    alone = Slot(output, "y" * (TOGETHER + 1))
    assert handle.shown[-1] == alone.html
