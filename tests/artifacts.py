"""Where the tests leave what they made, and the search for the marked key in every byte of it."""

import base64
import dataclasses
import json
import tempfile
import urllib.parse
import zipfile
from collections.abc import Iterator
from pathlib import Path

MARKED_KEY = "sk-marked-Qv7f2LzX9cKdW4tRnE8bYp3uHsJ6gMaA"
"""The key that every notebook and browser test uses; nothing that the tests leave behind may hold it."""


@dataclasses.dataclass(frozen=True)
class Places:
    """The folders of one run of the suite, shared by all its workers.

    ``searched`` holds what a person would be left with (stores, saved notebooks, exports, logs, captured output): the key
    must not be there. ``private`` holds what hands the key to kernels, and is not searched.
    """

    root: Path

    @property
    def searched(self) -> Path:
        return self.root / "searched"

    @property
    def private(self) -> Path:
        return self.root / "private"

    @classmethod
    def make(cls) -> "Places":
        places = cls(Path(tempfile.mkdtemp(prefix="fox-nb-tests-")).resolve())
        places.searched.mkdir()
        places.private.mkdir(mode=0o700)
        return places

    def fresh(self, name: str, *, private: bool = False) -> Path:
        """A new folder whose name begins with `name`, which no other test or worker uses."""
        parent = self.private if private else self.searched
        return Path(tempfile.mkdtemp(prefix=f"{name[:40]}-", dir=parent))


@dataclasses.dataclass(frozen=True)
class Search:
    """What a search for a key has read and found."""

    files: int
    bytes: int
    found_in: tuple[str, ...]

    def __str__(self) -> str:
        return f"searched {self.files} files, {self.bytes} bytes: key found {len(self.found_in)} times"


def forms(key: str) -> set[bytes]:
    """The key as it would stand in a file: plain, in UTF-16, in a URL, in JSON, or inside base64 at any of its three offsets."""
    plain = key.encode()
    written = {plain, key.encode("utf-16-le"), key.encode("utf-16-be"), plain.hex().encode(), plain[::-1]}
    written |= {urllib.parse.quote(key, safe="").encode(), json.dumps(key)[1:-1].encode()}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + plain)
        # The first and the last group also depend on the neighbouring bytes.
        inner = encoded[4 * (offset > 0) : -4]
        written |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return written


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """The bytes of a file, and those of its members where it is a ZIP archive, each with a name."""
    data = path.read_bytes()
    yield str(path), data
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                yield f"{path}!{member.filename}", archive.read(member)


def search(folder: Path, key: str) -> Search:
    """Look for `key` in every byte, and in the name, of every file under `folder`."""
    wanted = forms(key)
    files = size = 0
    found: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        for name, data in contents(path):
            files += 1
            size += len(data)
            if key in name or any(form in data for form in wanted):
                found.append(name)
    return Search(files, size, tuple(found))
