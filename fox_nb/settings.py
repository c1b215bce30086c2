"""Settings: the gateway's address, the key and how it stays out of sight, time-outs, the pace of polling."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import hmac
import ipaddress
import json
import os
import re
import socket
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlsplit

from fox_nb.errors import InvalidRequest, KeyMissing
from fox_nb.parameters import not_allowed, shown

if TYPE_CHECKING:
    from pydantic import SecretStr

DEFAULT_BASE_URL = "https://api.foxapi.cc"
KEY_VARIABLE = "FOXAPI_KEY"
BASE_URL_VARIABLE = "FOXAPI_BASE_URL"
PLAIN_HTTP_VARIABLE = "FOXAPI_PLAIN_HTTP"
"""Names the one other host that a key may be sent to without TLS: a relay inside of a network that is trusted."""
BINDER_VARIABLES = ("BINDER_LAUNCH_HOST", "BINDER_REPO_URL", "BINDER_REQUEST", "BINDER_SERVICE_HOST")
"""What BinderHub puts into the environment of every session; any of them will do."""

REMOVED = "[key removed]"
_LONGEST_KEY = 500
_FINGERPRINT_DIGITS = 12
_PORTS = {"http": 80, "https": 443}
_HOUR = 3600
_PRIVATE = [
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16"),
        *("64:ff9b:1::/48", "fc00::/7", "fec0::/10"),
    )
]
_WITH_IPV4 = frozenset({0, 0xFFFF, 0x64FF9B << 64})
"""How an IPv6 address begins that has one of IPv4 behind it: ``::a.b.c.d``, ``::ffff:a.b.c.d``, ``64:ff9b::a.b.c.d``"""


def in_voila() -> bool:
    """Return True when Voila runs this notebook, for a visitor who is not to see what else the server has.

    A kernel that Voila keeps ready (`--preheat_kernel=True`) was started before there was a request to tell it of.
    """
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila") or "VOILA_PREHEAT" in os.environ


def named(path: str | Path) -> str:
    """Return what a path is called in words: a visitor of an app is not told where things lie on its server."""
    return Path(path).name if in_voila() else str(path)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long one attempt of a call may take, in seconds.

    Attributes
    ----------
    connect : float
        To reach the gateway, for each of its addresses.
    read : float
        From the end of the request to the end of the answer, however slowly it drips.
    upload : float
        To send a file.
    download : float
        To fetch a picture, from the request to its last byte.
    """

    connect: float = 10.0
    read: float = 60.0
    upload: float = 600.0
    download: float = 600.0

    def __post_init__(self) -> None:
        for name in ("connect", "read", "upload", "download"):
            _positive(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class Polling:
    """How often the gateway is asked for a task's state.

    Attributes
    ----------
    first_looks : tuple of float
        Seconds after the start at which a task is polled first, for what fails early; each an hour at most.
    at_least : float
        The shortest time between two polls of one task, in seconds; an hour at most.
    per_second : float
        How many polls a second all tasks of a kernel may take together, 0.01 to 1000.
    jitter : float
        The share (0 to 1) by which an interval is varied, so that classmates drift apart.
    """

    first_looks: tuple[float, ...] = (2.0, 6.0)
    at_least: float = 1.0
    per_second: float = 5.0
    jitter: float = 0.15

    def __post_init__(self) -> None:
        if not isinstance(self.first_looks, (tuple, list)):
            raise InvalidRequest(
                f"first_looks is {shown(self.first_looks)}, no tuple of seconds.",
                parameter="first_looks",
                value=self.first_looks,
                allowed="a tuple of seconds",
            )
        for seconds in self.first_looks:
            _within("first_looks", seconds, 0, _HOUR)
        _within("at_least", self.at_least, 0.001, _HOUR)
        _within("per_second", self.per_second, 0.01, 1000)
        _within("jitter", self.jitter, 0, 1)


SANDBOX = "sandbox"
"""What the journal calls the sandbox, whatever its port."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway: where it is, the key for it, and the name that the journal knows it by.

    Attributes
    ----------
    base_url : str
        Normalised; every call's path is put behind it.
    key : SecretStr or None
        None where no key is needed or known.
    is_sandbox : bool
        True for the built-in sandbox, whatever its port.
    speed : float
        How many times faster than the service it is thought to work, before it has answered.
    known_as, account : str
        What a store calls it and the key's account, where these are others than the address and the key's fingerprint.
    """

    base_url: str
    key: SecretStr | None = field(default=None, repr=False)
    is_sandbox: bool = False
    speed: float = 1.0
    known_as: str = ""
    account: str = ""

    def __post_init__(self) -> None:
        if self.key is not None:
            object.__setattr__(self, "key", hidden(self.key))

    @property
    def name(self) -> str:
        """What the journal calls this gateway: ``sandbox``, or the base URL, normalised, where it was known first."""
        return SANDBOX if self.is_sandbox else self.known_as or self.base_url


def find_base_url(argument: str | None = None) -> str | None:
    """Return the base URL from the argument or ``$FOXAPI_BASE_URL``, normalised; None without either."""
    url = argument or os.environ.get(BASE_URL_VARIABLE, "").strip()
    return normal_base_url(url) if url else None


def normal_base_url(url: str, *, allow_plain_http: bool = False) -> str:
    """Check a base URL and write it in its one normal form.

    A key that travels over plain http can be read by everybody on the way, so http is for the loopback alone.

    Parameters
    ----------
    url : str
        For example ``https://api.foxapi.cc``; a trailing ``/`` or ``/v1`` is left out.
    allow_plain_http : bool
        True takes http to other machines, too.

    Raises
    ------
    InvalidRequest
        When it is no base URL; the value is shown only when it begins as one and holds no user name and no password,
        and no further than to a '?': a key that was given in its place, or behind it, is not.
    """
    if not isinstance(url, str) or " " in url or not url.isprintable():
        raise _bad_url("The base URL is no text without spaces.", "")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _bad_url("The base URL cannot be read.", "") from None
    host = parts.hostname or ""
    if parts.username is not None or parts.password is not None:
        raise _bad_url("The base URL holds a user name or password.", "", "Give the key as api_key=.")
    if parts.scheme not in _PORTS:
        raise _bad_url("The base URL is no http(s) address.", "")
    if not host:
        raise _bad_url("The base URL names no host.", "")
    if parts.query or parts.fragment:  # where other services take their keys
        url = re.split(r"[?#]", url, maxsplit=1)[0]
        raise _bad_url(f"The base URL goes on behind {url[:200]!r}, with a '?' or '#'.", url)
    if parts.scheme == "http" and not (allow_plain_http or host in _plain_http_hosts() or is_loopback(host)):
        raise _bad_url(
            f"The base URL {url[:200]!r} would send the key over plain http, readable on the way.",
            url,
            f"Use https://{host}.",
        )
    address = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[parts.scheme]:
        address = f"{address}:{port}"
    path = re.sub(r"/+", "/", parts.path).rstrip("/").removesuffix("/v1")
    return f"{parts.scheme}://{address}{path}"


def _plain_http_hosts() -> set[str | None]:
    """Return the host that was chosen for plain http, however it was written: alone, with its port, as an address."""
    chosen = os.environ.get(PLAIN_HTTP_VARIABLE, "").strip().lower()
    try:
        return {chosen, urlsplit(chosen if "//" in chosen else f"//{chosen}").hostname}
    except ValueError:
        return {chosen}


@functools.lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Return True when a host name or address means this machine itself."""
    address = _address(host)
    return address.is_loopback if address is not None else host.lower().rstrip(".") == "localhost"


def is_private(host: str) -> bool:
    """Return True for an address of this machine or of its own network (a name is not looked up).

    Neither 198.18.0.0/15 nor 240.0.0.0/4 is among them: proxies that answer every name with such an address are widely
    used. So ipaddress.is_global, which grows with Python besides, does not say it.
    """
    if is_loopback(host) or host.lower().rstrip(".").endswith(".localhost"):
        return True
    address = _address(host.rstrip("."))
    if address is None:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        number = int(address)
        within = ipaddress.ip_address(number & 0xFFFFFFFF) if number >> 32 in _WITH_IPV4 else address.sixtofour
        address = within or address
    if address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast:
        return True
    return any(address in network for network in _PRIVATE)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a host that is an address as one, also as 127.1, 0x7f000001 or 2130706433; None for a name."""
    text = host.strip("[]").partition("%")[0]
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(text)
    with contextlib.suppress(ValueError, OSError):
        return ipaddress.IPv4Address(socket.inet_aton(text))  # what the system makes of it, and a proxy's, too
    return None


def find_key(argument: str | SecretStr | None = None) -> SecretStr | None:
    """Return the key from the argument, ``$FOXAPI_KEY`` or Colab's secrets; None when there is none.

    Raises
    ------
    InvalidRequest
        When what was found cannot be a key; the error does not show it.
    """
    # Each is wrapped at once: a bare key in a local would be shown by a verbose traceback.
    if argument is not None:
        argument = hidden(argument)
        return checked_key(argument, "api_key")
    if os.environ.get(KEY_VARIABLE):
        from pydantic import SecretStr  # loaded before the key is touched: what interrupts it has no key in its frames

        return checked_key(SecretStr(os.environ[KEY_VARIABLE]), f"${KEY_VARIABLE}")
    from_colab = _colab_secret()
    return checked_key(from_colab, f"Colab's secret {KEY_VARIABLE}") if from_colab is not None else None


def ask_key(prompt: str = "FoxAPI key (not shown, not saved): ") -> SecretStr:
    """Ask the person for the key: nothing is shown, nothing is kept.

    Parameters
    ----------
    prompt : str
        What stands before the place where it is typed.

    Raises
    ------
    KeyMissing
        When nobody can be asked here, or nothing was typed.
    """
    import getpass

    from pydantic import SecretStr  # before the key is typed, for the same reason as in find_key

    try:
        with warnings.catch_warnings():
            # Where the terminal cannot hide what is typed, getpass only warns and shows it.
            warnings.simplefilter("error", getpass.GetPassWarning)
            typed = SecretStr(getpass.getpass(prompt))
    except Exception:  # noqa: BLE001 - kernels without an input channel raise classes of their own
        typed = SecretStr("")
        reason = "Nobody can be asked for the key here without showing it."
    else:
        reason = "No key was typed."
    if not typed.get_secret_value():
        raise KeyMissing(reason, todo=f"Set ${KEY_VARIABLE} before the kernel starts, or give api_key=.")
    return checked_key(typed, "what was typed")


def key_advice(before: str = "") -> str:
    """Return in a sentence or two where the key belongs here, before what; on Binder, why it belongs nowhere."""
    if on_binder():
        return "No key should be typed on Binder: who runs this machine can read it. Here the sandbox answers."
    empty = f"{KEY_VARIABLE} is set, but empty. " if os.environ.get(KEY_VARIABLE) == "" else ""
    return f"{empty}To use the service, set {KEY_VARIABLE}{before}, or use Fox(api_key=fox_nb.ask_key())."


def on_binder() -> bool:
    """Return True in a session of mybinder.org or another BinderHub."""
    return any(os.environ.get(name) for name in BINDER_VARIABLES)


def hidden(key: str | SecretStr) -> SecretStr:
    """Return the key as a value that no repr shows; what is no text becomes an empty key."""
    from pydantic import SecretStr  # where there is no key there is nothing to hide, and nobody waits for pydantic

    from fox_nb.keys import Key

    if isinstance(key, Key):
        return key
    if isinstance(key, SecretStr):
        return Key(key.get_secret_value())
    return Key(key if isinstance(key, str) else "")


def checked_key(key: SecretStr, source: str = "api_key") -> SecretStr:
    """Return the key after refusing what cannot travel in a header.

    Parameters
    ----------
    key : SecretStr
        What was found; the error does not show it.
    source : str
        Where it was found.

    Raises
    ------
    InvalidRequest
        Says what is wrong and where.
    """
    wrong = _what_is_wrong(key.get_secret_value())
    if not wrong:
        return hidden(key)
    raise InvalidRequest(
        f"The key ({source}) {wrong}.",
        parameter="api_key",
        allowed="printable ASCII without spaces",
        todo="Copy the key again from FoxAPI's console.",
    )


def _what_is_wrong(key: str) -> str:
    wrong = (
        (not key, "is empty or no text"),
        (len(key) > _LONGEST_KEY, f"is longer than {_LONGEST_KEY} characters"),
        (key.lower().startswith(("http://", "https://")), "is an address: that belongs into base_url="),
        (key.lower().startswith("bearer "), "begins with 'Bearer', which is added by itself"),
        (key[:1] == key[-1:] and key[:1] in ("'", '"'), "stands in quotes: they are no part of it"),
        (any(character.isspace() for character in key), "holds a space or a line break"),
        (
            not (key.isascii() and key.isprintable()),
            "holds a character that no key has (a control or non-ASCII one)",
        ),
    )
    return next((words for so, words in wrong if so), "")


def fingerprint(key: SecretStr | None, salt: bytes | str) -> str:
    """Return 12 hex digits that stand for a key within one store; '' without a key."""
    if key is None:
        return ""
    secret = salt.encode() if isinstance(salt, str) else salt
    return hmac.new(secret, key.get_secret_value().encode(), hashlib.sha256).hexdigest()[:_FINGERPRINT_DIGITS]


# Patterns are left to re's own cache: compiling them would cost every import.
_BEARER = r"(?i)\bbearer(?:\s|%20|\+)+[\w.~+/=%-]{6,}"
_USER_INFO = r"(?<=://)[^/?#\s'\"<>]+@"


def redact(text: str, key: SecretStr | None = None) -> str:
    """Return the text without the key in any of its usual spellings, and without anything like ``Bearer …``.

    Parameters
    ----------
    text : str
        Anything that may be shown, logged or stored.
    key : SecretStr, optional
        The key in use; removed as it is, URL-quoted, JSON-escaped, HTML-escaped and within base64.
    """
    text = re.sub(_BEARER, f"Bearer {REMOVED}", without_key(text, key))
    return re.sub(_USER_INFO, "", text)


def without_key(text: str, key: SecretStr | None) -> str:
    """Return the text without the key in any of its usual spellings, and otherwise as it was."""
    for spelling in spellings(key) if key is not None else ():
        text = text.replace(spelling, REMOVED)
    return text


@functools.lru_cache(maxsize=8)  # every header of every answer is looked through
def spellings(key: SecretStr) -> tuple[str, ...]:
    """Return a key as it is, URL-quoted, JSON-escaped, HTML-escaped, within base64 and as hex; the longest first."""
    import html

    plain = key.get_secret_value()
    found = {
        plain,
        quote(plain, safe=""),
        quote(plain),
        quote_plus(plain),
        json.dumps(plain)[1:-1],
        plain.replace("\\", "\\\\").replace("'", "\\'"),  # as Python's repr writes it
        html.escape(plain),
        plain.encode().hex(),
        plain.encode().hex().upper(),
    }
    for shift in range(3):
        found |= _within_base64(plain.encode(), shift)
    return tuple(sorted(found, key=len, reverse=True))


def _within_base64(plain: bytes, shift: int) -> set[str]:
    """Return the base64 of a key that begins `shift` bytes into a group of three, without its edges."""
    coded = base64.b64encode(b"\0" * shift + plain).decode()
    rest = (shift + len(plain)) % 3
    inner = coded[(0, 2, 3)[shift] : len(coded) - (0, 3, 2)[rest]]
    shortest = 8  # a shorter piece could stand in any text
    return {inner, inner.replace("+", "-").replace("/", "_")} if len(inner) >= shortest else set()


def _colab_secret() -> SecretStr | None:
    try:
        from google.colab import userdata
    except ImportError:
        return None
    from pydantic import SecretStr  # before the key is fetched, for the same reason as in find_key

    try:
        return SecretStr(userdata.get(KEY_VARIABLE) or "")
    except Exception:  # noqa: BLE001 - no such secret, no access granted, a time-out: classes of Colab's own
        return None


def _bad_url(what: str, url: str, todo: str = "") -> InvalidRequest:
    return InvalidRequest(
        what,
        parameter="base_url",
        value=url[:200],
        allowed="https://HOST[:PORT][/PATH]; http:// for the loopback alone",
        todo=todo or f"Leave base_url out for {DEFAULT_BASE_URL}, or give the address from your console.",
    )


def _positive(name: str, value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise InvalidRequest(
            f"{name} is {value!r}, no number above 0.", parameter=name, value=value, allowed="number above 0"
        )


def _within(name: str, value: float, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise not_allowed(name, value, f"{least:g} to {most:g}")
