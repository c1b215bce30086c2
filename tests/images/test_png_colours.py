"""A PNG that says its colours by gAMA and cHRM is sent, shown and saved as browsers show it."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from fox_nb.images.metrics import measure
from fox_nb.images.pixels import to_srgb
from fox_nb.images.png_colours import profile_of
from fox_nb.images.prepare import prepare
from fox_nb.images.saving import save_picture
from fox_nb.images.thumbnail import thumbnail
from fox_nb.images.tiles import make_tiles, read_tile
from images.pictures import decoded, encoded

GIVEN = (40, 200, 90)
SRGB = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
DISPLAY_P3 = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
IMPOSSIBLE = (31270, 32900, 64000, 0, 64000, 33000, 64000, 33000)


def saying(
    image: Image.Image, *, gamma: int = 0, places: tuple[int, ...] = (), srgb: bool = False, cicp: tuple[int, ...] = ()
) -> bytes:
    said = PngImagePlugin.PngInfo()
    if cicp:
        said.add(b"cICP", bytes(cicp))
    if srgb:
        said.add(b"sRGB", b"\0")
    if gamma:
        said.add(b"gAMA", struct.pack(">I", gamma))
    if places:
        said.add(b"cHRM", struct.pack(">8I", *places))
    return encoded(image, "PNG", pnginfo=said)


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ({"gamma": 100_000}, (110, 229, 160)),
        ({"gamma": 100_000, "places": SRGB}, (110, 229, 160)),
        ({"gamma": 100_000, "places": IMPOSSIBLE}, (110, 229, 160)),
        ({"gamma": 55_556}, (53, 210, 109)),
        ({"gamma": 45_455, "places": DISPLAY_P3}, (0, 205, 72)),
        ({"gamma": 45_455, "places": SRGB}, GIVEN),
        ({"gamma": 45_455}, GIVEN),
        ({"gamma": 1}, GIVEN),
        ({"places": DISPLAY_P3}, GIVEN),
        ({"gamma": 100_000, "srgb": True}, GIVEN),
        ({}, GIVEN),
    ],
    ids=str,
)
def test_colours_are_those_of_a_browser(tmp_path, said, seen):
    """What Chromium 156 shows of it is what an upload, a thumbnail, a tile and a saved copy have."""
    path = tmp_path / "a.png"
    path.write_bytes(saying(Image.new("RGB", (64, 64), GIVEN), **said))
    make_tiles(path, tmp_path / "tiles")
    tile = decoded(read_tile(tmp_path / "tiles", 0, 0, 0))
    with Image.open(save_picture(path, tmp_path / "b.jpg")) as saved:
        shown = {
            "upload": decoded(prepare(path).bytes_for_upload()),
            "thumbnail": decoded(thumbnail(path)),
            "tile": to_srgb(tile, tile.info.get("icc_profile")),
            "saved": to_srgb(saved, saved.info.get("icc_profile")),
        }
        found = {name: image.convert("RGB").getpixel((9, 9)) for name, image in shown.items()}
    assert {name: pixel for name, pixel in found.items() if not np.allclose(pixel, seen, atol=5)} == {}
    assert np.allclose(found["upload"], seen, atol=1)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "I;16", "RGBA"])
def test_every_mode_has_its_own_tones(mode):
    """Light itself, of which 55 of 255 is sRGB's 128, is as bright in any of PNG's modes, and stays transparent."""
    image = Image.fromarray(np.full((64, 64), 55 * 257, np.uint16)) if mode == "I;16" else Image.new(mode, (64, 64), 0)
    if mode != "I;16":
        image = Image.new("L", (64, 64), 55).convert(mode)
    if mode in {"LA", "RGBA"}:
        image.putalpha(90)
    sent = decoded(prepare(saying(image, gamma=100_000)).bytes_for_upload())
    assert sent.convert("RGBA").getpixel((9, 9))[0] in range(126, 131)
    assert sent.convert("RGBA").getpixel((9, 9))[3] == (90 if "A" in mode else 255)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_grey_that_is_transparent_is_so_in_any_number_of_bits(bits):
    """What a PNG of few bits names as transparent is its own number, and not that of the eight bits that are made of it."""
    shades = 1 << bits
    rows = b"".join(b"\0" + bytes([shade * (255 // (shades - 1))]) * bits for shade in range(shades))
    clear = shades - 1
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 8, shades, bits, 0, 0, 0, 0)),
        (b"tRNS", struct.pack(">H", clear)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part)) for name, part in parts
    )
    for made in (prepare(data).bytes_for_upload(), thumbnail(data)):
        alphas = np.asarray(decoded(made).convert("RGBA"))[:, 0, 3]
        assert alphas[clear] == 0
        assert alphas[:clear].min() == 255


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ({"cicp": (1, 1, 0, 1), "gamma": 50_994, "places": SRGB}, (28, 197, 81)),
        ({"cicp": (1, 13, 0, 1), "gamma": 100_000}, GIVEN),
        ({"cicp": (12, 13, 0, 1), "srgb": True}, (0, 204, 73)),
        ({"cicp": (1, 8, 0, 1)}, (110, 229, 160)),
        ({"cicp": (2, 2, 0, 1), "gamma": 100_000}, (110, 229, 160)),
        ({"cicp": (1, 8), "gamma": 45_455}, GIVEN),
        ({"cicp": (12, 13, 0, 0)}, GIVEN),
    ],
    ids=str,
)
def test_what_a_film_s_frame_says_counts_first(said, seen):
    """ffmpeg writes cICP into the PNGs that it makes of films, beside a gAMA that means something else."""
    data = saying(Image.new("RGB", (64, 64), GIVEN), **said)
    assert np.allclose(decoded(prepare(data).bytes_for_upload()).convert("RGB").getpixel((9, 9)), seen, atol=2)
    assert np.allclose(decoded(thumbnail(data)).convert("RGB").getpixel((9, 9)), seen, atol=5)


def test_an_image_in_memory_is_sent_as_it_is_shown():
    """Pillow, which shows it in a notebook, knows nothing of gAMA; its identity is what it was before files were."""
    light, usual = (decoded(saying(Image.new("RGB", (64, 64), GIVEN), gamma=gamma)) for gamma in (100_000, 0))
    assert prepare(light).sha256 == prepare(usual).sha256
    assert decoded(prepare(light).bytes_for_upload()).getpixel((9, 9)) == GIVEN


@pytest.mark.parametrize("name", ["gamma", "chromaticity", "srgb", "icc_profile", "transparency", "cicp", "exif"])
def test_a_text_by_any_name_is_a_text(name):
    """Pillow puts a PNG's texts among what it says of its colours: a text called gamma is no number."""
    said = PngImagePlugin.PngInfo()
    said.add_text(name, "1.0")
    data = encoded(Image.new("RGB", (64, 64), GIVEN), "PNG", pnginfo=said)
    assert decoded(prepare(data).bytes_for_upload()).getpixel((9, 9)) == GIVEN
    assert np.allclose(decoded(thumbnail(data)).convert("RGB").getpixel((9, 9)), GIVEN, atol=5)


def test_the_same_picture_by_other_numbers(tmp_path):
    """One picture, written once in light and once in sRGB, is measured as the same."""
    light = np.linspace(0, 1, 64 * 64).reshape(64, 64)
    usual = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    for name, values, gamma in (("a", light, 100_000), ("b", usual, 0)):
        picture = Image.fromarray(np.rint(values * 255).astype(np.uint8)).convert("RGB")
        (tmp_path / f"{name}.png").write_bytes(saying(picture, gamma=gamma))
    numbers, _ = measure(tmp_path / "a.png", tmp_path / "b.png")
    assert numbers["psnr"] > 35


def test_the_profile_is_one_that_others_read():
    """ImageMagick, browsers and Pillow are handed a whole ICC profile: its size, and nothing but what it says."""
    made = profile_of(decoded(saying(Image.new("RGB", (9, 9)), gamma=55_556, places=DISPLAY_P3)))
    assert int.from_bytes(made[:4]) == len(made)
    read = ImageCms.ImageCmsProfile(io.BytesIO(made)).profile
    assert (read.xcolor_space.strip(), read.profile_description) == ("RGB", "PNG")
    assert np.allclose(read.red_primary[1][:2], (0.68, 0.32), atol=0.02)
