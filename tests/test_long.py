"""What takes too long for every day: thirty kernels on one sandbox, and the browser's tests with other ipykernels."""

import asyncio
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from artifacts import Places
from lessons import outputs
from processes import left_running
from ran_in import versions
from servers import KERNEL_PYTHON

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

ROOT = Path(__file__).parents[1]
KERNELS = 30
IPYKERNELS = ("6.30.*", "7.3.*", "")
"""What JupyterLab's users have; '' is the newest."""


def test_thirty_kernels_run_the_first_lesson_at_once(own_sandbox: dict[str, str], artifacts: Places) -> None:
    """A class presses 'Restart and Run All' together: one sandbox serves all thirty, and every lesson ends with its pictures."""
    lesson = outputs.LESSONS[0]

    async def one() -> nbformat.NotebookNode:
        node = nbformat.read(lesson, as_version=4)
        folder = artifacts.fresh("student")
        client = NotebookClient(
            node, kernel_name="python3", timeout=900, startup_timeout=600, resources={"metadata": {"path": str(folder)}}
        )
        await client.async_execute(env=own_sandbox)
        assert len(list((folder / "fox_runs" / "pictures").glob("*.*"))) >= 2
        return node

    async def everybody() -> list[nbformat.NotebookNode]:
        return await asyncio.gather(*(one() for _ in range(KERNELS)))

    nodes = asyncio.run(everybody())
    every = [output for node in nodes for cell in node.cells for output in cell.get("outputs", [])]
    assert [output for output in every if output.output_type == "error" or output.get("name") == "stderr"] == []
    servers = [process for process in left_running(artifacts) if "--background" in process.cmdline()]
    mine = [server for server in servers if server.environ()["FOX_NB_SANDBOX_DIR"] == own_sandbox["FOX_NB_SANDBOX_DIR"]]
    assert len(mine) == 1


def run_browser_tests(folder: Path, wanted: list[str], ran: Callable[[str], None]) -> None:
    """Run the browser's tests with kernels, and front ends, of another version of something."""
    venv.create(folder, with_pip=True, symlinks=True)
    python = folder / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--upgrade", *wanted], check=True, timeout=1200)
    ran(versions(python, wanted[-1].partition("==")[0]))
    # All else comes from the environment that runs the tests; what was installed here comes before it.
    own = next(folder.glob("lib/python*/site-packages"))
    (own / "all-else.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/browser", "-q", "-p", "no:xdist"],
        cwd=ROOT,
        env={**os.environ, KERNEL_PYTHON: str(python)},
        capture_output=True,
        text=True,
        check=False,
        timeout=3000,
    )
    assert done.returncode == 0, done.stdout[-5000:]


@pytest.mark.parametrize("version", IPYKERNELS, ids=lambda version: version or "newest")
def test_the_browser_tests_with_other_ipykernels(version: str, artifacts: Places, ran: Callable[[str], None]) -> None:
    """The browser's tests pass with kernels of other ipykernels, in the same JupyterLab, Notebook 7 and Voila."""
    wanted = f"ipykernel=={version}" if version else "ipykernel"
    run_browser_tests(artifacts.fresh("ipykernel", private=True), [wanted], ran)


def test_the_browser_tests_with_the_oldest_anywidget(artifacts: Places, ran: Callable[[str], None]) -> None:
    """The oldest anywidget that pyproject.toml allows will do, in the kernel and as what Jupyter shows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (oldest,) = (name.replace(">=", "==") for name in project["dependencies"] if name.startswith("anywidget"))
    run_browser_tests(artifacts.fresh("anywidget", private=True), ["--no-deps", oldest], ran)
