"""The whole way: each model from the Python call, over HTTP, to the file on the disk."""

import asyncio
import contextvars
import io
import os
import re
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvloop
from PIL import Image as Pillow

import fox_nb
from fox_nb import Fox
from portraits import invented, portrait
from processes import PATIENCE, Child


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ZIP with twelve photos of one person."""
    path = tmp_path_factory.mktemp("photos") / "photos.zip"
    figure = invented("somebody")
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(12):
            file = io.BytesIO()
            portrait(figure, (512, 512), seed=number).convert("RGB").save(file, "JPEG")
            archive.writestr(f"{number}.jpg", file.getvalue())
    return path


def test_generate(fox: Fox, sandbox: Any) -> None:
    """Words become two pictures of the asked shape, on the disk, as the gateway was asked for them."""
    task = fox.generate("a fox in the snow", num_outputs=2, aspect_ratio="16:9").wait()
    assert task.status == "completed"
    assert [(image.width, image.height) for image in task.images] == [(1376, 768)] * 2
    assert all(image.pil().size == (1376, 768) for image in task.images)
    assert [creation["body"] for creation in sandbox.creations] == [
        {
            "model": "phota-image",
            "prompt": "a fox in the snow",
            "num_outputs": 2,
            "resolution": "1K",
            "aspect_ratio": "16:9",
        }
    ]
    assert task.cost == pytest.approx(0.18)
    assert task.cost.is_play_money


def test_profile_edit_enhance(fox: Fox, photos: Path, sandbox: Any) -> None:
    """A ZIP becomes a profile, the profile a picture, the picture an edited and then an enhanced one."""
    profile = fox.create_profile(photos).wait()
    assert profile.profile_id
    picture = fox.generate(f"[[{profile.profile_id}]] in a library").wait().images[0]
    edited = fox.edit("at night", picture, profile_ids=[profile.profile_id]).wait().images[0]
    enhanced = fox.enhance(edited, creativity=0.5, resemblance=0.8).wait().images[0]
    assert (enhanced.width, enhanced.height) == (4096, 4096)
    sent = [creation["body"] for creation in sandbox.creations]
    assert sent[0]["image_archive_url"].startswith(f"{sandbox.base_url}/uploads/")
    assert sent[2]["profile_ids"] == [profile.profile_id]
    assert sent[3]["creativity"] == 0.5
    assert "profile_ids" not in sent[3]


def test_grok(fox: Fox) -> None:
    """Grok gives the format that was asked for, by the bytes and by the name."""
    image = fox.imagine("a boat", aspect_ratio="2:1", output_format="webp").wait().images[0]
    assert image.path.suffix == ".webp"
    with Pillow.open(image.path) as opened:
        assert opened.format == "WEBP"
    assert (image.width, image.height) == (1408, 704)


def test_submit_by_name(fox: Fox, sandbox: Any) -> None:
    """Any model can be asked by name, and is the same task as by its method; None is a parameter that is left out."""
    assert fox.submit({"model": "phota-image", "prompt": "a boat", "num_outputs": None}) is fox.generate("a boat")
    assert fox.price("phota-image", num_outputs=None) == fox.price("phota-image")
    by_name = fox.submit({"model": "grok-imagine-image", "prompt": "a boat"})
    assert fox.imagine("a boat") is by_name
    by_name.wait()
    assert len(sandbox.creations) == 2


@pytest.mark.parametrize("kind", ["path", "str", "bytes", "pil", "array", "image", "task_list"])
def test_pictures_of_every_kind(fox: Fox, tmp_path: Path, kind: str, sandbox: Any) -> None:
    """Wherever a URL of an image is asked for, whatever holds a picture serves; it is uploaded once."""
    path = tmp_path / "photo.png"
    pixels = np.linspace(0, 255, 64 * 48 * 3).reshape(48, 64, 3).astype("uint8")
    Pillow.fromarray(pixels).save(path)
    source: Any = {
        "path": path,
        "str": str(path),
        "bytes": path.read_bytes(),
        "pil": Pillow.fromarray(pixels),
        "array": pixels,
    }.get(kind)
    if source is None:
        made = fox.generate("a cat").wait()
        source = made.images[0] if kind == "image" else made.images
    first = fox.edit("blue", source).wait()
    second = fox.edit("red", source).wait()
    assert first.status == second.status == "completed"
    edits = [creation["body"] for creation in sandbox.creations if creation["body"]["model"] == "phota-image-edit"]
    assert edits[0]["image_urls"] == edits[1]["image_urls"], "one upload serves both"


def test_results_serve_as_pictures(fox: Fox) -> None:
    """A result is a path, a Pillow image and an array."""
    image = fox.generate("a tree", aspect_ratio="3:2").wait().images[0]
    assert image.pil().size == (1232, 816)
    assert np.asarray(image).shape == (816, 1232, 3)
    assert Path(image) == image.path


def test_await(fox: Fox) -> None:
    """A task can be awaited, many at once, in a script."""

    async def both() -> list[Any]:
        return await asyncio.gather(fox.generate("a hill"), fox.generate("a lake"))

    assert [task.status for task in fox_nb.run(both())] == ["completed"] * 2
    assert fox_nb.run(fox.generate("a hill")).status == "completed"
    with pytest.raises(fox_nb.InvalidRequest, match="which int is not"):
        fox_nb.run(5)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_run_inside_a_loop(fox: Fox, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """`run` works where an event loop runs already, as in a cell; time-outs and groups work in it and after it."""

    async def inner() -> str:
        async with asyncio.timeout(PATIENCE):
            return (await fox.generate("a house")).status

    async def cell() -> list[str]:
        first = fox_nb.run(inner())
        async with asyncio.TaskGroup() as group:
            beside = group.create_task(inner())
        last = fox_nb.run(fox.generate("a house")).status
        return [first, await beside, await asyncio.wait_for(inner(), PATIENCE), fox_nb.run(inner()), last]

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(cell()) == ["completed"] * 5


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_run_inside_a_loop_knows_its_context(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """What is run sees the context of its caller; a task of a loop that has to wait meanwhile is refused, and not waited for for ever."""
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who")

    async def inner() -> str:
        return who.get("nobody")

    async def cell() -> list[str]:
        who.set("Ada")
        task = asyncio.ensure_future(inner())
        if not isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop):
            with pytest.raises(fox_nb.InvalidRequest, match=r"stands still.*await"):
                fox_nb.run(task)
            return [fox_nb.run(inner()), await task]
        return [fox_nb.run(inner()), fox_nb.run(task)]

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(cell()) == ["Ada", "Ada"]


INTERRUPTED = """
import asyncio, sys, uvloop, fox_nb
async def endless():
    print("begun", flush=True)
    await asyncio.sleep(3600)
async def cell():
    fox_nb.run(endless())
loop = sys.modules[sys.argv[1]].new_event_loop()
try:
    loop.run_until_complete(cell())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_an_interrupt_ends_the_running(loop: str) -> None:
    """Ctrl-C, or Jupyter's stop, ends what `run` waits for, also where that runs in a thread."""
    with Child("-c", INTERRUPTED, loop, env={**os.environ}) as running:
        running.line("its beginning")
        running.send_signal(signal.SIGINT)
        assert running.line("the interrupt") == "interrupted"
        assert running.end() == 0


def test_older_form(fox: Fox, sandbox: Any) -> None:
    """The older documented form of a result is read as well."""
    import requests

    answer = requests.post(
        f"{sandbox.base_url}/sandbox/settings",
        json={"older_form": True},
        headers={"Authorization": f"Bearer {sandbox.key}"},
        timeout=30,
    )
    assert answer.ok
    assert len(fox.generate("an owl", num_outputs=2).wait().images) == 2


def test_find_the_request_of_a_file(fox: Fox, tmp_path: Path) -> None:
    """A picture's request is found from its file, renamed and elsewhere, and from its name alone."""
    task = fox.generate("a mill", aspect_ratio="4:3").wait()
    moved = tmp_path / "renamed.jpg"
    moved.write_bytes(task.images[0].path.read_bytes())
    for path in (moved, task.images[0].path):
        row = fox.store.task_of(path)
        assert row is not None
        assert row.body["prompt"] == "a mill"


def test_a_table_of_tasks_shows_what_differs(fox: Fox) -> None:
    """Settings in which the listed tasks differ are columns, those that they share are none; an empty list says why."""
    for ratio, resolution in (("1:1", "1K"), ("4:3", "1K")):
        fox.generate("a mill", aspect_ratio=ratio, resolution=resolution).wait()
    html = fox.tasks()._repr_html_()
    headers = re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', html)
    assert "Aspect ratio" in headers
    assert "Resolution" not in headers
    assert "<bdi>4:3</bdi>" in html
    assert len(fox.tasks(text=None)) == 2
    assert "No results" in fox.tasks(text="a whale")._repr_html_()
    assert "Nothing is unfinished" in fox.resume()._repr_html_()
