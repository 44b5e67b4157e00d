"""The old part of a label that was scanned."""

from sqlalchemy import ColumnElement, select

from portal.core.db import session
from portal.oldparts.label_codes import on_label
from portal.oldparts.models import OldPart


def labelled(code: str, *where: ColumnElement[bool]) -> OldPart | None:
    """The old part of a label, locked, if there is one that meets the conditions."""
    statement = (
        select(OldPart)
        .where(on_label(code), *where)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).first()
