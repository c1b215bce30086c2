"""Every fault of the sandbox's two tables does what it says, as often as it was told, and nothing else."""

import io
import random
import socket
import time
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image

from fox_nb.sandbox import Sandbox
from fox_nb.sandbox.http_faults import HTTP_FAULTS
from fox_nb.sandbox.task_faults import TASK_FAULTS
from processes import until
from sandbox.asking import CREATE, Asking

pytestmark = pytest.mark.usefixtures("noise")

FOX = {"model": "phota-image", "prompt": "a fox in the snow"}
BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def create(asking: Asking, **options) -> requests.Response:
    return asking.post(CREATE, json=FOX, **options)


def works(asking: Asking) -> bool:
    return create(asking).status_code == 200


@pytest.mark.parametrize(("fault", "made"), [("lost_answer", True), ("hang_up", False)])
def test_a_lost_answer_made_the_task_and_a_hang_up_did_not(asking, own, fault, made):
    """In both the connection ends without a word; the witness knows which it was."""
    own.misbehave(fault)
    with pytest.raises(requests.ConnectionError):
        create(asking)
    (seen,) = own.creations
    assert (seen["fault"], seen["status"], seen["task_id"] is not None) == (fault, None, made)
    assert works(asking)


def test_a_cut_answer_breaks_off_in_its_body(asking, own):
    """The Content-Length is that of the whole answer; the task was made."""
    own.misbehave("cut")
    with pytest.raises(BROKEN):
        create(asking)
    assert own.creations[0]["task_id"]
    own.misbehave("cut", on="read", fraction=0)
    with pytest.raises(BROKEN):
        asking.get("/v1/tasks/x")
    assert works(asking)


def test_a_slow_answer_comes_late_and_whole(asking, own):
    """The task is made at once; a client that gives up before the answer does not undo it."""
    own.misbehave("slow", seconds=0.3)
    began = time.monotonic()
    assert works(asking)
    assert time.monotonic() - began >= 0.3
    own.misbehave("slow", seconds=60)
    with pytest.raises(requests.ReadTimeout):
        create(asking, timeout=0.2)
    assert own.creations[-1]["task_id"]


@pytest.mark.parametrize("done", [True, False])
def test_never_means_never(done):
    """The answer does not come, whether or not the task was made; ending the sandbox does not wait for it."""
    with Sandbox(speed=1000) as sandbox:
        asking = Asking(sandbox)
        sandbox.misbehave("never", done=done)
        with pytest.raises(requests.ReadTimeout):
            create(asking, timeout=0.3)
        made = until(lambda: [one["task_id"] for one in sandbox.creations] or None, "the creation")
        if done:
            until(lambda: sandbox.creations[0]["task_id"], "the task")
        else:
            assert made == [None]


STATUSES = {
    "rate_limit": (429, "rate_limit_error"),
    "server_error": (500, "server_error"),
    "unavailable": (503, "service_unavailable"),
    "no_balance": (402, "insufficient_quota"),
    "bad_key": (401, "authentication_error"),
}


@pytest.mark.parametrize("fault", STATUSES)
@pytest.mark.parametrize("on", ["create", "read"])
def test_statuses_answer_in_the_gateways_form(asking, own, fault, on):
    """Each comes with its type, once, and no task is made."""
    own.misbehave(fault, on=on, message="<b>hostile</b>")
    answer = create(asking) if on == "create" else asking.get("/v1/tasks/x")
    assert (answer.status_code, answer.json()["error"]["type"]) == STATUSES[fault]
    assert answer.json()["error"]["message"] == "<b>hostile</b>"
    assert all(seen["task_id"] is None for seen in own.creations)
    assert works(asking)


def test_a_rate_limit_may_say_when_to_come_back(asking, own):
    """Retry-After is there when it was asked for, and not otherwise."""
    own.misbehave("rate_limit", retry_after=7)
    own.misbehave("rate_limit")
    assert [create(asking).headers.get("Retry-After") for _ in range(3)] == ["7", None, None]


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ("bad_gateway", 502, "502 Bad Gateway"),
        ("cdn_forbidden", 403, "error code: 1010"),
        ("too_large_page", 413, "413"),
    ],
)
def test_pages_of_what_stands_before_the_gateway(asking, own, fault, status, text):
    """They are HTML, whatever was asked for."""
    own.misbehave(fault, on="create")
    answer = create(asking)
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (status, "text/html")
    assert text in answer.text
    assert works(asking)


@pytest.mark.parametrize("fault", ["server_error", "bad_gateway", "unavailable"])
def test_a_5xx_may_have_made_the_task(asking, own, fault):
    """With done the work was done before it went wrong: nobody outside can tell."""
    own.misbehave(fault, done=True)
    assert create(asking).status_code >= 500
    assert own.creations[0]["task_id"]


@pytest.mark.parametrize("body", ["json", "html", "empty"])
def test_any_status_with_any_kind_of_body(asking, own, body):
    """For the rows of the table that have no name of their own."""
    own.misbehave("status", status=418, body=body, type="teapot", code=42)
    answer = create(asking)
    assert answer.status_code == 418
    if body == "json":
        assert answer.json()["error"] | {"message": ""} == {"message": "", "type": "teapot", "code": 42}
    else:
        assert bool(answer.text) == (body == "html")


@pytest.mark.parametrize("kind", ["deep", "huge", "wrong_types", "not_json", "list", "null", "empty", "invalid_utf8"])
def test_bodies_that_claim_to_be_json(asking, own, kind):
    """Status and Content-Type are those of a good answer."""
    own.misbehave("json", on="read", kind=kind)
    task = asking.create(**FOX)
    answer = asking.get(f"/v1/tasks/{task['id']}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert {"empty": answer.content == b"", "huge": len(answer.content) > 10**7}.get(kind, True)
    assert asking.read(task["id"])["id"] == task["id"]


# --- results


@pytest.fixture
def link(asking):
    return asking.done(**FOX)["results"][0]["url"]


def test_a_result_can_be_expired_cut_truncated_or_a_page(asking, own, link):
    """A cut file has the whole one's length in its header, a truncated one its own."""
    whole = asking.get(link).content
    own.misbehave("expired")
    assert asking.get(link).status_code == 410
    own.misbehave("cut", on="result")
    with pytest.raises(BROKEN):
        asking.get(link)
    own.misbehave("truncated", fraction=0.25)
    answer = asking.get(link)
    assert answer.content == whole[: len(whole) // 4]
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    own.misbehave("page")
    answer = asking.get(link)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert asking.get(link).content == whole


def test_a_results_content_type_can_be_wrong_or_absent(asking, own, link):
    """The bytes are right in both cases."""
    own.misbehave("content_type", value="text/plain")
    own.misbehave("content_type")
    answers = [asking.get(link) for _ in range(3)]
    assert [answer.headers.get("Content-Type") for answer in answers] == ["text/plain", None, "image/jpeg"]
    assert len({answer.content for answer in answers}) == 1


def test_a_result_can_redirect_anywhere(asking, own, link):
    """To a given address, of any kind, or to the same link again: so many times it takes to get there."""
    own.misbehave("redirect", to="file:///etc/passwd", status=307)
    answer = asking.get(link, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (307, "file:///etc/passwd")
    own.misbehave("redirect", times=3)
    answer = asking.get(link)
    assert [step.status_code for step in answer.history] == [302] * 3
    assert answer.headers["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("kind", "size"), [("wide", (50_000, 40)), ("tiny", (1, 1)), ("animated", (64, 64)), ("svg", None), ("bomb", None)]
)
def test_a_result_can_be_another_picture(asking, own, link, kind, size):
    """A bomb of 400 million pixels is a small file."""
    own.misbehave("picture", kind=kind)
    data = asking.get(link).content
    assert len(data) < 200_000
    if size:
        assert Image.open(io.BytesIO(data)).size == size


# --- what becomes of a task


def test_the_race_shows_a_completed_task_without_results(asking, own):
    """For as many reads as told; then the results are there."""
    own.misbehave("race", reads=2)
    task_id = asking.create(**FOX)["id"]
    asking.ended(task_id)
    second, third = asking.read(task_id), asking.read(task_id)
    assert (second["status"], second["progress"], second["results"]) == ("completed", 50, None)
    assert (third["progress"], len(third["results"])) == (100, 1)


@pytest.mark.parametrize("code", ["content_policy", 1301])
def test_a_task_fails_as_told(asking, own, code):
    """Codes are strings, sometimes numbers; results stay null."""
    own.misbehave("failed", code=code, message="Not this <script>", part=0.5)
    task = asking.ended(asking.create(**FOX)["id"])
    assert task["status"] == "failed"
    assert task["error"] == {"code": code, "message": "Not this <script>", "type": "task_error"}
    assert task["results"] is None
    assert asking.done(**FOX)["results"]


def test_a_task_is_cancelled_stuck_or_in_a_state_that_nobody_knows(own):
    """They stay so, whatever the clock says."""
    asking = Asking(own)
    for fault, parameters in (("cancelled", {}), ("stuck", {}), ("unknown_status", {"status": "resting"})):
        own.misbehave(fault, **parameters)
        task_id = asking.create(**FOX)["id"]
        own.advance(100)
        task = asking.read(task_id)
        expected = {"cancelled": "cancelled", "stuck": "processing", "unknown_status": "resting"}[fault]
        assert (task["status"], task["results"]) == (expected, None)


def test_a_task_comes_in_the_older_form_or_with_hostile_links(asking, own):
    """Links of any kind stand where the pictures' would be."""
    own.misbehave("older_form")
    assert asking.done(**FOX)["output"]["urls"]
    own.misbehave("links", urls=["file:///etc/passwd", "javascript:alert(1)"])
    results = asking.done(**FOX)["results"]
    assert [result["url"] for result in results] == ["file:///etc/passwd", "javascript:alert(1)"]


def test_a_done_task_is_called_by_another_word(asking, own):
    """Its links stand beside the word."""
    own.misbehave("done_word", word="Succeeded ")
    task_id = asking.create(**FOX)["id"]
    own.advance(100)
    task = until(lambda: (found := asking.read(task_id))["results"] and found, "results")
    assert task["status"] == "Succeeded "


def test_results_grow_or_change_their_order(asking, own):
    """The first reads have the first results alone; or every read has them in another order, and one twice."""
    four = FOX | {"num_outputs": 4}
    own.misbehave("growing", reads=1, first=1)
    task_id = asking.create(**four)["id"]
    own.advance(100)
    first = until(lambda: asking.read(task_id)["results"], "the first result")
    whole = asking.read(task_id)["results"]
    assert first == whole[:1]
    assert len(whole) == 4
    own.misbehave("shuffled")
    task_id = asking.create(**four)["id"]
    own.advance(100)
    first = until(lambda: asking.read(task_id)["results"], "results")
    then = asking.read(task_id)["results"]
    assert first[:4] == then[3::-1]
    assert len(first) == len(then) == 5


def test_an_answer_is_about_another_task_or_comes_late_or_points_to_its_task(asking, own):
    """Each as it says; the creation that points to its task has made it."""
    own.misbehave("other_task")
    task_id = asking.create(**FOX)["id"]
    assert asking.read(task_id)["id"] != task_id
    assert asking.read(task_id)["id"] == task_id
    own.misbehave("early", on="read", status=102)
    port = urlsplit(own.base_url).port
    with socket.create_connection(("127.0.0.1", port)) as line:
        about = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {own.key}\r\nConnection: close"
        line.sendall(f"GET /v1/tasks/{task_id} HTTP/1.1\r\n{about}\r\n\r\n".encode())
        with line.makefile("rb") as answer:
            said = answer.read()
    assert said.startswith(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n")
    own.misbehave("see_task", status=303)
    answer = asking.post("/v1/images/generations", json=FOX, allow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/v1/tasks/{own.creations[-1]['task_id']}"
    assert own.happened == {"other_task": 1, "early": 1, "see_task": 1}


@pytest.mark.parametrize(("kind", "prices"), [("twice", [0.02, 0.01]), ("free", [0]), ("none", [])])
def test_a_price_list_is_not_what_it_should_be(asking, own, kind, prices):
    """Each model twice, for nothing, or none at all; the next list is right again."""
    own.misbehave("prices", kind=kind)
    for expected in (prices, [0.02]):
        listed = asking.get("/api/pricing").json()["data"]
        assert [row["model_price"] for row in listed if row["model_name"] == "grok-imagine-image"] == expected


def test_a_task_lasts_as_long_as_told(asking, own):
    """Whatever the speed; the estimate knows it."""
    own.misbehave("lasts", seconds=500)
    task = asking.create(**FOX)
    assert task["task_info"]["estimated_time"] == 500
    own.advance(400)
    assert asking.read(task["id"])["status"] == "processing"
    own.advance(101)
    assert asking.ended(task["id"])["status"] == "completed"


def test_task_faults_outlive_the_sandbox(tmp_path):
    """They belong to the task; the schedule of what is still to go wrong does not."""
    with Sandbox(speed=1000, folder=tmp_path) as sandbox:
        sandbox.misbehave("failed", code="x")
        task_id = Asking(sandbox).create(**FOX)["id"]
        sandbox.misbehave("server_error", times=9)
    with Sandbox(speed=1000, folder=tmp_path) as sandbox:
        assert Asking(sandbox).ended(task_id)["error"]["code"] == "x"
        assert not sandbox.faults


# --- the schedule


def test_times_after_and_model_say_which_calls_go_wrong(asking, own):
    """The first calls are let through, other models too; what is left over can be seen."""
    own.misbehave("server_error", times=2, after=1, model="phota-image")
    answers = [create(asking).status_code for _ in range(2)]
    asking.create(model="grok-imagine-image", prompt="a fox")
    assert own.faults == [{"fault": "server_error", "on": "create", "times": 1, "after": 0, "model": "phota-image"}]
    answers += [create(asking).status_code for _ in range(2)]
    assert answers == [200, 500, 500, 200]
    assert own.faults == []


def test_a_rate_hits_by_chance_and_the_seed_repeats_it():
    """A random schedule can be run again."""

    def schedule(seed: int) -> list[int]:
        with Sandbox(speed=1000) as sandbox:
            asking = Asking(sandbox)
            sandbox.misbehave("server_error", on="models", rate=0.4, seed=seed)
            return [asking.get("/v1/models").status_code for _ in range(40)]

    first = schedule(5)
    chance = random.Random(5)
    assert first == [500 if chance.random() < 0.4 else 200 for _ in range(40)]
    assert schedule(5) == first != schedule(6)


def test_faults_can_be_told_over_http(asking):
    """POST, GET and DELETE do what misbehave, faults and behave do."""
    answer = asking.post("/sandbox/faults", json={"fault": "rate_limit", "on": "read", "times": 3})
    assert answer.json() == asking.get("/sandbox/faults").json()
    assert asking.get("/v1/tasks/x").status_code == 429
    assert asking.call("DELETE", "/sandbox/faults").json() == {"faults": []}
    assert asking.get("/v1/tasks/x").status_code == 404


@pytest.mark.parametrize(
    "spec",
    [{"fault": "nonsense"}, {"fault": "slow"}, {"fault": "rate_limit", "colour": 1}, {"fault": "race", "on": "create"},
     {"fault": "truncated", "on": "create"}, {"fault": "rate_limit", "times": 0}, {"fault": "status", "status": 200}, {}],
)  # fmt: skip
def test_a_fault_that_is_not_in_the_tables_is_refused(asking, own, spec):
    """Over HTTP with 422, from Python with ValueError."""
    assert asking.post("/sandbox/faults", json=spec).status_code == 422
    if "fault" in spec:
        with pytest.raises(ValueError, match=r"fault|value|parameter|Allowed"):
            own.misbehave(**spec)
    assert own.faults == []


def test_every_row_of_the_tables_is_shown_here():
    """A fault without a test is one that nobody knows to work."""
    from pathlib import Path

    text = Path(__file__).read_text()
    assert [name for name in (*HTTP_FAULTS, *TASK_FAULTS) if f'"{name}"' not in text] == []


@pytest.mark.parametrize("text", ["a\r\nX-Evil: 1", "\0", "ü"])
def test_a_fault_can_not_break_a_header(asking, text):
    """What goes into a header is printable ASCII."""
    for spec in (
        {"fault": "rate_limit", "retry_after": text},
        {"fault": "redirect", "to": text},
        {"fault": "content_type", "value": text},
    ):
        assert asking.post("/sandbox/faults", json=spec).status_code == 422
