"""Cli, the commands: `fox-nb lab`, `demo`, `sandbox`, `scan`, `gallery`, `seats`, `relay`, `doctor`."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import fox_nb
from fox_nb.classroom import commands as classroom
from fox_nb.errors import FoxError
from fox_nb.sandbox.process import FASTEST, SHARED_SPEED
from fox_nb.workdir import working_folder

_LAST_PORT = 65535
_READER_GONE = 141
"""What a shell says of a program that has ended by such a signal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started it: nobody reads it, and it works all the same
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - as long as the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a path may hold what the terminal's encoding can't say
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if not hasattr(chosen, "run"):
        parser.print_help()
        return 0
    try:
        status = int(chosen.run(chosen))
        print(end="", flush=True)
    except BrokenPipeError:  # who reads it has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _READER_GONE
    except (FoxError, OSError) as error:  # an OSError: a folder that can't be written to, a port that is taken
        words = str(error)
        if isinstance(error, FileNotFoundError) and working_folder() is None:
            words = "The folder in which you work was deleted. Change to another one, then run the command again."
        print(f"fox-nb: {words}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fox-nb", description="Pictures in notebooks: FoxAPI, or the sandbox.")
    parser.add_argument("--version", action="version", version=f"fox_nb {fox_nb.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    lab = commands.add_parser("lab", **classroom.about("open JupyterLab on the lessons, on the sandbox"))
    lab.add_argument("folder", nargs="?", type=Path, help="where the lessons are, or are to be copied to")
    lab.add_argument("--service", action="store_true", help="use the key that is set, not the sandbox")
    lab.add_argument("--port", type=port, default=8888, help="the port to try first (default 8888)")
    lab.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    lab.set_defaults(run=_lab)

    demo = commands.add_parser("demo", **classroom.about("run the first lesson without a screen and write it as HTML"))
    demo.add_argument("folder", nargs="?", type=Path, default=Path("fox_demo"), help="where to (default fox_demo)")
    demo.set_defaults(run=_demo)

    sandbox = commands.add_parser(
        "sandbox", **classroom.about("run a sandbox by hand; prints its base URL as the first line")
    )
    sandbox.add_argument("--port", type=port, default=0, help="the port (default: a free one)")
    sandbox.add_argument(
        "--speed", type=speed, default=SHARED_SPEED, help="how many times faster than the service (default 10)"
    )
    sandbox.set_defaults(run=_sandbox)

    scan = commands.add_parser(
        "scan",
        **classroom.about(
            "look for keys in notebooks, texts and folders; exit status 1: one was found, 2: a file was not read"
        ),
    )
    scan.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a notebook, a text, or a folder of them")
    scan.add_argument("--clean", action="store_true", help="take out what is found; the notebook stays one")
    scan.set_defaults(run=_scan)

    gallery = commands.add_parser(
        "gallery", **classroom.about("show what a class has made on one page, and what each has spent")
    )
    gallery.add_argument(
        "places", nargs="+", type=Path, metavar="PLACE", help="fox_runs folders, .foxpack files, ZIPs, folders of them"
    )
    gallery.add_argument("-o", "--out", type=Path, default=Path("class.html"), help="the page (default class.html)")
    gallery.add_argument("--title", default="Our pictures", help="what stands above it")
    gallery.set_defaults(run=_gallery)

    classroom.add(commands, port)

    doctor = commands.add_parser("doctor", **classroom.about("say what works here, what doesn't, and what to do"))
    doctor.set_defaults(run=_doctor)
    return parser


def port(text: str) -> int:
    """Read the number of a port; 0 is a free one."""
    if text.isdecimal() and int(text) <= _LAST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port; allowed is 0 (a free one) to {_LAST_PORT}")


def speed(text: str) -> float:
    """Read a speed above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if 0 < value <= FASTEST:
        return value
    raise argparse.ArgumentTypeError(f"{text!r} is no speed; allowed is a number above 0, such as 10")


def _lab(chosen: argparse.Namespace) -> int:
    from fox_nb.lessons import open_lab

    return open_lab(chosen.folder, port=chosen.port, browser=not chosen.no_browser, service=chosen.service)


def _demo(chosen: argparse.Namespace) -> int:
    from fox_nb.lessons import demo

    return demo(chosen.folder)


def _sandbox(chosen: argparse.Namespace) -> int:
    from fox_nb.sandbox.daemon import serve

    try:
        serve(chosen.port, chosen.speed)
    except OSError as error:
        raise FoxError(
            f"The sandbox cannot answer on port {chosen.port} ({error.strerror or error}).",
            todo="Give another --port, or leave it out for a free one.",
        ) from None
    return 0


def _scan(chosen: argparse.Namespace) -> int:
    from fox_nb.scan import main as look

    return look(chosen.files, clean=chosen.clean)


def _gallery(chosen: argparse.Namespace) -> int:
    from fox_nb.classroom.gallery import write_gallery

    people = write_gallery(chosen.places, chosen.out, title=chosen.title)
    for person in people:
        print(person)
    print(f"The page: {chosen.out.absolute()}")
    return 0


def _doctor(_chosen: argparse.Namespace) -> int:
    from fox_nb.doctor import examine

    return examine()


if __name__ == "__main__":
    sys.exit(main())
