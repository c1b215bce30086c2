"""Plan file: a plan is written and read again as it was; nothing of this computer is in it, and a hostile one is refused."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from artifacts import MARKED_KEY
from fox_nb import Fox, FoxError, InvalidRequest

pytestmark = pytest.mark.usefixtures("noise")


def test_a_sweep_is_read_again_as_it_was(fox: Fox, photo: Path, tmp_path: Path, sandbox: Any) -> None:
    """Written and read, a sweep asks for the very same, axis by axis; run from the file it is paid for already."""
    sweep = fox.compare_enhance(photo, creativity=[None, 0.3], resemblance=[0.5], takes=2).run()
    path = sweep.to_json(tmp_path / "plan.json")
    again = fox.load_plan(path)
    assert [slot.identity for slot in again.plan.slots] == [slot.identity for slot in sweep.plan.slots]
    assert [axis.parameter.name for axis in again.plan.axes] == ["creativity", "resemblance"]
    assert again.paid_already == 4
    words = path.read_text()
    for hidden in (MARKED_KEY, str(photo), photo.name, str(tmp_path), sandbox.base_url):
        assert hidden not in words


def test_models_and_words_of_the_prompt_are_in_the_file(fox: Fox, tmp_path: Path) -> None:
    """Axes of models and of a template come back as axes, with what can't be made."""
    sweep = fox.sweep(
        ["phota-image", "grok-imagine-image"], prompt="a {animal}", animal=["fox", "owl"], aspect_ratio=["1:1", "20:9"]
    )
    again = fox.load_plan(sweep.to_json(tmp_path / "plan.json"))
    assert [cell.settings for cell in again.plan.cells] == [cell.settings for cell in sweep.plan.cells]
    assert [cell.impossible for cell in again.plan.cells] == [cell.impossible for cell in sweep.plan.cells]
    assert len(again.plan.impossible) == 2


def test_an_original_of_ones_own_is_in_the_file(fox: Fox, photo: Path, tmp_path: Path) -> None:
    """Read again, a sweep is measured against the same picture as before, unless another one or none is given."""
    with Image.open(photo) as picture:
        picture.rotate(180).save(tmp_path / "mine.png")
    sweep = fox.sweep("phota-image-enhance", image_url=photo, creativity=[0, 1], original=tmp_path / "mine.png").run()
    path = sweep.to_json(tmp_path / "plan.json")
    assert str(tmp_path) not in path.read_text()
    ssim = sweep.to_frame()["ssim"].tolist()
    assert fox.load_plan(path).to_frame()["ssim"].tolist() == ssim
    assert fox.load_plan(path, original=None).to_frame()["ssim"].tolist() != ssim


def test_a_plan_is_extended_and_asked_of_another_model(fox: Fox, tmp_path: Path, sandbox: Any) -> None:
    """A longer axis pays for what is new alone; another model, or another take, makes all of it anew."""
    path = fox.sweep("phota-image", prompt=["a fox", "an owl"]).run().to_json(tmp_path / "plan.json")
    longer = fox.load_plan(path, prompt=["a fox", "an owl", "a crow"])
    assert (longer.pictures, longer.paid_already) == (3, 2)
    other = fox.load_plan(path, model="grok-imagine-image")
    assert (other.plan.models, other.paid_already) == (("grok-imagine-image",), 0)
    assert fox.load_plan(path, take=2).paid_already == 0
    with pytest.raises(InvalidRequest, match="no parameter 'promt'"):
        fox.load_plan(path, promt="a crow")
    assert len(sandbox.creations) == 2


def test_none_takes_a_parameter_out_of_the_file(fox: Fox, tmp_path: Path) -> None:
    """What another model lacks is left out by None, of a sweep as of a batch; a name that is nowhere is refused all the same."""
    for plan in (
        fox.sweep("phota-image", prompt=["a fox", "an owl"], resolution="1K"),
        fox.sweep("phota-image", prompt="a fox", resolution=["1K", "4K"]),
        fox.batch([{"prompt": "a fox", "resolution": "1K"}], "phota-image"),
    ):
        path = plan.to_json(tmp_path / "plan.json")
        with pytest.raises(InvalidRequest, match="resolution"):
            fox.load_plan(path, model="grok-imagine-image")
        other = fox.load_plan(path, model="grok-imagine-image", resolution=None)
        assert {slot.request.model for slot in other.plan.slots} == {"grok-imagine-image"}
        with pytest.raises(InvalidRequest, match="resolutoin"):
            fox.load_plan(path, resolutoin=None)


def test_a_batch_is_read_again_as_it_was(fox: Fox, photo: Path, tmp_path: Path) -> None:
    """Rows, labels and what is carried along come back; the picture of a row stands by its hash and is in the store."""
    frame = pd.DataFrame(
        {"prompt": ["at night", "in snow"], "image_urls": [str(photo), str(photo)], "scene": [1.5, None]},
        index=["a", "b"],
    )
    batch = fox.batch(frame, "phota-image-edit")
    path = batch.to_json(tmp_path / "plan.json")
    assert str(photo) not in path.read_text()
    again = fox.load_plan(path)
    assert [slot.identity for slot in again.plan.slots] == [slot.identity for slot in batch.plan.slots]
    table = again.to_frame()
    assert table.index.tolist() == ["a", "b"]
    assert table["scene"].tolist()[0] == 1.5
    assert fox.load_plan(path, take=2).plan.slots[0].take == 2


def test_a_plan_of_another_store_asks_for_its_picture(fox: Fox, open_fox: Any, photo: Path, tmp_path: Path) -> None:
    """Where the picture is not in the store, the error says how to give it; given, the plan is the same."""
    sweep = fox.compare_enhance(photo, creativity=[0, 1], resemblance=[0.5])
    path = sweep.to_json(tmp_path / "plan.json")
    other = open_fox(store=tmp_path / "other")
    with pytest.raises(InvalidRequest, match=r"not in this folder.*fox\.load_plan"):
        other.load_plan(path)
    given_anew = other.load_plan(path, image_url=photo)
    assert [slot.request for slot in given_anew.plan.slots] == [slot.request for slot in sweep.plan.slots]


def test_several_pictures_that_are_not_there_are_named(fox: Fox, open_fox: Any, photo: Path, tmp_path: Path) -> None:
    """Of a batch nothing is offered that would put one picture into every row; of a sweep, all of them in their order."""
    second = tmp_path / "second.png"
    Image.new("RGB", (64, 64), "teal").save(second)
    other = open_fox(store=tmp_path / "other")
    batch = fox.batch([{"image_url": str(path)} for path in (photo, second)], "phota-image-enhance")
    with pytest.raises(InvalidRequest, match=r"are the pictures sha256:\w+…, sha256:\w+…, which are not") as refused:
        other.load_plan(batch.to_json(tmp_path / "batch.json"))
    assert "image_url=" not in refused.value.todo
    sweep = fox.sweep("phota-image-enhance", image_url=[photo, second])
    with pytest.raises(InvalidRequest, match=r"in the plan's order: fox\.load_plan\(…, image_url=\[…\]\)"):
        other.load_plan(sweep.to_json(tmp_path / "sweep.json"))
    given = other.load_plan(tmp_path / "sweep.json", image_url=[photo, second])
    assert [slot.request for slot in given.plan.slots] == [slot.request for slot in sweep.plan.slots]


def test_pictures_that_are_not_there_are_looked_for_in_a_folder(
    fox: Fox, open_fox: Any, photo: Path, tmp_path: Path
) -> None:
    """In it and in its folders, by their bytes whatever they are called; what is not there, either, is named."""
    second = tmp_path / "second.png"
    Image.new("RGB", (64, 64), "teal").save(second)
    batch = fox.batch([{"image_url": str(path)} for path in (photo, second)], "phota-image-enhance")
    sweep = fox.sweep("phota-image-enhance", image_url=[photo, second], original=second)
    other, lies = open_fox(store=tmp_path / "other"), tmp_path / "lies" / "deep"
    lies.mkdir(parents=True)
    (lies / "notes.txt").write_text("no picture")
    (lies / "renamed").write_bytes(photo.read_bytes())
    plans = [plan.to_json(tmp_path / f"{plan.kind}.json") for plan in (batch, sweep)]
    with pytest.raises(InvalidRequest, match=r"is the picture sha256:\w+…, which is not in .*pictures=folder"):
        other.load_plan(plans[0], pictures=lies.parent)
    (lies / "other.png").write_bytes(second.read_bytes())
    for plan, path in zip((batch, sweep), plans, strict=True):
        again = open_fox(store=tmp_path / plan.kind).load_plan(path, pictures=str(lies.parent))
        assert [slot.request for slot in again.plan.slots] == [slot.request for slot in plan.plan.slots]
    for odd in (lies / "renamed", tmp_path / "nowhere", 3):
        with pytest.raises(InvalidRequest, match="pictures is"):
            open_fox(store=tmp_path / "third").load_plan(plans[0], pictures=odd)


def test_what_is_written_can_be_read_again(fox: Fox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan with more columns or bytes than one is read with is refused before it is written, not on the day that it is needed."""
    path, batch = tmp_path / "plan.json", fox.batch([{"prompt": "a fox"}], "phota-image")
    wide = fox.batch([{"prompt": "a fox", **{f"a{at}": at for at in range(1000)}}], "phota-image")
    with pytest.raises(InvalidRequest, match=r"columns: .* at most 1000 .*fewer columns"):
        wide.to_json(path)
    monkeypatch.setattr("fox_nb.experiments.plan_file.LARGEST", 100)
    with pytest.raises(InvalidRequest, match=r"bytes\. .*in parts"):
        batch.to_json(path)
    assert not path.exists()


def hostile(**changes: Any) -> dict[str, Any]:
    plan = {"format": "fox_nb plan", "version": 1, "kind": "sweep", "models": ["phota-image"], "take": 1, "takes": 1}
    return {**plan, "fixed": {"prompt": "a fox"}, "axes": [], **changes}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no JSON"),
        ("[" * 200_000, "no JSON"),
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": NaN}', "NaN"),
        ("[]", "no plan"),
        ("{}", "not marked"),
        (hostile(version=2), "newer fox_nb"),
        (hostile(version=0), "no version 0"),
        (hostile(kind="other"), "kind is 'other', neither 'sweep' nor 'batch'"),
        (hostile(kind=["sweep"]), "kind is"),
        (hostile(api_key="x"), "api_key"),
        (hostile(ask_above=1e9), "ask_above"),
        (hostile(models=["gpt"]), "allowed is one of"),
        (hostile(models=[]), "models"),
        (hostile(takes=10**30), "takes"),
        (hostile(take=0), "take is 0"),
        (
            hostile(fixed={"prompt": {"a": 1}}),
            r"used: fixed\.prompt: allowed is a text, a number, true, false or null\. ",
        ),
        (hostile(fixed={"prompt": [[["a"]]]}), "fixed"),
        (hostile(fixed={"prompt": "a", "evil": "b"}), "no parameter 'evil'"),
        (hostile(axes=[{"name": "prompt", "values": []}]), "axes"),
        (hostile(axes=[{"name": "prompt", "values": ["a"] * 1001}]), "axes"),
        (hostile(models=["phota-image-enhance"], fixed={"image_url": "/etc/passwd"}), "by their hashes"),
        (hostile(models=["phota-image-edit"], fixed={"prompt": "a", "image_urls": ["../x.png"]}), "by their hashes"),
        (hostile(models=["phota-image-enhance"], fixed={"image_url": "file:///etc/passwd"}), "by their hashes"),
        (
            hostile(models=["phota-image-enhance"], axes=[{"name": "image_url", "values": ["~/x.png"]}], fixed={}),
            "by their hashes",
        ),
        (hostile(original="/etc/passwd"), "by their hashes"),
        (hostile(original=f"sha256:{'0' * 64}"), "not in this folder"),
        (hostile(original=3), "original"),
    ],
)
def test_a_hostile_plan_is_refused_in_words(fox: Fox, tmp_path: Path, content: Any, words: str, sandbox: Any) -> None:
    """Too deep, doubled, of a newer version, with unknown names, other types or paths: an error of ours says why."""
    path = tmp_path / "plan.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(FoxError, match=words) as refused:
        fox.load_plan(path)
    assert len(str(refused.value)) < 2000
    assert sandbox.creations == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["models", "fixed", "axes", "take", "takes", "kind", "version", "rows"]), value=JSON)
def test_whatever_stands_in_a_plan_only_our_errors_come(fox: Fox, tmp_path: Path, name: str, value: Any) -> None:
    """Any JSON in any place of a plan is a plan, or an error of ours."""
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(hostile(**{name: value})))
    with contextlib.suppress(FoxError):
        fox.load_plan(path)


@pytest.mark.parametrize("name", ["original", "takes", "take", "model"])
@pytest.mark.parametrize("where", ["fixed", "axes"])
def test_a_plan_sets_only_parameters(fox: Fox, tmp_path: Path, photo: Path, name: str, where: str) -> None:
    """What a sweep takes beside parameters has places of its own in the file: elsewhere it would name a file, or multiply what is paid."""
    path = fox.sweep("phota-image", prompt=["a fox", "an owl"]).to_json(tmp_path / "plan.json")
    words = json.loads(path.read_text())
    value = {"original": str(photo), "takes": 20, "take": 3, "model": "grok-imagine-image"}[name]
    if where == "fixed":
        words["fixed"][name] = value
    else:
        words["axes"].append({"name": name, "values": [value]})
    path.write_text(json.dumps(words))
    with pytest.raises(InvalidRequest, match=f"no parameter '{name}'"):
        fox.load_plan(path)


def test_names_that_stand_twice_or_nowhere(fox: Fox, tmp_path: Path) -> None:
    """A parameter twice, a cell without a column and a change that no row could take are refused, not dropped."""
    path = fox.sweep("phota-image", prompt=["a fox"]).to_json(tmp_path / "plan.json")
    words = json.loads(path.read_text())
    words["axes"].append({"name": "prompt", "values": ["an owl"]})
    path.write_text(json.dumps(words))
    with pytest.raises(InvalidRequest, match="twice"):
        fox.load_plan(path)
    batch = fox.batch([{"prompt": "a fox"}], "phota-image").to_json(tmp_path / "batch.json")
    for changes in ({"aspect_ratoi": "16:9"}, {"takes": 3}, {"original": "x.png"}):
        with pytest.raises(InvalidRequest, match="for every row"):
            fox.load_plan(batch, **changes)
    words = json.loads(batch.read_text())
    words["rows"][0]["cells"]["aspect_ratio"] = "16:9"
    batch.write_text(json.dumps(words))
    with pytest.raises(InvalidRequest, match="not among the columns"):
        fox.load_plan(batch)


def test_every_table_that_is_planned_can_be_written(fox: Fox, tmp_path: Path) -> None:
    """Empty cells, an index without a value, numbers without an end and half letters: written, and read as the same requests."""
    table = tmp_path / "table.csv"
    table.write_text("prompt,aspect_ratio,note\na fox,,x\nan owl,16:9,\n")
    odd = pd.DataFrame({"prompt": ["a fox", "an owl"], "n": [float("inf"), float("nan")]})
    odd.index = pd.Index([float("nan"), "b"])
    for rows in (table, odd, [{"prompt": "a fox", "note": "\ud83e"}]):
        batch = fox.batch(rows, "phota-image")
        again = fox.load_plan(batch.to_json(tmp_path / "plan.json"))
        assert [slot.identity for slot in again.plan.slots] == [slot.identity for slot in batch.plan.slots]
        assert len(batch.to_frame()) == len(again.to_frame()) == len(rows if isinstance(rows, list) else odd)


def test_names_and_labels_of_a_file_are_texts(fox: Fox, tmp_path: Path) -> None:
    """Of a plan as of a table: a column twice, or with half a letter, is refused; of a label such a half is replaced."""
    path = fox.batch([{"prompt": "a fox"}], "phota-image").to_json(tmp_path / "plan.json")
    words = json.loads(path.read_text())
    for columns, why in ((["prompt", "prompt"], "'prompt' twice"), (["prompt", "x\ud83e"], "whose name is cut")):
        path.write_text(json.dumps({**words, "columns": columns}))
        with pytest.raises(InvalidRequest, match=why):
            fox.load_plan(path)
    path.write_text(json.dumps({**words, "rows": [{**words["rows"][0], "label": "x\ud83e"}]}))
    assert fox.load_plan(path).to_frame().index.tolist() == ["x?"]


def test_a_take_is_in_the_file_as_it_was_read(fox: Fox, tmp_path: Path) -> None:
    """However a table writes a whole number, the plan's file asks for the same take, and for the first where there is none."""
    table = tmp_path / "table.csv"
    table.write_text("prompt,take\na fox,2\na fox,3.0\na fox, 4 \na fox,5e0\na fox,\n")
    for rows in (table, [{"prompt": "a fox", "take": take} for take in (np.int64(2), 3.0, None)]):
        batch = fox.batch(rows, "phota-image")
        again = fox.load_plan(batch.to_json(tmp_path / "plan.json"))
        assert [slot.identity for slot in again.plan.slots] == [slot.identity for slot in batch.plan.slots]


def test_only_a_plan_is_replaced(fox: Fox, tmp_path: Path) -> None:
    """A plan is written over an older one, and over nothing else; what is no path or no file is said."""
    sweep = fox.sweep("phota-image", prompt=["a fox"])
    precious = tmp_path / "precious.csv"
    precious.write_text("a,b\n")
    with pytest.raises(InvalidRequest, match="it was left as it is"):
        sweep.to_json(precious)
    assert precious.read_text() == "a,b\n"
    assert sweep.to_json(sweep.to_json(tmp_path / "plan.json")).exists()
    os.mkfifo(tmp_path / "pipe")
    for path, words in ((None, "allowed is a path"), (tmp_path / "pipe", "no file"), (tmp_path, "no file")):
        with pytest.raises(InvalidRequest, match=words):
            fox.load_plan(path)
