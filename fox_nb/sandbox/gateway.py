"""Gateway: what the sandbox does, without HTTP: takes requests, keeps uploads, answers for tasks, hands out files."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import string
import time
from typing import TYPE_CHECKING, Any, TypeVar

from fox_nb.atomic import write
from fox_nb.sandbox import bill
from fox_nb.sandbox.archive import Archive, kind_of, safe_name
from fox_nb.sandbox.contract import load_contract
from fox_nb.sandbox.database import Ledger, Task, Upload, new_token
from fox_nb.sandbox.faults import Faults
from fox_nb.sandbox.options import (
    QUOTA,
    RESULT_LIFE,
    UNLIMITED,
    UPLOAD_LIFE,
    Clock,
    Settings,
    credits_of,
)
from fox_nb.sandbox.plans import (
    check_kind,
    digest_of,
    find_source,
    links_of,
    picture_of_link,
    plan,
    profile_id_of,
    profiles_of,
)
from fox_nb.sandbox.problems import Problem, Unusable
from fox_nb.sandbox.process import take_lock
from fox_nb.sandbox.source import art_mark
from fox_nb.sandbox.states import shown, state_of, under_way
from fox_nb.sandbox.task_faults import seconds_with_faults
from fox_nb.sandbox.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from filelock import BaseFileLock

Value = TypeVar("Value")
LETTERS = string.ascii_lowercase + string.digits
SWEEP_EVERY = 300.0


class FolderInUse(RuntimeError):
    """Another sandbox holds the folder's lock."""


class Gateway:
    """One sandbox's doings in one folder. Its methods run on one thread, that of the loop it was opened on.

    Parameters
    ----------
    folder : Path
        Where everything is kept.
    settings : Settings
        What it was told.
    lock : BaseFileLock, optional
        The folder's lock, where it is held already; it is let go at the end.
    """

    def __init__(self, folder: Path, settings: Settings, lock: BaseFileLock | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = lock or take_lock(folder)
        if held is None:
            raise FolderInUse(f"another sandbox works in {folder}")
        self._lock = held
        self.contract = load_contract()
        self.settings = settings
        self.faults = Faults()
        self._reads = bill.Reads()
        self.archive = Archive(folder)
        self.ledger = Ledger(folder / "ledger.sqlite3")
        self.clock = Clock(float(self.ledger.fact("ahead", "0")))
        self.workshop = Workshop(self.ledger, folder, self.clock)
        self._folder = folder
        self._sweeper: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Go on with what an earlier process left undone."""
        for task in self.ledger.unfinished():
            self.workshop.begin(task)
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep_now_and_then())

    async def close(self) -> None:
        """End; what is unfinished stays in the folder."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        await self.workshop.close()
        self.ledger.close()
        self._lock.release()

    @property
    def busy(self) -> bool:
        """Whether a task is under way."""
        return self.workshop.busy or self.ledger.latest_end() > self.clock.now()

    # --- tasks

    def create_task(self, body: dict[str, Any], take: int | None, account: str = "") -> Task:
        """Accept a checked creation of a key, or raise `Problem`."""
        request = self.contract.complete(body)
        model = request["model"]
        if model not in self.settings.models:
            message = f"No channel is available for the model {model}."
            raise Problem(422, message, "service_unavailable_error", "no_compatible_channel")
        now = self.clock.now()
        self._check_balance(self.settings.quota_of(request), account, now)
        error = None
        sources: list[dict[str, str]] = []
        try:
            sources = [find_source(link, self.ledger, now) for link in links_of(request)]
        except Unusable as problem:
            error = problem.as_error()
        for source in sources:
            check_kind(source, model)
        task = self._new_task(request, sources, take, now, error, account)
        self.ledger.keep_task(task, now + task.seconds + RESULT_LIFE)
        if not task.finished:
            self.workshop.begin(task)
        return task

    def _new_task(
        self,
        request: dict[str, Any],
        sources: list[dict[str, str]],
        take: int | None,
        now: float,
        error: dict[str, Any] | None,
        account: str,
    ) -> Task:
        digest = digest_of(request, sources)
        take = take or self.ledger.takes_of(digest) + 1
        profile_id = None
        if error is not None:
            steps = []
        elif request["model"] == "phota-create-profile":
            profile_id = profile_id_of(digest, take)
            steps = [{"work": "train", "profile_id": profile_id, "sources": sources}]
        else:
            figures = [{"id": name, "figure": self.ledger.profile(name)} for name in profiles_of(request)]
            steps = plan(request, sources, figures, take, art_mark())
        lasts, estimate = self.settings.duration(request)
        task_faults = self.faults.on_task(request["model"])
        return Task(
            id=f"task-unified-{int(now)}-{''.join(secrets.choice(LETTERS) for _ in range(8))}",
            token=new_token(),
            digest=digest,
            created=now,
            seconds=seconds_with_faults(lasts, task_faults),
            estimate=seconds_with_faults(estimate, task_faults),
            credits=credits_of(request),
            request=request,
            plan=steps,
            fates=task_faults,
            profile_id=profile_id,
            error=error,
            account=account,
            group=self.settings.group,
            quota=self.settings.quota_of(request),
        )

    def _check_balance(self, quota: int, account: str, now: float) -> None:
        """Refuse what neither the account nor the key can pay."""
        settings = self.settings
        of_all = settings.balance < UNLIMITED and self.ledger.quota() + quota > round(settings.balance * QUOTA)
        limited = settings.key_limit < UNLIMITED
        spent = bill.used(self.ledger.tasks_of(account), settings, now) if limited else 0
        if of_all or (limited and spent + quota > round(settings.key_limit * QUOTA)):
            raise Problem(402, "The balance does not cover this request.", "insufficient_quota")

    def check_key(self) -> None:
        """Refuse a key that has ended."""
        if 0 < self.settings.key_expires <= self.clock.now():
            raise Problem(401, "The key has expired.", "authentication_error")

    def read_bill(self, entries_of: Callable[[list[Task], Settings, float], Value], account: str) -> Value:
        """Return what is told of a key's tasks: its account, or the entries of its log."""
        now = self.clock.now()
        self._reads.count(now, self.settings.bill_reads)
        return entries_of(self.ledger.tasks_of(account), self.settings, now)

    @property
    def date(self) -> float:
        """The time by the clock that the log and the Date header go by."""
        ahead: float = self.settings.log.get("ahead", 0)
        return self.clock.now() + ahead

    def read_task(self, task_id: str, base_url: str) -> dict[str, Any]:
        """Return what a read of a task answers."""
        task = self.ledger.task(task_id)
        if task is None:
            raise Problem(404, "There is no such task.", "not_found")
        state = state_of(task, self.clock.now())
        if state.status == "completed" and task.fates:  # some faults end after so many reads
            task.reads += 1
            self.ledger.keep_task(task, task.created + task.seconds + RESULT_LIFE)
        return shown(task, state, base_url, older_form=self.settings.older_form)

    def file_of_result(self, token: str, name: str) -> tuple[Path, str]:
        """Return the file behind a result's link, and its media type."""
        found = self.ledger.task_of_link(token)
        if found is None:
            raise Problem(404, "There is no such file.", "not_found")
        task, expires = found
        now = self.clock.now()
        picture = picture_of_link(task.made, name) if not under_way(task, now) else None
        if picture is None:
            raise Problem(404, "There is no such file.", "not_found")
        if now >= expires:
            raise Problem(410, "This link has expired.", "not_found")
        return self.archive.pictures / picture["name"], picture["media_type"]

    # --- uploads

    def add_upload(self, data: bytes, name: str, *, auto_cleanup: bool) -> Upload:
        """Keep an upload, making room as it allows."""
        settings = self.settings
        if len(data) > settings.upload_limit:
            message = f"The file is larger than {settings.upload_limit} bytes."
            raise Problem(413, message, "file_too_large_error")
        kept = self.ledger.uploads()
        room = settings.storage_limit - len(data) - sum(one.size for one in kept)
        if room < 0 and (not auto_cleanup or len(data) > settings.storage_limit):
            raise Problem(403, "The storage for uploads is full.", "storage_full")
        for oldest in kept:
            if room >= 0:
                break
            self._drop(oldest)
            room += oldest.size
        now = self.clock.now()
        upload = Upload(
            token=new_token(),
            id=f"file-{int(now)}-{secrets.token_hex(3)}",
            filename=safe_name(name),
            kind=kind_of(data),
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            created=now,
        )
        write(self.archive.uploads / upload.token, data, private=True)
        self.ledger.add_upload(upload)
        return upload

    def uploaded(self, upload: Upload, base_url: str) -> dict[str, Any]:
        """Return what an upload answers."""
        day = time.strftime("%Y%m%d", time.gmtime(upload.created))
        return {
            "id": upload.id,
            "filename": upload.filename,
            "url": f"{base_url}/uploads/{day}/{upload.token}/{upload.filename}",
            "size": upload.size,
            "created": int(upload.created),
        }

    def file_of_upload(self, token: str) -> tuple[Path, str]:
        """Return the file behind an upload's link, and its media type."""
        upload = self.ledger.upload(token)
        if upload is None:
            raise Problem(404, "There is no such file.", "not_found")
        if self.clock.now() >= upload.created + UPLOAD_LIFE:
            raise Problem(410, "This link has expired.", "not_found")
        return self.archive.uploads / token, upload.kind

    def _drop(self, upload: Upload) -> None:
        self.ledger.forget_upload(upload.token)
        (self.archive.uploads / upload.token).unlink(missing_ok=True)

    # --- faults, settings and time

    def add_fault(self, spec: dict[str, Any]) -> None:
        """Schedule a fault, or raise `ValueError`."""
        self.contract.hold("add_fault", spec)
        self.faults.add(spec)

    def change_settings(self, changes: dict[str, Any]) -> None:
        """Take the changes; `advance` puts the clock forward, and what has expired by then goes."""
        self.contract.hold("change_settings", changes)
        plain = {name: value for name, value in changes.items() if name != "advance"}
        self.settings.change(plain)
        if "advance" in changes:
            self.clock.ahead += changes["advance"]
            self.ledger.set_fact("ahead", str(self.clock.ahead))
            self._sweep()

    async def _sweep_now_and_then(self) -> None:
        while True:
            self._sweep()
            await asyncio.sleep(SWEEP_EVERY)

    def _sweep(self) -> None:
        """Remove the files that no link leads to any more."""
        now = self.clock.now()
        for upload in self.ledger.uploads():
            if now >= upload.created + 2 * UPLOAD_LIFE:  # an expired link says so for as long again, then 404
                self._drop(upload)
        self.archive.sweep(self.ledger.pictures_in_use(now))
