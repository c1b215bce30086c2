"""Errors: their tree; the words (what happened, what it means for the money, what next) stand where one is raised.

    FoxError
    ├── InvalidRequest            a parameter is wrong; nothing was sent         (ValueError)
    ├── KeyMissing                a key is needed and none was found
    ├── BudgetExceeded            the budget does not allow it; nothing was sent
    ├── ConfirmationNeeded        it costs more than is sent without asking once more
    ├── StoreError                the store cannot be used; nothing was changed
    │   ├── StoreTooNew           it was made by a newer fox_nb
    │   └── StoreDamaged          it is not a whole store
    ├── PackError                 a recorded lesson is damaged or was changed
    ├── NotRecorded               a recorded lesson has no such request; nothing was sent
    ├── SandboxError              the local sandbox could not be started
    ├── GatewayError              the gateway answered with an error             .http_status .type .code .body
    │   ├── BadRequest            400
    │   ├── AuthenticationError   401
    │   ├── InsufficientBalance   402
    │   ├── AccessDenied          403
    │   ├── NotFound              404
    │   ├── FileTooLarge          413
    │   ├── RequestRejected       422
    │   ├── RateLimited           429                                            .retry_after
    │   ├── ServerError           500 and above
    │   └── UnexpectedAnswer      anything else that the known pages do not describe
    ├── NotConnected              the gateway was never reached; nothing was sent
    ├── ConnectionLost            the connection broke or timed out after sending
    ├── DownloadFailed            a picture could not be fetched, or is not a safe picture
    ├── TaskError                 what goes wrong with one task                  .task
    │   ├── SubmissionUnknown     a creation was sent and no usable answer came
    │   ├── TaskFailed            the gateway accepted the task, then failed it
    │   └── WaitTimeout           the deadline passed; the work goes on          (TimeoutError)
    └── ExtraMissing              an optional package is not installed            (ImportError)

All are at the top, as `fox_nb.FoxError`; each has `.what`, `.money` and `.todo`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self, TypeVar

NOTHING_SENT = "Nothing was sent, nothing was paid."
LONGEST_REPR = 200
"""Characters of what was handed over and cannot travel between processes."""
_Kind = TypeVar("_Kind", bound="FoxError")


class FoxError(Exception):
    """The root of every error of fox_nb.

    Parameters
    ----------
    what : str
        What happened, one sentence.
    money : str
        What it means for the money, one sentence.
    todo : str
        What to do next, one sentence.
    """

    def __init__(self, what: str, *, money: str = "", todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.money = money
        self.todo = todo

    def __str__(self) -> str:
        rest = " ".join(part for part in (self.money, self.todo) if part)
        return f"{self.what}{chr(10) if chr(10) in self.what else ' '}{rest}".rstrip()

    def reworded(self, what: str, *, money: str, todo: str) -> Self:
        """Return it in other words, its class and facts kept: what one request met has stopped them all."""
        error = _again(type(self), (what,))
        vars(error).update(vars(self), what=what, money=money, todo=todo)
        return error

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes whole: an error that cannot be unpickled hangs `multiprocessing.Pool` for ever."""
        facts = {name: _portable(value) for name, value in vars(self).items()}
        if isinstance(self.__cause__, FoxError):
            facts["__cause__"] = self.__cause__
        return _again, (type(self), self.args), facts

    def _render_traceback_(self) -> list[str]:
        """Show a notebook the person's own lines and the sentences; our frames between them tell a person nothing."""
        import traceback
        from pathlib import Path

        between = (f"{os.sep}{part}{os.sep}" for part in ("IPython", "ipykernel", f"concurrent{os.sep}futures"))
        foreign = (str(Path(__file__).parent), *between)
        frames = [
            f for f in traceback.extract_tb(self.__traceback__) if not any(part in f.filename for part in foreign)
        ]
        lines = [f"{type(self).__name__}: {self}", *map(str, getattr(self, "__notes__", ()))]
        return [*"".join(traceback.format_list(frames)).splitlines(), *lines]


def _again(kind: type[_Kind], args: tuple[Any, ...]) -> _Kind:
    """Make an error as it was, without its constructor, which wants to be told more than its words."""
    error = kind.__new__(kind)
    error.args = args
    return error


def _portable(value: Any) -> Any:
    """Return what an error carries, or its repr where another process could not read it."""
    import pickle

    try:
        pickle.dumps(value)
    except Exception:  # noqa: BLE001 - whatever a person handed over
        return repr(value)[:LONGEST_REPR]
    return value


class InvalidRequest(FoxError, ValueError):
    """A parameter is wrong; nothing was sent.

    Attributes
    ----------
    parameter : str
        The parameter's name ('' when the fault lies in several together).
    value
        The value that was refused.
    allowed : str
        What is allowed.
    why : str
        What is amiss with the value, where `allowed` doesn't say it.
    """

    def __init__(
        self, what: str, *, parameter: str = "", value: Any = None, allowed: str = "", why: str = "", todo: str = ""
    ) -> None:
        is_told = not allowed or "allowed" in what or allowed in what
        super().__init__(what, money=NOTHING_SENT, todo=todo or ("" if is_told else f"Allowed is {allowed}."))
        self.parameter = parameter
        self.value = value
        self.allowed = allowed
        self.why = why


class KeyMissing(FoxError):
    """A key is needed for this gateway and none was found."""


class BudgetExceeded(FoxError):
    """The budget does not allow it; nothing was sent.

    Attributes
    ----------
    needed, left : float
        What the request may cost and what the budget still has, in USD.
    """

    def __init__(self, what: str, *, needed: float, left: float, todo: str = "") -> None:
        super().__init__(what, money=NOTHING_SENT, todo=todo)
        self.needed = needed
        self.left = left


class ConfirmationNeeded(FoxError):
    """It costs more than is sent without asking once more; nothing was sent."""


class StoreError(FoxError):
    """The store cannot be used; nothing in it was changed."""


class StoreTooNew(StoreError):
    """The store was made by a newer fox_nb."""


class StoreDamaged(StoreError):
    """The folder holds a journal that is not whole."""


class PackError(FoxError):
    """A recorded lesson is damaged, was changed, or is none; nothing of it was used."""


class NotRecorded(FoxError):
    """A recorded lesson has no such request; nothing was sent."""


class SandboxError(FoxError):
    """The local sandbox could not be started or reached."""


class GatewayError(FoxError):
    """The gateway answered with an error.

    Attributes
    ----------
    http_status : int
        The HTTP status.
    type, code : str
        The gateway's own words ('' when it gave none).
    message : str
        The gateway's message, shortened, key removed.
    body : str
        The start of the answer's body, key removed.
    request_id : str
        By which the gateway's support finds the call ('' when the answer named none).
    not_accepted : bool
        True for a creation when the answer proves that no task was made; else nobody knows.
    """

    def __init__(
        self,
        what: str,
        *,
        http_status: int,
        type: str = "",  # noqa: A002 - the gateway's own word
        code: str = "",
        message: str = "",
        body: str = "",
        request_id: str = "",
        not_accepted: bool = False,
        money: str = "",
        todo: str = "",
    ) -> None:
        super().__init__(what, money=money, todo=todo)
        self.http_status = http_status
        self.type = type
        self.code = code
        self.message = message
        self.body = body
        self.request_id = request_id
        self.not_accepted = not_accepted


class BadRequest(GatewayError):
    """HTTP 400: the gateway could not read the request."""


class AuthenticationError(GatewayError):
    """HTTP 401: the key is invalid, expired or missing."""


class InsufficientBalance(GatewayError):
    """HTTP 402: the account's balance does not cover the request."""


class AccessDenied(GatewayError):
    """HTTP 403: upload storage full, or a network in between refused the client."""


class NotFound(GatewayError):
    """HTTP 404: the gateway does not know the task."""


class FileTooLarge(GatewayError):
    """HTTP 413: the upload is larger than the gateway takes."""


class RequestRejected(GatewayError):
    """HTTP 422: a parameter, a model or an option is refused by the gateway."""


class RateLimited(GatewayError):
    """HTTP 429: too many requests.

    Attributes
    ----------
    retry_after : float or None
        Seconds that the gateway asked to wait, where it said so.
    """

    def __init__(self, what: str, *, retry_after: float | None = None, http_status: int = 429, **facts: Any) -> None:
        super().__init__(what, http_status=http_status, **facts)
        self.retry_after = retry_after


class ServerError(GatewayError):
    """HTTP 500 and above: the gateway or its upstream failed."""


class UnexpectedAnswer(GatewayError):
    """An answer that the known pages do not describe."""


class NotConnected(FoxError):
    """The gateway was never reached: name not found, connection refused; nothing was sent."""


class ConnectionLost(FoxError):
    """The connection broke or timed out after the request was sent.

    Attributes
    ----------
    request_id : str
        By which the gateway's support finds the call ('' when no answer named it).
    """

    def __init__(self, what: str, *, request_id: str = "", money: str = "", todo: str = "") -> None:
        super().__init__(what, money=money, todo=todo)
        self.request_id = request_id


class DownloadFailed(FoxError):
    """A picture could not be fetched, or what came is not a safe picture.

    Attributes
    ----------
    gone : bool
        True when asking again is useless: the link has expired or leads nowhere.
    """

    def __init__(self, what: str, *, gone: bool = False, money: str = "", todo: str = "") -> None:
        super().__init__(what, money=money, todo=todo)
        self.gone = gone


class TaskError(FoxError):
    """What goes wrong with one task; the task is at hand as ``.task``."""

    def __init__(self, what: str, *, task: Any = None, money: str = "", todo: str = "") -> None:
        super().__init__(what, money=money, todo=todo)
        self.task = task


class SubmissionUnknown(TaskError):
    """A creation was sent and no usable answer came: nobody knows whether it exists and is paid for."""


class TaskFailed(TaskError):
    """The gateway accepted the task, then failed it.

    Attributes
    ----------
    code : str
        The gateway's error code ('' when it gave none).
    """

    def __init__(self, what: str, *, code: str = "", task: Any = None, money: str = "", todo: str = "") -> None:
        super().__init__(what, task=task, money=money, todo=todo)
        self.code = code


class WaitTimeout(TaskError, TimeoutError):
    """The deadline passed; the work goes on and nothing is lost."""


class ExtraMissing(FoxError, ImportError):
    """An optional package is not installed."""


BY_STATUS: Mapping[int, type[GatewayError]] = {
    400: BadRequest,
    401: AuthenticationError,
    402: InsufficientBalance,
    403: AccessDenied,
    404: NotFound,
    413: FileTooLarge,
    422: RequestRejected,
    429: RateLimited,
}


def class_of(http_status: int) -> type[GatewayError]:
    """Return the class of error that stands for an HTTP status."""
    if http_status >= 500:  # noqa: PLR2004 - the class of server errors
        return ServerError
    return BY_STATUS.get(http_status, UnexpectedAnswer)
