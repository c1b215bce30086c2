"""Surroundings: what a machine or a notebook does to requests is told as what it is, or does not reach the gateway's calls."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from artifacts import MARKED_KEY, Places
from client.scripted import CERTIFICATE, Scripted, Step, hang_up, say
from client.scripted import client as scripted_client
from fox_nb import ConnectionLost, DownloadFailed, FoxError, NotConnected
from fox_nb.client import Client, certainly_not_accepted
from fox_nb.client.exchange import Broken
from fox_nb.client.reach import reach
from fox_nb.client.transport import HttpTransport
from fox_nb.settings import Timeouts
from processes import PATIENCE, clean_environment, ended

CALLS: dict[str, Callable[[Client], Any]] = {
    "read": lambda client: client.task("task-1"),
    "create": lambda client: client.create({"model": "phota-image"}),
    "upload": lambda client: client.upload_file(b"\x89PNG"),
}

PATCHED = """
import requests, requests.sessions

class Caching(requests.Session):
    known = {}

    def send(self, request, **options):
        key = request.method, request.url
        if request.method == "GET" and key in self.known:
            return self.known[key]
        answer = self.known[key] = super().send(request, **{**options, "stream": False})
        return answer

requests.Session = requests.sessions.Session = Caching

import sys, fox_nb
from fox_nb.settings import Polling

fox = fox_nb.Fox(base_url=sys.argv[1], polling=Polling(first_looks=(0.05,), at_least=0.05, per_second=100))
print(fox.generate("a fox").wait(100).status)
fox.close()
"""
"""What packages do that cache every answer of requests, by putting a class in the place of its own."""


@pytest.mark.parametrize("call", CALLS)
def test_missing_certificates_are_not_a_lost_answer(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the file of trusted certificates nothing goes out, and that is what is said, with the file's name."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    with (
        Client("https://127.0.0.1:9", MARKED_KEY, reads_tries=1) as client,
        pytest.raises(NotConnected, match=r"trusted certificates.*is missing.*gone\.pem") as told,
    ):
        CALLS[call](client)
    assert certainly_not_accepted(told.value)


def test_a_cache_for_requests_does_not_answer_for_the_gateway(artifacts: Places, sandbox: Any) -> None:
    """A notebook that has requests cached for its own purposes gets its pictures all the same: no task stands still."""
    folder = artifacts.fresh("cached")
    done = subprocess.run(
        [sys.executable, "-c", PATCHED, sandbox.base_url],
        env=clean_environment(artifacts, {"FOXAPI_KEY": MARKED_KEY}),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.stdout.strip() == "completed", done.stderr


def test_a_cache_on_the_way_does_not_answer_for_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that keeps answers asks the gateway anew for each state of a task, whatever that says of keeping them."""
    states = iter(("processing", "completed"))
    kept: dict[str, Step] = {}

    def cache(proxy: Scripted, line: socket.socket) -> bool:
        request = proxy.current.request
        if request.path not in kept or request.headers.get("Cache-Control") == "no-cache":
            state = {"id": "task-1", "status": next(states)}
            kept[request.path] = say(200, state, Cache_Control="public, max-age=600")
        return kept[request.path](proxy, line)

    monkeypatch.setenv("FOXAPI_PLAIN_HTTP", "relay.school")
    with Scripted(cache) as proxy, scripted_client("http://relay.school:8800") as client:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert [client.task("task-1").status for _ in range(2)] == ["processing", "completed"]


@pytest.mark.parametrize("call", CALLS)
def test_what_wraps_requests_and_gives_nothing_is_told(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook's own retries that end without an answer send nothing twice; what never went out is told as that."""
    genuine = requests.sessions.Session.request

    def tried(*args: Any, **options: Any) -> Any:
        for _ in range(3):
            with contextlib.suppress(Exception):
                return genuine(*args, **options)
        return None

    monkeypatch.setattr(requests.sessions.Session, "request", tried)
    with Scripted(hang_up) as gateway, scripted_client(gateway, reads_tries=1) as client:
        with pytest.raises(ConnectionLost, match="wraps requests"):
            CALLS[call](client)
        creations = len(gateway.creations())
    assert creations == (call == "create")
    with scripted_client(gateway.url, reads_tries=1) as client, pytest.raises(FoxError) as told:
        CALLS["create"](client)
    assert certainly_not_accepted(told.value)


@pytest.mark.parametrize("where", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_authorities_of_this_system_are_trusted(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a company its own certificate is among the system's, or in requests' own setting; the doctor sees what the calls see."""
    monkeypatch.setenv(where, CERTIFICATE)
    with Scripted(say(200, {"data": [{"id": "phota-image"}]}), certificate=(CERTIFICATE, CERTIFICATE)) as safe:
        with Client(safe.url, MARKED_KEY) as client:
            assert client.models() == ["phota-image"]
        assert [step.split(" is ")[0].split(" in ")[0] for step in reach(safe.url)] == [
            "127.0.0.1",
            "connected",
            "trusted (TLS)",
        ]


@pytest.mark.parametrize("where", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", ""])
def test_they_are_for_a_proxy_that_is_spoken_to_safely_too(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS leads to the proxy itself where its address begins with https://; an authority that is missing is told as that."""
    words = r"asked, and it did not let the request through" if where else r"proxy itself came to be \(SSLCertVerif"
    if where:
        monkeypatch.setenv(where, CERTIFICATE)
    with Scripted(say(502, b""), certificate=(CERTIFICATE, CERTIFICATE)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with scripted_client("https://gateway.example") as client, pytest.raises(NotConnected, match=words):
            client.create({"model": "phota-image"})


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (407, "wants a user name and a password"),
        (403, "refused to lead to this host"),
        (502, "did not let the request"),
    ],
)
def test_what_a_proxy_did_is_said(status: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that wants a password, refuses the host or fails is told as that; nothing was sent."""
    with Scripted(say(status, b"")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with (
            Client("https://gateway.example", MARKED_KEY, reads_tries=1, sleep=lambda _: None) as client,
            pytest.raises(NotConnected, match=f"the proxy was asked, and it {words}") as told,
        ):
            client.create({"model": "phota-image"})
        assert certainly_not_accepted(told.value)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.removeprefix("http://"))
        steps = reach("https://gateway.example")
        assert next(steps).startswith("the proxy 127.0.0.1 is 127.0.0.1")
        with pytest.raises(NotConnected, match=f"not reached safely: the proxy was asked, and it {words}"):
            list(steps)


@pytest.mark.parametrize(
    "address", ["lovelace:geheim#77@proxy.company:3128", "lovelace:geheim/7@proxy.company:port", "http://"]
)
def test_a_proxys_address_that_cannot_be_read_is_told_without_its_password(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sign in the password that has to be written otherwise is the usual mistake; no part of it is shown."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{address}" if "//" not in address else address)
    with Client("https://gateway.example", MARKED_KEY, reads_tries=1) as client:
        for ask in (lambda: client.create({"model": "phota-image"}), lambda: list(reach("https://gateway.example"))):
            with pytest.raises(NotConnected) as told:
                ask()
            assert "geheim" not in str(told.value)
            assert "lovelace" not in str(told.value)
        assert "written %23 %2F %40" in str(told.value)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://127.0.0.1:{port}", "to the proxy itself came to be; its address mostly begins with http://"),
        ("http://127.0.0.1:{port}", "the proxy was asked, and it did not let the request through"),
        ("http://127.0.0.1:{other}", "the proxy was asked, and it gave no answer of a proxy"),
        ("http://127.0.0.1:{hangs_up}", "the proxy was asked, and it gave no answer of a proxy"),
        ("http://127.0.0.1:{closed}", "no connection to the proxy came to be"),
        ("http://proxy.invalid", "the name of the proxy was not found"),
        ("socks5://127.0.0.1:{port}", "pip install pysocks"),
    ],
)
def test_a_proxy_that_does_not_come_to_be_asked_is_told_as_that(
    address: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong scheme, port or name, and the package that a socks proxy needs, are not taken for the gateway's trouble."""

    def no_package(*_: object, **__: object) -> None:
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", no_package)
    with Scripted(say(200)) as gone:
        pass
    with (
        Scripted(say(200), greeting=b"HTTP/1.1 502 No 407 but a TLS handshake\r\n\r\n") as proxy,
        Scripted(say(200), greeting=b"SSH-2.0-OpenSSH_9\r\n") as other,
        Scripted(hang_up) as silent,
    ):
        ports = {"port": proxy.port, "closed": gone.port, "other": other.port, "hangs_up": silent.port}
        monkeypatch.setenv("HTTPS_PROXY", address.format(**ports))
        with (
            Client("https://gateway.example", MARKED_KEY, reads_tries=1) as client,
            pytest.raises(NotConnected, match=words),
        ):
            client.models()


@pytest.mark.parametrize("said", [b"HTTP/1.1 403 \x1b[31mEVIL\x1b[0m\x07\r\n\r\n", b"\x1b[31mEVIL\x07\n\r\n"])
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_words_of_whoever_answers_are_shown_without_control_signs(
    scheme: str, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy's reason or the greeting of what is no server of HTTP colours no terminal and breaks no line."""
    with Scripted(say(200), greeting=said) as odd:
        monkeypatch.setenv("HTTPS_PROXY", odd.url)
        with (
            scripted_client("https://gateway.example" if scheme == "https" else odd.url) as client,
            pytest.raises(FoxError) as told,
        ):
            client.models()
        assert str(told.value).isprintable()


@pytest.mark.parametrize("call", CALLS)
def test_what_ends_before_the_request_is_no_lost_answer(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall that lets the handshake starve, or a proxy that does, never saw the request: that is what is said."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        for url, proxy, words in (
            (f"https://{address}", "", r"no safe connection \(TLS\) came to be"),
            ("https://gateway.example", f"http://{address}", "the proxy was asked, and it gave no answer"),
        ):
            monkeypatch.setenv("HTTPS_PROXY", proxy)
            began = time.monotonic()
            with (
                Client(url, MARKED_KEY, reads_tries=1, timeouts=Timeouts(connect=0.3), sleep=lambda _: None) as client,
                pytest.raises(NotConnected, match=rf"was not reached: {words} within 0\.3 s"),
            ):
                CALLS[call](client)
            assert time.monotonic() - began < Timeouts().read


@pytest.mark.parametrize(
    "begun", [b"", b'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"id": "task-1", "status": "pending"']
)
@pytest.mark.parametrize("call", [*CALLS, "download"])
def test_tls_that_breaks_after_the_request_is_a_lost_answer(
    call: str, begun: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that is damaged on its way comes behind the request: what was asked for is asked for again, a creation is unknown."""

    def damaged(_: Scripted, line: socket.socket) -> bool:
        line.sendall(begun)
        os.write(line.fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))
        return False

    monkeypatch.setenv("SSL_CERT_FILE", CERTIFICATE)
    with Scripted(damaged, certificate=(CERTIFICATE, CERTIFICATE)) as safe, scripted_client(safe) as client:
        if call == "download":
            with pytest.raises(DownloadFailed) as failed:
                client.download(f"{safe.url}/fox.png", tmp_path / "fox.png")
            assert not failed.value.gone
        else:
            with pytest.raises(ConnectionLost) as lost:
                CALLS[call](client)
            assert not certainly_not_accepted(lost.value)
        assert len(safe.received) == (1 if call == "create" else 4)


def test_a_proxy_that_hangs_up_had_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes to a proxy without TLS is the request itself: when it hangs up then, that is a lost answer."""
    monkeypatch.setenv("FOXAPI_PLAIN_HTTP", "relay.school")
    with Scripted(hang_up) as proxy, scripted_client("http://relay.school:8800") as client:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        for call in CALLS.values():
            with pytest.raises(ConnectionLost):
                call(client)


def test_a_way_on_which_no_answer_comes_ends_there() -> None:
    """Whatever listens there and says nothing, or ends the handshake, is no safe connection."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        steps = reach(f"https://127.0.0.1:{silent.getsockname()[1]}", 0.5)
        with pytest.raises(NotConnected, match=r"is not reached safely.*within 0\.5 s"):
            list(steps)
    with Scripted(hang_up) as plain, pytest.raises(NotConnected, match="The way ends here"):
        list(reach(plain.url.replace("http://", "https://")))


def test_the_way_ends_at_a_step_that_is_named() -> None:
    """Who cannot reach the gateway learns where the way ends: at the name, the connection or the certificate."""
    with pytest.raises(NotConnected, match=r"the name of nowhere\.invalid is not known"):
        list(reach("https://nowhere.invalid"))
    with Scripted(say(200, {})) as gone:
        pass
    with pytest.raises(NotConnected, match=f"takes no connection at port {gone.port}"):
        list(reach(gone.url))
    with (
        Scripted(say(200, {}), certificate=(CERTIFICATE, CERTIFICATE)) as strange,
        pytest.raises(NotConnected, match=r"no safe connection \(TLS\).*certificate"),
    ):
        list(reach(strange.url))


@pytest.mark.parametrize(
    ("bundle", "host", "advice"),
    [
        ("gone.pem", "127.0.0.1", "Mend the file of certificates"),
        (__file__, "127.0.0.1", "Mend the file of certificates"),
        (CERTIFICATE, "127.1", "Another server answers there"),
        ("", "127.0.0.1", "must be among this system's"),
    ],
)
def test_what_is_wrong_with_a_certificate_has_its_own_advice(
    bundle: str, host: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company's authority that is not trusted, a bad file of authorities and another host's certificate are mended differently."""
    if bundle:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    with (
        Scripted(say(200, {}), certificate=(CERTIFICATE, CERTIFICATE)) as strange,
        pytest.raises(NotConnected, match=advice),
    ):
        list(reach(f"https://{host}:{strange.port}"))


@pytest.mark.parametrize(
    ("said", "words"),
    [(b"\x05\xff", "methods were rejected"), (b"\x05\x00\x05\x02\x00\x01" + bytes(6), "not allowed by ruleset")],
)
def test_what_a_socks_proxy_answers_is_told_as_the_proxys(
    said: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that refuses the host, or wants a log-in, is not taken for a gateway that takes no connection."""
    with Scripted(say(200), greeting=said) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http", "socks5h"))
        with (
            scripted_client("https://gateway.example", reads_tries=1) as client,
            pytest.raises(NotConnected, match=f"reached: no connection by the socks proxy came to be .*{words}"),
        ):
            client.models()


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("The certificate's CN name does not match the passed value", "Another server answers there"),
        ("A required certificate is not within its validity period", "this computer's clock"),
        ("tlsv13 alert certificate required", "A certificate of yours is wanted there"),
    ],
)
def test_words_of_other_systems_about_a_certificate_have_their_advice(
    said: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows and macOS look at certificates themselves and say it otherwise; it is put in their mouth here."""
    monkeypatch.setattr(HttpTransport, "send", lambda *_: Broken(said, connected=False))
    with Scripted(hang_up) as server, pytest.raises(NotConnected, match=advice):
        list(reach(server.url.replace("http://", "https://")))


def test_the_address_that_is_named_is_the_one_that_was_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a name's addresses the first may take no connection."""
    with Scripted(say(200)) as server:
        whole = socket.getaddrinfo("127.0.0.1", server.port, type=socket.SOCK_STREAM)
        none = [(socket.AF_INET6, *one[1:4], ("::1", server.port, 0, 0)) for one in whole]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: none + whole)
        assert next(reach(f"http://localhost:{server.port}")) == "localhost is 127.0.0.1"


@contextlib.contextmanager
def by_socks(*said: bytes, drop: bytes = b"") -> Iterator[str]:
    """A socks proxy's address; behind it this is said, a message to each that comes, and in the end drop by drop."""
    over = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError), door.accept()[0] as line:
            for words in (b"\x05\x00", b"\x05\x00\x00\x01" + bytes(6), *said):
                line.recv(4096)
                line.sendall(words)
            while not over.wait(0.02):
                line.sendall(drop)

    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(PATIENCE)
        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield f"socks5h://127.0.0.1:{door.getsockname()[1]}"
        finally:
            over.set()
            ended(serving)


@pytest.mark.parametrize("call", CALLS)
def test_by_a_socks_proxy_too_a_handshake_is_before_the_request(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no TLS server behind a socks proxy never saw the request."""
    with by_socks(b"HTTP/1.1 400 No TLS\r\n\r\n") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with (
            scripted_client("https://gateway.example", reads_tries=1) as client,
            pytest.raises(NotConnected, match=r"was not reached: no safe connection \(TLS\) came to be"),
        ):
            CALLS[call](client)


def test_by_a_socks_proxy_too_an_answer_ends_by_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that goes on coming, from a public host by a proxy of this machine, is not waited for without end."""
    with by_socks(b"HTTP/1.1 200 OK\r\n\r\n", drop=bytes(4096)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        with (
            scripted_client("https://gateway.example", read=0.5) as client,
            pytest.raises(DownloadFailed, match="did not come whole: no whole answer came within"),
        ):
            client.download("http://cdn.example/fox.png", tmp_path / "fox.png", repeat=False)


def test_a_socks_proxy_has_a_port_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one in its address it is looked for where the calls look for it."""
    asked: list[tuple[str, int]] = []

    def nowhere(name: str, port: int, **_: object) -> None:
        asked.append((name, port))
        raise socket.gaierror("nowhere")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    for scheme, port in (("socks5", 1080), ("socks4a", 1080), ("http", 80), ("https", 443)):
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://proxy.company")
        with pytest.raises(NotConnected, match=r"the name of the proxy proxy\.company is not known"):
            list(reach("https://gateway.example"))
        assert asked[-1] == ("proxy.company", port)
