"""What takes too long for every day: thirty kernels at once, Binder's steps in a clean environment, other ipykernels."""

import asyncio
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import sync_playwright

from artifacts import Places
from lab import FLAGS, Lab
from lessons import outputs
from processes import clean_environment, until
from servers import KERNEL_PYTHON, JupyterServer

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

ROOT = Path(__file__).parents[1]
KERNELS = 30
IPYKERNELS = ("6.30.*", "7.3.*", "")
"""What JupyterLab's users have; '' is the newest."""


@pytest.fixture
def own_sandbox(artifacts: Places, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Where a sandbox of this test's own stands; it ends with the test."""
    from fox_nb.sandbox import process

    own = {"FOX_NB_RUNTIME_DIR": artifacts.fresh("rt", private=True), "FOX_NB_SANDBOX_DIR": artifacts.fresh("sandbox")}
    for name, folder in own.items():
        monkeypatch.setenv(name, str(folder))
    yield {name: str(folder) for name, folder in own.items()}
    process.stop()


def test_thirty_kernels_run_the_first_lesson_at_once(own_sandbox: dict[str, str], artifacts: Places) -> None:
    """A class presses 'Restart and Run All' together: one sandbox serves all thirty, and every lesson ends with its pictures."""
    lesson = outputs.LESSONS[0]
    env = clean_environment(artifacts, own_sandbox)

    async def one() -> nbformat.NotebookNode:
        node = nbformat.read(lesson, as_version=4)
        folder = artifacts.fresh("student")
        client = NotebookClient(
            node, kernel_name="python3", timeout=900, startup_timeout=600, resources={"metadata": {"path": str(folder)}}
        )
        await client.async_execute(env=env)
        assert len(list((folder / "fox_runs" / "pictures").glob("*.*"))) >= 2
        return node

    async def everybody() -> list[nbformat.NotebookNode]:
        return await asyncio.gather(*(one() for _ in range(KERNELS)))

    nodes = asyncio.run(everybody())
    every = [output for node in nodes for cell in node.cells for output in cell.get("outputs", [])]
    assert [output for output in every if output.output_type == "error" or output.get("name") == "stderr"] == []
    addresses = list(Path(own_sandbox["FOX_NB_RUNTIME_DIR"]).glob("sandbox-*.json"))
    assert len(addresses) == 1


@pytest.fixture(scope="module")
def checkout(artifacts: Places) -> Path:
    """The repository as Binder clones it."""
    target = artifacts.fresh("binder") / "repository"
    ignored = shutil.ignore_patterns(".venv", ".git", "node_modules", "fox_runs", "__pycache__", "*.egg-info")
    shutil.copytree(ROOT, target, ignore=ignored)
    return target


@pytest.fixture(scope="module")
def binder(checkout: Path, artifacts: Places) -> Path:
    """The Python of a clean environment in which the steps of Binder's Dockerfile were run: install, then postBuild."""
    folder = artifacts.fresh("binder-env", private=True)
    venv.create(folder, with_pip=True, symlinks=True)
    python = folder / "bin" / "python"
    env = {**clean_environment(artifacts), "PATH": os.pathsep.join([str(python.parent), os.environ["PATH"]])}
    steps = (
        [str(python), "-m", "pip", "install", "--quiet", "--no-cache-dir", "-r", "binder/requirements.txt"],
        ["./binder/postBuild"],
    )
    for step in steps:
        done = subprocess.run(step, cwd=checkout, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return python


def test_binder_opens_the_lesson(
    binder: Path, checkout: Path, own_sandbox: dict[str, str], artifacts: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Binder's environment `start` brings the sandbox up before Jupyter, and the first lesson runs in its JupyterLab."""
    from fox_nb.sandbox import process

    monkeypatch.setattr(sys, "executable", str(binder))
    env = {**clean_environment(artifacts, own_sandbox), "BINDER_LAUNCH_HOST": "https://mybinder.org/"}
    subprocess.run(["./binder/start", "true"], cwd=checkout, env=env, check=True, capture_output=True)
    until(process.find, "the sandbox that start has started")
    with JupyterServer(artifacts) as server, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        server.forget_settings()
        lab = Lab(chromium.new_context(), server)
        page = lab.open(checkout / "notebooks" / "01-first-pictures.ipynb", env=own_sandbox)
        page.run_all(seconds=300)
        assert page.errors() == []
        page.page.get_by_role("textbox", name="Prompt").wait_for()
        lab.close()
        chromium.close()


@pytest.mark.parametrize("version", IPYKERNELS, ids=lambda version: version or "newest")
def test_the_main_job_with_other_ipykernels(version: str, artifacts: Places) -> None:
    """The browser's tests of the main job pass with kernels of other ipykernels, in the same JupyterLab."""
    folder = artifacts.fresh("ipykernel", private=True)
    venv.create(folder, with_pip=True, symlinks=True)
    python = folder / "bin" / "python"
    wanted = f"ipykernel=={version}" if version else "ipykernel"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--upgrade", wanted], check=True)
    # All else comes from the environment that runs the tests; what was installed here comes before it.
    own = next(folder.glob("lib/python*/site-packages"))
    (own / "all-else.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/browser/test_main_job.py", "-q", "-p", "no:xdist"],
        cwd=ROOT,
        env={**os.environ, KERNEL_PYTHON: str(python)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
