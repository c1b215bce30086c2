"""The viewer's side in the kernel: what it sends, how much of it, and what it doesn't keep."""

from __future__ import annotations

import io
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from ipywidgets.embed import dependency_state
from PIL import Image

from comparisons import laid_out
from fox_nb.images.tiles import make_tiles, read_tile
from fox_nb.panels import viewer
from fox_nb.panels.viewer import TileService, Viewer
from fox_nb.render.comparison import Axis, Cell, ComparedPicture, Take, version_of
from fox_nb.session.pool import Pool
from servers import until

pytestmark = pytest.mark.usefixtures("noise")


def compared(folder, name="a", size=1100, *, tiled=True, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)
    path = folder / f"{name}.png"
    Image.fromarray(pixels).save(path, compress_level=1)
    if tiled:
        make_tiles(path, folder / name)
    return ComparedPicture(path, size, size, tiles=folder / name if tiled else None)


class Browser:
    """Stands for the other end: keeps what is sent, and says when enough has come."""

    def __init__(self):
        self.messages = []
        self._changed = threading.Condition()

    def say(self, kind, buffers=(), **content):
        with self._changed:
            self.messages.append(({"type": kind, **content}, list(buffers)))
            self._changed.notify_all()

    def wait_for(self, condition):
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self), timeout=60)

    @property
    def tiles(self):
        return {
            key: data
            for message, buffers in self.messages
            if message["type"] == "tiles"
            for key, data in zip(message["keys"], buffers, strict=True)
        }


@pytest.fixture
def browser():
    return Browser()


@pytest.fixture
def service(browser):
    pool = Pool(2, "test")
    service = TileService(pool, browser.say)
    yield service
    service.close()
    pool.close()


def test_what_is_wanted_is_sent_as_it_is_on_disk(tmp_path, service, browser):
    """Each wanted tile comes once, with its own bytes."""
    picture = compared(tmp_path)
    service.know({picture.id: picture})
    keys = [f"{picture.id}/0/{x}/{y}" for x in range(5) for y in range(5)]
    service.want("v", keys, [])
    browser.wait_for(lambda b: len(b.tiles) == 25)
    assert browser.tiles[f"{picture.id}/0/3/1"] == read_tile(picture.tiles, 0, 3, 1)
    assert sum(len(message["keys"]) for message, _ in browser.messages) == 25


def test_a_view_that_comes_later_hears_what_was_lost(tmp_path, service, browser):
    """Why only a preview is left is told to every view that asks for more; a picture that is put anew is there again."""
    picture = compared(tmp_path)
    service.know({picture.id: picture})
    service.lose(picture.id, "It was deleted.")
    told = lambda: [message for message, _ in browser.messages if message["type"] == "lost"]  # noqa: E731
    service.want("later", [f"{picture.id}/0/0/0"], [])
    assert [message["reason"] for message in told()] == ["It was deleted."] * 2
    service.know({picture.id: picture})
    service.want("later", [f"{picture.id}/0/0/0"], [])
    browser.wait_for(lambda b: len(b.tiles) == 1)
    assert len(told()) == 2


def test_no_message_is_larger_than_a_megabyte(tmp_path, service, browser):
    """Tiles go in batches that stay below 1 MB."""
    picture = compared(tmp_path, size=2048)
    service.know({picture.id: picture})
    service.want("v", [f"{picture.id}/0/{x}/{y}" for x in range(8) for y in range(8)], [])
    browser.wait_for(lambda b: len(b.tiles) > 20)
    assert max(sum(map(len, buffers)) for _, buffers in browser.messages) < 1_000_000
    assert len(browser.messages) > 1


def test_only_so_much_is_on_its_way(tmp_path, service, browser, monkeypatch):
    """Until the browser says that it has got some, no more is sent; what was called off by then never is."""
    monkeypatch.setattr(viewer, "_MOST_ON_THE_WAY", 500_000)
    picture = compared(tmp_path, size=2048)
    service.know({picture.id: picture})
    keys = [f"{picture.id}/0/{x}/{y}" for y in range(8) for x in range(8)]
    service.want("v", keys, [])
    state = service._views["v"]
    until(lambda: (state.on_the_way >= 500_000 and not state.busy) or None, "the line to be full")
    sent = set(browser.tiles)
    assert len(sent) < 20
    dropped = [key for key in keys if key not in sent][:-1]
    service.want("v", [], dropped)
    service.got("v", 10_000_000)
    browser.wait_for(lambda b: keys[-1] in b.tiles)
    assert set(browser.tiles) == sent | {keys[-1]}


def test_tiles_that_are_missing_are_made(tmp_path, service, browser):
    """A picture that was never cut is cut when its pixels are wanted, in a folder that goes with the viewer."""
    picture = compared(tmp_path, tiled=False)
    service.know({picture.id: picture})
    service.want("v", [f"{picture.id}/0/4/4"], [])
    browser.wait_for(lambda b: b.tiles)
    with Image.open(picture.path) as image, Image.open(io.BytesIO(browser.tiles[f"{picture.id}/0/4/4"])) as tile:
        assert np.array_equal(tile, image.crop((1024, 1024, 1100, 1100)))
    folder = service._folder(picture.id, picture)
    assert folder.exists()
    assert tmp_path not in folder.parents
    service.close()
    assert not folder.exists()


@pytest.mark.parametrize("open_still", [True, False])
def test_tiles_are_cut_by_the_executor_that_was_given(tmp_path, browser, open_still):
    """Those that the store keeps are cut there; by one that was shut down since they can't be, so they are cut here."""
    picture = replace(compared(tmp_path, tiled=False), tiles=tmp_path / "kept")
    pool, executor = Pool(2, "test"), ThreadPoolExecutor(1)
    service = TileService(pool, browser.say, executor)
    if not open_still:
        executor.shutdown()
    service.know({picture.id: picture})
    service.want("v", [f"{picture.id}/0/4/4"], [])
    browser.wait_for(lambda b: b.tiles)
    assert bool(executor._threads) is open_still
    service.close()
    pool.close()
    executor.shutdown()


def test_tiles_that_are_there_do_not_wait_for_those_that_are_made(tmp_path, service, browser, monkeypatch):
    """While one picture is being cut, the tiles of another are sent."""
    slow, quick = compared(tmp_path, "slow", tiled=False), compared(tmp_path, "quick", seed=1)
    go_on = threading.Event()
    real = make_tiles
    monkeypatch.setattr(
        viewer, "make_tiles", lambda path, folder: (path == slow.path and go_on.wait(60), real(path, folder))[1]
    )
    service.know({picture.id: picture for picture in (quick, slow)})
    service.want("v", [f"{quick.id}/0/0/0", f"{slow.id}/0/0/0", f"{quick.id}/0/1/0"], [])
    browser.wait_for(lambda b: len(b.tiles) == 2)
    assert f"{slow.id}/0/0/0" not in browser.tiles
    go_on.set()
    browser.wait_for(lambda b: len(b.tiles) == 3)


def test_a_picture_that_is_gone_is_told(tmp_path, service, browser):
    """When a picture can't be read any more, the browser is told so once, and the others go on."""
    gone, there = compared(tmp_path, "gone", tiled=False), compared(tmp_path, "there")
    gone.path.unlink()
    service.know({picture.id: picture for picture in (gone, there)})
    service.want("v", [f"{gone.id}/0/0/0", f"{gone.id}/0/1/0", f"{there.id}/0/0/0"], [])
    browser.wait_for(lambda b: b.tiles and any(m["type"] == "lost" for m, _ in b.messages))
    (lost,) = [message for message, _ in browser.messages if message["type"] == "lost"]
    assert lost["id"] == gone.id
    assert "gone.png" in lost["reason"]
    assert str(tmp_path) not in lost["reason"]


def test_a_file_that_was_touched_is_the_same(tmp_path, service, browser):
    """A copy, a backup or a late clock of a network folder changes a file's time, and not what is shown of it."""
    there = compared(tmp_path, size=300, tiled=False)
    picture = replace(there, version=version_of(there.path))
    os.utime(picture.path, (1, 1))
    assert not picture.has_changed
    service.know({picture.id: picture})
    service.want("v", [f"{picture.id}/0/0/0"], [])
    browser.wait_for(lambda b: b.tiles)
    assert picture.preview(288, 8_000)


@pytest.mark.parametrize("when", ["before it is cut", "while it is cut", "after it was cut"])
def test_a_file_that_has_changed_is_never_cut_for_what_it_was(tmp_path, service, browser, monkeypatch, when):
    """The browser gets the pixels that were laid here or a reason by name, and never those of another picture."""
    there = compared(tmp_path, size=300, tiled=False)
    picture = replace(there, version=version_of(there.path))
    was = Image.open(picture.path).convert("RGB")

    def change(*_):
        Image.new("RGB", (300, 300), "red").save(picture.path)

    if when == "while it is cut":
        monkeypatch.setattr(viewer, "make_tiles", lambda *given: (change(), make_tiles(*given))[1])
    if when == "before it is cut":
        change()
    service.know({picture.id: picture})
    service.want("v", [f"{picture.id}/0/0/0"], [])
    browser.wait_for(lambda b: b.messages)
    if when == "after it was cut":
        change()
        service.want("v", [f"{picture.id}/0/1/1"], [])
        browser.wait_for(lambda b: len(b.tiles) == 2)
        with Image.open(io.BytesIO(browser.tiles[f"{picture.id}/0/1/1"])) as tile:
            assert np.array_equal(tile, was.crop((256, 256, 300, 300)))
        return
    ((lost, _),) = browser.messages
    assert (lost["type"], lost["id"]) == ("lost", picture.id)
    assert "a.png was changed" in lost["reason"]
    assert picture.preview(288, 8_000) == b""


@pytest.mark.parametrize("tiled", [True, False])
def test_whatever_a_decoder_meets_the_browser_is_told(tmp_path, service, browser, monkeypatch, tiled):
    """An error of no kind that is expected, in making tiles or in reading one, leaves the preview and says so."""

    def broken(*_, **__):
        raise SyntaxError("broken PNG file")

    monkeypatch.setattr(viewer, "read_tile", broken)
    if not tiled:
        monkeypatch.setattr(viewer, "make_tiles", broken)
    picture = compared(tmp_path, tiled=tiled)
    service.know({picture.id: picture})
    service.want("v", [f"{picture.id}/0/0/0"], [])
    browser.wait_for(lambda b: b.messages)
    ((lost, _),) = browser.messages
    assert lost["type"] == "lost"
    assert "broken PNG file" in lost["reason"]


@pytest.mark.parametrize("key", ["{}/0/99/0", "{}/9/0/0", "{}/a/b/c", "{}", "nobody/0/0/0", "{}/0/0/0/0"])
def test_nonsense_is_passed_over(tmp_path, service, browser, key):
    """A key that is no tile of any picture is ignored, and the next one is answered."""
    picture = compared(tmp_path)
    service.know({picture.id: picture})
    service.want("v", [key.format(picture.id), f"{picture.id}/0/0/0"], [])
    browser.wait_for(lambda b: b.tiles)
    assert list(browser.tiles) == [f"{picture.id}/0/0/0"]


def test_a_view_that_has_left_gets_nothing_more(tmp_path, service, browser, monkeypatch):
    """After 'bye' what was still wanted is forgotten."""
    monkeypatch.setattr(viewer, "_MOST_ON_THE_WAY", 100_000)
    picture = compared(tmp_path, size=2048)
    service.know({picture.id: picture})
    service.want("v", [f"{picture.id}/0/{x}/0" for x in range(8)], [])
    browser.wait_for(lambda b: b.tiles)
    state = service._views["v"]
    until(lambda: not state.busy or None, "the batch to be sent")
    service.leave("v")
    service.got("v", 10_000_000)
    assert len(browser.tiles) < 8


def whole(tmp_path, count=4):
    pictures = [compared(tmp_path, f"p{i}", 600, seed=i) for i in range(count)]
    cells = [[Cell(f"x {i}", [Take(1, "done", picture)]) for i, picture in enumerate(pictures)]]
    return laid_out("t", None, Axis("x", [str(i) for i in range(count)]), cells, pictures[0])


def test_no_pixels_are_the_widgets_state(tmp_path):
    """What a notebook would save of the viewer is where its script is asked for, whatever is shown."""
    shown = Viewer(whole(tmp_path))
    state = shown.get_state()
    assert set(state) - {"_esm", "_css"} <= {
        key for key in state if key.startswith("_") or key in {"layout", "tabbable", "tooltip"}
    }
    assert sum(len(str(value)) for value in state.values()) < 5_000
    shown.close()


def test_a_browser_that_says_hello_is_told_and_sent_only_what_it_lacks(tmp_path, monkeypatch):
    """Facts come at once; previews only of pictures that it asks for, since it looks at them and the page has none."""
    comparison, browser = whole(tmp_path), Browser()
    shown = Viewer(comparison)
    monkeypatch.setattr(shown, "send_message", browser.say)
    shown._handle_custom_msg({"type": "hello", "view": "v"}, [])
    (told, _) = browser.messages[0]
    assert told["facts"]["title"] == "t"
    assert told["retry"] is False
    lacking = list(comparison.pictures())[-1]
    shown._handle_custom_msg({"type": "previews", "view": "v", "ids": [lacking, "nothing", 3]}, [])
    browser.wait_for(lambda b: len(b.messages) == 2)
    message, (preview,) = browser.messages[1]
    assert message == {"type": "previews", "view": "v", "ids": [lacking]}
    assert len(preview) < 45_000
    shown.close()


def test_a_preview_that_cannot_be_read_is_answered(tmp_path, monkeypatch):
    """It comes empty, so that the browser asks for the tiles, which are there: until then it asks for none."""
    comparison, browser = whole(tmp_path), Browser()
    shown = Viewer(comparison)
    monkeypatch.setattr(shown, "send_message", browser.say)
    monkeypatch.setattr(shown._tiles, "_send_message", browser.say)
    name, picture = list(comparison.pictures().items())[-1]
    make_tiles(picture.path, tmp_path / "cut")
    comparison.cells[2,] = Cell("x 2", [Take(1, "done", replace(picture, tiles=tmp_path / "cut"))])
    shown.update_cell((2,), comparison.cells[2,])
    picture.path.unlink()
    shown._handle_custom_msg({"type": "previews", "view": "v", "ids": [name]}, [])
    browser.wait_for(lambda b: ({"type": "previews", "view": "v", "ids": [name]}, [b""]) in b.messages)
    shown.close()


def test_updating_a_cell_sends_that_cell_alone(tmp_path, monkeypatch):
    """One cell's facts are sent, and nothing of the others; its new preview can be asked for from then on."""
    comparison, browser = whole(tmp_path), Browser()
    shown = Viewer(comparison)
    monkeypatch.setattr(shown, "send_message", browser.say)
    new = compared(tmp_path, "new", 600, seed=9)
    shown.update_cell((2,), Cell("x 2", [Take(1, "failed", reason="no"), Take(2, "done", new)]))
    browser.wait_for(lambda b: len(b.messages) == 1)
    shown._handle_custom_msg({"type": "previews", "view": "v", "ids": [new.id]}, [])
    browser.wait_for(lambda b: len(b.messages) == 2)
    (cell, _), (preview, _) = browser.messages
    assert (cell["at"], len(cell["cell"]["takes"])) == ("2", 2)
    assert preview["ids"] == [new.id]
    assert shown.comparison.cells[2,].takes[1].picture == new
    shown.close()


def test_what_a_browser_hears_last_of_a_cell_is_how_it_is(tmp_path, monkeypatch):
    """A cell changes again while its first change is being sent, and a browser says hello: none of them hears the older last."""
    comparison, browser = whole(tmp_path), Browser()
    shown = Viewer(comparison)
    monkeypatch.setattr(shown, "send_message", browser.say)
    made, go_on = threading.Event(), threading.Event()
    real = viewer.cell_facts

    def slow(cell):
        facts = real(cell)
        if cell.label == "first":
            made.set()
            go_on.wait(60)
        return facts

    monkeypatch.setattr(viewer, "cell_facts", slow)
    shown.update_cell((1,), Cell("first"))
    assert made.wait(60)
    shown.update_cell((1,), Cell("second"))
    greeting = threading.Thread(target=shown._handle_custom_msg, args=({"type": "hello", "view": "v"}, []))
    greeting.start()
    until(lambda: not shown._pool._work or None, "the second change to be taken up")
    go_on.set()
    greeting.join(60)
    browser.wait_for(lambda b: len(b.messages) == 3)
    told = [m["cell"] if m["type"] == "cell" else m["facts"]["cells"]["1"] for m, _ in browser.messages]
    assert [cell["label"] for cell in told] == ["first", "second", "second"]
    shown.close()


def test_trying_again_reaches_the_caller(tmp_path):
    """The button of a failed cell calls back with its place and the take, off the callback's thread; no other place does."""
    called = threading.Event()
    told = []

    def on_retry(*place):
        told.append((place, threading.current_thread()))
        called.set()

    shown = Viewer(whole(tmp_path), on_retry=on_retry)
    for place in ("9", "1"):
        shown._handle_custom_msg({"type": "retry", "view": "v", "cell": place, "take": 1}, [])
    assert called.wait(60)
    assert told[0][0] == ((1,), 1)
    assert told[0][1] is not threading.current_thread()
    shown.close()


def test_its_saved_state_is_small(tmp_path):
    """Whoever writes it: no pixel, no script and no name of a file is part of it."""
    shown = Viewer(whole(tmp_path))
    state = json.dumps(dependency_state([shown], drop_defaults=False))
    assert len(state) < 30_000
    assert str(tmp_path) not in state
    shown.close()


def test_closing_ends_the_threads(tmp_path):
    """No thread of a viewer outlives it."""
    before = set(threading.enumerate())
    shown = Viewer(whole(tmp_path))
    shown._handle_custom_msg(
        {"type": "tiles", "view": "v", "add": [f"{next(iter(shown.comparison.pictures()))}/0/0/0"], "drop": []}, []
    )
    shown.close()
    until(lambda: set(threading.enumerate()) <= before or None, "the viewer's threads to end")
