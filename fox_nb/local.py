"""Local: the client of the person's own sandbox, which may end when idle and come back elsewhere; and its controls."""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any

from fox_nb.errors import NOTHING_SENT, SandboxError
from fox_nb.sandbox import process
from fox_nb.settings import Timeouts, hidden
from fox_nb.sharing import OfOneProcess, made_once, renew_in_children

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import SecretStr

    from fox_nb.client import Client as _Client
    from fox_nb.client.exchange import Broken, Call, Exchange
    from fox_nb.client.transport import HttpTransport
else:
    _Client = object

TRUSTED_FOR = 20.0
"""Seconds after an answer for which the sandbox is taken to be where it was."""

_OK, _OTHERS = 200, 401
_JSON = {"Content-Type": "application/json"}
_LARGEST = 64 << 20
"""Bytes that the list of all creations may have."""


def start() -> float:
    """Have the sandbox start in the background if it is missing, without waiting; return the speed it is to have."""
    try:
        process.start()
        return process.asked_speed() or process.SHARED_SPEED
    except (process.SandboxUnavailable, OSError) as error:
        raise _unavailable(error) from None


class SandboxTransport:
    """Sends calls to the shared sandbox wherever it is now; finds or starts it for one that comes after a pause."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: HttpTransport | None = None
        self._address: tuple[str, str] | None = None
        self._answered = float("-inf")
        renew_in_children(self)

    def _after_fork(self) -> None:
        """Find it anew: the lock may be another thread's for ever."""
        self._lock, self._found = threading.Lock(), None

    @property
    def base_url(self) -> str:
        """Where the sandbox answers just now."""
        return self.current().base_url

    @property
    def key(self) -> SecretStr | None:
        """The key that it takes."""
        return self.current().key

    def send(self, call: Call) -> Exchange | Broken:
        """Send a request; where it has ended, or another one stands there, once more to where it is now."""
        from fox_nb.client.exchange import Broken, Exchange

        sent = self.current().send(call)
        if call.link:
            return sent
        if not (sent.connected or sent.taken) if isinstance(sent, Broken) else sent.status == _OTHERS:
            self._answered = float("-inf")  # certainly not accepted
            sent = self.current().send(call)
        if isinstance(sent, Exchange):
            self._answered = time.monotonic()
        return sent

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._found is not None:
                self._found.close()

    def current(self) -> HttpTransport:
        """Return the way to where it is just now."""
        from fox_nb.client.transport import HttpTransport

        with self._lock:
            if self._found is None or time.monotonic() - self._answered > TRUSTED_FOR:
                there = _connected()
                if self._found is None or (there.base_url, there.key) != self._address:
                    self._address = (there.base_url, there.key)
                    self._found = HttpTransport(there.base_url, hidden(there.key))
                self._answered = time.monotonic()
            return self._found


class SandboxClient(OfOneProcess, _Client):
    """The client of the shared sandbox; it is made, and its packages loaded, when the first call is made.

    A panel is there before: so this is no client itself, and has nothing of one until it is asked for it.
    """

    def __init__(self) -> None:
        self._wire = SandboxTransport()

    @made_once
    def _client(self) -> _Client:
        from fox_nb.client.calls import TransportClient

        return TransportClient(self._wire)

    if not TYPE_CHECKING:  # what it has is what a client has

        def __getattr__(self, name: str) -> Any:
            """Return what the client has."""
            return getattr(self._client, name)

    @property
    def address(self) -> tuple[str, SecretStr]:
        """Its base URL just now, and its key."""
        return self._wire.base_url, self._wire.key or hidden("")


class SandboxControls(OfOneProcess):
    """What a lesson asks of the sandbox itself: to misbehave for a while, and to show what it received.

    Parameters
    ----------
    address : callable
        Gives its base URL and its key.
    """

    def __init__(self, address: Callable[[], tuple[str, SecretStr]]) -> None:
        self._address = address

    def __repr__(self) -> str:
        return f"<the sandbox at {self._address()[0]}>"

    @property
    def creations(self) -> list[dict[str, Any]]:
        """Every creating call that it received, from any kernel, oldest first: time, body, take, task_id, status."""
        received: list[dict[str, Any]] = self._ask("GET", "/sandbox/creations")["creations"]
        return received

    @contextlib.contextmanager
    def misbehaving(self, fault: str, on: str | None = None, **parameters: Any) -> Iterator[None]:
        """Let something go wrong inside of a with-block, and behave again after it.

        Parameters
        ----------
        fault : str
            What: ``"lost_answer"``, ``"server_error"``, ``"rate_limit"``, ``"slow"``, ``"failed"``, ``"race"``, …;
            the sandbox's ``/openapi.json`` lists them all.
        on : str, optional
            The call that goes wrong: ``"create"``, ``"read"``, ``"upload"``, ``"result"``, …
        **parameters
            `times` (once, or with a `rate` every time, if left out), `after`, `rate`, `model`, and the fault's own.

        Raises
        ------
        SandboxError
            There is no such fault.
        """
        label = secrets.token_hex(8)
        asked = {"fault": fault, **({"on": on} if on else {}), **parameters, "label": label}
        self._ask("POST", "/sandbox/faults", asked)
        try:
            yield
        finally:
            self._ask("DELETE", f"/sandbox/faults?label={label}")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        from fox_nb.client.exchange import Broken, Call
        from fox_nb.client.responses import decoded
        from fox_nb.client.transport import HttpTransport

        content = [json.dumps(body).encode()] if body is not None else []
        transport = HttpTransport(*self._address())
        call = Call(
            method=method,
            path=path,
            content=content,
            headers=_JSON,
            timeouts=Timeouts(connect=TRUSTED_FOR, read=TRUSTED_FOR),
            within=TRUSTED_FOR,
            sending=TRUSTED_FOR,
            largest=_LARGEST,
        )
        with contextlib.closing(transport):
            sent = transport.send(call)
        if isinstance(sent, Broken):
            raise _unavailable(sent.reason)
        answer = decoded(sent)
        if not isinstance(answer, dict) or sent.status != _OK:
            why = answer.get("error", {}).get("message") if isinstance(answer, dict) else None
            raise SandboxError(
                f"The sandbox does not do that: {why or f'HTTP {sent.status}'}",
                todo="Its /openapi.json lists what it does.",
            )
        return answer


def _connected() -> process.Address:
    try:
        return process.connect()
    except (process.SandboxUnavailable, OSError) as error:
        raise _unavailable(error) from None


def _unavailable(error: Exception | str) -> SandboxError:
    return SandboxError(
        f"The local sandbox could not be started: {error}",
        money=NOTHING_SENT,
        todo=getattr(error, "todo", "") or "Run `fox-nb doctor` in a terminal, or use the service with FOXAPI_KEY.",
    )
