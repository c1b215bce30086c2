"""Calls: one method a call of the gateway, how often each may be sent, and the typed error when it came to nothing.

Nothing of requests, urllib3, json or ssl leaves it, and neither does the key.
Those packages are loaded when the first call is made: whoever only looks at a panel does not wait for them.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, BinaryIO, Self
from urllib.parse import quote, urljoin, urlsplit

from fox_nb import tasks
from fox_nb.client import accounts, uploading
from fox_nb.client.download import Downloaded, fetch
from fox_nb.client.exchange import Attempt, Broken, Call, Exchange, Part, Transport, Value
from fox_nb.client.responses import (
    CAN_TELL,
    CREATE_PATH,
    LONG_ANSWER,
    LONG_STATE,
    PATIENCE,
    TAKE,
    Purpose,
    connection_lost,
    date_of,
    decoded,
    error_of,
    is_asking,
    is_refusal,
    is_state,
    is_taken,
    made_by,
    not_connected,
    request_id_of,
    retry_after,
    shown,
    shown_body,
)
from fox_nb.errors import FoxError, InvalidRequest, NotFound, UnexpectedAnswer
from fox_nb.filetypes import is_data
from fox_nb.settings import Timeouts, checked_key, hidden, is_loopback, normal_base_url
from fox_nb.sharing import made_once

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

    from fox_nb.client.accounts import Balance, Log, Prices, Usage
    from fox_nb.client.uploading import Upload
    from fox_nb.tasks import Result, TaskState

GLANCE = 10.0
"""Seconds that a read of the account may take: a person waits for it, and is told when it does not come."""
INTRODUCTION = 2.0
"""Seconds for which a session that begins waits to be told whose seat in a class it has: who only looks waits, too."""
LONGEST_PAUSE = 30.0
"""Seconds: a longer `Retry-After` is told to the caller instead of being slept through."""

_NOWHERE = "https://nowhere.invalid"
_OWN_HEADER = r"X-[A-Za-z0-9-]{1,60}"
_BACK_OFF_FIRST, _BACK_OFF_LAST = 0.5, 8.0
_TRIES = 4
_GOOD = range(200, 300)
_PASSING = frozenset({HTTPStatus.TOO_MANY_REQUESTS, *range(500, 1000)})
_SHOWN_OF_A_CUT_ANSWER = 300


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
    clock : callable
        Of the pauses between attempts.
    sleep : callable
        Of these, too; it may be an event's `wait`.
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
        reads_tries: int = _TRIES,
    ) -> None:
        if key is not None:
            key = checked_key(hidden(key))
        self._address = (normal_base_url(base_url), key)
        self.timeouts = timeouts or Timeouts()
        self.clock = clock
        self.sleep = sleep
        self.reads_tries = max(1, reads_tries)
        self._is_asked = False
        """True when what answers has asked which take a creation is of."""

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if "_transport" not in name}

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, key={'hidden' if self._transport.key else None})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if "_transport" in self.__dict__:
            self._transport.close()

    @property
    def base_url(self) -> str:
        """The gateway's address, normalised."""
        return self._address[0]

    @made_once
    def _transport(self) -> Transport:
        """The way of its calls; made, and requests loaded, when the first one is made."""
        from fox_nb.client.transport import HttpTransport

        return HttpTransport(*self._address)

    @property
    def longest_creation(self) -> float:
        """Seconds after which a creation that was begun is over, one way or another."""
        return PATIENCE + 2 * (self.timeouts.connect + 2 * self.timeouts.read)

    def create(
        self,
        body: Mapping[str, Any],
        *,
        headers: Mapping[str, str] | None = None,
        take: int | None = None,
        repeat: bool = True,
    ) -> TaskState:
        """Create a task: ``POST /v1/images/generations`` (documented). Sent once.

        It is sent again only while it certainly was not accepted: no connection came to be, or the answer was the
        gateway's own 429 (a proxy's proves nothing). An answer that points to the task or holds it is one that took it.
        ``certainly_not_accepted(error)`` says of every error from here whether the task certainly does not exist.

        Parameters
        ----------
        body : mapping
            What is sent, as JSON; nothing is checked, so that values which the pages don't know yet can be tried.
        headers : mapping, optional
            ``X-…`` headers beside the usual ones.
        take : int, optional
            Which variation it is. That is told to whoever asks for it, before it takes the creation: the relay of a
            class, which sends the same one of many students once.
        repeat : bool
            False sends it once whatever is certain, for a caller that others wait for.

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
        content = _json(dict(body))
        about = {**_checked(headers or {}), "Content-Type": "application/json"}
        if take is not None:
            from fox_nb.client.transport import USER_AGENT

            about["User-Agent"] = f"{USER_AGENT} {CAN_TELL}"
        sent = self._with_retries(_TRIES if repeat else 1, partial(self._create_once, content, about, take))
        state = made_by(sent, self.base_url)
        if state is None or not state.id:
            raise self._failure(sent, Purpose.CREATE, "a task with an id")
        results = tuple(map(self._with_its_host, state.results))
        return dataclasses.replace(state, results=results, request_id=request_id_of(sent, self._transport.key))

    def _create_once(self, content: bytes, headers: dict[str, str], take: int | None) -> Attempt[Exchange]:
        """Send a creation; say that it may be sent again only when it certainly was not accepted.

        That is certain in two cases. The answer is the gateway's own 429. Or nothing of the body was ever asked for
        by the layers below: headers alone, which announce a body, are no request, whatever went wrong (no such name,
        refused, time-out, TLS, proxy). The exception's class would be a guess: an SSLError can come after sending, too.

        It has a connection of its own: one that had idled in a pool may be dead without anybody knowing, and a creation
        lost on it would be of unknown fate for nothing. The answer may be cut off; what can be read of it counts.
        """
        read = self.timeouts.read
        if take is not None and self._is_asked:
            headers[TAKE] = str(take)
        sent = self._send(
            "POST", CREATE_PATH, content=[content], headers=headers, sending=read, alone=True, largest=LONG_STATE
        )
        if isinstance(sent, Broken):
            sent.connected, sent.again = sent.taken, sent.again and not sent.taken
        elif take is not None and TAKE not in headers and is_asking(sent):
            self._is_asked = True
            return self._create_once(content, headers, take)
        return self._judged(sent, Purpose.CREATE)

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
        sent = self._read(path, repeat=repeat, task_id=task_id, largest=LONG_STATE)
        state = tasks.read(decoded(sent), asked=task_id)
        if state is None or state.id != task_id:
            raise self._failure(sent, Purpose.READ, f"the state of task {task_id}")
        state = dataclasses.replace(state, results=tuple(map(self._with_its_host, state.results)))
        if not state.is_known or (state.completed and not state.results):
            state = dataclasses.replace(state, body=shown_body(sent, self._transport.key))
        return state

    def _with_its_host(self, result: Result) -> Result:
        """Return a result with a whole link: one without a host is the gateway's own, any other stays as it came."""
        with contextlib.suppress(ValueError):
            if result.url and not is_data(result.url) and not urlsplit(result.url).scheme:
                return dataclasses.replace(result, url=urljoin(self.base_url, result.url))
        return result

    def models(self) -> list[str]:
        """Return the models that this key may call: ``GET /v1/models`` (observed); ours may be missing there."""
        sent = self._read("/v1/models", largest=LONG_ANSWER)
        return self._made(sent, accounts.read_models(decoded(sent)), "a list of models")

    def pricing(self, group: str = "default") -> Prices:
        """Return the prices a call in USD: ``GET /api/pricing`` (observed); needs no key.

        Parameters
        ----------
        group : str
            The account's group, whose ratio the prices are multiplied with.
        """
        sent = self._read("/api/pricing", with_key=False, largest=LONG_ANSWER)
        return self._made(sent, accounts.read_prices(decoded(sent), group), "a price list")

    def balance(self) -> Balance:
        """Return what the account may spend and has spent, in USD (observed). Sent once, as `usage` is."""
        answer = self._read("/dashboard/billing/subscription", repeat=False, within=GLANCE)
        limit = self._made(answer, accounts.read_amount(decoded(answer), "hard_limit_usd"), "a balance")
        answer = self._read("/dashboard/billing/usage", repeat=False, within=GLANCE)
        cents = self._made(answer, accounts.read_amount(decoded(answer), "total_usage"), "a balance")
        return accounts.Balance(None if limit >= accounts.UNLIMITED else limit, cents / 100)

    def usage(self) -> Usage:
        """Return this key's own account: ``GET /api/usage/token/`` (observed). Sent once: such reads are counted.

        Raises
        ------
        RateLimited
            About 20 reads of account and log are let through in 20 minutes, for all behind one address.
        """
        sent = self._read("/api/usage/token/", repeat=False, within=GLANCE)
        return self._made(sent, accounts.read_usage(decoded(sent)), "a key's account")

    def account(self) -> Usage:
        """Return this key's own account: by `usage`, and by `balance` where a gateway does not have that call."""
        try:
            return self.usage()
        except (NotFound, UnexpectedAnswer):
            balance = self.balance()
        return accounts.Usage("", balance.used_usd, balance.left_usd)

    def log(self) -> Log:
        """Return this key's charges and refunds: ``GET /api/log/token`` (observed). Sent once, as `usage` is."""
        sent = self._read("/api/log/token", repeat=False, largest=LONG_ANSWER)
        return accounts.Log(self._made(sent, accounts.read_log(decoded(sent)), "a key's log"), date_of(sent))

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
        with uploading.opened(source) as (file, own_name):
            start = file.tell()
            name = uploading.safe_name(file_name or own_name, file.read(uploading.HEAD))
            file.seek(start)
            fields = {"file_name": name}
            if auto_cleanup is not None:
                fields["auto_cleanup"] = "true" if auto_cleanup else "false"
            return self._uploaded("/v1/files/upload/stream", *uploading.form(file, name, fields))

    def upload_base64(
        self, data: bytes | str, *, file_name: str | None = None, auto_cleanup: bool | None = None
    ) -> Upload:
        """Upload bytes, or a text of base64 or a data URL: ``POST /v1/files/upload/base64`` (documented).

        Parameters
        ----------
        data : bytes or str
            The file, or a text that holds it.
        file_name : str, optional
            Its name at the gateway; bytes get one by what they are.
        auto_cleanup : bool, optional
            As for `upload_file`.

        Raises
        ------
        GatewayError, NotConnected, ConnectionLost
            Uploads cost nothing.
        """
        text = data if isinstance(data, str) else base64.b64encode(data).decode()
        if not isinstance(data, str) and not file_name:
            file_name = uploading.safe_name(None, data[: uploading.HEAD])
        return self._upload_json("base64", {"file_data": text}, file_name, auto_cleanup)

    def upload_url(self, url: str, *, file_name: str | None = None, auto_cleanup: bool | None = None) -> Upload:
        """Let the gateway fetch a public URL into its storage: ``POST /v1/files/upload/url`` (documented).

        Parameters
        ----------
        url : str
            Where the file is, for everybody.
        file_name : str, optional
            Its name at the gateway.
        auto_cleanup : bool, optional
            As for `upload_file`.

        Raises
        ------
        GatewayError, NotConnected, ConnectionLost
            Uploads cost nothing.
        """
        return self._upload_json("url", {"url": url}, file_name, auto_cleanup)

    def hand_in(self, path: Path) -> None:
        """Send a ZIP to the relay of a class: ``POST /class/hand-in``; no gateway has this call."""
        with uploading.opened(path) as (file, _):
            self._upload("/class/hand-in", [(file, 0, path.stat().st_size)], "application/zip")

    def seat(self) -> tuple[str, str]:
        """Return which class this key is of, and whose seat there it opens: ``GET /class/seat``. Sent once.

        No gateway has this call: it is for the relay of a class.
        """
        sent = self._read("/class/seat", repeat=False, within=INTRODUCTION)
        return self._made(sent, accounts.read_seat(decoded(sent)), "a seat of a class")

    def download(
        self, url: str, target: Path, *, max_bytes: int = tasks.LARGEST_PICTURE, repeat: bool = True
    ) -> Downloaded:
        """Fetch the link of a result into a file, without the key, from whatever host it names.

        Parameters
        ----------
        url : str
            http(s), or ``data:``, which holds the picture itself. Five redirects are followed, each looked at like the
            first link: never from https to http, never from a public gateway into the private network of this machine.
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
        once = partial(fetch, self._transport, url, target, max_bytes, self.timeouts, self.clock)
        return self._with_retries(self.reads_tries if repeat else 1, once)

    def probe(self) -> bool:
        """Return True when the sandbox answers here: ``GET /sandbox``, without a key, on the loopback alone.

        A sandbox that is busy is waited for as in any other call: taken for another gateway, it would be asked anew
        for what it has made.
        """
        if not is_loopback(urlsplit(self.base_url).hostname or ""):
            return False
        sent = self._send("GET", "/sandbox", with_key=False)
        answer = None if isinstance(sent, Broken) else decoded(sent)
        return isinstance(answer, dict) and answer.get("sandbox") == "fox_nb"

    def _upload_json(self, kind: str, what: dict[str, Any], file_name: str | None, auto_cleanup: bool | None) -> Upload:
        if file_name:
            what["file_name"] = uploading.safe_name(file_name, b"")
        if auto_cleanup is not None:
            what["auto_cleanup"] = auto_cleanup
        return self._uploaded(f"/v1/files/upload/{kind}", [_json(what)], "application/json")

    def _uploaded(self, path: str, content: Sequence[Part], kind: str) -> Upload:
        sent = self._upload(path, content, kind)
        return self._made(sent, uploading.read_upload(decoded(sent)), "an upload with a link", Purpose.UPLOAD)

    # -- how often a call is sent, and what comes of it -------------------------------------------------------------

    def _send(self, method: str, path: str, *, within: float | None = None, **terms: Any) -> Exchange | Broken:
        read = self.timeouts.read
        within = read if within is None else min(within, read)
        return self._transport.send(Call(method=method, path=path, timeouts=self.timeouts, within=within, **terms))

    def _read(self, path: str, *, repeat: bool = True, **terms: Any) -> Exchange:
        """Ask for something: that costs nothing."""
        once = partial(self._once, Purpose.READ, "GET", path, **terms)
        return self._with_retries(self.reads_tries if repeat else 1, once)

    def _upload(self, path: str, content: Sequence[Part], kind: str) -> Exchange:
        """Send a file; sending it twice costs nothing."""
        terms: dict[str, Any] = {"content": content, "headers": {"Content-Type": kind}, "sending": self.timeouts.upload}
        return self._with_retries(_TRIES, partial(self._once, Purpose.UPLOAD, "POST", path, **terms))

    def _once(self, purpose: Purpose, method: str, path: str, task_id: str = "", **terms: Any) -> Attempt[Exchange]:
        return self._judged(self._send(method, path, **terms), purpose, task_id)

    def _with_retries(self, tries: int, attempt: Callable[[], Attempt[Value]]) -> Value:
        """Repeat an attempt while that is safe, useful and not asked to wait for too long: the one rule for all calls.

        An attempt returns what went wrong and never raises it, and an interrupt goes no other way: no error is raised
        while another one, with the key in its frames, is handled.
        """
        from tenacity import RetryCallState, Retrying, retry_if_result

        begun = self.clock()

        def outcome(state: RetryCallState) -> Attempt[Value]:
            one: Attempt[Value] = state.outcome.result()  # type: ignore[union-attr]
            return one

        def one_attempt() -> Attempt[Value]:
            try:
                return attempt()
            except BaseException as stop:  # noqa: BLE001 - raised again below
                return Attempt(failure=stop.with_traceback(None))

        def is_enough(state: RetryCallState) -> bool:
            late = self.clock() - begun + state.upcoming_sleep > PATIENCE
            return late or state.attempt_number >= tries or (outcome(state).pause_asked or 0.0) > LONGEST_PAUSE

        one = Retrying(
            retry=retry_if_result(lambda one: one.again),
            wait=lambda state: pause(state.attempt_number, outcome(state).pause_asked),
            stop=is_enough,
            sleep=self._pause,
            retry_error_callback=outcome,
        )(one_attempt)
        if one.answer is None:
            raise one.failure or FoxError("The call came to nothing.")
        return one.answer

    def _pause(self, seconds: float) -> None:
        self.sleep(seconds)  # it may be an event's `wait`, which returns something

    def _judged(self, sent: Exchange | Broken, purpose: Purpose, task_id: str = "") -> Attempt[Exchange]:
        """Return what an exchange came to: what may be sent again, and what has to be told.

        A task that was made, or the state of the one that was asked for, is an answer whatever else is wrong with it.
        """
        creating = purpose is Purpose.CREATE
        if isinstance(sent, Broken):
            return Attempt(failure=self._broken(sent, purpose), again=sent.again)
        good = sent.status in _GOOD
        if good and (creating or sent.cut is None):
            return Attempt(answer=sent)
        if is_taken(sent, self.base_url) if creating else is_state(sent, task_id):
            return Attempt(answer=sent)
        passing = sent.status in _PASSING or (sent.cut is not None and sent.cut.again)
        again = sent.status == HTTPStatus.TOO_MANY_REQUESTS and is_refusal(sent) if creating else passing
        return Attempt(failure=self._failure(sent, purpose), again=again, pause_asked=retry_after(sent.headers))

    def _broken(self, broke: Broken, purpose: Purpose) -> FoxError:
        if broke.connected:
            return connection_lost(broke.reason, purpose)
        return not_connected(broke.reason, self.base_url, purpose)

    def _failure(self, sent: Exchange, purpose: Purpose, wanted: str = "") -> FoxError:
        """Return the typed error for an answer that cannot be used."""
        if sent.cut is not None and sent.cut.again and sent.status in _GOOD:
            so_far = shown(sent.body.decode("utf-8", errors="replace"), self._transport.key, _SHOWN_OF_A_CUT_ANSWER)
            return connection_lost(sent.cut.reason, purpose, so_far, request_id_of(sent, self._transport.key))
        too_large = f"what was asked for: {sent.cut.reason}" if sent.cut is not None else ""
        return error_of(sent, purpose, self._transport.key, wanted=too_large or wanted)

    def _made(self, sent: Exchange, value: Value | None, wanted: str, purpose: Purpose = Purpose.READ) -> Value:
        """Return what an answer was read as, or raise that it is not what was asked for."""
        if value is None:
            raise self._failure(sent, purpose, wanted)
        return value


class TransportClient(Client):
    """A client over another transport than HTTP to one address.

    Parameters
    ----------
    transport : Transport
        What does.
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__(_NOWHERE)
        self._transport = transport

    @property
    def base_url(self) -> str:
        """Where that leads just now."""
        return self._transport.base_url


def pause(attempts: int, asked: float | None = None) -> float:
    """Return the seconds to wait after so many attempts: growing and jittered, or what the gateway asked for."""
    if asked is not None:
        return min(asked, LONGEST_PAUSE) * random.uniform(1.0, 1.1)
    grown: float = _BACK_OFF_FIRST * 2 ** (attempts - 1)
    return min(_BACK_OFF_LAST, grown) * random.uniform(0.5, 1.5)


def _json(value: Any) -> bytes:
    """Return a value as JSON.

    Raises
    ------
    InvalidRequest
        When it cannot be written: not of JSON's types, NaN, too deep, or text with half a character.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        reason = str(error)[:200]
    raise InvalidRequest(f"The request cannot be written as JSON: {reason}.", todo="Use plain text, numbers and lists.")


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
