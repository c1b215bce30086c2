"""Bookings: the class's journal: a creation is in it, and paid for out of a budget, before it is sent."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import secrets
from collections.abc import Callable, Collection
from concurrent.futures import Future
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sql

from fox_nb.classroom.refusals import Refusal, asked_before, clock, not_found, removed, taken_over, too_many
from fox_nb.classroom.seats import COUNTED, Seat
from fox_nb.classroom.tables import (
    CLASS,
    IN_ORDER,
    SANDBOX,
    Database,
    access,
    creation,
    deposit,
    profile,
    put_setting,
    seat,
    setting,
)
from fox_nb.models import LOCAL_PICTURE
from fox_nb.money import MICRO_PER_USD, apart, dollars
from fox_nb.store.journal_reader import folded
from fox_nb.tasks import UPLOAD_GONE, Result, TaskState

FAILED = ("failed", "refunded")
"""States of what the gateway took and made nothing of; the second when its bill shows that it gave the money back."""
ENDED = ("completed", *FAILED)
KNOWN = ("sending", "unknown", "accepted", *ENDED)
"""States in which the same request is not sent again; what has failed is, for a seat that has seen it fail.

What is completed is sent again when its files have been removed: after `keep`; for a seat that has seen it, also when
the gateway's links to all of them were dead.
"""
CHARGED = ("accepted", *ENDED, "lost")
"""States of which it is known that the gateway took the money; what is reserved besides is on nobody's bill."""
AT_ONCE = 8
"""So many creations of one seat are being sent at a time: what two kernels send, and half of what the relay does."""

_NOT_REFUSED = creation.c.state != "refused"
_OF_TASK = (
    sql.select(creation)
    .join(access, access.c.creation == creation.c.id)
    .where(creation.c.task == sql.bindparam("task"), access.c.seat == sql.bindparam("who"))
)

_NO_BLANKS = (
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
    r"\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Scripts that set no blanks where a word ends: Thai, Lao, Burmese, Khmer, Kana, Han, Hangul (before its particles)."""
_Lost = Callable[[str], bool]


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What one seat asks for.

    Attributes
    ----------
    identity : str
        The same for requests that are answered with the same task.
    model, body, words : str
        Its model, its JSON with own pictures by their hashes, and what a person knows it by.
    micro_usd : int
        What it may cost, in millionths of a USD.
    profiles : tuple of str
        The ids of profiles that it uses.
    otherwise : str
        Its identity where what is asked for by several is shared, if here it is not, and the other way round: what the
        seat has asked for by that is the same, too.
    """

    identity: str
    model: str
    body: str
    words: str
    micro_usd: int
    profiles: tuple[str, ...] = ()
    otherwise: str = ""


class Ended(NamedTuple):
    """How a creation ended: its row of the journal, and those of what it has come to."""

    row: Any
    files: list[Any]
    profiles: list[Any]


class Bookings:
    """The journal of one class. What the relay notes while it answers is on the disk when its future has come.

    Parameters
    ----------
    database : Database
        Of the class.
    keep : float
        Seconds for which the files of what is completed are kept.
    is_lost : callable
        Says of a result's token whether it can't be had, for its link is dead.
    """

    def __init__(self, database: Database, keep: float = math.inf, is_lost: _Lost = lambda _token: False) -> None:
        self._database = database
        self._keep = keep
        self._is_lost = is_lost
        self._relay = ""

    def begin(self) -> int:
        """Take the class over, as its relay starts: nobody knows what became of what an earlier one was sending.

        That one may still be at work, on a copy of the folder: it books nothing any more, which both would send.
        """
        self._relay = secrets.token_hex(16)
        unknown = sql.update(creation).where(creation.c.state == "sending").values(state="unknown")

        def work(connection: sql.Connection) -> int:
            put_setting(connection, "relay", self._relay)
            return connection.execute(unknown).rowcount

        return self._database.change(work)

    def _is_ours(self, connection: sql.Connection) -> bool:
        """Return False when another relay has taken the class over."""
        found = connection.execute(sql.select(setting.c.value).where(setting.c.name == "relay")).scalar()
        return (found or "") == self._relay

    def reserve(self, who: Seat, wanted: Wanted, now: float) -> Future[Any]:
        """Book a request on a seat, or find the same one; one transaction, all or nothing: the row of the journal.

        Raises
        ------
        Refusal
            The seat or the class may not, or nobody knows what became of the same request.
        """

        def work(connection: sql.Connection) -> Any:
            if not self._is_ours(connection):
                raise taken_over()
            return _reserved(connection, who, wanted, now, self._keep, self._is_lost)

        return self._database.changing(work)

    def sending(self, identity: str) -> Future[list[Any]]:
        """Return what this relay has booked as to be sent of one identity, after all that was written before."""
        query = sql.select(creation).where(creation.c.identity == identity, creation.c.state == "sending")
        return self._database.changing(lambda known: list(known.execute(query)) if self._is_ours(known) else [])

    def accepted(self, number: int, task: str) -> Future[Any]:
        """Note the gateway's id of what was accepted, and return the row as it is now.

        An answer with the id of another one, such as a cache's, says nothing of this one: its fate is unknown.
        """
        this = sql.select(creation.c.identity).where(creation.c.id == number).scalar_subquery()
        of_another = sql.select(creation.c.id).where(creation.c.task == task, creation.c.identity != this)
        why = json.dumps({"why": f"the gateway answered with {task}, the id of another one"})

        def work(connection: sql.Connection) -> Any:
            is_taken = connection.execute(of_another).first() is not None
            values = {"state": "unknown", "answer": why} if is_taken else {"state": "accepted", "task": task}
            return connection.execute(_changed(number, **values)).first()

        return self._database.changing(work)

    def named(self, number: int, state: TaskState) -> Future[Any]:
        """Keep which results a task has that has not ended: a relay that follows this one has them, too."""
        results = [dataclasses.astuple(result) for result in state.results]
        return self._change(number, answer=json.dumps({"named": results, "completed": state.completed}))

    def refused(self, number: int, why: str, now: float) -> Future[Any]:
        """Give back what was reserved for what was certainly not accepted."""
        return self._change(number, state="refused", answer=json.dumps({"why": why}), ended=now)

    def unknown(self, number: int, why: str) -> Future[Any]:
        """Note that nobody knows whether it was accepted; its money stays reserved."""
        return self._change(number, state="unknown", answer=json.dumps({"why": why}))

    def settle(self, number: int, *, paid: bool, now: float, task: str = "") -> None:
        """Note what the teacher found out of an unknown sending; with the gateway's id it goes on as accepted.

        Raises
        ------
        Refusal
            Another one has that id: its pictures would be taken for these. Or another teacher has settled it meanwhile.
        """
        which = sql.and_(creation.c.id == number, creation.c.state == "unknown")
        ended = {"state": "lost" if paid else "refused", "ended": now}
        values = {"state": "accepted", "task": task} if task else ended

        def work(connection: sql.Connection) -> None:
            of_another = sql.select(creation).where(creation.c.task == task, creation.c.id != number)
            if task and (other := connection.execute(of_another).first()):
                raise Refusal(422, f"{task} is the id of another one: {other.seat}, {other.words[:80]!r}.")
            if not connection.execute(sql.update(creation).where(which).values(**values)).rowcount:
                raise Refusal(409, "This was settled already, perhaps by somebody else. Nothing was changed.")

        self._database.change(work)

    def has_failed(self, since: float) -> bool:
        """Return True while something that failed since then has not been given back."""
        failed = sql.and_(creation.c.state == "failed", creation.c.ended > since)
        return bool(self._database.read(sql.select(creation.c.id).where(failed).limit(1)))

    def refunded(self, tasks: Collection[str]) -> Future[int]:
        """Give back what failed, of those tasks for which the gateway has given the money back."""
        which = sql.and_(creation.c.state == "failed", creation.c.task.in_(tasks))
        return self._database.executing(sql.update(creation).where(which).values(state="refunded"))

    def grade(self, number: int, mark: str, comment: str) -> None:
        """Keep the teacher's mark and comment."""
        self._change(number, mark=mark, comment=comment).result()

    def of_task(self, task: str, who: str) -> Any:
        """Return the creation behind a task's id, for a seat that asked for it.

        Raises
        ------
        Refusal
            There is none, or it is somebody else's.
        """
        is_id = task.isprintable()  # PostgreSQL takes no NUL
        if not (found := self._database.read(_OF_TASK, task=task, who=who) if is_id else []):
            raise not_found("task")
        return found[0]

    def row(self, number: int) -> Any:
        """Return a creation."""
        return self._database.read(sql.select(creation).where(creation.c.id == number))[0]

    def end(self, row: Any, state: TaskState, now: float) -> Future[Ended]:
        """Keep how a task ended: its links and profiles, or its error. A second time changes nothing."""

        def work(connection: sql.Connection) -> Ended:
            _end(connection, row, state, now)
            return _ended(row.id, lambda query: list(connection.execute(query)))

        return self._database.changing(work)

    def ended(self, number: int) -> Ended:
        """Return a creation that has ended, with the files and the profiles that it has come to."""
        return _ended(number, self._database.read)

    def renew(self, number: int, now: float) -> Future[int]:
        """Let the links of what has ended live anew, for who asks for them."""
        return self._database.executing(_renewed(number, now))

    def under_way(self) -> list[Any]:
        """Return what was accepted and has not ended."""
        return self._database.read(sql.select(creation).where(creation.c.state == "accepted"))

    def charges(self, who: str) -> list[Any]:
        """Return the newest thousand that were charged of what a seat asked for, with when it did."""
        query = sql.select(creation, access.c.asked.label("joined")).join(access, access.c.creation == creation.c.id)
        mine = query.where(access.c.seat == who, creation.c.state.in_(CHARGED))
        return self._database.read(mine.order_by(creation.c.id.desc()).limit(1000))

    def newest(self, limit: int) -> list[Any]:
        """Return what the class asked for, newest first, but for what was certainly not accepted."""
        return self._database.read(sql.select(creation).where(_NOT_REFUSED).order_by(creation.c.id.desc()).limit(limit))

    def refusals(self, limit: int) -> list[Any]:
        """Return what was certainly not accepted when it was asked for last, newest first."""
        last = sql.select(sql.func.max(creation.c.id)).where(creation.c.identity != "").group_by(creation.c.identity)
        query = sql.select(creation).where(creation.c.id.in_(last), creation.c.state == "refused")
        return self._database.read(query.order_by(creation.c.id.desc()).limit(limit))

    def first_asked_by_seat(self) -> dict[str, int]:
        """Return how much each seat has asked for, first."""
        counted = sql.select(creation.c.seat, sql.func.count()).where(_NOT_REFUSED).group_by(creation.c.seat)
        return {row[0]: row[1] for row in self._database.read(counted)}

    def since(self, number: int) -> int:
        """Return how many came after a creation."""
        newer = sql.select(sql.func.count()).where(creation.c.id > number, _NOT_REFUSED)
        return int(self._database.read(newer)[0][0])

    def _change(self, number: int, **values: Any) -> Future[Any]:
        return self._database.changing(lambda connection: connection.execute(_changed(number, **values)).first())


def named_in(row: Any) -> TaskState | None:
    """Return what `Bookings.named` has kept of a creation; None for nothing."""
    kept = json.loads(row.answer or "{}")
    if not kept.get("named"):
        return None
    status = "completed" if kept["completed"] else "processing"
    return TaskState(row.task, status, results=tuple(Result(*one) for one in kept["named"]))


def _changed(number: int, **values: Any) -> sql.Executable:
    kept = {name: _if_theirs(value) if name == "answer" else value for name, value in values.items()}
    return sql.update(creation).where(creation.c.id == number).values(**kept).returning(creation)


def _if_theirs(answer: str | None) -> sql.Case[Any]:
    """Return what was said of a creation; nothing of who was removed meanwhile: all that they made was to go."""
    return sql.case((creation.c.identity != "", answer), else_=None)


def _ended(number: int, read: Callable[[sql.Select[Any]], list[Any]]) -> Ended:
    (row,) = read(sql.select(creation).where(creation.c.id == number))
    files = sql.select(deposit).where(deposit.c.creation == number).order_by(*IN_ORDER)
    return Ended(row, read(files), read(sql.select(profile.c.id).where(profile.c.creation == number)))


def _reserved(connection: sql.Connection, who: Seat, wanted: Wanted, now: float, keep: float, is_lost: _Lost) -> Any:
    settings = {row.name: row.value for row in connection.execute(sql.select(setting))}
    fresh = connection.execute(sql.select(seat).where(seat.c.name == who.name)).first()
    if fresh is None:
        raise removed()
    Seat(fresh.name, fresh.budget, 0, fresh.ends, (), bool(fresh.blocked)).admit(now)
    if settings.get("stopped"):
        raise Refusal(403, "Your teacher has stopped new pictures for now.", "access_denied")
    if settings.get("words"):
        _check_words(settings["words"], json.loads(wanted.body).get("prompt", ""))
    _check_profiles(connection, who.name, wanted.profiles)
    has_files = sql.exists().where(deposit.c.creation == creation.c.id)
    swept = sql.and_(creation.c.state == "completed", creation.c.ended < now - keep, has_files)
    own = creation.c.id.in_(sql.select(access.c.creation).where(access.c.seat == who.name))
    is_same = sql.or_(creation.c.identity == wanted.identity, sql.and_(creation.c.identity == wanted.otherwise, own))
    same = sql.select(creation).where(is_same, creation.c.state.in_(KNOWN))
    found = connection.execute(same.where(sql.not_(swept)).order_by(creation.c.id.desc())).all()
    good = [row for row in found if not _came_to_nothing(connection, row, is_lost)]
    if good:  # its own before another one's: who asks again has what was made for them
        known = max(good, key=lambda row: (row.state != "unknown", _has(connection, row, who.name)))
        return _joined(connection, known, who.name, now)
    if found and not _has(connection, found[0], who.name):
        return _joined(connection, found[0], who.name, now)
    play = settings.get("gateway") == SANDBOX
    _check_money(connection, fresh, int(settings.get("total", "0")), wanted.micro_usd, play=play)
    is_going = sql.and_(creation.c.seat == who.name, creation.c.state == "sending")
    if connection.execute(sql.select(sql.func.count()).where(is_going)).scalar_one() >= AT_ONCE:
        raise too_many(AT_ONCE)
    values = {
        "identity": wanted.identity,
        "seat": who.name,
        "booked": who.name,
        "model": wanted.model,
        "words": wanted.words,
        "body": wanted.body,
        "micro_usd": wanted.micro_usd,
        "state": "sending",
        "asked": now,
    }
    number = connection.execute(sql.insert(creation).values(**values)).inserted_primary_key[0]  # type: ignore[index]
    connection.execute(sql.insert(access).values(seat=who.name, creation=number, asked=now))
    return connection.execute(sql.select(creation).where(creation.c.id == number)).one()


def _joined(connection: sql.Connection, row: Any, who: str, now: float) -> Any:
    """Let a seat have what another one asked for, or itself did: it becomes the class's when it is of two."""
    if row.state == "unknown":
        raise asked_before(clock(row.asked), is_own=row.seat == who)
    connection.execute(_renewed(row.id, now))
    if not _has(connection, row, who):
        connection.execute(sql.insert(access).values(seat=who, creation=row.id, asked=now))
        connection.execute(sql.update(creation).where(creation.c.id == row.id).values(booked=CLASS))
        return connection.execute(sql.select(creation).where(creation.c.id == row.id)).one()
    return row


def _renewed(number: int, now: float) -> sql.Update:
    """Let the links of a creation's results live anew, as those that a gateway makes for who asks."""
    return sql.update(deposit).where(deposit.c.creation == number).values(made=now)


def _end(connection: sql.Connection, row: Any, state: TaskState, now: float) -> None:
    which = sql.and_(creation.c.id == row.id, creation.c.state == "accepted")
    error = {"code": state.error_code or "failed", "message": state.error_message, "type": "task_error"}
    answer = _if_theirs(json.dumps({"error": error}) if state.failed else None)
    ended = "failed" if state.failed else "completed"
    if not connection.execute(sql.update(creation).where(which).values(state=ended, answer=answer, ended=now)).rowcount:
        return
    if state.failed and state.error_code == UPLOAD_GONE:  # what is asked for again needs another link
        given = [name.removeprefix("sha256:") for name in LOCAL_PICTURE.findall(row.body)]
        uploads = sql.and_(deposit.c.sha256.in_(given), deposit.c.creation.is_(None))
        connection.execute(sql.update(deposit).where(uploads).values(origin="", linked=0.0))
    if connection.execute(sql.select(access).where(access.c.creation == row.id)).first() is None:
        return  # whose it was has been removed meanwhile
    results = () if state.failed else state.results
    for trained in {result.profile_id for result in results} - {""}:
        connection.execute(sql.insert(profile).values(id=trained, creation=row.id, shared=False))
    for place, result in enumerate(results):
        if not result.profile_id:
            kept = {"seat": row.seat, "creation": row.id, "name": f"{place + 1}", "sha256": ""}
            new = {"token": secrets.token_urlsafe(32), "origin": result.url, "linked": now, "made": now}
            connection.execute(sql.insert(deposit).values(**kept, **new))


def _came_to_nothing(connection: sql.Connection, row: Any, is_lost: _Lost) -> bool:
    """Return True for what has failed, and for what is completed with nothing that can be had."""
    results = connection.execute(sql.select(deposit.c.token).where(deposit.c.creation == row.id)).scalars().all()
    return row.state in FAILED or (bool(results) and all(map(is_lost, results)))


def _has(connection: sql.Connection, row: Any, who: str) -> bool:
    mine = sql.select(access).where(access.c.creation == row.id, access.c.seat == who)
    return connection.execute(mine).first() is not None


def _check_money(connection: sql.Connection, fresh: Any, total: int, micro_usd: int, *, play: bool) -> None:
    spent = sql.select(sql.func.sum(creation.c.micro_usd)).where(creation.c.state.in_(COUNTED))
    own = int(connection.execute(spent.where(creation.c.booked == fresh.name)).scalar() or 0)
    if own + micro_usd > fresh.budget:
        costs, left = apart(micro_usd, fresh.budget - own)
        budget = dollars(fresh.budget / MICRO_PER_USD, play=play)
        words = f"This costs {costs}, but only {left} of your {budget} budget is left."
        raise Refusal(402, f"{words} Ask for less, or ask your teacher for more.", "insufficient_quota")
    if int(connection.execute(spent).scalar() or 0) + micro_usd > total:
        raise Refusal(402, "The class's budget does not cover this any more. Ask your teacher.", "insufficient_quota")


def _check_words(refused: str, prompt: str) -> None:
    text = folded(prompt)
    for word in _listed(refused):
        at = text.find(word)
        while at >= 0:
            end = at + len(word)
            if not (_goes_on(word[0], text[at - 1 : at]) or _goes_on(word[-1], text[end : end + 1])):
                raise Refusal(422, f"This class does not use the word {word!r}.", code="content_policy_violation")
            at = text.find(word, at + 1)


@lru_cache(maxsize=1)
def _listed(refused: str) -> tuple[str, ...]:
    """Return the words of a list, made ready once: it may have thousands, and every creation waits for this one."""
    return tuple(filter(None, map(folded, re.split(r"[\n,\uff0c\u3001\u060c]", refused))))


def _goes_on(edge: str, beside: str) -> bool:
    """Return True where the sign beside a word's edge makes another word of it."""
    if edge.isdigit():
        return beside.isdigit()
    return edge.isalnum() and beside.isalpha() and not re.search(_NO_BLANKS, edge + beside)


def _check_profiles(connection: sql.Connection, who: str, profiles: tuple[str, ...]) -> None:
    """Refuse the profiles of others, as if they did not exist."""
    for name in profiles:
        own = sql.select(profile.c.id).join(access, access.c.creation == profile.c.creation)
        mine = own.where(profile.c.id == name, access.c.seat == who)
        shared = sql.select(profile.c.id).where(profile.c.id == name, profile.c.shared)
        if connection.execute(mine).first() is None and connection.execute(shared).first() is None:
            raise Refusal(422, "There is no such profile.", code="profile_not_found")
