"""Local: the client of the person's own sandbox, which may end when idle and come back elsewhere; and its controls."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from fox_nb.errors import AuthenticationError, NotConnected, SandboxError
from fox_nb.sandbox import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import SecretStr

    from fox_nb.client import Client

Value = TypeVar("Value")

TRUSTED_FOR = 20.0
"""Seconds after an answer for which the sandbox is taken to be where it was."""

_OK = 200
_LARGEST = 64 << 20
"""Bytes that the list of all creations may have."""


def start() -> None:
    """Have the sandbox start in the background if it is missing; does not wait for it."""
    try:
        process.start()
    except (process.SandboxUnavailable, OSError) as error:
        raise _unavailable(error) from None


class SandboxClient:
    """Speaks to the shared sandbox wherever it is now; finds or starts it before a call that comes after a pause."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._address: process.Address | None = None
        self._client: Client | None = None
        self._answered = float("-inf")

    def __getattr__(self, name: str) -> Any:
        from fox_nb.client import Client

        method = getattr(Client, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._call(lambda client: method(client, *args, **kwargs))

        return call

    @property
    def base_url(self) -> str:
        """Where the sandbox answers just now."""
        return self._current().base_url

    @property
    def address(self) -> tuple[str, SecretStr]:
        """Its base URL just now, and its key."""
        from fox_nb.settings import hidden

        base_url = self._current().base_url
        return base_url, hidden(self._address.key if self._address is not None else "")

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()

    def _call(self, method: Callable[[Client], Value]) -> Value:
        try:
            value = method(self._current())
        except (NotConnected, AuthenticationError):  # certainly not accepted: it has ended, or is another one
            self._answered = float("-inf")
            value = method(self._current())
        self._answered = time.monotonic()
        return value

    def _current(self) -> Client:
        from fox_nb.client import Client

        with self._lock:
            if self._client is None or time.monotonic() - self._answered > TRUSTED_FOR:
                address = _connected()
                if self._client is None or address != self._address:
                    self._address = address
                    self._client = Client(address.base_url, address.key)
                self._answered = time.monotonic()
            return self._client


class SandboxControls:
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
            The call that it befalls: ``"create"``, ``"read"``, ``"upload"``, ``"result"``, …
        **parameters
            `times` (once, if left out), `after`, `rate`, `model`, and the fault's own.

        Raises
        ------
        SandboxError
            There is no such fault.
        """
        self._ask("POST", "/sandbox/faults", {"fault": fault, **({"on": on} if on else {}), **parameters})
        try:
            yield
        finally:
            self._ask("DELETE", "/sandbox/faults")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        from fox_nb.client.connections import Bearer, Session, Terms
        from fox_nb.client.responses import decoded
        from fox_nb.client.wire import WireBroken, exchange

        base_url, key = self._address()
        terms = Terms(TRUSTED_FOR, TRUSTED_FOR, _LARGEST, stall=TRUSTED_FOR)
        try:
            with Session() as session:
                sent = exchange(session, method, base_url + path, terms=terms, auth=Bearer(key), key=key, json=body)
        except WireBroken as broke:
            raise _unavailable(broke) from None
        said = decoded(sent)
        if not isinstance(said, dict) or sent.status != _OK:
            why = said.get("error", {}).get("message") if isinstance(said, dict) else None
            raise SandboxError(
                f"The sandbox does not do that: {why or f'HTTP {sent.status}'}",
                todo="Its /openapi.json lists what it does.",
            )
        return said


def _connected() -> process.Address:
    try:
        return process.connect()
    except (process.SandboxUnavailable, OSError) as error:
        raise _unavailable(error) from None


def _unavailable(error: Exception) -> SandboxError:
    return SandboxError(
        f"The local sandbox could not be started: {error}",
        money="Nothing was sent.",
        todo=getattr(error, "todo", "") or "Run `fox-nb doctor` in a terminal, or use the service with FOXAPI_KEY.",
    )
