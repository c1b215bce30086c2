"""Pages: seconds until something is on the screen, the bytes that a page was sent, the memory that its kernel took."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import psutil
from playwright.sync_api import BrowserContext, Page, WebSocket

from lab import NotebookPage

_INLINE = re.compile(rb"data:image/[a-z+]+;base64,([A-Za-z0-9+/=]{100,})")


def run_until(page: NotebookPage, seen: str, *, within: float = 600) -> float:
    """Run all cells and return the seconds until the function `seen` is true in the page and what it saw is painted."""
    page.page.evaluate(
        "() => { window.benchStart = performance.now(); window.jupyterapp.commands.execute('notebook:run-all-cells'); }"
    )
    took = page.wait_for(
        f"""() => {{
            const failed = document.querySelector('[data-mime-type="application/vnd.jupyter.error"]');
            if (failed) throw new Error(failed.textContent);
            const seen = {seen};
            return seen() && performance.now() - window.benchStart;
        }}""",
        seconds=within,
    )
    page.wait_frames()
    return float(took) / 1000


def pictures_seen(count: int, least: int = 1) -> str:
    """A function that is true once so many pictures of the outputs are decoded and as large as `least` pixels."""
    return f"""() => {{
        const all = [...document.querySelectorAll('.jp-OutputArea-output img')]
            .filter(img => img.complete && img.naturalWidth >= {least});
        if (all.length < {count}) return false;
        for (const img of all) img.benchDecoded ??= img.decode().then(() => {{ img.benchSeen = true; }}, () => {{}});
        return all.filter(img => img.benchSeen).length >= {count};
    }}"""


class Traffic:
    """What the pages of a browser profile are sent through their websockets, from its making on."""

    def __init__(self, context: BrowserContext) -> None:
        self.frames: list[bytes] = []
        context.on("page", self._watch)

    def _watch(self, page: Page) -> None:
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._take)

    def _take(self, payload: str | bytes) -> None:
        self.frames.append(payload.encode() if isinstance(payload, str) else payload)

    def clear(self) -> None:
        self.frames.clear()

    @property
    def bytes(self) -> int:
        return sum(map(len, self.frames))

    def pictures(self) -> list[str]:
        """The hash of every picture in the messages, as often as it was sent: raw WebPs, and those in base64."""
        found = []
        for frame in self.frames:
            found += [hashlib.sha256(picture).hexdigest() for picture in _webps(frame)]
            found += [hashlib.sha256(base64.b64decode(match[1])).hexdigest() for match in _INLINE.finditer(frame)]
        return found


def _webps(frame: bytes) -> list[bytes]:
    found, at = [], frame.find(b"RIFF")
    while at >= 0:
        if frame[at + 8 : at + 12] == b"WEBP":
            size = int.from_bytes(frame[at + 4 : at + 8], "little") + 8
            found.append(frame[at : at + size])
        at = frame.find(b"RIFF", at + 4)
    return found


def resident(pid: int) -> int:
    """Bytes of a process in memory now."""
    return int(psutil.Process(pid).memory_info().rss)


def peak(pid: int) -> int:
    """Bytes that a process has had in memory at the most."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024
