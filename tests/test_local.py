"""The sandbox's controls: what a lesson asks of it, without the key in any frame of ours."""

import http.client
import traceback
from pathlib import Path
from typing import Any

import pytest

from artifacts import MARKED_KEY
from fox_nb import Fox, FoxError, SandboxError


@pytest.fixture
def fox(sandbox: Any, tmp_path: Path) -> Any:
    """A Fox on the sandbox with a key that somebody also uses elsewhere."""
    with Fox(MARKED_KEY, sandbox.base_url, tmp_path / "fox_runs") as fox:
        yield fox


def test_a_lesson_sees_what_the_sandbox_received(fox: Fox, sandbox: Any) -> None:
    """Creations are listed, a fault happens inside of the with-block alone, and a misspelt one is told."""
    with fox.sandbox.misbehaving("no_balance", on="create"), pytest.raises(Exception, match="balance"):
        fox.generate("a fox")
    fox.generate("a fox")
    assert [one["body"]["prompt"] for one in fox.sandbox.creations] == ["a fox"] * len(sandbox.creations)
    with pytest.raises(SandboxError, match="nonsense"), fox.sandbox.misbehaving("nonsense"):
        pass


def test_a_block_ends_its_own_fault_alone(fox: Fox, sandbox: Any) -> None:
    """What an outer with-block has asked for still happens after an inner one has ended."""
    with fox.sandbox.misbehaving("no_balance", on="create", times=50):
        with fox.sandbox.misbehaving("server_error", on="models", rate=1):
            assert [fault["fault"] for fault in sandbox.faults] == ["no_balance", "server_error"]
        with pytest.raises(FoxError, match="balance"):
            fox.generate("a fox")
    assert sandbox.faults == []


def test_an_interrupt_while_the_sandbox_is_asked_shows_no_key(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verbose traceback prints the locals of every frame; the person's key is in none of them."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    controls = fox.sandbox
    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", interrupted)
    with pytest.raises(KeyboardInterrupt) as stopped:
        controls.creations  # noqa: B018 - asks
    shown = [repr(frame.f_locals) for frame, _ in traceback.walk_tb(stopped.value.__traceback__)]
    assert MARKED_KEY not in "".join(shown)
