"""Scan: keys are found in every place of a notebook, taken out of it, and nothing else is taken for one."""

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import stat
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from pydantic import SecretStr

from fox_nb import cli
from fox_nb.key_patterns import REMOVED, KeySeeker, looks_random
from fox_nb.scan import main, scan

KEY = "kP9x2mQw7Zt4Lr8Vb3Nc6Hd1"
"""A key without a maker's prefix: only its place, or knowing it, tells that it is one."""
PREFIXED = f"sk-{KEY}"


def notebook(**changes: Any) -> nbformat.NotebookNode:
    """A notebook with one code cell, changed."""
    cell = nbformat.v4.new_code_cell(changes.get("source", "1 + 1"), outputs=changes.get("outputs", []))
    cell.metadata.update(changes.get("cell_metadata", {}))
    return nbformat.v4.new_notebook(cells=[cell], metadata=changes.get("metadata", {}))


def printed(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def shown(mime: str, data: Any) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", data={mime: data})


def raised(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[text])


def widget_state(value: Any) -> dict[str, Any]:
    state = {"model_name": "PasswordModel", "model_module": "@jupyter-widgets/controls", "state": {"value": value}}
    mime = "application/vnd.jupyter.widget-state+json"
    return {"widgets": {mime: {"version_major": 2, "version_minor": 0, "state": {"abc": state}}}}


WRITTEN = [
    f'fox = fox_nb.Fox(api_key="{KEY}")',
    f"fox = fox_nb.Fox('{KEY}')",
    f'Fox(\n    api_key = "{KEY}",\n)',
    f'os.environ["FOXAPI_KEY"] = "{KEY}"',
    f"%env FOXAPI_KEY={KEY}",
    f"%env FOXAPI_KEY {KEY}",
    f"!export FOXAPI_KEY={KEY}",
    f"FOXAPI_KEY: {KEY}",
    f'{{"Authorization": "Bearer {KEY}"}}',
    f'requests.get(url, headers={{"api-key": "{KEY}"}})',
    f'MY_OWN_KEY = "{KEY}"',
    f"%set_env FOXAPI_KEY {KEY}",
    f"setx FOXAPI_KEY {KEY}",
    f"set -x FOXAPI_KEY {KEY}",
    f"set -gx FOXAPI_KEY {KEY}",
    f"setenv FOXAPI_KEY {KEY}",
    f"ENV FOXAPI_KEY {KEY}",
    f'{{"name": "FOXAPI_KEY", "value": "{KEY}"}}',
    f"- name: FOXAPI_KEY\n  value: {KEY}\n",
    f'<add key="FOXAPI_KEY" value="{KEY}"/>',
    f"<FOXAPI_KEY>{KEY}</FOXAPI_KEY>",
    f"foxapi_key: {KEY}",
    f'os.environ.setdefault("FOXAPI_KEY", "{KEY}")',
    f"os.getenv('FOXAPI_KEY', '{KEY}')",
    f'api_key: str = "{KEY}"',
    f'(api_key := f"{KEY}")',
    f'api_key="""{KEY}"""',
    f"print('{PREFIXED}')",
    PREFIXED,
]


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize(
    "place",
    [
        lambda text: notebook(source=text),
        lambda text: notebook(outputs=[printed(text)]),
        lambda text: notebook(outputs=[shown("text/html", f"<pre>{text}</pre>")]),
        lambda text: notebook(outputs=[shown("application/json", {"deep": [{"er": text}]})]),
        lambda text: notebook(outputs=[raised(f"\x1b[31m{text}\x1b[0m")]),
        lambda text: notebook(metadata=widget_state(text)),
        lambda text: notebook(cell_metadata={"note": text}),
    ],
    ids=["source", "printed", "html", "json", "traceback", "widget state", "metadata"],
)
def test_a_key_is_found_and_taken_out_of_a_notebook(tmp_path: Path, place: Any, written: str) -> None:
    """Wherever it stands and however it is written; the notebook stays a notebook, and a second look finds nothing."""
    path = tmp_path / "lesson.ipynb"
    nbformat.write(place(written), path)
    found = scan(path)
    assert len(found.findings) >= 1
    assert not found.cleaned
    assert KEY in path.read_text(encoding="utf-8")
    assert scan(path, clean=True).cleaned
    text = path.read_text(encoding="utf-8")
    assert KEY not in text
    assert REMOVED in text
    nbformat.validate(nbformat.read(path, as_version=4))
    assert scan(path).findings == []


@pytest.mark.parametrize("typed", [KEY, "no-digit-in-it"])
def test_what_was_typed_into_a_password_field_is_a_key(tmp_path: Path, typed: str) -> None:
    """Whatever it looks like: nothing else is typed there, and the widget keeps it in clear, in the file."""
    path = tmp_path / "lesson.ipynb"
    nbformat.write(notebook(metadata=widget_state(typed)), path)
    (found,) = scan(path, clean=True).findings
    assert found.where == "metadata, widgets, application/vnd.jupyter.widget-state+json, state, abc, state, value"
    assert typed not in path.read_text(encoding="utf-8")
    nbformat.validate(nbformat.read(path, as_version=4))
    assert scan(path).findings == []


def test_a_link_is_followed_to_the_file_that_holds_the_key(tmp_path: Path) -> None:
    """A notebook that is a symbolic link is cleaned where it lies, and the link stays."""
    path = tmp_path / "lesson.ipynb"
    nbformat.write(notebook(source=PREFIXED), path)
    link = tmp_path / "link.ipynb"
    link.symlink_to(path)
    assert scan(link, clean=True).cleaned
    assert PREFIXED not in path.read_text(encoding="utf-8")
    assert link.is_symlink()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may clean another's file")
def test_an_administrator_leaves_a_file_to_its_owner(tmp_path: Path) -> None:
    """Cleaned by who looks after a server, a student's notebook is still theirs to open and to save."""
    path = tmp_path / "lesson.ipynb"
    nbformat.write(notebook(source=PREFIXED), path)
    os.chown(path, 12345, 23456)
    path.chmod(0o640)
    assert scan(path, clean=True).cleaned
    facts = path.stat()
    assert (facts.st_uid, facts.st_gid, stat.S_IMODE(facts.st_mode)) == (12345, 23456, 0o640)


ESCAPED: dict[str, Callable[[str], str]] = {
    "hex": lambda key: key.encode().hex(),
    "HEX": lambda key: key.encode().hex().upper(),
    "percent": lambda key: "".join(f"%{ord(sign):02x}" for sign in key),
    "percent twice": lambda key: "".join(f"%25{ord(sign):02X}" for sign in key),
    "page": lambda key: "".join(f"&#{ord(sign)};" for sign in key),
    "page in hex": lambda key: "".join(f"&#x{ord(sign):04x};" for sign in key),
    "json": lambda key: "".join(f"\\u{ord(sign):04x}" for sign in key),
    "python": lambda key: "".join(f"\\x{ord(sign):02x}" for sign in key),
    "octal": lambda key: "".join(f"\\{ord(sign):03o}" for sign in key),
    "JavaScript": lambda key: "".join(f"\\u{{{ord(sign):x}}}" for sign in key),
    "Perl": lambda key: "".join(f"\\x{{{ord(sign):04x}}}" for sign in key),
    "Python's longest": lambda key: "".join(f"\\U{ord(sign):08x}" for sign in key),
    "LaTeX": lambda key: key.replace("-", "\\PYZhy{}").replace("_", "\\PYZus{}"),
    "Markdown": lambda key: key.replace("-", "\\-").replace("_", "\\_"),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "in part": lambda key: f"&#{ord(key[0])};{key[1:9]}%{ord(key[9]):02x}{key[10:]}",
}


@pytest.mark.parametrize("spelled", ESCAPED)
@pytest.mark.parametrize("name", ["a.ipynb", "a.txt", "a.json"])
def test_a_key_in_escapes_is_found_and_taken_out(tmp_path: Path, name: str, spelled: str) -> None:
    """As URLs, pages, JSON and programs write letters, all of it or a few; what stands around it stays as it was."""
    path, written = tmp_path / name, ESCAPED[spelled](PREFIXED)
    text = json.dumps({"cells": [{"source": f"x = '{written}' # 100%25 of it"}]})
    path.write_text(text)
    assert len(scan(path, clean=True).findings) == 1
    assert path.read_text() == text.replace(json.dumps(written)[1:-1], REMOVED)
    assert scan(path).findings == []


@pytest.mark.parametrize("before", ["", "u", "us", "FOXAPI_KEY=", "user:", "Bearer "])
@pytest.mark.parametrize("width", [30, 76, 500])
def test_a_key_is_found_wherever_it_stands_in_base64(before: str, width: int) -> None:
    """As Kubernetes, HTTP and mails pack it, over several lines, too; no more than its letters are taken."""
    coded = base64.b64encode(f"{before}{PREFIXED}\nand more words, a colon and a blank".encode()).decode()
    text = "\n".join(coded[at : at + width] for at in range(0, len(coded), width))
    (place,) = KeySeeker(None).places(text)
    taken = text[place.start : place.end].replace("\n", "")
    assert len(taken) in {36, 37}  # of 27 letters, which may begin and end within a group of three
    assert coded.find(taken) == len(before) * 4 // 3


SPELLED = ['a"key/with+signs&more', "plainButInUse", PREFIXED]


@pytest.mark.parametrize("key", SPELLED)
@pytest.mark.parametrize(
    "spell",
    [
        str,
        json.dumps,
        lambda key: __import__("html").escape(key),
        lambda key: __import__("urllib.parse").parse.quote(key, safe=""),
        lambda key: __import__("base64").b64encode(f"Bearer {key}".encode()).decode(),
        *ESCAPED.values(),
    ],
    ids=["plain", "json", "html", "url", "base64", *ESCAPED],
)
def test_the_key_in_use_is_known_in_every_spelling(tmp_path: Path, key: str, spell: Any) -> None:
    """It need not look like a key, and stand where no key would: in a picture's data, say."""
    path = tmp_path / "lesson.ipynb"
    nbformat.write(notebook(outputs=[shown("image/png", f"iVBOR{spell(key)}=="), printed(spell(key))]), path)
    assert [finding.what for finding in scan(path, key=SecretStr(key)).findings] == ["the key in use"] * 2
    scan(path, key=SecretStr(key), clean=True)
    assert scan(path, key=SecretStr(key)).findings == []


HARMLESS = [
    "data:image/png;base64,zay1c2stHNrLQzay3c2stc2stc2stc2stc2stc2stc2stc2st",
    'fox = fox_nb.Fox(api_key="your-api-key-goes-here")',
    "fox = fox_nb.Fox(api_key=fox_nb.ask_key())",
    'os.environ["FOXAPI_KEY"] = "sk-xxxxxxxxxxxxxxxxxxxxxxxx"',
    'Fox(base_url="https://api.foxapi.cc/v1")',
    'Client("https://api.foxapi.cc/gateway/2024-01-01")',
    "FOXAPI_KEY=<your key>",
    "Authorization: Bearer $FOXAPI_KEY",
    "the task-unified-1757165031-uyujaw3d of 20260319 took 42 s",
    '"model_id": "3f2a9c0d1e4b5a6978c7d6e5f4a3b2c1"',
    '<img src="data:image/webp;base64,UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA=">',
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "desk-2024-chair-lamp-3-table-4",
    "https://example.org/a%20desk%2d2024%2dchair-lamp-3-table-4?%73k=1",
]


@pytest.mark.parametrize("harmless", HARMLESS)
def test_what_is_no_key_is_left_alone(tmp_path: Path, harmless: str) -> None:
    """Placeholders, addresses, ids, hashes and pictures are no keys."""
    path = tmp_path / "lesson.ipynb"
    nbformat.write(notebook(source=harmless, outputs=[printed(harmless), shown("text/html", harmless)]), path)
    before = path.read_bytes()
    report = scan(path, clean=True)
    assert report.findings == []
    assert path.read_bytes() == before


def test_our_own_notebooks_hold_none() -> None:
    """The lessons, with their outputs, are clean."""
    lessons = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
    assert lessons
    assert [finding for lesson in lessons for finding in scan(lesson).findings] == []


def test_only_the_key_is_changed(tmp_path: Path) -> None:
    """Everything else of a notebook stays as it was written: order, unknown fields, letters of all scripts."""
    path = tmp_path / "lesson.ipynb"
    node = notebook(source=f"x = '{PREFIXED}'  # schön 日本 \u202e", metadata={"own": {"b": 1, "a": [1.5, None]}})
    nbformat.write(node, path)
    before = path.read_text(encoding="utf-8")
    scan(path, clean=True)
    assert path.read_text(encoding="utf-8") == before.replace(PREFIXED, REMOVED)


def test_a_text_keeps_its_ends_of_line_and_odd_bytes(tmp_path: Path) -> None:
    """Plain texts are cleaned line by line, whatever bytes are in the others."""
    path = tmp_path / ".env"
    path.write_bytes(b"A=1\r\nFOXAPI_KEY=" + KEY.encode() + b"\r\n\xff\xfe odd\r\n")
    path.chmod(0o600)
    report = scan(path, clean=True)
    assert [finding.where for finding in report.findings] == ["line 2"]
    assert path.read_bytes() == b"A=1\r\nFOXAPI_KEY=" + REMOVED.encode() + b"\r\n\xff\xfe odd\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_broken_notebook_is_read_as_text(tmp_path: Path) -> None:
    """A file that is cut off in the middle is looked at all the same."""
    path = tmp_path / "cut.ipynb"
    path.write_text(f'{{"cells": [{{"source": "api_key=\\"{KEY}\\""')
    assert len(scan(path).findings) == 1


def test_of_what_is_no_text_the_key_in_use_is_looked_for(tmp_path: Path) -> None:
    """A database with the key in it is told, and not changed: it would be no database any more."""
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"SQLite format 3\0" + KEY.encode() + b"\0")
    report = scan(path, key=SecretStr(KEY), clean=True)
    assert len(report.findings) == 1
    assert "delete it" in report.trouble
    assert KEY.encode() in path.read_bytes()


def test_the_files_in_a_zip_are_looked_through(tmp_path: Path) -> None:
    """Packed work shows no key as it lies there: each file in it is read, named with the place, and never changed."""
    work, bad = tmp_path / "my-work.zip", tmp_path / "bad.zip"
    with zipfile.ZipFile(work, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.ipynb", nbformat.writes(notebook(source=WRITTEN[0])))
        archive.writestr("runs/a.txt", f"one\nFOXAPI_KEY={PREFIXED}\n")
        archive.writestr("runs/b.txt", "nothing")
    before = work.read_bytes()
    assert KEY.encode() not in before
    report = scan(work, clean=True)
    assert [finding.where for finding in report.findings] == ["notes.ipynb, cells 1, source", "runs/a.txt, line 2"]
    assert (report.cleaned, "delete it" in report.trouble, work.read_bytes()) == (False, True, before)
    bad.write_bytes(before.replace(zlib.compress(b"nothing")[2:-4], b"\xff" * 9))
    assert "unpack it by hand" in scan(bad).trouble


def zipped(name: str, data: bytes) -> bytes:
    """A ZIP with one file in it."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return whole.getvalue()


NOTE = f"FOXAPI_KEY={PREFIXED}\n".encode()
PACKED = {
    "class.zip": (zipped("ada/work.zip", zipped("a.txt", NOTE)), ["ada/work.zip, a.txt, line 1"]),
    "a.gz": (gzip.compress(b"one\n" + NOTE), ["line 2"]),
    "two.gz": (gzip.compress(gzip.compress(NOTE)), ["line 1"]),
    "zip.gz": (gzip.compress(zipped("a.txt", NOTE)), ["a.txt, line 1"]),
    "gz.zip": (zipped("a.gz", gzip.compress(NOTE)), ["a.gz, line 1"]),
}


@pytest.mark.parametrize("name", PACKED)
def test_what_is_packed_in_what_is_packed_is_looked_through(tmp_path: Path, name: str) -> None:
    """A class's hand-ins are ZIPs of ZIPs: their keys are found, with the way to them."""
    data, where = PACKED[name]
    path = tmp_path / name
    path.write_bytes(data)
    report = scan(path)
    assert ([finding.where for finding in report.findings], report.trouble) == (where, "")


def pdf(text: bytes, extra: bytes = b"") -> bytes:
    """A PDF with a page's words, packed."""
    packed = zlib.compress(b"BT (" + text + b") Tj ET")
    return b"%PDF-1.4\n1 0 obj<</Filter/FlateDecode" + extra + b">>stream\n" + packed + b"\nendstream endobj\n%%EOF"


def png(**text: Any) -> bytes:
    """A picture with a packed text in it."""
    about, whole = PngImagePlugin.PngInfo(), io.BytesIO()
    about.add_text("first", "nothing", zip=True)
    about.add_text("a", NOTE.decode(), **text) if text else about.add_itxt("a", NOTE.decode(), "en", "", zip=True)
    Image.new("RGB", (9, 9)).save(whole, "PNG", pnginfo=about)
    return whole.getvalue()


@pytest.mark.parametrize("data", [pdf(NOTE), png(zip=True), png(), zipped("a.pdf", pdf(NOTE))])
def test_what_a_pdf_or_a_picture_has_packed_is_looked_through(tmp_path: Path, data: bytes) -> None:
    """Its texts show no key as they lie there."""
    (tmp_path / "a").write_bytes(data)
    assert KEY.encode() not in data
    assert main([tmp_path]) == 1


GLYPHS = [pdf(b"x", b"/Encoding/Identity-H"), pdf(b"/Encoding /Identity-H")]
TABLES = [b"PAR1abc", b"\x89HDF\r\n\x1a\nabc", b"ORCabc", zipped("a.feather", b"ARROW1abc")]


@pytest.mark.parametrize(
    "data", [pdf(b"x", b"/Filter/ASCII85Decode"), pdf(b"x", b"/Encrypt 2 0 R"), pdf(bytes(1 << 12)), *GLYPHS, *TABLES]
)
def test_a_pdf_or_a_table_that_was_not_looked_into_is_told(
    tmp_path: Path, data: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody takes it for clean."""
    monkeypatch.setattr("fox_nb.scan._LARGEST_NOTEBOOK", 1 << 11)
    (tmp_path / "a").write_bytes(data)
    assert main([tmp_path]) == 2
    assert "not looked into" in capsys.readouterr().out


def test_a_key_in_a_name_is_found_and_not_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a file, of its folder, or in an archive; it stays there, so that nothing is told to be clean."""
    for name in (f"run_{PREFIXED}.txt", f"{PREFIXED}/a.txt", f"{PREFIXED}/b.zip"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(zipped(f"run_{PREFIXED}.txt", b"x") if ".zip" in name else b"x")
    (tmp_path / f"{PREFIXED}.txt").write_bytes(NOTE)
    for clean in (False, True):
        assert main([tmp_path], clean=clean) == (2 if clean else 1)
        said = capsys.readouterr().out
        assert KEY not in said
        assert said.count("rename it") == 4
        assert "No key found" not in said
    (tmp_path / f"{PREFIXED}/b.zip").unlink()
    assert main([tmp_path], clean=True) == 1


DEEP = zipped("3.zip", zipped("2.zip", zipped("1.zip", zipped("a.txt", NOTE))))
NOT_TRIED = {
    "deep.zip": DEEP,
    "deep.gz": gzip.compress(gzip.compress(gzip.compress(gzip.compress(NOTE)))),
    "a.7z": b"7z\xbc\xaf\x27\x1cabc",
    "a.tar.xz": lzma.compress(NOTE * 9),
    "a.tar.bz2": bz2.compress(NOTE),
    "a.lz4": b"\x04\x22\x4d\x18abc",
}


@pytest.mark.parametrize("name", NOT_TRIED)
def test_nobody_is_told_that_what_was_not_looked_into_holds_no_key(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said, with what to do, and by the exit status."""
    (tmp_path / name).write_bytes(NOT_TRIED[name])
    assert main([tmp_path]) == 2
    said = capsys.readouterr().out
    assert "unpack it by hand" in said
    assert "No key found" not in said


@pytest.mark.parametrize(
    "data",
    [zipped("b.zip", zipped("a.txt", bytes(700) + NOTE)), gzip.compress(bytes(1500)), zipped("a", bytes(1500))],
    ids=["a ZIP in a ZIP", "gzip", "a ZIP"],
)
def test_what_unpacks_to_more_than_fits_is_told(tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in it, and in what is packed in that, is counted together: a disk is never filled for it."""
    monkeypatch.setattr("fox_nb.scan._LARGEST_UNPACKED", 800)
    (tmp_path / "a").write_bytes(data)
    assert "too large" in scan(tmp_path / "a").trouble


@pytest.mark.parametrize("name", ["text", "text/plain"])
def test_a_text_in_pieces_is_one_wherever_it_was_cut(tmp_path: Path, name: str) -> None:
    """Readers join the pieces, whether or not each ends a line."""
    output = printed("") if name == "text" else shown(name, "")
    (output if name == "text" else output["data"])[name] = [f"print('{PREFIXED[:12]}", f"{PREFIXED[12:]}')"]
    path = tmp_path / "lesson.ipynb"
    path.write_text(json.dumps(notebook(outputs=[output])))
    assert len(scan(path, clean=True).findings) == 1
    assert PREFIXED[12:] not in path.read_text()


def test_a_line_behind_a_key_that_began_before_it_stays_as_it_is(tmp_path: Path) -> None:
    """Of a key that a text's lines cut in two nothing is left, and what follows it is there once."""
    lines = [f"fox = Fox('{KEY[:9]}", f"{KEY[9:]}')  # a line that is longer than all that was before it"]
    whole = notebook()
    whole.cells[0].source = "".join(lines)
    written = json.loads(nbformat.writes(whole))
    written["cells"][0]["source"] = lines
    path = tmp_path / "cut.ipynb"
    path.write_text(json.dumps(written))
    assert scan(path, clean=True)
    assert "".join(json.loads(path.read_text())["cells"][0]["source"]) == "".join(lines).replace(KEY, REMOVED)


def test_a_clean_that_fails_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, the notebook is what it was, and no half of it is left."""
    path = tmp_path / "lesson.ipynb"
    nbformat.write(notebook(source=PREFIXED), path)
    before = path.read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    report = scan(path, clean=True)
    assert "No space left" in report.trouble
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["lesson.ipynb"]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It goes through folders, says where without showing the key, fails until it is out, and then says what to do."""
    (tmp_path / "deep").mkdir()
    (tmp_path / ".git").mkdir()
    nbformat.write(notebook(source=f"'{PREFIXED}'"), tmp_path / "deep" / "a.ipynb")
    nbformat.write(notebook(), tmp_path / "b.ipynb")
    (tmp_path / ".git" / "packed").write_text(PREFIXED)
    assert cli.main(["scan", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "a.ipynb: cells 1, source: what looks like a key, sk-k… (27 characters)" in said
    assert "--clean" in said
    assert KEY not in said
    assert cli.main(["scan", str(tmp_path), "--clean"]) == 0
    said = capsys.readouterr().out
    assert "(taken out)" in said
    assert "make a new one" in said
    assert cli.main(["scan", str(tmp_path)]) == 0
    assert "No key found in 2 files." in capsys.readouterr().out


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be read is told by a status of its own."""
    assert cli.main(["scan", str(tmp_path / "no.ipynb")]) == 2
    said = capsys.readouterr().out
    assert "cannot be read" in said
    assert "No key found" not in said


def test_it_knows_the_key_of_the_environment(tmp_path: Path) -> None:
    """As a pre-commit hook runs it: a process of its own, files as arguments."""
    path = tmp_path / "notes.txt"
    path.write_text("my word is xyzzy-plugh, nobody would guess")
    command = [sys.executable, "-m", "fox_nb.cli", "scan", str(path)]
    env = {**os.environ, "FOXAPI_KEY": "xyzzy-plugh"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 1
    assert "line 1: the key in use" in done.stdout
    assert "xyzzy-plugh" not in done.stdout + done.stderr


def test_the_hooks_name_our_command() -> None:
    """The file for pre-commit starts what there is."""
    text = (Path(__file__).parents[1] / ".pre-commit-hooks.yaml").read_text()
    entries = [line.split(": ", 1)[1] for line in text.splitlines() if line.strip().startswith("entry")]
    assert entries == ["fox-nb scan", "fox-nb scan --clean"]


@settings(deadline=None)
@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=32, max_size=64))
def test_random_keys_look_random(text: str) -> None:
    """What has letters, digits and no repetition is a key; what has no digit or one letter again and again is none."""
    if len(set(text)) >= 16 and any(map(str.isdigit, text)) and any(map(str.isalpha, text)):
        assert looks_random(text)
    assert not looks_random("".join(sign for sign in text if sign.isalpha()))


@settings(deadline=None, max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    )
)
def test_any_metadata_survives(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    """Whatever JSON stands in a notebook beside a key is the same after it was cleaned."""
    path = tmp_path_factory.mktemp("scan") / "any.ipynb"
    path.write_text(json.dumps({"cells": [{"source": PREFIXED, "metadata": value}]}), encoding="utf-8")
    scan(path, clean=True)
    assert json.loads(path.read_text(encoding="utf-8")) == {"cells": [{"source": REMOVED, "metadata": value}]}
