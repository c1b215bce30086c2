"""The client on the sandbox: the whole way of a task over HTTP, and what happens when the gateway misbehaves."""

import io
import zipfile

import pytest
from PIL import Image

from client.scripted import Pauses
from fox_nb import errors
from fox_nb.client import Client, certainly_not_accepted
from fox_nb.sandbox import Sandbox
from fox_nb.settings import Timeouts
from servers import until

REQUEST = {"model": "phota-image", "prompt": "a fox in the snow", "aspect_ratio": "16:9", "num_outputs": 2}


@pytest.fixture
def sandbox(tmp_path):
    with Sandbox(speed=500, folder=tmp_path / "sandbox") as found:
        yield found


@pytest.fixture
def fox(sandbox):
    with Client(sandbox.base_url, sandbox.key, sleep=Pauses(), timeouts=Timeouts(read=20)) as found:
        yield found


def finished(fox, state):
    """The task's end."""

    def look():
        now = fox.task(state.id)
        return now if now.finished else None

    return until(look, f"the end of {state.id}")


def test_a_picture_makes_its_whole_way(fox, tmp_path):
    """From the request to files on disk that are pictures in the asked shape."""
    state = finished(fox, fox.create(REQUEST))
    assert state.status == "completed"
    assert len(state.results) == 2
    for number, result in enumerate(state.results):
        target = tmp_path / f"{number}.part"
        got = fox.download(result.url, target)
        assert got.size == target.stat().st_size
        with Image.open(target) as picture:
            assert picture.size == (1376, 768)


def test_an_uploaded_picture_is_edited(fox, tmp_path):
    """The link of an upload is one that a task can use."""
    png = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(png, "PNG")
    for upload in (fox.upload_file(png.getvalue()), fox.upload_base64(png.getvalue(), file_name="a.png")):
        asked = {"model": "phota-image-edit", "prompt": "at sunset", "image_urls": [upload.url]}
        assert finished(fox, fox.create(asked)).status == "completed"


def test_a_zip_trains_a_profile(fox):
    """An archive is uploaded like any file, and the result is a profile's id."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as photos:
        for number in range(12):
            photo = io.BytesIO()
            Image.effect_noise((1100, 1100), 40 + number).convert("RGB").save(photo, "JPEG")
            photos.writestr(f"{number}.jpg", photo.getvalue())
    upload = fox.upload_file(archive.getvalue(), file_name="faces.zip")
    state = finished(fox, fox.create({"model": "phota-create-profile", "image_archive_url": upload.url}))
    assert state.results[0].profile_id
    assert not state.results[0].url


def test_models_prices_and_balance_are_there(fox):
    """The calls that are only observed, as the sandbox speaks them."""
    assert "phota-image" in fox.models()
    assert (fox.pricing().of("phota-image") or 0) > 0
    assert fox.balance().used_usd >= 0
    assert fox.probe()


def test_a_wrong_key_is_told(sandbox):
    """401, with where to put the right one."""
    with Client(sandbox.base_url, "sk-some-other-key") as fox, pytest.raises(errors.AuthenticationError) as caught:
        fox.create(REQUEST)
    assert certainly_not_accepted(caught.value)
    assert "$FOXAPI_KEY" in caught.value.todo


def test_a_refused_parameter_is_told_in_the_gateway_s_words(fox):
    """422, with the parameter's name in it."""
    with pytest.raises(errors.RequestRejected, match="aspect_ratio") as caught:
        fox.create({**REQUEST, "aspect_ratio": "16x9"})
    assert certainly_not_accepted(caught.value)


@pytest.mark.parametrize("form", [True, False])
def test_both_documented_forms_of_a_task_are_read(tmp_path, form):
    """The sandbox can answer in either."""
    with (
        Sandbox(speed=500, folder=tmp_path, older_form=form) as sandbox,
        Client(sandbox.base_url, sandbox.key) as fox,
    ):
        state = finished(fox, fox.create(REQUEST))
    assert len(state.results) == 2
    assert all(result.url.startswith(sandbox.base_url) for result in state.results)


LOST = {
    "lost_answer": {},
    "hang_up": {},
    "cut": {},
    "never": {},
    "server_error": {"done": True, "retry_after": 1},
    "bad_gateway": {"done": True},
    "unavailable": {"retry_after": 1},
    "json": {"kind": "deep"},
}


@pytest.mark.parametrize("fault", LOST)
def test_a_creation_whose_answer_is_lost_is_one_creation(sandbox, fault):
    """The gateway counts what it received: one, whatever it answered."""
    sandbox.misbehave(fault, on="create", **LOST[fault])
    kinds = errors.ConnectionLost, errors.ServerError, errors.UnexpectedAnswer
    impatient = Client(sandbox.base_url, sandbox.key, timeouts=Timeouts(read=2))
    with impatient as fox, pytest.raises(kinds) as caught:
        fox.create(REQUEST)
    assert not certainly_not_accepted(caught.value)
    assert len(sandbox.creations) == 1


def test_a_creation_that_was_put_off_is_one_task(fox, sandbox):
    """Twice 429 and then accepted: three requests, one task."""
    sandbox.misbehave("rate_limit", on="create", times=2, retry_after=3)
    assert fox.create(REQUEST).id
    assert len([one for one in sandbox.creations if one["task_id"]]) == 1


READS = ["lost_answer", "cut", "rate_limit", "server_error", "bad_gateway", "unavailable"]


@pytest.mark.parametrize("fault", READS)
def test_reads_uploads_and_downloads_outlast_a_fault(fox, sandbox, fault, tmp_path):
    """What costs nothing is asked for again until it comes."""
    sandbox.misbehave(fault, on="read", times=2)
    state = finished(fox, fox.create(REQUEST))
    sandbox.misbehave(fault, on="result", times=2)
    assert fox.download(state.results[0].url, tmp_path / "a.part").size > 1000
    sandbox.misbehave(fault, on="upload", times=2)
    assert fox.upload_file(b"\x89PNG\r\n\x1a\n").url


@pytest.mark.parametrize(
    "fault", [("expired", {}), ("cdn_forbidden", {}), ("redirect", {"to": "file:///etc/passwd"}), ("redirect", {})]
)
def test_a_dead_link_is_gone(fox, sandbox, fault, tmp_path):
    """Expired, refused, or leading where no picture is: not asked for again."""
    name, parameters = fault
    state = finished(fox, fox.create(REQUEST))
    sandbox.misbehave(name, on="result", times=20, **parameters)
    with pytest.raises(errors.DownloadFailed) as caught:
        fox.download(state.results[0].url, tmp_path / "a.part")
    assert caught.value.gone
