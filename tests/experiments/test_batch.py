"""Batch: the rows of a table are checked at once, made once, and come back with what became of each."""

import csv
import io
import json
import os
import re
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image

from artifacts import MARKED_KEY
from client.scripted import Step, say
from fox_nb import BudgetExceeded, Fox, FoxError, InvalidRequest, SubmissionUnknown, TaskFailed
from fox_nb.experiments import batch as batch_module
from fox_nb.experiments import pages
from fox_nb.models import MODELS
from fox_nb.settings import DEFAULT_BASE_URL
from gateways import Gateway, always
from processes import PATIENCE, Child, ended, until

pytestmark = pytest.mark.usefixtures("noise")

KERNEL = """
import sys
from fox_nb import Fox
from fox_nb.settings import Polling
fox = Fox(base_url=sys.argv[1], store=sys.argv[2], polling=Polling(first_looks=(.05,), at_least=.05, per_second=200))
fox.batch(sys.argv[3], "phota-image", at_once=16, per_second=500, ask_above=1000).run()
print("done", flush=True)
"""


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {"shot": f"s{n:03}", "prompt": f"fox number {n}", "aspect_ratio": ("1:1", "16:9")[n % 2]} for n in range(count)
    ]


def write(path: Path, table: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.DictWriter(file, list(table[0]))
        lines.writeheader()
        lines.writerows(table)
    return path


def test_all_that_is_wrong_comes_as_one_table_and_nothing_is_sent(fox: Fox, tmp_path: Path, sandbox: Any) -> None:
    """Five wrong rows of a file: one error names row, line, column, value and what is allowed for each, and nothing else."""
    table = rows(40)
    table[3]["aspect_ratio"] = "16x9"
    table[7]["prompt"] = ""
    table[11]["prompt"] = " "
    table[20] |= {"model": "phota-imgae"}
    table[33] |= {"model": "grok-imagine-image", "resolution": "4K"}
    whole = [{"model": "", "resolution": "", **row} for row in table]
    with pytest.raises(InvalidRequest) as refused:
        fox.batch(write(tmp_path / "prompts.csv", whole), "phota-image")
    assert [(one["label"], one["line"], one["column"]) for one in refused.value.value] == [
        (3, 5, "aspect_ratio"),
        (7, 9, "prompt"),
        (11, 13, "prompt"),
        (20, 22, "model"),
        (33, 35, "resolution"),
    ]
    words = str(refused.value)
    assert words.startswith("5 of 40 rows can't be asked for:")
    assert "Did you mean '16:9'?" in words
    assert "Did you mean 'phota-image'?" in words
    assert "grok-imagine-image has no resolution" in words
    assert "Nothing was sent" in words
    assert sandbox.creations == []


def test_a_frame_names_its_own_rows(fox: Fox, sandbox: Any) -> None:
    """The labels of the index stand in the error; each wrong cell of a row has a line of its own."""
    frame = pd.DataFrame({"prompt": ["a fox", "an owl"], "num_outputs": [1, 0], "take": [1.0, 0.5]}, index=["x", "y"])
    with pytest.raises(InvalidRequest) as refused:
        fox.batch(frame, "phota-image")
    assert {(one["label"], one["column"]) for one in refused.value.value} == {("y", "num_outputs"), ("y", "take")}
    with pytest.raises(InvalidRequest, match=r"^2 of 4 rows"):
        fox.batch(pd.concat([frame, frame]), "phota-image")  # whose labels stand twice
    assert sandbox.creations == []


def test_a_link_that_the_gateway_cannot_open_is_told_with_its_row(open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """A link into one's own network is in the table of what is wrong, from a frame, an archive's column or a plan's file."""
    far = open_fox(base_url=DEFAULT_BASE_URL)
    near = "http://192.168.1.5/me.png"
    links = ["https://example.com/a.png", near, "https://example.com/c.png"]
    frame = pd.DataFrame({"prompt": ["a", "b", "c"], "image_urls": links}, index=["r0", "r1", "r2"])
    path = far.batch(frame.replace(near, "https://example.com/b.png"), "phota-image-edit").to_json(tmp_path / "p.json")
    path.write_text(path.read_text().replace("https://example.com/b.png", near))
    for refused, column in (
        (lambda: far.batch(frame, "phota-image-edit"), "image_urls"),
        (lambda: far.load_plan(path), "image_urls"),
        (lambda: far.batch(frame[["image_urls"]].set_axis(["image_archive_url"], axis=1), "phota-create-profile"),
         "image_archive_url"),
    ):  # fmt: skip
        with pytest.raises(
            InvalidRequest, match=r"1 of 3 rows.*(?s:.)*your own network.*Give the file itself"
        ) as error:
            refused()
        assert [(one["label"], one["column"]) for one in error.value.value] == [("r1", column)]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("prompt", "x" * 20_001, r"… \(str\) \(longer than 20,000 characters\)"),
        ("prompt", "a\0b", "holds a NUL character"),
        ("prompt", " ", r"' ' \(is empty\)"),
        ("num_outputs", True, r"True \(is a truth value\)"),
        ("num_outputs", np.timedelta64(3, "s"), "is a length of time"),
        ("num_outputs", np.timedelta64(3, "ns"), "is a length of time"),  # which NumPy turns into the number 3
        ("image_urls", "https://example.com/a b.png", "holds a space"),
        ("image_urls", "phot.jpg", r"file not found: phot\.jpg \(looked in .+\)\. Did you mean photo\.jpg"),
        ("image_urls", np.full((9, 9), np.nan), "image_urls"),
    ],
)
def test_the_table_says_why(
    fox: Fox, photo: Path, monkeypatch: pytest.MonkeyPatch, column: str, value: Any, words: str
) -> None:
    """Where what is allowed doesn't say it the reason stands beside the value, as in the error of one call; also of arrays."""
    monkeypatch.chdir(photo.parent)
    with pytest.raises(InvalidRequest, match=words) as refused:
        fox.batch([{"prompt": "a", "image_urls": str(photo), "num_outputs": 1, column: value}], "phota-image-edit")
    assert [(one["label"], one["column"]) for one in refused.value.value] == [(0, column)]


def test_what_is_empty_is_left_out(fox: Fox, tmp_path: Path) -> None:
    """An empty text is no value, in a frame, in dicts and in JSON lines as in CSV."""
    row = {"prompt": "a fox", "model": "", "aspect_ratio": "", "take": ""}
    lines = tmp_path / "table.jsonl"
    lines.write_text(json.dumps(row))
    direct = fox.batch([{"prompt": "a fox"}], "phota-image").plan.slots[0].identity
    for table in ([row], pd.DataFrame([row]), lines, write(tmp_path / "table.csv", [row])):
        assert [slot.identity for slot in fox.batch(table, "phota-image").plan.slots] == [direct]


def test_what_a_table_says_twice_or_by_halves_is_refused(fox: Fox, tmp_path: Path) -> None:
    """A name that is cut in a character, and one that a line of JSON has twice, are told before anything is planned."""
    lines = tmp_path / "table.jsonl"
    for text, words in (
        ('{"prompt": "a fox", "x\\ud83e": 1}', r"'x\\ud83e', whose name is cut"),
        ('{"prompt": "a fox", "prompt": "an owl"}', "a name stands in it twice"),
    ):
        lines.write_text(text)
        with pytest.raises(InvalidRequest, match=words):
            fox.batch(lines, "phota-image")
    with pytest.raises(InvalidRequest, match="whose name is cut"):
        fox.batch([{"prompt": "a fox", "x\ud83e": 1}], "phota-image")


def test_the_table_comes_back_with_its_index(fox: Fox, sandbox: Any) -> None:
    """Run, the frame has its own index and columns, in its own order, and for each row status, files, task, seconds, costs, error."""
    frame = pd.DataFrame(
        {"prompt": ["a fox", "an owl", "a fox"], "num_outputs": [1, 2, 1], "status": ["draft", "draft", "final"]},
        index=pd.Index([30, 10, 20], name="shot"),
    )
    batch = fox.batch(frame, "phota-image", per_second=50)
    assert batch.pictures == 3
    assert "1 row asks for the same as an earlier one" in pages.page(batch)
    assert "Carried along, not sent: status" in pages.page(batch)
    table = batch.run().to_frame()
    assert len(sandbox.creations) == 2
    assert table.index.equals(frame.index)
    assert table["status"].tolist() == ["draft", "draft", "final"]
    assert table["fox_status"].tolist() == ["completed"] * 3
    assert [len(files) for files in table["files"]] == [1, 2, 1]
    assert table["task_id"][30] == table["task_id"][20] != table["task_id"][10]
    assert all(Path(file).exists() for files in table["files"] for file in files)
    assert table["estimated_usd"].tolist() == pytest.approx([0.09, 0.18, 0])  # of equal rows the first has it
    assert (table["seconds"] > 0).all()
    assert (table["error"] == "").all()
    joined = frame.join(table[["files", "task_id"]])
    assert joined["task_id"].notna().all()


@pytest.mark.parametrize("frame", [lambda rows: rows, pd.DataFrame])
def test_pandas_alone_is_enough_for_a_frame(fox: Fox, frame: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyarrow, which the lessons' extra does not bring, the table comes back, with lists of files."""
    for name in [name for name in sys.modules if name.split(".")[0] == "pyarrow"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    table = fox.batch(frame([{"prompt": "a fox"}, {"prompt": "an owl"}]), "phota-image").to_frame()
    assert table["files"].tolist() == [[], []]


def test_what_polars_has_no_type_for_is_text(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """With polars alone a column of several types, or with half a letter, comes back as text; others as they are."""
    monkeypatch.setattr(batch_module, "_backend", lambda: "polars")
    rows = [{"prompt": "a fox", "x": 1, "note": "\ud83e", "n": 1}, {"prompt": "an owl", "x": "s", "n": 2}]
    table = fox.batch(rows, "phota-image").to_frame()
    assert isinstance(table, pl.DataFrame)
    assert table.select("x", "note", "n").rows() == [("1", "?", 1), ("s", None, 2)]


def test_every_kind_of_table_asks_for_the_same(fox: Fox, tmp_path: Path) -> None:
    """pandas, polars, Arrow, a list of dicts, CSV, TSV, JSON lines and Parquet: one identity a row, whatever brings it."""
    table = [
        {"id": "a", "prompt": "a fox", "num_outputs": 1, "model": None},
        {"id": "b", "prompt": 'an "owl", at night', "num_outputs": 2, "model": "grok-imagine-image"},
    ]
    frame = pd.DataFrame(table)
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_csv(tmp_path / "t.tsv", index=False, sep="\t")
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    frame.to_parquet(tmp_path / "t.parquet")
    sources = [table, frame, pl.DataFrame(table), pl.DataFrame(table).to_arrow()]
    sources += [tmp_path / f"t.{kind}" for kind in ("csv", "tsv", "jsonl", "parquet")]
    found = [[slot.identity for slot in fox.batch(source, "phota-image").plan.slots] for source in sources]
    assert all(one == found[0] for one in found)
    assert len(set(found[0])) == 2
    back = fox.batch(pl.DataFrame(table), "phota-image").to_frame()
    assert isinstance(back, pl.DataFrame)
    assert back["status"].to_list() == ["not sent", "not sent"]


def test_take_tells_equal_rows_apart(fox: Fox, sandbox: Any) -> None:
    """Equal rows are one task; those that say another take are pictures of their own."""
    equal = fox.batch([{"prompt": "a fox"}] * 3, "phota-image")
    assert equal.to_frame()["estimated_usd"].sum() == pytest.approx(float(equal.cost))
    equal.run()
    assert len(sandbox.creations) == 1
    batch = fox.batch([{"prompt": "a fox", "take": take} for take in (1, 2, 3)], "phota-image", per_second=50).run()
    assert batch.paid_already == 3
    assert len(sandbox.creations) == 3
    with pytest.raises(InvalidRequest, match="a whole number from 1 to"):
        fox.batch([{"prompt": "a fox", "take": "new"}], "phota-image")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", "", "no rows"),
        ("t.csv", "prompt\n", "no rows"),
        ("t.csv", "prompt,prompt\na,b\n", "twice"),
        ("t.csv", "prompt\na,b\n", "2 cells where there are 1 columns"),
        ("t.csv", 'prompt\n"a\n', "can't be read"),
        ("t.csv", "Prompt\na fox\n", "Rename the column"),
        ("t.jsonl", "{", "no JSON"),
        ("t.jsonl", "[" * 100_000, "no JSON"),
        ("t.jsonl", "[1]\n", "no JSON object"),
        ("t.parquet", "PAR1", "can't be read"),
        ("t.xlsx", "", "ends in"),
    ],
)
def test_a_damaged_file_is_refused_in_words(fox: Fox, tmp_path: Path, name: str, content: str, words: str) -> None:
    """Whatever a file holds, one error of ours says what is the matter with it."""
    (tmp_path / name).write_text(content)
    with pytest.raises(FoxError, match=words):
        fox.batch(tmp_path / name, "phota-image")


def test_what_is_no_table_is_refused_in_words(fox: Fox, tmp_path: Path) -> None:
    """No such file, a number, a lazy frame, a list of texts, a column twice."""
    for source, words in (
        (tmp_path / "none.csv", "File not found"),
        (3, "does not stand for a table"),
        (pl.LazyFrame({"prompt": ["a"]}), "lazy"),
        (["a fox"], "not a dict"),
        (pd.DataFrame([["a", "b"]], columns=["prompt", "prompt"]), "prompt"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            fox.batch(source, "phota-image")


def test_pictures_in_a_table_are_hashed_once_and_missing_ones_named(fox: Fox, photo: Path, sandbox: Any) -> None:
    """Two rows with one file share its upload; a row whose file is not there is in the table of what is wrong."""
    table = [{"prompt": words, "image_urls": str(photo)} for words in ("at night", "in snow")]
    fox.batch(table, "phota-image-edit", per_second=50).run()
    assert len(sandbox.creations) == 2
    assert len({creation["body"]["image_urls"][0] for creation in sandbox.creations}) == 1
    with pytest.raises(InvalidRequest) as refused:
        fox.batch([*table, {"prompt": "", "image_urls": "nope.jpg"}], "phota-image-edit")
    assert {(one["label"], one["column"]) for one in refused.value.value} == {(2, "image_urls"), (2, "prompt")}


def test_what_several_rows_have_in_common_is_a_column(fox: Fox) -> None:
    """A parameter beside the table is refused with what does it; a column takes gets the hint of take."""
    for name, hint in (("num_outputs", "num_outputs"), ("take", "take"), ("takes", "take")):
        with pytest.raises(InvalidRequest, match=rf"For every row it is a column: df\.assign\({hint}=…\)"):
            fox.batch(rows(2), "phota-image", **{name: 2})
    assert "'takes': Did you mean 'take'?" in repr(fox.batch([{"prompt": "a", "takes": 2}], "phota-image"))


def test_cells_of_lists_and_commas_are_read_or_refused_with_a_remedy(fox: Fox, photo: Path, tmp_path: Path) -> None:
    """A result's files as one picture, names with a semicolon between them; with semicolons decimals have commas."""
    with pytest.raises(InvalidRequest, match=r"\['\S.*one picture a row: df\.explode\('image_url'\)") as refused:
        fox.batch([{"image_url": [str(photo)]}], "phota-image-enhance")
    assert "sha256" not in str(refused.value)
    with pytest.raises(InvalidRequest, match=r"image_url is \['\S"):
        fox.enhance([str(photo)])
    with pytest.raises(InvalidRequest, match="2 pictures were given, where one is meant"):
        fox.enhance((str(photo), str(photo)))
    with pytest.raises(InvalidRequest, match="2 pictures were given, where a ZIP of photos is meant"):
        fox.create_profile([str(photo), str(photo)])
    with pytest.raises(InvalidRequest, match=r'Several are a JSON list: \["a\.jpg", "b\.jpg"\]'):
        fox.batch([{"prompt": "a", "image_urls": f"{photo};{photo}"}], "phota-image-edit")
    (tmp_path / "a.csv").write_text(f"image_url;creativity;take\n{photo};0,3;2,0\n{photo};0.5;1\n")
    planned = fox.batch(tmp_path / "a.csv", "phota-image-enhance").plan.slots
    assert [(slot.request.creativity, slot.take) for slot in planned] == [(0.3, 2), (0.5, 1)]
    (tmp_path / "a.csv").write_text(f"image_url;creativity\n{photo};1.000,3\n")
    with pytest.raises(InvalidRequest, match=r"1\.000,3"):
        fox.batch(tmp_path / "a.csv", "phota-image-enhance")


def test_failures_alone_are_sent_again(fox: Fox, sandbox: Any) -> None:
    """Two of six fail after they were accepted: run() leaves them, retry_failed() sends these two and no other, and the table has what both cost."""
    sandbox.misbehave("failed", times=2)
    batch = fox.batch(rows(6), "phota-image", at_once=1, per_second=100).run()
    assert batch.to_frame()["status"].tolist() == ["failed"] * 2 + ["completed"] * 4
    assert "failed" in batch.to_frame()["error"][0]
    batch.run()
    assert len(sandbox.creations) == 6
    batch.retry_failed()
    assert len(sandbox.creations) == 8
    costs = batch.to_frame()["estimated_usd"]
    assert costs.tolist() == pytest.approx([0.18] * 2 + [0.09] * 4)
    assert costs.sum() == pytest.approx(float(batch.plan.spent))
    assert batch.to_frame()["status"].tolist() == ["completed"] * 6


def test_what_was_never_sent_is_no_failure(fox: Fox, sandbox: Any) -> None:
    """retry_failed() sends what has failed and what was refused, none of the rows that were never sent; run() sends these."""
    sandbox.misbehave("failed", times=1)
    with pytest.raises(TaskFailed):
        fox.generate("fox number 0").wait()
    batch = fox.batch(rows(4), "phota-image", per_second=100)
    assert batch.retry_failed().to_frame()["status"].tolist() == ["completed"] + ["not sent"] * 3
    assert len(sandbox.creations) == 2
    sandbox.misbehave("status", on="create", status=422, times=1)
    assert sorted(batch.run().to_frame()["status"]) == ["completed"] * 3 + ["not sent"]
    assert "1 failed" in repr(batch)
    batch.retry_failed()
    assert batch.to_frame()["status"].tolist() == ["completed"] * 4
    assert float(batch.cost) == 0
    assert float(batch.spent) == pytest.approx(0.45)


def test_a_lost_answer_is_counted_by_itself(fox: Fox, sandbox: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """It is unknown and not failed, wherever the batch is shown; retry_failed() sends nothing and says how many it left alone."""
    sandbox.misbehave("lost_answer", on="create", times=1)
    batch = fox.batch(rows(2), "phota-image", at_once=1, per_second=100).run()
    assert "1 made, 1 unknown, may be paid (fox.reconcile() or task.settle(…))" in repr(batch)
    page = batch._repr_html_()
    assert "1, may be paid" in page
    assert "Failed" not in page
    assert "1 unknown, may be paid" in pages.progress_page(batch)
    assert batch.comparison().cells[0,].takes[0].state == "failed", "a viewer's cell looks as it did"
    sent = len(sandbox.creations)
    batch.retry_failed()
    assert len(sandbox.creations) == sent
    assert "1 left alone: unknown, may be paid" in "".join(capsys.readouterr())


def test_what_was_lost_while_its_retry_waited_for_its_turn_is_not_sent(
    open_any: Callable[..., Fox], tmp_path: Path
) -> None:
    """Of two failures the second is sent again by hand, and its answer lost, before retry_failed() comes to it: it is told, not sent."""
    answered = threading.Event()
    failed = {"status": "failed", "error": {"code": "x", "message": "no"}}
    lost = say(502, b"<html>bad gateway</html>")

    def create(gateway: Gateway, count: int, task_id: str) -> Step:
        if count == 3:
            answered.wait(PATIENCE)
        return lost if count == 4 else say(200, gateway.accepted(task_id))

    with Gateway(create=create, poll=lambda _gateway, _count, task_id: say(200, {"id": task_id, **failed})) as gateway:
        fox = open_any(base_url=gateway.url, store=tmp_path / "runs")
        batch = fox.batch(rows(2), "phota-image", at_once=1, per_second=100).run()
        retrying = threading.Thread(target=batch.retry_failed)
        retrying.start()
        until(lambda: gateway.counts["create"] == 3 or None, "the first one to be sent again")
        with pytest.raises(SubmissionUnknown):
            next(slot.task for slot in batch.plan.slots if slot.state == "failed" and slot.task).retry()
        answered.set()
        ended(retrying)
        assert gateway.counts["create"] == 4
        assert "1 unknown, may be paid" in repr(batch)


def test_paused_and_gone_on_with(fox: Fox, sandbox: Any) -> None:
    """pause() sends no more and lets land what is under way; run() sends the rest, each row once."""
    sandbox.misbehave("lasts", seconds=3600, after=2, times=2)
    batch = fox.batch(rows(8), "phota-image", at_once=2, per_second=50)
    said: list[str] = []

    def run() -> None:
        try:
            batch.run()
        except FoxError as error:
            said.append(str(error))

    running = threading.Thread(target=run)
    running.start()
    until(lambda: batch.plan.count("done") >= 2 or None, "two pictures")
    batch.pause()
    sandbox.behave()
    sandbox.advance(3600)
    ended(running)
    assert re.match(r"The batch was paused\. \d of 8 pictures were not sent and not paid\. Run it again: ", said[0])
    assert 2 <= len(sandbox.creations) < 8
    assert batch.run().plan.count("done") == 8
    assert len(sandbox.creations) == 8


def test_the_budget_holds(open_fox: Callable[..., Fox], sandbox: Any) -> None:
    """A budget for two rows makes two, stops, says why; the rows that were not sent say so and are not failed."""
    batch = open_fox(budget=0.2).batch(rows(5), "phota-image", at_once=1, per_second=50)
    with pytest.raises(BudgetExceeded, match=r"The batch was stopped.*larger budget.*the batch again") as stopped:
        batch.run()
    assert "Nothing was sent" not in str(stopped.value)  # two were
    assert (stopped.value.needed, stopped.value.left) == pytest.approx((0.09, 0.02))
    assert len(sandbox.creations) == 2
    assert batch.to_frame()["status"].tolist() == ["completed"] * 2 + ["not sent"] * 3
    more = open_fox()
    with pytest.raises(AttributeError, match="make a new Fox"):
        more.budget = 1
    assert more.batch(rows(5), "phota-image").run().plan.count("done") == 5
    assert len(sandbox.creations) == 5


def killed_and_resumed(
    count: int, kills: int, sandbox: Any, open_fox: Callable[..., Fox], folder: Path
) -> tuple[Fox, Path]:
    """Run a file of so many rows in kernels that are killed so many times, then to its end."""
    path = write(folder / "prompts.csv", rows(count))
    fox = open_fox()
    env = {**os.environ, "FOXAPI_KEY": MARKED_KEY}
    for kill in range(1, kills + 1):
        sandbox.misbehave("lasts", seconds=3600, after=count // (kills + 1) - 8, times=16)
        target = 16 + count // (kills + 1) - 8

        def stalled(least: int = len(sandbox.creations) + target) -> bool | None:
            """All sixteen places are taken by what takes an hour: no creation is on the wire."""
            found = [task for task in fox.tasks() if task.id]
            ends = sum(task.status == "completed" for task in found)
            return True if len(found) >= least and len(found) - ends == 16 == len(sandbox.creations) - ends else None

        with Child("-c", KERNEL, sandbox.base_url, str(fox.store.folder), str(path), env=env):
            until(stalled, f"kill {kill}", seconds=120 + 3 * count)
        sandbox.behave()
        sandbox.advance(3600)
    return fox, path


def check_all_made_once(count: int, fox: Fox, path: Path, sandbox: Any) -> None:
    batch = fox.batch(path, "phota-image", at_once=16, per_second=500, ask_above=1000)
    assert batch.paid_already == len(sandbox.creations) < count
    table = batch.run().to_frame()
    assert len(sandbox.creations) == count
    assert len({json.dumps(creation["body"], sort_keys=True) for creation in sandbox.creations}) == count
    given = pd.read_csv(path)
    assert table.index.equals(given.index)
    assert (given.join(table[["status", "files"]])["status"] == "completed").all()


def test_killed_and_resumed(sandbox: Any, open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """A kernel is killed in the middle of 60 rows; the next sends only what is missing: the sandbox counts 60 in all."""
    check_all_made_once(60, *killed_and_resumed(60, 1, sandbox, open_fox, tmp_path), sandbox)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_five_hundred_rows_killed_twice(sandbox: Any, open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """500 rows, five wrong: one table of five, nothing sent; mended, killed twice, resumed: 500 creations, joined back."""
    fox = open_fox()
    wrong = rows(500)
    for number in (0, 99, 250, 251, 499):
        wrong[number]["aspect_ratio"] = "7:5"
    with pytest.raises(InvalidRequest, match="5 of 500 rows") as refused:
        fox.batch(write(tmp_path / "wrong.csv", wrong), "phota-image")
    assert len(refused.value.value) == 5
    assert sandbox.creations == []
    check_all_made_once(500, *killed_and_resumed(500, 2, sandbox, open_fox, tmp_path), sandbox)
    assert set(MODELS) >= {task.model for task in fox.tasks()}


def test_rows_are_as_they_were_planned(fox: Fox) -> None:
    """A frame that is sorted, edited or cut after planning changes nothing: each row has its own picture; a dict likewise."""
    frame = pd.DataFrame({"prompt": ["a red fox", "a blue owl"], "k": [2, 1]})
    given = [{"prompt": "a red fox", "k": 2}]
    batch, of_dicts = fox.batch(frame, "phota-image", per_second=200), fox.batch(given, "phota-image").run()
    frame.loc[:, "prompt"] = frame["prompt"].to_numpy()[::-1].copy()
    frame.loc[2] = ["a crow", 3]
    given[0]["prompt"] = "a crow"
    table = batch.run().to_frame()
    assert table["prompt"].tolist() == ["a red fox", "a blue owl"]
    assert [Path(files[0]).name[11:20] for files in table["files"]] == ["a-red-fox", "a-blue-ow"]
    assert of_dicts.to_frame()["prompt"].tolist() == ["a red fox"]


@pytest.mark.parametrize("name", ["Model", "TAKE", "Aspect Ratio"])
def test_a_column_that_was_nearly_a_parameter_is_asked_about(fox: Fox, name: str, sandbox: Any) -> None:
    """It would be carried along in silence, and another model be paid."""
    with pytest.raises(InvalidRequest, match="Rename the column"):
        fox.batch([{"prompt": "a fox", name: "2"}], "phota-image")
    assert not sandbox.creations


@pytest.mark.parametrize(
    ("name", "meant"), [("aspect_ration", "aspect_ratio"), ("num_output", "num_outputs"), ("resoluton", "resolution")]
)
def test_a_misspelt_column_is_asked_about(fox: Fox, name: str, meant: str, sandbox: Any) -> None:
    """Carried along in silence it would be paid at its default; what only looks a little like a parameter is carried and named."""
    with pytest.raises(InvalidRequest, match=f"The column '{name}' is no parameter; '{meant}' is"):
        fox.batch([{"prompt": "a fox", name: "2"}], "phota-image")
    carried = {"image_id": 7, "task": "draft", "model_name": "x", "notes": "", "seed": 4}
    carried |= dict.fromkeys(("resolution_px", "num_outputs_made", "Aspect Ratio (w)"), 1)
    words = repr(fox.batch([{"prompt": "a fox", **carried}], "phota-image"))
    assert f"Carried along, not sent: {', '.join(carried)}." in words
    assert "'seed': No model has a seed" in words
    assert not sandbox.creations


def test_a_plan_that_was_written_before_opens(fox: Fox, tmp_path: Path) -> None:
    """A column that is asked about in a new table is carried in a plan's file, which an earlier version may have written."""
    path = fox.batch([{"prompt": "a fox", "quality": "2"}], "phota-image").to_json(tmp_path / "plan.json")
    path.write_text(path.read_text().replace("quality", "resoluton"))
    assert fox.load_plan(path).plan.carried == ["resoluton"]


def test_numbers_of_a_file_are_plain_ones(fox: Fox, tmp_path: Path) -> None:
    """'1_0' is no ten pictures; '2.0', which pandas writes beside an empty cell, is take 2."""
    path = tmp_path / "table.csv"
    path.write_text("prompt,num_outputs\na fox,1_0\n")
    with pytest.raises(InvalidRequest, match="num_outputs"):
        fox.batch(path, "phota-image")
    path.write_text("prompt,take\na fox,2.0\nan owl,\n")
    assert [slot.take for slot in fox.batch(path, "phota-image").plan.slots] == [2, 1]


def test_decimals_of_a_database_are_numbers(fox: Fox, tmp_path: Path) -> None:
    """A column of decimals, as databases and Parquet have them, is one of numbers; so is an axis, also in a plan's file."""
    batch = fox.batch([{"prompt": "a fox", "num_outputs": Decimal(2), "take": Decimal(3)}], "phota-image")
    assert (batch.pictures, batch.plan.slots[0].take) == (2, 3)
    assert repr(batch).startswith("<Batch phota-image, 1 row, 2 pictures, ")
    given = {"image_url": "https://example.com/a.png", "creativity": Decimal("0.10"), "resemblance": [Decimal("0.5")]}
    sweep = fox.sweep("phota-image-enhance", **given)
    again = fox.load_plan(sweep.to_json(tmp_path / "plan.json"))
    assert [axis.labels for axis in again.plan.axes] == [axis.labels for axis in sweep.plan.axes] == [["0.5"]]


@pytest.mark.parametrize("several", [False, True])
def test_a_decimal_of_many_places_is_the_request_of_the_direct_call(fox: Fox, tmp_path: Path, *, several: bool) -> None:
    """A sweep, a row of a table and a plan's file ask for what a call asks for, with four places, and pay it once."""
    third = Decimal(1) / 3
    given = {"image_url": "https://example.com/a.png", "resemblance": 0.5}
    direct, _ = fox.session.validated("phota-image-enhance", {**given, "creativity": third})
    assert direct.body()["creativity"] == 0.3333
    sweep = fox.sweep("phota-image-enhance", **given, creativity=[third] if several else third)
    again = fox.load_plan(sweep.to_json(tmp_path / "plan.json"))
    batch = fox.batch([{**given, "creativity": third}], "phota-image-enhance")
    for run in (sweep, again, batch):
        assert [slot.identity for slot in run.plan.slots] == [fox.session.identity(direct, 1)]


def test_numbers_of_every_kind_are_taken_or_refused_in_words(fox: Fox, tmp_path: Path) -> None:
    """A fraction is the same request from a file; a decimal that signals is refused as any other that is no number."""
    given = {"image_url": "https://example.com/a.png", "resemblance": 0.5}
    sweep = fox.sweep("phota-image-enhance", **given, creativity=[Fraction(1, 2), Fraction(1, 3)])
    again = fox.load_plan(sweep.to_json(tmp_path / "plan.json"))
    assert [slot.identity for slot in again.plan.slots] == [slot.identity for slot in sweep.plan.slots]
    for signal in (Decimal("sNaN"), [Decimal("sNaN")]):
        with pytest.raises(InvalidRequest, match="creativity is"):
            fox.sweep("phota-image-enhance", **given, creativity=signal)
        with pytest.raises(InvalidRequest, match="num_outputs is"):
            fox.sweep("phota-image", prompt="a fox", num_outputs=signal)
    with pytest.raises(InvalidRequest, match="num_outputs"):
        fox.batch([{"prompt": "a fox", "num_outputs": Decimal("sNaN")}], "phota-image")


def test_a_column_that_is_not_there_is_named(fox: Fox, tmp_path: Path) -> None:
    """Where every row lacks its prompt the error names the columns that there are, and what was probably meant."""
    with pytest.raises(InvalidRequest, match=r"no column 'prompt'; it has 'promt'.* mean 'promt'"):
        fox.batch([{"promt": "a fox"}], "phota-image")
    path = tmp_path / "table.csv"
    path.write_text("prompt|aspect_ratio\na fox|1:1\n")
    with pytest.raises(InvalidRequest, match=r"it has 'prompt\|aspect_ratio'"):
        fox.batch(path, "phota-image")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_semicolons_part_columns_too(fox: Fox, tmp_path: Path, mark: str) -> None:
    """A file as Excel writes it where a comma is a decimal one is a table; commas in its texts are commas."""
    path = tmp_path / "table.csv"
    path.write_text(f'{mark}prompt;aspect_ratio\r\na fox, red;16:9\r\n"an owl; white";\r\n', encoding="utf-8")
    asked = [slot.request.body() for slot in fox.batch(path, "phota-image").plan.slots]
    assert [(one["prompt"], one["aspect_ratio"]) for one in asked] == [("a fox, red", "16:9"), ("an owl; white", "1:1")]
    path.write_text("prompt;note\na fox;red;\n")
    with pytest.raises(InvalidRequest, match="Put what holds a semicolon between quotes"):
        fox.batch(path, "phota-image")


def test_several_pictures_in_a_cell(fox: Fox, photo: Path) -> None:
    """A tuple, an array and a list of paths in a column are the same list."""
    column = pd.Series([(str(photo),), [str(photo)], pd.Series([str(photo)]).to_numpy()])
    batch = fox.batch(pd.DataFrame({"prompt": "at night", "image_urls": column}), "phota-image-edit")
    assert batch.pictures == 1


def test_names_of_ours_that_the_table_has(fox: Fox) -> None:
    """A table that has `status` and `fox_status` keeps both."""
    table = fox.batch([{"prompt": "a fox", "status": "old", "fox_status": "older"}], "phota-image").run().to_frame()
    assert table[["status", "fox_status", "fox_fox_status"]].iloc[0].tolist() == ["old", "older", "completed"]


GROWTH = """
import sys, time
import psutil
from fox_nb import Fox
from fox_nb.images.turns import give_memory_back
from fox_nb.settings import Polling
def kept():
    for _ in range(20):  # the last pictures' threads may still be at them, and glibc keeps for them what they have freed
        give_memory_back()
        yield psutil.Process().memory_info().rss
        time.sleep(.05)
fox = Fox(base_url=sys.argv[1], store=sys.argv[2], polling=Polling(first_looks=(.05,), at_least=.05, per_second=200))
held = []
for count in (20, 40):
    rows = [{"prompt": f"fox {len(held)}, {n}"} for n in range(count)]
    held.append(fox.batch(rows, "phota-image", at_once=16, per_second=500, ask_above=1000).run())
    assert held[-1].plan.count("done") == count
    print(min(kept()), flush=True)
"""


def test_a_run_keeps_no_picture_in_memory(tmp_path: Path) -> None:
    """What a run needs does not grow with its rows: 40 pictures of 3 MB each, as files and as pixels, add less than 20 MB."""
    written = io.BytesIO()
    Image.new("RGB", (1200, 900), "orange").save(written, "PNG", compress_level=0)
    answer = always(say(200, written.getvalue()))
    env = {**os.environ, "FOXAPI_KEY": MARKED_KEY}
    with (
        Gateway(file=answer) as gateway,
        Child("-c", GROWTH, gateway.url, str(tmp_path / "fox_runs"), env=env) as child,
    ):
        few, many = (int(child.line("the memory of a run")) for _ in range(2))
    assert many - few < 20_000_000
