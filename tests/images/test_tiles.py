"""Tiles: lossless at full size, whole or not there, and made again when they are damaged."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest
from PIL import Image, ImageCms

from fox_nb.errors import FoxError, StoreError
from fox_nb.images import tiles
from fox_nb.images.thumbnail import thumbnail
from fox_nb.images.tiles import Pyramid, make_tiles, read_tile
from processes import ended


def noise(width, height, mode="RGB", seed=1):
    channels = len(mode)
    return Image.fromarray(
        np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8), mode=mode
    )


def tile_image(folder, level, x, y):
    return Image.open(io.BytesIO(read_tile(folder, level, x, y)))


def put_together(folder, pyramid, level=0, mode="RGB"):
    whole = Image.new(mode, pyramid.size(level))
    across, down = pyramid.tiles(level)
    for y in range(down):
        for x in range(across):
            whole.paste(tile_image(folder, level, x, y).convert(mode), (x * pyramid.tile, y * pyramid.tile))
    return whole


@pytest.mark.parametrize(("width", "height"), [(1, 1), (256, 256), (257, 255), (700, 1100), (1025, 300)])
def test_the_tiles_of_level_0_are_the_picture_to_the_pixel(tmp_path, width, height):
    """Put together, the tiles of level 0 are the decoded picture, whatever its size."""
    picture = noise(width, height)
    picture.save(tmp_path / "a.png")
    pyramid = make_tiles(tmp_path / "a.png", tmp_path / "tiles")
    assert (pyramid.width, pyramid.height) == (width, height)
    assert np.array_equal(put_together(tmp_path / "tiles", pyramid), picture)


@pytest.mark.parametrize("saving", [{"format": "JPEG", "quality": 80}, {"format": "WEBP", "quality": 60}])
def test_a_lossy_result_is_shown_as_it_decodes(tmp_path, saving):
    """The tiles add no loss of their own to a JPEG or WebP result."""
    noise(600, 400).save(tmp_path / "a.bin", **saving)
    pyramid = make_tiles(tmp_path / "a.bin", tmp_path / "tiles")
    with Image.open(tmp_path / "a.bin") as decoded:
        assert np.array_equal(put_together(tmp_path / "tiles", pyramid), decoded.convert("RGB"))


def test_what_is_transparent_stays_so(tmp_path):
    """A picture with transparency keeps all four channels, the colours of unseen pixels too."""
    picture = noise(600, 600, "RGBA")
    picture.save(tmp_path / "a.png")
    pyramid = make_tiles(tmp_path / "a.png", tmp_path / "tiles")
    assert np.array_equal(put_together(tmp_path / "tiles", pyramid, mode="RGBA"), picture)
    assert tile_image(tmp_path / "tiles", 1, 0, 0).mode == "RGBA"


def test_a_turned_photo_is_cut_as_it_is_seen(tmp_path):
    """EXIF's turn is applied: width and height are those that a person sees."""
    exif = Image.Exif()
    exif[0x0112] = 6
    noise(40, 20).save(tmp_path / "a.png", exif=exif)
    pyramid = make_tiles(tmp_path / "a.png", tmp_path / "tiles")
    assert (pyramid.width, pyramid.height) == (20, 40)


def test_sixteen_bits_are_scaled_not_cut_off(tmp_path):
    """A 16-bit grey picture keeps its tones: half bright stays half bright."""
    Image.fromarray(np.full((30, 30), 32_768, dtype=np.uint16)).save(tmp_path / "a.png")
    make_tiles(tmp_path / "a.png", tmp_path / "tiles")
    assert tile_image(tmp_path / "tiles", 0, 0, 0).convert("L").getpixel((3, 3)) == 128


def test_a_small_colour_profile_goes_with_each_tile(tmp_path):
    """A picture with a colour profile is shown in its own colours, tile by tile."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    noise(300, 300).save(tmp_path / "a.png", icc_profile=profile)
    make_tiles(tmp_path / "a.png", tmp_path / "tiles")
    assert tile_image(tmp_path / "tiles", 0, 1, 1).info["icc_profile"] == profile


def test_a_large_colour_profile_is_applied(tmp_path):
    """A profile that is too large for each tile changes its numbers, so that the viewer's colours are the thumbnail's."""
    raw = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = raw.index(b"rXYZ"), raw.index(b"gXYZ")
    raw[red : red + 4], raw[green : green + 4] = b"gXYZ", b"rXYZ"  # a display whose red and green are swapped
    raw = bytearray(raw.replace("sRGB".encode("utf-16-be"), "Fox!".encode("utf-16-be")).ljust(6000, b"\0"))
    raw[:4] = len(raw).to_bytes(4, "big")
    Image.new("RGB", (300, 300), (220, 30, 30)).save(tmp_path / "a.png", icc_profile=bytes(raw))
    make_tiles(tmp_path / "a.png", tmp_path / "tiles")
    tile = tile_image(tmp_path / "tiles", 0, 0, 0)
    assert "icc_profile" not in tile.info
    with Image.open(io.BytesIO(thumbnail(tmp_path / "a.png"))) as small:
        assert np.allclose(np.asarray(tile.convert("RGB"))[5, 5], np.asarray(small.convert("RGB"))[5, 5], atol=3)
    assert tile.convert("RGB").getpixel((5, 5))[1] > 200


def test_levels_halve_until_the_whole_picture_is_small():
    """A 4096 px picture has levels of 4096, 2048, 1024 and 512 px, and odd sides are rounded up."""
    assert [Pyramid(4096, 4096).size(level) for level in range(Pyramid(4096, 4096).levels)] == [
        (4096, 4096),
        (2048, 2048),
        (1024, 1024),
        (512, 512),
    ]
    assert Pyramid(1025, 3).size(1) == (513, 2)
    assert Pyramid(512, 512).levels == 1


def test_each_tile_has_one_place_of_its_own():
    """The places of all tiles are 0, 1, 2 … with no gap and no double."""
    pyramid = Pyramid(1300, 700)
    places = [
        pyramid.number(level, x, y)
        for level in range(pyramid.levels)
        for y in range(pyramid.tiles(level)[1])
        for x in range(pyramid.tiles(level)[0])
    ]
    assert places == list(range(len(places)))


@pytest.mark.parametrize("place", [(-1, 0, 0), (9, 0, 0), (0, 3, 0), (0, 0, -1)])
def test_a_tile_that_does_not_exist_is_an_index_error(tmp_path, place):
    """Asking beyond the picture is refused, not answered with another tile."""
    noise(600, 400).save(tmp_path / "a.png")
    make_tiles(tmp_path / "a.png", tmp_path / "tiles")
    with pytest.raises(IndexError):
        read_tile(tmp_path / "tiles", *place)


def test_made_once(tmp_path, monkeypatch):
    """A second call reads the sizes and decodes nothing; touching the picture changes nothing."""
    noise(600, 400).save(tmp_path / "a.png")
    first = make_tiles(tmp_path / "a.png", tmp_path / "tiles")
    (tmp_path / "a.png").touch()
    monkeypatch.setattr(tiles, "_decoded", lambda picture: pytest.fail("decoded again"))
    assert make_tiles(tmp_path / "a.png", tmp_path / "tiles") == first


def test_another_picture_under_the_same_name_is_cut_anew(tmp_path):
    """When the file's bytes have changed, its old tiles are not shown."""
    noise(300, 300, seed=1).save(tmp_path / "a.png")
    make_tiles(tmp_path / "a.png", tmp_path / "tiles")
    other = noise(300, 300, seed=2)
    other.save(tmp_path / "a.png")
    assert np.array_equal(put_together(tmp_path / "tiles", make_tiles(tmp_path / "a.png", tmp_path / "tiles")), other)


@pytest.mark.parametrize("damage", ["tile", "list", "cut short", "empty", "missing"])
def test_damage_is_mended_from_the_picture(tmp_path, damage):
    """Whatever has become of the file of tiles, a reader that knows the picture gets the right pixels."""
    picture = noise(600, 400)
    picture.save(tmp_path / "a.png")
    pyramid = make_tiles(tmp_path / "a.png", tmp_path / "tiles")
    (file,) = (tmp_path / "tiles").iterdir()
    data = bytearray(file.read_bytes())
    if damage == "tile":
        data[100] ^= 255
    elif damage == "list":
        data[-40] ^= 255
    else:
        del data[{"cut short": len(data) // 2, "empty": 0, "missing": 0}[damage] :]
    file.unlink()
    if damage != "missing":
        file.write_bytes(data)
    with pytest.raises(StoreError, match="made again"):
        read_tile(tmp_path / "tiles", 0, 0, 0)
    read_tile(tmp_path / "tiles", 0, 0, 0, picture=tmp_path / "a.png")
    assert np.array_equal(put_together(tmp_path / "tiles", pyramid), picture)


def test_many_makers_at_once_do_no_harm(tmp_path, monkeypatch):
    """Threads that ask for the same tiles share one making, and leave one file."""
    noise(900, 900).save(tmp_path / "a.png")
    made, real = [], tiles._decoded
    monkeypatch.setattr(tiles, "_decoded", lambda picture: made.append(picture) or real(picture))
    threads = [threading.Thread(target=make_tiles, args=(tmp_path / "a.png", tmp_path / "tiles")) for _ in range(6)]
    for thread in threads:
        thread.start()
    ended(*threads)
    assert len(made) == 1
    assert len(list((tmp_path / "tiles").iterdir())) == 1


def test_what_fails_leaves_nothing_behind(tmp_path):
    """A file that is no picture raises, and no half-made tiles lie about."""
    (tmp_path / "a.png").write_bytes(b"not a picture")
    with pytest.raises(FoxError, match="not a picture"):
        make_tiles(tmp_path / "a.png", tmp_path / "tiles")
    assert not list(tmp_path.glob("tiles/*"))
