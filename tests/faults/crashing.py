"""Kernels that die at a chosen line of the session or the store, and the kernel after each; a process of its own.

Started with a plan (JSON: where, which lines by their number). It forks, so that each kernel costs little; before the
forks it has no threads and no open store. It prints one line a kernel that died: where, and what the next one found.
"""

import itertools
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import PIL.Image  # noqa: F401 - loaded once, before the forks

import fox_nb.client
import fox_nb.images.thumbnail
import fox_nb.session
from fox_nb import Fox, SubmissionUnknown
from fox_nb.settings import Polling

HERE = Path(fox_nb.__file__).parent
WATCHED = tuple(str(HERE / part) for part in ("session", "store", "client"))


def kernel(plan: dict[str, Any], prompt: str) -> str:
    """Ask for a picture and wait for it; what became of it."""
    fox = Fox(
        base_url=plan["base_url"],
        store=plan["store"],
        polling=Polling(first_looks=(0.02,), at_least=0.02, per_second=200),
    )
    request = {"model": "grok-imagine-image", "prompt": prompt, "image_urls": [plan["photo"]]}
    try:
        status = fox.submit(request).wait().status
    except SubmissionUnknown:
        status = "unknown"
    fox.close()
    return status


def die_at(begin: str, line: int, pipe: int) -> None:
    """Kill this process when so many lines of the watched files have run, in whatever thread; tell where first.

    They are counted from the first line of the file `begin` on, or all of them where it is "".
    """
    numbers = itertools.count(1)
    begun = not begin

    def trace(frame: FrameType, event: str, _argument: Any) -> Callable[..., Any] | None:
        nonlocal begun
        if event == "call":
            begun = begun or frame.f_code.co_filename == str(HERE / begin)
            return trace if frame.f_code.co_filename.startswith(WATCHED) else None
        if event == "line" and begun and next(numbers) == line:
            place = Path(frame.f_code.co_filename).relative_to(HERE)
            os.write(pipe, f"{place}:{frame.f_lineno}".encode())
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    threading.settrace(trace)
    sys.settrace(trace)


def forked(work: Callable[[int], None]) -> str:
    """Do something in a forked process, and return what it wrote."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            work(writing)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read().decode()
    os.waitpid(pid, 0)
    return told


def main(plan: dict[str, Any]) -> None:
    """Let a kernel die at each of the lines, and another one go on."""
    for begin, line in plan["lines"]:
        prompt = f"line {line} from {begin or 'the call'}"

        def first(pipe: int, begin: str = begin, line: int = line, prompt: str = prompt) -> None:
            die_at(begin, line, pipe)
            kernel(plan, prompt)

        def second(pipe: int, prompt: str = prompt) -> None:
            os.write(pipe, kernel(plan, prompt).encode())

        where = forked(first)
        sys.stdout.write(json.dumps({"prompt": prompt, "where": where, "found": forked(second)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
