"""Exchange: what a transport is asked for, and what comes back: an answer, or what broke."""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO, Generic, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic import SecretStr

    from fox_nb.settings import Timeouts

USUAL_ANSWER = 1 << 20
"""Bytes that an answer about one task or file may have."""
_WITH_A_FILE = frozenset({200, 203})
"""Answers that hold the whole file that was asked for: as its host has it, or as a proxy on the way gives it."""
_RANGE = r"bytes 0-(\d{1,15})/(\d{1,15})"

Part: TypeAlias = "bytes | tuple[BinaryIO, int, int]"
"""A part of what is sent: bytes, or a file, from where, and how many bytes of it."""
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request and what it is allowed.

    Attributes
    ----------
    method, path : str
        What is asked for of the gateway.
    link : str
        A whole address that is asked for in place of it, without the key.
    content : sequence of Part
        What is sent with it.
    headers : mapping
        Beside the usual ones.
    timeouts : Timeouts
        For connecting, and without a single byte after which the other side counts as gone.
    within : float
        Seconds from the end of the request to the last byte of the answer.
    sending : float
        Seconds that the content may take.
    largest : int
        Bytes of the answer's body that are read at the most.
    into : Path or None
        Where the body of a good answer is written as it comes; of any other one none is read then.
    with_key : bool
        False for what needs no key.
    alone : bool
        True for a connection that nothing else has used or will use.
    private : bool
        True when the other side may be this machine or one of its own network.
    has_moved : bool
        True when it is made where an answer to it has pointed.
    """

    method: str = "GET"
    path: str = ""
    link: str = ""
    content: Sequence[Part] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    timeouts: Timeouts
    within: float
    sending: float = 0.0
    largest: int = USUAL_ANSWER
    into: Path | None = None
    with_key: bool = True
    alone: bool = False
    private: bool = True
    has_moved: bool = False


@dataclass(slots=True)
class Broken:
    """An exchange that came to no whole answer; for this package alone, never seen by the user.

    Attributes
    ----------
    reason : str
        What happened, in words, key removed.
    connected : bool
        False when no connection came to be, so that nothing of a request can have been taken.
    again : bool
        True when another attempt may end better.
    taken : bool
        True when any of the request's content was asked for by the layers below.
    """

    reason: str
    _: KW_ONLY
    connected: bool
    again: bool = True
    taken: bool = False


@dataclass(slots=True)
class Exchange:
    """The answer to one request, as far as it came, without the key that a gateway may have repeated in it.

    Attributes
    ----------
    status : int
        The HTTP status.
    headers : mapping
        Those of the answer's headers that mean something here.
    body : bytes
        The body, or as much of it as was read; empty where it went into a file.
    cut : Broken or None
        Why the body is not whole.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    cut: Broken | None = None

    @property
    def has_file(self) -> bool:
        """True for the whole file that was asked for; some hosts call that a range, from its first to its last byte."""
        if self.status != HTTPStatus.PARTIAL_CONTENT:
            return self.status in _WITH_A_FILE
        part = re.fullmatch(_RANGE, self.headers.get("Content-Range", ""))
        return part is not None and int(part[1]) + 1 == int(part[2])


@dataclass(slots=True)
class Attempt(Generic[Value]):
    """What one attempt came to: an answer, or the error to raise and whether another attempt is safe and useful.

    `pause_asked` are the seconds that the other side wants to be left alone, where it said so.
    """

    answer: Value | None = None
    failure: BaseException | None = None
    again: bool = False
    pause_asked: float | None = None


class Transport(Protocol):
    """The way of a request to a gateway and of its answer back: HTTP, the sandbox wherever it is now, or nobody."""

    @property
    def base_url(self) -> str:
        """The gateway's address, normalised."""

    @property
    def key(self) -> SecretStr | None:
        """What is sent to the gateway's calls and to nothing else."""

    def send(self, call: Call) -> Exchange | Broken:
        """Send one request once; return the answer or what broke."""

    def close(self) -> None:
        """Close the connections."""
