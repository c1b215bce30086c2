"""Attacks: what others try on a relay: nothing gets through, and neither the key nor a token is found anywhere."""

import contextlib
import hashlib
import io
import json
import re
import socket
import time
import zipfile
from urllib.parse import urlsplit

import pytest
import requests

from artifacts import MARKED_KEY
from classroom.browsing import log_in
from classroom.room import answering
from fox_nb.classroom.endpoints import Endpoint
from fox_nb.classroom.seats import Seats
from fox_nb.classroom.tables import DATABASE, Database
from processes import PATIENCE, until

PICTURE = {"model": "phota-image", "prompt": "a fox"}
PNG = b"\x89PNG\r\n\x1a\nA"


@pytest.fixture(scope="module")
def gateway(shared):
    """The sandbox behind the attacked relay."""
    return shared[1]


@pytest.fixture(scope="module")
def attacked(shared):
    """A class with a running relay, in which Ada has made a picture."""
    classroom, _ = shared
    classroom.seat("Ada", "Eve", each=1.0)
    classroom.seat("Blocked")
    classroom.seats.block("Blocked")
    classroom.tokens |= dict(classroom.seats.make(["Ended"], 1, ends=time.time() - 1))
    with few_files():
        classroom.start()
    classroom.task = classroom.ask("POST", "/v1/images/generations", "Ada", json=PICTURE).json()["id"]
    classroom.result = until(lambda: finished(classroom, "Ada", classroom.task), "the picture")["results"][0]["url"]
    return classroom


@contextlib.contextmanager
def few_files():
    """Processes that are started here may have fewer files and connections open than a test makes, unless they ask for more."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        yield
        return
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (190, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def finished(classroom, name, task):
    state = classroom.ask("GET", f"/v1/tasks/{task}", name).json()
    return state if state["status"] == "completed" else None


def test_no_other_gets_in(attacked, gateway):
    """Tokens that are forged, blocked or over, and ids, links and profiles of others, open nothing and send nothing."""
    for headers in (
        {},
        {"Authorization": "Bearer forged-forged-forged"},
        {"Authorization": f"Basic {attacked.tokens['Ada']}"},
        {"Authorization": f"Bearer {MARKED_KEY[:-1]}x"},
        {"Cookie": f"token={attacked.tokens['Ada']}"},
    ):
        for method, path in (
            ("POST", "/v1/images/generations"),
            ("GET", f"/v1/tasks/{attacked.task}"),
            ("GET", "/v1/models"),
        ):
            answer = attacked.ask(method, path, headers=headers, json=PICTURE if method == "POST" else None)
            assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")
    assert attacked.ask("GET", f"/v1/models?token={attacked.tokens['Ada']}").status_code == 401
    for name in ("Blocked", "Ended"):
        assert attacked.ask("POST", "/v1/images/generations", name, json=PICTURE).status_code == 403
        assert attacked.ask("GET", "/v1/models", name).status_code == 403
    attacked.seats.block("Eve")  # from another process, while the relay runs
    until(lambda: attacked.ask("GET", "/v1/models", "Eve").status_code == 403 or None, "the relay to know it")
    attacked.seats.block("Eve", blocked=False)
    until(lambda: attacked.ask("GET", "/v1/models", "Eve").status_code == 200 or None, "the relay to know it")
    assert attacked.ask("GET", f"/v1/tasks/{attacked.task}", "Eve").status_code == 404
    stolen = {"model": "phota-image-edit", "prompt": "a hat", "image_urls": [attacked.result]}
    assert attacked.ask("POST", "/v1/images/generations", "Eve", json=stolen).status_code == 422
    upload = attacked.ask("POST", "/v1/files/upload/stream", "Ada", files={"file": ("a.png", PNG)}).json()
    hashed = f"sha256:{hashlib.sha256(PNG).hexdigest()}"
    for link, host in ((upload["url"], {}), (upload["url"], {"Host": "other.example"}), (hashed, {})):
        stolen["image_urls"] = [link]
        answer = attacked.ask("POST", "/v1/images/generations", "Eve", json=stolen, headers=host)
        assert (answer.status_code, answer.json()["error"]["message"]) == (422, "There is no such file.")
    for body in (
        {"model": "phota-image", "prompt": "[[ profile-of-ada ]] in a hat"},
        {"model": "phota-image-enhance", "image_url": "https://example.org/a.png", "profile_ids": ["profile-of-ada"]},
    ):
        assert (
            attacked.ask("POST", "/v1/images/generations", "Eve", json=body).json()["error"]["code"]
            == "profile_not_found"
        )
    assert len(gateway.creations) == 1
    assert attacked.seats.spent("Eve") == 0


def test_no_path_and_no_body_leads_anywhere(attacked, gateway):
    """Tricks with paths are 404, bodies that are too large or no JSON are refused, and what is no model's is not sent."""
    host = urlsplit(attacked.url).netloc
    for path in (
        "/files/../class.sqlite/x",
        f"/files/{'.' * 43}/x",
        "/files/%2e%2e%2fclass.sqlite/x",
        f"/v1/tasks/..%2f..%2f{attacked.task}",
        f"/v1/tasks/{attacked.task}%00",
        "/teacher/work/../../class.sqlite",
        "//v1/models",
        "/v1/../v1/models",
        f"http://{host}@evil.invalid/v1/models",
    ):
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {attacked.tokens['Eve']}\r\n"
        answer = raw(attacked, head + "Connection: close\r\n\r\n", seconds=PATIENCE)
        assert re.match(rb"HTTP/1.1 (404|403|400) ", answer), path
    for path, size in (("/v1/images/generations", (1 << 20) + 1), ("/v1/images/generations", 2_000_000)):
        answer = attacked.ask("POST", path, "Eve", data=b" " * size, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["error"]["type"]) == (413, "file_too_large_error")
    for body in (
        b"{",
        b"[]",
        b'"x"',
        b"[" * 100_000,
        b'{"model": ["phota-image"]}',
        b'{"model": "other", "prompt": "x"}',
        b'{"model": "phota-image", "prompt": "x", "\\ud83d": 1}',
    ):
        answer = attacked.ask(
            "POST", "/v1/images/generations", "Eve", data=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in {400, 422}
    for body in ({**PICTURE, "num_outputs": 0}, {**PICTURE, "webhook": "x"}, {**PICTURE, "prompt": None}):
        assert attacked.ask("POST", "/v1/images/generations", "Eve", json=body).status_code == 422
    assert (
        attacked.ask("POST", "/v1/images/generations", "Eve", json=PICTURE, headers={"X-Fox-Take": "-1"}).status_code
        == 422
    )
    assert len(gateway.creations) == 1


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 2\r\nContent-Length: 40\r\n",
        "Content-Length: +2\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding : chunked\r\nContent-Length: 2\r\n",
        "Authorization: Bearer other-other-other\r\nContent-Length: 2\r\n",
        "X: " + "a" * 20_000 + "\r\n",
    ],
)
def test_smuggled_headers_are_refused(attacked, gateway, head):
    """A request that two servers could read in two ways is answered with an error, and nothing behind it is read."""
    sent = len(gateway.creations)
    inner = f"POST /v1/images/generations HTTP/1.1\r\nAuthorization: Bearer {attacked.tokens['Ada']}\r\n\r\n"
    begin = f"POST /v1/images/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {attacked.tokens['Eve']}\r\n"
    answer = raw(attacked, begin + "Content-Type: application/json\r\n" + head + "\r\n{}" + inner)
    assert not re.search(rb"HTTP/1.1 200", answer)
    assert len(gateway.creations) == sent


@pytest.mark.parametrize("path", ["/teacher/login", "/api/pricing", "/nothing", "/class/hand-in"])
def test_no_strangers_body_is_taken_in(attacked, path):
    """Who has no seat is told at once that a large body will not be read, wherever it is sent to."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 400000000\r\n\r\n"
    assert re.match(rb"HTTP/1.1 400 |$", raw(attacked, head + "a" * 1000))


def test_what_is_nonsense_is_told_and_not_logged(attacked):
    """A link that the gateway refuses and a method that is not ours are answered as such; none of it stands in the log."""
    for link in ("javascript:hidden", "\x00hidden"):
        assert attacked.ask("POST", "/v1/files/upload/url", "Eve", json={"url": link}).status_code == 422
    assert attacked.ask("PUT", "/v1/images/generations", "Eve").status_code == 405
    written = attacked.log.read_text()
    assert not [word for word in ("hidden", "Traceback") if word in written]


@pytest.mark.parametrize("kind", ["base64", "url"])
def test_no_body_fills_the_memory(attacked, kind):
    """A JSON of a million values, which would take many times its own room, is refused as it is."""
    body, headers = b'{"file_data":[' + b"{}," * 1_000_000 + b"{}]}", {"Content-Type": "application/json"}
    answer = attacked.ask("POST", f"/v1/files/upload/{kind}", "Eve", data=body, headers=headers)
    assert (answer.status_code, "too" in answer.json()["error"]["message"]) == (400 if kind == "base64" else 413, True)


def test_a_seat_that_is_refused_a_large_body_is_told_why(attacked):
    """Who was stopped, or whose time is over, reads that in the answer, however much they were about to send."""
    for name, words in (("Blocked", "stopped this seat"), ("Ended", "was open until")):
        answer = attacked.ask("POST", "/v1/files/upload/stream", name, files={"file": ("a.png", b"a" * 2_000_000)})
        assert (answer.status_code, words in answer.json()["error"]["message"]) == (403, True)


@pytest.mark.parametrize("path", ["/v1/files/upload/stream", "/class/hand-in"])
def test_no_seats_body_is_endless(attacked, path):
    """A seat that announces more than the largest file is refused before a byte of it is kept."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {attacked.tokens['Eve']}\r\n"
    assert re.match(rb"HTTP/1.1 400 |$", raw(attacked, f"{head}Content-Length: 3000000000\r\n\r\n" + "a" * 1000))


def test_a_body_has_to_come(tmp_path, gateway, monkeypatch):
    """Who begins a body and does not end it is cut off when its time is over."""
    monkeypatch.setattr(Endpoint, "SECONDS", 0.2)
    database = Database(tmp_path / "class")
    ((_, token),) = Seats(database).make(["Eve"], 1, 1)
    database.close()
    head = f"POST /v1/images/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    with answering(tmp_path / "class", gateway.base_url) as url:
        place = urlsplit(url)
        with socket.create_connection((place.hostname, place.port), PATIENCE) as line:
            line.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
            assert line.recv(100) == b""


def test_a_seat_sends_few_files_at_once(attacked):
    """Who begins many large files is refused another one, until they are over; nobody else is held up."""
    host = urlsplit(attacked.url)
    head = f"POST /class/hand-in HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {attacked.tokens['Eve']}\r\n"
    with contextlib.ExitStack() as begun:
        for _ in range(8):  # four of them are taken, whatever else comes meanwhile
            line = begun.enter_context(socket.create_connection((host.hostname, host.port), 30))
            line.sendall(f"{head}Content-Length: 1000\r\n\r\nPK".encode())
        until(lambda: handed_in(attacked, "Eve") == 429 or None, "the refusal")
        assert handed_in(attacked, "Ada") == 200
    until(lambda: handed_in(attacked, "Eve") == 200 or None, "room for another one")


def handed_in(classroom, name):
    work = io.BytesIO()
    with zipfile.ZipFile(work, "w") as archive:
        archive.writestr("work.txt", name)
    return classroom.ask("POST", "/class/hand-in", name, data=work.getvalue()).status_code


def test_slow_bodies_hold_nobody_up(attacked):
    """Two hundred connections that never end their requests, more than the system gives by itself, keep no student from an answer."""
    host = urlsplit(attacked.url)
    slow = []
    for number in range(200):
        line = socket.create_connection((host.hostname, host.port), 30)
        body = "Content-Length: 1000000\r\n\r\n{" if number % 2 else ""
        line.sendall(
            f"POST /v1/images/generations HTTP/1.1\r\nAuthorization: Bearer {attacked.tokens['Eve']}\r\n{body}".encode()
        )
        slow.append(line)
    try:
        assert attacked.ask("GET", f"/v1/tasks/{attacked.task}", "Ada").status_code == 200
    finally:
        for line in slow:
            line.close()


def test_nobody_else_presses_the_teachers_buttons(attacked):
    """The teacher's page opens with its password alone, and no form of another site does anything, not even with the cookie."""
    for path in ("live", "class.csv", "view/1", f"picture/{'a' * 43}"):
        assert attacked.ask("GET", f"/teacher/{path}", "Ada").status_code == 403
    for path in ("", "/view/1"):
        assert "Log in" in attacked.ask("GET", f"/teacher{path}").text
    teacher = log_in(attacked)
    ends, _, seal = teacher.cookies["fox_teacher"].partition("-")
    for forged in (f"{int(ends) + 1}-{seal}", f"{ends}-", "", "-", f"{ends}-{'0' * 64}"):
        assert attacked.ask("GET", "/teacher/live", cookies={"fox_teacher": forged}).status_code == 403
    for action, fields in (
        ("stop", {"blocked": "1"}),
        ("grade", {"number": "1"}),
        ("words", {"words": "fox"}),
        ("settle", {"number": "1", "paid": ""}),
    ):
        for forged in ({}, {"_xsrf": "2|00000000|00000000000000000000000000000000|1700000000"}):
            assert teacher.post(f"{attacked.url}/teacher/{action}", data={**fields, **forged}).status_code == 403
    wrong = requests.post(f"{attacked.url}/teacher/login", data={"password": "x"}, timeout=30)
    assert wrong.status_code == 403
    assert attacked.ask("POST", "/v1/images/generations", "Ada", json=PICTURE).status_code == 200
    cookies = {cookie.name: cookie for cookie in teacher.cookies}
    assert all(
        cookie.has_nonstandard_attr("HttpOnly") or cookie.has_nonstandard_attr("httponly")
        for cookie in cookies.values()
    )


def test_neither_key_nor_token_is_written_down(attacked, gateway):
    """Neither the class's key nor a seat's token stands in an answer, a log or a file of the class."""
    gateway.misbehave("server_error", on="create", times=1)
    said = [
        attacked.ask("POST", "/v1/images/generations", "Ada", json={**PICTURE, "prompt": f"{n}"}).text for n in range(2)
    ]
    said += [attacked.ask("GET", f"/nothing?key={attacked.tokens['Ada']}").text]
    said += [log_in(attacked).get(f"{attacked.url}/teacher").text]
    said += [json.dumps(dict(attacked.ask("GET", "/v1/models", "Ada").headers))]
    attacked.stop()
    files = [path for path in attacked.folder.rglob("*") if path.is_file()]
    assert attacked.folder / DATABASE in files
    written = b"".join(path.read_bytes() for path in [*files, attacked.log]) + "".join(said).encode()
    for secret in (MARKED_KEY, *attacked.tokens.values()):
        assert secret.encode() not in written


def raw(classroom, request: str, seconds: float = 2.0) -> bytes:
    """Whatever comes back for bytes as they are."""
    host = urlsplit(classroom.url)
    answer = b""
    with socket.create_connection((host.hostname, host.port), 30) as line:
        line.sendall(request.encode())
        line.settimeout(seconds)
        with contextlib.suppress(TimeoutError, ConnectionError):  # what more it waits for never comes
            while piece := line.recv(65536):
                answer += piece
    return answer
