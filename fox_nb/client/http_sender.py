"""HTTP sender: how often a request may be sent, and the typed error when it came to nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fox_nb.client import connections, wire
from fox_nb.client.responses import (
    PATIENCE,
    USUAL_ANSWER,
    Purpose,
    connection_lost,
    decoded,
    error_of,
    is_refusal,
    not_connected,
    redirected,
    request_id_of,
    retry_after,
    shown,
)
from fox_nb.errors import FoxError, KeyMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import SecretStr

    from fox_nb.client.bodies import Body
    from fox_nb.settings import Timeouts

_TRIES = 4
_GOOD = range(200, 300)
_TOO_MANY = 429
_SERVER_FAULT = 500
_SHOWN_OF_A_CUT_ANSWER = 300


Answer = TypeVar("Answer")


@dataclass(slots=True)
class Attempt(Generic[Answer]):
    """What one attempt came to: an answer, or the error to raise and whether another attempt is safe and useful.

    `asked` are the seconds that the other side wants to be left alone, where it said so.
    """

    answer: Answer | None = None
    failure: BaseException | None = None
    again: bool = False
    asked: float | None = None


class HttpSender:
    """Sends calls to one gateway: reads and uploads as often as it helps, a creation once.

    Parameters
    ----------
    base_url : str
        Normalised.
    key : SecretStr or None
        None for calls that need none.
    timeouts : Timeouts
        For one attempt each.
    clock, sleep : callable
        Of the pauses between attempts.
    reads_tries : int
        How often a read is sent at the most.
    """

    def __init__(
        self,
        base_url: str,
        key: SecretStr | None,
        timeouts: Timeouts,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        reads_tries: int = _TRIES,
    ) -> None:
        self.base_url = base_url
        self.key = key
        self.timeouts = timeouts
        self.clock = clock
        self.sleep = sleep
        self.reads_tries = max(1, reads_tries)
        self.session = connections.Session()

    def close(self) -> None:
        """Close the connections."""
        self.session.close()

    def read(
        self,
        path: str,
        *,
        with_key: bool = True,
        repeat: bool = True,
        largest: int = USUAL_ANSWER,
        within: float | None = None,
    ) -> wire.Exchange:
        """Ask for something: that costs nothing."""
        auth = self._auth() if with_key else connections.NOBODY
        terms = self.terms(self.timeouts.read if within is None else min(within, self.timeouts.read), largest)

        def attempt() -> Attempt[wire.Exchange]:
            return self._judged(self._exchange(self.session, "GET", path, terms=terms, auth=auth), Purpose.READ)

        return self.with_retries(self.reads_tries if repeat else 1, attempt)

    def upload(self, path: str, body: Body) -> wire.Exchange:
        """Send a file; sending it twice costs nothing."""
        auth = self._auth()
        terms = self.terms(self.timeouts.read, USUAL_ANSWER)

        def attempt() -> Attempt[wire.Exchange]:
            once = body.again()
            headers = {"Content-Type": once.content_type}
            sent = self._exchange(self.session, "POST", path, terms=terms, auth=auth, data=once, headers=headers)
            return self._judged(sent, Purpose.UPLOAD)

        return self.with_retries(_TRIES, attempt)

    def create(self, path: str, body: Body, headers: Mapping[str, str]) -> wire.Exchange:
        """Send a creation; again only when it certainly was not accepted.

        That is certain in two cases. The answer is the gateway's own 429. Or nothing of the body was ever asked for
        by the layers below: headers alone, which announce a body, are no request, whatever went wrong (no such name,
        refused, time-out, TLS, proxy). The exception's class would be a guess: an SSLError can come after sending, too.

        The answer may be cut off; what of it can be read is for the caller to say.
        """
        auth = self._auth()
        terms = self.terms(self.timeouts.read, USUAL_ANSWER)

        def attempt() -> Attempt[wire.Exchange]:
            once = body.again()
            about = {**headers, "Content-Type": once.content_type, "Connection": "close"}
            # A connection of its own: one that had idled in a pool may be dead without anybody knowing, and a
            # creation lost on it would be of unknown fate for nothing.
            with connections.Session() as session:
                sent = self._exchange(session, "POST", path, terms=terms, auth=auth, data=once, headers=about)
            if isinstance(sent, wire.WireBroken):
                sent.connected, sent.again = once.taken, sent.again and not once.taken
            return self._judged(sent, Purpose.CREATE)

        return self.with_retries(_TRIES, attempt)

    def probe(self) -> bool:
        """Return True when the sandbox answers here; asked once."""
        terms = self.terms(self.timeouts.read, USUAL_ANSWER)
        sent = self._exchange(self.session, "GET", "/sandbox", terms=terms, auth=connections.NOBODY)
        answer = None if isinstance(sent, wire.WireBroken) else decoded(sent)
        return isinstance(answer, dict) and answer.get("sandbox") == "fox_nb"

    def with_retries(self, tries: int, attempt: Callable[[], Attempt[Answer]]) -> Answer:
        """Repeat an attempt while that is safe, useful and not asked to wait for too long: the one rule for all calls.

        An attempt returns what went wrong and never raises it, and an interrupt goes no other way: no error is raised
        while another one, with the key in its frames, is handled.
        """
        from tenacity import RetryCallState, Retrying, retry_if_result

        begun = self.clock()

        def outcome(state: RetryCallState) -> Attempt[Answer]:
            one: Attempt[Answer] = state.outcome.result()  # type: ignore[union-attr]
            return one

        def one_attempt() -> Attempt[Answer]:
            try:
                return attempt()
            except BaseException as stop:  # noqa: BLE001 - raised again below
                return Attempt(failure=stop.with_traceback(None))

        def is_enough(state: RetryCallState) -> bool:
            late = self.clock() - begun + state.upcoming_sleep > PATIENCE
            return late or state.attempt_number >= tries or (outcome(state).asked or 0.0) > wire.LONGEST_PAUSE

        one = Retrying(
            retry=retry_if_result(lambda one: one.again),
            wait=lambda state: wire.pause(state.attempt_number, outcome(state).asked),
            stop=is_enough,
            sleep=self._pause,
            retry_error_callback=outcome,
        )(one_attempt)
        if one.answer is None:
            raise one.failure or FoxError("The call came to nothing.")
        return one.answer

    def terms(self, seconds: float, largest: int) -> connections.Terms:
        """Return what one attempt at an API call is allowed."""
        return connections.Terms(min(self.timeouts.connect, seconds), seconds, largest, stall=self.timeouts.read)

    def _auth(self) -> connections.Bearer:
        if self.key is None:
            raise KeyMissing(
                f"The gateway at {self.base_url} wants a key and none was given.",
                money="Nothing was sent, nothing was paid.",
                todo="Give api_key= or set $FOXAPI_KEY.",
            )
        return connections.Bearer(self.key)

    def _exchange(
        self, session: connections.Session, method: str, path: str, **request: Any
    ) -> wire.Exchange | wire.WireBroken:
        """Return the answer or what broke, so that a typed error is never raised while another one is handled."""
        try:
            return wire.exchange(session, method, self.base_url + path, key=self.key, **request)
        except wire.WireBroken as broke:
            return broke.with_traceback(None)

    def _pause(self, seconds: float) -> None:
        self.sleep(seconds)  # it may be an event's `wait`, which returns something

    def _judged(self, sent: wire.Exchange | wire.WireBroken, purpose: Purpose) -> Attempt[wire.Exchange]:
        """Return what an exchange came to: what may be sent again, and what has to be told."""
        creating = purpose is Purpose.CREATE
        if isinstance(sent, wire.WireBroken):
            return Attempt(failure=self._broken(sent, purpose), again=sent.again)
        good = sent.status in _GOOD
        if (good and (creating or sent.cut is None)) or (creating and redirected(sent, self.base_url)):
            return Attempt(answer=sent)
        passing = sent.status == _TOO_MANY or sent.status >= _SERVER_FAULT or (sent.cut is not None and sent.cut.again)
        again = sent.status == _TOO_MANY and is_refusal(sent) if creating else passing
        return Attempt(failure=self.failure(sent, purpose), again=again, asked=retry_after(sent.headers))

    def _broken(self, broke: wire.WireBroken, purpose: Purpose) -> FoxError:
        if broke.connected:
            return connection_lost(broke.reason, purpose)
        return not_connected(broke.reason, self.base_url, purpose)

    def failure(self, sent: wire.Exchange, purpose: Purpose, wanted: str = "") -> FoxError:
        """Return the typed error for an answer that cannot be used."""
        if sent.cut is not None and sent.cut.again and sent.status in _GOOD:
            so_far = shown(sent.body.decode("utf-8", errors="replace"), self.key, _SHOWN_OF_A_CUT_ANSWER)
            return connection_lost(sent.cut.reason, purpose, so_far, request_id_of(sent, self.key))
        too_large = f"what was asked for: {sent.cut.reason}" if sent.cut is not None else ""
        return error_of(sent, purpose, self.key, wanted=too_large or wanted)
