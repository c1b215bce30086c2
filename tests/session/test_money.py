"""Money: what is reserved, kept and given back; a budget that any number of processes keep together."""

import contextlib
import os
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artifacts import MARKED_KEY
from counts import Count
from fox_nb import BudgetExceeded, Fox, InvalidRequest
from processes import Child

pytestmark = pytest.mark.usefixtures("noise")


def test_a_budget_is_a_hard_limit(open_fox: Callable[..., Fox], sandbox: Any) -> None:
    """A request that would pass the budget is refused before it is sent, and says what is left."""
    fox = open_fox(budget=0.20)
    fox.generate("a fox").wait()
    with pytest.raises(BudgetExceeded) as refused:
        fox.generate("a cat", resolution="4K")
    assert refused.value.needed == pytest.approx(0.18)
    assert refused.value.left == pytest.approx(0.11)
    assert "only $0.11 of" in str(refused.value)
    assert len(sandbox.creations) == 1
    assert fox.generate("a fox").reused, "what is paid for is free, whatever the budget"
    assert len(fox.tasks()) == 1, "what was refused is not in the journal"


def test_exactly_the_budget(open_fox: Callable[..., Fox]) -> None:
    """A budget can be spent to its last cent."""
    fox = open_fox(budget=0.27)
    for prompt in ("a", "b", "c"):
        fox.generate(prompt)
    with pytest.raises(BudgetExceeded):
        fox.generate("d")
    assert fox.spent == pytest.approx(0.27)


@pytest.mark.parametrize(
    "budget",
    [
        -1,
        "1",
        True,
        float("nan"),
        Decimal("NaN"),
        Decimal("1e400"),
        Decimal("-1e400"),
        Decimal("sNaN"),
        10**400,
        Fraction(10**400),
    ],
)
def test_a_budget_that_is_none(open_fox: Callable[..., Fox], budget: Any) -> None:
    """A budget that is no amount is refused at the door."""
    with pytest.raises(InvalidRequest, match="budget"):
        open_fox(budget=budget)


@pytest.mark.parametrize("budget", [Decimal("0.5"), Fraction(1, 2), np.float32(0.5), np.array(0.5)])
def test_an_amount_may_be_any_number(open_fox: Callable[..., Fox], budget: Any) -> None:
    """A budget, and what a run asks above, are taken as whatever kind of number they are."""
    fox = open_fox(budget=budget)
    assert fox.budget == 0.5
    assert fox.sweep("phota-image", prompt=["a fox"], ask_above=budget).ask_above == 0.5


def test_a_budget_of_nothing(open_fox: Callable[..., Fox]) -> None:
    """A budget of 0 sends nothing."""
    with pytest.raises(BudgetExceeded):
        open_fox(budget=0).generate("a fox")


def test_the_price_list_counts(fox: Fox) -> None:
    """Where the gateway names a price it is no estimate."""
    task = fox.generate("a fox", num_outputs=2, resolution="4K")
    assert task.cost == pytest.approx(0.36)
    assert not task.cost.is_estimate
    assert "play money" in str(task.cost)


def test_without_a_price_list_it_is_an_estimate(open_fox: Callable[..., Fox], sandbox: Any) -> None:
    """Without a price list the table of estimates stands, and says so."""
    sandbox.misbehave("status", on="pricing", times=20, status=404)
    task = open_fox().generate("a fox")
    assert task.cost.is_estimate
    assert "estimate" in str(task.cost)


def test_what_the_gateway_reserved_is_told(fox: Fox) -> None:
    """What the gateway says it reserved is at hand afterwards."""
    assert fox.generate("a fox").wait().cost.credits_reserved is not None


RACER = """
import sys
from fox_nb import BudgetExceeded, Fox
for store in map(str.strip, sys.stdin):
    with Fox(base_url=sys.argv[1], store=store, budget=0.09) as fox:
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            fox.generate("whoever is first", take="new")
            print("sent", flush=True)
        except BudgetExceeded:
            print("refused", flush=True)
"""


def test_forty_races_for_one_picture(sandbox: Any, tmp_path: Path, count: Count) -> None:
    """Forty times three processes race for a budget that pays for one picture: one creation each, and no more."""
    sent = []
    env = {**os.environ, "FOXAPI_KEY": MARKED_KEY}
    with contextlib.ExitStack() as stack:
        racers = [stack.enter_context(Child("-c", RACER, sandbox.base_url, env=env)) for _ in range(3)]
        for race in range(40):
            for racer in racers:
                racer.tell(str(tmp_path / f"race{race}"))
            assert {racer.line("a new store") for racer in racers} == {"ready"}
            for racer in racers:
                racer.tell("go")
            sent.append([racer.line("the end of the race") for racer in racers].count("sent"))
    count(
        "races for a budget of one picture",
        "by three processes",
        races=40,
        sent=sum(sent),
        received=len(sandbox.creations),
    )
    assert sent == [1] * 40
    assert len(sandbox.creations) == 40
