"""Task pages: a task, a picture, a list of tasks, profiles and photos as the static HTML that stays in the notebook."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from fox_nb.errors import NOTHING_SENT, FoxError
from fox_nb.models import MODELS
from fox_nb.parameters import Parameter, parameters
from fox_nb.settings import named
from fox_nb.store import ON_ITS_WAY
from fox_nb.workdir import below, notebook_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fox_nb.render.image_grid import Picture
    from fox_nb.session.billing import Account, Reconciliation
    from fox_nb.session.image import Image
    from fox_nb.session.task import Task
    from fox_nb.session.tasklist import TaskList
    from fox_nb.session.training import TrainedProfiles

MOST_ROWS = 50


def page(thing: Any) -> str:
    """Show any of a session's things as it stands."""
    from fox_nb.session import Image, Task, TaskList

    if isinstance(thing, Task):
        return task_page(thing)
    if isinstance(thing, Image):
        return picture_page(thing)
    if isinstance(thing, TaskList):
        return tasks_page(thing)
    return _page_of_people(thing)


def tasks_of(thing: Any) -> Sequence[Task]:
    """Return the tasks that a thing's page shows, by which it changes."""
    from fox_nb.session import Task, TaskList
    from fox_nb.session.training import TrainedProfiles

    if isinstance(thing, Task):
        return [thing]
    if isinstance(thing, TaskList):
        return thing[:MOST_ROWS]
    return thing.trainings if isinstance(thing, TrainedProfiles) else ()


def _page_of_people(thing: Any) -> str:
    from fox_nb.session.billing import Account, Reconciliation
    from fox_nb.session.forgetting import Forgotten
    from fox_nb.session.photo_report import TrainingPhotoReport
    from fox_nb.session.training import TrainedProfiles

    if isinstance(thing, TrainingPhotoReport):
        from fox_nb.render.contact_sheet import contact_sheet

        return contact_sheet(thing, ignored=thing.ignored)
    if isinstance(thing, TrainedProfiles):
        return profiles_page(thing)
    if isinstance(thing, (Account, Reconciliation)):
        return bill_page(thing)
    if isinstance(thing, Forgotten):
        from fox_nb.render.html import frame, notes

        return frame(notes(thing.lines))
    raise TypeError(f"{type(thing).__name__} has no page")


def bill_page(thing: Account | Reconciliation) -> str:
    """Show a key's account, or what its bill says of this store's tasks."""
    from fox_nb.render.html import facts_line, frame, head, notes
    from fox_nb.session.billing import Account

    if isinstance(thing, Account):
        sandbox = thing.used is not None and thing.used.is_play_money
        title, facts, lines = "The key's account", thing.facts, [thing.trouble]
    else:
        sandbox = thing.charged.is_play_money
        title, facts, lines = "What the bill says", [], thing.lines
    return frame(head(title, sandbox=sandbox), facts_line(facts), notes(line for line in lines if line))


def profiles_page(profiles: TrainedProfiles) -> str:
    """List trained profiles, those in training first."""
    from fox_nb.render.profile_list import profiles_table

    known = [(one.name, one.id, one.at, "") for one in reversed(list(profiles))]
    waiting = [(profiles.name_of(task), "", task.asked_at, f"training, {task.status}") for task in profiles.trainings]
    return profiles_table([*waiting, *known], sandbox=profiles.is_sandbox)


def words_page(words: str) -> str:
    """Show a sentence; nothing for an empty one."""
    from fox_nb.render.html import frame, note

    return frame(note(words)) if words else ""


def task_page(task: Task) -> str:
    """Show a task as it stands: under way, its pictures, or what went wrong."""
    from fox_nb.render import progress

    if task.status == "completed" or (task.images and task.error is not None and not task.is_watched):
        return _with_pictures(task)
    if (found := task.proposal) is not None:
        what, bill = str(task.error.what if task.error else ""), found.words if task.row.bill else ""
        return progress.unknown(
            title(task), _local(task.sent_at), what=what, bill=bill, accept=found.code, **_about(task)
        )
    if task.status in {"failed", "refused"} or (task.error is not None and not task.is_watched):
        error = task.error
        words = (error.what, error.money, error.todo) if error else ("",)
        return progress.failure(title(task), *words, pill=task.status, **_about(task))
    return progress.progress(progress_of(task), sandbox=task.cost.is_play_money)


def progress_of(task: Task) -> Any:
    """Return what is seen of a task under way at this moment."""
    from fox_nb.render.progress import Progress

    here = len(task.images)
    landed = f"{here} of {task.row.wanted} pictures are here." if here else ""
    return Progress(
        title=title(task),
        status=task.status,
        percent=task.progress,
        sent=_local(task.sent_at),
        seen=datetime.now().astimezone(),
        estimated=task.estimate,
        facts=facts(task),
        note=str(task.trouble) if task.trouble is not None else landed,
    )


def done_line(task: Task, count: int) -> str:
    """Say in one line how a task ended, where its pictures are shown elsewhere; of several the last, and how many."""
    from fox_nb.render.html import bdi, duration, frame

    how = f" in {duration(task.waited)}" if not task.reused else ""
    several = f"{count} tasks completed, the last" if count > 1 else ""
    words = f"{several}{how}: {bdi(title(task), 120)}" if several else f"{bdi(title(task), 120)}: completed{how}"
    return frame(f'<p class="fx-line">{words}</p>')


def error_page(error: FoxError) -> str:
    """Show what went wrong with a call: what, the money, what next."""
    from fox_nb.render.progress import failure

    short = "Not sent" if error.money == NOTHING_SENT else "It did not work"
    return failure(short, error.what, error.money, error.todo)


def picture_page(image: Image) -> str:
    """Show one picture."""
    from fox_nb.render.image_grid import grid

    picture = _picture(image, alt=image.path.stem, edge=896, max_bytes=90_000)
    why = "cannot be read" if image.path.exists() else "is no longer in the folder"
    return grid([picture] if picture else [], title="", empty=f"{image.path.name} {why}.")


def tasks_page(tasks: TaskList) -> str:
    """List tasks with their pictures, the settings in which they differ, states, times and costs."""
    from fox_nb.render.table import tasks_table

    shown = tasks[:MOST_ROWS]
    differing = differences([dict(settings(task)) for task in shown])
    rows = [_table_row(task, [values[at] for values in differing.values()]) for at, task in enumerate(shown)]
    return tasks_table(rows, total=tasks.total, sandbox=tasks.is_sandbox, settings=list(differing), empty=tasks.empty)


def pictures_of(task: Task) -> list[Picture]:
    """Return a task's pictures as a grid takes them; those that somebody has deleted are left out."""
    from fox_nb.images.thumbnail import size_for

    images = task.images
    edge, max_bytes = size_for(len(images))
    pictures = (
        _picture(image, alt=title(task), edge=edge, max_bytes=max_bytes, mark=f"{task.identity}/{image.number}")
        for image in images
    )
    return [picture for picture in pictures if picture is not None]


def title(task: Task) -> str:
    """Return what a task is about: its prompt, else its model's name."""
    model = MODELS.get(task.model)
    return str(task.request.get("prompt") or (model.title if model else task.model))


def facts(task: Task) -> list[tuple[str, str]]:
    """Return what tells one task from another: model, what is not default, take, price."""
    found = [("", task.model)]
    for parameter, value in _settings(task):
        if value is not None and (value != parameter.default or parameter.name in {"aspect_ratio", "resolution"}):
            found.append((parameter.label, _plain(value)))
    if task.take != 1:
        found.append(("Variation", str(task.take)))
    found.append(("Cost", str(task.cost)))
    return found


def settings(task: Task) -> Iterator[tuple[str, str]]:
    """Give a task's settings by their labels: neither what it is about, nor the pictures that it was given."""
    return ((parameter.label, _plain(value)) for parameter, value in _settings(task))


def differences(rows: Sequence[dict[str, str]]) -> dict[str, list[str]]:
    """Return the settings in which rows that have them differ, with every row's value; '' where it has none."""
    labels = dict.fromkeys(label for row in rows for label in row)
    differing = [label for label in labels if len({row[label] for row in rows if label in row}) > 1]
    return {label: [row.get(label, "") for row in rows] for label in differing}


def _settings(task: Task) -> Iterator[tuple[Parameter, Any]]:
    model = MODELS.get(task.model)
    for parameter in parameters(model) if model else ():
        if parameter.name != "prompt" and not parameter.hint.is_file:
            yield parameter, task.request.get(parameter.name)


def _plain(value: Any) -> str:
    """Write a parameter's value as people write it: 1 and not 1.0."""
    if value is None:
        return "not set"
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else f"{value}"


def _with_pictures(task: Task) -> str:
    """Show what there is, and say below it what is missing."""
    from fox_nb.render.html import duration, when
    from fox_nb.render.image_grid import grid

    reused = None
    if task.reused:
        reused = f"Made on {when(task.asked_at)}; shown again for free. For another variation: take={task.take + 1}."
    extra = [("Profile", task.profile_id)] if task.profile_id else []
    took = [("Took", duration(task.waited))] if task.status == "completed" else []
    pictures = pictures_of(task)
    missing = str(task.error) if task.error is not None else _missing(task, len(pictures))
    return grid(
        pictures,
        title=title(task),
        facts=[*facts(task), *extra, *took],
        notes_below=[missing] if missing else [],
        sandbox=task.cost.is_play_money,
        reused=reused,
        code=task.code(),
        empty="The profile is trained." if task.profile_id else "There are no pictures here.",
    )


def _missing(task: Task, shown: int) -> str:
    """Say what is not there of a task that is done; '' where all is."""
    images = task.images
    deleted = sum(not image.path.exists() for image in images)
    if deleted:
        return f"{deleted} of its files are no longer in the folder."
    if shown < len(images):
        return f"{len(images) - shown} of its files cannot be read."
    if shown < task.row.wanted and not task.profile_id:
        return f"{shown} of {task.row.wanted} pictures have arrived."
    return ""


def _about(task: Task) -> dict[str, Any]:
    return {"facts": facts(task), "sandbox": task.cost.is_play_money, "code": task.code()}


def _picture(image: Image, *, alt: str, edge: int, max_bytes: int, mark: str = "") -> Picture | None:
    """Return a small picture; None for a file that was deleted or damaged: the page still shows all else."""
    from fox_nb.images.thumbnail import MIME
    from fox_nb.render.image_grid import Picture

    try:
        thumbnail = image.thumbnail(edge, max_bytes=max_bytes)
    except FoxError:
        return None
    return Picture(
        thumbnail=thumbnail,
        mime=MIME,
        width=image.width,
        height=image.height,
        alt=alt,
        href=_beside_the_notebook(image.path) if image.path.exists() else None,
        mark=mark,
    )


def _table_row(task: Task, values: Sequence[str]) -> Any:
    from fox_nb.render.table import TableLine

    images = task.images
    return TableLine(
        title=title(task),
        model=task.model,
        settings=values,
        status=task.status,
        asked=_local(task.asked_at),
        took=None if task.status in ON_ITS_WAY else task.waited,
        cost=float(task.cost),
        take=task.take,
        count=len(images),
        picture=_picture(images[0], alt="", edge=112, max_bytes=4000) if images else None,
    )


def near(path: Path) -> str:
    """Name a file by its path from the notebook's folder, else by its whole path, which no visitor is told."""
    return _beside_the_notebook(path) or named(path)


def _beside_the_notebook(path: Path) -> str | None:
    """Return a link that works from the notebook's folder; None for a store elsewhere."""
    return below(path, notebook_folder())


def _local(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds).astimezone()
