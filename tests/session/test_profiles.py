"""Profiles: photos looked at, packed, trained once, named; two gateways apart; forgotten with all that shows the person."""

import csv
import io
import json
import os
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import fox_nb
from artifacts import MARKED_KEY
from fox_nb import BudgetExceeded, Fox, InvalidRequest, StoreError, TaskFailed
from fox_nb.experiments import pages
from fox_nb.experiments.picture_files import result
from fox_nb.images.thumbnail import cached_thumbnail
from fox_nb.sandbox import art
from fox_nb.session import profiles
from portraits import portrait
from processes import ended

pytestmark = pytest.mark.usefixtures("noise")

LINK = "https://example.com/a.png"
HOSTILE = "Ada <img src=x onerror=alert(1)> \u202egnp"


@pytest.fixture(scope="session")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve photos of one person, with a camera's words in them, and one text."""
    folder = tmp_path_factory.mktemp("ada")
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    for number in range(12):
        photo = portrait(art.invented("ada"), (256, 256), seed=number)
        photo.save(folder / f"photo {number + 1}.jpg", quality=85, exif=exif)
    (folder / "notes.txt").write_text("not a photo")
    return folder


def trained(fox: Fox, photos: Any, name: str = "Ada", **options: Any) -> Any:
    return fox.profiles.train(photos, name, agreed=True, **options).wait(60)


def files(fox: Fox) -> set[str]:
    """Every file of the store but the journal."""
    found = (path.relative_to(fox.store.folder) for path in fox.store.folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found} - {"journal.sqlite", ".gitignore"}


# -- looking ------------------------------------------------------------------------------------------------------


def test_photos_are_looked_at_before_anything_is_sent(fox: Fox, sandbox: Any, portraits: Path, tmp_path: Path) -> None:
    """A folder's photos become a contact sheet that says what is wrong with each; nothing is sent, nothing is kept."""
    (tmp_path / "twice.jpg").write_bytes((portraits / "photo 1.jpg").read_bytes())
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    mixed = [*sorted(portraits.glob("*.jpg")), tmp_path / "twice.jpg", tmp_path / "broken.jpg"]
    sheet = fox.profiles.look(mixed)
    assert (len(sheet.usable), len(sheet.photos), sheet.enough) == (12, 14, True)
    assert {problem.kind for photo in sheet.photos[12:] for problem in photo.problems} == {"duplicate", "unreadable"}
    assert "notes.txt" in fox.profiles.look(portraits).ignored
    assert sheet._repr_html_().count("<img") == 13
    assert "twice.jpg" in repr(sheet)
    assert sandbox.creations == []
    assert files(fox) == set()


def test_whatever_stands_for_photos_is_taken(fox: Fox, portraits: Path) -> None:
    """A ZIP by path or bytes, PIL images, arrays and bytes in a list are looked at like a folder's files."""
    paths = sorted(portraits.glob("*.jpg"))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in paths:
            archive.write(path, path.name)
    with Image.open(paths[0]) as first:
        pixels = np.asarray(first)
        drawn = first.convert("CMYK")
    mixed = [drawn, pixels, paths[2].read_bytes(), bytearray(paths[3].read_bytes()), str(paths[4]), paths[5]]
    assert len(fox.profiles.look(stream.getvalue()).usable) == 12
    assert [photo.width for photo in fox.profiles.look(mixed).photos] == [256] * 6
    for wrong in (7, [object()], portraits / "nowhere"):
        with pytest.raises(InvalidRequest):
            fox.profiles.look(wrong)


def test_what_an_upload_widget_holds_is_what_was_uploaded(fox: Fox, portraits: Path) -> None:
    """Two photos, or a ZIP of two, of ipywidgets' FileUpload: the widget itself, its value, and each file of it."""
    photos = {path.name: path.read_bytes() for path in sorted(portraits.glob("*.jpg"))[:2]}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in photos.items():
            archive.writestr(name, data)
    several = tuple({"name": name, "content": memoryview(data)} for name, data in photos.items())
    packed = {"name": "photos.zip", "type": "application/zip", "content": memoryview(stream.getvalue())}
    of_version_7 = {name: {"metadata": {}, "content": data} for name, data in photos.items()}
    for given in (several, SimpleNamespace(value=several, accept=""), of_version_7, packed, (packed,)):
        sheet = fox.profiles.look(given)
        assert [photo.width for photo in sheet.photos] == [256, 256]


@pytest.mark.parametrize("photos", ["", "https://example.com/ada.zip", ["https://example.com/ada.jpg"]])
def test_what_is_no_place_of_photos_is_refused(fox: Fox, photos: Any) -> None:
    """An empty text is not the kernel's folder, and a link no file."""
    with pytest.raises(InvalidRequest, match=r"it is empty|a link"):
        fox.profiles.look(photos)


def test_a_zip_of_few_photos_is_pointed_out(
    fox: Fox, portraits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bare call sends it, as the service may take it, and says so; a ZIP that is open is looked at as one."""
    with zipfile.ZipFile(tmp_path / "few.zip", "w") as archive:
        archive.write(portraits / "photo 1.jpg")
        archive.writestr("__MACOSX/._photo 1.jpg", "")
    with (tmp_path / "few.zip").open("rb") as file:
        assert len(fox.profiles.look(file).photos) == 1
    fox.create_profile(tmp_path / "few.zip")
    assert "few.zip holds 1 photo;" in capsys.readouterr().err


def test_a_photo_in_memory_keeps_its_upright(fox: Fox) -> None:
    """A PIL image that a camera laid on its side is seen upright, as its file would be."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(stream, "JPEG", exif=exif)
    with Image.open(stream) as lying:
        (seen,) = fox.profiles.look([lying]).photos
    assert (seen.width, seen.height) == (200, 300)


# -- training -----------------------------------------------------------------------------------------------------


def test_without_consent_nothing_is_sent(fox: Fox, sandbox: Any, portraits: Path) -> None:
    """agreed=True has to be said, as just that; the words say why and what to do."""
    for agreed in (False, None, 1, "yes"):
        with pytest.raises(InvalidRequest, match="agreed=True") as refused:
            fox.profiles.train(portraits, "Ada", agreed=agreed)
        assert "face" in str(refused.value)
        assert "Nothing was sent, nothing was paid." in str(refused.value)
    assert sandbox.creations == []
    assert files(fox) == set()


def test_too_few_photos_are_refused_with_what_is_wrong(fox: Fox, sandbox: Any, portraits: Path, tmp_path: Path) -> None:
    """Nine usable photos are one too few; the broken one is named."""
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    few = [*sorted(portraits.glob("*.jpg"))[:9], tmp_path / "broken.jpg"]
    with pytest.raises(InvalidRequest, match=r"9 of 10 photos.*broken\.jpg"):
        fox.profiles.train(few, "Ada", agreed=True)
    assert sandbox.creations == []


def test_the_same_photos_are_trained_once(open_fox: Callable[..., Fox], sandbox: Any, portraits: Path) -> None:
    """Restart & Run All sends nothing again and pays nothing again, from the folder, from a ZIP or from what was seen."""
    fox = open_fox()
    task = trained(fox, portraits)
    assert task.profile_id in fox.profiles.names()
    assert fox.profiles["Ada"].id == task.profile_id
    assert float(fox.spent) == pytest.approx(2.90)
    again = open_fox()
    seen = again.profiles.look(portraits)
    assert trained(again, seen).reused
    assert trained(again, sorted(portraits.glob("*.jpg"), key=lambda path: int(path.stem.split()[1]))).reused
    assert len(sandbox.creations) == 1
    assert float(again.spent) == pytest.approx(2.90)
    assert len([file for file in files(again) if file.endswith(".zip")]) == 1


def test_what_is_sent_holds_nothing_but_pixels(fox: Fox, portraits: Path) -> None:
    """No camera, no file names, no times, no unusable photo: the archive in the store, which was uploaded, has none."""
    trained(fox, [*portraits.glob("*.jpg"), b"no picture"])
    (packed,) = fox.store.sources.iterdir()
    assert b"SecretCamera" not in packed.read_bytes()
    with zipfile.ZipFile(packed) as archive:
        assert archive.namelist() == [f"{number:02}.jpg" for number in range(1, 13)]
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_name_is_kept_before_anything_is_sent(open_fox: Callable[..., Fox], sandbox: Any, portraits: Path) -> None:
    """A kernel that ends while the training goes on loses nothing: the next one has the profile under its name."""
    sandbox.set(speed=150)  # eight seconds: longer than the first kernel lives
    first = open_fox()
    task = first.profiles.train(portraits, "Ada", agreed=True)
    assert task.status in {"pending", "processing"}
    assert first.profiles.names() == {}
    assert "Ada" in repr(first.profiles)
    assert "training" in first.profiles._repr_html_()
    first.close()
    second = open_fox()
    (resumed,) = second.resume()
    resumed.wait(60)
    assert second.profiles.names() == {resumed.profile_id: "Ada"}
    assert len(sandbox.creations) == 1


def test_the_journal_has_the_name_when_the_request_goes_out(fox: Fox, portraits: Path) -> None:
    """At the moment of the creating call the name is on the disk."""
    seen: list[str] = []
    create = fox.session.client.create

    def look(*given: Any, **named: Any) -> Any:
        with Fox(api_key=MARKED_KEY, base_url=fox.session.gateway.base_url, store=fox.store.folder) as other:
            seen.append(repr(other.profiles))
        return create(*given, **named)

    fox.session.client.create = look  # type: ignore[method-assign]
    trained(fox, portraits)
    assert len(seen) == 1
    assert "Ada: training" in seen[0]


def test_what_was_not_journalled_leaves_no_faces_behind(open_fox: Callable[..., Fox], portraits: Path) -> None:
    """A budget that does not allow it, in the person's own lines, or a name that is taken, leaves the store as it was."""
    fox = open_fox(budget=1)
    with pytest.raises(BudgetExceeded) as caught:
        fox.profiles.train(portraits, "Ada", agreed=True)
    frames = [line for line in caught.value._render_traceback_() if line.startswith("  File")]
    assert [line for line in frames if __file__ not in line] == []
    fox.profiles.add("profile_1", "Ada")
    with pytest.raises(InvalidRequest, match="belongs to profile_1"):
        fox.profiles.train(portraits, " ADA ", agreed=True)
    assert files(fox) == set()


def test_two_trainings_under_way_cannot_have_one_name(fox: Fox, sandbox: Any, portraits: Path) -> None:
    """A name is taken as soon as its training is asked for; one that failed gives it back."""
    sandbox.set(speed=1)
    fox.profiles.train(portraits, "Ada", agreed=True)
    with pytest.raises(InvalidRequest, match="being trained already"):
        fox.profiles.train(sorted(portraits.glob("*.jpg"))[:11], "Ada", agreed=True)
    assert len(sandbox.creations) == 1


def test_a_failed_training_can_be_sent_again_and_gets_its_name(fox: Fox, sandbox: Any, portraits: Path) -> None:
    """The gateway's failure is told; retry sends the archive that the store has kept, knowingly."""
    sandbox.misbehave("failed", times=1)
    with pytest.raises(TaskFailed):
        trained(fox, portraits)
    (task,) = fox.profiles.trainings
    assert fox.profiles.names() == {}
    task.retry().wait(60)
    assert fox.profiles.names() == {task.profile_id: "Ada"}
    assert fox.profiles.trainings == []


# -- names --------------------------------------------------------------------------------------------------------


def test_names_are_unique_and_near_misses_are_told(fox: Fox) -> None:
    """Case, width and blanks don't make another name; a mistyped one is answered with what was meant."""
    fox.profiles.add("[[profile_1]]", "  Ada \n Lovelace ")
    assert fox.profiles["ada lovelace"].token == "[[profile_1]]"
    with pytest.raises(InvalidRequest, match="belongs to profile_1"):
        fox.profiles.add("profile_2", "\uff21da lovelace")
    with pytest.raises(InvalidRequest, match="Did you mean 'Ada Lovelace'"):
        fox.profiles["Ada Lovelac"]
    fox.profiles.add("profile_2", "Grace")
    with pytest.raises(InvalidRequest, match="belongs to"):
        fox.profiles.rename("Grace", "profile_1")
    assert fox.profiles.rename("Grace", "Grace Hopper").id == "profile_2"
    assert "grace hopper" in fox.profiles
    assert fox.profiles.names() == {"profile_2": "Grace Hopper", "profile_1": "Ada Lovelace"}


@pytest.mark.parametrize("name", ["", " \n", "\u202e", "x" * 61, 7, None])
def test_what_is_no_name_is_refused(fox: Fox, name: Any) -> None:
    """Empty, unseen, endless or not even a text."""
    with pytest.raises(InvalidRequest, match="allowed is a text"):
        fox.profiles.add("profile_1", name)
    assert len(fox.profiles) == 0


@pytest.mark.parametrize("profile_id", ["", "two words", "a]]b", "a\nb", "x" * 201, None, 7])
def test_what_cannot_be_an_id_is_refused(fox: Fox, profile_id: Any) -> None:
    """An id with blanks or brackets would break the prompt that it is put into."""
    with pytest.raises(InvalidRequest, match="cannot be an id"):
        fox.profiles.add(profile_id, "Ada")


def test_a_hostile_name_stays_text(fox: Fox) -> None:
    """It is shown escaped, on one line, in its own direction."""
    fox.profiles.add("profile_1", HOSTILE)
    html = fox.profiles._repr_html_()
    assert "<img" not in html
    assert "&lt;img" in html
    assert "\u202e" not in html + repr(fox.profiles)


def test_adding_again_changes_nothing(fox: Fox, capsys: pytest.CaptureFixture[str]) -> None:
    """A cell that is run again after a rename in the tab does not undo it, and says so."""
    fox.profiles.add("profile_1", "Ada")
    fox.profiles.rename("Ada", "Countess")
    assert fox.profiles.add("profile_1", "Ada").name == "Countess"
    assert "'Countess'" in capsys.readouterr().err


def test_names_go_through_json_and_csv(open_fox: Callable[..., Fox], tmp_path: Path) -> None:
    """What one store exports another takes in; what is known there keeps its name, and a taken one gets a number."""
    fox = open_fox()
    fox.profiles.add("profile_1", 'Ada, "the first"')
    fox.profiles.add("profile_2", "Grace")
    rows = json.loads(json.dumps(fox.profiles.export()))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    other = open_fox(store=tmp_path / "other")
    other.profiles.add("profile_9", "grace")
    other.profiles.add("profile_1", "Mine")
    added = other.profiles.load(csv.DictReader(io.StringIO(stream.getvalue())))
    assert [profile.name for profile in added] == ["Grace (2)"]
    assert other.profiles["profile_1"].name == "Mine"
    assert other.profiles.load(rows) == []


@pytest.mark.parametrize(
    "rows",
    [
        "profiles.json",
        ["profile_1"],
        None,
        7,
        [{"profile_id": "profile_1", "name": "Ada"}, {"profile_id": None}],
        [{"profile_id": "profile_1", "name": float("nan")}],
        [{}],
    ],
)
def test_what_is_no_list_of_profiles_is_refused_in_words(rows: object, open_fox: Callable[..., Fox]) -> None:
    """A file's name, say, is not read letter by letter."""
    profiles = open_fox().profiles
    with pytest.raises(InvalidRequest, match="no list of profiles"):
        profiles.load(rows)
    assert len(list(profiles)) == 0


@pytest.mark.parametrize("wrong", [{"profile_id": "no id"}, {"profile_id": "profile_2", "name": "x" * 80}])
def test_of_a_list_with_a_wrong_row_nothing_is_added(fox: Fox, wrong: dict[str, str]) -> None:
    """What can be no id, or no name, is refused before anything is added; a long id that has no name is no fault."""
    right = [{"profile_id": "p" * 90}, {"profile_id": "profile_1", "name": "Ada"}]
    with pytest.raises(InvalidRequest):
        fox.profiles.load([*right, wrong])
    assert list(fox.profiles) == []
    assert len(fox.profiles.load(right)) == 2


def test_two_gateways_are_never_mixed(open_fox: Callable[..., Fox], capsys: pytest.CaptureFixture[str]) -> None:
    """A profile of the sandbox is not offered, found, taken in or forgotten at the service, though the store is one."""
    sandboxed = open_fox()
    sandboxed.profiles.add("profile_1", "Ada")
    service = open_fox(base_url="https://gateway.example")
    assert service.profiles.names() == {}
    assert "Ada" not in service.profiles
    assert service.profiles.load(sandboxed.profiles.export()) == []
    assert "another gateway" in capsys.readouterr().err
    service.profiles.add("profile_2", "Ada")
    with pytest.raises(InvalidRequest):
        service.profiles.forget("profile_1")
    assert sandboxed.profiles.names() == {"profile_1": "Ada"}


def test_an_id_that_the_store_does_not_know_is_pointed_out(fox: Fox, capsys: pytest.CaptureFixture[str]) -> None:
    """Once for each id, with what was meant; the request goes out unchanged. Known ids need no words."""
    fox.profiles.add("profile_12345", "Ada")
    fox.generate("[[profile_12345]] at sea").wait(60)
    assert capsys.readouterr().err == ""
    fox.generate("[[profile_12346]] at sea").wait(60)
    fox.generate("[[profile_12346]] on land").wait(60)
    said = capsys.readouterr().err
    assert said.count("the profile 'profile_12346' is not in this folder") == 1
    assert "Did you mean 'profile_12345'" in said
    fox.generate("[[ada]] at sea").wait(60)
    assert "[[profile_12345]]" in capsys.readouterr().err
    fox.enhance("https://example.com/a.png", resolution="1K", profile_ids=["nobody"])
    assert "'nobody'" in capsys.readouterr().err


def test_plans_and_panels_point_it_out_too(fox: Fox, sandbox: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan says it when it is made, beside its price, a panel when it submits."""
    for number, plan in enumerate(
        (
            lambda words: fox.sweep("phota-image", prompt=[words, "a fox"]),
            lambda words: fox.batch([{"prompt": words}], model="phota-image"),
            lambda words: fox.sweep(
                "phota-image-edit", prompt="z", image_urls=LINK, profile_ids=[[words[2:-2]], ["b"]]
            ),
        )
    ):
        fox.profiles.add(f"profile_{number}", f"Ada {number}")
        plan(f"[[Ada {number}]]" if number < 2 else "[[profile_x]]")
        told = f"[[profile_{number}]]" if number < 2 else "the profile 'profile_x' is not in this folder"
        assert told in capsys.readouterr().err
    assert not sandbox.creations
    fox.panel("phota-image", prompt="[[ada 0]]").submit()
    assert "[[profile_0]]" in capsys.readouterr().err


def test_a_plan_of_many_unknown_ids_says_so_in_few_lines(
    fox: Fox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names that the store knows are read for it, not for each row, and what isn't told by itself is counted."""
    fox.profiles.add("profile_0", "Ada")
    reads: list[str] = []
    rows = fox.session.profiles._people.rows
    monkeypatch.setattr(fox.session.profiles._people, "rows", lambda gateway: reads.append(gateway) or rows(gateway))
    fox.batch([{"prompt": f"[[q{number % 50}]] {number}"} for number in range(200)], model="phota-image")
    said = capsys.readouterr().err
    assert (said.count("not in this folder"), "… and 45 more ids" in said) == (profiles.MOST_TOLD + 1, True)
    assert len(reads) <= 2  # list() counts first


@pytest.mark.parametrize("written", ["[[profile_1]]", "[[ profile_1 ]]", " profile_1"])
def test_a_profile_is_sent_by_its_id(fox: Fox, tmp_path: Path, written: str) -> None:
    """Where ids are asked for, a profile and its id in a prompt's brackets are taken for its id."""
    profile = fox.profiles.add("profile_1", "Ada")
    task = fox.edit("at night", LINK, profile_ids=[written])
    assert task.request["profile_ids"] == ["profile_1"]
    assert fox.edit("at night", LINK, profile_ids=[profile]).identity == task.identity
    plan = fox.sweep("phota-image-edit", prompt="at night", image_urls=LINK, profile_ids=[[profile], [written]])
    again = fox.load_plan(plan.to_json(tmp_path / "plan.json"), original=None)  # nothing is measured against the link
    assert again.run().tasks[0] is task


# -- forgetting ---------------------------------------------------------------------------------------------------


def with_pictures(fox: Fox, portraits: Path, tmp_path: Path) -> dict[str, Any]:
    """Ada trained and used in every way; and a picture that has nothing to do with her."""
    task = trained(fox, portraits)
    holiday = tmp_path / "holiday.jpg"
    portrait(art.invented("ada"), (300, 300), seed=99).save(holiday)
    made = {"training": task, "alone": fox.generate("a red fox in the snow").wait(60)}
    made["of_her"] = fox.generate(f"[[{task.profile_id}]] in a library").wait(60)
    made["from_it"] = fox.enhance(made["of_her"].images[0], resolution="1K").wait(60)
    made["from_that"] = fox.imagine("at night", image_urls=[made["from_it"].images[0]]).wait(60)
    made["holiday"] = fox.enhance(holiday, resolution="1K", profile_ids=[task.profile_id]).wait(60)
    made["with_her"] = fox.edit("beside her", [made["alone"].images[0]], profile_ids=[task.profile_id]).wait(60)
    for one in made.values():
        for image in one.images:
            image.thumbnail(64)
            tiles = result(image, fox.store.thumbnails).tiles
            tiles.mkdir(parents=True)
            (tiles / "tiles.fox").write_bytes(b"tiles")
    return made


def test_forgetting_removes_all_that_shows_the_person_and_keeps_the_rest(
    fox: Fox, portraits: Path, tmp_path: Path
) -> None:
    """Photos, pictures, what was made from these, thumbnails and tiles go; others' pictures and the money stay."""
    made = with_pictures(fox, portraits, tmp_path)
    half = fox.store.pictures / ".part-of-a-killed-kernel"
    half.write_bytes(made["of_her"].images[0].path.read_bytes()[:1000])
    os.utime(half, (0, 0))
    spent, before = float(fox.spent), files(fox)
    plan = fox.profiles.forget("Ada", dry_run=True)
    assert files(fox) == before
    assert (plan.done, plan.archives, plan.pictures, plan.photos) == (
        False,
        1,
        5,
        2,
    )  # the holiday, and a copy of what was edited
    gone = fox.profiles.forget("ada")
    kept = {file.split("/")[-1] for file in files(fox)}
    alone = made["alone"].images[0].path
    its_tiles = result(made["alone"].images[0], fox.store.thumbnails).tiles
    assert kept == {name for name in kept if name.startswith(alone.stem[:40]) or name == "tiles.fox"}
    assert list((fox.store.thumbnails / "tiles").iterdir()) == [its_tiles]
    assert alone.exists()
    assert fox.profiles.names() == {}
    assert float(fox.spent) == spent
    assert (gone.done, gone.pictures) == (True, 5)


def test_forgetting_removes_what_was_made_of_pictures_that_lie_elsewhere(
    fox: Fox, portraits: Path, tmp_path: Path
) -> None:
    """Comparing keeps tiles of an original and the copy of a linked one, a panel small pictures: these go as well."""

    def shown() -> set[str]:
        return {file for file in files(fox) if not file.startswith("thumbnails/numbers/")}  # those show nobody

    profile = trained(fox, portraits).profile_id
    link = fox.generate(f"[[{profile}]] in a library").wait(60).images[0].url
    alone = fox.generate("a red fox in the snow").wait(60)
    fox.compare_enhance(alone.images[0].url, [0.5], [0.5]).run()
    before = shown()
    photo = portrait(art.invented("ada"), (300, 300), seed=99)
    for name in ("holiday.png", "the same.png"):
        photo.save(tmp_path / name)
        cached_thumbnail(tmp_path / name, fox.store.thumbnails)
        fox.enhance(tmp_path / name, "1K", profile_ids=[profile]).wait(60)
    for original in (tmp_path / "holiday.png", link):
        fox.compare_enhance(original, [0.5], [0.5], profile_ids=[profile]).run()
    places = {file.rpartition("/")[0].split("/")[1] for file in shown() - before if file.count("/") > 1}
    assert places == {"originals", "tiles"}
    fox.profiles.forget(profile)
    assert shown() <= before
    assert alone.images[0].path.exists()
    assert sum(file.startswith("thumbnails/originals/") for file in shown()) == 1


def test_forgetting_reaches_recordings(open_fox: Callable[..., Fox], portraits: Path, tmp_path: Path) -> None:
    """What a replayed recording has put into the store goes, too, from either side; no recording holds a profile."""
    for number in range(2):
        fox = open_fox(store=tmp_path / f"runs {number}")
        profile = trained(fox, portraits).profile_id
        portrait = fox.generate(f"[[{profile}]] in the snow").wait(60)
        fox.enhance(portrait.images[0], resolution="1K").wait(60)
        recorded = fox.store.export(tmp_path / f"lesson {number}.foxpack").path
        replay = fox_nb.Fox(replay=recorded, store=fox.store.folder)
        assert len(replay.tasks()) == 3
        assert replay.profiles["Ada"].id == profile
        said = repr((fox, replay)[number].profiles.forget(profile))
        assert files(fox) == set()
        assert "Kept" not in said
        assert "The gateway pack" not in said
        assert f"The sandbox still holds the trained profile {profile}" in said
        assert replay.profiles.names() == fox.profiles.names() == {}
        replay.close()


def test_the_journal_stays_consistent(open_fox: Callable[..., Fox], portraits: Path, tmp_path: Path) -> None:
    """A forgotten picture's row says what became of it, in this kernel and the next; nothing is sent by asking again."""
    fox = open_fox()
    made = with_pictures(fox, portraits, tmp_path)
    prompt = made["of_her"].request["prompt"]
    fox.profiles.forget("Ada")
    for name in ("training", "of_her", "from_it", "from_that", "holiday", "with_her"):
        assert made[name].status == "failed"
        assert "forgotten" in made[name].error.what
        assert made[name].images == []
    assert made["alone"].status == "completed"
    later = open_fox()
    assert sorted(task.status for task in later.tasks()) == ["completed"] + ["failed"] * 6
    with pytest.raises(TaskFailed, match="forgotten"):
        later.generate(prompt).wait(60)
    assert later.profiles.trainings == []


def test_what_the_gateway_still_holds_is_said(fox: Fox, portraits: Path) -> None:
    """The profile, by its id, and the uploads until their hour; and the notebooks that nobody can reach."""
    task = trained(fox, portraits)
    said = repr(fox.profiles.forget("Ada"))
    assert f"still holds the trained profile {task.profile_id}" in said
    assert "72 hours after the upload" in said
    assert "Saved notebooks" in said
    with pytest.raises(InvalidRequest, match="no profile 'Ada' in this folder"):
        fox.profiles.forget("Ada")


def test_the_same_photos_after_forgetting_are_trained_knowingly_only(fox: Fox, sandbox: Any, portraits: Path) -> None:
    """Restart & Run All after forgetting says so and sends nothing; another take trains, and is paid."""
    trained(fox, portraits)
    fox.profiles.forget("Ada")
    with pytest.raises(InvalidRequest, match=r"forgotten here.*take=2"):
        fox.profiles.train(portraits, "Ada", agreed=True)
    assert files(fox) == set()
    assert len(sandbox.creations) == 1
    assert trained(fox, portraits, take="new").take == 2
    assert len(sandbox.creations) == 2


def test_photos_of_two_profiles_stay_until_both_are_forgotten(fox: Fox, portraits: Path) -> None:
    """The archive that another profile was trained on is named as kept, and goes with the last of them."""
    trained(fox, portraits)
    trained(fox, portraits, "Ada again", take=2)
    first = fox.profiles.forget("Ada")
    (archive,) = fox.store.sources.iterdir()
    assert archive.name in repr(first)
    assert first.archives == 0
    assert list(fox.profiles.names().values()) == ["Ada again"]
    assert fox.profiles.forget("Ada again").archives == 1
    assert files(fox) == set()


def test_nothing_is_forgotten_while_something_is_under_way(fox: Fox, sandbox: Any, portraits: Path) -> None:
    """What is being made would land after all, so it is refused until that is over, and the plan says it."""
    task = trained(fox, portraits)
    sandbox.set(speed=1)
    fox.generate(f"[[{task.profile_id}]] at sea")
    before = files(fox)
    with pytest.raises(InvalidRequest, match=r"1 request with Ada.*nothing was removed"):
        fox.profiles.forget("Ada")
    assert "in progress" in repr(fox.profiles.forget("Ada", dry_run=True))
    assert files(fox) == before
    assert "Ada" in fox.profiles


def test_a_file_that_cannot_be_removed_leaves_the_journal_as_it_was(
    fox: Fox, portraits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says which; forgetting again goes on."""
    task = trained(fox, portraits)
    fox.generate(f"[[{task.profile_id}]] at sea").wait(60)

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        with pytest.raises(StoreError, match="Permission denied"):
            fox.profiles.forget("Ada")
    assert "Ada" in fox.profiles
    assert [one.status for one in fox.tasks()] == ["completed", "completed"]
    fox.profiles.forget("Ada")
    assert files(fox) == set()


def test_the_photos_of_a_training_that_came_to_nothing_can_be_forgotten(
    fox: Fox, sandbox: Any, portraits: Path
) -> None:
    """By its name; no trained profile is said to be held anywhere."""
    sandbox.misbehave("failed", times=1)
    with pytest.raises(TaskFailed):
        trained(fox, portraits)
    gone = fox.profiles.forget("Ada")
    assert gone.archives == 1
    assert "trained profile" not in repr(gone)
    assert files(fox) == set()
    assert fox.profiles.trainings == []


@pytest.mark.parametrize("nobody", ["", " ", "[[]]", "[[ ]]", None, ["a"], "its id"])
def test_nobody_in_particular_is_forgotten(fox: Fox, sandbox: Any, nobody: Any) -> None:
    """What names no profile, like the id of a training that is not done, is refused, and every picture stays."""
    fox.generate("a red fox in the snow").wait()
    sandbox.set(speed=1)
    training, before = fox.create_profile("https://photos.example/ada.zip"), files(fox)
    for options in ({"dry_run": True}, {}):
        with pytest.raises(InvalidRequest, match="name or id"):
            fox.profiles.forget(training.profile_id if nobody == "its id" else nobody, **options)
    assert files(fox) == before
    assert [task.status for task in fox.tasks(text="red fox")] == ["completed"]


def test_two_kernels_forget_at_once(open_fox: Callable[..., Fox], portraits: Path) -> None:
    """Both come to the same end: one forgets, the other finds nothing more or forgets nothing."""
    foxes = [open_fox(), open_fox()]
    profile = trained(foxes[0], portraits).profile_id
    ends: list[Any] = []

    def forget(fox: Fox) -> None:
        try:
            ends.append(fox.profiles.forget(profile).archives)
        except InvalidRequest:
            ends.append(0)

    threads = [threading.Thread(target=forget, args=(fox,)) for fox in foxes]
    for thread in threads:
        thread.start()
    ended(*threads)
    assert sorted(ends) == [0, 1]
    assert files(foxes[0]) == set()


def test_trained_profiles_of_an_experiment_are_counted(fox: Fox, portraits: Path, tmp_path: Path) -> None:
    """A sweep and a batch of trainings say how many are done, and stand there without pictures."""
    archive = tmp_path / "ada.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for photo in portraits.glob("*.jpg"):
            packed.write(photo, photo.name)
    for made in (
        fox.sweep("phota-create-profile", image_archive_url=[archive], per_second=200),
        fox.batch([{"image_archive_url": str(archive)}], "phota-create-profile"),
    ):
        assert "1 picture, 1 made" in repr(made.run(confirm=True))
        assert pages.how_far(made) == "1 of 1 done"
        assert "Call .run()" not in pages.page(made)
