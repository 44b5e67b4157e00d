"""To which installation a storage belongs: the database and the storage hold the same number.

What nobody's row names is only swept from a storage that is this database's own.
"""

import secrets

from portal.core.db import in_transaction, reading, session
from portal.files.storage import storage
from portal.operations.models import Fact

KEY = "0" * 32
"""The key in the storage under which the number lies; no file's key, they are random."""
NAME = "storage"


def is_ours() -> bool:
    """Whether the storage is this database's own; one that is nobody's yet is from now on.

    It is nobody's while there is no number in it, and no other storage is this database's.
    """
    ours, theirs = _numbers()
    if ours is None and theirs is None:
        make_ours()
        return True
    return ours == theirs


def is_anothers() -> bool:
    """Whether the storage is another installation's, or the file with its number is lost."""
    ours, theirs = _numbers()
    return ours != theirs


def _numbers() -> tuple[str | None, str | None]:
    """The number that the database holds, and the one that the storage does."""
    with reading():
        known = session.get(Fact, NAME)
        ours = known.value if known else None
    if not storage().exists(KEY):
        return ours, None
    with storage().open(KEY) as content:
        return ours, content.read().decode(errors="replace")


def make_ours() -> None:
    """Give the database and the storage a new number: they are another installation now."""
    number = secrets.token_hex(16)
    in_transaction(lambda: session.merge(Fact(name=NAME, value=number)))
    storage().put(KEY, number.encode())
