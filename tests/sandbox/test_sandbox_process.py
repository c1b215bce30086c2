"""The shared sandbox: started once by many, proves itself, keeps its key to itself, gives way to newer files, goes when idle."""

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import psutil
import pytest
import requests

from fox_nb.sandbox import daemon, process
from processes import Child, ended
from sandbox.asking import Asking
from servers import free_port

FOX = {"model": "phota-image", "prompt": "a fox in the snow"}
MARK = "FOX_NB_TEST_SHARED"
CONNECT = "from fox_nb.sandbox import process; a = process.connect(60); print(a.pid, a.base_url)"


class Shared:
    """The folders and the processes of one test's shared sandbox."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.name = str(folder)

    def servers(self) -> list[psutil.Process]:
        """The background servers of this test that run."""
        found = []
        for one in psutil.process_iter():
            try:
                if "--background" in one.cmdline() and one.environ().get(MARK) == self.name:
                    found.append(one)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found

    def wait_until_gone(self, pid: int) -> None:
        until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def until(look, seconds: float = 60):
    """Ask until the answer is yes; the deadline only keeps a failing test from hanging."""
    deadline = time.monotonic() + seconds
    while not (answer := look()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return answer


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """An environment in which a shared sandbox is this test's own; it is ended afterwards."""
    place = Shared(tmp_path)
    monkeypatch.setenv("FOX_NB_SANDBOX_DIR", str(place.data))
    monkeypatch.setenv("FOX_NB_SANDBOX_IDLE", "120")
    monkeypatch.setenv(MARK, place.name)
    monkeypatch.setenv("FOXAPI_KEY", "the-persons-own-key")
    monkeypatch.delenv("FOX_NB_SANDBOX_SPEED", raising=False)
    yield place
    until(lambda: (process.stop() or True) and not place.servers())


def test_connect_starts_it_once_and_finds_it_again(shared):
    """The first call starts it, the second finds the same one; nothing was there before."""
    assert process.find() is None
    first = process.connect()
    assert process.find() == first == process.connect()
    assert len(shared.servers()) == 1
    assert first.speed == process.SHARED_SPEED
    asking = Asking(type("Address", (), {"base_url": first.base_url, "key": first.key}))
    assert asking.create(**FOX)["task_info"]["estimated_time"] == 4.5
    asking.session.close()


FOUND = """
import os, socket, sys
{change}
from fox_nb.sandbox import daemon, process
address = process.connect(60)
print(address.pid, process.find() == address)
"""


@pytest.mark.parametrize(
    ("variables", "change"),
    [
        ({"XDG_RUNTIME_DIR": "{folder}/snap.code"}, ""),
        ({"XDG_RUNTIME_DIR": "/nowhere/at/all"}, ""),
        ({"TMPDIR": "{folder}", "USER": "someone-else", "LOGNAME": "someone-else"}, ""),
        ({}, "socket.gethostname = lambda: 'another-name'"),
        ({"FOX_NB_SANDBOX_DIR": "data"}, "os.chdir('{folder}')"),
        (
            {"FOX_NB_SANDBOX_DIR": "{folder}/link"},
            "os.path.islink('{folder}/link') or os.symlink('{folder}/data', '{folder}/link')",
        ),
    ],
    ids=["snap's runtime folder", "no runtime folder", "sudo's names", "a new host name", "a relative name", "a link"],
)
def test_kernels_that_have_the_folder_in_common_meet(shared, variables, change):
    """Whatever else differs between them: one sandbox, found by all, without a word on stderr."""
    address = process.connect()
    named = {name: value.format(folder=shared.name) for name, value in variables.items()}
    done = subprocess.run(
        [sys.executable, "-c", FOUND.format(change=change.format(folder=shared.name))],
        env={**os.environ, **named},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert (done.stdout, done.stderr) == (f"{address.pid} True\n", "")
    assert len(shared.servers()) == 1


def test_a_relative_name_of_the_folder_means_one_folder(shared, monkeypatch, tmp_path):
    """The server works where the name led to when it was first used, whatever the kernel's working folder is later."""
    monkeypatch.chdir(tmp_path)
    name = tmp_path.name  # what a process has used once leads there ever after
    monkeypatch.setenv("FOX_NB_SANDBOX_DIR", name)
    address = process.connect()
    assert (tmp_path / name / "address.json").exists()
    monkeypatch.chdir("/")
    assert process.find() == address
    process.stop()
    shared.wait_until_gone(address.pid)


@pytest.mark.skipif(sys.platform == "win32", reason="there, nobody is without a profile")
def test_without_a_name_it_is_in_the_users_cache(shared, tmp_path):
    """Server and kernels use one private folder under HOME, in a container, too, without a word of warning."""
    code = "from fox_nb.sandbox import process as p; print(p.connect(60) == p.find()); print(p.data_folder()); p.stop()"
    environment = {n: value for n, value in os.environ.items() if not n.startswith(("XDG_", "FOX_NB_SANDBOX_DIR"))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    said, folder = done.stdout.splitlines()
    assert (said, done.stderr) == ("True", "")
    assert Path(folder).is_relative_to(tmp_path)
    assert Path(folder).parts[-2:] == ("fox_nb", "sandbox")
    assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700


NOBODY = """
import pwd
def nobody(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")
pwd.getpwuid = nobody
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there, nobody is without a profile")
@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"HOME": None}, "has no home folder"),
        ({"HOME": "/dev/null"}, "Not a directory"),
        ({"HOME": "/proc/nobody"}, "No such file or directory"),
        ({"FOX_NB_SANDBOX_DIR": "~/sandbox", "HOME": None}, "has no home folder"),
        ({"FOX_NB_SANDBOX_DIR": "/dev/null/sandbox"}, "Not a directory"),
        ({"FOX_NB_SANDBOX_DIR": "/proc/self/sandbox"}, "No such file or directory"),
        ({"FOX_NB_SANDBOX_DIR": __file__}, "File exists"),
    ],
)
def test_where_its_folder_cannot_be_the_remedy_is_named(shared, variables, told):
    """No home, no entry in the list of users, or a place that can't be written to: at once, in a sentence or two."""
    named = {"FOX_NB_SANDBOX_DIR": None, "XDG_CACHE_HOME": None} | variables
    environment = {name: value for name, value in (os.environ | named).items() if value is not None}
    code = NOBODY + "import fox_nb\ntry: fox_nb.Fox()\nexcept fox_nb.SandboxError as error: print(error)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "FOXAPI_KEY": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert told in done.stdout
    assert "Set FOX_NB_SANDBOX_DIR to a folder of your own" in done.stdout
    assert done.stderr == ""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs two users")
def test_another_users_folder_is_said_to_be_one(shared):
    """After sudo or su, HOME may be somebody else's: nothing is written there, and the words say why."""
    shared.data.mkdir(mode=0o700)
    os.chown(shared.data, 12345, 12345)
    for ask in (process.find, process.start, process.connect):
        with pytest.raises(process.SandboxUnavailable, match="belongs to another user") as told:
            ask()
        assert "HOME" in told.value.todo
    assert list(shared.data.iterdir()) == []
    os.chown(shared.data, os.getuid(), os.getgid())


def test_start_does_not_wait(shared):
    """It returns before the server answers, and a second start adds no second server."""
    process.start()
    process.start()
    until(process.find)
    assert len(shared.servers()) == 1


def test_thirty_starters_get_one_server(shared):
    """Thirty kernels at once: each is answered by the same process."""
    starters = [subprocess.Popen([sys.executable, "-c", CONNECT], stdout=subprocess.PIPE, text=True) for _ in range(30)]
    said = {starter.communicate(timeout=120)[0].strip() for starter in starters}
    assert all(starter.returncode == 0 for starter in starters)
    assert len(said) == 1
    (server,) = shared.servers()
    assert said == {f"{server.pid} {process.find().base_url}"}


def test_it_outlives_who_started_it_and_ctrl_c(shared):
    """It belongs to no terminal and to no kernel: an interrupt of the kernel's group and its kill -9 pass it by."""
    code = CONNECT + "; import time; sys.stdout.flush(); time.sleep(600)"
    with Child("-c", f"import sys; {code}", start_new_session=True) as kernel:
        pid = int(kernel.line("the sandbox's address").split()[0])
        assert os.getsid(pid) != os.getsid(kernel.pid)
        os.killpg(kernel.pid, signal.SIGINT)
    assert process.find().pid == pid


def test_its_key_is_in_a_private_file_and_nowhere_else(shared):
    """Not on a command line, not in an environment, not in the log, not in a repr; the person's own key was not handed on."""
    address = process.connect()
    asking = Asking(type("Address", (), {"base_url": address.base_url, "key": address.key}))
    asking.post("/v1/images/generations", data="{", headers={"Content-Type": "application/json"})
    asking.get("/v1/tasks/x")
    asking.session.close()
    file = process.address_file()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert address.key in file.read_text()
    (server,) = shared.servers()
    for text in (*server.cmdline(), *server.environ().values(), repr(address), str(address)):
        assert address.key not in text
        assert "the-persons-own-key" not in text
    others = [path for path in shared.data.rglob("*") if path.is_file() and path != file]
    assert process.error_file() in others
    for path in others:
        assert address.key.encode() not in path.read_bytes()
        assert (path.name, stat.S_IMODE(path.stat().st_mode)) == (path.name, 0o600)


def test_a_folder_or_file_that_others_can_read_is_not_trusted(shared):
    """A folder that others can change is refused with what to do; an address file that they can read is as good as none."""
    process.connect()
    process.address_file().chmod(0o644)
    assert process.find() is None
    process.address_file().chmod(0o600)
    assert process.find() is not None
    shared.data.chmod(0o777)
    for ask in (process.find, process.start, process.connect):
        with pytest.raises(process.SandboxUnavailable, match="Other users can change") as told:
            ask()
        assert "chmod 700" in told.value.todo
    shared.data.chmod(0o700)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"host": 1}', '{"base_url": "http://127.0.0.1:1"}'])
def test_a_broken_address_file_is_as_good_as_none(shared, text):
    """It is replaced when the server starts."""
    process.own_folder()
    process.address_file().touch(0o600)
    process.address_file().write_text(text)
    assert process.find() is None
    if text == "{":
        assert process.connect().pid


class Impostor(BaseHTTPRequestHandler):
    """Something else that took the port of a sandbox that was killed."""

    seen: ClassVar[list[str]] = []

    def do_GET(self):
        self.seen.append(f"{self.path} {self.headers}")
        body = json.dumps({"sandbox": "fox_nb", "version": "1", "speed": 1, "proof": "0" * 64}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - http.server's names

    def log_message(self, *_):
        pass


def test_an_impostor_is_not_used_and_never_sees_the_key(shared):
    """The key goes only to who proved to know it already; a new sandbox is started beside the impostor."""
    address = process.connect()
    psutil.Process(address.pid).kill()
    shared.wait_until_gone(address.pid)
    with HTTPServer(("127.0.0.1", 0), Impostor) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        said = json.loads(process.address_file().read_text())
        said["base_url"] = f"http://127.0.0.1:{server.server_port}"
        process.address_file().write_text(json.dumps(said))
        assert process.find() is None
        fresh = process.connect()
        server.shutdown()
        ended(thread)
    assert Impostor.seen
    assert not any(address.key in seen for seen in Impostor.seen)
    assert fresh.pid != address.pid


def test_a_stale_server_gives_way_and_its_tasks_go_on(shared):
    """Yesterday's program does not answer today's files; what it had begun is ended by the new one."""
    old = process.connect()
    asking = Asking(type("Address", (), {"base_url": old.base_url, "key": old.key}))
    asking.post("/sandbox/faults", json={"fault": "lasts", "seconds": 3})
    task_id = asking.create(**FOX)["id"]
    asking.session.close()
    said = json.loads(process.address_file().read_text())
    process.address_file().write_text(json.dumps(said | {"newest": said["newest"] - 1}))
    assert process.find() is None
    new = process.connect()
    assert new.pid != old.pid
    shared.wait_until_gone(old.pid)
    assert [one.pid for one in shared.servers()] == [new.pid]
    asking = Asking(type("Address", (), {"base_url": new.base_url, "key": new.key}))
    assert asking.ended(task_id)["status"] == "completed"
    asking.session.close()


def test_a_newer_server_is_used_by_older_files(shared):
    """Two installations never take turns at ending each other's server."""
    address = process.connect()
    said = json.loads(process.address_file().read_text())
    process.address_file().write_text(json.dumps(said | {"newest": said["newest"] + 10**9}))
    assert process.connect().pid == address.pid


def test_a_killed_server_is_replaced_at_once(shared):
    """After kill -9 the address file leads nowhere: the next who asks gets a new one with the old one's tasks."""
    old = process.connect()
    asking = Asking(type("Address", (), {"base_url": old.base_url, "key": old.key}))
    task_id = asking.create(**FOX)["id"]
    asking.session.close()
    psutil.Process(old.pid).kill()
    shared.wait_until_gone(old.pid)
    new = process.connect()
    asking = Asking(type("Address", (), {"base_url": new.base_url, "key": new.key}))
    assert asking.ended(task_id)["status"] == "completed"
    asking.session.close()


HASTY = """
from fox_nb.sandbox import daemon
daemon.LOOK_AFTER, daemon.TAKEOVER_PATIENCE = 0.2, 0.5
raise SystemExit(daemon.run_in_background())
"""


class Hasty(process._Detached):
    """A server that gives another one less time before it ends it."""

    def __init__(self, command, **options):
        super().__init__([*command[: command.index("-m")], "-c", HASTY, *command[command.index("-m") + 1 :]], **options)


def test_a_server_that_has_stopped_answering_is_replaced(shared, monkeypatch):
    """It still holds the folder, so it is ended by force once it was given time."""
    old = process.connect()
    stuck = psutil.Process(old.pid)
    stuck.suspend()
    monkeypatch.setattr(process, "PROOF_PATIENCE", 1.0)
    monkeypatch.setattr(process, "_Detached", Hasty)
    new = process.connect(timeout=60)
    assert new.pid != old.pid
    shared.wait_until_gone(old.pid)


def test_a_server_that_never_said_where_it_is_is_replaced(shared, monkeypatch):
    """One that is stuck in its start, or of a version that wrote its address elsewhere, is known by the lock that it holds."""
    old = process.connect()
    psutil.Process(old.pid).suspend()
    process.address_file().unlink()
    monkeypatch.setattr(daemon, "TAKEOVER_PATIENCE", 0.0)
    monkeypatch.setattr(daemon, "STARTING", 0.0)
    lock = daemon._take_over(shared.data)
    shared.wait_until_gone(old.pid)
    lock.release()
    assert process.connect().pid != old.pid


HOLD = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_that_is_held_from_elsewhere_is_told_in_words(shared):
    """Another computer or container has the lock: what holds it is said at once, and what to set, and nobody is ended."""
    said_by = process.connect().host
    (server,) = shared.servers()
    address = process.address_file().read_bytes()
    process.stop()
    shared.wait_until_gone(server.pid)
    process.address_file().touch(0o600)
    process.address_file().write_bytes(address)  # what a computer that shares the folder has written
    with Child("-c", HOLD, str(shared.data / "lock")) as elsewhere:
        assert elsewhere.line("the lock") == "held"
        with pytest.raises(process.SandboxUnavailable, match="can't be reached from here") as told:
            process.connect(timeout=240)
        assert said_by in str(told.value)
        assert "FOX_NB_SANDBOX_DIR" in told.value.todo
        assert elsewhere.runs
    assert process.connect().pid != server.pid


def test_a_start_that_was_killed_does_not_keep_others_from_starting(shared, monkeypatch):
    """Its mark is left behind, with whatever time a foreign clock gave it: those who wait go by their own clock."""
    monkeypatch.setattr(process, "START_PATIENCE", 0.2)
    mark = process.starting_file(process.own_folder())
    mark.touch()
    os.utime(mark, (2**32, 2**32))
    process.start()
    assert not shared.servers()
    assert process.connect().pid
    until(lambda: not mark.exists())


def test_a_server_whose_folder_was_deleted_goes(shared):
    """Who asks next gets a new one, with a new folder, and the old one doesn't come back into it."""
    old = process.connect()
    shutil.rmtree(shared.data)
    new = process.connect()
    assert new.pid != old.pid
    shared.wait_until_gone(old.pid)
    assert process.find() == new


def test_it_goes_after_an_idle_while_but_not_while_a_task_is_under_way(shared, monkeypatch):
    """It takes its address with it; the folder keeps the tasks."""
    monkeypatch.setenv("FOX_NB_SANDBOX_IDLE", "2")
    address = process.connect()
    asking = Asking(type("Address", (), {"base_url": address.base_url, "key": address.key}))
    asking.post("/sandbox/faults", json={"fault": "lasts", "seconds": 3})
    made = time.monotonic()
    asking.create(**FOX)
    asking.session.close()
    shared.wait_until_gone(address.pid)
    assert time.monotonic() - made >= 3
    assert not process.address_file().exists()
    assert (shared.data / "ledger.sqlite3").exists()


def test_sigterm_ends_it_cleanly(shared):
    """The address file is gone, the lock is free, the log is empty."""
    address = process.connect()
    psutil.Process(address.pid).terminate()
    shared.wait_until_gone(address.pid)
    assert process.read_address() is None
    assert (shared.data / "sandbox.log").read_text() == ""
    assert process.error_file().read_text() == ""
    assert process.connect().pid != address.pid


def test_a_speed_that_the_environment_asks_for_holds_from_then_on(shared, monkeypatch):
    """One server serves all speeds: a task keeps the seconds that it was given."""
    assert process.connect().speed == process.SHARED_SPEED
    monkeypatch.setenv("FOX_NB_SANDBOX_SPEED", "300")
    assert process.connect().speed == 300
    monkeypatch.delenv("FOX_NB_SANDBOX_SPEED")
    assert process.connect().speed == 300
    monkeypatch.setenv("FOX_NB_SANDBOX_SPEED", "fast")
    with pytest.raises(process.SandboxUnavailable, match="not a speed"):
        process.connect()


def test_a_hurry_is_over_when_its_block_is(shared, monkeypatch):
    """Who runs a lesson without a screen hurries the sandbox for so long, and an error puts the speed back too; who asked for a speed has it."""
    with contextlib.suppress(ZeroDivisionError), process.hurried(250):
        assert process.find().speed == 250
        raise ZeroDivisionError
    assert process.find().speed == process.SHARED_SPEED
    monkeypatch.setenv("FOX_NB_SANDBOX_SPEED", "300")
    with process.hurried(250):
        assert process.connect().speed == 300


def test_an_address_file_that_a_cleaner_took_comes_back(shared, monkeypatch):
    """Else the server would hold its folder, found by nobody."""
    monkeypatch.setenv("FOX_NB_SANDBOX_IDLE", "8")
    address = process.connect()
    process.address_file().unlink()
    assert until(process.find).pid == address.pid


def test_a_start_that_fails_says_why(shared, monkeypatch):
    """The error holds the folder and the last words of the server, and comes as soon as they were said."""
    (process.own_folder() / "ledger.sqlite3").mkdir()
    with pytest.raises(process.SandboxUnavailable, match=f"{shared.data}.*unable to open database file"):
        process.connect()


@pytest.mark.parametrize("program", ["", None, "/moved/away/python"])
def test_a_python_that_cannot_be_started_is_told(shared, monkeypatch, program):
    """Inside of another program, or where it was replaced meanwhile: the folder is not to blame, and nobody waits."""
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(process.SandboxUnavailable, match=r"Python.* can't be started") as told:
        process.connect(20)
    assert "Restart the kernel" in told.value.todo
    assert not process.starting_file(shared.data).exists()


def test_finding_it_loads_nothing_heavy(shared):
    """Fox() does it while it is made: neither tornado nor Pillow, NumPy, jsonschema or requests is imported."""
    code = (
        "import sys, types; sys.modules['fox_nb'] = package = types.ModuleType('fox_nb'); "
        f"package.__path__ = [{str(process.PACKAGE.parent)!r}]; "
        "from fox_nb.sandbox import process; process.find(); "
        "heavy = {'tornado', 'PIL', 'numpy', 'jsonschema', 'requests', 'asyncio', 'filelock', 'platformdirs'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240)
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_sandbox_by_hand_prints_its_address_first_and_takes_any_key(tmp_path, number):
    """`fox-nb sandbox` serves until Ctrl-C or SIGTERM and leaves nothing."""
    port = free_port()
    command = ["-m", "fox_nb.cli", "sandbox", "--port", str(port), "--speed", "100"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with Child(*command, env=environment) as server:
        base_url = server.line("its address")
        assert base_url == f"http://127.0.0.1:{port}"
        assert "any key" in server.line("what keys it takes")
        answer = requests.get(f"{base_url}/v1/models", headers={"Authorization": "Bearer whatever"}, timeout=60)
        assert answer.status_code == 200
        assert list(tmp_path.iterdir())
        server.send_signal(number)
        assert server.end() == 0
        with pytest.raises(EOFError):
            server.line("another word")
    assert not list(tmp_path.iterdir())
