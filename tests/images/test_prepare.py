"""Preparing: every kind of source, a stable identity, nothing private in what leaves, and clear refusals."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zipfile
from array import array
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from ipywidgets import FileUpload
from PIL import Image, ImageCms

from fox_nb.errors import InvalidRequest
from fox_nb.images.prepare import Limits, Prepared, prepare, prepare_archive
from fox_nb.images.thumbnail import thumbnail
from fox_nb.images.tiles import make_tiles, read_tile
from images.pictures import camera_exif, decoded, encoded, gradient, noise


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "My portrait (1).jpg"
    path.write_bytes(encoded(gradient()))
    return path


@pytest.mark.parametrize("link", ["https://example.com/a.png?x=1", "http://example.com/b", "HTTPS://example.com/ü.jpg"])
def test_links_stay_links(link):
    """A link with http or https is given on as it is, without the blanks around it."""
    assert prepare(f" {link}\n") == link


def test_clean_files_keep_their_pixels(photo):
    """A file that needs nothing keeps its name and identity, and its pixels, exactly where it was exact."""
    for kind in ("JPEG", "PNG", "WEBP"):
        photo.write_bytes(encoded(gradient(), kind))
        ready = prepare(photo)
        sent = decoded(ready.bytes_for_upload())
        assert sent.format == ("PNG" if kind == "PNG" else "JPEG")
        off = np.abs(np.asarray(sent.convert("RGB"), float) - np.asarray(decoded(photo.read_bytes()).convert("RGB")))
        assert off.max() == 0 if kind == "PNG" else off.mean() < 1
        assert ready.sha256 == hashlib.sha256(photo.read_bytes()).hexdigest()
        assert ready.facts.format == kind
        assert ready.file_name == f"My-portrait-1-{ready.sha256[:8]}{'.png' if kind == 'PNG' else '.jpg'}"


def test_every_way_to_one_file_is_one_identity(photo, monkeypatch):
    """The same bytes have one identity, by path, relative path, text, bytes, a view, or an earlier result."""
    monkeypatch.chdir(photo.parent)
    data = photo.read_bytes()
    result = SimpleNamespace(path=photo, url="https://example.com/gone.png")
    task = SimpleNamespace(images=[result])
    sources = [photo, str(photo), photo.name, data, bytearray(data), memoryview(data), result, task]
    assert len({prepare(source).sha256 for source in sources}) == 1


def test_pixels_have_one_identity_in_pil_and_numpy():
    """A PIL image and its arrays, of bytes and of floats, are the same picture; another pixel is another."""
    image = gradient()
    array = np.asarray(image)
    identity = prepare(image).sha256
    assert prepare(array).sha256 == identity
    assert prepare(array / 255.0).sha256 == identity
    assert prepare(array.astype(np.float32) / 255).sha256 == identity
    assert prepare(array.astype(np.int64)).sha256 == identity
    other = array.copy()
    other[0, 0, 0] ^= 1
    assert prepare(other).sha256 != identity


def test_identity_of_pixels_never_changes():
    """The identity of a known picture is written down here: a change would pay for old pictures again."""
    image = Image.frombytes("RGB", (2, 2), bytes(range(12)))
    known = hashlib.sha256(b"RGB 2 2 1 " + bytes(range(12)) + b"---").hexdigest()
    assert prepare(image).sha256 == known


def test_image_is_taken_as_it_is_now():
    """What a person draws on their image afterwards is not sent."""
    image = gradient()
    ready = prepare(image)
    image.paste("white", (0, 0, 320, 200))
    assert decoded(ready.bytes_for_upload()).getpixel((5, 5)) != (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I", "F", "I;16"])
def test_every_mode_of_pil_can_be_sent(mode):
    """An image in any of Pillow's modes gives a file that opens, of the same size."""
    if mode in {"I", "F", "I;16"}:
        image = gradient().convert("L").convert("I" if mode == "I;16" else mode)
        image = image.convert("I;16") if mode == "I;16" else image
    elif mode == "PA":
        image = gradient(mode="P").convert("PA")
    else:
        image = gradient(mode=mode)
    ready = prepare(image)
    sent = decoded(ready.bytes_for_upload())
    assert sent.size == (320, 200)
    assert Path(ready.file_name).suffix == ready.facts.extension == {"PNG": ".png", "JPEG": ".jpg"}[sent.format]


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1), (20, 30, 3), (20, 30, 4)])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "int32", "float32", "float64"])
def test_arrays_of_every_shape_and_kind(shape, dtype):
    """Height x width with 1, 3 or 4 channels in any usual kind of number is a picture."""
    values = np.linspace(0, 1, int(np.prod(shape))).reshape(shape)
    scale = {"bool": 1, "uint8": 255, "uint16": 65_535, "int32": 255}.get(dtype, 1)
    sent = decoded(prepare((values * scale).round(0 if scale > 1 else 9).astype(dtype)).bytes_for_upload())
    assert sent.size == (30, 20)
    assert sent.convert("L").getextrema()[1] > 200


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.zeros((3, 40, 50), "uint8"), "moveaxis"),
        (np.zeros((1, 40, 50, 3), "uint8"), r"array\[0\]"),
        (np.zeros((7, 40, 50, 3), "uint8"), "one by one"),
        (np.zeros((40, 50, 2), "uint8"), "no picture"),
        (np.zeros(40, "uint8"), "no picture"),
        (np.zeros((0, 5, 3), "uint8"), "no picture"),
        (np.full((4, 4), 200.0), "0 to 1 is meant"),
        (np.full((4, 4), -1), "0 to 255 is meant"),
        (np.full((4, 4), np.nan), "NaN"),
        (np.ma.masked_equal(np.eye(4, dtype="uint8"), 0), r"array\.filled"),
        (np.full((4, 4), 1j), "no brightness"),
        (np.array([["a", "b"]]), "no brightness"),
    ],
)
def test_arrays_that_are_no_pictures(array, word):
    """A wrong shape, kind or range is named, with what to do."""
    with pytest.raises(InvalidRequest, match=word) as caught:
        prepare(array, parameter="image_urls[0]")
    assert str(caught.value).startswith("image_urls[0]: ")
    assert caught.value.todo


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_place_and_camera_never_leave(kind):
    """EXIF, GPS, XMP and comments are gone from what is sent, and the picture stands upright."""
    secret = b"ACME"
    options = {"exif": camera_exif(6)}
    if kind in {"JPEG", "WEBP"}:
        options["xmp"] = b"<x:xmpmeta>ACME</x:xmpmeta>"
    if kind == "JPEG":
        options["comment"] = b"ACME comment"
    data = encoded(gradient(), kind, **options)
    assert secret in data
    ready = prepare(data)
    sent = ready.bytes_for_upload()
    assert secret not in sent
    image = decoded(sent)
    assert image.size == (200, 320) == (ready.facts.width, ready.facts.height)
    assert not image.getexif()
    assert prepare(data).sha256 == hashlib.sha256(data).hexdigest()


def test_texts_in_a_png_never_leave():
    """What programs write into a PNG beside its pixels stays here."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("prompt", "ACME secret")
    info.add_itxt("XML:com.adobe.xmp", "ACME")
    ready = prepare(encoded(gradient(), "PNG", pnginfo=info))
    assert b"ACME" not in ready.bytes_for_upload()
    assert decoded(ready.bytes_for_upload()).tobytes() == gradient().tobytes()


def test_second_pictures_in_a_jpeg_never_leave():
    """A phone's file with several pictures in it is sent as its first picture alone."""
    data = encoded(gradient(), "MPO", save_all=True, append_images=[gradient(64, 40)])
    assert data.count(b"\xff\xd8\xff") == 2
    assert prepare(data).bytes_for_upload().count(b"\xff\xd8\xff") == 1


def test_pil_image_of_a_photo_is_upright_and_clean():
    """A PIL image that was opened from a photo carries its EXIF data along; the upload doesn't."""
    image = Image.open(io.BytesIO(encoded(gradient(), exif=camera_exif(8))))
    ready = prepare(image)
    assert b"ACME" not in ready.bytes_for_upload()
    assert decoded(ready.bytes_for_upload()).size == (200, 320)
    assert ready.sha256 != prepare(gradient()).sha256


def test_large_pictures_are_scaled_and_compressed(monkeypatch):
    """Beyond the limits a picture is scaled down and compressed until it fits; its facts stay those of the original."""
    data = encoded(noise(1500), "PNG")
    monkeypatch.setattr("fox_nb.images.prepare.UPLOADED", Limits(long_side=1000, max_bytes=200_000))
    ready = prepare(data)
    sent = ready.bytes_for_upload()
    assert len(sent) <= 200_000
    assert max(decoded(sent).size) <= 1000
    assert ready.facts.width == 1500
    assert ready.file_name.endswith(".jpg")


def test_transparency_is_kept_within_the_limits(monkeypatch):
    """A transparent picture that is too large gets smaller, not opaque."""
    image = noise(700)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    monkeypatch.setattr("fox_nb.images.prepare.UPLOADED", Limits(max_bytes=300_000))
    sent = prepare(encoded(image, "PNG")).bytes_for_upload()
    assert len(sent) <= 300_000
    assert decoded(sent).mode == "RGBA"


def test_a_trimmed_gif_is_transparent_around_what_is_left(tmp_path):
    """Its frame is smaller than its picture, and nothing says a colour for the rest: so browsers show the page there."""
    data = bytearray(encoded(Image.new("RGB", (20, 20), (40, 200, 90)).quantize(4), "GIF"))
    frame = data.index(b",")
    data[6:10], data[frame + 1 : frame + 5] = struct.pack("<HH", 64, 48), struct.pack("<HH", 10, 5)
    (tmp_path / "a.gif").write_bytes(data)
    make_tiles(tmp_path / "a.gif", tmp_path / "tiles")
    for made in (
        prepare(tmp_path / "a.gif").bytes_for_upload(),
        thumbnail(tmp_path / "a.gif"),
        read_tile(tmp_path / "tiles", 0, 0, 0),
    ):
        pixels = np.asarray(decoded(made).convert("RGBA"), int)
        assert pixels.shape == (48, 64, 4)
        assert np.abs(pixels[10:20, 15:25] - (40, 200, 90, 255)).max() < 12
        assert pixels[:, :, 3].sum() == 400 * 255


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_formats_are_converted(kind):
    """What gateways may not know is sent as PNG or JPEG; of an animation, or a scan's pages, the first, and it is said."""
    frames = {"save_all": True, "append_images": [Image.new("RGB", (320, 200), "red")]} if kind != "BMP" else {}
    ready = prepare(encoded(gradient(), kind, **frames))
    assert ready.warning == ("What was given has several pages or frames: the first is sent." if frames else "")
    sent = decoded(ready.bytes_for_upload())
    assert sent.format in {"PNG", "JPEG"}
    off = np.abs(np.asarray(sent.convert("RGB"), float) - np.asarray(gradient()))
    assert off.mean() < 10  # the red frame of the GIF is far from it


def test_colours_are_changed_to_srgb_only_where_they_differ():
    """sRGB's own profile is left alone; CMYK is sent as RGB."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with_profile, without = (prepare(encoded(gradient(), **one)) for one in ({"icc_profile": srgb}, {}))
    assert with_profile.bytes_for_upload() == without.bytes_for_upload()
    assert decoded(prepare(encoded(gradient(mode="CMYK"))).bytes_for_upload()).mode == "RGB"


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("file:///no/such/folder/a.png", "folder /no/such/folder is not there"),
        ("FILE:/no/such/folder/a.png", "folder /no/such/folder is not there"),
        ("file://server/share/a.png", "another computer"),
        ("file://[broken/a.png", "another computer"),
        ("javascript:alert(1)", "cannot follow"),
        ("data:image/png;base64,AAAA", "not a picture"),
        ("data:image/png;base64,A", "not a whole data URL"),
        ("data:image/png", "is empty"),
        ({"name": "a.png"}, "dict does not stand"),
        (io.StringIO("a"), "open for text"),
        ("ftp://example.com/a.png", "cannot follow"),
        ("https://", "names no host"),
        ("https://exa mple.com/a.png", "not a whole link"),
        ("https://example.com/\x07", "not a whole link"),
        ("https://[broken/a.png", "names no host"),
        ("https://example.com/" + "a" * 9000, "not a whole link"),
        ("www.example.com/a.png", "If it is a link: https://"),
        ("", "empty"),
        ("  ", "empty"),
        ("no/such/folder/a.png", "folder no/such/folder is not there"),
        ("a\0b.png", "cannot be read"),
        ("x" * 10_000_000, "too long for a path"),
        (b"", "empty"),
        (b"<html>", "web page"),
        (12, "int does not stand for a picture"),
        (None, "NoneType does not stand"),
        ([], "no picture was given"),
        (FileUpload(), "no picture was given"),
        ({"bytes": None, "path": None}, "dict does not stand"),
        (array("B", bytes(9)), "not a picture that is known"),
        (Image.new("I", (4, 4), -1), "0 to 255 is meant"),
        (SimpleNamespace(path=None), "Wait for its task"),
        (SimpleNamespace(images=[1, 2]), r"task\.images\[0\]"),
    ],
)
def test_what_cannot_be_a_picture(source, word):
    """A source that is none is refused in a short error that says what to do."""
    with pytest.raises(InvalidRequest, match=word) as caught:
        prepare(source)
    assert caught.value.todo
    assert caught.value.parameter == "image_url"
    assert len(str(caught.value)) < 700


def test_near_misses_of_names_are_suggested(photo):
    """A name with a slip gets the names that were probably meant; a folder gets one of its pictures."""
    with pytest.raises(InvalidRequest, match=r"Did you mean .*My portrait \(1\)\.jpg"):
        prepare(photo.with_name("my portait (1).jpeg"))
    with pytest.raises(InvalidRequest, match=r"is a folder.*My portrait \(1\)\.jpg"):
        prepare(photo.parent)


def test_a_result_whose_file_is_gone_is_no_near_miss(photo):
    """Of a result whose file was deleted it is said how it comes back; no other picture is suggested."""
    gone = SimpleNamespace(path=photo.with_name("my portait (1).jpeg"), images=[])
    with pytest.raises(InvalidRequest, match=r"deleted \(my portait \(1\)\.jpeg\)\. .*again with \.wait\(\)"):
        prepare(SimpleNamespace(images=[gone]))


def test_empty_and_truncated_files(photo):
    """A file that is empty or cut off is refused at once, by its name."""
    whole = photo.read_bytes()
    photo.write_bytes(whole[:-500])
    with pytest.raises(InvalidRequest, match=r"My portrait \(1\)\.jpg is not a whole JPEG"):
        prepare(photo)
    photo.write_bytes(b"")
    with pytest.raises(InvalidRequest, match="is empty"):
        prepare(photo)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a system with pipes in its folders")
def test_pipes_do_not_hang(tmp_path):
    """A path that would block for ever is refused."""
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InvalidRequest, match="not a plain file"):
        prepare(tmp_path / "pipe.png")


def test_file_that_changed_is_not_sent(photo):
    """What is uploaded is what was checked and identified, or nothing."""
    ready = prepare(photo)
    photo.write_bytes(encoded(gradient(100, 100)))
    with pytest.raises(InvalidRequest, match="has changed"):
        ready.bytes_for_upload()
    photo.unlink()
    with pytest.raises(InvalidRequest, match="cannot be read"):
        ready.bytes_for_upload()


def test_truncated_pil_image_is_refused():
    """Pillow reads lazily; a damaged image is refused when it is handed over, not when it is sent."""
    data = encoded(gradient(900, 900))
    with pytest.raises(InvalidRequest, match="PIL image cannot be read"):
        prepare(Image.open(io.BytesIO(data[:-4000])))


@pytest.mark.parametrize("name", ["CON.png", "..png", "日本.png", "a" * 200 + ".png", "<b>x.png", " .png", "-rf.png"])
def test_file_names_for_the_upload_are_safe(tmp_path, name):
    """The name that is sent holds letters, digits and hyphens only, and is short."""
    path = tmp_path / name
    path.write_bytes(encoded(gradient(), "PNG"))
    sent = prepare(path).file_name
    assert sent.isascii()
    assert len(sent) < 60
    assert not set(sent) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
    assert sent.count(".") == 1
    assert sent.split(".")[0].upper() != "CON"


def archive(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, data in files.items():
            packed.writestr(name.replace("_", "."), data)
    return stream.getvalue()


def test_archives_are_packed_anew(tmp_path):
    """A ZIP with pictures is taken by path, bytes or an open file, with one identity, and sent as its photos' pixels."""
    data = archive(a_jpg=encoded(gradient(), exif=camera_exif()), b_txt=b"notes")
    path = tmp_path / "twelve photos.zip"
    path.write_bytes(data)
    by_path, by_bytes = prepare_archive(path), prepare_archive(data)
    assert isinstance(by_path, Prepared)
    assert by_path.sha256 == by_bytes.sha256 == hashlib.sha256(data).hexdigest()
    assert prepare_archive(io.BytesIO(data)).sha256 == by_path.sha256
    assert by_path.bytes_for_upload() == by_bytes.bytes_for_upload()
    with zipfile.ZipFile(io.BytesIO(by_path.bytes_for_upload())) as sent:
        assert sent.namelist() == ["01.jpg"]
        assert not decoded(sent.read("01.jpg")).getexif()
    assert by_path.file_name == f"twelve-photos-{by_path.sha256[:8]}.zip"
    assert by_path.facts is None
    assert prepare_archive("https://example.com/p.zip") == "https://example.com/p.zip"


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "not a whole ZIP"),
        (b"Rar!\x1a\x07", "not a whole ZIP"),
        (archive(a_jpg=b"x")[:-20], "not a whole ZIP"),
        (archive(notes_txt=b"x"), "holds no pictures"),
        (archive(), "holds no pictures"),
    ],
    ids=[
        "nothing",
        "RAR",
        "cut off",
        "no picture",
        "empty",
    ],  # the bytes hold the time, and workers must agree on a name
)
def test_archives_that_are_none(tmp_path, data, word):
    """What is no ZIP of pictures is refused with what to pack."""
    path = tmp_path / "photos.zip"
    path.write_bytes(data)
    for source in (path, data):
        with pytest.raises(InvalidRequest, match=word) as caught:
            prepare_archive(source)
        assert "image_archive_url" in str(caught.value)
    with pytest.raises(InvalidRequest, match="is a folder"):
        prepare_archive(tmp_path)


def test_photos_where_an_archive_is_meant_are_told_who_packs_them(tmp_path):
    """A folder, or a list of photos: the remedy is the call that takes them, and no other picture."""
    for source in (tmp_path, str(tmp_path), ["a.jpg", "b.jpg"], ("a.jpg", "b.jpg"), iter(["a.jpg", "b.jpg"])):
        with pytest.raises(InvalidRequest, match=r"where a ZIP of photos is meant.*fox\.profiles\.train"):
            prepare_archive(source)
