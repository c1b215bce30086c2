"""A creation is sent once: whatever leaves its fate unknown is told, never sent again."""

import gzip
import json

import pytest

from client.scripted import KEY, Pauses, Scripted, Step, client, drip, hang_up, never, odd_bodies, say, stall
from fox_nb import errors
from fox_nb.client import Client, certainly_not_accepted
from fox_nb.client.transport import Body
from servers import free_port

BODY = {"model": "phota-image", "prompt": "a fox in the snow — “dusk”"}
ACCEPTED = {
    "created": 1757165031,
    "id": "task-unified-1757165031-uyujaw3d",
    "model": "phota-image",
    "object": "image.generation.task",
    "progress": 0,
    "status": "pending",
    "task_info": {"can_cancel": True, "estimated_time": 45},
    "type": "image",
}


def test_an_accepted_creation_is_a_task_with_its_estimate():
    """What the reference pages show as the answer is read, and what was sent is the body, with the key."""
    with Scripted(say(200, ACCEPTED)) as server, client(server) as fox:
        state = fox.create(BODY, headers={"X-Sandbox-Take": "3"})
    (sent,) = server.creations()
    assert (state.id, state.status, state.estimated_time) == (ACCEPTED["id"], "pending", 45)
    assert sent.json == BODY
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.headers["X-Sandbox-Take"] == "3"
    assert sent.headers["User-Agent"].startswith("fox_nb/")
    assert "requests" not in sent.headers["User-Agent"]
    assert "urllib3" not in sent.headers["User-Agent"]
    assert sent.headers["Accept-Encoding"] == "identity"


def test_no_library_below_can_send_a_creation_twice():
    """The body itself refuses to be taken a second time, whatever a later release of urllib3 thinks it may repeat."""
    body = Body([json.dumps(BODY).encode()], seconds=5)
    assert json.loads(b"".join(body)) == BODY
    with pytest.raises(RuntimeError):
        b"".join(body)


RATE_LIMIT = {"error": {"message": "slow down", "type": "rate_limit_error"}}
HALF = b'HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{"id": "task-unified-1", "sta'

UNKNOWN: dict[str, tuple[Step, type[errors.FoxError]]] = {
    "hangs up": (hang_up, errors.ConnectionLost),
    "never answers": (never, errors.ConnectionLost),
    "answers 500": (say(500, {"error": {"message": "boom", "type": "server_error"}}), errors.ServerError),
    "answers 500 and asks to come again": (say(503, b"", Retry_After="1"), errors.ServerError),
    "answers 502 with a page": (say(502, "<html><h1>Bad Gateway</h1></html>"), errors.ServerError),
    "answers 504 with nothing": (say(504), errors.ServerError),
    "sends half an answer": (say(200, ACCEPTED, cut=60), errors.ConnectionLost),
    "sends half an answer and stalls": (stall(HALF), errors.ConnectionLost),
    "drips an answer without end": (drip(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n"), errors.ConnectionLost),
    "drips headers without end": (drip(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"), errors.ConnectionLost),
    "says nothing that is HTTP": (stall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), errors.ConnectionLost),
    "sends a second length": (say(200, ACCEPTED, Content_length="7"), errors.ConnectionLost),
    "sends broken gzip": (say(200, b"\x1f\x8b\x08\0" + bytes(99), Content_Encoding="gzip"), errors.ConnectionLost),
    "sends no gzip": (say(200, b"no gzip at all", Content_Encoding="gzip"), errors.UnexpectedAnswer),
    "answers an id with half a character": (
        say(200, b'{"id": "task-\xe9", "status": "pending"}'),
        errors.UnexpectedAnswer,
    ),
    "answers with a page": (say(200, "<html>Welcome to the Wi-Fi</html>"), errors.UnexpectedAnswer),
    "answers with a page whose script has an id": (
        say(200, '<html><script>window.boot={"id":"page-8371"}</script></html>'),
        errors.UnexpectedAnswer,
    ),
    "answers a text that may be a call's": (
        say(200, {"msg": "no channel", "data": "req-20261129"}),
        errors.UnexpectedAnswer,
    ),
    "answers a negative code": (
        say(200, {"code": -1, "msg": "insufficient balance", "data": "trace-20261129"}),
        errors.UnexpectedAnswer,
    ),
    "answers with nothing": (say(200), errors.UnexpectedAnswer),
    "answers 204": (say(204), errors.UnexpectedAnswer),
    "answers a task without an id": (say(200, {"status": "pending"}), errors.UnexpectedAnswer),
    "answers an error with a call's id": (
        say(200, {"error": {"message": "later"}, "id": "1"}),
        errors.UnexpectedAnswer,
    ),
    "answers a call's id and a word for why": (
        say(200, {"id": "1", "code": "insufficient_quota", "message": "no balance"}),
        errors.UnexpectedAnswer,
    ),
    "answers a call's id and a detail": (say(200, {"id": "1", "detail": "Forbidden"}), errors.UnexpectedAnswer),
    "answers a call's id and a number in a text": (say(200, {"id": "1", "code": "402"}), errors.UnexpectedAnswer),
    "answers two ids": (say(200, {"id": "req-1", "data": {"id": "task-9"}}), errors.UnexpectedAnswer),
    "answers that it was no success": (say(200, {"success": False, "data": {"id": "1"}}), errors.UnexpectedAnswer),
    "answers a number that is none": (say(200, b'{"id": NaN, "status": "pending"}'), errors.UnexpectedAnswer),
    "answers an error with 200": (say(200, {"error": {"message": "later"}}), errors.UnexpectedAnswer),
    "answers a list": (say(200, [1, 2]), errors.UnexpectedAnswer),
    "answers deep JSON": (say(200, b"[" * 200_000), errors.UnexpectedAnswer),
    "answers a huge number": (say(200, b'{"id": ' + b"9" * 5000 + b', "status": "x"}'), errors.UnexpectedAnswer),
    "answers bytes that are no text": (say(200, b"\xff\xfe\x00{}"), errors.UnexpectedAnswer),
    "answers a task whose id is no id": (say(200, ACCEPTED | {"id": " .. "}), errors.UnexpectedAnswer),
    "answers a task whose id is an object": (say(200, ACCEPTED | {"id": {"a": 1}}), errors.UnexpectedAnswer),
    "answers a task whose id is endless": (say(200, ACCEPTED | {"id": "x" * 3000}), errors.UnexpectedAnswer),
    "answers two megabytes": (say(200, b'{"x": "' + b"y" * (2 << 20)), errors.UnexpectedAnswer),
    "points to another page that tells": (say(303, Location="/tell/1"), errors.UnexpectedAnswer),
    "points to a page": (say(302, Location="/welcome"), errors.UnexpectedAnswer),
    "points nowhere": (say(301), errors.UnexpectedAnswer),
    "points to a task of another host": (
        say(302, Location="https://other.example/v1/tasks/1"),
        errors.UnexpectedAnswer,
    ),
    "points to no task's id": (say(302, Location="/v1/tasks/.."), errors.UnexpectedAnswer),
    "gave up waiting": (say(408), errors.UnexpectedAnswer),
    "gave up waiting, in its own words": (say(408, RATE_LIMIT), errors.UnexpectedAnswer),
    "stands behind a proxy that has enough": (say(429, "<html>Too Many Requests</html>"), errors.RateLimited),
    "stands behind a proxy that says nothing": (say(429, b"", Retry_After="1"), errors.RateLimited),
    "answers a 429 of another kind": (say(429, {"error": {"message": "x", "type": "busy"}}), errors.RateLimited),
    "answers a 429 in JSON that is no error": (say(429, {"type": "rate_limit_error"}), errors.RateLimited),
    "answers a 429 and something else": (
        say(429, json.dumps(RATE_LIMIT) + json.dumps({"id": "1"})),
        errors.RateLimited,
    ),
    "answers half a 429": (say(429, RATE_LIMIT, cut=20), errors.RateLimited),
    "stands behind a proxy that lost its client": (say(499, "<html></html>"), errors.UnexpectedAnswer),
    "is at it already": (say(409, {"error": {"message": "being processed"}}), errors.UnexpectedAnswer),
    "holds it locked": (say(423, {"error": {}}), errors.UnexpectedAnswer),
    "lost what is behind it": (say(424, {"error": {"message": "timed out", "type": "x"}}), errors.UnexpectedAnswer),
    "finds it too early": (say(425, {"error": {"message": "early"}}), errors.UnexpectedAnswer),
    "lost its client": (say(499, {"error": {"message": "closed", "code": "closed"}}), errors.UnexpectedAnswer),
}


WAITED_FOR = {
    "never answers",
    "sends half an answer and stalls",
    "drips an answer without end",
    "drips headers without end",
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_creation_of_unknown_fate_was_received_exactly_once(case):
    """A server that reads the creating POST and then misbehaves has received one creation, and the error says so."""
    step, kind = UNKNOWN[case]
    pauses = Pauses()
    patience = 1 if case in WAITED_FOR else 30
    with Scripted(step) as server, client(server, pauses, read=patience) as fox, pytest.raises(kind) as caught:
        fox.create(BODY)
    assert len(server.creations()) == 1
    assert pauses == []
    assert not certainly_not_accepted(caught.value)
    assert "may or may not have been charged" in caught.value.money
    assert "console" in caught.value.todo
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("status", [200, 201, 202, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", ["/v1/tasks/task%20one", "{url}/v1/tasks/task%20one/", "../tasks/task%20one?x=1"])
def test_a_creation_that_is_answered_by_the_way_to_its_task_was_accepted(status, place):
    """Post, redirect, get: the id stands in the address, and the task is paid for once."""
    with Scripted(say(status, b"moved", X_Request_Id="req-1")) as server:
        server._steps[0] = say(status, b"moved", Location=place.format(url=server.url), X_Request_Id="req-1")
        with client(server) as fox:
            state = fox.create(BODY)
    assert (state.id, state.status, state.request_id) == ("task one", "pending", "req-1")
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "body", [{"status": "queued"}, {"status": "pending", "progress": 3, "id": ""}, {"status": "success"}]
)
def test_an_id_that_stands_in_the_address_alone_is_not_lost(body):
    """What the body says of the task, and the way to it, are one answer."""
    with Scripted(say(202, body, Location="/v1/tasks/task-unified-1")) as server, client(server) as fox:
        state = fox.create(BODY)
    assert (state.id, state.status, state.progress) == ("task-unified-1", body["status"], body.get("progress", 0))
    assert len(server.received) == 1


EARLY = [
    b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5,
]


@pytest.mark.parametrize("early", EARLY)
def test_what_comes_before_the_answer_is_not_the_answer(early):
    """However many 1xx answers announce it, the real one is read, and its id is not lost."""

    def step(server, line):
        line.sendall(early)
        return say(200, ACCEPTED)(server, line)

    with Scripted(step) as server, client(server) as fox:
        assert fox.create(BODY).id == ACCEPTED["id"]
        assert len(server.creations()) == 1


def test_announcements_without_end_end():
    """A gateway that announces for ever is one whose answer never came."""
    step = drip(b"", b"HTTP/1.1 102 Processing\r\n\r\n")
    with Scripted(step) as server, client(server, read=0.5) as fox, pytest.raises(errors.ConnectionLost):
        fox.create(BODY)


WRAPPED = [
    {"code": 200, "data": ACCEPTED},
    {"code": 200, "data": [{"status": "submitted", "task_id": ACCEPTED["id"]}]},
    {"status": "success", "message": "", "data": ACCEPTED},
    ACCEPTED | {"id": f" {ACCEPTED['id']}\n", "status": "Queued"},
    ACCEPTED | {"status": None},
    ACCEPTED | {"status": 0},
    {"id": ACCEPTED["id"]},
    {"code": 200, "data": {"task_id": ACCEPTED["id"]}},
    {"id": "req-1", "code": "200", "data": [{"task_id": ACCEPTED["id"]}]},
    {"id": "req-1", "task_id": ACCEPTED["id"]},
    {"code": "success", "message": "ok", "data": ACCEPTED["id"]},
    {"code": 200, "msg": "success", "data": {"taskId": ACCEPTED["id"]}},
    {"taskId": ACCEPTED["id"], "status": "pending"},
    {"data": {"task": ACCEPTED}},
    {"result": ACCEPTED},
]


@pytest.mark.parametrize("answer", WRAPPED)
def test_an_id_is_found_where_relatives_of_the_gateway_put_it(answer):
    """An id that is overlooked is a picture that is paid for and lost; one that comes without a word waits."""
    with Scripted(say(200, answer)) as server, client(server) as fox:
        state = fox.create(BODY)
    assert (state.id, state.is_known) == (ACCEPTED["id"], True)


@pytest.mark.parametrize("body", odd_bodies(ACCEPTED))
def test_an_id_is_read_whatever_else_is_wrong_with_the_answer(body):
    """A byte that is no text, what a network adds, or a header that is not true costs nobody a paid task."""
    for headers in ({}, {"Content_Encoding": "gzip"}):
        with Scripted(say(200, body, **headers)) as server, client(server) as fox:
            assert fox.create(BODY).id == ACCEPTED["id"]
        assert len(server.creations()) == 1


@pytest.mark.parametrize(
    "step",
    [
        say(200, {"message": "submitted", "job": {"number": "task-unified-1"}}),
        say(500, {"error": {"message": "busy"}, "number": "task-unified-1"}),
        say(202, Location="/v1/images/generations/task-unified-1"),
        say(200, json.dumps(json.dumps(ACCEPTED))),
        say(200, b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b', "id": "task-unified-1"}'),
        say(200, {"x": "a" * 100_000} | ACCEPTED, length=100_100),
        say(200, gzip.compress(json.dumps(ACCEPTED | {"x": "a" * (65 << 20)}).encode())),
    ],
)
def test_what_may_be_an_id_is_told_where_none_is_read(step):
    """Nobody could find the paid task without it, so no message hides it."""
    with Scripted(step) as server, client(server) as fox, pytest.raises(errors.GatewayError, match="task-unified-1"):
        fox.create(BODY)


@pytest.mark.parametrize("step", [say(200, ACCEPTED, cut=150), stall(HALF)])
def test_what_was_heard_of_a_broken_answer_is_told(step):
    """The id in the first half of an answer reaches the person, who could not find the paid task without it."""
    with Scripted(step) as server, client(server, read=1) as fox, pytest.raises(errors.ConnectionLost) as caught:
        fox.create(BODY)
    assert "task-unified-1" in str(caught.value)


def test_a_whole_task_in_an_answer_that_ends_badly_is_taken():
    """A paid task is not given up because Content-Length was wrong."""
    with Scripted(say(200, ACCEPTED, cut=10_000, length=9999)) as server, client(server) as fox:
        assert fox.create(BODY).id == ACCEPTED["id"]
    assert len(server.creations()) == 1


REFUSED = {
    status: say(status, {"error": {"message": "no", "type": "x"}})
    for status in (400, 401, 402, 403, 404, 405, 410, 412, 413, 415, 422, 428, 451)
}


@pytest.mark.parametrize("status", REFUSED)
def test_a_refused_creation_is_sent_once_and_certainly_not_accepted(status):
    """A 4xx that is said before a request is taken ends it at once: asking for the same thing later is a first time."""
    with Scripted(REFUSED[status]) as server, client(server) as fox, pytest.raises(errors.GatewayError) as caught:
        fox.create(BODY)
    assert len(server.creations()) == 1
    assert certainly_not_accepted(caught.value)
    assert caught.value.http_status == status
    assert "nothing was paid" in caught.value.money


@pytest.mark.parametrize("status", [408, 409, 425, 428])
@pytest.mark.parametrize("is_own", [True, False])
def test_a_relay_s_4xx_says_that_nothing_was_sent(status, is_own):
    """A class's relay tells what is open as a 5xx alone, so a seat gets its money back whatever the relay refuses by."""
    step = say(status, {"error": {"message": "no", "of_class": is_own}})
    with Scripted(step) as server, client(server) as fox, pytest.raises(errors.GatewayError) as caught:
        fox.create(BODY)
    assert certainly_not_accepted(caught.value)
    assert len(server.creations()) == 1


def test_a_proxy_that_wants_a_log_in_took_nothing():
    """It lets nothing through before; a network that says so in a fault of the gateway's kind proves nothing."""
    for status, kind, is_certain in ((407, errors.UnexpectedAnswer, True), (511, errors.ServerError, False)):
        with Scripted(say(status, b"log in")) as server, client(server) as fox, pytest.raises(kind) as caught:
            fox.create(BODY)
        assert certainly_not_accepted(caught.value) is is_certain
        assert "open the base URL in a browser" in caught.value.todo
        assert len(server.creations()) == 1


@pytest.mark.parametrize("status", [307, 400, 402, 404, 408, 409, 413, 422, 429, 451, 500, 503])
@pytest.mark.parametrize("error", [{}, {"error": None}])
def test_a_task_in_an_answer_was_made_whatever_its_status(status, error):
    """It is paid for: it is followed, and neither told as refused nor sent again."""
    with Scripted(say(status, ACCEPTED | error, Location="/v1/images/generations")) as server, client(server) as fox:
        assert fox.create(BODY).id == ACCEPTED["id"]
    assert len(server.creations()) == 1


@pytest.mark.parametrize("status", [400, 409, 422, 429])
def test_a_task_beside_an_error_is_of_unknown_fate(status):
    """Nobody says that nothing was paid, the id is told, and the creation is not sent again."""
    step, told = say(status, ACCEPTED | RATE_LIMIT), pytest.raises(errors.GatewayError, match=ACCEPTED["id"])
    with Scripted(step) as server, client(server) as fox, told as caught:
        fox.create(BODY)
    assert len(server.creations()) == 1
    assert not certainly_not_accepted(caught.value)
    assert "may or may not have been charged" in caught.value.money


@pytest.mark.parametrize("status", ["error", "failed", 403, None])
def test_an_id_beside_a_refusal_is_the_call_s(status):
    """What names itself an error and has an id for the support is refused as before."""
    step = say(403, {"id": "req-1", "status": status, "error": {"message": "no"}})
    with Scripted(step) as server, client(server) as fox, pytest.raises(errors.GatewayError) as caught:
        fox.create(BODY)
    assert certainly_not_accepted(caught.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_creation_follows_no_redirect(status):
    """Neither the request nor the key goes where a redirect points; the error says where that is."""
    with Scripted(say(200, ACCEPTED)) as other:
        step = say(status, Location=f"{other.url}/v1/images/generations")
        with Scripted(step) as server, client(server) as fox, pytest.raises(errors.UnexpectedAnswer) as caught:
            fox.create(BODY)
        assert other.received == []
    assert len(server.creations()) == 1
    assert certainly_not_accepted(caught.value)
    assert other.url in str(caught.value)
    assert "base_url" in caught.value.todo


def test_a_creation_is_sent_again_after_429_when_the_gateway_said():
    """The gateway's own 429 is a certain no: after the seconds that it asks for, the creation goes out as if for the first time."""
    pauses = Pauses()
    with (
        Scripted(say(429, RATE_LIMIT, Retry_After="7"), say(429, RATE_LIMIT), say(200, ACCEPTED)) as server,
        client(server, pauses) as fox,
    ):
        assert fox.create(BODY).id == ACCEPTED["id"]
    assert len(server.creations()) == 3
    assert all(one.json == BODY for one in server.creations())
    assert 7 <= pauses[0] < 8
    assert 0.5 <= pauses[1] <= 1.5


def test_429_to_the_end_is_told_with_what_was_asked_for():
    """After a bounded number of refusals the error says how long the gateway wants to be left alone."""
    step = say(429, RATE_LIMIT, Retry_After="2")
    with Scripted(step) as server, client(server) as fox, pytest.raises(errors.RateLimited) as caught:
        fox.create(BODY)
    assert len(server.creations()) == 4
    assert caught.value.retry_after == 2
    assert certainly_not_accepted(caught.value)


@pytest.mark.parametrize("asked", ["3600", "99999999999999999999", "Wed, 21 Oct 9999 07:28:00 GMT"])
def test_a_retry_after_that_is_too_long_is_handed_on(asked):
    """Nobody's cell sleeps for an hour: a long Retry-After is told at once, not slept through; none is more than that."""
    pauses = Pauses()
    with Scripted(say(429, RATE_LIMIT, Retry_After=asked)) as server, client(server, pauses) as fox:
        with pytest.raises(errors.RateLimited) as caught:
            fox.create(BODY)
        with pytest.raises(errors.RateLimited):
            fox.task("task-1")
    assert len(server.received) == 2
    assert pauses == []
    assert caught.value.retry_after == 3600
    assert asked in str(caught.value)


def test_a_creation_that_found_nobody_is_sent_again_when_somebody_is_there():
    """Connection refused means that nothing was sent: the server that comes up a moment later gets it once."""
    port = free_port()
    server = Scripted(say(200, ACCEPTED), port=port)
    pauses: list[float] = []

    def come_up(seconds: float) -> None:
        pauses.append(seconds)
        server.__enter__()

    try:
        with client(f"http://127.0.0.1:{port}", come_up) as fox:
            assert fox.create(BODY).id == ACCEPTED["id"]
    finally:
        server.__exit__()
    assert len(server.creations()) == 1
    assert len(pauses) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "https://127.0.0.1:{port}", "https://name.invalid"])
def test_a_gateway_that_cannot_be_reached_took_nothing(url):
    """Refused, no such name: NotConnected, after a few attempts, and certainly nothing to pay."""
    pauses = Pauses()
    with client(url.format(port=free_port()), pauses) as fox, pytest.raises(errors.NotConnected) as caught:
        fox.create(BODY)
    assert certainly_not_accepted(caught.value)
    assert len(pauses) == 3
    assert "nothing was paid" in caught.value.money


def test_a_creation_that_failed_in_the_tls_handshake_was_not_accepted():
    """A server that is no TLS server never saw the request; trying again would not change that."""
    pauses = Pauses()
    with Scripted(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        url = server.url.replace("http:", "https:")
        with client(url, pauses) as fox, pytest.raises(errors.NotConnected) as caught:
            fox.create(BODY)
        assert len(server._lines) == 1
    assert certainly_not_accepted(caught.value)
    assert pauses == []
    assert "TLS" in str(caught.value)


def test_a_proxy_that_refuses_the_tunnel_took_nothing(monkeypatch):
    """The proxy's no to CONNECT comes before anything of the request was sent."""
    with Scripted(say(403, "<html>not from here</html>")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with client("https://gateway.example") as fox, pytest.raises(errors.NotConnected) as caught:
            fox.create(BODY)
        assert {one.method for one in proxy.received} == {"CONNECT"}
        assert all(KEY not in str(one) for one in proxy.received)
    assert certainly_not_accepted(caught.value)


def test_every_creation_has_a_connection_of_its_own():
    """A connection that died unseen in a pool would make a creation's fate unknown for nothing."""
    with Scripted(say(200, ACCEPTED)) as server, client(server) as fox:
        fox.task(ACCEPTED["id"])
        fox.create(BODY)
        fox.create(BODY)
    assert [one.headers["Connection"] for one in server.creations()] == ["close", "close"]
    assert len(server._lines) == 3


@pytest.mark.parametrize("body", [{"prompt": float("nan")}, {"prompt": object()}, {"prompt": "\ud800"}, [1], "text"])
def test_what_cannot_be_written_as_json_is_not_sent(body):
    """Half a character, NaN and foreign objects are refused at the door."""
    with Scripted(say(200, ACCEPTED)) as server, client(server) as fox, pytest.raises(errors.InvalidRequest) as caught:
        fox.create(body)
    assert server.received == []
    assert certainly_not_accepted(caught.value)


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer x"}, {"Host": "x"}, {"X-A": "b\r\nX-C: d"}, {"X-A\n": "b"}, {"X-A": "ü"}]
)
def test_an_extra_header_cannot_replace_the_usual_ones(headers):
    """Only X-… headers of plain text are added."""
    with Scripted(say(200, ACCEPTED)) as server, client(server) as fox, pytest.raises(errors.InvalidRequest):
        fox.create(BODY, headers=headers)
    assert server.received == []


def test_without_a_key_nothing_is_sent():
    """A call that needs a key says so before it connects."""
    with Scripted(say(200, ACCEPTED)) as server, Client(server.url) as fox:
        for call in (lambda: fox.create(BODY), lambda: fox.task("1"), lambda: fox.upload_file(b"x")):
            with pytest.raises(errors.KeyMissing) as caught:
                call()
            assert certainly_not_accepted(caught.value)
    assert server.received == []


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt(), errors.ConnectionLost("x"), errors.FoxError("x")])
def test_an_error_that_says_nothing_certain_is_not_certain(error):
    """Whatever is not known to be a refusal counts as unknown."""
    assert not certainly_not_accepted(error)
