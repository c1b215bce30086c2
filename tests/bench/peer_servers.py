"""Peer servers: as much of replicate's and fal's protocols as their own clients need to make one picture."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from typing import Any, Self

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

_BEGAN = "2026-01-01T00:00:00Z"


class PeerServer:
    """A gateway on the loopback whose tasks take `lasts` seconds; counts what it is asked.

    Parameters
    ----------
    lasts : float
        Seconds that a task takes.
    """

    routes: list[tuple[str, str]]

    def __init__(self, *, lasts: float) -> None:
        self.lasts = lasts
        self.reads = 0
        self.made: dict[str, float] = {}
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def answer(self, method: str, path: str) -> dict[str, Any]:
        """What a call is answered with."""
        raise NotImplementedError

    def make(self) -> str:
        key = uuid.uuid4().hex
        self.made[key] = time.monotonic()
        return key

    def is_done(self, key: str) -> bool:
        self.reads += 1
        return time.monotonic() - self.made[key] >= self.lasts

    async def _serve(self) -> None:
        server = self

        class Handler(RequestHandler):
            def _any(self) -> None:
                self.set_header("Content-Type", "application/json")
                self.finish(json.dumps(server.answer(self.request.method or "", self.request.path)))

            get = post = _any

        http = HTTPServer(Application([(r".*", Handler)], log_function=lambda _: None))
        http.listen(0, "127.0.0.1")
        self._port = next(iter(http._sockets.values())).getsockname()[1]
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._end.wait()
        http.stop()


class Replicate(PeerServer):
    """``POST /v1/models/…/predictions``, ``GET /v1/predictions/ID``."""

    def answer(self, method: str, path: str) -> dict[str, Any]:
        key = self.make() if method == "POST" else path.rpartition("/")[2]
        done = method == "GET" and self.is_done(key)
        return {
            "id": key,
            "model": "fox/paint",
            "version": "1",
            "status": "succeeded" if done else "processing",
            "input": {},
            "output": [f"{self.url}/{key}.png"] if done else None,
            "logs": "",
            "error": None,
            "metrics": {},
            "created_at": _BEGAN,
            "started_at": _BEGAN,
            "completed_at": _BEGAN if done else None,
            "urls": {"get": f"{self.url}/v1/predictions/{key}", "cancel": f"{self.url}/v1/predictions/{key}/cancel"},
        }


class Fal(PeerServer):
    """``POST /fox/paint``, ``GET …/requests/ID/status``, ``GET …/requests/ID``."""

    def answer(self, method: str, path: str) -> dict[str, Any]:
        if method == "POST":
            way = f"{self.url}/fox/paint/requests/{self.make()}"
            key = way.rpartition("/")[2]
            return {
                "request_id": key,
                "response_url": way,
                "status_url": f"{way}/status",
                "cancel_url": f"{way}/cancel",
            }
        if not path.endswith("/status"):
            return {"images": [{"url": f"{self.url}/out.png"}]}
        done = self.is_done(path.split("/")[-2])
        return {"status": "COMPLETED", "logs": [], "metrics": {}} if done else {"status": "IN_PROGRESS", "logs": []}
