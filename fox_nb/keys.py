"""Keys: a key that nothing shows, and that goes to no other process."""

from __future__ import annotations

from typing import Any, Self

from pydantic import SecretStr


class Key(SecretStr):
    """A key; a client or a gateway that is pickled arrives without one, and says so when it is used."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _no_key, ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self


def _no_key() -> None:
    return None
