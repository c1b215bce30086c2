"""One schedule of the fault run: a sandbox that misbehaves, kernels that are killed, and what both sides say at the end."""

import dataclasses
import json
import queue
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from artifacts import MARKED_KEY, Places
from fox_nb import Fox
from fox_nb.images.check import DOWNLOADED, check
from fox_nb.money import MICRO_PER_USD
from fox_nb.sandbox import Sandbox
from fox_nb.store import Store, TaskRow, sha256_of
from processes import clean_environment

SCRIPT = Path(__file__).with_name("kernel.py")
READ = 4.0
"""Seconds that a kernel waits for an answer: short, since some never come."""

CUTTING = ("lost_answer", "hang_up", "cut", "never", "server_error", "bad_gateway", "json", "status", "too_slow")
"""Faults after which nobody knows what became of a creation; ours that is too slow is the sandbox's `slow`."""

CREATE = [
    ("lost_answer", 0.05, {}),
    ("hang_up", 0.03, {}),
    ("cut", 0.04, {"fraction": 0.7}),
    ("rate_limit", 0.08, {"retry_after": 0.05}),
    ("server_error", 0.03, {}),
    ("server_error", 0.03, {"done": True}),
    ("bad_gateway", 0.03, {}),
    ("bad_gateway", 0.03, {"done": True}),
    ("json", 0.02, {"kind": "wrong_types"}),
    ("status", 0.02, {"status": 429, "body": "html"}),
    ("see_task", 0.04, {}),
    ("early", 0.05, {}),
]
READ_TASK = [
    ("rate_limit", 0.05, {"retry_after": 0.1}),
    ("server_error", 0.04, {}),
    ("bad_gateway", 0.04, {}),
    ("cut", 0.04, {}),
    ("lost_answer", 0.03, {}),
    ("json", 0.02, {"kind": "not_json"}),
    ("json", 0.02, {"kind": "list"}),
    ("other_task", 0.03, {}),
    ("early", 0.03, {}),
    ("status", 0.03, {"status": 404}),
    ("status", 0.02, {"status": 403, "body": "html"}),
    ("rate_limit", 0.01, {"retry_after": "Wed, 21 Oct 9999 07:28:00 GMT"}),
    ("rate_limit", 0.01, {"retry_after": "1000000000"}),
]
RESULT = [
    ("truncated", 0.06, {}),
    ("cut", 0.06, {}),
    ("expired", 0.05, {}),
    ("page", 0.04, {}),
    ("server_error", 0.04, {}),
    ("lost_answer", 0.03, {}),
    ("content_type", 0.1, {"value": "text/html"}),
    ("status", 0.03, {"status": 403, "body": "html"}),
    ("status", 0.02, {"status": 404, "body": "empty"}),
    ("picture", 0.02, {"kind": "svg"}),
]
UPLOAD = [("lost_answer", 0.1, {}), ("server_error", 0.1, {}), ("cut", 0.1, {})]
PRICING = [
    ("prices", 0.2, {"kind": "twice"}),
    ("prices", 0.15, {"kind": "free"}),
    ("prices", 0.15, {"kind": "none"}),
    ("server_error", 0.15, {}),
    ("cut", 0.1, {}),
]
TASK_FAULTS = [
    ("race", 0.2, {"reads": 2}),
    ("older_form", 0.2, {}),
    ("failed", 0.04, {"message": "That cannot be drawn."}),
    ("cancelled", 0.02, {}),
    ("growing", 0.15, {"reads": 2}),
    ("shuffled", 0.2, {}),
    ("done_word", 0.1, {"word": "Succeeded "}),
]
ONCE = [
    ("never", "create", {"times": 1, "after": 7}),
    ("never", "create", {"times": 1, "after": 19, "done": True}),
    ("never", "read", {"times": 1, "after": 30}),
    ("never", "pricing", {"times": 1, "after": 1}),
    ("slow", "create", {"times": 1, "after": 11, "seconds": 3600}),
    ("slow", "result", {"times": 1, "after": 5, "seconds": 3600}),
]
"""Time-outs: each holds a kernel for as long as it waits, so they are few."""
OF_ALL = 0.9
"""What the budget covers of all that is asked for, until the person who looks after it has none any more."""


@dataclasses.dataclass
class Counts:
    """What one schedule came to."""

    seed: int
    tasks: int = 0
    received: int = 0
    made: int = 0
    most_for_one: int = 0
    completed: int = 0
    pictures: int = 0
    failed: int = 0
    unknown: int = 0
    by_hand: int = 0
    kills: int = 0
    kills_while_answered: int = 0
    faults: int = 0
    journal_locked: int = 0
    told_of_the_lock: int = 0
    on_the_bill: int = 0
    ambiguous: int = 0
    bill_unknown: int = 0
    bill_agrees: int = 0
    refunded: int = 0
    budget: int = 0
    held_back_by_the_budget: int = 0
    sent_beyond_the_budget: int = 0
    happened: dict[str, int] = dataclasses.field(default_factory=dict)
    wrong: list[str] = dataclasses.field(default_factory=list)


class Kernel(threading.Thread):
    """Runs a kernel to its end: kills it after so many events, and starts it again."""

    def __init__(self, run: "Run", number: int, plan: dict[str, Any], fuses: list[int]) -> None:
        super().__init__(name=f"kernel-{number}")
        self.run_of = run
        self.plan = run.folder / f"kernel-{number}.json"
        self.plan.write_text(json.dumps(plan), encoding="utf-8")
        self.log = run.folder / f"kernel-{number}.log"
        self.fuses = fuses
        self.process: subprocess.Popen[str] | None = None
        self.trouble: str | None = None

    def run(self) -> None:
        try:
            while self._life() == -signal.SIGKILL:
                pass
        except Exception as error:  # noqa: BLE001 - it is told by the test, not by a thread
            self.trouble = repr(error)

    @property
    def pid(self) -> int:
        """The process of just now, or the last one; 0 before the first."""
        return self.process.pid if self.process is not None else 0

    def kill(self) -> bool:
        """Kill -9 what runs just now; False when it has ended by itself meanwhile."""
        if self.process is None or self.process.poll() is not None:
            return False
        self.run_of.killed.add(self.process.pid)
        self.process.kill()
        return True

    def _life(self) -> int:
        fuse = self.fuses.pop() if self.fuses else None
        with self.log.open("ab") as log:
            process = self.process = subprocess.Popen(
                [sys.executable, str(SCRIPT), str(self.plan)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self.run_of.env,
                cwd=self.run_of.folder,
            )
        assert process.stdout is not None
        with process.stdout:
            for count, line in enumerate(process.stdout):
                self.run_of.events.put(json.loads(line))
                if count == fuse:
                    self.kill()
        status = process.wait(60)
        if status not in {0, -signal.SIGKILL}:
            self.trouble = f"{self.name} ended with {status}: {self.log.read_text()[-2000:]}"
        return status


class Run:
    """One schedule.

    Parameters
    ----------
    places
        Where store and logs go, so that they are searched for the key.
    seed
        Makes the schedule.
    tasks, kernels, kills
        How many requests, processes that share the store, and kills of each.
    """

    def __init__(self, places: Places, seed: int, *, tasks: int = 100, kernels: int = 3, kills: int = 3) -> None:
        self.rng = random.Random(seed)
        self.counts = Counts(seed, tasks=tasks)
        self.folder = places.fresh(f"faults-{seed}")
        self.env = clean_environment(places, {"FOXAPI_KEY": MARKED_KEY})
        self.events: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.killed: set[int] = set()
        self.kernels = kernels
        self.kills = kills
        self.requests = list(self._requests(tasks))
        self.by_hand: Counter[tuple[str, int]] = Counter()
        self.told: set[tuple[str, int]] = set()
        self.held_back: set[str] = set()

    def play(self) -> Counts:
        """Let the kernels run, then a person look after what is unknown, and hold both sides against each other."""
        with Sandbox(keys=[MARKED_KEY], speed=400, older_form=self.rng.random() < 0.3) as sandbox:
            self._misbehave(sandbox)
            lists = [[request for request in self.requests if self.rng.random() < 0.5] for _ in range(self.kernels)]
            missing = [request for request in self.requests if not any(request in each for each in lists)]
            lists[0] += missing
            budget = self.counts.budget = int(OF_ALL * sum(_price(request) for request, _take in self.requests))
            self._live(sandbox, lists, budget=budget / MICRO_PER_USD)
            self.counts.sent_beyond_the_budget = max(0, _billed(sandbox) - budget)
            self._live(sandbox, [self.requests], by_hand=True)
            self._collect()
            self.counts.happened = dict(sorted(sandbox.happened.items()))
            sandbox.behave()
            self._judge(sandbox)
            self._judge_the_bill(sandbox)
        return self.counts

    # -- the plan -------------------------------------------------------------------------------------------------

    def _requests(self, tasks: int) -> Iterator[tuple[dict[str, Any], int | str]]:
        photo = self.folder / "photo.png"
        Image.new("RGB", (64, 64), "orange").save(photo)
        for number in range(tasks):
            request: dict[str, Any] = {"model": "grok-imagine-image", "prompt": f"fox number {number}"}
            if number % 10 == 3:
                request["image_urls"] = [str(photo)]
            elif number % 10 in {1, 5}:
                request["num_outputs"] = 2 + number % 3
            elif number % 10 == 7:
                request |= {"model": "phota-image"}
            yield request, "new" if number % 25 == 9 else 1 + (number % 3 == 0)

    def _misbehave(self, sandbox: Sandbox) -> None:
        for fault, on, parameters in ONCE:
            sandbox.misbehave(fault, on=on, **parameters)
        for on, faults in (
            ("create", CREATE),
            ("read", READ_TASK),
            ("result", RESULT),
            ("upload", UPLOAD),
            ("pricing", PRICING),
        ):
            for fault, rate, parameters in faults:
                sandbox.misbehave(fault, on=on, rate=rate, seed=self.rng.randrange(1 << 30), **parameters)
        for fault, rate, parameters in TASK_FAULTS:
            sandbox.misbehave(fault, rate=rate, seed=self.rng.randrange(1 << 30), **parameters)

    # -- the kernels ------------------------------------------------------------------------------------------------

    def _live(
        self, sandbox: Sandbox, lists: list[list[Any]], *, by_hand: bool = False, budget: float | None = None
    ) -> None:
        made = [creation["body"]["prompt"] for creation in sandbox.creations if creation["task_id"]]
        plan = {"base_url": sandbox.base_url, "store": str(self.folder / "fox_runs"), "read": READ, "budget": budget}
        kernels = []
        for number, requests in enumerate(lists):
            own = {"requests": requests, "seed": self.rng.randrange(1 << 30), "by_hand": by_hand, "made": made}
            fuses = [] if by_hand else [self.rng.randrange(2 + 2 * len(requests)) for _ in range(self.kills)]
            kernels.append(Kernel(self, number + 100 * by_hand, plan | own, fuses))
        for kernel in kernels:
            kernel.start()
        if not by_hand:
            self._kill_while_answered(sandbox, kernels)
        for kernel in kernels:
            kernel.join(1200)
            assert not kernel.is_alive(), f"waited 1200 s in vain for the end of {kernel.name}"
            if kernel.trouble:
                self.counts.wrong.append(kernel.trouble)

    def _kill_while_answered(self, sandbox: Sandbox, kernels: list[Kernel]) -> None:
        """Hold the answer to a creation back, and kill the kernel that waits for it; so often as there are kernels."""
        store = Store(self.folder / "fox_runs")
        for _ in kernels:
            seen = self._hold(sandbox)
            while any(kernel.is_alive() for kernel in kernels):
                held = [one["body"]["prompt"] for one in sandbox.creations[seen:] if one["fault"] == "slow"]
                senders = {pid for prompt in held for pid in _senders(store, prompt)}
                if any(kernel.kill() for kernel in kernels if kernel.pid in senders):
                    self.counts.kills_while_answered += 1
                    break
                if held:  # it was answered, or its kernel killed by its fuse, before anybody looked: the next one
                    seen = self._hold(sandbox)
                kernels[0].join(0.02)
        store.close()

    def _hold(self, sandbox: Sandbox) -> int:
        """Have the sandbox hold its next answer to a creation back; how many it has received until now."""
        seen = len(sandbox.creations)
        sandbox.misbehave("slow", on="create", seconds=READ / 2, times=1)
        return seen

    def _collect(self) -> None:
        while not self.events.empty():
            event = self.events.get_nowait()
            if event["event"] == "by hand":
                self.by_hand[event["prompt"], event["take"]] += 1
            elif event["event"] == "locked":
                self.counts.journal_locked += 1
            elif event["event"] == "held back":
                self.held_back.add(event["prompt"])
            elif event["event"] == "unknown" and "was sent at" in event["told"]:
                self.told.add((event["prompt"], event["take"]))
            self.counts.told_of_the_lock += "locked by another process" in event.get("told", "")

    # -- both sides at the end ----------------------------------------------------------------------------------------

    def _judge(self, sandbox: Sandbox) -> None:
        store = Store(self.folder / "fox_runs")
        rows = store.journal.tasks("sandbox")
        counts, creations = self.counts, sandbox.creations
        counts.tasks = len(rows)
        counts.received = len(creations)
        counts.made = sum(creation["task_id"] is not None for creation in creations)
        counts.faults = sum(creation["fault"] is not None for creation in creations)
        counts.kills = len(self.killed)
        counts.by_hand = sum(self.by_hand.values())
        counts.held_back_by_the_budget = len(self.held_back)
        for row in rows:
            own = [one for one in creations if (one["body"]["prompt"], one["take"]) == (row.body["prompt"], row.take)]
            self._judge_one(store, row, own)
        known = {(row.body["prompt"], row.take) for row in rows}
        counts.wrong += [
            f"received and not in the journal: {one['body']}"
            for one in creations
            if (one["body"]["prompt"], one["take"]) not in known
        ]
        if store.journal.spent("sandbox", "sandbox") < _billed(sandbox):
            counts.wrong.append("the journal says that less was spent than the gateway took")
        store.close()

    def _judge_one(self, store: Store, row: TaskRow, creations: list[dict[str, Any]]) -> None:
        by_hand = self.by_hand[row.body["prompt"], row.take]
        ids = [creation["task_id"] for creation in creations if creation["task_id"]]
        found = []
        if len(ids) > 1 + by_hand:
            found.append(f"paid {len(ids)} times, {by_hand} times by hand")
        if not by_hand:
            self.counts.most_for_one = max(self.counts.most_for_one, len(ids))
            if row.state in {"completed", "failed"} and ids != [row.task_id]:
                found.append(f"another task than the one that was made, {ids}")
        if row.state == "completed":
            self.counts.completed += 1
            found += self._judge_pictures(store, row)
        elif row.state == "failed":
            self.counts.failed += 1
            allowed = {"generation_failed", "cancelled", *(["answer_lost"] if by_hand else [])}
            found += [f"failed by itself: {row.error_code} {row.error}"] if row.error_code not in allowed else []
        elif row.state == "unknown":
            self.counts.unknown += 1
            found += [] if self._was_cut_off(row, creations) else [f"unknown without a reason: {row.error}"]
            found += [] if (row.body["prompt"], row.take) in self.told else ["unknown and not told"]
        elif row.state != "refused" or ids:
            found.append(f"left as {row.state}")
        self.counts.wrong += [f"{row.body['prompt']!r} take {row.take}, {row.state}: {words}" for words in found]

    def _was_cut_off(self, row: TaskRow, creations: list[dict[str, Any]]) -> bool:
        cut = any(creation["fault"] in CUTTING for creation in creations)
        # a retry by hand that was refused leaves it as it was, under the name of whoever sent it again
        reasons = ("no whole answer came within", "sent once more since")
        return cut or json.loads(row.owner)[1] in self.killed or any(words in row.error for words in reasons)

    def _judge_pictures(self, store: Store, row: TaskRow) -> list[str]:
        for picture in row.pictures:
            path = store.path(picture.file)
            check(path, bounds=DOWNLOADED)
            if sha256_of(path) != picture.sha256:
                return [f"another picture than was landed, {path.name}"]
        self.counts.pictures += len(row.pictures)
        if len({picture.sha256 for picture in row.pictures}) < len(row.pictures):
            return ["a picture that is there twice"]
        return [] if len(row.pictures) == row.body.get("num_outputs", 1) else [f"{len(row.pictures)} pictures"]

    def _judge_the_bill(self, sandbox: Sandbox) -> None:
        """Hold the journal against the gateway's log: what each request has cost is what was charged less what came back.

        Left out is only what is unknown: a sending whose id never came, and whose charge, or refund, is not certain.
        """
        sandbox.set(log={"ids": self.rng.choice(["refunds", "all"]), "order": "shuffled", "ahead": 40})
        with Fox(MARKED_KEY, sandbox.base_url, self.folder / "fox_runs") as fox:
            said = fox.reconcile(fresh=True)
            sandbox.set(log={"ids": "all"})
            entries = fox.session.client.log().entries
            sendings = fox.store.bills.sendings("sandbox", "sandbox")
            with fox.store.journal.reading() as journal:
                whose = dict(journal.execute("SELECT number, identity FROM charge"))
            rows = {row.identity: row for row in fox.store.journal.tasks("sandbox")}
        paid: Counter[str] = Counter()
        for entry in entries:
            paid[entry.task_id] += -entry.micro_usd if entry.is_refund else entry.micro_usd
        true: Counter[tuple[str, int]] = Counter()
        for one in sandbox.creations:
            if one["task_id"]:
                true[one["body"]["prompt"], one["take"]] += paid[one["task_id"]]
        lost = [one for one in sendings if not one.task_id and not one.is_settled]
        unknown = {whose[one.number] for one in lost if one.charged is None or one.refunded is None}
        unknown |= {row.identity for row in rows.values() if row.state == "unknown"}
        counts = self.counts
        counts.on_the_bill, counts.ambiguous = said.found, said.ambiguous
        counts.bill_unknown, counts.bill_agrees = len(unknown), 0
        for identity in rows.keys() - unknown:
            row = rows[identity]
            if row.net == true[row.body["prompt"], row.take]:
                counts.bill_agrees += 1
            else:
                told = f"{row.net} spent, {true[row.body['prompt'], row.take]} on the bill"
                counts.wrong.append(f"{row.body['prompt']!r} take {row.take}, {row.state}: {told}")
        counts.refunded = round(float(said.refunded) * MICRO_PER_USD)


def _senders(store: Store, prompt: str) -> list[int]:
    """Return the pids of the kernels that are sending a request just now."""
    rows = store.journal.tasks("sandbox", text=prompt, states=("sending",))
    return [json.loads(row.owner)[1] for row in rows if row.body["prompt"] == prompt]


def _billed(sandbox: Sandbox) -> int:
    """Micro-USD of play money for all that was taken until now."""
    return sum(_price(creation["body"]) for creation in sandbox.creations if creation["task_id"])


def _price(body: dict[str, Any]) -> int:
    """Micro-USD of play money, by the sandbox's list."""
    each = {"grok-imagine-image": 20_000, "phota-image": 90_000}[body["model"]]
    return each * int(body.get("num_outputs", 1))
