"""Hostile answers and texts: each ends in a clear error or a safe picture, in the store alone, in little memory."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import drawings
from artifacts import MARKED_KEY, Places
from fox_nb.sandbox import Sandbox, pictures
from hostile.cases import CASES, LONG, Case
from processes import PATIENCE, Child, clean_environment
from render.reading import Page

MOST_MEMORY = 150_000_000
"""Bytes by which no case may make a kernel grow: the bomb would take 400 MB, the huge answers 20 and more each."""
MOST_HTML = 300_000
"""Characters of what a cell shows: a page with one picture has some 100,000."""


@pytest.fixture(scope="module")
def folder(artifacts: Places) -> Path:
    """Where the store is, in the midst of nothing."""
    folder = artifacts.fresh("hostile") / "a" / "b"
    (folder / "pages").mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def outcomes(artifacts: Places, folder: Path) -> dict[str, dict[str, Any]]:
    """What came of every case, played in one kernel."""
    env = {"FOXAPI_KEY": MARKED_KEY, "PYTHONPATH": str(Path(__file__).parents[1])}
    told = {}
    with (
        pytest.MonkeyPatch.context() as patch,
        Sandbox(keys=[MARKED_KEY], speed=1000) as sandbox,
        (folder.parent / "stderr.log").open("w+") as stderr,
    ):
        patch.setattr(pictures, "_draw", drawings.noise)
        arguments = [str(Path(__file__).with_name("victim.py")), sandbox.base_url, str(folder)]
        with Child(*arguments, env=clean_environment(artifacts, env), cwd=folder, stderr=stderr) as victim:
            victim.line("that all is loaded")
            with contextlib.suppress(EOFError):
                for name, case in CASES.items():
                    misbehave(sandbox, case)
                    victim.tell("")
                    told[name] = json.loads(victim.line(f"what came of {name}", seconds=2 * PATIENCE))
                    sandbox.behave()
            status = victim.end()
        stderr.seek(0)
        said = "".join(line for line in stderr if not line.startswith("fox_nb: "))  # as scripts say
    assert status == 0, f"{len(told)} cases, then\n{said[-5000:]}"
    assert said == "", "nothing is printed into a cell"
    return told


def misbehave(sandbox: Sandbox, case: Case) -> None:
    """Tell the sandbox what to do, on its own thread: no request would carry the largest texts."""
    for fault, on, parameters in case.faults:
        own = dict(parameters)
        if "urls" in own:
            own["urls"] = [url.replace("{base}", sandbox.base_url) for url in own["urls"]]
        sandbox.misbehave(fault, on=on, **own)


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_case(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    """It ends as the table says, in words that say why, and what is shown of it is tame and small."""
    case, outcome = CASES[name], outcomes[name]
    assert outcome["ends"] == case.ends
    assert case.says in outcome["says"]
    assert len(outcome["says"]) < 10_000
    assert outcome["grown"] < MOST_MEMORY
    shown = Path(outcome["page"]).read_text(encoding="utf-8")
    assert len(shown) < MOST_HTML
    Page(shown).assert_tame()
    for file in outcome["files"]:
        with Image.open(file) as picture:
            picture.load()


def test_nothing_is_written_outside_of_the_store(outcomes: dict[str, dict[str, Any]], folder: Path) -> None:
    """Beside the store there is nothing that the test has not made, and every file in it has a plain name."""
    assert sorted(path.name for path in folder.iterdir()) == ["fox_runs", "pages"]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["b", "stderr.log"]
    plain = set("abcdefghijklmnopqrstuvwxyz0123456789-._")
    for path in (folder / "fox_runs").rglob("*"):
        assert set(path.name) <= plain
        assert path.resolve().is_relative_to(folder)
    assert not list((folder / "fox_runs").rglob(".part-*")), "nothing half is left"


def test_the_table_of_all_tasks_is_tame(outcomes: dict[str, dict[str, Any]], folder: Path) -> None:
    """All hostile texts in one list."""
    shown = (folder / "pages" / "tasks.html").read_text(encoding="utf-8")
    Page(shown).assert_tame()
    assert len(shown) < 1_000_000


def test_the_list_of_tasks_is_searched_with_any_text(artifacts: Places) -> None:
    """A search for a hostile text finds nothing, and harms nothing."""
    from fox_nb.store import Store

    store = Store(artifacts.fresh("search") / "fox_runs")
    for text in ("'; DROP TABLE task; --", "%", "_", "\\", "\x00", "\ud800", LONG[:100_000]):
        assert store.journal.tasks("sandbox", text=text) == []
    store.close()
