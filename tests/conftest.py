"""Fixtures for the whole suite (where things go, the sandbox, kernels), and what every run has to prove at its end."""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import psutil
import pytest

import counts
import ran_in
import sandbox_faults  # noqa: F401 - puts the tests' faults into the sandbox's tables
from artifacts import MARKED_KEY, Places, search
from counts import count  # noqa: F401 - a fixture
from processes import PATIENCE, clean_environment, command_of, end_all, folders, left_running, until
from ran_in import ran  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from fox_nb import Fox
    from kernels import Runner

_places = pytest.StashKey[Places]()
TRACKER = "from multiprocessing.resource_tracker import main"

# Hypothesis has limits by the clock, which a busy machine misses.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    of_worker = getattr(config, "workerinput", None)
    if of_worker is None:
        places = Places.make()
        config.pluginmanager.register(EndOfRun(places), "fox-nb-end-of-run")
    else:
        places = Places(Path(of_worker["fox_nb_places"]))
    config.stash[_places] = places
    os.environ.update(folders(places))
    # No test may ever meet the real service or spend a developer's money.
    os.environ.pop("FOXAPI_KEY", None)
    os.environ.pop("FOXAPI_BASE_URL", None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of a shell's background: a kernel takes Ctrl-C all the same
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    """Leave without a word what the tests left in progress."""
    if leaving := sys.modules.get("fox_nb.session.leaving"):
        leaving.IN_PROGRESS.clear()
        leaving.ON_THE_WIRE.clear()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each of xdist's workers where the run's folders are."""
    node.workerinput["fox_nb_places"] = str(node.config.stash[_places].root)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes an hour: begun last, all others are through and wait for it."""
    items.sort(key=lambda item: item.path.name not in {"test_pythons.py", "test_long.py"})


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name files by their parameter: a ZIP holds the second in which it was made, and workers have to call tests alike."""
    return argname if isinstance(val, bytes) and len(val) > 40 else None


class EndOfRun:
    """In the one process that sees all workers' reports: once the last has ended, the key is nowhere and nothing runs on."""

    grace = 60.0
    """Seconds that processes have to end by themselves."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.lines: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what the tests wrote to stdout, stderr and the log, to be searched as well."""
        text = "".join(f"--- {title}\n{content}\n" for title, content in report.sections)
        if text:
            with (self.places.searched / "captured.log").open("a", encoding="utf-8") as log:
                log.write(f"=== {report.nodeid} {report.when}\n{text}")
        ran_in.write(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        strays = self._end_strays()
        found = search(self.places.searched, MARKED_KEY)
        self.lines = [str(found), *(f"the key stands in {name}" for name in found.found_in)]
        self.lines += [f"left running and now ended: {stray}" for stray in strays]
        if (found.found_in or strays) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if session.exitstatus == pytest.ExitCode.OK or not found.files:
            shutil.rmtree(self.places.root, ignore_errors=True)
        else:
            self.lines.append(f"what the tests made is kept in {self.places.root}")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
        if counted := list(counts.lines(reports)):
            terminalreporter.section("what was counted on the server's side")
            for line in counted:
                terminalreporter.write_line(line)
        terminalreporter.section("what the run left behind")
        for line in self.lines:
            terminalreporter.write_line(line)

    def _end_strays(self) -> list[str]:
        """End what still runs, and name it; the shared sandbox lives on by design and is ended without a word."""
        try:
            until(lambda: None if self._kernels_and_servers() else True, "processes to end", seconds=self.grace)
        except TimeoutError:
            strays = [f"{process.pid} {' '.join(command_of(process))}" for process in self._kernels_and_servers()]
        else:
            strays = []
        end_all(left_running(self.places))
        return strays

    def _kernels_and_servers(self) -> list[psutil.Process]:
        """What should have ended; where there are no workers, Python's own tracker of what processes share ends with this one."""
        running = [(process, command_of(process)) for process in left_running(self.places)]
        return [p for p, words in running if "fox_nb.sandbox" not in words and TRACKER not in " ".join(words)]


@pytest.fixture(scope="session")
def artifacts(pytestconfig: pytest.Config) -> Places:
    """The run's folders; what is put under ``artifacts.fresh(name)`` is searched for the marked key at the end."""
    return pytestconfig.stash[_places]


@pytest.fixture(scope="session")
def kernel(artifacts: Places) -> "Iterator[list[str] | None]":
    """The command line of a kernel that is quickly there; None where it is none of this Python's or the system's."""
    from kernels import forked_kernels  # nbclient and nbconvert take a second that most tests need not wait for

    if sys.platform != "linux" or "FOX_NB_TEST_KERNEL_PYTHON" in os.environ:
        yield None
    else:
        with forked_kernels(artifacts) as argv:
            yield argv


@pytest.fixture(scope="session")
def runner(artifacts: Places, kernel: list[str] | None) -> "Runner":
    """Runs notebooks without a screen and exports them: ``runner.execute(…)``, ``runner.export_html(…)``."""
    from kernels import Runner

    return Runner(artifacts, kernel)


@pytest.fixture
def noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox's pictures are noise: nobody looks at them."""
    import drawings
    from fox_nb.sandbox import pictures

    monkeypatch.setattr(pictures, "_draw", drawings.noise)


@pytest.fixture(autouse=True)
def drawn_once(artifacts: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test's sandbox has drawn, the next one takes as it is: a picture's name says all that it depends on."""
    from PIL import Image

    from fox_nb.atomic import write
    from fox_nb.sandbox import art, pictures, recipes

    draws, draw = pictures.carry_out, pictures._draw

    def carry_out(step: dict[str, Any], folder: Path) -> dict[str, Any]:
        if step["work"] not in {"generate", "enhance"} or pictures._draw is not draw:  # a test's own drawing
            return draws(step, folder)
        path, drawn = folder / "pictures" / step["name"], artifacts.root / "drawn" / step["name"]
        if drawn.exists() and not path.exists():
            write(path, drawn.read_bytes(), private=True)
            if step["work"] == "generate":
                figures = tuple(map(pictures._figure, step["figures"]))
                with Image.open(path) as picture:
                    recipes.remember(picture, art.Drawn((step["prompt"],), step["seed"], figures), folder)
        made = draws(step, folder)
        if not drawn.exists():
            drawn.parent.mkdir(exist_ok=True)
            write(drawn, path.read_bytes())
        return made

    monkeypatch.setattr(pictures, "carry_out", carry_out)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A sandbox of the test's own, quick, that takes the marked key alone; no task of it is waited for without an end."""
    from fox_nb.sandbox import Sandbox
    from fox_nb.session.task import Task

    monkeypatch.setattr(Task.wait, "__defaults__", (PATIENCE,))
    with Sandbox(keys=[MARKED_KEY], speed=500) as running:
        yield running


@pytest.fixture
def open_any() -> "Iterator[Callable[..., Fox]]":
    """Opens a Fox wherever a test says, with the marked key and looking often; all are closed at the end."""
    from fox_nb import Fox
    from gateways import EAGER

    with contextlib.ExitStack() as opened:
        yield lambda **given: opened.enter_context(Fox(**{"api_key": MARKED_KEY, "polling": EAGER, **given}))


@pytest.fixture
def open_fox(sandbox: Any, tmp_path: Path, open_any: "Callable[..., Fox]") -> "Callable[..., Fox]":
    """Opens a Fox on the test's sandbox as another kernel would: ``open_fox(store=…, budget=…)``."""
    # The sandbox stands first, so that it ends last.
    return partial(open_any, base_url=sandbox.base_url, store=tmp_path / "fox_runs")


@pytest.fixture
def fox(open_fox: "Callable[..., Fox]") -> "Fox":
    """One Fox."""
    return open_fox()


@pytest.fixture
def own_sandbox(artifacts: Places, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The environment of somebody without a key, whose shared sandbox is this test's own and ends with it."""
    from fox_nb.sandbox import process

    folder = str(artifacts.fresh("sandbox"))
    monkeypatch.setenv("FOX_NB_SANDBOX_DIR", folder)
    yield clean_environment(artifacts, {"FOX_NB_SANDBOX_DIR": folder})
    process.stop()


@pytest.fixture
def sandbox_env(sandbox: Any) -> dict[str, str]:
    """What a kernel needs in its environment to talk to the `sandbox` fixture's server with the marked key."""
    return {"FOXAPI_KEY": MARKED_KEY, "FOXAPI_BASE_URL": sandbox.base_url}
