"""The browser's side of one of our own widgets, played by a test: what it would send, and what it was sent."""

import hashlib
from typing import Any

from fox_nb.panels.incoming import PIECE
from fox_nb.panels.script import Scripted


class Browser:
    """Stands for the browser of one widget; the real one is met in `tests/browser`."""

    def __init__(self, widget: Scripted) -> None:
        self.widget = widget
        self.heard: list[tuple[dict[str, Any], list[bytes]]] = []
        widget.send = lambda content, buffers=None: self.heard.append((content, list(buffers or ())))

    def say(self, kind: str, *buffers: bytes, **content: Any) -> None:
        self.widget._handle_custom_msg({"type": kind, **content}, [memoryview(b) for b in buffers])

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [content for content, _ in self.heard if content.get("type") == kind]

    def send_file(
        self,
        name: str,
        data: bytes,
        *,
        key: str = "k1",
        batch: str = "b1",
        mime: str = "image/jpeg",
        sha256: str | None = None,
    ) -> None:
        self.say("begin", b"\xff\xd8\xff thumbnail", id=key, name=name, mime=mime, size=len(data))
        for at in range(0, len(data), PIECE):
            self.say("piece", data[at : at + PIECE], id=key, at=at)
        proof = hashlib.sha256(data).hexdigest() if sha256 is None else sha256
        self.say("end", id=key, batch=batch, sha256=proof, note="10 x 10")
