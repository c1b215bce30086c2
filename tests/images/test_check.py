"""Checking pictures: the bytes decide, the whole file must decode, and nothing takes the memory."""

from __future__ import annotations

import functools
import subprocess
import sys
import warnings
import zlib

import pytest
from PIL import GifImagePlugin, Image, ImageFile, PngImagePlugin

from fox_nb.errors import DownloadFailed, InvalidRequest
from fox_nb.images.check import DOWNLOADED, PictureLimits, check, opened
from images.pictures import camera_exif, encoded, gradient, noise, png_of
from processes import PEAK

REFUSE = {"bounds": DOWNLOADED, "refuse": DownloadFailed}


@pytest.mark.parametrize(
    ("kind", "mime", "extension"),
    [
        ("JPEG", "image/jpeg", ".jpg"),
        ("PNG", "image/png", ".png"),
        ("WEBP", "image/webp", ".webp"),
        ("GIF", "image/gif", ".gif"),
    ],
)
def test_format_comes_from_the_bytes(tmp_path, kind, mime, extension):
    """A picture is known by its bytes, whatever its file is called."""
    path = tmp_path / "picture.txt"
    path.write_bytes(encoded(gradient(), kind))
    facts = check(path, **REFUSE)
    assert (facts.format, facts.mime, facts.extension) == (kind, mime, extension)
    assert (facts.width, facts.height, facts.is_animated) == (320, 200, False)
    assert check(path.read_bytes(), **REFUSE) == facts


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>error code: 1010", "web page"),
        (b"\n  <html><script>alert(1)</script>", "web page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "SVG"),
        (b'{"error": {"message": "expired"}}', "JSON"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04" + bytes(30), "ZIP"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(30), "not a picture"),
        (b"GIF89a", "not a whole GIF"),
        (b"\xff\xd8\xff\xe0", "not a whole JPEG"),
        (b"RIFF\xff\xff\xff\x7fWEBPVP8 ", "not a whole WEBP"),
        (b"II*\x00" + bytes(40), "TIFF, a format that is not taken"),
        (b"BM is how this text starts", "not a picture"),
        (bytes(5000), "not a picture"),
    ],
)
def test_what_is_no_picture_is_named(data, word):
    """What a server sends instead of a picture is refused and named."""
    with pytest.raises(DownloadFailed, match=word):
        check(data, **REFUSE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("lenient", [False, True])
def test_truncated_files_are_refused(monkeypatch, kind, share, lenient):
    """A file that was cut off is refused, even where somebody told Pillow to be lenient."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", lenient)
    data = encoded(gradient(640, 480), kind)
    with pytest.raises(DownloadFailed, match="not a whole"):
        check(data[: int(len(data) * share)], **REFUSE)
    assert check(data, **REFUSE).width == 640


@pytest.mark.parametrize(("chunk", "lenient"), [(b"IDAT", False), (b"IDAT", True), (b"fdAT", False)])
@pytest.mark.parametrize("damage", [b"\0", bytes(200)])
def test_damaged_pngs_are_refused(monkeypatch, chunk, lenient, damage):
    """A PNG whose pixels are damaged or cut off is refused by its checksums, be it in a later frame."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", lenient)
    later = {} if chunk == b"IDAT" else {"save_all": True, "append_images": [gradient(640, 480).rotate(9)]}
    data = encoded(gradient(640, 480), "PNG", **later)
    start = data.rindex(chunk) + 400
    with pytest.raises(DownloadFailed, match="not a whole PNG"):
        check(data[:start], **REFUSE)
    with pytest.raises(DownloadFailed, match="not a whole PNG"):
        check(data[:start] + damage + data[start + len(damage) :], **REFUSE)
    assert check(data, **REFUSE).width == 640


@pytest.mark.parametrize("behind", [b"", b"\0\0\0\3tEXta\0b\xdcI\xa2;"])
def test_half_a_png_is_refused_though_its_checksums_are_right(behind):
    """Where whoever wrote it had no more than noise for its lower half, it is no whole picture, whatever stands behind it."""
    data = encoded(noise(100), "PNG")
    start, end = data.index(b"IDAT"), data.rindex(b"IEND") - 4
    body = data[start : (start + end) // 2].ljust(end - 4 - start, b"\xff")
    whole = data[:start] + body + zlib.crc32(body).to_bytes(4) + behind + data[end:]
    with pytest.raises(DownloadFailed, match="not a whole PNG"):
        check(whole, **REFUSE)


@pytest.mark.parametrize(
    "lies_behind", [b"", bytes(64), b"\xff" * 64, b"\0\0\1\0tEXtcut", b"\0\0\0\3tEXta\0bcrc?", b"IEN"]
)
@pytest.mark.parametrize("frames", [1, 2])
def test_a_png_is_as_whole_as_its_pixels(lies_behind, frames):
    """What every viewer opens is no wreck, be its end missing or a text of it damaged: the pixels are all there."""
    later = {"save_all": True, "append_images": [gradient().rotate(9)]} if frames > 1 else {}
    data = encoded(gradient(), "PNG", **later)
    end = data.rindex(b"IEND") - 4
    for tail in (b"", data[end:]):
        assert check(data[:end] + lies_behind + tail, **REFUSE).is_animated == (frames > 1)


@pytest.mark.parametrize(
    ("width", "height"), [(50_000, 10), (10, 50_000), (20_001, 1), (19_000, 19_000), (2**31 - 1, 2**31 - 1)]
)
def test_sizes_beyond_reason_are_refused_by_the_header(width, height):
    """A decompression bomb is refused by what its header claims, without a warning and without decoding."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DownloadFailed, match=r"pixels|not a whole"):
            check(png_of(width, height, rows=0), **REFUSE)


def test_pillows_bomb_warning_never_shows():
    """A picture between our limit's start and Pillow's own gives no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        facts = check(png_of(9500, 9500), bounds=PictureLimits(pixels=100_000_000))
    assert facts.width * facts.height > Image.MAX_IMAGE_PIXELS


def test_refusing_a_bomb_takes_no_memory():
    """A bomb of 400 million pixels in some kilobytes is refused within 60 MB more than Pillow's import."""
    script = (
        f"import sys\n{PEAK}"
        "from fox_nb.images.check import check, DOWNLOADED\n"
        "before = peak()\n"
        "try: check(sys.stdin.buffer.read(), bounds=DOWNLOADED)\n"
        "except Exception as e: print(type(e).__name__)\n"
        "print((peak() - before) >> 20)\n"
    )
    bomb = png_of(20_000, 20_000, rows=200)
    ended = subprocess.run([sys.executable, "-c", script], input=bomb, capture_output=True, check=True, timeout=240)
    name, grown = ended.stdout.split()
    assert name == b"InvalidRequest"
    assert int(grown) < 60


def test_one_pixel_is_a_picture():
    """1x1 is small, not wrong."""
    assert check(encoded(Image.new("RGB", (1, 1)), "PNG"), **REFUSE).width == 1


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animations_are_safe(kind):
    """Of an animation the first frame is proven, and that there are more is known."""
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "green", "blue")]
    facts = check(encoded(frames[0], kind, save_all=True, append_images=frames[1:]), **REFUSE)
    assert facts.is_animated
    assert (facts.width, facts.height) == (64, 48)


def test_frames_are_not_counted(monkeypatch):
    """A small animation with millions of frames costs no time: what is behind the second is not looked at."""
    still = encoded(Image.new("P", (1, 1)), "GIF")
    start = still.index(b",\0\0\0\0\1\0\1\0")
    seeks = []
    seek = GifImagePlugin.GifImageFile._seek
    monkeypatch.setattr(GifImagePlugin.GifImageFile, "_seek", lambda *about: (seeks.append(about), seek(*about))[1])
    assert check(still[:start] + still[start:-1] * 20_000 + b";", **REFUSE).is_animated
    assert len(seeks) < 9


@pytest.mark.parametrize("orientation", range(1, 9))
def test_size_is_as_seen(orientation):
    """A photo that lies on its side has the size that people see."""
    facts = check(encoded(gradient(), exif=camera_exif(orientation)))
    assert (facts.width, facts.height) == ((320, 200) if orientation < 5 else (200, 320))


def told_last(png, name):
    """Move a chunk behind the pixels, where PNG's specification lets it stand, too."""
    start = png.index(name) - 4
    end = start + 12 + int.from_bytes(png[start : start + 4])
    return png[:start] + png[end:-12] + png[start:end] + png[-12:]


def of_xmp():
    about = PngImagePlugin.PngInfo()
    about.add_itxt("XML:com.adobe.xmp", '<x:xmpmeta tiff:Orientation="6"/>')
    return {"pnginfo": about}


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(("chunk", "saved"), [(b"eXIf", {"exif": camera_exif(6)}), (b"iTXt", of_xmp())])
def test_a_png_is_turned_by_what_it_says_wherever_it_says_it(chunk, saved, last):
    """EXIF data and XMP count before the pixels and behind them; only there these are decoded for it."""
    data = encoded(gradient(), "PNG", **saved)
    with opened(told_last(data, chunk) if last else data) as found:
        assert (found.orientation, found.facts.width, found.facts.height) == (6, 200, 320)
        assert bool(found.image.tile) is not last
    with opened(encoded(gradient(), "PNG")) as found:
        assert found.image.tile


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_matter():
    """A picture with nonsense for EXIF data is still a picture."""
    assert check(encoded(gradient(), exif=b"Exif\x00\x00MM\x00*" + b"\xff" * 60)).width == 320


def test_phones_pictures_are_jpegs():
    """A file that holds several JPEGs, as phones write them, counts as the first."""
    data = encoded(gradient(), "MPO", save_all=True, append_images=[gradient(32, 20)])
    assert check(data).format == "JPEG"


def test_caller_chooses_the_error(tmp_path):
    """The same fault is an InvalidRequest for a person's file and a DownloadFailed for a server's answer."""
    with pytest.raises(InvalidRequest, match="Nothing was sent") as caught:
        check(b"nothing", name="cat.jpg")
    assert "cat.jpg" in str(caught.value)
    with pytest.raises(DownloadFailed, match="The picture is paid for") as caught:
        check(b"nothing", refuse=functools.partial(DownloadFailed, money="The picture is paid for.", gone=False))
    with pytest.raises(InvalidRequest, match="cannot be read"):
        check(tmp_path / "missing.png")


def test_heic_without_its_package_says_what_to_do(monkeypatch):
    """A phone's HEIC is named, with the package that reads it."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    Image.init()
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    with pytest.raises(InvalidRequest, match="pillow-heif"):
        check(b"\x00\x00\x00\x18ftypheic" + bytes(40))
