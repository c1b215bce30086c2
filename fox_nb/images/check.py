"""Check: what a file's bytes really are, and whether they are a whole and sane picture.

The bytes decide, never a name or a Content-Type. A picture counts as whole when Pillow decodes it to its end, and
the checksums of a PNG's pixels are right; a JPEG is decoded at an eighth of its size for that, since its whole stream
is read all the same. Limits on pixels and sides are held against the header, before any memory is taken, and of big
pictures one is decoded at a time. A picture of 1x1 is a picture. Of an animation the first frame is proven, shown and
uploaded; the file is kept as it came.
"""

from __future__ import annotations

import importlib
import io
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile, JpegImagePlugin

from fox_nb.errors import FoxError, InvalidRequest
from fox_nb.filetypes import KINDS, sniff
from fox_nb.images import turns
from fox_nb.images.inline import size_words
from fox_nb.images.pixels import as_seen, sized
from fox_nb.images.png_colours import CICP, profile_of

Source = Path | bytes
Refuse = Callable[..., FoxError]

_OTHER_THINGS = {
    b"<!doctype html": "is a web page",
    b"<html": "is a web page",
    b"<head": "is a web page",
    b"<svg": "is an SVG drawing, made of lines instead of pixels",
    b"<": "is HTML or XML text",
    b"{": "is JSON text",
    b"[": "is JSON text",
    b"%pdf": "is a PDF",
    b"pk\x03\x04": "is a ZIP archive",
}
_BYTE = 8
_FULL_RGB = b"\0\1"
"""The matrix and the range of a PNG's cICP chunk that stand for colours as they are."""
_NARROW: dict[object, int] = {"L;2": 2, "L;4": 4}
"""Bits of a PNG's greys, by Pillow's name of how they are packed."""
_SAMPLE_FORMAT, _BITS, _SIGNED = 339, 258, 2
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_KIND, _IS_SMALLER, _INSIDE = 254, 1, 330
_PLANES, _APART, _COMPRESSION, _NOT_COMPRESSED = 284, 2, 259, 1
"""TIFF's tags for numbers, what 0 is, pages within a page, planes and packing, and the values that we refuse."""
_HEAD = 512
_BIG, _BIG_JPEG = 8_000_000, 24_000_000  # JPEGs are mostly decoded at a fraction of their size

# Damaged EXIF data are no fault of the picture's, and no news for the cell that happens to run; only a filter that is
# set once is safe among threads.
warnings.filterwarnings("ignore", "Corrupt EXIF data", UserWarning, r"PIL\.")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a picture is.

    Attributes
    ----------
    format : str
        Pillow's name of the format: JPEG, PNG, WEBP, GIF; of local files also BMP, TIFF, AVIF, HEIF.
    mime, extension : str
        What belongs to the format, such as ``image/jpeg`` and ``.jpg``.
    width, height : int
        Pixels of the picture as it is seen, that is: turned upright.
    is_animated : bool
        Whether it holds more pictures than the first; they are not counted, as a small file may have millions.
    """

    format: str
    mime: str
    extension: str
    width: int
    height: int
    is_animated: bool = False


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """What is let in.

    Attributes
    ----------
    formats : tuple of str
        Formats that are taken.
    pixels, side : int
        The largest number of pixels in all, and along one side.
    """

    formats: tuple[str, ...] = ("JPEG", "PNG", "WEBP", "GIF")
    pixels: int = 64_000_000
    side: int = 20_000


DOWNLOADED = PictureLimits()
"""For what a server sent: the largest pictures of the models have 17 million pixels."""

LOCAL = PictureLimits(formats=tuple(KINDS), pixels=120_000_000)
"""For what a person hands over: cameras give 108 megapixels; formats of phones and scanners are converted."""


def check(source: Source, *, bounds: PictureLimits = LOCAL, refuse: Refuse = InvalidRequest, name: str = "") -> Facts:
    """Prove that a file or bytes are a whole and sane picture.

    Parameters
    ----------
    source : Path or bytes
        The file, or its bytes.
    bounds : PictureLimits
        What is let in: ``LOCAL`` (the default) or ``DOWNLOADED``.
    refuse : callable
        Makes the error of ``(what, todo=…)``: ``InvalidRequest`` (the default), ``DownloadFailed``, or a
        ``functools.partial`` of one.
    name : str
        What the messages call it; by default the file's name.

    Returns
    -------
    Facts
        Format, size as seen, and whether it is an animation.

    Raises
    ------
    FoxError
        The one that `refuse` makes: not a picture, not whole, too large, or a format that is not taken.
    """
    with opened(source, bounds=bounds, refuse=refuse, name=name) as picture:
        picture.decode()
        return picture.facts


class Opened:
    """A picture whose header has passed; its pixels are not decoded yet.

    Attributes
    ----------
    image : PIL.Image.Image
        Pillow's image; of an animation the first frame.
    facts : Facts
        What the header says, turned upright.
    orientation : int
        EXIF's number, 1 to 8.
    is_taken : bool
        Whether the image lives on after the block.
    """

    def __init__(self, image: Image.Image, facts: Facts, orientation: int) -> None:
        self.image = image
        self.facts = facts
        self.orientation = orientation
        self.is_taken = False

    def decode(self, edge: int = 1) -> Image.Image:
        """Decode to the end; a JPEG with no more pixels than a long side of `edge` needs."""
        if self.facts.format == "JPEG":
            longest = max(self.image.size)
            wanted = [max(1, min(side, side * edge // longest)) for side in self.image.size]
            self.image.draft(self.image.mode, (wanted[0], wanted[1]))
        self.image.load()
        return self.image

    def seen(self, edge: int) -> Image.Image:
        """Decode it as it is seen, upright, in sRGB, of eight bits, with a long side of at most `edge` pixels."""
        return as_seen(sized(self.decode(edge), edge), self.orientation, profile_of(self.image))

    def take(self) -> Image.Image:
        """Return the image, decoded, for after the block, too: of a big one a copy would be as much again."""
        self.is_taken = True
        return self.image


@contextmanager
def opened(
    source: Source, *, bounds: PictureLimits = LOCAL, refuse: Refuse = InvalidRequest, name: str = ""
) -> Iterator[Opened]:
    """Open a picture behind the checks; whatever Pillow raises inside the block becomes `refuse`'s error.

    The image lives until the block's end: make a copy of what is to stay, or take it.
    """
    name = name or (source.name if isinstance(source, Path) else "The picture")
    with _stream(source, refuse, name) as stream:
        head = stream.read(_HEAD)
        kind = sniff(head)
        if kind not in bounds.formats:
            raise refuse(f"{name} {_what_instead(head)}.", todo=f"Give a picture: {_listed(bounds.formats)}.")
        plugin = _plugin(kind, refuse, name)
        _refuse_cut_off(stream, kind, refuse, name)
        try:
            cicp, goes_on = _prove_pixels(stream) if kind == "PNG" else (b"", False)
            stream.seek(0)
            image = plugin(stream)
            if cicp[2:] == _FULL_RGB:  # browsers pass over all else
                image.info[CICP] = cicp
            _scale_clear(image)
            _refuse_too_large(image.size, bounds, refuse, name)
            refuse_misread(image, refuse, name)
            big = image.width * image.height > (_BIG_JPEG if kind == "JPEG" else _BIG)
            with turns.big.taken() if big else nullcontext():
                picture = None
                try:
                    if goes_on:
                        _read_on(image)
                    picture = _described(image, kind)
                    yield picture
                finally:  # whoever holds an error holds the image, too
                    if big and not (picture and picture.is_taken):
                        image.close()
        except FoxError:
            raise
        except Exception as error:  # a hostile file can make a decoder raise anything
            reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
            what, todo = f"{name} is not a whole {kind} picture: {reason}.", "Get the file again, or another one."
            if kind == "TIFF" and isinstance(error, SyntaxError):  # Pillow's word for numbers that it has no mode for
                what, todo = (
                    f"{name} is a TIFF of a kind that cannot be read here: {reason}.",
                    "Save it as PNG or JPEG.",
                )
            raise refuse(what, todo=todo) from error


def _prove_pixels(png: BinaryIO) -> tuple[bytes, bool]:
    """Hold a PNG's pixels against their checksums, which the decoder passes over; viewers are lenient of all else.

    Returns its cICP chunk, which Pillow passes over, too, b'' for none; and whether the file goes on behind the pixels:
    what says there how the picture is held is read with them alone.
    """
    cicp = name = b""
    png.seek(8)
    while head := png.read(8):
        left, before, name = int.from_bytes(head[:4]), name, head[4:]
        if name == b"IEND":
            return cicp, before != b"IDAT"
        if not name.isalpha():
            break
        if name == b"cICP":
            cicp = png.read(min(left, 5))
            left -= len(cicp)
        if name not in {b"IDAT", b"fdAT"}:
            png.seek(left + 4, io.SEEK_CUR)
            continue
        checksum = zlib.crc32(name)
        while part := png.read(min(left, 1 << 20)):
            checksum = zlib.crc32(part, checksum)
            left -= len(part)
        if left or png.read(4) != checksum.to_bytes(4):
            raise ValueError("its pixels are cut off or damaged")
    return cicp, True


def _read_on(png: ImageFile.ImageFile) -> None:
    """Decode a PNG for what stands behind its pixels: there it may be cut off, but Pillow tells of them only once."""
    try:
        png.load()
    except Exception as error:
        if str(error).endswith("when reading image file"):  # in these words
            raise


def _scale_clear(image: ImageFile.ImageFile) -> None:
    """Scale the grey that a PNG of 2 or 4 bits names as transparent: Pillow scales all its greys but this one."""
    if isinstance(image.info.get("transparency"), str):
        del image.info["transparency"]  # a text by that name
    clear, bits = image.info.get("transparency"), _NARROW.get(image.tile[0][3] if image.tile else None)
    if bits and isinstance(clear, int) and clear < 1 << bits:
        image.info["transparency"] = clear * 255 // ((1 << bits) - 1)


def _on_its_canvas(image: ImageFile.ImageFile) -> Image.Image:
    """Leave transparent what a GIF's frame, perhaps trimmed, leaves of its picture: Pillow fills it with a colour."""
    place = image.tile[0][1] if image.tile else None
    if place is None or place == (0, 0, *image.size) or "transparency" in image.info:
        return image
    whole = Image.new("RGBA", image.size)
    whole.paste(image.convert("RGBA").crop(place), place)
    return whole


@contextmanager
def _stream(source: Source, refuse: Refuse, name: str) -> Iterator[BinaryIO]:
    if not isinstance(source, Path):
        yield io.BytesIO(source)
        return
    try:
        stream = source.open("rb")
    except OSError as error:
        what = f"{name} cannot be read: {error.strerror}."
        raise refuse(what, todo="Check the path and its permissions.") from error
    with stream:
        yield stream


def _plugin(kind: str, refuse: Refuse, name: str) -> Callable[[BinaryIO], ImageFile.ImageFile]:
    """Give the one decoder that the bytes ask for.

    Image.open would do the same and then warn of decompression bombs, which one thread cannot silence for
    itself alone. JpegImageFile stands for itself, because Pillow's factory makes several-picture files of
    what phones take.
    """
    if kind == "JPEG":
        return JpegImagePlugin.JpegImageFile
    Image.init()
    if kind == "HEIF" and kind not in Image.OPEN:
        with suppress(ImportError):
            importlib.import_module("pillow_heif").register_heif_opener()
    if kind not in Image.OPEN:
        todo = "Save it as JPEG" + (", or: pip install pillow-heif." if kind == "HEIF" else ".")
        raise refuse(f"{name} is {_spoken(kind)}, which cannot be read here.", todo=todo)
    factory = Image.OPEN[kind][0]
    return lambda stream: factory(stream, b"")


def _described(image: ImageFile.ImageFile, kind: str) -> Opened:
    mime, extension = KINDS[kind]
    is_animated = bool(getattr(image, "is_animated", False))
    turned = orientation_of(image, as_far_as_read=True)
    facts = Facts(kind, mime, extension, *size_as_seen(image.size, turned), is_animated)
    return Opened(_on_its_canvas(image) if kind == "GIF" else image, facts, turned)


def size_as_seen(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return width and height as the picture is seen, turned upright."""
    return size if orientation < 5 else size[::-1]  # noqa: PLR2004 - 5 to 8 lie on their side


def orientation_of(image: Image.Image, *, as_far_as_read: bool = False) -> int:
    """Read how the camera was held, EXIF's 1 to 8; 1 where nothing or nonsense says so.

    A PNG is decoded for that, as it may say so behind its pixels, unless what was read so far is enough.
    """
    if image.format == "TIFF":  # which Pillow turns itself
        return 1
    try:
        exif = Image.Image.getexif(image) if as_far_as_read else image.getexif()
        value = exif.get(0x0112, 1)
    except Exception:  # noqa: BLE001 - damaged EXIF data do not make a picture bad
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1  # noqa: PLR2004 - EXIF knows eight


def _refuse_too_large(size: tuple[int, int], bounds: PictureLimits, refuse: Refuse, name: str) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise refuse(f"{name} has no pixels ({size_words(*size)}).", todo="Give another picture.")
    if max(size) > bounds.side or width * height > bounds.pixels:
        raise refuse(
            f"{name} has {size_words(*size)} pixels, more than is opened here"
            f" ({bounds.side:,} along a side, {bounds.pixels // 1_000_000} million in all).",
            todo="Make it smaller first.",
        )


def refuse_misread(image: Image.Image, refuse: Refuse, name: str) -> None:
    """Refuse a TIFF that Pillow opens as another picture, without a word; its copies have no tags to tell it by."""
    tags = getattr(image, "tag_v2", {})
    deepest = max(_numbers(tags.get(_BITS)), default=1)
    if _SIGNED in _numbers(tags.get(_SAMPLE_FORMAT)) and deepest < 32:  # noqa: PLR2004 - bits
        why = "of signed numbers, which are no brightness"
    elif tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO and deepest > _BYTE:
        why = f"in which 0 is white, of {deepest} bits, which would be read as its negative"
    elif tags.get(_PLANES) == _APART and deepest > _BYTE and tags.get(_COMPRESSION) == _NOT_COMPRESSED:
        why = f"with its colours one after the other, of {deepest} bits, which would be read as noise"
    elif tags.get(_KIND, 0) & _IS_SMALLER and _INSIDE in tags:
        why = f"that holds a camera's raw data: only its preview of {size_words(*image.size)} pixels could be read here"
    else:
        return
    raise refuse(f"{name} is a TIFF {why}.", todo="Save it as PNG or JPEG.")


def _numbers(value: object) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,) if isinstance(value, int) else ()


def _refuse_cut_off(stream: BinaryIO, kind: str, refuse: Refuse, name: str) -> None:
    """Look at the file's end where somebody told Pillow, process-wide, to take cut-off files as whole."""
    if not ImageFile.LOAD_TRUNCATED_IMAGES:
        return
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - 65_536))
    tail = stream.read()
    stream.seek(4)
    riff = int.from_bytes(stream.read(4), "little") + 8
    whole = {
        "JPEG": b"\xff\xd9" in tail,
        "PNG": b"IEND" in tail,
        "GIF": b";" in tail[-16:],
        "WEBP": size >= riff,
    }
    if not whole.get(kind, True):
        raise refuse(f"{name} is not a whole {kind} picture: its end is missing.", todo="Get the file again.")


def _what_instead(head: bytes) -> str:
    kind = sniff(head)
    if not head:
        return "is empty"
    if kind:
        return f"is {_spoken(kind)}, a format that is not taken here"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    found = next((word for sign, word in _OTHER_THINGS.items() if start.startswith(sign)), "")
    return f"{found}, not a picture" if found else "is not a picture that is known here"


def _spoken(kind: str) -> str:
    return {"WEBP": "WebP", "HEIF": "HEIC"}.get(kind, kind)


def _listed(formats: tuple[str, ...]) -> str:
    names = [_spoken(kind) for kind in formats]
    return ", ".join(names[:-1]) + f" or {names[-1]}"
