"""The picker, from Python's side: files arrive in pieces, and its list is the one truth for every view."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fox_nb.errors import InvalidRequest
from fox_nb.panels.incoming import PIECE, Incoming, Refused
from fox_nb.panels.picker import Picker, PickerEntry, clean_name
from panels.browsers import Browser

PHOTO = random.Random(1).randbytes(2 * PIECE + 17)


def test_a_file_arrives_in_pieces():
    """A file of several pieces is whole at the end, is in the list with its thumbnail, and the callback has it."""
    picker = Picker()
    got, changes = [], []
    picker.on("files", got.append)
    picker.on("change", changes.append)
    browser = Browser(picker)
    browser.send_file("C:\\photos\\me.jpg", PHOTO)
    assert got == []
    browser.say("batch", batch="b1")
    assert [(f.name, f.mime, f.data == PHOTO) for f in got[0]] == [("me.jpg", "image/jpeg", True)]
    assert [a["received"] for a in browser.of("ack")] == [PIECE, 2 * PIECE, 2 * PIECE + 17]
    assert len(browser.of("done")) == 1
    assert changes[-1][0].thumbnail == b"\xff\xd8\xff thumbnail"
    assert list(picker.value) == got[0]


def test_several_files_of_one_choice_come_together():
    """The callback is called once for all files of one choice."""
    picker = Picker()
    got = []
    picker.on("files", got.append)
    browser = Browser(picker)
    for n in range(3):
        browser.send_file(f"{n}.jpg", b"%d" % n, key=f"k{n}")
    browser.say("batch", batch="b1")
    assert [[f.name for f in files] for files in got] == [["0.jpg", "1.jpg", "2.jpg"]]


def test_pieces_out_of_order_are_not_taken():
    """A piece that is not the next one adds nothing; the answer says where to go on."""
    browser = Browser(Picker())
    browser.say("begin", id="k", name="a.jpg", mime="image/jpeg", size=6)
    browser.say("piece", b"def", id="k", at=3)
    browser.say("piece", b"abc", id="k", at=0)
    browser.say("piece", b"abc", id="k", at=0)
    browser.say("piece", id="k", number=4)
    assert [(a["received"], a["asked"]) for a in browser.of("ack")] == [(0, 0), (3, 0), (3, 0), (3, 4)]


def test_who_has_not_heard_that_a_file_is_here_is_told_again():
    """The word may be lost with the connection: a file that is in the list is none that was lost on its way."""
    browser = Browser(Picker())
    browser.send_file("a.jpg", b"abc")
    for _ in range(2):
        browser.say("piece", id="k1", number=1)
    assert [said["id"] for said in browser.of("done")] == ["k1"] * 3
    browser.say("remove", key="k1")
    browser.say("piece", id="k1", number=2)
    assert "lost on its way" in browser.of("refused")[0]["words"]


@pytest.mark.parametrize(
    ("sha256", "words"), [("0" * 64, "arrived incomplete"), ("", None)], ids=["a wrong hash", "no hash to be had"]
)
def test_the_hash_is_checked_where_there_is_one(sha256, words):
    """A damaged file is refused; a page without https has no hash to give, and its files are taken."""
    picker = Picker()
    browser = Browser(picker)
    browser.send_file("a.jpg", b"abc", sha256=sha256)
    refused = browser.of("refused")
    assert (words in refused[0]["words"]) if words else (not refused and len(picker.entries) == 1)


def test_a_file_that_is_not_whole_is_refused():
    """An end that comes too early, or twice, or for a file that nobody knows, adds nothing."""
    picker = Picker()
    browser = Browser(picker)
    browser.say("begin", id="k", name="a.jpg", mime="image/jpeg", size=6)
    browser.say("piece", b"abc", id="k", at=0)
    for _ in range(2):
        browser.say("end", id="k", batch="b", sha256="")
    browser.say("piece", b"abc", id="other", at=0)
    browser.say("batch", batch="b")
    assert len(browser.of("refused")) == 3
    assert picker.entries == ()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"mime": "text/html"}, "not taken here"),
        ({"mime": "application/zip"}, "not taken here"),
        ({"size": 0}, "empty"),
        ({"size": 10**9}, "too large: 1,000 MB"),
    ],
)
def test_what_cannot_be_taken_is_refused_at_once(content, words):
    """Wrong types, empty files and giants are refused before a byte of them was sent."""
    browser = Browser(Picker())
    browser.say("begin", **{"id": "k", "name": "x\n<b>.jpg", "mime": "image/jpeg", "size": 3, **content})
    assert words in browser.of("refused")[0]["words"]


def test_archives_are_taken_where_they_are_wanted():
    """A ZIP comes through only with accept_archives."""
    picker = Picker(accept_archives=True)
    Browser(picker).send_file("photos.zip", b"PK\x03\x04", mime="application/zip")
    assert picker.value[0].mime == "application/zip"


def test_the_list_has_a_limit():
    """One more than the limit is refused with words; a list of one takes the newest."""
    picker = Picker(most=2)
    browser = Browser(picker)
    for n in range(3):
        browser.send_file(f"{n}.jpg", b"%d" % n, key=f"k{n}")
    assert [e.name for e in picker.entries] == ["0.jpg", "1.jpg"]
    assert "at most 2" in browser.of("refused")[0]["words"]
    with pytest.raises(ValueError, match="takes 2"):
        picker.add(PickerEntry("u", "u"))
    one = Picker(most=1)
    browser = Browser(one)
    one.add(PickerEntry("https://x", "x"))
    browser.send_file("new.jpg", b"n")
    assert [e.name for e in one.entries] == ["new.jpg"]


def test_entries_are_removed_and_moved():
    """A person removes and reorders; what Python shows is told to the browser but not to the callback."""
    picker = Picker()
    changes = []
    picker.on("change", lambda entries: changes.append("".join(e.name for e in entries)))
    browser = Browser(picker)
    picker.show([PickerEntry(None, name, key=name) for name in "abc"])
    picker.add(PickerEntry(None, "d", key="d"))
    assert changes == []
    browser.say("order", keys=["a", "c", "b"])
    browser.say("order", keys=["a", "c", "b"])
    browser.say("remove", key="b")
    browser.say("remove", key="unknown")
    assert changes == ["acbd", "acbd", "acd", "acd"]
    assert [item["name"] for item in browser.of("list")[-1]["items"]] == ["a", "c", "d"]


def test_a_press_has_one_answer_that_names_it():
    """Whoever pressed knows by it which list has all that they did, also where an observer fails."""
    picker = Picker()
    picker.show([PickerEntry(None, name, key=name) for name in "abc"])
    browser = Browser(picker)
    browser.say("order", keys=["b", "a", "c"], by="first")
    picker.observe(lambda _: 1 / 0, "value")
    browser.say("remove", key="a", by="second")
    picker.unobserve_all("value")
    picker.add(PickerEntry(None, "d", key="d"))
    told = [(said["by"], "".join(item["name"] for item in said["items"])) for said in browser.of("list")]
    assert told == [("first", "bac"), ("second", "bc"), ("", "bcd")]


def test_lists_are_told_in_their_order():
    """While one is told no other thread makes a newer one, which the older would overtake."""
    picker, free = Picker(), []

    def is_free():
        is_so = picker._list_lock.acquire(blocking=False)
        if is_so:
            picker._list_lock.release()
        return is_so

    with ThreadPoolExecutor() as other:
        picker.send_message = lambda *_, **__: free.append(other.submit(is_free).result(60))
        picker.add(PickerEntry(None, "a"))
        picker.value = ["b.jpg"]
        picker._on_ready({}, [])
    assert free == [False] * 3


def test_what_a_browser_shows_is_what_counts():
    """Its order and no more than it shows; what it shows and is not here yet is refused, not left out."""
    picker = Picker(description="Photos")
    picker.show([PickerEntry(None, name, key=name) for name in "abc"])
    assert "".join(entry.name for entry in picker.seen(["c", "a"])) == "ca"
    assert "".join(entry.name for entry in picker.seen(None)) == "abc"
    with pytest.raises(InvalidRequest, match="Photos: what you chose is still being uploaded"):
        picker.seen(["a", "d"])


def test_a_view_that_comes_later_gets_the_list_and_its_thumbnails():
    """After a reload the browser has nothing: it is given the list, and the thumbnails that it asks for."""
    picker = Picker()
    browser = Browser(picker)
    picker.show([PickerEntry(1, "a", thumbnail=b"tiny", key="a"), PickerEntry(2, "b", key="b")])
    browser.heard.clear()
    browser.say("ready")
    assert browser.of("list")[0]["items"] == [
        {"key": "a", "name": "a", "note": "", "thumb": True},
        {"key": "b", "name": "b", "note": "", "thumb": False},
    ]
    browser.say("thumbs", keys=["a", "b", "c"])
    assert browser.heard[1:] == [({"type": "thumb", "key": "a"}, [b"tiny"])]


def test_an_error_of_the_callback_is_shown():
    """What the panel holds against a file is said under the picker, until the next choice."""
    picker = Picker()

    def complain(_files):
        raise InvalidRequest("That is no photo.")

    picker.on("files", complain)
    browser = Browser(picker)
    browser.send_file("a.jpg", b"abc")
    browser.say("batch", batch="b1")
    assert picker.error.startswith("That is no photo.")
    browser.say("choice")
    assert picker.error == ""


def test_no_pixels_are_in_the_state():
    """Neither files nor thumbnails are in what a notebook saves."""
    picker = Picker()
    Browser(picker).send_file("secret-name.jpg", PHOTO)
    picker.error = "File not found: secret-name.jpg"
    saved = json.dumps(picker.get_state(), default=str)
    assert len(saved) < 3_000
    assert "secret-name" not in saved


def test_its_value_is_set_and_observed_from_python():
    """Like every widget's, though it is never synced; what was chosen before stays the entry that it was."""
    picker = Picker(most=3)
    browser = Browser(picker)
    told = []
    picker.observe(lambda change: told.append(change["new"]), "value")
    browser.send_file("mine.jpg", b"abc")
    mine = picker.value[0]
    picker.value = ["https://x.org/a.jpg", mine, Path("b.png")]
    assert [entry.name for entry in picker.entries] == ["https://x.org/a.jpg", "mine.jpg", "b.png"]
    assert [entry.key for entry in picker.entries][1] == "k1"
    assert [item["name"] for item in browser.of("list")[-1]["items"]] == ["https://x.org/a.jpg", "mine.jpg", "b.png"]
    picker.value = None
    assert [len(value) for value in told] == [1, 3, 0]


def test_arrays_are_values_too():
    """What can't be compared by == is told apart all the same."""
    picker = Picker(most=2)
    one, other = np.zeros((2, 2)), np.zeros((2, 2))
    picker.value = [one]
    picker.value = [one, other]
    assert picker.value[1] is other
    assert [entry.name for entry in picker.entries] == ["from Python: ndarray", "from Python: ndarray"]


def test_too_many_are_refused_in_words():
    """500 pictures are neither dropped nor clipped in silence; what was there stays."""
    picker = Picker(most=3, description="Pictures")
    picker.value = "a.jpg"
    with pytest.raises(InvalidRequest, match="Pictures: 500 given, but at most 3 fit here"):
        picker.value = ["a.jpg"] * 500
    assert picker.value == ("a.jpg",)


def test_large_thumbnails_are_refused():
    """A thumbnail is small, else it is no thumbnail."""
    with pytest.raises(ValueError, match="100,000"):
        PickerEntry(1, "a", thumbnail=bytes(100_001))


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("a\u202egpj.exe\n", "agpj.exe"),
        ("", "unnamed"),
        ("x" * 500, "x" * 120),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
    ],
)
def test_names_lose_folders_and_control_characters(name, clean):
    """What stays of a name is one line of text; markup in it stays text (it is escaped where it is shown)."""
    assert clean_name(name) == clean


def test_files_that_never_end_are_given_up():
    """A page that was reloaded four times keeps its files out for minutes alone; who still asks after one has it yet."""
    now = [0.0]
    incoming = Incoming(clock=lambda: now[0])
    for n in range(4):
        incoming.begin(str(n), "a", "image/jpeg", 10, most=100)
    with pytest.raises(Refused, match="has to wait"):
        incoming.begin("x", "a", "image/jpeg", 10, most=100)
    for now[0] in (100, 200):
        assert incoming.put("0", -1, b"") == 0
    incoming.begin("x", "a", "image/jpeg", 10, most=100)
    assert [incoming.put(key, -1, b"") for key in "01x"] == [0, None, 0]
