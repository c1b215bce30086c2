"""Context: a sandbox for the length of a with-block, on a thread and a loop of its own."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self, TypeVar

from fox_nb.sandbox.contract import load_contract
from fox_nb.sandbox.options import Settings
from fox_nb.sandbox.server import Server

Value = TypeVar("Value")


class Sandbox:
    """The gateway, on a free port of the loopback: ready inside the block, with nothing left running after it.

    Parameters
    ----------
    speed : float
        How many times faster than the service its tasks go.
    folder : path, optional
        Where tasks and pictures are kept; a temporary folder, gone with the block, if left out.
    keys : collection of str, or "any"
        Keys that are accepted beside its own `key`; ``"any"``: every key that is not empty.
    port : int
        The port; 0 takes a free one.
    **settings
        `older_form`, `spread`, `estimate_factor`, `storage_limit`, `upload_limit`, `balance`, `models`: see
        ``SettingsChange`` in the OpenAPI document.

    Raises
    ------
    ValueError
        If there is no such setting, or it cannot be this.

    Attributes
    ----------
    base_url : str
        Where it answers, such as ``http://127.0.0.1:40123``.
    key : str
        A random key that it accepts.
    """

    def __init__(
        self,
        speed: float = 50,
        folder: str | Path | None = None,
        keys: str | Collection[str] | None = None,
        *,
        port: int = 0,
        **settings: Any,
    ) -> None:
        self._folder = None if folder is None else Path(folder)
        self._keys = keys or ()
        self._port = port
        if "advance" in settings:
            raise ValueError("advance is for a sandbox that runs: call its advance(seconds)")
        asked = {"speed": speed, **settings}
        load_contract().hold("change_settings", asked)
        self._settings = Settings()
        self._settings.change(asked)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._seen: list[dict[str, Any]] = []
        self.base_url = ""
        self.key = ""

    def __repr__(self) -> str:
        return f"<Sandbox {self.base_url or 'not running'} speed={self._settings.speed:g}>"

    def __enter__(self) -> Self:
        ready: Future[None] = Future()
        with ExitStack() as stack:
            self._place = self._folder or Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="fox_nb-sandbox-"))
            )
            thread = threading.Thread(target=self._run, args=(ready,), name="fox_nb-sandbox")
            thread.start()
            stack.callback(thread.join)
            ready.result()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._seen = self.creations
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        self._stack.close()
        self._loop = None

    @property
    def creations(self) -> list[dict[str, Any]]:
        """Every creating POST that was received, oldest first.

        Each has ``time``, ``account`` (a fingerprint of the key), ``body``, ``take`` (of the header), ``task_id``
        (None: no task was made), ``status`` (None: nothing was answered) and ``fault``.
        """
        if self._loop is None:
            return self._seen
        return self._do(self._server.gateway.ledger.creations)

    @property
    def faults(self) -> list[dict[str, Any]]:
        """The faults that are still due."""
        return self._do(self._server.gateway.faults.remaining)

    @property
    def happened(self) -> dict[str, int]:
        """How often each fault has come to pass."""
        return self._do(lambda: dict(self._server.gateway.faults.happened))

    def misbehave(self, fault: str, on: str | None = None, **parameters: Any) -> None:
        """Schedule a fault, as ``POST /sandbox/faults`` does.

        Parameters
        ----------
        fault : str
            A row of the tables `HTTP_FAULTS` and `TASK_FAULTS`.
        on : str, optional
            The call that goes wrong, such as ``"create"``, ``"read"`` or ``"result"``.
        **parameters
            `times`, `after`, `rate`, `seed`, `model`, and the row's own.

        Raises
        ------
        ValueError
            If there is no such fault, or it has no such parameter.
        """
        spec = {"fault": fault, **({"on": on} if on else {}), **parameters}
        self._do(lambda: self._server.gateway.add_fault(spec))

    def behave(self) -> None:
        """Let nothing go wrong from now on; what became of earlier tasks stays."""
        self._do(self._server.gateway.faults.clear)

    def set(self, **changes: Any) -> None:
        """Change settings, as ``POST /sandbox/settings`` does; `advance` puts its clock forward by seconds.

        Parameters
        ----------
        **changes
            The settings that `Sandbox` is made with, but for `folder`, `keys` and `port`.

        Raises
        ------
        ValueError
            If there is no such setting, or it cannot be this.
        """
        self._do(lambda: self._server.gateway.change_settings(changes))

    def advance(self, seconds: float) -> None:
        """Put the sandbox's clock forward."""
        self.set(advance=seconds)

    def _do(self, work: Callable[[], Value]) -> Value:
        """Do something on the sandbox's thread and return what it gives."""
        if self._loop is None:
            raise RuntimeError("this sandbox is not running: use it inside its with-block")

        async def on_loop() -> Value:
            return work()

        return asyncio.run_coroutine_threadsafe(on_loop(), self._loop).result()

    def _run(self, ready: Future[None]) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._serve(ready))
        except BaseException as failure:  # noqa: BLE001 - handed to the thread that waits for it
            if not ready.done():
                ready.set_exception(failure)

    async def _serve(self, ready: Future[None]) -> None:
        self._server = Server(self._place, self._settings, keys=self._keys)
        try:
            self._server.open(self._port)
            self._loop = asyncio.get_running_loop()
            self._end = asyncio.Event()
            self.base_url = self._server.base_url
            self.key = self._server.key
            ready.set_result(None)
            await self._end.wait()
        finally:
            await self._server.close()
