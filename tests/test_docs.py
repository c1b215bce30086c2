"""The docs: every block of code in them runs, every link leads somewhere, and every public name is documented."""

import ast
import inspect
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

import fox_nb
import ran_in
from artifacts import MARKED_KEY, Places
from fox_nb.cli import _parser
from fox_nb.models import Request
from fox_nb.sandbox import Sandbox
from kernels import Runner, notebook
from lessons import outputs
from processes import clean_environment

ROOT = Path(__file__).parents[1]
PAGES = [
    pytest.param(page, id=page.name)
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"^[A-Z_]+=\S+$")
PRELUDE = f"""
import getpass
import fox_nb.fox
from fox_nb.experiments.experiment import Experiment
from fox_nb.settings import Polling
getpass.getpass = lambda *_: {MARKED_KEY!r}
# The sandbox is quick here: what would be waited for are the pauses between two polls, and two creations a second.
fox_nb.fox.SANDBOX_POLLING = Polling(first_looks=tuple(n / 20 for n in range(1, 1200)), at_least=0.05, per_second=200)
for method in (Experiment.__init__, fox_nb.Fox.batch.__wrapped__):
    method.__kwdefaults__["per_second"] = 200.0
"""


def blocks(page: Path, *kinds: str) -> list[str]:
    return [code for kind, code in BLOCK.findall(page.read_text(encoding="utf-8")) if kind in kinds]


@pytest.mark.usefixtures("noise")
@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_python_runs(page: Path, artifacts: Places) -> None:
    """The blocks of a page run from top to bottom, in a folder with the lessons' samples, as they stand."""
    code = blocks(page, "python")
    if not code:
        return
    folder = artifacts.fresh(f"docs-{page.stem}")
    shutil.copytree(ROOT / "notebooks" / "samples", folder / "samples")
    with Sandbox(keys=[MARKED_KEY], speed=500) as sandbox:
        env = clean_environment(artifacts, {"FOXAPI_KEY": MARKED_KEY, "FOXAPI_BASE_URL": sandbox.base_url})
        done = subprocess.run(
            [sys.executable, "-W", "error::UserWarning", "-c", PRELUDE + "\n".join(code)],
            cwd=folder,
            env={**env, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.usefixtures("noise")
@pytest.mark.parametrize("page", PAGES)
def test_every_cell_of_a_notebook_runs(page: Path, runner: Runner, sandbox_env: dict[str, str]) -> None:
    """The blocks that only a notebook understands (`%%fox …`) run in a kernel that has loaded the extension."""
    cells = blocks(page, "ipython")
    if cells:
        runner.execute(notebook("%load_ext fox_nb", *cells), env=sandbox_env)


@pytest.mark.parametrize("page", PAGES)
def test_every_kind_of_block_is_tried(page: Path) -> None:
    """A page has no block of a kind that no test runs, but the badge (`md`)."""
    text = page.read_text(encoding="utf-8")
    kinds = [kind for kind, _ in BLOCK.findall(text)]
    assert set(kinds) <= {"python", "ipython", "sh", "md"}
    assert text.count("```") == 2 * len(kinds)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_one(page: Path) -> None:
    """Each line of a shell block is a target of the Makefile, a command of fox-nb that parses, or another known program."""
    for line in "\n".join(blocks(page, "sh")).splitlines():
        words = [word for word in shlex.split(line, comments=True) if not SETTING.match(word)]
        if not words:
            continue
        program, *arguments = words
        if program == "make":
            subprocess.run(["make", "-n", *arguments], cwd=ROOT, check=True, capture_output=True, timeout=240)
        elif program == "fox-nb":
            assert hasattr(_parser().parse_args(arguments), "run")
        elif program in {"voila", "jupyter"}:
            assert shutil.which(program, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
            assert all((ROOT / word).exists() for word in arguments if word.startswith("notebooks/"))
        else:
            assert line.split("#")[0].strip() == 'pip install ".[lab]"'


def test_nobody_is_told_to_fetch_fox_nb_from_an_index() -> None:
    """It is on none: whoever takes its name there would be installed beside a key; extras of an installed one are fetched alone."""
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "fox_nb").rglob("*.py"),
    ]
    told = re.compile(r"pip install (?:-U |--upgrade )?fox_nb\b")
    assert [page.name for page in pages if told.search(page.read_text(encoding="utf-8"))] == []


def test_ci_claims_no_system_that_was_not_tried() -> None:
    """The public CI runs on all three; where docs/places.md says that a system was not tried, it holds up no change."""
    rows = (ROOT / "docs" / "places.md").read_text(encoding="utf-8").splitlines()
    untried = {name for row in rows if row.endswith("| not tried |") for name in row.split("|")[1].strip().split(", ")}
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "os: [ubuntu-latest, macos-latest, windows-latest]" in workflow
    assert {"Windows", "macOS", "Python 3.14"} <= untried
    assert "continue-on-error: ${{ matrix.os != 'ubuntu-latest' || matrix.python == '3.14' }}" in workflow


def test_a_place_that_fails_before_it_is_reached_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that can't be installed any more doesn't stay 'passed' in the table of what the long tests ran, which no other test touches."""
    table = tmp_path / "places.md"
    table.write_text(
        "|---|---|---|\n| a host 1.0 | It works. `test_a.py::test_b` | passed, 1 May 2026 |\n\n<!-- ran -->\n"
    )
    monkeypatch.setenv(ran_in.TABLE, str(table))
    for outcome in ("passed", "failed"):
        ran_in.write(pytest.TestReport("tests/test_a.py::test_b", ("", 0, ""), {}, outcome, None, "setup"))  # type: ignore[arg-type]
        line = re.fullmatch(
            r"\| a host 1\.0 \| It works\. `test_a\.py::test_b` \| (\w+), .* \|", table.read_text().splitlines()[1]
        )
        assert line is not None
        assert line[1] == outcome
    written = table.stat()
    ran_in.write(pytest.TestReport("tests/test_a.py::test_c", ("", 0, ""), {}, "passed", None, "call"))
    assert (table.stat().st_ino, table.stat().st_mtime_ns) == (written.st_ino, written.st_mtime_ns)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A link to another page, notebook or picture of the project names a file that is there."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"https?:|#", link)]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_is_short_and_names_every_lesson() -> None:
    """Below 120 lines, with two pictures below 100 kB, each lesson in its table, and nobody's name in the badge."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 120
    pictures = re.findall(r"!\[[^\]]{20,}\]\((docs/[^)]+)\)", text)
    assert [(ROOT / picture).stat().st_size < 100_000 for picture in pictures] == [True, True]
    for path in outputs.LESSONS:
        title = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0]
        assert f"| {path.name[:2]} | [" in text
        assert f"(notebooks/{path.name})" in text
        assert title.removeprefix(f"# {path.name[:2]} ").split(":")[0] in text
    assert set(re.findall(r"mybinder\.org/v2/gh/([^)\s?]+?/[^/)\s?]+)", text)) == {"OWNER/REPOSITORY"}


def in_the_reference() -> list[Any]:
    """What the page names, and the public methods of it."""
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    things = [pkgutil.resolve_name(name) for name in re.findall(r"^::: (\S+)$", page, re.MULTILINE)]
    things += [thing for thing in vars(fox_nb.errors).values() if inspect.isclass(thing)]
    for thing in [thing for thing in things if inspect.isclass(thing)]:
        ours = [base for base in thing.__mro__ if base.__module__.startswith("fox_nb")]
        public = {name for base in ours for name in vars(base) if not name.startswith("_")}
        members = [getattr(thing, name) for name in sorted(public) if hasattr(thing, name)]
        things += [one for one in members if isinstance(one, property) or callable(one)]
    return things


def test_every_public_name_is_documented() -> None:
    """Each name of the package's face stands in the reference; what stands there, and each public method of it, has a docstring."""
    things = in_the_reference()
    faces = [name for name in fox_nb.__all__ if name not in {"__version__", "MODELS"}]
    assert [name for name in faces if getattr(fox_nb, name) not in things] == []
    assert [thing for thing in things if not thing.__doc__] == []


def test_help_and_screen_have_one_word_for_what_is_in_progress() -> None:
    """What the screen calls 'in progress' has no other name in the help that a person reads beside it."""
    assert [thing for thing in in_the_reference() if "under way" in (thing.__doc__ or "").lower()] == []


def test_every_parameter_has_an_entry_of_its_own() -> None:
    """Two parameters that share an entry would share the default of the first in the reference."""
    shared = re.compile(r"^( *)Parameters\n\1---+\n(?:.+\n|\n(?!\1\w+\n\1---))*?\1(\w+, .*)\n", re.MULTILINE)
    assert [found[2] for thing in in_the_reference() if (found := shared.search(thing.__doc__ or ""))] == []


def test_a_new_model_is_told_all_that_it_needs() -> None:
    """The page on a sixth model names every class variable that a request's class must set itself."""
    page = (ROOT / "docs" / "adding-a-model.md").read_text(encoding="utf-8")
    needed = [
        name for name, kind in Request.__annotations__.items() if "ClassVar" in kind and name not in vars(Request)
    ]
    assert len(needed) > 5
    assert [name for name in needed if f"`{name}`" not in page] == []


def test_no_word_is_shown_that_nobody_explains() -> None:
    """What a person reads on the screen and in errors has none of the words that only who works on fox_nb knows."""
    inner = re.compile(r"under way|as (it|they) stands?\b|this store|\banew\b|\b[Jj]ournal\b")
    found = [
        f"{path.name}:{node.lineno}: {node.value}"
        for path in sorted((ROOT / "fox_nb").rglob("*.py"))
        for node in _texts(ast.parse(path.read_text(encoding="utf-8")))
        if " " in node.value and inner.search(node.value)
    ]
    found += [
        f"{path.name}: {text}"
        for path in sorted((ROOT / "fox_nb").rglob("*.js"))
        for text in re.findall(r'"[^"\n]*"|`[^`]*`', path.read_text(encoding="utf-8"))
        if path.parent.name != "static" and inner.search(text)
    ]
    assert found == []


def _texts(tree: ast.Module) -> list[ast.Constant]:
    """Every text of a file but what stands as a statement of its own, such as a docstring."""
    said = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node for node in texts if node not in said]


def test_a_size_has_one_form() -> None:
    """How large a picture is, is written by one function, and in scripts by another."""
    files = [
        path for kind in ("*.py", "*.js") for path in (ROOT / "fox_nb").rglob(kind) if path.parent.name != "static"
    ]
    by = re.compile(r"\} (x|\u00d7|\\u00d7) \$?\{")
    assert [path.name for path in files if by.search(path.read_text(encoding="utf-8"))] == ["inline.py", "size.js"]


def test_what_is_quoted_is_said() -> None:
    """Words that the page on troubleshooting quotes as a symptom stand in an error or on the screen, to be found by."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    said = " ".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "fox_nb").rglob("*.py"))).lower()
    symptoms = [line.split(" | ")[0] for line in page.splitlines() if line.startswith("| ")]
    quoted = [words for symptom in symptoms for words in re.findall(r"\*([^*`]+)\*", symptom)]
    assert len(quoted) > 5
    assert [words for words in quoted if words.split("\u2026")[0].strip().lower() not in said] == []


def test_every_error_has_its_symptom() -> None:
    """Whatever error a person may meet by name stands in the page on troubleshooting, itself or by its base."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    named = {name for name in fox_nb.__all__ if f"`{name}`" in page}
    for name in fox_nb.__all__:
        error = getattr(fox_nb, name)
        if isinstance(error, type) and issubclass(error, fox_nb.FoxError) and not error.__subclasses__():
            assert named & {base.__name__ for base in error.__mro__}, f"docs/troubleshooting.md knows no {name}"
