"""The history's rows: a favourite is kept on another thread, and what goes wrong with a press is said below the rows."""

import csv
import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fox_nb import Fox, StoreError, TaskFailed
from fox_nb.panels import history_tab
from fox_nb.panels.history_tab import pack_pictures
from fox_nb.panels.titles import Titles
from panels.browsers import Browser
from processes import until

pytestmark = pytest.mark.usefixtures("noise")


def test_the_sum_of_what_is_taken_away_is_what_was_spent(fox: Fox, tmp_path: Path) -> None:
    """In the CSV of a download a task's cost is shared out among its pictures."""
    task = fox.generate("a fox", num_outputs=4).wait()
    path = tmp_path / "pictures.zip"
    pack_pictures([task], Titles(fox.session), path)
    with zipfile.ZipFile(path) as packed:
        rows = list(csv.DictReader(io.TextIOWrapper(packed.open("pictures.csv"), "utf-8-sig")))
    assert len(rows) == 4
    assert sum(float(row["usd"]) for row in rows) == pytest.approx(float(fox.spent))


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows has one time zone for all of its programs")
def test_days_are_those_of_the_rows(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day that is chosen begins and ends where the kernel runs, whatever the browser's time zone is; nonsense is no day."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        task = fox.generate("a fox").wait()
        history = fox.studio().history
        history._run_later = lambda work: work()
        browser = Browser(history)
        browser.say("ready")
        day = time.strftime("%Y-%m-%d", time.localtime(task.sent_at))
        for since, until_day, count in ((day, day, 1), ("", "2020-01-01", 0), ("9999-12-31", "", 0), ("x", 5, 1)):
            browser.say("find", since=since, until=until_day)
            assert browser.of("list")[-1]["total"] == count
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_last_favourite_of_a_page_leads_to_the_page_before(fox: Fox) -> None:
    """Without its star the page would be empty, and the others could not be reached."""
    tasks = [fox.generate(f"a fox, {number}") for number in range(3)]
    history = fox.studio().history
    history._run_later = lambda work: work()
    browser = Browser(history)
    browser.say("ready")
    for task in tasks:
        browser.say("favourite", key=task.wait().identity, on=True)
    history.rows = 2
    browser.say("find", favourites=True, page=1)
    (last,) = browser.of("list")[-1]["items"]
    browser.say("favourite", key=last["key"], on=False)
    shown = browser.of("list")[-1]
    assert (shown["page"], len(shown["items"]), shown["total"]) == (0, 2, 2)


def test_more_than_can_be_taken_along_is_said(fox: Fox) -> None:
    """Of five hundred and one none is left out in silence."""
    history = fox.studio().history
    history._run_later = lambda work: work()
    browser = Browser(history)
    for kind in ("compare", "archive"):
        browser.say(kind, keys=["key"] * 501, at=0, by="page")
        assert browser.of("wrong")[-1]["lines"][0] == "501 are chosen; 500 is the most."


def test_before_and_after_is_offered_while_the_original_is_there(fox: Fox, tmp_path: Path) -> None:
    """Without it there is nothing to lay beside the result."""
    Image.new("RGB", (64, 64), "red").save(tmp_path / "photo.png")
    task = fox.enhance(tmp_path / "photo.png").wait()
    history = fox.studio().history
    assert history.item(task)["before"]
    for original in task.originals:
        original.unlink()
    assert not history.item(task)["before"]


def test_a_favourite_that_cannot_be_kept_is_said(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message from the browser waits for no journal; the star is set when it is kept, and trouble is said in words."""
    task = fox.generate("a fox").wait()
    history = fox.studio().history
    works: list[Callable[[], Any]] = []
    history._run_later = works.append
    browser = Browser(history)
    browser.say("ready")
    works.pop()()
    browser.say("favourite", key=task.identity, on=True)
    assert not browser.of("list")[-1]["items"][0]["favourite"]
    works.pop()()
    assert browser.of("list")[-1]["items"][0]["favourite"]

    def full(*_: Any) -> None:
        raise StoreError("The journal cannot be written.")

    monkeypatch.setattr(type(fox.store.catalog), "set_fact", full)
    browser.say("favourite", key=task.identity, on=False)
    works.pop()()
    assert "cannot be written" in browser.of("wrong")[-1]["lines"][0]


def test_each_page_has_the_rows_that_it_asked_for(fox: Fox) -> None:
    """Another page that opens, or searches, changes nothing in the first; what is new comes to both."""
    for words in ("fox", "bear"):
        fox.generate(words).wait()
    history = fox.studio().history
    history._run_later = lambda work: work()
    browser = Browser(history)

    def rows() -> dict[str, list[str]]:
        return {shown["by"]: [item["title"] for item in shown["items"]] for shown in browser.of("list")}

    browser.say("ready")
    browser.say("find", text="bear", by="first")
    browser.say("ready")
    browser.say("find", text="zebra", by="second")
    assert rows() == {"": ["bear", "fox"], "first": ["bear"], "second": []}
    fox.generate("a zebra and a bear").wait()
    history.refresh()
    assert rows()["first"] == ["a zebra and a bear", "bear"]
    assert rows()["second"] == ["a zebra and a bear"]
    for number in range(20):
        browser.say("find", text="owl", by=f"page {number}")
    browser.heard.clear()
    history.refresh()
    assert len(browser.of("list")) < 10, "pages that were closed long ago cost nothing"


@pytest.mark.parametrize(
    "nonsense",
    [{"page": 1e30}, {"page": 10**30}, {"page": -1}, {"page": "x"}, {"model": "\ud800"}, {"by": "\ud800"}],
    ids=str,
)
def test_what_one_page_asks_for_keeps_nothing_from_the_others(fox: Fox, nonsense: dict[str, Any]) -> None:
    """Whatever a browser says: with each change every page is told of its own search, and none of an error."""
    history = fox.studio().history
    history._run_later = lambda work: work()
    browser = Browser(history)
    browser.say("find", **({"by": "first"} | nonsense))
    browser.say("find", text="bear", by="second")
    fox.generate("a bear").wait()
    browser.heard.clear()
    history.refresh()
    browser.say("ready")
    history.refresh()
    lists = browser.of("list")
    assert [item["title"] for item in lists[-1]["items"]] == ["a bear"]
    assert lists[-1]["by"] == "second"
    assert browser.of("wrong") == []
    assert json.dumps(lists, ensure_ascii=False).encode()


def test_two_pages_pack_two_archives(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that begins to pack does not write over what another one is still fetching."""
    tasks = [fox.generate(words).wait() for words in ("fox", "bear")]
    history = fox.studio().history
    history._run_later = lambda work: work()
    browser = Browser(history)
    browser.say("ready")
    packed: list[Path] = []
    pack = history_tab.pack_pictures
    monkeypatch.setattr(history_tab, "pack_pictures", lambda *of: packed.append(of[-1]) or pack(*of))
    for task in tasks:
        browser.say("archive", keys=[task.identity], at=0, by=task.identity)
    for task in tasks:
        browser.say("archive", keys=[task.identity], at=1, by=task.identity)
        ((content, (rest,)),) = browser.heard[-1:]
        assert content["by"] == task.identity
        assert task.images[0].path.name.encode() in rest
    for number in range(9):
        browser.say("archive", keys=[tasks[0].identity], at=0, by=f"page {number}")
    assert sum(path.exists() for path in packed) == history_tab._MOST_PAGES, "a page that was closed leaves nothing"
    browser.say("archive", keys=[tasks[0].identity], at=1, by=tasks[0].identity)
    assert "no longer here" in str(browser.heard[-1:])


def test_a_comparison_has_its_numbers(fox: Fox, tmp_path: Path) -> None:
    """What is laid side by side below the history is measured against its own original, and what is told stands below."""
    Image.linear_gradient("L").resize((200, 150)).save(tmp_path / "photo.png")
    task = fox.enhance(tmp_path / "photo.png", creativity=0.2).wait()
    studio = fox.studio()
    studio.history._run_later = lambda work: work()
    browser = Browser(studio.history)
    browser.say("ready")
    for _ in range(2):
        browser.say("compare", keys=[task.identity])
        viewer, said = studio._compared.children
        until(lambda: viewer.comparison.cells[0,].takes[0].metrics or None, "the numbers")  # noqa: B023
        assert "compare again" not in said.value
    assert viewer.comparison.original is not None
    studio.close()


def test_a_comparison_without_a_picture_is_told(fox: Fox, sandbox: Any) -> None:
    """Who chose what failed reads why nothing is laid side by side."""
    for words in ("fox", "bear"):
        sandbox.misbehave("failed")
        with pytest.raises(TaskFailed):
            fox.generate(words).wait()
    history = fox.studio().history
    history._run_later = lambda work: work()
    browser = Browser(history)
    browser.say("ready")
    browser.say("compare", keys=[item["key"] for item in browser.of("list")[-1]["items"]])
    assert "None of these has a picture" in browser.of("wrong")[-1]["lines"][0]
