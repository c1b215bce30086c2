"""For teachers: everybody's pictures on one page with what each has spent; and taking one's work home in one ZIP."""

import re
import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fox_nb
from artifacts import MARKED_KEY, search
from fox_nb.cli import main
from fox_nb.gallery import write_gallery
from fox_nb.sandbox import Sandbox
from fox_nb.settings import Polling

QUICK = Polling(first_looks=(0.05,), at_least=0.05, per_second=50)
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
            with fox_nb.Fox(MARKED_KEY, sandbox.base_url, polling=QUICK) as fox:
                fox.generate(prompt, num_outputs=2).wait(60)
                if name == "ada":
                    with fox_nb.Fox(MARKED_KEY, sandbox.base_url, store="fox_runs/other", polling=QUICK) as other:
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
    assert re.findall(r"<th>7</th><th>0.00 USD</th><th>0.63 USD</th>", page)
    assert "It cannot be read" in page
    assert "ada: 3 pictures, 0.00 USD, 0.27 USD of play money" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in classroom.rglob("*") if path.is_file()} == before


def test_nothing_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder, or none, gives a sentence with what to do, and no page."""
    for place in (tmp_path, tmp_path / "nowhere"):
        assert main(["gallery", str(place), "-o", str(tmp_path / "class.html")]) == 1
    assert not (tmp_path / "class.html").exists()
    assert "Name a folder" in capsys.readouterr().err


@given(name=st.text(min_size=1, max_size=40))
def test_any_name_is_only_text(name: str) -> None:
    """Whatever a person or a prompt is called, it is text on the page."""
    from fox_nb.gallery import Person, _sections

    page = _sections([Person(f"{name}<script>", trouble=f"<img src=x onerror={name}>")])
    assert "<script" not in page
    assert "<img" not in page


def test_work_taken_home_goes_on_there(classroom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpacked elsewhere, the ZIP has notebooks and store; the same code shows the same pictures, and no key is in it."""
    with zipfile.ZipFile(classroom / "eve.zip") as archive:
        archive.extractall(tmp_path)
    assert (tmp_path / "notes.ipynb").exists()
    assert search(classroom, MARKED_KEY).found_in == ()
    monkeypatch.chdir(tmp_path)
    with Sandbox(speed=1000) as sandbox, fox_nb.Fox(sandbox.key, sandbox.base_url, polling=QUICK) as fox:
        task = fox.generate("a boat", num_outputs=2).wait(60)
        assert task.reused
        assert [image.path.exists() for image in task.images] == [True, True]
        assert sandbox.creations == []


def test_work_goes_where_it_is_told_to(sandbox: Sandbox, tmp_path: Path) -> None:
    """A folder gets the file under its usual name, one that is missing is made, and a bare name gets its ending."""
    with fox_nb.Fox(MARKED_KEY, sandbox.base_url, store=tmp_path / "fox_runs") as fox:
        for given, written in ((".", "my-work.zip"), ("new/mine", "new/mine.zip"), ("mine.zip", "mine.zip")):
            assert fox.store.take_home(tmp_path / given) == tmp_path / written
            assert (tmp_path / written).is_file()
        for given, written in ((".", "lesson.foxpack"), ("packs/one", "packs/one.foxpack")):
            assert fox.store.export(tmp_path / given).path == tmp_path / written
            assert (tmp_path / written).is_file()


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
