"""Scan: finds keys in notebooks and text files, in every place where they hide, and takes them out."""

from __future__ import annotations

import codecs
import errno
import gzip
import json
import os
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, NamedTuple

from fox_nb.atomic import aside, put
from fox_nb.errors import InvalidRequest
from fox_nb.filetypes import DAMAGED_ZIP
from fox_nb.key_patterns import IN_USE, LOOKS_LIKE, KeySeeker, KeySpan, describe, without
from fox_nb.settings import REMOVED, find_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pydantic import SecretStr

_NOT_OURS = frozenset({".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__"})
"""Folders that are not looked into. Jupyter's checkpoints are: they hold copies of notebooks."""

_PASSWORD_FIELD = "PasswordModel"  # noqa: S105 - the name of a widget
_HEAD = 8192
_CHUNK = 1 << 20
_OVERLAP = 1 << 16
"""Characters within which a key, with all that cuts it, has its end."""
_CONTEXT = 32
"""Characters before a piece that say whether a word begins with it."""
_LARGEST_NOTEBOOK = 64 << 20
"""Bytes; a larger one is looked through as a text, piece by piece."""
_LARGEST_UNPACKED = 8 << 30
"""Bytes that are unpacked of one file, and of what is packed in it, to be looked into."""
_MOST_DEEP = 2
"""Archives within an archive that are looked into."""
_GZIP = b"\x1f\x8b"
_OTHER_ARCHIVES = (b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")
"""How 7z, RAR, bzip2, xz, zstd and lz4 begin; TAR packs nothing."""
_TABLES = (b"PAR1", b"\x89HDF\r\n\x1a\n", b"ARROW1", b"FEA1", b"ORC", b"Obj\x01")
"""How Parquet, HDF5, Arrow, Feather, ORC and Avro begin, whose columns may be packed."""
_STREAMS = {
    b"%PDF": re.compile(rb"(?s)\bstream\r?\n(?P<packed>.*?)(?=endstream|\Z)"),
    b"\x89PNG": re.compile(
        rb"(?s)(?:zTXt[^\0]{1,79}\0\0|iTXt[^\0]{1,79}\0\x01\0(?:[^\0]{0,500}\0){2})(?=(?P<packed>.{1,99999}))"
    ),
}
"""Where texts are packed in a file whose own bytes are looked through, too."""
_GLYPHS = "/Identity-H"
"""Names fonts of which a PDF has the numbers of the shapes, and no letters: those of browsers and of xelatex."""
_LOCKED = re.compile(rb"\A%PDF(?s:.)*/(?:Encrypt|LZWDecode|ASCII85Decode|ASCIIHexDecode)\b")
_NOT_LOOKED_INTO = "is packed in a way that is not looked into here: look yourself whether it shows a key"
_LONGEST_NAME = 200
_MOST_TOLD = 1000
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
"""Marks that say how a text is written; UTF-32's before UTF-16's, which begin alike."""
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"')
"""A text of JSON: outside of one no quote stands."""
_ALTERNATING = re.compile(rb"(?:[^\0]\0{1,3}){8}|(?:\0{1,3}[^\0]){8}")
"""How letters stand in UTF-16 and UTF-32."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One key.

    Attributes
    ----------
    where : str
        The place in the file, for a person: ``cells 3, source``, ``line 12``.
    what : str
        The key in use, or what looks like one.
    shown : str
        Its first characters, where it has many, and its length; never the key.
    """

    where: str
    what: str
    shown: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}, {self.shown}"


@dataclass(slots=True)
class Report:
    """What one file holds.

    Attributes
    ----------
    path : Path
        The file.
    findings : list of Finding
        The keys.
    cleaned : bool
        True when they were taken out.
    trouble : str
        Why it could not be read or cleaned; '' when it could.
    in_name : bool
        True when its own name, or that of its folder, holds one: no name is changed.
    """

    path: Path
    findings: list[Finding] = field(default_factory=list)
    cleaned: bool = False
    trouble: str = ""
    in_name: bool = False
    more: int = 0
    """Keys beyond those that are named."""

    @property
    def is_left(self) -> bool:
        """True while it holds a key."""
        return self.in_name or bool(self.findings and not self.cleaned)

    def found(self, place: KeySpan, where: str) -> None:
        """Note a key; the same one at the same place counts once."""
        self.note(Finding(where, place.what, place.shown))

    def note(self, finding: Finding) -> None:
        """Note a finding, as `found` does."""
        if len(self.findings) >= _MOST_TOLD:
            self.more += 1
        elif finding.where.endswith("somewhere in it") or finding not in self.findings[-1:]:
            self.findings.append(finding)


def main(paths: Sequence[Path], *, clean: bool = False) -> int:
    """Look through files and folders, and say what was found.

    Returns
    -------
    int
        0 when no key is left in them, 1 when there is one, 2 when something could not be read.
    """
    key = key_in_use()
    reports = [scan(file, key=key, clean=clean) for path in paths for file in files_of(path)]
    seeker = KeySeeker(key)
    for report in reports:
        lines = [f"{finding}{' (taken out)' if report.cleaned else ''}" for finding in report.findings]
        lines += [f"and {report.more:,} more"] if report.more else []
        lines += ["its name holds a key: rename it"] if report.in_name else []
        lines += [report.trouble] if report.trouble else []
        for line in lines:
            print(f"{_named(str(report.path), seeker)}: {line}")
    found = [report for report in reports if report.findings or report.in_name]
    if found:
        print(_advice(found, clean=clean))
    elif (read := sum(not report.trouble for report in reports)) or not reports:
        print(f"No key found in {read} file{'s' * (read != 1)}.")
    if any(report.trouble for report in reports):
        return 2
    return int(any(report.is_left for report in found))


def _advice(found: list[Report], *, clean: bool) -> str:
    left = [report for report in found if report.is_left]
    if clean and not left:
        return (
            "Taken out. Whoever had the file may have the key: make a new one in the gateway's console, and give it "
            "as FOXAPI_KEY or by fox_nb.ask_key()."
        )
    return (
        "Take them out with `fox-nb scan --clean`, and don't share the file before that; "
        "a key that was shared is to be replaced in the gateway's console."
    )


def key_in_use() -> SecretStr | None:
    """Return the key of the environment; None when there is none, or none that can be one."""
    try:
        return find_key()
    except InvalidRequest:
        return None


def files_of(path: Path) -> Iterator[Path]:
    """Give a file, or the files of a folder and its folders, without those of tools; folders that are closed, too."""
    if not path.is_dir():
        yield path
        return
    closed: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=lambda error: closed.append(Path(error.filename))):
        folders[:] = sorted(set(folders) - _NOT_OURS)
        for file in (Path(folder) / name for name in sorted(names)):
            with suppress(FileNotFoundError):  # deleted meanwhile
                if _is_plain(file):
                    yield file
    yield from closed


def _is_plain(file: Path) -> bool:
    """Return False for links, pipes and sockets; True for what can't be looked at: whoever reads it will say so."""
    try:
        return stat.S_ISREG(file.lstat().st_mode)
    except PermissionError:
        return True


def scan(path: Path, *, key: SecretStr | None = None, clean: bool = False) -> Report:
    """Look through one file, piece by piece.

    Parameters
    ----------
    path : Path
        A notebook, a text in any encoding of Unicode, or anything else.
    key : SecretStr, optional
        The key in use.
    clean : bool
        True takes out what is found and leaves every other byte as it was; a notebook stays one.
    """
    seeker = KeySeeker(key)
    report = Report(path, in_name=bool(_in_name(str(path), seeker)))
    try:
        with _opened(path) as file:
            write = None if _unpacked(file, seeker, report, _Room()) else _look_through(file, seeker, report)
    except OSError as error:
        report.trouble = f"cannot be read ({error.strerror or error})"
        return report
    if clean and report.findings:
        if write is None:
            report.trouble = "is no text, so nothing was taken out of it: delete it"
            return report
        try:
            _replace(path, write)
        except OSError as error:
            report.trouble = f"cannot be written ({error.strerror or error}); it is as it was"
            return report
        report.cleaned = True
    return report


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open what can be read to its end; a pipe that nobody writes to is empty, and keeps nobody waiting."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        kind = os.fstat(handle).st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind)):
            raise OSError(errno.EINVAL, "it is no file")
        if stat.S_ISFIFO(kind):
            os.set_blocking(handle, True)
        yield file


class _Room:
    """How many bytes may still be unpacked; files beyond some size are kept on the disk meanwhile."""

    def __init__(self) -> None:
        self.left = _LARGEST_UNPACKED

    @contextmanager
    def unpacked(self, packed: IO[bytes]) -> Iterator[IO[bytes]]:
        """Unpack a file, as one in which one can go back."""
        with tempfile.SpooledTemporaryFile(_LARGEST_NOTEBOOK) as whole:
            while piece := packed.read(_CHUNK):
                self.left -= len(piece)
                if self.left < 0:
                    raise ValueError("it is too large for that")
                whole.write(piece)
            whole.seek(0)
            yield whole


def _unpacked(file: IO[bytes], seeker: KeySeeker, report: Report, room: _Room, deep: int = 0) -> bool:
    """Look through what is in an archive, whose bytes are packed; return True when that has found a key."""
    if not file.seekable():
        return False
    head = file.read(8)
    file.seek(0)
    try:
        is_gzip = head.startswith(_GZIP)
        is_archive = is_gzip or zipfile.is_zipfile(file)
        streams = next((found for sign, found in _STREAMS.items() if head.startswith(sign)), None)
        if head.startswith(_TABLES):
            report.trouble = _NOT_LOOKED_INTO
        if head.startswith(_OTHER_ARCHIVES) or (deep > _MOST_DEEP and is_archive):
            raise ValueError("that is not tried here")
        if is_gzip:
            with gzip.open(file) as packed, room.unpacked(packed) as whole:  # type: ignore[arg-type]
                if not _unpacked(whole, seeker, report, room, deep + 1):
                    _look_through(whole, seeker, report)
        elif is_archive:
            _look_into(file, seeker, report, room, deep)
        elif streams is not None:
            _look_into_streams(file, streams, seeker, report)
    except DAMAGED_ZIP as error:
        report.trouble = f"cannot be unpacked ({error}): unpack it by hand, and scan the folder"
    file.seek(0)
    return bool(report.findings)


def _look_into_streams(file: IO[bytes], streams: re.Pattern[bytes], seeker: KeySeeker, report: Report) -> None:
    """Look through the texts that a PDF or a PNG has packed; what is no such text is looked at as it is, too."""
    file.seek(0)
    data = file.read(_LARGEST_NOTEBOOK)
    left = 0 if len(data) == _LARGEST_NOTEBOOK or _LOCKED.search(data) else _LARGEST_NOTEBOOK
    is_told = left == 0 or _GLYPHS.encode() in data
    for match in streams.finditer(data) if left else ():
        unpacker = zlib.decompressobj()
        with suppress(zlib.error):
            text = unpacker.decompress(match["packed"], left).decode("latin-1")
            left = left - len(text) if unpacker.eof else 0
            is_told |= left <= 0 or _GLYPHS in text
            for place in seeker.places(text):
                report.found(place, "somewhere in it")
        if left <= 0:
            break
    if is_told:
        report.trouble = _NOT_LOOKED_INTO


def _look_into(file: IO[bytes], seeker: KeySeeker, report: Report, room: _Room, deep: int) -> None:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            part, name = Report(Path(member.filename)), _named(member.filename, seeker)[-_LONGEST_NAME:]
            with archive.open(member) as packed, room.unpacked(packed) as whole:
                if not _unpacked(whole, seeker, part, room, deep + 1):
                    _look_through(whole, seeker, part)
            for place in _in_name(member.filename, seeker):
                report.found(place, f"the name {name}")
            if part.trouble:
                report.trouble = f"{name} {part.trouble}"
            for finding in part.findings:
                report.note(replace(finding, where=f"{name}, {finding.where}"))
            report.more += part.more


def _in_name(name: str, seeker: KeySeeker) -> list[KeySpan]:
    """Return where the keys of a name stand, also behind the line that names have for a blank."""
    return seeker.places(name) or seeker.places(name.replace("_sk-", " sk-"))


def _named(name: str, seeker: KeySeeker) -> str:
    """Return a name as it may be printed."""
    clean = without(name, _in_name(name, seeker))
    return "".join(sign if sign.isprintable() else "?" for sign in clean)


def _look_through(file: IO[bytes], seeker: KeySeeker, report: Report) -> Callable[[BinaryIO], Any] | None:
    """Find the keys of a file; return what writes it without them, None where it is no text."""
    notebook = report.path.suffix == ".ipynb"
    head = file.read(_LARGEST_NOTEBOOK if notebook else _HEAD)
    if notebook and len(head) < _LARGEST_NOTEBOOK:
        cleaned = _notebook(head, seeker, report)
        if cleaned is not None:
            return lambda sink: sink.write(cleaned)
    is_text = _is_text(head[:_HEAD])
    line = 1
    for piece, places in _pieces(head, file, seeker):
        at = 0
        for place in places:
            line += piece.count("\n", at, place.start)
            at = place.start
            report.found(place, f"line {line}" if is_text else "somewhere in it")
        line += piece.count("\n", at)
    return (lambda sink: _copy_without(report.path, seeker, sink)) if is_text and file.seekable() else None


def _is_text(head: bytes) -> bool:
    """Whether a file can be changed in length: it has no zeros but those of UTF-16 and UTF-32."""
    if b"\0" not in head or head.startswith(tuple(_MARKS)):
        return True
    return _ALTERNATING.search(head) is not None and _CONTROL.search(head) is None


def _pieces(head: bytes, file: IO[bytes], seeker: KeySeeker) -> Iterator[tuple[str, list[KeySpan]]]:
    """Give a file's bytes as texts of as many letters, and the places of the keys that begin in each.

    Whatever its encoding: keys are ASCII, and a letter of Latin-1 is a byte, so that all else stays as it was.
    """
    text, before = head.decode("latin-1"), 0
    while True:
        more = file.read(_CHUNK).decode("latin-1")
        text += more
        limit = len(text) - _OVERLAP if more else len(text)
        if limit <= before:
            if not more:
                return
            continue
        found = [place for place in seeker.places(text) if before <= place.start < limit]
        end = max(limit, found[-1].end) if found else limit
        yield text[before:end], [one._replace(start=one.start - before, end=one.end - before) for one in found]
        context = max(0, end - _CONTEXT)
        text, before = text[context:], end - context


def _copy_without(path: Path, seeker: KeySeeker, sink: BinaryIO) -> None:
    with path.open("rb") as file:
        sink.writelines(without(piece, places).encode("latin-1") for piece, places in _pieces(b"", file, seeker))


# --- notebooks


def _notebook(data: bytes, seeker: KeySeeker, report: Report) -> bytes | None:
    """Return a notebook without keys, in its source, outputs, attachments and metadata; None for what is none.

    What is changed are the texts with keys alone; every other character is as it was.
    """
    mark = next((mark for mark in _MARKS if data.startswith(mark)), b"")
    encoding = _MARKS[mark] if mark else json.detect_encoding(data)
    found: list[tuple[KeySpan, str]] = []
    parts, at = [], 0
    try:
        text = data[len(mark) :].decode(encoding, "surrogatepass")
        node = json.loads(text, object_pairs_hook=_Pairs)
        if not (isinstance(node, _Pairs) and type(dict(node).get("cells")) is list):
            return None
        for lines, where, is_typed in _texts(node, _STRING.finditer(text)):
            places = _keys_in("".join(line.value for line in lines), where, seeker, is_typed=is_typed)
            found += [(place, where) for place in places]
            begin = 0
            for start, end, value in lines if places else ():
                new = without(value, [one._replace(start=one.start - begin, end=one.end - begin) for one in places])
                begin += len(value)
                if new != value:
                    parts += [text[at:start], json.dumps(new, ensure_ascii=text[start:end].isascii())]
                    at = end
    except (ValueError, RecursionError):
        return None
    for place, where in found:
        report.found(place, where)
    return mark + "".join([*parts, text[at:]]).encode(encoding, "surrogatepass")


def _keys_in(text: str, where: str, seeker: KeySeeker, *, is_typed: bool) -> list[KeySpan]:
    """Return where keys stand in a text; of a password field it is one, whatever it looks like: what else is typed."""
    if not is_typed:
        return seeker.places(text, patterns="image/" not in where)
    if text in {"", REMOVED}:
        return []
    return [KeySpan(0, len(text), IN_USE if seeker.is_in(text) else LOOKS_LIKE, describe(text), REMOVED)]


class _Text(NamedTuple):
    """A text of a notebook, and where it stands in the notebook's own."""

    start: int
    end: int
    value: str


class _Pairs(list[tuple[str, Any]]):
    """The names and values of an object."""


def _texts(
    node: Any, places: Iterator[re.Match[str]], where: str = "", *, typed: bool = False
) -> Iterator[tuple[list[_Text], str, bool]]:
    """Give each text of what was read as its lines, with its place, and whether it was typed into a password field.

    `places` are those of all texts in the notebook's own: it is gone through in the same order. `typed` says that
    `node` is the state of such a field.
    """
    if isinstance(node, str):
        yield [_Text(*next(places).span(), node)], where, False
    elif isinstance(node, _Pairs):
        is_password = ("model_name", _PASSWORD_FIELD) in node
        for name, child in node:
            yield [_Text(*next(places).span(), name)], where, False
            shown = "".join(sign if sign.isprintable() else "?" for sign in name[:60])
            place = f"{where}, {shown}" if where else shown
            if typed and name == "value" and isinstance(child, str):
                yield [_Text(*next(places).span(), child)], place, True
            else:
                yield from _texts(child, places, place, typed=is_password and name == "state")
    elif isinstance(node, list) and _is_one_text(where.rpartition(", ")[2], node):
        yield [_Text(*next(places).span(), line) for line in node], where, False
    elif isinstance(node, list):
        for number, child in enumerate(node, 1):
            yield from _texts(child, places, f"{where} {number}")


def _is_one_text(name: str, value: list[Any]) -> bool:
    """Whether a list is the lines of one text: readers join those of a source or an output wherever they were cut."""
    if not value or not all(isinstance(line, str) for line in value):
        return False
    return name in {"source", "text"} or "/" in name or all(line.endswith("\n") for line in value[:-1])


def _replace(link: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Write a file anew, whole or not at all; of a symbolic link the file that it leads to."""
    path = link.resolve()
    with aside(path.parent, private=True) as part:
        with part.open("wb") as file:
            write(file)
        facts = path.stat()
        with suppress(OSError, AttributeError):  # it stays its owner's, whoever cleans it; Windows has no such call
            os.chown(part, facts.st_uid, facts.st_gid, follow_symlinks=False)
        with suppress(OSError):
            shutil.copymode(path, part)
        put(part, path, synced=True)
