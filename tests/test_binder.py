"""Binder: repo2docker accepts the repository, and what it would run is what this project means to be run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BINDER = ROOT / "binder"


@pytest.fixture(scope="module")
def dockerfile() -> str:
    """What repo2docker would build from the repository; it needs no Docker to say so."""
    command = [
        sys.executable,
        "-m",
        "repo2docker",
        "--no-build",
        "--debug",
        "--user-id",
        "1000",
        "--user-name",
        "jovyan",
    ]
    done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_dockerfile_installs_the_pins(dockerfile: str) -> None:
    """The image has Python 3.11, the package in the versions that the suite passed with, and the steps of `binder/`."""
    assert "python=3.11" in dockerfile
    assert 'pip install --no-cache-dir -r "binder/requirements.txt"' in dockerfile
    assert "RUN ./binder/postBuild" in dockerfile
    assert "binder/start" in re.findall(r"R2D_ENTRYPOINT=(.+)", dockerfile)[0]
    wanted = (BINDER / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert "-c constraints.txt" in wanted
    assert ".[lab]" in wanted


def test_the_steps_can_be_run() -> None:
    """What Binder executes is executable and sound shell; `start` hands over to Jupyter in any case."""
    for step in ("postBuild", "start"):
        assert os.access(BINDER / step, os.X_OK)
        subprocess.run(["bash", "-n", str(BINDER / step)], check=True, timeout=240)
    assert (BINDER / "start").read_text(encoding="utf-8").rstrip().endswith('exec "$@"')


def test_every_pin_is_plain() -> None:
    """A pin names a release: no path of a machine, no address, no range."""
    pins = (BINDER / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [pin for pin in pins if not pin.startswith("#") and not re.fullmatch(r"[\w.-]+==[\w.+!]+", pin)] == []
