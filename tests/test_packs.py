"""Recorded lessons: made in one folder, shown in another with the network cut off; a changed one is refused."""

import contextlib
import hashlib
import json
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import fox_nb
from artifacts import MARKED_KEY, Places, search
from fox_nb.models import validate
from fox_nb.sandbox import Sandbox
from fox_nb.store import Store
from fox_nb.store.packs import MANIFEST, SEAL, Pack, without_links
from gateways import EAGER
from processes import clean_environment

pytestmark = pytest.mark.usefixtures("noise")

PROMPT = "a fox <b>in</b> the snow"


@pytest.fixture(scope="module")
def recorded(artifacts: Places, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, fox_nb.Fox]]:
    """A pack with two takes, an edit of a result, an edit of a local file, and a failure; and the Fox that made it."""
    folder = tmp_path_factory.mktemp("teacher")
    Image.effect_noise((256, 256), 80).convert("RGB").save(folder / "photo.png")
    with (
        Sandbox(keys=[MARKED_KEY], speed=1000) as sandbox,
        fox_nb.Fox(MARKED_KEY, sandbox.base_url, folder / "runs", polling=EAGER) as fox,
    ):
        first = fox.generate(PROMPT, aspect_ratio="16:9").wait(60)
        fox.generate(PROMPT, aspect_ratio="16:9", take=2).wait(60)
        fox.edit("make it night", first.images[0]).wait(60)
        fox.edit("make it night", folder / "photo.png").wait(60)
        fox.enhance(first.images[0].url, resolution="1K").wait(60)
        sandbox.misbehave("failed", message=f"see {sandbox.base_url.upper()}/v1/tasks/secret")
        with pytest.raises(fox_nb.TaskFailed):
            fox.generate("bad luck").wait(60)
        pack = fox.store.export(artifacts.fresh("pack") / "lesson.foxpack")
        assert (pack.tasks, pack.pictures, pack.left_out) == (6, 5, 0)
        yield pack.path, fox


@pytest.fixture
def replay(recorded: tuple[Path, fox_nb.Fox], tmp_path: Path) -> Iterator[fox_nb.Fox]:
    with fox_nb.Fox(replay=recorded[0], store=tmp_path / "runs") as fox:
        yield fox


def test_a_pack_replays_elsewhere_with_the_network_cut_off(
    recorded: tuple[Path, fox_nb.Fox], artifacts: Places
) -> None:
    """In another folder and process, where any connection ends the program, the same code shows the very same pictures."""
    path, teacher = recorded
    folder = artifacts.fresh("student")
    code = f"""
        import hashlib, sys

        def watch(event, arguments):
            if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "subprocess.Popen"):
                raise SystemExit(f"{{event}} {{arguments}}")

        sys.addaudithook(watch)
        import fox_nb
        fox = fox_nb.Fox(replay={str(path)!r}, store="runs")
        first = fox.generate({PROMPT!r}, aspect_ratio="16:9").wait()
        second = fox.generate({PROMPT!r}, aspect_ratio="16:9", take=2).wait()
        night = fox.edit("make it night", first.images[0]).wait()
        local = fox.edit("make it night", {str(teacher.store.folder.parent / "photo.png")!r}).wait()
        assert fox.spent == 0 and first.cost == 0.09 and first.reused
        for task in (first, second, night, local):
            print(hashlib.sha256(task.images[0].path.read_bytes()).hexdigest())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=folder,
        env={**clean_environment(artifacts), "PYTHONPATH": str(Path(fox_nb.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made = {hashlib.sha256(image.path.read_bytes()).hexdigest() for task in teacher.tasks() for image in task.images}
    shown = done.stdout.split()
    assert len(set(shown)) == 4
    assert set(shown) <= made


def test_what_is_not_recorded_is_refused_and_the_sandbox_offered(replay: fox_nb.Fox) -> None:
    """Another request, or another take, is told to be missing; nothing is journalled for it; retrying is refused, too."""
    before = len(replay.tasks())
    for ask in (
        lambda: replay.generate("something else"),
        lambda: replay.generate(PROMPT, aspect_ratio="16:9", take=3),
        lambda: replay.create_profile("https://example.com/faces.zip"),
    ):
        with pytest.raises(fox_nb.NotRecorded, match=r"lesson\.foxpack.*fox_nb\.Fox\(\)"):
            ask()
    assert len(replay.tasks()) == before
    with pytest.raises(fox_nb.NotRecorded, match="recording"):
        replay.tasks(text="bad luck")[0].retry()


def test_a_recorded_failure_stays_one_and_the_marks_stay(replay: fox_nb.Fox) -> None:
    """A failed task fails again, without the link that its words held; pictures of the sandbox are still marked as its own."""
    failed = replay.generate("bad luck")
    with pytest.raises(fox_nb.TaskFailed, match=r"see \(link\)"):
        failed.wait(5)
    assert failed.cost.is_play_money
    assert not replay.is_sandbox


def test_nothing_of_a_recording_is_a_sum_to_pay(replay: fox_nb.Fox) -> None:
    """What a picture cost when it was recorded is told as that: nothing is reserved here, charged, or looked for in a bill."""
    made, failed = replay.generate(PROMPT, aspect_ratio="16:9"), replay.generate("bad luck")
    assert [str(task.cost) for task in (made, failed)] == ["$0.09 recorded (play money)"] * 2
    assert made.cost.is_settled
    assert str(failed.error).count("nothing is charged here") == 1
    assert "You may have been charged" not in str(failed.error)


def test_a_link_is_known_by_its_hash(replay: fox_nb.Fox, recorded: tuple[Path, fox_nb.Fox]) -> None:
    """A request with a link to a picture replays by the same link, which is itself nowhere in the pack."""
    url = recorded[1].tasks(text=PROMPT)[-1].images[0].url
    assert replay.enhance(url, resolution="1K").wait(5).images[0].width


def test_a_replayed_lesson_replaces_no_recording(
    replay: fox_nb.Fox, recorded: tuple[Path, fox_nb.Fox], tmp_path: Path
) -> None:
    """The cell that records the lesson, run by a student, or in an empty folder, leaves the recording as it is."""
    copy = tmp_path / "lesson.foxpack"
    copy.write_bytes(recorded[0].read_bytes())
    with contextlib.closing(Store(tmp_path / "empty")) as empty:
        for store in (replay.store, empty):
            with pytest.raises(fox_nb.PackError, match="was not written"):
                store.export(copy)
    assert copy.read_bytes() == recorded[0].read_bytes()


def test_a_press_shows_the_recorded_takes_in_turn(replay: fox_nb.Fox) -> None:
    """A panel asks for a new take; it is given the recorded ones, one after the other, round and round."""
    values = {"prompt": PROMPT, "aspect_ratio": "16:9"}
    assert [replay.session.submit("phota-image", values, "new").take for _ in range(3)] == [1, 2, 1]


def test_deleted_pictures_come_back(recorded: tuple[Path, fox_nb.Fox], tmp_path: Path) -> None:
    """Opened again over a store from which a picture was deleted, the pack puts it back."""
    for _ in range(2):
        with fox_nb.Fox(replay=recorded[0], store=tmp_path / "runs") as fox:
            image = fox.generate(PROMPT, aspect_ratio="16:9").images[0]
            assert image.path.exists()
            image.path.unlink()


def test_a_sweep_replays(tmp_path: Path) -> None:
    """What was swept once is swept again from the pack: nothing is missing, and nothing costs."""
    with (
        Sandbox(speed=1000) as sandbox,
        fox_nb.Fox(sandbox.key, sandbox.base_url, tmp_path / "a", polling=EAGER) as fox,
    ):
        fox.sweep("phota-image", prompt="boats", aspect_ratio=["1:1", "16:9"], per_second=50).run()
        pack = fox.store.export(tmp_path / "sweep")
    assert pack.path.name == "sweep.foxpack"
    with fox_nb.Fox(replay=pack.path, store=tmp_path / "b") as fox:
        sweep = fox.sweep("phota-image", prompt="boats", aspect_ratio=["1:1", "16:9"])
        assert (sweep.paid_already, sweep.cost) == (2, 0)


def test_no_key_and_no_link_is_in_a_pack(recorded: tuple[Path, fox_nb.Fox]) -> None:
    """The key stands nowhere in it, nor does any address: not of results, of uploads, or in an error's words."""
    assert search(recorded[0].parent, MARKED_KEY).found_in == ()
    with zipfile.ZipFile(recorded[0]) as archive:
        manifest = archive.read(MANIFEST).decode()
    assert "http" not in manifest.lower()
    assert "127.0.0.1" not in manifest
    shouted = validate("phota-image-enhance", {"image_url": "HTTPS://cdn.foxapi.cc/uploads/secret/x.png"})
    assert "secret" not in without_links(shouted.canonical())


def test_what_no_pack_can_hold_is_told(tmp_path: Path) -> None:
    """A store with something in it that is too long for a pack is refused in our words, and no file is written."""
    with contextlib.closing(Store(tmp_path / "runs")) as store:
        with store.journal.writing() as connection:
            connection.execute(
                "INSERT INTO task (identity, gateway, account, model, request, request_hash, take, state, owner, asked, "
                "profile_id) VALUES ('1', 'g', 'a', 'm', '{\"model\": \"m\"}', 'h', 1, 'completed', '', 1.0, ?)",
                ("p" * 600,),
            )
        with pytest.raises(fox_nb.PackError, match=r"profile_id: .*500 characters.*The folder is as it was"):
            store.export(tmp_path / "lesson.foxpack")
    assert not list(tmp_path.glob("*.foxpack"))


def test_the_fingerprint_is_the_same_at_both_ends(recorded: tuple[Path, fox_nb.Fox], tmp_path: Path) -> None:
    """What export says is what the pack says; another pack has another."""
    packed = recorded[1].store.export(tmp_path / "again.foxpack")
    assert packed.fingerprint == Pack(packed.path).fingerprint == Pack(recorded[0]).fingerprint
    assert packed.fingerprint in repr(packed)


# -- changed and hostile ones ---------------------------------------------------------------------------------------


def rebuilt(source: Path, target: Path, change: Callable[[dict[str, bytes]], Any]) -> Path:
    """A copy of a pack whose members were changed."""
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target


def resealed(members: dict[str, bytes], change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the manifest and seal it anew, as somebody would who takes the trouble."""
    manifest = json.loads(members[MANIFEST])
    change(manifest)
    members[MANIFEST] = json.dumps(manifest).encode()
    members[SEAL] = hashlib.sha256(members[MANIFEST]).hexdigest().encode()


def picture(members: dict[str, bytes]) -> str:
    return next(name for name in members if name.startswith("pictures/"))


CHANGES: dict[str, Callable[[dict[str, bytes]], Any]] = {
    "a picture's byte": lambda m: m.update({picture(m): b"\0" + m[picture(m)][1:]}),
    "a longer picture": lambda m: m.update({picture(m): m[picture(m)] + b"\0" * 50_000_000}),
    "a shorter picture": lambda m: m.update({picture(m): m[picture(m)][:-1]}),
    "a picture taken out": lambda m: m.pop(picture(m)),
    "a word of the manifest": lambda m: m.update({MANIFEST: m[MANIFEST].replace(b"snow", b"mud!")}),
    "no seal": lambda m: m.pop(SEAL),
    "no manifest": lambda m: m.pop(MANIFEST),
    "one more file": lambda m: m.update({"hello.txt": b"hello"}),
    "a file that climbs out": lambda m: m.update({"../../evil.py": b"print()"}),
    "a huge manifest": lambda m: m.update({MANIFEST: b" " * (65 << 20)}),
    "a manifest that is a list": lambda m: m.update(
        {MANIFEST: b"[]", SEAL: hashlib.sha256(b"[]").hexdigest().encode()}
    ),
    "a deep manifest": lambda m: m.update(
        {MANIFEST: b"[" * 200_000, SEAL: hashlib.sha256(b"[" * 200_000).hexdigest().encode()}
    ),
    "an unknown field": lambda m: resealed(m, lambda said: said.update(evil=1)),
    "a hash that is a path": lambda m: resealed(
        m, lambda said: said["tasks"][0]["pictures"][0].update(sha256="../../../etc/passwd")
    ),
    "a take of -1": lambda m: resealed(m, lambda said: said["tasks"][0].update(take=-1)),
    "two pictures of one number": lambda m: resealed(
        m, lambda said: said["tasks"][0]["pictures"].append(said["tasks"][0]["pictures"][0])
    ),
    "a completed task of nothing": lambda m: resealed(
        m, lambda said: said["tasks"].append({**said["tasks"][0], "take": 99, "pictures": []})
    ),
    "a request that is none": lambda m: resealed(m, lambda said: said["tasks"][0].update(request="[]")),
    **{
        f"{name} of {value!r}": lambda m, name=name, value=value: resealed(
            m, lambda said: said["tasks"][0].update({name: value})
        )
        for name, value in [
            ("asked", 1e300),
            ("asked", float("inf")),
            ("asked", float("nan")),
            ("accepted", -1.0),
            ("finished", 1e300),
            ("micro", 10**30),
            ("model", "another"),
            ("request", '{"prompt": "x"}'),
            ("request", '{"model": "phota-image", "prompt": "\\ud800"}'),
        ]
    },
    "a newer version": lambda m: resealed(m, lambda said: said.update(foxpack=2)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_pack_is_refused(
    change: Callable[[dict[str, bytes]], Any], recorded: tuple[Path, fox_nb.Fox], tmp_path: Path
) -> None:
    """It is refused before anything of it is used, and no file comes to be anywhere."""
    bad = rebuilt(recorded[0], tmp_path / "bad.foxpack", change)
    with pytest.raises(fox_nb.PackError):
        fox_nb.Fox(replay=bad, store=tmp_path / "runs")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.foxpack"]


def test_a_picture_that_is_none_is_refused(recorded: tuple[Path, fox_nb.Fox], tmp_path: Path) -> None:
    """Somebody who seals a pack anew still cannot put a page or a script where a picture should be."""
    page = b"<svg onload=alert(1)>"

    def change(members: dict[str, bytes]) -> None:
        name = hashlib.sha256(page).hexdigest()
        old = picture(members).removeprefix("pictures/")
        members[f"pictures/{name}"] = page
        del members[f"pictures/{old}"]

        def swap(said: dict[str, Any]) -> None:
            for one in (one for task in said["tasks"] for one in task["pictures"] if one["sha256"] == old):
                one.update(sha256=name, bytes=len(page))

        resealed(members, swap)

    bad = rebuilt(recorded[0], tmp_path / "bad.foxpack", change)
    with fox_nb.Fox(replay=bad, store=tmp_path / "runs") as fox, pytest.raises(fox_nb.PackError):
        fox.tasks()
    assert not list((tmp_path / "runs" / "pictures").glob("*.svg"))


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 not really", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_pack_is_refused(content: bytes, tmp_path: Path) -> None:
    """Any other file is refused with an error of ours; so is one that is not there."""
    path = tmp_path / "lesson.foxpack"
    path.write_bytes(content)
    with pytest.raises(fox_nb.PackError):
        Pack(path)
    with pytest.raises(fox_nb.PackError):
        Pack(tmp_path / "nowhere.foxpack")


def test_two_members_of_one_name_are_refused(recorded: tuple[Path, fox_nb.Fox], tmp_path: Path) -> None:
    """Two readers of a ZIP may choose differently between two members of one name, so none is chosen."""
    path = tmp_path / "twice.foxpack"
    path.write_bytes(recorded[0].read_bytes())
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(MANIFEST, b"{}")
    with pytest.raises(fox_nb.PackError, match="one name"):
        Pack(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_noticed_or_means_nothing(
    data: st.DataObject, recorded: tuple[Path, fox_nb.Fox], tmp_path: Path
) -> None:
    """With one byte changed anywhere, a pack is refused, or says the very same as before."""
    whole = recorded[0].read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    path = tmp_path / "changed.foxpack"
    path.write_bytes(whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :])
    try:
        changed = Pack(path)
    except fox_nb.PackError:
        return
    assert changed.manifest == Pack(recorded[0]).manifest


def test_a_recording_asks_no_gateway(recorded: tuple[Path, fox_nb.Fox], tmp_path: Path) -> None:
    """A key or an address beside a recorded lesson is a mistake, and is told so."""
    with pytest.raises(fox_nb.InvalidRequest, match="replay"):
        fox_nb.Fox(MARKED_KEY, replay=recorded[0], store=tmp_path / "runs")
