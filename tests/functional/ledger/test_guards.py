"""The database itself refuses what must not be (L3, L5, P4), whoever asks it."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.core.db import session
from portal.ledger import services
from tests.functional.ledger.books import again, deposit, figures, reserve
from tests.support.portal import DEPOSIT, Portal

HISTORY = ("transfer", "reservation", "reservation_end", "event")
"""The tables to which rows are only added."""


@pytest.fixture(autouse=True)
def history(portal: Portal) -> None:
    """A row in each of the tables, at least."""
    made = deposit(portal, "ICBC 77")
    held = reserve(portal, 400)
    reserve(portal, 500, "test/2")
    with portal.transaction():
        services.void(again(held), now=portal.now)
        services.reverse(again(made), by=portal.finance, now=portal.now, reason="Wrong")


def rows(portal: Portal, table: str) -> list[Any]:
    with portal.transaction():
        return sorted(map(str, session.execute(text(f'SELECT * FROM "{table}"')).all()))


def is_refused(portal: Portal, table: str, statement: str) -> None:
    """Send a statement; it fails, and the table is as it was."""
    before = rows(portal, table)
    assert before
    with pytest.raises(DBAPIError), portal.transaction():
        session.execute(text(statement))
    assert rows(portal, table) == before


def dialect(portal: Portal) -> str:
    with portal.transaction():
        return session.get_bind().dialect.name


CHANGES = {
    "transfer": "amount = amount + 1",
    "reservation": "amount = amount - 1",
    "reservation_end": "outcome = 'posted'",
    "event": "reason = 'Nothing happened'",
}


@pytest.mark.parametrize("table", HISTORY)
def test_row_stays_when_it_is_updated(portal: Portal, table: str) -> None:
    """L3, P4: no UPDATE, not even one that changes nothing."""
    is_refused(portal, table, f"UPDATE {table} SET {CHANGES[table]}")
    column = CHANGES[table].partition(" ")[0]
    is_refused(portal, table, f"UPDATE {table} SET {column} = {column}")


@pytest.mark.parametrize("table", [*HISTORY, "account"])
def test_row_stays_when_it_is_deleted(portal: Portal, table: str) -> None:
    """L3, P4: no DELETE."""
    is_refused(portal, table, f"DELETE FROM {table}")


@pytest.mark.parametrize("table", [*HISTORY, "account"])
def test_rows_stay_when_the_table_is_emptied(portal: Portal, table: str) -> None:
    """L3, P4: no TRUNCATE, where the database has one."""
    if dialect(portal) == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    is_refused(portal, table, f"TRUNCATE {table}")
    is_refused(portal, table, f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("table", [*HISTORY, "account"])
def test_row_stays_when_another_replaces_it(portal: Portal, table: str) -> None:
    """L3, P4: no INSERT OR REPLACE, by whichever unique key."""
    if dialect(portal) != "sqlite":
        pytest.skip("PostgreSQL has no INSERT OR REPLACE")
    is_refused(portal, table, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    is_refused(portal, table, f"REPLACE INTO {table} SELECT * FROM {table}")


def test_entry_stays_when_another_replaces_its_cause(portal: Portal) -> None:
    """L3, L4: a new row cannot push out the one that has its cause."""
    if dialect(portal) != "sqlite":
        pytest.skip("PostgreSQL has no INSERT OR REPLACE")
    columns = 'dealer_id, from_account_id, to_account_id, kind, cause, actor_name, at, "values"'
    is_refused(
        portal,
        "transfer",
        f"INSERT OR REPLACE INTO transfer (public_id, amount, {columns}) "
        f"SELECT 'other', 1, {columns} FROM transfer WHERE cause = 'bank/ICBC77'",
    )


@pytest.mark.parametrize("table", HISTORY)
def test_row_stays_when_an_upsert_meets_it(portal: Portal, table: str) -> None:
    """L3, P4: no INSERT … ON CONFLICT DO UPDATE."""
    key = "reservation_id" if table == "reservation_end" else "id"
    is_refused(
        portal,
        table,
        f"INSERT INTO {table} SELECT * FROM {table} WHERE true "
        f"ON CONFLICT ({key}) DO UPDATE SET {CHANGES[table].replace('= ', f'= {table}.', 1)}"
        if table in ("transfer", "reservation")
        else f"INSERT INTO {table} SELECT * FROM {table} WHERE true "
        f"ON CONFLICT ({key}) DO UPDATE SET {CHANGES[table]}",
    )


@pytest.mark.parametrize("table", HISTORY[:3])
def test_money_stays_when_a_repeated_row_is_skipped(portal: Portal, table: str) -> None:
    """L4, L6: what ON CONFLICT DO NOTHING skips moves, holds and frees nothing."""
    before = figures(portal)
    with portal.transaction():
        session.execute(
            text(f"INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT DO NOTHING")
        )
    assert figures(portal) == before


def test_reservation_is_refused_when_only_the_database_looks(portal: Portal) -> None:
    """L5: no row can be added that takes more than is available."""
    statement = (
        "INSERT INTO reservation (dealer_id, account_id, amount, cause, document_kind, "
        "document_id, document_name, document_title, at) "
        "SELECT dealer_id, account_id, {amount}, 'test/3', document_kind, document_id, "
        "document_name, document_title, at FROM reservation WHERE cause = 'test/2'"
    )
    available = figures(portal)[2]
    is_refused(portal, "reservation", statement.format(amount=available + 1))
    assert figures(portal) == (DEPOSIT, 500, available)
    with portal.transaction():
        session.execute(text(statement.format(amount=available)))
    assert figures(portal) == (DEPOSIT, 500 + available, 0)


@pytest.mark.parametrize("amount", [0, -1])
def test_entry_is_refused_when_it_moves_nothing(portal: Portal, amount: int) -> None:
    """L2: the database takes positive amounts only."""
    columns = 'dealer_id, from_account_id, to_account_id, kind, actor_name, at, "values"'
    is_refused(
        portal,
        "transfer",
        f"INSERT INTO transfer (public_id, cause, amount, {columns}) "
        f"SELECT 'other', 'other', {amount}, {columns} FROM transfer WHERE cause = 'bank/ICBC77'",
    )
