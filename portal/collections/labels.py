"""What a scanner reads from an old part's label: the address of its page, or its number."""

import re
import unicodedata

from sqlalchemy import ColumnElement, select

from portal.core.db import session
from portal.oldparts.models import OldPart

_ADDRESS = re.compile(r"/old-parts/([A-Za-z0-9_-]{16})(?:[/?#].*)?$")


def _named(code: str) -> ColumnElement[bool]:
    if found := _ADDRESS.search(code):
        return OldPart.public_id == found[1]
    number = "".join(unicodedata.normalize("NFKC", code).split())
    return OldPart.number.in_({number, number.upper()})


def labelled(code: str, *where: ColumnElement[bool]) -> OldPart | None:
    """The old part of a label, locked, if there is one that meets the conditions."""
    statement = (
        select(OldPart)
        .where(_named(code), *where)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).first()
