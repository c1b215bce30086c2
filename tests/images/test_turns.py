"""Turns: one big picture in memory at a time, what is looked at before what is prepared, in this process and in its children."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fox_nb.images import tiles, turns
from fox_nb.images.check import Opened, opened
from fox_nb.images.thumbnail import cached_thumbnail, thumbnail
from fox_nb.images.tiles import make_tiles
from fox_nb.images.turns import Turns
from images.pictures import png_of
from processes import PATIENCE, Child, ended, until

SIDE = 3000
PEAK = """
import re, sys
from pathlib import Path
from fox_nb.images.tiles import make_tiles
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
folder = Path(sys.argv[1])
make_tiles(folder / "small.png", folder / "small")  # all that it needs besides
before = peak()
make_tiles(folder / "big.png", folder / "big")
print(peak() - before)
"""


def waiting_for(turns, order, name, *, later=False):
    """Start a thread that notes its turn; return it once it waits."""

    def run():
        with turns.taken(later=later):
            order.append(name)

    thread = threading.Thread(target=run)
    waiting = len(turns._waiting)
    thread.start()
    until(lambda: len(turns._waiting) > waiting or None, f"{name} to wait")
    return thread


def test_what_nobody_waits_for_comes_last():
    """Turns are in the order of their coming, those for later behind all others, and behind the gaps of who goes first."""
    turns, order = Turns(), []
    with turns.first():
        with turns.taken():
            waiting = [waiting_for(turns, order, "tiles", later=True)]
            waiting += [waiting_for(turns, order, name) for name in ("a preview", "another")]
        ended(*waiting[1:])
        assert order == ["a preview", "another"]
        assert waiting[0].is_alive()
    ended(*waiting)
    assert order == ["a preview", "another", "tiles"]


def test_a_thread_that_has_its_turn_is_not_in_its_own_way():
    """Within a turn the same thread takes it again, also for later, and it ends with the outer one."""
    turns, order = Turns(), []
    with turns.taken():
        with turns.taken(later=True):
            waiting = waiting_for(turns, order, "other")
        assert not order
    ended(waiting)
    assert order == ["other"]


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_what_is_cut_is_in_memory_once(tmp_path):
    """A picture of 36 MB in memory takes half as much again to be cut, at the most: nothing is a copy of it."""
    (tmp_path / "big.png").write_bytes(png_of(SIDE, SIDE))
    (tmp_path / "small.png").write_bytes(png_of(600, 600))
    with Child("-c", PEAK, str(tmp_path)) as child:
        assert int(child.line("the peak")) < 1.5 * 4 * SIDE**2


def test_while_one_is_cut_no_other_one_is_decoded(tmp_path, monkeypatch):
    """A big picture's turn lasts until its tiles are written."""
    (tmp_path / "a.png").write_bytes(png_of(SIDE, SIDE))
    real, waited = tiles._write, []

    def write(*given):
        other.start()
        until(lambda: turns.big._waiting or None, "the other one to wait")
        waited.append(other.is_alive())
        return real(*given)

    other = threading.Thread(target=thumbnail, args=(tmp_path / "a.png",))
    monkeypatch.setattr(tiles, "_write", write)
    make_tiles(tmp_path / "a.png", tmp_path / "tiles")
    ended(other)
    assert waited == [True]


def test_views_that_want_the_same_thumbnail_decode_its_picture_once(tmp_path, monkeypatch):
    """The viewer and the page that stays ask at the same moment: one makes it, whatever its sizes, the others are given it."""
    made, real = [], Opened.decode
    monkeypatch.setattr(
        Opened, "decode", lambda opened, edge=1: (made.append(opened.facts.format), real(opened, edge))[1]
    )
    (tmp_path / "a.png").write_bytes(png_of(1200, 900))
    with ThreadPoolExecutor(6) as threads:
        edges = [512, 384] * 6
        list(threads.map(lambda edge: cached_thumbnail(tmp_path / "a.png", tmp_path / "thumbs", edge), edges))
    assert sorted(made) == ["PNG", "WEBP", "WEBP"]
    assert len(list((tmp_path / "thumbs").iterdir())) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_forked_while_a_picture_is_decoded_decodes_its_own(tmp_path):
    """An executor's worker that begins while a thread has its turn at a big picture, or at those tiles, cuts them all the same."""
    (tmp_path / "a.png").write_bytes(png_of(SIDE, SIDE))
    begun, over = threading.Event(), threading.Event()

    def decode():
        with opened(tmp_path / "a.png"):
            begun.set()
            assert over.wait(PATIENCE)

    threads = [threading.Thread(target=decode)]
    threads.append(threading.Thread(target=make_tiles, args=(tmp_path / "a.png", tmp_path / "tiles")))
    for thread in threads:
        thread.start()
    try:
        assert begun.wait(PATIENCE)
        with multiprocessing.get_context("fork").Pool(1) as pool:
            cut = pool.apply_async(make_tiles, (tmp_path / "a.png", tmp_path / "tiles"))
            assert cut.get(PATIENCE).width == SIDE
    finally:
        over.set()
        ended(*threads)
