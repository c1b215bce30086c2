"""Modes: every way in which Pillow and TIFF keep numbers is sent as what it shows, or refused in words."""

from __future__ import annotations

import io
from contextlib import suppress

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageMode, UnidentifiedImageError

from fox_nb.errors import InvalidRequest
from fox_nb.images.prepare import prepare
from images.pictures import decoded, gradient

GREY = np.tile(np.linspace(0, 255, 64).round(), (48, 1))
"""A ramp from black to white."""
COLOURS = gradient(64, 48)
MODES = ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "LA", "PA", "RGBX", "RGBa", "La"]
MODES += ["I;16", "I;16L", "I;16B", "I;16N"]
REFUSED = "refused"


def shown(source) -> np.ndarray:
    """What is uploaded, as RGB."""
    return np.asarray(decoded(prepare(source).bytes_for_upload()).convert("RGB"), float)


def in_mode(mode: str) -> tuple[Image.Image, np.ndarray]:  # noqa: PLR0911 - a table, as it is read
    """A picture in one of Pillow's modes, and what it shows."""
    grey, colour = Image.fromarray(GREY.astype("uint8")), np.asarray(COLOURS, float)
    as_seen = np.stack([GREY] * 3, axis=-1)
    if mode.startswith("I;16"):
        return Image.frombytes(
            mode, (64, 48), (GREY * 257).astype(">u2" if mode[-1] == "B" else "<u2").tobytes()
        ), as_seen
    if mode == "I":
        return Image.fromarray((GREY * 257).astype("int32")), as_seen
    if mode == "F":
        return Image.fromarray((GREY / 255).astype("float32")), as_seen
    if mode == "1":
        return grey.convert("1"), np.asarray(grey.convert("1").convert("RGB"), float)
    if mode in {"L", "LA", "La"}:
        return grey.convert("LA").convert(mode) if mode == "La" else grey.convert(mode), as_seen
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        return ImageCms.profileToProfile(COLOURS, srgb, lab, outputMode="LAB"), colour
    if mode == "RGBa":
        return COLOURS.convert("RGBA").convert("RGBa"), colour
    if mode in {"P", "PA"}:
        palette = COLOURS.quantize(64)
        return palette if mode == "P" else palette.convert("PA"), np.asarray(palette.convert("RGB"), float)
    return COLOURS.convert(mode), colour


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_pillow_shows_what_it_shows(mode):
    """A picture in whatever mode is uploaded as what it shows; colours may be off by what their conversion rounds."""
    image, seen = in_mode(mode)
    assert image.mode == mode or mode in {"I;16L", "I;16N"}
    assert np.abs(shown(image) - seen).mean() < 4


def test_no_mode_of_pillow_is_forgotten():
    """The table above holds every mode that this Pillow has, but those that it cannot make a picture of."""
    ImageMode.getmode("L")
    assert set(Image.MODES) | {mode for mode in ("La", "RGBa", "RGBX", "PA") if ImageMode.getmode(mode)} <= set(MODES)


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1"])
def test_a_transparent_colour_stays_transparent(mode):
    """A PNG that names one colour as transparent is uploaded with that colour transparent."""
    image = Image.new(mode, (64, 48), 0)
    image.paste(1 if mode in {"1", "P"} else 200 if mode == "L" else (200, 10, 10), (0, 0, 32, 48))
    if mode == "P":
        image.putpalette([0, 0, 0, 250, 250, 250])
    stream = io.BytesIO()
    image.save(stream, "PNG", transparency=(0, 0, 0) if mode == "RGB" else 0)
    sent = decoded(prepare(stream.getvalue()).bytes_for_upload())
    assert sent.mode == "RGBA"
    assert [sent.getpixel((place, 9))[3] for place in (9, 50)] == [255, 0]


def ramp(dtype: str, low: float, high: float) -> np.ndarray:
    return (low + GREY / 255 * (high - low)).astype(dtype)


SAMPLES = [
    ("uint8", 0, 255, True),
    ("int8", 0, 127, REFUSED),
    ("uint16", 0, 65535, True),
    ("uint16", 0, 255, True),
    ("uint16", 0, 4095, True),
    ("int16", 0, 32767, REFUSED),
    ("int16", -300, 300, REFUSED),
    ("uint32", 0, 255, True),
    ("uint32", 0, 65535, True),
    ("uint32", 0, 4_000_000_000, REFUSED),
    ("int32", 0, 255, True),
    ("int32", -9, 255, REFUSED),
    ("float16", 0, 1, REFUSED),
    ("float32", 0, 1, True),
    ("float32", 0, 255, True),
    ("float32", -1, 1, True),
    ("float32", 0, 4000, True),
    ("float32", np.nan, np.nan, REFUSED),
    ("float64", 0, 1, REFUSED),
]


@pytest.mark.parametrize(("dtype", "low", "high", "right"), SAMPLES)
@pytest.mark.parametrize("big", [False, True])
def test_every_sample_format_of_a_tiff(dtype, low, high, right, big):
    """A grey TIFF in each kind of number is uploaded as what it shows, or refused in words; it is never just black."""
    stream = io.BytesIO()
    tifffile.imwrite(stream, ramp(dtype, low, high), photometric="minisblack", bigtiff=big)
    judge(stream.getvalue(), np.stack([GREY] * 3, axis=-1), right)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", ">u2", "int32", ">i4", "int64"])
def test_a_mask_is_black_and_white(dtype):
    """An array of nothing but 0 and 1 is black and white in whatever kind of number; one of nothing but 0 is black."""
    mask = GREY > 127
    assert (shown(mask.astype(dtype)) == np.stack([mask * 255.0] * 3, axis=-1)).all()
    assert shown((mask * 0).astype(dtype)).max() == 0


@pytest.mark.parametrize(("kind", "high"), [("u2", 65535), ("u2", 4095), ("u2", 255), ("i4", 255), ("f4", 1)])
def test_numbers_in_the_other_order_of_bytes(kind, high):
    """What FITS and ImageJ give is the same picture as in the machine's own order."""
    first, second = (shown(ramp(order + kind, 0, high)) for order in "<>")
    assert (first == second).all()
    assert np.abs(first - np.stack([GREY] * 3, axis=-1)).mean() < 1


@pytest.mark.parametrize(
    ("dtype", "high", "right"),
    [("uint8", 255, True), ("uint16", 65535, True), ("float32", 1, REFUSED), ("uint32", 65535, REFUSED)],
)
def test_every_sample_format_of_a_colour_tiff(dtype, high, right):
    """The same for three colours."""
    stream = io.BytesIO()
    colours = np.asarray(COLOURS, float)
    tifffile.imwrite(stream, (colours / 255 * high).astype(dtype), photometric="rgb")
    judge(stream.getvalue(), colours, right)


@pytest.mark.parametrize(
    ("dtype", "high", "right"), [("uint8", 255, True), ("uint16", 65535, REFUSED), ("float32", 1, REFUSED)]
)
def test_white_may_be_nothing(dtype, high, right):
    """A TIFF in which 0 is white is not uploaded as its negative."""
    stream = io.BytesIO()
    tifffile.imwrite(stream, ((255 - GREY) / 255 * high).astype(dtype), photometric="miniswhite")
    judge(stream.getvalue(), np.stack([GREY] * 3, axis=-1), right)


@pytest.mark.parametrize(
    ("dtype", "compression", "right"), [("uint8", None, True), ("uint16", "zlib", True), ("uint16", None, REFUSED)]
)
def test_colours_may_stand_apart(dtype, compression, right):
    """A TIFF whose colours stand one after the other is not uploaded as noise."""
    stream = io.BytesIO()
    high = np.iinfo(dtype).max
    bands = np.stack([GREY / 255 * high] * 3).astype(dtype)
    tifffile.imwrite(stream, bands, photometric="rgb", planarconfig="separate", compression=compression)
    judge(stream.getvalue(), np.stack([GREY] * 3, axis=-1), right)


def test_a_raw_photo_is_not_taken_for_its_preview():
    """Cameras' DNG and NEF files are TIFFs whose first page is a small preview: that is no picture to be paid for."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as raw:
        raw.write(np.asarray(COLOURS), photometric="rgb", subfiletype=1, subifds=1)
        raw.write(np.zeros((480, 640), np.uint16), photometric=32803, subfiletype=0)
    with pytest.raises(InvalidRequest, match=r"raw data: only its preview of 64 . 48 pixels"):
        prepare(stream.getvalue())
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as pyramid:
        pyramid.write(np.asarray(COLOURS), photometric="rgb", subifds=1)
        pyramid.write(np.asarray(COLOURS)[::2, ::2], photometric="rgb", subfiletype=1)
    judge(stream.getvalue(), np.asarray(COLOURS.convert("RGB"), float), True)


def test_a_deep_transparent_grey_stays_transparent():
    """A PNG of 16 bits, one of whose greys is transparent, is so where that grey is, and nowhere else."""
    stream = io.BytesIO()
    deep = Image.fromarray((GREY * 257).astype("uint16"))
    clear = int(np.asarray(deep)[0, 0])
    deep.save(stream, "PNG", transparency=clear)
    seen = np.asarray(Image.open(io.BytesIO(prepare(stream.getvalue()).bytes_for_upload())).getchannel("A"))
    assert ((seen == 0) == (np.asarray(deep) == clear)).all()


def judge(data: bytes, seen: np.ndarray, right: object) -> None:
    """Uploaded right, or refused in words: as bytes, and as what Pillow has opened."""
    sources: list[bytes | Image.Image] = [data]
    with suppress(UnidentifiedImageError):
        sources.append(Image.open(io.BytesIO(data)))
    for source in sources:
        if right is REFUSED:
            with pytest.raises(InvalidRequest) as refused:
                prepare(source)
            assert refused.value.todo
        else:
            assert np.abs(shown(source) - seen).mean() < 4


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0, 1.2, 200.0, 300.0, -1.0, float("nan"), float("inf")])
def test_one_number_everywhere(value):
    """A picture of a single float is that grey, beyond the greys white, or refused; nothing warns of a division."""
    image = Image.new("F", (64, 48), value)
    if np.isfinite(value):
        grey = 255 if not 0 <= value <= 255 else value * 255 if value <= 1 else value
        assert np.abs(shown(image) - grey).max() <= 1
    else:
        with pytest.raises(InvalidRequest):
            prepare(image)
