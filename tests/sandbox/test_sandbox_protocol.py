"""The sandbox speaks the gateway's protocol: every call, every model, every row of the table of errors."""

import base64

import pytest
import requests

from fox_nb.sandbox import Sandbox
from fox_nb.sandbox.plans import profiles_of
from sandbox.asking import CREATE, Asking, archive, photo

ACCEPTED = {
    "id", "object", "type", "model", "status", "progress", "created", "task_info",
}  # fmt: skip


@pytest.mark.parametrize(
    ("ratio", "size"),
    [("1:1", (1024, 1024)), ("16:9", (1376, 768)), ("9:16", (768, 1376)), ("4:3", (1200, 896)), ("2:3", (816, 1232))],
)
def test_phota_image_makes_the_asked_number_of_jpegs_in_the_asked_shape(asking, ratio, size):
    """Every picture is a JPEG of the pixels that upstream gives for the ratio."""
    task = asking.done(model="phota-image", prompt="a fox in the snow", aspect_ratio=ratio, num_outputs=2)
    assert len(task["results"]) == 2
    for result in task["results"]:
        picture = asking.picture(result["url"])
        assert (picture.format, picture.size) == ("JPEG", size)
        assert (result["width"], result["height"], result["content_type"]) == (*size, "image/jpeg")


def test_a_4k_picture_has_four_times_the_pixels_a_side(asking):
    """4K is 4096 px for a square."""
    task = asking.done(model="phota-image", prompt="a fox in the snow", resolution="4K")
    assert asking.picture(task["results"][0]["url"]).size == (4096, 4096)


@pytest.mark.parametrize(
    ("format_", "kind"), [("jpg", "JPEG"), ("jpeg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), (None, "JPEG")]
)
def test_grok_gives_the_asked_format(asking, format_, kind):
    """output_format is honoured, and JPEG where it is null."""
    task = asking.done(model="grok-imagine-image", prompt="golden particles", output_format=format_, aspect_ratio="2:1")
    picture = asking.picture(task["results"][0]["url"])
    assert (picture.format, picture.size) == (kind, (1408, 704))


def test_an_edit_works_on_an_upload_and_on_an_earlier_result(asking):
    """Links to own uploads and results are read, and the picture that comes out is another one."""
    upload = asking.uploaded(photo())
    first = asking.done(model="phota-image-edit", prompt="make it night", image_urls=[upload])
    link = first["results"][0]["url"]
    second = asking.done(model="grok-imagine-image", prompt="make it snow", image_urls=[link, upload])
    assert asking.get(second["results"][0]["url"]).content != asking.get(link).content


def test_an_enhancement_keeps_the_shape_and_reaches_the_asked_size(asking):
    """The long side is 1024 px at 1K; 4K is what it is without a resolution."""
    link = asking.uploaded(photo())
    small = asking.done(model="phota-image-enhance", image_url=link, resolution="1K", creativity=0.3, resemblance=None)
    assert asking.picture(small["results"][0]["url"]).size == (1024, 1024)
    large = asking.done(model="phota-image-enhance", image_url=link)
    assert asking.picture(large["results"][0]["url"]).size == (4096, 4096)


def test_a_profile_completes_with_an_id_and_no_link_and_can_be_asked_for(asking):
    """The id goes into a prompt and beside an edit, and the figure changes the picture."""
    link = asking.uploaded(archive(*(photo(n) for n in range(12))), "faces.zip")
    task = asking.done(model="phota-create-profile", image_archive_url=link)
    (result,) = task["results"]
    assert result["result_type"] == "profile"
    assert "url" not in result
    name = result["profile_id"]
    pictures = {
        who: asking.done(model="phota-image", prompt=f"a portrait of [[{who}]] in a library")["results"][0]["url"]
        for who in (name, "profile_unknown1")
    }
    assert asking.get(pictures[name]).content != asking.get(pictures["profile_unknown1"]).content
    edited = asking.done(model="phota-image-edit", prompt="at sunset", image_urls=[link_of(asking)], profile_ids=[name])
    assert edited["results"]


def test_only_one_model_reads_profiles_in_its_prompt():
    """To the others [[id]] is words, as the pages have it; what stands beside a prompt is taken."""
    for model, found in (("phota-image", ["p"]), ("phota-image-edit", []), ("grok-imagine-image", [])):
        assert profiles_of({"model": model, "prompt": "[[ p ]] on a beach"}) == found
    assert profiles_of({"model": "phota-image-edit", "prompt": "[[p]]", "profile_ids": ["q"]}) == ["q"]


def link_of(asking: Asking) -> str:
    return asking.uploaded(photo(3))


def test_a_creation_answers_as_the_pages_show(asking):
    """The fields of the pages' example are there, with a truthful estimate, and no others: what is reserved, and for whom, says a read."""
    task = asking.create(model="phota-image", prompt="a fox", resolution="4K")
    assert set(task) == ACCEPTED
    assert (task["status"], task["progress"], task["object"], task["type"]) == (
        "pending",
        0,
        "image.generation.task",
        "image",
    )
    assert task["task_info"]["estimated_time"] > 0
    assert asking.ended(task["id"])["usage"] == {"credits_reserved": 18, "user_group": "default"}


def test_the_older_form_gives_an_output_instead_of_results(asking, own):
    """The older documented form has url, urls and the size."""
    own.set(older_form=True)
    task = asking.done(model="phota-image", prompt="a fox", num_outputs=2)
    assert "results" not in task
    assert task["output"]["url"] == task["output"]["urls"][0]
    assert len(task["output"]["urls"]) == 2
    assert (task["output"]["width"], task["output"]["height"]) == (1024, 1024)


def test_the_same_request_and_take_give_the_same_bytes(asking):
    """The take of the header decides; without one the sandbox counts; an upload counts by its bytes."""

    def bytes_of(take: int | None) -> bytes:
        body = {"model": "phota-image-edit", "prompt": "as a painting", "image_urls": [asking.uploaded(photo())]}
        task = asking.ended(asking.create(take=take, **body)["id"])
        return asking.get(task["results"][0]["url"]).content

    first, second = bytes_of(None), bytes_of(None)
    assert first != second
    assert (bytes_of(1), bytes_of(2)) == (first, second)


def test_settings_change_what_they_say_and_leave_the_rest(asking):
    """Creativity alone changes the picture; the seed stays, so that the difference is the setting's."""
    link = asking.uploaded(photo())
    body = {"model": "phota-image-enhance", "image_url": link, "resolution": "1K"}
    low, low_again, high = (
        asking.get(asking.ended(asking.create(take=1, **body, creativity=level)["id"])["results"][0]["url"]).content
        for level in (0.1, 0.1, 0.9)
    )
    assert low == low_again != high


REFUSALS = {
    "no model": ({"prompt": "x"}, "model", None),
    "unknown model": ({"model": "phota-video", "prompt": "x"}, "model", "model_not_found"),
    "no prompt": ({"model": "phota-image"}, "prompt", None),
    "blank prompt": ({"model": "phota-image", "prompt": " "}, "prompt", None),
    "near miss": ({"model": "phota-image", "prompt": "x", "aspect_ratio": "16x9"}, "aspect_ratio", None),
    "ratio of the other model": ({"model": "phota-image", "prompt": "x", "aspect_ratio": "2:1"}, "aspect_ratio", None),
    "resolution": ({"model": "phota-image", "prompt": "x", "resolution": "4k"}, "resolution", None),
    "no pictures": ({"model": "phota-image", "prompt": "x", "num_outputs": 0}, "num_outputs", None),
    "text for a number": ({"model": "phota-image", "prompt": "x", "num_outputs": "2"}, "num_outputs", None),
    "truth for a number": ({"model": "phota-image", "prompt": "x", "num_outputs": True}, "num_outputs", None),
    "five of four": ({"model": "grok-imagine-image", "prompt": "x", "num_outputs": 5}, "num_outputs", None),
    "unknown field": ({"model": "phota-image", "prompt": "x", "seed": 1}, "seed", "unsupported_advanced_options"),
    "null where none is allowed": ({"model": "phota-image", "prompt": "x", "resolution": None}, "resolution", None),
    "no image": ({"model": "phota-image-edit", "prompt": "x"}, "image_urls", None),
    "empty list": ({"model": "phota-image-edit", "prompt": "x", "image_urls": []}, "image_urls", None),
    "four of three": ({"model": "grok-imagine-image", "prompt": "x", "image_urls": ["http://a/b"] * 4}, "image_urls", None),
    "ratio beside images": (
        {"model": "grok-imagine-image", "prompt": "x", "image_urls": ["http://a/b"], "aspect_ratio": "1:1"},
        "aspect_ratio",
        None,
    ),
    "format": ({"model": "grok-imagine-image", "prompt": "x", "output_format": "gif"}, "output_format", None),
    "no link": ({"model": "phota-image-enhance", "image_url": "file:///etc/passwd"}, "image_url", None),
    "too creative": ({"model": "phota-image-enhance", "image_url": "http://a/b", "creativity": 1.01}, "creativity", None),
    "below nothing": ({"model": "phota-image-enhance", "image_url": "http://a/b", "resemblance": -0.1}, "resemblance", None),
    "profile ids": ({"model": "phota-image-enhance", "image_url": "http://a/b", "profile_ids": "x"}, "profile_ids", None),
    "no archive": ({"model": "phota-create-profile"}, "image_archive_url", None),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_a_bad_creation_is_refused_with_422_and_named(asking, own, name):
    """The parameter stands in the message and in param; no task is made; the witness has seen it."""
    body, parameter, code = REFUSALS[name]
    error = asking.refused(422, **body)
    assert error["type"] == "invalid_request_error"
    assert error["param"] == parameter
    assert parameter in error["message"]
    assert error.get("code") == code
    (seen,) = own.creations
    assert (seen["body"], seen["task_id"], seen["status"]) == (body, None, 422)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"{", "application/json"), (b'{"model": NaN}', "application/json"), (b"\xff", "application/json"),
     (b'"\\ud800"', "application/json"), (b"[" * 200_000, "application/json"), (b"{}", "text/plain"), (b"{}", None)],
)  # fmt: skip
def test_what_is_not_json_is_refused_with_400(asking, body, kind):
    """A wrong Content-Type and a body that is no JSON text are 400 invalid_request_error."""
    answer = asking.post(CREATE, data=body, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_key_is_needed_and_only_known_ones_are_taken(own):
    """Without a key, with a wrong one and with another scheme the answer is 401."""
    for header in (
        {},
        {"Authorization": "Bearer nope"},
        {"Authorization": own.key},
        {"Authorization": f"Basic {own.key}"},
    ):
        for method, path in (
            ("POST", CREATE),
            ("GET", "/v1/models"),
            ("GET", "/v1/tasks/x"),
            ("GET", "/sandbox/creations"),
        ):
            answer = requests.request(method, own.base_url + path, headers=header, json={}, timeout=60)
            assert answer.status_code == 401
            assert answer.json()["error"]["type"] == "authentication_error"


def test_more_keys_or_any_key_can_be_taken():
    """`keys` adds keys to the random one; "any" takes all that are not empty; the witness tells accounts apart."""
    with Sandbox(keys=["marked"]) as sandbox:
        for key, status in ((sandbox.key, 200), ("marked", 200), ("else", 401)):
            header = {"Authorization": f"Bearer {key}"}
            assert requests.get(sandbox.base_url + "/v1/models", headers=header, timeout=60).status_code == status
    with Sandbox(keys="any") as sandbox:
        for key in ("first-key", "second-key"):
            header = {"Authorization": f"Bearer {key}"}
            assert requests.post(sandbox.base_url + CREATE, headers=header, json={}, timeout=60).status_code == 422
        assert (
            requests.get(sandbox.base_url + "/v1/models", headers={"Authorization": "Bearer "}, timeout=60).status_code
            == 401
        )
        one, two = sandbox.creations
        assert one["account"] != two["account"]
        assert "first-key" not in str(one)


def test_an_unknown_task_and_an_unknown_call_are_404_in_json(asking):
    """Both answer in the gateway's form."""
    for path in ("/v1/tasks/task-unified-1-nope", "/v1/nothing", "/"):
        answer = asking.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]["type"] == "not_found"


def test_a_wrong_method_is_405_and_says_which_is_right(asking):
    """Allow names the methods of the call."""
    answer = asking.get(CREATE)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    answer = asking.call("BREW", "/v1/models")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_models_prices_and_balance(asking, own):
    """The lists name the models; a subscription has its limit, the usage what was spent, in hundredths."""
    models = {model["id"] for model in asking.get("/v1/models").json()["data"]}
    pricing = requests.get(own.base_url + "/api/pricing", timeout=60).json()
    assert {row["model_name"]: row["model_price"] for row in pricing["data"] if row["quota_type"] == 1} == {
        "phota-create-profile": 2.9,
        "phota-image": 0.09,
        "phota-image-edit": 0.09,
        "phota-image-enhance": 0.13,
        "grok-imagine-image": 0.02,
    }
    assert models == {row["model_name"] for row in pricing["data"]}
    assert pricing["group_ratio"] == {"default": 1}
    assert asking.get("/dashboard/billing/subscription").json()["hard_limit_usd"] == 1e8
    asking.create(model="phota-image", prompt="a fox", num_outputs=4)
    asking.create(model="phota-image-enhance", image_url="https://example.com/a.jpg", resolution="1K")
    assert asking.get("/dashboard/billing/usage").json()["total_usage"] == 36 + 13


def test_a_used_up_balance_is_402(asking, own):
    """A request that the balance does not cover is refused, one that it covers is taken."""
    own.set(balance=0.2)
    asking.create(model="phota-image", prompt="a fox", num_outputs=2)
    assert asking.refused(402, model="phota-image", prompt="a fox")["type"] == "insufficient_quota"
    asking.create(model="grok-imagine-image", prompt="a fox")


def test_a_model_without_a_channel_is_not_listed_and_refused(asking, own):
    """A key need not be allowed every model."""
    own.set(models=["grok-imagine-image"])
    assert [model["id"] for model in asking.get("/v1/models").json()["data"]] == ["grok-imagine-image"]
    error = asking.refused(422, model="phota-image", prompt="a fox")
    assert (error["type"], error["code"]) == ("service_unavailable_error", "no_compatible_channel")


def test_the_three_uploads_give_the_bytes_back(asking):
    """Stream and base64 (plain and as a data URL) keep the bytes; url keeps a stand-in and fetches nothing."""
    data = photo()
    text = base64.b64encode(data).decode()
    answers = [
        asking.upload(data, "me.jpg", auto_cleanup="false"),
        asking.upload(data, "me.jpg", file_name="other.jpg"),
        asking.post("/v1/files/upload/base64", json={"file_data": text, "file_name": "me.jpg", "auto_cleanup": False}),
        asking.post("/v1/files/upload/base64", json={"file_data": f"data:image/jpeg;base64,{text}"}),
    ]
    for answer in answers:
        said = answer.json()
        assert set(said) == {"id", "filename", "url", "size", "created"}
        assert said["size"] == len(data)
        back = requests.get(said["url"], timeout=60)
        assert (back.content, back.headers["Content-Type"]) == (data, "image/jpeg")
    assert [answer.json()["filename"] for answer in answers] == ["me.jpg", "other.jpg", "me.jpg", "file"]
    said = asking.post("/v1/files/upload/url", json={"url": "https://nowhere.invalid/a/cat.png"}).json()
    assert said["filename"] == "cat.png"
    assert asking.picture(said["url"]).size == (1024, 1024)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("base64", {"file_data": "###"}, 422), ("base64", {"file_data": ""}, 422), ("base64", {"file_data": "QUI"}, 422),
     ("base64", {"file_data": "data:text/plain,hello"}, 422), ("base64", {}, 422), ("url", {"url": "file:///x"}, 422),
     ("url", {"url": "http://[/x"}, 200), ("url", {"url": "http://x/y", "more": 1}, 422), ("base64", [], 422)],
)  # fmt: skip
def test_bad_uploads_are_refused(asking, path, body, status):
    """What is no base64, no link, or more than the pages name is 422."""
    assert asking.post(f"/v1/files/upload/{path}", json=body).status_code == status


def test_bad_forms_are_refused(asking):
    """A form without a file, with an empty one, with a foreign field or that is none is refused."""
    assert asking.post("/v1/files/upload/stream", files={"other": ("a", b"x")}).status_code == 422
    assert asking.upload(b"").status_code == 422
    assert asking.upload(b"x", auto_cleanup="maybe").status_code == 422
    assert asking.upload(b"x", colour="red").status_code == 422
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert asking.post("/v1/files/upload/stream", data=b"nothing", headers=broken).status_code == 400
    assert asking.post("/v1/files/upload/stream", json={}).status_code == 400


def test_an_archive_is_handed_back_as_it_is(asking):
    """A ZIP uploads like any file."""
    data = archive(photo())
    assert asking.get(asking.uploaded(data, "faces.zip")).content == data


def test_the_document_is_served(asking):
    """The OpenAPI document that requests are checked against can be read without a key."""
    document = requests.get(asking.base_url + "/openapi.json", timeout=60).json()
    assert document["openapi"].startswith("3.1")
    assert CREATE in document["paths"]


def test_it_says_that_it_is_the_sandbox_and_proves_it(asking, own):
    """The proof is an HMAC of challenge and host by the key; the key itself is not in the answer."""
    import hashlib
    import hmac

    said = requests.get(own.base_url + "/sandbox", params={"challenge": "nonce"}, timeout=60).json()
    host = own.base_url.removeprefix("http://")
    assert said["sandbox"] == "fox_nb"
    assert said["proof"] == hmac.new(own.key.encode(), f"nonce|{host}".encode(), hashlib.sha256).hexdigest()
    assert own.key not in str(said)
    assert "proof" not in requests.get(own.base_url + "/sandbox", timeout=60).json()
