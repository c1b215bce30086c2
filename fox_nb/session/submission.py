"""Submission: a request is checked, priced, journalled and sent once; and what its answer, or its silence, means."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
import weakref
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fox_nb.errors import (
    NOTHING_SENT,
    ConnectionLost,
    FoxError,
    GatewayError,
    InvalidRequest,
    SandboxError,
    StoreError,
)
from fox_nb.models import (
    LOCAL_PICTURE,
    MODELS,
    Request,
    file_names,
    is_link,
    mentioned,
    request_class,
    take_number,
    validate,
)
from fox_nb.money import MICRO_PER_USD
from fox_nb.parameters import shown
from fox_nb.session.code import call
from fox_nb.session.downloads import LINKS_LIVE, pictures_here
from fox_nb.session.leaving import ON_THE_WIRE
from fox_nb.session.lost_answers import moment
from fox_nb.session.poller import Poller
from fox_nb.session.pool import Pool, result
from fox_nb.session.prices import PriceList
from fox_nb.session.profiles import Profiles
from fox_nb.session.renderer import TERMINAL, Renderer
from fox_nb.session.task import Task, listening, notify_listeners
from fox_nb.session.uploads import Uploads
from fox_nb.settings import SANDBOX, Gateway, Polling, fingerprint, is_private
from fox_nb.sharing import OfOneProcess
from fox_nb.store import BEING_SENT, Asked, Store, TaskRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from fox_nb.client import Client
    from fox_nb.images.prepare import Prepared
    from fox_nb.tasks import TaskState

SENDERS = 4
"""So many creations of a kernel are under way at once; and so many besides whose pictures are uploaded first."""
ASKERS = 4
"""So many are asked of the journal, and their pictures read, at once."""
TELLERS = 256
"""So many tasks' listeners, who are anybody's code, may take for ever before other tasks' listeners wait for them."""


class Submitter(OfOneProcess):
    """Asks one gateway for pictures with one key, and journals in one store what becomes of it.

    What a request comes to is found out in two steps, each on a thread of a pool, so that an interrupt ends the waiting
    for it and nothing else: `_ask` looks it up and journals it, `_send` sends what is ours to send.

    Parameters
    ----------
    gateway : Gateway
        Where, and the key.
    client : Client
        Speaks HTTP with it.
    store : Store
        Journal and files.
    budget : float or None
        Hard limit in USD on what this store has spent on this gateway and key.
    polling : Polling
        The pace of polling.
    clock : callable
        Seconds since 1970.
    rng : random.Random
        For the jitter.
    renderer : Renderer
        Shows its tasks, and all else that it gives; without one they are words.
    """

    def __init__(
        self,
        gateway: Gateway,
        client: Client,
        store: Store,
        *,
        budget: float | None = None,
        polling: Polling | None = None,
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
        renderer: Renderer = TERMINAL,
    ) -> None:
        self.renderer = renderer
        self.gateway = gateway
        self.client = client
        self.store = store
        self.budget = budget
        self.now = clock
        self.account = SANDBOX if gateway.is_sandbox else gateway.account or fingerprint(gateway.key, store.salt)
        who = f"{gateway.name} {self.account}"
        self.prices = PriceList(
            client,
            is_play_money=gateway.is_sandbox,
            is_class=bool(gateway.account),
            recall=lambda what: store.catalog.facts(f"{what} {who}").get("", ""),
            remember=lambda what, value: store.catalog.set_fact(f"{what} {who}", value),
        )
        self.uploads = Uploads(store, client, gateway.name, self.account, clock)
        self.poller = Poller(
            gateway,
            client,
            store,
            polling or Polling(),
            clock,
            rng or random.Random(),
            self.prices,
        )
        host = urlsplit(gateway.base_url).hostname
        self._is_far = host is not None and not is_private(host)
        self._asking = Pool(ASKERS, "asking")
        self._sending = Pool(SENDERS, "sending")
        self._uploading = Pool(SENDERS, "uploading")
        self.telling = Pool(TELLERS, "telling")
        self._gateway_name = gateway.name
        self.profiles = Profiles(store, gateway.name, clock, renderer)
        self._tasks: weakref.WeakValueDictionary[str, Task] = weakref.WeakValueDictionary()
        self._warned: set[str] = set()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], object]] = []
        self._at_work: dict[Task, bool] = {}
        """What a thread here sends just now: True once the creating call is on its way, False while it uploads."""

    def submit(
        self,
        model: str,
        values: Mapping[str, Any],
        take: Any = 1,
        *,
        journalled: Callable[[Task], None] | None = None,
    ) -> Task:
        """Ask for a picture: what is known of it comes back at once; what is not is journalled, then sent once.

        Parameters
        ----------
        model, values, take
            What is asked for.
        journalled : callable, optional
            Called with the task as soon as the journal has it, before it is sent; on another thread.

        Raises
        ------
        InvalidRequest, BudgetExceeded
            Nothing was sent.
        SubmissionUnknown
            It was sent, now or earlier, and no usable answer came.
        GatewayError, NotConnected
            It was not accepted.
        """
        request, prepared = self.validated(model, values)
        if profiles := mentioned(request):
            self.profiles.point_out(profiles)
        number = take_number(take)
        asked = self._asked(request)
        return self._come_to(partial(self._ask, asked, number, prepared, journalled))

    def retry(self, task: Task) -> None:
        """Send a failed, unknown or refused task again, knowingly."""
        asked = self._asked(request_of(task.row))
        self._come_to(partial(self._ask_again, task, asked))

    def settle(self, task: Task, *, paid: bool, task_id: str = "") -> None:
        """Note what the person found out of an unknown sending; with its id it is watched again."""
        if task_id:
            self._check_found(task, task_id, paid=paid)
        settled = self.store.journal.settle(
            task.identity, paid=paid, now=self.now(), task_id=task_id, seen=task.row.charge
        )
        task.renew()
        if settled is None:
            _check_known(task, task_id, paid=paid)
        else:
            this, others = self.store.journal.lost(task.identity, settled)
            left = f"{'is still unknown' if task.status == 'unknown' else 'stays reserved'}: settle it, too"
            sent = ", ".join(map(moment, others))
            if sent:
                self.renderer.notify(f"what was sent at {moment(this)} is settled; what was sent at {sent} {left}.")
        self.poller.watch(task)

    def _check_found(self, task: Task, task_id: str, *, paid: bool) -> None:
        """Refuse an id that cannot be that of a lost task: another one's pictures would be taken for its own."""
        known = next((row for row in self.store.journal.with_id(task_id) if row.identity != task.identity), None)
        why = "which has paid=False beside it: what has an id was accepted" if not paid else ""
        why = f"which is already the id of {known.words[:80]!r}" if known is not None else why
        if why:
            raise InvalidRequest(
                f"task_id is {task_id!r}, {why}.",
                parameter="task_id",
                value=task_id,
                todo="Look for the id in the gateway's console again; without one say paid=True or paid=False alone.",
            )
        self.client.task(task_id)  # raises what is wrong with it

    def validated(self, model: str, values: Mapping[str, Any]) -> tuple[Request, dict[str, Prepared]]:
        """Return the request for plain values, and the local pictures that it names; sends nothing.

        What is amiss with its photos is said: here, where plans are made, there is still time to mend it.
        """
        prepared: dict[str, Prepared] = {}
        if file_names(request_class(model)):
            values, prepared = self.uploads.name(model, values)
        request = validate(model, values)
        if self._is_far:
            _refuse_near_links(request)
        for one in prepared.values():
            if one.warning and one.sha256 not in self._warned:  # once, however many of a plan's cells name it
                self._warned.add(one.sha256)
                self.renderer.notify(one.warning)
        return request, prepared

    def task(self, row: TaskRow) -> Task:
        """Return the one Task object of this kernel for a row."""
        with self._lock:
            task = self._tasks.get(row.identity)
            if task is None:
                task = self._tasks[row.identity] = Task(self, row, self.renderer)
                return task
        if task.row != row:
            task.renew()  # never to `row` itself: the task may have ended since that was read
        return task

    def on_sent(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call `listener()`, on any thread, when a task is sent, whoever asked, or over; returns what ends that."""
        for task in self.held():
            if not task.is_over:
                task.follow(self._notify_sent)
        return listening(self._listeners, listener)

    def _notify_sent(self, task: Task, is_over: bool) -> None:
        if is_over or not task.progress:
            notify_listeners(self._listeners)

    def held(self) -> list[Task]:
        """Return the tasks that somebody in this kernel holds."""
        with self._lock:  # another thread may be adding one
            return list(self._tasks.values())

    def close(self) -> None:
        """Stop all threads; what is under way goes on at the gateway and can be resumed.

        An answer that is being waited for is waited for here, too: it holds the id of what is paid for.
        """
        for pool in (self._asking, self._uploading, self._sending):
            pool.close(wait=True, late=self._say_what_is_awaited)
        self.poller.close()
        self.prices.close()

    def _say_what_is_awaited(self) -> None:
        """Tell what holds up closing: an answer that costs, or an upload, which costs nothing yet."""
        at_work = dict(self._at_work)
        tasks = [task for task, is_sent in at_work.items() if is_sent] or list(at_work)
        which = repr(tasks[0].row.words[:40]) + f" and {len(tasks) - 1} more" * (len(tasks) > 1) if tasks else ""
        most = self.client.longest_creation
        what, money = f"the gateway's answer to {which}, at most {most:.0f} s", "it may be paid for"
        if not any(at_work.values()):
            what, money = f"the upload for {which}" if tasks else "what was begun", "nothing of it is paid yet"
        self.renderer.notify(f"closing waits for {what}: {money}.")

    # -- what a task asks for --------------------------------------------------------------------------------------

    def row(self, identity: str) -> TaskRow:
        """Return what the journal says now."""
        return self.store.journal.get(identity)

    def path(self, file: str) -> Path:
        """Return where a file of the store is."""
        return self.store.path(file)

    def originals(self, row: TaskRow) -> list[Path]:
        """Return the files of the local pictures that a task was given."""
        return self.uploads.files(row.body)

    def code(self, row: TaskRow) -> str:
        """Return the call that asks for the same."""
        return call(row.body, row.take, self.uploads.origins(row.body))

    # -- the journal is asked ---------------------------------------------------------------------------------------

    def _asked(self, request: Request) -> Asked:
        """Return a request as the journal takes it, with what it may cost."""
        self.prices.ask()
        price = self.prices.counted(request.model)
        micro_usd, text = request.micro_usd_at(price), request.canonical()
        return Asked(self._gateway_name, self.account, request.model, text, micro_usd, price is None)

    @property
    def _budget_micro_usd(self) -> int | None:
        return None if self.budget is None else round(self.budget * MICRO_PER_USD)

    def _ask(
        self,
        asked: Asked,
        take: int | None,
        prepared: Mapping[str, Prepared],
        journalled: Callable[[Task], None] | None,
    ) -> tuple[Task, Future[None] | None]:
        """Look up or journal a request, and hand on what is ours to send."""
        held = list(self._known(asked.request))
        row, ours = self.store.journal.ask(asked, take, budget=self._budget_micro_usd, now=self.now(), held=held)
        task = None
        try:
            task = self.task(row)
            task.reused = not ours
            if journalled is not None:
                journalled(task)
            return task, self._hand_on(task, row, prepared) if ours else None
        except BaseException as error:
            if ours:
                self._refused(task, row, error)
            raise

    def _known(self, request: str) -> Iterator[TaskRow]:
        """Give what this kernel knows of a request, whatever the file says: what is on the wire is being sent."""
        for task in self.held():
            row = task._row  # noqa: SLF001 - a sweep's thousand are gone through for each of them
            if row.request == request and (row.state not in BEING_SENT or self._at_work.get(task)):
                yield row._replace(state="sending") if row.state in BEING_SENT else row

    def _ask_again(self, task: Task, asked: Asked) -> tuple[Task, Future[None] | None]:
        """Journal another sending of a task that has ended, and hand it on."""
        row, ours = self.store.journal.retry(task.row, asked, budget=self._budget_micro_usd, now=self.now())
        try:
            task.renew()
            return task, self._hand_on(task, row, {}) if ours else None
        except BaseException as error:
            if ours:
                self._refused(task, row, error)
            raise

    def _come_to(self, ask: Callable[[], tuple[Task, Future[None] | None]]) -> Task:
        """Wait for what a request comes to, and raise what went wrong with it."""
        try:
            task, sent = result(self._asking.submit(ask))
            if sent is not None:
                result(sent)
            else:
                self._go_on(task)
        except CancelledError:
            raise FoxError(
                "This Fox was closed before the request was sent.",
                money=NOTHING_SENT,
                todo="Make a new Fox and ask again.",
            ) from None
        return task

    def _go_on(self, task: Task) -> None:
        """Show, watch, fetch again or tell what was asked for before."""
        row = task.row
        if row.state == "completed" and self._has_gaps(row):
            self.poller.fetch_again(task)
        elif (row.state == "unknown" or (row.state == "refused" and row.is_named_since)) and task.error is not None:
            raise task.error
        else:
            self.poller.watch(task)

    def _has_gaps(self, row: TaskRow) -> bool:
        """Return True while pictures that are deleted, or never came, can be had for nothing: their links live."""
        missing = pictures_here(self.store, row) < max(len(row.pictures), 0 if row.profile_id else row.wanted)
        return missing and self.now() - (row.finished or row.asked) < LINKS_LIVE

    # -- and it is sent ---------------------------------------------------------------------------------------------

    def _hand_on(self, task: Task, row: TaskRow, prepared: Mapping[str, Prepared]) -> Future[None]:
        """Have a thread send it; one that never gets to it has refused it."""
        if self._listeners:
            task.follow(self._notify_sent)
        # what has nothing to upload waits for nobody's uploads
        pool = self._uploading if LOCAL_PICTURE.search(row.request) else self._sending
        sent = pool.submit(partial(self._send, task, row, prepared))
        sent.add_done_callback(partial(self._dropped, task, row))
        return sent

    def _dropped(self, task: Task, row: TaskRow, sent: Future[None]) -> None:
        if sent.cancelled():
            self._refused(task, row, FoxError("This Fox was closed before the request was sent."))

    def _send(self, task: Task, row: TaskRow, prepared: Mapping[str, Prepared]) -> None:
        """Upload what is local, create the task once, journal what became of it, and watch it.

        Raises
        ------
        SubmissionUnknown
            It was sent, and nobody knows whether it was accepted.
        FoxError
            It was certainly not accepted.
        """
        self._at_work[task] = False
        try:
            answer = self._created(task, row, prepared)
            if answer is None:
                task.renew()  # it took so long that another kernel has it now
            else:
                self._accepted(task, row, answer)
        finally:  # what the journal could not take is looked after, too, until it is written
            self._at_work.pop(task, None)
            try:
                self.poller.watch(task)
            except FoxError as error:  # whoever waits for it is told
                task.note(error)
            finally:
                ON_THE_WIRE.discard((self.store.folder, row.identity))

    def _created(self, task: Task, row: TaskRow, prepared: Mapping[str, Prepared]) -> TaskState | None:
        """Make the creating call, and once more when the gateway threw out an upload before its time."""
        from fox_nb.client.responses import may_be_an_upload

        refusal: BaseException | None = None
        thrown_out: list[str] = []
        # the sandbox draws each take in its own way
        headers = {"X-Sandbox-Take": str(row.take)} if self.gateway.is_sandbox else None
        while True:
            try:
                if thrown_out:
                    self._at_work[task] = False
                    self.uploads.forget(thrown_out)
                body, remembered = self._with_links(row, prepared)
                ours = self.store.journal.sending(row, self.now())
            except BaseException as error:  # noqa: BLE001 - raised again when it is journalled
                self._refused(task, row, refusal or error)
                raise (refusal or error) from None  # when the upload anew fails, the refusal stands
            if not ours:
                return None
            self._at_work[task] = True
            ON_THE_WIRE.add((self.store.folder, row.identity))
            try:
                return self.client.create(body, headers=headers, take=row.take)
            except BaseException as error:  # noqa: BLE001 - raised again when it is journalled
                if refusal is None and remembered and may_be_an_upload(error):
                    refusal, thrown_out = error, remembered
                    continue
                raise self._not_created(task, row, error) from None

    def _with_links(self, row: TaskRow, prepared: Mapping[str, Prepared]) -> tuple[dict[str, Any], list[str]]:
        """Return the body with links in place of local files, and the files whose link is of an earlier upload."""
        if not file_names(MODELS[row.model]):
            return json.loads(row.request), []
        self.uploads.keep(prepared)
        return self.uploads.links(row.body)

    def _accepted(self, task: Task, row: TaskRow, answer: TaskState) -> None:
        try:
            joined = answer.joined and self.prices.is_class  # nobody else's word takes anything off a budget
            shared = self.prices.is_shared(answer)
            self.store.journal.accepted(row, answer, self.now(), is_shared=shared, is_joined=joined)
        except StoreError as error:
            raise StoreError(
                f"The gateway accepted it as task {answer.id}, and that could not be written down: {error.what}",
                money="It is paid for, once.",
                todo=f"This kernel keeps that id and writes it as soon as it can. {error.todo} "
                f"Should the kernel end before, say task.settle(paid=True, task_id={answer.id!r}) of the unknown task.",
            ) from None
        with contextlib.suppress(StoreError):  # it is written: whoever waits is told of what can't be read
            task.renew()
            self.prices.note_group(answer.user_group)
            self.poller.take_in(task, answer)
        if task.row.state == "unknown" and task.error is not None:
            raise task.error

    def _not_created(self, task: Task, row: TaskRow, error: BaseException) -> BaseException:
        """Journal what an error of the creating call means, not accepted or unknown, and return what to raise."""
        from fox_nb.client import certainly_not_accepted

        if certainly_not_accepted(error) or isinstance(error, SandboxError) or self._was_sent_before(row, error):
            self._refused(task, row, error)
            return error
        with contextlib.suppress(StoreError):  # the journal keeps it, and writes it as soon as it can
            self.store.journal.unknown(row, _words(error), self.now(), _request_id_of(error))
            task.renew()
        return task.error or error

    def _was_sent_before(self, row: TaskRow, error: BaseException) -> bool:
        """Return True where a relay sent nothing, as it had before, and the journal holds the cost of that already."""
        from fox_nb.client.responses import SENT_BEFORE

        with contextlib.suppress(StoreError):
            is_said = isinstance(error, GatewayError) and error.code == SENT_BEFORE
            return is_said and bool(self.store.journal.lost(row.identity, row.charge)[1])
        return False

    def _refused(self, task: Task | None, row: TaskRow, error: BaseException) -> None:
        """Journal that it was certainly not accepted, or not sent at all."""
        about = type(error).__name__, _words(error)
        with contextlib.suppress(StoreError):
            self.store.journal.refused(row, *about, self.now(), _request_id_of(error))
            if task is not None:
                task.renew()


def _refuse_near_links(request: Request) -> None:
    """Refuse a link that only this machine or its network can open, such as one of Jupyter's own file browser."""
    for name in file_names(type(request)):
        value = getattr(request, name)
        for link in value if isinstance(value, list) else [value]:
            if is_link(link) and is_private(urlsplit(link).hostname or ""):
                raise InvalidRequest(
                    f"{name} is {shown(link)}, which the gateway cannot open: that place is in your own network.",
                    parameter=name,
                    value=link,
                    todo="Give the file itself: it is uploaded.",
                )


def request_of(row: TaskRow) -> Request:
    """Return the request that a row was made of."""
    return validate(row.model, {name: value for name, value in row.body.items() if name != "model"})


def _request_id_of(error: BaseException) -> str:
    """Return by what the gateway's support finds the call that an error is about; '' when nothing names it."""
    return error.request_id if isinstance(error, (GatewayError, ConnectionLost)) else ""


def _words(error: BaseException) -> str:
    """Return what the journal notes of an error."""
    words = error.what if isinstance(error, FoxError) else f"it met with a {type(error).__name__}"
    return words.encode("utf-8", "replace").decode()  # the path of a folder may hold what no text may


def _check_known(task: Task, task_id: str, *, paid: bool) -> None:
    """Refuse what the journal knows better; what it knows already needs no settling."""
    row = task.row
    if row.state == "unknown" and task.error is not None:  # another sending is, which nobody here knew of
        raise task.error
    agrees = task_id == row.task_id if task_id else paid == (row.state != "refused")
    if agrees and row.state not in BEING_SENT:
        return
    given = f"paid={paid}" + (f", task_id={task_id!r}" if task_id else "")
    known = f"{task.status}, as {row.task_id}" if row.task_id else task.status
    being_sent = "is being sent just now: its answer may still come"
    raise InvalidRequest(
        f"{given} settles nothing: the task {being_sent if row.state in BEING_SENT else f'is {known}'}.",
        parameter="task_id" if task_id else "paid",
        value=task_id or paid,
        todo="Wait a little, then ask again." if row.state in BEING_SENT else "Only what is unknown has to be settled.",
    )
