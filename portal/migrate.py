"""Bring a database's schema up to date: one set of migrations for both databases."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from portal.core.db import migration_engine
from portal.settings import RESOURCES, Settings


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(RESOURCES / "migrations"))
    return config


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Migrate the database that the settings name, up to a revision."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    config = _config()
    with migration_engine(settings.url).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def is_current(settings: Settings) -> bool:
    """Whether the database has every migration that this version of the portal brings."""
    with migration_engine(settings.url).connect() as connection:
        heads = set(MigrationContext.configure(connection).get_current_heads())
    return heads == set(ScriptDirectory.from_config(_config()).get_heads())


def draft(settings: Settings, message: str, revision: str) -> None:
    """Write a migration for what the models have and the database has not; then edit it."""
    config = _config()
    with migration_engine(settings.url).connect() as connection:
        config.attributes["connection"] = connection
        command.revision(config, message, autogenerate=True, rev_id=revision)
