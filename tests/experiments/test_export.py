"""Export: pictures under names of one's own, as an image folder that others load, or in one Parquet file."""

import importlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from fox_nb import DownloadFailed, Fox, FoxError, InvalidRequest
from fox_nb.experiments import Batch
from fox_nb.images.saving import file_stem


@pytest.fixture
def batch(fox: Fox) -> Batch:
    """Four rows, two of them equal, one with two pictures, with columns whose names `datasets` keeps for itself."""
    table = pd.DataFrame(
        {
            "prompt": ["a fox / in: the 'snow'", "an owl", "an owl", "CON"],
            "num_outputs": [1, 2, 2, 1],
            "scene": ["x", None, "y", 3],
            "file_name": ["mine.png"] * 4,
            "weight": [0.5, 1, 2, float("nan")],
        },
        index=["a", "b", "c", "d"],
    )
    return fox.batch(table, "phota-image", per_second=200, at_once=8).run()


def read(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]


def test_an_image_folder_as_datasets_documents_it(batch: Batch, tmp_path: Path) -> None:
    """Each line of metadata.jsonl names a picture that is there, each picture has one, and each column one type."""
    folder = batch.save(tmp_path / "out")
    rows = read(folder)
    assert len(rows) == 6
    assert sorted(row["file_name"] for row in rows) == sorted(
        path.name for path in folder.iterdir() if path.suffix != ".jsonl"
    )
    for row in rows:
        with Image.open(folder / row["file_name"]) as picture:
            assert picture.size == (row["width"], row["height"])
    for name in rows[0]:
        assert len({type(row[name]) for row in rows if row[name] is not None}) <= 1
        assert all(name in row for row in rows)
    assert {row["file_name_column"] for row in rows} == {"mine.png"}
    assert [row["label"] for row in rows] == ["a", "b", "b", "c", "c", "d"]
    frame = pd.read_json(folder / "metadata.jsonl", lines=True)
    assert frame["weight"].tolist()[:3] == [0.5, 1, 1]


def test_what_a_table_lacks_is_no_text_and_a_picture_is_told_in_a_word(fox: Fox, tmp_path: Path) -> None:
    """Missing whole numbers and times are missing in the folder, too; bytes and pictures of a column are named, alike in each kernel."""
    table = pd.DataFrame(
        {
            "prompt": ["a fox", "an owl"],
            "weight": pd.array([1, None], dtype="Int64"),
            "day": pd.to_datetime(["2026-01-02", None]),
            "photo": [Image.new("RGB", (8, 8)), None],
            "image_of": [{"bytes": b"x" * 5000, "path": "a.png"}, None],
        }
    )
    batch = fox.batch(table, "phota-image", per_second=200).run()
    rows = read(batch.save(tmp_path / "out", name="{index}-{weight}"))
    told = [tuple(row[name] for name in ("file_name", "weight", "day", "photo", "image_of")) for row in rows]
    words = str({"bytes": "5,000 bytes", "path": "a.png"})
    assert told == [("0-1.jpg", 1, "2026-01-02 00:00:00", "Image", words), ("1.jpg", None, None, None, None)]
    again = fox.load_plan(batch.to_json(tmp_path / "plan.json"))
    assert again.plan.table.rows[0]["image_of"] == words


@pytest.mark.long
@pytest.mark.filterwarnings("default")  # those libraries' own
def test_datasets_loads_what_was_saved(batch: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder and the Parquet file are loaded as they stand, with pictures and columns."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = importlib.import_module("datasets")  # of the extra `long`
    loaded = datasets.load_dataset("imagefolder", data_dir=str(batch.save(tmp_path / "out")), split="train")
    parquet = datasets.load_dataset(
        "parquet", data_files=str(batch.save_parquet(tmp_path / "out.parquet")), split="train"
    )
    for found in (loaded, parquet):
        assert len(found) == 6
        assert found[0]["image"].size[0] > 0
        assert {"label", "prompt", "task_id"} <= set(found.column_names)


def test_parquet_has_the_bytes(batch: Batch, tmp_path: Path) -> None:
    """Read by pandas, each row has the bytes of its picture, whole; saved again it takes its own file's place, and no other's."""
    path = batch.save_parquet(tmp_path / "out.parquet")
    table = pd.read_parquet(path)
    assert len(table) == 6
    files = [file for files in batch.to_frame()["files"] for file in files]
    assert [row["bytes"] for row in table["image"]] == [Path(file).read_bytes() for file in files]
    batch.save_parquet(path)
    pd.read_parquet(path).to_parquet(path)
    (tmp_path / "mine.parquet").write_text("mine")
    for other in (path, tmp_path / "mine.parquet", tmp_path):
        with pytest.raises(FoxError, match="not overwritten"):
            batch.save_parquet(other)


def test_names_are_safe_and_none_is_overwritten(batch: Batch, tmp_path: Path) -> None:
    """Slashes and reserved names are no part of a file's name, equal names get numbers, and what is there stays."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "an owl.png").write_bytes(b"somebody's")
    (folder / "an owl.jpg").write_bytes(b"somebody's")
    batch.save(folder, name="{prompt}")
    names = {row["file_name"] for row in read(folder)}
    assert len(names) == 6
    assert not any(set(name) & set("/:'\\") or name.upper().startswith("CON.") for name in names)
    assert (folder / "an owl.jpg").read_bytes() == b"somebody's"
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir() if path.suffix != ".jsonl"}
    batch.save(folder, name="{prompt}")
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir() if path.suffix != ".jsonl"} == before
    assert len(read(folder)) == 6
    for wrong in ("{nope}", "{prompt.__class__}", "{index:9999999}", "{prompt", "{prompt!r}", 5, None):
        with pytest.raises(InvalidRequest, match="name"):
            batch.save(folder, name=wrong)
    batch.save(folder, name="{usd:.2f}-{seconds:.1f}")
    assert {row["file_name"][:4] for row in read(folder)} >= {"0.00", "0.09"}


def test_what_is_made_later_is_added(fox: Fox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Saved twice, the folder has the pictures and the lines of both times; what is no row of the second table is told."""
    rows = [{"prompt": "a fox"}, {"prompt": "an owl"}]
    fox.batch(rows[:1], "phota-image").run().save(tmp_path / "out")
    fox.batch(rows, "phota-image").run().save(tmp_path / "out")
    assert [row["prompt"] for row in read(tmp_path / "out")] == ["a fox", "an owl"]
    assert "earlier save" not in "".join(capsys.readouterr())
    fox.batch([rows[0], {"prompt": "a crow"}], "phota-image").run().save(tmp_path / "out")
    assert "1 picture of an earlier save stays in" in "".join(capsys.readouterr())
    assert [row["prompt"] for row in read(tmp_path / "out")] == ["an owl", "a fox", "a crow"]


def test_columns_lines_and_money_are_all_kept(fox: Fox, tmp_path: Path) -> None:
    """Columns named as ours, or so that they would meet, texts that JSON hardly holds, two rows of one picture, and several saves."""
    row = {"prompt": "a fox", "task_id": "mine", "usd": 9, "label": "L", "index": "i7", "image": 1, "image_column": 2}
    row = {**row, "note": "x\u2028y\ud800", "big": 2**70}
    batch = fox.batch([row, row], "phota-image").run()
    for _ in range(2):
        batch.save(tmp_path / "out", name="{index:03}-{label:03}-{task_id:03}")
    lines = [json.loads(line) for line in (tmp_path / "out/metadata.jsonl").read_text("utf-8").split("\n") if line]
    assert len(lines) == 2
    noted = batch.to_frame()["note"].tolist()  # pandas 2 holds half a character, pandas 3 doesn't
    assert noted in (["x\u2028y?"] * 2, ["x\u2028y\ud800"] * 2)
    task = batch.tasks[0]
    for at, line in enumerate(lines):
        assert (line["index"], line["label"], line["task_id"]) == (at, at, task.id)
        assert (line["task_id_column"], line["usd_column"], line["label_column"], line["index_column"]) == (
            "mine",
            9,
            "L",
            "i7",
        )
        assert (line["image_column_column"], line["image_column"], line["big"]) == (1, 2, str(2**70))
        assert line["note"] == "x\u2028y?"
    assert [line["usd"] for line in lines] == [float(task.cost), 0]
    assert pd.read_parquet(batch.save_parquet(tmp_path / "out.parquet"))["big"].tolist() == [str(2**70)] * 2
    table = pd.DataFrame({"prompt": ["a fox"], "note": ["another"]}, index=["row-a"])
    fox.batch(table, "phota-image").run().save(tmp_path / "out", name="{index:03}-{prompt}")
    fox.batch(table.assign(note="a third"), "phota-image").run().save(tmp_path / "out", name="{index:03}-{prompt}")
    lines = [json.loads(line) for line in (tmp_path / "out/metadata.jsonl").read_text("utf-8").split("\n") if line]
    assert [line["label"] for line in lines] == ["0", "1", "row-a", "row-a"]
    assert [line["note"] for line in lines][2:] == ["another", "a third"]
    assert len({line["file_name"] for line in lines}) == 4


@pytest.mark.parametrize(
    ("words", "name"),
    [("CON", "CON-"), ("aux.tar", "aux-.tar"), ("com¹", "com¹-"), ("nul .x", "nul -.x"), ("cons", "cons")],
)
def test_no_name_is_a_device_of_windows(words: str, name: str) -> None:
    """What stands before the first dot decides, there, and three superscripts are digits."""
    assert file_stem("{prompt}", {"prompt": words}) == name


def test_a_task_is_its_pictures(fox: Fox, tmp_path: Path) -> None:
    """task[0], its slices, its iteration, and saving one picture or all, in the format that the name says."""
    task = fox.generate("a fox", num_outputs=2).wait()
    assert [image.number for image in task] == [1, 2]
    assert task[0] == task.images[0]
    assert task[-1:] == task.images[1:]
    with pytest.raises(FoxError, match="2 pictures"):
        task[2]
    saved = task[0].save(tmp_path / "fox.png")
    with Image.open(saved) as picture:
        assert (picture.format, picture.size) == ("PNG", (task[0].width, task[0].height))
    assert len({path.name for path in task.save(tmp_path / "all")}) == 2
    with pytest.raises(InvalidRequest, match="the name of a picture"):
        task.save(tmp_path / "both.png")


def test_pictures_that_are_not_there_are_not_saved_in_silence(
    fox: Fox, sandbox: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before they have come, saving says to wait; when some were deleted, how many are left; when all were, that."""
    sandbox.set(speed=1)
    with pytest.raises(FoxError, match=r"has no pictures to save.*task\.wait"):
        fox.generate("a boat").save(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    sandbox.set(speed=500)
    task = fox.generate("a fox", num_outputs=2).wait()
    task[0].path.unlink()
    assert len(task.save(tmp_path / "out")) == 1
    assert "1 of 2 pictures" in capsys.readouterr().err
    task[1].path.unlink()
    with pytest.raises(DownloadFailed, match="deleted"):
        task.save(tmp_path / "out")


@pytest.mark.parametrize("save", ["save", "save_parquet"])
def test_a_table_without_its_pictures_is_not_saved_in_silence(
    fox: Fox, sandbox: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], save: str
) -> None:
    """Before it was run, saving says so; when some pictures were deleted, how many are left; when all were, or all failed, why."""
    batch = fox.batch([{"prompt": "a fox"}, {"prompt": "an owl"}, {"prompt": "a fox"}], "phota-image", per_second=50)
    with pytest.raises(FoxError, match=r"no picture to save\. Call run"):
        getattr(batch, save)(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    batch.run()
    getattr(batch, save)(tmp_path / "all")
    assert "pictures are here" not in capsys.readouterr().err
    batch.tasks[1][0].path.unlink()
    getattr(batch, save)(tmp_path / "some")
    assert "2 of 3 pictures are here to be saved" in capsys.readouterr().err
    batch.tasks[0][0].path.unlink()
    with pytest.raises(FoxError, match=r"no picture to save\. .* deleted"):
        getattr(batch, save)(tmp_path / "gone")
    sandbox.misbehave("failed", times=1)
    with pytest.raises(FoxError, match=r"no picture to save\. .* failed"):
        getattr(fox.sweep("phota-image", prompt=["a crow"]).run(), save)(tmp_path / "failed")
