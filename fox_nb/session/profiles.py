"""Profiles: the names of trained profiles; the gateway cannot list them, so the store does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.store import Store


class Profiles:
    """The profiles of one gateway that this store knows.

    Parameters
    ----------
    store : Store
        Where names are kept.
    gateway : str
        Whose profiles.
    clock : callable
        Seconds since 1970.
    """

    def __init__(self, store: Store, gateway: str, clock: Callable[[], float]) -> None:
        self._store = store
        self._gateway = gateway
        self._now = clock

    def names(self) -> dict[str, str]:
        """Return the profiles' names by their ids: the named ones, then what was trained here and has no name."""
        named = {profile.profile_id: profile.name for profile in self._store.catalog.profiles(self._gateway)}
        trained = self._store.journal.tasks(self._gateway, model="phota-create-profile", states=("completed",))
        return {**named, **{row.profile_id: row.profile_id for row in trained if row.profile_id not in named}}
