"""Packs: a store's finished tasks as one file, to be replayed elsewhere: no key, no link, every byte accounted for."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fox_nb.errors import PackError
from fox_nb.filetypes import DAMAGED_ZIP
from fox_nb.models import MENTION, is_link
from fox_nb.store.files import place_of, sha256_of, zipped
from fox_nb.store.journal import Journal
from fox_nb.store.people import People
from fox_nb.store.rows import REPLAYED, TaskRow
from fox_nb.tasks import LARGEST_PICTURE
from fox_nb.workdir import given_path, whole

SUFFIX = ".foxpack"
MANIFEST, SEAL, PICTURES = "manifest.json", "manifest.sha256", "pictures/"
MOST_TASKS = 100_000
LARGEST_MANIFEST = 64 << 20

_LINK = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_PIECE = 1 << 20
_KINDS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_LOCKED = 0x1

_Count = Annotated[int, Field(ge=1, le=1_000_000)]
_Short = Annotated[str, Field(max_length=500)]
_Time = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RecordedPicture(_Part):
    """One picture of a task; its bytes are the pack's member named by their hash."""

    number: _Count
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=1, le=LARGEST_PICTURE)]


class RecordedTask(_Part):
    """A task as it ended; `request` is its canonical JSON as `without_links` gives it."""

    model: _Short
    request: Annotated[str, Field(max_length=200_000)]
    take: _Count
    state: Literal["completed", "failed"]
    sandbox: bool
    asked: _Time
    accepted: _Time | None
    finished: _Time | None
    micro: Annotated[int, Field(ge=0, le=10**15)]
    price_is_estimate: bool
    profile_id: _Short
    error_code: _Short
    error: Annotated[str, Field(max_length=20_000)]
    pictures: Annotated[list[RecordedPicture], Field(max_length=1000)]

    @property
    def words(self) -> str:
        """What it was about, for a person: the prompt, else the model."""
        return str(json.loads(self.request).get("prompt") or self.model)


class Manifest(_Part):
    """What is in a pack."""

    foxpack: Literal[1]
    made: _Short
    tasks: Annotated[list[RecordedTask], Field(max_length=MOST_TASKS)]
    profiles: dict[_Short, _Short]


@dataclass(frozen=True, slots=True)
class Packed:
    """What `export` wrote.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    tasks, pictures : int
        How many are in it.
    left_out : int
        Finished tasks whose pictures are not in the store any more.
    fingerprint : str
        Tells this pack from any other; `Fox(replay=…)` shows it again.
    """

    path: Path
    tasks: int
    pictures: int
    left_out: int
    fingerprint: str

    def __repr__(self) -> str:
        left = f", {self.left_out} left out for want of their pictures" if self.left_out else ""
        size = self.path.stat().st_size / 1e6
        tasks, pictures = "s" * (self.tasks != 1), "s" * (self.pictures != 1)
        return (
            f"<{self.path.name}: {self.tasks} task{tasks}, {self.pictures} picture{pictures}, {size:.1f} MB, "
            f"fingerprint {self.fingerprint}{left}>"
        )


def without_links(canonical: str) -> str:
    """Return a canonical request with each link replaced by its hash: the link itself is private, and dies.

    The prompt stays as it was written.
    """

    def named(value: Any) -> Any:
        if isinstance(value, list):
            return [named(item) for item in value]
        if is_link(value):
            return f"link:{hashlib.sha256(value.encode()).hexdigest()}"
        return value

    body = {name: value if name == "prompt" else named(value) for name, value in json.loads(canonical).items()}
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def export(journal: Journal, path_of: Callable[[str], Path], target: str | Path) -> Packed:
    """Write a store's finished tasks and their pictures into one file; see `Store.export`."""
    path = place_of(target, f"lesson{SUFFIX}")
    rows, left_out = _finished(journal, path_of)
    if not rows:
        raise PackError(
            f"Nothing that is finished here can be recorded; {path.name} was not written.",
            todo="Run the lesson first, with the Fox that makes its pictures: a replayed one has none of its own.",
        )
    names: dict[str, str] = {}
    for gateway in dict.fromkeys(row.gateway for row in rows):
        names |= {one.profile_id: one.name for one in People(journal).rows(gateway) if one.profile_id and one.name}
    used = {row.profile_id for row in rows} | {word for row in rows for word in _mentioned(row)}
    try:
        manifest = Manifest(
            foxpack=1,
            made=datetime.now(UTC).strftime("%Y-%m-%d"),
            tasks=[_recorded(row) for row in rows],
            profiles={profile_id: name for profile_id, name in names.items() if profile_id in used},
        )
    except ValidationError as error:
        raise PackError(
            f"{path.name} was not written: a recorded lesson cannot hold this: {_first_fault(error)}.",
            money="The folder is as it was.",
            todo=f"A recorded lesson holds at most {MOST_TASKS:,} tasks: make the lesson in a store=… of its own.",
        ) from None
    text = json.dumps(manifest.model_dump(), ensure_ascii=False, indent=1).encode()
    files = {picture.sha256: path_of(picture.file) for row in rows for picture in row.pictures}
    with zipped(path) as archive:
        archive.writestr(MANIFEST, text, zipfile.ZIP_DEFLATED)
        archive.writestr(SEAL, hashlib.sha256(text).hexdigest())
        for sha256, file in sorted(files.items()):
            archive.write(file, PICTURES + sha256)
    return Packed(path, len(rows), len(files), left_out, _fingerprint(text))


def _finished(journal: Journal, path_of: Callable[[str], Path]) -> tuple[list[TaskRow], int]:
    """Return what can be recorded, oldest first; where sandbox and service know the same, the service's is it."""
    gateways = [gateway for gateway in journal.gateways() if not gateway.startswith(REPLAYED)]
    rows = [row for gateway in gateways for row in journal.tasks(gateway, states=("completed", "failed"))]
    found: dict[tuple[str, int], TaskRow] = {}
    left_out = 0
    for row in sorted(rows, key=lambda row: row.is_play_money):
        is_whole = all(_is_whole(path_of, picture) for picture in row.pictures)
        if row.state == "completed" and not (is_whole and (row.pictures or row.profile_id)):
            left_out += 1
            continue
        found.setdefault((without_links(row.request), row.take), row)
    return sorted(found.values(), key=lambda row: row.asked), left_out


def _is_whole(path_of: Callable[[str], Path], picture: Any) -> bool:
    try:
        return sha256_of(path_of(picture.file)) == str(picture.sha256)
    except OSError:
        return False


def _mentioned(row: TaskRow) -> list[str]:
    return [*re.findall(MENTION, row.words), *map(str, row.body.get("profile_ids") or [])]


def _recorded(row: TaskRow) -> RecordedTask:
    completed = row.state == "completed"
    return RecordedTask(
        model=row.model,
        request=without_links(row.request),
        take=row.take,
        state="completed" if completed else "failed",
        sandbox=row.is_play_money,
        asked=row.asked,
        accepted=row.accepted,
        finished=row.finished,
        micro=row.net,
        price_is_estimate=row.price_is_estimate,
        profile_id=row.profile_id,
        error_code=row.error_code[:500],
        error=_LINK.sub("(link)", row.error)[:20_000],
        pictures=[
            RecordedPicture(number=picture.number, sha256=picture.sha256, bytes=picture.bytes)
            for picture in (row.pictures if completed else ())
        ],
    )


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _fingerprint(manifest: bytes) -> str:
    digest = hashlib.sha256(manifest).hexdigest()
    return "-".join(digest[at : at + 4] for at in range(0, 16, 4))


class Pack:
    """A pack that was opened and found whole: every byte in it is accounted for.

    Parameters
    ----------
    path : str or Path
        The file. It is read once as a whole: its manifest is checked against its seal, every picture against the
        manifest, and what is not in the manifest is not accepted. Nothing is unpacked by the names that it brings.

    Raises
    ------
    PackError
        It is not a pack, is damaged, was changed, or was made by a newer fox_nb.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = whole(given_path(path, "replay"))
        if self.path.exists() and not self.path.is_file():  # reading a pipe would wait for ever
            raise self._refused("it is no file")
        try:
            with zipfile.ZipFile(self.path) as archive:
                members = self._members(archive)
                text = _read(archive, members[MANIFEST], LARGEST_MANIFEST)
                if hashlib.sha256(text).hexdigest().encode() != _read(archive, members[SEAL], 64):
                    raise self._refused("its list of contents was changed")
                self.manifest = self._manifest(text)
                pictures = {one.sha256: one for task in self.manifest.tasks for one in task.pictures}
                if set(members) != {MANIFEST, SEAL, *(PICTURES + sha256 for sha256 in pictures)}:
                    raise self._refused("it holds more, or less, than its list of contents says")
                for picture in pictures.values():
                    deque(self._proved(archive, picture), maxlen=0)
        except FileNotFoundError:
            raise PackError(f"There is no {self.path}.", todo="Check the path.") from None
        except DAMAGED_ZIP as error:
            raise self._refused(str(error) or type(error).__name__) from None
        self.fingerprint = _fingerprint(text)

    @property
    def gateway(self) -> str:
        """What the journal calls the gateway that this pack plays."""
        return REPLAYED + self.fingerprint

    @property
    def pictures(self) -> int:
        """How many pictures are in it."""
        return len({picture.sha256 for task in self.manifest.tasks for picture in task.pictures})

    def write(self, picture: RecordedPicture, target: Path) -> None:
        """Write a picture's bytes to a file."""
        with zipfile.ZipFile(self.path) as archive, target.open("wb") as file:
            file.writelines(self._proved(archive, picture))

    def _members(self, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
        members = {info.filename: info for info in archive.infolist()}
        if len(members) != len(archive.infolist()):
            raise self._refused("two of its members have one name")
        if not {MANIFEST, SEAL} <= set(members):
            raise self._refused("it has no list of contents")
        if any(info.compress_type not in _KINDS or info.flag_bits & _LOCKED for info in members.values()):
            raise self._refused("a member is locked, or packed in an unusual way")
        return members

    def _manifest(self, text: bytes) -> Manifest:
        content = json.loads(text)
        version = content.get("foxpack") if isinstance(content, dict) else None
        if isinstance(version, int) and version > 1:
            raise PackError(
                f"{self.path.name} was made by a newer fox_nb.", todo="Update fox_nb from where you have it."
            )
        try:
            manifest = Manifest.model_validate(content)
        except ValidationError as error:
            raise self._refused(_first_fault(error)) from None
        for task in manifest.tasks:
            request = json.loads(task.request)
            if not isinstance(request, dict) or request.get("model") != task.model:
                raise self._refused("a request is no JSON object of its model")
            if len({picture.number for picture in task.pictures}) < len(task.pictures):
                raise self._refused("two pictures of a task have one number")
            if task.state == "completed" and not (task.pictures or task.profile_id):
                raise self._refused("a completed task has nothing in it")
            json.dumps(request, ensure_ascii=False).encode()  # halves of characters are refused as any other ValueError
        return manifest

    def _proved(self, archive: zipfile.ZipFile, picture: RecordedPicture) -> Iterator[bytes]:
        """Give a picture's bytes, and refuse them at their end if they are not the ones that were recorded."""
        digest = hashlib.sha256()
        for piece in _pieces(archive, archive.getinfo(PICTURES + picture.sha256), picture.bytes):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != picture.sha256:
            raise self._refused("a picture was changed")

    def _refused(self, why: str) -> PackError:
        return PackError(
            f"{self.path.name} is not a whole recorded lesson: {why}.",
            money="Nothing of it was used.",
            todo="Fetch it again from whoever made it.",
        )


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    return b"".join(_pieces(archive, member, most, exactly=False))


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo, size: int, *, exactly: bool = True) -> Iterator[bytes]:
    """Give a member's bytes, and stop as soon as there are more of them than there may be, whatever its header says."""
    left = size
    with archive.open(member) as file:
        while piece := file.read(min(_PIECE, left + 1)):
            left -= len(piece)
            if left < 0:
                raise ValueError(f"{member.filename[:80]} is larger than it says")
            yield piece
    if exactly and left:
        raise ValueError(f"{member.filename[:80]} is shorter than it says")
