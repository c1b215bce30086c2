"""Room: a class as the tests have it: seats with their tokens, and a relay in a process of its own, which can be killed."""

import asyncio
import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

import fox_nb
from artifacts import MARKED_KEY, Places
from fox_nb.classroom.relay import Options, Relay
from fox_nb.classroom.seats import Seats
from fox_nb.classroom.tables import Database
from fox_nb.classroom.upstream import Upstream
from fox_nb.client import Client
from processes import PATIENCE, clean_environment, ended, until


@contextlib.contextmanager
def answering(folder: Path, gateway: str, **options: Any) -> Iterator[str]:
    """The address of a relay in a thread of this process, where it can be watched."""
    address: queue.Queue[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()

    async def serve() -> None:
        upstream, done = Upstream(Client(gateway, MARKED_KEY), is_sandbox=True), asyncio.Event()
        relay = Relay(Options(folder, **options), upstream)
        address.put((relay.open(), asyncio.get_running_loop(), done))
        await done.wait()
        await relay.close()

    thread = threading.Thread(target=lambda: fox_nb.run(serve()), name="answering")
    thread.start()
    url, loop, done = address.get(timeout=PATIENCE)
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(done.set)
        ended(thread)


class Classroom:
    """A class's folder, its seats with their tokens, and the relay, which can be killed and started again."""

    def __init__(self, places: Places, upstream: str, key: str = MARKED_KEY, database: str | None = None) -> None:
        self.folder = places.fresh("class")
        self.log = places.searched / f"{self.folder.name}.log"
        self.env = clean_environment(places, {"FOXAPI_KEY": key, "FOXAPI_BASE_URL": upstream})
        self.url = ""
        self.port = 0
        self._kept = socket.socket()
        """Bound, and listens to nobody: the system gives the port to no other while the relay, which binds beside it, is down."""
        if sys.platform == "linux":  # elsewhere nothing can bind beside it
            self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._kept.bind(("127.0.0.1", 0))
            self.port = self._kept.getsockname()[1]
        self.tokens: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self._database = Database(self.folder, database)
        self.seats = Seats(self._database)

    def seat(self, *names: str, each: float = 100.0, total: float = 1000.0, **about: Any) -> str:
        """Make seats; returns the token of the last one."""
        self.tokens |= dict(self.seats.make(names, each, total, **about))
        return self.tokens[names[-1]]

    def start(self, *options: str) -> str:
        with self.log.open("ab") as log:
            at = self.log.stat().st_size
            command = [
                sys.executable,
                "-m",
                "fox_nb.cli",
                "relay",
                f"--folder={self.folder}",
                f"--port={self.port}",
                *options,
            ]
            self.process = subprocess.Popen(command, env=self.env, stdout=log, stderr=log, cwd=self.folder)
        self.url = until(lambda: self._first_line(at), "the relay's address", show=self.log.read_text)
        self.port = int(self.url.rpartition(":")[2])
        return self.url

    def _first_line(self, at: int) -> str | None:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        line, end, _ = self.log.read_text()[at:].partition("\n")
        return line if end else None

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """The relay's process stands still: connections come about, and nobody answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        self.process.wait(30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        self._kept.close()
        self._database.close()

    def ask(self, method: str, path: str, name: str | None = None, **request: Any) -> requests.Response:
        """One call by a seat, or by nobody."""
        headers = {**({"Authorization": f"Bearer {self.tokens[name]}"} if name else {}), **request.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=60, **request)
