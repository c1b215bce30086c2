"""Endpoints: the gateway's own protocol, spoken by the relay to whoever holds a seat."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import math
import os
import re
import tempfile
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy.exc import SQLAlchemyError
from tornado import httputil, web
from tornado.iostream import StreamClosedError

from fox_nb.classroom.deposits import LINK, Deposits
from fox_nb.classroom.forwarding import Forwarder
from fox_nb.classroom.refusals import Refusal, as_refusal, journal_away, not_found, nothing_sent, unknown_token
from fox_nb.classroom.tables import CLASS, Database
from fox_nb.classroom.upstream import IN_TIME
from fox_nb.client.accounts import CHARGE, REFUND
from fox_nb.client.responses import CAN_TELL, TAKE, TAKE_MISSING
from fox_nb.errors import FoxError
from fox_nb.filetypes import is_zip, sniff
from fox_nb.models import MOST_TAKES
from fox_nb.money import MICRO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from fox_nb.classroom.bookings import Bookings
    from fox_nb.classroom.seats import Seat, Seats
    from fox_nb.classroom.upstream import Upstream

QUOTA = 500_000
"""The gateway's own unit: so much is a USD."""
LARGEST_REQUEST, LARGEST_UPLOAD, LARGEST_HAND_IN = 1 << 20, 100 << 20, 500 << 20
"""Bytes that each may have."""
_MEMORY = 1 << 20
"""Bytes of a body that are kept in memory; what is longer goes to a file."""
A_BODY, _A_FILE = 30.0, 600.0
"""Seconds in which a body has to come."""
_STRANGER = 64 << 10
"""Bytes that are read of the body of who is no seat; of a seat's so many beyond twice what it may send."""
_FILES_AT_ONCE = 4
"""So many large bodies of one seat may come at a time."""
_MOST_VALUES = 50_000
"""So many values at the most has the JSON of a request."""

log = logging.getLogger(__name__)


@dataclass
class RelayContext:
    """What the endpoints work with.

    Attributes
    ----------
    admit : callable
        Gives the seat for a token.
    class_id : str
        The same for as long as the class lives.
    """

    database: Database
    seats: Seats
    forwarder: Forwarder
    deposits: Deposits
    upstream: Upstream
    admit: Callable[[str], Awaitable[Seat]]
    class_id: str
    prefix: str = ""

    receiving: WeakSet[Endpoint] = field(default_factory=WeakSet)
    """The calls that bring a file."""
    filing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Pictures are taken in one after the other: a form has to be in memory to be read."""
    handing_in: asyncio.Lock = field(default_factory=asyncio.Lock)
    """So is work, by itself: it is large, and no picture waits for it."""

    @property
    def bookings(self) -> Bookings:
        """The journal."""
        return self.forwarder.bookings


class Plain(web.RequestHandler):
    """What all answers of the relay have in common: JSON, no cache, no word of what went wrong inside."""

    def initialize(self, context: RelayContext) -> None:
        """Take what the route was given."""
        self.context = context

    def set_default_headers(self) -> None:
        """Let no browser keep or run what comes from here."""
        self.set_header("Server", "fox_nb-relay")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")

    def write_error(self, status_code: int, **about: Any) -> None:
        """Answer in the gateway's form."""
        refusal = _refusal(about)
        error = {"message": self._reason, "type": "server_error"} if refusal is None else refusal.error
        self.set_header("Content-Type", "application/json")
        if refusal is not None and refusal.retry_after is not None:
            self.set_header("Retry-After", str(math.ceil(refusal.retry_after)))
        self.finish({"error": error})

    def send_error(self, status_code: int = 500, **about: Any) -> None:
        """Give a refusal, ours or the gateway's, its own status."""
        refusal = _refusal(about)
        super().send_error(status_code if refusal is None else refusal.status, **about)

    def log_exception(self, kind: Any, value: Any, trace: Any) -> None:
        """Say what failed, and nothing of what was asked: a token might stand in it."""
        if not isinstance(value, (Refusal, FoxError, web.HTTPError, StreamClosedError)):
            log.error("a request failed", exc_info=(kind, value, trace))

    def compute_etag(self) -> None:
        """Leave the ETag out."""
        return

    def check_xsrf_cookie(self) -> None:
        """Ask for no form's token: a seat's own is in a header, which no other site's form can send."""

    @property
    def base(self) -> str:
        """Where this student reaches the relay."""
        return f"{self.scheme}://{self.request.host}{self.context.prefix}"

    @property
    def scheme(self) -> str:
        """What a browser speaks with the outermost proxy, each of which says it behind what those before it said."""
        proto = self.request.headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower()
        return proto if proto in {"http", "https"} else self.request.protocol


@web.stream_request_body
class Endpoint(Plain):
    """A call that needs a seat. Its body is kept on disk where it is large, and refused where it is too large."""

    LARGEST, SECONDS = LARGEST_REQUEST, A_BODY
    AFTER_THE_END = False
    """True for what a seat that has ended may ask for: an end stops new pictures, not what was paid for before."""

    def initialize(self, context: RelayContext) -> None:
        """Take what the route was given."""
        super().initialize(context)
        self.refusal: Refusal | None = None
        self.until = asyncio.get_running_loop().time() + IN_TIME
        self.received: IO[bytes] = tempfile.SpooledTemporaryFile(_MEMORY)  # noqa: SIM115 - closed in on_finish
        self.size = 0

    async def prepare(self) -> None:
        """Find out who asks, and how much of them is read, before the body comes."""
        try:
            async with asyncio.timeout_at(self.until):
                self.seat = await self.context.admit(_bearer(self.request.headers))
            self.seat.admit(None if self.AFTER_THE_END else time.time())
            if self.LARGEST > LARGEST_REQUEST:
                self._bring_file()
        except Refusal as refusal:
            self.refusal = refusal
        except (SQLAlchemyError, TimeoutError):
            self.refusal = nothing_sent(journal_away())
        except Exception as error:
            log.exception("who asks could not be found out; nothing was sent")
            self.refusal = nothing_sent(as_refusal(error))
        self.request.connection.set_body_timeout(self.SECONDS)  # type: ignore[union-attr]
        # What is refused is read on for a while, so that the answer can be: of a stranger not for long.
        most = 2 * self.LARGEST + _STRANGER if hasattr(self, "seat") else _STRANGER
        self.request.connection.set_max_body_size(most)  # type: ignore[union-attr]

    def _bring_file(self) -> None:
        """Refuse to keep a seat's files on disk many at once."""
        coming = [one for one in self.context.receiving if one.seat.name == self.seat.name and not one.received.closed]
        if len(coming) >= _FILES_AT_ONCE:
            raise Refusal(429, "You are sending other files just now. Wait until they are here.", "rate_limit_error")
        self.context.receiving.add(self)

    async def data_received(self, chunk: bytes) -> None:
        """Keep a piece of the body; what is large goes to the disk, on which nobody else waits."""
        self.size += len(chunk)
        if self.size <= self.LARGEST and self.refusal is None:
            with contextlib.suppress(ValueError):  # closed: who sends it has gone
                if self.size > _MEMORY:
                    await asyncio.to_thread(self.received.write, chunk)
                else:
                    self.received.write(chunk)

    def on_finish(self) -> None:
        """Let go of the body."""
        self.received.close()

    def on_connection_close(self) -> None:
        """Let go of the body of who has gone."""
        super().on_connection_close()
        self.on_finish()

    def admitted(self) -> Seat:
        """Return who asks.

        Raises
        ------
        Refusal
            Nobody of this class, or with too large a body.
        """
        if self.refusal is not None:
            raise self.refusal
        if self.size > self.LARGEST:
            raise Refusal(413, "This is too large. Make it smaller.", "file_too_large_error")
        self.received.seek(0)
        return self.seat

    def json(self) -> Any:
        """Return the body.

        Raises
        ------
        Refusal
            It is no JSON, or one that no request needs.
        """
        if self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refusal(400, "The Content-Type must be application/json.")
        text = self.received.read()
        if sum(text.count(sign) for sign in b"[{,") > _MOST_VALUES:  # each of them takes many times its room in memory
            raise Refusal(400, "The body has too many values in it.")
        try:
            return json.loads(text.decode("utf-8"))
        except (ValueError, RecursionError):
            raise Refusal(400, "The body is not JSON in UTF-8.") from None


class _Generations(Endpoint):
    """``POST /v1/images/generations``."""

    async def post(self) -> None:
        who, body = self.admitted(), self.json()
        headers = self.request.headers
        take = _take_in(headers.get(TAKE, ""))
        if take is None and CAN_TELL in headers.get("User-Agent", ""):
            raise Refusal(HTTPStatus.PRECONDITION_REQUIRED, "Say which variation it is.", code=TAKE_MISSING)
        row, joined = await self.context.forwarder.create(
            who, body, take, self.request.host, lambda: self.received.closed, self.until
        )
        self.finish(await self.context.forwarder.task_answer(row, self.base, joined=joined))


class _Tasks(Endpoint):
    """``GET /v1/tasks/{id}``."""

    AFTER_THE_END = True

    async def get(self, task: str) -> None:
        who = self.admitted()
        row = await self.context.forwarder.task(task, who)
        self.finish(await self.context.forwarder.task_answer(row, self.base))


class _Uploads(Endpoint):
    """``POST /v1/files/upload/{stream, base64, url}``."""

    LARGEST, SECONDS = LARGEST_UPLOAD, _A_FILE

    async def post(self, kind: str) -> None:
        who = self.admitted()
        if kind == "url":
            if self.size > LARGEST_REQUEST:
                raise Refusal(413, "This is too large. Make it smaller.", "file_too_large_error")
            row = await asyncio.to_thread(lambda: self.context.deposits.add_link(who.name, self._text_field("url")))
        else:
            async with self.context.filing:
                row = await asyncio.to_thread(self._kept, who, kind)
        self.finish(
            {
                "id": f"file-{row.token[:12]}",
                "filename": row.name,
                "url": f"{self.base}/files/{row.token}/{row.name}",
                "size": self.context.deposits.size(row.token),
                "created": int(row.made),
            }
        )

    def _kept(self, who: Seat, kind: str) -> Any:
        data, name = self._form() if kind == "stream" else self._text()
        if not data:
            raise Refusal(422, "The file is empty.")
        return self.context.deposits.add(who.name, data, name)

    def _text_field(self, name: str) -> str:
        self.fields = self.json()
        found = self.fields.get(name) if isinstance(self.fields, dict) else None
        if not isinstance(found, str):
            raise Refusal(422, "There is no file in it.")
        return found

    def _text(self) -> tuple[bytes, str]:
        text = self._text_field("file_data")
        name = self.fields.get("file_name")
        try:
            return base64.b64decode(text.rpartition(",")[2], validate=True), name if isinstance(name, str) else "file"
        except ValueError:
            raise Refusal(422, "The file is not in base64.") from None

    def _form(self) -> tuple[bytes, str]:
        fields: dict[str, list[bytes]] = {}
        files: dict[str, list[httputil.HTTPFile]] = {}
        try:
            httputil.parse_body_arguments(
                self.request.headers.get("Content-Type", ""), self.received.read(), fields, files
            )
        except httputil.HTTPInputError:
            files = {}
        if len(files.get("file", [])) != 1:
            raise Refusal(422, "There is no file in it.")
        named = fields.get("file_name", [b""])[0].decode("utf-8", "replace")
        return files["file"][0]["body"], named or files["file"][0]["filename"] or "file"


class _HandIn(Endpoint):
    """``POST /class/hand-in``: what a student hands in, as a ZIP."""

    LARGEST, SECONDS = LARGEST_HAND_IN, _A_FILE
    AFTER_THE_END = True

    async def post(self) -> None:
        who = self.admitted()
        if not is_zip(self.received.read(4)):
            raise Refusal(422, "What is handed in must be a ZIP.")
        async with self.context.handing_in:
            name = await asyncio.to_thread(self.context.deposits.hand_in, who.name, self.received)
        self.finish({"url": f"{self.base}/class/hand-in", "handed_in": name, "size": self.size})


class _Files(Plain):
    """``GET /files/TOKEN/NAME``: a result or an upload, for who has its link, as at the gateway."""

    async def get(self, token: str) -> None:
        path = await self.context.deposits.opened(token, time.time())
        await send_file(self, path)


class _Whose(Endpoint):
    """``GET /class/seat``: whose seat this is, by what stays the same though address and token change."""

    AFTER_THE_END = True

    def get(self) -> None:
        self.finish({"class": self.context.class_id, "seat": self.admitted().name})


class _Account(Endpoint):
    """What a seat asks for account and bill: its own, never the class's."""

    AFTER_THE_END = True

    async def get(self, what: str) -> None:
        self.finish(await asyncio.to_thread(self._billing_answer, self.admitted(), what.rstrip("/")))

    def _billing_answer(self, who: Seat, what: str) -> dict[str, Any]:
        spent = self.context.seats.spent(who.name)
        answers: dict[str, Callable[[], dict[str, Any]]] = {
            "dashboard/billing/subscription": lambda: {"hard_limit_usd": who.budget / MICRO_PER_USD},
            "dashboard/billing/usage": lambda: {"total_usage": spent * 100 / MICRO_PER_USD},
            "api/usage/token": lambda: {"data": self._usage(who, spent)},
            "api/log/token": lambda: {
                "data": [line for row in self.context.bookings.charges(who.name) for line in self._lines(row)]
            },
            "v1/account/credits": lambda: {"data": self._usage(who, spent)},
        }
        return answers[what]()

    def _usage(self, who: Seat, spent: int) -> dict[str, Any]:
        return {
            "name": who.name,
            "total_granted": quota(who.budget),
            "total_used": quota(spent),
            "total_available": quota(max(0, who.budget - spent)),
            "unlimited_quota": False,
            "expires_at": int(who.ends or 0),
            "model_limits": dict.fromkeys(who.models, True),
        }

    def _lines(self, row: Any) -> list[dict[str, Any]]:
        """Return a charge, and with it what gives it back: the class pays instead of this seat, or nobody does."""
        shared = row.booked == CLASS
        is_back = shared or row.state == "refunded"
        other = {"task_id": row.task or "", "shared": shared, "cost_usd": row.micro_usd / MICRO_PER_USD}
        charge = {
            "id": row.id,
            "created_at": int(row.joined),
            "model_name": row.model,
            "quota": quota(row.micro_usd),
            "group": "default",
            "type": CHARGE,
            "other": json.dumps(other),
        }
        return [charge, *([{**charge, "id": f"{row.id} back", "type": REFUND}] if is_back else [])]


class _Models(Endpoint):
    """``GET /v1/models``: those that this seat may use."""

    async def get(self) -> None:
        who = self.admitted()
        known = await self.context.upstream.models()
        self.finish(
            {"object": "list", "data": [{"id": name} for name in known if not who.models or name in who.models]}
        )


class _Pricing(Plain):
    """``GET /api/pricing``: the gateway's prices, and that the relay understands which variation is asked for."""

    async def get(self) -> None:
        usd = await self.context.upstream.prices()
        rows = [{"model_name": name, "quota_type": 1, "model_price": price} for name, price in usd.items()]
        play = self.context.upstream.is_sandbox
        self.finish({"data": rows, "group_ratio": {"default": 1}, "fox_class": True, "play_money": play})


class Nothing(Plain):
    """Any other path."""

    def prepare(self) -> None:
        """Answer, whatever the method."""
        raise not_found("call")


def routes(context: RelayContext) -> Sequence[Any]:
    """Return the endpoints of the protocol, each below the relay's prefix."""
    about = {"context": context}
    account = (
        r"(dashboard/billing/subscription|dashboard/billing/usage|api/usage/token/?|api/log/token/?|v1/account/credits)"
    )
    table: tuple[tuple[str, Any], ...] = (
        (r"/v1/images/generations", _Generations),
        (r"/v1/tasks/([^/]{1,500})", _Tasks),
        (r"/v1/files/upload/(stream|base64|url)", _Uploads),
        (LINK, _Files),
        (r"/class/hand-in", _HandIn),
        (r"/class/seat", _Whose),
        (r"/v1/models", _Models),
        (r"/api/pricing", _Pricing),
        (rf"/{account}", _Account),
    )
    return [(re.escape(context.prefix) + path, handler, about) for path, handler in table]


async def send_file(handler: web.RequestHandler, path: Path) -> None:
    """Answer with a file, piece by piece; its type is told by its bytes, and it is shown as nothing else."""
    with path.open("rb") as file:
        start = file.read(16)
        handler.set_header("Content-Type", media_type(start))
        handler.set_header("Content-Length", str(os.fstat(file.fileno()).st_size))
        handler.write(start)
        while piece := await asyncio.to_thread(file.read, _MEMORY):
            await handler.flush()
            handler.write(piece)
    await handler.finish()


def media_type(start: bytes) -> str:
    """Return what a file is by its first bytes; pictures alone are called by their names."""
    kind = sniff(start).lower()
    return f"image/{kind}" if kind in {"jpeg", "png", "webp"} else "application/octet-stream"


def _refusal(about: dict[str, Any]) -> Refusal | None:
    """Return what is told of what was raised; None where it is nobody's business."""
    raised = about.get("exc_info", (None, None, None))[1]
    return as_refusal(raised) if isinstance(raised, (Refusal, FoxError, SQLAlchemyError, OSError)) else None


def quota(micro_usd: int) -> int:
    """Return an amount in the gateway's own unit."""
    return round(micro_usd * QUOTA / MICRO_PER_USD)


def _take_in(header: str) -> int | None:
    """Return the take that a request is of; None for one that does not say it, which is shared with nobody.

    Raises
    ------
    Refusal
        The header holds something else.
    """
    if not header:
        return None
    if re.fullmatch(r"[1-9][0-9]{0,9}", header) and int(header) <= MOST_TAKES:
        return int(header)
    raise Refusal(422, "X-Fox-Take is no number of a variation.")


def _bearer(headers: httputil.HTTPHeaders) -> str:
    """Return the token of a request, which stands in one header and nowhere else."""
    given = headers.get_list("Authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not re.fullmatch(r"[\x21-\x7e]{8,500}", token.strip()):
        raise unknown_token()
    return token.strip()
