"""The commands as people type them: what each prints, and what it says to a slip of the finger."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fox_nb
from artifacts import MARKED_KEY
from client.scripted import Scripted, never, say
from fox_nb import doctor
from fox_nb.cli import _parser, main
from fox_nb.sandbox import Sandbox
from gateways import Gateway
from processes import PATIENCE, until


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("sandbox --speed 0", "'0' is no speed; allowed is a number above 0"),
        ("sandbox --speed nan", "'nan' is no speed"),
        ("sandbox --speed fast", "'fast' is no speed"),
        ("sandbox --port 99999", "'99999' is no port; allowed is 0 (a free one) to 65535"),
        ("lab --port 1e3", "'1e3' is no port"),
        ("labs", "invalid choice: 'labs'"),
        ("scan", "the following arguments are required: FILE"),
        ("gallery", "the following arguments are required: PLACE"),
        ("doctor now", "unrecognized arguments: now"),
        ("seats make students.csv --each 0,50", "argument --each: '0,50' is no amount in USD; write it as 0.50"),
        ("seats raise Ada Ben 1", "argument USD: 'Ben' is no amount in USD"),
        ("seats raise Ada nan", "'nan' is no amount in USD"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(words: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line names the option, the value and what is allowed; the exit status is that of a wrong call."""
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 2
    assert told in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("words", ["demo taken", "lab taken --no-browser", "gallery . -o taken/class.html"])
def test_a_place_that_cannot_be_written_to_is_named(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file stands where a folder is wanted: one line names it, and nothing of Python's is shown."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("a file")
    fox_nb.Fox(api_key=MARKED_KEY, base_url="http://127.0.0.1:9").close()
    capsys.readouterr()
    assert main(words.split()) == 1
    said = capsys.readouterr()
    assert re.fullmatch(r"fox-nb: .*taken.*\n", said.err)


@pytest.mark.skipif(os.name != "posix", reason="a folder in which somebody works can't be deleted elsewhere")
@pytest.mark.parametrize("command", [["demo"], ["seats", "list"], ["relay"], ["gallery", "work"]])
def test_a_folder_that_was_deleted_around_a_command_is_told(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Where no relative path begins, the line says what to do, and not Python's words on a file that nobody has named."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert main(command) == 1
    said = capsys.readouterr().err
    assert re.fullmatch(r"fox-nb: (The folder in which you work was deleted\. Change.*|There is no work\..*)\n", said)


def test_a_port_that_is_taken_is_said_to_be(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """`fox-nb sandbox` on a port where something answers already ends with one line."""
    port = sandbox.base_url.rsplit(":", 1)[1]
    assert main(["sandbox", "--port", port]) == 1
    assert re.search(rf"port {port} \(.*in use.*--port", capsys.readouterr().err)


NESTED = """
import asyncio, signal, sys, threading
import fox_nb
from fox_nb.cli import main
from fox_nb.sandbox import Sandbox

async def cell():
    fox_nb.run(asyncio.sleep(0))

asyncio.run(cell())
main(["sandbox", "--port", sys.argv[1]])
with Sandbox(speed=500, keys="any") as box, fox_nb.Fox(api_key="some-key", base_url=box.base_url) as fox:
    fox.generate("a fox").wait(90)
print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, *(t.name for t in threading.enumerate() if "asyncio" in t.name))
"""


def test_what_has_ended_leaves_no_thread_and_no_handler(sandbox: Sandbox, tmp_path: Path) -> None:
    """A sandbox ends with its loop also where nest_asyncio is in use: a process that is forked then heeds SIGTERM."""
    port = sandbox.base_url.rsplit(":", 1)[1]
    done = subprocess.run(
        [sys.executable, "-c", NESTED, port], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert done.stdout.split() == ["True"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("hand-out to --address URL ada ben", ["ada", "ben"]),
        ("hand-out --address URL to ada ben", ["ada", "ben"]),
        ("raise ada --folder other 0.5", "ada"),
        ("block ada --folder other ben", ["ada", "ben"]),
    ],
)
def test_a_name_may_stand_behind_an_option(words: str, names: str | list[str]) -> None:
    """Whoever writes one behind the command of the docs means what it would mean before the option."""
    chosen = _parser().parse_args(["seats", *words.split()])
    assert (chosen.names if isinstance(names, list) else chosen.name) == names


@pytest.mark.skipif(os.name == "nt", reason="there are pipes of another kind")
@pytest.mark.parametrize("files", [3, 3000])
def test_a_reader_that_has_seen_enough_is_no_error(files: int, tmp_path: Path) -> None:
    """`fox-nb scan … | head -1` ends without a word, as other commands do, whether its lines were buffered or not."""
    for number in range(files):
        (tmp_path / f"{number}.txt").write_text("FOXAPI_KEY=a1b2c3d4e5f6g7h8i9j0")
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "fox_nb.cli", "scan", str(tmp_path)]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.parametrize("words", ["lab", "seats", "seats share"])
def test_the_help_of_a_command_says_what_it_does(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its own page has the sentence that the list of all has: somebody may look there first."""
    with pytest.raises(SystemExit):
        main([*words.split(), "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert {
        "lab": "Open JupyterLab on the lessons, on the sandbox.",
        "seats": "The students of a class: budgets, tokens, an end.",
        "seats share": "Let every seat use a trained profile.",
    }[words] in told


def test_without_a_command_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """`fox-nb` alone says what there is."""
    assert main([]) == 0
    said = capsys.readouterr().out
    assert [name for name in ("lab", "demo", "sandbox", "scan", "gallery", "doctor") if name not in said] == []


def test_the_demo_makes_a_page_and_says_what_was_made(own_sandbox: dict[str, str], tmp_path: Path) -> None:
    """It runs the first lesson without a screen, whatever key is set, and prints where the page is, each picture, the price and the time."""
    done = subprocess.run(
        [sys.executable, "-m", "fox_nb.cli", "demo"],
        env={**own_sandbox, "FOXAPI_KEY": MARKED_KEY, "FOXAPI_BASE_URL": "https://gateway.invalid"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert (done.returncode, done.stderr) == (0, "")
    page = Path(re.search(r"^The lesson as a page: +(.+)$", done.stdout, re.MULTILINE)[1])
    assert page == tmp_path / "fox_demo" / "01-first-pictures.html"
    assert page.read_text(encoding="utf-8").count("<img") >= 3
    assert 'src="http' not in page.read_text(encoding="utf-8")
    made = re.findall(r"^  (\d+) \W (\d+)  (\S+)$", done.stdout, re.MULTILINE)
    assert len(made) == 3
    assert all((tmp_path / "fox_demo" / "fox_runs" / "pictures" / name).exists() for _, _, name in made)
    assert re.search(r"^3 pictures, \$0\.27 \(play money\) in all, [\d.]+ s\.$", done.stdout, re.MULTILINE)


@pytest.mark.usefixtures("own_sandbox")
def test_the_doctor_finds_all_well(capsys: pytest.CaptureFixture[str]) -> None:
    """Where everything is there, each examination has one line, and the exit status says so."""
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == ["ok"] * 8
    assert lines[-1] == "All is well."


@pytest.mark.usefixtures("own_sandbox")
def test_the_doctor_says_what_to_do(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A wrong key, a folder that cannot be written to and a missing package are each told with what to do, the key never.

    Where another front end than JupyterLab shows the notebook, and no extra was asked for, nothing is to do.
    """
    monkeypatch.setenv("FOXAPI_KEY", MARKED_KEY[:-1] + "?")
    monkeypatch.setenv("FOXAPI_BASE_URL", sandbox.base_url)
    there = doctor.importlib.util.find_spec
    missing = {"ipykernel", "jupyter_core", "jupyterlab", "pandas", "skimage"}
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None if name in missing else there(name))
    monkeypatch.setattr(doctor.Path, "cwd", lambda: tmp_path / "gone")
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    told = dict(re.findall(r"^  TO DO    (\w+): (.+)$", said, re.MULTILINE))
    assert set(told) == {"widgets", "store", "service"}
    assert told["widgets"] == "ipykernel and jupyter_core is missing. Run `pip install ipykernel jupyter_core`."
    assert len(re.findall(r"^  ok       (?:Jupyter|extras): .* `pip install ", said, re.MULTILINE)) == 2
    assert re.search("gone.*give another", told["store"])
    assert "key" in told["service"]
    assert MARKED_KEY[:-1] not in said
    assert said.splitlines()[-1] == "3 to do."
    monkeypatch.delenv("FOXAPI_KEY")
    with pytest.raises(doctor.ToDo, match=r"no key for http.*Set FOXAPI_KEY"):
        doctor._service()


def test_the_doctor_says_what_the_key_has_left(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is left, the end and the models of the key are one line; an empty key is something to do; silence is not."""
    monkeypatch.setenv("FOXAPI_KEY", MARKED_KEY)
    monkeypatch.setenv("FOXAPI_BASE_URL", sandbox.base_url)
    monkeypatch.setattr(doctor, "_EXAMINATIONS", (("account", doctor._account),))
    for changes, status, words in (
        ({"key_limit": 5, "key_expires": 4_000_000_000}, 0, "$5.00 (play money) left, ends 2096-"),
        ({"models": ["phota-image"]}, 1, "may not call phota-image-edit"),
        ({"key_limit": 0}, 1, "nothing left"),
        ({"bill_reads": 0}, 0, "does not tell what the key has left"),
    ):
        sandbox.set(**changes)
        assert main(["doctor"]) == status
        assert words in capsys.readouterr().out


def test_the_doctor_says_no_more_than_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no models are named none are said; where only the older calls are there, an empty key is found by them."""
    monkeypatch.setenv("FOXAPI_KEY", MARKED_KEY)
    with Gateway() as gateway:
        monkeypatch.setenv("FOXAPI_BASE_URL", gateway.url)
        gateway.reads["/api/usage/token/"] = say(200, {"data": {"total_used": 0, "total_available": 1_500_000}})
        assert doctor._account() == "$0.00 used, $3.00 left"
        gateway.reads = {
            "/dashboard/billing/subscription": say(200, {"hard_limit_usd": 5}),
            "/dashboard/billing/usage": say(200, {"total_usage": 500}),
        }
        with pytest.raises(doctor.ToDo, match="nothing left"):
            doctor._account()


def test_the_doctor_says_one_cause_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the way ends what lies behind is not tried; what comes of a key is asked for once and not waited for long."""
    monkeypatch.setattr(doctor, "_EXAMINATIONS", doctor._EXAMINATIONS[-3:])
    monkeypatch.setattr(doctor, "_SECONDS", 0.3)
    with Scripted(never) as silent:
        monkeypatch.setenv("FOXAPI_BASE_URL", silent.url)
        assert main(["doctor"]) == 1
        said = capsys.readouterr().out
        assert re.search(
            "ok       network: .*\n  TO DO    service: There is no key.*\n  ok       account: no key", said
        )
        monkeypatch.setenv("FOXAPI_KEY", MARKED_KEY)
        assert main(["doctor"]) == 1
        said = capsys.readouterr().out
        assert re.search("service: .*within 0.3 s.*\n  -        account: not tried", said)
        until(lambda: silent.received or None, "the one request")
        assert len(silent.received) == 1
    monkeypatch.setattr(doctor, "_SECONDS", PATIENCE)
    with Scripted(say(401, {"error": {"message": "quota exhausted"}})) as refusing:  # an answer: the way is whole
        monkeypatch.setenv("FOXAPI_BASE_URL", refusing.url)
        assert main(["doctor"]) == 1
        said = capsys.readouterr().out
        assert re.search("TO DO    service: .*HTTP 401.*\n  ok       account: the gateway does not tell", said)
    monkeypatch.setattr(doctor.sys.stdout, "isatty", lambda: True)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert re.search(r"^  \.\.\.      network\r  TO DO    network: .*no connection at port", said, re.MULTILINE)
    assert said.count("not tried, as the way ends before it") == 2
    assert said.splitlines()[-1] == "1 to do."


@pytest.mark.parametrize("address", ["api.foxapi.cc", "https://.gateway.com"])
def test_the_doctor_ends_at_an_address_that_can_be_none(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A base URL that is wrong in itself is said once, too, and in words."""
    monkeypatch.setattr(doctor, "_EXAMINATIONS", doctor._EXAMINATIONS[-3:])
    monkeypatch.setenv("FOXAPI_BASE_URL", address)
    monkeypatch.setenv("FOXAPI_KEY", MARKED_KEY)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "could not be examined" not in said
    assert said.count("not tried, as the way ends before it") == 2
    assert said.splitlines()[-1] == "1 to do."


def test_the_doctor_outlives_every_examination(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody foresaw is one line among the others."""

    def broken() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(doctor, "_EXAMINATIONS", (("one", broken), ("two", lambda: "fine")))
    assert main(["doctor"]) == 1
    *_, one, two, last = capsys.readouterr().out.splitlines()
    assert one == "  TO DO    one: could not be examined (KeyError: 'getpwuid(): uid not found: 4711')"
    assert (two, last) == ("  ok       two: fine", "1 to do.")


@pytest.mark.skipif(sys.platform == "win32", reason="names of files are text there")
@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_what_is_closed_is_written_to_by_nobody(tmp_path: Path, own_sandbox: dict[str, str]) -> None:
    """A command that nobody reads, as of a job in the background, does what it is for all the same."""
    command = f"exec '{sys.executable}' -m fox_nb.cli doctor >&- 2>&-"
    subprocess.run(["sh", "-c", command], cwd=tmp_path, env=own_sandbox, timeout=120, check=True)


def test_a_folder_whose_name_the_terminal_cannot_say_is_no_trouble(tmp_path: Path, own_sandbox: dict[str, str]) -> None:
    """A Latin-1 name, a terminal that knows ASCII alone, no home: the doctor says what it sees, to its last line."""
    folder = os.fsencode(tmp_path / "caf") + b"\xe9"
    Path(os.fsdecode(folder)).mkdir()
    env = {name: value for name, value in own_sandbox.items() if name not in {"HOME", "FOX_NB_SANDBOX_DIR"}}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import pwd; pwd.getpwuid = {}.__getitem__; from fox_nb.cli import main; main(['doctor'])",
        ],
        env={**env, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(fox_nb.__file__).parents[1])},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.stderr == ""
    assert "caf\\udce9" in done.stdout
    assert "FOX_NB_SANDBOX_DIR" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("to do.")
