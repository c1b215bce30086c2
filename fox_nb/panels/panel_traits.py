"""Panel traits: what a panel has beside its controls; each reads, or is refused, by what the controls show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import traitlets

from fox_nb.errors import FoxError
from fox_nb.parameters import Parameter, is_same


class ByName(dict[str, Any]):
    """A dict that refuses a name it does not have in words.

    Parameters
    ----------
    known : mapping
        What it has.
    refusal : callable
        Gives the error for a name.
    """

    def __init__(self, known: Mapping[str, Any], refusal: Callable[[str], FoxError]) -> None:
        super().__init__(known)
        self._refusal = refusal

    def __missing__(self, name: str) -> Any:
        """Raise what says which names there are."""
        raise self._refusal(name)


class ParameterValue(traitlets.TraitType[Any, Any]):
    """A parameter's plain value, the same that its control shows."""

    def __init__(self, parameter: Parameter) -> None:
        empty = parameter.default or "" if parameter.is_text else parameter.default
        super().__init__(default_value=empty, help=parameter.help)

    def validate(self, panel: Any, value: Any) -> Any:
        """Return it as the control takes it; InvalidRequest where the model refuses it."""
        return panel.checked(str(self.name), value)

    def get(self, obj: Any, cls: Any = None) -> Any:
        """Return what its control shows, of a list a copy: what is appended there would be shown and not sent."""
        value = obj._inputs[self.name].value  # noqa: SLF001 - of the panel's own
        return list(value) if isinstance(value, list) else value

    def set(self, obj: Any, value: Any) -> None:
        """Have the control show it first: whoever hears of it may submit, and nobody does while that is held."""
        super().set(obj, obj._shown(str(self.name), self._validate(obj, value)))  # noqa: SLF001 - of the panel's own


class NewestTask(traitlets.Any):
    """The newest task; it can be read before its observers have heard of it."""

    def get(self, obj: Any, cls: Any = None) -> Any:
        """Return the one that was asked for last."""
        tasks = obj._tasks()  # noqa: SLF001 - its own
        return tasks[-1] if tasks else super().get(obj, cls)


class NewestPictures(traitlets.List[Any]):
    """The newest pictures; who waited for a task finds them before others have heard of its end."""

    def get(self, obj: Any, cls: Any = None) -> Any:
        """Return those of the task that was asked for last of those that have some."""
        found = (task.images for task in reversed(obj._tasks()) if task.images)  # noqa: SLF001 - its own
        return next(found, None) or super().get(obj, cls)


class AllValues(traitlets.Dict):
    """What is set; each reading gives a dict of its own: nobody would hear of a change inside of one."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Fill the panel, at once: a validator of the panel would be put off while notifications are held."""
        if not is_same(value, self.get(obj)):
            obj.fill(value)
        return self.get(obj)

    def get(self, obj: Any, cls: Any = None) -> Any:
        """Return what is set by now, whoever is told of which parameter first."""
        return obj._read()  # noqa: SLF001 - a trait of the panel's own
