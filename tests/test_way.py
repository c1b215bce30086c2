"""The way of a prompt from the call to the wire stays one that can be read from top to bottom."""

import re
import subprocess
import sys
from pathlib import Path

import way


def test_a_prompt_goes_a_short_way(own_sandbox: dict[str, str], tmp_path: Path) -> None:
    """From `fox.generate(…)` to the creation on the wire it goes through ten files at most, and changes file 25 times."""
    done = subprocess.run(
        [sys.executable, way.__file__],
        env=own_sandbox,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    found = re.match(r"(\d+) calls, (\d+) files, (\d+) changes", done.stdout)
    assert found, done.stderr
    _, files, changes = map(int, found.groups())
    assert files <= 10, done.stdout
    assert changes <= 25, done.stdout
