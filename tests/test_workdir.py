"""Where people run it: working folders that change or are gone, names and times of other systems, no console."""

import errno
import io
import os
import shutil
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from artifacts import MARKED_KEY
from fox_nb import BudgetExceeded, Fox, FoxError, InvalidRequest, PackError, StoreError, compare
from fox_nb.images.photo_archive import photos_in
from fox_nb.store.ledger import Ledger
from fox_nb.store.packs import Pack
from fox_nb.workdir import below, notebook_folder, working_folder
from processes import PATIENCE

pytestmark = pytest.mark.usefixtures("noise")

NEVER = 5_000_000_000
"""Seconds since 1970 that a ZIP has no date for: it ends in 2107."""


@pytest.fixture
def open_fox(open_fox: Callable[..., Fox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Fox]:
    """Opens a Fox in a working folder of the test's own."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return lambda store="runs", **options: open_fox(store=store, **options)


def test_the_working_folder_is_deleted(open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """A task ends and shows itself, with the code for it; a relative path is told in words."""
    fox = open_fox(tmp_path / "runs")
    picture = tmp_path / "photo.png"
    Image.new("RGB", (64, 48), "orange").save(picture)
    (tmp_path / "work").rmdir()
    task = fox.edit("blue", picture).wait()
    assert str(picture) in task.code()
    assert "<img" in task._repr_html_()
    with pytest.raises(InvalidRequest, match="deleted"):
        fox.enhance("photo.png")
    with pytest.raises(StoreError, match="deleted"):
        fox.store.take_home("work.zip")
    for ask in (
        lambda: fox.load_plan("plan.json"),
        lambda: fox.batch("table.csv"),
        lambda: Fox(replay="lesson.foxpack", store=tmp_path / "runs"),
        lambda: compare(task).save_html("page.html"),
        lambda: Ledger("ledger.sqlite"),
    ):
        with pytest.raises(FoxError):
            ask()
    assert zipfile.is_zipfile(fox.store.take_home(tmp_path / "work.zip"))
    assert (working_folder(), notebook_folder()) == (None, None)


def test_a_store_behind_a_link(open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """A store that is a link to elsewhere is one like others: its pictures are there, shown, and taken home by its name."""
    (tmp_path / "large").mkdir()
    Path("runs").symlink_to(tmp_path / "large")
    fox = open_fox()
    image = fox.generate("a fox").wait().images[0]
    assert "<img" in image._repr_html_()
    with zipfile.ZipFile(fox.store.take_home("work.zip")) as taken:
        assert f"runs/pictures/{image.path.name}" in taken.namelist()


@pytest.mark.parametrize("store", ["runs", "work/runs"])
def test_home_is_where_the_store_was(
    open_fox: Callable[..., Fox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    """Unpacked elsewhere, the same notebook finds its pictures again and pays for none, however deep its store lies."""
    fox = open_fox(store)
    fox.generate("a fox").wait()
    taken = fox.store.take_home(tmp_path / "home.zip")
    monkeypatch.chdir(tmp_path)
    zipfile.ZipFile(taken).extractall("new")
    monkeypatch.chdir("new")
    assert open_fox(store).generate("a fox").wait().reused


def test_the_shared_purse_stays_where_it_was(open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """A budget that two stores share holds for both, also where the working folder changes before one is first used."""
    (tmp_path / "work/elsewhere").mkdir()
    ada, ben = (open_fox(name, budget=0.20, ledger="ledger.sqlite") for name in ("ada", "ben"))
    ada.generate("a fox", num_outputs=2)
    os.chdir("elsewhere")
    with pytest.raises(BudgetExceeded):
        ben.generate("a fox")


def test_a_folder_behind_a_link(tmp_path: Path) -> None:
    """A file is below a folder also where one of them is named by a link."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "a.png").touch()
    assert below(tmp_path / "link" / "a.png", tmp_path / "real") == "a.png"
    assert below(tmp_path / "real" / "a.png", tmp_path / "link") == "a.png"
    assert below(tmp_path / "real" / "a.png", tmp_path / "link" / "x") is None


def test_targets_that_are_none(open_fox: Callable[..., Fox]) -> None:
    """What is no path, or no place for a file, is told in words with what to do, wherever a path is given."""
    fox = open_fox()
    task = fox.generate("a fox").wait()
    Path("file").touch()
    below = ("file/x", f"{'long' * 70}/x", "long" * 70)
    for target in (None, 5, b"x", "~nobody-at-all/x", "a\0b", "\ud800x"):
        for door in (fox.store.take_home, fox.store.export, fox.store.task_of, task.save, task[0].save, Ledger, Pack):
            with pytest.raises(InvalidRequest, match="allowed is a path") as told:
                door(target)
            assert told.value.todo
    for target in below:
        for door in (fox.store.take_home, fox.store.export, task.save, lambda path: task[0].save(f"{path}.png")):
            with pytest.raises(FoxError) as told:
                door(target)
            assert told.value.todo


def test_paths_that_are_none_elsewhere(open_fox: Callable[..., Fox]) -> None:
    """Plans, tables, pictures, photos, comparisons and what is typed into a picker refuse what is no path in words, too."""
    fox = open_fox()
    plan, shown = fox.sweep("phota-image", prompt="a fox"), compare([Image.new("RGB", (64, 48))])
    picker = fox.panel("phota-image-enhance").controls["image_url"]
    saves = (fox.load_plan, plan.to_json, plan.save_parquet, shown.save_html, shown.save_image)
    takes = (
        partial(fox.batch, model="phota-image"),
        photos_in,
        partial(fox.edit, "blue"),
        lambda path: compare([path]),
    )
    for target in ("~nobody-at-all/x.csv", "a\0b.csv", "\ud800x.csv"):
        for door in (*saves, *takes):
            with pytest.raises(InvalidRequest):
                door(target)
        picker._on_place({"text": target}, [])
        assert picker.error
    for save in saves:
        with pytest.raises(InvalidRequest, match="allowed is a path"):
            save(None)


def test_work_is_taken_home_from_a_disk_that_is_only_read(open_fox: Callable[..., Fox]) -> None:
    """Nothing is written into the store for it: after a disk's trouble that is how work is saved."""
    store = open_fox().store
    before = store.folder.stat().st_mtime_ns
    assert store.take_home("../work.zip").is_file()
    assert store.folder.stat().st_mtime_ns == before


def test_home_without_a_folder_or_room(open_fox: Callable[..., Fox]) -> None:
    """A part of the store that was deleted is empty; a disk without room is told as that, and no fault of the journal."""
    resource = pytest.importorskip("resource")
    fox = open_fox()
    fox.store.sources.rmdir()
    assert fox.store.take_home().is_file()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        with pytest.raises(StoreError, match="could not be written") as told:
            fox.store.take_home("other.zip")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "free space" in told.value.todo
    assert not list(Path().rglob(".part-*"))


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="these file systems take no such names")
def test_a_name_that_is_not_utf8(open_fox: Callable[..., Fox]) -> None:
    """A file with a Latin-1 name, as old ZIPs bring them, is a picture like others; its task has a code that works."""
    Image.new("RGB", (64, 48), "orange").save(Path(os.fsdecode(b"caf\xe9.png")))
    fox = open_fox()
    task = fox.edit("blue", os.fsdecode(b"caf\xe9.png")).wait()
    assert task.status == "completed"
    assert eval(task.code(), {"fox": fox}).identity == task.identity
    with pytest.raises(InvalidRequest, match=r"Did you mean caf\?\.png"):
        fox.edit("blue", os.fsdecode(b"caff\xe9.png")).wait()
    known = fox.store.task_of(shutil.copy(task.images[0].path, os.fsdecode(b"th\xe9.png")))
    assert known is not None
    assert known.identity == task.identity


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="these file systems take no such names")
def test_names_that_are_not_utf8_are_written(open_fox: Callable[..., Fox]) -> None:
    """Where files, tables and a terminal take text alone, such a name stands in part; each notebook is taken home."""
    photo = os.fsdecode(b"photos/caf\xe9.png")
    Path("photos").mkdir()
    Image.new("RGB", (64, 48), "orange").save(Path(photo))
    fox = open_fox(os.fsdecode(b"r\xfcns"))
    sweep = fox.sweep("phota-image-enhance", image_url=[photo, "https://example.com/a.png"], creativity=0.5)
    fox.enhance(photo, creativity=0.5).wait()
    sweep.plan.refresh()
    assert "caf?.png" in (sweep.save("saved") / "metadata.jsonl").read_text(encoding="utf-8")
    assert sweep.save_parquet("saved.parquet").exists()
    frame, shown = sweep.to_frame(), compare([photo]).to_frame()
    assert [frame["image_url"][0], frame["width"].dtype, shown["picture"][0]] == ["caf?.png", float, "caf?.png"]
    assert os.path.exists(frame["file"][0])  # noqa: PTH110 - a column is of texts
    assert shown["file"][0] == os.path.abspath(photo)  # noqa: PTH100
    assert "caf?.png" in repr(fox.profiles.look("photos"))
    for name in (b"n\xfc.ipynb", b"n\xe9.ipynb", b"n_.ipynb"):
        Path(os.fsdecode(name)).write_bytes(name)
    with zipfile.ZipFile(fox.store.take_home("work.zip")) as taken:
        books = {taken.read(name) for name in taken.namelist() if name.endswith(".ipynb")}
        assert books == {b"n\xfc.ipynb", b"n\xe9.ipynb", b"n_.ipynb"}
        assert "r_ns/journal.sqlite" in taken.namelist()


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="names are UTF-8 there, whatever the locale")
def test_saved_names_are_those_that_the_locale_can_write() -> None:
    """Where it is not UTF-8, as on some clusters, a prompt with an umlaut names a file all the same."""
    saved = "import os; from fox_nb.images.saving import file_stem; os.fsencode(file_stem('F\\xfcchse', {}))"
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run([sys.executable, "-c", saved], env={**os.environ, **locale}, timeout=PATIENCE, check=True)


@pytest.mark.parametrize("when", [0, NEVER])
def test_times_that_a_zip_has_no_date_for(open_fox: Callable[..., Fox], when: int) -> None:
    """Work is taken home and a lesson recorded, whatever time its files bear; locks of editors and pipes are left out."""
    fox = open_fox()
    os.utime(fox.generate("a fox").wait().images[0].path, (when, when))
    Path("a.ipynb").write_text("{}")
    os.utime("a.ipynb", (when, when))
    Path(".#a.ipynb").symlink_to("somebody@somewhere.1234")
    Path("dead.ipynb").symlink_to("nowhere")
    os.mkfifo("pipe.ipynb")
    with zipfile.ZipFile(fox.store.take_home("work.zip")) as taken:
        assert [name for name in taken.namelist() if name.endswith(".ipynb")] == ["a.ipynb"]
    assert fox.store.export("lesson.foxpack").path.exists()


def test_photos_beside_what_is_none(open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """A folder of photos is looked at whatever else lies there: locks of editors, dead links, pipes."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("RGB", (600, 600), "orange").save(folder / "a.png")
    (folder / ".#a.png").symlink_to("somebody@somewhere.1234")
    (folder / "dead.jpg").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.jpg")
    assert [photo.name for photo in open_fox().profiles.look(folder).photos] == ["a.png"]


def test_a_pipe_where_a_file_is_meant(open_fox: Callable[..., Fox]) -> None:
    """A table, a recorded lesson, a picture: a pipe is told to be no file, and keeps nobody waiting."""
    fox = open_fox()
    for name in ("table.csv", "lesson.foxpack", "picture.png"):
        os.mkfifo(name)
    with pytest.raises(InvalidRequest, match="no file"):
        fox.batch("table.csv", model="phota-image")
    with pytest.raises(PackError, match="no file"):
        Fox(replay="lesson.foxpack")
    assert fox.store.task_of("picture.png") is None


@pytest.mark.parametrize(
    "words",
    ["éclair", "ÉCLAIR", "küche", "KU\u0308CHE", "strasse", "STRAẞE", "100%_", "\\", "istanbul", "IŞIK", " a line"],
)
def test_searching_takes_no_notice_of_case(open_fox: Callable[..., Fox], words: str) -> None:
    """A prompt is found by its words in any case and in both forms of Unicode; signs of SQL mean themselves."""
    fox = open_fox()
    fox.generate(
        unicodedata.normalize(
            "NFC", "An Éclair in a Küche, Straße 1, 100%_ \\ good, İstanbul \u0131ş\u0131k in\ta\nline"
        )
    ).wait()
    fox.generate("another").wait()
    for form in ("NFC", "NFD"):
        assert len(fox.tasks(text=unicodedata.normalize(form, words))) == 1


def test_a_frame_over_a_change_of_summer_time(
    open_fox: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Times stay times, as the clocks there showed them, and a spreadsheet takes them."""
    fox = open_fox()
    for words, when in (("in summer", 1_782_000_000), ("in winter", 1_796_000_000)):
        fox.session.now = lambda when=when: when
        fox.generate(words)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    __import__("time").tzset()
    frame = fox.tasks().to_frame()
    monkeypatch.undo()
    __import__("time").tzset()
    assert frame["asked"].dt.strftime("%H:%M").tolist() == ["01:53", "02:00"]
    assert frame["asked"].dt.tz is None, "pandas writes no times with zones into a spreadsheet"


def test_a_program_without_a_console(sandbox: Any, tmp_path: Path) -> None:
    """Under pythonw there is neither stdout nor stderr: a task is made and waited for all the same."""
    code = f"""
import sys
sys.stdout = sys.stderr = None
import fox_nb
fox = fox_nb.Fox({MARKED_KEY!r}, {sandbox.base_url!r}, "runs")
fox.profiles.add("some-id", "Ada"), fox.profiles.add("some-id", "Bea")
open("done", "w").write(fox.generate("a fox [[Ada]]").wait().status)
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=240)
    assert (tmp_path / "done").read_text() == "completed"


def test_a_program_with_too_many_files_open(tmp_path: Path) -> None:
    """It is told that, and not to look at the disk; and what is asked for when there is room again is done."""
    pytest.importorskip("resource")
    code = """
import os, resource, fox_nb
from fox_nb.store import Store
store, files = Store("runs"), []
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
try:
    while True:
        files.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
try:
    store.catalog.set_fact("a", "b")
except fox_nb.StoreError as error:
    print(error)
os.close(files.pop()), os.close(files.pop())
store.catalog.set_fact("a", "b")
"""
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240)
    assert ran.returncode == 0, ran.stderr
    assert "too many files open" in ran.stdout
    assert "free space" not in ran.stdout


class _Tee:
    """What many programs put in place of stderr to keep a log."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


class _Window(_Tee):
    """A terminal whose window was closed."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


@pytest.mark.parametrize("kind", ["a tee", "a closed one", "a window that is gone"])
def test_a_program_with_another_stderr(
    open_fox: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """What stands in place of stderr may be no terminal, be closed or break: a task is waited for all the same."""
    closed = io.StringIO()
    closed.close()
    fox = open_fox()
    monkeypatch.setattr(sys, "stderr", {"a tee": _Tee(), "a closed one": closed}.get(kind, _Window()))
    assert fox.generate("a fox").wait().status == "completed"
