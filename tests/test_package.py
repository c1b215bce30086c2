"""The package as people get it: what the wheel holds and says, that it works without the checkout, what importing costs."""

import email
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder

import fox_nb

ROOT = Path(__file__).parents[1]
PRIVATE = {"fox_runs", ".ipynb_checkpoints", "__pycache__"}
HEAVY = (
    "anywidget",
    "IPython",
    "ipyplot",
    "ipywidgets",
    "jsonschema",
    "nest_asyncio",
    "numpy",
    "pandas",
    "PIL",
    "tornado",
)

LATE = (
    "fox_nb.client",
    "fox_nb.panels.level",
    "fox_nb.tasks",
    "numpy",
    "PIL",
    "pydantic",
    "requests",
    "statistics",
    "urllib3",
)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the wheel is built from, in which somebody has run a lesson."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, folder)
    for name in ("fox_nb", "notebooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*PRIVATE))
    for private in (folder / "notebooks" / name for name in PRIVATE):
        private.mkdir()
        (private / "a face.png").write_bytes(b"nobody's business")
    return folder


@pytest.fixture(scope="session")
def wheel(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the backend that is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(project)]
    built = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's contents as pip lays them out, and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", str(folder), str(wheel)], check=True, timeout=240)
    return folder


def run_python(code: str, cwd: Path, *, path: Path | None = None) -> str:
    """What a Python of its own prints; with `path` it takes fox_nb from there."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FOX"))}
    if path is not None:
        env["PYTHONPATH"] = str(path)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_package_and_the_lessons(wheel: Path, project: Path) -> None:
    """Every file of both is in it (scripts, styles, the OpenAPI document, the typing mark), and nothing that a lesson made."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    shipped = [path for folder in ("fox_nb", "notebooks") for path in (project / folder).rglob("*") if path.is_file()]
    expected = {path.relative_to(project).as_posix() for path in shipped if not PRIVATE.intersection(path.parts)}
    assert names == {name.replace("notebooks/", "fox_nb/notebooks/", 1) for name in expected}
    assert {Path(name).suffix for name in names} >= {".py", ".js", ".css", ".json", ".typed", ".ipynb"}


def test_the_metadata_says_what_the_project_says(wheel: Path) -> None:
    """Version, authors, extras, command and licence arrive in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        about = {Path(name).name: name for name in archive.namelist() if ".dist-info/" in name}
        metadata = email.message_from_bytes(archive.read(about["METADATA"]))
        commands = archive.read(about["entry_points.txt"]).decode()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert metadata["Version"] == fox_nb.__version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert (
        set(metadata.get_all("Provides-Extra", []))
        == set(project["optional-dependencies"])
        == {"metrics", "lab", "test", "long", "class", "docs", "parquet"}
    )
    assert metadata["License-Expression"] == "MIT AND BSD-3-Clause"
    assert metadata["Author"] in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert {"LICENSE", "LICENSE-lit-html"} <= set(about)
    assert "fox-nb = fox_nb.cli:main" in commands


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="only git knows what is tracked")
def test_the_source_package_is_the_whole_repository() -> None:
    """What `make check` and `make test` call and read is in it, every file that git has, and nothing else."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=240
    )
    inside = {file.distribution_path for file in SdistBuilder(str(ROOT)).recurse_included_files()}
    assert inside | {".gitignore", "pyproject.toml"} >= {
        *filter(None, listed.stdout.split("\0"))
    }  # these are always put in
    assert [name for name in inside if PRIVATE.union({".venv", "node_modules"}).intersection(Path(name).parts)] == []


def test_the_changelog_knows_the_version() -> None:
    """The newest entry of the changelog is this version, or what comes after it."""
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert fox_nb.__version__ in headings[:2]


def test_the_wheel_makes_a_picture(installed: Path, tmp_path: Path) -> None:
    """Away from the checkout, the installed package makes its whole way: sandbox, request, picture on disk."""
    code = """
import json, fox_nb
from fox_nb.sandbox import Sandbox
with Sandbox(speed=1000) as sandbox:
    fox = fox_nb.Fox(api_key=sandbox.key, base_url=sandbox.base_url, store="runs")
    task = fox.generate("a fox in the snow").wait(timeout=60)
    print(json.dumps([fox_nb.__file__, fox_nb.__version__, task.status, task.images[0].path.stat().st_size]))
"""
    where, version, status, size = json.loads(run_python(code, tmp_path, path=installed).splitlines()[-1])
    assert Path(where).is_relative_to(installed)
    assert (version, status) == (fox_nb.__version__, "completed")
    assert size > 10_000


def test_every_public_name_is_there() -> None:
    """What the face lists can be had from it."""
    assert [name for name in fox_nb.__all__ if not hasattr(fox_nb, name)] == []


def test_importing_costs_next_to_nothing(tmp_path: Path) -> None:
    """`import fox_nb` loads the package's face and its errors, and no package but the standard library."""
    code = "import sys, json; before = set(sys.modules); import fox_nb; print(json.dumps(sorted(set(sys.modules) - before)))"
    new = json.loads(run_python(code, tmp_path))
    assert [name for name in new if name.split(".")[0] not in {*sys.stdlib_module_names, "fox_nb"}] == []
    assert [name for name in new if name.startswith("fox_nb.")] == ["fox_nb.errors"]


def test_a_first_panel_loads_what_is_seen_of_it(tmp_path: Path) -> None:
    """Without a key, a panel is shown before anything is loaded that checks, sends or opens pictures; the first request does."""
    code = f"""
import os, sys; os.environ["FOX_NB_SANDBOX_DIR"] = {str(tmp_path / "sandbox")!r}
import fox_nb
from fox_nb.sandbox import process
fox = fox_nb.Fox()
fox.panel("phota-image")._repr_mimebundle_()
late = {LATE}
print([name for name in late if name in sys.modules])
fox.session.validated("phota-image", dict(prompt="a fox"))
print([name for name in late if name in sys.modules])
process.connect(); process.stop()
"""
    *_, shown, checked = run_python(code, tmp_path).splitlines()
    assert (shown, checked) == ("[]", "['pydantic']")


def test_a_fox_loads_nothing_heavy(tmp_path: Path) -> None:
    """Making a `Fox` with a key needs pydantic and sqlite3; pictures, widgets and tables are loaded when they are used."""
    code = (
        "import sys, fox_nb; fox_nb.Fox(api_key='a-key', base_url='http://127.0.0.1:9', store='runs');"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert run_python(code, tmp_path).splitlines()[-1] == "[]"
