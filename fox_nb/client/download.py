"""Downloads: pictures from whatever host a result names, without the key, never from where no picture should be."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from fox_nb.client.exchange import Attempt, Broken
from fox_nb.client.responses import retry_after, shown
from fox_nb.client.transfers import Downloaded
from fox_nb.client.transport import is_private
from fox_nb.errors import DownloadFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from fox_nb.client.exchange import Transport

_REDIRECTS_AT_MOST = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REFUSALS = range(400, 500)
_GOOD = 200
_SERVER_FAULT = 500
_COME_AGAIN = frozenset({408, 425, 429})
_LONGEST_URL = 16_000
_LONGEST_SHOWN = 160
_LONGEST_TYPE = 100

_KEPT = "The picture is paid for, and kept by the gateway for 24 hours after it was made."
_LATER = "Try again in a moment; nothing is paid for that."
_REPORT = "Tell FoxAPI's support the task's id and the text above."


def fetch(
    transport: Transport, url: str, target: Path, largest: int, seconds: float, clock: Callable[[], float]
) -> Attempt[Downloaded]:
    """Fetch a link into a file, once, from redirect to redirect, each looked at like the first link."""
    end = clock() + seconds
    before = ""
    for _ in range(_REDIRECTS_AT_MOST + 1):
        private = _may_be_private(url, transport.base_url)
        wrong = _what_is_wrong(url, before, private=private)
        if wrong:
            return _failure(f"The link {_shown(url)} was not followed: {wrong}.", gone=True, todo=_REPORT)
        within = max(end - clock(), 1.0)
        try:
            with transport.open(url, within=within, largest=largest, private=private) as (response, pieces):
                if response.status_code in _REDIRECTS and response.headers.get("Location"):
                    before, url = url, _next(url, response.headers["Location"])
                    continue
                if response.status_code != _GOOD:
                    return _refused(url, response.status_code, response.headers)
                return _save(response.headers, pieces, url, target, largest)
        except Broken as broke:
            what = f"The host of {_shown(url)} gave no picture: {broke.reason}."
            return _failure(what, gone=not broke.again, again=broke.again)
    return _failure(f"The link {_shown(url)} goes on to other addresses without end.", gone=True, todo=_REPORT)


def _save(
    headers: Mapping[str, str], pieces: Iterator[bytes], url: str, target: Path, largest: int
) -> Attempt[Downloaded]:
    size = 0
    declared = headers.get("Content-Length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > largest:
        return _failure(_too_large(url, largest), gone=True, todo=_REPORT)
    try:
        with _aside(target) as file:
            for piece in pieces:
                size += file.write(piece)
    except Broken as broke:
        what = f"The picture {_shown(url)} did not come whole: {broke.reason}."
        return _failure(what, gone=not broke.again, again=broke.again)
    except OSError as error:
        return _failure(
            f"The picture could not be written: {error.strerror or type(error).__name__}.",
            todo="Make room, or choose another folder with store=; then fetch it with fox.resume().",
        )
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Attempt(answer=Downloaded(shown(kind, None, _LONGEST_TYPE), size))


@contextlib.contextmanager
def _aside(target: Path) -> Iterator[BinaryIO]:
    """Open the file to write, and leave none behind that is not whole."""
    with target.open("wb") as file:
        whole = False
        try:
            yield file
            whole = True
        finally:
            if not whole:
                file.close()
                with contextlib.suppress(OSError):
                    target.unlink()


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


def _refused(url: str, status: int, headers: Mapping[str, str]) -> Attempt[Downloaded]:
    gone = status in _REFUSALS and status not in _COME_AGAIN
    what = f"The host of {_shown(url)} refused the picture with HTTP {status}"
    if gone:
        return _failure(
            f"{what}: the link has expired or leads nowhere.",
            gone=True,
            money="What was paid is not asked for again by itself.",
            todo="Links live for 24 hours; within them, tell FoxAPI's support the task's id.",
        )
    again = status in _COME_AGAIN or status >= _SERVER_FAULT
    return _failure(f"{what}.", again=again, asked=retry_after(headers))


def _too_large(url: str, largest: int) -> str:
    return f"The file {_shown(url)} is larger than {largest:,} bytes; that is no picture of these models."


def _failure(
    what: str,
    *,
    gone: bool = False,
    again: bool = False,
    asked: float | None = None,
    money: str = _KEPT,
    todo: str = _LATER,
) -> Attempt[Downloaded]:
    return Attempt(failure=DownloadFailed(what, gone=gone, money=money, todo=todo), again=again, asked=asked)


def _shown(url: object) -> str:
    """Return a link without what stands behind '?': that is often what opens it."""
    return shown(str(url).partition("?")[0].partition("#")[0], None, _LONGEST_SHOWN)
