"""Reach: the way to a gateway, tried step by step (name, connection, TLS), for networks that let little through."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, prepend_scheme_if_needed, select_proxy

from fox_nb.client.causes import UNREADABLE_PROXY
from fox_nb.client.exchange import Broken, Call
from fox_nb.client.responses import shown
from fox_nb.client.transport import HttpTransport
from fox_nb.errors import NOTHING_SENT, NotConnected
from fox_nb.settings import Timeouts, is_loopback

_PORTS = {"http": 80, "https": 443} | dict.fromkeys(("socks4", "socks4a", "socks5", "socks5h"), 1080)

_BUNDLE = "Mend the file of certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names, or unset that."
_ANOTHER = "Another server answers there: this network's log-in or filter, or the base URL is not FoxAPI's."
_CLOCK = "Look at this computer's clock; if it is right, ask who looks after this network."
_ADVICE = {
    "the proxy was asked, and it gave": "Check the proxy's address and port in HTTPS_PROXY.",
    "pysocks": "Then run `fox-nb doctor` again.",
    "user name and a password": "Then run `fox-nb doctor` again.",
    "trusted certificates": _BUNDLE,
    "X509": _BUNDLE,
    "mismatch": _ANOTHER,
    "does not match": _ANOTHER,
    "expired": _CLOCK,
    "not yet valid": _CLOCK,
    "validity period": _CLOCK,
    "certificate required": "A certificate of yours is wanted there, and no setting takes one: ask for another way.",
    "ertificate": "A certificate of the company's own must be among this system's, or in REQUESTS_CA_BUNDLE.",
    "": "A firewall or the proxy may end it: ask who looks after this network, and show them this line.",
}
"""By the words of OpenSSL, Windows and macOS and our own: what may open the way where no safe connection came to be."""


def reach(base_url: str, seconds: float = 10.0) -> Iterator[str]:
    """Yield step by step how far the way to a gateway leads; asks at its end for nothing, without the key.

    Parameters
    ----------
    base_url : str
        The gateway's address.
    seconds : float
        How long one step may take.

    Raises
    ------
    NotConnected
        The way ends here; its words name the step, and what may open the way.
    """
    url = urlsplit(base_url)
    host = url.hostname or ""
    proxy = None if is_loopback(host) else select_proxy(base_url, get_environ_proxies(base_url))
    try:
        first = urlsplit(prepend_scheme_if_needed(proxy, "http")) if proxy else url  # type: ignore[no-untyped-call]
        name, port = first.hostname or "", first.port or _PORTS.get(first.scheme, 443)
    except ValueError:
        name = ""
    if not name:  # no word of the library's: it would hold a part of the proxy's password
        raise NotConnected(
            f"The way ends here: {UNREADABLE_PROXY if proxy else 'the address has no host'}.", money=NOTHING_SENT
        )
    what = f"the proxy {name}" if proxy else name
    with _step(f"the name of {what} is not known", "Check the network, FOXAPI_BASE_URL and HTTPS_PROXY."):
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    started = time.perf_counter()
    firewall = "A firewall may be in the way: ask for the network's proxy, and name it in HTTPS_PROXY."
    advice = "Check the proxy's address and port in HTTPS_PROXY." if proxy else firewall
    with _step(f"{what} takes no connection at port {port}", advice):
        line = socket.create_connection((name, port), timeout=seconds / len(found))  # a time-out for each address
        took, reached = time.perf_counter() - started, line.getpeername()[0]
    line.close()
    yield f"{what} is {reached}"
    yield f"connected in {took * 1000:.0f} ms"
    if url.scheme == "https":
        yield _trusted(base_url, host, seconds)


def _trusted(base_url: str, host: str, seconds: float) -> str:
    """Make a safe connection as every call does, by the same proxy and with the same authorities."""
    ways = HttpTransport(base_url, None)
    timeouts = Timeouts(connect=seconds, read=seconds)
    sent = ways.send(Call(method="HEAD", path="/", timeouts=timeouts, within=seconds, with_key=False, alone=True))
    if isinstance(sent, Broken):
        where = f"{host} gives no answer" if sent.connected else f"{host} is not reached safely"
        raise NotConnected(
            f"The way ends here: {where}: {sent.reason}.",
            money=NOTHING_SENT,
            todo=next(advice for sign, advice in _ADVICE.items() if sign in sent.reason),
        )
    return "trusted (TLS)"


@contextmanager
def _step(where: str, advice: str) -> Iterator[None]:
    """Name the step at which the way ends, and what may open it."""
    try:
        yield
    except (OSError, UnicodeError) as error:  # the latter of a name that can be none
        reason = shown(str(error), None, 200)
    else:
        return
    raise NotConnected(f"The way ends here: {where} ({reason}).", money=NOTHING_SENT, todo=advice)
