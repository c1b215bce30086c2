"""Waits: whatever a test waits for, it does not wait for ever: not for a process that died, nor for a thread that hangs."""

import ast
import sys
import time
from pathlib import Path

import pytest

from processes import Child, until

TESTS = Path(__file__).parent
ENDLESS = {"join", "communicate", "result", "acquire", "get", "recv", "recv_bytes"}
"""Methods that wait without an end when they are given no argument.

`wait` is none of them where a task waits: pyproject's `timeout` ends a test, and shows where all of its threads stand.
"""


def endless(code: str) -> list[int]:
    """The lines that wait without saying how long."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    return [call.lineno for call in calls if _is_endless(call)]


def _is_endless(call: ast.Call) -> bool:
    named = {keyword.arg for keyword in call.keywords}
    match call.func:
        case ast.Attribute(value=ast.Name(id="subprocess"), attr="run" | "call" | "check_call" | "check_output"):
            return "timeout" not in named
        case ast.Attribute(attr="Barrier") | ast.Name(id="Barrier"):
            return "timeout" not in named
        case ast.Attribute(value=ast.Attribute(attr="stdout" | "stderr"), attr="readline" | "readlines"):
            return True
        case ast.Attribute(attr=name) if name in ENDLESS:
            return not call.args and not named
    return False


def test_every_wait_has_an_end() -> None:
    """Processes, threads, barriers and what a process says are waited for by a time; `processes` has what names them."""
    found = {
        path.relative_to(TESTS).as_posix(): lines
        for path in TESTS.rglob("*.py")
        if not {"bench", "node_modules"} & set(path.parts) and (lines := endless(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "code",
    [
        "thread.join()",
        "subprocess.run(command, check=True)",
        "threading.Barrier(3)",
        "process.stdout.readline()",
        "queue.get()",
        "pipe.recv()",
    ],
)
def test_a_wait_without_an_end_is_found(code: str) -> None:
    """The check sees threads, processes, barriers, pipes and queues."""
    assert endless(code) == [1]


def test_a_process_that_died_is_not_waited_for() -> None:
    """Who asks a dead process for a line is told at once that it ended, with what, and what was waited for."""
    began = time.monotonic()
    with Child("-c", "import sys; print('here', flush=True); sys.exit(3)") as child:
        assert child.line("a word") == "here"
        with pytest.raises(EOFError, match=r"ended with 3 and without an answer"):
            child.line("an answer")
    assert time.monotonic() - began < 60


def test_a_process_that_hangs_is_named() -> None:
    """Who asks a process that says nothing is told what it was waited for, and the process is gone afterwards."""
    silent, why = Child("-c", "import sys; sys.stdin.read()"), r"waited 0\.5 s in vain for an answer of .*stdin"
    with silent, pytest.raises(TimeoutError, match=why):
        silent.line("an answer", seconds=0.5)
    assert silent.end() == (1 if sys.platform == "win32" else -9)


def test_what_never_comes_is_named() -> None:
    """Who waits for a state that never comes is told which, and what is there instead."""
    with pytest.raises(TimeoutError, match=r"in vain for spring\nwinter"):
        until(lambda: None, "spring", seconds=0.2, show=lambda: "winter")
