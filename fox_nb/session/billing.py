"""Billing: the key's own account, and the gateway's log held against the journal; asked seldom, by all kernels."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from fox_nb.errors import FoxError, InvalidRequest, NotFound, RateLimited, SandboxError
from fox_nb.models import MODELS
from fox_nb.money import MICRO_A_QUOTA, MICRO_PER_USD, dollars
from fox_nb.session.lost_answers import Proposal, moment, proposal_of
from fox_nb.session.matching import AMBIGUOUS, Joined, join
from fox_nb.session.prices import Cost, PriceList
from fox_nb.session.renderer import TERMINAL, Renderer, Shows
from fox_nb.store import Sending, Store, TaskRow
from fox_nb.store.bills import AFTER_TROUBLE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from fox_nb.client import Client, Log, Usage

EVERY = 600.0
"""Seconds for which one read of a key's account or log serves all kernels that share the store."""
ACCOUNT, LOG = "account", "log"
OTHERS_READING = 10.0
"""Seconds for which another kernel's read, which has just begun, is waited for."""
CREDITS_ARE_QUOTA = 1000
"""Above this what a gateway says that it reserved is in the unit of its log; the pages' samples (3, 5) are not."""


@dataclass(frozen=True, repr=False)
class Account(Shows):
    """A key's own account, as the gateway had it when it was asked.

    Attributes
    ----------
    name : str
        What the key is called in the gateway's console.
    used, left : Cost or None
        USD that the key has spent, and may still spend, what this store has sent since included; `left` is None without
        a limit, and while nothing is known.
    granted : Cost or None
        Both together, as the gateway said them; None without a limit.
    is_unlimited : bool
        True when the gateway says that the key has no limit.
    is_empty : bool
        True when the gateway itself has said that nothing is left.
    ends_at : float or None
        When the key ends, in seconds since 1970; None when it never does, or nothing is said of it.
    models : tuple of str or None
        The models that the key may call, where it is limited to some.
    asked_at : float or None
        When the gateway was asked; None while it has not answered.
    trouble : str
        Why nothing newer is known; '' when all is well.
    """

    name: str = ""
    used: Cost | None = None
    left: Cost | None = None
    granted: Cost | None = None
    is_unlimited: bool = False
    is_empty: bool = False
    ends_at: float | None = None
    models: tuple[str, ...] | None = None
    asked_at: float | None = None
    trouble: str = ""
    renderer: Renderer = TERMINAL

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What is known, as names and values."""
        if self.used is None:
            return []
        found = [("Key", self.name)] if self.name else []
        found += [("Used", str(self.used)), ("Left", "no limit" if self.left is None else str(self.left))]
        if self.ends_at is not None:
            found.append(("Ends", moment(self.ends_at)))
        if self.models is not None:
            count = sum(name in self.models for name in MODELS)
            found.append(("Models", f"all {count}" if count == len(MODELS) else f"{count} of {len(MODELS)}"))
        return [*found, ("Gateway asked", moment(self.asked_at, whole=True))] if self.asked_at is not None else found

    def __repr__(self) -> str:
        words = ", ".join(f"{name.lower()} {value}" for name, value in self.facts) or "not known"
        return f"<Account {words}{'. ' + self.trouble if self.trouble else ''}>"


@dataclass(frozen=True, repr=False)
class Reconciliation(Shows):
    """What the gateway's log says of this store's tasks: what is not in it proves nothing.

    Attributes
    ----------
    charged, refunded : Cost
        USD, of the tasks that were found.
    found, ambiguous, missing : int
        Sendings whose charge is known; those for which several entries, or one for several, would do; and those of
        which the log says nothing.
    left_over : int or None
        Entries that are no task's of this store for certain; None when the log was not read now.
    strays : tuple of Cost
        Those of them that are charges which fit no request of this store.
    contradicted : tuple of Cost
        What is charged for requests that were settled as not paid.
    proposals : tuple of Proposal
        For each task whose answer was lost.
    read_at : float or None
        When the log was read last.
    note : str
        Why it was not read now; '' when it was.
    shared : int
        Requests that others of a class have made, too, so that the class pays; 0 when the log was not read now.
    """

    charged: Cost
    refunded: Cost
    found: int
    ambiguous: int
    missing: int
    left_over: int | None
    strays: tuple[Cost, ...]
    contradicted: tuple[Cost, ...]
    proposals: tuple[Proposal, ...]
    read_at: float | None
    note: str = ""
    shared: int = 0
    renderer: Renderer = TERMINAL

    @property
    def lines(self) -> list[str]:
        """What was found, each a sentence."""
        money = f"{self.charged.amount} charged, {self.refunded.amount} refunded"
        lines = [f"{_several(self.found, 'request')} on the bill: {money}."]
        if self.shared:
            lines.append(f"{_several(self.shared, 'request')} shared with others: the class pays, you don't.")
        if self.ambiguous:
            lines.append(f"{_several(self.ambiguous, 'request')}: which was charged is not certain.")
        if self.missing:
            lines.append(f"{_several(self.missing, 'request')} not found, which proves nothing: the log may be late.")
        if self.contradicted:
            lines.append(f"{_amounts(self.contradicted, 'charge')} on the bill, though you settled it as not paid.")
        if self.strays:
            fits = "fits" if len(self.strays) == 1 else "fit"
            lines.append(f"{_amounts(self.strays, 'charge')} on the bill {fits} no request of this folder.")
        lines += [str(proposal) for proposal in self.proposals]
        return [*lines, self.note] if self.note else lines

    def __repr__(self) -> str:
        return "\n".join(self.lines)


class Billing:
    """The bill of one key at one gateway.

    Parameters
    ----------
    client, store
        Whom to ask, and what the answers are held against.
    gateway, account : str
        The gateway's name and the key's fingerprint.
    prices : PriceList
        What requests may have been charged.
    clock : callable
        Seconds since 1970.
    renderer : Renderer
        Shows accounts and reconciliations, and says what is told once.
    """

    def __init__(
        self,
        client: Client,
        store: Store,
        gateway: str,
        account: str,
        *,
        prices: PriceList,
        clock: Callable[[], float],
        renderer: Renderer,
    ) -> None:
        self._client = client
        self._store = store
        self._who = (gateway, account)
        self._prices = prices
        self._now = clock
        self._renderer = renderer
        self._lock = threading.Lock()
        self._troubles: dict[str, str] = {}
        self._fact = f"account {gateway} {account}"

    # -- the account ---------------------------------------------------------------------------------------------

    def account(self, *, quiet: bool = False) -> Account:
        """Return the key's account; the gateway is asked where the last answer is old, and its limit allows it.

        Parameters
        ----------
        quiet : bool
            True says nothing where the gateway has had too many questions: nobody has asked for it.
        """
        with self._lock:
            known, asked = self.known_account(), self._now()
            every = AFTER_TROUBLE if known.left is not None and not known.left else EVERY  # it may have been topped up
            if self._is_fresh(known, every):
                return known
            if not self._store.bills.may_read(*self._who, ACCOUNT, asked, every=every, reads=3):
                return self._known_elsewhere()
            try:
                self._prices.ask()  # a class's say whether its money is play money
                with self._reading(ACCOUNT):
                    self._remember(self._client.account(), asked)
            except (InvalidRequest, SandboxError):
                raise
            except FoxError as error:
                self._too_many(error, quiet=quiet)
                return replace(known, trouble=error.what)
            return self.known_account()

    def _is_fresh(self, known: Account, every: float) -> bool:
        return known.asked_at is not None and 0 <= self._now() - known.asked_at < every

    def _remember(self, usage: Usage, asked: float) -> None:
        self._store.catalog.set_fact(self._fact, json.dumps({**asdict(usage), "asked_at": asked}))

    def known_account(self) -> Account:
        """Return what the store knows of the account, less what it has spent since, net; asks nobody."""
        try:
            known = json.loads(self._store.catalog.facts(self._fact).get("", "null"))
            if known is None:
                return Account(renderer=self._renderer)
            asked, used, left = float(known["asked_at"]), float(known["used_usd"]), known["left_usd"]
            spent = self._store.journal.spent(*self._who, since=asked)
            since = (spent - self._store.bills.came_back(*self._who, since=asked)) / MICRO_PER_USD
            return Account(
                name=str(known["name"]),
                used=self._cost(used + since),
                left=None if left is None else self._cost(max(0.0, left - since)),
                granted=None if left is None else self._cost(used + left),
                is_unlimited=left is None,
                is_empty=left is not None and left <= 0,
                ends_at=known["ends_at"],
                models=None if known["models"] is None else tuple(map(str, known["models"])),
                asked_at=asked,
                renderer=self._renderer,
            )
        except (ValueError, TypeError, KeyError):  # written by another version
            return Account(renderer=self._renderer)

    def _known_elsewhere(self) -> Account:
        """Return what another kernel is just finding out, or has; what is old says why nothing newer is known."""
        end = time.monotonic() + OTHERS_READING
        while True:
            begun = self._store.bills.begun(*self._who, ACCOUNT)
            if begun is None or self._now() - begun > OTHERS_READING or time.monotonic() > end:
                break
            time.sleep(0.1)
        known = self.known_account()
        if self._is_fresh(known, EVERY):
            return known
        trouble = self._troubles.get(ACCOUNT, "")
        words = "The gateway was asked a moment ago, and is asked again in some minutes."
        return replace(known, trouble=f"{trouble} {words}".lstrip())

    def _cost(self, usd: float) -> Cost:
        return self._prices.money(usd)

    # -- the log ---------------------------------------------------------------------------------------------------

    def reconcile(self, *, fresh: bool = False) -> tuple[str, Joined | None]:
        """Hold the gateway's log against the journal.

        Parameters
        ----------
        fresh : bool
            True reads it though it was read in the last ten minutes; never beyond the gateway's limit.

        Returns
        -------
        note, joined : str, Joined or None
            Why it was not read, '' when it was; and what came of it.

        Raises
        ------
        FoxError
            It cannot be read.
        """
        with self._lock:
            if not self._store.bills.may_read(*self._who, LOG, self._now(), every=0.0 if fresh else EVERY):
                return self._why_not(fresh=fresh), None
            asked = self._now()
            try:
                with self._reading(LOG):
                    log = self._client.log()
            except RateLimited as error:
                self._too_many(error)
                return self._why_not(fresh=True), None
            except NotFound as error:
                error.todo = "This gateway tells a key no bill: look into its console, and settle by task.settle(…)."
                raise
            ahead = None if log.date is None else (log.date - self._now(), log.date + 1 - asked)
            return "", self._join(log, ahead)

    def _join(self, log: Log, ahead: tuple[float, float] | None) -> Joined:
        self._prices.ask()
        sendings = self._store.bills.sendings(*self._who)
        groups = {entry.group for entry in log.entries}
        joined = join([self._priced(one, groups) for one in sendings], log.entries, ahead)
        self._store.bills.note(joined.found)
        self._prices.note_group(self._group(sendings, joined, log))
        return joined

    def _group(self, sendings: Sequence[Sending], joined: Joined, log: Log) -> str:
        """Return the group that the log shows to be the key's now; '' where an answer may know better.

        That is the one that the newest task was charged for. While none is known, it is that of the newest charge.
        """
        newest = max((one for one in sendings if one.accepted), key=lambda one: one.accepted or 0.0, default=None)
        own = joined.entries.get(newest.number, []) if newest is not None else []
        others = [] if self._prices.is_group_known else [*chain(*joined.entries.values()), *log.entries]
        for entries in (own, others):
            charges = [entry for entry in entries if entry.group and not entry.is_refund]
            if charges:
                return max(charges, key=lambda entry: entry.at).group
        return ""

    def _priced(self, one: Sending, groups: Collection[str]) -> Sending:
        """Return a sending with all that it may have been charged."""
        amounts = one.amounts | self._prices.amounts(one.model, one.request, groups)
        if one.credits is not None and one.credits >= CREDITS_ARE_QUOTA:
            amounts |= {round(one.credits * MICRO_A_QUOTA)}
        return one._replace(amounts=amounts)

    def report(self, lost: Iterable[TaskRow], note: str, joined: Joined | None) -> Reconciliation:
        """Put together what the journal knows of the bill now.

        Parameters
        ----------
        lost : iterable of TaskRow
            The tasks of unknown fate.
        note : str
            Why the log was not read just now.
        joined : Joined or None
            What came of it, where it was read.
        """
        sendings = self._store.bills.sendings(*self._who)
        known = [one for one in sendings if one.charged is not None or one.refunded is not None]
        over = [one for one in sendings if not one.is_settled and not one.is_awaited]
        open_ = [one for one in over if one.charged is None and one.refunded is None]
        ambiguous = sum(one.bill == AMBIGUOUS for one in open_)
        return Reconciliation(
            charged=self._cost(sum(one.charged or 0 for one in known) / MICRO_PER_USD),
            refunded=self._cost(sum(one.refunded or 0 for one in known) / MICRO_PER_USD),
            found=len(known),
            ambiguous=ambiguous,
            missing=len(open_) - ambiguous,
            left_over=None if joined is None else len(joined.left),
            strays=tuple(self._cost(entry.micro_usd / MICRO_PER_USD) for entry in (joined.strays if joined else ())),
            contradicted=tuple(self._cost((one.charged or 0) / MICRO_PER_USD) for one in known if one.is_settled),
            proposals=tuple(proposal_of(row) for row in lost),
            read_at=self._store.bills.last_read(*self._who, LOG),
            note=note,
            shared=sum(any(one.is_shared for one in own) for own in (joined.entries if joined else {}).values()),
            renderer=self._renderer,
        )

    @contextlib.contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        """Note how a read of the account or the log ended, whatever ends it: other kernels may be waiting for it."""
        trouble = "It was interrupted."
        try:
            yield
            trouble = ""
        except FoxError as error:
            trouble = error.what
            raise
        finally:
            self._troubles[what] = trouble
            self._store.bills.ended(*self._who, what, self._now(), whole=not trouble)

    def _too_many(self, error: FoxError, *, quiet: bool = False) -> None:
        """Say once, to whoever shares the store, that the gateway has had too many reads; nothing else changes."""
        if isinstance(error, RateLimited) and not self._store.bills.is_refused(self._who[0]):
            self._store.bills.refused(*self._who, self._now())
            if not quiet:
                self._renderer.notify(
                    "The gateway has had too many questions about the bill from this address; it is asked again in "
                    "20 minutes. Pictures are not touched by that."
                )

    def _why_not(self, *, fresh: bool) -> str:
        bills = self._store.bills
        read, failed = bills.last_read(*self._who, LOG), bills.last_failure(*self._who, LOG)
        fresh = fresh or bills.is_refused(self._who[0])
        if failed is not None and not fresh and (read is None or failed > read):
            trouble = self._troubles.get(LOG, "")
            return f"The log could not be read at {moment(failed)}; it is asked again in a minute. {trouble}".rstrip()
        if read is not None and not fresh:
            again = moment(read + EVERY)
            return f"The log was read at {moment(read)}; again from {again} on, or by fox.reconcile(fresh=True)."
        return "The log was not read: the gateway lets it be read about 20 times in 20 minutes. Try again later."


def _amounts(amounts: Sequence[Cost], word: str) -> str:
    """Say how many there are, and of how much: 1 charge of $0.09, 3 charges of $0.27 in all."""
    total = dollars(sum(amounts), play=amounts[0].is_play_money)
    return f"{_several(len(amounts), word)} of {total}{'' if len(amounts) == 1 else ' in all'}"


def _several(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
