"""Lessons: where the notebooks are, opened in JupyterLab or run without a screen."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import fox_nb
from fox_nb import local
from fox_nb.display.places import WAIT_VARIABLE
from fox_nb.errors import ExtraMissing, FoxError
from fox_nb.images.inline import size_words
from fox_nb.money import MICRO_PER_USD, dollars
from fox_nb.sandbox import process
from fox_nb.sandbox.daemon import start_lightly
from fox_nb.settings import BASE_URL_VARIABLE, KEY_VARIABLE, SANDBOX
from fox_nb.store import Store

FIRST = "01-first-pictures.ipynb"
DEMO_SPEED = 100.0
"""Of the sandbox while a lesson runs without a screen: nobody wants to see that a picture takes its time."""
_PACKAGE = Path(fox_nb.__file__).parent
_INSTALL = 'Run `pip install "fox_nb[lab]"`.'


def shipped() -> Path:
    """Return the folder of the lessons that came with this package: in the wheel, or beside it in a checkout."""
    for folder in (_PACKAGE / "notebooks", _PACKAGE.parent / "notebooks"):
        if (folder / FIRST).exists():
            return folder
    raise FoxError("The lessons are not in this installation.", todo="Install fox_nb again.")


def working_copy(folder: Path | None) -> Path:
    """Return a folder with the lessons that a person may change; what is there already is left as it is."""
    checkout = _PACKAGE.parent / "notebooks"
    if folder is None and (checkout / FIRST).exists():
        return checkout
    target = (folder or Path("fox_lessons")).absolute()
    source = shipped()
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_file() and not place.exists() and not _is_private(path.relative_to(source)):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    return target


def open_lab(folder: Path | None, *, port: int, browser: bool, service: bool) -> int:
    """Open JupyterLab on the first lesson and stay until it ends.

    Parameters
    ----------
    folder : Path or None
        Where the lessons are or are to be copied to; in a checkout its own notebooks.
    port : int
        The port to try first.
    browser : bool
        False prints the address and opens nothing.
    service : bool
        True keeps the key that is set; otherwise everything runs on the sandbox.
    """
    _need("jupyterlab")
    root = working_copy(folder)
    environment = dict(os.environ) if service else _without_key()
    if not service:
        local.start()
        print(f"fox-nb lab: {root}, on the sandbox (drawn pictures, play money).", flush=True)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}", f"--port={port}"]
    command += [f"--LabApp.default_url=/lab/tree/{FIRST}"]
    command += ["--no-browser"] * (not browser) + ["--allow-root"] * _is_root()
    with tempfile.TemporaryDirectory(prefix="fox_nb-lab-") as config:
        ask_no_question(config)
        known = os.environ.get("JUPYTER_CONFIG_PATH", "")
        return _run_lab(command, {**environment, "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, [config, known]))})


def ask_no_question(config: str | Path) -> None:
    """Keep JupyterLab's question about news from covering the first lesson; a setting of the person's own still holds.

    Parameters
    ----------
    config : str or Path
        One of Jupyter's folders for configuration.
    """
    folder = Path(config) / "labconfig"
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    (folder / "default_setting_overrides.json").write_text(json.dumps(settings), encoding="utf-8")


def _run_lab(command: list[str], environment: dict[str, str]) -> int:
    """Run JupyterLab until it ends: Ctrl-C reaches it, too, and there it asks; a termination is handed on."""
    with subprocess.Popen(command, env=environment) as lab:  # noqa: S603 - our own interpreter, no shell
        before = signal.signal(signal.SIGTERM, lambda *_: lab.terminate())
        try:
            while True:
                with contextlib.suppress(KeyboardInterrupt):
                    return lab.wait()
        finally:  # a process that is forked from this one later could not be terminated
            signal.signal(signal.SIGTERM, before)


def demo(folder: Path) -> int:
    """Run the first lesson on the sandbox without a screen, write it as HTML, and say what was made."""
    _need("nbconvert")
    start_lightly()
    local.start()  # it comes up while this process loads what it needs
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbconvert import HTMLExporter

    started = time.monotonic()
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    notebook = _read(shipped() / FIRST)
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        # Else ipykernel warns on the terminal that it talks over TCP, as every Jupyter's kernels do.
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    try:
        with process.hurried(DEMO_SPEED):
            client.execute(env={**_without_key(), WAIT_VARIABLE: "1"})
    except CellExecutionError as error:
        raise FoxError(f"The lesson met with an error: {error}", todo="Run `fox-nb doctor`.") from None
    body, _ = HTMLExporter(mathjax_url="", require_js_url="").from_notebook_node(notebook)  # which CDNs have
    page = folder / FIRST.replace(".ipynb", ".html")
    page.write_text(body, encoding="utf-8")
    with contextlib.closing(Store(folder / "fox_runs")) as store:
        _report(store, page, time.monotonic() - started)
    return 0


def _report(store: Store, page: Path, seconds: float) -> None:
    """Say what the lesson has made: on the sandbox, whatever key is set here."""
    made = [picture for row in store.journal.tasks(SANDBOX) for picture in row.pictures]
    spent = dollars(store.journal.spent(SANDBOX, SANDBOX) / MICRO_PER_USD, play=True)
    print(f"The lesson as a page:  {page}")
    print(f"Its pictures:          {store.pictures}")
    for picture in made:
        print(f"  {size_words(picture.width, picture.height)}  {Path(picture.file).name}")
    print(f"{len(made)} picture{'s' * (len(made) != 1)}, {spent} in all, {seconds:.1f} s.")


def _read(path: Path) -> Any:
    import nbformat

    return nbformat.read(path, as_version=4)


def _without_key() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in {KEY_VARIABLE, BASE_URL_VARIABLE}}


def _need(module: str) -> None:
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise ExtraMissing(f"This needs {module}, which is not installed here.", todo=_INSTALL)


def _is_private(path: Path) -> bool:
    return any(part in {"fox_runs", "fox_demo", "visitors", ".ipynb_checkpoints"} for part in path.parts)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
