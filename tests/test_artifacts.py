"""The search for the marked key finds it however it is written; otherwise its silence would say nothing."""

import base64
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from artifacts import MARKED_KEY, search


@pytest.mark.parametrize("offset", range(3))
@pytest.mark.parametrize(
    "write",
    [
        lambda before: before + MARKED_KEY.encode() + b"after",
        lambda before: base64.b64encode(before + MARKED_KEY.encode() + b"after"),
        lambda before: base64.urlsafe_b64encode(before + MARKED_KEY.encode()),
        lambda before: before + MARKED_KEY.encode("utf-16-le"),
        lambda before: before + MARKED_KEY.encode().hex().encode(),
    ],
    ids=["plain", "base64", "base64url", "utf-16", "hex"],
)
def test_a_planted_key_is_found(tmp_path: Path, write, offset: int) -> None:
    """In any encoding that a notebook, a URL or a database might give it, at any offset."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file.bin").write_bytes(write(b"\x00" * offset))
    (tmp_path / "other.txt").write_text("nothing here")
    found = search(tmp_path, MARKED_KEY)
    assert (found.files, len(found.found_in)) == (2, 1)
    assert "file.bin" in found.found_in[0]


def test_a_key_in_an_archive_or_a_name_is_found(tmp_path: Path) -> None:
    """Packed members are read, and file names count."""
    with zipfile.ZipFile(tmp_path / "lesson.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep/notes.txt", "x" * 1000 + MARKED_KEY)
    (tmp_path / f"{MARKED_KEY}.txt").touch()
    assert len(search(tmp_path, MARKED_KEY).found_in) == 2


def test_a_clean_folder_says_how_much_was_read(tmp_path: Path) -> None:
    """The line at the end of a run counts files and bytes."""
    (tmp_path / "one.txt").write_text("twelve bytes")
    assert str(search(tmp_path, MARKED_KEY)) == "searched 1 files, 12 bytes: key found 0 times"


LEAKS = f"""
import subprocess, sys
def test_prints(): print({MARKED_KEY!r}, file=sys.stderr)
def test_saves(artifacts): (artifacts.fresh("saved") / "notebook.ipynb").write_text({MARKED_KEY!r})
def test_leaves(): subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
"""
CLEAN = "def test_saves(artifacts): (artifacts.fresh('saved') / 'notebook.ipynb').write_text('pictures')"


def run_suite(folder: Path, tests: str) -> tuple[int, str]:
    """Run `tests` in two workers under this suite's own fixtures; the exit status and what was said."""
    here = Path(__file__).parent
    shutil.copy(here / "conftest.py", folder / "conftest.py")
    with (folder / "conftest.py").open("a") as conftest:
        conftest.write("\nEndOfRun.grace = 0.5\n")
    (folder / "test_planted.py").write_text(tests)
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {here}\naddopts = --import-mode=importlib -n 2\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    env |= {
        "TMPDIR": str(folder),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }  # plugins cost seconds to load, in each process
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "--basetemp", str(folder / "temp")]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=240)
    return done.returncode, done.stdout + done.stderr


def test_a_run_that_leaks_fails(tmp_path: Path) -> None:
    """Tests that pass one by one fail the run when the key was printed or saved, or when a process is left."""
    status, said = run_suite(tmp_path, LEAKS)
    assert "3 passed" in said, said
    assert status == 1
    assert "key found 2 times" in said
    assert "captured.log" in said
    assert "notebook.ipynb" in said
    assert said.count("left running and now ended") == 1


def test_a_run_that_leaks_nothing_passes(tmp_path: Path) -> None:
    """And says how much was searched; its folders are gone."""
    status, said = run_suite(tmp_path, CLEAN)
    assert status == 0, said
    assert "searched 1 files, 8 bytes: key found 0 times" in said
    assert not list(tmp_path.glob("fox-nb-tests-*"))


COUNTS = """
def test_one(count): count("races", 1, sent=40, most_for_one=1)
def test_other(count): count("races", 2, sent=2, most_for_one=3)
"""


def test_what_tests_counted_is_told_at_the_end(tmp_path: Path) -> None:
    """Whichever worker ran them: a line each, and their sum; of a 'most' the most."""
    _, said = run_suite(tmp_path, COUNTS)
    assert "races 1: sent 40, most for one 1\n" in said
    assert "races, all 2: sent 42, most for one 3\n" in said
