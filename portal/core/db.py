"""The database: the declarative base, the one engine, and the only place that commits."""

import random
import re
import secrets
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from types import ModuleType
from typing import Annotated, Any, TypeVar

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    DateTime,
    Engine,
    Executable,
    Integer,
    MetaData,
    Row,
    Select,
    String,
    Text,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, Dialect, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeDecorator

R = TypeVar("R")

RETRIES = 8
PATIENCE = 10
"""How many seconds a writer waits for its turn in SQLite."""
GLANCE = 8
"""It looks after 1, 2 and 5 milliseconds. SQLite by itself would soon look every 100 only."""
PAUSE = 0.02
_RETRY = re.compile(r"database is locked|deadlock detected|could not serialize")
_AWAY = re.compile(
    r"database is locked|disk is full|disk I/O error|unable to open database file|readonly database"
)
_reading: ContextVar[bool] = ContextVar("reading", default=False)
_snapshot: ContextVar[bool] = ContextVar("snapshot", default=False)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored in UTC (T1)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its zone")
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any]:
        # Lists show many instants: one call reads one, on either database.
        return _read_text if dialect.name == "sqlite" else _in_utc


def _read_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "+00:00")


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


Key = BigInteger().with_variant(Integer(), "sqlite")
"""The type of a primary key and of what refers to one."""

Money = Annotated[int, mapped_column(BigInteger())]
"""An amount in minor units (L1)."""

Line = Annotated[str, mapped_column(String(200))]
"""One line of text that a person typed."""

LINE, TEXT = 200, 4000
"""The greatest length of a line and of a free text, in characters."""


AnyRow = Row[*tuple[Any, ...]]
"""A row of columns, whatever they are."""

AnySelect = Select[*tuple[Any, ...]]
"""A statement that gives such rows."""


def public_id() -> str:
    """A random name for a URL: nothing can be guessed or counted from it."""
    return secrets.token_urlsafe(12)


class Base(DeclarativeBase):
    """Every table; each constraint has a name, so that a migration can find it again."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime(),
        date: Date(),
        dict[str, Any]: JSON(none_as_null=True).with_variant(
            JSONB(none_as_null=True), "postgresql"
        ),
        str: Text(),
    }


db = SQLAlchemy(
    metadata=Base.metadata, session_options={"expire_on_commit": False, "autoflush": True}
)
session = db.session
"""The session of the present request, command or job."""


def _sqlite_module() -> ModuleType:
    """A SQLite that is safe in WAL mode: the linked one, or the one that pysqlite3 brings.

    Before 3.51.3 (3.50.7, 3.44.6) a WAL reset could corrupt the file.
    """

    def safe(module: Any) -> bool:
        version = module.sqlite_version_info
        return bool(
            version >= (3, 51, 3)
            or (3, 50, 7) <= version < (3, 51)
            or (3, 44, 6) <= version < (3, 45)
        )

    if safe(sqlite3):
        return sqlite3
    import pysqlite3

    if not safe(pysqlite3):
        raise RuntimeError(
            f"SQLite {pysqlite3.sqlite_version} can corrupt its file in WAL mode: upgrade pysqlite3"
        )
    return pysqlite3  # type: ignore[no-any-return]


def engine_options(url: str) -> dict[str, Any]:
    """The options to create an engine with, for the database that the address names."""
    given = make_url(url).query
    if make_url(url).get_backend_name() == "sqlite":
        return {
            "module": _sqlite_module(),
            "pool_size": 8,
            "connect_args": {"timeout": PATIENCE},
            "hide_parameters": True,  # what an error says is logged, and shown beside a job
        }
    # A server that has gone is known to be gone soon: somebody waits for the answer.
    patience = {"connect_timeout": 5, "tcp_user_timeout": 20_000, "keepalives_idle": 30}
    return {
        "pool_size": 8,
        "max_overflow": 8,
        "pool_recycle": 1800,
        "hide_parameters": True,
        "connect_args": {name: value for name, value in patience.items() if name not in given},
    }


def _listen(engine: Engine, *, migrating: bool = False) -> None:
    if engine.dialect.name != "sqlite":

        @event.listens_for(engine, "connect")
        def _on_connect_here(connection: Any, _record: Any) -> None:
            # The portal has some hundred statements: each is planned when it comes again, and kept.
            connection.prepare_threshold = 1
            connection.prepared_max = 1000

        @event.listens_for(engine, "begin")
        def _on_begin_here(connection: Any) -> None:
            # Who only reads needs no transaction, which would be two more ways to the server: what
            # one statement sees does not depend on it (READ COMMITTED).
            alone = _reading.get() and not _snapshot.get()
            connection.connection.driver_connection.autocommit = alone
            if _snapshot.get():
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

        return

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={PATIENCE * 1000}",
            "journal_mode=WAL",
            "synchronous=FULL",
            # Altering a table copies it: with the keys enforced, its children would be deleted.
            f"foreign_keys={'OFF' if migrating else 'ON'}",
            "recursive_triggers=ON",
            "cache_size=-65536",
        ):
            connection.execute(f"PRAGMA {pragma}").close()
        # Its own knows the 26 letters of English only.
        connection.create_function("lower", 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        if _reading.get():  # it cannot fail, so the driver may do it
            connection.connection.driver_connection.execute("BEGIN").close()
            return
        _begin_writing(connection)


def _lower(value: Any) -> Any:
    return None if value is None else str(value).lower()


def _begin_writing(connection: Connection) -> None:
    """Take SQLite's one turn to write at once: a lock that is upgraded later can be refused."""
    driver: Any = connection.connection.driver_connection
    until = time.monotonic() + PATIENCE
    driver.execute(f"PRAGMA busy_timeout={GLANCE}").close()
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return
            except DBAPIError as error:
                if time.monotonic() > until or not _RETRY.search(str(error.orig)):
                    raise
    finally:
        driver.execute(f"PRAGMA busy_timeout={PATIENCE * 1000}").close()


def migration_engine(url: str) -> Engine:
    """An engine to migrate with: no pool, and SQLite's foreign keys off."""
    options = engine_options(url)
    module = {"module": options["module"]} if "module" in options else {}
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, **module)
    _listen(engine, migrating=True)
    return engine


def init_app(app: Flask) -> None:
    """Connect an application to its database (settings: SQLALCHEMY_DATABASE_URI)."""
    db.init_app(app)
    with app.app_context():
        _listen(db.engine)


def rows(statement: AnySelect, values: Mapping[str, Any] | None = None) -> Sequence[AnyRow]:
    """The rows of a statement that asks for columns, past the loading of objects.

    ``values`` are those that the statement leaves open: one that is made once and asked again
    costs half of one that is made anew.
    """
    session.flush()
    return session.connection().execute(statement, values or {}).all()


def streamed(statement: AnySelect, values: Mapping[str, Any] | None = None) -> Iterator[AnyRow]:
    """The rows of a statement one by one, however many: they are never all in memory.

    Within ``snapshot()``, which keeps PostgreSQL's cursor open.
    """
    few = {"yield_per": 2000}
    return iter(session.connection().execute(statement, values or {}, execution_options=few))


def take_turn(name: str, *, shared: bool = False) -> None:
    """Wait for a turn at something that no row stands for; it is held until the transaction ends.

    Who takes one that is ``shared`` waits only for those who do not. SQLite has one writer at a
    time anyway.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    session.execute(select(lock(zlib.crc32(name.encode()))))


def give_way() -> None:
    """Let others write, between two transactions of long work: SQLite has no queue for them.

    Whoever waits looks every few milliseconds, so it finds its turn within this pause.
    """
    if session.get_bind().dialect.name == "sqlite":
        time.sleep(PAUSE)


@contextmanager
def reading() -> Iterator[None]:
    """A block that only reads: it takes no write lock, and whatever it changed is dropped."""
    token = _reading.set(True)
    try:
        yield
    finally:
        session.expunge_all()
        try:
            # A commit, not a rollback: psycopg forgets its prepared statements on a rollback.
            session.commit()
        except SQLAlchemyError:  # the database has gone: who asked it was told so
            session.rollback()
        finally:
            _reading.reset(token)


@contextmanager
def snapshot() -> Iterator[None]:
    """A block that only reads, and sees everything as it was at one moment.

    For what compares rows of several statements while others go on writing.
    """
    session.rollback()
    token = _snapshot.set(True)
    try:
        with reading():
            yield
    finally:
        _snapshot.reset(token)


def is_away(error: Exception) -> bool:
    """Whether an error says that the database cannot be reached, or can keep nothing just now.

    The same request may succeed later. What was to be committed just then may have been kept.
    """
    if not isinstance(error, DBAPIError):
        return isinstance(error, PoolTimeout)
    if type(error.orig).__module__.startswith(("sqlite3", "pysqlite3")):
        return bool(_AWAY.search(str(error.orig)))
    kinds = {kind.__name__ for kind in type(error.orig).__mro__}
    return error.connection_invalidated or not kinds.isdisjoint(
        {"OperationalError", "InterfaceError"}
    )


def _can_retry(error: DBAPIError, attempt: int) -> bool:
    if isinstance(error, IntegrityError):
        return attempt == 1
    return bool(_RETRY.search(str(error.orig)))


def in_transaction(work: Callable[[], R], keep: Callable[[R], bool] = lambda _result: True) -> R:
    """Do some work in a transaction of its own and return its result.

    Committed if ``keep`` says so of the result, else rolled back. Where the database asks to try
    again (a deadlock, a failed serialisation), or where somebody was faster with a unique row,
    the whole work is done again: it then sees what the other did, and can say so.
    """
    for attempt in range(1, RETRIES + 1):
        is_done = False
        try:
            result = work()
            is_done = True
            if keep(result):
                session.commit()
            else:
                session.rollback()
            return result
        except DBAPIError as error:
            session.rollback()
            # A connection that had gone before there was anything to commit is nobody's loss: the
            # database may have been started again since.
            is_stale = error.connection_invalidated and not is_done and attempt == 1
            if not is_stale and (attempt == RETRIES or not _can_retry(error, attempt)):
                raise
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311
        except BaseException:
            session.rollback()
            raise
    raise AssertionError("unreachable")


def aside(engine: Engine, statement: Executable) -> None:
    """Do one statement in a transaction of its own, beside the session: for another thread."""
    with engine.begin() as connection:
        connection.execute(statement)


@contextmanager
def transaction() -> Iterator[None]:
    """A block of a command or a job that takes effect as a whole or not at all."""
    try:
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise
