"""Commands: `fox-nb relay` and `fox-nb seats`, as they are typed."""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fox_nb.errors import FoxError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from fox_nb.classroom.seats import Seats
    from fox_nb.classroom.tables import Database

FOLDER = Path("fox_class")
_LAST_YEAR = 2999
"""What is far later is taken by clients for milliseconds, as some gateways tell times."""


def add(commands: Any, port: Callable[[str], int]) -> None:
    """Add the two commands to those of `fox-nb`."""
    relay = commands.add_parser("relay", **about("hold the one key of a class; prints its address as the first line"))
    relay.add_argument("--port", type=port, default=0, help="the port (default: that of the last time, or a free one)")
    relay.add_argument("--host", default="127.0.0.1", help="the address to answer at (default: this machine alone)")
    relay.add_argument("--no-share", action="store_true", help="send and pay the same request for each who asks")
    relay.add_argument("--keep", type=float, default=14 * 24.0, metavar="HOURS", help="how long files are kept (336)")
    relay.add_argument("--cert", type=Path, metavar="PEM", help="certificate and key, for TLS")
    relay.add_argument("--key", type=Path, metavar="FILE", help="a file with the key, in place of FOXAPI_KEY")
    relay.add_argument("--plain-http", action="store_true", help="other machines may come without TLS, too")
    relay.add_argument(
        "--group",
        type=_group,
        action="append",
        default=[],
        metavar="NAME=USD",
        help="as a service of JupyterHub: what each in this group may spend",
    )
    _place(relay)
    relay.set_defaults(run=_relay)

    seats = commands.add_parser("seats", **about("the students of a class: budgets, tokens, an end"))
    actions = seats.add_subparsers(title="actions", metavar="ACTION", required=True, parser_class=_AnyOrder)
    make = _action(actions, "make", _make, "make a seat for each name in a CSV; prints NAME TOKEN, once")
    make.add_argument("students", type=Path, help="a CSV file: its column 'name', or its only one")
    make.add_argument("--each", type=_usd, required=True, metavar="USD", help="what each may spend")
    make.add_argument("--total", type=_usd, metavar="USD", help="what all may spend together, where a class begins")
    make.add_argument("--ends", type=_day, metavar="DATE", help="the last day, such as 2027-02-28 (default: never)")
    make.add_argument("--models", default="", help="the models that they may use, with commas (default: all)")
    _action(actions, "list", _list, "show every seat and what it has spent")
    for name, words in (("block", "stop seats"), ("unblock", "let seats go on")):
        _action(actions, name, _block, words, blocked=name == "block").add_argument("names", nargs="+", metavar="NAME")
    ends = _action(actions, "ends", _ends, "move the last day of seats")
    ends.add_argument("ends", type=_day, metavar="DATE", help="such as 2027-02-28, or never")
    ends.add_argument("names", nargs="*", metavar="NAME", help="these seats alone")
    more = _action(actions, "raise", _raise, "give a seat more to spend, or less (-1); --all: the class")
    more.add_argument("name", nargs="?", default="", metavar="NAME")
    more.add_argument("usd", type=_usd, metavar="USD")
    more.add_argument("--all", action="store_true", help="raise what all may spend together")
    hand_out = _action(actions, "hand-out", _hand_out, "write a file for each seat, with a new token: the old one ends")
    hand_out.add_argument("to", type=Path, help="the folder to write to")
    hand_out.add_argument("names", nargs="*", metavar="NAME", help="these seats alone")
    hand_out.add_argument("--address", required=True, metavar="URL", help="where the relay answers")
    for name, words in (
        ("share", "let every seat use a trained profile"),
        ("unshare", "let the seat that trained a profile use it alone"),
    ):
        _action(actions, name, _share, words, shared=name == "share").add_argument("profile", metavar="PROFILE_ID")
    remove = _action(actions, "remove", _remove, "remove a seat with all that it made")
    remove.add_argument("name", metavar="NAME")


class _AnyOrder(argparse.ArgumentParser):
    """Takes a name behind an option, too: by itself argparse does so for whole commands alone."""

    _is_inside = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._is_inside:  # before Python 3.12 the other call makes this one
            return super().parse_known_args(args, namespace)
        self._is_inside = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_inside = False


def _place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the class (default fox_class)")
    parser.add_argument("--database", metavar="URL", help="another database than the folder's own")


def about(words: str) -> dict[str, Any]:
    """Return what says what a command does: in the list of all, and above its own options."""
    return {"help": words, "description": f"{words[0].upper()}{words[1:]}."}


def _action(actions: Any, name: str, run: Any, words: str, **values: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, **about(words))
    _place(parser)

    def go(chosen: argparse.Namespace) -> int:
        _check_installed()
        from sqlalchemy.exc import SQLAlchemyError

        from fox_nb.classroom.seats import Seats, as_kept
        from fox_nb.classroom.tables import DATABASE, Database

        if "name" in chosen:
            chosen.name = as_kept(chosen.name)
        if "names" in chosen:
            chosen.names = [as_kept(name) for name in chosen.names]
        is_new = not (chosen.database or (chosen.folder / DATABASE).exists())
        if is_new and not (name == "make" or getattr(chosen, "all", False)):
            raise FoxError(
                f"There is no class in {chosen.folder.absolute()}.",
                todo="Say where it is with --folder. `fox-nb seats make` begins one.",
            )
        database = Database(chosen.folder, chosen.database)
        try:
            if report := run(chosen, Seats(database), database):
                print(f"{report} (The class in {chosen.folder.absolute()}.)")
            if is_new:
                print(f"A new class was begun in {chosen.folder.absolute()}.", file=sys.stderr)
        except (SQLAlchemyError, UnicodeError) as error:
            raise FoxError(
                f"The class's database did not take this ({type(error).__name__}).",
                todo="Check what you typed, the free space and that nobody else holds the database; then say it again.",
            ) from None
        finally:
            database.close()
        return 0

    parser.set_defaults(run=go, **values)
    return parser


def _check_installed() -> None:
    if find_spec("sqlalchemy") is None:
        raise FoxError("What a class needs is not installed.", todo="pip install 'fox_nb[class]'")


def _relay(chosen: argparse.Namespace) -> int:
    _check_installed()
    from fox_nb.classroom.relay import Options, serve

    names = ("folder", "host", "port", "keep", "cert", "plain_http", "database", "key")
    given = {name: getattr(chosen, name) for name in names}
    if chosen.group:
        from fox_nb.classroom.hub import service_address

        given["host"], given["port"] = service_address() or (chosen.host, chosen.port)
    serve(Options(share=not chosen.no_share, groups=dict(chosen.group), **given))
    return 0


def _make(chosen: argparse.Namespace, seats: Seats, _database: Database) -> None:
    from fox_nb.classroom.seats import names_in

    models = [name.strip() for name in chosen.models.split(",") if name.strip()]
    for name, token in seats.make(names_in(chosen.students), chosen.each, chosen.total, chosen.ends, models):
        print(name, token)


def _list(_chosen: argparse.Namespace, seats: Seats, database: Database) -> None:
    from fox_nb.classroom.seats import REMOVED
    from fox_nb.classroom.tables import CLASS

    usd = _usd_of(database)
    for one in seats.all():
        ends, stopped = _until(one.ends), ", blocked" if one.blocked else ""
        print(f"{one.name}: {usd(one.spent)} of {usd(one.budget)}{ends and ','}{ends}{stopped}")
    print(f"Shared: {usd(seats.spent(CLASS))}")
    if removed := seats.spent(REMOVED):
        print(f"Removed: {usd(removed)}")
    print(f"All: {usd(seats.spent())} of {usd(seats.total)}")


def _usd_of(database: Database) -> Callable[[int], str]:
    """Return how amounts of a class are written: with a word on play money once the sandbox is behind its relay."""
    from fox_nb.classroom.tables import SANDBOX
    from fox_nb.money import MICRO_PER_USD, dollars

    play = database.setting("gateway") == SANDBOX
    return lambda micro_usd: dollars(micro_usd / MICRO_PER_USD, play=play)


def _block(chosen: argparse.Namespace, seats: Seats, _database: Database) -> str:
    for name in seats.known(chosen.names):
        seats.block(name, blocked=chosen.blocked)
    return f"{', '.join(chosen.names)}: {'stopped' if chosen.blocked else 'may go on'}."


def _ends(chosen: argparse.Namespace, seats: Seats, _database: Database) -> str:
    names = seats.known(chosen.names)
    for name in names:
        seats.end(name, chosen.ends)
    return f"{', '.join(names)}: open{_until(chosen.ends) or ' without an end'}."


def _until(ends: float | None) -> str:
    return f" until {time.strftime('%Y-%m-%d', time.localtime(ends - 1))}" if ends else ""


def _raise(chosen: argparse.Namespace, seats: Seats, database: Database) -> str:
    if bool(chosen.name) == chosen.all:
        raise FoxError("Say either a seat's name or --all.")
    seats.raise_budget(chosen.name, chosen.usd)
    if chosen.all:
        return f"All may spend {_usd_of(database)(seats.total)} together now."
    budgets = {one.name: one.budget for one in seats.all()}
    return f"{chosen.name} may spend {_usd_of(database)(budgets[chosen.name])} now."


def _hand_out(chosen: argparse.Namespace, seats: Seats, _database: Database) -> None:
    from fox_nb.atomic import private_folder, write
    from fox_nb.settings import normal_base_url

    try:
        address = normal_base_url(chosen.address, allow_plain_http=True)
    except InvalidRequest as error:
        todo = "Give the relay's own with --address, such as https://your-machine:8765."
        raise FoxError(error.what, money="No token was changed.", todo=todo) from None
    for name in seats.known(chosen.names):
        file = chosen.to / f"{name}.env"

        def keep(token: str, file: Path = file) -> None:
            write(file, f"FOXAPI_BASE_URL={address}\nFOXAPI_KEY={token}\n".encode(), private=True)

        try:
            private_folder(chosen.to)
            seats.renew(name, keep)
        except OSError as error:
            raise FoxError(
                f"{file} cannot be written ({error.strerror}).",
                money=f"The token of {name} is as it was.",
                todo="Give another folder, and the names that are missing in it.",
            ) from None
        print(file)


def _share(chosen: argparse.Namespace, seats: Seats, _database: Database) -> str:
    profile = seats.share_profile(chosen.profile, shared=chosen.shared)
    return f"{'Every seat' if chosen.shared else 'Who trained it alone'} may use the profile {profile}."


def _remove(chosen: argparse.Namespace, seats: Seats, database: Database) -> str:
    from fox_nb.classroom.deposits import remove_files

    def forget(tokens: list[str]) -> None:
        try:
            remove_files(database.folder, tokens, chosen.name)
        except OSError as error:
            what = f"A file of {chosen.name} cannot be removed ({error.strerror}: {error.filename})."
            raise FoxError(what, money="The seat is as it was.", todo="Say it again when it can be.") from None

    database.claim()  # the files are in the folder of the relay, and nowhere else
    remove_files(database.folder, seats.remove(chosen.name, forget), chosen.name)  # once more: what came meanwhile
    return f"{chosen.name} is removed, with all that they made."


def _day(text: str) -> float | None:
    """Read a day, or 'never'; a seat ends when it is over."""
    if text == "never":
        return None
    try:
        day = time.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2027-02-28, or never") from None
    if day.tm_year > _LAST_YEAR:
        raise argparse.ArgumentTypeError(f"{text} is too far; write never")
    ends = time.mktime((day.tm_year, day.tm_mon, day.tm_mday + 1, 0, 0, 0, 0, 0, -1))
    if ends <= time.time():
        raise argparse.ArgumentTypeError(f"{text} is over already; `fox-nb seats block` stops a seat at once")
    return ends


def _usd(text: str) -> float:
    """Read an amount in USD, of whatever size."""
    with contextlib.suppress(ValueError):
        if math.isfinite(amount := float(text)):
            return amount
    raise argparse.ArgumentTypeError(f"{text!r} is no amount in USD; write it as 0.50")


def _group(text: str) -> tuple[str, int]:
    """Read a group's name and what each of its members may spend."""
    from fox_nb.money import MICRO_PER_USD, MOST_OF_A_CLASS

    name, _, usd = text.rpartition("=")
    try:
        amount = float(usd)
    except ValueError:
        amount = -1.0
    if name and 0 <= amount <= MOST_OF_A_CLASS:
        return name, round(amount * MICRO_PER_USD)
    raise argparse.ArgumentTypeError(f"{text!r} is no group with a budget; write it as class-a=1.00")
