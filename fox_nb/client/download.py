"""Download: one picture from whatever host a result names, without the key, never from where no picture should be."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from fox_nb.client.exchange import Attempt, Broken, Call, Exchange, Transport
from fox_nb.client.responses import REFUSALS, retry_after, shown
from fox_nb.errors import DownloadFailed
from fox_nb.filetypes import data_in, is_data
from fox_nb.settings import Timeouts, is_private

_REDIRECTS_AT_MOST = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_COME_AGAIN = frozenset({408, 425, 429})
_LONGEST_URL = 16_000
_LONGEST_SHOWN = 160
_LONGEST_TYPE = 100

_KEPT = "The picture is paid for, and kept by the gateway for 24 hours after it was made."
_LATER = "Try again in a moment; nothing is paid for that."
_REPORT = "Tell FoxAPI's support the task's id and the text above."
_ELSEWHERE = "It may be this network's log-in or filter: within 24 hours run the cell in another network, for free."


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a download brought.

    Attributes
    ----------
    content_type : str
        What the host calls it, in small letters and without parameters; often absent or wrong.
    size : int
        Bytes.
    """

    content_type: str
    size: int


def fetch(
    transport: Transport, url: str, target: Path, largest: int, timeouts: Timeouts, clock: Callable[[], float]
) -> Attempt[Downloaded]:
    """Fetch a link into a file, once, from redirect to redirect, each looked at like the first link."""
    try:
        if is_data(url):
            return _attempt_of(url, _unpacked(url, target, largest), target)
        return _followed(transport, url, target, largest, timeouts, clock)
    except OSError as error:
        return _failure(
            f"The picture could not be written: {error.strerror or type(error).__name__}.",
            todo="Make room, then run the cell again: it is downloaded again, for free.",
        )


def _unpacked(url: str, target: Path, largest: int) -> Exchange:
    """Write the picture that a ``data:`` URL holds; what the journal keeps of one is its name alone."""
    if "," not in url:
        return Exchange(HTTPStatus.OK, {}, cut=Broken("it stood in an answer that is not here now", connected=True))
    try:
        data = data_in(url)
    except ValueError as error:
        wrong = str(error)
    else:
        wrong = f"it is larger than {largest:,} bytes" if len(data) > largest else ""
    if wrong:
        return Exchange(HTTPStatus.OK, {}, cut=Broken(wrong, connected=True, again=False))
    target.write_bytes(data)
    return Exchange(HTTPStatus.OK, {})


def _followed(
    transport: Transport, url: str, target: Path, largest: int, timeouts: Timeouts, clock: Callable[[], float]
) -> Attempt[Downloaded]:
    end = clock() + timeouts.download
    before = ""
    for _ in range(_REDIRECTS_AT_MOST + 1):
        private = _may_be_private(url, transport.base_url)
        wrong = _what_is_wrong(url, before, private=private)
        if wrong:
            todo = _ELSEWHERE if before else _REPORT
            return _failure(f"The link {_shown(url)} was not followed: {wrong}.", gone=True, todo=todo)
        within = max(end - clock(), 1.0)
        call = Call(link=url, timeouts=timeouts, within=within, largest=largest, into=target, private=private)
        sent = transport.send(call)
        location = "" if isinstance(sent, Broken) else sent.headers.get("Location", "")
        if isinstance(sent, Broken) or sent.status not in _REDIRECTS or not location:
            return _attempt_of(url, sent, target)
        before, url = url, _next(url, location)
    return _failure(f"The link {_shown(url)} goes on to other addresses without end.", gone=True, todo=_ELSEWHERE)


def _next(url: str, location: str) -> str:
    """Return where a redirect leads; headers are read as latin-1 and mostly written as UTF-8."""
    with contextlib.suppress(UnicodeError):
        location = location.encode("latin-1").decode()
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _what_is_wrong(url: str, before: str, *, private: bool) -> str:
    """Return why a link must not be followed; '' when it may."""
    if not isinstance(url, str) or len(url) > _LONGEST_URL or not url.isprintable():
        return "it is no address"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - raises where it is no port
    except ValueError:
        return "it is no address"
    if parts.scheme not in {"http", "https"} or not host:
        return "pictures come over http or https alone"
    if before.lower().startswith("https:") and parts.scheme == "http":
        return "it leads from https to http"
    if not private and is_private(host):
        return "it leads into the private network of this machine"
    return ""


def _may_be_private(url: str, base_url: str) -> bool:
    """Return True when a link may lead into this machine's own network: where the gateway itself stands there."""
    gateway = urlsplit(base_url).hostname or ""
    with contextlib.suppress(ValueError):
        return is_private(gateway) or urlsplit(url).hostname == gateway
    return False


def _attempt_of(url: str, sent: Exchange | Broken, target: Path) -> Attempt[Downloaded]:
    """Return what came of a link: the picture, or why there is none."""
    if isinstance(sent, Broken):
        return _broken(f"The host of {_shown(url)} gave no picture", sent)
    if sent.has_file:
        if sent.cut is not None:
            return _broken(f"The picture {_shown(url)} did not come whole", sent.cut)
        kind = sent.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Attempt(answer=Downloaded(shown(kind, None, _LONGEST_TYPE), target.stat().st_size))
    what = f"The host of {_shown(url)} refused the picture with HTTP {sent.status}"
    if sent.status in REFUSALS and sent.status not in _COME_AGAIN:
        return _failure(
            f"{what}: the link has expired or leads nowhere, or this network's filter refuses it.",
            gone=True,
            money="It is paid for, and not paid for again.",
            todo="Links live for 24 hours; until then run the cell again later, or in another network: it is "
            "downloaded again, for free. If it stays so, tell FoxAPI's support the task's id.",
        )
    again = sent.status in _COME_AGAIN or sent.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    todo = _ELSEWHERE if sent.status == HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED else _LATER
    return _failure(f"{what}.", again=again, pause_asked=retry_after(sent.headers), todo=todo)


def _broken(what: str, broke: Broken) -> Attempt[Downloaded]:
    todo = _LATER if broke.again else ""
    if not broke.connected:
        todo = f"{todo} {_ELSEWHERE}".strip()
    return _failure(f"{what}: {broke.reason}.", gone=not broke.again, again=broke.again, todo=todo or _REPORT)


def _failure(
    what: str,
    *,
    gone: bool = False,
    again: bool = False,
    pause_asked: float | None = None,
    money: str = _KEPT,
    todo: str = _LATER,
) -> Attempt[Downloaded]:
    return Attempt(
        failure=DownloadFailed(what, gone=gone, money=money, todo=todo), again=again, pause_asked=pause_asked
    )


def _shown(url: object) -> str:
    """Return a link without what stands behind '?': that is often what opens it."""
    if is_data(str(url)):
        url = str(url).partition(",")[0]
    return shown(str(url).partition("?")[0].partition("#")[0], None, _LONGEST_SHOWN)
