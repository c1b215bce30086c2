"""The sandbox's HTTP: what clients, proxies and broken connections do to it leaves it as it was."""

import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from sandbox.asking import CREATE, Asking, photo

pytestmark = pytest.mark.usefixtures("noise")

FOX = {"model": "phota-image", "prompt": "a fox in the snow"}


def raw(base_url: str, text: bytes) -> bytes:
    """Send bytes as they are and return all that comes back until the line is closed."""
    host, port = base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(text)
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(65536), b""))


def test_head_says_what_get_would(asking):
    """Same status and length, no body: for a result, an upload and a call."""
    link = asking.done(**FOX)["results"][0]["url"]
    for url in (link, asking.uploaded(photo()), asking.base_url + "/v1/models"):
        get, head = asking.get(url), asking.call("HEAD", url)
        assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(get.content)))
        assert head.content == b""


def test_one_connection_serves_many_calls(asking, own):
    """A refused call leaves the connection usable."""
    line = http.client.HTTPConnection(own.base_url.removeprefix("http://"), timeout=60)
    headers = {"Authorization": f"Bearer {own.key}", "Content-Type": "application/json"}
    for _ in range(3):
        for method, path, body, status in (
            ("POST", CREATE, "{", 400),
            ("GET", "/nothing", None, 404),
            ("POST", CREATE, "{}", 422),
            ("GET", "/v1/models", None, 200),
        ):
            line.request(method, path, body, headers)
            answer = line.getresponse()
            assert (answer.status, bool(json.loads(answer.read()))) == (status, True)
    line.close()


def test_a_body_may_come_in_chunks(asking, own):
    """Without a Content-Length the limits hold as well."""
    good = asking.post(CREATE, data=iter([b'{"model": "phota-image", ', b'"prompt": "a fox"}']), headers={"Content-Type": "application/json"})  # fmt: skip
    assert good.status_code == 200
    large = asking.post(CREATE, data=(b"x" * 100_000 for _ in range(30)), headers={"Content-Type": "application/json"})
    assert large.status_code == 413


@pytest.mark.parametrize(
    "text",
    [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"POST /v1/images/generations HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
     b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"\x16\x03\x01\x00"],
    ids=["no http", "no host", "negative length", "endless", "two hosts", "tls"],
)  # fmt: skip
def test_what_is_no_http_is_turned_away(own, text):
    """The line is closed, with 400 or without a word, and the next client is served."""
    answer = raw(own.base_url, text)
    assert answer[:12] in {b"", b"HTTP/1.1 400", b"HTTP/1.1 421"}
    assert requests.get(own.base_url + "/sandbox", timeout=60).status_code == 200


def test_a_client_that_leaves_in_the_middle_of_its_body_has_asked_nothing(asking, own):
    """A creation that did not arrive whole is neither made nor witnessed."""
    body = json.dumps(FOX).encode()
    head = f"POST {CREATE} HTTP/1.1\r\nHost: {own.base_url[7:]}\r\nAuthorization: Bearer {own.key}\r\n"
    raw(own.base_url, head.encode() + b"Content-Type: application/json\r\nContent-Length: 999\r\n\r\n" + body)
    assert own.creations == []
    assert asking.create(**FOX)


def test_many_clients_at_once_each_get_their_own(own):
    """Thirty clients that create, poll and fetch at the same time: thirty tasks, none mixed up."""

    def client(number: int) -> tuple[str, int]:
        asking = Asking(own)
        try:
            task = asking.done(model="grok-imagine-image", prompt="a fox", num_outputs=1 + number % 3, take=1)
            return task["id"], len(task["results"])
        finally:
            asking.session.close()

    with ThreadPoolExecutor(30) as pool:
        made = list(pool.map(client, range(30)))
    assert len({task_id for task_id, _ in made}) == 30
    assert [count for _, count in made] == [1 + number % 3 for number in range(30)]
    assert len(own.creations) == 30
