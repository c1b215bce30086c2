"""Photos for a profile: what is wrong with each, what is packed, and what is not in the archive."""

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter, PngImagePlugin

from fox_nb.errors import InvalidRequest
from fox_nb.images.impressions import ALIKE, BLURRED, blur, fingerprint
from fox_nb.images.photo_archive import pack, photos_in
from fox_nb.images.photos import PhotoFact, PhotoProblem, PhotoReport, inspect
from fox_nb.render.contact_sheet import contact_sheet
from fox_nb.session.uploads import copying
from images.pictures import camera_exif, decoded, encoded, gradient, grey_profile, png_of
from portraits import invented, portrait


def figure(seed: int, width: int = 1200, height: int = 1200) -> Image.Image:
    """Draw a person, another picture for each seed."""
    return portrait(invented("a sitter"), (width, height), seed=seed).convert("RGB")


@pytest.fixture(scope="module")
def sitter() -> Image.Image:
    return figure(1)


def kinds(photo: PhotoFact) -> list[str]:
    return [problem.kind for problem in photo.problems]


def test_a_good_photo_has_no_problems(sitter):
    """A sharp photo of 1K is taken as it is, with a small thumbnail of it."""
    (photo,) = inspect([encoded(sitter)]).photos
    assert (photo.width, photo.height, photo.problems) == (1200, 1200, ())
    assert 0 < len(photo.thumbnail) <= 4_000


def test_a_photo_is_shown_in_its_own_colours():
    """A scanner's grey, whose profile says that 55 of 255 is half bright, is as bright on the contact sheet as when sent."""
    (photo,) = inspect([encoded(Image.new("L", (64, 64), 55), "PNG", icc_profile=grey_profile())]).photos
    assert decoded(photo.thumbnail).getpixel((9, 9))[0] in range(126, 131)


def test_small_blurred_and_large_are_told(sitter):
    """Each weakness is one sentence, and the photo stays usable."""
    small, blurred, large = inspect(
        [
            encoded(sitter.resize((640, 480))),
            encoded(figure(2).filter(ImageFilter.GaussianBlur(9))),
            encoded(figure(3).resize((4800, 4800))),
        ]
    ).photos
    assert kinds(small) == ["small"]
    assert "640 \u00d7 480" in small.problems[0].words
    assert kinds(blurred) == ["blurred"]
    assert kinds(large)[-1] == "large"
    assert all(photo.usable for photo in (small, blurred, large))


@pytest.mark.parametrize(("width", "height", "small"), [(1376, 768, False), (1024, 1024, False), (1200, 800, True)])
def test_what_counts_as_small_is_the_number_of_pixels(sitter, width, height, small):
    """Pictures that the service itself calls 1K are not small, whatever their shape."""
    (photo,) = inspect([encoded(sitter.resize((width, height)))]).photos
    assert ("small" in kinds(photo)) is small


def test_duplicates_and_near_duplicates_are_found(sitter):
    """The same bytes are left out; the same picture written again is pointed out; another one is not."""
    first = encoded(sitter)
    photos = inspect(
        [first, first, encoded(sitter.resize((1100, 1100)), quality=60), encoded(gradient(1200, 1200))]
    ).photos
    assert [kinds(photo) for photo in photos] == [[], ["duplicate"], ["alike"], []]
    assert "photo 1" in photos[1].problems[0].words
    assert [photo.usable for photo in photos] == [True, False, True, True]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"just text",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xff\xd8\xff\xe0 nothing more",
        encoded(gradient(900, 900))[:4000],
        png_of(90_000, 90_000, rows=1),
        b"\0\0\0\x18ftypheic" + bytes(40),
    ],
    ids=["empty", "text", "svg", "broken", "cut off", "bomb", "heic"],
)
def test_hostile_files_are_problems_and_no_crashes(data, sitter):
    """What is no whole picture is one problem of that file; the photos around it are looked at."""
    bad, good = inspect([data, encoded(sitter)]).photos
    assert kinds(bad) == ["unreadable"]
    assert not bad.usable
    assert bad.problems[0].words.endswith(".")
    assert good.usable


def test_files_that_are_not_there_are_problems(tmp_path):
    """A path that leads nowhere, or to a folder, is said."""
    report = inspect([tmp_path / "gone.jpg", tmp_path])
    assert [kinds(photo) for photo in report.photos] == [["unreadable"]] * 2
    assert report.photos[0].name == "gone.jpg"


@pytest.mark.parametrize(
    ("usable", "weak", "enough", "words"),
    [
        (0, 0, False, "0 of 2 photos can be used: at least 10 are needed, 30 to 50 are best."),
        (9, 0, False, "9 of 11 photos can be used: at least 10 are needed"),
        (10, 1, True, "that is enough, and 30 to 50 would give a better likeness. 1 of them has a weakness."),
        (30, 2, True, "a good number. 2 of them have a weakness."),
        (51, 0, True, "more than the 50 that are advised"),
    ],
)
def test_the_report_says_whether_that_will_do(usable, weak, enough, words):
    """Ten at the least, thirty to fifty best."""
    out, poor = PhotoProblem("unreadable", "out", "x"), PhotoProblem("blurred", "weak", "x")
    facts = [PhotoFact(str(n), 9, 9, (poor,) if n < weak else ()) for n in range(usable)]
    report = PhotoReport((*facts, *(PhotoFact("bad", 0, 0, (out,)),) * 2))
    assert report.enough is enough
    assert words in report.summary


def test_progress_is_told():
    """Whoever shows progress hears of each photo."""
    seen = []
    inspect([b"a", b"b", b"c"], progress=seen.append)
    assert seen == [1, 2, 3]


# Impressions


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_sharp_and_blurred_lie_far_apart(seed):
    """Dim light and a smaller copy don't make a picture blurred; a blur of half a percent does."""
    picture = figure(seed)
    assert blur(picture) < BLURRED - 0.1
    assert blur(picture.point(lambda value: int(40 + value * 0.25))) < BLURRED - 0.1
    assert blur(picture.filter(ImageFilter.GaussianBlur(9))) > BLURRED


def test_a_blurred_background_does_not_make_a_portrait_blurred():
    """Only the sharpest parts count."""
    picture = figure(1)
    mask = Image.radial_gradient("L").resize(picture.size).point(lambda value: 255 if value < 130 else 0)
    assert blur(Image.composite(picture, picture.filter(ImageFilter.GaussianBlur(15)), mask)) < BLURRED


@pytest.mark.parametrize(
    "picture", [Image.new("RGB", (700, 700), "grey"), Image.new("L", (3, 3)), Image.new("L", (1, 900))]
)
def test_pictures_with_nothing_in_them_have_impressions_too(picture):
    """A single colour, or a handful of pixels, gives numbers and no errors."""
    assert 0 <= blur(picture) <= 1
    assert fingerprint(picture) == 0


def test_a_fingerprint_survives_scaling_and_light():
    """The same picture, smaller, brighter and compressed, stays within the distance; another one doesn't."""
    one = figure(1)
    again = Image.open(
        io.BytesIO(encoded(one.resize((300, 300)).point(lambda value: min(255, value + 20)), quality=50))
    )
    assert (fingerprint(one) ^ fingerprint(again)).bit_count() <= ALIKE
    assert (fingerprint(one) ^ fingerprint(gradient(500, 500))).bit_count() > ALIKE


# Packing


@pytest.fixture
def folder(tmp_path, sitter) -> Path:
    """A folder with photos as a phone leaves them, and other things."""
    place = tmp_path / "photos"
    place.mkdir()
    for number in (1, 2, 10):
        image = sitter.resize((1100 + number, 1000)).convert("RGB")
        exif = camera_exif(orientation=6 if number == 2 else 1)
        (place / f"IMG_{number}.jpg").write_bytes(encoded(image, exif=exif, comment=b"Ada at home"))
    glass = Image.new("RGBA", (1200, 1200), (255, 0, 0, 0))
    (place / "IMG_3.PNG").write_bytes(encoded(glass, "PNG"))
    (place / ".DS_Store").write_bytes(b"x")
    (place / "notes.txt").write_text("hello")
    (place / "more").mkdir()
    return place


def test_a_folder_is_read_in_natural_order(folder):
    """2 comes before 10; what is no picture is named, hidden files are not."""
    found = photos_in(folder)
    assert [Path(photo).name for photo in found.photos] == ["IMG_1.jpg", "IMG_2.jpg", "IMG_3.PNG", "IMG_10.jpg"]
    assert found.note == "Ignored 1 file that is no picture: notes.txt."
    with pytest.raises(InvalidRequest, match="cannot be read"):
        photos_in(folder / "gone")


def test_an_archive_holds_pixels_and_nothing_else(folder, tmp_path):
    """No maker, place, comment, name or time of a photo is in the archive; photos are upright, clear ones lie on white."""
    path = tmp_path / "photos.zip"
    name = pack(photos_in(folder).photos, path)
    data = path.read_bytes()
    assert name == hashlib.sha256(data).hexdigest()
    for trace in (b"ACME", b"Ada", b"IMG_", b"Exif", b"GPS"):
        assert trace not in data
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["01.jpg", "02.jpg", "03.jpg", "04.jpg"]
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        images = [Image.open(archive.open(name)) for name in archive.namelist()]
        assert [image.size for image in images] == [(1101, 1000), (1000, 1102), (1200, 1200), (1110, 1000)]
        assert [dict(image.getexif()) for image in images] == [{}] * 4
        assert images[2].getpixel((5, 5)) == (255, 255, 255)
    assert {place.name for place in tmp_path.iterdir()} == {"photos.zip", folder.name}


def test_the_same_photos_give_the_same_bytes(folder, tmp_path):
    """Identity is a hash of the archive, so packing twice, or from copies, gives the same one."""
    photos = photos_in(folder).photos
    one = pack(photos, tmp_path / "one.zip")
    two = pack([Path(photo).read_bytes() for photo in photos], tmp_path / "two.zip")
    assert one == two


def test_every_photo_is_written_anew_and_a_large_one_is_scaled(tmp_path, sitter):
    """No byte of a photo's file is passed on, clean as it may seem; beyond 4096 px it is scaled; no tail stays."""
    clean = encoded(sitter, quality=85)
    large = encoded(sitter.resize((5000, 2000)))
    pack([clean, large, clean + b"a film of somebody"], tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.read("01.jpg") != clean
        assert np.abs(np.asarray(decoded(archive.read("01.jpg")), float) - np.asarray(decoded(clean))).mean() < 1
        assert Image.open(archive.open("02.jpg")).size == (4096, 1638)
        assert b"film" not in archive.read("03.jpg")


def test_a_training_of_an_earlier_version_is_found_again(tmp_path, sitter):
    """The archive's name is what it was when clean photos were passed on as they were: nobody pays for it again."""
    clean, place = encoded(sitter, quality=85), encoded(sitter, exif=camera_exif(6))
    name = pack([clean, place], tmp_path / "a.zip")
    older = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive, zipfile.ZipFile(older, "w") as before:
        for member in archive.infolist():
            before.writestr(member, clean if member.filename == "01.jpg" else archive.read(member))
    assert name == hashlib.sha256(older.getvalue()).hexdigest()
    assert name != hashlib.sha256((tmp_path / "a.zip").read_bytes()).hexdigest()


def test_a_training_before_colours_were_read_is_found_again(tmp_path, sitter):
    """A PNG whose chunks say that its numbers are light is packed as it is seen, by the name that it had before."""
    said = PngImagePlugin.PngInfo()
    said.add(b"gAMA", (100_000).to_bytes(4))
    light, usual = tmp_path / "light.zip", tmp_path / "usual.zip"
    assert pack([encoded(sitter, "PNG", pnginfo=said)], light) == pack([encoded(sitter, "PNG")], usual)
    assert light.stat().st_size != usual.stat().st_size


def test_an_archive_stays_below_its_limit(tmp_path, monkeypatch):
    """Each photo has its share of the limit, and is compressed, in the end scaled, to it."""
    noisy = [encoded(Image.effect_noise((1500, 1500), 90 + n).convert("RGB"), quality=95) for n in range(3)]
    monkeypatch.setattr("fox_nb.images.photo_archive.MAX_BYTES", 900_000)
    pack(noisy, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").stat().st_size < 902_000


def test_only_usable_photos_of_a_report_are_packed(tmp_path, sitter):
    """What a report leaves out is not in the archive; with nothing left, nothing is written."""
    report = inspect([encoded(sitter), b"text", encoded(sitter)])
    pack([photo.source for photo in report.usable], tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["01.jpg"]
    for photos, words in (([], "no photos"), ([b"text"], "photo 1")):
        with pytest.raises(InvalidRequest, match=words), copying(tmp_path) as part:
            pack(photos, part)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def zipped(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_photos_come_out_of_a_zip(sitter):
    """Its pictures are looked at by their bare names, whatever folders or climbing paths they are stored under."""
    data = zipped(
        **{"../../etc/a10.jpg": encoded(sitter), "../../etc/a9.jpg": b"text", "__MACOSX/._a.jpg": b"x", "read.me": b"y"}
    )
    found = photos_in(data)
    assert found.ignored == ("read.me",)
    report = inspect(found.photos)
    assert [(photo.name, photo.usable) for photo in report.photos] == [("a9.jpg", False), ("a10.jpg", True)]


@pytest.mark.parametrize("data", [b"", b"Rar!", zipped(a=b"x")[:-9]], ids=["empty", "rar", "cut off"])
def test_what_is_no_zip_is_said(data, tmp_path):
    """Broken archives and other kinds are refused with a remedy."""
    with pytest.raises(InvalidRequest, match="not a whole ZIP archive"):
        photos_in(data)
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(InvalidRequest, match=r"a\.zip"):
        photos_in(tmp_path / "a.zip")


def test_a_zip_bomb_is_a_problem_of_its_photo(monkeypatch):
    """A member that unfolds beyond every photo's size is not unfolded to its end."""
    monkeypatch.setattr("fox_nb.images.photo_archive.LARGEST_FILE", 100_000)
    (photo,) = inspect(photos_in(zipped(**{"a.jpg": bytes(5_000_000)})).photos).photos
    assert "too large" in photo.problems[0].words


# The contact sheet


def test_a_contact_sheet_shows_each_photo_and_escapes_what_comes_from_outside(tmp_path, sitter):
    """Each photo is there with its problems in words; a name with markup stays text."""
    (tmp_path / "<img src=x onerror=alert(1)>.jpg").write_bytes(encoded(sitter))
    report = inspect([tmp_path / "<img src=x onerror=alert(1)>.jpg", b"text", encoded(sitter.resize((300, 300)))])
    html = contact_sheet(report, ignored="Ignored <1> file.")
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;.jpg" in html
    assert html.count("<li") == 3
    assert html.count("data:image/webp") == 2
    assert "left out" in html
    assert "Small: 300 \u00d7 300" in html
    assert "Ignored &lt;1&gt; file." in html


def test_fifty_photos_fit_into_a_notebook(sitter):
    """A contact sheet of fifty stays below 300 kB."""
    (fact,) = inspect([encoded(Image.effect_noise((1200, 1200), 120).convert("RGB"))]).photos
    assert len(contact_sheet(PhotoReport((fact,) * 50))) < 310_000
