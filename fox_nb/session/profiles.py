"""Profiles: the names of trained profiles; the gateway cannot list them, so the store does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from fox_nb.errors import InvalidRequest
from fox_nb.models import bare
from fox_nb.parameters import meant, not_allowed, shown
from fox_nb.session.renderer import Renderer
from fox_nb.sharing import OfOneProcess
from fox_nb.store import Store
from fox_nb.store.people import People, ProfileRow, same

LONGEST_NAME = 60
MOST_TOLD = 5
"""Unknown ids of one plan that are told one by one."""
# Left to re's own cache: compiling them would cost every panel.
_ID = r"[^\s\[\]]{1,200}"


class Profile(NamedTuple):
    """A profile that can be used.

    Attributes
    ----------
    id : str
        The gateway's id, for ``profile_ids``.
    name : str
        The person's name for it, unique in this store and gateway; the id where it has none.
    at : float
        When it was asked for or added, seconds since 1970.
    """

    id: str
    name: str
    at: float

    @property
    def token(self) -> str:
        """What puts it into a prompt: ``[[id]]``."""
        return f"[[{self.id}]]"


class Profiles(OfOneProcess):
    """The profiles of one gateway that this store knows.

    Parameters
    ----------
    store : Store
        Where names are kept.
    gateway : str
        Whose profiles.
    clock : callable
        Seconds since 1970.
    renderer : Renderer
        Says what is good to know.
    """

    def __init__(self, store: Store, gateway: str, clock: Callable[[], float], renderer: Renderer) -> None:
        self.renderer = renderer
        self._store = store
        self._gateway = gateway
        self._now = clock
        self._people = People(store.journal)
        self._mentioned: set[str] = set()

    # -- what is known ------------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Profile]:
        taken: list[str] = []
        for row in self._people.rows(self._gateway):
            if row.profile_id:
                name = _free(row.name or row.profile_id, taken)
                taken.append(name)
                yield Profile(row.profile_id, name, row.at)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, profile: object) -> bool:
        return any(profile in (known, known.id) or same(str(profile), known.name) for known in self)

    def __getitem__(self, profile: Profile | str) -> Profile:
        """Find a profile by its name or id.

        Raises
        ------
        InvalidRequest
            The store does not know it; says what was probably meant.
        """
        known = list(self)
        wanted = name_or_id(profile)
        by_id = next((one for one in known if one.id == wanted), None)
        found = by_id or next((one for one in known if same(wanted, one.name)), None)
        if found is not None:
            return found
        names = tuple(word for one in known for word in dict.fromkeys((one.name, one.id)))
        raise InvalidRequest(
            f"There is no profile {shown(wanted)} in this folder.{meant(wanted, names)}",
            parameter="profile",
            value=wanted,
            todo="fox.profiles lists them; fox.profiles.add(profile_id, name) adds one by its id.",
        )

    def names(self) -> dict[str, str]:
        """Return the profiles' names by their ids, newest first; one that has no name is called by its id."""
        return {profile.id: profile.name for profile in reversed(list(self))}

    # -- names --------------------------------------------------------------------------------------------------

    def add(self, profile_id: str, name: str) -> Profile:
        """Add a profile by its id, such as one that was trained elsewhere; one that has a name keeps it.

        Parameters
        ----------
        profile_id : str
            The gateway's id. Nothing asks the gateway whether it is there: it has no call for that.
        name : str
            What it is to be called here.

        Raises
        ------
        InvalidRequest
            It cannot be an id, or another profile has the name.
        """
        key = _checked_id(profile_id)
        known = next((one for one in self if one.id == key and one.name != key), None)
        if known is None:
            self._name(key, checked_name(name))
        elif not same(known.name, name):
            self.renderer.notify(
                f"{key} is known as {known.name!r} already and keeps that name; fox.profiles.rename changes it."
            )
        return self[key]

    def rename(self, profile: Profile | str, name: str) -> Profile:
        """Give a profile another name.

        Parameters
        ----------
        profile : Profile or str
            Its name or id.
        name : str
            The new name.

        Raises
        ------
        InvalidRequest
            There is no such profile, or another one has the name.
        """
        key = self[profile].id
        self._name(key, checked_name(name))
        return self[key]

    def export(self) -> list[dict[str, str]]:
        """Return names and ids as plain rows: for ``json.dump``, ``csv.DictWriter`` or a data frame."""
        return [
            {
                "profile_id": profile.id,
                "name": profile.name,
                "gateway": self._gateway,
                "added": datetime.fromtimestamp(profile.at, UTC).isoformat(timespec="seconds"),
            }
            for profile in self
        ]

    def load(self, rows: Iterable[Mapping[str, Any]]) -> list[Profile]:
        """Take in what `export` gave in another store; what is known keeps its name.

        Rows of another gateway are left out: an id means nothing elsewhere. A name that is taken gets a number.

        Parameters
        ----------
        rows : iterable of mapping
            As `export` gives them.

        Returns
        -------
        list of Profile
            What was added.

        Raises
        ------
        InvalidRequest
            They are no rows, or an id or a name cannot be one; nothing was added.
        """
        listed = list(rows) if isinstance(rows, Iterable) and not isinstance(rows, Mapping) else [rows]
        if not all(isinstance(row, Mapping) and _is_profile(row) for row in listed):
            raise InvalidRequest(
                "What was given is no list of profiles.",
                parameter="rows",
                allowed="what fox.profiles.export() gave, a list of dicts",
                todo="Read a file first, such as json.loads(Path(…).read_text()).",
            )
        ours = [row for row in listed if row.get("gateway", self._gateway) == self._gateway]
        if len(ours) < len(listed):
            self.renderer.notify(
                f"{len(listed) - len(ours)} of {len(listed)} profiles belong to another gateway and were left out."
            )
        named = [(_checked_id(row["profile_id"]), row.get("name") or row["profile_id"]) for row in ours]
        checked = [(key, checked_name(name[:LONGEST_NAME] if name == key else name)) for key, name in named]
        added = []
        for key, name in checked:
            known = list(self)
            if all(one.id != key for one in known):
                added.append(self.add(key, _free(name, [one.name for one in known])))
        return added

    def point_out(self, mentioned: Iterable[str]) -> None:
        """Say, once for each, which ids of requests the store does not know; no request is held up."""
        new = [key for key in dict.fromkeys(mentioned) if key not in self._mentioned]
        self._mentioned.update(new)
        known = list(self) if new else []
        ids = {one.id: one.name for one in known}
        unknown = [key for key in new if key not in ids]
        for key in unknown[:MOST_TOLD]:
            near = next((one for one in known if same(key, one.name)), None)
            if near is not None:
                self.renderer.notify(f"{shown(key)} is a profile's name; the gateway wants its id: {near.token}.")
            else:
                hint = meant(key, (*ids.values(), *ids))
                self.renderer.notify(f"the profile {shown(key)} is not in this folder; it is sent unchanged.{hint}")
        if more := len(unknown[MOST_TOLD:]):
            self.renderer.notify(f"… and {more:,} more ids that are not in this folder; they are sent unchanged.")

    def _name(self, profile_id: str, name: str) -> None:
        holder = self._people.name(self._gateway, profile_id, name, self._now())
        if holder is not None:
            raise _taken(name, holder)

    def _check_free(self, name: str, identity: str) -> None:
        """Refuse a name that another profile, or the training of one, has."""
        for row in self._people.rows(self._gateway):
            own = identity and row.identity == identity
            if not own and row.holds_its_name and same(name, row.name, row.profile_id):
                raise _taken(name, row)


def _checked_id(profile_id: Any) -> str:
    key = bare(profile_id)
    if isinstance(key, str) and re.fullmatch(_ID, key):
        return key
    raise InvalidRequest(
        f"profile_id is {shown(profile_id)}, which cannot be an id: it has no blanks and no brackets.",
        parameter="profile_id",
        value=profile_id,
        todo="Copy the id as the gateway gave it when the training was done.",
    )


def checked_name(name: Any) -> str:
    """Return a name as it is kept: one line, with no characters that can't be seen or turn the direction of writing.

    Raises
    ------
    InvalidRequest
        Nothing is left of it, or it is too long.
    """
    from fox_nb.render.html import clip

    kept = clip(name, 4 * LONGEST_NAME) if isinstance(name, str) else ""
    if not kept or len(kept) > LONGEST_NAME:
        raise not_allowed("name", name, f"a text of 1 to {LONGEST_NAME} characters")
    return kept


def _is_profile(row: Mapping[str, Any]) -> bool:
    """Return True for a row with an id, and with a name where it has one."""
    return isinstance(row.get("profile_id"), str) and isinstance(row.get("name") or "", str)


def name_or_id(profile: Any) -> str:
    """Return what somebody calls a profile by.

    Raises
    ------
    InvalidRequest
        It is no text, or nothing is left of it, like the id of a training that is not done.
    """
    wanted = bare(profile)
    if isinstance(wanted, str) and wanted:
        return wanted
    todo = "fox.profiles lists those of this folder; a training has no id before it is done."
    raise not_allowed("profile", profile, "a profile's name or id", todo=todo)


def _free(name: str, taken: list[str]) -> str:
    """Return a name, with a number behind it where it is taken."""
    found, number = name, 1
    while same(found, *taken):
        number += 1
        found = f"{name[: LONGEST_NAME - 5]} ({number})"
    return found


def _taken(name: str, row: ProfileRow) -> InvalidRequest:
    holder = row.profile_id or "a profile that is being trained"
    return InvalidRequest(
        f"The name {shown(name)} belongs to {holder} already.",
        parameter="name",
        value=name,
        todo="Choose another name, or rename that one with fox.profiles.rename(…).",
    )
