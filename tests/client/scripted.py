"""A real HTTP server whose every answer is written down beforehand, byte for byte: the gateway at its worst."""

import contextlib
import gzip
import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from fox_nb.client import Client
from fox_nb.settings import Timeouts
from processes import ended

KEY = "sk-canary-3f9a1c7e5b2d"
CERTIFICATE = str(Path(__file__).with_name("this_machine.pem"))


class Pauses(list[float]):
    """Stands for `time.sleep`: remembers the pauses and takes none."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def client(server: "Scripted | str", sleep: Any = None, *, read: float = 30, **settings: Any) -> Client:
    """A client of the scripted server (or of a URL) that waits for nothing but answers."""
    url = server if isinstance(server, str) else server.url
    timeouts = Timeouts(connect=5, read=read, upload=30, download=read)
    return Client(url, KEY, sleep=Pauses() if sleep is None else sleep, timeouts=timeouts, **settings)


@dataclass(frozen=True)
class Received:
    """One request as it arrived, whole."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Step = Callable[["Scripted", socket.socket], bool]
"""Answers one request; True keeps the connection open for the next one."""


def say(
    status: int = 200, body: object = b"", *, cut: int | None = None, length: int | None = None, **headers: str
) -> Step:
    """Answer whole; with `cut`, send so many bytes of the body and hang up; `length` is what Content-Length claims."""
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(raw) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", errors="surrogateescape")

    def step(server: "Scripted", line: socket.socket) -> bool:
        line.sendall(head + raw[:cut])
        return cut is None

    return step


def odd_bodies(answer: object) -> list[bytes]:
    """An answer as it comes where somebody on the way is careless with it."""
    said = json.dumps(answer).encode()
    echo = said[:-1] + b', "prompt": "%s"}'
    echoes = [echo % words for words in (b"caf\xe9", b"cut \xe6\xbc", b"two\nlines", b"\0\1\ttabs")]
    around = [said + b"<!-- by a cdn -->", said + b"\0\0", said * 2, b"\xef\xbb\xbf" + said, b"data: " + said + b"\n\n"]
    members = gzip.compress(said[:20]) + gzip.compress(said[20:])
    around += [said.decode().encode(f"utf-{kind}") for kind in ("16", "16-le", "16-be", "32", "32-le", "32-be")]
    around += [bytes(count) + said for count in (1, 2, 3)]
    return [*echoes, *around, said, gzip.compress(said), members, gzip.compress(gzip.compress(said))]


def hang_up(server: "Scripted", line: socket.socket) -> bool:
    """Read the request and close the connection."""
    return False


def never(server: "Scripted", line: socket.socket) -> bool:
    """Read the request and say nothing, until the other side has had enough or the test is over."""
    line.settimeout(0.05)
    while not server.over.is_set():
        with contextlib.suppress(TimeoutError):
            if not line.recv(1024):
                break
    return False


def drip(start: bytes, then: bytes = b" ") -> Step:
    """Send some bytes at once, and then one more again and again, so that no single wait is ever long."""

    def step(server: "Scripted", line: socket.socket) -> bool:
        line.sendall(start)
        while not server.over.wait(0.02):
            line.sendall(then)
        return False

    return step


def stall(start: bytes) -> Step:
    """Send some bytes and then nothing, the connection open."""

    def step(server: "Scripted", line: socket.socket) -> bool:
        line.sendall(start)
        return never(server, line)

    return step


class Scripted:
    """The server: one step a request, in order; the last one is repeated.

    Parameters
    ----------
    steps
        What is answered.
    certificate
        The files of a certificate and its key make it speak TLS.
    port
        0 takes a free one.
    greeting
        Said to whoever connects, before the connection is closed; no request is read then.
    """

    def __init__(
        self, *steps: Step, certificate: tuple[str, str] | None = None, port: int = 0, greeting: bytes = b""
    ) -> None:
        self._steps = list(steps)
        self.received: list[Received] = []
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._lines: list[socket.socket] = []
        self.current = threading.local()
        """`.request`: what the step of this thread answers."""
        self._port = port
        self._greeting = greeting
        self._tls = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*certificate)

    def __enter__(self) -> Self:
        self._door = socket.create_server(("127.0.0.1", self._port))
        scheme = "https" if self._tls else "http"
        self.port = self._door.getsockname()[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        # A thread that waits in accept() is not woken by closing the socket under it.
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        ended(self._threads[0])
        self._door.close()
        with self._lock:
            for line in self._lines:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
        ended(*self._threads[1:])

    def creations(self) -> list[Received]:
        """What was received of creating POSTs, whole."""
        return [one for one in self.received if one.path == "/v1/images/generations"]

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            line, _ = self._door.accept()
            if self.over.is_set():
                line.close()
                return
            with self._lock:
                self._lines.append(line)
            self._start(self._serve, line)

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), line:
            if self._greeting:
                line.recv(1024)
                line.sendall(self._greeting)
                return
            if self._tls:
                line = self._tls.wrap_socket(line, server_side=True)
            with line, line.makefile("rb") as reader:
                while not self.over.is_set():
                    request = _read(reader)
                    if request is None:
                        return
                    self.current.request = request
                    with self._lock:
                        self.received.append(request)
                        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
                    if not step(self, line):
                        with contextlib.suppress(OSError):
                            line.shutdown(socket.SHUT_RDWR)
                        return


def _read(reader: Any) -> Received | None:
    first = reader.readline().decode("latin-1").split()
    if len(first) < 2:
        return None
    headers: dict[str, str] = {}
    while (row := reader.readline().decode("latin-1").strip()) != "":
        name, _, value = row.partition(":")
        headers[name.title()] = value.strip()
    length = int(headers.get("Content-Length", 0))
    body = reader.read(length)
    return Received(first[0], first[1], headers, body) if len(body) == length else None
