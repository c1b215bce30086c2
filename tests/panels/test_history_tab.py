"""The history's rows: a favourite is kept on another thread, and what goes wrong with a press is said below the rows."""

from collections.abc import Callable
from typing import Any

import pytest

from fox_nb import Fox, StoreError
from panels.browsers import Browser


def test_a_favourite_that_cannot_be_kept_is_said(fox: Fox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message from the browser waits for no journal; the star is set when it is kept, and trouble is said in words."""
    task = fox.generate("a fox").wait()
    history = fox.studio().history
    works: list[Callable[[], Any]] = []
    history._run_later = works.append
    browser = Browser(history)
    browser.say("ready")
    works.pop()()
    browser.say("favourite", key=task.identity, on=True)
    assert not browser.of("list")[-1]["items"][0]["favourite"]
    works.pop()()
    assert browser.of("list")[-1]["items"][0]["favourite"]

    def full(*_: Any) -> None:
        raise StoreError("The journal cannot be written.")

    monkeypatch.setattr(type(fox.store.catalog), "set_fact", full)
    browser.say("favourite", key=task.identity, on=False)
    works.pop()()
    assert "cannot be written" in browser.of("wrong")[-1]["lines"][0]
