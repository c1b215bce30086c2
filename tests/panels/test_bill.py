"""A panel and the bill: what the key has left is beside the button, an empty key is refused, a row of the history is settled."""

import io
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fox_nb import Fox, InsufficientBalance, SubmissionUnknown, Task, TaskFailed
from fox_nb.errors import NOTHING_SENT
from fox_nb.models import MODELS
from fox_nb.panels.panel import Panel
from fox_nb.panels.press import ACCEPT_IT, LOOK_IT_UP, Press, lines_of
from fox_nb.panels.profiles_tab import ProfilesTab
from fox_nb.panels.task_cards import press_button
from gateways import EAGER
from panels.browsers import Browser
from servers import until


@pytest.fixture
def fox(sandbox: Any, tmp_path: Path) -> Iterator[Fox]:
    with Fox(api_key=sandbox.key, base_url=sandbox.base_url, store=tmp_path / "fox_runs", polling=EAGER) as fox:
        yield fox


def seen(panel: Panel) -> Panel:
    """A browser shows the panel."""
    panel._seen()
    return panel


def test_what_the_key_has_left_stands_beside_the_button(fox: Fox, sandbox: Any) -> None:
    """What is left is shown and goes down with each press; what the key cannot pay is warned of before."""
    sandbox.set(key_limit=0.2)
    panel = seen(fox.panel("phota-image", prompt="a fox"))
    until(lambda: "$0.20 left on the key" in panel._press.note or None, "what is left")
    panel.submit().wait()
    panel.num_outputs = 2
    until(lambda: "the key has only $0.11 left" in panel._press.note or None, "the warning")
    assert panel._press.hint == ""


def test_an_empty_key_is_refused_with_a_reason(fox: Fox, sandbox: Any) -> None:
    """At zero the button is off and says why; a press all the same sends nothing."""
    sandbox.set(key_limit=0)
    panel = seen(fox.panel("phota-image", prompt="a fox"))
    until(lambda: panel._press.hint or None, "the reason")
    assert "nothing left" in panel._press.hint
    panel._on_press({})
    assert "nothing left" in panel._press.error[0]
    assert not sandbox.creations


def test_an_empty_key_trains_nobody(fox: Fox, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Profiles tab asks for the account, too: at zero it says why, and a press all the same sends nothing."""
    monkeypatch.setattr(ProfilesTab, "_lacks", lambda *_, **__: "")  # ten photos, a name and consent are there
    sandbox.set(key_limit=0)
    tab = ProfilesTab(fox.session, changed=lambda: None)
    until(lambda: tab.press.hint or None, "the reason")
    assert "nothing left" in tab.press.hint
    tab._pressed({"name": "Ada", "agreed": True})
    until(lambda: tab.press.error or None, "the refusal")
    assert "nothing left" in tab.press.error[0]
    assert tab.press.error[1:] == [NOTHING_SENT]
    assert not sandbox.creations
    tab.close()


def test_what_is_only_reserved_empties_no_key(fox: Fox, sandbox: Any) -> None:
    """A key is refused by what the gateway says it has left; what a budget counts for an unknown group is warned of alone."""
    sandbox.set(groups={"default": 1, "vip": 40}, key_limit=3)
    panel = seen(fox.panel("phota-image", prompt="a fox"))
    until(lambda: "$3.00 left on the key" in panel._press.note or None, "what is left")
    panel.submit().wait()
    panel.prompt = "a wolf"
    until(lambda: "the key has only $0.00 left" in panel._press.note or None, "the warning")
    assert panel._press.hint == ""
    panel._on_press({})
    until(lambda: sandbox.creations[1:] or None, "the second picture")
    fox.reconcile()
    assert (fox.account.left, fox.account.granted) == (pytest.approx(2.82), pytest.approx(3))


def test_a_key_that_was_topped_up(fox: Fox, sandbox: Any) -> None:
    """A press that is refused has the key asked for anew, a minute after it was found empty; then nothing is in the way any more."""
    sandbox.set(key_limit=0)
    panel = seen(fox.panel("phota-image", prompt="a fox"))
    until(lambda: panel._press.hint or None, "the reason")
    sandbox.set(key_limit=5)
    fox.session.billing._now = lambda: time.time() + 61
    panel._on_press({})
    until(lambda: None if panel._press.hint or panel._press.error else True, "the press")
    panel._on_press({})
    until(lambda: sandbox.creations or None, "the picture")


def test_a_key_that_has_ended(fox: Fox, sandbox: Any) -> None:
    """A key that has ended is refused before anything is sent."""
    sandbox.set(key_limit=1, key_expires=fox.session.now() + 3600)
    account = fox.account
    assert account.ends_at is not None
    fox.session.now = lambda: account.ends_at + 1
    panel = fox.panel("phota-image", prompt="a fox")
    assert "ended" in panel._press.hint


def test_a_gateway_without_an_account_changes_nothing(fox: Fox, sandbox: Any) -> None:
    """Where the bill cannot be read a panel is as it was, and a press goes out."""
    sandbox.misbehave("server_error", on="bill", times=100)
    panel = seen(fox.panel("phota-image", prompt="a fox"))
    panel.submit().wait()
    assert (panel._press.hint, panel._press.error) == ("", [])


def lost(fox: Fox, sandbox: Any) -> Task:
    """A task whose answer was lost, at a gateway whose bill names every task."""
    sandbox.set(log={"ids": "all"})
    sandbox.misbehave("lost_answer", on="create")
    with pytest.raises(SubmissionUnknown) as unknown:
        fox.generate("a fox")
    task = unknown.value.task
    assert task is not None
    return task


def test_a_row_of_the_history_is_settled_by_the_bill(fox: Fox, sandbox: Any) -> None:
    """One press looks at the bill, the next accepts what it proposes, and the picture comes; without them nothing is settled."""
    task = lost(fox, sandbox)
    panel = fox.panel("phota-image")
    assert [action.name for action in panel._outcome.actions(task)] == ["unpaid", "paid", "retry", "bill"]
    press_button("bill", panel._outcome.actions(task))
    assert task.status == "unknown"
    assert panel._outcome.actions(task)[0][:2] == ("accept", "Accept: charged, and fetch its pictures")
    assert lines_of(task.error)[-1] == ACCEPT_IT
    press_button("accept", panel._outcome.actions(task))
    assert task.wait().images
    assert len(sandbox.creations) == 1


@pytest.mark.parametrize("by_hand", ["paid", "unpaid"])
def test_a_row_that_was_settled_by_hand_has_its_picture_fetched(fox: Fox, sandbox: Any, by_hand: str) -> None:
    """When the bill names it after all, one press brings what was paid for."""
    task = lost(fox, sandbox)
    panel = fox.panel("phota-image")
    press_button(by_hand, panel._outcome.actions(task))
    assert panel._outcome.actions(task)[0].name == "retry"
    fox.reconcile()
    assert panel._outcome.actions(task)[0][:2] == ("accept", "Fetch its pictures")
    press_button("accept", panel._outcome.actions(task))
    assert task.wait().images
    assert len(sandbox.creations) == 1


def test_a_training_in_the_history_has_what_any_row_has(fox: Fox, sandbox: Any, tmp_path: Path) -> None:
    """A lost one is settled there, one that failed is tried again for its price, one under way is shown in its tab."""
    archive = tmp_path / "ruth.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for number in range(10):
            photo = io.BytesIO()
            Image.new("RGB", (64, 64), (20 * number, 0, 0)).save(photo, "PNG")
            packed.writestr(f"{number}.png", photo.getvalue())
    studio = fox.studio()
    history = Browser(studio.history)
    history.say("ready")

    def row(task: Task, *wanted: str) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            listed = next(
                (one for one in history.of("list")[-1:] for one in one["items"] if one["key"] == task.identity), {}
            )
            return listed if [name for name, _ in listed.get("actions", [])] == [*wanted] else None

        return until(found, f"a row with {wanted}", show=lambda: history.of("list")[-1:])

    sandbox.misbehave("lost_answer", on="create")
    with pytest.raises(SubmissionUnknown) as unanswered:
        fox.create_profile(archive)
    studio.history.refresh()
    assert LOOK_IT_UP in row(unanswered.value.task, "unpaid", "paid", "retry", "bill")["words"]
    history.say("act", key=unanswered.value.task.identity, name="unpaid", number=0)
    row(unanswered.value.task, "retry")
    sandbox.behave()
    sandbox.misbehave("failed")
    task = fox.create_profile(archive, take=2)
    with pytest.raises(TaskFailed):
        task.wait(60)
    sandbox.behave()
    studio.history.refresh()
    assert row(task, "retry", "bill")["actions"][0][1] == "Try again · $2.90"
    sandbox.misbehave("lasts", seconds=900, times=1)
    history.say("act", key=task.identity, name="retry", number=0)
    row(task, "watch")
    history.say("act", key=task.identity, name="watch", number=0)
    until(lambda: studio.selected_index == list(MODELS).index(task.model) or None, "the tab")
    assert list(studio.profiles.press._under_way) == [task.identity]
    sandbox.advance(1000)
    assert task.wait(60).profile_id
    row(task)
    assert history.of("wrong") == []


def test_what_is_left_of_the_budget_is_said_wherever_one_goes(sandbox: Any, tmp_path: Path) -> None:
    """Each tab that one goes to, and the panel itself after 'Try again', says what is left now; what code asks for is heard of, in the history too."""
    with Fox(sandbox.key, sandbox.base_url, tmp_path / "fox_runs", budget=0.4, polling=EAGER) as fox:
        studio = fox.studio()
        first, second = studio.panels["phota-image"], studio.panels["phota-image-edit"]

        def left(press: Press, words: str) -> None:
            until(lambda: f"{words} of the budget left" in press.note or None, words, show=lambda: press.note)

        left(second._press, "$0.40")
        results = Browser(first._outcome.results)
        first.prompt = "a fox"
        sandbox.misbehave("failed")
        task = first.submit()
        with pytest.raises(TaskFailed):
            task.wait()
        left(first._press, "$0.31")
        studio.selected_index = list(MODELS).index("phota-image-edit")
        left(second._press, "$0.31")
        studio.selected_index = list(MODELS).index("phota-create-profile")
        left(studio.profiles.press, "$0.31")
        until(lambda: results.of("item") or None, "the card")
        results.say("act", key=task.identity, name="retry", number=0)
        left(first._press, "$0.22")
        alone = fox.panel()
        fox.generate("a bear").wait()
        left(studio.profiles.press, "$0.13")
        left(alone._press, "$0.13")
        history = Browser(studio.history)
        history.say("ready")
        studio.selected_index = len(MODELS)
        fox.generate("a cat").wait()
        left(alone._press, "only $0.04")
        assert alone._press.note.endswith("too little)")

        def newest() -> bool:
            listed = history.of("list")
            return bool(listed) and [listed[-1]["items"][0][word] for word in ("title", "status")] == [
                "a cat",
                "completed",
            ]

        until(newest, "the row")


def test_what_a_try_again_costs_is_what_it_says(sandbox: Any, tmp_path: Path) -> None:
    """A new kernel counts by its estimates until the price list has come; cards and rows follow, as the button does."""
    sandbox.set(groups={"default": 3})

    def opened() -> Fox:
        return Fox(sandbox.key, sandbox.base_url, tmp_path / "fox_runs", polling=EAGER)

    with opened() as fox:
        sandbox.misbehave("failed")
        task = fox.generate("a fox")
        with pytest.raises(TaskFailed):
            task.wait(60)
    with opened() as fox:
        held, ask = threading.Event(), fox.session.prices.ask
        fox.session.prices.ask = lambda: (held.wait(60), ask())
        studio = fox.studio()
        panel = studio.panels["phota-image"]
        results, history = Browser(panel._outcome.results), Browser(studio.history)
        panel.follow(fox.tasks()[0])
        panel._outcome.results.refresh()
        history.say("ready")
        until(lambda: history.of("list") or None, "the rows")

        def said() -> list[str]:
            lists = (results.of("list")[-1], history.of("list")[-1])
            return [
                words for one in lists for item in one["items"] for name, words in item["actions"] if name == "retry"
            ]

        assert said() == ["Try again · $0.09"] * 2
        seen(panel)
        held.set()
        until(lambda: said() == ["Try again · $0.27"] * 2 or None, "the price", show=said)
        until(lambda: panel._press.price == "$0.27" or None, "the button's")


def test_what_was_refused_is_no_variation_yet(fox: Fox, sandbox: Any) -> None:
    """After a refusal the button says what it said before, whether a person or code has asked."""
    panel = fox.panel("phota-image", prompt="a fox")
    panel.submit().wait()
    assert panel._press.again
    sandbox.misbehave("no_balance", on="create")
    panel.prompt = "an owl"
    with pytest.raises(InsufficientBalance):
        panel.submit()
    assert not panel._press.again
