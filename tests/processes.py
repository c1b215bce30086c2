"""Processes of a run: the environment they are given, waiting for them, and finding what of them is left."""

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import psutil

from artifacts import Places

T = TypeVar("T")
PATIENCE = 120.0
"""Seconds that a test waits for anything: far more than a busy machine needs, far less than the suite gives a test."""
RUN_MARK = "FOX_NB_TEST_RUN"
"""Set in the environment of every process of a run, detached ones too, so that the end of the run can find what was left."""

PEAK = """
def peak():
    import re, resource, sys
    if sys.platform == "linux":  # its ru_maxrss begins with what the parent took: it outlives exec
        return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
"""
"""Code for another process: the most bytes of memory that it has had so far."""

_NOT_HANDED_ON = (
    "FOXAPI_",
    "FOX_NB_",
    "JUPYTER",
    "IPYTHON",
    "PYTEST",
    "PYTHON",
    "VIRTUAL_ENV",
    "XDG_",
    "SERVER_SOFTWARE",
    "VOILA_",
)


def until(
    look: Callable[[], T | None],
    what: str,
    *,
    seconds: float = PATIENCE,
    show: Callable[[], object] = str,
    pause: Callable[[float], object] = time.sleep,
) -> T:
    """Ask `look` again and again until it answers; `what` and `show()` say what was waited for when it never does."""
    end = time.monotonic() + seconds
    while (answer := look()) is None:
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s in vain for {what}\n{show()}")
        pause(0.05)
    return answer


def ended(*threads: threading.Thread) -> None:
    """Wait until threads have ended; one that does not is named."""
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"waited {PATIENCE} s in vain for the end of {thread}"


class Child:
    """A Python beside the test's own, talked to by lines: each wait has an end, and ends at once when the process has died.

    Parameters
    ----------
    *arguments : str
        Of the interpreter, such as ``"-c"`` and the code.
    **options
        Of `subprocess.Popen`, such as `env` and `cwd`.
    """

    def __init__(self, *arguments: str, **options: Any) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            **{"stdin": pipe, "stdout": pipe, "stderr": subprocess.STDOUT, "text": True, **options},
        )
        self.pid = self._process.pid
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()

    def tell(self, line: str) -> None:
        """Give it a line on stdin."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def line(self, what: str, *, seconds: float = PATIENCE) -> str:
        """Return the next line that it says; `what` names it when it does not come."""
        try:
            said = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError(f"waited {seconds} s in vain for {what} of {self._process.args}") from None
        if said is None:
            self._lines.put(None)
            raise EOFError(f"{self._process.args} ended with {self.end()} and without {what}")
        return said.rstrip("\n")

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def end(self, *, seconds: float = PATIENCE) -> int:
        """Wait for its end; return its exit status."""
        return self._process.wait(seconds)

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as ``kill -9`` does, if it still runs."""
        self._process.kill()
        self.end()
        self._listener.join(PATIENCE)
        with contextlib.suppress(BrokenPipeError):  # of what it has not read any more
            assert self._process.stdin is not None
            self._process.stdin.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as said:
            for line in said:
                if not line.startswith("fox_nb: "):  # what a script says to a person, on stderr
                    self._lines.put(line)
        self._lines.put(None)


def folders(places: Places) -> dict[str, str]:
    """The variables that make Jupyter, IPython and fox_nb write to folders of this worker instead of the user's own."""
    home, private = _home(places), places.private / _worker()
    return {
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "jupyter-config"),
        "JUPYTER_DATA_DIR": str(private / "jupyter-data"),
        "JUPYTER_RUNTIME_DIR": str(private / "run"),  # short, as the path of a kernel's socket has to be
        "JUPYTERLAB_SETTINGS_DIR": str(home / "lab-settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "lab-workspaces"),
        "FOX_NB_SANDBOX_DIR": str(home / "fox-sandbox"),
        RUN_MARK: str(places.root),
    }


def _home(places: Places) -> Path:
    return places.searched / f"home-{_worker()}"


def _worker() -> str:
    """Each of xdist's workers is a person of its own: one's Jupyter settings and sandbox are not the other's."""
    return os.environ.get("PYTEST_XDIST_WORKER", "alone")


def clean_environment(places: Places, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a new user's machine: an empty home, no key, no setting of whoever runs the tests."""
    home = _home(places)
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(_NOT_HANDED_ON)}
    return {
        **kept,
        **folders(places),
        "HOME": str(home),
        "USERPROFILE": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")]),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "FOX_NB_SANDBOX_SPEED": "200",
        **(env or {}),
    }


def end_with_children(pid: int) -> None:
    """End a process and all that it started."""
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    end_all(family)


def end_all(processes: list[psutil.Process]) -> None:
    """Ask the processes to end, and kill those that don't."""
    for process in processes:
        try:
            process.terminate()
        except psutil.NoSuchProcess:
            continue
    for process in psutil.wait_procs(processes, timeout=10)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def command_of(process: psutil.Process) -> list[str]:
    """The words that a process was started with; none where it has ended meanwhile."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def left_running(places: Places) -> list[psutil.Process]:
    """The processes of this run that still live, wherever they were started and whoever their parent is now."""
    left = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(RUN_MARK) == str(places.root) and process.status() != psutil.STATUS_ZOMBIE:
                left.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return left
