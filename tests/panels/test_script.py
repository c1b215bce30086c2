"""What the room's own widgets share: a script that comes as a message, and messages by name."""

import threading

import pytest
from ipywidgets.widgets.widget import _instances

from fox_nb.panels import script
from fox_nb.panels.level import Level
from panels.browsers import Browser
from processes import until


def test_a_page_gets_the_script_when_it_asks() -> None:
    """Once, with the style, whichever widget asks; the state holds a few lines alone."""
    level = Level()
    browser = Browser(level)
    name, files = script.bundle("panels")
    for _ in range(2):
        level._handle_custom_msg({"ask": "script", "page": "page-of-this-test"}, [])
    assert [(content["script"], buffers) for content, buffers in browser.heard] == [(name, list(files))]
    assert len(level._esm) < 1_500
    assert name in level._esm


def test_the_first_widget_of_a_kernel_brings_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is opened, once: a kernel that runs a cell hears no question. Where nobody looks no notebook gets it."""
    monkeypatch.setattr(script, "can_follow", lambda: True)
    files = {"files": list(script.bundle("panels")[1])}
    script._notifier.cache_clear()
    opened = []
    monkeypatch.setattr(Level, "open", lambda level: opened.append(level.get_state()))
    level, _ = Level(), Level()
    assert [state | files == state for state in opened] == [True, False]
    assert "files" not in level.get_state()
    monkeypatch.setattr(script, "can_follow", lambda: False)
    script._notifier.cache_clear()
    assert "files" not in Level().get_state()


def test_the_script_goes_ahead_of_the_first_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something of its own brings it, once, and is gone when a page has it: no notebook saves that."""
    monkeypatch.setattr(script, "can_follow", lambda: True)
    script._notifier.cache_clear()
    script.send_ahead.cache_clear()
    for _ in range(2):
        script.send_ahead()
    (ahead,) = [widget for widget in _instances.values() if isinstance(widget, script._Ahead)]
    opened = []
    monkeypatch.setattr(Level, "open", lambda level: opened.append(level.get_state()))
    Level()
    assert ["files" in state for state in opened] == [False]
    ahead._handle_custom_msg({"type": "ready"}, [])
    assert ahead.comm is ahead.layout.comm is None
    script._notifier.cache_clear()


def test_one_part_that_fails_does_not_keep_the_others_from_starting() -> None:
    """It is logged, and they hear of the page."""
    level, heard = Level(), []
    level.on("ready", lambda: 1 / 0)
    level.on("ready", lambda: heard.append(1))
    level._handle_custom_msg({"type": "ready"}, [])
    assert heard == [1]
    assert level.is_alive


def test_what_is_kept_is_told_to_pages_that_come_later() -> None:
    """The last of each kind, to each of them."""
    level = Level()
    browser = Browser(level)
    for words in ("before", "now"):
        level.retain_message("said", words=words)
    level.retain_message("names", names=["Ada"])
    browser.heard.clear()
    for _ in range(2):
        browser.say("ready")
    now = [{"type": "said", "words": "now"}, {"type": "names", "names": ["Ada"]}]
    assert [content for content, _ in browser.heard] == now * 2


def test_a_page_that_comes_late_ends_with_the_newest() -> None:
    """What another thread says meanwhile is not followed by what it replaced."""
    level = Level()
    browser = Browser(level)
    level.retain_message("names", names=["Ada"])
    level.retain_message("error", lines=["before"])
    send, level.send = level.send, lambda content, buffers: (send(content), content["type"] == "names" and tell())

    def tell() -> None:
        teller = threading.Thread(target=level.retain_message, args=("error",), kwargs={"lines": ["now"]})
        teller.start()
        teller.join(0.2)

    browser.say("ready")
    until(lambda: ["now"] in [said["lines"] for said in browser.of("error")] or None, "the news")
    assert browser.of("error")[-1]["lines"] == ["now"]


def test_nonsense_from_a_browser_changes_nothing() -> None:
    """What is no message, or is for no handler, is passed over."""
    level = Level(value=0.5)
    for content in (None, [], {"type": "__init__"}, {"type": "unknown"}, {"type": 4}, {}):
        level._handle_custom_msg(content, [])
    assert level.value == 0.5
