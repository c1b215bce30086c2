"""Saving: a picture in another format looks as it did; thousands of one name are saved like others."""

import numpy as np
import pytest
from PIL import Image

from fox_nb import InvalidRequest
from fox_nb.images.saving import Folder, save_picture
from images.pictures import grey_profile


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_a_turned_photo_is_saved_as_it_is_seen(tmp_path, suffix):
    """The turn that only a JPEG's tag told is in the pixels of the other format."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "a.jpg", exif=exif)
    with Image.open(save_picture(tmp_path / "a.jpg", tmp_path / f"b.{suffix}")) as saved:
        assert (saved.size, saved.getexif().get(0x0112, 1)) == ((20, 40), 1)


@pytest.mark.parametrize("suffix", ["webp", "jpg"])
def test_sixteen_bits_keep_their_tones(tmp_path, suffix):
    """Half bright stays half bright in a format of eight bits."""
    Image.fromarray(np.full((30, 30), 32_768, dtype=np.uint16)).save(tmp_path / "a.png")
    with Image.open(save_picture(tmp_path / "a.png", tmp_path / f"b.{suffix}")) as saved:
        assert saved.convert("L").getpixel((3, 3)) in {127, 128, 129}


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_four_inks_become_three_colours(tmp_path, suffix):
    """A CMYK photo is saved in formats that have no inks."""
    Image.new("CMYK", (30, 30), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    with Image.open(save_picture(tmp_path / "a.jpg", tmp_path / f"b.{suffix}")) as saved:
        red, green, blue = saved.convert("RGB").getpixel((3, 3))
    assert red > 200
    assert max(green, blue) < 60


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_grey_of_a_profile_is_saved_as_it_is_seen(tmp_path, suffix):
    """A grey profile belongs to no format of colours: its tones are in the pixels."""
    Image.new("L", (30, 30), 55).save(tmp_path / "a.png", icc_profile=grey_profile())
    with Image.open(save_picture(tmp_path / "a.png", tmp_path / f"b.{suffix}")) as saved:
        assert saved.convert("L").getpixel((3, 3)) in range(126, 131)
        assert "icc_profile" not in saved.info


def test_a_kind_that_is_not_written_is_copied_alone(tmp_path):
    """A GIF is saved in a folder and as a GIF, and converted to what can be written; other endings are named."""
    Image.new("RGB", (30, 30), "red").save(tmp_path / "a.gif")
    (tmp_path / "out").mkdir()
    for target in ("out", "b.GIF", "c.png"):
        with Image.open(save_picture(tmp_path / "a.gif", tmp_path / target)) as saved:
            assert saved.size == (30, 30)
    with pytest.raises(InvalidRequest, match=r"ends in \.gif, \.png"):
        save_picture(tmp_path / "a.gif", tmp_path / "d.bmp")


def test_thousands_of_one_name_are_saved_like_others(tmp_path):
    """Each gets its number without counting from 1 again and, saved anew, has its own file."""

    class Stem(str):
        __slots__ = ()
        written = 0

        def __format__(self, spec):
            Stem.written += 1
            return str.__format__(self, spec)

    for number in range(100):
        (tmp_path / f"{number}.png").write_bytes(b"%d" % number)
    for _ in range(2):
        folder = Folder(tmp_path / "saved")
        names = [folder.add(tmp_path / f"{number}.png", Stem("fox")) for number in range(100)]
        assert names == ["fox.png", *(f"fox-{number}.png" for number in range(2, 101))]
    assert Stem.written <= 1000
    again = Folder(tmp_path / "saved")
    assert [again.add(tmp_path / f"{number}.png", "fox") for number in (7, 0, 7)] == [*names[7::-7], "fox-101.png"]
