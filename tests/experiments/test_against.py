"""Against: a run beside another one of the same plan, cell by cell; and measuring on whatever executor is given."""

import importlib
import io
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import fox_nb
from fox_nb import Fox, InvalidRequest
from fox_nb.experiments import measuring
from fox_nb.images import metrics
from fox_nb.images.tiles import make_tiles, read_tile
from fox_nb.sandbox import pictures

pytestmark = pytest.mark.usefixtures("noise")


def test_a_run_beside_another_days(fox: Fox, tmp_path: Path) -> None:
    """The same plan's second takes beside its first: each cell has the baseline's as its original, numbers, and a row in the table; its pictures alone can be compared."""
    sweep = fox.sweep("phota-image", prompt=["a fox", "an owl"], aspect_ratio=["1:1", "16:9"], per_second=200).run()
    other = fox.load_plan(sweep.to_json(tmp_path / "plan.json"), take=2, per_second=200).run()
    beside = other.against(sweep)
    comparison = beside.measure().comparison()
    assert [axis.name for axis in comparison.axes] == ["Run", "Prompt", "Aspect ratio"]
    assert len(comparison.cells) == 8
    now = {key: cell.takes[0] for key, cell in comparison.cells.items() if key[0] == 1}
    for key, take in now.items():
        original = comparison.original_of(key)
        assert original is not None
        assert take.picture is not None
        assert original == comparison.cells[0, *key[1:]].takes[0].picture != take.picture
        assert 0 < take.metrics["ssim"] < 1
    table = beside.to_frame()
    assert set(table["Run"]) == {"baseline", "now"}
    assert len(table) == 8
    assert (
        len(fox.compare(sweep).comparison().pictures()) == len(fox.compare(fox.tasks(limit=4)).comparison().cells) == 4
    )


def test_each_picture_of_a_task_meets_its_own(fox: Fox) -> None:
    """Of several pictures each is compared with the one of its number, where the baseline has it, else with the first."""
    two, three = (fox.sweep("grok-imagine-image", prompt="a fox", num_outputs=count).run() for count in (2, 3))
    beside = three.against(two).measure().comparison()
    baseline, now = (cell.takes for _, cell in sorted(beside.cells.items()))
    for take, other in zip(now, (*baseline, baseline[0]), strict=True):
        assert take.metrics["psnr"] == metrics.measure(take.picture.path, other.picture.path)[0]["psnr"]
    notes = [take.note for cell in three.comparison().cells.values() for take in cell.takes]
    assert [note.endswith(" for 3 pictures") for note in notes] == [True] * 3


def test_the_same_request_of_another_store_keeps_its_own_pixels(
    open_fox: Callable[..., Fox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two stores' files have one name and other bytes: side by side, each one's tiles are those of its own file."""
    here, there = (open_fox(store=tmp_path / name) for name in ("here", "there"))
    draws = pictures.carry_out

    def otherwise(step: dict[str, Any], folder: Path) -> dict[str, Any]:
        return draws({**step, "seed": step["seed"] + 1, "name": f"other-{step['name']}"}, folder)

    first = here.sweep("phota-image", prompt="a fox").run()
    monkeypatch.setattr(pictures, "carry_out", otherwise)
    second = there.sweep("phota-image", prompt="a fox").run()
    assert first.tasks[0][0].path.name == second.tasks[0][0].path.name
    for beside in (first.against(second), here.compare([first.tasks[0], second.tasks[0]])):
        shown = beside.comparison().pictures().values()
        for picture in shown:
            make_tiles(picture.path, picture.tiles)
        for picture in (*shown, *first.comparison().pictures().values()):
            with Image.open(picture.path) as whole, Image.open(io.BytesIO(read_tile(picture.tiles, 0, 0, 0))) as tile:
                assert np.array_equal(tile, whole.convert("RGB").crop((0, 0, 256, 256)))


def test_against_another_model_and_against_nothing(fox: Fox, tmp_path: Path) -> None:
    """A batch of one model beside the same rows of another; two runs without a common cell are refused in words."""
    rows = [{"prompt": "a fox"}, {"prompt": "an owl"}]
    first, second = (fox.batch(rows, model, per_second=200).run() for model in ("phota-image", "grok-imagine-image"))
    assert len(second.against(first).comparison().cells) == 4
    with pytest.raises(InvalidRequest, match="no cell of which both"):
        first.against(fox.sweep("phota-image", prompt=["a crow"]))


@pytest.mark.parametrize("index", [pd.to_datetime(["2026-01-01"]), pd.MultiIndex.from_tuples([("a", 1)])])
def test_rows_are_found_again_by_any_label(fox: Fox, tmp_path: Path, index: pd.Index) -> None:
    """A frame's dates and pairs are the same rows in a plan's file, where they stand as texts."""
    batch = fox.batch(pd.DataFrame({"prompt": ["a fox"]}, index=index), "phota-image").run()
    assert len(fox.load_plan(batch.to_json(tmp_path / "plan.json")).against(batch).comparison().cells) == 2


def test_a_plan_that_was_changed_beside_what_it_was(fox: Fox, tmp_path: Path) -> None:
    """Extended by an axis or a value, narrowed, or with a default written out: the cells that both have asked for meet, in both directions."""
    sweep = fox.sweep(
        "phota-image", prompt="a {animal}", animal=["fox", "owl"], aspect_ratio="1:1", per_second=200
    ).run()
    path = sweep.to_json(tmp_path / "plan.json")
    files = [task[0].path for task in sweep.tasks]
    for changes, common in (
        ({"resolution": ["1K", "4K"]}, files),
        ({"aspect_ratio": ["16:9", "1:1"], "animal": ["owl", "crow"]}, files[1:]),
        ({"prompt": ["a {animal}", "an old {animal}"]}, files),
        ({"animal": "owl"}, files[1:]),
        ({"model": ["grok-imagine-image", "phota-image"]}, files),
    ):
        other = fox.load_plan(path, **changes, per_second=200).run(confirm=True)
        for beside in (other.against(sweep), sweep.against(other)):
            cells = beside.comparison().cells
            assert sorted(cell.takes[0].picture.path for cell in cells.values()) == sorted(2 * common)
    with pytest.raises(InvalidRequest, match="no cell of which both"):
        fox.load_plan(path, resolution=["4K"]).against(sweep)


def test_axes_of_like_names_have_columns_of_their_own(fox: Fox) -> None:
    """Words of the prompt that are called as ours are, or alike but for capitals, hide none in the table of two runs."""
    given = {"Run": ["quick"], "place": ["the snow"], "Place": ["Oslo", "Rome"]}
    sweep = fox.sweep("phota-image", prompt="a {Run} fox in {place}, {Place}", **given, per_second=200).run()
    table = sweep.against(sweep).to_frame()
    assert list(table.columns[:4]) == ["Run", "Place", "Run (2)", "Place (2)"]
    assert table["Run"].tolist() == ["baseline", "now"] * 2


def test_what_is_measured_runs_on_an_executor(
    fox: Fox, photo: Path, monkeypatch: pytest.MonkeyPatch, open_fox: Callable[..., Fox]
) -> None:
    """Given processes, every number and tile is made there and none here, and they are what threads would have found; what takes no work is refused at once."""

    def here(*_: Any) -> None:
        raise AssertionError("it was measured in this process")

    with pytest.raises(InvalidRequest, match="takes no work"):
        fox.compare_enhance(photo, creativity=[0, 1], executor="dask")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as processes:
        monkeypatch.setattr(metrics, "measure", here)
        sweep = fox.compare_enhance(photo, creativity=[0, 1], resemblance=[0.5], executor=processes).run()
        found = sweep.to_frame()["ssim"].tolist()
    monkeypatch.undo()
    assert [metrics.measure(task.images[0].path, photo)[0]["ssim"] for task in sweep.tasks] == found
    assert all(take.picture.tiles.exists() for cell in sweep.comparison().cells.values() for take in cell.takes)


def test_what_is_laid_side_by_side_is_measured_on_an_executor_too(
    fox: Fox, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`compare` takes one, and `against` has the run's; a plan or a comparison with what takes no work is refused."""
    places: list[str] = []

    def where(*_: Any) -> Any:
        places.append(threading.current_thread().name)
        return {"ssim": 0.25}, ""

    monkeypatch.setattr(measuring, "_measure", where)
    asked = {"creativity": [0], "resemblance": [0.5]}
    first = fox.compare_enhance(photo, **asked).run()
    places.clear()
    with ThreadPoolExecutor(1, "elsewhere") as threads:
        second = fox.compare_enhance(photo, **asked, take=2, executor=threads).run()
        fox_nb.compare(second.tasks, original=photo, executor=threads).measure()
        second.against(first).measure()
    assert len(places) == 3
    assert {name.partition("_")[0] for name in places} == {"elsewhere"}
    plan = fox.batch([{"prompt": "a fox"}], "phota-image").to_json(tmp_path / "plan.json")
    for refused in (lambda: fox.compare(photo, executor=3), lambda: fox.load_plan(plan, executor=3)):
        with pytest.raises(InvalidRequest, match="takes no work"):
            refused()


@pytest.mark.long
@pytest.mark.filterwarnings("default")  # that library's own
def test_what_is_measured_runs_on_a_dask_cluster(fox: Fox, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given Dask's own executor of a client, a worker process finds the numbers and cuts the tiles, and none is made here."""
    distributed = importlib.import_module("distributed")  # of the extra `long`

    def here(*_: Any) -> None:
        raise AssertionError("it was measured in this process")

    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        monkeypatch.setattr(metrics, "measure", here)
        executor = client.get_executor()
        sweep = fox.compare_enhance(photo, creativity=[0, 1], resemblance=[0.5], executor=executor).run()
        found = sweep.to_frame()["ssim"].tolist()
    monkeypatch.undo()
    assert [metrics.measure(task.images[0].path, photo)[0]["ssim"] for task in sweep.tasks] == found
    assert all(take.picture.tiles.exists() for cell in sweep.comparison().cells.values() for take in cell.takes)


def test_cells_meet_by_what_was_asked(fox: Fox, photo: Path, tmp_path: Path) -> None:
    """Pictures of one name, rows of one label and rows in another order: each meets its own, also when a plan is read again."""
    other = tmp_path / "other" / photo.name
    other.parent.mkdir()
    Image.open(photo).rotate(180).save(other)
    sweep = fox.sweep("phota-image-enhance", image_url=[photo, other], per_second=200).run()
    again = fox.load_plan(sweep.to_json(tmp_path / "plan.json"), take=2, per_second=200).run()
    beside = again.against(sweep).comparison()
    asked = [task.images[0].path for run in (sweep, again) for task in run.tasks]
    assert [cell.takes[0].picture.path for _, cell in sorted(beside.cells.items())] == asked
    rows = [{"prompt": "a red fox"}, {"prompt": "a blue owl"}]
    first, turned = (fox.batch(table, "phota-image", per_second=200).run() for table in (rows, rows[::-1]))
    with pytest.raises(InvalidRequest, match="no cell of which both"):
        turned.against(first)
    alike = [fox.batch(pd.DataFrame(rows, index=["x", "x"]), "phota-image").run() for _ in range(2)]
    pictures = alike[1].against(alike[0]).comparison().cells
    assert [pictures[0, n].takes[0].picture.path for n in (0, 1)] == [task.images[0].path for task in alike[0].tasks]


def test_one_model_beside_several(fox: Fox) -> None:
    """Of a run of several models the cells of the same model are the baseline, in both directions."""
    several = fox.sweep(["phota-image", "grok-imagine-image"], prompt=["a fox", "an owl"], per_second=200).run()
    one = fox.sweep("phota-image", prompt=["a fox", "an owl"], per_second=200).run()
    files = {task.images[0].path for task in one.tasks}
    for beside in (one.against(several), several.against(one)):
        assert {cell.takes[0].picture.path for cell in beside.comparison().cells.values()} == files
