"""Metrics: each number moves the way its explanation says, and says so when it can't be had."""

from __future__ import annotations

import io
import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from fox_nb.errors import ExtraMissing, FoxError
from fox_nb.images import metrics, tiles
from fox_nb.images.metrics import EXPLANATIONS
from fox_nb.images.prepare import prepare


@pytest.fixture
def original(tmp_path):
    """A picture with soft and hard edges and some texture, 600x400."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:400, 0:600]
    base = np.stack([x * 255 / 600, y * 255 / 400, 128 + 90 * np.sin(x / 9) * np.cos(y / 7)], axis=-1)
    image = Image.fromarray(np.clip(base + rng.normal(0, 6, base.shape), 0, 255).astype(np.uint8))
    image.save(tmp_path / "original.png")
    return tmp_path / "original.png"


def measure(picture, original):
    numbers, note = metrics.measure(picture, original)
    return SimpleNamespace(**numbers, note=note)


def variant(original, change, name="variant.png"):
    path = original.with_name(name)
    with Image.open(original) as image:
        change(image).save(path)
    return path


@pytest.mark.parametrize("suffix", ["tif", "png"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_turned_original_is_measured_as_it_is_seen(original, suffix, orientation):
    """EXIF's turn is applied once, whoever applies it: the same pixels stay the same."""
    back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = original.with_name(f"turned.{suffix}")
    with Image.open(original) as image:
        (image.transpose(back[orientation]) if orientation in back else image).save(turned, exif=exif)
    assert measure(original, turned).psnr == math.inf


def test_the_picture_itself_is_as_close_as_can_be(original):
    """Measured against itself a picture has infinite PSNR, SSIM 1, the same sharpness and no colour shift."""
    result = measure(original, original)
    assert result.psnr == math.inf
    assert result.ssim == pytest.approx(1)
    assert result.sharpness == pytest.approx(1)
    assert result.colour_shift == pytest.approx(0)
    assert result.note == ""


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_what_differs_in_a_pixel_is_not_called_the_same(tmp_path, suffix):
    """Scaled to the measured size two large pictures may be alike that are not: the number is then of all their pixels."""
    pixels = np.full((1300, 2100, 3), 100, np.uint8)
    paths = [tmp_path / f"{name}.{suffix}" for name in ("one", "other", "copy")]
    for path, more in zip(paths, (0, 1, 0), strict=True):
        pixels[700, 900, 1] += more
        Image.fromarray(pixels).save(path)
        pixels[700, 900, 1] -= more
    one, other, copy = paths
    assert measure(one, other).psnr == pytest.approx(10 * math.log10(255**2 * pixels.size))
    assert measure(one, copy).psnr == math.inf


def test_more_noise_is_farther_away(original):
    """PSNR and SSIM fall as noise grows."""
    rng = np.random.default_rng(0)

    def noisy(amount):
        return measure(
            variant(
                original,
                lambda image: Image.fromarray(
                    np.clip(np.asarray(image) + rng.normal(0, amount, (400, 600, 3)), 0, 255).astype(np.uint8)
                ),
            ),
            original,
        )

    results = [noisy(amount) for amount in (2, 8, 30)]
    assert results[0].psnr > results[1].psnr > results[2].psnr
    assert results[0].ssim > results[1].ssim > results[2].ssim


def test_psnr_is_the_textbook_number(original):
    """One grey level off everywhere is 48.13 dB."""
    flat = original.with_name("flat.png")
    Image.new("RGB", (64, 64), (100, 100, 100)).save(flat)
    off = original.with_name("off.png")
    Image.new("RGB", (64, 64), (101, 101, 101)).save(off)
    assert measure(off, flat).psnr == pytest.approx(20 * math.log10(255))


def test_ssim_agrees_with_the_reference(original):
    """SSIM is scikit-image's, of the brightness, with the settings of the paper."""
    from skimage.metrics import structural_similarity

    blurred = variant(original, lambda image: image.filter(ImageFilter.GaussianBlur(1.5)))
    grey = [np.asarray(Image.open(path)).astype(np.float64) @ [0.299, 0.587, 0.114] for path in (blurred, original)]
    expected = structural_similarity(
        *grey, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert measure(blurred, original).ssim == pytest.approx(expected, abs=1e-3)


def test_a_large_original_warns_of_nothing(original, tmp_path, monkeypatch):
    """What was let in is cut and measured without Pillow's warning of bombs in the cell; a file cut off since is told in words."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200_000)
    assert measure(original, original).psnr == math.inf
    assert tiles.make_tiles(original, tmp_path / "tiles").width == 600
    original.write_bytes(original.read_bytes()[:500])
    for work, other in ((metrics.measure, original), (tiles.make_tiles, tmp_path / "tiles")):
        with pytest.raises(FoxError, match="not a whole PNG"):
            work(original, other)


def test_blur_lowers_sharpness_and_sharpening_raises_it(original):
    """Sharpness is below 1 for a blurred picture and above 1 for a sharpened one."""
    blurred = variant(original, lambda image: image.filter(ImageFilter.GaussianBlur(2)))
    sharpened = variant(original, lambda image: image.filter(ImageFilter.UnsharpMask(2, 150)), "s.png")
    assert measure(blurred, original).sharpness < 1 < measure(sharpened, original).sharpness


def test_colour_shift_sees_colours_and_not_texture(original):
    """Less colour shifts it much; fine noise alone hardly does."""
    grey = variant(original, lambda image: ImageEnhance.Color(image).enhance(0.4))
    rng = np.random.default_rng(0)
    noisy = variant(
        original,
        lambda image: Image.fromarray(
            np.clip(np.asarray(image) + rng.normal(0, 6, (400, 600, 3)), 0, 255).astype(np.uint8)
        ),
        "noisy.png",
    )
    assert measure(grey, original).colour_shift > 5
    assert measure(noisy, original).colour_shift < 2


@pytest.fixture
def sizes(monkeypatch):
    """The sizes at which pictures are read, as they come."""
    seen, read = [], metrics._read
    monkeypatch.setattr(metrics, "_read", lambda path, size: seen.append(size) or read(path, size))
    return seen


@pytest.mark.parametrize(
    ("picture", "edge", "size"),
    [((600, 400), 1024, (600, 400)), ((2400, 1600), 1024, (600, 400)), ((2400, 1600), 300, (300, 200))],
)
def test_both_are_scaled_to_one_size(original, picture, edge, size, sizes, monkeypatch):
    """The size is the smaller picture's, at most 1024 px, in the original's shape."""
    monkeypatch.setattr(metrics, "EDGE", edge)
    larger = variant(original, lambda image: image.resize(picture, Image.Resampling.BICUBIC))
    assert measure(larger, original).psnr > 25
    assert sizes == [size, size]


def test_a_large_original_is_brought_to_1024(tmp_path, sizes):
    """Never measured at more than 1024 px."""
    Image.effect_noise((2000, 1500), 60).convert("RGB").save(tmp_path / "a.jpg")
    assert measure(tmp_path / "a.jpg", tmp_path / "a.jpg").psnr == math.inf
    assert sizes == [(1024, 768), (1024, 768)]


def test_another_shape_gives_a_reason_instead_of_a_number(original):
    """A square beside a 3:2 original has no PSNR, SSIM or colour shift, and says why; sharpness stays."""
    square = variant(original, lambda image: image.crop((0, 0, 400, 400)))
    result = measure(square, original)
    assert (result.psnr, result.ssim, result.colour_shift) == (None, None, None)
    assert result.sharpness > 0
    assert "400 \u00d7 400" in result.note
    assert "600 \u00d7 400" in result.note


def test_rounding_of_the_sides_is_the_same_shape(original):
    """A side that a model rounded to a multiple of 16 still counts as the same shape."""
    rounded = variant(original, lambda image: image.resize((608, 400)))
    assert measure(rounded, original).ssim is not None


def test_a_turned_photo_is_measured_as_it_is_seen(original):
    """EXIF's turn is applied to both before they are compared."""
    exif = Image.Exif()
    exif[0x0112] = 8
    turned = original.with_name("turned.png")
    with Image.open(original) as image:
        image.transpose(Image.Transpose.ROTATE_270).save(turned, exif=exif)
    assert measure(turned, original).psnr == math.inf


@pytest.mark.parametrize("name", ["deep.png", "deep.tiff"])
def test_sixteen_bits_are_read_as_an_upload_of_them_is(original, name):
    """A 16-bit grey original is measured by the tones that are uploaded of it, not by those that are cut off at 255."""
    with Image.open(original) as image:
        grey = image.convert("L")
    deep, flat = original.with_name(name), original.with_name("flat.png")
    Image.fromarray(np.asarray(grey).astype(np.uint16) * 257).save(deep)
    grey.save(flat)
    assert measure(flat, deep).psnr == math.inf
    with Image.open(io.BytesIO(prepare(deep).bytes_for_upload())) as sent:
        assert np.abs(np.asarray(sent.convert("L"), float) - np.asarray(grey)).mean() < 4


def test_transparent_is_white(original):
    """A transparent picture counts as it is seen on white paper."""
    clear, white = original.with_name("clear.png"), original.with_name("white.png")
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(clear)
    Image.new("RGB", (64, 64), "white").save(white)
    assert measure(clear, white).psnr == math.inf


def test_a_flat_original_has_no_sharpness_to_compare_with(original):
    """Sharpness against one flat colour is None with a reason, not a division by zero."""
    flat = original.with_name("flat.png")
    Image.new("RGB", (600, 400), "grey").save(flat)
    result = measure(original, flat)
    assert result.sharpness is None
    assert "flat" in result.note


def test_too_few_pixels_are_not_measured(tmp_path):
    """A picture of 1x1 gives no numbers and says so."""
    Image.new("RGB", (1, 1)).save(tmp_path / "a.png")
    result = measure(tmp_path / "a.png", tmp_path / "a.png")
    assert result.ssim is None
    assert "too few" in result.note


def test_a_changed_original_is_read_again(original):
    """The original is kept for the other cells of a grid only as long as its file is the same."""
    picture = variant(original, lambda image: image)
    assert measure(picture, original).psnr == math.inf
    with Image.open(original) as image:
        changed = image.filter(ImageFilter.GaussianBlur(3))
    changed.save(original)
    assert measure(picture, original).psnr < 40


def test_without_scikit_image_the_error_says_what_to_install(original, monkeypatch):
    """Without the extra the error names the words to type, and is an ImportError too."""
    for name in [name for name in sys.modules if name.split(".")[0] == "skimage"]:
        monkeypatch.delitem(sys.modules, name)

    class Refuse:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] == "skimage":
                raise ModuleNotFoundError(name)

    monkeypatch.setattr(sys, "meta_path", [Refuse(), *sys.meta_path])
    with pytest.raises(ExtraMissing, match=r'pip install "fox_nb\[metrics\]"') as caught:
        measure(original, original)
    assert isinstance(caught.value, ImportError)


def test_every_number_is_explained():
    """Each number that a table shows has its words."""
    assert set(EXPLANATIONS) == {"psnr", "ssim", "sharpness", "colour_shift"}
    assert metrics.EDGE == 1024
