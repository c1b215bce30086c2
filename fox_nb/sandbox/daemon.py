"""Daemon: the server's own process, in the background for all kernels of a person, or in the foreground by hand."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import logging.handlers
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import psutil

from fox_nb.sandbox.gateway import FolderInUse
from fox_nb.sandbox.process import (
    SHARED_SPEED,
    Address,
    address_file,
    asked_speed,
    data_folder,
    find,
    proved,
    read_address,
    starting_file,
    stop,
    write_address,
)
from fox_nb.sandbox.server import Server
from fox_nb.sandbox.settings import Settings
from fox_nb.sandbox.source import source_mark, version

IDLE = 15 * 60.0
"""Seconds without a request and without work after which the background server goes; $FOX_NB_SANDBOX_IDLE."""
TAKEOVER_PATIENCE = 10.0
LOG_BYTES = 262_144

log = logging.getLogger(__name__)


def run_in_background() -> int:
    """Be the shared sandbox of this data folder, unless another one is; return the exit status."""
    return asyncio.run(_background())


async def _background() -> int:
    done = asyncio.Event()
    try:
        started = await _started(done)
    finally:
        starting_file().unlink(missing_ok=True)
    if started is None:
        return 0 if find() else 1
    server, address = started
    try:
        await _until_idle(server, address, done)
    finally:
        _withdraw()
        await server.close()
    return 0


async def _started(done: asyncio.Event) -> tuple[Server, Address] | None:
    """Return the server, open, and its address, published; None if another one has the folder."""
    mark = source_mark()
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = Settings(speed=asked_speed() or SHARED_SPEED)
    server = await _take_over(folder, settings, done)
    if server is None:
        return None
    try:
        _log_to(folder)
        _on_signals(done)
        server.open()
        address = Address(server.base_url, server.key, os.getpid(), version(), settings.speed, mark)
        write_address(address)
    except BaseException:
        await server.close()
        raise
    return server, address


async def _take_over(folder: Path, settings: Settings, done: asyncio.Event) -> Server | None:
    """Return a server that holds the folder's lock; None if one that is new enough has it, or won't let go."""
    deadline = time.monotonic() + TAKEOVER_PATIENCE
    while True:
        try:
            return Server(folder, settings, stop=done.set)
        except FolderInUse:
            if find() is not None:
                return None
            holder = read_address()
            if holder is not None and proved(holder) is not None:
                stop()  # it is older than these files: its tasks go on here
            if time.monotonic() > deadline:
                if holder is None or not _end_by_force(holder):
                    sys.stderr.write(f"{folder} is held by another sandbox, which does not answer.\n")
                    return None
                deadline += TAKEOVER_PATIENCE
        await asyncio.sleep(0.1)


def _end_by_force(holder: Address) -> bool:
    """Kill a server that holds the folder and has stopped answering, if its process still is one; tasks are on disk."""
    try:
        process = psutil.Process(holder.pid)
        if not {"fox_nb.sandbox", "--background"} <= set(process.cmdline()):
            return False
        process.kill()
    except psutil.Error:
        return False
    return True


async def _until_idle(server: Server, address: Address, done: asyncio.Event) -> None:
    """Wait until told to stop, or nothing was asked for a while; put the address file back if a cleaner took it."""
    idle = float(os.environ.get("FOX_NB_SANDBOX_IDLE") or IDLE)
    while not done.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), min(5.0, idle / 4))
        if time.monotonic() - server.last_asked > idle and not server.gateway.busy:
            return
        if not done.is_set() and not address_file().exists():
            write_address(address)


def _withdraw() -> None:
    said = read_address()
    if said is not None and said.pid == os.getpid():
        address_file().unlink(missing_ok=True)


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


def run_by_hand(port: int, speed: float, folder: Path | None, keys: str) -> None:
    """Serve in the foreground until Ctrl-C or SIGTERM."""
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fox_nb-sandbox-")))
        asyncio.run(_by_hand(port, speed, folder, keys))


async def _by_hand(port: int, speed: float, folder: Path, keys: str) -> None:
    done = asyncio.Event()
    _on_signals(done)
    server = Server(folder, Settings(speed=speed), keys=keys)
    try:
        server.open(port)
        said = "any key that is not empty is accepted" if keys == "any" else "the key you named is accepted"
        sys.stdout.write(
            f"{server.base_url}\nkey: {said}, such as FOXAPI_KEY=sandbox; speed {speed:g}; Ctrl-C ends it\n"
        )
        sys.stdout.flush()
        await done.wait()
    finally:
        await server.close()
