"""The wire: sessions of requests that never follow, never remember and never wait for ever, and what breaks on them.

Everything here is about one exchange of bytes. What a call means is in ``fox_nb.client``; what an answer means is in
``fox_nb.client.answers``.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import ipaddress
import platform
import random
import time
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3 import exceptions as broken
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Timeout
from urllib3.util.retry import Retry

from fox_nb.settings import is_loopback, redact, version

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Mapping

    from pydantic import SecretStr

PIECE = 64 * 1024
"""Bytes that are read or sent at a time."""

LONGEST_PAUSE = 30.0
"""Seconds: a longer `Retry-After` is told to the caller instead of being slept through."""

_HEADERS_AT_MOST = 256 * 1024
_BACK_OFF_FIRST, _BACK_OFF_LAST = 0.5, 8.0
_CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Terms:
    """What one attempt is allowed.

    Attributes
    ----------
    connect : float
        Seconds to connect.
    seconds : float
        Seconds from the end of the request to the last byte of the answer.
    largest : int
        Bytes of body that are read at the most.
    private : bool
        True when the other side may be this machine or one of its own network.
    stall : float
        Seconds without a single byte after which the other side counts as gone.
    """

    connect: float
    seconds: float
    largest: int
    private: bool = True
    stall: float = 60.0


class WireBroken(Exception):
    """An exchange came to no whole answer; for this package alone, never seen by the user.

    Attributes
    ----------
    reason : str
        What happened, in words, key removed.
    connected : bool
        False when no connection came to be, so that nothing of a request can have been taken.
    again : bool
        True when another attempt may end better.
    """

    def __init__(self, reason: str, *, connected: bool, again: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.connected = connected
        self.again = again


class PrivatePeer(OSError):
    """A public link led to this machine or its own network."""


class TooLarge(OSError):
    """The other side sends more than the terms allow."""


class Bearer(AuthBase):
    """Puts the key on a request at the last moment; without a key it keeps .netrc from putting another one there."""

    def __init__(self, key: SecretStr | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the key on the request."""
        if self._key is not None:
            request.headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"
        return request


NOBODY = Bearer(None)


_terms: ContextVar[Terms | None] = ContextVar("_terms", default=None)


class _Patient(io.RawIOBase):
    """A socket's reading end that keeps to the terms: requests' own time-out starts anew with every byte."""

    def __init__(self, raw: socket.SocketIO, sock: socket.socket, terms: Terms) -> None:
        self._raw = raw
        self._sock = sock
        self._left = terms.largest + _HEADERS_AT_MOST
        self._stall = terms.stall
        self._end = time.monotonic() + terms.seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        if self._left <= 0:
            raise TooLarge("the answer is too large")
        self._sock.settimeout(min(left, self._stall))
        count: int | None = self._raw.readinto(buffer)
        self._left -= count or 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Line:
    """What ``http.client`` needs of a socket to read an answer: one reading end."""

    def __init__(self, sock: socket.socket, terms: Terms) -> None:
        self._sock = sock
        self._terms = terms

    def makefile(self, mode: Literal["rb"]) -> io.BufferedReader:
        raw = self._sock.makefile(mode, buffering=0)
        return io.BufferedReader(_Patient(raw, self._sock, self._terms), PIECE)


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        terms = _terms.get()
        super().__init__(_Line(sock, terms) if terms else sock, *args, **kwargs)  # type: ignore[arg-type]


class _Plain(HTTPConnection):
    """A connection that reads by the terms and looks at whom it reached before it says a word."""

    # http.client prints whole requests, keys and all, when somebody turns its debugging on for every connection.
    debuglevel = 0
    response_class = _Response

    def connect(self) -> None:
        super().connect()
        _refuse_private_peer(self)


class _Secure(HTTPSConnection):
    debuglevel = 0
    response_class = _Response

    def connect(self) -> None:
        super().connect()
        _refuse_private_peer(self)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


def _refuse_private_peer(connection: HTTPConnection) -> None:
    """Close what a name of the outer world led to when it is this machine or its neighbours.

    It is asked of the connection and not of the name, which may answer otherwise a moment later. Behind a proxy
    the peer is the proxy.
    """
    terms = _terms.get()
    if terms is None or terms.private or connection.proxy or connection.sock is None:
        return
    if is_private(str(connection.sock.getpeername()[0])):
        connection.close()
        raise PrivatePeer("the link leads into the private network of this machine")


_PRIVATE = [
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "100.100.100.200/32", "fc00::/7")
]


def is_private(host: str) -> bool:
    """Return True for an address of this machine or of its own network (a name is not looked up).

    198.18.0.0/15 is not among them: proxies that answer every name with such an address are widely used.
    """
    if is_loopback(host):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    if address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast:
        return True
    return any(address in network for network in _PRIVATE if network.version == address.version)


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        return manager


class Session(requests.Session):
    """A session that follows no redirect, keeps no cookie and uses no proxy for this machine itself.

    Parameters
    ----------
    retry : Retry
        What may be repeated without asking anybody.
    """

    def __init__(self, retry: Retry) -> None:
        super().__init__()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS, max_retries=retry)
        self.mount("http://", adapter)
        self.mount("https://", adapter)
        self.headers.clear()
        self.headers.update(
            {"User-Agent": user_agent(), "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "keep-alive"}
        )

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None: a redirect is an answer like any other; requests would read all of it to look behind it."""
        return

    def merge_environment_settings(self, url: Any, *args: Any, **kwargs: Any) -> Any:
        """Return what the environment says, without its proxies when the URL is on this machine."""
        settings = super().merge_environment_settings(url, *args, **kwargs)
        if is_loopback(urlsplit(url).hostname or ""):
            settings["proxies"] = {}
        return settings


def user_agent() -> str:
    """Return the product's own User-Agent; a library's default one is refused by the gateway's CDN."""
    return f"fox_nb/{version()} (+Jupyter toolkit) python/{platform.python_version()}"


ONCE = Retry(total=False, redirect=False)
"""Repeats nothing at all."""


class ReadRetry(Retry):
    """Repeats reads: 429, 5xx, no connection, broken connections; jittered pauses; `Retry-After` within reason.

    Parameters
    ----------
    sleep : callable
        Called with the seconds of each pause.
    """

    def __init__(self, *args: Any, sleep: Callable[[float], object] = time.sleep, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sleep = sleep

    @classmethod
    def of(cls, tries: int, sleep: Callable[[float], object]) -> ReadRetry:
        """Return the policy of so many attempts in all."""
        return cls(
            total=max(tries, 1) - 1,
            redirect=False,
            allowed_methods={"GET"},
            status_forcelist={429, *range(500, 600)},
            raise_on_status=False,
            sleep=sleep,
        )

    def new(self, **changes: Any) -> ReadRetry:
        """Return a copy; urllib3 makes one for every attempt."""
        copy = super().new(**changes)
        copy._sleep = self._sleep  # noqa: SLF001 - its own class
        return copy

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        *where: Any,
        **place: Any,
    ) -> ReadRetry:
        """Count an attempt; raise when another one is no use."""
        hopeless = any(isinstance(link, (broken.SSLError, PrivatePeer, TooLarge)) for link in _causes(error))
        too_long = response is not None and (retry_after(response.headers) or 0.0) > LONGEST_PAUSE
        last = self.new(total=0) if hopeless or too_long else self
        return super(ReadRetry, last).increment(method, url, response, error, *where, **place)

    def sleep(self, response: Any = None) -> None:
        """Pause before the next attempt."""
        asked = retry_after(response.headers) if response is not None else None
        self._sleep(pause(len(self.history), asked))


def pause(attempts: int, asked: float | None = None) -> float:
    """Return the seconds to wait after so many attempts: growing and jittered, or what the gateway asked for."""
    if asked is not None:
        return min(asked, LONGEST_PAUSE) * random.uniform(1.0, 1.1)
    grown: float = _BACK_OFF_FIRST * 2 ** (attempts - 1)
    return min(_BACK_OFF_LAST, grown) * random.uniform(0.5, 1.5)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` asks for, given as a number or as a date; None without a good one."""
    text = str(headers.get("Retry-After", "")).strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text[:12])
    with contextlib.suppress(ValueError, TypeError, OverflowError, OSError):
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    return None


@dataclass(slots=True)
class Exchange:
    """One request and the answer to it, as far as it came.

    Attributes
    ----------
    status : int
        The HTTP status.
    headers : mapping
        The answer's headers.
    body : bytes
        The body, or as much of it as was read.
    cut : WireBroken or None
        Why the body is not whole.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    cut: WireBroken | None = None


_BROKEN = (requests.RequestException, broken.HTTPError, http.client.HTTPException, OSError, ValueError)
"""What requests, urllib3, http.client, ssl and the codecs raise when an exchange fails."""


@contextlib.contextmanager
def open_answer(
    session: Session, method: str, url: str, *, terms: Terms, auth: Bearer, key: SecretStr | None, **request: Any
) -> Any:
    """Send one request and yield its `requests.Response`, body unread.

    Raises
    ------
    WireBroken
        It is raised outside of the handler, so that no exception of requests, which would carry the headers and the
        key in them, hangs on it.
    """
    token = _terms.set(terms)
    response = None
    failure: BaseException | None = None
    try:
        try:
            response = session.request(
                method,
                url,
                auth=auth,
                timeout=Timeout(connect=terms.connect, read=min(terms.seconds, terms.stall)),  # type: ignore[arg-type]
                stream=True,
                allow_redirects=False,
                **request,
            )
        except _BROKEN as error:
            failure = explain(error, terms, key)
        except (KeyboardInterrupt, SystemExit) as stop:
            # Its traceback would lead through frames that hold the headers; a verbose one prints them.
            failure = type(stop)(*stop.args)
        if failure is not None:
            raise failure
        yield response
    finally:
        if response is not None:
            response.close()
        _terms.reset(token)


def pieces(response: requests.Response, terms: Terms, key: SecretStr | None) -> Iterable[bytes]:
    """Yield the body piece by piece.

    Raises
    ------
    WireBroken
        When it breaks off, takes too long or is larger than the terms allow.
    """
    total = 0
    while True:
        failure = None
        piece = b""
        try:
            piece = response.raw.read(PIECE, decode_content=True)
        except _BROKEN as error:
            failure = explain(error, terms, key)
        if failure is not None:
            raise failure
        if not piece:
            return
        total += len(piece)
        if total > terms.largest:
            raise WireBroken(f"it is larger than {terms.largest:,} bytes", connected=True, again=False)
        yield piece


def exchange(
    session: Session, method: str, url: str, *, terms: Terms, auth: Bearer, key: SecretStr | None, **request: Any
) -> Exchange:
    """Send one request and read the answer, within the terms.

    Raises
    ------
    WireBroken
        When no answer came; a body that broke off is returned as far as it came.
    """
    with open_answer(session, method, url, terms=terms, auth=auth, key=key, **request) as response:
        answer = Exchange(response.status_code, response.headers)
        body = bytearray()
        try:
            for piece in pieces(response, terms, key):
                body += piece
        except WireBroken as cut:
            answer.cut = cut
        answer.body = bytes(body)
        return answer


def explain(error: BaseException, terms: Terms, key: SecretStr | None) -> WireBroken:
    """Say in words what broke, and whether a connection had come to be."""
    chain = list(_causes(error))
    for kind, words in (
        (PrivatePeer, "the link leads into the private network of this machine"),
        (broken.NameResolutionError, "the name of the host was not found"),
        (broken.NewConnectionError, "no connection came to be"),
        (broken.ConnectTimeoutError, f"no connection came to be within {terms.connect:g} s"),
        (broken.ProxyError, "the proxy did not let it through"),
        (broken.SSLError, "no safe connection (TLS) came to be"),
    ):
        for link in chain:
            if isinstance(link, kind):
                again = kind not in (PrivatePeer, broken.SSLError)
                return WireBroken(_with_detail(words, chain, key), connected=False, again=again)
    if any(isinstance(link, TooLarge) for link in chain):
        return WireBroken(f"it is larger than {terms.largest:,} bytes", connected=True, again=False)
    if any(isinstance(link, (TimeoutError, broken.ReadTimeoutError)) for link in chain):
        return WireBroken(f"no whole answer came within {terms.seconds:g} s", connected=True)
    if any(isinstance(link, (ValueError, UnicodeError)) for link in chain[:1]):
        return WireBroken(_with_detail("the request could not be written", chain, key), connected=False, again=False)
    return WireBroken(_with_detail("the connection broke", chain, key), connected=True)


def _with_detail(words: str, chain: list[BaseException], key: SecretStr | None) -> str:
    detail = redact(str(chain[-1]), key)[:200] if chain else ""
    return f"{words} ({type(chain[-1]).__name__}{': ' + detail if detail else ''})"


def _causes(error: BaseException | None) -> Iterable[BaseException]:
    """Yield an exception and what lies below it, the outermost first; libraries keep it in different places."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        found = waiting.pop(0)
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        below = [getattr(found, "reason", None), getattr(found, "original_error", None), *found.args, found.__cause__]
        waiting += [item for item in below if isinstance(item, BaseException)]
