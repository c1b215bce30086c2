"""What runs a notebook without a screen, as it is installed today: papermill, `jupyter execute`, Jupyter Book 1."""

import re
import subprocess
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from artifacts import Places
from kernels import Runner, notebook
from processes import clean_environment
from ran_in import versions

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[1]
CELLS = (
    "import fox_nb\nfox = fox_nb.Fox()",
    'task = fox.generate("one fox")\ntask',
    'fox.panel("phota-image")',
    'fox_nb.compare([task, fox.generate("two foxes")])',
)
VIEW = "application/vnd.jupyter.widget-view+json"
BOOK = {
    "_config.yml": "title: Foxes\nexecute: {execute_notebooks: force, allow_errors: false, timeout: 300}\nsphinx: {config: {suppress_warnings: ['mystnb.*']}}\n",
    "_toc.yml": "{format: jb-book, root: notebook}\n",
}


@pytest.fixture(scope="module")
def installed(artifacts: Places) -> Path:
    """A Python that has them; all else comes from the environment that runs the tests."""
    folder = artifacts.fresh("runners", private=True)
    venv.create(folder, with_pip=True, symlinks=True)
    own = next(folder.glob("lib/python*/site-packages"))
    wanted = ["papermill", "jupyter-book<2"]
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *wanted], check=True, timeout=1200)
    (own / "all-else.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    return folder / "bin" / "python"


@pytest.fixture
def run(
    installed: Path, artifacts: Places, own_sandbox: dict[str, str], ran: Callable[[str], None]
) -> Callable[..., Path]:
    """Runs a program of theirs in a folder with the notebook, and returns the folder."""
    folder = artifacts.fresh("runners")
    nbformat.write(notebook(*CELLS), folder / "notebook.ipynb")
    for name, text in BOOK.items():
        (folder / name).write_text(text, encoding="utf-8")
    env = clean_environment(artifacts, {**own_sandbox, "FOX_NB_WAIT": "1"})

    def call(distribution: str, program: str, *arguments: str) -> Path:
        ran(f"{program} ({versions(installed, distribution)})")
        name, *options = program.split()
        command = [installed.with_name(name), *options, *arguments]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=900)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return folder

    return call


def is_complete(page: str) -> None:
    """The pictures and a card for the panel are in the page, and no place that only a kernel or a CDN could fill."""
    assert len(re.findall(r"<img[^>]+src=\"data:image/", page)) >= 3
    assert "one fox" in page
    assert "Run this cell" in page
    assert "VBox(" not in page


@pytest.mark.parametrize(
    ("distribution", "program", "arguments"),
    [
        ("papermill", "papermill", ["notebook.ipynb", "notebook.ipynb"]),
        ("nbclient", "jupyter execute", ["--inplace", "notebook.ipynb"]),
    ],
)
def test_what_runs_notebooks(
    distribution: str, program: str, arguments: list[str], run: Callable[..., Path], runner: Runner
) -> None:
    """With `FOX_NB_WAIT=1` the notebook that comes out, and its page, have the pictures, and a card where a panel was."""
    folder = run(distribution, program, *arguments)
    node = nbformat.read(folder / "notebook.ipynb", as_version=4)
    outputs = [output for cell in node.cells for output in cell.outputs]
    assert [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"] == []
    assert [output for output in outputs if VIEW in output.get("data", {})] == []
    is_complete(runner.export_html(node))


def test_jupyter_book(run: Callable[..., Path]) -> None:
    """With `FOX_NB_WAIT=1` a book that runs the notebook has the pictures in its page, and a card where a panel was."""
    folder = run("jupyter-book", "jupyter-book build", "--quiet", ".")
    page = (folder / "_build" / "html" / "notebook.html").read_text(encoding="utf-8")
    is_complete(page)
    assert VIEW not in page
