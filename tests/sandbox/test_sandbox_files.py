"""What is uploaded to the sandbox: names, sizes and storage, and archives and pictures that are not what they should be."""

import io
import os
import zipfile
from functools import cache

import numpy as np
import pytest
import requests
from PIL import Image

from fox_nb.sandbox import Sandbox, art, recipes
from fox_nb.sandbox.archive import MOST_RECIPES
from processes import until
from sandbox.asking import Asking, archive, photo


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ('a"b<c>.png', "a_b_c_.png"),
        ("Grüße aus Köln.jpg", "Gr_e_aus_K_ln.jpg"),
        ("...", "file"),
        ("x" * 300 + ".png", "x" * 96 + ".png"),
    ],
)
def test_a_file_name_is_made_harmless(asking, name, kept):
    """No folders, quotes, control characters or endless names reach the link."""
    answer = asking.upload(photo(), "plain.jpg", file_name=name).json()
    assert answer["filename"] == kept
    assert answer["url"].endswith("/" + kept)
    assert asking.get(answer["url"]).content == photo()


def test_a_page_that_is_uploaded_is_not_served_as_a_page(asking):
    """What is no picture and no archive comes back as plain bytes, which no browser runs."""
    answer = asking.get(asking.uploaded(b"<script>alert(1)</script>", "page.html"))
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_above_the_limit_is_413(asking, own):
    """By form and by base64; the answer is read even though the body was sent to its end."""
    own.set(upload_limit=50_000)
    for size in (50_001, 5_000_000):
        answer = asking.upload(b"x" * size)
        assert (answer.status_code, answer.json()["error"]["type"]) == (413, "file_too_large_error")
    assert asking.post("/v1/files/upload/base64", json={"file_data": "QUJD" * 20_000}).status_code == 413
    assert asking.upload(b"x" * 50_000).status_code == 200


def test_a_huge_creation_is_413(asking, own):
    """A body that holds no file need not be larger than a megabyte; nothing was made of it."""
    assert asking.refused(413, model="phota-image", prompt="x" * 3_000_000)["type"] == "invalid_request_error"
    assert [seen["task_id"] for seen in own.creations] == [None]


def test_a_full_storage_throws_out_the_oldest_or_refuses(asking, own):
    """auto_cleanup is true unless said otherwise; with false a full storage is 403."""
    own.set(storage_limit=2500)
    first, second = asking.uploaded(b"a" * 1000), asking.uploaded(b"b" * 1000)
    assert asking.upload(b"c" * 1000, auto_cleanup="false").status_code == 403
    third = asking.uploaded(b"c" * 1000)
    assert [asking.get(url).status_code for url in (first, second, third)] == [404, 200, 200]
    assert asking.upload(b"d" * 3000).status_code == 403


def test_an_upload_that_is_no_image_is_refused_as_one(asking):
    """It is known at creation: 422 with invalid_file_type; the same for an image as an archive."""
    text, image = asking.uploaded(b"hello", "a.txt"), asking.uploaded(photo())
    for body in (
        {"model": "phota-image-edit", "prompt": "x", "image_urls": [image, text]},
        {"model": "phota-image-enhance", "image_url": text},
        {"model": "grok-imagine-image", "prompt": "x", "image_urls": [text]},
        {"model": "phota-create-profile", "image_archive_url": image},
    ):
        assert asking.refused(422, **body)["code"] == "invalid_file_type"


@cache
def bomb() -> bytes:
    """A PNG of 20,000 by 20,000 pixels in some 50 kB."""
    from sandbox_faults import PICTURES

    return PICTURES["bomb"][1]()


@pytest.mark.parametrize(
    "data",
    [lambda: photo()[:2000], lambda: b"\x89PNG\r\n\x1a\nnothing", lambda: b"GIF89a", bomb],
    ids=["cut", "png", "gif", "bomb"],
)
def test_a_broken_image_makes_the_task_fail(asking, data):
    """Its error says what was wrong with the input; the sandbox goes on."""
    task = asking.create(model="phota-image-enhance", image_url=asking.uploaded(data()), resolution="1K")
    error = asking.ended(task["id"])["error"]
    assert (error["code"], error["type"]) == ("invalid_image_url", "task_error")
    assert error["message"]


def test_see_through_and_16_bit_pictures_are_seen_as_they_are(asking):
    """What is see-through stands on light paper, and 16 bits of grey keep their shades; both were black or white alone."""
    logo = Image.new("RGBA", (300, 200))
    logo.paste((200, 40, 30, 255), (100, 60, 200, 140))
    shades = Image.fromarray(np.linspace(2000, 60000, 300)[None, :].repeat(200, 0).astype(np.uint16))
    seen = []
    for given in (logo, shades):
        file = io.BytesIO()
        given.save(file, "PNG")
        link = asking.uploaded(file.getvalue(), "given.png")
        task = asking.done(model="phota-image-enhance", image_url=link, resolution="1K", creativity=0, resemblance=1)
        grey = asking.picture(task["results"][0]["url"]).convert("L").resize((3, 2), Image.Resampling.BOX)
        seen.append([grey.getpixel((x, 0)) for x in range(3)])
    (paper, sign, _), (dark, middle, bright) = seen
    assert sign < paper - 20 > 180
    assert dark + 40 < middle < bright - 40


def test_the_oldest_recipes_go(tmp_path):
    """What the sandbox notes of its drawings stays below a number; a thread that draws removes none, as another may."""
    place = tmp_path / "recipes"
    place.mkdir()
    for number in range(1, MOST_RECIPES + 3):
        (place / f"{number:064x}").write_bytes(b"{}")
        os.utime(place / f"{number:064x}", (number, number))
    recipes.remember(Image.new("RGB", (32, 32)), art.Drawn(("a fox",), 1), tmp_path)
    assert len(list(place.iterdir())) == MOST_RECIPES + 3
    with Sandbox(folder=tmp_path):
        until(lambda: None if (place / f"{3:064x}").exists() else True, "the sweep")
        assert len(list(place.iterdir())) == MOST_RECIPES
        assert recipes.find(Image.new("RGB", (32, 32)), tmp_path) == art.Drawn(("a fox",), 1)


def test_foreign_addresses_are_never_fetched(asking):
    """A stand-in made from the address serves: the same address gives the same picture, another one another."""
    with LoopbackTrap() as trap:
        links = [f"{trap.url}/a.png", "https://example.com/b.png", "http://[", "http://user@169.254.169.254/latest"]
        for link in links:
            task = asking.done(model="phota-image-edit", prompt="at night", image_urls=[link])
            assert asking.picture(task["results"][0]["url"]).size == (1024, 1024)
        assert asking.done(model="phota-create-profile", image_archive_url=f"{trap.url}/a.zip")["results"]
        assert not trap.visits


class LoopbackTrap:
    """A socket that a fetch of its address would reach."""

    def __enter__(self):
        import socket

        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        return self

    @property
    def visits(self) -> int:
        try:
            self.socket.accept()[0].close()
        except BlockingIOError:
            return 0
        return 1

    def __exit__(self, *_):
        self.socket.close()


def train(asking: Asking, data: bytes) -> dict:
    link = asking.uploaded(data, "faces.zip")
    return asking.ended(asking.create(model="phota-create-profile", image_archive_url=link)["id"])


def test_the_same_photos_train_the_same_profile(asking):
    """So that a lesson can be run again: id and figure come from the photos and the take."""
    faces = archive(*(photo(n) for n in range(10)))
    link = asking.uploaded(faces)
    ids = [
        asking.ended(asking.create(take=take, model="phota-create-profile", image_archive_url=link)["id"])["results"][0]["profile_id"]
        for take in (1, 1, 2)
    ]  # fmt: skip
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].startswith("profile_")


@pytest.mark.parametrize("count", [0, 9])
def test_too_few_photos_fail_with_a_clear_error(asking, count):
    """Ten are needed; text files and broken pictures beside them do not count."""
    task = train(asking, archive(*(photo(n) for n in range(count)), *[b"no photo"] * 20, photo()[:100]))
    assert task["status"] == "failed"
    assert task["error"]["code"] == "not_enough_photos"
    assert str(count) in task["error"]["message"]
    assert task["results"] is None


def test_names_in_an_archive_lead_nowhere(asking, own, tmp_path):
    """Photos count whatever their names are, and nothing is ever unpacked to disk."""
    before = sorted(str(path) for path in tmp_path.parent.parent.glob("*.jpg"))
    task = train(asking, archive(*(photo(n) for n in range(12)), name="../../../../{}/../../x.jpg"))
    assert task["status"] == "completed"
    assert sorted(str(path) for path in tmp_path.parent.parent.glob("*.jpg")) == before


def test_an_archive_that_is_a_bomb_or_broken_fails(asking):
    """Neither a gigabyte of zeros, nor a thousand bombs of pictures, nor half an archive ends the sandbox."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
        file.open("zeros.jpg", "w") as entry,
    ):
        for _ in range(100):
            entry.write(bytes(10_000_000))
    assert train(asking, packed.getvalue())["error"]["code"] == "not_enough_photos"
    assert train(asking, archive(*[bomb()] * 12))["error"]["code"] == "not_enough_photos"
    broken = archive(*(photo(n) for n in range(12)))
    assert train(asking, broken[: len(broken) // 2])["error"]["code"] == "invalid_archive"


def test_photos_from_a_phone_count(asking):
    """Turned ones, WebP, PNG with transparency, and HEIC (which is counted unread)."""
    kinds = []
    for kind in ("PNG", "WEBP", "JPEG"):
        for number in range(3):
            data = io.BytesIO()
            image = Image.open(io.BytesIO(photo(number))).convert("RGBA" if kind != "JPEG" else "L")
            image.save(data, kind)
            kinds.append(data.getvalue())
    heic = b"\x00\x00\x00\x18ftypheic" + bytes(100)
    assert train(asking, archive(*kinds, heic))["status"] == "completed"


def test_other_host_names_are_turned_away(own):
    """DNS rebinding: a page of another name that leads to the loopback gets nothing, not even without a key."""
    port = own.base_url.rpartition(":")[2]
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", "127.0.0.1:1", f"localhost.evil.example:{port}"):
        for path in ("/sandbox", "/api/pricing", "/v1/models", "/openapi.json"):
            answer = requests.get(own.base_url + path, headers={"Host": host}, timeout=60)
            assert answer.status_code == 421, (host, path)
    for host in (f"localhost:{port}", f"LOCALHOST:{port}", f"[::1]:{port}", f"127.0.0.1:{port}"):
        assert requests.get(own.base_url + "/sandbox", headers={"Host": host}, timeout=60).status_code == 200


def test_it_listens_on_the_loopback_alone(own):
    """The network's other addresses of this machine don't answer."""
    import psutil

    port = int(own.base_url.rpartition(":")[2])
    listening = [
        c.laddr for c in psutil.Process().net_connections("tcp") if c.status == "LISTEN" and c.laddr.port == port
    ]
    assert [address.ip for address in listening] == ["127.0.0.1"]


def test_nothing_is_left_running():
    """After the block no thread, no socket and no folder of it is there; a block that fails to start says why."""
    import threading
    from pathlib import Path

    before = set(threading.enumerate())
    with Sandbox(speed=1) as sandbox:
        Asking(sandbox).create(model="phota-image", prompt="a fox")
        folder = Path(sandbox._place)
        port = int(sandbox.base_url.rpartition(":")[2])
        with pytest.raises(OSError, match=r"(?i)in use"), Sandbox(port=port):
            pass
    assert not folder.exists()
    assert {thread for thread in threading.enumerate() if thread.is_alive()} <= before
    with pytest.raises(requests.ConnectionError):
        requests.get(sandbox.base_url, timeout=5)
    with pytest.raises(RuntimeError, match="not running"):
        sandbox.behave()
