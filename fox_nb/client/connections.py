"""Connections: sessions of requests that follow nothing, remember nothing and read by the clock."""

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
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import requests
import truststore
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.retry import Retry

from fox_nb.client.bodies import PIECE
from fox_nb.settings import is_loopback, version

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from pydantic import SecretStr

_HEADERS_AT_MOST = 256 * 1024
_CONNECTIONS = 32
_OWN_CALLS = ("/v1/", "/api/", "/dashboard/", "/sandbox")
_PATH_HIDDEN = "/…"
_ONCE = Retry(total=False, redirect=False)
"""What may be sent again is for ``calls`` to say, which knows what it is for."""
_ON_THE_WAY = frozenset({*range(100, 200)} - {http.HTTPStatus.SWITCHING_PROTOCOLS})


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


class NoCertificates(OSError):
    """The file of the authorities that are trusted is not there."""


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
