"""Prices: what an amount is, and what a request may cost: by the gateway's list, else by an estimate."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Self

from fox_nb.errors import StoreError
from fox_nb.models import MODELS, Request
from fox_nb.money import LEAST_USD, MICRO_PER_USD, MOST_USD, dollars
from fox_nb.session.pool import Pool
from fox_nb.store.journal_reader import REHEARSAL
from fox_nb.store.rows import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from fox_nb.client import Client
    from fox_nb.store import TaskRow
    from fox_nb.tasks import TaskState


ASK_AGAIN = 60.0
"""Seconds before a gateway is asked for its prices again: it may raise them while a kernel lives."""

PATIENCE = 2.0
"""Seconds that a call is held by the price list, however slowly that comes; it may go on coming meanwhile."""
RECORDED = "recorded"
"""The kind of what a recorded task cost its teacher: nothing is charged where it is shown."""
GROUP, LISTED = "group", "listed"
"""What is kept beside `REHEARSAL`: the key's group, and every price that was listed."""
_MOST_SEEN = 50
"""So many prices of a model are kept."""


class Cost(float):
    """An amount in USD that knows what it is.

    Attributes
    ----------
    is_estimate : bool
        True where it comes from the table of estimates, not from the gateway's price list.
    is_play_money : bool
        True on the sandbox.
    credits_reserved : float or None
        What the gateway says that it reserved, in its own unit.
    kind : str
        Of a task: estimated, reserved, charged, refunded, shared or recorded; '' for a price.
    charged, refunded : Cost or None
        What the gateway's log says of it; None where it says nothing. The amount itself is what is left of them.
    at : float or None
        The log's own time of that, seconds since 1970.
    group : str
        The group whose price it is; '' where the price list has no groups to tell apart.
    is_group_known : bool
        False while nobody knows the key's own group.
    """

    is_estimate: bool
    is_play_money: bool
    credits_reserved: float | None
    kind: str
    charged: Cost | None
    refunded: Cost | None
    at: float | None
    group: str
    is_group_known: bool

    def __new__(
        cls,
        usd: float,
        *,
        is_estimate: bool,
        is_play_money: bool = False,
        credits_reserved: float | None = None,
        kind: str = "",
        charged: Cost | None = None,
        refunded: Cost | None = None,
        at: float | None = None,
        group: str = "",
        is_group_known: bool = True,
    ) -> Self:
        """Make an amount of USD."""
        cost = super().__new__(cls, usd)
        cost.is_estimate = is_estimate
        cost.is_play_money = is_play_money
        cost.credits_reserved = credits_reserved
        cost.kind = kind
        cost.charged, cost.refunded, cost.at = charged, refunded, at
        cost.group, cost.is_group_known = group, is_group_known
        return cost

    def __getnewargs_ex__(self) -> tuple[tuple[float], dict[str, Any]]:
        """Be copied, and travel between processes, with all that it knows."""
        return (float(self),), vars(self)

    @property
    def amount(self) -> str:
        """The amount as it stands in a sentence: $0.09, with a word on play money."""
        return dollars(self, play=self.is_play_money)

    @property
    def is_settled(self) -> bool:
        """True where no bill is going to say more: it was refunded, nothing was kept, or it is a recording."""
        return self.kind in {"refunded", RECORDED} or not self

    @property
    def about(self) -> list[str]:
        """What kind of money it is, in words: play money, an estimate, whose price."""
        words = [word for word, so in (("play money", self.is_play_money), ("estimate", self.is_estimate)) if so]
        if self.group:
            words.append(f"price of group {self.group}" + ("" if self.is_group_known else ", yours is not known yet"))
        return words

    @property
    def short(self) -> str:
        """The amount alone, as it stands on buttons: $0.09."""
        return dollars(self)

    def __str__(self) -> str:
        about = [word for word in self.about if not (self.kind and word == "estimate")]
        if self.kind == "refunded" and self.refunded is not None:
            about.append(f"{self.refunded.short} came back")
        if self.kind == SHARED:
            about.append("the class pays")
        words = f"{self.short} {self.kind}".rstrip()
        return f"{words} ({', '.join(about)})" if about else words

    __repr__ = __str__


def cost_of(row: TaskRow) -> Cost:
    """Return what a task has cost, and of what kind that amount is."""

    def seen(micro_usd: int) -> Cost:
        return Cost(micro_usd / MICRO_PER_USD, is_estimate=False, is_play_money=row.is_play_money)

    is_shared = row.bill == SHARED and row.net == 0
    known = is_shared or (row.unbilled == 0 and (row.charged is not None or row.refunded > 0))
    if is_shared:
        kind = SHARED
    elif row.is_recorded:
        kind = RECORDED
    elif known:
        kind = "refunded" if row.refunded > 0 and row.net == 0 else "charged"
    else:
        kind = "estimated" if row.price_is_estimate else "reserved"
    return Cost(
        row.net / MICRO_PER_USD,
        is_estimate=row.price_is_estimate and not known,
        is_play_money=row.is_play_money,
        credits_reserved=row.credits,
        kind=kind,
        charged=None if row.charged is None else seen(row.charged),
        refunded=seen(row.refunded) if row.refunded else None,
        at=row.bill_at,
    )


class PriceList:
    """The gateway's prices, asked for now and then; while a gateway gives none, the estimates stand.

    A price that was raised counts from then on, and is told. One that was lowered counts in the next kernel: of two
    lists that contradict each other the dearer one is right for a limit. Prices are those of the key's own group; while
    nobody knows it, that of `default` is shown, and a budget counts the dearest group's.

    Parameters
    ----------
    client : Client
        Whom to ask.
    is_play_money : bool
        True on the sandbox.
    is_class : bool
        True where the store knows the gateway as the relay of a class: what its answers say is believed before it has
        listed its prices.
    recall : callable
        Gives what the store knows of the key, else '': its group, whether it is of a class that rehearses, what was
        ever listed. Not called before a price is asked for, as in a forked process the store can't be read yet when a
        session is made.
    remember : callable
        Called with the name and the value of what is new of that.
    """

    def __init__(
        self,
        client: Client,
        *,
        is_play_money: bool,
        is_class: bool = False,
        recall: Callable[[str], str] = lambda _: "",
        remember: Callable[[str, str], object] = lambda _name, _value: None,
    ) -> None:
        self._client = client
        self._plays = True if is_play_money else None
        self._recall, self._remember = recall, remember
        self._lock = threading.Lock()
        self.is_class = is_class
        """True when what answers has said that it is the relay of a class, which wants to know of takes."""
        self._known_group: str | None = None
        self._listed: Mapping[str, float] = {}
        self._ratios: Mapping[str, float] = {}
        self._counted: dict[str, float] = {}
        self._seen: dict[str, list[float]] = {}
        self._asked = float("-inf")
        self._fetching: Future[None] | None = None
        self._pool = Pool(1, "prices", idle=0.0)

    def ask(self) -> None:
        """Fetch the list where it is due, for at most `PATIENCE`; what comes later counts for the next call."""
        with contextlib.suppress(StoreError):  # closed, or away: what is known stands
            if not self._group:  # another kernel may have learned it since
                self._take_group(self._recall(GROUP))
        with self._lock:
            if time.monotonic() - self._asked >= ASK_AGAIN and (self._fetching is None or self._fetching.done()):
                self._fetching = self._pool.submit(self._fetch)  # where there is no thread, it is due as before
                self._asked = time.monotonic()
            fetching, left = self._fetching, self._asked + PATIENCE - time.monotonic()
        if fetching is None or fetching.cancelled():  # closed
            return
        with contextlib.suppress(Exception):  # late, refused, closed meanwhile, no list at all: what is known stands
            fetching.result(max(0.0, left))

    @property
    def _group(self) -> str:
        if self._known_group is None:
            self._known_group = self._recall(GROUP)
        return self._known_group

    def note_group(self, group: str) -> None:
        """Take over the key's group, as a task's answer or the log names it."""
        if group and group != self._group:
            self._remember(GROUP, group)  # not in the lock, for which prices wait: another program may hold the journal
            self._take_group(group)

    def is_shared(self, answer: TaskState) -> bool:
        """Return True when the class pays: only its relay's word takes anything off what a budget counts."""
        if answer.class_pays:
            with contextlib.suppress(Exception):  # it was accepted: that is written down whatever a price list does
                self.ask()
        return answer.class_pays and self.is_class

    def _take_group(self, group: str) -> None:
        if group:
            with self._lock:
                self._known_group = group
                self._warn_of_rises()

    @property
    def is_play_money(self) -> bool:
        """True on the sandbox, also where it is behind the relay of a class."""
        if self._plays is None:
            self._plays = bool(self._recall(REHEARSAL))
        return self._plays

    def money(self, usd: float) -> Cost:
        """Return an amount that is known, as money of this gateway."""
        return Cost(usd, is_estimate=False, is_play_money=self.is_play_money)

    @property
    def usd(self) -> dict[str, float]:
        """What a budget counts for a call of each model that the gateway names."""
        known = {name: self.counted(name) for name in self._listed}
        return {name: usd for name, usd in known.items() if usd is not None}

    def cost(self, request: Request) -> Cost:
        """Return what a request costs by what is known now, for the key's group; asks nobody."""
        price = self._price(request.model)
        self._counted[request.model] = request.usd if price is None else price
        return self._cost(request, price)

    def counted(self, model: str) -> float | None:
        """Return the price of a call that a budget counts: the dearest group's while the key's own is not known.

        None where the list is silent: then the model's own estimate counts.
        """
        price = self._price(model)
        if not self.is_group_known and model in self._listed:
            dearest = self._listed[model] * max({"default": 1.0, **self._ratios}.values())
            price = dearest if dearest >= LEAST_USD else None
        if model in MODELS:  # a later list that is dearer is told
            self._counted.setdefault(model, MODELS[model].usd if price is None else price)
        return price

    def reserved(self, request: Request) -> Cost:
        """Return what a budget counts for a request."""
        return self._cost(request, self.counted(request.model))

    def amounts(self, model: str, request: str, groups: Collection[str]) -> set[int]:
        """Return what a journalled request may have been charged in millionths of a USD, by each list that was seen.

        While nobody knows the key's group, that is in each that is listed; else in it, and in those of `groups`.
        """
        if model not in self._seen.keys() & self._listed.keys() & MODELS.keys():  # a newer fox_nb has seen others, too
            return set()
        values = {name: value for name, value in json.loads(request).items() if name != "model"}
        asked = MODELS[model].unchecked(**values)
        possible = {self._group, *groups} if self.is_group_known else self._ratios
        ratios = {self._ratios[name] for name in possible if name in self._ratios} or {1.0}
        return {round(asked.usd_at(listed * ratio) * MICRO_PER_USD) for listed in self._seen[model] for ratio in ratios}

    @property
    def is_group_known(self) -> bool:
        """True where prices are those of the key's own group."""
        return self._group in self._ratios

    def _price(self, model: str) -> float | None:
        """Return a call's price for the key's group, else for `default`; None where the list has none for it."""
        group = self._group if self.is_group_known else "default"
        ratio = self._ratios.get(group, 0.0) if self._ratios else 1.0
        price = self._listed.get(model, 0.0) * ratio
        return price if LEAST_USD <= price <= MOST_USD else None

    def _cost(self, request: Request, price: float | None) -> Cost:
        several = price is not None and len(self._ratios) > 1
        return Cost(
            request.usd_at(price),
            is_estimate=price is None,
            is_play_money=self.is_play_money,
            group=(self._group if self.is_group_known else "default") if several else "",
            is_group_known=self.is_group_known or not several,
        )

    def close(self) -> None:
        """End the asking."""
        self._pool.close()

    def _fetch(self) -> None:
        news = self._client.pricing()
        self.is_class = news.is_class
        listed = news.listed if news.ratios or news.usd else {}  # where no group has a ratio nothing is known
        self._listed = _dearest(self._listed, listed)
        self._ratios = _dearest(self._ratios, news.ratios)
        self._warn_of_rises()
        if news.is_class and news.is_play_money != self.is_play_money:
            self._plays = news.is_play_money
            self._remember(REHEARSAL, "1" if news.is_play_money else "")
        self._see(listed)

    def _see(self, listed: Mapping[str, float]) -> None:
        """Keep what was ever listed: what is on a bill may be by a list that this kernel has not seen."""
        known: dict[str, list[float]] = json.loads(self._recall(LISTED) or "{}")
        self._seen = dict(known)
        for name in listed.keys() & MODELS.keys():
            before = known.get(name, [])
            self._seen[name] = before if listed[name] in before else [*before, listed[name]][-_MOST_SEEN:]
        if self._seen != known:
            self._remember(LISTED, json.dumps(self._seen))

    def _warn_of_rises(self) -> None:
        """Say of what was counted before that it costs more now: by another list, or because the group is another."""
        for name, was in list(self._counted.items()):
            if (now := self._price(name) or was) > was:
                logging.getLogger("fox_nb").warning(
                    "%s now costs %s a call; until now %s was counted. From here on the new price counts.",
                    name,
                    dollars(now),
                    dollars(was),
                )
                self._counted[name] = now


def _dearest(known: Mapping[str, float], news: Mapping[str, float]) -> dict[str, float]:
    return {**known, **{name: max(value, known.get(name, 0.0)) for name, value in news.items()}}
