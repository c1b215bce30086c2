"""Other Pythons: all of the suite that needs no browser, in fresh environments."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import ran_in
from artifacts import Places

pytestmark = [pytest.mark.long, pytest.mark.timeout(10800)]

ROOT = Path(__file__).parents[1]
WORKERS = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
"""By one alone three such suites, one after the other, take longer than all else of `make long`."""
WHOLE = ["-m", "not long and not browser", "--ignore=browser"]
OF_THE_SET_UP = [f"--ignore={name}" for name in ("test_binder.py", "test_package.py", "test_setup.py")]
"""What tries the checkout and the tools that set it up, and not what runs in there."""
PINS = ["--constraint", "binder/constraints.txt"]
LOWEST = ["--resolution", "lowest-direct", "chardet==5.*"]
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
def test_the_suite_without_a_browser(
    version: str, choice: list[str], words: str, artifacts: Places, ran: Callable[[str], None]
) -> None:
    """The suite passes but for the browser's tests and those of the set-up, warnings being errors."""
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
        [python, "-W", "error", "-m", "pytest", *WORKERS, "-p", "no:cacheprovider", *WHOLE, *OF_THE_SET_UP],
        cwd=ROOT / "tests",
        env={name: value for name, value in os.environ.items() if name not in {ran_in.TABLE, "PYTEST_XDIST_WORKER"}},
        capture_output=True,
        text=True,
        check=False,
        timeout=9000,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
