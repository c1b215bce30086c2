"""Transport: one request over HTTP and its answer, within its terms and without the key in what comes back.

The sessions of requests below it follow nothing, remember nothing and read by the clock.
"""

from __future__ import annotations

import contextlib
import http
import http.client
import io
import ipaddress
import logging
import ssl
import sys
import time
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import requests
import truststore
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Timeout
from urllib3.util.retry import Retry

from fox_nb.client.causes import NoCertificates, PrivatePeer, TooLarge, explain
from fox_nb.client.exchange import Broken, Exchange, Terms
from fox_nb.errors import KeyMissing
from fox_nb.settings import Timeouts, is_loopback, version, without_key
from fox_nb.sharing import renew_in_children
from fox_nb.tasks import REQUEST_IDS

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence

    from pydantic import SecretStr

    from fox_nb.client.exchange import Call, Part

PIECE = 64 * 1024
"""Bytes that are read or sent at a time."""
_HEADERS = ("Date", "Retry-After", "Location", *REQUEST_IDS)
_HEADERS_AT_MOST = 256 * 1024
_CONNECTIONS = 32
_OWN_CALLS = ("/v1/", "/api/", "/dashboard/", "/sandbox")
_PATH_HIDDEN = "/…"
_ONCE = Retry(total=False, redirect=False)
"""What may be sent again is for `calls` to say, which know what it is for."""
_ON_THE_WAY = frozenset({*range(100, 200)} - {http.HTTPStatus.SWITCHING_PROTOCOLS})


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


@contextlib.contextmanager
def under(terms: Terms) -> Iterator[None]:
    """Let the connections that this thread uses inside the block keep to these terms."""
    token = _terms.set(terms)
    try:
        yield
    finally:
        _terms.reset(token)


class _NoLinks(logging.Filter):
    """Takes the links of results out of urllib3's log lines about our calls: they open the pictures."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _terms.get() is not None and isinstance(record.args, tuple):
            record.args = tuple(_PATH_HIDDEN if _is_link(part) else part for part in record.args)
        return True


def _is_link(part: object) -> bool:
    return isinstance(part, str) and (part.startswith("/") or "://" in part) and not part.startswith(_OWN_CALLS)


logging.getLogger("urllib3.connectionpool").addFilter(_NoLinks())


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

    def _read_status(self) -> tuple[str, int, str]:
        """Skip every 1xx before the answer: http.client knows of 100 alone, and takes 103 for the end of it."""
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status not in _ON_THE_WAY:
                return version, status, reason
            http.client.parse_headers(self.fp)


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
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
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


def trusting() -> ssl.SSLContext:
    """Return what trusts this system's authorities, a company's own among them; requests adds certifi's."""
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Adapter(HTTPAdapter):
    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().cert_verify(*args, **kwargs)  # type: ignore[no-untyped-call]
        except OSError as error:  # raised before anything goes out
            raise NoCertificates(str(error)) from None

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=trusting(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=trusting(), **kwargs)
        if proxy.lower().startswith("socks"):
            return manager  # its connections know the way through it, ours don't
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        return manager


if TYPE_CHECKING:
    _Genuine = requests.Session
else:  # requests' own class: a cache that a notebook put in its place would answer for the gateway for ever
    _Genuine = next(kind for kind in requests.Session.__mro__ if kind.__module__ == "requests.sessions")


class Session(_Genuine):
    """A session that repeats nothing, follows no redirect, keeps no cookie, and uses no proxy for this machine."""

    def __init__(self) -> None:
        super().__init__()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS, max_retries=_ONCE)
        self.mount("http://", adapter)
        self.mount("https://", adapter)
        self.headers.clear()
        self.headers.update(
            {"User-Agent": user_agent(), "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "keep-alive"}
        )

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None: a redirect is an answer like any other; requests would read all of it to look behind it."""
        return

    def merge_environment_settings(self, url: Any, proxies: Any, *args: Any) -> Any:
        """Return what the environment says, without its proxies when the URL is on this machine."""
        host = urlsplit(url).hostname or ""
        if not is_loopback(host):
            return super().merge_environment_settings(url, proxies, *args)
        # Named here, the host is not looked for in the environment, which takes a third of a whole call.
        settings = super().merge_environment_settings(url, {"no_proxy": host}, *args)
        settings["proxies"] = {}
        return settings


def user_agent() -> str:
    """Return the product's own User-Agent; a library's default one is refused by the gateway's CDN."""
    return f"fox_nb/{version()} (+Jupyter toolkit) python/{sys.version_info.major}.{sys.version_info.minor}"


class Body:
    """Content of known length that is sent in small pieces, each of which may take the connection's time-out.

    Given to `requests` as one block, all of it would have to leave within the time-out for *connecting*.

    Parameters
    ----------
    parts : sequence of bytes or file
        What is sent, one behind the other.
    seconds : float
        How long sending may take in all.

    Attributes
    ----------
    taken : bool
        True once any of it was asked for. The headers go first: while this is False, no request was made.
    """

    def __init__(self, parts: Sequence[Part], seconds: float) -> None:
        self._parts = parts
        self._seconds = seconds
        self._length = sum(len(part) if isinstance(part, bytes) else part[2] for part in parts)
        self.taken = False

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        if self.taken:
            raise RuntimeError("a body is sent once")  # no library below may decide to send it again
        self.taken = True
        end = time.monotonic() + self._seconds
        for part in self._parts:
            for piece in _cut(part):
                if time.monotonic() > end:
                    raise TimeoutError("sending took too long")
                yield piece


def _cut(part: Part) -> Iterator[bytes]:
    if isinstance(part, bytes):
        yield from (part[at : at + PIECE] for at in range(0, len(part), PIECE))
        return
    file, start, left = part
    file.seek(start)
    while left:
        piece = file.read(min(PIECE, left))
        if not piece:
            raise OSError("the file became shorter while it was sent")
        left -= len(piece)
        yield piece


class HttpTransport:
    """One gateway over HTTP; safe to use from several threads at once.

    Parameters
    ----------
    base_url : str
        Normalised.
    key : SecretStr or None
        None for calls that need none.
    timeouts : Timeouts
        For one attempt each.
    """

    def __init__(self, base_url: str, key: SecretStr | None, timeouts: Timeouts) -> None:
        self.base_url = base_url
        self.key = key
        self._timeouts = timeouts
        self._session = Session()
        renew_in_children(self)

    def _after_fork(self) -> None:
        """Make connections of its own in a forked process: on shared ones it would get the parent's answers."""
        self._session = Session()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def send(self, call: Call) -> Exchange | Broken:
        """Send one request; what broke is returned, so that no typed error is raised while another one is handled."""
        connect = min(self._timeouts.connect, call.within)
        terms = Terms(connect, call.within, call.largest, stall=self._timeouts.read)
        auth = self._auth() if call.with_key else NOBODY
        body = Body(call.content, call.sending) if call.content else None
        about = {**call.headers, "Connection": "close"} if call.alone else call.headers
        url = self.base_url + call.path
        try:
            with Session() if call.alone else contextlib.nullcontext(self._session) as session:
                sent = {"data": body, "headers": about}
                return exchange(session, call.method, url, terms=terms, auth=auth, key=self.key, **sent)
        except Broken as broke:
            broke.taken = body is not None and body.taken
            return broke.with_traceback(None)

    @contextlib.contextmanager
    def open(
        self, url: str, *, within: float, largest: int, private: bool
    ) -> Iterator[tuple[requests.Response, Iterator[bytes]]]:
        """Ask for a link, without the key, and yield the answer and its body, piece by piece."""
        terms = Terms(self._timeouts.connect, within, largest, private, min(self._timeouts.read, within))
        with open_answer(self._session, "GET", url, terms=terms, auth=NOBODY, key=self.key) as response:
            yield response, pieces(response, terms, self.key)

    def _auth(self) -> Bearer:
        if self.key is None:
            raise KeyMissing(
                f"The gateway at {self.base_url} wants a key and none was given.",
                money="Nothing was sent, nothing was paid.",
                todo="Give api_key= or set $FOXAPI_KEY.",
            )
        return Bearer(self.key)


@contextlib.contextmanager
def open_answer(
    session: Session, method: str, url: str, *, terms: Terms, auth: Bearer, key: SecretStr | None, **request: Any
) -> Iterator[requests.Response]:
    """Send one request and yield its `requests.Response`, body unread.

    Raises
    ------
    Broken
        It is raised outside of the handler, so that no exception of requests, which would carry the headers and the
        key in them, hangs on it.
    """
    with under(terms):
        response = None
        failure: BaseException | None = None
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
        except Exception as error:  # noqa: BLE001 - whatever it is, its frames hold the key and a request may be out
            failure = explain(error, terms, key)
        except (KeyboardInterrupt, SystemExit) as stop:
            # Its traceback would lead through frames that hold the headers; a verbose one prints them.
            failure = type(stop)(*stop.args)
        if response is None:
            raise failure or Broken("no answer came", connected=True)
        with response:
            yield response


def pieces(response: requests.Response, terms: Terms, key: SecretStr | None) -> Iterator[bytes]:
    """Yield the body piece by piece.

    Raises
    ------
    Broken
        When it breaks off, takes too long or is larger than the terms allow.
    """
    total = 0
    while True:
        failure = None
        piece = b""
        try:
            # read1: what has come is at hand even when the rest never comes; it may hold a task's id.
            piece = response.raw.read1(PIECE, decode_content=True)
        except Exception as error:  # noqa: BLE001 - requests, urllib3, http.client, ssl, zlib: all mean no body
            failure = explain(error, terms, key)
        if failure is not None:
            raise failure
        if not piece:
            return
        total += len(piece)
        if total > terms.largest:
            raise Broken(f"it is larger than {terms.largest:,} bytes", connected=True, again=False)
        yield piece


def exchange(
    session: Session, method: str, url: str, *, terms: Terms, auth: Bearer, key: SecretStr | None, **request: Any
) -> Exchange:
    """Send one request and read the answer, within the terms.

    Raises
    ------
    Broken
        When no answer came; a body that broke off is returned as far as it came.
    """
    body = bytearray()
    cut = None
    with open_answer(session, method, url, terms=terms, auth=auth, key=key, **request) as response:
        try:
            for piece in pieces(response, terms, key):
                body += piece
        except Broken as broke:
            cut = broke.with_traceback(None)
        # A key in the answer goes no further: neither into the journal nor into a local that a traceback shows.
        headers = {name: without_key(response.headers.get(name, ""), key) for name in _HEADERS}
        clean = without_key(body.decode(errors="surrogateescape"), key).encode(errors="surrogateescape")
        return Exchange(response.status_code, headers, clean, cut)
