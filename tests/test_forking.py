"""The tests' own kernels are forks: whoever starts, signals, kills and waits for one meets a kernel like any other."""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from artifacts import Places
from processes import Child, clean_environment, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")

ASKED = """\
import os, sys, time
try:
    print(os.getpid(), os.environ["ASKED"], *sys.argv[1:], flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    print(f"interrupted in {os.getcwd()}", flush=True)
    sys.exit(7)
"""


def forked(kernel: list[str], places: Places, folder: Path) -> tuple[Child, int]:
    """A fork that runs `ASKED` in a folder, and its process id."""
    (folder / "asked.py").write_text(ASKED)
    env = clean_environment(places, {"ASKED": "here"})
    child = Child(*kernel[1:-3], "asked", "a word", env=env, cwd=folder)
    pid, *said = child.line("its first line").split(" ", 2)
    assert said == ["here", "a word"]
    assert int(pid) != child.pid
    return child, int(pid)


def test_an_interrupt_reaches_it_and_its_end_comes_back(kernel: list[str], artifacts: Places, tmp_path: Path) -> None:
    """Folder, environment, words and output are those of whoever started it, and so is the exit status."""
    child, _ = forked(kernel, artifacts, tmp_path)
    with child:
        child.send_signal(signal.SIGINT)
        assert child.line("its last line") == f"interrupted in {tmp_path.resolve()}"
        assert child.end() == 7


def test_it_dies_with_its_place(kernel: list[str], artifacts: Places, tmp_path: Path) -> None:
    """Who kills what was started kills the fork; who kills the fork ends what was started, by the same signal."""
    child, pid = forked(kernel, artifacts, tmp_path)
    with child:
        child.kill()
        until(lambda: None if psutil.pid_exists(pid) else True, "the fork's end")
    child, pid = forked(kernel, artifacts, tmp_path)
    with child:
        os.kill(pid, signal.SIGKILL)
        assert child.end() == -signal.SIGKILL
