"""Training: photos looked at, packed without their metadata, and sent; the profiles as people hold them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from fox_nb.errors import InvalidRequest
from fox_nb.models import take_number
from fox_nb.session.profiles import Profile, Profiles, checked_name, name_or_id
from fox_nb.session.renderer import Shows
from fox_nb.session.uploads import copying, written_name
from fox_nb.store import FORGOTTEN, put
from fox_nb.store.people import same
from fox_nb.store.rows import TRAINS

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.images.photos import PhotoReport
    from fox_nb.images.prepare import Prepared
    from fox_nb.session.forgetting import Forgotten
    from fox_nb.session.photo_report import TrainingPhotoReport
    from fox_nb.session.session import Session
    from fox_nb.session.task import Task

_REASONS = 3


class TrainedProfiles(Shows, Profiles):
    """The profiles that this store knows at this gateway: listed, trained, named, forgotten.

    In a cell it is a table. ``fox.profiles["Ada"].token`` is what puts Ada into a prompt.

    Parameters
    ----------
    session : Session
        What sends and watches.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session.store, session.gateway.name, session.now, session.renderer)
        self._session = session

    # -- training -----------------------------------------------------------------------------------------------

    def look(self, photos: Any, *, on_progress: Callable[[str], None] | None = None) -> TrainingPhotoReport:
        """Look at photos before anything is sent: how many can be used, and what is wrong with the others.

        Parameters
        ----------
        photos
            A folder, a ZIP (path or bytes), or a list of paths, PIL images, bytes, arrays or earlier results.
        on_progress : callable, optional
            Called with words on how far it is; without it a cell shows them.

        Returns
        -------
        TrainingPhotoReport
            In a cell a contact sheet; `train` takes it in place of the photos.

        Raises
        ------
        InvalidRequest
            There is no such folder or archive.
        """
        from fox_nb.images.photos import inspect
        from fox_nb.session.photo_report import TrainingPhotoReport, found_in

        found = found_in(photos)
        with self._progress_line(on_progress) as notify:
            total = len(found.photos)
            report = inspect(found.photos, progress=lambda done: notify(f"Looked at {done} of {total} photos."))
        return TrainingPhotoReport(report.photos, found.note, self.renderer)

    def train(
        self,
        photos: Any,
        name: str,
        *,
        agreed: bool = False,
        take: int | str = 1,
        on_progress: Callable[[str], None] | None = None,
        journalled: Callable[[Task], None] | None = None,
    ) -> Task:
        """Train a profile of one person (``phota-create-profile``); it takes about 20 minutes at the service.

        The usable photos are packed with nothing in them but pixels, so the same photos are the same training: asked
        for again, in this kernel or a later one, it is shown and not paid again. It goes on when the notebook is
        closed; the profile gets its name as soon as its id is known, in whatever kernel that is.

        Parameters
        ----------
        photos
            What `look` takes, or what it gave. 10 usable ones at the least, 30 to 50 are best.
        name : str
            What the profile is to be called; no other profile of this store has that name.
        agreed : bool
            Has to be said: that the person in the photos agreed to have a likeness trained.
        take : int or "new"
            Which training on the same photos.
        on_progress : callable, optional
            Called with words on how far it is.
        journalled : callable, optional
            Called with the task as soon as the journal has it.

        Returns
        -------
        Task
            Its ``profile_id`` is there when it is completed.

        Raises
        ------
        InvalidRequest
            Nothing was sent: nobody said that the person agreed, the name is taken, or too few photos can be used.
        FoxError
            As ``fox.generate``.
        """
        if agreed is not True:
            raise InvalidRequest(
                "agreed=True was not said: the gateway trains on the face in these photos and keeps what it learns.",
                parameter="agreed",
                value=agreed,
                allowed="True",
                todo="Ask the person in the photos; when they agree, say agreed=True.",
            )
        name, number = checked_name(name), take_number(take)
        from fox_nb.images.photos import PhotoReport

        report = photos if isinstance(photos, PhotoReport) else self.look(photos, on_progress=on_progress)
        _check_enough(report)
        with self._progress_line(on_progress) as notify:
            notify(f"Packing {len(report.usable)} photos.")
            packed = self._packed(report)
        task: list[Task] = []

        def begun(asked: Task) -> None:
            task.append(asked)
            self._named(asked, name, prepared)
            if journalled is not None:
                journalled(asked)

        try:
            request, prepared = self._session.validated(TRAINS, {"image_archive_url": packed})
            row = None if number is None else self._session.known(request, number)
            if row is not None and row.error_code == FORGOTTEN:
                raise InvalidRequest(
                    "A profile was trained on these photos, and was forgotten here.",
                    parameter="photos",
                    value=FORGOTTEN,
                    todo=f'Training again is charged again: say take={row.take + 1} or take="new".',
                )
            self._check_free(name, row.identity if row is not None else "")
            return self._session.submit(TRAINS, {"image_archive_url": packed}, take, journalled=begun)
        finally:
            if not task and self._store.catalog.source(packed.sha256) is None and packed.path is not None:
                packed.path.unlink(missing_ok=True)  # nothing was journalled: no faces stay behind

    def _packed(self, report: PhotoReport) -> Prepared:
        """Pack the usable photos into the store, where a later kernel finds them, too."""
        from fox_nb.images.photo_archive import pack
        from fox_nb.images.prepare import Prepared

        with copying(self._store.sources) as part:
            sha256 = pack([photo.source for photo in report.usable], part)
            path = self._store.folder / written_name(sha256, ".zip")
            put(part, path)
        return Prepared(sha256, path.name, None, path, path.read_bytes)

    def _named(self, task: Task, name: str, prepared: dict[str, Prepared]) -> None:
        """Keep the name before anything is sent; a profile that has one already keeps it."""
        if task.reused:
            self._session.uploads.keep(prepared)  # so that one that failed can be sent again
        known = next((one for one in self if one.id == task.profile_id), None)
        if known is None:
            self._people.name_training(self._gateway, task.identity, name, self._now())
        elif known.name == known.id:
            self._name(known.id, name)
        elif not same(known.name, name):
            self.renderer.notify(
                f"these photos trained {known.name!r} already, which keeps its name; fox.profiles.rename changes it."
            )

    @property
    def trainings(self) -> list[Task]:
        """What is being trained, or came to nothing, newest first."""
        waiting = {row.identity for row in self._people.rows(self._gateway) if row.name and not row.profile_id}
        rows = self._store.journal.tasks(self._gateway, model=TRAINS) if waiting else []
        return [self._session.task(row) for row in rows if row.identity in waiting]

    def name_of(self, task: Task) -> str:
        """Return what a training's profile is called, or will be; '' for none."""
        rows = self._people.rows(self._gateway)
        return next((row.name for row in rows if task.identity == row.identity), "")

    # -- forgetting ---------------------------------------------------------------------------------------------

    def forget(self, profile: Profile | str, *, dry_run: bool = False) -> Forgotten:
        """Forget a profile, with everything in this store that shows the person.

        Removed are its name, the photos that it was trained on, every picture that was asked for with its id or made
        from such a picture, and what was given together with it. The requests and what they cost stay in the journal.

        Parameters
        ----------
        profile : Profile or str
            Its name or id. An id that has no name here is looked for, too, and so is a training that came to nothing.
        dry_run : bool
            Only say what would be removed.

        Returns
        -------
        Forgotten
            What was removed, what stays, and what the gateway still holds.

        Raises
        ------
        InvalidRequest
            Nothing here belongs to such a profile, or something with it is still in progress.
        StoreError
            A file cannot be removed; forgetting it again goes on.
        """
        from fox_nb.session.forgetting import forget

        wanted = name_or_id(profile)
        if profile in self:
            return forget(self._session, self[profile], dry_run=dry_run)
        unnamed = self._training(profile) or Profile(wanted, wanted, 0.0)
        gone = forget(self._session, unnamed, dry_run=dry_run)
        if not gone.requests:
            self[profile]  # says what was probably meant
        return gone

    def _training(self, name: Any) -> Profile | None:
        """Find a training that came to nothing, or is under way, by its name or identity; that stands in for an id."""
        rows = [row for row in self._people.rows(self._gateway) if row.name and not row.profile_id]
        found = (row for row in rows if name == row.identity or same(str(name), row.name))
        return next((Profile(row.identity, row.name, row.at) for row in found), None)

    def _progress_line(
        self, on_progress: Callable[[str], None] | None
    ) -> AbstractContextManager[Callable[[str], None]]:
        """Give what says how far the work is: to whom asked, else where the person looks."""
        return nullcontext(on_progress) if on_progress is not None else self.renderer.progress_line()

    # -- showing ------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        lines = [f"{len(self)} profile{'s' * (len(self) != 1)}", *(f"  {one.name}: {one.token}" for one in self)]
        lines += [f"  {self.name_of(task)}: training, {task.status}" for task in self.trainings]
        return "\n".join(lines)

    @property
    def is_sandbox(self) -> bool:
        """True for profiles that the sandbox holds."""
        return self._session.gateway.is_sandbox


def _check_enough(report: PhotoReport) -> None:
    if report.enough:
        return
    wrong = [f"{photo.name}: {photo.problems[0].words}" for photo in report.photos if not photo.usable]
    more = [f"and {len(wrong) - _REASONS} more."] if len(wrong) > _REASONS else []
    raise InvalidRequest(
        " ".join([report.summary, *wrong[:_REASONS], *more]),
        parameter="photos",
        value=len(report.usable),
        todo="Add clear photos of the same face: other angles, light and expressions. fox.profiles.look(…) shows them.",
    )
