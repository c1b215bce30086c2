"""Session: journal, submit, poll, download: one store at one gateway with one key."""

from __future__ import annotations

import contextlib
import random
import tempfile
import threading
import time
import weakref
from concurrent.futures import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fox_nb.errors import NOTHING_SENT, FoxError, InvalidRequest, StoreError
from fox_nb.models import Request, check, request_class, validate
from fox_nb.parameters import parameters
from fox_nb.session.billing import Account, Billing, Reconciliation
from fox_nb.session.code import call
from fox_nb.session.cost import Cost
from fox_nb.session.downloads import LINKS_LIVE, pictures_here
from fox_nb.session.identity import identity_of, request_hash, take_number
from fox_nb.session.poller import Poller
from fox_nb.session.pool import Pool
from fox_nb.session.prices import PriceList, micro_usd
from fox_nb.session.profiles import Profiles
from fox_nb.session.renderer import TERMINAL
from fox_nb.session.submission import Sender, words
from fox_nb.session.task import Task
from fox_nb.session.tasklist import TaskList
from fox_nb.session.uploads import Uploads
from fox_nb.settings import Polling, fingerprint
from fox_nb.sharing import renew_in_children
from fox_nb.store import BEING_SENT, MICRO_PER_USD, Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from fox_nb.client import Client
    from fox_nb.images.prepare import Prepared
    from fox_nb.session.renderer import Renderer
    from fox_nb.settings import Gateway
    from fox_nb.store import Store, TaskRow

SENDERS = 4
"""So many creations of a kernel are on the wire at once."""
ASKERS = 4


class Session:
    """One store at one gateway with one key: what makes a task of a request.

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
        The pace of looking.
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
        self.account = "sandbox" if gateway.is_sandbox else fingerprint(gateway.key, store.salt)
        group = f"group {gateway.name} {self.account}"
        self.prices = PriceList(
            client,
            is_play_money=gateway.is_sandbox,
            group=lambda: store.catalog.facts(group).get("", ""),
            remember=lambda name: store.catalog.set_fact(group, name),
        )
        self.billing = Billing(
            client,
            store,
            gateway.name,
            self.account,
            is_play_money=gateway.is_sandbox,
            prices=self.prices,
            clock=clock,
            renderer=renderer,
        )
        self.sources = Uploads(store, client, gateway.name, self.account, clock)
        self.profiles = Profiles(store, gateway.name, clock, renderer)
        self._asking = Pool(ASKERS, "asking")
        self._sending = Pool(SENDERS, "sending")
        self._sender = Sender(gateway, client, store, self.sources, clock, self.prices)
        self._poller = Poller(gateway, client, store, polling or Polling(), clock, rng or random.Random())
        self._tasks: weakref.WeakValueDictionary[str, Task] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()
        renew_in_children(self)

    def _after_fork(self) -> None:
        """Be closed in a forked process: its threads are the parent's alone, and so are the tasks' ends."""
        tasks = list(self._tasks.values())
        Session.__init__(self, self.gateway, self.client, self.store, budget=self.budget, clock=self.now)
        Session.close(self)
        for task in tasks:
            task._detach(self.store.folder)  # noqa: SLF001 - no name of a task that people see

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
            It was sent, now or earlier, and the answer never came.
        GatewayError, NotConnected
            It was not accepted.
        """
        request, prepared = self.validated(model, values)
        number = take_number(take)
        self.prices.ask()
        asked, budget = self._asked(request), self._budget()

        def ask() -> tuple[Task, Future[None] | None]:
            row, ours = self.store.journal.ask(
                asked,
                lambda take: identity_of(asked.gateway, asked.request, take),
                number,
                budget=budget,
                now=self.now(),
            )
            task = self.task(row)
            task.reused = not ours
            with self._or_refused(task) if ours else contextlib.nullcontext():
                if journalled is not None:
                    journalled(task)
                return task, self._send(task, prepared) if ours else None

        return self._run_submission(ask)

    def validated(self, model: str, values: Mapping[str, Any]) -> tuple[Request, dict[str, Prepared]]:
        """Return the request for plain values, and the local pictures that it names; sends nothing."""
        named, prepared = self.sources.name(model, values)
        return validate(model, named), prepared

    def identity(self, request: Request, take: int) -> str:
        """Return what the journal knows a request's take by."""
        return identity_of(self.gateway.name, request.canonical(), take)

    def known(self, request: Request, take: int) -> TaskRow | None:
        """Return what the journal says of a request's take; sends nothing."""
        return self.store.journal.find(self.identity(request, take), self.now())

    def all_known(self, identities: Sequence[str]) -> dict[str, TaskRow]:
        """Return what the journal says of many identities, where it knows them; sends nothing."""
        return self.store.journal.find_all(identities, self.now())

    def retry(self, task: Task) -> None:
        """Send a failed, unknown or refused task again, knowingly."""
        request = validate(task.model, {name: value for name, value in task.row.body.items() if name != "model"})
        self.prices.ask()
        asked, budget = self._asked(request), self._budget()

        def ask() -> tuple[Task, Future[None] | None]:
            row, ours = self.store.journal.retry(task.identity, asked, budget=budget, now=self.now())
            task.update(row)
            with self._or_refused(task) if ours else contextlib.nullcontext():
                return task, self._send(task, {}) if ours else None

        self._run_submission(ask)

    def settle(self, task: Task, *, paid: bool, task_id: str = "") -> None:
        """Note what the person found out of an unknown sending; with its id it is watched again."""
        if task_id:
            self._check_found(task, task_id, paid=paid)
        settled = self.store.journal.settle(task.identity, paid=paid, now=self.now(), task_id=task_id)
        task.renew()
        if not settled:
            _check_known(task, task_id, paid=paid)
        self.watch(task)

    def _check_found(self, task: Task, task_id: str, *, paid: bool) -> None:
        """Refuse an id that cannot be that of a lost task: another one's pictures would be taken for its own."""
        known = next((row for row in self.store.journal.with_id(task_id) if row.identity != task.identity), None)
        why = "which has paid=False beside it: what has an id was accepted" if not paid else ""
        why = f"which this store knows as the task of {known.words[:80]!r}" if known is not None else why
        if why:
            raise InvalidRequest(
                f"task_id is {task_id!r}, {why}.",
                parameter="task_id",
                value=task_id,
                todo="Look for the id in the gateway's console again; without one say paid=True or paid=False alone.",
            )
        self.client.task(task_id)  # raises what is wrong with it

    def resume(self) -> list[Task]:
        """Go on with what any earlier kernel left unfinished; what is unknown is told, not watched."""
        tasks = [self.task(row) for row in self.unfinished()]
        for task in tasks:
            self.watch(task)
        return tasks

    def unfinished(self) -> list[TaskRow]:
        """Return what is under way or unknown at this gateway."""
        return self.store.journal.unfinished(self.gateway.name, self.now())

    def tasks(
        self,
        *,
        model: str = "",
        text: str = "",
        since: float | None = None,
        until: float | None = None,
        states: Sequence[str] = (),
        limit: int = -1,
        offset: int = 0,
    ) -> TaskList:
        """Return what the journal knows of this gateway's tasks, newest first."""
        chosen = {"model": model, "text": text, "since": since, "until": until, "states": states}
        rows = self.store.journal.tasks(self.gateway.name, **chosen, limit=limit, offset=offset)  # type: ignore[arg-type]
        total = self.store.journal.count(self.gateway.name, **chosen)  # type: ignore[arg-type]
        found = [self.task(row) for row in rows]
        return self.listed(found, total, empty="No results. Remove a filter." if any(chosen.values()) else "")

    def listed(self, tasks: Sequence[Task], total: int, *, empty: str = "") -> TaskList:
        """Return tasks as people hold them; `total` is how many there are, those left out included."""
        return TaskList(tasks, total=total, sandbox=self.gateway.is_sandbox, renderer=self.renderer, empty=empty)

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

    def watch(self, task: Task) -> None:
        """Look after a task until it ends."""
        self._poller.watch(task)

    def leave(self, task: Task) -> None:
        """Stop looking after a task."""
        self._poller.leave(task)

    def is_watching(self, task: Task) -> bool:
        """Return True while a task is looked after."""
        return self._poller.is_watching(task)

    def row(self, identity: str) -> TaskRow:
        """Return what the journal says now."""
        return self.store.journal.get(identity)

    def path(self, file: str) -> Path:
        """Return where a file of the store is."""
        return self.store.path(file)

    def estimate(self, row: TaskRow) -> float:
        """Return how many seconds a task is thought to take."""
        return self._poller.estimate(row)

    def spread(self, row: TaskRow) -> float:
        """Return how far off that may be: sigma of the logarithm of durations."""
        return self._poller.spread(row)

    def seconds_for(self, request: Request) -> float:
        """Return how many seconds a request is thought to take."""
        return self._poller.seconds(request.model, str(getattr(request, "resolution", "")))

    def originals(self, row: TaskRow) -> list[Path]:
        """Return the files of the local pictures that a task was given."""
        return self.sources.files(row.body)

    def code(self, row: TaskRow) -> str:
        """Return the call that asks for the same."""
        return call(row.body, row.take, self.sources.origins(row.body))

    def is_sandbox(self, row: TaskRow) -> bool:
        """Return True for play money."""
        return row.gateway == "sandbox"

    @property
    def spent(self) -> Cost:
        """What this store has spent on this gateway and key: charged where that is known, what is reserved included."""
        amount = self.store.journal.spent(self.gateway.name, self.account) / MICRO_PER_USD
        return Cost(amount, is_estimate=False, is_play_money=self.gateway.is_sandbox)

    @property
    def left(self) -> Cost | None:
        """What the budget has left; None without one."""
        if self.budget is None:
            return None
        counted = self.store.journal.counted(self.gateway.name, self.account) / MICRO_PER_USD
        return Cost(max(0.0, self.budget - counted), is_estimate=False, is_play_money=self.gateway.is_sandbox)

    def price(self, model: Any, values: Mapping[str, Any]) -> Cost:
        """Return what a request would cost; what is not given is at its default, and any picture costs the same."""
        request, values = request_class(model), {str(name): value for name, value in values.items()}
        take_number(values.pop("take", 1))  # each costs the same
        free = {one.name for one in parameters(request) if one.hint.kind in {"prompt", "picture", "archive"}}
        checked = {name: value if name in free else check(request.model, name, value) for name, value in values.items()}
        self.prices.ask()
        return self.prices.cost(request.unchecked(**checked))

    def money(self, usd: float) -> Cost:
        """Return an amount that is no estimate, as money of this gateway."""
        return Cost(usd, is_estimate=False, is_play_money=self.gateway.is_sandbox)

    @property
    def limit(self) -> float | None:
        """The budget in USD, of whoever it is; None without one."""
        return self.budget

    def key_account(self, *, quiet: bool = False) -> Account:
        """Return the key's own account, as the gateway has it; `quiet` where nobody has asked for it."""
        return self.billing.account(quiet=quiet)

    def known_account(self) -> Account:
        """Return what the store knows of the key's account; asks nobody."""
        return self.billing.known_account()

    def reconcile(self, *, fresh: bool = False) -> Reconciliation:
        """Hold the gateway's log against the journal, and bring tasks up to date with it; settles nothing."""
        note, joined = self.billing.reconcile(fresh=fresh)
        for task in list(self._tasks.values()):
            task.renew()
        lost = [row for row in self.unfinished() if row.state == "unknown" and row.account == self.account]
        return self.billing.report(lost, note, joined)

    def hand_in(self) -> None:
        """Send what ``store.take_home`` packs to the relay of the class.

        Raises
        ------
        FoxError
            What answers here is no class's relay, or it did not take it.
        """
        self.prices.ask()
        if not self.prices.is_class:
            raise FoxError(
                "There is no class to hand it in to: what answers here is not the relay of one.",
                money="Nothing was sent.",
                todo="Set FOXAPI_BASE_URL and FOXAPI_KEY as your teacher gave them. "
                "fox.store.take_home() writes a file that you can send by other ways.",
            )
        with tempfile.TemporaryDirectory(prefix="fox_nb-hand-in-") as folder:
            self.client.hand_in(self.store.take_home(Path(folder) / "my-work.zip"))

    def close(self) -> None:
        """Stop all threads; what is under way goes on at the gateway and can be resumed.

        An answer that is being waited for is waited for here, too: it holds the id of what is paid for.
        """
        self._asking.close(wait=True)
        self._sending.close(wait=True)
        self._poller.close()
        self.prices.close()

    def _run_submission(self, ask: Callable[[], tuple[Task, Future[None] | None]]) -> Task:
        """Ask the journal and send in threads of their own: an interrupt ends the waiting here, and nothing else."""
        try:
            task, sent = self._asking.submit(ask).result()
            if sent is not None:
                sent.result()
            else:
                self._go_on(task)
        except CancelledError:
            raise FoxError(
                "This Fox was closed before the request was sent.",
                money=NOTHING_SENT,
                todo="Make a new Fox and ask again.",
            ) from None
        return task

    @contextlib.contextmanager
    def _or_refused(self, task: Task) -> Iterator[None]:
        """Note of what is ours to send that it was not sent, when something fails before that."""
        row = task.row
        try:
            yield
        except BaseException as error:
            with contextlib.suppress(StoreError):
                self.store.journal.refused(row, type(error).__name__, words(error), self.now())
                task.renew()
            raise

    def _send(self, task: Task, prepared: Mapping[str, Prepared]) -> Future[None]:
        row = task.row

        def send() -> None:
            try:
                self._sender.send(task, prepared)
            finally:  # what the journal could not take is looked after, too, until it is written
                try:
                    self._poller.watch(task)
                except FoxError as error:  # whoever waits for it is told
                    task.update(task.row, error)

        def settled(sent: Future[None]) -> None:
            if sent.cancelled():
                with contextlib.suppress(StoreError):
                    self.store.journal.refused(row, "closed", "It was closed before it was sent.", self.now())

        sent = self._sending.submit(send)
        sent.add_done_callback(settled)
        return sent

    def _go_on(self, task: Task) -> None:
        """Show, watch, fetch again or tell what was asked for before."""
        row = task.row
        if row.state == "completed" and self._has_gaps(row):
            self._poller.fetch_again(task)
        elif row.state == "unknown" and task.error is not None:
            raise task.error
        else:
            self._poller.watch(task)

    def _has_gaps(self, row: TaskRow) -> bool:
        """Return True while pictures that are deleted, or never came, can be had for nothing: their links live."""
        missing = pictures_here(self.store, row) < max(len(row.pictures), 0 if row.profile_id else row.wanted)
        return missing and self.now() - (row.finished or row.asked) < LINKS_LIVE

    def _asked(self, request: Request) -> Asked:
        cost, canonical = self.prices.reserved(request), request.canonical()
        return Asked(
            gateway=self.gateway.name,
            account=self.account,
            model=request.model,
            request=canonical,
            request_hash=request_hash(canonical),
            micro_usd=micro_usd(cost),
            price_is_estimate=cost.is_estimate,
        )

    def _budget(self) -> int | None:
        return None if self.budget is None else round(self.budget * MICRO_PER_USD)


def _check_known(task: Task, task_id: str, *, paid: bool) -> None:
    """Refuse what the journal knows better; what it knows already needs no settling."""
    row = task.row
    agrees = task_id == row.task_id if task_id else paid == (row.state != "refused")
    if agrees and row.state not in BEING_SENT:
        return
    told = f"paid={paid}" + (f", task_id={task_id!r}" if task_id else "")
    known = f"{task.status}, as {row.task_id}" if row.task_id else task.status
    being_sent = "is being sent just now: its answer may still come"
    raise InvalidRequest(
        f"{told} settles nothing: the task {being_sent if row.state in BEING_SENT else f'is {known}'}.",
        parameter="task_id" if task_id else "paid",
        value=task_id or paid,
        todo="Wait a little, then ask again." if row.state in BEING_SENT else "Only what is unknown has to be settled.",
    )
