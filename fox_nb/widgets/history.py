"""History: what the journal knows, found by model, text and date, page by page; any row can fill a form again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import traitlets

from fox_nb.models import MODELS
from fox_nb.widgets.gallery import Gallery

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.session import Session, Task
    from fox_nb.widgets.gallery import Action

_LONGEST_TEXT = 200


class History(Gallery):
    """The rows of the journal.

    Parameters
    ----------
    session : Session
        Whose journal.
    later : callable
        Has slow work done on another thread.
    actions : callable
        Gives the buttons of a row.
    """

    quick = traitlets.Int(3).tag(sync=True)
    mode = traitlets.Unicode("table").tag(sync=True)
    empty = traitlets.Unicode("Nothing here. What you make will be listed, also after a restart.").tag(sync=True)
    none = traitlets.Unicode("Nothing was found. Take away a word, the model or a date.").tag(sync=True)

    def __init__(
        self,
        session: Session,
        later: Callable[[Callable[[], Any]], Any],
        actions: Callable[[Task], list[Action]],
        **traits: Any,
    ) -> None:
        self._session = session
        self._asked: dict[str, Any] = {}
        self._finding = threading.Lock()
        super().__init__(later, actions, **traits)

    def refresh(self) -> None:
        """Look again for what was last looked for."""
        self._later(self._find)

    def _on_ready(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self._asked = {}
        self.refresh()
        super()._on_ready(content, buffers)

    def _on_find(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        self._asked = content
        self.refresh()

    def _find(self) -> None:
        with self._finding:
            asked = self._asked
            page = max(0, int(asked.get("page") or 0))
            tasks = self._session.tasks(
                model=str(asked.get("model") or ""),
                text=str(asked.get("text") or "")[:_LONGEST_TEXT].strip(),
                since=_seconds(asked.get("since")),
                until=_seconds(asked.get("until")),
                limit=self.rows,
                offset=page * self.rows,
            )
            self._tasks = {task.identity: task for task in tasks}
            self.send(
                {
                    "type": "list",
                    "items": [self.item(task) for task in tasks],
                    "total": tasks.total,
                    "page": page,
                    "asked": asked.get("asked", 0),
                    "models": [[request.title, name] for name, request in MODELS.items()],
                }
            )


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
