"""Causes: in words, what broke an exchange, and whether a connection had come to be."""

from __future__ import annotations

import ssl
import zlib
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

import requests
from urllib3 import exceptions as broken

from fox_nb.client.exchange import Broken
from fox_nb.client.responses import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import SecretStr

    from fox_nb.client.exchange import Call


class PrivatePeer(OSError):
    """A public link led to this machine or its own network."""


class TooLarge(OSError):
    """The other side sends more than it may."""


class Dripping(OSError):
    """So few bytes come that waiting for the last one is of no use."""


class NoCertificates(OSError):
    """The file of the authorities that are trusted is not there."""


UNREADABLE_PROXY = (
    "the request could not be written, perhaps for the proxy's address in HTTPS_PROXY: # / @ in a name or password are "
    "written %23 %2F %40"
)
_ASKED = "the proxy was asked, and it"

_UNWRITABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    broken.LocationValueError,
    UnicodeError,
)
"""What is raised before anything is sent."""


def explain(error: BaseException, call: Call, key: SecretStr | None, *, connecting: str = "") -> Broken:
    """Say in words what broke, and whether a connection had come to be.

    Parameters
    ----------
    connecting : str
        To whom one was on its way then, "host" or "proxy"; '' once a request may be out.
    """
    chain = list(_causes(error))
    soon = f"{round(min(call.timeouts.connect, call.within), 2):g} s"
    for kind, words in _of_no_connection(chain, soon, connecting):
        for link in chain:
            if isinstance(link, kind):
                # a certificate stays as it is, and so does a server that speaks no TLS; an alert may be of a moment
                passing = kind is broken.SSLError and "ALERT" in str(getattr(chain[-1], "reason", ""))
                again = passing or kind not in (PrivatePeer, NoCertificates, broken.SSLError)
                return Broken(_with_detail(words, chain, key), connected=False, again=again)
    if any(isinstance(link, TooLarge) for link in chain):
        return Broken(f"it is larger than {call.largest:,} bytes", connected=True, again=False)
    if any(isinstance(link, (TimeoutError, broken.ReadTimeoutError)) for link in chain):
        words = {
            "": f"no whole answer came within {round(call.within, 2):g} s",
            "host": f"no safe connection (TLS) came to be within {soon}",
            "proxy": f"{_ASKED} gave no answer within {soon}",
        }[connecting]
        return Broken(words, connected=not connecting)
    for kind, amiss in ((Dripping, "it comes too slowly"), (zlib.error, "the answer is packed and damaged")):
        if any(isinstance(link, kind) for link in chain):
            return Broken(_with_detail(amiss, chain, key), connected=True)
    if isinstance(error, _UNWRITABLE):
        words = "the request could not be written"
        # what a library says of a proxy's address that it can't read holds a part of its password
        reason = UNREADABLE_PROXY if getproxies().keys() - {"no"} else _with_detail(words, chain, key)
        if "SOCKS" in str(error):
            reason = "a socks proxy needs another package: pip install pysocks"
        return Broken(reason, connected=False, again=False)
    words = f"{_ASKED} gave no answer of a proxy" if connecting == "proxy" else "the connection broke"
    return Broken(_with_detail(words, chain, key), connected=not connecting)


def _of_no_connection(
    chain: list[BaseException], soon: str, connecting: str
) -> Iterator[tuple[type[BaseException], str]]:
    """Yield the errors that mean that no connection came to be, with their words."""
    by_proxy = any(isinstance(link, broken.ProxyError) for link in chain)
    whose, none = ("proxy", "no connection to the proxy") if by_proxy else ("host", "no connection")
    if any("SOCKS" in str(link) for link in chain):  # urllib3 has one error for the proxy and for what that answers
        none = "no connection by the socks proxy"
    yield PrivatePeer, "the link leads into the private network of this machine"
    yield NoCertificates, "the file of trusted certificates (REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE) is missing"
    yield broken.NameResolutionError, f"the name of the {whose} was not found"
    yield broken.NewConnectionError, f"{none} came to be"
    yield broken.ConnectTimeoutError, f"{none} came to be within {soon}"
    # once a request is out these two mean that an exchange broke; a certificate is looked at before that
    if connecting or any(isinstance(link, ssl.SSLCertVerificationError) for link in chain):
        yield broken.ProxyError, _refused_by_proxy(chain)
        yield broken.SSLError, "no safe connection (TLS) came to be"


def _refused_by_proxy(chain: list[BaseException]) -> str:
    """Say what a proxy did that could be reached: `http.client` puts its status into the words of an OSError."""
    words = str(chain[-1]) if chain else ""
    refused = "Tunnel connection failed: "
    did = "did not let the request through"
    if words.startswith(f"{refused}403"):
        did = "refused to lead to this host"
    elif words.startswith(f"{refused}407"):
        did = "wants a user name and a password, which go into HTTPS_PROXY (http://NAME:PASSWORD@HOST:PORT)"
    elif any(isinstance(link, ssl.SSLCertVerificationError) for link in chain):
        return "no safe connection to the proxy itself came to be"
    elif any(isinstance(link, (ssl.SSLError, TimeoutError)) for link in chain):
        return "no safe connection to the proxy itself came to be; its address mostly begins with http://"
    return f"{_ASKED} {did}"


def _with_detail(words: str, chain: list[BaseException], key: SecretStr | None) -> str:
    detail = shown(str(chain[-1]), key, 200) if chain else ""
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
