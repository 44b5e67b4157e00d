"""To which installation a storage belongs: the database and the storage hold the same number.

What nobody's row names is only swept from a storage that is this database's own. A new installation
claims its empty storage as it is migrated. All others are claimed by a person, who knows that no
other database names what lies there: ``portal storage claim``.
"""

import secrets

from sqlalchemy import delete, inspect, select

from portal.core.db import db, in_transaction, reading, session
from portal.files.models import Attachment
from portal.files.storage import storage
from portal.operations.models import Fact

KEY = "0" * 32
"""The key in the storage under which the number lies; no file's key, they are random."""
NAME = "storage"
MEND = "If no other portal keeps its files there, run portal storage claim."
"""What to do about a storage that is not this database's own."""


def is_ours() -> bool:
    """Whether the storage is this database's own."""
    ours, theirs = _numbers()
    return ours is not None and ours == theirs


def is_empty() -> bool:
    """Whether nothing at all lies in the storage."""
    return next(iter(storage().all_keys()), None) is None


def claim_if_new() -> None:
    """Claim the storage of a new installation: it is empty, and the database names no file."""
    with reading():
        is_known = (
            session.get(Fact, NAME) or session.scalars(select(Attachment.id).limit(1)).first()
        )
    if not is_known and is_empty():
        claim()


def claim() -> None:
    """Make the storage this database's own, and no other's; nothing happens if it is already.

    The storage has the number first: if it is all that was written, this can be done again.
    """
    if not is_ours():
        number = secrets.token_hex(16)
        storage().put(KEY, number.encode())
        in_transaction(lambda: session.merge(Fact(name=NAME, value=number)))


def forget() -> None:
    """Let the database, of any release, own no storage: it is a copy, and the other one lives."""
    if inspect(db.engine).has_table(Fact.__tablename__):
        in_transaction(lambda: session.execute(delete(Fact).where(Fact.name == NAME)))


def _numbers() -> tuple[str | None, str | None]:
    """The number that the database holds, and the one that the storage does."""
    with reading():
        known = session.get(Fact, NAME)
        ours = known.value if known else None
    if not storage().exists(KEY):
        return ours, None
    with storage().open(KEY) as content:
        return ours, content.read().decode(errors="replace")
