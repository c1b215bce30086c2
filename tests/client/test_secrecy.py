"""The key is in no error, repr, log line or traceback, and goes to the gateway's calls alone."""

import base64
import http.client
import io
import json
import logging
import signal
import sys
import threading
import traceback
from urllib.parse import quote

import pytest
from pydantic import SecretStr

import processes
from client.scripted import Pauses, Scripted, client, hang_up, never, say, stall
from fox_nb.client import Client
from fox_nb.settings import Timeouts
from processes import ended

KEY = "sk-canary+/=\"'&<9f8e7d6c5b4a"
SPELLINGS = [
    "9f8e7d6c5b4a",  # its end, which looks the same however the rest is escaped
    quote(KEY, safe=""),
    json.dumps(KEY)[1:-1],
    base64.b64encode(KEY.encode()).decode()[:-4],
    base64.b64encode(f"Bearer {KEY}".encode()).decode()[12:-4],
]
ECHO = {
    "error": {
        "message": f"bad key {KEY} in 'Authorization: Bearer {KEY}' " + base64.b64encode(f"x{KEY}y".encode()).decode(),
        "type": quote(KEY, safe=""),
        "code": KEY,
    }
}
TASK = {"id": "t", "status": "failed", "error": {"message": f"upstream said {KEY}", "code": KEY}}

STEPS = {
    "401": say(401, ECHO),
    "500": say(500, ECHO),
    "200 but no task": say(200, ECHO),
    "a page": say(403, f"<html>{KEY}</html>"),
    "redirect": say(302, Location=f"https://evil.example/?key={quote(KEY, safe='')}"),
    "hang up": hang_up,
    "never": never,
    "half": say(200, {"id": KEY, "x": KEY}, cut=40),
    "status line": stall(f"NONSENSE {KEY}\r\n\r\n".encode()),
    "429": say(429, ECHO),
}


def everything_reachable(error):
    """What a verbose traceback could show: every frame's locals, every exception below, and all their attributes."""
    seen = []
    waiting = [error]
    while waiting:
        found = waiting.pop()
        if found is None or any(found is one for one in seen):
            continue
        seen.append(found)
        yield str(found)
        yield repr(found)
        yield repr(vars(found))
        yield repr(found.args)
        for frame, _ in traceback.walk_tb(found.__traceback__):
            if "site-packages" in frame.f_code.co_filename or "/client/" in frame.f_code.co_filename:
                yield from (repr(value) for value in frame.f_locals.values())
                yield from (repr(vars(value)) for value in frame.f_locals.values() if hasattr(value, "__dict__"))
        yield "".join(traceback.TracebackException.from_exception(found, capture_locals=False).format())
        waiting += [found.__cause__, found.__context__]


def calls(fox, tmp_path):
    yield lambda: fox.create({"model": "x"})
    yield lambda: fox.task("t")
    yield lambda: fox.upload_file(b"x")
    yield fox.models
    yield fox.balance
    yield fox.usage
    yield fox.log
    yield lambda: fox.download(fox.base_url + "/a.png", tmp_path / "a.png")


@pytest.mark.parametrize("case", STEPS)
def test_no_error_lets_the_key_out(case, tmp_path):
    """Not even when the gateway repeats it, in whatever spelling: not in the error, below it, or in a frame of ours."""
    with Scripted(STEPS[case]) as server, quick(server) as fox:
        raised = [error for call in calls(fox, tmp_path) if (error := outcome(call))]
    assert len(raised) >= 5
    for error in raised:
        assert error.__context__ is None
        shown = "\n".join(everything_reachable(error))
        assert not any(spelling in shown for spelling in SPELLINGS)


def outcome(call):
    """What a call raised, with its traceback; None when nothing."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - which one it is, is for other tests
        return error
    return None


def quick(server, read=0.3, **settings):
    """A client with this file's key and little patience, unless an answer comes."""
    timeouts = Timeouts(read=read, download=1)
    return Client(server.url, KEY, sleep=Pauses(), timeouts=timeouts, reads_tries=2, **settings)


def test_a_gateway_that_repeats_the_key_does_not_bring_it_into_a_task():
    """What goes into the journal holds no key."""
    with Scripted(say(200, TASK)) as server, quick(server, read=30) as fox:
        state = fox.task("t")
    assert state.failed
    assert "upstream said" in state.error_message
    assert KEY not in repr(state)


def test_no_repr_shows_the_key():
    """Neither of the client nor of anything that hangs on it, before its first call and after it."""
    with Scripted(say(200, TASK)) as server, quick(server, read=30) as fox:
        assert_hides_the_key(fox, least=1)
        fox.task("t")
        assert_hides_the_key(fox, least=4)


def assert_hides_the_key(fox, least):
    waiting, seen = [fox], set()
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, SecretStr) or not hasattr(thing, "__dict__"):
            continue
        seen.add(id(thing))
        assert KEY not in repr(thing)
        assert KEY not in str(thing)
        assert KEY not in repr(vars(thing))
        waiting += vars(thing).values()
    assert len(seen) >= least


def test_no_log_line_and_no_debug_print_shows_the_key(caplog, capsys, tmp_path, monkeypatch):
    """Not at the lowest level of every logger, and not when http.client is told to print what it sends."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    for step in (say(200, TASK), say(503, ECHO), hang_up):
        with Scripted(step) as server, quick(server) as fox:
            for call in calls(fox, tmp_path):
                outcome(call)
    printed = capsys.readouterr()
    assert "urllib3" in {record.name.partition(".")[0] for record in caplog.records}
    assert not any(spelling in caplog.text + printed.out + printed.err for spelling in SPELLINGS)


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to a thread is POSIX")
def test_an_interrupt_does_not_show_the_frames_that_hold_the_headers():
    """Pressing stop while a call waits: a verbose traceback of it leads through no frame with the key in it."""
    with Scripted(never) as server, Client(server.url, KEY) as fox:
        main = threading.main_thread().ident
        arrived = threading.Thread(target=lambda: (until(server), signal.pthread_kill(main, signal.SIGINT)))
        arrived.start()
        with pytest.raises(KeyboardInterrupt) as caught:
            fox.create({"model": "x"})
        ended(arrived)
    files = {frame.f_code.co_filename for frame, _ in traceback.walk_tb(caught.value.__traceback__)}
    assert not any("site-packages" in name or name.endswith("socket.py") for name in files)
    assert KEY not in "\n".join(everything_reachable(caught.value))


def until(server):
    """Wait for the request to be there."""
    processes.until(lambda: server.received or None, "the request")


def test_ipython_s_verbose_traceback_shows_no_key():
    """The mode that prints the values of all variables."""
    from IPython.core.ultratb import VerboseTB

    with Scripted(say(401, ECHO)) as server, quick(server, read=30) as fox:
        out = io.StringIO()
        try:
            fox.create({"model": "x"})
        except Exception:  # noqa: BLE001 - it is shown
            VerboseTB(ostream=out, include_vars=True)()
    assert "AuthenticationError" in out.getvalue()
    assert not any(spelling in out.getvalue() for spelling in SPELLINGS)


def test_the_key_goes_to_the_gateway_s_calls_and_nowhere_else(tmp_path):
    """Prices and pictures are asked for without it, wherever they are; the other calls carry it."""
    answer = {"id": "t", "status": "pending", "data": [], "url": "https://x/y", "hard_limit_usd": 1, "total_usage": 1}
    with Scripted(say(200, answer)) as server, client(server) as fox:
        for call in calls(fox, tmp_path):
            outcome(call)
        fox.pricing()
        fox.probe()
    with_key = {one.path for one in server.received if "Authorization" in one.headers}
    without = {one.path for one in server.received if "Authorization" not in one.headers}
    assert without == {"/a.png", "/api/pricing", "/sandbox"}
    assert "/v1/images/generations" in with_key
    assert not with_key & without
