"""Faults: the schedule of what goes wrong, and when; the two tables of faults say what each one does.

The tables hold what people rehearse with their notebooks. What only a broken or a hostile gateway does is put into them
by the tests (`tests/sandbox_faults.py`), before they start a sandbox.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from fox_nb.sandbox.http_faults import CALLS, HTTP_FAULTS, Fault
from fox_nb.sandbox.task_faults import ON_TASK, TASK_FAULTS

SCHEDULE: dict[str, Any] = {
    "times": {"type": "integer", "minimum": 1, "description": "How often; once, or with a rate for ever, if left out"},
    "after": {"type": "integer", "minimum": 0, "description": "How many such calls are let through first"},
    "rate": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "description": "On what part of the calls"},
    "seed": {"type": "integer", "description": "Makes the rate's chances repeatable"},
    "model": {"type": "string", "description": "Only on creations, or on tasks, of this model"},
    "label": {"type": "string", "minLength": 1, "description": "By what it can be ended alone"},
}


def fault_schemas() -> dict[str, Any]:
    """Return the components of the OpenAPI document that describe a fault: one schema for each row of the tables."""
    rows = {name: _schema(name, row) for name, row in _all_rows().items()}
    places = {name: f"#/components/schemas/Fault_{name}" for name in rows}
    union = {
        "oneOf": [{"$ref": place} for place in places.values()],
        "discriminator": {"propertyName": "fault", "mapping": places},
    }
    return {"Fault": union} | {f"Fault_{name}": row for name, row in rows.items()}


def _all_rows() -> dict[str, Fault[Any]]:
    return {**HTTP_FAULTS, **TASK_FAULTS}


def _schema(name: str, row: Fault[Any]) -> dict[str, Any]:
    own = {"fault": {"const": name}, "on": {"enum": list(row.calls), "default": row.calls[0]}}
    return {
        "type": "object",
        "description": row.about,
        "properties": {**own, **row.parameters, **SCHEDULE},
        "required": ["fault", *row.required],
        "additionalProperties": False,
    }


@dataclass
class _Due:
    spec: dict[str, Any]
    times: int | None
    skip: int
    chance: random.Random = field(repr=False)

    def hits(self, model: str | None) -> bool:
        """Whether this call is the one; counts it."""
        if self.spec.get("model", model) != model:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if "rate" in self.spec and self.chance.random() >= self.spec["rate"]:
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """What is still to go wrong. Nothing of it outlives the process; the faults of a task do, with the task."""

    def __init__(self) -> None:
        self._due: list[_Due] = []
        self.happened: Counter[str] = Counter()
        """How often each one came to pass, by its name."""

    def add(self, spec: dict[str, Any]) -> None:
        """Schedule one fault, which must be as the OpenAPI document says."""
        calls = _all_rows()[spec["fault"]].calls
        times = spec.get("times", None if "rate" in spec else 1)
        chance = random.Random(spec.get("seed"))
        self._due.append(_Due({"on": calls[0], **spec}, times, spec.get("after", 0), chance))

    def clear(self, label: str | None = None) -> None:
        """Behave again; with a label, as far as the fault that has it goes."""
        self._due = [due for due in self._due if label is not None and due.spec.get("label") != label]

    def remaining(self) -> list[dict[str, Any]]:
        """Return what is still due."""
        return [{**due.spec, "times": due.times, "after": due.skip} for due in self._due]

    def on_call(self, call: str | None, model: str | None = None) -> dict[str, Any] | None:
        """Return the fault of this call, if any: the first one scheduled."""
        return next(iter(self._draw(call, model, most=1)), None) if call in CALLS else None

    def on_task(self, model: str) -> list[dict[str, Any]]:
        """Return all faults of this new task."""
        return self._draw(ON_TASK[0], model, most=len(TASK_FAULTS))

    def _draw(self, call: str | None, model: str | None, most: int) -> list[dict[str, Any]]:
        drawn: list[dict[str, Any]] = []
        for due in self._due:
            if len(drawn) < most and due.spec["on"] == call and due.hits(model):
                drawn.append(due.spec)
                self.happened[due.spec["fault"]] += 1
        self._due = [due for due in self._due if due.times != 0]
        return drawn
