"""Process: how a kernel finds, starts and joins the one sandbox that all kernels of a person share.

    find()      what runs and has proved itself; None otherwise
    start()     starts it in the background if it is missing; does not wait
    connect()   find or start, wait until it has proved itself
    stop()      ends it; its tasks stay on disk

One server for thirty kernels takes 40 MB and a second to start, where a child of each would take 1,000 MB and half a
minute of both cores, would end with its kernel and could not draw or answer for what another has asked for.

There is one server for each data folder, and all that is needed to find it is in that folder: a file, readable by its
owner alone, says where it answers and holds its key, and the server proves that it knows the key before the key is
ever sent to it. Nothing else counts, neither the host's name nor a runtime folder, so kernels that have only the
folder in common meet. Who holds the folder's lock is the server; an operating system that ends it frees the lock.

The file also marks the state of the server's program files: a server older than the caller's files is ended and
replaced, a newer one is used as it is, so two installations never take turns at ending each other's. Speed belongs to
tasks: where $FOX_NB_SANDBOX_SPEED is set, joining tells the server, and it holds for the tasks that come after.

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
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fox_nb.atomic import write
from fox_nb.sandbox.source import PACKAGE, SourceMark, source_mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from filelock import BaseFileLock

SHARED_SPEED = 10.0
"""The shared sandbox's speed where $FOX_NB_SANDBOX_SPEED says nothing: a picture in about five seconds."""
FASTEST = 1_000_000.0
PROOF_PATIENCE = 2.0
START_PATIENCE = 15.0
"""Seconds after which another start is tried, if the last one has come to nothing."""
POLL = 0.05
MOST_OF_A_LOG = 65_536
CANNOT_START = 3
"""The exit status of a server that has said on stderr, for a person, why it can't be the sandbox of its folder."""

ANOTHER_FOLDER = "Set FOX_NB_SANDBOX_DIR to a folder of your own on this computer."
_BY_HAND = "Restart the kernel; if it stays so, run `fox-nb doctor` in a terminal: that starts the sandbox, too."


class SandboxUnavailable(RuntimeError):
    """The shared sandbox can't be found or started.

    Parameters
    ----------
    what : str
        What is wrong.
    todo : str
        What to do about it, where that is known.
    """

    def __init__(self, what: str, todo: str = "") -> None:
        super().__init__(what)
        self.todo = todo


class Address(NamedTuple):
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
    host : str
        The name of its computer when it started; for a person, who may have to end it there.
    """

    base_url: str
    key: str
    pid: int
    version: str
    speed: float
    source: SourceMark
    host: str

    def __repr__(self) -> str:
        return f"<Address {self.base_url}, process {self.pid} on {self.host}>"


def find() -> Address | None:
    """Return the shared sandbox that runs, if it is no older than these files and proves that it knows its key."""
    address = _of_these_files()
    return proved(address) if address is not None else None


def _of_these_files() -> Address | None:
    address = read_address()
    return None if address is None or address.source < source_mark() else address


def start() -> None:
    """Start the shared sandbox in the background if it is missing, without waiting for it.

    Where somebody listens, whether it is the sandbox is left to `connect`: the proof loads HTTP, and takes a round.
    """
    asked_speed()
    address = _of_these_files()
    if (address is None or not _listens(address)) and _may_start(own_folder()):
        _launch()


def connect(timeout: float = 30.0) -> Address:
    """Return the shared sandbox, started if it was missing, once it has proved itself.

    Raises
    ------
    SandboxUnavailable
        If it can't be there, or is not after `timeout` seconds.
    """
    asked_speed()
    deadline = time.monotonic() + timeout
    own: _Detached | None = None
    of_others = _StartOfOthers()
    while (address := find()) is None:
        status = 0 if own is None else own.poll()
        if status:
            raise _failed(status)
        if time.monotonic() > deadline:
            raise _failed(None, f" within {timeout:g} s")
        if status == 0:  # nothing started here, or another one was faster
            folder = own_folder()
            of_others.forget_if_dead(starting_file(folder))
            own = _launch() if _may_start(folder) else None
        time.sleep(POLL)
    return _at_speed(address)


def stop() -> bool:
    """End the shared sandbox, whatever its age; return whether one was there. Its tasks stay on disk."""
    address = read_address()
    address = proved(address) if address is not None else None
    if address is None:
        return False
    _ask(address, "POST", "/sandbox/stop", key=address.key)
    return True


# --- places


def data_folder() -> Path:
    """Return where the shared sandbox keeps tasks and pictures: $FOX_NB_SANDBOX_DIR, else in the user's cache.

    Raises
    ------
    SandboxUnavailable
        If nothing says where the user's cache is.
    """
    named = os.environ.get("FOX_NB_SANDBOX_DIR")
    try:
        folder = _absolute(named) if named else _in_the_cache()
    except (RuntimeError, KeyError):  # neither HOME nor an entry in the list of users: a container's random user
        folder = Path()
    if not folder.is_absolute():
        raise SandboxUnavailable("This user has no home folder: HOME is not set.", ANOTHER_FOLDER)
    return folder


@lru_cache
def _absolute(named: str) -> Path:
    """Return the folder that a name meant when it was first used: a notebook may change its working folder later."""
    return Path(named).expanduser().absolute()


def _in_the_cache() -> Path:
    import platformdirs  # costs milliseconds that most calls in a test or a hub do not need

    return Path(platformdirs.user_cache_dir("fox_nb")) / "sandbox"


def own_folder() -> Path:
    """Return the data folder, made for the user alone if it is missing.

    Raises
    ------
    SandboxUnavailable
        If it can't be made or written to, belongs to somebody else, or others can put files into it.
    """
    folder = data_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _refuse_if_shared(folder)
    except OSError as error:
        raise _unusable(folder, error) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SandboxUnavailable(f"Its folder {folder} can't be written to.", ANOTHER_FOLDER)
    return folder


def _unusable(folder: Path, error: OSError) -> SandboxUnavailable:
    reason = error.strerror or error
    return SandboxUnavailable(f"Its folder {folder} can't be used ({error.filename}: {reason}).", ANOTHER_FOLDER)


def _refuse_if_shared(folder: Path) -> None:
    """Raise where the key would not be the user's alone."""
    status = folder.stat()
    if not _own(status):
        raise SandboxUnavailable(
            f"Its folder {folder} belongs to another user.",
            f"{ANOTHER_FOLDER} (After sudo or su, HOME may still be the other user's.)",
        )
    if not _private(status, 0o022):
        raise SandboxUnavailable(
            f"Other users can change {folder}, so the sandbox's key can't be kept there.",
            f"Run `chmod 700 {folder}`, or set FOX_NB_SANDBOX_DIR to another folder of your own.",
        )


def _own(status: os.stat_result) -> bool:
    """Whether it is the user's own; Windows keeps its users' folders apart by itself."""
    return not hasattr(os, "getuid") or status.st_uid == os.getuid()


def _private(status: os.stat_result, mask: int) -> bool:
    """Whether it is the user's own and denies others what the mask names."""
    return _own(status) and (not hasattr(os, "getuid") or not stat.S_IMODE(status.st_mode) & mask)


def address_file(folder: Path | None = None) -> Path:
    """Return the file that says where the sandbox of a data folder answers."""
    return (folder or data_folder()) / "address.json"


def starting_file(folder: Path) -> Path:
    """Return the file that is there while a sandbox of a data folder is being started."""
    return folder / "starting"


def error_file() -> Path:
    """Return the file that takes what a starting server says on stderr."""
    return data_folder() / "sandbox.err"


def take_lock(folder: Path) -> BaseFileLock | None:
    """Return the folder's lock, held by this process; None where another one holds it.

    Raises
    ------
    SandboxUnavailable
        If files in this folder can't be locked or written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / "lock", timeout=0, mode=0o600, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    except (OSError, NotImplementedError) as error:  # a network folder without locks, a file of root's
        reason = getattr(error, "strerror", None) or error
        raise SandboxUnavailable(f"{folder / 'lock'} can't be locked: {reason}.", ANOTHER_FOLDER) from None
    return lock


# --- the address


def read_address() -> Address | None:
    """Return what the address file says, if it is whole and the user's own; nothing is asked.

    Raises
    ------
    SandboxUnavailable
        If the folder belongs to somebody else, or others can put files into it.
    """
    folder = data_folder()
    try:
        _refuse_if_shared(folder)
        with address_file(folder).open(encoding="utf-8") as file:
            if not _private(os.fstat(file.fileno()), 0o077):
                return None
            fields = json.load(file)
        return Address(source=SourceMark(fields.pop("newest"), fields.pop("digest")), **fields)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def write_address(folder: Path, address: Address) -> None:
    """Publish where the sandbox of a folder answers, in one step."""
    fields = {**address._asdict(), **address.source._asdict()}
    del fields["source"]
    write(address_file(folder), json.dumps(fields).encode(), private=True)


def _listens(address: Address) -> bool:
    host, port = address.base_url.removeprefix("http://").rsplit(":", 1)
    with socket.socket() as attempt:
        attempt.settimeout(PROOF_PATIENCE)
        return attempt.connect_ex((host, int(port))) == 0


def proved(address: Address) -> Address | None:
    """Return the address, with the speed that holds now, if who answers there knows its key; the key is not sent."""
    challenge = secrets.token_hex(16)
    answer = _ask(address, "GET", f"/sandbox?challenge={challenge}")
    if not hmac.compare_digest(str(answer.get("proof")), proof(address.key, challenge, address.base_url)):
        return None
    return address._replace(speed=float(answer.get("speed", address.speed)))


def proof(key: str, challenge: str, base_url: str) -> str:
    """Return what only a server that answers there and knows the key can say."""
    host = base_url.removeprefix("http://")
    return hmac.new(key.encode(), f"{challenge}|{host}".encode(), hashlib.sha256).hexdigest()


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
        answer = json.loads(connection.getresponse().read(MOST_OF_A_LOG))
    except (OSError, ValueError, http.client.HTTPException):
        return {}
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else {}


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


@contextlib.contextmanager
def hurried(speed: float) -> Iterator[None]:
    """Have the shared sandbox make new tasks at a speed for the length of a with-block, if nobody asked for another."""
    if asked_speed() is not None:
        yield
        return
    before = connect()
    _change_speed(before, speed)
    try:
        yield
    finally:
        _change_speed(connect(), before.speed)


def _at_speed(address: Address) -> Address:
    speed = asked_speed()
    return address if speed is None or speed == address.speed else _change_speed(address, speed)


def _change_speed(address: Address, speed: float) -> Address:
    answer = _ask(address, "POST", "/sandbox/settings", key=address.key, body={"speed": speed})
    return address._replace(speed=float(answer.get("speed", address.speed)))


# --- starting


class _Detached(subprocess.Popen[bytes]):
    """A child that is meant to outlive its parent, so its being alive is nothing to warn about."""

    def __del__(self, *_args: Any) -> None:
        return


_children: list[_Detached] = []
"""What this process started and still runs; kept so that it is waited for when it has ended."""


def _may_start(folder: Path) -> bool:
    """Whether nobody is starting a sandbox of this folder right now; if so, this process is, from now on."""
    try:
        os.close(os.open(starting_file(folder), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    except OSError as error:
        raise _unusable(folder, error) from None
    return True


class _StartOfOthers:
    """Another process's start, as it is seen while one waits for it: by one's own clock, as a folder's may be wrong."""

    def __init__(self) -> None:
        self._seen: int | None = None
        self._since = 0.0

    def forget_if_dead(self, file: Path) -> None:
        """Let the next one start, if this start has come to nothing: whoever began it was killed."""
        try:
            seen = file.stat().st_mtime_ns
        except OSError:
            seen = None
        if seen != self._seen:
            self._seen, self._since = seen, time.monotonic()
        elif seen is not None and time.monotonic() - self._since > START_PATIENCE:
            file.unlink(missing_ok=True)


def _launch() -> _Detached:
    """Start a server of its own session. It makes its key itself; the user's own key is not handed on."""
    _children[:] = [child for child in _children if child.poll() is None]
    folder = own_folder()
    environment = {name: value for name, value in os.environ.items() if name != "FOXAPI_KEY"}
    environment["FOX_NB_SANDBOX_DIR"] = str(folder)  # the same one, whatever it would make of HOME and the rest itself
    root = PACKAGE.parent.parent
    if root.name not in {"site-packages", "dist-packages"}:
        paths = [str(root), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    errors = error_file()
    try:
        fresh = not errors.exists() or errors.stat().st_size > MOST_OF_A_LOG
        flags = os.O_CREAT | os.O_WRONLY | (os.O_TRUNC if fresh else os.O_APPEND)
        with os.fdopen(os.open(errors, flags, 0o600), "wb") as log:
            child = _Detached(
                [sys.executable or "", "-P", "-m", "fox_nb.sandbox", "--background"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=folder,
                env=environment,
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
                | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
    except OSError as error:
        starting_file(folder).unlink(missing_ok=True)
        if not os.access(sys.executable or "", os.X_OK):  # Python inside of another program, or moved since it started
            what = f"This kernel's Python, {sys.executable or 'of which nothing says where it is'}, can't be started."
            raise SandboxUnavailable(what, _BY_HAND) from None
        raise _unusable(folder, error) from None
    _children.append(child)
    return child


def _failed(status: int | None, when: str = "") -> SandboxUnavailable:
    file = error_file()
    try:
        lines = file.read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        lines = []
    if status == CANNOT_START and lines:
        return SandboxUnavailable(lines[-1], ANOTHER_FOLDER)
    words = f"its last words, in {file}, were: {lines[-1]}" if lines else f"it wrote nothing to {file}"
    return SandboxUnavailable(f"The sandbox did not start{when}; {words}.")
