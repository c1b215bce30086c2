"""The store: a folder that several kernels share, that opens older stores and leaves alone what it does not know."""

import errno
import os
import shutil
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fox_nb import StoreDamaged, StoreError, StoreTooNew
from fox_nb.store import Store, identity_of, picture_name, schema
from fox_nb.store.files import slug
from fox_nb.store.ledger import Ledger

NOW = 1_800_000_000.0


def test_a_store_is_a_folder_that_git_ignores(tmp_path: Path) -> None:
    """A new store has its journal, its folders, and a .gitignore, since faces live in it."""
    store = Store(tmp_path / "fox_runs")
    assert (tmp_path / "fox_runs/.gitignore").read_text().splitlines()[-1] == "*"
    assert store.pictures.is_dir()
    store.close()


def test_its_place_is_fixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of the working directory does not move an open store."""
    monkeypatch.chdir(tmp_path)
    store = Store("fox_runs")
    monkeypatch.chdir("/")
    assert store.folder == tmp_path / "fox_runs"
    store.close()


@pytest.mark.parametrize(("name", "words"), [("a\0b", "cannot be made"), ("/".join(["long" * 20] * 12), "too long")])
def test_what_no_folder_can_be_called_is_told_in_words(tmp_path: Path, name: str, words: str) -> None:
    """The remedy is another name: neither Python's error nor a word of free space helps."""
    with pytest.raises(StoreError, match=words) as told:
        Store(tmp_path / name)
    assert "space" not in str(told.value)
    assert len(str(told.value)) < 400


def test_a_newer_store_is_left_alone(tmp_path: Path) -> None:
    """A store made by a newer version is refused with what to do, and not one byte of it is changed."""
    Store(tmp_path).close()
    journal = tmp_path / "journal.sqlite"
    with sqlite3.connect(journal) as connection:
        connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    connection.close()
    before = journal.read_bytes()
    with pytest.raises(StoreTooNew, match="Update fox_nb from where you have it"):
        Store(tmp_path)
    assert journal.read_bytes() == before


@pytest.mark.parametrize("damage", ["text", "half", "foreign"])
def test_a_damaged_store_is_left_alone(tmp_path: Path, damage: str) -> None:
    """What is no whole journal is refused with what to do, and not overwritten."""
    Store(tmp_path).close()
    journal = tmp_path / "journal.sqlite"
    if damage == "text":
        journal.write_text("not a journal, but somebody's notes " * 100)
    elif damage == "half":
        journal.write_bytes(journal.read_bytes()[:5000])
    else:
        journal.unlink()
        with sqlite3.connect(journal) as connection:
            connection.execute("CREATE TABLE theirs (x)")
        connection.close()
    before = journal.read_bytes()
    with pytest.raises(StoreDamaged, match="left as it is"):
        Store(tmp_path).journal.tasks("sandbox")
    assert journal.read_bytes() == before


def test_a_store_that_has_lost_its_journal_is_left_alone(tmp_path: Path) -> None:
    """Pictures without a journal, or with an empty one, are what is left of a store: a new one would pay for all again."""
    folder = tmp_path / "fox_runs"
    Store(folder).close()
    (folder / "pictures" / "2026-11-25-a-fox.jpg").write_bytes(b"paid for")
    journal = folder / "journal.sqlite"
    for damage in (journal.unlink, journal.touch):
        damage()
        with pytest.raises(StoreDamaged, match="its history"):
            Store(folder)
    assert journal.stat().st_size == 0
    assert (folder / "pictures" / "2026-11-25-a-fox.jpg").read_bytes() == b"paid for"


@pytest.mark.parametrize("store", ["", ".", "notes"])
def test_a_folder_of_other_things_is_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    """The project's own folder would be hidden from git: a store is a folder of its own, and nothing is put elsewhere."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="folder of its own"):
        Store(store)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["mine.txt", "notes"]


def test_what_killed_kernels_left_half_written_is_swept(tmp_path: Path) -> None:
    """A file aside goes at the next opening when nobody wrote to it for a day; a fresh one, a folder and a link stay."""
    store = Store(tmp_path / "runs")
    places = (store.folder, store.pictures, store.sources, store.thumbnails)
    (tmp_path / "mine").touch()
    for place in places:
        for name in (".part-old", ".part-old-journal", ".part-new"):
            (place / name).touch()
        (place / ".part-folder").mkdir()
        (place / ".part-link").symlink_to(tmp_path / "mine")
        for path in [*place.glob(".part-old*"), place / ".part-folder", tmp_path / "mine"]:
            os.utime(path, (NOW - 2e9, NOW - 2e9))
        hour = time.time() - 7200
        os.utime(place / ".part-new", (hour, hour))
    store.close()
    Store(store.folder).close()
    left = [".part-folder", ".part-link", ".part-new"]
    assert [sorted(path.name for path in place.glob(".part-*")) for place in places] == [left] * 4
    assert (tmp_path / "mine").exists()


def test_an_empty_folder_becomes_a_store(tmp_path: Path) -> None:
    """Made beforehand, with what a desktop or Jupyter leaves in every folder."""
    (tmp_path / ".DS_Store").touch()
    (tmp_path / ".ipynb_checkpoints").mkdir()
    Store(tmp_path).close()
    Store(tmp_path).close()
    assert (tmp_path / "journal.sqlite").stat().st_size > 0


def test_an_older_store_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of an earlier version opens, keeps what it knows, and is of this version from then on."""
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / "journal.sqlite") as connection:
        connection.execute("INSERT INTO fact (name, value) VALUES ('kept', 'yes')")
    connection.close()
    newer = (*schema.MIGRATIONS, "CREATE TABLE added (x TEXT);\nINSERT INTO added VALUES ('new')")
    monkeypatch.setattr(schema, "MIGRATIONS", newer)
    store = Store(tmp_path)
    assert store.catalog.fact("kept", "no") == "yes"
    with store.journal.reading() as connection:
        assert connection.execute("SELECT x FROM added").fetchone() == ("new",)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(newer),)
    store.close()


def test_a_store_of_0_1_goes_on(tmp_path: Path) -> None:
    """What 0.1 has journalled is known, and can be written on, by this version."""
    row = ("one", "https://x", "a", "phota-image", "{}", "hash", 1, "processing", "[]", NOW, NOW, NOW, "task-1")
    with sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None) as connection:
        for statement in schema.MIGRATIONS[0].split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute(
            "INSERT INTO task (identity, gateway, account, model, request, request_hash, take, state, owner, asked, sent, "
            "accepted, task_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        connection.execute(
            "INSERT INTO charge (identity, gateway, account, micro, estimate, state, at) "
            "VALUES ('one', 'https://x', 'a', 1, 1, 'kept', ?)",
            (NOW,),
        )
    connection.close()
    store = Store(tmp_path)
    (unfinished,) = store.journal.unfinished("https://x", NOW)
    assert (unfinished.task_id, unfinished.request_id) == ("task-1", "")
    store.journal.completed(unfinished, NOW)
    assert store.journal.get("one").state == "completed"
    store.close()


def test_a_folder_that_cannot_be_written() -> None:
    """A place where nobody may write is refused with what to do; /proc is such a place for root, too."""
    with pytest.raises(StoreError, match="store="):
        Store("/proc/fox_runs")


@pytest.mark.skipif(os.name != "posix", reason="locks differ elsewhere")
@pytest.mark.parametrize("kind", [Store, Ledger])
def test_a_place_without_locks_is_told_at_once(
    kind: type[Store] | type[Ledger], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite takes it for somebody else's lock, waits a minute, and would be blamed; so it is with one that is open."""

    def lockf(*_about: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fox_nb.atomic.BUSY_SECONDS", 0.1)
    place = tmp_path / "runs" / "ledger"
    opened = kind(place)
    database = opened if isinstance(opened, Ledger) else opened.journal
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr("fcntl.lockf", lockf)
        for use in (database.writing().__enter__, lambda: kind(place), lambda: kind(tmp_path / "new" / "ledger")):
            with pytest.raises(StoreError, match=rf"cannot be locked \(No locks.* with {kind.__name__.lower()}="):
                use()
    opened.close()
    assert not (tmp_path / "new" / "ledger").is_file()


def test_a_file_in_the_way(tmp_path: Path) -> None:
    """A file where the store's folder should be is refused with what to do, and left."""
    (tmp_path / "fox_runs").write_text("mine")
    with pytest.raises(StoreError, match="store="):
        Store(tmp_path / "fox_runs")
    assert (tmp_path / "fox_runs").read_text() == "mine"


def test_a_moved_store(tmp_path: Path) -> None:
    """A store can be moved: what it names is relative to it."""
    store = Store(tmp_path / "old")
    salt = store.salt
    store.close()
    shutil.move(tmp_path / "old", tmp_path / "new")
    moved = Store(tmp_path / "new")
    assert moved.salt == salt
    assert moved.path("pictures/x.jpg") == (tmp_path / "new/pictures/x.jpg").resolve()
    moved.close()


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "pictures/../../x"])
def test_never_outside_of_the_store(tmp_path: Path, name: str) -> None:
    """A name that leads out of the store is not opened."""
    store = Store(tmp_path / "fox_runs")
    with pytest.raises(StoreError, match="outside"):
        store.path(name)
    store.close()


def test_parts_of_the_store_may_be_links(tmp_path: Path) -> None:
    """Pictures may lie on a bigger disk; a link among them that leads elsewhere is not opened, and the remedy is told."""
    big, folder = tmp_path / "big", tmp_path / "fox_runs"
    big.mkdir()
    folder.mkdir()
    (folder / "pictures").symlink_to(big)
    store = Store(folder)
    (big / "b.png").symlink_to(tmp_path / "b.png")
    assert store.path("pictures/a.png") == big.resolve() / "a.png"
    with pytest.raises(StoreError, match="outside") as told:
        store.path("pictures/b.png")
    assert "put the file itself in its place" in told.value.todo
    store.close()


def test_a_link_in_a_circle_is_no_store(tmp_path: Path) -> None:
    """It is told as such, as is one to a place that is gone, before anything is sent."""
    for name, place in (("fox_runs", "fox_runs"), ("other", "gone")):
        (tmp_path / name).symlink_to(tmp_path / place)
        with pytest.raises(StoreError, match=r"cannot be made.*leads nowhere"):
            Store(tmp_path / name)


def test_a_deleted_working_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no relative path can begin, the remedy is another folder to work in."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(StoreError, match="was deleted: change to another"):
        Store("fox_runs")


@pytest.mark.skipif(os.name != "posix", reason="this system has no modes")
def test_a_store_behind_a_link_is_closed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is its owner's alone, too; a folder elsewhere that a part of it leads to stays as it is, and costs no walk."""
    real, folder, big = (tmp_path / name for name in ("real", "fox_runs", "big"))
    big.mkdir()
    real.mkdir()
    folder.symlink_to(real)
    (real / "pictures").symlink_to(big)
    for place in (real, big):
        place.chmod(0o755)
    Store(folder).close()
    assert [stat.S_IMODE(place.stat().st_mode) for place in (real, big)] == [0o700, 0o755]
    walks: list[Path] = []
    monkeypatch.setattr("fox_nb.store.folder.close_to_others", walks.append)
    Store(folder).close()
    assert walks == []


RESERVED = {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))}


@given(words=st.text(max_size=300), take=st.integers(1, 10**6), number=st.integers(1, 100))
def test_names_that_every_system_takes(words: str, take: int, number: int) -> None:
    """A picture's name is short, plain, readable, and taken by every system, whatever the prompt."""
    name = picture_name(words, "ab12" * 16, take, number, ".jpg", 1_800_000_000.0)
    assert len(name) <= 90
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert name.split(".")[0] not in RESERVED
    assert name.endswith(f"-t{take}-{number}.jpg")


def test_rows_that_begin_alike_have_names_of_their_own() -> None:
    """Pictures of prompts that begin alike never share a name, though there are more of them than any table has rows."""
    words = "a photograph of a red fox in the snow of a winter morning, number"
    made = (identity_of("https://api.foxapi.cc", f"{words} {number}", 1) for number in range(200_000))
    assert len({picture_name(words, identity, 1, 1, ".jpg", 1_800_000_000.0) for identity in made}) == 200_000


@pytest.mark.parametrize(
    ("words", "short"),
    [("A Fox, 16:9!", "a-fox-16-9"), ("Übergröße", "ubergroe"), ("日本", "picture"), ("../../x", "x"), ("CON", "con")],
)
def test_slugs(words: str, short: str) -> None:
    """A prompt becomes a few plain words."""
    assert slug(words) == short


def test_what_could_not_be_written_when_it_was_opened_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store of a disk that can only be read shows what it knows; once the disk takes writing, the same one goes on."""

    def for_reading(
        path: Path, _missing: object
    ) -> sqlite3.Connection:  # SQLite does so itself; but root writes everywhere
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)

    Store(tmp_path / "runs").close()
    with monkeypatch.context() as patch:
        patch.setattr(schema, "open_database", for_reading)
        store = Store(tmp_path / "runs")
        for _ in range(2):
            with pytest.raises(StoreError, match="run the cell again"):
                store.catalog.set_fact("what", "value")
        assert store.catalog.facts("what") == {}
    store.catalog.set_fact("what", "value")
    assert store.catalog.facts("what") == {"": "value"}
    store.close()
