"""A gateway that answers as a test wants, call by call, over real HTTP: for what the sandbox, which knows the rules, would never say."""

import itertools
import socket
import threading
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from client.scripted import Scripted, Step, say
from fox_nb.settings import Polling

EAGER = Polling(first_looks=tuple(n / 20 for n in range(1, 1200)), at_least=0.05, per_second=200)
"""Looking so often that no test waits."""
Answer = Callable[["Gateway", int, str], Step]
"""Gets the gateway, the how-manieth call of its kind this is (from 1), and the task's id or the file's path."""


def always(step: Step) -> Answer:
    """The same answer to every call of its kind."""
    return lambda _gateway, _count, _name: step


def picture(colour: int = 0, *, width: int = 64, height: int = 48) -> bytes:
    """A PNG of one grey; another colour is another file."""
    rows = (b"\0" + bytes([colour % 256]) * width) * height

    def chunk(name: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4)

    header = width.to_bytes(4) + height.to_bytes(4) + b"\x08\0\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Gateway(Scripted):
    """Accepts creations, completes tasks at once and hands out their pictures, but for what a test says.

    Parameters
    ----------
    create, poll, file
        Each makes the answer to the call that it is named after.
    """

    def __init__(self, *, create: Answer | None = None, poll: Answer | None = None, file: Answer | None = None) -> None:
        super().__init__(_answer)
        self.create = create or (lambda gateway, _count, task_id: say(200, gateway.accepted(task_id)))
        self.poll = poll or (lambda gateway, _count, task_id: say(200, gateway.completed(task_id)))
        self.file = file or (lambda gateway, _count, path: say(200, gateway.picture(path)))
        self.tasks: dict[str, dict[str, Any]] = {}
        """What was asked for, by the id that it got, whether or not the answer told it."""
        self.reads: dict[str, Step] = {}
        """The answers to other reads, by their path: prices, account, log."""
        self.counts: Counter[str] = Counter()
        self._numbers = itertools.count(1)
        self._counting = threading.Lock()

    def accepted(self, task_id: str) -> dict[str, Any]:
        """The answer to a creation."""
        return {"id": task_id, "model": self.tasks[task_id]["model"], "status": "pending", "progress": 0}

    def links(self, task_id: str) -> list[str]:
        """The links of a task's pictures, as many as were asked for."""
        count = self.tasks[task_id].get("num_outputs", 1)
        return [f"{self.url}/out/{task_id}/{number}.png" for number in range(1, count + 1)]

    def results(self, task_id: str) -> list[dict[str, str]]:
        """The same as an answer has them."""
        return [{"url": link} for link in self.links(task_id)]

    def completed(self, task_id: str, *links: str, **more: Any) -> dict[str, Any]:
        """The answer to a read of a task that is done, with its own links or others."""
        results = [{"url": link} for link in links or self.links(task_id)]
        return {"id": task_id, "status": "completed", "progress": 100, "error": None, "results": results, **more}

    def picture(self, path: str) -> bytes:
        """The picture behind a link: each link has its own, the same every time."""
        return picture(zlib.crc32(path.encode()))

    def fetched(self, number: int) -> int:
        """How often the link of one of the pictures was asked for."""
        return sum(urlsplit(one.path).path.endswith(f"/{number}.png") for one in self.received)

    def answer(self) -> Step:
        """Choose the answer to the request of this thread."""
        request = self.current.request
        path = urlsplit(request.path).path
        if path == "/v1/images/generations":
            task_id = f"task-unified-{next(self._numbers)}"
            self.tasks[task_id] = request.json
            return self.create(self, self._count("create"), task_id)
        if path.startswith("/v1/tasks/"):
            task_id = path.rpartition("/")[2]
            return self.poll(self, self._count(path), task_id)
        if path in self.reads:
            self._count(path)
            return self.reads[path]
        if path.startswith("/out/"):
            return self.file(self, self._count(path), path)
        return say(404, {"error": {"message": "there is no such call", "type": "not_found"}})

    def _count(self, call: str) -> int:
        with self._counting:
            self.counts[call] += 1
            return self.counts[call]


def _answer(server: Scripted, line: socket.socket) -> bool:
    assert isinstance(server, Gateway)
    return server.answer()(server, line)
