"""Thumbnails: small, upright, in the right colours, free of the original's metadata, made once."""

from __future__ import annotations

import base64
import io
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageCms

from fox_nb.errors import DownloadFailed
from fox_nb.images import check
from fox_nb.images import thumbnail as thumbnails
from fox_nb.images.inline import data_uri
from fox_nb.images.pixels import as_seen, is_srgb
from fox_nb.images.prepare import prepare
from fox_nb.images.thumbnail import (
    LARGEST,
    cached_thumbnail,
    check_and_thumbnail,
    keep,
    size_for,
    thumbnail,
)
from images.pictures import camera_exif, decoded, encoded, gradient, grey_profile, noise


@pytest.mark.skipif(os.name == "nt", reason="Windows does not delete the folder that a process stands in")
def test_a_small_picture_is_seen_where_the_working_folder_was_deleted(tmp_path, monkeypatch):
    """Nothing but its own bytes is asked for: what is paid for lands wherever the process stands."""
    picture = encoded(gradient(64, 48), "PNG")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert decoded(thumbnail(picture)).size == (64, 48)


def is_reddish(pixel):
    return pixel[0] > pixel[2] + 60


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_shape_is_kept(kind):
    """A thumbnail has the picture's ratio and the edge that was asked for."""
    small = decoded(thumbnail(encoded(gradient(1376, 768), kind), edge=256))
    assert small.format == "WEBP"
    assert small.size == (256, 143)


def test_small_pictures_are_not_enlarged():
    """A picture below the edge keeps its size."""
    assert decoded(thumbnail(encoded(gradient(60, 40)))).size == (60, 40)
    assert decoded(thumbnail(encoded(gradient(1, 1)))).size == (1, 1)


@pytest.mark.parametrize(("edge", "max_bytes"), [(512, 32_000), (512, 4000), (896, 90_000), (112, 900)])
def test_limit_in_bytes_holds_for_the_worst_picture(edge, max_bytes):
    """Noise, which compresses worst, still keeps to the limit."""
    assert len(thumbnail(encoded(noise(1200)), edge=edge, max_bytes=max_bytes)) <= max_bytes


def test_sixty_four_fit_a_notebook():
    """Sixty-four thumbnails at their limit are at most 3 MB as text; two are below 300 kB."""
    for count, limit in ((64, 3_000_000), (2, 300_000), (8, 600_000)):
        _, max_bytes = size_for(count)
        assert count * max_bytes * 4 / 3 < limit


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_turned_upright(orientation):
    """However a camera was held, the thumbnail is as Pillow itself turns it."""
    from PIL import ImageOps

    data = encoded(gradient(), quality=95, exif=camera_exif(orientation))
    expected = ImageOps.exif_transpose(decoded(data))
    small = decoded(thumbnail(data))
    assert small.size == expected.size
    corner = small.convert("RGB").getpixel((3, 3))
    assert all(abs(a - b) < 24 for a, b in zip(corner, expected.getpixel((3, 3)), strict=True))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_modes_of_png(mode):
    """Every mode that a PNG may have gives a thumbnail that is neither black nor white all over."""
    image = gradient().convert("L") if mode == "I;16" else gradient(mode=mode)
    if mode == "I;16":
        image = Image.fromarray(__import__("numpy").asarray(image).astype("uint16") * 257)
    small = decoded(thumbnail(encoded(image, "PNG"))).convert("L")
    low, high = small.getextrema()
    assert high - low > 60


def test_cmyk_is_shown_in_rgb():
    """A print shop's JPEG is shown in the screen's colours."""
    small = decoded(thumbnail(encoded(gradient(mode="CMYK"))))
    assert small.mode == "RGB"


def test_transparency_stays_where_it_is_and_only_there():
    """A transparent picture stays transparent; an opaque one doesn't carry an empty channel."""
    clear = gradient(mode="RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    assert decoded(thumbnail(encoded(clear, "PNG"))).mode == "RGBA"
    assert decoded(thumbnail(encoded(gradient(mode="RGBA"), "PNG"))).mode == "RGB"


@pytest.mark.parametrize(("mode", "nothing", "ink"), [("RGB", (255, 0, 255), (20, 120, 20)), ("L", 255, 60)])
def test_a_colour_that_stands_for_nothing_is_nowhere_seen(mode, nothing, ink):
    """A PNG that names one colour as transparent has none of it at the edges of what is drawn, however small it is shown."""
    picture = Image.new(mode, (600, 400), nothing)
    picture.paste(
        ink, (100, 100, 400, 300), Image.radial_gradient("L").resize((300, 200)).point(lambda far: 255 * (far < 120))
    )
    small = decoded(thumbnail(encoded(picture, "PNG", transparency=nothing), edge=150))
    pixels = np.asarray(small.convert("RGBA"), int)
    seen = pixels[pixels[..., 3] > 128][:, :3]
    assert len(seen) > 1000
    assert np.percentile(np.abs(seen - np.array(ink)).max(axis=1), 99) < 60


def test_other_colour_spaces_become_srgb():
    """A profile that isn't sRGB changes the pixels; sRGB's own changes nothing."""
    image = Image.new("RGB", (64, 64), (200, 60, 40))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = decoded(thumbnail(encoded(image, "PNG"))).getpixel((9, 9))
    assert decoded(thumbnail(encoded(image, "PNG", icc_profile=srgb))).getpixel((9, 9)) == plain
    assert decoded(thumbnail(encoded(image, "PNG", icc_profile=lab))).size == (64, 64)
    assert decoded(thumbnail(encoded(image, "PNG", icc_profile=b"nonsense"))).getpixel((9, 9)) == plain


def test_a_profile_is_what_it_says_and_not_what_it_is_called():
    """Krita and GIMP call a profile of light itself a linear sRGB: its name is not taken for its colours."""
    raw = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert is_srgb(bytes(raw))
    red, green = raw.index(b"rXYZ"), raw.index(b"gXYZ")
    raw[red : red + 4], raw[green : green + 4] = b"gXYZ", b"rXYZ"
    picture = encoded(Image.new("RGB", (64, 64), (200, 60, 40)), "PNG", icc_profile=bytes(raw))
    for made in (thumbnail(picture), prepare(picture).bytes_for_upload()):
        assert np.allclose(decoded(made).convert("RGB").getpixel((9, 9)), (60, 200, 40), atol=4)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_is_shown_as_its_own_profile_says(mode):
    """A scanner's grey is neither sent nor shown too dark; to a picture in colours such a profile is nonsense."""
    image = Image.new("L", (64, 64), 55)
    if mode == "LA":
        image.putalpha(Image.linear_gradient("L").resize((64, 64)))
    small = decoded(thumbnail(encoded(image, "PNG", icc_profile=grey_profile())))
    assert small.getpixel((9, 60))[0] in range(126, 131)
    coloured = Image.new("RGB", (64, 64), (200, 60, 40))
    assert as_seen(coloured, 1, grey_profile()) == coloured
    coloured.putalpha(image if mode == "L" else image.getchannel("A"))
    assert as_seen(coloured, 1, grey_profile()) == coloured


def test_nothing_of_the_camera_comes_along():
    """Maker and place of a photo are not in its thumbnail."""
    made = thumbnail(encoded(gradient(), exif=camera_exif(6), comment=b"ACME comment"))
    small = decoded(made)
    assert b"ACME" not in made
    assert not small.getexif()
    assert not {"exif", "xmp", "icc_profile"} & small.info.keys()


def test_check_and_thumbnail_agree_with_each_alone():
    """The one decoding gives the same facts and the same thumbnail as two."""
    data = encoded(gradient(2000, 1000))
    facts, small = check_and_thumbnail(data)
    assert facts == check.check(data)
    assert small == thumbnail(data)
    with pytest.raises(DownloadFailed, match="not a whole"):
        check_and_thumbnail(data[:-2000])


def test_kept_thumbnail_is_used_until_the_picture_changes(tmp_path, monkeypatch):
    """A second look makes nothing; another picture under the same name gets another thumbnail."""
    path, thumbs = tmp_path / "fox.jpg", tmp_path / "thumbs"
    path.write_bytes(encoded(gradient()))
    first = cached_thumbnail(path, thumbs)
    made = []
    real = thumbnails.thumbnail
    monkeypatch.setattr(thumbnails, "thumbnail", lambda *args, **named: made.append(1) or real(*args, **named))
    assert cached_thumbnail(path, thumbs) == first
    assert not made
    path.write_bytes(encoded(Image.new("RGB", (90, 90), "green")))
    os.utime(path, ns=(1, 1))
    assert decoded(cached_thumbnail(path, thumbs)).size == (90, 90)
    assert made
    assert len(list(thumbs.iterdir())) == 2  # the largest, and the one that was asked for


def test_a_kept_thumbnail_holds_the_limit_of_who_asks(tmp_path):
    """One that was kept for a higher limit isn't given where a lower one holds, such as a saved notebook's."""
    picture = tmp_path / "picture.png"
    noise(600).save(picture)
    thumbs = tmp_path / "thumbnails"
    assert len(cached_thumbnail(picture, thumbs, 512, max_bytes=32_000)) > 19_000
    small = cached_thumbnail(picture, thumbs, 512, max_bytes=19_000)
    assert len(small) <= 19_000
    assert cached_thumbnail(picture, thumbs, 512, max_bytes=32_000) == small, "made once more by each in turn"


def test_the_picture_itself_is_decoded_once(tmp_path):
    """All sizes up to the largest are made of the largest thumbnail; of the picture again when that one is damaged."""
    path, thumbs = tmp_path / "fox.jpg", tmp_path / "thumbs"
    path.write_bytes(encoded(gradient(2000, 1000)))
    _, large = check_and_thumbnail(path, edge=LARGEST[0], max_bytes=LARGEST[1])
    keep(large, path, thumbs, LARGEST[0])
    stamp = path.stat().st_mtime_ns
    path.write_bytes(b"no picture any more")
    os.utime(path, ns=(stamp, stamp))
    assert cached_thumbnail(path, thumbs, LARGEST[0], max_bytes=LARGEST[1]) == large
    assert decoded(cached_thumbnail(path, thumbs, 384, max_bytes=16_000)).size == (384, 192)
    assert decoded(cached_thumbnail(path, thumbs, 112, max_bytes=4000)).size == (112, 56)
    path.write_bytes(encoded(gradient(2000, 1000)))
    os.utime(path, ns=(stamp, stamp))
    kept = next(file for file in thumbs.iterdir() if f"-{LARGEST[0]}-" in file.name)
    kept.write_bytes(large[:500])
    os.utime(kept, ns=(stamp, stamp))
    assert decoded(cached_thumbnail(path, thumbs, 300)).size == (300, 150)


def test_thumbnail_outlives_its_picture_and_a_move(tmp_path):
    """When the full picture was deleted its thumbnail is still shown; a store that was moved keeps its thumbnails."""
    store = tmp_path / "here"
    (store / "thumbs").mkdir(parents=True)
    (store / "fox.jpg").write_bytes(encoded(gradient()))
    first = cached_thumbnail(store / "fox.jpg", store / "thumbs")
    moved = store.rename(tmp_path / "there")
    (moved / "fox.jpg").unlink()
    assert cached_thumbnail(moved / "fox.jpg", moved / "thumbs") == first
    with pytest.raises(DownloadFailed):
        cached_thumbnail(moved / "other.jpg", moved / "thumbs")


def test_same_names_in_two_folders_do_not_meet(tmp_path):
    """Two pictures with one name in two folders have two thumbnails, and so have two edges."""
    for folder, colour in (("a", "red"), ("b", "blue")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.png").write_bytes(encoded(Image.new("RGB", (400, 400), colour), "PNG"))
    red, blue = (cached_thumbnail(tmp_path / folder / "1.png", tmp_path / "thumbs") for folder in "ab")
    assert is_reddish(decoded(red).getpixel((5, 5)))
    assert not is_reddish(decoded(blue).getpixel((5, 5)))
    assert decoded(cached_thumbnail(tmp_path / "a" / "1.png", tmp_path / "thumbs", 64)).size == (64, 64)


def test_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path):
    """A thumbnail is given even where it can't be kept."""
    path = tmp_path / "fox.jpg"
    path.write_bytes(encoded(gradient()))
    (tmp_path / "thumbs").write_text("a file stands where the folder should")
    assert decoded(cached_thumbnail(path, tmp_path / "thumbs")).size == (320, 200)


def test_many_threads_make_whole_thumbnails(tmp_path):
    """Sixteen threads that ask at once all get the same whole thumbnail, and no half-made file is left in the folder."""
    path = tmp_path / "fox.jpg"
    path.write_bytes(encoded(gradient(1200, 900)))
    with ThreadPoolExecutor(16) as pool:
        made = set(pool.map(lambda _: cached_thumbnail(path, tmp_path / "thumbs"), range(64)))
    assert len(made) == 1
    assert len(list((tmp_path / "thumbs").iterdir())) == 2


def test_data_uri_is_the_picture():
    """A data: URI holds the bytes as they are."""
    small = thumbnail(encoded(gradient()))
    head, _, text = data_uri(small).partition(",")
    assert head == "data:image/webp;base64"
    assert Image.open(io.BytesIO(base64.b64decode(text))).format == "WEBP"
