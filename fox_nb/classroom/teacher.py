"""Teacher: the page on which a teacher sees who spent what and what was made, marks it, and stops one or all."""

from __future__ import annotations

import asyncio
import csv
import hmac
import io
import json
import secrets
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from tornado import web

from fox_nb.atomic import write
from fox_nb.classroom.deposits import handed_in
from fox_nb.classroom.endpoints import Plain, RelayContext, send_file
from fox_nb.classroom.refusals import Refusal, not_found
from fox_nb.classroom.seats import COUNTED, REMOVED, checked_name
from fox_nb.classroom.tables import CLASS, IN_ORDER, creation, deposit
from fox_nb.errors import FoxError
from fox_nb.images.check import DOWNLOADED
from fox_nb.images.thumbnail import MIME, cached_thumbnail
from fox_nb.models import MODELS
from fox_nb.money import MICRO_PER_USD, dollars
from fox_nb.parameters import parameters
from fox_nb.render.html import clip, table_cell
from fox_nb.tasks import usable_id

COOKIE = "fox_teacher"
PICTURES, REFUSALS, IN_THE_TABLE = 48, 5, 100_000
MOST_SIGNS = 100_000
"""Of the list of words that are refused."""
_DAY = 12 * 3600.0
_EDGE, _BYTES = 480, 40_000
_HERE = Path(__file__).parent
_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class Teachers:
    """Who may see the page: whoever has the password that lies in the class's folder.

    Parameters
    ----------
    folder : Path
        Of the class.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "teacher.txt"
        if not self._path.exists():
            write(self._path, f"{secrets.token_urlsafe(12)}\n".encode(), private=True)

    @property
    def _password(self) -> bytes:
        return self._path.read_bytes().strip()

    async def is_password(self, password: str) -> bool:
        """Compare a password; who guesses keeps nobody else waiting, and has 96 random bits to guess."""
        known = self._password
        right = bool(known) and hmac.compare_digest(password.encode(), known)
        if not right:
            await asyncio.sleep(1.0)
        return right

    def begin(self) -> str:
        """Return a new session: its end, sealed by the password, so that the next relay knows it as well."""
        ends = f"{time.time() + _DAY:.0f}"
        return f"{ends}-{self._seal(ends)}"

    def is_teacher(self, handler: web.RequestHandler) -> bool:
        """Return True for a request of a session that lives."""
        ends, _, seal = (handler.get_cookie(COOKIE, "") or "").partition("-")
        is_ours = bool(self._password) and hmac.compare_digest(seal.encode(), self._seal(ends).encode())
        return is_ours and float(ends) > time.time()

    def _seal(self, ends: str) -> str:
        return hmac.new(self._password, ends.encode(), "sha256").hexdigest()


class Page(Plain):
    """What only the teacher may ask for. A form of another site can't: it lacks the token that ours have in them."""

    TO_STRANGERS = 403

    def initialize(self, context: RelayContext, teachers: Any = None) -> None:
        """Take what the route was given."""
        super().initialize(context)
        self.database, self.teachers = context.database, teachers
        self.root = f"{context.prefix}/teacher"

    def set_default_headers(self) -> None:
        """Let a browser run our own script, and nothing else."""
        super().set_default_headers()
        self.set_header("Content-Security-Policy", _POLICY)
        self.set_header("Referrer-Policy", "same-origin")

    def check_xsrf_cookie(self) -> None:
        """Refuse a form that is none of ours."""
        web.RequestHandler.check_xsrf_cookie(self)

    async def prepare(self) -> None:
        """Show everybody else where to log in, before anything is done."""
        if not self.teachers.is_teacher(self):
            self.set_status(self.TO_STRANGERS)
            await self.show("Your class: log in", login=True)

    async def show(self, title: str, **facts: Any) -> None:
        """Answer with the page."""
        facts |= {"title": title, "root": self.root, "xsrf": Markup(self.xsrf_form_html())}  # noqa: S704 - tornado's own
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(await asyncio.to_thread(_template().render, facts))

    def creation(self, number: str) -> Any:
        """Return the creation that a form or a link is about."""
        query = sql.select(creation).where(creation.c.id == (int(number[:9]) if number.isdecimal() else 0))
        if not (found := self.database.read(query)):
            raise not_found("picture")
        return found[0]

    def state(self) -> dict[str, Any]:
        """Return who spent what, as it is now."""
        seats = self.context.seats
        work: dict[str, list[str]] = defaultdict(list)
        for path in sorted(handed_in(self.database.folder).glob("*/*.zip")):
            work[path.parent.name].append(path.name)
        return {
            "seats": seats.all(),
            "asked": self.context.bookings.first_asked_by_seat(),
            "work": work,
            "shared": seats.spent(CLASS),
            "removed": seats.spent(REMOVED),
            "spent": seats.spent(),
            "total": seats.total,
            "stopped": self.database.setting("stopped"),
        }


class _Class(Page):
    TO_STRANGERS = 200

    async def get(self) -> None:
        await self.show("Your class", **await asyncio.to_thread(self._facts))

    def _facts(self) -> dict[str, Any]:
        rows = self.context.bookings.newest(PICTURES)
        files: dict[int, list[Any]] = defaultdict(list)
        query = sql.select(deposit).where(deposit.c.creation.in_([row.id for row in rows])).order_by(*IN_ORDER)
        for file in self.database.read(query):
            files[file.creation].append(file)
        return {
            "pictures": [(row, files[row.id]) for row in rows if row.state != "unknown"],
            "refused": self.context.bookings.refusals(REFUSALS),
            "unknown": self.database.read(sql.select(creation).where(creation.c.state == "unknown")),
            "number": max((row.id for row in rows), default=0),
            "words": self.database.setting("words"),
            "keep": f"{round(self.context.deposits.keep / (2 * _DAY), 2):g}",
            "play": self.context.upstream.is_sandbox,
            **self.state(),
        }


class _Login(Page):
    async def prepare(self) -> None:
        """Let everybody try."""

    async def post(self) -> None:
        if not await self.teachers.is_password(self.get_body_argument("password", "")):
            self.set_status(403)
            await self.show("Your class: log in", login=True, wrong=True)
            return
        path, secure = self.context.prefix or "/", self.scheme == "https"
        session = self.teachers.begin()
        self.set_cookie(COOKIE, session, path=path, httponly=True, samesite="Strict", secure=secure)
        self.redirect(self.root, status=303)


class _Live(Page):
    async def get(self) -> None:
        number = self.get_query_argument("number", "")
        facts = {"root": self.root, "xsrf": Markup(self.xsrf_form_html())}  # noqa: S704
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(await asyncio.to_thread(self._table, int(number[:9]) if number.isdecimal() else 0, facts))

    def _table(self, since: int, facts: dict[str, Any]) -> str:
        module: Any = _template().make_module(facts | {"newer": self.context.bookings.since(since), **self.state()})
        return str(module.live())


class _View(Page):
    async def get(self, number: str) -> None:
        one, ended = await asyncio.to_thread(lambda: (self.creation(number), self.context.bookings.ended(int(number))))
        await self.show("A picture", one=one, files=ended.files)


class _Change(Page):
    """What a form of the page changes."""

    async def post(self) -> None:
        try:
            await self.prove()
            await asyncio.to_thread(self.change)
        except (Refusal, FoxError) as error:
            self.set_status(error.status if isinstance(error, Refusal) else 422)
            await self.show("Nothing was changed", refused_for=str(error))
        else:
            self.redirect(self.root, status=303)

    async def prove(self) -> None:
        """Ask the gateway what has to be known before."""

    def change(self) -> None:
        """Do it; not on the thread that answers everybody."""
        raise NotImplementedError

    def field(self, name: str, now: str) -> str:
        """Return what a field is to be: as it is `now` where it was left as it was shown.

        Raises
        ------
        Refusal
            Another teacher has changed it since it was shown: what that one wrote would be lost.
        """
        text, was = (self.get_body_argument(one, now).replace("\r", "") for one in (name, f"{name}_was"))
        if text in {was, now}:
            return now
        if was != now:
            words = f"Somebody else has changed the {name} meanwhile, to {clip(now)!r}; you wrote {clip(text)!r}."
            raise Refusal(409, f"{words} Go back, and save yours again if it is to stand.")
        return text


class _Stop(_Change):
    def change(self) -> None:
        blocked = bool(self.get_body_argument("blocked", ""))
        if name := self.get_body_argument("name", ""):
            try:
                self.context.seats.block(name, blocked=blocked)
            except FoxError:
                raise not_found("seat") from None
        else:
            self.database.set("stopped", "1" if blocked else "")


class _Words(_Change):
    def change(self) -> None:
        words = self.field("words", self.database.setting("words"))
        if len(words) > MOST_SIGNS:
            raise Refusal(422, f"The list has {len(words):,} of {MOST_SIGNS:,} signs. Nothing was changed.")
        self.database.set("words", words)


class _Grade(_Change):
    def change(self) -> None:
        one = self.creation(self.get_body_argument("number", ""))
        mark, comment = (self.field(name, getattr(one, name))[:2000] for name in ("mark", "comment"))
        self.context.bookings.grade(one.id, mark, comment)


class _Settle(_Change):
    task = ""
    paid = False

    async def prove(self) -> None:
        self.paid, task_id = bool(self.get_body_argument("paid", "")), self.get_body_argument("task", "")
        if not task_id:
            return
        self.task = usable_id(task_id)
        if not self.task:
            raise Refusal(422, "This is no id of a task. Copy it from the gateway's bill, or leave it out.")
        if not self.paid:
            raise Refusal(422, "What has an id in the bill was accepted. Leave the id out, or say that it was charged.")
        await self.context.upstream.task(self.task)  # raises what is wrong with it

    def change(self) -> None:
        number = self.creation(self.get_body_argument("number", "")).id
        self.context.bookings.settle(number, paid=self.paid, now=time.time(), task=self.task)


class _Picture(Page):
    async def get(self, token: str) -> None:
        path = self.context.deposits.path(token)
        if not path.exists():
            raise not_found("picture")
        if "small" not in self.request.query_arguments:
            await send_file(self, path)
            return
        try:
            small = await asyncio.to_thread(
                cached_thumbnail, path, self.context.deposits.thumbnails, _EDGE, max_bytes=_BYTES, bounds=DOWNLOADED
            )
        except (FoxError, OSError, ValueError):
            raise not_found("picture") from None
        self.set_header("Content-Type", MIME)
        self.finish(small)


class _Work(Page):
    async def get(self, name: str, file: str) -> None:
        try:
            path = handed_in(self.database.folder) / checked_name(name) / file
        except FoxError:
            raise not_found("work") from None
        if not path.is_file():
            raise not_found("work")
        self.set_header("Content-Disposition", f'attachment; filename="{file}"')
        await send_file(self, path)


class _Table(Page):
    async def get(self) -> None:
        text = await asyncio.to_thread(self._text)
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", 'attachment; filename="class.csv"')
        self.finish(text.encode("utf-8-sig", "replace"))

    def _text(self) -> str:
        text = io.StringIO()
        table = csv.writer(text)
        table.writerow(["name", "time", "model", "settings", "prompt", "state", "usd", "shared", "mark", "comment"])
        for row in self.context.bookings.newest(IN_THE_TABLE):
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row.asked))
            shared = "yes" if row.booked == CLASS else ""
            cells = [
                row.seat,
                when,
                row.model,
                _settings(row),
                row.words,
                row.state,
                _paid(row) / MICRO_PER_USD,
                shared,
            ]
            table.writerow([table_cell(cell) for cell in (*cells, row.mark, row.comment)])
        return text.getvalue()


class _Static(Page):
    async def prepare(self) -> None:
        """Show these to everybody: nothing of the class is in them."""

    def get(self, ending: str) -> None:
        self.set_header("Content-Type", {"css": "text/css", "js": "text/javascript"}[ending])
        self.finish((_HERE / f"teacher.{ending}").read_bytes())


def pages(context: RelayContext) -> Sequence[Any]:
    """Return the routes of the teacher's page."""
    about = {"context": context, "teachers": Teachers(context.database.folder)}
    table: tuple[tuple[str, Any], ...] = (
        (r"/?", _Class),
        (r"/login", _Login),
        (r"/live", _Live),
        (r"/view/([0-9]{1,9})", _View),
        (r"/stop", _Stop),
        (r"/words", _Words),
        (r"/grade", _Grade),
        (r"/settle", _Settle),
        (r"/picture/([A-Za-z0-9_-]{43})", _Picture),
        (r"/work/([^/]+)/([0-9a-f-]+\.zip)", _Work),
        (r"/class\.csv", _Table),
        (r"/teacher\.(css|js)", _Static),
    )
    return [(f"{context.prefix}/teacher{path}", handler, about) for path, handler in table]


@cache
def _template() -> Any:
    pages = Environment(loader=FileSystemLoader(_HERE), autoescape=True, auto_reload=False)
    pages.filters |= {
        "clip": clip,
        "settings": lambda row: _settings(row, changed=True),
        "paid": _paid,
        "why": lambda row: json.loads(row.answer or "{}").get("why", ""),
        "usd": lambda micro_usd: dollars(micro_usd / MICRO_PER_USD),
        "time": lambda when: time.strftime("%Y-%m-%d %H:%M", time.localtime(when)),
    }
    return pages.get_template("teacher.html")


def _paid(row: Any) -> int:
    """Return what a creation costs the class: nothing when it was given back."""
    return int(row.micro_usd) if row.state in COUNTED else 0


def _settings(row: Any, *, changed: bool = False) -> str:
    """Return a request in a line: the model's name, and what was set (or changed) beside the words and pictures."""
    model = MODELS.get(row.model)
    if model is None:
        return str(row.model)
    usual = {parameter.name: parameter.default for parameter in parameters(model)} if changed else {}
    settings = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in json.loads(row.body).items()
        if name not in {"model", "prompt"} and isinstance(value, (str, int, float)) and value != usual.get(name)
    ]
    return ", ".join([model.title, *(one for one in settings if "sha256:" not in one and "://" not in one)])
