"""Measure: numbers are taken once, in the background, kept, and say no more than the spread allows."""

import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageOps

import fox_nb
from artifacts import MARKED_KEY
from fox_nb import ExtraMissing, Fox
from fox_nb.experiments import pages, spread
from fox_nb.experiments.measuring import MeasuringPool
from fox_nb.images import metrics
from fox_nb.images.tiles import read_tile
from fox_nb.render.comparison import Cell, Take, facts
from fox_nb.sandbox import pictures
from portraits import invented, portrait

ALLOWED = 400_000_000


def test_ssim_follows_the_two_settings(fox: Fox, tmp_path: Path) -> None:
    """On the sandbox SSIM never falls as resemblance grows nor rises with creativity, and moves strictly inside the range."""
    photo = tmp_path / "portrait.jpg"
    portrait(invented("mira"), (320, 640), seed=8).save(photo, quality=92)
    sweep = fox.compare_enhance(photo, creativity="0..1 step 0.25", resemblance="0..1 step 0.25", per_second=50).run()
    table = sweep.to_frame().pivot_table(index="resemblance", columns="creativity", values="ssim")
    assert table.shape == (5, 5)
    assert table.notna().all().all()
    by_resemblance, by_creativity = table.diff().iloc[1:], table.T.diff().iloc[1:].T
    assert (by_resemblance >= 0).all().all()
    assert (by_creativity <= 0).all().all()
    assert (by_resemblance.iloc[:, 1:-1] > 0).all().all()
    assert (by_creativity.iloc[1:-1] < 0).all().all()


def test_numbers_and_tiles_are_made_once(fox: Fox, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """run() ends with all measured and cut; the same sweep again takes both from the store, also in a new object."""
    sweep = fox.compare_enhance(photo, creativity=[0, 1], resemblance=[0.5]).run()
    takes = [cell.takes[0] for cell in sweep.comparison().cells.values()]
    assert all(set(take.metrics) == set(metrics.EXPLANATIONS) for take in takes)
    assert all(read_tile(take.picture.tiles, 0, 0, 0) for take in takes if take.picture and take.picture.tiles)

    def again(*_: object) -> None:
        raise AssertionError("it was measured a second time")

    monkeypatch.setattr(metrics, "measure", again)
    other = fox.compare_enhance(photo, creativity=[0, 1], resemblance=[0.5])
    assert other.to_frame()["ssim"].tolist() == [take.metrics["ssim"] for take in takes]


def test_a_page_never_measures(fox: Fox, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Building the comparison and its pages reads what is there, and takes no numbers."""
    sweep = fox.compare_enhance(photo, creativity=[0.5], resemblance=[0.5]).run()
    fresh = fox.compare_enhance(photo, creativity=[0.5], resemblance=[0.5])
    monkeypatch.setattr(metrics, "measure", lambda *_: pytest.fail("measured"))
    assert fresh.comparison().cells[0, 0].takes[0].metrics == {}
    assert sweep.comparison().cells[0, 0].takes[0].metrics


def test_damaged_numbers_are_taken_again(fox: Fox, photo: Path) -> None:
    """A kept file that is no whole JSON, of another version or of other things costs a second look, nothing else."""
    right = fox.compare_enhance(photo, creativity=[0.5], resemblance=[0.5]).run().to_frame()["ssim"][0]
    (kept,) = (fox.store.thumbnails / "numbers").glob("*.json")
    for damage in (
        "",
        "{",
        "[]",
        '{"version": 0, "numbers": {}, "note": ""}',
        '{"version": 2, "numbers": 3, "note": ""}',
    ):
        kept.write_text(damage)
        assert fox.compare_enhance(photo, creativity=[0.5], resemblance=[0.5]).to_frame()["ssim"][0] == right
    assert json.loads(kept.read_text())["numbers"]["ssim"] == right


def test_without_scikit_image_the_pictures_are_there_and_the_remedy_is_told(
    fox: Fox, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra the sweep runs, its table has no numbers, and the words say what to install."""
    for name in list(sys.modules):
        if name.split(".")[0] == "skimage":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "skimage", None)
    sweep = fox.compare_enhance(photo, creativity=[0.5], resemblance=[0.5]).run()
    assert "ssim" not in sweep.to_frame()
    assert any("scikit-image" in line and "pip install" in line for line in sweep.findings())


def test_the_table_says_all_of_each_picture(fox: Fox, photo: Path) -> None:
    """One row a picture: the request, the take, the task, the time, the file, the numbers; its costs sum to what was spent, and as many pictures are told."""
    sweep = fox.sweep(
        "phota-image-edit", prompt=["at night", "in snow"], image_urls=photo, num_outputs=2, takes=2
    ).run()
    table = sweep.to_frame()
    assert len(table) == 8
    assert table["usd"].sum() == pytest.approx(float(fox.spent))
    assert set(table["take"]) == {1, 2}
    assert (table["seconds"] > 0).all()
    assert all(Path(file).exists() for file in table["file"])
    assert table["task_id"].nunique() == 4
    assert set(table["prompt"]) == {"at night", "in snow"}
    assert "8 pictures, 8 made" in repr(sweep)
    assert pages.how_far(sweep).startswith("8 of 8 done")
    assert all("8 of 8" in page(sweep) for page in (pages.summary_page, pages.begun_page))


def test_mean_and_spread_of_the_takes(fox: Fox, photo: Path) -> None:
    """summary() has one row a setting, also where nothing varies or is made: mean, standard deviation over the takes, and how many there are."""
    sweep = fox.compare_enhance(photo, creativity=[0, 1], resemblance=[0.2], takes=3, per_second=50).run()
    table, every = sweep.summary(), sweep.to_frame()
    assert table["creativity"].tolist() == [0, 1]
    assert table["ssim_count"].tolist() == [3, 3]
    for row in table.itertuples():
        values = every[every["creativity"] == row.creativity]["ssim"]
        assert row.ssim_mean == pytest.approx(statistics.fmean(values))
        assert row.ssim_std == pytest.approx(statistics.stdev(values))
    assert "±" in str(sweep.findings()) or "may be chance" in str(sweep.findings())
    one = {"image_url": photo, "resolution": "1K", "resemblance": 0.2, "takes": 3}
    (alone,) = fox.sweep("phota-image-enhance", creativity=1, **one).summary().to_dict("records")
    assert alone == {name: table[name][1] for name in alone}
    assert alone["ssim_count"] == 3
    planned = fox.sweep("phota-image-enhance", creativity=[0.3, 0.4], **one).summary()
    assert planned.to_dict("list") == {"creativity": [0.3, 0.4], "status": ["not sent", "not sent"]}


def test_the_original_of_pixels_and_of_a_link(fox: Fox, photo: Path) -> None:
    """Given as a PIL image, or as a link, the picture stands beside its results all the same, and is measured against."""
    from PIL import Image

    with Image.open(photo) as image:
        pixels = fox.compare_enhance(image.copy(), creativity=[0.5], resemblance=[0.5])
    assert pixels.run().comparison().original is not None
    assert pixels.to_frame()["ssim"][0] > 0.5
    made = fox.generate("a fox").wait().images[0]
    link = fox.compare_enhance(made.url, creativity=[0.5], resemblance=[0.5])
    assert link.comparison().original is None
    link.run()
    assert link.comparison().original is not None
    assert link.to_frame()["ssim"][0] > 0.3


def test_the_original_is_what_was_sent(fox: Fox, photo: Path, tmp_path: Path) -> None:
    """Whatever lies at its path by now, results are laid beside the picture that was sent; one that is nowhere any more is missed in words."""
    given, other = tmp_path / "given.png", tmp_path / "other.png"
    portrait(invented("ruth"), (320, 400), seed=3).save(other)
    shutil.copy(photo, given)
    asked = {"creativity": [0.5], "resemblance": [0.5]}
    sweep, named = fox.compare_enhance(given, **asked).run(), fox.compare_enhance(photo, **asked, original=other)
    right = sweep.to_frame()["ssim"][0]
    drawn = other.read_bytes()
    for path in (given, other):
        path.write_bytes(b"something else")
    for again in (sweep, fox.compare_enhance(photo, **asked)):
        assert again.to_frame()["ssim"][0] == pytest.approx(right, abs=0.02)
    assert sweep.comparison().original.path.parent == fox.store.sources
    assert named.comparison().original is None
    assert "other.png was changed" in str(named.findings())
    other.write_bytes(drawn)
    assert named.comparison().original is not None
    assert "other.png was changed" not in str(named.findings_so_far())


def test_each_picture_is_measured_against_its_own_original(fox: Fox, photo: Path, tmp_path: Path) -> None:
    """Where the given picture varies, each column's original is its own; there is none for all of them."""
    other = tmp_path / "other.png"
    portrait(invented("ruth"), (320, 400), seed=3).save(other)
    sweep = fox.sweep("phota-image-enhance", image_url=[photo, other], resolution="1K", resemblance=1.0).run()
    assert sweep.comparison().original is None
    assert (sweep.to_frame()["ssim"] > 0.7).all()


def test_pictures_of_two_originals_are_not_ranked(fox: Fox, photo: Path, tmp_path: Path) -> None:
    """Nearness to one original is not laid against nearness to another; one that is the same for all still ranks."""
    other = tmp_path / "other.png"
    portrait(invented("ruth"), (320, 400), seed=3).save(other)
    asked = {"resolution": "1K", "creativity": [0.1, 1.0], "takes": 2}
    two = fox.sweep("phota-image-enhance", image_url=[photo, other], **asked).run()
    assert "different originals" in str(two.findings())
    assert "is closest" not in str(two.findings())
    shown = two.comparison()
    assert [cell.original.path for _, cell in shown.in_order()] == [photo, other] * 2
    assert all(shown.original_of(key) == cell.original for key, cell in shown.cells.items())
    assert {cell["original"]["id"] for cell in facts(shown)["cells"].values()} <= set(shown.pictures())
    assert facts(shown)["own"], "a cell without an original has not another one's"
    assert two.static().count('alt="Original"') == 2
    alone = fox.sweep("phota-image-enhance", image_url=[photo], **asked).run()
    assert alone.comparison().original is not None
    assert "own" not in facts(alone.comparison())
    assert "different originals" not in str(alone.findings())


def cell(name: str, *values: float) -> Cell:
    return Cell(name, [Take(number, "done", metrics={"ssim": value}) for number, value in enumerate(values, start=1)])


groups = st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=4), min_size=1, max_size=6)


@given(groups)
def test_nothing_is_called_closest_inside_the_spread(values: list[list[float]]) -> None:
    """Whatever the numbers: a setting is named alone only if every other mean is lower by more than both spreads."""
    cells = [cell(f"setting {number}", *found) for number, found in enumerate(values)]
    highest = spread.level(cells)
    best = max(statistics.fmean(found) for found in values)
    assert statistics.fmean(values[int(highest[0].label.split()[1])]) == pytest.approx(best)
    said = spread.words(cells)
    if said.startswith("Closest"):
        own = values[int(highest[0].label.split()[1])]
        others = [found for found in values if found is not own]
        assert all(
            len(own) > 1
            and len(found) > 1
            and statistics.fmean(own) - statistics.fmean(found) > statistics.stdev(own) + statistics.stdev(found)
            for found in others
        )


def test_the_words_for_what_the_spread_allows() -> None:
    """One take each tells nothing of chance; apart is named; level is named together."""
    assert "may be chance" in spread.words([cell("a", 0.9), cell("b", 0.5)])
    assert spread.words([cell("a", 0.9, 0.91), cell("b", 0.5, 0.52)]).startswith(
        "a is closest to the original (SSIM 0.905"
    )
    level = spread.words([cell("a", 0.9, 0.8), cell("b", 0.86, 0.8), cell("c", 0.1, 0.11)])
    assert "but the gap to b may be chance" in level
    assert "No setting stands out" in spread.words([cell("a", 0.9, 0.8), cell("b", 0.86, 0.8)])
    assert spread.words([cell("a", 0.9)]) == ""


def test_the_darkroom_survives_what_it_can_not_read(fox: Fox, photo: Path, tmp_path: Path) -> None:
    """A picture whose file is gone is not measured, its note says so, and waiting ends."""
    from fox_nb.render.comparison import ComparedPicture

    room = MeasuringPool(fox.store)
    gone = ComparedPicture(tmp_path / "gone.png", 10, 10, tiles=tmp_path / "t")
    room.develop(gone, photo)
    room.wait()
    numbers, note = room.found(gone.path, photo)
    assert numbers == {}
    assert "can't be measured" in note


def test_what_failed_is_measured_when_it_is_asked_for_again(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once what was missing is there, the same comparison has its numbers, and says no more that something is wrong."""
    shown = fox_nb.compare([photo, ImageOps.invert(Image.open(photo))], original=photo)
    for broken in (ExtraMissing("scikit-image is missing"), RuntimeError("a broken executor")):

        def refuse(*_: Any, broken: Exception = broken) -> None:
            raise broken

        monkeypatch.setattr(metrics, "measure", refuse)
        assert str(broken) in shown.measure().findings()[-1]
    monkeypatch.undo()
    assert shown.measure().findings() == []
    assert shown.to_frame()["ssim"].notna().any()


MEMORY = """
import sys, threading
import psutil
from fox_nb import Fox
from fox_nb.settings import Polling
fox = Fox(base_url=sys.argv[1], store=sys.argv[2], polling=Polling(first_looks=(.05,), at_least=.05, per_second=200))
me, peak, done = psutil.Process(), 0, threading.Event()
start = me.memory_info().rss
def watch():
    global peak
    while not done.wait(.02):
        peak = max(peak, me.memory_info().rss - start)
watcher = threading.Thread(target=watch)
watcher.start()
sweep = fox.compare_enhance(sys.argv[3], creativity=sys.argv[4], resemblance=sys.argv[4], resolution="4K", per_second=50)
sweep.run(confirm=True)
assert sweep.to_frame()["ssim"].notna().all()
page = sweep.save_html(sys.argv[5]).stat().st_size
done.set()
watcher.join()
print(peak, page)
"""


def peak(sandbox: Any, tmp_path: Path, axis: str) -> tuple[int, int]:
    """How much a process grows at the most while it makes, cuts and measures a 4K grid, and exports it; the page's bytes."""
    photo = tmp_path / "portrait.jpg"
    portrait(invented("mira"), (1024, 1024), seed=8).save(photo, quality=92)
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            MEMORY,
            sandbox.base_url,
            str(tmp_path / "fox_runs"),
            str(photo),
            axis,
            str(tmp_path / "compare.html"),
        ],
        env={**os.environ, "FOXAPI_KEY": MARKED_KEY},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=1800,
    )
    grown, page = map(int, ran.stdout.split())
    return grown, page


@pytest.fixture
def one_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures are one drawing, turned about its edges: how they differ is nothing to who cuts and measures them."""
    draw, drawn = pictures._draw, []

    def turned(step: dict[str, Any], folder: Path) -> Image.Image:
        if not drawn:
            drawn.append(draw(step, folder))
        return ImageChops.offset(drawn[0], step["seed"] % 1000)

    monkeypatch.setattr(pictures, "_draw", turned)


@pytest.mark.usefixtures("one_drawing")
def test_memory_stays_within_bounds(sandbox: Any, tmp_path: Path) -> None:
    """Four 4K pictures made, cut, measured and exported below 4 MB: the process stays within 400 MB of where it began."""
    grown, page = peak(sandbox, tmp_path, "0, 1")
    assert grown < ALLOWED
    assert page < 4_000_000
    assert len(sandbox.creations) == 4


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_memory_stays_within_bounds_for_twenty_five(sandbox: Any, tmp_path: Path) -> None:
    """Twenty-five of them: likewise, and the page is below 10 MB."""
    grown, page = peak(sandbox, tmp_path, "0..1 step 0.25")
    assert grown < ALLOWED
    assert page < 10_000_000
    assert len(sandbox.creations) == 25
