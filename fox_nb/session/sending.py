"""Sending: uploads, the one creating call, and what its answer, or its silence, means for the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fox_nb.client import certainly_not_accepted
from fox_nb.errors import FoxError, RequestRejected, SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fox_nb.client import Client
    from fox_nb.images.prepare import Prepared
    from fox_nb.session.sources import Sources
    from fox_nb.session.task import Task
    from fox_nb.settings import Gateway
    from fox_nb.store import Store
    from fox_nb.tasks import TaskState

UPLOAD_NOT_FOLLOWED = frozenset({"invalid_image_url", ""})
"""Codes of a 422 that may mean that the gateway has thrown out an upload before its time."""


class Sender:
    """Sends what is journalled as ours to send; every way out is journalled before it is told."""

    def __init__(
        self, gateway: Gateway, client: Client, store: Store, sources: Sources, clock: Callable[[], float]
    ) -> None:
        self._gateway = gateway
        self._client = client
        self._store = store
        self._sources = sources
        self._now = clock

    def send(self, task: Task, prepared: Mapping[str, Prepared]) -> None:
        """Upload what is local, create the task once, journal what became of it.

        Raises
        ------
        SubmissionUnknown
            It was sent, and nobody knows whether it was accepted.
        FoxError
            It was certainly not accepted.
        """
        try:
            self._sources.keep(prepared)
            body, remembered = self._sources.links(task.row.body)
        except BaseException as error:
            self._refused(task, error)
            raise
        if not self._store.journal.sending(task.identity, self._now()):
            task.update(self._store.journal.get(task.identity))  # it took so long that another kernel has it now
            return
        try:
            told = self._create(task, body, remembered)
        except BaseException as error:
            if certainly_not_accepted(error) or isinstance(error, SandboxError):
                self._refused(task, error)
                raise
            self._store.journal.unknown(task.identity, _words(error), self._now())
            task.update(self._store.journal.get(task.identity))
            raise (task.error or error) from None
        self._store.journal.accepted(task.identity, told, self._now())
        task.update(self._store.journal.get(task.identity))

    def _create(self, task: Task, body: Mapping[str, object], remembered: list[str]) -> TaskState:
        headers = {"X-Sandbox-Take": str(task.take)} if self._gateway.is_sandbox else None
        try:
            return self._client.create(body, headers=headers)
        except RequestRejected as error:
            if not remembered or error.code not in UPLOAD_NOT_FOLLOWED:
                raise
            self._sources.forget(remembered)
            try:
                body = self._sources.links(task.row.body)[0]
            except FoxError:
                raise error from None  # the upload failed, the refusal stands: nothing was accepted
        return self._client.create(body, headers=headers)

    def _refused(self, task: Task, error: BaseException) -> None:
        self._store.journal.refused(task.identity, type(error).__name__, _words(error), self._now())
        task.update(self._store.journal.get(task.identity))


def _words(error: BaseException) -> str:
    return error.what if isinstance(error, FoxError) else f"it met with a {type(error).__name__}"
