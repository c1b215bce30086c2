"""The record of a panel's results, in a real kernel: what stands in the saved notebook, and in which order."""

import re
from typing import Any

from kernels import Runner, notebook

_OPEN = """import fox_nb
fox = fox_nb.Fox()
get_ipython().get_parent()['metadata']['cellId'] = 'one'  # as JupyterLab names its cells
panel = fox.panel()
panel"""
_FOLLOW = """import json, os, time, urllib.request
tasks = [fox.generate(f"picture {number}").wait(60) for number in range(22)]
late = fox.generate("picture late")
for task in [*tasks[:8], late, *tasks[8:]]:
    panel.follow(task)
address, key = os.environ['FOXAPI_BASE_URL'], os.environ['FOXAPI_KEY']
headers = {'Authorization': f'Bearer {key}', 'Content-Type': 'application/json'}
urllib.request.urlopen(urllib.request.Request(f'{address}/sandbox/settings', b'{"advance": 1000}', headers)).close()
late.wait(60)
def wait_for(panel):
    while len(panel._outcome.results._tasks) < 12 or late.identity not in panel._outcome.results._tasks:
        time.sleep(0.05)
wait_for(panel)"""
_AGAIN = """get_ipython().get_parent()['metadata']['cellId'] = 'one'
again = fox.panel()
display(again)
wait_for(again)"""


def shown(cell: Any) -> list[str]:
    """Return which results stand in a cell, from the top down, then what its card says of earlier ones."""
    pages = [output["data"].get("text/html", "") for output in cell.outputs if "data" in output]
    found = [re.search(r"picture \w+|\d+ earlier results", page) for page in pages]
    return [match[0] for match in found if match]


def test_the_newest_dozen_stand_in_their_order(runner: Runner, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """More than a dozen, more than there are outputs for, and one that was asked for early and arrives last; run anew, too."""
    sandbox.misbehave("lasts", seconds=900, after=22)
    made = runner.execute(notebook(_OPEN, _FOLLOW, _AGAIN), env=sandbox_env)
    newest = ["picture late", *(f"picture {number}" for number in range(21, 10, -1))]
    assert shown(made.cells[0]) == [*newest, "11 earlier results"]
    assert shown(made.cells[2]) == [*newest, "11 earlier results"]
