"""Visitors: each alone in a store of their own, one budget for all of them together, nothing sent by coming."""

import threading
from pathlib import Path

import pytest

import fox_nb
from artifacts import MARKED_KEY
from fox_nb.sandbox import Sandbox
from fox_nb.settings import Polling

QUICK = Polling(first_looks=(0.05,), at_least=0.05, per_second=50)


@pytest.fixture
def in_voila(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.8")
    monkeypatch.chdir(tmp_path)


def visitor(sandbox: Sandbox, budget: float | None = None) -> fox_nb.Fox:
    return fox_nb.Fox.for_visitor(budget, api_key=MARKED_KEY, base_url=sandbox.base_url, polling=QUICK)


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
    for thread in threads:
        thread.join()
    assert len(sandbox.creations) == 5
    assert ["all visitors" in str(error) for error in told] == [True] * 3
    assert [float(fox.session.left or 0) for fox in foxes] == [0.0] * 8
    for fox in foxes:
        fox.close()


@pytest.mark.usefixtures("in_voila")
def test_what_was_not_accepted_goes_back_to_all(sandbox: Sandbox) -> None:
    """A refusal gives its money back to all; a lost answer keeps it, until somebody says that it was not charged."""
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
        ada.tasks()[0].settle(paid=False)
        assert ben.generate("a boat").wait(60).status == "completed"


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
