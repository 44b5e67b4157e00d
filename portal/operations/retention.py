"""What is kept for some time only: past sign-ins, and bytes that no row names.

Events, entries and what they are about are kept for ever.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, select

from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import Base, in_transaction, reading, session, snapshot, streamed
from portal.core.i18n import _l
from portal.files.models import Attachment
from portal.files.storage import storage
from portal.operations import owner
from portal.operations.books import LANE
from portal.people.models import LoginSession
from portal.terms.values import value

log = structlog.get_logger()
KEYS = frozenset({"storage_key", "thumbnail_key", "file_key", "raw_key"})
"""What columns are called that name bytes in the storage."""
LOST_FOR = timedelta(days=7)
"""Bytes are written before the row that names them; so long after, none will come any more."""
MOST_LOST, FEW = 200, 5
"""So many a crash does not leave behind, nor more than a hundredth of all files: then
the storage is another portal's as well, or this is not the database that it belongs to."""
NIGHT = 3
"""The hour, in headquarters' zone, after which the storage is gone through once a day."""
ORPHANS = "files.orphans"


@jobs.timer("people.sessions")
def forget_sessions(clock: Clock) -> None:
    """Forget sign-ins that ended long ago."""
    now = clock.now()
    with reading():
        old = LoginSession.expires_at < now - timedelta(
            days=value("people.session_days", now.date())
        )
        recent = LoginSession.created_at < now - timedelta(days=1)
        found = session.scalars(select(LoginSession.id).where(recent, old).limit(1)).first()
    if found is not None:
        in_transaction(lambda: session.execute(delete(LoginSession).where(old)))


promise = jobs.daily(ORPHANS, NIGHT)
"""Have the storage gone through once a night."""


@jobs.handler(ORPHANS, label=_l("Deleting files that nothing names"), lane=LANE)
def forget_orphans(_payload: dict[str, object], clock: Clock) -> None:
    """Delete bytes that a crash left behind between the storage and the row; a few at most.

    Hopeless, and none is deleted, if there are too many, or the storage is not this database's
    own: an administrator has to see why.
    """
    if not owner.is_ours():
        raise jobs.Hopeless(
            "The storage of the files is not this database's own: see PORTAL_FOLDER and "
            f"PORTAL_S3_BUCKET. {owner.MEND} None was deleted."
        )
    lost = list(_lost(clock.now() - LOST_FOR))
    with reading():
        known = session.scalar(select(func.count(Attachment.id))) or 0
    most = min(MOST_LOST, max(FEW, known // 100)) if known else 0
    if len(lost) > most:
        raise jobs.Hopeless(
            f"More than {most} files are named by nothing in this database, such as {lost[0]}:"
            " does another portal keep its files at the same place? None was deleted."
        )
    for key in lost:
        storage().delete(key)
    if lost:
        log.warning("files without a row deleted", count=len(lost))


def _lost(before: datetime) -> Iterator[str]:
    """Keys that no row names, a sixteenth after the other: never are all of them in memory."""
    for beginning in "0123456789abcdef":
        found = set(storage().written_before(before, beginning)) - {owner.KEY}
        if found:
            with snapshot():
                found.difference_update(_named(beginning))
        yield from sorted(found)


def _named(beginning: str) -> Iterator[str]:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if column.name in KEYS:
                for (key,) in streamed(select(column).where(column.like(f"{beginning}%"))):
                    yield key
