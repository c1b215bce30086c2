"""Task: one identity in the hand: what the journal says of it, waiting for it, its pictures, its price."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar, overload

from fox_nb.errors import DownloadFailed, FoxError, StoreError, SubmissionUnknown, TaskFailed, WaitTimeout
from fox_nb.session.detached import Detached
from fox_nb.session.downloads import LINKS_LIVE
from fox_nb.session.image import Image
from fox_nb.session.lost_answers import Proposal, id_or_none, next_step, next_try, proposal_of, yes_or_no
from fox_nb.session.pool import OneAtATime, Pool, deadline
from fox_nb.session.prices import RECORDED, Cost, cost_of
from fox_nb.session.renderer import Renderer, Shows
from fox_nb.store import BEING_SENT, FORGOTTEN, ON_ITS_WAY, SHARED, TaskRow

ENDED = frozenset({"completed", "failed", "refused", "unknown"})
"""States in which nothing more happens by itself."""


Listener = TypeVar("Listener")


def listening(listeners: list[Listener], one: Listener) -> Callable[[], None]:
    """Add one to those who are told of changes; returns what ends that, which may be called again."""
    listeners.append(one)

    def forget() -> None:
        with contextlib.suppress(ValueError):
            listeners.remove(one)

    return forget


def notify_listeners(listeners: Iterable[Callable[..., object]], *news: Any) -> None:
    """Tell those who listen, who are anybody's code: what one raises ends neither the work nor the telling."""
    for listener in list(listeners):
        try:
            listener(*news)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
                raise  # the person's own
            logging.getLogger("fox_nb").exception("Something that listens failed; the work goes on.")


class Watching(Protocol):
    """Who looks after tasks."""

    def watch(self, task: Task) -> None:
        """Look after a task until it ends."""

    def is_watching(self, task: Task) -> bool:
        """Return True while it is looked after."""

    @property
    def holds_all(self) -> FoxError | None:
        """Why no task is asked about just now."""

    def expected(self, row: TaskRow) -> tuple[float, float]:
        """Return how many seconds a task is thought to take, and how far off that may be: sigma of their logarithm."""


class TaskBackend(Protocol):
    """What a task asks of the session that it belongs to."""

    telling: Pool  # of threads that tell those who listen to it: nothing else waits for them

    @property
    def poller(self) -> Watching:
        """Who looks after it."""

    def retry(self, task: Task) -> None:
        """Send it again."""

    def settle(self, task: Task, *, paid: bool, task_id: str = "") -> None:
        """Note what the person found out."""

    def row(self, identity: str) -> TaskRow:
        """Return what the journal says now."""

    def path(self, file: str) -> Path:
        """Return where a file of the store is."""

    def originals(self, row: TaskRow) -> list[Path]:
        """Return the files of the local pictures that it was given."""

    def code(self, row: TaskRow) -> str:
        """Return the call that asks for the same."""

    def now(self) -> float:
        """Return the time."""


class Task(Shows):
    """A creation at the gateway, by its identity: gateway, request and take.

    Attributes
    ----------
    reused : bool
        True when this asking found it done, or in progress, and sent nothing.
    trouble : FoxError or None
        What the last look met with, when the gateway cannot be asked just now; the task itself goes on.
    """

    def __init__(self, backend: TaskBackend, row: TaskRow, renderer: Renderer) -> None:
        self.renderer = renderer
        self._backend = backend
        self._row = row
        self._changed = threading.Condition()
        self._listeners: list[Callable[[Task], None]] = []
        self._renewing, self._telling = threading.Lock(), OneAtATime()
        self.reused = False
        self.trouble: FoxError | None = None

    # -- what is known ----------------------------------------------------------------------------------------

    @property
    def identity(self) -> str:
        """The hash that the journal knows it by."""
        return self._row.identity

    @property
    def id(self) -> str:
        """The gateway's id; '' until it has accepted the task."""
        return self._row.task_id

    @property
    def request_id(self) -> str:
        """By which the gateway's support finds the creating call; '' when its answer named none."""
        return self._row.request_id

    @property
    def model(self) -> str:
        """The gateway's name of the model."""
        return self._row.model

    @property
    def request(self) -> dict[str, Any]:
        """The request as the gateway's JSON body; local files as ``sha256:…``."""
        return dict(self._row.body)

    @property
    def take(self) -> int:
        """Which picture from the same words this is, from 1 on."""
        return self._row.take

    @property
    def status(self) -> str:
        """pending, processing, completed (the pictures have come to the disk), failed, refused or unknown."""
        return "pending" if self._row.state in BEING_SENT else self._row.state

    @property
    def progress(self) -> int:
        """0 to 100, as the gateway says."""
        return self._row.progress

    @property
    def profile_id(self) -> str:
        """The trained profile's id; '' for other models and until then."""
        return self._row.profile_id

    @property
    def cost(self) -> Cost:
        """What this identity has cost so far, all its sendings together: charged, where the gateway's log says so."""
        return cost_of(self._row)

    @property
    def proposal(self) -> Proposal | None:
        """What the gateway's bill says of a lost answer; None where the task's fate is known."""
        if self._row.state != "unknown":
            return None
        return proposal_of(self._row)

    @property
    def images(self) -> list[Image]:
        """The pictures that have come to the disk, those that somebody has deleted since among them."""
        thumbnails = self._backend.path("thumbnails")
        paths = [self._backend.path(picture.file) for picture in self._row.pictures]
        return [
            Image(picture, path, thumbnails, self.renderer)
            for picture, path in zip(self._row.pictures, paths, strict=True)
        ]

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: slice) -> list[Image]: ...
    def __getitem__(self, index: int | slice) -> Image | list[Image]:
        """Return one of its pictures, from 0, or some of them."""
        images = self.images
        try:
            return images[index]
        except IndexError:
            has = self._pictures() if images else "no pictures"
            raise FoxError(
                f"task[{index}] is not there: the task is {self.status} and has {has}.",
                todo="" if self.status == "completed" else "Call task.wait() first.",
            ) from None

    def __iter__(self) -> Iterator[Image]:
        return iter(self.images)

    def save(self, folder: str | os.PathLike[str], name: str = "{prompt}-{number}") -> list[Path]:
        """Save its pictures in a folder; nothing is overwritten.

        Parameters
        ----------
        folder : path
            Where to; made when it is not there.
        name : str
            The names of the files, from ``{prompt}``, ``{number}`` (from 1), ``{model}``, ``{take}``, ``{task_id}``.

        Returns
        -------
        list of Path
            The files.

        Raises
        ------
        FoxError
            There is no picture yet, or none any more; the name asks for something that is not there, or the folder
            cannot be written.
        """
        from fox_nb.images.saving import Folder, file_stem

        images = [image for image in self.images if image.path.exists()]
        if not images:
            todo = "" if self.status == "completed" else "Call task.wait() first."
            raise self.error or FoxError(f"The task is {self.status} and has no pictures to save.", todo=todo)
        if len(images) < self._row.wanted:
            self.renderer.notify(f"{len(images)} of {self._row.wanted} pictures are here to be saved.")
        place = Folder(folder)
        facts = {"prompt": self._row.words, "model": self.model, "take": self.take, "task_id": self.id}
        return [
            place.path / place.add(image.path, file_stem(name, {**facts, "number": image.number})) for image in images
        ]

    @property
    def originals(self) -> list[Path]:
        """The files of the local pictures that it was given, as far as they are in the folder."""
        return self._backend.originals(self._row)

    @property
    def asked_at(self) -> float:
        """When it was asked for first, seconds since 1970."""
        return self._row.asked

    @property
    def sent_at(self) -> float:
        """When it was sent last, seconds since 1970."""
        return self._row.sent or self._row.asked

    @property
    def waited(self) -> float:
        """Seconds from the acceptance until now, or until it ended."""
        end = self._row.finished if self.status in ENDED and self._row.finished else self._backend.now()
        return max(0.0, end - (self._row.accepted or self._row.sent or self._row.asked))

    @property
    def estimate(self) -> float:
        """Seconds that it is thought to take in all; learned from this store where it can be."""
        return self._backend.poller.expected(self._row)[0]

    @property
    def spread(self) -> float:
        """How far off the estimate may be: sigma of the logarithm of durations."""
        return self._backend.poller.expected(self._row)[1]

    @property
    def error(self) -> FoxError | None:
        """What went wrong, or None; raised by `wait`."""
        if self._row.state == "failed":
            return self._failure()
        if self._row.state == "unknown":
            return self._unknown()
        if self._row.state == "refused":
            return FoxError(
                self._row.error or "The gateway did not take it.",
                money="Nothing was paid." if not self.cost else f"Earlier sendings of it have cost {self.cost.amount}.",
                todo=next_try(self._row),
            )
        return self.trouble or self._gone()

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes as what is known now; there it is looked after by nobody, and says so."""
        return _arrived, (self._row, self._backend.path("."), self.renderer, self.reused)

    def __copy__(self) -> Task:
        """Return itself: there is one of each in a kernel."""
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Task:
        return self

    def _detach(self, folder: Path) -> None:
        """Go on without a session: in a forked process it has no threads, and locks may be held for ever."""
        self._backend = Detached(folder)
        self._changed, self._renewing, self._telling = threading.Condition(), threading.Lock(), OneAtATime()

    def __repr__(self) -> str:
        words = f"<Task {self.model} {self.status}"
        if self.status in ON_ITS_WAY:
            words += f" {self.progress} %"
        if self._row.pictures:
            words += f", {self._pictures()}"
        if self.profile_id:
            words += f", profile {self.profile_id}"
        return f"{words}, take {self.take}{f', {self.id}' if self.id else ''}>"

    def _pictures(self) -> str:
        """Say how many pictures are here, of how many where some are missing."""
        count, wanted = len(self._row.pictures), self._row.wanted
        return f"{count} of {wanted} pictures" if count < wanted else f"{count} picture{'s' if count > 1 else ''}"

    # -- waiting ----------------------------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> Task:
        """Wait until the pictures are on the disk; shows progress; an interrupt leaves the work going.

        Parameters
        ----------
        timeout : float, optional
            Seconds; without it as long as it takes.

        Returns
        -------
        Task
            Itself.

        Raises
        ------
        TaskFailed, SubmissionUnknown
            It ended without its pictures.
        DownloadFailed
            Every one of its pictures was deleted from the folder.
        WaitTimeout
            The time is over; the task goes on and `wait` may be called again.
        FoxError
            The gateway cannot be asked (key, rights), or a picture cannot be fetched; nothing is lost.
        """
        until = deadline(timeout)
        self._begin_to_wait()
        with self.renderer.waiting(self) as show:
            while not self.is_over:
                self._be_watched()
                left = min(1.0, until - time.monotonic())
                if left <= 0:
                    amiss = self.trouble or self._backend.poller.holds_all
                    raise WaitTimeout(
                        f"{self.model} is not done after {timeout:g} s ({self.status}, {self.progress} %)."
                        f"{f' {amiss.what}' if amiss else ''}",
                        task=self,
                        money="It goes on and is paid for once.",
                        todo="Call wait() again, or run the cell again later: it is watched, never sent twice.",
                    )
                with self._changed:
                    if not self.is_over:
                        self._changed.wait(left)
                show()
        error = self.error
        if error is not None:
            raise error
        return self

    def _begin_to_wait(self) -> None:
        """Be looked after; what ended badly may have been sent again or settled since, and a journal be read by now."""
        if self.status in ENDED - {"completed"} or isinstance(self.trouble, StoreError):
            with contextlib.suppress(FoxError):  # no journal can be read: what was known stands
                self.renew()
        self._backend.poller.watch(self)

    def _be_watched(self) -> None:
        """Have it looked after again when somebody has ended that: who waits would wait for ever."""
        if not self.is_over and not self.is_watched:
            self._backend.poller.watch(self)

    def __await__(self) -> Generator[Any, None, Task]:
        return self._until_over().__await__()

    async def _until_over(self) -> Task:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()

        def finish() -> None:
            if not over.done():
                over.set_result(None)

        def notify(task: Task) -> None:
            if task.is_over:
                with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                    loop.call_soon_threadsafe(finish)

        forget = self.on_change(notify)
        try:
            self._begin_to_wait()
            notify(self)
            while not (over.done() or self.is_over):
                self._be_watched()
                await asyncio.wait({over}, timeout=1.0)
        finally:
            forget()
        error = self.error
        if error is not None:
            raise error
        return self

    @property
    def is_watched(self) -> bool:
        """True while this kernel looks after it."""
        return self._backend.poller.is_watching(self)

    @property
    def has_ended(self) -> bool:
        """True when nothing more happens by itself."""
        return self.status in ENDED

    @property
    def is_over(self) -> bool:
        """True when waiting longer is of no use: it has ended, or the gateway cannot be asked."""
        return (self.status in ENDED or self.trouble is not None) and not self._backend.poller.is_watching(self)

    def on_change(self, listener: Callable[[Task], None]) -> Callable[[], None]:
        """Call `listener` from another thread whenever something has changed; returns what ends that."""
        return listening(self._listeners, listener)

    def follow(self, changed: Callable[[Task, bool], None]) -> None:
        """Call `changed(task, is_over)` now and, from other threads, on every change; with True exactly once."""
        turn = threading.Lock()
        ended = False

        def notify(task: Task) -> None:
            nonlocal ended
            with turn:
                if ended:
                    return
                ended = over = task.is_over
            if over:
                with contextlib.suppress(ValueError):
                    self._listeners.remove(notify)
            changed(task, over)

        self._listeners.append(notify)
        notify(self)

    # -- what a person may do -----------------------------------------------------------------------------------

    def retry(self) -> Task:
        """Send a failed, refused or unknown task again, knowingly: it is charged again.

        A task that is done or in progress is not sent: it comes back as it is, marked as reused, so that a notebook
        that runs anew pays for nothing twice.

        Raises
        ------
        FoxError
            As by the first sending; `BudgetExceeded` among them.
        """
        if self.status == "completed" or self.status in ON_ITS_WAY:
            self.reused = True
            self._backend.poller.watch(self)
            return self
        self._backend.retry(self)
        return self

    def settle(self, *, paid: bool | None = None, task_id: str = "") -> Task:
        """Note what you found out of an unknown sending.

        Parameters
        ----------
        paid : bool, optional
            True when the gateway has it on the bill: its cost is kept. False when not: what was reserved is given
            back, and asking again sends it as if for the first time. With its id alone it is True.
        task_id : str, optional
            Its id, where the gateway's console names it: with that its pictures are not lost.

        Raises
        ------
        InvalidRequest
            Neither is given, `paid` is neither True nor False, or `task_id` is no id; nothing is noted.
        FoxError
            The gateway does not know that id, or cannot be asked; nothing is noted.
        """
        found = id_or_none(task_id)
        self._backend.settle(self, paid=yes_or_no(True if found and paid is None else paid), task_id=found)
        return self

    def code(self) -> str:
        """Return the Python line that asks for the same picture again, and costs nothing."""
        return self._backend.code(self._row)

    # -- for the session ------------------------------------------------------------------------------------------

    @property
    def row(self) -> TaskRow:
        """What the journal said last."""
        return self._row

    def note(self, trouble: FoxError) -> None:
        """Tell whoever waits what is amiss, where the journal can't be read or says nothing new."""
        if isinstance(trouble, StoreError) and self.id:  # it may be written nowhere else
            settle = f"Its id is {self.id}: should it be unknown then, say task.settle(task_id={self.id!r})."
            # others may be told the same
            trouble = trouble.reworded(trouble.what, money=trouble.money, todo=f"{trouble.todo} {settle}")
        # Its frames are another thread's: a verbose traceback would show what a gateway sent, key and all.
        self.trouble = trouble.with_traceback(None)
        self._notify()

    def renew(self, trouble: FoxError | None = None, is_past: Callable[[TaskRow], bool] = lambda _row: False) -> None:
        """Read the journal anew, and tell whoever waits; of two threads that do so at once the later reading stays.

        `is_past` says of what was read that the trouble is none any more, as others have seen more meanwhile.
        """
        with self._renewing:
            row = self._row.unless_older(self._backend.row(self.identity))
            if is_past(row):
                trouble = None
            self.trouble = trouble.with_traceback(None) if trouble is not None else None
            self._row = row
        self._notify()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()
        if self._listeners:
            self._telling.due(lambda: notify_listeners(self._listeners, self), self._backend.telling)

    def _failure(self) -> TaskFailed:
        names = ", ".join(part for part in (self._row.error_code, self._support_case()) if part)
        code = f" ({names})" if names else ""
        return TaskFailed(
            f"{self.model} failed: {self._row.error.rstrip('.') or 'the gateway gave no reason'}{code}.",
            code=self._row.error_code,
            task=self,
            money=self._money_of_failure(),
            todo=next_try(self._row),
        )

    def _money_of_failure(self) -> str:
        cost = self.cost
        if self._row.error_code == FORGOTTEN:
            return f"It was made and paid for, {cost.amount}."
        if cost.kind == SHARED:
            return "The class pays for it, not you."
        if cost.kind == RECORDED:
            return "It is a recording: nothing is charged here."
        if cost.kind == "refunded":
            return f"It was charged and refunded, so it cost {cost.amount}."
        if cost.kind == "charged":
            return f"{cost.amount} were charged; refunds are not guaranteed, fox.reconcile() looks for one."
        return f"You may have been charged {cost.amount}; refunds are not guaranteed."

    def _unknown(self) -> SubmissionUnknown:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.sent_at))
        proposal = proposal_of(self._row)
        return SubmissionUnknown(
            f"{self._row.words[:60]!r} was sent at {when} and no usable answer came. {self._row.error.rstrip('.')}.",
            task=self,
            money=f"You may have been charged {self.cost.amount}; it was not sent again."
            + (f" {proposal.words}" if self._row.bill else ""),
            todo=next_step(proposal),
        )

    def _support_case(self) -> str:
        """Name the creating call as the gateway's support finds it, where the error's own words don't."""
        request_id = self._row.request_id
        return f"request id {request_id}" if request_id and request_id not in self._row.error else ""

    def _gone(self) -> DownloadFailed | None:
        """Say that no picture of a completed task is left: it was paid for, and is not charged again automatically."""
        images = self.images if self._row.state == "completed" else []
        if not images or any(image.path.exists() for image in images):
            return None
        dead = self._backend.now() - (self._row.finished or self._row.asked) > LINKS_LIVE
        deleted = "its picture was" if len(images) == 1 else f"its {len(images)} pictures were"
        died = "; the links have died" if dead else ""
        another = f"Put {images[0].path.name} back, or pay for another one with take={self.take + 1}."
        return DownloadFailed(
            f"{self.model} is completed, and {deleted} deleted from the folder{died}.",
            gone=dead,
            money=f"It was paid for once, {self.cost.amount}, and is not charged again automatically.",
            todo=another if dead else "Ask for it again: it is downloaded again, for free.",
        )


def _arrived(row: TaskRow, folder: Path, renderer: Renderer, reused: bool) -> Task:
    """Make a task of what came from another process."""
    task = Task(Detached(folder), row, renderer)
    task.reused = reused
    return task
