"""Plan: what a sweep would make and cost is known before anything is sent."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fox_nb import ConfirmationNeeded, Fox, FoxError, InvalidRequest
from fox_nb.errors import NOTHING_SENT
from fox_nb.experiments import pages

pytestmark = pytest.mark.usefixtures("noise")


def test_the_call_sends_nothing(fox: Fox, photo: Path, sandbox: Any) -> None:
    """A plan, its numbers, its page and its words cost no request: shape, pictures, amount and minutes are there."""
    sweep = fox.compare_enhance(photo, creativity="0..1 step 0.25", resemblance=[0.2, 0.8], takes=2)
    assert sweep.shape == (2, 5)
    assert sweep.pictures == 20
    assert sweep.paid_already == 0
    assert float(sweep.cost) == pytest.approx(20 * 0.13)
    assert sweep.seconds > 0
    page = pages.page(sweep)
    for words in ("2 by 5", "To make", "$2.60", "play money", "About", "2 variations of each"):
        assert words in page
    assert "20 pictures, 0 made" in repr(sweep)
    assert sandbox.creations == []


def test_values_out_of_range_are_refused_at_once(fox: Fox, photo: Path, sandbox: Any) -> None:
    """One value that the model does not take refuses the whole plan, by name, before anything is sent."""
    with pytest.raises(InvalidRequest, match=r"creativity is 1\.5; allowed is a number from 0 to 1"):
        fox.compare_enhance(photo, creativity=[0, 1.5])
    with pytest.raises(InvalidRequest, match="Did you mean '16:9'"):
        fox.sweep("phota-image", prompt="a fox", aspect_ratio=["1:1", "16x9"])
    with pytest.raises(InvalidRequest, match="without a value"):
        fox.compare_enhance(photo, creativity=[])
    with pytest.raises(InvalidRequest, match="at_once"):
        fox.compare_enhance(photo, at_once=0)
    with pytest.raises(InvalidRequest, match="takes"):
        fox.compare_enhance(photo, takes=0)
    assert sandbox.creations == []


def test_equal_values_count_once(fox: Fox, photo: Path) -> None:
    """A value that is given twice, or differs beyond the fourth decimal only, is one column, and the page says so."""
    sweep = fox.compare_enhance(photo, creativity=[0.3, 0.1 + 0.2, 0.30001, 1], resemblance=[0.5])
    assert sweep.shape == (1, 2)
    assert sweep.pictures == 2
    assert "2 of the values were given twice" in pages.page(sweep)


def test_settings_that_ask_for_the_same_are_made_once(fox: Fox, sandbox: Any) -> None:
    """'not set' and the default are one request: it is sent once, paid once, and shown in both cells."""
    sweep = fox.sweep("phota-image", prompt="a fox", resolution=[None, "1K"]).run()
    assert sweep.shape == (1, 2)
    assert sweep.pictures == 1
    assert len(sandbox.creations) == 1
    first, second = sweep.comparison().cells.values()
    assert first.takes[0].picture == second.takes[0].picture is not None


def test_one_value_and_no_value_that_varies(fox: Fox, sandbox: Any) -> None:
    """A sweep of one cell is a sweep too, and shows itself."""
    sweep = fox.sweep("phota-image", prompt="a fox").run()
    assert sweep.shape == (1, 1)
    assert len(sandbox.creations) == 1
    assert "1 of 1" in pages.page(sweep)


def test_fifty_values_and_two_hundred_cells_are_planned(fox: Fox, photo: Path) -> None:
    """50 values are 50 columns; 200 cells are counted, priced and described, in a page of a few kilobytes."""
    assert fox.compare_enhance(photo, creativity="0..0.98 step 0.02", resemblance=[0.5]).shape == (1, 50)
    sweep = fox.compare_enhance(photo, creativity="0..0.95 step 0.05", resemblance="0..0.9 step 0.1")
    assert sweep.shape == (10, 20)
    assert sweep.pictures == 200
    assert float(sweep.cost) == pytest.approx(26)
    page = pages.page(sweep)
    assert "10 by 20" in page
    assert len(page) < 12_000
    with pytest.raises(ConfirmationNeeded, match=r"200 pictures and may cost \$26\.00"):
        sweep.run()


@pytest.mark.parametrize("above", [0.2, Decimal("0.2")])
def test_more_than_a_set_amount_asks_once_more(fox: Fox, photo: Path, sandbox: Any, above: Any) -> None:
    """Above ask_above nothing is sent until it is said again; below it nobody is asked."""
    sweep = fox.compare_enhance(photo, creativity=[0, 1], resemblance=[0.5], ask_above=above)
    with pytest.raises(ConfirmationNeeded, match=r"2 pictures and may cost \$0\.26") as asked:
        sweep.run()
    assert asked.value.money == NOTHING_SENT
    assert sandbox.creations == []
    sweep.run(confirm=True)
    assert len(sandbox.creations) == 2
    sweep.run()  # all is there: nothing to be asked about


def test_the_budget_holds(open_fox: Callable[..., Fox], photo: Path, sandbox: Any) -> None:
    """A budget for three pictures makes three of nine, says that beforehand, stops, and says why; the rest is not failed."""
    fox = open_fox(budget=0.4)
    sweep = fox.compare_enhance(photo, creativity=[0, 0.5, 1], resemblance=[0, 0.5, 1])
    assert "The budget does not cover all of it" in pages.page(sweep)
    with pytest.raises(FoxError, match=r"The sweep was stopped.*budget") as stopped:
        sweep.run()
    assert "6 of 9 pictures were not sent and not paid" in stopped.value.money
    assert len(sandbox.creations) == 3
    assert sweep.plan.count("done") == 3
    assert sweep.plan.count("failed") == 0
    assert float(fox.spent) == pytest.approx(0.39)


def test_a_budget_that_the_dearest_group_would_pass_is_told_beforehand(
    open_fox: Callable[..., Fox], sandbox: Any
) -> None:
    """While the key's group is not known a budget counts the dearest one's price, and so does what is said of it."""
    sandbox.set(groups={"default": 1, "dear": 3})
    fox = open_fox(budget=0.4)
    fox.session.prices.ask()
    sweep = fox.sweep("phota-image", prompt=["a fox", "a cat"])
    assert sweep.cost < fox.left < sweep.plan.reserved_for(sweep.plan.missing)
    assert "The budget may not cover all of it" in pages.page(sweep)


def test_the_amount_is_of_what_is_missing(fox: Fox, photo: Path) -> None:
    """What an earlier sweep or a single call has paid for is counted as paid, and costs nothing."""
    fox.enhance(photo, resolution="1K", creativity=0.5, resemblance=0.2).wait()
    sweep = fox.compare_enhance(photo, creativity=[0, 0.5], resemblance=[0.2])
    assert sweep.paid_already == 1
    assert float(sweep.cost) == pytest.approx(0.13)


def test_prices_that_change_are_said_before_anything_is_sent(
    fox: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Between plan and press the gateway has doubled its price: the plan says both amounts, then sends."""
    from fox_nb.session import prices

    monkeypatch.setattr(prices, "ASK_AGAIN", 0.0)
    fox.session.prices.ask()
    grid = fox.sweep("phota-image", prompt=["a fox", "a cat"])
    assert grid.cost == pytest.approx(0.18)
    sandbox.set(groups={"default": 2})
    grid.run()
    said = "$0.18 (play money) then, $0.36 (play money) now"
    assert capfd.readouterr().err.count(said) == 1
    assert len(sandbox.creations) == 2


@pytest.mark.usefixtures("own_sandbox")
def test_the_sandboxs_speed_is_counted_before_it_has_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first sweep of a new folder is said to take as long as the sandbox takes, not the service."""
    monkeypatch.setenv("FOX_NB_SANDBOX_SPEED", "9")
    with Fox(store=tmp_path / "runs") as fox:
        assert fox.sweep("phota-image", prompt=["a fox"]).seconds == 5.0
