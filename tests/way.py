"""The way of one prompt: which files of the package it goes through, on all threads, from the call to the wire.

``python tests/way.py`` asks the local sandbox, as if it were the service, and prints the calls of functions, the files and
the changes from one file to another; with ``-v`` every call. Modules are loaded and prices fetched before. Changes are
counted along each thread, and where one takes over from another: which of them is first at a moment is chance.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

PACKAGE = str(Path(__file__).parents[1] / "fox_nb")
CREATION = b"POST /v1/images/generations"


class Way:
    """The functions of the package that are called, in their order, from `begin` until a creation is on the wire."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, int]] = []
        self._is_followed = False
        sys.addaudithook(self._audit)
        threading.settrace(self._trace)
        sys.settrace(self._trace)

    def begin(self) -> None:
        """Follow from here on, on this thread and on all that were started since this was made."""
        self.calls = []
        self._is_followed = True

    @property
    def files(self) -> list[str]:
        """The files, each once, in the order of their first call."""
        return list(dict.fromkeys(file for file, *_ in self.calls))

    @property
    def changes(self) -> int:
        """How often a call is in another file than the one before it on its thread, or than that of who began the thread."""
        at: dict[int, str] = {}
        changes, last = 0, self.calls[0][0]
        for file, _, thread in self.calls:
            changes += at.get(thread, last) != file
            at[thread] = last = file
        return changes

    def _trace(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        goes_on = code.co_code[frame.f_lasti + 1] & 3  # RESUME's argument: a generator that goes on is no new call
        if event == "call" and self._is_followed and not goes_on and code.co_filename.startswith(PACKAGE):
            self.calls.append((code.co_filename[len(PACKAGE) + 1 :], code.co_qualname, threading.get_ident()))

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "http.client.send" and self._is_followed and bytes(arguments[1]).startswith(CREATION):
            self._is_followed = False


def main() -> None:
    """Print the way of a prompt."""
    from fox_nb import Fox
    from fox_nb.sandbox import process

    way, ways = Way(), []
    there = process.connect()
    with tempfile.TemporaryDirectory() as folder, Fox(there.key, there.base_url, store=folder) as fox:
        for number in range(6):
            way.begin()
            fox.generate(f"fox {number} of the way").wait(60)
            ways.append((len(way.files), way.changes, way.files, way.calls))
    files, changes, names, calls = min(ways[1:])
    if "-v" in sys.argv:
        print(*(f"{file}: {function}" for file, function, _ in calls), sep="\n")
    print(f"{len(calls)} calls, {files} files, {changes} changes of file: {', '.join(names)}")


if __name__ == "__main__":
    main()
