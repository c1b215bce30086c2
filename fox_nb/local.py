"""Local: the client of the person's own sandbox, which may end when idle and come back on another port."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from fox_nb.errors import AuthenticationError, NotConnected, SandboxError
from fox_nb.sandbox import process

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.client import Client

Value = TypeVar("Value")

TRUSTED_FOR = 20.0
"""Seconds after an answer for which the sandbox is taken to be where it was."""


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
        from pydantic import SecretStr

        from fox_nb.client import Client

        with self._lock:
            if self._client is None or time.monotonic() - self._answered > TRUSTED_FOR:
                address = _connected()
                if self._client is None or address != self._address:
                    self._address = address
                    self._client = Client(address.base_url, SecretStr(address.key))
                self._answered = time.monotonic()
            return self._client


def _connected() -> process.Address:
    try:
        return process.connect()
    except (process.SandboxUnavailable, OSError) as error:
        raise _unavailable(error) from None


def _unavailable(error: Exception) -> SandboxError:
    return SandboxError(
        f"The local sandbox could not be started: {error}",
        money="Nothing was sent.",
        todo="Run `fox-nb doctor` in a terminal, or use the service with FOXAPI_KEY.",
    )
