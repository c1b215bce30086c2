"""Field: what every parameter's control has in common, and what it is given from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fox_nb.parameters import Parameter
    from fox_nb.store import Store
    from fox_nb.widgets.control import Control


class Profiles(Protocol):
    """The names that the store knows profiles by."""

    def names(self) -> dict[str, str]:
        """Return the profiles' names by their ids."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What fields need from outside.

    Attributes
    ----------
    profiles : Profiles
        What selectors of profiles offer.
    store : Store
        Where earlier pictures are, and thumbnails.
    later : callable
        Has slow work done on another thread.
    """

    profiles: Profiles
    store: Store
    later: Callable[[Callable[[], Any]], Any]


class Field:
    """One parameter's control.

    Attributes
    ----------
    control : Control
        What has the value in the browser.
    """

    control: Any

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter
        self._callbacks: list[Callable[[], None]] = []

    @property
    def part(self) -> Control:
        """What is shown."""
        control: Control = self.control
        return control

    @property
    def valued(self) -> list[Control]:
        """The parts whose values in the browser count at a press."""
        return [self.control]

    @property
    def value(self) -> Any:
        """What the request gets; None leaves it out."""
        return self.read({})

    def read(self, seen: Mapping[str, Any]) -> Any:
        """Return the value, of the browser's controls by their ids where it is known from there."""
        return self.meant(seen.get(self.control.id, self.control.value))

    def meant(self, value: Any) -> Any:
        """Return what the request gets for a control's value."""
        return value

    def set(self, value: Any) -> None:
        """Fill the control; None empties it."""
        self.control.value = value

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each change."""
        self._callbacks.append(callback)

    def tell(self) -> None:
        """Tell those who asked that something has changed."""
        for callback in tuple(self._callbacks):
            callback()

    def check(self, seen: Mapping[str, Any]) -> None:
        """Refuse what must not be sent as it stands; most fields leave that to the request class."""

    def put_away(self, words: str) -> None:
        """Switch it off and say why; '' switches it on again."""
        self.control.away = words

    def refresh(self) -> None:
        """Take over what is new in the store."""
