"""A process that has imported what every kernel imports, and forks a kernel for each `forked_kernel` that asks (Linux).

``python forking.py SOCKET``, until its stdin closes. Of a kernel's second of computing, two thirds are these imports.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

IMPORTED = (
    "anywidget",
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "ipywidgets",
    "jinja2",
    "numpy",
    "PIL.Image",
    "psutil",
    "pydantic.main",
    "pydantic.networks",
    "requests",
    "sqlite3",
    "tenacity",
    "truststore",
)
"""No module of the project's, and none that reads at its import what differs between kernels."""


class Forks:
    """The kernels that were forked, each with the connection of who has asked for it, by what is readable at its end."""

    def __init__(self) -> None:
        self._kernels: dict[int, tuple[int, socket.socket]] = {}

    def serve(self, at: str) -> tuple[dict[str, Any], list[int]]:
        """Fork at each request until stdin closes; in the fork, return what it becomes, and its files."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(at)
            listener.listen(100)
            while True:
                ready = self._ready(listener)
                if sys.stdin in ready:
                    sys.exit()
                if listener in ready and (becomes := self._fork(listener)):
                    return becomes

    def _ready(self, listener: socket.socket) -> set[Any]:
        """Wait; see to the kernels that have ended, or whose place was killed."""
        places = {line: kernel for kernel, line in self._kernels.values()}
        ready = set(select.select([listener, sys.stdin, *self._kernels, *places], [], [])[0])
        for line in places.keys() & ready:
            try:
                os.killpg(places[line], signal.SIGKILL)
            except ProcessLookupError:  # not yet at the head of a group
                os.kill(places[line], signal.SIGKILL)
        for ended in self._kernels.keys() & ready:
            kernel, line = self._kernels.pop(ended)
            os.close(ended)
            status = os.waitstatus_to_exitcode(os.waitpid(kernel, 0)[1])
            with line, contextlib.suppress(OSError):
                line.send(str(status).encode())
        return ready

    def _fork(self, listener: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
        line, _ = listener.accept()
        wanted, files, _, _ = socket.recv_fds(line, 1 << 20, 3)
        kernel = os.fork()
        if kernel == 0:
            for ended, (_, of_another) in self._kernels.items():
                os.close(ended)
                of_another.close()
            line.close()
            return json.loads(wanted), files
        with contextlib.suppress(OSError):  # who asked was killed, which is seen at the next look
            line.send(str(kernel).encode())
        self._kernels[os.pidfd_open(kernel)] = kernel, line
        for number in files:
            os.close(number)
        return None


def become(wanted: dict[str, Any], files: list[int]) -> None:
    """Run a module as ``python -m`` does in an interpreter that was just started."""
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    time.tzset()
    tempfile.tempdir = None
    sys.path[0] = str(Path.cwd())
    sys.argv = wanted["argv"]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    os.environ["JPY_PARENT_PID"] = "1"  # which ipykernel reads when it is imported: it was not started by a person
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy's others would not come along
    for module in IMPORTED:
        importlib.import_module(module)
    sys.modules["PIL.Image"].preinit()
    gc.freeze()
    become(*Forks().serve(sys.argv[1]))
