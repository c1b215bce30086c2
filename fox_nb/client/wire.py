"""The wire: one exchange of bytes, and in words what broke it.

What a call means is in ``calls``; what an answer means is in ``answers``.
"""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from urllib3 import exceptions as broken
from urllib3.util import Timeout

from fox_nb.client.bodies import PIECE
from fox_nb.client.connections import Bearer, NoCertificates, PrivatePeer, Session, Terms, TooLarge, under
from fox_nb.settings import redact, without_key
from fox_nb.tasks import REQUEST_IDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import SecretStr

LONGEST_PAUSE = 30.0
"""Seconds: a longer `Retry-After` is told to the caller instead of being slept through."""

_HEADERS = ("Date", "Retry-After", "Location", *REQUEST_IDS)
_BACK_OFF_FIRST, _BACK_OFF_LAST = 0.5, 8.0


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


def pause(attempts: int, asked: float | None = None) -> float:
    """Return the seconds to wait after so many attempts: growing and jittered, or what the gateway asked for."""
    if asked is not None:
        return min(asked, LONGEST_PAUSE) * random.uniform(1.0, 1.1)
    grown: float = _BACK_OFF_FIRST * 2 ** (attempts - 1)
    return min(_BACK_OFF_LAST, grown) * random.uniform(0.5, 1.5)


@dataclass(slots=True)
class Exchange:
    """The answer to one request, as far as it came, without the key that a gateway may have repeated in it.

    Attributes
    ----------
    status : int
        The HTTP status.
    headers : mapping
        Those of the answer's headers that mean something here.
    body : bytes
        The body, or as much of it as was read.
    cut : WireBroken or None
        Why the body is not whole.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    cut: WireBroken | None = None


@contextlib.contextmanager
def open_answer(
    session: Session, method: str, url: str, *, terms: Terms, auth: Bearer, key: SecretStr | None, **request: Any
) -> Iterator[requests.Response]:
    """Send one request and yield its `requests.Response`, body unread.

    Raises
    ------
    WireBroken
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
            raise failure or WireBroken("no answer came", connected=True)
        with response:
            yield response


def pieces(response: requests.Response, terms: Terms, key: SecretStr | None) -> Iterator[bytes]:
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
    body = bytearray()
    cut = None
    with open_answer(session, method, url, terms=terms, auth=auth, key=key, **request) as response:
        try:
            for piece in pieces(response, terms, key):
                body += piece
        except WireBroken as broke:
            cut = broke.with_traceback(None)
        # A key in the answer goes no further: neither into the journal nor into a local that a traceback shows.
        headers = {name: without_key(response.headers.get(name, ""), key) for name in _HEADERS}
        clean = without_key(body.decode(errors="surrogateescape"), key).encode(errors="surrogateescape")
        return Exchange(response.status_code, headers, clean, cut)


_UNWRITABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    broken.LocationValueError,
    UnicodeError,
)
"""What is raised before anything is sent."""


def explain(error: BaseException, terms: Terms, key: SecretStr | None) -> WireBroken:
    """Say in words what broke, and whether a connection had come to be."""
    chain = list(_causes(error))
    proxy = "the proxy was asked, and " if any(isinstance(link, broken.ProxyError) for link in chain) else ""
    for kind, words in (
        (PrivatePeer, "the link leads into the private network of this machine"),
        (
            NoCertificates,
            "the file of trusted certificates (REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE) is missing",
        ),
        (broken.NameResolutionError, "the name of the host was not found"),
        (broken.NewConnectionError, "no connection came to be"),
        (broken.ConnectTimeoutError, f"no connection came to be within {terms.connect:g} s"),
        (broken.ProxyError, _refused_by_proxy(chain)),
        (broken.SSLError, "no safe connection (TLS) came to be"),
    ):
        for link in chain:
            if isinstance(link, kind):
                # a certificate stays as it is, and so does a server that speaks no TLS; an alert may be of a moment
                passing = kind is broken.SSLError and "ALERT" in str(getattr(chain[-1], "reason", ""))
                again = passing or kind not in (PrivatePeer, NoCertificates, broken.SSLError)
                return WireBroken(_with_detail(proxy + words, chain, key), connected=False, again=again)
    if any(isinstance(link, TooLarge) for link in chain):
        return WireBroken(f"it is larger than {terms.largest:,} bytes", connected=True, again=False)
    if any(isinstance(link, (TimeoutError, broken.ReadTimeoutError)) for link in chain):
        return WireBroken(f"no whole answer came within {terms.seconds:g} s", connected=True)
    if isinstance(error, _UNWRITABLE):
        return WireBroken(_with_detail("the request could not be written", chain, key), connected=False, again=False)
    return WireBroken(_with_detail("the connection broke", chain, key), connected=True)


def _refused_by_proxy(chain: list[BaseException]) -> str:
    """Say what a proxy did that could be reached: `http.client` puts its status into the words of an OSError."""
    said = str(chain[-1]) if chain else ""
    if " 407 " in said:
        return "it wants a user name and a password, which go into HTTPS_PROXY (http://NAME:PASSWORD@HOST:PORT)"
    return "it refused to lead to this host" if " 403 " in said else "it did not let the request through"


def _with_detail(words: str, chain: list[BaseException], key: SecretStr | None) -> str:
    detail = redact(str(chain[-1]), key)[:200] if chain else ""
    return f"{words} ({type(chain[-1]).__name__}{': ' + detail if detail else ''})"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
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
