"""Forgetting: what a store has of a person is removed, files first; what stays, and what the gateway holds, is said."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fox_nb.atomic import remove_leftovers
from fox_nb.errors import InvalidRequest, StoreError
from fox_nb.session.profiles import Profile
from fox_nb.session.renderer import TERMINAL, Renderer, Shows
from fox_nb.session.session import Session
from fox_nb.store import Store
from fox_nb.store.people import Belongings, People
from fox_nb.store.rows import REPLAYED

_NAMED = 3


@dataclass(frozen=True, repr=False)
class Forgotten(Shows):
    """What forgetting a profile removed, or would remove.

    Attributes
    ----------
    profile : Profile
        Which one.
    done : bool
        False after ``dry_run=True``.
    requests, under_way : int
        How many requests belong to it, and how many of them are not over yet.
    archives, pictures, photos : int
        How many archives of training photos, pictures that were made, and files that were given for them.
    shared : tuple of str
        Files that stay because something else needs them.
    uploads_until : float
        Until when the gateway keeps what was uploaded, seconds since 1970; 0 when nothing is left there.
    gateway : str
        Where it was trained; '' where only a recording tells of it.
    was_trained : bool
        False for a training that came to nothing.
    renderer : Renderer
        Shows it.
    """

    profile: Profile
    done: bool
    requests: int
    under_way: int
    archives: int
    pictures: int
    photos: int
    shared: tuple[str, ...]
    uploads_until: float
    gateway: str
    was_trained: bool
    renderer: Renderer = TERMINAL

    @property
    def lines(self) -> list[str]:
        """What was removed, what stays, and what the gateway still holds, each a sentence."""
        counted = (
            (1, "its name"),
            (self.archives, "its training photos"),
            (self.pictures, _several(self.pictures, "picture")),
            (self.photos, f"{_several(self.photos, 'file')} that went with it"),
        )
        parts = [words for count, words in counted if count]
        removed = ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]
        if self.done:
            lines = [f"{self.profile.name} is forgotten. Removed from this folder: {removed}."]
        else:
            lines = [f"Forgetting {self.profile.name} removes from this folder: {removed}."]
        if self.under_way:
            lines.append(
                f"{_several(self.under_way, 'request')} with it still in progress: forget it when that is over."
            )
        if self.shared:
            named = ", ".join(self.shared[:_NAMED]) + (", …" if len(self.shared) > _NAMED else "")
            lines.append(f"Kept, because other requests or profiles were given them, too: {named}.")
        if self.requests:
            lines.append("The words of the requests and what they cost stay in the history.")
        return [*lines, *self.holds]

    @property
    def holds(self) -> list[str]:
        """What still shows the person elsewhere."""
        where = "The sandbox" if self.gateway == "sandbox" else f"The gateway {self.gateway}"
        lines = []
        if self.was_trained and self.gateway:
            lines.append(f"{where} still holds the trained profile {self.profile.id}: there is no call to delete one.")
            if self.gateway != "sandbox":
                lines.append("To have it deleted, write to the service and name that id.")
        if self.uploads_until:
            until = datetime.fromtimestamp(self.uploads_until).astimezone()
            lines.append(f"{where} keeps what was uploaded until {until:%Y-%m-%d %H:%M}, 72 hours after the upload.")
        lines.append("Saved notebooks and exported pages keep the small pictures in them: clear their outputs.")
        lines.append("What you saved elsewhere, exported, took home or handed in still shows the person.")
        return lines

    def __repr__(self) -> str:
        return "\n".join(self.lines)


def forget(session: Session, profile: Profile, *, dry_run: bool) -> Forgotten:
    """Remove what shows a person, or say what would be removed.

    Raises
    ------
    InvalidRequest
        Something with the profile is under way: what it makes would land after all.
    StoreError
        A file cannot be removed; the history is as it was.
    """
    people, gateway, now = People(session.store.journal), session.gateway.name, session.now()
    if dry_run:
        return _forgotten(session, people.belongings(gateway, profile.id, now), profile, done=False)
    found = people.forget(gateway, profile.id, now, lambda found: _remove(session.store, found))
    if found.under_way:
        raise InvalidRequest(
            f"{_several(len(found.under_way), 'request')} with {profile.name} still in progress; nothing was removed.",
            parameter="profile",
            value=profile.id,
            todo="Forget it when they are over: what they make would land here after all.",
        )
    for row in (one for one in found.tasks if one.gateway == gateway):
        session.task(session.store.journal.get(row.identity))  # whoever shows it learns of it
    return _forgotten(session, found, profile, done=True)


def _forgotten(session: Session, found: Belongings, profile: Profile, *, done: bool) -> Forgotten:
    archives = [source for source in found.sources if source.mime == "application/zip"]
    gateways = [session.gateway.name, *(row.gateway for row in found.tasks)]
    return Forgotten(
        profile=profile,
        done=done,
        requests=len(found.tasks),
        under_way=len(found.under_way),
        archives=len(archives),
        pictures=sum(len(row.pictures) for row in found.tasks),
        photos=len(found.sources) - len(archives),
        shared=tuple(Path(source.origin or source.file).name for source in found.shared),
        uploads_until=found.uploads_until,
        gateway=next((name for name in gateways if not name.startswith(REPLAYED)), ""),
        was_trained=all(row.identity != profile.id for row in found.tasks),
        renderer=session.renderer,
    )


def _remove(store: Store, found: Belongings) -> None:
    paths = [store.path(file) for file in found.files]
    try:
        _remove_made_of_others(store.thumbnails, [store.folder / file for file in found.others])
        for path in paths:
            path.unlink(missing_ok=True)
        # half a picture shows a face, too
        remove_leftovers(store.folder, store.pictures, store.sources, store.thumbnails)
    except OSError as error:
        raise StoreError(
            f"{error.filename or 'A file'} cannot be removed ({error.strerror or error}).",
            money="What was removed before it is gone; the history is as it was.",
            todo="Close what has it open and check the folder's rights, then forget the profile again.",
        ) from None


def _remove_made_of_others(thumbnails: Path, pictures: Sequence[Path]) -> None:
    """Remove all thumbnails and tiles but those of some pictures: of a file elsewhere nobody knows whom it shows.

    They are made again. Those of a picture that stays are not removed: somebody may have deleted the picture itself.
    """
    from fox_nb.images.thumbnail import kept_name

    def of_any_size(name: str) -> tuple[str, ...]:
        return tuple(name.rsplit("-", 2)[::2])

    own = {of_any_size(kept_name(path, thumbnails, 0)) for path in pictures}
    for path in list(thumbnails.glob("[!.]*.webp")):
        if of_any_size(path.name) not in own:
            path.unlink(missing_ok=True)
    stems = {path.stem for path in pictures}
    for folder in list(thumbnails.glob("tiles/*")):
        if not {folder.name, folder.name.rpartition("-")[0]} & stems:  # called as the picture, and by its bytes
            shutil.rmtree(folder)


def _several(count: int, thing: str) -> str:
    return f"no {thing}s" if not count else f"1 {thing}" if count == 1 else f"{count:,} {thing}s"
