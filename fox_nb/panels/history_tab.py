"""History tab: the store's tasks, found by model, text and date; favourites; several to keep, or to take along."""

from __future__ import annotations

import csv
import io
import shutil
import threading
import time
import zipfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import traitlets

from fox_nb.errors import FoxError
from fox_nb.models import MODELS
from fox_nb.money import dollars
from fox_nb.panels.task_cards import Action, TaskCards
from fox_nb.panels.titles import Titles
from fox_nb.render.html import clip, table_cell
from fox_nb.sharing import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.experiments import Pictures
    from fox_nb.session import Session, Task
    from fox_nb.store.journal_reader import Chosen

_LONGEST_TEXT = 200
_MOST_CHOSEN = 500
_MOST_PAGES = 5
"""Pages of a browser whose rows and ZIPs are kept, those that asked last: a page that is closed does not say so."""
_LAST_PAGE = 1_000_000
_LONGEST_LABEL = 60
_FAVOURITE = "favourite "


class _Search(NamedTuple):
    """What a page of a browser looks for: it is looked for anew with every change, so nothing of it may fail."""

    chosen: Chosen
    favourites: bool
    page: int

    @classmethod
    def of(cls, content: dict[str, Any]) -> _Search:
        """Read what a browser says."""
        model, page = content.get("model"), content.get("page")
        chosen: Chosen = {
            "model": model if isinstance(model, str) and model in MODELS else "",
            "text": str(content.get("text") or "")[:_LONGEST_TEXT].strip(),
            "since": _midnight(content.get("since"), 0),
            "until": _midnight(content.get("until"), 1),
        }
        page = page if isinstance(page, int) and 0 <= page <= _LAST_PAGE else 0
        return cls(chosen, content.get("favourites") is True, page)


class HistoryTab(TaskCards):
    """The rows of the journal, as a list or as a grid of pictures.

    It tells "compare", with the pictures, when somebody wants to see several side by side.

    Parameters
    ----------
    session : Session
        Whose journal.
    later : callable
        Has slow work done on another thread.
    actions : callable
        Gives the buttons of a row.
    """

    part = "history"

    rows = traitlets.Int(20, min=1).tag(sync=True)
    """How many tasks a page has."""

    def __init__(
        self,
        session: Session,
        later: Callable[[Callable[[], Any]], Any],
        actions: Callable[[Task], list[Action]],
        **traits: Any,
    ) -> None:
        self._session = session
        self._tasks: dict[str, Task] = {}
        self._searches = {"": _Search.of({})}
        self._starred: dict[str, str] = {}
        self._finding = threading.Lock()
        self._archives: dict[str, Path] = {}
        super().__init__(Titles(session), later, actions, **traits)

    @property
    def tasks(self) -> dict[str, Task]:
        """The rows of all pages: what was chosen on another one can still be taken along."""
        return self._tasks

    def refresh(self) -> None:
        """Look again for what was last looked for, in each page of a browser."""
        if self.is_alive:
            self._later(self._find_again)

    def item(self, task: Task) -> dict[str, Any]:
        """Say of a task what its row shows, and whether it is a favourite."""
        return {**super().item(task), "favourite": task.identity in self._starred}

    def _favourites(self) -> dict[str, str]:
        return self._session.store.catalog.facts(_FAVOURITE)

    def _on_ready(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        super()._on_ready(content, buffers)
        self._later(self._begin)

    def _begin(self) -> None:
        """Show the rows, and once more where the price list, which may come later, has other prices."""
        prices = self._session.prices
        before = prices.usd
        self._find("")
        prices.ask()
        if prices.usd != before:
            self._find_again()

    def _on_find(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        by = str(content.get("by") or "").encode(errors="replace").decode()
        self._searches.pop(by, None)
        self._searches[by] = _Search.of(content)
        if len(self._searches) > _MOST_PAGES:
            self._searches.pop(next(page for page in self._searches if page))
        self._later(lambda: self._find(by))

    def _on_favourite(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        key, mark = str(content.get("key")), "yes" if content.get("on") is True else ""
        if key in self._tasks:
            self._later(lambda: self._mark(key, mark))

    def _mark(self, key: str, mark: str) -> None:
        self._session.store.catalog.set_fact(_FAVOURITE + key, mark)
        self._find_again()

    def _find_again(self) -> None:
        for by in list(self._searches):
            self._find(by)

    def _find(self, by: str) -> None:
        """Tell a page what it searched for; '' is every page that has searched for nothing."""
        with self._finding:
            search, self._starred = self._searches.get(by, _Search.of({})), self._favourites()
            tasks, total = self._found(search)
            if not tasks and total:  # the last row of the last page is no favourite any more
                search = search._replace(page=(total - 1) // self.rows)
                tasks, total = self._found(search)
            self._tasks = {**self._tasks, **{task.identity: task for task in tasks}}
            self.send_message(
                "list",
                by=by,
                items=[self.item(task) for task in tasks],
                total=total,
                page=search.page,
                models=[[request.title, name] for name, request in MODELS.items()],
                spent=self._spent(),
            )

    def _found(self, search: _Search) -> tuple[list[Task], int]:
        """Return a page's tasks, and how many all pages have."""
        first = search.page * self.rows
        if not search.favourites:
            tasks = self._session.tasks(**search.chosen, limit=self.rows, offset=first)
            return list(tasks), tasks.total
        every = self._session.tasks(**search.chosen) if self._starred else []
        found = [task for task in every if task.identity in self._starred]
        return found[first : first + self.rows], len(found)

    def _spent(self) -> str:
        spent = self._session.spent
        return f"{dollars(spent, play=spent.is_play_money)} spent in all"

    # -- several at once ------------------------------------------------------------------------------------------

    def _on_compare(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._later(lambda: self._put_side_by_side(self.chosen(content.get("keys"))))

    def _put_side_by_side(self, tasks: list[Task]) -> None:
        pictures = side_by_side(tasks, self._titles, self._session)
        if pictures is None:
            raise FoxError("None of these has a picture.", todo="Choose some that are completed.")
        self._emit("compare", pictures)

    def chosen(self, keys: Any) -> list[Task]:
        """Return the tasks that were chosen, in their order.

        Raises
        ------
        FoxError
            They are too many.
        """
        known = keys if isinstance(keys, list) else []
        if len(known) > _MOST_CHOSEN:
            raise FoxError(f"{len(known)} are chosen; {_MOST_CHOSEN} is the most.", todo="Choose fewer.")
        return [self._tasks[key] for key in known if isinstance(key, str) and key in self._tasks]

    def _on_archive(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Send a ZIP of what was chosen, piece by piece; it is made with the first of them."""
        about = {"key": "archive", "number": 0, "by": str(content.get("by"))}
        self._later(lambda: self._send_archive(content, about), **about)

    def _send_archive(self, content: dict[str, Any], about: dict[str, Any]) -> None:
        by = about["by"]
        if content.get("at") == 0:
            path = self._archives.get(by) or temporary_folder(self, "fox-nb-") / "pictures.zip"
            self._archives = {page: kept for page, kept in self._archives.items() if page != by} | {by: path}
            pack_pictures(self.chosen(content.get("keys")), self._titles, self._archives[by])
            for page in list(self._archives)[:-_MOST_PAGES]:
                shutil.rmtree(self._archives.pop(page).parent, ignore_errors=True)
        if by not in self._archives:
            raise FoxError("This ZIP is no longer here.", todo="Export once more.")
        self._send_part(self._archives[by], "application/zip", content, about)


def side_by_side(tasks: list[Task], titles: Titles, session: Session) -> Pictures | None:
    """Return the tasks' pictures in one row, with what all of them were made from; None without any."""
    from fox_nb.experiments.side_by_side import compare

    shown = [task for task in tasks if any(image.path.exists() for image in task.images)]
    if not shown:
        return None
    labels = [clip(titles.of(task), _LONGEST_LABEL) for task in shown] if len(shown) > 1 else None
    pictures = shown if len(shown) > 1 else shown[0]
    return compare(pictures, labels=labels, title="Compare", session=session)


def pack_pictures(tasks: list[Task], titles: Titles, path: Path) -> None:
    """Write a ZIP of the tasks' pictures, and a table of what they are as CSV."""
    table = io.StringIO()
    names = list(dict.fromkeys(name for task in tasks for name in task.request if name != "model"))
    rows = csv.writer(table)
    rows.writerow(["file", "title", "model", *names, "take", "status", "usd"])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, strict_timestamps=False) as packed:
        for task in tasks:
            files = [image.path for image in task.images if image.path.exists()]
            for file in files:
                packed.write(file, file.name)
            values = [table_cell(task.request.get(name)) for name in names]
            about = [
                table_cell(titles.of(task)),
                task.model,
                *values,
                task.take,
                task.status,
                f"{float(task.cost) / max(1, len(files)):.6f}",  # each picture's share: the column's sum was spent
            ]
            rows.writerows([name, *about] for name in [path.name for path in files] or [""])
        packed.writestr("pictures.csv", table.getvalue().encode("utf-8-sig"))


def _midnight(value: Any, later: int) -> float | None:
    """Return the midnight that begins a day, or a later one, where the kernel runs, as in the rows; None for no day."""
    try:
        day = date.fromisoformat(str(value))
        return time.mktime((day.year, day.month, day.day + later, 0, 0, 0, 0, 0, -1))
    except (ValueError, OverflowError):
        return None
