"""The fault run of a class: the relay and its students' kernels are killed at random, and the gateway behind it errs."""

import contextlib
import queue
import random
import signal
import threading
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from artifacts import Places
from classroom.room import Classroom
from counts import Count
from faults.schedule import CREATE, READ_TASK, RESULT, Kernel
from fox_nb import Fox, FoxError
from fox_nb.classroom.tables import creation
from fox_nb.images.check import DOWNLOADED, check
from fox_nb.money import MICRO_PER_USD
from processes import PATIENCE, clean_environment, ended

STUDENTS, SHARED = 8, 24
READ = 15.0
"""Seconds that a kernel waits for an answer: a relay that was killed is back by then."""
ROUNDS, GAVE_UP = 6, 3
"""So often a kernel asks for what it cannot have, as another has asked for it and nobody knows its fate; how it ends then."""
TOLD = {"unknown", "refused"}
"""What a student's own journal says of what nobody knows the fate of: their own, and what another has asked for."""
PRICE = 90_000
FUSE, TASKS_FOR_A_KILL = (20, 120), 16
"""So many events of the kernels pass before somebody is killed: a busy machine is not killed more often for the same work."""


class Student(Kernel):
    """Opens the notebook again while it is killed; who cannot have a picture, however often they ask, closes it."""

    over = False

    def run(self) -> None:
        while not self.over and self._life() == -signal.SIGKILL:
            pass
        if self.process is not None and self.process.returncode == GAVE_UP:
            self.trouble = None


@pytest.fixture
def room(sandbox: Any, artifacts: Places) -> Any:
    one = Classroom(artifacts, sandbox.base_url)
    yield one
    one.stop()


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_class_that_is_killed_pays_nothing_twice_and_loses_nothing(
    room: Classroom, sandbox: Any, artifacts: Places, count: Count
) -> None:
    """Of eight students' tasks no identity is created twice, each is in the journal, and each picture is whole or told as unknown."""
    play(room, sandbox, artifacts, count, tasks=1000)


def play(room: Classroom, sandbox: Any, places: Places, count: Count, tasks: int) -> None:
    rng = random.Random(16)
    names = [f"Student {number}" for number in range(STUDENTS)]
    room.seat(*names)
    room.start()
    for on, faults in (("create", CREATE), ("read", READ_TASK), ("result", RESULT)):
        for fault, rate, parameters in faults:
            sandbox.misbehave(fault, on=on, rate=rate, seed=rng.randrange(1 << 30), **parameters)
    folder = places.fresh("relay-faults")
    together = SimpleNamespace(folder=folder, events=queue.SimpleQueue(), killed=set())
    prompts = [[f"of all, {number}" for number in range(SHARED)] for _ in names]
    for number in range(tasks - SHARED):
        prompts[number % STUDENTS].append(f"fox number {number}")
    kills = Counter({"relay": 0})
    notebooks = dict(zip(names, prompts, strict=True))
    fuses = [rng.randrange(*FUSE) for _ in range(tasks // TASKS_FOR_A_KILL)]
    live(room, together, places, notebooks, rng, kills, fuses)
    sandbox.behave()
    live(room, together, places, notebooks, rng, kills, [], by_hand=True)
    ask_again(room, folder, names)
    wrong, counts = judge(room, sandbox, folder, notebooks)
    count(
        "fault run of a class",
        16,
        tasks=tasks,
        kernels_killed=len(together.killed),
        relay_killed=kills["relay"],
        **counts,
    )
    assert wrong == []
    assert kills["relay"] > 0 < len(together.killed)
    assert counts["completed"] > tasks / 2


def live(
    room: Classroom,
    together: Any,
    places: Places,
    prompts: dict[str, list[str]],
    rng: random.Random,
    kills: Counter[str],
    fuses: list[int],
    *,
    by_hand: bool = False,
) -> None:
    """Let every student's kernel run to its end; after so many events as a fuse is long, a kernel or the relay is killed."""
    students = []
    for number, (name, own) in enumerate(prompts.items()):
        env = clean_environment(places, {"FOXAPI_KEY": room.tokens[name]})
        requests = [({"model": "phota-image", "prompt": words}, 1) for words in own]
        store = together.folder / name
        plan = {"base_url": room.url, "store": str(store), "read": READ, "requests": requests, "by_hand": by_hand}
        plan |= {"seed": rng.randrange(1 << 30), "made": [], "rounds": ROUNDS}
        students.append(Student(SimpleNamespace(**vars(together), env=env), number, plan, []))  # type: ignore[arg-type]
    done = threading.Event()

    def kill_now_and_then() -> None:
        while fuses and not done.is_set():
            with contextlib.suppress(queue.Empty):
                together.events.get(timeout=1)
                fuses[-1] -= 1
            if fuses[-1] == 0:
                fuses.pop()
                if rng.random() < 0.3:
                    room.kill()
                    kills["relay"] += 1
                    room.start()
                else:
                    rng.choice(students).kill()

    killer = threading.Thread(target=kill_now_and_then)
    for thread in (*students, killer):
        thread.start()
    try:
        for student in students:
            student.join(1500)
            assert not student.is_alive(), f"waited 1500 s in vain for the end of {student.name}"
            assert student.trouble is None
    finally:
        done.set()
        for student in students:
            student.over = True
            student.kill()
        ended(killer, *students)


def ask_again(room: Classroom, folder: Path, names: list[str]) -> None:
    """Press retry on what is unknown to a student: the relay may know it."""
    for name in names:
        with Fox(api_key=room.tokens[name], base_url=room.url, store=folder / name) as fox:
            for task in fox.tasks():
                if task.status == "unknown":
                    with contextlib.suppress(FoxError):
                        task.retry().wait(PATIENCE)


def judge(
    room: Classroom, sandbox: Any, folder: Path, prompts: dict[str, list[str]]
) -> tuple[list[str], dict[str, int]]:
    """Hold the gateway, the class's journal and the students' folders against each other."""
    made = [one for one in sandbox.creations if one["task_id"]]
    rows = {row.words: row for row in room.seats._database.read(select(creation).where(creation.c.state != "refused"))}
    often = Counter(one["body"]["prompt"] for one in made)
    wrong = [f"{words!r} was made {times} times" for words, times in often.items() if times > 1]
    for one in made:
        row = rows.get(one["body"]["prompt"])
        if row is None or row.task not in {one["task_id"], None} or (row.task is None and row.state != "unknown"):
            wrong.append(f"made and not in the journal: {one['body']}")
    reserved = room.seats.spent()
    if reserved != PRICE * len(rows) or reserved < PRICE * len(made):
        wrong.append(f"{reserved} reserved for {len(rows)} rows and {len(made)} that were made")
    counts: Counter[str] = Counter(created=len(made), most_for_one=max(often.values()), unknown=0)
    for name, own in prompts.items():
        with Fox(api_key=room.tokens[name], base_url=room.url, store=folder / name) as fox:
            tasks = {task.request["prompt"]: task for task in fox.tasks()}
            for words in own:
                state = tasks[words].status if words in tasks else "missing"
                counts[state] += 1
                if state == "completed":
                    check(tasks[words].images[0].path, bounds=DOWNLOADED)
                elif (known := rows[words].state if words in rows else "nothing") != "unknown" or state not in TOLD:
                    wrong.append(f"{name}: {words!r} is {state}, in the class's journal {known}")
    counts["paid_usd_cents"] = round(PRICE * len(made) * 100 / MICRO_PER_USD)
    return wrong, dict(counts)
