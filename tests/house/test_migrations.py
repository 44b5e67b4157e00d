"""The migrations: they end where the models are, on both databases, and keep what is there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

import portal.models  # noqa: F401 - fills the metadata
from portal import migrate
from portal.core.db import Base, migration_engine
from portal.settings import Settings

FIRST_RELEASE = "0002"


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An installation whose database is empty."""
    url = ""
    if request.param == "postgresql":
        new_postgres: Callable[[], str] = request.getfixturevalue("new_postgres")
        url = new_postgres()
    return Settings(folder=tmp_path, database_url=url, secret_key="test")


def _is_for_searching(name: str | None) -> bool:
    # The search indexes are the databases' own, which no model describes.
    return "_search" in (name or "")


def _differences(settings: Settings) -> list[Any]:
    options = {
        "compare_type": True,
        "include_name": lambda name, _kind, _parents: not _is_for_searching(name),
    }
    with migration_engine(settings.url).connect() as connection:
        return list(
            compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
        )


# What SQLite cannot tell of an index, PostgreSQL does.
@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_tables_are_those_of_the_models_when_migrated(settings: Settings) -> None:
    """Who changes a model writes a migration for it."""
    migrate.upgrade(settings)
    assert _differences(settings) == []


def test_rows_stay_when_a_later_release_migrates(settings: Settings) -> None:
    """An installation of the first release keeps its people, who are told as before."""
    migrate.upgrade(settings, FIRST_RELEASE)
    with migration_engine(settings.url).begin() as connection:
        connection.execute(
            text(
                "INSERT INTO user_account (id, public_id, status, version, event_count, event_hash,"
                " created_at, side, email, name, password_hash, roles, theme, search_text)"
                " VALUES (1, 'a', 'active', 1, 0, '', '2026-01-01', 'hq', 'a@example.com', 'A',"
                " '', 'desk', 'auto', 'a')"
            )
        )
    migrate.upgrade(settings)
    with migration_engine(settings.url).connect() as connection:
        kept = connection.execute(text("SELECT email, mail FROM user_account")).all()
        if connection.dialect.name == "sqlite":
            connection.execute(text("UPDATE user_account SET search_text = 'żółw b'"))
            asked = "SELECT rowid FROM user_account_search WHERE search_text MATCH 'żółw'"
            assert connection.execute(text(asked)).scalars().all() == [1]
    assert [tuple(row) for row in kept] == [("a@example.com", "at_once")]


def test_old_parts_are_compared_when_they_were_registered_before(settings: Settings) -> None:
    """O4, O5: what pieces have in common is filled in by the migration that brings it."""
    migrate.upgrade(settings, "0013")
    with migration_engine(settings.url).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE old_part DISABLE TRIGGER ALL"))
        for number, (key, phone, sha) in enumerate(
            [("SN-1O0I", "+86 138 0013 8000", "x"), (None, "", "x"), ("SN-2", "１２３", "y")], 1
        ):
            connection.execute(
                text(
                    "INSERT INTO old_part (id, public_id, status, version, event_count, event_hash,"
                    " created_at, dealer_id, number, part_id, shipment_line_id, line_quantity,"
                    " piece, unit_price, customer_name, customer_phone, product_model,"
                    " product_serial, product_serial_key, failed_on, replaced_on, fault_code,"
                    " complaint, cause, remedy, old_serial, registered_by_id, search_text)"
                    " VALUES (:id, :name, 'registered', 1, 0, '', '2026-01-01', 7, :name, 1, 1, 9,"
                    " :id, 1, 'Żółć  Ewa', :phone, 'M', '', :key, '2026-01-01', '2026-01-01', '',"
                    " '', '', '', '', 1, '')"
                ),
                {"id": number, "name": f"OP-{number}", "phone": phone, "key": key},
            )
            connection.execute(
                text(
                    "INSERT INTO attachment (public_id, document_kind, document_id, purpose, name,"
                    " media_type, size, sha256, original_sha256, storage_key, uploaded_by,"
                    " created_at) VALUES (:name, 'oldpart', :id, 'photo', 'p', 'image/jpeg', 1,"
                    " :sha, :name, :name, 1, '2026-01-01')"
                ),
                {"id": number, "name": f"photo-{number}", "sha": sha},
            )
    migrate.upgrade(settings, "0014")
    with migration_engine(settings.url).connect() as connection:
        columns = "product_serial_look, customer_key, same_photo"
        found = connection.execute(text(f"SELECT {columns} FROM old_part ORDER BY id"))
        rows = [(look, customer, bool(same)) for look, customer, same in found]
    assert rows == [
        ("5N1001", "800138000", True),
        (None, "7 żółć ewa", True),
        ("5N2", "7 żółć ewa", False),
    ]


def test_lines_of_the_bank_are_found_when_they_were_read_before(settings: Settings) -> None:
    """House: what is searched is filled in by the migration that brings it, payer included."""
    migrate.upgrade(settings, "0042")
    with migration_engine(settings.url).begin() as connection:
        if connection.dialect.name == "postgresql":
            for table in ("dealer", "bank_line"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        connection.execute(
            text(
                "INSERT INTO dealer (id, public_id, status, version, event_count, event_hash,"
                " created_at, code, name, country, region, city, address, contact, phone, zone,"
                " search_text) VALUES (7, 'd', 'active', 1, 0, '', '2026-01-01', 'D0007',"
                " 'Łazienki  7', 'PL', '', '', '', '', '', 'Europe/Warsaw', '')"
            )
        )
        for number, payer in ((1, 7), (2, None)):
            connection.execute(
                text(
                    "INSERT INTO bank_line (id, public_id, status, version, event_count,"
                    " event_hash, created_at, key, fingerprint, file_id, row, day, amount,"
                    " reference, remitter, purpose, why, payer_id) VALUES (:id, :name, 'open', 1,"
                    " 0, '', '2026-01-01', :name, '', 1, 1, '2026-01-01', 1, :name, 'WANG', 'za',"
                    " '', :payer)"
                ),
                {"id": number, "name": f"REF-{number}", "payer": payer},
            )
    migrate.upgrade(settings)
    with migration_engine(settings.url).connect() as connection:
        found = connection.execute(text("SELECT search_text FROM bank_line ORDER BY id"))
        assert found.scalars().all() == ["ref-1 wang za d0007 łazienki 7", "ref-2 wang za"]
        if connection.dialect.name == "sqlite":
            asked = "SELECT rowid FROM bank_line_search WHERE search_text MATCH 'łazienki'"
            assert connection.execute(text(asked)).scalars().all() == [1]
