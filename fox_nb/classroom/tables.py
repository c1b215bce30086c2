"""Tables: the one schema of a class, in SQLite by itself or in another database that SQLAlchemy speaks with."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sql

from fox_nb.atomic import BUSY_SECONDS, close_to_others, durable, private_folder, write
from fox_nb.classroom.threads import threads
from fox_nb.errors import NOTHING_SENT, FoxError
from fox_nb.store.schema import no_locks

Value = TypeVar("Value")

FOLDER = "fox_class"
"""Where `fox-nb seats` and `fox-nb relay` meet, unless they are told otherwise."""

DATABASE, OWNER = "class.sqlite", "database.txt"
_A_TEACHERS = {".csv", ".txt", ".pem"}
"""Files that may be there before the class is: its list, the key, a certificate."""
CLASS = ""
"""Whom a creation is booked on that more than one seat asked for."""
SANDBOX = "sandbox"
"""The gateway of a rehearsal, wherever it answers."""
THREADS = 24
"""So many may ask the database at once."""

_tables = sql.MetaData()

seat = sql.Table(
    "seat",
    _tables,
    sql.Column("name", sql.String(80), primary_key=True),
    sql.Column("digest", sql.String(64), unique=True),  # of the token; none for who comes by way of a Hub
    sql.Column("budget", sql.BigInteger, nullable=False),  # in millionths of a USD, as all amounts here
    sql.Column("ends", sql.Float),
    sql.Column("models", sql.Text, nullable=False, default=""),  # names with spaces between; '' for all
    sql.Column("blocked", sql.Boolean, nullable=False, default=False),
)

hub_user = sql.Table(
    "hub_user",
    _tables,
    sql.Column("digest", sql.String(64), primary_key=True),  # of the name: it outlives the seat, for who was removed
    sql.Column("budget", sql.BigInteger, nullable=False),  # what the groups gave when the user came last
)

setting = sql.Table(
    "setting",
    _tables,
    sql.Column("name", sql.String(40), primary_key=True),
    sql.Column("value", sql.Text, nullable=False),
)

creation = sql.Table(
    "creation",
    _tables,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("identity", sql.String(64), nullable=False, index=True),
    sql.Column("seat", sql.String(80), nullable=False),  # who asked first
    sql.Column("booked", sql.String(80), nullable=False, index=True),  # whose money, or CLASS
    sql.Column("model", sql.String(80), nullable=False),
    sql.Column("words", sql.Text, nullable=False),
    sql.Column("body", sql.Text, nullable=False),  # JSON; own pictures by their hashes
    sql.Column("micro_usd", sql.BigInteger, nullable=False),
    sql.Column("state", sql.String(20), nullable=False),
    sql.Column("task", sql.String(500), index=True),  # the gateway's id
    sql.Column("answer", sql.Text),  # what is told of its end, JSON; or why it was refused
    sql.Column("asked", sql.Float, nullable=False),
    sql.Column("ended", sql.Float),
    sql.Column("mark", sql.Text, nullable=False, default=""),
    sql.Column("comment", sql.Text, nullable=False, default=""),
)

access = sql.Table(
    "access",
    _tables,
    sql.Column("seat", sql.String(80), primary_key=True),
    sql.Column("creation", sql.Integer, primary_key=True, index=True),
    sql.Column("asked", sql.Float, nullable=False),
)

profile = sql.Table(
    "trained_profile",  # in `profile`, as it was before, each id had one row
    _tables,
    sql.Column("id", sql.String(500), primary_key=True),
    # Which trained it, and there may be several: one gateway gives equal photos one id. 0: the teacher brought it.
    sql.Column("creation", sql.Integer, primary_key=True, default=0),
    sql.Column("shared", sql.Boolean, nullable=False, default=False),
)

deposit = sql.Table(
    "deposit",
    _tables,
    sql.Column("token", sql.String(64), primary_key=True),
    sql.Column("seat", sql.String(80), nullable=False),  # who uploaded it, or asked first for what it shows
    sql.Column("creation", sql.Integer, index=True),  # whose result it is; none for an upload
    sql.Column("name", sql.String(200), nullable=False),
    sql.Column("sha256", sql.String(80), nullable=False, index=True),  # of its bytes; '' until they are here
    sql.Column("origin", sql.Text, nullable=False),  # its link at the gateway, or what that is to fetch; or ''
    sql.Column("linked", sql.Float, nullable=False),  # when the gateway made that link; 0 while it has not
    sql.Column("made", sql.Float, nullable=False),
)

IN_ORDER = sql.func.length(deposit.c.name), deposit.c.name
"""The order of a creation's results, which are named by their numbers."""
_WORKED = sql.or_(sql.exists().where(creation.c.state != "refused"), sql.exists().where(deposit.c.linked > 0))
"""Whether a gateway has made something for the class, or holds a file of it."""


class Database:
    """The tables of one class. Every change is one transaction that no other can come between.

    Parameters
    ----------
    folder : Path
        Of the class; made if it is missing, its owner's alone.
    url : str, optional
        Another database than the folder's own, as SQLAlchemy writes it: ``postgresql+psycopg://…``.
    """

    def __init__(self, folder: Path, url: str | None = None) -> None:
        _refuse_what_is_no_class(folder)
        private_folder(folder)
        close_to_others(folder)
        if url is None and (unlocked := no_locks(folder)) is not None:
            todo = "Give a --folder on a disk of this machine, or --database; or have locks turned on for the drive."
            raise FoxError(unlocked.what, money=NOTHING_SENT, todo=todo)
        self.folder = folder
        self._writer = threads(1, "class-journal")
        self._waiting: deque[tuple[Callable[[sql.Connection], Any], Future[Any]]] = deque()
        try:
            # no text: a '?' in the folder's name would end it, and the tables lie in another file, open to others
            place = url or sql.URL.create("sqlite", database=str((folder / DATABASE).absolute()))
            # A failed statement is logged without what was in it: names, words and links are the students'.
            self._engine = sql.create_engine(
                place, pool_size=THREADS, pool_pre_ping=url is not None, hide_parameters=True
            )
            if self._engine.dialect.name == "sqlite":
                sql.event.listen(self._engine, "connect", _prepare)
                sql.event.listen(self._engine, "begin", _begin)
            self._reading = self._engine.execution_options(reading=True)
            with self._engine.begin() as connection:
                _tables.create_all(connection)
                _take_over_profiles(connection)
        except (sql.exc.SQLAlchemyError, ImportError) as error:
            raise FoxError(
                f"The class's database cannot be opened ({type(error).__name__}).",
                money=NOTHING_SENT,
                todo="Check --database and --folder; another database needs its driver, such as psycopg.",
            ) from None

    def claim(self) -> None:
        """Refuse to work on the journal of another folder: two relays would not see what each other sends.

        Raises
        ------
        FoxError
            The database is of another folder, in which its pictures are.
        """
        file = self.folder / OWNER
        if not file.exists():
            write(file, f"{secrets.token_hex(16)}\n".encode(), private=True, synced=True)
        ours = file.read_text(encoding="utf-8").strip()

        def work(connection: sql.Connection) -> str:
            known = connection.execute(sql.select(setting.c.value).where(setting.c.name == "folder")).scalar()
            if known is None:
                connection.execute(sql.insert(setting).values(name="folder", value=ours))
            return str(known or ours)

        if (known := self.change(work)) != ours:
            raise FoxError(
                f"This database belongs to the class of another folder than {self.folder}.",
                money=NOTHING_SENT,
                todo="Give the --folder with which its relay was first started, for a second relay would pay twice. "
                f"If that folder is gone for good, write {known} into {file}.",
            )

    def claim_gateway(self, gateway: str) -> None:
        """Refuse to work for another gateway: what one has made and charged is nothing to another.

        Raises
        ------
        FoxError
            The class is of another one, which has made something for it.
        """

        def work(connection: sql.Connection) -> None:
            known = connection.execute(sql.select(setting.c.value).where(setting.c.name == "gateway")).scalar()
            if known not in {None, gateway} and connection.execute(sql.select(_WORKED)).scalar():
                was, now = ("the sandbox" if name == SANDBOX else name for name in (known, gateway))
                raise FoxError(
                    f"The class in {self.folder} is of {was}, and behind this relay is {now}.",
                    money=NOTHING_SENT,
                    todo="Make the seats of this class in a folder of its own: give another --folder.",
                )
            put_setting(connection, "gateway", gateway)

        self.change(work)

    def close(self) -> None:
        """Close the connections, when what is waiting is written."""
        self._writer.shutdown()
        self._engine.dispose()

    def change(self, work: Callable[[sql.Connection], Value]) -> Value:
        """Return what `work` returns, done with a connection in a transaction that no other can come between."""
        return self.changing(work).result()

    def changing(self, work: Callable[[sql.Connection], Value]) -> Future[Value]:
        """Return what will be done when it is on the disk; all that comes meanwhile is committed together, next."""
        result: Future[Value] = Future()
        self._waiting.append((work, result))
        try:
            self._writer.submit(self._commit)
        except RuntimeError:  # closed; unless its last transaction takes this along
            if result.cancel():
                raise
        return result

    def _commit(self) -> None:
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        brought = [(work, result) for work, result in waiting if result.set_running_or_notify_cancel()]
        if not brought:
            return  # it went with the one before
        values: list[Any] = []
        try:
            with self._engine.begin() as connection:
                if connection.dialect.name != "sqlite":  # there, BEGIN IMMEDIATE does it
                    connection.execute(sql.text("LOCK TABLE setting IN EXCLUSIVE MODE"))
                values += [_tried(connection, work) for work, _ in brought]
        except BaseException as error:  # noqa: BLE001 - everybody who brought something hears of it
            values = [error] * len(brought)
        for (_, result), value in zip(brought, values, strict=True):
            if isinstance(value, BaseException):
                result.set_exception(value)
            else:
                result.set_result(value)

    def executing(self, statement: sql.Update | sql.Delete | sql.Insert) -> Future[int]:
        """Return how many rows one statement will have changed."""
        return self.changing(lambda connection: int(connection.execute(statement).rowcount))

    def execute(self, statement: sql.Update | sql.Delete | sql.Insert) -> int:
        """Change something by one statement, and return how many rows that were."""
        return self.executing(statement).result()

    def read(self, query: sql.Select[Any], **values: Any) -> list[Any]:
        """Return the rows of a query; one that is made once and given its values here is quicker."""
        with self._reading.connect() as connection:
            return list(connection.execute(query, values))

    def setting(self, name: str, default: str = "") -> str:
        """Return a setting of the class."""
        found = self.read(sql.select(setting.c.value).where(setting.c.name == name))
        return str(found[0].value) if found else default

    def set(self, name: str, value: str) -> None:
        """Change a setting of the class."""
        self.change(lambda connection: put_setting(connection, name, value))


def _take_over_profiles(connection: sql.Connection) -> None:
    """Bring the profiles of a class that an earlier version made to where they are now."""
    known = sql.inspect(connection)
    if known.has_table("profile") and {one["name"] for one in known.get_columns("profile")} == set(profile.c.keys()):
        rows = "SELECT id, coalesce(creation, 0), shared FROM profile"
        connection.execute(sql.text(f"INSERT INTO trained_profile (id, creation, shared) {rows}"))
        connection.execute(sql.text("DROP TABLE profile"))


def _refuse_what_is_no_class(folder: Path) -> None:
    """Refuse a folder that is not ours alone: it is closed to others, and a page in it would be off the web."""
    there = {path.name: path.suffix for path in folder.iterdir()} if folder.is_dir() else {}
    others = sorted(name for name, suffix in there.items() if suffix not in _A_TEACHERS and not name.startswith("."))
    if others and not {DATABASE, OWNER} & set(there):
        raise FoxError(
            f"There is no class in {folder.absolute()}, and other things are ({', '.join(others[:3])[:100]}).",
            money="Nothing was changed.",
            todo="A class has a folder of its own, closed to others: give a new one with --folder.",
        )


def put_setting(connection: sql.Connection, name: str, value: str) -> None:
    """Change a setting of the class within a transaction."""
    connection.execute(sql.delete(setting).where(setting.c.name == name))
    connection.execute(sql.insert(setting).values(name=name, value=value))


def _tried(connection: sql.Connection, work: Callable[[sql.Connection], Any]) -> Any:
    """Return what `work` did, or its error: what it had changed is undone then, and nothing else of the transaction."""
    savepoint = connection.begin_nested()
    try:
        value = work(connection)
    except BaseException as error:  # noqa: BLE001 - whoever asked for it hears of it
        savepoint.rollback()  # a full disk may have undone the whole transaction: this raises then, and all hear of it
        return error
    savepoint.commit()
    return value


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _begin
    (_, _, path), *_ = connection.execute("PRAGMA database_list")
    synchronous = durable(Path(path).parent)
    for line in (f"busy_timeout={int(BUSY_SECONDS * 1000)}", f"synchronous={synchronous}", "secure_delete=ON"):
        connection.execute(f"PRAGMA {line}")


def _begin(connection: sql.Connection) -> None:
    if not connection.get_execution_options().get("reading"):  # a query is one transaction by itself
        connection.exec_driver_sql("BEGIN IMMEDIATE")
