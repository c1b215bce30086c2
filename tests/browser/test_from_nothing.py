"""From nothing, for the long form: a fresh clone with its commands, the site, and Binder's steps in an environment like Binder's."""

import itertools
import os
import re
import shutil
import subprocess
import urllib.parse
import venv
from collections.abc import Callable, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import nbformat
import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext

from artifacts import Places
from fox_nb.sandbox import process as sandbox
from lab import NotebookPage, Watched
from processes import clean_environment
from servers import JupyterServer, Server

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

ROOT = Path(__file__).parents[2]
TEACHING = ROOT / "docs" / "teaching.md"
LOCK = Path(find_spec("repo2docker").origin).parent / "buildpacks" / "conda" / "environment.py-3.11-linux-64.lock"
BASE = ("ipywidgets", "jupyter-offlinenotebook", "jupyter-resource-usage", "jupyter_server", "jupyterlab", "notebook")
"""What repo2docker's image has before anything of a repository is installed."""
BINDER = f"Binder's steps (repo2docker {version('jupyter-repo2docker')}), no image"
BINDERS_MEMORY = 1 << 30
SHOWN = """() => ({
    wide: document.documentElement.scrollWidth,
    ground: getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number),
    leads: [...document.links].map((link) => link.href),
    ids: [...document.querySelectorAll("[id]")].map((one) => one.id),
})"""


@pytest.fixture(scope="module")
def clone(artifacts: Places) -> Path:
    """The repository as git has it, with what is not committed yet."""
    target = artifacts.fresh("clone", private=True) / "fox_nb"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=1200,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    return target


def run(command: list[str], folder: Path, env: dict[str, str]) -> str:
    """What a command says; a failure shows it."""
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=1200)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


# --- a fresh clone


class MakeLab(Server):
    """`make lab` in a fresh clone; a browser is opened, and is none."""

    name = "make-lab"

    def __init__(self, places: Places, clone: Path, env: dict[str, str]) -> None:
        super().__init__(places)
        self.root = clone
        self.env = {**env, "BROWSER": "true"}

    def argv(self) -> list[str]:
        return ["make", "lab"]

    def address(self) -> str | None:
        found = re.search(r"http://127\.0\.0\.1:\d+/lab/tree/\S+", self._log_text())
        return found and found[0]


def test_two_commands_do_everything(
    clone: Path, own_sandbox: dict[str, str], artifacts: Places, context: BrowserContext, ran: Callable[[str], None]
) -> None:
    """In a fresh clone `make demo` sets everything up and writes the page; `make lab` opens the lesson, which runs."""
    ran(f"a fresh clone, Chromium {context.browser.version}")
    env = {**own_sandbox, "PIP_NO_CACHE_DIR": "1"}
    said = run(["make", "demo"], clone, env)
    page = Path(re.search(r"^The lesson as a page: +(.+)$", said, re.MULTILINE)[1])
    assert page == clone / "fox_demo" / "01-first-pictures.html"
    assert page.read_text(encoding="utf-8").count("<img") >= 3
    assert re.search(r"^3 pictures, .* in all, [\d.]+ s\.$", said, re.MULTILINE)
    with MakeLab(artifacts, clone, env) as server:
        lesson = Watched(context.new_page())
        lesson.page.goto(server.url)
        lesson.page.get_by_role("heading", name="01 First pictures").wait_for()
        lesson.run_from_menu()
        lesson.page.get_by_role("button", name="Generate").wait_for()
        pictures = clone / "notebooks" / "fox_runs" / "pictures"
        lesson.until(lambda: len(list(pictures.glob("*"))) == 3 or None, "three pictures", seconds=300)
        assert lesson.console_errors == []
        lesson.page.close()


def test_the_site(clone: Path, own_sandbox: dict[str, str], browser: Browser, ran: Callable[[str], None]) -> None:
    """In a fresh clone `make docs` builds pages that, as files, load nothing from elsewhere, fit a phone in light and dark,
    lead nowhere but to what is there, and can be searched."""
    ran(f"the site, Chromium {browser.version}")
    run(["make", "docs"], clone, own_sandbox)
    site = clone / "build" / "site"
    pages = [page for page in sorted(site.rglob("*.html")) if page.name != "404.html"]
    assert len(pages) > 20
    leads: dict[str, list[str]] = {}
    ids: dict[str, set[str]] = {}
    for scheme, width in itertools.product(("light", "dark"), (1280, 400)):
        context = browser.new_context(viewport={"width": width, "height": 1000}, color_scheme=scheme)
        asked: list[str] = []
        context.on("request", lambda request, asked=asked: asked.append(request.url))
        seen = Watched(context.new_page())
        for page in pages:
            seen.page.goto(page.as_uri())
            shown = seen.page.evaluate(SHOWN)
            assert shown["wide"] <= width, (page, scheme)
            assert (sum(shown["ground"]) < 3 * 128) == (scheme == "dark"), page
            leads[page.as_uri()] = [lead for lead in shown["leads"] if lead.startswith("file:")]
            ids[page.as_uri()] = {"", "!", *shown["ids"]}  # "#!" leads nowhere: so ipyplot writes a button
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
        assert seen.console_errors == []
        if width == 400:
            seen.page.locator("label[for=__search]").first.click()
        seen.page.get_by_role("textbox", name="Search").press_sequentially("compare_enhance")
        seen.page.locator(".md-search-result__link", has_text="compare_enhance").first.wait_for()
        context.close()
    for page, links in leads.items():
        for link in links:
            file, _, anchor = link.partition("#")
            assert Path(urllib.parse.unquote(file.removeprefix("file://"))).is_file(), (page, link)
            assert urllib.parse.unquote(anchor) in ids.get(file, {anchor}), (page, link)


# --- Binder


@pytest.fixture(scope="module")
def binder(clone: Path, artifacts: Places) -> dict[str, str]:
    """The environment that Binder's Dockerfile makes, step by step: its base, the requirements, `postBuild`."""
    folder = artifacts.fresh("binder-env", private=True)
    venv.create(folder, with_pip=True, symlinks=True)
    env = clean_environment(artifacts, {"BINDER_LAUNCH_HOST": "https://mybinder.org/"})
    env["PIP_NO_CACHE_DIR"] = "1"
    env["PATH"] = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    locked = LOCK.read_text(encoding="utf-8")
    base = ["==".join(re.search(rf"/({name})-([\d.]+)-", locked).groups()) for name in BASE]
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "install", "--quiet", *base], clone, env)
    run([*pip, "install", "--quiet", "--no-cache-dir", "-r", "binder/requirements.txt"], clone, env)
    run([*pip, "check"], clone, env)
    run(["./binder/postBuild"], clone, env)
    return env


class Binder(JupyterServer):
    """JupyterLab as Binder starts it: in the repository's folder, by way of `binder/start`."""

    name = "binder"

    def __init__(self, places: Places, clone: Path, env: dict[str, str]) -> None:
        super().__init__(places)
        self.root = clone
        self.env = env

    def argv(self) -> list[str]:
        return ["./binder/start", "jupyter", *(word.replace("jupyterlab", "lab") for word in self.command())]

    def open(self, context: BrowserContext, urlpath: str) -> Watched:
        """Go where a Binder link leads: to the server's own address with the link's `urlpath` behind it."""
        page = Watched(context.new_page())
        page.page.goto(f"{self.url}?token={self.token}")
        page.page.goto(self.url + urlpath)
        return page

    def notebook(self, context: BrowserContext, path: Path) -> NotebookPage:
        """Open one of the repository's notebooks in JupyterLab."""
        page = NotebookPage(context.new_page(), path, self)
        page.page.goto(f"{self.url}lab/tree/{path.relative_to(self.root).as_posix()}?reset&token={self.token}")
        page.wait_open()
        page.wait_idle()
        return page

    def memory(self) -> int:
        """Bytes that the server, its kernels and the sandbox take now, with their share of what is shared."""
        server = psutil.Process(self.pid)
        family = [server, *server.children(recursive=True)]
        return sum(process.memory_full_info().pss for process in [*family, psutil.Process(sandbox.connect().pid)])


def urlpaths() -> list[str]:
    """Where the links of the page on teaching lead, as mybinder.org reads them."""
    links = re.findall(r"mybinder\.org/v2/gh/OWNER/REPOSITORY/HEAD\?urlpath=([^`\s]+)", TEACHING.read_text("utf-8"))
    return [urllib.parse.unquote(link) for link in links]


@pytest.fixture
def session(binder: dict[str, str], clone: Path, own_sandbox: dict[str, str], artifacts: Places) -> Iterator[Binder]:
    """A running session, with a sandbox of its own that `binder/start` has started."""
    # Binder's machine is new: JupyterLab would look for what was opened last, by paths of another server.
    own = {
        "FOX_NB_SANDBOX_DIR": own_sandbox["FOX_NB_SANDBOX_DIR"],
        "JUPYTERLAB_WORKSPACES_DIR": str(artifacts.fresh("binder-workspaces")),
    }
    with Binder(artifacts, clone, {**binder, **own}) as running:
        assert sandbox.find() is not None
        yield running


def test_binders_three_addresses(
    session: Binder, context: BrowserContext, artifacts: Places, ran: Callable[[str], None]
) -> None:
    """The lesson opens and runs; the studio is an app; other notebooks are fetched into the same environment and run there."""
    ran(BINDER)
    lesson_at, studio_at, fetched_at = urlpaths()

    lesson = session.open(context, lesson_at)
    lesson.page.get_by_role("heading", name="01 First pictures").wait_for()
    lesson.run_from_menu()
    lesson.page.get_by_role("button", name="Generate").wait_for()
    pictures = session.root / "notebooks" / "fox_runs" / "pictures"
    lesson.until(lambda: len(list(pictures.glob("*"))) >= 3 or None, "three pictures", seconds=300)

    studio = session.open(context, studio_at)
    prompt = studio.page.get_by_role("textbox", name="Prompt").locator("visible=true").first
    prompt.click()
    studio.page.keyboard.type("a fox")
    studio.page.get_by_role("button", name="Generate").locator("visible=true").click()
    studio.locator("img").first.wait_for()
    visitors = Path(session.env["HOME"], ".local/share/fox_nb/visitors")
    studio.until(lambda: len(list(visitors.glob("*/*/pictures/*"))) == 1 or None, "the visitor's picture")

    fetched = session.open(context, fetched_at.replace(*lessons_of_somebody_else(artifacts)))
    fetched.wait_for(
        "() => location.pathname.endsWith('/tree/LESSONS')", seconds=300
    )  # a second page has its own workspace
    fetched.page.get_by_text("theirs.ipynb").dblclick()
    fetched.page.get_by_role("heading", name="Theirs").wait_for()
    fetched.run_from_menu()
    theirs = session.root / "LESSONS" / "fox_runs" / "pictures"
    fetched.until(lambda: len(list(theirs.glob("*"))) == 1 or None, "their picture", seconds=300)
    assert lesson.locator(".jp-Dialog, .Toastify__toast").count() == 0
    # Voila's own page asks for fonts from elsewhere, and loads the extensions of Binder's base twice.
    assert lesson.console_errors + fetched.console_errors == []
    for page in (lesson, studio, fetched):
        page.page.close()


def lessons_of_somebody_else(places: Places) -> tuple[str, str]:
    """The address in the documentation's link, and that of a repository of this machine with one notebook in its place."""
    repository = places.fresh("theirs") / "LESSONS"
    repository.mkdir()
    cells = [
        nbformat.v4.new_markdown_cell("# Theirs"),
        nbformat.v4.new_code_cell("import fox_nb\nfox_nb.Fox().generate('a kite').wait()"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), repository / "theirs.ipynb")
    git = ["git", "-c", "user.name=A teacher", "-c", "user.email=teacher@example.org"]
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        ["commit", "--quiet", "-m", "A lesson"],
    ):
        subprocess.run([*git, *command], cwd=repository, check=True, timeout=1200)
    return urllib.parse.quote("https://github.com/YOU/LESSONS", safe=""), urllib.parse.quote(
        repository.as_uri(), safe=""
    )


def test_the_lessons_fit_into_binders_memory(
    session: Binder, context: BrowserContext, ran: Callable[[str], None]
) -> None:
    """With any one lesson open, server, kernel and sandbox together stay below 1 GB while it runs."""
    ran(BINDER)
    most = {}
    for path in sorted(session.root.glob("notebooks/0*.ipynb")):
        page = session.notebook(context, path)
        page.run_all(wait=False)
        seen: list[int] = []
        page.until(lambda: (seen.append(session.memory()), page.is_idle() or None)[1], "the last cell", seconds=600)  # noqa: B023 - called at once
        assert page.errors() == []
        most[path.stem] = max(seen)
        page.close()
    print({lesson: f"{size / 1e6:.0f} MB" for lesson, size in most.items()})
    assert {lesson: size for lesson, size in most.items() if size > BINDERS_MEMORY} == {}
