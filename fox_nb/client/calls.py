"""Calls: how often a request may be sent, and the typed error when it came to nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fox_nb.client import connections, wire
from fox_nb.client.answers import (
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
    shown,
)
from fox_nb.errors import FoxError, KeyMissing, RateLimited

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


@dataclass(slots=True)
class Attempt:
    """What one attempt came to: an answer, or the error to raise and whether another attempt is safe and useful."""

    answer: wire.Exchange | None = None
    failure: FoxError | None = None
    again: bool = False


class Caller:
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
        self.reads = connections.Session(wire.ReadRetry.of(self.reads_tries, sleep))
        self.singles = connections.Session(wire.ONCE)

    def close(self) -> None:
        """Close the connections."""
        self.reads.close()
        self.singles.close()

    def read(
        self,
        path: str,
        *,
        with_key: bool = True,
        repeat: bool = True,
        largest: int = USUAL_ANSWER,
        within: float | None = None,
    ) -> wire.Exchange:
        """Ask for something; what may be repeated is repeated by urllib3, a body that broke off by this."""
        auth = self._auth() if with_key else connections.NOBODY
        terms = self.terms(self.timeouts.read if within is None else min(within, self.timeouts.read), largest)
        session = self.reads if repeat else self.singles

        def attempt() -> Attempt:
            sent = self._exchange(session, "GET", path, terms=terms, auth=auth)
            if isinstance(sent, wire.WireBroken):
                # It has been repeated already.
                return Attempt(failure=self._broken(sent, Purpose.READ))
            if sent.status in _GOOD and sent.cut is None:
                return Attempt(answer=sent)
            return self._unwanted(sent, Purpose.READ, again=sent.cut is not None and sent.cut.again)

        return self.persevere(self.reads_tries if repeat else 1, attempt)

    def upload(self, path: str, body: Body) -> wire.Exchange:
        """Send a file; sending it twice costs nothing."""
        auth = self._auth()
        terms = self.terms(self.timeouts.read, USUAL_ANSWER)

        def attempt() -> Attempt:
            once = body.again()
            headers = {"Content-Type": once.content_type}
            sent = self._exchange(self.singles, "POST", path, terms=terms, auth=auth, data=once, headers=headers)
            if isinstance(sent, wire.WireBroken):
                return Attempt(failure=self._broken(sent, Purpose.UPLOAD), again=sent.again)
            if sent.status in _GOOD and sent.cut is None:
                return Attempt(answer=sent)
            again = sent.status == _TOO_MANY or sent.status >= _SERVER_FAULT or sent.status in _GOOD
            return self._unwanted(sent, Purpose.UPLOAD, again=again)

        return self.persevere(_TRIES, attempt)

    def create(self, path: str, body: Body, headers: Mapping[str, str]) -> wire.Exchange:
        """Send a creation; again only when it certainly was not accepted.

        That is certain in two cases. The answer is the gateway's own 429. Or nothing of the body was ever asked for
        by the layers below: headers alone, which announce a body, are no request, whatever went wrong (no such name,
        refused, time-out, TLS, proxy). The exception's class would be a guess: an SSLError can come after sending, too.

        The answer may be cut off; what of it can be read is for the caller to say.
        """
        auth = self._auth()
        terms = self.terms(self.timeouts.read, USUAL_ANSWER)

        def attempt() -> Attempt:
            once = body.again()
            about = {**headers, "Content-Type": once.content_type, "Connection": "close"}
            # A connection of its own: one that had idled in a pool may be dead without anybody knowing, and a
            # creation lost on it would be of unknown fate for nothing.
            with connections.Session(wire.ONCE) as session:
                sent = self._exchange(session, "POST", path, terms=terms, auth=auth, data=once, headers=about)
            if isinstance(sent, wire.WireBroken):
                if once.taken:
                    return Attempt(failure=connection_lost(sent.reason, Purpose.CREATE))
                failure = not_connected(sent.reason, self.base_url, Purpose.CREATE)
                return Attempt(failure=failure, again=sent.again)
            if sent.status in _GOOD or redirected(sent, self.base_url) is not None:
                return Attempt(answer=sent)
            return self._unwanted(sent, Purpose.CREATE, again=sent.status == _TOO_MANY and is_refusal(sent))

        return self.persevere(_TRIES, attempt)

    def probe(self) -> bool:
        """Return True when the sandbox answers here; asked once."""
        terms = self.terms(self.timeouts.read, USUAL_ANSWER)
        sent = self._exchange(self.singles, "GET", "/sandbox", terms=terms, auth=connections.NOBODY)
        answer = None if isinstance(sent, wire.WireBroken) else decoded(sent)
        return isinstance(answer, dict) and answer.get("sandbox") == "fox_nb"

    def persevere(self, tries: int, attempt: Callable[[], Attempt]) -> wire.Exchange:
        """Repeat an attempt while that is safe, useful and not asked to wait for too long."""
        begun = self.clock()
        count = 0
        while True:
            one = attempt()
            if one.answer is not None:
                return one.answer
            count += 1
            failure = one.failure or FoxError("The call came to nothing.")
            asked = failure.retry_after if isinstance(failure, RateLimited) else None
            seconds = wire.pause(count, asked)
            late = self.clock() - begun + seconds > PATIENCE or (asked or 0.0) > wire.LONGEST_PAUSE
            if not one.again or count >= tries or late:
                raise failure
            self.sleep(seconds)

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

    def _broken(self, broke: wire.WireBroken, purpose: Purpose) -> FoxError:
        if broke.connected:
            return connection_lost(broke.reason, purpose)
        return not_connected(broke.reason, self.base_url, purpose)

    def _unwanted(self, sent: wire.Exchange, purpose: Purpose, *, again: bool) -> Attempt:
        return Attempt(failure=self.failure(sent, purpose), again=again)

    def failure(self, sent: wire.Exchange, purpose: Purpose, wanted: str = "") -> FoxError:
        """Return the typed error for an answer that cannot be used."""
        if sent.cut is not None and sent.cut.again and sent.status in _GOOD:
            so_far = shown(sent.body.decode("utf-8", errors="replace"), self.key, _SHOWN_OF_A_CUT_ANSWER)
            return connection_lost(sent.cut.reason, purpose, so_far, request_id_of(sent, self.key))
        too_large = f"what was asked for: {sent.cut.reason}" if sent.cut is not None else ""
        return error_of(sent, purpose, self.key, wanted=too_large or wanted)
