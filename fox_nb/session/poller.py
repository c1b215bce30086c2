"""Poller: what one poll of a task finds, and what follows from it; downloads run in threads of their own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from fox_nb.errors import DownloadFailed, FoxError, NotFound, RateLimited, StoreError, UnexpectedAnswer
from fox_nb.models import LOCAL_PICTURE, MODELS, Request
from fox_nb.session.backoff import USUAL_SPREAD, learned, pause_after, quiet
from fox_nb.session.downloads import LINKS_LIVE, download_results, not_fetched, pictures_here
from fox_nb.session.irregular import (
    LONGEST_ESTIMATE,
    MOST_BELIEVED,
    Irregular,
    links_alone_after,
    may_still_come,
    tolerated_for,
    usual,
)
from fox_nb.session.leaving import IN_PROGRESS
from fox_nb.session.poll_loop import PollLoop, PollResult
from fox_nb.session.pool import Pool
from fox_nb.store import BEING_SENT, ON_ITS_WAY, Store, TaskRow
from fox_nb.store.rows import TRAINS

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from fox_nb.client import Client
    from fox_nb.session.prices import PriceList
    from fox_nb.session.task import Task
    from fox_nb.settings import Gateway, Polling
    from fox_nb.tasks import TaskState

FETCH_AGAIN_AFTER = 2.0
"""Seconds after which what could not be fetched is fetched once more, before whoever waits is told."""
LONGEST_FEWER_PAUSE = 5.0
"""Seconds between two polls of what is completed with fewer results than were asked for."""
FIRST_PATIENT_PAUSE, LONGEST_PATIENT_PAUSE = 60.0, 3600.0
"""Seconds between two tries to fetch what the person has been told of, while nobody asks."""
MOST_PICTURES = 100
"""More links than that are no answer to any request that the models take."""
LONGEST_WORDS, LONGEST_CODE = 1000, 80
"""Characters of the gateway's reason for a failure that are kept, in one line and without control characters."""
OTHERS_SENDING = 0.5
"""Seconds between two reads of the journal while another process sends the task."""


class Poller:
    """Follows accepted tasks to their end: polls, journals, fetches.

    Parameters
    ----------
    gateway, client, store
        Whom to ask and where to write.
    polling : Polling
        The pace.
    clock : callable
        Seconds since 1970.
    rng : random.Random
        For the jitter.
    prices : PriceList
        Takes over the key's group, as the gateway names it beside a task's state.
    """

    def __init__(
        self,
        gateway: Gateway,
        client: Client,
        store: Store,
        polling: Polling,
        clock: Callable[[], float],
        rng: random.Random,
        prices: PriceList,
    ) -> None:
        self._gateway = gateway
        self._client = client
        self._store = store
        self._now = clock
        self._rng = rng
        self._prices = prices
        self._polls = Pool(4, "polling")
        self._download_pool = Pool(3, "downloads")
        self._fetching = Pool(4, "fetching")
        self._poll_loop = PollLoop(self._poll, self._polls, polling, rng=rng)
        self._quiet: FoxError | None = None
        self._lock = threading.Lock()
        self._downloading: set[str] = set()
        self._closed = threading.Event()
        self._notified: set[str] = set()
        """What cannot be fetched or stored just now: whoever waits is told, and it is tried again all the same."""
        self._irregular = Irregular[str]()
        self._given: dict[str, str] = {}
        """What the gateway said of a task that it has completed without a result, shortened."""
        self._learned: dict[tuple[str, str], tuple[float, float] | None] = {}

    def watch(self, task: Task) -> None:
        """Follow a task until it ends."""
        if task.row.state in BEING_SENT or task.row.state in ON_ITS_WAY:
            if self._closed.is_set():
                raise FoxError(
                    "This Fox was closed, so the task is not watched here.",
                    money="It goes on at the gateway and is paid for once.",
                    todo="Make a new Fox and ask again, or say fox.resume(): that goes on where this one stood.",
                )
            IN_PROGRESS.add((self._store.folder, task.identity))
            task.trouble = None
            self._irregular.forget(task.identity)
            if task.identity in self._notified:
                self.leave(task)  # who asks again has it polled now
            self._poll_loop.watch(task.identity, task)

    def take_in(self, task: Task, answer: TaskState) -> None:
        """Fetch at once what an answer to a creation gave: a gateway that is done by then may keep no task."""
        if answer.completed and answer.results and task.row.on_its_way:
            self._take_in(task, task.row, answer)

    def leave(self, task: Task) -> None:
        """Stop following a task."""
        self._notified.discard(task.identity)
        self._poll_loop.leave(task.identity)

    def is_watching(self, task: Task) -> bool:
        """Return True while a task is followed or its pictures are being fetched, and nobody is told of trouble."""
        if task.identity in self._notified:
            return False
        return self._poll_loop.is_watching(task.identity) or task.identity in self._downloading

    @property
    def holds_all(self) -> FoxError | None:
        """Why no task is polled just now: the gateway wants to be left alone for a while, or the journal is locked."""
        return self._quiet if self._poll_loop.is_quiet else self._store.journal.locked

    def close(self) -> None:
        """Stop all threads."""
        self._closed.set()
        self._poll_loop.stop()
        self._polls.close()
        self._download_pool.close()
        self._fetching.close()

    def expected(self, row: TaskRow) -> tuple[float, float]:
        """Return how many seconds a task is thought to take, and how far off that may be: sigma of their logarithm."""
        size = str(row.body.get("resolution", ""))
        known = self._what_is_learned(row.model, size)
        return known or (self.seconds(row.model, size, row.estimate), USUAL_SPREAD)

    def seconds(self, name: str, resolution: str, answer: float | None = None) -> float:
        """Return how long a model takes for a size: learned, else as the gateway told, else the model's usual time."""
        known = self._what_is_learned(name, resolution)
        if known is not None:
            return known[0]
        model = MODELS.get(name)
        told_well = model is None or model.estimate_is_told or self._gateway.is_sandbox
        if answer is not None and answer > 0 and told_well:
            return min(answer, MOST_BELIEVED * usual(name))
        return usual(name) / self._gateway.speed

    def seconds_for(self, request: Request) -> float:
        """Return how many seconds a request is thought to take."""
        return self.seconds(request.model, str(getattr(request, "resolution", "")))

    def _what_is_learned(self, model: str, resolution: str) -> tuple[float, float] | None:
        key = (model, resolution)
        if key not in self._learned:
            try:
                found = self._store.journal.durations(self._gateway.name, model, resolution)
            except StoreError:  # nobody is kept from a task for want of an estimate
                return None
            longest = LONGEST_ESTIMATE * usual(model)  # what ended while nobody was there has taken a night
            durations = [seconds for seconds in found if 0 < seconds <= longest]
            self._learned[key] = learned(durations) if durations else None
        return self._learned.get(key)

    # -- a poll -------------------------------------------------------------------------------------------------

    def _poll(self, task: Task) -> PollResult:
        self._notified.discard(task.identity)
        try:
            return self._poll_now(task)
        except StoreError as error:
            if self._closed.is_set():
                return PollResult(done=True)
            self._notified.add(task.identity)
            task.note(error)
            return PollResult(answered=False)

    def _poll_now(self, task: Task) -> PollResult:
        row, known = self._store.journal.find(task.identity, self._now()), task.row
        if known.on_its_way and (row is None or row.state != known.state):  # an older copy may have replaced the file
            row = self._store.journal.put_back(known, self._now())
        if row is not None and row.state in BEING_SENT:
            task.renew()
            return PollResult(soon=OTHERS_SENDING)
        if row is None or row.state not in ON_ITS_WAY:  # another kernel has seen its end
            return self._over(task)
        try:
            answer = self._client.task(row.task_id, repeat=False)
        except FoxError as error:
            return self._no_answer(task, row, error)
        return self._take_in(task, row, answer)

    def _no_answer(self, task: Task, row: TaskRow, error: FoxError) -> PollResult:
        age = self._now() - (row.accepted or row.asked)
        known = self._store.journal.get(row.identity)
        if not known.on_its_way or known.task_id != row.task_id:  # it has gone on while the gateway was asked
            return self._poll_now(task)
        since, _ = self._irregular.lasting(task.identity, type(error).__name__)
        is_completed = task.identity in self._given
        if (is_completed or since >= links_alone_after(error, age)) and self._has_come_by_known_links(task, known):
            return self._over(task)
        if since >= tolerated_for(error, age):
            if isinstance(error, NotFound) and age > LINKS_LIVE:
                return self._failed(task, row, "not_found", "the gateway no longer knows this task")
            return self._give_up(task, error)  # another key's, another host's: it may be found yet
        task.renew(error, _has_ended)
        asked_to_wait = error.retry_after if isinstance(error, RateLimited) else None
        pause = quiet(asked_to_wait)
        if pause > 0:
            self._quiet = error.with_traceback(None)
        return PollResult(answered=False, everybody_waits=pause)

    def _take_in(self, task: Task, row: TaskRow, answer: TaskState) -> PollResult:
        self._prices.note_group(answer.user_group)
        urls = [result.url for result in answer.results if result.url][:MOST_PICTURES]
        if (answer.status, answer.progress) != (row.state, row.progress) or answer.results:
            self._store.journal.progressed(row, answer, is_shared=self._prices.is_shared(answer))
            row = self._store.journal.get(row.identity)
        if answer.failed:
            return self._fetch_and_fail(task, row, answer, urls)
        given_for_long = bool(urls) and self._lasts_too_long(row, f"{len(urls)} given")
        if answer.completed or (given_for_long and len(urls) >= row.wanted):
            task.renew()
            self._given[task.identity] = answer.body
            self._download_soon(task, lambda: urls)
            return PollResult(done=True)
        if answer.is_known:
            if not urls:
                self._irregular.forget(task.identity)
            if given_for_long and self._has_come_by_known_links(task, row):
                return self._over(task)
            task.renew()
            return PollResult()
        error = _unknown_word(row, answer)
        if self._lasts_too_long(row, answer.status):
            has_come = self._has_come_by_known_links(task, row)
            return self._over(task) if has_come else self._give_up(task, error)
        task.renew(error, _has_ended)
        return PollResult()

    def _fetch_and_fail(self, task: Task, row: TaskRow, answer: TaskState, urls: list[str]) -> PollResult:
        """Fetch what the gateway has made of a task before it gave up on it, and journal that it did."""
        from fox_nb.client.responses import shown

        error = self._downloaded(task, row, lambda: urls or row.urls) if row.urls and row.on_its_way else None
        may_come = self._now() - (row.accepted or row.asked) <= LINKS_LIVE
        if error is not None and may_come and not (isinstance(error, DownloadFailed) and error.gone):
            return self._give_up(task, error)
        code = answer.error_code or ("" if answer.status == "failed" else answer.status)
        words = shown(answer.error_message, None, LONGEST_WORDS)
        return self._failed(task, self._store.journal.get(row.identity), shown(code, None, LONGEST_CODE), words)

    def _has_come_by_known_links(self, task: Task, row: TaskRow) -> bool:
        """Fetch by the links that an earlier answer gave: they live, and die, whatever the gateway says now.

        Returns True when nothing is missing then. Not done at a first sign of trouble: what a link beside work that
        goes on leads to may be a draft.
        """
        if pictures_here(self._store, row) < min(len(row.urls), row.wanted):
            error = self._downloaded(task, row, lambda: row.urls)
            if isinstance(error, StoreError):
                raise error
            row = self._store.journal.get(row.identity)
        if not row.on_its_way or self._results_here(row) < row.wanted:
            return False
        self._store.journal.completed(row, self._now())
        return True

    def _results_here(self, row: TaskRow) -> int:
        """Return how many of a task's results are here; a picture that comes with a training is none."""
        return int(bool(row.profile_id)) if row.model == TRAINS else pictures_here(self._store, row)

    def _failed(self, task: Task, row: TaskRow, code: str, words: str) -> PollResult:
        """Journal that it failed; one that has pictures here was made, in part at least: they stay, and why is told."""
        from fox_nb.tasks import UPLOAD_GONE  # what reads answers is not loaded before there is one

        if code == UPLOAD_GONE:  # else a retry would be paid for with the same dead link
            for name in LOCAL_PICTURE.findall(row.request):
                self._store.catalog.forget_upload(row.gateway, row.account, name.removeprefix("sha256:"))
        here = 0 if row.model == TRAINS else pictures_here(self._store, row)
        if here:
            self._store.journal.completed(row, self._now())
            why = " ".join(filter(None, (words, f"({code})" if code else "")))
            return self._over(task, _failed_in_part(here, row, why) if here < row.wanted else None)
        self._store.journal.failed(row, code, words, self._now())
        return self._over(task)

    def _lasts_too_long(self, row: TaskRow, word: str) -> bool:
        """Return True when a word is not borne any more: one that is not known, or one that contradicts the results."""
        return self._irregular.lasting(row.identity, word)[0] >= LONGEST_ESTIMATE * self.expected(row)[0]

    def _over(self, task: Task, error: FoxError | None = None) -> PollResult:
        """Take over how it ended, and tell whoever waits what is missing."""
        IN_PROGRESS.discard((self._store.folder, task.identity))
        task.trouble = None
        self._learned.pop((task.model, str(task.row.body.get("resolution", ""))), None)
        self._irregular.forget(task.identity)
        self._given.pop(task.identity, None)
        self._notified.discard(task.identity)
        self._poll_loop.leave(task.identity)
        task.renew(error)
        return PollResult(done=True)

    def _give_up(self, task: Task, error: FoxError) -> PollResult:
        """Tell whoever waits, and poll now and then all the same; who asks again has it polled at once."""
        pause = self._until_next_try(task, error)
        self._irregular.forget(task.identity, but="notified")
        task.trouble = error.with_traceback(None)
        self._poll_loop.leave(task.identity)
        self._poll_loop.watch(task.identity, task, delay=pause)
        self._notified.add(task.identity)  # from now on who asks again has it polled at once
        task.renew(error, _has_ended)
        return PollResult(done=True)

    # -- downloads ------------------------------------------------------------------------------------------------

    def fetch_again(self, task: Task) -> None:
        """Fetch what is missing of a task that ended: by the links as they are now, for signed ones change."""
        task.trouble = None
        self.leave(task)
        self._download_soon(task, lambda: self._links_now(task.row))

    def _links_now(self, row: TaskRow) -> list[str]:
        try:
            links = [result.url for result in self._client.task(row.task_id, repeat=False).results if result.url]
        except FoxError:
            links = []
        return links[:MOST_PICTURES] or row.urls

    def _download_soon(self, task: Task, urls: Callable[[], list[str]]) -> None:
        """Fetch a completed task's pictures in a thread of their own; what is missing then is looked for further."""
        with self._lock:
            if task.identity in self._downloading:
                return
            self._downloading.add(task.identity)
        self._poll_loop.leave(task.identity)
        try:
            downloaded = self._download_pool.submit(lambda: self._download(task, urls))
            downloaded.add_done_callback(
                lambda done: self._downloading.discard(task.identity) if done.cancelled() else None
            )
        except FoxError:  # no thread is to be had: whoever came here fetches them
            self._download(task, urls)

    def _download(self, task: Task, urls: Callable[[], list[str]]) -> None:
        row, pause, error = self._tried(task, urls)
        is_told = error is not None and row.on_its_way and not self._closed.is_set()
        if not row.on_its_way:
            IN_PROGRESS.discard((self._store.folder, task.identity))
        if error is None:
            task.trouble = None
        elif is_told:
            pause = self._until_next_try(task, error)
        with self._lock:
            self._downloading.discard(task.identity)
        self._poll_loop.leave(task.identity)  # who began to wait meanwhile had it polled: that poll has ended here
        if pause is not None:
            self._poll_loop.watch(task.identity, task, delay=pause)
        if is_told:
            self._notified.add(task.identity)
        if pause is None and error is None:
            self._over(task)
            return
        try:
            if not isinstance(error, StoreError):
                task.renew(error, self._is_whole)
        except StoreError as unread:
            error = unread
        if isinstance(error, StoreError):
            task.note(error)

    def _tried(self, task: Task, urls: Callable[[], list[str]]) -> tuple[TaskRow, float | None, FoxError | None]:
        """Fetch what is missing; return how the task stands then, when to poll again, if so, and what to tell."""
        row, pause = task.row, None
        try:
            error = self._downloaded(task, row, urls)
            row = self._store.journal.get(task.identity)
            if not isinstance(error, StoreError):
                pause, error = self._what_is_missing(task, row, error)
                row = self._store.journal.get(task.identity)
        except FoxError as failed:  # the journal itself: whoever waits is told
            error = failed
        except BaseException as failed:  # noqa: BLE001 - whatever it is, whoever waits has to be told
            error = _not_put(failed)
        return row, pause, error

    def _is_whole(self, row: TaskRow) -> bool:
        return row.state == "completed" and pictures_here(self._store, row) >= row.wanted

    def _until_next_try(self, task: Task, error: FoxError) -> float:
        """Return the seconds until it is tried again although whoever waits is told: the links live for a day."""
        _, tries = self._irregular.lasting(task.identity, "notified")
        if isinstance(error, StoreError):
            return pause_after(tries + 1, self._rng)
        return min(FIRST_PATIENT_PAUSE * 2.0 ** min(tries, 10), LONGEST_PATIENT_PAUSE)

    def _downloaded(self, task: Task, row: TaskRow, urls: Callable[[], list[str]]) -> FoxError | None:
        """Fetch and journal, and once more what failed; return what went wrong with it."""
        try:
            failures = download_results(self._client, self._store, row, urls(), self._fetching, task.renew)
            if failures and not self._closed.wait(FETCH_AGAIN_AFTER):
                row = self._store.journal.get(row.identity)
                links = self._links_now(row)
                failures = download_results(self._client, self._store, row, links, self._fetching, task.renew)
            return not_fetched(failures, self._store.journal.get(row.identity)) if failures else None
        except FoxError as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits has to be told
            return _not_put(error)

    def _what_is_missing(
        self, task: Task, row: TaskRow, error: FoxError | None
    ) -> tuple[float | None, FoxError | None]:
        """Journal the end of what is at its end; return when to poll again, if so, and what to tell."""
        journal, here = self._store.journal, self._results_here(row)
        given, error = (here, None) if row.model == TRAINS else (len(row.urls), error)
        # another kernel may have fetched what this one could not
        whole = here >= row.wanted and (error is None or row.state == "completed")
        if whole:
            journal.completed(row, self._now())
        if whole or row.state == "failed":
            return None, None
        if not row.on_its_way:
            return None, error
        if given < row.wanted or (here < row.wanted and error is None):  # the links may have changed meanwhile
            since, polls = self._irregular.lasting(task.identity, "fewer")
            if may_still_come(given, since, polls):
                return min(pause_after(polls, self._rng), LONGEST_FEWER_PAUSE), None
        dead = self._now() - (row.accepted or row.asked) > LINKS_LIVE
        if here and (dead or error is None):
            journal.completed(row, self._now())
        elif dead and isinstance(error, DownloadFailed) and error.gone:
            journal.failed(row, "links_died", f"its links have died: {error.what}", self._now())
        elif dead and not given:
            journal.failed(row, "no_results", "the gateway completed it and gave no result", self._now())
        return None, error or _fewer(here, row, self._given.get(task.identity, ""))


def _has_ended(row: TaskRow) -> bool:
    return not row.on_its_way


def _not_put(error: BaseException) -> StoreError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else f"{type(error).__name__}: {error}"
    return StoreError(
        f"A picture could not be put in its place ({why}).",
        money="It is paid for; the gateway keeps it for 24 hours.",
        todo="Check the free space and the folder's rights, then run the cell again.",
    )


def _unknown_word(row: TaskRow, answer: TaskState) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"The gateway calls task {row.task_id} {answer.status!r}, a word that is not known here: {answer.body}",
        http_status=200,
        body=answer.body,
        money="It is paid for once; its result can be fetched for 24 hours.",
        todo="Run the cell again later: it is asked about again, for free. Please report the text above.",
    )


def _failed_in_part(here: int, row: TaskRow, why: str) -> DownloadFailed:
    """Return what is told of a task that gave some of its pictures before it failed: nothing more comes of it."""
    reason = f": {why.rstrip('.')}." if why else "."
    return DownloadFailed(
        f"The gateway says that task {row.task_id} has failed, and gave {here} of {row.wanted} pictures{reason}",
        money="You may have been charged for all of it; fox.reconcile() shows a refund.",
        todo="No more will come of this one; another variation (take=…) makes new pictures, which cost as usual.",
    )


def _fewer(here: int, row: TaskRow, why: str) -> DownloadFailed:
    """Return what is told of a task that is completed and gave fewer results than asked for."""
    reason = f": {why.rstrip('.')}." if why else "."
    what = f"{here} of {row.wanted} pictures" if row.wanted > 1 or here else "no result"
    return DownloadFailed(
        f"The gateway says that task {row.task_id} is completed, and gave {what}{reason}",
        money="You may have been charged for all of it." if here else "It is paid for; its result may still come.",
        todo="Run the cell again later: what has come meanwhile is downloaded, for free. "
        "If it stays so, tell FoxAPI's support the task's id.",
    )
