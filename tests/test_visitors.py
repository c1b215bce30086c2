"""Visitors: each alone in a store of their own, one budget for all of them together, nothing sent by coming."""

import base64
import contextlib
import errno
import io
import math
import os
import re
import shutil
import sqlite3
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

import fox_nb
from artifacts import MARKED_KEY, Places
from client.scripted import Scripted, say
from fox_nb import atomic
from fox_nb.sandbox import Sandbox
from gateways import EAGER, picture
from kernels import notebook
from panels.browsers import Browser
from processes import PATIENCE, ended, until
from servers import VoilaServer


@pytest.fixture
def in_voila(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.8")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path.with_name(f"{tmp_path.name}-data")))
    monkeypatch.chdir(tmp_path)


def visitor(sandbox: Sandbox, budget: float = 5.0) -> fox_nb.Fox:
    return fox_nb.Fox.for_visitor(budget, api_key=MARKED_KEY, base_url=sandbox.base_url, polling=EAGER)


def ledger_of(fox: fox_nb.Fox) -> Path:
    return fox.store.folder.parent / "ledger.sqlite"


@pytest.mark.usefixtures("in_voila")
def test_every_visitor_is_alone(sandbox: Sandbox) -> None:
    """Two visitors have two stores; neither sees, or is given, what the other one made; coming sends nothing."""
    with visitor(sandbox) as ada, visitor(sandbox) as ben:
        assert ada.store.folder != ben.store.folder
        assert sandbox.creations == []
        ada.generate("a secret garden").wait(60)
        assert len(ben.tasks()) == 0
        assert not ben.generate("a secret garden").wait(60).reused
        assert len(sandbox.creations) == 2


@pytest.mark.usefixtures("in_voila")
@pytest.mark.parametrize("harm", ["moved", "damaged"])
def test_trouble_with_the_store_names_no_place_of_the_server(sandbox: Sandbox, harm: str) -> None:
    """Who runs the app knows where it keeps its files; a visitor is told what happened, and that nothing was sent."""
    fox = visitor(sandbox)
    folder = fox.store.folder
    if harm == "moved":
        folder.rename(folder.with_name("elsewhere"))
    else:
        (folder / "journal.sqlite").write_bytes(b"no journal" * 100)
    with pytest.raises(fox_nb.StoreError) as told:
        fox.generate("a fox")
    fox.close()
    assert str(folder.parent) not in str(told.value)


@pytest.mark.usefixtures("in_voila")
def test_one_budget_holds_for_all_visitors(sandbox: Sandbox) -> None:
    """Eight visitors press at once with money for five pictures: five are sent, three are refused and may still look on."""
    foxes = [visitor(sandbox, budget=0.45) for _ in range(8)]
    told: list[Exception] = []

    def press(fox: fox_nb.Fox) -> None:
        try:
            fox.generate("a fox")
        except fox_nb.BudgetExceeded as error:
            told.append(error)

    threads = [threading.Thread(target=press, args=(fox,)) for fox in foxes]
    for thread in threads:
        thread.start()
    ended(*threads)
    assert len(sandbox.creations) == 5
    assert [re.search("play money.*of all visitors' ", str(error)) is not None for error in told] == [True] * 3
    assert [float(fox.session.left or 0) for fox in foxes] == [0.0] * 8
    for fox in foxes:
        fox.close()


@pytest.mark.usefixtures("in_voila")
def test_what_was_not_accepted_goes_back_to_all(sandbox: Sandbox) -> None:
    """A refusal gives its money back to all; a lost answer keeps it."""
    with visitor(sandbox, budget=0.10) as ada, visitor(sandbox, budget=0.10) as ben:
        sandbox.misbehave("no_balance", on="create")
        with pytest.raises(fox_nb.InsufficientBalance):
            ada.generate("a fox")
        assert ben.session.left == pytest.approx(0.10)
        sandbox.misbehave("lost_answer", on="create")
        with pytest.raises(fox_nb.SubmissionUnknown):
            ada.generate("a fox")
        with pytest.raises(fox_nb.BudgetExceeded):
            ben.generate("a boat")
        assert len(sandbox.creations) == 2


@pytest.mark.usefixtures("in_voila")
def test_no_visitor_gives_money_back(sandbox: Sandbox) -> None:
    """Whatever a visitor says of a lost answer, or however it is sent again, no more is sent than the limit allows."""
    with visitor(sandbox, budget=0.27) as ada:
        for number in range(12):
            sandbox.misbehave("lost_answer", on="create")
            with pytest.raises(fox_nb.SubmissionUnknown if number < 3 else fox_nb.BudgetExceeded):
                ada.generate(f"fox {number}")
            for task in ada.tasks():
                for way in ({"paid": False}, {"paid": False, "task_id": "task-1"}, {"paid": True, "task_id": "task-1"}):
                    if task.status == "unknown":
                        with pytest.raises(fox_nb.FoxError, match="Only the people who run this app"):
                            task.settle(**way)
        lost = [task for task in ada.tasks() if task.status == "unknown"]
        with pytest.raises(fox_nb.BudgetExceeded):
            lost[0].retry()
        assert len(lost) == len(sandbox.creations) == 3
        assert ada.session.left == 0
        assert lost[1].settle(paid=True).status == "failed"
        assert ada.session.left == 0


@pytest.mark.usefixtures("in_voila")
@pytest.mark.parametrize("on", ["lost_answer on create", "bad_key on create", "no_balance on create", "failed on task"])
def test_a_visitor_reads_no_words_for_developers(sandbox: Sandbox, on: str) -> None:
    """Nothing of code, key, account or bill, and no button that settles, whatever goes wrong; a press can be repeated."""
    with visitor(sandbox) as fox:
        panel = fox.panel("phota-image", prompt="a fox")
        fault, _, call = on.split()
        sandbox.misbehave(fault, on=call, times=9)
        with contextlib.suppress(fox_nb.FoxError):
            panel.submit().wait(60)
        items = [panel._outcome.results.item(task) for task in fox.tasks()]
        said = " ".join([*panel._press.error, *(line for item in items for line in item["words"])])
        assert said
        assert not re.search(r"task\.|fox\.|\w\(|=|FOXAPI|bill|account's|key", said)
        assert {name for item in items for name, _ in item["actions"]} <= {"retry"}


@pytest.mark.usefixtures("in_voila")
def test_a_refusal_that_comes_between_gives_only_its_own_back(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost answer keeps its money although the same picture, asked for again at that very moment, is refused."""
    with visitor(sandbox, budget=0.09) as ada:
        journal = ada.store.journal
        unknown = journal.unknown

        def pressed_again(row: Any, *rest: Any) -> None:
            unknown(row, *rest)
            with pytest.raises(fox_nb.BudgetExceeded):
                ada.session.task(journal.get(row.identity)).retry()

        monkeypatch.setattr(journal, "unknown", pressed_again)
        sandbox.misbehave("lost_answer", on="create")
        with pytest.raises(fox_nb.FoxError):
            ada.generate("a fox")
        assert ada.session.left == 0


@pytest.mark.usefixtures("in_voila")
def test_a_ledger_that_cannot_be_used_is_told(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks what is left is told of a locked ledger, who was refused why; the refused money is back after the lock."""
    monkeypatch.setattr("fox_nb.atomic.BUSY_SECONDS", 0.1)
    with visitor(sandbox, budget=1.0) as ada:
        assert ada.session.left == 1.0
        other = sqlite3.connect(ledger_of(ada), isolation_level=None, check_same_thread=False)
        send = ada.session.client.create

        def locked(*args: Any, **options: Any) -> Any:
            other.execute("BEGIN EXCLUSIVE")
            return send(*args, **options)

        monkeypatch.setattr(ada.session.client, "create", locked)
        sandbox.misbehave("no_balance", on="create")
        with pytest.raises(fox_nb.InsufficientBalance):
            ada.generate("a fox")
        with pytest.raises(fox_nb.StoreError, match=r"ledger.*locked by another program") as told:
            _ = ada.session.left
        assert str(ledger_of(ada).parent) not in str(told.value)
        assert "rights" not in str(told.value)
        with pytest.raises(fox_nb.StoreError, match="ledger"):
            ada.generate("a boat")
        other.close()
        assert ada.session.left == 1.0
        assert len(sandbox.creations) == 1


@pytest.mark.usefixtures("in_voila")
def test_a_refusal_that_the_journal_cannot_note_is_given_back(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was certainly not accepted counts against nobody, whether or not the visitor's own disk is full."""
    with visitor(sandbox, budget=1.0) as ada:

        def full(*_: Any) -> None:
            raise fox_nb.StoreError("The disk is full.")

        monkeypatch.setattr(ada.store.journal, "refused", full)
        sandbox.misbehave("no_balance", on="create")
        with pytest.raises(fox_nb.InsufficientBalance):
            ada.generate("a fox")
        assert ada.session.left == 1.0


@pytest.mark.usefixtures("in_voila")
def test_what_no_thread_could_send_is_given_back(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread is to be had, nothing was sent, and nothing counts against what all visitors share."""
    with visitor(sandbox, budget=1.0) as ada:
        monkeypatch.setattr(ada.session._sending, "submit", _no_thread)
        with pytest.raises(fox_nb.FoxError, match="thread"):
            ada.generate("a fox")
        assert ada.session.left == 1.0


def _no_thread(*_: Any) -> None:
    raise fox_nb.FoxError("Python cannot start another thread here.")


@pytest.mark.usefixtures("in_voila")
def test_no_file_of_the_server_is_opened_named_or_told_apart(sandbox: Sandbox, tmp_path: Path) -> None:
    """Whatever path a visitor names, by whatever call, the answer is one sentence that is the same for all paths."""
    other = tmp_path / "private"
    other.mkdir()
    Image.new("RGB", (300, 200), "red").save(other / "passport.jpg")
    with zipfile.ZipFile(other / "faces.zip", "w") as archive:
        archive.write(other / "passport.jpg", "passport.jpg")
    with visitor(sandbox) as ada, visitor(sandbox) as ben:
        theirs = ada.generate("a secret garden").wait(60).images[0].path
        paths = [other / "passport.jpg", other, other / "pasport.jpg", other / "faces.zip", theirs, theirs.parent]
        paths += [Path("/etc/passwd"), Path("/nowhere/at/all.png"), Path("private/passport.jpg"), Path("~/.bashrc")]
        told = set()
        for path in paths:
            for said in (path, str(path), f'"{path}"', path.absolute().as_uri() if path.is_absolute() else str(path)):
                for ask in (
                    lambda said: ben.edit("show it", said),
                    lambda said: ben.edit("show it", [said]),
                    ben.enhance,
                    ben.create_profile,
                    ben.profiles.look,
                    lambda said: ben.profiles.look([said]),
                    lambda said: ben.sweep("phota-image-enhance", image_url=said, creativity=[0, 1]),
                    lambda said: ben.sweep("phota-image", prompt=["a", "b"], original=said),
                    ben.compare_enhance,
                ):
                    with pytest.raises(fox_nb.InvalidRequest) as refused:
                        ask(said)
                    told.add(re.sub(r"^\w+: ", "", str(refused.value)))
                    assert refused.value.value is None
        assert len(told) == 1, told
        assert "your own computer" in told.pop()
        assert len(sandbox.creations) == 1


@pytest.mark.usefixtures("in_voila", "noise")
def test_nothing_in_the_servers_network_is_fetched_for_a_visitor(sandbox: Sandbox) -> None:
    """A link that a visitor compares with leads to no other program of the server; one to an own result is shown."""
    with Scripted(say(200, picture())) as private, visitor(sandbox) as ada:
        own = ada.generate("a garden").wait(60).images[0].url
        for link, told in ((f"{private.url}/secret.png", "private network"), (own, "")):
            sweep = ada.sweep("phota-image-enhance", image_url=link, creativity=[0, 1])
            sweep.run()
            assert (told in sweep.originals.trouble, bool(sweep.originals.trouble)) == (True, bool(told))
            shown = ada.compare(ada.enhance(link, creativity=0))  # as History does
            assert (shown.comparison().original is None) == bool(told)
        with pytest.raises(fox_nb.DownloadFailed, match="private network"):
            ada.compare([f"{private.url}/secret.png"])
        with pytest.raises(fox_nb.InvalidRequest, match="names no host"):
            ada.compare(["http://[127.0.0.1/secret.png"])
        assert private.received == []


@pytest.mark.usefixtures("in_voila")
def test_a_visitor_uses_links_uploads_and_own_results(sandbox: Sandbox) -> None:
    """Links, bytes, pictures in memory and earlier results serve a visitor as they serve everybody."""
    data = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(data, "PNG")
    url = "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()
    with visitor(sandbox) as ada:
        made = ada.generate("a garden").wait(60)
        for source in (data.getvalue(), data, url, Image.new("RGB", (64, 64)), made, made.images[0]):
            task = ada.edit(f"at night, {type(source).__name__} {len(sandbox.creations)}", source).wait(60)
            assert task.status == "completed"
            assert str(ada.store.folder.parent) not in task.code()


@pytest.mark.usefixtures("in_voila")
def test_no_message_of_a_card_names_a_place_of_the_server(sandbox: Sandbox) -> None:
    """Whatever a visitor opens, enlarges or saves, also of a picture that is gone, its file is told by its name alone."""
    with visitor(sandbox) as ada:
        history = ada.studio().history
        history._run_later = lambda work: work()
        browser = Browser(history)
        task = ada.generate("a garden").wait(60)
        for harm in ("none", "damaged", "gone"):
            path = task.images[0].path
            if harm == "damaged":
                path.write_bytes(path.read_bytes()[:500])
            elif harm == "gone":
                path.unlink()
                shutil.rmtree(ada.store.thumbnails)
            browser.say("ready")
            for kind in ("open", "thumb", "picture", "large", "before"):
                browser.say(kind, key=task.identity, number=1)
            browser.say("piece", key=task.identity, number=1, at=0)
            browser.say("archive", keys=[task.identity], at=0)
            assert browser.of("detail")[-1]["names"] == {"1": path.name}
        assert browser.of("wrong")
        assert str(ada.store.folder.parent) not in repr([content for content, _ in browser.heard])
        ada.studio().close()


@pytest.mark.usefixtures("in_voila")
def test_a_full_disk_names_no_place_of_the_server(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be written is told by its name, when a picture is fetched as when photos are packed."""

    with visitor(sandbox) as ada:
        put = atomic.put

        def full(written: Path, target: Path, **how: Any) -> None:
            if target.is_relative_to(ada.store.folder):
                raise OSError(errno.ENOSPC, "No space left on device")
            put(written, target, **how)  # the sandbox's

        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            for number in range(10):
                photo = io.BytesIO()
                Image.effect_noise((600, 600), 40 + number).save(photo, "PNG")
                packed.writestr(f"{number}.png", photo.getvalue())
        told = []
        monkeypatch.setattr(atomic, "put", full)
        for ask in (
            lambda: ada.generate("a garden").wait(60),
            lambda: ada.edit("at night", Image.new("RGB", (64, 64))),
            lambda: ada.profiles.train(archive.getvalue(), "Ada", agreed=True),
        ):
            with pytest.raises(fox_nb.FoxError, match="No space left on device") as refused:
                ask()
            told.append(str(refused.value))
        assert str(ada.store.folder.parent) not in " ".join(told)


@pytest.mark.usefixtures("in_voila")
@pytest.mark.parametrize("budget", [None, math.inf])
def test_a_key_without_a_limit_is_not_given_to_visitors(sandbox: Sandbox, budget: Any) -> None:
    """Where visitors could spend without end, the app says so before any of them has a store."""
    with pytest.raises(fox_nb.InvalidRequest, match="budget"):
        visitor(sandbox, budget)


@pytest.mark.usefixtures("in_voila")
def test_stores_lie_outside_of_what_voila_serves(sandbox: Sandbox, tmp_path: Path) -> None:
    """No store is below the folder of the app, where Voila serves every picture by its name; each app has its own place."""
    with visitor(sandbox, budget=1.0) as ada:
        ada.generate("a garden").wait(60)
        assert not ada.store.folder.is_relative_to(tmp_path)
        assert list(tmp_path.rglob("*.png")) == []
        other = tmp_path / "other"
        other.mkdir()
        os.chdir(other)
        with visitor(sandbox, budget=1.0) as ben:
            assert ben.store.folder.parent != ada.store.folder.parent
            assert ben.session.left == 1.0


@pytest.mark.usefixtures("in_voila")
@pytest.mark.skipif(os.name != "posix", reason="needs a list of users")
@pytest.mark.parametrize("home", ["/dev/null", "relative", None])
def test_an_app_without_a_home_is_told_what_to_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Any) -> None:
    """Where nothing can be written, or nobody says where: no folder is made below the app, and a sentence says how."""
    monkeypatch.setattr("pwd.getpwuid", lambda _: {}["nobody"])  # a container's random user is in no list
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv("XDG_DATA_HOME", home)
    with pytest.raises(fox_nb.StoreError, match=r"Say Fox.for_visitor\(folder=…\)"):
        fox_nb.Fox.for_visitor()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("in_voila")
def test_what_was_spent_in_an_older_place_stays_spent(sandbox: Sandbox, tmp_path: Path) -> None:
    """An app whose ledger is where earlier versions put it goes on with that ledger."""
    with fox_nb.Fox.for_visitor(
        0.10, folder=tmp_path / "visitors", api_key=MARKED_KEY, base_url=sandbox.base_url, polling=EAGER
    ) as earlier:
        earlier.generate("a fox")
    with visitor(sandbox, budget=0.10) as ada, pytest.raises(fox_nb.BudgetExceeded):
        ada.generate("a boat")


class _Preheated(VoilaServer):
    def command(self) -> list[str]:
        return [*super().command(), "--preheat_kernel=True"]


def test_a_kernel_that_was_ready_before_is_a_visitors_too(artifacts: Places, sandbox_env: dict[str, str]) -> None:
    """Voila tells one that it starts before anybody comes nothing of a request: its visitor is alone in a store all the same."""
    voila = _Preheated(artifacts)
    code = "fox = fox_nb.Fox.for_visitor(budget=1)\nprint(f'SEEN {fox.store.folder} {os.environ.get(\"SERVER_SOFTWARE\")}')"
    path = voila.take(notebook("import fox_nb, os", code), sandbox_env)

    def preheated() -> Path | None:
        page = requests.get(f"{voila.url}voila/render/{path.relative_to(voila.root).as_posix()}", timeout=PATIENCE).text
        folder, started_for = re.findall(r"SEEN (\S+) (\w+)", page)[0]
        # whoever comes before one is ready gets one of their own
        return Path(folder) if started_for == "None" else None

    with voila:
        assert not until(preheated, "a kernel that was ready before").is_relative_to(voila.root)


def test_elsewhere_it_is_a_usual_fox(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In JupyterLab the same notebook uses the store beside it, so that the same code is the same picture."""
    monkeypatch.chdir(tmp_path)
    with visitor(sandbox, budget=1.0) as fox:
        assert fox.store.folder == tmp_path / "fox_runs"


def test_a_visitor_has_no_other_store(sandbox: Sandbox) -> None:
    """Where the stores are is said by `folder`; another store or ledger is refused, in Voila and elsewhere."""
    for name in ("store", "ledger"):
        with pytest.raises(fox_nb.InvalidRequest, match="folder="):
            fox_nb.Fox.for_visitor(api_key=MARKED_KEY, base_url=sandbox.base_url, **{name: "mine"})


def test_a_ledger_without_a_budget_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    """What would hold nothing is told where it is given."""
    for budget in (None, math.inf):
        with pytest.raises(fox_nb.InvalidRequest, match="no budget"):
            fox_nb.Fox(MARKED_KEY, sandbox.base_url, tmp_path / "runs", budget, ledger=tmp_path / "ledger.sqlite")
    assert not list(tmp_path.iterdir())
