"""Bring a database's schema up to date: one set of migrations for both databases."""

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from portal.core.db import migration_engine
from portal.settings import RESOURCES, Settings


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(RESOURCES / "migrations"))
    return config


@cache
def revisions() -> tuple[str, ...]:
    """Every revision that this code knows; the first is the one that it wants to work with."""
    found = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(script.revision for script in found)


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Migrate the database that the settings name, up to a revision."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    config = _config()
    with migration_engine(settings.url).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def draft(settings: Settings, message: str, revision: str) -> None:
    """Write a migration for what the models have and the database has not; then edit it."""
    config = _config()
    with migration_engine(settings.url).connect() as connection:
        config.attributes["connection"] = connection
        command.revision(config, message, autogenerate=True, rev_id=revision)
