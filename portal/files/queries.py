"""Every read of attachments, scoped to the actor."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, exists, select

from portal.core.db import session
from portal.core.documents import Document, kind_named
from portal.core.errors import NotFound
from portal.core.permissions import Actor
from portal.files.models import INSIDE, Attachment

_PUBLIC_ID = re.compile(r"[A-Za-z0-9_-]{16}")


class Shown(NamedTuple):
    """What a page shows of an attachment; size in bytes, width and height in pixels."""

    public_id: str
    purpose: str
    name: str
    media_type: str
    size: int
    width: int | None
    height: int | None
    created_at: datetime
    place: str | None

    @property
    def is_picture(self) -> bool:
        return self.width is not None


def _shown(*conditions: ColumnElement[bool]) -> list[Shown]:
    columns = (
        Attachment.public_id,
        Attachment.purpose,
        Attachment.name,
        Attachment.media_type,
        Attachment.size,
        Attachment.width,
        Attachment.height,
        Attachment.created_at,
        Attachment.place,
    )
    rows = session.execute(select(*columns).where(*conditions).order_by(Attachment.id))
    return [Shown._make(row) for row in rows]


def _mine(actor: Actor) -> ColumnElement[bool]:
    return Attachment.document_id.is_(None) & (Attachment.uploaded_by == actor.id)


def of_document(document: Document) -> list[Shown]:
    """The attachments of a document that the caller has found visible, in order of arrival."""
    return _shown(Attachment.document_kind == document.kind, Attachment.document_id == document.id)


def by_place(document: Document) -> dict[str, list[Shown]]:
    """Those attachments of a document that have a place in it, by their places."""
    found: dict[str, list[Shown]] = {}
    for one in of_document(document):
        if one.place is not None:
            found.setdefault(one.place, []).append(one)
    return found


def unclaimed(public_ids: Iterable[str], actor: Actor) -> list[Shown]:
    """Those of the named attachments that are the actor's own and unclaimed: for a form."""
    wanted = {name for name in public_ids if _PUBLIC_ID.fullmatch(name)}
    if not wanted:
        return []
    return _shown(Attachment.public_id.in_(wanted), _mine(actor))


def visible(attachment: Attachment, actor: Actor) -> bool:
    """Whether an attachment exists for the actor: as its document does, or as one's own (P1).

    What headquarters added before the dealer could see the document stays headquarters'.
    """
    if attachment.document_kind is None:
        return attachment.uploaded_by == actor.id
    if attachment.place == INSIDE and actor.is_dealer:
        return False
    kind = kind_named(attachment.document_kind)
    there = exists().where(kind.model.id == attachment.document_id, kind.visible(actor))
    return bool(session.scalar(select(there)))


def find(public_id: str, actor: Actor) -> Attachment:
    """The attachment of that name; NotFound if there is none that the actor may see (P1)."""
    attachment = session.scalar(select(Attachment).where(Attachment.public_id == public_id))
    if attachment is None or not visible(attachment, actor):
        raise NotFound()
    return attachment
