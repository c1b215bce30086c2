"""Transport: one request over HTTP and its answer, in the time that it is allowed, without the key in what comes back.

The sessions of requests below it follow nothing, remember nothing and read by the clock.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http
import http.client
import io
import itertools
import json
import logging
import ssl
import sys
import time
from contextvars import ContextVar
from functools import cache, partial
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

import requests
import truststore
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import DeflateDecoder, GzipDecoder
from urllib3.util.retry import Retry

from fox_nb import __version__
from fox_nb.client.causes import Dripping, NoCertificates, PrivatePeer, TooLarge, explain
from fox_nb.client.exchange import USUAL_ANSWER, Broken, Call, Exchange, Part
from fox_nb.client.responses import moved_path
from fox_nb.errors import NOTHING_SENT, KeyMissing
from fox_nb.settings import is_loopback, is_private, without_key
from fox_nb.sharing import renew_in_children
from fox_nb.tasks import REQUEST_IDS

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence

    from pydantic import SecretStr


USER_AGENT = f"fox_nb/{__version__} (+Jupyter toolkit) python/{sys.version_info.major}.{sys.version_info.minor}"
"""The product's own; a library's default one is refused by the gateway's CDN."""
PIECE = 64 * 1024
"""Bytes that are read or sent at a time."""
LEAST_OF_A_FILE = 32 * 1024
"""Bytes of a file that come at least in the time that a silence may last: a link that drips is as good as silent."""
_HEADERS = ("Content-Type", "Date", "Retry-After", "Location", "Content-Range", *REQUEST_IDS)
_HEADERS_AT_MOST = 256 * 1024
_CONNECTIONS = 32
_GZIP = b"\x1f\x8b"
_PLAIN = b'{[<" \r\n\t\xef'
"""How text begins, which a header may call packed all the same."""
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


_current: ContextVar[Call | None] = ContextVar("_current", default=None)
"""What this thread's connections are used for just now."""
_connecting: ContextVar[str] = ContextVar("_connecting", default="")
"""To whom one of them is being made, host or proxy, TLS included: nothing of a request is out then."""


class _NoLinks(logging.Filter):
    """Takes the links of results out of urllib3's log lines about our calls: they open the pictures."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _current.get() is not None and isinstance(record.args, tuple):
            record.args = tuple(_PATH_HIDDEN if _is_link(part) else part for part in record.args)
        return True


def _is_link(part: object) -> bool:
    return isinstance(part, str) and (part.startswith("/") or "://" in part) and not part.startswith(_OWN_CALLS)


logging.getLogger("urllib3.connectionpool").addFilter(_NoLinks())


class _Patient(io.RawIOBase):
    """A socket's reading end that reads by the clock: requests' own time-out starts anew with every byte."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, call: Call) -> None:
        self._raw = raw
        self._sock = sock
        self._left = call.largest + _HEADERS_AT_MOST
        # What a proxy answers while it connects is waited for as long as for a connection.
        self._stall, within = call.timeouts.read, call.within
        if _connecting.get():
            self._stall = within = min(call.timeouts.connect, within)
        self._end = time.monotonic() + within
        self._is_file = call.into is not None
        self._since, self._came = float("inf"), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        now = time.monotonic()
        left = self._end - now
        if left <= 0:
            raise TimeoutError("the answer took too long")
        if self._left <= 0:
            raise TooLarge("the answer is too large")
        if self._is_file and now - self._since >= self._stall:
            if self._came < LEAST_OF_A_FILE:
                raise Dripping(f"{self._came:,} bytes in {now - self._since:.0f} s")
            self._since, self._came = now, 0
        self._sock.settimeout(min(left, self._stall))
        count: int | None = self._raw.readinto(buffer)
        self._since = min(self._since, time.monotonic())  # the first byte may take its time
        self._left -= count or 0
        self._came += count or 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        call = _current.get()
        if call is not None:
            self.fp = io.BufferedReader(_Patient(self.fp.detach(), sock, call), PIECE)

    def _read_status(self) -> tuple[str, int, str]:
        """Skip every 1xx before the answer: http.client knows of 100 alone, and takes 103 for the end of it."""
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status not in _ON_THE_WAY:
                return version, status, reason
            http.client.parse_headers(self.fp)


class _Plain(HTTPConnection):
    """A connection that reads by the clock and looks at whom it reached before it says a word.

    It is asked of the connection and not of the name, which may answer otherwise a moment later. Behind a proxy
    the peer is the proxy.
    """

    # http.client prints whole requests, keys and all, when somebody turns its debugging on for every connection.
    debuglevel = 0
    response_class = _Response

    def connect(self) -> None:
        _connecting.set("host")
        super().connect()
        _connecting.set("")
        call = _current.get()
        if call is None or call.private or self.proxy or hasattr(self, "_socks_options") or self.sock is None:
            return
        if is_private(str(self.sock.getpeername()[0])):
            self.close()
            raise PrivatePeer("the link leads into the private network of this machine")

    def _tunnel(self) -> None:
        _connecting.set("proxy")
        super()._tunnel()
        _connecting.set("host")


@cache
def _as_ours(pool: Any) -> Any:
    """Return a pool whose connections know their own way, and read as ours do."""
    connection = type(pool.ConnectionCls.__name__, (_Plain, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


_POOLS = {"http": _as_ours(HTTPConnectionPool), "https": _as_ours(HTTPSConnectionPool)}


def trusting() -> ssl.SSLContext:
    """Return what trusts this system's authorities, a company's own among them; requests adds certifi's."""
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Adapter(HTTPAdapter):
    _added_for_proxies = ""

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        try:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
            if conn.proxy is not None and conn.proxy.scheme == "https":
                self._trust_for_proxies(verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE_PATH)
        except OSError as error:  # raised before anything goes out
            raise NoCertificates(str(error)) from None

    def _trust_for_proxies(self, bundle: str) -> None:
        """Add the authorities that requests adds: urllib3 itself does that for the gateway's certificate alone."""
        if bundle != self._added_for_proxies:
            self._to_proxies.load_verify_locations(**{"capath" if Path(bundle).is_dir() else "cafile": bundle})
            self._added_for_proxies = bundle

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        self._to_proxies = trusting()
        super().init_poolmanager(*args, ssl_context=trusting(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        is_socks = proxy.lower().startswith("socks")
        own = {} if is_socks else {"proxy_ssl_context": self._to_proxies}  # for TLS to the proxy itself
        manager = super().proxy_manager_for(proxy, ssl_context=trusting(), **own, **kwargs)
        pools = type(manager).pool_classes_by_scheme if is_socks else {}
        manager.pool_classes_by_scheme = _POOLS | {scheme: _as_ours(pool) for scheme, pool in pools.items()}
        return manager


if TYPE_CHECKING:
    _Genuine = requests.Session
else:  # requests' own class: a cache that a notebook put in its place would answer for the gateway for ever
    _Genuine = next(kind for kind in requests.Session.__mro__ if kind.__module__ == "requests.sessions")


class PlainSession(_Genuine):
    """A session that repeats nothing, follows no redirect, keeps no cookie, and uses no proxy for this machine."""

    def __init__(self) -> None:
        super().__init__()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS, max_retries=_ONCE)
        self.mount("http://", adapter)
        self.mount("https://", adapter)
        self.headers.clear()
        self.headers.update(
            {
                "User-Agent": USER_AGENT,
                "Accept": "*/*",
                "Accept-Encoding": "identity",
                "Connection": "keep-alive",
                "Cache-Control": "no-cache",  # a cache on the way would give a task's first state for ever
            }
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
    file, start, left = (io.BytesIO(part), 0, len(part)) if isinstance(part, bytes) else part
    file.seek(start)
    while left:
        piece = file.read(min(PIECE, left))
        if not piece:
            raise OSError("the file became shorter while it was sent")
        left -= len(piece)
        yield piece


def _unpacked(pieces: Iterator[bytes], most: int, encoding: str, *, twice: bool = True) -> Iterator[bytes]:
    """Yield a body as it was meant: unpacked by how it begins, for the header that says so may be wrong.

    What was packed by the gateway may be packed once more on the way.
    """
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= len(_GZIP):
            break
    decoder: GzipDecoder | DeflateDecoder
    if head.startswith(_GZIP):
        decoder = GzipDecoder()
    elif encoding.strip().lower() == "deflate" and head[:1] not in _PLAIN:
        decoder = DeflateDecoder()
    else:
        yield head
        yield from pieces
        return
    unpacked = (decoder.decompress(piece, most + 1) for piece in itertools.chain([head], pieces))
    yield from _unpacked(unpacked, most, "", twice=False) if twice else unpacked


def _text(body: bytes) -> str:
    """Return an answer as text, in any encoding that JSON may have; bytes that are none stay what no id may hold."""
    encoding = json.detect_encoding(body)
    text = body.decode(encoding, errors="replace") if not encoding.startswith("utf-8") else ""
    if '"' in text:  # else it is UTF-8 behind a few zeros
        return text
    return body.decode(errors="surrogateescape")


def _given(response: requests.Response | None) -> requests.Response | Broken:
    """Return an answer: what a notebook wraps around requests, to try again, may give nothing in the end."""
    nothing = Broken("what wraps requests in this program gave no answer", connected=True)
    return nothing if response is None else response


class HttpTransport:
    """One gateway over HTTP; safe to use from several threads at once.

    Parameters
    ----------
    base_url : str
        Normalised.
    key : SecretStr or None
        None for calls that need none.
    """

    def __init__(self, base_url: str, key: SecretStr | None) -> None:
        self.base_url = base_url
        self.key = key
        self._session = PlainSession()
        renew_in_children(self)

    def _after_fork(self) -> None:
        """Make connections of its own in a forked process: on shared ones it would get the parent's answers."""
        self._session = PlainSession()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def send(self, call: Call) -> Exchange | Broken:
        """Send one request; what broke is returned, so that no typed error is raised while another one is handled.

        A read that the gateway has at another path of its own, such as behind a slash, is made there.

        Raises
        ------
        OSError
            The file for the answer cannot be written.
        """
        body = Body(call.content, call.sending) if call.content else None
        token = _current.set(call)
        _connecting.set("")
        try:
            with PlainSession() if call.alone else contextlib.nullcontext(self._session) as session:
                response = self._begun(session, call, body)
                if isinstance(response, Broken):
                    response.taken = body is not None and body.taken
                    return response
                with response:
                    sent = self._answer(response, call)
        finally:
            _current.reset(token)
        may_move = call.method == "GET" and not (call.link or call.has_moved)
        path = moved_path(sent, self.base_url, call.path) if may_move else ""
        return self.send(dataclasses.replace(call, path=path, has_moved=True)) if path else sent

    def _begun(self, session: PlainSession, call: Call, body: Body | None) -> requests.Response | Broken:
        """Send a request and return its answer, body unread.

        No exception of requests leaves it: it would carry the headers, and the key in them.
        """
        auth = NOBODY if call.link or not call.with_key else self._auth()
        stop: BaseException
        try:
            return _given(
                session.request(
                    call.method,
                    call.link or self.base_url + call.path,
                    auth=auth,
                    data=body,
                    headers={**call.headers, "Connection": "close"} if call.alone else call.headers,
                    timeout=(min(call.timeouts.connect, call.within), min(call.timeouts.read, call.within)),
                    stream=True,
                    allow_redirects=False,
                )
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, its frames hold the key and a request may be out
            return explain(error, call, self.key, connecting=_connecting.get())
        except (KeyboardInterrupt, SystemExit) as error:
            # Its traceback would lead through frames that hold the headers; a verbose one prints them.
            stop = type(error)(*error.args)
        raise stop

    def _answer(self, response: requests.Response, call: Call) -> Exchange:
        """Read the body, as far as it comes; one that goes into a file is read only where the answer is good."""
        # A key in the answer goes no further: neither into the journal nor into a local that a traceback shows.
        headers = {name: without_key(response.headers.get(name, ""), self.key) for name in _HEADERS}
        sent = Exchange(response.status_code, headers)
        if call.into is None:
            body = io.BytesIO()
            sent.cut = self._copied(response, body, call)
            sent.body = without_key(_text(body.getvalue()), self.key).encode(errors="surrogateescape")
        elif sent.has_file:
            if (response.raw.length_remaining or 0) > call.largest:
                sent.cut = explain(TooLarge(), call, self.key)
                return sent
            self._save(response, sent, call, call.into)
        return sent

    def _save(self, response: requests.Response, sent: Exchange, call: Call, into: Path) -> None:
        """Copy the body into a file; one that is not whole is not left behind."""
        file, whole = into.open("wb"), False
        try:
            with file:
                sent.cut = self._copied(response, file, call)
            whole = sent.cut is None
        finally:
            if not whole:
                with contextlib.suppress(OSError):
                    into.unlink()

    def _copied(self, response: requests.Response, target: BinaryIO, call: Call) -> Broken | None:
        """Copy the body piece by piece; return what broke it off."""
        left = call.largest if response.ok else min(call.largest, USUAL_ANSWER)
        # read1: what has come is at hand even when the rest never comes; it may hold a task's id.
        packed_as = str(response.headers.get("Content-Encoding", ""))
        pieces = _unpacked(iter(partial(response.raw.read1, PIECE, decode_content=False), b""), left, packed_as)
        while True:
            try:
                piece = next(pieces, None)
            except Exception as error:  # noqa: BLE001 - requests, urllib3, http.client, ssl, zlib: all mean no body
                return explain(error, call, self.key)
            if piece is None:
                return None
            target.write(piece[:left])  # its start says what it is, though it is too large
            left -= len(piece)
            if left < 0:
                return explain(TooLarge(), call, self.key)

    def _auth(self) -> Bearer:
        if self.key is None:
            raise KeyMissing(
                f"The gateway at {self.base_url} wants a key and none was given.",
                money=NOTHING_SENT,
                todo="Give api_key= or set $FOXAPI_KEY.",
            )
        return Bearer(self.key)
