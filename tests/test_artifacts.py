"""The search for the marked key finds it however it is written; otherwise its silence would say nothing."""

import base64
import zipfile
from pathlib import Path

import pytest

from artifacts import MARKED_KEY, search


@pytest.mark.parametrize("offset", range(3))
@pytest.mark.parametrize(
    "write",
    [
        lambda before: before + MARKED_KEY.encode() + b"after",
        lambda before: base64.b64encode(before + MARKED_KEY.encode() + b"after"),
        lambda before: base64.urlsafe_b64encode(before + MARKED_KEY.encode()),
        lambda before: before + MARKED_KEY.encode("utf-16-le"),
        lambda before: before + MARKED_KEY.encode().hex().encode(),
    ],
    ids=["plain", "base64", "base64url", "utf-16", "hex"],
)
def test_a_planted_key_is_found(tmp_path: Path, write, offset: int) -> None:
    """In any encoding that a notebook, a URL or a database might give it, at any offset."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file.bin").write_bytes(write(b"\x00" * offset))
    (tmp_path / "other.txt").write_text("nothing here")
    found = search(tmp_path, MARKED_KEY)
    assert (found.files, len(found.found_in)) == (2, 1)
    assert "file.bin" in found.found_in[0]


def test_a_key_in_an_archive_or_a_name_is_found(tmp_path: Path) -> None:
    """Packed members are read, and file names count."""
    with zipfile.ZipFile(tmp_path / "lesson.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep/notes.txt", "x" * 1000 + MARKED_KEY)
    (tmp_path / f"{MARKED_KEY}.txt").touch()
    assert len(search(tmp_path, MARKED_KEY).found_in) == 2


def test_a_clean_folder_says_how_much_was_read(tmp_path: Path) -> None:
    """The line at the end of a run counts files and bytes."""
    (tmp_path / "one.txt").write_text("twelve bytes")
    assert str(search(tmp_path, MARKED_KEY)) == "searched 1 files, 12 bytes: key found 0 times"
