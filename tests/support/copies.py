"""The databases that tests use one after another: each finds what the template holds.

A new database for every test would be simpler, and costs 75 ms of PostgreSQL's time; putting the
rows of one back costs 5.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg

AFRESH = 50
"""After how many tests PostgreSQL's tables are made anew: rows that were deleted take room."""


class Copy(Protocol):
    """A database of a worker's own."""

    url: str

    def renew(self) -> None:
        """Let it hold what the template holds, whatever a test has left in it."""

    def check(self) -> None:
        """Complain of what would not be put back."""


class SqliteCopy:
    """A file; what was still connected to the one before goes on with that one."""

    def __init__(self, template: Path, folder: Path) -> None:
        with sqlite3.connect(template) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        self.template, self.file = template, folder / "portal.sqlite"
        self.url = f"sqlite:///{self.file}"

    def renew(self) -> None:
        for ending in ("", "-wal", "-shm"):
            Path(f"{self.file}{ending}").unlink(missing_ok=True)
        shutil.copy(self.template, self.file)

    def check(self) -> None:
        """Every test has a file of its own."""


_TABLES = """
SELECT relname, string_agg(format('%I', attname), ', ' ORDER BY attnum)
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
  AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
GROUP BY relname ORDER BY relname
"""
_SEQUENCES = """
SELECT format('SELECT setval(%L, %s, %L)', format('public.%I', sequencename),
              coalesce(last_value, start_value), last_value IS NOT NULL)
FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1
"""
_SCHEMA = """
SELECT 'relation', relname, relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', tgrelid::regclass || '.' || tgname, tgenabled::text FROM pg_trigger
UNION ALL SELECT 'constraint', conname, oid::text FROM pg_constraint
UNION ALL SELECT 'function', proname, xmin::text FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
ORDER BY 1, 2, 3
"""
_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""


class PostgresCopy:
    """A database whose rows are put back, past the triggers that keep others from doing so.

    It is the template itself, which keeps its rows aside.
    """

    def __init__(self, url: str, own: psycopg.Connection[tuple[Any, ...]]) -> None:
        self.url, self.own, self.count = url, own, 0
        tables = self.own.execute(_TABLES).fetchall()
        names = ", ".join(f'public."{name}"' for name, _columns in tables)
        self.own.execute("CREATE SCHEMA template")
        delete, insert = [], []
        for name, columns in tables:
            # Rows stay in the order in which they were written, as in a new database.
            self.own.execute(f'ALTER TABLE public."{name}" SET (autovacuum_enabled = off)')
            self.own.execute(f'CREATE TABLE template."{name}" AS TABLE public."{name}"')
            delete.append(f'DELETE FROM public."{name}"')
            insert.append(
                f'INSERT INTO public."{name}" ({columns}) OVERRIDING SYSTEM VALUE'
                f' SELECT {columns} FROM template."{name}"'
            )
        insert += [statement for (statement,) in self.own.execute(_SEQUENCES).fetchall()]
        self.put_back, self.make_anew = delete + insert, [f"TRUNCATE {names}", *insert]
        self.schema = self.own.execute(_SCHEMA).fetchall()

    def renew(self) -> None:
        self.own.execute(_OTHERS)
        self.count += 1
        work = self.put_back if self.count % AFRESH else self.make_anew
        unguarded = "SET LOCAL session_replication_role = replica"
        self.own.execute("; ".join(["BEGIN", unguarded, *work, "COMMIT"]))

    def check(self) -> None:
        left = set(self.own.execute(_SCHEMA).fetchall()) ^ set(self.schema)
        assert not left, f"use a database of your own to change the schema: {left}"


@contextmanager
def postgres_copy(url: str) -> Iterator[Copy]:
    """A database as it is now, to be put back to that again and again."""
    with psycopg.connect(url, autocommit=True) as own:
        yield PostgresCopy(url, own)
