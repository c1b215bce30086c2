"""Relay: the server of a class: it holds the one key, and speaks the gateway's protocol to whoever has a seat."""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import Any

from filelock import FileLock, Timeout
from tornado import httpserver, netutil, web

from fox_nb.classroom.deposits import Deposits
from fox_nb.classroom.endpoints import A_BODY, LARGEST_REQUEST, Nothing, RelayContext, routes
from fox_nb.classroom.forwarding import Forwarder
from fox_nb.classroom.seats import Roster, Seat, Seats
from fox_nb.classroom.tables import FOLDER, THREADS, Database, put_setting
from fox_nb.classroom.teacher import pages
from fox_nb.classroom.threads import threads
from fox_nb.classroom.upstream import Upstream
from fox_nb.client.calls import GLANCE
from fox_nb.errors import NOTHING_SENT, AuthenticationError, ConnectionLost, FoxError, InvalidRequest, NotConnected
from fox_nb.settings import is_loopback

HOUR = 3600.0
KEEP = 14 * 24.0
_HEADERS = 16 << 10
_TURN = 0.0005
"""Seconds after which a thread that asks the gateway gives way to the one that answers all students."""
_IDLE = 60.0
"""Seconds in which a request's head has to come."""
_FILES = 10_240
"""So many files and connections may be open at once: macOS lets no program have more."""


@dataclass(frozen=True)
class Options:
    """What a relay is told.

    Attributes
    ----------
    folder : Path
        Of the class, shared with `fox-nb seats`.
    host, port : str, int
        Where it answers; port 0 is that of the last time, or a free one.
    share : bool
        Whether the same request of several seats is sent and paid once.
    keep : float
        Hours for which files are kept: pictures, uploads, what is handed in.
    cert : Path, optional
        Certificate and key in PEM, for TLS.
    key : Path, optional
        A file with the key, in place of the environment: a Hub keeps the environment of its services in its database.
    plain_http : bool
        Speak without TLS to other machines, too: inside a network that others can't listen to.
    database : str, optional
        In place of the folder's own SQLite.
    groups : mapping of str to int
        As a service of JupyterHub: what each member of a group may spend, in millionths of a USD.
    """

    folder: Path = Path(FOLDER)
    host: str = "127.0.0.1"
    port: int = 0
    share: bool = True
    keep: float = KEEP
    cert: Path | None = None
    key: Path | None = None
    plain_http: bool = False
    database: str | None = None
    groups: Mapping[str, int] = field(default_factory=dict)

    def check(self) -> None:
        """Refuse to send tokens readably over a network, unless that was asked for; and to keep files for no time."""
        if not 0 < self.keep < math.inf:
            raise InvalidRequest(
                f"keep is {self.keep}; allowed are hours above 0.", parameter="keep", value=self.keep, allowed="hours"
            )
        if self.cert is None and not self.plain_http and not is_loopback(self.host):
            raise InvalidRequest(
                f"On {self.host} tokens would travel over plain http, readable on the way.",
                parameter="host",
                value=self.host,
                todo="Give --cert FILE, or put a proxy with TLS before it; --plain-http says that it is meant.",
            )


class Relay:
    """One class's server. Opened, served and closed on one event loop.

    Parameters
    ----------
    options : Options
        What it is told.
    upstream : Upstream
        The gateway behind it.
    """

    def __init__(self, options: Options, upstream: Upstream) -> None:
        options.check()
        self._options = options
        self._upstream = upstream
        self._database = Database(options.folder, options.database)
        self._lock = FileLock(options.folder / "relay.lock")
        try:
            self._lock.acquire(timeout=0)
            self._database.claim()
            self._database.claim_gateway(upstream.name)
        except BaseException as error:
            self._database.close()
            self._lock.release()
            if not isinstance(error, Timeout):
                raise
            raise FoxError(f"Another relay works in {options.folder}.", todo="Stop it, or give --folder.") from None
        upstream.know_group(self._database.setting("group"), self._remember_group)
        deposits = Deposits(self._database, upstream, options.keep * HOUR)
        self._forwarder = Forwarder(self._database, upstream, deposits, share=options.share)
        self.unknown = self._forwarder.bookings.begin()
        seats = Seats(self._database)

        admit, prefix = _door(seats, options)
        class_id = self._database.setting("folder")
        self.context = RelayContext(self._database, seats, self._forwarder, deposits, upstream, admit, class_id, prefix)
        self._watch: asyncio.Task[None] | None = None
        self._server: httpserver.HTTPServer | None = None
        self.had_port = 0
        """Where it answered the last time, if another program does now."""

    def _remember_group(self, group: str) -> None:
        """Keep the key's group for the next relay; nobody waits for it."""
        self._database.changing(lambda connection: put_setting(connection, "group", group))

    def open(self) -> str:
        """Begin to answer, and return the address."""
        options = self._options
        handlers: list[Any] = [*routes(self.context), *pages(self.context)]
        handlers.append((r".*", Nothing, {"context": self.context}))
        application = web.Application(
            handlers,
            log_function=lambda _handler: None,
            xsrf_cookies=True,
            xsrf_cookie_name="fox_xsrf",
            xsrf_cookie_kwargs={"samesite": "Strict", "httponly": True, "path": self.context.prefix or "/"},
        )
        secure = None
        if options.cert is not None:
            secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            try:
                secure.load_cert_chain(options.cert)
            except OSError as error:
                raise FoxError(
                    f"{options.cert} holds no certificate with its key that can be read ({error.strerror or error}).",
                    money=NOTHING_SENT,
                    todo="Give --cert a file in PEM, with both in it.",
                ) from None
        self._server = httpserver.HTTPServer(
            application,
            ssl_options=secure,
            max_header_size=_HEADERS,
            idle_connection_timeout=_IDLE,
            max_body_size=LARGEST_REQUEST,  # of whoever it is; a seat's own calls raise it for themselves
            body_timeout=A_BODY,
        )
        loop = asyncio.get_running_loop()
        loop.set_default_executor(threads(THREADS, "relay-working"))
        sockets = self._bound()
        self._server.add_sockets(sockets)
        self._watch = loop.create_task(self._forwarder.watch())
        shown, port = f"[{options.host}]" if ":" in options.host else options.host, sockets[0].getsockname()[1]
        self._database.set("port", str(port))
        return f"http{'s' if secure else ''}://{shown}:{port}{self.context.prefix}"

    def _bound(self) -> list[socket]:
        """Return the sockets at the port that was asked for; else at that of the last time, or a free one."""
        last = int(self._database.setting("port", "0"))
        host, port = self._options.host, self._options.port or last
        try:
            return netutil.bind_sockets(port, host)
        except OSError as error:
            with contextlib.suppress(OSError):
                if port != self._options.port:
                    sockets = netutil.bind_sockets(0, host)
                    self.had_port = last
                    return sockets
            raise FoxError(
                f"The relay cannot answer at {host}, port {port} ({error.strerror or error}).",
                money=NOTHING_SENT,
                todo="Give another --port, or an address of this machine with --host; end what answers there already.",
            ) from None

    async def close(self) -> None:
        """Stop answering, when what is being sent has its answer."""
        if self._server is not None:
            self._server.stop()
        if self._watch is not None:
            self._watch.cancel()
        await self._forwarder.close()
        if self._server is not None:
            await self._server.close_all_connections()
        await asyncio.to_thread(self._upstream.close)
        await asyncio.get_running_loop().shutdown_default_executor()  # what is still being read has its connection
        self._database.close()
        self._lock.release()


def _door(seats: Seats, options: Options) -> tuple[Callable[[str], Awaitable[Seat]], str]:
    """Return what gives the seat for a token, and the path below which the relay is reached."""
    if options.groups:
        from fox_nb.classroom.hub import HubSeats, service_prefix

        if not service_prefix():
            raise InvalidRequest(
                "--group is for a relay that JupyterHub starts as a service.",
                parameter="group",
                todo="Put the command into c.JupyterHub.services, as docs/teaching.md shows.",
            )
        return HubSeats(seats, options.groups).admit, service_prefix()

    return Roster(seats).admit, ""


def serve(options: Options) -> None:
    """Run the relay until Ctrl-C or SIGTERM; its first line is its address."""
    sys.setswitchinterval(_TURN)
    _allow_connections()
    with asyncio.Runner() as runner:
        runner.run(_serve(options))


def _allow_connections() -> None:
    """Raise the limit of files and connections: of itself it is 256 on macOS, and a class's kernels may have more."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has none, or the system allows no more
        import resource

        now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
        if now != resource.RLIM_INFINITY and now < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


async def _serve(options: Options) -> None:
    done = asyncio.Event()
    for name in ("SIGTERM", "SIGINT"):
        with contextlib.suppress(NotImplementedError, AttributeError):  # Windows
            asyncio.get_running_loop().add_signal_handler(getattr(signal, name), done.set)
    upstream = await asyncio.to_thread(Upstream.found, options.key)
    relay = Relay(options, upstream)
    try:
        address = relay.open()
        _print_line(address)
        _print_line(f"The teacher's page: {address}/teacher; its password is in {options.folder / 'teacher.txt'}")
        _print_line(await behind(upstream))
        seats = await asyncio.to_thread(relay.context.seats.all)
        if not (seats or options.groups):
            todo = "`fox-nb seats make` makes them; where the class is in another folder, give that with --folder."
            _print_line(f"There are no seats in {options.folder.absolute()}, so nobody is answered: {todo}")
        if relay.had_port:
            _print_line(f"Another program answers at port {relay.had_port}, where it was: give students this address.")
        if relay.unknown:
            were = "creation was" if relay.unknown == 1 else "creations were"
            fate = "nobody knows whether it was charged. Look at the teacher's page."
            _print_line(f"{relay.unknown} {were} being sent when the last relay ended: {fate}")
        await done.wait()
    finally:
        await relay.close()


async def behind(upstream: Upstream) -> str:
    """Return what is behind the relay, asked once: a class that begins is no time to learn that a key is wrong."""
    if upstream.is_sandbox:
        return "Play money: the sandbox is behind it."
    try:
        await asyncio.wait_for(upstream.models(), GLANCE)
    except AuthenticationError:
        return "The gateway does not accept this key: students will get nothing. Give another one, and start it again."
    except (NotConnected, ConnectionLost, TimeoutError):
        return "The gateway cannot be reached just now: until it can, students will get nothing."
    except FoxError as error:
        return f"The gateway is behind it: pictures cost. Asked for its models it said this: {error.what}"
    return "The gateway is behind it: pictures cost."


def _print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
