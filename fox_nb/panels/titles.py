"""Titles: what a person would call a task: people by their names, an enhancement by its picture, a training by whom."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from fox_nb.display import task_pages
from fox_nb.errors import StoreError
from fox_nb.images.sources import link_name
from fox_nb.models import LOCAL_PICTURE, MENTION, MODELS, CreateProfile, pictures_given
from fox_nb.session import Session, Task

_GONE = "a picture no longer in the folder"


class Titles:
    """Names tasks.

    Parameters
    ----------
    session : Session
        Whose tasks, people and files.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.store = session.store

    def of(self, task: Task) -> str:
        """Return a task's title; its own words where the store, which knows names, cannot be read."""
        try:
            return self._of(task)
        except StoreError:
            return task_pages.title(task)

    def _of(self, task: Task) -> str:
        if task.model == CreateProfile.model:
            from fox_nb.session.training import TrainedProfiles

            name = TrainedProfiles(self._session).name_of(task)
            name = name or self._picture(str(task.request.get("image_archive_url") or "")) or task.profile_id
            return f"Training: {name}" if name else "Training"
        prompt = str(task.request.get("prompt") or "")
        if prompt:
            names = self._session.profiles.names() if "[[" in prompt else {}
            return re.sub(MENTION, lambda match: names.get(match[1], match[0]), prompt)
        model = MODELS.get(task.model)
        title = model.title if model else task.model
        named = [self._picture(value) for value in pictures_given(task.request)]
        if not task.is_over and None in named:  # it is being looked at, before it is kept
            return title
        return f"{title}: {', '.join(name or _GONE for name in named)}" if named else title

    def given(self, task: Task) -> Path | None:
        """Return the file of the first local picture that a task was given and that is still there."""
        with contextlib.suppress(StoreError):
            return next(iter(task.originals), None)
        return None

    def _picture(self, value: str) -> str | None:
        """Name a picture that was handed over: an earlier result by its prompt, a file or a link by its name."""
        if not LOCAL_PICTURE.fullmatch(value):
            return link_name(value) or value
        source = self.store.catalog.source(value.removeprefix("sha256:"))
        if source is None:
            return None
        origin = Path(source.origin or source.file)
        inside = origin.relative_to(self.store.folder).as_posix() if origin.is_relative_to(self.store.folder) else ""
        made = self.store.journal.picture_of("", inside) if inside else None
        return self.of(self._session.task(made)) if made is not None else origin.name
