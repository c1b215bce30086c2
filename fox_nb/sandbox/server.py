"""Server: the gateway over HTTP. Checks host, key, size and contract, lets faults happen to calls, delivers answers."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import re
import secrets
import socket
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tornado import httpserver, httputil, web
from tornado.iostream import StreamClosedError

from fox_nb.sandbox.answers import Answer, error_answer
from fox_nb.sandbox.gateway import Gateway
from fox_nb.sandbox.handlers import CALLS, Incoming, check, read_json
from fox_nb.sandbox.http_faults import HTTP_FAULTS
from fox_nb.sandbox.plans import LOOPBACK
from fox_nb.sandbox.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from filelock import BaseFileLock

    from fox_nb.sandbox.contract import Operation
    from fox_nb.sandbox.options import Settings

ANY_KEY = "any"
"""Says that every key that is not empty is accepted."""
ROOM_FOR_A_FORM = 1_000_000
"""Bytes of a body beside the uploaded file; also the most that a body without a file may have."""
MOST_DRAINED = 2_000_000_000
"""A body that is too large is read to its end, so that the answer can be; above this the line is cut."""


class Server:
    """One gateway on one port of the loopback. Opened, served and closed on one event loop."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        *,
        keys: str | Collection[str] = (),
        stop: Callable[[], None] | None = None,
        lock: BaseFileLock | None = None,
    ) -> None:
        self.key = secrets.token_urlsafe(24)
        self.stop = stop
        self.last_asked = time.monotonic()
        self.gateway = Gateway(folder, settings, lock)
        self._keys = ANY_KEY if keys == ANY_KEY else {self.key, *([keys] if isinstance(keys, str) else keys)}
        self._http = httpserver.HTTPServer(self._application(), max_body_size=MOST_DRAINED)
        self._closing = asyncio.Event()
        self.port = 0

    def _application(self) -> web.Application:
        paths: dict[str, dict[str, Operation]] = {}
        for operation in self.gateway.contract.operations:
            paths.setdefault(operation.path, {})[operation.method] = operation
        routes = [
            (re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)), _Handler, {"server": self, "operations": known})
            for path, known in paths.items()
        ]
        handlers: list[Any] = [*routes, (r".*", _Handler, {"server": self, "operations": {}})]
        return web.Application(handlers, log_function=lambda _handler: None)

    def open(self, port: int = 0) -> None:
        """Bind the port (0: a free one) and begin to answer."""
        listener = socket.create_server(("127.0.0.1", port), backlog=128)
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self.gateway.open()
        self._http.add_sockets([listener])

    async def close(self) -> None:
        """Stop answering, let go of who still waits, and end the gateway; its folder keeps what is unfinished."""
        self._closing.set()
        self._http.stop()
        await self._http.close_all_connections()
        await self.gateway.close()

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def accepts(self, key: str) -> bool:
        """Whether this is a key of the sandbox."""
        if self._keys == ANY_KEY:
            return bool(key)
        return any(hmac.compare_digest(key.encode(), known.encode()) for known in self._keys)

    async def pause(self, seconds: float | None) -> None:
        """Wait that long (None: for ever), but no longer than the server lives."""
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return


@web.stream_request_body
class _Handler(web.RequestHandler):
    """Serves one path of the document, whatever the method."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS")

    def initialize(self, server: Server, operations: dict[str, Operation]) -> None:
        self.server = server
        self.operations = operations
        self.received = bytearray()
        self.too_large = False

    # --- the body arrives

    def prepare(self) -> None:
        self.server.last_asked = time.monotonic()
        largest = ROOM_FOR_A_FORM
        if "/files/upload/" in self.request.path:
            largest += self.server.gateway.settings.upload_limit * 4 // 3  # base64 needs four bytes for three
        self.largest = largest

    def data_received(self, chunk: bytes) -> None:
        if len(self.received) + len(chunk) > self.largest:
            self.too_large = True
            self.received.clear()
        elif not self.too_large:
            self.received += chunk

    # --- every method goes the same way

    async def _serve(self, **steps: str) -> None:
        call = None
        fault = None
        try:
            call = self._call(self._operation(), steps)
            self._admit(call.operation)
            _, name = CALLS[call.operation.name]
            fault = self.server.gateway.faults.on_call(name, _model(call)) if name else None
            answer = await self._work(call, fault)
        except Problem as problem:
            answer = self._refusal(problem)
        if fault is not None:
            answer = HTTP_FAULTS[fault["fault"]].effect(answer, fault)
        if call is not None and call.operation.name == "create_task":
            self._witness(call, answer, fault)
        await self._deliver(answer)

    get = post = put = patch = delete = head = options = _serve

    def _operation(self) -> Operation:
        """Return the operation that is asked for, or raise `Problem`."""
        host, _, port = self.request.host.rpartition(":")
        if host.strip("[]").lower() not in LOOPBACK or port != str(self.server.port):
            raise Problem(421, "This host name is not the sandbox's.", "invalid_request_error")
        if not self.operations:
            raise Problem(404, "There is no such call.", "not_found")
        method = self.request.method or ""
        operation = self.operations.get("GET" if method == "HEAD" else method)
        if operation is None:
            raise Problem(405, "This call has no such method.", "invalid_request_error")
        return operation

    def _admit(self, operation: Operation) -> None:
        """Refuse who has no key, and bodies that are too large."""
        if operation.needs_key and not self.server.accepts(self._key()):
            raise Problem(401, "The key is missing or not valid.", "authentication_error")
        if operation.needs_key and not operation.path.startswith("/sandbox"):
            self.server.gateway.check_key()
        if self.too_large:
            kind = "file_too_large_error" if "/files/upload/" in operation.path else "invalid_request_error"
            raise Problem(413, "The body is too large.", kind)

    def _key(self) -> str:
        scheme, _, key = self.request.headers.get("Authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""

    def _account(self) -> str:
        """Tell keys apart; the sandbox's own is another one after each start, and the same account."""
        key = self._key()
        return "own" if key == self.server.key else fingerprint(key)

    def _call(self, operation: Operation, steps: dict[str, str]) -> Incoming:
        return Incoming(
            operation=operation,
            steps={name: unquote(step) for name, step in steps.items()},
            query={name: self.get_query_argument(name, strip=False) for name in self.request.query_arguments},
            headers=self.request.headers,
            body=bytes(self.received),
            key=self.server.key,
            base_url=self.server.base_url,
            stop=self.server.stop,
            account=self._account(),
        )

    async def _work(self, call: Incoming, fault: dict[str, Any] | None) -> Answer:
        """Do what is asked, unless a fault keeps the call from being done at all."""
        if fault is not None and not fault.get("done", HTTP_FAULTS[fault["fault"]].done):
            return Answer()
        check(call, self.server.gateway)
        carry_out, _ = CALLS[call.operation.name]
        return await carry_out(call, self.server.gateway)

    def _refusal(self, problem: Problem) -> Answer:
        headers = {"Allow": self._allowed()} if problem.status == HTTPStatus.METHOD_NOT_ALLOWED else {}
        return error_answer(problem.status, problem.error, **headers)

    def _allowed(self) -> str:
        return ", ".join(sorted({*self.operations, *(["HEAD"] if "GET" in self.operations else [])}))

    def _witness(self, call: Incoming, answer: Answer, fault: dict[str, Any] | None) -> None:
        take = self.request.headers.get("X-Sandbox-Take", "")
        self.server.gateway.ledger.add_creation(
            {
                "time": self.server.gateway.clock.now(),
                "account": fingerprint(self._key()),
                "body": _body(call),
                "take": int(take) if re.fullmatch(r"[0-9]{1,18}", take) else None,
                "task_id": call.task_id,
                "status": None if answer.silent or answer.hang_up else answer.status,
                "fault": fault["fault"] if fault else None,
            }
        )

    # --- the answer leaves

    async def _deliver(self, answer: Answer) -> None:
        if answer.delay or answer.silent:
            await self.server.pause(None if answer.silent else answer.delay)
        if answer.silent or answer.hang_up:
            self._cut_line()
            return
        if answer.early:
            line = f"HTTP/1.1 {answer.early} {HTTPStatus(answer.early).phrase}\r\n\r\n"
            with contextlib.suppress(StreamClosedError):
                await self.request.connection.stream.write(line.encode())  # type: ignore[union-attr]
        self.set_status(answer.status)
        self.set_header("Date", httputil.format_timestamp(self.server.gateway.date))
        self.clear_header("Content-Type")
        for name, value in answer.headers.items():
            self.set_header(name, value)
        if answer.keep is None or self.request.method == "HEAD":
            with contextlib.suppress(StreamClosedError):
                await self.finish(answer.body)
            return
        self.set_header("Content-Length", str(len(answer.body)))
        self.write(answer.body[: answer.keep])
        try:
            await self.flush()
        except StreamClosedError:
            return
        self._cut_line()

    def _cut_line(self) -> None:
        self.request.connection.stream.close()  # type: ignore[union-attr]

    def write_error(self, status_code: int, **_kwargs: Any) -> None:
        """Answer what tornado itself refuses, in the gateway's form."""
        if status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", self._allowed())
        kind = "server_error" if status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
        self.set_header("Content-Type", "application/json")
        self.finish({"error": {"message": self._reason, "type": kind}})

    def compute_etag(self) -> None:
        """Leave the ETag out: nothing here is asked for twice."""
        return

    def set_default_headers(self) -> None:
        self.set_header("Server", "fox_nb-sandbox")


def fingerprint(key: str) -> str:
    """Return what tells keys apart without telling them."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def _body(call: Incoming) -> Any:
    """Return a creation's body as JSON, or as text where it is none."""
    try:
        return read_json(call.body) if call.value is None else call.value
    except Problem:
        return call.body.decode("utf-8", "replace")[:10_000]


def _model(call: Incoming) -> str | None:
    body = _body(call) if call.operation.name == "create_task" else None
    model = body.get("model") if isinstance(body, dict) else None
    return model if isinstance(model, str) else None
