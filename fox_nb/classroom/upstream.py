"""Upstream: the gateway behind the relay, asked in threads of its own; the only part that has the key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import SecretStr

from fox_nb.classroom.refusals import no_turn
from fox_nb.classroom.tables import SANDBOX
from fox_nb.classroom.threads import threads
from fox_nb.client import Client, Downloaded, Upload
from fox_nb.errors import FoxError
from fox_nb.keys import Key
from fox_nb.models import Request
from fox_nb.session.prices import ASK_AGAIN, GROUP, PriceList
from fox_nb.settings import DEFAULT_BASE_URL, Timeouts, find_base_url, find_key
from fox_nb.tasks import TaskState

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Value = TypeVar("Value")

TIMEOUTS = Timeouts(connect=5.0, read=40.0)
"""Shorter than a student's own, which are running meanwhile."""
SENDERS, ASKERS, FETCHERS = 16, 8, 12
"""So many creations, questions and files are on the wire at once: none of them waits for the others' threads."""
IN_TIME = 10.0
"""Seconds after a student has asked in which a creation is sent, or it is not: with `TIMEOUTS` as long as they wait."""
SOON = 0.5
"""Seconds for which a student's question about prices is held by the gateway's answer to it."""
FRESH, FRESH_IN_THE_SANDBOX = 2.0, 0.25
"""Seconds for which what the gateway said of a task is told to all who ask."""


class Upstream:
    """One gateway, as the relay asks it.

    Parameters
    ----------
    client : Client
        With the key in it.
    is_sandbox : bool
        For play money: a rehearsal.
    """

    def __init__(self, client: Client, *, is_sandbox: bool) -> None:
        self.is_sandbox = is_sandbox
        self.fresh = FRESH_IN_THE_SANDBOX if is_sandbox else FRESH
        self._client = client
        self.know_group("", lambda _: None)
        self._models: list[str] = []
        self._models_asked = float("-inf")
        self._turns = asyncio.Semaphore(SENDERS)
        self._sending = threads(SENDERS, "relay-sending")
        self._asking = threads(ASKERS, "relay-asking")
        self._pricing = threads(ASKERS, "relay-pricing")
        self._fetching = threads(FETCHERS, "relay-fetching")
        self._uploading = threads(FETCHERS, "relay-uploading")

    @classmethod
    def found(cls, file: Path | None = None) -> Upstream:
        """Return the gateway for the key in a file or the environment, or the sandbox where neither names one."""
        key, url = _key_in(file) if file else find_key(), find_base_url()
        if key is None and url is None:
            from fox_nb.local import SandboxClient

            return cls(SandboxClient(), is_sandbox=True)
        if key is None:
            raise FoxError(
                f"There is no key for {url}.",
                todo="Set FOXAPI_KEY for the relay alone, or give --key; without a base URL it stands on the sandbox.",
            )
        with Client(url or DEFAULT_BASE_URL) as nobody:
            is_sandbox = nobody.probe()
        return cls(Client(url or DEFAULT_BASE_URL, key, timeouts=TIMEOUTS), is_sandbox=is_sandbox)

    def know_group(self, group: str, remember: Callable[[str], object]) -> None:
        """Take over the key's group, as far as the class knows it; `remember` is called with what the gateway names."""
        self._prices = PriceList(
            self._client,
            is_play_money=self.is_sandbox,
            recall=lambda what: group if what == GROUP else "",
            remember=lambda what, value: remember(value) if what == GROUP else None,
        )

    @property
    def name(self) -> str:
        """Which gateway it is; the sandbox is one, whatever its port."""
        return SANDBOX if self.is_sandbox else self._client.base_url

    async def cost(self, request: Request) -> int:
        """Return what a request may cost, in millionths of a USD."""
        await self._do(self._pricing, self._prices.ask)
        return request.micro_usd_at(self._prices.counted(request.model))

    async def prices(self) -> dict[str, float]:
        """Return what a call of each model is booked at, in USD, as far as the gateway has named its price soon.

        Who asks learns by the answer that this is a class, and that there is somebody to hand work in to.
        """
        asking = asyncio.ensure_future(self._do(self._pricing, self._prices.ask))
        await asyncio.wait([asking], timeout=SOON)
        return self._prices.usd

    async def models(self) -> list[str]:
        """Return the models that the key may call, asked for now and then."""
        if time.monotonic() - self._models_asked > ASK_AGAIN:
            self._models = await self._do(self._asking, self._client.models)
            self._models_asked = time.monotonic()
        return self._models

    async def create(self, body: Mapping[str, Any], take: int | None, until: float) -> TaskState:
        """Send a creation, once, whatever is said: a pause is for the student to make, who waits for this answer.

        Raises
        ------
        Refusal
            It would be sent after `until`, by the loop's clock; nothing was.
        """
        headers = {"X-Sandbox-Take": str(take)} if self.is_sandbox and take is not None else None
        try:
            async with asyncio.timeout_at(until):
                await self._turns.acquire()
        except TimeoutError:
            raise no_turn() from None
        try:
            if asyncio.get_running_loop().time() >= until:  # a turn that is free is had without a look at the clock
                raise no_turn()
            create = partial(self._client.create, body, headers=headers, repeat=False)
            return self._noted(await self._do(self._sending, create))
        finally:
            self._turns.release()

    async def task(self, task_id: str) -> TaskState:
        """Ask for a task, once."""
        return self._noted(await self._do(self._asking, lambda: self._client.task(task_id, repeat=False)))

    def _noted(self, state: TaskState) -> TaskState:
        """Book what comes next at the price of the key's group, as the gateway has named it."""
        self._prices.note_group(state.user_group)
        return state

    async def refunds(self) -> set[str]:
        """Return the tasks for which the key's own log names a refund: a failed one's is of all that it cost."""
        log = await self._do(self._pricing, self._client.log)
        return {entry.task_id for entry in log.entries if entry.is_refund} - {""}

    async def upload(self, path: Path, name: str) -> Upload:
        """Upload a file."""
        return await self._do(self._uploading, lambda: self._client.upload_file(path, file_name=name))

    async def upload_url(self, url: str) -> Upload:
        """Let the gateway fetch a link."""
        return await self._do(self._uploading, lambda: self._client.upload_url(url))

    async def download(self, url: str, target: Path) -> Downloaded:
        """Fetch a result."""
        return await self._do(self._fetching, lambda: self._client.download(url, target))

    def close(self) -> None:
        """End, when what is being sent has its answer."""
        for pool in (self._asking, self._pricing, self._fetching, self._uploading, self._sending):
            pool.shutdown(cancel_futures=pool is not self._sending)
        self._prices.close()
        self._client.close()

    async def _do(self, pool: ThreadPoolExecutor, work: Callable[[], Value]) -> Value:
        return await asyncio.get_running_loop().run_in_executor(pool, work)


def _key_in(file: Path) -> SecretStr | None:
    try:
        return find_key(Key(file.read_text(encoding="utf-8").strip()))
    except (OSError, UnicodeDecodeError) as error:
        raise FoxError(f"{file} holds no key that can be read ({type(error).__name__}).", todo="Check --key.") from None
