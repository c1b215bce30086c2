"""Scan: a key is found however a file writes its letters and whatever cuts it, and nothing else of the file changes."""

import json
import os
import quopri
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from fox_nb import cli
from fox_nb.key_patterns import REMOVED, KeySeeker
from fox_nb.scan import _CHUNK, _OVERLAP, scan
from processes import PEAK

KEY = "sk-kP9x2mQw7Zt4Lr8Vb3Nc6Hd1"
LINES = f"# schöne Grüße, 日本\r\nA=1\rFOXAPI_KEY={KEY}\nlast\r\n"
NOTEBOOK = json.dumps({"cells": [{"source": [f"key = '{KEY}'\r\n", "é\n"]}], "nbformat": 4}, indent=3) + "\r\n\r\n"
ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8 marked": "utf-8-sig",
    "utf-16 marked": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "utf-32 marked": "utf-32",
    "utf-32-le": "utf-32-le",
    "utf-32-be": "utf-32-be",
}


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize(
    ("name", "text"), [(".env", LINES.replace("# schöne", "# a comment, schöne")), ("a.ipynb", NOTEBOOK)]
)
def test_it_is_found_in_every_encoding_and_taken_out_of_it(tmp_path: Path, name: str, text: str, encoding: str) -> None:
    """Windows PowerShell writes UTF-16; ends of line, marks and spaces stay byte for byte."""
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    report = scan(path, clean=True)
    assert [(one.what, one.shown) for one in report.findings] == [("what looks like a key", "sk-k… (27 characters)")]
    assert path.read_bytes() == text.replace(KEY, REMOVED).encode(encoding)


def test_what_was_added_in_another_encoding_is_seen(tmp_path: Path) -> None:
    """`>>` in PowerShell adds UTF-16 to a file in UTF-8: the key goes, the other bytes stay."""
    path = tmp_path / "notes.txt"
    added = "FOXAPI_KEY={}\r\n"
    path.write_bytes(b"plain text\n" + added.format(KEY).encode("utf-16-le"))
    assert scan(path, clean=True).cleaned
    assert path.read_bytes() == b"plain text\n" + added.format(REMOVED).encode("utf-16-le")


def test_a_file_with_zeros_is_looked_through_and_left(tmp_path: Path) -> None:
    """What nobody has given it for is found in a database, too, and told."""
    path = tmp_path / "dump.bin"
    data = b"\x01\x02\0\0\xff" + KEY.encode() + b"\0\0\x07" + "FOXAPI_KEY=".encode("utf-16-le")
    path.write_bytes(data)
    report = scan(path, clean=True)
    assert [one.where for one in report.findings] == ["somewhere in it"]
    assert "delete it" in report.trouble
    assert path.read_bytes() == data


CUTS = {
    "a colour": "\x1b[01;31m\x1b[K",
    "the end of a colour": "\x1b[m\x1b[K",
    "a colour as JSON writes it": "\\u001b[31m",
    "a colour as Python writes it": "\\x1b[0m",
    "the end of a colour as tput writes it": "\x1b(B\x1b[m",
    "the same as JSON writes it": "\\u001b(B\\u001b[m",
    "what has no width": "\u200b",
    "what has no width as JSON writes it": "\\u200b",
    "a soft hyphen of a page": "&shy;",
    "a soft hyphen": "\u00ad",
    "a page's colour": '<span class="ansi-red-fg">',
    "the end of it": "</span>",
    "where a page may break": "<wbr>",
    "a line of a page": "<br/>",
    "a word of Word's": '</w:t></w:r><w:proofErr w:type="spellStart"/><w:r><w:t xml:space="preserve">',
    "a terminal's link": "\x1b]8;;http://a.example\x1b\\",
    "a line that goes on": "\\\n",
    "a line of a mail": "=\r\n",
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("at", [0, 1, 3, 9, 20])
@pytest.mark.parametrize("within", ["{}", 'Fox("{}")', "Authorization: Bearer {}", "FOXAPI_KEY={}"])
def test_colours_do_not_hide_it(tmp_path: Path, within: str, cut: str, at: int) -> None:
    """grep, IPython and rich colour a part of a key, mails break it: all of it goes, and the colour ends where it did."""
    path = tmp_path / "log.txt"
    text = within.format(KEY[:at] + cut + KEY[at:])
    path.write_text(f"before {text} after\n", newline="")
    assert len(scan(path, clean=True).findings) == 1
    left = path.read_bytes().decode()
    assert not any(KEY[start : start + 5] in left for start in range(3, len(KEY) - 5))
    assert cut in left
    assert left.startswith("before ")
    assert left.endswith(" after\n")


@pytest.mark.parametrize("key", [None, SecretStr("plainButInUseEverywhere")])
def test_the_end_of_a_line_does_not_hide_it(tmp_path: Path, key: SecretStr | None) -> None:
    """A narrow output breaks a key in two; what stands in the next line of a file of variables is no part of one."""
    plain = key.get_secret_value() if key else KEY
    path = tmp_path / "a.ipynb"
    output = {"output_type": "stream", "text": [f"it is {plain[:12]}\n", f"{plain[12:]} there"]}
    path.write_text(json.dumps({"cells": [{"outputs": [output]}]}))
    assert scan(path, key=key, clean=True).cleaned
    assert plain[12:] not in path.read_text()
    assert scan(path, key=key).findings == []
    variables = tmp_path / ".env"
    variables.write_text(
        f"LANGUAGE=sk-SK\nBUILD_20261128_ABC=1\nTHE={KEY}\nNEXT_VARIABLE_2=3\nA={KEY}=\nNEXT_2=\nB={KEY}=\nb_2: 3\nFOXAPI_KEY=bG9uZzE3enE4eHQ0bQ==\nA=1\n"
    )
    scan(variables, clean=True)
    assert (
        variables.read_text()
        == f"LANGUAGE=sk-SK\nBUILD_20261128_ABC=1\nTHE={REMOVED}\nNEXT_VARIABLE_2=3\nA={REMOVED}=\nNEXT_2=\nB={REMOVED}=\nb_2: 3\nFOXAPI_KEY={REMOVED}\nA=1\n"
    )


@pytest.mark.parametrize("cut", [*CUTS.values(), "\xc2\xad", " ", "\n"])
@pytest.mark.parametrize("name", ["FOXAPI_KEY", "api_key:", "FOXAPI_KEY=", "Fox(", 'Fox("', "Bearer ", "sk-"])
def test_a_long_run_of_what_cuts_keys_has_one_reading(name: str, cut: str) -> None:
    """Time grows with a text's length, whatever stands in it: by the square this would take half an hour."""
    assert not KeySeeker(None).places(name + 100_000 * cut)


@pytest.mark.parametrize("length", [100, 164])
def test_a_key_over_several_lines_of_a_mail_is_taken_out_whole(length: int) -> None:
    """The lines between its first and its last end in = as well, and are no names of variables."""
    key = ("sk-" + 20 * "3f9a1c7e5b")[:length]
    mail = quopri.encodestring(f"Here it is, the key: {key}, keep it.\n".encode()).decode()
    places = KeySeeker(None).places(mail)
    assert [quopri.decodestring(mail[one.start : one.end]) for one in places] == [key.encode()]


@pytest.mark.parametrize("begin", [-10, -1, 0, 1])
@pytest.mark.parametrize("edge", [_CHUNK, _CHUNK - _OVERLAP, 2 * _CHUNK - _OVERLAP])
def test_it_is_found_where_two_pieces_meet(tmp_path: Path, edge: int, begin: int) -> None:
    """A file is read piece by piece, also one without an end of line; a word that ends in a piece begins no key in the next."""
    path = tmp_path / "one-line.txt"
    at = edge + begin
    path.write_bytes(b"x" * (at - 1) + b" " + KEY.encode() + b" ta" + KEY.encode() + b" " + b"y" * _CHUNK)
    before = path.read_bytes()
    assert len(scan(path, clean=True).findings) == 1
    assert path.read_bytes() == before.replace(b" " + KEY.encode(), b" " + REMOVED.encode())


def test_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    """Eighty megabytes in one line are looked through by a process that takes hardly more than that in all."""
    path = tmp_path / "large.log"
    with path.open("wb") as file:
        file.truncate(80 << 20)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + KEY.encode())
    code = PEAK + "import sys; from fox_nb.cli import main; main(['scan', sys.argv[1]]); print(peak())"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, timeout=240
    )
    assert "large.log: somewhere in it: what looks like a key" in done.stdout
    assert int(done.stdout.split()[-1]) < 100 << 20


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no named pipes")
def test_what_is_no_file_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named pipes, sockets and dead links in a folder are passed by; named themselves they are empty, or told."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dead").symlink_to(tmp_path / "nowhere")
    (tmp_path / "a.txt").write_text("nothing\n")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # a socket's path may be 100 characters long
        server.bind("socket")
    assert cli.main(["scan", str(tmp_path)]) == 0
    assert "No key found in 1 file." in capsys.readouterr().out
    assert cli.main(["scan", str(tmp_path / "pipe")]) == 0
    assert cli.main(["scan", str(tmp_path / "dead"), str(tmp_path / "socket"), "/dev/null"]) == 2
    assert capsys.readouterr().out.count("cannot be read") == 3
