"""The same photo in two documents: exactly the same, or known again after it was re-encoded."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select

from portal.core.db import AnyRow, session
from portal.core.documents import Document
from portal.files.models import BANDS, Attachment

NEAR = 3
"""The most bits in which the looks of a photo and its re-encoding differ; they are 63.

Measured with real photos: of 220 re-encodings (JPEG of quality 25 to 95, WebP, down to 640 px) 205
differ in two bits or none; of 523 pairs of different photos none in less than 22. More than three
bits would need more than the four ``BANDS``."""
MOST_COMPARED = 2000


class Pair(NamedTuple):
    """A photo of a document, and the same one in another document of its kind.

    ``distance`` counts the bits in which their looks differ; 0 if they are exactly the same.
    """

    photo: str
    other_photo: str
    other_id: int
    exact: bool
    distance: int


def alike(document: Document) -> list[Pair]:
    """Which photos of a document are in others of its kind as well, the likest first.

    Whoever may see those: the caller asks. Two queries by indexes, however many photos there are.
    """
    mine = _photos(Attachment.document_kind == document.kind, Attachment.document_id == document.id)
    if not mine:
        return []
    looks = [photo.look for photo in mine if photo.look is not None]
    same: list[ColumnElement[bool]] = [Attachment.sha256.in_({photo.sha256 for photo in mine})]
    if looks:
        for at, band in enumerate(BANDS):
            same.append(band.in_({look >> 16 * at & 65535 for look in looks}))
    # No other condition: a wrong guess of the database's would take it along another index.
    others = [
        other
        for other in _photos(or_(*same))
        if other.document_kind == document.kind and other.document_id != document.id
    ]
    pairs = [pair for photo in mine for other in others if (pair := _pair(photo, other))]
    return sorted(pairs, key=lambda pair: (not pair.exact, pair.distance, pair.other_id))


def _photos(*conditions: ColumnElement[bool]) -> Sequence[AnyRow]:
    columns = (
        Attachment.public_id,
        Attachment.document_kind,
        Attachment.document_id,
        Attachment.sha256,
        Attachment.original_sha256,
        Attachment.look,
    )
    statement = select(*columns).where(*conditions, Attachment.thumbnail_key.is_not(None))
    return session.execute(statement.limit(MOST_COMPARED)).all()


def _pair(photo: AnyRow, other: AnyRow) -> Pair | None:
    exact = photo.sha256 == other.sha256 or photo.original_sha256 == other.original_sha256
    if exact:
        return Pair(photo.public_id, other.public_id, other.document_id, exact=True, distance=0)
    if photo.look is None or other.look is None:
        return None
    distance = (photo.look ^ other.look).bit_count()
    if distance > NEAR:
        return None
    return Pair(photo.public_id, other.public_id, other.document_id, False, distance)
