"""A kernel of the fault run: a process of its own that asks for pictures as a notebook does, and may be killed anywhere.

It is started with the path of a plan (JSON: where, which requests, the seed). Each line that it prints is one event,
as JSON, so that whoever starts it can kill it after any of them; what a person does by hand is printed before it is done.
"""

import contextlib
import json
import random
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fox_nb import BudgetExceeded, Fox, FoxError, StoreError, SubmissionUnknown, TaskFailed
from fox_nb.atomic import BUSY_SECONDS
from fox_nb.session import Task, backoff, poll_loop, poller, prices
from fox_nb.settings import Polling, Timeouts

ROUNDS = 40
"""So often it asks again for what could not be had, as somebody does who runs the notebook again and again."""

HURRY = 10
"""Pauses after what went wrong are so many times shorter here: how long they are is for other tests."""

LOCKED, WAITED = 0.5, 0.15
"""Seconds for which another program has the journal now and then, and for which a transaction here waits for it."""

_one_at_a_time = threading.Lock()
_told: dict[str, str] = {}
"""For each prompt what was told of it last, other than that it is over."""
_held_back: set[str] = set()
"""Prompts that the budget does not cover: they are not asked for again."""


def say(event: str, **facts: Any) -> None:
    """Tell whoever started this process what happens."""
    with _one_at_a_time:
        sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
        sys.stdout.flush()


def name(task: Task) -> tuple[str, int]:
    """What tells tasks of the run apart on both sides: each prompt is used once."""
    return task.request["prompt"], task.take


def tell_lost(task: Task) -> None:
    """Tell what the person is told of a creation whose fate nobody knows."""
    say("unknown", prompt=task.request["prompt"], take=task.take, told=str(task.error))


def ask_for(fox: Fox, request: dict[str, Any], take: int | str) -> Task | None:
    """Run one cell; None when it has to be run again."""
    try:
        task = fox.submit(request, take=take)
    except SubmissionUnknown as lost:
        tell_lost(lost.task)
        return lost.task  # type: ignore[no-any-return]
    except BudgetExceeded:
        _held_back.add(request["prompt"])
        say("held back", prompt=request["prompt"])
        return None
    except FoxError as refused:
        _told[request["prompt"]] = str(refused)
        say("refused", prompt=request["prompt"], told=str(refused))
        return None
    say("asked", prompt=request["prompt"])
    task.on_change(lambda task: say("changed", prompt=task.request["prompt"], status=task.status))
    return task


def is_over(task: Task) -> bool:
    """Wait for a task; False when it has to be asked for again."""
    try:
        task.wait()
    except TaskFailed:
        pass
    except SubmissionUnknown:
        tell_lost(task)
    except FoxError as trouble:
        _told[task.request["prompt"]] = str(trouble)
        say("trouble", prompt=task.request["prompt"], told=str(trouble))
        return task.status == "unknown"
    say("over", prompt=task.request["prompt"], status=task.status)
    return True


def settle(fox: Fox, made: set[str], rng: random.Random) -> None:
    """Do by hand what a person may do with what is unknown or failed, after a look at the bill."""
    for task in fox.tasks():
        prompt, take = name(task)
        if task.status == "unknown" and rng.random() < 0.6:
            say("by hand", prompt=prompt, take=take, what="settled")
            task.settle(paid=prompt in made)
        elif task.status in {"unknown", "failed"} and rng.random() < 0.5:
            say("by hand", prompt=prompt, take=take, what="sent again")
            try:
                task.retry()
            except SubmissionUnknown:
                tell_lost(task)
            except FoxError as refused:
                say("refused", prompt=prompt, told=str(refused))


@contextlib.contextmanager
def locked_now_and_then(fox: Fox, seed: int, times: int = 3) -> Iterator[None]:
    """Another program has the journal for itself a few times, for longer than is waited for it here."""
    rng, over = random.Random(seed), threading.Event()

    def lock() -> None:
        for _ in range(times):
            if over.wait(rng.uniform(0.2, 2)):
                return
            other = sqlite3.connect(fox.store.journal.path, isolation_level=None)
            with contextlib.closing(other), contextlib.suppress(sqlite3.OperationalError):  # another kernel's has it
                other.execute("BEGIN EXCLUSIVE")
                say("locked")
                over.wait(LOCKED)

    thread = threading.Thread(target=lock)
    wait_for_others(fox, WAITED)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)
        wait_for_others(fox, BUSY_SECONDS)


def wait_for_others(fox: Fox, seconds: float) -> None:
    """Have transactions wait for so long while another program has the journal."""
    with fox.store.journal.reading() as connection:
        connection.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")


def unfinished(fox: Fox) -> list[Task]:
    """What is in progress or unknown, as soon as the journal can be read."""
    while True:
        with contextlib.suppress(StoreError):
            return list(fox.resume())


def main(plan: dict[str, Any]) -> int:
    """Ask for everything, wait for everything, ask again for what could not be had."""
    rng = random.Random(plan["seed"])
    poller.pause_after = poll_loop.pause_after = lambda *failures: backoff.pause_after(*failures) / HURRY
    poller.FETCH_AGAIN_AFTER /= HURRY
    prices.ASK_AGAIN /= HURRY
    fox = Fox(
        base_url=plan["base_url"],
        store=plan["store"],
        budget=plan.get("budget"),
        polling=Polling(first_looks=(0.05, 0.2), at_least=0.1, per_second=60),
        timeouts=Timeouts(connect=20, read=plan["read"], upload=30, download=60),
    )
    fox.session.client.sleep = lambda seconds: time.sleep(seconds / HURRY)
    found = fox.resume()
    say("begun", unfinished=len(found))
    for task in found:
        if task.status == "unknown":
            tell_lost(task)
    if plan["by_hand"]:
        settle(fox, set(plan["made"]), rng)
    with locked_now_and_then(fox, rng.randrange(1 << 30), 0 if plan["by_hand"] else 3):
        status = run_again_and_again(fox, plan, rng)
    fox.close()
    return status


def run_again_and_again(fox: Fox, plan: dict[str, Any], rng: random.Random) -> int:
    """Ask for everything until all of it is over; returns the exit status."""
    left: list[tuple[dict[str, Any], int | str]] = [(request, take) for request, take in plan["requests"]]
    for _ in range(plan.get("rounds", ROUNDS)):
        rng.shuffle(left)
        asked = [(request, take, ask_for(fox, request, take)) for request, take in left]
        # A press that was journalled is never pressed again: it is found by its number.
        left = [
            (request, take if task is None else task.take)
            for request, take, task in asked
            if request["prompt"] not in _held_back and (task is None or not is_over(task))
        ]
        if not left:
            waiting = [task for task in unfinished(fox) if task.status != "unknown"]
            if all(is_over(task) for task in waiting):
                say("done")
                return 0
    open_ones = {name(task): (task.status, str(task.error or task.trouble)) for task in unfinished(fox)}
    say("gave up", left=len(left))
    asked_again = {request["prompt"]: _told.get(request["prompt"]) for request, _take in left}
    sys.stderr.write(f"gave up; left to ask for: {asked_again}; not over: {open_ones}\n")
    return 3


if __name__ == "__main__":
    sys.exit(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
