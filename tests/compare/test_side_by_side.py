"""Side by side: any pictures by one call, without a gateway, a key or a store."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import fox_nb
from artifacts import MARKED_KEY
from fox_nb import Fox
from gateways import EAGER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOISE = np.random.default_rng(0)


def drawn(width: int = 96, height: int = 64) -> Image.Image:
    small = NOISE.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def encoded(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def labels(pictures: Any) -> list[list[str]]:
    return [list(axis.labels) for axis in pictures.comparison().axes]


def test_two_equal_pictures_are_two_pictures() -> None:
    """That nothing differs is what the comparison was asked for: both stand there, and both are counted."""
    picture = drawn()
    pictures = fox_nb.compare([picture, picture.copy()], labels=["before", "after"])
    assert labels(pictures) == [["before", "after"]]
    assert repr(pictures) == "<2 pictures side by side>"


def test_two_models_a_file_and_an_array_by_one_call(sandbox: Any, tmp_path: Path) -> None:
    """Results of two models, a path and an array stand side by side, named by what they differ in, and can be taken away."""
    fox = Fox(base_url=sandbox.base_url, api_key=MARKED_KEY, store=tmp_path / "fox_runs", polling=EAGER)
    phota, grok = fox.generate("a fox", aspect_ratio="16:9"), fox.imagine("a fox", aspect_ratio="16:9")
    drawn().save(tmp_path / "photo.png")
    pictures = fox_nb.compare([phota, grok, tmp_path / "photo.png", np.asarray(drawn())])
    fox.close()
    (names,) = labels(pictures)
    assert len(set(names[:2])) == 2
    assert names[2:] == ["photo.png", "picture 4"]
    frame = pictures.to_frame()
    assert list(frame["status"]) == ["completed"] * 4
    assert list(frame["width"])[2:] == [96, 96]
    assert "fitted into the same frame" in pictures.findings()[0]
    saved = pictures.save_html(tmp_path / "compare.html").read_text(encoding="utf-8")
    assert saved.count("data:image/webp") == 4
    with Image.open(pictures.save_image(tmp_path / "sheet.png")) as sheet:
        assert sheet.width > 400
    assert pictures.plot("images").data.count("data:image/webp") == 4


@pytest.mark.parametrize(
    "form",
    [
        lambda picture, path: path,
        lambda picture, path: str(path),
        lambda picture, path: path.as_uri(),
        lambda picture, path: path.read_bytes(),
        lambda picture, path: picture,
        lambda picture, path: np.asarray(picture),
        lambda picture, path: np.asarray(picture, dtype=float) / 255,
        lambda picture, path: {"content": path.read_bytes()},
    ],
    ids=["path", "text", "file URL", "bytes", "PIL", "array", "floats", "upload"],
)
def test_every_form_of_a_picture_is_the_same_picture(tmp_path: Path, form: Callable[[Image.Image, Path], Any]) -> None:
    """However a picture is handed over, its pixels are those of the original: no number tells them apart."""
    picture = drawn()
    picture.save(tmp_path / "a.png")
    frame = fox_nb.compare([form(picture, tmp_path / "a.png"), drawn()], original=tmp_path / "a.png").to_frame()
    first = frame.iloc[0]
    assert first["psnr"] == np.inf or np.isnan(first["psnr"])  # nan: it is the original itself
    assert frame.iloc[1]["ssim"] < 0.9


def test_rows_and_columns_come_from_lists_dicts_and_tables(tmp_path: Path) -> None:
    """Nested lists, dicts by label and a data frame's columns make rows and columns; empty places stay empty."""
    a, b = drawn(), drawn()
    a.save(tmp_path / "a.png")
    path = tmp_path / "a.png"
    assert labels(fox_nb.compare([[a, b], [b]], labels=(["up", "down"], ["left", "right"]))) == [
        ["left", "right"],
        ["up", "down"],
    ]
    assert labels(fox_nb.compare({"one": a, "two": b})) == [["one", "two"]]
    assert labels(fox_nb.compare({"r": {"x": a, "y": b}, "s": {"y": a}})) == [["x", "y"], ["r", "s"]]
    assert labels(fox_nb.compare([a, a, a], labels=["same", "same", "other"])) == [["same", "same (2)", "other"]]
    table = pd.DataFrame({"words": ["fox", "crow"], "before": [a, path], "after": [str(path), None]})
    shown = fox_nb.compare(table, labels="words", original="before")
    assert labels(shown) == [["before", "after"], ["fox", "crow"]]
    assert set(shown.comparison().cells) == {(0, 0), (1, 0), (0, 1)}
    assert shown.comparison().original is None
    assert list(shown.to_frame()["row"]) == ["fox", "fox", "crow"]
    assert labels(fox_nb.compare(table["before"].set_axis(["p", "q"]))) == [["p", "q"]]
    assert labels(fox_nb.compare(np.stack([np.asarray(a), np.asarray(b)]))) == [["picture 1", "picture 2"]]


def test_no_picture_is_lost_and_no_two_places_are_called_the_same() -> None:
    """Names of any kind, digits among them, two lists of labels or two labels of rows: each picture has a place of its own."""
    a, b = drawn(), drawn()
    for given, named, wanted in (
        ({"content": a, "style": b}, None, [["content", "style"]]),
        ({"r": {"content": encoded(a), "style": encoded(b)}}, None, [["content", "style"], ["r"]]),
        ([[a, b], [b, a]], ["ab", "cd"], [["1", "2"], ["ab", "cd"]]),
        ([[a, b], [b, a]], (None, ["x", "y"]), [["x", "y"], ["1", "2"]]),
        ([[a, b]], (word for word in ["only"]), [["1", "2"], ["only"]]),
        ({"x": {"10": a, "20": b}}, None, [["10", "20"], ["x"]]),
        ([{0: a, "0": b}], None, [["0", "0 (2)"], ["1"]]),
        ([a, b, a], ["x", "x", "x (2)"], [["x", "x (2)", "x (2) (2)"]]),
        (pd.DataFrame({0: ["p", "q"], 1: [a, b]}), 0, [["1"], ["p", "q"]]),
        ([a, float("nan"), np.float32("nan"), b], None, [["picture 1", "picture 2", "picture 3", "picture 4"]]),
    ):
        shown = fox_nb.compare(given, labels=named, title=5)  # type: ignore[arg-type]
        assert labels(shown) == wanted
        assert len(shown.comparison().pictures()) == 2
    for square in ([[a, b], [b, a]], pd.DataFrame([[a, b], [b, a]])):
        with pytest.raises(fox_nb.InvalidRequest, match="of two rows, or of the rows and of the columns"):
            fox_nb.compare(square, labels=[(0.1, 2), (0.2, 3)])  # type: ignore[list-item]
    for table in (pd.DataFrame({1: [a], "1": [b]}), pd.DataFrame([[a, b]], columns=["i", "i"])):
        with pytest.raises(fox_nb.InvalidRequest, match=r"twice|2 times"):
            fox_nb.compare(table)


def test_a_pair_of_labels_names_rows_and_columns_of_whatever_table() -> None:
    """A data frame takes the rows' labels and the columns' as lists in a list do."""
    pictures = [[drawn() for _ in range(2)] for _ in range(3)]
    for pair in ((["p", "q", "r"], ["x", "y"]), (None, ["x", "y"]), (["p", "q", "r"], None)):
        of_lists, of_frame = (
            labels(fox_nb.compare(table, labels=pair))
            for table in (pictures, pd.DataFrame(pictures, columns=["1", "2"]))
        )
        assert of_lists == of_frame == [pair[1] or ["1", "2"], pair[0] or ["1", "2", "3"]]


def test_labels_are_no_attributes(fox: Fox) -> None:
    """Columns and rows may be called as anything that tasks, sweeps or tables have; a sweep is still its pictures."""
    names = ["plan", "images", "path", "is_over", "tasks", "request", "model", "columns", "sha256", "width", "to_list"]
    row = pd.Series({name: encoded(drawn()) for name in names})
    assert labels(fox_nb.compare(row)) == [names]
    assert labels(fox_nb.compare(pd.DataFrame([row, row]))) == [names, ["1", "2"]]
    sweep = fox.sweep("phota-image", prompt=["a fox", "an owl"]).run()
    assert len(fox.compare(sweep).comparison().cells) == 2


def test_an_original_among_the_pictures_is_not_added_once_more(tmp_path: Path) -> None:
    """The original that stands there already is compared with where it stands; another one stands beside."""
    a, b = drawn(), drawn()
    among = fox_nb.compare([a, b], original=a).comparison()
    assert (among.original, among.reference, len(among.pictures())) == (None, (0,), 2)
    named = fox_nb.compare({"now": b, "before": a}, original="before").comparison()
    assert (named.original, named.reference) == (None, (1,))
    beside = fox_nb.compare([b], original=a).comparison()
    assert beside.original is not None
    assert beside.reference is None


@pytest.mark.usefixtures("noise")
@pytest.mark.parametrize(
    "form",
    [
        lambda task, _: task,
        lambda task, _: task[0],
        lambda task, _: task[0].path,
        lambda task, _: str(task[0].path),
        lambda task, _: task[0].path.read_bytes(),
        lambda task, folder: shutil.copy(task[0].path, folder / "copy.jpg"),
        lambda task, _: task[0].pil(),
        lambda task, _: Image.open(task[0].path),
        lambda task, _: np.asarray(task[0].pil()),
    ],
    ids=["task", "picture", "path", "text", "bytes", "copy", "loaded", "opened", "array"],
)
def test_an_original_is_found_however_it_is_named(fox: Fox, tmp_path: Path, form: Callable[[Any, Path], Any]) -> None:
    """Neither a store, nor the form in which pictures and original are given, makes a second picture of the original."""
    tasks = [fox.generate(prompt).wait() for prompt in ("a fox", "an owl")]
    for compare in (fox.compare, fox_nb.compare):
        for given in (tasks, [task[0].path for task in tasks], [task[0].pil() for task in tasks]):
            shown = compare(given, original=form(tasks[0], tmp_path)).comparison()
            assert (shown.original, shown.reference, len(shown.pictures())) == (None, (0,), 2)
        measured = compare(tasks, original=form(tasks[0], tmp_path)).measure().comparison()
        assert [bool(cell.takes[0].metrics) for cell in measured.cells.values()] == [False, True]


def test_pixels_that_were_changed_are_another_picture(tmp_path: Path) -> None:
    """An image that was opened from a file and drawn into is not that file, and stands beside it."""
    drawn().save(tmp_path / "a.png")
    changed = Image.open(tmp_path / "a.png")
    changed.paste("red", (0, 0, 9, 9))
    shown = fox_nb.compare([tmp_path / "a.png"], original=changed).comparison()
    assert (shown.reference, len(shown.pictures())) == (None, 2)


def test_files_of_a_mac_and_of_an_upload_are_called_by_their_names() -> None:
    """A label from a file's name, which macOS writes with an u and its dots, is found by the ü of a keyboard."""
    upload = tuple({"name": f"{name}.png", "content": memoryview(encoded(drawn()))} for name in ("Ku\u0308che", "Haus"))
    shown = fox_nb.compare(upload, original="K\u00fcche.png").comparison()
    assert list(shown.axes[0].labels) == ["Ku\u0308che.png", "Haus.png"]
    assert shown.reference == (0,)


@pytest.mark.parametrize("label", [0.0, np.float32(0.0), 0, np.datetime64("2026-01-01"), ("file", "phota-image")])
def test_a_number_that_is_a_label_names_its_picture(label: Any) -> None:
    """Labels become texts, and so does what is called the original by one of them, be it a date or of a MultiIndex."""
    shown = fox_nb.compare({label: drawn(), 0.5: drawn()}, original=label).comparison()
    assert (shown.original, shown.reference) == (None, (0,))
    for number in (7, 10**5000):
        with pytest.raises(fox_nb.InvalidRequest, match=r"original is .*, no label\. .*Give one of a, b, or a picture"):
            fox_nb.compare({"a": drawn(), "b": drawn()}, original=number)
    with pytest.raises(fox_nb.InvalidRequest, match=r"where a list is meant\. .* nothing was paid\.$"):
        fox_nb.compare([drawn()], labels=np.array(3))
    for wrong, told in ({"labels": ["a", "b"]}, "Allowed is 1 of them."), ({"labels": "b"}, "Give one of a."):
        with pytest.raises(fox_nb.InvalidRequest) as refused:
            fox_nb.compare(pd.DataFrame({"a": [drawn()]}), **wrong)  # type: ignore[arg-type]
        assert str(refused.value).endswith(told)


def test_a_named_picture_is_the_original_of_every_picture(sandbox: Any, tmp_path: Path) -> None:
    """One of a task's several pictures is compared with all others, each with that one and none with its neighbour."""
    fox = Fox(base_url=sandbox.base_url, api_key=MARKED_KEY, store=tmp_path / "fox_runs", polling=EAGER)
    tasks = [fox.imagine(prompt, num_outputs=2).wait(60) for prompt in ("a fox", "a bear")]
    for named in tasks[0].images:
        pictures = fox_nb.compare(tasks, original=named)
        shown = pictures.comparison()
        originals = [shown.original_of(key, at) for key, cell in shown.in_order() for at in range(len(cell.takes))]
        wanted = [None if image.path == named.path else named.path for task in tasks for image in task.images]
        assert [original and original.path for original in originals] == wanted
        assert repr(pictures) == "<4 pictures side by side>"
    fox.close()


def test_pixels_of_other_sizes_are_never_called_comparable() -> None:
    """Another shape has no SSIM and says why; another size of the same shape says that scaled copies were measured."""
    original = drawn(96, 64)
    shown = fox_nb.compare([original.resize((192, 128)), original.crop((0, 0, 64, 64)), drawn()], original=original)
    frame = shown.to_frame()
    assert "scaled copies" in frame["note"][0]
    assert frame["ssim"].isna().tolist() == [False, True, False]
    assert "two shapes" in frame["note"][1]
    assert frame["note"][2] == ""
    assert "1 of 3 pictures have another shape" in shown.findings()[0]


def test_deep_pictures_are_compared_by_one_scale_alone(tmp_path: Path) -> None:
    """Values that were read by two scales have no numbers and a note; those of one scale, or of eight bits, have."""
    grey = np.asarray(drawn().convert("L"))

    def deep(values: Any) -> Image.Image:
        return Image.fromarray(values)

    unit, words = (grey / 255).astype("float32"), grey.astype("uint16")
    deep(words * 257).save(tmp_path / "deep.png")
    for one, other, same in (
        (deep(unit * 1000), deep(unit * 2000), False),
        (deep(unit), deep(unit * 1.3), False),
        (deep(unit * 1000), grey, False),
        (words, words * 2, False),
        (deep(words), tmp_path / "deep.png", False),
        (words * 257, tmp_path / "deep.png", True),
        (np.rint(unit * 4095).astype("uint16"), grey, True),
        ((words * 257).astype(">u2"), tmp_path / "deep.png", True),
        (deep(unit), grey, True),
        (words, grey, True),
    ):
        shown = fox_nb.compare([one, other], original=other)
        frame = shown.to_frame()
        assert (frame["psnr"].max() == np.inf) if same else "psnr" not in frame
        assert ("can't be compared" in frame["note"][0]) is not same
        assert any("another scale" in line for line in shown.findings()) is not same


def test_a_file_that_has_changed_has_no_numbers_of_what_it_is_now(tmp_path: Path) -> None:
    """Neither the picture nor its numbers are shown beside the size of the earlier one, and the findings say why."""
    one, two = tmp_path / "one.png", tmp_path / "two.png"
    for changing in (one, two):
        drawn().save(one)
        drawn().save(two)
        shown = fox_nb.compare([one, two], original=one)
        drawn(48, 32).save(changing)
        frame = shown.to_frame()
        assert "psnr" not in frame or frame["psnr"].isna().all()
        assert "changed after" in f"{frame['error'][1]}{frame['note'][1]}"
        assert "changed since" in " ".join(shown.findings())


def test_a_file_of_the_very_same_time_and_size_is_another_one(sandbox: Any, tmp_path: Path) -> None:
    """What is unpacked into the place of a file may have its time: neither its thumbnail nor its hash is the earlier one's."""
    photo, fox = tmp_path / "photo.bmp", Fox(base_url=sandbox.base_url, api_key=MARKED_KEY, store=tmp_path / "fox_runs")
    seen = []
    for colour in ("red", "lime", "blue"):
        Image.new("RGB", (96, 64), colour).save(photo)
        Image.new("RGB", (96, 64), colour).save(tmp_path / "photo.png")
        for path in (photo, tmp_path / "photo.png"):
            os.utime(path, (1e9, 1e9))
        shown = fox.compare([photo, tmp_path / "photo.png"])
        previews = re.findall(r'src="data:image/webp;base64,([^"]+)"', shown._repr_html_())
        opened = [Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB") for data in previews]
        seen.append([max(range(3), key=one.getpixel((48, 32)).__getitem__) for one in opened])
    fox.close()
    assert seen == [[0, 0], [1, 1], [2, 2]]


def test_an_original_that_is_missing_is_told(tmp_path: Path) -> None:
    """A label whose place is empty everywhere is refused; where some rows lack it, the findings count their pictures."""
    a, b = drawn(), drawn()
    with pytest.raises(fox_nb.InvalidRequest, match="no picture stands there"):
        fox_nb.compare({"a": None, "b": b}, original="a")
    shown = fox_nb.compare({"r": {"x": a, "y": b}, "s": {"y": b}}, original="x")
    assert shown.findings() == ["1 of the pictures can't be compared: their original is missing."]


def test_no_picture_is_overwritten_and_what_cannot_be_is_said_in_words(tmp_path: Path) -> None:
    """A page or a sheet in the place of one of the pictures, of a folder, or of nothing, and an image that is closed."""
    drawn().save(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    shown = fox_nb.compare([tmp_path / "a.png", drawn()])
    for save, place in (
        (shown.save_image, "a.png"),
        (shown.save_html, "a.png"),
        (shown.save_html, "."),
        (shown.save_image, "a.png/x.png"),
    ):
        with pytest.raises(fox_nb.FoxError, match=r"not overwritten|could not be written") as refused:
            save(tmp_path / place)
        assert "part-" not in str(refused.value), "nobody has seen the name of what is written beside it first"
    assert (tmp_path / "a.png").read_bytes() == before
    closed = Image.open(tmp_path / "a.png")
    closed.close()
    with pytest.raises(fox_nb.InvalidRequest, match="can't be read"):
        fox_nb.compare([closed])
    with pytest.raises(fox_nb.FoxError) as told:
        fox_nb.compare(["http://127.0.0.1:1/a.png"])
    assert "paid" not in str(told.value)


def test_a_frame_names_the_persons_own_files(fox: Fox, tmp_path: Path) -> None:
    """Files that are read as others stand by their own names, and pictures in memory by none; no folder of ours is named."""
    drawn().save(tmp_path / "a.png")
    deep = Image.fromarray(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64))
    deep.save(tmp_path / "deep.png")
    for name in ("scan.tif", "copy.tif"):
        drawn().convert("L").point(lambda _: 7).save(tmp_path / name)
    task, own = (
        fox.generate("a fox").wait(),
        [tmp_path / name for name in ("a.png", "deep.png", "scan.tif", "copy.tif")],
    )
    held = [np.asarray(drawn()), drawn(), encoded(drawn())]
    frame = fox.compare([*held, *own, task, Image.open(own[0])]).to_frame()
    assert frame["file"].tolist() == ["", "", "", *map(str, own), str(task[0].path), str(own[0])]
    assert "fox-nb-compared-" not in frame.to_csv()


def test_a_copy_is_a_file_of_its_own(tmp_path: Path) -> None:
    """Of two equal files each is named as it is, and none of what is compared is overwritten, nor one that was converted."""
    files = [tmp_path / name for name in ("a.png", "copy.png", "deep.png", "opened.jpg", "same.jpg")]
    for file in files[:2]:
        file.write_bytes(encoded(Image.new("RGB", (90, 80), "red")))
    Image.fromarray(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)).save(files[2])
    for file in files[3:]:
        Image.new("RGB", (90, 80), "blue").save(file)
    before = [file.read_bytes() for file in files]
    shown = fox_nb.compare([*files[:3], *map(Image.open, files[3:])])
    assert list(shown.to_frame()["file"])[:2] == [str(file) for file in files[:2]]
    for file in files:
        with pytest.raises(fox_nb.InvalidRequest, match="not overwritten"):
            shown.save_image(file)
    assert [file.read_bytes() for file in files] == before


@pytest.mark.parametrize(
    "wrong", [[], [None], [3], [0.5], ["nope.jpg"], [b"no picture"], [np.zeros((2, 2, 7))], "nope.png"]
)
def test_what_is_no_picture_is_refused(wrong: Any) -> None:
    """It says which one, and what a picture may be."""
    with pytest.raises(fox_nb.InvalidRequest):
        fox_nb.compare(wrong)


def test_labels_that_do_not_fit_are_refused() -> None:
    """Too few, too many, or one thing."""
    for wrong in (["one"], ["a", "b", "c"], "ab", 5):
        with pytest.raises(fox_nb.InvalidRequest, match="labels"):
            fox_nb.compare([drawn(), drawn()], labels=wrong)


def test_an_edit_is_compared_with_what_it_was_made_from(sandbox: Any, tmp_path: Path) -> None:
    """Enhancements of one photo have it as their original, and a failed one shows its reason."""
    with Fox(base_url=sandbox.base_url, api_key=MARKED_KEY, store=tmp_path / "fox_runs", polling=EAGER) as fox:
        drawn(640, 480).save(tmp_path / "photo.jpg")
        good = fox.enhance(tmp_path / "photo.jpg", creativity=0.2).wait()
        sandbox.misbehave("failed", times=1, message="no <b>")
        bad = fox.enhance(tmp_path / "photo.jpg", creativity=0.9)
        shown = fox.compare([good, bad])
        frame = shown.to_frame()
        assert shown.comparison().original is not None
        assert list(frame["picture"]) == ["creativity 0.2", "creativity 0.9"]
        assert list(frame["status"]) == ["completed", "failed"]
        assert "no <b>" in frame["error"][1]
        assert 0 < frame["ssim"][0] <= 1


def test_an_edit_of_a_link_is_compared_with_what_the_link_gives(
    fox: Fox, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is fetched as the original; where that fails the results are compared with nothing, and it is said why."""
    link = "https://pictures.example/photo.png"
    task = fox.enhance(link, creativity=0.2).wait()

    def gone(*_: Any) -> None:
        raise fox_nb.DownloadFailed("The link is dead.")

    monkeypatch.setattr(fox.session.client, "download", gone)
    without = fox.compare(task)
    assert without.comparison().original is None
    assert "The link is dead." in str(without.findings())
    monkeypatch.setattr(fox.session.client, "download", lambda _, part: drawn().save(part, "PNG"))
    original = fox.compare([task]).comparison().original
    assert original is not None
    assert original.source == link


def test_what_makes_pictures_is_none(fox):
    """A Fox has tasks, as a sweep does, and is refused in words."""
    with pytest.raises(fox_nb.InvalidRequest, match="stand for a picture"):
        fox_nb.compare(fox)
