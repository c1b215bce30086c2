"""Gallery: what a class has made, on one page: stores, packs or handed-in ZIPs, with names and what each has spent."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import is_zipfile

from fox_nb.errors import FoxError
from fox_nb.filetypes import DAMAGED_ZIP
from fox_nb.images.check import DOWNLOADED
from fox_nb.images.thumbnail import MIME, cached_thumbnail
from fox_nb.models import MODELS
from fox_nb.money import MICRO_PER_USD, dollars
from fox_nb.render.html import clip, escape, frame, head, note
from fox_nb.render.image_grid import Picture, sheet
from fox_nb.store import TaskRow
from fox_nb.store.files import spare_others
from fox_nb.store.handed_in import MOST_OF_A_FILE, MOST_OF_A_PERSON, OtherStore, Room, found_in_zip
from fox_nb.store.journal import JOURNAL
from fox_nb.store.packs import SUFFIX, Pack, RecordedPicture, RecordedTask
from fox_nb.tasks import LARGEST_PICTURE

MOST_PICTURES = 60
"""Of one person, the newest: thirty people's are about 50 MB of page otherwise."""
_EDGE, _BYTES, _COLUMN = 320, 12_000, 184
_MOST_DEEP = 3
_LONGEST_LINE = 1000
_HIDDEN_ZIPS = {"", ".exe", ".download"}
"""What a ZIP may be called whose ending was lost, that unpacks itself, or that a browser has not renamed."""
_OTHER_ARCHIVES = {".rar", ".7z", ".tar", ".tgz", ".gz"}
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
    lost : int
        How many there were, and are not there or damaged.
    usd, play : float
        What was spent on the service, and in the sandbox's play money.
    trouble : str
        Why it could not be read.
    """

    name: str
    pictures: list[Picture] = field(default_factory=list)
    made: int = 0
    lost: int = 0
    usd: float = 0.0
    play: float = 0.0
    trouble: str = ""
    known: set[Any] = field(default_factory=set, repr=False)
    """What was counted: sendings by their tasks, and by identity and time, pictures by task and number. Of a store that
    was handed in twice the newer one counts; what two computers of a student had of their class was made once."""
    missing: set[Any] = field(default_factory=set, repr=False)
    """Pictures whose files one of the stores lacks."""
    room: Room = field(default_factory=lambda: Room(MOST_OF_A_PERSON), repr=False)

    def __str__(self) -> str:
        words = f"{self.made} picture{'s' * (self.made != 1)}, {dollars(self.usd)}, {dollars(self.play, play=True)}"
        return clip(f"{self.name}: {words}{f'; {self.trouble}' if self.trouble else ''}", _LONGEST_LINE)


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
        There is no such place, or nothing in it; or `target` is there and no page.
    """
    spare_others(target, b"<!doctype html>")
    with tempfile.TemporaryDirectory(prefix="fox_nb-gallery-") as folder:
        people = _people(places, Path(folder))
    if not people:
        raise FoxError(
            "No fox_runs folder, .foxpack or handed-in ZIP is there.",
            todo="Name a folder with one fox_runs, .foxpack or my-work.zip for each person.",
        )
    page = _PAGE.format(title=escape(title), summary=_summary(people), people=_sections(people))
    target.write_text(page, encoding="utf-8", errors="replace")  # names and prompts may hold halves of a character
    return people


def _people(places: Iterable[Path], folder: Path) -> list[Person]:
    """Read all that was handed in; several stores in one person's folder are one person's."""
    people: list[Person] = []
    for place in places:
        known: dict[str, Person] = {}

        def person(name: str, known: dict[str, Person] = known) -> Person:
            return known.setdefault(name, Person(name))

        around: set[str] = set()
        for name, path in _handed_in(place):
            before = len(known)
            is_by_itself = place in {path, path.parent}  # in a person's folder all is theirs, whatever is called how
            _read(person if is_by_itself else partial(_only, person(name)), name, path, folder, Room(MOST_OF_A_FILE))
            around |= {name} if _is_file(path) and len(known) > before + 1 else set()
        for one in known.values():
            one.lost += len(one.missing - one.known)
            one.trouble = f"{one.trouble} {_lost(one)}".strip()
        people += (one for one in known.values() if one.made or one.trouble or one.name not in around)
    return people


def _lost(person: Person) -> str:
    there_were = person.made + person.lost
    return f"{person.lost} of {there_were} pictures cannot be shown: missing or damaged." if person.lost else ""


def _only(person: Person, _name: str) -> Person:
    return person


def _handed_in(place: Path) -> Iterator[tuple[str, Path]]:
    """Find what is to be shown, with a name for each: the folder of the person, or the file's name.

    A folder that is closed to who asks is among it, so that its person is not left out without a word.
    """
    if not place.exists():
        raise FoxError(f"There is no {place}.", todo="Check the path.")
    if place.is_file():
        yield place.stem, place
        return
    kinds = {SUFFIX, ".zip", *_OTHER_ARCHIVES}
    files, closed = list[Path](), [place] if _is_closed(place) else []
    for folder, inside, names in os.walk(place):
        closed += (path for path in (Path(folder, name) for name in inside) if _is_closed(path))
        inside[:] = [name for name in inside if Path(folder, name) not in closed]
        paths = (Path(folder, name) for name in names if Path(folder) not in closed)
        files += (path for path in paths if _is_theirs(path, place) and _is_file(path))
    found = [path for path in files if path.name == JOURNAL or path.suffix.lower() in kinds or _is_hidden_zip(path)]
    newest = sorted([*found, *closed], reverse=True)
    for path in sorted(newest, key=lambda path: _name(path, place)):
        if "sources" not in path.parts:  # a store keeps the ZIPs of trainings there
            yield _name(path, place), path.parent if path.name == JOURNAL else path


def _is_closed(folder: Path) -> bool:
    """Return True where nobody may look in, or at what is in it; links are not followed."""
    return not (folder.is_symlink() or os.access(folder, os.R_OK | os.X_OK))


def _is_file(path: Path) -> bool:
    """Return False for a pipe, which would block; True for a link to what is closed: who reads it says so."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except PermissionError:
        return True
    except OSError:
        return False


def _is_theirs(path: Path, place: Path) -> bool:
    """Return False for a link in a person's folder: unpacked with their work, it may show what is another's."""
    return not path.is_symlink() or (path.parent == place and path.name != JOURNAL)


def _is_hidden_zip(path: Path) -> bool:
    return path.suffix.lower() in _HIDDEN_ZIPS and is_zipfile(path)


def _name(path: Path, place: Path) -> str:
    """Name a person by the first folder below `place`, else by the file."""
    parts = [part for part in path.relative_to(place).parts if part not in {"fox_runs", JOURNAL}]
    return PurePosixPath(parts[0]).stem if parts else place.absolute().name


def _read(
    known: Callable[[str], Person],
    name: str,
    place: Path,
    folder: Path,
    whole: Room,
    deep: int = 0,
    *,
    is_named: bool = False,
) -> None:
    """Read what lies at a place; whatever is wrong with it is said of that person, and everybody else is shown.

    Where the ZIP around it has named people, all that is in it is theirs, whatever is called how.
    """
    person = known(name)
    try:
        with tempfile.TemporaryDirectory(dir=folder) as made:  # what one unpacks leaves its room to the next
            own = Path(made)
            if deep > _MOST_DEEP:
                person.trouble = "It is a ZIP in too many others; ask for the ZIP of the fox_nb folder alone."
            elif place.suffix.lower() in _OTHER_ARCHIVES:
                person.trouble = f"{place.name} is no ZIP of a fox_nb folder; ask for one."
            elif place.suffix.lower() == SUFFIX:
                _from_pack(person, Pack(place), own)
            elif place.is_dir() and _is_closed(place):
                person.trouble = f"{place.name} cannot be opened; ask for its permissions, or for a ZIP of it."
            elif place.is_dir():
                _from_store(person, OtherStore("", place), own, whole)
            else:
                found = list(found_in_zip(place, own, (person.room, whole)))
                person.trouble = person.trouble if found or person.made else "There is no fox_nb folder in it."
                for one in found:
                    inner = one.name if isinstance(one, OtherStore) else one[0]
                    whose = name if is_named else inner or name
                    if isinstance(one, OtherStore):
                        _from_store(known(whose), one, own, whole)
                    else:
                        _read(known, whose, one[1], folder, whole, deep + 1, is_named=is_named or bool(inner))
    except Exception as error:  # noqa: BLE001 - what others hand in can make a reader raise anything
        person.trouble = _words(error)


def _words(error: Exception) -> str:
    return error.what if isinstance(error, FoxError) else f"It cannot be read ({error or type(error).__name__})."


def _from_store(person: Person, store: OtherStore, own: Path, whole: Room) -> None:
    own, rooms = Path(tempfile.mkdtemp(dir=own)), (person.room, whole)
    rows, odd = store.rows(own, rooms)
    for count, row in enumerate(rows):
        sending = {row.task_id, (row.identity, row.asked)} - {""}
        if not (row.is_recorded or sending & person.known):  # what was recorded is nobody's spending here
            _count(person, row.net, sandbox=row.is_play_money)
        person.known |= sending
        for picture in row.pictures:
            one = row.task_id or row.identity, picture.number
            if not store.has(picture.file):
                person.missing.add(one)
            elif one not in person.known:
                person.known.add(one)
                copy = own / f"{count}-{picture.number}"  # no text of a journal is part of a path
                fetch = partial(store.fetch, picture.file, copy, LARGEST_PICTURE, rooms)
                _show(person, fetch, own, words=row.words, facts=_facts(row))
    if odd:
        person.trouble = (
            f"{odd} {'entry of its history is' if odd == 1 else 'entries of its history are'} not readable."
        )


def _from_pack(person: Person, pack: Pack, own: Path) -> None:
    for number, task in enumerate(sorted(pack.manifest.tasks, key=lambda task: -task.asked)):
        _count(person, task.micro, sandbox=task.sandbox)
        for picture in task.pictures:
            path = own / f"{number}-{picture.number}"

            def fetch(picture: RecordedPicture = picture, path: Path = path) -> Path:
                pack.write(picture, path)
                return path

            _show(person, fetch, own, words=task.words, facts=_facts(task))


def _count(person: Person, micro_usd: int, *, sandbox: bool) -> None:
    if sandbox:
        person.play += micro_usd / MICRO_PER_USD
    else:
        person.usd += micro_usd / MICRO_PER_USD


def _show(person: Person, fetch: Callable[[], Path], own: Path, *, words: str, facts: list[tuple[str, str]]) -> None:
    if len(person.pictures) >= MOST_PICTURES:
        person.made += 1
        return
    try:
        path = fetch()
        thumbnail = cached_thumbnail(path, own / "thumbnails", _EDGE, max_bytes=_BYTES, bounds=DOWNLOADED)
        width, height = _size(path)
    except (FoxError, *DAMAGED_ZIP):
        person.lost += 1  # it is no safe picture
        return
    person.made += 1
    person.pictures.append(Picture(thumbnail, MIME, width, height, alt=words, caption=words, facts=facts))


def _size(path: Path) -> tuple[int, int]:
    from PIL import Image

    with Image.open(path) as picture:
        return picture.size


def _facts(row: TaskRow | RecordedTask) -> list[tuple[str, str]]:
    model = MODELS.get(row.model)
    return [("", model.title if model else row.model), ("Variation", str(row.take))]


def _summary(people: list[Person]) -> str:
    rows = "".join(
        f'<tr><td><a href="#{number}">{escape(person.name)}</a></td><td>{person.made}</td>'
        f"<td>{dollars(person.usd)}</td><td>{dollars(person.play)}</td></tr>"
        for number, person in enumerate(people)
    )
    total = (sum(person.made for person in people), sum(p.usd for p in people), sum(p.play for p in people))
    return (
        "<table><thead><tr><th>Name</th><th>Pictures</th><th>Spent</th><th>Play money</th></tr></thead>"
        f"<tbody>{rows}<tr><th>All</th><th>{total[0]}</th><th>{dollars(total[1])}</th><th>{dollars(total[2])}</th></tr>"
        "</tbody></table>"
    )


def _sections(people: list[Person]) -> str:
    """Show each person's pictures below their name."""
    parts = []
    for number, person in enumerate(people):
        more = person.made - len(person.pictures)
        words = note(person.trouble) + note(f"and {more} more" if more > 0 else "")
        shown = sheet(person.pictures, column=_COLUMN) if person.pictures else ""
        parts.append(f'<section id="{number}">{frame(head(person.name), shown, words)}</section>')
    return "".join(parts)
