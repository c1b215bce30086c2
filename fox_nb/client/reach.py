"""Reach: the way to a gateway, tried step by step (name, connection, TLS), for networks that let little through."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy

from fox_nb.client.transport import trusting
from fox_nb.errors import NotConnected
from fox_nb.settings import is_loopback, redact

_PORTS = {"http": 80, "https": 443}


def reach(base_url: str, seconds: float = 10.0) -> Iterator[str]:
    """Yield step by step how far the way to a gateway leads; sends nothing but what a connection needs.

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
    first = urlsplit(proxy) if proxy else url
    name, port = first.hostname or "", first.port or _PORTS.get(first.scheme, 443)
    what = f"the proxy {name}" if proxy else name
    with _step(f"the name of {what} is not known", "Check the network, FOXAPI_BASE_URL and HTTPS_PROXY."):
        address = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)[0][4][0]
    yield f"{what} is {address}"
    started = time.perf_counter()
    advice = "A firewall may be in the way: ask for the network's proxy, and name it in HTTPS_PROXY."
    with _step(f"{what} takes no connection at port {port}", advice):
        line = socket.create_connection((name, port), timeout=seconds)
    with line:
        yield f"connected in {(time.perf_counter() - started) * 1000:.0f} ms"
        if url.scheme == "https" and not proxy:
            advice = "A certificate of the company's own must be among this system's, or in REQUESTS_CA_BUNDLE."
            with (
                _step(f"{what} is not trusted (TLS)", advice),
                trusting().wrap_socket(line, server_hostname=host) as safe,
            ):
                version = safe.version()
            yield f"{version}, trusted"


@contextmanager
def _step(where: str, advice: str) -> Iterator[None]:
    """Name the step at which the way ends, and what may open it."""
    try:
        yield
    except OSError as error:
        reason = redact(str(error))[:200]
    else:
        return
    raise NotConnected(
        f"The way ends here: {where} ({reason}).", money="Nothing was sent, nothing was paid.", todo=advice
    )
