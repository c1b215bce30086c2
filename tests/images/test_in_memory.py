"""In memory: pictures as people have them are one and the same picture, however they are handed over."""

from __future__ import annotations

import base64
import io
import itertools
import tempfile
import unicodedata
import zipfile
from array import array
from collections import deque
from decimal import Decimal
from mmap import ACCESS_READ, mmap
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlparse, urlsplit

import ipywidgets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from IPython.display import Image as Shown
from PIL import Image
from pydantic import AnyUrl

from fox_nb import InvalidRequest
from fox_nb.images.prepare import prepare
from fox_nb.images.sources import listed
from images.pictures import encoded, gradient

RAW = encoded(gradient(66, 48), "PNG")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "a photo's ü.png"
    place.write_bytes(RAW)
    return place


def test_every_form_is_the_same_picture(path: Path) -> None:
    """Open files, what widgets and IPython hold, data: and file: URLs and paths have the identity of their bytes."""
    written = io.BytesIO()
    written.write(RAW)  # and left at its end, as after image.save(buffer)
    upload = {"name": "a.png", "type": "image/png", "size": len(RAW), "content": memoryview(RAW)}
    coded = base64.b64encode(RAW).decode()
    assert set("+/=") < set(coded), "else the data URLs below are one"
    with path.open("rb") as file, tempfile.SpooledTemporaryFile() as spooled:
        spooled.write(RAW)
        forms = [
            RAW, bytearray(RAW), memoryview(RAW), io.BytesIO(RAW), written, spooled, file,
            upload, (upload,), {"a.png": {"metadata": {}, "content": RAW}}, ipywidgets.Image(value=RAW),
            SimpleNamespace(value=(upload,), accept="image/*"), {"bytes": RAW, "path": None}, {"bytes": None, "path": str(path)},
            array("B", RAW), mmap(file.fileno(), 0, access=ACCESS_READ),
            Shown(data=RAW), Shown(filename=str(path)),
            f"data:image/png;base64,{coded}", f"DATA:;base64,{coded}\n", f" data:image/png;base64,{coded[:40]}\n{coded[40:]}",
            f"data:image/png;base64,{base64.urlsafe_b64encode(RAW).decode()}", f"data:;base64,{coded.rstrip('=')}",
            f"data:;base64,{coded[:40]}\t\f{coded[40:]}===",
            f'"data:;base64,{coded}"', f"'{path.as_uri()}'", np.void(RAW), pa.scalar(RAW), pa.scalar(str(path)),
            unicodedata.normalize("NFD", str(path)), path, str(path), f'"{path}"', f"'{path}'", f"\u202a{path}", path.as_uri(),
            f"file://localhost{path.as_uri()[7:]}", np.str_(str(path)),
        ]  # fmt: skip
        assert {prepare(form).sha256 for form in forms} == {prepare(path).sha256}
        assert file.tell() == 0
    assert written.tell() == len(RAW), "whose file it is finds it where it stood"


def test_arrays_that_hold_a_file_are_that_file(path: Path) -> None:
    """OpenCV's imencode gives a row of bytes, its older versions a column: sent as brightness it is a wrong picture, paid for."""
    row = np.frombuffer(RAW, np.uint8)
    for encoded_picture in (row, row[:, None], row[None], pd.Series(row)):
        assert prepare(encoded_picture).sha256 == prepare(path).sha256
    narrow = np.arange(200, dtype=np.uint8)[:, None]
    assert prepare(narrow).facts == prepare(Image.fromarray(narrow[:, 0][:, None])).facts, "a picture of one column"
    with pytest.raises(InvalidRequest, match=r"shape \(200,\)"):
        prepare(narrow[:, 0])


def test_a_buffer_of_height_and_width_is_an_array() -> None:
    """A view of an array, or of bytes that were given a shape, is the array's picture."""
    pixels = np.asarray(gradient(66, 48))
    for view in (memoryview(pixels), memoryview(pixels.tobytes()).cast("B", pixels.shape)):
        assert prepare(view).sha256 == prepare(pixels).sha256


def test_a_file_is_read_to_its_end_however_little_it_gives_at_a_time(path: Path) -> None:
    """A pipe without a buffer gives what has come by then; what Pillow can read needs no `seekable`."""

    class Few:
        def __init__(self) -> None:
            self._left = io.BytesIO(RAW)

        def read(self, size: int = -1) -> bytes:
            return self._left.read(min(size, 100))

    class Whole(Few):
        def seek(self, place: int) -> int:
            return self._left.seek(place)

        def tell(self) -> int:
            return self._left.tell()

    assert {prepare(Few()).sha256, prepare(Whole()).sha256} == {prepare(path).sha256}
    with zipfile.ZipFile(io.BytesIO(), "w") as none, pytest.raises(InvalidRequest, match="cannot be read"):
        prepare(none)


def test_paths_of_no_folder_here(tmp_path: Path, path: Path) -> None:
    """A file in a ZIP, in a package or in a cloud is the picture that can be read there."""
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as packed:
        packed.write(path, "a.png")
    assert prepare(zipfile.Path(tmp_path / "photos.zip", "a.png")).sha256 == prepare(path).sha256
    with pytest.raises(InvalidRequest, match=r"nope\.png cannot be read"):
        prepare(zipfile.Path(tmp_path / "photos.zip", "nope.png"))


def test_the_path_of_what_is_elsewhere_is_no_file_here(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """An open file of a cloud (as fsspec's) is read, and a library's URL is its link, whatever lies at their `path` here."""

    class InTheCloud(io.BytesIO):
        path = "photos/cat.png"

    monkeypatch.chdir(path.parent)
    (path.parent / "photos").mkdir()
    (path.parent / "photos" / "cat.png").write_bytes(encoded(gradient(9, 9), "PNG"))
    assert prepare(InTheCloud(RAW)).sha256 == prepare(path).sha256
    link = "https://example.com/photos/cat.png"
    for url in (urlsplit(link), urlparse(link), AnyUrl(link)):
        assert prepare(url) == link
    assert prepare(AnyUrl(Path("photos/cat.png").absolute().as_uri())).facts.width == 9
    with pytest.raises(InvalidRequest, match=r"cannot follow \(s3:\)"):
        prepare(AnyUrl("s3://bucket/photos/cat.png"))


@pytest.mark.parametrize(
    "raised", [TypeError("can't convert cuda:0 device type tensor"), RuntimeError("requires grad")]
)
def test_a_tensor_that_gives_no_numbers_is_refused_with_the_remedy(raised: Exception) -> None:
    """It is on a GPU, or keeps gradients: what torch raises is told in words, and nothing raw comes out."""

    class Tensor:
        shape = (8, 8, 3)

        def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
            raise raised

    with pytest.raises(InvalidRequest, match=rf"{raised}.*detach\(\)\.cpu\(\)\.numpy\(\)"):
        prepare(Tensor())


def test_what_gives_its_bytes_no_more_is_refused_in_words(path: Path) -> None:
    """A closed map of a file and a released view are no picture, and no raw error."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as closed, memoryview(RAW) as released:
        pass
    for source in (closed, released):
        with pytest.raises(InvalidRequest, match=r"cannot be read|does not stand for a picture"):
            prepare(source)


@pytest.mark.parametrize("letter", [" ", "*", "é"])
def test_a_data_url_with_a_wrong_letter_is_refused(letter: str) -> None:
    """A letter that is none of base64's, such as the blank that a + became, is refused; pixels alone would not tell it."""
    pixels = io.BytesIO()
    Image.effect_noise((64, 48), 90).save(pixels, "BMP")
    coded = base64.b64encode(pixels.getvalue() + bytes(30)).decode()  # as much as a decoder would not miss
    with pytest.raises(InvalidRequest, match="not a whole data URL"):
        prepare(f"data:image/bmp;base64,{coded[:2000]}{4 * letter}{coded[2004:]}")


def test_a_link_that_is_shown_stays_a_link() -> None:
    """An Image of a link stands for the link, be it IPython's or ipywidgets', which holds it as bytes."""
    link = "https://example.com/a.png"
    assert prepare(Shown(url=link)) == prepare(ipywidgets.Image.from_url(link)) == link


def test_columns_and_arrays_of_paths_are_their_pictures(path: Path) -> None:
    """A table's column, an index or an array of paths is a list of them; an array of numbers is one picture."""
    names = [str(path), str(path)]
    for several in (pd.Series(names), pd.Index(names), np.array(names), np.array([path, path]), tuple(names), names):
        assert list(map(str, listed(several) or [])) == names
    for several in (iter(names), (name for name in names), deque(names), {1: names[0], 2: names[1]}.values()):
        assert listed(several) == names
    assert listed(np.zeros((4, 4))) is None
    assert listed(set(names)) is None, "which has no order that stays, so that it is paid again"
    assert len(listed(itertools.repeat("a.png", 10_000)) or []) == 10_000
    with pytest.raises(InvalidRequest, match="More than 10000"):
        listed(itertools.repeat("a.png"))
    assert listed(str(path)) is None
    for one in (pd.Series(names[:1]), pd.Index(names[:1]), np.array(names[:1])):
        assert prepare(one).sha256 == prepare(path).sha256
    with pytest.raises(InvalidRequest, match="2 pictures were given"):
        prepare(pd.Series(names))


@pytest.mark.parametrize("budget", [Decimal("0.30"), np.float32(0.5), np.int64(1)])
def test_budgets_as_people_have_them(budget: object, tmp_path: Path) -> None:
    """A Decimal and NumPy's numbers are amounts; a Decimal that is no number is refused."""
    import fox_nb

    with fox_nb.Fox("sk-0123456789abcdef0123", "https://api.example", store=tmp_path / "s", budget=budget) as fox:  # type: ignore[arg-type]
        assert fox._budget == pytest.approx(float(budget))  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="budget"):
        fox_nb.Fox("sk-0123456789abcdef0123", "https://api.example", store=tmp_path / "s", budget=Decimal("NaN"))  # type: ignore[arg-type]


def test_a_picture_is_kept_while_it_is_asked_with(path: Path) -> None:
    """A picture in Pillow's hands is the same as ever."""
    assert prepare(Image.open(path)).sha256 == prepare(np.asarray(Image.open(path))).sha256
