"""Other processes: what is handed to one arrives whole or says why not, and a fork is a fresh start."""

import copy
import inspect
import multiprocessing
import pickle
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import SecretStr

from artifacts import MARKED_KEY
from fox_nb import BudgetExceeded, Fox, FoxError, InvalidRequest, KeyMissing, StoreError, TaskFailed, errors
from fox_nb.client import Client
from fox_nb.local import SandboxClient
from fox_nb.settings import Gateway, checked_key, hidden
from fox_nb.sharing import made_once

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, FoxError)]
WAIT = 90.0


_FACTS: dict[str, Any] = {"todo": "Do this.", "needed": 0.5, "left": 0.25, "http_status": 418, "retry_after": 7.0}
_FACTS |= {"gone": True, "code": "a_code", "parameter": "prompt", "allowed": "words"}


def _takes(kind: type[FoxError], name: str) -> bool:
    """Whether an error's constructor takes a fact, by itself or by handing it on."""
    own = inspect.signature(kind).parameters
    return name in own or any(p.kind == p.VAR_KEYWORD for p in own.values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_arrives_whole(kind: type[FoxError]) -> None:
    """Each class of the tree comes out of pickle with its words, its facts and what it came from."""
    every = [p.name for each in kind.__mro__ for p in inspect.signature(each.__init__).parameters.values()]
    taken = [name for name in every if name in _FACTS and _takes(kind, name)]
    error = kind("What happened.", **{name: _FACTS[name] for name in taken})
    error.__cause__ = InvalidRequest("A cause.", value=threading.Lock())
    error.add_note("In row 7.")
    got = pickle.loads(pickle.dumps(error))
    assert (type(got), str(got), got.args) == (kind, str(error), error.args)
    assert vars(got) == vars(error)
    assert got._render_traceback_()[-1] == "In row 7.", "what somebody's code has added is shown in a notebook, too"
    assert str(got.__cause__) == str(error.__cause__)
    assert got.__cause__.value.startswith("<unlocked _thread.lock")


def over_budget(base_url: str, store: str) -> None:
    """Ask for what the budget does not allow; in a worker process."""
    Fox(api_key=MARKED_KEY, base_url=base_url, store=store, budget=0.01).generate("a fox")


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_worker_s_error_arrives(sandbox: Any, tmp_path: Path) -> None:
    """BudgetExceeded in a pool's worker is raised in the parent, with its amounts, and hangs nobody."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        said = pool.apply_async(over_budget, (sandbox.base_url, str(tmp_path / "fox_runs")))
        with pytest.raises(BudgetExceeded) as told:
            said.get(WAIT)
    assert (told.value.needed, told.value.left) == (0.09, 0.01)


def test_a_task_arrives_with_what_is_known(open_fox: Callable[..., Fox], sandbox: Any) -> None:
    """A task that is done shows its pictures anywhere; one that is not says how to ask for it there."""
    with open_fox() as fox:
        sandbox.misbehave("failed", times=1)
        with pytest.raises(TaskFailed) as failed:
            fox.generate("a cat").wait()
        done = fox.generate("a fox").wait()
        sandbox.misbehave("stuck", times=1)
        stuck = fox.generate("an owl")
        for task in (done, stuck):
            assert copy.copy(task) is copy.deepcopy(task) is task
        got = pickle.loads(pickle.dumps(done)).wait()
        assert (got.status, got.cost, repr(got)) == ("completed", done.cost, repr(done))
        assert got.images == done.images
        assert len({*got.images, *done.images}) == 1
        assert got.images[0].pil().size == done.images[0].pil().size
        with pytest.raises(FoxError, match=r"another process.*fox\.generate\('an owl'"):
            pickle.loads(pickle.dumps(stuck)).wait()
        error = pickle.loads(pickle.dumps(failed.value))
        assert (str(error), error.task.status) == (str(failed.value), "failed")


def test_a_key_goes_nowhere(open_fox: Callable[..., Fox], sandbox: Any) -> None:
    """A Fox, and what holds one, is not pickled and says what to do; a client or gateway arrives without its key, and says so when used."""
    key = checked_key(hidden(MARKED_KEY))
    with open_fox() as fox, Client(sandbox.base_url, key) as client:
        client.models()
        assert copy.copy(fox) is fox
        assert copy.deepcopy(client).models()
        plan, pictures = fox.sweep("phota-image", prompt=["a", "b"]), fox.compare([Image.new("L", (9, 9))])
        held = (
            fox,
            fox.session,
            SandboxClient(),
            fox.panel("phota-image"),
            fox.store,
            fox.profiles,
            fox.sandbox,
            plan,
            pictures,
        )
        for thing in held:
            assert copy.deepcopy(thing) is thing
            with pytest.raises(FoxError, match="cannot be pickled"):
                pickle.dumps(thing)
        for thing in (client, Gateway(sandbox.base_url, key), Gateway(sandbox.base_url, SecretStr(MARKED_KEY)), key):
            assert MARKED_KEY.encode() not in pickle.dumps(thing)
        with pytest.raises(KeyMissing):
            pickle.loads(pickle.dumps(client)).models()


_fox: Fox | None = None
_task: Any = None
_plan: Any = None


def in_child(prompt: str) -> tuple[str, str, str]:
    """Use in a forked process what the parent has made: the Fox, and a task that was under way."""
    assert _fox is not None
    done = _fox.generate(prompt).wait(WAIT)
    with pytest.raises(FoxError) as told:
        _task.wait(WAIT)
    with pytest.raises(StoreError, match="before this process was forked"):
        _plan.run()
    return done.status, str(told.value), _fox.generate("under way").wait(WAIT).status


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_is_a_fresh_start(open_fox: Callable[..., Fox], sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a forked process a used Fox works, older tasks and plans say what to do, and the parent's work is not harmed."""
    fox = open_fox()
    monkeypatch.setattr(sys.modules[__name__], "_fox", fox)
    sandbox.misbehave("lasts", seconds=900, times=1)
    monkeypatch.setattr(sys.modules[__name__], "_task", fox.generate("under way"))
    monkeypatch.setattr(sys.modules[__name__], "_plan", fox.sweep("phota-image", prompt=["never sent"]))
    with multiprocessing.get_context("fork").Pool(2) as pool:
        sandbox.advance(900)
        said = [pool.apply_async(in_child, (prompt,)) for prompt in ("one", "two")]
        for status, told, again in (each.get(WAIT) for each in said):
            assert (status, again) == ("completed", "completed")
            assert "came here from another process" in told
    assert _task.wait(WAIT).status == "completed"
    assert sorted(c["body"]["prompt"] for c in sandbox.creations) == ["one", "two", "under way"]
    fox.close()


FORKED = """
import os, sys
import numpy as np
import fox_nb
held = fox_nb.compare([np.zeros((8, 8, 3), np.uint8)])
(picture,) = held.comparison().pictures().values()
child = os.fork()
if not child:
    sys.exit()
os.waitpid(child, 0)
print(picture.path, picture.path.exists(), sep="\\n")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
def test_the_end_of_a_fork_takes_no_pictures_along() -> None:
    """What was laid side by side keeps its files when a forked process exits, and loses them with its own."""
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=WAIT, check=True)
    path, there = done.stdout.splitlines()
    assert (there, Path(path).exists()) == ("True", False)


_old: Any = None


def left_in_child() -> tuple[str, float]:
    """What a visitor's budget has left, in a forked process: the parent's session refuses to say, the Fox knows."""
    assert _fox is not None
    with pytest.raises(StoreError) as told:
        _old.left  # noqa: B018 - it raises
    _old.close()
    return str(told.value), float(_fox.left or 0)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_leaves_the_visitors_ledger_alone(
    open_fox: Callable[..., Fox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No fork happens in a transaction of the ledger: what another thread holds in it stays held, and nobody hangs."""
    fox = open_fox(budget=1.0, ledger=tmp_path / "ledger.sqlite")
    fox.generate("a fox").wait(WAIT)
    monkeypatch.setattr(sys.modules[__name__], "_fox", fox)
    monkeypatch.setattr(sys.modules[__name__], "_old", fox.session)
    inside = threading.Event()

    def hold() -> None:
        with fox.session._ledger.writing() as connection:
            connection.execute("UPDATE held SET micro = 500000")
            inside.set()
            time.sleep(0.5)

    holding = threading.Thread(target=hold)
    holding.start()
    assert inside.wait(WAIT)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        told, left = pool.apply_async(left_in_child).get(WAIT)
    holding.join(WAIT)
    assert re.search("ledger .* was opened before this process was forked.* from the same Fox", told)
    assert left == float(fox.left or 0) == 0.5


def test_threads_make_one_session(open_fox: Callable[..., Fox], monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight threads that use a new Fox at once use one session, on every Python; no completion offers how that is kept."""
    start, made = threading.Barrier(8, timeout=WAIT), []

    class Slow:
        @made_once
        def part(self) -> object:
            made.append(threading.get_ident())
            threading.Event().wait(0.05)
            return object()

    def use(thing: Any, name: str, found: list[Any]) -> None:
        start.wait(WAIT)
        found.append(getattr(thing, name))

    fox = open_fox()
    for thing, name in ((Slow(), "part"), (fox, "session")):
        found: list[Any] = []
        threads = [threading.Thread(target=use, args=(thing, name, found)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT)
        assert len(found) == 8
        assert len({id(one) for one in found}) == 1
    assert len(made) == 1
    assert fox.store
    assert [name for name in dir(fox) if not name.startswith("_")] == [n for n in dir(Fox) if n[0] != "_"]
    fox.close()
