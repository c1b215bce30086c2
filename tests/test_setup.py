"""Set-up: the Makefile makes the environment with uv where that is to be had, and with pip where not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from artifacts import Places
from processes import clean_environment

ROOT = Path(__file__).parents[1]
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "least"
version = "1"
[project.optional-dependencies]
lab = []
"""
BACKEND = """
import zipfile

def build_editable(folder, *_settings):
    with zipfile.ZipFile(f"{folder}/least-1-py3-none-any.whl", "w") as wheel:
        about = "Metadata-Version: 2.1\\nName: least\\nVersion: 1\\nProvides-Extra: lab\\n"
        wheel.writestr("least-1.dist-info/METADATA", about)
        wheel.writestr("least-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: least\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("least-1.dist-info/RECORD", "")
    return "least-1-py3-none-any.whl"
"""
NO_UV = "#!/bin/sh\nexit 2\n"


@pytest.mark.parametrize(
    ("uv", "index", "installer"),
    [
        pytest.param(None, True, "uv", id="from the package index"),
        pytest.param(None, False, "pip", id="not to be had"),
        pytest.param(NO_UV, True, "pip", id="failing"),
    ],
)
def test_uv_sets_up_where_it_is_to_be_had_and_pip_where_not(
    uv: str | None, index: bool, installer: str, tmp_path: Path, artifacts: Places
) -> None:
    """Without uv on PATH it comes from the package index; where that has none, or uv fails, pip does the same work."""
    project, env = least_project(tmp_path, artifacts)
    if uv:
        (tmp_path / "bin" / "uv").write_text(uv)
        (tmp_path / "bin" / "uv").chmod(0o755)
    if not index:
        env["PIP_NO_INDEX"] = "1"
        env.pop("PIP_FIND_LINKS", None)
    command = ["make", ".venv/lab.stamp", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    (told,) = project.glob(".venv/lib/python*/site-packages/least-1.dist-info/INSTALLER")
    assert told.read_text().strip() == installer
    assert ("without uv" in done.stderr) == (installer == "pip"), done.stderr


def least_project(folder: Path, artifacts: Places) -> tuple[Path, dict[str, str]]:
    """A project of nothing with our Makefile and pins, and an environment whose PATH has what make needs, and no uv."""
    project, programs = folder / "project", folder / "bin"
    for place in (project / "binder", programs):
        place.mkdir(parents=True)
    for name in ("Makefile", "binder/constraints.txt"):
        shutil.copy(ROOT / name, project / name)
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "backend.py").write_text(BACKEND)
    for name in ("make", "bash", "sh", "test", "touch", "env", "echo"):
        (programs / name).symlink_to(shutil.which(name))
    home = os.environ.get("HOME", "")  # pip may have to be told there how to reach the package index
    return project, clean_environment(artifacts, {"PATH": str(programs), "HOME": home})
