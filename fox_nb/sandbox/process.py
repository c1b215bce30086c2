"""Process: how a kernel finds, starts and joins the one sandbox that all kernels of a person share.

    find()      what runs and has proved itself; None otherwise
    start()     starts it in the background if it is missing; does not wait
    connect()   find or start, wait until it has proved itself
    stop()      ends it; its tasks stay on disk
    serve()     runs one by hand, in the foreground, until Ctrl-C

There is one server for each data folder. A file in the runtime folder, readable by its owner alone, says where it
answers and holds its key; the server proves that it knows the key before the key is ever sent to it. The file also
marks the state of the server's program files: a server older than the caller's files is ended and replaced, a newer
one is used as it is, so two installations never take turns at ending each other's. Speed belongs to tasks: where
$FOX_NB_SANDBOX_SPEED is set, joining tells the server, and it holds for the tasks that come after.

Everything here is light to import; what a server needs is imported by `daemon`.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import socket
import stat
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fox_nb.atomic import write
from fox_nb.sandbox.source import PACKAGE, SourceMark, source_mark

SHARED_SPEED = 10.0
"""The shared sandbox's speed where $FOX_NB_SANDBOX_SPEED says nothing: a picture in about five seconds."""
FASTEST = 1_000_000.0
PROOF_PATIENCE = 2.0
START_PATIENCE = 15.0
"""Seconds after which another start is tried, if the last one has come to nothing."""
POLL = 0.05
MOST_OF_A_LOG = 65_536


class SandboxUnavailable(RuntimeError):
    """The shared sandbox can't be found or started."""


@dataclass(frozen=True)
class Address:
    """Where the shared sandbox answers.

    Attributes
    ----------
    base_url : str
        Such as ``http://127.0.0.1:40123``.
    key : str
        The key that it accepts; not in the repr.
    pid : int
        Its process.
    version : str
        The version of the package that it runs.
    speed : float
        How many times faster than the service new tasks go.
    source : SourceMark
        The state of its program files when it started.
    """

    base_url: str
    key: str = field(repr=False)
    pid: int
    version: str
    speed: float
    source: SourceMark


def find() -> Address | None:
    """Return the shared sandbox that runs, if it is no older than these files and proves that it knows its key."""
    address = read_address()
    if address is None or address.source < source_mark():
        return None
    return proved(address)


def start() -> None:
    """Start the shared sandbox in the background if it is missing, without waiting for it."""
    if find() is None and _may_start():
        _launch()


def connect(timeout: float = 30.0) -> Address:
    """Return the shared sandbox, started if it was missing, once it has proved itself.

    Raises
    ------
    SandboxUnavailable
        If it is not there after `timeout` seconds; says what its log ends with.
    """
    deadline = time.monotonic() + timeout
    launched = None
    while True:
        address = find()
        if address is not None:
            return _at_speed(address)
        ended = None if launched is None else launched.poll()
        failed = ended not in {None, 0}
        if (launched is None or ended == 0) and _may_start():
            launched = _launch()
        if failed or time.monotonic() > deadline:
            raise SandboxUnavailable(
                f"The sandbox did not start{'' if failed else f' within {timeout:g} s'}. "
                f"Its data folder is {data_folder()}; its last words were: {_last_words() or 'none'}"
            )
        time.sleep(POLL)


def stop() -> bool:
    """End the shared sandbox, whatever its age; return whether one was there. Its tasks stay on disk."""
    address = read_address()
    address = proved(address) if address is not None else None
    if address is None:
        return False
    _ask(address, "POST", "/sandbox/stop", key=address.key)
    return True


def serve(port: int = 0, speed: float = SHARED_SPEED, folder: str | Path | None = None, *, keys: str = "any") -> None:
    """Run a sandbox by hand until Ctrl-C or SIGTERM; print its base URL as the first line.

    Parameters
    ----------
    port : int
        The port; 0 takes a free one.
    speed : float
        How many times faster than the service its tasks go.
    folder : path, optional
        Where its tasks are kept; a temporary folder, gone afterwards, if left out.
    keys : str
        The key that is accepted; ``"any"``: every key that is not empty.
    """
    start_lightly()
    from fox_nb.sandbox.daemon import run_by_hand

    run_by_hand(port, speed, None if folder is None else Path(folder), keys)


def start_lightly() -> None:
    """Keep jsonschema, in a server's own process, from making parsers that no schema of the document asks for.

    Wherever Jupyter has brought `rfc3987_syntax`, importing jsonschema builds 38 of them, for IRIs: a second of work
    before the first answer.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


# --- places


def data_folder() -> Path:
    """Return where the shared sandbox keeps tasks and pictures: $FOX_NB_SANDBOX_DIR, else in the user's cache."""
    named = os.environ.get("FOX_NB_SANDBOX_DIR")
    if named:
        return Path(named).absolute()
    import platformdirs  # costs milliseconds that most calls in a test or a hub do not need

    return Path(platformdirs.user_cache_dir("fox_nb")) / "sandbox"


def runtime_folder() -> Path:
    """Return the folder of the address file, made for the user alone if it is missing.

    Raises
    ------
    SandboxUnavailable
        If it belongs to somebody else, or others can put files into it.
    """
    named = os.environ.get("FOX_NB_RUNTIME_DIR")
    folder = Path(named).absolute() if named else _own_runtime_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _private(folder.lstat(), 0o022):
        raise SandboxUnavailable(
            f"Other users can change {folder}, so the sandbox's key can't be kept there: "
            f"chmod 700 it, or set FOX_NB_RUNTIME_DIR to a folder of your own."
        )
    return folder


def _own_runtime_folder() -> Path:
    """Return the system's folder for such files; without one (a container, a cron job) a folder in the cache.

    platformdirs would take one in the temporary folder then, which all users can reach. That it does so is seen by the
    path alone: it warns of it once, in the middle of somebody's notebook, and not again.
    """
    import platformdirs

    with warnings.catch_warnings(), contextlib.suppress(OSError):
        warnings.simplefilter("ignore")
        folder = Path(platformdirs.user_runtime_dir("fox_nb"))
        if not folder.is_relative_to(tempfile.gettempdir()):
            return folder
    return Path(platformdirs.user_cache_dir("fox_nb")) / "run"


def address_file() -> Path:
    """Return the file that says where the sandbox of this data folder answers."""
    return runtime_folder() / f"{_name()}.json"


def _name() -> str:
    return f"sandbox-{hashlib.sha256(str(data_folder()).encode()).hexdigest()[:8]}"


def starting_file() -> Path:
    """Return the file that is there while a sandbox of this data folder is being started."""
    return runtime_folder() / f"{_name()}.starting"


def error_file() -> Path:
    """Return the file that takes what a starting server says on stderr."""
    return runtime_folder() / f"{_name()}.err"


def _private(status: os.stat_result, mask: int) -> bool:
    """Whether it is the user's own and denies others what the mask names."""
    if not hasattr(os, "getuid"):
        return True  # Windows keeps its users' folders apart by itself
    return status.st_uid == os.getuid() and not stat.S_IMODE(status.st_mode) & mask


# --- the address


def read_address() -> Address | None:
    """Return what the address file says, if it is whole, the user's own, and of this machine; nothing is asked."""
    try:
        with address_file().open(encoding="utf-8") as file:
            if not _private(os.fstat(file.fileno()), 0o077):
                return None
            said = json.load(file)
        if said.pop("host") != socket.gethostname():
            return None
        return Address(source=SourceMark(said.pop("newest"), said.pop("digest")), **said)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def write_address(address: Address) -> None:
    """Publish where the sandbox answers, in one step."""
    said = {
        "base_url": address.base_url,
        "key": address.key,
        "pid": address.pid,
        "version": address.version,
        "speed": address.speed,
        "newest": address.source.newest,
        "digest": address.source.digest,
        "host": socket.gethostname(),
    }
    write(address_file(), json.dumps(said).encode(), private=True)


def proved(address: Address) -> Address | None:
    """Return the address, with the speed that holds now, if who answers there knows its key; the key is not sent."""
    challenge = secrets.token_hex(16)
    host = address.base_url.removeprefix("http://")
    expected = hmac.new(address.key.encode(), f"{challenge}|{host}".encode(), hashlib.sha256).hexdigest()
    said = _ask(address, "GET", f"/sandbox?challenge={challenge}")
    if not hmac.compare_digest(str(said.get("proof")), expected):
        return None
    return replace(address, speed=float(said.get("speed", address.speed)))


def _ask(
    address: Address, method: str, path: str, *, key: str | None = None, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return what the server says; an empty dict where nothing sensible comes."""
    import http.client

    headers = {"Content-Type": "application/json"} if body is not None else {}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    host = address.base_url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=PROOF_PATIENCE)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        said = json.loads(connection.getresponse().read(MOST_OF_A_LOG))
    except (OSError, ValueError, http.client.HTTPException):
        return {}
    finally:
        connection.close()
    return said if isinstance(said, dict) else {}


def asked_speed() -> float | None:
    """Return what $FOX_NB_SANDBOX_SPEED says, None where it says nothing."""
    text = os.environ.get("FOX_NB_SANDBOX_SPEED")
    if not text:
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= FASTEST:
        raise SandboxUnavailable(f"FOX_NB_SANDBOX_SPEED={text!r} is not a speed: a number above 0, such as 10.")
    return speed


def _at_speed(address: Address) -> Address:
    speed = asked_speed()
    if speed is None or speed == address.speed:
        return address
    said = _ask(address, "POST", "/sandbox/settings", key=address.key, body={"speed": speed})
    return replace(address, speed=float(said.get("speed", address.speed)))


# --- starting


class _Detached(subprocess.Popen[bytes]):
    """A child that is meant to outlive its parent, so its being alive is nothing to warn about."""

    def __del__(self, *_args: Any) -> None:
        return


_children: list[_Detached] = []
"""What this process started and still runs; kept so that it is waited for when it has ended."""


def _may_start() -> bool:
    """Whether nobody is starting a sandbox for this data folder right now; if so, this process is, from now on."""
    path = starting_file()
    try:
        if time.time() - path.stat().st_mtime > START_PATIENCE:
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        pass
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def _launch() -> _Detached:
    """Start a server of its own session. It makes its key itself; the user's own key is not handed on."""
    _children[:] = [child for child in _children if child.poll() is None]
    environment = {name: value for name, value in os.environ.items() if name != "FOXAPI_KEY"}
    root = PACKAGE.parent.parent
    if root.name not in {"site-packages", "dist-packages"}:
        paths = [str(root), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    errors = error_file()
    fresh = not errors.exists() or errors.stat().st_size > MOST_OF_A_LOG
    flags = os.O_CREAT | os.O_WRONLY | (os.O_TRUNC if fresh else os.O_APPEND)
    with os.fdopen(os.open(errors, flags, 0o600), "wb") as said:
        child = _Detached(
            [sys.executable, "-P", "-m", "fox_nb.sandbox", "--background"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            cwd=runtime_folder(),
            env=environment,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
            | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    _children.append(child)
    return child


def _last_words() -> str:
    try:
        return error_file().read_text("utf-8", "replace")[-1000:].strip()
    except OSError:
        return ""
