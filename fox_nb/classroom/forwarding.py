"""Forwarding: a student's request becomes the class's: checked, booked, sent once, watched, told to all who asked."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import json
import logging
import re
import secrets
import time
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from fox_nb.classroom.bookings import ENDED, FAILED, Bookings, Ended, Wanted, named_in
from fox_nb.classroom.deposits import RESULT_LIFE, Deposits, retrieve_exception
from fox_nb.classroom.refusals import (
    Refusal,
    as_refusal,
    asked_before,
    clock,
    journal_away,
    left_alone,
    no_turn,
    nobody_knows,
    nothing_sent,
    refused_to_another,
)
from fox_nb.classroom.tables import CLASS, Database
from fox_nb.client import certainly_not_accepted
from fox_nb.client.responses import may_be_an_upload
from fox_nb.errors import FoxError, GatewayError, InvalidRequest, NotFound, RateLimited
from fox_nb.models import MENTION, MODELS, Request, file_names, validate
from fox_nb.money import MICRO_PER_USD
from fox_nb.parameters import parameters
from fox_nb.session.backoff import quiet
from fox_nb.session.irregular import (
    LONGEST_ESTIMATE,
    Irregular,
    links_alone_after,
    may_still_come,
    tolerated_for,
    usual,
)
from fox_nb.store.rows import TRAINS
from fox_nb.tasks import TaskState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping
    from concurrent.futures import Future

    from fox_nb.classroom.seats import Seat
    from fox_nb.classroom.upstream import Upstream

Value = TypeVar("Value")

WATCH_EVERY = 10.0
"""Seconds after which a task is asked for that no student asks for any more."""
GATHER_EVERY = 120.0
"""Seconds after which results that could not be fetched are fetched again, while their links live."""
BILL_EVERY = 600.0
"""Seconds after which the gateway's log is read again, while a refund may come: few reads of it are let through."""
REFUND_WITHIN = 7 * 24 * 3600.0
"""Seconds for which a refund of what has failed is looked for."""
RENEW_AFTER = 3600.0
"""Seconds after which the relay's own links live anew for who asks for a task: what is kept is never called expired."""
PROMPT = 0.015
"""Seconds that whoever asks for a task waits for the gateway; what it said last is the answer after that."""
LATE = 2.0
"""Seconds after which who waits for a booking is told that it comes too late: it is, then, by whatever clock."""
AGAIN = (0.1, 0.5, 1.0, 2.0, *[5.0] * 60)
"""Seconds between the tries to note what became of a creation, while the database is away."""
_SERVER_FAULT = 500
_LONGEST_WORDS = 2000

log = logging.getLogger(__name__)


class Forwarder:
    """What stands between the seats and the one gateway.

    Parameters
    ----------
    database : Database
        Of the class.
    upstream : Upstream
        The gateway.
    deposits : Deposits
        The files.
    share : bool
        Whether the same request of several seats is sent once.
    """

    def __init__(self, database: Database, upstream: Upstream, deposits: Deposits, *, share: bool) -> None:
        self.bookings = Bookings(database, deposits.keep, deposits.is_lost)
        self._upstream = upstream
        self._deposits = deposits
        self._share = share
        self._closing = False
        self._booking: set[asyncio.Task[Any]] = set()
        self._sending: dict[int, asyncio.Task[None]] = {}
        self._begun: set[int] = set()
        """What this relay has begun to send: all else that the journal says is being sent was never sent."""
        self._polling: dict[int, asyncio.Task[None]] = {}
        self._trouble: dict[int, tuple[float, FoxError]] = {}
        """Why the last poll of a task came to nothing, and when; gone with the next one that doesn't."""
        self._left_alone = float("-inf")
        """Until then no task is polled: the gateway has asked for it."""
        self._irregular = Irregular[int]()
        self._states: dict[int, tuple[float, TaskState]] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        """What is under way and asked for again and again: for each task and seat, its row."""
        self._ended: dict[int, Ended] = {}
        """What has ended just now, and is asked for once more."""
        self._gathered = self._billed = float("-inf")
        self._background: set[asyncio.Task[Any]] = set()

    # -- creations ----------------------------------------------------------------------------------------------------

    async def create(
        self, who: Seat, body: Any, take: int | None, host: str, has_left: Callable[[], bool], until: float
    ) -> tuple[Any, bool]:
        """Answer a creation with a row of the journal, and whether that was asked for before and not sent now.

        Who has left before it is booked does not wait for it any more, and would pay for what they know nothing of.
        So it is with what would be sent after `until`, by the loop's clock: its answer would come too late.

        Raises
        ------
        Refusal
            It was not accepted, or nobody knows whether it was.
        """
        try:
            async with asyncio.timeout_at(until):
                request, wanted = await self._wanted(who, body, take, host)
            if has_left():
                raise Refusal(429, "You have left; nothing was sent.", "rate_limit_error")
            booking = asyncio.create_task(self._book(who, wanted, request.body(), take, until))
            self._booking.add(booking)
            booking.add_done_callback(self._booking.discard)
            booking.add_done_callback(retrieve_exception)
            await asyncio.wait({booking}, timeout=until + LATE - asyncio.get_running_loop().time())
            if not booking.done():  # what is booked as late as that is given back unsent
                raise no_turn()
            row, is_ours = booking.result()
        except TimeoutError:
            raise no_turn() from None
        except SQLAlchemyError:
            log.exception("the database cannot be reached; nothing was sent")
            raise nothing_sent(journal_away()) from None
        before = None if is_ours else asked_before(clock(row.asked), is_own=row.seat == who.name)
        if row.id in self._sending:
            await self._answered(self._sending[row.id], before)
        row = await asyncio.to_thread(self.bookings.row, row.id)
        if row.state == "refused":  # while this seat was being booked
            raise refused_to_another()
        if row.task is None:
            raise before or nobody_knows(clock(row.asked))
        return row, not is_ours

    async def _book(
        self, who: Seat, wanted: Wanted, body: dict[str, Any], take: int | None, until: float
    ) -> tuple[Any, bool]:
        """Book a creation, and begin to send it where it is ours to send: the row, and whether it was."""
        if self._closing:
            raise Refusal(429, "The relay is being stopped; nothing was sent. Try again later.", "rate_limit_error")
        try:
            row = await asyncio.wrap_future(self.bookings.reserve(who, wanted, time.time()))
        except SQLAlchemyError:
            self._spawn(self._give_back(wanted.identity))
            raise
        self._rows.pop(row.task, None)
        self._ended.pop(row.id, None)
        return row, self._begin(row, self._send, body, take, until)

    def _begin(self, row: Any, work: Callable[..., Coroutine[Any, Any, None]], *about: Any) -> bool:
        """Begin what is to be done with a creation that is booked as to be sent; once, whoever asks for it, too.

        Bookings are told in the order of the journal: who finds one there finds its sending in here.
        """
        if row.state != "sending" or row.id in self._begun:
            return False
        self._begun.add(row.id)
        sending = self._sending[row.id] = asyncio.create_task(work(row, *about))
        sending.add_done_callback(lambda _done: self._sending.pop(row.id, None))
        sending.add_done_callback(retrieve_exception)
        return True

    async def _give_back(self, identity: str) -> None:
        """Give back what a COMMIT has booked whose answer was lost: its seat was told that nothing was sent."""

        async def never_sent(row: Any) -> None:
            await self._note(row, "never sent", lambda: self.bookings.refused(row.id, "never sent", time.time()))

        for row in await self._written(lambda: self.bookings.sending(identity), "what was booked is looked up"):
            self._begin(row, never_sent)

    async def _wanted(self, who: Seat, body: Any, take: int | None, host: str) -> tuple[Request, Wanted]:
        try:
            request = await self._request(who, body, host)
            micro_usd = await self._upstream.cost(request)
        except Exception as error:
            if not isinstance(error, (Refusal, FoxError)):
                log.exception("a request could not be read; nothing was sent")
            raise nothing_sent(as_refusal(error)) from None
        # a client that tells no take shares with nobody
        mark, body = secrets.token_hex(16) if take is None else f"{take}", request.canonical()
        shared, own = (hashlib.sha256(f"{mark}\n{whose}\n{body}".encode()).hexdigest() for whose in (CLASS, who.name))
        return request, Wanted(
            identity=shared if self._share else own,
            model=request.model,
            body=body,
            words=str(getattr(request, "prompt", ""))[:_LONGEST_WORDS],
            micro_usd=micro_usd,
            profiles=tuple(_maybe_named(request)),
            otherwise=own if self._share else shared,
        )

    async def _answered(self, sending: asyncio.Task[None], before: Refusal | None) -> None:
        """Wait for what becomes of a creation; a student who leaves does not end it.

        Its fate may be open for who had it sent, and not for who asked for the same meanwhile: they are told `before`.
        """
        try:
            await asyncio.shield(sending)
        except Refusal as refusal:
            if refusal.status < _SERVER_FAULT or before is None:
                raise
            raise before from None

    async def _request(self, who: Seat, body: Any, host: str) -> Request:
        """Return the request with own files by their hashes, or refuse it as the gateway would."""
        if not isinstance(body, dict) or not isinstance(body.get("model"), str):
            raise Refusal(422, "A request is an object with a model in it.")
        model = body["model"]
        if model not in MODELS or (who.models and model not in who.models):
            raise Refusal(422, f"This seat may not use the model {model[:80]!r}.", code="model_not_found")
        values = await _with_files(body, lambda link: self._deposits.named(who.name, link, host))
        del values["model"]
        try:
            return validate(model, values)
        except InvalidRequest as error:
            raise Refusal(422, error.what) from None

    async def _send(self, row: Any, body: dict[str, Any], take: int | None, until: float) -> None:
        """Send what is booked as ours to send; every way out is journalled before it is told."""
        try:
            state = await self._sent(body, take, until)
        except BaseException as error:  # noqa: BLE001 - each is told as a refusal
            words = error.what if isinstance(error, FoxError) else str(error) or type(error).__name__
            if certainly_not_accepted(error) or isinstance(error, Refusal):
                await self._note(row, "refused", lambda: self.bookings.refused(row.id, words, time.time()))
                raise as_refusal(error) from None
            await self._note(row, "unknown", lambda: self.bookings.unknown(row.id, words))
            raise nobody_knows(clock(row.asked)) from None
        accepted = await self._note(row, f"accepted as {state.id}", lambda: self.bookings.accepted(row.id, state.id))
        if accepted is not None and accepted.task is None:
            raise nobody_knows(clock(row.asked))
        if accepted is None:
            return
        self._rows[state.id] = {row.seat: accepted}
        if state.results or not state.failed:  # a gateway that is done by then may keep no task
            try:
                await self._take_in(accepted, state)
            except SQLAlchemyError:  # it is accepted all the same, and the next poll knows what was said
                self._states[row.id] = (time.monotonic(), state)

    async def _note(self, row: Any, what: str, write: Callable[[], Future[Any]]) -> Any:
        """Write into the journal what became of a creation, and return its row."""
        what = f"creation {row.id} was {what}"
        noted = await self._written(write, what)
        if noted is None:
            log.error("%s, and is not in the database any more", what)
        return noted

    async def _written(self, write: Callable[[], Future[Value]], what: str) -> Value:
        """Return what the journal answers, as soon as a database that is away is back."""
        for pause in AGAIN:
            try:
                return await asyncio.wrap_future(write())
            except SQLAlchemyError:
                log.warning("%s; the database cannot be reached, and is tried again", what)
                await asyncio.sleep(pause)
        return await asyncio.wrap_future(write())

    async def _sent(self, body: dict[str, Any], take: int | None, until: float) -> TaskState:
        """Send with links in place of hashes, and once more where the gateway threw out an upload before its time."""
        for anew in (False, True):
            try:
                async with asyncio.timeout_at(until):
                    linked = await self._linked(body, anew=anew)
            except TimeoutError:  # the uploads go on: who asks again finds them done
                raise no_turn() from None
            except Exception as error:
                if not isinstance(error, (Refusal, FoxError)):
                    log.exception("the links for a creation could not be had; it was not sent")
                raise nothing_sent(as_refusal(error)) from None
            try:
                return await self._upstream.create(linked, take, until)
            except GatewayError as error:
                if anew or linked == body or not may_be_an_upload(error):
                    raise
        raise AssertionError

    async def _linked(self, body: dict[str, Any], *, anew: bool) -> dict[str, Any]:
        async def link(name: str) -> str:
            sha256 = name.removeprefix("sha256:")
            return name if sha256 == name else await self._deposits.link(sha256, anew=anew)

        return await _with_files(body, link)

    # -- tasks --------------------------------------------------------------------------------------------------------

    async def task(self, task: str, who: Seat) -> Any:
        """Return the row of a seat's task, as it is now.

        Raises
        ------
        Refusal
            It is none of the seat's, or the gateway did not say how it is; the task goes on.
        """
        row: Any = self._rows.get(task, {}).get(who.name)
        if row is None:
            row = await asyncio.to_thread(self.bookings.of_task, task, who.name)
            if row.state == "accepted":
                self._rows.setdefault(task, {})[who.name] = row
        return await self._look(row)

    async def _look(self, row: Any) -> Any:
        """Return a row after a poll of its task: one for all who ask at about the same time.

        A gateway that takes its time holds nobody up: what it said last is the answer meanwhile.
        """
        if row.state != "accepted" or row.id in self._ended:
            return self._as_ended(row)
        now = time.monotonic()
        (answered, _), (failed, trouble) = _at(self._states, row), _at(self._trouble, row)
        if now - max(answered, failed) < self._upstream.fresh:
            if trouble is not None:
                raise as_refusal(trouble)
        elif now < self._left_alone:
            raise left_alone(self._left_alone - now)
        else:
            going = self._polling.get(row.id)
            if going is None:
                going = self._polling[row.id] = asyncio.create_task(self._poll(row))
                going.add_done_callback(lambda _done: self._polling.pop(row.id, None))
            await asyncio.wait({going}, timeout=PROMPT)
            if row.id in self._trouble:
                raise as_refusal(self._trouble[row.id][1])
            if going.done():
                going.result()  # the journal may be away
        return self._as_ended(row)

    def _as_ended(self, row: Any) -> Any:
        """Return a row as it is now, without asking the database, on which polls would wait for writers."""
        ended = self._ended.get(row.id)
        return row if ended is None else ended.row

    async def _poll(self, row: Any) -> None:
        try:
            state = await self._upstream.task(row.task)
        except FoxError as error:
            outcome = self._forgotten(row, error)
            if outcome is not None:
                await self._end(row, outcome)
                return
            self._trouble[row.id] = (time.monotonic(), error)
            if isinstance(error, RateLimited):
                self._left_alone = max(self._left_alone, time.monotonic() + quiet(error.retry_after))
        else:
            await self._take_in(row, state)

    async def _take_in(self, row: Any, state: TaskState) -> None:
        """Take over what the gateway says of a task, as it is created, too: it ends, or what is named is kept."""
        before = self._before(row)
        if before is not None and not state.results:  # they are paid for, whatever is said now
            state = dataclasses.replace(state, results=before.results)
        whole = _with_earlier(row, state, before)
        outcome = self._outcome(row, state, whole)
        if outcome is not None:
            await self._end(row, outcome)
            return
        self._trouble.pop(row.id, None)
        if whole.results != (before.results if before is not None else ()):
            await asyncio.wrap_future(self.bookings.named(row.id, whole))
        self._states[row.id] = (time.monotonic(), whole)

    async def _end(self, row: Any, outcome: TaskState) -> None:
        """Keep how a task ended: it is told when the journal has it, with the relay's own links."""
        self._trouble.pop(row.id, None)
        ended = self._ended[row.id] = await asyncio.wrap_future(self.bookings.end(row, outcome, time.time()))
        self._states.pop(row.id, None)
        self._irregular.forget(row.id)
        for file in ended.files:
            self._spawn(self._deposits.fetched(file))  # here before its link dies, whoever is still there

    def _before(self, row: Any) -> TaskState | None:
        """Return what the gateway has said of a task, an earlier relay's last word of it where this one has none."""
        _, state = _at(self._states, row)
        return state or named_in(row)

    def _outcome(self, row: Any, state: TaskState, whole: TaskState) -> TaskState | None:
        """Return what a task has come to; None while there may be more to come, for as long as a kernel would wait.

        `whole` is its state with what was named earlier and is not now: that is had in the end.
        """
        wanted, given, had = _wanted(row), _given(row, state), _given(row, whole)
        if state.failed and had:  # it is paid for
            return dataclasses.replace(whole, status="completed")
        if state.failed or (state.completed and given >= wanted):
            return state
        if state.completed:
            if may_still_come(given, *self._irregular.lasting(row.id, "fewer")):
                return None
            none = _failed(row, "no_results", "the gateway completed it and gave no result") if _is_old(row) else None
            return whole if had else none
        if not given:
            self._irregular.forget(row.id)
        elif given >= wanted and self._irregular.lasting(row.id, "given")[0] >= LONGEST_ESTIMATE * usual(row.model):
            return state
        return None

    def _forgotten(self, row: Any, error: FoxError) -> TaskState | None:
        """Return the end of a task of which the gateway says nothing any more; None while that may pass.

        Where it named all the results before, their links are followed: they live, and die, whatever it says now. So
        they are where it had completed it with fewer, and does not know it any more.
        """
        since, _ = self._irregular.lasting(row.id, type(error).__name__)
        before, age = self._before(row), time.time() - row.asked
        is_gone = isinstance(error, NotFound) and since >= tolerated_for(error, age)
        named = 0 if before is None else _given(row, before)
        enough = named >= _wanted(row) or bool(named and before and before.completed and is_gone)
        if before is not None and enough and since >= links_alone_after(error, age):
            return dataclasses.replace(before, status="completed")
        if isinstance(error, NotFound) and _is_old(row) and since >= tolerated_for(error, RESULT_LIFE):
            return _failed(row, "not_found", "the gateway no longer knows this task")
        return None

    async def watch(self) -> None:
        """Look at what nobody asks for any more, for ever: its pictures are paid for."""
        while True:
            await asyncio.sleep(WATCH_EVERY)
            try:
                await self._look_after_all()
                await asyncio.to_thread(self._deposits.sweep, time.time())
            except Exception:  # a full disk, a database that restarts: again in a moment
                log.exception("looking after the tasks failed")

    async def _look_after_all(self) -> None:
        for known in (self._rows, self._ended):
            known.clear()  # whose seat was removed meanwhile is not there any more
        if time.monotonic() - self._gathered >= GATHER_EVERY:
            self._gathered = time.monotonic()
            for file in await asyncio.to_thread(self._deposits.missing, time.time()):
                self._spawn(self._deposits.fetched(file))
        for row in await asyncio.to_thread(self.bookings.under_way):
            when, _ = _at(self._states, row)
            if time.monotonic() - when >= WATCH_EVERY:
                with contextlib.suppress(Refusal):
                    await self._look(row)
        if time.monotonic() - self._billed >= BILL_EVERY:
            with contextlib.suppress(FoxError):  # it is read again in a while
                await self._look_for_refunds()

    async def _look_for_refunds(self) -> None:
        """Give back what the gateway's bill says that it gave back."""
        if await asyncio.to_thread(self.bookings.has_failed, time.time() - REFUND_WITHIN):
            self._billed = time.monotonic()
            await asyncio.wrap_future(self.bookings.refunded(await self._upstream.refunds()))

    async def task_answer(self, row: Any, base: str, *, joined: bool = False) -> dict[str, Any]:
        """Return a task as the gateway's own answer has it, with the relay's links; `joined`: nothing was sent now."""
        now = time.time()
        _, state = _at(self._states, row)
        ended = row.state in ENDED
        kept = json.loads(row.answer) if row.answer and ended else {}
        results: list[dict[str, str]] | None = None
        if row.state == "completed":
            whole = self._ended.get(row.id)
            if whole is None:
                whole = await asyncio.to_thread(self.bookings.ended, row.id)
            if any(now - file.made > RENEW_AFTER for file in whole.files):
                await asyncio.wrap_future(self.bookings.renew(row.id, now))
            results = [{"url": f"{base}/files/{file.token}/{file.name}"} for file in whole.files]
            results += [{"result_type": "profile", "profile_id": profile.id} for profile in whole.profiles]
        status = "failed" if row.state in FAILED else row.state if ended else state.status if state else "pending"
        facts: dict[str, Any] = {"can_cancel": False}
        if state is not None and state.estimated_time is not None:
            facts["estimated_time"] = state.estimated_time
        return {
            "id": row.task,
            "object": "image.generation.task",
            "type": "image",
            "model": row.model,
            "status": status,
            "progress": 100 if ended else state.progress if state is not None else 0,
            "created": int(row.asked),
            "results": results,
            "error": kept.get("error"),
            "task_info": facts,
            "usage": {
                "user_group": "default",
                "cost_usd": row.micro_usd / MICRO_PER_USD,
                "class_pays": row.booked == CLASS,
                "joined": joined,
            },
        }

    async def close(self) -> None:
        """Wait for the answers to what is being sent, and leave the rest to the next relay."""
        self._closing = True
        await asyncio.gather(*self._booking, return_exceptions=True)
        await asyncio.gather(*self._sending.values(), return_exceptions=True)
        for task in [*self._background, *self._polling.values()]:
            task.cancel()

    def _spawn(self, work: Any) -> None:
        async def quietly() -> None:
            with contextlib.suppress(Refusal):  # who asks for it is told
                await work

        task = asyncio.create_task(quietly())
        self._background.add(task)
        task.add_done_callback(self._background.discard)


async def _with_files(body: Mapping[str, Any], change: Callable[[str], Awaitable[str]]) -> dict[str, Any]:
    """Return a request with all that names its files changed, one by one."""
    changed = dict(body)
    for name in file_names(MODELS[body["model"]]):
        match body.get(name):
            case str(one):
                changed[name] = await change(one)
            case list(several):
                changed[name] = [await change(one) if isinstance(one, str) else one for one in several]
    return changed


def _at(known: Mapping[int, tuple[float, Value]], row: Any) -> tuple[float, Value | None]:
    """Return what is known of a row, and since when; nothing, since ever, where there is none."""
    return known.get(row.id, (float("-inf"), None))


def _is_old(row: Any) -> bool:
    return time.time() - float(row.asked) > RESULT_LIFE


def _wanted(row: Any) -> int:
    return int(json.loads(row.body).get("num_outputs", 1))


def _given(row: Any, state: TaskState) -> int:
    """Return how many of a task's results are named; a picture that comes with a training is none."""
    return sum(bool(result.profile_id) or row.model != TRAINS for result in state.results)


def _with_earlier(row: Any, state: TaskState, before: TaskState | None) -> TaskState:
    """Return a task's state with what was named earlier and is not now, as far as results are missing.

    A link that was signed anew differs behind its '?': it is the same result.
    """
    now = {result.url.partition("?")[0] for result in state.results}
    earlier = [one for one in (before.results if before else ()) if one.url.partition("?")[0] not in now]
    missing = max(0, _wanted(row) - _given(row, state))
    return dataclasses.replace(state, results=(*state.results, *earlier[:missing]))


def _failed(row: Any, code: str, words: str) -> TaskState:
    return TaskState(row.task, "failed", error_code=code, error_message=words)


def _maybe_named(request: Request) -> list[str]:
    """Return the ids of the profiles that a request names, in its fields and in any of its texts.

    In more than `models.mentioned` finds: where the pages give ``[[…]]`` no meaning, a gateway may give it one.
    """
    found: list[str] = []
    for parameter in parameters(type(request)):
        value = getattr(request, parameter.name)
        if parameter.hint.kind == "profile":
            found += value or []
        elif isinstance(value, str):
            found += re.findall(MENTION, value)
    return found
