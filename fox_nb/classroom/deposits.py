"""Deposits: the files that pass through the relay: uploads, results, what is handed in; each kept once, for a time."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
import shutil
import time
from collections import defaultdict
from typing import IO, TYPE_CHECKING, Any

import sqlalchemy as sql

from fox_nb.atomic import aside, private_folder, put, write
from fox_nb.classroom.refusals import Refusal, not_found, removed
from fox_nb.classroom.tables import CLASS, Database, access, deposit, seat
from fox_nb.errors import DownloadFailed
from fox_nb.filetypes import is_data
from fox_nb.images.check import DOWNLOADED, check
from fox_nb.models import LOCAL_PICTURE, LONGEST_URL, is_link
from fox_nb.store import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

    from fox_nb.classroom.upstream import Upstream

RESULT_LIFE, UPLOAD_LIFE = 24 * 3600.0, 72 * 3600.0
"""Seconds for which the relay's links live, as the gateway's own do."""
_LINK_TRUSTED = UPLOAD_LIFE - 3600.0
DEAD_AFTER = 600.0
"""Seconds after which a link that should live is believed to be dead: it is tried again and again meanwhile."""
LEAP = 3600.0
"""Seconds by which a clock goes ahead that was set, or whose machine has slept; looked at every few seconds."""
MOST_OF_A_SEAT = 2 << 30
"""Bytes that one seat may have here, of uploads and of what it hands in: a full disk would stop the class."""
UPLOADS_OF_A_SEAT = 3
"""So many of a seat's files go to the gateway at a time, which has room for four seats like that."""
LINK = r"/files/([A-Za-z0-9_-]{43})/[^/?#]+"
_PIECE = 1 << 20


class Deposits:
    """The files of one class.

    Parameters
    ----------
    database : Database
        Of the class; the files are in its folder.
    upstream : Upstream
        Where results come from, and uploads go to when a creation names them.
    keep : float
        Seconds after which a file is removed, whatever it is.
    """

    def __init__(self, database: Database, upstream: Upstream, keep: float) -> None:
        self._database = database
        self._upstream = upstream
        self.keep = keep
        self._folder = database.folder / "files"
        self._handed_in = handed_in(database.folder)
        private_folder(self._folder)
        private_folder(self._handed_in)
        self._fetching: dict[str, asyncio.Future[Path]] = {}
        self._gone: dict[str, float] = {}
        """The results whose links were dead when they were last fetched, by their tokens; and since when they are."""
        self._linking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._uploading: set[asyncio.Task[str]] = set()
        self._swept, self._leapt = time.time(), float("-inf")
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(UPLOADS_OF_A_SEAT))

    def add(self, who: str, data: bytes, name: str) -> Any:
        """Keep an upload, and return its row."""
        self._check_room(who, len(data))
        if is_link(data[:8].decode("utf-8", "replace")):
            raise Refusal(422, "This is a link, and no file.")
        token = secrets.token_urlsafe(32)
        write(self.path(token), data, private=True, synced=True)
        try:
            return self._added(token, who, name, hashlib.sha256(data).hexdigest())
        except BaseException:  # of the journal, too: who is told of it uploads it again, and nobody removes this one
            self.path(token).unlink(missing_ok=True)
            raise

    def add_link(self, who: str, url: str) -> Any:
        """Keep a link, by which the upload counts; the gateway fetches it when a creation names it."""
        if not (is_link(url) and url.isprintable() and len(url) <= LONGEST_URL):
            raise Refusal(422, "This is no link.")
        digest = hashlib.sha256(url.encode()).hexdigest()  # no file has it: what begins as a link is refused
        return self._added(secrets.token_urlsafe(32), who, "file", digest, url)

    def _added(self, token: str, who: str, name: str, sha256: str, origin: str = "", linked: float = 0.0) -> Any:
        now = time.time()
        values = {"token": token, "seat": who, "name": _safe(name), "sha256": sha256, "made": now}
        new = sql.insert(deposit).values(**values, origin=origin, linked=linked)

        # what is nobody's own, the bytes of a result, is kept as long as that result is somebody's
        its_owner = _of_seat(who) if who != CLASS else sql.select(deposit.c.token).where(deposit.c.sha256 == sha256)

        def work(connection: sql.Connection) -> None:
            if connection.execute(its_owner).first() is None:
                raise removed()
            connection.execute(new)

        self._database.change(work)
        return self._row(token)

    def path(self, token: str) -> Path:
        """Return where a file is, or will be."""
        return self._folder / token

    def size(self, token: str) -> int:
        """Return its bytes; 0 while it is not here."""
        path = self.path(token)
        return path.stat().st_size if path.exists() else 0

    async def opened(self, token: str, now: float) -> Path:
        """Return the file behind a link, fetched where it is not here yet: once, however many ask.

        Raises
        ------
        Refusal
            There is none, or its time is over.
        """
        row = await asyncio.to_thread(self._row, token)
        if row is None:
            raise not_found("file")
        if now >= row.made + (UPLOAD_LIFE if row.creation is None else RESULT_LIFE):
            raise Refusal(410, "This link has expired.", "not_found")
        return await self.fetched(row)

    async def fetched(self, row: Any) -> Path:
        """Return a file of ours, fetched where it is not here yet."""
        path = self.path(row.token)
        if path.exists():
            return path
        if row.creation is None:
            raise not_found("file")
        if time.time() - row.linked > self.keep:  # else it would be here for as long again
            raise Refusal(410, "This picture is not kept any more.", "not_found")
        if not row.origin:
            raise not_found("file")
        going = self._fetching.get(row.token)
        if going is None:
            going = self._fetching[row.token] = asyncio.ensure_future(self._fetch(row))
            going.add_done_callback(lambda _done: self._fetching.pop(row.token, None))
            going.add_done_callback(retrieve_exception)
        await asyncio.wait({going})
        return going.result()

    async def _fetch(self, row: Any) -> Path:
        target = self.path(row.token)
        try:
            with aside(self._folder, private=True) as part:
                await self._upstream.download(row.origin, part)
                # A page in its place, or half of it, would be kept, and given to everybody in place of the picture.
                await asyncio.to_thread(check, part, bounds=DOWNLOADED, refuse=DownloadFailed, name="the picture")
                await asyncio.to_thread(put, part, target, synced=True)
            self._gone.pop(row.token, None)
            if await asyncio.to_thread(self._row, row.token) is None:  # its seat was removed meanwhile
                target.unlink(missing_ok=True)
                raise not_found("file")
            if is_data(row.origin):  # the picture itself: it is a file now, and whoever lists pictures would read it
                emptied = sql.update(deposit).where(deposit.c.token == row.token).values(origin="")
                await asyncio.to_thread(self._database.execute, emptied)
        except DownloadFailed as error:
            if error.gone:
                is_old = time.time() - row.linked > RESULT_LIFE
                self._gone.setdefault(row.token, float("-inf") if is_old else time.monotonic())
            raise Refusal(
                410 if error.gone else 503, error.what, "not_found" if error.gone else "server_error"
            ) from None
        return target

    def is_lost(self, token: str) -> bool:
        """Return True for a result that can't be had: its link is dead, and not for a bad moment of its host's."""
        return time.monotonic() - self._gone.get(token, float("inf")) >= DEAD_AFTER

    async def named(self, who: str, url: str, host: str) -> str:
        """Return what stands in a request for a link: ``sha256:…`` for a file of the seat's own, else the link itself.

        Whoever knows a hash from somebody's notebook has not the file: a hash in place of a link is refused.

        Raises
        ------
        Refusal
            It is a hash, or a link of this relay, and none of the seat's.
        """
        found = re.fullmatch(rf"https?://([^/]+)(?:/[^?#]*)?{LINK}", url)
        row = await asyncio.to_thread(self._row, found[2]) if found else None
        ours = row is not None or (found is not None and found[1].lower() == host.lower())
        if not ours and not LOCAL_PICTURE.fullmatch(url):
            return url
        if row is None or not await asyncio.to_thread(self._is_own, row, who):
            raise Refusal(422, "There is no such file.", code="invalid_image_url")
        if row.sha256:
            return f"sha256:{row.sha256}"
        return f"sha256:{await asyncio.to_thread(self._hashed, row.token, await self.fetched(row))}"

    def _hashed(self, token: str, path: Path) -> str:
        """Note the hash of a result, when it is first used in a request."""
        sha256 = sha256_of(path)
        self._database.execute(sql.update(deposit).where(deposit.c.token == token).values(sha256=sha256))
        return sha256

    def _is_own(self, row: Any, who: str) -> bool:
        if row.creation is None:
            return bool(row.seat == who)
        query = sql.select(access).where(access.c.creation == row.creation, access.c.seat == who)
        return bool(self._database.read(query))

    async def link(self, sha256: str, *, anew: bool = False) -> str:
        """Return the gateway's link to a file that a request names by its hash, uploading it where there is none.

        Who stops waiting for it does not end that: it is there when they ask again.
        """
        linking = asyncio.create_task(self._link(sha256, anew=anew))
        self._uploading.add(linking)
        linking.add_done_callback(self._uploading.discard)
        linking.add_done_callback(retrieve_exception)
        await asyncio.wait({linking})
        return linking.result()

    async def _link(self, sha256: str, *, anew: bool) -> str:
        async with self._linking[sha256]:
            rows = await asyncio.to_thread(self._database.read, sql.select(deposit).where(deposit.c.sha256 == sha256))
            fresh = time.time() - _LINK_TRUSTED
            known = [row for row in rows if row.creation is None and row.origin and row.linked > fresh]
            here = [row for row in rows if self.path(row.token).exists()]
            if known and not (anew and here):
                return str(known[0].origin)
            links = [row.origin for row in rows if row.creation is None and row.origin and not row.linked]
            if not here and not links:
                raise Refusal(422, "This file is not here any more: upload it again.", code="invalid_image_url")
            async with self._turns[rows[0].seat]:
                if here:
                    sent = await self._upstream.upload(self.path(here[0].token), here[0].name)
                else:
                    sent = await self._upstream.upload_url(links[0])
            await asyncio.to_thread(self._linked, sha256, rows[0].name, sent.url)
            return sent.url

    def _linked(self, sha256: str, name: str, origin: str) -> None:
        uploads = sql.and_(deposit.c.sha256 == sha256, deposit.c.creation.is_(None))
        now = time.time()
        if not self._database.execute(sql.update(deposit).where(uploads).values(origin=origin, linked=now)):
            self._added(secrets.token_urlsafe(32), CLASS, name, sha256, origin, now)  # the bytes of a result

    def hand_in(self, who: str, file: IO[bytes]) -> str:
        """Keep what a student hands in, beside what they handed in before, and return its name."""
        self._check_room(who, file.seek(0, os.SEEK_END))
        file.seek(0)
        folder = self._handed_in / who
        name = f"{time.strftime('%Y-%m-%d-%H%M%S')}-{secrets.token_hex(2)}.zip"
        with aside(folder, private=True) as part:
            with part.open("wb") as target:
                shutil.copyfileobj(file, target, _PIECE)
            put(part, folder / name, synced=True)
        if not self._database.read(_of_seat(who)):
            shutil.rmtree(folder, ignore_errors=True)
            raise removed()
        return name

    def missing(self, now: float) -> list[Any]:
        """Return the results that should be here and are not, such as after a download that failed."""
        fresh = deposit.c.linked > now - min(RESULT_LIFE, self.keep)
        results = self._database.read(sql.select(deposit).where(deposit.c.creation.is_not(None), fresh))
        return [row for row in results if not self.path(row.token).exists()]

    def sweep(self, now: float) -> None:
        """Remove what has been kept for long enough; for an hour nothing after the clock leapt: it may be set right."""
        if now - self._swept > LEAP:
            self._leapt = time.monotonic()
        self._swept = now
        if time.monotonic() - self._leapt < LEAP:
            return
        for path in [*self._folder.iterdir(), *self._handed_in.glob("*/*"), *self.thumbnails.glob("*")]:
            if path.is_file() and now - path.stat().st_mtime > self.keep:
                path.unlink(missing_ok=True)

    @property
    def thumbnails(self) -> Path:
        """Where small versions for the teacher's page are."""
        return self._database.folder / "thumbnails"

    def _check_room(self, who: str, size: int) -> None:
        """Refuse a file for which a seat has no room any more."""
        uploads = sql.select(deposit.c.token).where(deposit.c.seat == who, deposit.c.creation.is_(None))
        kept = sum(self.size(row.token) for row in self._database.read(uploads))
        kept += sum(path.stat().st_size for path in (self._handed_in / who).glob("*"))
        if kept + size > MOST_OF_A_SEAT:
            raise Refusal(413, "Your files fill all the room of a seat. Ask your teacher.", "file_too_large_error")

    def _row(self, token: str) -> Any:
        found = self._database.read(sql.select(deposit).where(deposit.c.token == token))
        return found[0] if found else None


def retrieve_exception(task: asyncio.Future[Any]) -> None:
    """Take note of how something ended: who waits for it is told, and there may be nobody who does."""
    if not task.cancelled():
        task.exception()


def handed_in(folder: Path) -> Path:
    """Return where a class's folder has what was handed in, a folder for each name."""
    return folder / "handed_in"


def remove_files(folder: Path, tokens: list[str], who: str) -> None:
    """Remove files of a class's folder, and all that a seat handed in."""
    for token in tokens:
        (folder / "files" / token).unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(handed_in(folder) / who)
    shutil.rmtree(folder / "thumbnails", ignore_errors=True)  # they are made anew of what is left


def _of_seat(name: str) -> sql.Select[Any]:
    return sql.select(seat.c.name).where(seat.c.name == name)


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)[-100:].lstrip(".") or "file"
