"""The lessons: each runs from top to bottom without a key, is free the second time, and its committed outputs are of now."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from artifacts import Places
from counts import Count
from fox_nb import Fox
from lessons import outputs

LESSONS = [pytest.param(path, id=path.stem) for path in outputs.LESSONS]
OF_THIS_MACHINE = re.compile(r"/(?:tmp|home|root|work|Users|var)/|[A-Z]:\\\\Users")


def creations() -> int:
    """How many creating calls the sandbox has received."""
    from fox_nb.local import SandboxClient, SandboxControls

    client = SandboxClient()
    return len(SandboxControls(lambda: client.address).creations)


@pytest.mark.parametrize("path", LESSONS)
def test_a_lesson_runs_and_its_committed_outputs_are_of_now(
    path: Path, own_sandbox: dict[str, str], artifacts: Places, count: Count
) -> None:
    """It runs without a key, an error or a word on stderr; run again it creates nothing; what is committed is what it shows."""
    folder = artifacts.fresh(path.stem)
    shutil.copytree(path.parent / "samples", folder / "samples")
    first = outputs.run(path, folder, own_sandbox)
    made = creations()
    assert made > 0
    again = outputs.run(path, folder, own_sandbox)
    count("notebook run twice", path.stem, creations=made, of_the_second_run=creations() - made)
    assert creations() == made
    for node in (first, again):
        every = [output for cell in node.cells for output in cell.get("outputs", [])]
        assert [output.text for output in every if output.get("name") == "stderr"] == []
        assert [output for output in every if output.output_type == "error"] == []
    committed = nbformat.read(path, as_version=4)
    card = next((output.data["text/html"] for cell in committed.cells for output in panels(cell)), "")
    stale = {
        number: found
        for number, (old, new) in enumerate(zip(committed.cells, outputs.kept(first, card).cells, strict=True))
        if (found := outputs.difference(outputs.shown(old), outputs.shown(new)))
    }
    assert stale == {}, f"run `make lessons`: cells of {path.name} show something else now: {stale}"


def test_the_studio_sends_nothing_by_being_run(own_sandbox: dict[str, str], artifacts: Places, count: Count) -> None:
    """The one notebook that is no lesson runs like them, without a word on stderr, and makes no creation, however often."""
    folder = artifacts.fresh("studio")
    node = outputs.run(outputs.STUDIO, folder, own_sandbox)
    every = [output for cell in node.cells for output in cell.get("outputs", [])]
    assert [output for output in every if output.output_type == "error" or output.get("name") == "stderr"] == []
    made = creations()
    outputs.run(outputs.STUDIO, folder, own_sandbox)
    count("notebook run twice", "studio", creations=made, of_the_second_run=creations() - made)
    assert creations() == 0


def panels(cell: nbformat.NotebookNode) -> Iterator[nbformat.NotebookNode]:
    for output in cell.get("outputs", []):
        if output.get("data", {}).get("text/plain", "").startswith("A panel:"):
            yield output


@pytest.mark.parametrize("path", LESSONS)
def test_a_committed_lesson_is_small_and_holds_no_widget(path: Path) -> None:
    """Every code cell has been run, and the file is below 1 MB, without widget, error, link into a store, or this machine's paths."""
    text = path.read_text(encoding="utf-8")
    node = nbformat.from_dict(json.loads(text))
    assert path.stat().st_size < outputs.LARGEST
    assert "widget-view" not in text
    assert "widgets" not in node.metadata
    assert not re.search(r"href=.{1,2}fox_runs", text)
    assert OF_THIS_MACHINE.search(re.sub(r"data:image/[^\"\\]+", "", text)) is None
    code = [cell for cell in node.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not any(output.output_type == "error" for cell in code for output in cell.outputs)


def test_a_lesson_costs_what_it_says() -> None:
    """The sum in the introduction is that of its parts."""
    (path,) = (path for path in outputs.LESSONS if path.name.startswith("07"))
    first, *cells = nbformat.read(path, as_version=4).cells
    said = re.findall(r"cost about ([\d.]+) USD", first.source)
    costs = re.findall(r"Cost</span> <bdi>\$([\d.]+)", "".join(str(cell.get("outputs")) for cell in cells))
    assert [f"{sum(map(float, costs)):.2f}"] == said


def test_a_key_with_nothing_left_is_not_without_a_limit(
    fox: Fox, sandbox: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lesson 08 says of an empty key that it is empty."""
    sandbox.set(key_limit=0.09)
    fox.generate("a fox").wait()
    path = next(path for path in outputs.LESSONS if path.name.startswith("08"))
    lines = [line for cell in nbformat.read(path, as_version=4).cells for line in cell.source.splitlines()]
    exec("\n".join(line for line in lines if "Left on this key" in line), {"fox": fox})
    assert capsys.readouterr().out == "Left on this key: $0.00 (play money)\n"


@pytest.mark.parametrize("path", LESSONS)
def test_a_lesson_is_one_idea_with_something_to_find_out(path: Path) -> None:
    """It begins with its number and title, says how long it takes, and ends with things to try."""
    node = nbformat.read(path, as_version=4)
    first, last = node.cells[0].source, node.cells[-1].source
    assert first.startswith(f"# {path.name[:2]} ")
    assert re.search(r"about (ten|fifteen|twenty) minutes", first, re.IGNORECASE)
    assert last.startswith("## Try it, and find out")
    assert len(re.findall(r"^\d\. ", last, re.MULTILINE)) >= 3


@pytest.mark.parametrize("path", LESSONS)
def test_what_is_for_the_sandbox_alone_is_guarded(path: Path) -> None:
    """With a key the lesson runs unchanged: no cell asks the sandbox to misbehave without asking whether it is there."""
    node = nbformat.read(path, as_version=4)
    for cell in node.cells:
        if cell.cell_type == "code" and re.search(r"^(?!def |    ).*fox\.sandbox", cell.source, re.MULTILINE):
            assert "if fox.is_sandbox:" in cell.source
