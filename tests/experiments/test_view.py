"""View: what the controls and the viewer of a sweep are told, in the kernel; the browser's side is in tests/browser."""

import errno
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ipywidgets import Widget
from ipywidgets.widgets.widget import _instances

from fox_nb import Fox, FoxError
from fox_nb.experiments import Sweep, pages
from fox_nb.images.metrics import EXPLANATIONS
from fox_nb.panels import kept_page, sweep_view
from fox_nb.panels.kept_page import KeptPage
from fox_nb.panels.sweep_view import SweepView
from fox_nb.panels.viewer import Viewer
from gateways import EAGER
from kernels import Runner, notebook
from processes import PATIENCE, until


class Output:
    """Stands for a cell's output, which only a kernel has."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.shown = ""

    def show(self, shown: dict[str, str]) -> None:
        self.shown = shown["text/html"]


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Shows a sweep as a cell would, and gives the view."""
    monkeypatch.setattr(kept_page, "open_place", Output)
    views = []

    def make(sweep: Sweep) -> SweepView:
        view = SweepView(sweep)
        views.append(view)
        view.show()
        return view

    yield make
    for view in views:
        view.close()


def measured(view: SweepView) -> bool | None:
    """True when every cell that the viewer shows has all its numbers."""
    viewer = view._viewer
    if viewer is None:
        return None
    takes = [cell.takes[0] for cell in viewer.comparison.cells.values()]
    return all(set(take.metrics) == set(EXPLANATIONS) for take in takes) or None


def test_numbers_that_come_while_the_viewer_is_made_are_shown(
    fox: Fox, photo: Path, show: Callable[[Sweep], SweepView], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is measured between the moment at which the grid is read and the one at which its viewer is there: no cell lacks it."""
    fox.compare_enhance(photo, creativity=[0, 0.5, 1], resemblance=[0.5]).run()
    again = fox.compare_enhance(photo, creativity=[0, 0.5, 1], resemblance=[0.5])

    def slow(*args: Any, **options: Any) -> Viewer:
        again.measure()
        return Viewer(*args, **options)

    monkeypatch.setattr(sweep_view, "Viewer", slow)
    monkeypatch.setattr(again, "watch", lambda: None)  # else it may be measured before
    view = show(again)
    until(lambda: measured(view), "every cell's numbers")
    until(
        lambda: view._kept._output.shown.count("SSIM 0.") == 6 or None, "the saved table and its frame to have them too"
    )


def test_what_is_seen_waits_for_nothing_that_is_only_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a screen the widget's output is there, and the cell ends, while the page is blank; then it is made beside."""
    shown, may_go_on = [], threading.Event()

    def display(thing: Any) -> Output:
        shown.append(thing)
        return output

    def make() -> str:
        assert may_go_on.wait(PATIENCE)
        return "a table of pictures"

    output = Output()
    monkeypatch.setattr(kept_page, "open_place", display)
    monkeypatch.setattr(kept_page, "can_follow", lambda: True)
    kept = KeptPage(make)
    assert "a-viewer" in str(kept.show(SimpleNamespace(model_id="a-viewer")))
    assert shown == [{"text/html": "", "text/plain": ""}]
    assert kept.is_blank
    kept.renew()
    may_go_on.set()
    until(lambda: output.shown or None, "the page")
    assert output.shown == "a table of pictures"
    assert not kept.is_blank
    kept.close()


def test_the_clock_alone_sends_no_page_again(
    fox: Fox, show: Callable[[Sweep], SweepView], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says as of when it is; where nothing else of it has changed it stays as it was sent, be it an hour later."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(hours=1)

    fox.sweep("phota-image", prompt=["a fox", "a cat"]).run()
    view = show(fox.sweep("phota-image", prompt=["a fox", "a cat"]).measure())
    sent: list[dict[str, str]] = []

    def updated() -> list[dict[str, str]]:
        for pool in (view._pool, view._kept._pool):
            pool.submit(lambda: None).result(PATIENCE)
        return sent

    updated()
    monkeypatch.setattr(view._kept._output, "show", sent.append)
    for module in (pages, sweep_view):
        monkeypatch.setattr(module, "datetime", Later)
    view._changed([])
    assert not updated()
    view._changed(view._sweep.plan.cells)
    assert len(updated()) == 1


def test_a_page_that_is_reloaded_is_given_every_widget(
    fox: Fox, show: Callable[[Sweep], SweepView], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No box holds what was closed, when a browser has started the view and when that is over: ipywidgets can't tell its state."""
    monkeypatch.setattr(sweep_view, "is_unseen", lambda: False)
    before = set(_instances)

    def told() -> dict[str, Any]:
        own = [widget for key, widget in _instances.items() if key not in before]
        return dict(Widget.get_manager_state(widgets=own)["state"])

    view = show(fox.sweep("phota-image", prompt=["a fox"]).run())
    until(lambda: view._viewer, "the viewer")
    view._controls._on_message(view._controls, {"type": "ready"}, [])
    assert view.widget.model_id in told()
    view.close()
    assert view._place.comm is None
    told()


def test_without_a_screen_all_is_there_when_the_cell_ends(runner: Runner) -> None:
    """What runs a notebook by itself listens to no cell that has ended: the last one's comparison has its table, too."""
    ran = runner.execute(notebook("import fox_nb, numpy as np\nfox_nb.compare([np.zeros((8, 8, 3), np.uint8)] * 2)"))
    assert "data-fox-picture=" in str(ran.cells[0].outputs)


def test_what_failed_says_what_another_try_costs_now(
    sandbox: Any, tmp_path: Path, show: Callable[[Sweep], SweepView]
) -> None:
    """Cells that a new kernel showed by its estimates are told of the price list when it has come."""
    sandbox.set(groups={"default": 3})

    def opened() -> Fox:
        return Fox(sandbox.key, sandbox.base_url, tmp_path / "fox_runs", polling=EAGER)

    with opened() as fox:
        sandbox.misbehave("failed")
        fox.sweep("phota-image", prompt=["a fox"]).run()
    with opened() as fox:
        held, ask = threading.Event(), fox.session.prices.ask
        fox.session.prices.ask = lambda: (held.wait(60), ask())
        view = show(fox.sweep("phota-image", prompt=["a fox"]))

        def prices() -> list[str]:
            cells = view._viewer.comparison.cells if view._viewer is not None else {}
            return [take.retry_price for cell in cells.values() for take in cell.takes if take.retry_price]

        until(lambda: prices() == ["$0.09"] or None, "the grid", show=prices)
        held.set()
        until(lambda: prices() == ["$0.27"] or None, "the prices", show=prices)


def test_a_run_that_cannot_begin_says_why(
    fox: Fox, photo: Path, show: Callable[[Sweep], SweepView], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody foresaw stands below the button, as every other does; so does a lack of threads, and Run stays."""
    view = show(fox.compare_enhance(photo, creativity=[0, 1]))

    def full(**_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(view._sweep, "start", full)
    view._begin(sure=False)
    assert "No space left on device" in view._state()["said"]

    def no_thread(_work: object) -> None:
        raise FoxError("Python cannot start another thread here.")

    monkeypatch.setattr(view._acting, "submit", no_thread)
    view._press(sure=False)
    said = view._state()
    assert "cannot start another thread" in said["said"]
    assert said["canRun"]
