"""Whether the portal can do its work: sentences for whoever runs it, without a secret in them."""

import time
from collections.abc import Iterator

import structlog
from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

from portal import migrate
from portal.core.db import reading, session
from portal.files.storage import new_key, storage
from portal.operations import facts
from portal.settings import Settings

log = structlog.get_logger()
PROBE = bytes(65_536)
PROBE_COUNTS = 10.0
"""For how many seconds one look at the storage will do, however often one is asked."""
_probed: tuple[float, object, str | None] = (0.0, None, None)


def problems(settings: Settings) -> list[str]:
    """What keeps the portal from doing its work, each a sentence; none if it can."""
    return [*of_database(settings), *_of_storage()]


def of_database(settings: Settings) -> list[str]:
    """What is wrong with the database: not there, not migrated, or another installation's."""
    try:
        with reading():
            return list(_of_schema()) or list(_of_facts(settings))
    except SQLAlchemyError as error:
        log.warning("not ready", error=str(error))
        return ["The database cannot be reached, or refuses: the log says why."]


def _of_facts(settings: Settings) -> Iterator[str]:
    for name, was in facts.changed(settings).items():
        yield (
            f"PORTAL_{name.upper()} is {getattr(settings, name)}, but what is booked was booked "
            f"with {was}: set it back."
        )


def _of_schema() -> Iterator[str]:
    found = _revision()
    if found is None:
        yield "The database is empty: run portal migrate."
    elif found not in (known := migrate.revisions()):
        yield (
            f"The database is at {found}, which this code does not know: "
            "install the release that migrated it."
        )
    elif found != known[0]:
        yield f"The database is at {found}, this code wants {known[0]}: run portal migrate."


def _revision() -> str | None:
    """The revision that the database is at; None if it was never migrated."""
    if not inspect(session.connection()).has_table("alembic_version"):
        return None
    found: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _of_storage() -> Iterator[str]:
    global _probed
    at, of, said = _probed
    if of is not storage() or time.monotonic() - at > PROBE_COUNTS:
        said = probe()
        _probed = (time.monotonic(), storage(), said)
    if said:
        yield said


def probe() -> str | None:
    """Write some bytes to where the files lie and delete them: why that fails, or None."""
    key = new_key()
    try:
        storage().put(key, PROBE)
        storage().delete(key)
    except Exception as error:
        log.warning("not ready", error=repr(error))
        said = getattr(error, "strerror", None) or type(error.__cause__ or error).__name__
        return f"Photos and files cannot be written: {said}."
    return None
