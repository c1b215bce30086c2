"""Accounts: models, prices, a key's account and its bill, read tolerantly out of calls that are not documented."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fox_nb.money import LEAST_USD, MICRO_A_QUOTA, MOST_USD
from fox_nb.tasks import json_in, number, usable_id, usable_name

UNLIMITED = 1e8
"""The limit that the gateway gives for an account without one, in USD."""

_PRICE_A_CALL = 1
_DECIMAL = r"\s*[0-9]+(\.[0-9]+)?\s*"
CHARGE, REFUND = 2, 6
"""What a line of a key's log is."""
_MOST_QUOTA = 10**15
_MILLISECONDS = 1e11
"""A time above this is in milliseconds: in seconds it would be the year 5138."""
_MOST_MODELS = 500


@dataclass(frozen=True, slots=True)
class Prices:
    """What the gateway asks for a call, in USD.

    Attributes
    ----------
    usd : mapping of str to float
        The models with a fixed price a call, the group's ratio included.
    listed : mapping of str to float
        The same without a group's ratio.
    ratios : mapping of str to float
        How many times the listed price each group pays.
    is_class : bool
        True when the relay of a class gave the list (``fox-nb relay``).
    is_play_money : bool
        True when that class rehearses: the sandbox is behind its relay.
    """

    usd: Mapping[str, float] = field(default_factory=dict)
    listed: Mapping[str, float] = field(default_factory=dict)
    ratios: Mapping[str, float] = field(default_factory=dict)
    is_class: bool = False
    is_play_money: bool = False

    def of(self, model: str) -> float | None:
        """Return the price of one call in USD; None when the gateway names none."""
        return self.usd.get(model)


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account may spend and has spent.

    Attributes
    ----------
    limit_usd : float or None
        None when there is no limit.
    used_usd : float
        Spent so far.
    """

    limit_usd: float | None
    used_usd: float

    @property
    def left_usd(self) -> float | None:
        """What is left in USD, nothing where it is overdrawn; None when there is no limit."""
        return None if self.limit_usd is None else max(0.0, self.limit_usd - self.used_usd)


@dataclass(frozen=True, slots=True)
class Usage:
    """A key's own account, in USD.

    Attributes
    ----------
    name : str
        What the key is called in the console; '' where that is not said.
    used_usd : float
        Spent so far.
    left_usd : float or None
        What is left; None when the key has no limit.
    ends_at : float or None
        When the key ends, in seconds since 1970; None when it never does, or nothing is said of it.
    models : tuple of str or None
        The models that the key may call; None when it is not limited to some, or nothing is said of it.
    """

    name: str
    used_usd: float
    left_usd: float | None
    ends_at: float | None = None
    models: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a key's log.

    Attributes
    ----------
    at : float
        Seconds since 1970, by the gateway's clock.
    model : str
        The gateway's name of the model.
    micro_usd : int
        The amount in millionths of a USD.
    is_refund : bool
        True for what was given back, False for a charge.
    task_id : str
        The task that it is about; '' where it names none.
    group : str
        The group that it was charged for; '' where that is not said.
    line : str
        The log's own number of it, which tells two equal charges apart; '' where it has none.
    is_shared : bool
        True where a class's relay says that others have asked for the same, so that the class pays.
    """

    at: float
    model: str
    micro_usd: int
    is_refund: bool = False
    task_id: str = ""
    group: str = ""
    line: str = ""
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Log:
    """A key's charges and refunds, as far as the gateway tells them: what is not there proves nothing.

    Attributes
    ----------
    entries : tuple of Entry
        In no order that can be relied on.
    date : float or None
        The gateway's own time when it answered.
    """

    entries: tuple[Entry, ...]
    date: float | None = None


def _rows(answer: Any) -> list[Any] | None:
    """Return the list in an answer; None where it has none, or says itself that it is no success."""
    rows = answer.get("data") if isinstance(answer, dict) and answer.get("success") is not False else None
    return rows if isinstance(rows, list) else None


def read_models(answer: Any) -> list[str] | None:
    """Read ``{"data": [{"id": …}]}``; None when it is no list of models."""
    rows = _rows(answer)
    if rows is None:
        return None
    names = (item.get("id") for item in rows if isinstance(item, dict))
    return [name for name in names if isinstance(name, str) and name]


def read_prices(answer: Any, group: str) -> Prices | None:
    """Read the price list; None when it is none.

    Models that are paid by the token are left out. Of several rows of one model the dearest counts, in whatever case
    its name stands; 0 is no price, neither a model's nor a group's: a picture that costs nothing would pass every
    budget. Neither is what is no amount: then the price is not known.
    """
    rows = _rows(answer)
    if rows is None:
        return None
    listed = answer.get("group_ratio")
    ratios = {usable_name(name): counted(value) for name, value in listed.items()} if isinstance(listed, dict) else {}
    ratio = ratios.get(group, 1.0)
    found: dict[str, float] = {}
    for item in rows:
        if not isinstance(item, dict) or counted(item.get("quota_type")) != _PRICE_A_CALL:
            continue
        name, price = usable_name(item.get("model_name")).lower(), counted(item.get("model_price"))
        if name and _is_price(price):
            found[name] = max(found.get(name, 0.0), price or 0.0)
    usd = {name: price * (ratio or 0.0) for name, price in found.items()}
    return Prices(
        {name: price for name, price in usd.items() if _is_price(price)},
        found,
        {name: value for name, value in ratios.items() if name and value is not None and _is_price(value)},
        is_class=answer.get("fox_class") is True,
        is_play_money=answer.get("fox_class") is True and answer.get("play_money") is True,
    )


def read_usage(answer: Any) -> Usage | None:
    """Read a key's own account; None when it is none. Without a limit what is left may be any number.

    Less than nothing was never spent: such an answer is not understood. A key that is overdrawn has nothing left.
    """
    account = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(account, dict) or answer.get("success") is False:
        return None
    used, left = _quota(account.get("total_used")), _quota(account.get("total_available"))
    unlimited = account.get("unlimited_quota") is True
    if used is None or used < 0 or (left is None and not unlimited):
        return None
    return Usage(
        name=usable_name(account.get("name")),
        used_usd=_usd(used),
        left_usd=None if unlimited or left is None else _usd(max(0, left)),
        ends_at=_time(account.get("expires_at")),
        models=_limits(account) if account.get("model_limits_enabled") is not False else None,
    )


def read_log(answer: Any) -> tuple[Entry, ...] | None:
    """Read a key's log; None when it is none, or no line of it that is about money can be read: it is not empty then.

    What is neither a charge nor a refund is left out.
    """
    rows = _rows(answer)
    if rows is None:
        return None
    lines = [item if isinstance(item, dict) else {} for item in rows]
    found = [entry for item in lines if (entry := _entry(item)) is not None]
    return tuple(found) if found or not any(map(_is_of_money, lines)) else None


def _is_of_money(item: dict[str, Any]) -> bool:
    """Return True for a charge or refund of something, as far as that can be told."""
    return counted(item.get("type", CHARGE)) in {CHARGE, REFUND, None} and counted(item.get("quota")) != 0


def read_seat(answer: Any) -> tuple[str, str] | None:
    """Read which class and whose seat in it a key is of; None when it is none."""
    fields = answer if isinstance(answer, dict) else {}
    seat = usable_name(fields.get("class")), usable_name(fields.get("seat"))
    return seat if all(seat) else None


def _entry(item: dict[str, Any]) -> Entry | None:
    """Read one line. What came back may be written as less than nothing; a charge like that is a refund of its task."""
    kind, model = counted(item.get("type", CHARGE)), usable_name(item.get("model_name")).lower()
    quota, at = _quota(counted(item.get("quota"))), _time(counted(item.get("created_at")))
    negative = _quota(counted(_without_minus(item.get("quota")))) if quota is None else None
    other = _other(item)
    task = usable_id(other.get("task_id")) or usable_id(item.get("task_id"))
    if negative is not None and kind == CHARGE and task:
        kind = REFUND
    if negative is not None and kind == REFUND:
        quota = negative
    if kind not in {CHARGE, REFUND} or not quota or at is None or not model:
        return None
    group, line = usable_name(item.get("group")), usable_id(item.get("id"))
    amount, shared = quota * MICRO_A_QUOTA, other.get("shared") is True
    return Entry(at, model, amount, kind == REFUND, task, group, line, is_shared=shared)


def _without_minus(value: Any) -> Any:
    """Return how much a number or a text of one is below nothing, as it would stand there if it were above."""
    if isinstance(value, str):
        return value.strip().removeprefix("-")
    return -value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _other(item: dict[str, Any]) -> dict[str, Any]:
    """Return what an entry says besides, in its JSON."""
    other = item.get("other")
    if isinstance(other, str):
        other = json_in(other)[0]
    return other if isinstance(other, dict) else {}


def _limits(account: dict[str, Any]) -> tuple[str, ...] | None:
    """Return the models that a key is limited to, as a map, a list or a text with commas; None where none are named."""
    limits = account.get("model_limits")
    if isinstance(limits, dict):
        limits = [name for name, on in limits.items() if on]
    elif isinstance(limits, str):
        limits = limits.split(",")
    names = [usable_name(name) for name in limits[:_MOST_MODELS]] if isinstance(limits, list) else []
    return tuple(name for name in names if name) or None


def _quota(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -_MOST_QUOTA < value < _MOST_QUOTA:
        return None  # NaN, too: it is in no range
    return round(value)


def _usd(quota: int) -> float:
    return quota * MICRO_A_QUOTA / 1_000_000


def _time(value: Any) -> float | None:
    """Return a moment in seconds since 1970; None for none, which 0 and what is below mean, too."""
    found = number(value)
    if found is None or found <= 0:
        return None
    seconds = found / 1000 if found > _MILLISECONDS else found
    return seconds if seconds < _MILLISECONDS else None


def _is_price(value: float | None) -> bool:
    return value is not None and LEAST_USD <= value <= MOST_USD


def read_amount(answer: Any, name: str) -> float | None:
    """Read one amount of an account; None where it is none."""
    return counted(answer.get(name)) if isinstance(answer, dict) else None


def counted(value: Any) -> float | None:
    """Return a finite number that is not negative, also out of a text in plain decimals; None for anything else."""
    is_decimal = isinstance(value, str) and re.fullmatch(_DECIMAL, value)
    return number(float(value) if is_decimal else value)
