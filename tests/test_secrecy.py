"""The key, from wherever it comes, is in nothing that a notebook shows, saves, logs or keeps: tried in real kernels."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from artifacts import MARKED_KEY, Places, forms, search
from kernels import Runner, notebook, without_ports
from processes import PATIENCE, clean_environment

LOUD = """
import logging, http.client
logging.basicConfig(level=logging.DEBUG, force=True)
http.client.HTTPConnection.debuglevel = 1
%xmode Verbose
"""
ALL_REPRS = """
def look(thing, depth=0, seen=set()):
    if id(thing) not in seen and depth < 6:
        seen.add(id(thing))
        print(repr(thing)[:2000], str(thing)[:2000])
        for value in list(getattr(thing, "__dict__", {}).values()):
            if type(value).__module__.startswith(("fox_nb", "pydantic", "requests")):
                look(value, depth + 1)
look(fox); look(fox.session)
"""
GOES_WRONG = {
    "fox.generate('a fox', aspect_ratio='16x9')": "InvalidRequest",
    "fox.generate('refused: bad key')": "AuthenticationError",
    "fox.generate('lost answer')": "SubmissionUnknown",
    "fox.generate('a page of HTML')": "SubmissionUnknown",
    "fox.generate('failed').wait()": "TaskFailed",
    "fox.generate('its picture is no picture').wait()": "DownloadFailed",
    "fox.edit('no such file', 'nowhere.png')": "InvalidRequest",
    "fox.session.client.task('no such task')": "NotFound",
    "fox.session.client.upload_file(b'')": "InvalidRequest",
    "fox.sandbox.misbehaving('nonsense').__enter__()": "SandboxError",
    "fox_nb.Fox(base_url='http://gateway.example')": "InvalidRequest",
    "fox_nb.Fox(store='fox_runs', budget='much')": "InvalidRequest",
    "fox_nb.Fox(store='/proc/nowhere')": "StoreError",
    "fox_nb.ask_key()": "KeyMissing",
}
"""Each line, and the error that it ends with."""
GOES_WELL = [
    "fox.generate('a fox in the snow').wait()",
    "fox.panel('phota-image')",
    "fox.tasks()",
    "fox.resume()",
    "fox, fox.spent, fox.store, fox.session.client, fox.session.gateway",
    ALL_REPRS,
    "from fox_nb.settings import find_key; find_key()",
]


def go_wrong(sandbox: Any) -> None:
    """Everything that a gateway can do to a creation, once each, in the order of the cells."""
    sandbox.misbehave("bad_key", on="create", times=1, message=f"The key {MARKED_KEY} is not valid.")
    sandbox.misbehave("lost_answer", on="create", times=1)
    sandbox.misbehave("bad_gateway", on="create", times=1, message=f"Bearer {MARKED_KEY}")
    # The creation whose answer is lost makes a task, too: it is the one that is let through.
    sandbox.misbehave("failed", times=1, after=1, message=f"upstream said: {MARKED_KEY}", code=MARKED_KEY)
    sandbox.misbehave("page", on="result", times=2, message=MARKED_KEY)


def outputs(node: nbformat.NotebookNode) -> list[str]:
    """What each code cell has shown, as the file has it."""
    return [json.dumps(cell.get("outputs", [])) for cell in node.cells if cell.cell_type == "code"]


def error(cell: nbformat.NotebookNode) -> str:
    """The class of the error that a cell has ended with; '' where it has not."""
    return next((output.ename for output in cell.outputs if output.output_type == "error"), "")


def test_a_notebook_in_which_everything_goes_wrong(runner: Runner, sandbox: Any, sandbox_env: dict[str, str]) -> None:
    """With verbose tracebacks and every log turned on, and a gateway that repeats the key, none of it shows the key."""
    go_wrong(sandbox)
    cells = [LOUD, "import fox_nb\nfox = fox_nb.Fox()", *GOES_WRONG, *GOES_WELL]
    node = runner.execute(notebook(*cells), env=sandbox_env, allow_errors=True, seconds=240)
    assert dict(zip(GOES_WRONG, map(error, node.cells[2:]), strict=False)) == GOES_WRONG
    assert list(map(error, node.cells[2 + len(GOES_WRONG) :])) == [""] * len(GOES_WELL)
    everything = nbformat.writes(node).encode() + runner.export_html(node).encode()
    assert b"DEBUG" in everything, "the logs were turned on"
    assert not any(form in everything for form in forms(MARKED_KEY))
    assert node.metadata["widgets"], "the state of the widgets is in the file"


def test_the_key_as_an_argument(runner: Runner, artifacts: Places, sandbox: Any) -> None:
    """An argument that is refused with it, or a store that cannot be made, shows no key in a verbose traceback."""
    handed = artifacts.fresh("key", private=True) / "key.txt"
    handed.write_text(MARKED_KEY)
    read = f"open({str(handed)!r}).read().strip()"
    cells = [
        "%xmode Verbose\nimport fox_nb",
        f"fox_nb.Fox({read}, {sandbox.base_url!r}, budget='much')",
        f"fox_nb.Fox(api_key={read}, base_url='ftp://nowhere')",
        f"fox_nb.Fox(api_key={read}, base_url={sandbox.base_url!r}, store='/proc/nowhere')",
        f"fox_nb.Fox(api_key={read} + ' ', base_url={sandbox.base_url!r})",
        f"fox_nb.Fox({sandbox.base_url!r}, {read})",
        f"fox_nb.Fox('another-key-0815', base_url={read})",
        f"fox_nb.Client({sandbox.base_url!r}, {read}).create('no mapping')",
        f"fox = fox_nb.Fox(api_key={read}, base_url={sandbox.base_url!r})\nfox",
        "fox.generate('a fox').wait()\nfox.tasks()",
    ]
    node = runner.execute(notebook(*cells), allow_errors=True)
    assert [bool(error(cell)) for cell in node.cells] == [False, *[True] * 7, False, False]
    assert not any(form in nbformat.writes(node).encode() for form in forms(MARKED_KEY))


@pytest.fixture
def asked(artifacts: Places) -> Iterator[tuple[BlockingKernelClient, Path]]:
    """A kernel with a person before it, and the folder where it runs."""
    folder = artifacts.fresh("asked")
    manager = KernelManager(config=without_ports())
    manager.start_kernel(env=clean_environment(artifacts), cwd=str(folder))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=PATIENCE)
        yield client, folder
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_the_prompt_shows_nothing_and_keeps_nothing(asked: tuple[BlockingKernelClient, Path], sandbox: Any) -> None:
    """What is typed is asked for as a password, and is in no output, no history and no variable's repr."""
    client, folder = asked
    told: list[dict[str, Any]] = []
    asked_for: list[dict[str, Any]] = []

    def typed(message: dict[str, Any]) -> None:
        asked_for.append(message["content"])
        client.input(MARKED_KEY)

    def run(code: str) -> str:
        options: dict[str, Any] = {"stdin_hook": typed, "output_hook": lambda m: told.append(m["content"])}
        return str(client.execute_interactive(code, allow_stdin=True, timeout=120, **options)["content"]["status"])

    fox = f"fox = fox_nb.Fox(api_key=fox_nb.ask_key(), base_url={sandbox.base_url!r})"
    assert run(f"%xmode Verbose\nimport fox_nb\n{fox}\nfox.generate('a fox').wait()") == "ok"
    assert run("key = fox_nb.ask_key()\nkey, str(key), [key], {'key': key}") == "ok"
    assert run("print(In, Out, globals())\n%history") == "ok"
    assert run("1 / 0 if key else None") == "error"
    assert [(one["password"], "not shown" in one["prompt"]) for one in asked_for] == [(True, True)] * 2
    assert len(told) > 4
    (folder / "told.json").write_text(json.dumps(told, default=str))
    assert search(folder, MARKED_KEY).found_in == ()
    assert len(sandbox.creations) == 1


def test_on_binder_it_is_said_why_no_key_should_be_typed(runner: Runner) -> None:
    """A session of mybinder.org says it in the first line; elsewhere the line says how a key is used."""
    cell = "import fox_nb\nfox = fox_nb.Fox()"
    binder = {"BINDER_LAUNCH_HOST": "https://mybinder.org/", "BINDER_REPO_URL": "https://github.com/somebody/something"}
    (there,) = outputs(runner.execute(notebook(cell), env=binder))
    assert "No key should be typed on Binder" in there
    assert "FOXAPI_KEY" not in there
    (here,) = outputs(runner.execute(notebook(cell)))
    assert "set FOXAPI_KEY before Jupyter starts" in here


def test_threads_names_and_crash_reports(sandbox: Any, tmp_path: Path) -> None:
    """No thread's name, and no frame's locals in any thread of ours, holds the bare key while a picture is made."""
    import sys

    from fox_nb import Fox

    with Fox(MARKED_KEY, sandbox.base_url, tmp_path / "fox_runs") as fox:
        sandbox.misbehave("slow", on="read", seconds=5, times=1)
        fox.generate("a fox")
        own = threading.get_ident()
        frames = [frame for thread, frame in sys._current_frames().items() if thread != own]
        seen = 0
        while frames:
            frame = frames.pop()
            if "fox_nb" in frame.f_code.co_filename and "sandbox" not in frame.f_code.co_filename:
                seen += 1
                assert MARKED_KEY not in repr(list(frame.f_locals.values()))
            frames += [frame.f_back] if frame.f_back else []
        assert seen
        assert not any(MARKED_KEY in thread.name for thread in threading.enumerate())
