"""A connection of the bare driver, and nothing on top."""

import re
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy.engine import make_url

from portal.core.db import engine_options


@cache
def _for_psycopg(statement: str) -> str:
    return re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", statement.replace("%", "%%"))


@cache
def _row(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names, rename=True)._make


class Database:
    """A connection of the bare driver; ``kind`` is sqlite or postgresql."""

    def __init__(self, url: str) -> None:
        self.kind = make_url(url).get_backend_name()
        self.connection: Any
        if self.kind == "sqlite":
            module = engine_options(url)["module"]
            self.connection = module.connect(make_url(url).database, isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
                self.connection.execute(f"PRAGMA {pragma}")
        else:
            import psycopg
            from psycopg.rows import namedtuple_row

            self.connection = psycopg.connect(url, autocommit=True, row_factory=namedtuple_row)

    def all(self, statement: str, **values: Any) -> list[Any]:
        """The rows that a statement gives; ``:name`` stands for a value."""
        if self.kind == "sqlite":
            cursor = self.connection.execute(statement, values)
            names = tuple(column[0] for column in cursor.description or ())
            return list(map(_row(names), cursor))
        cursor = self.connection.execute(_for_psycopg(statement), values)
        return cursor.fetchall() if cursor.description else []

    def instant(self, at: datetime) -> Any:
        """An instant as the portal stores it."""
        return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}" if self.kind == "sqlite" else at

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A block that is committed at its end."""
        self.connection.execute("BEGIN IMMEDIATE" if self.kind == "sqlite" else "BEGIN")
        yield
        self.connection.execute("COMMIT")

    def script(self, statements: str) -> None:
        """Some statements, without keys enforced and in one transaction."""
        if self.kind == "sqlite":
            self.connection.execute("PRAGMA synchronous=OFF")
            self.connection.executescript(f"BEGIN;{statements};COMMIT")
        else:
            self.connection.execute("SET session_replication_role = replica")
            with self.connection.transaction():
                self.connection.execute(statements)

    def finish(self, tables: tuple[str, ...]) -> None:
        """After the script: keys go on where it ended, and the planner knows what there is."""
        if self.kind == "sqlite":
            self.connection.execute("ANALYZE")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.connection.execute("PRAGMA synchronous=FULL")
        else:
            for table in tables:
                last = f"SELECT max(id) FROM {table}"
                self.all(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), ({last}))")
            self.connection.execute("ANALYZE")
            for table in tables:
                # As autovacuum would in time: only then an index can answer without its table.
                self.connection.execute(f"VACUUM {table}")
            self.connection.execute("SET session_replication_role = origin")
