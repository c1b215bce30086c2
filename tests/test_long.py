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
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from artifacts import MARKED_KEY, Places
from classroom.room import Classroom
from counts import Count
from fox_nb.client import Client
from fox_nb.money import MICRO_PER_USD
from kernels import without_ports
from lessons import outputs
from processes import clean_environment, command_of, left_running
from ran_in import versions
from servers import KERNEL_PYTHON, KNOCKS

pytestmark = [pytest.mark.long, pytest.mark.timeout(5400)]

ROOT = Path(__file__).parents[1]
KERNELS = 30
THIRTY = f"{KERNELS} kernels at once ({versions(Path(sys.executable), 'ipykernel')})"
ROUNDS = 200
"""So often is typed and pressed in each kernel."""
IPYKERNELS = ("6.30.*", "7.3.*", "")
"""What JupyterLab's users have; '' is the newest."""


def run_lesson(artifacts: Places, kernels: list[dict[str, str]]) -> None:
    """Run the first lesson in a kernel for each of these environments, all at once; each ends with its pictures."""

    async def one(env: dict[str, str]) -> nbformat.NotebookNode:
        node = nbformat.read(outputs.LESSONS[0], as_version=4)
        folder = artifacts.fresh("student")
        client = NotebookClient(
            node,
            config=without_ports(),
            kernel_name="python3",
            timeout=900,
            startup_timeout=600,
            resources={"metadata": {"path": str(folder)}},
        )
        await client.async_execute(env=env)
        assert len(list((folder / "fox_runs" / "pictures").glob("*.*"))) >= 2
        return node

    async def everybody() -> list[nbformat.NotebookNode]:
        return await asyncio.gather(*(one(env) for env in kernels))

    nodes = asyncio.run(everybody())
    every = [output for node in nodes for cell in node.cells for output in cell.get("outputs", [])]
    assert [output for output in every if output.output_type == "error" or output.get("name") == "stderr"] == []


@pytest.mark.parametrize("options", [(), ("--no-share",)])
def test_thirty_kernels_run_one_lesson_through_a_relay(
    sandbox: Any, artifacts: Places, count: Count, options: tuple[str, ...], ran: Callable[[str], None]
) -> None:
    """The creations of thirty seats' kernels are those of one student, or of each with --no-share; every cent adds up."""
    ran(THIRTY)
    room = Classroom(artifacts, sandbox.base_url)
    names = [f"Student {number}" for number in range(KERNELS)]
    try:
        room.seat(*names, "Alone")
        room.start(*options)
        kernels = [clean_environment(artifacts, kernel_of(room, name)) for name in [*names, "Alone"]]
        run_lesson(artifacts, kernels[-1:])
        of_one, cents_of_one = len(sandbox.creations), room.seats.spent()
        run_lesson(artifacts, kernels[:-1])
        times = KERNELS + 1 if options else 1
        count("thirty kernels through a relay", *(options or ["shared"]), of_one=of_one, of_all=len(sandbox.creations))
        assert len(sandbox.creations) == of_one * times > 0
        spent = [room.seats.spent(name) for name in names]
        assert spent == [cents_of_one if options else 0] * KERNELS
        with Client(sandbox.base_url, MARKED_KEY) as gateway:
            assert room.seats.spent() == round(gateway.balance().used_usd * MICRO_PER_USD) == cents_of_one * times
    finally:
        room.stop()


def kernel_of(room: Classroom, name: str) -> dict[str, str]:
    """What is set in a student's kernel, and all that is."""
    return {"FOXAPI_BASE_URL": room.url, "FOXAPI_KEY": room.tokens[name]}


def test_thirty_kernels_run_the_first_lesson_at_once(
    own_sandbox: dict[str, str], artifacts: Places, ran: Callable[[str], None]
) -> None:
    """A class presses 'Restart and Run All' together: one sandbox serves all thirty, and every lesson ends with its pictures."""
    ran(THIRTY)
    run_lesson(artifacts, [own_sandbox] * KERNELS)
    servers = [process for process in left_running(artifacts) if "--background" in command_of(process)]
    mine = [server for server in servers if server.environ()["FOX_NB_SANDBOX_DIR"] == own_sandbox["FOX_NB_SANDBOX_DIR"]]
    assert len(mine) == 1


def run_browser_tests(folder: Path, wanted: list[str], ran: Callable[[str], None], *, knocks: bool = False) -> None:
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
        env={**os.environ, KERNEL_PYTHON: str(python), "FOX_NB_ROUNDS": str(ROUNDS), KNOCKS: "1" if knocks else ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=4800,
    )
    assert done.returncode == 0, done.stdout[-5000:]


@pytest.mark.parametrize("version", IPYKERNELS, ids=lambda version: version or "newest")
def test_the_browser_tests_with_other_ipykernels(version: str, artifacts: Places, ran: Callable[[str], None]) -> None:
    """The browser's tests pass with kernels of other ipykernels, in the same JupyterLab, Notebook 7 and Voila."""
    wanted = f"ipykernel=={version}" if version else "ipykernel"
    run_browser_tests(artifacts.fresh("ipykernel", private=True), [wanted], ran, knocks=version.startswith("7.3"))


def test_the_browser_tests_with_the_oldest_anywidget(artifacts: Places, ran: Callable[[str], None]) -> None:
    """The oldest anywidget that pyproject.toml allows will do, in the kernel and as what Jupyter shows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (oldest,) = (name.replace(">=", "==") for name in project["dependencies"] if name.startswith("anywidget"))
    run_browser_tests(artifacts.fresh("anywidget", private=True), ["--no-deps", oldest], ran)
