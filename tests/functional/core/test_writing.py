"""SQLite has one writer at a time: who waits gets its turn, or hears that there was none."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from portal.core import db
from portal.core.db import in_transaction, session
from portal.people.models import User
from tests.support.portal import Portal

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@contextmanager
def another_writes(portal: Portal) -> Iterator[Any]:
    """Somebody else is within a transaction; it may end in any thread."""
    with portal.app.app_context():
        url = db.db.engine.url
    # Two libraries of SQLite in one process would not see each other's locks.
    connect = db.engine_options(str(url))["module"].connect
    with closing(connect(url.database, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
        if other.in_transaction:
            other.execute("ROLLBACK")


def seen(portal: Portal) -> None:
    """Write something small, in a transaction of its own."""
    later = portal.now + timedelta(hours=1)
    with portal.app.app_context():
        in_transaction(lambda: session.execute(update(User).values(created_at=later)))


def test_a_writer_waits_for_its_turn(portal: Portal) -> None:
    """It is not refused because somebody else is at it, and nothing is lost."""
    with another_writes(portal) as other:
        ends = threading.Timer(0.1, other.execute, ["COMMIT"])
        ends.start()
        seen(portal)
        ends.join()
        assert not other.in_transaction


def test_a_writer_without_a_turn_hears_so_and_gets_the_next_one(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it is told is something that one may try again; the connection is as it was."""
    monkeypatch.setattr(db, "PATIENCE", 0)
    monkeypatch.setattr(db, "RETRIES", 1)
    with another_writes(portal):
        with pytest.raises(OperationalError, match="locked") as refused:
            seen(portal)
        assert db.is_away(refused.value)
    seen(portal)
    monkeypatch.undo()
    with portal.transaction():
        assert session.connection().exec_driver_sql("PRAGMA busy_timeout").scalar() == 10_000
