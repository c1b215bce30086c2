"""Daemon: the server's own process, in the background for all kernels of a person, or in the foreground by hand.

What makes a server (tornado, jsonschema, SQLite) is imported once the folder's lock is held: of thirty that are
started at once, twenty-nine end as light as they came.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import logging.handlers
import os
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fox_nb import __version__
from fox_nb.sandbox.process import (
    CANNOT_START,
    SHARED_SPEED,
    Address,
    SandboxUnavailable,
    address_file,
    asked_speed,
    find,
    own_folder,
    read_address,
    starting_file,
    stop,
    take_lock,
    write_address,
)
from fox_nb.sandbox.source import source_mark

if TYPE_CHECKING:
    import psutil
    from filelock import BaseFileLock

    from fox_nb.sandbox.server import Server

IDLE = 15 * 60.0
"""Seconds without a request and without work after which the background server goes; $FOX_NB_SANDBOX_IDLE."""
TAKEOVER_PATIENCE = 10.0
STARTING = 60.0
"""Seconds that a server may take to its first word, thirty kernels beside it, before it counts as one that is stuck."""
LOOK_AFTER, LOOK_EVERY = 1.0, 0.5
LOG_BYTES = 262_144

log = logging.getLogger(__name__)


def run_in_background() -> int:
    """Be the shared sandbox of this data folder, unless another one is; return the exit status."""
    os.umask(0o077)
    try:
        folder = own_folder()
        try:
            lock = _take_over(folder)
            if lock is not None:
                start_lightly()
                with asyncio.Runner() as runner:
                    runner.run(_serve(folder, asked_speed() or SHARED_SPEED, lock))
        finally:
            starting_file(folder).unlink(missing_ok=True)
    except SandboxUnavailable as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_START
    return 0


def _take_over(folder: Path) -> BaseFileLock | None:
    """Return the folder's lock; None once one that is new enough answers from there.

    Raises
    ------
    SandboxUnavailable
        If who holds the folder can be neither asked nor ended from here.
    """
    holder = None
    since = look_at = time.monotonic() + LOOK_AFTER
    while (lock := take_lock(folder)) is None:
        if find() is not None:
            return None
        stop()  # if it answers, it is older than these files: its tasks go on here
        now = time.monotonic()
        if now >= look_at:
            look_at = now + LOOK_EVERY
            found = _holder(folder)
            if found != holder:
                holder, since = found, now
            elif found is None and now - since >= LOOK_AFTER:
                raise SandboxUnavailable(_held_elsewhere(folder))
            elif found is not None and now - since >= TAKEOVER_PATIENCE:
                _end_if_stuck(found)
        time.sleep(0.1)
    return lock


def _holder(folder: Path) -> psutil.Process | None:
    """Return the background server on this computer that has the folder's lock open, whatever it says or doesn't."""
    import psutil

    lock = folder / "lock"
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            is_one = {"fox_nb.sandbox", "--background"} <= set(process.cmdline()) and process.pid != os.getpid()
            if is_one and any(Path(file.path).samefile(lock) for file in process.open_files()):
                return process
    return None


def _end_if_stuck(holder: psutil.Process) -> None:
    """Kill a server that has stopped answering, or never began: its tasks are on disk."""
    import psutil

    with contextlib.suppress(psutil.Error):
        address = read_address()
        if (address is not None and address.pid == holder.pid) or time.time() - holder.create_time() > STARTING:
            holder.kill()


def _held_elsewhere(folder: Path) -> str:
    address = read_address()
    started = f" It was started on {address.host}." if address is not None else ""
    return (
        f"Its folder {folder} is in use by a sandbox that can't be reached from here: on another computer, in another "
        f"container, or run by hand.{started}"
    )


async def _serve(folder: Path, speed: float, lock: BaseFileLock) -> None:
    from fox_nb.sandbox.options import Settings
    from fox_nb.sandbox.server import Server

    done = asyncio.Event()
    _log_to(folder)
    _on_signals(done)
    server = Server(folder, Settings(speed=speed), stop=done.set, lock=lock)
    try:
        server.open()
        address = Address(
            server.base_url, server.key, os.getpid(), __version__, speed, source_mark(), socket.gethostname()
        )
        write_address(folder, address)
        starting_file(folder).unlink(missing_ok=True)
        await _until_idle(server, folder, address, done)
    finally:
        if _published():
            address_file(folder).unlink(missing_ok=True)
        await server.close()


async def _until_idle(server: Server, folder: Path, address: Address, done: asyncio.Event) -> None:
    """Wait until told to stop, or nothing was asked for a while; put the address file back if a cleaner took it."""
    idle = float(os.environ.get("FOX_NB_SANDBOX_IDLE") or IDLE)
    inode = _inode(folder)
    while not done.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), min(2.0, idle / 4))
        if time.monotonic() - server.last_asked > idle and not server.gateway.busy:
            return
        if _inode(folder) != inode:
            return  # its folder was deleted, and all tasks with it; there may be another one by now
        if not done.is_set() and not _published():
            with contextlib.suppress(OSError):  # a full disk: again in a moment
                write_address(folder, address)


def _inode(folder: Path) -> int | None:
    try:
        return folder.stat().st_ino
    except OSError:
        return None


def _published() -> bool:
    """Whether kernels are led to this process, or its folder is such that they refuse to look."""
    try:
        address = read_address()
    except SandboxUnavailable:
        return True
    return address is not None and address.pid == os.getpid()


def _log_to(folder: Path) -> None:
    path = folder / "sandbox.log"
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.WARNING)


def _on_signals(done: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, done.set)
        except NotImplementedError:  # Windows' loops have no signal handlers of their own
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(done.set))


def serve(port: int = 0, speed: float = SHARED_SPEED) -> None:
    """Run a sandbox by hand until Ctrl-C or SIGTERM, in a folder of its own; print its base URL as the first line.

    Parameters
    ----------
    port : int
        The port; 0 takes a free one.
    speed : float
        How many times faster than the service its tasks go.
    """
    start_lightly()
    with tempfile.TemporaryDirectory(prefix="fox_nb-sandbox-") as folder, asyncio.Runner() as runner:
        runner.run(_by_hand(port, speed, Path(folder)))


async def _by_hand(port: int, speed: float, folder: Path) -> None:
    from fox_nb.sandbox.options import Settings
    from fox_nb.sandbox.server import Server

    done = asyncio.Event()
    _on_signals(done)
    server = Server(folder, Settings(speed=speed), keys="any")
    try:
        server.open(port)
        accepted = "any key that is not empty is accepted, such as FOXAPI_KEY=any-key"
        sys.stdout.write(f"{server.base_url}\nkey: {accepted}; speed {speed:g}; Ctrl-C ends it\n")
        sys.stdout.flush()
        await done.wait()
    finally:
        await server.close()


def start_lightly() -> None:
    """Keep jsonschema, in a server's own process, from making parsers that no schema of the document asks for.

    Wherever Jupyter has brought `rfc3987_syntax`, importing jsonschema builds 38 of them, for IRIs: a second of work
    before the first answer.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
