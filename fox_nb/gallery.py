"""Gallery: what a class has made, on one page: stores, packs or handed-in ZIPs, with names and what each has spent."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from fox_nb.errors import FoxError
from fox_nb.images.check import DOWNLOADED
from fox_nb.images.thumbnail import MIME, cached_thumbnail
from fox_nb.models import MODELS
from fox_nb.render.grid import Picture, sheet
from fox_nb.render.html import escape, frame, head, note
from fox_nb.store import MICRO
from fox_nb.store.home import JOURNAL
from fox_nb.store.journal import Journal
from fox_nb.store.packs import SUFFIX, Pack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fox_nb.store import TaskRow
    from fox_nb.store.packs import RecordedTask

MOST_PICTURES = 60
"""Of one person, the newest: thirty people's are about 50 MB of page otherwise."""
_EDGE, _BYTES, _COLUMN = 320, 12_000, 184
_MOST_UNPACKED = 4 << 30
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>:root{{color-scheme:light dark}}section{{margin-top:28px}}
body{{font:16px/1.5 system-ui,sans-serif;max-width:1240px;margin:24px auto;padding:0 16px}}
table{{border-collapse:collapse}}td,th{{padding:3px 18px 3px 0;text-align:left}}</style>
</head><body><h1>{title}</h1>{summary}{people}</body></html>
"""


@dataclass
class Person:
    """What one person handed in.

    Attributes
    ----------
    name : str
        From the folder's or the file's name.
    pictures : list of Picture
        The newest first.
    made : int
        How many there are in all.
    usd, play : float
        What was spent on the service, and in the sandbox's play money.
    trouble : str
        Why it could not be read.
    """

    name: str
    pictures: list[Picture] = field(default_factory=list)
    made: int = 0
    usd: float = 0.0
    play: float = 0.0
    trouble: str = ""

    def __str__(self) -> str:
        said = f"{self.made} picture{'s' * (self.made != 1)}, {self.usd:.2f} USD, {self.play:.2f} USD of play money"
        return f"{self.name}: {said}{f'; {self.trouble}' if self.trouble else ''}"


def write_gallery(places: Sequence[Path], target: Path, *, title: str = "Our pictures") -> list[Person]:
    """Write one static page with everybody's pictures; what was handed in is only read.

    Parameters
    ----------
    places : sequence of Path
        Stores, packs, ZIPs of ``fox.store.take_home()``, or folders with any of these, one a person.
    target : Path
        The page.
    title : str
        What stands above it.

    Raises
    ------
    FoxError
        There is no such place, or nothing in it.
    """
    with tempfile.TemporaryDirectory(prefix="fox_nb-gallery-") as folder:
        people = _people(places, Path(folder))
    if not people:
        raise FoxError(
            "No store, pack or handed-in ZIP is there.",
            todo="Name a folder with one fox_runs, .foxpack or my-work.zip for each person.",
        )
    page = _PAGE.format(title=escape(title), summary=_summary(people), people=_sections(people))
    target.write_text(page, encoding="utf-8")
    return people


def _people(places: Iterable[Path], folder: Path) -> list[Person]:
    """Read all that was handed in; several stores in one person's folder are one person's."""
    people: list[Person] = []
    for place in places:
        known: dict[str, Person] = {}
        for name, path in _handed_in(place):
            _read(known.setdefault(name, Person(name)), path, folder)
        people += known.values()
    return people


def _handed_in(place: Path) -> Iterator[tuple[str, Path]]:
    """Find what is to be shown, with a name for each: the folder of the person, or the file's name."""
    if not place.exists():
        raise FoxError(f"There is no {place}.", todo="Check the path.")
    if place.is_file():
        yield place.stem, place
        return
    found = [*place.rglob(JOURNAL), *place.rglob(f"*{SUFFIX}"), *place.rglob("*.zip")]
    for path in sorted(found):
        if "sources" not in path.parts:  # a store keeps the ZIPs of trainings there
            yield _name(path, place), path.parent if path.name == JOURNAL else path


def _name(path: Path, place: Path) -> str:
    """Name a person by the first folder below `place`, else by the file."""
    parts = [part for part in path.relative_to(place).parts if part not in {"fox_runs", JOURNAL}]
    return PurePosixPath(parts[0]).stem if parts else place.absolute().name


def _read(person: Person, place: Path, folder: Path) -> None:
    own = Path(tempfile.mkdtemp(dir=folder))
    try:
        if place.suffix == SUFFIX:
            _from_pack(person, Pack(place), own)
        elif place.is_file():
            _from_store(person, _unpacked(place, own), own)
        else:
            _from_store(person, place, own)
    except (FoxError, OSError, ValueError, RuntimeError, zipfile.BadZipFile) as error:
        person.trouble = error.what if isinstance(error, FoxError) else f"It cannot be read ({error})."


def _unpacked(path: Path, own: Path) -> Path:
    """Unpack the store of a handed-in ZIP: its journal and pictures, by names of ours."""
    store = own / "store"
    (store / "pictures").mkdir(parents=True)
    left = _MOST_UNPACKED
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            parts = PurePosixPath(info.filename).parts
            is_journal, is_picture = parts[1:] == (JOURNAL,), len(parts) == 3 and parts[1] == "pictures"  # noqa: PLR2004 - store, folder, file
            left -= info.file_size
            if left < 0:
                raise ValueError("it is too large when unpacked")
            if (is_journal or is_picture) and parts[-1] not in {"..", "."}:
                target = store / JOURNAL if is_journal else store / "pictures" / Path(parts[-1]).name
                with archive.open(info) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file)
    if not (store / JOURNAL).exists():
        raise ValueError("there is no store in it")
    return store


def _from_store(person: Person, store: Path, own: Path) -> None:
    """Read a copy of the journal: what was handed in is not written to, not even to be brought up to date."""
    copy = own / JOURNAL
    shutil.copyfile(store / JOURNAL, copy)
    with closing(Journal(copy)) as journal:
        with journal.reading() as connection:
            gateways = [row[0] for row in connection.execute("SELECT DISTINCT gateway FROM task")]
        rows = [row for gateway in gateways for row in journal.tasks(gateway)]
    rows.sort(key=lambda row: -row.asked)
    for row in rows:
        _count(person, row.micro, sandbox=row.gateway == "sandbox")
        for picture in row.pictures:
            path = (store / picture.file).resolve()
            if path.is_relative_to(store.resolve()) and path.exists():
                _show(person, path, own, words=row.words, facts=_facts(row))


def _from_pack(person: Person, pack: Pack, own: Path) -> None:
    for number, task in enumerate(sorted(pack.manifest.tasks, key=lambda task: -task.asked)):
        _count(person, task.micro, sandbox=task.sandbox)
        for picture in task.pictures:
            path = own / f"{number}-{picture.number}"
            if person.made < MOST_PICTURES:
                pack.write(picture, path)
            _show(person, path, own, words=task.words, facts=_facts(task))


def _count(person: Person, micro: int, *, sandbox: bool) -> None:
    if sandbox:
        person.play += micro / MICRO
    else:
        person.usd += micro / MICRO


def _show(person: Person, path: Path, own: Path, *, words: str, facts: list[tuple[str, str]]) -> None:
    person.made += 1
    if person.made > MOST_PICTURES:
        return
    try:
        thumbnail = cached_thumbnail(path, own / "thumbnails", _EDGE, max_bytes=_BYTES, bounds=DOWNLOADED)
        width, height = _size(path)
    except FoxError:
        return  # a file that is no safe picture is counted, not shown
    person.pictures.append(Picture(thumbnail, MIME, width, height, alt=words, caption=words, facts=facts))


def _size(path: Path) -> tuple[int, int]:
    from PIL import Image

    with Image.open(path) as picture:
        return picture.size


def _facts(row: TaskRow | RecordedTask) -> list[tuple[str, str]]:
    model = MODELS.get(row.model)
    return [("", model.title if model else row.model), ("Take", str(row.take))]


def _summary(people: list[Person]) -> str:
    rows = "".join(
        f'<tr><td><a href="#{number}">{escape(person.name)}</a></td><td>{person.made}</td>'
        f"<td>{person.usd:.2f} USD</td><td>{person.play:.2f} USD</td></tr>"
        for number, person in enumerate(people)
    )
    total = (sum(person.made for person in people), sum(p.usd for p in people), sum(p.play for p in people))
    return (
        "<table><thead><tr><th>Name</th><th>Pictures</th><th>Spent</th><th>Play money</th></tr></thead>"
        f"<tbody>{rows}<tr><th>All</th><th>{total[0]}</th><th>{total[1]:.2f} USD</th><th>{total[2]:.2f} USD</th></tr>"
        "</tbody></table>"
    )


def _sections(people: list[Person]) -> str:
    """Show each person's pictures below their name."""
    parts = []
    for number, person in enumerate(people):
        more = person.made - len(person.pictures)
        said = note(person.trouble) + note(f"and {more} more" if more > 0 else "")
        shown = sheet(person.pictures, column=_COLUMN) if person.pictures else ""
        parts.append(f'<section id="{number}">{frame(head(person.name), shown, said)}</section>')
    return "".join(parts)
