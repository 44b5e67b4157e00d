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
    assert [tuple(row) for row in kept] == [("a@example.com", "at_once")]
