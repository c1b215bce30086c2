"""Session: one store at one gateway with one key: what it has made and spent; it submits as `Submitter` does."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from fox_nb.errors import NOTHING_SENT, FoxError, NotFound, StoreError
from fox_nb.models import Request, check, request_class, take_number
from fox_nb.money import MICRO_PER_USD
from fox_nb.parameters import parameters
from fox_nb.session.billing import Billing, Reconciliation
from fox_nb.session.downloads import LINKS_LIVE
from fox_nb.session.prices import Cost
from fox_nb.session.submission import Submitter
from fox_nb.session.task import Task
from fox_nb.session.tasklist import TaskList
from fox_nb.settings import DEFAULT_BASE_URL, Gateway, fingerprint
from fox_nb.sharing import renew_in_children
from fox_nb.store import Store, TaskRow, identity_of
from fox_nb.store.journal_reader import Chosen

if TYPE_CHECKING:
    from fox_nb.client import Client


def as_known(gateway: Gateway, client: Client, store: Store) -> Gateway:
    """Return a gateway as a store knows it: in a class by the class and the seat, whose address and token may change.

    The relay is asked by each session; while it does not answer, a new token is of the seat that was the last. What
    says that it is no relay is asked once: whoever only looks waits for the answer.
    """
    if gateway.is_sandbox or gateway.account or gateway.base_url == DEFAULT_BASE_URL:
        return gateway
    key = fingerprint(gateway.key, store.salt)
    no_class = f"no class {gateway.base_url} {key}"
    if store.catalog.facts(no_class):
        return gateway
    try:
        seat = client.seat()
    except FoxError as error:
        known = store.catalog.known(gateway, "")
        if isinstance(error, NotFound) and error.type and not known.account:  # a proxy before a relay has other words
            with contextlib.suppress(StoreError):  # of a disk that can only be read: it is asked again
                store.catalog.set_fact(no_class, "1")
        return known
    store.catalog.name_seat(gateway.base_url, key, *seat)
    return store.catalog.known(gateway, key)


class Session(Submitter):
    """One store at one gateway with one key.

    Parameters
    ----------
    *args, **options
        What `Submitter` takes.
    """

    billing_class: type[Billing] = Billing

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.billing = self.billing_class(
            self.client,
            self.store,
            self.gateway.name,
            self.account,
            prices=self.prices,
            clock=self.now,
            renderer=self.renderer,
        )
        renew_in_children(self)

    def _after_fork(self) -> None:
        """Be closed in a forked process: its threads are the parent's alone, and so are the tasks' ends."""
        tasks = list(self._tasks.values())  # without the lock: a thread that is not here may hold it
        Session.__init__(self, self.gateway, self.client, self.store, budget=self.budget, clock=self.now)
        Session.close(self)
        for task in tasks:
            task._detach(self.store.folder)  # noqa: SLF001 - no name of a task that people see

    def identity(self, request: Request, take: int) -> str:
        """Return what the journal knows a request's take by."""
        return identity_of(self.gateway.name, request.canonical(), take)

    def known(self, request: Request, take: int) -> TaskRow | None:
        """Return what the journal says of a request's take; sends nothing."""
        return self.store.journal.find(self.identity(request, take), self.now())

    def resume(self) -> list[Task]:
        """Go on with what any earlier kernel left unfinished; what is unknown is told, not watched."""
        tasks = [self.task(row) for row in self.unfinished()]
        for task in tasks:
            self.poller.watch(task)
        return tasks

    def unfinished(self) -> list[TaskRow]:
        """Return what is under way or unknown at this gateway."""
        return self.store.journal.unfinished(self.gateway.name, self.now())

    def tasks(self, *, limit: int = -1, offset: int = 0, **chosen: Unpack[Chosen]) -> TaskList:
        """Return what the journal knows of this gateway's tasks, newest first."""
        rows = self.store.journal.tasks(self.gateway.name, limit=limit, offset=offset, **chosen)
        total = self.store.journal.count(self.gateway.name, **chosen)
        found = [self.task(row) for row in rows]
        # the words are those of the panels' history.js, too
        return self.listed(found, total, empty="No results. Remove a filter." if any(chosen.values()) else "")

    def listed(self, tasks: Sequence[Task], total: int, *, empty: str = "") -> TaskList:
        """Return tasks as people hold them; `total` is how many there are, those left out included."""
        return TaskList(tasks, total=total, sandbox=self.prices.is_play_money, renderer=self.renderer, empty=empty)

    @property
    def spent(self) -> Cost:
        """What this store has spent on this gateway and key: charged where that is known, what is reserved included."""
        return self.prices.money(self.store.journal.spent(self.gateway.name, self.account) / MICRO_PER_USD)

    @property
    def left(self) -> Cost | None:
        """What the budget has left; None without one."""
        if self.budget is None:
            return None
        counted = self.store.journal.counted(self.gateway.name, self.account) / MICRO_PER_USD
        return self.prices.money(max(0.0, self.budget - counted))

    def price(self, model: Any, values: Mapping[str, Any]) -> Cost:
        """Return what a request would cost; what is not given is at its default, and any picture costs the same."""
        request = request_class(model)
        values = {str(name): value for name, value in values.items() if value is not None}
        take_number(values.pop("take", 1))  # each costs the same
        free = {one.name for one in parameters(request) if one.hint.kind == "prompt" or one.hint.is_file}
        checked = {name: value if name in free else check(request.model, name, value) for name, value in values.items()}
        self.prices.ask()
        return self.prices.cost(request.unchecked(**checked))

    @property
    def limit(self) -> float | None:
        """The budget in USD, of whoever it is; None without one."""
        return self.budget

    def reconcile(self, *, fresh: bool = False) -> Reconciliation:
        """Hold the gateway's log against the journal, and bring tasks up to date with it; settles nothing."""
        note, joined = self.billing.reconcile(fresh=fresh)
        for task in self.held():
            with contextlib.suppress(StoreError):  # the file may have lost one: the bill is told all the same
                task.renew()
        lost = [row for row in self.unfinished() if row.state == "unknown"]
        ended = self.store.journal.tasks(self.gateway.name, states=("failed", "refused"))
        lost += [row for row in ended if row.is_named_since and self.now() - (row.sent or row.asked) < LINKS_LIVE]
        return self.billing.report([row for row in lost if row.account == self.account], note, joined)

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
                money=NOTHING_SENT,
                todo="Set FOXAPI_BASE_URL and FOXAPI_KEY as your teacher gave them. "
                "fox.store.take_home() writes a file that you can send by other ways.",
            )
        with tempfile.TemporaryDirectory(prefix="fox_nb-hand-in-") as folder:
            self.client.hand_in(self.store.take_home(Path(folder) / "my-work.zip"))
