"""Reads: both documented shapes, every row of the error table, and when they are asked for again."""

import email.utils
import gzip
import json
import re
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from client.scripted import KEY, Pauses, Scripted, client, drip, hang_up, never, odd_bodies, say, stall
from fox_nb import errors
from fox_nb.client import Client, calls
from fox_nb.tasks import Result

NEWER = {
    "id": "task-1",
    "object": "image.generation.task",
    "type": "image",
    "model": "phota-image",
    "status": "completed",
    "progress": 100,
    "created": 1757165031,
    "results": [{"url": "https://cdn.example/out.png"}],
    "error": None,
    "usage": {"credits_reserved": 3, "user_group": "default"},
}
OLDER = {
    "id": "task-1",
    "status": "completed",
    "output": {"url": "https://cdn.example/1.png", "urls": ["https://cdn.example/1.png", "https://cdn.example/2.png"]},
}
PROFILE = {"id": "task-1", "status": "completed", "results": [{"result_type": "profile", "profile_id": "profile_abc"}]}
RACE = {"id": "task-1", "status": "completed", "progress": 50, "results": None}
FAILED = {"id": "task-1", "status": "failed", "error": {"code": 1301, "message": "unsafe prompt", "type": "task_error"}}


def read(answer, **options):
    with Scripted(say(200, answer)) as server, client(server) as fox:
        return fox.task("task-1", **options), server


def test_the_newer_documented_form_is_read():
    """Results, credits and the end are those of the documented example."""
    state, _ = read(NEWER)
    assert state.results == (Result(url="https://cdn.example/out.png"),)
    assert (state.finished, state.progress, state.credits_reserved) == (True, 100, 3)


def test_the_older_documented_form_is_read():
    """All links of `output.urls` are results."""
    state, _ = read(OLDER)
    assert [result.url for result in state.results] == ["https://cdn.example/1.png", "https://cdn.example/2.png"]


def test_a_trained_profile_is_a_result_without_a_link():
    """`profile_id` is what a training brings."""
    state, _ = read(PROFILE)
    assert state.results == (Result(profile_id="profile_abc"),)
    assert state.finished


def test_completed_without_results_is_not_the_end():
    """The race is passed on as what it is: a task whose results are still to come."""
    state, _ = read(RACE)
    assert state.status == "completed"
    assert not state.finished


def test_a_failed_task_is_an_answer_and_no_error_of_the_call():
    """Its code may be a number; it arrives as text."""
    state, _ = read(FAILED)
    assert (state.failed, state.error_code, state.error_message) == (True, "1301", "unsafe prompt")


@pytest.mark.parametrize("status", ["succeeded", "Completed ", "COMPLETED", "success", "done", "all is well"])
def test_done_is_done_in_whatever_words(status):
    """Links beside the status say that the pictures are there; they are not left to die for a word."""
    state, _ = read(NEWER | {"status": status})
    assert state.finished


@pytest.mark.parametrize(
    "status",
    [
        "cancelled",
        "error",
        "interrupted",
        "Not Found",
        "FAILED",
        "Fail",
        "EXPIRED",
        "time-out",
        "timed out",
        "rejected",
    ],
)
def test_every_end_is_an_end(status):
    """The words of older back ends end a task as well as the documented one."""
    state, _ = read({"id": "task-1", "status": status, "error": "it is over"})
    assert (state.failed, state.error_message) == (True, "it is over")


@pytest.mark.parametrize("error", [{"message": "it is over"}, {"code": 7}, "it is over", [{"message": "no"}], True, 42])
def test_an_error_ends_what_no_word_says(error):
    """It stands there only when a task has failed; without one, or beside links, an unknown word is a stage of the work."""
    said = {"id": "task-1", "status": "pondering", "message": "please wait", "error": error}
    assert read(said)[0].failed
    assert read(said | {"error": None, "fail_reason": "it is over"})[0].error_message == "it is over"
    assert not read(NEWER | said)[0].failed
    for nothing in (None, "", {}, {"message": None}, [], 0, False):
        assert not read(said | {"error": nothing})[0].finished


@pytest.mark.parametrize("status", ["pending", "queued", "NOT_START", "Processing", "in progress", "running"])
def test_what_is_under_way_goes_on_whatever_stands_beside_it(status):
    """A link that is shown before the end, or what went wrong with an attempt, does not end a task."""
    state, _ = read(NEWER | {"status": status, "error": {"message": "trying again"}})
    assert not state.finished


def test_a_word_that_nobody_knows_is_handed_on_with_the_answer():
    """Neither done nor failed; whoever has to tell a person has the body."""
    state, _ = read({"id": "task-1", "status": "pondering", "thoughts": "many"})
    assert not state.finished
    assert "thoughts" in state.body


LINKS = ["https://cdn.example/1.png", "https://cdn.example/2.png"]


@pytest.mark.parametrize(
    "results",
    [
        LINKS,
        [{"url": LINKS[0]}, {"url": LINKS[1]}, {"url": LINKS[0]}],
        [{"url": LINKS}],
        {"images": [{"url": LINKS[0]}, {"url": LINKS[1]}]},
        {"urls": LINKS},
        [None, 7, {"url": None}, {"url": f" {LINKS[0]} "}, [LINKS[1]]],
        {"data": {"output": {"urls": LINKS}}},
        [{"image_url": link, "thumbnail_url": f"{link}?small"} for link in LINKS],
        [{"image": {"url": link}, "tags": ["fox", "snow"], "content_type": "image/png"} for link in LINKS],
        {"image_urls": LINKS, "input": {"image_url": "https://cdn.example/mine.png"}},
        {"0": {"url": LINKS[0]}, "1": {"url": LINKS[1]}},
        [{"src": LINKS[0]}, {"download_url": LINKS[1], "image_url": "https://cdn.example/mine.png"}],
        json.dumps([{"url": link} for link in LINKS]),
    ],
)
def test_links_are_found_in_every_shape_and_once(results):
    """A list of objects, of texts, an object with a list in it; a link that comes twice is one picture."""
    state, _ = read(NEWER | {"results": results})
    assert [result.url for result in state.results] == LINKS


@pytest.mark.parametrize(
    "wrapped", [lambda task: [task], lambda task: {"code": "success", "data": task}, lambda task: {"task": task}]
)
@pytest.mark.parametrize("place", ["results", "output", "result", "data"])
def test_results_are_found_wherever_the_answer_has_them(place, wrapped):
    """In a list of one, in an envelope, under another name: they are paid for, and their links die in a day."""
    said = {"id": "task-1", "status": "SUCCESS", place: [{"url": link} for link in LINKS]}
    with Scripted(say(200, wrapped(said))) as server, client(server) as fox:
        assert [result.url for result in fox.task("task-1").results] == LINKS


@pytest.mark.parametrize("task", [{"status": "completed"}, {"name": "a fox"}])
def test_a_task_within_that_has_no_id_leaves_what_stands_beside_it(task):
    """The id and the results may stand outside of it."""
    said = {"task_id": "task-1", "status": "completed", "results": [{"url": link} for link in LINKS], "task": task}
    assert [result.url for result in read(said)[0].results] == LINKS


@pytest.mark.parametrize(
    "said",
    [
        {"outputs": LINKS},
        {"urls": LINKS},
        {"result_urls": LINKS},
        {"task_result": {"images": LINKS}},
        {"data": {"data": {"task_result": {"images": [{"url": link} for link in LINKS]}}}},
        {"results": [{"url": LINKS[0]}], "output": {"urls": LINKS}},
        {"data": {"result_urls": LINKS, "image_urls": ["https://cdn.example/mine.png"]}},
    ],
)
def test_links_are_found_in_likely_places(said):
    """Where the usual places have none, or fewer: what is named like a result is one when the task is done."""
    state, _ = read(NEWER | {"results": None} | said)
    assert [result.url for result in state.results] == LINKS


@pytest.mark.parametrize(
    "said",
    [
        {"image_urls": LINKS},
        {"data": {"image_urls": LINKS, "prompt": LINKS[0]}},
        {"results": {"thumbnail_url": LINKS[0], "preview": {"url": LINKS[1]}}},
        {"status": "processing", "url": LINKS[0]},
        {"status": "processing", "images": LINKS, "data": {"images": LINKS}},
        {"status": "processing", "output": {"format": "png", "image_urls": LINKS}},
        {"status": "processing", "results": [{"status": "pending", "image": LINKS[0]}]},
        {"results": [{"url": None, "filtered": True, "policy": LINKS[0], "reference": LINKS[1]}]},
        {"output": {"message": f"see {LINKS[0]}", "type": "image"}},
    ],
)
def test_what_went_in_and_smaller_copies_are_no_results(said):
    """A picture that the person gave, or a preview, is never shown as what was made."""
    assert read(NEWER | {"results": None} | said)[0].results == ()


@pytest.mark.parametrize(
    "aside",
    [
        {"images": [f"https://cdn.example/mine-{n}.png" for n in range(3)]},
        {"data": {"images": [f"https://cdn.example/mine-{n}.png" for n in range(3)]}},
        {"output": {"image_urls": ["https://cdn.example/mine.png"], "original": "https://cdn.example/mine.png"}},
    ],
)
def test_what_stands_where_it_is_documented_is_the_result_whatever_else_is_named(aside):
    """An edit of three pictures that makes two names more inputs than results."""
    made = [
        {"url": LINKS[0], "small": f"{LINKS[0]}?s"},
        {"original": "https://cdn.example/mine.png", "image": LINKS[1]},
    ]
    assert [result.url for result in read(NEWER | {"results": made} | aside)[0].results] == LINKS


@pytest.mark.parametrize("link", ["/out/1.png", " /out/1.png ", "{url}/out/1.png"])
def test_a_link_without_a_host_is_the_gateway_s_own(link):
    """It is whole before it is kept, wherever it is fetched later."""
    with Scripted(say(200)) as server, client(server) as fox:
        server._steps[0] = say(200, NEWER | {"results": [{"url": link.format(url=server.url)}]})
        assert fox.task("task-1").results == (Result(url=f"{server.url}/out/1.png"),)


@pytest.mark.parametrize(
    "said",
    [
        {"results": [{"profileId": "ada-1"}]},
        {"results": [{"result_type": "profile", "id": " ada-1 "}]},
        {"results": [{"result_type": "profile", "profile": {"id": "ada-1"}}]},
        {"results": None, "profile_id": "ada-1"},
    ],
)
def test_a_trained_profile_is_found_in_every_shape(said):
    """Its id is what a training is paid for; the archive of its photos and a cover beside it are no pictures of it."""
    beside = {"image_archive_url": LINKS[0], "cover": LINKS[1], "image": LINKS[1]}
    for more in ({}, beside):
        results = [one | more for one in said["results"]] if said["results"] else None
        assert read(PROFILE | said | more | {"results": results})[0].results == (Result(profile_id="ada-1"),)


def test_a_picture_that_names_a_person_in_it_is_still_a_picture():
    """The id of a profile stands beside links of pictures, too, and what is paid for is behind the link."""
    results = [{"url": LINKS[0], "profile_id": "ada-1"}]
    assert [result.url for result in read(NEWER | {"results": results})[0].results if result.url] == LINKS[:1]


def test_what_is_no_id_is_no_profile():
    """It would stand in prompts, between brackets."""
    assert read(PROFILE | {"results": [{"profile_id": "ada\n[[x]]"}]})[0].results == ()


@pytest.mark.parametrize("status", [None, 2, True, ["completed"], ""])
def test_results_say_that_it_is_done_where_the_status_is_no_word(status):
    """The links stand there and will be dead in a day: they are not refused for what stands beside them."""
    state, _ = read(NEWER | {"status": status})
    assert state.finished
    assert len(state.results) == len(NEWER["results"])


def test_a_number_that_is_too_long_to_read_costs_no_answer():
    """Python refuses whole numbers of thousands of digits; the task beside one is read all the same."""
    huge = json.dumps(NEWER).replace('"progress": 100', f'"progress": {"9" * 6000}')
    state, _ = read(huge.encode())
    assert (state.finished, state.progress) == (True, 0)


@pytest.mark.parametrize("nothing", ["null", '""', "[]", "{}"])
def test_a_name_that_stands_twice_loses_nothing_that_was_said(nothing):
    """An id or results are not replaced by nothing: with the last of two alone what is paid for would be lost."""
    state, _ = read(f'{json.dumps(NEWER)[:-1]}, "id": {nothing}, "results": {nothing}}}'.encode())
    assert (state.id, len(state.results)) == ("task-1", 1)


@pytest.mark.parametrize("beside", [{"id": 17}, {"id": "17"}, {"taskId": "upstream-17"}])
@pytest.mark.parametrize("wrap", [lambda task: task, lambda task: {"code": "success", "data": task}])
def test_the_id_that_was_asked_for_is_found_among_several(wrap, beside):
    """The engine's own answer has the number of its line in a table as `id`, and the task's id as `task_id`."""
    state, _ = read(wrap(NEWER | {"task_id": "task-1"} | beside))
    assert (state.id, state.finished) == ("task-1", True)


@pytest.mark.parametrize("results", [[], {}, None, "", "soon", 7, [[[[[LINKS[0]]]]]]])
def test_results_that_hold_no_link_are_none_yet(results):
    """Completed, and the links are still to come: that is not the end."""
    state, _ = read(NEWER | {"results": results})
    assert state.results == ()
    assert not state.finished


PIXEL = "iVBORw0KGgo="


@pytest.mark.parametrize(
    "said",
    [
        {"results": [{"url": f"data:image/png;base64,{PIXEL}"}]},
        {"results": [f"data:image/png;base64,{PIXEL}"]},
        {"results": [{"image": f"data:image/png;base64,{PIXEL}"}]},
        {"results": [{"b64_json": PIXEL, "url": None, "revised_prompt": "a fox"}]},
        {"results": [{"b64_json": f" data:image/png;base64,{PIXEL}\n"}]},
        {"results": None, "data": [{"b64_json": PIXEL}]},
    ],
)
def test_a_picture_that_stands_in_the_answer_is_a_result(said):
    """It was paid for, and its bytes are here."""
    state, _ = read(NEWER | said)
    assert [result.url.removeprefix("data:").removeprefix("image/png") for result in state.results] == [
        f";base64,{PIXEL}"
    ]


def test_a_link_beside_the_same_picture_is_the_result():
    """One picture is not told as two."""
    assert [
        result.url for result in read(NEWER | {"results": [{"url": LINKS[0], "b64_json": PIXEL}]})[0].results
    ] == LINKS[:1]


def test_a_large_state_is_read_and_a_huge_one_is_not(monkeypatch):
    """Pictures may stand in it; what has no end is refused, packed or not."""
    large = json.dumps(NEWER | {"more": "a" * (3 << 20)}).encode()
    for body in (large, gzip.compress(large)):
        assert read(body)[0].finished
    monkeypatch.setattr(calls, "LONG_STATE", 2 << 20)
    for body in (large, gzip.compress(large)):
        error, _ = failing(errors.UnexpectedAnswer, say(200, body))
        assert "larger than 2,097,152 bytes" in str(error)
        assert '"id": "task-1"' in error.body or "task-1" in error.body


@pytest.mark.parametrize("body", odd_bodies(NEWER))
def test_a_state_is_read_whatever_else_is_wrong_with_the_answer(body):
    """The links in it live for a day: they are not left to die for a byte of the prompt's echo."""
    assert read(body)[0].results == (Result(url="https://cdn.example/out.png"),)


@pytest.mark.parametrize("packed", [zlib.compress, lambda said: zlib.compress(said, wbits=-15), lambda said: said])
def test_a_deflated_state_is_read(packed):
    """A proxy may pack what nobody asked to be packed, in either form of it, or only say so."""
    state = read_step(say(200, packed(json.dumps(NEWER).encode()), Content_Encoding="deflate"))
    assert state.results == (Result(url="https://cdn.example/out.png"),)


def read_step(step):
    """The state in one answer."""
    with Scripted(step) as server, client(server) as fox:
        return fox.task("task-1")


@pytest.mark.parametrize("status", [400, 404, 410, 422, 429, 500, 502])
@pytest.mark.parametrize("answer", [NEWER, FAILED, FAILED | {"status": "cancelled"}, RACE])
def test_a_state_is_read_whatever_the_answer_s_status(status, answer):
    """The end of a task is its end beside any number of HTTP, and is asked for once; but for a failure in a busy moment."""
    if answer["status"] != "completed" and status in {429, 500, 502}:
        failing(errors.GatewayError, say(status, answer), reads_tries=1)
        return
    step = say(status, answer)
    with Scripted(step) as server, client(server) as fox:
        assert fox.task("task-1").status == answer["status"]
    assert len(server.received) == 1


@pytest.mark.parametrize("kind", ["server_error", "rate_limit_error", None])
def test_a_failed_call_ends_no_task(kind):
    """Only the documented error of a task, beside an HTTP error, is the task's own end: another one is asked again."""
    failing(errors.GatewayError, say(404, FAILED | {"error": {"message": "not in cache", "type": kind}}), reads_tries=1)


def test_a_gateway_that_wants_to_be_left_alone_is():
    """A 429 is obeyed also where it names the task that was asked for, which goes on."""
    working = NEWER | {"status": "processing", "results": None}
    failing(errors.RateLimited, say(429, working, Retry_After="5"), reads_tries=1)


INNER = {
    "the upstream's": {
        "data": {"task_id": "task-1", "status": "completed", "results": NEWER["results"], "data": {"id": "up-1"}}
    },
    "a job's": {
        "code": 0,
        "data": {"task_id": "task-1", "results": NEWER["results"], "task": {"id": "job-2", "type": "image"}},
    },
}


@pytest.mark.parametrize("case", INNER)
def test_an_inner_id_is_somebody_else_s(case):
    """What names its task holds its results; what is deeper in it isn't asked."""
    assert read(INNER[case])[0].results == (Result(url="https://cdn.example/out.png"),)


def test_a_whole_state_in_an_answer_that_ends_badly_is_read():
    """Content-Length was wrong, and nothing is missing."""
    with Scripted(say(200, NEWER, cut=9998, length=9999)) as server, client(server) as fox:
        assert fox.task("task-1").finished


@pytest.mark.parametrize("word", ["error", "not_found", "denied", ""])
def test_a_call_that_failed_is_no_task_that_failed(word):
    """A word that may be the call's, beside an HTTP error, ends nothing that is paid for."""
    failing(errors.ServerError, say(500, {"id": "task-1", "status": word, "message": "busy"}), reads_tries=1)


@pytest.mark.parametrize("answer", [{"id": "task-2"}, {"id": None}, {"id": ["task-1"]}])
def test_an_answer_about_another_task_is_not_taken_for_ones_own(answer):
    """A mixed-up cache or proxy must not bring another person's picture."""
    error, _ = failing(errors.UnexpectedAnswer, say(200, NEWER | answer))
    assert "the state of task task-1" in str(error)


@pytest.mark.parametrize(
    "said",
    [
        {"error": {"message": {"deep": "a reason"}}},
        {"error": ["a reason"]},
        {"error": {"code": 7, "message": "a reason"}},
        {"error": {"error": {"message": "a reason"}}},
        {"error": None, "errors": ["a reason"]},
        {"detail": "a reason"},
        {"failure": {"why": "a reason"}},
    ],
)
def test_a_reason_is_kept_in_whatever_shape(said):
    """What the gateway says of a failure reaches the person, also where it is no sentence."""
    state, _ = read({"id": "task-1", "status": "failed", **said})
    assert "a reason" in state.error_message


def test_a_code_alone_is_no_reason():
    """It is told beside the words that there is none."""
    state, _ = read({"id": "task-1", "status": "failed", "error": {"code": 7, "message": "", "type": "task_error"}})
    assert (state.error_code, state.error_message) == ("7", "")


def test_the_task_is_asked_for_by_its_id():
    """The path holds the id as one step, and the upstream is asked where that is wanted."""
    state, server = read({"status": "pending", "id": "task-1"}, sync_upstream=True)
    assert server.received[0].path == "/v1/tasks/task-1?sync_upstream=true"
    assert state.id == "task-1"


@pytest.mark.parametrize("task_id", ["a/../../b", "a b?c#d", "ü/…", "\ud800"])
def test_an_odd_id_stays_one_step_of_the_path(task_id):
    """No id leads to another call of the gateway."""
    another = pytest.raises(errors.UnexpectedAnswer, match="the state of task")
    with Scripted(say(200, NEWER)) as server, client(server) as fox, another:
        fox.task(task_id)
    path = server.received[0].path
    assert path.startswith("/v1/tasks/")
    assert "/" not in path.removeprefix("/v1/tasks/")
    assert "#" not in path
    assert "?" not in path


@pytest.mark.parametrize("task_id", ["", ".", "..", None])
def test_what_is_no_id_is_not_sent(task_id):
    """`..` would be another call."""
    with Scripted(say(200, NEWER)) as server, client(server) as fox, pytest.raises(errors.InvalidRequest):
        fox.task(task_id)
    assert server.received == []


def failing(kind, *steps, **settings):
    """The error that a read ends with, and what the server received."""
    with Scripted(*steps) as server, client(server, **settings) as fox, pytest.raises(kind) as raised:
        fox.task("task-1")
    return raised.value, server.received


ROWS = [
    (400, "invalid_request_error", "", errors.BadRequest, "report"),
    (400, "invalid_request_error", "content_policy_violation", errors.BadRequest, "words of the prompt"),
    (422, "invalid_request_error", "sensitive_words_detected", errors.RequestRejected, "words of the prompt"),
    (401, "authentication_error", "", errors.AuthenticationError, "$FOXAPI_KEY"),
    (402, "insufficient_quota", "", errors.InsufficientBalance, "balance"),
    (403, "", "", errors.AccessDenied, "key may do"),
    (404, "not_found", "", errors.NotFound, "base URL"),
    (413, "file_too_large_error", "", errors.FileTooLarge, "smaller"),
    (422, "invalid_request_error", "model_not_found", errors.RequestRejected, "models()"),
    (422, "service_unavailable_error", "no_compatible_channel", errors.RequestRejected, "channel"),
    (422, "invalid_request_error", "unsupported_advanced_options", errors.RequestRejected, "Leave out"),
    (422, "validation_error", "invalid_file_type", errors.RequestRejected, "JPEG"),
    (422, "validation_error", "invalid_image_url", errors.RequestRejected, "public"),
    (422, "validation_error", "", errors.RequestRejected, "message names"),
    (429, "rate_limit_error", "", errors.RateLimited, "Wait"),
    (500, "server_error", "", errors.ServerError, "support"),
    (503, "service_unavailable", "", errors.ServerError, "minutes"),
    (418, "teapot", "", errors.UnexpectedAnswer, "report"),
]


@pytest.mark.parametrize(("status", "kind", "code", "error", "todo"), ROWS)
def test_every_row_of_the_error_table_is_its_typed_error(status, kind, code, error, todo):
    """Status, type, code and message arrive, with what it means for the money and what to do."""
    said = {"message": "The reason. request_id: req-77aa", "type": kind} | ({"code": code} if code else {})
    with Scripted(say(status, {"error": said})) as server, client(server) as fox, pytest.raises(error) as caught:
        fox.task("task-1")
    found = caught.value
    assert type(found) is error
    assert (found.http_status, found.type, found.code) == (status, kind, code)
    assert found.message == "The reason. request_id: req-77aa"
    assert '"message"' in found.body
    assert todo in found.todo
    assert found.money
    assert "req-77aa" in str(found)
    assert str(status) in str(found)


BODIES = {
    "nothing": b"",
    "a page": b"<!DOCTYPE html><html><head><style>b{}</style></head><body>Sorry &amp; bye</body></html>",
    "not text": b"\xff\xfe\x00\x01",
    "a text": b'"no"',
    "a list": b"[1]",
    "error is a text": b'{"error": "no"}',
    "error is a list": b'{"error": [1]}',
    "error is null": b'{"error": null}',
    "wrong types": b'{"error": {"message": {"a": 1}, "type": [], "code": 12.5}}',
    "huge numbers": b'{"error": {"message": 1e400, "code": -99999999999999999999}}',
    "deep": b"[" * 100_000,
    "half a character": b'{"error": {"message": "\\ud800"}}',
    "large": b'{"error": {"message": "' + b"x" * 3_000_000 + b'"}}',
    "cut": b'{"error": {"mess',
}


@pytest.mark.parametrize("status", [403, 422, 500])
@pytest.mark.parametrize("body", BODIES)
def test_an_error_with_any_body_is_still_its_typed_error(status, body):
    """Decided by the status alone; what the body says is shown, bounded, and can be written anywhere."""
    error, _ = failing(errors.class_of(status), say(status, BODIES[body]))
    assert len(str(error)) < 1500
    assert len(error.body) < 600
    str(error).encode()


def test_a_page_is_told_in_its_words():
    """Tags and style sheets are left out of the sentence; the body keeps what came."""
    error, _ = failing(errors.AccessDenied, say(403, BODIES["a page"]))
    assert "Sorry & bye" in error.what
    assert "<" not in error.what
    assert error.body.startswith("<!DOCTYPE html>")


PAGE = "<html><head><title>Blocked</title></head><body>Not from this network</body></html>"
BETWEEN = {
    "a page that is no list": (say(200, PAGE), errors.UnexpectedAnswer, "A web page came"),
    "a filter": (say(403, PAGE), errors.AccessDenied, "A web page came"),
    "another service": (say(404, "\ufeff\n" + PAGE), errors.NotFound, "A web page came"),
    "a log-in elsewhere": (say(302, Location="https://login.example/"), errors.UnexpectedAnswer, "The answer points"),
    "a proxy's log-in": (say(407, b"log in"), errors.UnexpectedAnswer, "A proxy on the way wants a log-in"),
    "a network's log-in": (say(511, PAGE), errors.ServerError, "This network wants a log-in"),
}


@pytest.mark.parametrize("case", BETWEEN)
def test_what_stands_between_is_not_told_as_the_gateway(case):
    """A filter, a log-in or a proxy that answers in its place is told as that, and sends nobody to the console."""
    step, kind, begins = BETWEEN[case]
    error, _ = failing(kind, step)
    assert error.what.startswith(begins)
    assert re.search("this network's log-in.*open the base URL in a browser", error.todo)
    assert "console" not in error.todo
    assert "report" not in error.todo


FILTERED = "Access denied by corporate policy"
MAYBE_BETWEEN = {
    "text of a filter": (say(403, FILTERED), errors.AccessDenied, True),
    "JSON of a filter": (say(403, {"blocked": True, "reason": FILTERED}), errors.AccessDenied, True),
    "text of a log-in": (say(401, FILTERED), errors.AuthenticationError, True),
    "text as an answer": (say(200, FILTERED), errors.UnexpectedAnswer, True),
    "the gateway": (say(403, {"error": {"message": FILTERED}}), errors.AccessDenied, False),
    "the gateway's limit": (say(429, FILTERED), errors.RateLimited, False),
}


@pytest.mark.parametrize("case", MAYBE_BETWEEN)
def test_words_that_are_no_page_may_be_of_a_filter_too(case):
    """What has not the form of the gateway's own errors is told as what may stand between, and never as a fault to report."""
    step, kind, between = MAYBE_BETWEEN[case]
    error, _ = failing(kind, step)
    assert ("this network's log-in or filter" in error.todo) is between
    assert "report" not in error.todo


def test_a_page_of_a_fault_or_of_a_limit_is_waited_for():
    """A page says who spoke; what to do after a fault, a limit or a file too large is the same whoever said it."""
    for status, kind, todo in (
        (502, errors.ServerError, "Try again in a moment"),
        (503, errors.ServerError, "who looks after the network"),
        (413, errors.FileTooLarge, "Make the file smaller"),
        (429, errors.RateLimited, "Wait a little"),
    ):
        error, _ = failing(kind, say(status, PAGE))
        assert error.what.startswith(f"A web page came in place of the gateway's answer (HTTP {status})")
        assert todo in error.todo


def test_the_cdn_s_refusal_of_a_client_is_told_from_a_bad_key():
    """'error code: 1010' is about the program, not about the key."""
    error, _ = failing(errors.AccessDenied, say(403, "<html>Access denied<br>error code: 1010</html>"))
    assert "not your key" in error.todo


def test_a_request_id_at_the_end_of_a_long_message_is_kept():
    """Support asks for it, so shortening spares it."""
    message = "blah " * 1000 + "(request_id: 20260319-abc)"
    error, _ = failing(errors.ServerError, say(500, {"error": {"message": message}}))
    assert "20260319-abc" in str(error)
    assert len(error.message) < 800


def test_control_characters_of_a_message_do_not_reach_the_terminal():
    """Escape sequences, line breaks and right-to-left marks are taken out."""
    message = "a\x1b[31mred\x07\r\nb\u202ereversed\u2066\x9b"
    error, _ = failing(errors.RequestRejected, say(422, {"error": {"message": message}}))
    assert str(error).isprintable()


@pytest.mark.parametrize(
    "answer", [{"id": "1"}, [], "text", {"status": 7}, {"status": ""}, {"data": {"id": 1}}, b"", b"<p>"]
)
def test_an_answer_that_is_no_task_is_told_with_its_body(answer):
    """A difference between the pages and the live service shows itself, and is nothing for the money."""
    with Scripted(say(200, answer)) as server, client(server) as fox, pytest.raises(errors.UnexpectedAnswer) as caught:
        fox.task("task-1")
    assert caught.value.http_status == 200
    assert "costs nothing" in caught.value.money


FLEETING = {
    "429": say(429),
    "500": say(500, {"error": {"message": "x"}}),
    "502 page": say(502, "<html></html>"),
    "524": say(524),
    "hang up": hang_up,
    "half a body": say(200, NEWER, cut=30),
    "no HTTP": stall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
}


@pytest.mark.parametrize("case", FLEETING)
def test_a_read_is_repeated_with_growing_jittered_pauses(case):
    """What may pass is asked for again, four times at the most."""
    pauses = Pauses()
    step = FLEETING[case]
    with Scripted(step, step, step, say(200, NEWER)) as server, client(server, pauses) as fox:
        assert fox.task("task-1").finished
    assert len(server.received) == 4
    assert [0.25 <= pauses[0] <= 0.75, 0.5 <= pauses[1] <= 1.5, 1 <= pauses[2] <= 3] == [True] * 3


def test_reads_that_never_succeed_end_with_the_last_answer():
    """The number of attempts is bounded, and the last answer is the error."""
    _, received = failing(errors.RateLimited, say(500), say(502), say(429), reads_tries=3)
    assert len(received) == 3


def test_a_read_that_is_not_to_be_repeated_is_sent_once():
    """A watcher with a rhythm of its own hears of a 429 or a broken line at once."""
    for step, kind in ((say(429, b"", Retry_After="5"), errors.RateLimited), (hang_up, errors.ConnectionLost)):
        with Scripted(step) as server, client(server) as fox, pytest.raises(kind):
            fox.task("task-1", repeat=False)
        assert len(server.received) == 1


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 422])
def test_a_refused_read_is_not_repeated(status):
    """Asking again would not change the answer."""
    with Scripted(say(status)) as server, client(server) as fox, pytest.raises(errors.GatewayError):
        fox.task("task-1")
    assert len(server.received) == 1


def test_retry_after_is_obeyed_as_seconds_and_as_a_date():
    """Both forms of the header set the pause; nonsense in it is nothing."""
    date = email.utils.formatdate(time.time() + 20, usegmt=True)
    pauses = Pauses()
    steps = [say(429, b"", Retry_After="3"), say(503, b"", Retry_After=date), say(429, b"", Retry_After="soon")]
    with Scripted(*steps, say(200, NEWER)) as server, client(server, pauses) as fox:
        assert fox.task("task-1").finished
    assert 3 <= pauses[0] < 4
    assert 10 <= pauses[1] <= 22
    assert pauses[2] <= 3


@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_a_date_is_gmt_in_every_form_of_http(form, monkeypatch):
    """Whoever is west of Greenwich does not take a pause of seconds for one of hours."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        date = time.strftime(form, time.gmtime(time.time() + 20))
        with (
            Scripted(say(503, b"", Retry_After=date), say(200, NEWER)) as server,
            client(server, pauses := Pauses()) as fox,
        ):
            assert fox.task("task-1").finished
    finally:
        monkeypatch.undo()
        time.tzset()
    assert 5 <= pauses[0] <= 22


@pytest.mark.parametrize(
    "step", [never, drip(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n{"), drip(b"HTTP/1.1 2", b"0")]
)
def test_a_read_ends_however_slowly_it_is_answered(step):
    """The time-out counts the whole answer, not each byte of it."""
    failing(errors.ConnectionLost, step, read=0.5, reads_tries=1)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 429 X\r\n\r\n", b"HTTP/1.1 500 X\r\nContent-Length: 1" + b"0" * 15 + b"\r\n\r\n"]
)
def test_a_repeated_read_does_not_swallow_a_body_without_end(head):
    """What urllib3 reads away before it asks again is bounded, too."""
    sent = []

    def flood(server, line):
        line.sendall(head)
        while len(sent) < 2000:
            line.sendall(bytes(1 << 16))
            sent.append(1 << 16)
        return False

    with Scripted(flood, say(200, NEWER)) as server, client(server) as fox:
        assert fox.task("task-1").finished
    assert sum(sent) < 20 << 20


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_read_follows_no_redirect_to_another_host(status):
    """The key stays with the gateway; the error says where it points."""
    with Scripted(say(200, NEWER)) as other:
        step = say(status, Location=f"{other.url}/v1/tasks/task-1")
        with Scripted(step) as server, client(server) as fox, pytest.raises(errors.UnexpectedAnswer) as caught:
            fox.task("task-1")
        assert other.received == []
    assert other.url in str(caught.value)


@pytest.mark.parametrize("place", ["/v1/tasks/task-1/", "task-1/", "{url}/v2/tasks/task-1?page=1"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_read_is_made_where_the_gateway_has_it(status, place):
    """A task that was paid for is found behind a slash or at another path of the same gateway, with the key."""
    with Scripted(say(200, NEWER)) as server, client(server) as fox:
        server._steps.insert(0, say(status, Location=place.format(url=server.url)))
        assert fox.task("task-1").finished
    asked = [(one.path, one.headers["Authorization"]) for one in server.received]
    assert [path for path, _ in asked][1] in {"/v1/tasks/task-1/", "/v2/tasks/task-1?page=1"}
    assert {key for _, key in asked} == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    "place",
    [
        "/login",
        "/v1/tasks/task-2",
        "/v1/tasks/task-1",
        "//127.0.0.2/v1/tasks/task-1",
        "{url}@127.0.0.2/v1/tasks/task-1",
    ],
)
def test_a_redirect_to_anything_else_is_told(place):
    """What is not the same, or stands elsewhere, is not read; and a gateway that leads in circles is asked no further."""
    with Scripted() as server, client(server, reads_tries=1) as fox:
        server._steps = [say(302, Location=place.format(url=server.url))]
        with pytest.raises(errors.UnexpectedAnswer, match="points to another address"):
            fox.task("task-1")
    assert len(server.received) == 1


def test_the_client_keeps_no_cookies():
    """Nothing that the gateway sets comes back to it, or to anybody else."""
    with Scripted(say(200, NEWER, Set_Cookie="a=b; Path=/")) as server, client(server) as fox:
        fox.task("task-1")
        fox.task("task-1")
    assert all("Cookie" not in one.headers for one in server.received)


def test_models_are_listed():
    """Names out of `data`; anything odd in it is left out."""
    with (
        Scripted(
            say(200, {"data": [{"id": "phota-image"}, {"id": 5}, "x", {}, {"id": "grok-imagine-image"}]})
        ) as server,
        client(server) as fox,
    ):
        assert fox.models() == ["phota-image", "grok-imagine-image"]


def test_prices_are_those_of_a_call_times_the_group_s_ratio():
    """Models that are paid by the token have none; odd entries are left out; no key is sent for it."""
    answer = {
        "data": [
            {"model_name": "phota-image", "quota_type": 1, "model_price": 0.09},
            {"model_name": "by-token", "quota_type": 0, "model_price": 1},
            {"model_name": " Grok-Imagine-Image ", "quota_type": 1, "model_price": " 0.02"},
            {"model_name": "odd", "quota_type": 1, "model_price": "x"},
            {"model_name": "negative", "quota_type": 1, "model_price": -1},
            {"model_name": "not a number", "quota_type": 1, "model_price": float("nan")},
            7,
        ],
        "group_ratio": {"default": 2, "vip": 0.5},
    }
    with Scripted(say(200, answer)) as server, Client(server.url, KEY) as fox:
        prices = fox.pricing()
        vip = fox.pricing("vip")
        other = fox.pricing("unheard of")
    assert dict(prices.usd) == {"phota-image": 0.18, "grok-imagine-image": 0.04}
    assert (vip.of("phota-image"), other.of("phota-image"), vip.of("by-token")) == (0.045, 0.09, None)
    assert all("Authorization" not in one.headers for one in server.received)


def test_the_balance_is_in_dollars_and_may_be_unlimited():
    """`total_usage` is in hundredths; 1e8 means that there is no limit."""
    with Scripted(say(200, {"hard_limit_usd": 10}), say(200, {"total_usage": 250.0})) as server, client(server) as fox:
        balance = fox.balance()
    assert (balance.limit_usd, balance.used_usd, balance.left_usd) == (10, 2.5, 7.5)
    with Scripted(say(200, {"hard_limit_usd": 1e8}), say(200, {"total_usage": 1})) as server, client(server) as fox:
        assert fox.balance().left_usd is None


def test_the_account_is_asked_once():
    """Where a gateway has had too many reads of the account, none of the ways to ask for it asks again by itself."""
    for ask in (Client.balance, Client.usage):
        refusal = say(429, {"error": {"message": "busy"}}, Retry_After="25")
        server = Scripted(refusal, say(200, {"hard_limit_usd": 10}))
        with server, client(server) as fox, pytest.raises(errors.RateLimited):
            ask(fox)
        assert len(server.received) == 1


def test_a_key_s_account_is_read_as_the_engine_tells_it():
    """500,000 quota are a USD; without a limit what is left means nothing; 0 and -1 mean that it never ends."""
    data = {"name": "class", "total_used": 45_000, "total_available": 955_000, "expires_at": 1_900_000_000}
    data |= {"model_limits": {"phota-image": True, "other": False}}
    endless = {"total_used": 1, "total_available": -7, "unlimited_quota": True, "expires_at": -1}
    with Scripted(say(200, {"data": data}), say(200, {"data": endless})) as server, client(server) as fox:
        limited, unlimited = fox.usage(), fox.usage()
    assert (limited.used_usd, limited.left_usd, limited.ends_at) == (0.09, 1.91, 1_900_000_000)
    assert limited.models == ("phota-image",)
    assert (unlimited.left_usd, unlimited.ends_at, unlimited.models) == (None, None, None)
    assert server.received[0].path == "/api/usage/token/"


def test_sums_below_nothing_are_not_shown():
    """A key that is overdrawn has nothing left, by either call; less than nothing spent is an answer that is not understood."""
    overdrawn = {"data": {"total_used": 50_000, "total_available": -5}}
    steps = [overdrawn, {"hard_limit_usd": 1}, {"total_usage": 250}, {"data": {"total_used": -1, "total_available": 9}}]
    with Scripted(*[say(200, step) for step in steps]) as server, client(server) as fox:
        assert (fox.usage().left_usd, fox.balance().left_usd) == (0, 0)
        with pytest.raises(errors.UnexpectedAnswer):
            fox.usage()


def test_a_key_s_log_is_read_as_the_engine_tells_it():
    """Charges and refunds with their times, amounts and tasks; what is neither is left out; the Date header comes along."""
    charge = {"id": 1, "created_at": 1_700_000_000, "model_name": "phota-image", "quota": 45_000, "group": "vip"}
    data = [
        {**charge, "type": 6, "other": '{"task_id": "task-1"}'},
        {**charge, "other": "no json"},
        {**charge, "type": 1},
        {**charge, "quota": "much"},
        {**charge, "created_at": float("nan")},
        7,
    ]
    step = say(200, {"success": True, "data": data}, Date="Tue, 14 Nov 2023 22:13:30 GMT")
    with Scripted(step) as server, client(server) as fox:
        log = fox.log()
    assert [(one.is_refund, one.task_id, one.micro_usd, one.group) for one in log.entries] == [
        (True, "task-1", 90_000, "vip"),
        (False, "", 90_000, "vip"),
    ]
    assert log.date == 1_700_000_010


@pytest.mark.parametrize("call", ["usage", "log"])
def test_the_bill_is_asked_once_whatever_comes(call):
    """Reads of the bill are counted at the gateway: a 429 or a 500 is told, and nothing is asked again by itself."""
    for status in (429, 500):
        with Scripted(say(status)) as server, client(server) as fox, pytest.raises(errors.GatewayError):
            getattr(fox, call)()
        assert len(server.received) == 1


@pytest.mark.parametrize("call", ["models", "pricing", "balance", "usage", "log"])
@pytest.mark.parametrize(
    "answer", [{}, [], {"data": {}}, {"data": None}, "x", b"<html>", {"success": False, "data": [{"id": "x"}]}]
)
def test_a_list_that_is_none_is_told(call, answer):
    """These calls are not documented: when they change, that is said with the body, and nothing crashes."""
    with Scripted(say(200, answer)) as server, client(server) as fox, pytest.raises(errors.UnexpectedAnswer):
        getattr(fox, call)()


def late(server, line):
    """Answer as the sandbox does while it draws on a busy machine."""
    server.over.wait(2.5)
    return say(200, {"sandbox": "fox_nb"})(server, line)


@pytest.mark.parametrize(
    ("step", "found"),
    [
        (say(200, {"sandbox": "fox_nb", "version": "1"}), True),
        (late, True),
        (say(200, {"sandbox": "other"}), False),
        (say(200, ["sandbox"]), False),
        (say(404, "<html>"), False),
        (hang_up, False),
    ],
)
def test_the_sandbox_is_known_by_its_answer(step, found):
    """It is asked without the key; whatever else answers on the loopback is not the sandbox."""
    with Scripted(step) as server, client(server) as fox:
        assert fox.probe() is found
    assert server.received[0].path == "/sandbox"
    assert "Authorization" not in server.received[0].headers


def test_another_machine_is_never_asked_whether_it_is_the_sandbox():
    """Only the loopback can be it; the name here does not even exist."""
    with client("https://name.invalid") as fox:
        assert fox.probe() is False


def test_proxies_of_the_environment_are_not_used_for_this_machine(monkeypatch):
    """A proxy could not reach our loopback and would see the key."""
    with Scripted(say(502)) as proxy, Scripted(say(200, NEWER)) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with client(server) as fox:
            assert fox.task("task-1").finished
        assert proxy.received == []


def test_many_threads_share_a_client():
    """Each gets the answer to its own question, and every creation is sent once."""

    def answer(server, line):
        asked = server.current.request.path.rpartition("/")[2]
        return say(200, {"id": asked, "status": f"seen {asked}"})(server, line)

    with Scripted(answer) as server, client(server) as fox, ThreadPoolExecutor(16) as threads:
        ids = [f"task-{number}" for number in range(60)]
        states = list(threads.map(fox.task, ids))
        created = list(threads.map(fox.create, [{"number": number} for number in range(60)]))
    assert [state.status for state in states] == [f"seen_{asked}".replace("-", "_") for asked in ids]
    assert len(created) == 60
    assert sorted(one.json["number"] for one in server.creations()) == list(range(60))
