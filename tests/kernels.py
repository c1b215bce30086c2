"""Running a notebook in a real kernel without a screen, and exporting it, as nbclient and nbconvert do it for people."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from traitlets import Type
from traitlets.config import Config

from artifacts import Places
from processes import PATIENCE, clean_environment, until

NO_PORTS = "ipc"
"""Jupyter finds ports free and binds them later: meanwhile another's kernel takes them, and this one dies or stays silent."""


class WatchfulChannel(AsyncZMQSocketChannel):
    """Looks for messages each second: where nbclient has sent an Output's state meanwhile, none woke it (nbclient#312)."""

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:  # noqa: ASYNC109
        """Wait for a message; `queue.Empty` when none has come."""
        end = float("inf") if timeout is None else time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            try:
                return await super().get_msg(max(0.0, min(1.0, left)))
            except Empty:
                if left <= 0:
                    raise


class WatchfulClient(AsyncKernelClient):
    """What nbclient speaks to a kernel by."""

    shell_channel_class = Type(WatchfulChannel)


def without_ports() -> Config:
    """How a kernel that nbclient starts is spoken to; its place is whole, as kernel and client have folders of their own."""
    place = Path(tempfile.gettempdir(), f"fox-nb-kernel-{uuid.uuid4().hex}")
    client = f"{__name__}.{WatchfulClient.__name__}"
    return Config(
        {
            "KernelManager": {"transport": NO_PORTS, "ip": str(place)},
            "AsyncKernelManager": {"client_class": client},
        }
    )


@contextlib.contextmanager
def forked_kernels(places: Places) -> Iterator[list[str]]:
    """Start the process that forks kernels; give the command line of such a kernel, as a kernelspec has it."""
    here = Path(__file__).parent
    at = places.fresh("kernels", private=True) / "socket"
    command = [sys.executable, here / "forking.py", at]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=clean_environment(places))
    try:
        until(lambda: at.exists() or process.poll(), "the process that forks kernels")
        yield [
            sys.executable,
            "-I",
            "-S",
            str(here / "forked_kernel.py"),
            str(at),
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
        ]
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(PATIENCE)


def specify(data: str, name: str, argv: list[str], env: Mapping[str, str]) -> None:
    """Write a kernelspec into Jupyter's folder for data."""
    spec = {
        "argv": argv,
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "metadata": {"debugger": True},
        "env": dict(env),
    }
    folder = Path(data, "kernels", name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(spec))


def notebook(*cells: str) -> nbformat.NotebookNode:
    """A notebook of these code cells; a cell that begins with ``# %% [markdown]`` is text."""
    made = []
    for cell in cells:
        text = cell.removeprefix("# %% [markdown]\n")
        made.append(nbformat.v4.new_code_cell(cell) if text == cell else nbformat.v4.new_markdown_cell(text))
    return nbformat.v4.new_notebook(
        cells=made,
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}},
    )


def printed(cell: Any) -> str:
    """What a cell has printed, however its kernel cut that into messages: a clock may send a line before its end."""
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


class Runner:
    """Runs notebooks in kernels of a clean environment; what comes of it is kept where the key is searched for."""

    def __init__(self, places: Places, kernel: list[str] | None = None) -> None:
        self.places = places
        self._name = "python3"
        if kernel:
            self._name = "fox-forked"
            specify(os.environ["JUPYTER_DATA_DIR"], self._name, kernel, {})

    def execute(
        self,
        source: nbformat.NotebookNode | Path | str,
        *,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
        seconds: int = 120,
        allow_errors: bool = False,
    ) -> nbformat.NotebookNode:
        """Run every cell in `folder` (else a new one) and return the notebook with its outputs, widget state included.

        The executed copy is written to that folder too.
        """
        folder = folder or self.places.fresh("run")
        if isinstance(source, str | Path):
            node = nbformat.read(source, as_version=4)
            name = Path(source).name
        else:
            node = nbformat.from_dict(source)
            name = "notebook.ipynb"
        client = NotebookClient(
            node,
            config=without_ports(),
            kernel_name=self._name,
            timeout=seconds,
            allow_errors=allow_errors,
            resources={"metadata": {"path": str(folder)}},
        )
        try:
            client.execute(env=clean_environment(self.places, env))
        finally:
            nbformat.write(node, folder / name)
        return node

    def export_html(self, node: nbformat.NotebookNode, **options: Any) -> str:
        """The HTML page that ``jupyter nbconvert --to html`` makes of the notebook; a copy is kept."""
        html, _ = HTMLExporter(**options).from_notebook_node(node)
        (self.places.fresh("export") / "notebook.html").write_text(html, encoding="utf-8")
        return html
