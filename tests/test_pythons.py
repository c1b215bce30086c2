"""Other Pythons: parts of the suite that need no browser, in fresh environments.

Not the whole suite: the parts that hang on the language and on libraries (HTTP, journal, threads, pictures, HTML, widgets, loops).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from artifacts import Places

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

ROOT = Path(__file__).parents[1]
PARTS = ["client", "store", "images", "render", "display", "panels", "session", "test_models.py", "test_calls.py"]
PINS = ["--constraint", "binder/constraints.txt"]
LOWEST = ["--resolution", "lowest-direct", "chardet<6"]
"""The lowest versions that pyproject.toml allows; the lowest requests doesn't know the chardet that a tool of the tests brings."""


def interpreter(version: str) -> str:
    """A Python of this version: on PATH, or one of pyenv's, whose name on PATH may say no more than that it isn't chosen."""
    of_pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions").glob(f"{version}.*/bin/python")
    for python in filter(None, (shutil.which(f"python{version}"), *map(str, of_pyenv))):
        if subprocess.run([python, "-V"], capture_output=True, check=False, timeout=60).returncode == 0:
            return python
    pytest.fail(f"no Python {version} on PATH or among pyenv's")


@pytest.mark.parametrize(
    ("version", "choice", "words"),
    [
        ("3.12", PINS, "the pinned versions"),
        ("3.13", PINS, "the pinned versions"),
        ("3.11", LOWEST, "the lowest versions of libraries"),
    ],
    ids=["3.12", "3.13", "lowest"],
)
def test_parts_of_the_suite(
    version: str, choice: list[str], words: str, artifacts: Places, ran: Callable[[str], None]
) -> None:
    """Parts of the suite without a browser pass (client, store, images, render, display, panels, session), warnings being errors."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert uv, "no uv: `make` gets it from the package index"
    python = artifacts.fresh("python", private=True) / "venv" / "bin" / "python"
    for command in (
        ["venv", "--python", interpreter(version), python.parents[1]],
        ["pip", "install", "--python", python, *choice, "--editable", ".[test]"],
    ):
        done = subprocess.run([uv, *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=1200)
        assert done.returncode == 0, done.stderr[-2000:]
    said = subprocess.run([python, "-V"], capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    ran(f"{said} with {words}")
    done = subprocess.run(
        [python, "-W", "error", "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", *PARTS],
        cwd=ROOT / "tests",
        capture_output=True,
        text=True,
        check=False,
        timeout=3000,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
