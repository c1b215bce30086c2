"""The sandbox's clock: tasks move by it, links and uploads age by it, and a restarted sandbox goes on where it stood."""

import re

import pytest
import requests

from fox_nb.sandbox import Sandbox
from sandbox.asking import Asking, archive, photo

pytestmark = pytest.mark.usefixtures("noise")

HOUR = 3600
FOX = {"model": "phota-image", "prompt": "a fox in the snow"}


@pytest.fixture
def real():
    """A sandbox at the service's own speed, whose clock the test puts forward."""
    with Sandbox(speed=1) as sandbox:
        yield sandbox


def drawn(asking: Asking, task_id: str) -> dict:
    """Wait until the pictures of a task whose time is up are there."""
    return asking.ended(task_id)


def test_a_task_goes_from_pending_over_processing_to_completed(real):
    """State and progress come from the clock alone; results come at the end, never before."""
    asking = Asking(real)
    task_id = asking.create(**FOX)["id"]
    seen = [asking.read(task_id)]
    for _ in range(3):
        real.advance(11)
        seen.append(asking.read(task_id))
    real.advance(15)
    seen.append(drawn(asking, task_id))
    assert [task["status"] for task in seen] == ["pending", *["processing"] * 3, "completed"]
    progress = [task["progress"] for task in seen]
    assert progress == sorted(progress)
    assert (progress[0], progress[-1]) == (0, 100)
    assert all(task["results"] is None for task in seen[:-1])
    assert all(task["error"] is None for task in seen)


@pytest.mark.parametrize(
    ("speed", "body", "seconds"),
    [
        (1, FOX, 45),
        (1, {**FOX, "resolution": "4K"}, 60),
        (10, FOX, 4.5),
        (1, {"model": "phota-create-profile", "image_archive_url": "https://example.com/a.zip"}, 1200),
        (10, {"model": "phota-create-profile", "image_archive_url": "https://example.com/a.zip"}, 20),
    ],
)
def test_the_estimate_is_in_seconds_at_the_speed_that_holds(speed, body, seconds):
    """A picture takes 45 s on the service, a profile 20 minutes; at speed 10 about 5 s and 20 s."""
    with Sandbox(speed=speed) as sandbox:
        assert Asking(sandbox).create(**body)["task_info"]["estimated_time"] == seconds


def test_the_estimate_is_true(real):
    """Just before it the task is under way, just after it completed."""
    asking = Asking(real)
    task = asking.create(**FOX)
    real.advance(task["task_info"]["estimated_time"] - 15)
    assert asking.read(task["id"])["status"] == "processing"
    real.advance(15)
    assert drawn(asking, task["id"])["status"] == "completed"


def test_durations_can_spread_and_estimates_be_wrong():
    """For whoever wants to try a client's polling: durations log-normal around an estimate that can be off."""
    with Sandbox(speed=1, spread=0.4, estimate_factor=2) as sandbox:
        asking = Asking(sandbox)
        made = [asking.create(**FOX) for _ in range(4)]
        assert {task["task_info"]["estimated_time"] for task in made} == {90}
        sandbox.advance(45)
        states = {asking.read(task["id"])["progress"] for task in made}
        assert len(states) > 1


def test_a_restarted_sandbox_goes_on(tmp_path):
    """Tasks under way go on, finished ones keep their pictures under the new address, uploads serve as inputs."""
    with Sandbox(speed=1, folder=tmp_path) as first:
        asking = Asking(first)
        done, waiting = asking.create(**FOX)["id"], asking.create(**FOX, num_outputs=2)["id"]
        upload = asking.uploaded(photo())
        trained = asking.create(
            model="phota-create-profile",
            image_archive_url=asking.uploaded(archive(*(photo(n) for n in range(10)))),
        )["id"]
        first.advance(1300)
        before = drawn(asking, done)["results"][0]["url"]
        assert drawn(asking, trained)["results"]
        late = asking.create(**FOX, num_outputs=3)["id"]
        picture = asking.get(before).content
    assert len(first.creations) == 4
    with Sandbox(speed=1, folder=tmp_path) as second:
        asking = Asking(second)
        assert asking.read(late)["status"] in {"pending", "processing"}
        second.advance(60)
        assert len(drawn(asking, late)["results"]) == 3
        assert len(drawn(asking, waiting)["results"]) == 2
        after = asking.read(done)["results"][0]["url"]
        assert after.startswith(second.base_url)
        assert asking.get(after).content == picture
        # links of the first one's port are inputs still
        edited = asking.create(model="phota-image-edit", prompt="at night", image_urls=[upload, before])["id"]
        second.advance(60)
        assert drawn(asking, edited)["status"] == "completed"
        assert len(second.creations) == 5


def test_two_sandboxes_do_not_share_a_folder(tmp_path):
    """The second one says so instead of taking the first one's tasks."""
    with (
        Sandbox(folder=tmp_path),
        pytest.raises(RuntimeError, match="another sandbox works in"),
        Sandbox(folder=tmp_path),
    ):
        pass
    with Sandbox(folder=tmp_path) as again:
        assert again.base_url


def test_results_live_for_a_day_and_uploads_for_three(own, asking):
    """A dead link answers 410, later 404; its task still names it; as an input it makes a task fail."""
    link = asking.done(**FOX)["results"][0]["url"]
    upload = asking.uploaded(photo())
    own.advance(23 * HOUR)
    assert asking.get(link).status_code == 200
    own.advance(1.1 * HOUR)
    assert asking.get(link).status_code == 410
    assert asking.get(upload).status_code == 200
    own.advance(48 * HOUR)
    assert asking.get(upload).status_code == 410
    own.advance(144 * HOUR)
    assert asking.get(upload).status_code == 404
    for dead in (link, upload):
        task = asking.create(model="phota-image-edit", prompt="at night", image_urls=[dead])
        assert asking.ended(task["id"])["error"]["code"] == "invalid_image_url"


def test_pictures_that_no_link_leads_to_are_removed(tmp_path):
    """The folder does not grow for ever."""
    with Sandbox(speed=1000, folder=tmp_path) as sandbox:
        asking = Asking(sandbox)
        asking.done(**FOX, num_outputs=2)
        assert len(list((tmp_path / "pictures").iterdir())) == 2
        sandbox.advance(25 * HOUR)
        assert not list((tmp_path / "pictures").iterdir())
        assert asking.done(**FOX)["results"]


def test_the_same_picture_is_drawn_and_kept_once(tmp_path):
    """Thirty kernels that run one lesson ask for the same takes: one file serves them all."""
    with Sandbox(speed=1000, folder=tmp_path) as sandbox:
        asking = Asking(sandbox)
        tasks = [asking.create(**FOX, take=1) for _ in range(5)]
        links = {asking.ended(task["id"])["results"][0]["url"] for task in tasks}
        assert len(links) == 5
        assert len({asking.get(link).content for link in links}) == 1
        assert len(list((tmp_path / "pictures").iterdir())) == 1


def test_links_can_not_be_guessed(asking):
    """Each holds 18 random bytes; another token, name or number is 404; the picture needs no key."""
    task = asking.done(**FOX)
    link, upload = task["results"][0]["url"], asking.uploaded(photo())
    for url in (link, upload):
        token = url.split("/")[-2]
        assert re.fullmatch(r"[\w-]{24}", token)
        assert requests.get(url, timeout=60).status_code == 200
        assert asking.get(url.replace(token, token[::-1])).status_code == 404
    assert asking.get(link.replace("/1.jpg", "/2.jpg")).status_code == 404
    assert asking.get(link.replace("/1.jpg", "/..%2f..%2fledger.sqlite3")).status_code == 404
    assert asking.get(upload.rsplit("/", 2)[0] + "/..%2Fledger.sqlite3/x").status_code == 404
    assert task["id"] not in link


def test_a_results_link_leads_nowhere_before_the_task_is_completed(real, tmp_path):
    """Nobody gets a picture early by guessing the number."""
    asking = Asking(real)
    task_id = asking.create(**FOX)["id"]
    real.advance(50)
    link = drawn(asking, task_id)["results"][0]["url"]
    other = asking.create(**FOX, take=1)["id"]
    assert asking.read(other)["results"] is None
    assert asking.get(link).status_code == 200
