"""Seats: who may ask the relay, for how much, until when; tokens are random and kept as hashes alone."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import secrets
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sql

from fox_nb.classroom.refusals import Refusal, removed, unknown_token
from fox_nb.classroom.tables import (
    CLASS,
    Database,
    access,
    creation,
    deposit,
    hub_user,
    profile,
    put_setting,
    seat,
    setting,
)
from fox_nb.errors import FoxError, InvalidRequest
from fox_nb.models import request_class
from fox_nb.money import MICRO_PER_USD, MOST_OF_A_CLASS, dollars

COUNTED = ("sending", "unknown", "accepted", "completed", "failed", "lost")
"""States whose money is spent or reserved: all but refused, which was certainly not accepted."""

REMOVED = "(removed)"
FRESH = 1.0
"""Seconds for which who has a seat is believed."""
_LONGEST_NAME, _SIGNS = 79, " .,_'\u2018\u2019\u00b4@()-\u00b7\u30fb\u05f3\u05f4\u200c\u200d"
"""Beside letters and digits: also the dots between the parts of Catalan, Chinese and Japanese names, what Hebrew writes
for apostrophes, and what joins or parts the letters of Persian and Indian ones."""
_SHOWN = ". , _ ' @ ( ) -"
_OF_DIGEST = sql.select(seat).where(seat.c.digest == sql.bindparam("digest"))
_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Seat:
    """One student's place.

    Attributes
    ----------
    name : str
        As the teacher wrote it.
    budget, spent : int
        In millionths of a USD; what is reserved is spent.
    ends : float or None
        When it ends, in seconds since 1970.
    models : tuple of str
        The models that it may use; empty for all.
    blocked : bool
        The teacher has stopped it.
    """

    name: str
    budget: int
    spent: int = 0
    ends: float | None = None
    models: tuple[str, ...] = ()
    blocked: bool = False

    def admit(self, now: float | None) -> None:
        """Refuse a seat that is blocked or has ended; without a time its end is not looked at."""
        if self.blocked:
            raise Refusal(403, "Your teacher has stopped this seat.", "access_denied")
        if now is not None and self.ends is not None and now >= self.ends:
            day = time.strftime("%Y-%m-%d", time.localtime(self.ends - 1))
            raise Refusal(403, f"This seat was open until {day}. Ask your teacher.", "access_denied")


class Seats:
    """The seats of one class, and what each has spent.

    Parameters
    ----------
    database : Database
        Of the class.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(
        self,
        names: Iterable[str],
        each: float,
        total: float | None = None,
        ends: float | None = None,
        models: Sequence[str] = (),
    ) -> list[tuple[str, str]]:
        """Make seats that are new and return each name with its token: they are shown once and kept nowhere.

        Without a `total` the class keeps the one that it has.

        Raises
        ------
        InvalidRequest
            A name, an amount or a model cannot be what it is; no seat was made.
        """
        new = [(checked_name(name), secrets.token_urlsafe(_TOKEN_BYTES)) for name in names]
        twice = [name for name, count in Counter(name.casefold() for name, _ in new).items() if count > 1]
        if twice or not new:
            what = f"{twice[0]!r} stands in the list twice" if twice else "The list has no names in it"
            todo = "Every seat needs a name of its own: mend the list."
            raise InvalidRequest(f"{what}; no seat was made.", parameter="students", todo=todo)
        for model in models:
            request_class(model)
        budget, in_all = micro_of(each, "each"), None if total is None else micro_of(total, "total")
        rows = [
            {"name": name, "digest": digest(token), "budget": budget, "ends": ends, "models": " ".join(models)}
            for name, token in new
        ]

        def work(connection: sql.Connection) -> None:
            known = {row.name.casefold() for row in connection.execute(sql.select(seat.c.name))}
            if taken := [name for name, _ in new if name.casefold() in known]:  # one folder, to many a system
                raise InvalidRequest(
                    f"There is a seat for {taken[0]} already; no seat was made.",
                    parameter="students",
                    todo="Leave out who has one. `fox-nb seats hand-out` gives new tokens to those who lost theirs.",
                )
            put_setting(connection, "total", str(_checked_total(_total(connection), in_all)))
            connection.execute(sql.insert(seat), rows)

        self._database.change(work)
        return new

    def known(self, names: Sequence[str]) -> list[str]:
        """Return these names, or all that there are; one that is nobody's is refused before the others are changed."""
        every = [row.name for row in self._database.read(sql.select(seat.c.name).order_by(seat.c.name))]
        removed_users = {row.digest for row in self._database.read(sql.select(hub_user.c.digest))}
        for name in names:
            if name not in every and digest(name) not in removed_users:
                raise _no_seat(name)
        return list(names) or every

    def of_token(self, token: str) -> Seat:
        """Return the seat that a token opens.

        Raises
        ------
        Refusal
            It is nobody's.
        """
        found = self._database.read(_OF_DIGEST, digest=digest(token))
        if not found:
            raise unknown_token()
        return _seat(found[0])

    def by_digest(self) -> dict[str, Seat]:
        """Return the seats that have tokens, by what is kept of those."""
        return {row.digest: _seat(row) for row in self._database.read(sql.select(seat)) if row.digest}

    def of_hub(self, name: str, budget: int) -> Seat:
        """Return the seat of a Hub's user, made when they first come; what the teacher has raised comes on top.

        Raises
        ------
        Refusal
            The seat was removed: a new one would have all its budget anew.
        """
        is_user = hub_user.c.digest == digest(name)
        known = sql.select(seat, hub_user.c.budget.label("given")).join(hub_user, is_user).where(seat.c.name == name)
        if (found := self._database.read(known)) and found[0].given == budget:
            return _seat(found[0])

        def work(connection: sql.Connection) -> None:
            given = connection.execute(sql.select(hub_user.c.budget).where(is_user)).scalar()
            had = connection.execute(sql.select(seat.c.budget).where(seat.c.name == name)).scalar()
            if had is None and given is not None:
                raise removed()
            connection.execute(sql.delete(hub_user).where(is_user))
            connection.execute(sql.insert(hub_user).values(digest=digest(name), budget=budget))
            if had is None:
                connection.execute(sql.insert(seat).values(name=name, budget=budget, models="", blocked=False))
            else:
                raised = max(0, had - (budget if given is None else given))
                connection.execute(sql.update(seat).where(seat.c.name == name).values(budget=budget + raised))

        self._database.change(work)
        return self.of_hub(name, budget)

    def all(self) -> list[Seat]:
        """Return every seat with what it has spent, by name."""
        spent = (
            sql.select(creation.c.booked, sql.func.sum(creation.c.micro_usd).label("spent"))
            .where(creation.c.state.in_(COUNTED))
            .group_by(creation.c.booked)
            .subquery()
        )
        query = sql.select(seat, spent.c.spent).join(spent, spent.c.booked == seat.c.name, isouter=True)
        return [_seat(row, int(row.spent or 0)) for row in self._database.read(query.order_by(seat.c.name))]

    def spent(self, name: str | None = None) -> int:
        """Return what one seat has spent, or the whole class; `CLASS` is what several asked for."""
        query = sql.select(sql.func.sum(creation.c.micro_usd)).where(creation.c.state.in_(COUNTED))
        if name is not None:
            query = query.where(creation.c.booked == name)
        return int(self._database.read(query)[0][0] or 0)

    @property
    def total(self) -> int:
        """What all may spend together."""
        return int(self._database.setting("total", "0"))

    def raise_budget(self, name: str, usd: float) -> None:
        """Give a seat more to spend, or take some of it back; `CLASS` stands for all together."""
        more = micro_of(abs(usd), "more") * (-1 if usd < 0 else 1)
        if name == CLASS:
            self._database.change(lambda known: put_setting(known, "total", str(max(0, (_total(known) or 0) + more))))
        else:
            self._change(name, budget=sql.case((seat.c.budget + more > 0, seat.c.budget + more), else_=0))

    def end(self, name: str, ends: float | None) -> None:
        """Move a seat's end, in seconds since 1970; None for none."""
        self._change(name, ends=ends)

    def block(self, name: str, *, blocked: bool = True) -> None:
        """Stop a seat, or let it go on; a Hub's user who was removed may have a new one then."""
        change, again = sql.update(seat).where(seat.c.name == name), hub_user.c.digest == digest(name)
        if self._database.execute(change.values(blocked=blocked)):
            return
        if blocked or not self._database.execute(sql.delete(hub_user).where(again)):
            raise _no_seat(name)

    def renew(self, name: str, keep: Callable[[str], object] = lambda _token: None) -> str:
        """Give a seat a new token once `keep` has written it down; the old one opens nothing any more."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        keep(token)
        self._change(name, digest=digest(token))
        return token

    def share_profile(self, profile_id: str, *, shared: bool = True) -> str:
        """Let every seat use a profile, or those alone that trained it; returns its id, given in brackets or not."""
        profile_id = profile_id.strip("[] ")
        if not profile_id:
            raise InvalidRequest("This is no profile's id.", parameter="profile", todo="Copy it from fox.profiles.")

        def work(connection: sql.Connection) -> None:
            is_it = profile.c.id == profile_id
            known = connection.execute(sql.update(profile).where(is_it).values(shared=shared)).rowcount
            if not shared:
                connection.execute(sql.delete(profile).where(is_it, profile.c.creation == 0))
            elif not known:
                connection.execute(sql.insert(profile).values(id=profile_id, shared=True))
            if not (shared or known):
                raise InvalidRequest(f"No profile {profile_id!r} is shared.", parameter="profile", todo="Check its id.")

        self._database.change(work)
        return profile_id

    def remove(self, name: str, forget: Callable[[list[str]], object] = lambda _tokens: None) -> list[str]:
        """Remove a seat with all that it made, and return the tokens of its files, which are to be removed, too.

        `forget` removes them; where that fails nothing is removed here, and the same can be said again.

        What it spent stays in the sum of the class. What another seat asked for as well stays theirs, until that one
        is removed, too. Its profiles are nobody's any more, shared or not.
        """

        def work(connection: sql.Connection) -> list[str]:
            if not connection.execute(sql.delete(seat).where(seat.c.name == name)).rowcount:
                raise _no_seat(name)
            connection.execute(sql.delete(access).where(access.c.seat == name))
            gone = sql.and_(creation.c.identity != "", creation.c.id.not_in(sql.select(access.c.creation)))
            lonely = sql.select(creation.c.id).where(gone)
            files = sql.or_(
                sql.and_(deposit.c.seat == name, deposit.c.creation.is_(None)), deposit.c.creation.in_(lonely)
            )
            tokens = [row.token for row in connection.execute(sql.select(deposit.c.token).where(files))]
            connection.execute(sql.delete(deposit).where(files))
            left = sql.select(deposit.c.sha256).where(deposit.c.seat != CLASS)  # of the rest nobody has the bytes
            connection.execute(sql.delete(deposit).where(deposit.c.seat == CLASS, deposit.c.sha256.not_in(left)))
            connection.execute(sql.delete(profile).where(profile.c.creation.in_(lonely)))
            # Without an identity nobody else is given it: there is nothing left to be had.
            emptied = {"identity": "", "words": "", "body": "{}", "answer": None, "mark": "", "comment": ""}
            connection.execute(sql.update(creation).where(gone).values(**emptied))
            for column in (creation.c.seat, creation.c.booked, deposit.c.seat):
                connection.execute(sql.update(column.table).where(column == name).values({column.name: REMOVED}))
            forget(tokens)
            return tokens

        return self._database.change(work)

    def _change(self, name: str, **values: Any) -> None:
        if not self._database.execute(sql.update(seat).where(seat.c.name == name).values(**values)):
            raise _no_seat(name)


class Roster:
    """The seats by their tokens, in memory; what is changed meanwhile, by whomever, is known within a second.

    Parameters
    ----------
    seats : Seats
        Of the class.
    """

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._known: dict[str, Seat] = {}
        self._read = float("-inf")
        self._reading: asyncio.Future[None] | None = None
        """One for all who come meanwhile, so that a database that hangs is asked once."""

    async def admit(self, token: str) -> Seat:
        """Return the seat that a token opens; what it may spend is looked up where it is spent."""
        age = time.monotonic() - self._read
        if age >= FRESH / 2 and (self._reading is None or self._reading.done()):
            self._reading = asyncio.ensure_future(self._refresh())
        if age >= FRESH and self._reading is not None:
            await asyncio.shield(self._reading)
        known = self._known.get(digest(token))
        if known is not None and not known.blocked and (known.ends is None or known.ends > time.time()):
            return known
        return await asyncio.to_thread(self._seats.of_token, token)  # made or let go on just now, or nobody's

    async def _refresh(self) -> None:
        begun = time.monotonic()
        self._known = await asyncio.to_thread(self._seats.by_digest)
        self._read = begun


def names_in(path: Path) -> list[str]:
    """Return the students of a CSV file, with commas, semicolons or tabs in it: its column 'name', or its only one."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            delimiter = next((sign for sign in ";\t" if sign in head), ",")  # neither stands in a name
            rows = [row for row in csv.reader(file, delimiter=delimiter) if any(cell.strip() for cell in row)]
    except FileNotFoundError:
        raise _no_list(f"File not found: {path}", "Check the path.") from None
    except UnicodeDecodeError:
        raise _no_list(f"{path} is not written in UTF-8", "Save it as CSV in UTF-8.") from None
    except (OSError, csv.Error) as error:
        raise _no_list(f"{path} cannot be read as CSV ({type(error).__name__})", "Save it as CSV in UTF-8.") from None
    heads = [cell.strip().lower() for cell in rows[0]] if rows else []
    if "name" not in heads and any(cell.strip() for row in rows for cell in row[1:]):
        what = f"{path} has several columns, and none is called 'name'"
        raise _no_list(what, "Call the one with the names so; or leave that one alone, a name with a comma in quotes.")
    column = heads.index("name") if "name" in heads else 0
    return [row[column] if column < len(row) else "" for row in rows[1 if "name" in heads else 0 :]]


def _no_list(what: str, todo: str) -> InvalidRequest:
    return InvalidRequest(f"{what}; no seat was made.", parameter="students", todo=todo)


def may_stand(sign: str) -> bool:
    """Return True for what may stand in a seat's name."""
    return sign.isalnum() or sign in _SIGNS or unicodedata.category(sign) in {"Mn", "Mc"}


def is_name(name: str) -> bool:
    """Return True for what a seat can be called."""
    ends_well = name[:1].isalnum() and not name.endswith((" ", "."))
    return ends_well and len(name) <= _LONGEST_NAME and all(map(may_stand, name))


def as_kept(name: str) -> str:
    """Return a name as it is kept: a list from a Mac has the dots of an ë by themselves, a Japanese one wide blanks."""
    return "".join(" " if sign.isspace() else sign for sign in unicodedata.normalize("NFC", name)).strip()


def checked_name(name: str) -> str:
    """Return a seat's name, which is a folder's name too, as it is written everywhere, or refuse it."""
    name = as_kept(name)
    if is_name(name):
        return name
    wrong = next((f": {sign!r} can't stand in it" for sign in name if not may_stand(sign)), "")
    raise InvalidRequest(
        f"{name[:90]!r} is no name for a seat{wrong}.",
        parameter="name",
        value=name[:90],
        allowed=f"a letter or digit, then up to 78 letters, digits, blanks and {_SHOWN}; a blank or dot doesn't end it",
    )


def micro_of(usd: float, what: str) -> int:
    """Return an amount in millionths of a USD."""
    if 0 <= usd <= MOST_OF_A_CLASS:
        return round(usd * MICRO_PER_USD)
    raise InvalidRequest(f"{what} is {usd}, no amount in USD.", parameter=what, value=usd, allowed="0 to 1,000,000")


def _total(connection: sql.Connection) -> int | None:
    """Return what all may spend together; None in a class that nobody has given anything yet."""
    known = connection.execute(sql.select(setting.c.value).where(setting.c.name == "total")).scalar()
    return None if known is None else int(known)


def _checked_total(known: int | None, wanted: int | None) -> int:
    """Return what all may spend together from now on, or refuse to take away what the teacher has raised."""
    if wanted is None and known is None:
        raise InvalidRequest("Nothing says what all may spend together.", parameter="total", todo="Give --total USD.")
    if wanted is not None and known is not None and wanted < known:
        raise InvalidRequest(
            f"All may spend {dollars(known / MICRO_PER_USD)} together already, which is more; no seat was made.",
            parameter="total",
            value=wanted / MICRO_PER_USD,
            todo="Leave out --total: the class keeps what it has.",
        )
    return (known or 0) if wanted is None else wanted


def digest(token: str) -> str:
    """Return what is kept of a token; it is random and long, so that no salt is needed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _seat(row: Any, spent: int = 0) -> Seat:
    return Seat(row.name, row.budget, spent, row.ends, tuple(row.models.split()), bool(row.blocked))


def _no_seat(name: str) -> FoxError:
    what, todo = f"There is no seat for {name!r}.", "`fox-nb seats list` shows them."
    return FoxError(what, money="Nothing was changed.", todo=todo)
