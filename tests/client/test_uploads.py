"""Uploads: three ways to hand over a file, sent again where that costs nothing."""

import base64
import io
from email.parser import BytesParser

import pytest

from client.scripted import Pauses, Scripted, client, hang_up, say
from fox_nb import errors
from fox_nb.client import Upload

ANSWER = {
    "id": "file-1757165031-a1b2c3",
    "filename": "photo.png",
    "url": "https://cdn.foxapi.cc/uploads/20260319/a1b2c3d4e5f6/photo.png",
    "size": 204800,
    "created": 1757165031,
}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 1500


def parts(request):
    """The parts of a multipart body, by name, read by the standard library."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + request.body)
    return {part.get_param("name", header="content-disposition"): part for part in message.get_payload()}


def test_a_file_arrives_byte_for_byte(tmp_path):
    """The multipart body holds the file whole, under its name and type, and says how long it is."""
    path = tmp_path / "Grüße aus “Wien”.png"
    path.write_bytes(PNG)
    with Scripted(say(200, ANSWER)) as server, client(server) as fox:
        upload = fox.upload_file(path)
    (request,) = server.received
    found = parts(request)
    assert upload == Upload(ANSWER["url"], ANSWER["id"], "photo.png", 204800, 1757165031.0)
    assert request.path == "/v1/files/upload/stream"
    assert found["file"].get_payload(decode=True) == PNG
    assert found["file"].get_content_type() == "image/png"
    assert set(found) == {"file", "file_name"}
    assert int(request.headers["Content-Length"]) == len(request.body)
    assert "Transfer-Encoding" not in request.headers


@pytest.mark.parametrize(("asked", "sent"), [(True, b"true"), (False, b"false")])
def test_auto_cleanup_is_sent_when_it_is_said(asked, sent):
    """Otherwise the gateway's default holds, and nothing is sent."""
    with Scripted(say(200, ANSWER)) as server, client(server) as fox:
        fox.upload_file(PNG, file_name="a.png", auto_cleanup=asked)
        fox.upload_base64(PNG, auto_cleanup=asked)
        fox.upload_url("https://example.com/a.png", auto_cleanup=asked)
    stream, as_base64, as_url = server.received
    assert parts(stream)["auto_cleanup"].get_payload(decode=True) == sent
    assert as_base64.json["auto_cleanup"] is as_url.json["auto_cleanup"] is asked


class Piped(io.BytesIO):
    """A file that can be read once, as from a network."""

    def seekable(self):
        return False


class FromTheMiddle(io.BytesIO):
    name = 7

    def __init__(self, data):
        super().__init__(b"skipped" + data)
        self.seek(7)


@pytest.mark.parametrize("source", [PNG, io.BytesIO(PNG), Piped(PNG), FromTheMiddle(PNG), bytearray(PNG)])
def test_bytes_and_files_of_any_kind_are_taken(source):
    """From where a file stands; one that can't be measured is read first."""
    with Scripted(say(200, ANSWER)) as server, client(server) as fox:
        fox.upload_file(source)
    found = parts(server.received[0])
    assert found["file"].get_payload(decode=True) == PNG
    assert found["file"].get_filename() == "upload.png"


NAMES = [
    ("../../etc/passwd", "passwd.png"),
    ("C:\\photos\\me.PNG", "me.PNG"),
    ("a\r\nX-Evil: 1.png", "a__X-Evil_ 1.png"),
    ('a";x="b.png', "a_;x=_b.png"),
    ("..", "upload.png"),
    ("", "upload.png"),
    ("\u202egnp.exe", "_gnp.exe.png"),
    ("x" * 500 + ".png", "x" * 116 + ".png"),
    ("no ending", "no ending.png"),
]


@pytest.mark.parametrize(("name", "sent"), NAMES)
def test_a_file_s_name_is_made_harmless(name, sent):
    """No folders, no quotes, no line breaks, not long, and an ending that tells the type."""
    with Scripted(say(200, ANSWER)) as server, client(server) as fox:
        fox.upload_file(PNG, file_name=name)
    found = parts(server.received[0])
    assert found["file"].get_filename() == sent
    assert found["file_name"].get_payload(decode=True).decode() == sent
    assert "X-Evil" not in server.received[0].headers


@pytest.mark.parametrize(
    ("start", "ending", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "jpg", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp", "image/webp"),
        (b"\x00\x00\x00\x18ftypheic", "heic", "image/heic"),
        (b"\x00\x00\x00\x18ftypavif", "avif", "image/avif"),
        (b"PK\x03\x04abcd", "zip", "application/zip"),
        (b"GIF89a", "gif", "image/gif"),
        (b"who knows", "bin", "application/octet-stream"),
    ],
)
def test_bytes_without_a_name_are_named_after_what_they_are(start, ending, kind):
    """The gateway refuses files whose type it cannot tell."""
    with Scripted(say(200, ANSWER)) as server, client(server) as fox:
        fox.upload_file(start)
    part = parts(server.received[0])["file"]
    assert part.get_filename() == f"upload.{ending}"
    assert part.get_content_type() == kind


def test_base64_and_links_are_sent_as_json():
    """Bytes are coded, a text of base64 or a data URL goes as it is."""
    with Scripted(say(200, ANSWER)) as server, client(server) as fox:
        fox.upload_base64(PNG)
        fox.upload_base64("data:image/png;base64,iVBORw0KGgo=", file_name="a/b.png")
        fox.upload_url("https://example.com/a.png")
    first, second, third = (one.json for one in server.received)
    assert base64.b64decode(first["file_data"]) == PNG
    assert first["file_name"] == "upload.png"
    assert second == {"file_data": "data:image/png;base64,iVBORw0KGgo=", "file_name": "b.png"}
    assert third == {"url": "https://example.com/a.png"}
    assert [one.path.rpartition("/")[2] for one in server.received] == ["base64", "base64", "url"]


@pytest.mark.parametrize("step", [say(503), say(429, b"", Retry_After="1"), hang_up, say(200, ANSWER, cut=20)])
def test_an_upload_is_sent_again_whole(step):
    """It costs nothing, so whatever may pass is tried again, from the file's first byte."""
    with Scripted(step, step, say(200, ANSWER)) as server, client(server) as fox:
        assert fox.upload_file(FromTheMiddle(PNG)).url == ANSWER["url"]
    assert [parts(one)["file"].get_payload(decode=True) for one in server.received] == [PNG] * 3


def test_an_upload_is_not_sent_again_without_end():
    """Four attempts, then the last error."""
    pauses = Pauses()
    with Scripted(say(500)) as server, client(server, pauses) as fox, pytest.raises(errors.ServerError) as caught:
        fox.upload_file(PNG)
    assert (len(server.received), len(pauses)) == (4, 3)
    assert "cost nothing" in caught.value.money


@pytest.mark.parametrize(
    ("status", "error", "todo"),
    [
        (403, errors.AccessDenied, "auto_cleanup"),
        (413, errors.FileTooLarge, "smaller"),
        (422, errors.RequestRejected, "message names"),
        (401, errors.AuthenticationError, "key"),
    ],
)
def test_a_refused_upload_says_what_to_do(status, error, todo):
    """Full storage, a large file, a bad type: told at once, not sent again."""
    step = say(status, {"error": {"message": "no"}})
    with Scripted(step) as server, client(server) as fox, pytest.raises(error) as caught:
        fox.upload_file(PNG)
    assert len(server.received) == 1
    assert todo in caught.value.todo


def test_a_filter_is_not_taken_for_a_full_storage():
    """Only the gateway's own refusal is about the account's storage."""
    with (
        Scripted(say(403, "Blocked by policy")) as server,
        client(server) as fox,
        pytest.raises(errors.AccessDenied) as told,
    ):
        fox.upload_file(PNG)
    assert "storage" not in told.value.todo


NO_LINKS = [
    *({}, [], {"url": 7}, {"url": "javascript:alert(1)"}, {"url": ""}, b"<html>", b""),
    *({"url": f"https://a.example/{path}"} for path in ("b c.png", "b.png\0", "b" * 2000)),
    ANSWER | {"success": False},
    ANSWER | {"error": {"message": "the storage is full"}},
]


@pytest.mark.parametrize("answer", NO_LINKS)
def test_an_answer_without_a_link_is_no_upload(answer):
    """The body is shown; a link that no model could fetch, or that stands beside an error, is none."""
    with Scripted(say(200, answer)) as server, client(server) as fox, pytest.raises(errors.UnexpectedAnswer):
        fox.upload_file(PNG)


def test_a_link_is_what_stands_between_blanks():
    """A line break behind it would be sent, and paid for, with the task."""
    with Scripted(say(200, ANSWER | {"url": f" {ANSWER['url']}\n"})) as server, client(server) as fox:
        assert fox.upload_file(PNG).url == ANSWER["url"]


def test_what_cannot_be_read_is_not_sent(tmp_path):
    """A missing file, a folder, an empty file: named, and nothing goes out."""
    empty = tmp_path / "empty.png"
    empty.touch()
    with Scripted(say(200, ANSWER)) as server, client(server) as fox:
        for source in (tmp_path / "missing.png", tmp_path, empty, b"", io.BytesIO()):
            with pytest.raises(errors.InvalidRequest):
                fox.upload_file(source)
    assert server.received == []


def test_a_file_that_shrinks_while_it_is_sent_is_told():
    """What was promised in Content-Length cannot be kept; no broken file is taken for a good one."""

    class Shrinking(io.BytesIO):
        def read(self, size=-1):
            return super().read(size)[:100] if self.tell() < 1000 else b""

    with Scripted(say(200, ANSWER)) as server, client(server) as fox, pytest.raises(errors.ConnectionLost) as caught:
        fox.upload_file(Shrinking(PNG))
    assert "shorter" in str(caught.value)
    assert server.received == []
