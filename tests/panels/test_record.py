"""The record of a panel's results, in a real kernel: what stands in the saved notebook, in which order."""

import re
from typing import Any

from kernels import Runner, notebook

_IN_CELL = "get_ipython().get_parent()['metadata']['cellId'] = 'one'  # as JupyterLab says it\n"
_PANEL = _IN_CELL + "import fox_nb\nfox = fox_nb.Fox()\npanel = fox.panel()\npanel"
_MADE = """tasks = [fox.generate(f"picture {number}") for number in range(22)]
for task in tasks:
    task.wait(60)
    panel.follow(task)
"""
_LATE = """late = fox.generate("the late one")
panel.follow(late)
for number in range(22, 24):
    panel.follow(fox.generate(f"picture {number}").wait(60))
late.wait(60)"""
_AGAIN = _IN_CELL + "again = fox.panel()\nagain"
_RECALLED = """import time
while len(again._outcome.results._tasks) < 12:
    time.sleep(0.05)
print(again._outcome.results._earlier)"""


def shown(cell: Any) -> list[str]:
    """The prompts of the results that stand in a cell, from the top down, then what its card says of earlier ones."""
    pages = [output["data"].get("text/html", "") for output in cell.outputs if "data" in output]
    found = [re.search(r"picture \d+|the late one|\d+ earlier results", page) for page in pages]
    return [match[0] for match in found if match]


def test_the_newest_dozen_stand_in_their_order(runner: Runner, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """From the top down, after more than a dozen and more than there are outputs for; a run anew shows the same."""
    made = runner.execute(notebook(_PANEL, _MADE, _AGAIN, _RECALLED), env=sandbox_env)
    dozen = [f"picture {number}" for number in range(21, 9, -1)]
    assert shown(made.cells[0]) == [*dozen, "10 earlier results"]
    assert made.cells[3].outputs[0]["text"] == "10\n"
    assert shown(made.cells[2]) == [*dozen, "10 earlier results"]
