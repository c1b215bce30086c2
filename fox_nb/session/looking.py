"""Looking: what one look at a task finds, and what follows from it; pictures land in threads of their own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from fox_nb.errors import (
    AccessDenied,
    AuthenticationError,
    DownloadFailed,
    FoxError,
    InsufficientBalance,
    NotFound,
    RateLimited,
    StoreError,
)
from fox_nb.models import MODELS
from fox_nb.session.landing import LINKS_LIVE, land
from fox_nb.session.pool import Pool
from fox_nb.session.schedule import USUAL_SPREAD, learned, pause_after
from fox_nb.session.watcher import Seen, Watcher
from fox_nb.store import BEING_SENT, ON_ITS_WAY

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from fox_nb.client import Client
    from fox_nb.session.task import Task
    from fox_nb.settings import Gateway, Polling
    from fox_nb.store import Store, TaskRow
    from fox_nb.tasks import TaskState

LANDING_TRIES = 4
"""So many times a picture is fetched anew before this kernel gives up; asking again goes on."""
LOST_AFTER = 120.0
"""Seconds for which a 404 may be the gateway's own slowness in learning of a new task; it ends a task after a day."""
UNKNOWN_MODEL_SECONDS = 60.0
MOST_TOLD = 10.0
"""Times the usual seconds: with a longer estimate (milliseconds, say) nobody would look before the links have died."""
MOST_PICTURES = 100
"""More links than that are no answer to any request that the models take."""
LONGEST_WORDS, LONGEST_CODE = 1000, 80
"""Characters of the gateway's reason for a failure that are kept, in one line and without control characters."""
OTHERS_SENDING = 0.5
"""Seconds between two looks into the journal while another process sends the task."""


class Looker:
    """Follows accepted tasks to their end: looks, journals, fetches.

    Parameters
    ----------
    gateway, client, store
        Whom to ask and where to write.
    polling : Polling
        The pace.
    clock : callable
        Seconds since 1970.
    dice : random.Random
        For the jitter.
    """

    def __init__(
        self,
        gateway: Gateway,
        client: Client,
        store: Store,
        polling: Polling,
        clock: Callable[[], float],
        dice: random.Random,
    ) -> None:
        self._gateway = gateway
        self._client = client
        self._store = store
        self._now = clock
        self._dice = dice
        self._looking = Pool(4, "looking")
        self._landing = Pool(3, "landing")
        self._watcher: Watcher[Task] = Watcher(self._look, self._looking, polling, dice=dice)
        self._closed = False
        self._lock = threading.Lock()
        self._landing_now: set[str] = set()
        self._landing_tries: dict[str, int] = {}
        self._told: set[str] = set()
        """What the store cannot take just now: whoever waits is told, and it is tried again all the same."""
        self._learned: dict[tuple[str, str], tuple[float, float] | None] = {}

    def watch(self, task: Task) -> None:
        """Look after a task until it ends."""
        if task.row.state in BEING_SENT or task.row.state in ON_ITS_WAY:
            if self._closed:
                raise FoxError(
                    "This Fox was closed, so nobody looks after the task here.",
                    money="It goes on at the gateway and is paid for once.",
                    todo="Make a new Fox and ask again, or say fox.resume(): that goes on where this one stood.",
                )
            task.trouble = None
            self._landing_tries.pop(task.identity, None)
            if task.identity in self._told:
                self.leave(task)  # who asks again has it looked at now
            self._watcher.watch(task.identity, task)

    def leave(self, task: Task) -> None:
        """Stop looking after a task."""
        self._told.discard(task.identity)
        self._watcher.leave(task.identity)

    def is_watching(self, task: Task) -> bool:
        """Return True while a task is looked after or its pictures are being fetched, and nobody is told of trouble."""
        if task.identity in self._told:
            return False
        return self._watcher.is_watching(task.identity) or task.identity in self._landing_now

    def close(self) -> None:
        """Stop all threads."""
        self._closed = True
        self._watcher.stop()
        self._looking.close()
        self._landing.close()

    def estimate(self, row: TaskRow) -> float:
        """Return how many seconds a task is thought to take."""
        return self.seconds(row.model, str(row.body.get("resolution", "")), row.estimate)

    def seconds(self, name: str, resolution: str, told: float | None = None) -> float:
        """Return how long a model takes for a size: learned, else as the gateway told, else the model's usual time."""
        known = self._what_is_learned(name, resolution)
        if known is not None:
            return known[0]
        model = MODELS.get(name)
        told_well = model is None or model.estimate_is_told or self._gateway.is_sandbox
        usual = model.seconds if model is not None else UNKNOWN_MODEL_SECONDS
        return min(told, MOST_TOLD * usual) if told is not None and told > 0 and told_well else usual

    def spread(self, row: TaskRow) -> float:
        """Return how far off that may be: sigma of the logarithm of durations."""
        known = self._what_is_learned(row.model, str(row.body.get("resolution", "")))
        return USUAL_SPREAD if known is None else known[1]

    def _what_is_learned(self, model: str, resolution: str) -> tuple[float, float] | None:
        key = (model, resolution)
        if key not in self._learned:
            try:
                found = self._store.journal.durations(self._gateway.name, model, resolution)
            except StoreError:  # nobody is kept from a task for want of an estimate
                return None
            durations = [seconds for seconds in found if seconds > 0]
            self._learned[key] = learned(durations) if durations else None
        return self._learned.get(key)

    # -- a look -------------------------------------------------------------------------------------------------

    def _look(self, task: Task) -> Seen:
        try:
            seen = self._look_now(task)
        except StoreError as error:
            if self._closed:
                return Seen(done=True)
            self._told.add(task.identity)
            task.update(task.row, error)
            return Seen(answered=False)
        self._told.discard(task.identity)
        return seen

    def _look_now(self, task: Task) -> Seen:
        row = self._store.journal.find(task.identity, self._now())
        if row is not None and row.state in BEING_SENT:
            task.update(row)
            return Seen(soon=OTHERS_SENDING)
        if row is None or row.state not in ON_ITS_WAY:  # another kernel has seen its end
            return self._over(task)
        try:
            told = self._client.task(row.task_id, repeat=False)
        except FoxError as error:
            return self._no_answer(task, row, error)
        return self._take_in(task, row, told)

    def _no_answer(self, task: Task, row: TaskRow, error: FoxError) -> Seen:
        if isinstance(error, (AuthenticationError, AccessDenied, InsufficientBalance)):
            return self._give_up(task, row, error)
        age = self._now() - (row.accepted or row.asked)
        if isinstance(error, NotFound) and age > LINKS_LIVE:
            self._store.journal.failed(row, "not_found", "the gateway no longer knows this task", self._now())
            return self._over(task)
        if isinstance(error, NotFound) and age > LOST_AFTER:
            return self._give_up(task, row, error)  # another key's, another host's: it may be found yet
        task.update(row, error)
        asked_to_wait = error.retry_after if isinstance(error, RateLimited) else None
        return Seen(answered=False, everybody_waits=asked_to_wait or 0.0)

    def _take_in(self, task: Task, row: TaskRow, told: TaskState) -> Seen:
        if told.failed:
            from fox_nb.client.answers import shown

            code = told.error_code or ("cancelled" if told.status == "cancelled" else "")
            words = shown(told.error_message, None, LONGEST_WORDS)
            self._store.journal.failed(row, shown(code, None, LONGEST_CODE), words, self._now())
            return self._over(task)
        if (told.status, told.progress) != (row.state, row.progress) or told.finished:
            self._store.journal.told(row, told)
            row = self._store.journal.get(row.identity)
        task.update(row)
        if not told.finished:
            return Seen()
        urls = [result.url for result in told.results if result.url][:MOST_PICTURES]
        if urls:
            self.fetch(task, urls)
            return Seen(done=True)
        self._store.journal.completed(row, self._now())
        return self._over(task)

    def _over(self, task: Task) -> Seen:
        """Take over how it ended."""
        self._learned.pop((task.model, str(task.row.body.get("resolution", ""))), None)
        self._watcher.leave(task.identity)
        task.renew()
        return Seen(done=True)

    def _give_up(self, task: Task, row: TaskRow, error: FoxError) -> Seen:
        """End the watching in this kernel, not the task: whoever waits is told why, and asking again goes on."""
        self._watcher.leave(task.identity)
        task.update(row, error)
        return Seen(done=True)

    # -- landing --------------------------------------------------------------------------------------------------

    def fetch(self, task: Task, urls: list[str]) -> None:
        """Fetch a completed task's pictures in a thread of their own; when it fails the task is looked at again."""
        with self._lock:
            if task.identity in self._landing_now:
                return
            self._landing_now.add(task.identity)
        self._watcher.leave(task.identity)
        try:
            self._landing.submit(lambda: self._land(task, urls))
        except FoxError:  # no thread is to be had: whoever came here fetches them
            self._land(task, urls)

    def _land(self, task: Task, urls: list[str]) -> None:
        try:
            error = self._landed(task.row, urls)
            row = self._store.journal.get(task.identity)
        except FoxError as failed:  # the journal itself: whoever waits is told
            row, error = task.row, failed
        pause = self._pause_before_next(task, row, error)
        with self._lock:
            self._landing_now.discard(task.identity)
        self._watcher.leave(task.identity)  # who began to wait meanwhile had it looked at: that look has ended here
        if pause is not None:
            self._watcher.watch(task.identity, task, delay=pause)
        if error is None or row.state == "failed" or self._all_here(row):
            self._over(task)
        else:
            task.update(row, error)

    def _all_here(self, row: TaskRow) -> bool:
        """Return True when another kernel has landed what this one could not."""
        files = [self._store.path(picture.file) for picture in row.pictures]
        return row.state == "completed" and all(file.exists() for file in files)

    def _landed(self, row: TaskRow, urls: list[str]) -> FoxError | None:
        """Fetch and journal; return what went wrong with it."""
        journal = self._store.journal
        try:
            land(self._client, self._store, row, urls)
            journal.completed(row, self._now())
        except DownloadFailed as error:
            if row.on_its_way and error.gone and self._now() - (row.accepted or 0) > LINKS_LIVE:
                journal.failed(row, "links_died", f"its links have died: {error.what}", self._now())
            return error
        except FoxError as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits has to be told
            return StoreError(
                f"A picture could not be put in its place ({type(error).__name__}: {error}).",
                money="It is paid for; the gateway keeps it for 24 hours.",
                todo="Check the free space and the folder's rights, then run the cell again.",
            )
        return None

    def _pause_before_next(self, task: Task, row: TaskRow, error: FoxError | None) -> float | None:
        """Return the seconds until a download that failed is tried anew; None when it is not."""
        with self._lock:
            tries = self._landing_tries[task.identity] = self._landing_tries.get(task.identity, 0) + 1
            again = isinstance(error, DownloadFailed) and tries < LANDING_TRIES and row.on_its_way
            if isinstance(error, StoreError) and row.on_its_way and not self._closed:
                self._told.add(task.identity)
                again = True
            return pause_after(tries, self._dice) if again else None
