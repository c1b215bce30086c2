"""Teaching: the commands for seats, what the teacher's page does, and work that is handed in."""

import contextlib
import csv
import errno
import io
import itertools
import json
import math
import os
import re
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import zipfile
from html import unescape
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import requests
from sqlalchemy import event, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

import fox_nb
from artifacts import MARKED_KEY
from classroom.browsing import log_in, token_in
from classroom.room import answering
from client.scripted import never, say
from fox_nb.classroom import deposits, tables
from fox_nb.classroom.bookings import Bookings, Wanted
from fox_nb.classroom.refusals import Refusal
from fox_nb.classroom.relay import Options
from fox_nb.classroom.seats import Roster, Seat, Seats, checked_name, digest
from fox_nb.classroom.tables import Database, deposit, profile, setting
from fox_nb.cli import main
from fox_nb.errors import FoxError, RequestRejected
from fox_nb.images.thumbnail import cached_thumbnail
from fox_nb.models import validate
from fox_nb.money import MICRO_PER_USD
from fox_nb.render.html import table_cell
from fox_nb.store.journal_reader import folded
from fox_nb.tasks import Result, TaskState
from gateways import Gateway
from images.pictures import encoded, gradient
from processes import PATIENCE, until


def test_seats_are_made_from_a_table_and_told_once(tmp_path, capsys):
    """`fox-nb seats` makes, lists, blocks, raises, hands out and removes; tokens are printed once and kept as hashes."""
    folder = f"--folder={tmp_path / 'class'}"
    (tmp_path / "students.csv").write_text("mail,name\na@example.org,Ada Lovelace\nb@example.org,Ben\n")
    make = ["seats", "make", str(tmp_path / "students.csv"), "--each=1", "--total=5", "--ends=2099-01-31", folder]
    assert main(make) == 0
    told = dict(line.rsplit(" ", 1) for line in capsys.readouterr().out.splitlines())
    assert list(told) == ["Ada Lovelace", "Ben"]
    database = (tmp_path / "class" / "class.sqlite").read_bytes()
    assert digest(told["Ben"]).encode() in database
    assert not [token for token in told.values() if token.encode() in database]
    assert main(make) == 1  # there are seats for them already
    for command in (["block", "Ben"], ["raise", "Ben", "0.5"], ["raise", "--all", "1"], ["share", "profile-1"]):
        assert main(["seats", *command, folder]) == 0
    capsys.readouterr()
    assert main(["seats", "list", folder]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Ada Lovelace: $0.00 of $1.00, until 2099-01-31",
        "Ben: $0.00 of $1.50, until 2099-01-31, blocked",
        "Shared: $0.00",
        "All: $0.00 of $6.00",
    ]
    assert main(["seats", "hand-out", str(tmp_path / "out"), "Ben", "--address=https://relay.example", folder]) == 0
    handed = tmp_path / "out" / "Ben.env"
    assert "FOXAPI_BASE_URL=https://relay.example\nFOXAPI_KEY=" in handed.read_text()
    assert told["Ben"] not in handed.read_text()
    if os.name == "posix":
        assert stat.S_IMODE(handed.stat().st_mode) == 0o600
    for command in (["ends", "2098-05-31"], ["ends", "never", "Ben"]):
        assert main(["seats", *command, folder]) == 0
    capsys.readouterr()
    assert main(["seats", "list", folder]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "Ada Lovelace: $0.00 of $1.00, until 2098-05-31",
        "Ben: $0.00 of $1.50, blocked",
    ]
    assert main(["seats", "remove", "Ben", folder]) == 0
    assert main(["seats", "block", "Ben", folder]) == 1
    for wrong in ("../Ben", "a/b", "x" * 100, ".hidden", "Ben\u202e", "ADA LOVELACE", "Zoe\u0308\nZo\u00eb"):
        (tmp_path / "students.csv").write_text(f"name\n{wrong}\nother\n")
        assert main(make) == 1


def test_a_folder_may_be_called_anything(tmp_path, capsys):
    """Whatever stands in its name, all of a class is in its folder, which is closed to others."""
    folder = tmp_path / "7b? #1 100%25"
    (tmp_path / "students.csv").write_text("Ada\n")
    assert main(["seats", "make", str(tmp_path / "students.csv"), "--each=1", "--total=5", f"--folder={folder}"]) == 0
    assert main(["seats", "list", f"--folder={folder}"]) == 0
    assert "Ada: $0.00 of $1.00" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {folder.name, "students.csv"}
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="locks differ elsewhere")
def test_a_folder_without_locks_is_told_at_once(tmp_path, capsys, monkeypatch):
    """SQLite takes it for somebody else's lock, waits a minute, and would be blamed."""

    def lockf(*_about):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.lockf", lockf)
    (tmp_path / "students.csv").write_text("Ada\n")
    make = ["seats", "make", str(tmp_path / "students.csv"), "--each=1", "--total=5", f"--folder={tmp_path / 'class'}"]
    assert main(make) == 1
    assert "cannot be locked (No locks available)" in capsys.readouterr().err
    assert not (tmp_path / "class/class.sqlite").exists()


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        (b"name;class\nAda, B;3a\nBen;3b\n", ["Ada, B", "Ben"]),
        ("Name\tMail\nAda\ta@x\n".encode("utf-8-sig"), ["Ada"]),
        ("山田\u3000太郎\nZoe\u0308\u00a0B\n".encode(), ["山田 太郎", "Zoë B"]),
        ("Zoë\n".encode("latin-1"), "UTF-8"),
        ("Zoë\n".encode("utf-16"), "UTF-8"),
        (b"first,last\nAda,Lovelace\n", "none is called 'name'"),
        (b"Lovelace, Ada\nNoether, Emmy\n", "in quotes"),
        (b"name\nAda\nBen\nada\n", "'ada' stands in the list twice"),
        (b"name\n\n", "no names"),
        (b"Ada/Ben\n", "'/' can't stand in it"),
        (None, "File not found"),
    ],
)
def test_a_list_is_read_as_people_save_it(tmp_path, capsys, listed, told):
    """Semicolons, tabs and wide blanks are taken as they are meant; of another list what is wrong is told, and no seat is made."""
    students, folder = tmp_path / "students.csv", tmp_path / "class"
    if listed is not None:
        students.write_bytes(listed)
    done = main(["seats", "make", str(students), "--each=1", "--total=5", f"--folder={folder}"])
    said = capsys.readouterr()
    if isinstance(told, list):
        assert [line.rpartition(" ")[0] for line in said.out.splitlines()] == told
        assert main(["seats", "block", f"  {told[-1].replace('ë', 'e' + chr(0x308))}", f"--folder={folder}"]) == 0
    else:
        assert (done, said.out) == (1, "")
        assert told in said.err


@pytest.mark.parametrize(
    "words", ["block Ada Nobody", "unblock Ada Nobody", "ends never Ada Nobody", "hand-out out Ada Nobody"]
)
def test_a_command_with_a_slip_in_it_changes_nothing(tmp_path, capsys, monkeypatch, words):
    """Of several names one that is no seat's is told before anything is done to the others."""
    monkeypatch.chdir(tmp_path)
    database = Database(tmp_path / "class")
    seats = Seats(database)
    ((_, token),) = seats.make(["Ada"], 1, 5, ends=4e9)
    seats.block("Ada", blocked=words.startswith("un"))
    before = seats.all()
    address = ["--address=https://relay.example"] if "hand-out" in words else []
    assert main(["seats", *words.split(), *address, f"--folder={tmp_path / 'class'}"]) == 1
    assert "no seat for 'Nobody'. Nothing was changed." in capsys.readouterr().err
    assert (seats.all(), seats.of_token(token).name) == (before, "Ada")
    database.close()


@pytest.mark.parametrize("day", ["2020-01-01", "9999-12-31", "tomorrow"])
def test_a_seat_ends_on_a_day_that_comes(tmp_path, capsys, day):
    """A day that is over, one that a client would take for another and what is no day are refused, and no seat is made."""
    (tmp_path / "students.csv").write_text("Ada\n")
    make = ["seats", "make", str(tmp_path / "students.csv"), "--each=1", "--total=5", f"--ends={day}"]
    with pytest.raises(SystemExit):
        main([*make, f"--folder={tmp_path / 'class'}"])
    assert day in capsys.readouterr().err
    assert not (tmp_path / "class").exists()


def test_a_profile_is_shared_by_its_id(tmp_path, capsys):
    """An id as it stands in a prompt is taken, no id is refused."""
    database = Database(tmp_path / "class")
    folder = f"--folder={tmp_path / 'class'}"
    assert main(["seats", "share", " [[profile_ada]]", folder]) == 0
    assert [(row.id, row.shared) for row in database.read(select(profile))] == [("profile_ada", True)]
    assert main(["seats", "share", "[[ ]]", folder]) == 1
    assert "no profile's id" in capsys.readouterr().err
    database.close()


def test_a_late_student_takes_nothing_from_the_class(tmp_path):
    """Seats that are made later leave what all may spend as it was raised; less than that is refused, and makes none."""
    database = Database(tmp_path / "class")
    seats = Seats(database)
    with pytest.raises(FoxError, match="--total"):
        seats.make(["Ada"], 1)
    seats.make(["Ada"], 1, 20)
    seats.raise_budget("", 5)
    with pytest.raises(FoxError, match=r"\$25\.00 together already"):
        seats.make(["Ben"], 1, 20)
    seats.make(["Eve"], 1)
    assert (seats.total, [one.name for one in seats.all()]) == (25 * MICRO_PER_USD, ["Ada", "Eve"])
    database.close()


def test_a_slip_with_money_is_taken_back(tmp_path, capsys):
    """Less than nothing is what a seat, or all, may spend less; no budget falls below zero."""
    database, folder = Database(tmp_path / "class"), f"--folder={tmp_path / 'class'}"
    Seats(database).make(["Ada"], 100, 200)
    for words in ("Ada -99", "--all -180", "Ada -2.5"):
        assert main(["seats", "raise", *words.split(), folder]) == 0
    told = re.findall(r"may spend (\S+)", capsys.readouterr().out)
    assert told == ["$1.00", "$20.00", "$0.00"]
    database.close()


def test_a_users_budget_is_the_groups_and_what_was_raised(tmp_path):
    """A Hub's user follows the group's amount, keeps what was raised, and comes to no new budget by being removed."""
    database = Database(tmp_path / "class")
    seats = Seats(database)
    assert seats.of_hub("ada", 1_000_000).budget == 1_000_000
    assert seats.of_hub("ada", 500_000).budget == 500_000
    seats.raise_budget("ada", 0.25)
    assert [seats.of_hub("ada", given).budget for given in (500_000, 2_000_000)] == [750_000, 2_250_000]
    seats.block("ada")
    seats.remove("ada")
    with pytest.raises(Refusal, match="removed"):
        seats.of_hub("ada", 2_000_000)
    seats.block("ada", blocked=False)
    assert seats.of_hub("ada", 1_000_000).budget == 1_000_000
    database.close()


def test_what_the_hub_says_of_a_user_holds_at_once(tmp_path, monkeypatch):
    """Who comes into a group, or leaves it, is admitted or refused by that; a Hub that is away, hangs or ends in its answer stops nobody who was."""
    from fox_nb.classroom import hub

    scopes = ["access:services!service=fox"]
    database, said = Database(tmp_path / "class"), []
    with Gateway() as fake:
        about = {"API_URL": f"{fake.url}/hub/api", "API_TOKEN": "t", "OAUTH_ACCESS_SCOPES": json.dumps(scopes)}
        for name, value in about.items():
            monkeypatch.setenv(f"JUPYTERHUB_{name}", value)
        seats = hub.HubSeats(Seats(database), {"class-a": 1_000_000})

        def admitted(status=200, groups=("class-a",), token="a-users-own-token"):
            monkeypatch.setattr(hub, "PATIENCE", PATIENCE if status else 0.2)
            user = {"name": "ben", "kind": "user", "groups": list(groups), "scopes": scopes}
            fake.reads["/hub/api/user"] = say(abs(status), user, cut=20 if status < 0 else None) if status else never
            try:
                said.append(fox_nb.run(seats.admit(token)).name)
            except Refusal as refusal:
                said.append(refusal.status)

        admitted(groups=())
        admitted()
        admitted(503)
        assert fake.counts["/hub/api/user"] == 2  # of who was just admitted it is not asked
        monkeypatch.setattr(hub, "BELIEVED", 0.0)
        admitted(503)
        admitted(0)
        monkeypatch.setattr(hub, "BELIEVED", 2 * PATIENCE)
        admitted(0)
        until(lambda: fake.counts["/hub/api/user"] >= 4 or None, "the Hub to have heard of who was asked about in vain")
        assert fake.counts["/hub/api/user"] == 4  # nor of who was just asked about in vain
        monkeypatch.setattr(hub, "BELIEVED", 0.0)
        admitted(groups=())
        admitted(503)
        admitted(0)
        admitted(403, token="another-token")
        admitted(-200, token="another-token")
        admitted(token="another-token")
        admitted(-200, token="another-token")
    assert said == [403, "ben", "ben", "ben", "ben", "ben", 403, 429, 429, 401, 429, "ben", "ben"]
    database.close()


def test_every_user_of_a_hub_has_a_name(tmp_path):
    """What a Hub calls its users becomes a name for a seat and its folder, as it is where it can, and no two of them the same one."""
    from fox_nb.classroom.hub import seat_name

    kept = ["ada", "Zo\u00eb", "ada@school.org", "ada (5b)", "lee(2)", "Ann (Year 7)", "x" * 79]
    assert [seat_name(name) for name in kept] == kept

    assert [seat_name(name) for name in ("ada+fox@school.org", "_ada", "auth0|5f7c")] == [
        "ada(-2b)fox@school.org",
        "u()_ada",
        "auth0(-7c)5f7c",
    ]
    odd = [
        "ada.",
        "ada(-2e)",
        "ada(-28)-2e)",
        "ada(2e)",
        "u()_ada",
        "_ada",
        "+ada",
        "u+ada",
        "x" * 300,
        "x" * 301,
        "x" * 79,
        "😀" * 40,
        "",
        " ",
        "../ada",
        "ren\u00e9",
        "rene\u0301",
        "\u00c5sa",
        "\u212bsa",
    ]
    names = [checked_name(seat_name(name)) for name in odd]
    assert len(set(names)) == len(odd)
    assert not [name for name in names if "/" in name]


@pytest.mark.parametrize("words", ["list", "block Ben", "raise Ben 1", "share profile-1", "remove Ben"])
def test_no_class_is_made_by_a_slip(tmp_path, capsys, words):
    """Where no class is, a command that begins none says so, and makes nothing."""
    assert main(["seats", *words.split(), f"--folder={tmp_path / 'nofolder'}"]) == 1
    assert re.search(r"no class in .*nofolder.*--folder", capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_things_stays_as_it_is(tmp_path, capsys):
    """A folder that is no class's is neither closed to others nor written to; lists and keys may lie there before."""
    page = tmp_path / "site" / "page.html"
    page.parent.mkdir(mode=0o755)
    page.write_text("a page")
    modes = [path.stat().st_mode for path in (page, page.parent)]
    assert main(["seats", "raise", "--all", "5", f"--folder={page.parent}"]) == 1
    assert "page.html" in capsys.readouterr().err
    assert [path.stat().st_mode for path in (page, page.parent)] == modes
    assert [*page.parent.iterdir()] == [page]
    page.rename(page.with_name("students.csv"))
    (page.parent / ".ipynb_checkpoints").mkdir()  # an editor's, beside what it wrote
    assert main(["seats", "raise", "--all", "5", f"--folder={page.parent}"]) == 0
    told = capsys.readouterr()
    assert re.search(r"All may spend \$5\.00 .*site", told.out)
    assert re.search(r"A new class was begun in .*site", told.err)
    assert main(["seats", "raise", "--all", "5", f"--folder={page.parent}"]) == 0
    assert "begun" not in capsys.readouterr().err


def test_what_keeps_a_relay_from_starting_is_told(tmp_path, sandbox, capsys, monkeypatch):
    """A certificate that is none, and a port that is taken, are named with what to do."""
    monkeypatch.setenv("FOXAPI_KEY", MARKED_KEY)
    monkeypatch.setenv("FOXAPI_BASE_URL", sandbox.base_url)
    (tmp_path / "bad.pem").write_text("no certificate")
    relay, port = ["relay", f"--folder={tmp_path / 'class'}"], sandbox.base_url.rpartition(":")[2]
    for name in ("nope.pem", "bad.pem"):
        assert main([*relay, f"--cert={tmp_path / name}"]) == 1
        assert re.search(rf"{name} holds no certificate.*--cert", capsys.readouterr().err)
    command = [sys.executable, "-m", "fox_nb.cli", *relay, f"--port={port}"]  # tornado leaves a socket open then
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 1
    assert re.search(rf"^fox-nb: .*port {port} \(.*in use.*--port", done.stderr)


def test_an_address_to_hand_out_is_the_relays(tmp_path, capsys):
    """What is no address, or no folder, is refused in words about this command, before a token is changed."""
    database = Database(tmp_path / "class")
    ((_, token),) = Seats(database).make(["Ada"], 1, 5)
    hand_out = ["seats", "hand-out", str(tmp_path / "out"), "--address=x", f"--folder={tmp_path / 'class'}"]
    assert main(hand_out) == 1
    assert re.search(r"--address", capsys.readouterr().err)
    (tmp_path / "out").write_text("no folder")
    assert main([*hand_out, "--address=https://relay.example"]) == 1
    assert re.search(r"Ada\.env cannot be written.*Ada is as it was", capsys.readouterr().err)
    assert Seats(database).of_token(token).name == "Ada"
    database.close()


def test_everybody_can_have_a_seat(tmp_path):
    """A list may have names of any script and as offices write them; each is kept as it is written everywhere."""
    names = [
        "Müller, Anna",
        "O\u2019Brien",
        "O\u00b4Hara",
        "Li (B)",
        "李雷",
        "ジョン・スミス",
        "阿卜杜拉·买买提",
        "प्रिया",
        "نور",
    ]
    names += ["\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "ג\u05f3ק"]
    database = Database(tmp_path / "class")
    seats = Seats(database)
    seats.make([*names, "Zoe\u0308"], 1, 5)
    assert {one.name for one in seats.all()} == {*names, "Zoë"}
    database.close()


@pytest.mark.parametrize("text", ["=1", " =1", "+1", "-1", "@x", "\t1", "\n1", "\uff1d1"])
def test_no_cell_of_a_table_is_a_formula(text):
    """What a student wrote is shown by a spreadsheet and not run, whatever stands before it."""
    assert table_cell(text) == f"'{text}"
    assert table_cell(f"a{text}") == f"a{text}"


def test_no_part_of_a_cell_is_a_formula():
    """Excel in half of Europe ends a cell at a semicolon, and whoever pastes a table at a tab."""
    assert table_cell("a;=1; -2\t@b\n+c") == "a;'=1; '-2\t'@b\n'+c"
    assert table_cell(["a;b", "c; d-e"]) == "a;b, c; d-e"


def test_what_arrives_late_of_a_removed_seat_is_not_kept(tmp_path):
    """A picture that ends after its seat was removed leaves no file and no link; its price stays; the next who asks has another made."""
    database = Database(tmp_path / "class")
    seats, bookings = Seats(database), Bookings(database)
    seats.make(["Ada", "Ben"], 1, 5)
    wanted = Wanted("identity", "phota-image", "{}", "a fox", 90_000)
    row = bookings.reserve(Seat("Ada", 0), wanted, 1.0).result(PATIENCE)
    bookings.accepted(row.id, "task-1").result(PATIENCE)
    assert seats.remove("Ada") == []
    completed = TaskState("task-1", "completed", results=(Result("https://gateway.example/1.png"),))
    ended = bookings.end(row, completed, 2.0).result(PATIENCE)
    assert (ended.files, ended.profiles) == ([], [])
    assert (ended.row.words, seats.spent()) == ("", 90_000)
    assert bookings.reserve(Seat("Ben", 0), wanted, 3.0).result(PATIENCE).state == "sending"
    database.close()


@pytest.mark.parametrize("is_old", [False, True])
def test_a_profile_is_its_creations(tmp_path, is_old):
    """Two who train with the same photos, for which a gateway has one id, both have the profile, and both may use it."""
    database = Database(tmp_path / "class")
    if is_old:  # as a class was made before a profile's key had its creation in it
        database.close()
        with contextlib.closing(sqlite3.connect(tmp_path / "class" / "class.sqlite")) as file:
            columns = "id VARCHAR(500) NOT NULL, creation INTEGER, shared BOOLEAN NOT NULL, PRIMARY KEY (id)"
            file.execute(f"CREATE TABLE profile ({columns})")
            file.execute("INSERT INTO profile VALUES ('profile-0', NULL, 1), ('profile-1', 7, 0)")
            file.commit()
        Database(tmp_path / "class").close()
        database = Database(tmp_path / "class")
        known = [(row.id, row.creation, row.shared) for row in database.read(select(profile).order_by(profile.c.id))]
        assert known == [("profile-0", 0, True), ("profile-1", 7, False)]
    seats, bookings = Seats(database), Bookings(database)
    seats.make(["Ada", "Ben", "Eve"], 1, 5)
    for name in ("Ada", "Ben"):
        row = bookings.reserve(Seat(name, 0), Wanted(name, "phota-create-profile", "{}", "", 90_000), 1.0).result(
            PATIENCE
        )
        bookings.accepted(row.id, f"task-{name}").result(PATIENCE)
        completed = TaskState(f"task-{name}", "completed", results=(Result(profile_id="profile-1"),) * 2)
        assert [one.id for one in bookings.end(row, completed, 2.0).result(PATIENCE).profiles] == ["profile-1"]

    def use(name: str) -> str:
        wanted = Wanted(f"by {name}", "phota-image", "{}", "[[profile-1]]", 90_000, ("profile-1",))
        return bookings.reserve(Seat(name, 0), wanted, 3.0).result(PATIENCE).state

    assert (use("Ada"), use("Ben")) == ("sending", "sending")
    with pytest.raises(Refusal, match="no such profile"):
        use("Eve")
    seats.share_profile("profile-1")
    assert use("Eve") == "sending"
    database.close()


def test_a_face_is_nobodys_when_its_student_is_gone(tmp_path, capsys):
    """A shared profile is taken back by `unshare`, and goes with the seat that trained it; what the teacher brought is theirs."""
    database, folder = Database(tmp_path / "class"), f"--folder={tmp_path / 'class'}"
    seats, bookings = Seats(database), Bookings(database)
    seats.make(["Ada", "Ben"], 1, 5)
    row = bookings.reserve(Seat("Ada", 0), Wanted("t", "phota-create-profile", "{}", "", 0), 1.0).result(PATIENCE)
    bookings.accepted(row.id, "task-1").result(PATIENCE)
    completed = TaskState("task-1", "completed", results=(Result(profile_id="of-ada"),))
    bookings.end(row, completed, 2.0).result(PATIENCE)
    asked = itertools.count()

    def may_use(name: str, profile_id: str) -> bool:
        wanted = Wanted(f"{next(asked)}", "phota-image", "{}", f"[[{profile_id}]]", 0, (profile_id,))
        return bookings.reserve(Seat(name, 0), wanted, 3.0).exception(PATIENCE) is None

    def after(*commands: str) -> list[bool]:
        assert [main(["seats", *command.split(), folder]) for command in commands] == [0] * len(commands)
        return [may_use("Ben", name) for name in ("of-ada", "of-teacher")]

    assert after("share of-ada", "share of-teacher") == [True, True]
    assert after("unshare [[of-ada]]", "unshare of-teacher") == [False, False]
    assert may_use("Ada", "of-ada")
    assert after("share of-ada", "share of-teacher", "remove Ada") == [False, True]
    assert main(["seats", "unshare", "of-ada", folder]) == 1
    assert "No profile 'of-ada'" in capsys.readouterr().err
    database.close()


@pytest.mark.parametrize("order", [("Ada", "Ben"), ("Ben", "Ada")])
def test_what_two_had_goes_with_the_second(tmp_path, order):
    """A picture that two asked for stays while one of them is there, and is gone, words and link too, with the last, whoever that is."""
    database = Database(tmp_path / "class")
    seats, bookings = Seats(database), Bookings(database)
    seats.make(["Ada", "Ben"], 1, 5)
    wanted = Wanted("identity", "phota-image", '{"prompt": "the face of Ada"}', "the face of Ada", 90_000)
    row, _ = (bookings.reserve(Seat(name, 0), wanted, 1.0).result(PATIENCE) for name in ("Ada", "Ben"))
    bookings.accepted(row.id, "task-1").result(PATIENCE)
    completed = TaskState("task-1", "completed", results=(Result("https://gateway.example/1.png"),))
    (file,) = bookings.end(row, completed, 2.0).result(PATIENCE).files
    assert seats.remove(order[0]) == []
    assert bookings.row(row.id).words == "the face of Ada"
    assert seats.remove(order[1]) == [file.token]
    database.close()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "class").iterdir())
    assert [words for words in (b"the face", b"gateway.example", b"Ada", b"Ben") if words in kept] == []


def test_a_picture_is_not_kept_again(tmp_path):
    """What was removed when its time was over is not fetched anew by who has its link."""
    database = Database(tmp_path / "class")
    made = time.time() - 2 * 3600
    row = {"token": "t", "seat": "Ada", "name": "1", "sha256": "", "origin": "https://gateway.example/1.png"}
    database.execute(insert(deposit).values(**row, creation=1, linked=made, made=time.time()))
    kept = deposits.Deposits(database, None, 3600.0)
    with pytest.raises(Refusal, match="not kept") as refused:
        fox_nb.run(kept.opened("t", time.time()))
    assert refused.value.status == 410
    database.close()


def test_a_small_version_goes_with_its_picture(tmp_path):
    """What the teacher's page has made small of a picture is removed when the picture is, however late the teacher looked."""
    database = Database(tmp_path / "class")
    kept = deposits.Deposits(database, None, 3600.0)
    picture = kept.path("t")
    picture.write_bytes(encoded(gradient(640, 480), "PNG"))
    os.utime(picture, (time.time() - 3500,) * 2)
    cached_thumbnail(picture, kept.thumbnails)
    assert list(kept.thumbnails.iterdir())
    kept.sweep(time.time() + 200)
    assert [*kept.thumbnails.iterdir(), *picture.parent.iterdir()] == []
    database.close()


def test_what_a_seat_may_keep_is_bounded(tmp_path, monkeypatch):
    """Uploads and handed-in work of a seat fill its own room and no other's."""
    monkeypatch.setattr(deposits, "MOST_OF_A_SEAT", 30)
    database = Database(tmp_path / "class")
    Seats(database).make(["Ada", "Ben"], 1, 5)
    kept = deposits.Deposits(database, None, 1.0)
    kept.add("Ada", b"a" * 20, "a.png")
    kept.hand_in("Ada", io.BytesIO(b"b" * 10))
    for more in (lambda: kept.add("Ada", b"c", "c.png"), lambda: kept.hand_in("Ada", io.BytesIO(b"d"))):
        with pytest.raises(Refusal) as refused:
            more()
        assert refused.value.status == 413
    kept.add("Ben", b"a" * 20, "a.png")
    database.close()


def test_nothing_of_a_removed_seat_stays(tmp_path):
    """What ends after its seat was removed, an upload, work that is handed in, a result, leaves no file."""
    folder = tmp_path / "class"
    database = Database(folder)
    seats = Seats(database)

    class Late:
        async def download(self, url, target):
            target.write_bytes(picture)
            deposits.remove_files(folder, seats.remove("Ada"), "Ada")

    picture = encoded(gradient(64, 48), "PNG")
    kept = deposits.Deposits(database, Late(), 3600.0)
    for bring in (lambda: kept.add("Ada", b"a", "a.png"), lambda: kept.hand_in("Ada", io.BytesIO(b"b"))):
        with pytest.raises(Refusal, match="removed"):
            bring()
    seats.make(["Ada"], 1, 5)
    row = {"token": "t", "seat": "Ada", "name": "1", "sha256": "", "origin": "https://gateway.example/1.png"}
    booked = Bookings(database).reserve(Seat("Ada", 0), Wanted("identity", "phota-image", "{}", "a fox", 90_000), 1.0)
    values = {**row, "creation": booked.result(PATIENCE).id, "linked": time.time(), "made": time.time()}
    database.execute(insert(deposit).values(**values))
    (missing,) = kept.missing(time.time())
    with pytest.raises(Refusal, match="no such file"):
        fox_nb.run(kept.fetched(missing))
    assert [path for path in folder.rglob("*") if path.is_file() and path.parent != folder] == []
    database.close()


def test_an_upload_that_the_journal_does_not_take_leaves_no_file(tmp_path, monkeypatch):
    """It would be in nobody's room, and stay when its student is removed."""
    monkeypatch.setattr(tables, "BUSY_SECONDS", 0.1)
    database = Database(tmp_path / "class")
    Seats(database).make(["Ada"], 1, 5)
    kept = deposits.Deposits(database, None, 3600.0)
    with contextlib.closing(sqlite3.connect(tmp_path / "class" / tables.DATABASE)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError):
            kept.add("Ada", b"a", "a.png")
        assert list((tmp_path / "class" / "files").iterdir()) == []
    database.close()


def test_rows_add_up_when_a_seat_is_removed(tmp_path, sandbox, capsys):
    """What a removed seat spent has a row of its own, in the list and on the page, so that the rows add up to the sum."""
    database = Database(tmp_path / "class")
    seats, bookings = Seats(database), Bookings(database)
    seats.make(["Ada", "Ben"], 1, 5)
    with answering(tmp_path / "class", sandbox.base_url) as url:
        bookings.begin()
        for name in ("Ada", "Ben"):
            bookings.reserve(Seat(name, 0), Wanted(name, "phota-image", "{}", "", 90_000), 1.0).result(PATIENCE)
        teacher = log_in(SimpleNamespace(url=url, folder=tmp_path / "class"))
        told = []
        for _ in range(2):
            assert main(["seats", "list", f"--folder={tmp_path / 'class'}"]) == 0
            page = teacher.get(f"{url}/teacher/live", timeout=PATIENCE).text
            told.append((page.count("Removed"), re.findall(r"Removed: \$0\.09|All: \$0\.18", capsys.readouterr().out)))
            if not told[1:]:
                seats.remove("Ada")
    assert told == [(0, ["All: $0.18"]), (1, ["Removed: $0.09", "All: $0.18"])]
    database.close()


def test_a_removal_that_fails_can_be_said_again(tmp_path, monkeypatch, capsys):
    """Where a file can't be removed, such as one that is being read on Windows, the seat is still there, and its removal goes on later."""
    database = Database(tmp_path / "class")
    Seats(database).make(["Ada"], 1, 5)
    kept = deposits.Deposits(database, None, 3600.0)
    kept.add("Ada", b"a", "a.png")
    kept.hand_in("Ada", io.BytesIO(b"b"))
    remove = ["seats", "remove", "Ada", f"--folder={tmp_path / 'class'}"]
    for name in ("unlink", "rmtree"):
        where = "pathlib.Path.unlink" if name == "unlink" else "shutil.rmtree"
        with monkeypatch.context() as busy:
            busy.setattr(where, Mock(side_effect=PermissionError(errno.EACCES, "Permission denied", "a.png")))
            assert main(remove) == 1
        assert "The seat is as it was" in capsys.readouterr().err
        assert [one.name for one in Seats(database).all()] == ["Ada"]
    assert main(remove) == 0
    assert [
        path for path in (tmp_path / "class").rglob("*") if path.is_file() and path.parent != tmp_path / "class"
    ] == []
    database.close()


def test_a_removal_without_the_files_is_refused(tmp_path, capsys):
    """Of a class with a database elsewhere, a seat is removed in the folder of its relay, where its files are."""
    url = f"--database=sqlite:///{tmp_path / 'other.sqlite'}"
    database = Database(tmp_path / "class", url.partition("=")[2])
    database.claim()
    Seats(database).make(["Ada"], 1, 5)
    assert main(["seats", "remove", "Ada", url, f"--folder={tmp_path / 'elsewhere'}"]) == 1
    assert main(["seats", "block", "x\udcff", url, f"--folder={tmp_path / 'class'}"]) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert [one.name for one in Seats(database).all()] == ["Ada"]
    database.close()


@pytest.mark.parametrize("keep", [0.0, -1.0, math.inf, math.nan])
def test_files_are_kept_for_some_time(tmp_path, keep):
    """No hours, and for ever, are refused: faces would go at once, or never."""
    with pytest.raises(FoxError, match="keep"):
        Options(tmp_path, keep=keep).check()


def test_a_failed_statement_tells_nothing_of_what_was_in_it(tmp_path):
    """What the database refuses is logged without names, words and tokens."""
    database = Database(tmp_path / "class")
    row = {"token": "secret-link", "seat": "Ada", "name": "a", "sha256": "", "origin": "", "linked": 0.0, "made": 0.0}
    with pytest.raises(IntegrityError) as refused:
        database.change(lambda connection: connection.execute(insert(deposit), [row, row]))
    assert "secret-link" not in str(refused.value)
    database.close()


def test_what_waits_for_the_disk_is_written_together(tmp_path):
    """What is brought while the journal writes is one more commit for all of it; what fails in there fails alone."""
    database = Database(tmp_path / "class")
    commits: list[str] = []
    begun, go_on = threading.Event(), threading.Event()
    first = database.changing(lambda _connection: begun.set() or go_on.wait(PATIENCE))
    assert begun.wait(PATIENCE)
    event.listen(database._engine, "commit", lambda _connection: commits.append("one"))
    names = [*"abc", "a", "d"]
    brought = [database.executing(insert(profile).values(id=name, shared=False)) for name in names]
    go_on.set()
    assert first.result(PATIENCE)
    assert isinstance(brought[3].exception(PATIENCE), IntegrityError)
    assert [one.result(PATIENCE) for one in brought if one is not brought[3]] == [1] * 4
    assert [row.id for row in database.read(select(profile.c.id).order_by(profile.c.id))] == [*"abcd"]
    assert len(commits) == 2  # the first one's, and one for all the others
    database.close()


def test_a_relay_for_others_speaks_tls_or_says_that_it_does_not(tmp_path, capsys):
    """Off this machine the relay starts only with a certificate or with --plain-http, and a client takes http only by name."""
    from fox_nb.settings import normal_base_url

    assert main(["relay", "--host=0.0.0.0", f"--folder={tmp_path / 'class'}"]) == 1
    assert "--plain-http" in capsys.readouterr().err
    with pytest.raises(FoxError, match="plain http"):
        normal_base_url("http://relay.class")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOXAPI_PLAIN_HTTP", "relay.class")
        assert normal_base_url("http://relay.class/") == "http://relay.class"
        with pytest.raises(FoxError, match="plain http"):
            normal_base_url("http://other.class")
        for chosen in ("http://10.0.0.5:8765/", "10.0.0.5:8765", "10.0.0.5"):
            patch.setenv("FOXAPI_PLAIN_HTTP", chosen)
            assert normal_base_url("http://10.0.0.5:8765/") == "http://10.0.0.5:8765"
        for chosen in ("[fd00::5]:8765", "fd00::5", "[fd00::5]"):
            patch.setenv("FOXAPI_PLAIN_HTTP", chosen)
            assert normal_base_url("http://[fd00::5]:8765") == "http://[fd00::5]:8765"
        patch.setenv("FOXAPI_PLAIN_HTTP", "[")
        with pytest.raises(FoxError, match="plain http"):
            normal_base_url("http://10.0.0.5")


def test_a_full_disk_is_told_to_everybody_whom_it_met(tmp_path):
    """SQLite undoes the whole transaction then: of changes that are written together none is called done that is not on the disk."""
    database, begun, go_on = Database(tmp_path / "class"), threading.Event(), threading.Event()

    def full(connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1")
        connection.execute(insert(setting).values(name="large", value="x" * 3_000_000))

    def small(name: str):
        return lambda connection: connection.execute(insert(setting).values(name=name, value="x")).rowcount

    database.changing(lambda _connection: begun.set() or go_on.wait(PATIENCE))
    assert begun.wait(PATIENCE)  # what is brought before would be written with it
    told = [database.changing(work) for work in (small("a"), full, small("b"))]
    go_on.set()
    assert all(isinstance(one.exception(PATIENCE), OperationalError) for one in told)
    assert {row.name for row in database.read(select(setting))} & {"a", "b", "large"} == set()
    database.close()


def test_a_seat_that_may_go_on_again_is_let_in_at_once(tmp_path):
    """What is remembered of a seat refuses nobody: who was stopped a moment ago is looked up anew."""
    database = Database(tmp_path / "class")
    seats = Seats(database)
    ((name, token),) = seats.make(["Ada"], 1, 5)
    roster = Roster(seats)

    async def seen() -> list[bool]:
        stopped = []
        for blocked in (True, False):
            seats.block(name, blocked=blocked)
            stopped.append((await roster.admit(token)).blocked)
        return stopped

    assert fox_nb.run(seen()) == [True, False]
    database.close()


def test_a_teacher_sees_marks_and_stops(classroom, student):
    """The page shows who made what; marks go into the CSV; words and stops are told to the student as errors; work arrives."""
    classroom.seat("Ada", "Ben")
    classroom.start()
    ada = student("Ada")
    ada.generate('=HYPERLINK("x") <script>alert(1)</script>').wait()
    teacher = log_in(classroom)
    page = until(lambda: with_picture(teacher.get(f"{classroom.url}/teacher").text), "the picture")
    assert "<script>alert" not in page
    assert teacher.get(classroom.url + page.split('<img src="')[1].split('"')[0]).content[:4] == b"RIFF"

    def press(action: str, **fields: str) -> None:
        answer = teacher.post(f"{classroom.url}/teacher/{action}", data={"_xsrf": token_in(page), **fields})
        assert answer.status_code == 200

    press("grade", number="1", mark="A", comment="a good fox")
    text = teacher.get(f"{classroom.url}/teacher/class.csv").content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["name"], row["mark"], row["comment"], row["usd"]) == ("Ada", "A", "a good fox", "0.09")
    assert row["prompt"].startswith("'=")
    press("words", words="wolf\n")
    with pytest.raises(RequestRejected, match="wolf"):
        ada.generate("a Wolf in the snow")
    press("stop", blocked="1")
    with pytest.raises(FoxError, match="stopped new pictures"):
        ada.generate("a fox at night")
    press("stop", blocked="")
    press("stop", name="Ada", blocked="1")
    with pytest.raises(FoxError, match="stopped this seat"):
        ada.generate("a fox at night")
    press("stop", name="Ada", blocked="")
    ada.hand_in()
    assert 'href="/teacher/work/Ada/' in teacher.get(f"{classroom.url}/teacher/live").text
    (work,) = (classroom.folder / "handed_in" / "Ada").glob("*.zip")
    with zipfile.ZipFile(work) as archive:
        assert [name for name in archive.namelist() if name.startswith("Ada/pictures/")]
    assert json.loads(classroom.ask("GET", "/api/usage/token", "Ben").text)["data"]["total_used"] == 0


@pytest.mark.parametrize(
    ("budget", "asked", "told"),
    [(0.10, 90_000, "$0.09, but only $0.0899 of your $0.10 budget"), (0.0901, 4_050, "$0.0041, but only $0.00 of")],
)
def test_what_is_asked_for_and_what_is_left_never_look_the_same(tmp_path, budget, asked, told):
    """A seat that lacks a fraction of a cent is told so, in the amounts of a budget of one's own."""
    database = Database(tmp_path / "class")
    seats, bookings = Seats(database), Bookings(database)
    seats.make(["Ada"], budget, 100)
    spent = round(budget * MICRO_PER_USD) - (89_999 if asked > 10_000 else 0)
    bookings.reserve(Seat("Ada", 0), Wanted("a", "phota-image", "{}", "", spent), time.time()).result(PATIENCE)
    with pytest.raises(Refusal, match=re.escape(f"This costs {told}")):
        bookings.reserve(Seat("Ada", 0), Wanted("b", "phota-image", "{}", "", asked), time.time()).result(PATIENCE)
    database.close()


def test_a_refused_word_is_looked_for_in_what_was_asked(tmp_path):
    """A word is refused however and wherever it is written in a prompt, and nothing else of a request is looked at."""
    database = Database(tmp_path / "class")
    seats, bookings = Seats(database), Bookings(database)
    seats.make(["Ada"], 100, 100)
    database.set("words", 'bear\ncaf\u00e9\nsay "boo"\nimage\nprompt\n18\ndagger, knife\n枪、銃\nปืน\n총')

    def ask(prompt: str) -> str:
        body = validate("phota-image", {"prompt": prompt}).canonical()
        wanted = Wanted(prompt, "phota-image", body, prompt, 1)
        return bookings.reserve(Seat("Ada", 0), wanted, time.time()).result(PATIENCE).state

    unseen = [f"be{sign}ar" for sign in "\u200b\xad\x08\x7f\ufff9\U0001d173\u2062\ufe0f\u3164\U000e0041"]
    beside = ("_bear_", "bear2", "一只bear在", "forbears bear", "\u2066bear")
    spelt = ("two:\nbear and wolf", "a\tBEAR", "\uff42\uff45\uff41\uff52", "a cafe\u0301", 'say  "boo"')
    for prompt in (*spelt, *unseen, *beside, "a knife", "在桌上的枪", "男が銃を持つ", "คนถือปืนใหญ่", "총을 든 남자"):
        with pytest.raises(Refusal, match="does not use the word"):
            ask(prompt)
    for prompt in ("a fox forbears", "bears", "the year 2018", "180"):
        assert ask(prompt) == "sending"
    database.close()


def test_a_long_list_of_words_is_read_once(tmp_path, monkeypatch):
    """Of thousands of refused words each is made ready once for all creations, which wait for each other."""
    database = Database(tmp_path / "class")
    seats, bookings = Seats(database), Bookings(database)
    seats.make(["Ada"], 100, 100)
    database.set("words", "\n".join(f"word{number}" for number in range(2400)))
    made_ready: list[str] = []
    monkeypatch.setattr("fox_nb.classroom.bookings.AT_ONCE", 30)
    monkeypatch.setattr("fox_nb.classroom.bookings.folded", lambda text: made_ready.append(text) or folded(text))
    for number in range(30):
        wanted = Wanted(f"{number}", "phota-image", json.dumps({"prompt": f"fox {number}"}), "", 1)
        assert bookings.reserve(Seat("Ada", 0), wanted, 1.0).result(PATIENCE).state == "sending"
    assert len(made_ready) == 2400 + 30
    database.close()


def test_what_another_teacher_wrote_is_not_lost(tmp_path, sandbox):
    """Of two who have one page open each changes what they typed alone; who would overwrite the other's words is told them."""
    database = Database(tmp_path / "class")
    seats, bookings = Seats(database), Bookings(database)
    seats.make(["Ada"], 1, 5)
    bookings.reserve(Seat("Ada", 0), Wanted("one", "phota-image", "{}", "a fox", 22_500), 1.0).result(PATIENCE)
    bookings.accepted(1, "task-1").result(PATIENCE)
    bookings.reserve(Seat("Ada", 0), Wanted("two", "phota-image", "{}", "a bear", 0), 1.0).result(PATIENCE)
    bookings.unknown(2, "no answer").result(PATIENCE)
    bookings.settle(2, paid=True, now=2.0)
    with pytest.raises(Refusal, match="settled already"):
        bookings.settle(2, paid=False, now=3.0)
    assert bookings.row(2).state == "lost"
    with answering(tmp_path / "class", sandbox.base_url) as url:
        teacher = log_in(SimpleNamespace(url=url, folder=tmp_path / "class"))
        page = teacher.get(f"{url}/teacher", timeout=PATIENCE).text
        assert "$0.0225" in page  # not $0.02, which is less than was spent

        def save(action: str, **typed: str) -> requests.Response:
            names = ("mark", "comment") if action == "grade" else ("words",)
            shown = dict.fromkeys(names, "") | {f"{name}_was": "" for name in names}  # as both have opened it
            assert all(f'name="{name}_was"' in page for name in names)
            data = {"_xsrf": token_in(page), "number": "1", **shown, **typed}
            return teacher.post(f"{url}/teacher/{action}", data=data, timeout=PATIENCE)

        assert save("grade", mark="A").ok
        assert save("grade", comment="a good fox").ok
        refused = save("grade", mark="B")
        assert (refused.status_code, "to 'A'; you wrote 'B'" in unescape(refused.text)) == (409, True)
        assert save("words", words="wolf\r\nbear").ok
        assert save("words", words="lynx").status_code == 409
    assert (bookings.row(1).mark, bookings.row(1).comment) == ("A", "a good fox")
    assert database.setting("words") == "wolf\nbear"
    database.close()


def test_no_end_of_a_list_is_lost(tmp_path, sandbox):
    """A list of words that is too long is refused in words, and the one of before holds; one of twelve thousand words is taken."""
    Database(tmp_path / "class").close()
    with answering(tmp_path / "class", sandbox.base_url) as url:
        teacher = log_in(SimpleNamespace(url=url, folder=tmp_path / "class"))

        def save(words: str) -> requests.Response:
            page = teacher.get(f"{url}/teacher", timeout=PATIENCE).text
            form = {"_xsrf": token_in(page), "words": words}
            return teacher.post(f"{url}/teacher/words", data=form, timeout=PATIENCE)

        long = "\n".join([*(f"w{number:06}" for number in range(12_000)), "bear"])
        assert f"{long}</textarea>" in save(long).text
        refused = save(f"{long}\n{'wolf ' * 1000}")
        assert (refused.status_code, "of 100,000 signs" in refused.text) == (422, True)
        assert f"{long}</textarea>" in teacher.get(f"{url}/teacher", timeout=PATIENCE).text


def test_what_was_given_back_costs_nothing_on_the_page(tmp_path, sandbox):
    """The table adds up to what is spent; what was refused, however often, takes no place of a picture and is told once."""
    database = Database(tmp_path / "class")
    seats, bookings = Seats(database), Bookings(database)
    seats.make(["Ada", "items"], 1, 5)
    for identity in ("paid", *["given back"] * 50):
        wanted = Wanted(identity, "phota-image", "{}", identity, 90_000)
        row = bookings.reserve(Seat("Ada", 0), wanted, 1.0).result(PATIENCE)
        if identity == "given back":
            bookings.refused(row.id, "no such model", 2.0).result(PATIENCE)
    with answering(tmp_path / "class", sandbox.base_url) as url:
        teacher = log_in(SimpleNamespace(url=url, folder=tmp_path / "class"))
        paths = ("", "/class.csv", "/live?number=1", "/view/2")
        page, table, live, view = (teacher.get(f"{url}/teacher{path}").text for path in paths)
    (paid,) = csv.DictReader(io.StringIO(table.removeprefix("\ufeff")))
    assert float(paid["usd"]) == seats.spent() / MICRO_PER_USD == 0.09
    for name, count in (("Ada", 1), ("items", 0)):
        assert re.search(rf">{name}</bdi></th><td class=\"number\">{count}<", live)
    assert " new: show" not in live
    assert "$0.00" in view
    assert [page.count(words) for words in ("<bdi>paid</bdi>", "<bdi>given back</bdi>", "no such model")] == [1, 1, 1]
    database.close()


def test_work_is_handed_in_to_a_class_alone(sandbox, tmp_path):
    """Where no relay answers, `hand_in` says so and sends nothing."""
    from fox_nb import Fox

    with (
        Fox(api_key=MARKED_KEY, base_url=sandbox.base_url, store=tmp_path / "runs") as fox,
        pytest.raises(FoxError, match="no class"),
    ):
        fox.hand_in()


def with_picture(page: str) -> str | None:
    return page if '<img src="' in page else None
