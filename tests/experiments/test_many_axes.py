"""Many axes: models, parameters and words of the prompt vary together; what a model can't make is said, and costs nothing."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image

from fox_nb import Fox, InvalidRequest
from fox_nb.experiments import Sweep, pages

pytestmark = pytest.mark.usefixtures("noise")

PHOTA, GROK = "phota-image", "grok-imagine-image"


def four_axes(fox: Fox, **more: Any) -> Sweep:
    given = {"prompt": "a {animal} in {place}", "animal": ["fox", "owl"], "place": "the snow"}
    return fox.sweep([PHOTA, GROK], **{**given, **more}, per_second=200, at_once=16)


def test_a_sweep_of_models_and_words_is_run_whole(fox: Fox, sandbox: Any) -> None:
    """2 models by 2 animals by 3 shapes: what Phota can't make is told, everything else is made once, and the table has each axis."""
    sweep = four_axes(fox, aspect_ratio=["1:1", "16:9", "20:9"])
    assert sweep.shape == (2, 2, 3)
    assert [axis.parameter.name for axis in sweep.plan.axes] == ["model", "animal", "aspect_ratio"]
    assert sweep.pictures == 10
    assert float(sweep.cost) == pytest.approx(4 * 0.09 + 6 * 0.02)
    page = pages.page(sweep)
    assert "2 of 12 combinations" in page
    assert "aspect_ratio is" in page
    sweep.run()
    assert len(sandbox.creations) == 10
    asked = {(one["body"]["model"], one["body"]["prompt"], one["body"]["aspect_ratio"]) for one in sandbox.creations}
    assert len(asked) == 10
    assert (GROK, "a owl in the snow", "20:9") in asked
    table = sweep.to_frame()
    assert len(table) == 12
    assert {"model", "animal", "aspect_ratio", "status"} <= set(table.columns)
    lost = table[table["status"] == "impossible"]
    assert set(lost["prompt"]) == {"a fox in the snow", "a owl in the snow"}
    assert set(zip(lost["model"], lost["aspect_ratio"], strict=True)) == {(PHOTA, "20:9")}
    assert lost["usd"].sum() == 0
    assert "allowed is one of" in lost["error"].iloc[0]
    assert "20:9" in pages.page(sweep)
    assert four_axes(fox, aspect_ratio=["1:1", "16:9", "20:9"]).paid_already == 10


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_ninety_six_cells_of_two_models(fox: Fox, sandbox: Any) -> None:
    """2 models by 4 axes, 96 cells, run whole: every cell that can be made is made once."""
    sweep = four_axes(
        fox,
        animal=["fox", "owl", "crow"],
        place=["snow", "rain", "fog", "sun"],
        aspect_ratio=["1:1", "3:2"],
        num_outputs=[1, 2],
    )
    assert len(sweep.plan.cells) == 96
    sweep.run(confirm=True)
    assert len(sandbox.creations) == 96
    assert (sweep.to_frame()["status"] == "completed").all()


@pytest.mark.parametrize("column", [list, np.array, pd.Series, pd.Index, pl.Series, pa.array])
def test_columns_of_any_library_are_values(fox: Fox, photo: Path, column: Any) -> None:
    """A column of a table of pandas, polars or pyarrow makes an axis as a list does: prompts, words, numbers, and pictures by their paths."""
    sweep = fox.sweep(PHOTA, prompt="a {animal}", animal=column(["fox", "owl"]), num_outputs=column([1, 2]))
    assert [cell.settings["num_outputs"] for cell in sweep.plan.cells] == [1, 1, 2, 2]
    assert [axis.labels for axis in sweep.plan.axes] == [["fox", "owl"], ["1", "2"]]
    assert len(fox.sweep(PHOTA, prompt=column(["a fox", "an owl"])).plan.cells) == 2
    pictures = fox.sweep("phota-image-enhance", image_url=column([str(photo), "https://example.com/a.jpg"]))
    assert len(pictures.plan.cells) == 2


def test_what_no_model_takes_refuses_the_plan(fox: Fox, sandbox: Any) -> None:
    """A value that none of the models takes, an unknown name, and a template's name without values: refused in words."""
    with pytest.raises(InvalidRequest, match="16x9"):
        four_axes(fox, aspect_ratio=["1:1", "16x9"])
    with pytest.raises(InvalidRequest, match=r"no parameter 'anmial'.*Did you mean 'animal'"):
        four_axes(fox, anmial=["cat"])
    with pytest.raises(InvalidRequest, match=r"mood has no values"):
        four_axes(fox, prompt="a {animal}, {mood}, in {place}")
    with pytest.raises(InvalidRequest, match="combinations; allowed are"):
        four_axes(fox, animal=[f"fox {n}" for n in range(200)], place=[f"place {n}" for n in range(200)])
    with pytest.raises(InvalidRequest, match="model"):
        fox.sweep([PHOTA, "gpt"], prompt="a fox")
    assert sandbox.creations == []


def test_braces_without_words_are_the_prompts_own(fox: Fox) -> None:
    """A prompt with braces and no names given is sent as it is; in a template doubled braces are braces."""
    plain = fox.sweep(PHOTA, prompt='{"style": "{oil}"}').plan.slots[0].request
    assert plain.body()["prompt"] == '{"style": "{oil}"}'
    assert fox.sweep(PHOTA, prompt="a {animal}").about() == ["{animal} is sent unchanged: animal has no values."]
    filled = fox.sweep(PHOTA, prompt="a {animal} {{oil}}", animal=["fox"]).plan.slots[0].request
    assert filled.body()["prompt"] == "a fox {oil}"


def test_lists_of_pictures_are_varied(fox: Fox, photo: Path, tmp_path: Path) -> None:
    """A model that takes several pictures is varied by a list of lists, in a plan's file, too; one list is one value."""
    other = tmp_path / "other.png"
    Image.new("RGB", (320, 320), "blue").save(other)
    given = [[photo], [photo, other]]
    for model in ("phota-image-edit", GROK):
        sweep = fox.sweep(model, prompt="at night", image_urls=given)
        assert [len(slot.request.body()["image_urls"]) for slot in sweep.plan.slots] == [1, 2]
    again = fox.load_plan(sweep.to_json(tmp_path / "plan.json"))
    assert [slot.identity for slot in again.plan.slots] == [slot.identity for slot in sweep.plan.slots]
    assert len(fox.sweep("phota-image-edit", prompt="at night", image_urls=[photo, other]).plan.cells) == 1


def test_what_a_plan_is_given_is_refused_in_words(fox: Fox, photo: Path) -> None:
    """A name that a call does not have, a seed, and a file that is not there say so; NumPy's numbers are numbers."""
    assert fox.sweep(PHOTA, prompt="a fox", takes=np.float64(2), at_once=np.int64(3)).pictures == 2
    with pytest.raises(InvalidRequest, match="No model has a seed"):
        fox.sweep(PHOTA, prompt="a fox", seed=[1, 2])
    with pytest.raises(
        InvalidRequest, match=r"original: file not found: nowhere\.png \(looked in .+\)\. .*Check the path\."
    ):
        fox.sweep(PHOTA, prompt="a fox", original="nowhere.png")
    with pytest.raises(InvalidRequest, match="Did you mean 'creativity'"):
        fox.compare_enhance(photo, creativty=[0, 1])
    with pytest.raises(InvalidRequest, match=r"fox\.batch has no parameter 'takes'"):
        fox.batch([{"prompt": "a fox"}], PHOTA, takes=3)


def test_a_cell_beyond_two_axes_is_reached_by_its_place(fox: Fox, sandbox: Any) -> None:
    """code() and retry() take the place on every axis; the further axes come last."""
    sweep = four_axes(fox, aspect_ratio=["1:1", "16:9"]).run()
    assert "16:9" in sweep.code(1, 1, None, 1)
    assert "fox.imagine" in sweep.code(1, 1, None, 1)
    assert sweep.code(0, 0).startswith("fox.generate('a fox")


def test_another_take_makes_all_of_it_anew(fox: Fox, tmp_path: Path, sandbox: Any) -> None:
    """take=2 asks for the second picture of each cell, and for no first one."""
    fox.sweep(PHOTA, prompt=["a fox", "an owl"], per_second=50).run()
    again = fox.sweep(PHOTA, prompt=["a fox", "an owl"], take=2, per_second=50)
    assert again.paid_already == 0
    again.run()
    assert sorted(one["take"] for one in sandbox.creations) == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (pd.to_datetime(["2020-01-01", "2021-06-01"]), ["2020-01-01 00:00:00", "2021-06-01 00:00:00"]),
        ([1234567.0, 1234568.0, 1e-05], ["1234567.0", "1234568.0", "1e-05"]),
        ([Decimal("0.10"), 7, True], ["0.10", "7", "True"]),
        ([Decimal("1E+400"), Fraction(10**400)], ["1E+400", "1" + "0" * 400]),
        ([1, True, 1.0, 0.3, 0.1 + 0.2], ["1", "True", "1.0", "0.3", "0.30000000000000004"]),
        (np.array([0.1, 0.5], dtype="float32"), ["0.1", "0.5"]),
        (np.array([True]), ["True"]),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), ["2020-01-01"]),
        (np.array(["2020-01"], dtype="datetime64[M]"), ["2020-01"]),
        (np.array(["2020-01-01"], dtype="datetime64[s]"), ["2020-01-01T00:00:00"]),
        (np.array(["2020-01-01"], dtype="datetime64[ns]"), ["2020-01-01T00:00:00.000000000"]),
    ],
)
def test_words_are_written_whole(fox: Fox, tmp_path: Path, values: Any, words: list[str]) -> None:
    """Dates, decimals and long numbers go into the prompt as they are, and none is another's twin: nor in labels, tables and a plan's file."""
    sweep = fox.sweep(PHOTA, prompt="on {d}", d=list(values))
    assert [slot.request.prompt for slot in sweep.plan.slots] == [f"on {word}" for word in words]
    assert sweep.plan.axes[0].labels == words
    assert sweep.to_frame()["d"].map(str).tolist() == words
    again = fox.load_plan(sweep.to_json(tmp_path / "plan.json"))
    assert [slot.identity for slot in again.plan.slots] == [slot.identity for slot in sweep.plan.slots]
    assert [again.plan.axes[0].place(at) for at in range(len(words))] == words


@pytest.mark.parametrize("word", [np.datetime64("2020-01-01T00:00"), np.float32(0.1), Decimal("0.10")])
def test_a_word_that_does_not_vary_is_the_same_from_a_file(fox: Fox, tmp_path: Path, word: Any) -> None:
    """What was paid for isn't paid again when the plan is run from its file."""
    sweep = fox.sweep(PHOTA, prompt="on {d}", d=word)
    again = fox.load_plan(sweep.to_json(tmp_path / "plan.json"))
    assert again.plan.slots[0].identity == sweep.plan.slots[0].identity
    assert again.plan.slots[0].request.prompt == "on " + str(word)


def test_a_day_is_laid_beside_the_same_day(fox: Fox) -> None:
    """Of two sweeps over dates each cell meets its own day, whatever stands before it."""
    days = [date(2024, 1, 1), date(2025, 1, 1)]
    both, last = (fox.sweep(PHOTA, prompt="on {d}", d=some, per_second=200).run() for some in (days, days[1:]))
    pictures = last.against(both).comparison().pictures().values()
    assert {picture.path for picture in pictures} == {last.tasks[0].images[0].path}


@pytest.mark.parametrize(
    "value",
    [
        None,
        float("nan"),
        {"a": 1},
        ["a", "b"],
        Path("x.png"),
        object(),
        float("inf"),
        Decimal("NaN"),
        Decimal("sNaN"),
        pytest.param(10**5000, id="long"),
        "\ud800",
    ],
)
def test_what_cannot_be_written_is_no_word(fox: Fox, value: Any, sandbox: Any) -> None:
    """Nothing that would stand in a prompt by its type's name is sent."""
    with pytest.raises(InvalidRequest, match="can't be written into a prompt"):
        fox.sweep(PHOTA, prompt="on {d}", d=["monday", value])
    assert not sandbox.creations


def test_the_model_is_a_word_of_the_prompt(fox: Fox, tmp_path: Path) -> None:
    """{model} is filled in with each cell's model, beside other words and alone, of one model too, and in a plan's file."""
    grok = "grok-imagine-image"
    sweep = fox.sweep([PHOTA, grok], prompt="a {animal} by {model}", animal=["fox"])
    assert [slot.request.body()["prompt"] for slot in sweep.plan.slots] == [f"a fox by {PHOTA}", f"a fox by {grok}"]
    assert fox.sweep(PHOTA, prompt="by {model}").plan.slots[0].request.body()["prompt"] == f"by {PHOTA}"
    path = sweep.to_json(tmp_path / "plan.json")
    assert [slot.identity for slot in fox.load_plan(path).plan.slots] == [slot.identity for slot in sweep.plan.slots]
    assert fox.load_plan(path, model=grok).plan.slots[0].identity == sweep.plan.slots[1].identity
    assert "unchanged" not in " ".join(sweep.about())


def test_braces_are_filled_or_refused(fox: Fox) -> None:
    """A parameter's own value is filled in and sent, too; what is no name is refused beside one that is; without any, braces stay."""
    sweep = fox.sweep(PHOTA, prompt="a photo in {resolution}", resolution=["1K", "4K"])
    asked = [(slot.request.prompt, slot.request.resolution) for slot in sweep.plan.slots]
    assert asked == [("a photo in 1K", "1K"), ("a photo in 4K", "4K")]
    for braces in ("{animal.__class__}", "{animal!r}", "{0}", "{}", "{place}"):
        with pytest.raises(InvalidRequest, match=r"braces that stay|place has no values"):
            fox.sweep(PHOTA, prompt=f"a {braces} {{animal}}", animal=["fox"])
    assert fox.sweep(PHOTA, prompt=["a {0}"]).plan.slots[0].request.prompt == "a {0}"


@pytest.mark.parametrize("name", ["width", "status", "file", "run", "psnr", "number", "file_name", "its_file_name"])
def test_a_word_is_no_column_of_ours(fox: Fox, name: str) -> None:
    """It would be overwritten in the tables, and settings be taken for one."""
    with pytest.raises(InvalidRequest, match="is a column of the tables"):
        fox.sweep(PHOTA, prompt=f"a {{{name}}} road", **{name: ["narrow", "wide"]})


@pytest.mark.parametrize("given", [{"original": ["a", "b"]}, {"x": ["a"]}, {"original": "a"}])
def test_what_a_sweep_keeps_is_no_word(fox: Fox, given: dict[str, Any]) -> None:
    """The remedy is another name, and not values that the sweep would take for its own; without any words it stays."""
    for prompt in ("a copy of the {original}, {x}", ["a copy of the {original}, {x}"]):
        with pytest.raises(InvalidRequest, match=r"\{original\} can't be a word of the prompt.*Name it otherwise"):
            fox.sweep(PHOTA, prompt=prompt, **given)
    with pytest.raises(InvalidRequest, match=r"\{at_once\} can't be a word"):
        fox.sweep(PHOTA, prompt="{at_once}", at_once=["a"])
    assert "unchanged" in " ".join(fox.sweep(PHOTA, prompt=["a copy of the {original}"]).about())


def test_lists_of_pictures_are_values(fox: Fox, photo: Path, tmp_path: Path) -> None:
    """A parameter that is a list is varied by a list of lists; two files of one name are told apart, in the numbers too."""
    other = tmp_path / "other" / photo.name
    other.parent.mkdir()
    Image.new("RGB", (64, 64), "red").save(other)
    sweep = fox.sweep("phota-image-edit", prompt="at night", image_urls=[[photo, other], [other]], per_second=200)
    assert [len(slot.request.image_urls) for slot in sweep.plan.slots] == [2, 1]
    sweep = fox.sweep("phota-image-enhance", image_url=[photo, other], profile_ids=[["p1"], ["p2"]])
    assert sweep.plan.axes[0].labels == [photo.name, f"{photo.name} (2)"]
    assert set(sweep.to_frame()["image_url"]) == set(sweep.plan.axes[0].labels)
    assert len({cell.label for cell in sweep.plan.cells}) == 4
    assert len(sweep.summary()) == 4


def test_the_tables_sum_is_what_was_spent(fox: Fox) -> None:
    """Cells that share a picture share its cost."""
    sweep = fox.sweep(PHOTA, prompt=["a {x}", "plain"], x=["fox", "owl"], per_second=200).run()
    assert sweep.to_frame()["usd"].sum() == pytest.approx(float(fox.spent)) == pytest.approx(0.27)


def test_a_cell_that_is_not_there(fox: Fox) -> None:
    """Said in words, also on an axis that the sweep doesn't have."""
    sweep = fox.sweep(PHOTA, prompt=["a fox", "an owl"])
    for place in ((0, 5), (1, 0), (-1, 0), (0, 0, None, 1)):
        with pytest.raises(InvalidRequest, match="There is no cell"):
            sweep.code(*place)


@pytest.mark.parametrize("ask_above", [float("nan"), "5", -1, True])
def test_the_sum_above_which_is_asked(fox: Fox, ask_above: Any) -> None:
    """What is no sum would never ask; None is the usual one."""
    with pytest.raises(InvalidRequest, match="ask_above"):
        fox.sweep(PHOTA, prompt=["a fox"], ask_above=ask_above)
    assert fox.sweep(PHOTA, prompt=["a fox"], ask_above=None).ask_above == 5


def test_that_one_of_several_pages_is_sent_is_said_once(
    fox: Fox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scan of several pages is sent by its first, which is told when a sweep of it is planned, and not for each cell."""
    pages_of = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    pages_of[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages_of[1:])
    fox.compare_enhance(tmp_path / "scan.tif", creativity=[0, 0.5, 1])
    assert "".join(capsys.readouterr()).count("scan.tif has several pages or frames: the first is sent.") == 1
