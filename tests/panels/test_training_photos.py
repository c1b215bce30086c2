"""Training photos: an archive that is picked becomes its photos; removing one is not another look at all the others."""

import errno
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from artifacts import MARKED_KEY
from fox_nb import Fox, InvalidRequest, StoreError
from fox_nb.images import photo_archive
from fox_nb.panels import training_photos
from fox_nb.panels.training_photos import TrainingPhotos
from panels.browsers import Browser
from servers import until


class Photos(TrainingPhotos):
    """Works at once, and keeps what was told."""

    def __init__(self, fox: Fox) -> None:
        self.said: list[str] = []
        super().__init__(fox.profiles, lambda work: work(), self.said.append)
        self.browser = Browser(self.picker)

    @property
    def notes(self) -> dict[str, str]:
        return {entry.name: entry.note for entry in self.picker.entries}


@pytest.fixture
def photos(sandbox: Any, tmp_path: Path) -> Iterator[Photos]:
    with Fox(api_key=MARKED_KEY, base_url=sandbox.base_url, store=tmp_path / "fox_runs") as fox:
        yield Photos(fox)


def stripes(number: int, size: int = 1024) -> bytes:
    """A sharp picture that is like no other."""
    picture = Image.new("RGB", (size, size), "white")
    for at in range(0, size, 128):
        picture.paste((at % 256, number * 20 % 256, 90), (0, at, size * (1 + (at // 128 * number) % 7) // 8, at + 64))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def archive(count: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for number in range(count):
            packed.writestr(f"inside/{number}.jpg", stripes(number))
        packed.writestr("readme.txt", "no photo")
    return stream.getvalue()


def test_a_picked_archive_becomes_its_photos(photos: Photos) -> None:
    """Each of them an entry of the list with its thumbnail; the archive itself is none."""
    photos.browser.send_file("ada.zip", archive(3), mime="application/zip")
    photos.browser.say("batch", batch="b1")
    assert [entry.name for entry in photos.picker.entries] == ["0.jpg", "1.jpg", "2.jpg"]
    assert all(entry.thumbnail for entry in photos.picker.entries)
    assert "3 of 3 photos can be used" in photos.said[-1]
    assert photos.lacking


def test_a_picked_archive_that_is_none_is_told(photos: Photos) -> None:
    """The words stand at the picker, and nothing stays in the list."""
    photos.browser.send_file("ada.zip", b"PK not really", mime="application/zip")
    photos.browser.say("batch", batch="b1")
    assert photos.picker.entries == ()
    assert "ada.zip" in photos.picker.error


def test_what_is_said_of_others_is_looked_at_again(photos: Photos, tmp_path: Path) -> None:
    """A duplicate is one no longer when its twin is taken out; where nothing mentions the twin, nobody looks again."""
    for name, data in (("a.jpg", stripes(1)), ("b.jpg", stripes(2)), ("twin.jpg", stripes(1))):
        (tmp_path / name).write_bytes(data)
        photos._take_place(str(tmp_path / name))
    assert "left out \u00b7 The same file as a.jpg" in photos.notes["twin.jpg"]
    first = photos.picker.entries[0].key
    photos.browser.say("remove", key=first)
    assert "left out" not in photos.notes["twin.jpg"]
    looked = len(photos.said)
    photos.browser.say("remove", key=photos.picker.entries[0].key)
    assert photos.said[looked:] == [photos.sheet().summary]


def test_a_photo_that_was_taken_out_is_not_trained_on(photos: Photos, tmp_path: Path) -> None:
    """What the browser shows at the press counts, although the message that one was removed comes after it."""
    for name, data in (("a.jpg", stripes(1)), ("stranger.jpg", stripes(2))):
        (tmp_path / name).write_bytes(data)
        photos._take_place(str(tmp_path / name))
    mine, _ = (entry.key for entry in photos.picker.entries)
    assert [photo.name for photo in photos.sheet([mine]).photos] == ["a.jpg"]
    with pytest.raises(InvalidRequest, match="still being uploaded"):
        photos.sheet([mine, "on its way"])


def test_a_folder_that_is_not_there_is_told(photos: Photos) -> None:
    """At the picker, as an alert."""
    photos._take_place("nowhere")
    assert "nowhere" in photos.picker.error


@pytest.mark.parametrize("way", ["picked", "typed"])
def test_what_is_not_taken_is_said(photos: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """How many photos were too many, and which files are no pictures, wherever the archive is from."""
    monkeypatch.setattr(training_photos, "MOST_PHOTOS", 2)
    if way == "picked":
        photos.browser.send_file("ada.zip", archive(5), mime="application/zip")
        photos.browser.say("batch", batch="b1")
    else:
        (tmp_path / "ada.zip").write_bytes(archive(5))
        photos._take_place(str(tmp_path / "ada.zip"))
    assert len(photos.picker.entries) == 2
    assert photos.picker.error == "At most 2 photos here: 3 were left out."
    assert photos.said[-1].endswith("Ignored 1 file that is no picture: readme.txt.")


def test_a_look_that_fails_is_told(photos: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever keeps photos from being looked at stands at the picker: nobody waits for the look."""
    (tmp_path / "a.jpg").write_bytes(stripes(1))
    monkeypatch.setattr(photos._profiles, "look", _full)
    photos._take_place(str(tmp_path / "a.jpg"))
    assert "No space left" in photos.picker.error
    assert photos.said[-1] == ""


@pytest.mark.parametrize("way", ["a press", "code"])
def test_photos_that_cannot_be_packed_are_told(
    sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """On a full disk the words say that nothing was sent, beside the button as from code."""
    monkeypatch.setattr(photo_archive, "pack", _full)
    with Fox(api_key=MARKED_KEY, base_url=sandbox.base_url, store=tmp_path / "fox_runs") as fox:
        (tmp_path / "ada.zip").write_bytes(archive(10))
        if way == "code":
            with pytest.raises(StoreError, match=r"No space left on device.*Nothing was sent"):
                fox.profiles.train(tmp_path / "ada.zip", "Ada", agreed=True)
        else:
            tab = fox.studio().profiles
            tab.photos._take_place(str(tmp_path / "ada.zip"))
            Browser(tab.press).say("press", values={"name": "Ada", "agreed": True})
            until(lambda: (tab.press.error and "No space left on device" in tab.press.error[0]) or None, "the words")
    assert not sandbox.creations


def test_what_nobody_foresaw_is_told_beside_the_profiles(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename that ends in an error of Python's own is no silence."""
    tab = fox.studio().profiles
    known = Browser(tab.known)
    monkeypatch.setattr(tab.profiles, "rename", _full)
    tab._act("rename", "p1", "Ada")
    assert "No space left" in known.of("wrong")[0]["lines"][0]


def _full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
