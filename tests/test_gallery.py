"""For teachers: everybody's pictures on one page with what each has spent; and taking one's work home in one ZIP."""

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fox_nb
from artifacts import MARKED_KEY, search
from fox_nb.classroom import gallery
from fox_nb.classroom.gallery import write_gallery
from fox_nb.cli import main
from fox_nb.sandbox import Sandbox
from fox_nb.store.handed_in import found_in_zip
from fox_nb.store.journal import JOURNAL
from gateways import EAGER

pytestmark = pytest.mark.usefixtures("noise")

NASTY = "</bdi><script>alert(1)</script>"


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ada hands in two stores, Ben a pack, Eve a ZIP, Tom something else; each in a folder or file with their name."""
    room = tmp_path_factory.mktemp("class")
    with pytest.MonkeyPatch.context() as patch, Sandbox(keys=[MARKED_KEY], speed=1000) as sandbox:
        for name, prompt in (("ada", "a fox"), ("ben", NASTY), ("eve", "a boat")):
            folder = room / name
            folder.mkdir()
            patch.chdir(folder)
            Path("notes.ipynb").write_text("{}")
            with fox_nb.Fox(MARKED_KEY, sandbox.base_url, polling=EAGER) as fox:
                fox.generate(prompt, num_outputs=2).wait(60)
                if name == "ada":
                    with fox_nb.Fox(MARKED_KEY, sandbox.base_url, store="fox_runs/other", polling=EAGER) as other:
                        other.generate("a hen").wait(60)
                if name == "ben":
                    fox.store.export(room / "ben.foxpack")
                if name == "eve":
                    fox.store.take_home(room / "eve.zip")
    for name in ("ben", "eve"):
        shutil.rmtree(room / name)
    (room / "tom.zip").write_bytes(b"my dog ate it")
    return room


def test_a_class_is_shown_on_one_page(classroom: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One command shows everybody's pictures with names, prompts and sums; what can't be read is said to be so."""
    before = {path: path.read_bytes() for path in classroom.rglob("*") if path.is_file()}
    assert main(["gallery", str(classroom), "-o", str(tmp_path / "class.html"), "--title", "Class <7b>"]) == 0
    page = (tmp_path / "class.html").read_text(encoding="utf-8")
    assert page.count("<img") == 7
    assert [page.count(f"<bdi>{name}</bdi>") for name in ("ada", "ben", "eve", "tom")] == [1, 1, 1, 1]
    assert "<h1>Class &lt;7b&gt;</h1>" in page
    assert "<script" not in page
    assert re.findall(r"<th>7</th><th>\$0\.00</th><th>\$0\.63</th>", page)
    assert "It cannot be read" in page
    assert "ada: 3 pictures, $0.00, $0.27 (play money)" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in classroom.rglob("*") if path.is_file()} == before


def test_what_was_spent_is_what_its_owner_is_told(tmp_path: Path) -> None:
    """What came back is not spent, a replayed lesson is nobody's spending, and a pack says the price that was charged."""
    with (
        Sandbox(keys=[MARKED_KEY], speed=1000) as sandbox,
        fox_nb.Fox(MARKED_KEY, sandbox.base_url, tmp_path / "class/ada", polling=EAGER) as fox,
    ):
        fox.generate("a fox").wait(60)
        sandbox.misbehave("failed")
        with pytest.raises(fox_nb.TaskFailed):
            fox.generate("a bear").wait(60)
        fox.reconcile()
        assert fox.spent == 0.09
        lesson = fox.store.export(tmp_path / "class/lesson.foxpack").path
    with fox_nb.Fox(replay=lesson, store=tmp_path / "class/ben") as fox:
        assert fox.generate("a fox").cost.is_play_money
        assert fox.spent == 0
    told = {
        one.name: (one.made, one.usd, one.play) for one in write_gallery([tmp_path / "class"], tmp_path / "page.html")
    }
    assert told == {"ada": (1, 0.0, 0.09), "lesson": (1, 0.0, 0.09), "ben": (1, 0.0, 0.0)}


def test_nobody_hands_in_under_anothers_name(classroom: Path, tmp_path: Path) -> None:
    """In the folder of a person, as a relay makes one for each, all work is theirs, whatever is called how inside."""
    handed_in = tmp_path / "handed_in"
    for name, inner in (("Ada", "my-work.zip"), ("Eve", "Ada/my-work.zip")):
        (handed_in / name).mkdir(parents=True)
        with zipfile.ZipFile(handed_in / name / "2026-11-29.zip", "w") as archive:
            archive.write(classroom / "eve.zip", inner)
    with zipfile.ZipFile(handed_in / "Eve" / "2026-11-30.zip", "w") as archive:
        archive.writestr("Ada/broken.zip", b"my dog ate it")
    people = {one.name: (one.made, bool(one.trouble)) for one in write_gallery([handed_in], tmp_path / "page.html")}
    assert people == {"Ada": (2, False), "Eve": (2, True)}


def test_nothing_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder, or none, gives a sentence with what to do, and no page."""
    for place in (tmp_path, tmp_path / "nowhere"):
        assert main(["gallery", str(place), "-o", str(tmp_path / "class.html")]) == 1
    assert not (tmp_path / "class.html").exists()
    assert "Name a folder" in capsys.readouterr().err


@given(name=st.text(min_size=1, max_size=40))
def test_any_name_is_only_text(name: str) -> None:
    """Whatever a person or a prompt is called, it is text on the page."""
    from fox_nb.classroom.gallery import Person, _sections

    page = _sections([Person(f"{name}<script>", trouble=f"<img src=x onerror={name}>")])
    assert "<script" not in page
    assert "<img" not in page


def test_a_name_gives_a_terminal_no_orders() -> None:
    """What a file in somebody's ZIP is called neither changes a terminal's title, nor what stands in it already."""
    from fox_nb.classroom.gallery import Person

    line = str(Person("Eve\x1b]0;hi\x07\x1b[1A\r\u202eü", trouble="a\x9b2J"))
    assert line.isprintable()
    assert "ü" in line


def test_work_taken_home_goes_on_there(classroom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpacked elsewhere, the ZIP has notebooks and store; the same code shows the same pictures, and no key is in it."""
    with zipfile.ZipFile(classroom / "eve.zip") as archive:
        archive.extractall(tmp_path)
    assert (tmp_path / "notes.ipynb").exists()
    assert search(classroom, MARKED_KEY).found_in == ()
    monkeypatch.chdir(tmp_path)
    with Sandbox(speed=1000) as sandbox, fox_nb.Fox(sandbox.key, sandbox.base_url, polling=EAGER) as fox:
        task = fox.generate("a boat", num_outputs=2).wait(60)
        assert task.reused
        assert [image.path.exists() for image in task.images] == [True, True]
        assert sandbox.creations == []


def test_work_goes_where_it_is_told_to(sandbox: Sandbox, tmp_path: Path) -> None:
    """A folder gets the file under its usual name, one that is missing is made, and a bare name gets its ending."""
    with fox_nb.Fox(MARKED_KEY, sandbox.base_url, store=tmp_path / "fox_runs") as fox:
        fox.generate("a fox").wait(60)
        for given, written in ((".", "my-work.zip"), ("new/mine", "new/mine.zip"), ("mine.zip", "mine.zip")):
            assert fox.store.take_home(tmp_path / given) == tmp_path / written
            assert (tmp_path / written).is_file()
        for given, written in ((".", "lesson.foxpack"), ("packs/one", "packs/one.foxpack")):
            assert fox.store.export(tmp_path / given).path == tmp_path / written
            assert (tmp_path / written).is_file()


def test_nothing_but_older_work_is_replaced(classroom: Path, sandbox: Sandbox, tmp_path: Path) -> None:
    """A notebook, a journal or a picture stays what it is, whatever is told to be written there."""
    with fox_nb.Fox(MARKED_KEY, sandbox.base_url, store=tmp_path / "fox_runs") as fox:
        fox.generate("a fox").wait(60)
        notebook, journal = tmp_path / "n.ipynb", tmp_path / "fox_runs" / "journal.sqlite"
        notebook.write_text("{}")
        for door in (fox.store.take_home, fox.store.export, lambda path: write_gallery([classroom], path)):
            for path in (notebook, journal):
                before = path.read_bytes()
                with pytest.raises(fox_nb.StoreError, match="left as it is"):
                    door(path)
                assert path.read_bytes() == before


def test_a_zip_cannot_write_elsewhere(tmp_path: Path) -> None:
    """Names that climb out of a handed-in ZIP, or name another place, lead nowhere."""
    bad = tmp_path / "in" / "mallory.zip"
    bad.parent.mkdir()
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("../../evil.txt", "x")
        archive.writestr("fox_runs/pictures/../../../evil.png", "x")
        archive.writestr("fox_runs/pictures/..", "x")
        archive.writestr("fox_runs/journal.sqlite", "not a journal")
    (person,) = write_gallery([bad], tmp_path / "page.html")
    assert person.trouble
    assert not list(tmp_path.rglob("evil*"))


def rglobbed(folder: Path) -> list[Path]:
    """All files of a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def packed(target: Path, store: Path, prefix: str = "", sep: str = "/", **more: bytes) -> Path:
    """A ZIP of a store, as whoever made it packs it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in {
            **{file.relative_to(store).as_posix(): file.read_bytes() for file in store.rglob("*") if file.is_file()},
            **more,
        }.items():
            info = zipfile.ZipInfo("x")
            info.filename = (prefix + name).replace("/", sep)
            archive.writestr(info, data)
    return target


@pytest.fixture(scope="module")
def store(classroom: Path) -> Path:
    return classroom / "ada" / "fox_runs" / "other"


def seen(place: Path, tmp_path: Path) -> dict[str, tuple[int, str]]:
    """Everybody's number of pictures and trouble on the page that is made of a folder."""
    page = tmp_path / "page.html"
    people = write_gallery([place], page)
    assert page.read_text(encoding="utf-8").count("<img") == sum(len(one.pictures) for one in people)
    return {one.name: (len(one.pictures), one.trouble) for one in people}


@pytest.mark.parametrize(
    ("prefix", "sep"),
    [
        ("fox_runs/", "/"),
        ("homework/fox_runs/", "/"),
        ("a/b/c/d/", "/"),
        ("", "/"),
        ("fox_runs/", "\\"),
        ("homework\\fox_runs/", "\\"),
        ("./fox_runs/", "/"),
        ("/home/ada/", "/"),
        ("C:/Users/ada/", "\\"),
    ],
)
def test_a_store_is_found_however_it_was_packed(store: Path, tmp_path: Path, prefix: str, sep: str) -> None:
    """With a folder around it or none, with backslashes, absolute names and what macOS adds: its picture is shown."""
    mac = {"__MACOSX/._journal.sqlite": b"\0\5\x16\7", ".DS_Store": b"x"}
    packed(tmp_path / "in" / "ada.zip", store, prefix, sep, **mac)
    assert seen(tmp_path / "in", tmp_path) == {"ada": (1, "")}


def test_work_that_is_handed_in_again_counts_once(store: Path, tmp_path: Path) -> None:
    """Of two ZIPs of one store in one person's folder each picture is shown once."""
    for day in ("2026-11-26", "2026-11-27"):
        packed(tmp_path / "in" / "Ada" / f"{day}.zip", store, "fox_runs/")
    assert seen(tmp_path / "in", tmp_path) == {"Ada": (1, "")}


def test_what_two_computers_of_one_student_have_counts_once(tmp_path: Path) -> None:
    """The same task in two stores of one person was made and paid once, and its picture is shown from the one that has it."""
    with Sandbox(keys=[MARKED_KEY], speed=1000) as sandbox:
        stores = [tmp_path / "in" / "Ada" / name for name in ("desk", "laptop")]
        with fox_nb.Fox(MARKED_KEY, sandbox.base_url, stores[0], polling=EAGER) as fox:
            task = fox.generate("a fox").wait(60)
        shutil.copytree(stores[0], stores[1])
        with contextlib.closing(sqlite3.connect(stores[1] / JOURNAL)) as journal, journal:
            journal.execute("UPDATE task SET asked = asked + 60")  # as a class's relay lets a second one join
        for count in (1, 0):
            (told,) = write_gallery([tmp_path / "in"], tmp_path / "page.html")
            assert (told.made, told.play, told.lost, told.trouble) == (1, 0.09, 0, "")
            (stores[count] / task[0].path.relative_to(stores[0])).unlink()
        (told,) = write_gallery([tmp_path / "in"], tmp_path / "page.html")
        assert (told.made, told.play, told.trouble) == (0, 0.09, "1 of 1 pictures cannot be shown: missing or damaged.")


def test_a_zip_of_zips_is_everybody_in_it(store: Path, tmp_path: Path) -> None:
    """What a learning platform gives for a class is shown person by person; two stores of one person are theirs."""
    inner = packed(tmp_path / "my-work.zip", store, "fox_runs/").read_bytes()
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in" / "moodle.zip", "w") as archive:
        archive.writestr("Ann_1_file/my-work.zip", inner)
        archive.writestr("Ben_2_file/my-work.zip", inner)
        archive.writestr("Eve_3_file/notes.txt", "I was ill")
        archive.writestr("Tom_4_file/broken.zip", b"PK")
    found = seen(tmp_path / "in", tmp_path)
    assert {name: found[name] for name in ("Ann_1_file", "Ben_2_file")} == dict.fromkeys(
        ("Ann_1_file", "Ben_2_file"), (1, "")
    )
    assert "cannot be read" in found["Tom_4_file"][1]


def zipped(files: dict[str, bytes]) -> bytes:
    """A ZIP of files by their names."""
    with io.BytesIO() as target:
        with zipfile.ZipFile(target, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return target.getvalue()


NESTED: dict[str, Callable[[bytes, dict[str, bytes]], dict[str, bytes]]] = {
    "a folder around the work": lambda work, _: {"submission.zip": zipped({"homework/my-work.zip": work})},
    "two days": lambda work, _: {"submission.zip": zipped({"day1.zip": work, "day2.zip": work})},
    "an older ZIP beside it": lambda _, files: {
        "submission.zip": zipped(
            {**{f"work/{name}": data for name, data in files.items()}, "work/old.zip": zipped({"a": b"b"})}
        )
    },
    "four ZIPs": lambda work, _: {"a.zip": zipped({"b.zip": zipped({"c.zip": work})})},
    "the folder": lambda _, files: files,
}


@pytest.mark.parametrize("prefix", ["", "class/", "lessons/class/"])
@pytest.mark.parametrize("how", NESTED)
def test_a_zip_of_zips_shows_each_under_their_own_name(store: Path, tmp_path: Path, prefix: str, how: str) -> None:
    """Neither a folder around all nor what somebody packed in their own ZIP names anybody."""
    work = packed(tmp_path / "work.zip", store, "fox_runs/").read_bytes()
    files = {f"fox_runs/{path.relative_to(store).as_posix()}": path.read_bytes() for path in rglobbed(store)}
    people = {f"Ann_1/{name}": data for name, data in NESTED[how](work, files).items()}
    (tmp_path / "in").mkdir()
    (tmp_path / "in/moodle.zip").write_bytes(
        zipped({prefix + name: data for name, data in {**people, "Ben_2/my-work.zip": work}.items()})
    )
    assert seen(tmp_path / "in", tmp_path) == {"Ann_1": (1, ""), "Ben_2": (1, "")}


def test_a_folder_of_zips_that_was_packed_is_everybody_in_it(store: Path, tmp_path: Path) -> None:
    """Each is called as their ZIP is."""
    work = packed(tmp_path / "work.zip", store).read_bytes()
    (tmp_path / "in").mkdir()
    (tmp_path / "in/class.zip").write_bytes(zipped({"class/Ann.zip": work, "class/Ben.zip": work}))
    assert seen(tmp_path / "in", tmp_path) == {"Ann": (1, ""), "Ben": (1, "")}


@pytest.mark.parametrize("name", ["my-work", "my-work.zip.download", "my-work.exe"])
def test_a_zip_is_found_by_what_it_is(store: Path, tmp_path: Path, name: str) -> None:
    """Also where its ending was lost."""
    packed(tmp_path / "in" / "Ada" / name, store)
    assert seen(tmp_path / "in", tmp_path) == {"Ada": (1, "")}


def test_a_pack_is_one_in_capitals_too(classroom: Path, tmp_path: Path) -> None:
    """As some programs of Windows write the endings of names."""
    (tmp_path / "in").mkdir()
    shutil.copy(classroom / "ben.foxpack", tmp_path / "in/BEN.FOXPACK")
    assert seen(tmp_path / "in", tmp_path) == {"BEN": (2, "")}


@pytest.mark.parametrize("content", [None, b"", b"<html>"])
def test_pictures_that_cannot_be_shown_are_told(store: Path, tmp_path: Path, content: bytes | None) -> None:
    """A page without them does not look as if all was well."""
    shutil.copytree(store, tmp_path / "in" / "ben")
    for picture in (tmp_path / "in" / "ben" / "pictures").iterdir():
        picture.unlink()
        if content is not None:
            picture.write_bytes(content)
    assert seen(tmp_path / "in", tmp_path) == {"ben": (0, "1 of 1 pictures cannot be shown: missing or damaged.")}
    assert "more" not in (tmp_path / "page.html").read_text(encoding="utf-8").partition("<body>")[2]


def unfinished(store: Path) -> None:
    """Leave a store as it is in the middle of a transaction that its kernel did not survive."""
    journal, copy = store / "journal.sqlite", store.with_name("copy")
    with contextlib.closing(sqlite3.connect(journal, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("UPDATE picture SET file = 'lost'")
        connection.execute("CREATE TABLE more (data)")
        connection.execute(
            "INSERT INTO more WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) "
            "SELECT zeroblob(5000) FROM n"
        )
        shutil.copytree(store, copy)
        connection.execute("ROLLBACK")
    shutil.rmtree(store)
    copy.rename(store)


@pytest.mark.parametrize("is_packed", [True, False])
def test_a_store_that_was_packed_while_it_was_written_is_read(store: Path, tmp_path: Path, is_packed: bool) -> None:
    """What SQLite had begun to write is undone in the copy that is read, and nothing that was handed in is touched."""
    shutil.copytree(store, tmp_path / "in" / "ben")
    unfinished(tmp_path / "in" / "ben")
    if is_packed:
        packed(tmp_path / "in" / "ben.zip", tmp_path / "in" / "ben")
        shutil.rmtree(tmp_path / "in" / "ben")
    before = {path: path.read_bytes() for path in rglobbed(tmp_path / "in")}
    assert seen(tmp_path / "in", tmp_path) == {"ben": (1, "")}
    assert {path: path.read_bytes() for path in rglobbed(tmp_path / "in")} == before


def test_an_unfinished_journal_that_names_a_file_is_not_read(store: Path, tmp_path: Path) -> None:
    """SQLite would delete that file."""
    shutil.copytree(store, tmp_path / "in" / "ben")
    unfinished(tmp_path / "in" / "ben")
    (victim := tmp_path / "victim").write_text("a file of the teacher's")
    name = str(victim).encode()
    checksum = sum(byte - 256 * (byte > 127) for byte in name) & 0xFFFFFFFF
    with (tmp_path / "in/ben/journal.sqlite-journal").open("ab") as undo:
        page = (0x40000000 // 4096 + 1).to_bytes(4, "big")
        undo.write(page + name + len(name).to_bytes(4, "big") + checksum.to_bytes(4, "big"))
        undo.write(bytes.fromhex("d9d505f920a163d7"))
    assert "not written by fox_nb" in seen(tmp_path / "in", tmp_path)["ben"][1]
    assert victim.exists()


def test_what_a_zip_names_outside_of_itself_is_not_read(store: Path, tmp_path: Path) -> None:
    """A name that leads out of the ZIP is nothing of the store, and nothing is written by it."""
    packed(tmp_path / "in" / "eve.zip", store, "../../fox_runs/", **{"../../../evil": b"x"})
    assert seen(tmp_path / "in", tmp_path) == {"eve": (0, "There is no fox_nb folder in it.")}
    assert list(tmp_path.parent.glob("evil")) == []


def test_a_bomb_is_refused_in_words(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ZIP that is small and would be large, one whose headers lie, and what was unpacked from such, are told; everybody else is shown."""
    monkeypatch.setattr("fox_nb.store.handed_in.MOST_UNPACKED", 10_000_000)
    monkeypatch.setattr("fox_nb.store.handed_in.LARGEST_JOURNAL", 1_000_000)
    packed(tmp_path / "in" / "ada.zip", store)
    with zipfile.ZipFile(tmp_path / "in" / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("journal.sqlite", bytes(20_000_000))
    with zipfile.ZipFile(tmp_path / "in" / "liar.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("journal.sqlite", bytes(2_000_000))
    (tmp_path / "in" / "tom.rar").write_bytes(b"Rar!")
    (tmp_path / "in" / "max").mkdir()
    with (tmp_path / "in" / "max" / "journal.sqlite").open("wb") as unpacked:
        unpacked.truncate(2_000_000)
    (tmp_path / "in" / "eve").mkdir()
    (tmp_path / "in" / "eve" / "journal.sqlite").touch()
    found = seen(tmp_path / "in", tmp_path)
    assert found.pop("ada") == (1, "")
    assert "too large" in found["bomb"][1]
    assert "too large" in found["liar"][1]
    assert "too large" in found["max"][1]
    assert "ask for one" in found["tom"][1]
    assert "history is empty" in found["eve"][1]


def test_a_bomb_in_a_bomb_takes_no_more_than_its_share(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is small in many ZIPs within a ZIP, or named again and again, is ended for that person; others are shown."""
    monkeypatch.setattr(gallery, "MOST_OF_A_PERSON", 30_000_000)
    monkeypatch.setattr(gallery, "MOST_OF_A_FILE", 100_000_000)
    work = packed(tmp_path / "work.zip", store).read_bytes()
    nothing = io.BytesIO()
    with zipfile.ZipFile(nothing, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.zip", bytes(9_000_000))
    bomb = zipped({f"{number}.zip": nothing.getvalue() for number in range(20)})
    shutil.copytree(store, tmp_path / "again")
    with contextlib.closing(sqlite3.connect(tmp_path / "again/journal.sqlite")) as journal:
        journal.execute(
            "WITH n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 90) INSERT INTO picture "
            "SELECT identity, i, 'notes.ipynb', sha256, url, mime, width, height, bytes FROM picture, n"
        )
        journal.commit()
    again = packed(tmp_path / "again.zip", tmp_path / "again", **{"notes.ipynb": b"{}"}).read_bytes()
    (tmp_path / "in").mkdir()
    people = {"Ann": work, "Ben": bomb, "Eve": again, "Tom": work}
    (tmp_path / "in/moodle.zip").write_bytes(zipped({f"{name}/my-work.zip": data for name, data in people.items()}))
    found = seen(tmp_path / "in", tmp_path)
    assert (found["Ann"], found["Tom"]) == ((1, ""), (1, ""))
    assert "too large" in found["Ben"][1]
    assert "too large" in found["Eve"][1]
    (tmp_path / "in/moodle.zip").write_bytes(zipped({f"{number}/x.zip": nothing.getvalue() for number in range(20)}))
    assert 0 < sum("too large" in trouble for _, trouble in seen(tmp_path / "in", tmp_path).values()) < 20


def test_no_name_in_a_journal_is_a_place_on_disk(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handed-in journal whose texts are paths has nothing written or changed there; its pictures are shown."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    shutil.copytree(store, tmp_path / "theirs")
    mine = tmp_path / "mine-1"
    mine.write_text("a letter")
    with contextlib.closing(sqlite3.connect(tmp_path / "theirs" / "journal.sqlite")) as journal:
        for table in ("task", "charge", "picture"):
            journal.execute(f"UPDATE {table} SET identity = '../../mine'")
        journal.commit()
    packed(tmp_path / "in" / "eve.zip", tmp_path / "theirs")
    assert seen(tmp_path / "in", tmp_path) == {"eve": (1, "")}
    assert mine.read_text() == "a letter"


def test_what_one_unpacks_leaves_its_room_to_the_next(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one person's ZIP is read, nothing lies there of what another one's held: together they fill no disk."""
    (tmp_path / "temp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    work = packed(tmp_path / "work.zip", store).read_bytes()
    for name in ("ada", "ben"):
        packed(tmp_path / "in" / f"{name}.zip", store, **{f"{name}.zip": work})
    there: list[int] = []

    def watched(path: Path, *about: Any) -> Iterator[Any]:
        if path.parent == tmp_path / "in":
            there.append(len(rglobbed(tmp_path / "temp")))
        yield from found_in_zip(path, *about)

    monkeypatch.setattr(gallery, "found_in_zip", watched)
    assert {*seen(tmp_path / "in", tmp_path)} == {"ada", "ben"}
    assert there == [0, 0]


def test_a_zip_of_too_many_stores_keeps_nobody_waiting(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ZIP with more histories in it than any class has is refused in words before it is looked through."""
    monkeypatch.setattr("fox_nb.store.handed_in._MOST_STORES", 5)
    packed(tmp_path / "in" / "ada.zip", store)
    packed(tmp_path / "in" / "eve.zip", store, **{f"{number}/journal.sqlite": b"" for number in range(6)})
    found = seen(tmp_path / "in", tmp_path)
    assert found["ada"] == (1, "")
    assert "too many" in found["eve"][1]


ODD = {
    "a text for a time": "UPDATE task SET asked = 'yesterday'",
    "infinity for a time": "UPDATE task SET asked = 9e999",
    "a list for a request": "UPDATE task SET request = '[1]'",
    "no JSON": "UPDATE task SET request = 'a fox'",
    "JSON that is deep": "UPDATE task SET request = '{\"prompt\":' || replace(printf('%200000s', ''), ' ', '[') || '}'",
    "a long prompt": "UPDATE task SET request = '{\"prompt\":\"' || printf('%900000s', 'x') || '\"}'",
    "bytes for a file": "UPDATE picture SET file = x'00'",
    "bytes for a model": "UPDATE task SET model = x'ff'",
    "bytes that are no text": "UPDATE task SET model = CAST(x'ff' AS TEXT)",
    "a real for a take": "UPDATE task SET take = 1.5",
    "bytes for a gateway": "UPDATE task SET gateway = x'07'",
    "a text for an amount": "UPDATE charge SET micro = 'much'",
    "an amount below nothing": "UPDATE charge SET micro = -9000000",
    "sums that are too large": "UPDATE charge SET micro = 9223372036854775807; "
    "INSERT INTO charge (identity, gateway, account, micro, estimate, state, at) "
    "SELECT identity, gateway, account, micro, estimate, state, at FROM charge",
    "a view without end": "PRAGMA foreign_keys = OFF; ALTER TABLE task RENAME TO t0; CREATE VIEW task AS "
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT t0.* FROM t0, n",
    "a trigger without end in one of before": "PRAGMA user_version = 1; CREATE TRIGGER t AFTER UPDATE ON charge BEGIN "
    "INSERT INTO fact SELECT i, i FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n); END",
    "no tables": "PRAGMA foreign_keys = OFF; DROP TABLE picture",
    "a newer version": "PRAGMA user_version = 999",
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_odd_in_one_journal_hides_nobody_else(store: Path, tmp_path: Path, what: str) -> None:
    """Values of odd kinds in one journal are said in that person's row, and everybody else's pictures are shown."""
    for name in ("ada", "ben"):
        shutil.copytree(store, tmp_path / "in" / name)
    with contextlib.closing(sqlite3.connect(tmp_path / "in" / "ben" / "journal.sqlite")) as journal:
        journal.executescript(ODD[what])
        journal.commit()
    found = seen(tmp_path / "in", tmp_path)
    assert found["ada"] == (1, "")
    assert found["ben"][0] == 0
    assert "read" in found["ben"][1] or "fox_nb" in found["ben"][1]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of its own kind")
@pytest.mark.parametrize(
    ("closed", "mode"), [("ben/fox_runs", 0o444), ("ben/fox_runs", 0o000), ("ben", 0o000), ("ben", 0o600), ("", 0o000)]
)
def test_a_closed_folder_is_told_of_its_person(store: Path, tmp_path: Path, closed: str, mode: int) -> None:
    """Whose folder may not be read, or not be entered, is said in a row of theirs, and everybody else is shown."""
    room = tmp_path / "class"
    for name in ("ada", "ben"):
        shutil.copytree(store, room / name / "fox_runs")
    (room / closed).chmod(mode)
    without_rights = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] * (os.geteuid() == 0)
    if without_rights and not shutil.which(without_rights[0]):
        pytest.skip("root may read everything")
    command = [*without_rights, sys.executable, "-m", "fox_nb.cli"]
    try:
        said, scanned = (
            subprocess.run(
                [*command, name, "class"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
            )
            for name in ("gallery", "scan")
        )
    finally:
        (room / closed).chmod(0o700)
    assert said.stdout.count("ada: 1 picture") == (closed != "")
    assert f"{Path(closed or 'class').name} cannot be opened; ask for its permissions" in said.stdout
    assert ("ben: 0 pictures" in said.stdout) == (closed != "")
    assert scanned.returncode == 2
    assert f"{Path('class', closed)}" in scanned.stdout


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_keeps_nobody_waiting(store: Path, tmp_path: Path) -> None:
    """Whatever it is called, a pipe in what one person handed in is no file of theirs; everybody else is shown."""
    packed(tmp_path / "class/ada.zip", store)
    (tmp_path / "class/ben").mkdir()
    for name in ("journal.sqlite", "my-work.zip", "work.foxpack"):
        os.mkfifo(tmp_path / "class/ben" / name)
    command = [sys.executable, "-m", "fox_nb.cli", "gallery", "class"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "ada: " in said
    assert "ben" not in said


@pytest.mark.parametrize("name", ["'a' || char(0) || 'b'", "'pictures/' || printf('%999s', 'x')"])
def test_a_name_that_no_file_can_have_hides_no_other_picture(store: Path, tmp_path: Path, name: str) -> None:
    """One picture whose name is none is missing; the others of its owner are shown."""
    shutil.copytree(store, tmp_path / "in" / "ben")
    with contextlib.closing(sqlite3.connect(tmp_path / "in/ben/journal.sqlite")) as journal:
        journal.execute(
            f"INSERT INTO picture SELECT identity, -1, {name}, sha256, url, mime, width, height, bytes FROM picture"
        )
        journal.commit()
    assert seen(tmp_path / "in", tmp_path)["ben"] == (1, "1 of 2 pictures cannot be shown: missing or damaged.")


def test_a_link_in_somebodys_work_shows_nothing_of_another(store: Path, tmp_path: Path) -> None:
    """Unpacked, it may lead to a classmate's or a teacher's work; those that a teacher has put beside each other serve."""
    packed(tmp_path / "elsewhere" / "ada.zip", store)
    (tmp_path / "in/eve").mkdir(parents=True)
    (tmp_path / "in/eve/my-work.zip").symlink_to(tmp_path / "elsewhere/ada.zip")
    (tmp_path / "in/eve/journal.sqlite").symlink_to(store / "journal.sqlite")
    (tmp_path / "in/ada.zip").symlink_to(tmp_path / "elsewhere/ada.zip")
    assert seen(tmp_path / "in", tmp_path) == {"ada": (1, "")}


def test_a_file_elsewhere_is_not_shown(store: Path, tmp_path: Path) -> None:
    """A journal that names a file outside of its store, also by a link, shows nothing of it."""
    shutil.copytree(store, tmp_path / "in" / "ben")
    secret = next(store.glob("pictures/*"))
    (tmp_path / "in" / "ben" / "pictures" / "link.png").symlink_to(secret)
    for file in (str(secret), "../../secret.png", "pictures/link.png", "pictures/\0.png"):
        with contextlib.closing(sqlite3.connect(tmp_path / "in" / "ben" / "journal.sqlite")) as journal:
            journal.execute("UPDATE picture SET file = ?", (file,))
            journal.commit()
        assert seen(tmp_path / "in", tmp_path)["ben"][0] == 0


@pytest.mark.parametrize("name", ["micro", "asked"])
def test_a_pack_with_odd_numbers_hides_nobody_else(classroom: Path, store: Path, tmp_path: Path, name: str) -> None:
    """Numbers beyond all sense in a pack are said of its owner alone."""
    shutil.copytree(store, tmp_path / "in" / "ada")
    with (
        zipfile.ZipFile(classroom / "ben.foxpack") as pack,
        zipfile.ZipFile(tmp_path / "in" / "ben.foxpack", "w") as bad,
    ):
        manifest = json.loads(pack.read("manifest.json"))
        for task in manifest["tasks"]:
            task[name] = 10**400 if name == "micro" else float("nan")
        text = json.dumps(manifest).encode()
        for member in pack.namelist():
            seal = hashlib.sha256(text).hexdigest().encode()
            bad.writestr(member, {"manifest.json": text, "manifest.sha256": seal}.get(member) or pack.read(member))
    assert seen(tmp_path / "in", tmp_path)["ada"] == (1, "")
