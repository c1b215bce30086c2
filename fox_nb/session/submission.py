"""Submission: uploads, the one creating call, and what its answer, or its silence, means for the journal."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from fox_nb.errors import ConnectionLost, FoxError, GatewayError, RequestRejected, SandboxError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fox_nb.client import Client
    from fox_nb.images.prepare import Prepared
    from fox_nb.session.prices import PriceList
    from fox_nb.session.task import Task
    from fox_nb.session.uploads import Uploads
    from fox_nb.settings import Gateway
    from fox_nb.store import Store, TaskRow
    from fox_nb.tasks import TaskState

UPLOAD_NOT_FOLLOWED = frozenset({"invalid_image_url", ""})
"""Codes of a 422 that may mean that the gateway has thrown out an upload before its time."""


class Sender:
    """Sends what is journalled as ours to send; every way out is journalled before it is told."""

    def __init__(
        self,
        gateway: Gateway,
        client: Client,
        store: Store,
        sources: Uploads,
        clock: Callable[[], float],
        prices: PriceList,
    ) -> None:
        self._gateway = gateway
        self._client = client
        self._store = store
        self._sources = sources
        self._prices = prices
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
        row = task.row
        answer = self._create(task, row, prepared)
        if answer is None:
            task.renew()  # it took so long that another kernel has it now
            return
        try:
            self._store.journal.accepted(row, answer, self._now())
        except StoreError as error:
            raise StoreError(
                f"The gateway took it as task {answer.id}, and the journal could not note that: {error.what}",
                money="It is paid for, once.",
                todo="This kernel keeps that id and writes it as soon as it can: make room, then run the cell again. "
                f"Should the kernel end before, say task.settle(paid=True, task_id={answer.id!r}) of the unknown task.",
            ) from None
        with contextlib.suppress(StoreError):  # it is written: whoever waits is told of what can't be read
            task.renew()
            self._prices.note_group(answer.user_group)

    def _create(self, task: Task, row: TaskRow, prepared: Mapping[str, Prepared]) -> TaskState | None:
        """Make the creating call, and once more when the gateway threw out an upload before its time."""
        from fox_nb.client import certainly_not_accepted

        headers = {"X-Sandbox-Take": str(row.take)} if self._gateway.is_sandbox else None
        if self._prices.is_class:  # the same request of others is paid once
            headers = {"X-Fox-Take": str(row.take)}
        refusal: BaseException | None = None
        while True:
            try:
                self._sources.keep(prepared)
                body, remembered = self._sources.links(row.body)
                ours = self._store.journal.sending(row, self._now())
            except BaseException as error:  # noqa: BLE001 - raised again when it is journalled
                self._refused(task, row, refusal or error)
                raise (refusal or error) from None  # when the upload anew fails, the refusal stands
            if not ours:
                return None
            try:
                return self._client.create(body, headers=headers)
            except BaseException as error:
                if refusal is None and remembered and _may_be_an_upload(error):
                    self._sources.forget(remembered)
                    refusal = error
                    continue
                if certainly_not_accepted(error) or isinstance(error, SandboxError):
                    self._refused(task, row, error)
                    raise
                with contextlib.suppress(StoreError):  # the journal keeps it, and writes it as soon as it can
                    self._store.journal.unknown(row, words(error), self._now(), request_id_of(error))
                    task.renew()
                raise (task.error or error) from None

    def _refused(self, task: Task, row: TaskRow, error: BaseException) -> None:
        about = type(error).__name__, words(error)
        with contextlib.suppress(StoreError):
            self._store.journal.refused(row, *about, self._now(), request_id_of(error))
            task.renew()


def _may_be_an_upload(error: BaseException) -> bool:
    return isinstance(error, RequestRejected) and error.code in UPLOAD_NOT_FOLLOWED


def request_id_of(error: BaseException) -> str:
    """Return by what the gateway's support finds the call that an error is about; '' when nothing names it."""
    return error.request_id if isinstance(error, (GatewayError, ConnectionLost)) else ""


def words(error: BaseException) -> str:
    """Return what the journal notes of an error."""
    return error.what if isinstance(error, FoxError) else f"it met with a {type(error).__name__}"
