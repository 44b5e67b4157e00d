"""Alembic's environment: one set of migrations for SQLite and PostgreSQL."""

from typing import Any

from alembic import context
from sqlalchemy import Connection

import portal.models  # noqa: F401 - fills the metadata
from portal.core.db import Base


def render(kind: str, item: Any, _context: Any) -> Any:
    """Write our own column types as the plain ones beneath them: a migration stands alone."""
    module = type(item).__module__
    return f"sa.{item.impl!r}" if kind == "type" and module.startswith("portal.") else False


def run(connection: Connection) -> None:
    """Migrate over a connection that the caller opened (with foreign keys off on SQLite)."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
