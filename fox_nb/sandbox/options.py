"""Options: what can be set on a sandbox, its clock, its prices, and how long its tasks last."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PRICES: Mapping[str, float] = {
    "phota-create-profile": 2.90,
    "phota-image": 0.09,
    "phota-image-edit": 0.09,
    "phota-image-enhance": 0.13,
    "grok-imagine-image": 0.02,
}
"""Play money in USD, one picture each (a profile: one training)."""
MODEL_NAMES = tuple(PRICES)

DOUBLED_AT_4K = ("phota-image", "phota-image-edit")

SECONDS: Mapping[str, float] = {
    "phota-create-profile": 1200,
    "phota-image": 45,
    "phota-image-edit": 45,
    "phota-image-enhance": 45,
    "grok-imagine-image": 40,
}
"""How long a task lasts at speed 1 and 1K, as on the service."""
SECONDS_FOR_4K = 15.0
SECONDS_A_FURTHER_PICTURE = 3.0
DRAWING, DRAWING_4K = 0.2, 1.0
"""Seconds of one core that a picture takes, whatever the speed."""
TRAINING_HURRY = 6.0
"""A training shrinks up to so much faster than the speed says: two minutes at speed 10 would be too long a lesson."""

UPLOAD_LIFE = 72 * 3600.0
RESULT_LIFE = 24 * 3600.0
UNLIMITED = 1e8
"""The gateway's word for a balance without a limit, in USD."""
QUOTA = 500_000
"""The engine's own unit: so many are a USD."""


@dataclass
class Settings:
    """What a sandbox can be told."""

    speed: float = 1.0
    older_form: bool = False
    spread: float = 0.0
    estimate_factor: float = 1.0
    storage_limit: int = 2_000_000_000
    upload_limit: int = 100_000_000
    balance: float = UNLIMITED
    models: Sequence[str] = MODEL_NAMES
    groups: dict[str, float] = field(default_factory=lambda: {"default": 1})
    group: str = "default"
    key_limit: float = UNLIMITED
    key_expires: float = 0
    refunds: bool = True
    log: dict[str, Any] = field(default_factory=dict)
    bill_reads: int = 20
    chance: random.Random = field(default_factory=lambda: random.Random(0), repr=False)

    def change(self, changes: dict[str, Any]) -> None:
        """Take what is named; the OpenAPI document has checked it."""
        vars(self).update(changes)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as JSON has them."""
        return {name: value for name, value in vars(self).items() if name != "chance"}

    def quota_of(self, request: dict[str, Any]) -> int:
        """Return the price of a request in the engine's own unit, for a group that pays so many times the list."""
        return round(credits_of(request) * QUOTA * self.groups.get(self.group, 1) / 100)

    def duration(self, request: dict[str, Any]) -> tuple[float, float]:
        """Return how many seconds a task will last, and how many are told."""
        seconds = SECONDS[request["model"]]
        if request.get("resolution") == "4K":
            seconds += SECONDS_FOR_4K
        seconds += SECONDS_A_FURTHER_PICTURE * (request.get("num_outputs", 1) - 1)
        if request["model"] == "phota-create-profile":
            seconds /= max(1.0, min(self.speed, TRAINING_HURRY))
        drawing = DRAWING_4K if request.get("resolution") == "4K" else DRAWING
        estimate = max(seconds / self.speed, drawing * request.get("num_outputs", 1)) * self.estimate_factor
        lasts = seconds / self.speed * self.chance.lognormvariate(0, self.spread)
        return lasts, estimate


class Clock:
    """The sandbox's clock: the wall's, put forward by what it was told. Links and uploads age by it."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.ahead = ahead

    def now(self) -> float:
        """Return the seconds since 1970."""
        return time.time() + self.ahead


def credits_of(request: dict[str, Any]) -> int:
    """Return the price of a request in credits, hundredths of a USD of play money."""
    price: int = round(100 * PRICES[request["model"]]) * request.get("num_outputs", 1)
    doubled = request["model"] in DOUBLED_AT_4K and request.get("resolution") == "4K"
    return price * (2 if doubled else 1)
