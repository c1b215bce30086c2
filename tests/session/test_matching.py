"""Matching: five hundred made-up histories, held against every way in which each of them may have come about."""

import itertools
from collections import Counter
from dataclasses import replace
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counts import Count
from fox_nb.client import Entry
from fox_nb.session.matching import AMBIGUOUS, AMOUNT, CERTAIN, NOTHING, Joined, join
from fox_nb.store import Sending

AMOUNTS = {"phota-image": (90_000, 180_000), "grok-imagine-image": (20_000, 90_000)}
START = 1_800_000_000.0
SAME = 0.0, 0.0
"""The clocks agree, by a Date header that came at once."""


class History(NamedTuple):
    """What two kernels sent, what the gateway's log tells of it, and what is true."""

    sent: list[Sending]
    log: list[Entry]
    charges: dict[int, Entry]
    """By the sending's number, in the log or not."""
    refunds: dict[int, Entry]
    ahead: tuple[float, float] | None
    """Between what bounds the Date header is ahead, where there is one."""


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Equal requests seconds apart in two kernels, a clock that is off, entries that are missing, refunds hours later."""
    off = draw(st.floats(-90, 90))
    sent, charges, refunds, log = [], {}, {}, []
    now = {0: START, 1: START + draw(st.floats(0, 3))}
    for number in range(1, draw(st.integers(1, 7)) + 1):
        kernel = draw(st.integers(0, 1))
        now[kernel] += draw(st.sampled_from([0.1, 1.0, 4.0, 30.0, 400.0]))
        model = draw(st.sampled_from(sorted(AMOUNTS)))
        amount = draw(st.sampled_from(AMOUNTS[model]))
        took = draw(st.floats(0.05, 8))
        lost, failed = draw(st.integers(0, 5)) == 0, draw(st.integers(0, 3)) == 0
        task_id = f"task-{number}"
        one = Sending(
            number=number,
            model=model,
            amounts=frozenset({amount}),
            sent=now[kernel],
            until=now[kernel] + (900 if lost else took),
            task_id="" if lost else task_id,
            may_be_refunded=lost or failed,
        )
        sent.append(one)
        at = now[kernel] + draw(st.floats(0, 1)) * took
        now[kernel] += took
        if lost and draw(st.booleans()):
            continue  # it never came to the gateway
        charges[number] = Entry(float(int(at + off)), model, amount, False, task_id * draw(st.booleans()))
        log += [charges[number]] * (draw(st.integers(0, 4)) > 0)
        if failed:
            back = at + draw(st.sampled_from([2.0, 60.0, 3 * 3600.0]))
            refunds[number] = Entry(float(int(back + off)), model, amount, True, task_id * draw(st.booleans()))
            log += [refunds[number]] * (draw(st.integers(0, 4)) > 0)
    log = draw(st.permutations(log))
    asked, read = START + draw(st.floats(0, 1)), draw(st.sampled_from([0.0, 0.4, 5.0, 60.0]))
    date = int(asked + read * draw(st.floats(0, 1)) + off)  # written at some time while the log was read
    # every line is an object of its own, as it is when it was read
    ahead = draw(st.sampled_from([(date - asked - read, date + 1 - asked), None]))
    return History(sent, log, charges, refunds, ahead)


def is_open(entry: Entry, history: History) -> bool:
    """Whether an entry says of itself whose it is."""
    return not entry.task_id or entry.task_id not in {one.task_id for one in history.sent if one.task_id}


def named_by(one: Sending, joined: Joined) -> str:
    """The task that the charge of a sending names, where it is certain which charge that is."""
    found = next(found for found in joined.found if found.number == one.number)
    charges = [entry for entry in joined.entries.get(one.number, ()) if not entry.is_refund]
    return charges[0].task_id if charges and found.bill == CERTAIN else ""


def worlds(history: History, joined: Joined, *, refund: bool) -> list[dict[int, int]]:
    """Every way to give each entry that names no known task to a sending of its own: number and place in the log."""
    low, high = joined.offset
    named = {entry.task_id for entry in history.log if entry.is_refund == refund and not is_open(entry, history)}
    places = [at for at, entry in enumerate(history.log) if entry.is_refund == refund and is_open(entry, history)]
    fits = []
    for at in places:
        entry = history.log[at]
        fits.append(
            [
                one.number
                for one in history.sent
                if one.model == entry.model
                and entry.micro_usd in one.amounts
                and one.task_id not in named - {""}
                and not (entry.task_id and one.task_id)
                and not (refund and entry.task_id and named_by(one, joined) not in {"", entry.task_id})
                and entry.at + 1 > one.sent + low
                and (one.may_be_refunded if refund else entry.at <= one.until + high)
            ]
        )
    ways = itertools.product(*fits)
    return [dict(zip(chosen, places, strict=True)) for chosen in ways if len(set(chosen)) == len(chosen)]


def judge(history: History, counted: Counter[str]) -> None:
    joined = join(history.sent, history.log, history.ahead)
    by_number = {one.number: one for one in history.sent}
    found = {one.number: one for one in joined.found}
    used = [id(entry) for entries in joined.entries.values() for entry in entries]
    assert len(used) == len(set(used)), "an entry was joined to two tasks"
    for number, entries in joined.entries.items():
        for entry in entries:
            assert entry.model == by_number[number].model, "another model"
            assert entry.micro_usd in by_number[number].amounts, "another amount"
    for refund, true in ((False, history.charges), (True, history.refunds)):
        possible = worlds(history, joined, refund=refund)
        assert possible, "the truth itself is one of them"
        for one in history.sent:
            mine = [entry for entry in joined.entries.get(one.number, ()) if entry.is_refund == refund]
            if mine and not is_open(mine[0], history):
                assert mine == [true[one.number]], "an entry names its task"
                counted["by id"] += 1
                continue
            always = all(one.number in world for world in possible)
            assert bool(mine) == always, "what is so in every world is found, and nothing else is"
            if not mine:
                counted["ambiguous" if any(one.number in world for world in possible) else "nothing found"] += 1
                continue
            assert one.number in true, "what was never charged is not called charged"
            unique = len({world[one.number] for world in possible}) == 1
            counted["unique" if unique else "amount alone"] += 1
            if unique:
                assert mine == [true[one.number]], "the one way it can have been is the way it was"
                assert refund or found[one.number].bill in {CERTAIN, AMOUNT}
            elif not refund:
                assert found[one.number].bill == AMOUNT, "what is ambiguous is not called certain"
    for one in joined.found:
        assert one.bill in {CERTAIN, AMOUNT, AMBIGUOUS, NOTHING}
        assert (one.bill in {CERTAIN, AMOUNT}) == (one.charged is not None or one.refunded is not None)
        assert one.charged is None or one.number in history.charges
        assert one.refunded is None or one.number in history.refunds
    counted["histories"] += 1
    counted["sendings"] += len(history.sent)
    counted["entries"] += len(history.log)


def test_five_hundred_histories(count: Count) -> None:
    """No entry is joined to two tasks or to another model or amount; what is so in every world is found, and no more."""
    counted: Counter[str] = Counter()

    @settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(histories())
    def play(history: History) -> None:
        judge(history, counted)

    play()
    count(
        "made-up bills",
        "held against every way they may have come about",
        **{k.replace(" ", "_"): n for k, n in counted.items()},
    )
    assert counted["histories"] >= 500
    for kind in ("by id", "unique", "amount alone", "ambiguous", "nothing found"):
        assert counted[kind] > 20, f"the histories show too little of: {kind}"


def test_n_equal_tasks_and_n_equal_entries() -> None:
    """Thirty equal pictures within a minute and thirty equal charges: each was charged, whichever is whose; one charge short, none is certain."""
    sent = [Sending(n, "phota-image", frozenset({90_000}), START + n, START + n + 40) for n in range(30)]
    log = [Entry(START + n + 20, "phota-image", 90_000) for n in range(30)]
    assert Counter(one.bill for one in join(sent, log, SAME).found) == {AMOUNT: 30}
    short = Counter(one.bill for one in join(sent, log[1:], SAME).found)
    assert short[CERTAIN] == 0
    assert short[AMBIGUOUS] > 0


def test_what_was_seen_once_stays() -> None:
    """A log that forgets its oldest lines takes nothing back, and its next lines belong to the next tasks."""
    first = Sending(1, "phota-image", frozenset({90_000}), START, START + 5, charged=90_000, charged_at=START + 2)
    second = Sending(2, "phota-image", frozenset({90_000}), START + 1, START + 9)
    old, new = (Entry(START + at, "phota-image", 90_000) for at in (2, 4))
    for log in ([new], [old, new]):
        joined = join([first, second], log, SAME)
        assert [(one.charged, one.charged_at, one.bill) for one in joined.found] == [
            (90_000, START + 2, CERTAIN),
            (90_000, START + 4, CERTAIN),
        ]


def test_a_part_of_what_was_seen_takes_nothing_back() -> None:
    """Of two charges, or of two refunds, a later log may show one alone: what was seen is what counts."""
    one = Sending(
        1, "phota-image", frozenset({90_000}), START, START + 5, "task-1", True, 180_000, START + 2, 90_000, START + 9
    )
    charge = Entry(START + 2, "phota-image", 90_000, task_id="task-1")
    back = Entry(START + 9, "phota-image", 45_000, is_refund=True, task_id="task-1")
    for log in ([charge], [back], [charge, back]):
        (found,) = join([one], log, SAME).found
        assert (found.charged, found.refunded) == (180_000, 90_000)


class Counted(float):
    """A time that counts how often it is calculated with."""

    calculated = 0

    def __add__(self, other: float) -> float:
        Counted.calculated += 1
        return float(self) + other


def test_a_long_log_is_no_work_for_each_task() -> None:
    """A sending is held against the entries of its own time, not against each of the log's."""
    sent = [Sending(n, "phota-image", frozenset({90_000}), START + n * 900, START + n * 900 + 9) for n in range(400)]
    log = [Entry(Counted(START + n * 900 + 5), "phota-image", 90_000) for n in range(400)]
    joined = join(sent, log, SAME)
    assert Counter(one.bill for one in joined.found) == {CERTAIN: 400}
    assert Counted.calculated < 400 * 30


def test_another_program_with_the_same_key() -> None:
    """More charges than this store has sent: whose is whose is not known, and nothing is called certain."""
    sent = [Sending(1, "phota-image", frozenset({90_000}), START, START + 9)]
    log = [Entry(START + at, "phota-image", 90_000) for at in (2, 4)]
    assert [one.bill for one in join(sent, log, SAME).found] == [AMBIGUOUS]
    far = [Entry(START + 2, "phota-image", 90_000), Entry(START + 900, "phota-image", 90_000)]
    assert [one.bill for one in join(sent, far, SAME).found] == [CERTAIN]


def test_another_program_and_a_refund() -> None:
    """A refund is ours for certain only where no charge of another program can be the one that it gives back."""
    lost = Sending(1, "phota-image", frozenset({90_000}), START, START + 9, may_be_refunded=True)
    own, other = Entry(START + 2, "phota-image", 90_000), Entry(START + 3600, "phota-image", 90_000)
    back = Entry(START + 3660, "phota-image", 90_000, is_refund=True)
    for log in ([own, other, back], [own, other, replace(back, task_id="task-of-another")]):
        (found,) = join([lost], log, SAME).found
        assert (found.charged, found.refunded) == (90_000, None)
    (found,) = join([lost], [own, back], SAME).found
    assert (found.charged, found.refunded, found.bill) == (90_000, 90_000, CERTAIN)
    named = [replace(own, task_id="task-1"), replace(back, task_id="task-2")]
    assert [one.refunded for one in join([lost], named, SAME).found] == [None]
    again = lost._replace(charged=90_000, charged_at=START + 2, named="task-1")
    assert [one.refunded for one in join([again], named, SAME).found] == [None]


def test_a_log_that_was_slow_to_come() -> None:
    """A Date that may have been written at any time of a slow read tells no better when a charge was than that."""
    lost = Sending(1, "phota-image", frozenset({90_000}), START, START + 900)
    made = Sending(2, "phota-image", frozenset({90_000}), START + 5, START + 5.5)
    log = [Entry(START + 5, "phota-image", 90_000)]
    assert [one.bill for one in join([lost, made], log, (-10.0, 1.0)).found] == [AMBIGUOUS, AMBIGUOUS]


def test_a_clock_that_is_far_off_and_says_so() -> None:
    """By its Date header a clock may be off by any time, and a charge is found by it; what names a task knows better."""
    sent = [Sending(1, "phota-image", frozenset({90_000}), START, START + 9)]
    log = [Entry(START + 302, "phota-image", 90_000)]
    assert [one.bill for one in join(sent, log, (300.0, 300.0)).found] == [CERTAIN]
    assert [one.bill for one in join(sent, log, None).found] == [NOTHING]
    assert [one.bill for one in join(sent, log, (-500.0, -500.0)).found] == [NOTHING]
    known = Sending(2, "grok-imagine-image", frozenset({20_000}), START, START + 9, task_id="task-2")
    named = Entry(START + 302, "grok-imagine-image", 20_000, task_id="task-2")
    assert join([*sent, known], [*log, named], (-500.0, -500.0)).found[0].bill == CERTAIN


def test_what_was_settled_as_not_paid() -> None:
    """It is thought of again where a charge is nobody else's, and takes no other sending's certainty."""
    settled = Sending(1, "phota-image", frozenset({90_000}), START, START + 900, is_settled=True)
    later = Sending(2, "phota-image", frozenset({90_000}), START + 20, START + 25)
    first, second = (Entry(START + at, "phota-image", 90_000) for at in (2, 22))
    alone = join([settled, later], [second], SAME)
    assert ([one.bill for one in alone.found], alone.strays) == ([CERTAIN], [])
    both = join([settled, later], [first, second], SAME)
    assert {one.number: one.bill for one in both.found} == {1: CERTAIN, 2: CERTAIN}
