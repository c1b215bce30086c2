"""The client: one method a call of the gateway, no policy but what is safe to send again.

    with Client("https://api.foxapi.cc", key) as client:
        state = client.create({"model": "phota-image", "prompt": "a fox in the snow"})
        state = client.task(state.id)

It is the only part that speaks HTTP. Nothing of requests, urllib3, json or ssl leaves it, and neither does the key.
Those packages are loaded when the first call is made: whoever only looks at a panel does not wait for them.
"""

from __future__ import annotations

import base64
import dataclasses
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Self
from urllib.parse import quote, urlsplit

from fox_nb import tasks
from fox_nb.client import accounts, bodies
from fox_nb.client.accounts import Balance, Entry, Log, Prices, Usage
from fox_nb.client.responses import (
    CREATE_PATH,
    LONG_ANSWER,
    PATIENCE,
    Purpose,
    certainly_not_accepted,
    date_of,
    decoded,
    redirected,
    request_id_of,
    shown_body,
)
from fox_nb.client.transfers import LARGEST_PICTURE, Downloaded, Upload, read_upload
from fox_nb.errors import InvalidRequest
from fox_nb.settings import Timeouts, checked_key, hidden, is_loopback, normal_base_url
from fox_nb.sharing import forget, made_once, renew_in_children

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from pydantic import SecretStr

    from fox_nb.client.http_sender import HttpSender
    from fox_nb.client.wire import Exchange
    from fox_nb.tasks import TaskState

__all__ = [
    "Balance",
    "Client",
    "Downloaded",
    "Entry",
    "Log",
    "Prices",
    "Upload",
    "Usage",
    "certainly_not_accepted",
]

GLANCE = 10.0
"""Seconds that a read of the account may take: a person waits for it, and is told when it does not come."""
_OWN_HEADER = r"X-[A-Za-z0-9-]{1,60}"


class Client:
    """One gateway's calls; safe to use from several threads at once.

    Parameters
    ----------
    base_url : str
        For example ``https://api.foxapi.cc``; http is for the loopback alone.
    key : str or SecretStr, optional
        Sent to the gateway's calls and to nothing else. `pricing`, `probe` and `download` need none.
    timeouts : Timeouts
        For one attempt each, in seconds.
    clock, sleep : callable
        Of the pauses between attempts; `sleep` may be an event's `wait`.
    reads_tries : int
        How often a read is sent at the most.

    Raises
    ------
    InvalidRequest
        When the base URL or the key is none.
    """

    def __init__(
        self,
        base_url: str,
        key: str | SecretStr | None = None,
        *,
        timeouts: Timeouts | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        reads_tries: int = 4,
    ) -> None:
        if key is not None:
            key = checked_key(hidden(key))
        self._base_url = normal_base_url(base_url)
        self._key = key
        self._timeouts = timeouts or Timeouts()
        self._rhythm = (clock, sleep, reads_tries)
        renew_in_children(self)

    def _after_fork(self) -> None:
        """Make connections of its own in a forked process: on shared ones it would get the parent's answers."""
        forget(self, "_http")

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if not name.startswith("_http")}

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, key={'hidden' if self._key else None})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if "_http" in self.__dict__:
            self._http.close()

    @property
    def base_url(self) -> str:
        """The gateway's address, normalised."""
        return self._base_url

    @made_once
    def _http(self) -> HttpSender:
        """What sends; made, and requests loaded, when the first call is made."""
        from fox_nb.client.http_sender import HttpSender

        return HttpSender(self.base_url, self._key, self._timeouts, *self._rhythm)

    @property
    def longest_creation(self) -> float:
        """Seconds after which a creation that was begun is over, one way or another."""
        return PATIENCE + 2 * (self._timeouts.connect + 2 * self._timeouts.read)

    def create(self, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> TaskState:
        """Create a task: ``POST /v1/images/generations`` (documented). Sent once.

        It is sent again only while it certainly was not accepted: no connection came to be, or the answer was the
        gateway's own 429 (a proxy's proves nothing). An answer that points to the task is one that took it.
        ``certainly_not_accepted(error)`` says of every error from here whether the task certainly does not exist.

        Parameters
        ----------
        body : mapping
            What is sent, as JSON; nothing is checked, so that values which the pages don't know yet can be tried.
        headers : mapping, optional
            ``X-…`` headers beside the usual ones.

        Raises
        ------
        GatewayError
            The typed error for the answer; ``.not_accepted`` says whether that is certain. Of 5xx and of an answer
            that is no task with an id nobody knows.
        NotConnected
            Nothing was sent.
        ConnectionLost
            It was sent and its answer did not come whole: nobody knows.
        InvalidRequest, KeyMissing
            Nothing was sent.
        """
        if not isinstance(body, Mapping):
            raise InvalidRequest("A request is a mapping of parameters.", parameter="body", allowed="a mapping")
        sent = self._http.create(
            CREATE_PATH, bodies.json_body(dict(body), self._timeouts.read), _checked(headers or {})
        )
        state = tasks.read(decoded(sent)) or redirected(sent, self.base_url)
        if state is None or not state.id:
            raise self._http.failure(sent, Purpose.CREATE, "a task with an id")
        return dataclasses.replace(state, request_id=request_id_of(sent, self._key))

    def task(self, task_id: str, *, sync_upstream: bool = False, repeat: bool = True) -> TaskState:
        """Ask for a task's state: ``GET /v1/tasks/{task_id}`` (documented).

        Parameters
        ----------
        task_id : str
            As `create` returned it.
        sync_upstream : bool
            True asks the gateway to ask its upstream first (observed, not documented).
        repeat : bool
            False sends it once, for a caller that has a rhythm of its own.

        Raises
        ------
        GatewayError, NotConnected, ConnectionLost
            The task goes on; asking again is free.
        """
        path = f"/v1/tasks/{_in_path(task_id)}" + ("?sync_upstream=true" if sync_upstream else "")
        sent = self._http.read(path, repeat=repeat)
        state = tasks.read(decoded(sent))
        if state is None or state.id != task_id:
            raise self._http.failure(sent, Purpose.READ, f"the state of task {task_id}")
        if not state.is_known:
            state = dataclasses.replace(state, body=shown_body(sent, self._key))
        return state

    def models(self) -> list[str]:
        """Return the models that this key may call: ``GET /v1/models`` (observed); ours may be missing there."""
        sent = self._http.read("/v1/models", largest=LONG_ANSWER)
        names = accounts.read_models(decoded(sent))
        if names is None:
            raise self._http.failure(sent, Purpose.READ, "a list of models")
        return names

    def pricing(self, group: str = "default", *, within: float | None = None) -> Prices:
        """Return the prices a call in USD: ``GET /api/pricing`` (observed); needs no key.

        Parameters
        ----------
        group : str
            The account's group, whose ratio the prices are multiplied with.
        within : float, optional
            Seconds that one attempt may take to the list's last byte; by default as any other read.
        """
        sent = self._http.read("/api/pricing", with_key=False, largest=LONG_ANSWER, within=within)
        prices = accounts.read_prices(decoded(sent), group)
        if prices is None:
            raise self._http.failure(sent, Purpose.READ, "a price list")
        return prices

    def balance(self) -> Balance:
        """Return what the account may spend and has spent, in USD (observed). Sent once, as `usage` is."""
        subscription = self._http.read("/dashboard/billing/subscription", repeat=False, within=GLANCE)
        usage = self._http.read("/dashboard/billing/usage", repeat=False, within=GLANCE)
        balance = accounts.read_balance(decoded(subscription), decoded(usage))
        if balance is None:
            odd = usage if accounts.names_a_limit(decoded(subscription)) else subscription
            raise self._http.failure(odd, Purpose.READ, "a balance")
        return balance

    def usage(self) -> Usage:
        """Return this key's own account: ``GET /api/usage/token/`` (observed). Sent once: such reads are counted.

        Raises
        ------
        RateLimited
            About 20 reads of account and log are let through in 20 minutes, for all behind one address.
        """
        sent = self._http.read("/api/usage/token/", repeat=False, within=GLANCE)
        usage = accounts.read_usage(decoded(sent))
        if usage is None:
            raise self._http.failure(sent, Purpose.READ, "a key's account")
        return usage

    def log(self) -> Log:
        """Return this key's charges and refunds: ``GET /api/log/token`` (observed). Sent once, as `usage` is."""
        sent = self._http.read("/api/log/token", repeat=False, largest=LONG_ANSWER)
        entries = accounts.read_log(decoded(sent))
        if entries is None:
            raise self._http.failure(sent, Purpose.READ, "a key's log")
        return Log(entries, date_of(sent))

    def upload_file(
        self, source: Path | str | BinaryIO | bytes, *, file_name: str | None = None, auto_cleanup: bool | None = None
    ) -> Upload:
        """Upload a file: ``POST /v1/files/upload/stream`` (documented). It lives for 72 hours.

        Parameters
        ----------
        source : path, binary file or bytes
            Read while it is sent; a file from where it stands.
        file_name : str, optional
            Its name at the gateway; a good ending is added where it has none.
        auto_cleanup : bool, optional
            False keeps the account's oldest uploads when its storage is full; the gateway then answers 403.

        Raises
        ------
        InvalidRequest
            When the file cannot be read or is empty.
        GatewayError, NotConnected, ConnectionLost
            Uploads cost nothing.
        """
        with bodies.opened(source) as (file, own_name):
            start = file.tell()
            name = bodies.safe_name(file_name or own_name, file.read(16))
            file.seek(start)
            fields = {"file_name": name}
            if auto_cleanup is not None:
                fields["auto_cleanup"] = "true" if auto_cleanup else "false"
            body = bodies.file_body(file, name, fields, self._timeouts.upload)
            sent = self._http.upload("/v1/files/upload/stream", body)
        return self._uploaded(sent)

    def upload_base64(
        self, data: bytes | str, *, file_name: str | None = None, auto_cleanup: bool | None = None
    ) -> Upload:
        """Upload bytes, or a text of base64 or a data URL: ``POST /v1/files/upload/base64`` (documented)."""
        text = data if isinstance(data, str) else base64.b64encode(data).decode()
        if not isinstance(data, str) and not file_name:
            file_name = bodies.safe_name(None, data[:16])
        return self._upload_json("base64", {"file_data": text}, file_name, auto_cleanup)

    def upload_url(self, url: str, *, file_name: str | None = None, auto_cleanup: bool | None = None) -> Upload:
        """Let the gateway fetch a public URL into its storage: ``POST /v1/files/upload/url`` (documented)."""
        return self._upload_json("url", {"url": url}, file_name, auto_cleanup)

    def hand_in(self, path: Path) -> None:
        """Send a ZIP to the relay of a class: ``POST /class/hand-in``; no gateway has this call."""
        with bodies.opened(path) as (file, _):
            part = (file, 0, path.stat().st_size)
            body = bodies.Body(part, seconds=self._timeouts.upload, content_type="application/zip")
            self._http.upload("/class/hand-in", body)

    def download(self, url: str, target: Path, *, max_bytes: int = LARGEST_PICTURE, repeat: bool = True) -> Downloaded:
        """Fetch the link of a result into a file, without the key, from whatever host it names.

        Parameters
        ----------
        url : str
            http(s). Five redirects are followed, each looked at like the first link: never from https to http, never
            from a public gateway into the private network of this machine.
        target : Path
            Written as it comes, and removed when it does not come whole: give a name aside.
        max_bytes : int
            A larger file is refused.
        repeat : bool
            False fetches it once, for a caller that has a rhythm of its own.

        Raises
        ------
        DownloadFailed
            ``.gone`` is True when asking again is useless.
        """
        from fox_nb.client.download import fetch

        return fetch(self._http, url, target, max_bytes=max_bytes, repeat=repeat)

    def probe(self) -> bool:
        """Return True when the sandbox answers here: ``GET /sandbox``, without a key, on the loopback alone.

        A sandbox that is busy is waited for as in any other call: taken for another gateway, it would be asked anew
        for what it has made.
        """
        return is_loopback(urlsplit(self.base_url).hostname or "") and self._http.probe()

    def _upload_json(self, kind: str, what: dict[str, Any], file_name: str | None, auto_cleanup: bool | None) -> Upload:
        if file_name:
            what["file_name"] = bodies.safe_name(file_name, b"")
        if auto_cleanup is not None:
            what["auto_cleanup"] = auto_cleanup
        body = bodies.json_body(what, self._timeouts.upload)
        return self._uploaded(self._http.upload(f"/v1/files/upload/{kind}", body))

    def _uploaded(self, sent: Exchange) -> Upload:
        upload = read_upload(decoded(sent))
        if upload is None:
            raise self._http.failure(sent, Purpose.UPLOAD, "an upload with a link")
        return upload


def _in_path(task_id: str) -> str:
    """Return an id as one step of a path; '..' would be another call."""
    if not isinstance(task_id, str) or not task_id.strip("."):
        raise InvalidRequest(f"{str(task_id)[:80]!r} is no task's id.", parameter="task_id", value=task_id)
    return quote(task_id, safe="", errors="replace")


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    """Let nobody replace the key, the host or the length by way of an extra header."""
    for name, value in headers.items():
        if not re.fullmatch(_OWN_HEADER, name) or not (value.isascii() and value.isprintable()):
            raise InvalidRequest(
                f"The header {name[:80]!r} is not sent.", parameter="headers", allowed="X-… with plain ASCII text"
            )
    return dict(headers)
