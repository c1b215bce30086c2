"""Visitor: one of many people at one app: a store of their own, and one budget for all of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

from fox_nb.errors import FoxError
from fox_nb.money import MICRO_PER_USD
from fox_nb.session.billing import Account, Billing
from fox_nb.session.prices import Cost
from fox_nb.session.session import Session
from fox_nb.session.submission import request_of
from fox_nb.settings import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from fox_nb.images.prepare import Prepared
    from fox_nb.session.task import Task
    from fox_nb.store import TaskRow
    from fox_nb.store.ledger import Ledger


class OthersBill(Billing):
    """The bill of a key that belongs to whoever runs the app: no visitor sees it."""

    def account(self, *, quiet: bool = False) -> Account:
        """Return nothing: the key's account is no visitor's."""
        del quiet
        return self.known_account()

    def known_account(self) -> Account:
        """Return nothing: the key's account is no visitor's."""
        return Account(trouble="The key belongs to the people who run this app.", renderer=self._renderer)

    def reconcile(self, *, fresh: bool = False) -> Never:
        """Refuse: the bill of the key names what others have made.

        Raises
        ------
        FoxError
            Always.
        """
        del fresh
        raise FoxError(
            "Only the people who run this app can see its bill.",
            money="Nothing was changed.",
            todo="Ask them, with the time at which you made the picture.",
        )


class VisitorSession(Session):
    """A session whose budget is in a ledger that other stores share.

    Parameters
    ----------
    ledger : Ledger
        The purse of all visitors.
    budget : float
        USD for all of them together.
    *args, **options
        What `Session` takes.
    """

    billing_class = OthersBill

    def __init__(self, *args: Any, ledger: Ledger, budget: float, **options: Any) -> None:
        super().__init__(*args, budget=None, **options)
        self._ledger = ledger
        self._shared_limit = round(budget * MICRO_PER_USD)
        self._shared_account = "sandbox" if self.gateway.is_sandbox else fingerprint(self.gateway.key, ledger.salt)
        self._visitor = self.store.folder.name
        self._held: dict[int, int] = {}
        """What the ledger holds for a sending, by the number of its charge."""

    @property
    def left(self) -> Cost:
        """What all visitors together have left."""
        spent = self._ledger.spent(self.gateway.name, self._shared_account)
        return self.prices.money(max(0, self._shared_limit - spent) / MICRO_PER_USD)

    @property
    def limit(self) -> float:
        """The budget of all visitors together."""
        return self._shared_limit / MICRO_PER_USD

    def settle(self, task: Task, *, paid: bool, task_id: str = "") -> None:
        """Note that a lost answer was charged; anything else is for whoever runs the app, who has the bill.

        Raises
        ------
        FoxError
            It would give a visitor back what is others', or another visitor's pictures.
        """
        if not paid or task_id:
            raise FoxError(
                "Only the people who run this app can check whether it was charged.",
                money="Until they do, it counts against the budget that all visitors share.",
                todo="Tell them when it happened, or make another picture.",
            )
        super().settle(task, paid=True)

    def close(self) -> None:
        """Stop all threads, and close the ledger."""
        super().close()
        self._ledger.close()

    def _hand_on(self, task: Task, row: TaskRow, prepared: Mapping[str, Prepared]) -> Future[None]:
        self._held[row.charge] = self._ledger.hold(
            self.gateway.name,
            self._shared_account,
            request_of(row).micro_usd_at(self.prices.counted(row.model)),
            budget=self._shared_limit,
            visitor=self._visitor,
            what=task.identity,
            now=self.now(),
            play=self.prices.is_play_money,
        )
        return super()._hand_on(task, row, prepared)

    def _refused(self, task: Task | None, row: TaskRow, error: BaseException) -> None:
        """Give back what this sending was refused, before anybody is told that it was."""
        held = self._held.pop(row.charge, None)
        if held is not None:
            self._ledger.give_back(held)
        super()._refused(task, row, error)
