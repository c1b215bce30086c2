"""Runs the whole table against a sandbox in a process of its own, so that its memory can be measured.

Started with the sandbox's address and a folder. Before each case it waits for a line, after it writes one (JSON), and
into the folder the HTML of what a cell would show.
"""

import html
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from fox_nb import Fox, FoxError, WaitTimeout
from fox_nb.display import task_pages
from fox_nb.images.turns import give_memory_back
from fox_nb.session import poll_loop, poller
from gateways import EAGER
from hostile.cases import CASES, Case
from processes import until

# What is repeated later and later is repeated at once here: how long the pauses are is for other tests.
poller.FETCH_AGAIN_AFTER = 0.05
poller.pause_after = poll_loop.pause_after = lambda *_: 0.05


def peak() -> int:
    """The most memory since the last call, in bytes; 0 where the system does not say.

    What an allocator keeps of what was freed is in nobody's use: how much that is hangs on where small things lie.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        give_memory_back()
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def play(fox: Fox, case: Case, take: int) -> dict[str, Any]:
    """Ask for what a case says; how it ended, in words and as a cell shows it."""
    task = trouble = None
    lasts = case.ends == "WaitTimeout"
    try:
        task = fox.submit(case.request, take=take)
        if lasts:  # however slow the machine is
            trouble = until(lambda: task.trouble, f"trouble with {case}")
        task.wait(0.1 if lasts else 120)
    except FoxError as error:
        task = task or getattr(error, "task", None)
        ends, says, shown = (
            type(error).__name__,
            f"{error} {trouble or (task.trouble if task else '')}",
            task_pages.error_page(error),
        )
        if isinstance(error, WaitTimeout):
            fox.session.poller.leave(task)
    else:
        ends, says, shown = task.status, "", ""
    if task is not None:
        shown += task_pages.task_page(task) + html.escape(repr(task))
    return {"ends": ends, "says": says, "shown": shown, "files": [str(i.path) for i in task.images] if task else []}


def are_over() -> bool | None:
    """Return True when no thread of a closed Fox runs: what a process that ends cuts off is left half-written."""
    return None if any(thread.name.startswith("fox_nb-") for thread in threading.enumerate()) else True


def main(base_url: str, folder: Path) -> None:
    """Every case, one after the other."""
    fox = Fox(base_url=base_url, store=folder / "fox_runs", polling=EAGER)
    fox.session.client.sleep = lambda _seconds: None
    fox.generate("a fox, to load everything").wait()
    peak()
    before = peak()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for take, (name, case) in enumerate(CASES.items(), start=1):
        sys.stdin.readline()  # the sandbox has been told
        told = play(fox, case, take)
        page = folder / "pages" / f"{take}.html"
        page.write_text(told.pop("shown"), encoding="utf-8")
        told |= {"case": name, "page": str(page), "grown": max(0, peak() - before)}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
    (folder / "pages" / "tasks.html").write_text(fox.tasks()._repr_html_(), encoding="utf-8")
    fox.close()
    until(are_over, "the end of the last download")


if __name__ == "__main__":
    os.umask(0o077)
    main(sys.argv[1], Path(sys.argv[2]))
