"""Matching: holds the gateway's log against the journal, one to one, and says of each sending how sure that is.

An entry that names its task is that task's. Any other belongs to some sending of the same model and amount that was
under way when it was written. All ways to give each such entry a sending of its own are the ways it may have been: what
is the same in all of them is certain, and nothing else is. So an entry that is missing makes its neighbours ambiguous,
and never another task's; and where n equal tasks meet n equal entries each has been charged, whichever is whose.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from fox_nb.store import SHARED, Sending

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fox_nb.client import Entry

CERTAIN, AMOUNT, AMBIGUOUS, NOTHING = "certain", "amount", "ambiguous", "nothing"
"""How sure the bill of a sending is: which entry is known; that there is one, though not which; that there may be one;
and that none was found, which proves nothing."""

MOST_OFF = 120.0
"""Seconds that the gateway's clock may be off where nothing tells how far."""
DATE_IS_OFF = 2.0
"""Seconds by which the Date header may be wrong about the clock of the log."""
ROUNDED = 2
"""Millionths of a USD: the engine's own unit, in which an amount is rounded."""


class Joined(NamedTuple):
    """What came of it: what is found of each sending, by which entries, and which entries are left over.

    `unexplained` are those of the charges left over for which there are too few sendings; `strays` those that fit none.
    """

    found: list[Sending]
    entries: dict[int, list[Entry]]
    left: list[Entry]
    unexplained: list[Entry]
    strays: list[Entry]
    offset: tuple[float, float]


def clock_offset(
    candidates: Iterable[Sending], entries: Iterable[Entry], date_offset: tuple[float, float] | None
) -> tuple[float, float]:
    """Return between what bounds the gateway's clock is ahead of this computer's, in seconds.

    Parameters
    ----------
    candidates, entries
        Those entries that name a task tell most: each was written while its task was sent.
    date_offset : tuple of float or None
        Between what bounds the Date header of the answer was ahead: it was written while that was waited for.
    """
    sent = {one.task_id: one for one in candidates if one.task_id}
    low, high = -math.inf, math.inf
    for entry in entries:
        one = sent.get(entry.task_id) if entry.task_id else None
        if one is not None and one.model == entry.model:
            high = min(high, entry.at + 1 - one.sent)  # a refund, too, comes after its task
            low = low if entry.is_refund else max(low, entry.at - one.until)
    if low > high:  # it was set in between: then nothing is known of it
        return -MOST_OFF, MOST_OFF
    if date_offset is not None:
        near = max(low, date_offset[0] - DATE_IS_OFF), min(high, date_offset[1] + DATE_IS_OFF)
        if near[0] <= near[1]:  # however far off: it says so itself
            return near
    return max(low, min(-MOST_OFF, high - MOST_OFF)), min(high, max(MOST_OFF, low + MOST_OFF))


def join(
    candidates: Sequence[Sending], entries: Sequence[Entry], date_offset: tuple[float, float] | None = None
) -> Joined:
    """Join the log to the journal's sendings, one to one.

    Parameters
    ----------
    candidates : sequence of Sending
        Every sending of the key that may have been accepted.
    entries : sequence of Entry
        The log, in any order, with anything missing.
    date_offset : tuple of float, optional
        Between what bounds, in seconds, the gateway's clock was ahead when it answered, by the Date header.
    """
    trusted = [one for one in candidates if not one.is_settled or one.charged is not None]
    joined = _joined(trusted, entries, date_offset)
    doubted = [
        one
        for one in candidates
        if one.is_settled and one.charged is None and _may_be(one, joined.unexplained, set(), joined.offset)
    ]
    return _joined([*trusted, *doubted], entries, date_offset) if doubted else joined


def _joined(candidates: Sequence[Sending], entries: Sequence[Entry], date_offset: tuple[float, float] | None) -> Joined:
    offset = clock_offset(candidates, entries, date_offset)
    own, left = _by_id(candidates, entries)
    known = {one.task_id for one in candidates if one.task_id}
    charges = sorted((entry for entry in left if not entry.is_refund), key=lambda entry: entry.at)
    waiting = [one for one in candidates if one.charged_at is None and not _of(own, one, refund=False)]
    fits = {one.number: _may_be(one, charges, known, offset) for one in waiting}
    sure, explained = _decided(fits)
    unexplained = [entry for at, entry in enumerate(charges) if at not in explained]
    fitting = {at for places in fits.values() for at in places}
    named = {one.number: one.task_id or one.named for one in candidates}
    for number, (place, how) in sure.items():
        if place is not None:
            own.setdefault(number, []).append(charges[place])
            named[number] = charges[place].task_id if how == CERTAIN else ""
    refunds = [entry for entry in left if entry.is_refund]
    failed = [
        one._replace(charged=_amount(_of(own, one, refund=False), one.charged))
        for one in candidates
        if one.may_be_refunded and one.refunded is None and not _of(own, one, refund=True)
    ]
    comes_back = {
        one.number: [
            at
            for at, entry in enumerate(refunds)
            if _may_come_back(one, entry, known, offset) and _same_task(entry, named[one.number])
        ]
        for one in failed
    }
    # what others were charged with the same key may have come back to them: rivals, under numbers of no sending
    wanted = {place for places in comes_back.values() for place in places}
    comes_back |= {
        -1 - at: [place for place in wanted if _may_follow(charge, refunds[place])]
        for at, charge in enumerate(unexplained)
    }
    back, _ = _decided(comes_back)
    for number, (place, _) in back.items():
        if place is not None:
            own.setdefault(number, []).append(refunds[place])
    joined = {id(entry) for entries in own.values() for entry in entries}
    words = {
        one.number: {how for decided in (sure, back) if (how := decided.get(one.number, (None, ""))[1])}
        for one in candidates
    }
    return Joined(
        [_found(one, own.get(one.number, []), words[one.number]) for one in candidates],
        {number: entries for number, entries in own.items() if entries},
        [entry for entry in left if id(entry) not in joined],
        unexplained,
        [entry for at, entry in enumerate(charges) if at not in fitting],
        offset,
    )


Decision = tuple["int | None", str]
"""Which entry a sending was given, by its place, and how sure that is."""


def _by_id(candidates: Sequence[Sending], entries: Sequence[Entry]) -> tuple[dict[int, list[Entry]], list[Entry]]:
    """Return the entries that are certainly a sending's, and the others.

    They name its task, or an earlier log has decided about them. The same line twice is one.
    """
    by_task = {(one.task_id, one.model): one.number for one in candidates if one.task_id}
    seen = Counter((one.model, one.charged, one.charged_at, False) for one in candidates if one.charged is not None)
    seen += Counter((one.model, one.refunded, one.refunded_at, True) for one in candidates if one.refunded is not None)
    own: dict[int, list[Entry]] = {}
    left: list[Entry] = []
    for entry in entries:
        number = by_task.get((entry.task_id, entry.model)) if entry.task_id else None
        if number is not None:
            lines = own.setdefault(number, [])
            lines.extend([entry] if entry not in lines else [])
        elif seen[entry.model, entry.micro_usd, entry.at, entry.is_refund]:
            seen[entry.model, entry.micro_usd, entry.at, entry.is_refund] -= 1
        else:
            left.append(entry)
    return own, left


def _of(own: Mapping[int, list[Entry]], one: Sending, *, refund: bool) -> list[Entry]:
    return [entry for entry in own.get(one.number, ()) if entry.is_refund == refund]


def _may_be(one: Sending, charges: Sequence[Entry], known: set[str], offset: tuple[float, float]) -> list[int]:
    """Return which charges, oldest first, may be that of a sending; their times were cut to a whole second."""
    first = bisect_right(charges, one.sent + offset[0], key=lambda entry: entry.at + 1)
    end = bisect_right(charges, one.until + offset[1], key=lambda entry: entry.at)
    return [at for at in range(first, end) if _is_alike(one, charges[at], known)]


def _may_come_back(one: Sending, entry: Entry, known: set[str], offset: tuple[float, float]) -> bool:
    """Return True where an entry may be the refund of a sending: it comes after it, however much later."""
    return entry.at + 1 > one.sent + offset[0] and _is_alike(one, entry, known)


def _may_follow(charge: Entry, refund: Entry) -> bool:
    """Return True where a refund may be that of a charge which is no sending's."""
    alike = charge.model == refund.model and abs(charge.micro_usd - refund.micro_usd) <= ROUNDED
    return alike and charge.at <= refund.at and _same_task(refund, charge.task_id)


def _same_task(entry: Entry, task_id: str) -> bool:
    return not entry.task_id or not task_id or entry.task_id == task_id


def _is_alike(one: Sending, entry: Entry, known: set[str]) -> bool:
    """Return True for the same model and amount, and no other task's id."""
    amounts = one.amounts if one.charged is None else {one.charged}
    same = one.model == entry.model and any(abs(amount - entry.micro_usd) <= ROUNDED for amount in amounts)
    return same and (not entry.task_id or (entry.task_id not in known and not one.task_id))


def _decided(fits: Mapping[int, list[int]]) -> tuple[dict[int, Decision], set[int]]:
    """Give each entry a sending of its own, and say what holds however that is done; and for which entries it can be.

    Where some entry finds none (another program has the same key, or something was charged twice), nothing that is
    connected with it is certain. Numbers below 0 are of no sending, and nothing is decided about them.
    """
    decisions: dict[int, Decision] = {}
    explained: set[int] = set()
    for numbers, wanted in _components(fits):
        giver, places = _Giver(wanted), set(wanted)
        explained.update(places if giver.is_whole else ())
        spare = len(numbers) > len(places)
        for number in (number for number in numbers if number >= 0):
            given = giver.entry_of(number)
            if not giver.is_whole or given is None or (spare and giver.can_do_without(number)):
                decisions[number] = None, AMBIGUOUS
            elif giver.can_swap(number, given):
                decisions[number] = given, AMOUNT
            else:
                decisions[number] = given, CERTAIN
    return decisions, explained


def _components(fits: Mapping[int, list[int]]) -> list[tuple[list[int], dict[int, list[int]]]]:
    """Return the sendings that hang together by what fits, and who fits each entry; what nothing fits is left out."""
    by_place: dict[int, list[int]] = {}
    for number, places in fits.items():
        for place in places:
            by_place.setdefault(place, []).append(number)
    components = []
    seen: set[int] = set()
    for first, fitting in fits.items():
        if first in seen or not fitting:
            continue
        numbers: list[int] = []
        own: set[int] = set()
        waiting = [first]
        seen.add(first)
        while waiting:
            number = waiting.pop()
            numbers.append(number)
            for place in set(fits[number]) - own:
                own.add(place)
                new = [other for other in by_place[place] if other not in seen]
                seen.update(new)
                waiting += new
        components.append((sorted(numbers), {place: by_place[place] for place in sorted(own)}))
    return components


class _Giver:
    """One way to give every entry a sending of its own, found by augmenting paths; and whether there are others."""

    def __init__(self, wanted: Mapping[int, list[int]]) -> None:
        self._wanted = wanted
        self._holder: dict[int, int] = {}
        self.is_whole = all(self._give(place, set()) for place in wanted)

    def entry_of(self, number: int) -> int | None:
        """Return the entry that a sending was given."""
        return self._holder.get(number)

    def can_do_without(self, number: int) -> bool:
        """Return True where all entries find sendings without this one: then it may not have been charged at all."""
        before = dict(self._holder)
        done = self._give(self._holder[number], {number})
        self._holder = before
        return done

    def can_swap(self, number: int, place: int) -> bool:
        """Return True where another sending may have this entry instead."""
        return any(self._can_have(other, number, place) for other in self._wanted[place] if other != number)

    def _can_have(self, other: int, number: int, place: int) -> bool:
        """Return True where one sending may have the entry of another, and what it had itself goes elsewhere."""
        before = dict(self._holder)
        del self._holder[number]
        had = self._holder.get(other)
        self._holder[other] = place
        done = had is None or self._give(had, {other})
        self._holder = before
        return done

    def _give(self, place: int, seen: set[int]) -> bool:
        """Give an entry to a sending, by passing others on where that helps."""
        stack = [(place, iter(self._wanted[place]))]
        path: list[tuple[int, int]] = []
        while stack:
            place, numbers = stack[-1]
            number = next((one for one in numbers if one not in seen), None)
            if number is None:
                stack.pop()
                if path:
                    path.pop()
                continue
            seen.add(number)
            path.append((place, number))
            if number not in self._holder:
                for at, one in path:
                    self._holder[one] = at
                return True
            held = self._holder[number]
            stack.append((held, iter(self._wanted[held])))
        return False


def _amount(lines: Sequence[Entry], before: int | None) -> int | None:
    """Return what the lines add up to, or what an earlier log said where that is more: this one may have been cut."""
    return max(sum(entry.micro_usd for entry in lines), before or 0) if lines else before


def _found(one: Sending, own: Sequence[Entry], words: set[str]) -> Sending:
    """Put together what is known of a sending; a refund without its charge proves a charge of that amount."""
    charges = [entry for entry in own if not entry.is_refund]
    refunds = [entry for entry in own if entry.is_refund]
    charged, refunded = _amount(charges, one.charged), _amount(refunds, one.refunded)
    if charged is None and refunded is not None and any(abs(refunded - amount) <= ROUNDED for amount in one.amounts):
        charged = refunded
    if charged is not None or refunded is not None:
        how = AMOUNT if AMOUNT in words else CERTAIN
    else:
        how = AMBIGUOUS if words else NOTHING
    return one._replace(
        bill=SHARED if any(entry.is_shared for entry in own) else how,
        charged=charged,
        charged_at=max((entry.at for entry in charges), default=one.charged_at),
        refunded=refunded,
        refunded_at=max((entry.at for entry in refunds), default=one.refunded_at),
        named=next((entry.task_id for entry in own if entry.task_id), one.named) if how == CERTAIN else one.named,
    )
