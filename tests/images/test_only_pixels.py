"""Only pixels: whatever else hides in a file, none of it is in what leaves."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from fox_nb.images.photo_archive import packed
from fox_nb.images.prepare import Prepared, prepare, prepare_archive
from images.pictures import camera_exif, decoded, encoded, gradient

SECRET = b"SECRET 51.4779 N, 0.0015 W, Ada at home"
"""Hidden wherever a file has room for it; longer than chance would make it."""


def jpeg(*segments: tuple[int, bytes], tail: bytes = b"", **options) -> bytes:
    """A JPEG with these segments (their marker's second byte, their payload) behind its first one."""
    data = encoded(gradient(), "JPEG", **options)
    head = 4 + struct.unpack(">H", data[4:6])[0]
    more = b"".join(b"\xff" + bytes([kind]) + struct.pack(">H", len(body) + 2) + body for kind, body in segments)
    return data[:head] + more + data[head:] + tail


def png(*chunks: tuple[bytes, bytes], tail: bytes = b"", image: Image.Image | None = None, **options) -> bytes:
    """A PNG with these chunks before its pixels."""
    data = encoded(image or gradient(), "PNG", **options)
    more = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return data[:33] + more + data[33:] + tail


def webp(*chunks: tuple[bytes, bytes], tail: bytes = b"", **options) -> bytes:
    """A WebP with these chunks at its end, inside its RIFF."""
    data = encoded(gradient(), "WEBP", icc_profile=srgb(), **options)
    data += b"".join(kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2) for kind, body in chunks)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:] + tail


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def second() -> bytes:
    """Another picture, with the secret in its comment."""
    return encoded(Image.new("RGB", (64, 64), "blue"), "JPEG", comment=SECRET)


def frames(kind: str) -> bytes:
    """An animation whose second frame shows what the first does not."""
    return encoded(gradient(), kind, save_all=True, append_images=[Image.new("RGB", (320, 200), "lime")])


def gif() -> bytes:
    return encoded(gradient(), "GIF", comment=SECRET) + second()


def bmp() -> bytes:
    """A BMP with a gap between its header and its pixels."""
    data = encoded(gradient(), "BMP")
    start = struct.unpack("<I", data[10:14])[0]
    return data[:10] + struct.pack("<I", start + len(SECRET)) + data[14:start] + SECRET + data[start:]


def tiff() -> bytes:
    return encoded(
        gradient(), "TIFF", tiffinfo={270: SECRET.decode()}, save_all=True, append_images=[Image.new("RGB", (9, 9))]
    )


def erased() -> bytes:
    """A picture of which somebody has erased a half: the programs leave the colours where they make it transparent."""
    image = gradient().convert("RGBA")
    image.paste(Image.new("RGBA", (160, 200), (1, 254, 3, 0)), (0, 0))
    return encoded(image, "PNG")


def texts() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", SECRET.decode(), zip=True)
    info.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    return info


CARRIERS: dict[str, Callable[[], bytes]] = {
    "a JPEG behind a JPEG's end": lambda: jpeg(tail=second()),
    "bytes behind a JPEG's end": lambda: jpeg(tail=SECRET),
    "bytes behind the end, ending as a JPEG": lambda: jpeg(tail=SECRET + b"\xff\xd9"),
    "JFXX with a thumbnail": lambda: jpeg((0xE0, b"JFXX\0\x10" + second())),
    "JFIF with more than it should have": lambda: jpeg((0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\x01\x01abc" + SECRET)),
    "a faked ICC segment": lambda: jpeg((0xE2, b"ICC_PROFILE\0\x01\x01" + SECRET)),
    "ICC of sRGB with a tail": lambda: jpeg((0xE2, b"ICC_PROFILE\0\x01\x01" + srgb() + SECRET)),
    "Adobe's segment with a tail": lambda: jpeg((0xEE, b"Adobe\0\x64\0\0\0\0\x01" + SECRET)),
    "EXIF, comment, XMP and more": lambda: jpeg(
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
        (0xE5, SECRET),
        (0xED, b"Photoshop 3.0\0" + SECRET),
        exif=camera_exif(),
        comment=SECRET,
    ),
    "a phone's second picture": lambda: frames("MPO"),
    "texts in a PNG": lambda: png(pnginfo=texts(), exif=camera_exif()),
    "a PNG's own chunks": lambda: png((b"prVt", SECRET), (b"sPLT", b"a\0\x08" + SECRET), (b"tIME", SECRET[:7])),
    "a faked ICC chunk": lambda: png((b"iCCP", b"icc\0\0" + zlib.compress(SECRET))),
    "bytes behind a PNG's end": lambda: png(tail=SECRET + second()),
    "an animated PNG": lambda: frames("PNG"),
    "erased, with its colours": erased,
    "a WebP's metadata": lambda: webp((b"EXIF", SECRET), (b"XMP ", SECRET), (b"PRVT", SECRET)),
    "bytes behind a WebP's end": lambda: webp(tail=SECRET),
    "an animated WebP": lambda: frames("WEBP"),
    "a GIF with a comment and a tail": gif,
    "an animated GIF": lambda: frames("GIF"),
    "a gap in a BMP": bmp,
    "a TIFF's tags and pages": tiff,
}


def parts_of_jpeg(data: bytes) -> Iterator[tuple[int, int]]:
    """A JPEG's segments, as marker and length; what follows its end has marker 0."""
    place = 2
    while data[place] == 0xFF and data[place + 1] != 0xD9:
        kind, length = data[place + 1], struct.unpack(">H", data[place + 2 : place + 4])[0]
        yield kind, length
        place += 2 + length
        if kind == 0xDA:
            place = data.index(b"\xff\xd9", place)
    if place + 2 != len(data):
        yield 0, len(data) - place


def parts_of_png(data: bytes) -> Iterator[bytes]:
    place = 8
    while place < len(data):
        length = struct.unpack(">I", data[place : place + 4])[0]
        yield data[place + 4 : place + 8]
        place += 12 + length


def judge(sent: bytes) -> None:
    """What is sent has the parts that pixels need, and no other."""
    assert SECRET not in sent
    assert SECRET[8:24] not in sent
    if sent.startswith(b"\x89PNG"):
        assert set(parts_of_png(sent)) == {b"IHDR", b"IDAT", b"IEND"}
        assert sent.endswith(b"IEND\xaeB`\x82")
    else:
        parts = list(parts_of_jpeg(sent))
        assert {kind for kind, _ in parts} <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
        assert [length for kind, length in parts if kind == 0xE0] == [16]


@pytest.mark.parametrize("what", CARRIERS)
def test_nothing_but_pixels_leaves(what, tmp_path):
    """A picture with something hidden in it is sent as its pixels, by path, as bytes, and in a ZIP of photos."""
    data = CARRIERS[what]()
    path = tmp_path / "photo.bin"
    path.write_bytes(data)
    for source in (data, path):
        ready = prepare(source)
        assert isinstance(ready, Prepared)
        judge(ready.bytes_for_upload())
        assert decoded(ready.bytes_for_upload()).size == (320, 200)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(f"photo{ready.facts.extension}", data)
        archive.writestr("notes.txt", SECRET)
        archive.comment = SECRET
    sent = prepare_archive(stream.getvalue() + SECRET).bytes_for_upload()
    assert SECRET not in sent
    with zipfile.ZipFile(io.BytesIO(sent)) as archive:
        assert (archive.namelist(), archive.comment) == (["01.jpg"], b"")
        judge(archive.read("01.jpg"))
    assert packed(stream.getvalue()) == sent


def test_what_was_erased_is_gone():
    """Below full transparency nothing of the picture is left; what is seen stays exactly as it was."""
    sent = np.asarray(decoded(prepare(erased()).bytes_for_upload()))
    assert (sent[:, :160] == 0).all()
    assert (sent[:, 160:, :3] == np.asarray(gradient())[:, 160:]).all()
