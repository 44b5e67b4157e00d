"""What a scanner reads from an old part's label: the address of its page, or its number."""

import re
import unicodedata

from sqlalchemy import ColumnElement, select

from portal.core.db import session
from portal.oldparts.models import OldPart

_ADDRESS = re.compile(r"/old-parts/([A-Za-z0-9_-]{16})(?:[/?#].*)?$")


def on_label(code: str) -> ColumnElement[bool]:
    """The condition that an old part has the label that was read."""
    if found := _ADDRESS.search(code):
        return OldPart.public_id == found[1]
    number = "".join(unicodedata.normalize("NFKC", code).split())
    return OldPart.number.in_({number, number.upper()})


def named_by(code: str, *where: ColumnElement[bool]) -> str | None:
    """The public id of the old part of a label, if there is one that meets the conditions."""
    return session.scalar(select(OldPart.public_id).where(on_label(code), *where))
